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

	"github.com/cannahub/gateway/mapping"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456000, time.UTC)

// holdOf is a hold of user_1 with a key of its own and one line, which nobody
// sees to.
func holdOf(id string) Hold {
	return Hold{
		ID: id, CreatedAt: noon,
		Claim: &Claim{Actor: "user_1", Key: "key of " + id, RequestHash: []byte{1, 254}, BatchID: "batch of " + id},
		Lines: []HoldLine{{Number: 1, Stage: Making, Since: noon, Level: levelAt(1), Quantity: mapping.QuantityOf(1)}},
	}
}

// keylessHold is a hold without a key.
func keylessHold(id string) Hold {
	hold := holdOf(id)
	hold.Claim = nil
	return hold
}

func beginHold(t testing.TB, s *Store, hold Hold) {
	t.Helper()
	require.NoError(t, s.BeginHold(t.Context(), hold))
}

// changeHold changes a hold, and gives no answer.
func changeHold(t testing.TB, s *Store, id string, change func(hold *Hold)) Hold {
	t.Helper()
	hold, err := s.ChangeHold(t.Context(), id, changing(change))
	require.NoError(t, err)
	return hold
}

// changing is a change that succeeds and gives no answer.
func changing(change func(hold *Hold)) func(*Hold) (*Answer, error) {
	return func(hold *Hold) (*Answer, error) {
		change(hold)
		return nil, nil //nolint:nilnil // there is none
	}
}

func withoutLines(hold *Hold) { hold.Lines = nil }

// stood is a hold as the database has it.
func stood(t testing.TB, s *Store, id string) Hold {
	t.Helper()
	hold, err := s.Hold(t.Context(), id)
	require.NoError(t, err)
	return hold
}

// recordOf is what is remembered of a hold's key.
func recordOf(t testing.TB, s *Store, hold Hold) *Record {
	t.Helper()
	record, err := s.Record(t.Context(), hold.Claim.Actor, hold.Claim.Key)
	require.NoError(t, err)
	return record
}

// rowsOfHolds counts what the database holds of holds: themselves, their lines
// and their jobs.
func rowsOfHolds(t testing.TB, s *Store) (rows [3]int) {
	t.Helper()
	require.NoError(t, s.read.QueryRowContext(t.Context(),
		"SELECT (SELECT count(*) FROM holds), (SELECT count(*) FROM hold_lines), (SELECT count(*) FROM river_job WHERE kind = 'tend_hold')").
		Scan(&rows[0], &rows[1], &rows[2]))
	return rows
}

func holdMade(t on) {
	s := openStore(t, t.dsn)
	hold := holdOf("hold_1")
	hold.DueAt = time.Now().Add(time.Hour)
	beginHold(t, s, hold)
	record := recordOf(t, s, hold)
	require.NotNil(t, record, "the key is claimed with the beginning")
	assert.Equal(t, *hold.Claim, record.Claim)
	assert.Nil(t, record.Answer, "there is no answer yet")
	assert.Equal(t, [3]int{1, 1, 1}, rowsOfHolds(t, s), "whoever finds it left behind has a job")

	answer := Answer{Status: 201, Body: []byte("{\"reservations\":[]}\n\x00")}
	made, err := s.ChangeHold(t.Context(), hold.ID, func(hold *Hold) (*Answer, error) {
		hold.Lines[0].Stage, hold.Lines[0].ReservationID = Held, "resitem_1"
		return &answer, nil
	})
	require.NoError(t, err)
	assert.Nil(t, made.Claim, "it is answered")
	assert.Equal(t, made, stood(t, s, hold.ID))
	record = recordOf(t, s, hold)
	require.NotNil(t, record)
	assert.Equal(t, &answer, record.Answer)

	_, err = s.ChangeHold(t.Context(), hold.ID, func(*Hold) (*Answer, error) { return &Answer{Status: 500}, nil })
	require.NoError(t, err)
	assert.Equal(t, &answer, recordOf(t, s, hold).Answer, "the first answer stays")
	changeHold(t, s, hold.ID, withoutLines)
	assert.Equal(t, [3]int{}, rowsOfHolds(t, s))
	assert.Equal(t, &answer, recordOf(t, s, hold).Answer, "what was answered can be asked for again, though the hold is gone")
}

