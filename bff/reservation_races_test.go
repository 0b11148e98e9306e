package bff

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const sevenInTheWarehouse = `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":7,"locationId":"sloc_deposito"}],"cartId":"c","expiresInSeconds":3600}`

var forbidden = medusatest.Answer(http.StatusForbidden, `{"type":"forbidden","message":"Forbidden"}`)

// Who holds stock can buy it, also when all of it is held and all buy at once.
func TestAllOfAStockThatIsHeldCanBeConfirmedAtOnce(t *testing.T) {
	s, _ := aged(t)
	const item = "iitem_rareza_siete" // 10 on the shop floor
	var holds []string
	for range 10 {
		id, _ := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_rareza_siete","quantity":1,"locationId":"sloc_high_up"}],"cartId":"c"}`)
		holds = append(holds, id)
	}
	s.requireReserved(t, item, shopFloor, 10)
	var refused atomic.Int32
	var callers sync.WaitGroup
	for _, id := range holds {
		callers.Go(func() {
			if _, err := s.confirm(t.Context(), s.by(""), id); err != nil {
				refused.Add(1)
				t.Logf("%v", err)
			}
		})
	}
	callers.Wait()
	require.Zero(t, refused.Load(), "holds of stock that is there, and is theirs, were not sold")
}

// A reservation that outlives its sale for a while is nobody's hindrance.
func TestASaleWhoseReservationLingersDoesNotRefuseTheNext(t *testing.T) {
	s, _ := aged(t)
	var holds []string
	for range 10 {
		id, _ := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_rareza_siete","quantity":1,"locationId":"sloc_high_up"}],"cartId":"c"}`)
		holds = append(holds, id)
	}
	s.medusa.Fail(medusatest.Match{Method: http.MethodDelete, Path: "/admin/reservations/*", Times: 1}, medusatest.Cut())
	_, err := s.confirm(t.Context(), s.by(""), holds[0])
	require.NoError(t, err)
	_, err = s.confirm(t.Context(), s.by(""), holds[1])
	require.NoError(t, err, "its own reservation guarantees it")
}

// What is sold is not held again, whoever may not release it.
func TestWhoMayNotReleaseCannotMakeASoldLineHeldAgain(t *testing.T) {
	s, _ := aged(t)
	_, reservations := s.reserved(t, sevenInTheWarehouse)
	lift := s.medusa.Fail(reservationsDeleted, medusatest.Cut())
	_, err := s.confirm(t.Context(), s.by(""), reservations[0])
	require.NoError(t, err, "the sale is made, its reservation goes later")
	lift()
	lift = s.medusa.Fail(reservationsDeleted, forbidden)
	requireCode(t, Forbidden, second(s.releaseHold(t.Context(), s.by(""), reservations[0])))
	lift()
	_, err = s.confirm(t.Context(), s.by(""), reservations[0])
	level, _ := s.medusa.Level(oneGram, warehouse)
	assert.InDelta(t, 393, level.Stocked, 0, "the sale counts once")
	requireCode(t, ReservationNotFound, err)
}

