package state

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cannahub/gateway/mapping"
)

// Level names what one location has of one inventory item.
type Level struct{ InventoryItemID, LocationID string }

// Compare orders levels by their item and their location.
func (l Level) Compare(other Level) int {
	return cmp.Or(cmp.Compare(l.InventoryItemID, other.InventoryItemID), cmp.Compare(l.LocationID, other.LocationID))
}

// State is what is known about a change.
type State string

// The states of a change.
const (
	Pending State = "pending" // it is being made, or its answer never came
	Applied State = "applied"
	Failed  State = "failed"  // nothing was written
	Unknown State = "unknown" // nobody can tell any more
	Outside State = "outside" // a difference found, which was not made through the gateway
)

// Kind is what a change does to its level.
type Kind string

// The kinds of changes.
const (
	Update Kind = "update"
	Remove Kind = "remove" // the level is deleted
)

// Actor is who asked for a change. The zero value is nobody known.
type Actor struct{ Type, ID string }

// Entry is a row of the ledger: one change of one level. Quantities are in
// units of the inventory item; what is not known of the rest is empty.
type Entry struct {
	ID       string
	BatchID  string
	Position int // in the batch
	FlushID  string
	Level
	VariantID, SKU                     string
	Kind                               Kind
	Created                            bool // the level did not exist before
	Atomic                             bool // the rows of its batch are all made or none
	Previous, New                      mapping.Quantity
	PreviousIncoming, NewIncoming      *mapping.Quantity // nil: not changed
	Reserved                           mapping.Quantity  // this and the next two as read before the change
	LevelID, LevelUpdatedAt            string
	Reason, Reference, SourceHarvestID string
	Actor                              Actor
	RequestID                          string
	State                              State
	Until                              time.Time // when a write without an answer can no longer land; zero for outside rows
	CreatedAt                          time.Time // UTC, to the microsecond
}

// Flush is the changes that go to Medusa in one call.
type Flush struct {
	ID      string
	Entries []Entry   // the changes, in order
	Outside []Entry   // the differences found before them
	Claims  []Claim   // the idempotency keys of the changes
	Until   time.Time // when a write without an answer can no longer land
}

// Commit writes, all together or not at all: the flush's outside rows, its
// entries as pending, its claims, and the job that settles it at Until unless
// Mark comes first. Entries take FlushID, State and Until from the flush, and
// without a CreatedAt the present. It fails with ErrClaimed when a claim's key
// belongs to another batch. After any error but ErrUncertain nothing is
// written.
func (t *Turn) Commit(ctx context.Context, flush Flush) error {
	return t.together(ctx, func(tx *sql.Tx) error {
		if err := t.store.claim(ctx, tx, flush.Claims); err != nil {
			return err
		}
		if len(flush.Entries) > 0 {
			if err := t.store.schedule(ctx, tx, flush.ID, flush.Until); err != nil {
				return fmt.Errorf("state: scheduling the settling: %w", err)
			}
		}
		if err := t.store.insert(ctx, tx, t.store.rows(flush)); err != nil {
			return fmt.Errorf("state: writing the ledger: %w", err)
		}
		return nil
	})
}

// columns are those of the ledger but its order, as row and scan have them.
const columns = `id, batch_id, position, flush_id, inventory_item_id, location_id, variant_id, sku, kind, created, atomic,
	previous_quantity, new_quantity, previous_incoming, new_incoming, reserved, level_id, level_updated_at,
	reason, reference, source_harvest_id, actor_type, actor_id, request_id, state, until, created_at`

// columnCount is how many columns are.
const columnCount = 27

// rows are the flush as the ledger has it, in order.
func (s *Store) rows(flush Flush) [][]any {
	now := s.now()
	rows := make([][]any, 0, len(flush.Outside)+len(flush.Entries))
	add := func(entry Entry, state State, until time.Time) {
		if entry.CreatedAt.IsZero() {
			entry.CreatedAt = now
		}
		entry.FlushID, entry.State, entry.Until = flush.ID, state, until
		rows = append(rows, entry.row())
	}
	for _, entry := range flush.Outside {
		add(entry, Outside, time.Time{})
	}
	for _, entry := range flush.Entries {
		add(entry, Pending, flush.Until)
	}
	return rows
}

func (e *Entry) row() []any {
	return []any{
		e.ID, e.BatchID, e.Position, e.FlushID, e.InventoryItemID, e.LocationID, e.VariantID, e.SKU, string(e.Kind), e.Created, e.Atomic,
		e.Previous.String(), e.New.String(), text(e.PreviousIncoming), text(e.NewIncoming), e.Reserved.String(), e.LevelID, e.LevelUpdatedAt,
		e.Reason, e.Reference, e.SourceHarvestID, e.Actor.Type, e.Actor.ID, e.RequestID, string(e.State), micros(e.Until), micros(e.CreatedAt),
	}
}

// insertAtOnce is how many rows of the ledger go to PostgreSQL in one
// statement: a power of two, so that few different ones serve every number of
// rows.
const insertAtOnce = 64