func holdWithoutKey(t on) {
	s := openStore(t, t.dsn)
	beginHold(t, s, keylessHold("hold_1"))
	beginHold(t, s, keylessHold("hold_2"))
	assert.Nil(t, stood(t, s, "hold_1").Claim)
	_, err := s.ChangeHold(t.Context(), "hold_1", func(*Hold) (*Answer, error) { return &Answer{Status: 201}, nil })
	require.NoError(t, err, "an answer that nobody asks for again is not kept")
	changeHold(t, s, "hold_2", withoutLines)
	var keys int
	require.NoError(t, s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM idempotency_keys").Scan(&keys))
	assert.Zero(t, keys)
}

func holdKeyForgotten(t on) {
	s := openStore(t, t.dsn)
	hold := holdOf("hold_1")
	hold.DueAt = noon
	beginHold(t, s, hold)
	_, err := s.write.ExecContext(t.Context(), "UPDATE idempotency_keys SET batch_id = 'other'")
	require.NoError(t, err)
	_, err = s.ChangeHold(t.Context(), hold.ID, func(hold *Hold) (*Answer, error) {
		withoutLines(hold)
		return &Answer{Status: 201}, nil
	})
	require.NoError(t, err, "what was done with a hold must end, also when nobody asks any more")
	assert.Nil(t, recordOf(t, s, hold).Answer, "an answer to another request")
	assert.Equal(t, [3]int{0, 0, 0}, rowsOfHolds(t, s))
}

func holdKeyTaken(t on) {
	s := openStore(t, t.dsn)
	first := holdOf("hold_1")
	beginHold(t, s, first)
	begin(t, s, setupOf("setup_1"))
	require.NoError(t, s.Take(t.Context(), Claim{Actor: "user_1", Key: "of a batch", BatchID: "bat_1"}))
	refused := func(why string, claim Claim) {
		t.Helper()
		second := holdOf("hold_2")
		second.Claim, second.DueAt = &claim, noon
		before := rowsOfHolds(t, s)
		err := s.BeginHold(t.Context(), second)
		require.ErrorIs(t, err, ErrRunning, why)
		require.NotErrorIs(t, err, ErrUncertain, why)
		assert.Equal(t, before, rowsOfHolds(t, s), "%s: nothing is written of the second", why)
	}
	other := *first.Claim
	other.BatchID = "other"
	refused("the same request at the same moment", *first.Claim)
	refused("another request", other)
	refused("a batch has the key", Claim{Actor: "user_1", Key: "of a batch", BatchID: "bat_1"})
	refused("a set-up has the key", *setupOf("setup_1").Claim)
	assert.Equal(t, *first.Claim, recordOf(t, s, first).Claim, "the first has it")

	_, err := s.ChangeHold(t.Context(), first.ID, func(*Hold) (*Answer, error) { return &Answer{Status: 201}, nil })
	require.NoError(t, err)
	refused("it has its answer", *first.Claim)

	second := holdOf("hold_2")
	second.Claim.Actor, second.Claim.Key = "user_2", first.Claim.Key
	beginHold(t, s, second)
}

func holdOneBegins(t on) {
	s := openStore(t, t.dsn)
	const rivals = 10
	errs := make(chan error, rivals)
	for n := range rivals {
		go func() {
			hold := holdOf(fmt.Sprintf("hold_%d", n))
			hold.Claim.Key, hold.DueAt = "k", noon
			errs <- s.BeginHold(t.Context(), hold)
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
	assert.Equal(t, [3]int{1, 1, 1}, rowsOfHolds(t, s))
}

func holdKeyNotDropped(t on) {
	s := openStore(t, t.dsn)
	hold := holdOf("hold_1")
	beginHold(t, s, hold)
	require.NoError(t, s.Drop(t.Context(), hold.Claim.Actor, hold.Claim.Key, hold.Claim.BatchID))
	assert.NotNil(t, recordOf(t, s, hold), "it is being made")
	changeHold(t, s, hold.ID, withoutLines)
	require.NoError(t, s.Take(t.Context(), *hold.Claim))
	require.NoError(t, s.Drop(t.Context(), hold.Claim.Actor, hold.Claim.Key, hold.Claim.BatchID))
	assert.Nil(t, recordOf(t, s, hold), "the hold is gone")
}

// fullHold is a hold with something in all its columns.
func fullHold(t testing.TB) Hold {
	t.Helper()
	hold := holdOf("hold_full")
	hold.CartID, hold.ExpiresAt, hold.DueAt = "cart_'ünï' $1?", noon.Add(15*time.Minute+time.Microsecond), noon.Add(time.Microsecond)
	hold.Lines = []HoldLine{
		{
			Number: 2, Stage: Confirming, Since: noon.Add(-time.Microsecond), ReservationID: "resitem_2", Level: levelAt(2), VariantID: "variant_'ü' \\ \"",
			Quantity: quantityOf(t, "0.001"), ChangingTill: noon.Add(30*time.Second + time.Microsecond),
			Confirmation: &Confirmation{
				AttemptID: "att_1", Asked: "resitem_2", Note: mapping.Note{Reason: "venta <b>'ñ' \"\\ ?", Reference: "order\n\x00$1", SourceHarvestID: "harvest_1"},
				Actor: Actor{Type: "user", ID: "user_1"}, RequestID: "req_1",
				KeyBatch: "bat_1",
			},
		},
		{Number: 10, Stage: Held, Since: noon, ReservationID: "resitem_10", Level: levelAt(1), Quantity: quantityOf(t, "123456789012345678901.25")},
		{Number: 11, Stage: Releasing},
	}
	return hold
}

func holdComesBack(t on) {
	s := openStore(t, t.dsn)
	full := fullHold(t)
	beginHold(t, s, full)
	beginHold(t, s, keylessHold("hold_bare"))
	full.Claim.RequestHash = nil
	assert.Equal(t, full, stood(t, s, full.ID))
	assert.Equal(t, keylessHold("hold_bare"), stood(t, s, "hold_bare"), "what is not said is not there")
	assert.Equal(t, full, changeHold(t, s, full.ID, func(hold *Hold) { assert.Equal(t, full, *hold, "the change sees it as it stands") }))
	assert.Equal(t, full, stood(t, s, full.ID), "a change of nothing changes nothing")

	full.CartID, full.ExpiresAt, full.DueAt, full.CreatedAt = "", time.Time{}, time.Time{}, noon.Add(time.Second)
	changed := changeHold(t, s, full.ID, func(hold *Hold) {
		hold.CartID, hold.ExpiresAt, hold.DueAt = "", time.Time{}, time.Time{}
		hold.CreatedAt = noon.Add(time.Second + 999*time.Nanosecond).In(time.FixedZone("", 3600))
	})
	assert.Equal(t, full, changed, "it is returned as the database has it")
	assert.Equal(t, full, stood(t, s, full.ID))
}

func holdLinesChange(t on) {
	s := openStore(t, t.dsn)
	full, other := fullHold(t), holdOf("hold_other")
	beginHold(t, s, full)
	beginHold(t, s, other)
	want := full.Lines
	change := func(why string, change func(hold *Hold)) {
		t.Helper()
		assert.Equal(t, want, changeHold(t, s, full.ID, change).Lines, why)
		assert.Equal(t, want, stood(t, s, full.ID).Lines, why)
		assert.Equal(t, other.Lines, stood(t, s, other.ID).Lines, "%s: another hold's are left alone", why)
	}
	added := HoldLine{Number: 1, Stage: Making, Since: noon, Level: levelAt(7), Quantity: quantityOf(t, "1.5")}
	want = append([]HoldLine{added}, want...)
	change("a line more, where its number is", func(hold *Hold) { hold.Lines = append(hold.Lines, added) })

	want = want[:3]
	change("a line less", func(hold *Hold) { hold.Lines = hold.Lines[:3] })

	want[0].Stage, want[0].Since, want[0].ReservationID = Held, noon.Add(time.Second), "resitem_1"
	change("a line in another stage", func(hold *Hold) {
		line := &hold.Lines[0]
		line.Stage, line.Since, line.ReservationID = Held, noon.Add(time.Second), "resitem_1"
	})

	want[1].Stage, want[1].Confirmation, want[1].ChangingTill = Held, nil, time.Time{}
	want[2].Confirmation = &Confirmation{AttemptID: "att_2"}
	change("lines with another confirmation", func(hold *Hold) {
		hold.Lines[1].Stage, hold.Lines[1].Confirmation, hold.Lines[1].ChangingTill = Held, nil, time.Time{}
		hold.Lines[2].Confirmation = &Confirmation{AttemptID: "att_2"}
	})

	want[0].ReservationID, want[1].ReservationID = want[1].ReservationID, want[0].ReservationID
	want[2].Quantity = quantityOf(t, "0.002")
	change("reservations change places", func(hold *Hold) {
		lines := hold.Lines
		lines[0].ReservationID, lines[1].ReservationID = lines[1].ReservationID, lines[0].ReservationID
		lines[2].Quantity = quantityOf(t, "0.002")
	})
}

func holdReservationOnce(t on) {
	s := openStore(t, t.dsn)
	beginHold(t, s, fullHold(t))
	beginHold(t, s, holdOf("hold_2"))
	before := stood(t, s, "hold_2")
	_, err := s.ChangeHold(t.Context(), "hold_2", changing(func(hold *Hold) { hold.Lines[0].ReservationID = "resitem_2" }))
	require.Error(t, err, "two holds would release it")
	assert.Equal(t, before, stood(t, s, "hold_2"))
}

func holdChangeFails(t on) {
	s := openStore(t, t.dsn)
	full := fullHold(t)
	beginHold(t, s, full)
	before, rows := stood(t, s, full.ID), rowsOfHolds(t, s)
	refusal := errors.New("it is being confirmed")
	_, err := s.ChangeHold(t.Context(), full.ID, func(hold *Hold) (*Answer, error) {
		*hold = Hold{}
		return &Answer{Status: 201}, refusal
	})
	require.ErrorIs(t, err, refusal)
	require.NotErrorIs(t, err, ErrUncertain)
	assert.Equal(t, before, stood(t, s, full.ID))
	assert.Equal(t, rows, rowsOfHolds(t, s))
	assert.Nil(t, recordOf(t, s, full).Answer)
	changeHold(t, s, full.ID, withoutLines)
}

func holdForgotten(t on) {
	s := openStore(t, t.dsn)
	hold, other := holdOf("hold_1"), holdOf("hold_2")
	hold.DueAt, other.DueAt = noon, noon
	beginHold(t, s, hold)
	beginHold(t, s, other)

	gone := changeHold(t, s, hold.ID, withoutLines)
	assert.Equal(t, hold.ID, gone.ID)
	assert.Empty(t, gone.Lines)
	_, err := s.Hold(t.Context(), hold.ID)
	require.ErrorIs(t, err, ErrNoHold)
	assert.Equal(t, [3]int{1, 1, 1}, rowsOfHolds(t, s), "the other one's are left alone")
	assert.Nil(t, recordOf(t, s, hold), "the same request can be sent again")
	assert.NotNil(t, recordOf(t, s, other))
	again := holdOf("hold_3")
	again.Claim = hold.Claim
	beginHold(t, s, again)

	answer := Answer{Status: 409, Body: []byte("{}")}
	_, err = s.ChangeHold(t.Context(), other.ID, func(hold *Hold) (*Answer, error) {
		withoutLines(hold)
		return &answer, nil
	})
	require.NoError(t, err)
	assert.Equal(t, [3]int{1, 1, 0}, rowsOfHolds(t, s))
	require.NotNil(t, recordOf(t, s, other))
	assert.Equal(t, &answer, recordOf(t, s, other).Answer, "it is forgotten, its answer is not")
}

func holdUnclaimed(t on) {
	s := openStore(t, t.dsn)
	hold := holdOf("hold_1")
	beginHold(t, s, hold)
	assert.Nil(t, changeHold(t, s, hold.ID, func(hold *Hold) { hold.Claim = nil }).Claim)
	assert.Nil(t, recordOf(t, s, hold), "the same request can be sent again")
	again := holdOf("hold_2")
	again.Claim = hold.Claim
	beginHold(t, s, again)
	changeHold(t, s, hold.ID, withoutLines)
	assert.NotNil(t, recordOf(t, s, again), "the key is the next one's now")
}

func noHold(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	beginHold(t, s, holdOf("hold_gone"))
	changeHold(t, s, "hold_gone", withoutLines)
	beginHold(t, s, holdOf("hold_other"))
	before := stood(t, s, "hold_other")
	turn.End()
	for _, id := range []string{"hold_gone", "hold_nobody", ""} {
		change := func(*Hold) (*Answer, error) {
			assert.Fail(t, "there is nothing to change", id)
			return &Answer{Status: 200}, nil
		}
		_, err := s.Hold(t.Context(), id)
		require.ErrorIs(t, err, ErrNoHold, id)
		_, err = s.ChangeHold(t.Context(), id, change)
		require.ErrorIs(t, err, ErrNoHold, id)
		_, err = s.GiveUp(t.Context(), id, "att_1", change)
		require.ErrorIs(t, err, ErrNoHold, id)
		require.NotErrorIs(t, err, ErrUncertain, id)
	}
	assert.Equal(t, before, stood(t, s, "hold_other"))
	require.NoError(t, take(t.Context(), s, attempt(t, "att_1")), "nothing was given up")
}

// confirmTogether is of many who add to a hold and want to confirm it at the same
// moment.
func confirmTogether(t testing.TB, stores ...*Store) {
	t.Helper()
	const rivals = 20
	beginHold(t, stores[0], keylessHold("hold_1"))
	changeHold(t, stores[0], "hold_1", func(hold *Hold) { hold.Lines[0].Stage = Held })
	late := errors.New("somebody else confirms it")
	errs := make(chan error, 2*rivals)
	for n := range rivals {
		s := stores[n%len(stores)]
		go func() {
			_, err := s.ChangeHold(t.Context(), "hold_1", changing(func(hold *Hold) {
				hold.Lines[0].Quantity = hold.Lines[0].Quantity.Add(mapping.QuantityOf(1))
				hold.Lines = append(hold.Lines, HoldLine{Number: len(hold.Lines) + 1, Stage: Held})
			}))
			errs <- err
		}()
		go func() {
			_, err := s.ChangeHold(t.Context(), "hold_1", func(hold *Hold) (*Answer, error) {
				if hold.Lines[0].Stage != Held {
					return nil, late
				}
				hold.Lines[0].Stage = Confirming
				return nil, nil //nolint:nilnil // there is none
			})
			errs <- err
		}()
	}
	succeeded := 0
	for range 2 * rivals {
		if err := next(t, errs, "a rival"); err == nil {
			succeeded++
		} else {
			assert.ErrorIs(t, err, late)
		}
	}
	assert.Equal(t, rivals+1, succeeded, "all who add, and one who confirms")
	hold := stood(t, stores[0], "hold_1")
	assert.Equal(t, mapping.QuantityOf(1+rivals), hold.Lines[0].Quantity, "an addition is lost")
	assert.Len(t, hold.Lines, 1+rivals, "a line is lost")
}

func holdChangesTogether(t on) { confirmTogether(t, openStore(t, t.dsn)) }

func holdChangesOfMany(t on) { confirmTogether(t, openStore(t, t.dsn), openStore(t, t.dsn)) }

// untilWaiting returns when a statement waits for another transaction.
func untilWaiting(t testing.TB, s *Store) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var waiting int
		assert.NoError(c, s.read.QueryRowContext(t.Context(),
			"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'transactionid'").Scan(&waiting))
		assert.Equal(c, 1, waiting)
	}, patience, 10*time.Millisecond, "nobody waits")
}

