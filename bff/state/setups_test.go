package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// setupOf is a set-up of user_1 that begins now, with a key of its own.
func setupOf(id string) Setup {
	return Setup{
		ID: id, Plan: []byte(`{"name":"Depósito 'ünï' $1?"}`), StartedAt: time.Now(),
		Claim: &Claim{Actor: "user_1", Key: "key of " + id, RequestHash: []byte{1, 254}, BatchID: "batch of " + id},
	}
}

// keyless is a set-up without a key.
func keyless(id string) Setup {
	setup := setupOf(id)
	setup.Claim = nil
	return setup
}

// begin begins a set-up that nobody undoes for an hour.
func begin(t testing.TB, s *Store, setup Setup) {
	t.Helper()
	require.NoError(t, s.BeginSetup(t.Context(), setup, time.Now().Add(time.Hour)))
}

// made writes down what a step has made by now.
func made(t testing.TB, s *Store, setupID, step, id string) {
	t.Helper()
	require.NoError(t, s.RecordStep(t.Context(), setupID, step, id, s.now()))
}

// undo decides that a set-up is undone.
func undo(t testing.TB, s *Store, setupID string) Setup {
	t.Helper()
	setup, err := s.UndoSetup(t.Context(), setupID, 0)
	require.NoError(t, err)
	require.NotNil(t, setup, "there is no %s", setupID)
	return *setup
}

// keyOf is what is remembered of a set-up's key.
func keyOf(t testing.TB, s *Store, setup Setup) *Record {
	t.Helper()
	record, err := s.Record(t.Context(), setup.Claim.Actor, setup.Claim.Key)
	require.NoError(t, err)
	return record
}

// rowsOfSetups counts what the database holds of set-ups: themselves, their
// steps and their jobs.
func rowsOfSetups(t testing.TB, s *Store) (rows [3]int) {
	t.Helper()
	require.NoError(t, s.read.QueryRowContext(t.Context(),
		"SELECT (SELECT count(*) FROM setups), (SELECT count(*) FROM setup_steps), (SELECT count(*) FROM river_job WHERE kind = 'undo_setup')").
		Scan(&rows[0], &rows[1], &rows[2]))
	return rows
}

func assertUndoing(t testing.TB, s *Store, want ...string) {
	t.Helper()
	ids, err := s.Undoing(t.Context())
	require.NoError(t, err)
	assert.Equal(t, want, ids, "the set-ups that are being undone, the oldest first")
}

func setupMade(t on) {
	s := openStore(t, t.dsn)
	setup := setupOf("setup_1")
	begin(t, s, setup)
	record := keyOf(t, s, setup)
	require.NotNil(t, record, "the key is claimed with the beginning")
	assert.Equal(t, *setup.Claim, record.Claim)
	assert.Nil(t, record.Answer, "there is no answer yet")
	assert.Equal(t, [3]int{1, 0, 1}, rowsOfSetups(t, s), "whoever finds it left behind has a job")

	made(t, s, setup.ID, "location", "sloc_1")
	made(t, s, setup.ID, "provider", "manual_manual")
	assert.Equal(t, [3]int{1, 2, 1}, rowsOfSetups(t, s))

	answer := Answer{Status: 201, Body: []byte("{\"stockLocation\":{}}\n\x00")}
	require.NoError(t, s.FinishSetup(t.Context(), setup, answer))
	record = keyOf(t, s, setup)
	require.NotNil(t, record)
	assert.Equal(t, &answer, record.Answer)
	assert.Equal(t, [3]int{}, rowsOfSetups(t, s), "nothing of it is left, not even the job")

	none, err := s.UndoSetup(t.Context(), setup.ID, 0)
	require.NoError(t, err)
	assert.Nil(t, none, "what is made is not undone")
	require.ErrorIs(t, s.FinishSetup(t.Context(), setup, Answer{Status: 500}), ErrNotRunning)
	assert.Equal(t, &answer, keyOf(t, s, setup).Answer, "the first answer stays")
}

