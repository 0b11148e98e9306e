package routes

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	setups = "/api/stock-locations/setup"

	// Where Medusa makes what a set-up needs.
	medusaLocations = "/admin/stock-locations"
	medusaProviders = "/admin/stock-locations/*/fulfillment-providers"
	medusaSets      = "/admin/stock-locations/*/fulfillment-sets"
	medusaZones     = "/admin/fulfillment-sets/*/service-zones"
	medusaOptions   = "/admin/shipping-options"
	medusaChannels  = "/admin/stock-locations/*/sales-channels"

	// dispensary is the request of the Cannahub API's documentation, with a sales
	// channel of the catalogue.
	dispensary = `{"name":"High Up - Dispensario Palermo","address":{"address_1":"Av. Santa Fe 3200","city":"Buenos Aires",
		"province":"CABA","postal_code":"C1425","country_code":"AR"},"enableShipping":false,"enablePickup":true,"salesChannelId":"sc_cannahub",
		"metadata":{"club":"high-up","type":"dispensary","schedule":{"monday":"10:00-20:00","sunday":"closed"}}}`

	// dispensarySample is what it is answered there, less the ids and the figures of
	// the summary. Names it gives in its own words are given as they are made.
	dispensarySample = `{"stockLocation":{"name":"High Up - Dispensario Palermo","address":{"address_1":"Av. Santa Fe 3200","city":"Buenos Aires",
		"province":"CABA","postal_code":"C1425","country_code":"AR"},"metadata":{"club":"high-up","type":"dispensary"}},
		"fulfillmentSet":{"name":"High Up - Dispensario Palermo Fulfillment","type":"pickup"},
		"serviceZone":{"name":"High Up - Dispensario Palermo Zone","geo_zones":[{"type":"country","country_code":"AR"}]},
		"shippingOptions":[{"name":"Retiro en High Up - Dispensario Palermo","price_type":"flat","amount":0,"is_return":false,
		"metadata":{"type":"pickup"}}],"summary":{}}`
)

// setUp sends a set-up as the admin user.
func (s *shop) setUp(t *testing.T, body string, changes ...with) answer {
	t.Helper()
	return s.change(t, http.MethodPost, setups, body, changes...)
}

// altered is the documented request with something else in it.
func altered(t *testing.T, from, to string) string {
	t.Helper()
	require.Contains(t, dispensary, from)
	return strings.Replace(dispensary, from, to, 1)
}

// assertNothingLeft fails when Medusa holds other rows than before, or a link
// that breaks every checkout of its channel. The type that all options share stays.
func (s *shop) assertNothingLeft(t *testing.T, before map[string]int, why string) {
	t.Helper()
	now := s.medusa.Rows()
	assert.LessOrEqual(t, now["shipping_option_type"], 1, "types of options: %s", why)
	before = maps.Clone(before)
	delete(before, "shipping_option_type")
	delete(now, "shipping_option_type")
	assert.Equal(t, before, now, "rows in Medusa: %s", why)
	assert.Empty(t, s.medusa.DeadLinks(), why)
}

func TestTheSetUpOfTheCannahubAPI(t *testing.T) {
	s := openBook(t)
	got := s.setUp(t, dispensary)
	require.Equal(t, http.StatusCreated, got.status, "%s", got.body)
	said := decodeObject(t, got.body)
	assertHolds(t, decodeObject(t, []byte(dispensarySample)), said, "")
	assert.Equal(t, []any{said["fulfillmentSet"]}, said["fulfillmentSets"])
	assert.Equal(t, []any{said["serviceZone"]}, said["serviceZones"])
	assert.InDelta(t, len(s.medusa.Calls()), said["summary"].(map[string]any)["totalApiCalls"], 0, "calls to Medusa")
	assert.Equal(t, "10", got.header.Get("X-Medusa-Calls"))

	location, _ := said["stockLocation"].(map[string]any)
	id, _ := location["id"].(string)
	for _, option := range said["shippingOptions"].([]any) {
		assert.Equal(t, id, option.(map[string]any)["metadata"].(map[string]any)["locationId"])
	}
	assert.Equal(t, location, decodeObject(t, s.get(t, "/api/locations/"+id).body)["location"], "the location as it is read afterwards")
}

func TestASetUpShowsInTheLocationsAtOnce(t *testing.T) {
	s := openBook(t)
	const path = "/api/locations?search=palermo"
	require.InDelta(t, 1, decodeObject(t, s.get(t, path).body)["count"], 0)
	require.Equal(t, http.StatusCreated, s.setUp(t, dispensary).status)
	assert.InDelta(t, 2, decodeObject(t, s.get(t, path).body)["count"], 0, "a held answer is new after a set-up")
}

