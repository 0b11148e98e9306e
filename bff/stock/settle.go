package stock

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cannahub/gateway/bff/panics"
	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// settlement is a flush that somebody wants settled.
type settlement struct {
	flushID string
	done    chan error
}

// errNotDue: a write of the flush may still land.
var errNotDue = errors.New("stock: a write of this flush may still land")

// Settle finds out what became of the rows of a flush, if any are unsettled. An
// error means that it is not known yet; ask again later.
func (l *Lane) Settle(ctx context.Context, flushID string) error {
	asked := settlement{flushID: flushID, done: make(chan error, 1)}
	select {
	case l.settling <- asked:
	case <-l.stopped:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-asked.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reviewSoon has unsettled rows looked at after a while.
func (l *Lane) reviewSoon() {
	if l.reviewAt.IsZero() {
		l.reviewAt = l.now().Add(reviewInterval)
	}
}

// review settles what can be settled, when it is time for that, and lets the
// levels of the rest alone.
func (l *Lane) review(ctx context.Context) {
	if l.reviewAt.IsZero() || l.now().Before(l.reviewAt) {
		return
	}
	l.reviewAt = time.Time{}
	if err := l.guarded(ctx, l.reviewAll); err != nil {
		l.log.WarnContext(ctx, "writes of stock could not be settled yet", "error", err)
		l.reviewSoon()
	}
}

// guarded bounds the time of what is done besides flushes, and keeps a fault of
// ours in it from ending the program.
func (l *Lane) guarded(ctx context.Context, do func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(medusaclient.Ahead(ctx), settleTimeout)
	defer cancel()
	defer panics.Recover(&err)
	return do(ctx)
}

// serve settles the flush that somebody asks for.
func (l *Lane) serve(ctx context.Context, asked settlement) {
	asked.done <- l.guarded(ctx, func(ctx context.Context) error { return l.settleFlush(ctx, asked.flushID) })
}

func (l *Lane) reviewAll(ctx context.Context) error {
	turn, err := l.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer turn.End()
	entries, err := l.store.Unsettled(ctx)
	if err != nil {
		return err
	}
	blocked := map[state.Level]bool{}
	var failures []error
	for _, flush := range byFlush(entries) {
		settled := map[string]state.State{}
		if !flush[0].Until.After(l.now()) {
			if settled, err = l.settleAndMark(ctx, turn, flush); err != nil {
				failures = append(failures, err)
			}
		}
		for _, entry := range flush {
			if settled[entry.ID] == "" {
				blocked[entry.Level] = true
			}
		}
	}
	l.metrics.unsettled.Set(float64(len(blocked)))
	if len(blocked) > 0 {
		l.reviewSoon()
	}
	l.queue.block(blocked)
	return errors.Join(failures...)
}

// settleFlush settles one flush if it is due.
func (l *Lane) settleFlush(ctx context.Context, flushID string) error {
	turn, err := l.takeTurn(ctx)
	if err != nil {
		return err
	}
	defer turn.End()
	entries, err := l.store.Unsettled(ctx)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(entry state.Entry) bool { return entry.FlushID != flushID })
	if len(entries) == 0 {
		return nil
	}
	l.reviewSoon()
	if entries[0].Until.After(l.now()) {
		return errNotDue
	}
	settled, err := l.settleAndMark(ctx, turn, entries)
	if err == nil && len(settled) < len(entries) {
		return errNotDue
	}
	return err
}

// byFlush divides rows by their flush, the oldest first.
func byFlush(entries []state.Entry) [][]state.Entry {
	at := map[string]int{}
	var flushes [][]state.Entry
	for _, entry := range entries {
		i, known := at[entry.FlushID]
		if !known {
			i = len(flushes)
			at[entry.FlushID] = i
			flushes = append(flushes, nil)
		}
		flushes[i] = append(flushes[i], entry)
	}
	return flushes
}

func (l *Lane) settleAndMark(ctx context.Context, turn *state.Turn, entries []state.Entry) (map[string]state.State, error) {
	flushID := entries[0].FlushID
	ctx = (&medusaclient.Request{ID: flushID}).With(ctx)
	settled, err := l.settle(ctx, turn, flushID, entries)
	if len(settled) == 0 {
		return settled, err
	}
	l.changed(nil)
	markCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if markErr := turn.Mark(markCtx, flushID, settled); markErr != nil {
		return nil, errors.Join(err, markErr)
	}
	for id, state := range settled {
		l.metrics.settled.WithLabelValues(string(state)).Inc()
		l.log.InfoContext(ctx, "a row of the ledger is settled", "flush", flushID, "entry", id, "state", string(state))
	}
	return settled, err
}

// settle finds out what became of rows whose write can no longer land. A level
// that stands as before or as after the write is given the same absolute
// quantities once more, so that a first copy that lands after all changes
// nothing. A level that stands at anything else was written by somebody else:
// what became of ours cannot be known. A level that was to be removed and is
// gone is settled with those of its flush that are not. Rows that are not in the
// result stay unsettled.
func (l *Lane) settle(ctx context.Context, turn *state.Turn, flushID string, entries []state.Entry) (map[string]state.State, error) {
	traces := tracesOf(entries)
	if err := l.follow(ctx, traces); err != nil {
		return nil, err
	}
	keepAtomic(traces)
	settled := map[string]state.State{}
	var gone, again []*trace
	for _, trace := range traces {
		switch trace.stands {
		case elsewhere:
			trace.mark(settled, state.Unknown)
		case done:
			gone = append(gone, trace)
		case before, after, same:
			again = append(again, trace)
		}
	}
	if len(again) > 0 {
		plan := planAgain(flushID, l.now(), again)
		if err := turn.Postpone(ctx, flushID, plan.flush.Until); err != nil {
			return settled, err
		}
		if err := l.repeat(ctx, turn, plan, again, settled); err != nil {
			return settled, err
		}
	}
	for _, trace := range gone {
		trace.mark(settled, state.Applied)
	}
	return settled, nil
}

// planAgain plans the writes of traces of one flush once more. The ledger does
// not say whether levels were removed by force. But all were, or none, and one
// with stock could not be removed otherwise.
func planAgain(flushID string, now time.Time, traces []*trace) *plan {
	again := &plan{
		flush:   state.Flush{ID: flushID, Until: now.Add(sendWindow + landing)},
		touched: map[state.Level]*touch{}, removes: traces[0].removes(),
	}
	for _, trace := range traces {
		again.force = again.force || (again.removes && trace.entries[0].Previous.Sign() != 0)
		again.levels = append(again.levels, trace.level)
		again.touched[trace.level] = &trace.touch
	}
	return again
}

// standing is how a level stands to the write of a flush.
type standing int

const (
	elsewhere standing = iota // at neither
	before                    // as before it
	after                     // as after it
	same                      // as both: it changes nothing there, and so tells nothing
	done                      // as after it, and it need not be repeated
)

// trace is what a flush was to do to one level.
type trace struct {
	level   state.Level
	entries []state.Entry
	touch   touch
	stands  standing
}

func tracesOf(entries []state.Entry) []*trace {
	at := map[state.Level]*trace{}
	var traces []*trace
	for _, entry := range entries {
		t := at[entry.Level]
		if t == nil {
			t = &trace{level: entry.Level}
			at[entry.Level] = t
			traces = append(traces, t)
		}
		t.entries = append(t.entries, entry)
		t.touch.level.stocked = entry.New
		// A row that leaves the quantity alone and changes what is incoming must
		// not write the quantity either.
		if entry.NewIncoming == nil || entry.New.Cmp(entry.Previous) != 0 {
			t.touch.stocked = true
		}
		if entry.NewIncoming != nil {
			t.touch.incoming, t.touch.level.incoming = true, *entry.NewIncoming
		}
	}
	return traces
}

func (t *trace) removes() bool { return t.entries[0].Kind == state.Remove }

func (t *trace) mark(settled map[string]state.State, as state.State) {
	for _, entry := range t.entries {
		settled[entry.ID] = as
	}
}

// follow reads how the levels stand.
func (l *Lane) follow(ctx context.Context, traces []*trace) error {
	var units []*unit
	for _, trace := range traces {
		change := Change{
			Address: mapping.Address{InventoryItemID: trace.level.InventoryItemID}, LocationID: trace.level.LocationID, Remove: trace.removes(),
		}
		if trace.touch.incoming {
			change.Incoming = &trace.touch.level.incoming
		}
		units = append(units, newUnit(ctx, &Batch{}, []Change{change}))
	}
	book, err := l.reader.read(ctx, l.own, units)
	if err != nil {
		return err
	}
	for _, trace := range traces {
		trace.touch.before = book.levels[trace.level]
		_, location := book.locations[trace.level.LocationID]
		item := book.target(mapping.Address{InventoryItemID: trace.level.InventoryItemID}).refusal == nil
		trace.stands = trace.standing(item && location)
	}
	return nil
}

// standing compares a level with the first and the last row of its trace.
// A level that was to be made can be made only where its item and location are.
func (t *trace) standing(canBeMade bool) standing {
	at := viewOf(t.touch.before)
	first := t.entries[0]
	wasThere := first.Previous.Cmp(at.stocked) == 0 && (!t.touch.incoming || t.previousIncoming().Cmp(at.incoming) == 0)
	switch {
	case t.removes() && (!at.exists || t.touch.before.ID != first.LevelID): // or made anew since
		return done
	case t.removes() && wasThere && at.reserved.Sign() <= 0:
		return before
	case t.removes():
		return elsewhere
	case !at.exists && first.Created && canBeMade:
		return before
	case !at.exists:
		return elsewhere
	case wasThere && t.touch.isShownBy(at):
		return same
	case wasThere:
		return before
	case t.touch.isShownBy(at):
		return after
	}
	return elsewhere
}

func (t *trace) previousIncoming() mapping.Quantity {
	for _, entry := range t.entries {
		if entry.PreviousIncoming != nil {
			return *entry.PreviousIncoming
		}
	}
	return mapping.Quantity{}
}

// keepAtomic keeps an atomic batch from being half repeated: when a level of it
// stands elsewhere and the write did not land, it cannot be made whole any more.
// That goes for the other batches of its levels, too, whose quantities are built
// on its own.
func keepAtomic(traces []*trace) {
	if haveLanded(traces) {
		return
	}
	broken := map[string]bool{}
	for spread := true; spread; {
		spread = false
		for _, trace := range traces {
			for batch := range trace.atomicBatches {
				switch {
				case broken[batch] && trace.stands == elsewhere:
				case broken[batch]:
					trace.stands, spread = elsewhere, true
				case trace.stands == elsewhere:
					broken[batch], spread = true, true
				}
			}
		}
	}
}

// haveLanded says whether the levels stand as if the write of their flush, which
// is one, had landed. A level that stands as after it is no proof by itself:
// somebody else may have brought it there, as a sale of just as many does. When
// another stands as before, one of the two was written by somebody else, and it
// is not known which. When none does, repeating the write changes nothing.
func haveLanded(traces []*trace) bool {
	stand := func(as standing) bool {
		return slices.ContainsFunc(traces, func(t *trace) bool { return t.stands == as })
	}
	return stand(after) && !stand(before)
}

// atomicBatches yields the atomic batches that change the level.
func (t *trace) atomicBatches(yield func(string) bool) {
	for _, entry := range t.entries {
		if entry.Atomic && !yield(entry.BatchID) {
			return
		}
	}
}

// repeat sends the writes of traces once more. What Medusa refuses now, or does
// not show, is looked at again later.
func (l *Lane) repeat(ctx context.Context, turn *state.Turn, plan *plan, traces []*trace, settled map[string]state.State) error {
	l.pass(beforeRepeat)
	shown, err := l.write(ctx, turn, plan)
	l.pass(afterRepeat)
	if err != nil {
		return err
	}
	for _, trace := range traces {
		if !shown.differs[trace.level] {
			trace.mark(settled, state.Applied)
		}
	}
	return nil
}
