package state

import (
	"context"
	"database/sql"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/medusa"
)

func TestPostgresIsShared(t *testing.T) {
	server := medusa.PostgresURL(t)
	for name, test := range map[string]func(t on){
		"gateways start at the same moment":         startTogether,
		"a turn is one gateway's":                   turnIsOneGateways,
		"the turn of a dead connection is free":     turnOfTheDead,
		"a lost turn does nothing":                  lostTurn,
		"a change is heard by the others":           heardByOthers,
		"a lost connection is told":                 lostIsTold,
		"one of two gateways claims a key":          oneGatewayClaims,
		"a set-up is taken over by another gateway": setupTakenOver,
		"a hold is changed by many gateways":        holdChangesOfMany,
		"a change of a hold waits for another":      holdChangeWaits,
		"a hold waits for who forgets it":           holdForgottenMeanwhile,
		"locks that exclude nobody are refused":     emptyLocks,
		"a session that changes is refused":         changingSession,
		"the password is not told":                  passwordNotTold,
		"a database that is not there":              noDatabase,
		"the server soon notices a dead connection": deadConnectionsNoticed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(on{t, medusa.NewDatabase(t, server)})
		})
	}
}

func startTogether(t on) {
	var starts sync.WaitGroup
	for range 5 {
		starts.Go(func() {
			s, err := open(t.Context(), t.dsn, slog.New(slog.DiscardHandler), brisk)
			if assert.NoError(t, err) {
				assert.NoError(t, s.Ping(t.Context()))
				assert.NoError(t, s.Close())
			}
		})
	}
	starts.Wait()
}

// waiting is a turn that somebody waits for.
func waiting(t testing.TB, s *Store) <-chan *Turn {
	t.Helper()
	turns := make(chan *Turn, 1)
	go func() {
		turn, err := s.Turn(t.Context())
		if assert.NoError(t, err) {
			turns <- turn
		}
	}()
	return turns
}

// untilBlocked returns when a connection of the database waits for a lock.
func untilBlocked(t testing.TB, s *Store) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var blocked int
		assert.NoError(c, s.read.QueryRowContext(t.Context(),
			"SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND locktype = 'advisory' AND NOT granted").Scan(&blocked))
		assert.Equal(c, 1, blocked)
	}, patience, 10*time.Millisecond, "nobody waits for the turn")
}

func turnIsOneGateways(t on) {
	first, second := openStore(t, t.dsn), openStore(t, t.dsn)
	turn := takeTurn(t, first)
	turns := waiting(t, second)
	untilBlocked(t, first)
	assert.Empty(t, turns, "two have the turn")
	commit(t, turn, change(t, levelAt(1), "1", "2"))

	turn.End()
	later := next(t, turns, "the turn")
	defer later.End()
	known, err := later.Known(t.Context(), []Level{levelAt(1)})
	require.NoError(t, err)
	assert.Len(t, known[levelAt(1)].Unsettled, 1, "who has the turn sees all that was done before")
}

// cutOff ends a turn's connection from outside.
func cutOff(t testing.TB, by *Store, turn *Turn) {
	t.Helper()
	var backend int
	require.NoError(t, turn.session.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&backend))
	_, err := by.write.ExecContext(t.Context(), "SELECT pg_terminate_backend($1)", backend)
	require.NoError(t, err)
}

func turnOfTheDead(t on) {
	first, second := openStore(t, t.dsn), openStore(t, t.dsn)
	turn := takeTurn(t, first)
	turns := waiting(t, second)
	untilBlocked(t, second)
	cutOff(t, second, turn)
	next(t, turns, "the turn").End()
}

func lostTurn(t on) {
	first, second := openStore(t, t.dsn), openStore(t, t.dsn)
	turn := takeTurn(t, first)
	flush := commit(t, turn, change(t, levelAt(1), "1", "2"))
	cutOff(t, second, turn)
	for range 2 {
		require.Error(t, turn.Commit(t.Context(), Flush{ID: "fl_2", Entries: []Entry{change(t, levelAt(1), "2", "3")}, Until: time.Now()}))
		require.Error(t, turn.Mark(t.Context(), flush.ID, all(flush, Applied)))
		_, err := turn.Known(t.Context(), []Level{levelAt(1)})
		require.Error(t, err)
	}
	turn.End()
	assert.Equal(t, []State{Pending}, statesOf(ledger(t, second)))

	require.NoError(t, takeTurn(t, first).Mark(t.Context(), flush.ID, all(flush, Applied)), "the next turn is as good as any")
	assert.Equal(t, []State{Applied}, statesOf(ledger(t, second)))
}

// told is what Listen calls with.
type told struct {
	id   string
	lost bool
}

// listen hears until the test ends.
func listen(t testing.TB, s *Store) <-chan told {
	t.Helper()
	heard := make(chan told, 100)
	ctx, cancel := context.WithCancel(t.Context())
	var listening sync.WaitGroup
	listening.Go(func() {
		s.Listen(ctx, func(id string, lost bool) { heard <- told{id, lost} })
	})
	t.Cleanup(func() { cancel(); listening.Wait() })
	assert.Equal(t, told{lost: true}, next(t, heard, "the connection"), "before it nothing was heard")
	return heard
}

