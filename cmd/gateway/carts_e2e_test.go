package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/testdata/medusa"
)

// shopper is who buys through a gateway with a publishable key.
type shopper struct {
	gateway *program
	key     string
}

func (s shopper) try(t *testing.T, method, path, body string) reply {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.gateway.url+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-Publishable-Api-Key", s.key)
	request.Header.Set("Content-Type", "application/json")
	return s.gateway.read(t, request)
}

// must sends a request that succeeds and returns a field of its answer.
func (s shopper) must(t *testing.T, method, path, body, field string) string {
	t.Helper()
	answer := s.try(t, method, path, body)
	require.Equal(t, http.StatusOK, answer.status, "%s %s: %s", method, path, answer.text)
	value := gjson.Get(answer.text, field).String()
	require.NotEmpty(t, value, "%s %s has no %s: %s", method, path, field, answer.text)
	return value
}

// cart makes a cart, and returns its path.
func (s shopper) cart(t *testing.T) string {
	t.Helper()
	return "/store/carts/" + s.must(t, http.MethodPost, "/store/carts", fmt.Sprintf(`{"region_id":"reg_argentina","email":"%s@cannahub.test","shipping_address":{
		"first_name":"Ana","last_name":"Paz","address_1":"Honduras 1","city":"Buenos Aires","country_code":"ar","postal_code":"1414"}}`, rand.Text()), "cart.id")
}

func toAdd(variant string, quantity int) string {
	return fmt.Sprintf(`{"variant_id":%q,"quantity":%d}`, variant, quantity)
}

// checkOut does all that a cart needs before it is completed.
func (s shopper) checkOut(t *testing.T, cart string) {
	t.Helper()
	id := strings.TrimPrefix(cart, "/store/carts/")
	option := s.must(t, http.MethodGet, "/store/shipping-options?cart_id="+id, "", "shipping_options.0.id")
	s.must(t, http.MethodPost, cart+"/shipping-methods", fmt.Sprintf(`{"option_id":%q}`, option), "cart.id")
	payment := s.must(t, http.MethodPost, "/store/payment-collections", fmt.Sprintf(`{"cart_id":%q}`, id), "payment_collection.id")
	s.must(t, http.MethodPost, "/store/payment-collections/"+payment+"/payment-sessions", `{"provider_id":"pp_system_default"}`, "payment_collection.id")
}

// shelved gives an item of the hundred so many units on the shop floor, and none
// elsewhere.
func (m straight) shelved(t *testing.T, number, quantity int) (variant string, where place) {
	t.Helper()
	where = place{fmt.Sprintf("iitem_h_%03d", number), shopFloor}
	m.stock(t, 0, place{where.item, "sloc_deposito"})
	m.stock(t, quantity, where)
	return fmt.Sprintf("variant_h_%03d", number), where
}

func TestCartsHoldStockOnARealMedusa(t *testing.T) {
	shop := newRealShop(t, "MEDUSA_TIMEOUT=60s") // several carts at once take it seconds
	shop.sells(t)
	t.Run("the last unit", func(t *testing.T) { sellTheLastUnit(t, shop) })
	t.Run("the last unit, at once", func(t *testing.T) { addTheLastUnitAtOnce(t, shop) })
	t.Run("a kit", func(t *testing.T) { changeAKit(t, shop) })
	t.Run("a kit, completed", func(t *testing.T) { completeAKit(t, shop) })
	t.Run("its own hold", func(t *testing.T) { validateWithItsOwnHold(t, shop) })
	t.Run("nothing where that is off", func(t *testing.T) { completeWithoutHolds(t, shop) })
}

