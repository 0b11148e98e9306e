package stock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	highUp  = "sloc_high_up"
	deposit = "sloc_deposito"
	read    = "GET /admin/inventory-items"
)

// stocked gives an item of the test its levels at highUp.
func (s *shop) stocked(itemID string, quantity float64) state.Level {
	s.medusa.Put(medusatest.InventoryItem{ID: itemID, LocationLevels: []medusatest.Level{
		{ID: "ilev_" + itemID, LocationID: highUp, StockedQuantity: quantity},
	}})
	return levelOf(itemID, highUp)
}

// empty makes an item without levels.
func (s *shop) empty(itemID string) state.Level {
	s.medusa.Put(medusatest.InventoryItem{ID: itemID})
	return levelOf(itemID, highUp)
}

// failWrites lets writes of levels fail, after some, so many times.
func (s *shop) failWrites(after, times int, fail medusatest.Failure) {
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: batchPath, After: after, Times: times}, fail)
}

// failWritesOf lets writes fail whose body has the text.
func (s *shop) failWritesOf(text string, fail medusatest.Failure) {
	s.failWrites(0, 0, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.Contains(string(body), text) {
			fail(w, r, medusa)
			return
		}
		medusa.ServeHTTP(w, r)
	})
}

var refusal = medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"no"}`)

// requireRow says what the last row of a level is.
func (s *shop) requireRow(level state.Level, from, to string, is state.State) {
	s.Helper()
	rows := s.rows(level)
	require.NotEmpty(s, rows, "the ledger has nothing of %v", level)
	last := rows[len(rows)-1]
	require.Equal(s, []string{from, to, string(is)}, []string{last.Previous.String(), last.New.String(), string(last.State)})
}

func (s *shop) requireMissing(level state.Level) {
	s.Helper()
	_, exists := s.medusa.Level(level.InventoryItemID, level.LocationID)
	require.False(s, exists, "%v is there", level)
}

func (s *shop) requireUnsettled(count int) {
	s.Helper()
	s.rest()
	unsettled, err := s.store.Unsettled(context.Background())
	require.NoError(s, err)
	require.Len(s, unsettled, count)
}

func TestALoneAdjustmentCostsTwoCalls(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 40)
	s.connected()
	request := &medusaclient.Request{ID: "req_1"}
	outcomes, err := s.lane.Do(request.With(t.Context()), batchOf(adjust("iitem_a", highUp, "2.5")))
	require.NoError(t, err)
	require.Equal(t, []string{read, "write"}, s.calls())
	require.Equal(t, 2, request.Calls(), "the caller is told the cost")

	outcome := outcomes[0]
	require.Equal(t, Applied, outcome.Status)
	require.Equal(t, "40 42.5", outcome.Previous.String()+" "+outcome.New.String())
	require.Equal(t, medusaclient.Number("42.5"), outcome.Level.StockedQuantity)
	require.Equal(t, "ilev_iitem_a", outcome.Level.ID)
	s.requireStock(level, 42.5)
	s.requireRow(level, "40", "42.5", state.Applied)
	require.Equal(t, outcome.EntryID, s.rows(level)[0].ID)
}

func TestALocationIsReadAlongOnce(t *testing.T) {
	s := newShop(t)
	s.stocked("iitem_a", 5)
	s.connected()
	var names []string
	var reads []bool
	for range 2 {
		s.medusa.ResetCalls()
		batch := batchOf(adjust("iitem_a", highUp, "1"))
		batch.Levels = true
		outcomes, err := s.lane.Do(t.Context(), batch)
		require.NoError(t, err)
		_, name := outcomes[0].Level.Location()
		names = append(names, *name)
		reads = append(reads, strings.Contains(s.medusa.Calls()[0].Target, "stock_locations"))
	}
	require.Equal(t, []bool{true, false}, reads)
	require.Equal(t, names[0], names[1])
}

func TestManyAdjustmentsAtOnceShareTheirCalls(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 40)
	s.connected()
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() {
			outcomes := s.do(adjust("iitem_a", highUp, "1"))
			assert.Equal(t, Applied, outcomes[0].Status)
		})
	}
	wait.Wait()
	s.requireStock(level, 140)
	require.LessOrEqual(t, len(s.calls()), 10)
	rows := s.rows(level)
	require.Len(t, rows, 100)
	for i, row := range rows {
		require.Equal(t, fmt.Sprintf("%d %d", 40+i, 41+i), row.Previous.String()+" "+row.New.String(), "row %d", i)
	}
}

func TestNobodyTakesWhatIsNotThere(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 10)
	var mu sync.Mutex
	statuses := map[Status]int{}
	var wait sync.WaitGroup
	for range 40 {
		wait.Go(func() {
			outcomes := s.do(adjust("iitem_a", highUp, "-1"))
			mu.Lock()
			defer mu.Unlock()
			statuses[outcomes[0].Status]++
		})
	}
	wait.Wait()
	require.Equal(t, map[Status]int{Applied: 10, Refused: 30}, statuses)
	s.requireStock(level, 0)
}

func TestALevelIsMadeInACallOfItsOwn(t *testing.T) {
	s := newShop(t)
	missing, there := s.empty("iitem_a"), s.stocked("iitem_b", 1)
	s.connected()
	for _, outcome := range s.do(set("iitem_a", highUp, "7"), adjust("iitem_b", highUp, "1")) {
		require.Equal(t, Applied, outcome.Status)
		require.NotEmpty(t, outcome.Level.ID)
	}
	require.Equal(t, []string{read, "GET /admin/stock-locations", "write", "write"}, s.calls())
	s.requireStock(missing, 7)
	s.requireStock(there, 2)
	for _, call := range s.medusa.Calls() {
		require.False(t, bytes.Contains(call.Body, []byte(`"create"`)) && bytes.Contains(call.Body, []byte(`"update"`)), "a mixed batch is undone over others' writes: %s", call.Body)
	}
}

func TestNoLevelIsMadeWhereThereIsNoLocation(t *testing.T) {
	s := newShop(t)
	s.empty("iitem_a")
	for _, location := range []string{"sloc_none", "sloc_cerrado"} {
		outcome := s.one(set("iitem_a", location, "7"))
		require.Equal(t, Refused, outcome.Status)
		require.Equal(t, StockLocationNotFound, outcome.Refusal.Reason)
		s.requireMissing(levelOf("iitem_a", location))
	}
}

func TestALevelMadeForAChangeThatFailsIsRemovedAgain(t *testing.T) {
	s := newShop(t)
	missing, there := s.empty("iitem_a"), s.stocked("iitem_b", 1)
	s.failWritesOf(`"update"`, refusal)
	outcomes, err := s.lane.Do(t.Context(), atomicOf(set("iitem_a", highUp, "7"), adjust("iitem_b", highUp, "1")))
	require.NoError(t, err)
	require.Equal(t, []Status{Failed, Failed}, []Status{outcomes[0].Status, outcomes[1].Status})
	s.requireMissing(missing)
	s.requireRow(missing, "0", "7", state.Failed)
	s.requireStock(there, 1)
}

func TestLevelsAloneAreMadeInOneCall(t *testing.T) {
	s := newShop(t)
	a, b := s.empty("iitem_a"), s.empty("iitem_b")
	s.connected()
	incoming := set("iitem_b", highUp, "0.5")
	incoming.Incoming = pointer("3")
	for _, outcome := range s.do(set("iitem_a", highUp, "7"), incoming) {
		require.Equal(t, Applied, outcome.Status)
		require.NotEmpty(t, outcome.Level.ID)
	}
	require.Equal(t, []string{read, "GET /admin/stock-locations", "write"}, s.calls())
	s.requireStock(a, 7)
	s.requireStock(b, 0.5)
}

// A long batch that makes levels asks once whether their location is there.
func TestALongBatchLooksForALocationOnce(t *testing.T) {
	s := newShop(t)
	s.unhurried()
	changes := make([]Change, 2*maxLevels)
	for i := range changes {
		id := fmt.Sprintf("iitem_%d", i)
		s.empty(id)
		changes[i] = set(id, highUp, "1")
	}
	s.connected()
	for _, outcome := range s.do(changes...) {
		require.Equal(t, Applied, outcome.Status)
	}
	require.Equal(t, []string{read, "GET /admin/stock-locations", "write", read, "write"}, s.calls())
}

// An item comes with all its levels. So the changes of one item go together,
// however the rows are sorted, each at its level in the order of the rows.
func TestTheLevelsOfAnItemAreReadOnce(t *testing.T) {
	s := newShop(t)
	s.unhurried()
	var changes []Change
	for _, location := range []string{highUp, deposit} {
		for i := range maxLevels {
			id := fmt.Sprintf("iitem_%d", i)
			s.stocked(id, 0)
			changes = append(changes, set(id, location, "1"), adjust(id, location, "1"))
		}
	}
	s.connected()
	for i, outcome := range s.do(changes...) {
		require.Equal(t, Applied, outcome.Status)
		require.Equal(t, changes[i].Address.InventoryItemID, outcome.Level.InventoryItemID)
		require.Equal(t, changes[i].LocationID, outcome.Level.LocationID)
		require.Equal(t, fmt.Sprint(1+i%2), outcome.New.String())
	}
	asked := 0
	for _, call := range s.medusa.Calls() {
		asked += strings.Count(call.Target, "iitem_")
	}
	require.LessOrEqual(t, asked, maxLevels+4, "an item at the border of two chunks is asked for twice")
}

func TestRefusals(t *testing.T) {
	s := newShop(t)
	s.stocked("iitem_a", 5)
	s.medusa.Reserve("iitem_a", highUp, 3)
	s.connected()
	by := func(address mapping.Address) Change {
		return Change{Address: address, LocationID: highUp, Adjust: pointer("1")}
	}
	kept := adjust("iitem_a", highUp, "-3")
	kept.KeepReserved = true
	expects := adjust("iitem_a", highUp, "1")
	expects.Expected = pointer("4")
	for _, c := range []struct {
		change Change
		reason Reason
	}{
		{by(mapping.Address{VariantID: "variant_none"}), VariantNotFound},
		{by(item("iitem_none")), InventoryItemNotFound},
		{by(mapping.Address{SKU: "NONE"}), SKUNotFound},
		{by(mapping.Address{VariantID: "variant_kit_armado"}), VariantIsKit},
		{adjust("iitem_a", highUp, "-6"), InsufficientStock},
		{kept, InsufficientStock},
		{expects, StockChanged},
		{removing("iitem_a", deposit), InventoryLevelNotFound},
		{removingByForce("iitem_a", highUp), LevelHasReservations},
	} {
		outcome := s.one(c.change)
		require.Equal(t, Refused, outcome.Status, "%s", c.reason)
		require.Equal(t, c.reason, outcome.Refusal.Reason)
	}
	require.NotContains(t, s.calls(), "write")
	s.rest()
	require.Empty(t, ledgerOf(t, s.store, state.AuditFilter{}))
}

func removing(itemID, locationID string) Change {
	return Change{Address: item(itemID), LocationID: locationID, Remove: true}
}

func removingByForce(itemID, locationID string) Change {
	change := removing(itemID, locationID)
	change.Force = true
	return change
}

// deletions are the bodies of the calls that delete levels.
func (s *shop) deletions() []string {
	var bodies []string
	for _, call := range s.medusa.Calls() {
		if strings.Contains(string(call.Body), `"delete"`) {
			bodies = append(bodies, string(call.Body))
		}
	}
	return bodies
}

// statusesOf are those of outcomes, with the reasons of refusals.
func statusesOf(outcomes []Outcome) []string {
	statuses := make([]string, len(outcomes))
	for i, outcome := range outcomes {
		statuses[i] = outcome.Status.String()
		if outcome.Refusal != nil {
			statuses[i] = string(outcome.Refusal.Reason)
		}
	}
	return statuses
}

func TestARemovalCostsTwoCalls(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	require.Equal(t, LevelHasStock, s.one(removing("iitem_a", highUp)).Refusal.Reason)
	require.Equal(t, Applied, s.one(removingByForce("iitem_a", highUp)).Status)
	s.requireMissing(level)
	s.requireRow(level, "5", "0", state.Applied)
	require.Equal(t, []string{read, read, "write"}, s.calls())
}

func TestALocationIsEmptiedInFewCalls(t *testing.T) {
	s := newShop(t)
	s.unhurried()
	changes := make([]Change, maxLevels+50)
	levels := make([]state.Level, len(changes))
	for i := range changes {
		id := fmt.Sprintf("iitem_%d", i)
		levels[i] = s.stocked(id, float64(i))
		changes[i] = removingByForce(id, highUp)
	}
	s.connected()
	outcomes := s.do(changes...)
	require.Len(t, s.deletions(), 2)
	for i, level := range levels {
		require.Equal(t, Applied, outcomes[i].Status)
		require.Equal(t, fmt.Sprint(i), outcomes[i].Previous.String())
		s.requireMissing(level)
		s.requireRow(level, fmt.Sprint(i), "0", state.Applied)
	}
}

func TestRemovalsAreRefusedOneByOne(t *testing.T) {
	s := newShop(t)
	good, goodToo := s.stocked("iitem_good", 0), s.stocked("iitem_good_too", 0)
	stocked, reserved := s.stocked("iitem_stocked", 5), s.stocked("iitem_reserved", 5)
	s.medusa.Reserve("iitem_reserved", highUp, 1)
	s.connected()
	require.Equal(t, []string{"applied", "LEVEL_HAS_STOCK", "LEVEL_HAS_RESERVATIONS", "INVENTORY_LEVEL_NOT_FOUND", "applied"}, statusesOf(s.do(
		removing("iitem_good", highUp), removing("iitem_stocked", highUp), removing("iitem_reserved", highUp),
		removing("iitem_good", highUp), removing("iitem_good_too", highUp),
	)), "and a level is removed once")
	require.Len(t, s.deletions(), 1)
	s.requireMissing(good)
	s.requireMissing(goodToo)
	s.requireStock(stocked, 5)
	s.requireStock(reserved, 5)
	require.Len(t, s.rows(good), 1)
}

// Medusa refuses them all when something came to one level since it was read.
func TestTheBadRemovalOfMany(t *testing.T) {
	for name, c := range map[string]struct {
		removal func(itemID, locationID string) Change
		comes   func(*shop)
		want    string
	}{
		"reserved meanwhile": {removingByForce, func(s *shop) { s.medusa.Reserve("iitem_05", highUp, 1) }, "LEVEL_HAS_RESERVATIONS"},
		"stocked meanwhile": {removing, func(s *shop) {
			s.medusa.SetLevel("iitem_05", highUp, medusatest.Quantities{Stocked: 3})
		}, "LEVEL_HAS_STOCK"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			var changes []Change
			for i := range 8 {
				id := fmt.Sprintf("iitem_%02d", i)
				s.stocked(id, 0)
				changes = append(changes, c.removal(id, highUp))
			}
			s.connected()
			s.failWrites(0, 1, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
				c.comes(s)
				medusa.ServeHTTP(w, r)
			})
			for i, status := range statusesOf(s.do(changes...)) {
				level := levelOf(changes[i].Address.InventoryItemID, highUp)
				if i == 5 {
					require.Equal(t, c.want, status)
					s.requireRow(level, "0", "0", state.Failed)
					continue
				}
				require.Equal(t, "applied", status, "row %d", i)
				s.requireMissing(level)
				s.requireRow(level, "0", "0", state.Applied)
			}
			s.requireUnsettled(0)
		})
	}
}

// Stock that came to a level since it was read must not go because another level
// is removed by force.
func TestForceIsNotCatching(t *testing.T) {
	s := newShop(t)
	forced, empty := s.stocked("iitem_forced", 5), s.stocked("iitem_empty", 0)
	s.connected()
	s.failWrites(0, 1, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		s.medusa.SetLevel("iitem_empty", highUp, medusatest.Quantities{Stocked: 3})
		medusa.ServeHTTP(w, r)
	})
	require.Equal(t, []string{"applied", "LEVEL_HAS_STOCK"}, statusesOf(s.do(removingByForce("iitem_forced", highUp), removing("iitem_empty", highUp))))
	s.requireMissing(forced)
	s.requireStock(empty, 3)
}

func TestRemovalsOfAnAtomicBatchAreAllMadeOrNone(t *testing.T) {
	s := newShop(t)
	a, b := s.stocked("iitem_a", 5), s.stocked("iitem_b", 0)
	s.medusa.Reserve("iitem_a", highUp, 1)
	s.connected()
	batch := func() *Batch { return atomicOf(removingByForce("iitem_b", highUp), removingByForce("iitem_a", highUp)) }
	outcomes, err := s.lane.Do(t.Context(), batch())
	require.NoError(t, err)
	require.Equal(t, []string{"skipped", "LEVEL_HAS_RESERVATIONS"}, statusesOf(outcomes))
	require.Empty(t, s.deletions())
	s.requireStock(b, 0)

	s.medusa.Reserve("iitem_a", highUp, -1)
	outcomes, err = s.lane.Do(t.Context(), batch())
	require.NoError(t, err)
	require.Equal(t, []string{"applied", "applied"}, statusesOf(outcomes))
	require.Len(t, s.deletions(), 1)
	s.requireMissing(a)
	s.requireMissing(b)
}

// unhurried puts the lane's time ahead of the real one, so that it gives up no
// write that a slow machine is late with.
func (s *shop) unhurried() { s.clock.advance(time.Hour) }

func TestAnAtomicBatchIsOneWrite(t *testing.T) {
	s := newShop(t)
	s.unhurried()
	var changes []Change
	for i := range 1000 {
		id := fmt.Sprintf("iitem_%d", i)
		s.stocked(id, 1)
		changes = append(changes, adjust(id, highUp, "1"))
	}
	s.connected()
	outcomes, err := s.lane.Do(t.Context(), atomicOf(changes...))
	require.NoError(t, err)
	for _, outcome := range outcomes {
		require.Equal(t, Applied, outcome.Status)
	}
	writes := 0
	for _, call := range s.calls() {
		if call == "write" {
			writes++
		}
	}
	require.Equal(t, 1, writes)
}

func TestALongBatchGoesInChunksThatOthersComeBetween(t *testing.T) {
	s := newShop(t)
	s.unhurried()
	var changes []Change
	for i := range maxLevels + 5 {
		id := fmt.Sprintf("iitem_%d", i)
		s.stocked(id, 1)
		changes = append(changes, adjust(id, highUp, "1"))
	}
	other := s.stocked("iitem_other", 1)
	s.connected()
	released := make(chan struct{})
	s.failWrites(0, 1, medusatest.Hold(released))
	var wait sync.WaitGroup
	wait.Go(func() {
		assert.Len(t, s.do(changes...), len(changes))
	})
	s.await("write")
	wait.Go(func() {
		outcomes := s.do(adjust("iitem_other", highUp, "1"))
		assert.Equal(t, Applied, outcomes[0].Status)
	})
	require.Eventually(t, func() bool { return s.lane.queue.length() == 1 }, patience, time.Millisecond)
	close(released)
	wait.Wait()
	s.rest()
	rows := ledgerOf(t, s.store, state.AuditFilter{})
	require.Len(t, rows, len(changes)+1)
	require.Equal(t, other, rows[maxLevels].Level, "the other change came after the first chunk")
}

// await waits until a call came last.
func (s *shop) await(call string) {
	s.Helper()
	require.Eventually(s, func() bool {
		calls := s.calls()
		return len(calls) > 0 && calls[len(calls)-1] == call
	}, patience, time.Millisecond, "no %s came", call)
}

func TestABadRowOfAnAtomicBatchLeavesAllAsItWas(t *testing.T) {
	s := newShop(t)
	a, missing := s.stocked("iitem_a", 5), s.empty("iitem_b")
	s.connected()
	outcomes, err := s.lane.Do(t.Context(), atomicOf(adjust("iitem_a", highUp, "1"), set("iitem_b", highUp, "1"), adjust("iitem_a", highUp, "-7")))
	require.NoError(t, err)
	require.Equal(t, []Status{Skipped, Skipped, Refused}, []Status{outcomes[0].Status, outcomes[1].Status, outcomes[2].Status})
	require.NotContains(t, s.calls(), "write")
	s.requireStock(a, 5)
	s.requireMissing(missing)
}

func TestAVanishedLevelIsMadeAnewAndTheWriteSentAgain(t *testing.T) {
	s := newShop(t)
	level, other := s.stocked("iitem_a", 5), s.stocked("iitem_b", 5)
	s.connected()
	s.failWrites(0, 1, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		s.empty("iitem_a")
		medusa.ServeHTTP(w, r)
	})
	outcomes := s.do(adjust("iitem_a", highUp, "1"), adjust("iitem_b", highUp, "1"))
	require.Equal(t, []Status{Applied, Applied}, []Status{outcomes[0].Status, outcomes[1].Status})
	s.requireStock(level, 1)
	s.requireStock(other, 6)
	s.requireRow(level, "0", "1", state.Applied)
	s.requireRow(other, "5", "6", state.Applied)
}

func TestOneBadRequestDoesNotStandInTheWayOfOthers(t *testing.T) {
	s := newShop(t)
	bad := s.stocked("iitem_bad", 5)
	var wait sync.WaitGroup
	released := make(chan struct{})
	s.stocked("iitem_first", 5)
	s.connected()
	s.failWrites(0, 1, medusatest.Hold(released))
	wait.Go(func() { s.do(adjust("iitem_first", highUp, "1")) })
	s.await("write")
	s.failWritesOf("iitem_bad", refusal)
	for i := range 5 {
		id := fmt.Sprintf("iitem_%d", i)
		s.stocked(id, 5)
		wait.Go(func() {
			outcomes := s.do(adjust(id, highUp, "1"))
			assert.Equal(t, Applied, outcomes[0].Status)
		})
	}
	wait.Go(func() {
		outcomes := s.do(adjust("iitem_bad", highUp, "1"))
		assert.Equal(t, Failed, outcomes[0].Status)
		var refused *medusaclient.Error
		assert.ErrorAs(t, outcomes[0].Err, &refused)
	})
	require.Eventually(t, func() bool { return s.lane.queue.length() == 6 }, patience, time.Millisecond)
	close(released)
	wait.Wait()
	s.requireStock(bad, 5)
	s.requireUnsettled(0)
}

func TestTheBadRowOfARequestIsFound(t *testing.T) {
	s := newShop(t)
	var changes []Change
	for i := range 16 {
		id := fmt.Sprintf("iitem_%02d", i)
		s.stocked(id, 5)
		changes = append(changes, adjust(id, highUp, "1"))
	}
	s.failWritesOf("iitem_11", refusal)
	for i, outcome := range s.do(changes...) {
		want := Applied
		if i == 11 {
			want = Failed
		}
		require.Equal(t, want, outcome.Status, "row %d", i)
	}
	s.requireUnsettled(0)
}

func TestARefusedAccountIsNobodyElsesFault(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	s.failWrites(0, 0, medusatest.Answer(http.StatusForbidden, `{"type":"forbidden","message":"Forbidden"}`))
	outcome := s.one(adjust("iitem_a", highUp, "1"))
	require.Equal(t, Failed, outcome.Status)
	var account *medusaclient.AccountError
	require.ErrorAs(t, outcome.Err, &account)
	s.requireRow(level, "5", "6", state.Failed)
	require.Equal(t, []string{read, "write"}, s.calls(), "it is not tried again")
}

// Who is refused because of what another takes is told so when that is taken.
func TestARefusalRestsOnNothingThatFailed(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 10)
	s.connected()
	s.failWrites(0, 0, medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"no"}`))
	outcomes := s.do(adjust("iitem_a", highUp, "-10"), adjust("iitem_a", highUp, "-1"))
	require.Equal(t, []Status{Failed, Failed}, []Status{outcomes[0].Status, outcomes[1].Status}, "all 10 are there yet")
	s.requireStock(level, 10)

	s.medusa.LiftFailures()
	outcomes = s.do(adjust("iitem_a", highUp, "-10"), adjust("iitem_a", highUp, "-1"))
	require.Equal(t, []Status{Applied, Refused}, []Status{outcomes[0].Status, outcomes[1].Status})
	s.requireStock(level, 0)
}

