package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// shopper asks as a shopper of a publishable key does.
func (s *realShop) shopper(t *testing.T, method, path, body string) reply {
	t.Helper()
	return s.sendWithKey(t, s.url, s.medusa.PublishableKey, method, path, body)
}

func (s *realShop) sendWithKey(t *testing.T, base, key, method, path, body string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-Publishable-Api-Key", key)
	request.Header.Set("Content-Type", "application/json")
	return s.read(t, request)
}

// buy makes an order of one unit of a variant and returns it with its line.
func (s *realShop) buy(t *testing.T, variant string) (order, line string) {
	t.Helper()
	who := shopper{s.program, s.medusa.PublishableKey}
	cart := who.cart(t)
	who.must(t, http.MethodPost, cart+"/line-items", toAdd(variant, 1), "cart.id")
	who.checkOut(t, cart)
	order = who.must(t, http.MethodPost, cart+"/complete", "", "order.id")
	line = gjson.GetBytes(s.must(t, http.MethodGet, "/admin/orders/"+order+"?fields=id,items.id", nil), "order.items.0.id").String()
	require.NotEmpty(t, line)
	return order, line
}

// sells gives the shop a place that ships to the shopper's country.
func (s *realShop) sells(t *testing.T) {
	t.Helper()
	answer := s.send(t, http.MethodPost, s.token, setups, setupOf("Envíos", false, true))
	require.Equal(t, http.StatusCreated, answer.status, answer.text)
}

func TestRealMedusaFulfilsOrdersWhileStockChanges(t *testing.T) {
	const orders, changes = 6, 50
	s := newRealShop(t)
	s.sells(t)
	where := place{"iitem_bd_7g", "sloc_high_up"}
	s.stock(t, 0, place{"iitem_bd_7g", "sloc_deposito"}) // so that all is reserved at one
	s.stock(t, 100, where)
	bought := make([][2]string, orders)
	for i := range bought {
		bought[i][0], bought[i][1] = s.buy(t, "variant_bd_7g")
	}
	require.Equal(t, json.Number("100"), s.stockedAt(t, where), "what is sold is reserved, not taken")

	var both sync.WaitGroup
	both.Go(func() {
		assert.Equal(t, map[int]int{http.StatusOK: changes}, together(t, changes, func(int) (reply, error) {
			return s.trySend(http.MethodPost, s.token, adjustments, adjustment(where, 2))
		}))
	})
	both.Go(func() {
		assert.Equal(t, map[int]int{http.StatusOK: orders}, together(t, orders, func(i int) (reply, error) {
			return s.trySend(http.MethodPost, s.token, "/admin/orders/"+bought[i][0]+"/fulfillments/",
				fmt.Sprintf(`{"location_id":"sloc_high_up","items":[{"id":%q,"quantity":1}]}`, bought[i][1]))
		}))
	})
	both.Wait()

	require.Equal(t, json.Number(fmt.Sprint(100+2*changes-orders)), s.stockedAt(t, where))
	item := s.ask(t, "/api/inventory/iitem_bd_7g")["item"].(map[string]any)
	require.InDelta(t, 100+2*changes-orders, item["stockedQuantity"], 0, "an answer from before a fulfillment is held")
}

