package main

import (
	"path/filepath"
	"testing"

	"github.com/cannahub/gateway/testdata/clients"
)

// TestScriptsAreInOrder: the JavaScript of the pages and of the tests parses,
// names nothing that is not there and is laid out in one way, which prettier
// --write instead of --check gives it.
func TestScriptsAreInOrder(t *testing.T) {
	programs := clients.Install(t)
	root := filepath.Dir(filepath.Dir(clients.Here()))
	scripts := []string{"routes/pages/**/*.js", "testdata/clients/*.{js,mjs}"}
	programs.Run(t, root, nil, "prettier", append([]string{"--config", "testdata/clients/prettier.yaml", "--check"}, scripts...)...)
	programs.Run(t, root, nil, "eslint", append([]string{"--config", "testdata/clients/eslint.config.js"}, scripts...)...)
}
