package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel is where gateways that share a PostgreSQL tell each other of what they
// changed in Medusa.
const channel = "gateway_changes"

const (
	// listenCheck is how long a silent connection is trusted.
	listenCheck = 15 * time.Second

	reconnectDelay = time.Second
)

// Announce tells the other gateways of a change that the database does not hold.
// On SQLite there are none.
func (s *Store) Announce(ctx context.Context, what string) error {
	if s.postgres == nil {
		return nil
	}
	return s.together(ctx, func(tx *sql.Tx) error { return s.announce(ctx, tx, what) })
}

// announce tells the other gateways that a flush, a hold or a set-up has changed
// something, once tx is committed.
func (s *Store) announce(ctx context.Context, tx *sql.Tx, id string) error {
	if s.postgres == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, s.id+" "+id)
	return err
}

// Listen calls changed with the id of each flush that another gateway marked, of
// each hold and set-up that it changed, and with what else it announced, one call
// after another, until ctx ends. With lost, which is once for each connection, the
// first one too, anything may have changed before. On SQLite nothing can be heard.
func (s *Store) Listen(ctx context.Context, changed func(id string, lost bool)) {
	if s.postgres == nil {
		<-ctx.Done()
		return
	}
	for {
		err := s.hear(ctx, changed)
		if ctx.Err() != nil {
			return
		}
		s.log.WarnContext(ctx, "the changes of other gateways are not heard and tried for again", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(reconnectDelay):
		}
	}
}

// hear listens for as long as one connection lasts.
func (s *Store) hear(ctx context.Context, changed func(id string, lost bool)) error {
	conn, err := pgx.ConnectConfig(ctx, s.postgres)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	changed("", true)
	for {
		heard, err := s.wait(ctx, conn)
		if err != nil {
			return err
		}
		if from, id, _ := strings.Cut(heard, " "); id != "" && from != s.id {
			changed(id, false)
		}
	}
}

// wait returns what is heard next, or nothing after a while in which the
// connection proved to be alive.
func (s *Store) wait(ctx context.Context, conn *pgx.Conn) (string, error) {
	waiting, cancel := context.WithTimeout(ctx, listenCheck)
	defer cancel()
	heard, err := conn.WaitForNotification(waiting)
	switch {
	case err == nil:
		return heard.Payload, nil
	case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		checking, cancel := context.WithTimeout(ctx, listenCheck)
		defer cancel()
		return "", conn.Ping(checking)
	default:
		return "", err
	}
}
