package routes

import (
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

func key(value string) with { return header("Idempotency-Key", value) }

func TestTheSameKeyGetsTheSameAnswer(t *testing.T) {
	for _, route := range changeRoutes {
		s := openBook(t)
		first := s.change(t, route.method, route.path, route.body, key("k-1"))
		require.Equal(t, http.StatusOK, first.status, "%s %s: %s", route.method, route.path, first.body)
		assert.Empty(t, first.header.Get("Idempotent-Replayed"))
		before, writes := s.medusa.Levels(), s.writes()
		again := s.change(t, route.method, route.path, route.body, key("k-1"))
		assert.Equal(t, first.status, again.status)
		assert.Equal(t, string(first.body), string(again.body), "%s %s", route.method, route.path)
		assert.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
		other := s.change(t, route.method, route.path, strings.TrimSuffix(route.body, "}")+`,"reference":"another"}`, key("k-1"))
		assert.Equal(t, bff.IdempotencyKeyReused, other.problem(t).Code)
		assert.Equal(t, before, s.medusa.Levels(), "stock after the key came again")
		assert.Equal(t, writes, s.writes(), "calls that wrote")
	}
}

func TestAKeyOfAnotherRoute(t *testing.T) {
	s := openBook(t)
	body := `{"inventoryItemId":"iitem_alerta_agotado","locationId":"sloc_high_up"}`
	require.Equal(t, http.StatusOK, s.change(t, http.MethodDelete, levels, body, key("k")).status)
	patch := s.change(t, http.MethodPatch, levels, strings.TrimSuffix(body, "}")+`,"stockedQuantity":1}`, key("k"))
	assert.Equal(t, bff.IdempotencyKeyReused, patch.problem(t).Code)
}

func TestAPartialAnswerIsKept(t *testing.T) {
	s := openBook(t)
	rows := `{"sku":"BD-7G-001","locationId":"sloc_high_up","adjustment":1},{"sku":"NOPE","locationId":"sloc_high_up","quantity":1}`
	first := s.batch(t, rows, "", key("k"))
	require.Equal(t, http.StatusMultiStatus, first.status)
	again := s.batch(t, rows, "", key("k"))
	assert.Equal(t, http.StatusMultiStatus, again.status)
	assert.Equal(t, string(first.body), string(again.body))
	s.assertStock(t, "iitem_bd_7g", "sloc_high_up", 51, "added once")
}

func TestAKeyBelongsToItsUser(t *testing.T) {
	s := openBook(t)
	s.medusa.PutUser(medusatest.User{ID: "user_ana", Email: "ana@cannahub.test"})
	require.Equal(t, http.StatusOK, s.adjust(t, `"sku":"BD-7G-001"`, "1", key("k")).status)
	ana := s.adjust(t, `"sku":"BD-7G-001"`, "1", key("k"), authorization("Bearer "+s.medusa.Token("user_ana")))
	assert.Empty(t, ana.header.Get("Idempotent-Replayed"), "another user's key")
	s.assertStock(t, "iitem_bd_7g", "sloc_high_up", 52, "each added one")

	s.medusa.SetTokenLife(time.Hour)
	refreshed := s.medusa.Token(medusatest.UserID)
	require.NotEqual(t, s.token, refreshed)
	again := s.adjust(t, `"sku":"BD-7G-001"`, "1", key("k"), authorization("Bearer "+refreshed))
	assert.Equal(t, "true", again.header.Get("Idempotent-Replayed"), "a refreshed token is the same caller")
	s.assertStock(t, "iitem_bd_7g", "sloc_high_up", 52, "nothing added")
}

func TestWhatChangedNothingIsNotKept(t *testing.T) {
	s := openBook(t)
	require.Equal(t, bff.InsufficientStock, s.adjust(t, `"sku":"BD-7G-001"`, "-60", key("k-1")).problem(t).Code)
	s.medusa.SetLevel("iitem_bd_7g", "sloc_high_up", medusatest.Quantities{Stocked: 100})
	got := s.adjust(t, `"sku":"BD-7G-001"`, "-60", key("k-1"))
	require.Equal(t, http.StatusOK, got.status, "the same request, now that there is enough")
	assert.Empty(t, got.header.Get("Idempotent-Replayed"))

	row := `{"sku":"BD-7G-001","locationId":"sloc_high_up","adjustment":-60}`
	require.Equal(t, http.StatusUnprocessableEntity, s.batch(t, row, `,"atomic":true`, key("k-2")).status)
	s.medusa.SetLevel("iitem_bd_7g", "sloc_high_up", medusatest.Quantities{Stocked: 100})
	assert.Equal(t, http.StatusOK, s.batch(t, row, `,"atomic":true`, key("k-2")).status, "an atomic batch that was refused")

	for range 2 {
		dry := s.batch(t, row, `,"dryRun":true`, key("k-3"))
		assert.Empty(t, dry.header.Get("Idempotent-Replayed"), "a dry run is not kept")
	}
	lift := s.medusa.Fail(medusatest.Match{Method: http.MethodGet}, medusatest.HTML())
	require.Equal(t, bff.NetworkError, s.adjust(t, `"sku":"BD-7G-001"`, "1", key("k-3")).problem(t).Code)
	lift()
	require.Eventually(t, func() bool { return s.adjust(t, `"sku":"BD-7G-001"`, "1", key("k-3")).status == http.StatusOK }, waitFor, 20*time.Millisecond)
}

func TestKeysThatBreakARule(t *testing.T) {
	s := openBook(t)
	for name, change := range map[string]with{
		"empty":       key(""),
		"256 long":    key(strings.Repeat("k", 256)),
		"a control":   key("a\tb"),
		"not ASCII":   key("añejo"),
		"not UTF-8":   key("a\xffb"),
		"given twice": func(r *http.Request) { r.Header["Idempotency-Key"] = []string{"a", "b"} },
	} {
		for _, route := range changeRoutes {
			got := s.change(t, route.method, route.path, route.body, change)
			assert.Equal(t, []string{"/Idempotency-Key IDEMPOTENCY_KEY_INVALID"}, faultsOf(t, got), "%s: %s %s", name, route.method, route.path)
		}
	}
	assert.Empty(t, s.medusa.Calls())
	assert.Equal(t, http.StatusOK, s.adjust(t, `"sku":"BD-7G-001"`, "1", key(strings.Repeat("k", 255))).status)
}

func TestAKeyWhoseRequestIsRunning(t *testing.T) {
	s := openBook(t)
	s.confirm(t)
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: medusaBatch}, medusatest.Hold(released))
	first := make(chan answer, 1)
	request := s.request(t.Context(), t, adjustments)
	request.Method = http.MethodPost
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "k")
	const body = `{"sku":"BD-7G-001","locationId":"sloc_high_up","adjustment":1,"reason":"correction"}`
	setBody(request, body)
	go func() {
		got, err := s.send(request)
		assert.NoError(t, err)
		first <- got
	}()
	require.Eventually(t, func() bool { return s.writes() == 1 }, waitFor, tick)

	same := s.change(t, http.MethodPost, adjustments, body, key("k"))
	require.Equal(t, http.StatusConflict, same.status)
	assert.Equal(t, bff.IdempotencyInProgress, same.problem(t).Code)
	assert.Equal(t, "1", same.header.Get("Retry-After"))
	assert.Equal(t, bff.IdempotencyKeyReused, s.adjust(t, `"sku":"BD-7G-001"`, "2", key("k")).problem(t).Code)

	close(released)
	got := <-first
	require.Equal(t, http.StatusOK, got.status)
	again := s.change(t, http.MethodPost, adjustments, body, key("k"))
	assert.Equal(t, string(got.body), string(again.body))
	s.assertStock(t, "iitem_bd_7g", "sloc_high_up", 51, "added once")
}

