package medusaclient

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func counted(items []CountedItem) []string {
	ids := idsOf(items, func(item CountedItem) string { return item.ID })
	slices.Sort(ids)
	return ids
}

func itemsCounted(c contract) {
	for name, test := range map[string]struct {
		filter CountedFilter
		want   []string
		calls  int
	}{
		"by ids":  {CountedFilter{IDs: []string{"iitem_h_001", "iitem_nope", "iitem_bd_7g"}}, []string{"iitem_bd_7g", "iitem_h_001"}, 1},
		"by SKUs": {CountedFilter{SKUs: []string{`CBD_100%\MAX`, "BD-1G-001,BD-7G-001", "ACEITE-50%"}}, []string{"iitem_raro_porciento", "iitem_raro_todo"}, 1},
		"by both": {
			CountedFilter{IDs: []string{"iitem_h_001", "iitem_h_002"}, SKUs: []string{"BD-1G-001", "H-001", "NOPE"}},
			[]string{"iitem_bd_1g", "iitem_h_001", "iitem_h_002"},
			1,
		},
		"by one of each": {CountedFilter{IDs: []string{"iitem_h_001"}, SKUs: []string{"FLOR_A"}}, []string{"iitem_h_001", "iitem_raro_guion"}, 1},
		"by nothing":     {CountedFilter{}, []string{}, 0},
	} {
		c.Run(name, func(t *testing.T) {
			request := &Request{}
			items, err := c.client.InventoryItems.ListCounted(request.With(t.Context()), c.by, test.filter)
			require.NoError(t, err)
			assert.Equal(t, test.want, counted(items))
			assert.Equal(t, test.calls, request.Calls())
		})
	}

	items, err := c.client.InventoryItems.ListCounted(c.Context(), c.by, CountedFilter{IDs: []string{"iitem_bd_1g"}, Variants: true, CountedLevels: CountedLevels{Incoming: true, Shown: true, Locations: true}})
	require.NoError(c, err)
	require.Len(c, items, 1)
	item := items[0]
	assert.Equal(c, new("BD-1G-001"), item.SKU)
	assert.Equal(c, map[string]string{
		"sloc_high_up":  "100 10 0 [High Up - Dispensario Palermo]",
		"sloc_deposito": "400 40 0 [Depósito Central]",
	}, quantities(item.LocationLevels))
	for _, level := range item.LocationLevels {
		assert.Equal(c, "ilev_bd_1g_"+strings.TrimPrefix(level.LocationID, "sloc_"), level.ID)
		assert.Equal(c, new("ar"), level.StockLocations[0].Address.CountryCode)
		assert.Equal(c, level.LocationID == "sloc_high_up", string(level.StockLocations[0].Metadata) != "null")
		assertTime(c.T, level.CreatedAt)
		assertTime(c.T, level.UpdatedAt)
	}
	slices.SortFunc(item.Variants, func(a, b ProductVariant) int { return cmp.Compare(a.ID, b.ID) })
	require.Len(c, item.Variants, 2)
	assert.Equal(c, "variant_bd_1g", item.Variants[0].ID)
	assert.JSONEq(c, `{"weight":1}`, string(item.Variants[0].Metadata))
	assert.Equal(c, new(0), item.Variants[0].VariantRank)
	assert.True(c, item.Variants[0].ManageInventory)
	assert.Equal(c, map[string]string{"iitem_bd_1g": "1"}, required(item.Variants[0]))
	assert.Equal(c, map[string]string{"iitem_bd_1g": "2", "iitem_kit_regalo_caja": "1"}, required(item.Variants[1]), "a kit with all its items")

	plain, err := c.client.InventoryItems.ListCounted(c.Context(), c.by, CountedFilter{SKUs: []string{"BD-1G-001"}})
	require.NoError(c, err)
	assert.Empty(c, plain[0].Variants, "not asked for")
	assert.Len(c, plain[0].LocationLevels, 2)
	assert.Empty(c, plain[0].LocationLevels[0].StockLocations, "not asked for")
	assert.NotNil(c, plain[0].LocationLevels[0].UpdatedAt)
}

func itemsCountedInParts(c contract) {
	var filter CountedFilter
	for i := range 120 {
		filter.IDs = append(filter.IDs, fmt.Sprintf("iitem_01M80ABJKCXB7RVSN1BYP8%04d", i))
		filter.SKUs = append(filter.SKUs, fmt.Sprintf("%s %04d", strings.Repeat("%", 50), i))
	}
	filter.IDs[0], filter.IDs[119], filter.SKUs[3], filter.SKUs[119] = "iitem_h_001", "iitem_h_002", "H-002", "H-003"
	request := &Request{}
	items, err := c.client.InventoryItems.ListCounted(request.With(c.Context()), c.by, filter)
	require.NoError(c, err)
	assert.Equal(c, []string{"iitem_h_001", "iitem_h_002", "iitem_h_003"}, counted(items), "each once, though one is named twice")
	assert.Greater(c, request.Calls(), 1)
	assert.LessOrEqual(c, request.Calls(), 4)

	_, err = c.client.InventoryItems.ListCounted(c.Context(), c.by, CountedFilter{SKUs: []string{"H-001", strings.Repeat("x", maxHead)}})
	require.ErrorIs(c, err, ErrTooLong)
}