func TestADryRunOfASetUpMakesNothing(t *testing.T) {
	s := openBook(t)
	before := s.medusa.Rows()
	for range 2 {
		got := s.setUp(t, altered(t, `"enableShipping":false`, `"enableShipping":true,"dryRun":true`), key("k"))
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		assert.Empty(t, got.header.Get("Idempotent-Replayed"), "a dry run is not kept")
		said := decodeObject(t, got.body)
		assert.Equal(t, true, said["dryRun"])
		assert.Equal(t, []string{
			"location", "provider", "fulfillmentSet.pickup", "serviceZone.pickup", "shippingOption.pickup",
			"fulfillmentSet.shipping", "serviceZone.shipping", "shippingOption.shipping", "salesChannel",
		}, column(t, said["steps"], "step"))
		assert.Equal(t, []string{"shippingProfile", "provider", "currency", "salesChannel"}, column(t, said["checks"], "check"))
	}
	for _, call := range s.medusa.Calls() {
		assert.Equal(t, http.MethodGet, call.Method, "a call of a dry run: %s", call.Path)
	}
	assert.Equal(t, before, s.medusa.Rows(), "rows in Medusa")
	assert.Equal(t, bff.SalesChannelNotFound,
		s.setUp(t, altered(t, `"sc_cannahub"`, `"sc_nope","dryRun":true`)).problem(t).Code, "a dry run checks")
}

func TestASetUpByKeyIsMadeOnce(t *testing.T) {
	s := openBook(t)
	first := s.setUp(t, dispensary, key("k"))
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	assert.Empty(t, first.header.Get("Idempotent-Replayed"))
	before := s.medusa.Rows()
	again := s.setUp(t, dispensary, key("k"))
	assert.Equal(t, http.StatusCreated, again.status)
	assert.Equal(t, string(first.body), string(again.body))
	assert.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	assert.Equal(t, "0", again.header.Get("X-Medusa-Calls"))
	other := s.setUp(t, altered(t, "Palermo", "Belgrano"), key("k"))
	assert.Equal(t, bff.IdempotencyKeyReused, other.problem(t).Code)
	assert.Equal(t, before, s.medusa.Rows(), "rows in Medusa after the key came again")
}

func TestSetUpsThatBreakARule(t *testing.T) {
	const good = `"name":"Norte","address":{"address_1":"Ruta 8","country_code":"ar"}`
	s := openBook(t)
	for body, wanted := range map[string][]string{
		`{` + good + `,"metadata":{"_gateway_setup":"a"}}`: {"/metadata/_gateway_setup RESERVED"},
		`[]`:                             {" NOT_AN_OBJECT"},
		`{}`:                             {"/name MISSING", "/address MISSING"},
		`{"name":"Norte","address":"x"}`: {"/address NOT_AN_OBJECT"},
		`{"name":"Norte","address":{}}`:  {"/address/address_1 MISSING", "/address/country_code MISSING"},
		`{"name":"","address":{"address_1":"","country_code":""}}`:          {"/name EMPTY", "/address/address_1 EMPTY", "/address/country_code EMPTY"},
		strings.Replace(`{`+good+`}`, "Norte", `a\tb`, 1):                   {"/name INVALID_CHARACTERS"},
		strings.Replace(`{`+good+`}`, "Norte", "  ", 1):                     {"/name EMPTY"},
		strings.Replace(`{`+good+`}`, "Norte", strings.Repeat("ñ", 300), 1): {"/name TOO_LONG"},
		strings.Replace(`{`+good+`}`, `"ar"`, `"ZZZ"`, 1):                   {"/address/country_code NOT_A_COUNTRY"},
		strings.Replace(`{`+good+`}`, `"ar"`, `"xx"`, 1):                    {"/address/country_code NOT_A_COUNTRY"},
		strings.Replace(`{`+good+`}`, `"ar"`, `54`, 1):                      {"/address/country_code NOT_TEXT"},
		strings.Replace(`{`+good+`}`, `"ar"`, `"ar","zip":"1000"`, 1):       {"/address/zip UNKNOWN_FIELD"},
		`{` + good + `,"enablePickup":false}`:                               {" NOTHING_ENABLED"},
		`{` + good + `,"enableShipping":"true"}`:                            {"/enableShipping NOT_A_BOOLEAN"},
		`{` + good + `,"salesChannelId":"a,b"}`:                             {"/salesChannelId INVALID_CHARACTERS"},
		`{` + good + `,"metadata":[]}`:                                      {"/metadata NOT_AN_OBJECT"},
		`{` + good + `,"shippingAmount":-1}`:                                {"/shippingAmount NOT_A_QUANTITY"},
		`{` + good + `,"currencyCode":"pesos"}`:                             {"/currencyCode NOT_A_CURRENCY"},
		`{` + good + `,"enablePikup":true,"dryRun":1}`:                      {"/enablePikup UNKNOWN_FIELD", "/dryRun NOT_A_BOOLEAN"},
	} {
		assert.ElementsMatch(t, wanted, faultsOf(t, s.setUp(t, body)), "%s", body)
	}
	assert.Equal(t, []string{"/Idempotency-Key IDEMPOTENCY_KEY_INVALID"}, faultsOf(t, s.setUp(t, dispensary, key(""))))
	assert.Equal(t, invalidJSON, s.setUp(t, dispensary[1:]).problem(t).Code)
	assert.Equal(t, unsupportedMedia, s.setUp(t, dispensary, header("Content-Type", "text/plain")).problem(t).Code)
	assert.Empty(t, s.medusa.Calls(), "Medusa was asked for requests that break a rule")
}

