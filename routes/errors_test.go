package routes

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestProblemsInThreeLanguages(t *testing.T) {
	s := open(t)
	for acceptLanguage, wanted := range map[string]struct{ language, title, detail, fault string }{
		"":                      {"en", "Invalid request", "The request breaks a rule; see errors.", "Must be between 1 and 100."},
		"en-GB":                 {"en", "Invalid request", "The request breaks a rule; see errors.", "Must be between 1 and 100."},
		"fr":                    {"en", "Invalid request", "The request breaks a rule; see errors.", "Must be between 1 and 100."},
		"nonsense;q=x":          {"en", "Invalid request", "The request breaks a rule; see errors.", "Must be between 1 and 100."},
		"es-AR, es;q=0.9":       {"es", "Solicitud inválida", "La solicitud incumple una regla; vea errors.", "Debe estar entre 1 y 100."},
		"fr, es;q=0.5":          {"es", "Solicitud inválida", "La solicitud incumple una regla; vea errors.", "Debe estar entre 1 y 100."},
		"de-CH":                 {"de", "Ungültige Anfrage", "Die Anfrage verletzt eine Regel; siehe errors.", "Muss zwischen 1 und 100 liegen."},
		"en;q=0.1, de;q=0.8, *": {"de", "Ungültige Anfrage", "Die Anfrage verletzt eine Regel; siehe errors.", "Muss zwischen 1 und 100 liegen."},
	} {
		got := s.get(t, "/api/inventory?limit=0&offset=x", header("Accept-Language", acceptLanguage), header("X-Request-Id", "r-1"))
		require.Equal(t, http.StatusUnprocessableEntity, got.status)
		assert.Equal(t, wanted.language, got.header.Get("Content-Language"), acceptLanguage)
		said := got.problem(t)
		require.Len(t, said.Errors, 2, "all faults at once")
		assert.Equal(t, problem{
			Type: "urn:cannahub:error:VALIDATION_FAILED", Title: wanted.title, Status: http.StatusUnprocessableEntity, Detail: wanted.detail,
			Instance: "/api/inventory", Code: bff.ValidationFailed, RequestID: "r-1",
			Errors: []problemField{{Pointer: "/limit", Code: "OUT_OF_RANGE", Detail: wanted.fault}, said.Errors[1]},
		}, said, acceptLanguage)
	}
}

func TestWaysInWhichMedusaFails(t *testing.T) {
	const secret = `{"type":"unknown_error","message":"select * from iitem_secret_detail"}`
	for name, c := range map[string]struct {
		failure medusatest.Failure
		status  int
		cause   string // in the log
	}{
		"status 500":           {medusatest.Answer(http.StatusInternalServerError, secret), http.StatusBadGateway, "iitem_secret_detail"},
		"status 502":           {medusatest.Answer(http.StatusBadGateway, secret), http.StatusBadGateway, "502"},
		"status 503":           {medusatest.Answer(http.StatusServiceUnavailable, ""), http.StatusBadGateway, "503"},
		"status 400":           {medusatest.Answer(http.StatusBadRequest, secret), http.StatusBadGateway, "iitem_secret_detail"},
		"status 431":           {medusatest.Answer(http.StatusRequestHeaderFieldsTooLarge, ""), http.StatusBadGateway, "431"},
		"a redirect":           {medusatest.Answer(http.StatusFound, ""), http.StatusBadGateway, "302"},
		"a page with 200":      {medusatest.HTML(), http.StatusBadGateway, "nonsense"},
		"an empty object":      {medusatest.Answer(http.StatusOK, `{}`), http.StatusBadGateway, "nonsense"},
		"a list":               {medusatest.Answer(http.StatusOK, `[]`), http.StatusBadGateway, "nonsense"},
		"nothing":              {medusatest.Answer(http.StatusOK, ""), http.StatusBadGateway, "nonsense"},
		"half of the JSON":     {medusatest.Truncate(), http.StatusBadGateway, "nonsense"},
		"half of the body":     {medusatest.CutBody(), http.StatusBadGateway, "nonsense"},
		"a cut connection":     {medusatest.Cut(), http.StatusServiceUnavailable, "unreachable"},
		"no answer":            {medusatest.Hang(), http.StatusGatewayTimeout, "too slow"},
		"an answer that drips": {medusatest.SlowBody(1, 50*time.Millisecond), http.StatusGatewayTimeout, "too slow"},
	} {
		for _, path := range []string{"/api/inventory", "/api/products/prod_runtz/with-inventory"} {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				s := open(t, func(b *setup) {
					if c.status == http.StatusGatewayTimeout {
						b.medusaTimeout = time.Second
					}
				})
				lift := s.medusa.Fail(medusatest.Match{}, c.failure)
				got := s.get(t, path)
				require.Equal(t, c.status, got.status, "%s", got.body)
				assert.Equal(t, bff.NetworkError, got.problem(t).Code)
				if c.status == http.StatusServiceUnavailable {
					seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
					require.NoError(t, err)
					assert.Positive(t, seconds)
				}
				line := s.log.of(t, got.header.Get("X-Request-Id"))
				assert.Equal(t, "ERROR", line["level"])
				assert.Contains(t, line["error"], c.cause, "the log has the cause")
				lift()
				assert.Equal(t, http.StatusOK, s.get(t, path).status, "all is well again when Medusa is")
			})
		}
	}
}

