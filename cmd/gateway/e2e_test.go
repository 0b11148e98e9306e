package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (s *realShop) ask(t *testing.T, path string) map[string]any {
	t.Helper()
	answer := s.get(t, s.token, path)
	require.Equal(t, http.StatusOK, answer.status, "%s: %s", path, answer.text)
	return answer.object(t)
}

// requireKeys asserts that an object has what its documentation shows.
func requireKeys(t *testing.T, object any, keys ...string) {
	t.Helper()
	require.IsType(t, map[string]any{}, object)
	for _, key := range keys {
		require.Contains(t, object, key)
	}
}

func first(t *testing.T, list any) map[string]any {
	t.Helper()
	require.IsType(t, []any{}, list)
	require.NotEmpty(t, list)
	return list.([]any)[0].(map[string]any)
}

func TestRealMedusaGivesTheDocumentedShapes(t *testing.T) {
	s := newRealShop(t)

	inventory := s.ask(t, "/api/inventory?locationId=sloc_high_up&limit=5")
	requireKeys(t, inventory, "items", "count", "offset", "limit")
	item := first(t, inventory["items"])
	requireKeys(t, item, "id", "sku", "title", "stockedQuantity", "reservedQuantity", "availableQuantity", "locationLevels")
	require.Len(t, item["locationLevels"], 1, "levels at other locations are shown")
	requireKeys(t, first(t, item["locationLevels"]), "id", "locationId", "stockedQuantity", "reservedQuantity", "incomingQuantity", "availableQuantity")

	detail := s.ask(t, "/api/inventory/iitem_bd_7g")["item"].(map[string]any)
	requireKeys(t, detail, "requiresShipping", "originCountry", "hsCode", "midCode", "createdAt", "updatedAt", "metadata")
	require.InDelta(t, 250, detail["stockedQuantity"], 0)
	require.InDelta(t, 5, detail["reservedQuantity"], 0)
	require.InDelta(t, 245, detail["availableQuantity"], 0)
	require.Equal(t, detail, s.ask(t, "/api/inventory/variant_bd_7g")["item"], "a variant's id finds another item")

	product := s.ask(t, "/api/products/prod_blue_dream/with-inventory")
	requireKeys(t, product, "product", "inventory", "totalInventoryGrams")
	requireKeys(t, product["product"], "id", "name", "variants")
	variant := first(t, product["product"].(map[string]any)["variants"])
	require.Equal(t, "variant_bd_1g", variant["id"], "not the order of the variants' rank")
	requireKeys(t, variant, "id", "name", "weight", "price")
	stock := product["inventory"].(map[string]any)["variant_bd_7g"].(map[string]any)
	requireKeys(t, stock, "quantity", "available", "reserved", "totalGrams", "byLocation")
	require.InDelta(t, 250, stock["quantity"], 0)
	require.InDelta(t, 1750, stock["totalGrams"], 0)
	requireKeys(t, first(t, stock["byLocation"]), "locationId", "locationName", "quantity", "available")

	rows := s.ask(t, "/api/products/prod_blue_dream/stock")
	requireKeys(t, first(t, rows["stock"]), "productId", "variantId", "inventoryItemId", "locationId", "locationName",
		"quantity", "reservedQuantity", "availableQuantity", "incomingQuantity")

	list := s.ask(t, "/api/products/with-inventory?limit=2")
	requireKeys(t, list, "products", "count", "limit", "offset")
	requireKeys(t, first(t, list["products"]), "product", "inventory", "totalInventoryGrams")

	alerts := s.ask(t, "/api/inventory/alerts?threshold=5&locationId=sloc_high_up")
	requireKeys(t, alerts, "alerts", "count", "limit", "offset")
	requireKeys(t, first(t, alerts["alerts"]), "inventoryItemId", "sku", "title", "availableQuantity", "threshold", "status", "locations")

	locations := s.ask(t, "/api/locations?salesChannelId=sc_mayorista")
	require.InDelta(t, 1, locations["count"], 0)
	requireKeys(t, first(t, locations["locations"]), "id", "name", "address", "metadata", "salesChannels", "createdAt", "updatedAt")
	require.Equal(t, "AR", s.ask(t, "/api/locations/sloc_high_up")["location"].(map[string]any)["address"].(map[string]any)["country_code"])
}

