package state

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/medusa"
)

// ledgerRows is how many rows the ledger has before anything is measured, on so
// many levels.
const (
	ledgerRows   = 200_000
	ledgerLevels = 2_000
)

func BenchmarkSQLite(b *testing.B)   { benchmark(b, newSQLite(b)) }
func BenchmarkPostgres(b *testing.B) { benchmark(b, medusa.NewDatabase(b, medusa.PostgresURL(b))) }

func benchmark(b *testing.B, dsn string) {
	b.Helper()
	s := openStore(b, dsn)
	turn := takeTurn(b, s)
	fill(b, turn)
	b.Logf("a row takes %d bytes with its indexes", databaseSize(b, s)/ledgerRows)

	for _, size := range []int{1, 250} {
		b.Run(fmt.Sprintf("commit and mark %d", size), func(b *testing.B) {
			var committing time.Duration
			for n := 0; b.Loop(); n++ {
				flush := usual(b, n*size, size)
				started := time.Now()
				require.NoError(b, turn.Commit(b.Context(), flush))
				committing += time.Since(started)
				require.NoError(b, turn.Mark(b.Context(), flush.ID, all(flush, Applied)))
			}
			b.ReportMetric(float64(committing.Microseconds())/float64(b.N)/1000, "ms/commit")
		})
	}
	b.Run("known 250", func(b *testing.B) {
		levels := make([]Level, 250)
		for n := 0; b.Loop(); n++ {
			for i := range levels {
				levels[i] = levelAt((n*7 + i*8) % ledgerLevels)
			}
			_, err := turn.Known(b.Context(), levels)
			require.NoError(b, err)
		}
	})
	for name, filter := range map[string]AuditFilter{
		"level": {InventoryItemID: levelAt(5).InventoryItemID, LocationID: levelAt(5).LocationID}, "location": {LocationID: levelAt(5).LocationID},
		"variant": {VariantID: variantAt(5)}, "reason": {Reason: "received"}, "actor": {Actor: "user_01K9PD4GHJ000000000000001"},
		"time": {From: time.Now().Add(-time.Minute)}, "nothing": {},
	} {
		b.Run("audit by "+name, func(b *testing.B) {
			for b.Loop() {
				_, _, err := s.Audit(b.Context(), filter, 20, 0)
				require.NoError(b, err)
			}
		})
	}
}

// fill makes changes in the past, of which every level has as many.
func fill(b *testing.B, turn *Turn) {
	b.Helper()
	const size = 1000
	for n := 0; n < ledgerRows; n += size {
		flush := usual(b, n, size)
		require.NoError(b, turn.Commit(b.Context(), flush))
		require.NoError(b, turn.Mark(b.Context(), flush.ID, all(flush, Applied)))
	}
}

func variantAt(n int) string { return fmt.Sprintf("variant_01K9PD4GHJ000000000%05d", n) }

// usual is a flush with everything that a row usually has.
func usual(b *testing.B, first, size int) Flush {
	b.Helper()
	flush := Flush{ID: NewID("fl_"), Until: time.Now().Add(time.Hour)}
	batch := NewID("bat_")
	for i := range size {
		n := (first + i) % ledgerLevels
		entry := change(b, levelAt(n), "120", "119.5")
		entry.BatchID, entry.Position, entry.VariantID, entry.SKU = batch, i, variantAt(n), fmt.Sprintf("BLUE-DREAM-%d", n)
		entry.Reserved, entry.LevelID, entry.LevelUpdatedAt = quantityOf(b, "3"), fmt.Sprintf("ilev_01K9PD4GHJ00000000000%05d", n), "2026-11-22T00:30:36.448Z"
		entry.Reason, entry.Reference = "sale", fmt.Sprintf("order_01K9PD4GHJ0000000000%05d", n)
		if n%50 == 0 {
			entry.Reason = "received"
		}
		entry.Actor, entry.RequestID = Actor{Type: "user", ID: fmt.Sprintf("user_01K9PD4GHJ00000000000000%d", n%8)}, NewID("req_")
		flush.Entries = append(flush.Entries, entry)
	}
	return flush
}

// all is a flush's entries, each in the same state.
func all(flush Flush, state State) map[string]State {
	states := make(map[string]State, len(flush.Entries))
	for _, entry := range flush.Entries {
		states[entry.ID] = state
	}
	return states
}

// databaseSize is in bytes, without what is free in it.
func databaseSize(b *testing.B, s *Store) (size int) {
	b.Helper()
	query := "SELECT (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())"
	if s.postgres != nil {
		query = "SELECT pg_total_relation_size('ledger')"
		_, err := s.write.ExecContext(b.Context(), "VACUUM FULL ledger")
		require.NoError(b, err)
	}
	require.NoError(b, s.read.QueryRowContext(b.Context(), query).Scan(&size))
	return size
}
