package medusaclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/go-resty/resty/v2"
	"github.com/goccy/go-json"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

const (
	// idleTimeout ends idle connections before Medusa does (after 5 s): a
	// write sent on a connection that Medusa is closing cannot be repeated.
	idleTimeout = 4 * time.Second

	// maxAnswer bounds an answer: a page of 300 inventory items with five
	// locations each has 0.6 MB, 1,000 updated levels have as much.
	maxAnswer = 32 << 20

	// maxHead leaves room for the other headers below Node's 16 KiB for a
	// request's line and headers, beyond which it answers with nothing.
	maxHead = 15 << 10

	breakerWindow   = 10
	breakerFailures = 5
	breakerDelay    = time.Second

	maxRetries   = 2
	retryDelay   = 50 * time.Millisecond
	retryMaxWait = 200 * time.Millisecond
)

// Config says where Medusa is and how it may be asked.
type Config struct {
	BaseURL        string        // scheme, host and, where there is one, a path
	Timeout        time.Duration // for one call
	MaxConcurrency int           // calls at once; Medusa saturates at 8 to 16
	Metrics        prometheus.Registerer
	Tracing        bool // pass the trace context on and record a span for each call
}

// Client calls Medusa. It is safe for concurrent use.
type Client struct {
	Auth           *Auth
	InventoryItems *InventoryItems
	Products       *Products
	StockLocations *StockLocations
	SalesChannels  *SalesChannels
	Reservations   *Reservations
	Fulfillment    *Fulfillment
	Stores         *Stores
	APIKeys        *APIKeys
	PassThrough    *PassThrough
	Carts          *Carts

	http     *resty.Client
	base     string
	timeout  time.Duration
	policies failsafe.Executor[struct{}]
	ahead    failsafe.Executor[struct{}] // the policies but for the slots
	breaker  circuitbreaker.CircuitBreaker[struct{}]
	metrics  *metrics
	idle     func()
}

var errBaseURL = errors.New("medusa: the base URL must be an absolute http or https URL of scheme, host and path alone")

// New returns a client for the Medusa at config.BaseURL, an absolute http or
// https URL. It makes no call.
func New(config Config) (*Client, error) {
	base, err := url.Parse(config.BaseURL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" ||
		base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, errBaseURL // without the URL, which may hold a password
	}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: config.MaxConcurrency,
		IdleConnTimeout:     idleTimeout,
		DisableCompression:  true,
	}
	c := &Client{
		base:    strings.TrimRight(base.String(), "/"),
		timeout: config.Timeout,
	}
	traced := func(roundTripper http.RoundTripper) http.RoundTripper {
		if config.Tracing {
			return otelhttp.NewTransport(roundTripper)
		}
		return roundTripper
	}
	// Medusa sends no redirects and needs no cookies: an http.Client without
	// a jar keeps one caller's session from another's call.
	c.http = resty.NewWithClient(&http.Client{
		Transport:     traced(fenced{transport}),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}).SetLogger(silent{}).SetDisableWarn(true)
	c.breaker = newBreaker("calls")
	retry := retrypolicy.NewBuilder[struct{}]().
		// With the breaker open it would only be refused, and later than now.
		HandleIf(func(_ struct{}, err error) bool { return mayRepeat(err) && !c.breaker.IsOpen() }).
		WithMaxRetries(maxRetries).
		WithBackoff(retryDelay, retryMaxWait).
		ReturnLastFailure().
		Build()
	slots := bulkhead.NewBuilder[struct{}](uint(config.MaxConcurrency)).
		WithMaxWaitTime(config.Timeout).
		Build()
	c.policies = failsafe.With[struct{}](retry, slots, c.breaker)
	c.ahead = failsafe.With[struct{}](retry, c.breaker)
	c.metrics = newMetrics(config.Metrics, c.breaker)
	c.Auth = &Auth{c}
	c.InventoryItems = &InventoryItems{c}
	c.Products = &Products{c}
	c.StockLocations = &StockLocations{c}
	c.SalesChannels = &SalesChannels{c}
	c.Reservations = &Reservations{c}
	c.Fulfillment = &Fulfillment{c}
	c.Stores = &Stores{c}
	c.APIKeys = &APIKeys{c}
	through := transport.Clone()
	through.ResponseHeaderTimeout = config.Timeout
	var passing http.RoundTripper = through
	if config.Tracing {
		passing = tracedWithoutQuery(through)
	}
	c.PassThrough = newPassThrough(c, config.MaxConcurrency, base, passing)
	c.Carts = &Carts{c.PassThrough}
	c.idle = func() {
		transport.CloseIdleConnections()
		through.CloseIdleConnections()
	}
	return c, nil
}

