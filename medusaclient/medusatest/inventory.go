package medusatest

import "net/http"

var inventoryItemDefaults = []string{
	"id", "sku", "title", "description", "thumbnail", "origin_country", "hs_code", "requires_shipping", "mid_code",
	"material", "unit_of_measure", "weight", "length", "height", "width", "metadata", "reserved_quantity",
	"stocked_quantity", "created_at", "updated_at", "*location_levels",
}

var levelDefaults = []string{
	"id", "inventory_item_id", "location_id", "stocked_quantity", "reserved_quantity", "incoming_quantity",
	"available_quantity", "metadata", "created_at", "updated_at",
}

var inventoryItemParams = listParams([]param{
	{"q", text},
	{"id", textOrList},
	{"sku", textOrList},
	{"origin_country", textOrList},
	{"mid_code", textOrList},
	{"hs_code", textOrList},
	{"material", textOrList},
	{"requires_shipping", booleanText},
	{"weight", operators(asNumber)},
	{"length", operators(asNumber)},
	{"height", operators(asNumber)},
	{"width", operators(asNumber)},
	{"location_levels", object(param{"location_id", textOrList})},
})

var inventoryItemEntity = &entity{
	searched: []string{"sku", "hs_code", "mid_code", "description", "title"},
	relations: map[string]relation{
		"location_levels": {target: "inventory_level", many: true, back: "inventory_item", of: func(t *tables, r row) []row {
			return t.levelsOf[idOf(r)]
		}},
		"reservation_items": {target: "reservation_item", many: true, parentKey: "id", childKey: "id", back: "inventory_item", of: func(t *tables, r row) []row {
			return t.reservationsOf[idOf(r)]
		}},
		"variants": {target: "product_variant", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			var variants []row
			for _, link := range t.holdersOf[idOf(r)] {
				variants = append(variants, one(t, "product_variant", link["variant_id"])...)
			}
			return variants
		}},
	},
	derived: map[string]func(*tables, row) any{
		"stocked_quantity":  levelSum("stocked_quantity"),
		"reserved_quantity": levelSum("reserved_quantity"),
	},
}

// levelSum adds up a column over an item's levels, those at deleted locations
// included; 0 where there are none.
func levelSum(column string) func(*tables, row) any {
	return func(t *tables, r row) any {
		var quantities []float64
		for _, level := range t.levelsOf[idOf(r)] {
			quantities = append(quantities, quantityOf(level, column))
		}
		return sum(quantities...)
	}
}

var inventoryLevelEntity = &entity{
	computed: map[string][]string{"available_quantity": {"stocked_quantity", "reserved_quantity"}},
	relations: map[string]relation{
		// An array, and an empty one for a deleted location.
		"stock_locations": {target: "stock_location", many: true, parentKey: "location_id", childKey: "id", of: func(t *tables, r row) []row {
			return one(t, "stock_location", r["location_id"])
		}},
		"inventory_item": {target: "inventory_item", parentKey: "inventory_item_id", childKey: "id", foreignKey: "inventory_item_id", of: func(t *tables, r row) []row {
			return one(t, "inventory_item", r["inventory_item_id"])
		}},
	},
}

var inventoryItems = resource{
	entity: inventoryItemEntity, table: "inventory_item", singular: "inventory_item", plural: "inventory_items",
	defaults: inventoryItemDefaults, params: inventoryItemParams, strict: true, limit: 20,
	missing: func(id string) string { return "Inventory item with id: " + id + " was not found" },
}

// levelsOfItem is GET /admin/inventory-items/:id/location-levels. An unknown
// item has an empty list.
func (s *Server) levelsOfItem(w http.ResponseWriter, r *http.Request, _ caller) {
	levels := resource{
		entity: inventoryLevelEntity, table: "inventory_level", plural: "inventory_levels",
		defaults: levelDefaults, params: listParams([]param{{"location_id", textOrList}}), strict: true, limit: 50,
		filter: map[string]any{"inventory_item_id": r.PathValue("id")},
	}
	s.list(levels)(w, r, caller{})
}