// Whether there is too little cannot be said while a write is lost. What follows
// is written with it, in its order.
func TestWhoIsRefusedForALostWriteIsNotMade(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 10)
	s.connected()
	s.failWrites(0, 1, medusatest.Cut())
	outcomes := s.do(adjust("iitem_a", highUp, "-10"), adjust("iitem_a", highUp, "-1"), adjust("iitem_a", highUp, "5"))
	require.Equal(t, []Status{Unknown, Failed, Unknown}, []Status{outcomes[0].Status, outcomes[1].Status, outcomes[2].Status})
	require.Error(t, outcomes[1].Err)
	s.later(landing + 3*time.Second)
	require.Eventually(t, func() bool {
		rows := s.rows(level)
		return len(rows) == 2 && rows[0].State == state.Applied && rows[1].State == state.Applied
	}, patience, time.Millisecond)
	s.requireStock(level, 5)
}

func TestARemovalIsNotRepeatedWithMoreForce(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 0)
	s.connected()
	s.failWrites(0, 1, medusatest.Cut())
	require.Equal(t, Unknown, s.one(removing("iitem_a", highUp)).Status)
	s.later(landing + 3*time.Second)
	require.Eventually(t, func() bool { return s.rows(level)[0].State == state.Applied }, patience, time.Millisecond)
	calls := s.medusa.Calls()
	for _, call := range calls {
		require.NotContains(t, string(call.Body), "force", "somebody may have put stock there meanwhile")
	}
	s.requireMissing(level)
}