func setupWithoutKey(t on) {
	s := openStore(t, t.dsn)
	begin(t, s, keyless("setup_1"))
	begin(t, s, keyless("setup_2"))
	assert.Nil(t, undo(t, s, "setup_2").Claim)
	require.NoError(t, s.FinishSetup(t.Context(), keyless("setup_1"), Answer{Status: 201}))
	require.NoError(t, s.ForgetSetup(t.Context(), keyless("setup_2")))
	assert.Equal(t, [3]int{}, rowsOfSetups(t, s))
	var keys int
	require.NoError(t, s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM idempotency_keys").Scan(&keys))
	assert.Zero(t, keys)
}

// setupFinishFails takes the table of keys away for a moment: the answer cannot
// be kept, so the set-up is not done.
func setupFinishFails(t on) {
	s := openStore(t, t.dsn)
	setup := setupOf("setup_1")
	begin(t, s, setup)
	made(t, s, setup.ID, "location", "sloc_1")
	rename := func(from, to string) {
		t.Helper()
		_, err := s.write.ExecContext(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to)
		require.NoError(t, err)
	}
	rename("idempotency_keys", "away")
	require.Error(t, s.FinishSetup(t.Context(), setup, Answer{Status: 201}))
	assert.Equal(t, [3]int{1, 1, 1}, rowsOfSetups(t, s), "all of it is still there")
	rename("away", "idempotency_keys")
	lost := setup
	lost.Claim = &Claim{Actor: "user_1", Key: setup.Claim.Key, BatchID: "other"}
	require.ErrorIs(t, s.FinishSetup(t.Context(), lost, Answer{Status: 201}), ErrNotClaimed)
	assert.Equal(t, [3]int{1, 1, 1}, rowsOfSetups(t, s), "an answer that nobody finds is none")
	require.NoError(t, s.FinishSetup(t.Context(), setup, Answer{Status: 201}))
	assert.NotNil(t, keyOf(t, s, setup).Answer)
}

// setupKeyTaken: a key is good for one set-up, whoever has it.
func setupKeyTaken(t on) {
	s := openStore(t, t.dsn)
	first := setupOf("setup_1")
	begin(t, s, first)
	made(t, s, first.ID, "location", "sloc_1")
	require.NoError(t, s.Take(t.Context(), Claim{Actor: "user_1", Key: "of a batch", BatchID: "bat_1"}))
	before := rowsOfSetups(t, s)
	refused := func(why string, claim Claim) {
		t.Helper()
		second := setupOf("setup_2")
		second.Claim = &claim
		err := s.BeginSetup(t.Context(), second, time.Now())
		require.ErrorIs(t, err, ErrRunning, why)
		require.NotErrorIs(t, err, ErrUncertain, why)
		assert.Equal(t, before, rowsOfSetups(t, s), "%s: nothing is written of the second", why)
	}
	other := *first.Claim
	other.BatchID = "other"
	refused("the same request at the same moment", *first.Claim)
	refused("another request", other)
	refused("a batch has the key", Claim{Actor: "user_1", Key: "of a batch", BatchID: "bat_1"})
	assert.Equal(t, *first.Claim, keyOf(t, s, first).Claim, "the first has it")

	undone := undo(t, s, first.ID)
	refused("the first is being undone", *first.Claim)
	assert.Equal(t, map[string]string{"location": "sloc_1"}, undone.Made)
	require.NoError(t, s.ForgetSetup(t.Context(), undone))
	again := setupOf("setup_3")
	again.Claim = first.Claim
	begin(t, s, again)
	require.NoError(t, s.FinishSetup(t.Context(), again, Answer{Status: 201}))
	before = [3]int{}
	refused("it has its answer", *first.Claim)

	second := setupOf("setup_2")
	second.Claim = &Claim{Actor: "user_2", Key: first.Claim.Key, BatchID: "other"}
	begin(t, s, second)
}

// setupOldKey: what was asked a day ago is forgotten.
func setupOldKey(t on) {
	s := openStore(t, t.dsn)
	at := time.Now()
	s.now = func() time.Time { return at }
	begin(t, s, setupOf("setup_1"))
	require.NoError(t, s.FinishSetup(t.Context(), setupOf("setup_1"), Answer{Status: 201}))
	again := setupOf("setup_2")
	again.Claim.Key = setupOf("setup_1").Claim.Key
	at = at.Add(keyLife - time.Second)
	require.ErrorIs(t, s.BeginSetup(t.Context(), again, at), ErrRunning)
	at = at.Add(time.Second)
	begin(t, s, again)
	found := keyOf(t, s, again)
	require.NotNil(t, found)
	assert.Equal(t, *again.Claim, found.Claim)
	assert.Nil(t, found.Answer, "the old answer is not the new set-up's")
}

func setupOneBegins(t on) {
	s := openStore(t, t.dsn)
	const rivals = 10
	errs := make(chan error, rivals)
	for n := range rivals {
		go func() {
			setup := setupOf(fmt.Sprintf("setup_%d", n))
			setup.Claim.Key = "k"
			errs <- s.BeginSetup(t.Context(), setup, time.Now().Add(time.Hour))
		}()
	}
	begun := 0
	for range rivals {
		if err := next(t, errs, "a rival"); err == nil {
			begun++
		} else {
			assert.ErrorIs(t, err, ErrRunning)
		}
	}
	assert.Equal(t, 1, begun)
	assert.Equal(t, [3]int{1, 0, 1}, rowsOfSetups(t, s))
}

func setupComesBack(t on) {
	s := openStore(t, t.dsn)
	at := time.Date(2026, 11, 22, 10, 20, 30, 123456000, time.UTC)
	s.now = func() time.Time { return at }
	setup := setupOf("setup_1")
	setup.StartedAt = at
	begin(t, s, setup)
	begin(t, s, setupOf("setup_2"))
	made(t, s, "setup_2", "location", "sloc_of_another")
	at = at.Add(2 * time.Second)
	made(t, s, setup.ID, "location", "sloc_1")
	made(t, s, setup.ID, "fulfillmentSet.pickup", "fuset_1")
	made(t, s, setup.ID, "location", "sloc_other")
	require.NoError(t, s.RecordStep(t.Context(), setup.ID, "provider", "manual_manual", at.Add(-time.Second)), "steps side by side end in any order")

	want := Setup{
		ID: setup.ID, Plan: setup.Plan, Undoing: true, Claim: &Claim{Actor: "user_1", Key: setup.Claim.Key, BatchID: setup.Claim.BatchID},
		StartedAt: at.Add(-2 * time.Second), TouchedAt: at, Made: map[string]string{"location": "sloc_1", "fulfillmentSet.pickup": "fuset_1", "provider": "manual_manual"},
	}
	assert.Equal(t, want, undo(t, s, setup.ID), "the first that a step made counts")

	at = at.Add(time.Minute)
	require.NoError(t, s.RecordFound(t.Context(), setup.ID, "serviceZone.pickup", "serzo_1"))
	require.NoError(t, s.RecordFound(t.Context(), setup.ID, "location", "sloc_other"))
	want.Made["serviceZone.pickup"] = "serzo_1"
	again, err := s.UndoSetup(t.Context(), setup.ID, time.Hour)
	require.NoError(t, err, "what is being undone is not young any more")
	assert.Equal(t, &want, again, "what was found does not touch it")
}

func setupNotRunning(t on) {
	s := openStore(t, t.dsn)
	require.ErrorIs(t, s.RecordStep(t.Context(), "setup_nobody", "location", "sloc_1", time.Now()), ErrNotRunning)
	require.ErrorIs(t, s.FinishSetup(t.Context(), setupOf("setup_nobody"), Answer{Status: 201}), ErrNotRunning)

	setup := setupOf("setup_1")
	begin(t, s, setup)
	made(t, s, setup.ID, "location", "sloc_1")
	undo(t, s, setup.ID)
	require.ErrorIs(t, s.RecordStep(t.Context(), setup.ID, "provider", "manual_manual", time.Now()), ErrNotRunning)
	require.ErrorIs(t, s.FinishSetup(t.Context(), setup, Answer{Status: 201}), ErrNotRunning)
	assert.Equal(t, map[string]string{"location": "sloc_1"}, undo(t, s, setup.ID).Made, "nothing is written")
	assert.Equal(t, [3]int{1, 1, 1}, rowsOfSetups(t, s), "it is still to be undone")
	record := keyOf(t, s, setup)
	require.NotNil(t, record)
	assert.Nil(t, record.Answer, "there is no answer to what is not made")
}

func setupYoung(t on) {
	s := openStore(t, t.dsn)
	none, err := s.UndoSetup(t.Context(), "setup_nobody", 0)
	require.NoError(t, err)
	assert.Nil(t, none)

	at := time.Date(2026, 11, 22, 10, 20, 30, 123456000, time.UTC)
	s.now = func() time.Time { return at }
	setup := setupOf("setup_1")
	setup.StartedAt = at
	begin(t, s, setup)
	young := func(when string) {
		t.Helper()
		running, err := s.UndoSetup(t.Context(), setup.ID, time.Minute)
		require.ErrorIs(t, err, ErrRunning, when)
		assert.Nil(t, running, when)
		assertUndoing(t, s)
	}
	young("at once")
	at = at.Add(time.Minute - time.Microsecond)
	young("a moment too early")
	made(t, s, setup.ID, "location", "sloc_1")
	at = at.Add(time.Minute - time.Microsecond)
	young("after a step")
	at = at.Add(time.Microsecond)
	undone, err := s.UndoSetup(t.Context(), setup.ID, time.Minute)
	require.NoError(t, err)
	require.NotNil(t, undone)
	assert.True(t, undone.Undoing)
	assertUndoing(t, s, setup.ID)
}

func setupForgotten(t on) {
	s := openStore(t, t.dsn)
	setup, other := setupOf("setup_1"), setupOf("setup_2")
	other.StartedAt = setup.StartedAt.Add(-time.Second)
	begin(t, s, setup)
	begin(t, s, other)
	made(t, s, setup.ID, "location", "sloc_1")
	made(t, s, other.ID, "location", "sloc_2")

	require.NoError(t, s.ForgetSetup(t.Context(), setup))
	assert.Equal(t, [3]int{2, 2, 2}, rowsOfSetups(t, s), "what is not undone is not forgotten")
	assert.NotNil(t, keyOf(t, s, setup))

	undo(t, s, other.ID)
	assertUndoing(t, s, other.ID)
	undone := undo(t, s, setup.ID)
	assertUndoing(t, s, other.ID, setup.ID)
	require.NoError(t, s.ForgetSetup(t.Context(), undone))
	require.NoError(t, s.ForgetSetup(t.Context(), undone), "and once more")
	assertUndoing(t, s, other.ID)
	assert.Equal(t, [3]int{1, 1, 1}, rowsOfSetups(t, s), "the other one's are left alone")
	assert.Nil(t, keyOf(t, s, setup), "the same request can be sent again")
	assert.NotNil(t, keyOf(t, s, other))

	again := setupOf("setup_3")
	again.Claim = setup.Claim
	begin(t, s, again)
	require.NoError(t, s.ForgetSetup(t.Context(), undone))
	assert.NotNil(t, keyOf(t, s, setup), "the key is the next one's now")
}

func setupKeyNotDropped(t on) {
	s := openStore(t, t.dsn)
	setup := setupOf("setup_1")
	drop := func() *Record {
		t.Helper()
		require.NoError(t, s.Drop(t.Context(), setup.Claim.Actor, setup.Claim.Key, setup.Claim.BatchID))
		return keyOf(t, s, setup)
	}
	begin(t, s, setup)
	assert.NotNil(t, drop(), "it is under way")
	undone := undo(t, s, setup.ID)
	assert.NotNil(t, drop(), "it is being undone")
	undone.Claim = nil // the key is left
	require.NoError(t, s.ForgetSetup(t.Context(), undone))
	assert.Nil(t, drop(), "nothing of it is there")

	begin(t, s, setup)
	require.NoError(t, s.FinishSetup(t.Context(), setup, Answer{Status: 201}))
	assert.NotNil(t, drop(), "it has its answer")
}

// keyTaken is of a key for something that is no flush.
func keyTaken(t on) {
	s := openStore(t, t.dsn)
	claim := Claim{Actor: "user_1", Key: "k", RequestHash: []byte{1}, BatchID: "bat_1"}
	require.NoError(t, s.Take(t.Context(), claim))
	require.NoError(t, s.Take(t.Context(), claim), "it is its own")
	rival := claim
	rival.BatchID = "bat_2"
	require.ErrorIs(t, s.Take(t.Context(), rival), ErrClaimed)
	record, err := s.Record(t.Context(), "user_1", "k")
	require.NoError(t, err)
	require.NotNil(t, record)
	assert.Equal(t, claim, record.Claim)
}

// setupStepsOrUndone: what came before the decision to undo is undone, and
// nothing comes after it.
func setupStepsOrUndone(t on) {
	s := openStore(t, t.dsn)
	for n := range 20 {
		id := fmt.Sprintf("setup_%d", n)
		begin(t, s, setupOf(id))
		step, finish := make(chan error, 1), make(chan error, 1)
		go func() { step <- s.RecordStep(t.Context(), id, "location", "sloc_1", time.Now()) }()
		go func() { finish <- s.FinishSetup(t.Context(), setupOf(id), Answer{Status: 201}) }()
		undone, err := s.UndoSetup(t.Context(), id, 0)
		recorded, finished := next(t, step, "the step"), next(t, finish, "the end")
		switch {
		case errors.Is(err, ErrRunning): // the step came at the same moment
			require.NoError(t, recorded)
			require.NoError(t, finished)
		case undone == nil:
			require.NoError(t, err)
			require.NoError(t, finished, "nobody finished it, and it is not there")
		default:
			require.NoError(t, err)
			require.ErrorIs(t, finished, ErrNotRunning, "it is finished and undone")
			if recorded == nil {
				require.Equal(t, "sloc_1", undone.Made["location"], "a step was made that is not undone")
			} else {
				require.ErrorIs(t, recorded, ErrNotRunning)
				require.Empty(t, undone.Made)
			}
		}
	}
}

// undoing undoes as the test says and tells which set-ups were to be undone.
func undoing(t testing.TB, s *Store, undo func(ctx context.Context, setupID string) error) <-chan handed {
	t.Helper()
	setups := make(chan handed, 100)
	require.NoError(t, s.Work(t.Context(), Duties{Undo: func(ctx context.Context, setupID string) error {
		setups <- handed{setupID, time.Now()}
		return undo(ctx, setupID)
	}}))
	return setups
}

func setupHandedOver(t on) {
	dead, err := open(t.Context(), t.dsn, slog.New(slog.DiscardHandler), brisk)
	require.NoError(t, err)
	setup := setupOf("setup_left")
	require.NoError(t, dead.BeginSetup(t.Context(), setup, time.Now()))
	made(t, dead, setup.ID, "location", "sloc_1")
	require.NoError(t, dead.Close())

	s := openStore(t, t.dsn)
	forgotten := make(chan Setup, 1)
	setups := undoing(t, s, func(ctx context.Context, setupID string) error {
		left, err := s.UndoSetup(ctx, setupID, 0)
		if err == nil {
			err = s.ForgetSetup(ctx, *left) // in the middle of its own job
		}
		if err == nil {
			forgotten <- *left
		}
		return err
	})
	assert.Equal(t, setup.ID, next(t, setups, "the set-up to be undone").flushID)
	left := next(t, forgotten, "the set-up to be forgotten")
	assert.Equal(t, setup.Plan, left.Plan)
	assert.Equal(t, map[string]string{"location": "sloc_1"}, left.Made)
	assert.Nil(t, keyOf(t, s, setup))
	assertUndone(t, s)
	assert.Empty(t, setups, "once is enough")
}

func assertUndone(t testing.TB, s *Store) {
	t.Helper()
	assertCompleted(t, s, "undo_setup")
}

// assertCompleted waits for the end of the one job of its kind, at its first
// success.
func assertCompleted(t testing.TB, s *Store, kind string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var state string
		var attempt int
		assert.NoError(c, s.read.QueryRowContext(t.Context(), s.bind("SELECT state, attempt FROM river_job WHERE kind = ?"), kind).Scan(&state, &attempt))
		assert.Equal(c, "completed", state)
		assert.Equal(c, 1, attempt, "a failure uses up an attempt, of which there is an end")
	}, patience, 10*time.Millisecond)
}

