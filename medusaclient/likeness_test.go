package medusaclient

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rawCall is a request as it goes over the wire.
type rawCall struct {
	method string // GET where empty
	target string
	by     string // how it is authorised: a name in authorization
	header http.Header
	body   string
	status int
	says   string // what the answer must hold
	// keeps is the name under which the newest id of a kind in the answer is
	// kept for the calls that follow, such as "sloc" or "sloc shop".
	keeps string
}

// made are the ids that a Medusa gave to what a test made, by the names under
// which they are kept; `{name}` stands for one in the calls that follow.
type made map[string]string

func (m made) in(call rawCall) rawCall {
	var pairs []string
	for name, id := range m {
		pairs = append(pairs, "{"+name+"}", id)
	}
	fill := strings.NewReplacer(pairs...)
	call.target, call.body, call.says = fill.Replace(call.target), fill.Replace(call.body), fill.Replace(call.says)
	return call
}

func (m made) keep(tb testing.TB, call rawCall, raw string) {
	tb.Helper()
	if call.keeps == "" {
		return
	}
	kind, _, _ := strings.Cut(call.keeps, " ")
	ids := regexp.MustCompile(`\b`+kind+`_[0-9A-HJKMNP-TV-Z]{26}\b`).FindAllString(raw, -1)
	require.NotEmpty(tb, ids, "%s %s: %s", call.name(), call.body, raw)
	m[call.keeps] = slices.Max(ids)
}

// authorization gives the header for each way to be, or not to be, allowed.
func (s shop) authorization(by, token string) string {
	switch by {
	case "", "token":
		return "Bearer " + token
	case "nobody":
		return ""
	case "lower-case scheme":
		return "bearer " + token
	case "no scheme":
		return token
	case "garbage":
		return "Bearer garbage"
	case "tampered token":
		parts := strings.Split(token, ".")
		return "Bearer " + parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2]))
	case "secret key":
		return SecretKey(s.secretKey).header
	case "plain secret key":
		return "Basic " + s.secretKey
	case "secret key as a token":
		return "Bearer " + s.secretKey
	case "unknown secret key":
		return SecretKey("sk_" + strings.Repeat("f", 64)).header
	}
	panic("no such way to be allowed: " + by)
}

func longIDs(prefix string, n int) string { return strings.Repeat(","+prefix, n)[1:] }

