package mapping

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAuditQuery(t *testing.T) {
	query, faults := ParseAuditQuery("")
	assert.Empty(t, said(faults))
	assert.Equal(t, AuditQuery{Page: Page{Limit: 20}}, query, "what nothing is said of")

	query, faults = ParseAuditQuery("inventoryItemId=iitem_a&locationId=sloc_a&variantId=variant_a&batchId=batch_a&reason=a,+b&actor=user_a" +
		"&from=2026-11-22T02:00:00.123456-03:00&to=2026-11-22T05:00:01Z&limit=5&offset=7")
	assert.Empty(t, said(faults))
	assert.Equal(t, AuditQuery{
		InventoryItemID: "iitem_a", LocationID: "sloc_a", VariantID: "variant_a", BatchID: "batch_a", Reason: "a, b", Actor: "user_a",
		From: time.Date(2026, 11, 22, 5, 0, 0, 123_456_000, time.UTC), To: time.Date(2026, 11, 22, 5, 0, 1, 0, time.UTC), Page: Page{Limit: 5, Offset: 7},
	}, query)

	query, faults = ParseAuditQuery("to=2026-11-22T05:00:00%2B02:00")
	assert.Empty(t, said(faults), "one end alone")
	assert.Equal(t, time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC), query.To)
	assert.True(t, query.From.IsZero())
	query, faults = ParseAuditQuery("from=2026-11-22T05:00:00Z")
	assert.Empty(t, said(faults), "the other end alone")
	assert.True(t, query.To.IsZero())
}

func TestAuditQueryNamesEveryFault(t *testing.T) {
	for raw, faults := range map[string][]string{
		"from=":                          {"/from NOT_A_TIME"},
		"from=yesterday":                 {"/from NOT_A_TIME"},
		"from=2026-11-22":                {"/from NOT_A_TIME"},
		"from=2026-11-22T05:00:00":       {"/from NOT_A_TIME"},
		"from=2026-13-22T05:00:00Z":      {"/from NOT_A_TIME"},
		"from=2026-02-30T05:00:00Z":      {"/from NOT_A_TIME"},
		"from=2026-11-22T05:00:00+02:00": {"/from NOT_A_TIME"}, // a + is a space in a query
		"from=1763787600":                {"/from NOT_A_TIME"},
		"to=x&to=y":                      {"/to REPEATED"},
		"from=2026-11-22T05:00:00Z&to=2026-11-22T05:00:00Z":      {"/to NOT_LATER"},
		"from=2026-11-22T05:00:01Z&to=2026-11-22T05:00:00Z":      {"/to NOT_LATER"},
		"from=2026-11-22T05:00:00Z&to=2026-11-22T02:00:00-03:00": {"/to NOT_LATER"},
		"from=x&to=2026-11-22T05:00:00Z":                         {"/from NOT_A_TIME"},
		"inventoryItemId=&locationId=&variantId=&batchId=&reason=&actor=&limit=0&offset=-1&state=applied": {
			"/inventoryItemId EMPTY", "/locationId EMPTY", "/variantId EMPTY", "/batchId EMPTY", "/reason EMPTY", "/actor EMPTY",
			"/limit OUT_OF_RANGE", "/offset OUT_OF_RANGE", "/state UNKNOWN_PARAMETER",
		},
	} {
		_, found := ParseAuditQuery(raw)
		assert.Equal(t, faults, said(found), raw)
		for _, fault := range found {
			assertSaid(t, fault)
		}
	}
}

func TestAuditList(t *testing.T) {
	at := Timestamp(time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC))
	list := AuditList{Entries: []AuditEntry{
		{
			ID: "adj_b", BatchID: new("batch_a"), InventoryItemID: "iitem_a", LocationID: "sloc_a", VariantID: new("variant_a"), SKU: new("A"),
			PreviousQuantity: q("10"), NewQuantity: q("12.5"), Adjustment: q("2.5"), PreviousIncomingQuantity: new(q("3")), NewIncomingQuantity: new(q("0")),
			Reason: new("received"), Reference: new("order 1"), SourceHarvestID: new("harvest_a"),
			Actor: &Actor{Type: "user", ID: "user_a"}, RequestID: new("request_a"), State: "applied", CreatedAt: at,
		},
		{ID: "adj_a", InventoryItemID: "iitem_a", LocationID: "sloc_a", PreviousQuantity: q("-1"), NewQuantity: q("10"), Adjustment: q("11"), State: "outside", CreatedAt: at},
	}, Count: 7, Limit: 2, Offset: 4}
	assertWritten(t, `{"entries":[`+
		`{"id":"adj_b","batchId":"batch_a","inventoryItemId":"iitem_a","locationId":"sloc_a","variantId":"variant_a","sku":"A",`+
		`"previousQuantity":10,"newQuantity":12.5,"adjustment":2.5,"previousIncomingQuantity":3,"newIncomingQuantity":0,`+
		`"reason":"received","reference":"order 1","sourceHarvestId":"harvest_a","actor":{"type":"user","id":"user_a"},"requestId":"request_a",`+
		`"state":"applied","createdAt":"2026-11-22T05:00:00.000Z"},`+
		`{"id":"adj_a","batchId":null,"inventoryItemId":"iitem_a","locationId":"sloc_a","variantId":null,"sku":null,`+
		`"previousQuantity":-1,"newQuantity":10,"adjustment":11,"previousIncomingQuantity":null,"newIncomingQuantity":null,`+
		`"reason":null,"reference":null,"sourceHarvestId":null,"actor":null,"requestId":null,`+
		`"state":"outside","createdAt":"2026-11-22T05:00:00.000Z"}],`+
		`"count":7,"limit":2,"offset":4}`, list)
}