func TestALoginWithoutAnAnswerIsNoLostWrite(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	s.failWrites(0, 1, medusatest.Answer(http.StatusUnauthorized, `{"message":"Unauthorized"}`))
	s.medusa.Fail(medusatest.Match{Path: "/auth/user/emailpass"}, medusatest.Cut())
	outcome := s.one(adjust("iitem_a", highUp, "1"))
	require.Equal(t, Failed, outcome.Status, "Medusa refused the write, and the login after it was cut: %v", outcome.Err)
	s.requireRow(level, "5", "6", state.Failed)
}

func TestNothingIsSentWhileMedusaIsAway(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	s.medusa.Close()
	outcome := s.one(adjust("iitem_a", highUp, "1"))
	require.Equal(t, Failed, outcome.Status)
	_, err := s.medusa.Start()
	require.NoError(t, err)
	s.requireStock(level, 5)
	require.Empty(t, s.rows(level))
}

func TestALostAnswerIsSettled(t *testing.T) {
	late := &medusatest.Late{}
	for name, c := range map[string]struct {
		fail  medusatest.Failure
		lands bool
	}{
		"cut before":               {medusatest.Cut(), false},
		"cut after":                {medusatest.CutAfter(), false},
		"half an answer":           {medusatest.CutBody(), false},
		"nonsense":                 {medusatest.HTML(), false},
		"500 of its own":           {medusatest.Answer(http.StatusInternalServerError, unknownError), false},
		"500 when it is done":      {afterwards(medusatest.Answer(http.StatusInternalServerError, unknownError)), false},
		"somebody else's 404":      {medusatest.Answer(http.StatusNotFound, "<html>"), false},
		"somebody else's 502":      {medusatest.Answer(http.StatusBadGateway, "<html>"), false},
		"landing late":             {late.Cut, true},
		"landing late, when begun": {late.CutBegun, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			level, other := s.stocked("iitem_a", 5), s.stocked("iitem_b", 5)
			s.connected()
			s.failWrites(0, 1, c.fail)
			outcome := s.one(adjust("iitem_a", highUp, "1"))
			require.Equal(t, Unknown, outcome.Status)
			require.Error(t, outcome.Err)
			s.requireRow(level, "5", "6", state.Pending)

			require.Equal(t, Applied, s.one(adjust("iitem_b", highUp, "1")).Status, "others go on")
			s.requireStock(other, 6)
			waiter := make(chan Outcome, 1)
			go func() { waiter <- s.one(adjust("iitem_a", highUp, "10")) }()
			require.Eventually(t, func() bool { return s.lane.queue.length() == 1 }, patience, time.Millisecond)

			s.later(landing - time.Second)
			if c.lands {
				require.True(t, late.Land())
			}
			s.requireRow(level, "5", "6", state.Pending)
			s.later(3 * time.Second)
			next := <-waiter
			require.Equal(t, Applied, next.Status)
			require.Equal(t, "6 16", next.Previous.String()+" "+next.New.String())
			rows := s.rows(level)
			require.Len(t, rows, 2)
			require.Equal(t, state.Applied, rows[0].State)
			s.requireStock(level, 16)
		})
	}
}

