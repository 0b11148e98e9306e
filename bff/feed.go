package bff

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/cannahub/gateway/bff/counters"
	"github.com/cannahub/gateway/bff/live"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

const (
	// MaxFeeds bounds the feeds that are open at once.
	MaxFeeds = 10_000

	// fullFor is when to ask again for what there is no room for.
	fullFor = 30 * time.Second

	// lookTimeout is how long what is there to be told waits to be known who may see it.
	lookTimeout = time.Second

	// subscribeTimeout bounds what a feed waits for before it follows an item.
	subscribeTimeout = 5 * time.Second
)

// feeds are what visitors are told of stock as it changes.
type feeds struct {
	hub     *live.Hub
	watcher *live.Watcher
	found   chan struct{} // the watcher found changes, which the other gateways are to hear of
	ended   *prometheus.CounterVec

	mu   sync.Mutex
	open int
	from map[string]int // of these, by address
	most int            // from one
}

// admit counts a feed that opens. The error is RateLimited when there is no room for it.
func (f *feeds) admit(address string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open >= MaxFeeds {
		return full(nil)
	}
	if f.from[address] >= f.most {
		refused := full(nil)
		refused.Message = mapping.Message{Key: string(RateLimited) + ".address", Args: []any{f.most, int(fullFor.Seconds())}}
		return refused
	}
	f.open++
	f.from[address]++
	return nil
}

// dismiss counts a feed that ends.
func (f *feeds) dismiss(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open--
	if f.from[address]--; f.from[address] == 0 {
		delete(f.from, address)
	}
}

func (f *feeds) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open
}

func newFeeds(config Config, forget func()) *feeds {
	f := &feeds{
		hub: live.NewHub(), found: make(chan struct{}, 1), from: map[string]int{}, most: cmp.Or(config.FeedsPerAddress, MaxFeeds),
	}
	changed := func() {
		forget()
		select {
		case f.found <- struct{}{}:
		default:
		}
	}
	f.watcher = &live.Watcher{
		Hub: f.hub, Read: readLevels(config), Interval: config.LivePoll, Changed: changed, HeldFor: config.CacheTTL, Log: config.Log,
	}
	factory := promauto.With(config.Metrics)
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gateway_live_feeds", Help: "WebSockets and streams that are open.",
	}, func() float64 { return float64(f.count()) })
	factory.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "gateway_live_items", Help: "Inventory items that somebody follows.",
	}, func() float64 { return float64(f.hub.Watched()) })
	f.ended = counters.By(config.Metrics, "gateway_live_feeds_ended_total",
		"Feeds that ended, by why: left, slow (did not take what it was told), refused (its key or credential), stopping.",
		"why", "left", "slow", "refused", "stopping")
	return f
}

// keepUp tells the other gateways of what the watcher finds, and has the feeds look
// again now and then at what their visitors may see.
func (g *Gateway) keepUp(ctx context.Context, every time.Duration) {
	review := time.NewTicker(max(every, time.Second))
	defer review.Stop()
	for {
		select {
		case <-g.feeds.found:
			g.announce(ctx, answersChanged)
		case <-review.C:
			g.feeds.hub.Review()
		case <-ctx.Done():
			return
		}
	}
}

// readLevels reads all levels of items with the gateway's own user.
func readLevels(config Config) func(ctx context.Context, ids []string) ([]mapping.LiveLevel, error) {
	return func(ctx context.Context, ids []string) ([]mapping.LiveLevel, error) {
		ctx, cancel := context.WithTimeout((&medusaclient.Request{ID: "live"}).With(ctx), config.Timeout)
		defer cancel()
		var items []medusaclient.CountedItem
		err := config.Account.Do(ctx, func(by medusaclient.Credential) (err error) {
			items, err = config.Medusa.InventoryItems.ListCounted(ctx, by, medusaclient.CountedFilter{
				IDs: ids, CountedLevels: medusaclient.CountedLevels{Incoming: true},
			})
			return err
		})
		var levels []mapping.LiveLevel
		for _, item := range items {
			for _, level := range item.LocationLevels {
				levels = append(levels, mapping.NewLiveLevel(item.ID, level))
			}
		}
		return levels, err
	}
}

// Feed tells a visitor of the changes of stock that he follows. Wait and Take may be
// called while Subscribe, Begin, Unsubscribe or Resume runs, of which one runs at a time.
type Feed struct {
	gateway  *Gateway
	visitor  Visitor
	follower *live.Follower
	scope    mapping.Scope // what the visitor may see, as last known; nil: all
	ended    string        // why
}

// Follow opens a feed for a visitor, which is to be closed. It follows nothing yet.
// The error is Unauthorized, RateLimited when too many are open, at all or from the visitor's
// address, or NetworkError.
func (g *Gateway) Follow(ctx context.Context, v Visitor) (*Feed, error) {
	if err := g.feeds.admit(v.Address); err != nil {
		return nil, err
	}
	feed := &Feed{gateway: g, visitor: v, follower: g.feeds.hub.Follower(v.Address), ended: "left"}
	scope, err := feed.shown(ctx)
	if err != nil {
		feed.follower.Close()
		g.feeds.dismiss(v.Address)
		return nil, errorOf(err, "")
	}
	feed.scope = scope
	return feed, nil
}

