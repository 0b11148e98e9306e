package bff

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// lasting is a shop that holds nothing in memory but for the time when Medusa does
// not answer.
func lasting(t testing.TB, change ...func(*Config)) *shop {
	t.Helper()
	return frequented(t, append([]func(*Config){func(c *Config) { c.CacheTTL, c.AuthTTL, c.StaleAge = 0, 0, time.Hour }}, change...)...)
}

// asked is what a visitor asks, in one of the three ways.
type asked func(ctx context.Context, v Visitor, items ...string) (gjson.Result, error)

// ways are the questions of shoppers, about variants or, in the store, their items.
func (s *shop) ways() map[string]asked {
	said := func(answer *Answer, err error) (gjson.Result, error) {
		if err != nil {
			return gjson.Result{}, err
		}
		return gjson.ParseBytes(answer.JSON), nil
	}
	rows := func(row string, names []string) []byte {
		list := make([]string, len(names))
		for i, name := range names {
			list[i] = strings.ReplaceAll(row, "%", name)
		}
		return []byte(`{"items":[` + strings.Join(list, ",") + `]}`)
	}
	return map[string]asked{
		"availability": func(ctx context.Context, v Visitor, names ...string) (gjson.Result, error) {
			query, _ := mapping.ParseAvailability(rows(`{"variantId":"variant_%","requiredQuantity":1}`, names))
			return said(s.Availability(ctx, v, query))
		},
		"store": func(ctx context.Context, v Visitor, names ...string) (gjson.Result, error) {
			query, _ := mapping.ParseStoreAvailability(rows(`{"inventory_item_id":"iitem_%","required_quantity":1}`, names))
			return said(s.StoreAvailability(ctx, v, query))
		},
		"cart": func(ctx context.Context, v Visitor, names ...string) (gjson.Result, error) {
			query, _ := mapping.ParseCart(rows(`{"variantId":"variant_%","quantity":1}`, names))
			return said(s.ValidateCart(ctx, v, query))
		},
	}
}

