package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
)

// pace is how quickly jobs are worked on.
type pace struct {
	poll    time.Duration // how often jobs that are due are looked for
	retry   time.Duration // between a job's failure and its next try
	timeout time.Duration // for one try
	rescue  time.Duration // after which a try that never ended is taken for dead
	stop    time.Duration // for the jobs that run when the Store is closed
	eager   bool          // start at once, not spread over the first second
}

var standard = pace{
	poll:    time.Second,
	retry:   5 * time.Second,
	timeout: time.Minute,
	rescue:  2 * time.Minute,
	stop:    10 * time.Second,
}

const (
	// workers is how many jobs of a queue are done side by side.
	workers = 4

	// holdQueue is for holds alone: thousands can expire at a time, and nothing else
	// must wait for that.
	holdQueue = "holds"

	// finishedLife is how long finished jobs can still be looked at.
	finishedLife = time.Hour

	expiryInterval = time.Hour
)

type settleArgs struct {
	FlushID string `json:"flushId"`
}

// Kind is how the queue knows the job.
func (settleArgs) Kind() string { return "settle_flush" }

type undoArgs struct {
	SetupID string `json:"setupId"`
}

// Kind is how the queue knows the job.
func (undoArgs) Kind() string { return "undo_setup" }

type tendArgs struct {
	HoldID string `json:"holdId"`
}

// Kind is how the queue knows the job.
func (tendArgs) Kind() string { return "tend_hold" }

type expireArgs struct{}

// Kind is how the queue knows the job.
func (expireArgs) Kind() string { return "expire_keys" }

// Duties are what has to be done later. Each is called with an id until it
// returns nil, every few seconds, and can be called twice.
type Duties struct {
	Settle func(ctx context.Context, flushID string) error // a flush that nobody marked by its Until
	Undo   func(ctx context.Context, setupID string) error // a set-up that is due
	Tend   func(ctx context.Context, holdID string) error  // a hold that is due
}

// Work begins to do what is due, what gateways left that died among it, and to
// forget old idempotency keys. It returns at once; the work ends with Close.
// Work is called once.
func (s *Store) Work(ctx context.Context, duties Duties) error {
	s.duties = duties
	if err := s.jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("state: starting the jobs: %w", err)
	}
	return nil
}

// hire makes the client of the queue, which does not work yet.
func (s *Store) hire(pace pace) error {
	s.pace = pace
	known := river.NewWorkers()
	river.AddWorker(known, river.WorkFunc(s.settleJob))
	river.AddWorker(known, river.WorkFunc(s.undoJob))
	river.AddWorker(known, river.WorkFunc(s.tendJob))
	river.AddWorker(known, river.WorkFunc(s.expireJob))
	jobs, err := river.NewClient(s.driver(), &river.Config{
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}, holdQueue: {MaxWorkers: workers}},
		Workers:                     known,
		PeriodicJobs:                []*river.PeriodicJob{expiry()},
		PollOnly:                    true,
		FetchPollInterval:           pace.poll,
		FetchCooldown:               min(pace.poll, river.FetchCooldownDefault),
		JobTimeout:                  pace.timeout,
		RescueStuckJobsAfter:        pace.rescue,
		RetryPolicy:                 constant(pace.retry),
		MaxAttempts:                 math.MaxInt16, // only panics and deaths of the gateway count
		CompletedJobRetentionPeriod: finishedLife,
		CancelledJobRetentionPeriod: finishedLife,
		DiscardedJobRetentionPeriod: finishedLife,
		TestOnly:                    pace.eager,
		Logger:                      quiet(s.log),
	})
	s.jobs = jobs
	return err
}

func expiry() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(expiryInterval),
		func() (river.JobArgs, *river.InsertOpts) { return expireArgs{}, nil },
		&river.PeriodicJobOpts{RunOnStart: true})
}