// changeMeanwhile changes a hold through first, and lets second read its lines
// into seen, where there are any, as soon as the first can no longer be
// overtaken.
func changeMeanwhile(t testing.TB, first, second *Store, change func(hold *Hold)) (seen <-chan []HoldLine, err error) {
	t.Helper()
	lines, errs := make(chan []HoldLine, 1), make(chan error, 1)
	changeHold(t, first, "hold_1", func(hold *Hold) {
		go func() {
			_, err := second.ChangeHold(t.Context(), "hold_1", changing(func(hold *Hold) { lines <- hold.Lines }))
			errs <- err
		}()
		untilWaiting(t, first)
		change(hold)
	})
	return lines, next(t, errs, "the second")
}

func holdChangeWaits(t on) {
	first, second := openStore(t, t.dsn), openStore(t, t.dsn)
	beginHold(t, first, keylessHold("hold_1"))
	seen, err := changeMeanwhile(t, first, second, func(hold *Hold) {
		hold.Lines = []HoldLine{{Number: 2, Stage: Held, Since: noon}}
	})
	require.NoError(t, err)
	assert.Equal(t, []HoldLine{{Number: 2, Stage: Held, Since: noon}}, next(t, seen, "the lines"), "who waited sees what was done meanwhile")
}

func holdForgottenMeanwhile(t on) {
	first, second := openStore(t, t.dsn), openStore(t, t.dsn)
	beginHold(t, first, keylessHold("hold_1"))
	seen, err := changeMeanwhile(t, first, second, withoutLines)
	require.ErrorIs(t, err, ErrNoHold)
	assert.Empty(t, seen, "there is nothing to change")
}