func variantsCounted(c contract) {
	request := &Request{}
	variants, err := c.client.Products.ListCounted(request.With(c.Context()), c.by,
		[]string{"variant_bd_1g", "variant_nope", "variant_kit_armado", "variant_sin_item", "variant_consulta"}, CountedLevels{Incoming: true, Shown: true, Locations: true})
	require.NoError(c, err)
	assert.Equal(c, 1, request.Calls())
	byID := map[string]CountedVariant{}
	for _, variant := range variants {
		byID[variant.ID] = variant
	}

	plain := byID["variant_bd_1g"]
	assert.Equal(c, new("BD-1G-001"), plain.SKU)
	assert.JSONEq(c, `{"weight":1}`, string(plain.Metadata))
	assert.True(c, plain.ManageInventory)
	require.Len(c, plain.InventoryItems, 1)
	assert.Equal(c, "iitem_bd_1g", plain.InventoryItems[0].InventoryItemID)
	assert.Equal(c, Number("1"), plain.InventoryItems[0].RequiredQuantity)
	require.NotNil(c, plain.InventoryItems[0].Inventory)
	assert.Equal(c, new("BD-1G-001"), plain.InventoryItems[0].Inventory.SKU)
	assert.Equal(c, map[string]string{
		"sloc_high_up": "100 10 0 [High Up - Dispensario Palermo]", "sloc_deposito": "400 40 0 [Depósito Central]",
	}, quantities(plain.InventoryItems[0].Inventory.LocationLevels))
	assert.NotNil(c, plain.InventoryItems[0].Inventory.LocationLevels[0].UpdatedAt)
	assert.Len(c, byID["variant_kit_armado"].InventoryItems, 2)

	none, err := c.client.Products.ListCounted(c.Context(), c.by, nil, CountedLevels{})
	require.NoError(c, err)
	assert.Empty(c, none)
	bare, err := c.client.Products.ListCounted(c.Context(), c.by, []string{"variant_bd_1g"}, CountedLevels{})
	require.NoError(c, err)
	assert.Empty(c, bare[0].InventoryItems[0].Inventory.LocationLevels[0].StockLocations, "not asked for")
}

func locationsOfManyIDs(c contract) {
	found, err := c.client.StockLocations.ListByID(c.Context(), c.by, []string{"sloc_mayorista", "sloc_cerrado", "sloc_high_up", "sloc_nope"})
	require.NoError(c, err)
	require.ElementsMatch(c, []string{"sloc_mayorista", "sloc_high_up"}, idsOf(found, func(l StockLocation) string { return l.ID }))
	for _, location := range found {
		if location.ID == "sloc_high_up" {
			assert.Equal(c, "High Up - Dispensario Palermo", location.Name)
			assert.JSONEq(c, `{"branch":"palermo","retiro":true}`, string(location.Metadata))
			require.NotNil(c, location.Address)
			assert.Equal(c, new("Av. Santa Fe 3200"), location.Address.Address1)
		}
	}
	none, err := c.client.StockLocations.ListByID(c.Context(), c.by, nil)
	require.NoError(c, err)
	assert.Empty(c, none)
}

func soon() time.Time { return time.Now().Add(10 * time.Second) }

// levelsOf reads the levels of an item by location.
func (c contract) levelsOf(itemID string) map[string]InventoryLevel {
	c.Helper()
	items, err := c.client.InventoryItems.ListCounted(c.Context(), c.by, CountedFilter{IDs: []string{itemID}, CountedLevels: CountedLevels{Incoming: true}})
	require.NoError(c, err)
	levels := map[string]InventoryLevel{}
	for _, item := range items {
		for _, level := range item.LocationLevels {
			levels[level.LocationID] = level
		}
	}
	return levels
}

// writing undoes what a test writes when it ends.
func (c contract) writing() { c.Cleanup(func() { c.shop.reset(c.T) }) }

