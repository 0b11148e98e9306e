package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/medusa"
)

func TestRealMedusaIsExplained(t *testing.T) {
	m := medusa.Start(t)
	environment := append(inFrontOfReal(m, m.URL), "DEFAULT_PUBLISHABLE_KEY="+m.PublishableKey)
	shop := straight{m.URL, m.Token(t)}
	all := func() [2]string {
		return [2]string{
			string(shop.must(t, http.MethodGet, "/admin/reservations?limit=1000", nil)),
			string(shop.must(t, http.MethodGet, "/admin/stock-locations?limit=1000&fields=*sales_channels", nil)),
		}
	}
	before := all()
	code, stdout, stderr := runIn(t, environment, "check")
	require.Zero(t, code, stdout+stderr)
	for _, line := range []string{
		"ok    Medusa answers at " + m.URL, "ok    The clocks", "ok    Medusa takes the gateway's user " + m.Email, "ok    It may do everything",
		"ok    Medusa is 2.21.1 or newer", "ok    The default publishable key opens 2 stock locations", "ok    The database",
	} {
		assert.Contains(t, stdout, line)
	}
	require.NotRegexp(t, `(?m)^warn  Medusa (takes|is)`, stdout)
	require.Equal(t, before, all(), "it changes something")

	code, stdout, _ = runIn(t, append(environment, "MEDUSA_PASSWORD=hush"), "check")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "FAIL  Medusa refuses "+m.Email+" with this password.")

	code, stdout, _ = runIn(t, []string{"MEDUSA_URL=" + m.URL, "MEDUSA_SECRET_KEY=" + m.SecretKey}, "check")
	require.Zero(t, code)
	require.Contains(t, stdout, "warn  Medusa takes the secret API key.")
	require.Contains(t, stdout, "ok    It may do everything")

	code, stdout, _ = runIn(t, []string{"MEDUSA_URL=" + m.URL, "MEDUSA_SECRET_KEY=sk_none"}, "check")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "FAIL  Medusa refuses the secret API key")
}

func TestRealMedusaStoppedIsExplained(t *testing.T) {
	m := medusa.Start(t)
	t.Cleanup(func() { m.Reset(t) })
	m.Stop(t)
	code, stdout, _ := runIn(t, inFrontOfReal(m, m.URL), "check")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "FAIL  Nothing listens at "+m.URL)
}

func TestRealMedusaOfAnotherTimeIsExplained(t *testing.T) {
	m := medusa.Start(t)
	shifted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var answer reply
		if err == nil {
			answer, err = passOn(r, body, m.URL)
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		answer.header.Set("Date", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat))
		answer.give(w)
	}))
	t.Cleanup(shifted.Close)
	_, stdout, _ := runIn(t, inFrontOfReal(m, shifted.URL), "check")
	require.Regexp(t, `FAIL  Medusa's clock is (5[0-9]s|1m0s) or more behind this machine's`, stdout)
}
