package bff

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestIncomingStockLeavesStockAlone(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	// Somebody sells 3 between our read and our write.
	s.medusa.Fail(levelWrites, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		s.medusa.SetLevel("iitem_bd_7g", shopFloor, medusatest.Quantities{Stocked: 47, Reserved: 5})
		medusa.ServeHTTP(w, r)
	})
	_, err := s.update(t.Context(), s.by(""), `{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_high_up","incomingQuantity":12.5,"reason":"received"}`)
	require.NoError(t, err)
	level, _ := s.medusa.Level("iitem_bd_7g", shopFloor)
	require.Equal(t, medusatest.Quantities{Stocked: 47, Reserved: 5, Incoming: 12.5}, level)

	entries, _ := s.audit(t, mapping.AuditQuery{})
	require.Len(t, entries, 1)
	require.Equal(t, map[string]any{
		"previousQuantity": 50.0, "newQuantity": 50.0, "adjustment": 0.0,
		"previousIncomingQuantity": 0.0, "newIncomingQuantity": 12.5, "reason": "received", "state": "applied",
	}, only(entries[0], "previousQuantity", "newQuantity", "adjustment", "previousIncomingQuantity", "newIncomingQuantity", "reason", "state"))
}

func only(all map[string]any, keys ...string) map[string]any {
	kept := map[string]any{}
	for _, key := range keys {
		kept[key] = all[key]
	}
	return kept
}

