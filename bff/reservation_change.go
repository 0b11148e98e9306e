package bff

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// ChangeReservation changes a reservation, or what all of a hold have in common: how
// long it lasts and its description. One that moves is made anew at its new location
// before the old one is released, since Medusa would go on counting it at both. One
// upstream call to read it, one to change it; three more for one that moves.
func (g *Gateway) ChangeReservation(ctx context.Context, w Write, id string, asked mapping.ReservationChange) (*WriteAnswer, error) {
	return g.writeAsCaller(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		found, err := g.find(ctx, w.Credential, id)
		if err == nil {
			err = found.whole()
		}
		if err == nil {
			err = suits(asked, found)
		}
		if err == nil && (asked.Lasts != nil || asked.LocationID != "") { // which let a reservation be deleted
			err = g.medusa.Reservations.ConfirmDelete(ctx, w.Credential)
		}
		if err != nil {
			return result{}, err
		}
		if err := g.take(ctx, try); err != nil {
			return result{}, err
		}
		change := reservationChange{g: g, try: try, asked: asked, found: found}
		return change.carryOut(context.WithoutCancel(ctx))
	})
}

// suits says whether what is asked for can be done with what was found.
func suits(asked mapping.ReservationChange, found found) error {
	if found.hold == nil && (asked.LocationID != "" || asked.Lasts != nil) {
		return newFailure(ReservationNotOurs, found.id)
	}
	var faults []mapping.Fault
	if len(found.reservations) > 1 && asked.Quantity != nil {
		faults = append(faults, mapping.Fault{Pointer: "/quantity", Code: "NOT_OF_A_HOLD"})
	}
	if len(found.reservations) > 1 && asked.LocationID != "" {
		faults = append(faults, mapping.Fault{Pointer: "/locationId", Code: "NOT_OF_A_HOLD"})
	}
	if len(faults) > 0 {
		return invalid(faults...)
	}
	return nil
}

// reservationChange is a change of what was found, under way.
type reservationChange struct {
	g     *Gateway
	try   *attempt
	asked mapping.ReservationChange
	found found
}

func (c *reservationChange) carryOut(ctx context.Context) (result, error) {
	defer c.g.stockChanged()
	if c.found.hold == nil {
		defer c.g.changed(ctx, answersChanged) // of a hold the others hear by itself
		updated, err := c.update(ctx, c.found.own, c.asked.Description, time.Now())
		if err != nil {
			return result{}, c.failure(err, c.found.own)
		}
		c.found.own = updated
		return made(c.found.shown()), nil
	}
	for number, reservation := range c.found.reservations {
		if c.asked.LocationID != "" && c.asked.LocationID != reservation.LocationID {
			return c.move(ctx, number, reservation)
		}
		if c.asked.Quantity == nil && c.asked.Description == nil {
			continue
		}
		if err := c.updateLine(ctx, number, reservation); err != nil {
			return result{}, err
		}
	}
	if c.asked.Lasts != nil {
		if err := c.prolong(ctx); err != nil {
			return result{}, err
		}
	}
	return made(c.found.shown()), nil
}

// update writes what is asked for to a reservation, soon after it was begun.
func (c *reservationChange) update(
	ctx context.Context, reservation medusaclient.Reservation, description *string, begun time.Time,
) (medusaclient.Reservation, error) {
	write := medusaclient.ReservationWrite{Description: description}
	if c.asked.Quantity != nil {
		quantity := c.asked.Quantity.Number()
		write.Quantity = &quantity
	}
	return c.g.medusa.Reservations.Update(ctx, c.try.Credential, begun.Add(holdPause), reservation.ID, write)
}

// failure says why a reservation was not changed, or that this is not known.
func (c *reservationChange) failure(err error, reservation medusaclient.Reservation) error {
	line := state.HoldLine{Level: levelOf(reservation), Quantity: mapping.ReadQuantity(reservation.Quantity)}
	if c.asked.Quantity != nil {
		line.Quantity = *c.asked.Quantity
	}
	if medusaclient.NotDone(err) {
		return refusedReservation(err, line)
	}
	return unlessDone(err, "reservation")
}