// given is how many stale answers of a kind there were.
func (s *shop) given(t testing.TB, what string) float64 {
	t.Helper()
	families, err := s.metrics.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == "gateway_stale_answers_total" && metric.GetLabel()[0].GetValue() == what {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// bySKU asks by a SKU, which has a memory of its own.
func (s *shop) bySKU(ctx context.Context) ([]gjson.Result, error) {
	return s.ask(ctx, shopper(shopKey), `{"items":[{"sku":"BD-1G-001","requiredQuantity":1}]}`)
}

func TestShoppersGetWhatWasKnownLastWhileMedusaIsDown(t *testing.T) {
	s := lasting(t)
	both := s.admin()
	both.PublishableKey = shopKey
	before := map[string]gjson.Result{}
	for name, ask := range s.ways() {
		answer, err := ask(t.Context(), shopper(shopKey), "bd_1g", "bd_14g")
		require.NoError(t, err, name)
		require.False(t, answer.Get("stale").Exists(), "%s: %s", name, answer.Raw)
		require.False(t, answer.Get("age").Exists(), "%s: %s", name, answer.Raw)
		before[name] = answer
	}
	bySKU, err := s.bySKU(t.Context())
	require.NoError(t, err)

	s.medusa.Close()
	for name, ask := range s.ways() {
		answer, err := ask(t.Context(), shopper(shopKey), "bd_1g", "bd_14g")
		require.NoError(t, err, name)
		require.True(t, answer.Get("stale").Bool(), "%s: %s", name, answer.Raw)
		require.Less(t, answer.Get("age").Int(), int64(30), "%s: %s", name, answer.Raw)
		for field, value := range before[name].Map() {
			require.JSONEq(t, value.Raw, answer.Get(field).Raw, "%s: another %s", name, field)
		}
		for _, admin := range []Visitor{s.admin(), both} {
			if name == "store" {
				continue // where nobody is an admin
			}
			_, err := ask(t.Context(), admin, "bd_1g", "bd_14g")
			require.NotZero(t, requireCode(t, NetworkError, err).RetryAfter, name)
		}
	}
	stale, err := s.bySKU(t.Context())
	require.NoError(t, err)
	require.Equal(t, shown(bySKU), shown(stale))
	require.InDelta(t, 4, s.given(t, "stock"), 0)

	_, err = s.medusa.Start()
	require.NoError(t, err)
	for name, ask := range s.ways() {
		require.Eventually(t, func() bool {
			answer, err := ask(context.Background(), shopper(shopKey), "bd_1g", "bd_14g")
			return err == nil && !answer.Get("stale").Exists()
		}, 10*time.Second, 10*time.Millisecond, "%s is not normal again within 10 s", name)
	}
}

func TestWhatWasNeverKnownDoesNotEmptyTheShop(t *testing.T) {
	s := lasting(t)
	for name, ask := range s.ways() {
		_, err := ask(t.Context(), shopper(shopKey), "bd_1g")
		require.NoError(t, err, name)
	}
	s.medusa.Close()
	spanish := shopper(shopKey)
	spanish.Language = mapping.Spanish
	const sorry = "Stock information temporarily unavailable"

	answer, err := s.ways()["store"](t.Context(), shopper(shopKey), "bd_1g", "bd_7g")
	require.NoError(t, err)
	require.True(t, answer.Get("stale").Bool())
	require.True(t, answer.Get("age").Exists(), "of the first something is known")
	require.Len(t, answer.Get("availability").Array(), 3)
	require.JSONEq(t, `{"inventory_item_id":"iitem_bd_7g","location_id":null,"is_available":true,"available_quantity":0,"requested_quantity":1,
		"status":"unknown","message":"`+sorry+`","show_as_in_stock":false}`, answer.Get("availability.2").Raw)
	require.False(t, answer.Get("availability.0.show_as_in_stock").Exists())

	answer, err = s.ways()["availability"](t.Context(), spanish, "bd_7g")
	require.NoError(t, err)
	require.True(t, answer.Get("stale").Bool())
	require.False(t, answer.Get("age").Exists(), "nothing is known that could have an age")
	require.JSONEq(t, `[{"variantId":"variant_bd_7g","sku":null,"inventoryItemId":null,"locationId":null,"isAvailable":true,"availableQuantity":null,
		"requestedQuantity":1,"status":"unknown","message":"Información de stock temporalmente no disponible","showAsInStock":false}]`, answer.Get("availability").Raw)

	answer, err = s.ways()["cart"](t.Context(), shopper(shopKey), "bd_1g", "bd_7g")
	require.NoError(t, err)
	require.JSONEq(t, `[true,"`+sorry+`",[],[]]`,
		"["+answer.Get("isValid").Raw+","+answer.Get("message").Raw+","+answer.Get("errors").Raw+","+answer.Get("fulfillableFrom").Raw+"]")
}

// Whatever Medusa cannot have made is not for sale, whether it answers or not.
func TestAnImpossibleIDIsUnknownAlsoWhileMedusaIsDown(t *testing.T) {
	s := lasting(t)
	for name, ask := range s.ways() {
		_, err := ask(t.Context(), shopper(shopKey), "bd_1g")
		require.NoError(t, err, name)
	}
	for _, down := range []bool{false, true} {
		if down {
			s.medusa.Close()
		}
		for _, id := range []string{"no id", strings.Repeat("x", maxIDLength)} {
			codes := map[string]string{}
			for name, ask := range s.ways() {
				answer, err := ask(t.Context(), shopper(shopKey), id, "bd_1g")
				require.NoError(t, err, name)
				require.Equal(t, down, answer.Get("stale").Bool(), name)
				codes[name] = answer.Get("availability.0.code").String() + answer.Get("errors.0.code").String()
				require.False(t, answer.Get("availability.0.is_available").Bool() || answer.Get("availability.0.isAvailable").Bool() || answer.Get("isValid").Bool(), "%s: %s", name, answer.Raw)
			}
			require.Equal(t, map[string]string{"availability": "VARIANT_NOT_FOUND", "store": "INVENTORY_ITEM_NOT_FOUND", "cart": "VARIANT_NOT_FOUND"}, codes, "Medusa down: %v", down)
		}
	}
}

// Whose key Medusa refused when it answered last gets nothing, and nobody learns of
// other locations than his key's.
func TestWhatWasKnownLastIsForKeysThatWereGood(t *testing.T) {
	soon := time.Now().Add(2 * time.Second)
	ends := soon.UTC().Format(time.RFC3339Nano)
	s := lasting(t)
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_1", Token: "pk_revoked", SalesChannelIDs: []string{"sc_cannahub"}})
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_2", Token: "pk_ends", SalesChannelIDs: []string{"sc_cannahub"}, RevokedAt: &ends})
	half := itemsQuestion("iitem_bd_14g")
	for _, key := range []string{shopKey, wholesaleKey, "pk_revoked", "pk_ends"} {
		s.mustAsk(t, shopper(key), half)
	}
	past := time.Now().Add(-time.Second).UTC().Format(time.RFC3339Nano)
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_1", Token: "pk_revoked", SalesChannelIDs: []string{"sc_cannahub"}, RevokedAt: &past})
	_, err := s.ask(t.Context(), shopper("pk_revoked"), half)
	requireCode(t, Unauthorized, err)

	s.medusa.Close()
	require.Equal(t, []string{"sloc_deposito 60", "sloc_high_up 12"}, shown(s.mustAsk(t, shopper(shopKey), half)))
	require.Equal(t, []string{"sloc_mayorista 800"}, shown(s.mustAsk(t, shopper(wholesaleKey), half)))
	for _, key := range []string{"pk_revoked", "pk_never_seen"} {
		_, err := s.ask(t.Context(), shopper(key), half)
		requireCode(t, NetworkError, err)
	}
	_, err = s.ask(t.Context(), shopper(shopKey), strings.Replace(half, `{"items"`, `{"salesChannelId":"sc_mayorista","items"`, 1))
	requireCode(t, Forbidden, err)
	require.Eventually(t, func() bool {
		_, err := s.ask(context.Background(), shopper("pk_ends"), half)
		return time.Now().After(soon) && failedWith(err, NetworkError)
	}, patience, 50*time.Millisecond, "a key is good beyond its end")
}

func TestWhatWasKnownLastOutlivesAWriteAndEndsWithItsAge(t *testing.T) {
	s := lasting(t, func(c *Config) { c.CacheTTL = time.Minute })
	question := itemsQuestion("iitem_bd_1g")
	s.mustAsk(t, shopper(shopKey), question)
	s.held.forget()
	s.medusa.Close()
	require.Equal(t, []string{"sloc_deposito 360", "sloc_high_up 90"}, shown(s.mustAsk(t, shopper(shopKey), question)))

	for age, within := range map[time.Duration]time.Duration{0: 0, 100 * time.Millisecond: patience} {
		s := lasting(t, func(c *Config) { c.StaleAge = age })
		s.mustAsk(t, shopper(shopKey), question)
		s.medusa.Close()
		require.Eventually(t, func() bool {
			told, err := s.ask(context.Background(), shopper(shopKey), question)
			return err == nil && len(told) == 1 && told[0].Get("status").String() == "unknown"
		}, within+time.Second, 10*time.Millisecond, "shown longer than %s, or not even the fallback afterwards", age)
	}
}

// A call that was sent earlier and is answered later does not bring back the past.
func TestACopyIsOfTheLastCall(t *testing.T) {
	s := stocked(t, func(c *Config) { c.StaleAge = time.Hour })
	question := itemsQuestion("iitem_bd_1g")
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_preroll"))
	answered, released := make(chan struct{}), make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/inventory-items", Times: 1}, late(answered, released))
	early := make(chan error)
	go func() {
		_, err := s.ask(context.Background(), shopper(shopKey), question)
		early <- err
	}()
	<-answered
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.Contains(t, shown(s.mustAsk(t, shopper(shopKey), question)), "sloc_high_up 95")
	close(released)
	require.NoError(t, <-early)
	s.held.forget()
	s.medusa.Close()
	require.Contains(t, shown(s.mustAsk(t, shopper(shopKey), question)), "sloc_high_up 95")
}

func TestAShopperWaitsTwoSecondsForWhatIsKnown(t *testing.T) {
	s := lasting(t)
	for name, ask := range s.ways() {
		_, err := ask(t.Context(), shopper(shopKey), "bd_1g")
		require.NoError(t, err, name)
	}
	var asking sync.WaitGroup
	s.medusa.Fail(medusatest.Match{}, medusatest.Delay(3*time.Second))
	for name, ask := range s.ways() {
		asking.Go(func() {
			started := time.Now()
			answer, err := ask(context.Background(), shopper(shopKey), "bd_1g")
			if assert.NoError(t, err, name) {
				assert.True(t, answer.Get("stale").Bool(), name)
			}
			assert.InDelta(t, 2, time.Since(started).Seconds(), 0.7, "%s: seconds", name)
		})
	}
	asking.Wait()
	s.medusa.LiftFailures()

	s.medusa.Fail(medusatest.Match{Path: "/admin/inventory-items"}, medusatest.Delay(2500*time.Millisecond))
	entries := s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_preroll"))
	require.Len(t, entries, 2, "of what nothing is known Medusa is waited for")
}

// While Medusa is down nearly nobody waits for it, and it is spared.
func TestWhileTheBreakerIsOpenOneCallIsMadeInASecond(t *testing.T) {
	s := lasting(t)
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g"))
	lift := s.medusa.Fail(medusatest.Match{}, medusatest.Answer(http.StatusServiceUnavailable, ""))
	for range 20 {
		s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g"))
	}
	s.medusa.ResetCalls()
	started := time.Now()
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			for time.Since(started) < 1500*time.Millisecond {
				entries, err := s.ask(context.Background(), shopper(shopKey), itemsQuestion("iitem_bd_1g"))
				if assert.NoError(t, err) {
					assert.Len(t, entries, 2)
				}
			}
		})
	}
	asking.Wait()
	require.LessOrEqual(t, len(s.paths()), 1+int(time.Since(started)/time.Second), "calls while the breaker is open")

	lift()
	require.Eventually(t, func() bool {
		query, _ := mapping.ParseAvailability([]byte(itemsQuestion("iitem_bd_1g")))
		answer, err := s.Availability(context.Background(), shopper(shopKey), query)
		return err == nil && !answer.Stale
	}, 10*time.Second, 10*time.Millisecond, "not normal again within 10 s")
}

