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
	bought := make([]sale, orders)
	for i := range bought {
		bought[i].order, bought[i].line = s.buy(t, "variant_bd_7g")
	}
	require.Equal(t, json.Number("100"), s.stockedAt(t, where), "what is sold is reserved, not taken")
	// Beside changes of its stock each order is written, and what is stocked and reserved by other than that.
	while := func(stocked int, reserved int64, writes func(i int) (reply, error)) {
		t.Helper()
		var both sync.WaitGroup
		both.Go(func() {
			assert.Equal(t, map[int]int{http.StatusOK: changes}, together(t, changes, func(int) (reply, error) {
				return s.trySend(http.MethodPost, s.token, adjustments, adjustment(where, 2))
			}))
		})
		both.Go(func() {
			assert.Equal(t, map[int]int{http.StatusOK: orders}, together(t, orders, writes))
		})
		both.Wait()
		require.Equal(t, json.Number(fmt.Sprint(stocked)), s.stockedAt(t, where))
		item := s.get(t, s.token, "/api/inventory/iitem_bd_7g").text
		require.EqualValues(t, stocked, gjson.Get(item, "item.stockedQuantity").Int(), "an answer from before a write of an order is held")
		require.Equal(t, reserved, gjson.Get(item, "item.reservedQuantity").Int(), "reserved")
	}
	post := func(path, body string) (reply, error) { return s.trySend(http.MethodPost, s.token, path, body) }

	while(100+2*changes-orders, 5, func(i int) (reply, error) {
		return post("/admin/orders/"+bought[i].order+"/fulfillments/", fmt.Sprintf(`{"location_id":"sloc_high_up","items":[%s]}`, bought[i].unit()))
	})
	returned := make([]string, orders)
	for i := range returned {
		if i%2 == 0 {
			returned[i] = s.sendsBack(t, bought[i])
		} else {
			bought[i].fulfillment = gjson.GetBytes(s.must(t, http.MethodGet, "/admin/orders/"+bought[i].order+"?fields=id,fulfillments.id", nil), "order.fulfillments.0.id").String()
		}
	}
	// What is fulfilled no more is reserved again.
	while(100+4*changes, 5+orders/2, func(i int) (reply, error) {
		if returned[i] != "" {
			return post("/admin/returns/"+returned[i]+"/receive/confirm", "{}")
		}
		return post("/admin/orders/"+bought[i].order+"/fulfillments/"+bought[i].fulfillment+"/cancel", "{}")
	})
}

// sale is one unit that was sold.
type sale struct{ order, line, fulfillment string }

// unit is the unit as Medusa is told which one is meant.
func (o sale) unit() string { return fmt.Sprintf(`{"id":%q,"quantity":1}`, o.line) }

// sendsBack makes a return of a unit, up to where it is received.
func (s *realShop) sendsBack(t *testing.T, sold sale) (id string) {
	t.Helper()
	id = s.made(t, "return", "/admin/returns", map[string]any{"order_id": sold.order, "location_id": "sloc_high_up"})
	for _, step := range []struct{ name, body string }{
		{"request-items", `{"items":[` + sold.unit() + `]}`}, {"request", "{}"}, {"receive", "{}"}, {"receive-items", `{"items":[` + sold.unit() + `]}`},
	} {
		s.must(t, http.MethodPost, "/admin/returns/"+id+"/"+step.name, json.RawMessage(step.body))
	}
	return id
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
	s := newRealShop(t, "TRUSTED_PROXIES=127.0.0.1") // Medusa gives sessions to who comes by TLS alone
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
	customers := seen.Get("customers").Array()
	require.Len(t, customers, 2, "%s", said)
	for i, with := range []string{"a token", "a session"} {
		customer := customers[i]
		require.NotEmpty(t, customer.Get("order").String(), "with %s: %s", with, customer.Raw)
		require.Equal(t, customer.Get("customer").String(), customer.Get("cartOf").String(), "whose cart it is, with %s", with)
		require.Equal(t, `["`+customer.Get("order").String()+`"]`, customer.Get("orders").Raw, "the customer's orders, with %s", with)
		require.EqualValues(t, 150-2*(i+1), customer.Get("availability.0.available_quantity").Int(), "what is left beside his cart, with %s", with)
		require.EqualValues(t, http.StatusUnauthorized, customer.Get("signedOut").Int(), "after signing out, with %s", with)
	}
	require.Equal(t, "0", s.metric(t, "gateway_holds"), "stock of carts that were completed stays held")
	require.EqualValues(t, http.StatusConflict, seen.Get("admin.status").Int())
	require.Contains(t, seen.Get("admin.kept").String(), "/api/inventory/levels", "the gateway's refusal as the SDK tells it")
}
