package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// spellings are ways to ask for levels, or for what there is, as fields of something
// that leads to variants by a path, those that differ most first.
func spellings(variants string) []string {
	list := []string{
		"*variants.inventory_items.inventory.location_levels",
		"*variants.inventory_items,*variants.inventory_items.inventory,*variants.inventory_items.inventory.location_levels",
		"%2Bvariants.inventory_quantity",
		"%2Avariants.inventory_items.inventory.location_levels",
		"*variants%2einventory_items%2Einventory.location_levels",
		"*variants.%69nventory_items.inventory.location_levels",
		"variants.inventory_items.inventory.location_levels.*",
		"%2Bvariants.inventory_items.inventory.location_levels",
		"+variants.inventory_items.inventory.location_levels",
		"id,*variants.inventory_items.inventory.location_levels",
		"variants.inventory_items.inventory.location_levels.stocked_quantity",
		"*variants.inventory_items.inventory",
		"-variants,*variants.inventory_items.inventory.location_levels",
		"*variants.inventory_items.inventory.reservations,*variants.inventory_items.inventory.location_levels.stock_locations",
	}
	for i, fields := range list {
		list[i] = strings.ReplaceAll(fields, "variants.", variants)
	}
	return list
}

// outside is what shoppers are never told: the numbers that mark the stock at the
// wholesale location, also when others are added to them, and its id.
var outside = regexp.MustCompile(`\b(7777|4444|3333|8888)\d{3}\b|sloc_mayorista`)

// markWholesale gives the wholesale location a stock of a retail item that can be
// told from all others: 7,777,000, of which 4,444,000 are reserved and 3,333,000 are
// not, and 8,888,000 to come.
func (s *realShop) markWholesale(t *testing.T) place {
	t.Helper()
	foreign := place{"iitem_bd_7g", "sloc_mayorista"}
	s.must(t, http.MethodPost, "/admin/inventory-items/"+foreign.item+"/location-levels",
		map[string]any{"location_id": foreign.location, "stocked_quantity": 7_777_000, "incoming_quantity": 8_888_000})
	s.must(t, http.MethodPost, "/admin/reservations", map[string]any{"inventory_item_id": foreign.item, "location_id": foreign.location, "quantity": 4_444_000})
	return foreign
}

// sorted files a product under everything that shows products, and returns where
// that is shown.
func (s *realShop) sorted(t *testing.T, product string) (paths []string) {
	t.Helper()
	category := s.made(t, "product_category", "/admin/product-categories", map[string]any{"name": "Flores", "is_active": true})
	kind := s.made(t, "product_type", "/admin/product-types", map[string]any{"value": "Flor"})
	tag := s.made(t, "product_tag", "/admin/product-tags", map[string]any{"value": "Indica"})
	collection := s.made(t, "collection", "/admin/collections", map[string]any{"title": "Otoño"})
	s.must(t, http.MethodPost, "/admin/products/"+product, map[string]any{
		"categories": []any{map[string]any{"id": category}}, "tags": []any{map[string]any{"id": tag}}, "type_id": kind, "collection_id": collection,
	})
	return []string{
		"/store/product-categories", "/store/product-categories/" + category, "/store/product-types", "/store/product-types/" + kind,
		"/store/product-tags", "/store/product-tags/" + tag, "/store/collections", "/store/collections/" + collection,
	}
}

func TestRealMedusaShowsShoppersNoStockOutsideTheirChannels(t *testing.T) {
	s := newRealShop(t)
	s.sells(t)
	order, _ := s.buy(t, "variant_bd_7g")
	foreign := s.markWholesale(t)
	t.Run("in the fields of any route", func(t *testing.T) { askForAllFields(t, s, order) })
	t.Run("as what there is", func(t *testing.T) { askWhatThereIs(t, s) })
	t.Run("as it changes", func(t *testing.T) { followBothChannels(t, s, foreign) })
	t.Run("but with a key of both channels", func(t *testing.T) { openBothChannels(t, s, foreign) })
}

