package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/testdata/medusa"
)

func TestSQLite(t *testing.T) { suite(t, newSQLite) }

func TestPostgres(t *testing.T) {
	server := medusa.PostgresURL(t)
	suite(t, func(t testing.TB) string {
		t.Helper()
		return medusa.NewDatabase(t, server)
	})
}

// on is a test on an empty database.
type on struct {
	*testing.T
	dsn string
}

// suite is what both databases must do.
func suite(t *testing.T, newDatabase func(t testing.TB) string) {
	t.Helper()
	for name, test := range map[string]func(t on){
		"a row comes back as it was written":           rowComesBack,
		"rows keep the order of their writing":         rowsKeepOrder,
		"many rows in one flush":                       manyRows,
		"known by state":                               knownByState,
		"known of many levels":                         knownOfMany,
		"a taken key writes nothing":                   takenKeyWritesNothing,
		"a flush that fails midway writes nothing":     failureWritesNothing,
		"only pending rows are marked, once":           markOnce,
		"postponing":                                   postponing,
		"rows that stand":                              rowsThatStand,
		"marking in parts":                             markInParts,
		"outside rows alone need no settling":          outsideAlone,
		"pending rows survive a crash and are settled": crashIsSettled,
		"a settling cut off by a crash is taken up":    settlingCutOff,
		"settling waits for its time":                  settlingWaits,
		"settling is tried until it succeeds":          settlingRetries,
		"a settling that panics is tried again":        settlingPanics,
		"a settling may mark its own flush":            settlingMarks,
		"closing waits for a settling":                 closingWaits,
		"closing cancels a settling that takes long":   closingCancels,
		"an answer is kept with its key":               answerKept,
		"a large answer":                               largeAnswer,
		"keys are an actor's own":                      keysAreOwn,
		"a key is dropped by its batch alone":          keyDropped,
		"claims of one batch in several flushes":       claimsOfOneBatch,
		"keys of other batches are named":              claimedIsNamed,
		"one of many who claim a key has it":           oneClaims,
		"keys expire":                                  keysExpire,
		"old keys are deleted":                         oldKeysDeleted,
		"audit filters":                                auditFilters,
		"audit pages":                                  auditPages,
		"one turn at a time":                           oneTurn,
		"an ended turn does nothing":                   endedTurn,
		"a cancelled wait for the turn":                cancelledWait,
		"what was written is there after closing":      reopened,
		"a set-up that is made is answered":            setupMade,
		"a set-up without a key":                       setupWithoutKey,
		"a set-up is finished with its answer":         setupFinishFails,
		"a set-up with an old key begins":              setupOldKey,
		"a key is taken alone":                         keyTaken,
		"a set-up with a taken key is not begun":       setupKeyTaken,
		"one of many set-ups with a key begins":        setupOneBegins,
		"a set-up comes back with its steps":           setupComesBack,
		"nothing is made of what is being undone":      setupNotRunning,
		"a young set-up is not undone":                 setupYoung,
		"a set-up is forgotten with its key":           setupForgotten,
		"the key of a set-up is not dropped":           setupKeyNotDropped,
		"a set-up goes on or is undone":                setupStepsOrUndone,
		"a set-up that was left is handed over":        setupHandedOver,
		"undoing is tried until it succeeds":           setupUndoingRetries,
		"undoing waits for its time":                   setupUndoingWaits,
		"a hold that is made is answered":              holdMade,
		"a hold without a key":                         holdWithoutKey,
		"a hold ends when its key is forgotten":        holdKeyForgotten,
		"a hold with a taken key is not begun":         holdKeyTaken,
		"one of many holds with a key begins":          holdOneBegins,
		"the key of a hold is not dropped":             holdKeyNotDropped,
		"a hold comes back as it was written":          holdComesBack,
		"the lines of a hold change":                   holdLinesChange,
		"a reservation is in one hold":                 holdReservationOnce,
		"a change of a hold that fails":                holdChangeFails,
		"a hold without lines is forgotten":            holdForgotten,
		"a hold gives its key up":                      holdUnclaimed,
		"nothing is done to a hold that is not there":  noHold,
		"changes of a hold see each other":             holdChangesTogether,
		"holds are found":                              holdsFound,
		"holds are seen to at their time":              holdsTended,
		"a hold that was left is seen to":              holdHandedOver,
		"a hold is seen to until it succeeds":          holdTendingRetries,
		"a hold is seen to more than once":             holdTendedAgain,
		"an attempt is given up":                       attemptGivenUp,
		"an attempt that took stock is not given up":   attemptCommitted,
		"giving up is all or nothing":                  givingUpFails,
		"an attempt stays given up":                    attemptStaysGivenUp,
		"stock is taken or the attempt given up":       attemptOrGivenUp,
		"ping":                                         ping,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(on{t, newDatabase(t)})
		})
	}
}

// commit writes a flush of entries whose answer can come for an hour.
func commit(t testing.TB, turn *Turn, entries ...Entry) Flush {
	t.Helper()
	flush := Flush{ID: NewID("fl_"), Entries: entries, Until: time.Now().Add(time.Hour)}
	require.NoError(t, turn.Commit(t.Context(), flush))
	return flush
}

