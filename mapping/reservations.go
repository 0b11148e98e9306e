package mapping

import (
	"strconv"
	"strings"
	"time"

	"github.com/cannahub/gateway/medusaclient"
)

const (
	// maxItems in one hold: each takes Medusa a call.
	maxItems = 100

	// maxHoldSeconds is a year.
	maxHoldSeconds = 365 * 24 * 60 * 60

	// cartHold is how long a hold with a cart lasts unless its maker says otherwise.
	cartHold = 15 * time.Minute
)

// Reservation is stock that is promised to somebody. What begins with HoldID is
// nil, but for LineItemID, when it was not made here.
type Reservation struct {
	ID              string     `json:"id"`
	HoldID          *string    `json:"holdId"`
	InventoryItemID string     `json:"inventoryItemId"`
	VariantID       *string    `json:"variantId"` // that was asked for
	LocationID      string     `json:"locationId"`
	Quantity        Quantity   `json:"quantity"`   // in units of the inventory item
	LineItemID      *string    `json:"lineItemId"` // of Medusa's own order
	CartID          *string    `json:"cartId"`
	Description     *string    `json:"description"`
	ExpiresAt       *Timestamp `json:"expiresAt"` // nil: it is released by hand
	CreatedAt       *string    `json:"createdAt"`
	UpdatedAt       *string    `json:"updatedAt"`
}

// ReservationList is one page of the reservations.
type ReservationList struct {
	Reservations []Reservation `json:"reservations"`
	Count        int           `json:"count"`
	Limit        int           `json:"limit"`
	Offset       int           `json:"offset"`
}

// ReservationDetail is one reservation.
type ReservationDetail struct {
	Reservation Reservation `json:"reservation"`
}

// HoldDetail is the reservations that were made together.
type HoldDetail struct {
	HoldID       string        `json:"holdId"`
	Reservations []Reservation `json:"reservations"`
	ExpiresAt    *Timestamp    `json:"expiresAt"`
}

// Sale is what was confirmed, and what was taken from the stock for it.
type Sale struct {
	ID          string       `json:"id"` // as it was asked for: of a hold or a reservation
	Confirmed   bool         `json:"confirmed"`
	HoldID      string       `json:"holdId"`
	Adjustments []SaleRecord `json:"adjustments"`
}

// SaleRecord is what was taken for one reservation, in units of the inventory item.
type SaleRecord struct {
	ReservationID   string  `json:"reservationId"`
	VariantID       *string `json:"variantId"`
	InventoryItemID string  `json:"inventoryItemId"`
	LocationID      string  `json:"locationId"`
	AdjustmentRecord
}

