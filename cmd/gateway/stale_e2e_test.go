package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// shopping is what shoppers ask while Medusa comes and goes.
func (s *realShop) shopping() map[string]func() (reply, error) {
	questions := map[string]func() (reply, error){}
	for path, body := range map[string]string{
		storeAvailability:             guideRows("iitem_bd_7g", "iitem_bd_14g"),
		"/api/inventory/availability": `{"items":[{"variantId":"variant_bd_7g","requiredQuantity":1},{"sku":"BD-1G-001","requiredQuantity":1}]}`,
		"/api/cart/validate":          `{"items":[{"variantId":"variant_bd_7g","quantity":2},{"variantId":"variant_preroll_6","quantity":1}]}`,
	} {
		questions[path] = func() (reply, error) { return s.trySendAsShopper(s.medusa.PublishableKey, path, body) }
	}
	for _, path := range []string{"/store/products?limit=2&fields=id,title", "/store/products/prod_blue_dream"} {
		questions[path] = func() (reply, error) { return s.tryBrowse(path) }
	}
	return questions
}

func (s *realShop) tryBrowse(path string, headers ...string) (reply, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.url+path, nil)
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("X-Publishable-Api-Key", s.medusa.PublishableKey)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return s.tryRead(request)
}

func isStale(answer reply) bool { return gjson.Get(answer.text, "stale").Bool() }

// requireSoon asserts that each question is soon answered, stale or not.
func requireSoon(t *testing.T, questions map[string]func() (reply, error), stale bool) {
	t.Helper()
	for path, ask := range questions {
		require.Eventually(t, func() bool {
			answer, err := ask()
			return err == nil && answer.status == http.StatusOK && isStale(answer) == stale
		}, 10*time.Second, 20*time.Millisecond, "%s: not answered with stale %t within 10 s", path, stale)
	}
}

// load asks all questions in turn at a rate a second, until it is ended, and returns
// what was not answered with 200.
func load(questions map[string]func() (reply, error), rate int) (end func() (requests int, failures []string)) {
	ctx, stop := context.WithCancel(context.Background())
	var asking sync.WaitGroup
	var mu sync.Mutex
	requests, failures := 0, []string{}
	ask := func(path string, question func() (reply, error)) {
		answer, err := question()
		mu.Lock()
		defer mu.Unlock()
		if requests++; err != nil || answer.status != http.StatusOK {
			failures = append(failures, fmt.Sprintf("%s: %d %v %s", path, answer.status, err, answer.text))
		}
	}
	asking.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for {
			for path, question := range questions {
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
				asking.Go(func() { ask(path, question) })
			}
		}
	})
	return func() (int, []string) {
		stop()
		asking.Wait()
		return requests, failures
	}
}

func TestRealMedusaKilledInTheMiddleOfTheLoadEmptiesNoShop(t *testing.T) {
	s := newRealShop(t, "CACHE_TTL=500ms", "AUTH_CACHE_TTL=1s")
	questions := s.shopping()
	before := map[string]reply{}
	for path, ask := range questions {
		answer, err := ask()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.status, answer.text)
		require.False(t, gjson.Get(answer.text, "stale").Exists(), answer.text)
		before[path] = answer
	}
	admin := func() (reply, error) { return s.tryGet(s.token, "/api/locations") }
	end := load(questions, 10)

	s.medusa.Stop(t)
	requireSoon(t, questions, true)
	for path, ask := range questions {
		answer, err := ask()
		require.NoError(t, err)
		require.Equal(t, gjson.Get(answer.text, "age").Raw, answer.header.Get("Age"), path)
		for field, value := range gjson.Parse(before[path].text).Map() {
			require.JSONEq(t, value.Raw, gjson.Get(answer.text, field).Raw, "%s: another %s", path, field)
		}
	}
	fallback := s.sendAsShopper(t, s.medusa.PublishableKey, storeAvailability, guideRows("iitem_h_001"))
	require.Equal(t, "true Stock information temporarily unavailable false", strings.Join([]string{
		gjson.Get(fallback.text, "availability.0.is_available").Raw, gjson.Get(fallback.text, "availability.0.message").String(),
		gjson.Get(fallback.text, "availability.0.show_as_in_stock").Raw,
	}, " "))
	slow := 0
	for range 200 {
		answer, err := admin()
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, answer.status, answer.text)
		require.Equal(t, "NETWORK_ERROR", answer.object(t)["code"])
		require.NotEmpty(t, answer.header.Get("Retry-After"))
		if answer.took > 50*time.Millisecond {
			slow++
		}
	}
	assert.LessOrEqual(t, slow, 10, "of 200 answers to admins that took more than 50 ms with the breaker open")
	for name, unknown := range map[string][]string{
		"never seen":         {"/store/products/prod_amnesia"},
		"by an unknown key":  {"/store/products/prod_blue_dream", "X-Publishable-Api-Key", "pk_nope"},
		"in another locale":  {"/store/products/prod_blue_dream", "X-Medusa-Locale", "de-DE"},
		"with other fields":  {"/store/products/prod_blue_dream?fields=id"},
		"of other fields":    {"/store/products?limit=2"},
		"of Medusa's others": {"/store/regions"},
	} {
		answer, err := s.tryBrowse(unknown[0], unknown[1:]...)
		require.NoError(t, err)
		require.Equal(t, http.StatusServiceUnavailable, answer.status, "%s: %s", name, answer.text)
		require.NotEmpty(t, answer.header.Get("Retry-After"), name)
	}

	ofACustomer := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"actor_id":"cus_1","actor_type":"customer"}`)) + ".c2ln"
	for name, own := range map[string][]string{"a customer": {"Authorization", "Bearer " + ofACustomer}, "a session": {"Cookie", "connect.sid=s"}} {
		answer, err := s.tryBrowse("/store/products/prod_blue_dream", own...)
		require.NoError(t, err)
		require.True(t, isStale(answer), "%s: %s", name, answer.text)
	}

	s.medusa.Restart(t)
	requireSoon(t, questions, false)
	requireSoon(t, map[string]func() (reply, error){"admin": admin}, false)
	requests, failures := end()
	require.Greater(t, requests, 30, "the load ended early")
	require.Empty(t, failures, "of %d requests of shoppers", requests)
}

func TestRealMedusaHangingKeepsShoppersWaitingTwoSeconds(t *testing.T) {
	s := newRealShop(t, "CACHE_TTL=0", "AUTH_CACHE_TTL=0")
	questions := s.shopping()
	for path, ask := range questions {
		answer, err := ask()
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.status, "%s: %s", path, answer.text)
	}
	s.medusa.Pause(t)
	var asking sync.WaitGroup
	for path, ask := range questions {
		asking.Go(func() {
			answer, err := ask()
			if assert.NoError(t, err) {
				assert.True(t, isStale(answer), "%s: %s", path, answer.text)
				assert.Less(t, answer.took, 3*time.Second, path)
			}
		})
	}
	asking.Wait()
	s.medusa.Resume(t)
	requireSoon(t, questions, false)
}
