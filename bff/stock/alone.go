package stock

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// aloneTimeout is how long the answer to what is done alone may take.
const aloneTimeout = writeTimeout

// Alone does something of somebody else's that changes stock in Medusa (an order
// is fulfilled, a return received), while no flush of any gateway runs. One such
// thing is done at a time, so a flush waits for one of them at most. What has
// begun goes on when ctx ends, for writeTimeout at most. When do says that its
// answer is lost Medusa may still be at it, reading and writing levels that nobody
// here knows: the lane then stays shut until nothing of it can come any more. Alone
// returns ErrBusy, and nothing was done, when the lane is not free in time, the
// error of ctx when it ended before, and otherwise that of do.
func (l *Lane) Alone(ctx context.Context, do func(ctx context.Context) (lost bool, err error)) error {
	waiting, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	select {
	case l.alone <- struct{}{}:
	case <-waiting.Done():
		return busy(ctx, waiting.Err())
	}
	release := func() { <-l.alone }
	defer func() { release() }()
	turn, err := l.store.Turn(waiting)
	if err != nil {
		return busy(ctx, err)
	}
	release = func() {
		turn.End()
		<-l.alone
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	begun := l.now()
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), aloneTimeout)
	defer stop()
	lost, err := do(ctx)
	if lost {
		shut := release
		release = func() {}
		l.shut.Go(func() {
			defer shut()
			l.rest(begun.Add(landing))
		})
	}
	return err
}

// rest waits for a time, or for the lane to stop.
func (l *Lane) rest(until time.Time) {
	timer := time.NewTimer(until.Sub(l.now()))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.stop:
	}
}

// busy tells a lane that is not free in time from a caller who has gone.
func busy(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
