package state

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/riverqueue/river"

	"github.com/cannahub/gateway/mapping"
)

// ErrNoHold says that there is no such hold, or no longer.
var ErrNoHold = errors.New("there is no such hold")

// ErrCommitted says that stock was taken, or may have been, under an attempt that
// was to be given up.
var ErrCommitted = errors.New("stock was taken, or may have been")

// Stage is how far a line of a hold is.
type Stage string

// The stages of a line.
const (
	Making     Stage = "making" // its reservation is being made
	Held       Stage = "held"
	Confirming Stage = "confirming" // the stock is going down, its reservation goes after it
	Releasing  Stage = "releasing"  // its reservation is being deleted
)

// Hold is stock that is reserved in Medusa for a while. It has a line at least.
type Hold struct {
	ID        string
	CartID    string    // "" is none
	ExpiresAt time.Time // zero: when it is released
	CreatedAt time.Time
	Claim     *Claim     // the idempotency key that it is made with, while it has no answer; nil: none; read without its RequestHash
	DueAt     time.Time  // when it has to be seen to again; zero: not by itself
	Lines     []HoldLine // by their numbers
}

// HoldLine is one reservation of a hold. Quantities are in units of the
// inventory item.
type HoldLine struct {
	Number        int // in its hold, from 1
	Stage         Stage
	Since         time.Time // of the stage
	ReservationID string    // "" is not known yet
	Level
	VariantID    string // "" is none
	Quantity     mapping.Quantity
	ChangingTill time.Time     // when a change of the reservation that was not answered can no longer land; zero: there is none
	Confirmation *Confirmation // while Confirming
}

// Confirmation is the sale of what was held. AttemptID is the batch of its rows in
// the ledger.
type Confirmation struct {
	AttemptID string       `json:"attemptId"`
	Asked     string       `json:"asked"` // the id by which it was asked for
	Note      mapping.Note `json:"note"`
	Actor     Actor        `json:"actor"`
	RequestID string       `json:"requestId"`
	KeyBatch  string       `json:"keyBatch"` // the batch of the idempotency key that it was asked for with; "" is none
}

// Claim is the key under which an attempt to confirm takes stock. Whoever has given
// the attempt up has taken the key for another batch.
func (c Confirmation) Claim() *Claim {
	return &Claim{Actor: "hold", Key: c.AttemptID, RequestHash: []byte{0}, BatchID: c.AttemptID}
}

// void is the batch that an attempt's key is taken for when it is given up.
const void = "void"

// BeginHold writes down a hold before anything of it is made, with its
// idempotency key, and has it seen to at its DueAt. It fails with ErrRunning
// when the key is taken. After any error but ErrUncertain nothing is written.
func (s *Store) BeginHold(ctx context.Context, hold Hold) error {
	return s.together(ctx, func(tx *sql.Tx) error {
		if hold.Claim != nil {
			if err := s.claimAnew(ctx, tx, *hold.Claim); err != nil {
				return err
			}
		}
		job, err := s.tendAt(ctx, tx, hold)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, s.bind("INSERT INTO holds ("+holdColumns+", id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"), hold.row(job)...); err != nil {
			return fmt.Errorf("state: beginning a hold: %w", err)
		}
		return s.insertLines(ctx, tx, hold.ID, hold.lineRows())
	})
}

// ChangeHold changes a hold as change does, which is called with the hold as it
// stands and must ask nobody anything: it can be called again. When change
// returns an error, that is returned and nothing is changed. A hold without lines
// is forgotten, with its idempotency key when that has no answer; a key that
// change takes off the hold is forgotten likewise. Where answer is set and the
// hold has a key, the answer is kept with it and the key is off the hold. The
// hold is seen to at its DueAt anew only where that is another one. It returns
// the hold as it is after all that, and ErrNoHold when there is none. After any
// error but ErrUncertain nothing is changed.
func (s *Store) ChangeHold(ctx context.Context, id string, change func(hold *Hold) (answer *Answer, err error)) (hold Hold, err error) {
	err = s.together(ctx, func(tx *sql.Tx) error {
		hold, err = s.changeHold(ctx, tx, id, change)
		return err
	})
	return hold, err
}