// newBreaker is a breaker for one kind of callers.
func newBreaker(of string) circuitbreaker.CircuitBreaker[struct{}] {
	var breaker circuitbreaker.CircuitBreaker[struct{}]
	breaker = circuitbreaker.NewBuilder[struct{}]().
		HandleIf(func(_ struct{}, err error) bool {
			// A try that was given up says nothing of Medusa.
			givenUp := errors.Is(err, context.Canceled) || errors.Is(err, errLate) || errors.Is(err, ErrSource)
			return countsAsOutage(err) || (givenUp && breaker.IsHalfOpen())
		}).
		WithFailureThresholdRatio(breakerFailures, breakerWindow).
		WithSuccessThreshold(1). // and so one call at a time to try
		WithDelay(breakerDelay).
		OnStateChanged(func(event circuitbreaker.StateChangedEvent) {
			slog.Warn("medusa breaker", "of", of, "from", event.OldState.String(), "to", event.NewState.String())
		}).
		Build()
	return breaker
}

// Close ends the idle connections.
func (c *Client) Close() { c.idle() }

// call is one call to Medusa.
type call struct {
	method     string
	route      string // with placeholders, for errors and metrics
	path       string // escaped, below the base URL, with its query
	body       any
	credential Credential
	// publishableKey is a shopper's, of a call below /store.
	publishableKey string
	sendBy         time.Time // a write that is not on its way by then is not sent; zero: no end
}

func (k call) endpoint() string { return k.method + " " + k.route }

// target is what a call reads an answer into. Medusa says 200 {} where it means
// nothing, so a target knows whether it is whole.
type target interface {
	whole() bool
}

var errNotWhole = errors.New("an answer without what was asked for")

func (k call) read(body []byte, into target) error {
	if err := decode(body, into); err != nil {
		return err
	}
	if !into.whole() {
		return errNotWhole
	}
	return nil
}

// do makes a call, within the policies, and reads the answer into into. A call
// that Node would not take is ErrTooLong and is not made.
func (c *Client) do(ctx context.Context, k call, into target) error {
	if len(k.path)+len(k.credential.header) > maxHead {
		return ErrTooLong
	}
	if k.method != http.MethodGet {
		var lift func()
		ctx, lift = (&fence{by: k.sendBy}).guard(ctx)
		defer lift()
	}
	policies := c.policies
	if isAhead(ctx) {
		policies = c.ahead
	}
	var last error
	err := policies.WithContext(ctx).RunWithExecution(func(execution failsafe.Execution[struct{}]) error {
		last = c.attempt(execution.Context(), k, into)
		return last
	})
	if fenceOf(ctx).sent() {
		err = last // the policies tell of a context that ended, not of the write
	}
	var refused *Error
	var outage *OutageError
	switch {
	case err == nil, errors.As(err, &refused), errors.As(err, &outage):
		return err
	case errors.Is(err, circuitbreaker.ErrOpen):
		return &OutageError{Endpoint: k.endpoint(), Reason: Closed, RetryAfter: c.breaker.RemainingDelay(), Err: err, unsent: true}
	case errors.Is(err, bulkhead.ErrFull):
		return &OutageError{Endpoint: k.endpoint(), Reason: Saturated, RetryAfter: breakerDelay, Err: err, unsent: true}
	case errors.Is(context.Cause(ctx), errLate):
		return &OutageError{Endpoint: k.endpoint(), Reason: TooSlow, Err: errLate, unsent: true}
	case errors.Is(err, context.DeadlineExceeded):
		return &OutageError{Endpoint: k.endpoint(), Reason: TooSlow, Err: err, unsent: true}
	}
	return err // the caller went away
}