// dismiss waits for the jobs that run. Those that take too long are cancelled.
func (s *Store) dismiss() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.pace.stop)
	defer cancel()
	err := s.jobs.Stop(ctx)
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	ctx, cancel = context.WithTimeout(context.Background(), s.pace.stop)
	defer cancel()
	return s.jobs.StopAndCancel(ctx)
}

func (s *Store) driver() riverdriver.Driver[*sql.Tx] {
	if s.postgres == nil {
		return riversqlite.New(s.write)
	}
	return riverdatabasesql.New(s.write)
}

// schedule writes down a flush as unsettled, and adds the job that settles it
// at its time.
func (s *Store) schedule(ctx context.Context, tx *sql.Tx, flushID string, at time.Time) error {
	inserted, err := s.jobs.InsertTx(ctx, tx, settleArgs{FlushID: flushID}, &river.InsertOpts{ScheduledAt: at})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, s.bind("INSERT INTO unsettled_flushes (id, job_id) VALUES (?, ?)"), flushID, inserted.Job.ID)
	return err
}

// unschedule undoes schedule, unless something of the flush is still pending. A
// job that runs at this moment, or ran before, is left to its own end.
func (s *Store) unschedule(ctx context.Context, tx *sql.Tx, flushID string) error {
	var job int64
	err := tx.QueryRowContext(ctx, s.bind(`
		DELETE FROM unsettled_flushes
		WHERE id = ? AND NOT EXISTS (SELECT 1 FROM ledger WHERE flush_id = ? AND state = 'pending')
		RETURNING job_id`), flushID, flushID).Scan(&job)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.cancelJob(ctx, tx, job)
}

// cancelJob takes a job back, unless it runs at this moment, or ran before.
func (s *Store) cancelJob(ctx context.Context, tx *sql.Tx, job int64) error {
	_, err := s.jobs.JobDeleteTx(ctx, tx, job)
	if errors.Is(err, rivertype.ErrJobRunning) || errors.Is(err, rivertype.ErrNotFound) {
		return nil
	}
	return err
}

// settleJob is tried again for as long as it fails: a snooze does not count as
// an attempt, of which there is an end.
func (s *Store) settleJob(ctx context.Context, job *river.Job[settleArgs]) error {
	if err := s.duties.Settle(ctx, job.Args.FlushID); err != nil {
		s.log.WarnContext(ctx, "a flush could not be settled and is tried again", "flushId", job.Args.FlushID, "error", err)
		return river.JobSnooze(s.pace.retry)
	}
	return nil
}

// undoJob is tried again, too, for as long as anything may be left.
func (s *Store) undoJob(ctx context.Context, job *river.Job[undoArgs]) error {
	if err := s.duties.Undo(ctx, job.Args.SetupID); err != nil {
		s.log.WarnContext(ctx, "a set-up is not undone yet and is looked at again", "setupId", job.Args.SetupID, "error", err)
		return river.JobSnooze(s.pace.retry)
	}
	return nil
}

// tendJob is tried again, too, until the hold is seen to.
func (s *Store) tendJob(ctx context.Context, job *river.Job[tendArgs]) error {
	if err := s.duties.Tend(ctx, job.Args.HoldID); err != nil {
		s.log.WarnContext(ctx, "a hold is not seen to yet and is looked at again", "holdId", job.Args.HoldID, "error", err)
		return river.JobSnooze(s.pace.retry)
	}
	return nil
}

func (s *Store) expireJob(ctx context.Context, _ *river.Job[expireArgs]) error { return s.forget(ctx) }

// constant is a retry policy of equal delays.
type constant time.Duration

// NextRetry is when a job that failed is tried again.
func (c constant) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(time.Duration(c)) }

// quiet is log without what the queue says when all is well.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(warnings{log.Handler()}) }

type warnings struct{ slog.Handler }

// Enabled lets warnings and errors pass.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs keeps to warnings and errors.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup keeps to warnings and errors.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
