package medusatest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// get asks as the admin and returns status and decoded body.
func get(t *testing.T, s *Server, target string) (int, map[string]any) {
	t.Helper()
	answer := ask(s, http.MethodGet, target, "Bearer "+s.Token(UserID))
	var body map[string]any
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &body), "%s answered %s", target, answer.Body)
	return answer.Code, body
}

// ask sends a request with an Authorization header past the network.
func ask(s *Server, method, target, authorization string) *httptest.ResponseRecorder {
	path, query, _ := strings.Cut(target, "?")
	r := httptest.NewRequestWithContext(context.Background(), method, path, nil)
	r.URL.RawQuery = query // brackets and blanks as they are
	r.RequestURI = target
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// start listens and returns the base URL and a client of its own.
func start(t *testing.T, s *Server) (string, *http.Client) {
	t.Helper()
	url, err := s.Start()
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(s.Close)
	t.Cleanup(transport.CloseIdleConnections)
	return url, &http.Client{Transport: transport}
}

func TestCatalogue(t *testing.T) {
	s := New()
	for path, wanted := range map[string]int{
		"/admin/inventory-items": 300, "/admin/products": 50, "/admin/stock-locations": 3,
		"/admin/sales-channels": 2, "/admin/stores": 1,
	} {
		status, body := get(t, s, path)
		assert.Equal(t, http.StatusOK, status, path)
		assert.EqualValues(t, wanted, body["count"], "%s: count", path)
	}
	_, hundred := get(t, s, "/admin/products/prod_hundred?fields=variants.sku")
	variants := hundred["product"].(map[string]any)["variants"].([]any)
	require.Len(t, variants, 100)
	assert.Equal(t, "H-001", variants[0].(map[string]any)["sku"], "variants come in their rank")
}

func TestReservedIsTheSumOfReservations(t *testing.T) {
	s := New()
	_, body := get(t, s, "/admin/inventory-items/iitem_bd_1g/location-levels?location_id=sloc_high_up")
	level := body["inventory_levels"].([]any)[0].(map[string]any)
	assert.EqualValues(t, 10, level["reserved_quantity"])
	assert.EqualValues(t, 90, level["available_quantity"])
}

func TestStartsAgainAtTheSameAddress(t *testing.T) {
	s := New()
	url, client := start(t, s)
	s.Close()
	health, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/health", nil)
	require.NoError(t, err)
	if answer, err := client.Do(health); err == nil {
		require.NoError(t, answer.Body.Close())
		require.Fail(t, "a closed server answered")
	}
	again, err := s.Start()
	require.NoError(t, err)
	assert.Equal(t, url, again)
	answer, err := client.Do(health)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, "OK", string(body))
	assert.Equal(t, "timeout=5", answer.Header.Get("Keep-Alive"))
}

func TestHeadTooLarge(t *testing.T) {
	s := New()
	url, client := start(t, s)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/admin/inventory-items?q="+strings.Repeat("a", 16<<10), nil)
	require.NoError(t, err)
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.StatusCode)
	assert.Empty(t, body)
	assert.True(t, answer.Close, "the connection stays open")
}

func TestETag(t *testing.T) {
	s := New()
	first := ask(s, http.MethodGet, "/health", "")
	assert.Equal(t, `W/"2-nOO9QiTIwXgNtWtBJezz8kv3SLc"`, first.Header().Get("ETag"))
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/health", nil)
	r.Header.Set("If-None-Match", first.Header().Get("ETag"))
	again := httptest.NewRecorder()
	s.ServeHTTP(again, r)
	assert.Equal(t, http.StatusNotModified, again.Code)
	assert.Empty(t, again.Body.Bytes())
}

func TestLedger(t *testing.T) {
	s := New()
	url, client := start(t, s)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/auth/user/emailpass?a=1", strings.NewReader(`{"email":"x"}`))
	require.NoError(t, err)
	request.Header.Set("X-Request-Id", "r-1")
	answer, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())

	calls := s.Calls()
	require.Len(t, calls, 1)
	call := calls[0]
	assert.Equal(t, http.MethodPost, call.Method)
	assert.Equal(t, "/auth/user/emailpass", call.Path)
	assert.Equal(t, "/auth/user/emailpass?a=1", call.Target)
	assert.Equal(t, "1", call.Query.Get("a"))
	assert.Equal(t, "r-1", call.Header.Get("X-Request-Id"))
	assert.JSONEq(t, `{"email":"x"}`, string(call.Body))
	assert.Equal(t, http.StatusUnauthorized, call.Status)
	assert.WithinDuration(t, time.Now(), call.At, time.Minute)

	s.ResetCalls()
	assert.Empty(t, s.Calls())
}

func TestResetBringsEverythingBack(t *testing.T) {
	s := New()
	s.RenameLocation("sloc_high_up", "Otro")
	s.Delete("prod_blue_dream")
	s.SetLevel("iitem_bd_1g", "sloc_high_up", Quantities{Stocked: 1})
	s.PutUser(User{ID: UserID, Forbidden: true})
	s.Fail(Match{}, Answer(http.StatusBadGateway, "{}"))
	s.Reset()
	status, body := get(t, s, "/admin/products/prod_blue_dream?fields=title")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "Blue Dream Indoor", body["product"].(map[string]any)["title"])
	_, body = get(t, s, "/admin/stock-locations/sloc_high_up?fields=name")
	assert.Equal(t, "High Up - Dispensario Palermo", body["stock_location"].(map[string]any)["name"])
	_, body = get(t, s, "/admin/inventory-items/iitem_bd_1g?fields=stocked_quantity")
	assert.EqualValues(t, 500, body["inventory_item"].(map[string]any)["stocked_quantity"])
}

// Meaningful with the race detector on.
func TestConcurrentUse(t *testing.T) {
	s := New()
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 20 {
				s.SetLevel("iitem_bd_1g", "sloc_high_up", Quantities{Stocked: float64(i)})
				s.RenameLocation("sloc_high_up", "High Up")
				s.Put(Reservation{ID: "resitem_x", InventoryItemID: "iitem_bd_1g", LocationID: "sloc_high_up", Quantity: 1})
				ask(s, http.MethodGet, "/admin/inventory-items/iitem_bd_1g", "Bearer "+s.Token(UserID))
				s.Calls()
			}
		})
	}
	group.Wait()
	assert.Len(t, s.Calls(), 160)
}

func BenchmarkProductOfHundredVariants(b *testing.B) {
	s := New()
	token := "Bearer " + s.Token(UserID)
	level := "variants.inventory_items.inventory.location_levels."
	target := "/admin/products/prod_hundred?fields=id,title,handle,status,metadata,variants.id,variants.title,variants.sku," +
		"variants.prices.amount,variants.prices.currency_code,variants.inventory_items.required_quantity," +
		level + "location_id," + level + "stocked_quantity," + level + "reserved_quantity," + level + "stock_locations.name"
	b.ReportAllocs()
	for b.Loop() {
		ask(s, http.MethodGet, target, token)
	}
}
