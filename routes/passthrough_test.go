package routes

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// through is a gateway in front of a Medusa that a test plays itself.
type through struct {
	gateway  *httptest.Server
	medusa   *httptest.Server
	registry *prometheus.Registry
	log      *logLines
}

func openThrough(t *testing.T, medusa http.HandlerFunc, changes ...func(*setup)) *through {
	t.Helper()
	s := &through{medusa: httptest.NewServer(medusa), registry: prometheus.NewRegistry(), log: newLogLines()}
	t.Cleanup(s.medusa.Close)
	build := setup{
		routes: Config{
			Log: slog.New(slog.NewJSONHandler(s.log, nil)), Metrics: s.registry, MaxBodyBytes: 1 << 10, Draining: func() bool { return false },
		},
		medusaTimeout: 5 * time.Second,
	}
	for _, change := range changes {
		change(&build)
	}
	client, err := medusaclient.New(medusaclient.Config{
		BaseURL: s.medusa.URL, Timeout: build.medusaTimeout, MaxConcurrency: 2, Metrics: s.registry,
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	build.routes.Gateway = bff.New(bff.Config{
		Medusa: client, Account: client.UserAccount("gateway@example.com", "secret"), Timeout: 5 * time.Second,
		Log: build.routes.Log, Metrics: s.registry,
	})
	t.Cleanup(build.routes.Gateway.Close)
	s.gateway = httptest.NewServer(New(build.routes))
	t.Cleanup(s.gateway.Close)
	return s
}

// do sends a request as it is, without following or unpacking anything.
func (s *through) do(t *testing.T, method, path string, body io.Reader, changes ...with) answer {
	t.Helper()
	response := s.begin(t, method, path, body, changes...)
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer{status: response.StatusCode, header: response.Header, body: read}
}

func (s *through) begin(t *testing.T, method, path string, body io.Reader, changes ...with) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.gateway.URL+path, body)
	require.NoError(t, err)
	for _, change := range changes {
		change(request)
	}
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	return response
}

func TestWhatIsMedusasComesBackAsItIs(t *testing.T) {
	var got *http.Request
	var gotBody []byte
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		gotBody, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Add("Set-Cookie", "connect.sid=a; Path=/; HttpOnly")
		w.Header().Add("Set-Cookie", "second=b")
		w.Header().Set("Content-Encoding", "br")
		w.Header().Set("X-Powered-By", "Express")
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("\x1b\x00<html>"))
	})
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		for _, path := range []string{"/store/carts/c%2Fd;e?a=1;b&c=%20d&e", "/auth/session?a=%zz", "/admin/orders/o/"} {
			answer := s.do(t, method, path, strings.NewReader(`{"a":1}`), header("Authorization", "Bearer x"), header("Cookie", "connect.sid=z"),
				header("Accept-Encoding", "br, gzip"), header("X-Medusa-Locale", "es"), header("Content-Type", "application/json"), header("X-Request-Id", "mine"))
			require.Equal(t, http.StatusTeapot, answer.status, "%s %s: %s", method, path, answer.body)
			require.Equal(t, "\x1b\x00<html>", string(answer.body))
			require.Equal(t, []string{"connect.sid=a; Path=/; HttpOnly", "second=b"}, answer.header.Values("Set-Cookie"))
			require.Equal(t, "br", answer.header.Get("Content-Encoding"))
			require.Equal(t, "text/html; charset=utf-8", answer.header.Get("Content-Type"))
			require.Equal(t, "Express", answer.header.Get("X-Powered-By"))
			require.Equal(t, []string{"mine"}, answer.header.Values("X-Request-Id"))
			require.Equal(t, "1", answer.header.Get("X-Medusa-Calls"))
			require.Regexp(t, `^medusa;dur=\d`, answer.header.Get("Server-Timing"))

			require.Equal(t, method, got.Method)
			require.Equal(t, path, got.RequestURI, "the address is another one")
			require.JSONEq(t, `{"a":1}`, string(gotBody))
			for name, value := range map[string]string{
				"Authorization": "Bearer x", "Cookie": "connect.sid=z", "Accept-Encoding": "br, gzip", "X-Medusa-Locale": "es",
				"Content-Type": "application/json", "X-Request-Id": "mine",
			} {
				require.Equal(t, value, got.Header.Get(name), name)
			}
		}
	}
}

