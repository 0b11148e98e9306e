package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/medusa"
)

func TestRealMedusaLosesNoneOfAHundredIncrements(t *testing.T) {
	s := newRealShop(t)
	where, elsewhere := place{"iitem_h_001", "sloc_high_up"}, place{"iitem_h_002", "sloc_high_up"}
	s.stock(t, 40, where)
	increment := func(where place) map[int]int {
		return together(t, 100, func(int) (reply, error) {
			return s.trySend(http.MethodPost, s.token, adjustments, adjustment(where, 1))
		})
	}
	require.Equal(t, map[int]int{http.StatusOK: 100}, increment(elsewhere), "the round that opens the connections")
	before := s.medusaCalls(t)

	require.Equal(t, map[int]int{http.StatusOK: 100}, increment(where))

	calls := s.medusaCalls(t) - before
	t.Logf("%d calls to Medusa", calls)
	require.LessOrEqual(t, calls, 10, "calls to Medusa")
	require.Equal(t, json.Number("140"), s.stockedAt(t, where))
	changes := at(where, s.requireSettled(t, s.token, patience))
	require.Len(t, changes, 100)
	requireChain(t, changes, "40", "140")
}

func TestRealMedusaLosesNoneOfAHundredIncrementsThroughTwoGateways(t *testing.T) {
	s := newRealShop(t)
	database := "STATE_DSN=" + medusa.NewDatabase(t, s.medusa.DatabaseURL)
	gateways := []*program{
		launch(t, nil, append(inFrontOfReal(s.medusa, s.address), database)...),
		launch(t, nil, append(inFrontOfReal(s.medusa, s.address), database)...),
	}
	where := place{"iitem_h_001", "sloc_high_up"}
	s.stock(t, 40, where)

	require.Equal(t, map[int]int{http.StatusOK: 100}, together(t, 100, func(i int) (reply, error) {
		return gateways[i%2].trySend(http.MethodPost, s.token, adjustments, adjustment(where, 1))
	}))

	require.Equal(t, json.Number("140"), s.stockedAt(t, where))
	for _, gateway := range gateways {
		changes := gateway.requireSettled(t, s.token, patience)
		require.Len(t, changes, 100)
		requireChain(t, changes, "40", "140")
		require.NotEqual(t, "0", gateway.metric(t, "gateway_stock_flushes_total"), "one gateway did it all")
	}
}

func TestRealMedusaDoesNotSellMoreThanThereIs(t *testing.T) {
	s := newRealShop(t)
	where := place{"iitem_h_003", "sloc_high_up"}
	s.stock(t, 10, where)

	statuses := together(t, 40, func(int) (reply, error) {
		answer, err := s.trySend(http.MethodPost, s.token, adjustments, adjustment(where, -1))
		if err == nil && answer.status != http.StatusOK {
			assert.Contains(t, answer.text, `"INSUFFICIENT_STOCK"`)
		}
		return answer, err
	})

	require.Equal(t, map[int]int{http.StatusOK: 10, http.StatusBadRequest: 30}, statuses)
	require.Equal(t, json.Number("0"), s.stockedAt(t, where))
	requireChain(t, s.requireSettled(t, s.token, patience), "10", "0")
}

func TestRealMedusaTakesABatchInAFewCalls(t *testing.T) {
	s := newRealShop(t)
	require.Equal(t, http.StatusOK, s.send(t, http.MethodPost, s.token, adjustments, adjustment(place{"iitem_h_001", "sloc_high_up"}, 1)).status,
		"the change that has the right confirmed")
	places := s.stockEverywhere(t, 1000, 100)
	for _, count := range []int{10, 100, 1000} {
		before := s.medusaCalls(t)
		answer := s.send(t, http.MethodPost, s.token, batchUpdate, fmt.Sprintf(`{"reason":"cycleCount","updates":[%s]}`, rows(places[:count], fmt.Sprintf(`"quantity":%d`, count))))
		require.Equal(t, http.StatusOK, answer.status, answer.text)
		calls := s.medusaCalls(t) - before
		t.Logf("%d rows: %d calls to Medusa, %v", count, calls, answer.took)
		require.LessOrEqual(t, calls, 2*((count+249)/250)+2, "calls to Medusa for %d rows", count)
		require.Equal(t, fmt.Sprint(calls), answer.header.Get("X-Medusa-Calls"))
		requireAll(t, s.straight, places[:count], json.Number(fmt.Sprint(count)))
	}
}

