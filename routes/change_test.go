package routes

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	levels      = "/api/inventory/levels"
	adjustments = "/api/inventory/adjustments"
	batchUpdate = "/api/inventory/batch-update"
	audit       = "/api/inventory/audit"

	// medusaBatch is where Medusa's levels are written.
	medusaBatch = "/admin/inventory-items/location-levels/batch"
)

// changeRoutes is a good request of each route that changes stock.
var changeRoutes = []struct{ method, path, body string }{
	{http.MethodPatch, levels, `{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_high_up","stockedQuantity":60}`},
	{http.MethodDelete, levels, `{"inventoryItemId":"iitem_alerta_agotado","locationId":"sloc_high_up"}`},
	{http.MethodPost, adjustments, `{"variantId":"variant_bd_7g","locationId":"sloc_high_up","adjustment":1,"reason":"received"}`},
	{http.MethodPost, batchUpdate, `{"updates":[{"sku":"BD-7G-001","locationId":"sloc_high_up","quantity":60}]}`},
}

// adjust adjusts what an address names at High Up.
func (s *shop) adjust(t *testing.T, address, by string, changes ...with) answer {
	t.Helper()
	return s.change(t, http.MethodPost, adjustments, `{`+address+`,"locationId":"sloc_high_up","adjustment":`+by+`,"reason":"correction"}`, changes...)
}

// batch sends rows, and what stands on the whole of them.
func (s *shop) batch(t *testing.T, rows, whole string, changes ...with) answer {
	t.Helper()
	return s.change(t, http.MethodPost, batchUpdate, `{"updates":[`+rows+`]`+whole+`}`, changes...)
}

// confirm has Medusa confirm the admin user's right to write, which it is not
// asked for again.
func (s *shop) confirm(t *testing.T) {
	t.Helper()
	got := s.batch(t, `{"sku":"BD-7G-001","locationId":"sloc_high_up","quantity":1}`, `,"dryRun":true`)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	s.medusa.ResetCalls()
}

// writes counts the calls that wrote levels.
func (s *shop) writes() int {
	count := 0
	for _, call := range s.medusa.Calls() {
		if call.Path == medusaBatch && !bytes.Equal(bytes.TrimSpace(call.Body), []byte("{}")) {
			count++
		}
	}
	return count
}

// assertStock fails when Medusa does not hold so much.
func (s *shop) assertStock(t *testing.T, itemID, locationID string, stocked float64, why string) {
	t.Helper()
	level, exists := s.medusa.Level(itemID, locationID)
	require.True(t, exists, "the level of %s at %s", itemID, locationID)
	assert.InDelta(t, stocked, level.Stocked, 0, "stock of %s at %s: %s", itemID, locationID, why)
}