func TestABaseURLWithAPathComesFirst(t *testing.T) {
	var asked string
	medusa := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.RequestURI }))
	t.Cleanup(medusa.Close)
	client, err := medusaclient.New(medusaclient.Config{BaseURL: medusa.URL + "/shop%2Fa/", Timeout: time.Second, MaxConcurrency: 1, Metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://gateway/store/a%2Fb?c", nil)
	require.NoError(t, err)
	response, err := client.PassThrough.Send(request, "/store/*")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, "/shop%2Fa/store/a%2Fb?c", asked)
}

func TestEmptyAnswersAndNotModifiedPass(t *testing.T) {
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `W/"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
	})
	answer := s.do(t, http.MethodGet, "/store/products", nil, header("If-None-Match", `W/"1"`))
	require.Equal(t, http.StatusNotModified, answer.status)
	require.Empty(t, answer.body)
	answer = s.do(t, http.MethodGet, "/store/products", nil)
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.status)
	require.Empty(t, answer.body)
}

func TestHopByHopHeadersStay(t *testing.T) {
	var got http.Header
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.Header().Set("Keep-Alive", "timeout=5")
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "1")
		w.Header().Set("Proxy-Authenticate", "Basic")
	})
	answer := s.do(t, http.MethodGet, "/store/products", nil, header("Connection", "X-Mine, Upgrade"), header("X-Mine", "1"),
		header("Keep-Alive", "5"), header("Proxy-Authorization", "Basic x"), header("Upgrade", "websocket"), header("Te", "gzip"))
	for _, name := range []string{"Connection", "X-Mine", "Keep-Alive", "Proxy-Authorization", "Upgrade", "Te"} {
		require.Empty(t, got.Values(name), "%s goes to Medusa", name)
	}
	for _, name := range []string{"Keep-Alive", "X-Hop", "Proxy-Authenticate"} {
		require.Empty(t, answer.header.Values(name), "%s comes from Medusa", name)
	}
}

func TestMedusaIsToldWhoAsks(t *testing.T) {
	loopback := &net.IPNet{IP: net.IPv4(127, 0, 0, 0), Mask: net.CIDRMask(8, 32)}
	for name, c := range map[string]struct {
		proxies []*net.IPNet
		want    [3]string // address, scheme, host
	}{
		"nobody is trusted":    {nil, [3]string{"127.0.0.1", "http", "shop.test"}},
		"the proxy is trusted": {[]*net.IPNet{loopback}, [3]string{"203.0.113.7", "https", "tienda.test"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got http.Header
			s := openThrough(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header }, func(b *setup) { b.routes.Proxies = c.proxies })
			s.do(t, http.MethodGet, "/store/products", nil, header("X-Forwarded-For", "198.51.100.1, 203.0.113.7"), header("X-Forwarded-Proto", "https"),
				header("X-Forwarded-Host", "tienda.test"), header("Forwarded", "for=198.51.100.1"), func(r *http.Request) { r.Host = "shop.test" })
			require.Equal(t, c.want, [3]string{got.Get("X-Forwarded-For"), got.Get("X-Forwarded-Proto"), got.Get("X-Forwarded-Host")})
			require.Len(t, got.Values("X-Forwarded-For"), 1)
			require.Empty(t, got.Values("Forwarded"))
		})
	}
}

func TestAnAnswerStreams(t *testing.T) {
	more := make(chan struct{})
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("first\n"))
		w.(http.Flusher).Flush()
		select {
		case <-more:
		case <-r.Context().Done():
		}
		_, _ = w.Write([]byte("second\n"))
	})
	response := s.begin(t, http.MethodGet, "/admin/exports/1", nil)
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewReader(response.Body)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "first\n", line, "the first line waits for the second")
	close(more)
	line, err = lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "second\n", line)
}

func TestAnUploadStreamsAndMayBeLarge(t *testing.T) {
	const size = 5 << 20 // far more than MAX_BODY_BYTES
	begun := make(chan struct{})
	var once sync.Once
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 4096)
		n, _ := io.ReadFull(r.Body, piece)
		once.Do(func() { close(begun) })
		rest, _ := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, int64(n)+rest)
	})
	reader, writer := io.Pipe()
	go func() {
		_, _ = writer.Write(make([]byte, size/2))
		select {
		case <-begun: // before the rest is there
			_, _ = writer.Write(make([]byte, size/2))
			_ = writer.Close()
		case <-t.Context().Done():
			_ = writer.CloseWithError(t.Context().Err())
		}
	}()
	answer := s.do(t, http.MethodPost, "/admin/uploads", reader)
	require.Equal(t, http.StatusOK, answer.status)
	require.Equal(t, fmt.Sprint(size), string(answer.body))
}

func TestABodyTheClientWaitsToSendPasses(t *testing.T) {
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	answer := s.do(t, http.MethodPost, "/admin/uploads", bytes.NewReader(make([]byte, 1<<20)), header("Expect", "100-continue"))
	require.Equal(t, http.StatusOK, answer.status)
	require.Len(t, answer.body, 1<<20)
}

func TestAnAnswerThatBreaksOffIsNotTakenForWhole(t *testing.T) {
	s := openThrough(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	response := s.begin(t, http.MethodGet, "/store/products", nil, header("X-Request-Id", "broken"))
	defer func() { _ = response.Body.Close() }()
	_, err := io.ReadAll(response.Body)
	require.Error(t, err, "half an answer ends like a whole one")
	require.Equal(t, "CANCELED", s.log.of(t, "broken")["code"])
}

func TestSlowUploadsDoNotKeepOthersOut(t *testing.T) {
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	begin := func(sent []byte) *io.PipeWriter {
		reader, writer := io.Pipe()
		ctx, stop := context.WithCancel(t.Context())
		t.Cleanup(stop)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.gateway.URL+"/admin/uploads", reader)
		require.NoError(t, err)
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		go func() {
			if response, err := transport.RoundTrip(request); err == nil {
				_ = response.Body.Close()
			}
		}()
		_, err = writer.Write(sent)
		require.NoError(t, err)
		return writer
	}
	for range 4 { // twice as many as there are slots, of both kinds
		defer func(w *io.PipeWriter) { _ = w.CloseWithError(io.ErrClosedPipe) }(begin([]byte("a")))
		defer func(w *io.PipeWriter) { _ = w.CloseWithError(io.ErrClosedPipe) }(begin(make([]byte, 1<<20)))
	}
	answer := s.do(t, http.MethodGet, "/store/products", nil)
	require.Equal(t, http.StatusOK, answer.status)
}

func TestWhatShoppersBreakIsNobodyElsesTrouble(t *testing.T) {
	s := openThrough(t, func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/store/") {
			panic(http.ErrAbortHandler)
		}
	})
	var last answer
	for range 12 {
		last = s.do(t, http.MethodPost, "/store/carts", nil)
	}
	require.Equal(t, http.StatusServiceUnavailable, last.status, "what fails time and again is not asked any more")
	require.Equal(t, http.StatusOK, s.do(t, http.MethodGet, "/admin/orders", nil).status)
}

// Node cuts the connection of what is longer, which would count as an outage.
func TestWhatIsLongerThanMedusaTakesIsNotSentThere(t *testing.T) {
	var asked atomic.Int64
	s := openThrough(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	long := strings.Repeat("x", 16<<10)
	for name, refused := range map[string]answer{
		"address": s.do(t, http.MethodGet, "/store/products?q="+long, nil),
		"cookie":  s.do(t, http.MethodGet, "/store/products", nil, header("Cookie", long)),
		"cart":    s.do(t, http.MethodPost, "/store/carts/cart_1/line-items?q="+long, strings.NewReader(`{}`)),
	} {
		require.Equal(t, http.StatusRequestURITooLong, refused.status, "%s: %s", name, refused.body)
		require.Contains(t, string(refused.body), `"URI_TOO_LONG"`, name)
	}
	require.Zero(t, asked.Load(), "calls of Medusa")
	require.Equal(t, http.StatusOK, s.do(t, http.MethodGet, "/store/products?q="+long[:14<<10], nil).status)
}

func TestWhatPassesIsLimitedByAddress(t *testing.T) {
	s := openThrough(t, func(http.ResponseWriter, *http.Request) {}, func(b *setup) { b.routes.Rate = Rate{PerSecond: 0.001, Burst: 2} })
	for i, wanted := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
		answer := s.do(t, http.MethodPost, "/auth/user/emailpass", nil)
		require.Equal(t, wanted, answer.status, "request %d", i)
	}
}

// An upload that takes its time begins when Medusa is just back.
func TestAnUploadIsNotHowItIsFoundOutThatMedusaIsBack(t *testing.T) {
	var back atomic.Bool
	s := openThrough(t, func(_ http.ResponseWriter, r *http.Request) {
		if !back.Load() {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	})
	for range 12 {
		s.do(t, http.MethodPost, "/admin/orders", nil)
	}
	back.Store(true)
	reader, writer := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.gateway.URL+"/admin/uploads", reader)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	go func() {
		if response, err := transport.RoundTrip(request); err == nil {
			_ = response.Body.Close()
		}
	}()
	_, err = writer.Write(make([]byte, 1<<20))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.do(t, http.MethodGet, "/admin/orders", nil).status == http.StatusOK }, 10*time.Second, 20*time.Millisecond,
		"everybody waits for one upload")
	_ = writer.CloseWithError(io.ErrClosedPipe)
}

func TestMedusaIsAskedByNoMoreAtOnceThanItTakes(t *testing.T) {
	var at, most atomic.Int32
	full, release := make(chan struct{}, 10), make(chan struct{})
	s := openThrough(t, func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), at.Add(1)))
		full <- struct{}{}
		<-release
		at.Add(-1)
	})
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			response, err := http.Get(s.gateway.URL + "/store/products") //nolint:noctx // loopback
			if assert.NoError(t, err) {
				assert.Equal(t, http.StatusOK, response.StatusCode)
				_ = response.Body.Close()
			}
		})
	}
	<-full
	<-full
	close(release)
	callers.Wait()
	http.DefaultClient.CloseIdleConnections()
	require.EqualValues(t, 2, most.Load())
}

func TestAWriteThatPassesMakesHeldAnswersStale(t *testing.T) {
	s := open(t)
	const path = "/api/locations/sloc_high_up"
	s.get(t, path)
	require.Equal(t, "0", s.get(t, path).header.Get("X-Medusa-Calls"), "the answer is not held")
	const reservation = "/admin/reservations"
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: reservation, Times: 1}, medusatest.Answer(http.StatusInternalServerError, `{}`))
	for _, each := range []struct {
		asked   string
		forgets bool
	}{
		{"POST /admin/stock-locations/sloc_high_up", true},
		{"POST " + reservation, true}, // who knows how far it came
		{"POST " + reservation, false},
		{"DELETE /admin/nope", false},
		{"POST /store/carts/c/complete", false},
		{"POST /auth/token/refresh", false},
		{"GET /admin/stock-locations", false},
		{"POST /admin/stock-locations/sloc_high_up anonymous", false},
	} {
		asked, forgets := each.asked, each.forgets
		words := strings.Fields(asked)
		method, address := words[0], words[1]
		s.get(t, path)
		request, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+address, strings.NewReader(`{"name":"Palermo"}`))
		require.NoError(t, err)
		if len(words) == 2 {
			request.Header.Set("Authorization", "Bearer "+s.token)
		}
		request.Header.Set("Content-Type", "application/json")
		_, err = s.send(request)
		require.NoError(t, err)
		got := s.get(t, path)
		require.Equal(t, forgets, got.header.Get("X-Medusa-Calls") != "0", asked)
	}
	require.Contains(t, string(s.get(t, path).body), `"Palermo"`)
}

func TestAWriteWithoutAnAnswerMakesHeldAnswersStale(t *testing.T) {
	s := open(t)
	const path = "/api/locations/sloc_high_up"
	s.get(t, path)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: "/admin/stock-locations/*", Times: 1}, medusatest.CutAfter())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/admin/stock-locations/sloc_high_up", strings.NewReader(`{"name":"Palermo"}`))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	lost, err := s.send(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, lost.status)
	require.Empty(t, lost.header.Get("Retry-After"), "what was done is asked for again")
	require.Contains(t, string(s.get(t, path).body), `"Palermo"`)
}

func TestAWriteIsNotMadeBeforeWhatItsAnswerNeedsIsThere(t *testing.T) {
	var lines atomic.Int32
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/store/") {
			lines.Add(1)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable) // the gateway's user cannot look up the key
	})
	answer := s.do(t, http.MethodPost, "/store/carts/c/line-items?fields=+items.variant.inventory_quantity", strings.NewReader(`{}`),
		header("X-Publishable-Api-Key", "pk_shop"))
	requirePassedProblem(t, answer, http.StatusBadGateway, bff.NetworkError)
	require.NotEmpty(t, answer.header.Get("Retry-After"))
	require.Zero(t, lines.Load(), "the line is in the cart, and again when the caller tries again")
}

func TestAWriteWhoseAnswerCannotBeShownIsNotAskedForAgain(t *testing.T) {
	s := openThrough(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	answer := s.do(t, http.MethodPost, "/store/carts/c/line-items?fields=+items.variant.inventory_quantity", strings.NewReader(`{}`))
	requirePassedProblem(t, answer, http.StatusBadGateway, bff.OutcomeUnknown)
	require.Empty(t, answer.header.Get("Retry-After"))
}

func TestAnswersOfAllKindsOfSuccessTellNoStock(t *testing.T) {
	const fields = "?fields=*variants.inventory_items.inventory.location_levels"
	for status := range map[int]bool{http.StatusOK: true, http.StatusCreated: true, http.StatusAccepted: true} {
		s := openThrough(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"location_levels":[{"id":"ilev_a","location_id":"sloc_a"}],"stocked_quantity":7}`)
		})
		answer := s.do(t, http.MethodPost, "/store/carts"+fields, nil)
		require.Equal(t, status, answer.status)
		require.JSONEq(t, `{"location_levels":[]}`, string(answer.body), "%d", status)
	}
	s := openThrough(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	require.Equal(t, http.StatusNoContent, s.do(t, http.MethodDelete, "/store/carts/c"+fields, nil).status)
}

