package medusatest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shop sends a shopper's request.
func shop(s *Server, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Publishable-Api-Key", PublishableToken("sc_cannahub"))
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, r)
	return answer
}

// newCart makes a cart with lines.
func newCart(t *testing.T, s *Server, lines string) string {
	t.Helper()
	answer := shop(s, http.MethodPost, "/store/carts?fields=id", `{"items":[`+lines+`]}`)
	require.Equal(t, http.StatusOK, answer.Code, "%s", answer.Body)
	return strings.TrimSuffix(strings.TrimPrefix(answer.Body.String(), `{"cart":{"id":"`), `"}}`)
}

// Medusa looks at each line of a cart as if there were no other, and reserves more
// than there is.
func TestACartReservesWhenItIsCompleted(t *testing.T) {
	s := New()
	cart := newCart(t, s, `{"variant_id":"variant_preroll_1","quantity":40},{"variant_id":"variant_preroll_6","quantity":7},{"variant_id":"variant_preroll_12","quantity":100}`)
	s.SetLevel("iitem_preroll", "sloc_deposito", Quantities{})
	before, _ := s.Level("iitem_preroll", "sloc_high_up")
	complete := "/store/carts/" + cart + "/complete"
	answer := shop(s, http.MethodPost, complete, "")
	require.Equal(t, http.StatusOK, answer.Code, "%s", answer.Body)
	after, _ := s.Level("iitem_preroll", "sloc_high_up")
	assert.InDelta(t, 40+42+1200, after.Reserved-before.Reserved, 0)
	assert.Equal(t, answer.Body.String(), shop(s, http.MethodPost, complete, "").Body.String(), "it is completed once")
	again, _ := s.Level("iitem_preroll", "sloc_high_up")
	assert.Equal(t, after, again)
	assert.Equal(t, http.StatusBadRequest, shop(s, http.MethodPost, "/store/carts/"+cart+"/line-items", `{"variant_id":"variant_preroll_1","quantity":1}`).Code)
}

// 12 at one location and 60 at another are 72 for a line, and not for its order.
func TestACartThatNoLocationHasAllOfIsNotCompleted(t *testing.T) {
	s := New()
	cart := newCart(t, s, `{"variant_id":"variant_consulta","quantity":1},{"variant_id":"variant_bd_14g","quantity":70}`)
	answer := shop(s, http.MethodPost, "/store/carts/"+cart+"/complete", "")
	assert.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "Not enough stock available for item iitem_bd_14g")
	assert.Empty(t, s.Orders())
	assert.Equal(t, map[string]float64{"variant_consulta": 1, "variant_bd_14g": 70}, s.CartLines(cart))
}

func TestWhatACartCannotHave(t *testing.T) {
	s := New()
	for lines, want := range map[string]string{
		`{"variant_id":"variant_nope","quantity":1}`:       "Variants with IDs variant_nope do not exist",
		`{"variant_id":"variant_sin_item","quantity":1}`:   "does not have any inventory items",
		`{"variant_id":"variant_bd_14g","quantity":0}`:     "too small",
		`{"variant_id":"variant_bd_14g","quantity":"one"}`: "is required",
		`{"variant_id":"variant_bd_14g","quantity":73}`:    "Some variant does not have the required inventory",
	} {
		answer := shop(s, http.MethodPost, "/store/carts", `{"items":[`+lines+`]}`)
		assert.Equal(t, http.StatusBadRequest, answer.Code, lines)
		assert.Contains(t, answer.Body.String(), want, lines)
	}
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/store/carts/x", nil)
	r.Header.Set("X-Publishable-Api-Key", "pk_nope")
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, r)
	assert.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "A valid publishable key")
}