func TestRealMedusaIsAskedOnceForAProduct(t *testing.T) {
	s := newRealShop(t)
	const stores = `gateway_medusa_call_seconds_count{endpoint="GET /admin/stores",status="200"}`
	before := s.metric(t, stores)
	for _, id := range []string{"prod_blue_dream", "prod_hundred"} {
		path := "/api/products/" + id + "/with-inventory"
		require.Equal(t, "1", s.get(t, s.token, path).header.Get("X-Medusa-Calls"), id)
		require.Equal(t, "0", s.get(t, s.token, path).header.Get("X-Medusa-Calls"), "%s is not held", id)
	}
	require.Equal(t, "2", s.metric(t, `gateway_medusa_call_seconds_count{endpoint="GET /admin/products/:id",status="200"}`))
	require.Equal(t, before, s.metric(t, stores), "the store's currency is asked for again")
}

func TestRealMedusaIsAskedOnceByAThousandCallers(t *testing.T) {
	s := newRealShop(t)
	var callers sync.WaitGroup
	for range 1000 {
		callers.Go(func() {
			answer, err := s.tryGet(s.token, "/api/products/prod_hundred/with-inventory")
			if assert.NoError(t, err) {
				assert.Equal(t, http.StatusOK, answer.status, answer.text)
			}
		})
	}
	callers.Wait()
	require.Equal(t, "1", s.metric(t, `gateway_medusa_call_seconds_count{endpoint="GET /admin/products/:id",status="200"}`))
}

func TestRealMedusaBadInputHasAClearAnswer(t *testing.T) {
	s := newRealShop(t)
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/api/products/nope/with-inventory":                  {404, "PRODUCT_NOT_FOUND"},
		"/api/products/nope/stock":                           {404, "PRODUCT_NOT_FOUND"},
		"/api/inventory/nope":                                {404, "INVENTORY_ITEM_NOT_FOUND"},
		"/api/inventory/variant_nope":                        {404, "VARIANT_NOT_FOUND"},
		"/api/inventory/%00":                                 {404, "INVENTORY_ITEM_NOT_FOUND"},
		"/api/inventory/" + strings.Repeat("x", 5000):        {404, "INVENTORY_ITEM_NOT_FOUND"},
		"/api/inventory/..%2Fproducts":                       {404, "INVENTORY_ITEM_NOT_FOUND"},
		"/api/locations/nope":                                {404, "STOCK_LOCATION_NOT_FOUND"},
		"/api/inventory?limit=-1":                            {422, "VALIDATION_FAILED"},
		"/api/inventory?limit=abc":                           {422, "VALIDATION_FAILED"},
		"/api/inventory?offset=-1":                           {422, "VALIDATION_FAILED"},
		"/api/inventory?search=%00":                          {422, "VALIDATION_FAILED"},
		"/api/inventory?search=%ff":                          {422, "VALIDATION_FAILED"},
		"/api/inventory?serach=blue":                         {422, "VALIDATION_FAILED"},
		"/api/inventory?search=" + strings.Repeat("x", 20e3): {414, "URI_TOO_LONG"},
		"/api/nope": {404, "ROUTE_NOT_FOUND"},
	} {
		answer := s.get(t, s.token, path)
		name := path[:min(len(path), 60)]
		require.Equal(t, want.status, answer.status, "%s: %s", name, answer.text)
		require.Equal(t, want.code, answer.object(t)["code"], name)
	}
	require.Empty(t, s.ask(t, "/api/inventory?offset=2000000000")["items"])

	for _, token := range []string{"garbage", s.token + "x", s.medusa.SecretKey} {
		require.Equal(t, http.StatusUnauthorized, s.get(t, token, "/api/locations").status)
	}
	require.Equal(t, http.StatusUnauthorized, s.get(t, "", "/api/locations").status)
}