func levelsUpdated(c contract) {
	c.writing()
	before := c.levelsOf("iitem_bd_1g")
	answered, err := c.client.InventoryItems.UpdateLevels(c.Context(), c.by, soon(), []LevelWrite{
		{InventoryItemID: "iitem_bd_1g", LocationID: "sloc_high_up", StockedQuantity: new(Number("12.345"))},
		{InventoryItemID: "iitem_bd_1g", LocationID: "sloc_deposito", IncomingQuantity: new(Number("7"))},
		{InventoryItemID: "iitem_cerrado", LocationID: "sloc_cerrado", StockedQuantity: new(Number("1")), IncomingQuantity: new(Number("2"))},
	})
	require.NoError(c, err)
	said := map[string]string{}
	for _, level := range answered {
		said[level.LocationID] = fmt.Sprint(level.InventoryItemID, level.StockedQuantity, level.ReservedQuantity, level.IncomingQuantity)
	}
	assert.Equal(c, map[string]string{
		"sloc_high_up":  fmt.Sprint("iitem_bd_1g", "12.345", "10", "0"),
		"sloc_deposito": fmt.Sprint("iitem_bd_1g", "400", "40", "7"),
		"sloc_cerrado":  fmt.Sprint("iitem_cerrado", "1", "0", "2"),
	}, said)

	after := c.levelsOf("iitem_bd_1g")
	assert.Equal(c, Number("12.345"), after["sloc_high_up"].StockedQuantity)
	assert.Equal(c, Number("0"), after["sloc_high_up"].IncomingQuantity, "what was not named stays")
	assert.Equal(c, Number("400"), after["sloc_deposito"].StockedQuantity, "what was not named stays")
	for _, level := range answered {
		if level.InventoryItemID == "iitem_bd_1g" {
			assert.Equal(c, after[level.LocationID].UpdatedAt, level.UpdatedAt, "the answer has the new updated_at")
			assert.Greater(c, *level.UpdatedAt, *before[level.LocationID].UpdatedAt)
		}
	}

	again, err := c.client.InventoryItems.UpdateLevels(c.Context(), c.by, soon(), []LevelWrite{
		{InventoryItemID: "iitem_bd_1g", LocationID: "sloc_high_up", StockedQuantity: new(Number("12.345"))},
	})
	require.NoError(c, err)
	assert.Equal(c, after["sloc_high_up"].UpdatedAt, again[0].UpdatedAt, "the same value again is no change")
}

func levelsCreatedAndDeleted(c contract) {
	c.writing()
	items := c.client.InventoryItems
	empty := LevelWrite{InventoryItemID: "iitem_sin_nivel", LocationID: "sloc_high_up"}
	stocked := LevelWrite{InventoryItemID: "iitem_sin_nivel", LocationID: "sloc_never_was", StockedQuantity: new(Number("2.125")), IncomingQuantity: new(Number("7"))}
	created, err := items.CreateLevels(c.Context(), c.by, soon(), []LevelWrite{empty, stocked})
	require.NoError(c, err)
	require.Len(c, created, 2)
	levels := c.levelsOf("iitem_sin_nivel")
	require.Len(c, levels, 2, "a location that never was is no hindrance")
	for _, level := range append(created, levels["sloc_high_up"], levels["sloc_never_was"]) {
		want := []Number{"0", "0", "0"}
		if level.LocationID == "sloc_never_was" {
			want = []Number{"2.125", "0", "7"}
		}
		assert.Equal(c, want, []Number{level.StockedQuantity, level.ReservedQuantity, level.IncomingQuantity})
	}
	first := levels["sloc_high_up"]

	var refused *Error
	_, err = items.CreateLevels(c.Context(), c.by, soon(), []LevelWrite{{InventoryItemID: "iitem_sin_nivel", LocationID: "sloc_deposito"}, empty})
	require.ErrorAs(c, err, &refused)
	assert.Equal(c, http.StatusBadRequest, refused.Status)
	assert.Contains(c, refused.Message, "already exists")
	assert.Len(c, c.levelsOf("iitem_sin_nivel"), 2, "all or none")

	_, err = items.UpdateLevels(c.Context(), c.by, soon(), []LevelWrite{{InventoryItemID: "iitem_sin_nivel", LocationID: "sloc_high_up", StockedQuantity: new(Number("5"))}})
	require.NoError(c, err)
	ids := []string{first.ID, levels["sloc_never_was"].ID, "ilev_nope"}
	require.ErrorAs(c, items.DeleteLevels(c.Context(), c.by, soon(), ids, false), &refused)
	assert.Equal(c, http.StatusBadRequest, refused.Status)
	assert.Contains(c, refused.Message, "there are stocked items")
	assert.Len(c, c.levelsOf("iitem_sin_nivel"), 2, "all or none")
	require.NoError(c, items.DeleteLevels(c.Context(), c.by, soon(), ids, true))
	assert.Empty(c, c.levelsOf("iitem_sin_nivel"))
	require.NoError(c, items.DeleteLevels(c.Context(), c.by, soon(), ids, false), "and once more")

	again, err := items.CreateLevels(c.Context(), c.by, soon(), []LevelWrite{empty})
	require.NoError(c, err)
	assert.NotEqual(c, first.ID, again[0].ID, "a level that is made again is another")

	require.ErrorAs(c, items.DeleteLevels(c.Context(), c.by, soon(), []string{"ilev_bd_1g_high_up"}, true), &refused)
	assert.Contains(c, refused.Message, "there are reserved")

	c.shop.deleteItem(c.T, "iitem_sin_nivel")
	_, err = items.UpdateLevels(c.Context(), c.by, soon(), []LevelWrite{{InventoryItemID: "iitem_sin_nivel", LocationID: "sloc_high_up"}})
	require.ErrorAs(c, err, &refused)
	assert.Equal(c, http.StatusNotFound, refused.Status)
	_, err = items.CreateLevels(c.Context(), c.by, soon(), []LevelWrite{empty})
	require.NoError(c, err, "not even a deleted item is a hindrance")
	_, err = items.CreateLevels(c.Context(), c.by, soon(), []LevelWrite{{InventoryItemID: "iitem_never_was", LocationID: "sloc_high_up"}})
	require.ErrorAs(c, err, &refused)
	assert.Equal(c, http.StatusNotFound, refused.Status)
}

