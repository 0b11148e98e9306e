package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// runIn runs the program in an empty folder.
func runIn(t *testing.T, environment []string, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Chdir(t.TempDir())
	return runHere(t, environment, arguments...)
}

// runHere is the same in the folder where the test is.
func runHere(t *testing.T, environment []string, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), arguments, environment, &out, &err)
	return code, out.String(), err.String()
}

func TestHelpListsEverySettingWithItsDefault(t *testing.T) {
	code, stdout, _ := runIn(t, nil, "--help")
	require.Zero(t, code)
	for field := range reflect.TypeFor[settings]().Fields() {
		name, standard := field.Tag.Get("env"), field.Tag.Get("envDefault")
		assert.Regexp(t, `(?m)^`+name+` +`+regexp.QuoteMeta(standard)+` +\S`, stdout)
		assert.NotEmpty(t, field.Tag.Get("help"), "%s has no meaning", name)
	}
}

func TestAllFaultsOfTheConfigurationAreToldAtOnce(t *testing.T) {
	code, _, stderr := runIn(t, []string{
		"MEDUSA_URL=medusa", "MEDUSA_EMAIL=a@b.c",
		"AUTH_CACHE_TTL=-1s", "STALE_MAX_AGE=-1s", "CACHE_TTL=soon", "CACHE_MAX_BYTES=much", "MEDUSA_TIMEOUT=-1s", "MEDUSA_MAX_CONCURRENCY=0", "RATE_LIMIT=fast",
		"CORS_ORIGINS=https://a.example/path", "TRUSTED_PROXIES=10.0.0.0/99", "LOG_LEVEL=loud", "LOG_FORMAT=xml",
	})
	require.Equal(t, 1, code)
	for _, name := range []string{
		"MEDUSA_URL", "MEDUSA_EMAIL, MEDUSA_PASSWORD", "AUTH_CACHE_TTL", "STALE_MAX_AGE", "CACHE_TTL", "CACHE_MAX_BYTES", "MEDUSA_TIMEOUT", "MEDUSA_MAX_CONCURRENCY", "RATE_LIMIT",
		"CORS_ORIGINS", "TRUSTED_PROXIES", "LOG_LEVEL", "LOG_FORMAT",
	} {
		assert.Contains(t, stderr, name+":")
	}
}

// TestWhatCannotBeReadIsExplained says of each kind of setting what it should be, in the
// language of the terminal.
func TestWhatCannotBeReadIsExplained(t *testing.T) {
	for variable, told := range map[string]string{
		"CACHE_TTL=soon":                  `"soon" no es una duración como 30s o 5m`,
		"CART_HOLD_TTL=0s":                `"0s" no es una duración como 30m ni off`,
		"MEDUSA_MAX_CONCURRENCY=many":     `"many" no es un número entero`,
		"CACHE_MAX_BYTES=much":            `"much" no es un tamaño como 64 MiB`,
		"RATE_LIMIT=50/d:1":               `"50/d:1" no es off ni algo como 50/s:100 (unidades s, m y h, ambos números desde 1)`,
		"TRUSTED_PROXIES=::1,10.0.0.0/99": `en "::1,10.0.0.0/99" hay algo que no es una dirección ni una red como 10.0.0.0/8`,
		"LOG_LEVEL=loud":                  `"loud" no es ninguno de debug, info, warn y error`,
		"WEBHOOK_SECRET=whsec_hush!":      `lo que sigue a whsec_ debe ser base64`,
	} {
		code, _, stderr := runIn(t, []string{"LANG=es_AR.UTF-8", "MEDUSA_URL=http://127.0.0.1:1", "MEDUSA_SECRET_KEY=sk_x", variable}, "check")
		assert.Equal(t, 1, code, variable)
		name, _, _ := strings.Cut(variable, "=")
		assert.Equal(t, "Corrija estos ajustes:\n  "+name+": "+told+"\n", stderr)
	}
	for field := range reflect.TypeFor[settings]().Fields() {
		secret := field.Type == reflect.TypeFor[webhookSecret]()
		text := field.Type.Kind() == reflect.String || field.Type == reflect.TypeFor[[]string]()
		assert.True(t, secret || text || unreadable[field.Type] != "", "nothing is said of %s when it cannot be read", field.Name)
	}
}

func TestWhatIsMissingToServeIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		environment []string
		told        []string
	}{
		"nothing":       {nil, []string{"MEDUSA_URL", "MEDUSA_EMAIL, MEDUSA_PASSWORD: are needed (or MEDUSA_SECRET_KEY)"}},
		"no password":   {[]string{"MEDUSA_URL=http://127.0.0.1:1", "MEDUSA_EMAIL=a@b.c"}, []string{"both are needed"}},
		"no key":        {[]string{"MEDUSA_URL=http://127.0.0.1:1", "MEDUSA_SECRET_KEY=sk_x", "DEFAULT_PUBLISHABLE_KEY=sk_x"}, []string{"DEFAULT_PUBLISHABLE_KEY: must begin with pk_"}},
		"cart hold":     {[]string{"MEDUSA_URL=http://127.0.0.1:1", "MEDUSA_SECRET_KEY=sk_x", "CART_HOLD_TTL=0s"}, []string{"CART_HOLD_TTL: ", "neither a time like 30m nor off"}},
		"relative URL":  {[]string{"MEDUSA_URL=medusa:9000", "MEDUSA_SECRET_KEY=sk_x"}, []string{"absolute http or https URL"}},
		"user and key":  {[]string{"MEDUSA_URL=http://127.0.0.1:1", "MEDUSA_EMAIL=a", "MEDUSA_PASSWORD=b", "MEDUSA_SECRET_KEY=c"}, []string{"not together"}},
		"empty is none": {[]string{"MEDUSA_URL=", "MEDUSA_SECRET_KEY=sk_x"}, []string{"MEDUSA_URL: is needed"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, command := range []string{"serve", "check"} {
				code, _, stderr := runIn(t, c.environment, command)
				require.Equal(t, 1, code)
				for _, told := range c.told {
					assert.Contains(t, stderr, told)
				}
			}
		})
	}
}

func TestUnknownCommandsAreRefused(t *testing.T) {
	for _, arguments := range [][]string{{"sevre"}, {"serve", "now"}, {"check", "--helth"}} {
		code, _, stderr := runIn(t, nil, arguments...)
		assert.NotZero(t, code, arguments)
		assert.Contains(t, stderr, "--help", arguments)
	}
}

// settingsOf reads settings that can be read.
func settingsOf(t *testing.T, environ []string, file string) settings {
	t.Helper()
	variables, faults := readVariables(environ, file)
	require.Empty(t, faults)
	read, faults := readSettings(variables)
	require.Empty(t, faults)
	return read
}

// TestAFileThatCannotBeReadIsNotShown: a slip in it must not bring its secrets into a
// log, nor hide behind all that is missing without it.
func TestAFileThatCannotBeReadIsNotShown(t *testing.T) {
	t.Chdir(t.TempDir())
	for content, told := range map[string]string{
		"MEDUSA-URL=http://127.0.0.1:1\nMEDUSA_PASSWORD=hush\n": "is not made of lines like NAME=value",
		"MEDUSA_PASSWORD=\"hush\nMEDUSA_URL=\n":                 "is not made of lines like NAME=value",
	} {
		require.NoError(t, os.WriteFile(".env", []byte(content), 0o600))
		code, _, stderr := runHere(t, nil, "check")
		assert.Equal(t, 1, code)
		assert.Equal(t, "Correct these settings:\n  .env: "+told+"\n", stderr)
	}
	require.NoError(t, os.Remove(".env"))
	require.NoError(t, os.Mkdir(".env", 0o700))
	_, _, stderr := runHere(t, nil, "check")
	assert.Equal(t, "Correct these settings:\n  .env: cannot be used: is a directory\n", stderr)
}

// TestWhatCannotBeUsedIsNamed says it of settings that only starting shows.
func TestWhatCannotBeUsedIsNamed(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	for variable, told := range map[string]string{
		"LISTEN_ADDR=" + taken.Addr().String():   "  LISTEN_ADDR: no se puede usar: listen tcp",
		"OPS_ADDR=" + taken.Addr().String():      "  OPS_ADDR: no se puede usar: listen tcp",
		"STATE_DSN=sqlite:/proc/none/gateway.db": "  STATE_DSN: no se puede usar: ",
	} {
		code, _, stderr := runIn(t, []string{"LANG=es_AR", "LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0", "MEDUSA_URL=http://127.0.0.1:1", "MEDUSA_SECRET_KEY=sk_x", variable}, "serve")
		assert.Equal(t, 1, code, variable)
		assert.Contains(t, stderr, "Corrija estos ajustes:\n"+told)
	}
}

func TestTheEnvironmentComesBeforeTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	require.NoError(t, os.WriteFile(file, []byte("MEDUSA_URL=http://file\nCACHE_TTL=7s\n"), 0o600))
	s := settingsOf(t, []string{"MEDUSA_URL=http://environment"}, file)
	require.Equal(t, "http://environment", s.MedusaURL)
	require.Equal(t, 7*time.Second, s.CacheTTL)
}