func TestAWriteOnADyingConnectionIsNotSentTwice(t *testing.T) {
	for name, body := range map[string]string{"with a body": `{}`, "without one": ""} {
		t.Run(name, func(t *testing.T) {
			var posts int
			var mu sync.Mutex
			s := openThrough(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					return // leaves an idle connection
				}
				mu.Lock()
				posts++
				mu.Unlock()
				connection, _, err := w.(http.Hijacker).Hijack()
				assert.NoError(t, err)
				_ = connection.Close()
			})
			s.do(t, http.MethodGet, "/store/products", nil)
			answer := s.do(t, http.MethodPost, "/store/carts/c/complete", strings.NewReader(body), header("Idempotency-Key", "k"))
			require.Equal(t, http.StatusServiceUnavailable, answer.status, "%s", answer.body)
			mu.Lock()
			defer mu.Unlock()
			require.Equal(t, 1, posts)
		})
	}
}

// requirePassedProblem asserts that an error is a problem that Medusa's clients can
// read, too.
func requirePassedProblem(t *testing.T, got answer, status int, code bff.Code) {
	t.Helper()
	require.Equal(t, status, got.status, "%s", got.body)
	require.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
	said := got.problem(t)
	require.Equal(t, code, said.Code)
	require.Equal(t, problemType+string(code), said.Type)
	require.NotEmpty(t, said.Message)
	require.Equal(t, said.Detail, said.Message)
}

