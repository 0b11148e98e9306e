package medusatest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ids are those of a list answer, in its order.
func ids(t *testing.T, s *Server, key, target string) []string {
	t.Helper()
	status, body := get(t, s, target)
	require.Equal(t, http.StatusOK, status, "%s: %v", target, body)
	found := []string{}
	for _, each := range body[key].([]any) {
		found = append(found, each.(map[string]any)["id"].(string))
	}
	return found
}

func TestIDForms(t *testing.T) {
	s := New()
	both := []string{"iitem_bd_1g", "iitem_bd_7g"}
	for query, wanted := range map[string][]string{
		"id[]=iitem_bd_1g,iitem_bd_7g":                        both,
		"id%5B%5D=iitem_bd_1g%2Ciitem_bd_7g":                  both,
		"id[]=iitem_bd_1g&id[]=iitem_bd_7g":                   both,
		"id=iitem_bd_1g&id=iitem_bd_7g":                       both,
		"id[0]=iitem_bd_1g&id[1]=iitem_bd_7g":                 both,
		"id[]=iitem_bd_7g&id[]=iitem_bd_7g&id[]=iitem_bd_1g":  both,
		"id=iitem_bd_1g,iitem_bd_7g":                          {},
		"id[]=iitem_bd_1g,iitem_bd_7g&id[]=iitem_bd_14g":      {"iitem_bd_14g"},
		"sku[]=BD-1G-001,BD-7G-001":                           both,
		"$or[0][sku]=BD-1G-001&$or[1][sku]=BD-7G-001":         both,
		"$and[0][sku]=BD-1G-001&$and[1][sku]=BD-7G-001":       {},
		"location_levels[location_id]=sloc_cerrado":           {"iitem_cerrado"},
		"location_levels.location_id=sloc_cerrado":            {"iitem_cerrado"},
		"location_levels[location_id][]=sloc_cerrado,sloc_no": {},
	} {
		assert.Equal(t, wanted, ids(t, s, "inventory_items", "/admin/inventory-items?"+query), query)
	}
}

func TestFilterByLocationKeepsAllLevels(t *testing.T) {
	_, body := get(t, New(), "/admin/inventory-items?location_levels[location_id]=sloc_cerrado")
	item := body["inventory_items"].([]any)[0].(map[string]any)
	assert.Len(t, item["location_levels"], 2)
	assert.EqualValues(t, 10, item["stocked_quantity"])
}

func TestOnlyAThousandParametersAreRead(t *testing.T) {
	s := New()
	padding := strings.Repeat("id[]=x&", 997)
	read := ids(t, s, "inventory_items", "/admin/inventory-items?fields=id&limit=5&"+padding+"id[]=iitem_bd_1g")
	assert.Equal(t, []string{"iitem_bd_1g"}, read, "the 1000th parameter")
	dropped := ids(t, s, "inventory_items", "/admin/inventory-items?fields=id&limit=5&"+padding+"id[]=x&id[]=iitem_bd_1g")
	assert.Empty(t, dropped, "the 1001st parameter")
}

func TestPages(t *testing.T) {
	s := New()
	for query, wanted := range map[string][3]int{ // rows, offset, limit
		"":                        {20, 0, 20},
		"limit=0":                 {0, 0, 0},
		"limit=1.5":               {1, 0, 1},
		"limit=10abc":             {10, 0, 10},
		"limit=100000":            {300, 0, 100000},
		"offset=298":              {2, 298, 20},
		"offset=99999":            {0, 99999, 20},
		"limit=99999999999999999": {300, 0, 1e17},
	} {
		_, body := get(t, s, "/admin/inventory-items?"+query)
		got := [3]int{len(body["inventory_items"].([]any)), int(body["offset"].(float64)), int(body["limit"].(float64))}
		assert.Equal(t, wanted, got, query)
		assert.EqualValues(t, 300, body["count"], query)
	}
}

func TestRefusedQueries(t *testing.T) {
	s := New()
	for target, wanted := range map[string]string{
		"inventory-items?limit=abc":                     "Invalid request: Expected type: 'number' for field 'limit', got: 'abc'",
		"inventory-items?limit=":                        "Invalid request: Expected type: 'number' for field 'limit', got: ''",
		"inventory-items?foo=1&bar[x]=2":                "Invalid request: Unrecognized fields: 'foo, bar'",
		"inventory-items?limit=abc&foo=1":               "Invalid request: Expected type: 'number' for field 'limit', got: 'abc'; Unrecognized fields: 'foo'",
		"inventory-items?fields[]=id":                   "Invalid request: Expected type: 'string' for field 'fields', got: 'id'",
		"inventory-items?q[]=a&q[]=b":                   "Invalid request: Expected type: 'string' for field 'q', got: 'a,b'",
		"inventory-items?id[$in][]=iitem_bd_1g":         "Invalid request: Expected type: 'string, array' for field 'id', got: '[object Object]'",
		"inventory-items?updated_at[$gt]=2020-01-01":    "Invalid request: Unrecognized fields: 'updated_at'",
		"inventory-items/iitem_bd_1g?limit=1":           "Invalid request: Unrecognized fields: 'limit'",
		"product-variants?product_id=prod_blue_dream":   "Invalid request: Unrecognized fields: 'product_id'",
		"stock-locations?city=Rosario":                  "Invalid request: Unrecognized fields: 'city'",
		"products?status=draft":                         "Invalid request: Expected type: 'array' for field 'status', got: 'draft'",
		"inventory-items?requires_shipping=maybe":       "Invalid request: Invalid input",
		"inventory-items?$or[]=a":                       "Invalid request: Field '$or, 0' is required",
		"inventory-items/iitem_bd_1g/location-levels?x": "Invalid request: Unrecognized fields: 'x'",
	} {
		status, body := get(t, s, "/admin/"+target)
		assert.Equal(t, http.StatusBadRequest, status, target)
		assert.Equal(t, map[string]any{"type": "invalid_data", "message": wanted}, body, target)
	}
}

