package medusaclient

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Reservation is stock of an item at a location that is promised to somebody.
// The quantity can be negative: Medusa does not look.
type Reservation struct {
	ID              string  `json:"id"`
	InventoryItemID string  `json:"inventory_item_id"`
	LocationID      string  `json:"location_id"`
	Quantity        Number  `json:"quantity"`
	LineItemID      *string `json:"line_item_id"` // of the order that Medusa made it for
	Description     *string `json:"description"`
	CreatedAt       *string `json:"created_at"`
	UpdatedAt       *string `json:"updated_at"`
}

const reservationFields = "id,inventory_item_id,location_id,quantity,line_item_id,description,created_at,updated_at"

// Reservations are the calls below /admin/reservations.
type Reservations struct{ client *Client }

// ReservationFilter narrows a list of reservations. A reservation matches when it
// meets every part that is set.
type ReservationFilter struct {
	InventoryItemID string
	LocationID      string
	LineItemID      string
	Described       string // what the description begins with
}

type reservationsAnswer struct {
	Reservations []Reservation `json:"reservations"`
	Count        int           `json:"count"`
}

func (a *reservationsAnswer) whole() bool { return a.Reservations != nil }

type reservationAnswer struct {
	Reservation Reservation `json:"reservation"`
}

func (a *reservationAnswer) whole() bool {
	return a.Reservation.ID != "" && a.Reservation.Quantity != ""
}

// List reads one page of the reservations.
func (r *Reservations) List(ctx context.Context, by Credential, filter ReservationFilter, limit, offset int) (Page[Reservation], error) {
	q := newQuery("/admin/reservations", reservationFields)
	q.page(limit, offset)
	q.add("inventory_item_id", filter.InventoryItemID)
	q.add("location_id", filter.LocationID)
	q.add("line_item_id", filter.LineItemID)
	if filter.Described != "" {
		q.add("description[$like]", likeLiteral.Replace(filter.Described)+"%")
	}
	var answer reservationsAnswer
	err := r.client.do(ctx, call{method: http.MethodGet, route: "/admin/reservations", path: q.String(), credential: by}, &answer)
	return Page[Reservation]{Rows: answer.Reservations, Count: answer.Count}, err
}

// ListAll reads the reservations that match, to the end of the list.
func (r *Reservations) ListAll(ctx context.Context, by Credential, filter ReservationFilter) ([]Reservation, error) {
	return allPages(ctx, func(ctx context.Context, limit, offset int) (Page[Reservation], error) {
		return r.List(ctx, by, filter, limit, offset)
	})
}

// Get reads one reservation.
func (r *Reservations) Get(ctx context.Context, by Credential, id string) (Reservation, error) {
	q := newQuery("/admin/reservations/"+url.PathEscape(id), reservationFields)
	var answer reservationAnswer
	err := r.client.do(ctx, call{method: http.MethodGet, route: "/admin/reservations/:id", path: q.String(), credential: by}, &answer)
	return answer.Reservation, err
}

// ReservationWrite is what is written of a reservation; what is nil, or empty,
// stays as it is. A reservation that is given another location would be counted at
// both, so that is never written.
type ReservationWrite struct {
	InventoryItemID string  `json:"inventory_item_id,omitempty"` // of a new one alone, like the next
	LocationID      string  `json:"location_id,omitempty"`
	Quantity        *Number `json:"quantity,omitempty"`
	Description     *string `json:"description,omitempty"`
}

// Create reserves. The error is Insufficient when there is not so much, and has
// status 404 when the item has no level at the location. For sendBy see
// UpdateLevels.
func (r *Reservations) Create(ctx context.Context, by Credential, sendBy time.Time, reservation ReservationWrite) (Reservation, error) {
	var answer reservationAnswer
	err := r.client.do(ctx, call{
		method: http.MethodPost, route: "/admin/reservations", path: newQuery("/admin/reservations", reservationFields).String(),
		body: reservation, credential: by, sendBy: sendBy,
	}, &answer)
	return answer.Reservation, err
}

// Update changes a reservation. The error is Insufficient when there is not so
// much more, and for any change at a level of which more is reserved than there
// is; it has status 400 when there is no such reservation. For sendBy see
// UpdateLevels.
func (r *Reservations) Update(ctx context.Context, by Credential, sendBy time.Time, id string, reservation ReservationWrite) (Reservation, error) {
	var answer reservationAnswer
	err := r.client.do(ctx, call{
		method: http.MethodPost, route: "/admin/reservations/:id", credential: by, sendBy: sendBy, body: reservation,
		path: newQuery("/admin/reservations/"+url.PathEscape(id), reservationFields).String(),
	}, &answer)
	return answer.Reservation, err
}

// Delete releases what is reserved. It succeeds also when there is no such
// reservation. The error has status 404 when the level is gone at which it was
// reserved: then nothing is.
func (r *Reservations) Delete(ctx context.Context, by Credential, id string) error {
	return r.client.do(ctx, call{
		method: http.MethodDelete, route: "/admin/reservations/:id", path: "/admin/reservations/" + url.PathEscape(id), credential: by,
	}, &deletedAnswer{})
}

// noReservation is an id that Medusa never gives.
const noReservation = "resitem_none"

// ConfirmDelete asks Medusa whether the credential may delete reservations, by
// deleting one that cannot be. The error is Medusa's refusal, with status 401 or
// 403.
func (r *Reservations) ConfirmDelete(ctx context.Context, by Credential) error {
	return r.Delete(ctx, by, noReservation)
}

// Insufficient says that Medusa refused to reserve more than there is.
func (e *Error) Insufficient() bool {
	return e.Status == http.StatusBadRequest && e.Type == "not_allowed" && strings.HasPrefix(e.Message, "Not enough stock")
}
