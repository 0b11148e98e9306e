// Package bff holds the use cases of the gateway, one file per noun: what to
// ask Medusa, in what order, and what to answer. It speaks the vocabulary of
// package mapping and returns no error but *Error.
package bff

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/bff/stock"
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
	Store    *state.Store          // what must be remembered; nil: nothing can be changed
	AuthTTL  time.Duration         // how long a confirmed right, or a publishable key, holds
	LivePoll time.Duration         // how often what somebody follows is read
	StaleAge time.Duration         // how old an answer gets that shoppers are given while Medusa does not answer; 0: none is
	// FeedsPerAddress bounds the feeds that are open at once from one address; 0: nothing
	// does but MaxFeeds.
	FeedsPerAddress int
	// DefaultKey is the publishable key of shoppers who send none; empty: they must.
	DefaultKey string
	// CartHoldTTL is how long stock is held for a cart after its last change; 0: it
	// is not.
	CartHoldTTL time.Duration
	Log         *slog.Logger
	Metrics     prometheus.Registerer
}

// Gateway is the use cases. It is safe for concurrent use.
type Gateway struct {
	medusa   *medusaclient.Client
	account  *medusaclient.Account
	held     *held
	currency *currency
	counts   *counts
	keys     *keys
	feeds    *feeds
	products copies[product]
	late     lateCalls
	stale    *prometheus.CounterVec
	timeout  time.Duration
	log      *slog.Logger

	store   *state.Store
	stock   *stock.Lane
	rights  *rights
	running *running

	defaultKey string
	carts      *turns
	cartWork   *semaphore.Weighted // holds of carts that Medusa is asked for at once
	cartPays   *semaphore.Weighted // completions of carts under way
	cartTTL    time.Duration
	setups     *setupMetrics
	holds      *holdMetrics
	now        func() time.Time   // by which a set-up is undone and a hold expires
	stop       context.CancelFunc // of what Start began
	working    sync.WaitGroup
}

// New returns the use cases over config. It makes no call.
func New(config Config) *Gateway {
	g := &Gateway{
		medusa:   config.Medusa,
		account:  config.Account,
		held:     newHeld(config),
		currency: &currency{medusa: config.Medusa, account: config.Account},
		keys:     newKeys(config),
		products: newCopies(config.StaleAge, config.MaxBytes/4, product.size),
		late:     lateCalls{of: map[string]int{}},
		stale:    newStaleMetric(config.Metrics),
		timeout:  config.Timeout,
		log:      config.Log,
		store:    config.Store,
		rights:   newRights(config.Medusa, config.AuthTTL),
		running:  &running{keys: map[string][sha256.Size]byte{}},
		setups:   newSetupMetrics(config.Metrics, config.Store),
		holds:    newHoldMetrics(config.Metrics, config.Store),
		now:      time.Now,

		defaultKey: config.DefaultKey,
		carts:      newTurns(),
		cartWork:   semaphore.NewWeighted(cartsAtOnce),
		cartPays:   semaphore.NewWeighted(completionsAtOnce),
		cartTTL:    config.CartHoldTTL,
	}
	g.counts = newCounts(config, &g.held.generation)
	g.feeds = newFeeds(config, g.held.forget)
	if config.Store != nil {
		g.stock = stock.New(stock.Config{
			Medusa: config.Medusa, Account: config.Account, Store: config.Store,
			Changed: g.levelsChanged, Log: config.Log, Metrics: config.Metrics,
		})
	}
	return g
}

// levelsChanged makes what is held stale after a change of this gateway's, and tells
// who follows the levels how they are.
func (g *Gateway) levelsChanged(levels []mapping.LiveLevel) {
	g.held.forget()
	if len(levels) == 0 {
		g.feeds.hub.Wake()
		return
	}
	g.feeds.hub.Publish(levels)
}

// Start begins the work behind the use cases: the lane in which stock changes,
// the settling of what an earlier run left open, the listening to other gateways,
// and the watching of what is followed. Without a Store there is none.
func (g *Gateway) Start(ctx context.Context) error {
	if g.store == nil {
		return nil
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	if err := g.store.Work(ctx, state.Duties{Settle: g.stock.Settle, Undo: g.undoSetup, Tend: g.tendHold}); err != nil {
		stop()
		return err
	}
	g.stop = stop
	g.working.Go(g.stock.Run)
	g.working.Go(func() { g.feeds.hub.Run(ctx) })
	g.working.Go(func() { g.feeds.watcher.Run(ctx) })
	g.working.Go(func() { g.keepUp(ctx, g.rights.ttl) })
	g.working.Go(func() {
		g.store.Listen(ctx, g.forget)
	})
	return nil
}

// What the other gateways are told, beside flushes, holds and set-ups.
const (
	answersChanged   = "answers"
	locationsChanged = "locations" // and with them what publishable keys open
)

// announceTimeout is how long telling the other gateways may keep a caller waiting.
const announceTimeout = 2 * time.Second

// changed makes what is held from before a change stale, here and at the other
// gateways.
func (g *Gateway) changed(ctx context.Context, what string) {
	g.forget(what, false)
	if g.store != nil {
		g.announce(ctx, what)
	}
}

// announce tells the other gateways of a change.
func (g *Gateway) announce(ctx context.Context, what string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), announceTimeout)
	defer cancel()
	if err := g.store.Announce(ctx, what); err != nil {
		g.log.WarnContext(ctx, "other gateways are not told of a change", "error", err)
	}
}

// forget makes stale what is held from before a change, here or at another gateway,
// or, with lost, from before what may have been missed.
func (g *Gateway) forget(what string, lost bool) {
	g.stockChanged()
	kind, _, _ := strings.Cut(what, "_")
	if ofStock := kind == "flush" || kind == "hold" || kind == answersChanged; lost || !ofStock {
		g.keys.forget()
		g.feeds.hub.Review()
	}
	if what == locationsChanged {
		g.keys.copies.forget()
		g.products.forget()
	}
}

// stockChanged makes what is held stale after a change of items, or with none of it is
// not known what, and has what of it is followed read.
func (g *Gateway) stockChanged(itemIDs ...string) {
	g.held.forget()
	g.feeds.hub.Wake(itemIDs...)
}

// Drain ends the feeds, whose followers are to connect to another gateway.
func (g *Gateway) Drain() { g.feeds.hub.Close() }

// Close finishes the changes under way and lets go of what is held in memory.
func (g *Gateway) Close() {
	if g.stop != nil {
		g.stock.Close()
		g.stop()
		g.working.Wait()
	}
	g.held.close()
	g.counts.close()
	g.keys.close()
	g.products.close()
}

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

// Remembers says whether the database answers.
func (g *Gateway) Remembers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return errorOf(g.store.Ping(ctx), "")
}

// Prepare reads what is held from the start: the store's default currency.
func (g *Gateway) Prepare(ctx context.Context) error {
	_, err := g.currency.code(ctx)
	return errorOf(err, "")
}