// ledger is every row, oldest first.
func ledger(t testing.TB, s *Store) []Entry {
	t.Helper()
	entries, err := s.entries(t.Context(), s.read, "ORDER BY seq")
	require.NoError(t, err)
	return entries
}

func statesOf(entries []Entry) []State {
	states := make([]State, len(entries))
	for i, entry := range entries {
		states[i] = entry.State
	}
	return states
}

func idsOf(entries []Entry) []string {
	ids := make([]string, len(entries))
	for i, entry := range entries {
		ids[i] = entry.ID
	}
	return ids
}

// settlings is how many flushes are waiting to be settled.
func settlings(t testing.TB, s *Store) (count int) {
	t.Helper()
	require.NoError(t, s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM river_job WHERE kind = 'settle_flush'").Scan(&count))
	return count
}

func rowComesBack(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	at := time.Date(2026, 11, 22, 5, 22, 33, 123456000, time.UTC)
	was, will := quantityOf(t, "0"), quantityOf(t, "12.125")
	full := Entry{
		ID: NewID("chg_"), BatchID: NewID("bat_"), Position: 7, Level: levelAt(1), VariantID: "variant_1", SKU: "BLUE-DREAM 'ünï' 5%",
		Kind: Remove, Created: true, Previous: quantityOf(t, "-4.5"), New: quantityOf(t, "123456789012345678901.25"), PreviousIncoming: &was, NewIncoming: &will,
		Reserved: quantityOf(t, "0.1"), LevelID: "ilev_1", LevelUpdatedAt: "2026-11-22T00:30:36.448Z",
		Reason: "recepción?", Reference: "order $1", SourceHarvestID: "harvest_1", Actor: Actor{Type: "user", ID: "user_1"}, RequestID: "req_1", CreatedAt: at,
	}
	bare := Entry{ID: NewID("chg_"), Level: levelAt(1), Kind: Update}
	flush := Flush{ID: NewID("fl_"), Entries: []Entry{full}, Outside: []Entry{bare}, Until: at.Add(30 * time.Second)}
	s.now = func() time.Time { return at.Add(time.Second) }
	require.NoError(t, turn.Commit(t.Context(), flush))

	bare.FlushID, bare.State, bare.CreatedAt = flush.ID, Outside, at.Add(time.Second)
	full.FlushID, full.State, full.Until = flush.ID, Pending, flush.Until
	assert.Equal(t, []Entry{bare, full}, ledger(t, s), "the difference found comes before the change")
}

func rowsKeepOrder(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	var written []Entry
	for n := range 30 {
		entry := change(t, levelAt(1), fmt.Sprint(n), fmt.Sprint(n+1))
		entry.CreatedAt = time.Now().Add(-time.Duration(n) * time.Minute) // clocks differ between gateways
		written = append(written, entry)
		commit(t, turn, entry)
	}
	rows := ledger(t, s)
	require.Equal(t, idsOf(written), idsOf(rows))
	for i := range rows[1:] {
		assert.Equal(t, rows[i].New, rows[i+1].Previous, "the chain breaks at row %d", i+1)
	}
}

func manyRows(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	for _, size := range []int{2, 127, 1000} {
		batch := NewID("bat_")
		entries := make([]Entry, size)
		for i := range entries {
			entries[i] = change(t, levelAt(i), "1", "2")
			entries[i].BatchID, entries[i].Position = batch, i
		}
		flush := commit(t, turn, entries...)
		require.NoError(t, turn.Mark(t.Context(), flush.ID, all(flush, Applied)))

		rows, count, err := s.Audit(t.Context(), AuditFilter{BatchID: batch}, size, 0)
		require.NoError(t, err)
		require.Equal(t, size, count)
		slices.Reverse(rows)
		require.Equal(t, idsOf(entries), idsOf(rows), "%d rows", size)
		for _, row := range rows {
			require.Equal(t, Applied, row.State)
		}
	}
}

func knownByState(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	for n, test := range []struct {
		states    []State // of the level's changes, which make it 1, 2, 3 …
		last      string
		unsettled []string
	}{
		{states: nil},
		{states: []State{Applied}, last: "1"},
		{states: []State{Applied, Applied}, last: "2"},
		{states: []State{Applied, Failed}, last: "1"},
		{states: []State{Failed}},
		{states: []State{Outside}, last: "1"},
		{states: []State{Applied, Outside}, last: "2"},
		{states: []State{Applied, Unknown}},
		{states: []State{Applied, Unknown, Failed}},
		{states: []State{Unknown, Outside}, last: "2"},
		{states: []State{Unknown, Failed, Applied}, last: "3"},
		{states: []State{Pending}, unsettled: []string{"1"}},
		{states: []State{Applied, Pending, Pending}, last: "1", unsettled: []string{"2", "3"}},
		{states: []State{Unknown, Pending}, unsettled: []string{"2"}},
		{states: []State{Applied, Pending, Applied}, last: "3", unsettled: []string{"2"}},
	} {
		t.Run(fmt.Sprint(test.states), func(t *testing.T) {
			for i, state := range test.states {
				entry := change(t, levelAt(n), fmt.Sprint(i), fmt.Sprint(i+1))
				if state == Outside {
					require.NoError(t, turn.Commit(t.Context(), Flush{ID: NewID("fl_"), Outside: []Entry{entry}}))
					continue
				}
				flush := commit(t, turn, entry)
				if state != Pending {
					require.NoError(t, turn.Mark(t.Context(), flush.ID, all(flush, state)))
				}
			}
			found, err := turn.Known(t.Context(), []Level{levelAt(n)})
			require.NoError(t, err)
			require.Len(t, found, 1, "nothing else was asked for")
			known, asked := found[levelAt(n)]
			require.True(t, asked, "the level that was asked for is in the answer")
			if test.last == "" {
				assert.Nil(t, known.Last)
			} else if assert.NotNil(t, known.Last) {
				assert.Equal(t, test.last, known.Last.String())
			}
			var unsettled []string
			for _, entry := range known.Unsettled {
				assert.Equal(t, Pending, entry.State)
				unsettled = append(unsettled, entry.New.String())
			}
			assert.Equal(t, test.unsettled, unsettled)
		})
	}
}

func knownOfMany(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	levels := make([]Level, 250)
	var odd []Entry
	for i := range levels {
		levels[i] = levelAt(i)
		if i%2 == 1 {
			odd = append(odd, change(t, levels[i], "0", fmt.Sprint(i)))
		}
	}
	// The same item elsewhere, the same place with another item: other levels.
	odd = append(odd, change(t, Level{levelAt(2).InventoryItemID, "sloc_other"}, "0", "9"), change(t, Level{"iitem_other", levelAt(2).LocationID}, "0", "9"))
	flush := commit(t, turn, odd...)
	require.NoError(t, turn.Mark(t.Context(), flush.ID, all(flush, Applied)))
	known, err := turn.Known(t.Context(), levels)
	require.NoError(t, err)
	require.Len(t, known, len(levels))
	for i, level := range levels {
		if i%2 == 0 {
			require.Nil(t, known[level].Last, "level %d was never changed", i)
			continue
		}
		require.NotNil(t, known[level].Last, "level %d", i)
		require.Equal(t, mapping.QuantityOf(int64(i)), *known[level].Last)
	}
	none, err := turn.Known(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, none)
}

func takenKeyWritesNothing(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	taken := Claim{Actor: "user_1", Key: "k", RequestHash: []byte{1}, BatchID: "bat_1"}
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Claims: []Claim{taken}}))

	free := Claim{Actor: "user_1", Key: "free", RequestHash: []byte{2}, BatchID: "bat_2"}
	late := Claim{Actor: "user_1", Key: "k", RequestHash: []byte{1}, BatchID: "bat_2"}
	err := turn.Commit(t.Context(), Flush{
		ID: "fl_2", Entries: []Entry{change(t, levelAt(1), "1", "2")}, Outside: []Entry{change(t, levelAt(1), "0", "1")},
		Claims: []Claim{free, late}, Until: time.Now(),
	})
	require.ErrorIs(t, err, ErrClaimed)
	require.NotErrorIs(t, err, ErrUncertain)

	assert.Empty(t, ledger(t, s))
	assert.Zero(t, settlings(t, s), "nothing is left to settle")
	record, err := s.Record(t.Context(), "user_1", "free")
	require.NoError(t, err)
	assert.Nil(t, record, "the other key is free")
	record, err = s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	require.NotNil(t, record)
	assert.Equal(t, "bat_1", record.BatchID)
}

