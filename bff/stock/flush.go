package stock

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/cannahub/gateway/bff/panics"
	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/medusaclient"
)

const (
	// turnTimeout is how long a gateway waits for the others' flushes.
	turnTimeout = 15 * time.Second

	// settleTimeout bounds the settling that is done at a time.
	settleTimeout = 30 * time.Second
)

// flush makes the changes of units, in one call to read and one to write.
// Everything before the commit may fail without a trace; what was committed is
// always brought to an end, by this flush or by who settles its rows.
func (l *Lane) flush(ctx context.Context, units []*unit, held holds) {
	f := &flush{lane: l, request: &medusaclient.Request{ID: requestID(units)}, untold: slices.Clone(units)}
	ctx = f.request.With(medusaclient.Ahead(ctx))
	defer f.rescue(ctx)

	turn, err := l.takeTurn(ctx)
	if err != nil {
		f.failRest(err)
		return
	}
	defer turn.End()
	f.turn = turn
	plan, err := f.prepare(ctx, units, held)
	if err != nil {
		f.failRest(err)
		return
	}
	f.tellRefused(plan)
	if plan.idle() {
		return
	}
	l.pass(beforeCommit)
	if err := f.commit(ctx, plan); err != nil {
		f.uncommitted(ctx, plan, err)
		return
	}
	f.committed = plan.units
	l.metrics.outside.Add(float64(len(plan.flush.Outside)))
	if len(plan.flush.Entries) > 0 {
		l.metrics.flushed(len(plan.flush.Entries))
		l.pass(beforeWrite)
		f.carryOut(ctx, plan)
	}
}

func (f *flush) commit(ctx context.Context, plan *plan) error {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	return f.turn.Commit(ctx, plan.flush)
}

// uncommitted lets go of a flush whose rows could not be written down: nothing
// is sent. When the database does not say whether they were, they are marked,
// or else somebody would send them.
func (f *flush) uncommitted(ctx context.Context, plan *plan, err error) {
	if errors.Is(err, state.ErrUncertain) && len(plan.flush.Entries) > 0 {
		f.undone(ctx, plan, err)
		return
	}
	f.failRest(err)
}

// flush is the state of one flush.
type flush struct {
	lane      *Lane
	turn      *state.Turn
	request   *medusaclient.Request // the calls made for it
	untold    []*unit               // whose callers wait for an answer
	committed []*unit               // whose rows are written down
}

// requestID is what Medusa is told as the request: the caller's own where there
// is just one.
func requestID(units []*unit) string {
	id := units[0].batch.RequestID
	for _, unit := range units {
		if unit.batch.RequestID != id {
			return state.NewID("flush_")
		}
	}
	return id
}

func (l *Lane) takeTurn(ctx context.Context) (*state.Turn, error) {
	ctx, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	return l.store.Turn(ctx)
}

// own makes a call with the gateway's own user.
func (l *Lane) own(ctx context.Context, do func(by medusaclient.Credential) error) error {
	return l.account.Do(ctx, do)
}

// prepare reads what the units are about and plans what to do.
func (f *flush) prepare(ctx context.Context, units []*unit, held holds) (*plan, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	book, err := f.lane.reader.read(ctx, f.lane.own, units)
	if err != nil {
		return nil, err
	}
	var levels []state.Level
	for _, unit := range units {
		levels = append(levels, unit.levels...)
	}
	known, err := f.turn.Known(ctx, levels)
	if err != nil {
		return nil, err
	}
	f.leaveAlone(known, held)
	standing, err := f.claims(ctx, &units)
	if err != nil {
		return nil, err
	}
	plan, waiting := planOf(f.withoutGone(units), sources{book, known, standing}, held, f.lane.now())
	f.putBack(waiting)
	return plan, nil
}

// leaveAlone holds the levels that have unsettled rows.
func (f *flush) leaveAlone(known map[state.Level]state.Known, held holds) {
	var unsettled []state.Level
	for level, known := range known {
		if len(known.Unsettled) > 0 {
			held[level] = 0
			unsettled = append(unsettled, level)
		}
	}
	if len(unsettled) > 0 {
		f.lane.queue.hold(unsettled)
		f.lane.reviewSoon()
	}
}

// claims reads what the ledger has of the batches with an idempotency key. It
// turns away the units whose key belongs to another batch, which another
// gateway took on first.
func (f *flush) claims(ctx context.Context, units *[]*unit) (map[string]map[int]state.Entry, error) {
	var claims []state.Claim
	var batches []string
	for _, unit := range *units {
		if claim := unit.batch.Claim; claim != nil && !slices.Contains(batches, claim.BatchID) {
			claims, batches = append(claims, *claim), append(batches, claim.BatchID)
		}
	}
	if len(claims) == 0 {
		return nil, nil
	}
	taken, err := f.turn.Claimed(ctx, claims)
	if err != nil {
		return nil, err
	}
	*units = f.keep(*units, func(unit *unit) error {
		if claim := unit.batch.Claim; claim != nil && slices.ContainsFunc(taken, claim.Clashes) {
			return ErrClaimed
		}
		return nil
	})
	return f.turn.Standing(ctx, batches)
}