func setupUndoingRetries(t on) {
	s := openStore(t, t.dsn)
	require.NoError(t, s.BeginSetup(t.Context(), setupOf("setup_1"), time.Now()))
	tries := 0
	setups := undoing(t, s, func(context.Context, string) error {
		if tries++; tries < 5 {
			return errors.New("Medusa cannot be reached")
		}
		return nil
	})
	for range 5 {
		assert.Equal(t, "setup_1", next(t, setups, "the set-up to be undone once more").flushID)
	}
	assertUndone(t, s)
	assert.Empty(t, setups)
}

func setupUndoingWaits(t on) {
	s := openStore(t, t.dsn)
	for _, id := range []string{"setup_made", "setup_forgotten"} {
		require.NoError(t, s.BeginSetup(t.Context(), setupOf(id), time.Now()))
	}
	require.NoError(t, s.FinishSetup(t.Context(), setupOf("setup_made"), Answer{Status: 201}))
	require.NoError(t, s.ForgetSetup(t.Context(), undo(t, s, "setup_forgotten")))
	due := time.Now().Add(500 * time.Millisecond)
	require.NoError(t, s.BeginSetup(t.Context(), setupOf("setup_left"), due))
	setups := undoing(t, s, done)

	first := next(t, setups, "the set-up to be undone")
	assert.Equal(t, "setup_left", first.flushID, "of what is made, or forgotten, nothing is left")
	assert.False(t, first.at.Before(due), "undone %s too early", due.Sub(first.at))
}