func TestRealMedusasAnswersComeBackAsTheyAre(t *testing.T) {
	s := newRealShop(t)
	for _, asked := range []struct{ method, path, body string }{
		{http.MethodGet, "/store/products?limit=2", ""},
		{http.MethodGet, "/store/products?limit=abc", ""},
		{http.MethodGet, "/store/nope", ""},
		{http.MethodGet, "/store/products/prod_nope", ""},
		{http.MethodPost, "/auth/user/emailpass", `{"email":"a@b.c","password":"no"}`},
		{http.MethodPost, "/auth/user/emailpass", `{`},
		{http.MethodGet, "/admin/orders", ""},
		{http.MethodPost, "/store/carts", `{"region_id":"` + strings.Repeat("x", 110<<10) + `"}`},
		{http.MethodGet, "/store/products?x=" + strings.Repeat("x", 14<<10), ""},
	} {
		through := s.shopper(t, asked.method, asked.path, asked.body)
		straight := s.sendWithKey(t, s.medusa.URL, s.medusa.PublishableKey, asked.method, asked.path, asked.body)
		name := fmt.Sprintf("%s %.60s", asked.method, asked.path)
		assert.Equal(t, straight.status, through.status, name)
		assert.Equal(t, straight.text, through.text, name)
		for _, header := range []string{"Content-Type", "Etag", "X-Powered-By", "Set-Cookie"} {
			assert.Equal(t, straight.header.Values(header), through.header.Values(header), "%s: %s", name, header)
		}
	}
	token := gjson.Get(s.shopper(t, http.MethodPost, "/auth/user/emailpass", fmt.Sprintf(`{"email":%q,"password":%q}`, s.medusa.Email, s.medusa.Password)).text, "token")
	require.Equal(t, http.StatusOK, s.get(t, token.String(), "/admin/orders").status, "the token of a login through the gateway")
}

// spellings are ways to ask for levels, as fields of a product and of its variant.
var spellings = []string{
	"*variants.inventory_items.inventory.location_levels",
	"%2Avariants.inventory_items.inventory.location_levels",
	"*variants%2einventory_items%2Einventory.location_levels",
	"*variants.%69nventory_items.inventory.location_levels",
	"variants.inventory_items.inventory.location_levels.*",
	"%2Bvariants.inventory_items.inventory.location_levels",
	"+variants.inventory_items.inventory.location_levels",
	"id,*variants.inventory_items.inventory.location_levels",
	"variants.inventory_items.inventory.location_levels.stocked_quantity",
	"*variants.inventory_items,*variants.inventory_items.inventory,*variants.inventory_items.inventory.location_levels",
	"*variants.inventory_items.inventory",
	"-variants,*variants.inventory_items.inventory.location_levels",
}

func TestRealMedusaShowsShoppersNoStockOutsideTheirChannels(t *testing.T) {
	s := newRealShop(t)
	s.must(t, http.MethodPost, "/admin/inventory-items/iitem_bd_7g/location-levels", map[string]any{"location_id": "sloc_mayorista", "stocked_quantity": 7777})
	leaks := 0
	for _, path := range []string{
		"/store/products?id=prod_blue_dream&fields=", "/store/products/prod_blue_dream?fields=", "/store/products/prod_blue_dream/?fields=",
		"/store/Products/prod_blue_dream?fields=", "/store/products/prod_blue_dream?x=%zz&fields=", "/store/collections?fields=", "/store/product-tags?fields=",
		"/store/product-variants/variant_bd_7g?fields=", "/store/products/prod_blue_dream?fields[]=", "/store/products/prod_blue_dream?%66ields=",
	} {
		for _, fields := range spellings {
			straight := s.sendWithKey(t, s.medusa.URL, s.medusa.PublishableKey, http.MethodGet, path+fields, "")
			if strings.Contains(straight.text, "7777") {
				leaks++
			}
			answer := s.shopper(t, http.MethodGet, path+fields, "")
			require.Equal(t, straight.status, answer.status, "%s%s: %s", path, fields, answer.text)
			require.NotContains(t, answer.text, "7777", "%s%s", path, fields)
			require.NotContains(t, answer.text, "sloc_mayorista", "%s%s", path, fields)
			head := s.shopper(t, http.MethodHead, path+fields, "")
			require.Equal(t, answer.header.Get("Etag"), head.header.Get("Etag"), "HEAD tells of another answer: %s%s", path, fields)
		}
	}
	require.Positive(t, leaks, "Medusa leaks no more: the filter is not needed")

	wholesale := s.sendWithKey(t, s.url, s.medusa.WholesalePublishableKey, http.MethodGet, "/store/products?fields=*variants.inventory_items.inventory.location_levels", "")
	require.NotContains(t, wholesale.text, "sloc_high_up")
}

