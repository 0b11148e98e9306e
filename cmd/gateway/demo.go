package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// demoSecret is what hooks of the demo are signed with, unless another is set.
const demoSecret = "whsec_Y2FubmFodWItZ2F0ZXdheQ=="

// demo serves a gateway in front of an in-memory Medusa and says how to try it.
func demo(ctx context.Context, settings settings, language mapping.Language, stdout, stderr io.Writer) error {
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
	if len(settings.WebhookSecret.WebhookSecret) == 0 {
		if err := settings.WebhookSecret.UnmarshalText([]byte(demoSecret)); err != nil {
			return err
		}
	}
	return start(ctx, settings, stderr, 0, func(listening net.Addr) {
		fmt.Fprint(stdout, demoText(listening, medusa.Token(medusatest.UserID), settings.DefaultPublishableKey, language))
	})
}

func demoText(listening net.Addr, token, key string, language mapping.Language) string {
	say := func(key string, args ...any) string {
		return mapping.Message{Key: "demo." + key, Args: args}.In(language)
	}
	base := "http://" + reachable(listening.String(), "localhost")
	return fmt.Sprintf(`
%[4]s

  %[5]s
  %[6]s
  %[7]s

%[8]s

  export TOKEN=%[2]s
  export KEY=%[3]s

%[9]s

  curl -H "Authorization: Bearer $TOKEN" %[1]s/api/products/prod_blue_dream/with-inventory
  curl -H "Authorization: Bearer $TOKEN" "%[1]s/api/inventory?locationId=sloc_high_up&search=blue"
  curl -H "Authorization: Bearer $TOKEN" "%[1]s/api/inventory/alerts?threshold=5"

`, base, token, key, say("runs", base), say("board", base+"/board"), say("docs", base+"/docs"),
		say("user", medusatest.Email, medusatest.Password), say("token"), say("requests"))
}