// insert adds rows to the ledger in their order.
func (s *Store) insert(ctx context.Context, tx *sql.Tx, rows [][]any) error {
	if s.postgres == nil {
		return insertEach(ctx, tx, rows)
	}
	for size := insertAtOnce; len(rows) > 0; size /= 2 {
		for len(rows) >= size {
			if _, err := tx.ExecContext(ctx, s.bind(insertion(size)), slices.Concat(rows[:size]...)...); err != nil {
				return err
			}
			rows = rows[size:]
		}
	}
	return nil
}

// insertEach adds one row after another, which is quickest where no network
// lies between: SQLite's driver takes long over many placeholders.
func insertEach(ctx context.Context, tx *sql.Tx, rows [][]any) error {
	statement, err := tx.PrepareContext(ctx, insertion(1))
	if err != nil {
		return err
	}
	defer statement.Close()
	for _, row := range rows {
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

func insertion(rows int) string {
	row := "(" + strings.Repeat("?, ", columnCount-1) + "?)"
	return "INSERT INTO ledger (" + columns + ") VALUES " + strings.Repeat(row+", ", rows-1) + row
}

// Known is what the ledger says about a level.
type Known struct {
	// Last is the stock that the last change made of the level. Nil when there
	// was none, and after one whose outcome is unknown.
	Last *mapping.Quantity
	// Unsettled are the level's pending changes, in order.
	Unsettled []Entry
}

// Known returns what the ledger says about each of levels.
func (t *Turn) Known(ctx context.Context, levels []Level) (map[Level]Known, error) {
	conn, err := t.conn()
	if err != nil {
		return nil, err
	}
	known := make(map[Level]Known, len(levels))
	for _, level := range levels {
		known[level] = Known{}
	}
	if err := t.store.last(ctx, conn, levels, known); err != nil {
		return nil, fmt.Errorf("state: reading the levels' last changes: %w", err)
	}
	pending, err := t.store.pending(ctx, conn)
	if err != nil {
		return nil, fmt.Errorf("state: reading the levels' pending changes: %w", err)
	}
	for _, entry := range pending {
		if level, asked := known[entry.Level]; asked {
			level.Unsettled = append(level.Unsettled, entry)
			known[entry.Level] = level
		}
	}
	return known, nil
}

// last fills in what the levels were last known to have.
func (s *Store) last(ctx context.Context, conn querier, levels []Level, known map[Level]Known) error {
	pairs := make([][2]string, len(levels))
	for i, level := range levels {
		pairs[i] = [2]string{level.InventoryItemID, level.LocationID}
	}
	rows, err := conn.QueryContext(ctx, s.bind(`
		WITH wanted AS (SELECT value->>0 AS item, value->>1 AS location FROM `+s.each()+`)
		SELECT item, location, (
			SELECT CASE state WHEN 'unknown' THEN NULL ELSE new_quantity END FROM ledger
			WHERE inventory_item_id = item AND location_id = location AND state IN ('applied', 'outside', 'unknown')
			ORDER BY seq DESC LIMIT 1
		) FROM wanted`), list(pairs))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var level Level
		var last *string
		if err := rows.Scan(&level.InventoryItemID, &level.LocationID, &last); err != nil {
			return err
		}
		quantity, err := optional(last)
		if err != nil {
			return err
		}
		known[level] = Known{Last: quantity}
	}
	return rows.Err()
}

// pending returns all pending changes, in order.
func (s *Store) pending(ctx context.Context, conn querier) ([]Entry, error) {
	flushes, err := s.unsettled(ctx, conn)
	if err != nil {
		return nil, err
	}
	var pending []Entry
	for _, flushID := range flushes {
		entries, err := s.entries(ctx, conn, "WHERE flush_id = ? AND state = 'pending' ORDER BY seq", flushID)
		if err != nil {
			return nil, err
		}
		pending = append(pending, entries...)
	}
	return pending, nil
}

// unsettled returns the flushes of which something is pending, in order.
func (s *Store) unsettled(ctx context.Context, conn querier) (ids []string, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT id FROM unsettled_flushes ORDER BY seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Mark sets the states of entries of a flush, by their ids. Only pending ones
// take a new state, so the first Mark counts. When none of the flush is pending
// any more its job is gone, too. Other gateways that share the database hear of
// the flush. After any error but ErrUncertain nothing is changed.
func (t *Turn) Mark(ctx context.Context, flushID string, states map[string]State) error {
	ids := make(map[State][][1]string)
	for id, state := range states {
		ids[state] = append(ids[state], [1]string{id})
	}
	return t.together(ctx, func(tx *sql.Tx) error {
		marked, err := t.store.mark(ctx, tx, flushID, ids)
		if err != nil || marked == 0 {
			return err
		}
		if err := t.store.unschedule(ctx, tx, flushID); err != nil {
			return fmt.Errorf("state: ending the settling of %s: %w", flushID, err)
		}
		return t.store.announce(ctx, tx, flushID)
	})
}

// mark returns how many entries were pending and are no longer.
func (s *Store) mark(ctx context.Context, tx *sql.Tx, flushID string, ids map[State][][1]string) (marked int64, err error) {
	for state, ids := range ids {
		result, err := tx.ExecContext(ctx, s.bind(`
			UPDATE ledger SET state = ? WHERE flush_id = ? AND state = 'pending' AND id IN (SELECT value->>0 FROM `+s.each()+`)`),
			string(state), flushID, list(ids))
		if err != nil {
			return 0, fmt.Errorf("state: marking %s as %s: %w", flushID, state, err)
		}
		changed, err := result.RowsAffected()
		if err != nil {
			return 0, fmt.Errorf("state: marking %s as %s: %w", flushID, state, err)
		}
		marked += changed
	}
	return marked, nil
}

// Postpone moves the time until which a write of the flush's pending changes can
// land: they are about to be sent once more. After any error but ErrUncertain
// nothing is changed, and on PostgreSQL an error may mean that the turn is lost.
func (t *Turn) Postpone(ctx context.Context, flushID string, until time.Time) error {
	return t.together(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, t.store.bind("UPDATE ledger SET until = ? WHERE flush_id = ? AND state = 'pending'"), micros(until), flushID)
		if err != nil {
			return fmt.Errorf("state: postponing %s: %w", flushID, err)
		}
		return nil
	})
}

