// Package bff holds the use cases of the gateway, one file per noun: what to
// ask Medusa, in what order, and what to answer. It speaks the vocabulary of
// package mapping and returns no error but *Error.
package bff

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// Config says what the use cases work with.
type Config struct {
	Medusa   *medusaclient.Client
	Account  *medusaclient.Account // the gateway's own user, for its own reads
	CacheTTL time.Duration         // how long an answer is held; 0: not at all
	MaxBytes int64                 // of the answers held
	Timeout  time.Duration         // for one use case, also when its caller has gone
	Metrics  prometheus.Registerer
}

// Gateway is the use cases. It is safe for concurrent use.
type Gateway struct {
	medusa   *medusaclient.Client
	held     *held
	currency *currency
}

// New returns the use cases over config. It makes no call.
func New(config Config) *Gateway {
	return &Gateway{
		medusa:   config.Medusa,
		held:     newHeld(config),
		currency: &currency{medusa: config.Medusa, account: config.Account},
	}
}

// Close lets go of what is held in memory.
func (g *Gateway) Close() { g.held.close() }

// Caller is who asks, and in which language.
type Caller struct {
	Credential medusaclient.Credential
	Language   mapping.Language
}

// readyTimeout is how long Medusa may take to show that it answers.
const readyTimeout = 2 * time.Second

// Ready says whether Medusa answers the gateway's own user. The call it makes
// has its usual time: that nobody waits for it to the end says nothing to the
// breaker.
func (g *Gateway) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	_, err := g.currency.read(ctx)
	return errorOf(err, "")
}

// Prepare reads what is held from the start: the store's default currency.
func (g *Gateway) Prepare(ctx context.Context) error {
	_, err := g.currency.code(ctx)
	return errorOf(err, "")
}
