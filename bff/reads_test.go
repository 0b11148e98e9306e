package bff

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

var firstPage = mapping.Page{Limit: 20}

func TestEachReadCostsOneCall(t *testing.T) {
	s := prepared(t)
	ctx := t.Context()
	for name, ask := range map[string]func() (*Answer, error){
		"GET /admin/products/prod_blue_dream": func() (*Answer, error) {
			return s.ProductWithInventory(ctx, s.caller, "prod_blue_dream", mapping.ProductQuery{})
		},
		"GET /admin/products/prod_hundred": func() (*Answer, error) {
			return s.ProductWithInventory(ctx, s.caller, "prod_hundred", mapping.ProductQuery{})
		},
		"GET /admin/products": func() (*Answer, error) {
			return s.ProductsWithInventory(ctx, s.caller, mapping.ProductsQuery{Page: firstPage})
		},
		"GET /admin/inventory-items": func() (*Answer, error) {
			return s.Inventory(ctx, s.caller, mapping.InventoryQuery{Page: firstPage})
		},
		"GET /admin/inventory-items/iitem_bd_7g": func() (*Answer, error) {
			return s.InventoryItem(ctx, s.caller, "iitem_bd_7g", mapping.NoQuery{})
		},
		"GET /admin/product-variants": func() (*Answer, error) {
			return s.InventoryItem(ctx, s.caller, "variant_bd_7g", mapping.NoQuery{})
		},
		"GET /admin/stock-locations": func() (*Answer, error) {
			return s.Locations(ctx, s.caller, mapping.LocationsQuery{Page: firstPage})
		},
		"GET /admin/stock-locations/sloc_high_up": func() (*Answer, error) {
			return s.Location(ctx, s.caller, "sloc_high_up", mapping.NoQuery{})
		},
	} {
		s.medusa.ResetCalls()
		_, err := ask()
		require.NoError(t, err, name)
		require.Equal(t, []string{name}, s.paths())
	}
}

func TestAlertsReadTheWholeList(t *testing.T) {
	s := prepared(t)
	answer, err := s.Alerts(t.Context(), s.caller, mapping.AlertsQuery{Threshold: mapping.QuantityOf(1 << 62), Page: firstPage})
	require.EqualValues(t, 300, read(t, answer, err)["count"], "some of the 300 items are missing")
	require.Len(t, s.paths(), 2, "pages of 250")
}

func TestAnUnknownIDIsNotFound(t *testing.T) {
	s := prepared(t)
	ctx := t.Context()
	for _, id := range []string{"nope", "variant_nope", "a/b", "%", "ü", "x\x00y", ""} {
		_, err := s.ProductWithInventory(ctx, s.caller, id, mapping.ProductQuery{})
		requireCode(t, ProductNotFound, err)
		_, err = s.ProductStock(ctx, s.caller, id, mapping.NoQuery{})
		requireCode(t, ProductNotFound, err)
		_, err = s.Location(ctx, s.caller, id, mapping.NoQuery{})
		requireCode(t, StockLocationNotFound, err)
		expected := InventoryItemNotFound
		if id == "variant_nope" {
			expected = VariantNotFound
		}
		_, err = s.InventoryItem(ctx, s.caller, id, mapping.NoQuery{})
		requireCode(t, expected, err)
	}
}

// variantsBy returns the ids of the variants of a list that hold.
func variantsBy(t *testing.T, s *shop, holds func(inventory map[string]any) bool) []string {
	t.Helper()
	answer, err := s.ProductsWithInventory(t.Context(), s.caller, mapping.ProductsQuery{Page: mapping.Page{Limit: 100}})
	var ids []string
	for _, product := range read(t, answer, err)["products"].([]any) {
		for id, inventory := range product.(map[string]any)["inventory"].(map[string]any) {
			if holds(inventory.(map[string]any)) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func TestAVariantIsOnlyAskedForByItsIDWhenItHasOneItem(t *testing.T) {
	s := prepared(t)
	kits := variantsBy(t, s, func(inventory map[string]any) bool { return inventory["kit"] == true })
	require.NotEmpty(t, kits)
	_, err := s.InventoryItem(t.Context(), s.caller, kits[0], mapping.NoQuery{})
	e := requireCode(t, InventoryItemNotFound, err)
	require.Contains(t, e.Message.In(mapping.English), "iitem_", "the items of the kit are not named")

	unmanaged := variantsBy(t, s, func(inventory map[string]any) bool { return inventory["managed"] == false })
	require.NotEmpty(t, unmanaged)
	_, err = s.InventoryItem(t.Context(), s.caller, unmanaged[0], mapping.NoQuery{})
	e = requireCode(t, InventoryItemNotFound, err)
	require.Contains(t, e.Message.In(mapping.English), "has no inventory item")
}

func TestTheStoresCurrencyIsReadOnce(t *testing.T) {
	s := newShop(t)
	require.NoError(t, s.Prepare(t.Context()))
	require.Equal(t, []string{"POST /auth/user/emailpass", "GET /admin/stores"}, s.paths())
	s.medusa.ResetCalls()
	answer, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
	variants := read(t, answer, err)["product"].(map[string]any)["variants"].([]any)
	require.EqualValues(t, 3500, variants[0].(map[string]any)["price"], "not the price in the store's default currency, ARS")
	require.Equal(t, []string{"GET /admin/products/prod_blue_dream"}, s.paths())
}

func TestTheStoresCurrencyIsRefreshedWithoutAnybodyWaiting(t *testing.T) {
	s := prepared(t)
	s.currency.askAgain(-time.Second)
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/stores"}, medusatest.Hold(released))
	_, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(s.medusa.Calls()) == 2 }, 5*time.Second, time.Millisecond, "the currency was not asked for again")
	close(released)
	require.Eventually(t, func() bool {
		s.currency.mu.Lock()
		defer s.currency.mu.Unlock()
		return s.currency.askAt.After(time.Now().Add(currencyMaxAge - time.Minute))
	}, 5*time.Second, time.Millisecond, "the refreshed currency was not kept")
}

func TestAnAskedCurrencyNeedsNoStore(t *testing.T) {
	s := newShop(t)
	answer, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{CurrencyCode: "usd"})
	variants := read(t, answer, err)["product"].(map[string]any)["variants"].([]any)
	require.EqualValues(t, 4, variants[0].(map[string]any)["price"])
	require.Equal(t, []string{"GET /admin/products/prod_blue_dream"}, s.paths())
}

