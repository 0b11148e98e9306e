package routes

import (
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// apiPaths are one path of each route that needs a credential.
var apiPaths = []string{
	"/api/inventory", "/api/inventory/alerts", "/api/inventory/iitem_bd_7g", "/api/inventory/variant_bd_7g",
	"/api/products/with-inventory", "/api/products/prod_blue_dream/with-inventory", "/api/products/prod_blue_dream/stock",
	"/api/locations", "/api/locations/sloc_high_up",
}

func TestWithoutACredentialMedusaIsNotAsked(t *testing.T) {
	s := open(t)
	for _, path := range apiPaths {
		for name, changes := range map[string][]with{
			"none":           nil,
			"empty":          {authorization("")},
			"no scheme":      {authorization(s.token)},
			"another scheme": {authorization("Digest " + s.token)},
			"no token":       {authorization("Bearer ")},
			"10 kB":          {authorization("Bearer " + strings.Repeat("a", 10_000))},
		} {
			got := s.anonymous(t, path, changes...)
			require.Equal(t, http.StatusUnauthorized, got.status, "%s: %s", name, path)
			require.Equal(t, bff.Unauthorized, got.problem(t).Code)
			require.Contains(t, got.header.Get("WWW-Authenticate"), "Bearer")
			require.Equal(t, "0", got.header.Get("X-Medusa-Calls"))
		}
	}
	assert.Empty(t, s.medusa.Calls(), "calls to Medusa for callers without a credential")
}

func TestCredentialsThatMedusaRefuses(t *testing.T) {
	s := open(t)
	s.medusa.PutUser(medusatest.User{ID: "user_guest", Email: "guest@cannahub.test", Forbidden: true})
	tampered := s.token[:len(s.token)-4] + "AAAA"
	for name, c := range map[string]struct {
		authorization string
		status        int
		code          bff.Code
	}{
		"garbage":                 {"Bearer garbage", http.StatusUnauthorized, bff.Unauthorized},
		"expired":                 {"Bearer " + s.medusa.ExpiredToken(medusatest.UserID), http.StatusUnauthorized, bff.Unauthorized},
		"tampered":                {"Bearer " + tampered, http.StatusUnauthorized, bff.Unauthorized},
		"secret key as bearer":    {"Bearer " + medusatest.SecretKey, http.StatusUnauthorized, bff.Unauthorized},
		"unknown secret key":      {"Basic " + base64.StdEncoding.EncodeToString([]byte("sk_nope:")), http.StatusUnauthorized, bff.Unauthorized},
		"a user that may nothing": {"Bearer " + s.medusa.Token("user_guest"), http.StatusForbidden, bff.Forbidden},
	} {
		for _, path := range apiPaths {
			got := s.anonymous(t, path, authorization(c.authorization))
			require.Equal(t, c.status, got.status, "%s: %s", name, path)
			require.Equal(t, c.code, got.problem(t).Code, "%s: %s", name, path)
		}
	}
}

func TestSecretKeyIsServed(t *testing.T) {
	s := open(t)
	for _, value := range []string{
		"Basic " + base64.StdEncoding.EncodeToString([]byte(medusatest.SecretKey+":")),
		"Basic " + medusatest.SecretKey,
		"basic " + medusatest.SecretKey,
	} {
		require.Equal(t, http.StatusOK, s.anonymous(t, "/api/locations", authorization(value)).status)
	}
}

func TestTheCallersCredentialAndRequestIDGoUpstream(t *testing.T) {
	s := open(t)
	s.medusa.PutUser(medusatest.User{ID: "user_ana", Email: "ana@cannahub.test"})
	ana := "Bearer " + s.medusa.Token("user_ana")
	for _, path := range apiPaths {
		s.medusa.ResetCalls()
		got := s.anonymous(t, path, authorization(ana), header("X-Request-Id", "from ana "+path))
		require.Equal(t, http.StatusOK, got.status, "%s", path)
		assert.Equal(t, "from ana "+path, got.header.Get("X-Request-Id"))
		calls := s.medusa.Calls()
		require.NotEmpty(t, calls, "%s", path)
		for _, call := range calls {
			assert.Equal(t, ana, call.Header.Get("Authorization"), "credential of %s for %s", call.Path, path)
			assert.Equal(t, "from ana "+path, call.Header.Get("X-Request-Id"), "request id of %s for %s", call.Path, path)
		}
	}
}

func TestBadRequestIDsAreReplaced(t *testing.T) {
	s := open(t)
	for name, given := range map[string]string{
		"empty": "", "too long": strings.Repeat("x", 129), "tab": "a\tb", "not ASCII": "añejo", "not UTF-8": "a\xffb",
	} {
		got := s.get(t, "/api/locations", header("X-Request-Id", given))
		id := got.header.Get("X-Request-Id")
		assert.NotEqual(t, given, id, name)
		assert.Greater(t, len(id), 16, name)
	}
	longest := strings.Repeat("x", 128)
	assert.Equal(t, longest, s.get(t, "/api/locations", header("X-Request-Id", longest)).header.Get("X-Request-Id"))
}

func TestTheAddressOfTheCaller(t *testing.T) {
	_, loopback, err := net.ParseCIDR("127.0.0.0/8")
	require.NoError(t, err)
	_, inner, err := net.ParseCIDR("10.0.0.0/8")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		proxies   []*net.IPNet
		forwarded string
		ip        string
	}{
		"nobody is believed":        {nil, "203.0.113.7", "127.0.0.1"},
		"the proxy is believed":     {[]*net.IPNet{loopback}, "203.0.113.7", "203.0.113.7"},
		"the first hop can lie":     {[]*net.IPNet{loopback}, "198.51.100.1, 203.0.113.7", "203.0.113.7"},
		"two proxies":               {[]*net.IPNet{loopback, inner}, "203.0.113.7, 10.1.2.3", "203.0.113.7"},
		"another proxy is believed": {[]*net.IPNet{inner}, "203.0.113.7", "127.0.0.1"},
		"no header":                 {[]*net.IPNet{loopback}, "", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, func(b *setup) { b.routes.Proxies = c.proxies })
			got := s.anonymous(t, "/healthz", header("X-Forwarded-For", c.forwarded))
			assert.Equal(t, c.ip, s.log.of(t, got.header.Get("X-Request-Id"))["ip"])
		})
	}
}
