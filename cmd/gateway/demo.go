package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// demo serves a gateway in front of an in-memory Medusa and says how to try it.
func demo(ctx context.Context, settings settings, stdout, stderr io.Writer) error {
	medusa := medusatest.New()
	address, err := medusa.Start()
	if err != nil {
		return err
	}
	defer medusa.Close()
	folder, err := os.MkdirTemp("", "cannahub-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	settings.StateDSN = "sqlite:" + filepath.Join(folder, "gateway.db")
	settings.MedusaURL, settings.MedusaEmail, settings.MedusaPassword, settings.MedusaSecretKey = address, medusatest.Email, medusatest.Password, ""
	settings.DefaultPublishableKey = medusatest.PublishableToken("sc_cannahub")
	return start(ctx, settings, stderr, 0, func(listening net.Addr) {
		fmt.Fprint(stdout, demoText(listening, medusa.Token(medusatest.UserID)))
	})
}

func demoText(listening net.Addr, token string) string {
	base := "http://" + reachable(listening.String(), "localhost")
	return fmt.Sprintf(`
The Cannahub gateway runs at %[1]s, in front of an in-memory Medusa. Ctrl-C ends both.
Its routes: %[1]s/openapi.json

A token of the demo's Medusa user, good for a day:

  export TOKEN=%[2]s

Three requests to try:

  curl -H "Authorization: Bearer $TOKEN" %[1]s/api/products/prod_blue_dream/with-inventory
  curl -H "Authorization: Bearer $TOKEN" "%[1]s/api/inventory?locationId=sloc_high_up&search=blue"
  curl -H "Authorization: Bearer $TOKEN" "%[1]s/api/inventory/alerts?threshold=5"

`, base, token)
}
