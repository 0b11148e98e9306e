package routes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// The samples of the Cannahub API's documentation, to the letter.
const (
	inventorySample = `{"items":[{"id":"iitem_01HQ_BD_7G","sku":"BD-7G-001","title":"Blue Dream 7g",
		"stockedQuantity":50,"reservedQuantity":5,"availableQuantity":45,
		"locationLevels":[{"id":"ilevel_01HQ","locationId":"sloc_high_up","stockedQuantity":50,"reservedQuantity":5,
		"incomingQuantity":0,"availableQuantity":45}]}],"count":1,"offset":0,"limit":20}`

	itemSample = `{"item":{"id":"iitem_01HQ_BD_7G","sku":"BD-7G-001","title":"Blue Dream 7g","requiresShipping":true,
		"stockedQuantity":250,"reservedQuantity":5,"availableQuantity":245,
		"locationLevels":[
		{"id":"ilevel_02HQ","locationId":"sloc_deposito","stockedQuantity":200,"reservedQuantity":0,"incomingQuantity":50,"availableQuantity":200},
		{"id":"ilevel_01HQ","locationId":"sloc_high_up","stockedQuantity":50,"reservedQuantity":5,"incomingQuantity":0,"availableQuantity":45}]}}`

	productSample = `{"product":{"id":"prod_01HQ8BD5G","name":"Blue Dream Indoor","variants":[
		{"id":"variant_bd_1g","name":"Blue Dream 1g","weight":1,"price":350},
		{"id":"variant_bd_7g","name":"Blue Dream 7g","weight":7,"price":2100}]},
		"inventory":{
		"variant_bd_1g":{"quantity":100,"available":95,"reserved":5,"totalGrams":100,
		"byLocation":[{"locationId":"sloc_high_up","locationName":"High Up","quantity":100,"available":95}]},
		"variant_bd_7g":{"quantity":50,"available":45,"reserved":5,"totalGrams":350,
		"byLocation":[{"locationId":"sloc_high_up","locationName":"High Up","quantity":50,"available":45}]}},
		"totalInventoryGrams":450}`

	stockSample = `{"stock":[{},{"productId":"prod_01HQ8BD5G","variantId":"variant_bd_7g","inventoryItemId":"iitem_01HQ_BD_7G",
		"locationId":"sloc_high_up","locationName":"High Up","quantity":50,"reservedQuantity":5,"availableQuantity":45,"incomingQuantity":0}]}`
)

// sampleShop is a Medusa that holds what the samples show.
func sampleShop(t *testing.T, deposito bool) *shop {
	t.Helper()
	s := openBook(t, func(b *setup) { b.cacheTTL = 0 })
	name := func(text string) *string { return &text }
	s.medusa.Put(medusatest.StockLocation{ID: "sloc_high_up", Name: "High Up", SalesChannelIDs: []string{"sc_cannahub"}})
	small := medusatest.InventoryItem{
		ID: "iitem_01HQ_BD_1G", SKU: name("BD-1G-01"), Title: name("Blue Dream 1g"),
		LocationLevels: []medusatest.Level{{ID: "ilevel_03HQ", LocationID: "sloc_high_up", StockedQuantity: 100}},
	}
	large := medusatest.InventoryItem{
		ID: "iitem_01HQ_BD_7G", SKU: name("BD-7G-001"), Title: name("Blue Dream 7g"),
		LocationLevels: []medusatest.Level{{ID: "ilevel_01HQ", LocationID: "sloc_high_up", StockedQuantity: 50}},
	}
	if deposito {
		large.LocationLevels = append(large.LocationLevels,
			medusatest.Level{ID: "ilevel_02HQ", LocationID: "sloc_deposito", StockedQuantity: 200, IncomingQuantity: 50})
	}
	s.medusa.Put(small)
	s.medusa.Put(large)
	for _, item := range []string{small.ID, large.ID} {
		s.medusa.Put(medusatest.Reservation{ID: "resitem_" + item, InventoryItemID: item, LocationID: "sloc_high_up", Quantity: 5})
	}
	variant := func(id, title, itemID string, weight, price float64) medusatest.Variant {
		return medusatest.Variant{
			ID: id, Title: title, SKU: &id, ManageInventory: true, Metadata: map[string]any{"weight": weight},
			Prices:         []medusatest.Price{{CurrencyCode: "ars", Amount: price}},
			InventoryItems: []medusatest.VariantItem{{InventoryItemID: itemID, RequiredQuantity: 1}},
		}
	}
	s.medusa.Delete("prod_blue_dream")
	s.medusa.Put(medusatest.Product{
		ID: "prod_01HQ8BD5G", Title: "Blue Dream Indoor", Handle: "blue-dream", Status: "published",
		Variants: []medusatest.Variant{
			variant("variant_bd_1g", "Blue Dream 1g", small.ID, 1, 350), variant("variant_bd_7g", "Blue Dream 7g", large.ID, 7, 2100),
		},
	})
	return s
}

