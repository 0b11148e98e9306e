package medusaclient

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// contract is what every test of the contract needs: a shop that holds the
// catalogue, a client of it and a token.
type contract struct {
	*testing.T
	shop   shop
	client *Client
	by     Credential
}

func TestContract(t *testing.T) {
	tests := []struct {
		name string
		run  func(c contract)
	}{
		{"an inventory item has all its columns and levels", itemInFull},
		{"quantities come to the digit", quantitiesToTheDigit},
		{"a level at a deleted location has no location", levelAtDeletedLocation},
		{"inventory items are listed in pages", itemPages},
		{"inventory items are filtered", itemFilters},
		{"a search means itself", searchMeansItself},
		{"items of many ids", itemsOfManyIDs},
		{"stock is read to the end", stockToTheEnd},
		{"a product has its variants, prices and stock", productInFull},
		{"kits, shared, unmanaged and lost items", unusualVariants},
		{"a hundred variants in order", hundredVariants},
		{"prices say when they hold", priceRules},
		{"products are listed and searched", productPages},
		{"a variant is found by its id", itemsOfAVariant},
		{"stock locations", locations},
		{"currencies", currencies},
		{"what is unknown is 404", unknownIDs},
		{"items are counted by id and SKU", itemsCounted},
		{"more items than fit into a call", itemsCountedInParts},
		{"variants are counted", variantsCounted},
		{"locations of many ids", locationsOfManyIDs},
		{"levels are updated", levelsUpdated},
		{"levels are created and deleted", levelsCreatedAndDeleted},
		{"refused writes change nothing", writesRefused},
		{"profiles, providers, types and channels", profilesAndProviders},
		{"a location is made", locationMade},
		{"locations are found by when they were made", locationsMadeSince},
		{"a location is updated", locationUpdated},
		{"a location is set up", locationSetUp},
		{"a location is linked", locationLinked},
		{"names that are taken", namesTaken},
		{"refused shipping options", optionsRefused},
		{"a location goes with all that belongs to it", locationDeleted},
		{"calls that come too late for a location", lateCalls},
		{"reservations are filtered", reservationsFiltered},
		{"reservations are listed in pages", reservationPages},
		{"a description means itself", descriptionMeansItself},
		{"a reservation has all its columns", reservationInFull},
		{"a reservation is made", reservationMade},
		{"a reservation is updated", reservationUpdated},
		{"a reservation is deleted", reservationDeleted},
		{"a reservation without its level", reservationWithoutLevel},
		{"levels have the names of their locations", levelsNamed},
		{"levels with their quantities alone", bareItems},
		{"publishable keys and what they open", publishableKeys},
		{"what tells its version and its clock", features},
		{"a key whose channel leads to a deleted location", keyOfDeletedLocation},
		{"what variants take", variantLinks},
		{"locations with their channels", channelsOfLocations},
		{"a right is confirmed", rightsConfirmed},
		{"login and refresh", loginAndRefresh},
		{"bad credentials", badCredentials},
		{"a secret key", secretKey},
		{"the gateway's own account", ownAccount},
		{"carts", carts},
	}
	for _, at := range shops {
		t.Run(at.name, func(t *testing.T) {
			shop := at.open(t)
			client := newClient(t, Config{BaseURL: shop.url, Timeout: 20 * time.Second})
			by, err := client.Auth.Login(t.Context(), shop.email, shop.password)
			require.NoError(t, err)
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) { test.run(contract{t, shop, client, by}) })
			}
		})
	}
}

// quantities of a level: stocked, reserved, incoming, and the location's name.
func quantities(levels []InventoryLevel) map[string]string {
	bare := make([]StockLevel, len(levels))
	for i, level := range levels {
		bare[i] = StockLevel{
			LocationID: level.LocationID, StockedQuantity: level.StockedQuantity,
			ReservedQuantity: level.ReservedQuantity, IncomingQuantity: level.IncomingQuantity,
		}
		for _, location := range level.StockLocations {
			bare[i].StockLocations = append(bare[i].StockLocations, LocationName{location.Name})
		}
	}
	return bareQuantities(bare)
}

func bareQuantities(levels []StockLevel) map[string]string {
	found := make(map[string]string, len(levels))
	for _, level := range levels {
		names := make([]string, len(level.StockLocations))
		for i, location := range level.StockLocations {
			names[i] = location.Name
		}
		found[level.LocationID] = fmt.Sprintf("%s %s %s %v", level.StockedQuantity, level.ReservedQuantity, level.IncomingQuantity, names)
	}
	return found
}