// attempt sends a call once.
func (c *Client) attempt(ctx context.Context, k call, into target) error {
	attemptCtx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	request := requestOf(ctx)
	request.begin()
	started := time.Now()
	body := bodies.borrow()
	defer bodies.giveBack(body)
	status, err := c.send(attemptCtx, k, request, body)
	request.end()

	switch {
	case err != nil && ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		err = ctx.Err()
	case err != nil:
		err = outageOf(k, err, !fenceOf(ctx).sent())
	case status >= http.StatusBadRequest:
		err = refusal(k.endpoint(), status, body.Bytes())
	case status >= http.StatusMultipleChoices:
		err = &OutageError{Endpoint: k.endpoint(), Reason: Nonsense, Err: fmt.Errorf("status %d", status)}
	default:
		if broken := k.read(body.Bytes(), into); broken != nil {
			err = &OutageError{Endpoint: k.endpoint(), Reason: Nonsense, Err: broken}
		}
	}
	c.metrics.observe(k, status, err, time.Since(started))
	return err
}

// send puts a call on the wire and reads the whole answer into body.
func (c *Client) send(ctx context.Context, k call, request *Request, body *bytes.Buffer) (status int, err error) {
	r := c.http.R().
		SetContext(ctx).
		SetDoNotParseResponse(true).
		// Without it Medusa answers 200 to a write and ignores its body.
		SetHeader("Content-Type", "application/json").
		SetHeader("Accept", "application/json")
	if k.credential.header != "" {
		r.SetHeader("Authorization", k.credential.header)
	}
	if k.publishableKey != "" {
		r.SetHeader("X-Publishable-Api-Key", k.publishableKey)
	}
	if request != nil && request.ID != "" {
		r.SetHeader("X-Request-Id", request.ID)
	}
	if k.body != nil {
		r.SetBody(k.body)
	}
	response, err := r.Execute(k.method, c.base+k.path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.RawBody().Close() }()
	return response.StatusCode(), readBounded(body, response.RawBody(), response.RawResponse.ContentLength)
}

var errTooLarge = errors.New("answer too large")

func readBounded(into *bytes.Buffer, body io.Reader, length int64) error {
	if length > maxAnswer {
		return errTooLarge
	}
	if length > 0 {
		into.Grow(int(length) + bytes.MinRead)
	}
	n, err := into.ReadFrom(io.LimitReader(body, maxAnswer+1))
	if err == nil && n > maxAnswer {
		return errTooLarge
	}
	return err
}

// outageOf names what went wrong below HTTP.
func outageOf(k call, err error, unsent bool) *OutageError {
	reason := Unreachable
	var timeout net.Error
	dial, _ := errors.AsType[*net.OpError](err)
	switch {
	case dial != nil && dial.Op == "dial":
		unsent = true
	case errors.Is(err, errLate), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		reason = TooSlow
	case errors.Is(err, errTooLarge), errors.Is(err, io.ErrUnexpectedEOF):
		reason = Nonsense
	}
	return &OutageError{Endpoint: k.endpoint(), Reason: reason, Err: err, unsent: unsent}
}

// countsAsOutage tells the breaker what is Medusa's failing: no answer, or a
// gateway's 5xx in front of it. A 500 of Medusa's own is often the client's
// mistake (an unknown order column, a bad date), so it does not count.
func countsAsOutage(err error) bool {
	if outage, ok := errors.AsType[*OutageError](err); ok {
		return !ofOneAnswer(outage.Err) && !errors.Is(outage.Err, errLate)
	}
	refused, ok := errors.AsType[*Error](err)
	return ok && refused.Status > http.StatusInternalServerError
}

// ofOneAnswer says whether an answer came and is Medusa's, and only this one
// cannot be used: it is too large, or holds what nobody foresaw.
func ofOneAnswer(err error) bool {
	_, unforeseen := errors.AsType[*json.UnmarshalTypeError](err)
	return unforeseen || errors.Is(err, errTooLarge) || errors.Is(err, errNotWhole)
}

// mayRepeat says whether a failed attempt may be sent again: what cannot have
// happened. A read changes nothing; a write cannot have happened when its
// connection was never made. Slowness and size are not answered with more work.
func mayRepeat(err error) bool {
	outage, ok := errors.AsType[*OutageError](err)
	if !ok || outage.Reason == TooSlow || ofOneAnswer(outage.Err) {
		return false
	}
	return outage.unsent || strings.HasPrefix(outage.Endpoint, http.MethodGet+" ")
}

// silent keeps resty's own words out of the logs: they can hold what is sent.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
