package live

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cannahub/gateway/mapping"
)

const (
	// readAtOnce is how many items are read in one call.
	readAtOnce = 300

	// readingsAtOnce leaves room for other callers.
	readingsAtOnce = 2

	// wakePause keeps a watcher that is woken all the time from asking all the time.
	wakePause = 50 * time.Millisecond
)

// Watcher reads what somebody follows, again and again, and tells the hub.
type Watcher struct {
	Hub *Hub
	// Read reads all levels of items; unknown items have none.
	Read     func(ctx context.Context, ids []string) ([]mapping.LiveLevel, error)
	Interval time.Duration // from one reading to the next
	Changed  func()        // told when a reading found a change
	Log      *slog.Logger
}

// Run reads until ctx ends: all that somebody follows once in an interval, and at
// once when the hub is woken. Nothing is read while nobody follows anything.
func (w *Watcher) Run(ctx context.Context) {
	failing := false
	for ctx.Err() == nil {
		began := time.Now()
		watching, err := w.look(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "what is followed could not be read and is tried for again", "error", err)
		}
		failing = err != nil
		w.rest(ctx, began, watching)
	}
}

// rest waits until it is time to look again.
func (w *Watcher) rest(ctx context.Context, began time.Time, watching bool) {
	var due <-chan time.Time
	if watching {
		timer := time.NewTimer(w.Interval - time.Since(began))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-due:
	case <-w.Hub.wake:
		pause := time.NewTimer(wakePause - time.Since(began))
		defer pause.Stop()
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
	}
}

// look reads once all that somebody follows, and says whether anybody does.
func (w *Watcher) look(ctx context.Context) (watching bool, err error) {
	readings := w.Hub.watched(readAtOnce)
	var group errgroup.Group
	group.SetLimit(readingsAtOnce)
	for _, reading := range readings {
		group.Go(func() error { return w.read(ctx, reading) })
	}
	return len(readings) > 0, group.Wait()
}

func (w *Watcher) read(ctx context.Context, reading reading) error {
	w.Hub.begin(&reading)
	levels, err := w.Read(ctx, reading.ids)
	if err != nil {
		return err
	}
	if w.Hub.end(reading, levels) > 0 {
		w.Changed()
	}
	return nil
}
