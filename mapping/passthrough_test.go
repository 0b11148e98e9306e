package mapping

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatReachesInventory(t *testing.T) {
	for query, reaches := range map[string]bool{
		"":                 false,
		"fields=*variants": false,
		"fields=*variants.inventory_items.inventory.location_levels": true,
		"fields=%2avariants.%69nventory_items":                       true,
		"%66ields=id,variants.inventory_items.*":                     true,
		"fields[]=+variants.Inventory_items":                         true,
		"fields=+variants.inventory_quantity":                        true,
		"fields=title&x=%zz":                                         true, // who knows what Medusa makes of it
	} {
		assert.Equal(t, reaches, ReachesInventory(query), query)
	}
}

func TestLevelsAtLeavesNothingOfOtherLocations(t *testing.T) {
	shown, err := LevelsAt([]byte(`{"count":1,"products":[{"id":"p","weight":1.50,"variants":[{"inventory_quantity":7,"inventory_items":[{
		"required_quantity":2,"inventory":{"id":"i","stocked_quantity":99,"reserved_quantity":98,"raw_stocked_quantity":{"value":"99"},"location_levels":[
			{"location_id":"a","stocked_quantity":12345678901234567890.5,"available_quantity":4,"metadata":{"html":"<b>"}},
			{"location_id":"b","stocked_quantity":77},
			{"location_id":"b","raw_incoming_quantity":{"value":"77"}},
			{"stocked_quantity":77},{"id":"ilev_b","location_id":"b","metadata":{"aisle":7}},"ilev_c",
			{"id":"ilev_a","location_id":"a"}]},
		"level":{"location_id":"b","available_quantity":77},"link":{"inventory_item_id":"i","location_id":"b"},"place":{"location_id":null,"stocked_quantity":77},
		"one":{"location_levels":{"location_id":"b"}},"address":{"location_id":"b"}}]}]}]}`), []string{"a"})
	require.NoError(t, err)
	require.JSONEq(t, `{"count":1,"products":[{"id":"p","weight":1.50,"variants":[{"inventory_quantity":7,"inventory_items":[{
		"required_quantity":2,"inventory":{"id":"i","location_levels":[
			{"location_id":"a","stocked_quantity":12345678901234567890.5,"available_quantity":4,"metadata":{"html":"<b>"}},{"id":"ilev_a","location_id":"a"}]},
		"one":{"location_levels":[]},"address":{"location_id":"b"}}]}]}]}`, string(shown))
	require.Contains(t, string(shown), "12345678901234567890.5", "digits are lost")
	require.Contains(t, string(shown), "<b>", "what need not be escaped is")

	nothing, err := LevelsAt([]byte(`[{"location_id":"a","stocked_quantity":1}]`), nil)
	require.NoError(t, err)
	require.JSONEq(t, `[]`, string(nothing))
	nothing, err = LevelsAt([]byte(`{"location_id":"a","stocked_quantity":1}`), nil)
	require.NoError(t, err)
	require.JSONEq(t, `null`, string(nothing))
	_, err = LevelsAt([]byte(`<html>`), nil)
	require.Error(t, err)
}

// requireNoStockElsewhere fails when a value tells of stock that is not at location a.
func requireNoStockElsewhere(t *testing.T, value any) {
	t.Helper()
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			requireNoStockElsewhere(t, element)
		}
	case map[string]any:
		_, placed := value["location_id"]
		_, ofItem := value["inventory_item_id"]
		if tellsStock(value) || (placed && ofItem) {
			require.Equal(t, "a", value["location_id"], "stock of another location: %v", value)
		}
		if levels, told := value["location_levels"]; told {
			require.IsType(t, []any{}, levels)
			for _, level := range levels.([]any) {
				require.IsType(t, map[string]any{}, level)
				require.Equal(t, "a", level.(map[string]any)["location_id"], "a level of another location: %v", level)
			}
		}
		for _, each := range value {
			requireNoStockElsewhere(t, each)
		}
	}
}

