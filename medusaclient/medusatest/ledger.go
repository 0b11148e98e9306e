package medusatest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Call is one request that the server received.
type Call struct {
	Method string
	Path   string
	// Target is the request target as it was sent, query included.
	Target string
	Query  url.Values
	Header http.Header
	Body   []byte
	// Status is 0 until the answer has begun, and stays 0 when the connection
	// was cut before one.
	Status int
	At     time.Time
}

// maxCalls bounds the ledger, since the demo may run for days.
const maxCalls = 20_000

// ledger remembers the latest calls in the order of their arrival.
type ledger struct {
	mu    sync.Mutex
	calls []*Call
}

// Calls returns copies of the calls received since the start or the last
// ResetCalls, in the order of their arrival, those still being answered
// included; after very many calls only the latest.
func (s *Server) Calls() []Call {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	calls := make([]Call, len(s.ledger.calls))
	for i, call := range s.ledger.calls {
		calls[i] = *call
		calls[i].Header = call.Header.Clone()
		calls[i].Body = bytes.Clone(call.Body)
	}
	return calls
}

// ResetCalls empties the ledger.
func (s *Server) ResetCalls() { s.ledger.reset() }

func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = nil
}

// record notes a call and leaves its body to be read again. It returns what
// notes the status of the answer.
func (l *ledger) record(r *http.Request) (func(status int), error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBatchBody+1))
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := &Call{
		Method: r.Method, Path: r.URL.Path, Target: r.RequestURI, Query: r.URL.Query(),
		Header: r.Header.Clone(), Body: body, At: time.Now(),
	}
	l.mu.Lock()
	if len(l.calls) == maxCalls {
		l.calls = slices.Clone(l.calls[maxCalls/2:])
	}
	l.calls = append(l.calls, call)
	l.mu.Unlock()
	return func(status int) {
		l.mu.Lock()
		defer l.mu.Unlock()
		call.Status = status
	}, nil
}

// statusWriter tells the status of an answer when it begins.
type statusWriter struct {
	http.ResponseWriter
	note  func(status int)
	begun bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.begun {
		w.begun = true
		w.note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