// Unsettled returns all pending changes, in order.
func (s *Store) Unsettled(ctx context.Context) ([]Entry, error) {
	pending, err := s.pending(ctx, s.read)
	if err != nil {
		return nil, fmt.Errorf("state: reading the pending changes: %w", err)
	}
	return pending, nil
}

// Standing returns the rows of batches, by their position, that need not be
// tried again: they were written, or may have been.
func (t *Turn) Standing(ctx context.Context, batchIDs []string) (map[string]map[int]Entry, error) {
	conn, err := t.conn()
	if err != nil {
		return nil, err
	}
	asked := make([][1]string, len(batchIDs))
	for i, id := range batchIDs {
		asked[i][0] = id
	}
	entries, err := t.store.entries(ctx, conn,
		"WHERE batch_id <> '' AND batch_id IN (SELECT value->>0 FROM "+t.store.each()+") AND state <> 'failed' ORDER BY seq", list(asked))
	if err != nil {
		return nil, fmt.Errorf("state: reading the rows of batches: %w", err)
	}
	standing := map[string]map[int]Entry{}
	for _, entry := range entries {
		if standing[entry.BatchID] == nil {
			standing[entry.BatchID] = map[int]Entry{}
		}
		standing[entry.BatchID][entry.Position] = entry
	}
	return standing, nil
}

// entries reads rows of the ledger.
func (s *Store) entries(ctx context.Context, conn querier, which string, args ...any) ([]Entry, error) {
	rows, err := conn.QueryContext(ctx, s.bind("SELECT "+columns+" FROM ledger "+which), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var entries []Entry
	for rows.Next() {
		entry, err := scan(rows)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, rows.Err()
}

func scan(rows *sql.Rows) (Entry, error) {
	var e Entry
	var until, createdAt int64
	var previous, next, reserved string
	var previousIncoming, newIncoming *string
	err := rows.Scan(
		&e.ID, &e.BatchID, &e.Position, &e.FlushID, &e.InventoryItemID, &e.LocationID, &e.VariantID, &e.SKU, &e.Kind, &e.Created, &e.Atomic,
		&previous, &next, &previousIncoming, &newIncoming, &reserved, &e.LevelID, &e.LevelUpdatedAt,
		&e.Reason, &e.Reference, &e.SourceHarvestID, &e.Actor.Type, &e.Actor.ID, &e.RequestID, &e.State, &until, &createdAt,
	)
	if err != nil {
		return Entry{}, err
	}
	e.Until, e.CreatedAt = fromMicros(until), fromMicros(createdAt)
	var errs [5]error
	e.Previous, errs[0] = quantity(previous)
	e.New, errs[1] = quantity(next)
	e.Reserved, errs[2] = quantity(reserved)
	e.PreviousIncoming, errs[3] = optional(previousIncoming)
	e.NewIncoming, errs[4] = optional(newIncoming)
	return e, errors.Join(errs[:]...)
}

// text is a quantity as the database keeps it.
func text(q *mapping.Quantity) *string {
	if q == nil {
		return nil
	}
	s := q.String()
	return &s
}

func optional(text *string) (*mapping.Quantity, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // no quantity is not a failure
	}
	q, err := quantity(*text)
	return &q, err
}

func quantity(text string) (mapping.Quantity, error) {
	q, ok := mapping.ParseQuantity(text)
	if !ok {
		return q, fmt.Errorf("%q in the ledger is not a quantity", text)
	}
	return q, nil
}

// each is a table whose column "value" holds the members of a list, which is
// its argument.
func (s *Store) each() string {
	if s.postgres == nil {
		return "json_each(?)"
	}
	return "jsonb_array_elements(?::jsonb)"
}

// list is the argument for each: any number of values in one, so that one
// statement serves all numbers.
func list[T any](members []T) string {
	if members == nil {
		return "[]"
	}
	text, err := json.Marshal(members)
	if err != nil {
		panic(err) // texts and numbers can always be written as JSON
	}
	return string(text)
}
