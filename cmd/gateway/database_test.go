package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestASecondGatewayOnTheSameFileIsRefused(t *testing.T) {
	database, file := newSQLite(t)
	environment := append(inFrontOf(t, medusatest.New()), database, "LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0")
	first := launch(t, nil, environment...)

	code, _, stderr := runIn(t, environment)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "STATE_DSN: ")
	require.Contains(t, stderr, "in use by another gateway")
	require.Contains(t, stderr, file)
	require.Contains(t, stderr, "PostgreSQL", "what several gateways need is not said")

	code, stdout, _ := runIn(t, environment, "check")
	require.Zero(t, code, stdout)
	require.Contains(t, stdout, "in use by a gateway that runs")
	require.Equal(t, http.StatusOK, first.get(t, "", "/readyz").status, "the first is disturbed")

	first.kill(t)
	code, stdout, _ = runIn(t, environment, "check")
	require.Zero(t, code, stdout)
	require.Contains(t, stdout, "can be written", "a killed gateway leaves the file locked")
}

func TestADatabaseThatCannotBeIsTold(t *testing.T) {
	inTheWay := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(inTheWay, []byte("not a database, and longer than the head of one would be; "+strings.Repeat("x", 100)), 0o600))
	for name, c := range map[string]struct{ dsn, told string }{
		"of a kind that is not known": {"mysql://gateway:hush@127.0.0.1/gateway", `"sqlite:<path>" or "postgres://`},
		"without a path":              {"sqlite:", "sqlite:data/gateway.db"},
		"in a folder that cannot be":  {"sqlite:" + inTheWay + "/data/gateway.db", "not a directory"},
		"that is a folder":            {"sqlite:" + filepath.Dir(inTheWay), "is a directory"},
		"that is another file":        {"sqlite:" + inTheWay, "not a database"},
		"whose server is not there":   {"postgres://gateway:hush@127.0.0.1:1/gateway", "127.0.0.1:1"},
		"that cannot be read":         {"postgres://gateway:hush@127.0.0.1:port/gateway", "not well-formed"},
	} {
		t.Run(name, func(t *testing.T) {
			environment := append(inFrontOf(t, medusatest.New()), "STATE_DSN="+c.dsn, "LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0")
			code, _, stderr := runIn(t, environment)
			require.Equal(t, 1, code)
			require.Contains(t, stderr, "STATE_DSN: ")
			require.Contains(t, stderr, c.told)

			code, stdout, _ := runIn(t, environment, "check")
			require.Equal(t, 1, code)
			require.Contains(t, stdout, "FAIL  The database cannot be used: ")
			require.NotContains(t, stderr+stdout, "hush", "the password is shown")
		})
	}
}

func TestTheDatabaseIsForItsOwnerAlone(t *testing.T) {
	database, file := newSQLite(t)
	launch(t, nil, append(inFrontOf(t, medusatest.New()), database)...)
	for path, want := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): 0o700} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), path)
	}
}

func TestReadinessNamesMedusaAndTheDatabase(t *testing.T) {
	medusa := medusatest.New()
	p := launch(t, nil, inFrontOf(t, medusa)...)
	require.Equal(t, map[string]any{"medusa": "ok", "database": "ok"}, p.get(t, "", "/readyz").object(t)["checks"])
	medusa.Close()
	require.Equal(t, map[string]any{"medusa": "unavailable", "database": "ok"}, p.get(t, "", "/readyz").object(t)["checks"])
}