func TestMedusaDownIsSaidToMedusasClients(t *testing.T) {
	s := openThrough(t, func(http.ResponseWriter, *http.Request) {})
	s.medusa.Close()
	for _, path := range []string{"/store/products", "/admin/products"} {
		for range 12 { // beyond the breaker's patience
			answer := s.do(t, http.MethodGet, path, nil)
			requirePassedProblem(t, answer, http.StatusServiceUnavailable, bff.NetworkError)
			require.NotEmpty(t, answer.header.Get("Retry-After"))
		}
		started := time.Now()
		answer := s.do(t, http.MethodPost, path, strings.NewReader(`{}`))
		require.Less(t, time.Since(started), 50*time.Millisecond)
		require.Equal(t, "0", answer.header.Get("X-Medusa-Calls"), "asked though the breaker is open")
	}
}

func TestMedusaTooSlowIsSaidToMedusasClients(t *testing.T) {
	s := openThrough(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		func(b *setup) { b.medusaTimeout = 100 * time.Millisecond })
	answer := s.do(t, http.MethodGet, "/auth/session", nil)
	requirePassedProblem(t, answer, http.StatusGatewayTimeout, bff.NetworkError)
	require.NotEmpty(t, answer.header.Get("Retry-After"))
}

func TestNonsenseInPlaceOfStockIsNotShown(t *testing.T) {
	s := openThrough(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>location_levels")) })
	answer := s.do(t, http.MethodGet, "/store/products?fields=*variants.inventory_items.inventory.location_levels", nil)
	requirePassedProblem(t, answer, http.StatusBadGateway, bff.NetworkError)
	require.NotEmpty(t, answer.header.Get("Retry-After"))
}

// levelWrites are addresses of writes of levels that Medusa takes, or that
// something before it could make of them.
var levelWrites = []string{
	"/admin/inventory-items/iitem_a/location-levels",
	"/admin/inventory-items/iitem_a/location-levels/",
	"/admin/inventory-items/iitem_a/location-levels/sloc_a",
	"/admin/inventory-items/iitem_a/location-levels/sloc_a/",
	"/admin/inventory-items/iitem_a/location-levels/sloc_a?fields=id",
	"/admin/Inventory-Items/iitem_a/LOCATION-levels/sloc_a",
	"/admin/inventory-items/iitem%5Fa/location-levels/%73loc_a",
	"/admin/inventory-items/iitem_a%2Fb/location-levels/sloc_a",
	"/admin/inventory%2Ditems/iitem_a/location%2dlevels/sloc_a",
	"/admin/inventory-items/location-levels/batch",
	"/admin/inventory-items/location-levels/batch/",
	"/admin/inventory-items/iitem_a/location-levels/batch",
	"/admin//inventory-items//location-levels/batch",
	"/admin/./inventory-items/x/../location-levels/batch",
	"/store/../admin/inventory-items/location-levels/batch",
	"/auth/%2e%2e/admin/inventory-items/location-levels/batch",
	"/admin/workflows-executions/update-inventory-levels-workflow/run",
	"/admin/workflows-executions/batch-inventory-item-levels-workflow/run/",
	"/admin/workflows-executions/create-order-fulfillment-workflow/run?x=1",
	"/admin/Workflows-Executions/Bulk-create-delete-levels-workflow/RUN",
	"/admin/workflows%2Dexecutions/update-inventory-levels-workflow/%72un",
	"/admin/workflows-executions/update-inventory-levels-workflow%2Frun",
	"/admin//workflows-executions/update-inventory-levels-workflow//run//",
	"/store/../admin/workflows-executions/./update-inventory-levels-workflow/run",
}

func TestWritesOfLevelsAreKeptBackInEverySpelling(t *testing.T) {
	reached := false
	s := openThrough(t, func(http.ResponseWriter, *http.Request) { reached = true })
	for _, path := range levelWrites {
		for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch} {
			answer := s.do(t, method, path, strings.NewReader(`{}`))
			requirePassedProblem(t, answer, http.StatusConflict, bff.UseGatewayRoute)
			require.Contains(t, string(answer.body), "/api/inventory/levels", "%s %s does not say what to use", method, path)
			require.False(t, reached, "%s %s reaches Medusa", method, path)
		}
	}
	for _, asked := range []string{
		"GET /admin/inventory-items/iitem_a/location-levels", "GET /admin/workflows-executions/w/run", "POST /admin/workflows-executions/w/steps/success",
	} {
		method, path, _ := strings.Cut(asked, " ")
		reached = false
		require.Equal(t, http.StatusOK, s.do(t, method, path, nil).status, asked)
		require.True(t, reached, "%s is kept back", asked)
	}
}

