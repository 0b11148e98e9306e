package bff

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestEqualQuestionsAtOnceCostOneCall(t *testing.T) {
	s := prepared(t)
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/products/*"}, medusatest.Hold(released))

	const callers = 1000
	var wait sync.WaitGroup
	bodies := make([]string, callers)
	for i := range callers {
		wait.Go(func() {
			answer, err := s.ProductWithInventory(context.Background(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
			if assert.NoError(t, err) {
				bodies[i] = string(answer.JSON)
			}
		})
	}
	require.Eventually(t, func() bool { return len(s.medusa.Calls()) > 0 }, 5*time.Second, time.Millisecond, "no call arrived")
	close(released)
	wait.Wait()
	require.Equal(t, []string{"GET /admin/products/prod_blue_dream"}, s.paths())
	for _, body := range bodies {
		require.Equal(t, bodies[0], body)
	}
}

func TestAHeldAnswerCostsNothing(t *testing.T) {
	s := prepared(t)
	first, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
	require.NoError(t, err)
	s.medusa.ResetCalls()
	second, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
	require.NoError(t, err)
	require.Empty(t, s.paths())
	require.Same(t, first, second)
}

func TestAHeldAnswerCarriesNobodyElsesAuthority(t *testing.T) {
	s := prepared(t)
	_, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
	require.NoError(t, err)

	s.medusa.PutUser(medusatest.User{ID: "user_guest", Forbidden: true})
	guest := Caller{Credential: medusaclient.Bearer(s.medusa.Token("user_guest"))}
	_, err = s.ProductWithInventory(t.Context(), guest, "prod_blue_dream", mapping.ProductQuery{})
	requireCode(t, Forbidden, err)

	nobody := Caller{Credential: medusaclient.Bearer("none")}
	_, err = s.ProductWithInventory(t.Context(), nobody, "prod_blue_dream", mapping.ProductQuery{})
	requireCode(t, Unauthorized, err)
}

func TestEqualQuestionsOfDifferentCallersAreNotShared(t *testing.T) {
	s := prepared(t)
	other := s.another("user_other")
	for _, caller := range []Caller{s.caller, other} {
		_, err := s.Locations(t.Context(), caller, mapping.LocationsQuery{Page: mapping.Page{Limit: 20}})
		require.NoError(t, err)
	}
	calls := s.medusa.Calls()
	require.Len(t, calls, 2)
	require.NotEqual(t, calls[0].Header.Get("Authorization"), calls[1].Header.Get("Authorization"))
}

func TestACallerWhoLeavesDoesNotEndTheCallForTheOthers(t *testing.T) {
	s := prepared(t)
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/products/*"}, medusatest.Hold(released))

	impatient, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := s.ProductWithInventory(impatient, s.caller, "prod_blue_dream", mapping.ProductQuery{})
		first <- err
	}()
	require.Eventually(t, func() bool { return len(s.medusa.Calls()) == 1 }, 5*time.Second, time.Millisecond, "no call arrived")
	second := make(chan error, 1)
	go func() {
		_, err := s.ProductWithInventory(context.Background(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
		second <- err
	}()
	leave()
	requireCode(t, Canceled, <-first)
	close(released)
	require.NoError(t, <-second)
	require.Len(t, s.medusa.Calls(), 1)
}

func TestAnErrorIsNotKept(t *testing.T) {
	s := prepared(t)
	lift := s.medusa.Fail(medusatest.Match{Path: "/admin/products/*"}, medusatest.Answer(500, `{"type":"unknown_error","message":"An unknown error occurred."}`))
	_, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
	requireCode(t, NetworkError, err)
	lift()
	_, err = s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
	require.NoError(t, err)
}

func TestNothingIsKeptWithoutATime(t *testing.T) {
	s := prepared(t, func(c *Config) { c.CacheTTL = 0 })
	for range 2 {
		_, err := s.ProductWithInventory(t.Context(), s.caller, "prod_blue_dream", mapping.ProductQuery{})
		require.NoError(t, err)
	}
	require.Len(t, s.paths(), 2)
}

// counted is a held whose answers count how often they were made.
type counted struct {
	*held

	made atomic.Int64
}

func newCounted(t *testing.T, ttl time.Duration, maxBytes int64) *counted {
	t.Helper()
	h := &counted{held: newHeld(Config{CacheTTL: ttl, MaxBytes: maxBytes, Timeout: time.Minute, Metrics: prometheus.NewRegistry()})}
	t.Cleanup(h.close)
	return h
}

func (h *counted) ask(caller Caller, key string) (*Answer, error) {
	return h.answer(context.Background(), caller, key, func(context.Context) (any, error) {
		return h.made.Add(1), nil
	})
}

// token is an unsigned token that ends at a time.
func token(ends time.Time) Caller {
	claims := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, ends.Unix()))
	return Caller{Credential: medusaclient.Bearer("e30." + claims + ".c2ln")}
}

func TestAnAnswerIsHeldForItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newCounted(t, 30*time.Second, 1<<20)
		_, err := h.ask(Caller{}, "key")
		require.NoError(t, err)
		time.Sleep(29 * time.Second) //nolint:forbidigo // the clock of the bubble
		_, err = h.ask(Caller{}, "key")
		require.NoError(t, err)
		require.EqualValues(t, 1, h.made.Load())
		time.Sleep(2 * time.Second) //nolint:forbidigo // the clock of the bubble
		_, err = h.ask(Caller{}, "key")
		require.NoError(t, err)
		require.EqualValues(t, 2, h.made.Load())
		h.close()
	})
}

func TestAnAnswerIsNotHeldBeyondTheEndOfItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newCounted(t, 30*time.Second, 1<<20)
		caller := token(time.Now().Add(10 * time.Second))
		_, err := h.ask(caller, "key")
		require.NoError(t, err)
		time.Sleep(9 * time.Second) //nolint:forbidigo // the clock of the bubble
		_, err = h.ask(caller, "key")
		require.NoError(t, err)
		require.EqualValues(t, 1, h.made.Load())
		time.Sleep(2 * time.Second) //nolint:forbidigo // the clock of the bubble
		_, err = h.ask(caller, "key")
		require.NoError(t, err)
		require.EqualValues(t, 2, h.made.Load(), "an answer outlived the token it was made with")
		h.close()
	})
}

func TestAnAnswerOlderThanTheStockIsNeitherKeptNorJoined(t *testing.T) {
	h := newCounted(t, time.Minute, 1<<20)
	began, goOn := make(chan struct{}), make(chan struct{})
	old := make(chan *Answer, 1)
	go func() {
		answer, err := h.answer(context.Background(), Caller{}, "key", func(context.Context) (any, error) {
			close(began)
			<-goOn
			return "before", nil
		})
		assert.NoError(t, err)
		old <- answer
	}()
	<-began
	h.forget()

	joined, err := h.ask(Caller{}, "key")
	require.NoError(t, err)
	require.JSONEq(t, `1`, string(joined.JSON), "a question asked after the change joined one asked before it")
	close(goOn)
	require.JSONEq(t, `"before"`, string((<-old).JSON))

	kept, err := h.ask(Caller{}, "key")
	require.NoError(t, err)
	require.JSONEq(t, `1`, string(kept.JSON), "the answer from before the change was kept")

	h.forget()
	fresh, err := h.ask(Caller{}, "key")
	require.NoError(t, err)
	require.JSONEq(t, `2`, string(fresh.JSON), "an answer held from before the change was given")
}

func TestAFlightIsJoinedByItsOwnQuestionOnly(t *testing.T) {
	h := newCounted(t, time.Minute, 1<<20)
	began, goOn := make(chan struct{}), make(chan struct{})
	go func() {
		_, _ = h.answer(context.Background(), Caller{}, "prod_x1", func(context.Context) (any, error) {
			close(began)
			<-goOn
			return "the stock of prod_x1", nil
		})
	}()
	<-began
	defer close(goOn)
	h.generation.Store(36) // "10" in the digits of a key, and "prod_x1" then "0" before
	answer, err := h.ask(Caller{}, "prod_x")
	require.NoError(t, err)
	require.JSONEq(t, `1`, string(answer.JSON), "another question's answer")
}

func TestHeldAnswersAreBoundedInBytes(t *testing.T) {
	const bound = 64 << 10
	h := newCounted(t, time.Minute, bound)
	for i := range 1000 {
		_, err := h.answer(context.Background(), Caller{}, fmt.Sprintf("key %d", i), func(context.Context) (any, error) {
			return strings.Repeat("x", 1000), nil
		})
		require.NoError(t, err)
	}
	h.answers.CleanUp()
	require.LessOrEqual(t, h.answers.WeightedSize(), uint64(bound))
	require.NotZero(t, h.answers.EstimatedSize(), "nothing is held at all")
}

func TestAPanicIsAnErrorAndNotTheEnd(t *testing.T) {
	h := newCounted(t, time.Minute, 1<<20)
	_, err := h.answer(context.Background(), Caller{}, "key", func(context.Context) (any, error) { panic("broken") })
	e := requireCode(t, Internal, err)
	require.ErrorContains(t, e, "broken")
	_, err = h.ask(Caller{}, "key")
	require.NoError(t, err)
}

func TestWhatCannotBeWrittenIsAnInternalError(t *testing.T) {
	h := newCounted(t, time.Minute, 1<<20)
	_, err := h.answer(context.Background(), Caller{}, "key", func(context.Context) (any, error) { return make(chan int), nil })
	requireCode(t, Internal, err)
}

func TestAnAnswerEndsWithItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newCounted(t, 0, 0)
		h.timeout = time.Second
		_, err := h.answer(context.Background(), Caller{}, "key", func(ctx context.Context) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		e := requireCode(t, NetworkError, err)
		require.Equal(t, Slow, e.Outage)
	})
}

func TestKeysTellCallersLanguagesAndQuestionsApart(t *testing.T) {
	a := Caller{Credential: medusaclient.Bearer("a")}
	b := Caller{Credential: medusaclient.Bearer("b")}
	spanish := Caller{Credential: a.Credential, Language: mapping.Spanish}
	keys := map[string]bool{}
	for _, key := range []string{
		a.key("product", "x"), b.key("product", "x"), spanish.key("product", "x"),
		a.key("product", "y"), a.key("product", "x", "y"), a.key("location", "x"), a.key("product stock", "x"),
	} {
		require.False(t, keys[key], "two questions have one key")
		keys[key] = true
	}
	for key := range keys {
		require.NotContains(t, key, "Bearer", "a key holds the credential itself")
	}
}

func TestGzipIsTheSameBody(t *testing.T) {
	answer, err := NewAnswer(map[string]string{"name": strings.Repeat("Flor <1 g> & más ", 100)})
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(answer.Gzip()))
	require.NoError(t, err)
	body, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.Equal(t, string(answer.JSON), string(body))
	require.Less(t, len(answer.Gzip()), len(answer.JSON))
	first, second := answer.Gzip(), answer.Gzip()
	require.Same(t, &first[0], &second[0], "made more than once")
	require.Contains(t, string(answer.JSON), "<1 g> &", "HTML escapes make names unreadable")
}

func TestETagFollowsTheBody(t *testing.T) {
	one, two, again := NewJSONAnswer([]byte(`{"a":1}`)), NewJSONAnswer([]byte(`{"a":2}`)), NewJSONAnswer([]byte(`{"a":1}`))
	require.NotEqual(t, one.ETag, two.ETag)
	require.Equal(t, one.ETag, again.ETag)
	require.Regexp(t, `^W/"[a-z0-9]+"$`, one.ETag)
}

func BenchmarkHeldAnswer(b *testing.B) {
	h := newHeld(Config{CacheTTL: time.Hour, MaxBytes: 1 << 20, Timeout: time.Minute, Metrics: prometheus.NewRegistry()})
	defer h.close()
	caller := Caller{Credential: medusaclient.Bearer(strings.Repeat("t", 500))}
	ask := func() error {
		_, err := h.answer(context.Background(), caller, caller.key("product", "prod_blue_dream", "ars"), func(context.Context) (any, error) {
			return strings.Repeat("x", 10_000), nil
		})
		return err
	}
	if err := ask(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := ask(); err != nil {
			b.Fatal(err)
		}
	}
}

var errOther = errors.New("something else")
