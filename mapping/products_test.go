package mapping

import (
	stdjson "encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient"
)

// stockOf is what an answer says of a variant, without its locations.
func stockOf(answer ProductWithInventory, variantID string) (quantity, available, reserved, incoming, grams string) {
	stock := answer.Inventory[variantID]
	return stock.Quantity.String(), stock.Available.String(), stock.Reserved.String(), stock.Incoming.String(), stock.TotalGrams.String()
}

// atLocations is what an answer says of a variant, location by location:
// quantity/available.
func atLocations(answer ProductWithInventory, variantID string) map[string]string {
	at := map[string]string{}
	for _, location := range answer.Inventory[variantID].ByLocation {
		at[location.LocationID] = location.Quantity.String() + "/" + location.Available.String()
	}
	return at
}

func TestStockOfAVariant(t *testing.T) {
	for name, c := range map[string]struct {
		metadata                                       string
		links                                          []medusaclient.VariantInventoryItem
		quantity, available, reserved, incoming, grams string
		at                                             map[string]string
		total                                          string
	}{
		"one location": {
			metadata: `{"weight":7}`,
			links:    []medusaclient.VariantInventoryItem{takes("1", "iitem_a", level("sloc_a", "50", "5", "0"))},
			quantity: "50", available: "45", reserved: "5", incoming: "0", grams: "350", total: "350",
			at: map[string]string{"sloc_a": "50/45"},
		},
		"two locations, incoming and fractions": {
			metadata: `{"weight":"3.5"}`,
			links:    []medusaclient.VariantInventoryItem{takes("1", "iitem_a", level("sloc_a", "12.5", "0.125", "0"), level("sloc_b", "0.001", "0", "2.25"))},
			quantity: "12.501", available: "12.376", reserved: "0.125", incoming: "2.25", grams: "43.7535", total: "43.7535",
			at: map[string]string{"sloc_a": "12.5/12.375", "sloc_b": "0.001/0.001"},
		},
		"0.1 × 3": {
			metadata: `{"weight":0.1}`,
			links:    []medusaclient.VariantInventoryItem{takes("1", "iitem_a", level("sloc_a", "3", "0", "0"))},
			quantity: "3", available: "3", reserved: "0", incoming: "0", grams: "0.3", total: "0.3",
			at: map[string]string{"sloc_a": "3/3"},
		},
		"more reserved than there is": {
			links:    []medusaclient.VariantInventoryItem{takes("1", "iitem_a", level("sloc_a", "3", "4", "0"))},
			quantity: "3", available: "-1", reserved: "4", incoming: "0", grams: "3", total: "3",
			at: map[string]string{"sloc_a": "3/-1"},
		},
		"negative stock of a backorder": {
			metadata: `{"weight":2}`,
			links:    []medusaclient.VariantInventoryItem{takes("1", "iitem_a", level("sloc_a", "-450", "0", "500"), level("sloc_b", "10", "0", "0"))},
			quantity: "-440", available: "-440", reserved: "0", incoming: "500", grams: "-880", total: "-880",
			at: map[string]string{"sloc_a": "-450/-450", "sloc_b": "10/10"},
		},
		"numbers of JavaScript's": {
			links:    []medusaclient.VariantInventoryItem{takes("1", "iitem_a", level("sloc_a", "1.2345678901234568e+22", "1e-7", "0"))},
			quantity: "1.2345678901234568E+22", available: "1.23456789012345679999999999999E+22", reserved: "0.0000001", incoming: "0", grams: "1.2345678901234568E+22", total: "1.2345678901234568E+22",
			at: map[string]string{"sloc_a": "1.2345678901234568E+22/1.23456789012345679999999999999E+22"},
		},
		"null counts as 0": {
			links:    []medusaclient.VariantInventoryItem{takes("1", "iitem_a", level("sloc_a", "", "", ""))},
			quantity: "0", available: "0", reserved: "0", incoming: "0", grams: "0", total: "0",
			at: map[string]string{"sloc_a": "0/0"},
		},
		"an item that is nowhere": {
			links:    []medusaclient.VariantInventoryItem{takes("1", "iitem_a")},
			quantity: "0", available: "0", reserved: "0", incoming: "0", grams: "0", total: "0",
			at: map[string]string{},
		},
		"six of an item make one": {
			metadata: `{"weight":4.2}`,
			links:    []medusaclient.VariantInventoryItem{takes("6", "iitem_a", level("sloc_a", "50", "3", "7"), level("sloc_b", "11", "0", "0"))},
			quantity: "9", available: "8", reserved: "1", incoming: "1", grams: "37.8", total: "42.7",
			at: map[string]string{"sloc_a": "8/7", "sloc_b": "1/1"},
		},
		"half of an item makes one": {
			metadata: `{"weight":3}`,
			links:    []medusaclient.VariantInventoryItem{takes("0.5", "iitem_a", level("sloc_a", "10.4", "0.3", "0.2"))},
			quantity: "20", available: "20", reserved: "0", incoming: "0", grams: "60", total: "62.4",
			at: map[string]string{"sloc_a": "20/20"},
		},
		"six of an item, below zero": {
			links:    []medusaclient.VariantInventoryItem{takes("6", "iitem_a", level("sloc_a", "-7", "0", "0"))},
			quantity: "-2", available: "-2", reserved: "0", incoming: "0", grams: "-2", total: "-1.166666667",
			at: map[string]string{"sloc_a": "-2/-2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			answer := translate(variant("variant_a", c.metadata, c.links...))
			quantity, available, reserved, incoming, grams := stockOf(answer, "variant_a")
			assert.Equal(t, c.quantity, quantity, "quantity")
			assert.Equal(t, c.available, available, "available")
			assert.Equal(t, c.reserved, reserved, "reserved")
			assert.Equal(t, c.incoming, incoming, "incoming")
			assert.Equal(t, c.grams, grams, "grams")
			assert.Equal(t, c.at, atLocations(answer, "variant_a"), "by location")
			assert.Equal(t, c.total, answer.TotalInventoryGrams.String(), "grams of the product")
			assert.True(t, answer.Inventory["variant_a"].Managed)
			assert.False(t, answer.Inventory["variant_a"].Kit)
			assert.Empty(t, answer.Warnings)
		})
	}
}