func TestAnAnswerThatDoesNotComeInTimeIsLost(t *testing.T) {
	s := newShop(t)
	level, other := s.stocked("iitem_a", 5), s.stocked("iitem_b", 5)
	s.lane.Close()
	s.client = newClient(t, s.url, 200*time.Millisecond)
	t.Cleanup(s.client.Close)
	s.lane = s.open()
	s.connected()
	s.failWrites(0, 1, medusatest.Hang())
	require.Equal(t, Unknown, s.one(adjust("iitem_a", highUp, "1")).Status)
	require.Equal(t, Applied, s.one(adjust("iitem_b", highUp, "1")).Status)
	s.requireStock(other, 6)
	s.requireRow(level, "5", "6", state.Pending)
}

// A change of a level that is left alone waits: it does not ask Medusa again
// and again.
func TestWaitingForASettlementCostsNothing(t *testing.T) {
	s := newShop(t)
	s.stocked("iitem_a", 5)
	s.connected()
	s.failWrites(0, 1, medusatest.Cut())
	require.Equal(t, Unknown, s.one(adjust("iitem_a", highUp, "1")).Status)
	s.medusa.ResetCalls()
	ctx, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer leave()
	outcomes, err := s.lane.Do(ctx, batchOf(adjust("iitem_a", highUp, "1")))
	require.NoError(t, err)
	require.Equal(t, Failed, outcomes[0].Status)
	require.ErrorIs(t, outcomes[0].Err, context.DeadlineExceeded)
	require.LessOrEqual(t, len(s.calls()), 1)
}

