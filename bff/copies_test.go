package bff

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// A location is taken out of a sales channel, and then Medusa is down.
func TestWhatAKeyOpensNoMoreIsNotShownFromBefore(t *testing.T) {
	t.Parallel()
	const unlinking = "/admin/stock-locations/sloc_mayorista/sales-channels"
	s := lasting(t)
	question := itemsQuestion("iitem_bd_14g")
	s.sells(catalogue())
	require.Equal(t, []string{"sloc_mayorista 800"}, shown(s.mustAsk(t, shopper(wholesaleKey), question)))
	_, _, _, err := s.browse(t.Context(), "/store/products", PublishableKey, wholesaleKey)
	require.NoError(t, err)
	s.medusa.Fail(medusatest.Match{Path: unlinking}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		s.closeWholesale()
		medusatest.Answer(http.StatusOK, `{}`)(w, r, medusa)
	})
	s.administer(t, http.MethodPost, unlinking, `{"remove":["sc_mayorista"]}`)
	s.medusa.Close()

	entries, _ := s.ask(t.Context(), shopper(wholesaleKey), question) // refused, or told that nobody knows
	require.NotContains(t, shown(entries), "sloc_mayorista 800")
	_, _, body, err := s.browse(t.Context(), "/store/products", PublishableKey, wholesaleKey)
	requireCode(t, NetworkError, err)
	require.Empty(t, body)
}

// Of one product Medusa knows no more what to say, while it answers all else.
func TestWhatWasKnownLastOfAProductEndsWithItsAge(t *testing.T) {
	t.Parallel()
	s := lasting(t, func(c *Config) { c.StaleAge = time.Second })
	s.sells(catalogue())
	browse := func(path string) (status int, err error) {
		status, _, _, err = s.browse(context.Background(), path)
		return status, err
	}
	_, err := browse("/store/products/prod_1")
	require.NoError(t, err)
	s.medusa.LiftFailures()
	s.medusa.Fail(medusatest.Match{Path: "/store/products/prod_1"}, medusatest.Answer(http.StatusInternalServerError, `{"type":"unknown_error"}`))
	s.sells(catalogue())
	status, err := browse("/store/products/prod_1")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "what was known a moment ago")
	require.Eventually(t, func() bool {
		if _, err := browse("/store/products"); err != nil { // by which the key stays good
			return false
		}
		status, err := browse("/store/products/prod_1")
		return err == nil && status == http.StatusInternalServerError
	}, patience, 10*time.Millisecond, "shown longer than it may be")
}