// browse asks Medusa's store API for something, by the shop's key.
func (s *shop) browse(ctx context.Context, path string, headers ...string) (status int, header http.Header, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway"+path, nil)
	if err != nil {
		return 0, nil, "", err
	}
	request.Header.Set(PublishableKey, shopKey)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.Pass(request, "/store/*")
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(read), err
}

// sells plays Medusa's store API, which the in-memory Medusa has nothing of.
func (s *shop) sells(answer http.HandlerFunc) (lift func()) {
	return s.medusa.Fail(medusatest.Match{Path: "/store/**"}, func(w http.ResponseWriter, r *http.Request, _ http.Handler) { answer(w, r) })
}

// catalogue answers with what was asked.
func catalogue(headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Vary", "Origin, Accept-Encoding")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		_, _ = io.WriteString(w, `{"products":["`+r.URL.Path+` `+r.Header.Get("Accept-Language")+`"]}`)
	}
}

func TestShoppersBrowseWhatWasKnownLastWhileMedusaIsDown(t *testing.T) {
	s := lasting(t)
	s.sells(catalogue())
	for _, path := range []string{"/store/products?limit=2", "/store/products/prod_1"} {
		status, header, body, err := s.browse(t.Context(), path, "Accept-Language", "es")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.NotContains(t, body, "stale")
		require.Empty(t, header.Get("Age"))
	}
	s.medusa.Close()
	for path, want := range map[string]string{"/store/products?limit=2": "/store/products es", "/store/products/prod_1": "/store/products/prod_1 es"} {
		status, header, body, err := s.browse(t.Context(), path, "Accept-Language", "es", "If-None-Match", "*")
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		age := gjson.Get(body, "age").Raw
		require.JSONEq(t, `{"stale":true,"age":`+age+`,"products":["`+want+`"]}`, body)
		require.Equal(t, age, header.Get("Age"))
		require.Equal(t, strconv.Itoa(len(body)), header.Get("Content-Length"))
		require.Equal(t, "no-store", header.Get("Cache-Control"))
		require.Empty(t, header.Get("Etag"), "it is not the same the next second")
	}
	for name, own := range map[string][]string{"a customer": {"Authorization", "Bearer " + tokenOf("customer")}, "a session": {"Cookie", "connect.sid=s"}} {
		status, _, body, err := s.browse(t.Context(), "/store/products?limit=2", append(own, "Accept-Language", "es")...)
		require.NoError(t, err, name)
		require.Equal(t, http.StatusOK, status, name)
		require.Equal(t, "/store/products es", gjson.Get(body, "products.0").String(), "%s is shown what anybody is", name)
	}
	require.InDelta(t, 4, s.given(t, "products"), 0)
	for name, other := range map[string][]string{
		"another query":    {"/store/products?limit=3", "Accept-Language", "es"},
		"another product":  {"/store/products/prod_2", "Accept-Language", "es"},
		"another language": {"/store/products?limit=2", "Accept-Language", "de"},
		"another locale":   {"/store/products?limit=2", "Accept-Language", "es", "X-Medusa-Locale", "de-DE"},
		"another key":      {"/store/products?limit=2", "Accept-Language", "es", PublishableKey, wholesaleKey},
		"another route":    {"/store/collections", "Accept-Language", "es"},
	} {
		_, _, _, err := s.browse(t.Context(), other[0], other[1:]...)
		require.NotZero(t, requireCode(t, NetworkError, err).RetryAfter, name)
	}

	_, err := s.medusa.Start()
	require.NoError(t, err)
	s.sells(catalogue())
	require.Eventually(t, func() bool {
		_, _, body, err := s.browse(context.Background(), "/store/products?limit=2", "Accept-Language", "es")
		return err == nil && !strings.Contains(body, "stale")
	}, 10*time.Second, 10*time.Millisecond, "not normal again within 10 s")
}