func TestWhatSomebodyElseWroteMeanwhileIsNotOverwritten(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	s.failWrites(0, 1, medusatest.Cut())
	require.Equal(t, Unknown, s.one(adjust("iitem_a", highUp, "1")).Status)
	s.stocked("iitem_a", 77)
	s.later(SettledAfter)
	s.requireSettled()
	s.requireRow(level, "5", "6", state.Unknown)
	s.requireStock(level, 77)
	require.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "1")).Status)
	s.requireRow(level, "77", "78", state.Applied)
	require.Len(t, s.rows(level), 2, "what follows an unknown change begins anew")
}

func TestALostRemovalIsSettled(t *testing.T) {
	for name, c := range map[string]struct {
		fail    medusatest.Failure
		changed float64
		want    state.State
	}{
		"not made":              {medusatest.Cut(), 5, state.Applied},
		"made":                  {medusatest.CutAfter(), 0, state.Applied},
		"stock came in between": {medusatest.Cut(), 8, state.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			level := s.stocked("iitem_a", 5)
			s.connected()
			s.failWrites(0, 1, c.fail)
			require.Equal(t, Unknown, s.one(removingByForce("iitem_a", highUp)).Status)
			if c.changed > 0 {
				s.stocked("iitem_a", c.changed)
			}
			s.later(SettledAfter)
			s.requireSettled()
			s.requireRow(level, "5", "0", c.want)
			if c.want == state.Applied {
				s.requireMissing(level)
			} else {
				s.requireStock(level, c.changed)
			}
		})
	}
}

// The repetition is one call, by force only if one of the levels had stock: that
// tells that all were to be removed by force.
func TestLostRemovalsAreSettledTogether(t *testing.T) {
	for name, c := range map[string]struct {
		batch func(changes ...Change) *Batch
		fail  medusatest.Failure
		comes func(*shop)
		want  []state.State
		calls int
	}{
		"not made": {batchOf, medusatest.Cut(), func(*shop) {}, []state.State{state.Applied, state.Applied, state.Applied}, 2},
		"made":     {batchOf, medusatest.CutAfter(), func(*shop) {}, []state.State{state.Applied, state.Applied, state.Applied}, 1},
		"one reserved since": {
			batchOf, medusatest.Cut(), func(s *shop) { s.medusa.Reserve("iitem_b", highUp, 1) },
			[]state.State{state.Applied, state.Unknown, state.Applied},
			2,
		},
		"one reserved since, atomic": {
			atomicOf, medusatest.Cut(), func(s *shop) { s.medusa.Reserve("iitem_b", highUp, 1) },
			[]state.State{state.Unknown, state.Unknown, state.Unknown},
			1,
		},
		"one removed by somebody else, atomic": {
			atomicOf, medusatest.Cut(), func(s *shop) { s.empty("iitem_b") },
			[]state.State{state.Applied, state.Applied, state.Applied},
			2,
		},
		"one removed and one reserved, atomic": {
			atomicOf, medusatest.Cut(), func(s *shop) {
				s.empty("iitem_a")
				s.medusa.Reserve("iitem_b", highUp, 1)
			},
			[]state.State{state.Unknown, state.Unknown, state.Unknown},
			1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			levels := []state.Level{s.stocked("iitem_a", 5), s.stocked("iitem_b", 0), s.stocked("iitem_c", 2)}
			s.connected()
			s.failWrites(0, 1, c.fail)
			outcomes, err := s.lane.Do(t.Context(), c.batch(
				removingByForce("iitem_a", highUp), removingByForce("iitem_b", highUp), removingByForce("iitem_c", highUp)))
			require.NoError(t, err)
			require.Equal(t, []string{"unknown", "unknown", "unknown"}, statusesOf(outcomes))
			c.comes(s)
			s.later(SettledAfter)
			s.requireSettled()
			require.Len(t, s.deletions(), c.calls)
			for i, level := range levels {
				s.requireRow(level, outcomes[i].Previous.String(), "0", c.want[i])
				if c.want[i] == state.Applied {
					s.requireMissing(level)
				}
			}
		})
	}
}

// A level of an atomic batch that somebody else removed is not settled before the
// others are: they may yet turn out not to be removable.
func TestRemovalsOfAnAtomicBatchAreSettledAllAtOnce(t *testing.T) {
	s := newShop(t)
	a, b := s.stocked("iitem_a", 5), s.stocked("iitem_b", 5)
	s.connected()
	s.failWrites(0, 2, medusatest.Cut())
	_, err := s.lane.Do(t.Context(), atomicOf(removingByForce("iitem_a", highUp), removingByForce("iitem_b", highUp)))
	require.NoError(t, err)
	s.empty("iitem_a")
	s.later(SettledAfter)
	require.Eventually(t, func() bool { return len(s.deletions()) == 2 }, patience, time.Millisecond, "the removal is not sent again")
	s.medusa.Reserve("iitem_b", highUp, 1)
	s.later(SettledAfter)
	s.requireSettled()
	s.requireRow(a, "5", "0", state.Unknown)
	s.requireRow(b, "5", "0", state.Unknown)
	s.requireStock(b, 5)
}

