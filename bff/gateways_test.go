package bff

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
	"github.com/cannahub/gateway/testdata/medusa"
)

// pair is two gateways in front of one Medusa that share one memory.
type pair func(t *testing.T) (one, other *shop)

// sharedStore is two gateways over one Store: SQLite takes no second one.
func sharedStore(t *testing.T) (one, other *shop) {
	t.Helper()
	one = stocked(t)
	other = inFrontOf(t, one.medusa, with(one.store))
	other.caller = one.caller
	require.NoError(t, other.Prepare(t.Context()))
	other.stop = func() {} // the Store's own work is begun already
	other.working.Go(other.stock.Run)
	require.NoError(t, other.rights.confirm(t.Context(), other.caller.Credential, toWrite))
	return one, other
}

// sharedDatabase is two gateways with Stores of their own on one PostgreSQL.
func sharedDatabase(t *testing.T) (one, other *shop) {
	t.Helper()
	dsn := medusa.NewDatabase(t, medusa.PostgresURL(t))
	one = working(t, prepared(t, with(openStore(t, dsn))))
	return one, one.beside(t, openStore(t, dsn))
}

var pairs = map[string]pair{"SQLite": sharedStore, "PostgreSQL": sharedDatabase}

func TestAKeyAtTwoGatewaysAtOnceIsMadeOnce(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			one, other := pair(t)
			for i := range 10 {
				key := fmt.Sprint("k", i)
				var wait sync.WaitGroup
				answers := make([]*WriteAnswer, 2)
				for n, s := range []*shop{one, other} {
					wait.Go(func() {
						answer, err := s.adjust(context.Background(), s.by(key), more("iitem_bd_1g", 1))
						if err != nil {
							assert.Equal(t, IdempotencyInProgress, failed(err).Code, "%v", err)
						}
						answers[n] = answer
					})
				}
				wait.Wait()
				given := slices.DeleteFunc(answers, func(a *WriteAnswer) bool { return a == nil })
				require.NotEmpty(t, given, "both were sent away")
				for _, s := range []*shop{one, other} {
					again, err := s.adjust(t.Context(), s.by(key), more("iitem_bd_1g", 1))
					require.NoError(t, err)
					require.True(t, again.Replayed)
					require.Equal(t, string(given[0].JSON), string(again.JSON))
				}
				one.requireStock(t, "iitem_bd_1g", float64(101+i))
			}
			require.Len(t, one.applied(t), 10)
		})
	}
}

func TestAnAttemptThatDiedIsFinishedOnceByTwoGateways(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			one, other := pair(t)
			body := rows("",
				row("iitem_bd_1g", shopFloor, `"adjustment":5`), row("iitem_bd_7g", shopFloor, `"adjustment":5`), row("iitem_bd_14g", shopFloor, `"adjustment":5`))
			died := one.begunRows(t, one.by("k"), body, 1)
			var wait sync.WaitGroup
			for _, s := range []*shop{one, other} {
				wait.Go(func() {
					answer, err := s.batch(context.Background(), s.by("k"), body)
					if assert.NoError(t, err) {
						assert.Equal(t, []string{"success 100 105", "success 50 55", "success 12 17"}, results(t, answer))
						assert.Contains(t, string(answer.JSON), died.batchID)
					}
				})
			}
			wait.Wait()
			require.Len(t, one.applied(t), 3)
			for item, quantity := range map[string]float64{"iitem_bd_1g": 105, "iitem_bd_7g": 55, "iitem_bd_14g": 17} {
				one.requireStock(t, item, quantity)
			}
		})
	}
}

func TestTwoGatewaysLoseNothing(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			one, other := pair(t)
			var wait sync.WaitGroup
			for range 25 {
				for _, s := range []*shop{one, other} {
					wait.Go(func() {
						_, err := s.adjust(context.Background(), s.by(""), more("iitem_bd_1g", 1))
						assert.NoError(t, err)
					})
				}
			}
			wait.Wait()
			one.requireStock(t, "iitem_bd_1g", 150)
			at := mapping.QuantityOf(100)
			for _, entry := range one.applied(t) {
				require.Equal(t, at, entry.Previous, "the chain of the ledger is broken")
				at = entry.New
			}
			require.Equal(t, mapping.QuantityOf(150), at)
		})
	}
}

