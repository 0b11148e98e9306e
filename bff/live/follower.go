package live

import (
	"cmp"
	"context"
	"slices"
)

// resumptions is how many times what was missed is looked for when somebody begins to
// follow items.
const resumptions = 10

// Follower is somebody who is told of the changes of items, at all locations or at
// some. Wait and Take may be called while Want, Follow, Resume or Unfollow runs.
type Follower struct {
	hub     *Hub
	from    string            // his address
	follows map[string]uint64 // items, with the last event when he began
	after   uint64            // what he wants told again is after this event,
	resumes int               // for what he begins to follow so many times more
	resumed bool              // he has wanted that once

	// What follows is guarded by the hub's mutex.
	pending []*Event
	handed  uint64 // the number of the last event that was taken
	err     error
	signal  chan struct{}
}

// Follower returns somebody at an address who follows nothing yet. He is to be closed.
func (h *Hub) Follower(from string) *Follower {
	f := &Follower{hub: h, from: from, follows: map[string]uint64{}, signal: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all[f] = true
	if h.closed {
		f.end(ErrClosed)
	}
	return f
}

// FollowedWith is how many items he follows when these are added.
func (f *Follower) FollowedWith(ids []string) int {
	added := map[string]bool{}
	for _, id := range ids {
		if _, follows := f.follows[id]; !follows {
			added[id] = true
		}
	}
	return len(f.follows) + len(added)
}

// Locations is how many locations he has named for what he follows.
func (f *Follower) Locations() (named int) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	counted := map[*places]bool{}
	for id := range f.follows {
		if some := f.hub.items[id].followers[f]; some != nil && !counted[some] {
			counted[some] = true
			named += len(*some)
		}
	}
	return named
}

// Wanted is items that somebody is about to follow. They are watched by now.
type Wanted struct {
	follower *Follower
	ids      []string
}

// Want has items watched that the follower is about to follow, and waits until it is
// known how they are, for a while. It returns ErrFull when too many items are followed
// by all together, and the error of ctx.
func (f *Follower) Want(ctx context.Context, ids []string) (Wanted, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	fresh, err := f.hub.want(ids, f.from)
	if err != nil {
		return Wanted{}, err
	}
	if err := wait(ctx, fresh); err != nil {
		f.hub.mu.Lock()
		defer f.hub.mu.Unlock()
		for _, id := range ids {
			f.hub.leave(id)
		}
		return Wanted{}, err
	}
	return Wanted{f, ids}, nil
}

// Follow has the follower told of every change of the items from now on, at the given
// locations or, with none, at all. Of what he follows already the locations are
// changed. It returns the name of the last change before, or, where he has not taken all
// that he was told yet, before that; whole says that what he wanted told again is, or
// that he wanted none. It is to be called, once.
func (w Wanted) Follow(locations []string) (sequence string, whole bool) {
	f := w.follower
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	before := f.hub.last
	if len(f.pending) > 0 {
		before = f.pending[0].number - 1
	}
	added := f.add(w.ids, placesOf(locations))
	return f.hub.name(before), f.catchUp(added)
}

// add has him follow items, and returns those that are new to him.
func (f *Follower) add(ids []string, places *places) (added map[string]bool) {
	added = map[string]bool{}
	for _, id := range ids {
		item := f.hub.items[id]
		if _, follows := f.follows[id]; follows {
			f.hub.leave(id) // he has wanted it before
		} else {
			added[id], f.follows[id] = true, f.hub.last
		}
		item.promised = item.promised || !item.known
		item.followers[f] = places
	}
	return added
}

// Resume has the follower told again of every change after one of which he was told,
// by its name, of the items that he follows and of those that he follows next. It says
// whether that is all of them; if not, none is told. It can be done once, and only as
// long as nothing newer was told.
func (f *Follower) Resume(after string) (whole bool) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	number, ours := f.hub.number(after)
	if !ours || f.resumed {
		return false
	}
	f.after, f.resumed, f.resumes = number, true, resumptions
	items := make(map[string]bool, len(f.follows))
	for id := range f.follows {
		items[id] = true
	}
	return f.replay(items)
}

