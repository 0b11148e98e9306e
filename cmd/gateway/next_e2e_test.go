package main

import (
	"context"
	"net"
	"net/http"
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
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0") // keeps the address until the site takes it
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	site := "http://" + listener.Addr().String()
	s := newRealShop(t, "WEBHOOK_SECRET="+hookSecret, "CORS_ORIGINS="+site)
	folder := clientFolder(t, tools, "site", s.url, "gateway/schema.d.ts")
	environment := []string{
		"NEXT_TELEMETRY_DISABLED=1", "NEXT_PUBLIC_GATEWAY_URL=" + s.url, "NEXT_PUBLIC_MEDUSA_PUBLISHABLE_KEY=" + s.medusa.PublishableKey,
		"WEBHOOK_SECRET=" + hookSecret,
	}
	tools.Run(t, folder, environment, "next", "build", "--webpack") // which follows the link to the packages
	subscriber := filepath.Join(compiledProgram(t, tools, s.url), "out", "medusa", "gateway.js")

	require.NoError(t, listener.Close())
	serveSite(t, folder, environment, listener.Addr())
	tools.Node(t, []string{
		"BROWSER=" + browser, "SITE=" + site, "GATEWAY=" + s.url, "EMAIL=" + s.medusa.Email, "PASSWORD=" + s.medusa.Password,
		"SUBSCRIBER=" + subscriber, "WEBHOOK_SECRET=" + hookSecret, "STOCK_HOOKS=" + s.url + "/hooks/medusa," + site + "/api/revalidate",
	}, "site.mjs")
}

// serveSite serves a site that is built, until the test ends.
func serveSite(t *testing.T, folder string, environment []string, address net.Addr) {
	t.Helper()
	host, port, err := net.SplitHostPort(address.String())
	require.NoError(t, err)
	said := &buffer{}
	ctx, stop := context.WithCancel(context.Background())
	next := exec.CommandContext(ctx, "node", "node_modules/next/dist/bin/next", "start", "--hostname", host, "--port", port)
	next.Dir, next.Env, next.Stdout, next.Stderr = folder, append(os.Environ(), environment...), said, said
	next.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with all that it starts
	next.Cancel = func() error { return syscall.Kill(-next.Process.Pid, syscall.SIGKILL) }
	require.NoError(t, next.Start())
	ended := make(chan struct{})
	go func() {
		_ = next.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		if t.Failed() {
			t.Logf("the site's own words:\n%s", said)
		}
	})
	ready := func() bool {
		select {
		case <-ended:
			return true
		default:
		}
		answer, err := http.Get("http://" + address.String() + "/api/revalidate") //nolint:noctx // ends with the site
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusMethodNotAllowed
	}
	require.Eventually(t, ready, time.Minute, 20*time.Millisecond, "the site does not answer at %s:\n%s", address, said)
	select {
	case <-ended:
		t.Fatalf("the site ended: %s", said)
	default:
	}
}