// A hold of one gateway is sold at either, and sold once; what expires is released by
// either.
func TestAHoldIsOfAllGateways(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			one, other := pair(t)
			id, _ := one.reserved(t, sevenInTheWarehouse)
			var wait sync.WaitGroup
			var sold atomic.Int32
			for _, s := range []*shop{one, other, one, other} {
				wait.Go(func() {
					_, err := s.confirm(context.Background(), s.by(""), id)
					if err == nil {
						sold.Add(1)
						return
					}
					assert.Contains(t, []Code{ReservationNotFound, IdempotencyInProgress}, failed(err).Code, "%v", err)
				})
			}
			wait.Wait()
			require.EqualValues(t, 1, sold.Load())
			require.Len(t, one.applied(t), 1)
			id, _ = one.reserved(t, sevenInTheWarehouse)
			one.requireReserved(t, oneGram, warehouse, 47)
			clock := &clock{}
			other.now = clock.now
			clock.forward.Add(int64(2 * time.Hour))
			require.NoError(t, other.tendHold(t.Context(), id))
			one.requireReserved(t, oneGram, warehouse, 40)
			requireCode(t, ReservationNotFound, second(one.confirm(t.Context(), one.by(""), id)))
		})
	}
}

func TestHeldAnswersEndWithAChangeAtAnotherGateway(t *testing.T) {
	t.Parallel()
	one, other := sharedDatabase(t)
	shown := func() any {
		answer, err := other.InventoryItem(t.Context(), other.caller, "iitem_rareza_siete", mapping.NoQuery{})
		item, _ := read(t, answer, err)["item"].(map[string]any)
		return item["stockedQuantity"]
	}
	// Listening begins with an answer dropped: from here on one is held.
	require.Eventually(t, func() bool {
		shown()
		other.medusa.ResetCalls()
		shown()
		return len(other.paths()) == 0 && other.held.generation.Load() > 0
	}, patience, 10*time.Millisecond, "nothing is held")
	require.EqualValues(t, 10, shown())

	_, err := one.adjust(t.Context(), one.by(""), more("iitem_rareza_siete", 5))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return shown() == 15.0 }, patience, 10*time.Millisecond, "an answer is held from before a change at another gateway")
}

// What passes through one gateway, what a hook tells it of, what its watcher finds, or a location
// deleted there, is known at the other.
func TestAnotherGatewayHearsOfWhatThisOneChanged(t *testing.T) {
	t.Parallel()
	one, other := sharedDatabase(t)
	going := one.stockedLocation(t)
	// Once it is heard that it listens.
	require.Eventually(t, func() bool { return other.keys.generation.Load() > 0 }, patience, 10*time.Millisecond)
	for _, change := range []struct {
		name  string
		links bool // may have changed, and with them what keys open
		do    func()
	}{
		{"a location deleted", true, func() {
			_, err := one.DeleteLocation(t.Context(), one.by(""), going, mapping.LocationRemoval{Force: true})
			require.NoError(t, err)
		}},
		{"a location written", true, func() {
			one.administer(t, http.MethodPost, "/admin/stock-locations/sloc_high_up", `{"name":"Palermo"}`)
		}},
		{"a reservation made", false, func() {
			one.administer(t, http.MethodPost, "/admin/reservations", `{"inventory_item_id":"iitem_bd_7g","location_id":"sloc_high_up","quantity":1}`)
		}},
		{"a hook of a level", false, func() { require.True(t, one.Hook(t.Context(), "inventory.inventory-level.updated")) }},
		{"a hook of a link", true, func() { require.True(t, one.Hook(t.Context(), "LinkSalesChannelStockLocation.attached")) }},
		{"a change made elsewhere, and found", false, func() {
			one.feed(t, shopper(shopKey), "iitem_bd_14g")
			one.medusa.SetLevel("iitem_bd_14g", shopFloor, medusatest.Quantities{Stocked: 3})
		}},
	} {
		answers, keys := other.held.generation.Load(), other.keys.generation.Load()
		change.do()
		require.Eventually(t, func() bool {
			return other.held.generation.Load() > answers && (!change.links || other.keys.generation.Load() > keys)
		}, patience, 10*time.Millisecond, change.name)
	}
	answers, keys := other.held.generation.Load(), other.keys.generation.Load()
	_, err := one.adjust(t.Context(), one.by(""), more("iitem_rareza_siete", 5))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return other.held.generation.Load() > answers }, patience, 10*time.Millisecond)
	require.Equal(t, keys, other.keys.generation.Load(), "each change of stock makes keys be looked up again")
}