func TestOtherSpellingsOfThePrefixAreNotMedusas(t *testing.T) {
	reached := false
	s := openThrough(t, func(http.ResponseWriter, *http.Request) { reached = true })
	for _, path := range []string{"/ADMIN/inventory-items/location-levels/batch", "/%61dmin/inventory-items/location-levels/batch", "//admin/x", "/administrators", "/hooks/payment/x"} {
		answer := s.do(t, http.MethodPost, path, strings.NewReader(`{}`))
		require.Equal(t, http.StatusNotFound, answer.status, path)
		require.False(t, reached, "%s reaches Medusa", path)
	}
}

func TestPagesMayUseMedusasAPI(t *testing.T) {
	reached := false
	s := openThrough(t, func(w http.ResponseWriter, _ *http.Request) {
		reached = true
		w.Header().Set("Access-Control-Allow-Origin", "https://evil.test")
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}, func(b *setup) { b.routes.Origins = []string{shopOrigin} })
	preflight := s.do(t, http.MethodOptions, "/store/carts", nil, header("Origin", shopOrigin), header("Access-Control-Request-Method", "POST"),
		header("Access-Control-Request-Headers", "x-publishable-api-key,x-medusa-locale"))
	require.False(t, reached, "a preflight reaches Medusa")
	require.Equal(t, http.StatusNoContent, preflight.status)
	require.Equal(t, shopOrigin, preflight.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "true", preflight.header.Get("Access-Control-Allow-Credentials"), "sessions are cookies")
	require.Equal(t, "x-publishable-api-key,x-medusa-locale", preflight.header.Get("Access-Control-Allow-Headers"))

	answer := s.do(t, http.MethodGet, "/store/products", nil, header("Origin", shopOrigin))
	require.Equal(t, []string{shopOrigin}, answer.header.Values("Access-Control-Allow-Origin"))
	answer = s.do(t, http.MethodGet, "/store/products", nil, header("Origin", "https://evil.test"))
	require.Empty(t, answer.header.Values("Access-Control-Allow-Origin"), "Medusa decides which pages may")

	s = openThrough(t, func(http.ResponseWriter, *http.Request) {}, func(b *setup) { b.routes.Origins = []string{"*"} })
	answer = s.do(t, http.MethodGet, "/store/products", nil, header("Origin", shopOrigin))
	require.Empty(t, answer.header.Values("Access-Control-Allow-Credentials"), "any page may use the session")
	for origins, sessions := range map[string]bool{
		"https://*": false, "https://*.": false, "https://*shop.test": false, "https://app.cannahub.test,https://*": false, "https://app.*": false,
		"https://*.*": false, "*://app.cannahub.test": false, "https://*.cannahub.test": true, "https://other.test,https://app.cannahub.test": true,
	} {
		s = openThrough(t, func(http.ResponseWriter, *http.Request) {}, func(b *setup) { b.routes.Origins = strings.Split(origins, ",") })
		answer = s.do(t, http.MethodGet, "/store/products", nil, header("Origin", shopOrigin))
		require.Equal(t, sessions, answer.header.Get("Access-Control-Allow-Credentials") == "true", "a page may use the session: %s", origins)
	}
}