// shown is the locations whose levels the visitor may see; nil: all.
func (f *Feed) shown(ctx context.Context) (mapping.Scope, error) {
	token := f.visitor.PublishableKey
	if token == "" && !f.visitor.admin() {
		token = f.gateway.defaultKey
	}
	if token == "" {
		if !f.visitor.admin() {
			return nil, errKey()
		}
		return nil, f.gateway.rights.confirm(ctx, f.visitor.Credential, toRead)
	}
	key, err := f.gateway.keys.open(ctx, token)
	return key.scope(""), err
}

// Followed is what a visitor is told when he begins to follow items.
type Followed struct {
	Sequence string   // of the last change before
	Gap      bool     // not all that he wanted told again is known
	Unknown  []string // items that there are not, which he does not follow
}

// Subscription is items that a visitor is about to follow.
type Subscription struct {
	wanted    live.Wanted
	locations []string
	unknown   []string
}

// Subscribe prepares the following of items, at some locations or all: those that
// nobody else follows are read for it, together with what others ask for, which may
// take seconds. What it returns is to be begun. The errors are ValidationFailed when
// the visitor follows too many, RateLimited when all visitors together do, and
// NetworkError.
func (f *Feed) Subscribe(ctx context.Context, following mapping.Following) (Subscription, error) {
	known, unknown, err := f.gateway.knownItems(ctx, following.InventoryItemIDs)
	if err != nil {
		return Subscription{}, errorOf(err, "")
	}
	if f.follower.FollowedWith(known) > mapping.MaxFollowed || f.follower.Locations()+len(following.LocationIDs) > mapping.MaxFollowed {
		return Subscription{}, invalid(mapping.Fault{Code: "TOO_MANY_FOLLOWED", Args: []any{mapping.MaxFollowed}})
	}
	wanted, err := f.follower.Want(ctx, known)
	return Subscription{wanted, following.LocationIDs, unknown}, errorOf(err, "")
}

// Begin has the visitor told of every change of the items from now on. It is to be
// called once, and waits for nothing.
func (s Subscription) Begin() Followed {
	sequence, whole := s.wanted.Follow(s.locations)
	return Followed{Sequence: sequence, Gap: !whole, Unknown: s.unknown}
}

// knownItems are those that Medusa has. Those that somebody follows need no asking.
func (g *Gateway) knownItems(ctx context.Context, ids []string) (known, unknown []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, subscribeTimeout)
	defer cancel()
	asked := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !maybeID(id) || g.feeds.hub.Knows(id) })
	found, err := g.counts.items.get(ctx, asked)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		if _, there := found[id]; there || g.feeds.hub.Knows(id) {
			known = append(known, id)
		} else {
			unknown = append(unknown, id)
		}
	}
	return known, unknown, nil
}

// Unsubscribe ends the following of items, or with none of all.
func (f *Feed) Unsubscribe(following mapping.Following) {
	f.follower.Unfollow(following.InventoryItemIDs)
}

// Resume has the visitor told again of every change after the one that is named so,
// of what he follows or will follow. It says whether all of them are known; if not,
// none is told and he is to read how things are. It can be done once.
func (f *Feed) Resume(after string) (whole bool) { return f.follower.Resume(after) }

// Wait waits until there may be something to take. The error is Canceled when ctx ends.
func (f *Feed) Wait(ctx context.Context) error { return errorOf(f.follower.Wait(ctx), "") }

// Take returns the changes that there are and that the visitor may see. Where that is
// no longer what it was there is an event that says that not all was told. What he may
// see is asked again as for every answer; while Medusa does not say, it is what it was.
// The error says why there will be no more: RateLimited when he does not take what he is
// told, Unauthorized or Forbidden when his key or credential is no good any more, and
// NetworkError when the gateway stops.
func (f *Feed) Take(ctx context.Context) ([]*live.Event, error) {
	events, err := f.follower.Take()
	if err != nil {
		return nil, f.end(err)
	}
	moved, err := f.look(ctx)
	if err != nil {
		return nil, f.end(err)
	}
	events = slices.DeleteFunc(events, func(e *live.Event) bool { return !f.scope.Shows(e.Level.At.LocationID) })
	if moved {
		events = append(events, f.gateway.feeds.hub.Gap())
	}
	return events, nil
}

// look finds out which locations the visitor may see, and says whether they are others
// than before.
func (f *Feed) look(ctx context.Context) (moved bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	scope, err := f.shown(ctx)
	switch {
	case failedWith(err, NetworkError):
		return false, nil
	case err != nil:
		return false, err
	}
	moved = !maps.EqualFunc(f.scope, scope, func(_, _ []mapping.SalesChannel) bool { return true })
	f.scope = scope
	return moved, nil
}

// end notes why the feed ends.
func (f *Feed) end(err error) error {
	failure := failed(err)
	switch failure.Code {
	case RateLimited:
		f.ended = "slow"
	case Unauthorized, Forbidden:
		f.ended = "refused"
	case NetworkError:
		f.ended = "stopping"
	default:
	}
	return failure
}

// Close ends the feed, once nobody takes from it any more.
func (f *Feed) Close() {
	f.follower.Close()
	f.gateway.feeds.dismiss(f.visitor.Address)
	f.gateway.feeds.ended.WithLabelValues(f.ended).Inc()
}

// full is the error when there is no room for more.
func full(err error) *Error {
	return &Error{
		Code: RateLimited, Message: mapping.Message{Key: string(RateLimited) + ".full", Args: []any{int(fullFor.Seconds())}}, RetryAfter: fullFor, Err: err,
	}
}
