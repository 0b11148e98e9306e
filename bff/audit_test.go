package bff

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// audit is the entries of a page, and the count of all.
func (s *shop) audit(t testing.TB, query mapping.AuditQuery) (entries []map[string]any, count any) {
	t.Helper()
	s.ledger(t) // what is being marked is marked then
	if query.Page.Limit == 0 {
		query.Page = firstPage
	}
	answer, err := s.Audit(t.Context(), s.caller, query)
	said := read(t, answer, err)
	require.EqualValues(t, query.Page.Limit, said["limit"])
	require.EqualValues(t, query.Page.Offset, said["offset"])
	list, _ := said["entries"].([]any)
	for _, each := range list {
		entry, _ := each.(map[string]any)
		entries = append(entries, entry)
	}
	return entries, said["count"]
}

// without leaves out members that no two runs share, which must be there.
func without(t testing.TB, entry map[string]any, keys ...string) map[string]any {
	t.Helper()
	for _, key := range keys {
		require.NotEmpty(t, entry[key], key)
		delete(entry, key)
	}
	return entry
}

func TestAnAuditEntryTellsAllOfItsChange(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	w := s.by("k")
	answer, err := s.batch(t.Context(), w, rows(
		`,"reason":"return","reference":"order 7","sourceHarvestId":"harvest_1"`, row("variant_preroll_6", shopFloor, `"adjustment":-2`)))
	require.NoError(t, err)
	entries, count := s.audit(t, mapping.AuditQuery{})
	require.EqualValues(t, 1, count)
	require.Equal(t, read(t, answer.Answer, nil)["batchId"], entries[0]["batchId"])
	created, err := time.Parse("2006-01-02T15:04:05.000Z", entries[0]["createdAt"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), created, time.Minute)
	require.Equal(t, map[string]any{
		"inventoryItemId": "iitem_preroll", "locationId": shopFloor, "variantId": "variant_preroll_6", "sku": "PR-OGK",
		"previousQuantity": 50.0, "newQuantity": 38.0, "adjustment": -12.0,
		"previousIncomingQuantity": nil, "newIncomingQuantity": nil,
		"reason": "return", "reference": "order 7", "sourceHarvestId": "harvest_1",
		"actor": map[string]any{"type": "user", "id": medusatest.UserID}, "requestId": "req_k", "state": "applied",
	}, without(t, entries[0], "id", "batchId", "createdAt"), "in units of the inventory item")
}

func TestWhatWasNotSaidIsNullInTheAudit(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	w := s.by("")
	w.RequestID = ""
	_, err := s.batch(t.Context(), w, rows("", row("iitem_bd_1g", shopFloor, `"adjustment":0.125`)))
	require.NoError(t, err)
	entries, _ := s.audit(t, mapping.AuditQuery{})
	entry := without(t, entries[0], "id", "batchId", "createdAt", "actor", "sku")
	require.Equal(t, map[string]any{
		"inventoryItemId": "iitem_bd_1g", "locationId": shopFloor, "variantId": nil,
		"previousQuantity": 100.0, "newQuantity": 100.125, "adjustment": 0.125,
		"previousIncomingQuantity": nil, "newIncomingQuantity": nil,
		"reason": nil, "reference": nil, "sourceHarvestId": nil, "requestId": nil, "state": "applied",
	}, entry)
}

func TestChangesMadeElsewhereHaveNoActor(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	s.medusa.SetLevel("iitem_bd_1g", shopFloor, medusatest.Quantities{Stocked: 80})
	_, err = s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 1))
	require.NoError(t, err)
	entries, count := s.audit(t, mapping.AuditQuery{})
	require.EqualValues(t, 3, count)
	require.Equal(t, "applied", entries[0]["state"], "the newest first")
	require.EqualValues(t, 81, entries[0]["newQuantity"])
	require.Equal(t, map[string]any{
		"inventoryItemId": "iitem_bd_1g", "locationId": shopFloor, "variantId": nil, "sku": nil, "batchId": nil,
		"previousQuantity": 105.0, "newQuantity": 80.0, "adjustment": -25.0,
		"previousIncomingQuantity": nil, "newIncomingQuantity": nil,
		"reason": nil, "reference": nil, "sourceHarvestId": nil, "actor": nil, "requestId": nil, "state": "outside",
	}, without(t, entries[1], "id", "createdAt"))
}