// withoutGone lets go of the units whose callers have gone while they waited:
// nothing was done for them yet.
func (f *flush) withoutGone(units []*unit) []*unit {
	return f.keep(units, func(unit *unit) error { return context.Cause(unit.ctx) })
}

// keep fails the units that have a reason to, and returns the others.
func (f *flush) keep(units []*unit, why func(*unit) error) []*unit {
	kept := make([]*unit, 0, len(units))
	for _, unit := range units {
		if err := why(unit); err != nil {
			unit.fail(err)
			f.tell(unit)
			continue
		}
		kept = append(kept, unit)
	}
	return kept
}

// tell gives a unit's caller its outcomes.
func (f *flush) tell(unit *unit) {
	f.release(unit)
	f.lane.metrics.told(unit)
	unit.finish()
}

// release lets a unit go, with the calls that were made for it.
func (f *flush) release(unit *unit) {
	unit.calls = append(unit.calls, f.request)
	for i, untold := range f.untold {
		if untold == unit {
			f.untold[i] = f.untold[len(f.untold)-1]
			f.untold = f.untold[:len(f.untold)-1]
			return
		}
	}
}

// putBack lets units wait on.
func (f *flush) putBack(units []*unit) {
	for _, unit := range units {
		f.release(unit)
	}
	f.lane.queue.putBack(units)
}

func (f *flush) failRest(err error) {
	for len(f.untold) > 0 {
		unit := f.untold[0]
		unit.fail(err)
		f.tell(unit)
	}
}

// tellRefused answers the units of which nothing is written, but for those that
// are refused because of what is yet to be written: their answer must be true
// also when that fails.
func (f *flush) tellRefused(plan *plan) {
	writes := make(map[*unit]bool, len(plan.units)+len(plan.leaning))
	for _, unit := range slices.Concat(plan.units, plan.leaning) {
		writes[unit] = true
	}
	for _, unit := range slices.Clone(f.untold) {
		if !writes[unit] {
			f.tell(unit)
		}
	}
}

// carryOut writes what was committed, answers the callers and marks the rows.
func (f *flush) carryOut(ctx context.Context, plan *plan) {
	written, err := f.lane.write(ctx, f.turn, plan)
	f.lane.pass(afterWrite)
	f.lane.changed(written.live())
	switch outcome := fateOf(err); {
	case err == nil:
		f.landed(ctx, plan, written)
	case outcome == lost:
		f.lane.log.WarnContext(ctx, "a write of stock was not answered; its levels are left alone until it is settled",
			"flush", plan.flush.ID, "levels", len(plan.levels), "error", err)
		f.lost(plan, err)
	default:
		f.undone(ctx, plan, err)
	}
}

// undone lets go of a write that did not happen. Who is told so must be able to
// rely on it: rows that cannot be marked would be taken for lost, and sent.
func (f *flush) undone(ctx context.Context, plan *plan, err error) {
	states := make(map[string]state.State, len(plan.flush.Entries))
	for _, entry := range plan.flush.Entries {
		states[entry.ID] = state.Failed
	}
	if markErr := f.mark(ctx, plan, states); markErr != nil {
		f.lost(plan, errors.Join(err, markErr))
		return
	}
	f.again(ctx, plan, err)
}

// landed answers the callers of a write that Medusa took. A level that does not
// show what was written is settled first.
func (f *flush) landed(ctx context.Context, plan *plan, written written) {
	states := make(map[string]state.State, len(plan.flush.Entries))
	var odd []state.Entry
	for _, entry := range plan.flush.Entries {
		if written.differs[entry.Level] {
			odd = append(odd, entry)
			continue
		}
		states[entry.ID] = state.Applied
	}
	if len(odd) > 0 {
		settleCtx, cancel := context.WithTimeout(ctx, settleTimeout)
		defer cancel()
		settled, err := f.lane.settle(settleCtx, f.turn, plan.flush.ID, odd)
		if err != nil {
			f.lane.log.WarnContext(ctx, "levels that do not show what was written could not be settled yet", "flush", plan.flush.ID, "error", err)
		}
		maps.Copy(states, settled)
		f.lane.changed(nil)
		f.lane.reviewSoon()
	}
	for _, unit := range plan.units {
		unit.settleOutcomes(states)
		unit.showLevels(written)
		f.tell(unit)
	}
	doubtful := map[state.Level]bool{}
	for _, entry := range odd {
		doubtful[entry.Level] = doubtful[entry.Level] || states[entry.ID] != state.Applied
	}
	for _, unit := range plan.leaning {
		if slices.ContainsFunc(unit.levels, func(level state.Level) bool { return doubtful[level] }) {
			unit.fail(ErrNotShown)
		}
		unit.showLevels(written)
		f.tell(unit)
	}
	f.lane.pass(beforeMark)
	_ = f.mark(ctx, plan, states) // the rows are settled otherwise
}