// catchUp has him told again of the items that he begins to follow, if he wants that,
// and says whether nothing is missed. What is first must be known whole. Of what comes
// after it only that counts which he may have followed before.
func (f *Follower) catchUp(items map[string]bool) (whole bool) {
	if f.resumes == 0 {
		return true
	}
	first := f.resumes == resumptions
	f.resumes--
	switch {
	case f.replay(items):
		return true
	case !f.hub.keeps(f.after):
		f.resumes = 0
		return false
	}
	return !first && !f.misses(items)
}

// misses says whether there were changes, after those that he knows of, of items that
// were known then.
func (f *Follower) misses(items map[string]bool) bool {
	for number := f.after + 1; number <= f.hub.last; number++ {
		event := f.hub.ring[number%maxReplayed]
		if event == nil {
			continue
		}
		id := event.Level.At.InventoryItemID
		if items[id] && number <= f.follows[id] && f.hub.items[id].since <= f.after {
			return true
		}
	}
	return false
}

// replay puts in front of what is pending the changes of items from after f.after
// until each was followed. It says whether that is all of them: what is older must
// not come after what is newer.
func (f *Follower) replay(items map[string]bool) (whole bool) {
	if !f.hub.keeps(f.after) || f.handed > f.after {
		return false
	}
	for id := range items {
		if item := f.hub.items[id]; !item.known || item.since > f.after {
			return false
		}
	}
	for number := f.after + 1; len(items) > 0 && number <= f.hub.last; number++ {
		event := f.hub.ring[number%maxReplayed]
		if event == nil {
			continue
		}
		id := event.Level.At.InventoryItemID
		if items[id] && number <= f.follows[id] && f.hub.items[id].followers[f].has(event.Level.At.LocationID) {
			f.pending = append(f.pending, event)
		}
	}
	slices.SortFunc(f.pending, func(a, b *Event) int { return cmp.Compare(a.number, b.number) })
	rouse(f.signal)
	return true
}

// Unfollow ends the following of items, or with none of all.
func (f *Follower) Unfollow(ids []string) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	if len(ids) == 0 {
		for id := range f.follows {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		if _, follows := f.follows[id]; follows {
			delete(f.follows, id)
			delete(f.hub.items[id].followers, f)
			f.hub.leave(id)
		}
	}
	f.pending = slices.DeleteFunc(f.pending, func(e *Event) bool {
		_, follows := f.follows[e.Level.At.InventoryItemID]
		return !follows
	})
}

// Close ends the following. Take returns ErrClosed from then on.
func (f *Follower) Close() {
	f.Unfollow(nil)
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	delete(f.hub.all, f)
	f.end(ErrClosed)
}

// Wait waits until there may be something to take. The error is that of ctx.
func (f *Follower) Wait(ctx context.Context) error {
	select {
	case <-f.signal:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Take returns all changes that there are, in their order. The error is ErrSlow or
// ErrClosed.
func (f *Follower) Take() ([]*Event, error) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	events := f.pending
	f.pending = nil
	if len(events) > 0 {
		f.handed = events[len(events)-1].number
	}
	if f.err != nil {
		rouse(f.signal) // for who asks again
	}
	return events, f.err
}

// hear keeps an event until it is asked for.
func (f *Follower) hear(event *Event) {
	if f.err != nil {
		return
	}
	if len(f.pending) >= maxPending {
		f.end(ErrSlow)
		return
	}
	f.pending = append(f.pending, event)
	rouse(f.signal)
}

// end has the follower told of nothing more.
func (f *Follower) end(err error) {
	if f.err == nil {
		f.err, f.pending = err, nil
	}
	rouse(f.signal)
}
