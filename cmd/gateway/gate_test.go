package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is for what must happen, on a machine that may be busy.
const patience = 20 * time.Second

// gate is a way to Medusa on which a call can be held up.
type gate struct {
	url   string
	to    string
	mu    sync.Mutex
	holds []*hold
}

// moment is when a call is held up.
type moment int

const (
	beforeMedusa moment = iota // it has not reached Medusa
	afterMedusa                // its answer has not reached the gateway
)

// hold is a call that is held up, once it is there.
type hold struct {
	which   func(method, path, body string) bool
	at      moment
	there   chan struct{} // closed when the call is there
	goOn    chan struct{} // closed when it may go on
	dropped bool          // it goes nowhere
	once    sync.Once
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	g := &gate{to: to}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, hold := range g.holds {
			hold.drop()
		}
	})
	g.url = server.URL
	return g
}

// hold holds up the next call of a kind.
func (g *gate) hold(at moment, which func(method, path, body string) bool) *hold {
	h := &hold{which: which, at: at, there: make(chan struct{}), goOn: make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holds = append(g.holds, h)
	return h
}

// writesLevels is a call that sets quantities.
func writesLevels(_, path, body string) bool {
	return strings.HasSuffix(path, "/location-levels/batch") && strings.Contains(body, `"update"`)
}

// readsLevels is a call that reads what a change is about.
func readsLevels(method, path, _ string) bool {
	return method == http.MethodGet && path == "/admin/inventory-items"
}

func (h *hold) await(t *testing.T) {
	t.Helper()
	select {
	case <-h.there:
	case <-time.After(patience):
		t.Fatal("the call that is to be held up does not come")
	}
}

// pass lets the call go on.
func (h *hold) pass() { h.once.Do(func() { close(h.goOn) }) }

// drop lets the call, or its answer, get lost.
func (h *hold) drop() {
	h.once.Do(func() {
		h.dropped = true
		close(h.goOn)
	})
}

// ServeHTTP passes a call on, to its end also when the caller has gone.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h := g.holding(r.Method, r.URL.Path, string(body))
	if h != nil && h.at == beforeMedusa {
		h.stop()
	}
	answer, err := passOn(r, body, g.to)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if h != nil && h.at == afterMedusa {
		h.stop()
	}
	answer.give(w)
}

// passOn makes a call elsewhere, to its end also when the caller has gone.
func passOn(r *http.Request, body []byte, to string) (reply, error) {
	call, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, to+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	call.Header = r.Header.Clone()
	answer, err := http.DefaultTransport.RoundTrip(call)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return reply{status: answer.StatusCode, header: answer.Header, text: string(text)}, err
}

// give answers with a reply.
func (r reply) give(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.text) // who has gone needs no answer
}

// holding takes the first hold that is for a call.
func (g *gate) holding(method, path, body string) *hold {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, h := range g.holds {
		select {
		case <-h.there:
			continue
		default:
		}
		if h.which(method, path, body) {
			close(h.there)
			return h
		}
	}
	return nil
}

// stop keeps the call until it may go on.
func (h *hold) stop() {
	<-h.goOn
	if h.dropped {
		panic(http.ErrAbortHandler)
	}
}

func TestAGateHoldsACallOnEitherSide(t *testing.T) {
	reached := make(chan struct{}, 3)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	t.Cleanup(server.Close)
	g := newGate(t, server.URL)
	ask := func() <-chan error {
		answered := make(chan error, 1)
		go func() {
			response, err := http.Post(g.url, "", nil) //nolint:noctx // loopback; a GET would be sent twice
			if err == nil {
				err = response.Body.Close()
			}
			answered <- err
		}()
		return answered
	}
	all := func(string, string, string) bool { return true }

	before := g.hold(beforeMedusa, all)
	answered := ask()
	before.await(t)
	require.Empty(t, reached)
	before.pass()
	require.NoError(t, <-answered)
	require.Len(t, reached, 1)

	after := g.hold(afterMedusa, all)
	answered = ask()
	after.await(t)
	require.Empty(t, answered)
	require.Eventually(t, func() bool { return len(reached) == 2 }, patience, time.Millisecond)
	after.drop()
	require.Error(t, <-answered)

	require.NoError(t, <-ask(), "a call is held up twice")
}
