package bff

import (
	"context"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
)

// Audit lists the changes of stock that the ledger has, newest first. No
// upstream call, but one to confirm the caller's right to read stock where it
// was not confirmed a short while ago.
func (g *Gateway) Audit(ctx context.Context, caller Caller, query mapping.AuditQuery) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	if err := g.rights.confirm(ctx, caller.Credential, toRead); err != nil {
		return nil, err
	}
	entries, count, err := g.store.Audit(ctx, state.AuditFilter{
		InventoryItemID: query.InventoryItemID, LocationID: query.LocationID, VariantID: query.VariantID, BatchID: query.BatchID,
		Reason: query.Reason, Actor: query.Actor, From: query.From, To: query.To,
	}, query.Page.Limit, query.Page.Offset)
	if err != nil {
		return nil, errorOf(err, "")
	}
	list := mapping.AuditList{Entries: make([]mapping.AuditEntry, len(entries)), Count: count, Limit: query.Page.Limit, Offset: query.Page.Offset}
	for i, entry := range entries {
		list.Entries[i] = auditEntry(entry)
	}
	answer, err := NewAnswer(list)
	return answer, errorOf(err, "")
}

func auditEntry(entry state.Entry) mapping.AuditEntry {
	said := mapping.AuditEntry{
		ID: entry.ID, BatchID: given(entry.BatchID),
		InventoryItemID: entry.InventoryItemID, LocationID: entry.LocationID, VariantID: given(entry.VariantID), SKU: given(entry.SKU),
		PreviousQuantity: entry.Previous, NewQuantity: entry.New, Adjustment: entry.New.Sub(entry.Previous),
		PreviousIncomingQuantity: entry.PreviousIncoming, NewIncomingQuantity: entry.NewIncoming,
		Reason: given(entry.Reason), Reference: given(entry.Reference), SourceHarvestID: given(entry.SourceHarvestID),
		RequestID: given(entry.RequestID), State: string(entry.State), CreatedAt: mapping.Timestamp(entry.CreatedAt),
	}
	if entry.Actor != (state.Actor{}) {
		said.Actor = &mapping.Actor{Type: entry.Actor.Type, ID: entry.Actor.ID}
	}
	return said
}

// given is nil for what was not said.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
