package stock

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// unit is changes that are decided as one: a single one, or an atomic batch.
type unit struct {
	ctx      context.Context
	batch    *Batch
	changes  []Change
	outcomes []Outcome
	done     chan struct{} // closed with the outcomes

	order    uint64        // of arrival
	group    uint64        // units of another group are not flushed together with it
	refusals int           // by Medusa, of flushes that it was in
	levels   []state.Level // once they are known

	calls []*medusaclient.Request // what its flushes asked of Medusa
}

func newUnit(ctx context.Context, batch *Batch, changes []Change) *unit {
	return &unit{ctx: ctx, batch: batch, changes: changes, outcomes: make([]Outcome, len(changes)), done: make(chan struct{})}
}

// unitsOf divides changes of a batch into what is decided as one.
func unitsOf(ctx context.Context, batch *Batch, changes []Change) []*unit {
	if batch.Atomic {
		return []*unit{newUnit(ctx, batch, changes)}
	}
	units := make([]*unit, len(changes))
	for i := range changes {
		units[i] = newUnit(ctx, batch, changes[i:i+1])
	}
	return units
}

// removes says whether the unit deletes levels.
func (u *unit) removes() bool { return u.changes[0].Remove }

// forces says whether it deletes them also when they have stock.
func (u *unit) forces() bool { return u.removes() && u.changes[0].Force }

// finish tells the waiting caller.
func (u *unit) finish() { close(u.done) }

// fail says of all changes that they could not be made.
func (u *unit) fail(err error) {
	for i := range u.outcomes {
		u.outcomes[i].Status, u.outcomes[i].Err = Failed, err
	}
}

// lose says of all changes that they may or may not be made.
func (u *unit) lose(err error) {
	for i := range u.outcomes {
		u.outcomes[i].Status, u.outcomes[i].Err = Unknown, err
	}
}

func (u *unit) claimed() error {
	if len(u.outcomes) > 0 && errors.Is(u.outcomes[0].Err, ErrClaimed) {
		return ErrClaimed
	}
	return nil
}

// queue is what waits, in the order of its arrival.
type queue struct {
	wake chan struct{} // has an element when there may be something to take

	mu      sync.Mutex
	units   []*unit
	waiting int // changes in units
	arrived uint64
	groups  uint64
	blocked map[state.Level]bool // levels that must be left alone
	closed  error
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1)}
}

// put adds units at the end, all of them or none.
func (q *queue) put(units []*unit) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	changes := 0
	for _, unit := range units {
		changes += len(unit.changes)
	}
	switch {
	case q.closed != nil:
		return q.closed
	case q.waiting+changes > maxWaiting:
		return ErrBusy
	}
	for _, unit := range units {
		q.arrived++
		unit.order = q.arrived
	}
	q.units = append(q.units, units...)
	q.waiting += changes
	q.rouse()
	return nil
}

// putBack returns units to where they stood, less those whose caller has gone
// meanwhile.
func (q *queue) putBack(units []*unit) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, unit := range units {
		if unit.ctx.Err() != nil {
			unit.fail(context.Cause(unit.ctx))
			unit.finish()
			continue
		}
		q.units = append(q.units, unit)
		q.waiting += len(unit.changes)
	}
	slices.SortFunc(q.units, byOrder)
	q.rouse()
}

func byOrder(a, b *unit) int { return cmp.Compare(a.order, b.order) }

func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// block replaces the levels that must be left alone.
func (q *queue) block(levels map[state.Level]bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.blocked = levels
	q.rouse()
}

// hold adds levels to those that must be left alone.
func (q *queue) hold(levels []state.Level) {
	q.mu.Lock()
	defer q.mu.Unlock()
	blocked := maps.Clone(q.blocked)
	if blocked == nil {
		blocked = make(map[state.Level]bool, len(levels))
	}
	for _, level := range levels {
		blocked[level] = true
	}
	q.blocked = blocked
}

// separate gives each of several lots of units a group of its own.
func (q *queue) separate(lots [][]*unit) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, lot := range lots {
		q.groups++
		for _, unit := range lot {
			unit.group = q.groups
		}
	}
}

// place is a level before it is known which.
type place struct {
	address    mapping.Address
	locationID string
}

// holds are levels that must be left alone, and since whose arrival: a unit
// must not overtake another there that waits. Those with unsettled rows are held
// since 0, which is from everybody.
type holds map[state.Level]uint64

// take returns the units of the next flush, in order: those that need not wait,
// up to as many levels as go into one. Held are the levels that are blocked, or
// that units which stay wait for.
func (q *queue) take() (taken []*unit, held holds) {
	q.mu.Lock()
	defer q.mu.Unlock()
	held = make(holds, len(q.blocked))
	for level := range q.blocked {
		held[level] = 0
	}
	places, rows := map[place]bool{}, 0
	attempted := map[string]*Batch{} // what another attempt at a batch does is not in the ledger yet
	var left []*unit
	for i, unit := range q.units {
		if unit.mustWait(held) || attempted[unit.batch.ID] != nil && attempted[unit.batch.ID] != unit.batch {
			left = append(left, unit)
			continue
		}
		if rows > 0 && (rows+len(unit.changes) > maxRows || !unit.joins(taken[0], places)) {
			left = append(left, q.units[i:]...)
			break
		}
		for _, change := range unit.changes {
			places[place{change.Address, change.LocationID}] = true
		}
		taken = append(taken, unit)
		attempted[unit.batch.ID] = unit.batch
		rows += len(unit.changes)
		q.waiting -= len(unit.changes)
	}
	q.units = left
	return taken, held
}

// mustWait says whether a level of the unit is held since before it arrived, and
// then holds all of them.
func (u *unit) mustWait(held holds) bool {
	if !slices.ContainsFunc(u.levels, func(level state.Level) bool { return held.before(level, u.order) }) {
		return false
	}
	for _, level := range u.levels {
		if !held.before(level, u.order) {
			held[level] = u.order
		}
	}
	return true
}

func (h holds) before(level state.Level, order uint64) bool {
	since, held := h[level]
	return held && since < order
}

// joins says whether the unit can be flushed together with first and others, at
// these places. Removals keep to themselves, and those by force apart from the
// others: a call has one force for all its levels, and stock that came to one
// meanwhile must not go because of another's.
func (u *unit) joins(first *unit, places map[place]bool) bool {
	if u.group != first.group || u.removes() != first.removes() || u.forces() != first.forces() {
		return false
	}
	added := 0
	for _, change := range u.changes {
		if !places[place{change.Address, change.LocationID}] {
			added++
		}
	}
	return len(places)+added <= maxLevels
}

// withdraw fails those of the units that still wait.
func (q *queue) withdraw(units []*unit, why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.units = slices.DeleteFunc(q.units, func(waiting *unit) bool {
		if !slices.Contains(units, waiting) {
			return false
		}
		q.waiting -= len(waiting.changes)
		waiting.fail(why)
		waiting.finish()
		return true
	})
}

// close fails all that waits and all that comes.
func (q *queue) close(why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = why
	for _, unit := range q.units {
		unit.fail(why)
		unit.finish()
	}
	q.units, q.waiting = nil, 0
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}
