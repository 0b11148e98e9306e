package medusatest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const reservationsRoute = "/admin/reservations"

func reservationBody(locationID string, quantity float64) string {
	return fmt.Sprintf(`{"inventory_item_id":%q,"location_id":%q,"quantity":%v}`, itemID, locationID, quantity)
}

func TestWhatIsReservedIsTheSumOfTheCataloguesReservations(t *testing.T) {
	s := New()
	sums := map[LevelKey]float64{}
	_, body := get(t, s, reservationsRoute+"?limit=100")
	for _, each := range body["reservations"].([]any) {
		reservation := each.(map[string]any)
		sums[LevelKey{reservation["inventory_item_id"].(string), reservation["location_id"].(string)}] += reservation["quantity"].(float64)
	}
	require.NotEmpty(t, sums)
	for key, level := range s.Levels() {
		assert.InDelta(t, sums[key], level.Reserved, 0, "%v", key)
	}
}

func TestOfManyReservationsAsManySucceedAsThereIs(t *testing.T) {
	s := New()
	s.SetLevel(itemID, near, Quantities{Stocked: 10})
	before := updatedAt(t, s, near)
	statuses := make(chan int)
	for range 50 {
		go func() { statuses <- sendJSON(s, http.MethodPost, reservationsRoute, reservationBody(near, 1)).Code }()
	}
	counts := map[int]int{}
	for range 50 {
		counts[<-statuses]++
	}
	assert.Equal(t, map[int]int{http.StatusOK: 10, http.StatusBadRequest: 40}, counts)
	level, _ := s.Level(itemID, near)
	assert.Equal(t, Quantities{Stocked: 10, Reserved: 10}, level)
	assert.Greater(t, updatedAt(t, s, near), before, "a reservation moves the time of the level")
}

func TestAReservationThatMovesStaysReservedWhereItWas(t *testing.T) {
	s := New()
	reserved := func() [2]float64 {
		first, _ := s.Level(itemID, near)
		second, _ := s.Level(itemID, far)
		return [2]float64{first.Reserved, second.Reserved}
	}
	require.Equal(t, [2]float64{10, 40}, reserved())
	id := made(t, s, http.MethodPost, reservationsRoute, reservationBody(near, 5), "resitem")
	made(t, s, http.MethodPost, reservationsRoute+"/"+id, `{"location_id":"`+far+`"}`, "resitem")
	assert.Equal(t, [2]float64{15, 45}, reserved())
	for range 2 {
		assert.Equal(t, http.StatusOK, sendJSON(s, http.MethodDelete, reservationsRoute+"/"+id, "").Code)
		assert.Equal(t, [2]float64{15, 40}, reserved(), "given back once, and never where it came from")
	}
}

func TestPuttingAReservationAgainCountsItOnce(t *testing.T) {
	s := New()
	s.Reserve(itemID, near, 1)
	for _, quantity := range []float64{5, 2} {
		s.Put(Reservation{ID: "resitem_test", InventoryItemID: itemID, LocationID: near, Quantity: quantity})
	}
	level, _ := s.Level(itemID, near)
	assert.InDelta(t, 13, level.Reserved, 0, "10 of the catalogue, 1 without a row, 2")
}
