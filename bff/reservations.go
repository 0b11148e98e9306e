package bff

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// Reservations lists the reservations, Medusa's own included. One upstream call; of
// a cart one for each of its holds.
func (g *Gateway) Reservations(ctx context.Context, caller Caller, query mapping.ReservationsQuery) (*Answer, error) {
	filter := medusaclient.ReservationFilter{
		InventoryItemID: query.InventoryItemID, LocationID: query.LocationID, LineItemID: query.LineItemID,
	}
	var page medusaclient.Page[medusaclient.Reservation]
	var err error
	if query.CartID == "" {
		page, err = g.medusa.Reservations.List(ctx, caller.Credential, filter, query.Page.Limit, query.Page.Offset)
	} else {
		page, err = g.reservationsOfCart(ctx, caller.Credential, query, filter)
	}
	if err != nil {
		return nil, errorOf(err, "")
	}
	parts, err := g.partsOf(ctx, page.Rows)
	if err != nil {
		return nil, errorOf(err, "")
	}
	list := mapping.ReservationList{
		Reservations: make([]mapping.Reservation, len(page.Rows)), Count: page.Count, Limit: query.Page.Limit, Offset: query.Page.Offset,
	}
	for i, reservation := range page.Rows {
		list.Reservations[i] = mapping.NewReservation(reservation, parts[reservation.ID])
	}
	return freshAnswer(list)
}

// freshAnswer is an answer that is not held: holds change by themselves.
func freshAnswer(body any) (*Answer, error) {
	answer, err := NewAnswer(body)
	return answer, errorOf(err, "")
}

// reservationsOfCart reads the reservations of a cart, which Medusa knows nothing of.
func (g *Gateway) reservationsOfCart(
	ctx context.Context, by medusaclient.Credential, query mapping.ReservationsQuery, filter medusaclient.ReservationFilter,
) (page medusaclient.Page[medusaclient.Reservation], err error) {
	if err := g.rights.confirm(ctx, by, toRead); err != nil {
		return page, err
	}
	holds, err := g.store.HoldsOfCart(ctx, query.CartID)
	if err != nil {
		return page, err
	}
	var all []medusaclient.Reservation
	for _, hold := range holds {
		filter.Described = mapping.MarkOf(hold.ID)
		found, err := g.medusa.Reservations.ListAll(ctx, by, filter)
		if err != nil {
			return page, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b medusaclient.Reservation) int { return strings.Compare(a.ID, b.ID) })
	from := min(query.Page.Offset, len(all))
	return medusaclient.Page[medusaclient.Reservation]{Rows: all[from:min(from+query.Page.Limit, len(all))], Count: len(all)}, nil
}

// partsOf is what is known here of reservations, by their ids.
func (g *Gateway) partsOf(ctx context.Context, reservations []medusaclient.Reservation) (map[string]mapping.HoldPart, error) {
	ids := make([]string, len(reservations))
	for i, reservation := range reservations {
		ids[i] = reservation.ID
	}
	holds, err := g.store.HoldsOf(ctx, ids)
	parts := map[string]mapping.HoldPart{}
	for _, hold := range holds {
		for _, line := range hold.Lines {
			parts[line.ReservationID] = partOf(hold, line.Number)
		}
	}
	return parts, err
}

// Reservation reads one reservation, or all those of a hold. One upstream call.
func (g *Gateway) Reservation(ctx context.Context, caller Caller, id string, _ mapping.NoQuery) (*Answer, error) {
	found, err := g.find(ctx, caller.Credential, id)
	if err == nil && len(found.reservations) == 0 {
		err = found.whole()
	}
	if err != nil {
		return nil, errorOf(err, "")
	}
	return freshAnswer(found.shown())
}

// found is what an id leads to: reservations of a hold, or one of Medusa's own.
type found struct {
	id           string
	hold         *state.Hold                      // nil: Medusa's own
	reservations map[int]medusaclient.Reservation // of the hold, by line
	lost         []state.HoldLine                 // whose reservation was deleted elsewhere
	own          medusaclient.Reservation
}

// shown is what was found as it is shown: all of a hold where that was asked for.
func (f found) shown() any {
	if f.hold == nil {
		return mapping.ReservationDetail{Reservation: mapping.NewReservation(f.own, mapping.HoldPart{})}
	}
	if f.id == f.hold.ID {
		return holdDetail(*f.hold, f.reservations)
	}
	for number, reservation := range f.reservations {
		return mapping.ReservationDetail{Reservation: mapping.NewReservation(reservation, partOf(*f.hold, number))}
	}
	return nil
}

// numbers are those of all lines that were found.
func (f found) numbers() []int {
	numbers := slices.Collect(maps.Keys(f.reservations))
	for _, line := range f.lost {
		numbers = append(numbers, line.Number)
	}
	return numbers
}

// line is the line of a number as it was seen before its reservation was read.
func (f found) line(number int) state.HoldLine { return *lineOf(f.hold, number) }

// whole fails when a reservation of a hold was deleted elsewhere.
func (f found) whole() error {
	if len(f.lost) > 0 {
		return notFound(ReservationNotFound, f.lost[0].ReservationID)
	}
	return nil
}

