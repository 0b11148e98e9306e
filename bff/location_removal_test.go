package bff

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func (s *shop) deleteLocation(ctx context.Context, w Write, id, query string) error {
	asked, faults := mapping.ParseLocationRemoval(query)
	if len(faults) > 0 {
		panic(fmt.Sprint(faults))
	}
	w.Request = []byte(id + "?" + query)
	_, err := s.DeleteLocation(ctx, w, id, asked)
	return err
}

// stockedLocation is a new location with three levels: stock, none, and so much of
// what the warehouse does not keep.
func (s *shop) stockedLocation(t testing.TB) (id string) {
	t.Helper()
	id = s.location(t, locationBody)
	_, err := s.batch(t.Context(), s.by(""), rows("",
		row(oneGram, id, `"quantity":7.5`), row(half, id, `"quantity":0`), row("iitem_rareza_siete", id, `"quantity":3`)))
	require.NoError(t, err)
	s.medusa.ResetCalls()
	return id
}

// levelsAt counts the levels of a location that have come to be.
func (s *shop) levelsAt(location string) (count int) {
	for level := range s.medusa.Levels() {
		if level.LocationID == location {
			count++
		}
	}
	return count
}

func (s *shop) requireLocation(t testing.TB, id string, there bool) {
	t.Helper()
	_, err := s.config.Medusa.StockLocations.Get(t.Context(), s.caller.Credential, id)
	require.Equal(t, there, err == nil, "whether %s is there: %v", id, err)
}

func TestALocationWithStockIsNotDeleted(t *testing.T) {
	s := stocked(t)
	id := s.stockedLocation(t)
	e := requireCode(t, LocationNotEmpty, s.deleteLocation(t.Context(), s.by("the key"), id, ""))
	require.Contains(t, e.Message.In(mapping.English), "inventory items: 2")
	s.requireLocation(t, id, true)
	require.Equal(t, 3, s.levelsAt(id))
}

func TestTheStockOfALocationIsMoved(t *testing.T) {
	s := stocked(t)
	id := s.stockedLocation(t)
	require.NoError(t, s.deleteLocation(t.Context(), s.by("the key"), id, "transferTo="+warehouse))
	require.LessOrEqual(t, len(s.medusa.Calls()), 15, "%s", s.paths())
	s.requireLocation(t, id, false)
	require.Zero(t, s.levelsAt(id), "levels at a location that is gone still count")
	for item, quantity := range map[string]float64{oneGram: 407.5, half: 60, "iitem_rareza_siete": 3} {
		level, _ := s.medusa.Level(item, warehouse)
		require.InDelta(t, quantity, level.Stocked, 1e-9, item)
	}
	entries := s.ledger(t)
	moved := mapping.Quantity{}
	for _, entry := range entries[3:] {
		moved = moved.Add(entry.New).Sub(entry.Previous)
	}
	require.Zero(t, moved.Sign(), "what was moved is neither more nor less")
	require.NoError(t, s.deleteLocation(t.Context(), s.by("the key"), id, "transferTo="+warehouse), "the same key")
	requireCode(t, StockLocationNotFound, s.deleteLocation(t.Context(), s.by(""), id, "transferTo="+warehouse))
}

func TestTheStockOfALocationIsLetGo(t *testing.T) {
	s := stocked(t)
	id := s.stockedLocation(t)
	require.NoError(t, s.deleteLocation(t.Context(), s.by(""), id, "force=true"))
	s.requireLocation(t, id, false)
	require.Zero(t, s.levelsAt(id))
	require.Len(t, s.ledger(t), 3+3, "what is let go is written down")
}

func TestWhatCannotBeDeletedOfLocationsIsRefused(t *testing.T) {
	s := stocked(t)
	id := s.stockedLocation(t)
	requireCode(t, StockLocationNotFound, s.deleteLocation(t.Context(), s.by(""), "sloc_nothing", ""))
	e := requireCode(t, StockLocationNotFound, s.deleteLocation(t.Context(), s.by("the key"), id, "transferTo=sloc_nothing"))
	require.Equal(t, []any{"sloc_nothing"}, e.Message.Args)
	require.Equal(t, "SAME_LOCATION", requireCode(t, ValidationFailed, s.deleteLocation(t.Context(), s.by(""), id, "transferTo="+id)).Fields[0].Code)
	s.medusa.Fail(medusatest.Match{Method: http.MethodDelete, Path: "/admin/stock-locations/*"}, medusatest.Answer(http.StatusForbidden, `{"type":"forbidden","message":"Forbidden"}`))
	requireCode(t, Forbidden, s.deleteLocation(t.Context(), s.by(""), id, "transferTo="+warehouse))
	level, _ := s.medusa.Level(oneGram, id)
	require.InDelta(t, 7.5, level.Stocked, 0, "nothing is moved for a caller who may not delete")
}