func askForAllFields(t *testing.T, s *realShop, order string) {
	t.Helper()
	ana := shopper{s.program, s.medusa.PublishableKey}
	cart := ana.cart(t)
	line := cart + "/line-items/" + gjson.Get(ana.try(t, http.MethodPost, cart+"/line-items", toAdd("variant_bd_7g", 1)).text, "cart.items.0.id").String()
	type route struct{ method, path, body, variants string }
	get := func(path, variants string) route { return route{http.MethodGet, path, "", variants} }
	routes := []route{ // the first are asked in every spelling
		get("/store/products?id=prod_blue_dream&fields=", "variants."), get("/store/products/prod_blue_dream?fields=", "variants."),
		get(cart+"?fields=", "items.variant."), get("/store/orders/"+order+"?fields=", "items.variant."),
		get("/store/products/prod_blue_dream/?fields=", "variants."), get("/store/Products/prod_blue_dream?fields=", "variants."),
		get("/store/products/prod_blue_dream?x=%zz&fields=", "variants."), get("/store/products/prod_blue_dream?fields[]=", "variants."),
		get("/store/products/prod_blue_dream?%66ields=", "variants."),
		get("/store/product-variants?id=variant_bd_7g&fields=", ""), get("/store/product-variants/variant_bd_7g?fields=", ""),
		get("/store/product-variants/variant_bd_7g?fields=", "product.variants."), get(cart+"?fields=", "items.product.variants."),
		{http.MethodPost, cart + "?fields=", "{}", "items.variant."},
		{http.MethodPost, "/store/carts?fields=", `{"region_id":"reg_argentina","items":[` + toAdd("variant_bd_7g", 1) + `]}`, "items.variant."},
		{http.MethodPost, line + "?fields=", `{"quantity":1}`, "items.variant."},
		get("/store/shipping-options?cart_id="+strings.TrimPrefix(cart, "/store/carts/")+"&fields=", "service_zone.fulfillment_set.location."),
	}
	for _, path := range s.sorted(t, "prod_blue_dream") {
		routes = append(routes, get(path+"?fields=", "products.variants."))
	}
	leaks := 0
	for r, asked := range routes {
		asking := spellings(asked.variants)
		if r >= 3 {
			asking = asking[:3]
		}
		for i, fields := range asking {
			name := asked.method + " " + asked.path + fields
			answer := s.shopper(t, asked.method, asked.path+fields, asked.body)
			require.NotRegexp(t, outside, answer.text, name)
			if asked.method == http.MethodPost {
				require.Equal(t, http.StatusOK, answer.status, "%s: %s", name, answer.text)
				continue
			}
			straight := s.sendWithKey(t, s.medusa.URL, s.medusa.PublishableKey, asked.method, asked.path+fields, "")
			require.Equal(t, straight.status, answer.status, "%s: %s", name, answer.text)
			if outside.MatchString(straight.text) {
				leaks++
			}
			if i == 0 {
				require.Equal(t, answer.header.Get("Etag"), s.shopper(t, http.MethodHead, asked.path+fields, "").header.Get("Etag"), "HEAD tells of another answer: %s", name)
			}
		}
	}
	require.Positive(t, leaks, "Medusa leaks no more: the filter is not needed")
	wholesale := s.sendWithKey(t, s.url, s.medusa.WholesalePublishableKey, http.MethodGet, "/store/products?fields=*variants.inventory_items.inventory.location_levels", "")
	require.NotContains(t, wholesale.text, "sloc_high_up")
}

// available is what there is at all locations of an answer together.
func available(answer string) (sum int64) {
	for _, level := range gjson.Get(answer, "availability").Array() {
		sum += level.Get("available_quantity").Int()
	}
	return sum
}

// askWhatThereIs asks how much there is, of the gateway and of Medusa through it.
func askWhatThereIs(t *testing.T, s *realShop) {
	t.Helper()
	const item = `{"items":[{"inventoryItemId":"iitem_bd_7g","requiredQuantity":300`
	for _, asked := range []struct {
		method, path, body string
		status             int
	}{
		{http.MethodGet, "/store/products/prod_blue_dream", "", 200},
		{http.MethodGet, "/store/products/prod_blue_dream?sales_channel_id=sc_mayorista", "", 400},
		{http.MethodGet, "/store/products/prod_blue_dream?fields=%2Bvariants.inventory_quantity&sales_channel_id=sc_mayorista", "", 400},
		{http.MethodGet, "/store/products?fields=%2Bvariants.inventory_quantity&sales_channel_id[]=sc_mayorista", "", 400},
		{http.MethodGet, "/store/product-variants/variant_bd_7g?fields=inventory_quantity&sales_channel_id=sc_mayorista", "", 400},
		{http.MethodPost, "/store/carts", `{"region_id":"reg_argentina","sales_channel_id":"sc_mayorista"}`, 400},
		{http.MethodPost, storeAvailability, guideRows("iitem_bd_7g"), 200},
		{http.MethodPost, storeAvailability, `{"items":[{"inventory_item_id":"iitem_bd_7g","required_quantity":300,"location_id":"sloc_mayorista"}]}`, 200},
		{http.MethodPost, storeAvailability, strings.Replace(guideRows("iitem_bd_7g"), "]}", `],"sales_channel_id":"sc_mayorista"}`, 1), 403},
		{http.MethodPost, "/api/inventory/availability", item + `}]}`, 200},
		{http.MethodPost, "/api/inventory/availability", `{"items":[{"sku":"BD-7G-001","requiredQuantity":1},{"variantId":"variant_bd_7g","requiredQuantity":1}]}`, 200},
		{http.MethodPost, "/api/inventory/availability", item + `,"locationId":"sloc_mayorista"}]}`, 200},
		{http.MethodPost, "/api/inventory/availability", item + `}],"salesChannelId":"sc_mayorista"}`, 403},
		{http.MethodPost, "/api/inventory/availability", item + `}],"explain":true}`, 403},
		{http.MethodPost, "/api/cart/validate", `{"items":[{"variantId":"variant_bd_7g","quantity":300}]}`, 200},
	} {
		name := asked.method + " " + asked.path + " " + asked.body
		answer := s.shopper(t, asked.method, asked.path, asked.body)
		require.Equal(t, asked.status, answer.status, "%s: %s", name, answer.text)
		if asked.status == http.StatusOK {
			require.NotRegexp(t, outside, answer.text, name)
		}
		require.False(t, gjson.Get(answer.text, "isValid").Bool(), "%s: %s", name, answer.text)
	}
	medusas := s.shopper(t, http.MethodGet, "/store/product-variants/variant_bd_7g?fields=inventory_quantity", "")
	ours := s.shopper(t, http.MethodPost, storeAvailability, guideRows("iitem_bd_7g"))
	require.Equal(t, available(ours.text), gjson.Get(medusas.text, "variant.inventory_quantity").Int(), "what Medusa counts itself: %s", medusas.text)
}