func FuzzLevelsAt(f *testing.F) {
	f.Add([]byte(`{"a":[{"location_id":"other","stocked_quantity":777}]}`))
	f.Add([]byte(`{"inventory":{"location_levels":[{"location_id":"a","stocked_quantity":1}],"stocked_quantity":2}}`))
	f.Add([]byte(`{"location_levels":[{"location_id":"other"},{"location_id":["a"]},[{"location_id":"other"}],7]}`))
	f.Add([]byte(`{"inventory_item_id":"i","location_id":"other"}`))
	f.Add([]byte(`[{"inventory_item_id":"i","location_id":"other"},{"location_levels":{"location_id":"other"}},{"location_id":7,"available_quantity":1}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		shown, err := LevelsAt(body, []string{"a"})
		if err != nil {
			return
		}
		value, err := decodeAny(shown)
		require.NoError(t, err)
		requireNoStockElsewhere(t, value)
	})
}

func TestWithVariantLevels(t *testing.T) {
	for query, fields := range map[string]string{
		"":                                    variantLevels,
		"region_id=r":                         variantLevels,
		"fields=":                             "",
		"fields=title":                        "title",
		"fields=title,-variants":              "title,-variants",
		"fields=-variants":                    "-variants",
		"fields=%2Bmetadata":                  "+metadata," + variantLevels,
		"fields=+metadata":                    " metadata," + variantLevels,
		"fields=*variants.calculated_price":   "*variants.calculated_price," + variantLevels,
		"fields=id,variants.sku&region_id=r":  "id,variants.sku," + variantLevels,
		"fields=id,variants.calculated_price": "id,variants.calculated_price," + variantLevels,
	} {
		got, err := url.ParseQuery(WithVariantLevels(query))
		require.NoError(t, err)
		assert.Equal(t, fields, got.Get("fields"), query)
		before, err := url.ParseQuery(query)
		require.NoError(t, err)
		assert.Equal(t, before.Get("region_id"), got.Get("region_id"), query)
	}
	for _, query := range []string{"fields=a&fields=b", "fields=%zz", "a;b"} {
		assert.Equal(t, query, WithVariantLevels(query), "Medusa is to refuse what it refuses")
	}
}

func TestReadItemQueries(t *testing.T) {
	for query, want := range map[string]ItemQuery{
		"":                                       {},
		"fields=id&x=%zz":                        {Raw: "fields=id&x=%zz"},
		"id[]=a,b&limit=3":                       {Raw: "id[]=a,b&limit=3"},
		"expand=":                                {Expand: true},
		"%65xpand=levels&limit=1":                {Raw: "limit=1", Expand: true},
		"expand=levels&fields=sku":               {Raw: "fields=sku%2C%2Alocation_levels", Expand: true},
		"expand=location_levels.stock_locations": {Raw: "fields=%2Alocation_levels%2C%2Alocation_levels.stock_locations", Expand: true},
		"location_id=sloc_a&expand=nope":         {LocationID: "sloc_a", Expand: true},
	} {
		assert.Equal(t, want, ReadItemQuery(query), query)
	}
	assert.Equal(t, "limit=1&location_levels%5Blocation_id%5D=a%26b", ReadItemsQuery("limit=1&location_id=a%26b").Raw)
	assert.Equal(t, "limit=1", ReadItemsQuery("limit=1").Raw)
}

func TestAnItemAsItsQueryWantsIt(t *testing.T) {
	const body = `{"inventory_item":{"id":"i","location_levels":[
		{"location_id":"a","stocked_quantity":0.3,"reserved_quantity":0.1,"available_quantity":0.19999999999999998},{"location_id":"b"}]}}`
	for want, q := range map[string]ItemQuery{
		`{"id":"i","location_levels":[{"available_quantity":0.2,"location_id":"a","reserved_quantity":0.1,"stocked_quantity":0.3},{"location_id":"b"}]}`: {Expand: true},
		`{"id":"i","location_levels":[{"location_id":"b"}]}`:                    {Expand: true, LocationID: "b"},
		`{"inventory_item":{"id":"i","location_levels":[{"location_id":"b"}]}}`: {LocationID: "b"},
		`{"inventory_item":{"id":"i","location_levels":[]}}`:                    {LocationID: "c"},
	} {
		got, err := q.Item([]byte(body))
		require.NoError(t, err)
		assert.Equal(t, want, string(got), "%+v", q)
	}
	for _, nonsense := range []string{`{}`, `[]`, `{"inventory_item":null}`, `{`} {
		_, err := ItemQuery{Expand: true}.Item([]byte(nonsense))
		require.Error(t, err, nonsense)
	}
}