func TestRealMedusaTakesRowsAddressedInEveryWay(t *testing.T) {
	s := newRealShop(t)
	places := s.stockEverywhere(t, 3, 0)
	location := places[0].location
	answer := s.send(t, http.MethodPost, s.token, batchUpdate, fmt.Sprintf(`{"updates":[
		{"variantId":"variant_h_005","locationId":"sloc_high_up","quantity":5},
		{"sku":"H-006","locationId":"sloc_high_up","quantity":6},
		{"inventoryItemId":%q,"locationId":%q,"quantity":7},
		{"variantId":"variant_preroll_6","locationId":"sloc_high_up","quantity":8}]}`, places[0].item, location))
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	require.Equal(t, json.Number("5"), s.stockedAt(t, place{"iitem_h_005", "sloc_high_up"}))
	require.Equal(t, json.Number("6"), s.stockedAt(t, place{"iitem_h_006", "sloc_high_up"}))
	require.Equal(t, json.Number("7"), s.stockedAt(t, places[0]))
	require.Equal(t, json.Number("48"), s.stockedAt(t, place{"iitem_preroll", "sloc_high_up"}), "8 packs of 6")
}

func requireAll(t *testing.T, m straight, places []place, quantity json.Number) {
	t.Helper()
	for len(places) > 0 {
		chunk := places[:min(250, len(places))]
		stocked, err := m.stocked(itemsOf(chunk)...)
		require.NoError(t, err)
		for _, at := range chunk {
			require.Equal(t, quantity, stocked[at], "%v", at)
		}
		places = places[len(chunk):]
	}
}

func itemsOf(places []place) []string {
	items := make([]string, len(places))
	for i, at := range places {
		items[i] = at.item
	}
	return items
}

func TestRealMedusaTakesTheDocumentedBatch(t *testing.T) {
	s := newRealShop(t)
	answer := s.send(t, http.MethodPost, s.token, batchUpdate, `{"updates":[
		{"variantId":"variant_bd_1g","locationId":"sloc_high_up","quantity":150},
		{"variantId":"variant_bd_7g","locationId":"sloc_high_up","quantity":75}]}`)
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	said := answer.object(t)
	require.Regexp(t, "^batch_", said["batchId"])
	delete(said, "batchId")
	shown, err := json.Marshal(said)
	require.NoError(t, err)
	require.JSONEq(t, `{"success":true,"updated":2,"failed":0,"results":[
		{"variantId":"variant_bd_1g","locationId":"sloc_high_up","previousQuantity":100,"newQuantity":150,"totalGrams":150,"status":"success"},
		{"variantId":"variant_bd_7g","locationId":"sloc_high_up","previousQuantity":50,"newQuantity":75,"totalGrams":525,"status":"success"}],
		"summary":{"totalUnitsUpdated":75,"totalGramsUpdated":225}}`, string(shown))
	require.Equal(t, json.Number("150"), s.stockedAt(t, place{"iitem_bd_1g", "sloc_high_up"}))
	require.Equal(t, json.Number("75"), s.stockedAt(t, place{"iitem_bd_7g", "sloc_high_up"}))
}

func TestRealMedusaTakesTheGoodRowOfTheDocumentedPartialError(t *testing.T) {
	s := newRealShop(t)
	answer := s.send(t, http.MethodPost, s.token, batchUpdate, `{"updates":[
		{"variantId":"variant_bd_1g","locationId":"sloc_high_up","quantity":150},
		{"variantId":"variant_invalid","locationId":"sloc_high_up","quantity":75}]}`)
	require.Equal(t, http.StatusMultiStatus, answer.status, answer.text)
	said := answer.object(t)
	require.Equal(t, false, said["success"])
	require.InDelta(t, 1, said["updated"], 0)
	require.InDelta(t, 1, said["failed"], 0)
	results := said["results"].([]any)
	require.Len(t, results, 2)
	good, bad := results[0].(map[string]any), results[1].(map[string]any)
	require.Equal(t, "variant_bd_1g", good["variantId"])
	require.Equal(t, "success", good["status"])
	require.InDelta(t, 100, good["previousQuantity"], 0)
	require.InDelta(t, 150, good["newQuantity"], 0)
	require.Equal(t, "variant_invalid", bad["variantId"])
	require.Equal(t, "error", bad["status"])
	require.Equal(t, "Variant not found", bad["error"])
	require.Equal(t, json.Number("150"), s.stockedAt(t, place{"iitem_bd_1g", "sloc_high_up"}))
}