func TestMedusaFailsBeforeAChange(t *testing.T) {
	for name, c := range map[string]struct {
		fail   func(*shop)
		status int
	}{
		"stopped":  {func(s *shop) { s.medusa.Close() }, http.StatusServiceUnavailable},
		"hanging":  {func(s *shop) { s.medusa.Fail(medusatest.Match{}, medusatest.Hang()) }, http.StatusGatewayTimeout},
		"nonsense": {func(s *shop) { s.medusa.Fail(medusatest.Match{}, medusatest.HTML()) }, http.StatusBadGateway},
		"broken": {func(s *shop) {
			s.medusa.Fail(medusatest.Match{}, medusatest.Answer(http.StatusInternalServerError, `{}`))
		}, http.StatusBadGateway},
	} {
		for _, confirmed := range []bool{false, true} {
			t.Run(name+" confirmed "+strconv.FormatBool(confirmed), func(t *testing.T) {
				t.Parallel()
				s := openBook(t, func(b *setup) { b.medusaTimeout = time.Second })
				if confirmed {
					s.confirm(t)
				}
				before := s.medusa.Levels()
				c.fail(s)
				for _, route := range changeRoutes[2:] {
					got := s.change(t, route.method, route.path, route.body, key("k"))
					if !assert.Contains(t, []int{c.status, http.StatusServiceUnavailable}, got.status, "%s: %s", route.path, got.body) {
						continue
					}
					assert.Equal(t, bff.NetworkError, got.problem(t).Code, "a failure before anything was sent")
				}
				assert.Equal(t, before, s.medusa.Levels())
			})
		}
	}
}