func failureWritesNothing(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	s.now = func() time.Time { cancel(); return time.Now() } // the clock is asked on the way
	err := turn.Commit(ctx, Flush{
		ID: "fl_1", Entries: []Entry{change(t, levelAt(1), "1", "2")},
		Claims: []Claim{{Actor: "user_1", Key: "k", BatchID: "bat_1"}}, Until: time.Now(),
	})
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrUncertain)
	turn.End()

	s.now = time.Now
	assert.Empty(t, ledger(t, s))
	assert.Zero(t, settlings(t, s))
	record, err := s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	assert.Nil(t, record)
	commit(t, takeTurn(t, s), change(t, levelAt(1), "1", "2"))
	assert.Len(t, ledger(t, s), 1, "the next turn goes on as if nothing had been")
}

func markOnce(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	flush := commit(t, turn, change(t, levelAt(1), "1", "2"), change(t, levelAt(2), "1", "2"), change(t, levelAt(3), "1", "2"))
	other := commit(t, turn, change(t, levelAt(4), "1", "2"))
	require.Equal(t, 2, settlings(t, s))

	states := map[string]State{flush.Entries[0].ID: Applied, flush.Entries[1].ID: Failed, flush.Entries[2].ID: Unknown, other.Entries[0].ID: Applied, "chg_nobody": Applied}
	require.NoError(t, turn.Mark(t.Context(), flush.ID, states))
	want := []State{Applied, Failed, Unknown, Pending}
	assert.Equal(t, want, statesOf(ledger(t, s)), "an entry of another flush is left alone")
	assert.Equal(t, 1, settlings(t, s), "nobody has to settle what is marked")

	require.NoError(t, turn.Mark(t.Context(), flush.ID, all(flush, Applied)))
	assert.Equal(t, want, statesOf(ledger(t, s)), "the first mark counts")

	unsettled, err := s.Unsettled(t.Context())
	require.NoError(t, err)
	assert.Equal(t, idsOf(other.Entries), idsOf(unsettled))
}

