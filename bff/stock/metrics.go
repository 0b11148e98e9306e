package stock

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/cannahub/gateway/bff/counters"
)

type metrics struct {
	flushes   prometheus.Counter
	rows      prometheus.Histogram
	changes   *prometheus.CounterVec
	settled   *prometheus.CounterVec
	outside   prometheus.Counter
	unsettled prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer, queue *queue) *metrics {
	factory := promauto.With(registry)
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gateway_stock_waiting",
		Help: "Changes of stock that wait for a flush.",
	}, func() float64 { return float64(queue.length()) })
	return &metrics{
		flushes: factory.NewCounter(prometheus.CounterOpts{
			Name: "gateway_stock_flushes_total",
			Help: "Flushes: changes of stock written to Medusa together.",
		}),
		rows: factory.NewHistogram(prometheus.HistogramOpts{
			Name:    "gateway_stock_flush_rows",
			Help:    "Rows of the ledger that a flush wrote.",
			Buckets: []float64{1, 2, 5, 10, 25, 50, 100, 250, 500, 1000},
		}),
		changes: counters.By(registry, "gateway_stock_changes_total",
			"Changes of stock asked for, by outcome: applied, refused, skipped (with its atomic batch), failed (not made), unknown (being settled).",
			"outcome", "applied", "refused", "skipped", "failed", "unknown"),
		settled: counters.By(registry, "gateway_stock_settled_total",
			"Rows whose write was not answered, by what became of them: applied, unknown.",
			"outcome", "applied", "unknown"),
		outside: factory.NewCounter(prometheus.CounterOpts{
			Name: "gateway_stock_outside_total",
			Help: "Differences found that were not made through the gateway.",
		}),
		unsettled: factory.NewGauge(prometheus.GaugeOpts{
			Name: "gateway_stock_unsettled_levels",
			Help: "Levels that are left alone until it is known what became of a write.",
		}),
	}
}

func (m *metrics) flushed(rows int) {
	m.flushes.Inc()
	m.rows.Observe(float64(rows))
}

func (m *metrics) told(unit *unit) {
	for _, outcome := range unit.outcomes {
		m.changes.WithLabelValues(outcome.Status.String()).Inc()
	}
}
