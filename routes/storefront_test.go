package routes

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	storeAvailability = "/store/inventory-items/availability"
	ownAvailability   = "/api/inventory/availability"
	cartValidation    = "/api/cart/validate"

	// guideRequest is the one that the storefront guide's hook for one product sends.
	guideRequest = `{"items":[{"inventory_item_id":"iitem_bd_14g","required_quantity":1}]}`
)

// shopper names a publishable key of a sales channel.
func shopper(salesChannelID string) with {
	return header("X-Publishable-Api-Key", medusatest.PublishableToken(salesChannelID))
}

// question asks something in a body, without a credential of its own.
func (s *shop) question(t *testing.T, path, body string, changes ...with) answer {
	t.Helper()
	return s.ask(t, http.MethodPost, path, strings.NewReader(body), append([]with{header("Content-Type", "application/json")}, changes...)...)
}

func TestTheGuidesRequestsAreAnsweredAsItSays(t *testing.T) {
	s := open(t)
	got := s.question(t, storeAvailability, guideRequest, shopper("sc_cannahub"))
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	assert.JSONEq(t, `{"availability":[
		{"inventory_item_id":"iitem_bd_14g","location_id":"sloc_deposito","is_available":true,"available_quantity":60,"requested_quantity":1,"status":"in_stock","message":"In stock"},
		{"inventory_item_id":"iitem_bd_14g","location_id":"sloc_high_up","is_available":true,"available_quantity":12,"requested_quantity":1,"status":"in_stock","message":"In stock"}
	]}`, string(got.body))
	assert.Equal(t, "2", got.header.Get("X-Medusa-Calls"), "the key and the item")
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))

	again := s.question(t, storeAvailability, guideRequest, shopper("sc_cannahub"))
	assert.Equal(t, "0", again.header.Get("X-Medusa-Calls"), "neither is held")

	other := s.question(t, storeAvailability, guideRequest, shopper("sc_mayorista"), header("Accept-Language", "es"))
	assert.Equal(t, "sloc_mayorista", gjson.GetBytes(other.body, "availability.0.location_id").String())
	assert.Equal(t, "En stock", gjson.GetBytes(other.body, "availability.0.message").String())

	customer := s.question(t, storeAvailability, guideRequest, shopper("sc_cannahub"), authorization("Bearer of a customer"))
	assert.Equal(t, http.StatusOK, customer.status, "a customer who is signed in")
}

func TestShoppersAndAdminsAskInCamelCase(t *testing.T) {
	s := open(t)
	body := `{"items":[{"variantId":"variant_kit_armado","requiredQuantity":1},{"sku":"nope","requiredQuantity":1},{"variantId":"variant_consulta","requiredQuantity":1}]}`
	got := s.question(t, ownAvailability, body, shopper("sc_cannahub"))
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	assert.JSONEq(t, `["low_stock","out_of_stock","out_of_stock","in_stock"]`, gjson.GetBytes(got.body, "availability.#.status").Raw)
	assert.Equal(t, "Only 3 left", gjson.GetBytes(got.body, "availability.0.message").String())

	half := `{"items":[{"inventoryItemId":"iitem_bd_14g","requiredQuantity":1}],"explain":true}`
	explained := s.question(t, ownAvailability, half, authorization("Bearer "+s.token))
	require.Equal(t, http.StatusOK, explained.status, "%s", explained.body)
	assert.JSONEq(t, `["sloc_mayorista","sloc_deposito","sloc_high_up"]`, gjson.GetBytes(explained.body, "availability.#.locationId").Raw)
	assert.JSONEq(t, `[1000,60,12]`, gjson.GetBytes(explained.body, "availability.#.explain.stocked").Raw)
}