// ReservationDeleted names what was deleted.
type ReservationDeleted struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`
}

// ReservationReleased names what was released.
type ReservationReleased struct {
	ID       string `json:"id"`
	Released bool   `json:"released"`
}

// HoldPart is what is known here of a reservation beside what Medusa knows. The
// zero value is one that was not made here.
type HoldPart struct {
	HoldID    string
	VariantID string
	CartID    string
	ExpiresAt time.Time
}

// NewReservation translates a reservation.
func NewReservation(reservation medusaclient.Reservation, part HoldPart) Reservation {
	translated := Reservation{
		ID: reservation.ID, HoldID: orNil(part.HoldID), InventoryItemID: reservation.InventoryItemID, VariantID: orNil(part.VariantID),
		LocationID: reservation.LocationID, Quantity: ReadQuantity(reservation.Quantity), LineItemID: reservation.LineItemID,
		CartID: orNil(part.CartID), Description: reservation.Description, ExpiresAt: Expiry(part.ExpiresAt),
		CreatedAt: reservation.CreatedAt, UpdatedAt: reservation.UpdatedAt,
	}
	if reservation.Description != nil {
		if _, _, own, marked := ReadMark(*reservation.Description); marked {
			translated.Description = orNil(own)
		}
	}
	return translated
}

// Expiry is a time as it is shown, nil for none.
func Expiry(at time.Time) *Timestamp {
	if at.IsZero() {
		return nil
	}
	shown := Timestamp(at)
	return &shown
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// HoldIDPrefix begins the ids of holds.
const HoldIDPrefix = "hold_"

// markPrefix begins the description of a reservation that was made here.
const markPrefix = "gw:"

// Mark is the description of a reservation in Medusa: that of a line of a hold,
// and then its maker's own words. It is how a reservation is found whose answer
// was lost.
func Mark(holdID string, line int, own string) string {
	mark := MarkOf(holdID) + strconv.Itoa(line)
	if own == "" {
		return mark
	}
	return mark + " " + own
}

// MarkOf is how the descriptions of all reservations of a hold begin.
func MarkOf(holdID string) string { return markPrefix + holdID + ":" }

// ReadMark reads what Mark wrote.
func ReadMark(description string) (holdID string, line int, own string, marked bool) {
	mark, own, _ := strings.Cut(description, " ")
	rest, marked := strings.CutPrefix(mark, markPrefix+HoldIDPrefix)
	id, number, found := strings.Cut(rest, ":")
	line, err := strconv.Atoi(number)
	if !marked || !found || err != nil || id == "" {
		return "", 0, description, false
	}
	return HoldIDPrefix + id, line, own, true
}

// HoldRequest is what POST /api/reservations asks for.
type HoldRequest struct {
	Items       []HoldItem
	CartID      string        // empty: none
	Lasts       time.Duration // 0: until it is released
	Description string
}

// HoldItem is so many units of what the address names. Without a location one is
// chosen.
type HoldItem struct {
	Address
	Quantity   Quantity
	LocationID string
}

// ReservationChange is what PATCH /api/reservations/:id asks for. What is nil is
// not asked for.
type ReservationChange struct {
	Quantity    *Quantity
	LocationID  string // empty: it stays where it is
	Description *string
	Lasts       *time.Duration // from now on
}

// ReservationsQuery is what GET /api/reservations asks for.
type ReservationsQuery struct {
	InventoryItemID string
	LocationID      string
	LineItemID      string
	CartID          string
	Page            Page
}

var (
	holdFields              = []string{"items", "cartId", "expiresInSeconds", "description"}
	holdItemFields          = []string{"variantId", "inventoryItemId", "sku", "quantity", "locationId"}
	reservationChangeFields = []string{"quantity", "locationId", "description", "expiresInSeconds"}
	confirmationFields      = []string{"reason", "reference", "sourceHarvestId"}
)

// ParseHold reads the body of POST /api/reservations, which is ValidJSON.
func ParseHold(body []byte) (HoldRequest, []Fault) {
	return readBody(body, holdFields, func(o *object) HoldRequest {
		o.need("items")
		hold := HoldRequest{CartID: o.id("cartId"), Description: o.ownWords("description")}
		if lasts := o.seconds("expiresInSeconds"); lasts != nil {
			hold.Lasts = *lasts
		} else if hold.CartID != "" {
			hold.Lasts = cartHold
		}
		items, count := o.list("items", maxItems)
		hold.Items = make([]HoldItem, 0, count)
		item := o.reader.newObject(holdItemFields)
		for i, value := range items.Array() {
			if item.read("/items/"+strconv.Itoa(i), value) {
				hold.Items = append(hold.Items, item.holdItem())
			}
		}
		return hold
	})
}

// ownWords is a text that nobody takes for a mark.
func (o *object) ownWords(name string) string {
	text := o.text(name)
	if strings.HasPrefix(text, markPrefix) {
		o.fault(name, "RESERVED")
		return ""
	}
	return text
}

func (o *object) holdItem() HoldItem {
	o.need("quantity")
	item := HoldItem{Address: o.address(), LocationID: o.id("locationId")}
	if quantity := o.amount("quantity"); quantity != nil {
		item.Quantity = *quantity
	}
	return item
}

// amount is a number > 0.
func (o *object) amount(name string) *Quantity {
	return o.numberThat(name, "NOT_AN_AMOUNT", func(q Quantity) bool { return q.Sign() > 0 })
}

// seconds is a whole number of seconds from 1 to a year.
func (o *object) seconds(name string) *time.Duration {
	number := o.numberThat(name, "NOT_SECONDS", func(q Quantity) bool {
		return q.big == nil && q.whole >= 1 && q.whole <= maxHoldSeconds
	})
	if number == nil {
		return nil
	}
	seconds := time.Duration(number.whole) * time.Second
	return &seconds
}

// ParseReservationChange reads the body of PATCH /api/reservations/:id, which is
// ValidJSON.
func ParseReservationChange(body []byte) (ReservationChange, []Fault) {
	return readBody(body, reservationChangeFields, func(o *object) ReservationChange {
		o.atLeastOne(reservationChangeFields...)
		return ReservationChange{
			Quantity: o.amount("quantity"), LocationID: o.id("locationId"), Description: orNil(o.ownWords("description")),
			Lasts: o.seconds("expiresInSeconds"),
		}
	})
}

// ParseConfirmation reads the body of POST /api/reservations/:id/confirm, which is
// ValidJSON.
func ParseConfirmation(body []byte) (Note, []Fault) {
	return readBody(body, confirmationFields, (*object).note)
}

// NoBody is what a write without fields asks for.
type NoBody struct{}

// ParseNoBody reads the body of a write that has no fields, which is ValidJSON.
func ParseNoBody(body []byte) (NoBody, []Fault) {
	return readBody(body, nil, func(*object) NoBody { return NoBody{} })
}

// ParseReservationsQuery reads the query of GET /api/reservations.
func ParseReservationsQuery(rawQuery string) (ReservationsQuery, []Fault) {
	r := newQueryReader(rawQuery)
	return ReservationsQuery{
		InventoryItemID: r.id("inventoryItemId"), LocationID: r.id("locationId"), LineItemID: r.id("lineItemId"), CartID: r.id("cartId"),
		Page: r.page(),
	}, r.faults()
}
