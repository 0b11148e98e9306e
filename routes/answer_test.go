package routes

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const flower = "/api/products/prod_blue_dream/with-inventory"

func TestConditionalRequests(t *testing.T) {
	s := open(t)
	first := s.get(t, flower)
	require.Equal(t, http.StatusOK, first.status)
	etag := first.header.Get("ETag")
	opaque := etag[len("W/"):]
	for name, c := range map[string]struct {
		ifNoneMatch string
		status      int
	}{
		"the same":           {etag, http.StatusNotModified},
		"strong of the same": {opaque, http.StatusNotModified},
		"in a list":          {`"a", W/"b" ,` + etag, http.StatusNotModified},
		"anything":           {"*", http.StatusNotModified},
		"another":            {`W/"another"`, http.StatusOK},
		"a part of it":       {etag[:len(etag)-2] + `"`, http.StatusOK},
		"nonsense":           {"nonsense", http.StatusOK},
	} {
		got := s.get(t, flower, header("If-None-Match", c.ifNoneMatch))
		require.Equal(t, c.status, got.status, name)
		assert.Equal(t, etag, got.header.Get("ETag"), name)
		assert.Equal(t, first.header.Get("Vary"), got.header.Get("Vary"), name)
		if c.status == http.StatusNotModified {
			assert.Empty(t, got.body, name)
			assert.Empty(t, got.header.Get("Content-Type"), name)
		} else {
			assert.Equal(t, first.body, got.body, name)
		}
	}
}

func TestTheETagFollowsTheStock(t *testing.T) {
	s := open(t, func(b *setup) { b.cacheTTL = 0 })
	first := s.get(t, flower)
	assert.Equal(t, first.header.Get("ETag"), s.get(t, flower).header.Get("ETag"), "of the same stock, read again")
	s.medusa.SetLevel("iitem_bd_7g", "sloc_high_up", medusatest.Quantities{Stocked: 49, Reserved: 5})
	changed := s.get(t, flower, header("If-None-Match", first.header.Get("ETag")))
	require.Equal(t, http.StatusOK, changed.status, "an answer with one unit less")
	assert.NotEqual(t, first.header.Get("ETag"), changed.header.Get("ETag"))
}

func TestCompression(t *testing.T) {
	s := open(t)
	plain := s.get(t, flower)
	require.Empty(t, plain.header.Get("Content-Encoding"))
	require.Equal(t, strconv.Itoa(len(plain.body)), plain.header.Get("Content-Length"))
	for acceptEncoding, compressed := range map[string]bool{
		"gzip": true, "GZIP": true, "br, gzip;q=0.5": true, "x-gzip": true, "*": true, "br, *;q=0.1": true, "gzip;q=1.0": true,
		"identity": false, "br": false, "gzip;q=0": false, "gzip; q=0.000": false, "gzip;Q=0": false, "*;q=0": false, "gzip;q=0, *": false,
	} {
		got := s.get(t, flower, header("Accept-Encoding", acceptEncoding))
		require.Equal(t, http.StatusOK, got.status, acceptEncoding)
		assert.Equal(t, plain.body, got.body, acceptEncoding)
		assert.Equal(t, plain.header.Get("ETag"), got.header.Get("ETag"), "the ETag names the answer, not its encoding")
		assert.Contains(t, got.header.Get("Vary"), "Accept-Encoding")
		assert.Equal(t, strconv.Itoa(got.encoded), got.header.Get("Content-Length"), acceptEncoding)
		if compressed {
			assert.Equal(t, "gzip", got.header.Get("Content-Encoding"), acceptEncoding)
			assert.Less(t, got.encoded, len(plain.body)/2, acceptEncoding)
		} else {
			assert.Empty(t, got.header.Get("Content-Encoding"), acceptEncoding)
		}
	}
	short := s.get(t, "/api/locations/sloc_mayorista", header("Accept-Encoding", "gzip"))
	assert.Empty(t, short.header.Get("Content-Encoding"), "a short answer is not worth it")
}