// rawCalls are what breaks naive clients of Medusa, and every query the client
// itself sends.
var rawCalls = []rawCall{
	// Lists.
	{target: "/admin/inventory-items?limit=-1", status: 500, says: "unknown_error"},
	{target: "/admin/inventory-items?offset=-1", status: 500, says: "unknown_error"},
	{target: "/admin/inventory-items?limit=abc", status: 400, says: "Expected type: 'number' for field 'limit', got: 'abc'"},
	{target: "/admin/inventory-items?limit=", status: 400},
	{target: "/admin/inventory-items?limit=1.5", status: 200, says: `"count":300`},
	{target: "/admin/inventory-items?limit=0", status: 200, says: `"inventory_items":[]`},
	{target: "/admin/inventory-items?limit=2&offset=100000", status: 200, says: `"count":300`},
	{target: "/admin/inventory-items?limit=3&order=id&fields=id", status: 200},
	{target: "/admin/inventory-items?limit=3&order=-id&fields=id", status: 200},
	{target: "/admin/inventory-items?limit=3&order=-sku&fields=id,sku", status: 200},
	{target: "/admin/inventory-items?order=nope", status: 500, says: "unknown_error"},
	{target: "/admin/inventory-items?order=sku,-id", status: 500},
	{target: "/admin/inventory-items?foo=1", status: 400, says: "Unrecognized fields: 'foo'"},
	{target: "/admin/stock-locations?foo=1", status: 400, says: "Unrecognized fields: 'foo'"},
	{target: "/admin/product-variants?foo=1", status: 400, says: "Unrecognized fields: 'foo'"},
	{target: "/admin/products?foo=1&limit=2&fields=id", status: 200, says: `"limit":2`},
	{target: "/admin/inventory-items", status: 200, says: `"limit":20`},
	{target: "/admin/inventory-items?limit=300&fields=id,sku,title,location_levels.location_id,location_levels.stocked_quantity,location_levels.reserved_quantity", status: 200},
	{target: "/admin/products?limit=100&order=id&fields=id,title,handle,status,variants.id,variants.variant_rank", status: 200},
	{target: "/admin/products?limit=-1", status: 500},
	{target: "/admin/products?limit=abc", status: 400},
	{target: "/admin/stock-locations", status: 200},
	{target: "/admin/stock-locations?limit=abc", status: 400},
	{target: "/admin/stock-locations?limit=-1", status: 500},
	{target: "/admin/product-variants?limit=-1", status: 500},
	{target: "/admin/product-variants?limit=2&order=id&fields=id,sku", status: 200},
	{target: "/admin/stores?fields=id,name,supported_currencies.currency_code,supported_currencies.is_default", status: 200},
	{target: "/admin/sales-channels?fields=id,name", status: 200},

	// Search.
	{target: "/admin/inventory-items?q=%25&limit=1&fields=id", status: 200, says: `"count":300`},
	{target: "/admin/inventory-items?q=_&limit=1&fields=id", status: 200, says: `"count":300`},
	{target: `/admin/inventory-items?q=%5C%25&fields=id,sku&order=id`, status: 200, says: `"count":2`},
	{target: `/admin/inventory-items?q=%5C&fields=id,sku&order=id`, status: 200, says: "iitem_raro_porciento"},
	{target: `/admin/inventory-items?q=50%25&fields=id,sku&order=id`, status: 200},
	{target: `/admin/inventory-items?q=&limit=1&fields=id`, status: 200, says: `"count":300`},
	{target: `/admin/inventory-items?q=blue+14g&fields=id`, status: 200, says: `"count":1`},
	{target: `/admin/inventory-items?q=DEP%C3%93SITO&fields=id`, status: 200},
	{target: `/admin/inventory-items?q=iitem_bd_1g&fields=id`, status: 200, says: `"count":0`},
	{target: "/admin/inventory-items?q=a%00b", status: 500},
	{target: "/admin/products?q=a%00b", status: 500},
	{target: "/admin/stock-locations?q=a%00b", status: 500},
	{target: "/admin/inventory-items/a%00b", status: 500},
	{target: "/admin/products?q=CBD%5C_100%5C%25%5C%5CMAX&fields=id", status: 200, says: "prod_raro"},
	{target: "/admin/products?q=CBD_100%25%5CMAX&fields=id", status: 200},
	{target: "/admin/products?q=BD-7G-001&fields=id", status: 200},
	{target: "/admin/stock-locations?q=central+avellaneda&fields=id", status: 200, says: "sloc_deposito"},
	{target: "/admin/stock-locations?q=Club+Cerrado&fields=id", status: 200, says: `"count":0`},

	// Filters.
	{target: "/admin/inventory-items?id=iitem_bd_1g,iitem_bd_7g", status: 200, says: `"count":0`},
	{target: "/admin/inventory-items?id[]=iitem_bd_1g,iitem_bd_7g,iitem_nope&order=id", status: 200, says: `"count":2`},
	{target: "/admin/inventory-items?id=iitem_bd_1g&id=iitem_bd_7g&order=id&fields=sku", status: 200, says: `"count":2`},
	{target: "/admin/inventory-items?id[0]=iitem_bd_1g&fields=sku", status: 200, says: `"count":1`},
	{target: "/admin/inventory-items?id[$in]=iitem_bd_1g", status: 400},
	{target: "/admin/inventory-items?sku=BD-1G-001&sku=H-001&fields=id&order=id", status: 200, says: `"count":2`},
	{target: "/admin/inventory-items?sku=CBD_100%25%5CMAX&fields=id", status: 200, says: "iitem_raro_todo"},
	{target: "/admin/inventory-items?location_levels[location_id]=sloc_mayorista&fields=id,location_levels.location_id&order=id&limit=300", status: 200},
	{target: "/admin/inventory-items?location_levels[location_id]=sloc_nope&fields=id", status: 200, says: `"count":0`},
	{target: "/admin/inventory-items?updated_at[$gt]=2030-01-01", status: 400, says: "Unrecognized"},
	{target: "/admin/products?id[]=prod_blue_dream,prod_nope&fields=id", status: 200, says: `"count":1`},
	{target: "/admin/product-variants?id=variant_nope", status: 200, says: `"variants":[]`},
	{target: "/admin/product-variants?id=variant_bd_1g&fields=id,title,sku,metadata,product_id,inventory_items.inventory_item_id,inventory_items.required_quantity,inventory_items.inventory.location_levels.location_id,inventory_items.inventory.location_levels.stock_locations.name", status: 200},
	{target: "/admin/product-variants?product_id=prod_blue_dream", status: 400},
	{target: "/admin/stock-locations?sales_channel_id=sc_mayorista&fields=id,name", status: 200, says: `"count":1`},
	{target: "/admin/stock-locations?sales_channel_id=sc_nope", status: 200, says: `"count":0`},
	{target: "/admin/stock-locations?sales_channel_id[]=sc_mayorista&sales_channel_id[]=sc_cannahub&fields=id&order=id", status: 200, says: `"count":3`},

	// Details.
	{target: "/admin/inventory-items/iitem_nope", status: 404, says: "Inventory item with id: iitem_nope was not found"},
	{target: "/admin/inventory-items/variant_bd_1g", status: 404},
	{target: "/admin/products/prod_nope", status: 404, says: "not_found"},
	{target: "/admin/stock-locations/sloc_nope", status: 404},
	{target: "/admin/stock-locations/sloc_cerrado", status: 404},
	{target: "/admin/product-variants/variant_bd_1g", status: 404, says: "Cannot GET"},
	{target: "/admin/inventory-items/iitem_bd_1g", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g?foo=1", status: 400},
	{target: "/admin/inventory-items/iitem_sin_nivel", status: 200, says: `"location_levels":[]`},
	{target: "/admin/inventory-items/iitem_bd_1g/location-levels", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g/", status: 200},
	{target: "/ADMIN/Inventory-Items/iitem_bd_1g", status: 200},
	{target: "//admin/inventory-items/iitem_bd_1g", status: 404},
	{target: "/admin/stock-locations/sloc_high_up", status: 200},
	{target: "/admin/stock-locations/sloc_mayorista?fields=" + stockLocationFields, status: 200},
	{target: "/admin/products/prod_blue_dream", status: 200},
	{target: "/admin/products/prod_kit_armado", status: 200},

	// Fields.
	{target: "/admin/inventory-items/iitem_bd_1g?fields=nope,sku", status: 200, says: `"sku":"BD-1G-001"`},
	{target: "/admin/inventory-items/iitem_bd_1g?fields=", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g?fields=sku,-title", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g?fields=-title,-location_levels", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g?fields=%2Bvariants.id", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g?fields=+variants.id", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g?fields=sku,*location_levels", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g?fields=location_levels.available_quantity", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g?fields=location_levels.available_quantity,location_levels.stocked_quantity", status: 200},
	{target: "/admin/inventory-items/iitem_bd_1g?fields[]=sku", status: 400},
	{target: "/admin/products/prod_blue_dream?fields=title,-variants", status: 200},
	{target: "/admin/products/prod_blue_dream?fields=title,variants.nope", status: 200},
	{target: "/admin/products/prod_blue_dream?fields=id,variants.prices.amount,variants.prices.price_list_id,variants.prices.rules_count", status: 200},
	{target: "/admin/products/prod_blue_dream?fields=id,variants.inventory_quantity", status: 200},
	{target: "/admin/products/prod_blue_dream?fields=" + productStockFields, status: 200},
	{target: "/admin/products/prod_hundred?fields=" + productStockFields, status: 200},
	{target: "/admin/products?order=id&limit=100&offset=0&fields=" + productStockFields, status: 200},
	{target: "/admin/inventory-items?order=id&limit=300&offset=0&fields=" + inventoryItemFields, status: 200},
	{target: "/admin/inventory-items?order=id&limit=300&offset=0&fields=" + inventoryStockFields, status: 200},
	{target: "/admin/product-variants?order=id&limit=300&offset=0&fields=" + variantItemFields, status: 200},
	{target: "/admin/stock-locations?order=id&limit=20&offset=0&fields=" + stockLocationFields, status: 200},
	{target: "/admin/stock-locations?order=id&limit=3&offset=0&id[]=sloc_high_up,sloc_nope,sloc_mayorista&fields=" + levelStockLocationFields, status: 200, says: `"count":2`},
	{target: "/admin/product-variants?order=id&limit=3&offset=0&id[]=variant_bd_1g,variant_nope,variant_kit_armado&fields=" + variantCountedFields, status: 200, says: `"count":2`},
	{target: "/admin/product-variants?order=id&limit=300&offset=0&fields=" + variantCountedFields + "," + below("inventory_items.inventory.", levelLocationFields), status: 200},
	{target: CountedFilter{IDs: []string{"iitem_bd_1g", "iitem_cerrado"}, Variants: true, CountedLevels: CountedLevels{Incoming: true, Shown: true, Locations: true}}.path(), status: 200, says: `"count":2`},
	{target: CountedFilter{SKUs: []string{"BD-1G-001", `CBD_100%\MAX`}}.path(), status: 200, says: `"count":2`},
	{target: CountedFilter{IDs: []string{"iitem_bd_1g", "iitem_nope"}, SKUs: []string{"H-001", "BD-1G-001"}, Variants: true}.path(), status: 200, says: `"count":2`},
	{target: "/admin/inventory-items?fields=id&$or[0][id][]=iitem_bd_1g,iitem_bd_7g&$or[1][sku]=H-001", status: 200, says: `"count":1`},
	{target: "/admin/stores?fields=" + storeFields, status: 200},

	// What a location is set up with, and what is reserved.
	{target: "/admin/sales-channels/sc_cannahub", status: 200},
	{target: "/admin/sales-channels/sc_cannahub?fields=id,stock_locations.id", status: 200, says: "sloc_deposito"},
	{target: "/admin/sales-channels/sc_nope", status: 404, says: "Sales channel with id: sc_nope not found"},
	{target: "/admin/sales-channels?location_id=sloc_high_up", status: 500},
	{target: "/admin/shipping-profiles", status: 200, says: "sp_cannahub"},
	{target: "/admin/shipping-profiles?type=default&fields=id", status: 200, says: "sp_cannahub"},
	{target: "/admin/shipping-profiles?name=nope&fields=id", status: 200, says: `"count":0`},
	{target: "/admin/shipping-profiles?q=nope&fields=id", status: 200, says: `"count":1`},
	{target: "/admin/shipping-profiles?name[]=x&fields=id", status: 400},
	{target: "/admin/shipping-profiles?foo=1", status: 400},
	{target: "/admin/shipping-profiles/sp_cannahub", status: 200, says: `"type":"default"`},
	{target: "/admin/shipping-profiles/sp_nope", status: 200, says: "{}"},
	{target: "/admin/fulfillment-providers", status: 200, says: "manual_manual"},
	{target: "/admin/fulfillment-providers?is_enabled=true", status: 200, says: `"count":1`},
	{target: "/admin/fulfillment-providers?is_enabled=false", status: 200, says: `"count":0`},
	{target: "/admin/fulfillment-providers?id=nope", status: 200, says: `"count":0`},
	{target: "/admin/fulfillment-providers?q=nope", status: 200, says: `"count":1`},
	{target: "/admin/fulfillment-providers?stock_location_id=sloc_high_up", status: 200, says: `"count":0`},
	{target: "/admin/fulfillment-providers?created_at=2026-01-01", status: 400},
	{target: "/admin/fulfillment-providers?$and[0][id]=x", status: 400, says: "Unrecognized fields: '$and'"},
	{target: "/admin/stock-locations/sloc_high_up/fulfillment-providers", status: 404, says: "Cannot GET"},
	{target: "/admin/shipping-options", status: 200, says: `"shipping_options":[]`},
	{target: "/admin/shipping-options?stock_location_id=", status: 500},
	{target: "/admin/shipping-options?is_return=true", status: 500},
	{target: "/admin/shipping-options?is_return=x", status: 400, says: "Invalid input"},
	{target: "/admin/shipping-options?foo=1", status: 400},
	{target: "/admin/shipping-options/so_nope", status: 404, says: "Shipping Option with id: so_nope not found"},
	{target: "/admin/shipping-option-types", status: 200, says: `"limit":10`},
	{target: "/admin/shipping-option-types/sotype_nope", status: 200, says: "{}"},
	{target: "/admin/reservations?order=id", status: 200, says: `"count":9`},
	{target: "/admin/reservations?order=id&fields=*", status: 200},
	{target: "/admin/reservations?fields=id&location_id=sloc_mayorista", status: 200, says: `"count":1`},
	{target: "/admin/reservations?fields=id&order=id&inventory_item_id[]=iitem_preroll,iitem_bd_1g", status: 200, says: `"count":4`},
	{target: "/admin/reservations?fields=id&order=id&line_item_id=ordli_1001", status: 200, says: `"count":2`},
	{target: "/admin/reservations?fields=id&order=id&description=pedido%201001", status: 200, says: `"count":2`},
	{target: "/admin/reservations?fields=id&order=id&description[$ilike]=pedido%25", status: 200, says: `"count":6`},
	{target: "/admin/reservations?fields=id&order=id&description[$ilike]=PEDIDO%25", status: 200, says: `"count":6`},
	{target: "/admin/reservations?fields=id&order=id&description[$like]=pedido_100%25", status: 200, says: `"count":6`},
	{target: "/admin/reservations?fields=id&order=id&description[$like]=pedido%5C_100%25", status: 200, says: `"count":0`},
	{target: "/admin/reservations?fields=id&order=id&description[$like]=PEDIDO%25", status: 200, says: `"count":0`},
	{target: "/admin/reservations?fields=id&order=id&description[]=pedido%201001", status: 200, says: `"count":2`},
	{target: "/admin/reservations?fields=id&order=id&q=pedido%201001", status: 200, says: `"count":2`},
	{target: "/admin/reservations?fields=id&q=PR-OGK", status: 200, says: "resitem_preroll_pedido"},
	{target: "/admin/reservations?fields=id&order=-quantity&quantity[$gt]=6", status: 200, says: `"count":4`},
	{target: "/admin/reservations?fields=id&quantity=x", status: 400, says: "got: 'x'"},
	{target: "/admin/reservations?fields=id&created_by=x", status: 200, says: `"count":0`},
	{target: "/admin/reservations?id=resitem_negativo", status: 400, says: "Unrecognized fields: 'id'"},
	{target: "/admin/reservations?metadata=x", status: 400, says: "Unrecognized fields: 'metadata'"},
	{target: "/admin/reservations?$or[0][location_id]=x", status: 400, says: "Unrecognized fields: '$or'"},
	{target: "/admin/reservations?order=nope", status: 500},
	{target: "/admin/reservations?limit=-1", status: 500},
	{target: "/admin/reservations/resitem_preroll_pedido", status: 200, says: `"quantity":8`},
	{target: "/admin/reservations/resitem_preroll_pedido?fields=id,allow_backorder,raw_quantity,*inventory_item", status: 200},
	{target: "/admin/reservations/resitem_preroll_pedido?fields=inventory_item.sku,inventory_item.location_levels.location_id", status: 200},
	{target: "/admin/reservations/resitem_nope", status: 404, says: "Reservation with id: resitem_nope was not found"},
	{target: "/admin/inventory-items/iitem_preroll?fields=id,*reservation_items", status: 200},

	// Who may ask.
	{target: "/admin/stock-locations?fields=id", by: "nobody", status: 401, says: `{"message":"Unauthorized"}`},
	{target: "/admin/stock-locations?fields=id", by: "garbage", status: 401, says: `{"message":"Unauthorized"}`},
	{target: "/admin/stock-locations?fields=id", by: "tampered token", status: 401, says: `{"message":"Unauthorized"}`},
	{target: "/admin/stock-locations?fields=id", by: "no scheme", status: 401, says: `{"message":"Unauthorized"}`},
	{target: "/admin/stock-locations?fields=id", by: "lower-case scheme", status: 200},
	{target: "/admin/stock-locations?fields=id", by: "secret key", status: 200},
	{target: "/admin/stock-locations?fields=id", by: "plain secret key", status: 200},
	{target: "/admin/stock-locations?fields=id", by: "unknown secret key", status: 401},
	{target: "/admin/stock-locations?fields=id", by: "secret key as a token", status: 401, says: "A secret API key was passed as a Bearer token"},
	{target: "/admin/nope", by: "nobody", status: 401, says: `{"message":"Unauthorized"}`},
	{target: "/admin/nope", status: 404, says: "Cannot GET /admin/nope"},
	{target: "/nope", by: "nobody", status: 404, says: "Cannot GET /nope"},
	{target: "/admin/users/me", by: "secret key", status: 404},
	{method: "PUT", target: "/admin/stock-locations", status: 404, says: "Cannot PUT"},
	{target: "/health", by: "nobody", status: 200, says: "OK"},
	{method: "POST", target: "/auth/user/emailpass", by: "nobody", body: `{"email":"nobody@cannahub.test","password":"x"}`, status: 401, says: "Invalid email or password"},
	{method: "POST", target: "/auth/user/emailpass", by: "nobody", body: `{"email":"nobody@cannahub.test"}`, status: 401, says: "Password should be a string"},
	{method: "POST", target: "/auth/user/emailpass", by: "nobody", body: `{"email":`, status: 400, says: "Unexpected end of JSON input"},
	{method: "POST", target: "/admin/stock-locations", by: "nobody", body: `{"name":`, status: 400},
	{method: "POST", target: "/auth/token/refresh", by: "nobody", status: 401, says: `{"message":"Unauthorized"}`},
	{method: "POST", target: "/auth/token/refresh", by: "tampered token", status: 401},

	// Size. The headers' last bytes are those too many: of a longer request
	// Medusa leaves some unread, and the reset that follows swallows its answer.
	{target: "/admin/inventory-items?fields=id&limit=300&id[]=" + longIDs("iitem_01M80ABJKCXB7RVSN1BYP8BC8G", 300), status: 200, says: `"count":0`},
	{target: "/admin/inventory-items?fields=id&id[]=" + longIDs("iitem_01M80ABJKCXB7RVSN1BYP8BC8G", 485), status: 431},
	{target: "/admin/stock-locations?fields=id", header: http.Header{"X-Long": {strings.Repeat("x", 15_900)}}, status: 431},
}

const (
	levelsOfPreroll = "/admin/inventory-items/iitem_preroll/location-levels"
	prerollAtDepot  = levelsOfPreroll + "/sloc_deposito"
)

// update is the body of a batch that updates levels of iitem_preroll.
func update(entries ...string) string {
	for i, entry := range entries {
		entries[i] = `{"inventory_item_id":"iitem_preroll",` + entry + `}`
	}
	return `{"update":[` + strings.Join(entries, ",") + `]}`
}

func post(target, body string, status int, says string) rawCall {
	return rawCall{method: http.MethodPost, target: target, body: body, status: status, says: says}
}

func (r rawCall) as(contentType ...string) rawCall {
	r.header = http.Header{"Content-Type": contentType}
	return r
}

func (r rawCall) from(by string) rawCall {
	r.by = by
	return r
}

func (r rawCall) keeping(name string) rawCall {
	r.keeps = name
	return r
}

func remove(target string, status int, says string) rawCall {
	return rawCall{method: http.MethodDelete, target: target, status: status, says: says}
}

func read(target, says string) rawCall { return rawCall{target: target, status: 200, says: says} }

// rawWrites are made in this order.
var rawWrites = slices.Concat(
	rawUpdates, rawCreates, rawDeletes, rawMixed, rawLocations, rawSets, rawLinks, rawZones, rawOptions, rawUndoing, rawReservations, rawMoves,
)

var rawUpdates = []rawCall{
	// One level.
	post(prerollAtDepot, `{"stocked_quantity":25}`, 200, `"stocked_quantity":25`),
	post(prerollAtDepot, `{"stocked_quantity":26,"incoming_quantity":1.5}`, 200, `"incoming_quantity":1.5`),
	post(prerollAtDepot+"?fields=id", `{}`, 200, `{"inventory_item":{"id":"iitem_preroll"}}`),
	post(prerollAtDepot+"?fields=location_levels.location_id,location_levels.stocked_quantity", ``, 200, ""),
	post(prerollAtDepot, `{"stocked_quantity":-1}`, 400, "Value for field 'stocked_quantity' too small, expected at least: '0'"),
	post(prerollAtDepot, `{"stocked_quantity":"5"}`, 400, "Expected type: 'number' for field 'stocked_quantity', got: '5'"),
	post(prerollAtDepot, `{"stocked_quantity":null,"incoming_quantity":true}`, 400, "got: 'null'"),
	post(prerollAtDepot, `{"stocked_quantity":[1,"a",null],"incoming_quantity":{}}`, 400, "got: '1,a,'"),
	post(prerollAtDepot, `{"stocked_quantity":1e400,"incoming_quantity":-1e400}`, 400, "got: 'Infinity'"),
	post(prerollAtDepot, `{"stocked_quantity":-1,"foo":1}`, 400, "Unrecognized fields: 'foo'"),
	post(prerollAtDepot, `{"reserved_quantity":1}`, 400, "Unrecognized fields: 'reserved_quantity'"),
	post(prerollAtDepot, `[]`, 400, "Field '' is required"),
	post(prerollAtDepot, `{"stocked_quantity":`, 400, "Unexpected end of JSON input"),
	post(prerollAtDepot+"?foo=1", `{}`, 400, "Unrecognized fields: 'foo'"),
	post(prerollAtDepot+"?foo=1", `{"bar":1}`, 400, "Unrecognized fields: 'bar'"),
	post(levelsOfPreroll+"/sloc_nope", `{"stocked_quantity":5}`, 404, "Item iitem_preroll is not stocked at location sloc_nope"),
	post("/admin/inventory-items/iitem_nope/location-levels/sloc_deposito", `{}`, 404, "Item iitem_nope is not stocked at location sloc_deposito"),
	post("/admin/inventory-items/iitem_cerrado/location-levels/sloc_cerrado?fields=id,location_levels.stocked_quantity", `{"stocked_quantity":7}`, 200, `"stocked_quantity":7`),

	// What is written without a word, or not at all.
	post(prerollAtDepot+"?fields=id", `{"stocked_quantity":99}`, 200, "").as(),
	post(prerollAtDepot+"?fields=id", `{"stocked_quantity":99}`, 200, "").as("application/vnd.api+json"),
	post(prerollAtDepot, `{"stocked_quantity":99}`, 400, "Field '' is required").as("text/plain"),
	post(prerollAtDepot, `{"stocked_quantity":99}`, 400, "Unrecognized fields").as("application/x-www-form-urlencoded"),
	post(prerollAtDepot, `{"stocked_quantity":99}`, 415, "unsupported charset").as("application/json; charset=latin1"),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":99`), 200, `"updated":[]`).as(),
	read(levelsOfPreroll, `"stocked_quantity":26`),
	post(prerollAtDepot+"?fields=id", `{"stocked_quantity":27}`, 200, "").as("application/json; charset=utf-8"),
	read(levelsOfPreroll, `"stocked_quantity":27`),

	// Who may.
	post(prerollAtDepot, `{"stocked_quantity":99}`, 401, `{"message":"Unauthorized"}`).from("nobody"),
	post(levelsBatchRoute, `{}`, 401, `{"message":"Unauthorized"}`).from("tampered token"),
	post(levelsBatchRoute, `{"foo":1}`, 401, `{"message":"Unauthorized"}`).from("nobody"),
	post(levelsBatchRoute, `{"update":`, 400, "").from("nobody").as("application/json"),
	post(levelsBatchRoute, `{}`, 200, `{"created":[],"updated":[]}`).from("plain secret key"),

	// Many levels.
	post(levelsBatchRoute, ``, 200, `{"created":[],"updated":[]}`),
	post(levelsBatchRoute, `{"update":[]}`, 200, `{"created":[],"updated":[]}`),
	post(levelsBatchRoute+"?foo=1", `{}`, 200, ""),
	post(levelsBatchRoute, `[]`, 400, "Field '' is required"),
	post(levelsBatchRoute, `{"foo":1}`, 400, "Unrecognized fields: 'foo'"),
	post(levelsBatchRoute, `{"create":"x","update":5,"delete":true,"force":"x"}`, 400, "Expected type: 'array' for field 'create', got: 'x'"),
	post(levelsBatchRoute, `{"update":null}`, 400, "got: 'null'"),
	post(levelsBatchRoute, `{"update":[{}]}`, 400, "Field 'update, 0, inventory_item_id' is required; Field 'update, 0, location_id' is required"),
	post(levelsBatchRoute, `{"update":[5]}`, 400, "Field 'update, 0' is required"),
	post(levelsBatchRoute, `{"delete":[5],"force":"x"}`, 400, "Field 'delete, 0' is required; Expected type: 'boolean' for field 'force', got: 'x'"),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":99`, `"location_id":"sloc_high_up","stocked_quantity":-1`), 400,
		"Value for field 'update, 1, stocked_quantity' too small"),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":"x","incoming_quantity":null`), 400, "Field 'update, 0, stocked_quantity' is required"),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":1e400`), 400, "Field 'update, 0, stocked_quantity' is required"),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":99`, `"location_id":"sloc_nope"`, `"location_id":"sloc_nada"`, `"location_id":"sloc_nope"`), 404,
		"Item iitem_preroll is not stocked at location sloc_nope, Item iitem_preroll is not stocked at location sloc_nada, Item iitem_preroll is not stocked at location sloc_nope"),
	read(levelsOfPreroll, `"stocked_quantity":27`),
	// available_quantity is the one from before; what is not a level's is dropped.
	post(levelsBatchRoute, update(`"location_id":"sloc_high_up","stocked_quantity":51,"reserved_quantity":3,"metadata":{"a":1}`), 200, `"available_quantity":42`),
	post(levelsBatchRoute, update(`"location_id":"sloc_high_up","stocked_quantity":3`), 200, `"stocked_quantity":3`),
	read(levelsOfPreroll, `"available_quantity":-5`),
	// The last entry for a level is the only one.
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":99`, `"location_id":"sloc_deposito","incoming_quantity":4`), 200, `"incoming_quantity":4`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":97`, `"location_id":"sloc_deposito","stocked_quantity":98`), 200, `"stocked_quantity":98`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito"`), 200, `"stocked_quantity":98`),
	// Numbers.
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":12.345`), 200, `"stocked_quantity":12.345`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":0.0001`), 200, `"stocked_quantity":0`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":1e-7`), 200, `"value":"1e-7"`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":0.0009999`), 200, `"stocked_quantity":0.0009999`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":9007199254740993`), 200, `"stocked_quantity":9007199254740992`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":1e20`), 200, `"value":"1e+20"`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":1.2345678901234568e+22`), 200, `"stocked_quantity":1.2345678901234568e+22`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":-0`), 200, `"stocked_quantity":0`),
	post(levelsBatchRoute, update(`"location_id":"sloc_deposito","stocked_quantity":1,"stocked_quantity":2`), 200, `"stocked_quantity":2`),
	// Size.
	post(levelsBatchRoute, padded(2<<20), 200, ""),
	post(levelsBatchRoute, padded(2<<20+1), 413, "request entity too large"),
	post(prerollAtDepot+"?fields=id", padded(100<<10), 200, ""),
	post(prerollAtDepot+"?fields=id", padded(100<<10+1), 413, "request entity too large"),
	// Of one item.
	post(levelsOfPreroll+"/batch", `{"update":[{"location_id":"sloc_deposito","stocked_quantity":9}]}`, 200, `"deleted":[]`),
	post(levelsOfPreroll+"/batch", `{"update":[{"location_id":"sloc_deposito","foo":9}]}`, 400, "Unrecognized fields: 'foo'"),
	post(levelsOfPreroll+"/batch", `{"update":[{"location_id":"sloc_nope","stocked_quantity":9}]}`, 404, "is not stocked at"),
	post(levelsOfPreroll+"/batch?foo=1", `{}`, 400, "Unrecognized fields: 'foo'"),
}

func padded(size int) string { return "{" + strings.Repeat(" ", size-2) + "}" }

var rawCreates = []rawCall{
	post(levelsOfPreroll, `{"location_id":"sloc_mayorista","stocked_quantity":2,"incoming_quantity":4}`, 200, "sloc_mayorista"),
	post(levelsOfPreroll, `{"location_id":"sloc_mayorista"}`, 400, "Inventory level with inventory_item_id: iitem_preroll, location_id: sloc_mayorista, already exists."),
	post(levelsOfPreroll, `{"location_id":"sloc_nope"}`, 404, "Stock locations with ids: sloc_nope was not found"),
	post(levelsOfPreroll, `{"location_id":"sloc_cerrado"}`, 404, "Stock locations with ids: sloc_cerrado was not found"),
	post(levelsOfPreroll, `{}`, 400, "Field 'location_id' is required"),
	post(levelsOfPreroll, `{"location_id":5,"foo":1}`, 400, "Expected type: 'string' for field 'location_id', got: '5'; Unrecognized fields: 'foo'"),
	post("/admin/inventory-items/iitem_nope/location-levels", `{"location_id":"sloc_mayorista"}`, 404, "You tried to set relationship inventory_item_id: iitem_nope"),
	post(levelsBatchRoute, `{"create":[{"inventory_item_id":"iitem_sin_nivel","location_id":"sloc_high_up"}]}`, 200, `"reserved_quantity":0`),
	post(levelsBatchRoute, `{"create":[{"inventory_item_id":"iitem_sin_nivel","location_id":"sloc_nope","stocked_quantity":3}]}`, 200, "sloc_nope"),
	post(levelsBatchRoute, `{"create":[{"inventory_item_id":"iitem_nope","location_id":"sloc_high_up"},{"inventory_item_id":"iitem_sin_nivel","location_id":"sloc_high_up"}]}`, 400,
		"Inventory level with inventory_item_id: iitem_sin_nivel, location_id: sloc_high_up, already exists."),
	post(levelsBatchRoute, `{"create":[{"inventory_item_id":"iitem_sin_nivel","location_id":"sloc_deposito"},{"inventory_item_id":"iitem_nope","location_id":"sloc_high_up"}]}`, 404,
		"You tried to set relationship inventory_item_id: iitem_nope, but such entity does not exist"),
	post(levelsBatchRoute, `{"create":[{"inventory_item_id":"iitem_sin_nivel","location_id":"sloc_deposito"},{"inventory_item_id":"iitem_sin_nivel","location_id":"sloc_deposito"}]}`, 400, "already exists"),
	post(levelsBatchRoute, `{"create":[{"inventory_item_id":"iitem_sin_nivel","location_id":"sloc_deposito","stocked_quantity":-1}]}`, 400, "Value for field 'create, 0, stocked_quantity' too small"),
	read("/admin/inventory-items/iitem_sin_nivel", "sloc_nope"),
}

var rawDeletes = []rawCall{
	{method: http.MethodDelete, target: levelsOfPreroll + "/sloc_mayorista", status: 400, says: "because there are stocked items at the locations. Use force flag to delete anyway."},
	{method: http.MethodDelete, target: levelsOfPreroll + "/sloc_mayorista?force=true", status: 400, says: "Unrecognized fields: 'force'"},
	{method: http.MethodDelete, target: levelsOfPreroll + "/sloc_high_up", status: 400, says: "Cannot remove Inventory Level iitem_preroll at Location sloc_high_up because there are reservations at location"},
	post(levelsOfPreroll+"/sloc_mayorista?fields=id", `{"stocked_quantity":0}`, 200, ""),
	{method: http.MethodDelete, target: levelsOfPreroll + "/sloc_mayorista", status: 200, says: `"deleted":true`},
	{method: http.MethodDelete, target: levelsOfPreroll + "/sloc_mayorista", status: 404, says: "Inventory Level for Item iitem_preroll at Location sloc_mayorista not found"},
	{method: http.MethodDelete, target: "/admin/inventory-items/iitem_nope/location-levels/sloc_nope", status: 404, says: "not found"},
	post(levelsBatchRoute, `{"delete":["ilev_nope"]}`, 200, `"deleted":["ilev_nope"]`),
	post(levelsBatchRoute, `{"delete":["ilev_preroll_high_up"],"force":true}`, 400, "Cannot remove Inventory Levels for sloc_high_up because there are reserved or incoming items at the locations"),
	post(levelsBatchRoute, `{"delete":["ilev_preroll_deposito"]}`, 400, "Cannot remove Inventory Levels for sloc_deposito because there are stocked items"),
	post(levelsBatchRoute, `{"delete":["ilev_preroll_deposito","ilev_bd_7g_deposito","ilev_bd_14g_high_up"]}`, 400, "Cannot remove Inventory Levels for sloc_high_up, sloc_deposito because"),
	post(levelsBatchRoute, `{"delete":["ilev_preroll_deposito","ilev_preroll_deposito"],"force":true}`, 200, `"deleted":["ilev_preroll_deposito","ilev_preroll_deposito"]`),
	read(levelsOfPreroll+"?order=id", `"count":1`),
	post(levelsOfPreroll+"?fields=id", `{"location_id":"sloc_deposito","stocked_quantity":6}`, 200, ""),
	post(levelsBatchRoute, `{"delete":["ilev_preroll_deposito"],"force":true}`, 200, ""),
	read(levelsOfPreroll, `"count":2`),
}

// rawMixed are batches of several kinds, which Medusa undoes by further writes.
var rawMixed = []rawCall{
	post(levelsBatchRoute, `{"create":[{"inventory_item_id":"iitem_preroll","location_id":"sloc_high_up"}],"update":[{"inventory_item_id":"iitem_preroll","location_id":"sloc_deposito","stocked_quantity":99}]}`, 400, "already exists"),
	post(levelsBatchRoute, `{"create":[{"inventory_item_id":"iitem_preroll","location_id":"sloc_mayorista"}],"update":[{"inventory_item_id":"iitem_preroll","location_id":"sloc_nope","stocked_quantity":99}]}`, 404, "is not stocked at location sloc_nope"),
	post(levelsBatchRoute, `{"update":[{"inventory_item_id":"iitem_preroll","location_id":"sloc_deposito","stocked_quantity":99}],"delete":["ilev_preroll_high_up"]}`, 400, "reserved or incoming items"),
	read(levelsOfPreroll, `"stocked_quantity":6`),
	read(levelsOfPreroll, `"count":2`),
	post(levelsBatchRoute, `{"create":[{"inventory_item_id":"iitem_preroll","location_id":"sloc_mayorista","stocked_quantity":1}],"update":[{"inventory_item_id":"iitem_preroll","location_id":"sloc_deposito","stocked_quantity":0}],"delete":["ilev_bd_7g_deposito"],"force":true}`, 200, `"deleted":["ilev_bd_7g_deposito"]`),
	read(levelsOfPreroll+"?order=location_id", `"count":3`),
}

const (
	locationsRoute = "/admin/stock-locations"
	setsRoute      = "/admin/fulfillment-sets"
	optionsRoute   = "/admin/shipping-options"
	typesRoute     = "/admin/shipping-option-types"
)

var rawLocations = []rawCall{
	post(locationsRoute, `{"name":"  Once  ","address":{"address_1":"Rivadavia 2500","country_code":"AR","company":"X SA","foo":1,"metadata":{"a":1}},"metadata":{"a":{"b":1},"e":""}}`, 200, `"name":"Once"`).keeping("sloc"),
	read(locationsRoute+"/{sloc}?fields=*address", `"company":"X SA"`),
	post(locationsRoute, `{}`, 500, "unknown_error"),
	post(locationsRoute, ``, 500, "unknown_error"),
	post(locationsRoute+"/sloc_high_up?fields=id", ``, 200, "sloc_high_up"),
	post(locationsRoute+"/sloc_high_up/sales-channels?fields=id", ``, 200, "sloc_high_up"),
	post(locationsRoute, `{"name":null}`, 500, "unknown_error"),
	post(locationsRoute, `{"name":5,"foo":1}`, 500, "unknown_error"),
	post(locationsRoute, `{"name":"x\u0000"}`, 500, "unknown_error"),
	post(locationsRoute, `[]`, 400, "Field '' is required"),
	post(locationsRoute, `{"name":"x","foo":1}`, 400, "Unrecognized fields: 'foo'"),
	post(locationsRoute+"?foo=1", `{"name":"x"}`, 400, "Unrecognized fields: 'foo'"),
	post(locationsRoute, `{"name":"x","address":{"address_1":"y"}}`, 400, "Field 'address, country_code' is required"),
	post(locationsRoute, `{"name":"x","address":{"address_1":5,"country_code":null,"city":5,"metadata":"x"}}`, 400, "Expected type: 'string' for field 'address, city', got: '5'"),
	post(locationsRoute, `{"name":"x","address":null,"metadata":[1]}`, 400, "Expected type: 'record' for field 'metadata', got: '1'"),
	post(locationsRoute, `{"name":"x","address_id":"laddr_nope"}`, 404, "You tried to set relationship address_id: laddr_nope"),
	post(locationsRoute, `{"name":"x","address_id":5}`, 400, "Expected type: 'string' for field 'address_id'"),
	post(locationsRoute, `{"name":"","metadata":null,"address_id":null}`, 200, `"address":null`).keeping("sloc bare"),
	post(locationsRoute+"?fields=id", `{"name":"`+strings.Repeat("x", 300)+`"}`, 200, "sloc_"),

	// Metadata is merged, an empty text deletes a key.
	post(locationsRoute+"/{sloc}", `{}`, 200, `"e":""`),
	post(locationsRoute+"/{sloc}", `{"name":" Once 2 ","metadata":{"a":{"c":2},"n":null}}`, 200, `"name":"Once 2"`),
	post(locationsRoute+"/{sloc}", `{"metadata":{"a":"","x":""}}`, 200, ""),
	post(locationsRoute+"/{sloc}", `{"metadata":{}}`, 200, `"n":null`),
	post(locationsRoute+"/{sloc}", `{"metadata":null}`, 200, `"metadata":null`),
	post(locationsRoute+"/{sloc}", `{"metadata":{}}`, 200, `"metadata":{}`),
	post(locationsRoute+"/{sloc}", `{"name":null}`, 500, "unknown_error"),
	post(locationsRoute+"/{sloc}", `{"address":{"city":"CABA"}}`, 400, "Field 'address, address_1' is required"),
	post(locationsRoute+"/{sloc}?fields=*address", `{"address":{"address_1":"Otra 1","country_code":"uy","company":null,"city":"Salto"}}`, 200, `"country_code":"uy"`),
	post(locationsRoute+"/{sloc}", `{"address":null}`, 400, "Expected type: 'object' for field 'address', got: 'null'"),
	post(locationsRoute+"/{sloc}", `{"address_id":null}`, 200, "Otra 1"),
	post(locationsRoute+"/{sloc}", `{"foo":1}`, 400, "Unrecognized fields: 'foo'"),
	// One without an address does not get one any more.
	post(locationsRoute+"/{sloc bare}", `{"address":{"address_1":"A","country_code":"ar"}}`, 200, `"address":null`),
	post(locationsRoute+"/sloc_nope", `{"name":"x","address":{"address_1":"A","country_code":"ar"}}`, 200, "{}"),
	post(locationsRoute+"/sloc_cerrado", `{"name":"x"}`, 200, "{}"),
	read(locationsRoute+"?order=created_at&fields=id,name,metadata,fulfillment_sets.id&created_at[$gte]=2020-01-01&id[]=sloc_high_up,{sloc},{sloc bare}", `"count":3`),
	read(locationsRoute+"?fields=id&created_at[$gte]=2099-01-01T00:00:00.000Z", `"count":0`),
	read(locationsRoute+"?fields=name&name=Once%202&created_at[$gte]=2020-01-01T02:00:00%2B02:00", `"count":1`),
	read(locationsRoute+"?fields=id&name=Once%202", `"count":1`),
	read(locationsRoute+"/{sloc}?fields=id,fulfillment_sets,sales_channels,*fulfillment_providers", `"fulfillment_providers":[]`),
}

var rawSets = []rawCall{
	post(locationsRoute+"/{sloc}/fulfillment-sets", `{"name":"Once Fulfillment","type":"pickup"}`, 200, `"country_code":"uy"`),
	post(locationsRoute+"/{sloc}/fulfillment-sets", `{"name":"Once Fulfillment","type":"shipping"}`, 400, "Fulfillment set with name: Once Fulfillment, already exists."),
	post(locationsRoute+"/sloc_mayorista/fulfillment-sets", `{"name":"Once Fulfillment","type":"shipping"}`, 400, "already exists"),
	post(locationsRoute+"/{sloc}/fulfillment-sets", `{"name":"x","type":"y","service_zones":[]}`, 400, "Unrecognized fields: 'service_zones'"),
	post(locationsRoute+"/{sloc}/fulfillment-sets", `{"name":null}`, 400, "got: 'null'; Field 'type' is required"),
	post(locationsRoute+"/{sloc}/fulfillment-sets?foo=1", `{"name":"x","type":"y"}`, 400, "Unrecognized"),
	post(locationsRoute+"/sloc_nope/fulfillment-sets", `{"name":"Orphan","type":"pickup"}`, 200, "{}"),
	post(locationsRoute+"/{sloc}/fulfillment-sets", `{"name":"Orphan","type":"pickup"}`, 400, "already exists"),
	read(locationsRoute+"/{sloc}?fields=id,fulfillment_sets.id", "fuset_").keeping("fuset"),
	post(locationsRoute+"/{sloc}/fulfillment-sets?fields=id,*fulfillment_sets", `{"name":"once fulfillment","type":"banana"}`, 200, `"banana"`).keeping("fuset other"),
	read(locationsRoute+"/{sloc}?fields=id,fulfillment_sets.name,fulfillment_sets.nope,fulfillment_sets.location.name", "once fulfillment"),
}

var rawLinks = []rawCall{
	post(locationsRoute+"/{sloc}/fulfillment-providers?fields=id,*fulfillment_providers", `{}`, 200, `"fulfillment_providers":[]`),
	post(locationsRoute+"/{sloc}/fulfillment-providers?fields=id,fulfillment_providers.id", `{"add":["nope_nope"]}`, 200, "[null]"),
	post(locationsRoute+"/{sloc}/fulfillment-providers", `{"add":["manual_manual","manual_manual"]}`, 500, "unknown_error"),
	post(locationsRoute+"/{sloc}/fulfillment-providers?fields=id,*fulfillment_providers", `{"add":["manual_manual"],"remove":["nope_nope"]}`, 200, "manual_manual"),
	post(locationsRoute+"/{sloc}/fulfillment-providers?fields=id,fulfillment_providers.id", `{"add":["manual_manual"]}`, 200, "manual_manual"),
	post(locationsRoute+"/{sloc}/fulfillment-providers", `{"add":"x","remove":[5]}`, 400, "Expected type: 'array' for field 'add', got: 'x'; Field 'remove, 0' is required"),
	post(locationsRoute+"/{sloc}/fulfillment-providers", `{"foo":1}`, 400, "Unrecognized"),
	post(locationsRoute+"/{sloc}/fulfillment-providers", `[]`, 400, "Field '' is required"),
	post(locationsRoute+"/sloc_nope/fulfillment-providers", `{"add":["manual_manual"]}`, 200, "{}"),
	read("/admin/fulfillment-providers?stock_location_id={sloc}", `"count":1`),

	post(locationsRoute+"/{sloc}/sales-channels", `{"add":["sc_cannahub","sc_cannahub"]}`, 500, "unknown_error"),
	post(locationsRoute+"/{sloc}/sales-channels?fields=id,sales_channels.id", `{"add":["sc_cannahub","sc_nope"]}`, 200, "null"),
	post(locationsRoute+"/{sloc}/sales-channels?fields=id,*sales_channels", `{"add":["sc_cannahub"],"remove":["sc_nope","sc_nope"]}`, 200, "sc_cannahub"),
	post(locationsRoute+"/{sloc}/sales-channels?fields=id,sales_channels.id", `{"add":["sc_mayorista"],"remove":["sc_mayorista"]}`, 200, "sc_cannahub"),
	post(locationsRoute+"/{sloc}/sales-channels", `{"add":null}`, 400, "Expected type: 'array' for field 'add', got: 'null'"),
	post(locationsRoute+"/sloc_nope/sales-channels", `{"add":["sc_mayorista"]}`, 200, "{}"),
	read("/admin/sales-channels/sc_mayorista?fields=id,stock_locations.id", "null"),
	post(locationsRoute+"/sloc_nope/sales-channels", `{"remove":["sc_mayorista"]}`, 200, "{}"),
	read("/admin/sales-channels/sc_mayorista?fields=id,stock_locations.id", "sloc_mayorista"),
	read(locationsRoute+"?fields=id&sales_channel_id=sc_cannahub&name=Once%202", `"count":1`),
}

var rawZones = []rawCall{
	post(setsRoute+"/{fuset}/service-zones", `{"name":"Once Zone","geo_zones":[{"type":"country","country_code":"AR","foo":1},{"type":"province","country_code":"ar","province_code":"ar-b"},`+
		`{"type":"city","country_code":"ar","province_code":"ar-b","city":"La Plata","metadata":{"a":1}},{"type":"zip","country_code":"ar","province_code":"ar-b","city":"La Plata","postal_expression":{"p":1}}]}`, 200, `"AR"`).keeping("serzo"),
	post(setsRoute+"/{fuset}/service-zones", `{"name":"Once Zone"}`, 400, "Service zone with name: Once Zone, already exists."),
	post(setsRoute+"/fuset_nope/service-zones", `{"name":"Once Zone"}`, 400, "already exists"),
	post(setsRoute+"/fuset_nope/service-zones", `{"name":"x"}`, 404, "You tried to set relationship fulfillment_set_id: fuset_nope, but such entity does not exist"),
	post(setsRoute+"/{fuset}/service-zones", `{"name":5,"geo_zones":5,"foo":1}`, 400, "Expected type: 'array' for field 'geo_zones', got: '5'; Unrecognized fields: 'foo'"),
	post(setsRoute+"/{fuset}/service-zones", `{}`, 400, "Field 'name' is required"),
	post(setsRoute+"/{fuset}/service-zones", `{"name":"x","geo_zones":[5,{},{"type":"country"}]}`, 400, "Field 'geo_zones, 0' is required; Field 'geo_zones, 1, country_code' is required; Field 'geo_zones, 2, country_code' is required"),
	post(setsRoute+"/{fuset}/service-zones", `{"name":"x","geo_zones":[{"type":"province","country_code":"ar"},{"type":"banana","country_code":"ar"},{"type":"country","country_code":"ar","metadata":5}]}`, 400,
		"Field 'geo_zones, 0, type' is required; Field 'geo_zones, 1, type' is required; Field 'geo_zones, 2, metadata' is required"),
	post(setsRoute+"/{fuset}/service-zones", `{"name":"x","geo_zones":[{"type":"zip","country_code":"ar","province_code":"b","city":"c"}]}`, 400, "Field 'geo_zones, 0, type' is required"),
	post(setsRoute+"/{fuset}/service-zones?fields=id,service_zones.id,service_zones.name", `{"name":"Once Zone 2","geo_zones":[]}`, 200, "Once Zone 2").keeping("serzo other"),
	post(setsRoute+"/{fuset}/service-zones", `{"name":"Once Zone 3"}`, 200, "Once Zone 3"),
	post(setsRoute+"/{fuset}/service-zones?foo=1", `{"name":"x"}`, 400, "Unrecognized"),
}

// option is the body that makes a shipping option, with some fields put in the
// place of its own; an empty text leaves one out.
func option(fields ...string) string {
	own := map[string]string{
		"name": `"Retiro"`, "service_zone_id": `"{serzo}"`, "shipping_profile_id": `"sp_cannahub"`, "provider_id": `"manual_manual"`,
		"price_type": `"flat"`, "type": `{"label":"Retiro","description":"En el local","code":"pickup"}`,
		"prices": `[{"currency_code":"ars","amount":0}]`,
		"rules":  `[{"attribute":"enabled_in_store","operator":"eq","value":"true"},{"attribute":"is_return","operator":"eq","value":"false"}]`,
	}
	for i := 0; i < len(fields); i += 2 {
		own[fields[i]] = fields[i+1]
	}
	var written []string
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if own[name] != "" {
			written = append(written, `"`+name+`":`+own[name])
		}
	}
	return "{" + strings.Join(written, ",") + "}"
}

var rawOptions = []rawCall{
	post(typesRoute, `{"label":"Retiro","code":"gateway-pickup"}`, 200, `"description":null`).keeping("sotype"),
	post(typesRoute, `{"label":"x"}`, 400, "Field 'code' is required"),
	post(typesRoute, `{"label":"x","code":"y","description":null,"foo":1}`, 400, "got: 'null'; Unrecognized fields: 'foo'"),
	read(typesRoute+"?code=gateway-pickup", `"count":1`),
	read(typesRoute+"?q=RETIRO&fields=label", `"count":1`),
	read(typesRoute+"/{sotype}", "gateway-pickup"),

	post(optionsRoute, option(), 200, `"code":"pickup"`).keeping("so"),
	read(optionsRoute+"/{so}?fields=type.id", "sotype_").keeping("sotype own"),
	remove(typesRoute+"/{sotype own}", 400, "Cannot delete shipping option type because some shipping options are using it."),
	post(optionsRoute+"?fields=id,*prices,type.label", option("type", "", "type_id", `"{sotype}"`, "prices", `[{"currency_code":"EUR","amount":-5.5},{"currency_code":"zzz","amount":1}]`), 200, `"eur"`).keeping("so other"),
	post(optionsRoute, option("data", `{"id":"x"}`, "metadata", `{"a":""}`, "prices", `[]`, "rules", `[{"attribute":"a","operator":"in","value":["x","y"]}]`), 200, `"prices":[]`),
	post(optionsRoute, option("rules", ""), 200, `"rules":[]`),
	post(optionsRoute, option("type_id", `"{sotype}"`), 400, "Exactly one of 'type' or 'type_id' must be provided, but not both"),
	post(optionsRoute, option("type", ""), 400, "Exactly one of"),
	post(optionsRoute, option("type", "", "type_id", `"sotype_nope"`), 404, "You tried to set relationship shipping_option_type_id: sotype_nope"),
	post(optionsRoute, option("type", `{"label":"x"}`), 400, "Field 'type, code' is required"),
	post(optionsRoute, option("type", `{"label":"x","code":"y","foo":1}`), 400, "Unrecognized fields: 'foo'"),
	post(optionsRoute, option("type", "null", "type_id", "null"), 400, "Expected type: 'object' for field 'type', got: 'null'"),
	post(optionsRoute, option("service_zone_id", `"serzo_nope"`), 400, "Providers (manual_manual) are not enabled for the service location"),
	post(optionsRoute, option("provider_id", `"nope"`), 400, "Providers (nope) are not enabled for the service location"),
	post(optionsRoute, option("shipping_profile_id", `"sp_nope"`), 404, "You tried to set relationship shipping_profile_id: sp_nope"),
	post(optionsRoute, option("price_type", `"banana"`, "foo", "1"), 400, "Expected: 'calculated, flat' for field 'price_type', but got: 'banana'; Unrecognized fields: 'foo'"),
	post(optionsRoute, option("price_type", `"calculated"`), 400, "Cannot calcuate pricing for: [Retiro] shipping option(s)."),
	post(optionsRoute, `{}`, 400, "Field 'name' is required; Field 'service_zone_id' is required; Field 'shipping_profile_id' is required"),
	post(optionsRoute, `[]`, 400, "Field '' is required"),
	post(optionsRoute, option("prices", ""), 400, "Field 'prices' is required"),
	post(optionsRoute, option("prices", `[{"currency_code":"ars"},{"amount":5},7]`), 400, "Field 'prices, 0, amount' is required; Field 'prices, 1, currency_code' is required; Field 'prices, 2' is required"),
	post(optionsRoute, option("prices", `[{"currency_code":"ars","region_id":"reg_argentina","amount":5}]`), 400, "Invalid input"),
	post(optionsRoute, option("prices", `[{"currency_code":"ars","amount":5,"foo":1}]`), 400, "Field 'prices, 0, region_id' is required"),
	post(optionsRoute, option("prices", `[{"region_id":"reg_nope","amount":5}]`), 400, "Cannot create prices for non-existent regions. Region with ids [reg_nope] were not found."),
	post(optionsRoute, option("rules", `[{"attribute":"a","operator":"eq","value":false},{"attribute":"a","operator":"banana","value":"x"},5]`), 400, "Field 'rules, 0, value' is required; Field 'rules, 1, operator' is required; Field 'rules, 2' is required"),
	post(optionsRoute, option("data", "5", "metadata", "[]"), 400, "Expected type: 'record' for field 'data', got: '5'"),
	post(optionsRoute+"?foo=1", option(), 400, "Unrecognized fields: 'foo'"),

	read(optionsRoute+"?stock_location_id={sloc}&order=id&fields=id,name,*prices,*rules,*type,service_zone.name", `"count":4`),
	read(optionsRoute+"?stock_location_id=sloc_mayorista", `"count":0`),
	read(optionsRoute+"?service_zone_id={serzo}&limit=1&order=id", `"count":4`),
	read(optionsRoute+"?shipping_option_type_id={sotype}&fields=id", `"count":1`),
	read(optionsRoute+"?q=RET&fields=id&limit=1&order=id", `"count":4`),
	read(optionsRoute+"/{so}", "sp_cannahub"),
	read(optionsRoute+"/{so}?fields=id,shipping_profile.name,service_zone.geo_zones.country_code,service_zone.fulfillment_set.location.id,rules.value,prices.amount", "sloc_"),
	read(optionsRoute+"/{so}?fields=id,type,provider,shipping_profile,service_zone,shipping_option_type_id", "manual_manual"),
	read(locationsRoute+"/{sloc}?fields=id,name,metadata,*address,*sales_channels,*fulfillment_providers,fulfillment_sets.id,fulfillment_sets.name,fulfillment_sets.type,fulfillment_sets.service_zones.id,"+
		"fulfillment_sets.service_zones.name,*fulfillment_sets.service_zones.geo_zones,fulfillment_sets.service_zones.shipping_options.id,fulfillment_sets.service_zones.shipping_options.name,"+
		"fulfillment_sets.service_zones.shipping_options.price_type,*fulfillment_sets.service_zones.shipping_options.type,*fulfillment_sets.service_zones.shipping_options.rules,"+
		"*fulfillment_sets.service_zones.shipping_options.shipping_profile,fulfillment_sets.service_zones.shipping_options.provider_id", "gateway-pickup"),
	read(locationsRoute+"/{sloc}?fields=id,*fulfillment_sets.service_zones.shipping_options", "sotype_"),
	read(locationsRoute+"/{sloc}?fields=id,fulfillment_sets.id,fulfillment_sets.service_zones.id,fulfillment_sets.service_zones.shipping_options.id,fulfillment_sets.service_zones.shipping_options.prices.amount", "price_"),
}

// rawUndoing takes down what the writes before set up, in the wrong order too.
var rawUndoing = []rawCall{
	remove(optionsRoute+"/{so other}", 200, `"object":"shipping_option"`),
	remove(optionsRoute+"/{so other}", 200, `"deleted":true`),
	remove(typesRoute+"/{sotype}", 200, `"object":"shipping_option_type"`),
	remove(typesRoute+"/sotype_nope", 200, `"deleted":true`),
	post(optionsRoute, option("type", "", "type_id", `"{sotype}"`), 200, `"type":null`),
	remove(setsRoute+"/{fuset other}/service-zones/{serzo other}", 404, "Service zone with id: {serzo other} not found on fulfillment set"),
	remove(setsRoute+"/{fuset}/service-zones/{serzo other}", 200, `"object":"service_zone"`),
	remove(setsRoute+"/{fuset}/service-zones/{serzo other}", 404, "not found on fulfillment set"),
	remove(setsRoute+"/fuset_nope/service-zones/{serzo}", 404, "FulfillmentSet with id: fuset_nope was not found"),
	post(setsRoute+"/{fuset other}/service-zones?fields=service_zones.id", `{"name":"Once Zone 2"}`, 200, "serzo_"),
	remove(setsRoute+"/{fuset other}", 200, `"object":"fulfillment_set"`),
	remove(setsRoute+"/{fuset other}", 200, `"deleted":true`),
	// A zone lands on a set that is gone, and stays.
	post(setsRoute+"/{fuset other}/service-zones", `{"name":"Late Zone"}`, 200, "{}"),
	post(setsRoute+"/{fuset other}/service-zones", `{"name":"Late Zone"}`, 400, "already exists"),
	read(locationsRoute+"/{sloc}?fields=id,fulfillment_sets.name", "Once Fulfillment"),
	post(locationsRoute+"/{sloc}/fulfillment-providers?fields=id,fulfillment_providers.id", `{"remove":["manual_manual"]}`, 200, `"fulfillment_providers":[]`),
	post(optionsRoute, option(), 400, "not enabled for the service location"),
	remove(locationsRoute+"/sloc_nope", 200, `"deleted":true`),
	remove(locationsRoute+"/{sloc}?foo=1", 200, `"object":"stock_location"`),
	remove(locationsRoute+"/{sloc}", 200, `"deleted":true`),
	read(optionsRoute, `"count":0`),
	read("/admin/fulfillment-providers?stock_location_id={sloc}", `"count":0`),
	read("/admin/sales-channels/sc_cannahub?fields=id,stock_locations.name", "Central"),
	remove(typesRoute+"/{sotype own}", 200, `"deleted":true`),
	post(locationsRoute+"/{sloc}", `{"name":"dead"}`, 200, "{}"),
	post(locationsRoute+"/{sloc}/sales-channels", `{"add":["sc_cannahub"]}`, 200, "{}"),
	remove(locationsRoute+"/{sloc}", 200, `"deleted":true`),
	read("/admin/sales-channels/sc_cannahub?fields=id,stock_locations.name", "null"),
	post(locationsRoute+"/{sloc}/sales-channels", `{"remove":["sc_cannahub"]}`, 200, "{}"),
	read("/admin/sales-channels/sc_cannahub?fields=id,stock_locations.name", "Central"),
	// Names are free again.
	post(locationsRoute+"/{sloc bare}/fulfillment-sets?fields=id,fulfillment_sets.id", `{"name":"Once Fulfillment","type":"pickup"}`, 200, "fuset_").keeping("fuset"),
	post(setsRoute+"/{fuset}/service-zones", `{"name":"Once Zone"}`, 200, "serzo_").keeping("serzo"),
	post(optionsRoute, option(), 400, "not enabled for the service location"),
	remove(locationsRoute+"/sloc_deposito", 200, `"deleted":true`),
	read("/admin/inventory-items/iitem_bd_3_5g?fields=stocked_quantity,location_levels.location_id,location_levels.stock_locations.id", `"stocked_quantity":200`),
	post("/admin/inventory-items/iitem_bd_3_5g/location-levels/sloc_deposito?fields=stocked_quantity", `{"stocked_quantity":151}`, 200, `"stocked_quantity":201`),
}

const (
	reservationsRoute = "/admin/reservations"
	levelsOfReserved  = "/admin/inventory-items/iitem_bd_3_5g?fields=reserved_quantity,location_levels.location_id,location_levels.stocked_quantity,location_levels.reserved_quantity"
)

// reserve is the body that reserves some of iitem_bd_3_5g, of which sloc_high_up
// has 50.
func reserve(rest string) string {
	return `{"inventory_item_id":"iitem_bd_3_5g","location_id":"sloc_high_up",` + rest + `}`
}

var rawReservations = []rawCall{
	post(reservationsRoute, reserve(`"quantity":2,"description":"gw:1","metadata":{"a":1,"e":""},"line_item_id":"ordli_nope"`), 200, `"reserved_quantity":2`).keeping("resitem"),
	post(reservationsRoute+"?fields=id,quantity,raw_quantity", reserve(`"quantity":0`), 200, `"quantity":0`),
	post(reservationsRoute+"?fields=id,quantity,raw_quantity", reserve(`"quantity":-3`), 200, `"quantity":-3`).keeping("resitem negative"),
	read(levelsOfReserved, `"reserved_quantity":-1`),
	post(reservationsRoute, reserve(`"quantity":0.5,"description":null,"metadata":null,"line_item_id":null`), 200, `"quantity":0.5`),
	post(reservationsRoute, reserve(`"quantity":50.6`), 400, "Not enough stock available for item iitem_bd_3_5g at location sloc_high_up"),
	post(reservationsRoute, reserve(`"quantity":2,"foo":1`), 400, "Unrecognized fields: 'foo'"),
	post(reservationsRoute, reserve(`"quantity":2,"allow_backorder":true`), 400, "Unrecognized fields: 'allow_backorder'"),
	post(reservationsRoute, reserve(`"quantity":"2"`), 400, "Expected type: 'number' for field 'quantity', got: '2'"),
	post(reservationsRoute, reserve(`"quantity":null,"description":5,"metadata":5,"line_item_id":5`), 400, "Expected type: 'string' for field 'line_item_id', got: '5'; Expected type: 'number' for field 'quantity'"),
	post(reservationsRoute, reserve(`"quantity":2,"description":"\u0000"`), 500, "unknown_error"),
	post(reservationsRoute, `{}`, 400, "Field 'location_id' is required; Field 'inventory_item_id' is required; Field 'quantity' is required"),
	post(reservationsRoute, `[]`, 400, "Field '' is required"),
	post(reservationsRoute+"?foo=1", reserve(`"quantity":2`), 400, "Unrecognized"),
	post(reservationsRoute, `{"inventory_item_id":"iitem_bd_3_5g","location_id":"sloc_mayorista","quantity":1000}`, 404, "Item iitem_bd_3_5g is not stocked at location sloc_mayorista"),
	post(reservationsRoute, `{"inventory_item_id":"iitem_nope","location_id":"sloc_high_up","quantity":1}`, 404, "Item iitem_nope is not stocked at location sloc_high_up"),
	post(reservationsRoute, `{"inventory_item_id":"iitem_cerrado","location_id":"sloc_cerrado","quantity":1}`, 200, "sloc_cerrado"),
	read(reservationsRoute+"?description=gw:1", `"count":1`),

	post(reservationsRoute+"/{resitem}", `{}`, 200, `"quantity":2`),
	post(reservationsRoute+"/{resitem}", `{"quantity":5}`, 200, `"quantity":5`),
	read(levelsOfReserved, `"reserved_quantity":2.5`),
	post(reservationsRoute+"/{resitem}", `{"quantity":1000}`, 400, "Not enough stock"),
	post(reservationsRoute+"/{resitem}", `{"quantity":-5}`, 200, `"quantity":-5`),
	post(reservationsRoute+"/{resitem}", `{"quantity":0}`, 200, `"quantity":0`),
	post(reservationsRoute+"/{resitem}", `{"quantity":4,"description":"d","metadata":{"b":2,"a":""}}`, 200, `"b":2`),
	post(reservationsRoute+"/{resitem}?fields=description,metadata", `{"description":null,"metadata":null}`, 200, `"metadata":null`),
	post(reservationsRoute+"/{resitem}?fields=metadata", `{"metadata":{"z":""}}`, 200, `"metadata":{}`),
	post(reservationsRoute+"/{resitem}", `{"quantity":null,"location_id":null,"line_item_id":"x"}`, 400, "Expected type: 'string' for field 'location_id', got: 'null'"),
	post(reservationsRoute+"/resitem_nope", `{"quantity":1}`, 400, "Reservation item with id resitem_nope not found"),
	read(levelsOfReserved, `"reserved_quantity":1.5`),
}

var rawMoves = []rawCall{
	// What moves stays reserved where it was.
	post(reservationsRoute+"/{resitem}?fields=location_id", `{"location_id":"sloc_high_up"}`, 200, "sloc_high_up"),
	post(reservationsRoute+"/{resitem}?fields=location_id,quantity", `{"location_id":"sloc_deposito"}`, 200, "sloc_deposito"),
	read(levelsOfReserved, `"reserved_quantity":5.5`),
	post(reservationsRoute+"/{resitem}?fields=location_id,quantity", `{"location_id":"sloc_high_up","quantity":1}`, 200, `"quantity":1`),
	read(levelsOfReserved, `"reserved_quantity":6.5`),
	post(reservationsRoute+"/{resitem}?fields=location_id,quantity", `{"location_id":"sloc_deposito","quantity":0}`, 200, `"quantity":0`),
	read(levelsOfReserved, `"reserved_quantity":7.5`),
	post(reservationsRoute+"/{resitem}", `{"location_id":"sloc_mayorista"}`, 404, "Item iitem_bd_3_5g is not stocked at location sloc_mayorista"),

	remove(reservationsRoute+"/{resitem}", 200, `"object":"reservation"`),
	remove(reservationsRoute+"/{resitem negative}", 200, `"deleted":true`),
	remove(reservationsRoute+"/{resitem negative}", 200, `"deleted":true`),
	remove(reservationsRoute+"/resitem_nope", 200, `"deleted":true`),
	{target: reservationsRoute + "/{resitem}", status: 404, says: "was not found"},
	post(reservationsRoute+"/{resitem}", `{"quantity":1}`, 400, "not found"),
	read(levelsOfReserved, `"reserved_quantity":10.5`),

	// The catalogue's reservations may exceed what there is, others may not: where less than nothing is left, not even a text can be changed.
	post(reservationsRoute+"/resitem_negativo?fields=quantity", `{"quantity":50}`, 200, `"quantity":50`),
	remove(reservationsRoute+"/resitem_negativo", 200, `"deleted":true`),
	read("/admin/inventory-items/iitem_negativo?fields=reserved_quantity", `"reserved_quantity":0`),
	post(reservationsRoute+"?fields=quantity", reserve(`"quantity":30`), 200, `"quantity":30`).keeping("resitem"),
	post("/admin/inventory-items/iitem_bd_3_5g/location-levels/sloc_high_up?fields=id", `{"stocked_quantity":1}`, 200, ""),
	post(reservationsRoute+"/{resitem}", `{"description":"d"}`, 400, "Not enough stock available"),
	post(reservationsRoute+"/{resitem}", `{"quantity":1}`, 400, "Not enough stock available"),
	remove(reservationsRoute+"/{resitem}", 200, `"deleted":true`),

	// A reservation whose level is gone stays.
	post("/admin/inventory-items/iitem_bd_3_5g/location-levels?fields=id", `{"location_id":"sloc_mayorista"}`, 200, ""),
	post(reservationsRoute+"?fields=quantity", `{"inventory_item_id":"iitem_bd_3_5g","location_id":"sloc_mayorista","quantity":0}`, 200, "").keeping("resitem"),
	remove("/admin/inventory-items/iitem_bd_3_5g/location-levels/sloc_mayorista?fields=id", 200, ""),
	remove(reservationsRoute+"/{resitem}", 404, "Item iitem_bd_3_5g is not stocked at location sloc_mayorista"),
	read(reservationsRoute+"/{resitem}?fields=id", "resitem_"),
}

func (r rawCall) name() string {
	name := strings.TrimSpace(r.method + " " + r.target[:min(len(r.target), 90)])
	if r.by != "" {
		name += " by " + r.by
	}
	return name
}

// answer is what of an answer two Medusas have in common.
type answer struct {
	Status int
	Type   string
	Body   any
	raw    string
	etag   string
}

func (s shop) ask(tb testing.TB, client *http.Client, token string, call rawCall) answer {
	tb.Helper()
	method := cmp.Or(call.method, http.MethodGet)
	request, err := http.NewRequestWithContext(tb.Context(), method, s.url, strings.NewReader(call.body))
	require.NoError(tb, err)
	path, query, _ := strings.Cut(call.target, "?")
	request.URL.RawPath, request.URL.RawQuery = path, query
	request.URL.Path, err = url.PathUnescape(path)
	require.NoError(tb, err)
	maps.Copy(request.Header, call.header)
	if _, set := call.header["Content-Type"]; !set {
		request.Header.Set("Content-Type", "application/json")
	}
	if authorization := s.authorization(call.by, token); authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := client.Do(request)
	require.NoError(tb, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(tb, err)
	got := answer{Status: response.StatusCode, Type: response.Header.Get("Content-Type"), Body: string(body), raw: string(body), etag: response.Header.Get("ETag")}
	if strings.HasPrefix(got.Type, "application/json") {
		decoder := json.NewDecoder(strings.NewReader(got.raw))
		decoder.UseNumber()
		var value any
		require.NoError(tb, decoder.Decode(&value), "%s", body)
		got.Body = likened(value, "")
	}
	return got
}

var madeID = regexp.MustCompile(`\b((?:apk|laddr|price|prule|pset)_)\w+|` +
	`\b((?:ilev|sloc|fuset|serzo|fgz|so|sotype|sorul|resitem)_)[0-9A-HJKMNP-TV-Z]{26}\b`)

// likened takes from a JSON value what no two Medusas share: times, the ids
// that Medusa makes, the order of levels, and the options of products, which
// the catalogue does not have.
func likened(value any, key string) any {
	switch v := value.(type) {
	case map[string]any:
		delete(v, "options")
		for name, inner := range v {
			v[name] = likened(inner, name)
		}
	case []any:
		for i, inner := range v {
			v[i] = likened(inner, key)
		}
		if key == "location_levels" || key == "updated" || key == "created" {
			slices.SortFunc(v, func(a, b any) int { return cmp.Compare(levelKey(a), levelKey(b)) })
		}
	case string:
		if strings.HasSuffix(key, "_at") {
			return "a time"
		}
		return madeID.ReplaceAllString(v, "$1$2*")
	}
	return value
}

func levelKey(level any) string {
	fields, _ := level.(map[string]any)
	item, _ := fields["inventory_item_id"].(string)
	location, _ := fields["location_id"].(string)
	return item + location
}

// TestWhatBreaksNaiveClients holds both Medusas to the traps that this client
// is made around: when one goes, its detour can go too.
func TestWhatBreaksNaiveClients(t *testing.T) {
	for _, at := range shops {
		t.Run(at.name, func(t *testing.T) {
			shop, client := at.open(t), plainHTTP(t)
			token := shop.login(t, client)
			for _, call := range rawCalls {
				t.Run(call.name(), func(t *testing.T) {
					got := shop.ask(t, client, token, call)
					assert.Equal(t, call.status, got.Status, "%.500s", got.raw)
					assert.Contains(t, got.raw, call.says)
				})
			}
		})
	}
}

// TestWritesThatBreakNaiveClients sends the same writes, one after the other, to
// both Medusas and compares all that they say.
func TestWritesThatBreakNaiveClients(t *testing.T) {
	client := plainHTTP(t)
	memory := shops[0].open(t)
	memoryToken := memory.login(t, client)
	t.Run("in memory", func(t *testing.T) {
		ids := made{}
		for _, call := range rawWrites {
			call = ids.in(call)
			got := memory.ask(t, client, memoryToken, call)
			ids.keep(t, call, got.raw)
			assert.Equal(t, call.status, got.Status, "%s %s: %.500s", call.name(), call.body, got.raw)
			assert.Contains(t, got.raw, call.says, "%s %s", call.name(), call.body)
		}
	})
	t.Run("as the real one", func(t *testing.T) {
		real := shops[1].open(t)
		realToken := real.login(t, client)
		memory.reset(t)
		t.Cleanup(func() { real.reset(t) })
		realIDs, memoryIDs := made{}, made{}
		for _, call := range rawWrites {
			want, got := real.ask(t, client, realToken, realIDs.in(call)), memory.ask(t, client, memoryToken, memoryIDs.in(call))
			assert.Contains(t, want.raw, realIDs.in(call).says, "%s %s", call.name(), call.body)
			realIDs.keep(t, call, want.raw)
			memoryIDs.keep(t, call, got.raw)
			want.raw, got.raw, want.etag, got.etag = "", "", "", ""
			assert.Equal(t, want, got, "%s %s: expected is the real Medusa's answer, actual the one in memory", call.name(), call.body)
		}
	})
}

// TestInMemoryMedusaIsLikeTheRealOne sends the same requests to both.
func TestInMemoryMedusaIsLikeTheRealOne(t *testing.T) {
	client := plainHTTP(t)
	memory, real := shops[0].open(t), shops[1].open(t)
	memoryToken, realToken := memory.login(t, client), real.login(t, client)
	for _, call := range rawCalls {
		t.Run(call.name(), func(t *testing.T) {
			want, got := real.ask(t, client, realToken, call), memory.ask(t, client, memoryToken, call)
			want.raw, got.raw, want.etag, got.etag = "", "", "", ""
			assert.Equal(t, want, got, "%s: expected is the real Medusa's answer, actual the one in memory", call.target)
		})
	}
}

func (s shop) login(tb testing.TB, client *http.Client) string {
	tb.Helper()
	body, err := json.Marshal(map[string]string{"email": s.email, "password": s.password})
	require.NoError(tb, err)
	got := s.ask(tb, client, "", rawCall{method: "POST", target: "/auth/user/emailpass", by: "nobody", body: string(body), status: 200})
	require.Equal(tb, http.StatusOK, got.Status, got.raw)
	var answer tokenAnswer
	require.NoError(tb, json.Unmarshal([]byte(got.raw), &answer))
	return answer.Token
}

// TestAnAnswerThatIsKnownIsNotSentAgain: Medusa compares ETags, after all the
// work.
func TestAnAnswerThatIsKnownIsNotSentAgain(t *testing.T) {
	for _, at := range shops {
		t.Run(at.name, func(t *testing.T) {
			shop, client := at.open(t), plainHTTP(t)
			token := shop.login(t, client)
			known := rawCall{target: "/admin/stores?fields=id", header: http.Header{}}
			etag := shop.ask(t, client, token, known).etag
			require.True(t, strings.HasPrefix(etag, `W/"`), etag)
			known.header.Set("If-None-Match", etag)
			again := shop.ask(t, client, token, known)
			assert.Equal(t, http.StatusNotModified, again.Status)
			assert.Empty(t, again.raw)
			known.header.Set("If-None-Match", `W/"2-other"`)
			assert.Equal(t, http.StatusOK, shop.ask(t, client, token, known).Status)
		})
	}
}
