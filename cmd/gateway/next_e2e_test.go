package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/clients"
)

// TestRealMedusaFeedsANextSite: the README's page, built and served by Next.js,
// holds what it read, follows what changes, and is made new by the README's
// Medusa subscriber alone.
func TestRealMedusaFeedsANextSite(t *testing.T) {
	tools := clients.Install(t)
	browser := tools.Browser(t)
	address := freeAddress(t)
	site := "http://" + address
	s := newRealShop(t, "WEBHOOK_SECRET="+hookSecret, "CORS_ORIGINS="+site)
	folder := clientFolder(t, tools, "site", s.url, "gateway/schema.d.ts")
	environment := []string{
		"NEXT_TELEMETRY_DISABLED=1", "GATEWAY_URL=" + s.url, "MEDUSA_SECRET_KEY=" + s.medusa.SecretKey, "WEBHOOK_SECRET=" + hookSecret,
		"NEXT_PUBLIC_GATEWAY_URL=" + s.url, "NEXT_PUBLIC_MEDUSA_PUBLISHABLE_KEY=" + s.medusa.PublishableKey,
	}
	tools.Run(t, folder, environment, "next", "build", "--webpack") // which follows the link to the packages
	serveSite(t, folder, environment, address)

	subscriber := filepath.Join(compiledProgram(t, tools, s.url), "out", "medusa", "gateway.js")
	tools.Node(t, []string{
		"BROWSER=" + browser, "SITE=" + site, "GATEWAY=" + s.url, "EMAIL=" + s.medusa.Email, "PASSWORD=" + s.medusa.Password,
		"SUBSCRIBER=" + subscriber, "WEBHOOK_SECRET=" + hookSecret, "STOCK_HOOKS=" + s.url + "/hooks/medusa," + site + "/api/revalidate",
	}, "site.mjs")
}

// serveSite serves a site that is built, until the test ends.
func serveSite(t *testing.T, folder string, environment []string, address string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	said := &buffer{}
	ctx, stop := context.WithCancel(context.Background())
	next := exec.CommandContext(ctx, "node", "node_modules/next/dist/bin/next", "start", "--hostname", host, "--port", port)
	next.Dir, next.Env, next.Stdout, next.Stderr = folder, append(os.Environ(), environment...), said, said
	next.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with all that it starts
	next.Cancel = func() error { return syscall.Kill(-next.Process.Pid, syscall.SIGKILL) }
	require.NoError(t, next.Start())
	t.Cleanup(func() {
		stop()
		_ = next.Wait()
		if t.Failed() {
			t.Logf("the site's own words:\n%s", said)
		}
	})
	require.Eventually(t, func() bool {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return false
		}
		return connection.Close() == nil
	}, time.Minute, 20*time.Millisecond, "the site does not listen at %s", address)
}

// freeAddress is one of this machine's at which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}
