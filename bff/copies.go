package bff

import (
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// copies are what Medusa answered last, for the time when it does not answer. They
// are kept apart from what is held, and no write makes them void but one that may
// change who is shown what.
type copies[V any] struct {
	cache     *otter.Cache[string, lastKnown[V]] // nil: none are kept
	forgotten *atomic.Pointer[time.Time]         // what was asked for before is not kept; nil: never
}

type lastKnown[V any] struct {
	value V
	asked time.Time // when Medusa was asked, which the answer is not older than
}

// newCopies keeps copies up to an age, 0: not at all, and in so many bytes.
func newCopies[V any](age time.Duration, maxBytes int64, size func(V) int) copies[V] {
	if age <= 0 || maxBytes <= 0 {
		return copies[V]{}
	}
	return copies[V]{forgotten: &atomic.Pointer[time.Time]{}, cache: otter.Must(&otter.Options[string, lastKnown[V]]{
		MaximumWeight: uint64(maxBytes),
		Weigher: func(key string, known lastKnown[V]) uint32 {
			return uint32(2*len(key) + size(known.value) + entryOverhead)
		},
		ExpiryCalculator: otter.ExpiryWriting[string, lastKnown[V]](age),
	})}
}

func (c copies[V]) close() {
	if c.cache != nil {
		c.cache.InvalidateAll()
		c.cache.StopAllGoroutines()
	}
}

// keep keeps a copy, unless Medusa was asked later for the one that is there.
func (c copies[V]) keep(key string, value V, asked time.Time) {
	if c.cache == nil {
		return
	}
	c.cache.Compute(key, func(there lastKnown[V], found bool) (lastKnown[V], otter.ComputeOp) {
		before := c.forgotten.Load()
		if (found && there.asked.After(asked)) || (before != nil && !asked.After(*before)) {
			return there, otter.CancelOp
		}
		return lastKnown[V]{value, asked}, otter.WriteOp
	})
}

func (c copies[V]) find(key string) (lastKnown[V], bool) {
	if c.cache == nil {
		return lastKnown[V]{}, false
	}
	return c.cache.GetIfPresent(key)
}

func (c copies[V]) forget() {
	if c.cache != nil {
		now := time.Now()
		c.forgotten.Store(&now)
		c.cache.InvalidateAll()
	}
}

func (c copies[V]) drop(key string) {
	if c.cache != nil {
		c.cache.Invalidate(key)
	}
}
