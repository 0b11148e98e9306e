package mapping

import "time"

// AuditQuery is what GET /api/inventory/audit asks for. What is empty does not
// narrow the list. From is part of the time asked for, To is not.
type AuditQuery struct {
	InventoryItemID string
	LocationID      string
	VariantID       string
	BatchID         string
	Reason          string
	Actor           string
	From            time.Time
	To              time.Time
	Page            Page
}

// AuditList is one page of the ledger, newest first.
type AuditList struct {
	Entries []AuditEntry `json:"entries"`
	Count   int          `json:"count"`
	Limit   int          `json:"limit"`
	Offset  int          `json:"offset"`
}

// AuditEntry is one change of a level, in units of the inventory item. The
// incoming quantities are nil unless they changed.
type AuditEntry struct {
	ID                       string    `json:"id"`
	BatchID                  *string   `json:"batchId"`
	InventoryItemID          string    `json:"inventoryItemId"`
	LocationID               string    `json:"locationId"`
	VariantID                *string   `json:"variantId"`
	SKU                      *string   `json:"sku"`
	PreviousQuantity         Quantity  `json:"previousQuantity"`
	NewQuantity              Quantity  `json:"newQuantity"`
	Adjustment               Quantity  `json:"adjustment"`
	PreviousIncomingQuantity *Quantity `json:"previousIncomingQuantity"`
	NewIncomingQuantity      *Quantity `json:"newIncomingQuantity"`
	Reason                   *string   `json:"reason"`
	Reference                *string   `json:"reference"`
	SourceHarvestID          *string   `json:"sourceHarvestId"`
	Actor                    *Actor    `json:"actor"`
	RequestID                *string   `json:"requestId"`
	State                    string    `json:"state"`
	CreatedAt                Timestamp `json:"createdAt"`
}

// ParseAuditQuery reads the query of GET /api/inventory/audit.
func ParseAuditQuery(rawQuery string) (AuditQuery, []Fault) {
	r := newQueryReader(rawQuery)
	query := AuditQuery{
		InventoryItemID: r.id("inventoryItemId"), LocationID: r.id("locationId"), VariantID: r.id("variantId"), BatchID: r.id("batchId"),
		Reason: r.id("reason"), Actor: r.id("actor"), From: r.time("from"), To: r.time("to"), Page: r.page(),
	}
	if !query.To.IsZero() && !query.To.After(query.From) {
		r.fault("to", "NOT_LATER", "from")
	}
	return query, r.faults()
}