func TestKitIsAsManyAsItsScarcestItemAllows(t *testing.T) {
	papers := takes("2", "iitem_papers", level("sloc_a", "11", "3", "4"), level("sloc_b", "100", "0", "0"))
	filters := takes("3", "iitem_filters", level("sloc_a", "9", "0", "30"), level("sloc_c", "9", "0", "0"))
	answer := translate(variant("variant_kit", `{"weight":5}`, papers, filters))

	quantity, available, reserved, incoming, grams := stockOf(answer, "variant_kit")
	assert.Equal(t, "3", quantity, "9 filters make 3 kits, 11 papers would make 5")
	assert.Equal(t, "3", available, "9 filters make 3 kits, 8 free papers would make 4")
	assert.Equal(t, "0", reserved)
	assert.Equal(t, "2", incoming, "4 papers make 2 kits, 30 filters would make 10")
	assert.Equal(t, "15", grams)
	assert.Equal(t, map[string]string{"sloc_a": "3/3", "sloc_b": "0/0", "sloc_c": "0/0"}, atLocations(answer, "variant_kit"), "no kit where one item is not known")
	assert.True(t, answer.Inventory["variant_kit"].Kit)

	assert.Equal(t, "129", answer.TotalInventoryGrams.String(), "111 papers and 18 filters, 1 g each")
	assert.Equal(t, []Warning{
		{Code: WeightUnknown, InventoryItemID: "iitem_papers"},
		{Code: WeightUnknown, InventoryItemID: "iitem_filters"},
	}, codes(answer.Warnings), "items that only kits hold")
}

func TestKitIsWholeAlsoOfFractions(t *testing.T) {
	answer := translate(variant("variant_kit", ``,
		takes("1", "iitem_a", level("sloc_a", "2.5", "0.75", "0.5")),
		takes("1", "iitem_b", level("sloc_a", "7", "0", "9"))))
	quantity, available, reserved, incoming, _ := stockOf(answer, "variant_kit")
	assert.Equal(t, [4]string{"2", "1", "1", "0"}, [4]string{quantity, available, reserved, incoming})
}

func TestKitBelowZero(t *testing.T) {
	answer := translate(variant("variant_kit", ``,
		takes("2", "iitem_a", level("sloc_a", "-5", "0", "0"), level("sloc_b", "-1", "0", "0")),
		takes("1", "iitem_b", level("sloc_a", "9", "0", "0"))))
	assert.Equal(t, map[string]string{"sloc_a": "-3/-3", "sloc_b": "-1/-1"}, atLocations(answer, "variant_kit"), "what is owed stays to be seen")
}

