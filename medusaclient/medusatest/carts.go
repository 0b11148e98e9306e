package medusatest

import (
	"maps"
	"math"
	"net/http"
	"reflect"
	"slices"
)

var cartEntity = &entity{
	relations: map[string]relation{
		"items": {target: "cart_line_item", many: true, of: func(t *tables, r row) []row {
			return t.having("cart_line_item", "cart_id", idOf(r))
		}},
	},
}

var carts = resource{
	entity: cartEntity, table: "cart", singular: "cart",
	defaults: []string{
		"id", "email", "region_id", "sales_channel_id", "created_at", "updated_at", "completed_at", "metadata",
		"items.id", "items.variant_id", "items.quantity", "items.metadata", "items.created_at", "items.updated_at",
	},
	missing: func(id string) string { return "Cart with id '" + id + "' not found" },
}

// store lets only callers through that name a publishable key, and tells the sales
// channel that their carts belong to.
func (s *Server) store(next func(w http.ResponseWriter, r *http.Request, channelID string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("X-Publishable-Api-Key")
		if token == "" {
			fault := notAllowed("Publishable API key required in the request header: x-publishable-api-key. " +
				"You can manage your keys in settings in the dashboard.")
			writeJSON(w, r, fault.status, fault)
			return
		}
		s.mu.RLock()
		keys := s.tables.having("api_key", "token", token)
		var channels []string
		if len(keys) == 1 && keys[0]["revoked_at"] == nil {
			channels = s.tables.rightOf(keyChannel, idOf(keys[0]))
		}
		s.mu.RUnlock()
		if len(channels) == 0 {
			fault := notAllowed("A valid publishable key is required to proceed with the request")
			writeJSON(w, r, fault.status, fault)
			return
		}
		next(w, r, channels[0])
	}
}

// storeWrites is the handler of a write of a shopper's.
func (s *Server) storeWrites(begin func(r *http.Request, channelID string) (effect, *problem)) http.HandlerFunc {
	return s.store(func(w http.ResponseWriter, r *http.Request, channelID string) {
		s.writes(func(r *http.Request) (effect, *problem) { return begin(r, channelID) })(w, r, caller{})
	})
}

func (s *Server) storeDetail(of resource) http.HandlerFunc {
	return s.store(func(w http.ResponseWriter, r *http.Request, _ string) { s.detail(of)(w, r, caller{}) })
}

// lineWrite is what a body asks for of a line.
type lineWrite struct {
	variantID string
	quantity  float64
	metadata  row
}

func (f *bodyFields) line(ofVariant bool) lineWrite {
	var line lineWrite
	if ofVariant {
		line.variantID = f.text("variant_id")
	}
	line.quantity, _ = field[float64](f, "quantity", "number", true)
	if ofVariant && line.quantity <= 0 {
		f.fault("Value for field '" + joinPath(f.path, "quantity") + "' too small, expected greater than: '0'")
	}
	columns := row{}
	f.metadata(columns)
	line.metadata, _ = columns["metadata"].(row)
	return line
}

// createCart is POST /store/carts.
func (s *Server) createCart(r *http.Request, channelID string) (effect, *problem) {
	cart := row{"region_id": nil, "email": nil, "metadata": nil, "completed_at": nil, "sales_channel_id": channelID}
	var lines []lineWrite
	shown, fault := readWrite(r, func(f *bodyFields) {
		for _, name := range []string{"region_id", "email", "sales_channel_id"} {
			f.textOrNull(name, cart)
		}
		f.metadata(cart)
		f.objects("items", func(one *bodyFields) { lines = append(lines, one.line(true)) })
	})
	if fault != nil {
		return nil, fault
	}
	return s.changing(carts, shown, func(t *tables) (string, *problem) {
		for _, line := range lines {
			if fault := t.confirm(textOf(cart, "sales_channel_id"), line.variantID, line.quantity); fault != nil {
				return "", fault
			}
		}
		id := idOf(t.make("cart", "cart", cart))
		for _, line := range lines {
			t.addLine(id, line)
		}
		return id, nil
	}), nil
}

// updateCart is POST /store/carts/:id.
func (s *Server) updateCart(r *http.Request, _ string) (effect, *problem) {
	columns := row{}
	shown, fault := readWrite(r, func(f *bodyFields) {
		for _, name := range []string{"region_id", "email", "sales_channel_id"} {
			f.textOrNull(name, columns)
		}
		f.metadata(columns)
	})
	if fault != nil {
		return nil, fault
	}
	return s.changingCart(r, shown, func(t *tables, cart row) *problem {
		t.change("cart", cart, columns)
		return nil
	}), nil
}

