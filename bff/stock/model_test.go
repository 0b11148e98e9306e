package stock

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
	"github.com/cannahub/gateway/testdata/medusa"
)

var (
	modelSeed  = flag.Uint64("model.seed", 0, "run the program of this seed alone, as a failing run printed it")
	modelSteps = flag.Int("model.steps", 80, "steps of each random program")
	modelRuns  = flag.Int("model.runs", 4, "how many random programs are run")
)

// TestModel runs random programs against two gateways that share a ledger and a
// Medusa that fails, and then compares what everybody was told with the ledger,
// and the ledger with Medusa. A failing run prints the seed that repeats it:
// go test ./bff/stock -run TestModel -model.seed=…
func TestModel(t *testing.T) {
	for _, seed := range seeds(*modelRuns) {
		t.Run(fmt.Sprintf("model.seed=%d", seed), func(t *testing.T) {
			dsn := newSQLite(t)
			runModel(t, seed, func() [2]*state.Store {
				store := openStore(t, dsn)
				return [2]*state.Store{store, store}
			})
		})
	}
}

// TestModelPostgres is TestModel with a ledger in PostgreSQL, where each gateway
// has a store of its own: on the real Medusa's server, or on the one that
// GATEWAY_TEST_POSTGRES names.
func TestModelPostgres(t *testing.T) {
	dsn := medusa.NewDatabase(t, medusa.PostgresURL(t))
	for _, seed := range seeds(max(1, *modelRuns/4)) {
		t.Run(fmt.Sprintf("model.seed=%d", seed), func(t *testing.T) {
			runModel(t, seed, func() [2]*state.Store {
				return [2]*state.Store{openStore(t, dsn), openStore(t, dsn)}
			})
		})
	}
}

// seeds are those of so many programs, or the one that is asked for.
func seeds(count int) []uint64 {
	if *modelSeed != 0 {
		return []uint64{*modelSeed}
	}
	seeds := make([]uint64, count)
	for i := range seeds {
		seeds[i] = rand.Uint64N(1e9) + 1
	}
	return seeds
}

func runModel(t *testing.T, seed uint64, open opener) {
	t.Helper()
	w := newWorld(t, seed, open)
	for range *modelSteps {
		w.step()
	}
	w.calm()
	w.verify()
}

// opener opens the ledger, for each of two gateways.
type opener func() [2]*state.Store

// world is two gateways, Medusa, and all who change stock.
type world struct {
	testing.TB
	rng      *rand.Rand // the program's
	medusa   *medusatest.Server
	url      string
	clock    *clock
	open     opener
	stores   [2]*state.Store
	gateways [2]*gateway
	someone  *medusaclient.Client // who writes past the gateways
	account  *medusaclient.Account

	levels  []state.Level
	noisy   map[state.Level]bool // somebody else writes there, too
	initial map[state.Level]string
	asked   []*asking
	calmed  bool

	mu      sync.Mutex // for what Medusa's goroutines use
	fates   *rand.Rand
	kept    []*keptWrite
	landed  []landedWrite // the writes that Medusa carried out
	outside []outsideWrite
}

// gateway is a lane that can die.
type gateway struct {
	lane   *Lane
	client *medusaclient.Client
	dead   chan struct{}
	mu     sync.Mutex
	dying  map[point]bool // at the next of these it dies
}

// outsideWrite is a write of a level past the gateways.
type outsideWrite struct {
	level   state.Level
	at      time.Time
	stocked string // what it brings the level to, if it writes that
}

// after says whether the write can have come after a row was planned.
func (o outsideWrite) after(planned time.Time) bool {
	return o.at.After(planned.Add(-5 * time.Second))
}

// keptWrite is a write that lands later than its caller has waited.
type keptWrite struct {
	late  *medusatest.Late
	by    time.Time
	begun *landedWrite // what it writes, when Medusa has begun it
}

// landedWrite is what a write does.
type landedWrite struct {
	stocked map[state.Level]string
	deleted []string // ids of levels
}

// asking is a batch that somebody sent, once or again with its key.
type asking struct {
	batch   *Batch
	gateway *gateway
	leave   context.CancelFunc
	units   []*unit
	ended   chan struct{} // closed with the following
	told    map[int]Outcome
	crashed bool // not everything was answered
}

func newWorld(t testing.TB, seed uint64, open opener) *world {
	t.Helper()
	w := &world{
		TB: t, rng: rand.New(rand.NewPCG(seed, 1)), fates: rand.New(rand.NewPCG(seed, 2)),
		clock: &clock{}, open: open, noisy: map[state.Level]bool{}, initial: map[state.Level]string{},
	}
	w.medusa, w.url = startMedusa(t)
	w.furnish(seed)
	w.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: batchPath}, w.befall)
	w.medusa.Fail(medusatest.Match{Method: http.MethodGet}, w.befallRead)
	w.someone = newClient(t, w.url, patience)
	w.account = w.someone.UserAccount(medusatest.Email, medusatest.Password)
	t.Cleanup(w.someone.Close)
	w.stores = open()
	w.gateways = [2]*gateway{w.newGateway(0), w.newGateway(1)}
	t.Cleanup(w.close)
	return w
}

