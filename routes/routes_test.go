package routes

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the client's words on its breaker
	goleak.VerifyTestMain(m,
		// The rate limiter's cache ends its janitor when it is collected, not when it is closed.
		goleak.IgnoreTopFunction("github.com/patrickmn/go-cache.(*janitor).Run"),
	)
}

// setup is how a shop is built; tests change what they are about.
type setup struct {
	routes         Config
	handler        func(Config) http.Handler
	cacheTTL       time.Duration
	authTTL        time.Duration
	staleAge       time.Duration
	medusaTimeout  time.Duration
	requestTimeout time.Duration
	livePoll       time.Duration
	defaultKey     string
	remembers      bool // has a state database, without which nothing can be changed
}

// shop is a gateway that listens on loopback, over the real use cases and the
// real client, in front of an in-memory Medusa.
type shop struct {
	medusa   *medusatest.Server
	server   *httptest.Server
	gateway  *bff.Gateway
	sockets  *sync.WaitGroup // that are open
	store    *state.Store    // nil where nothing is remembered
	forget   func() error    // closes store
	registry *prometheus.Registry
	log      *logLines
	token    string // of Medusa's admin user
}

// open starts a shop that ends with the test. What it reads once at its start
// is read, and Medusa's ledger is empty.
func open(tb testing.TB, changes ...func(*setup)) *shop {
	tb.Helper()
	s := &shop{medusa: medusatest.New(), registry: prometheus.NewRegistry(), log: newLogLines()}
	address, err := s.medusa.Start()
	require.NoError(tb, err)
	tb.Cleanup(s.medusa.Close)
	s.token = s.medusa.Token(medusatest.UserID)

	build := setup{
		routes: Config{
			Log: slog.New(slog.NewJSONHandler(s.log, nil)), Metrics: s.registry,
			MaxBodyBytes: 1 << 20, Draining: func() bool { return false }, Sockets: &sync.WaitGroup{},
		},
		handler:  New,
		cacheTTL: time.Minute, authTTL: time.Minute,
		medusaTimeout: 5 * time.Second, requestTimeout: 10 * time.Second, livePoll: 20 * time.Millisecond,
	}
	for _, change := range changes {
		change(&build)
	}
	client, err := medusaclient.New(medusaclient.Config{
		BaseURL: address, Timeout: build.medusaTimeout, MaxConcurrency: 16, Metrics: s.registry,
	})
	require.NoError(tb, err)
	tb.Cleanup(client.Close)
	if build.remembers {
		s.store, err = state.Open(tb.Context(), "sqlite:"+filepath.Join(tb.TempDir(), "gateway.db"), build.routes.Log)
		require.NoError(tb, err)
		s.forget = sync.OnceValue(s.store.Close)
		tb.Cleanup(func() { assert.NoError(tb, s.forget()) })
	}
	build.routes.Gateway = bff.New(bff.Config{
		Medusa: client, Account: client.UserAccount(medusatest.Email, medusatest.Password), Store: s.store,
		CacheTTL: build.cacheTTL, AuthTTL: build.authTTL, MaxBytes: 8 << 20, Timeout: build.requestTimeout,
		DefaultKey: build.defaultKey, LivePoll: build.livePoll, StaleAge: build.staleAge,
		Log: build.routes.Log, Metrics: s.registry,
	})
	s.gateway, s.sockets = build.routes.Gateway, build.routes.Sockets
	tb.Cleanup(build.routes.Gateway.Close)
	tb.Cleanup(func() {
		build.routes.Gateway.Drain()
		build.routes.Sockets.Wait()
	})
	require.NoError(tb, build.routes.Gateway.Start(tb.Context()))
	require.NoError(tb, build.routes.Gateway.Prepare(tb.Context()))
	s.medusa.ResetCalls()

	s.server = httptest.NewServer(build.handler(build.routes))
	tb.Cleanup(s.server.Close)
	return s
}

// openBook is open for what changes stock.
func openBook(tb testing.TB, changes ...func(*setup)) *shop {
	tb.Helper()
	return open(tb, append([]func(*setup){func(b *setup) { b.remembers = true }}, changes...)...)
}

// answer is what a client got. Its body is the plain one, however it was sent.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	encoded int // bytes of the body as sent
}

// problem is the answer as an error.
func (a answer) problem(t *testing.T) problem {
	t.Helper()
	said, err := decodeProblem(a.body)
	require.NoError(t, err, "body: %s", a.body)
	return said
}

