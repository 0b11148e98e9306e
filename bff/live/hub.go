// Package live knows who must hear of a change of stock: the hub tells those who
// follow an item of every change, and the watcher sees those that were made
// elsewhere than through this gateway.
package live

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cannahub/gateway/mapping"
)

const (
	// maxReplayed is how many changes can be told again.
	maxReplayed = 4_096

	// maxPending is how many changes may wait for a follower, those told again too. Who
	// has more is not reading.
	maxPending = 2 * maxReplayed

	// maxWatched bounds the items that are watched: each 300 take a call at every
	// interval.
	maxWatched = 3_000

	// keptUnwatched is how long it is remembered how an item was when the last of its
	// followers left, so that he can be told what he missed when he is back.
	keptUnwatched = 10 * time.Minute

	// firstReading is how long who begins to follow an item waits until it is known
	// how it is. After that he is told how it is as soon as that is known.
	firstReading = 5 * time.Second
)

// Why a follower is told no more.
var (
	ErrSlow   = errors.New("live: the follower does not take what it is told")
	ErrClosed = errors.New("live: the gateway is stopping")
	// ErrFull: too many items are followed, by all together.
	ErrFull = errors.New("live: too many items are followed")
)

// Event is a change of a level.
type Event struct {
	Level    mapping.LiveLevel
	Sequence string // names the change, to be resumed after

	number  uint64
	ours    func() []byte
	medusas func() []byte
}

// JSON is the message that tells of the change, in our spelling.
func (e *Event) JSON() []byte { return e.ours() }

// StoreJSON is the message in Medusa's spelling.
func (e *Event) StoreJSON() []byte { return e.medusas() }

// Hub tells followers of changes. It is safe for concurrent use.
type Hub struct {
	mu     sync.Mutex
	epoch  string
	last   uint64   // number of the last event; the first is 1
	ring   []*Event // the latest, at their number modulo maxReplayed; nil: none has the number
	items  map[string]*item
	wanted int       // items that are
	swept  time.Time // when items were last forgotten
	all    map[*Follower]bool
	closed bool

	wake chan struct{} // has the watcher look at once
	now  func() time.Time
}

// item is an inventory item that somebody follows, or did a short while ago.
type item struct {
	levels    map[string]mapping.LiveLevel // as last told, by location
	known     bool                         // the levels were read
	since     uint64                       // after this event every change of the item was told
	published uint64                       // how often it was published
	wanted    int                          // followers, those who wait for the first reading too
	leftAt    time.Time                    // when the last of them left
	followers map[*Follower]places
	fresh     chan struct{} // closed when the levels are those of now; nil: nobody watches
	promised  bool          // somebody follows it though the levels are not known
}

// places are the locations of which somebody is told; nil: all.
type places map[string]bool

func (p places) has(location string) bool { return p == nil || p[location] }

// NewHub returns a hub that nobody follows.
func NewHub() *Hub {
	return &Hub{
		epoch: strconv.FormatInt(time.Now().UnixMilli(), 36),
		items: map[string]*item{}, all: map[*Follower]bool{}, ring: make([]*Event, maxReplayed), wake: make(chan struct{}, 1), now: time.Now,
	}
}

// Wake says that something may have changed of which it is not known what. Followers
// are told as soon as it is read.
func (h *Hub) Wake() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Publish says how levels are after a change of this gateway's. One that is older
// than what was told already is read again.
func (h *Hub) Publish(levels []mapping.LiveLevel) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, level := range levels {
		item := h.items[level.At.InventoryItemID]
		if item == nil {
			continue
		}
		item.published++
		if level.UpdatedAt < item.levels[level.At.LocationID].UpdatedAt {
			h.Wake()
			continue
		}
		h.tell(item, level)
	}
}

// tell tells the followers of an item of a level, if there is anything to tell.
func (h *Hub) tell(item *item, level mapping.LiveLevel) bool {
	location := level.At.LocationID
	before, told := item.levels[location]
	if level.Deleted {
		delete(item.levels, location)
	} else {
		item.levels[location] = level
	}
	if (!item.known && !item.promised) || (told && !level.Differs(before)) {
		return false
	}
	h.last++
	event := newEvent(level, h.last, h.name(h.last))
	h.ring[h.last%maxReplayed] = event
	for follower, places := range item.followers {
		if places.has(location) {
			follower.take(event)
		}
	}
	return true
}

