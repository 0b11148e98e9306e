package medusaclient

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const unknownError = `{"code":"unknown_error","type":"unknown_error","message":"An unknown error occurred."}`

// patience is short where the test waits for its end, and else so long that a
// busy machine does not end it.
func patience(short bool) Config {
	if short {
		return Config{Timeout: 500 * time.Millisecond}
	}
	return Config{Timeout: 20 * time.Second}
}

// TestReadsAreRepeated when they may succeed the next time, but not when the
// answer would be the same or Medusa is slow.
func TestReadsAreRepeated(t *testing.T) {
	tests := map[string]struct {
		failure medusatest.Failure
		slow    bool
		sent    int
		reason  Reason // of an outage
		status  int    // of a refusal
	}{
		"a cut connection":   {failure: medusatest.Cut(), sent: 3, reason: Unreachable},
		"half a body":        {failure: medusatest.CutBody(), sent: 3, reason: Nonsense},
		"half an answer":     {failure: medusatest.Truncate(), sent: 3, reason: Nonsense},
		"no answer":          {failure: medusatest.Hang(), slow: true, sent: 1, reason: TooSlow},
		"a body that crawls": {failure: medusatest.SlowBody(1, 50*time.Millisecond), slow: true, sent: 1, reason: TooSlow},
		"a refusal":          {failure: medusatest.Answer(400, `{"type":"invalid_data","message":"no"}`), sent: 1, status: 400},
		"Medusa's own 500":   {failure: medusatest.Answer(500, unknownError), sent: 1, status: 500},
		"a proxy's 503":      {failure: medusatest.Answer(503, ""), sent: 1, status: 503},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server, client, by := memoryClient(t, patience(test.slow))
			server.Fail(medusatest.Match{}, test.failure)
			_, err := client.Stores.List(t.Context(), by)
			if test.status != 0 {
				var refused *Error
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, test.status, refused.Status)
			} else {
				assertOutage(t, test.reason, err)
			}
			assert.Len(t, server.Calls(), test.sent)
		})
	}
	for _, failure := range []medusatest.Failure{medusatest.Cut(), medusatest.CutBody(), medusatest.Truncate(), medusatest.HTML()} {
		server, client, by := memoryClient(t, Config{})
		server.Fail(medusatest.Match{Times: 2}, failure)
		stores, err := client.Stores.List(t.Context(), by)
		require.NoError(t, err, "the third time is well")
		assert.Len(t, stores, 1)
		assert.Len(t, server.Calls(), 3)
	}
}

// TestWritesAreSentOnce: whatever became of them, they may have happened.
func TestWritesAreSentOnce(t *testing.T) {
	for name, failure := range map[string]medusatest.Failure{
		"a cut connection": medusatest.Cut(),
		"half a body":      medusatest.CutBody(),
		"half an answer":   medusatest.Truncate(),
		"no answer":        medusatest.Hang(),
		"a page":           medusatest.HTML(),
		"a 500":            medusatest.Answer(500, unknownError),
	} {
		t.Run(name, func(t *testing.T) {
			server, client, by := memoryClient(t, patience(name == "no answer"))
			_, err := client.Stores.List(t.Context(), by)
			require.NoError(t, err, "so that there is a connection to be used again")
			for range 2 {
				server.ResetCalls()
				lift := server.Fail(medusatest.Match{}, failure)
				_, err = client.Auth.Login(t.Context(), medusatest.Email, medusatest.Password)
				require.Error(t, err)
				assert.Len(t, server.Calls(), 1)
				lift()
			}
		})
	}
}

