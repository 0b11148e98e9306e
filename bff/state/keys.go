package state

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// keyLife is how long an idempotency key is remembered.
const keyLife = 24 * time.Hour

var (
	// ErrClaimed says that an idempotency key belongs to another batch.
	ErrClaimed = errors.New("the idempotency key belongs to another batch")

	// ErrNotClaimed says that an idempotency key does not belong to the batch.
	ErrNotClaimed = errors.New("the idempotency key does not belong to the batch")
)

// Claim is an idempotency key, which is an actor's own, and the batch that it
// stands for. RequestHash tells whether a later request is the same.
type Claim struct {
	Actor, Key  string
	RequestHash []byte
	BatchID     string
}

// Clashes says whether another claim is of the same key for another batch.
func (c Claim) Clashes(other Claim) bool {
	return c.Actor == other.Actor && c.Key == other.Key && c.BatchID != other.BatchID
}

// Answer is what the caller was told.
type Answer struct {
	Status int // of HTTP
	Body   []byte
}

// Record is what is remembered of an idempotency key.
type Record struct {
	Claim
	Answer    *Answer // nil while there is none
	CreatedAt time.Time
}

// Claimed returns, for those of claims whose key belongs to another batch
// already, the claim of that batch.
func (t *Turn) Claimed(ctx context.Context, claims []Claim) ([]Claim, error) {
	conn, err := t.conn()
	if err != nil {
		return nil, err
	}
	return t.store.claimed(ctx, conn, claims)
}

func (s *Store) claimed(ctx context.Context, conn querier, claims []Claim) ([]Claim, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	rows, err := conn.QueryContext(ctx, s.bind(`
		SELECT k.actor, k.key, k.request_hash, k.batch_id
		FROM `+s.each()+` JOIN idempotency_keys k ON k.actor = value->>0 AND k.key = value->>1
		WHERE k.batch_id <> value->>3 AND k.created_at > ?`), listed(claims), s.horizon())
	if err != nil {
		return nil, fmt.Errorf("state: reading idempotency keys: %w", err)
	}
	defer rows.Close()
	var others []Claim
	for rows.Next() {
		var other Claim
		var hash string
		if err := rows.Scan(&other.Actor, &other.Key, &hash, &other.BatchID); err != nil {
			return nil, fmt.Errorf("state: reading idempotency keys: %w", err)
		}
		if other.RequestHash, err = hex.DecodeString(hash); err != nil {
			return nil, fmt.Errorf("state: reading idempotency keys: %w", err)
		}
		others = append(others, other)
	}
	return others, rows.Err()
}

// Take writes a claim for itself. It fails with ErrClaimed when its key belongs to
// another batch. After any error but ErrUncertain nothing is written.
func (s *Store) Take(ctx context.Context, claim Claim) error {
	return s.together(ctx, func(tx *sql.Tx) error { return s.claim(ctx, tx, []Claim{claim}) })
}

// claim writes the claims, or says ErrClaimed and leaves the rest to the
// rollback.
func (s *Store) claim(ctx context.Context, tx *sql.Tx, claims []Claim) error {
	if len(claims) == 0 {
		return nil
	}
	claimed := listed(claims)
	if _, err := tx.ExecContext(ctx, s.bind(`
		DELETE FROM idempotency_keys
		WHERE created_at <= ? AND (actor, key) IN (SELECT value->>0, value->>1 FROM `+s.each()+`)`), s.horizon(), claimed); err != nil {
		return fmt.Errorf("state: forgetting old idempotency keys: %w", err)
	}
	// Without the condition SQLite reads ON CONFLICT as one of a join.
	if _, err := tx.ExecContext(ctx, s.bind(`
		INSERT INTO idempotency_keys (created_at, actor, key, request_hash, batch_id)
		SELECT CAST(? AS BIGINT), value->>0, value->>1, value->>2, value->>3 FROM `+s.each()+` WHERE true
		ON CONFLICT (actor, key) DO NOTHING`), micros(s.now()), claimed); err != nil {
		return fmt.Errorf("state: claiming idempotency keys: %w", err)
	}
	others, err := s.claimed(ctx, tx, claims)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		return fmt.Errorf("state: %w: %s", ErrClaimed, others[0].BatchID)
	}
	return nil
}