func TestARefusedGatewayUserIsNotTheCallersFault(t *testing.T) {
	s := newShop(t)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: "/auth/user/emailpass"},
		medusatest.Answer(401, `{"type":"unauthorized","message":"Invalid email or password"}`))
	_, err := s.ProductWithInventory(context.Background(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
	e := requireCode(t, NetworkError, err)
	require.Equal(t, Broken, e.Outage)
}

func TestAFailedRefreshOfTheCurrencyIsNotRepeatedByEveryRequest(t *testing.T) {
	s := prepared(t, func(c *Config) { c.CacheTTL = 0 })
	s.currency.askAgain(-time.Second)
	s.medusa.Fail(medusatest.Match{Path: "/admin/stores"}, medusatest.Answer(400, `{"type":"invalid_data","message":"no"}`))
	ask := func() {
		_, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
		require.NoError(t, err)
	}
	ask()
	require.Eventually(t, func() bool {
		s.currency.mu.Lock()
		defer s.currency.mu.Unlock()
		return s.currency.askAt.After(time.Now())
	}, 5*time.Second, time.Millisecond, "the failed refresh is due again at once")
	s.medusa.ResetCalls()
	ask()
	require.Equal(t, []string{"GET /admin/products/prod_blue_dream"}, s.paths())
}

func TestAStoreWithoutACurrencyHasStockAllTheSame(t *testing.T) {
	s := newShop(t)
	s.medusa.Fail(medusatest.Match{Path: "/admin/stores"}, medusatest.Answer(200, `{"stores":[{"id":"store_x","supported_currencies":[]}],"count":1}`))
	require.NoError(t, s.Ready(t.Context()))
	answer, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
	decoded := read(t, answer, err)
	variants := decoded["product"].(map[string]any)["variants"].([]any)
	require.Nil(t, variants[0].(map[string]any)["price"])
	require.NotEmpty(t, decoded["inventory"])
}

func TestAnImpatientProbeLeavesItsCallItsTime(t *testing.T) {
	s := prepared(t)
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/stores", Times: 1}, medusatest.Hold(released))
	e := requireCode(t, NetworkError, s.Ready(t.Context()))
	require.Equal(t, Slow, e.Outage)
	s.currency.askAgain(-time.Second)
	close(released)
	require.Eventually(t, func() bool {
		s.currency.mu.Lock()
		defer s.currency.mu.Unlock()
		return s.currency.askAt.After(time.Now())
	}, 5*time.Second, time.Millisecond, "the call was cut, which the breaker takes for an outage of a Medusa that is merely slow")
	require.NoError(t, s.Ready(t.Context()))
}

func TestWhatStandsBeforeMedusaDoesNotSpeakForIt(t *testing.T) {
	for _, status := range []int{401, 403, 404} {
		s := prepared(t)
		s.medusa.Fail(medusatest.Match{Path: "/admin/products/*"}, medusatest.Answer(status, "<html>default backend</html>"))
		_, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
		e := requireCode(t, NetworkError, err)
		require.Equal(t, Broken, e.Outage, "status %d", status)
	}
}

func TestAQuestionThatMedusaCannotTakeIsTooLong(t *testing.T) {
	s := prepared(t)
	skus := make([]string, 40)
	for i := range skus {
		skus[i] = strings.Repeat("/", 190) + strconv.Itoa(i)
	}
	_, err := s.Inventory(t.Context(), s.caller, mapping.InventoryQuery{SKUs: skus, Page: firstPage})
	requireCode(t, URITooLong, err)
	require.Empty(t, s.paths())
}