// furnish makes the items and levels. Half of them are changed by the gateways
// alone.
func (w *world) furnish(seed uint64) {
	for i := range 8 {
		id := fmt.Sprintf("iitem_model_%d_%d", seed, i)
		sku := "SKU-" + id
		stock := medusatest.InventoryItem{ID: id, SKU: &sku}
		level := levelOf(id, []string{"sloc_high_up", "sloc_deposito"}[i%2])
		w.initial[level] = "0"
		if i < 6 { // the others have none yet
			quantity := float64(w.rng.IntN(40))
			stock.LocationLevels = []medusatest.Level{{ID: "ilev_" + id, LocationID: level.LocationID, StockedQuantity: quantity}}
			w.initial[level] = fmt.Sprint(quantity)
		}
		w.medusa.Put(stock)
		w.medusa.Put(medusatest.Product{ID: "prod_" + id, Title: id, Handle: id, Status: "published", Variants: []medusatest.Variant{{
			ID: "variant_" + id, Title: "pair", ManageInventory: true,
			InventoryItems: []medusatest.VariantItem{{InventoryItemID: id, RequiredQuantity: 2}},
		}}})
		w.levels = append(w.levels, level)
		w.noisy[level] = i%4 >= 2
	}
}

func (w *world) newGateway(i int) *gateway {
	g := &gateway{client: newClient(w, w.url, 5*time.Second), dead: make(chan struct{}), dying: map[point]bool{}}
	g.lane = New(Config{
		Medusa: g.client, Account: g.client.UserAccount(medusatest.Email, medusatest.Password), Store: w.stores[i],
		Changed: func([]mapping.LiveLevel) {}, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Now: w.clock.now,
	})
	g.lane.passing = g.pass
	go g.lane.Run()
	return g
}

// pass ends the lane's goroutine where the gateway is to die: its session with
// the database ends, its callers are left without an answer.
func (g *gateway) pass(p point) {
	g.mu.Lock()
	dies := g.dying[p]
	g.mu.Unlock()
	if dies {
		close(g.dead)
		runtime.Goexit()
	}
}

// doom lets a gateway die when it next passes one of the points.
func (g *gateway) doom(points ...point) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range points {
		g.dying[p] = true
	}
}

// close ends what runs.
func (w *world) close() {
	for _, g := range w.gateways {
		g.lane.Close()
		g.client.Close()
	}
	w.closeStores()
}

func (w *world) closeStores() {
	require.NoError(w, w.stores[0].Close())
	if w.stores[1] != w.stores[0] {
		require.NoError(w, w.stores[1].Close())
	}
}

// revive starts a gateway anew in the place of each that died.
func (w *world) revive() {
	for i, g := range w.gateways {
		select {
		case <-g.dead:
			<-g.lane.stopped
			g.client.Close()
			w.gateways[i] = w.newGateway(i)
		default:
		}
	}
}

// restart lets both gateways die where they are next at work, and opens the
// database anew. One that has nothing to do dies at rest.
func (w *world) restart() {
	for _, g := range w.gateways {
		g.doom(beforeCommit, beforeWrite, beforeUpdate, afterWrite, beforeMark, beforeRepeat, afterRepeat)
		g.lane.stopOnce.Do(func() { close(g.lane.stop) })
		<-g.lane.stopped
		g.client.Close()
	}
	w.closeStores()
	w.stores = w.open()
	w.gateways = [2]*gateway{w.newGateway(0), w.newGateway(1)}
}

// step is the next thing that happens.
func (w *world) step() {
	switch n := w.rng.IntN(100); {
	case n < 64:
		for range 1 + w.rng.IntN(5) {
			w.ask()
		}
		w.pause()
	case n < 70:
		w.askAgain()
	case n < 73:
		w.race()
	case n < 79:
		w.writeOutside(w.rng)
	case n < 82:
		w.reserveOutside()
	case n < 87:
		w.advance(time.Duration(w.rng.IntN(20_000)) * time.Millisecond)
	case n < 92:
		w.advance(31*time.Second + time.Duration(w.rng.IntN(10_000))*time.Millisecond)
	case n < 94:
		w.landSome()
	case n < 96:
		if len(w.asked) > 0 {
			w.asked[w.rng.IntN(len(w.asked))].leave()
		}
	case n < 99:
		w.gateways[w.rng.IntN(2)].doom(point(w.rng.IntN(int(afterRepeat) + 1)))
	default:
		w.restart()
	}
	w.revive()
	w.soothe()
}

// soothe keeps the breakers closed, which would else spare the gateways most of
// what is meant for them.
func (w *world) soothe() {
	ctx := (&medusaclient.Request{ID: "outside"}).With(context.Background())
	for _, g := range w.gateways {
		for range 3 {
			_ = w.account.Do(ctx, func(by medusaclient.Credential) error {
				_, err := g.client.StockLocations.ListByID(ctx, by, []string{"sloc_high_up"})
				return err
			})
		}
	}
}

// pause lets the gateways work, until all are answered or those who are not
// seem to wait for time to pass.
func (w *world) pause() {
	stalled := time.NewTimer(8 * time.Millisecond)
	defer stalled.Stop()
	for _, a := range w.asked {
		select {
		case <-a.ended:
		case <-stalled.C:
			return
		}
	}
}