func TestAnUpdatedLevelIsShownAsItIs(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	answer, err := s.update(t.Context(), s.by(""), `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","stockedQuantity":42.5,"incomingQuantity":7}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.Status)
	level, _ := read(t, answer.Answer, nil)["level"].(map[string]any)
	require.Equal(t, map[string]any{
		"inventoryItemId": "iitem_bd_1g", "locationId": shopFloor, "locationName": "High Up - Dispensario Palermo",
		"stockedQuantity": 42.5, "reservedQuantity": 10.0, "incomingQuantity": 7.0, "availableQuantity": 32.5,
	}, only(level, "inventoryItemId", "locationId", "locationName", "stockedQuantity", "reservedQuantity", "incomingQuantity", "availableQuantity"))
	location, _ := level["location"].(map[string]any)
	require.Equal(t, shopFloor, location["id"])
	require.NotEmpty(t, location["address"])
	shown, _ := s.medusa.Level("iitem_bd_1g", shopFloor)
	require.Equal(t, medusatest.Quantities{Stocked: 42.5, Reserved: 10, Incoming: 7}, shown)
	require.Len(t, s.paths(), 2, "a read and a write")
}

func TestALevelIsMadeAtALocationThatExists(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	answer, err := s.update(t.Context(), s.by(""), `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_mayorista","stockedQuantity":3,"incomingQuantity":4}`)
	require.NoError(t, err)
	level, _ := read(t, answer.Answer, nil)["level"].(map[string]any)
	require.NotEmpty(t, level["id"])
	require.Equal(t, "Depósito Mayorista", level["locationName"])
	require.EqualValues(t, 3, level["stockedQuantity"])
	made, exists := s.medusa.Level("iitem_bd_1g", wholesale)
	require.True(t, exists)
	require.Equal(t, medusatest.Quantities{Stocked: 3, Incoming: 4}, made)

	before := s.medusa.Levels()
	for _, location := range []string{"sloc_nope", "sloc_cerrado"} {
		_, err = s.update(t.Context(), s.by("k"), `{"inventoryItemId":"iitem_bd_1g","locationId":"`+location+`","stockedQuantity":3}`)
		requireCode(t, StockLocationNotFound, err)
	}
	_, err = s.update(t.Context(), s.by("k"), `{"inventoryItemId":"iitem_nope","locationId":"sloc_mayorista","stockedQuantity":3}`)
	requireCode(t, InventoryItemNotFound, err)
	_, err = s.adjust(t.Context(), s.by("k"), `{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_mayorista","adjustment":-1,"reason":"sale"}`)
	requireCode(t, InsufficientStock, err)
	require.Equal(t, before, s.medusa.Levels())
}

func TestALevelIsRemovedOnlyWhenNothingIsLost(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	removal := func(item, location, more string) error {
		_, err := s.remove(t.Context(), s.by(""), `{"inventoryItemId":"`+item+`","locationId":"`+location+`"`+more+`}`)
		return err
	}
	before := s.medusa.Levels()
	requireCode(t, LevelHasStock, removal("iitem_rareza_siete", shopFloor, ""))
	requireCode(t, LevelHasStock, removal("iitem_rareza_siete", shopFloor, `,"force":false`))
	requireCode(t, LevelHasReservations, removal("iitem_bd_1g", shopFloor, ""))
	requireCode(t, LevelHasReservations, removal("iitem_bd_1g", shopFloor, `,"force":true`))
	requireCode(t, LevelNotFound, removal("iitem_bd_1g", wholesale, ""))
	requireCode(t, InventoryItemNotFound, removal("iitem_nope", shopFloor, ""))
	require.Equal(t, before, s.medusa.Levels())
	require.Empty(t, s.ledger(t))

	answer, err := s.remove(t.Context(), s.by(""), `{"inventoryItemId":"iitem_rareza_siete","locationId":"sloc_high_up","force":true,"reason":"damaged"}`)
	said := read(t, answer.Answer, err)
	require.NotEmpty(t, said["id"])
	require.Equal(t, map[string]any{"inventoryItemId": "iitem_rareza_siete", "locationId": shopFloor, "deleted": true}, only(said, "inventoryItemId", "locationId", "deleted"))
	_, exists := s.medusa.Level("iitem_rareza_siete", shopFloor)
	require.False(t, exists)
	row := s.ledger(t)[0]
	require.Equal(t, []any{state.Remove, "10", "0", "damaged"}, []any{row.Kind, row.Previous.String(), row.New.String(), row.Reason})

	require.NoError(t, removal("iitem_alerta_agotado", shopFloor, ""), "an empty level needs no force")
	requireCode(t, LevelNotFound, removal("iitem_rareza_siete", shopFloor, `,"force":true`))
}

func TestChangedStockIsShownAsItIs(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	for name, ask := range map[string]func() (*WriteAnswer, error){
		"an update": func() (*WriteAnswer, error) {
			return s.update(t.Context(), s.by("k"), `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","stockedQuantity":1,"expectedQuantity":99}`)
		},
		"an adjustment": func() (*WriteAnswer, error) {
			return s.adjust(t.Context(), s.by("k"), `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","adjustment":1,"reason":"sale","expectedQuantity":99}`)
		},
	} {
		_, err := ask()
		e := requireCode(t, StockChanged, err)
		require.NotNil(t, e.Level, name)
		require.Equal(t, mapping.QuantityOf(100), e.Level.StockedQuantity, name)
		require.Equal(t, mapping.QuantityOf(90), e.Level.AvailableQuantity, name)
		require.Equal(t, "High Up - Dispensario Palermo", *e.Level.LocationName, name)
		require.Contains(t, e.Message.In(mapping.English), "99", name)
		require.Contains(t, e.Message.In(mapping.English), "100", name)
	}
	s.requireStock(t, "iitem_bd_1g", 100)
	_, err := s.update(t.Context(), s.by("k"), `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_mayorista","stockedQuantity":1,"expectedQuantity":5}`)
	require.Nil(t, requireCode(t, StockChanged, err).Level, "a level that does not exist is shown")
	_, err = s.update(t.Context(), s.by("k"), `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","stockedQuantity":1,"expectedQuantity":100}`)
	require.NoError(t, err)
	s.requireStock(t, "iitem_bd_1g", 1)
}

func TestAnAdjustmentTellsWhatWasDone(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	answer, err := s.adjust(t.Context(), s.by("k"),
		`{"variantId":"variant_preroll_6","locationId":"sloc_high_up","adjustment":-2,"reason":"sale","reference":"order 9","sourceHarvestId":"h1"}`)
	said := read(t, answer.Answer, err)
	adjustment, _ := said["adjustment"].(map[string]any)
	row := s.ledger(t)[0]
	require.Equal(t, map[string]any{
		"id": row.ID, "previousQuantity": 8.0, "newQuantity": 6.0, "adjustment": -2.0,
		"reason": "sale", "reference": "order 9", "sourceHarvestId": "h1",
		"actor":     map[string]any{"type": "user", "id": medusatest.UserID},
		"createdAt": row.CreatedAt.Format("2006-01-02T15:04:05.000Z"),
	}, adjustment, "in packs of six")
	level, _ := said["level"].(map[string]any)
	require.EqualValues(t, 38, level["stockedQuantity"], "in units of the inventory item")
	s.requireStock(t, "iitem_preroll", 38)
}

func TestReservedStockIsKeptUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", -91))
	e := requireCode(t, InsufficientStock, err)
	require.Equal(t, "Not enough stock that is not reserved: 90 available, 91 asked for.", e.Message.In(mapping.English))
	_, err = s.adjust(t.Context(), s.by(""), `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","adjustment":-91,"reason":"damaged","validateStock":false}`)
	require.NoError(t, err)
	s.requireStock(t, "iitem_bd_1g", 9)
	answer, err := s.batch(t.Context(), s.by(""), rows("",
		row("iitem_bd_7g", shopFloor, `"adjustment":-46,"validateStock":true`), row("iitem_bd_7g", shopFloor, `"adjustment":-46`)))
	require.NoError(t, err)
	require.Equal(t, []string{"error: Insufficient unreserved stock: 45 available, 46 asked for", "success 50 4"}, results(t, answer))
	_, err = s.adjust(t.Context(), s.by(""), `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","adjustment":-10,"reason":"damaged","validateStock":false}`)
	require.Equal(t, "Not enough stock: 9 available, 10 asked for.", requireCode(t, InsufficientStock, err).Message.In(mapping.English))
}