func TestMedusaStopped(t *testing.T) {
	s := open(t)
	s.medusa.Close()
	var calls []string
	for range 20 {
		got := s.get(t, "/api/locations")
		require.Equal(t, http.StatusServiceUnavailable, got.status)
		require.Equal(t, bff.NetworkError, got.problem(t).Code)
		calls = append(calls, got.header.Get("X-Medusa-Calls"))
	}
	assert.Contains(t, calls, "0", "with the breaker open Medusa is not called")
	_, err := s.medusa.Start()
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.get(t, "/api/locations").status == http.StatusOK }, 5*time.Second, 20*time.Millisecond)
}

func TestRequestTimeout(t *testing.T) {
	s := open(t, func(b *setup) { b.requestTimeout = 200 * time.Millisecond })
	s.medusa.Fail(medusatest.Match{}, medusatest.Hang())
	started := time.Now()
	require.Equal(t, http.StatusGatewayTimeout, s.get(t, "/api/locations").status)
	assert.Less(t, time.Since(started), 2*time.Second)
}

// The gateway's own user is its own affair: its refusal is no fault of the caller.
func TestAServiceAccountThatMedusaRefuses(t *testing.T) {
	s := openBook(t)
	s.medusa.PutUser(medusatest.User{ID: medusatest.UserID, Email: medusatest.Email, Password: "changed", Forbidden: true})
	got := s.anonymous(t, "/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Contains(t, s.log.of(t, got.header.Get("X-Request-Id"))["error"], "own credential")
}

func TestAPanicIsOneFailedRequest(t *testing.T) {
	s := open(t, func(b *setup) {
		b.handler = func(config Config) http.Handler {
			e := newRouter(config)
			e.GET("/api/locations/panic", func(echo.Context) error { panic("the cause") })
			return e
		}
	})
	got := s.get(t, "/api/locations/panic")
	require.Equal(t, http.StatusInternalServerError, got.status)
	assert.Equal(t, bff.Internal, got.problem(t).Code)
	assert.NotContains(t, string(got.body), "the cause")
	line := s.log.of(t, got.header.Get("X-Request-Id"))
	assert.Contains(t, line["error"], "panic: the cause")
	assert.Contains(t, line["error"], "errors_test.go", "the log has the stack")
	assert.Equal(t, http.StatusOK, s.get(t, "/api/locations").status, "the next request")
}