func TestCartsAreValidatedForShoppers(t *testing.T) {
	s := openBook(t)
	got := s.question(t, cartValidation, `{"items":[{"variantId":"variant_bd_14g","inventoryItemId":"iitem_bd_14g","quantity":2}],"cartId":"cart_1"}`, shopper("sc_cannahub"))
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	assert.JSONEq(t, `{"isValid":true,"errors":[],"fulfillableFrom":["sloc_deposito","sloc_high_up"]}`, string(got.body))

	wrong := s.question(t, cartValidation, `{"items":[{"variantId":"variant_bd_14g","quantity":61}]}`, shopper("sc_cannahub"), header("Accept-Language", "de"))
	assert.JSONEq(t, `{"isValid":false,"errors":[{"variantId":"variant_bd_14g","code":"INSUFFICIENT_STOCK","message":"Zu wenig Bestand: 60 verfügbar, 61 verlangt",
		"availableQuantity":60,"requestedQuantity":61}],"fulfillableFrom":[]}`, string(wrong.body))
}

func TestQuestionsThatAreRefused(t *testing.T) {
	s := open(t)
	item := `"items":[{"inventoryItemId":"iitem_bd_1g","requiredQuantity":1}]`
	for name, c := range map[string]struct {
		path, body string
		who        with
		status     int
		code       bff.Code
	}{
		"no key":                          {storeAvailability, guideRequest, nil, 401, bff.Unauthorized},
		"an admin in the store":           {storeAvailability, guideRequest, authorization("Bearer " + s.token), 401, bff.Unauthorized},
		"an unknown key":                  {storeAvailability, guideRequest, header("X-Publishable-Api-Key", "pk_nope"), 401, bff.Unauthorized},
		"no credential":                   {ownAvailability, "{" + item + "}", nil, 401, bff.Unauthorized},
		"not even a credential":           {ownAvailability, "{" + item + "}", authorization("nonsense"), 401, bff.Unauthorized},
		"another's token":                 {ownAvailability, "{" + item + "}", authorization("Bearer none"), 401, bff.Unauthorized},
		"a cart of nobody":                {cartValidation, `{"items":[{"variantId":"v","quantity":1}]}`, nil, 401, bff.Unauthorized},
		"another's channel":               {ownAvailability, "{" + item + `,"salesChannelId":"sc_mayorista"}`, shopper("sc_cannahub"), 403, bff.Forbidden},
		"another's channel, in the store": {storeAvailability, strings.Replace(guideRequest, "]}", `],"sales_channel_id":"sc_mayorista"}`, 1), shopper("sc_cannahub"), 403, bff.Forbidden},
		"a shopper's explanation":         {ownAvailability, "{" + item + `,"explain":true}`, shopper("sc_cannahub"), 403, bff.Forbidden},
		"an unknown channel":              {ownAvailability, "{" + item + `,"salesChannelId":"sc_nope"}`, authorization("Bearer " + s.token), 404, bff.SalesChannelNotFound},
		"nothing of one":                  {storeAvailability, strings.Replace(guideRequest, ":1}", ":0}", 1), shopper("sc_cannahub"), 422, bff.ValidationFailed},
		"less than nothing":               {storeAvailability, strings.Replace(guideRequest, ":1}", ":-1}", 1), shopper("sc_cannahub"), 422, bff.ValidationFailed},
		"501 items":                       {storeAvailability, guideItems(501), shopper("sc_cannahub"), 422, bff.ValidationFailed},
		"no JSON":                         {storeAvailability, "items", shopper("sc_cannahub"), 400, invalidJSON},
		"a query":                         {storeAvailability + "?fields=x", guideRequest, shopper("sc_cannahub"), 422, bff.ValidationFailed},
		"1 MiB":                           {storeAvailability, strings.Repeat(" ", 1<<20) + guideRequest, shopper("sc_cannahub"), 413, bff.BodyTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []with
			if c.who != nil {
				changes = append(changes, c.who)
			}
			got := s.question(t, c.path, c.body, changes...)
			require.Equal(t, c.status, got.status, "%s", got.body)
			said := got.problem(t)
			assert.Equal(t, c.code, said.Code)
			if strings.HasPrefix(c.path, "/store") {
				assert.Equal(t, said.Detail, gjson.GetBytes(got.body, "message").String(), "where Medusa's clients look")
			}
		})
	}
	assert.Equal(t, http.StatusUnsupportedMediaType, s.question(t, storeAvailability, guideRequest, shopper("sc_cannahub"), header("Content-Type", "text/plain")).status)
}

