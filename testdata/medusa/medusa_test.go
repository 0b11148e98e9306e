package medusa_test

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/medusa"
)

type level struct {
	ID         string      `json:"id"`
	LocationID string      `json:"location_id"`
	Stocked    json.Number `json:"stocked_quantity"`
	Reserved   json.Number `json:"reserved_quantity"`
	Incoming   json.Number `json:"incoming_quantity"`
}

type item struct {
	ID     string  `json:"id"`
	SKU    string  `json:"sku"`
	Levels []level `json:"location_levels"`
}

const itemFields = "id,sku,location_levels.id,location_levels.location_id,location_levels.stocked_quantity," +
	"location_levels.reserved_quantity,location_levels.incoming_quantity"

func TestHoldsTheCatalogue(t *testing.T) {
	shop := medusa.Start(t)

	var catalogue struct {
		InventoryItems []item                `json:"inventory_items"`
		Products       []struct{ ID string } `json:"products"`
	}
	file, err := os.ReadFile("../../medusaclient/medusatest/catalogue.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, &catalogue))
	var held struct {
		InventoryItems []item `json:"inventory_items"`
		Count          int
	}
	get(t, shop, "/admin/inventory-items?limit=1000&fields="+itemFields, &held)
	var products struct{ Count int }
	get(t, shop, "/admin/products?fields=id", &products)

	assert.Equal(t, 300, held.Count)
	assert.Equal(t, len(catalogue.Products), products.Count)
	assert.ElementsMatch(t, flat(catalogue.InventoryItems), flat(withoutReserved(held.InventoryItems)),
		"ids, SKUs and quantities are those of the catalogue")
}

func TestHoldsWhatIsReserved(t *testing.T) {
	shop := medusa.Start(t)

	reserved := levelOf(t, shop, "iitem_bd_1g", "sloc_high_up")
	assert.Equal(t, json.Number("10"), reserved.Reserved, "the sum of two reservations")
	overdrawn := levelOf(t, shop, "iitem_negativo", "sloc_high_up")
	assert.Equal(t, json.Number("3"), overdrawn.Stocked)
	assert.Equal(t, json.Number("4"), overdrawn.Reserved, "more than there is")
	assert.Equal(t, json.Number("-450"), levelOf(t, shop, "iitem_backorder", "sloc_high_up").Stocked)
}

func TestKeysAreGood(t *testing.T) {
	shop := medusa.Start(t)

	admin := request(t, http.MethodGet, shop.URL+"/admin/stores", nil)
	admin.SetBasicAuth(shop.SecretKey, "")
	assert.Equal(t, http.StatusOK, status(t, admin))
	for _, key := range []string{shop.PublishableKey, shop.WholesalePublishableKey} {
		assert.Equal(t, http.StatusOK, status(t, storeRequest(t, http.MethodGet, shop.URL+"/store/products", key, nil)))
	}
}

// TestCustomersCanChooseHowToGetWhatTheyBuy: what a location is set up with is there, and no channel is linked to a location
// that is gone, which ends every checkout of the channel.
func TestCustomersCanChooseHowToGetWhatTheyBuy(t *testing.T) {
	shop := medusa.Start(t)

	var profiles struct {
		ShippingProfiles []struct{ ID, Type string } `json:"shipping_profiles"`
	}
	get(t, shop, "/admin/shipping-profiles", &profiles)
	assert.Equal(t, []struct{ ID, Type string }{{"sp_cannahub", "default"}}, profiles.ShippingProfiles)
	var providers struct {
		FulfillmentProviders []struct{ ID string } `json:"fulfillment_providers"`
	}
	get(t, shop, "/admin/fulfillment-providers?is_enabled=true", &providers)
	assert.Equal(t, []struct{ ID string }{{"manual_manual"}}, providers.FulfillmentProviders)

	for _, key := range []string{shop.PublishableKey, shop.WholesalePublishableKey} {
		var made struct {
			Cart struct {
				ID       string
				Currency string `json:"currency_code"`
			}
		}
		ask(t, storeRequest(t, http.MethodPost, shop.URL+"/store/carts", key, []byte(`{"region_id":"reg_argentina"}`)), &made)
		assert.Equal(t, "ars", made.Cart.Currency)
		var offered struct {
			ShippingOptions []any `json:"shipping_options"`
		}
		ask(t, storeRequest(t, http.MethodGet, shop.URL+"/store/shipping-options?cart_id="+made.Cart.ID, key, nil), &offered)
		assert.NotNil(t, offered.ShippingOptions)
		assert.Empty(t, offered.ShippingOptions)
	}
}

func storeRequest(t *testing.T, method, url, key string, body []byte) *http.Request {
	t.Helper()
	r := request(t, method, url, body)
	r.Header.Set("X-Publishable-Api-Key", key)
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestResetUndoesAWriteQuickly(t *testing.T) {
	shop := medusa.Start(t)
	before := levelOf(t, shop, "iitem_bd_1g", "sloc_high_up")
	setStocked(t, shop, "77")
	require.Equal(t, json.Number("77"), levelOf(t, shop, "iitem_bd_1g", "sloc_high_up").Stocked)

	best := quickest(3, func() { shop.Reset(t) })

	assert.Equal(t, before, levelOf(t, shop, "iitem_bd_1g", "sloc_high_up"))
	assert.Less(t, best, 2*time.Second)
	t.Logf("reset in %v", best)
}

// quickest of some runs, because the machine may be busy with other packages.
func quickest(runs int, do func()) time.Duration {
	best := time.Duration(math.MaxInt64)
	for range runs {
		began := time.Now()
		do()
		best = min(best, time.Since(began))
	}
	return best
}

func TestEveryTestBeginsWithTheCatalogue(t *testing.T) {
	t.Run("one writes", func(t *testing.T) {
		setStocked(t, medusa.Start(t), "78")
	})
	t.Run("the next does not see it", func(t *testing.T) {
		assert.Equal(t, json.Number("100"), levelOf(t, medusa.Start(t), "iitem_bd_1g", "sloc_high_up").Stocked)
	})
}

func TestSharesItsTurnWithinATest(t *testing.T) {
	shop := medusa.Start(t)
	setStocked(t, shop, "79")

	again := medusa.Start(t)

	assert.Same(t, shop, again)
	assert.Equal(t, json.Number("79"), levelOf(t, again, "iitem_bd_1g", "sloc_high_up").Stocked, "no reset in between")
}

func TestStopAndRestart(t *testing.T) {
	shop := medusa.Start(t)
	setStocked(t, shop, "80")

	shop.Stop(t)
	_, err := http.Get(shop.URL + "/health") //nolint:bodyclose // there is none
	require.Error(t, err, "nobody listens")
	shop.Restart(t)

	assert.Equal(t, json.Number("80"), levelOf(t, shop, "iitem_bd_1g", "sloc_high_up").Stocked, "the same database")
}

func TestPauseAndResume(t *testing.T) {
	shop := medusa.Start(t)

	shop.Pause(t)
	impatient := http.Client{Timeout: 300 * time.Millisecond}
	_, err := impatient.Get(shop.URL + "/health") //nolint:bodyclose // there is none
	require.ErrorContains(t, err, "Timeout", "it hangs and does not refuse")
	shop.Resume(t)

	assert.Equal(t, http.StatusOK, status(t, request(t, http.MethodGet, shop.URL+"/health", nil)))
}

func TestStartMendsWhatATestLeft(t *testing.T) {
	for name, leave := range map[string]func(*medusa.Medusa, testing.TB){"stopped": (*medusa.Medusa).Stop, "paused": (*medusa.Medusa).Pause} {
		t.Run(name, func(t *testing.T) {
			t.Run("a test leaves it so", func(t *testing.T) { leave(medusa.Start(t), t) })
			t.Run("the next finds it well", func(t *testing.T) { assert.NotEmpty(t, medusa.Start(t).Token(t)) })
		})
	}
}

func setStocked(t *testing.T, shop *medusa.Medusa, quantity json.Number) {
	t.Helper()
	body, err := json.Marshal(map[string]json.Number{"stocked_quantity": quantity})
	require.NoError(t, err)
	write := request(t, http.MethodPost, shop.URL+"/admin/inventory-items/iitem_bd_1g/location-levels/sloc_high_up", body)
	write.Header.Set("Authorization", "Bearer "+shop.Token(t))
	write.Header.Set("Content-Type", "application/json")
	require.Equal(t, http.StatusOK, status(t, write))
}

func levelOf(t *testing.T, shop *medusa.Medusa, itemID, locationID string) level {
	t.Helper()
	var answer struct {
		Item item `json:"inventory_item"`
	}
	get(t, shop, "/admin/inventory-items/"+itemID+"?fields="+itemFields, &answer)
	for _, l := range answer.Item.Levels {
		if l.LocationID == locationID {
			return l
		}
	}
	require.Failf(t, "no level", "%s at %s", itemID, locationID)
	return level{}
}

// flat names each item, and each level with its item, so that their order does not count.
func flat(items []item) []any {
	var all []any
	for _, i := range items {
		all = append(all, [2]string{i.ID, i.SKU})
		for _, l := range i.Levels {
			all = append(all, [2]any{i.ID, l})
		}
	}
	return all
}

// withoutReserved: the catalogue has that in its reservations.
func withoutReserved(items []item) []item {
	for _, i := range items {
		for n := range i.Levels {
			i.Levels[n].Reserved = ""
		}
	}
	return items
}

func get(t *testing.T, shop *medusa.Medusa, path string, into any) {
	t.Helper()
	read := request(t, http.MethodGet, shop.URL+path, nil)
	read.Header.Set("Authorization", "Bearer "+shop.Token(t))
	ask(t, read, into)
}

func ask(t *testing.T, r *http.Request, into any) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, json.NewDecoder(response.Body).Decode(into))
}

func request(t *testing.T, method, url string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	require.NoError(t, err)
	return r
}

func status(t *testing.T, r *http.Request) int {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	response.Body.Close()
	return response.StatusCode
}