// setupTakenOver is of two gateways that share a database: one stands still in
// the middle of a set-up, the other undoes it.
func setupTakenOver(t on) {
	first, second := openStore(t, t.dsn), openStore(t, t.dsn)
	setup := setupOf("setup_1")
	require.NoError(t, first.BeginSetup(t.Context(), setup, time.Now()))
	made(t, first, setup.ID, "location", "sloc_1")

	found := make(chan *Setup, 100)
	setups := undoing(t, second, func(ctx context.Context, setupID string) error {
		left, err := second.UndoSetup(ctx, setupID, 0)
		found <- left
		return err
	})
	assert.Equal(t, setup.ID, next(t, setups, "the set-up to be undone").flushID)
	left := next(t, found, "what was made")
	require.NotNil(t, left)
	assert.Equal(t, map[string]string{"location": "sloc_1"}, left.Made)

	require.ErrorIs(t, first.RecordStep(t.Context(), setup.ID, "provider", "manual_manual", time.Now()), ErrNotRunning, "who comes back late makes nothing more")
	require.ErrorIs(t, first.FinishSetup(t.Context(), setup, Answer{Status: 201}), ErrNotRunning)
	rival := setupOf("setup_2")
	rival.Claim = setup.Claim
	require.ErrorIs(t, first.BeginSetup(t.Context(), rival, time.Now()), ErrRunning, "nor does the same request while it is being undone")
	assertUndoing(t, first, setup.ID)

	require.NoError(t, second.ForgetSetup(t.Context(), *left))
	assertUndoing(t, first)
	begin(t, first, rival)
}