// GiveUp changes a hold like ChangeHold, and makes sure that no stock is taken any
// more under an attempt to confirm it: a flush with the attempt's Claim fails with
// ErrClaimed for the next 24 hours. It fails with ErrCommitted when the ledger has
// rows of the attempt that are not failed. It waits for the turn.
func (s *Store) GiveUp(ctx context.Context, id, attemptID string, change func(hold *Hold) (answer *Answer, err error)) (hold Hold, err error) {
	turn, err := s.Turn(ctx)
	if err != nil {
		return Hold{}, err
	}
	defer turn.End()
	err = turn.together(ctx, func(tx *sql.Tx) error {
		if err := s.voidAttempt(ctx, tx, attemptID); err != nil {
			return err
		}
		hold, err = s.changeHold(ctx, tx, id, change)
		return err
	})
	return hold, err
}

// voidAttempt takes the key of an attempt that has taken no stock, so that no
// flush can claim it any more.
func (s *Store) voidAttempt(ctx context.Context, tx *sql.Tx, attemptID string) error {
	var taken bool
	err := tx.QueryRowContext(ctx, s.bind("SELECT EXISTS (SELECT 1 FROM ledger WHERE batch_id = ? AND batch_id <> '' AND state <> 'failed')"), attemptID).Scan(&taken)
	if err != nil {
		return fmt.Errorf("state: reading the rows of an attempt: %w", err)
	}
	if taken {
		return ErrCommitted
	}
	claim := Confirmation{AttemptID: attemptID}.Claim()
	_, err = tx.ExecContext(ctx, s.bind(`
		INSERT INTO idempotency_keys (created_at, actor, key, request_hash, batch_id) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (actor, key) DO UPDATE SET created_at = excluded.created_at, batch_id = excluded.batch_id`),
		micros(s.now()), claim.Actor, claim.Key, hex.EncodeToString(claim.RequestHash), void)
	if err != nil {
		return fmt.Errorf("state: giving an attempt up: %w", err)
	}
	return nil
}

// changeHold is ChangeHold within a transaction.
func (s *Store) changeHold(ctx context.Context, tx *sql.Tx, id string, change func(hold *Hold) (answer *Answer, err error)) (Hold, error) {
	job, err := s.lockHold(ctx, tx, id)
	if err != nil {
		return Hold{}, err
	}
	hold, err := s.hold(ctx, tx, id)
	if err != nil {
		return Hold{}, err
	}
	claim, due, lines := hold.Claim, hold.DueAt, hold.lineRows()
	answer, err := change(&hold)
	if err != nil {
		return Hold{}, err
	}
	if err := s.endClaim(ctx, tx, claim, &hold, answer); err != nil {
		return Hold{}, err
	}
	if err := s.announce(ctx, tx, id); err != nil {
		return Hold{}, fmt.Errorf("state: announcing a hold: %w", err)
	}
	if len(hold.Lines) == 0 {
		return hold, s.deleteHold(ctx, tx, id, job)
	}
	if micros(hold.DueAt) != micros(due) {
		if job, err = s.tendAnew(ctx, tx, job, hold); err != nil {
			return Hold{}, err
		}
	}
	if _, err := tx.ExecContext(ctx, s.bind("UPDATE holds SET ("+holdColumns+") = (?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?"), hold.row(job)...); err != nil {
		return Hold{}, fmt.Errorf("state: changing a hold: %w", err)
	}
	if changed := hold.lineRows(); !slices.Equal(changed, lines) {
		if err := s.replaceLines(ctx, tx, id, changed); err != nil {
			return Hold{}, err
		}
	}
	return s.hold(ctx, tx, id)
}

// lockHold keeps others from changing a hold until the transaction ends, and
// returns its job. The hold is read after it, by another statement: in this one
// PostgreSQL would show the lines as they were before it waited.
func (s *Store) lockHold(ctx context.Context, tx *sql.Tx, id string) (job int64, err error) {
	query := "SELECT job_id FROM holds WHERE id = ?"
	if s.postgres != nil {
		query += " FOR UPDATE" // SQLite has one writer
	}
	err = tx.QueryRowContext(ctx, s.bind(query), id).Scan(&job)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, ErrNoHold
	}
	if err != nil {
		return 0, fmt.Errorf("state: locking a hold: %w", err)
	}
	return job, nil
}

