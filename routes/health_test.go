package routes

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestHealthAsksNobody(t *testing.T) {
	s := open(t)
	s.medusa.Close()
	got := s.anonymous(t, "/healthz")
	assert.Equal(t, http.StatusOK, got.status)
	assert.JSONEq(t, `{"status":"ok"}`, string(got.body))
}

func TestReadiness(t *testing.T) {
	var draining atomic.Bool
	s := openBook(t, func(b *setup) { b.routes.Draining = draining.Load })
	got := s.anonymous(t, "/readyz")
	require.Equal(t, http.StatusOK, got.status)
	assert.JSONEq(t, `{"status":"ok","checks":{"medusa":"ok","database":"ok"}}`, string(got.body))

	draining.Store(true)
	got = s.anonymous(t, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.JSONEq(t, `{"status":"stopping"}`, string(got.body))
	assert.Equal(t, http.StatusOK, s.anonymous(t, "/healthz").status, "who is stopping lives")
	assert.Equal(t, http.StatusOK, s.get(t, "/api/locations").status, "who is stopping answers what comes")
}

func TestNotReadyWithoutMedusa(t *testing.T) {
	for name, fail := range map[string]func(*shop){
		"stopped":  func(s *shop) { s.medusa.Close() },
		"hanging":  func(s *shop) { s.medusa.Fail(medusatest.Match{}, medusatest.Hang()) },
		"nonsense": func(s *shop) { s.medusa.Fail(medusatest.Match{}, medusatest.HTML()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := openBook(t)
			fail(s)
			started := time.Now()
			got := s.anonymous(t, "/readyz")
			assert.Less(t, time.Since(started), 3*time.Second)
			require.Equal(t, http.StatusServiceUnavailable, got.status)
			assert.JSONEq(t, `{"status":"unavailable","checks":{"medusa":"unavailable","database":"ok"}}`, string(got.body))
		})
	}
}

func TestNotReadyWithoutTheDatabase(t *testing.T) {
	s := openBook(t)
	require.NoError(t, s.forget())
	got := s.anonymous(t, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.JSONEq(t, `{"status":"unavailable","checks":{"medusa":"ok","database":"unavailable"}}`, string(got.body))
	assert.Equal(t, http.StatusOK, s.get(t, "/api/locations").status, "what needs no database is answered")
}
