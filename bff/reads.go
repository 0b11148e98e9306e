package bff

import (
	"context"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/cannahub/gateway/bff/panics"
	"github.com/cannahub/gateway/medusaclient"
)

// readsAtOnce are the calls of one kind at once. What is asked for meanwhile goes
// together in the next, so that a crowd costs no more calls than this and one.
const readsAtOnce = 2

const (
	// maxSpelled is how many bytes the ids of one call take in a URL, which leaves
	// Node's 16 KiB for a request's head room for the rest: 300 ids that Medusa made
	// have 10 KiB.
	maxSpelled = 12 << 10

	// maxWaiting is how many calls of one kind wait: some seconds' worth. A flood of
	// questions must not become a queue that nobody sees the end of.
	maxWaiting = 64
)

// reads reads things by their ids for everybody, with a credential that does not
// depend on who asks: what is held in memory from there, what is being read
// together with who asked first, and the rest of all questions in as few calls as
// possible.
type reads[V any] struct {
	config readsConfig[V]
	held   *otter.Cache[string, heldRead[V]] // nil: nothing is held
	copies copies[V]

	mu      sync.Mutex
	flights map[string]*flight[V] // that reads an id, or will
	waiting []*flight[V]          // to be sent, in order
	running int
}

type readsConfig[V any] struct {
	// fetch reads things, at most most at once; unknown ones are left out.
	fetch func(ctx context.Context, ids []string) (map[string]V, error)
	most  int
	// ttl is how long a thing is held, unknown how long it is that there is none;
	// 0: not at all. Both end when generation changes.
	ttl, unknown time.Duration
	generation   *atomic.Uint64
	// stale is how old a copy gets of what was read last; 0: none is kept.
	stale time.Duration
	// maxBytes of memory for what is held, and maxCopies for copies; size is what a
	// thing takes of it.
	maxBytes  int64
	maxCopies int64
	size      func(V) int
	timeout   time.Duration
}

type heldRead[V any] struct {
	value      V
	known      bool
	generation uint64
	until      time.Time
}

// flight is a call that reads things for all who asked before it was sent. Unsent,
// it is dropped when the last of them leaves.
type flight[V any] struct {
	ctx        context.Context
	request    *medusaclient.Request
	ids        []string
	spelled    int // bytes that the ids take in a URL
	waiters    int
	sent       bool
	sentAt     time.Time
	generation uint64 // when it was sent

	done  chan struct{}
	found map[string]V
	err   error
}

func newReads[V any](config readsConfig[V]) *reads[V] {
	r := &reads[V]{config: config, flights: map[string]*flight[V]{}, copies: newCopies(config.stale, config.maxCopies, config.size)}
	if config.ttl > 0 && config.maxBytes > 0 {
		r.held = otter.Must(&otter.Options[string, heldRead[V]]{
			MaximumWeight: uint64(config.maxBytes),
			Weigher: func(id string, read heldRead[V]) uint32 {
				return uint32(2*len(id) + config.size(read.value) + entryOverhead)
			},
			ExpiryCalculator: otter.ExpiryWriting[string, heldRead[V]](config.ttl),
		})
	}
	return r
}

func (r *reads[V]) close() {
	if r.held != nil {
		r.held.InvalidateAll()
		r.held.StopAllGoroutines()
	}
	r.copies.close()
}

