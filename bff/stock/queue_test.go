package stock

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff/state"
)

// waiting is a unit of changes of the items, each read before or not.
func waiting(read bool, items ...string) *unit {
	var changes []Change
	for _, id := range items {
		changes = append(changes, adjust(id, "sloc", "1"))
	}
	u := newUnit(context.Background(), &Batch{ID: state.NewID("batch_")}, changes)
	if read {
		for _, id := range items {
			u.levels = append(u.levels, levelOf(id, "sloc"))
		}
	}
	return u
}

func queueOf(t *testing.T, units ...*unit) *queue {
	t.Helper()
	q := newQueue()
	require.NoError(t, q.put(units))
	return q
}

func levelsOf(items ...string) map[state.Level]bool {
	levels := map[state.Level]bool{}
	for _, id := range items {
		levels[levelOf(id, "sloc")] = true
	}
	return levels
}

func TestTheQueueKeepsItsOrder(t *testing.T) {
	first, second, third := waiting(false, "a"), waiting(false, "a", "b"), waiting(false, "b")
	q := queueOf(t, first, second, third)
	taken, _ := q.take()
	require.Equal(t, []*unit{first, second, third}, taken)
	require.Zero(t, q.length())

	q.putBack([]*unit{third, first})
	q.putBack([]*unit{second})
	taken, _ = q.take()
	require.Equal(t, []*unit{first, second, third}, taken, "who is put back stands where he stood")
}

func TestAFlushTakesAsManyLevelsAsAreAllowed(t *testing.T) {
	var units []*unit
	for i := range maxLevels + 10 {
		units = append(units, waiting(false, fmt.Sprint(i)))
	}
	units = append(units, waiting(false, "0"))
	q := queueOf(t, units...)
	taken, _ := q.take()
	require.Equal(t, units[:maxLevels], taken)
	taken, _ = q.take()
	require.Equal(t, units[maxLevels:], taken)
}

func TestAnAtomicBatchBeyondTheBoundGoesAlone(t *testing.T) {
	var items []string
	for i := range maxLevels + 1 {
		items = append(items, fmt.Sprint(i))
	}
	large, small := waiting(false, items...), waiting(false, "0")
	q := queueOf(t, large, small)
	taken, _ := q.take()
	require.Equal(t, []*unit{large}, taken)
	taken, _ = q.take()
	require.Equal(t, []*unit{small}, taken)
}

func TestRemovalsKeepToThemselves(t *testing.T) {
	removing := func(force bool, item string) *unit {
		removal := waiting(false, item)
		removal.changes[0].Remove, removal.changes[0].Force = true, force
		return removal
	}
	first, last := waiting(false, "a"), waiting(false, "b")
	empty, emptyToo := removing(false, "c"), removing(false, "d")
	forced, forcedToo := removing(true, "e"), removing(true, "f")
	q := queueOf(t, first, empty, emptyToo, forced, forcedToo, last)
	for _, want := range [][]*unit{{first}, {empty, emptyToo}, {forced, forcedToo}, {last}} {
		taken, _ := q.take()
		require.Equal(t, want, taken)
	}
}

func TestABlockedLevelIsLeftAlone(t *testing.T) {
	blocked, free, unread := waiting(true, "a"), waiting(true, "b"), waiting(false, "a")
	q := queueOf(t, blocked, free, unread)
	q.block(levelsOf("a"))
	taken, held := q.take()
	require.Equal(t, []*unit{free, unread}, taken, "of one that was not read it is not known that it must wait")
	unread.levels = append(unread.levels, levelOf("a", "sloc"))
	require.True(t, unread.mustWait(held))

	q.hold([]state.Level{levelOf("c", "sloc")})
	require.NoError(t, q.put([]*unit{waiting(true, "c")}))
	taken, _ = q.take()
	require.Empty(t, taken)

	q.block(nil)
	taken, _ = q.take()
	require.Len(t, taken, 2)
}