// locationWrites are the writes of a set-up.
var locationWrites = map[string]struct {
	send      func(ctx context.Context, c *Client, by Credential, sendBy time.Time) error
	anyTime   bool // there is no sendBy
	orNothing bool // Medusa says nothing where there is none
}{
	"create": {send: func(ctx context.Context, c *Client, by Credential, sendBy time.Time) error {
		_, err := c.StockLocations.Create(ctx, by, sendBy, LocationWrite{Name: new("Once")})
		return err
	}},
	"update": {anyTime: true, orNothing: true, send: func(ctx context.Context, c *Client, by Credential, _ time.Time) error {
		_, err := c.StockLocations.Update(ctx, by, "sloc_high_up", LocationWrite{Name: new("Once")})
		return err
	}},
	"delete": {anyTime: true, send: func(ctx context.Context, c *Client, by Credential, _ time.Time) error {
		return c.StockLocations.Delete(ctx, by, "sloc_high_up")
	}},
	"link channels": {orNothing: true, send: func(ctx context.Context, c *Client, by Credential, sendBy time.Time) error {
		return c.StockLocations.LinkSalesChannels(ctx, by, sendBy, "sloc_high_up", Links{Add: []string{"sc_mayorista"}})
	}},
	"link providers": {orNothing: true, send: func(ctx context.Context, c *Client, by Credential, sendBy time.Time) error {
		return c.StockLocations.LinkProviders(ctx, by, sendBy, "sloc_high_up", Links{Add: []string{"manual_manual"}})
	}},
	"set": {send: func(ctx context.Context, c *Client, by Credential, sendBy time.Time) error {
		_, err := c.StockLocations.CreateFulfillmentSet(ctx, by, sendBy, "sloc_high_up", "Once", "pickup")
		return err
	}},
	"zone": {send: func(ctx context.Context, c *Client, by Credential, sendBy time.Time) error {
		_, err := c.Fulfillment.CreateServiceZone(ctx, by, sendBy, "fuset_a", ServiceZone{Name: "Once", GeoZones: []GeoZone{}})
		return err
	}},
	"option": {send: func(ctx context.Context, c *Client, by Credential, sendBy time.Time) error {
		_, err := c.Fulfillment.CreateShippingOption(ctx, by, sendBy, optionOf("serzo_a"))
		return err
	}},
}

func TestWritesOfASetUpAreSentOnce(t *testing.T) {
	for name, write := range locationWrites {
		t.Run(name, func(t *testing.T) {
			for how, failure := range map[string]medusatest.Failure{
				"a cut connection": medusatest.Cut(),
				"half a body":      medusatest.CutBody(),
				"a page":           medusatest.HTML(),
				"a 500":            medusatest.Answer(500, unknownError),
				"a proxy's 502":    medusatest.Answer(502, ""),
			} {
				server, client, by := memoryClient(t, Config{})
				server.Fail(medusatest.Match{}, failure)
				err := write.send(t.Context(), client, by, soon())
				require.Error(t, err, how)
				assert.False(t, NotDone(err), "%s: it may have happened", how)
				assert.Len(t, server.Calls(), 1, how)
			}
		})
	}
}

func TestWritesOfASetUpThatAreLateAreNotSent(t *testing.T) {
	for name, write := range locationWrites {
		t.Run(name, func(t *testing.T) {
			server, client, by := memoryClient(t, Config{})
			err := write.send(t.Context(), client, by, time.Now().Add(-time.Millisecond))
			if write.anyTime {
				require.NoError(t, err)
				assert.Len(t, server.Calls(), 1)
				return
			}
			assertLate(t, err)
			assert.True(t, NotDone(err))
			assert.Empty(t, server.Calls())
		})
	}
}

// TestWhatWasNeverSentIsRepeated: a refused connection has done nothing.
func TestWhatWasNeverSentIsRepeated(t *testing.T) {
	server, client, _ := memoryClient(t, Config{})
	server.Close()
	request := &Request{}
	_, err := client.Auth.Login(request.With(t.Context()), medusatest.Email, medusatest.Password)
	assertOutage(t, Unreachable, err)
	assert.Equal(t, 3, request.Calls(), "a write")

	request = &Request{}
	server, client, by := memoryClient(t, Config{})
	server.Close()
	_, err = client.Stores.List(request.With(t.Context()), by)
	assertOutage(t, Unreachable, err)
	assert.Equal(t, 3, request.Calls(), "a read")

	_, err = server.Start()
	require.NoError(t, err)
	_, err = client.Stores.List(t.Context(), by)
	assert.NoError(t, err, "and all is well when it is back")
}