// waiting is how many changes wait for a flush.
func (s *shop) waiting(t testing.TB) float64 {
	t.Helper()
	families, err := s.metrics.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == "gateway_stock_waiting" {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("nobody counts the changes that wait")
	return 0
}

func (s *shop) awaitWaiting(t testing.TB, n float64) {
	t.Helper()
	require.Eventually(t, func() bool { return s.waiting(t) == n }, patience, time.Millisecond, "never are %v changes waiting", n)
}

// hold keeps the lane busy with a change of the stock of iitem_bd_14g. What is
// returned lets it go and waits for that.
func (s *shop) hold(t testing.TB) (release func()) {
	t.Helper()
	released := make(chan struct{})
	lift := s.medusa.Fail(levelWrites, medusatest.Hold(released))
	done := make(chan error, 1)
	go func() {
		_, err := s.adjust(context.Background(), s.by(""), more("iitem_bd_14g", 1))
		done <- err
	}()
	s.awaitCall(t, http.MethodPost)
	return func() {
		lift()
		close(released)
		require.NoError(t, <-done)
	}
}

func TestNothingIsDoneForACallerWhoLeftBeforeHisTurn(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	release := s.hold(t)
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := s.adjust(impatient, s.by("k"), more("iitem_bd_1g", 5))
		left <- err
	}()
	s.awaitWaiting(t, 1)
	leave()
	requireCode(t, Canceled, <-left)
	require.Zero(t, s.waiting(t))
	release()
	s.requireStock(t, "iitem_bd_1g", 100)
	require.Len(t, s.ledger(t), 1)
	_, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 6))
	require.NoError(t, err, "the key of what was not done is free")
}

func TestWhatWasBegunIsFinishedForACallerWhoLeft(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	released := make(chan struct{})
	s.medusa.Fail(levelWrites, medusatest.Hold(released))
	impatient, leave := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = s.adjust(impatient, s.by("k"), more("iitem_bd_1g", 5)) // he does not hear it
	}()
	s.awaitCall(t, http.MethodPost)
	leave()
	close(released)
	<-ended
	s.requireStock(t, "iitem_bd_1g", 105)
	require.Len(t, s.applied(t), 1)
	s.medusa.ResetCalls()
	answer, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.True(t, answer.Replayed)
	require.Empty(t, s.paths(), "the answer that he did not hear was not kept")
}

func TestTooManyWaitingChangesAreSentAway(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	release := s.hold(t)
	wide := make([]string, 1000)
	for i := range wide {
		wide[i] = row("iitem_bd_1g", shopFloor, `"adjustment":1`)
	}
	body := rows(`,"atomic":true`, wide...)
	waiting, leave := context.WithCancel(t.Context())
	defer leave()
	ended := make(chan error, 10)
	for range 10 {
		go func() {
			_, err := s.batch(waiting, s.by(""), body)
			ended <- err
		}()
	}
	s.awaitWaiting(t, 10_000)

	_, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	busy := requireCode(t, NetworkError, err)
	require.Equal(t, Unreachable, busy.Outage)
	require.NotZero(t, busy.RetryAfter)
	require.Equal(t, "NETWORK_ERROR.busy", busy.Message.Key)
	_, err = s.batch(t.Context(), s.by(""), rows("", row("iitem_bd_1g", shopFloor, `"adjustment":1`)))
	requireCode(t, NetworkError, err)

	leave()
	for range 10 {
		requireCode(t, Canceled, <-ended)
	}
	require.Zero(t, s.waiting(t))
	release()
	_, err = s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.NoError(t, err, "there is room again")
}