func TestSettingsAreReadInTheirUnits(t *testing.T) {
	s := settingsOf(t, []string{
		"CART_HOLD_TTL=off", "CACHE_MAX_BYTES=2 MiB", "MAX_BODY_BYTES=2048", "RATE_LIMIT=50/s:100",
		"TRUSTED_PROXIES=10.0.0.0/8,192.0.2.7,2001:db8::1", "CORS_ORIGINS=https://a.example,http://localhost:3000",
	}, "none")
	require.EqualValues(t, 2<<20, s.CacheMaxBytes)
	require.EqualValues(t, 2048, s.MaxBodyBytes)
	require.Zero(t, s.CartHoldTTL)
	require.InDelta(t, 50, s.RateLimit.PerSecond, 0)
	require.Equal(t, 100, s.RateLimit.Burst)
	require.Equal(t, []string{"https://a.example", "http://localhost:3000"}, s.CORSOrigins)
	var networks []string
	for _, proxy := range s.proxies() {
		networks = append(networks, proxy.String())
	}
	require.Equal(t, []string{"10.0.0.0/8", "192.0.2.7/32", "2001:db8::1/128"}, networks)
}

// printed finds what the demo tells its user to type.
var (
	printedToken   = regexp.MustCompile(`export TOKEN=(\S+)`)
	printedRequest = regexp.MustCompile(`(?m)^  curl .* "?http://[^/]+(/[^"\s]+)"?$`)
)

func TestTheDemoAnswersItsThreeRequests(t *testing.T) {
	p := launch(t, []string{"demo"})
	require.Eventually(t, func() bool { return printedToken.MatchString(p.logs.String()) }, 5*time.Second, 10*time.Millisecond)
	text := p.logs.String()
	token := printedToken.FindStringSubmatch(text)[1]
	requests := printedRequest.FindAllStringSubmatch(text, -1)
	require.Len(t, requests, 3, text)
	for _, request := range requests {
		answer := p.get(t, token, request[1])
		require.Equal(t, http.StatusOK, answer.status, "%s: %s", request[1], answer.text)
	}
	require.Contains(t, p.get(t, token, requests[0][1]).text, "Blue Dream Indoor")
	require.Contains(t, p.get(t, token, requests[1][1]).text, "BD-7G-001")
	shopper := p.sendAsShopper(t, "", storeAvailability, guideRows("iitem_alerta_cinco"))
	require.Contains(t, shopper.text, "Only 5 left", "what the README asks as a shopper")
	require.NoError(t, p.stop(t))
}

// inFrontOf is the environment of a program in front of an in-memory Medusa.
func inFrontOf(t *testing.T, medusa *medusatest.Server) []string {
	t.Helper()
	address, err := medusa.Start()
	require.NoError(t, err)
	t.Cleanup(medusa.Close)
	return []string{"MEDUSA_URL=" + address, "MEDUSA_EMAIL=" + medusatest.Email, "MEDUSA_PASSWORD=" + medusatest.Password}
}

func TestCheckHealthAsksTheProgramOnThisMachine(t *testing.T) {
	p := launch(t, nil, inFrontOf(t, medusatest.New())...)
	listen := "LISTEN_ADDR=" + strings.TrimPrefix(p.url, "http://")
	code, _, stderr := runIn(t, []string{listen}, "check", "--health")
	require.Zero(t, code, stderr)
	require.NoError(t, p.stop(t))
	code, _, _ = runIn(t, []string{listen}, "check", "--health")
	require.Equal(t, 1, code)
}

func TestStoppingLetsRequestsUnderWayFinish(t *testing.T) {
	medusa := medusatest.New()
	p := launch(t, nil, inFrontOf(t, medusa)...)
	released := make(chan struct{})
	medusa.Fail(medusatest.Match{Path: "/admin/products/*"}, medusatest.Hold(released))
	medusa.ResetCalls()

	answered := make(chan reply, 1)
	go func() {
		answer, err := p.tryGet(medusa.Token(medusatest.UserID), "/api/products/prod_blue_dream/with-inventory")
		assert.NoError(t, err)
		answered <- answer
	}()
	require.Eventually(t, func() bool { return len(medusa.Calls()) == 1 }, 5*time.Second, time.Millisecond)
	p.terminate(t)
	require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), `"msg":"stopping"`) }, 5*time.Second, time.Millisecond)
	close(released)
	require.Equal(t, http.StatusOK, (<-answered).status)
	require.NoError(t, p.end(t), "a stop on request is no failure")
}

