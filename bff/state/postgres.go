package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// ErrNotExclusive says that the locks of the database exclude nobody, so that
// two gateways could change stock at the same moment.
var ErrNotExclusive = errors.New("the locks of this database exclude nobody: it may be CockroachDB, or stand behind a pooler in transaction mode; the gateway needs a PostgreSQL reached directly, or through a pooler in session mode")

const (
	connectTimeout = 5 * time.Second

	// connections are for the turn and River, readConnections for the rest.
	connections     = 8
	idleConnections = 4
	readConnections = 4

	// idleTime is how long a connection of ours is kept unused; sessionIdle is
	// when the server ends one, as that of a gateway that stands still.
	idleTime    = 20 * time.Second
	sessionIdle = "SET idle_session_timeout = '60s'"
)

// settings of every connection. The server notices within half a minute that a
// gateway is cut off, so that its turn does not stay with it for hours. And the
// last row of a level is looked for from the end of its index: as long as there
// are no statistics of the ledger, PostgreSQL would rather collect and sort all
// that ever happened to the level.
const settings = `
	SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
	SET enable_bitmapscan = off`

func (s *Store) connectPostgres(ctx context.Context, dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// What the parser says can hold pieces of the password.
		return errors.New("the address of the PostgreSQL database is not well-formed: it reads postgres://<user>:<password>@<host>:<port>/<database>, and special characters in a password are written as %xx")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	s.postgres = config
	s.write = stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, settings)
		if err == nil {
			_, _ = conn.Exec(ctx, sessionIdle) // known since PostgreSQL 14
		}
		return err
	}))
	s.write.SetMaxOpenConns(connections)
	s.write.SetMaxIdleConns(idleConnections)
	s.write.SetConnMaxIdleTime(idleTime)
	// Of their own, so that a long look at the ledger keeps no turn waiting.
	s.read = stdlib.OpenDB(*config)
	s.read.SetMaxOpenConns(readConnections)
	s.read.SetMaxIdleConns(readConnections)
	if err := s.write.PingContext(ctx); err != nil {
		return err
	}
	return probeLocks(ctx, s.write)
}

// probeLocks makes sure that a lock of one session is refused to another, and
// that a session stays the same between two statements.
func probeLocks(ctx context.Context, db *sql.DB) error {
	key, err := randomKey()
	if err != nil {
		return err
	}
	first, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer second.Close()

	// The second holds its session by a transaction: a pooler that lends out
	// sessions by the transaction must now show what it does.
	tx, err := second.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, step := range []struct {
		session interface {
			QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
		}
		call string
		want bool
	}{
		{first, "pg_try_advisory_lock", true},
		{tx, "pg_try_advisory_lock", false},
		{first, "pg_advisory_unlock", true},
		{tx, "pg_try_advisory_lock", true},
		{tx, "pg_advisory_unlock", true},
	} {
		var got bool
		if err := step.session.QueryRowContext(ctx, "SELECT "+step.call+"($1)", key).Scan(&got); err != nil {
			return fmt.Errorf("trying the locks of the database: %w", err)
		}
		if got != step.want {
			return ErrNotExclusive
		}
	}
	return nil
}

func randomKey() (int64, error) {
	var key [8]byte
	if _, err := rand.Read(key[:]); err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint64(key[:])), nil
}