func TestNoCopyIsKeptOfWhatIsNotForEverybody(t *testing.T) {
	for name, c := range map[string]struct{ asked, answered []string }{
		"asked by a customer":   {asked: []string{"Authorization", "Bearer " + tokenOf("customer")}},
		"asked in a session":    {asked: []string{"Cookie", "connect.sid=s"}},
		"a new session":         {answered: []string{"Set-Cookie", "connect.sid=s"}},
		"somebody's own":        {answered: []string{"Cache-Control", "private"}},
		"not to be stored":      {answered: []string{"Cache-Control", "no-store"}},
		"by a header not known": {answered: []string{"Vary", "Origin, X-Club"}},
		"by anything":           {answered: []string{"Vary", "*"}},
		"packed otherwise":      {answered: []string{"Content-Encoding", "br"}},
		"no JSON":               {answered: []string{"Content-Type", "text/html"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := lasting(t)
			lift := s.sells(catalogue(c.answered...))
			_, _, body, err := s.browse(t.Context(), "/store/products", c.asked...)
			require.NoError(t, err)
			require.Contains(t, body, "/store/products")
			lift()
			s.sells(catalogue())
			_, _, _, err = s.browse(t.Context(), "/store/products?limit=2")
			require.NoError(t, err) // the key is good
			s.medusa.Close()
			_, _, _, err = s.browse(t.Context(), "/store/products")
			requireCode(t, NetworkError, err)
		})
	}
}