// decodeProblem reads an error, without its level: quantities are only written.
func decodeProblem(body []byte) (problem, error) {
	var said struct {
		problem
		Level map[string]any `json:"level"`
	}
	err := json.Unmarshal(body, &said)
	return said.problem, err
}

// with changes a request.
type with func(*http.Request)

func header(name, value string) with {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func authorization(value string) with { return header("Authorization", value) }

// get asks for a path as the admin user.
func (s *shop) get(t *testing.T, path string, changes ...with) answer {
	t.Helper()
	return s.ask(t, http.MethodGet, path, nil, append([]with{authorization("Bearer " + s.token)}, changes...)...)
}

// change sends a body of JSON as the admin user.
func (s *shop) change(t *testing.T, method, path, body string, changes ...with) answer {
	t.Helper()
	sent := []with{authorization("Bearer " + s.token), header("Content-Type", "application/json")}
	return s.ask(t, method, path, strings.NewReader(body), append(sent, changes...)...)
}

// anonymous asks for a path without a credential.
func (s *shop) anonymous(t *testing.T, path string, changes ...with) answer {
	t.Helper()
	return s.ask(t, http.MethodGet, path, nil, changes...)
}

// ask sends a request and holds the answer to the OpenAPI document.
func (s *shop) ask(t *testing.T, method, path string, body io.Reader, changes ...with) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.server.URL+path, body)
	require.NoError(t, err)
	for _, change := range changes {
		change(request)
	}
	got, err := s.send(request)
	require.NoError(t, err)
	assertDocumented(t, request, got)
	return got
}

// request is a request of the admin user that is not sent yet.
func (s *shop) request(ctx context.Context, t *testing.T, path string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+path, nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+s.token)
	return request
}

func (s *shop) send(request *http.Request) (answer, error) {
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	sent, err := io.ReadAll(response.Body)
	got := answer{status: response.StatusCode, header: response.Header, body: sent, encoded: len(sent)}
	if err == nil && response.Header.Get("Content-Encoding") == "gzip" && len(sent) > 0 {
		var plain *gzip.Reader
		if plain, err = gzip.NewReader(bytes.NewReader(sent)); err == nil {
			got.body, err = io.ReadAll(plain)
		}
	}
	return got, err
}

// logLines are the lines of the log, decoded.
type logLines struct {
	mu      sync.Mutex
	all     bytes.Buffer
	decoded chan map[string]any
}

func newLogLines() *logLines { return &logLines{decoded: make(chan map[string]any, 10_000)} }

// Write takes a line; slog's handlers write each at once.
func (l *logLines) Write(line []byte) (int, error) {
	var decoded map[string]any
	if err := json.Unmarshal(line, &decoded); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.Write(line)
	select {
	case l.decoded <- decoded:
	default: // nobody reads so many
	}
	return len(line), nil
}

// of waits for the line of a request, which is written after its answer.
func (l *logLines) of(t *testing.T, requestID string) map[string]any {
	t.Helper()
	ends := time.After(5 * time.Second)
	for {
		select {
		case line := <-l.decoded:
			if line["requestId"] == requestID {
				return line
			}
		case <-ends:
			require.FailNow(t, "no log line", "of request %s", requestID)
		}
	}
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// document is the OpenAPI document as it is served.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	served, err := openAPIDocument()
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(served.JSON)
})

// medusaWords are sentences, types and pages of Medusa's own, which must not
// reach a client.
var medusaWords = []string{
	"Unauthorized", `"Forbidden"`, "not_found", "was not found", "unknown_error", "An unknown error occurred", "invalid_data",
	"not_allowed", "Unrecognized fields", "Expected type", "A secret API key was passed", "Cannot GET", "Insufficient permissions", "<html", "iitem_secret_detail",
}

// assertDocumented fails the test when an answer is not as the document says:
// status, content type, headers, body, and the code of an error.
func assertDocumented(t *testing.T, request *http.Request, got answer) {
	t.Helper()
	asked := request.Method + " " + request.URL.EscapedPath()
	if err := documented(request, got); err != nil {
		assert.NoError(t, err, "%s answered %d %s", asked, got.status, got.body)
	}
	if got.status >= http.StatusBadRequest {
		for _, words := range medusaWords {
			assert.NotContains(t, string(got.body), words, "%s answered in Medusa's words", asked)
		}
	}
}

