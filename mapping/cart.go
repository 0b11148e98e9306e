package mapping

import (
	"maps"
	"slices"
)

// CartQuery is what POST /api/cart/validate asks for. What is held for the cart
// counts as available to it.
type CartQuery struct {
	Lines  []CartLine
	CartID string
}

// CartLine is so many units of a variant.
type CartLine struct {
	VariantID string
	Quantity  Quantity
}

// CartAnswer says whether a cart can be bought. FulfillableFrom are the locations
// that have all of it. Message is there when nobody can tell of all lines whether they
// can be had; those are no errors.
type CartAnswer struct {
	Staleness

	IsValid         bool        `json:"isValid"`
	Message         string      `json:"message,omitempty"`
	Errors          []CartError `json:"errors"`
	FulfillableFrom []string    `json:"fulfillableFrom"`
}

// CartError is why a line cannot be bought. AvailableQuantity is how many units
// there are for it, the other lines having theirs.
type CartError struct {
	VariantID         string   `json:"variantId"`
	Code              string   `json:"code"`
	Message           string   `json:"message"`
	AvailableQuantity Quantity `json:"availableQuantity"`
	RequestedQuantity Quantity `json:"requestedQuantity"`
}

// LevelID names a level: an item at a location.
type LevelID struct{ InventoryItemID, LocationID string }

var (
	cartFields     = []string{"items", "cartId"}
	cartLineFields = []string{"variantId", "inventoryItemId", "quantity"}
)

// ParseCart reads the body of POST /api/cart/validate, which is ValidJSON. The
// variant decides which items a line takes, whatever inventoryItemId it came with.
func ParseCart(body []byte) (CartQuery, []Fault) {
	return readBody(body, cartFields, func(o *object) CartQuery {
		return CartQuery{
			CartID: o.id("cartId"),
			Lines: readAsked(o, cartLineFields, func(line *object) CartLine {
				line.need("variantId", "quantity")
				line.id("inventoryItemId")
				return CartLine{VariantID: line.id("variantId"), Quantity: line.neededAmount("quantity")}
			}),
		}
	})
}

// cart is a cart against what was counted.
type cart struct {
	scope   Scope
	held    map[LevelID]Quantity // for the cart
	items   map[string]ItemCount
	needed  map[string]Quantity // by item, of all lines
	demands []demand            // of the lines
}

// NewCartAnswer validates a cart against what was counted at the locations of a
// scope, and what is held for it there. It is valid when each item, added up over
// the lines, is there at one location.
func NewCartAnswer(query CartQuery, counted Counted, held map[LevelID]Quantity, scope Scope, language Language) CartAnswer {
	c := cart{scope: scope, held: held, items: counted.Items, needed: map[string]Quantity{}}
	for _, line := range query.Lines {
		d := counted.demandOfVariant(line.VariantID)
		c.demands = append(c.demands, d)
		if !d.always {
			for _, link := range d.links {
				c.needed[link.InventoryItemID] = c.needed[link.InventoryItemID].Add(line.Quantity.Mul(link.Required))
			}
		}
	}
	answer := CartAnswer{Staleness: counted.Staleness, Errors: []CartError{}, FulfillableFrom: []string{}}
	if slices.ContainsFunc(c.demands, func(d demand) bool { return d.untold }) {
		answer.Message = untoldMessage.In(language)
	}
	for i, line := range query.Lines {
		if code, available := c.fault(c.demands[i], line.Quantity); code != "" {
			said := Message{Key: code, Args: []any{available, line.Quantity}}.InShort().In(language)
			answer.Errors = append(answer.Errors, CartError{
				VariantID: line.VariantID, Code: code, Message: said, AvailableQuantity: available, RequestedQuantity: line.Quantity,
			})
		}
	}
	answer.IsValid = len(answer.Errors) == 0
	for _, location := range slices.Sorted(maps.Keys(scope)) {
		if answer.IsValid && answer.Message == "" && c.servedFrom(location) {
			answer.FulfillableFrom = append(answer.FulfillableFrom, location)
		}
	}
	return answer
}

// available is what a location has of an item for this cart.
func (c cart) available(itemID, locationID string) Quantity {
	level, held := c.items[itemID].level(locationID), c.held[LevelID{itemID, locationID}]
	if held.Cmp(level.Reserved) > 0 { // it was counted before all of that was held
		held = level.Reserved
	}
	return level.available().Add(held)
}

// most is what any one location has of an item, and 0 where none has any.
func (c cart) most(itemID string) (most Quantity) {
	for _, level := range c.items[itemID].Levels {
		if _, shown := c.scope[level.LocationID]; shown {
			if available := c.available(itemID, level.LocationID); available.Cmp(most) > 0 {
				most = available
			}
		}
	}
	return most
}

// fault is the code of why a line cannot be bought, "" when it can, and how many
// units there are for it.
func (c cart) fault(d demand, asked Quantity) (code string, available Quantity) {
	if d.code != "" || d.always {
		return d.code, Quantity{}
	}
	for i, link := range d.links {
		most, needed := c.most(link.InventoryItemID), c.needed[link.InventoryItemID]
		if most.Cmp(needed) < 0 {
			code = "INSUFFICIENT_STOCK"
		}
		left := most.Sub(needed).Add(asked.Mul(link.Required)) // the other lines having theirs
		if units := d.units(i, left); i == 0 || units.Cmp(available) < 0 {
			available = units
		}
	}
	if available.Sign() < 0 {
		available = Quantity{}
	}
	return code, available
}

// servedFrom says whether a location has all that the cart needs.
func (c cart) servedFrom(locationID string) bool {
	for itemID, needed := range c.needed {
		if c.available(itemID, locationID).Cmp(needed) < 0 {
			return false
		}
	}
	return true
}