func holdsFound(t on) {
	s := openStore(t, t.dsn)
	idsOf := func(holds []Hold, err error) (ids []string) {
		t.Helper()
		require.NoError(t, err)
		for _, hold := range holds {
			assert.Equal(t, stood(t, s, hold.ID), hold, "it comes with all its lines")
			ids = append(ids, hold.ID)
		}
		return ids
	}
	count := func() int {
		t.Helper()
		count, err := s.CountHolds(t.Context())
		require.NoError(t, err)
		return count
	}
	assert.Zero(t, count())

	for n, test := range []struct {
		cart         string
		begun        time.Time
		stages       []Stage
		reservations []string
	}{
		{"cart_1", noon.Add(-1 * time.Second), []Stage{Held, Held}, []string{"resitem_1", "resitem_2"}},
		{"cart_1", noon.Add(-3 * time.Second), []Stage{Making, Releasing, Confirming}, []string{"", "resitem_3", "resitem_4"}},
		{"cart_1", noon.Add(-2 * time.Second), []Stage{Releasing, Held}, []string{"", ""}},
		{"cart_2", noon.Add(-4 * time.Second), []Stage{Held}, []string{"resitem_'ü' \\ \""}},
		{"", noon.Add(-5 * time.Second), []Stage{Making}, []string{""}},
	} {
		hold := keylessHold(fmt.Sprintf("hold_%d", n+1))
		hold.CartID, hold.CreatedAt, hold.Lines = test.cart, test.begun, nil
		for i, stage := range test.stages {
			hold.Lines = append(hold.Lines, HoldLine{Number: i + 1, Stage: stage, ReservationID: test.reservations[i]})
		}
		beginHold(t, s, hold)
	}
	assert.Equal(t, 3, count(), "a hold counts once, and only while something is held")
	assert.Equal(t, []string{"hold_2", "hold_3", "hold_1"}, idsOf(s.HoldsOfCart(t.Context(), "cart_1")))
	assert.Empty(t, idsOf(s.HoldsOfCart(t.Context(), "cart_nobody")))
	assert.Empty(t, idsOf(s.HoldsOfCart(t.Context(), "")), "no cart is not a cart")

	for name, test := range map[string]struct{ asked, want []string }{
		"one":               {[]string{"resitem_3"}, []string{"hold_2"}},
		"two of one":        {[]string{"resitem_1", "resitem_2"}, []string{"hold_1"}},
		"of several":        {[]string{"resitem_4", "resitem_2", "resitem_'ü' \\ \"", "resitem_nobody"}, []string{"hold_1", "hold_2", "hold_4"}},
		"of nobody":         {[]string{"resitem_nobody"}, nil},
		"none":              {nil, nil},
		"one not known yet": {[]string{""}, nil},
	} {
		assert.ElementsMatch(t, test.want, idsOf(s.HoldsOf(t.Context(), test.asked)), name)
	}
}