// TestACallerWhoLeavesEndsTheCall, at once and for Medusa too.
func TestACallerWhoLeavesEndsTheCall(t *testing.T) {
	server, client, by := memoryClient(t, Config{Timeout: time.Minute})
	gone := make(chan struct{})
	arrived := make(chan struct{})
	server.Fail(medusatest.Match{}, func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		close(arrived)
		<-r.Context().Done()
		close(gone)
		panic(http.ErrAbortHandler)
	})
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := client.Stores.List(ctx, by); done <- err }()
	<-arrived
	leave()
	require.ErrorIs(t, <-done, context.Canceled)
	<-gone
	assert.Len(t, server.Calls(), 1, "and it is not repeated")

	ended, end := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer end()
	server.LiftFailures()
	server.Fail(medusatest.Match{}, medusatest.Hang())
	_, err := client.Stores.List(ended, by)
	assertOutage(t, TooSlow, err)
}

// fails makes n calls that fail, each sent once.
func fails(t *testing.T, client *Client, by Credential, n int) {
	t.Helper()
	for range n {
		_, err := client.Stores.List(t.Context(), by)
		require.Error(t, err)
	}
}

func openBreaker(t *testing.T, server *medusatest.Server, client *Client, by Credential) {
	t.Helper()
	lift := server.Fail(medusatest.Match{}, medusatest.Answer(http.StatusBadGateway, ""))
	fails(t, client, by, breakerFailures)
	lift()
	server.ResetCalls()
}

// afterDelay waits until the breaker lets a call through again.
func afterDelay(t *testing.T, client *Client) {
	t.Helper()
	require.Eventually(t, func() bool { return client.breaker.RemainingDelay() == 0 }, 5*time.Second, 5*time.Millisecond)
}

func TestBreakerOpensAndClosesAgain(t *testing.T) {
	registry := prometheus.NewRegistry()
	server, client, by := memoryClient(t, Config{Metrics: registry})
	lift := server.Fail(medusatest.Match{}, medusatest.Answer(http.StatusBadGateway, ""))
	fails(t, client, by, breakerFailures-1)
	assert.Zero(t, breakerState(t, registry), "one short of it")
	fails(t, client, by, 1)
	assert.Equal(t, 2, breakerState(t, registry))
	require.Len(t, server.Calls(), breakerFailures)

	lift()
	request := &Request{}
	started := time.Now()
	_, err := client.Stores.List(request.With(t.Context()), by)
	outage := assertOutage(t, Closed, err)
	assert.Less(t, time.Since(started), breakerDelay/2, "at once")
	assert.Positive(t, outage.RetryAfter)
	assert.LessOrEqual(t, outage.RetryAfter, breakerDelay)
	assert.Zero(t, request.Calls())
	_, err = client.Auth.Login(t.Context(), medusatest.Email, medusatest.Password)
	assertOutage(t, Closed, err)
	assert.Len(t, server.Calls(), breakerFailures, "nothing was sent")

	afterDelay(t, client)
	_, err = client.Stores.List(t.Context(), by)
	require.NoError(t, err)
	assert.Zero(t, breakerState(t, registry), "one good try closes it")
}

func TestBreakerTriesOneCall(t *testing.T) {
	registry := prometheus.NewRegistry()
	server, client, by := memoryClient(t, Config{Metrics: registry})
	openBreaker(t, server, client, by)
	afterDelay(t, client)

	holding := hold(t, server, medusatest.Match{})
	trial := make(chan error, 1)
	go func() { _, err := client.Stores.List(t.Context(), by); trial <- err }()
	<-holding.arrived
	assert.Equal(t, 1, breakerState(t, registry))
	for range 20 {
		_, err := client.Stores.List(t.Context(), by)
		assertOutage(t, Closed, err)
	}
	assert.Len(t, server.Calls(), 1, "one is let through, the others are told so")
	holding.release()
	require.NoError(t, <-trial)
	assert.Zero(t, breakerState(t, registry))
	_, err := client.Stores.List(t.Context(), by)
	assert.NoError(t, err)
}

