package bff

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/cannahub/gateway/bff/counters"
	"github.com/cannahub/gateway/bff/state"
)

// countTimeout bounds how long the counting of what is left keeps a reader of
// the metrics waiting.
const countTimeout = time.Second

// setupMetrics count set-ups.
type setupMetrics struct{ outcomes *prometheus.CounterVec }

func newSetupMetrics(registry prometheus.Registerer, store *state.Store) *setupMetrics {
	factory := promauto.With(registry)
	if store != nil {
		factory.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "gateway_setup_leftovers",
			Help: "Set-ups of which something may be left in Medusa and is being removed, by whichever gateway.",
		}, countOf(func(ctx context.Context) (int, error) {
			ids, err := store.Undoing(ctx)
			return len(ids), err
		}))
	}
	return &setupMetrics{
		outcomes: counters.By(registry, "gateway_setups_total",
			"Locations to be set up, by what was answered: done, rolled_back (nothing is left), incomplete (something may be left for the time being).",
			"outcome", "done", "rolled_back", "incomplete"),
	}
}

// countOf is what the database counts, -1 when it does not say.
func countOf(count func(ctx context.Context) (int, error)) func() float64 {
	return func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
		defer cancel()
		n, err := count(ctx)
		if err != nil {
			return -1
		}
		return float64(n)
	}
}

func (m *setupMetrics) done(outcome string) { m.outcomes.WithLabelValues(outcome).Inc() }