// tending sees to holds as the test says and tells which were seen to.
func tending(t testing.TB, s *Store, tend func(ctx context.Context, holdID string) error) <-chan handed {
	t.Helper()
	holds := make(chan handed, 100)
	require.NoError(t, s.Work(t.Context(), Duties{Tend: func(ctx context.Context, holdID string) error {
		holds <- handed{holdID, time.Now()}
		return tend(ctx, holdID)
	}}))
	return holds
}

// holdsTended is of holds whose time was moved before any of it had come.
func holdsTended(t on) {
	s := openStore(t, t.dsn)
	start := time.Now()
	soon, later, far := start.Add(300*time.Millisecond), start.Add(600*time.Millisecond), start.Add(time.Hour)
	due := map[string]time.Time{"hold_still": soon, "hold_earlier": soon, "hold_later": later, "hold_now_due": soon}
	for id, at := range map[string]time.Time{
		"hold_still": soon, "hold_earlier": far, "hold_later": start, "hold_now_due": {}, "hold_not_due": start, "hold_gone": start, "hold_never": {}, "hold_far": far,
	} {
		hold := keylessHold(id)
		hold.DueAt = at
		beginHold(t, s, hold)
	}
	for id, at := range map[string]time.Time{"hold_still": soon, "hold_earlier": soon, "hold_later": later, "hold_now_due": soon, "hold_not_due": {}} {
		changed := changeHold(t, s, id, func(hold *Hold) { hold.DueAt = at })
		assert.Equal(t, fromMicros(micros(at)), changed.DueAt)
	}
	changeHold(t, s, "hold_gone", withoutLines)
	assert.Equal(t, [3]int{7, 7, 5}, rowsOfHolds(t, s), "each hold has a job, if it is ever due")

	holds := tending(t, s, done)
	seen := map[string]time.Time{}
	for range due {
		hold := next(t, holds, "a hold to be seen to")
		seen[hold.flushID] = hold.at
	}
	for id, at := range due {
		if assert.Contains(t, seen, id) {
			assert.False(t, seen[id].Before(at), "%s is seen to %s too early", id, at.Sub(seen[id]))
		}
	}
	assert.Empty(t, holds, "once is enough")
}

