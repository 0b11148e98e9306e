package medusatest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// small is a shop with one kit-like product whose answers can be read at a
// glance.
func small() *Server {
	s, err := NewWith([]byte(`{
		"store": {"id": "store_x", "name": "X", "supported_currencies": [{"currency_code": "ars", "is_default": true}]},
		"sales_channels": [{"id": "sc_x", "name": "Canal"}],
		"stock_locations": [
			{"id": "sloc_x", "name": "Lugar", "address": {"address_1": "Calle 1", "country_code": "ar"}, "sales_channel_ids": ["sc_x"]},
			{"id": "sloc_sin", "name": "Sin", "sales_channel_ids": ["sc_x"]},
			{"id": "sloc_no", "name": "Cerrado", "sales_channel_ids": ["sc_x"], "deleted": true}],
		"inventory_items": [{"id": "iitem_x", "sku": "X", "location_levels": [
			{"id": "ilev_x", "location_id": "sloc_x", "stocked_quantity": 5},
			{"id": "ilev_no", "location_id": "sloc_no", "stocked_quantity": 2}]}],
		"reservations": [{"id": "resitem_x", "inventory_item_id": "iitem_x", "location_id": "sloc_x", "quantity": 1}],
		"products": [{"id": "prod_x", "title": "P", "handle": "p", "status": "published", "variants": [
			{"id": "variant_x", "title": "V", "sku": "V", "manage_inventory": true,
			 "prices": [{"currency_code": "ars", "amount": 7, "rules": {"region_id": "reg_x"}}],
			 "inventory_items": [{"inventory_item_id": "iitem_x", "required_quantity": 0.5}]}]}]
	}`))
	if err != nil {
		panic(err)
	}
	return s
}

