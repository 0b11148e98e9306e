package routes

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const shopOrigin = "https://app.cannahub.test"

func TestCORS(t *testing.T) {
	s := open(t, func(b *setup) { b.routes.Origins = []string{shopOrigin} })
	preflight := s.ask(t, http.MethodOptions, flower, nil, header("Origin", shopOrigin),
		header("Access-Control-Request-Method", http.MethodGet), header("Access-Control-Request-Headers", "authorization"))
	require.Equal(t, http.StatusNoContent, preflight.status)
	assert.Equal(t, shopOrigin, preflight.header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, preflight.header.Get("Access-Control-Allow-Methods"), http.MethodGet)
	for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodDelete} {
		assert.Contains(t, preflight.header.Get("Access-Control-Allow-Methods"), method)
	}
	for _, name := range []string{"Authorization", "If-None-Match", "X-Request-Id", "Accept-Language", "Content-Type", "Idempotency-Key"} {
		assert.Contains(t, preflight.header.Get("Access-Control-Allow-Headers"), name)
	}
	assert.Equal(t, "600", preflight.header.Get("Access-Control-Max-Age"))
	assert.Empty(t, s.medusa.Calls(), "a preflight costs Medusa nothing")

	for _, path := range []string{flower, "/api/locations/sloc_nope", "/api/nope"} {
		got := s.get(t, path, header("Origin", shopOrigin))
		assert.Equal(t, shopOrigin, got.header.Get("Access-Control-Allow-Origin"), path)
		for _, name := range []string{"ETag", "X-Request-Id", "X-Medusa-Calls", "Server-Timing", "Retry-After", "RateLimit", "Idempotent-Replayed"} {
			assert.Contains(t, got.header.Get("Access-Control-Expose-Headers"), name, path)
		}
		assert.Contains(t, got.header.Values("Vary"), "Origin", "a cache must not give one origin's answer to another: %s", path)
	}
}

func TestCORSForOthers(t *testing.T) {
	for name, c := range map[string]struct {
		origins []string
		origin  string
		allowed string
	}{
		"a foreign origin":     {[]string{shopOrigin}, "https://evil.test", ""},
		"another scheme":       {[]string{shopOrigin}, "http://app.cannahub.test", ""},
		"a longer name":        {[]string{shopOrigin}, shopOrigin + ".evil.test", ""},
		"the second origin":    {[]string{"https://a.test", shopOrigin}, shopOrigin, shopOrigin},
		"everybody is allowed": {[]string{"*"}, "https://evil.test", "*"},
		"not configured":       {nil, shopOrigin, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, func(b *setup) { b.routes.Origins = c.origins })
			got := s.get(t, flower, header("Origin", c.origin))
			assert.Equal(t, http.StatusOK, got.status)
			assert.Equal(t, c.allowed, got.header.Get("Access-Control-Allow-Origin"))
			preflight := s.ask(t, http.MethodOptions, flower, nil, header("Origin", c.origin), header("Access-Control-Request-Method", http.MethodGet))
			assert.Equal(t, c.allowed, preflight.header.Get("Access-Control-Allow-Origin"))
			assert.Empty(t, got.header.Get("Access-Control-Allow-Credentials"), "the gateway knows no cookies")
		})
	}
}