func documented(request *http.Request, got answer) error {
	doc, err := document()
	if err != nil {
		return err
	}
	if request.Method == http.MethodOptions {
		return nil // a preflight is no operation
	}
	response := responseFor(doc, request, got.status)
	if response == nil {
		return fmt.Errorf("status %d is not in the document", got.status)
	}
	described := *response
	if request.Method == http.MethodHead || got.status == http.StatusNotModified {
		described.Content = nil
		if len(got.body) > 0 {
			return fmt.Errorf("a body of %d bytes where there is none", len(got.body))
		}
	}
	// The validator passes over some statuses and methods: it is told of none.
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: &http.Request{Method: http.MethodGet},
			Route: &routers.Route{Spec: doc, Operation: &openapi3.Operation{
				Responses: openapi3.NewResponses(openapi3.WithStatus(http.StatusOK, &openapi3.ResponseRef{Value: &described})),
			}},
		},
		Status: http.StatusOK, Header: got.header, Body: io.NopCloser(bytes.NewReader(got.body)),
		Options: &openapi3filter.Options{SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.EnableFormatValidation()}},
	})
	if err != nil {
		return err
	}
	if err := documentedHeaders(&described, got.header); err != nil {
		return err
	}
	if described.Content != nil && got.header.Get("Content-Type") == "application/problem+json" {
		return documentedProblem(&described, request, got)
	}
	return nil
}

// everyday are headers of HTTP itself, and of CORS.
var everyday = []string{"Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Date", "Connection", "Vary"}

func documentedHeaders(response *openapi3.Response, sent http.Header) error {
	known := slices.Clone(everyday)
	for name := range response.Headers {
		known = append(known, http.CanonicalHeaderKey(name))
	}
	for name := range sent {
		if !slices.Contains(known, name) && !strings.HasPrefix(name, "Access-Control-") {
			return fmt.Errorf("header %s is not in the document", name)
		}
	}
	return nil
}

// documentedProblem holds an error to the examples: its code must have one in
// the response, and it must say of itself what the answer says.
func documentedProblem(response *openapi3.Response, request *http.Request, got answer) error {
	said, err := decodeProblem(got.body)
	if err != nil {
		return err
	}
	if said.Status != got.status || said.RequestID != got.header.Get("X-Request-Id") || said.Instance != request.URL.EscapedPath() {
		return fmt.Errorf("the problem says status %d, request %q, instance %q", said.Status, said.RequestID, said.Instance)
	}
	for _, example := range response.Content["application/problem+json"].Examples {
		if value, ok := example.Value.Value.(map[string]any); ok && value["code"] == string(said.Code) {
			return nil
		}
	}
	return fmt.Errorf("code %s has no example in the response for %d", said.Code, got.status)
}

// everywhere are the responses that any path can give.
var everywhere = map[int]string{
	http.StatusNotFound: "RouteNotFound", http.StatusMethodNotAllowed: "MethodNotAllowed",
	http.StatusRequestEntityTooLarge: "BodyTooLarge", http.StatusRequestURITooLong: "UriTooLong",
	http.StatusUnprocessableEntity: "ValidationFailed", http.StatusTooManyRequests: "RateLimited",
	http.StatusInternalServerError: "Internal",
}

func responseFor(doc *openapi3.T, request *http.Request, status int) *openapi3.Response {
	method := request.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path := pathFor(doc, request.URL.EscapedPath())
	if path != nil && path.GetOperation(method) != nil {
		if described := path.GetOperation(method).Responses.Status(status); described != nil {
			return described.Value
		}
		return nil
	}
	name := everywhere[status]
	if name == "" || (path == nil && status == http.StatusMethodNotAllowed) {
		return nil
	}
	return doc.Components.Responses[name].Value
}

// pathFor is the path in the document that an address belongs to, one without
// parameters before others.
func pathFor(doc *openapi3.T, address string) *openapi3.PathItem {
	if found := doc.Paths.Value(address); found != nil {
		return found
	}
	for template, item := range doc.Paths.Map() {
		if fits(strings.Split(template, "/"), strings.Split(address, "/")) {
			return item
		}
	}
	return nil
}

func fits(template, address []string) bool {
	for i, segment := range template {
		if i >= len(address) || (segment != address[i] && !strings.HasPrefix(segment, "{")) {
			return false
		}
	}
	return len(template) == len(address)
}

// setBody gives a request that is not sent yet a body.
func setBody(request *http.Request, body string) {
	request.Body, request.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}