func sellTheLastUnit(t *testing.T, shop *realShop) {
	t.Helper()
	ana := shopper{shop.program, shop.medusa.PublishableKey}
	variant, where := shop.shelved(t, 60, 1)

	first, second := ana.cart(t), ana.cart(t)
	before := shop.medusaCalls(t)
	answer := ana.try(t, http.MethodPost, first+"/line-items", toAdd(variant, 1))
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	require.Equal(t, "3", answer.header.Get("X-Medusa-Calls"))
	t.Logf("a line was added and held in %v with %d calls", answer.took, shop.medusaCalls(t)-before)
	shop.requireLevel(t, where, 1, 1)

	straightAt := shop.sendWithKey(t, shop.medusa.URL, shop.medusa.PublishableKey, http.MethodPost, second+"/line-items", toAdd(variant, 1))
	refused := ana.try(t, http.MethodPost, second+"/line-items", toAdd(variant, 1))
	require.Equal(t, http.StatusBadRequest, refused.status, refused.text)
	require.JSONEq(t, straightAt.text, refused.text, "not Medusa's words")
	require.Empty(t, gjson.Get(ana.try(t, http.MethodGet, second, "").text, "cart.items").Array())

	// Its own hold is not in the cart's way.
	line := gjson.Get(answer.text, "cart.items.0.id").String()
	ana.must(t, http.MethodPost, first+"/line-items/"+line, `{"quantity":1,"metadata":{"nota":"regalo"}}`, "cart.id")
	require.Equal(t, http.StatusBadRequest, ana.try(t, http.MethodPost, first+"/line-items/"+line, `{"quantity":2}`).status)
	shop.requireLevel(t, where, 1, 1)

	completed := ana.try(t, http.MethodPost, first+"/complete", "")
	require.Equal(t, http.StatusBadRequest, completed.status, "without a payment: %s", completed.text)
	shop.requireLevel(t, where, 1, 1)
	require.Equal(t, http.StatusBadRequest, ana.try(t, http.MethodPost, second+"/line-items", toAdd(variant, 1)).status, "what is not completed is held no longer")

	ana.checkOut(t, first)
	orders := make([]string, 6)
	statuses := together(t, len(orders), func(i int) (reply, error) {
		answer := ana.try(t, http.MethodPost, first+"/complete", "")
		orders[i] = gjson.Get(answer.text, "order.id").String()
		return answer, nil
	})
	require.Equal(t, map[int]int{http.StatusOK: len(orders)}, statuses)
	for _, order := range orders {
		require.Equal(t, orders[0], order)
	}
	require.NotEmpty(t, orders[0])
	shop.requireLevel(t, where, 1, 1)
	require.Equal(t, "0", shop.metric(t, "gateway_holds"))
	require.NotEmpty(t, gjson.Get(shop.get(t, shop.token, reservations+"?inventoryItemId="+where.item).text, "reservations.0.lineItemId").String(), "it is the order's")
}

// addTheLastUnitAtOnce has Medusa take the last unit for each of several carts.
func addTheLastUnitAtOnce(t *testing.T, shop *realShop) {
	t.Helper()
	ana := shopper{shop.program, shop.medusa.PublishableKey}
	variant, where := shop.shelved(t, 61, 1)
	carts := make([]string, 4)
	for i := range carts {
		carts[i] = ana.cart(t)
	}
	statuses := together(t, len(carts), func(i int) (reply, error) {
		return ana.try(t, http.MethodPost, carts[i]+"/line-items", toAdd(variant, 1)), nil
	})
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusBadRequest: len(carts) - 1}, statuses)
	shop.requireLevel(t, where, 1, 1)
	lines := 0
	for _, cart := range carts {
		lines += len(gjson.Get(ana.try(t, http.MethodGet, cart, "").text, "cart.items").Array())
	}
	require.Equal(t, 1, lines, "carts with the last unit")
}

// changeAKit has a cart hold each item of a kit, and give back what it needs no more.
func changeAKit(t *testing.T, shop *realShop) {
	t.Helper()
	ana := shopper{shop.program, shop.medusa.PublishableKey}
	cart := ana.cart(t)
	line := gjson.Get(ana.try(t, http.MethodPost, cart+"/line-items", toAdd("variant_kit_armado", 3)).text, "cart.items.0.id").String()
	filters, papers := place{"iitem_kit_filtro", shopFloor}, place{"iitem_kit_papel", shopFloor}
	shop.requireLevel(t, filters, 9, 9)
	shop.requireLevel(t, papers, 11, 6)
	ana.must(t, http.MethodPost, cart+"/line-items/"+line, `{"quantity":1}`, "cart.id")
	shop.requireLevel(t, filters, 9, 3)
	ana.must(t, http.MethodDelete, cart+"/line-items/"+line, "", "deleted")
	shop.requireLevel(t, filters, 9, 0)
	shop.requireLevel(t, papers, 11, 0)
}

