package main

import (
	"crypto/rand"
	"database/sql" //nolint:depguard // Medusa's own tables, counted
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/testdata/medusa"
)

const (
	setups  = "/api/stock-locations/setup"
	channel = "sc_cannahub"

	// undoneTime is how long it may take until nothing is left of a set-up that was
	// cut off.
	undoneTime = time.Minute
)

// setupOf is the documented request with another name.
func setupOf(name string, pickup, shipping bool) string {
	return fmt.Sprintf(`{"name":%q,"address":{"address_1":"Av. Santa Fe 3200","city":"Buenos Aires","province":"CABA","postal_code":"C1425",
		"country_code":"AR"},"enableShipping":%t,"enablePickup":%t,"salesChannelId":%q,
		"metadata":{"club":"high-up","type":"dispensary","schedule":{"monday":"10:00-20:00"}}}`, name, shipping, pickup, channel)
}

// fulfilmentTables are all that a set-up writes to.
var fulfilmentTables = []string{
	"shipping_option_type", "stock_location", "stock_location_address", "fulfillment_set", "service_zone", "geo_zone", "shipping_option", "shipping_option_rule",
	"shipping_option_price_set", "price_set", "price", "location_fulfillment_set", "location_fulfillment_provider", "sales_channel_stock_location",
}

// liveRows counts what is alive in the tables.
func liveRows(t *testing.T, m *medusa.Medusa) map[string]int {
	t.Helper()
	database, err := sql.Open("pgx", m.DatabaseURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, database.Close()) }()
	rows := map[string]int{}
	for _, table := range fulfilmentTables {
		var count int
		require.NoError(t, database.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table+" WHERE deleted_at IS NULL").Scan(&count), table)
		rows[table] = count
	}
	return rows
}

// cart opens a cart of the channel with an address in the country.
func (m straight) cart(t *testing.T, key, country string) string {
	t.Helper()
	body := m.store(t, http.MethodPost, "/store/carts", key, fmt.Sprintf(
		`{"region_id":"reg_argentina","shipping_address":{"address_1":"x","country_code":%q}}`, country))
	return gjson.Get(body, "cart.id").String()
}

// offered are the names of the shipping options that a cart is offered.
func (m straight) offered(t *testing.T, key, cart string) []string {
	t.Helper()
	var names []string
	for _, option := range gjson.Get(m.store(t, http.MethodGet, "/store/shipping-options?cart_id="+cart, key, ""), "shipping_options").Array() {
		names = append(names, option.Get("name").String())
	}
	return names
}