func markInParts(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	flush := commit(t, turn, change(t, levelAt(1), "1", "2"), change(t, levelAt(2), "1", "2"))
	require.NoError(t, turn.Mark(t.Context(), flush.ID, map[string]State{flush.Entries[1].ID: Applied}))
	assert.Equal(t, []State{Pending, Applied}, statesOf(ledger(t, s)))
	assert.Equal(t, 1, settlings(t, s), "a part is still to be settled")
	require.NoError(t, turn.Mark(t.Context(), flush.ID, map[string]State{flush.Entries[0].ID: Failed}))
	assert.Zero(t, settlings(t, s))
}

func postponing(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	flush := commit(t, turn, change(t, levelAt(1), "1", "2"), change(t, levelAt(2), "1", "2"))
	other := commit(t, turn, change(t, levelAt(3), "1", "2"))
	require.NoError(t, turn.Mark(t.Context(), flush.ID, map[string]State{flush.Entries[0].ID: Applied}))
	until := flush.Until.Add(time.Minute).UTC().Truncate(time.Microsecond)
	require.NoError(t, turn.Postpone(t.Context(), flush.ID, until))

	rows := ledger(t, s)
	require.Len(t, rows, 3)
	assert.NotEqual(t, until, rows[0].Until, "what is settled cannot land any more")
	assert.Equal(t, until, rows[1].Until)
	assert.WithinDuration(t, other.Until, rows[2].Until, time.Microsecond, "another flush is left alone")
}

func rowsThatStand(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	row := func(batch string, position int, state State) string {
		entry := change(t, levelAt(1), "1", "2")
		entry.BatchID, entry.Position = batch, position
		flush := commit(t, turn, entry)
		if state != Pending {
			require.NoError(t, turn.Mark(t.Context(), flush.ID, all(flush, state)))
		}
		return entry.ID
	}
	applied, unknown, pending := row("bat_1", 0, Applied), row("bat_1", 1, Unknown), row("bat_1", 2, Pending)
	row("bat_1", 3, Failed)
	row("bat_1", 4, Failed)
	retried := row("bat_1", 4, Applied)
	other := row("bat_2", 0, Applied)
	row("bat_3", 0, Applied)
	row("", 0, Applied)

	standing, err := turn.Standing(t.Context(), []string{"bat_1", "bat_2", "bat_nobody", ""})
	require.NoError(t, err)
	ids := map[string]map[int]string{}
	for batch, rows := range standing {
		ids[batch] = map[int]string{}
		for position, entry := range rows {
			ids[batch][position] = entry.ID
		}
	}
	assert.Equal(t, map[string]map[int]string{"bat_1": {0: applied, 1: unknown, 2: pending, 4: retried}, "bat_2": {0: other}}, ids)
}

func outsideAlone(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	flush := Flush{ID: NewID("fl_"), Outside: []Entry{change(t, levelAt(1), "1", "2")}}
	require.NoError(t, turn.Commit(t.Context(), flush))
	rows := ledger(t, s)
	require.Equal(t, []State{Outside}, statesOf(rows))
	assert.True(t, rows[0].Until.IsZero())
	assert.Zero(t, settlings(t, s))
}

// handed is what a Store was to settle.
type handed struct {
	flushID string
	at      time.Time
}

// work settles as the test says and tells it what was to be settled.
func work(t testing.TB, s *Store, settle func(ctx context.Context, flushID string) error) <-chan handed {
	t.Helper()
	flushes := make(chan handed, 100)
	require.NoError(t, s.Work(t.Context(), Duties{Settle: func(ctx context.Context, flushID string) error {
		flushes <- handed{flushID, time.Now()}
		return settle(ctx, flushID)
	}}))
	return flushes
}

func done(context.Context, string) error { return nil }

// next waits for what a channel has next.
func next[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		require.FailNow(t, "waited in vain", what)
		panic("unreachable")
	}
}

// child is the other process: it commits a flush, and in the mode "settling"
// begins to settle it, and waits for its end.
func child(dsn string) {
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	s, err := open(ctx, dsn, slog.New(slog.DiscardHandler), brisk)
	must(err)
	turn, err := s.Turn(ctx)
	must(err)
	must(turn.Commit(ctx, Flush{ID: "fl_of_the_dead", Entries: []Entry{{ID: "chg_of_the_dead", Level: levelAt(1), Kind: Update}}, Until: time.Now()}))
	if os.Getenv(childMode) == settling {
		began := make(chan struct{})
		must(s.Work(ctx, Duties{Settle: func(context.Context, string) error { close(began); select {} }}))
		<-began
	}
	os.Stdout.WriteString("there\n")
	select {}
}

