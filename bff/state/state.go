// Package state is what the gateway must remember and what it must do later:
// the ledger of every change of stock, the idempotency keys with their answers,
// and the settling of writes whose answer never came. It keeps them in SQLite,
// or in PostgreSQL where several gateways share one shop.
package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/jackc/pgx/v5"
	"github.com/oklog/ulid/v2"
	"github.com/riverqueue/river"
)

// Store is an open state database. It is safe for concurrent use.
type Store struct {
	id       string  // tells this Store's own announcements from others'
	write    *sql.DB // SQLite: its one writing connection, which River shares
	read     *sql.DB // so that a long read keeps no write waiting
	postgres *pgx.ConnConfig
	file     *flock.Flock // SQLite: keeps other processes out
	turn     chan struct{}
	jobs     *river.Client[*sql.Tx]
	duties   Duties // set by Work
	pace     pace
	log      *slog.Logger
	now      func() time.Time
}

// Open opens the database that dsn names, brings its tables up to date and
// leaves it to this Store until Close. The dsn is "sqlite:<path>", whose folder
// is made where it is missing, or a "postgres://" URL. No error holds the dsn's
// password.
//
// A SQLite file that another process, or another Store, has open is refused
// with ErrInUse. So is, with ErrNotExclusive, a PostgreSQL whose locks exclude
// nobody. The ledger is kept for ever: a change takes about 0.7 kB with its
// indexes, on PostgreSQL up to a fifth more before the server vacuums, so a
// million changes take 0.7 to 0.9 GB.
func Open(ctx context.Context, dsn string, log *slog.Logger) (*Store, error) {
	return open(ctx, dsn, log, standard)
}

func open(ctx context.Context, dsn string, log *slog.Logger, pace pace) (*Store, error) {
	s := &Store{
		id:   NewID("gw_"),
		turn: make(chan struct{}, 1),
		log:  log,
		now:  time.Now,
	}
	err := s.connect(ctx, dsn)
	if err == nil {
		err = s.migrate(ctx)
	}
	if err == nil {
		err = s.hire(pace)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("state: %w", err), s.disconnect())
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context, dsn string) error {
	if path, found := strings.CutPrefix(dsn, "sqlite:"); found {
		return s.connectSQLite(ctx, path)
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return s.connectPostgres(ctx, dsn)
	}
	return errors.New(`the address of the database must read "sqlite:<path>" or "postgres://<user>@<host>/<database>"`)
}

// Close waits for the jobs that are being worked on, but not for ever, and lets
// go of the database.
func (s *Store) Close() error {
	return errors.Join(s.dismiss(), s.disconnect())
}

// disconnect closes what is open.
func (s *Store) disconnect() error {
	var errs []error
	if s.read != nil && s.read != s.write {
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	if s.file != nil {
		errs = append(errs, s.file.Close())
	}
	return errors.Join(errs...)
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.read.QueryRowContext(ctx, "SELECT 1").Scan(&one)
}

// Version is that of the tables, which Open has brought up to date.
func (s *Store) Version(ctx context.Context) (version int64, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT max(version_id) FROM gateway_version").Scan(&version)
	return version, err
}

// NewID returns an id that no other call returns: prefix and 26 characters
// that sort by the time of the call.
func NewID(prefix string) string { return prefix + ulid.Make().String() }

// bind puts the placeholders of the database in place of question marks.
func (s *Store) bind(query string) string {
	if s.postgres == nil {
		return query
	}
	var bound strings.Builder
	bound.Grow(2 * len(query))
	n := 0
	for {
		before, after, found := strings.Cut(query, "?")
		bound.WriteString(before)
		if !found {
			return bound.String()
		}
		n++
		bound.WriteByte('$')
		bound.WriteString(strconv.Itoa(n))
		query = after
	}
}

// micros is a time as the database keeps it: microseconds since 1970, UTC; 0
// is no time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
