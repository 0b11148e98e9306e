// Package live knows who must hear of a change of stock: the hub tells those who
// follow an item of every change, and the watcher sees those that were made
// elsewhere than through this gateway.
package live

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

	// maxBrought bounds those that are watched for one address first, once half of the
	// room is taken.
	maxBrought = 500

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

// Event is a change of a level, or says that there was one that is not told.
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
	posts   sync.Mutex
	posted  []mapping.LiveLevel // published, and not told yet
	arrived chan struct{}
	moved   map[string]bool // items to be read, since something of them may have changed

	mu      sync.Mutex
	epoch   string
	told    uint64   // published levels that were told
	last    uint64   // number of the last event; the first is 1
	ring    []*Event // the latest, at their number modulo maxReplayed; nil: none has the number
	items   map[string]*item
	wanted  int            // items that are
	brought map[string]int // of these, by the address from which they were first
	swept   time.Time      // when items were last forgotten
	all     map[*Follower]bool
	closed  bool

	wake    chan struct{} // has the watcher look at once,
	changed atomic.Bool   // at all, not only at what has moved or is not fresh
}

// NewHub returns a hub that nobody follows. What is published is told while it runs.
func NewHub() *Hub {
	return &Hub{
		epoch: rand.Text()[:10], // which no other gateway has
		items: map[string]*item{}, all: map[*Follower]bool{}, ring: make([]*Event, maxReplayed), moved: map[string]bool{}, brought: map[string]int{},
		arrived: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
}

// Run tells of what is published until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	for {
		select {
		case <-h.arrived:
			h.tellPosted()
		case <-ctx.Done():
			return
		}
	}
}

// Wake says that something of items may have changed, or with none of any item.
// Followers are told as soon as it is read.
func (h *Hub) Wake(ids ...string) {
	if len(ids) == 0 {
		h.changed.Store(true)
	}
	h.posts.Lock()
	for _, id := range ids {
		h.moved[id] = true
	}
	h.posts.Unlock()
	rouse(h.wake)
}

// takeMoved returns the items to be read for what may have changed.
func (h *Hub) takeMoved() map[string]bool {
	h.posts.Lock()
	defer h.posts.Unlock()
	moved := h.moved
	h.moved = map[string]bool{}
	return moved
}

func rouse(signal chan struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}

// Publish says how levels are after a change of this gateway's. It waits for no
// follower.
func (h *Hub) Publish(levels []mapping.LiveLevel) {
	h.posts.Lock()
	defer h.posts.Unlock()
	h.posted = append(h.posted, levels...)
	rouse(h.arrived)
}

// tellPosted tells of all that was published. Others may have the hub between two
// levels, since a level may have thousands of followers.
func (h *Hub) tellPosted() {
	h.posts.Lock()
	levels := h.posted
	h.posted = nil
	h.posts.Unlock()
	for _, level := range levels {
		h.tellPublished(level)
	}
}

// tellPublished tells of a level that was published. One that is older than what was
// told already is read again.
func (h *Hub) tellPublished(level mapping.LiveLevel) {
	h.mu.Lock()
	defer h.mu.Unlock()
	item, location := h.items[level.At.InventoryItemID], level.At.LocationID
	if item == nil {
		return
	}
	h.told++
	item.published[location] = h.told
	gone, wasThere := item.gone[location]
	if level.UpdatedAt < item.levels[location].UpdatedAt || (wasThere && gone == level.ID) {
		h.Wake(level.At.InventoryItemID)
		return
	}
	h.tell(item, level)
}

// tell tells the followers of an item of a level, if there is anything to tell.
func (h *Hub) tell(item *item, level mapping.LiveLevel) {
	before, told := item.put(level)
	if (!item.known && !item.promised) || (told && !level.Differs(before)) {
		return
	}
	h.last++
	event := newEvent(level, h.last, h.name(h.last))
	h.ring[h.last%maxReplayed] = event
	for follower, places := range item.followers {
		if places.has(level.At.LocationID) {
			follower.hear(event)
		}
	}
}

func newEvent(level mapping.LiveLevel, number uint64, name string) *Event {
	return &Event{
		Level: level, Sequence: name, number: number,
		ours:    sync.OnceValue(func() []byte { return level.Update(name) }),
		medusas: sync.OnceValue(func() []byte { return level.StoreUpdate(name) }),
	}
}

// Gap is the event that says that not all was told.
func (h *Hub) Gap() *Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := func() []byte { return []byte(mapping.Gap) }
	return &Event{Sequence: h.name(h.last), number: h.last, ours: text, medusas: text}
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

// Review has nobody wait any longer, also where there is nothing to take.
func (h *Hub) Review() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for follower := range h.all {
		rouse(follower.signal)
	}
}

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