// endClaim takes the key off a hold that is answered, or has it no longer, or is
// to be forgotten.
func (s *Store) endClaim(ctx context.Context, tx *sql.Tx, claim *Claim, hold *Hold, answer *Answer) error {
	if claim == nil || answer == nil && hold.Claim != nil && len(hold.Lines) > 0 {
		return nil
	}
	hold.Claim = nil
	if answer == nil {
		return s.unclaim(ctx, tx, *claim)
	}
	err := s.keep(ctx, tx, *claim, *answer)
	if errors.Is(err, ErrNotClaimed) { // forgotten after its 24 hours: nobody asks for it any more
		return nil
	}
	return err
}

// tendAt adds the job that sees to a hold at its DueAt. It returns 0 where there
// is none.
func (s *Store) tendAt(ctx context.Context, tx *sql.Tx, hold Hold) (job int64, err error) {
	if hold.DueAt.IsZero() {
		return 0, nil
	}
	inserted, err := s.jobs.InsertTx(ctx, tx, tendArgs{HoldID: hold.ID}, &river.InsertOpts{ScheduledAt: hold.DueAt, Queue: holdQueue})
	if err != nil {
		return 0, fmt.Errorf("state: scheduling a hold: %w", err)
	}
	return inserted.Job.ID, nil
}

// tendAnew puts another job in the place of a hold's.
func (s *Store) tendAnew(ctx context.Context, tx *sql.Tx, job int64, hold Hold) (int64, error) {
	if err := s.cancelJob(ctx, tx, job); err != nil {
		return 0, fmt.Errorf("state: scheduling a hold: %w", err)
	}
	return s.tendAt(ctx, tx, hold)
}

// deleteHold deletes a hold with its lines and its job.
func (s *Store) deleteHold(ctx context.Context, tx *sql.Tx, id string, job int64) error {
	if err := s.replaceLines(ctx, tx, id, nil); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM holds WHERE id = ?"), id); err != nil {
		return fmt.Errorf("state: forgetting a hold: %w", err)
	}
	return s.cancelJob(ctx, tx, job)
}

// replaceLines puts other lines in the place of a hold's.
func (s *Store) replaceLines(ctx context.Context, tx *sql.Tx, id string, lines []lineRow) error {
	if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM hold_lines WHERE hold_id = ?"), id); err != nil {
		return fmt.Errorf("state: changing the lines of a hold: %w", err)
	}
	return s.insertLines(ctx, tx, id, lines)
}

func (s *Store) insertLines(ctx context.Context, tx *sql.Tx, id string, lines []lineRow) error {
	_, err := tx.ExecContext(ctx, s.bind(`
		INSERT INTO hold_lines (hold_id, `+lineColumns+`)
		SELECT ?, CAST(value->>0 AS BIGINT), value->>1, CAST(value->>2 AS BIGINT), value->>3, value->>4, value->>5, value->>6, value->>7,
			CAST(value->>8 AS BIGINT), value->>9
		FROM `+s.each()), id, list(lines))
	if err != nil {
		return fmt.Errorf("state: writing the lines of a hold: %w", err)
	}
	return nil
}

// holdColumns are those of a hold but its id, as row and scanHold have them.
const holdColumns = "cart_id, expires_at, created_at, actor, key, batch_id, due_at, job_id"

// row is a hold as the database has it, its id last.
func (h *Hold) row(job int64) []any {
	claim := Claim{}
	if h.Claim != nil {
		claim = *h.Claim
	}
	return []any{h.CartID, micros(h.ExpiresAt), micros(h.CreatedAt), claim.Actor, claim.Key, claim.BatchID, micros(h.DueAt), job, h.ID}
}

// lineColumns are those of a line but its hold, as lineRow and scanHold have them.
const lineColumns = `number, stage, since, reservation_id, inventory_item_id, location_id, variant_id, quantity, changing_till, confirmation`

// lineRow is a line as the database has it, in texts.
type lineRow [10]string

func (h *Hold) lineRows() []lineRow {
	rows := make([]lineRow, len(h.Lines))
	for i, line := range h.Lines {
		rows[i] = lineRow{
			strconv.Itoa(line.Number), string(line.Stage), strconv.FormatInt(micros(line.Since), 10), line.ReservationID,
			line.InventoryItemID, line.LocationID, line.VariantID, line.Quantity.String(), strconv.FormatInt(micros(line.ChangingTill), 10), line.Confirmation.text(),
		}
	}
	return rows
}