// find looks up the hold or the reservation that an id names, as Medusa has it.
func (g *Gateway) find(ctx context.Context, by medusaclient.Credential, id string) (found, error) {
	if !mapping.IsID(id) {
		return found{}, notFound(ReservationNotFound, id)
	}
	if strings.HasPrefix(id, mapping.HoldIDPrefix) {
		return g.findHold(ctx, by, id)
	}
	holds, err := g.store.HoldsOf(ctx, []string{id})
	if err != nil {
		return found{}, err
	}
	of := found{id: id}
	of.own, err = g.medusa.Reservations.Get(ctx, by, id)
	err = errorOf(err, ReservationNotFound, id)
	if len(holds) == 0 || (err != nil && !failedWith(err, ReservationNotFound)) {
		return of, err
	}
	of.hold = &holds[0]
	line := of.hold.Lines[slices.IndexFunc(of.hold.Lines, func(line state.HoldLine) bool { return line.ReservationID == id })]
	if err == nil {
		of.reservations = map[int]medusaclient.Reservation{line.Number: of.own}
	} else {
		of.lost = []state.HoldLine{line}
	}
	return of, nil
}

// findHold reads the reservations of a hold. Lines that are being made, or released,
// are not, or no longer, shown.
func (g *Gateway) findHold(ctx context.Context, by medusaclient.Credential, id string) (found, error) {
	if err := g.rights.confirm(ctx, by, toRead); err != nil {
		return found{}, err
	}
	hold, err := g.store.Hold(ctx, id)
	if errors.Is(err, state.ErrNoHold) {
		return found{}, notFound(ReservationNotFound, id)
	}
	if err != nil {
		return found{}, err
	}
	all, err := g.medusa.Reservations.ListAll(ctx, by, medusaclient.ReservationFilter{Described: mapping.MarkOf(id)})
	if err != nil {
		return found{}, err
	}
	of := found{id: id, hold: &hold, reservations: map[int]medusaclient.Reservation{}}
	for _, line := range hold.Lines {
		if line.Stage != state.Held && line.Stage != state.Confirming {
			continue
		}
		at := slices.IndexFunc(all, func(reservation medusaclient.Reservation) bool { return reservation.ID == line.ReservationID })
		if at >= 0 {
			of.reservations[line.Number] = all[at]
			continue
		}
		// Its description was changed elsewhere, or it is gone.
		reservation, err := g.medusa.Reservations.Get(ctx, by, line.ReservationID)
		switch {
		case err == nil:
			of.reservations[line.Number] = reservation
		case failedWith(errorOf(err, ReservationNotFound, line.ReservationID), ReservationNotFound):
			of.lost = append(of.lost, line)
		default:
			return found{}, err
		}
	}
	if len(of.reservations)+len(of.lost) == 0 {
		return found{}, notFound(ReservationNotFound, id)
	}
	return of, nil
}

// ReleaseReservation releases a reservation, or all of a hold. Three upstream calls,
// and one for each reservation.
func (g *Gateway) ReleaseReservation(ctx context.Context, w Write, id string, _ mapping.NoBody) (*WriteAnswer, error) {
	return g.release(ctx, w, id, mapping.ReservationReleased{ID: id, Released: true})
}

// DeleteReservation is ReleaseReservation by another name.
func (g *Gateway) DeleteReservation(ctx context.Context, w Write, id string, _ mapping.NoBody) (*WriteAnswer, error) {
	return g.release(ctx, w, id, mapping.ReservationDeleted{ID: id, Deleted: true})
}

func (g *Gateway) release(ctx context.Context, w Write, id string, answer any) (*WriteAnswer, error) {
	return g.writeAsCaller(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		released := result{status: http.StatusOK, body: answer, changed: true}
		found, err := g.find(ctx, w.Credential, id)
		if err == nil && found.hold != nil {
			err = g.medusa.Reservations.ConfirmDelete(ctx, w.Credential)
		}
		if err != nil {
			if failedWith(err, ReservationNotFound) && try.again {
				return released, nil // it was released before, and nobody was told
			}
			return result{}, err
		}
		if err := g.take(ctx, try); err != nil {
			return result{}, err
		}
		ctx = context.WithoutCancel(ctx)
		defer g.stockChanged()
		if found.hold == nil {
			defer g.changed(ctx, answersChanged) // of a hold the others hear by itself
			return released, unlessDone(g.medusa.Reservations.Delete(ctx, w.Credential, id), "reservation")
		}
		return released, g.releaseFound(ctx, w.Credential, found)
	})
}

// releaseFound releases what was found of a hold for who may delete reservations.
// What Medusa does not answer is done by whoever sees to the hold.
func (g *Gateway) releaseFound(ctx context.Context, by medusaclient.Credential, found found) error {
	released := 0
	hold, err := g.changeHold(ctx, found.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		released = 0
		for _, number := range found.numbers() {
			switch line := lineOf(hold, number); {
			case line == nil, line.Stage == state.Releasing:
			case line.Stage == state.Held:
				line.Stage, line.Since = state.Releasing, g.now()
				released++
			default:
				return nil, busy()
			}
		}
		return nil, nil
	})
	if errors.Is(err, state.ErrNoHold) {
		return nil
	}
	if err != nil {
		return err
	}
	g.holds.ended("released", released)
	_, err = g.releaseLines(ctx, hold, func(_ context.Context, do func(medusaclient.Credential) error) error { return do(by) })
	if err != nil {
		return notAnswered(err, "reservation") // it goes on
	}
	return nil
}

// unlessDone is the error of a write of a reservation or a location: whether it was
// made is not known, unless Medusa refused it.
func unlessDone(err error, of string) error {
	if _, ours := errors.AsType[*Error](err); err == nil || ours || medusaclient.NotDone(err) {
		return err
	}
	return notAnswered(err, of)
}

// notAnswered is the error of what may or may not have been done, or goes on.
func notAnswered(err error, of string) error {
	return &Error{
		Code: OutcomeUnknown, Message: mapping.Message{Key: string(OutcomeUnknown) + "." + of}, RetryAfter: medusaclient.Landing, Err: err,
	}
}