func holdHandedOver(t on) {
	dead, err := open(t.Context(), t.dsn, slog.New(slog.DiscardHandler), brisk)
	require.NoError(t, err)
	left, moved := holdOf("hold_left"), holdOf("hold_moved")
	left.DueAt, moved.DueAt = time.Now(), noon.Add(24*365*time.Hour)
	beginHold(t, dead, left)
	beginHold(t, dead, moved)
	changeHold(t, dead, moved.ID, func(hold *Hold) { hold.DueAt = left.DueAt })
	require.NoError(t, dead.Close())

	s := openStore(t, t.dsn)
	holds := tending(t, s, func(ctx context.Context, holdID string) error {
		_, err := s.ChangeHold(ctx, holdID, changing(withoutLines)) // in the middle of its own job
		return err
	})
	assert.ElementsMatch(t, []string{left.ID, moved.ID}, []string{next(t, holds, "a hold").flushID, next(t, holds, "the other").flushID})
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var completed int
		assert.NoError(c, s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM river_job WHERE kind = 'tend_hold' AND state = 'completed'").Scan(&completed))
		assert.Equal(c, 2, completed)
	}, patience, 10*time.Millisecond)
	assert.Empty(t, holds, "once is enough")
	assert.Equal(t, [3]int{0, 0, 2}, rowsOfHolds(t, s))
	assert.Nil(t, recordOf(t, s, left))
}