func TestQueriesThatBreakTheDatabase(t *testing.T) {
	s := New()
	unknown := map[string]any{"code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred."}
	for _, target := range []string{
		"inventory-items?limit=-1", "inventory-items?offset=-1", "inventory-items?q=%00", "inventory-items?id[]=a%00b",
		"inventory-items/%00", "inventory-items?order=nope", "inventory-items?order=sku,-title", "inventory-items?order=",
		"stock-locations?updated_at[$gt]=garbage", "sales-channels?location_id=sloc_high_up",
		"products?sales_channel_id=", "inventory-items?location_levels[location_id]=%00",
	} {
		status, body := get(t, s, "/admin/"+target)
		assert.Equal(t, http.StatusInternalServerError, status, target)
		assert.Equal(t, unknown, body, target)
	}
}

func TestProductsIgnoreUnknownParameters(t *testing.T) {
	_, body := get(t, New(), "/admin/products?foo=1&metadata[granel]=true&limit=1")
	assert.EqualValues(t, 50, body["count"])
}

func TestLike(t *testing.T) {
	for _, each := range []struct {
		text, pattern string
		wanted        bool
	}{
		{"Depósito", "%DEPÓSITO%", true},
		{"Depósito", "%deposito%", false},
		{"FLORXA", "FLOR_A", true},
		{"FLORXA", `FLOR\_A`, false},
		{"FLOR_A", `FLOR\_A`, true},
		{"ACEITE-50%", `%50\%`, true},
		{"ACEITE-500", `%50\%`, false},
		{"RUTAB", `RUTA\B`, true},
		{`RUTA\B`, `RUTA\B`, false},
		{`RUTA\B`, `RUTA\\B`, true},
		{"aab", "%ab", true},
		{"ñ", "_", true},
		{"", "%", true},
		{"", "_", false},
		{"abc", "a%c%d", false},
	} {
		assert.Equal(t, each.wanted, like(each.text, each.pattern, true), "%q ILIKE %q", each.text, each.pattern)
	}
}

func TestSearch(t *testing.T) {
	s := New()
	for q, wanted := range map[string][]string{
		"blue+7":                   {"iitem_bd_7g"},
		"7+BLUE":                   {"iitem_bd_7g"},
		"FLOR%5C_A":                {"iitem_raro_guion"},
		"ACEITE-50%25":             {"iitem_raro_porciento", "iitem_raro_porciento_gemelo"},
		"ACEITE-50%5C%25":          {"iitem_raro_porciento"},
		"%5C":                      {"iitem_raro_porciento"},
		"RUTA%5CB":                 {"iitem_raro_barra_gemelo"},
		"CBD%5C_100%5C%25%5C%5CMA": {"iitem_raro_todo"},
		"iitem_bd_7g":              {},
		"ARCANNA01":                {"iitem_bd_1g", "iitem_bd_3_5g", "iitem_bd_7g"},
	} {
		assert.Equal(t, wanted, ids(t, s, "inventory_items", "/admin/inventory-items?q="+q), "q=%s", q)
	}
	for _, all := range []string{"", "_", "%25", "%20%20"} {
		_, body := get(t, s, "/admin/inventory-items?q="+all)
		assert.EqualValues(t, 300, body["count"], "q=%s", all)
	}
	assert.Equal(t, []string{"prod_blue_dream"}, ids(t, s, "products", "/admin/products?q=bd-7g"), "products are found by a variant's SKU")
	assert.Equal(t, []string{"sloc_deposito"}, ids(t, s, "stock_locations", "/admin/stock-locations?q=avellaneda"), "locations are found by their city")
	assert.Empty(t, ids(t, s, "stock_locations", "/admin/stock-locations?q=cerrado"), "a deleted location is not found")
}