// advance lets time pass, while no gateway is at work: none is that slow. What
// lands late lands before that.
func (w *world) advance(d time.Duration) {
	turn, err := w.stores[0].Turn(context.Background())
	require.NoError(w, err)
	until := w.clock.now().Add(d)
	w.mu.Lock()
	var due []*keptWrite
	w.kept = slices.DeleteFunc(w.kept, func(k *keptWrite) bool {
		if k.by.After(until) {
			return false
		}
		due = append(due, k)
		return true
	})
	w.mu.Unlock()
	w.rng.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for _, k := range due {
		w.land(k)
	}
	w.clock.advance(d)
	turn.End()
	for _, g := range w.gateways {
		g.lane.queue.rouse()
	}
	w.pause()
}

func (w *world) landSome() {
	w.mu.Lock()
	var k *keptWrite
	if len(w.kept) > 0 {
		i := w.rng.IntN(len(w.kept))
		k = w.kept[i]
		w.kept = slices.Delete(w.kept, i, i+1)
	}
	w.mu.Unlock()
	if k != nil {
		w.land(k)
	}
}

// land lets a kept write land, unless its time is over: then it never does.
func (w *world) land(k *keptWrite) {
	if w.clock.now().After(k.by) {
		return
	}
	require.True(w, k.late.Land())
	if k.begun != nil {
		w.noteLanded(*k.begun)
	}
}

// calm ends all failures, and lets everything come to its end.
func (w *world) calm() {
	w.mu.Lock()
	w.calmed = true
	w.mu.Unlock()
	for _, g := range w.gateways {
		g.mu.Lock()
		clear(g.dying)
		g.mu.Unlock()
	}
	w.revive()
	require.Eventually(w, func() bool {
		w.advance(40 * time.Second)
		unsettled, err := w.stores[0].Unsettled(context.Background())
		require.NoError(w, err)
		return len(unsettled) == 0 && !slices.ContainsFunc(w.asked, func(a *asking) bool { return !a.hasEnded() })
	}, patience, 20*time.Millisecond, "rows stay unsettled, or callers without an answer")
}

// What is asked

// ask sends a new batch to one of the gateways.
func (w *world) ask() {
	w.send(w.gateways[w.rng.IntN(2)], w.newBatch())
}

func (w *world) newBatch() *Batch {
	batch := batchOf(w.newChanges()...)
	batch.Atomic = len(batch.Changes) > 1 && w.rng.IntN(2) == 0
	if w.rng.IntN(3) == 0 {
		batch.Claim = &state.Claim{Actor: "user user_admin", Key: batch.ID, RequestHash: []byte{1}, BatchID: batch.ID}
	}
	return batch
}

func (w *world) newChanges() []Change {
	count := 1
	if w.rng.IntN(3) == 0 {
		count += w.rng.IntN(5)
	} else if w.rng.IntN(12) == 0 {
		return w.newRemovals()
	}
	changes := make([]Change, count)
	for i := range changes {
		changes[i] = w.newChange()
	}
	return changes
}

// newRemovals removes some levels, perhaps one of them twice.
func (w *world) newRemovals() []Change {
	removals := make([]Change, 1+w.rng.IntN(4))
	force := w.rng.IntN(3) > 0
	for i := range removals {
		change := w.newChange()
		removals[i] = Change{Address: change.Address, LocationID: change.LocationID, Remove: true, Force: force}
	}
	return removals
}

func (w *world) newChange() Change {
	level := w.levels[w.rng.IntN(len(w.levels))]
	change := Change{Address: item(level.InventoryItemID), LocationID: level.LocationID, KeepReserved: w.rng.IntN(5) == 0}
	switch w.rng.IntN(10) {
	case 0:
		change.Address = mapping.Address{VariantID: "variant_" + level.InventoryItemID}
	case 1:
		change.Address = mapping.Address{SKU: "SKU-" + level.InventoryItemID}
	}
	switch w.rng.IntN(10) {
	case 0, 1, 2:
		change.Set = pointer(w.number(0, 50))
	case 3:
		change.Incoming = pointer(w.number(0, 9))
	default:
		if by := w.number(-8, 12); by != "0" {
			change.Adjust = pointer(by)
		} else {
			change.Adjust = pointer("1")
		}
	}
	if w.rng.IntN(10) == 0 {
		stock, _ := w.medusa.Level(level.InventoryItemID, level.LocationID)
		change.Expected = pointer(fmt.Sprint(stock.Stocked))
	}
	return change
}

// number is one with at most one decimal.
func (w *world) number(from, to int) string {
	n := from*10 + w.rng.IntN((to-from)*10+1)
	if w.rng.IntN(2) == 0 {
		n -= n % 10
	}
	return fmt.Sprint(float64(n) / 10)
}

// send puts the changes of a batch into the queue of a gateway, as Do does, but
// does not wait for it: a gateway may die.
func (w *world) send(g *gateway, batch *Batch) {
	ctx, leave := context.WithCancel(context.Background())
	a := &asking{batch: batch, gateway: g, leave: leave, ended: make(chan struct{}), told: map[int]Outcome{}}
	w.asked = append(w.asked, a)
	if batch.Atomic {
		a.units = []*unit{newUnit(ctx, batch, batch.Changes)}
	} else {
		for i := range batch.Changes {
			a.units = append(a.units, newUnit(ctx, batch, batch.Changes[i:i+1]))
		}
	}
	require.NoError(w, g.lane.queue.put(a.units))
	go a.wait(ctx)
}