func writesRefused(c contract) {
	before := c.levelsOf("iitem_bd_7g")
	good := LevelWrite{InventoryItemID: "iitem_bd_7g", LocationID: "sloc_high_up", StockedQuantity: new(Number("99"))}
	for name, test := range map[string]struct {
		with   LevelWrite
		status int
		says   string
	}{
		"a missing level":    {LevelWrite{InventoryItemID: "iitem_bd_7g", LocationID: "sloc_mayorista"}, 404, "Item iitem_bd_7g is not stocked at location sloc_mayorista"},
		"an unknown item":    {LevelWrite{InventoryItemID: "iitem_nope", LocationID: "sloc_high_up"}, 404, "Item iitem_nope is not stocked at location sloc_high_up"},
		"a quantity below 0": {LevelWrite{InventoryItemID: "iitem_bd_7g", LocationID: "sloc_deposito", StockedQuantity: new(Number("-1"))}, 400, "'update, 1, stocked_quantity' too small"},
	} {
		c.Run(name, func(t *testing.T) {
			_, err := c.client.InventoryItems.UpdateLevels(t.Context(), c.by, soon(), []LevelWrite{good, test.with})
			var refused *Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, "POST /admin/inventory-items/location-levels/batch", refused.Endpoint)
			assert.Equal(t, test.status, refused.Status)
			assert.Contains(t, refused.Message, test.says)
		})
	}
	assert.Equal(c, before, c.levelsOf("iitem_bd_7g"), "not even updated_at")
}

func rightsConfirmed(c contract) {
	items, locations, reservations := c.client.InventoryItems, c.client.StockLocations, c.client.Reservations
	before, err := locations.List(c.Context(), c.by, StockLocationFilter{}, 50, 0)
	require.NoError(c, err)
	for _, by := range []Credential{c.by, SecretKey(c.shop.secretKey)} {
		require.NoError(c, items.ConfirmWrite(c.Context(), by))
		require.NoError(c, items.ConfirmRead(c.Context(), by))
		require.NoError(c, locations.ConfirmDelete(c.Context(), by))
		require.NoError(c, reservations.ConfirmDelete(c.Context(), by))
	}
	for name, by := range map[string]Credential{"none": {}, "garbage": Bearer("garbage"), "an unknown key": SecretKey("sk_" + strings.Repeat("0", 63) + "1")} {
		for _, err := range []error{
			items.ConfirmWrite(c.Context(), by), items.ConfirmRead(c.Context(), by), locations.ConfirmDelete(c.Context(), by), reservations.ConfirmDelete(c.Context(), by),
		} {
			var refused *Error
			require.ErrorAs(c, err, &refused, name)
			assert.Equal(c, http.StatusUnauthorized, refused.Status)
		}
	}
	after, err := locations.List(c.Context(), c.by, StockLocationFilter{}, 50, 0)
	require.NoError(c, err)
	assert.Equal(c, before, after, "no location is gone")

	kind, id := c.by.Actor()
	assert.Equal(c, "user", kind)
	assert.True(c, strings.HasPrefix(id, "user_"), id)
	renewed, err := c.client.Auth.Refresh(c.Context(), c.by)
	require.NoError(c, err)
	_, same := renewed.Actor()
	assert.Equal(c, id, same, "a renewed token is the same caller's")
}