func TestRealMedusaGivesProductsTheGuidesShape(t *testing.T) {
	s := newRealShop(t)
	answer := s.shopper(t, http.MethodGet, "/store/products/prod_blue_dream", "")
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	plain := s.sendWithKey(t, s.medusa.URL, s.medusa.PublishableKey, http.MethodGet, "/store/products/prod_blue_dream", "")
	for name := range gjson.Get(plain.text, "product").Map() {
		require.True(t, gjson.Get(answer.text, "product."+name).Exists(), "%s is gone", name)
	}
	levels := gjson.Get(answer.text, `product.variants.#(id="variant_bd_7g").inventory_items.0.inventory.location_levels`)
	require.Len(t, levels.Array(), 2, answer.text)
	high := levels.Get(`#(location_id="sloc_high_up")`)
	require.Equal(t, "50 5 45", fmt.Sprint(high.Get("stocked_quantity"), high.Get("reserved_quantity"), high.Get("available_quantity")))
	require.Equal(t, "1", gjson.Get(answer.text, `product.variants.0.inventory_items.0.required_quantity`).String())

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/store/products/prod_blue_dream", nil)
	require.NoError(t, err)
	request.Header.Set("X-Publishable-Api-Key", s.medusa.PublishableKey)
	request.Header.Set("If-None-Match", answer.header.Get("Etag"))
	require.Equal(t, http.StatusNotModified, s.read(t, request).status)

	priced := s.shopper(t, http.MethodGet, "/store/products/prod_blue_dream?fields=title,handle", "")
	require.JSONEq(t, `{"product":{"id":"prod_blue_dream","title":"Blue Dream Indoor","handle":"blue-dream-indoor"}}`, strings.Replace(priced.text, `,"categories":[]`, "", 1))
}

func TestRealMedusaTakesTheWordsOfMedusa1(t *testing.T) {
	s := newRealShop(t)
	item := s.ask(t, "/admin/inventory-items/iitem_bd_7g?expand=location_levels")
	require.Equal(t, "BD-7G-001", item["sku"])
	available := 0.0
	for _, level := range item["location_levels"].([]any) {
		available += level.(map[string]any)["available_quantity"].(float64)
	}
	require.InDelta(t, 245, available, 0, "the guide's sum")
	require.Len(t, s.ask(t, "/admin/inventory-items/iitem_bd_7g?expand=location_levels&location_id=sloc_high_up")["location_levels"], 1)
	named := first(t, s.ask(t, "/admin/inventory-items/iitem_bd_7g?expand=locations")["location_levels"])
	requireKeys(t, first(t, named["stock_locations"]), "name")
	all := s.ask(t, "/admin/inventory-items?limit=1&location_id=sloc_mayorista&expand=levels")
	require.InDelta(t, gjson.GetBytes(s.must(t, http.MethodGet, "/admin/inventory-items?limit=1&location_levels[location_id]=sloc_mayorista", nil), "count").Float(), all["count"], 0)
}

func TestRealMedusaServesItsOwnSDKThroughTheGateway(t *testing.T) {
	s := newRealShop(t)
	s.sells(t)
	project := filepath.Join(filepath.Dir(s.medusa.Log), "project")
	script, err := filepath.Abs(filepath.Join("testdata", "shopper.cjs"))
	require.NoError(t, err)
	said, err := exec.CommandContext(context.WithoutCancel(t.Context()), "node", script, project, s.url, s.medusa.PublishableKey, s.medusa.Email, s.medusa.Password).CombinedOutput()
	require.NoError(t, err, "%s", said)
	seen := gjson.ParseBytes(said)
	require.EqualValues(t, 2, seen.Get("products").Int(), "%s", said)
	require.NotEmpty(t, seen.Get(`product.variants.0.inventory_items.0.inventory.location_levels`).Array())
	require.Equal(t, "Some variant does not have the required inventory", seen.Get("refused").String(), "Medusa's own words")
	require.Equal(t, "order", seen.Get("type").String())
	require.NotEmpty(t, seen.Get("order").String())
	require.Equal(t, seen.Get("order").String(), seen.Get("admin.order").String())
	require.EqualValues(t, http.StatusConflict, seen.Get("admin.status").Int())
	require.Contains(t, seen.Get("admin.kept").String(), "/api/inventory/levels", "the gateway's refusal as the SDK tells it")
}