func (a *asking) wait(ctx context.Context) {
	defer close(a.ended)
	defer a.leave()
	for _, unit := range a.units {
		select {
		case <-unit.done:
		case <-a.gateway.lane.stopped:
		case <-ctx.Done():
			a.gateway.lane.queue.withdraw(a.units, context.Cause(ctx))
			select {
			case <-unit.done:
			case <-a.gateway.lane.stopped:
			}
		}
		select {
		case <-unit.done:
			for i, change := range unit.changes {
				a.told[change.Position] = unit.outcomes[i]
			}
		default:
			a.crashed = true
		}
	}
}

func (a *asking) hasEnded() bool {
	select {
	case <-a.ended:
		return true
	default:
		return false
	}
}

// askAgain sends a batch with a key once more, to any gateway that is not at
// work on it: that one would not take it.
func (w *world) askAgain() {
	var keyed []*asking
	for _, a := range w.asked {
		if a.batch.Claim != nil && a.hasEnded() {
			keyed = append(keyed, a)
		}
	}
	if len(keyed) == 0 {
		return
	}
	before := keyed[w.rng.IntN(len(keyed))].batch
	again := *before
	claim := *before.Claim
	record, err := w.stores[0].Record(context.Background(), claim.Actor, claim.Key)
	require.NoError(w, err)
	if record != nil {
		again.ID, claim.BatchID = record.BatchID, record.BatchID
	}
	again.Claim = &claim
	to := w.gateways[w.rng.IntN(2)]
	if slices.ContainsFunc(w.asked, func(a *asking) bool {
		return a.batch.Claim != nil && a.batch.Claim.Key == claim.Key && a.gateway == to && !a.hasEnded()
	}) {
		return
	}
	w.send(to, &again)
	w.pause()
}

// race sends one request to both gateways, each of which takes it for new.
func (w *world) race() {
	for i, batch := range w.twins() {
		w.send(w.gateways[i], batch)
	}
	w.pause()
}

func (w *world) twins() [2]*Batch {
	first := w.newBatch()
	first.Claim = &state.Claim{Actor: "user user_admin", Key: first.ID, RequestHash: []byte{1}, BatchID: first.ID}
	second, claim := *first, *first.Claim
	second.ID = state.NewID("batch_")
	claim.BatchID = second.ID
	second.Claim = &claim
	return [2]*Batch{first, &second}
}

// What happens at Medusa

// writeOutside changes a noisy level past the gateways, or removes it.
func (w *world) writeOutside(rng *rand.Rand) {
	level := w.noisyLevel(rng)
	stock, exists := w.medusa.Level(level.InventoryItemID, level.LocationID)
	if exists && rng.IntN(6) == 0 {
		w.noteOutside(level, "")
		w.removeOutside(level)
		return
	}
	stock.Stocked = float64(rng.IntN(60))
	w.noteOutside(level, fmt.Sprint(stock.Stocked))
	w.medusa.SetLevel(level.InventoryItemID, level.LocationID, stock)
}

func (w *world) reserveOutside() {
	level := w.noisyLevel(w.rng)
	stock, exists := w.medusa.Level(level.InventoryItemID, level.LocationID)
	if !exists {
		return
	}
	w.noteOutside(level, "")
	by := float64(w.rng.IntN(5))
	if stock.Reserved > 0 {
		by = -stock.Reserved
	}
	defer func() { _ = recover() }() // a level that a gateway has removed meanwhile
	w.medusa.Reserve(level.InventoryItemID, level.LocationID, by)
}

func (w *world) noisyLevel(rng *rand.Rand) state.Level {
	for {
		if level := w.levels[rng.IntN(len(w.levels))]; w.noisy[level] {
			return level
		}
	}
}

func (w *world) noteOutside(level state.Level, stocked string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outside = append(w.outside, outsideWrite{level, w.clock.now(), stocked})
}

// removeOutside deletes a level as another program does.
func (w *world) removeOutside(level state.Level) {
	ctx := (&medusaclient.Request{ID: "outside"}).With(context.Background())
	require.NoError(w, w.account.Do(ctx, func(by medusaclient.Credential) error {
		items, err := w.someone.InventoryItems.ListByID(ctx, by, []string{level.InventoryItemID})
		if err != nil || len(items[0].LocationLevels) == 0 {
			return err
		}
		err = w.someone.InventoryItems.DeleteLevels(ctx, by, time.Time{}, []string{items[0].LocationLevels[0].ID}, true)
		if refused := (&medusaclient.Error{}); asRefusal(err, &refused) {
			return nil // it has reservations
		}
		return err
	}))
}

func (w *world) befallRead(rw http.ResponseWriter, r *http.Request, medusa http.Handler) {
	w.mu.Lock()
	cut := !w.calmed && r.Header.Get("X-Request-Id") != "outside" && w.fates.IntN(50) == 0
	w.mu.Unlock()
	if cut {
		medusatest.Cut()(rw, r, medusa)
	}
	medusa.ServeHTTP(rw, r)
}

// writeBody is a batch write as a gateway sends it.
type writeBody struct {
	Create []levelBody `json:"create"`
	Update []levelBody `json:"update"`
	Delete []string    `json:"delete"`
	Force  bool        `json:"force"`
}

