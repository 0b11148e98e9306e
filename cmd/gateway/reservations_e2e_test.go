package main

import (
	"encoding/json"
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

const (
	reservations = "/api/reservations"
	shopFloor    = "sloc_high_up"

	// tendTime is how much later than it is due something is done with a hold.
	tendTime = 10 * time.Second

	// abandonedTime is how long it takes until what a dead gateway began with a hold is
	// ended by another.
	abandonedTime = time.Minute
)

// level is what Medusa has at a place.
func (m straight) level(t *testing.T, at place) gjson.Result {
	t.Helper()
	body := m.must(t, http.MethodGet, "/admin/inventory-items/"+at.item+"/location-levels?location_id="+at.location, nil)
	return gjson.GetBytes(body, "inventory_levels.0")
}

func (m straight) requireLevel(t *testing.T, at place, stocked, reserved float64) {
	t.Helper()
	level := m.level(t, at)
	require.InDelta(t, stocked, level.Get("stocked_quantity").Float(), 1e-9, "the stock of %v", at)
	require.InDelta(t, reserved, level.Get("reserved_quantity").Float(), 1e-9, "what is reserved of %v", at)
}

// becomesReserved waits until so much is reserved at a place.
func (m straight) becomesReserved(t *testing.T, at place, reserved float64, within time.Duration) {
	t.Helper()
	require.Eventually(t, func() bool { return m.level(t, at).Get("reserved_quantity").Float() == reserved }, within, 100*time.Millisecond,
		"%v reserved of %v within %v", reserved, at, within)
}

// holdOf is a hold of one line.
func holdOf(at place, quantity int, more string) string {
	return fmt.Sprintf(`{"items":[{"inventoryItemId":%q,"locationId":%q,"quantity":%d}]%s}`, at.item, at.location, quantity, more)
}

func TestReservationsOnARealMedusa(t *testing.T) {
	shop := newRealShop(t)
	ten := place{"iitem_h_001", shopFloor}
	shop.stock(t, 10, ten)
	code := func(method, path, body string, status int) string {
		t.Helper()
		answer := shop.send(t, method, shop.token, path, body)
		require.Equal(t, status, answer.status, "%s %s %s: %s", method, path, body, answer.text)
		return gjson.Get(answer.text, "code").String()
	}

	began := time.Now()
	statuses := together(t, 50, func(int) (reply, error) {
		answer, err := shop.trySend(http.MethodPost, shop.token, reservations, holdOf(ten, 1, `,"cartId":"cart_1","expiresInSeconds":20`))
		if answer.status != http.StatusCreated {
			assert.Equal(t, "INSUFFICIENT_STOCK", gjson.Get(answer.text, "code").String(), answer.text)
		}
		return answer, err
	})
	require.Equal(t, map[int]int{http.StatusCreated: 10, http.StatusBadRequest: 40}, statuses)
	shop.requireLevel(t, ten, 10, 10)
	require.Equal(t, "10", shop.metric(t, "gateway_holds"))
	require.Equal(t, int64(10), gjson.Get(shop.get(t, shop.token, reservations+"?cartId=cart_1").text, "count").Int())

	// Meanwhile those are alive: what cannot be.
	nowhere := place{"iitem_h_001", "sloc_mayorista"}
	for body, refused := range map[string]struct {
		status int
		code   string
	}{
		holdOf(ten, 0, ""):     {http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		holdOf(ten, -1, ""):    {http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		holdOf(ten, 1, ""):     {http.StatusBadRequest, "INSUFFICIENT_STOCK"},
		holdOf(nowhere, 1, ""): {http.StatusNotFound, "INVENTORY_LEVEL_NOT_FOUND"},
		`{"items":[{"variantId":"variant_none","quantity":1}]}`:  {http.StatusNotFound, "VARIANT_NOT_FOUND"},
		`{"items":[{"variantId":"variant_bd_1g","cantidad":1}]}`: {http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
	} {
		require.Equal(t, refused.code, code(http.MethodPost, reservations, body, refused.status), body)
	}

	// A kit, its change, its move and its sale.
	made := shop.send(t, http.MethodPost, shop.token, reservations, `{"items":[{"variantId":"variant_kit_regalo","quantity":2}],"description":"50 %_a"}`, "kit")
	require.Equal(t, http.StatusCreated, made.status, made.text)
	require.Equal(t, made.text, shop.send(t, http.MethodPost, shop.token, reservations, `{"items":[{"variantId":"variant_kit_regalo","quantity":2}],"description":"50 %_a"}`, "kit").text)
	kit := gjson.Parse(made.text)
	require.Len(t, kit.Get("reservations").Array(), 2)
	require.Equal(t, kit.Get("holdId").String(), gjson.Get(shop.get(t, shop.token, reservations+"/"+kit.Get("holdId").String()).text, "holdId").String())
	gram := place{"iitem_bd_1g", shopFloor}
	shop.requireLevel(t, gram, 100, 14)
	part := kit.Get(`reservations.#(inventoryItemId=="iitem_bd_1g").id`).String()
	answer := shop.send(t, http.MethodPatch, shop.token, reservations+"/"+part, `{"quantity":5.5,"description":"otra"}`)
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	shop.requireLevel(t, gram, 100, 15.5)
	require.Equal(t, "INSUFFICIENT_STOCK", code(http.MethodPatch, reservations+"/"+part, `{"quantity":90.001}`, http.StatusBadRequest))
	answer = shop.send(t, http.MethodPatch, shop.token, reservations+"/"+part, `{"locationId":"sloc_deposito"}`)
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	require.Equal(t, "otra", gjson.Get(answer.text, "reservation.description").String())
	shop.requireLevel(t, gram, 100, 10)
	shop.requireLevel(t, place{"iitem_bd_1g", "sloc_deposito"}, 400, 45.5)
	answer = shop.send(t, http.MethodPost, shop.token, reservations+"/"+kit.Get("holdId").String()+"/confirm", "")
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	shop.requireLevel(t, place{"iitem_bd_1g", "sloc_deposito"}, 394.5, 40)
	require.Equal(t, "RESERVATION_NOT_FOUND", code(http.MethodPost, reservations+"/"+kit.Get("holdId").String()+"/confirm", "", http.StatusNotFound))

	// An order's reservation is Medusa's.
	order := gjson.GetBytes(shop.must(t, http.MethodPost, "/admin/reservations", map[string]any{
		"inventory_item_id": gram.item, "location_id": gram.location, "quantity": 1, "line_item_id": "ordli_x",
	}), "reservation.id").String()
	require.Equal(t, "ordli_x", gjson.Get(shop.get(t, shop.token, reservations+"?lineItemId=ordli_x").text, "reservations.0.lineItemId").String())
	require.Equal(t, "RESERVATION_NOT_OURS", code(http.MethodPost, reservations+"/"+order+"/confirm", "", http.StatusConflict))
	require.Empty(t, code(http.MethodDelete, reservations+"/"+order, "", http.StatusOK))
	shop.requireLevel(t, gram, 100, 10)

	shop.becomesReserved(t, ten, 0, 20*time.Second+tendTime)
	require.Greater(t, time.Since(began), 19*time.Second, "the holds expired too early")
	require.Equal(t, "0", shop.metric(t, "gateway_holds"))
	require.Equal(t, "10", shop.metric(t, `gateway_reservations_ended_total{how="expired"}`))
	shop.requireLevel(t, ten, 10, 0)
}

func TestALocationIsDeletedOnARealMedusa(t *testing.T) {
	shop := newRealShop(t)
	location := shop.made(t, "stock_location", "/admin/stock-locations", map[string]any{"name": "Se cierra"})
	other := shop.made(t, "stock_location", "/admin/stock-locations", map[string]any{"name": "Queda"})
	body := gjson.GetBytes(shop.must(t, http.MethodGet, "/admin/inventory-items?limit=300&fields=id", nil), "inventory_items.#.id").Array()
	places := make([]place, len(body))
	for i, item := range body {
		places[i] = place{item.String(), location}
	}
	shop.batchOf(t, "create", 3, places)
	hold := shop.send(t, http.MethodPost, shop.token, reservations, holdOf(places[7], 2, ""))
	require.Equal(t, http.StatusCreated, hold.status, hold.text)
	path := "/api/locations/" + location
	for _, refused := range []struct {
		path   string
		status int
		code   string
	}{
		{path, http.StatusConflict, "LOCATION_NOT_EMPTY"},
		{path + "?transferTo=" + location, http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		{path + "?transferTo=sloc_none", http.StatusNotFound, "STOCK_LOCATION_NOT_FOUND"},
		{path + "?forzar=true", http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		{"/api/locations/sloc_none", http.StatusNotFound, "STOCK_LOCATION_NOT_FOUND"},
		{"/api/locations/" + shopFloor + "?force=true", http.StatusConflict, "LOCATION_NOT_EMPTY"}, // orders have reserved there
	} {
		answer := shop.send(t, http.MethodDelete, shop.token, refused.path, "")
		require.Equal(t, refused.status, answer.status, "%s: %s", refused.path, answer.text)
		require.Equal(t, refused.code, gjson.Get(answer.text, "code").String(), refused.path)
	}
	shop.requireLevel(t, places[7], 3, 2)

	before := shop.medusaCalls(t)
	answer := shop.send(t, http.MethodDelete, shop.token, path+"?transferTo="+other, "", "once")
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	t.Logf("a location with 300 items was deleted in %v with %d calls", answer.took, shop.medusaCalls(t)-before)
	require.Equal(t, "true", shop.send(t, http.MethodDelete, shop.token, path+"?transferTo="+other, "", "once").header.Get("Idempotent-Replayed"))
	require.Equal(t, http.StatusNotFound, shop.get(t, shop.token, path).status)
	require.Zero(t, gjson.GetBytes(shop.must(t, http.MethodGet, "/admin/inventory-items?fields=id&location_levels[location_id]="+location, nil), "count").Int(),
		"levels of a location that is gone")
	moved := gjson.GetBytes(shop.must(t, http.MethodGet, "/admin/inventory-items?limit=300&fields=id&location_levels[location_id]="+other, nil), "count").Int()
	require.Equal(t, int64(len(places)), moved)
	shop.requireLevel(t, place{places[7].item, other}, 3, 0)

	answer = shop.send(t, http.MethodDelete, shop.token, "/api/locations/"+other+"?force=true", "")
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	entries := shop.ledger(t, shop.token)
	require.Len(t, entries, 4*len(places), "what left one location, came to the other, and the levels of both that were removed")
}

// TestHoldsAndAGatewayThatIsKilled kills gateways at every point of a hold's life.
func TestHoldsAndAGatewayThatIsKilled(t *testing.T) {
	m := medusa.Start(t)
	token := m.Token(t)
	makes := func(method, path, _ string) bool { return method == http.MethodPost && path == "/admin/reservations" }
	deletes := func(method, path, _ string) bool {
		return method == http.MethodDelete && strings.HasPrefix(path, "/admin/reservations/")
	}
	scenes := map[string]func(t *testing.T, c *holdCrash){
		"while it is held": func(t *testing.T, c *holdCrash) {
			t.Helper()
			c.make(t, `,"expiresInSeconds":15`)
			made := time.Now()
			c.gateway.kill(t)
			c.start(t)
			c.requireLevel(t, c.where, 10, 4)
			c.becomesReserved(t, c.where, 0, 15*time.Second+tendTime)
			assert.Greater(t, time.Since(made), 14*time.Second, "it expired too early")
			c.requireLevel(t, c.where, 10, 0)
		},
		"when its time is over": func(t *testing.T, c *holdCrash) {
			t.Helper()
			held := c.gate.hold(beforeMedusa, deletes)
			c.make(t, `,"expiresInSeconds":1`)
			held.await(t)
			c.gateway.kill(t)
			held.drop()
			c.start(t)
			c.becomesReserved(t, c.where, 0, abandonedTime)
			c.requireLevel(t, c.where, 10, 0)
		},
		"while it is made": func(t *testing.T, c *holdCrash) {
			t.Helper()
			held := c.gate.hold(afterMedusa, makes)
			c.begin(t, reservations, holdOf(c.where, 4, ""), "the key")
			held.await(t)
			c.becomesReserved(t, c.where, 4, patience)
			c.gateway.kill(t)
			held.drop()
			c.start(t)
			answer := c.gateway.send(t, http.MethodPost, c.token, reservations, holdOf(c.where, 4, ""), "the key")
			require.Equal(t, http.StatusConflict, answer.status, answer.text)
			c.becomesReserved(t, c.where, 0, abandonedTime)
			require.Eventually(t, func() bool {
				answer = c.gateway.send(t, http.MethodPost, c.token, reservations, holdOf(c.where, 4, ""), "the key")
				return answer.status == http.StatusCreated
			}, abandonedTime, 200*time.Millisecond, "the same key")
			require.Equal(t, answer.text, c.gateway.send(t, http.MethodPost, c.token, reservations, holdOf(c.where, 4, ""), "the key").text)
			c.requireLevel(t, c.where, 10, 4)
		},
		"while its stock is taken": func(t *testing.T, c *holdCrash) {
			t.Helper()
			c.killedWhile(t, c.gate.hold(afterMedusa, writesLevels), func() bool { return c.stockedAt(t, c.where) == "6" })
		},
		"before its stock is taken": func(t *testing.T, c *holdCrash) {
			t.Helper()
			c.killedWhile(t, c.gate.hold(beforeMedusa, writesLevels), func() bool { return true })
		},
		"between its stock and its reservation": func(t *testing.T, c *holdCrash) {
			t.Helper()
			c.killedWhile(t, c.gate.hold(beforeMedusa, deletes), func() bool { return c.stockedAt(t, c.where) == "6" })
		},
	}
	tests := map[string]func(t *testing.T){}
	for name, scene := range scenes {
		where := place{fmt.Sprintf("iitem_h_%03d", 10+len(tests)), shopFloor}
		straight{m.URL, token}.stock(t, 10, where)
		tests[name] = func(t *testing.T) {
			t.Helper()
			scene(t, &holdCrash{crash: newCrash(t, m, token), where: where})
		}
	}
	allAtOnce(t, tests)
}

// holdCrash is a gateway that is killed while something is done with a hold of 4 of
// 10.
type holdCrash struct {
	*crash

	where place
	id    string
}

func (c *holdCrash) make(t *testing.T, more string) {
	t.Helper()
	made := c.gateway.send(t, http.MethodPost, c.token, reservations, holdOf(c.where, 4, more))
	require.Equal(t, http.StatusCreated, made.status, made.text)
	c.id = gjson.Get(made.text, "holdId").String()
}

// killedWhile kills the gateway while a confirmation is held up, once it is so far.
// The sale counts once, whoever ends it, and its key tells of it.
func (c *holdCrash) killedWhile(t *testing.T, held *hold, soFar func() bool) {
	t.Helper()
	c.make(t, "")
	confirm := reservations + "/" + c.id + "/confirm"
	c.begin(t, confirm, "{}", "the key")
	held.await(t)
	require.Eventually(t, soFar, patience, 10*time.Millisecond)
	c.gateway.kill(t)
	held.drop()
	c.start(t)
	c.becomesReserved(t, c.where, 0, 2*abandonedTime)
	require.Equal(t, json.Number("6"), c.stockedAt(t, c.where), "the sale")
	require.Eventually(t, func() bool {
		answer := c.gateway.send(t, http.MethodPost, c.token, confirm, "{}", "the key")
		return answer.status == http.StatusOK && gjson.Get(answer.text, "adjustments.0.newQuantity").Int() == 6
	}, patience, 100*time.Millisecond, "the same key")
	require.Equal(t, json.Number("6"), c.stockedAt(t, c.where), "the sale, asked for once more")
	requireChain(t, c.gateway.requireSettled(t, c.token, patience), "10", "6")
}