func TestRealMedusaIsNotChangedByADryRun(t *testing.T) {
	s := newRealShop(t)
	body := `{"validateStock":true,"dryRun":%t,"updates":[
		{"variantId":"variant_bd_1g","locationId":"sloc_high_up","quantity":5},
		{"sku":"BD-7G-001","locationId":"sloc_high_up","adjustment":-10},
		{"sku":"BD-7G-001","locationId":"sloc_high_up","adjustment":-40},
		{"inventoryItemId":"iitem_sin_nivel","locationId":"sloc_high_up","quantity":12.5},
		{"variantId":"variant_kit_armado","locationId":"sloc_high_up","quantity":1},
		{"variantId":"variant_bd_14g","locationId":"sloc_nope","quantity":1}]}`
	items := []string{"iitem_bd_1g", "iitem_bd_7g", "iitem_sin_nivel"}
	before, err := s.stocked(items...)
	require.NoError(t, err)

	dry := s.send(t, http.MethodPost, s.token, batchUpdate, fmt.Sprintf(body, true))

	after, err := s.stocked(items...)
	require.NoError(t, err)
	require.Equal(t, before, after, "a dry run changes levels")
	require.Empty(t, s.ledger(t, s.token), "a dry run is in the ledger")
	wet := s.send(t, http.MethodPost, s.token, batchUpdate, fmt.Sprintf(body, false))
	require.Equal(t, http.StatusMultiStatus, wet.status, wet.text)
	require.Equal(t, wet.status, dry.status, dry.text)
	said, would := wet.object(t), dry.object(t)
	require.Equal(t, true, would["dryRun"])
	require.NotContains(t, would, "batchId")
	delete(would, "dryRun")
	delete(said, "batchId")
	require.Equal(t, said, would, "a dry run tells something else")
	require.Len(t, s.ledger(t, s.token), 3)
	require.Equal(t, json.Number("12.5"), s.stockedAt(t, place{"iitem_sin_nivel", "sloc_high_up"}))
}

func TestRealMedusaShowsNoPartOfAnAtomicBatch(t *testing.T) {
	s := newRealShop(t)
	gate := newGate(t, s.address)
	gateway := launch(t, nil, inFrontOfReal(s.medusa, gate.url)...)
	places := s.stockEverywhere(t, 200, 1)
	atomic := func(quantity int, more string) reply {
		answer, err := gateway.trySend(http.MethodPost, s.token, batchUpdate,
			fmt.Sprintf(`{"atomic":true,"updates":[%s%s]}`, rows(places, fmt.Sprintf(`"quantity":%d`, quantity)), more))
		assert.NoError(t, err)
		return answer
	}
	reader := watch(t, s.straight, places)

	bad := atomic(2, `,{"variantId":"variant_invalid","locationId":"sloc_high_up","quantity":1}`)
	require.Equal(t, http.StatusUnprocessableEntity, bad.status, bad.text)
	require.Equal(t, 200, strings.Count(bad.text, `"skipped"`))
	requireAll(t, s.straight, places, "1")
	require.Empty(t, gateway.ledger(t, s.token))

	for quantity := 3; quantity < 8; quantity++ {
		good := atomic(quantity, "")
		require.Equal(t, http.StatusOK, good.status, good.text)
	}
	requireAll(t, s.straight, places, "7")

	// An item goes away between the look at it and the write.
	short := s.made(t, "inventory_item", "/admin/inventory-items", map[string]any{"sku": "SHORT-LIVED"})
	s.batchOf(t, "create", 1, []place{{short, "sloc_high_up"}})
	held := gate.hold(beforeMedusa, writesLevels)
	answered := make(chan reply, 1)
	go func() { answered <- atomic(9, `,{"sku":"SHORT-LIVED","locationId":"sloc_high_up","quantity":2}`) }()
	held.await(t)
	s.must(t, http.MethodDelete, "/admin/inventory-items/"+short, nil)
	held.pass()
	late := <-answered
	require.Equal(t, http.StatusUnprocessableEntity, late.status, late.text)
	require.Contains(t, late.text, `"SKU_NOT_FOUND"`)
	requireAll(t, s.straight, places, "7")

	seen := reader()
	t.Logf("%d reads", seen)
	require.Greater(t, seen, 20, "too few reads to have seen anything")
}