// text is a confirmation as the database keeps it.
func (c *Confirmation) text() string {
	if c == nil {
		return ""
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts can always be written as JSON
	}
	return string(text)
}

// Hold returns a hold, and ErrNoHold when there is none.
func (s *Store) Hold(ctx context.Context, id string) (Hold, error) { return s.hold(ctx, s.read, id) }

func (s *Store) hold(ctx context.Context, conn querier, id string) (Hold, error) {
	found, err := s.holds(ctx, conn, "id = ?", id)
	if err != nil {
		return Hold{}, err
	}
	if len(found) == 0 {
		return Hold{}, ErrNoHold
	}
	return found[0], nil
}

// HoldsOf returns the holds that have any of the reservations, in no promised
// order.
func (s *Store) HoldsOf(ctx context.Context, reservationIDs []string) ([]Hold, error) {
	asked := make([][1]string, len(reservationIDs))
	for i, id := range reservationIDs {
		asked[i][0] = id
	}
	return s.holds(ctx, s.read,
		"id IN (SELECT hold_id FROM hold_lines WHERE reservation_id <> '' AND reservation_id IN (SELECT value->>0 FROM "+s.each()+"))", list(asked))
}

// HoldsOfCart returns the holds of a cart, the oldest first.
func (s *Store) HoldsOfCart(ctx context.Context, cartID string) ([]Hold, error) {
	return s.holds(ctx, s.read, "cart_id <> '' AND cart_id = ?", cartID)
}

// holds reads the holds of which a condition is true, the oldest first, each with
// its lines at the same moment.
func (s *Store) holds(ctx context.Context, conn querier, condition string, args ...any) ([]Hold, error) {
	rows, err := conn.QueryContext(ctx, s.bind("SELECT id, "+holdColumns+", "+lineColumns+` FROM holds JOIN hold_lines ON hold_id = id
		WHERE `+condition+" ORDER BY created_at, id, number"), args...)
	if err != nil {
		return nil, fmt.Errorf("state: reading holds: %w", err)
	}
	defer rows.Close()
	var holds []Hold
	for rows.Next() {
		hold, err := scanHold(rows)
		if err != nil {
			return nil, fmt.Errorf("state: reading holds: %w", err)
		}
		if last := len(holds) - 1; last >= 0 && holds[last].ID == hold.ID {
			holds[last].Lines = append(holds[last].Lines, hold.Lines...)
		} else {
			holds = append(holds, hold)
		}
	}
	return holds, rows.Err()
}

// scanHold reads a hold with one of its lines.
func scanHold(rows *sql.Rows) (Hold, error) {
	var hold Hold
	var line HoldLine
	var claim Claim
	var job, expiresAt, createdAt, dueAt, since, changingTill int64
	var amount, confirmation string
	err := rows.Scan(
		&hold.ID, &hold.CartID, &expiresAt, &createdAt, &claim.Actor, &claim.Key, &claim.BatchID, &dueAt, &job,
		&line.Number, &line.Stage, &since, &line.ReservationID, &line.InventoryItemID, &line.LocationID, &line.VariantID, &amount, &changingTill, &confirmation,
	)
	if err != nil {
		return Hold{}, err
	}
	hold.ExpiresAt, hold.CreatedAt, hold.DueAt = fromMicros(expiresAt), fromMicros(createdAt), fromMicros(dueAt)
	if claim.Key != "" {
		hold.Claim = &claim
	}
	line.Since, line.ChangingTill = fromMicros(since), fromMicros(changingTill)
	if line.Quantity, err = quantity(amount); err != nil {
		return Hold{}, err
	}
	if confirmation != "" {
		if err := json.Unmarshal([]byte(confirmation), &line.Confirmation); err != nil {
			return Hold{}, err
		}
	}
	hold.Lines = []HoldLine{line}
	return hold, nil
}

// CountHolds counts the holds that have a line that is Held.
func (s *Store) CountHolds(ctx context.Context) (int, error) {
	var count int
	if err := s.read.QueryRowContext(ctx, "SELECT count(DISTINCT hold_id) FROM hold_lines WHERE stage = 'held'").Scan(&count); err != nil {
		return 0, fmt.Errorf("state: counting holds: %w", err)
	}
	return count, nil
}
