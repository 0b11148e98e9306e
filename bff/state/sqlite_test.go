package state

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSQLiteIsForOneStore(t *testing.T) {
	t.Parallel()
	dsn := newSQLite(t)
	first := openStore(t, dsn)
	_, err := Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, "gateway.db", "it says which file")
	require.ErrorContains(t, err, "PostgreSQL", "it says what to do")

	commit(t, takeTurn(t, first), change(t, levelAt(1), "1", "2"))
	assert.Len(t, ledger(t, first), 1, "the first one is not disturbed")
}

func TestSQLiteIsForOneStoreByAnyName(t *testing.T) {
	t.Parallel()
	dsn := newSQLite(t)
	openStore(t, dsn)
	path := strings.TrimPrefix(dsn, "sqlite:")
	link := filepath.Join(t.TempDir(), "link.db")
	require.NoError(t, os.Symlink(path, link))
	_, err := Open(t.Context(), "sqlite:"+link, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, ErrInUse)
}

func TestSQLiteIsForOneProcess(t *testing.T) {
	t.Parallel()
	dsn := newSQLite(t)
	process := startChild(t, dsn, "")
	_, err := Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, ErrInUse)
	kill(process)
	assert.Len(t, ledger(t, openStore(t, dsn)), 1, "the dead keep nothing, and nothing of theirs is lost")
}

func TestSQLiteIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	dsn := newSQLite(t)
	s := openStore(t, dsn)
	commit(t, takeTurn(t, s), change(t, levelAt(1), "1", "2"))
	folder := filepath.Dir(strings.TrimPrefix(dsn, "sqlite:"))
	assert.Equal(t, fs.FileMode(0o700), modeOf(t, folder))
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		assert.Equal(t, fs.FileMode(0o600), modeOf(t, filepath.Join(folder, file.Name())), file.Name())
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

func TestSQLitePathIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "50% off?", "a #1 & b+c.db")
	s := openStore(t, "sqlite:"+path)
	commit(t, takeTurn(t, s), change(t, levelAt(1), "1", "2"))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.NotZero(t, info.Size(), "the database is in another file")
}

func TestSQLiteCommitsReachTheDisk(t *testing.T) {
	t.Parallel()
	s := openStore(t, newSQLite(t))
	for setting, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		require.NoError(t, s.write.QueryRowContext(t.Context(), "PRAGMA "+setting).Scan(&got))
		assert.Equal(t, want, got, setting)
	}
	_, err := s.read.ExecContext(t.Context(), "DELETE FROM ledger")
	assert.Error(t, err, "reads cannot write")
}

func TestSQLiteThatCannotBe(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	require.NoError(t, os.WriteFile(file, []byte("this is no database, it is a text that is longer than a header of SQLite's, which has 100 bytes"), 0o600))
	closed := filepath.Join(folder, "closed")
	require.NoError(t, os.Mkdir(closed, 0o500))
	cases := map[string]string{
		"a folder in a file": "sqlite:" + filepath.Join(file, "gateway.db"),
		"a folder":           "sqlite:" + folder,
		"no database":        "sqlite:" + file,
		"no path":            "sqlite:",
		"two slashes":        "sqlite://data/gateway.db",
	}
	if os.Getuid() != 0 { // whom no mode keeps out
		cases["a folder that is closed"] = "sqlite:" + filepath.Join(closed, "gateway.db")
	}
	for name, dsn := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
			require.Error(t, err)
			require.ErrorContains(t, err, "state: ")
			if path := strings.TrimPrefix(dsn, "sqlite:"); filepath.IsAbs(path) && !strings.HasPrefix(path, "//") {
				assert.ErrorContains(t, err, folder, "it says which file")
			}
		})
	}
}

func TestAddressOfNoKnownDatabase(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{"", "data/gateway.db", "mysql://root:hunter2@localhost/db", "host=localhost password=hunter2"} {
		_, err := Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, "sqlite:", "%q: it says what is right", dsn)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}
