package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// ErrInUse says that the SQLite file belongs to another gateway that runs.
var ErrInUse = errors.New("the database is in use by another gateway")

// readers is how many reads of a SQLite file go on side by side.
const readers = 4

func (s *Store) connectSQLite(ctx context.Context, path string) error {
	if path == "" || strings.HasPrefix(path, "//") {
		return errors.New(`the address of a SQLite database is "sqlite:" and a path, as in "sqlite:data/gateway.db"`)
	}
	path, err := makeFile(path)
	if err != nil {
		return err
	}
	if err := s.lockFile(path); err != nil {
		return err
	}
	if s.write, err = sql.Open("sqlite", sqliteAddress(path, "_txlock", "immediate")); err != nil {
		return err
	}
	// A second writer would only meet the first one's lock.
	s.write.SetMaxOpenConns(1)
	if err := s.write.PingContext(ctx); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if s.read, err = sql.Open("sqlite", sqliteAddress(path, "_pragma", "query_only(1)")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return nil
}

// makeFile makes the file and its folder where they are missing, for this
// user's eyes alone, and returns the one path that all who use the file agree
// on.
func makeFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	if err := file.Close(); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}

// lockFile keeps the database for this Store. The lock is on a file beside it,
// since SQLite has locks of its own on the database, and is gone with the
// process, however that ends.
func (s *Store) lockFile(path string) error {
	lock := flock.New(path + ".lock")
	held, err := lock.TryLock()
	if err != nil {
		return err
	}
	if !held {
		return fmt.Errorf("%w: %s: stop that one, or give this one another file; gateways that work together share a PostgreSQL", ErrInUse, path)
	}
	s.file = lock
	return nil
}

// sqliteAddress is the address of the file with the settings that every
// connection has, and one more. Every commit is on the disk when it returns.
// The cache and the log are larger than SQLite's own (2 MiB, 4 MiB), since the
// rows of one flush belong to as many places of the ledger's indexes.
func sqliteAddress(path, setting, value string) string {
	query := url.Values{
		"_pragma": {
			"busy_timeout(5000)", "cache_size(-16384)", "foreign_keys(1)", "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(4000)",
		},
	}
	query.Add(setting, value)
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}
