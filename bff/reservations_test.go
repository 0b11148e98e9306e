package bff

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	oneGram = "iitem_bd_1g" // 100 on the shop floor, 10 of them reserved; 400 in the warehouse, 40 reserved
	preroll = "iitem_preroll"
	half    = "iitem_bd_14g" // 12 on the shop floor, 60 in the warehouse
)

var (
	reservationsMade    = medusatest.Match{Method: http.MethodPost, Path: "/admin/reservations"}
	reservationsChanged = medusatest.Match{Method: http.MethodPost, Path: "/admin/reservations/*"}
	reservationsDeleted = medusatest.Match{Method: http.MethodDelete, Path: "/admin/reservations/*"}
)

func (s *shop) reserve(ctx context.Context, w Write, body string) (*WriteAnswer, error) {
	return send(ctx, w, body, mapping.ParseHold, s.Reserve)
}

func (s *shop) confirm(ctx context.Context, w Write, id string) (*WriteAnswer, error) {
	return send(ctx, w, `{"reference":"ticket 7"}`, mapping.ParseConfirmation, func(ctx context.Context, w Write, note mapping.Note) (*WriteAnswer, error) {
		return s.ConfirmReservation(ctx, w, id, note)
	})
}

func (s *shop) releaseHold(ctx context.Context, w Write, id string) (*WriteAnswer, error) {
	return send(ctx, w, `{}`, mapping.ParseNoBody, func(ctx context.Context, w Write, none mapping.NoBody) (*WriteAnswer, error) {
		return s.ReleaseReservation(ctx, w, id, none)
	})
}

func (s *shop) changeReservation(ctx context.Context, w Write, id, body string) (*WriteAnswer, error) {
	return send(ctx, w, body, mapping.ParseReservationChange, func(ctx context.Context, w Write, change mapping.ReservationChange) (*WriteAnswer, error) {
		return s.ChangeReservation(ctx, w, id, change)
	})
}

// hold is a hold that was just made, and the ids of its reservations.
func (s *shop) reserved(t testing.TB, body string) (id string, reservations []string) {
	t.Helper()
	made, err := s.reserve(t.Context(), s.by(""), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, made.Status)
	for _, reservation := range gjson.GetBytes(made.JSON, "reservations.#.id").Array() {
		reservations = append(reservations, reservation.String())
	}
	return gjson.GetBytes(made.JSON, "holdId").String(), reservations
}

func (s *shop) reservation(t testing.TB, id string) gjson.Result {
	t.Helper()
	answer, err := s.Reservation(t.Context(), s.caller, id, mapping.NoQuery{})
	require.NoError(t, err)
	return gjson.ParseBytes(answer.JSON)
}

func (s *shop) requireReserved(t testing.TB, item, location string, quantity float64) {
	t.Helper()
	level, _ := s.medusa.Level(item, location)
	require.InDelta(t, quantity, level.Reserved, 1e-9, "what is reserved of %s at %s", item, location)
}

// aged is a shop whose holds, and stock, live in a time of their own.
func aged(t testing.TB) (*shop, *clock) {
	t.Helper()
	s, clock := prepared(t, with(openStore(t, newDatabase(t)))), &clock{}
	s.now = clock.now
	s.liveIn(clock)
	return working(t, s), clock
}

// afterTheQuestion lets the call pass that asks whether a caller may delete.
func afterTheQuestion(match medusatest.Match) medusatest.Match {
	match.After = 1
	return match
}

// ended is how many reservations have ended in a way.
func (s *shop) ended(t testing.TB, how string) float64 {
	t.Helper()
	return s.counted(t, "gateway_reservations_ended_total", how)
}