func guideItems(count int) string {
	return `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"inventory_item_id":"iitem_bd_1g","required_quantity":1},`, count), ",") + `]}`
}

func TestTheGuidesRequestsRunWithoutAKeyWhereOneIsConfigured(t *testing.T) {
	s := open(t, func(b *setup) { b.defaultKey = medusatest.PublishableToken("sc_mayorista") })
	for _, changes := range [][]with{nil, {authorization("Bearer of a customer")}} {
		got := s.question(t, storeAvailability, guideRequest, changes...)
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		assert.JSONEq(t, `["sloc_mayorista"]`, gjson.GetBytes(got.body, "availability.#.location_id").Raw)
	}
}

func TestFiveHundredItemsAreAnswered(t *testing.T) {
	s := open(t)
	got := s.question(t, storeAvailability, guideItems(500), shopper("sc_cannahub"), header("Accept-Encoding", "gzip"))
	require.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, int64(1000), gjson.GetBytes(got.body, "availability.#").Int(), "two locations of each")
	assert.Equal(t, "gzip", got.header.Get("Content-Encoding"))
}

func TestQuestionsAreAnsweredWithMedusasOutages(t *testing.T) {
	s := open(t)
	s.question(t, storeAvailability, guideRequest, shopper("sc_cannahub"))
	s.medusa.Close()
	got := s.question(t, storeAvailability, strings.Replace(guideRequest, "bd_14g", "bd_1g", 1), shopper("sc_mayorista"))
	require.Equal(t, http.StatusServiceUnavailable, got.status, "by a key of which nothing is known")
	assert.Equal(t, bff.NetworkError, got.problem(t).Code)
	assert.NotEmpty(t, got.header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, s.question(t, storeAvailability, guideRequest, shopper("sc_cannahub")).status, "what is held")
}

func TestShoppersAreToldHowOldTheirAnswerIs(t *testing.T) {
	s := openBook(t, func(b *setup) { b.cacheTTL, b.staleAge = 0, time.Hour })
	cart := `{"items":[{"variantId":"variant_bd_14g","quantity":1}]}`
	own := `{"items":[{"inventoryItemId":"iitem_bd_14g","requiredQuantity":1}]}`
	questions := map[string]string{storeAvailability: guideRequest, ownAvailability: own, cartValidation: cart}
	for path, body := range questions {
		got := s.question(t, path, body, shopper("sc_cannahub"))
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		assert.Empty(t, got.header.Get("Age"), path)
	}
	s.medusa.Close()
	for path, body := range questions {
		got := s.question(t, path, body, shopper("sc_cannahub"))
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		assert.True(t, gjson.GetBytes(got.body, "stale").Bool(), "%s: %s", path, got.body)
		assert.Equal(t, gjson.GetBytes(got.body, "age").Raw, got.header.Get("Age"), path)
		assert.Regexp(t, `^\d+$`, got.header.Get("Age"), path)

		got = s.question(t, path, strings.NewReplacer("bd_14g", "bd_7g").Replace(body), shopper("sc_cannahub"), header("Accept-Language", "de"))
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		assert.Contains(t, string(got.body), "Angaben zum Bestand vorübergehend nicht verfügbar", path)
		assert.Empty(t, got.header.Get("Age"), "%s: nothing is known", path)

		got = s.question(t, path, body, shopper("sc_mayorista"))
		assert.Equal(t, http.StatusServiceUnavailable, got.status, "a key that was never good: %s", path)
		if path != storeAvailability {
			got = s.question(t, path, body, shopper("sc_cannahub"), authorization("Bearer "+s.token))
			assert.Equal(t, http.StatusServiceUnavailable, got.status, "an admin: %s", path)
			assert.Equal(t, bff.NetworkError, got.problem(t).Code, path)
			assert.NotEmpty(t, got.header.Get("Retry-After"), path)
		}
	}
}