func (m straight) store(t *testing.T, method, path, key, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, m.address+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("X-Publishable-Api-Key", key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s %s: %s", method, path, text)
	return string(text)
}

func TestASetUpOnARealMedusa(t *testing.T) {
	shop := newRealShop(t)
	cart := shop.cart(t, shop.medusa.PublishableKey, "ar")
	before := shop.offered(t, shop.medusa.PublishableKey, cart)

	answer := shop.send(t, http.MethodPost, shop.token, setups, setupOf("High Up - Dispensario Palermo", true, false))
	require.Equal(t, http.StatusCreated, answer.status, answer.text)
	calls := gjson.Get(answer.text, "summary.totalApiCalls").Int()
	require.LessOrEqual(t, calls, int64(10))
	require.Equal(t, calls-1, gjson.Get(answer.text, "summary.savedCalls").Int())
	id := gjson.Get(answer.text, "stockLocation.id").String()
	for path, want := range map[string]string{
		"stockLocation.name":                   "High Up - Dispensario Palermo",
		"stockLocation.address.country_code":   "AR",
		"stockLocation.metadata":               `{"club":"high-up","schedule":{"monday":"10:00-20:00"},"type":"dispensary"}`,
		"fulfillmentSet.name":                  "High Up - Dispensario Palermo Fulfillment",
		"fulfillmentSet.type":                  "pickup",
		"serviceZone.name":                     "High Up - Dispensario Palermo Zone",
		"serviceZone.geo_zones.0.type":         "country",
		"serviceZone.geo_zones.0.country_code": "AR",
		"shippingOptions.#":                    "1",
		"shippingOptions.0.name":               "Retiro en High Up - Dispensario Palermo",
		"shippingOptions.0.price_type":         "flat",
		"shippingOptions.0.amount":             "0",
		"shippingOptions.0.is_return":          "false",
		"shippingOptions.0.metadata":           fmt.Sprintf(`{"type":"pickup","locationId":%q}`, id),
	} {
		require.Equal(t, want, gjson.Get(answer.text, path).String(), path)
	}
	require.Equal(t, append(before, "Retiro en High Up - Dispensario Palermo"), shop.offered(t, shop.medusa.PublishableKey, cart))
	location := shop.get(t, shop.token, "/api/locations/"+id)
	require.JSONEq(t, gjson.Get(answer.text, "stockLocation").Raw, gjson.Get(location.text, "location").Raw, "a marker is the gateway's own")

	answer = shop.send(t, http.MethodPost, shop.token, setups, setupOf("Depósito Norte", true, true))
	require.Equal(t, http.StatusCreated, answer.status, answer.text)
	require.LessOrEqual(t, gjson.Get(answer.text, "summary.totalApiCalls").Int(), int64(13))
	require.Equal(t, `["Depósito Norte Fulfillment","Depósito Norte Fulfillment Shipping"]`, gjson.Get(answer.text, "fulfillmentSets.#.name").Raw)
	require.Equal(t, `["Depósito Norte Zone","Depósito Norte Zone Shipping"]`, gjson.Get(answer.text, "serviceZones.#.name").Raw)
	require.ElementsMatch(t, append(before, "Retiro en High Up - Dispensario Palermo", "Retiro en Depósito Norte", "Envío desde Depósito Norte"),
		shop.offered(t, shop.medusa.PublishableKey, cart))

	rows := liveRows(t, shop.medusa)
	for name, refused := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"dry run":              {strings.Replace(setupOf("Otra", true, true), "{", `{"dryRun":true,`, 1), http.StatusOK, ""},
		"nothing enabled":      {setupOf("Otra", false, false), http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		"no name":              {setupOf("", true, false), http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		"long name":            {setupOf(strings.Repeat("x", 300), true, false), http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		"no country":           {strings.Replace(setupOf("Otra", true, false), `"AR"`, `"ZZZ"`, 1), http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		"unknown channel":      {strings.Replace(setupOf("Otra", true, false), channel, "sc_none", 1), http.StatusNotFound, "SALES_CHANNEL_NOT_FOUND"},
		"unknown profile":      {strings.Replace(setupOf("Otra", true, false), "{", `{"shippingProfileId":"sp_none",`, 1), http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		"unknown provider":     {strings.Replace(setupOf("Otra", true, false), "{", `{"providerId":"none_none",`, 1), http.StatusUnprocessableEntity, "VALIDATION_FAILED"},
		"a name that is taken": {setupOf("Depósito Norte", false, true), http.StatusConflict, "SETUP_ROLLED_BACK"},
	} {
		answer := shop.send(t, http.MethodPost, shop.token, setups, refused.body)
		require.Equal(t, refused.status, answer.status, "%s: %s", name, answer.text)
		require.Equal(t, refused.code, gjson.Get(answer.text, "code").String(), name)
		require.Equal(t, rows, liveRows(t, shop.medusa), name)
	}

	plain := shop.send(t, http.MethodPost, shop.token, "/api/locations", `{"name":" Depósito Sur ","address":{"address_1":"Ruta 2","country_code":"AR"},"metadata":{"club":"sur","nota":"x"}}`)
	require.Equal(t, http.StatusCreated, plain.status, plain.text)
	path := "/api/locations/" + gjson.Get(plain.text, "location.id").String()
	plain = shop.send(t, http.MethodPatch, shop.token, path, `{"name":"Depósito Sur 2","address":{"city":"Dolores"},"metadata":{"nota":null,"tipo":"depósito"}}`)
	require.Equal(t, http.StatusOK, plain.status, plain.text)
	require.JSONEq(t, plain.text, shop.get(t, shop.token, path).text)
	require.JSONEq(t, `{"club":"sur","tipo":"depósito"}`, gjson.Get(plain.text, "location.metadata").Raw)
	require.Equal(t, "Ruta 2, Dolores, AR", strings.Join([]string{
		gjson.Get(plain.text, "location.address.address_1").String(), gjson.Get(plain.text, "location.address.city").String(),
		gjson.Get(plain.text, "location.address.country_code").String(),
	}, ", "))
	require.Equal(t, http.StatusNotFound, shop.send(t, http.MethodPatch, shop.token, "/api/locations/sloc_none", `{"name":"x"}`).status)

	rows = liveRows(t, shop.medusa)
	body := strings.Replace(setupOf("Con ar", true, false), `"AR"`, `"ar"`, 1)
	first := shop.send(t, http.MethodPost, shop.token, setups, body, "once")
	require.Equal(t, http.StatusCreated, first.status, first.text)
	second := shop.send(t, http.MethodPost, shop.token, setups, body, "once")
	require.Equal(t, "true", second.header.Get("Idempotent-Replayed"))
	require.Equal(t, first.text, second.text)
	require.Equal(t, rows["stock_location"]+1, liveRows(t, shop.medusa)["stock_location"])
}

// sabotage is a way to Medusa on which writes of set-ups fail as told.
type sabotage struct {
	to   string
	url  string
	late sync.WaitGroup

	mu     sync.Mutex
	faults map[string]*fault // by the name of the location
}

// fault is what happens to the first call of a kind.
type fault struct {
	step string
	kind string
	hit  bool
}

// lateness is how much later than it was sent a call takes effect.
const lateness = 20 * time.Second

func newSabotage(t *testing.T, to string) *sabotage {
	t.Helper()
	s := &sabotage{to: to, faults: map[string]*fault{}}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		s.late.Wait()
	})
	s.url = server.URL
	return s
}

// expect sets what happens to a set-up, by its request id.
func (s *sabotage) expect(requestID, step, kind string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &fault{step: step, kind: kind}
	s.faults[requestID] = f
	return f
}

func (s *sabotage) isHit(f *fault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.hit
}

// stepOf is the step of a set-up that a call is.
func stepOf(method, path, body string) string {
	kind := ".pickup"
	if strings.Contains(body, `"type":"shipping"`) || strings.Contains(body, "Zone Shipping") || strings.Contains(body, "Solo envío") ||
		strings.Contains(body, "Envío desde") {
		kind = ".shipping"
	}
	switch {
	case method != http.MethodPost || strings.Contains(body, `"remove"`):
		return ""
	case path == "/admin/stock-locations":
		return "location"
	case strings.HasSuffix(path, "/fulfillment-providers"):
		return "provider"
	case strings.HasSuffix(path, "/fulfillment-sets"):
		return "fulfillmentSet" + kind
	case strings.HasSuffix(path, "/service-zones"):
		return "serviceZone" + kind
	case path == "/admin/shipping-options":
		return "shippingOption" + kind
	case strings.HasSuffix(path, "/sales-channels"):
		return "salesChannel"
	}
	return ""
}

// hits takes the fault that a call is to meet.
func (s *sabotage) hits(r *http.Request, body string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults[r.Header.Get("X-Request-Id")]
	if f == nil || f.hit || f.step != stepOf(r.Method, r.URL.Path, body) {
		return ""
	}
	f.hit = true
	return f.kind
}

// ServeHTTP passes a call on, or not, or too late.
func (s *sabotage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	fault := reply{status: http.StatusInternalServerError, header: header, text: `{"code":"unknown_error","type":"unknown_error","message":"An unknown error occurred."}`}
	switch s.hits(r, string(body)) {
	case "400":
		reply{status: http.StatusBadRequest, header: header, text: `{"type":"invalid_data","message":"refused for the test"}`}.give(w)
	case "500":
		_, _ = passOn(r, body, s.to) // it proves nothing
		fault.give(w)
	case "cut before it happened":
		panic(http.ErrAbortHandler)
	case "cut after it happened":
		_, _ = passOn(r, body, s.to)
		panic(http.ErrAbortHandler)
	case "cut while it happens":
		s.late.Go(func() { _, _ = passOn(r, body, s.to) })
		<-time.After(time.Duration(mathrand.IntN(40)) * time.Millisecond)
		panic(http.ErrAbortHandler)
	case "late":
		s.late.Go(func() {
			<-time.After(lateness)
			_, _ = passOn(r, body, s.to)
		})
		panic(http.ErrAbortHandler)
	default:
		answer, err := passOn(r, body, s.to)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		answer.give(w)
	}
}

// TestNothingIsLeftOfASetUp kills gateways after each step of a set-up, with an
// Idempotency-Key and without, and lets every write of every kind of set-up fail
// in every way.
func TestNothingIsLeftOfASetUp(t *testing.T) {
	m := medusa.Start(t)
	shop := straight{m.URL, m.Token(t)}
	way := newSabotage(t, m.URL)
	database, _ := newSQLite(t)
	p := launch(t, nil, append(inFrontOfReal(m, way.url), database)...)
	made := p.send(t, http.MethodPost, shop.token, setups, setupOf("Antes", true, true))
	require.Equal(t, http.StatusCreated, made.status, made.text)
	cart := shop.cart(t, m.PublishableKey, "ar")
	before, offered := liveRows(t, m), shop.offered(t, m.PublishableKey, cart)

	crashes := killedSetUps(t, m, shop.token)
	restarted := time.Now()
	for _, c := range crashes {
		c.goOn(t)
	}
	failAll(t, p, shop, way)
	for _, c := range crashes {
		require.Eventually(t, func() bool { return c.left(t) == 0 }, max(undoneTime-time.Since(restarted), time.Second), 50*time.Millisecond, "%s is not undone", c.body)
	}
	way.late.Wait()
	require.Eventually(t, func() bool { return p.metric(t, "gateway_setup_leftovers") == "0" }, undoneTime, 50*time.Millisecond, "set-ups that are not undone")
	require.Equal(t, before, liveRows(t, m), "rows that are alive")
	require.Equal(t, offered, shop.offered(t, m.PublishableKey, cart), "what a cart is offered")

	keyed := 0
	for _, c := range crashes {
		if c.key == "" {
			continue
		}
		keyed++
		for range 2 {
			answer := c.gateway.send(t, http.MethodPost, shop.token, setups, c.body, c.key)
			require.Equal(t, http.StatusCreated, answer.status, answer.text)
		}
	}
	require.Equal(t, before["stock_location"]+keyed, liveRows(t, m)["stock_location"], "a location for each key")
}

// failAll lets every write of every kind of set-up fail in every way. Those that
// land late come first: they land while the others are tried.
func failAll(t *testing.T, p *program, shop straight, way *sabotage) {
	t.Helper()
	for _, kind := range []string{"late", "400", "500", "cut before it happened", "cut while it happens", "cut after it happened"} {
		for name, enabled := range map[string]struct{ pickup, shipping bool }{
			"Solo retiro": {true, false}, "Solo envío": {false, true}, "Ambos": {true, true},
		} {
			steps := []string{"location", "provider", "salesChannel"}
			for suffix, on := range map[string]bool{".pickup": enabled.pickup, ".shipping": enabled.shipping} {
				if on {
					steps = append(steps, "fulfillmentSet"+suffix, "serviceZone"+suffix, "shippingOption"+suffix)
				}
			}
			for _, step := range steps {
				failOnce(t, p, shop, way, setupOf(name+" "+step+" "+kind, enabled.pickup, enabled.shipping), step, kind)
			}
		}
	}
}

// failOnce sends a set-up of which a step fails, again while the gateway does not
// even ask Medusa after what it has seen.
func failOnce(t *testing.T, p *program, shop straight, way *sabotage, body, step, kind string) {
	t.Helper()
	var answer reply
	require.Eventually(t, func() bool {
		requestID := "test-" + rand.Text()
		f := way.expect(requestID, step, kind)
		var err error
		answer, err = p.trySendAs(requestID, http.MethodPost, shop.token, setups, body)
		return assert.NoError(t, err) && way.isHit(f)
	}, patience, 20*time.Millisecond, "the call that is to fail is not made: %s of %s", kind, step)
	require.GreaterOrEqual(t, answer.status, 400, "%s of %s: %s", kind, step, answer.text)
	said := gjson.Parse(answer.text)
	if step == "location" && kind == "400" {
		require.Equal(t, "NETWORK_ERROR", said.Get("code").String(), answer.text) // there is nothing to undo
		return
	}
	require.Equal(t, step, said.Get("failedStep").String(), "%s: %s", kind, answer.text)
	switch kind {
	case "400":
		require.Equal(t, "SETUP_ROLLED_BACK", said.Get("code").String(), answer.text)
		require.True(t, said.Get("rollback.complete").Bool(), answer.text)
	default:
		complete := said.Get("rollback.complete").Bool()
		require.Equal(t, complete, said.Get("code").String() == "SETUP_ROLLED_BACK", answer.text)
		require.Equal(t, complete, len(said.Get("rollback.leftovers").Array()) == 0, answer.text)
	}
}

// killedSetUps are set-ups whose gateways were killed after each step.
func killedSetUps(t *testing.T, m *medusa.Medusa, token string) []*setupCrash {
	t.Helper()
	var crashes []*setupCrash
	var wait sync.WaitGroup
	for _, step := range []string{
		"location", "provider", "fulfillmentSet.pickup", "serviceZone.shipping", "shippingOption.pickup", "salesChannel",
	} {
		for _, key := range []string{"", "the key"} {
			c := &setupCrash{crash: newCrash(t, m, token), body: setupOf("Caída "+step+key, true, true), key: key}
			crashes = append(crashes, c)
			wait.Go(func() { c.killAfter(t, step) })
		}
	}
	beside := newCrashBeside(t, m, token)
	crashes = append(crashes, beside)
	wait.Go(func() { beside.killAfter(t, "serviceZone.pickup") })
	wait.Wait()
	return crashes
}

// newCrashBeside is a set-up that another gateway on the same PostgreSQL undoes.
func newCrashBeside(t *testing.T, m *medusa.Medusa, token string) *setupCrash {
	t.Helper()
	dsn := medusa.NewDatabase(t, m.DatabaseURL)
	c := &crash{straight: straight{m.URL, token}, medusa: m, gate: newGate(t, m.URL), database: "STATE_DSN=" + dsn}
	c.start(t)
	other := launch(t, nil, append(inFrontOfReal(m, m.URL), c.database)...)
	return &setupCrash{crash: c, body: setupOf("Caída al lado", true, true), key: "the key", postgres: dsn, other: other}
}

// setupCrash is a set-up whose gateway is killed.
type setupCrash struct {
	*crash

	body, key string
	postgres  string   // its database, where that is no SQLite file
	other     *program // that lives on it, too; nil: the gateway is started again
}

// goOn has somebody in the place of the gateway that was killed.
func (c *setupCrash) goOn(t *testing.T) {
	t.Helper()
	if c.other != nil {
		c.gateway = c.other
		return
	}
	c.start(t)
}

// killAfter kills the gateway when Medusa has done a step and it has not heard so.
func (c *setupCrash) killAfter(t *testing.T, step string) {
	t.Helper()
	held := c.gate.hold(afterMedusa, func(method, path, body string) bool { return stepOf(method, path, body) == step })
	gateway := c.gateway
	var caller sync.WaitGroup
	caller.Go(func() {
		keys := []string{}
		if c.key != "" {
			keys = append(keys, c.key)
		}
		_, err := gateway.trySend(http.MethodPost, c.token, setups, c.body, keys...)
		assert.Error(t, err, "the gateway answered before it was killed")
	})
	select {
	case <-held.there:
	case <-time.After(patience):
		t.Errorf("the step %s does not come", step)
	}
	_ = gateway.command.Process.Kill()
	<-gateway.ended
	caller.Wait()
	held.pass()
}

// left is how many set-ups the database knows of.
func (c *setupCrash) left(t *testing.T) int {
	t.Helper()
	driver, source := "sqlite", c.file+"?_pragma=busy_timeout(5000)"
	if c.postgres != "" {
		driver, source = "pgx", c.postgres
	}
	database, err := sql.Open(driver, source)
	require.NoError(t, err)
	defer func() { require.NoError(t, database.Close()) }()
	var count int
	require.NoError(t, database.QueryRowContext(t.Context(), "SELECT count(*) FROM setups").Scan(&count))
	return count
}

// brokenSetUp is a set-up that Medusa's death interrupts.
type brokenSetUp struct {
	held     *hold
	answered chan reply
}

// beginSetUp sends a set-up whose option Medusa has made, and not yet said so.
func beginSetUp(t *testing.T, p *program, token string, gate *gate) *brokenSetUp {
	t.Helper()
	s := &brokenSetUp{answered: make(chan reply, 1)}
	s.held = gate.hold(afterMedusa, func(method, path, body string) bool { return stepOf(method, path, body) == "shippingOption.pickup" })
	go func() {
		answer, err := p.trySend(http.MethodPost, token, setups, setupOf("Interrumpida", true, false))
		assert.NoError(t, err)
		s.answered <- answer
	}()
	s.held.await(t)
	return s
}

// requireLeftovers lets the answer get lost and asserts that the set-up says what is
// left of it.
func (s *brokenSetUp) requireLeftovers(t *testing.T) {
	t.Helper()
	s.held.drop()
	answer := <-s.answered
	require.GreaterOrEqual(t, answer.status, http.StatusInternalServerError, answer.text)
	require.Equal(t, "ROLLBACK_INCOMPLETE", gjson.Get(answer.text, "code").String(), answer.text)
	require.Equal(t, "shippingOption.pickup", gjson.Get(answer.text, "failedStep").String())
	require.Contains(t, gjson.Get(answer.text, "rollback.leftovers.#.step").Value(), "location", answer.text)
}
