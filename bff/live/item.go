package live

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cannahub/gateway/mapping"
)

// item is an inventory item that somebody follows, or did a short while ago.
type item struct {
	levels    map[string]mapping.LiveLevel // as last told, by location
	gone      map[string]string            // the ids of levels that were deleted, by location
	published map[string]uint64            // when each level was told as published, in the hub's count
	known     bool                         // the levels were read
	since     uint64                       // after this event every change of the item was told
	wanted    int                          // followers, those who wait for the first reading too
	by        string                       // where the first of them follows from
	leftAt    time.Time                    // when the last of them left
	followers map[*Follower]*places
	fresh     chan struct{} // closed when it was read since somebody follows it; nil: nobody does
	promised  bool          // somebody follows it though the levels are not known
}

func newItem() *item {
	return &item{
		levels: map[string]mapping.LiveLevel{}, gone: map[string]string{}, published: map[string]uint64{}, followers: map[*Follower]*places{},
	}
}

// put notes how a level is, and returns how it was.
func (i *item) put(level mapping.LiveLevel) (before mapping.LiveLevel, there bool) {
	location := level.At.LocationID
	before, there = i.levels[location]
	if level.Deleted {
		delete(i.levels, location)
		i.gone[location] = level.ID
	} else {
		i.levels[location] = level
	}
	return before, there
}

// isFresh says of an item that somebody follows whether it was read since he does.
func (i *item) isFresh() bool {
	select {
	case <-i.fresh:
		return true
	default:
		return false
	}
}

// refreshed lets go who waits for an item to be known.
func (i *item) refreshed() {
	if i.fresh != nil && !i.isFresh() {
		close(i.fresh)
	}
}

// places are the locations of which somebody is told; nil: all. They are shared and
// not written to.
type places map[string]bool

func placesOf(locations []string) *places {
	if len(locations) == 0 {
		return nil
	}
	some := make(places, len(locations))
	for _, location := range locations {
		some[location] = true
	}
	return &some
}

func (p *places) has(location string) bool { return p == nil || (*p)[location] }

// Watched is how many items are followed.
func (h *Hub) Watched() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.wanted
}

// Knows says whether an item is followed, or was a short while ago, and is known.
func (h *Hub) Knows(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	item := h.items[id]
	return item != nil && item.known
}

// want has items watched that somebody follows from an address, and returns what is
// closed as each is known.
func (h *Hub) want(ids []string, from string) (fresh []chan struct{}, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sweep()
	added := 0
	for _, id := range ids {
		if item := h.items[id]; item == nil || item.wanted == 0 {
			added++
		}
	}
	switch {
	case h.closed:
		return nil, ErrClosed
	case h.wanted+added > maxWatched, h.wanted+added > maxWatched/2 && h.brought[from]+added > maxBrought:
		return nil, ErrFull
	}
	h.wanted += added
	for _, id := range ids {
		if h.items[id] == nil {
			h.items[id] = newItem()
		}
		item := h.items[id]
		if item.wanted++; item.wanted == 1 {
			item.by = from
			h.brought[from]++
			item.fresh = make(chan struct{})
			rouse(h.wake)
		}
		fresh = append(fresh, item.fresh)
	}
	return fresh, nil
}

// leave is the end of want, for one item.
func (h *Hub) leave(id string) {
	item := h.items[id]
	if item.wanted--; item.wanted > 0 {
		return
	}
	h.wanted--
	if h.brought[item.by]--; h.brought[item.by] == 0 {
		delete(h.brought, item.by)
	}
	item.fresh, item.leftAt = nil, time.Now()
	if len(item.levels) == 0 {
		delete(h.items, id)
	}
}

// sweep forgets items that nobody has followed for a while.
func (h *Hub) sweep() {
	now := time.Now()
	if now.Sub(h.swept) < keptUnwatched/10 {
		return
	}
	h.swept = now
	maps.DeleteFunc(h.items, func(_ string, item *item) bool {
		return item.wanted == 0 && now.Sub(item.leftAt) > keptUnwatched
	})
}

// wait waits until all is known, for a while.
func wait(ctx context.Context, fresh []chan struct{}) error {
	patience := time.NewTimer(firstReading)
	defer patience.Stop()
	for _, known := range fresh {
		select {
		case <-known:
		case <-patience.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// reading is a reading of items under way.
type reading struct {
	ids  []string
	told uint64 // the hub's count when it began
}

// readings are the items that somebody follows, all or those that have moved or are
// not fresh, in parts. They say whether there are any at all.
func (h *Hub) readings(all bool, atOnce int) (parts []reading, watching bool) {
	moved := h.takeMoved()
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := make([]string, 0, h.wanted)
	for id, item := range h.items {
		if item.wanted > 0 && (all || moved[id] || !item.isFresh()) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for part := range slices.Chunk(ids, atOnce) {
		parts = append(parts, reading{ids: part})
	}
	return parts, h.wanted > 0
}

// begin notes that a reading is about to be made.
func (h *Hub) begin(r *reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.told = h.told
}

// end tells what a reading brought. Changed is called before anybody hears of it, when
// something is not as it was, or was not known and has changed since recent. Others may
// have the hub between two items, since an item may have thousands of followers.
func (h *Hub) end(r reading, levels []mapping.LiveLevel, recent string, changed func()) {
	read := make(map[string]map[string]mapping.LiveLevel, len(r.ids))
	for _, level := range levels {
		id := level.At.InventoryItemID
		if read[id] == nil {
			read[id] = map[string]mapping.LiveLevel{}
		}
		read[id][level.At.LocationID] = level
	}
	h.tellPosted()
	for _, id := range r.ids {
		h.endItem(id, read[id], r.told, recent, changed)
	}
}

func (h *Hub) endItem(id string, read map[string]mapping.LiveLevel, began uint64, recent string, changed func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if item := h.items[id]; item != nil && h.refresh(item, read, began, recent) {
		changed() // nobody takes what he is told before the hub is free
	}
}

// refresh tells what of an item is not as it was, and that it is now known. What was
// published while it was read may be newer than what was read, by Medusa's clock; the
// next reading will say.
func (h *Hub) refresh(item *item, read map[string]mapping.LiveLevel, began uint64, recent string) (differs bool) {
	overtaken := func(location string) bool { return item.published[location] > began }
	if !item.known {
		differs = h.getToKnow(item, read, recent)
	}
	var news []mapping.LiveLevel
	for location, level := range read {
		was, there := item.levels[location]
		older := overtaken(location) && level.UpdatedAt < was.UpdatedAt
		if !older && (!there || level.Differs(was)) {
			news = append(news, level)
		}
	}
	for location, level := range item.levels {
		if _, there := read[location]; !there && !overtaken(location) {
			news = append(news, level.Gone())
		}
	}
	slices.SortFunc(news, func(a, b mapping.LiveLevel) int { return strings.Compare(a.At.LocationID, b.At.LocationID) })
	for _, level := range news {
		h.tell(item, level)
	}
	item.promised = false
	item.refreshed()
	return differs || len(news) > 0
}

// getToKnow takes over how an item is. Who follows it begins now, unless he was
// promised to be told. It says whether answers from before may be older.
func (h *Hub) getToKnow(item *item, read map[string]mapping.LiveLevel, recent string) (differs bool) {
	h.last++ // what was told before must not be taken for all there was
	h.ring[h.last%maxReplayed] = nil
	item.known, item.since = true, h.last
	for location, level := range read {
		differs = differs || level.UpdatedAt >= recent
		if !item.promised && level.UpdatedAt >= item.levels[location].UpdatedAt {
			item.levels[location] = level
		}
	}
	return differs
}