func TestRemovalsOfAGatewayThatDiedAreSettled(t *testing.T) {
	for name, at := range map[string]point{
		"before the call": beforeWrite, "after it": afterWrite, "before its rows are marked": beforeMark,
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			levels := []state.Level{s.stocked("iitem_a", 5), s.stocked("iitem_b", 0)}
			s.connected()
			s.lane.Close()
			dies := newLane(s)
			dies.passing = func(p point) {
				if p == at {
					runtime.Goexit() // nobody is answered any more
				}
			}
			batch := batchOf(removingByForce("iitem_a", highUp), removingByForce("iitem_b", highUp))
			require.NoError(t, dies.queue.put(unitsOf(t.Context(), batch, batch.Changes)))
			go dies.Run()
			<-dies.stopped
			s.requireUnsettled(2)

			s.lane = s.open()
			s.later(SettledAfter)
			s.requireSettled()
			for i, level := range levels {
				s.requireMissing(level)
				s.requireRow(level, []string{"5", "0"}[i], "0", state.Applied)
			}
		})
	}
}

func TestALostCreationIsSettled(t *testing.T) {
	for name, fail := range map[string]medusatest.Failure{"not made": medusatest.Cut(), "made": medusatest.CutAfter()} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			level := s.empty("iitem_a")
			s.connected()
			s.failWrites(0, 1, fail)
			require.Equal(t, Unknown, s.one(set("iitem_a", highUp, "7")).Status)
			s.later(SettledAfter)
			s.requireSettled()
			s.requireRow(level, "0", "7", state.Applied)
			s.requireStock(level, 7)
		})
	}
}

func TestAnAtomicBatchThatWasLostIsNeverHalf(t *testing.T) {
	for name, c := range map[string]struct {
		fail medusatest.Failure
		a, b float64
		want []state.State
	}{
		"not made, one level written by somebody else": {medusatest.Cut(), 77, 5, []state.State{state.Unknown, state.Unknown}},
		"made, one level written by somebody else":     {medusatest.CutAfter(), 77, 6, []state.State{state.Unknown, state.Applied}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			a, b := s.stocked("iitem_a", 5), s.stocked("iitem_b", 5)
			s.connected()
			s.failWrites(0, 1, c.fail)
			outcomes, err := s.lane.Do(t.Context(), atomicOf(adjust("iitem_a", highUp, "1"), adjust("iitem_b", highUp, "1")))
			require.NoError(t, err)
			require.Equal(t, Unknown, outcomes[0].Status)
			s.stocked("iitem_a", c.a)
			s.later(SettledAfter)
			s.requireSettled()
			s.requireRow(a, "5", "6", c.want[0])
			s.requireRow(b, "5", "6", c.want[1])
			s.requireStock(a, c.a)
			s.requireStock(b, c.b)
		})
	}
}

// Somebody else takes from one level of a lost batch just what the batch was to
// take, as a sale may, and something else from another: the first level looks as
// if the write had landed, and the levels that nobody has touched tell that it
// did not. To repeat it there would make half of the batch.
func TestALevelThatLooksWrittenDoesNotHalveAnAtomicBatch(t *testing.T) {
	for name, c := range map[string]struct {
		fail medusatest.Failure
		b    float64
		want state.State
	}{
		"not made": {medusatest.Cut(), 5, state.Unknown},
		"made":     {medusatest.CutAfter(), 4, state.Applied},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			a, b, third := s.stocked("iitem_a", 5), s.stocked("iitem_b", 5), s.stocked("iitem_c", 5)
			s.connected()
			s.failWrites(0, 1, c.fail)
			outcomes, err := s.lane.Do(t.Context(), atomicOf(adjust("iitem_a", highUp, "-1"), adjust("iitem_b", highUp, "-1"), adjust("iitem_c", highUp, "-1")))
			require.NoError(t, err)
			require.Equal(t, Unknown, outcomes[0].Status)
			s.stocked("iitem_a", 4)
			s.stocked("iitem_c", 2)
			s.later(SettledAfter)
			s.requireSettled()
			s.requireStock(a, 4)
			s.requireStock(b, c.b)
			s.requireStock(third, 2)
			s.requireRow(a, "5", "4", c.want)
			s.requireRow(b, "5", "4", c.want)
			s.requireRow(third, "5", "4", state.Unknown)
		})
	}
}

func TestARepeatedWriteThatIsLostIsRepeatedAgain(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	late := &medusatest.Late{}
	s.failWrites(0, 1, medusatest.Cut())
	s.failWrites(0, 1, late.Cut)
	require.Equal(t, Unknown, s.one(adjust("iitem_a", highUp, "1")).Status)
	s.later(SettledAfter)
	require.Eventually(t, func() bool { return late.Waiting() == 1 }, patience, time.Millisecond, "the write is not sent again")
	s.later(2 * time.Second)
	s.requireUnsettled(1) // the second copy may land for half a minute, too
	require.True(t, late.Land())
	s.later(SettledAfter)
	s.requireSettled()
	s.requireRow(level, "5", "6", state.Applied)
	s.requireStock(level, 6)
}

func TestAnotherLaneSettlesWhatOneLeft(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	s.failWrites(0, 1, medusatest.Cut())
	require.Equal(t, Unknown, s.one(adjust("iitem_a", highUp, "1")).Status)
	s.lane.Close()
	s.lane = s.open()
	s.later(SettledAfter)
	s.requireSettled()
	s.requireRow(level, "5", "6", state.Applied)
	s.requireStock(level, 6)
}

func TestSettle(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	require.NoError(t, s.lane.Settle(t.Context(), "flush_none"), "there is nothing to settle")
	s.failWrites(0, 1, medusatest.Cut())
	require.Equal(t, Unknown, s.one(adjust("iitem_a", highUp, "1")).Status)
	flushID := s.rows(level)[0].FlushID
	require.ErrorIs(t, s.lane.Settle(t.Context(), flushID), errNotDue)
	s.clock.advance(SettledAfter)
	require.NoError(t, s.lane.Settle(t.Context(), flushID))
	s.requireRow(level, "5", "6", state.Applied)
	s.lane.Close()
	require.ErrorIs(t, s.lane.Settle(t.Context(), flushID), ErrClosed)
}

func TestWhatOthersWroteIsFound(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	require.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "1")).Status)
	require.Len(t, s.rows(level), 1, "what was there before the gateway is no difference")
	s.stocked("iitem_a", 4)
	outcome := s.one(adjust("iitem_a", highUp, "-5"))
	require.Equal(t, Refused, outcome.Status, "a refused change finds it, too")
	rows := s.rows(level)
	require.Len(t, rows, 2)
	s.requireRow(level, "6", "4", state.Outside)
	require.Empty(t, rows[1].BatchID)
	require.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "1")).Status)
	require.Len(t, s.rows(level), 3, "it is found once")
}