// counted is a counter by its name and its one label.
func (s *shop) counted(t testing.TB, name, label string) float64 {
	t.Helper()
	families, err := s.metrics.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name && metric.GetLabel()[0].GetValue() == label {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// tend does what is due of the holds of the cart c, as the queue would.
func (s *shop) tend(t testing.TB) error {
	t.Helper()
	holds, err := s.store.HoldsOfCart(t.Context(), "c")
	require.NoError(t, err)
	for _, hold := range holds {
		if err := s.tendHold(t.Context(), hold.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *shop) requireNoHold(t testing.TB) {
	t.Helper()
	holds, err := s.store.HoldsOfCart(t.Context(), "c")
	require.NoError(t, err)
	require.Empty(t, holds, "the holds of the cart")
}

func TestAHoldReservesAllItsLinesAtOneLocation(t *testing.T) {
	s := stocked(t)
	made, err := s.reserve(t.Context(), s.by(""), `{"items":[
		{"variantId":"variant_preroll_6","quantity":2},{"sku":"BD-1G-001","quantity":1.5},{"inventoryItemId":"iitem_kit_papel","quantity":11}],
		"description":"mostrador 3"}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, made.Status)
	answer := gjson.ParseBytes(made.JSON)
	require.Len(t, s.medusa.Calls(), 2+3, "%s", s.paths())
	require.Equal(t, []any{warehouse, warehouse, warehouse}, answer.Get("reservations.#.locationId").Value(), "where all of it is, and most")
	require.Equal(t, []any{12.0, 1.5, 11.0}, answer.Get("reservations.#.quantity").Value(), "in units of the items")
	require.Equal(t, "variant_preroll_6", answer.Get("reservations.0.variantId").String())
	require.Equal(t, "mostrador 3", answer.Get("reservations.2.description").String(), "the caller's own words alone")
	require.Equal(t, gjson.Null, answer.Get("expiresAt").Type)
	s.requireReserved(t, preroll, warehouse, 12)
	s.requireReserved(t, oneGram, warehouse, 41.5)
}

func TestAKitReservesEachOfItsItems(t *testing.T) {
	s := stocked(t)
	_, reservations := s.reserved(t, `{"items":[{"variantId":"variant_kit_regalo","quantity":4}]}`)
	require.Len(t, reservations, 2)
	s.requireReserved(t, "iitem_kit_regalo_caja", shopFloor, 4)
	s.requireReserved(t, oneGram, shopFloor, 18)
}

// Where no location can serve all lines, each has its own.
func TestLinesGoWhereTheyCanBeServed(t *testing.T) {
	s := stocked(t)
	made, err := s.reserve(t.Context(), s.by(""), `{"items":[
		{"variantId":"variant_kit_armado","quantity":3},{"inventoryItemId":"iitem_preroll","quantity":42},{"inventoryItemId":"iitem_preroll","quantity":300}]}`)
	require.NoError(t, err)
	require.Equal(t, []any{shopFloor, shopFloor, shopFloor, warehouse}, gjson.GetBytes(made.JSON, "reservations.#.locationId").Value())
}

func TestWhatCannotBeReservedIsRefusedByItem(t *testing.T) {
	s := stocked(t)
	s.medusa.Delete(wholesale) // with 1,000 of the item
	for _, refused := range []struct {
		item, detail string
		code         Code
	}{
		{`{"inventoryItemId":"iitem_bd_1g","quantity":361}`, "Not enough stock: 360 available, 361 asked for.", InsufficientStock},
		{`{"inventoryItemId":"iitem_bd_1g","quantity":91,"locationId":"sloc_high_up"}`, "Not enough stock: 90 available, 91 asked for.", InsufficientStock},
		{`{"variantId":"variant_preroll_6","quantity":8,"locationId":"sloc_high_up"}`, "Not enough stock: 7 available, 8 asked for.", InsufficientStock},
		{`{"inventoryItemId":"iitem_bd_14g","quantity":100}`, "Not enough stock: 60 available, 100 asked for.", InsufficientStock},
		{`{"inventoryItemId":"iitem_bd_14g","quantity":1,"locationId":"sloc_mayorista"}`, "The inventory item \"iitem_bd_14g\" has no level at the stock location \"sloc_mayorista\".", LevelNotFound},
		{`{"inventoryItemId":"iitem_bd_1g","quantity":1,"locationId":"sloc_none"}`, "", LevelNotFound},
		{`{"inventoryItemId":"iitem_none","quantity":1}`, "", InventoryItemNotFound},
		{`{"variantId":"variant_none","quantity":1}`, "", VariantNotFound},
		{`{"sku":"none","quantity":1}`, "", SKUNotFound},
		{`{"variantId":"variant_consulta","quantity":1}`, "", VariantNotManaged},
		{`{"variantId":"variant_sin_item","quantity":1}`, "", InventoryItemMissing},
		{`{"variantId":"variant_preroll_medio","quantity":0.001}`, "", QuantityOutOfRange},
	} {
		rows := s.medusa.Rows()
		_, err := s.reserve(t.Context(), s.by(""), `{"items":[{"inventoryItemId":"iitem_bd_7g","quantity":1},`+refused.item+`],"cartId":"c"}`)
		e := requireCode(t, refused.code, err)
		require.Len(t, e.Fields, 1, refused.item)
		require.Equal(t, "/items/1", e.Fields[0].Pointer)
		if refused.detail != "" {
			require.Equal(t, refused.detail, e.Message.In(mapping.English))
		}
		require.Equal(t, rows, s.medusa.Rows(), "what is reserved though an item is refused: %s", refused.item)
	}
	s.requireNoHold(t)
}

func TestOfManyAtOnceAsManyAreReservedAsThereAre(t *testing.T) {
	s := stocked(t)
	var made, refused atomic.Int32
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			_, err := s.reserve(t.Context(), s.by(""), `{"items":[{"inventoryItemId":"iitem_rareza_siete","quantity":1,"locationId":"sloc_high_up"}],"cartId":"c"}`)
			switch {
			case err == nil:
				made.Add(1)
			case failedWith(err, InsufficientStock):
				refused.Add(1)
			default:
				t.Errorf("neither reserved nor refused: %v", err)
			}
		})
	}
	callers.Wait()
	require.Equal(t, int32(10), made.Load())
	require.Equal(t, int32(40), refused.Load())
	s.requireReserved(t, "iitem_rareza_siete", shopFloor, 10)
}

// Who finds the nearest shelf empty is served from the next.
func TestWhoIsOvertakenIsServedElsewhere(t *testing.T) {
	s := stocked(t)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: "/admin/reservations", Times: 1}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		s.medusa.Reserve(oneGram, warehouse, 350)
		medusa.ServeHTTP(w, r)
	})
	made, err := s.reserve(t.Context(), s.by("the key"), `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":20}]}`)
	require.NoError(t, err)
	require.Equal(t, shopFloor, gjson.GetBytes(made.JSON, "reservations.0.locationId").String())
	s.requireReserved(t, oneGram, shopFloor, 30)
	s.requireReserved(t, oneGram, warehouse, 390)
}

const threeLines = `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":1},{"inventoryItemId":"iitem_bd_14g","quantity":2},{"variantId":"variant_preroll_6","quantity":3}],"cartId":"c"}`

// A reservation is refused, or its answer is lost: with time nothing is left, and the
// same request can be made.
func TestAHoldThatFailsLeavesNothing(t *testing.T) {
	for name, failure := range map[string]medusatest.Failure{
		"refused":     medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"no"}`),
		"a fault":     medusatest.Answer(http.StatusInternalServerError, `{"code":"unknown_error","type":"unknown_error","message":"An unknown error occurred."}`),
		"cut before":  medusatest.Cut(),
		"cut after":   medusatest.CutAfter(),
		"not as told": medusatest.Truncate(),
	} {
		for nth := range 3 {
			t.Run(fmt.Sprintf("%s %d", name, nth), func(t *testing.T) {
				s, clock := aged(t)
				levels, rows := s.medusa.Levels(), s.medusa.Rows()
				match := reservationsMade
				match.After, match.Times = nth, 1
				s.medusa.Fail(match, failure)
				_, err := s.reserve(t.Context(), s.by("the key"), threeLines)
				requireCode(t, NetworkError, err)
				if name != "refused" {
					requireCode(t, IdempotencyInProgress, second(s.reserve(t.Context(), s.by("the key"), threeLines)))
					clock.forward.Add(int64(time.Minute))
					require.NoError(t, s.tend(t))
				}
				s.requireNoHold(t)
				require.Equal(t, levels, s.medusa.Levels())
				require.Equal(t, rows, s.medusa.Rows())
				for i := range 2 {
					again, err := s.reserve(t.Context(), s.by("the key"), threeLines)
					require.NoError(t, err, "the same request with the same key")
					require.Equal(t, i > 0, again.Replayed)
				}
				require.Equal(t, rows["reservation_item"]+3, s.medusa.Rows()["reservation_item"])
			})
		}
	}
}

// A reservation that lands when its hold is given up is found and released.
func TestAReservationThatLandsLateIsReleased(t *testing.T) {
	s, clock := aged(t)
	var late medusatest.Late
	match := reservationsMade
	match.Times = 1
	s.medusa.Fail(match, late.Cut)
	_, err := s.reserve(t.Context(), s.by(""), threeLines)
	requireCode(t, NetworkError, err)
	clock.forward.Add(int64(holdLease))
	require.ErrorIs(t, s.tend(t), errNotYet, "while it can still land")
	require.True(t, late.Land())
	clock.forward.Add(int64(time.Minute))
	levels := s.medusa.Levels()
	require.NoError(t, s.tend(t))
	require.NotEqual(t, levels, s.medusa.Levels())
	s.requireReserved(t, oneGram, warehouse, 40)
	s.requireNoHold(t)
}

func TestAHoldExpires(t *testing.T) {
	s, clock := aged(t)
	levels := s.medusa.Levels()
	id, _ := s.reserved(t, threeLines)
	expires := s.reservation(t, id).Get("expiresAt").Time()
	require.WithinDuration(t, time.Now().Add(15*time.Minute), expires, time.Minute, "a cart's hold lasts a quarter of an hour")
	require.InDelta(t, 1, s.gauge(t, "gateway_holds"), 0)

	clock.forward.Add(int64(14 * time.Minute))
	require.NoError(t, s.tendHold(t.Context(), id), "it is seen to again when it is due")
	require.NotEqual(t, levels, s.medusa.Levels())

	_, err := s.changeReservation(t.Context(), s.by(""), id, `{"expiresInSeconds":120}`)
	require.NoError(t, err)
	clock.forward.Add(int64(90 * time.Second))
	require.NoError(t, s.tend(t))
	require.NotEqual(t, levels, s.medusa.Levels(), "it was to last longer")

	clock.forward.Add(int64(time.Minute))
	s.medusa.Fail(medusatest.Match{Method: http.MethodDelete, Path: "/admin/reservations/*", Times: 1}, medusatest.Cut())
	require.Error(t, s.tend(t), "a reservation that could not be deleted is tried again")
	require.NoError(t, s.tend(t))
	require.Equal(t, levels, s.medusa.Levels())
	s.requireNoHold(t)
	require.InDelta(t, 3, s.ended(t, "expired"), 0)
	require.InDelta(t, 0, s.gauge(t, "gateway_holds"), 0)
	requireCode(t, ReservationNotFound, second(s.confirm(t.Context(), s.by(""), id)))
}

func TestAHoldIsConfirmed(t *testing.T) {
	s, _ := aged(t)
	id, reservations := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":80.5,"locationId":"sloc_high_up"},
		{"inventoryItemId":"iitem_bd_1g","quantity":9.5,"locationId":"sloc_high_up"}]}`)
	s.requireReserved(t, oneGram, shopFloor, 100)
	sold, err := s.confirm(t.Context(), s.by("the key"), id)
	require.NoError(t, err, "its own reservations do not stand in its way")
	answer := gjson.ParseBytes(sold.JSON)
	require.Equal(t, id, answer.Get("id").String())
	require.Equal(t, []any{reservations[0], reservations[1]}, answer.Get("adjustments.#.reservationId").Value())
	require.Equal(t, []any{-80.5, -9.5}, answer.Get("adjustments.#.adjustment").Value())
	s.requireStock(t, oneGram, 10)
	s.requireReserved(t, oneGram, shopFloor, 10)
	entries := s.ledger(t)
	require.Len(t, entries, 2)
	require.Equal(t, "sale", entries[0].Reason)
	require.Equal(t, "ticket 7", entries[0].Reference)
	require.Equal(t, medusatest.UserID, entries[0].Actor.ID)

	again, err := s.confirm(t.Context(), s.by("the key"), id)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	requireCode(t, ReservationNotFound, second(s.confirm(t.Context(), s.by(""), id)))
	s.requireStock(t, oneGram, 10)
	require.InDelta(t, 2, s.ended(t, "confirmed"), 0)
}

func TestOneReservationOfAHoldIsConfirmedAndTheRestStays(t *testing.T) {
	s, _ := aged(t)
	id, reservations := s.reserved(t, threeLines)
	_, err := s.confirm(t.Context(), s.by(""), reservations[1])
	require.NoError(t, err)
	require.Len(t, s.reservation(t, id).Get("reservations").Array(), 2)
	requireCode(t, ReservationNotFound, second(s.confirm(t.Context(), s.by(""), reservations[1])))
	_, err = s.confirm(t.Context(), s.by(""), id)
	require.NoError(t, err)
	require.Len(t, s.ledger(t), 3)
	s.requireNoHold(t)
}

func TestWhatIsNotThereIsNotSold(t *testing.T) {
	s, _ := aged(t)
	id, _ := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":5,"locationId":"sloc_high_up"}]}`)
	s.medusa.SetLevel(oneGram, shopFloor, medusatest.Quantities{Stocked: 4, Reserved: 15})
	requireCode(t, InsufficientStock, second(s.confirm(t.Context(), s.by("the key"), id)))
	s.requireStock(t, oneGram, 4)
	require.Len(t, s.reservation(t, id).Get("reservations").Array(), 1, "it is still held")
	s.medusa.SetLevel(oneGram, shopFloor, medusatest.Quantities{Stocked: 15, Reserved: 15})
	_, err := s.confirm(t.Context(), s.by("the key"), id)
	require.NoError(t, err, "the same key, since nothing was done for it")
	s.requireStock(t, oneGram, 10)
}

// Whatever fails of a confirmation, the sale counts once or not at all, and in the end
// its reservation is gone or held.
func TestASaleCountsOnce(t *testing.T) {
	const stockBefore, sold = 400.0, 7.0
	for name, failure := range map[string]medusatest.Failure{
		"a fault":    medusatest.Answer(http.StatusInternalServerError, `{"code":"unknown_error","type":"unknown_error","message":"An unknown error occurred."}`),
		"cut before": medusatest.Cut(),
		"cut after":  medusatest.CutAfter(),
	} {
		for at, match := range map[string]medusatest.Match{"the stock": levelWrites, "the reservation": reservationsDeleted} {
			t.Run(name+" at "+at, func(t *testing.T) {
				s, clock := aged(t)
				id, _ := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":7,"locationId":"sloc_deposito"}],"cartId":"c"}`)
				match.Times = 1
				s.medusa.Fail(match, failure)
				_, err := s.confirm(t.Context(), s.by("the key"), id)
				if at == "the reservation" {
					require.NoError(t, err, "the sale is made")
				} else {
					requireCode(t, OutcomeUnknown, err)
					requireCode(t, IdempotencyInProgress, second(s.confirm(t.Context(), s.by(""), id)))
					requireCode(t, IdempotencyInProgress, second(s.confirm(t.Context(), s.by("the key"), id)))
					requireCode(t, IdempotencyInProgress, second(s.releaseHold(t.Context(), s.by(""), id)))
				}
				clock.afterLanding()
				require.Eventually(t, func() bool { return s.tend(t) == nil }, patience, 10*time.Millisecond, "the confirmation is never ended")
				s.requireNoHold(t)
				again, err := s.confirm(t.Context(), s.by("the key"), id)
				require.NoError(t, err)
				require.True(t, again.Replayed)
				require.InDelta(t, -sold, gjson.GetBytes(again.JSON, "adjustments.0.adjustment").Float(), 0)
				level, _ := s.medusa.Level(oneGram, warehouse)
				require.InDelta(t, stockBefore-sold, level.Stocked, 0)
				require.InDelta(t, 40, level.Reserved, 0)
			})
		}
	}
}

// The gateway dies after each half: whoever sees to the hold ends it.
func TestAConfirmationIsEndedByWhoeverFindsIt(t *testing.T) {
	s, clock := aged(t)
	id, _ := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":7,"locationId":"sloc_deposito"}],"cartId":"c"}`)
	found, err := s.find(t.Context(), s.caller.Credential, id)
	require.NoError(t, err)
	attempt, err := s.beginSale(t.Context(), found, nil, state.Confirmation{AttemptID: "batch_x", Asked: id})
	require.NoError(t, err)
	require.NoError(t, s.tend(t), "it may still be under way")
	s.requireReserved(t, oneGram, warehouse, 47)

	hold, err := s.store.Hold(t.Context(), id)
	require.NoError(t, err)
	_, err = s.stock.Do(t.Context(), saleOf(soldBy(hold, attempt))) // and dies
	require.NoError(t, err)
	clock.forward.Add(int64(holdLease))
	require.NoError(t, s.tend(t))
	s.requireNoHold(t)
	level, _ := s.medusa.Level(oneGram, warehouse)
	require.InDelta(t, 393, level.Stocked, 0)
	require.InDelta(t, 40, level.Reserved, 0)
}

func TestAReservationIsChanged(t *testing.T) {
	s, _ := aged(t)
	id, reservations := s.reserved(t, `{"items":[{"variantId":"variant_bd_1g","quantity":7,"locationId":"sloc_deposito"}],"cartId":"c","description":"una"}`)
	changed, err := s.changeReservation(t.Context(), s.by(""), reservations[0], `{"quantity":9,"description":"otra: 5 %"}`)
	require.NoError(t, err)
	require.Equal(t, "otra: 5 %", gjson.GetBytes(changed.JSON, "reservation.description").String())
	s.requireReserved(t, oneGram, warehouse, 49)
	requireCode(t, InsufficientStock, second(s.changeReservation(t.Context(), s.by(""), reservations[0], `{"quantity":361}`)))

	moved, err := s.changeReservation(t.Context(), s.by("the key"), reservations[0], `{"locationId":"sloc_high_up","quantity":8,"expiresInSeconds":60}`)
	require.NoError(t, err)
	answer := gjson.GetBytes(moved.JSON, "reservation")
	require.NotEqual(t, reservations[0], answer.Get("id").String())
	require.Equal(t, []any{id, shopFloor, 8.0, "variant_bd_1g", "c", "otra: 5 %"}, []any{
		answer.Get("holdId").Value(), answer.Get("locationId").Value(), answer.Get("quantity").Value(), answer.Get("variantId").Value(),
		answer.Get("cartId").Value(), answer.Get("description").Value(),
	})
	require.WithinDuration(t, time.Now().Add(time.Minute), answer.Get("expiresAt").Time(), 30*time.Second)
	s.requireReserved(t, oneGram, warehouse, 40)
	s.requireReserved(t, oneGram, shopFloor, 18)
	again, err := s.changeReservation(t.Context(), s.by("the key"), reservations[0], `{"locationId":"sloc_high_up","quantity":8,"expiresInSeconds":60}`)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Len(t, s.reservation(t, id).Get("reservations").Array(), 1)
}

func TestAMoveThatFailsLeavesTheReservationWhereItWas(t *testing.T) {
	for name, fail := range map[string]func(s *shop){
		"no level":        nil,
		"too little":      func(s *shop) { s.medusa.Reserve(oneGram, shopFloor, 88) },
		"cut after":       func(s *shop) { s.medusa.Fail(reservationsMade, medusatest.CutAfter()) },
		"cut before":      func(s *shop) { s.medusa.Fail(reservationsMade, medusatest.Cut()) },
		"the other stays": func(s *shop) { s.medusa.Fail(afterTheQuestion(reservationsDeleted), medusatest.Cut()) },
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := aged(t)
			_, reservations := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":7,"locationId":"sloc_deposito"}],"cartId":"c","expiresInSeconds":3600}`)
			to := shopFloor
			if fail != nil {
				fail(s)
			} else {
				to = wholesale
			}
			before, _ := s.medusa.Level(oneGram, shopFloor)
			_, err := s.changeReservation(t.Context(), s.by(""), reservations[0], `{"locationId":"`+to+`"}`)
			s.medusa.LiftFailures()
			clock.forward.Add(int64(time.Minute))
			require.NoError(t, s.tend(t))
			if name == "the other stays" {
				require.NoError(t, err)
				s.requireReserved(t, oneGram, warehouse, 40)
				s.requireReserved(t, oneGram, shopFloor, 17)
				return
			}
			require.Error(t, err)
			s.requireReserved(t, oneGram, warehouse, 47)
			s.requireReserved(t, oneGram, shopFloor, before.Reserved)
			_, err = s.confirm(t.Context(), s.by(""), reservations[0])
			require.NoError(t, err, "it is still held")
		})
	}
}

// A quantity whose change was not answered may change yet, so it is not sold.
func TestAQuantityThatMayChangeIsNotSold(t *testing.T) {
	s, clock := aged(t)
	id, reservations := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":7,"locationId":"sloc_deposito"}],"cartId":"c","expiresInSeconds":3600}`)
	s.medusa.Fail(reservationsChanged, medusatest.CutAfter())
	requireCode(t, OutcomeUnknown, second(s.changeReservation(t.Context(), s.by(""), reservations[0], `{"quantity":9}`)))
	s.medusa.LiftFailures()
	e := requireCode(t, IdempotencyInProgress, second(s.confirm(t.Context(), s.by("the key"), id)))
	require.Greater(t, e.RetryAfter, 10*time.Second)
	clock.forward.Add(int64(holdOver))
	_, err := s.confirm(t.Context(), s.by("the key"), id)
	require.NoError(t, err)
	level, _ := s.medusa.Level(oneGram, warehouse)
	require.InDelta(t, 391, level.Stocked, 0, "what was reserved by then")
}

func TestMedusasOwnReservationsAreShownAndLeftToIt(t *testing.T) {
	s, _ := aged(t)
	id := "resitem_bd_7g_pedido"
	shown := s.reservation(t, id).Get("reservation")
	require.Equal(t, "ordli_1001", shown.Get("lineItemId").String())
	require.Equal(t, "pedido 1001", shown.Get("description").String())
	require.Equal(t, gjson.Null, shown.Get("holdId").Type)
	requireCode(t, ReservationNotOurs, second(s.confirm(t.Context(), s.by("the key"), id)))
	requireCode(t, ReservationNotOurs, second(s.changeReservation(t.Context(), s.by(""), id, `{"locationId":"sloc_deposito"}`)))
	requireCode(t, ReservationNotOurs, second(s.changeReservation(t.Context(), s.by(""), id, `{"expiresInSeconds":60}`)))
	_, err := s.changeReservation(t.Context(), s.by(""), id, `{"quantity":4}`)
	require.NoError(t, err)
	s.requireReserved(t, "iitem_bd_7g", shopFloor, 4)
	for i := range 2 {
		released, err := s.releaseHold(t.Context(), s.by("the key"), id)
		require.NoError(t, err)
		require.Equal(t, i > 0, released.Replayed)
	}
	s.requireReserved(t, "iitem_bd_7g", shopFloor, 0)
}

func TestReservationsAreListed(t *testing.T) {
	s, _ := aged(t)
	list := func(query string) gjson.Result {
		t.Helper()
		parsed, faults := mapping.ParseReservationsQuery(query)
		require.Empty(t, faults)
		answer, err := s.Reservations(t.Context(), s.caller, parsed)
		require.NoError(t, err)
		return gjson.ParseBytes(answer.JSON)
	}
	first, _ := s.reserved(t, threeLines)
	second, _ := s.reserved(t, threeLines)
	s.reserved(t, strings.Replace(threeLines, `"c"`, `"d"`, 1))
	all := list("limit=100")
	require.Equal(t, int64(9+9), all.Get("count").Int())
	require.Equal(t, int64(1), list("lineItemId=ordli_1002").Get("count").Int())
	require.Equal(t, int64(1+3), list("inventoryItemId=iitem_bd_14g").Get("count").Int())
	require.Equal(t, int64(3), list("inventoryItemId=iitem_bd_14g&locationId=sloc_deposito").Get("count").Int())

	ofCart := list("cartId=c&limit=4")
	require.Equal(t, int64(6), ofCart.Get("count").Int())
	require.Len(t, ofCart.Get("reservations").Array(), 4)
	for _, reservation := range append(ofCart.Get("reservations").Array(), list("cartId=c&offset=4").Get("reservations").Array()...) {
		require.Contains(t, []string{first, second}, reservation.Get("holdId").String())
		require.Equal(t, "c", reservation.Get("cartId").String())
	}
	require.Equal(t, int64(2), list("cartId=c&inventoryItemId=iitem_preroll").Get("count").Int())
	require.Equal(t, int64(0), list("cartId=none").Get("count").Int())
}

func TestAHoldIsReleased(t *testing.T) {
	s, _ := aged(t)
	levels := s.medusa.Levels()
	id, reservations := s.reserved(t, threeLines)
	_, err := s.releaseHold(t.Context(), s.by(""), reservations[0])
	require.NoError(t, err)
	require.Len(t, s.reservation(t, id).Get("reservations").Array(), 2)
	_, err = s.releaseHold(t.Context(), s.by("the key"), id)
	require.NoError(t, err)
	require.Equal(t, levels, s.medusa.Levels())
	s.requireNoHold(t)
	requireCode(t, ReservationNotFound, second(s.releaseHold(t.Context(), s.by(""), id)))
}

// A release that Medusa does not answer is brought to its end.
func TestAReleaseThatIsNotAnsweredGoesOn(t *testing.T) {
	s, _ := aged(t)
	levels := s.medusa.Levels()
	id, _ := s.reserved(t, threeLines)
	s.medusa.Fail(afterTheQuestion(reservationsDeleted), medusatest.Cut())
	requireCode(t, OutcomeUnknown, second(s.releaseHold(t.Context(), s.by("the key"), id)))
	requireCode(t, ReservationNotFound, second(s.confirm(t.Context(), s.by(""), id)))
	s.medusa.LiftFailures()
	require.NoError(t, s.tend(t))
	require.Equal(t, levels, s.medusa.Levels())
	_, err := s.releaseHold(t.Context(), s.by("the key"), id)
	require.NoError(t, err, "the same key")
}

// A reservation that was deleted in Medusa cannot be sold; the rest can be released.
func TestAReservationThatWasDeletedElsewhereIsMissed(t *testing.T) {
	s, _ := aged(t)
	id, reservations := s.reserved(t, threeLines)
	require.NoError(t, s.config.Medusa.Reservations.Delete(t.Context(), s.caller.Credential, reservations[1]))
	requireCode(t, ReservationNotFound, second(s.confirm(t.Context(), s.by(""), id)))
	requireCode(t, ReservationNotFound, second(s.confirm(t.Context(), s.by(""), reservations[1])))
	require.Len(t, s.reservation(t, id).Get("reservations").Array(), 2)
	_, err := s.releaseHold(t.Context(), s.by(""), id)
	require.NoError(t, err)
	s.requireNoHold(t)
}

// A proxy that delivers a call twice makes two reservations of one; both go.
func TestAReservationThatWasMadeTwiceIsReleasedTwice(t *testing.T) {
	s, _ := aged(t)
	rows := s.medusa.Rows()
	s.medusa.Fail(reservationsMade, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		for _, to := range []http.ResponseWriter{httptest.NewRecorder(), w} {
			r.Body = io.NopCloser(bytes.NewReader(body))
			medusa.ServeHTTP(to, r)
		}
	})
	id, _ := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":7,"locationId":"sloc_deposito"}],"cartId":"c"}`)
	s.requireReserved(t, oneGram, warehouse, 54)
	_, err := s.confirm(t.Context(), s.by(""), id)
	require.NoError(t, err)
	level, _ := s.medusa.Level(oneGram, warehouse)
	require.InDelta(t, 393, level.Stocked, 0, "the sale counts once")
	require.InDelta(t, 40, level.Reserved, 0)
	require.Equal(t, rows, s.medusa.Rows(), "a reservation is left")
}

// Nobody without a key, who does not hear the answer, could ever release it.
func TestAHoldOfACallerWhoIsGoneIsReleased(t *testing.T) {
	s, _ := aged(t)
	levels := s.medusa.Levels()
	ctx, leave := context.WithCancel(t.Context())
	s.medusa.Fail(reservationsMade, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		leave()
		medusa.ServeHTTP(w, r)
	})
	requireCode(t, Canceled, second(s.reserve(ctx, s.by(""), threeLines)))
	require.Equal(t, levels, s.medusa.Levels())
	s.requireNoHold(t)
}

