package stock

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// CPU is that of the whole process, in which Medusa is a thing in memory.

func BenchmarkFlush(b *testing.B) {
	for _, size := range []int{1, maxLevels} {
		b.Run(fmt.Sprintf("of %d", size), func(b *testing.B) {
			s := newShop(b)
			changes := make([]Change, size)
			for i := range changes {
				id := fmt.Sprintf("iitem_%d", i)
				s.stocked(id, 10)
				changes[i] = adjust(id, highUp, "1")
			}
			s.connected()
			before := cpu(b)
			for b.Loop() {
				for _, outcome := range s.do(changes...) {
					require.Equal(b, Applied, outcome.Status)
				}
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// BenchmarkCallers is single adjustments from 256 callers, spread over 200 levels.
func BenchmarkCallers(b *testing.B) {
	const callers, levels = 256, 200
	s := newShop(b)
	for i := range levels {
		s.stocked(fmt.Sprintf("iitem_%d", i), 10)
	}
	s.connected()
	var next, lost atomic.Int64
	before := cpu(b)
	b.ResetTimer()
	var wait sync.WaitGroup
	for range callers {
		wait.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				outcomes, err := s.lane.Do(context.Background(), batchOf(adjust(fmt.Sprintf("iitem_%d", n%levels), highUp, "1")))
				if err != nil || outcomes[0].Status != Applied {
					lost.Add(1)
				}
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	require.Zero(b, lost.Load(), "changes that were not made")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "changes/s")
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpu is what this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