func crashIsSettled(t on) {
	kill(startChild(t, t.dsn, ""))

	s := openStore(t, t.dsn)
	unsettled, err := s.Unsettled(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"chg_of_the_dead"}, idsOf(unsettled))

	flushes := work(t, s, func(ctx context.Context, flushID string) error {
		turn, err := s.Turn(ctx) // the dead do not keep it
		if err != nil {
			return err
		}
		defer turn.End()
		return turn.Mark(ctx, flushID, map[string]State{"chg_of_the_dead": Applied})
	})
	assert.Equal(t, "fl_of_the_dead", next(t, flushes, "the flush to be settled").flushID)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, []State{Applied}, statesOf(ledger(t, s)))
	}, patience, 10*time.Millisecond)
}

func settlingCutOff(t on) {
	kill(startChild(t, t.dsn, settling))
	s := openStore(t, t.dsn)
	assert.Equal(t, "fl_of_the_dead", next(t, work(t, s, done), "the flush to be settled").flushID)
}

func settlingWaits(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	until := time.Now().Add(time.Second)
	marked := Flush{ID: "fl_marked", Entries: []Entry{change(t, levelAt(1), "1", "2")}, Until: until.Add(-500 * time.Millisecond)}
	require.NoError(t, turn.Commit(t.Context(), marked))
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_due", Entries: []Entry{change(t, levelAt(2), "1", "2")}, Until: until}))
	require.NoError(t, turn.Mark(t.Context(), marked.ID, all(marked, Applied)))

	first := next(t, work(t, s, done), "the flush to be settled")
	assert.Equal(t, "fl_due", first.flushID, "what was marked needs no settling")
	assert.False(t, first.at.Before(until), "settled %s too early", until.Sub(first.at))
}

func settlingRetries(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Entries: []Entry{change(t, levelAt(1), "1", "2")}, Until: time.Now()}))
	tries := 0
	flushes := work(t, s, func(context.Context, string) error {
		if tries++; tries < 5 {
			return errors.New("Medusa cannot be reached")
		}
		return nil
	})
	for range 5 {
		assert.Equal(t, "fl_1", next(t, flushes, "the flush to be settled once more").flushID)
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var state string
		var attempt int
		assert.NoError(c, s.read.QueryRowContext(t.Context(), "SELECT state, attempt FROM river_job WHERE kind = 'settle_flush'").Scan(&state, &attempt))
		assert.Equal(c, "completed", state, "it ends with the first success")
		assert.Equal(c, 1, attempt, "a failure uses up an attempt, of which there is an end")
	}, patience, 10*time.Millisecond)
	assert.Empty(t, flushes)
}

func settlingPanics(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Entries: []Entry{change(t, levelAt(1), "1", "2")}, Until: time.Now()}))
	tries := 0
	flushes := work(t, s, func(context.Context, string) error {
		if tries++; tries == 1 {
			panic("a fault of ours")
		}
		return nil
	})
	next(t, flushes, "the flush to be settled")
	next(t, flushes, "the flush to be settled once more")
}

func settlingMarks(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	flush := Flush{ID: "fl_1", Entries: []Entry{change(t, levelAt(1), "1", "2")}, Until: time.Now()}
	require.NoError(t, turn.Commit(t.Context(), flush))
	turn.End()
	marked := make(chan error, 10)
	work(t, s, func(ctx context.Context, flushID string) error {
		turn, err := s.Turn(ctx)
		if err == nil {
			defer turn.End()
			err = turn.Mark(ctx, flushID, all(flush, Unknown))
		}
		marked <- err
		return err
	})
	require.NoError(t, next(t, marked, "the flush to be marked"))
	assert.Equal(t, []State{Unknown}, statesOf(ledger(t, s)))
}

func closingWaits(t on) {
	s, err := open(t.Context(), t.dsn, slog.New(slog.DiscardHandler), brisk)
	require.NoError(t, err)
	turn := takeTurn(t, s)
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Entries: []Entry{change(t, levelAt(1), "1", "2")}, Until: time.Now()}))
	turn.End()
	proceed := make(chan struct{})
	var ended atomic.Bool
	flushes := work(t, s, func(ctx context.Context, _ string) error {
		<-proceed
		ended.Store(ctx.Err() == nil)
		return nil
	})
	next(t, flushes, "the flush to be settled")
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	select {
	case <-closed:
		assert.Fail(t, "closed in the middle of a settling")
	case <-time.After(100 * time.Millisecond):
	}
	close(proceed)
	require.NoError(t, next(t, closed, "the store to be closed"))
	assert.True(t, ended.Load(), "the settling came to its end, undisturbed")
}

