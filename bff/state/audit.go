package state

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// AuditFilter says which rows of the ledger are looked for. What is empty is
// not asked for.
type AuditFilter struct {
	InventoryItemID, LocationID, VariantID, BatchID, Reason string

	Actor    string    // the id of who asked for the change
	From, To time.Time // of CreatedAt: not before From, and before To
}

// Audit returns a page of the rows that the filter lets pass, newest first,
// and the count of all of them.
func (s *Store) Audit(ctx context.Context, filter AuditFilter, limit, offset int) (entries []Entry, count int, err error) {
	where, args := filter.where()
	if err := s.read.QueryRowContext(ctx, s.bind("SELECT count(*) FROM ledger "+where), args...).Scan(&count); err != nil {
		return nil, 0, fmt.Errorf("state: counting changes: %w", err)
	}
	entries, err = s.entries(ctx, s.read, where+" ORDER BY seq DESC LIMIT ? OFFSET ?", append(args, limit, offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("state: reading changes: %w", err)
	}
	return entries, count, nil
}

func (f AuditFilter) where() (clause string, args []any) {
	var conditions []string
	add := func(condition string, arg any) {
		conditions = append(conditions, condition)
		args = append(args, arg)
	}
	for _, field := range []struct{ condition, value string }{
		{"inventory_item_id = ?", f.InventoryItemID},
		{"location_id = ?", f.LocationID},
		{"variant_id = ? AND variant_id <> ''", f.VariantID}, // the second part is their index's
		{"batch_id = ? AND batch_id <> ''", f.BatchID},
		{"reason = ?", f.Reason},
		{"actor_id = ?", f.Actor},
	} {
		if field.value != "" {
			add(field.condition, field.value)
		}
	}
	if !f.From.IsZero() {
		add("created_at >= ?", micros(f.From))
	}
	if !f.To.IsZero() {
		add("created_at < ?", micros(f.To))
	}
	if len(conditions) == 0 {
		return "", nil
	}
	return "WHERE " + strings.Join(conditions, " AND "), args
}