// Medusa does not write a value that it read when it began. Somebody else's write
// in between then stays, and is found by the next change.
func TestAWriteOfTheSameValueThatMedusaDropsIsFound(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 10)
	s.connected()
	s.failWrites(0, 1, medusatest.Between(func() {
		s.medusa.SetLevel("iitem_a", highUp, medusatest.Quantities{Stocked: 20})
	}))
	require.Equal(t, Applied, s.one(set("iitem_a", highUp, "10")).Status)
	s.requireStock(level, 20)
	require.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "1")).Status)
	rows := s.rows(level)
	require.Equal(t, "10 10 10 20 20 21", fmt.Sprint(rows[0].Previous, " ", rows[0].New, " ", rows[1].Previous, " ", rows[1].New, " ", rows[2].Previous, " ", rows[2].New))
	s.requireStock(level, 21)
}

// An answer that has another quantity than was sent is looked into.
func TestAnAnswerThatShowsSomethingElseIsMended(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	s.failWrites(0, 1, medusatest.Answer(http.StatusOK, `{"created":[],"updated":[{"id":"ilev_iitem_a","inventory_item_id":"iitem_a",
		"location_id":"sloc_high_up","stocked_quantity":5,"reserved_quantity":0,"incoming_quantity":0}]}`))
	require.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "1")).Status)
	s.requireStock(level, 6)
	s.requireRow(level, "5", "6", state.Applied)
	s.requireUnsettled(0)
}

func claimed(batch *Batch, key string) *Batch {
	batch.Claim = &state.Claim{Actor: "user user_admin", Key: key, RequestHash: []byte{1}, BatchID: batch.ID}
	return batch
}

func TestAKeyIsOneBatchs(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	first := claimed(batchOf(adjust("iitem_a", highUp, "1")), "key")
	outcomes, err := s.lane.Do(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, Applied, outcomes[0].Status)
	require.False(t, outcomes[0].Recalled)

	_, err = s.lane.Do(t.Context(), claimed(batchOf(adjust("iitem_a", highUp, "1")), "key"))
	require.ErrorIs(t, err, ErrClaimed)
	again, err := s.lane.Do(t.Context(), first)
	require.NoError(t, err)
	require.True(t, again[0].Recalled)
	require.Equal(t, outcomes[0].EntryID, again[0].EntryID)
	require.Equal(t, "5 6", again[0].Previous.String()+" "+again[0].New.String())
	s.requireStock(level, 6)
}

func TestARefusedChangeTakesNoKey(t *testing.T) {
	s := newShop(t)
	s.stocked("iitem_a", 5)
	outcomes, err := s.lane.Do(t.Context(), claimed(batchOf(adjust("iitem_a", highUp, "-6")), "key"))
	require.NoError(t, err)
	require.Equal(t, Refused, outcomes[0].Status)
	outcomes, err = s.lane.Do(t.Context(), claimed(batchOf(adjust("iitem_a", highUp, "-5")), "key"))
	require.NoError(t, err)
	require.Equal(t, Applied, outcomes[0].Status)
}

func TestAWriteThatComesTooLateIsNotSent(t *testing.T) {
	s := newShop(t, func(config *Config) {
		config.Now = func() time.Time { return time.Now().Add(-2 * sendWindow) } // the commit took as long
	})
	level := s.stocked("iitem_a", 5)
	s.connected()
	require.Equal(t, Failed, s.one(adjust("iitem_a", highUp, "1")).Status)
	require.NotContains(t, s.calls(), "write")
	s.requireStock(level, 5)
	s.requireRow(level, "5", "6", state.Failed)
}

func TestAFaultOfOursEndsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		at   point
		want Status
	}{
		"nothing is written down": {beforeCommit, Failed},
		"rows are":                {beforeWrite, Unknown},
		"Medusa has answered":     {afterWrite, Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			level := s.stocked("iitem_a", 5)
			s.connected()
			s.lane.Close()
			s.lane = newLane(s)
			var once sync.Once
			s.lane.passing = func(p point) {
				if p == c.at {
					once.Do(func() { panic("a fault") })
				}
			}
			go s.lane.Run()
			t.Cleanup(s.lane.Close)
			outcome := s.one(adjust("iitem_a", highUp, "1"))
			require.Equal(t, c.want, outcome.Status)
			require.ErrorContains(t, outcome.Err, "a fault")
			require.Contains(t, s.log.String(), "a fault")

			s.later(SettledAfter)
			s.requireSettled()
			require.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "10")).Status, "the lane goes on")
			want := 16.0
			if c.want == Failed {
				want = 15
			}
			s.requireStock(level, want)
		})
	}
}

func TestALaneThatIsClosed(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	released := make(chan struct{})
	s.failWrites(0, 1, medusatest.Hold(released))
	outcomes := make(chan Outcome, 2)
	go func() { outcomes <- s.one(adjust("iitem_a", highUp, "1")) }()
	s.await("write")
	waits := make(chan Outcome, 1)
	go func() { waits <- s.one(adjust("iitem_a", highUp, "1")) }()
	require.Eventually(t, func() bool { return s.lane.queue.length() == 1 }, patience, time.Millisecond)
	closed := make(chan struct{})
	go func() { s.lane.Close(); close(closed) }()
	require.Eventually(t, s.lane.stopping, patience, time.Millisecond)
	close(released)
	<-closed
	require.Equal(t, Applied, (<-outcomes).Status, "what is in a flush is finished")
	refused := <-waits
	require.Equal(t, Failed, refused.Status, "what waits is refused")
	require.ErrorIs(t, refused.Err, ErrClosed)
	require.ErrorIs(t, s.one(adjust("iitem_a", highUp, "1")).Err, ErrClosed)
	s.requireStock(level, 6)
}

func TestWhoLeavesBeforeHisTurnChangesNothing(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	ctx, leave := context.WithCancelCause(t.Context())
	s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Times: 1}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		leave(errors.New("had enough"))
		medusa.ServeHTTP(w, r)
	})
	outcomes, err := s.lane.Do(ctx, batchOf(adjust("iitem_a", highUp, "1")))
	require.NoError(t, err)
	require.Equal(t, Failed, outcomes[0].Status)
	require.EqualError(t, outcomes[0].Err, "had enough")
	require.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "1")).Status)
	s.requireStock(level, 6)
	require.NotContains(t, s.log.String(), "panic")
}

func TestWhoLeavesDuringTheWriteHasChangedAllTheSame(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 5)
	s.connected()
	ctx, leave := context.WithCancel(t.Context())
	s.failWrites(0, 1, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		leave()
		medusa.ServeHTTP(w, r)
	})
	outcomes, err := s.lane.Do(ctx, batchOf(adjust("iitem_a", highUp, "1")))
	require.NoError(t, err)
	require.Equal(t, Applied, outcomes[0].Status)
	s.requireStock(level, 6)
	s.requireRow(level, "5", "6", state.Applied)
}

