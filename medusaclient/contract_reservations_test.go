package medusaclient

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shelf is where the tests reserve: 50 of iitem_bd_3_5g, none of them reserved.
var shelf = LevelKey{"iitem_bd_3_5g", "sloc_high_up"}

// reserving is what is written to reserve so much on the shelf.
func reserving(quantity Number, description string) ReservationWrite {
	return ReservationWrite{
		InventoryItemID: shelf.InventoryItemID, LocationID: shelf.LocationID, Quantity: &quantity, Description: &description,
	}
}

// reserve reserves on the shelf.
func (c contract) reserve(quantity Number, description string) Reservation {
	c.Helper()
	made, err := c.client.Reservations.Create(c.Context(), c.by, soon(), reserving(quantity, description))
	require.NoError(c, err)
	return made
}

// assertShelf checks what is stocked and what is reserved on the shelf.
func (c contract) assertShelf(stocked, reserved Number, says string) {
	c.Helper()
	level := c.levelsOf(shelf.InventoryItemID)[shelf.LocationID]
	assert.Equal(c, []Number{stocked, reserved}, []Number{level.StockedQuantity, level.ReservedQuantity}, says)
}

// setShelf writes what is stocked on the shelf.
func (c contract) setShelf(stocked Number) {
	c.Helper()
	_, err := c.client.InventoryItems.UpdateLevels(c.Context(), c.by, soon(), []LevelWrite{
		{InventoryItemID: shelf.InventoryItemID, LocationID: shelf.LocationID, StockedQuantity: &stocked},
	})
	require.NoError(c, err)
}

// assertInsufficient checks that Medusa refused to reserve what is not there.
func assertInsufficient(t testing.TB, err error) {
	t.Helper()
	assert.True(t, assertRefused(t, http.StatusBadRequest, "Not enough stock available", err).Insufficient())
}

func reservationIDs(reservations []Reservation) []string {
	return idsOf(reservations, func(reservation Reservation) string { return reservation.ID })
}

func reservationsFiltered(c contract) {
	for name, test := range map[string]struct {
		filter ReservationFilter
		want   []string
	}{
		"by item":                {ReservationFilter{InventoryItemID: "iitem_bd_1g"}, []string{"resitem_bd_1g_deposito", "resitem_bd_1g_mostrador", "resitem_bd_1g_pedido"}},
		"by location":            {ReservationFilter{LocationID: "sloc_deposito"}, []string{"resitem_bd_1g_deposito"}},
		"by line of an order":    {ReservationFilter{LineItemID: "ordli_1001"}, []string{"resitem_bd_1g_pedido", "resitem_bd_7g_pedido"}},
		"by description":         {ReservationFilter{Described: "apartado en mostrador"}, []string{"resitem_bd_1g_mostrador"}},
		"by its beginning":       {ReservationFilter{Described: "pedido 1001"}, []string{"resitem_bd_1g_pedido", "resitem_bd_7g_pedido"}},
		"by its middle":          {ReservationFilter{Described: "mostrador"}, []string{}},
		"by other letters":       {ReservationFilter{Described: "PEDIDO"}, []string{}},
		"by all":                 {ReservationFilter{"iitem_bd_1g", "sloc_high_up", "ordli_1001", "pedido"}, []string{"resitem_bd_1g_pedido"}},
		"by what never goes":     {ReservationFilter{InventoryItemID: "iitem_bd_7g", LocationID: "sloc_deposito"}, []string{}},
		"by an unknown item":     {ReservationFilter{InventoryItemID: "iitem_nope"}, []string{}},
		"by an unknown location": {ReservationFilter{LocationID: "sloc_nope"}, []string{}},
		"by an unknown line":     {ReservationFilter{LineItemID: "ordli_nope"}, []string{}},
	} {
		c.Run(name, func(t *testing.T) {
			page, err := c.client.Reservations.List(t.Context(), c.by, test.filter, 50, 0)
			require.NoError(t, err)
			assert.Equal(t, test.want, reservationIDs(page.Rows))
			assert.Equal(t, len(test.want), page.Count)
			all, err := c.client.Reservations.ListAll(t.Context(), c.by, test.filter)
			require.NoError(t, err)
			assert.Equal(t, page.Rows, all)
		})
	}
}