// Whom Medusa does not let delete reservations cannot release one through its maker.
func TestMedusaDecidesWhoMayRelease(t *testing.T) {
	s, _ := aged(t)
	id, _ := s.reserved(t, threeLines)
	levels := s.medusa.Levels()
	s.medusa.Fail(reservationsDeleted, medusatest.Answer(http.StatusForbidden, `{"type":"forbidden","message":"Forbidden"}`))
	requireCode(t, Forbidden, second(s.releaseHold(t.Context(), s.by(""), id)))
	s.medusa.LiftFailures()
	require.NoError(t, s.tend(t))
	require.Equal(t, levels, s.medusa.Levels())
	require.Len(t, s.reservation(t, id).Get("reservations").Array(), 3)
}

func TestTwoWhoConfirmAtOnceSellOnce(t *testing.T) {
	s, _ := aged(t)
	id, _ := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":7,"locationId":"sloc_deposito"}],"cartId":"c"}`)
	var outcomes [8]error
	var callers sync.WaitGroup
	for i := range outcomes {
		callers.Go(func() { _, outcomes[i] = s.confirm(t.Context(), s.by(""), id) })
	}
	callers.Wait()
	sold := slices.DeleteFunc(slices.Clone(outcomes[:]), func(err error) bool { return err != nil })
	assert.Len(t, sold, 1, "%v", outcomes)
	level, _ := s.medusa.Level(oneGram, warehouse)
	require.InDelta(t, 393, level.Stocked, 0)
	require.InDelta(t, 40, level.Reserved, 0)
}