func TestAPreviewIsWhatWouldHappen(t *testing.T) {
	s := newShop(t)
	level, missing := s.stocked("iitem_a", 5), s.empty("iitem_b")
	s.connected()
	changes := func() []Change {
		return []Change{adjust("iitem_a", highUp, "-2"), adjust("iitem_a", highUp, "-4"), set("iitem_b", highUp, "3"), adjust("iitem_a", highUp, "1")}
	}
	preview, err := s.lane.Preview(t.Context(), medusaclient.Bearer(s.medusa.Token(medusatest.UserID)), batchOf(changes()...))
	require.NoError(t, err)
	require.NotContains(t, s.calls(), "write")
	s.requireStock(level, 5)
	s.requireMissing(missing)
	s.rest()
	require.Empty(t, ledgerOf(t, s.store, state.AuditFilter{}))
	for i, real := range s.do(changes()...) {
		require.Equal(t, real.Status, preview[i].Status, "row %d", i)
		require.Equal(t, real.Previous, preview[i].Previous, "row %d", i)
		require.Equal(t, real.New, preview[i].New, "row %d", i)
		require.Equal(t, real.Refusal, preview[i].Refusal, "row %d", i)
	}
}

// together puts batches into the lane in their order, before it runs.
func (s *shop) together(batches ...*Batch) [][]Outcome {
	s.Helper()
	s.lane.Close()
	lane := newLane(s)
	told := make([]chan []Outcome, len(batches))
	waiting := 0
	for i, batch := range batches {
		told[i] = make(chan []Outcome, 1)
		go func() {
			outcomes, err := lane.Do(context.Background(), batch)
			assert.NoError(s, err)
			told[i] <- outcomes
		}()
		waiting += len(batch.Changes)
		require.Eventually(s, func() bool { return lane.queue.length() == waiting }, patience, time.Millisecond)
	}
	go lane.Run()
	s.Cleanup(lane.Close)
	outcomes := make([][]Outcome, len(batches))
	for i := range told {
		outcomes[i] = <-told[i]
	}
	return outcomes
}

// Who is refused because another is refused may not be, when the write fails.
func TestWhoIsRefusedBecauseOfTheRefusedIsDecidedAnew(t *testing.T) {
	s := newShop(t)
	s.stocked("iitem_x", 10)
	y := s.stocked("iitem_y", 0)
	s.connected()
	s.failWrites(0, 1, refusal)
	s.failWritesOf(`"inventory_item_id":"iitem_x","location_id":"sloc_high_up","stocked_quantity":0`, refusal)
	outcomes := s.together(
		batchOf(adjust("iitem_x", highUp, "-10")),
		atomicOf(adjust("iitem_x", highUp, "-1"), adjust("iitem_y", highUp, "5")),
		batchOf(adjust("iitem_y", highUp, "-3")),
	)
	require.Equal(t, []Status{Failed, Applied, Applied}, []Status{outcomes[0][0].Status, outcomes[1][0].Status, outcomes[2][0].Status})
	s.requireStock(y, 2)
}

func TestALevelThatShowsSomethingElseIsNoDoubtAboutOthers(t *testing.T) {
	s := newShop(t)
	s.stocked("iitem_a", 10)
	s.stocked("iitem_b", 10)
	s.connected()
	s.failWrites(0, 1, showing("iitem_a", 99))
	outcomes := s.do(adjust("iitem_a", highUp, "1"), adjust("iitem_b", highUp, "-10"), adjust("iitem_b", highUp, "-1"))
	require.Equal(t, []Status{Applied, Applied, Refused}, []Status{outcomes[0].Status, outcomes[1].Status, outcomes[2].Status})
}

// showing answers a write with another quantity of an item.
func showing(itemID string, quantity int) medusatest.Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		recorder := httptest.NewRecorder()
		medusa.ServeHTTP(recorder, r)
		var answer map[string][]map[string]any
		if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
			panic(err)
		}
		for _, level := range answer["updated"] {
			if level["inventory_item_id"] == itemID {
				level["stocked_quantity"] = quantity
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// A proxy that delivers a call twice answers what Medusa says to the second.
func TestALevelThatIsMadeTwiceCountsOnce(t *testing.T) {
	s := newShop(t)
	level := s.empty("iitem_a")
	s.connected()
	s.failWrites(0, 1, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		medusa.ServeHTTP(httptest.NewRecorder(), r)
		r.Body = io.NopCloser(bytes.NewReader(body))
		medusa.ServeHTTP(w, r)
	})
	require.Equal(t, Unknown, s.one(adjust("iitem_a", highUp, "7")).Status)
	s.later(SettledAfter)
	s.requireSettled()
	s.requireStock(level, 7)
	s.requireRow(level, "0", "7", state.Applied)
}

func TestNoLevelIsMadeAnewForAnItemThatIsGone(t *testing.T) {
	s := newShop(t)
	gone, there := s.empty("iitem_a"), s.empty("iitem_b")
	s.connected()
	s.failWrites(0, 1, medusatest.Cut())
	s.do(set("iitem_a", highUp, "7"), set("iitem_b", highUp, "7"))
	s.medusa.Delete("iitem_a")
	s.later(SettledAfter)
	s.requireSettled()
	s.requireRow(gone, "0", "7", state.Unknown)
	s.requireRow(there, "0", "7", state.Applied)
}

// A level that a batch has just made is there for who is refused after it.
func TestWhoIsRefusedIsShownTheLevelThatWasMadeBeforeHim(t *testing.T) {
	s := newShop(t)
	s.empty("iitem_a")
	s.connected()
	late := set("iitem_a", highUp, "3")
	late.Expected = pointer("0")
	batch := batchOf(set("iitem_a", highUp, "7"), late)
	batch.Levels = true
	outcomes, err := s.lane.Do(t.Context(), batch)
	require.NoError(t, err)
	require.Equal(t, StockChanged, outcomes[1].Refusal.Reason)
	require.NotEmpty(t, outcomes[1].Level.ID)
	require.Equal(t, outcomes[0].Level.ID, outcomes[1].Level.ID)
}

func TestChangesAreCountedAsTheyWereTold(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := newShop(t, func(c *Config) { c.Metrics = registry })
	s.stocked("iitem_a", 10)
	s.failWrites(0, 1, medusatest.Cut())
	s.do(adjust("iitem_a", highUp, "-10"), adjust("iitem_a", highUp, "-1"))
	families, err := registry.Gather()
	require.NoError(t, err)
	counted := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "gateway_stock_changes_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			counted[metric.GetLabel()[0].GetValue()] = metric.GetCounter().GetValue()
		}
	}
	require.Equal(t, map[string]float64{"unknown": 1, "failed": 1, "applied": 0, "refused": 0, "skipped": 0}, counted)
}

// A location that is gone since a level was made there is not made use of again.
func TestALocationIsLookedForByEachBatch(t *testing.T) {
	s := newShop(t)
	s.empty("iitem_a")
	second := s.empty("iitem_b")
	require.Equal(t, Applied, s.one(set("iitem_a", highUp, "7")).Status)
	s.medusa.Delete(highUp)
	outcome := s.one(set("iitem_b", highUp, "7"))
	require.Equal(t, Refused, outcome.Status)
	require.Equal(t, StockLocationNotFound, outcome.Refusal.Reason)
	s.requireMissing(second)
}
