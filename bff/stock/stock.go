// Package stock is the one door through which a quantity changes. Changes of
// many callers go in; one lane takes all that wait, reads their levels once,
// decides each in its order, writes down what is about to happen, writes to
// Medusa once, and tells each caller what became of his change.
//
// Medusa has neither a relative change nor a compare-and-set, and a write
// whose answer is lost may land up to half a minute later. So changes are made
// one flush after another, by one gateway at a time, and a level whose write
// was not answered is left alone until it is known what became of it.
package stock

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

const (
	// maxLevels in one flush: Medusa's time is linear up to 1,000 levels, and
	// others wait meanwhile.
	maxLevels = 250

	// maxRows in one flush: the ledger must take them well within the sendWindow.
	maxRows = 2_500

	// maxWaiting bounds the changes in the queue: some ten seconds of work.
	maxWaiting = 10_000

	// writeTimeout is when the lane goes on without Medusa's answer.
	writeTimeout = 10 * time.Second

	// readTimeout and recordTimeout are when the lane gives up what it has not
	// begun to write.
	readTimeout   = 10 * time.Second
	recordTimeout = 5 * time.Second

	// sendWindow is how soon after its rows were committed a write must be on
	// its way. It ends long before anybody else could take those rows for lost.
	sendWindow = 2 * time.Second

	// landing is how long after it was sent a write may still take effect.
	landing = medusaclient.Landing

	// reviewInterval is how often unsettled rows are looked at while there are any.
	reviewInterval = time.Second
)

// SettledAfter is how long it takes about until it is known what became of a
// write without an answer.
const SettledAfter = landing + sendWindow + reviewInterval

// Why a change was not tried at all.
var (
	ErrBusy   = errors.New("stock: too many changes are waiting")
	ErrClosed = errors.New("stock: the gateway is stopping")
	// ErrClaimed: the idempotency key belongs to another batch.
	ErrClaimed = errors.New("stock: the idempotency key is taken")
)

// Config says what a lane works with.
type Config struct {
	Medusa  *medusaclient.Client
	Account *medusaclient.Account // the gateway's own user, who makes the shared calls
	Store   *state.Store
	// Changed is told after every write, before its callers, what Medusa shows of the
	// levels; nothing where that is not known.
	Changed func(levels []mapping.LiveLevel)
	Log     *slog.Logger
	Metrics prometheus.Registerer
	Now     func() time.Time // nil: the clock
}

// Lane makes changes of stock. It is safe for concurrent use.
type Lane struct {
	reader  reader
	account *medusaclient.Account
	store   *state.Store
	changed func(levels []mapping.LiveLevel)
	log     *slog.Logger
	metrics *metrics
	now     func() time.Time

	queue    *queue
	alone    chan struct{}  // holds who does something alone
	shut     sync.WaitGroup // for what was done alone and had no answer
	settling chan settlement
	stop     chan struct{}
	stopOnce sync.Once
	stopped  chan struct{}

	// What follows belongs to the lane's goroutine.
	reviewAt time.Time // when to look at unsettled rows again; zero: there are none

	passing func(point) // told of each point of a flush, by tests alone
}

// point is a moment of a flush at which a gateway may die.
type point int

const (
	beforeCommit point = iota
	beforeWrite
	beforeUpdate // missing levels are made
	afterWrite   // with or without an answer
	beforeMark   // callers are told
	beforeRepeat // of an unsettled write
	afterRepeat
)

func (l *Lane) pass(p point) {
	if l.passing != nil {
		l.passing(p)
	}
}

// New returns a lane, which does nothing before Run.
func New(config Config) *Lane {
	queue := newQueue()
	lane := &Lane{
		reader:  newReader(config.Medusa),
		account: config.Account, store: config.Store, changed: config.Changed, log: config.Log,
		metrics: newMetrics(config.Metrics, queue), now: config.Now,
		queue:    queue,
		alone:    make(chan struct{}, 1),
		settling: make(chan settlement),
		stop:     make(chan struct{}), stopped: make(chan struct{}),
	}
	if lane.now == nil {
		lane.now = time.Now
	}
	return lane
}

// Batch is changes that belong together: one batch id in the ledger. An atomic
// one that removes levels does nothing else, and has the same Force throughout.
type Batch struct {
	ID        string
	Changes   []Change
	Atomic    bool         // all of them or none, in one call
	Grams     bool         // outcomes tell what a unit weighs
	Levels    bool         // outcomes carry the level with all there is to show of it
	Claim     *state.Claim // the idempotency key that is taken with the first write; nil: none
	Actor     state.Actor
	RequestID string

	places map[string]medusaclient.StockLocation // that it makes levels at, known to exist; the lane's own
}

// see notes a location that is there.
func (b *Batch) see(location medusaclient.StockLocation) {
	if b.places == nil {
		b.places = map[string]medusaclient.StockLocation{}
	}
	b.places[location.ID] = location
}

// Change is a change of one level. Quantities are in units of what the address
// names: those of a variant are multiplied by what it takes of its item.
type Change struct {
	Address    mapping.Address
	LocationID string
	Position   int // in its batch

	Set      *mapping.Quantity // the new quantity
	Adjust   *mapping.Quantity // or what is added to it
	Incoming *mapping.Quantity // the new incoming quantity
	Remove   bool              // or the level is deleted,
	Force    bool              // also when it has stock

	Expected     *mapping.Quantity // the quantity that there must be before
	KeepReserved bool              // refuse to take what is reserved
	Note         mapping.Note
}

