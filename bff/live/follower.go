package live

import (
	"cmp"
	"context"
	"slices"
)

// Follower is somebody who is told of the changes of items, at all locations or at
// some. Only Next may be called while another of its methods runs.
type Follower struct {
	hub     *Hub
	follows map[string]uint64 // items, with the last event when he began
	after   uint64            // what he wants told again is after this event,
	resumes bool              // if there is any such

	// What follows is guarded by the hub's mutex.
	pending []*Event
	err     error
	signal  chan struct{}
}

// Follower returns somebody who follows nothing yet. He is to be closed.
func (h *Hub) Follower() *Follower {
	f := &Follower{hub: h, follows: map[string]uint64{}, signal: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all[f] = true
	if h.closed {
		f.end(ErrClosed)
	}
	return f
}

// Followed is how many items he follows.
func (f *Follower) Followed() int { return len(f.follows) }

// Follow has the follower told of every change of items from now on, at the given
// locations or, with none, at all. It returns the name of the last change before;
// whole says that what he wanted told again is, or that he wanted none. What he
// follows already he follows at the new locations too. It returns ErrFull when too
// many items are followed by all together, and the error of ctx.
func (f *Follower) Follow(ctx context.Context, ids, locations []string) (sequence string, whole bool, err error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	fresh, err := f.hub.want(ids)
	if err != nil {
		return "", false, err
	}
	err = wait(ctx, fresh)
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	added := map[string]bool{}
	for _, id := range ids {
		item := f.hub.items[id]
		_, follows := f.follows[id]
		if err != nil || follows {
			f.hub.leave(id)
		}
		if err != nil {
			continue
		}
		if !follows {
			added[id], f.follows[id] = true, f.hub.last
		}
		item.promised = item.promised || !item.known
		item.followers[f] = item.places(f, locations)
	}
	if err != nil {
		return "", false, err
	}
	return f.hub.name(f.hub.last), !f.resumes || f.replay(added), nil
}

// places are those of which a follower is told when he wants to hear of more.
func (i *item) places(f *Follower, more []string) places {
	heard, follows := i.followers[f]
	if len(more) == 0 || (follows && heard == nil) {
		return nil
	}
	all := places{}
	for _, location := range more {
		all[location] = true
	}
	for location := range heard {
		all[location] = true
	}
	return all
}

// Resume has the follower told again of every change after one of which he was told,
// by its name, of the items that he follows and of those that he will. It says
// whether all of them are known; if not, none is told.
func (f *Follower) Resume(after string) (whole bool) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	number, ours := f.hub.number(after)
	if !ours || f.resumes {
		return false
	}
	f.after, f.resumes = number, true
	items := make(map[string]bool, len(f.follows))
	for id := range f.follows {
		items[id] = true
	}
	return f.replay(items)
}

// replay puts before what is pending the changes of items from after f.after until
// each was followed. It says whether that is all of them.
func (f *Follower) replay(items map[string]bool) (whole bool) {
	if !f.hub.keeps(f.after) {
		return false
	}
	for id := range items {
		if item := f.hub.items[id]; !item.known || item.since > f.after {
			return false
		}
	}
	for number := f.after + 1; number <= f.hub.last; number++ {
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
	f.rouse()
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
}

// Close ends the following.
func (f *Follower) Close() {
	f.Unfollow(nil)
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	delete(f.hub.all, f)
}

// Next waits for changes and returns all that there are, in their order. The error is
// ErrSlow, ErrClosed or that of ctx.
func (f *Follower) Next(ctx context.Context) ([]*Event, error) {
	for {
		select {
		case <-f.signal:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if events, err := f.taken(); err != nil || len(events) > 0 {
			return events, err
		}
	}
}

func (f *Follower) taken() ([]*Event, error) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	events := f.pending
	f.pending = nil
	return events, f.err
}

// take keeps an event until it is asked for.
func (f *Follower) take(event *Event) {
	if f.err != nil {
		return
	}
	if len(f.pending) >= maxPending {
		f.end(ErrSlow)
		return
	}
	f.pending = append(f.pending, event)
	f.rouse()
}

// end has the follower told of nothing more.
func (f *Follower) end(err error) {
	f.err, f.pending = err, nil
	f.rouse()
}

func (f *Follower) rouse() {
	select {
	case f.signal <- struct{}{}:
	default:
	}
}