func TestHeldAnswers(t *testing.T) {
	s := open(t)
	for _, path := range apiPaths {
		s.medusa.ResetCalls()
		made := s.get(t, path)
		cost := len(s.medusa.Calls())
		require.Positive(t, cost, path)
		assert.Equal(t, strconv.Itoa(cost), made.header.Get("X-Medusa-Calls"), path)
		held := s.get(t, path)
		assert.Equal(t, "0", held.header.Get("X-Medusa-Calls"), path)
		assert.Contains(t, held.header.Get("Server-Timing"), "medusa;dur=0.00,", path)
		assert.Equal(t, made.body, held.body, path)
		assert.Len(t, s.medusa.Calls(), cost, "calls to Medusa after a held answer of %s", path)
	}
}

func TestServerTimingTellsWhatMedusaTook(t *testing.T) {
	s := open(t)
	s.medusa.SetLatency(30 * time.Millisecond)
	var took, total float64
	timing := s.get(t, flower).header.Get("Server-Timing")
	_, err := fmt.Sscanf(timing, "medusa;dur=%f, total;dur=%f", &took, &total)
	require.NoError(t, err, timing)
	assert.GreaterOrEqual(t, took, 30.0)
	assert.GreaterOrEqual(t, total, took)
}

// Nobody is shown what Medusa would not show him.
func TestHeldAnswersAreNotSharedBetweenCallers(t *testing.T) {
	s := open(t)
	require.Equal(t, http.StatusOK, s.get(t, flower).status)
	s.medusa.PutUser(medusatest.User{ID: "user_ana", Email: "ana@cannahub.test"})
	s.medusa.PutUser(medusatest.User{ID: "user_guest", Email: "guest@cannahub.test", Forbidden: true})
	assert.Equal(t, "1", s.get(t, flower, authorization("Bearer "+s.medusa.Token("user_ana"))).header.Get("X-Medusa-Calls"))
	assert.Equal(t, http.StatusForbidden, s.get(t, flower, authorization("Bearer "+s.medusa.Token("user_guest"))).status)
	assert.Equal(t, http.StatusUnauthorized, s.get(t, flower, authorization("Bearer "+s.medusa.ExpiredToken(medusatest.UserID))).status)
	assert.Equal(t, http.StatusUnauthorized, s.anonymous(t, flower).status)
}

func TestHeldAnswersAreNotSharedBetweenLanguages(t *testing.T) {
	s := open(t)
	path := "/api/inventory/iitem_cerrado" // has a warning
	english := s.get(t, path)
	spanish := s.get(t, path, header("Accept-Language", "es-AR"))
	assert.Contains(t, string(english.body), "was deleted")
	assert.Contains(t, string(spanish.body), "fue eliminada")
	assert.NotEqual(t, english.header.Get("ETag"), spanish.header.Get("ETag"))
	assert.Contains(t, english.header.Get("Vary"), "Accept-Language")
	assert.Equal(t, spanish.body, s.get(t, path, header("Accept-Language", "es")).body)
	assert.Len(t, s.medusa.Calls(), 2, "one call for each language")
}

func TestErrorsAreNotHeld(t *testing.T) {
	s := open(t)
	s.medusa.Fail(medusatest.Match{Path: "/admin/products/**", Times: 1}, medusatest.Answer(http.StatusInternalServerError, `{}`))
	require.Equal(t, http.StatusBadGateway, s.get(t, flower).status)
	assert.Equal(t, http.StatusOK, s.get(t, flower).status)
}

func TestEqualRequestsAtOnceCostOneCall(t *testing.T) {
	s := open(t)
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/products/**"}, medusatest.Hold(released))
	const callers = 100
	answers := make(chan answer, callers)
	var waiting sync.WaitGroup
	for range callers {
		request := s.request(t.Context(), t, flower)
		waiting.Go(func() {
			got, err := s.send(request)
			if assert.NoError(t, err) {
				answers <- got
			}
		})
	}
	require.Eventually(t, func() bool { return s.gauge(t, "gateway_requests_in_flight") == callers }, waitFor, tick)
	close(released)
	waiting.Wait()
	close(answers)
	for got := range answers {
		assert.Equal(t, http.StatusOK, got.status)
	}
	assert.Len(t, s.medusa.Calls(), 1, "calls to Medusa for %d equal requests", callers)
}