func closingCancels(t on) {
	hasty := brisk
	hasty.timeout, hasty.rescue, hasty.stop = time.Hour, time.Hour, 50*time.Millisecond
	s, err := open(t.Context(), t.dsn, slog.New(slog.DiscardHandler), hasty)
	require.NoError(t, err)
	turn := takeTurn(t, s)
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Entries: []Entry{change(t, levelAt(1), "1", "2")}, Until: time.Now()}))
	turn.End()
	flushes := work(t, s, func(ctx context.Context, _ string) error {
		<-ctx.Done()
		return ctx.Err()
	})
	next(t, flushes, "the flush to be settled")
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	_ = next(t, closed, "the store to be closed")
}

func answerKept(t on) {
	s := openStore(t, t.dsn)
	at := time.Date(2026, 11, 22, 5, 22, 33, 0, time.UTC)
	s.now = func() time.Time { return at }
	record, err := s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	assert.Nil(t, record, "nobody used the key")

	claim := Claim{Actor: "user_1", Key: "k ünï", RequestHash: []byte{0, 1, 254}, BatchID: "bat_1"}
	require.NoError(t, takeTurn(t, s).Commit(t.Context(), Flush{ID: "fl_1", Claims: []Claim{claim}}))
	record, err = s.Record(t.Context(), claim.Actor, claim.Key)
	require.NoError(t, err)
	assert.Equal(t, &Record{Claim: claim, CreatedAt: at}, record, "there is no answer yet")

	answer := Answer{Status: 207, Body: []byte("{\"success\":false}\n\x00")}
	require.NoError(t, s.Keep(t.Context(), claim.Actor, claim.Key, claim.BatchID, answer))
	record, err = s.Record(t.Context(), claim.Actor, claim.Key)
	require.NoError(t, err)
	assert.Equal(t, &Record{Claim: claim, Answer: &answer, CreatedAt: at}, record)

	require.ErrorIs(t, s.Keep(t.Context(), claim.Actor, claim.Key, "bat_2", Answer{Status: 200}), ErrNotClaimed)
	require.ErrorIs(t, s.Keep(t.Context(), claim.Actor, "other", claim.BatchID, Answer{Status: 200}), ErrNotClaimed)
	record, err = s.Record(t.Context(), claim.Actor, claim.Key)
	require.NoError(t, err)
	require.NotNil(t, record)
	assert.Equal(t, &answer, record.Answer, "another batch's answer does not take its place")
}

func largeAnswer(t on) {
	s := openStore(t, t.dsn)
	require.NoError(t, takeTurn(t, s).Commit(t.Context(), Flush{ID: "fl_1", Claims: []Claim{{Actor: "user_1", Key: "k", BatchID: "bat_1"}}}))
	answer := Answer{Status: 200, Body: bytes.Repeat([]byte("0123456789abcdef"), 1<<16)}
	require.NoError(t, s.Keep(t.Context(), "user_1", "k", "bat_1", answer))
	record, err := s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	require.NotNil(t, record)
	require.NotNil(t, record.Answer)
	assert.True(t, bytes.Equal(answer.Body, record.Answer.Body), "the answer is another one now")
}

func keysAreOwn(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Claims: []Claim{
		{Actor: "user_1", Key: "k", BatchID: "bat_1"}, {Actor: "user_2", Key: "k", BatchID: "bat_2"}, {Actor: "user_1", Key: "K", BatchID: "bat_3"},
	}}))
	for want, of := range map[string][2]string{"bat_1": {"user_1", "k"}, "bat_2": {"user_2", "k"}, "bat_3": {"user_1", "K"}} {
		record, err := s.Record(t.Context(), of[0], of[1])
		require.NoError(t, err)
		require.NotNil(t, record, of)
		assert.Equal(t, want, record.BatchID)
	}
}

func keyDropped(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	first := Claim{Actor: "user_1", Key: "k", BatchID: "bat_1", RequestHash: []byte{1}}
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Claims: []Claim{first}}))
	require.NoError(t, s.Drop(t.Context(), "user_1", "k", "bat_2"))
	record, err := s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	require.NotNil(t, record, "the key is another batch's")

	require.NoError(t, s.Drop(t.Context(), "user_1", "k", "bat_1"))
	require.NoError(t, s.Drop(t.Context(), "user_1", "k", "bat_1"))
	record, err = s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	assert.Nil(t, record)

	second := Claim{Actor: "user_1", Key: "k", BatchID: "bat_2", RequestHash: []byte{2}}
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_2", Claims: []Claim{second}}), "the same request can be sent again")
}

func claimsOfOneBatch(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	claim := Claim{Actor: "user_1", Key: "k", RequestHash: []byte{1}, BatchID: "bat_1"}
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Claims: []Claim{claim, claim}}))
	require.NoError(t, s.Keep(t.Context(), "user_1", "k", "bat_1", Answer{Status: 200}))
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_2", Claims: []Claim{claim}, Entries: []Entry{change(t, levelAt(1), "1", "2")}, Until: time.Now()}))
	assert.Len(t, ledger(t, s), 1)
	record, err := s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	require.NotNil(t, record)
	assert.NotNil(t, record.Answer, "the answer is still there")

	claim.Key = "new"
	rival := claim
	rival.BatchID = "bat_2"
	require.ErrorIs(t, turn.Commit(t.Context(), Flush{ID: "fl_3", Claims: []Claim{claim, rival}}), ErrClaimed, "two batches cannot have one key")
}