// followBothChannels has somebody of either channel follow one item.
func followBothChannels(t *testing.T, s *realShop, foreign place) {
	t.Helper()
	wholesale, retail := s.follow(t, s.medusa.WholesalePublishableKey, foreign.item), s.follow(t, s.medusa.PublishableKey, foreign.item)
	streamed := s.stream(t, s.medusa.PublishableKey, "", foreign.item)
	named := s.connect(t, s.medusa.PublishableKey)
	named.say(t, `{"type":"subscribe","entity":"inventory_level","filters":{"inventory_item_id":"iitem_bd_7g","location_id":["sloc_mayorista","sloc_high_up"]}}`)
	require.Equal(t, "subscribed", named.hear(t).Get("type").String())
	for _, where := range []place{foreign, {foreign.item, "sloc_high_up"}} {
		changed := s.send(t, http.MethodPost, s.token, adjustments, adjustment(where, 1))
		require.Equal(t, http.StatusOK, changed.status, changed.text)
	}
	require.Equal(t, "iitem_bd_7g 7777001 4444000", wholesale.hearLevel(t))
	for told, who := range map[string]string{retail.hear(t).Raw: "over a WebSocket", named.hear(t).Raw: "of locations named", streamed.hear(t).Raw: "by server-sent events"} {
		require.NotRegexp(t, outside, told, who)
		require.Equal(t, "iitem_bd_7g at sloc_high_up 51 5", quantities(change(gjson.Parse(told))), who)
	}
}

// openBothChannels asks with a key that has both channels.
func openBothChannels(t *testing.T, s *realShop, foreign place) {
	t.Helper()
	id := s.made(t, "api_key", "/admin/api-keys", map[string]any{"title": "Both", "type": "publishable"})
	key := gjson.GetBytes(s.must(t, http.MethodPost, "/admin/api-keys/"+id+"/sales-channels", map[string]any{"add": []string{"sc_cannahub", "sc_mayorista"}}), "api_key.token").String()
	retail := available(s.shopper(t, http.MethodPost, storeAvailability, guideRows(foreign.item)).text)
	both := s.sendAsShopper(t, key, storeAvailability, guideRows(foreign.item)).text
	wholesale := available(s.sendAsShopper(t, s.medusa.WholesalePublishableKey, storeAvailability, guideRows(foreign.item)).text)
	require.Greater(t, wholesale, int64(3_000_000))
	require.Equal(t, retail+wholesale, available(both), "the sum of both channels: %s", both)
	one := strings.Replace(guideRows(foreign.item), "]}", `],"sales_channel_id":"sc_cannahub"}`, 1)
	require.Equal(t, retail, available(s.sendAsShopper(t, key, storeAvailability, one).text), "one of both channels")

	product := s.sendWithKey(t, s.url, key, http.MethodGet, "/store/products/prod_blue_dream", "")
	levels := gjson.Get(product.text, `product.variants.#(id="variant_bd_7g").inventory_items.0.inventory.location_levels`)
	require.Len(t, levels.Array(), 3, product.text)
	require.GreaterOrEqual(t, levels.Get(`#(location_id="sloc_mayorista").stocked_quantity`).Int(), int64(7_777_000), levels.Raw)
	cart := s.sendAsShopper(t, key, "/api/cart/validate", `{"items":[{"variantId":"variant_bd_7g","quantity":300}]}`)
	require.Equal(t, `true ["sloc_mayorista"]`, fmt.Sprint(gjson.Get(cart.text, "isValid"), " ", gjson.Get(cart.text, "fulfillableFrom").Raw), cart.text)
}