func TestKitTakesTheWeightOfThePlainVariant(t *testing.T) {
	papers := takes("1", "iitem_papers", level("sloc_a", "10", "0", "0"))
	filters := takes("1", "iitem_filters", level("sloc_a", "4", "0", "0"))
	answer := translate(variant("variant_kit", `{"weight":50}`, papers, filters), variant("variant_papers", `{"weight":2.5}`, papers))
	assert.Equal(t, "29", answer.TotalInventoryGrams.String(), "10 papers of 2.5 g once, 4 filters of 1 g")
	assert.Equal(t, []Warning{{Code: WeightUnknown, InventoryItemID: "iitem_filters"}}, codes(answer.Warnings))
}

func TestSharedItemCountsOnce(t *testing.T) {
	stock := []medusaclient.StockLevel{level("sloc_a", "50", "8", "0"), level("sloc_b", "301", "0", "12")}
	answer := translate(
		variant("variant_1", `{"weight":0.7}`, takes("1", "iitem_preroll", stock...)),
		variant("variant_2_half", `{"weight":0.35}`, takes("0.5", "iitem_preroll", stock...)),
		variant("variant_3_six", `{"weight":4.2}`, takes("6", "iitem_preroll", stock...)),
	)
	assert.Equal(t, map[string]string{"sloc_a": "50/42", "sloc_b": "301/301"}, atLocations(answer, "variant_1"))
	assert.Equal(t, map[string]string{"sloc_a": "100/84", "sloc_b": "602/602"}, atLocations(answer, "variant_2_half"))
	assert.Equal(t, map[string]string{"sloc_a": "8/7", "sloc_b": "50/50"}, atLocations(answer, "variant_3_six"))
	assert.Equal(t, "245.7", answer.TotalInventoryGrams.String(), "351 × 0.7 g, once")
	assert.Empty(t, answer.Warnings, "4.2 g ÷ 6 and 0.35 g ÷ 0.5 are 0.7 g too")
}

func TestSharedItemWithDisagreeingWeights(t *testing.T) {
	stock := level("sloc_a", "50", "0", "0")
	answer := translate(
		variant("variant_2", `{"weight":9}`, takes("12", "iitem_preroll", stock)),
		variant("variant_1", `{"weight":0.7}`, takes("1", "iitem_preroll", stock)),
		variant("variant_3", `{"weight":1.4}`, takes("2", "iitem_preroll", stock)),
	)
	assert.Equal(t, "35", answer.TotalInventoryGrams.String(), "the first variant's 0.7 g count")
	assert.Equal(t, []Warning{{Code: WeightConflict, VariantID: "variant_2", InventoryItemID: "iitem_preroll"}}, codes(answer.Warnings))
}

func TestGramsWithoutEndAreRounded(t *testing.T) {
	answer := translate(variant("variant_a", `{"weight":2}`, takes("3", "iitem_a", level("sloc_a", "1", "0", "0"))))
	assert.Equal(t, "0.666666667", answer.TotalInventoryGrams.String())
}

func TestRequiredQuantityThatIsNotPositive(t *testing.T) {
	for _, required := range []medusaclient.Number{"0", "-1", ""} {
		answer := translate(variant("variant_a", `{"weight":2}`, takes(required, "iitem_a", level("sloc_a", "10", "1", "0"))))
		assert.Equal(t, map[string]string{"sloc_a": "10/9"}, atLocations(answer, "variant_a"), "counts as 1: %q", required)
		assert.Equal(t, "20", answer.TotalInventoryGrams.String())
		assert.Equal(t, []Warning{{Code: RequiredQuantityInvalid, VariantID: "variant_a", InventoryItemID: "iitem_a"}}, codes(answer.Warnings))
	}
}

func TestUnmanagedVariant(t *testing.T) {
	unmanaged := variant("variant_a", `{"weight":7}`, takes("1", "iitem_a", level("sloc_a", "10", "1", "2")))
	unmanaged.ManageInventory = false
	answer := translate(unmanaged)
	assert.JSONEq(t, `{"quantity":0,"available":0,"reserved":0,"incoming":0,"totalGrams":0,"managed":false,"kit":false,"byLocation":[],"inventoryItems":[]}`,
		string(marshal(t, answer.Inventory["variant_a"])))
	assert.Equal(t, "7", answer.Product.Variants[0].Weight.String())
	assert.Equal(t, "0", answer.TotalInventoryGrams.String(), "what is not managed is not counted")
	assert.Empty(t, answer.Warnings)
}

func TestManagedVariantWithoutItem(t *testing.T) {
	answer := translate(variant("variant_a", `{"weight":7}`))
	assert.JSONEq(t, `{"quantity":0,"available":0,"reserved":0,"incoming":0,"totalGrams":0,"managed":true,"kit":false,"byLocation":[],"inventoryItems":[]}`,
		string(marshal(t, answer.Inventory["variant_a"])))
	assert.Equal(t, []Warning{{Code: InventoryItemMissing, VariantID: "variant_a"}}, codes(answer.Warnings))

	lost := variant("variant_a", ``, medusaclient.VariantInventoryItem{InventoryItemID: "iitem_a", RequiredQuantity: "1"})
	assert.Equal(t, "0", translate(lost).Inventory["variant_a"].Quantity.String(), "a link whose item was deleted")
}

