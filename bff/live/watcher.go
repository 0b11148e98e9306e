package live

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cannahub/gateway/bff/panics"
	"github.com/cannahub/gateway/mapping"
)

const (
	// readAtOnce is how many items are read in one call.
	readAtOnce = 300

	// readingsAtOnce leaves room for other callers.
	readingsAtOnce = 2

	// minPause is how long the watcher rests at least. It rests longer when a look takes
	// longer, so that who wakes it all the time does not have it ask all the time.
	minPause = 50 * time.Millisecond

	// lateBy is how much later than an interval a reading is given up, since the next is
	// worth more; but where that fails too, each is given twice the time of the one before,
	// up to longestReading.
	lateBy         = time.Second
	longestReading = 30 * time.Second

	// againAfter is when what could not be read is tried for again, if not before.
	againAfter = 2 * time.Second

	// clocksDiffer is how much Medusa's clock may differ from ours.
	clocksDiffer = time.Minute

	// medusasTime is how Medusa writes times, which are in their order as texts too.
	medusasTime = "2006-01-02T15:04:05.000Z"
)

// Watcher reads what somebody follows, again and again, and tells the hub.
type Watcher struct {
	Hub *Hub
	// Read reads all levels of items; unknown items have none.
	Read     func(ctx context.Context, ids []string) ([]mapping.LiveLevel, error)
	Interval time.Duration // from one reading of all to the next
	Changed  func()        // told that answers from before a reading may be older, before followers hear of it
	HeldFor  time.Duration // how long such answers are held
	Log      *slog.Logger
}

// Run reads until ctx ends: all that somebody follows once in an interval, and at
// once when the hub is woken; what somebody begins to follow at once too. Nothing is
// read while nobody follows anything.
func (w *Watcher) Run(ctx context.Context) {
	failing, all := false, true
	patience := w.Interval + lateBy
	var lastAll time.Time
	for ctx.Err() == nil {
		began := time.Now()
		if all {
			lastAll = began
		}
		watching, err := w.look(ctx, all, patience)
		if err != nil && !failing && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "what is followed could not be read and is tried for again", "error", err)
		}
		failing = err != nil
		if patience = min(2*patience, longestReading); !failing {
			patience = w.Interval + lateBy
		}
		rest(ctx, min(max(minPause, 2*time.Since(began)), max(minPause, w.Interval)))
		dueAt := lastAll.Add(w.Interval)
		if failing { // what it was woken for is not read yet
			dueAt = began.Add(min(w.Interval, againAfter))
		}
		all = w.await(ctx, dueAt, watching)
	}
}

func rest(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// await waits until it is time to look again, and says whether at all.
func (w *Watcher) await(ctx context.Context, dueAt time.Time, watching bool) (all bool) {
	var due <-chan time.Time
	if watching {
		timer := time.NewTimer(time.Until(dueAt))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
	case <-due:
	case <-w.Hub.wake:
	}
	return w.Hub.changed.Swap(false) || !time.Now().Before(dueAt)
}

// look reads once all that somebody follows, or what of it is not fresh, and says
// whether anybody follows anything.
func (w *Watcher) look(ctx context.Context, all bool, patience time.Duration) (watching bool, err error) {
	readings, watching := w.Hub.readings(all, readAtOnce)
	var group errgroup.Group
	group.SetLimit(readingsAtOnce)
	for _, reading := range readings {
		group.Go(func() error { return w.read(ctx, reading, patience) })
	}
	return watching, group.Wait()
}

// read makes a reading. A panic is an error, since it would end the program here.
func (w *Watcher) read(ctx context.Context, reading reading, patience time.Duration) (err error) {
	defer panics.Recover(&err)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w.Hub.begin(&reading)
	recent := time.Now().Add(-w.HeldFor - clocksDiffer).UTC().Format(medusasTime)
	levels, err := w.Read(ctx, reading.ids)
	if err != nil {
		return err
	}
	w.Hub.end(reading, levels, recent, w.Changed)
	return nil
}