func holdTendingRetries(t on) {
	s := openStore(t, t.dsn)
	hold := holdOf("hold_1")
	hold.DueAt = time.Now()
	beginHold(t, s, hold)
	tries := 0
	holds := tending(t, s, func(ctx context.Context, holdID string) error {
		if tries++; tries < 5 {
			return errors.New("Medusa cannot be reached")
		}
		_, err := s.ChangeHold(ctx, holdID, changing(heldAgain))
		return err
	})
	for range 5 {
		assert.Equal(t, hold.ID, next(t, holds, "the hold to be seen to once more").flushID)
	}
	assertCompleted(t, s, "tend_hold")
	assert.Empty(t, holds)
	assert.Equal(t, [3]int{1, 1, 1}, rowsOfHolds(t, s), "a change that does not move its time does not have it seen to once more")
}

// holdTendedAgain is of a hold that is due a second time, which is said in the
// middle of the first.
func holdTendedAgain(t on) {
	s := openStore(t, t.dsn)
	hold := holdOf("hold_1")
	hold.DueAt = time.Now()
	beginHold(t, s, hold)
	again := hold.DueAt.Add(500 * time.Millisecond)
	holds := tending(t, s, func(ctx context.Context, holdID string) error {
		_, err := s.ChangeHold(ctx, holdID, changing(func(hold *Hold) {
			if micros(hold.DueAt) == micros(again) {
				hold.Lines = nil
			}
			hold.DueAt = again
		}))
		return err
	})
	next(t, holds, "the hold")
	second := next(t, holds, "the hold once more")
	assert.False(t, second.at.Before(again), "seen to %s too early", again.Sub(second.at))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, [3]int{0, 0, 2}, rowsOfHolds(t, s))
	}, patience, 10*time.Millisecond)
	assert.Empty(t, holds, "once each time is enough")
}

// attempt is a flush that takes stock under an attempt to confirm.
func attempt(t testing.TB, attemptID string) Flush {
	t.Helper()
	entry := change(t, levelAt(1), "2", "1")
	entry.BatchID = attemptID
	return Flush{
		ID: NewID("fl_"), Entries: []Entry{entry}, Until: time.Now().Add(time.Hour),
		Claims: []Claim{*Confirmation{AttemptID: attemptID}.Claim()},
	}
}

// take commits a flush in a turn of its own.
func take(ctx context.Context, s *Store, flush Flush) error {
	turn, err := s.Turn(ctx)
	if err != nil {
		return err
	}
	defer turn.End()
	return turn.Commit(ctx, flush)
}

// confirmed is a hold that is being confirmed by an attempt.
func confirmed(t testing.TB, s *Store, id, attemptID string) Hold {
	t.Helper()
	hold := holdOf(id)
	hold.Lines[0].Stage, hold.Lines[0].Confirmation = Confirming, &Confirmation{AttemptID: attemptID}
	beginHold(t, s, hold)
	return stood(t, s, id)
}

// heldAgain takes a line back from confirming.
func heldAgain(hold *Hold) { hold.Lines[0].Stage, hold.Lines[0].Confirmation = Held, nil }

func attemptGivenUp(t on) {
	s := openStore(t, t.dsn)
	confirmed(t, s, "hold_1", "att_1")
	confirmed(t, s, "hold_2", "att_2")
	answer := Answer{Status: 409}
	given, err := s.GiveUp(t.Context(), "hold_1", "att_1", func(hold *Hold) (*Answer, error) {
		heldAgain(hold)
		return &answer, nil
	})
	require.NoError(t, err)
	assert.Equal(t, Held, given.Lines[0].Stage)
	assert.Equal(t, given, stood(t, s, "hold_1"))
	assert.Equal(t, &answer, recordOf(t, s, holdOf("hold_1")).Answer)

	require.ErrorIs(t, take(t.Context(), s, attempt(t, "att_1")), ErrClaimed, "what was given up takes no stock")
	assert.Empty(t, ledger(t, s))
	assert.Zero(t, settlings(t, s))
	turn := takeTurn(t, s)
	mine := *Confirmation{AttemptID: "att_1"}.Claim()
	others, err := turn.Claimed(t.Context(), []Claim{mine, *Confirmation{AttemptID: "att_2"}.Claim()})
	require.NoError(t, err)
	require.Len(t, others, 1)
	assert.True(t, mine.Clashes(others[0]), "who asks before learns it, too: %+v", others[0])
	turn.End()

	_, err = s.GiveUp(t.Context(), "hold_1", "att_1", changing(heldAgain))
	require.NoError(t, err, "once more is as good")
	require.ErrorIs(t, take(t.Context(), s, attempt(t, "att_1")), ErrClaimed)
	require.NoError(t, take(t.Context(), s, attempt(t, "att_2")), "another attempt is left alone")
	require.NoError(t, take(t.Context(), s, attempt(t, "att_3")), "the hold can be confirmed anew")
}