func claimedIsNamed(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	mine := Claim{Actor: "user_1", Key: "mine", RequestHash: []byte{1}, BatchID: "bat_1"}
	theirs := Claim{Actor: "user_1", Key: "theirs", RequestHash: []byte{2}, BatchID: "bat_2"}
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Claims: []Claim{mine, theirs}}))
	others, err := turn.Claimed(t.Context(), []Claim{
		mine, {Actor: "user_1", Key: "theirs", RequestHash: []byte{1}, BatchID: "bat_1"}, {Actor: "user_1", Key: "free", BatchID: "bat_1"},
	})
	require.NoError(t, err)
	assert.Equal(t, []Claim{theirs}, others)
	others, err = turn.Claimed(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, others)
}

func oneClaims(t on) {
	s := openStore(t, t.dsn)
	const rivals = 20
	errs := make(chan error, rivals)
	for n := range rivals {
		go func() {
			turn, err := s.Turn(t.Context())
			if err == nil {
				defer turn.End()
				err = turn.Commit(t.Context(), Flush{ID: NewID("fl_"), Claims: []Claim{{Actor: "user_1", Key: "k", BatchID: fmt.Sprint(n)}}})
			}
			errs <- err
		}()
	}
	claimed := 0
	for range rivals {
		if err := next(t, errs, "a rival"); err == nil {
			claimed++
		} else {
			assert.ErrorIs(t, err, ErrClaimed)
		}
	}
	assert.Equal(t, 1, claimed)
}

func keysExpire(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	at := time.Now()
	s.now = func() time.Time { return at }
	first := Claim{Actor: "user_1", Key: "k", RequestHash: []byte{1}, BatchID: "bat_1"}
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Claims: []Claim{first}}))
	require.NoError(t, s.Keep(t.Context(), "user_1", "k", "bat_1", Answer{Status: 200}))

	second := Claim{Actor: "user_1", Key: "k", RequestHash: []byte{2}, BatchID: "bat_2"}
	at = at.Add(24*time.Hour - time.Second)
	record, err := s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	require.NotNil(t, record, "a day has not passed")
	require.ErrorIs(t, turn.Commit(t.Context(), Flush{ID: "fl_2", Claims: []Claim{second}}), ErrClaimed)

	at = at.Add(time.Second)
	record, err = s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	assert.Nil(t, record)
	others, err := turn.Claimed(t.Context(), []Claim{second})
	require.NoError(t, err)
	assert.Empty(t, others)
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_2", Claims: []Claim{second}}))
	record, err = s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	require.NotNil(t, record)
	assert.Equal(t, second, record.Claim)
	assert.Nil(t, record.Answer, "the old answer is not the new claim's")
}

func oldKeysDeleted(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	s.now = func() time.Time { return time.Now().Add(-25 * time.Hour) }
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_1", Claims: []Claim{{Actor: "user_1", Key: "old", BatchID: "bat_1"}}}))
	s.now = time.Now
	require.NoError(t, turn.Commit(t.Context(), Flush{ID: "fl_2", Claims: []Claim{{Actor: "user_1", Key: "new", BatchID: "bat_2"}}}))
	work(t, s, done)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var keys string
		assert.NoError(c, s.read.QueryRowContext(t.Context(), "SELECT max(key) || count(*) FROM idempotency_keys").Scan(&keys))
		assert.Equal(c, "new1", keys)
	}, patience, 10*time.Millisecond)
}