// completeAKit has Medusa take over what is held of each item of a kit.
func completeAKit(t *testing.T, shop *realShop) {
	t.Helper()
	ana := shopper{shop.program, shop.medusa.PublishableKey}
	cart, holds := ana.cart(t), shop.metric(t, "gateway_holds")
	ana.must(t, http.MethodPost, cart+"/line-items", toAdd("variant_kit_armado", 3), "cart.id") // which is all
	ana.checkOut(t, cart)
	order := ana.must(t, http.MethodPost, cart+"/complete", "", "order.id")
	require.Equal(t, order, ana.must(t, http.MethodPost, cart+"/complete", "", "order.id"), "completed again")
	for item, taken := range map[string]int64{"iitem_kit_filtro": 9, "iitem_kit_papel": 6} {
		reserved := gjson.Get(shop.get(t, shop.token, reservations+"?inventoryItemId="+item).text, "reservations")
		require.Len(t, reserved.Array(), 1, "%s: %s", item, reserved.Raw)
		require.Equal(t, taken, reserved.Get("0.quantity").Int(), "%s: %s", item, reserved.Raw)
		require.NotEmpty(t, reserved.Get("0.lineItemId").String(), "it is the order's")
	}
	shop.requireLevel(t, place{"iitem_kit_filtro", shopFloor}, 9, 9)
	require.Equal(t, holds, shop.metric(t, "gateway_holds"), "it is held beside the order")
}

// validateWithItsOwnHold asks whether a cart can be bought that holds the last unit.
func validateWithItsOwnHold(t *testing.T, shop *realShop) {
	t.Helper()
	ana := shopper{shop.program, shop.medusa.PublishableKey}
	variant, where := shop.shelved(t, 62, 1)
	cart, other := ana.cart(t), ana.cart(t)
	line := cart + "/line-items/" + gjson.Get(ana.try(t, http.MethodPost, cart+"/line-items", toAdd(variant, 1)).text, "cart.items.0.id").String()
	shop.requireLevel(t, where, 1, 1)
	validated := func(cart string, quantity int) string {
		body := fmt.Sprintf(`{"cartId":%q,"items":[{"variantId":%q,"quantity":%d}]}`, strings.TrimPrefix(cart, "/store/carts/"), variant, quantity)
		if cart == "" {
			body = strings.Replace(body, `"cartId":"",`, "", 1)
		}
		answer := shop.sendAsShopper(t, ana.key, "/api/cart/validate", body)
		require.Equal(t, http.StatusOK, answer.status, answer.text)
		return fmt.Sprint(gjson.Get(answer.text, "isValid"), " ", gjson.Get(answer.text, "fulfillableFrom").Raw, " ", gjson.Get(answer.text, "errors.#.availableQuantity").Raw)
	}
	require.Equal(t, `true ["`+shopFloor+`"] []`, validated(cart, 1), "its own hold is in its way")
	require.Equal(t, `false [] [1]`, validated(cart, 2))
	require.Equal(t, `false [] [0]`, validated(other, 1), "another cart")
	require.Equal(t, `false [] [0]`, validated("", 1), "no cart")
	ana.must(t, http.MethodDelete, line, "", "deleted")
	require.Equal(t, `true ["`+shopFloor+`"] []`, validated(other, 1), "what was let go")
}

// completeWithoutHolds buys through a gateway that holds nothing for carts, and knows
// of what is sold nonetheless.
func completeWithoutHolds(t *testing.T, shop *realShop) {
	t.Helper()
	off := launch(t, nil, append(inFrontOfReal(shop.medusa, shop.medusa.URL), "CART_HOLD_TTL=off")...)
	ana := shopper{off, shop.medusa.PublishableKey}
	variant, where := shop.shelved(t, 63, 5)
	there := func() int64 {
		return gjson.Get(off.sendAsShopper(t, ana.key, storeAvailability, guideRows(where.item)).text, `availability.#(location_id=="`+shopFloor+`").available_quantity`).Int()
	}
	cart := ana.cart(t)
	ana.must(t, http.MethodPost, cart+"/line-items", toAdd(variant, 2), "cart.id")
	shop.requireLevel(t, where, 5, 0)
	ana.checkOut(t, cart)
	require.EqualValues(t, 5, there())
	ana.must(t, http.MethodPost, cart+"/complete", "", "order.id")
	require.EqualValues(t, 3, there(), "an answer from before the order is held")
	shop.requireLevel(t, where, 5, 2)
}