func levelOf(reservation medusaclient.Reservation) state.Level {
	return state.Level{InventoryItemID: reservation.InventoryItemID, LocationID: reservation.LocationID}
}

// updateLine changes the reservation of a line. Until it is known what became of that
// the line is not sold: the quantity must not change after it was sold.
func (c *reservationChange) updateLine(ctx context.Context, number int, reservation medusaclient.Reservation) error {
	begun := time.Now()
	err := c.changeLine(ctx, number, reservation, func(line *state.HoldLine) { line.ChangingTill = c.g.now().Add(holdOver) })
	if err != nil {
		return err
	}
	var description *string
	if c.asked.Description != nil {
		mark := mapping.Mark(c.found.hold.ID, number, *c.asked.Description)
		description = &mark
	}
	updated, err := c.update(ctx, reservation, description, begun)
	if err != nil && !medusaclient.NotDone(err) {
		return unlessDone(err, "reservation")
	}
	hold, endErr := c.g.changeHold(ctx, c.found.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		if line := lineOf(hold, number); line != nil {
			line.ChangingTill, line.Since = time.Time{}, c.g.now()
		}
		return nil, nil
	})
	if err != nil {
		return c.failure(err, reservation)
	}
	if errors.Is(endErr, state.ErrNoHold) {
		return notFound(ReservationNotFound, reservation.ID) // released meanwhile
	}
	c.found.reservations[number], c.found.hold = updated, &hold
	return endErr
}

// changeLine changes a line that is held, and with which nothing else is done.
func (c *reservationChange) changeLine(ctx context.Context, number int, reservation medusaclient.Reservation, change func(line *state.HoldLine)) error {
	_, err := c.g.changeHold(ctx, c.found.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		line := lineOf(hold, number)
		if err := c.g.free(line, c.found.line(number)); err != nil {
			return nil, err
		}
		change(line)
		return nil, nil
	})
	if errors.Is(err, state.ErrNoHold) {
		return notFound(ReservationNotFound, reservation.ID)
	}
	return err
}

// prolong has the hold end later, or earlier.
func (c *reservationChange) prolong(ctx context.Context) error {
	hold, err := c.g.changeHold(ctx, c.found.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		for number := range c.found.reservations {
			if err := c.g.free(lineOf(hold, number), c.found.line(number)); err != nil {
				return nil, err
			}
		}
		hold.ExpiresAt = c.g.now().Add(*c.asked.Lasts)
		return nil, nil
	})
	if errors.Is(err, state.ErrNoHold) {
		return notFound(ReservationNotFound, c.found.id)
	}
	c.found.hold = &hold
	return err
}

// move makes the reservation of a line anew at another location, and releases the old
// one.
func (c *reservationChange) move(ctx context.Context, number int, reservation medusaclient.Reservation) (result, error) {
	line, err := c.beginMove(ctx, number, reservation)
	if err != nil {
		return result{}, err
	}
	moved, err := c.g.reserveLine(ctx, c.try.Credential, c.found.hold.ID, line, c.description(reservation))
	if err != nil {
		c.giveUpMove(ctx, line, medusaclient.NotDone(err))
		return result{}, refusedReservation(err, line)
	}
	answer, err := c.finishMove(ctx, number, line, moved)
	if err != nil {
		line.ReservationID = moved.ID
		c.giveUpMove(ctx, line, false)
	}
	return answer, err
}

// description is the caller's own words on the reservation that is made anew.
func (c *reservationChange) description(reservation medusaclient.Reservation) string {
	switch {
	case c.asked.Description != nil:
		return *c.asked.Description
	case reservation.Description == nil:
		return ""
	}
	_, _, own, _ := mapping.ReadMark(*reservation.Description)
	return own
}