// changingCart is an effect on a cart of which there is no order yet.
func (s *Server) changingCart(r *http.Request, shown map[string]any, do func(t *tables, cart row) *problem) effect {
	id := r.PathValue("id")
	return s.changing(carts, shown, func(t *tables) (string, *problem) {
		cart := t.get("cart", id)
		switch {
		case cart == nil:
			return "", notFound("Cart id not found: " + id)
		case cart["completed_at"] != nil:
			return "", invalidData("Cart " + id + " is already completed.")
		}
		return id, do(t, cart)
	})
}

// addToCart is POST /store/carts/:id/line-items. It looks at what there is at all
// locations of the channel together, for the whole quantity of the line alone.
func (s *Server) addToCart(r *http.Request, _ string) (effect, *problem) {
	var line lineWrite
	shown, fault := readWrite(r, func(f *bodyFields) { line = f.line(true) })
	if fault != nil {
		return nil, fault
	}
	return s.changingCart(r, shown, func(t *tables, cart row) *problem {
		quantity := line.quantity
		if same := t.lineLike(idOf(cart), line); same != nil {
			quantity += quantityOf(same, "quantity")
		}
		if fault := t.confirm(textOf(cart, "sales_channel_id"), line.variantID, quantity); fault != nil {
			return fault
		}
		t.addLine(idOf(cart), line)
		return nil
	}), nil
}

// changeCartLine is POST /store/carts/:id/line-items/:line_id.
func (s *Server) changeCartLine(r *http.Request, _ string) (effect, *problem) {
	var asked lineWrite
	shown, fault := readWrite(r, func(f *bodyFields) { asked = f.line(false) })
	if fault != nil {
		return nil, fault
	}
	lineID := r.PathValue("line_id")
	return s.changingCart(r, shown, func(t *tables, cart row) *problem {
		line := t.get("cart_line_item", lineID)
		if line == nil || line["cart_id"] != idOf(cart) {
			return notFound("Line item with id: " + lineID + " was not found")
		}
		if asked.quantity == 0 {
			t.drop("cart_line_item", lineID)
			return nil
		}
		if fault := t.confirm(textOf(cart, "sales_channel_id"), textOf(line, "variant_id"), asked.quantity); fault != nil {
			return fault
		}
		t.change("cart_line_item", line, row{"quantity": math.Round(asked.quantity)})
		return nil
	}), nil
}

// removeCartLine is DELETE /store/carts/:id/line-items/:line_id, which succeeds
// also when there is no such line.
func (s *Server) removeCartLine(r *http.Request, _ string) (effect, *problem) {
	shown, fault := readQuery(r, selectParams(), true)
	if fault != nil {
		return nil, fault
	}
	lineID := r.PathValue("line_id")
	remove := s.changingCart(r, shown, func(t *tables, _ row) *problem {
		t.drop("cart_line_item", lineID)
		return nil
	})
	return func() (any, *problem) {
		answer, fault := remove()
		if fault != nil {
			return nil, fault
		}
		cart, _ := answer.(row)
		return row{"id": lineID, "object": "line-item", "deleted": true, "parent": cart["cart"]}, nil
	}, nil
}

// addLine adds a line, or adds to the one like it. A line has whole units.
func (t *tables) addLine(cartID string, line lineWrite) {
	if same := t.lineLike(cartID, line); same != nil {
		t.change("cart_line_item", same, row{"quantity": math.Round(quantityOf(same, "quantity") + line.quantity)})
		return
	}
	t.make("cart_line_item", "cali", row{
		"cart_id": cartID, "variant_id": line.variantID, "quantity": math.Round(line.quantity), "metadata": orNilMap(line.metadata),
	})
}

// lineLike is the line of a cart to which another one is added.
func (t *tables) lineLike(cartID string, line lineWrite) row {
	for _, each := range t.having("cart_line_item", "cart_id", cartID) {
		metadata, _ := each["metadata"].(row)
		if each["variant_id"] == line.variantID && (len(metadata)+len(line.metadata) == 0 || reflect.DeepEqual(metadata, line.metadata)) {
			return each
		}
	}
	return nil
}

// demand is so much of an inventory item at the locations that may serve it.
type demand struct {
	itemID    string
	quantity  float64
	locations []string
}