func TestReservationsOfOrdersKeepALocation(t *testing.T) {
	s := stocked(t)
	for _, query := range []string{"", "force=true", "transferTo=" + warehouse} {
		e := requireCode(t, LocationNotEmpty, s.deleteLocation(t.Context(), s.by(""), shopFloor, query))
		require.Equal(t, string(LocationNotEmpty)+".reserved", e.Message.Key)
	}
	id := s.stockedLocation(t)
	s.medusa.SetLevel(half, id, medusatest.Quantities{Reserved: 2}) // of a reservation that Medusa has forgotten
	requireCode(t, LocationNotEmpty, s.deleteLocation(t.Context(), s.by(""), id, "force=true"))
	require.Equal(t, 3, s.levelsAt(id))
}

func TestHoldsAtALocationAreReleased(t *testing.T) {
	s, _ := aged(t)
	id := s.stockedLocation(t)
	hold, _ := s.reserved(t, fmt.Sprintf(`{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":5,"locationId":%q},{"inventoryItemId":"iitem_bd_1g","quantity":5,"locationId":"sloc_deposito"}],"cartId":"c"}`, id))
	require.NoError(t, s.deleteLocation(t.Context(), s.by(""), id, "transferTo="+shopFloor))
	require.Len(t, s.reservation(t, hold).Get("reservations").Array(), 1, "what is held elsewhere stays held")
	s.requireReserved(t, oneGram, warehouse, 45)
	level, _ := s.medusa.Level(oneGram, shopFloor)
	require.InDelta(t, 107.5, level.Stocked, 0)
}

// Wherever it is cut off, no unit is lost or doubled, and the same request ends it.
func TestADeletionThatIsCutOffCanBeGoneOnWith(t *testing.T) {
	for name, failure := range map[string]medusatest.Failure{
		"a fault":    medusatest.Answer(http.StatusInternalServerError, `{"code":"unknown_error","type":"unknown_error","message":"An unknown error occurred."}`),
		"cut before": medusatest.Cut(),
		"cut after":  medusatest.CutAfter(),
	} {
		for at, match := range map[string]medusatest.Match{
			"making levels": {Method: levelWrites.Method, Path: levelWrites.Path, Times: 1},
			"moving":        {Method: levelWrites.Method, Path: levelWrites.Path, Times: 1, After: 1},
			"removing":      {Method: levelWrites.Method, Path: levelWrites.Path, Times: 1, After: 2},
			"deleting":      {Method: http.MethodDelete, Path: "/admin/stock-locations/*", Times: 2, After: 1},
		} {
			t.Run(name+" at "+at, func(t *testing.T) {
				s, clock := aged(t)
				id := s.stockedLocation(t)
				s.medusa.Fail(match, failure)
				requireCode(t, OutcomeUnknown, s.deleteLocation(t.Context(), s.by("the key"), id, "transferTo="+warehouse))
				clock.afterLanding()
				require.NoError(t, s.deleteLocation(t.Context(), s.by("the key"), id, "transferTo="+warehouse))
				s.requireLocation(t, id, false)
				require.Zero(t, s.levelsAt(id))
				level, _ := s.medusa.Level(oneGram, warehouse)
				require.InDelta(t, 407.5, level.Stocked, 0)
				level, _ = s.medusa.Level("iitem_rareza_siete", warehouse)
				require.InDelta(t, 3, level.Stocked, 0)
			})
		}
	}
}

// Somebody sells at the location while its stock is moved.
func TestStockThatChangesWhileItIsMovedIsMovedAsItIs(t *testing.T) {
	s := stocked(t)
	id := s.stockedLocation(t)
	s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Path: "/admin/inventory-items", Times: 1}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		medusa.ServeHTTP(w, r)
		s.medusa.SetLevel(oneGram, id, medusatest.Quantities{Stocked: 6.5})
	})
	require.NoError(t, s.deleteLocation(t.Context(), s.by(""), id, "transferTo="+warehouse))
	level, _ := s.medusa.Level(oneGram, warehouse)
	require.InDelta(t, 406.5, level.Stocked, 0)
	level, _ = s.medusa.Level("iitem_rareza_siete", warehouse)
	require.InDelta(t, 3, level.Stocked, 0)
}