func TestOrder(t *testing.T) {
	s := New()
	for order, wanted := range map[string]string{
		"sku": "iitem_raro_porciento", "-sku": "iitem_zkittlez_7g", "id": "iitem_alerta_agotado",
		"location_levels.stocked_quantity": "iitem_backorder", "-location_levels.stocked_quantity": "iitem_sin_nivel",
		"stocked_quantity": "iitem_backorder",
	} {
		got := ids(t, s, "inventory_items", "/admin/inventory-items?limit=1&order="+order)
		assert.Equal(t, []string{wanted}, got, "order=%s", order)
	}
}

func TestProductFilters(t *testing.T) {
	s := New()
	for query, wanted := range map[string][]string{
		"sales_channel_id[]=sc_mayorista&id[]=prod_amnesia,prod_weights": {"prod_amnesia"},
		"variants[sku]=BD-7G-001":                  {"prod_blue_dream"},
		"handle=rarezas":                           {"prod_weights"},
		"status[]=draft":                           {"prod_borrador"},
		"updated_at[$gt]=2100-01-01T00:00:00.000Z": {},
		"tag_id=x":                                 {},
	} {
		assert.Equal(t, wanted, ids(t, s, "products", "/admin/products?"+query), query)
	}
}

func TestUnknownParents(t *testing.T) {
	s := New()
	assert.Empty(t, ids(t, s, "inventory_levels", "/admin/inventory-items/iitem_nope/location-levels"))
	assert.Empty(t, ids(t, s, "variants", "/admin/products/prod_nope/variants"))
}

func TestPathsAreLenient(t *testing.T) {
	s := New()
	for path, wanted := range map[string]int{
		"/ADMIN/Inventory-Items/iitem_bd_1g/": 200,
		"/admin/inventory-items/IITEM_BD_1G":  404,
		"/admin/inventory-items/a%2Fb":        404,
	} {
		status, body := get(t, s, path)
		assert.Equal(t, wanted, status, "%s: %v", path, body)
	}
	double := ask(s, http.MethodGet, "//admin", "")
	assert.Equal(t, http.StatusNotFound, double.Code, "a path that only looks like an admin one needs no credential")
	put := ask(s, http.MethodPut, "/admin/inventory-items/iitem_bd_1g", "Bearer "+s.Token(UserID))
	assert.Equal(t, http.StatusNotFound, put.Code)
	assert.Contains(t, put.Body.String(), "Cannot PUT /admin/inventory-items/iitem_bd_1g")
}

func TestHandles(t *testing.T) {
	s := New()
	levels := func() []any {
		_, body := get(t, s, "/admin/inventory-items/iitem_bd_1g?fields=id,*location_levels,location_levels.stock_locations.name")
		return body["inventory_item"].(map[string]any)["location_levels"].([]any)
	}
	first := levels()[0].(map[string]any)
	s.SetLevel("iitem_bd_1g", "sloc_high_up", Quantities{Stocked: 0.3, Reserved: 0.1, Incoming: 2})
	last := levels()[1].(map[string]any)
	assert.Equal(t, "sloc_high_up", last["location_id"], "a level that is written goes last")
	assert.InDelta(t, 0.2, last["available_quantity"], 1e-17, "decimals are exact")
	assert.NotEqual(t, first["updated_at"], last["updated_at"])
	s.SetLevel("iitem_bd_1g", "sloc_high_up", Quantities{Stocked: 0.3, Reserved: 0.1, Incoming: 2})
	assert.Equal(t, last["updated_at"], levels()[1].(map[string]any)["updated_at"], "the same value does not touch updated_at")

	s.SetLevel("iitem_bd_1g", "sloc_mayorista", Quantities{Stocked: 1})
	require.Len(t, levels(), 3, "a level is made where there is none")

	s.RenameLocation("sloc_high_up", "Nuevo")
	assert.Equal(t, "Nuevo", levels()[1].(map[string]any)["stock_locations"].([]any)[0].(map[string]any)["name"])
	s.Delete("sloc_high_up")
	assert.Empty(t, levels()[1].(map[string]any)["stock_locations"], "levels survive their location")

	s.Delete("iitem_bd_1g")
	_, body := get(t, s, "/admin/products/prod_blue_dream?fields=variants.inventory_items.inventory.sku,variants.manage_inventory")
	variant := body["product"].(map[string]any)["variants"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"id": "variant_bd_1g", "manage_inventory": true, "inventory_items": []any{}}, variant)

	s.Put(Product{ID: "prod_new", Title: "Nuevo", Handle: "nuevo", Status: "published", Variants: []Variant{
		{ID: "variant_new", Title: "Único", InventoryItems: []VariantItem{{InventoryItemID: "iitem_bd_7g", RequiredQuantity: 2}}},
	}})
	status, _ := get(t, s, "/admin/products/prod_new")
	assert.Equal(t, http.StatusOK, status)
	assert.Len(t, ids(t, s, "products", "/admin/products?q=Nuevo"), 1)
	s.Delete("prod_new")
	status, body = get(t, s, "/admin/products/prod_new")
	assert.Equal(t, http.StatusNotFound, status, fmt.Sprint(body))
}