func TestBreakerOpensAgainAfterABadTry(t *testing.T) {
	registry := prometheus.NewRegistry()
	server, client, by := memoryClient(t, Config{Metrics: registry})
	openBreaker(t, server, client, by)
	afterDelay(t, client)
	server.Fail(medusatest.Match{}, medusatest.Answer(http.StatusBadGateway, ""))
	fails(t, client, by, 1)
	assert.Equal(t, 2, breakerState(t, registry))
	assert.Len(t, server.Calls(), 1)
	_, err := client.Stores.List(t.Context(), by)
	assertOutage(t, Closed, err)
}

// TestAnAbandonedTryProvesNothing: Medusa may still be away.
func TestAnAbandonedTryProvesNothing(t *testing.T) {
	registry := prometheus.NewRegistry()
	server, client, by := memoryClient(t, Config{Metrics: registry})
	openBreaker(t, server, client, by)
	afterDelay(t, client)
	holding := hold(t, server, medusatest.Match{})
	ctx, leave := context.WithCancel(t.Context())
	trial := make(chan error, 1)
	go func() { _, err := client.Stores.List(ctx, by); trial <- err }()
	<-holding.arrived
	leave()
	require.ErrorIs(t, <-trial, context.Canceled)
	assert.NotZero(t, breakerState(t, registry))
	holding.release()

	afterDelay(t, client)
	_, err := client.Stores.List(t.Context(), by)
	require.NoError(t, err, "and the next may try")
	assert.Zero(t, breakerState(t, registry))
}

// TestWhatDoesNotOpenTheBreaker: Medusa answers, or nobody listens.
func TestWhatDoesNotOpenTheBreaker(t *testing.T) {
	const many = 3 * breakerWindow
	for status, body := range map[int]string{
		400: `{"type":"invalid_data","message":"no"}`, 401: `{"message":"Unauthorized"}`,
		404: "<html></html>", 429: "", 500: unknownError,
	} {
		server, client, by := memoryClient(t, Config{})
		server.Fail(medusatest.Match{}, medusatest.Answer(status, body))
		fails(t, client, by, many)
		assert.Len(t, server.Calls(), many, "after %d", status)
	}
	t.Run("an answer of Medusa's that cannot be used", func(t *testing.T) {
		for _, body := range []string{`{"stores":"none"}`, `{}`} {
			server, client, by := memoryClient(t, Config{})
			server.Fail(medusatest.Match{}, medusatest.Answer(200, body))
			fails(t, client, by, many)
			assert.Len(t, server.Calls(), many, "%s", body)
		}
	})
	t.Run("callers who leave", func(t *testing.T) {
		registry := prometheus.NewRegistry()
		server, client, by := memoryClient(t, Config{Metrics: registry})
		holding := hold(t, server, medusatest.Match{})
		for range many {
			ctx, leave := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { _, err := client.Stores.List(ctx, by); done <- err }()
			<-holding.arrived
			leave()
			require.ErrorIs(t, <-done, context.Canceled)
		}
		assert.Zero(t, breakerState(t, registry))
	})
}

// TestWhatOpensTheBreaker: no answer, or a proxy's word that there is none.
func TestWhatOpensTheBreaker(t *testing.T) {
	for name, failure := range map[string]medusatest.Failure{
		"cut":  medusatest.Cut(),
		"hang": medusatest.Hang(),
		"page": medusatest.HTML(),
		"502":  medusatest.Answer(502, ""),
		"503":  medusatest.Answer(503, ""),
		"504":  medusatest.Answer(504, ""),
	} {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			server, client, by := memoryClient(t, Config{Metrics: registry, Timeout: patience(name == "hang").Timeout})
			server.Fail(medusatest.Match{}, failure)
			fails(t, client, by, breakerFailures)
			assert.Equal(t, 2, breakerState(t, registry))
			_, err := client.Stores.List(t.Context(), by)
			assertOutage(t, Closed, err)
			assert.Len(t, server.Calls(), breakerFailures)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		server, client, _ := memoryClient(t, Config{})
		server.Close()
		fails(t, client, Bearer("a"), breakerFailures)
		_, err := client.Stores.List(t.Context(), Bearer("a"))
		assertOutage(t, Closed, err)
	})
}