func TestSetUpsOnWhatIsNotThere(t *testing.T) {
	s := openBook(t)
	before := s.medusa.Rows()
	got := s.setUp(t, altered(t, "sc_cannahub", "sc_nope"))
	require.Equal(t, http.StatusNotFound, got.status, "%s", got.body)
	assert.Equal(t, bff.SalesChannelNotFound, got.problem(t).Code)
	faults := faultsOf(t, s.setUp(t, altered(t, `"enableShipping"`, `"shippingProfileId":"sp_nope","providerId":"dhl_dhl","enableShipping"`)))
	assert.Equal(t, []string{"/shippingProfileId UNKNOWN_PROFILE", "/providerId UNKNOWN_PROVIDER"}, faults, "both at once")
	for _, call := range s.medusa.Calls() {
		assert.Equal(t, http.MethodGet, call.Method, "everything is checked before the first write: %s", call.Path)
	}
	assert.Equal(t, before, s.medusa.Rows(), "rows in Medusa")
}

func TestASetUpNeedsTheRightToIt(t *testing.T) {
	s := openBook(t)
	before := s.medusa.Rows()
	got := s.ask(t, http.MethodPost, setups, strings.NewReader(dispensary), header("Content-Type", "application/json"))
	assert.Equal(t, bff.Unauthorized, got.problem(t).Code)
	assert.Empty(t, s.medusa.Calls(), "Medusa is not asked without a credential")
	got = s.setUp(t, dispensary, authorization("Bearer "+s.medusa.ExpiredToken(medusatest.UserID)))
	assert.Equal(t, bff.Unauthorized, got.problem(t).Code)
	s.medusa.PutUser(medusatest.User{ID: "user_guest", Email: "guest@cannahub.test", Forbidden: true})
	got = s.setUp(t, dispensary, authorization("Bearer "+s.medusa.Token("user_guest")))
	assert.Equal(t, bff.Forbidden, got.problem(t).Code)
	assert.Equal(t, before, s.medusa.Rows(), "rows in Medusa")
}

func TestASetUpIsOnlyPosted(t *testing.T) {
	s := openBook(t)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
		got := s.ask(t, method, setups, nil, authorization("Bearer "+s.token))
		assert.Equal(t, http.StatusMethodNotAllowed, got.status, method)
		assert.Equal(t, "OPTIONS, POST", got.header.Get("Allow"), method)
	}
	assert.Empty(t, s.medusa.Calls())
}

// assertExample fails when an answer is not the example of that name.
func assertExample(t *testing.T, name string, got answer) {
	t.Helper()
	example := theDocument(t).Components.Examples[name]
	require.NotNil(t, example, "the example %s", name)
	wanted, err := json.Marshal(example.Value.Value)
	require.NoError(t, err)
	assert.JSONEq(t, timeless(wanted), timeless(got.body), "the example %s", name)
}

// requestOfExamples is the id that requests have in the examples of errors.
var requestOfExamples = header("X-Request-Id", "4cb6e9d2")

func TestASetUpOfATakenName(t *testing.T) {
	s := openBook(t)
	require.Equal(t, http.StatusCreated, s.setUp(t, dispensary).status)
	before := s.medusa.Rows()
	linked := make(chan struct{}) // the provider, which is linked beside the making of the set
	s.medusa.Fail(medusatest.Match{Path: medusaProviders, Times: 1}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		medusa.ServeHTTP(w, r)
		close(linked)
	})
	s.medusa.Fail(medusatest.Match{Path: medusaSets}, medusatest.Hold(linked))
	got := s.setUp(t, dispensary, requestOfExamples)
	require.Equal(t, http.StatusConflict, got.status)
	assertExample(t, "SetupTakenUndone", got)
	s.assertNothingLeft(t, before, "after a name that is taken")
}