func attemptCommitted(t on) {
	s := openStore(t, t.dsn)
	turn := takeTurn(t, s)
	for _, state := range []State{Pending, Applied, Unknown, Failed} {
		id, attemptID := "hold_"+string(state), "att_"+string(state)
		before := confirmed(t, s, id, attemptID)
		flush := attempt(t, attemptID)
		require.NoError(t, turn.Commit(t.Context(), flush))
		if state != Pending {
			require.NoError(t, turn.Mark(t.Context(), flush.ID, all(flush, state)))
		}
		turn.End()
		_, err := s.GiveUp(t.Context(), id, attemptID, changing(heldAgain))
		if state == Failed {
			require.NoError(t, err, "no stock was taken")
			assert.Equal(t, Held, stood(t, s, id).Lines[0].Stage)
			require.ErrorIs(t, take(t.Context(), s, attempt(t, attemptID)), ErrClaimed, "nor is it when the attempt is made once more")
			continue
		}
		require.ErrorIs(t, err, ErrCommitted, state)
		require.NotErrorIs(t, err, ErrUncertain)
		assert.Equal(t, before, stood(t, s, id))
		turn = takeTurn(t, s)
		others, err := turn.Claimed(t.Context(), flush.Claims)
		require.NoError(t, err)
		assert.Empty(t, others, "the key of the attempt %s is its own", attemptID)
	}
}

func givingUpFails(t on) {
	s := openStore(t, t.dsn)
	before := confirmed(t, s, "hold_1", "att_1")
	refusal := errors.New("it is confirmed")
	_, err := s.GiveUp(t.Context(), "hold_1", "att_1", func(hold *Hold) (*Answer, error) {
		heldAgain(hold)
		return nil, refusal
	})
	require.ErrorIs(t, err, refusal)

	turn := takeTurn(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s.GiveUp(ctx, "hold_1", "att_1", changing(heldAgain))
	require.ErrorIs(t, err, context.DeadlineExceeded, "somebody else has the turn")
	turn.End()

	assert.Equal(t, before, stood(t, s, "hold_1"))
	require.NoError(t, take(t.Context(), s, attempt(t, "att_1")), "it was not given up")
}

// attemptStaysGivenUp: an attempt that was begun long ago can still wait.
func attemptStaysGivenUp(t on) {
	s := openStore(t, t.dsn)
	at := time.Now()
	s.now = func() time.Time { return at }
	confirmed(t, s, "hold_1", "att_1")
	turn := takeTurn(t, s)
	flush := attempt(t, "att_1")
	require.NoError(t, turn.Commit(t.Context(), flush))
	require.NoError(t, turn.Mark(t.Context(), flush.ID, all(flush, Failed)))
	turn.End()

	at = at.Add(keyLife - time.Second)
	_, err := s.GiveUp(t.Context(), "hold_1", "att_1", changing(heldAgain))
	require.NoError(t, err)
	at = at.Add(keyLife - time.Second)
	require.NoError(t, s.forget(t.Context()))
	require.ErrorIs(t, take(t.Context(), s, attempt(t, "att_1")), ErrClaimed)
}

func attemptOrGivenUp(t on) {
	s := openStore(t, t.dsn)
	for n := range 20 {
		id, attemptID := fmt.Sprintf("hold_%d", n), fmt.Sprintf("att_%d", n)
		confirmed(t, s, id, attemptID)
		taking := make(chan error, 1)
		flush := attempt(t, attemptID)
		go func() { taking <- take(t.Context(), s, flush) }()
		_, givenUp := s.GiveUp(t.Context(), id, attemptID, changing(heldAgain))
		taken := next(t, taking, "the attempt")
		if taken == nil {
			require.ErrorIs(t, givenUp, ErrCommitted, "stock was taken, and the hold is there")
			require.Equal(t, Confirming, stood(t, s, id).Lines[0].Stage)
		} else {
			require.ErrorIs(t, taken, ErrClaimed)
			require.NoError(t, givenUp)
		}
	}
}