func TestAProductThatWasAnsweredBeforeIsShownWhileMedusaFails(t *testing.T) {
	for name, failure := range map[string]medusatest.Failure{
		"of its own":     medusatest.Answer(http.StatusInternalServerError, `{"type":"unknown_error","message":"no"}`),
		"before it":      medusatest.Answer(http.StatusBadGateway, "<html>"),
		"cut":            medusatest.Cut(),
		"cut in between": cutAnswer,
		"slow":           medusatest.Hang(),
	} {
		t.Run(name, func(t *testing.T) {
			s := lasting(t)
			lift := s.sells(catalogue())
			_, _, _, err := s.browse(t.Context(), "/store/products")
			require.NoError(t, err)
			lift()
			s.medusa.Fail(medusatest.Match{Path: "/store/**"}, failure)
			started := time.Now()
			status, _, body, err := s.browse(t.Context(), "/store/products")
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
			require.True(t, gjson.Get(body, "stale").Bool(), body)
			require.Less(t, time.Since(started), 3*time.Second)
		})
	}
	s := lasting(t)
	s.medusa.Fail(medusatest.Match{Path: "/store/**"}, medusatest.Answer(http.StatusInternalServerError, `{"type":"unknown_error"}`))
	status, _, body, err := s.browse(t.Context(), "/store/products")
	require.NoError(t, err)
	require.Equal(t, http.StatusInternalServerError, status, "Medusa's own error, which may be the caller's fault")
	require.JSONEq(t, `{"type":"unknown_error"}`, body)
}