func TestTheSamplesOfTheCannahubAPI(t *testing.T) {
	for name, c := range map[string]struct {
		path, sample string
		deposito     bool
	}{
		"inventory": {"/api/inventory?locationId=sloc_high_up&id=iitem_01HQ_BD_7G", inventorySample, true},
		"item":      {"/api/inventory/iitem_01HQ_BD_7G", itemSample, true},
		"product":   {"/api/products/prod_01HQ8BD5G/with-inventory", productSample, false},
		"stock":     {"/api/products/prod_01HQ8BD5G/stock", stockSample, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := sampleShop(t, c.deposito)
			got := s.get(t, c.path)
			require.Equal(t, http.StatusOK, got.status, "%s", got.body)
			assertHolds(t, decodeObject(t, []byte(c.sample)), decodeObject(t, got.body), "")
			assert.Len(t, s.medusa.Calls(), 1, "calls to Medusa")
		})
	}
}

// The gateway sends every field of its model, null where Medusa has none.
func TestTheModelsOfTheCannahubAPI(t *testing.T) {
	s := open(t)
	item, ok := decodeObject(t, s.get(t, "/api/inventory/iitem_cerrado").body)["item"].(map[string]any)
	require.True(t, ok)
	for _, field := range []string{"originCountry", "hsCode", "midCode", "requiresShipping", "createdAt", "updatedAt", "metadata"} {
		assert.Contains(t, item, field)
	}
	levels, ok := item["locationLevels"].([]any)
	require.True(t, ok)
	require.Len(t, levels, 2)
	for _, field := range []string{"id", "inventoryItemId", "locationId", "location", "metadata", "createdAt", "updatedAt"} {
		assert.Contains(t, levels[0], field)
	}
}

func TestAWithInventoryAnswerCostsOneCallHoweverManyVariants(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/api/products/prod_hundred/with-inventory", "/api/products/prod_runtz/with-inventory"} {
		s.medusa.ResetCalls()
		got := s.get(t, path)
		require.Equal(t, http.StatusOK, got.status)
		assert.Equal(t, "1", got.header.Get("X-Medusa-Calls"), path)
		assert.Len(t, s.medusa.Calls(), 1, path)
	}
}

// Every product, item and location of the catalogue is answered as the
// document says; ask holds each answer to it.
func TestTheWholeCatalogueIsDocumented(t *testing.T) {
	s := open(t)
	for _, path := range []string{
		"/api/inventory?limit=100", "/api/inventory?limit=100&offset=100", "/api/inventory?limit=100&offset=200",
		"/api/inventory/alerts?limit=100&threshold=1000000", "/api/products/with-inventory?limit=100", "/api/locations?limit=100",
	} {
		require.Equal(t, http.StatusOK, s.get(t, path).status, path)
	}
	products, ok := decodeObject(t, s.get(t, "/api/products/with-inventory?limit=100").body)["products"].([]any)
	require.True(t, ok)
	require.Greater(t, len(products), 30)
	for _, entry := range products {
		product, ok := entry.(map[string]any)["product"].(map[string]any)
		require.True(t, ok)
		path := fmt.Sprintf("/api/products/%s", product["id"])
		require.Equal(t, http.StatusOK, s.get(t, path+"/with-inventory").status, path)
		require.Equal(t, http.StatusOK, s.get(t, path+"/stock").status, path)
	}
}

func decodeObject(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var object map[string]any
	require.NoError(t, json.Unmarshal(body, &object), "body: %s", body)
	return object
}

// column is a field of every row of a list.
func column(t *testing.T, rows any, field string) []string {
	t.Helper()
	list, ok := rows.([]any)
	require.True(t, ok, "a list")
	values := []string{}
	for _, row := range list {
		value, ok := row.(map[string]any)[field].(string)
		require.True(t, ok, "%s of %v", field, row)
		values = append(values, value)
	}
	return values
}

// assertHolds fails when a key of the sample is missing from got, or has
// another value. Got may have more keys.
func assertHolds(t *testing.T, sample, got any, at string) {
	t.Helper()
	switch wanted := sample.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !assert.True(t, ok, "%s is no object", at) {
			return
		}
		for key, value := range wanted {
			if assert.Contains(t, object, key, "at %s", at) {
				assertHolds(t, value, object[key], at+"/"+key)
			}
		}
	case []any:
		list, ok := got.([]any)
		if !assert.True(t, ok, "%s is no list", at) || !assert.Len(t, list, len(wanted), "at %s", at) {
			return
		}
		for i, value := range wanted {
			assertHolds(t, value, list[i], at+"/"+string(rune('0'+i)))
		}
	default:
		assert.Equal(t, sample, got, "at %s", at)
	}
}
