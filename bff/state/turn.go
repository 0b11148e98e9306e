package state

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// turnLock is the advisory lock that the gateway whose turn it is holds.
const turnLock = 0x63616e6e61_02

// unlockTimeout is for giving a lock back. A session that takes longer is
// ended, which gives it back, too.
const unlockTimeout = 2 * time.Second

// ErrUncertain says that the database did not tell whether what was to be
// written together is written: all of it is, or nothing.
var ErrUncertain = errors.New("the end of the transaction is not known")

var errEnded = errors.New("the turn has ended")

// Turn is the right to change stock, which one gateway has at a time. On
// PostgreSQL it is tied to a session: when that is lost, so is the right, and
// every later call on the Turn fails.
type Turn struct {
	store   *Store
	session *session // nil on SQLite, whose file has one Store
	ended   atomic.Bool
}

// Turn waits until nobody has the turn and takes it.
func (s *Store) Turn(ctx context.Context) (*Turn, error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	t := &Turn{store: s}
	if s.postgres != nil {
		session, err := s.lock(ctx, turnLock)
		if err != nil {
			<-s.turn
			return nil, fmt.Errorf("state: waiting for the turn: %w", err)
		}
		t.session = session
	}
	return t, nil
}

// End gives the turn back. More than once is as good as once.
func (t *Turn) End() {
	if t.ended.Swap(true) {
		return
	}
	if t.session != nil {
		t.session.unlock()
	}
	<-t.store.turn
}

// querier is what a pool, a session and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// conn is what a pool and a session have in common.
type conn interface {
	querier
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// conn is where the turn's statements go.
func (t *Turn) conn() (conn, error) {
	switch {
	case t.ended.Load():
		return nil, errEnded
	case t.session != nil:
		return t.session.Conn, nil
	default:
		return t.store.write, nil
	}
}

// together runs do in one transaction of the turn's session.
func (t *Turn) together(ctx context.Context, do func(tx *sql.Tx) error) error {
	conn, err := t.conn()
	if err != nil {
		return err
	}
	return together(ctx, conn, do)
}

// together runs do in one transaction.
func (s *Store) together(ctx context.Context, do func(tx *sql.Tx) error) error {
	return together(ctx, s.write, do)
}

func together(ctx context.Context, conn conn, do func(tx *sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return nil
}

// ignoreDone leaves out what a rollback says when the end of the context, or of
// the connection, was quicker.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) || errors.Is(err, driver.ErrBadConn) {
		return nil
	}
	return err
}

// session is a connection to PostgreSQL that holds an advisory lock.
type session struct {
	*sql.Conn
	key int64
}

// lock waits until nobody has the advisory lock key and takes it.
func (s *Store) lock(ctx context.Context, key int64) (*session, error) {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	held := &session{Conn: conn, key: key}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		held.discard()
		return nil, err
	}
	return held, nil
}

// unlock gives the lock and the connection back.
func (l *session) unlock() {
	ctx, cancel := context.WithTimeout(context.Background(), unlockTimeout)
	defer cancel()
	var held bool
	err := l.QueryRowContext(ctx, "SELECT pg_advisory_unlock($1)", l.key).Scan(&held)
	if err != nil || !held {
		l.discard()
		return
	}
	_ = l.Close()
}

// discard ends the session on the server, and with it the lock.
func (l *session) discard() {
	_ = l.Raw(func(any) error { return driver.ErrBadConn })
	_ = l.Close()
}
