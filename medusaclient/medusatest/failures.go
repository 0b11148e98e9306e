package medusatest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Match chooses the calls that a failure befalls.
type Match struct {
	// Method is one method, or empty for all.
	Method string
	// Path is compared segment by segment: `*` stands for any one segment, a
	// last `**` for any rest. Empty means every path.
	Path string
	// After lets that many matching calls pass first.
	After int
	// Times is how many calls fail then; 0 means all.
	Times int
}

// Failure answers a call in the place of Medusa. It may call medusa for the
// answer that would have been given.
type Failure func(w http.ResponseWriter, r *http.Request, medusa http.Handler)

type failure struct {
	match Match
	seen  int
	do    Failure
}

// failures are the failures commanded, and the latency of every call.
type failures struct {
	mu      sync.Mutex
	list    []*failure
	latency time.Duration
}

// Fail makes the calls that match fail until the returned function is called,
// or Times is used up. Where several failures match, the first commanded one
// that is not used up befalls the call, and those after it do not count it.
func (s *Server) Fail(match Match, do Failure) (lift func()) {
	f := &failure{match: match, do: do}
	s.failures.mu.Lock()
	defer s.failures.mu.Unlock()
	s.failures.list = append(s.failures.list, f)
	return func() { s.failures.lift(f) }
}

// LiftFailures ends all failures commanded so far.
func (s *Server) LiftFailures() {
	s.failures.mu.Lock()
	defer s.failures.mu.Unlock()
	s.failures.list = nil
}

// SetLatency delays every answer by d, those of failures included.
func (s *Server) SetLatency(d time.Duration) {
	s.failures.mu.Lock()
	defer s.failures.mu.Unlock()
	s.failures.latency = d
}

func (f *failures) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list, f.latency = nil, 0
}

func (f *failures) lift(gone *failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := make([]*failure, 0, len(f.list))
	for _, each := range f.list {
		if each != gone {
			kept = append(kept, each)
		}
	}
	f.list = kept
}

// next returns the failure that befalls the call, nil for none, and the
// latency in force.
func (f *failures) next(r *http.Request) (Failure, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, each := range f.list {
		if !each.match.fits(r) {
			continue
		}
		each.seen++
		nth := each.seen - each.match.After
		if nth > 0 && (each.match.Times == 0 || nth <= each.match.Times) {
			return each.do, f.latency
		}
	}
	return nil, f.latency
}

func (m Match) fits(r *http.Request) bool {
	return (m.Method == "" || m.Method == r.Method) && (m.Path == "" || pathFits(m.Path, r.URL.Path))
}

func pathFits(pattern, path string) bool {
	wanted, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, segment := range wanted {
		if segment == "**" && i == len(wanted)-1 {
			return true
		}
		if i >= len(got) || (segment != "*" && segment != got[i]) {
			return false
		}
	}
	return len(wanted) == len(got)
}

// wait waits for d. It tells whether the time passed before the request ended.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Answer answers with the status and body, JSON by its content type.
func Answer(status int, body string) Failure {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Absent answers as a Medusa does that has no such route.
func Absent() Failure {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) { noRoute(w, r) }
}

// HTML answers 200 with a page, as a proxy in front of Medusa does.
func HTML() Failure {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>")
	}
}

// Hang gives no answer until the caller goes away or the server closes.
func Hang() Failure {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
}

// Hold keeps the call waiting until released is closed, then lets Medusa
// answer.
func Hold(released <-chan struct{}) Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		select {
		case <-released:
			medusa.ServeHTTP(w, r)
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
}

// Delay lets Medusa answer after d.
func Delay(d time.Duration) Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		if !wait(r.Context(), d) {
			panic(http.ErrAbortHandler)
		}
		medusa.ServeHTTP(w, r)
	}
}

// Cut closes the connection before any answer. Medusa does not see the call.
func Cut() Failure {
	return func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }
}

// CutBody announces Medusa's whole answer and closes the connection in the
// middle of its body.
func CutBody() Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		body := begin(w, r, medusa, 1)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// Truncate sends the first half of Medusa's answer as if it were all: a whole
// response whose JSON ends too early.
func Truncate() Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		body := begin(w, r, medusa, 2)
		_, _ = w.Write(body[:len(body)/2])
	}
}

// SlowBody sends Medusa's answer in pieces of size bytes with a pause after
// each.
func SlowBody(size int, pause time.Duration) Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		body := begin(w, r, medusa, 1)
		for len(body) > 0 {
			piece := body[:min(size, len(body))]
			body = body[len(piece):]
			_, _ = w.Write(piece)
			_ = http.NewResponseController(w).Flush()
			if !wait(r.Context(), pause) {
				panic(http.ErrAbortHandler)
			}
		}
	}
}

// begin sends the head of Medusa's answer, with the length of its body divided
// by share, and returns the whole body.
func begin(w http.ResponseWriter, r *http.Request, medusa http.Handler, share int) []byte {
	answer := &recorder{header: w.Header(), status: http.StatusOK}
	medusa.ServeHTTP(answer, r)
	body := answer.body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)/share))
	w.WriteHeader(answer.status)
	return body
}

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