func itemInFull(c contract) {
	item, err := c.client.InventoryItems.Get(c.Context(), c.by, "iitem_bd_1g")
	require.NoError(c, err)

	assert.Equal(c, map[string]string{
		"sloc_high_up":  "100 10 0 [High Up - Dispensario Palermo]",
		"sloc_deposito": "400 40 0 [Depósito Central]",
	}, quantities(item.LocationLevels))
	for _, level := range item.LocationLevels {
		place := strings.TrimPrefix(level.LocationID, "sloc_")
		assert.Equal(c, "ilev_bd_1g_"+place, level.ID)
		assert.Equal(c, "iitem_bd_1g", level.InventoryItemID)
		assert.Equal(c, level.LocationID, level.StockLocations[0].ID)
		require.NotNil(c, level.StockLocations[0].Address)
		assert.Equal(c, new("ar"), level.StockLocations[0].Address.CountryCode)
		assert.Equal(c, "null", string(level.Metadata))
		assertTime(c.T, level.CreatedAt)
		assertTime(c.T, level.UpdatedAt)
	}
	assertTime(c.T, item.CreatedAt)
	assertTime(c.T, item.UpdatedAt)
	assert.JSONEq(c, `{"lote":"L-2026-03","thc":21.5}`, string(item.Metadata))

	item.LocationLevels, item.CreatedAt, item.UpdatedAt, item.Metadata = nil, nil, nil, nil
	assert.Equal(c, InventoryItem{
		ID: "iitem_bd_1g", SKU: new("BD-1G-001"), Title: new("Blue Dream 1g"), Description: new("Flor de interior, frasco de 1 g"),
		OriginCountry: new("ar"), HSCode: new("1211.90"), MIDCode: new("ARCANNA01"), Material: new("flor"), RequiresShipping: true,
		Weight: new(Number("1")), Length: new(Number("40")), Height: new(Number("60")), Width: new(Number("40")),
	}, item)

	bare, err := c.client.InventoryItems.Get(c.Context(), c.by, "iitem_sin_nivel")
	require.NoError(c, err)
	assert.Empty(c, bare.LocationLevels)
	assert.Nil(c, bare.Weight, "no weight is not a weight of 0")
	assert.Nil(c, bare.Description)
	assert.Equal(c, "null", string(bare.Metadata))
}

func assertTime(t *testing.T, text *string) {
	t.Helper()
	if assert.NotNil(t, text) {
		_, err := time.Parse(time.RFC3339Nano, *text)
		assert.NoError(t, err)
	}
}

func quantitiesToTheDigit(c contract) {
	for id, want := range map[string]map[string]string{
		"iitem_negativo":   {"sloc_high_up": "3 4 0", "sloc_deposito": "10 0 0"},
		"iitem_backorder":  {"sloc_high_up": "-450 0 500", "sloc_deposito": "0 0 0"},
		"iitem_fraccion_g": {"sloc_high_up": "12.5 0.125 0", "sloc_deposito": "0.001 0 0.25"},
		"iitem_grande":     {"sloc_deposito": "123456789012.345 0 0", "sloc_high_up": "1000000000000000 0 0"},
		"iitem_bd_14g":     {"sloc_high_up": "12 0 0", "sloc_deposito": "60 0 0", "sloc_mayorista": "1000 200 0"},
	} {
		c.Run(id, func(t *testing.T) {
			item, err := c.client.InventoryItems.Get(t.Context(), c.by, id)
			require.NoError(t, err)
			got := quantities(item.LocationLevels)
			for location, quantity := range got {
				got[location] = quantity[:strings.Index(quantity, " [")]
			}
			assert.Equal(t, want, got)
		})
	}
}

func levelAtDeletedLocation(c contract) {
	item, err := c.client.InventoryItems.Get(c.Context(), c.by, "iitem_cerrado")
	require.NoError(c, err)
	assert.Equal(c, map[string]string{
		"sloc_high_up": "4 0 0 [High Up - Dispensario Palermo]",
		"sloc_cerrado": "6 0 2 []",
	}, quantities(item.LocationLevels))
}

func itemIDs(items []InventoryItem) []string {
	return idsOf(items, func(item InventoryItem) string { return item.ID })
}

func stockIDs(items []ItemStock) []string {
	return idsOf(items, func(item ItemStock) string { return item.ID })
}