func TestTheChangesOfTheCannahubAPI(t *testing.T) {
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		sample             string
	}{
		"level": {
			http.MethodPatch, levels, `{"inventoryItemId":"iitem_01HQ_BD_7G","locationId":"sloc_high_up","stockedQuantity":60}`, http.StatusOK,
			`{"level":{"id":"ilevel_01HQ","locationId":"sloc_high_up","stockedQuantity":60,"reservedQuantity":5,"incomingQuantity":0,"availableQuantity":55}}`,
		},
		// The sample prints 525 grams in the summary, which its own rows do not give.
		"batch": {
			http.MethodPost, batchUpdate, `{"updates":[{"variantId":"variant_bd_1g","locationId":"sloc_high_up","quantity":150},
				{"variantId":"variant_bd_7g","locationId":"sloc_high_up","quantity":75}]}`, http.StatusOK,
			`{"success":true,"updated":2,"failed":0,"results":[
				{"variantId":"variant_bd_1g","locationId":"sloc_high_up","previousQuantity":100,"newQuantity":150,"totalGrams":150,"status":"success"},
				{"variantId":"variant_bd_7g","locationId":"sloc_high_up","previousQuantity":50,"newQuantity":75,"totalGrams":525,"status":"success"}],
				"summary":{"totalUnitsUpdated":75,"totalGramsUpdated":225}}`,
		},
		"batch with a partial error": {
			http.MethodPost, batchUpdate, `{"updates":[{"variantId":"variant_bd_1g","locationId":"sloc_high_up","quantity":150},
				{"variantId":"variant_invalid","locationId":"sloc_high_up","quantity":75}]}`, http.StatusMultiStatus,
			`{"success":false,"updated":1,"failed":1,"results":[
				{"variantId":"variant_bd_1g","status":"success","previousQuantity":100,"newQuantity":150},
				{"variantId":"variant_invalid","status":"error","error":"Variant not found"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := sampleShop(t, false)
			got := s.change(t, c.method, c.path, c.body)
			require.Equal(t, c.status, got.status, "%s", got.body)
			assertHolds(t, decodeObject(t, []byte(c.sample)), decodeObject(t, got.body), "")
		})
	}
}

func TestAChangeOfALevel(t *testing.T) {
	s := openBook(t)
	got := s.change(t, http.MethodPatch, levels,
		`{"inventoryItemId":"iitem_sin_nivel","locationId":"sloc_mayorista","stockedQuantity":7.5,"incomingQuantity":2}`)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	level, exists := s.medusa.Level("iitem_sin_nivel", "sloc_mayorista")
	require.True(t, exists, "a level that was not there is made")
	assert.Equal(t, medusatest.Quantities{Stocked: 7.5, Incoming: 2}, level)

	got = s.change(t, http.MethodPatch, levels, `{"inventoryItemId":"iitem_sin_nivel","locationId":"sloc_mayorista","incomingQuantity":0}`)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	s.assertStock(t, "iitem_sin_nivel", "sloc_mayorista", 7.5, "what was not sent stays")

	got = s.change(t, http.MethodPatch, levels, `{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_high_up","stockedQuantity":2}`)
	require.Equal(t, http.StatusOK, got.status, "less than what is reserved can be set")
	assert.Contains(t, string(got.body), `"availableQuantity":-3`)

	remove := `{"inventoryItemId":"iitem_sin_nivel","locationId":"sloc_mayorista"`
	assert.Equal(t, bff.LevelHasStock, s.change(t, http.MethodDelete, levels, remove+`}`).problem(t).Code)
	require.Equal(t, http.StatusOK, s.change(t, http.MethodDelete, levels, remove+`,"force":true}`).status)
	_, exists = s.medusa.Level("iitem_sin_nivel", "sloc_mayorista")
	assert.False(t, exists, "a level that was deleted")
	assert.Equal(t, bff.LevelNotFound, s.change(t, http.MethodDelete, levels, remove+`}`).problem(t).Code)
}

func TestAnAdjustmentByEachAddress(t *testing.T) {
	s := openBook(t)
	for address, c := range map[string]struct {
		itemID  string
		stocked float64
		units   string // the new quantity of the answer
	}{
		`"inventoryItemId":"iitem_bd_1g"`: {"iitem_bd_1g", 103, "103"},
		`"sku":"BD-7G-001"`:               {"iitem_bd_7g", 53, "53"},
		`"variantId":"variant_preroll_6"`: {"iitem_preroll", 68, "11"}, // packs of six
	} {
		got := s.adjust(t, address, "3")
		require.Equal(t, http.StatusOK, got.status, "%s: %s", address, got.body)
		assert.Contains(t, string(got.body), `"newQuantity":`+c.units+`,`, address)
		s.assertStock(t, c.itemID, "sloc_high_up", c.stocked, "adjusted by 3 of "+address)
	}
}

func TestAdjustmentsAreExact(t *testing.T) {
	s := openBook(t)
	s.medusa.SetLevel("iitem_bd_1g", "sloc_high_up", medusatest.Quantities{Stocked: 0.1})
	got := s.adjust(t, `"inventoryItemId":"iitem_bd_1g"`, "0.2")
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	assert.Contains(t, string(got.body), `"stockedQuantity":0.3,`)
	assert.Contains(t, string(got.body), `"previousQuantity":0.1,"newQuantity":0.3,"adjustment":0.2`)
	s.assertStock(t, "iitem_bd_1g", "sloc_high_up", 0.3, "0.1 + 0.2")
}

func TestALoneAdjustmentCostsTwoCalls(t *testing.T) {
	s := openBook(t)
	s.confirm(t)
	got := s.adjust(t, `"variantId":"variant_bd_7g"`, "-1")
	require.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, "2", got.header.Get("X-Medusa-Calls"))
	assert.Len(t, s.medusa.Calls(), 2, "calls to Medusa")
}

func TestRowsActOneAfterAnother(t *testing.T) {
	s := openBook(t)
	got := s.batch(t, `{"sku":"BD-1G-001","locationId":"sloc_high_up","quantity":9},
		{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","adjustment":-10},
		{"variantId":"variant_bd_1g","locationId":"sloc_high_up","adjustment":-3}`, `,"reason":"cycleCount"`)
	require.Equal(t, http.StatusMultiStatus, got.status, "%s", got.body)
	said := decodeObject(t, got.body)
	assert.Equal(t, []string{"success", "error", "success"}, column(t, said["results"], "status"), "in the order of the rows")
	assert.Contains(t, string(got.body), `"previousQuantity":9,"newQuantity":6,`)
	assert.Contains(t, string(got.body), `"warning":"Less than what is reserved (10)"`)
	s.assertStock(t, "iitem_bd_1g", "sloc_high_up", 6, "9, then 3 fewer")
	assert.Equal(t, 1, s.writes(), "calls that wrote")
}

func TestAnAtomicBatchWithABadRow(t *testing.T) {
	s := openBook(t)
	before := s.medusa.Levels()
	rows := make([]string, 0, 200)
	for i := range 199 {
		rows = append(rows, fmt.Sprintf(`{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","quantity":%d}`, i))
	}
	got := s.batch(t, strings.Join(append(rows, `{"sku":"NOPE","locationId":"sloc_high_up","quantity":1}`), ","), `,"atomic":true`)
	require.Equal(t, http.StatusUnprocessableEntity, got.status)
	said := decodeObject(t, got.body)
	statuses := column(t, said["results"], "status")
	assert.Equal(t, "error", statuses[199])
	assert.NotContains(t, statuses[:199], "success")
	assert.InDelta(t, 200, said["failed"], 0)
	assert.Equal(t, before, s.medusa.Levels(), "no level was touched")
	assert.Zero(t, s.writes(), "calls that wrote")
	assert.InDelta(t, 0, decodeObject(t, s.get(t, audit).body)["count"], 0, "nor has the audit any of it")
}

func TestADryRunAnswersAsTheChangeWould(t *testing.T) {
	s := openBook(t)
	before := s.medusa.Levels()
	rows := `{"variantId":"variant_bd_7g","locationId":"sloc_high_up","quantity":3},
		{"sku":"PR-OGK","locationId":"sloc_deposito","adjustment":-1},{"variantId":"variant_kit_armado","locationId":"sloc_high_up","quantity":1},
		{"variantId":"variant_bd_7g","locationId":"sloc_high_up","adjustment":1}`
	dry := s.batch(t, rows, `,"dryRun":true`)
	assert.Equal(t, before, s.medusa.Levels(), "a dry run writes nothing")
	assert.InDelta(t, 0, decodeObject(t, s.get(t, audit).body)["count"], 0, "nor into the audit")
	real := s.batch(t, rows, "")
	assert.Equal(t, real.status, dry.status)
	dried, done := decodeObject(t, dry.body), decodeObject(t, real.body)
	assert.Equal(t, true, dried["dryRun"])
	assert.NotEmpty(t, done["batchId"])
	delete(dried, "dryRun")
	delete(done, "batchId")
	assert.Equal(t, done, dried)
}

func TestRowsSpeakTheCallersLanguage(t *testing.T) {
	s := openBook(t)
	row := `{"variantId":"variant_nope","locationId":"sloc_high_up","quantity":1}`
	for language, words := range map[string]string{"en": "Variant not found", "es-AR": "Variante no encontrada", "de": "Variante nicht gefunden"} {
		got := s.batch(t, row, "", header("Accept-Language", language))
		require.Equal(t, http.StatusUnprocessableEntity, got.status)
		assert.Contains(t, string(got.body), `"error":"`+words+`","code":"VARIANT_NOT_FOUND"`, language)
	}
}

func TestHeldAnswersAreNewAfterAChange(t *testing.T) {
	s := openBook(t)
	paths := []string{"/api/inventory/iitem_bd_7g", flower, "/api/inventory?sku=BD-7G-001"}
	before := map[string]answer{}
	for _, path := range paths {
		before[path] = s.get(t, path)
	}
	require.Equal(t, http.StatusOK, s.adjust(t, `"variantId":"variant_bd_7g"`, "-1").status)
	for _, path := range paths {
		after := s.get(t, path, header("If-None-Match", before[path].header.Get("ETag")))
		require.Equal(t, http.StatusOK, after.status, "%s after the change", path)
		assert.NotEqual(t, before[path].body, after.body, path)
	}
}

func TestTheAudit(t *testing.T) {
	s := openBook(t)
	began := time.Now().UTC()
	for by := range 3 {
		require.Equal(t, http.StatusOK, s.adjust(t, `"variantId":"variant_bd_7g"`, strconv.Itoa(by+1), header("X-Request-Id", "r-"+strconv.Itoa(by))).status)
	}
	s.medusa.SetLevel("iitem_bd_7g", "sloc_high_up", medusatest.Quantities{Stocked: 20, Reserved: 5}) // behind the gateway's back
	batch := s.batch(t, `{"sku":"BD-7G-001","locationId":"sloc_high_up","quantity":21},{"sku":"BD-1G-001","locationId":"sloc_high_up","quantity":1}`,
		`,"reason":"cycleCount","reference":"hoja 4","sourceHarvestId":"harvest_9"`)
	require.Equal(t, http.StatusOK, batch.status)
	s.settled(t)
	batchID := fmt.Sprint(decodeObject(t, batch.body)["batchId"])

	got := decodeObject(t, s.get(t, audit+"?inventoryItemId=iitem_bd_7g&locationId=sloc_high_up").body)
	assert.Equal(t, []string{"applied", "outside", "applied", "applied", "applied"}, column(t, got["entries"], "state"), "newest first")
	entries, _ := got["entries"].([]any)
	for i := range len(entries) - 1 {
		newer, _ := entries[i].(map[string]any)
		older, _ := entries[i+1].(map[string]any)
		assert.Equal(t, older["newQuantity"], newer["previousQuantity"], "the chain between entries %d and %d", i+1, i)
	}
	for query, count := range map[string]float64{
		"":                         6,
		"?batchId=" + batchID:      2,
		"?reason=cycleCount":       2,
		"?reason=none":             0,
		"?variantId=variant_bd_7g": 3,
		"?actor=user_admin":        5,
		"?actor=user_nobody":       0,
		"?to=" + began.Add(-time.Minute).Format(time.RFC3339):   0,
		"?from=" + began.Add(-time.Minute).Format(time.RFC3339): 6,
	} {
		assert.InDelta(t, count, decodeObject(t, s.get(t, audit+query).body)["count"], 0, "entries of %q", query)
	}
	page := decodeObject(t, s.get(t, audit+"?limit=1&offset=1&batchId="+batchID).body)
	assert.Len(t, page["entries"], 1)
	assert.InDelta(t, 2, page["count"], 0)
}

func TestTheAuditNeedsTheRightToRead(t *testing.T) {
	s := openBook(t)
	s.medusa.PutUser(medusatest.User{ID: "user_guest", Email: "guest@cannahub.test", Forbidden: true})
	assert.Equal(t, http.StatusUnauthorized, s.anonymous(t, audit).status)
	assert.Empty(t, s.medusa.Calls(), "Medusa is not asked without a credential")
	assert.Equal(t, http.StatusUnauthorized, s.anonymous(t, audit, authorization("Bearer "+s.medusa.ExpiredToken(medusatest.UserID))).status)
	assert.Equal(t, http.StatusForbidden, s.anonymous(t, audit, authorization("Bearer "+s.medusa.Token("user_guest"))).status)
	assert.Equal(t, "1", s.get(t, audit).header.Get("X-Medusa-Calls"))
	assert.Equal(t, "0", s.get(t, audit).header.Get("X-Medusa-Calls"), "a right that was confirmed")
	for query, wanted := range map[string]string{
		"?from=yesterday": "/from NOT_A_TIME", "?to=2026-11-22": "/to NOT_A_TIME", "?item=a": "/item UNKNOWN_PARAMETER", "?reason=": "/reason EMPTY",
		"?from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z": "/to NOT_LATER", "?limit=0": "/limit OUT_OF_RANGE",
	} {
		assert.Equal(t, []string{wanted}, faultsOf(t, s.get(t, audit+query)), query)
	}
}

func TestChangesNeedTheRightToWrite(t *testing.T) {
	const recorded = `{"type":"forbidden","message":"Insufficient permissions. Required policies: inventory_level:update"}`
	for _, route := range changeRoutes {
		s := openBook(t)
		before := s.medusa.Levels()
		got := s.ask(t, route.method, route.path, strings.NewReader(route.body), header("Content-Type", "application/json"))
		assert.Equal(t, http.StatusUnauthorized, got.status, "%s %s without a credential", route.method, route.path)
		assert.Empty(t, s.medusa.Calls(), "Medusa is not asked without a credential")

		got = s.change(t, route.method, route.path, route.body, authorization("Bearer "+s.medusa.ExpiredToken(medusatest.UserID)))
		assert.Equal(t, bff.Unauthorized, got.problem(t).Code, "%s %s with an expired token", route.method, route.path)

		lift := s.medusa.Fail(medusatest.Match{Path: medusaBatch}, medusatest.Answer(http.StatusForbidden, recorded))
		got = s.change(t, route.method, route.path, route.body)
		assert.Equal(t, bff.Forbidden, got.problem(t).Code, "%s %s with a role that may not", route.method, route.path)
		assert.Equal(t, before, s.medusa.Levels(), "stock after refused %s %s", route.method, route.path)
		lift()
		assert.Equal(t, http.StatusOK, s.change(t, route.method, route.path, route.body).status, "a refusal is not remembered")
	}
}

func TestBodiesThatAreNotJSON(t *testing.T) {
	s := openBook(t)
	for _, route := range changeRoutes {
		for name, changes := range map[string][]with{
			"no media type": {func(r *http.Request) { r.Header.Del("Content-Type") }},
			"text":          {header("Content-Type", "text/plain")},
			"a form":        {header("Content-Type", "application/x-www-form-urlencoded")},
			"Latin 1":       {header("Content-Type", "application/json; charset=iso-8859-1")},
			"gzip":          {header("Content-Encoding", "gzip")},
		} {
			got := s.change(t, route.method, route.path, route.body, changes...)
			require.Equal(t, http.StatusUnsupportedMediaType, got.status, "%s to %s %s", name, route.method, route.path)
			assert.Equal(t, unsupportedMedia, got.problem(t).Code)
		}
		for name, body := range map[string]string{
			"nothing": "", "half": route.body[:len(route.body)-1], "two": route.body + route.body, "NUL": "{\"reason\":\"a\x00b\"}",
			"not UTF-8": "{\"reason\":\"a\xff\"}", "NaN": `{"stockedQuantity":NaN}`, "Infinity": `{"adjustment":-Infinity}`, "a comma": `{"updates":[1,]}`,
			"deep": strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
		} {
			got := s.change(t, route.method, route.path, body)
			require.Equal(t, http.StatusBadRequest, got.status, "%s to %s %s", name, route.method, route.path)
			assert.Equal(t, invalidJSON, got.problem(t).Code)
		}
		large := strings.Repeat(" ", 3<<20) + route.body
		for name, body := range map[string]io.Reader{"with a length": strings.NewReader(large), "chunked": io.MultiReader(strings.NewReader(large))} {
			got := s.ask(t, route.method, route.path, body, authorization("Bearer "+s.token), header("Content-Type", "application/json"))
			require.Equal(t, http.StatusRequestEntityTooLarge, got.status, "3 MiB %s to %s %s", name, route.method, route.path)
			assert.Equal(t, bff.BodyTooLarge, got.problem(t).Code)
		}
		assert.Equal(t, http.StatusOK, s.change(t, route.method, route.path, route.body, header("Content-Type", "Application/JSON; charset=UTF-8")).status)
	}
}

// faultsOf lists the faults of a refused request as "pointer CODE".
func faultsOf(t *testing.T, got answer) []string {
	t.Helper()
	require.Equal(t, http.StatusUnprocessableEntity, got.status, "%s", got.body)
	said := got.problem(t)
	assert.Equal(t, bff.ValidationFailed, said.Code)
	var faults []string
	for _, fault := range said.Errors {
		faults = append(faults, fault.Pointer+" "+fault.Code)
	}
	return faults
}
