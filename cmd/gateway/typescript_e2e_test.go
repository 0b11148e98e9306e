package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/clients"
)

// clientFolder returns a copy of a folder of the clients, with the programs that it is made with and, in a file, the types of
// what the gateway documents.
func clientFolder(t *testing.T, tools *clients.Clients, name, gateway, types string) string {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join(clients.Here(), name))))
	list, err := os.ReadFile(filepath.Join(clients.Here(), "package.json")) // it says that scripts are modules
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "package.json"), list, 0o600))
	require.NoError(t, os.Symlink(filepath.Join(tools.Folder(), "node_modules"), filepath.Join(folder, "node_modules")))
	tools.Run(t, folder, nil, "openapi-typescript", gateway+"/openapi.json", "--output", types)
	return folder
}

// compiledProgram is the folder of the TypeScript program, compiled into out.
func compiledProgram(t *testing.T, tools *clients.Clients, gateway string) string {
	t.Helper()
	folder := clientFolder(t, tools, "program", gateway, "schema.d.ts")
	tools.Run(t, folder, nil, "tsc", "--project", ".")
	return folder
}

func TestRealMedusaServesATypeScriptProgram(t *testing.T) {
	tools := clients.Install(t)
	s := newRealShop(t, "WEBHOOK_SECRET="+hookSecret)
	folder := compiledProgram(t, tools, s.url)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "--experimental-websocket", "out/program.js")
	node.Dir = folder
	node.Env = append(os.Environ(), "GATEWAY_URL="+s.url, "EMAIL="+s.medusa.Email, "PASSWORD="+s.medusa.Password,
		"PUBLISHABLE_KEY="+s.medusa.PublishableKey, "WEBHOOK_SECRET="+hookSecret,
		"STOCK_HOOKS=http://127.0.0.1:1,"+s.url+"/hooks/medusa")
	said, err := node.CombinedOutput()
	require.NoError(t, err, "the program: %s", said)
	require.Contains(t, string(said), fmt.Sprintf("%d operations used", len(operationsOf(t, s.program))))
	require.Contains(t, string(said), "http://127.0.0.1:1 was not told of inventory.inventory-level.updated")
	require.Equal(t, "2", s.metric(t, `gateway_hooks_total{result="taken"}`), "the program's own, and that of the README's subscriber")
}
