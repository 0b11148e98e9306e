package medusatest

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// moments are what a test does in the middle of a write: around its effect, and
// around undoing the parts of a batch that failed.
type moments struct {
	effect, undo func(carryOut func())
}

type momentsKey struct{}

func momentsOf(r *http.Request) moments {
	m, _ := r.Context().Value(momentsKey{}).(moments)
	if m.effect == nil {
		m.effect = func(carryOut func()) { carryOut() }
	}
	if m.undo == nil {
		m.undo = func(carryOut func()) { carryOut() }
	}
	return m
}

func (m moments) of(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), momentsKey{}, m))
}

// Between does something between the moment when Medusa has read what a write is
// about and the moment when it writes.
func Between(do func()) Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		medusa.ServeHTTP(w, moments{effect: func(carryOut func()) { do(); carryOut() }}.of(r))
	}
}

// BeforeUndo does something between a failed batch of several kinds and the
// writes by which Medusa undoes it.
func BeforeUndo(do func()) Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		medusa.ServeHTTP(w, moments{undo: func(carryOut func()) { do(); carryOut() }}.of(r))
	}
}

// Late keeps the calls of callers who were cut off until the test lets them
// land. The zero Late keeps none.
type Late struct {
	mu    sync.Mutex
	calls []func()
}

func (l *Late) keep(call func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, call)
}

// Waiting is how many calls have not landed yet.
func (l *Late) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.calls)
}

// Land lets the call land that has waited longest; it is over when Land returns.
// It says whether there was one.
func (l *Late) Land() bool {
	l.mu.Lock()
	if len(l.calls) == 0 {
		l.mu.Unlock()
		return false
	}
	call := l.calls[0]
	l.calls = l.calls[1:]
	l.mu.Unlock()
	call()
	return true
}

// Cut is a failure: the caller's connection is closed at once, and Medusa begins
// the call when it lands.
func (l *Late) Cut(_ http.ResponseWriter, r *http.Request, medusa http.Handler) {
	later := r.WithContext(context.WithoutCancel(r.Context()))
	l.keep(func() { medusa.ServeHTTP(&recorder{header: http.Header{}}, later) })
	panic(http.ErrAbortHandler)
}

// CutBegun is a failure for writes: as Cut, but Medusa has begun the call and
// read what it compares with. What it refuses at once is refused, and does not
// wait.
func (l *Late) CutBegun(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
	medusa.ServeHTTP(w, moments{effect: func(carryOut func()) {
		l.keep(carryOut)
		panic(http.ErrAbortHandler)
	}}.of(r.WithContext(context.WithoutCancel(r.Context()))))
}

// CutAfter closes the connection when Medusa has carried out the call, before
// any answer.
func CutAfter() Failure {
	return func(_ http.ResponseWriter, r *http.Request, medusa http.Handler) {
		medusa.ServeHTTP(&recorder{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	}
}

// HoldAnswer lets Medusa carry out the call, and keeps its answer until released
// is closed or the caller goes away.
func HoldAnswer(released <-chan struct{}) Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		answer := &recorder{header: w.Header(), status: http.StatusOK}
		medusa.ServeHTTP(answer, r)
		select {
		case <-released:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(answer.status)
		_, _ = io.Copy(w, &answer.body)
	}
}