// watch reads levels again and again, straight from Medusa, and asserts that all
// show the same, until it is stopped. It returns how often it looked.
func watch(t *testing.T, m straight, places []place) (stop func() int) {
	t.Helper()
	over := make(chan struct{})
	var reading sync.WaitGroup
	reads := 0
	items := itemsOf(places)
	reading.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			stocked, err := m.stocked(items...)
			differs := func(at place) bool { return stocked[at] != stocked[places[0]] }
			switch {
			case err != nil:
				assert.Fail(t, "Medusa does not answer", err)
				return
			case slices.ContainsFunc(places, differs):
				assert.Fail(t, "a part of a batch is seen", stocked)
				return
			}
			reads++
		}
	})
	var once sync.Once
	end := func() int {
		once.Do(func() { close(over) })
		reading.Wait()
		return reads
	}
	t.Cleanup(func() { end() })
	return end
}

func TestRealMedusaChangesAreRefusedClearly(t *testing.T) {
	s := newRealShop(t)
	at := `"inventoryItemId":"iitem_bd_7g","locationId":"sloc_high_up"`
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{http.MethodPost, adjustments, `{"variantId":"variant_nope","locationId":"sloc_high_up","adjustment":1,"reason":"x"}`, 404, "VARIANT_NOT_FOUND"},
		{http.MethodPost, adjustments, `{"inventoryItemId":"nope","locationId":"sloc_high_up","adjustment":1,"reason":"x"}`, 404, "INVENTORY_ITEM_NOT_FOUND"},
		{http.MethodPost, adjustments, `{"sku":"BD-7G-002","locationId":"sloc_high_up","adjustment":1,"reason":"x"}`, 404, "SKU_NOT_FOUND"},
		{http.MethodPost, adjustments, `{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_nope","adjustment":1,"reason":"x"}`, 404, "STOCK_LOCATION_NOT_FOUND"},
		{http.MethodPost, adjustments, `{"variantId":"variant_kit_armado","locationId":"sloc_high_up","adjustment":1,"reason":"x"}`, 422, "VARIANT_IS_KIT"},
		{http.MethodPost, adjustments, `{"variantId":"variant_consulta","locationId":"sloc_high_up","adjustment":1,"reason":"x"}`, 422, "VARIANT_NOT_MANAGED"},
		{http.MethodPost, adjustments, `{"variantId":"variant_sin_item","locationId":"sloc_high_up","adjustment":1,"reason":"x"}`, 422, "INVENTORY_ITEM_MISSING"},
		{http.MethodPost, adjustments, `{` + at + `,"adjustment":-51,"validateStock":false,"reason":"x"}`, 400, "INSUFFICIENT_STOCK"},
		{http.MethodPost, adjustments, `{` + at + `,"adjustment":-46,"reason":"x"}`, 400, "INSUFFICIENT_STOCK"},
		{http.MethodPost, adjustments, `{` + at + `,"adjustment":1,"expectedQuantity":49,"reason":"x"}`, 409, "STOCK_CHANGED"},
		{http.MethodPost, adjustments, `{` + at + `,"adjustment":1e309,"reason":"x"}`, 422, "VALIDATION_FAILED"},
		{http.MethodPost, adjustments, `{` + at + `,"adjustment":0.0001,"reason":"x"}`, 422, "VALIDATION_FAILED"},
		{http.MethodPost, adjustments, `{` + at + `,"adjustment":NaN,"reason":"x"}`, 400, "INVALID_JSON"},
		{http.MethodPatch, levels, `{` + at + `,"stockedQuantity":-1}`, 422, "VALIDATION_FAILED"},
		{http.MethodPatch, levels, `{` + at + `,"stockedQuantity":"60"}`, 422, "VALIDATION_FAILED"},
		{http.MethodPatch, levels, `{` + at + `,"stockedQuantity":1234567890123456}`, 422, "VALIDATION_FAILED"},
		{http.MethodPatch, levels, `{` + at + `,"stokedQuantity":60}`, 422, "VALIDATION_FAILED"},
		{http.MethodPatch, levels, `{` + at + `}`, 422, "VALIDATION_FAILED"},
		{http.MethodPost, batchUpdate, `{"updates":[{` + at + `,"quantity":1,"adjustment":1}]}`, 422, "VALIDATION_FAILED"},
		{http.MethodPost, batchUpdate, `{"updates":[{` + at + `}]}`, 422, "VALIDATION_FAILED"},
		{http.MethodPost, batchUpdate, `{"updates":[]}`, 422, "VALIDATION_FAILED"},
		{http.MethodPost, batchUpdate, `{"updates":[` + strings.Repeat(`{`+at+`,"quantity":1},`, 1000) + `{` + at + `,"quantity":1}]}`, 422, "VALIDATION_FAILED"},
		{http.MethodPost, batchUpdate, `{"reason":"` + strings.Repeat("x", 3<<20) + `"}`, 413, "BODY_TOO_LARGE"},
	} {
		answer := s.send(t, c.method, s.token, c.path, c.body)
		name := c.body[:min(len(c.body), 120)]
		require.Equal(t, c.status, answer.status, "%s: %s", name, answer.text)
		require.Equal(t, c.code, answer.object(t)["code"], name)
	}
	for _, token := range []string{"", "garbage", s.token + "x"} {
		answer := s.send(t, http.MethodPost, token, adjustments, `{`+at+`,"adjustment":1,"reason":"x"}`)
		require.Equal(t, http.StatusUnauthorized, answer.status, "%q: %s", token, answer.text)
	}
	require.Equal(t, json.Number("50"), s.stockedAt(t, place{"iitem_bd_7g", "sloc_high_up"}))
	require.Empty(t, s.ledger(t, s.token))
}

