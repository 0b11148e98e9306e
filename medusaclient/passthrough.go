package medusaclient

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

const (
	// smallBody is the size up to which a body is read whole before its request
	// takes a slot. Medusa takes 100 KiB of JSON; what is larger is an upload.
	smallBody = 128 << 10

	// stallTimeout is how long an answer that has begun may stand still.
	stallTimeout = time.Minute
)

// ErrSource says that the body of a request broke off before it was whole.
var ErrSource = errors.New("the body of the request broke off")

// PassThrough carries requests to Medusa as their callers made them, and brings
// its answers back as they are. It has connections of its own, and slots and a
// breaker for shoppers, others for everybody else, so that neither these nor the
// gateway's own calls are crowded out, or refused, because of what shoppers ask.
// It repeats nothing but a GET or HEAD whose connection Medusa had just closed.
type PassThrough struct {
	client   *Client
	base     *url.URL
	http     http.RoundTripper
	shoppers *way
	others   *way
	uploads  failsafe.Executor[struct{}]
}

// way is how the requests of one kind of callers go.
type way struct {
	breaker  circuitbreaker.CircuitBreaker[struct{}]
	policies failsafe.Executor[struct{}]
	ahead    failsafe.Executor[struct{}] // the policies but for the slots
}

// uploadsAtOnce bounds the bodies that are on their way: each takes as long as its
// sender likes.
const uploadsAtOnce = 64

func newPassThrough(c *Client, atOnce int, base *url.URL, transport http.RoundTripper) *PassThrough {
	slots := func(atOnce int) bulkhead.Bulkhead[struct{}] {
		return bulkhead.NewBuilder[struct{}](uint(atOnce)).
			WithMaxWaitTime(c.timeout).
			Build()
	}
	newWay := func(of string) *way {
		breaker := newBreaker(of)
		return &way{breaker: breaker, policies: failsafe.With[struct{}](slots(atOnce), breaker), ahead: failsafe.With[struct{}](breaker)}
	}
	return &PassThrough{
		client: c, base: base, http: transport,
		shoppers: newWay("shoppers"), others: newWay("pass-through"), uploads: failsafe.With[struct{}](slots(uploadsAtOnce)),
	}
}

// wayOf is how a request goes that Medusa's store API, or the rest of it, is asked.
func (p *PassThrough) wayOf(route string) *way {
	if strings.HasPrefix(route, "/store") {
		return p.shoppers
	}
	return p.others
}

// Send sends a request and returns Medusa's answer, whatever its status, with a
// body that is still to be read and closed. The request's address is taken below
// Medusa's base URL; route names it in errors and metrics. Medusa may take as
// long as one call may take until its answer begins. The error is an *OutageError
// when there is none, ErrTooLong for what Node would not take, ErrSource when the
// caller did not send his body, and that of the request's context when he went away.
func (p *PassThrough) Send(request *http.Request, route string) (*http.Response, error) {
	ctx, stop := context.WithCancelCause(request.Context())
	out, small, err := p.prepare(request.WithContext(ctx))
	if err == nil && headOf(out) > maxHead {
		err = ErrTooLong // Node would cut the connection, which looks like an outage
	}
	if err != nil {
		stop(nil)
		return nil, err
	}
	// An upload takes as long as its sender likes. It must not hold a slot meanwhile,
	// since Medusa works on it when it is whole, nor be the one call by which a
	// breaker finds out whether Medusa is back.
	way := p.wayOf(route)
	policies := way.policies
	switch {
	case !small:
		policies = p.uploads
	case isAhead(ctx):
		policies = way.ahead
	}
	k := call{method: out.Method, route: route}
	var response *http.Response
	err = policies.WithContext(ctx).RunWithExecution(func(failsafe.Execution[struct{}]) error {
		response, err = p.attempt(k, out) //nolint:bodyclose // the caller of Send closes it
		if err == nil && response.StatusCode > http.StatusInternalServerError {
			return &Error{Endpoint: k.endpoint(), Status: response.StatusCode, Foreign: true} // for the breaker
		}
		return err
	})
	if response != nil {
		response.Body = &steadyBody{ReadCloser: response.Body, stop: stop}
		return response, nil
	}
	stop(nil)
	return nil, way.failure(k, err)
}