func TestStockAtADeletedLocation(t *testing.T) {
	answer := translate(variant("variant_a", `{"weight":2}`, takes("1", "iitem_a", level("sloc_a", "4", "0", "0"), deleted(level("sloc_gone", "6", "1", "0")))))
	assert.Equal(t, map[string]string{"sloc_a": "4/4", "sloc_gone": "6/5"}, atLocations(answer, "variant_a"), "counted as Medusa counts it")
	assert.Equal(t, "20", answer.TotalInventoryGrams.String())
	locations := answer.Inventory["variant_a"].ByLocation
	require.Len(t, locations, 2)
	assert.Equal(t, "Name of sloc_a", *locations[0].LocationName)
	assert.Nil(t, locations[1].LocationName)
	assert.Equal(t, []Warning{{Code: LocationDeleted, InventoryItemID: "iitem_a", LocationID: "sloc_gone"}}, codes(answer.Warnings), "named once")
}

func TestPrice(t *testing.T) {
	number := func(n medusaclient.Number) *medusaclient.Number { return &n }
	plain := medusaclient.Price{Amount: "11500.5", CurrencyCode: "ars", Rules: map[string]string{}}
	dollars := medusaclient.Price{Amount: "12", CurrencyCode: "usd"}
	regional := medusaclient.Price{Amount: "222", CurrencyCode: "ars", Rules: map[string]string{"region_id": "reg_argentina"}}
	bulk := medusaclient.Price{Amount: "333", CurrencyCode: "ars", MinQuantity: number("10"), MaxQuantity: number("99")}
	upTo := medusaclient.Price{Amount: "444", CurrencyCode: "ars", MaxQuantity: number("9")}
	for name, c := range map[string]struct {
		prices   []medusaclient.Price
		currency string
		price    string
	}{
		"its own currency":              {[]medusaclient.Price{dollars, plain}, "ars", "11500.5"},
		"a currency in capitals":        {[]medusaclient.Price{dollars, plain}, "USD", "12"},
		"another currency":              {[]medusaclient.Price{dollars}, "ars", "null"},
		"none":                          {nil, "ars", "null"},
		"no currency":                   {[]medusaclient.Price{plain}, "", "null"},
		"beside a region's":             {[]medusaclient.Price{regional, plain}, "ars", "11500.5"},
		"a region's alone":              {[]medusaclient.Price{regional}, "ars", "null"},
		"beside a quantity's":           {[]medusaclient.Price{bulk, upTo, plain}, "ars", "11500.5"},
		"a quantity's alone":            {[]medusaclient.Price{bulk, upTo}, "ars", "null"},
		"the first of several":          {[]medusaclient.Price{plain, {Amount: "1", CurrencyCode: "ars"}}, "ars", "11500.5"},
		"nothing is a price like 3,500": {[]medusaclient.Price{{Amount: "0", CurrencyCode: "ars"}}, "ars", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			priced := variant("variant_a", ``)
			priced.Prices = c.prices
			answer := NewProductWithInventory(medusaclient.Product{Variants: []medusaclient.ProductVariant{priced}}, c.currency, English)
			assert.Equal(t, c.price, string(marshal(t, answer.Product.Variants[0].Price)))
		})
	}
}

func TestVariantsKeepTheOrderOfTheAdminScreens(t *testing.T) {
	rank := func(id string, rank int) medusaclient.ProductVariant {
		ranked := variant(id, ``)
		ranked.VariantRank = &rank
		return ranked
	}
	answer := translate(rank("variant_c", 2), rank("variant_b", 1), variant("variant_z", ``), rank("variant_a", 1), variant("variant_y", ``))
	var order []string
	for _, variant := range answer.Product.Variants {
		order = append(order, variant.ID)
	}
	assert.Equal(t, []string{"variant_y", "variant_z", "variant_a", "variant_b", "variant_c"}, order)
}