func TestProductsAreBrowsedWhileMedusaIsDown(t *testing.T) {
	s := open(t, func(b *setup) { b.staleAge, b.routes.Origins = time.Hour, []string{"*"} })
	s.medusa.Fail(medusatest.Match{Path: "/store/**"}, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Etag", `W/"1"`)
		_, _ = io.WriteString(w, `{"products":[]}`)
	})
	browse := func(method string, changes ...with) answer {
		request, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+"/store/products", nil)
		require.NoError(t, err)
		for _, change := range append([]with{shopper("sc_cannahub")}, changes...) {
			change(request)
		}
		got, err := s.send(request)
		require.NoError(t, err)
		return got
	}
	fresh := browse(http.MethodGet)
	require.Equal(t, http.StatusOK, fresh.status)
	assert.JSONEq(t, `{"products":[]}`, string(fresh.body))
	assert.Equal(t, `W/"1"`, fresh.header.Get("Etag"), "Medusa's own")
	assert.Equal(t, http.StatusNotModified, browse(http.MethodGet, header("If-None-Match", `W/"1"`)).status)

	s.medusa.Close()
	stale := browse(http.MethodGet, header("If-None-Match", `W/"1"`), header("Origin", "https://shop.test"))
	require.Equal(t, http.StatusOK, stale.status, "%s", stale.body)
	assert.True(t, gjson.GetBytes(stale.body, "stale").Bool())
	assert.Equal(t, gjson.GetBytes(stale.body, "age").Raw, stale.header.Get("Age"))
	assert.Contains(t, stale.header.Get("Access-Control-Expose-Headers"), "Age")
	assert.NotEmpty(t, stale.header.Get("X-Request-Id"))
	head := browse(http.MethodHead)
	assert.Equal(t, http.StatusOK, head.status)
	assert.Empty(t, head.body)
	assert.NotEmpty(t, head.header.Get("Age"))

	admin := browse(http.MethodGet, authorization("Bearer "+s.token))
	require.Equal(t, http.StatusServiceUnavailable, admin.status)
	assert.NotEmpty(t, admin.header.Get("Retry-After"))
}

// Credentials that Medusa is not asked about do not make another caller.
func TestMadeUpCredentialsOfShoppersShareABucket(t *testing.T) {
	s := open(t, func(b *setup) { b.routes.Rate = Rate{PerSecond: 1e-3, Burst: 4} })
	limited := 0
	for i := range 9 {
		path, body := storeAvailability, guideRequest
		if i%2 == 0 {
			path, body = ownAvailability, `{"items":[{"inventoryItemId":"iitem_bd_1g","requiredQuantity":1}]}`
		}
		got := s.question(t, path, body, authorization(fmt.Sprintf("Bearer made-up-%d", i%3)), shopper("sc_cannahub"))
		if got.status == http.StatusTooManyRequests {
			limited++
		}
	}
	assert.Equal(t, 4, limited, "of 9 requests with bursts of 4, the first of which was the address's")
}

func TestWhatIsHeldDoesNotKeepTheRequest(t *testing.T) {
	s := open(t)
	inUse := func() int64 {
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	before := inUse()
	for i := range 100 {
		body := fmt.Sprintf(`{"items":[{"inventory_item_id":"iitem_nope_%d","required_quantity":1}]}`, i) + strings.Repeat(" ", 1<<20-200)
		require.Equal(t, http.StatusOK, s.question(t, storeAvailability, body, shopper("sc_cannahub")).status)
	}
	require.Less(t, inUse()-before, int64(32<<20), "100 ids keep 100 bodies")
}