// headOf is the length of a request's line and headers, in bytes.
func headOf(request *http.Request) int {
	length := len(request.Method) + len(request.URL.RequestURI())
	for name, values := range request.Header {
		for _, value := range values {
			length += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return length
}

// prepare makes the request that is sent to Medusa, and tells whether its body
// is small.
func (p *PassThrough) prepare(request *http.Request) (out *http.Request, small bool, err error) {
	address := *request.URL
	address.Scheme, address.Host, address.User = p.base.Scheme, p.base.Host, nil
	address.Path = strings.TrimRight(p.base.Path, "/") + request.URL.Path
	address.RawPath = strings.TrimRight(p.base.EscapedPath(), "/") + request.URL.EscapedPath()
	request.URL, request.Host, request.RequestURI = &address, "", ""
	if request.Body == nil || request.Body == http.NoBody {
		request.Body = nil
		withoutReplay(request)
		return request, true, nil
	}
	source := &source{Reader: request.Body}
	head, err := io.ReadAll(io.LimitReader(source, smallBody+1))
	switch {
	case err != nil:
		return nil, false, ErrSource
	case len(head) > smallBody:
		request.Body = readCloser{io.MultiReader(bytes.NewReader(head), source), request.Body}
		return request, false, nil
	case len(head) == 0:
		request.Body, request.ContentLength = nil, 0
		withoutReplay(request)
	default:
		request.Body, request.ContentLength = readCloser{bytes.NewReader(head), request.Body}, int64(len(head))
	}
	return request, true, nil
}

// withoutReplay keeps net/http from sending a write without a body twice, which
// it does on a dying connection when there is an Idempotency-Key: Medusa does
// not look at that. It looks for the canonical spelling alone.
func withoutReplay(request *http.Request) {
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if values, sent := request.Header[name]; sent {
			delete(request.Header, name)
			request.Header[strings.ToLower(name)] = values
		}
	}
}

// attempt sends a request once.
func (p *PassThrough) attempt(k call, out *http.Request) (*http.Response, error) {
	request := requestOf(out.Context())
	request.begin()
	started := time.Now()
	response, err := p.http.RoundTrip(out)
	request.end()
	status := 0
	switch {
	case err == nil:
		status = response.StatusCode
	case errors.Is(err, ErrSource):
	case errors.Is(out.Context().Err(), context.Canceled):
		err = context.Canceled
	default:
		err = outageOf(k, err, false)
	}
	p.client.metrics.observe(k, status, err, time.Since(started))
	return response, err
}

// failure names why there is no answer.
func (w *way) failure(k call, err error) error {
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		return &OutageError{Endpoint: k.endpoint(), Reason: Closed, RetryAfter: w.breaker.RemainingDelay(), Err: err, unsent: true}
	case errors.Is(err, bulkhead.ErrFull):
		return &OutageError{Endpoint: k.endpoint(), Reason: Saturated, RetryAfter: breakerDelay, Err: err, unsent: true}
	}
	return err
}

type readCloser struct {
	io.Reader
	io.Closer
}

// source is a caller's body, whose failure is not Medusa's.
type source struct{ io.Reader }

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = ErrSource
	}
	return n, err
}

// steadyBody is an answer's body that breaks off when it stands still. The time
// its reader takes does not count.
type steadyBody struct {
	io.ReadCloser
	stop context.CancelCauseFunc
}

var errStalled = errors.New("medusa's answer stands still")

func (b *steadyBody) Read(p []byte) (int, error) {
	timer := time.AfterFunc(stallTimeout, func() { b.stop(errStalled) })
	defer timer.Stop()
	return b.ReadCloser.Read(p)
}

func (b *steadyBody) Close() error {
	defer b.stop(nil)
	return b.ReadCloser.Close()
}
