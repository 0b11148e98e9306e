package main

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// openConnections are more than are ever busy at once while all goes well, so
// that a request is sent when it is due.
const openConnections = 64

// closedLoop sends requests over some connections, on each the next when the
// last is answered, and returns how long each took. It ends with the first
// that fails.
func closedLoop(ctx context.Context, address string, connections, requests int, path func(i int) string) ([]time.Duration, error) {
	return loop(ctx, address, connections, requests, path, func(int) (time.Time, error) { return time.Now(), nil })
}

// openLoop sends requests at a rate a second, however slow the answers are,
// and returns how long after it was due each was answered.
func openLoop(ctx context.Context, address string, rate float64, requests int, path func(i int) string) ([]time.Duration, error) {
	interval := time.Duration(float64(time.Second) / rate)
	started := time.Now()
	return loop(ctx, address, openConnections, requests, path, func(i int) (time.Time, error) {
		due := started.Add(time.Duration(i) * interval)
		return due, wait(ctx, time.Until(due))
	})
}

// loop lets every connection take the next request, wait for its turn, which
// is when its time begins to count, and send it.
func loop(ctx context.Context, address string, connections, requests int, path func(i int) string, turn func(i int) (time.Time, error)) ([]time.Duration, error) {
	took := make([]time.Duration, requests)
	var taken atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(connections, requests) {
		group.Go(func() error {
			connection, err := dial(ctx, address, token())
			if err != nil {
				return err
			}
			defer connection.close()
			for {
				i := int(taken.Add(1)) - 1
				if i >= requests {
					return nil
				}
				from, err := turn(i)
				if err != nil {
					return err
				}
				if err := connection.get(path(i)); err != nil {
					return err
				}
				took[i] = time.Since(from)
			}
		})
	}
	return took, group.Wait()
}

// wait returns after a time, or with an error when ctx ends before.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