// Two move lines of one hold, one of them with a key.
func TestAMoveKeepsItsAnswerWithItsOwnKey(t *testing.T) {
	s, _ := aged(t)
	_, reservations := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":7,"locationId":"sloc_deposito"},
		{"inventoryItemId":"iitem_bd_1g","quantity":2,"locationId":"sloc_deposito"}],"cartId":"c"}`)
	released, made, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: "/admin/reservations", Times: 2}, func() medusatest.Failure {
		var calls atomic.Int32
		return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
			if calls.Add(1) == 1 { // of the one without a key, while the other begins
				close(made)
				<-released
			} else {
				close(released)
				<-over
			}
			medusa.ServeHTTP(w, r)
		}
	}())
	other := s.another("user_other")
	first := make(chan error, 1)
	go func() {
		defer close(over)
		_, err := s.changeReservation(context.Background(), s.by(""), reservations[0], `{"locationId":"sloc_high_up"}`)
		first <- err
	}()
	<-made
	theirs := Write{Caller: other, Key: "the key", RequestID: "req"}
	moved, err := s.changeReservation(t.Context(), theirs, reservations[1], `{"locationId":"sloc_high_up"}`)
	require.NoError(t, err)
	require.NoError(t, <-first)
	require.InDelta(t, 2, gjson.GetBytes(moved.JSON, "reservation.quantity").Float(), 0)
	again, err := s.changeReservation(t.Context(), theirs, reservations[1], `{"locationId":"sloc_high_up"}`)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, string(moved.JSON), string(again.JSON), "the answer to somebody else's request")
}

// A gateway dies while it moves a reservation for a request with a key.
func TestAMoveThatDiedCanBeMadeAnew(t *testing.T) {
	s, clock := aged(t)
	_, reservations := s.reserved(t, sevenInTheWarehouse)
	w := s.by("the key")
	body := `{"locationId":"sloc_high_up"}`
	asked, _ := mapping.ParseReservationChange([]byte(body))
	w.Request = []byte(body)
	try, _, err := s.begin(t.Context(), w, actorOf(w.Credential), sha256.Sum256(w.Request))
	require.NoError(t, err)
	found, err := s.find(t.Context(), s.caller.Credential, reservations[0])
	require.NoError(t, err)
	require.NoError(t, s.take(t.Context(), try))
	change := reservationChange{g: s.Gateway, try: try, asked: asked, found: found}
	_, err = change.beginMove(t.Context(), 1, found.reservations[1]) // and dies
	require.NoError(t, err)
	clock.forward.Add(int64(2 * time.Minute))
	require.NoError(t, s.tend(t), "nothing of it can come any more")
	_, err = s.changeReservation(t.Context(), w, reservations[0], body)
	require.NoError(t, err, "the same key never gets an answer, and nobody can move it any more")
}

// A quantity changes after a confirmation has read it.
func TestWhatIsSoldIsWhatIsReserved(t *testing.T) {
	s, _ := aged(t)
	id, reservations := s.reserved(t, sevenInTheWarehouse)
	s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Path: "/admin/reservations", Times: 1}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		medusa.ServeHTTP(w, r)
		_, err := s.changeReservation(context.Background(), s.by(""), reservations[0], `{"quantity":9}`)
		assert.NoError(t, err)
	})
	requireCode(t, IdempotencyInProgress, second(s.confirm(t.Context(), s.by(""), id)))
	_, err := s.confirm(t.Context(), s.by(""), id)
	require.NoError(t, err)
	level, _ := s.medusa.Level(oneGram, warehouse)
	require.InDelta(t, 391, level.Stocked, 0, "9 were reserved and told so before anything was sold")
}

// The caller hangs up when the sale is written down and its stock is not taken yet.
func TestASaleOfACallerWhoHangsUpIsNotMadeBehindHisBack(t *testing.T) {
	s, clock := aged(t)
	id, _ := s.reserved(t, sevenInTheWarehouse)
	ctx, hangUp := context.WithCancel(t.Context())
	s.now = func() time.Time { hangUp(); return clock.now() } // beginSale asks for the time
	requireCode(t, Canceled, second(s.confirm(ctx, s.by("the key"), id)))
	s.now = clock.now
	clock.forward.Add(int64(holdLease))
	require.NoError(t, s.tend(t))
	level, _ := s.medusa.Level(oneGram, warehouse)
	require.InDelta(t, 400, level.Stocked, 0, "it was sold all the same")
	_, err := s.confirm(t.Context(), s.by("the key"), id)
	require.NoError(t, err, "nothing was sold, so it can be")
}

// A confirmation still waits for its level when whoever sees to the hold takes it for
// abandoned.
func TestTwoWhoEndOneSaleHarmNobodyElse(t *testing.T) {
	s, clock := prepared(t, with(openStore(t, newDatabase(t)))), &clock{}
	s.now = clock.now
	working(t, s)
	id, _ := s.reserved(t, sevenInTheWarehouse)
	release := s.hold(t)
	outcome, tended, innocent := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.confirm(context.Background(), s.by("the key"), id)
		outcome <- err
	}()
	s.awaitWaiting(t, 1)
	clock.forward.Add(int64(holdLease))
	go func() { tended <- s.tendHold(context.Background(), id) }()
	s.awaitWaiting(t, 2)
	go func() {
		_, err := s.adjust(context.Background(), s.by(""), more("iitem_bd_7g", 1))
		innocent <- err
	}()
	s.awaitWaiting(t, 3)
	release()
	told := <-innocent
	require.NoError(t, <-outcome)
	<-tended // it may find its own end, or another's
	require.NoError(t, told, "a change of somebody else's")
	level, _ := s.medusa.Level(oneGram, warehouse)
	assert.InDelta(t, 393, level.Stocked, 0, "the sale counts once")
}

// To let a reservation expire is to delete it.
func TestWhoMayNotReleaseCannotLetExpire(t *testing.T) {
	s, clock := aged(t)
	id, _ := s.reserved(t, sevenInTheWarehouse)
	s.medusa.PutUser(medusatest.User{ID: "user_without", Email: "without@cannahub.test", Password: "x"})
	token := s.medusa.Token("user_without")
	s.medusa.Fail(reservationsDeleted, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		if r.Header.Get("Authorization") == "Bearer "+token {
			forbidden(w, r, medusa)
			return
		}
		medusa.ServeHTTP(w, r)
	})
	w := Write{Caller: Caller{Credential: medusaclient.Bearer(token)}, RequestID: "req"}
	requireCode(t, Forbidden, second(s.releaseHold(t.Context(), w, id)))
	requireCode(t, Forbidden, second(s.changeReservation(t.Context(), w, id, `{"expiresInSeconds":1}`)))
	requireCode(t, Forbidden, second(s.changeReservation(t.Context(), w, id, `{"locationId":"sloc_high_up"}`)))
	clock.forward.Add(int64(time.Minute))
	require.NoError(t, s.tend(t))
	s.requireReserved(t, oneGram, warehouse, 47)
}

// A release that goes on is not told to have failed.
func TestAReleaseThatGoesOnIsNotToldToHaveFailed(t *testing.T) {
	s, clock := aged(t)
	id, _ := s.reserved(t, sevenInTheWarehouse)
	// The second list, that of the marks: the first is of find.
	s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Path: "/admin/reservations", After: 1}, medusatest.Cut())
	requireCode(t, OutcomeUnknown, second(s.releaseHold(t.Context(), s.by("the key"), id)))
	s.medusa.LiftFailures()
	clock.forward.Add(int64(holdLease))
	require.NoError(t, s.tend(t))
	s.requireReserved(t, oneGram, warehouse, 40)
	_, err := s.releaseHold(t.Context(), s.by("the key"), id)
	require.NoError(t, err, "the same key")
}

// What may have been sold stays reserved; the rest of its hold expires.
func TestALineOfWhichTheSaleIsUnknownStays(t *testing.T) {
	s, clock := aged(t)
	id, reservations := s.reserved(t, `{"items":[{"inventoryItemId":"iitem_bd_1g","quantity":7,"locationId":"sloc_deposito"},
		{"inventoryItemId":"iitem_bd_14g","quantity":1,"locationId":"sloc_deposito"}],"cartId":"c","expiresInSeconds":60}`)
	found, err := s.find(t.Context(), s.caller.Credential, reservations[0])
	require.NoError(t, err)
	attempt, err := s.beginSale(t.Context(), found, nil, state.Confirmation{AttemptID: "batch_x", Asked: reservations[0]})
	require.NoError(t, err)
	requireCode(t, OutcomeUnknown, s.leaveUnknown(t.Context(), id, attempt, stock.Outcome{Status: stock.Unknown, Final: true}))
	shown := s.reservation(t, reservations[1]).Get("reservation.expiresAt")
	assert.NotEqual(t, gjson.Null, shown.Type, "the other reservation, which nobody sells, is held without end")
	_, err = s.changeReservation(t.Context(), s.by(""), reservations[1], `{"expiresInSeconds":60}`)
	require.NoError(t, err)
	clock.forward.Add(int64(2 * time.Minute))
	require.NoError(t, s.tend(t))
	s.requireReserved(t, oneGram, warehouse, 47)
}

// A level comes late, or would come at the last moment, at a location that goes.
func TestNoLevelStaysAtALocationThatIsGone(t *testing.T) {
	t.Run("late", func(t *testing.T) {
		s, clock := aged(t)
		id := s.location(t, locationBody)
		var late medusatest.Late
		match := levelWrites
		match.Times = 1
		s.medusa.Fail(match, late.Cut)
		_, err := s.update(t.Context(), s.by(""), fmt.Sprintf(`{"inventoryItemId":"iitem_bd_1g","locationId":%q,"stockedQuantity":5}`, id))
		requireCode(t, OutcomeUnknown, err)
		requireCode(t, OutcomeUnknown, s.deleteLocation(t.Context(), s.by(""), id, ""))
		require.True(t, late.Land())
		clock.afterLanding()
		require.NoError(t, s.deleteLocation(t.Context(), s.by(""), id, "force=true"))
		require.Zero(t, s.levelsAt(id), "5 g at a location that is gone count for ever")
	})
	t.Run("at the last moment", func(t *testing.T) {
		s, _ := aged(t)
		id := s.location(t, locationBody)
		s.medusa.Fail(medusatest.Match{Method: http.MethodDelete, Path: "/admin/stock-locations/" + id}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			if _, err := s.store.Turn(ctx); err == nil {
				t.Error("somebody else could make a level now")
			}
			medusa.ServeHTTP(w, r)
		})
		require.NoError(t, s.deleteLocation(t.Context(), s.by(""), id, ""))
	})
}

// A reservation is changed while it is moved.
func TestAChangeWhileAReservationIsMovedIsNotLost(t *testing.T) {
	s, _ := aged(t)
	_, reservations := s.reserved(t, sevenInTheWarehouse)
	changed := errors.New("not tried")
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: "/admin/reservations", Times: 1}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		_, changed = s.changeReservation(context.Background(), s.by(""), reservations[0], `{"quantity":9}`)
		medusa.ServeHTTP(w, r)
	})
	requireCode(t, IdempotencyInProgress, second(s.changeReservation(t.Context(), s.by(""), reservations[0], `{"locationId":"sloc_high_up"}`)))
	require.NoError(t, changed)
	s.requireReserved(t, oneGram, warehouse, 49)
	s.requireReserved(t, oneGram, shopFloor, 10)
}

// Who releases need not write levels.
func TestMedusaAloneDecidesWhoMayRelease(t *testing.T) {
	s, _ := aged(t)
	id, _ := s.reserved(t, sevenInTheWarehouse)
	s.medusa.Fail(levelWrites, forbidden)
	_, err := s.releaseHold(t.Context(), Write{Caller: s.another("user_reservations"), RequestID: "req"}, id)
	require.NoError(t, err, "Medusa lets him delete reservations")
}

// An order comes while the stock of a location is moved.
func TestStockIsNotMovedFromUnderAReservation(t *testing.T) {
	s := stocked(t)
	id := s.stockedLocation(t)
	s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Path: "/admin/inventory-items", After: 1, Times: 1}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		s.medusa.Reserve(oneGram, id, 2) // after all was looked at, before the lane looks
		medusa.ServeHTTP(w, r)
	})
	err := s.deleteLocation(t.Context(), s.by(""), id, "transferTo="+warehouse)
	requireCode(t, LocationNotEmpty, err)
	level, _ := s.medusa.Level(oneGram, id)
	require.GreaterOrEqual(t, level.Stocked, level.Reserved, "the order's stock was moved to where others buy it")
}

// Levels come as quickly as they are removed, by somebody else.
func TestALocationWithLevelsIsNotDeleted(t *testing.T) {
	s := stocked(t)
	id := s.stockedLocation(t)
	s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Path: "/admin/inventory-items"}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		if r.URL.Query().Get("location_levels[location_id]") == id {
			s.medusa.SetLevel("iitem_bd_7g", id, medusatest.Quantities{Stocked: 5})
		}
		medusa.ServeHTTP(w, r)
	})
	requireCode(t, LocationNotEmpty, s.deleteLocation(t.Context(), s.by(""), id, "force=true"))
	s.requireLocation(t, id, true)
}

func TestWhatWasNotTriedIsNotUnknown(t *testing.T) {
	s, _ := aged(t)
	id, reservations := s.reserved(t, sevenInTheWarehouse)
	release := make(chan struct{})
	s.medusa.Fail(reservationsChanged, medusatest.Hold(release))
	done := make(chan error, 1)
	go func() {
		_, err := s.changeReservation(context.Background(), s.by(""), reservations[0], `{"quantity":9}`)
		done <- err
	}()
	require.Eventually(t, func() bool {
		hold, err := s.store.Hold(t.Context(), id)
		return err == nil && !hold.Lines[0].ChangingTill.IsZero()
	}, patience, time.Millisecond)
	_, err := s.confirm(t.Context(), s.by(""), id)
	close(release)
	require.NoError(t, <-done)
	require.NotEqual(t, OutcomeUnknown, failed(err).Code, "%s", failed(err).Message.In(mapping.English))
}

func TestARefusalOfAChangeNamesTheQuantity(t *testing.T) {
	s, _ := aged(t)
	s.medusa.Fail(reservationsChanged, medusatest.Answer(http.StatusBadRequest, `{"type":"not_allowed","message":"Not enough stock available for item x at location y"}`))
	e := requireCode(t, InsufficientStock, second(s.changeReservation(t.Context(), s.by(""), "resitem_bd_7g_pedido", `{"description":"x"}`)))
	require.NotContains(t, e.Message.In(mapping.English), " 0 ")
}

func TestWhoHasNoKeyIsNotToldOfOne(t *testing.T) {
	s, _ := aged(t)
	id, _ := s.reserved(t, sevenInTheWarehouse)
	found, err := s.find(t.Context(), s.caller.Credential, id)
	require.NoError(t, err)
	_, err = s.beginSale(t.Context(), found, nil, state.Confirmation{AttemptID: "batch_x", Asked: id})
	require.NoError(t, err)
	_, err = s.releaseHold(t.Context(), s.by(""), id)
	require.NotContains(t, failed(err).Message.In(mapping.English), "Idempotency-Key")
}