func idsOf[T any](rows []T, id func(T) string) []string {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = id(row)
	}
	return ids
}

func itemPages(c contract) {
	var ids []string
	for offset := 0; offset < 300; offset += 120 {
		page, err := c.client.InventoryItems.List(c.Context(), c.by, InventoryItemFilter{}, 120, offset)
		require.NoError(c, err)
		assert.Equal(c, 300, page.Count)
		ids = append(ids, itemIDs(page.Rows)...)
	}
	assert.Len(c, ids, 300)
	assert.True(c, slices.IsSorted(ids), "in the order of ids, so that pages fit")
	assert.Len(c, slices.Compact(ids), 300, "no item twice")

	past, err := c.client.InventoryItems.List(c.Context(), c.by, InventoryItemFilter{}, 10, 5000)
	require.NoError(c, err)
	assert.Empty(c, past.Rows)
	assert.Equal(c, 300, past.Count)
}

func itemFilters(c contract) {
	tests := map[string]struct {
		filter InventoryItemFilter
		want   []string
	}{
		"by ids, unknown ones left out": {
			InventoryItemFilter{IDs: []string{"iitem_h_001", "iitem_nope", "iitem_bd_7g"}}, []string{"iitem_bd_7g", "iitem_h_001"},
		},
		"by SKUs with characters of their own": {
			InventoryItemFilter{SKUs: []string{"ACEITE-50%", "FLOR_A", `RUTA\B`, `CBD_100%\MAX`, "NOPE"}},
			[]string{"iitem_raro_barra", "iitem_raro_guion", "iitem_raro_porciento", "iitem_raro_todo"},
		},
		"a comma in a SKU is part of it": {
			InventoryItemFilter{SKUs: []string{"BD-1G-001,BD-7G-001"}}, []string{},
		},
		"by location, of which there is one more part": {
			InventoryItemFilter{LocationID: "sloc_mayorista", Search: "blue"}, []string{"iitem_bd_14g"},
		},
		"by a location that is deleted": {
			InventoryItemFilter{LocationID: "sloc_cerrado"}, []string{"iitem_cerrado"},
		},
		"by an unknown location": {
			InventoryItemFilter{LocationID: "sloc_nope"}, []string{},
		},
	}
	for name, test := range tests {
		c.Run(name, func(t *testing.T) {
			page, err := c.client.InventoryItems.List(t.Context(), c.by, test.filter, 50, 0)
			require.NoError(t, err)
			assert.Equal(t, test.want, itemIDs(page.Rows))
			assert.Equal(t, len(test.want), page.Count)
		})
	}

	c.Run("the other levels of an item at a location come too", func(t *testing.T) {
		page, err := c.client.InventoryItems.List(t.Context(), c.by, InventoryItemFilter{LocationID: "sloc_mayorista"}, 50, 0)
		require.NoError(t, err)
		assert.Equal(t, 16, page.Count)
		at := slices.IndexFunc(page.Rows, func(item InventoryItem) bool { return item.ID == "iitem_bd_14g" })
		require.GreaterOrEqual(t, at, 0)
		assert.ElementsMatch(t, []string{"sloc_high_up", "sloc_deposito", "sloc_mayorista"},
			slices.Collect(maps.Keys(quantities(page.Rows[at].LocationLevels))))
	})
}