func TestWhoIsToldToStopSaysSoBeforeItStopsListening(t *testing.T) {
	p := launch(t, nil, inFrontOf(t, medusatest.New())...)
	require.Equal(t, http.StatusOK, p.get(t, "", "/readyz").status)
	p.terminate(t)
	require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), `"msg":"stopping"`) }, 5*time.Second, time.Millisecond)
	answer := p.get(t, "", "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, answer.status)
	require.Equal(t, "stopping", answer.object(t)["status"])
	require.NoError(t, p.end(t))
}

func TestASecondSignalEndsItAtOnce(t *testing.T) {
	p := launch(t, nil, inFrontOf(t, medusatest.New())...)
	p.terminate(t)
	require.Eventually(t, func() bool { return strings.Contains(p.logs.String(), `"msg":"stopping"`) }, 5*time.Second, time.Millisecond)
	p.terminate(t)
	require.Error(t, p.end(t), "it goes on as if told once")
}

func TestWhereAListenerIsReached(t *testing.T) {
	for address, want := range map[string]string{
		":8080": "127.0.0.1:8080", "0.0.0.0:1": "127.0.0.1:1", "[::]:2": "127.0.0.1:2",
		"192.0.2.7:8080": "192.0.2.7:8080", "[::1]:3": "[::1]:3", "gateway.local:4": "gateway.local:4",
	} {
		require.Equal(t, want, reachable(address, "127.0.0.1"))
	}
}

func TestASettingThatCannotBeReadIsToldOnce(t *testing.T) {
	_, _, stderr := runIn(t, []string{"MEDUSA_TIMEOUT=abc"})
	require.Equal(t, 1, strings.Count(stderr, "MEDUSA_TIMEOUT"), stderr)
}

func TestAPortInUseIsTold(t *testing.T) {
	p := launch(t, nil, inFrontOf(t, medusatest.New())...)
	environment := append(inFrontOf(t, medusatest.New()), "LISTEN_ADDR="+strings.TrimPrefix(p.url, "http://"), "OPS_ADDR=127.0.0.1:0")
	code, _, stderr := runIn(t, environment)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "LISTEN_ADDR:")
}

func TestItServesWithoutMedusaAndIsReadyWhenItComes(t *testing.T) {
	medusa := medusatest.New()
	environment := inFrontOf(t, medusa)
	medusa.Close()
	p := launch(t, nil, environment...)
	require.Equal(t, http.StatusServiceUnavailable, p.get(t, "", "/readyz").status)
	token := medusa.Token(medusatest.UserID)
	answer := p.get(t, token, "/api/locations")
	require.Equal(t, http.StatusServiceUnavailable, answer.status)
	require.Equal(t, "NETWORK_ERROR", answer.object(t)["code"])

	_, err := medusa.Start()
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		ready, err := p.tryGet("", "/readyz")
		return err == nil && ready.status == http.StatusOK
	}, 5*time.Second, 20*time.Millisecond, "not ready within 5 s of Medusa's return")
	require.Equal(t, http.StatusOK, p.get(t, token, "/api/locations").status)
}

func TestMetricsCountWhatHappens(t *testing.T) {
	medusa := medusatest.New()
	p := launch(t, nil, inFrontOf(t, medusa)...)
	token := medusa.Token(medusatest.UserID)
	for range 3 {
		require.Equal(t, http.StatusOK, p.get(t, token, "/api/locations").status)
	}
	require.Equal(t, "3", p.metric(t, `gateway_request_seconds_count{method="GET",route="/api/locations",status="200"}`))
	require.Equal(t, "1", p.metric(t, `gateway_medusa_call_seconds_count{endpoint="GET /admin/stock-locations",status="200"}`))
	require.Equal(t, "2", p.metric(t, `gateway_held_answers_total{result="hit"}`))
	require.Equal(t, "1", p.metric(t, `gateway_held_answers_total{result="miss"}`))
	require.Equal(t, "0", p.metric(t, `gateway_medusa_breaker_state`))
	require.Equal(t, "0", p.metric(t, `gateway_requests_in_flight`))
}

func TestTheTraceContextIsPassedOnWhereTracingIsConfigured(t *testing.T) {
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	for name, c := range map[string]struct {
		environment []string
		passed      bool
	}{
		"configured":     {[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"}, true},
		"not configured": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			medusa := medusatest.New()
			p := launch(t, nil, append(inFrontOf(t, medusa), c.environment...)...)
			medusa.ResetCalls()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/api/locations", nil)
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer "+medusa.Token(medusatest.UserID))
			request.Header.Set("Traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
			response, err := http.DefaultClient.Do(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			require.Equal(t, http.StatusOK, response.StatusCode)
			calls := medusa.Calls()
			require.Len(t, calls, 1)
			require.Equal(t, c.passed, strings.Contains(calls[0].Header.Get("Traceparent"), trace))
		})
	}
}
