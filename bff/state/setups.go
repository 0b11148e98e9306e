package state

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

var (
	// ErrNotRunning says that a set-up is done, or is being undone.
	ErrNotRunning = errors.New("the set-up is not under way")

	// ErrRunning says that a set-up is under way, or that something was begun with
	// that key.
	ErrRunning = errors.New("it is under way")
)

// Setup is something that is made in several steps, all of them or none.
type Setup struct {
	ID        string
	Plan      []byte // what is to be made, in the maker's own words
	Undoing   bool
	Claim     *Claim // its idempotency key; nil: none
	StartedAt time.Time
	// TouchedAt is when it began, or the last step was recorded. Who has not
	// recorded a step for a while has died.
	TouchedAt time.Time
	Made      map[string]string // what its steps made, by step
}

// BeginSetup writes down that a set-up begins at its StartedAt, with its
// idempotency key, and has it undone at due unless it is finished or a step is
// recorded meanwhile. It fails with ErrRunning when the key is taken: by another
// set-up, or by this one's own answer. After any error but ErrUncertain nothing
// is written.
func (s *Store) BeginSetup(ctx context.Context, setup Setup, due time.Time) error {
	claim := Claim{}
	if setup.Claim != nil {
		claim = *setup.Claim
	}
	at := micros(setup.StartedAt)
	return s.together(ctx, func(tx *sql.Tx) error {
		if setup.Claim != nil {
			if err := s.claimAnew(ctx, tx, claim); err != nil {
				return err
			}
		}
		job, err := s.jobs.InsertTx(ctx, tx, undoArgs{SetupID: setup.ID}, &river.InsertOpts{ScheduledAt: due})
		if err != nil {
			return fmt.Errorf("state: scheduling the undoing: %w", err)
		}
		_, err = tx.ExecContext(ctx, s.bind(`
			INSERT INTO setups (id, plan, undoing, actor, key, batch_id, started_at, touched_at, job_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
			setup.ID, string(setup.Plan), false, claim.Actor, claim.Key, claim.BatchID, at, at, job.Job.ID)
		if err != nil {
			return fmt.Errorf("state: beginning a set-up: %w", err)
		}
		return nil
	})
}

// claimAnew writes a claim whose key nobody has, not even its own batch.
func (s *Store) claimAnew(ctx context.Context, tx *sql.Tx, claim Claim) error {
	if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM idempotency_keys WHERE actor = ? AND key = ? AND created_at <= ?"),
		claim.Actor, claim.Key, s.horizon()); err != nil {
		return fmt.Errorf("state: forgetting an old idempotency key: %w", err)
	}
	result, err := tx.ExecContext(ctx, s.bind(`
		INSERT INTO idempotency_keys (created_at, actor, key, request_hash, batch_id) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (actor, key) DO NOTHING`), micros(s.now()), claim.Actor, claim.Key, hex.EncodeToString(claim.RequestHash), claim.BatchID)
	if err != nil {
		return fmt.Errorf("state: claiming an idempotency key: %w", err)
	}
	return needOne(result, ErrRunning)
}

// RecordStep writes down what a step had made at a time. It fails with
// ErrNotRunning when the set-up is being undone: nothing more may be made for it.
func (s *Store) RecordStep(ctx context.Context, setupID, step, made string, at time.Time) error {
	return s.together(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, s.bind(`
			UPDATE setups SET touched_at = CASE WHEN touched_at < CAST(? AS BIGINT) THEN CAST(? AS BIGINT) ELSE touched_at END
			WHERE id = ? AND NOT undoing`), micros(at), micros(at), setupID)
		if err != nil {
			return fmt.Errorf("state: recording a step: %w", err)
		}
		if err := needOne(result, ErrNotRunning); err != nil {
			return err
		}
		return s.addStep(ctx, tx, setupID, step, made)
	})
}

// RecordFound writes down what a step of a set-up that is being undone made
// after all.
func (s *Store) RecordFound(ctx context.Context, setupID, step, made string) error {
	return s.together(ctx, func(tx *sql.Tx) error { return s.addStep(ctx, tx, setupID, step, made) })
}

func (s *Store) addStep(ctx context.Context, tx *sql.Tx, setupID, step, made string) error {
	_, err := tx.ExecContext(ctx, s.bind("INSERT INTO setup_steps (setup_id, step, made) VALUES (?, ?, ?) ON CONFLICT (setup_id, step) DO NOTHING"),
		setupID, step, made)
	if err != nil {
		return fmt.Errorf("state: recording a step: %w", err)
	}
	return nil
}

// FinishSetup forgets a set-up of which all is made, and keeps the answer with
// its idempotency key. It fails with ErrNotRunning when it is being undone. After
// any error but ErrUncertain nothing is changed.
func (s *Store) FinishSetup(ctx context.Context, setup Setup, answer Answer) error {
	return s.together(ctx, func(tx *sql.Tx) error {
		if err := s.deleteSetup(ctx, tx, setup.ID, "AND NOT undoing"); err != nil {
			return err
		}
		if err := s.announce(ctx, tx, setup.ID); err != nil {
			return fmt.Errorf("state: announcing a set-up: %w", err)
		}
		if setup.Claim == nil {
			return nil
		}
		return s.keep(ctx, tx, *setup.Claim, answer)
	})
}

// UndoSetup decides that a set-up is undone, and returns it with all that its
// steps are known to have made, nil when there is none of that id. It fails with
// ErrRunning when its last step is younger than idle.
func (s *Store) UndoSetup(ctx context.Context, setupID string, idle time.Duration) (setup *Setup, err error) {
	err = s.together(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, s.bind("UPDATE setups SET undoing = ? WHERE id = ? AND touched_at <= ?"),
			true, setupID, micros(s.now().Add(-idle))); err != nil {
			return fmt.Errorf("state: undoing a set-up: %w", err)
		}
		setup, err = s.setup(ctx, tx, setupID)
		return err
	})
	if setup != nil && !setup.Undoing {
		return nil, ErrRunning
	}
	return setup, err
}

// setup reads a set-up, nil where there is none.
func (s *Store) setup(ctx context.Context, tx *sql.Tx, id string) (*Setup, error) {
	setup := Setup{ID: id}
	var claim Claim
	var plan string
	var startedAt, touchedAt int64
	err := tx.QueryRowContext(ctx, s.bind("SELECT plan, undoing, actor, key, batch_id, started_at, touched_at FROM setups WHERE id = ?"), id).
		Scan(&plan, &setup.Undoing, &claim.Actor, &claim.Key, &claim.BatchID, &startedAt, &touchedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // nothing to undo is not a failure
	}
	if err != nil {
		return nil, fmt.Errorf("state: reading a set-up: %w", err)
	}
	setup.Plan, setup.StartedAt, setup.TouchedAt = []byte(plan), fromMicros(startedAt), fromMicros(touchedAt)
	if claim.Key != "" {
		setup.Claim = &claim
	}
	setup.Made, err = s.steps(ctx, tx, id)
	return &setup, err
}

// steps reads what the steps of a set-up made.
func (s *Store) steps(ctx context.Context, tx *sql.Tx, id string) (map[string]string, error) {
	rows, err := tx.QueryContext(ctx, s.bind("SELECT step, made FROM setup_steps WHERE setup_id = ?"), id)
	if err != nil {
		return nil, fmt.Errorf("state: reading the steps of a set-up: %w", err)
	}
	defer rows.Close()
	made := map[string]string{}
	for rows.Next() {
		var step, what string
		if err := rows.Scan(&step, &what); err != nil {
			return nil, fmt.Errorf("state: reading the steps of a set-up: %w", err)
		}
		made[step] = what
	}
	return made, rows.Err()
}

// ForgetSetup forgets a set-up of which nothing is left, and its idempotency
// key, so that the same request can be sent again.
func (s *Store) ForgetSetup(ctx context.Context, setup Setup) error {
	return s.together(ctx, func(tx *sql.Tx) error {
		err := s.deleteSetup(ctx, tx, setup.ID, "AND undoing")
		if errors.Is(err, ErrNotRunning) {
			return nil // somebody else has
		}
		if err != nil || setup.Claim == nil {
			return err
		}
		return s.unclaim(ctx, tx, *setup.Claim)
	})
}

// deleteSetup deletes a set-up with its steps and its job.
func (s *Store) deleteSetup(ctx context.Context, tx *sql.Tx, id, condition string) error {
	var job int64
	err := tx.QueryRowContext(ctx, s.bind("DELETE FROM setups WHERE id = ? "+condition+" RETURNING job_id"), id).Scan(&job)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotRunning
	}
	if err != nil {
		return fmt.Errorf("state: forgetting a set-up: %w", err)
	}
	if _, err := tx.ExecContext(ctx, s.bind("DELETE FROM setup_steps WHERE setup_id = ?"), id); err != nil {
		return fmt.Errorf("state: forgetting a set-up: %w", err)
	}
	return s.cancelJob(ctx, tx, job)
}

// Undoing returns the ids of the set-ups that are being undone, the oldest first.
func (s *Store) Undoing(ctx context.Context) (ids []string, err error) {
	rows, err := s.read.QueryContext(ctx, "SELECT id FROM setups WHERE undoing ORDER BY started_at, id")
	if err != nil {
		return nil, fmt.Errorf("state: reading set-ups: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("state: reading set-ups: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// needOne is otherwise, unless a statement changed one row.
func needOne(result sql.Result, otherwise error) error {
	changed, err := result.RowsAffected()
	if err == nil && changed == 0 {
		return otherwise
	}
	return err
}
