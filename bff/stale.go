package bff

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cannahub/gateway/bff/counters"
	"github.com/cannahub/gateway/mapping"
)

// shopperPatience is how long a shopper waits for Medusa where something is known that
// he can be told instead.
const shopperPatience = 2 * time.Second

var errImpatient = errors.New("a shopper waits no longer")

func newStaleMetric(registry prometheus.Registerer) *prometheus.CounterVec {
	return counters.By(registry, "gateway_stale_answers_total",
		"Answers of what was known last, given to shoppers because Medusa did not answer.",
		"what", "stock", "products")
}

// impatient is a context that ends when a shopper has waited for long enough, if
// there is something known then.
func impatient(ctx context.Context, known func() bool) (waiting context.Context, leave func()) {
	waiting, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(shopperPatience, func() {
		if known() {
			cancel(errImpatient)
		}
	})
	return waiting, func() {
		timer.Stop()
		cancel(nil)
	}
}

// unanswered says of a failure whether Medusa is the cause of it, or took longer than
// waiting allowed.
func unanswered(waiting context.Context, err error) bool {
	return failedWith(err, NetworkError) || (failedWith(err, Canceled) && errors.Is(context.Cause(waiting), errImpatient))
}

// isBusy says that not Medusa is the cause of a failure, but how many ask.
func isBusy(err error) bool {
	failure := failed(err)
	return failure.Code == NetworkError && failure.Message.Key == "NETWORK_ERROR.busy"
}

// sight is what of the shop a visitor wants to see.
type sight struct {
	channelID string
	explain   bool
}

// countedFor is the locations that a visitor is shown, and what addresses name as it
// was counted. While Medusa does not answer it is what was known last, for shoppers
// whose publishable key was good.
func (g *Gateway) countedFor(ctx context.Context, v Visitor, wanted sight, addresses []mapping.Address) (mapping.Scope, mapping.Counted, error) {
	if v.admin() {
		return g.countedNow(ctx, v, wanted, addresses)
	}
	waiting, leave := impatient(ctx, func() bool { return g.knows(v, addresses) })
	defer leave()
	scope, counted, err := g.countedNow(waiting, v, wanted, addresses)
	if err == nil || !unanswered(waiting, err) || (isBusy(err) && !g.knows(v, addresses)) {
		return scope, counted, err
	}
	token := g.keyOf(v)
	if !g.keys.wasGood(token) {
		return nil, mapping.Counted{}, err
	}
	g.stale.WithLabelValues("stock").Inc()
	key, known := g.keys.lastOpened(token)
	if !known { // what he may see is not known any more
		return mapping.Scope{}, nothingCounted(addresses), nil
	}
	scope, err = key.shows(wanted.channelID)
	return scope, g.counts.lastOf(addresses), err
}

func (g *Gateway) countedNow(ctx context.Context, v Visitor, wanted sight, addresses []mapping.Address) (mapping.Scope, mapping.Counted, error) {
	scope, err := g.scopeOf(ctx, v, wanted.channelID, wanted.explain)
	if err != nil {
		return nil, mapping.Counted{}, err
	}
	counted, err := g.counts.of(ctx, addresses)
	return scope, counted, err
}

// knows says whether a shopper can be told something of what addresses name without
// Medusa.
func (g *Gateway) knows(v Visitor, addresses []mapping.Address) bool {
	_, good := g.keys.lastOpened(g.keyOf(v))
	return good && g.counts.lastOf(addresses).Age != nil
}

// keyOf is the publishable key by which a shopper asks.
func (g *Gateway) keyOf(v Visitor) string { return cmp.Or(v.PublishableKey, g.defaultKey) }

// answerAsOf is an answer that is not held.
func answerAsOf(staleness mapping.Staleness, body any) (*Answer, error) {
	answer, err := freshAnswer(body)
	if err == nil {
		answer.Staleness = staleness
	}
	return answer, err
}