type levelBody struct {
	Item     string       `json:"inventory_item_id"` //nolint:tagliatelle // Medusa's
	Location string       `json:"location_id"`       //nolint:tagliatelle // Medusa's
	Stocked  *json.Number `json:"stocked_quantity"`  //nolint:tagliatelle // Medusa's
}

func (b writeBody) landed() landedWrite {
	stocked := map[state.Level]string{}
	for _, level := range slices.Concat(b.Create, b.Update) {
		if level.Stocked != nil {
			stocked[levelOf(level.Item, level.Location)] = level.Stocked.String()
		}
	}
	return landedWrite{stocked, b.Delete}
}

// befall lets a write of a gateway meet its fate.
func (w *world) befall(rw http.ResponseWriter, r *http.Request, medusa http.Handler) {
	if r.Header.Get("X-Request-Id") == "outside" {
		medusa.ServeHTTP(rw, r)
		return
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(content))
	var body writeBody
	if err := json.Unmarshal(content, &body); err != nil {
		panic(err)
	}
	noting := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.Body = io.NopCloser(bytes.NewReader(content))
		answer := &answered{ResponseWriter: rw, status: http.StatusOK}
		medusa.ServeHTTP(answer, r)
		if answer.status == http.StatusOK {
			w.noteLanded(body.landed())
		}
	})
	w.fate(body)(rw, r, noting)
}

// answered knows the status of an answer.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (w *world) noteLanded(write landedWrite) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.landed = append(w.landed, write)
}