func TestTheAnswerToAWriteIsLost(t *testing.T) {
	for name, failure := range map[string]medusatest.Failure{
		"before Medusa made it": medusatest.Cut(),
		"after Medusa made it":  medusatest.CutAfter(),
		"in a proxy":            medusatest.HTML(),
		"in Medusa":             medusatest.Answer(http.StatusInternalServerError, `{"type":"unknown_error","message":"An unknown error occurred."}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openBook(t, func(b *setup) { b.requestTimeout = 2 * time.Second })
			s.confirm(t)
			s.medusa.Fail(medusatest.Match{Path: medusaBatch}, failure)
			got := s.adjust(t, `"sku":"BD-7G-001"`, "1", key("k"))
			require.Equal(t, http.StatusBadGateway, got.status, "%s", got.body)
			said := got.problem(t)
			require.Equal(t, bff.OutcomeUnknown, said.Code)
			require.NotEmpty(t, said.BatchID)
			wait, err := strconv.Atoi(got.header.Get("Retry-After"))
			require.NoError(t, err)
			assert.InDelta(t, 32, wait, 2)
			entries := decodeObject(t, s.get(t, audit+"?batchId="+said.BatchID).body)["entries"]
			assert.Equal(t, []string{"pending"}, column(t, entries, "state"), "the audit has it under the batchId")

			s.medusa.LiftFailures()
			writes := s.writes()
			again := s.adjust(t, `"sku":"BD-7G-001"`, "1", key("k"))
			require.Equal(t, bff.OutcomeUnknown, again.problem(t).Code, "the same key before it is settled")
			assert.Equal(t, said.BatchID, again.problem(t).BatchID)
			assert.Equal(t, writes, s.writes(), "nothing is sent anew")

			assert.Equal(t, http.StatusOK, s.adjust(t, `"sku":"BD-1G-001"`, "1").status, "other levels go on")
			waited := s.adjust(t, `"sku":"BD-7G-001"`, "1")
			require.Equal(t, http.StatusGatewayTimeout, waited.status, "the level itself is left alone")
			assert.Contains(t, waited.problem(t).Detail, "waited too long")
		})
	}
}

func TestTheAnswerToABatchIsLost(t *testing.T) {
	const rows = `{"sku":"BD-7G-001","locationId":"sloc_high_up","quantity":7},{"sku":"NOPE","locationId":"sloc_high_up","quantity":1}`
	s := openBook(t)
	s.confirm(t)
	s.medusa.Fail(medusatest.Match{Path: medusaBatch}, medusatest.CutAfter())
	got := s.batch(t, rows, "")
	require.Equal(t, http.StatusMultiStatus, got.status, "%s", got.body)
	said := decodeObject(t, got.body)
	assert.Equal(t, []string{"unknown", "error"}, column(t, said["results"], "status"))
	assert.Equal(t, []string{"OUTCOME_UNKNOWN", "SKU_NOT_FOUND"}, column(t, said["results"], "code"))
	assert.Equal(t, false, said["success"])

	got = s.batch(t, `{"sku":"BD-1G-001","locationId":"sloc_high_up","quantity":7}`, `,"atomic":true`)
	require.Equal(t, bff.OutcomeUnknown, got.problem(t).Code, "an atomic batch is settled as a whole")
	assert.NotEmpty(t, got.problem(t).BatchID)
}

func TestChangesTellNoSecrets(t *testing.T) {
	s := openBook(t)
	var told strings.Builder
	for _, route := range changeRoutes {
		for _, by := range []string{"Bearer " + s.token, "Bearer " + s.medusa.ExpiredToken(medusatest.UserID), "Basic " + medusatest.SecretKey} {
			got := s.change(t, route.method, route.path, route.body, authorization(by), key("k"), header("X-Request-Id", "r"))
			told.Write(got.body)
			s.log.of(t, "r")
		}
	}
	s.medusa.Fail(medusatest.Match{Path: medusaBatch}, medusatest.Cut())
	told.Write(s.adjust(t, `"sku":"BD-1G-001"`, "1", header("X-Request-Id", "cut")).body)
	s.log.of(t, "cut")
	told.Write(s.get(t, audit+"?limit=100").body)
	told.WriteString(s.log.String())
	for _, secret := range []string{s.token, s.medusa.ExpiredToken(medusatest.UserID), medusatest.SecretKey, medusatest.Password} {
		assert.NotContains(t, told.String(), secret)
	}
}