// failingSteps are the steps of the documented request after the first, with where
// Medusa makes them.
var failingSteps = []struct{ step, path string }{
	{"provider", medusaProviders},
	{"fulfillmentSet.pickup", medusaSets},
	{"serviceZone.pickup", medusaZones},
	{"shippingOption.pickup", medusaOptions},
	{"salesChannel", medusaChannels},
}

func TestASetUpOfWhichAStepIsRefused(t *testing.T) {
	for _, c := range failingSteps {
		t.Run(c.step, func(t *testing.T) {
			t.Parallel()
			s := openBook(t)
			before := s.medusa.Rows()
			lift := s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: c.path},
				medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"refused"}`))
			got := s.setUp(t, dispensary, key("k"))
			require.Equal(t, http.StatusBadGateway, got.status, "%s", got.body)
			said := got.problem(t)
			assert.Equal(t, bff.SetupRolledBack, said.Code)
			assert.Equal(t, bff.NetworkError, said.Cause)
			assert.Equal(t, c.step, said.FailedStep)
			require.NotNil(t, said.Rollback)
			assert.True(t, said.Rollback.Complete)
			assert.Empty(t, said.Rollback.Leftovers)
			s.assertNothingLeft(t, before, "after a failure of "+c.step)
			assert.Equal(t, "ERROR", s.log.of(t, got.header.Get("X-Request-Id"))["level"])

			lift()
			again := s.setUp(t, dispensary, key("k"))
			require.Equal(t, http.StatusCreated, again.status, "the same request with the same key, when all is well: %s", again.body)
			assert.Empty(t, again.header.Get("Idempotent-Replayed"))
		})
	}
}

func TestASetUpOfWhichNothingIsMade(t *testing.T) {
	s := openBook(t)
	before := s.medusa.Rows()
	lift := s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: medusaLocations},
		medusatest.Answer(http.StatusForbidden, `{"type":"forbidden","message":"Forbidden"}`))
	got := s.setUp(t, dispensary, key("k"))
	require.Equal(t, http.StatusForbidden, got.status, "%s", got.body)
	assert.Equal(t, bff.Forbidden, got.problem(t).Code, "there is nothing to undo")
	assert.Nil(t, got.problem(t).Rollback)
	assert.Equal(t, before, s.medusa.Rows(), "rows in Medusa")
	lift()
	assert.Equal(t, http.StatusCreated, s.setUp(t, dispensary, key("k")).status, "the refusal is not kept")
}

func TestASetUpIsUndoneWithTheStatusOfItsCause(t *testing.T) {
	const refusal = `{"type":"not_allowed","message":"refused"}`
	for example, c := range map[string]struct {
		failure medusatest.Failure
		path    string
		status  int
	}{
		"SetupForbiddenUndone":    {medusatest.Answer(http.StatusForbidden, refusal), medusaOptions, http.StatusForbidden},
		"SetupBrokenUndone":       {medusatest.Answer(http.StatusBadRequest, refusal), medusaOptions, http.StatusBadGateway},
		"SetupUnauthorizedUndone": {medusatest.Answer(http.StatusUnauthorized, refusal), medusaOptions, http.StatusUnauthorized},
		"SetupSlowLeft":           {medusatest.Hang(), medusaOptions, http.StatusGatewayTimeout},
		"SetupUnreachableLeft":    {medusatest.Cut(), medusaChannels, http.StatusServiceUnavailable},
	} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			s := openBook(t, func(b *setup) { b.medusaTimeout = time.Second })
			before := s.medusa.Rows()
			s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: c.path, Times: 1}, c.failure)
			got := s.setUp(t, dispensary, requestOfExamples)
			require.Equal(t, c.status, got.status, "%s", got.body)
			assertExample(t, example, got)
			if strings.HasSuffix(example, "Undone") {
				s.assertNothingLeft(t, before, "after the undoing")
			}
			require.Empty(t, s.medusa.DeadLinks())
		})
	}
}

func TestASetUpThatFailsInThreeLanguages(t *testing.T) {
	s := openBook(t)
	s.medusa.Fail(medusatest.Match{Path: medusaOptions}, medusatest.Answer(http.StatusForbidden, `{"type":"forbidden","message":"Forbidden"}`))
	lost := altered(t, `"Av. Santa Fe 3200"`, `"perdida"`)
	for language, wanted := range map[string]struct{ title, cause, undone, left string }{
		"en": {"Set-up undone", "Medusa does not allow this", "Everything that was made is removed again", "Not everything that was made could be removed yet"},
		"es": {"Configuración deshecha", "Medusa no lo permite", "Todo lo creado se eliminó", "Aún no se pudo eliminar todo lo creado"},
		"de": {"Einrichtung zurückgenommen", "Medusa erlaubt", "Alles Angelegte ist wieder entfernt", "Noch nicht alles Angelegte konnte entfernt werden"},
	} {
		got := s.setUp(t, dispensary, header("Accept-Language", language))
		require.Equal(t, http.StatusForbidden, got.status, "%s", got.body)
		said := got.problem(t)
		assert.Equal(t, wanted.title, said.Title)
		assert.Contains(t, said.Detail, wanted.cause, language)
		assert.Contains(t, said.Detail, wanted.undone, language)

		lift := s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: medusaLocations}, medusatest.Cut())
		got = s.setUp(t, lost, header("Accept-Language", language))
		require.Equal(t, http.StatusServiceUnavailable, got.status, "%s", got.body)
		assert.Equal(t, bff.RollbackIncomplete, got.problem(t).Code)
		assert.Contains(t, got.problem(t).Detail, wanted.left, language)
		lift()
	}
}

func TestASetUpThatCannotBeUndoneYet(t *testing.T) {
	s := openBook(t)
	s.medusa.Fail(medusatest.Match{Path: medusaOptions}, medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"refused"}`))
	s.medusa.Fail(medusatest.Match{Method: http.MethodDelete}, medusatest.Cut())
	got := s.setUp(t, dispensary, key("k"))
	require.Equal(t, http.StatusBadGateway, got.status, "%s", got.body)
	said := got.problem(t)
	assert.Equal(t, bff.RollbackIncomplete, said.Code)
	assert.Equal(t, "shippingOption.pickup", said.FailedStep)
	require.NotNil(t, said.Rollback)
	assert.False(t, said.Rollback.Complete)
	assert.Empty(t, said.Rollback.Undone)
	var left []string
	for _, each := range said.Rollback.Leftovers {
		left = append(left, each.Step)
		require.NotNil(t, each.ID, each.Step)
		assert.Equal(t, string(bff.NetworkError), each.Error, each.Step)
	}
	assert.ElementsMatch(t, []string{"location", "provider", "fulfillmentSet.pickup", "serviceZone.pickup"}, left)
	assert.InDelta(t, 1, s.gauge(t, "gateway_setup_leftovers"), 0)

	same := s.setUp(t, dispensary, key("k"))
	assert.Equal(t, bff.IdempotencyInProgress, same.problem(t).Code, "the same key while it is being undone")
}