const levels = "/api/inventory/levels"

func TestRealMedusaAddsFractionsExactly(t *testing.T) {
	s := newRealShop(t)
	where := place{"iitem_fraccion_g", "sloc_high_up"}
	s.stock(t, 0, where)
	for _, by := range []string{"0.1", "0.2"} {
		body := fmt.Sprintf(`{"inventoryItemId":%q,"locationId":%q,"adjustment":%s,"reason":"received"}`, where.item, where.location, by)
		require.Equal(t, http.StatusOK, s.send(t, http.MethodPost, s.token, adjustments, body).status)
	}
	require.Equal(t, json.Number("0.3"), s.stockedAt(t, where))
}

func TestRealMedusaLevelIsMadeAndRemoved(t *testing.T) {
	s := newRealShop(t)
	where := place{"iitem_sin_nivel", "sloc_deposito"}
	key := fmt.Sprintf(`"inventoryItemId":%q,"locationId":%q`, where.item, where.location)

	made := s.send(t, http.MethodPatch, s.token, levels, `{`+key+`,"stockedQuantity":60,"incomingQuantity":4}`)
	require.Equal(t, http.StatusOK, made.status, made.text)
	level := made.object(t)["level"].(map[string]any)
	require.Equal(t, where.location, level["locationId"])
	require.InDelta(t, 60, level["stockedQuantity"], 0)
	require.InDelta(t, 4, level["incomingQuantity"], 0)
	require.InDelta(t, 60, level["availableQuantity"], 0)
	require.Equal(t, json.Number("60"), s.stockedAt(t, where))

	nowhere := s.send(t, http.MethodPatch, s.token, levels, `{"inventoryItemId":"iitem_sin_nivel","locationId":"sloc_nope","stockedQuantity":60}`)
	require.Equal(t, http.StatusNotFound, nowhere.status, nowhere.text)
	stocked, err := s.stocked(where.item)
	require.NoError(t, err)
	require.Len(t, stocked, 1, "a level at a location that does not exist")

	reservation := s.made(t, "reservation", "/admin/reservations", map[string]any{"inventory_item_id": where.item, "location_id": where.location, "quantity": 2})
	refused := func(body, code string) {
		t.Helper()
		answer := s.send(t, http.MethodDelete, s.token, levels, body)
		require.Equal(t, http.StatusConflict, answer.status, answer.text)
		require.Equal(t, code, answer.object(t)["code"])
		require.Equal(t, json.Number("60"), s.stockedAt(t, where))
	}
	refused(`{`+key+`,"force":true}`, "LEVEL_HAS_RESERVATIONS")
	s.must(t, http.MethodDelete, "/admin/reservations/"+reservation, nil)
	refused(`{`+key+`}`, "LEVEL_HAS_STOCK")

	gone := s.send(t, http.MethodDelete, s.token, levels, `{`+key+`,"force":true}`)
	require.Equal(t, http.StatusOK, gone.status, gone.text)
	require.Equal(t, level["id"], gone.object(t)["id"])
	require.Empty(t, s.stockedAt(t, where))
	again := s.send(t, http.MethodDelete, s.token, levels, `{`+key+`,"force":true}`)
	require.Equal(t, http.StatusNotFound, again.status, again.text)

	require.Equal(t, http.StatusOK, s.send(t, http.MethodPatch, s.token, levels, `{`+key+`,"stockedQuantity":0}`).status)
	empty := s.send(t, http.MethodDelete, s.token, levels, `{`+key+`}`)
	require.Equal(t, http.StatusOK, empty.status, "an empty level needs no force: %s", empty.text)
	for _, e := range s.ledger(t, s.token) {
		require.Equal(t, "applied", e.State)
	}
}
