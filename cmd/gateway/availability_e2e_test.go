package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

const storeAvailability = "/store/inventory-items/availability"

// trySendAsShopper sends a body with a publishable key, or with none.
func (p *program) trySendAsShopper(key, path, body string) (reply, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.url+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("X-Publishable-Api-Key", key)
	}
	return p.tryRead(request)
}

func (p *program) sendAsShopper(t *testing.T, key, path, body string) reply {
	t.Helper()
	answer, err := p.trySendAsShopper(key, path, body)
	require.NoError(t, err)
	return answer
}

// guideRows is the body in which the storefront guide asks whether there is one of
// each item.
func guideRows(ids ...string) string {
	rows := make([]string, len(ids))
	for i, id := range ids {
		rows[i] = fmt.Sprintf(`{"inventory_item_id":%q,"required_quantity":1}`, id)
	}
	return `{"items":[` + strings.Join(rows, ",") + `]}`
}

func hundredItems() []string {
	ids := make([]string, 100)
	for i := range ids {
		ids[i] = fmt.Sprintf("iitem_h_%03d", i+1)
	}
	return ids
}

func TestRealMedusaAnswersShoppersByTheirKey(t *testing.T) {
	s := newRealShop(t)
	retail, wholesale := s.medusa.PublishableKey, s.medusa.WholesalePublishableKey

	half := s.sendAsShopper(t, retail, storeAvailability, guideRows("iitem_bd_14g"))
	require.Equal(t, http.StatusOK, half.status, half.text)
	require.JSONEq(t, `{"availability":[
		{"inventory_item_id":"iitem_bd_14g","location_id":"sloc_deposito","is_available":true,"available_quantity":60,"requested_quantity":1,"status":"in_stock","message":"In stock"},
		{"inventory_item_id":"iitem_bd_14g","location_id":"sloc_high_up","is_available":true,"available_quantity":12,"requested_quantity":1,"status":"in_stock","message":"In stock"}
	]}`, half.text)
	other := s.sendAsShopper(t, wholesale, storeAvailability, guideRows("iitem_bd_14g", "iitem_bd_1g"))
	require.JSONEq(t, `["sloc_mayorista",null]`, gjson.Get(other.text, "availability.#.location_id").Raw, "a key without the location")
	require.JSONEq(t, `[800,0]`, gjson.Get(other.text, "availability.#.available_quantity").Raw)

	for key, status := range map[string]int{"": 401, "pk_nope": 401, s.medusa.SecretKey: 401} {
		require.Equal(t, status, s.sendAsShopper(t, key, storeAvailability, guideRows("iitem_bd_14g")).status)
	}
	foreign := strings.Replace(guideRows("iitem_bd_14g"), "]}", `],"sales_channel_id":"sc_mayorista"}`, 1)
	require.Equal(t, http.StatusForbidden, s.sendAsShopper(t, retail, storeAvailability, foreign).status)
	require.Equal(t, http.StatusUnprocessableEntity, s.sendAsShopper(t, retail, storeAvailability, guideRows(slices.Repeat([]string{"iitem_bd_1g"}, 501)...)).status)

	cart := s.sendAsShopper(t, retail, "/api/cart/validate", `{"items":[{"variantId":"variant_bd_14g","quantity":40},{"variantId":"variant_bd_14g","quantity":21}]}`)
	require.Equal(t, http.StatusOK, cart.status, cart.text)
	require.False(t, gjson.Get(cart.text, "isValid").Bool(), "the lines are not added up")

	explained := s.send(t, http.MethodPost, s.token, "/api/inventory/availability", `{"items":[{"sku":"BD-14G-001","requiredQuantity":1}],"explain":true}`)
	require.Equal(t, http.StatusOK, explained.status, explained.text)
	require.JSONEq(t, `{"inventoryItemId":"iitem_bd_14g","stocked":1000,"reserved":200,"requiredQuantity":1,"linkedChannels":[{"id":"sc_mayorista","name":"Mayorista"}]}`,
		gjson.Get(explained.text, "availability.0.explain").Raw)

	revoked := s.made(t, "api_key", "/admin/api-keys", map[string]any{"title": "Old", "type": "publishable"})
	token := gjson.GetBytes(s.must(t, http.MethodGet, "/admin/api-keys/"+revoked, nil), "api_key.token").String()
	s.must(t, http.MethodPost, "/admin/api-keys/"+revoked+"/revoke", map[string]any{})
	require.Equal(t, http.StatusUnauthorized, s.sendAsShopper(t, token, storeAvailability, guideRows("iitem_bd_14g")).status)
}

