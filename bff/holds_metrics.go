package bff

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/cannahub/gateway/bff/counters"
	"github.com/cannahub/gateway/bff/state"
)

// holdMetrics count holds.
type holdMetrics struct{ reservations, carts *prometheus.CounterVec }

func newHoldMetrics(registry prometheus.Registerer, store *state.Store) *holdMetrics {
	factory := promauto.With(registry)
	if store != nil {
		factory.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "gateway_holds",
			Help: "Holds that are alive, of all gateways.",
		}, countOf(store.CountHolds))
	}
	return &holdMetrics{
		reservations: counters.By(registry, "gateway_reservations_ended_total",
			"Reservations of holds that ended, by how: confirmed, released, expired, ordered (of carts that became orders).",
			"how", "confirmed", "released", "expired", "ordered"),
		carts: counters.By(registry, "gateway_cart_changes_total",
			"Changes of the lines of carts by what became of their stock: held, refused (there was not enough), failed (not held as it should be).",
			"stock", "held", "refused", "failed"),
	}
}

func (m *holdMetrics) ended(how string, reservations int) {
	m.reservations.WithLabelValues(how).Add(float64(reservations))
}

func (m *holdMetrics) ofCart(stock string) { m.carts.WithLabelValues(stock).Inc() }