func TestPassedRequestsAreCountedByPrefix(t *testing.T) {
	s := openThrough(t, func(http.ResponseWriter, *http.Request) {})
	for i := range 3 {
		id := fmt.Sprint("order-", i)
		s.do(t, http.MethodGet, "/admin/orders/"+id, nil, header("X-Request-Id", id))
		require.Equal(t, "/admin/*", s.log.of(t, id)["route"]) // which is written when all is counted
	}
	families, err := s.registry.Gather()
	require.NoError(t, err)
	counted := map[string]uint64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				counted[family.GetName()+" "+label.GetValue()] += metric.GetHistogram().GetSampleCount()
			}
		}
	}
	require.EqualValues(t, 3, counted["gateway_request_seconds /admin/*"])
	require.EqualValues(t, 3, counted["gateway_medusa_call_seconds GET /admin/*"])
}

func TestAdminItemsInTheWordsOfMedusa1(t *testing.T) {
	var asked string
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RawQuery
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"inventory_item":{"id":"iitem_a","sku":"A","location_levels":[
			{"location_id":"sloc_a","stocked_quantity":0.3,"reserved_quantity":0.1},
			{"location_id":"sloc_b","stocked_quantity":5,"reserved_quantity":7,"available_quantity":-2}]}}`)
	})
	answer := s.do(t, http.MethodGet, "/admin/inventory-items/iitem_a?expand=location_levels", nil)
	require.Empty(t, asked)
	require.JSONEq(t, `{"id":"iitem_a","sku":"A","location_levels":[
		{"location_id":"sloc_a","stocked_quantity":0.3,"reserved_quantity":0.1,"available_quantity":0.2},
		{"location_id":"sloc_b","stocked_quantity":5,"reserved_quantity":7,"available_quantity":-2}]}`, string(answer.body))
	answer = s.do(t, http.MethodGet, "/admin/inventory-items/iitem_a?expand=location_levels&location_id=sloc_b", nil)
	require.Equal(t, 1, strings.Count(string(answer.body), "location_id"), "the levels of other locations are shown: %s", answer.body)
	answer = s.do(t, http.MethodGet, "/admin/inventory-items/iitem_a?fields=id", nil)
	require.Equal(t, "fields=id", asked)
	require.Contains(t, string(answer.body), `{"inventory_item":`, "the form of Medusa 2 is gone")
	s.do(t, http.MethodGet, "/admin/inventory-items?location_id=sloc_a&id[]=a&expand=levels&limit=3", nil)
	require.Equal(t, "id[]=a&limit=3&location_levels%5Blocation_id%5D=sloc_a", asked)
}

// The server's times are for requests of the gateway's own. What passes has them for each step.
func TestWhatMovesMayTakeLongerThanTheServersTimes(t *testing.T) {
	const times = 100 * time.Millisecond
	begun, later := make(chan struct{}), make(chan struct{})
	s := openThrough(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "first\n")
			w.(http.Flusher).Flush()
			<-later
			_, _ = io.WriteString(w, "second\n")
			return
		}
		n, _ := io.ReadFull(r.Body, make([]byte, 4096))
		close(begun)
		rest, _ := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, int64(n)+rest)
	})
	short := httptest.NewUnstartedServer(s.gateway.Config.Handler)
	short.Config.ReadHeaderTimeout, short.Config.ReadTimeout, short.Config.WriteTimeout = soon, times, times
	short.Start()
	t.Cleanup(short.Close)
	hasty := *s
	hasty.gateway = short

	const half = 1 << 20 // more than what is read before Medusa is asked
	body, upload := io.Pipe()
	uploaded := make(chan answer, 1)
	go func() {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, short.URL+"/admin/uploads", body)
		response, err := http.DefaultTransport.RoundTrip(request)
		if !assert.NoError(t, err, "an upload that takes longer is cut off") {
			uploaded <- answer{}
			return
		}
		defer func() { _ = response.Body.Close() }()
		read, _ := io.ReadAll(response.Body)
		uploaded <- answer{status: response.StatusCode, body: read}
	}()
	_, err := upload.Write(make([]byte, half))
	require.NoError(t, err)
	<-begun
	download := hasty.begin(t, http.MethodGet, "/admin/exports/1", nil)
	defer func() { _ = download.Body.Close() }()

	<-time.After(3 * times)
	close(later)
	read, err := io.ReadAll(download.Body)
	require.NoError(t, err, "a download that takes longer is cut off")
	assert.Equal(t, "first\nsecond\n", string(read))
	_, err = upload.Write(make([]byte, half))
	assert.NoError(t, err)
	require.NoError(t, upload.Close())
	got := <-uploaded
	assert.Equal(t, http.StatusOK, got.status, "%s", got.body)
	assert.Equal(t, fmt.Sprint(2*half), string(got.body))
}

func TestACallerWhoStandsStillIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		defer func() { _ = client.Close() }()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/admin/uploads", server)
		answer := newMoving(echo.NewResponse(&inMemory{server, http.Header{}}, echo.New()), request)
		for does, step := range map[string]func([]byte) (int, error){"sends nothing": request.Body.Read, "takes nothing": answer.Write} {
			began := time.Now()
			_, err := step(make([]byte, 1))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded, does)
			require.Equal(t, 30*time.Second, time.Since(began), does)
		}
	})
}