// TestCartsAndAGatewayThatIsKilled abandons carts, and kills their gateways.
func TestCartsAndAGatewayThatIsKilled(t *testing.T) {
	const lasts = 15 * time.Second
	m := medusa.Start(t)
	token := m.Token(t)
	scenes := map[string]func(t *testing.T, c *cartCrash){
		"abandoned": func(t *testing.T, c *cartCrash) {
			t.Helper()
			added := c.add(t)
			require.Equal(t, http.StatusBadRequest, c.shopper().try(t, http.MethodPost, c.other, toAdd(c.variant, 1)).status)
			c.becomesReserved(t, c.where, 0, lasts+tendTime)
			assert.Greater(t, time.Since(added), lasts-time.Second, "it expired too early")
			c.shopper().must(t, http.MethodPost, c.other, toAdd(c.variant, 1), "cart.id")
		},
		"abandoned, and the gateway is started again": func(t *testing.T, c *cartCrash) {
			t.Helper()
			added := c.add(t)
			require.NoError(t, c.gateway.stop(t))
			c.start(t)
			c.requireLevel(t, c.where, 1, 1)
			c.becomesReserved(t, c.where, 0, lasts+tendTime)
			assert.Greater(t, time.Since(added), lasts-time.Second, "it expired too early")
			c.shopper().must(t, http.MethodPost, c.other, toAdd(c.variant, 1), "cart.id")
		},
		"killed while it reserves": func(t *testing.T, c *cartCrash) {
			t.Helper()
			held := c.gate.hold(afterMedusa, func(method, path, _ string) bool { return method == http.MethodPost && path == "/admin/reservations" })
			c.begin(t, c.lines, toAdd(c.variant, 1), "")
			held.await(t)
			c.becomesReserved(t, c.where, 1, patience)
			c.gateway.kill(t)
			held.drop()
			c.start(t)
			c.becomesReserved(t, c.where, 0, abandonedTime)
		},
		"killed while it lets go": func(t *testing.T, c *cartCrash) {
			t.Helper()
			c.add(t)
			held := c.gate.hold(beforeMedusa, func(method, path, _ string) bool {
				return method == http.MethodDelete && strings.HasPrefix(path, "/admin/reservations/")
			})
			c.begin(t, strings.Replace(c.lines, "/line-items", "/complete", 1), "", "")
			held.await(t)
			c.gateway.kill(t)
			held.drop()
			c.start(t)
			c.becomesReserved(t, c.where, 0, abandonedTime)
		},
	}
	tests := map[string]func(t *testing.T){}
	for name, scene := range scenes {
		variant, where := straight{m.URL, token}.shelved(t, 70+len(tests), 1)
		tests[name] = func(t *testing.T) {
			t.Helper()
			c := &cartCrash{crash: newCrash(t, m, token, fmt.Sprint("CART_HOLD_TTL=", lasts), "DEFAULT_PUBLISHABLE_KEY="+m.PublishableKey), variant: variant, where: where}
			c.lines, c.other = c.shopper().cart(t)+"/line-items", c.shopper().cart(t)+"/line-items"
			scene(t, c)
		}
	}
	allAtOnce(t, tests)
}

// cartCrash is a gateway that is stopped while a cart holds the last unit.
type cartCrash struct {
	*crash

	variant      string
	where        place
	lines, other string // the paths of two carts' lines
}

func (c *cartCrash) shopper() shopper { return shopper{c.gateway, c.medusa.PublishableKey} }

// add adds the last unit to the cart.
func (c *cartCrash) add(t *testing.T) (at time.Time) {
	t.Helper()
	at = time.Now()
	c.shopper().must(t, http.MethodPost, c.lines, toAdd(c.variant, 1), "cart.id")
	c.requireLevel(t, c.where, 1, 1)
	return at
}
