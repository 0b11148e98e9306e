package routes

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/cannahub/gateway/bff/counters"
)

type metrics struct {
	requests *prometheus.HistogramVec
	inFlight prometheus.Gauge
	hooks    *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	factory := promauto.With(registry)
	return &metrics{
		requests: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "gateway_request_seconds",
			Help:    "Requests by method, route and status.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route", "status"}),
		inFlight: factory.NewGauge(prometheus.GaugeOpts{
			Name: "gateway_requests_in_flight",
			Help: "Requests being answered.",
		}),
		hooks: counters.By(registry, "gateway_hooks_total",
			"Hooks by result: taken, ignored (nothing to do), refused (not signed, or too old), replayed, invalid.",
			"result", "taken", "ignored", "refused", "replayed", "invalid"),
	}
}

func (m *metrics) observe(c echo.Context, took time.Duration) {
	route := c.Path()
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(methodLabel(c.Request().Method), route, strconv.Itoa(c.Response().Status)).Observe(took.Seconds())
}

// methodLabel keeps callers from making up series of their own.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