// cutAnswer ends a connection in the middle of an answer.
func cutAnswer(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"products":[`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestAPackedAnswerIsShownPlain(t *testing.T) {
	s := lasting(t)
	var sent bytes.Buffer
	packer := gzip.NewWriter(&sent)
	_, _ = io.WriteString(packer, `{"products":["packed"]}`)
	require.NoError(t, packer.Close())
	s.sells(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "gzip", r.Header.Get("Accept-Encoding"), "as it could not be unpacked")
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(sent.Bytes())
	})
	_, header, body, err := s.browse(t.Context(), "/store/products", "Accept-Encoding", "br, gzip")
	require.NoError(t, err)
	require.Equal(t, "gzip", header.Get("Content-Encoding"))
	require.Equal(t, sent.String(), body)
	s.medusa.Close()
	_, header, body, err = s.browse(t.Context(), "/store/products", "Accept-Encoding", "br, gzip")
	require.NoError(t, err)
	require.Empty(t, header.Get("Content-Encoding"))
	require.JSONEq(t, `["packed"]`, gjson.Get(body, "products").Raw)
}

// What is too long is waited for as if it had never been asked for.
func TestNoCopyIsKeptOfWhatIsTooLong(t *testing.T) {
	pack := func(length int) []byte {
		var packed bytes.Buffer
		packer := gzip.NewWriter(&packed)
		_, _ = io.WriteString(packer, `{"products":["`+strings.Repeat("x", length)+`"]}`)
		_ = packer.Close()
		return packed.Bytes()
	}
	for name, answered := range map[string][]byte{
		"as it is": []byte(`{"products":["` + strings.Repeat("x", 512<<10) + `"]}`), "when it is unpacked": pack(maxReshaped),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := lasting(t, func(c *Config) { c.MaxBytes = 64 << 20 })
			lift := s.sells(catalogue())
			_, _, _, err := s.browse(t.Context(), "/store/products/prod_1")
			require.NoError(t, err) // the key is good
			lift()
			var calls atomic.Int64
			s.sells(func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) > 1 {
					<-time.After(shopperPatience + 500*time.Millisecond)
				}
				w.Header().Set("Content-Type", "application/json")
				if answered[0] != '{' {
					w.Header().Set("Content-Encoding", "gzip")
				}
				_, _ = w.Write(answered)
			})
			for range 2 {
				_, _, body, err := s.browse(t.Context(), "/store/products", "Accept-Encoding", "gzip")
				require.NoError(t, err)
				require.Len(t, body, len(answered), "the answer is cut, or stale")
			}
		})
	}
}

func TestAKeyThatMedusaRefusedBrowsesNothing(t *testing.T) {
	s := lasting(t, func(c *Config) { c.CacheTTL, c.AuthTTL = time.Minute, time.Minute })
	lift := s.sells(catalogue())
	_, _, _, err := s.browse(t.Context(), "/store/products")
	require.NoError(t, err)
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g"))
	lift()
	s.medusa.Fail(medusatest.Match{Path: "/store/**"}, medusatest.Answer(http.StatusBadRequest,
		`{"type":"not_allowed","message":"A valid publishable key is required to proceed with the request"}`))
	status, _, _, err := s.browse(t.Context(), "/store/products")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, status)
	s.medusa.Close()
	_, _, _, err = s.browse(t.Context(), "/store/products")
	requireCode(t, NetworkError, err)
	_, err = s.ask(t.Context(), shopper(shopKey), itemsQuestion("iitem_bd_1g"))
	requireCode(t, NetworkError, err)
}

// Who has hung up ends his request, who was given a copy does not.
func TestWhatNobodyWaitsForIsAskedForOnlyWhereThereIsACopy(t *testing.T) {
	s := lasting(t)
	left := make(chan struct{}, 1)
	s.sells(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		left <- struct{}{}
		panic(http.ErrAbortHandler)
	})
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, _, _, err := s.browse(ctx, "/store/products")
		gone <- err
	}()
	require.Eventually(t, func() bool { return len(s.paths()) == 1 }, patience, time.Millisecond)
	leave()
	requireCode(t, Canceled, <-gone)
	select {
	case <-left:
	case <-time.After(patience):
		require.FailNow(t, "Medusa goes on for nobody")
	}

	s.medusa.LiftFailures()
	lift := s.sells(catalogue())
	_, _, _, err := s.browse(t.Context(), "/store/products")
	require.NoError(t, err)
	lift()
	s.sells(func(w http.ResponseWriter, r *http.Request) {
		<-time.After(shopperPatience + 500*time.Millisecond)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"products":["new"]}`)
	})
	for i := range 2 {
		started := time.Now()
		_, _, body, err := s.browse(t.Context(), "/store/products")
		require.NoError(t, err)
		require.Contains(t, body, "/store/products", "the copy")
		require.Equal(t, i == 0, time.Since(started) > shopperPatience, "who asks the same after it need not wait")
	}
	require.Len(t, s.paths(), 3, "one call for both")
	require.Eventually(t, func() bool {
		known, _ := s.products.find(strings.Join([]string{shopKey, "/store/products", "", "", ""}, "\x00"))
		return strings.Contains(string(known.value.body), "new")
	}, patience, 10*time.Millisecond, "what came late is not kept")
}

