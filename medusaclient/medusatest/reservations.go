package medusatest

import (
	"maps"
	"math"
	"net/http"
	"strings"
)

var reservationEntity = &entity{
	searched:   []string{"description"},
	searchedIn: []string{"inventory_item"},
	relations: map[string]relation{
		"inventory_item": {target: "inventory_item", parentKey: "inventory_item_id", childKey: "id", foreignKey: "inventory_item_id", back: "reservation_items", of: func(t *tables, r row) []row {
			return one(t, "inventory_item", r["inventory_item_id"])
		}},
	},
}

var reservations = resource{
	entity: reservationEntity, table: "reservation_item", singular: "reservation", plural: "reservations",
	defaults: reservationDefaults(), strict: true, limit: 20,
	params: plainListParams(append([]param{
		{"q", text},
		{"location_id", textOrList},
		{"inventory_item_id", textOrList},
		{"line_item_id", textOrList},
		{"created_by", textOrList},
		{"description", operators(asText)},
		{"quantity", operators(asNumber)},
	}, timeParams...)...),
	missing: func(id string) string { return "Reservation with id: " + id + " was not found" },
}

// reservationDefaults show the item too, but not its levels.
func reservationDefaults() []string {
	fields := []string{
		"id", "location_id", "inventory_item_id", "quantity", "line_item_id", "description", "metadata", "created_at", "updated_at",
	}
	for _, field := range inventoryItemDefaults {
		if !strings.HasPrefix(field, "*") {
			fields = append(fields, "inventory_item."+field)
		}
	}
	return fields
}

// createReservation is POST /admin/reservations. The quantity may be nothing, or
// less.
func (s *Server) createReservation(r *http.Request) (effect, *problem) {
	reservation := row{
		"line_item_id": nil, "description": nil, "metadata": nil,
		"allow_backorder": false, "external_id": nil, "created_by": nil,
	}
	shown, fault := readWrite(r, func(f *bodyFields) {
		f.textOrNull("line_item_id", reservation)
		reservation["location_id"] = f.text("location_id")
		reservation["inventory_item_id"] = f.text("inventory_item_id")
		quantity, _ := field[float64](f, "quantity", "number", true)
		setQuantity(reservation, "quantity", quantity)
		f.textOrNull("description", reservation)
		f.metadata(reservation)
	})
	if fault != nil {
		return nil, fault
	}
	return s.changing(reservations, shown, func(t *tables) (string, *problem) {
		quantity := quantityOf(reservation, "quantity")
		if _, fault := t.levelWith(reservation, quantity); fault != nil {
			return "", fault
		}
		t.keepReservation(reservation)
		return idOf(reservation), nil
	}), nil
}

// updateReservation is POST /admin/reservations/:id. A reservation that moves is
// counted at its new location, and stays counted at the old one.
func (s *Server) updateReservation(r *http.Request) (effect, *problem) {
	id := r.PathValue("id")
	columns := row{}
	shown, fault := readWrite(r, func(f *bodyFields) {
		if location, given := f.optionalText("location_id"); given {
			columns["location_id"] = location
		}
		if quantity, given := field[float64](f, "quantity", "number", false); given {
			setQuantity(columns, "quantity", quantity)
		}
		f.textOrNull("description", columns)
		f.metadata(columns)
	})
	if fault != nil {
		return nil, fault
	}
	return s.changing(reservations, shown, func(t *tables) (string, *problem) {
		return id, t.updateReservation(id, columns)
	}), nil
}

func (t *tables) updateReservation(id string, columns row) *problem {
	before := t.get("reservation_item", id)
	if before == nil {
		return invalidData("Reservation item with id " + id + " not found")
	}
	if metadata, given := columns["metadata"]; given {
		columns["metadata"] = merged(before["metadata"], metadata)
	}
	after := maps.Clone(before)
	maps.Copy(after, columns)
	held, wanted := quantityOf(before, "quantity"), quantityOf(after, "quantity")
	growth := 0.0
	if wanted != 0 {
		growth = math.Max(sum(wanted, -held), 0)
	}
	level, fault := t.levelWith(after, growth)
	if fault != nil {
		return fault
	}
	t.putReservationRow(t.change("reservation_item", before, columns))
	switch moved := after["location_id"] != before["location_id"]; {
	case moved && wanted != 0:
		t.reserve(level, wanted)
	case moved:
		t.reserve(level, held)
	default:
		t.reserve(level, sum(wanted, -held))
	}
	return nil
}

// levelWith is the level of a reservation, which must have so much available
// unless it was overdrawn on purpose. Nothing more is still refused where less
// than nothing is there.
func (t *tables) levelWith(reservation row, quantity float64) (row, *problem) {
	itemID, locationID := textOf(reservation, "inventory_item_id"), textOf(reservation, "location_id")
	level := t.levelAt(itemID, locationID)
	switch {
	case level == nil:
		return nil, notFound(notStocked(itemID, locationID))
	case reservation["allow_backorder"] != true && available(level) < quantity:
		return nil, notAllowed("Not enough stock available for item " + itemID + " at location " + locationID)
	}
	return level, nil
}

// reserve adds to what is reserved at a level.
func (t *tables) reserve(level row, quantity float64) {
	if quantity == 0 {
		return
	}
	q := quantitiesOf(level)
	q.Reserved = sum(q.Reserved, quantity)
	next := changed(level, nil)
	setQuantities(next, q)
	t.putLevel(next)
}

// deleteReservation refuses to delete one whose level is gone.
func (t *tables) deleteReservation(id string) *problem {
	reservation := t.get("reservation_item", id)
	if reservation == nil {
		return nil
	}
	itemID, locationID := textOf(reservation, "inventory_item_id"), textOf(reservation, "location_id")
	level := t.levelAt(itemID, locationID)
	if level == nil {
		return notFound(notStocked(itemID, locationID))
	}
	t.forgetReservation(reservation)
	t.drop("reservation_item", id)
	t.reserve(level, -quantityOf(reservation, "quantity"))
	return nil
}
