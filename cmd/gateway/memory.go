package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/cannahub/gateway/bff"
)

const (
	// maxGCPercent lets the heap grow to five times what lives before it is
	// cleared: what lives is a few MiB, and clearing it less often
	// saves a quarter of the processor's time.
	maxGCPercent = 400

	// minGCPercent keeps clearing a large heap from being all that is done.
	minGCPercent = 50

	// garbageRoom is what may wait to be cleared where much lives: answers that are
	// held, and thousands of feeds.
	garbageRoom = 64 << 20

	// memoryRoom is what the program may take beside the answers and copies that it holds
	// and the feeds that are open, before it clears its heap more eagerly.
	memoryRoom = 64 << 20

	// feedRoom is what a feed takes, with what waits to be cleared.
	feedRoom = 32 << 10

	// tunePause is how often it is looked at how much lives.
	tunePause = time.Second
)

// tuneMemory trades memory for time until ctx ends, unless the operator has said what
// to do by Go's own GOGC and GOMEMLIMIT.
func tuneMemory(ctx context.Context, settings settings) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(2*int64(settings.CacheMaxBytes) + bff.MaxFeeds*feedRoom + memoryRoom)
	}
	if os.Getenv("GOGC") != "" {
		return
	}
	set := 0
	tick := time.NewTicker(tunePause)
	defer tick.Stop()
	for ctx.Err() == nil {
		if percent := gcPercent(liveHeap()); percent != set {
			set = percent
			debug.SetGCPercent(percent)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// gcPercent is how much the heap may grow before it is cleared, in percent of what lives.
func gcPercent(live uint64) int {
	return int(min(maxGCPercent, max(minGCPercent, garbageRoom*100/max(live, 1))))
}

// liveHeap is how many bytes lived when the heap was last cleared.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
