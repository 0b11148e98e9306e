package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/clients"
)

func TestRealMedusaDocsInABrowser(t *testing.T) {
	programs := clients.Install(t)
	browser := programs.Browser(t)
	s := newRealShop(t)
	pictures := t.ArtifactDir()
	programs.Node(t, []string{
		"SCREENSHOTS=" + pictures, "BROWSER=" + browser, "GATEWAY=" + s.url + "/", "EMAIL=" + s.medusa.Email, "PASSWORD=" + s.medusa.Password,
		"SECRET=" + s.medusa.SecretKey, "KEY=" + s.medusa.PublishableKey,
	}, "docs.mjs")
	for _, language := range []string{"en", "es", "de"} {
		requirePicture(t, filepath.Join(pictures, "docs-"+language+"-1440.png"), 1440)
		requirePicture(t, filepath.Join(pictures, "docs-"+language+"-390.png"), 390)
	}
}

// TestDocumentPassesALinter: generators of clients stumble over what a linter finds.
func TestDocumentPassesALinter(t *testing.T) {
	programs := clients.Install(t)
	p := launch(t, []string{"demo"})
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(folder+"/openapi.json", []byte(p.get(t, "", "/openapi.json").text), 0o600))
	programs.Run(t, folder, []string{"REDOCLY_TELEMETRY=off"},
		"redocly", "lint", "openapi.json", "--config", clients.Here()+"/redocly.yaml", "--max-problems", "1000")
}