// settleOutcomes tells each change of a unit by the state of its row.
func (u *unit) settleOutcomes(states map[string]state.State) {
	for i := range u.outcomes {
		outcome := &u.outcomes[i]
		if states[outcome.EntryID] == state.Applied {
			outcome.Status = Applied
		} else {
			outcome.Status, outcome.Err = Unknown, ErrNotShown
		}
	}
}

// showLevels fills in what Medusa says of the levels that were written.
func (u *unit) showLevels(written written) {
	for i := range u.outcomes {
		level := &u.outcomes[i].Level
		if now, shown := written.levels[state.Level(level.Key())]; shown {
			*level = merge(*level, now)
		}
	}
}

// ErrNotShown says that Medusa took a write but does not show it.
var ErrNotShown = errors.New("stock: Medusa took the write but does not show it")

// merge is the level that a caller planned for, with what Medusa says of it:
// its quantities are those after his own change, which others may have followed.
func merge(planned, now medusaclient.InventoryLevel) medusaclient.InventoryLevel {
	now.StockedQuantity, now.IncomingQuantity = planned.StockedQuantity, planned.IncomingQuantity
	now.StockLocations = planned.StockLocations
	return now
}

// lost answers the callers of a write without an answer. Its levels are left
// alone until it is known what became of it.
func (f *flush) lost(plan *plan, err error) {
	f.lane.queue.hold(plan.levels)
	f.lane.reviewSoon()
	for _, unit := range plan.units {
		unit.lose(err)
		f.tell(unit)
	}
	// Whether they would be refused is not known either. They are not made, and
	// to decide them later would let others overtake them.
	f.failRest(err)
}

// again lets units be decided anew after Medusa refused their flush, in smaller
// lots: a level may have vanished since it was read, and one request must not
// stand in the way of the others. Who is refused alone and twice, has failed.
func (f *flush) again(ctx context.Context, plan *plan, err error) {
	units := plan.units
	var refused *medusaclient.Error
	var account *medusaclient.AccountError
	limited := errors.As(err, &refused) && refused.Status == http.StatusTooManyRequests
	if refused == nil || limited || errors.As(err, &account) {
		f.failRest(err)
		return
	}
	f.lane.log.WarnContext(ctx, "medusa refused a flush", "units", len(units), "error", err)
	if len(units) == 1 && units[0].refusals > 0 {
		f.failRest(err)
		return
	}
	for _, unit := range units {
		unit.refusals++
	}
	f.lane.queue.separate(lots(units))
	f.putBack(slices.Concat(units, plan.leaning))
}

// lots divides units by request, and those of one request into halves.
func lots(units []*unit) [][]*unit {
	byBatch := map[*Batch][]*unit{}
	var order []*Batch
	for _, unit := range units {
		if byBatch[unit.batch] == nil {
			order = append(order, unit.batch)
		}
		byBatch[unit.batch] = append(byBatch[unit.batch], unit)
	}
	if len(order) == 1 && len(units) > 1 {
		half := len(units) / 2
		return [][]*unit{units[:half], units[half:]}
	}
	lots := make([][]*unit, len(order))
	for i, batch := range order {
		lots[i] = byBatch[batch]
	}
	return lots
}

// mark writes down what became of the rows. Rows that cannot be marked stay
// pending and are settled like those of a write without an answer.
func (f *flush) mark(ctx context.Context, plan *plan, states map[string]state.State) error {
	markCtx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	err := f.turn.Mark(markCtx, plan.flush.ID, states)
	if err != nil {
		f.lane.log.ErrorContext(ctx, "what became of a write of stock could not be written down; it will be settled",
			"flush", plan.flush.ID, "error", err)
		f.lane.reviewSoon()
	}
	return err
}

// rescue keeps a fault of ours from ending the program in the lane's goroutine.
// What was committed is settled like a write without an answer.
func (f *flush) rescue(ctx context.Context) {
	cause := recover()
	if cause == nil {
		return
	}
	err := panics.Error(cause)
	f.lane.log.ErrorContext(ctx, "a flush of stock failed", slog.Any("error", err))
	f.lane.reviewSoon()
	for len(f.untold) > 0 {
		unit := f.untold[0]
		if slices.Contains(f.committed, unit) {
			unit.lose(err)
		} else {
			unit.fail(err)
		}
		f.tell(unit)
	}
}
