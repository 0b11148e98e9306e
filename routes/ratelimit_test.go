package routes

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestRateLimit(t *testing.T) {
	s := openBook(t, func(b *setup) { b.routes.Rate = Rate{PerSecond: 1.0 / 60, Burst: 2} })
	require.Equal(t, http.StatusOK, s.get(t, "/api/locations").status, "counted for the address, as long as Medusa has not taken the credential")
	for left := 1; left >= 0; left-- {
		got := s.get(t, "/api/locations")
		require.Equal(t, http.StatusOK, got.status)
		assert.Equal(t, `"caller";q=2;w=120`, got.header.Get("RateLimit-Policy"))
		assert.Regexp(t, `^"caller";r=`+strconv.Itoa(left)+`;t=\d+$`, got.header.Get("RateLimit"))
	}
	calls := len(s.medusa.Calls())
	got := s.get(t, "/api/inventory")
	require.Equal(t, http.StatusTooManyRequests, got.status)
	assert.Equal(t, bff.RateLimited, got.problem(t).Code)
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	require.NoError(t, err)
	assert.Positive(t, wait)
	assert.LessOrEqual(t, wait, 60)
	assert.Equal(t, `"caller";r=0;t=`+strconv.Itoa(wait), got.header.Get("RateLimit"))
	assert.Contains(t, got.problem(t).Detail, strconv.Itoa(wait)+" s")
	assert.Equal(t, http.StatusTooManyRequests, s.adjust(t, `"inventoryItemId":"iitem_bd_7g"`, "1").status, "changes count with reads")
	assert.Len(t, s.medusa.Calls(), calls, "Medusa is not asked for who asks too often")

	assert.Equal(t, http.StatusUnauthorized, s.anonymous(t, "/api/locations").status, "a caller known by address alone")
	for range 3 {
		assert.Equal(t, http.StatusOK, s.anonymous(t, "/healthz").status, "probes have no limit")
		assert.Equal(t, http.StatusOK, s.anonymous(t, "/readyz").status, "probes have no limit")
	}
}

func TestMadeUpCredentialsShareTheRateOfTheirAddress(t *testing.T) {
	s := open(t, func(b *setup) { b.routes.Rate = Rate{PerSecond: 1.0 / 60, Burst: 3} })
	require.Equal(t, http.StatusOK, s.get(t, "/api/locations").status)
	for i := range 2 {
		require.Equal(t, http.StatusUnauthorized, s.get(t, "/api/locations", authorization("Bearer made-up-"+strconv.Itoa(i))).status)
	}
	assert.Equal(t, http.StatusTooManyRequests, s.get(t, "/api/locations", authorization("Bearer made-up-too")).status)
	assert.Equal(t, http.StatusOK, s.get(t, "/api/locations").status, "a credential that Medusa took has a rate of its own")
}

// Who has an IPv6 address has all those of his network.
func TestANetworkIsOneCaller(t *testing.T) {
	loopback := &net.IPNet{IP: net.IPv4(127, 0, 0, 0), Mask: net.CIDRMask(8, 32)}
	s := open(t, func(b *setup) {
		b.routes.Rate, b.routes.Proxies = Rate{PerSecond: 1e-3, Burst: 2}, []*net.IPNet{loopback}
	})
	for _, asked := range []struct {
		address string
		status  int
	}{
		{"2001:db8:1:2::1", http.StatusUnauthorized},
		{"2001:db8:1:2::2", http.StatusUnauthorized},
		{"2001:db8:1:2:ffff::3", http.StatusTooManyRequests},
		{"2001:db8:1:3::1", http.StatusUnauthorized},
		{"203.0.113.1", http.StatusUnauthorized},
		{"203.0.113.2", http.StatusUnauthorized},
		{"203.0.113.1", http.StatusUnauthorized},
		{"203.0.113.1", http.StatusTooManyRequests},
	} {
		assert.Equal(t, asked.status, s.anonymous(t, "/api/locations", header("X-Forwarded-For", asked.address)).status, asked.address)
	}
}

