package stock

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the breaker's words
	goleak.VerifyTestMain(m)
}

// patience is for what must happen, on a machine that may be busy.
const patience = 30 * time.Second

// batchPath is where all writes of levels go.
const batchPath = "/admin/inventory-items/location-levels/batch"

// clock is the time that lanes live in: the real one, put forward.
type clock struct {
	mu      sync.Mutex
	forward time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.forward)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forward += d
}

func openStore(t testing.TB, dsn string) *state.Store {
	t.Helper()
	store, err := state.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return store
}

func newSQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "gateway.db")
}

func newClient(t testing.TB, url string, timeout time.Duration) *medusaclient.Client {
	t.Helper()
	client, err := medusaclient.New(medusaclient.Config{
		BaseURL: url, Timeout: timeout, MaxConcurrency: 16, Metrics: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	return client
}

func startMedusa(t testing.TB) (server *medusatest.Server, url string) {
	t.Helper()
	server = medusatest.New()
	url, err := server.Start()
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server, url
}

// shop is a lane with all that it works with.
type shop struct {
	testing.TB
	lane   *Lane
	medusa *medusatest.Server
	url    string
	client *medusaclient.Client
	store  *state.Store
	dsn    string
	clock  *clock
	log    *logged
}

// setting changes how a shop is made.
type setting func(*Config)

// newShop is a shop whose lane runs until the test ends.
func newShop(t testing.TB, settings ...setting) *shop {
	t.Helper()
	s := &shop{TB: t, clock: &clock{}, log: &logged{}, dsn: newSQLite(t)}
	s.medusa, s.url = startMedusa(t)
	s.client = newClient(t, s.url, patience)
	t.Cleanup(s.client.Close)
	s.store = openStore(t, s.dsn)
	t.Cleanup(func() { assert.NoError(t, s.store.Close()) })
	s.lane = s.open(settings...)
	return s
}

// open runs a lane on the shop's store until the test ends.
func (s *shop) open(settings ...setting) *Lane {
	lane := newLane(s, settings...)
	go lane.Run()
	s.Cleanup(lane.Close)
	return lane
}

// newLane is a lane on the shop's store that does not run yet.
func newLane(s *shop, settings ...setting) *Lane {
	config := Config{
		Medusa: s.client, Account: s.client.UserAccount(medusatest.Email, medusatest.Password), Store: s.store,
		Changed: func([]mapping.LiveLevel) {}, Log: slog.New(slog.NewTextHandler(s.log, nil)), Metrics: prometheus.NewRegistry(), Now: s.clock.now,
	}
	for _, set := range settings {
		set(&config)
	}
	return New(config)
}

// logged is what a lane logged.
type logged struct {
	mu   sync.Mutex
	text []byte
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

var _ io.Writer = (*logged)(nil)

// do makes the changes as one batch.
func (s *shop) do(changes ...Change) []Outcome {
	s.Helper()
	outcomes, err := s.lane.Do(context.Background(), batchOf(changes...))
	if err != nil {
		panic(err) // none of them has a key; it may be another goroutine than the test's
	}
	return outcomes
}

// one makes one change.
func (s *shop) one(change Change) Outcome {
	s.Helper()
	return s.do(change)[0]
}

func batchOf(changes ...Change) *Batch {
	for i := range changes {
		changes[i].Position = i
	}
	return &Batch{ID: state.NewID("batch_"), Changes: changes, Actor: state.Actor{Type: "user", ID: "user_admin"}, RequestID: state.NewID("req_")}
}

func atomicOf(changes ...Change) *Batch {
	batch := batchOf(changes...)
	batch.Atomic = true
	return batch
}

// connected makes sure that the lane has its token, and counts calls from there.
func (s *shop) connected() *shop {
	s.Helper()
	require.Equal(s, Refused, s.one(adjust("iitem_none", "sloc_high_up", "1")).Status)
	s.medusa.ResetCalls()
	return s
}

// calls are the calls that Medusa got, those of them that write as "write".
func (s *shop) calls() []string {
	var calls []string
	for _, call := range s.medusa.Calls() {
		if call.Path == batchPath {
			calls = append(calls, "write")
			continue
		}
		calls = append(calls, call.Method+" "+call.Path)
	}
	return calls
}

// later puts the clock forward and lets the lane see it.
func (s *shop) later(d time.Duration) {
	s.clock.advance(d)
	s.lane.queue.rouse()
}

// rest waits until nobody is at work: callers are told before the ledger is.
func (s *shop) rest() {
	s.Helper()
	turn, err := s.store.Turn(context.Background())
	require.NoError(s, err)
	turn.End()
}

// rows are the rows of a level in the ledger, the oldest first.
func (s *shop) rows(level state.Level) []state.Entry {
	s.Helper()
	s.rest()
	return ledgerOf(s, s.store, state.AuditFilter{InventoryItemID: level.InventoryItemID, LocationID: level.LocationID})
}

func ledgerOf(t testing.TB, store *state.Store, filter state.AuditFilter) []state.Entry {
	t.Helper()
	const all = 1_000_000
	entries, count, err := store.Audit(context.Background(), filter, all, 0)
	require.NoError(t, err)
	require.Len(t, entries, count)
	for i, j := 0, len(entries)-1; i < j; i, j = i+1, j-1 {
		entries[i], entries[j] = entries[j], entries[i]
	}
	return entries
}

// requireSettled waits until nothing is unsettled any more.
func (s *shop) requireSettled() {
	s.Helper()
	require.Eventually(s, func() bool {
		entries, err := s.store.Unsettled(context.Background())
		return assert.NoError(s, err) && len(entries) == 0
	}, patience, 2*time.Millisecond, "rows stay unsettled")
}

// requireStock says what Medusa has.
func (s *shop) requireStock(level state.Level, want float64) {
	s.Helper()
	got, exists := s.medusa.Level(level.InventoryItemID, level.LocationID)
	require.True(s, exists, "%v does not exist", level)
	require.Equal(s, want, got.Stocked, "the stock of %v", level) //nolint:testifylint // exact on purpose
}

func quantity(text string) mapping.Quantity {
	q, ok := mapping.ParseQuantity(text)
	if !ok {
		panic(text + " is not a quantity")
	}
	return q
}

func pointer(text string) *mapping.Quantity {
	q := quantity(text)
	return &q
}

func item(id string) mapping.Address { return mapping.Address{InventoryItemID: id} }

func adjust(itemID, locationID, by string) Change {
	return Change{Address: item(itemID), LocationID: locationID, Adjust: pointer(by)}
}

func set(itemID, locationID, to string) Change {
	return Change{Address: item(itemID), LocationID: locationID, Set: pointer(to)}
}

func levelOf(itemID, locationID string) state.Level {
	return state.Level{InventoryItemID: itemID, LocationID: locationID}
}
