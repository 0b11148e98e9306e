package state

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cannahub/gateway/mapping"
)

// patience is for what must happen, on a machine that may be busy.
const patience = time.Minute

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDSN); dsn != "" {
		child(dsn)
		return
	}
	goleak.VerifyTestMain(m)
}

// newSQLite is the address of a database that does not exist yet.
func newSQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "data", "gateway.db")
}

// brisk is a pace at which nothing takes long.
var brisk = pace{
	poll:    10 * time.Millisecond,
	retry:   20 * time.Millisecond,
	timeout: time.Second,
	rescue:  time.Second,
	stop:    10 * time.Second,
	eager:   true,
}

// openStore opens the database until the test ends.
func openStore(t testing.TB, dsn string) *Store {
	t.Helper()
	s, err := open(t.Context(), dsn, slog.New(slog.DiscardHandler), brisk)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// takeTurn has the turn until the test ends, or End.
func takeTurn(t testing.TB, s *Store) *Turn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	turn, err := s.Turn(ctx)
	require.NoError(t, err, "nobody else has the turn")
	t.Cleanup(turn.End)
	return turn
}

func quantityOf(t testing.TB, text string) mapping.Quantity {
	t.Helper()
	q, ok := mapping.ParseQuantity(text)
	require.True(t, ok, "%q is not a quantity", text)
	return q
}

// change is an entry from one quantity to another.
func change(t testing.TB, level Level, from, to string) Entry {
	t.Helper()
	return Entry{ID: NewID("chg_"), Level: level, Kind: Update, Previous: quantityOf(t, from), New: quantityOf(t, to)}
}

func levelAt(n int) Level {
	return Level{InventoryItemID: fmt.Sprintf("iitem_01K9PD4GHJ0000000000%05d", n), LocationID: "sloc_01K9PD4GHJ000000000000000"}
}

const (
	childDSN  = "GATEWAY_TEST_CHILD_DSN"
	childMode = "GATEWAY_TEST_CHILD_MODE"
	settling  = "settling"
)

// startChild runs child in a process of its own and returns when it says that
// it is where it is to be.
func startChild(t testing.TB, dsn, mode string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	process := exec.CommandContext(t.Context(), program)
	process.Env = append(os.Environ(), childDSN+"="+dsn, childMode+"="+mode)
	process.Stderr = os.Stderr
	output, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	t.Cleanup(func() { kill(process) })
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err, "the other process died")
	require.Equal(t, "there\n", line)
	return process
}

// kill ends a process as kill -9 does.
func kill(process *exec.Cmd) {
	_ = process.Process.Kill()
	_ = process.Wait()
}