func TestRealMedusaIsAskedOnceForAHundredItems(t *testing.T) {
	s := newRealShop(t)
	key := s.medusa.PublishableKey
	s.sendAsShopper(t, key, storeAvailability, guideRows("iitem_bd_1g"))
	const read = `gateway_medusa_call_seconds_count{endpoint="GET /admin/inventory-items",status="200"}`
	require.Equal(t, "1", s.metric(t, read))

	answer := s.sendAsShopper(t, key, storeAvailability, guideRows(hundredItems()...))
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	require.Equal(t, "1", answer.header.Get("X-Medusa-Calls"))
	require.GreaterOrEqual(t, len(gjson.Get(answer.text, "availability").Array()), 100)
	require.Equal(t, "0", s.sendAsShopper(t, key, storeAvailability, guideRows(hundredItems()[20:80]...)).header.Get("X-Medusa-Calls"))
	require.Equal(t, "2", s.metric(t, read))

	// A change through the gateway is seen at once.
	changed := s.send(t, http.MethodPost, s.token, adjustments, adjustment(place{"iitem_h_001", "sloc_deposito"}, 7))
	require.Equal(t, http.StatusOK, changed.status, changed.text)
	now := gjson.Get(changed.text, "level.availableQuantity").Raw
	require.Equal(t, now, gjson.Get(s.sendAsShopper(t, key, storeAvailability, guideRows("iitem_h_001")).text, `availability.#(location_id=="sloc_deposito").available_quantity`).Raw)
}

func TestRealMedusaIsAskedLittleByTwoHundredShoppers(t *testing.T) {
	s := newRealShop(t)
	key := s.medusa.PublishableKey
	s.sendAsShopper(t, key, storeAvailability, guideRows("iitem_bd_1g"))
	items, least := hundredItems(), math.MaxInt
	for range 5 { // on a busy machine not all of them ask at once
		changed := s.send(t, http.MethodPost, s.token, adjustments, adjustment(place{"iitem_h_001", "sloc_deposito"}, 1))
		require.Equal(t, http.StatusOK, changed.status, changed.text) // and nothing is held
		before := s.medusaCalls(t)
		var shoppers sync.WaitGroup
		for i := range 200 {
			shoppers.Go(func() {
				answer, err := s.trySendAsShopper(key, storeAvailability, guideRows(items[i%100], items[(i*7+3)%100]))
				if assert.NoError(t, err) {
					assert.Equal(t, http.StatusOK, answer.status, answer.text)
				}
			})
		}
		shoppers.Wait()
		if least = min(least, s.medusaCalls(t)-before); least <= 5 {
			return
		}
	}
	require.LessOrEqual(t, least, 5, "calls for 200 different questions over 100 items")
}

func TestRealMedusaAnswersTheGuideWithoutAKey(t *testing.T) {
	s := newRealShop(t)
	environment := append(inFrontOfReal(s.medusa, s.medusa.URL), "DEFAULT_PUBLISHABLE_KEY="+s.medusa.PublishableKey)
	code, stdout, _ := runIn(t, environment, "check")
	require.Zero(t, code, stdout)
	require.Contains(t, stdout, "ok    The default publishable key opens 2 stock locations")
	code, stdout, _ = runIn(t, append(environment, "DEFAULT_PUBLISHABLE_KEY=pk_nope"), "check")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "FAIL  Medusa does not know the default publishable key")

	p := launch(t, nil, environment...)
	answer := p.sendAsShopper(t, "", storeAvailability, guideRows("iitem_bd_14g"))
	require.Equal(t, http.StatusOK, answer.status, answer.text)
	require.Len(t, gjson.Get(answer.text, "availability").Array(), 2)
}