func newEvent(level mapping.LiveLevel, number uint64, name string) *Event {
	return &Event{
		Level: level, Sequence: name, number: number,
		ours:    sync.OnceValue(func() []byte { return level.Update(name) }),
		medusas: sync.OnceValue(func() []byte { return level.StoreUpdate(name) }),
	}
}

func (h *Hub) name(number uint64) string { return h.epoch + "-" + strconv.FormatUint(number, 10) }

// number is the number of an event by its name, if this hub gave it.
func (h *Hub) number(name string) (number uint64, ours bool) {
	epoch, digits, _ := strings.Cut(name, "-")
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, err == nil && epoch == h.epoch && number <= h.last
}

// keeps says whether every change after one can still be told.
func (h *Hub) keeps(number uint64) bool { return number+maxReplayed >= h.last }

// Close tells all followers that there is nothing more to hear.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, item := range h.items {
		item.refreshed()
	}
	for follower := range h.all {
		follower.end(ErrClosed)
	}
}

// Watched is how many items are followed.
func (h *Hub) Watched() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.wanted
}

// reading is a reading of items under way.
type reading struct {
	ids       []string
	published []uint64 // of each when it began
}

// watched are readings of all items that somebody follows, in parts.
func (h *Hub) watched(atOnce int) []reading {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := make([]string, 0, h.wanted)
	for id, item := range h.items {
		if item.wanted > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	var readings []reading
	for part := range slices.Chunk(ids, atOnce) {
		readings = append(readings, reading{ids: part})
	}
	return readings
}

// begin notes that a reading is about to be made.
func (h *Hub) begin(r *reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.published = make([]uint64, len(r.ids))
	for i, id := range r.ids {
		if item := h.items[id]; item != nil {
			r.published[i] = item.published
		}
	}
}

// end tells what a reading brought, and returns how many changes it found.
func (h *Hub) end(r reading, levels []mapping.LiveLevel) (changes int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	read := make(map[string]map[string]mapping.LiveLevel, len(r.ids))
	for _, level := range levels {
		id := level.At.InventoryItemID
		if read[id] == nil {
			read[id] = map[string]mapping.LiveLevel{}
		}
		read[id][level.At.LocationID] = level
	}
	for i, id := range r.ids {
		if item := h.items[id]; item != nil {
			changes += h.refresh(item, read[id], item.published != r.published[i])
		}
	}
	return changes
}

// refresh tells what of an item is not as it was, and that it is now known. What was
// published while it was read may be newer than what was read, by Medusa's clock; the
// next reading will say.
func (h *Hub) refresh(item *item, read map[string]mapping.LiveLevel, overtaken bool) (changes int) {
	if !item.known {
		h.last++ // what was told before must not be taken for all there was
		h.ring[h.last%maxReplayed] = nil
		item.known, item.since = true, h.last
		if !item.promised { // all who follow it begin now
			first := maps.Clone(read)
			maps.DeleteFunc(first, func(location string, level mapping.LiveLevel) bool {
				return level.UpdatedAt < item.levels[location].UpdatedAt
			})
			maps.Copy(item.levels, first)
		}
	}
	for _, location := range slices.Sorted(maps.Keys(read)) {
		level := read[location]
		if overtaken && level.UpdatedAt < item.levels[location].UpdatedAt {
			continue
		}
		if h.tell(item, level) {
			changes++
		}
	}
	for _, location := range slices.Sorted(maps.Keys(item.levels)) {
		if _, there := read[location]; !there && !overtaken && h.tell(item, item.levels[location].Gone()) {
			changes++
		}
	}
	item.promised = false
	item.refreshed()
	return changes
}

// refreshed lets go who waits for an item to be known.
func (i *item) refreshed() {
	if i.fresh == nil {
		return
	}
	select {
	case <-i.fresh:
	default:
		close(i.fresh)
	}
}

// want has items watched, and returns what is closed as each is known.
func (h *Hub) want(ids []string) (fresh []chan struct{}, err error) {
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
	case h.wanted+added > maxWatched:
		return nil, ErrFull
	}
	h.wanted += added
	for _, id := range ids {
		if h.items[id] == nil {
			h.items[id] = &item{levels: map[string]mapping.LiveLevel{}, followers: map[*Follower]places{}}
		}
		item := h.items[id]
		if item.wanted++; item.wanted == 1 {
			item.fresh = make(chan struct{})
			h.Wake()
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
	item.fresh, item.leftAt = nil, h.now()
	if !item.known {
		delete(h.items, id)
	}
}

// sweep forgets items that nobody has followed for a while.
func (h *Hub) sweep() {
	now := h.now()
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