func TestEveryFilterOfTheAuditCounts(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	began := time.Now()
	wanted, err := s.batch(t.Context(), s.by(""), rows(`,"reason":"return"`, row("variant_bd_1g", shopFloor, `"adjustment":1`)))
	require.NoError(t, err)
	batchID, _ := read(t, wanted.Answer, nil)["batchId"].(string)
	others := s.by("")
	others.Caller = s.another("user_other")
	_, err = s.batch(t.Context(), others, rows(`,"reason":"sale"`, row("variant_bd_7g", warehouse, `"adjustment":1`)))
	require.NoError(t, err)

	for name, query := range map[string]mapping.AuditQuery{
		"inventoryItemId": {InventoryItemID: "iitem_bd_1g"},
		"locationId":      {LocationID: shopFloor},
		"variantId":       {VariantID: "variant_bd_1g"},
		"batchId":         {BatchID: batchID},
		"reason":          {Reason: "return"},
		"actor":           {Actor: medusatest.UserID},
	} {
		entries, count := s.audit(t, query)
		require.EqualValues(t, 1, count, name)
		require.Equal(t, batchID, entries[0]["batchId"], name)
	}
	for name, c := range map[string]struct {
		query mapping.AuditQuery
		count int
	}{
		"from before":         {mapping.AuditQuery{From: began.Add(-time.Second)}, 2},
		"from after":          {mapping.AuditQuery{From: time.Now().Add(time.Minute)}, 0},
		"to before":           {mapping.AuditQuery{To: began.Add(-time.Second)}, 0},
		"to after":            {mapping.AuditQuery{To: time.Now().Add(time.Minute)}, 2},
		"two that contradict": {mapping.AuditQuery{InventoryItemID: "iitem_bd_1g", Reason: "sale"}, 0},
	} {
		entries, count := s.audit(t, c.query)
		require.EqualValues(t, c.count, count, name)
		require.Len(t, entries, c.count, name)
	}
	first, _ := s.audit(t, mapping.AuditQuery{Page: mapping.Page{Limit: 1}})
	second, count := s.audit(t, mapping.AuditQuery{Page: mapping.Page{Limit: 1, Offset: 1}})
	require.EqualValues(t, 2, count)
	require.Equal(t, []any{"sale", "return"}, []any{first[0]["reason"], second[0]["reason"]})
}

func TestAnAuditOfNothingIsAnEmptyList(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	answer, err := s.Audit(t.Context(), s.caller, mapping.AuditQuery{Page: firstPage})
	require.NoError(t, err)
	require.JSONEq(t, `{"entries":[],"count":0,"limit":20,"offset":0}`, string(answer.JSON))
}

func TestTheAuditShowsWhatIsPendingAndWhatFailed(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	failing := levelWrites
	failing.Times = 2 // the flush, and what was in it once more
	s.medusa.Fail(failing, medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"no"}`))
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 5))
	requireCode(t, NetworkError, err)
	s.medusa.Fail(levelWrites, medusatest.Cut())
	_, err = s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 5))
	unknown := requireCode(t, OutcomeUnknown, err)
	entries, _ := s.audit(t, mapping.AuditQuery{})
	states := make([]any, len(entries))
	for i, entry := range entries {
		states[i] = entry["state"]
	}
	require.Equal(t, []any{"pending", "failed", "failed"}, states)
	require.Equal(t, unknown.BatchID, entries[0]["batchId"])
}