func auditFilters(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	position := 0
	entry := func(id string, edit func(*Entry)) Entry {
		position++
		e := Entry{
			ID: id, BatchID: "bat_1", Position: position, Level: Level{"iitem_1", "sloc_1"}, VariantID: "variant_1", Kind: Update, Reason: "sale",
			Actor: Actor{Type: "user", ID: "user_1"}, CreatedAt: noon,
		}
		edit(&e)
		return e
	}
	flush := commit(t, turn,
		entry("plain", func(*Entry) {}),
		entry("item", func(e *Entry) { e.InventoryItemID = "iitem_2" }),
		entry("location", func(e *Entry) { e.LocationID = "sloc_2" }),
		entry("variant", func(e *Entry) { e.VariantID = "variant_2" }),
		entry("batch", func(e *Entry) { e.BatchID = "bat_2" }),
		entry("reason", func(e *Entry) { e.Reason = "return" }),
		entry("actor", func(e *Entry) { e.Actor.ID = "user_2" }),
		entry("early", func(e *Entry) { e.CreatedAt = noon.Add(-time.Microsecond) }),
		entry("late", func(e *Entry) { e.CreatedAt = noon.Add(time.Microsecond) }),
	)
	require.NoError(t, turn.Mark(t.Context(), flush.ID, map[string]State{"plain": Applied, "item": Failed, "location": Unknown}))
	rest := func(without ...string) (ids []string) {
		for _, id := range []string{"late", "early", "actor", "reason", "batch", "variant", "location", "item", "plain"} {
			if !slices.Contains(without, id) {
				ids = append(ids, id)
			}
		}
		return ids
	}
	for name, test := range map[string]struct {
		filter AuditFilter
		want   []string
	}{
		"all":              {AuditFilter{}, rest()},
		"item":             {AuditFilter{InventoryItemID: "iitem_1"}, rest("item")},
		"location":         {AuditFilter{LocationID: "sloc_1"}, rest("location")},
		"level":            {AuditFilter{InventoryItemID: "iitem_2", LocationID: "sloc_1"}, []string{"item"}},
		"variant":          {AuditFilter{VariantID: "variant_2"}, []string{"variant"}},
		"batch":            {AuditFilter{BatchID: "bat_2"}, []string{"batch"}},
		"reason":           {AuditFilter{Reason: "return"}, []string{"reason"}},
		"actor":            {AuditFilter{Actor: "user_2"}, []string{"actor"}},
		"from":             {AuditFilter{From: noon}, rest("early")},
		"to":               {AuditFilter{To: noon}, []string{"early"}},
		"from to":          {AuditFilter{From: noon, To: noon.Add(time.Microsecond)}, rest("early", "late")},
		"several":          {AuditFilter{InventoryItemID: "iitem_1", Actor: "user_1", Reason: "sale", To: noon.Add(time.Microsecond)}, rest("item", "actor", "reason", "late")},
		"nothing":          {AuditFilter{Reason: "return", Actor: "user_2"}, []string{}},
		"no pattern":       {AuditFilter{Reason: "%"}, []string{}},
		"an SQL injection": {AuditFilter{Reason: "' OR 1=1 --"}, []string{}},
	} {
		entries, count, err := s.Audit(t.Context(), test.filter, 100, 0)
		require.NoError(t, err)
		assert.Equal(t, test.want, idsOf(entries), name)
		assert.Len(t, test.want, count, name)
	}
}

func auditPages(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	for n := range 7 {
		entry := change(t, levelAt(1), "1", "2")
		entry.ID = fmt.Sprint(n)
		commit(t, turn, entry)
	}
	for _, test := range []struct {
		limit, offset int
		want          []string
	}{
		{3, 0, []string{"6", "5", "4"}},
		{3, 3, []string{"3", "2", "1"}},
		{3, 6, []string{"0"}},
		{3, 9, []string{}},
	} {
		entries, count, err := s.Audit(t.Context(), AuditFilter{}, test.limit, test.offset)
		require.NoError(t, err)
		assert.Equal(t, test.want, idsOf(entries), "from %d", test.offset)
		assert.Equal(t, 7, count, "all of them count, from %d", test.offset)
	}
}

func oneTurn(t on) {
	s := openStore(t, t.dsn)
	const callers = 20
	var inside, most atomic.Int32
	errs := make(chan error, callers)
	for range callers {
		go func() {
			turn, err := s.Turn(t.Context())
			if err == nil {
				most.Store(max(most.Load(), inside.Add(1)))
				_, err = turn.Known(t.Context(), []Level{levelAt(1)})
				inside.Add(-1)
				turn.End()
			}
			errs <- err
		}()
	}
	for range callers {
		require.NoError(t, next(t, errs, "a caller"))
	}
	assert.Equal(t, int32(1), most.Load())
}

func endedTurn(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	flush := commit(t, turn, change(t, levelAt(1), "1", "2"))
	turn.End()
	turn.End()
	require.Error(t, turn.Commit(t.Context(), Flush{ID: "fl_2", Entries: []Entry{change(t, levelAt(1), "2", "3")}, Until: time.Now()}))
	require.Error(t, turn.Mark(t.Context(), flush.ID, all(flush, Applied)))
	_, err := turn.Known(t.Context(), []Level{levelAt(1)})
	require.Error(t, err)
	_, err = turn.Claimed(t.Context(), []Claim{{Actor: "user_1", Key: "k"}})
	require.Error(t, err)
	assert.Equal(t, []State{Pending}, statesOf(ledger(t, s)))
	takeTurn(t, s).End()
	second := takeTurn(t, s)
	turn.End() // the first one again: it must not give away the second
	assert.NotNil(t, second)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.Turn(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func cancelledWait(t on) {
	s := openStore(t, t.dsn)
	first := takeTurn(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	go func() {
		_, err := s.Turn(ctx)
		errs <- err
	}()
	cancel()
	require.ErrorIs(t, next(t, errs, "the wait to end"), context.Canceled)
	first.End()
	takeTurn(t, s)
}

func reopened(t on) {
	s, err := Open(t.Context(), t.dsn, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	turn := takeTurn(t, s)
	flush := commit(t, turn, change(t, levelAt(1), "1", "2"))
	turn.End()
	require.NoError(t, s.Close())
	require.Error(t, s.Ping(t.Context()), "it is closed")

	assert.Equal(t, idsOf(flush.Entries), idsOf(ledger(t, openStore(t, t.dsn))))
}

func ping(t on) {
	s := openStore(t, t.dsn)
	require.NoError(t, s.Ping(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, s.Ping(ctx))
}