func TestAChangeOfABlockedLevelWaitsForItsTimeOnly(t *testing.T) {
	t.Parallel()
	s := stocked(t, func(c *Config) { c.Timeout = time.Second })
	lift := s.medusa.Fail(levelWrites, medusatest.Cut())
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 5))
	requireCode(t, OutcomeUnknown, err)
	lift()

	blocked := make(chan error, 2)
	go func() {
		_, err := s.adjust(context.Background(), s.by("a"), more("iitem_bd_1g", 5))
		blocked <- err
	}()
	go func() {
		_, err := s.batch(context.Background(), s.by("b"), rows("", row("iitem_bd_1g", shopFloor, `"adjustment":1`)))
		blocked <- err
	}()
	_, err = s.adjust(t.Context(), s.by(""), more("iitem_bd_7g", 5))
	require.NoError(t, err, "another level waits, too")
	for range 2 {
		waited := requireCode(t, NetworkError, <-blocked)
		require.Equal(t, Slow, waited.Outage)
		require.Equal(t, "NETWORK_ERROR.waited", waited.Message.Key)
	}
	require.Len(t, s.applied(t), 1)
	level, _ := s.medusa.Level("iitem_bd_1g", shopFloor)
	require.InDelta(t, 100, level.Stocked, 0)
}

func TestAStoppedGatewayChangesNothing(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	s.close()
	_, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.Equal(t, Unreachable, requireCode(t, NetworkError, err).Outage)
	s.requireStock(t, "iitem_bd_1g", 100)
}

func TestClosingFinishesWhatWasBegun(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	released := make(chan struct{})
	s.medusa.Fail(levelWrites, medusatest.Hold(released))
	done := make(chan error, 1)
	go func() {
		_, err := s.adjust(context.Background(), s.by("k"), more("iitem_bd_1g", 5))
		done <- err
	}()
	s.awaitCall(t, http.MethodPost)
	closed := make(chan struct{})
	go func() {
		s.close()
		close(closed)
	}()
	close(released)
	<-closed
	require.NoError(t, <-done)
	require.Len(t, s.applied(t), 1)
	s.requireStock(t, "iitem_bd_1g", 105)
}

func TestADatabaseThatFailsLeavesStockAlone(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	require.NoError(t, s.store.Close())
	for _, key := range []string{"", "k"} {
		_, err := s.adjust(t.Context(), s.by(key), more("iitem_bd_1g", 5))
		requireCode(t, Internal, err)
	}
	s.requireStock(t, "iitem_bd_1g", 100)
	require.Zero(t, s.writes())
	requireCode(t, Internal, s.Remembers(t.Context()))
}

func TestAGatewayThatCannotBeginCanBeClosed(t *testing.T) {
	t.Parallel()
	store := openStore(t, newDatabase(t))
	config := newShop(t, with(store)).config
	config.Metrics = prometheus.NewRegistry()
	gateway := New(config)
	require.NoError(t, store.Close())
	require.Error(t, gateway.Start(t.Context()))
	closed := make(chan struct{})
	go func() {
		gateway.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(5 * time.Second):
		t.Fatal("Close waits for what was never begun")
	}
}

func TestHeldAnswersEndWithAChange(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	available := func() any {
		answer, err := s.InventoryItem(t.Context(), s.caller, "iitem_bd_14g", mapping.NoQuery{})
		item, _ := read(t, answer, err)["item"].(map[string]any)
		return item["stockedQuantity"]
	}
	before := available()
	require.NotNil(t, before)
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_14g", 5))
	require.NoError(t, err)
	require.InDelta(t, before.(float64)+5, available(), 0, "an answer from before the change")

	// Also when nobody knows whether it was made.
	s.medusa.Fail(levelWrites, medusatest.CutAfter())
	_, err = s.adjust(t.Context(), s.by(""), more("iitem_bd_14g", 5))
	requireCode(t, OutcomeUnknown, err)
	require.InDelta(t, before.(float64)+10, available(), 0)
}
