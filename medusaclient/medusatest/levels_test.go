package medusatest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	batchRoute = "/admin/inventory-items/location-levels/batch"
	itemID     = "iitem_bd_1g"
	near, far  = "sloc_high_up", "sloc_deposito"
	nearRoute  = "/admin/inventory-items/iitem_bd_1g/location-levels/sloc_high_up"
)

// sendJSON sends a body of JSON past the network, by the admin.
func sendJSON(s *Server, method, target, body string) *httptest.ResponseRecorder {
	path, query, _ := strings.Cut(target, "?")
	r := httptest.NewRequest(method, path, strings.NewReader(body)) //nolint:noctx // its context is Background
	r.URL.RawQuery = query
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.Token(UserID))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// batch is the body that sets the stock of the item at locations, in turn.
func batch(stocked float64, locations ...string) string {
	entries := make([]string, len(locations))
	for i, location := range locations {
		entries[i] = fmt.Sprintf(`{"inventory_item_id":%q,"location_id":%q,"stocked_quantity":%v}`, itemID, location, stocked)
	}
	return `{"update":[` + strings.Join(entries, ",") + `]}`
}

// updated are the levels that a batch answers.
func updated(t *testing.T, w *httptest.ResponseRecorder) []map[string]any {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var answer struct {
		Updated []map[string]any `json:"updated"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer.Updated
}

func stockOf(t *testing.T, s *Server, locationID string) float64 {
	t.Helper()
	level, there := s.Level(itemID, locationID)
	require.True(t, there)
	return level.Stocked
}

func updatedAt(t *testing.T, s *Server, locationID string) string {
	t.Helper()
	_, body := get(t, s, "/admin/inventory-items/"+itemID+"/location-levels?location_id="+locationID)
	return body["inventory_levels"].([]any)[0].(map[string]any)["updated_at"].(string)
}

// TestAWriteComparesWithWhatItReadWhenItBegan: of two writes in flight on one
// level the one that sets what it read writes nothing.
func TestAWriteComparesWithWhatItReadWhenItBegan(t *testing.T) {
	s := New()
	other := func() { s.SetLevel(itemID, near, Quantities{Stocked: 20, Reserved: 10}) }

	s.Fail(Match{Times: 1}, Between(other))
	answered := updated(t, sendJSON(s, http.MethodPost, batchRoute, batch(100, near)))
	assert.InDelta(t, 20, stockOf(t, s, near), 0, "it read 100, set 100, and so was lost")
	assert.InDelta(t, 100, answered[0]["stocked_quantity"], 0, "which the answer does not tell")

	s.Reset()
	s.Fail(Match{Times: 1}, Between(other))
	single := sendJSON(s, http.MethodPost, nearRoute+"?fields=location_levels.location_id,location_levels.stocked_quantity", `{"stocked_quantity":100}`)
	assert.Contains(t, single.Body.String(), `"location_id":"sloc_high_up","stocked_quantity":20`, "a write of one level answers what there is")

	s.Reset()
	s.Fail(Match{Times: 1}, Between(other))
	sendJSON(s, http.MethodPost, batchRoute, batch(30, near))
	assert.InDelta(t, 30, stockOf(t, s, near), 0, "another value goes over what was written meanwhile")

	s.Reset()
	s.Fail(Match{Times: 1}, Between(func() { s.Reserve(itemID, near, 5) }))
	answered = updated(t, sendJSON(s, http.MethodPost, batchRoute, batch(30, near)))
	level, _ := s.Level(itemID, near)
	assert.Equal(t, Quantities{Stocked: 30, Reserved: 15}, level, "a write leaves the columns that it does not set")
	assert.InDelta(t, 90, answered[0]["available_quantity"], 0, "from before the write")

	s.Reset()
	s.Fail(Match{Times: 1}, Between(func() { s.Delete(itemID) }))
	assert.Len(t, updated(t, sendJSON(s, http.MethodPost, batchRoute, batch(30, near))), 1)
	_, there := s.Level(itemID, near)
	assert.False(t, there, "a level that went meanwhile stays away")
}

func TestUpdatedAt(t *testing.T) {
	s := New()
	last := updatedAt(t, s, near)
	for i := range 50 {
		sendJSON(s, http.MethodPost, batchRoute, batch(float64(i), near))
		now := updatedAt(t, s, near)
		require.Greater(t, now, last, "each change is later than the one before")
		last = now
	}
	answered := updated(t, sendJSON(s, http.MethodPost, batchRoute, batch(49, near)))
	assert.Equal(t, last, updatedAt(t, s, near), "the same value is no change")
	assert.Equal(t, last, answered[0]["updated_at"])
	s.Reserve(itemID, near, 1)
	assert.Greater(t, updatedAt(t, s, near), last, "a reservation is one")
}

func TestAnswersComeInAnotherOrder(t *testing.T) {
	s := New()
	answered := updated(t, sendJSON(s, http.MethodPost, batchRoute, batch(7, near, far)))
	require.Len(t, answered, 2)
	assert.Equal(t, far, answered[0]["location_id"])
	assert.Len(t, updated(t, sendJSON(s, http.MethodPost, batchRoute, batch(7, near, near))), 1, "a level comes once")
}

// TestAFailedMixedBatchIsUndoneByWrites, over what others wrote.
func TestAFailedMixedBatchIsUndoneByWrites(t *testing.T) {
	s := New()
	before := updatedAt(t, s, near)
	mixed := strings.TrimSuffix(batch(99, near), "}") + `,"create":[{"inventory_item_id":"iitem_bd_1g","location_id":"sloc_deposito"}]}`
	s.Fail(Match{Times: 1}, BeforeUndo(func() {
		assert.InDelta(t, 99, stockOf(t, s, near), 0, "readers see it for a moment")
		s.SetLevel(itemID, near, Quantities{Stocked: 50, Reserved: 10})
	}))
	assert.Equal(t, http.StatusBadRequest, sendJSON(s, http.MethodPost, batchRoute, mixed).Code)
	assert.InDelta(t, 100, stockOf(t, s, near), 0, "and the 50 of somebody else is gone")
	assert.Greater(t, updatedAt(t, s, near), before)

	created := strings.TrimSuffix(batch(99, "sloc_nope"), "}") + `,"create":[{"inventory_item_id":"iitem_bd_1g","location_id":"sloc_mayorista"}]}`
	s.Fail(Match{Times: 1}, BeforeUndo(func() {
		_, there := s.Level(itemID, "sloc_mayorista")
		assert.True(t, there, "readers see it for a moment")
	}))
	assert.Equal(t, http.StatusNotFound, sendJSON(s, http.MethodPost, batchRoute, created).Code)
	_, there := s.Level(itemID, "sloc_mayorista")
	assert.False(t, there)
}

// TestABatchIsOneMoment: whoever reads sees all of it or nothing.
func TestABatchIsOneMoment(t *testing.T) {
	s := New()
	sendJSON(s, http.MethodPost, batchRoute, batch(0, near, far))
	var group sync.WaitGroup
	for writer := range 4 {
		group.Go(func() {
			for i := range 50 {
				sendJSON(s, http.MethodPost, batchRoute, batch(float64(writer*50+i), near, far))
			}
		})
	}
	group.Go(func() {
		for range 100 {
			answer := sendJSON(s, http.MethodGet, "/admin/inventory-items/"+itemID+"?fields=location_levels.stocked_quantity", "")
			var body struct {
				Item struct {
					Levels []struct {
						Stocked float64 `json:"stocked_quantity"`
					} `json:"location_levels"`
				} `json:"inventory_item"`
			}
			if assert.NoError(t, json.Unmarshal(answer.Body.Bytes(), &body)) && assert.Len(t, body.Item.Levels, 2) {
				assert.InDelta(t, body.Item.Levels[0].Stocked, body.Item.Levels[1].Stocked, 0)
			}
		}
	})
	group.Wait()
}

// cutOff sends a write whose connection is cut.
func cutOff(t *testing.T, s *Server, method, target, body string) {
	t.Helper()
	assert.PanicsWithValue(t, http.ErrAbortHandler, func() { sendJSON(s, method, target, body) })
}

func TestLateWritesLandWhenTheTestSaysSo(t *testing.T) {
	s := New()
	var late Late
	assert.False(t, late.Land(), "none waits")
	lift := s.Fail(Match{}, late.Cut)
	cutOff(t, s, http.MethodPost, batchRoute, batch(1, near))
	cutOff(t, s, http.MethodPost, nearRoute, `{"stocked_quantity":2}`)
	cutOff(t, s, http.MethodPost, nearRoute, `{"stocked_quantity":-2}`)
	lift()
	assert.Equal(t, 3, late.Waiting())
	assert.InDelta(t, 100, stockOf(t, s, near), 0, "nothing has happened yet")
	require.True(t, late.Land())
	assert.InDelta(t, 1, stockOf(t, s, near), 0)
	sendJSON(s, http.MethodPost, batchRoute, batch(50, near))
	require.True(t, late.Land())
	assert.InDelta(t, 2, stockOf(t, s, near), 0, "over what was written meanwhile")
	require.True(t, late.Land())
	assert.InDelta(t, 2, stockOf(t, s, near), 0, "what Medusa refuses does not land")
	assert.False(t, late.Land())
	statuses := []int{}
	for _, call := range s.Calls() {
		statuses = append(statuses, call.Status)
	}
	assert.Equal(t, []int{0, 0, 0, 200}, statuses, "who was cut off had no answer")
}

func TestLateWritesThatHaveBegun(t *testing.T) {
	s := New()
	var late Late
	lift := s.Fail(Match{}, late.CutBegun)
	cutOff(t, s, http.MethodPost, batchRoute, batch(100, near))
	cutOff(t, s, http.MethodPost, batchRoute, batch(70, far))
	assert.Equal(t, http.StatusNotFound, sendJSON(s, http.MethodPost, batchRoute, batch(1, "sloc_nope")).Code, "refused at once")
	lift()
	sendJSON(s, http.MethodPost, batchRoute, batch(20, near, far))
	require.True(t, late.Land())
	assert.InDelta(t, 20, stockOf(t, s, near), 0, "it read 100 before and sets 100")
	require.True(t, late.Land())
	assert.InDelta(t, 70, stockOf(t, s, far), 0)
	assert.Zero(t, late.Waiting())

	s.Fail(Match{Times: 1}, late.CutBegun)
	cutOff(t, s, http.MethodDelete, "/admin/inventory-items/iitem_backorder/location-levels/"+far, "")
	assert.Contains(t, s.Levels(), LevelKey{"iitem_backorder", far})
	require.True(t, late.Land())
	assert.NotContains(t, s.Levels(), LevelKey{"iitem_backorder", far})
}

func TestAnswersThatAreLostOrHeld(t *testing.T) {
	s := New()
	s.Fail(Match{Times: 1}, CutAfter())
	cutOff(t, s, http.MethodPost, batchRoute, batch(1, near))
	assert.InDelta(t, 1, stockOf(t, s, near), 0)

	url, client := start(t, s)
	released := make(chan struct{})
	s.Fail(Match{Times: 1}, HoldAnswer(released))
	answered := make(chan int, 1)
	go func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+batchRoute, strings.NewReader(batch(2, near)))
		if !assert.NoError(t, err) {
			return
		}
		request.Header.Set("Authorization", "Bearer "+s.Token(UserID))
		request.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(request)
		if assert.NoError(t, err) {
			answered <- answer.StatusCode
			_ = answer.Body.Close()
		}
	}()
	require.Eventually(t, func() bool { return stockOf(t, s, near) == 2 }, 5*time.Second, time.Millisecond)
	assert.Empty(t, answered, "it has happened, and nobody knows")
	close(released)
	assert.Equal(t, http.StatusOK, <-answered)
}

func TestWritesOfTheForbidden(t *testing.T) {
	s := New()
	s.PutUser(User{ID: "user_guest", Forbidden: true})
	before := s.Levels()
	for target, method := range map[string]string{
		batchRoute: http.MethodPost,
		nearRoute:  http.MethodPost,
		"/admin/inventory-items/iitem_bd_1g/location-levels":       http.MethodPost,
		"/admin/inventory-items/iitem_bd_1g/location-levels/batch": http.MethodPost,
		"/admin/inventory-items/iitem_sin/location-levels/sloc_1":  http.MethodDelete,
	} {
		answer := ask(s, method, target, "Bearer "+s.Token("user_guest"))
		assert.Equal(t, http.StatusForbidden, answer.Code, target)
		assert.JSONEq(t, `{"type":"forbidden","message":"Forbidden"}`, answer.Body.String())
	}
	assert.Equal(t, before, s.Levels())
}

func TestLevelsAtHand(t *testing.T) {
	s := New()
	levels := s.Levels()
	assert.Equal(t, Quantities{Stocked: 100, Reserved: 10}, levels[LevelKey{itemID, near}])
	assert.Equal(t, Quantities{Stocked: 6, Incoming: 2}, levels[LevelKey{"iitem_cerrado", "sloc_cerrado"}], "those at deleted locations too")
	_, there := s.Level(itemID, "sloc_nope")
	assert.False(t, there)

	s.Reserve(itemID, near, 0.5)
	s.Reserve(itemID, near, -0.2)
	level, _ := s.Level(itemID, near)
	assert.Equal(t, Quantities{Stocked: 100, Reserved: 10.3}, level)
	assert.Panics(t, func() { s.Reserve(itemID, "sloc_nope", 1) })
	s.Reset()
	assert.Equal(t, levels, s.Levels())
}