// beginMove writes down the line that takes the place of another.
func (c *reservationChange) beginMove(ctx context.Context, number int, reservation medusaclient.Reservation) (line state.HoldLine, err error) {
	_, err = c.g.changeHold(ctx, c.found.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		old := lineOf(hold, number)
		if err := c.g.free(old, c.found.line(number)); err != nil {
			return nil, err
		}
		line = state.HoldLine{
			Number: hold.Lines[len(hold.Lines)-1].Number + 1, Stage: state.Making, Since: time.Now(),
			Level:     state.Level{InventoryItemID: reservation.InventoryItemID, LocationID: c.asked.LocationID},
			VariantID: old.VariantID, Quantity: mapping.ReadQuantity(reservation.Quantity),
		}
		if c.asked.Quantity != nil {
			line.Quantity = *c.asked.Quantity
		}
		hold.Lines = append(hold.Lines, line)
		return nil, takeFor(hold, c.try.claim)
	})
	if errors.Is(err, state.ErrNoHold) {
		err = notFound(ReservationNotFound, reservation.ID)
	}
	return line, err
}

// keyBatch is the batch of the key that the change is asked for with, "" for none.
func (c *reservationChange) keyBatch() string {
	if c.try.claim == nil {
		return ""
	}
	return c.try.claim.BatchID
}

// finishMove has the new reservation held and the old one released, together with
// what is answered.
func (c *reservationChange) finishMove(ctx context.Context, number int, line state.HoldLine, moved medusaclient.Reservation) (result, error) {
	of := found{id: moved.ID, hold: c.found.hold, reservations: map[int]medusaclient.Reservation{line.Number: moved}}
	hold, err := c.g.changeHold(ctx, c.found.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		old, anew := lineOf(hold, number), lineOf(hold, line.Number)
		if c.g.free(old, c.found.line(number)) != nil || anew == nil || anew.Stage != state.Making {
			return nil, busy() // it was sold, released or changed meanwhile, or took too long
		}
		anew.Stage, anew.Since, anew.ReservationID = state.Held, c.g.now(), moved.ID
		old.Stage, old.Since = state.Releasing, c.g.now()
		if c.asked.Lasts != nil {
			hold.ExpiresAt = c.g.now().Add(*c.asked.Lasts)
		}
		of.hold = hold
		answer, err := newWriteAnswer(made(of.shown()))
		if err != nil {
			return nil, err
		}
		if !isFor(hold, c.keyBatch()) {
			return nil, nil
		}
		return keptWith(answer), nil
	})
	if err != nil {
		return result{}, err
	}
	if _, err := c.g.releaseLines(medusaclient.Ahead(ctx), hold, c.g.account.Do); err != nil {
		c.g.log.WarnContext(ctx, "a reservation that was moved is not released yet", "holdId", hold.ID, "error", err)
	}
	answer := made(of.shown())
	answer.kept = true
	return answer, nil
}

// giveUpMove releases what may have been made at the new location.
func (c *reservationChange) giveUpMove(ctx context.Context, line state.HoldLine, notMade bool) {
	hold, err := c.g.changeHold(ctx, c.found.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		if isFor(hold, c.keyBatch()) {
			hold.Claim = nil
		}
		if notMade {
			hold.Lines = slices.DeleteFunc(hold.Lines, func(other state.HoldLine) bool { return other.Number == line.Number })
			return nil, nil
		}
		if anew := lineOf(hold, line.Number); anew != nil && anew.Stage == state.Making {
			anew.Stage, anew.ReservationID = state.Releasing, line.ReservationID
		}
		return nil, nil
	})
	if err == nil {
		_, err = c.g.releaseLines(medusaclient.Ahead(ctx), hold, c.g.account.Do)
	}
	if err != nil && !errors.Is(err, state.ErrNoHold) {
		c.g.log.WarnContext(ctx, "a reservation that could not be moved is not released yet", "holdId", c.found.hold.ID, "error", err)
	}
}
