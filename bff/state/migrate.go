package state

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations
var migrations embed.FS

// migrationLock is the advisory lock of gateways that start at the same moment.
const migrationLock = 0x63616e6e61_01

// migrate brings our tables and River's up to date.
func (s *Store) migrate(ctx context.Context) error {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	if s.postgres != nil {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
		held, err := s.lock(ctx, migrationLock)
		if err != nil {
			return err
		}
		defer held.unlock()
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, s.write, files, goose.WithTableName("gateway_version"), goose.WithSlog(quiet(s.log)))
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bringing the tables up to date: %w", err)
	}
	queue, err := rivermigrate.New(s.driver(), &rivermigrate.Config{Logger: quiet(s.log)})
	if err != nil {
		return err
	}
	if _, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("bringing the tables of the queue up to date: %w", err)
	}
	return nil
}