func TestFields(t *testing.T) {
	const (
		item     = "/admin/inventory-items/iitem_x"
		product  = "/admin/products/prod_x"
		location = "/admin/stock-locations/"
	)
	for _, each := range []struct{ name, target, wanted string }{
		{"names replace the defaults, the id comes along", item + "?fields=sku", `{"inventory_item":{"id":"iitem_x","sku":"X"}}`},
		{"nothing leaves the id", item + "?fields=", `{"inventory_item":{"id":"iitem_x"}}`},
		{"unknown names are ignored", item + "?fields=sku,nope,nope.x", `{"inventory_item":{"id":"iitem_x","sku":"X"}}`},
		{"a minus in replace mode is only a name", product + "?fields=title,-variants", `{"product":{"id":"prod_x","title":"P"}}`},
		{"totals count deleted locations", item + "?fields=stocked_quantity,reserved_quantity", `{"inventory_item":{"id":"iitem_x","stocked_quantity":7,"reserved_quantity":1}}`},
		{
			"available_quantity alone", item + "?fields=id,location_levels.available_quantity",
			`{"inventory_item":{"id":"iitem_x","location_levels":[{"available_quantity":4},{"available_quantity":2}]}}`,
		},
		{
			"available_quantity without reserved is missing", item + "?fields=id,location_levels.available_quantity,location_levels.stocked_quantity",
			`{"inventory_item":{"id":"iitem_x","location_levels":[{"stocked_quantity":5},{"stocked_quantity":2}]}}`,
		},
		{
			"available_quantity beside a location's name is missing", item + "?fields=id,location_levels.available_quantity,location_levels.stock_locations.name",
			`{"inventory_item":{"id":"iitem_x","location_levels":[{"location_id":"sloc_x","stock_locations":[{"id":"sloc_x","name":"Lugar"}]},{"location_id":"sloc_no","stock_locations":[]}]}}`,
		},
		{
			"available_quantity with both", item + "?fields=id,location_levels.available_quantity,location_levels.stocked_quantity,location_levels.reserved_quantity",
			`{"inventory_item":{"id":"iitem_x","location_levels":[{"available_quantity":4,"stocked_quantity":5,"reserved_quantity":1},{"available_quantity":2,"stocked_quantity":2,"reserved_quantity":0}]}}`,
		},
		{"rows of which nothing is left are null", item + "?fields=id,location_levels.nope", `{"inventory_item":{"id":"iitem_x","location_levels":[null,null]}}`},
		{"variants keep their id", product + "?fields=id,variants.nope", `{"product":{"id":"prod_x","variants":[{"id":"variant_x"}]}}`},
		{
			"links bring their keys", product + "?fields=id,variants.inventory_items.inventory.sku",
			`{"product":{"id":"prod_x","variants":[{"id":"variant_x","inventory_items":[{"variant_id":"variant_x","inventory_item_id":"iitem_x","inventory":{"id":"iitem_x","sku":"X"}}]}]}}`,
		},
		{
			"required_quantity may be a fraction", product + "?fields=id,variants.inventory_items.required_quantity",
			`{"product":{"id":"prod_x","variants":[{"id":"variant_x","inventory_items":[{"variant_id":"variant_x","required_quantity":0.5}]}]}}`,
		},
		{
			"a price's rules look empty", product + "?fields=id,variants.prices.amount",
			`{"product":{"id":"prod_x","variants":[{"id":"variant_x","prices":[{"id":"price_variant_x_0","amount":7,"variant_id":"variant_x","rules":{}}]}]}}`,
		},
		{
			"unless both their columns are asked for", product + "?fields=id,variants.prices.amount,variants.prices.price_rules.attribute,variants.prices.price_rules.value",
			`{"product":{"id":"prod_x","variants":[{"id":"variant_x","prices":[{"id":"price_variant_x_0","amount":7,"variant_id":"variant_x","rules":{"region_id":"reg_x"}}]}]}}`,
		},
		{
			"an item's variants", item + "?fields=id,variants.sku,variants.product.title",
			`{"inventory_item":{"id":"iitem_x","variants":[{"id":"variant_x","sku":"V","product_id":"prod_x","product":{"id":"prod_x","title":"P"}}]}}`,
		},
		{"no way back to where one came from", product + "?fields=id,variants.product.title", `{"product":{"id":"prod_x","variants":[{"id":"variant_x","product_id":"prod_x"}]}}`},
		{"a starred address that is not there is no key", location + "sloc_sin?fields=id,*address", `{"stock_location":{"id":"sloc_sin"}}`},
		{"a named address that is not there is null", location + "sloc_sin?fields=id,address.city", `{"stock_location":{"id":"sloc_sin","address":null}}`},
		{"a relation that is only named shows its id", location + "sloc_x?fields=address", `{"stock_location":{"id":"sloc_x","address":{"id":"laddr_sloc_x"}}}`},
	} {
		t.Run(each.name, func(t *testing.T) {
			_, body := get(t, small(), each.target)
			got, err := json.Marshal(body)
			require.NoError(t, err)
			assert.JSONEq(t, each.wanted, string(got))
		})
	}
}

func TestSigns(t *testing.T) {
	s := small()
	shown := func(fields string) map[string]any {
		_, body := get(t, s, "/admin/inventory-items/iitem_x?fields="+fields)
		return body["inventory_item"].(map[string]any)
	}
	for _, plus := range []string{"+", "%2B"} {
		assert.Contains(t, shown(plus+"variants.id"), "variants", "%sname adds to the defaults", plus)
		assert.Contains(t, shown(plus+"variants.id"), "title", "%sname keeps the defaults", plus)
	}
	assert.NotContains(t, shown("-location_levels"), "location_levels")
	assert.Contains(t, shown("-location_levels"), "title")
	level := shown("-location_levels.raw_stocked_quantity")["location_levels"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"value": "5", "precision": 20.0}, level["raw_stocked_quantity"], "a minus under a star does nothing")
	assert.Contains(t, shown("variants.*"), "title", "a star keeps the defaults")
	assert.NotContains(t, shown("sku,*location_levels"), "title", "a bare name beside a star replaces them")
}

func TestLinkedLocationThatIsGoneIsNull(t *testing.T) {
	_, body := get(t, small(), "/admin/sales-channels?fields=stock_locations.name")
	channel := body["sales_channels"].([]any)[0].(map[string]any)
	assert.Equal(t, []any{
		map[string]any{"id": "sloc_x", "name": "Lugar"}, map[string]any{"id": "sloc_sin", "name": "Sin"}, nil,
	}, channel["stock_locations"])
}