func TestNobodyOvertakesWhoWaits(t *testing.T) {
	waiter, later, other := waiting(true, "a", "b"), waiting(true, "b"), waiting(true, "c")
	q := queueOf(t, waiter, later, other)
	q.block(levelsOf("a"))
	taken, _ := q.take()
	require.Equal(t, []*unit{other}, taken)
}

// An earlier change of a level that a later, waiting one needs goes on: if it
// waited for that, and that for it, both would be read for again and again.
func TestNobodyWaitsForWhoCameLater(t *testing.T) {
	early, waiter := waiting(true, "b"), waiting(true, "a", "b")
	q := queueOf(t, early, waiter)
	q.block(levelsOf("a"))
	taken, held := q.take()
	require.Equal(t, []*unit{early}, taken)
	require.False(t, early.mustWait(held))
}

func TestLotsAreFlushedApart(t *testing.T) {
	a, b, c := waiting(true, "a"), waiting(true, "b"), waiting(true, "c")
	q := queueOf(t, a, b, c)
	taken, _ := q.take()
	q.separate([][]*unit{{a, c}, {b}})
	q.putBack(taken)
	for _, want := range [][]*unit{{a}, {b}, {c}} {
		taken, _ = q.take()
		require.Equal(t, want, taken, "in their order all the same")
	}
}

func TestLots(t *testing.T) {
	one, other := &Batch{}, &Batch{}
	a, b, c := newUnit(t.Context(), one, nil), newUnit(t.Context(), other, nil), newUnit(t.Context(), one, nil)
	require.Equal(t, [][]*unit{{a, c}, {b}}, lots([]*unit{a, b, c}), "by request")
	require.Equal(t, [][]*unit{{a}, {c}}, lots([]*unit{a, c}), "those of one request in halves")
	require.Equal(t, [][]*unit{{a}}, lots([]*unit{a}))
}

func TestWhoHasGoneIsNotPutBack(t *testing.T) {
	ctx, leave := context.WithCancelCause(t.Context())
	gone, stays := newUnit(ctx, &Batch{}, []Change{{}}), waiting(false, "a")
	q := queueOf(t, gone, stays)
	taken, _ := q.take()
	leave(errors.New("had enough"))
	q.putBack(taken)
	require.Equal(t, 1, q.length())
	<-gone.done
	require.EqualError(t, gone.outcomes[0].Err, "had enough")
}

func TestWithdraw(t *testing.T) {
	taken, waits, other := waiting(false, "a"), waiting(false, "a"), waiting(false, "a")
	q := queueOf(t, taken)
	q.take()
	require.NoError(t, q.put([]*unit{waits, other}))
	q.withdraw([]*unit{taken, waits}, context.Canceled)
	<-waits.done
	require.ErrorIs(t, waits.outcomes[0].Err, context.Canceled)
	require.Equal(t, Failed, waits.outcomes[0].Status)
	select {
	case <-taken.done:
		require.Fail(t, "what was taken cannot be withdrawn")
	default:
	}
	require.Equal(t, 1, q.length())
}

func TestTheQueueIsBounded(t *testing.T) {
	q := newQueue()
	full := newUnit(t.Context(), &Batch{}, make([]Change, maxWaiting))
	require.NoError(t, q.put([]*unit{full}))
	require.ErrorIs(t, q.put([]*unit{waiting(false, "a")}), ErrBusy)
	require.Equal(t, maxWaiting, q.length())
	q.take()
	require.NoError(t, q.put([]*unit{waiting(false, "a")}))
}

func TestAClosedQueueTakesNothing(t *testing.T) {
	waits := waiting(false, "a")
	q := queueOf(t, waits)
	q.close(ErrClosed)
	<-waits.done
	require.ErrorIs(t, waits.outcomes[0].Err, ErrClosed)
	require.ErrorIs(t, q.put([]*unit{waiting(false, "a")}), ErrClosed)
	taken, _ := q.take()
	require.Empty(t, taken)
}
