// Package counters makes counters with a label of few values.
package counters

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// By registers a counter with one label. Each of its values is there from the start,
// at 0: of a series that begins with its first event nobody sees the increase.
func By(registry prometheus.Registerer, name, help, label string, values ...string) *prometheus.CounterVec {
	counter := promauto.With(registry).NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	for _, value := range values {
		counter.WithLabelValues(value)
	}
	return counter
}