func reservationPages(c contract) {
	var ids []string
	for offset := 0; offset < 9; offset += 4 {
		page, err := c.client.Reservations.List(c.Context(), c.by, ReservationFilter{}, 4, offset)
		require.NoError(c, err)
		assert.Equal(c, 9, page.Count)
		ids = append(ids, reservationIDs(page.Rows)...)
	}
	assert.Len(c, ids, 9)
	assert.True(c, slices.IsSorted(ids), "in the order of ids, so that pages fit")
	assert.Len(c, slices.Compact(ids), 9, "no reservation twice")

	past, err := c.client.Reservations.List(c.Context(), c.by, ReservationFilter{}, 4, 100)
	require.NoError(c, err)
	assert.Empty(c, past.Rows)
	assert.Equal(c, 9, past.Count)
}

func descriptionMeansItself(c contract) {
	c.writing()
	descriptions := []string{
		"gw:hold_a:1 Ana", "gw:hold_a:10", "gw:hold_a:2", "gw:holdXa:1", "gw:hold_ab:1", "GW:HOLD_A:1", "see gw:hold_a:1",
		"50% Rabatt", "50 Rabatt", "_", "__", "x_", "%", "x%", `\`, `\\`, `\%`, `x\`, "a,b", "a+b&c", "ñandú 🌿",
	}
	for _, description := range descriptions {
		c.reserve("0.001", description)
	}
	for described, want := range map[string][]string{
		"gw:hold_a:":  {"gw:hold_a:1 Ana", "gw:hold_a:10", "gw:hold_a:2"},
		"gw:hold_a:1": {"gw:hold_a:1 Ana", "gw:hold_a:10"},
		"gw:holdXa:":  {"gw:holdXa:1"},
		"GW:":         {"GW:HOLD_A:1"},
		"50%":         {"50% Rabatt"},
		"50":          {"50% Rabatt", "50 Rabatt"},
		"_":           {"_", "__"},
		"__":          {"__"},
		"%":           {"%"},
		"%%":          {},
		`\`:           {`\`, `\\`, `\%`},
		`\\`:          {`\\`},
		`\%`:          {`\%`},
		`\_`:          {},
		"a,b":         {"a,b"},
		"a":           {"a,b", "a+b&c", "apartado en mostrador"},
		"a+b&":        {"a+b&c"},
		"ñandú 🌿":     {"ñandú 🌿"},
		"n":           {},
	} {
		c.Run(described, func(t *testing.T) {
			found, err := c.client.Reservations.ListAll(t.Context(), c.by, ReservationFilter{Described: described})
			require.NoError(t, err)
			assert.ElementsMatch(t, want, idsOf(found, func(reservation Reservation) string { return *reservation.Description }))
		})
	}
}

func reservationInFull(c contract) {
	ordered, err := c.client.Reservations.Get(c.Context(), c.by, "resitem_bd_7g_pedido")
	require.NoError(c, err)
	page, err := c.client.Reservations.List(c.Context(), c.by, ReservationFilter{InventoryItemID: "iitem_bd_7g"}, 1, 0)
	require.NoError(c, err)
	assert.Equal(c, []Reservation{ordered}, page.Rows, "the list shows the same")
	assertTime(c.T, ordered.CreatedAt)
	assertTime(c.T, ordered.UpdatedAt)
	ordered.CreatedAt, ordered.UpdatedAt = nil, nil
	assert.Equal(c, Reservation{
		ID: "resitem_bd_7g_pedido", InventoryItemID: "iitem_bd_7g", LocationID: "sloc_high_up", Quantity: "5",
		LineItemID: new("ordli_1001"), Description: new("pedido 1001"),
	}, ordered)

	sample, err := c.client.Reservations.Get(c.Context(), c.by, "resitem_fraccion_g")
	require.NoError(c, err)
	assert.Equal(c, Number("0.125"), sample.Quantity)
	assert.Nil(c, sample.LineItemID)

	_, err = c.client.Reservations.Get(c.Context(), c.by, "resitem_nope")
	assertRefused(c, http.StatusNotFound, "Reservation with id: resitem_nope was not found", err)
}

func reservationMade(c contract) {
	c.writing()
	reservations := c.client.Reservations
	made := c.reserve("2.125", "gw:hold_a:1 Ana")
	read, err := reservations.Get(c.Context(), c.by, made.ID)
	require.NoError(c, err)
	assert.Equal(c, read, made, "the answer is the reservation as it is read")
	assertTime(c.T, made.CreatedAt)
	made.ID, made.CreatedAt, made.UpdatedAt = "", nil, nil
	assert.Equal(c, Reservation{
		InventoryItemID: shelf.InventoryItemID, LocationID: shelf.LocationID, Quantity: "2.125", Description: new("gw:hold_a:1 Ana"),
	}, made)
	c.assertShelf("50", "2.125", "reserved, and still in stock")

	_, err = reservations.Create(c.Context(), c.by, soon(), reserving("47.876", "too much"))
	assertInsufficient(c, err)
	none := reserving("1", "no level")
	none.LocationID = "sloc_mayorista"
	_, err = reservations.Create(c.Context(), c.by, soon(), none)
	assert.False(c, assertRefused(c, http.StatusNotFound, "Item iitem_bd_3_5g is not stocked at location sloc_mayorista", err).Insufficient())
	none = reserving("1", "no item")
	none.InventoryItemID = "iitem_nope"
	_, err = reservations.Create(c.Context(), c.by, soon(), none)
	assertRefused(c, http.StatusNotFound, "Item iitem_nope is not stocked at location sloc_high_up", err)
	_, err = reservations.Create(c.Context(), c.by, time.Now().Add(-time.Millisecond), reserving("1", "late"))
	assertLate(c.T, err)
	c.assertShelf("50", "2.125", "refused, or not sent, is not reserved")

	c.reserve("47.875", "the rest")
	c.assertShelf("50", "50", "all there is")
	c.reserve("-3", "less than nothing")
	c.assertShelf("50", "47", "Medusa does not look")
	closed := reserving("1", "closed")
	closed.InventoryItemID, closed.LocationID = "iitem_cerrado", "sloc_cerrado"
	_, err = reservations.Create(c.Context(), c.by, soon(), closed)
	require.NoError(c, err, "a level is enough, though its location is deleted")
}

func reservationUpdated(c contract) {
	c.writing()
	made := c.reserve("2", "gw:hold_a:1")
	update := func(write ReservationWrite) Reservation {
		c.Helper()
		changed, err := c.client.Reservations.Update(c.Context(), c.by, soon(), made.ID, write)
		require.NoError(c, err)
		read, err := c.client.Reservations.Get(c.Context(), c.by, made.ID)
		require.NoError(c, err)
		assert.Equal(c, read, changed, "the answer is the reservation as it is read")
		return changed
	}
	refuse := func(by time.Time, write ReservationWrite) error {
		c.Helper()
		_, err := c.client.Reservations.Update(c.Context(), c.by, by, made.ID, write)
		require.Error(c, err)
		read, getErr := c.client.Reservations.Get(c.Context(), c.by, made.ID)
		require.NoError(c, getErr)
		assert.Equal(c, Number("49.5"), read.Quantity, "what is refused changes nothing")
		assert.Equal(c, new("gw:hold_a:1 Ana"), read.Description, "what is refused changes nothing")
		return err
	}

	more := update(ReservationWrite{Quantity: new(Number("49.5"))})
	assert.Equal(c, Number("49.5"), more.Quantity)
	assert.Equal(c, new("gw:hold_a:1"), more.Description, "what is not named stays")
	c.assertShelf("50", "49.5", "more is reserved")
	told := update(ReservationWrite{Description: new("gw:hold_a:1 Ana")})
	assert.Equal(c, new("gw:hold_a:1 Ana"), told.Description)
	assert.Equal(c, Number("49.5"), told.Quantity, "what is not named stays")
	c.assertShelf("50", "49.5", "a text reserves nothing")

	assertInsufficient(c, refuse(soon(), ReservationWrite{Quantity: new(Number("50.001"))}))
	assertLate(c.T, refuse(time.Now().Add(-time.Millisecond), ReservationWrite{Quantity: new(Number("1"))}))
	c.assertShelf("50", "49.5", "refused, or not sent, is not reserved")

	c.setShelf("49")
	assertInsufficient(c, refuse(soon(), ReservationWrite{Quantity: new(Number("1"))}))
	assertInsufficient(c, refuse(soon(), ReservationWrite{Description: new("Ana")}))
	c.setShelf("50")
	less := update(ReservationWrite{Quantity: new(Number("1"))})
	assert.Equal(c, Number("1"), less.Quantity)
	c.assertShelf("50", "1", "less is reserved")

	require.NoError(c, c.client.Reservations.Delete(c.Context(), c.by, made.ID))
	for _, id := range []string{made.ID, "resitem_nope"} {
		_, err := c.client.Reservations.Update(c.Context(), c.by, soon(), id, ReservationWrite{Quantity: new(Number("1"))})
		refused := assertRefused(c, http.StatusBadRequest, fmt.Sprintf("Reservation item with id %s not found", id), err)
		assert.False(c, refused.Insufficient(), "there is no such reservation, which is not a lack of stock")
	}
}

func reservationDeleted(c contract) {
	c.writing()
	reservations := c.client.Reservations
	kept, made := c.reserve("3", "kept"), c.reserve("2", "made")
	c.setShelf("1")
	for range 2 {
		require.NoError(c, reservations.Delete(c.Context(), c.by, made.ID), "where more is reserved than there is, too, and once more")
		c.assertShelf("1", "3", "given back once")
	}
	require.NoError(c, reservations.Delete(c.Context(), c.by, "resitem_nope"))
	_, err := reservations.Get(c.Context(), c.by, made.ID)
	assertRefused(c, http.StatusNotFound, "was not found", err)
	left, err := reservations.ListAll(c.Context(), c.by, ReservationFilter{InventoryItemID: shelf.InventoryItemID})
	require.NoError(c, err)
	assert.Equal(c, []string{kept.ID}, reservationIDs(left))
}

// reservationWithoutLevel: a level goes while something is reserved when what is
// reserved is nothing in sum.
func reservationWithoutLevel(c contract) {
	c.writing()
	made := c.reserve("0", "nothing")
	level := c.levelsOf(shelf.InventoryItemID)[shelf.LocationID]
	require.NoError(c, c.client.InventoryItems.DeleteLevels(c.Context(), c.by, soon(), []string{level.ID}, true))

	says := "Item iitem_bd_3_5g is not stocked at location sloc_high_up"
	assertRefused(c, http.StatusNotFound, says, c.client.Reservations.Delete(c.Context(), c.by, made.ID))
	_, err := c.client.Reservations.Update(c.Context(), c.by, soon(), made.ID, ReservationWrite{Description: new("a")})
	assertRefused(c, http.StatusNotFound, says, err)
	read, err := c.client.Reservations.Get(c.Context(), c.by, made.ID)
	require.NoError(c, err)
	assert.Equal(c, made, read, "it stays")
}

func levelsNamed(c contract) {
	want := map[string]string{"sloc_high_up": "4 0  [High Up - Dispensario Palermo]", "sloc_cerrado": "6 0  []"}
	items, err := c.client.InventoryItems.ListCounted(c.Context(), c.by,
		CountedFilter{IDs: []string{"iitem_cerrado"}, CountedLevels: CountedLevels{Names: true}})
	require.NoError(c, err)
	require.Len(c, items, 1)
	variants, err := c.client.Products.ListCounted(c.Context(), c.by, []string{"variant_cerrado"}, CountedLevels{Names: true})
	require.NoError(c, err)
	require.Len(c, variants, 1)
	for _, levels := range [][]InventoryLevel{items[0].LocationLevels, variants[0].InventoryItems[0].Inventory.LocationLevels} {
		assert.Equal(c, want, quantities(levels))
		for _, level := range levels {
			id, name := level.Location()
			assert.Equal(c, id == "sloc_cerrado", name == nil, "a location that is deleted has no name, and no other: %s", id)
			for _, location := range level.StockLocations {
				assert.Nil(c, location.Address, "not asked for")
			}
		}
	}
}
