package routes

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	waitFor = 10 * time.Second
	tick    = time.Millisecond
)

func TestTheLogLineOfARequest(t *testing.T) {
	s := open(t)
	s.medusa.SetLatency(5 * time.Millisecond)
	got := s.get(t, flower+"?currencyCode=usd", header("X-Request-Id", "line-1"), header("User-Agent", "Mozilla"))
	require.Equal(t, http.StatusOK, got.status)
	line := s.log.of(t, "line-1")
	assert.Equal(t, "INFO", line["level"])
	assert.Equal(t, "GET", line["method"])
	assert.Equal(t, "/api/products/:id/with-inventory", line["route"])
	assert.Equal(t, flower, line["path"])
	assert.InDelta(t, 200, line["status"], 0)
	assert.InDelta(t, len(got.body), line["bytes"], 0)
	assert.InDelta(t, 1, line["medusaCalls"], 0)
	assert.GreaterOrEqual(t, line["medusaMs"], 5.0)
	assert.GreaterOrEqual(t, line["ms"], line["medusaMs"])
	assert.Equal(t, "127.0.0.1", line["ip"])
	assert.NotContains(t, line, "error")
}

func TestTheLogHasTheCodeOfARefusalButNoAlarm(t *testing.T) {
	s := open(t)
	s.get(t, "/api/locations/sloc_nope", header("X-Request-Id", "line-2"))
	line := s.log.of(t, "line-2")
	assert.Equal(t, "INFO", line["level"])
	assert.Equal(t, string(bff.StockLocationNotFound), line["code"])
	assert.Contains(t, line["error"], "sloc_nope", "Medusa's own words are for the log")
}

func TestTheLogHasNoCredential(t *testing.T) {
	s := open(t)
	credentials := []string{s.token, s.medusa.ExpiredToken(medusatest.UserID), medusatest.SecretKey, "sk_wrong", "Z2FyYmFnZQ=="}
	for _, credential := range credentials {
		for _, scheme := range []string{"Bearer ", "Basic ", "Digest ", ""} {
			for _, path := range []string{"/api/locations", "/api/nope", "/api/inventory?limit=0"} {
				s.anonymous(t, path, authorization(scheme+credential), header("X-Request-Id", "last"))
				s.log.of(t, "last")
			}
		}
	}
	s.medusa.Fail(medusatest.Match{}, medusatest.Cut())
	s.get(t, "/api/inventory", header("X-Request-Id", "cut"))
	s.log.of(t, "cut")
	for _, credential := range append(credentials, medusatest.Password) {
		assert.NotContains(t, s.log.String(), credential)
	}
}

func TestMetricsOfRequests(t *testing.T) {
	s := open(t)
	for range 3 {
		s.get(t, "/api/locations/sloc_high_up")
	}
	s.get(t, "/api/locations/sloc_nope")
	s.get(t, "/somewhere")
	s.ask(t, "MADE-UP", "/api/locations", nil)
	s.get(t, "/healthz", header("X-Request-Id", "last"))
	s.log.of(t, "last") // written after the metrics
	for labels, count := range map[[3]string]uint64{
		{"GET", "/api/locations/:id", "200"}: 3,
		{"GET", "/api/locations/:id", "404"}: 1,
		{"GET", "none", "404"}:               1,
		{"other", "/api/locations", "405"}:   1,
		{"GET", "/healthz", "200"}:           1,
	} {
		assert.Equal(t, count, s.requests(t, labels[0], labels[1], labels[2]), "requests %v", labels)
	}
}

func TestRequestsInFlight(t *testing.T) {
	s := open(t)
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{}, medusatest.Hold(released))
	request := s.request(t.Context(), t, "/api/locations")
	answered := make(chan error, 1)
	go func() {
		_, err := s.send(request)
		answered <- err
	}()
	require.Eventually(t, func() bool { return s.gauge(t, "gateway_requests_in_flight") == 1 }, waitFor, tick)
	close(released)
	require.NoError(t, <-answered)
	require.Eventually(t, func() bool { return s.gauge(t, "gateway_requests_in_flight") == 0 }, waitFor, tick)
}

// A caller who hangs up is neither an error of ours nor of Medusa's.
func TestACallerWhoHangsUp(t *testing.T) {
	s := open(t)
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{}, medusatest.Hold(released))
	defer close(released)
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	request := s.request(ctx, t, "/api/locations")
	request.Header.Set("X-Request-Id", "gone")
	failed := make(chan error, 1)
	go func() {
		_, err := s.send(request)
		failed <- err
	}()
	require.Eventually(t, func() bool { return len(s.medusa.Calls()) == 1 }, waitFor, tick)
	hangUp()
	require.Error(t, <-failed)
	line := s.log.of(t, "gone")
	assert.InDelta(t, statusClientClosed, line["status"], 0)
	assert.Equal(t, "INFO", line["level"])
}

// gauge is the value of a metric without labels.
func (s *shop) gauge(t *testing.T, name string) float64 {
	t.Helper()
	families, err := s.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	require.FailNow(t, "no metric", name)
	return 0
}

// requests is how many requests of a route had a status.
func (s *shop) requests(t *testing.T, method, route, status string) uint64 {
	t.Helper()
	families, err := s.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() != "gateway_request_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["method"] == method && labels["route"] == route && labels["status"] == status {
				return metric.GetHistogram().GetSampleCount()
			}
		}
	}
	return 0
}
