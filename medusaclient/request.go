package medusaclient

import (
	"context"
	"sync"
	"time"
)

// Request is what the calls made for one request of a client have in common:
// its id, which goes upstream, and the tally of the calls.
type Request struct {
	ID string

	mu      sync.Mutex
	calls   int
	running int
	since   time.Time
	waited  time.Duration
}

type requestKey struct{}

// With returns a context whose calls are counted in r and carry its id.
func (r *Request) With(ctx context.Context) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// Calls returns how many calls went to Medusa, repeated ones included.
func (r *Request) Calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

// Waited returns how long at least one call was under way.
func (r *Request) Waited() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running > 0 {
		return r.waited + time.Since(r.since)
	}
	return r.waited
}

type aheadKey struct{}

// Ahead returns a context whose calls do not wait for one of the slots that
// bound the calls at once. It is for the few calls that many wait for together.
func Ahead(ctx context.Context) context.Context { return context.WithValue(ctx, aheadKey{}, true) }

func isAhead(ctx context.Context) bool { return ctx.Value(aheadKey{}) != nil }

// Share counts the calls made for r in the request of ctx, too: of a call that
// is made for several requests, each has had the cost.
func (r *Request) Share(ctx context.Context) {
	other := requestOf(ctx)
	if other == nil || other == r {
		return
	}
	calls, waited := r.Calls(), r.Waited()
	other.mu.Lock()
	defer other.mu.Unlock()
	other.calls += calls
	other.waited += waited
}

// CallsOf returns how many calls went to Medusa for the request of ctx.
func CallsOf(ctx context.Context) int {
	r := requestOf(ctx)
	if r == nil {
		return 0
	}
	return r.Calls()
}

// IDOf is the id of the request of ctx, empty where there is none.
func IDOf(ctx context.Context) string {
	r := requestOf(ctx)
	if r == nil {
		return ""
	}
	return r.ID
}

func requestOf(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

func (r *Request) begin() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.running == 0 {
		r.since = time.Now()
	}
	r.running++
}

func (r *Request) end() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	if r.running == 0 {
		r.waited += time.Since(r.since)
	}
}
