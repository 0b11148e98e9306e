package medusaclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

var errLate = errors.New("not sent in time")

// fence stands before the body of a write. It lets nothing through after its
// time and knows whether anything went: Medusa reads the body before it does
// anything, so a write whose body never went has not happened.
type fence struct {
	by time.Time // zero: no end

	mu     sync.Mutex
	passed bool
	closed bool
}

type fenceKey struct{}

// guard returns a context whose calls go through the fence. It ends when the
// fence closes, with errLate for its cause, so that whoever still waits for a
// turn or a connection stops.
func (f *fence) guard(ctx context.Context) (guarded context.Context, lift func()) {
	ctx = context.WithValue(ctx, fenceKey{}, f)
	if f.by.IsZero() {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(time.Until(f.by), func() {
		if f.shut() {
			cancel(errLate)
		}
	})
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}

func fenceOf(ctx context.Context) *fence {
	f, _ := ctx.Value(fenceKey{}).(*fence)
	return f
}

// pass says whether a body may go now.
func (f *fence) pass() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.late() {
		return false
	}
	f.passed = true
	return true
}

// shut closes the fence, unless something went before.
func (f *fence) shut() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = !f.passed
	return f.closed
}

// late asks both clocks: one of them stands still while a machine sleeps, the
// other can be set back.
func (f *fence) late() bool {
	now := time.Now()
	return !f.by.IsZero() && (!now.Before(f.by) || !now.Round(0).Before(f.by.Round(0)))
}

// sent says whether anything went. A read has no fence and changes nothing.
func (f *fence) sent() bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.passed
}

// fenced is a transport that sends writes through the fence of their context.
type fenced struct{ http.RoundTripper }

func (t fenced) RoundTrip(r *http.Request) (*http.Response, error) {
	f := fenceOf(r.Context())
	if f == nil {
		return t.RoundTripper.RoundTrip(r)
	}
	if r.Body == nil || r.Body == http.NoBody {
		if !f.pass() {
			return nil, errLate
		}
		return t.RoundTripper.RoundTrip(r)
	}
	guarded := r.WithContext(r.Context())
	guarded.Body = &fencedBody{ReadCloser: r.Body, fence: f}
	if r.GetBody != nil {
		guarded.GetBody = func() (io.ReadCloser, error) {
			body, err := r.GetBody()
			return &fencedBody{ReadCloser: body, fence: f}, err
		}
	}
	return t.RoundTripper.RoundTrip(guarded)
}

// fencedBody is a body that goes on a connection when it is first read, which
// is when the connection is there and has taken the head.
type fencedBody struct {
	io.ReadCloser
	fence *fence
	going bool
}

func (b *fencedBody) Read(p []byte) (int, error) {
	if !b.going && !b.fence.pass() {
		return 0, errLate
	}
	b.going = true
	return b.ReadCloser.Read(p)
}