// demands is what so many units of a variant take, nothing of one that is not
// managed.
func (t *tables) demands(channelID, variantID string, units float64) ([]demand, *problem) {
	variant := t.get("product_variant", variantID)
	switch {
	case variant == nil:
		return nil, invalidData("Variants with IDs " + variantID + " do not exist")
	case variant["manage_inventory"] != true:
		return nil, nil
	case len(t.itemsOf[variantID]) == 0:
		return nil, invalidData("Variant " + variantID + " does not have any inventory items associated with it.")
	}
	linked := t.rightOf(channelLocation, channelID)
	var found []demand
	served := false
	for _, link := range t.itemsOf[variantID] {
		d := demand{itemID: textOf(link, "inventory_item_id"), quantity: units * quantityOf(link, "required_quantity")}
		var enough []string
		for _, location := range linked {
			if level := t.levelAt(d.itemID, location); level != nil {
				d.locations = append(d.locations, location)
				if available(level) >= d.quantity {
					enough = append(enough, location)
				}
			}
		}
		served = served || len(d.locations) > 0
		if len(enough) > 0 {
			d.locations = enough
		}
		found = append(found, d)
	}
	if !served && variant["allow_backorder"] != true {
		return nil, invalidData("Sales channel " + channelID + " is not associated with any stock location for variant " + variantID + ".")
	}
	return found, nil
}

// confirm says whether so many units of a variant are there, at all locations of a
// channel together.
func (t *tables) confirm(channelID, variantID string, units float64) *problem {
	demands, fault := t.demands(channelID, variantID, units)
	if fault != nil || t.get("product_variant", variantID)["allow_backorder"] == true {
		return fault
	}
	for _, d := range demands {
		var there float64
		for _, location := range d.locations {
			there = sum(there, available(t.levelAt(d.itemID, location)))
		}
		if there < d.quantity {
			return &problem{
				status: http.StatusBadRequest, Code: "insufficient_inventory", Type: "not_allowed",
				Message: "Some variant does not have the required inventory",
			}
		}
	}
	return nil
}

// completeCart is POST /store/carts/:id/complete. It reserves what each line takes
// at one location, and looks at each line as if there were no other. A cart
// needs no payment here.
func (s *Server) completeCart(r *http.Request, _ string) (effect, *problem) {
	id := r.PathValue("id")
	return func() (any, *problem) {
		s.mu.Lock()
		defer s.mu.Unlock()
		t := s.tables
		cart := t.get("cart", id)
		if cart == nil {
			return nil, notFound("Cart id not found: " + id)
		}
		if made := t.having("order", "cart_id", id); len(made) == 1 {
			return order(made[0]), nil
		}
		lines := t.having("cart_line_item", "cart_id", id)
		if len(lines) == 0 {
			return nil, invalidData("Cart items are required to be able to complete it")
		}
		var reservations []row
		for _, line := range lines {
			wanted, fault := t.orderLine(textOf(cart, "sales_channel_id"), line)
			if fault != nil {
				return nil, fault
			}
			reservations = append(reservations, wanted...)
		}
		for _, reservation := range reservations {
			t.keepReservation(reservation)
		}
		t.change("cart", cart, row{"completed_at": nextStamp("")})
		return order(t.make("order", "order", row{"cart_id": id})), nil
	}, nil
}

func order(made row) row {
	return row{"type": "order", "order": row{"id": idOf(made), "status": "pending"}}
}

// orderLine is the reservations that the order of a line needs.
func (t *tables) orderLine(channelID string, line row) ([]row, *problem) {
	variantID := textOf(line, "variant_id")
	demands, fault := t.demands(channelID, variantID, quantityOf(line, "quantity"))
	if fault != nil {
		return nil, fault
	}
	backorder := t.get("product_variant", variantID)["allow_backorder"] == true
	lineID := t.newID("ordli")
	var reservations []row
	for _, d := range demands {
		if len(d.locations) == 0 {
			continue
		}
		reservation := row{
			"inventory_item_id": d.itemID, "location_id": d.locations[0], "line_item_id": lineID, "allow_backorder": backorder,
			"description": nil, "metadata": nil, "external_id": nil, "created_by": nil,
		}
		setQuantity(reservation, "quantity", d.quantity)
		if _, fault := t.levelWith(reservation, d.quantity); fault != nil {
			return nil, fault
		}
		reservations = append(reservations, reservation)
	}
	return reservations, nil
}

// keepReservation stores a new reservation and counts it at its level.
func (t *tables) keepReservation(reservation row) {
	reservation["id"] = t.newID("resitem")
	reservation["created_at"] = nextStamp("")
	reservation["updated_at"] = reservation["created_at"]
	t.putReservationRow(reservation)
	t.reserve(t.levelAt(textOf(reservation, "inventory_item_id"), textOf(reservation, "location_id")), quantityOf(reservation, "quantity"))
}

// CartLines returns how many units of which variants a cart has.
func (s *Server) CartLines(cartID string) map[string]float64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	lines := map[string]float64{}
	for _, line := range s.tables.having("cart_line_item", "cart_id", cartID) {
		lines[textOf(line, "variant_id")] += quantityOf(line, "quantity")
	}
	return lines
}

// Orders returns the ids of the orders that carts were completed to.
func (s *Server) Orders() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Sorted(maps.Keys(s.tables.rows["order"]))
}