func searchMeansItself(c contract) {
	for text, want := range map[string][]string{
		"50%":          {"iitem_raro_porciento"},
		"%":            {"iitem_raro_porciento", "iitem_raro_todo"},
		"FLOR_A":       {"iitem_raro_guion"},
		`RUTA\B`:       {"iitem_raro_barra"},
		`\`:            {"iitem_raro_barra", "iitem_raro_todo"},
		`cbd_100%\max`: {"iitem_raro_todo"},
		"BLUE dream 7": {"iitem_bd_7g"},
		"a&limit=1":    {},
		"%%":           {},
		"__":           {},
	} {
		c.Run(text, func(t *testing.T) {
			page, err := c.client.InventoryItems.List(t.Context(), c.by, InventoryItemFilter{Search: text}, 50, 0)
			require.NoError(t, err)
			assert.Equal(t, want, itemIDs(page.Rows))
		})
	}
}

func itemsOfManyIDs(c contract) {
	all, err := c.client.InventoryItems.ListStock(c.Context(), c.by, InventoryItemFilter{})
	require.NoError(c, err)
	asked := stockIDs(all)
	for i := range 50 {
		asked = append(asked, fmt.Sprintf("iitem_01M80ABJKCXB7RVSN1BYP8%04d", i))
	}
	require.Greater(c, len(asked), maxIDs)

	items, err := c.client.InventoryItems.ListByID(c.Context(), c.by, asked)
	require.NoError(c, err)
	assert.ElementsMatch(c, asked[:300], itemIDs(items))

	none, err := c.client.InventoryItems.ListByID(c.Context(), c.by, nil)
	require.NoError(c, err)
	assert.Empty(c, none, "no ids are no items, not all of them")
}

func stockToTheEnd(c contract) {
	request := &Request{}
	items, err := c.client.InventoryItems.ListStock(request.With(c.Context()), c.by, InventoryItemFilter{})
	require.NoError(c, err)
	ids := stockIDs(items)
	assert.Len(c, ids, 300)
	assert.True(c, slices.IsSorted(ids))
	assert.Len(c, slices.Compact(ids), 300)
	assert.Equal(c, 2, request.Calls(), "300 items are two pages")
	levels := 0
	for _, item := range items {
		levels += len(item.LocationLevels)
		if item.ID == "iitem_bd_7g" {
			assert.Equal(c, new("BD-7G-001"), item.SKU)
			assert.Equal(c, new("Blue Dream 7g"), item.Title)
			assert.Equal(c, "50 5 0 [High Up - Dispensario Palermo]", bareQuantities(item.LocationLevels)["sloc_high_up"])
		}
	}
	assert.Greater(c, levels, 300)

	few, err := c.client.InventoryItems.ListStock(c.Context(), c.by, InventoryItemFilter{Search: "alerta-"})
	require.NoError(c, err)
	assert.Len(c, few, 6)
}

// priceList is a variant's prices, each as amount and currency.
func priceList(variant ProductVariant) []string {
	list := make([]string, len(variant.Prices))
	for i, price := range variant.Prices {
		list[i] = string(price.Amount) + " " + price.CurrencyCode
	}
	return list
}

func productInFull(c contract) {
	request := &Request{}
	product, err := c.client.Products.Get(request.With(c.Context()), c.by, "prod_blue_dream")
	require.NoError(c, err)
	assert.Equal(c, 1, request.Calls())
	assert.Equal(c, "Blue Dream Indoor", product.Title)
	assert.Equal(c, new("blue-dream-indoor"), product.Handle)
	assert.Equal(c, "published", product.Status)
	assert.Equal(c, new("https://img.cannahub.test/blue-dream.jpg"), product.Thumbnail)
	assert.JSONEq(c, `{"cepa":"híbrida","thc":21.5,"organica":true}`, string(product.Metadata))

	want := []struct {
		id, title, sku, metadata string
		prices                   []string
		stock                    map[string]string
	}{
		{"variant_bd_1g", "1g", "BD-1G-001", `{"weight":1}`, []string{"3500 ars", "4 usd"}, map[string]string{
			"sloc_high_up": "100 10 0 [High Up - Dispensario Palermo]", "sloc_deposito": "400 40 0 [Depósito Central]",
		}},
		{"variant_bd_3_5g", "3.5g", "BD-3.5G-001", `{"weight":3.5}`, []string{"11500.5 ars", "12.5 usd"}, map[string]string{
			"sloc_high_up": "50 0 0 [High Up - Dispensario Palermo]", "sloc_deposito": "150 0 25 [Depósito Central]",
		}},
		{"variant_bd_7g", "7g", "BD-7G-001", `{"weight":"7"}`, []string{"21000 ars", "24 usd"}, map[string]string{
			"sloc_high_up": "50 5 0 [High Up - Dispensario Palermo]", "sloc_deposito": "200 0 50 [Depósito Central]",
		}},
		{"variant_bd_14g", "14g", "BD-14G-001", `{"quantity":14}`, []string{"45 usd"}, map[string]string{
			"sloc_high_up": "12 0 0 [High Up - Dispensario Palermo]", "sloc_deposito": "60 0 0 [Depósito Central]",
			"sloc_mayorista": "1000 200 0 [Depósito Mayorista]",
		}},
	}
	require.Len(c, product.Variants, len(want))
	for i, want := range want {
		got := product.Variants[i]
		assert.Equal(c, want.id, got.ID)
		assert.Equal(c, &want.title, got.Title)
		assert.Equal(c, &want.sku, got.SKU)
		assert.JSONEq(c, want.metadata, string(got.Metadata))
		assert.Equal(c, &i, got.VariantRank)
		assert.True(c, got.ManageInventory)
		assert.False(c, got.AllowBackorder)
		assert.ElementsMatch(c, want.prices, priceList(got))
		for _, price := range got.Prices {
			assert.Empty(c, price.Rules)
			assert.Nil(c, price.MinQuantity)
			assert.Nil(c, price.MaxQuantity)
		}
		require.Len(c, got.InventoryItems, 1)
		assert.Equal(c, strings.Replace(want.id, "variant_", "iitem_", 1), got.InventoryItems[0].InventoryItemID)
		assert.Equal(c, Number("1"), got.InventoryItems[0].RequiredQuantity)
		require.NotNil(c, got.InventoryItems[0].Inventory)
		assert.Equal(c, want.stock, bareQuantities(got.InventoryItems[0].Inventory.LocationLevels), want.id)
	}
}

// required says which items a variant takes, and how much of each.
func required(variant ProductVariant) map[string]string {
	takes := map[string]string{}
	for _, item := range variant.InventoryItems {
		takes[item.InventoryItemID] = string(item.RequiredQuantity)
	}
	return takes
}

func unusualVariants(c contract) {
	get := func(t *testing.T, id string) Product {
		t.Helper()
		product, err := c.client.Products.Get(t.Context(), c.by, id)
		require.NoError(t, err)
		return product
	}
	c.Run("a kit", func(t *testing.T) {
		kit := get(t, "prod_kit_armado").Variants[0]
		assert.Equal(t, map[string]string{"iitem_kit_papel": "2", "iitem_kit_filtro": "3"}, required(kit))
		for _, part := range kit.InventoryItems {
			require.NotNil(t, part.Inventory)
			assert.NotEmpty(t, part.Inventory.LocationLevels)
		}
		assert.Equal(t, "null", string(kit.Metadata))
	})
	c.Run("one item in four sizes, one of them half of it", func(t *testing.T) {
		product := get(t, "prod_preroll")
		require.Len(t, product.Variants, 4)
		for i, quantity := range []string{"1", "6", "12", "0.5"} {
			assert.Equal(t, map[string]string{"iitem_preroll": quantity}, required(product.Variants[i]))
			assert.Equal(t, map[string]string{
				"sloc_high_up": "50 8 0 [High Up - Dispensario Palermo]", "sloc_deposito": "301 0 12 [Depósito Central]",
			}, bareQuantities(product.Variants[i].InventoryItems[0].Inventory.LocationLevels))
		}
		assert.True(t, product.Variants[2].AllowBackorder)
	})
	c.Run("stock that is not managed", func(t *testing.T) {
		variant := get(t, "prod_consulta").Variants[0]
		assert.False(t, variant.ManageInventory)
		assert.Empty(t, variant.InventoryItems)
	})
	c.Run("a managed variant that has lost its item", func(t *testing.T) {
		variant := get(t, "prod_sin_item").Variants[0]
		assert.True(t, variant.ManageInventory)
		assert.Empty(t, variant.InventoryItems)
	})
	c.Run("no SKU and no prices", func(t *testing.T) {
		variant := get(t, "prod_sin_sku").Variants[0]
		assert.Nil(t, variant.SKU)
		assert.Empty(t, variant.Prices)
	})
	c.Run("no variants", func(t *testing.T) {
		product := get(t, "prod_sin_variantes") //nolint:misspell // Spanish
		assert.Empty(t, product.Variants)
		assert.Nil(t, product.Thumbnail)
		assert.Equal(t, "null", string(product.Metadata))
	})
	c.Run("an item without a level", func(t *testing.T) {
		variant := get(t, "prod_sin_nivel").Variants[0]
		require.NotNil(t, variant.InventoryItems[0].Inventory)
		assert.Empty(t, variant.InventoryItems[0].Inventory.LocationLevels)
	})
	c.Run("a draft", func(t *testing.T) {
		assert.Equal(t, "draft", get(t, "prod_borrador").Status)
	})
	c.Run("weights that are none", func(t *testing.T) {
		var metadata []string
		for _, variant := range get(t, "prod_weights").Variants {
			metadata = append(metadata, string(variant.Metadata))
		}
		assert.Equal(t, []string{
			`{"weight":"siete"}`, `{"weight":-2}`, `{"weight":0}`, `null`, `{"weight":{"g":7}}`, `{"weight":"1e1"}`,
		}, metadata)
	})
}

func hundredVariants(c contract) {
	product, err := c.client.Products.Get(c.Context(), c.by, "prod_hundred")
	require.NoError(c, err)
	require.Len(c, product.Variants, 100)
	for i, variant := range product.Variants {
		assert.Equal(c, new(fmt.Sprintf("H-%03d", i+1)), variant.SKU)
		assert.Len(c, variant.InventoryItems[0].Inventory.LocationLevels, 2)
	}
}

func priceRules(c contract) {
	c.shop.reprice(c.T, []medusatest.Price{
		{Amount: 3500, CurrencyCode: "ars", Rules: map[string]string{}},
		{Amount: 222, CurrencyCode: "ars", Rules: map[string]string{"region_id": "reg_argentina"}},
		{Amount: 333, CurrencyCode: "ars", MinQuantity: new(10.0), MaxQuantity: new(99.0), Rules: map[string]string{}},
	})
	product, err := c.client.Products.Get(c.Context(), c.by, "prod_blue_dream")
	require.NoError(c, err)
	at := slices.IndexFunc(product.Variants, func(v ProductVariant) bool { return v.ID == "variant_bd_1g" })
	require.GreaterOrEqual(c, at, 0)

	assert.ElementsMatch(c, []Price{
		{Amount: "3500", CurrencyCode: "ars", Rules: map[string]string{}},
		{Amount: "222", CurrencyCode: "ars", Rules: map[string]string{"region_id": "reg_argentina"}},
		{Amount: "333", CurrencyCode: "ars", MinQuantity: new(Number("10")), MaxQuantity: new(Number("99")), Rules: map[string]string{}},
	}, product.Variants[at].Prices)
}

func productPages(c contract) {
	var ids []string
	for offset := 0; offset < 50; offset += 20 {
		page, err := c.client.Products.List(c.Context(), c.by, ProductFilter{}, 20, offset)
		require.NoError(c, err)
		assert.Equal(c, 50, page.Count)
		for _, product := range page.Rows {
			ids = append(ids, product.ID)
		}
	}
	assert.Len(c, ids, 50)
	assert.True(c, slices.IsSorted(ids))
	assert.Len(c, slices.Compact(ids), 50)

	for name, test := range map[string]struct {
		filter ProductFilter
		want   []string
	}{
		"by ids":                 {ProductFilter{IDs: []string{"prod_runtz", "prod_nope", "prod_durban"}}, []string{"prod_durban", "prod_runtz"}},
		"by title":               {ProductFilter{Search: "kit de armado"}, []string{"prod_kit_armado"}},
		"by a variant's SKU":     {ProductFilter{Search: "BD-7G-001"}, []string{"prod_blue_dream"}},
		"by a SKU with all of %": {ProductFilter{Search: `CBD_100%\MAX`}, []string{"prod_raro"}},
		"by nothing that is":     {ProductFilter{Search: "no hay"}, []string{}},
		"by both":                {ProductFilter{IDs: []string{"prod_runtz", "prod_durban"}, Search: "durban"}, []string{"prod_durban"}},
	} {
		c.Run(name, func(t *testing.T) {
			page, err := c.client.Products.List(t.Context(), c.by, test.filter, 50, 0)
			require.NoError(t, err)
			found := []string{}
			for _, product := range page.Rows {
				found = append(found, product.ID)
			}
			assert.Equal(t, test.want, found)
			assert.Equal(t, len(test.want), page.Count)
		})
	}
}

func itemsOfAVariant(c contract) {
	items, found, err := c.client.Products.VariantItems(c.Context(), c.by, "variant_bd_1g")
	require.NoError(c, err)
	require.True(c, found)
	require.Len(c, items, 1)
	assert.Equal(c, "iitem_bd_1g", items[0].ID)
	assert.Equal(c, new("Blue Dream 1g"), items[0].Title)
	assert.Equal(c, map[string]string{
		"sloc_high_up": "100 10 0 [High Up - Dispensario Palermo]", "sloc_deposito": "400 40 0 [Depósito Central]",
	}, quantities(items[0].LocationLevels))

	kit, found, err := c.client.Products.VariantItems(c.Context(), c.by, "variant_kit_armado")
	require.NoError(c, err)
	require.True(c, found)
	assert.ElementsMatch(c, []string{"iitem_kit_papel", "iitem_kit_filtro"}, itemIDs(kit))

	for _, id := range []string{"variant_nope", "iitem_bd_1g", "variant_bd_1g,variant_bd_7g", "%", ""} {
		_, found, err = c.client.Products.VariantItems(c.Context(), c.by, id)
		require.NoError(c, err, id)
		assert.False(c, found, id)
	}
}

func locations(c contract) {
	page, err := c.client.StockLocations.List(c.Context(), c.by, StockLocationFilter{}, 50, 0)
	require.NoError(c, err)
	assert.Equal(c, 3, page.Count, "the deleted one is not there")
	names := map[string]string{}
	for _, location := range page.Rows {
		names[location.ID] = location.Name
	}
	assert.Equal(c, map[string]string{
		"sloc_deposito": "Depósito Central", "sloc_high_up": "High Up - Dispensario Palermo", "sloc_mayorista": "Depósito Mayorista",
	}, names)

	for name, test := range map[string]struct {
		filter StockLocationFilter
		want   []string
	}{
		"by sales channel":                 {StockLocationFilter{SalesChannelID: "sc_cannahub"}, []string{"sloc_deposito", "sloc_high_up"}},
		"by a sales channel that is not":   {StockLocationFilter{SalesChannelID: "sc_nope"}, nil},
		"by words of name and address":     {StockLocationFilter{Search: "central avellaneda"}, []string{"sloc_deposito"}},
		"by accents in the other case":     {StockLocationFilter{Search: "DEPÓSITO"}, []string{"sloc_deposito", "sloc_mayorista"}},
		"by channel and words":             {StockLocationFilter{Search: "depósito", SalesChannelID: "sc_mayorista"}, []string{"sloc_mayorista"}},
		"by a wildcard that means itself":  {StockLocationFilter{Search: "%"}, nil},
		"by the name of the deleted place": {StockLocationFilter{Search: "Club Cerrado"}, nil},
	} {
		c.Run(name, func(t *testing.T) {
			page, err := c.client.StockLocations.List(t.Context(), c.by, test.filter, 50, 0)
			require.NoError(t, err)
			var found []string
			for _, location := range page.Rows {
				found = append(found, location.ID)
			}
			assert.Equal(t, test.want, found)
		})
	}

	c.Run("with an address", func(t *testing.T) {
		location, err := c.client.StockLocations.Get(t.Context(), c.by, "sloc_high_up")
		require.NoError(t, err)
		assert.Equal(t, &Address{
			Address1: new("Av. Santa Fe 3200"), City: new("Buenos Aires"), Province: new("CABA"), PostalCode: new("C1425BGN"), CountryCode: new("ar"),
		}, location.Address)
		assert.JSONEq(t, `{"branch":"palermo","retiro":true}`, string(location.Metadata))
		assert.Equal(t, []SalesChannel{{ID: "sc_cannahub", Name: "Cannahub"}}, location.SalesChannels)
		assertTime(t, location.CreatedAt)
		assertTime(t, location.UpdatedAt)
	})
	c.Run("without an address", func(t *testing.T) {
		location, err := c.client.StockLocations.Get(t.Context(), c.by, "sloc_mayorista")
		require.NoError(t, err)
		assert.Nil(t, location.Address)
		assert.Equal(t, []SalesChannel{{ID: "sc_mayorista", Name: "Mayorista"}}, location.SalesChannels)
	})
}

func currencies(c contract) {
	stores, err := c.client.Stores.List(c.Context(), c.by)
	require.NoError(c, err)
	require.Len(c, stores, 1)
	assert.Equal(c, "store_cannahub", stores[0].ID)
	assert.Equal(c, "Cannahub", stores[0].Name)
	assert.ElementsMatch(c, []SupportedCurrency{{CurrencyCode: "ars", IsDefault: true}, {CurrencyCode: "usd"}}, stores[0].SupportedCurrencies)
}

func unknownIDs(c contract) {
	ids := []string{"nope", "a/b", "a b", "..", "a?b=c", "ñ", "%2e", "a,b", "../users/me"}
	calls := map[string]func(id string) error{
		"GET /admin/inventory-items/:id": func(id string) error { _, err := c.client.InventoryItems.Get(c.Context(), c.by, id); return err },
		"GET /admin/products/:id":        func(id string) error { _, err := c.client.Products.Get(c.Context(), c.by, id); return err },
		"GET /admin/stock-locations/:id": func(id string) error { _, err := c.client.StockLocations.Get(c.Context(), c.by, id); return err },
		"GET /admin/sales-channels/:id":  func(id string) error { _, err := c.client.SalesChannels.Get(c.Context(), c.by, id); return err },
	}
	for endpoint, call := range calls {
		for _, id := range ids {
			var refused *Error
			if assert.ErrorAs(c, call(id), &refused, "%s %q", endpoint, id) {
				assert.Equal(c, endpoint, refused.Endpoint)
				assert.Equal(c, http.StatusNotFound, refused.Status, id)
				assert.Equal(c, "not_found", refused.Type, "%q stays one segment of the path", id)
				assert.NotEmpty(c, refused.Message)
			}
		}
	}
	var refused *Error
	_, err := c.client.StockLocations.Get(c.Context(), c.by, "sloc_cerrado")
	require.ErrorAs(c, err, &refused)
	assert.Equal(c, http.StatusNotFound, refused.Status, "a deleted location is unknown")
}

func loginAndRefresh(c contract) {
	assert.WithinDuration(c, time.Now().Add(24*time.Hour), c.by.Expires(), time.Minute)
	renewed, err := c.client.Auth.Refresh(c.Context(), c.by)
	require.NoError(c, err)
	assert.WithinDuration(c, time.Now().Add(24*time.Hour), renewed.Expires(), time.Minute)
	_, err = c.client.Stores.List(c.Context(), renewed)
	require.NoError(c, err)

	for _, wrong := range []struct{ email, password string }{{c.shop.email, "wrong"}, {"nobody@cannahub.test", c.shop.password}} {
		_, err = c.client.Auth.Login(c.Context(), wrong.email, wrong.password)
		assert.Equal(c, &Error{
			Endpoint: "POST /auth/user/emailpass", Status: http.StatusUnauthorized, Type: "unauthorized", Message: "Invalid email or password",
		}, err)
	}
}

func badCredentials(c contract) {
	parts := strings.Split(strings.TrimPrefix(c.by.header, "Bearer "), ".")
	for name, by := range map[string]Credential{
		"none":          {},
		"garbage":       Bearer("garbage"),
		"tampered with": Bearer(parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2]))),
		"unsigned":      Bearer(parts[0] + "." + parts[1] + "."),
		"wrong key":     SecretKey("sk_" + strings.Repeat("0", 63) + "1"),
	} {
		c.Run(name, func(t *testing.T) {
			_, err := c.client.Stores.List(t.Context(), by)
			assert.Equal(t, &Error{Endpoint: "GET /admin/stores", Status: http.StatusUnauthorized, Message: "Unauthorized"}, err)
			_, err = c.client.Auth.Refresh(t.Context(), by)
			assert.Equal(t, &Error{Endpoint: "POST /auth/token/refresh", Status: http.StatusUnauthorized, Message: "Unauthorized"}, err)
		})
	}
}

func secretKey(c contract) {
	parsed, err := ParseCredential("Basic " + c.shop.secretKey)
	require.NoError(c, err)
	for name, key := range map[string]Credential{"encoded": SecretKey(c.shop.secretKey), "as it is": parsed} {
		stores, err := c.client.Stores.List(c.Context(), key)
		require.NoError(c, err, name)
		assert.Len(c, stores, 1)
	}

	_, err = c.client.Stores.List(c.Context(), Bearer(c.shop.secretKey))
	var refused *Error
	require.ErrorAs(c, err, &refused)
	assert.Equal(c, http.StatusUnauthorized, refused.Status)
	assert.Contains(c, refused.Message, "A secret API key was passed as a Bearer token")
	assert.NotContains(c, err.Error(), c.shop.secretKey)
}

func ownAccount(c contract) {
	list := func(by Credential) error {
		_, err := c.client.Stores.List(c.Context(), by)
		return err
	}
	assert.NoError(c, c.client.UserAccount(c.shop.email, c.shop.password).Do(c.Context(), list))
	assert.NoError(c, c.client.KeyAccount(c.shop.secretKey).Do(c.Context(), list))

	var account *AccountError
	require.ErrorAs(c, c.client.UserAccount(c.shop.email, "wrong").Do(c.Context(), list), &account)
	assert.ErrorAs(c, c.client.KeyAccount("sk_wrong").Do(c.Context(), list), &account)
}