func TestEveryFieldIsSentAlsoWhereMedusaHasNone(t *testing.T) {
	empty := medusaclient.Product{ID: "prod_a", Title: "A", Status: "draft"}
	assert.JSONEq(t, `{"product":{"id":"prod_a","name":"A","handle":null,"status":"draft","thumbnail":null,"metadata":null,"variants":[]},
		"inventory":{},"totalInventoryGrams":0,"warnings":[]}`, string(marshal(t, NewProductWithInventory(empty, "ars", English))))
	assert.JSONEq(t, `{"stock":[],"warnings":[]}`, string(marshal(t, NewProductStock(empty, English))))
	assert.JSONEq(t, `{"products":[],"count":7,"limit":20,"offset":40,"warnings":[]}`,
		string(marshal(t, NewProductList(medusaclient.Page[medusaclient.Product]{Count: 7}, "ars", Page{Limit: 20, Offset: 40}, English))))
	assert.JSONEq(t, `{"id":"variant_a","name":null,"sku":null,"weight":1,"price":null,"manageInventory":true,"allowBackorder":false,"metadata":null}`,
		string(marshal(t, translate(variant("variant_a", ``)).Product.Variants[0])))
}

func TestProductStockIsInUnitsOfTheItem(t *testing.T) {
	stock := NewProductStock(medusaclient.Product{ID: "prod_a", Variants: []medusaclient.ProductVariant{
		variant("variant_b", `{"weight":9}`, takes("6", "iitem_b", level("sloc_b", "50", "60", "7"), deleted(level("sloc_a", "1.5", "0", "0")))),
		variant("variant_a", ``),
	}}, English)
	assert.JSONEq(t, `[
		{"productId":"prod_a","variantId":"variant_b","inventoryItemId":"iitem_b","locationId":"sloc_a","locationName":null,
		 "quantity":1.5,"reservedQuantity":0,"availableQuantity":1.5,"incomingQuantity":0},
		{"productId":"prod_a","variantId":"variant_b","inventoryItemId":"iitem_b","locationId":"sloc_b","locationName":"Name of sloc_b",
		 "quantity":50,"reservedQuantity":60,"availableQuantity":-10,"incomingQuantity":7}]`, string(marshal(t, stock.Stock)))
	assert.Equal(t, []Warning{{Code: LocationDeleted, InventoryItemID: "iitem_b", LocationID: "sloc_a"}}, codes(stock.Warnings))
}

func TestProductListHasTheWarningsOfAllItsProducts(t *testing.T) {
	list := NewProductList(medusaclient.Page[medusaclient.Product]{Count: 2, Rows: []medusaclient.Product{
		{ID: "prod_a", Variants: []medusaclient.ProductVariant{variant("variant_a", `{"weight":0}`)}},
		{ID: "prod_b", Variants: []medusaclient.ProductVariant{variant("variant_b", `{"weight":2}`, takes("1", "iitem_b", level("sloc_a", "3", "0", "0")))}},
	}}, "ars", Page{Limit: 20}, German)
	require.Len(t, list.Products, 2)
	assert.Equal(t, "6", list.Products[1].TotalInventoryGrams.String())
	assert.Equal(t, []Warning{{Code: WeightInvalid, VariantID: "variant_a"}, {Code: InventoryItemMissing, VariantID: "variant_a"}}, codes(list.Warnings))
	assert.Contains(t, list.Warnings[0].Detail, "Das Gewicht", "in the language asked for")
}

// FuzzProduct holds the translation to any answer that can be read at all.
func FuzzProduct(f *testing.F) {
	for _, name := range recordedNames(f) {
		f.Add([]byte(recorded(f, name)))
	}
	f.Add([]byte(`{"product":{"variants":[{"manage_inventory":true,"inventory_items":[{},{"inventory":{"location_levels":[{},{}]}}]}]}}`))
	f.Add([]byte(`{"product":{"variants":[{"manage_inventory":true,"metadata":{"weight":1e-300},"inventory_items":[{"required_quantity":1e300,"inventory":{"location_levels":[{"stocked_quantity":-1e300}]}}]}]}}`))
	f.Add([]byte(`{"product":{"metadata":"\ud800\u2028<>&","variants":[{"id":"\u0000","metadata":[{}],"prices":[{"amount":"1e5","currency_code":"ARS"}]}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var answer struct {
			Product medusaclient.Product `json:"product"`
		}
		if stdjson.Unmarshal(body, &answer) != nil {
			return
		}
		marshal(t, NewProductWithInventory(answer.Product, "ars", Spanish))
		marshal(t, NewProductStock(answer.Product, German))
		for _, variant := range answer.Product.Variants {
			for _, link := range variant.InventoryItems {
				if link.Inventory == nil {
					continue
				}
				marshal(t, NewInventoryDetail(whole(*link.Inventory), English))
				marshal(t, NewAlertList([]medusaclient.ItemStock{*link.Inventory}, q("5"), "", Page{Limit: 20}, English))
			}
		}
	})
}