// changed is a flush that was marked.
func changed(t testing.TB, s *Store) Flush {
	t.Helper()
	turn := takeTurn(t, s)
	defer turn.End()
	flush := commit(t, turn, change(t, levelAt(1), "1", "2"))
	require.NoError(t, turn.Mark(t.Context(), flush.ID, all(flush, Applied)))
	require.NoError(t, turn.Mark(t.Context(), flush.ID, all(flush, Applied)), "which is no news")
	return flush
}

func heardByOthers(t on) {
	first, second := openStore(t, t.dsn), openStore(t, t.dsn)
	atFirst, atSecond := listen(t, first), listen(t, second)
	one := changed(t, first)
	other := changed(t, second)
	assert.Equal(t, told{id: one.ID}, next(t, atSecond, "the first one's flush"))
	assert.Equal(t, told{id: other.ID}, next(t, atFirst, "the second one's flush"), "its own is no news to it")

	another := changed(t, first)
	assert.Equal(t, told{id: another.ID}, next(t, atSecond, "the first one's flush"), "each is heard once, its own never")
	assert.Empty(t, atFirst)

	hold, setup := holdOf("hold_1"), setupOf("setup_1")
	beginHold(t, first, hold)
	_, err := first.ChangeHold(t.Context(), hold.ID, func(hold *Hold) (*Answer, error) {
		hold.Lines = nil
		return nil, nil
	})
	require.NoError(t, err)
	assert.Equal(t, told{id: hold.ID}, next(t, atSecond, "the first one's hold"), "what was reserved is so no more")
	begin(t, first, setup)
	require.NoError(t, first.FinishSetup(t.Context(), setup, Answer{Status: 201, Body: []byte("{}")}))
	assert.Equal(t, told{id: setup.ID}, next(t, atSecond, "the first one's set-up"), "there is another location")
	require.NoError(t, first.Announce(t.Context(), "locations"))
	assert.Equal(t, told{id: "locations"}, next(t, atSecond, "the first one's word"))
}

func lostIsTold(t on) {
	first, second := openStore(t, t.dsn), openStore(t, t.dsn)
	heard := listen(t, second)
	_, err := first.write.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN "+channel+"'")
	require.NoError(t, err)
	assert.Equal(t, told{lost: true}, next(t, heard, "the new connection"))
	flush := changed(t, first)
	assert.Equal(t, told{id: flush.ID}, next(t, heard, "the flush"), "it hears again")
}

func oneGatewayClaims(t on) {
	first, second := openStore(t, t.dsn), openStore(t, t.dsn)
	claim := func(s *Store, batch string) error {
		turn, err := s.Turn(t.Context())
		if err != nil {
			return err
		}
		defer turn.End()
		return turn.Commit(t.Context(), Flush{ID: NewID("fl_"), Claims: []Claim{{Actor: "user_1", Key: "k", BatchID: batch}}})
	}
	errs := make(chan error, 2)
	go func() { errs <- claim(first, "bat_1") }()
	go func() { errs <- claim(second, "bat_2") }()
	one, other := next(t, errs, "a claim"), next(t, errs, "a claim")
	if one == nil {
		one, other = other, one
	}
	require.NoError(t, other)
	assert.ErrorIs(t, one, ErrClaimed)
}

// pretend puts functions of the test in the place of PostgreSQL's own.
func pretend(t testing.TB, dsn, functions string) string {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "CREATE SCHEMA pretence; "+functions)
	require.NoError(t, err)
	return dsn + "?search_path=pretence,pg_catalog,public"
}

func emptyLocks(t on) {
	dsn := pretend(t, t.dsn, "CREATE FUNCTION pretence.pg_try_advisory_lock(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'")
	_, err := Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, ErrNotExclusive)
	assert.ErrorContains(t, err, "CockroachDB", "it says what it may be")
}

func changingSession(t on) {
	dsn := pretend(t, t.dsn, "CREATE FUNCTION pretence.pg_advisory_unlock(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false'")
	_, err := Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, ErrNotExclusive, "a lock is given back by the session that has it, or the session is another")
}

func passwordNotTold(t on) {
	address, err := url.Parse(t.dsn)
	require.NoError(t, err)
	gone, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a port where nobody will be
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	for name, dsn := range map[string]string{
		"refused":           "postgres://nobody:hunter2@" + address.Host + address.Path,
		"unreachable":       "postgresql://nobody:hunter2@" + gone.Addr().String() + "/db?sslmode=disable",
		"not well-formed":   "postgres://nobody:hunter2@[::1/db",
		"a slash in it":     "postgres://nobody:hun/hunter2@localhost/db",
		"an @ in it":        "postgres://nobody:hun@hunter2@localhost:port/db",
		"a percent sign":    "postgres://nobody:hunter2%zz@localhost/db",
		"an unknown option": "postgres://nobody:hunter2@localhost/db?sslmode=maybe",
		"as an option":      "postgres://localhost:1/db?user=nobody&password=hunter2&sslmode=disable",
	} {
		_, err := Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), "hunter2", name)
		assert.True(t, strings.HasPrefix(err.Error(), "state: "), "%s: %s", name, err)
	}
}

func noDatabase(t on) {
	_, err := Open(t.Context(), t.dsn+"_", slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "does not exist")
}

func deadConnectionsNoticed(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	var idle string
	require.NoError(t, turn.session.QueryRowContext(t.Context(), "SHOW tcp_keepalives_idle").Scan(&idle))
	assert.Equal(t, "10", idle, "a gateway that was cut off would keep the turn for hours")
}