// The database ends between a step that is made and its record.
func TestASetUpWhoseDatabaseFails(t *testing.T) {
	s := openBook(t)
	s.medusa.Fail(medusatest.Match{Path: medusaChannels}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		_ = s.forget() // asserted when the test ends
		medusa.ServeHTTP(w, r)
	})
	got := s.setUp(t, dispensary)
	require.Equal(t, http.StatusInternalServerError, got.status, "%s", got.body)
	said := got.problem(t)
	assert.Equal(t, bff.RollbackIncomplete, said.Code, "what becomes of it is decided when the database is back")
	assert.Equal(t, bff.Internal, said.Cause)
	assert.Equal(t, "salesChannel", said.FailedStep)
	require.NotNil(t, said.Rollback)
	assert.Len(t, said.Rollback.Leftovers, 6, "all that was made: %s", got.body)
}

func TestSetUpsAreCounted(t *testing.T) {
	s := openBook(t)
	require.Equal(t, http.StatusCreated, s.setUp(t, dispensary).status)
	require.Equal(t, http.StatusConflict, s.setUp(t, dispensary).status)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: medusaLocations}, medusatest.Cut())
	require.Equal(t, http.StatusServiceUnavailable, s.setUp(t, dispensary).status)
	assert.Equal(t, map[string]float64{"done": 1, "rolled_back": 1, "incomplete": 1}, s.counted(t, "gateway_setups_total"))
}

// counted are the values of a counter with one label that are not 0, by that label.
func (s *shop) counted(t *testing.T, name string) map[string]float64 {
	t.Helper()
	families, err := s.registry.Gather()
	require.NoError(t, err)
	counted := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			if value := metric.GetCounter().GetValue(); value > 0 {
				counted[metric.GetLabel()[0].GetValue()] = value
			}
		}
	}
	return counted
}