func TestAProductThatIsNoMoreIsNotShownAgain(t *testing.T) {
	s := lasting(t)
	for _, says := range []http.HandlerFunc{catalogue(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"type":"not_found","message":"Product with id: prod_1 was not found"}`)
	}} {
		lift := s.sells(says)
		_, _, _, err := s.browse(t.Context(), "/store/products/prod_1")
		require.NoError(t, err)
		lift()
	}
	s.medusa.Close()
	_, _, _, err := s.browse(t.Context(), "/store/products/prod_1")
	requireCode(t, NetworkError, err)
}

// An answer that was asked for before it changed who may see what is not kept after it.
func TestWhatWasUnderWayWhenKeysChangedIsNotKept(t *testing.T) {
	s := lasting(t)
	arrived, released := make(chan struct{}), make(chan struct{})
	lift := s.sells(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-released
		catalogue()(w, r)
	})
	done := make(chan error, 1)
	go func() {
		_, _, _, err := s.browse(context.Background(), "/store/products/prod_1")
		done <- err
	}()
	<-arrived
	s.changed(t.Context(), locationsChanged) // one of the key's locations is taken from its channel
	close(released)
	require.NoError(t, <-done)
	lift()
	s.medusa.Close()
	_, _, _, err := s.browse(t.Context(), "/store/products/prod_1")
	requireCode(t, NetworkError, err)
}

func TestAdminsAreShownNoCopies(t *testing.T) {
	s := lasting(t)
	lift := s.sells(catalogue())
	_, _, _, err := s.browse(t.Context(), "/store/products/prod_1")
	require.NoError(t, err)
	lift()
	s.medusa.Close()
	_, _, _, err = s.browse(t.Context(), "/store/products/prod_1", "Authorization", "Bearer "+s.medusa.Token("user_demo"))
	requireCode(t, NetworkError, err)
}
