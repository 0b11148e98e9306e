package medusaclient

import (
	"errors"
	"strconv"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	calls *prometheus.HistogramVec
}

func newMetrics(registry prometheus.Registerer, breaker circuitbreaker.CircuitBreaker[struct{}]) *metrics {
	factory := promauto.With(registry)
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gateway_medusa_breaker_state",
		Help: "Whether calls to Medusa are let through: 0 closed (yes), 1 half open (one to try), 2 open (none).",
	}, func() float64 {
		switch breaker.State() {
		case circuitbreaker.OpenState:
			return 2
		case circuitbreaker.HalfOpenState:
			return 1
		default:
			return 0
		}
	})
	return &metrics{calls: factory.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "gateway_medusa_call_seconds",
		Help:    "Calls to Medusa by endpoint and status (or the reason why there was no answer).",
		Buckets: []float64{.005, .01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24},
	}, []string{"endpoint", "status"})}
}

func (m *metrics) observe(k call, status int, err error, took time.Duration) {
	outcome := strconv.Itoa(status)
	var outage *OutageError
	var refused *Error
	switch {
	case errors.As(err, &outage):
		outcome = string(outage.Reason)
	case err != nil && !errors.As(err, &refused):
		outcome = "canceled"
	}
	m.calls.WithLabelValues(k.endpoint(), outcome).Observe(took.Seconds())
}
