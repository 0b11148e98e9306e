package main

import (
	"os"
	"runtime/debug"
)

const (
	// gcPercent lets the heap grow to five times what lives before it is
	// cleared: what lives is a few MiB, and clearing it less often
	// saves a quarter of the processor's time.
	gcPercent = 400

	// memoryRoom is what the program may take beside the answers it holds
	// before it clears its heap more eagerly.
	memoryRoom = 64 << 20
)

// tuneMemory trades memory for time, unless the operator has said what to do by
// Go's own GOGC and GOMEMLIMIT.
func tuneMemory(settings settings) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(2*int64(settings.CacheMaxBytes) + memoryRoom)
	}
}