func TestRealMedusaSearchMeansWhatItSays(t *testing.T) {
	s := newRealShop(t)
	for search, want := range map[string][]string{
		`ACEITE-50%`:   {"ACEITE-50%"},
		`FLOR_A`:       {"FLOR_A"},
		`RUTA\B`:       {`RUTA\B`},
		`CBD_100%\MAX`: {`CBD_100%\MAX`},
	} {
		var skus []string
		for _, item := range s.ask(t, "/api/inventory?search="+url.QueryEscape(search))["items"].([]any) {
			skus = append(skus, item.(map[string]any)["sku"].(string))
		}
		require.Equal(t, want, skus, "search %s", search)
		listed := s.ask(t, "/api/inventory?sku="+url.QueryEscape(search))
		require.InDelta(t, 1, listed["count"], 0, "SKU %s", search)
	}
}

func TestRealMedusaSecretKeyIsACredential(t *testing.T) {
	s := newRealShop(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/locations", nil)
	require.NoError(t, err)
	request.SetBasicAuth(s.medusa.SecretKey, "")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}

func TestRealMedusaStoppedAndStartedAgain(t *testing.T) {
	s := newRealShop(t, "CACHE_TTL=0", "REQUEST_TIMEOUT=5s")
	require.Equal(t, http.StatusOK, s.get(t, "", "/readyz").status)
	before := s.goroutines(t)

	s.medusa.Stop(t)
	for i := range 20 {
		answer := s.get(t, s.token, fmt.Sprintf("/api/products/prod_%d/with-inventory", i))
		require.Equal(t, http.StatusServiceUnavailable, answer.status, answer.text)
		require.Equal(t, "NETWORK_ERROR", answer.object(t)["code"])
		require.NotEmpty(t, answer.header.Get("Retry-After"))
		require.Less(t, answer.took, 5*time.Second)
	}
	require.Equal(t, http.StatusServiceUnavailable, s.get(t, "", "/readyz").status)

	s.medusa.Restart(t)
	s.requireWell(t, before)
}

func TestRealMedusaHanging(t *testing.T) {
	s := newRealShop(t, "CACHE_TTL=0", "MEDUSA_TIMEOUT=1s", "REQUEST_TIMEOUT=3s")
	require.Equal(t, http.StatusOK, s.get(t, "", "/readyz").status)
	before := s.goroutines(t)

	s.medusa.Pause(t)
	answer := s.get(t, s.token, "/api/products/prod_blue_dream/with-inventory")
	require.Equal(t, http.StatusGatewayTimeout, answer.status, answer.text)
	require.Less(t, answer.took, 3*time.Second)
	require.Equal(t, http.StatusServiceUnavailable, s.get(t, "", "/readyz").status)

	s.medusa.Resume(t)
	s.requireWell(t, before)
}

// requireWell asserts that all is as before within 5 s of Medusa's return.
func (s *realShop) requireWell(t *testing.T, goroutines int) {
	t.Helper()
	require.Eventually(t, func() bool {
		ready, err := s.tryGet("", "/readyz")
		if err != nil || ready.status != http.StatusOK {
			return false
		}
		answer, err := s.tryGet(s.token, "/api/products/prod_blue_dream/with-inventory")
		return err == nil && answer.status == http.StatusOK
	}, 5*time.Second, 50*time.Millisecond, "not well within 5 s")
	// Idle connections to Medusa are closed after 4 s.
	require.Eventually(t, func() bool { return s.goroutines(t) <= goroutines+2 }, 10*time.Second, 100*time.Millisecond,
		"goroutines leak: %d before, %d now", goroutines, s.goroutines(t))
}

// goroutines is how many there are, but for those of the job queue, which begin
// one by one in its first seconds.
func (s *realShop) goroutines(t *testing.T) int {
	t.Helper()
	n := 0
	for stack := range strings.SplitSeq(s.fromOps(t, "/debug/pprof/goroutine?debug=2"), "\n\n") {
		if !strings.Contains(stack, "github.com/riverqueue/") {
			n++
		}
	}
	return n
}