// get returns the things of ids, each of which may be named more than once;
// unknown ones are left out. Who leaves does not end the reading for the others. It
// fails at once when too much waits to be read.
func (r *reads[V]) get(ctx context.Context, ids []string) (map[string]V, error) {
	found := make(map[string]V, len(ids))
	var missing []string
	generation, now := r.config.generation.Load(), time.Now()
	for _, id := range ids {
		switch read, ok := r.find(id, generation, now); {
		case !ok:
			missing = append(missing, id)
		case read.known:
			found[id] = read.value
		}
	}
	if len(missing) == 0 {
		return found, nil
	}
	boarded, err := r.board(ctx, missing)
	defer r.leave(boarded)
	if err != nil {
		return nil, err
	}
	for _, flight := range boarded {
		select {
		case <-flight.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		flight.request.Share(ctx)
		if flight.err != nil {
			return nil, flight.err
		}
		for _, id := range missing {
			if value, known := flight.found[id]; known {
				found[id] = value
			}
		}
	}
	return found, nil
}

func (r *reads[V]) find(id string, generation uint64, now time.Time) (heldRead[V], bool) {
	if r.held == nil {
		return heldRead[V]{}, false
	}
	read, ok := r.held.GetIfPresent(id)
	return read, ok && read.generation == generation && now.Before(read.until)
}

// board finds for each id a flight that is to read it, or does so now and was sent
// since the last change, and sends what may be sent. All that are boarded are to be
// left, also when it fails. One question may exceed what waits at most.
func (r *reads[V]) board(ctx context.Context, ids []string) (boarded []*flight[V], err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	generation, full := r.config.generation.Load(), len(r.waiting) >= maxWaiting
	for _, id := range ids {
		under := r.flights[id]
		if under == nil || (under.sent && under.generation != generation) {
			if full {
				return boarded, networkError(Unreachable, "NETWORK_ERROR.busy", time.Second, nil)
			}
			under = r.bookedFor(ctx, id)
		}
		if !slices.Contains(boarded, under) {
			boarded = append(boarded, under)
			under.waiters++
		}
	}
	r.send()
	return boarded, nil
}

// leave drops those flights that nobody waits for any more and that were not sent.
func (r *reads[V]) leave(boarded []*flight[V]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, left := range boarded {
		left.waiters--
		if left.waiters == 0 && !left.sent {
			r.waiting = slices.DeleteFunc(r.waiting, func(f *flight[V]) bool { return f == left })
			r.strike(left)
		}
	}
}

// strike has nobody board a flight any more.
func (r *reads[V]) strike(f *flight[V]) {
	for _, id := range f.ids {
		if r.flights[id] == f {
			delete(r.flights, id)
		}
	}
}

// bookedFor is the flight that an id is now on.
func (r *reads[V]) bookedFor(ctx context.Context, id string) *flight[V] {
	spelled := len(url.QueryEscape(id)) + len("&sku=")
	booked := r.withRoom(ctx, spelled)
	booked.ids, booked.spelled = append(booked.ids, id), booked.spelled+spelled
	r.flights[id] = booked
	return booked
}

// withRoom is the last flight that waits, or a new one.
func (r *reads[V]) withRoom(ctx context.Context, spelled int) *flight[V] {
	if last := len(r.waiting) - 1; last >= 0 && len(r.waiting[last].ids) < r.config.most && r.waiting[last].spelled+spelled <= maxSpelled {
		return r.waiting[last]
	}
	request := &medusaclient.Request{ID: medusaclient.IDOf(ctx)}
	added := &flight[V]{ctx: request.With(context.WithoutCancel(ctx)), request: request, done: make(chan struct{})}
	r.waiting = append(r.waiting, added)
	return added
}

func (r *reads[V]) send() {
	for r.running < readsAtOnce && len(r.waiting) > 0 {
		next := r.waiting[0]
		r.waiting = r.waiting[1:]
		next.sent, next.sentAt, next.generation = true, time.Now(), r.config.generation.Load()
		r.running++
		go r.carry(next)
	}
}

// carry makes the call of a flight, keeps what it brings unless something changed
// meanwhile, and sends the next. Nobody boards it any more when it is done.
func (r *reads[V]) carry(f *flight[V]) {
	f.found, f.err = r.fetch(f)
	if f.err == nil {
		r.keep(f)
	}
	r.land(f)
	close(f.done)
}

func (r *reads[V]) land(f *flight[V]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.strike(f)
	r.running--
	r.send()
}

// fetch has a panic be an error, since it would end the program here.
func (r *reads[V]) fetch(f *flight[V]) (found map[string]V, err error) {
	defer panics.Recover(&err)
	ctx, cancel := context.WithTimeout(f.ctx, r.config.timeout)
	defer cancel()
	return r.config.fetch(ctx, f.ids)
}

func (r *reads[V]) keep(f *flight[V]) {
	for _, id := range f.ids {
		if value, known := f.found[id]; known {
			r.copies.keep(id, value, f.sentAt)
		} else {
			r.copies.drop(id)
		}
	}
	if r.held == nil || r.config.generation.Load() != f.generation {
		return
	}
	now := time.Now()
	for _, id := range f.ids {
		value, known := f.found[id]
		read := heldRead[V]{value: value, known: known, generation: f.generation, until: now.Add(r.config.ttl)}
		if !known {
			read.until = now.Add(min(r.config.ttl, r.config.unknown))
		}
		r.held.Set(id, read)
	}
}

// last returns what was known last of ids, and when the oldest of it was asked for.
// What is not known, or was unknown to Medusa, is left out.
func (r *reads[V]) last(ids []string) (found map[string]V, oldest time.Time) {
	found = make(map[string]V, len(ids))
	for _, id := range ids {
		if known, ok := r.copies.find(id); ok {
			found[id] = known.value
			oldest = earlier(oldest, known.asked)
		}
	}
	return found, oldest
}

// earlier is the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