// A publishable key is shared by all shoppers of a shop.
func TestNoShopperUsesUpTheOthersRequests(t *testing.T) {
	loopback := &net.IPNet{IP: net.IPv4(127, 0, 0, 0), Mask: net.CIDRMask(8, 32)}
	s := open(t, func(b *setup) {
		b.routes.Rate, b.routes.Proxies = Rate{PerSecond: 1e-3, Burst: 2}, []*net.IPNet{loopback}
	})
	ask := func(address string, key with) answer {
		got := s.question(t, storeAvailability, guideRequest, key, header("X-Forwarded-For", address))
		assert.Regexp(t, `^"caller";q=2;w=\d+$`, got.header.Get("RateLimit-Policy"), "status %d", got.status)
		assert.Regexp(t, `^"caller";r=[01];t=\d+$`, got.header.Get("RateLimit"), "status %d", got.status)
		return got
	}
	one, other := "203.0.113.1", "203.0.113.2"
	for range 3 {
		require.Equal(t, http.StatusOK, ask(one, shopper("sc_cannahub")).status, "the first was its address's")
	}
	greedy := ask(one, shopper("sc_cannahub"))
	require.Equal(t, http.StatusTooManyRequests, greedy.status)
	assert.NotEmpty(t, greedy.header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, ask(other, shopper("sc_cannahub")).status, "another shopper with the same key")
	assert.Equal(t, http.StatusOK, ask(one, shopper("sc_mayorista")).status, "another shop behind the same address")

	for i, status := range []int{http.StatusUnauthorized, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusTooManyRequests} {
		assert.Equal(t, status, ask("203.0.113.3", header("X-Publishable-Api-Key", "pk_made_up_"+strconv.Itoa(i))).status, "a key that is made up makes another caller")
	}
}

func TestTheRateIsGrantedAnew(t *testing.T) {
	s := open(t, func(b *setup) { b.routes.Rate = Rate{PerSecond: 1000, Burst: 1} })
	for range 20 {
		require.Eventually(t, func() bool { return s.get(t, "/api/locations").status == http.StatusOK }, waitFor, tick)
	}
}

func TestWithoutARateNothingIsSaidOfIt(t *testing.T) {
	s := open(t)
	got := s.get(t, "/api/locations")
	assert.Empty(t, got.header.Get("RateLimit"))
	assert.Empty(t, got.header.Get("RateLimit-Policy"))
}

func TestParseRate(t *testing.T) {
	for text, wanted := range map[string]Rate{
		"off":      {},
		"50/s:100": {PerSecond: 50, Burst: 100},
		"30/m:5":   {PerSecond: 0.5, Burst: 5},
		"3600/h:1": {PerSecond: 1, Burst: 1},
	} {
		got, err := ParseRate(text)
		require.NoError(t, err, text)
		assert.Equal(t, wanted, got, text)
	}
	for _, text := range []string{
		"", "on", "50", "50/s", "50/d:1", "0/s:1", "1/s:0", "-1/s:1", "1/s:-1", "1.5/s:1", "1/s:1 ", " 1/s:1", "1/s:1x", "+1/s:1", "1/min:1",
		"99999999999999999999/s:1",
	} {
		_, err := ParseRate(text)
		assert.Error(t, err, "%q", text)
	}
}

func TestMadeUpCustomersShareTheRateOfTheirAddress(t *testing.T) {
	s := open(t, func(b *setup) {
		b.routes.Rate, b.defaultKey = Rate{PerSecond: 1e-3, Burst: 3}, medusatest.PublishableToken("sc_cannahub")
	})
	const asked = `{"items":[{"inventoryItemId":"iitem_bd_14g","requiredQuantity":1}]}`
	customer := func(i int) with {
		claims := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"actor_type":"customer","actor_id":"cus_%d"}`, i))
		return authorization("Bearer x." + claims + ".x")
	}
	for i := range 3 {
		require.Equal(t, http.StatusOK, s.question(t, availabilityPath, asked, customer(i)).status)
	}
	require.Equal(t, http.StatusTooManyRequests, s.question(t, availabilityPath, asked, customer(0)).status)
}