// listed is the claims as the argument for each.
func listed(claims []Claim) string {
	rows := make([][4]string, len(claims))
	for i, claim := range claims {
		rows[i] = [4]string{claim.Actor, claim.Key, hex.EncodeToString(claim.RequestHash), claim.BatchID}
	}
	return list(rows)
}

// Record returns what is remembered of an actor's key. Nil when that is
// nothing, or older than 24 hours.
func (s *Store) Record(ctx context.Context, actor, key string) (*Record, error) {
	record := Record{Claim: Claim{Actor: actor, Key: key}}
	var hash string
	var createdAt int64
	var status *int
	var body []byte
	err := s.read.QueryRowContext(ctx, s.bind(`
		SELECT request_hash, batch_id, created_at, status, body FROM idempotency_keys
		WHERE actor = ? AND key = ? AND created_at > ?`), actor, key, s.horizon()).
		Scan(&hash, &record.BatchID, &createdAt, &status, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // nothing to remember is not a failure
	}
	if err != nil {
		return nil, fmt.Errorf("state: reading an idempotency key: %w", err)
	}
	if record.RequestHash, err = hex.DecodeString(hash); err != nil {
		return nil, fmt.Errorf("state: reading an idempotency key: %w", err)
	}
	record.CreatedAt = fromMicros(createdAt)
	if status != nil {
		record.Answer = &Answer{Status: *status, Body: body}
	}
	return &record, nil
}

// Keep remembers the answer to a batch with its key. It fails with
// ErrNotClaimed when the key is not, or no longer, the batch's.
func (s *Store) Keep(ctx context.Context, actor, key, batchID string, answer Answer) error {
	return s.keep(ctx, s.write, Claim{Actor: actor, Key: key, BatchID: batchID}, answer)
}

// execer is what a pool and a transaction have in common.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (s *Store) keep(ctx context.Context, conn execer, claim Claim, answer Answer) error {
	result, err := conn.ExecContext(ctx, s.bind("UPDATE idempotency_keys SET status = ?, body = ? WHERE actor = ? AND key = ? AND batch_id = ?"),
		answer.Status, answer.Body, claim.Actor, claim.Key, claim.BatchID)
	if err != nil {
		return fmt.Errorf("state: keeping an answer: %w", err)
	}
	return needOne(result, ErrNotClaimed)
}

// unclaim forgets a claim that has no answer.
func (s *Store) unclaim(ctx context.Context, tx *sql.Tx, claim Claim) error {
	_, err := tx.ExecContext(ctx, s.bind("DELETE FROM idempotency_keys WHERE actor = ? AND key = ? AND batch_id = ? AND status IS NULL"),
		claim.Actor, claim.Key, claim.BatchID)
	if err != nil {
		return fmt.Errorf("state: forgetting an idempotency key: %w", err)
	}
	return nil
}

// Drop forgets a batch's key, so that the same request can be sent again. A key
// that is not the batch's, or has its answer, is left alone, and so is one of
// whose batch something was written, or may have been, or is being undone, or
// made as a hold.
func (s *Store) Drop(ctx context.Context, actor, key, batchID string) error {
	_, err := s.write.ExecContext(ctx, s.bind(`
		DELETE FROM idempotency_keys WHERE actor = ? AND key = ? AND batch_id = ? AND status IS NULL
		AND NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.batch_id = ? AND ledger.batch_id <> '' AND state <> 'failed')
		AND NOT EXISTS (SELECT 1 FROM setups WHERE setups.batch_id = ? AND setups.batch_id <> '')
		AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.batch_id = ? AND holds.batch_id <> '')`),
		actor, key, batchID, batchID, batchID, batchID)
	if err != nil {
		return fmt.Errorf("state: dropping an idempotency key: %w", err)
	}
	return nil
}

// horizon is the time after which the keys that still count were claimed.
func (s *Store) horizon() int64 { return micros(s.now().Add(-keyLife)) }

// forget deletes the keys that no longer count.
func (s *Store) forget(ctx context.Context) error {
	_, err := s.write.ExecContext(ctx, s.bind("DELETE FROM idempotency_keys WHERE created_at <= ?"), s.horizon())
	return err
}