func (w *world) fate(body writeBody) medusatest.Failure {
	w.mu.Lock()
	defer w.mu.Unlock()
	well := func(rw http.ResponseWriter, r *http.Request, medusa http.Handler) { medusa.ServeHTTP(rw, r) }
	if w.calmed {
		return well
	}
	// An empty level that is taken back is not deleted late: nothing would
	// protect who uses it by then.
	mayBeLate := len(body.Delete) == 0 || body.Force
	other := rand.New(rand.NewPCG(w.fates.Uint64(), 3))
	switch n := w.fates.IntN(100); {
	case n < 5:
		return medusatest.Cut()
	case n < 10:
		return medusatest.CutAfter()
	case n < 12:
		return medusatest.CutBody()
	case n < 13:
		return medusatest.Truncate()
	case n < 18 && mayBeLate:
		return w.late(nil, (*medusatest.Late).Cut)
	case n < 23 && mayBeLate:
		begun := body.landed()
		return w.late(&begun, (*medusatest.Late).CutBegun)
	case n < 24:
		return medusatest.Answer(http.StatusInternalServerError, unknownError)
	case n < 25:
		return afterwards(medusatest.Answer(http.StatusInternalServerError, unknownError))
	case n < 26:
		return medusatest.Answer(http.StatusBadGateway, "<html>")
	case n < 27:
		return afterwards(medusatest.Answer(http.StatusNotFound, "<html>"))
	case n < 28:
		return medusatest.HTML()
	case n < 32:
		return medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"no"}`)
	case n < 34:
		return func(rw http.ResponseWriter, r *http.Request, medusa http.Handler) {
			w.writeOutside(other)
			medusa.ServeHTTP(rw, r)
		}
	case n < 36:
		return medusatest.Between(func() { w.writeOutside(other) })
	}
	return well
}

const unknownError = `{"type":"unknown_error","message":"An unknown error occurred."}`

// afterwards fails when Medusa has carried out the call.
func afterwards(fail medusatest.Failure) medusatest.Failure {
	return func(rw http.ResponseWriter, r *http.Request, medusa http.Handler) {
		medusa.ServeHTTP(httptest.NewRecorder(), r)
		fail(rw, r, medusa)
	}
}

// late keeps a write that is going to land late, at the latest just before it
// can be settled.
func (w *world) late(begun *landedWrite, cut func(*medusatest.Late, http.ResponseWriter, *http.Request, http.Handler)) medusatest.Failure {
	return func(rw http.ResponseWriter, r *http.Request, medusa http.Handler) {
		k := &keptWrite{late: &medusatest.Late{}, by: w.clock.now().Add(landing), begun: begun}
		defer func() {
			if k.late.Waiting() > 0 { // else Medusa refused it at once
				w.mu.Lock()
				w.kept = append(w.kept, k)
				w.mu.Unlock()
			}
		}()
		cut(k.late, rw, r, medusa)
	}
}

// What must be true

// verify compares what was told, the ledger and Medusa.
func (w *world) verify() {
	ledger := w.ledger()
	w.verifyChains(ledger)
	w.verifyAnswers(ledger)
	w.verifyAtomic(ledger)
	w.verifyRemovals(ledger)
	w.verifyOrder(ledger)
	w.touchAll()
	w.logSummary(ledger)
	for level, rows := range w.ledger().byLevel {
		stock, _ := w.medusa.Level(level.InventoryItemID, level.LocationID)
		require.Zero(w, quantity(fmt.Sprint(stock.Stocked)).Cmp(rows[len(rows)-1].New),
			"Medusa has %v of %v, and the ledger\n%s", stock.Stocked, level, story(rows))
	}
}

// book of rows, without those of other runs on the same database.
type ledger struct {
	byLevel map[state.Level][]state.Entry // those that stand
	byBatch map[string][]state.Entry      // all
	byFlush map[string][]state.Entry
	byID    map[string]state.Entry
}

func (w *world) ledger() ledger {
	l := ledger{map[state.Level][]state.Entry{}, map[string][]state.Entry{}, map[string][]state.Entry{}, map[string]state.Entry{}}
	for _, row := range ledgerOf(w, w.stores[0], state.AuditFilter{}) {
		if !slices.Contains(w.levels, row.Level) {
			continue
		}
		l.byID[row.ID] = row
		l.byFlush[row.FlushID] = append(l.byFlush[row.FlushID], row)
		if row.State != state.Outside {
			l.byBatch[row.BatchID] = append(l.byBatch[row.BatchID], row)
		}
		if row.State != state.Failed {
			l.byLevel[row.Level] = append(l.byLevel[row.Level], row)
		}
	}
	return l
}

// story is rows as a failing test shows them.
func story(rows []state.Entry) string {
	var text strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&text, "%s %s %s → %s %s %s %s\n", row.CreatedAt.Format("15:04:05.000"), row.Kind, row.Previous, row.New, row.State, row.FlushID, row.BatchID)
	}
	return text.String()
}

// verifyChains follows each level from its first quantity to its last: each row
// begins where the one before ended, and ends where its change leads.
func (w *world) verifyChains(l ledger) {
	for level, rows := range l.byLevel {
		at, known := quantity(w.initial[level]), true
		outside := 0
		for i, row := range rows {
			if i == 0 && w.noisy[level] && row.State != state.Outside {
				at = row.Previous // before the first row nobody looked
			}
			if known {
				require.Zero(w, row.Previous.Cmp(at), "a row of %v begins at %s and not at %s:\n%s", level, row.Previous, at, story(rows[:i+1]))
			}
			at, known = row.New, row.State != state.Unknown
			switch row.State {
			case state.Outside:
				outside++
				require.True(w, w.noisy[level], "nobody else wrote %v:\n%s", level, story(rows[:i+1]))
			case state.Applied:
				w.verifyRow(row)
			case state.Unknown:
				w.verifyRow(row)
				require.True(w, w.excused(l, row), "nobody else wrote %v, and the ledger does not know:\n%s", level, story(rows[:i+1]))
			default:
				require.Fail(w, "a row is not settled", story(rows[:i+1]))
			}
		}
		require.LessOrEqual(w, outside, w.countOutside(level), "more was found of %v than anybody did:\n%s", level, story(rows))
		if !w.noisy[level] && known {
			stock, _ := w.medusa.Level(level.InventoryItemID, level.LocationID)
			require.Zero(w, quantity(fmt.Sprint(stock.Stocked)).Cmp(at), "Medusa has %v of %v:\n%s", stock.Stocked, level, story(rows))
		}
	}
	for _, level := range w.levels {
		if len(l.byLevel[level]) == 0 && !w.noisy[level] {
			stock, _ := w.medusa.Level(level.InventoryItemID, level.LocationID)
			require.Equal(w, w.initial[level], fmt.Sprint(stock.Stocked), "%v has changed, and the ledger says nothing", level)
		}
	}
}

func (w *world) countOutside(level state.Level) (count int) {
	for _, write := range w.outside {
		if write.level == level {
			count++
		}
	}
	return count
}

// verifyRow checks that a row does what was asked, which is what the model is.
func (w *world) verifyRow(row state.Entry) {
	change := w.changeOf(row)
	if change == nil {
		require.Fail(w, "nobody asked for a row", story([]state.Entry{row}))
		return
	}
	each := int64(1)
	if change.Address.VariantID != "" {
		each = 2
	}
	want := row.Previous
	switch {
	case change.Remove:
		want = mapping.QuantityOf(0)
	case change.Set != nil:
		want = change.Set.Mul(mapping.QuantityOf(each))
	case change.Adjust != nil:
		want = row.Previous.Add(change.Adjust.Mul(mapping.QuantityOf(each)))
		require.GreaterOrEqual(w, want.Sign(), 0, "a level was taken below nothing: %s", story([]state.Entry{row}))
		if change.KeepReserved && change.Adjust.Sign() < 0 {
			require.GreaterOrEqual(w, want.Cmp(row.Reserved), 0, "reserved stock was taken: %s", story([]state.Entry{row}))
		}
	}
	require.Zero(w, want.Cmp(row.New), "a row is not what was asked for (%s): %s", want, story([]state.Entry{row}))
	if change.Expected != nil && each == 1 {
		require.Zero(w, change.Expected.Cmp(row.Previous), "a row does not begin where it was expected to (%s): %s", change.Expected, story([]state.Entry{row}))
	}
}

func (w *world) changeOf(row state.Entry) *Change {
	for _, a := range w.asked {
		if a.batch.ID == row.BatchID {
			return &a.batch.Changes[row.Position]
		}
	}
	return nil
}

// excused says whether somebody else wrote the level of a row, or another level
// that stands and falls with it, since it was planned.
func (w *world) excused(l ledger, row state.Entry) bool {
	tied := map[state.Level]bool{row.Level: true}
	for grown := true; grown; {
		before := len(tied)
		for _, other := range l.byFlush[row.FlushID] {
			if !other.Atomic || !tied[other.Level] {
				continue
			}
			for _, third := range l.byFlush[row.FlushID] {
				if third.BatchID == other.BatchID {
					tied[third.Level] = true
				}
			}
		}
		grown = len(tied) > before
	}
	return w.writtenOutside(tied, row.CreatedAt)
}

// writtenOutside says whether somebody else wrote one of the levels since a row
// was planned.
func (w *world) writtenOutside(levels map[state.Level]bool, planned time.Time) bool {
	return slices.ContainsFunc(w.outside, func(write outsideWrite) bool {
		return levels[write.level] && write.after(planned)
	})
}

// verifyAnswers compares what callers were told with the ledger.
func (w *world) verifyAnswers(l ledger) {
	claimedBy := map[string]string{}
	for _, a := range w.asked {
		standing := map[int]int{}
		for _, row := range l.byBatch[a.batch.ID] {
			if row.State == state.Failed {
				continue
			}
			standing[row.Position]++
			require.Equal(w, 1, standing[row.Position], "a change was made twice:\n%s", story(l.byBatch[a.batch.ID]))
			if claim := a.batch.Claim; claim != nil {
				if other, taken := claimedBy[claim.Key]; taken {
					require.Equal(w, other, a.batch.ID, "two batches were made of one key")
				}
				claimedBy[claim.Key] = a.batch.ID
			}
		}
		for position, outcome := range a.told {
			w.verifyAnswer(l, a, position, outcome)
		}
		if !a.crashed {
			require.Len(w, a.told, len(a.batch.Changes))
		}
	}
	w.verifyAsked(l)
}

func (w *world) verifyAnswer(l ledger, a *asking, position int, outcome Outcome) {
	row, written := l.byID[outcome.EntryID]
	rows := story(l.byBatch[a.batch.ID])
	switch outcome.Status {
	case Applied:
		require.True(w, written, "applied, and the ledger has nothing")
		require.Zero(w, row.New.Cmp(outcome.New), "applied as %s:\n%s", outcome.New, rows)
		require.Zero(w, row.Previous.Cmp(outcome.Previous), "applied from %s:\n%s", outcome.Previous, rows)
		require.True(w, row.State == state.Applied || row.State == state.Unknown && w.excused(l, row), "told applied:\n%s", rows)
	case Unknown:
		require.True(w, written, "unknown, and the ledger has nothing")
		require.Contains(w, []state.State{state.Applied, state.Unknown}, row.State, "told unknown:\n%s", rows)
	default:
		if w.mayStand(a, position) {
			return
		}
		for _, row := range l.byBatch[a.batch.ID] {
			require.False(w, row.Position == position && row.State != state.Failed, "told %s (%v):\n%s", outcome.Status, outcome.Err, rows)
		}
	}
	if outcome.Status == Refused {
		w.verifyRefusal(a.batch, position, outcome)
	}
}

// mayStand says whether another answer, or none, allows a change to stand.
func (w *world) mayStand(a *asking, position int) bool {
	return slices.ContainsFunc(w.asked, func(other *asking) bool {
		if other.batch.ID != a.batch.ID {
			return false
		}
		outcome, told := other.told[position]
		return !told || outcome.Status == Applied || outcome.Status == Unknown
	})
}

// verifyRefusal checks that a refusal has its reason.
func (w *world) verifyRefusal(batch *Batch, position int, outcome Outcome) {
	change := batch.Changes[position]
	previous := outcome.Previous
	each := int64(1)
	if change.Address.VariantID != "" {
		each = 2
	}
	switch outcome.Refusal.Reason {
	case InsufficientStock:
		next := previous.Add(change.Adjust.Mul(mapping.QuantityOf(each)))
		require.True(w, next.Sign() < 0 || outcome.Refusal.Reserved && change.KeepReserved, "refused for too little stock: %s and %s", previous, change.Adjust)
	case StockChanged:
		if each == 1 {
			require.NotZero(w, change.Expected.Cmp(previous), "refused for a stock that is as expected: %s", previous)
		}
	case InventoryLevelNotFound, LevelHasStock, LevelHasReservations:
		require.True(w, change.Remove)
	default:
		require.Fail(w, "refused for a reason that there is not", "%s", outcome.Refusal.Reason)
	}
}

// verifyAsked checks that each row that stands was told as such, unless nobody
// could be told.
func (w *world) verifyAsked(l ledger) {
	for id, rows := range l.byBatch {
		for _, row := range rows {
			if row.State == state.Failed {
				continue
			}
			require.True(w, slices.ContainsFunc(w.asked, func(a *asking) bool {
				outcome, told := a.told[row.Position]
				return a.batch.ID == id && (!told || outcome.Status == Applied || outcome.Status == Unknown)
			}), "everybody was told that this did not happen:\n%s", story(rows))
		}
	}
}

// verifyAtomic checks that what is applied of an atomic batch reached Medusa in
// one write with all the rest of it. That can be told only of levels that the
// flush leaves at another quantity than it found. A level that somebody else has
// brought to just what the flush was to make of it may pass for written when
// nothing speaks against it: repeating the write there makes no half.
func (w *world) verifyAtomic(l ledger) {
	for _, rows := range l.byFlush {
		rows = slices.DeleteFunc(slices.Clone(rows), func(row state.Entry) bool {
			return row.State == state.Outside || row.State == state.Failed
		})
		first, last := map[state.Level]mapping.Quantity{}, map[state.Level]mapping.Quantity{}
		for _, row := range rows {
			if _, known := first[row.Level]; !known {
				first[row.Level] = row.Previous
			}
			last[row.Level] = row.New
		}
		changed, made := map[string][]state.Level{}, map[string]bool{} // of the atomic batches
		for _, row := range rows {
			if !row.Atomic || row.Kind == state.Remove || first[row.Level].Cmp(last[row.Level]) == 0 {
				continue
			}
			changed[row.BatchID] = append(changed[row.BatchID], row.Level)
			if row.State == state.Applied && !w.mimicked(row, last[row.Level]) {
				made[row.BatchID] = true
			}
		}
		for id := range made {
			require.True(w, w.wholeWrite(changed[id], last), "half of an atomic batch was made:\n%s", story(rows))
		}
	}
}

// mimicked says whether somebody else brought the level of a row to a quantity
// since it was planned.
func (w *world) mimicked(row state.Entry, to mapping.Quantity) bool {
	return slices.ContainsFunc(w.outside, func(write outsideWrite) bool {
		return write.level == row.Level && write.stocked != "" && quantity(write.stocked).Cmp(to) == 0 && write.after(row.CreatedAt)
	})
}

// wholeWrite says whether one write brought all these levels to these quantities.
func (w *world) wholeWrite(levels []state.Level, quantities map[state.Level]mapping.Quantity) bool {
	return slices.ContainsFunc(w.landed, func(landed landedWrite) bool {
		return !slices.ContainsFunc(levels, func(level state.Level) bool {
			is, written := landed.stocked[level]
			return !written || quantity(is).Cmp(quantities[level]) != 0
		})
	})
}

// verifyRemovals checks that levels that were removed were deleted by one of us,
// those of an atomic batch by one write, or that somebody else was there.
func (w *world) verifyRemovals(l ledger) {
	for _, rows := range l.byBatch {
		var together []string
		for _, row := range rows {
			if row.Kind != state.Remove || row.State != state.Applied {
				continue
			}
			if !row.Atomic {
				together = nil
			}
			if !w.writtenOutside(map[state.Level]bool{row.Level: true}, row.CreatedAt) {
				together = append(together, row.LevelID)
			}
			require.True(w, w.wereDeleted(together), "%v were not deleted together:\n%s", together, story(rows))
			require.False(w, row.Atomic && slices.ContainsFunc(rows, func(other state.Entry) bool {
				return other.FlushID == row.FlushID && other.State != state.Applied
			}), "half of an atomic batch was removed:\n%s", story(rows))
		}
	}
}

// wereDeleted says whether one write deleted the levels with these ids.
func (w *world) wereDeleted(ids []string) bool {
	return len(ids) == 0 || slices.ContainsFunc(w.landed, func(landed landedWrite) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(landed.deleted, id) })
	})
}

// verifyOrder checks that no change overtook one that came to its gateway before
// it and is about the same level.
func (w *world) verifyOrder(l ledger) {
	type arrival struct {
		gateway *gateway
		order   uint64
	}
	arrivals := map[string]arrival{} // by the id of the row
	for _, a := range w.asked {
		for _, unit := range a.units {
			for _, change := range unit.changes {
				if outcome, told := a.told[change.Position]; told && !outcome.Recalled && outcome.EntryID != "" {
					arrivals[outcome.EntryID] = arrival{a.gateway, unit.order}
				}
			}
		}
	}
	for level, rows := range l.byLevel {
		last := map[*gateway]uint64{}
		for i, row := range rows {
			if this, known := arrivals[row.ID]; known {
				require.GreaterOrEqual(w, this.order, last[this.gateway], "a change of %v overtook another:\n%s", level, story(rows[:i+1]))
				last[this.gateway] = this.order
			}
		}
	}
}

// logSummary says what the program was about.
func (w *world) logSummary(l ledger) {
	states, answers := map[state.State]int{}, map[string]int{}
	for _, row := range l.byID {
		states[row.State]++
	}
	for _, a := range w.asked {
		for _, outcome := range a.told {
			answers[outcome.Status.String()]++
		}
		if a.crashed {
			answers["none"]++
		}
	}
	w.Logf("%d batches, answers %v, rows %v, %d writes from outside, %d writes landed", len(w.asked), answers, states, len(w.outside), len(w.landed))
}

// touchAll changes every level once more, so that the ledger has seen what
// others did last.
func (w *world) touchAll() {
	var changes []Change
	for _, level := range w.levels {
		changes = append(changes, adjust(level.InventoryItemID, level.LocationID, "1"))
	}
	require.Eventually(w, func() bool { // the breaker may be open yet
		outcomes, err := w.gateways[0].lane.Do(context.Background(), batchOf(changes...))
		require.NoError(w, err)
		return !slices.ContainsFunc(outcomes, func(outcome Outcome) bool { return outcome.Status != Applied })
	}, patience, 50*time.Millisecond, "the gateway can change nothing any more")
}

func asRefusal(err error, as **medusaclient.Error) bool {
	refused, is := err.(*medusaclient.Error) //nolint:errorlint // as the client gives it
	*as = refused
	return is
}