// Status says what became of a change.
type Status int

// The statuses.
const (
	// Failed: not made, for a reason that lies not in the change: see Err.
	Failed Status = iota
	// Applied: Medusa has it.
	Applied
	// Refused: not made, see Refusal.
	Refused
	// Skipped: not made, because another change of the atomic batch was refused.
	Skipped
	// Unknown: Medusa may or may not have it; it is being settled.
	Unknown
)

var statusNames = [...]string{Failed: "failed", Applied: "applied", Refused: "refused", Skipped: "skipped", Unknown: "unknown"}

// String is the status in a word.
func (s Status) String() string { return statusNames[s] }

// Outcome is what became of a change. Quantities are in units of the level.
type Outcome struct {
	Status   Status
	Refusal  *Refusal // when Refused
	Err      error    // when Failed or Unknown
	Unit     mapping.Unit
	Previous mapping.Quantity
	New      mapping.Quantity
	// BelowReserved: the new quantity is less than what is reserved.
	BelowReserved bool
	// Level is the level after the change, or as it is when the change was
	// refused; without an id when there is none.
	Level     medusaclient.InventoryLevel
	EntryID   string // of the ledger
	CreatedAt time.Time
	// Recalled: an earlier attempt at the batch did it.
	Recalled bool
	// Final: what is Unknown will not be known any more.
	Final bool
}

// Do makes the changes of a batch and returns the outcome of each. What was not
// taken into a flush when ctx ends is withdrawn; what was goes on to its end.
// Of a batch with a claim, what an earlier attempt did is not done again.
// The changes of a batch that is not atomic go in chunks, which get in line
// one after another. Those of one level keep their order. It returns ErrClaimed, and nothing was done, when the
// claim belongs to another batch.
func (l *Lane) Do(ctx context.Context, batch *Batch) ([]Outcome, error) {
	atOnce := maxLevels
	if batch.Atomic {
		atOnce = len(batch.Changes)
	}
	outcomes := make([]Outcome, len(batch.Changes))
	for chunk := range slices.Chunk(batch.inOrderOfReading(), atOnce) {
		changes := make([]Change, len(chunk))
		for i, at := range chunk {
			changes[i] = batch.Changes[at]
		}
		units := unitsOf(ctx, batch, changes)
		l.submit(ctx, units)
		for _, unit := range units {
			if err := unit.claimed(); err != nil {
				return nil, err
			}
			for _, outcome := range unit.outcomes {
				outcomes[chunk[0]], chunk = outcome, chunk[1:]
			}
		}
	}
	return outcomes, nil
}

// inOrderOfReading are the indexes of the changes, those of an item together: it
// is read with all its levels. The order at each level must stay, so this is
// for changes whose addresses are items, not for variants that may share one.
func (b *Batch) inOrderOfReading() []int {
	order := make([]int, len(b.Changes))
	items, skus := 0, 0
	for i, change := range b.Changes {
		order[i] = i
		if change.Address.InventoryItemID != "" {
			items++
		} else if change.Address.SKU != "" {
			skus++
		}
	}
	if len(order) > maxLevels && (items == len(order) || skus == len(order)) {
		slices.SortStableFunc(order, func(i, j int) int {
			a, b := b.Changes[i].Address, b.Changes[j].Address
			return cmp.Or(cmp.Compare(a.InventoryItemID, b.InventoryItemID), cmp.Compare(a.SKU, b.SKU))
		})
	}
	return order
}

// submit puts units into the queue and waits for what becomes of them.
func (l *Lane) submit(ctx context.Context, units []*unit) {
	if err := l.queue.put(units); err != nil {
		for _, unit := range units {
			unit.fail(err)
		}
		return
	}
	for _, unit := range units {
		select {
		case <-unit.done:
		case <-ctx.Done():
			l.queue.withdraw(units, context.Cause(ctx))
			<-unit.done
		}
	}
	shareCalls(ctx, units)
}

// shareCalls counts the calls that the flushes of units made, once each, in
// the request of ctx.
func shareCalls(ctx context.Context, units []*unit) {
	counted := map[*medusaclient.Request]bool{}
	for _, unit := range units {
		for _, request := range unit.calls {
			if !counted[request] {
				counted[request] = true
				request.Share(ctx)
			}
		}
	}
}

// Run works until Close. Rows that an earlier run left unsettled are settled.
func (l *Lane) Run() {
	defer close(l.stopped)
	ctx := context.Background()
	l.reviewAt = l.now()
	for !l.stopping() {
		l.review(ctx)
		if units, held := l.queue.take(); len(units) > 0 {
			l.flush(ctx, units, held)
			select {
			case asked := <-l.settling:
				l.serve(ctx, asked)
			default:
			}
			continue
		}
		l.wait(ctx)
	}
	l.queue.close(ErrClosed)
}

func (l *Lane) stopping() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

// wait returns when there may be something to do, or the lane stops.
func (l *Lane) wait(ctx context.Context) {
	var review <-chan time.Time
	if !l.reviewAt.IsZero() {
		timer := time.NewTimer(l.reviewAt.Sub(l.now()))
		defer timer.Stop()
		review = timer.C
	}
	select {
	case <-l.queue.wake:
	case <-review:
	case asked := <-l.settling:
		l.serve(ctx, asked)
	case <-l.stop:
	}
}

// Close ends the lane. What is in a flush is finished, what waits is refused.
func (l *Lane) Close() {
	l.stopOnce.Do(func() { close(l.stop) })
	<-l.stopped
	l.shut.Wait()
}
