package bff

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// ConfirmReservation makes a sale of what is held: the stock goes down first, then
// the reservation goes. In between less can be sold than there is, never more. One
// upstream call to read the reservations, two for the stock, and one to find and one
// for each to delete them.
func (g *Gateway) ConfirmReservation(ctx context.Context, w Write, id string, note mapping.Note) (*WriteAnswer, error) {
	return g.write(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		found, err := g.find(ctx, w.Credential, id)
		if err == nil && found.hold == nil {
			err = newFailure(ReservationNotOurs, id)
		}
		if err == nil {
			err = found.whole()
		}
		if err != nil {
			return result{}, err
		}
		if err := g.take(ctx, try); err != nil {
			return result{}, err
		}
		note.Reason = cmp.Or(note.Reason, "sale")
		attemptID, err := g.beginSale(ctx, found, try.claim, state.Confirmation{
			AttemptID: state.NewID("batch_"), Asked: id, Note: note, Actor: actorOf(w.Credential), RequestID: w.RequestID,
		})
		if err != nil {
			return result{}, err
		}
		sale, err := g.sell(ctx, found.hold.ID, attemptID)
		if err != nil {
			return result{}, err
		}
		return result{status: saleStatus, body: sale, changed: true, kept: true}, nil
	})
}

const saleStatus = http.StatusOK

// beginSale writes down that the lines that were found are sold, with the quantities
// that Medusa has. From then on that is brought to an end, whoever dies.
func (g *Gateway) beginSale(ctx context.Context, found found, claim *state.Claim, confirmation state.Confirmation) (attemptID string, err error) {
	if claim != nil {
		confirmation.KeyBatch = claim.BatchID
	}
	_, err = g.changeHold(context.WithoutCancel(ctx), found.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		for number, reservation := range found.reservations {
			line := lineOf(hold, number)
			if err := g.free(line, found.line(number)); err != nil {
				return nil, err
			}
			quantity := mapping.ReadQuantity(reservation.Quantity)
			if quantity.Sign() <= 0 {
				return nil, newFailure(QuantityOutOfRange)
			}
			line.Stage, line.Since, line.Confirmation, line.Quantity = state.Confirming, g.now(), &confirmation, quantity
			line.Level = levelOf(reservation)
		}
		return nil, takeFor(hold, claim)
	})
	switch {
	case errors.Is(err, state.ErrNoHold):
		err = notFound(ReservationNotFound, confirmation.Asked)
	case errors.Is(err, state.ErrUncertain): // if it is written down, it is brought to its end
		err = outcomeUnknown(confirmation.AttemptID, stock.Outcome{Err: err})
	}
	return confirmation.AttemptID, err
}

// takeFor lets something be done with a hold for an idempotency key, where there is
// one. It is answered together with the end of that.
func takeFor(hold *state.Hold, claim *state.Claim) error {
	switch {
	case claim == nil:
	case hold.Claim != nil && hold.Claim.BatchID != claim.BatchID:
		return busy()
	default:
		hold.Claim = claim
	}
	return nil
}

// isFor says whether the key of a hold is that of a batch.
func isFor(hold *state.Hold, keyBatch string) bool {
	return hold.Claim != nil && hold.Claim.BatchID == keyBatch
}

// lineOf is a line of a hold, nil where there is none of that number any more.
func lineOf(hold *state.Hold, number int) *state.HoldLine {
	for i := range hold.Lines {
		if hold.Lines[i].Number == number {
			return &hold.Lines[i]
		}
	}
	return nil
}

// free says whether a line is held as it was seen, and nothing else is done with it:
// what Medusa has of it was read after it was seen.
func (g *Gateway) free(line *state.HoldLine, seen state.HoldLine) error {
	switch {
	case line == nil, line.Stage == state.Releasing, line.ReservationID != seen.ReservationID:
		return notFound(ReservationNotFound, seen.ReservationID)
	case doubtful(*line):
		return &Error{
			Code: OutcomeUnknown, Message: mapping.Message{Key: string(OutcomeUnknown) + ".final"}, BatchID: line.Confirmation.AttemptID,
		}
	case line.Stage != state.Held, !line.Since.Equal(seen.Since):
		return busy()
	case g.now().Before(line.ChangingTill):
		later := busy()
		later.RetryAfter = line.ChangingTill.Sub(g.now())
		return later
	}
	return nil
}

// sell takes the stock of the lines that are sold under an attempt, and lets their
// reservations go. When an attempt before took it, it is not taken again.
func (g *Gateway) sell(ctx context.Context, holdID, attemptID string) (mapping.Sale, error) {
	detached := context.WithoutCancel(ctx) // what has begun must not be told to have failed
	hold, err := g.store.Hold(detached, holdID)
	if err != nil {
		return mapping.Sale{}, outcomeUnknown(attemptID, stock.Outcome{Err: err})
	}
	lines := soldBy(hold, attemptID)
	if len(lines) == 0 {
		return mapping.Sale{}, busy() // another gateway has ended it
	}
	outcomes, err := g.stock.Do(ctx, saleOf(lines))
	if errors.Is(err, stock.ErrClaimed) {
		return mapping.Sale{}, busy() // another gateway has given it up
	}
	for _, outcome := range outcomes {
		switch {
		case outcome.Status == stock.Unknown && outcome.Final:
			return mapping.Sale{}, g.leaveUnknown(detached, holdID, attemptID, outcome)
		case outcome.Status == stock.Unknown:
			return mapping.Sale{}, outcomeUnknown(attemptID, outcome)
		case outcome.Status == stock.Refused:
			err = refused(outcome, mapping.English)
		case outcome.Status == stock.Failed && err == nil:
			err = outcome.Err
		}
	}
	if err != nil {
		return mapping.Sale{}, g.giveUpSale(detached, holdID, attemptID, err)
	}
	return g.sold(detached, hold, lines, outcomes)
}

// soldBy are the lines of a hold that are sold under an attempt.
func soldBy(hold state.Hold, attemptID string) []state.HoldLine {
	return slices.DeleteFunc(slices.Clone(hold.Lines), func(line state.HoldLine) bool { return !sells(line, attemptID) })
}

func sells(line state.HoldLine, attemptID string) bool {
	return line.Stage == state.Confirming && line.Confirmation.AttemptID == attemptID
}

// saleOf is the batch that takes the stock of lines. What is reserved does not stand
// in its way: with it its own reservations go, so others are left what they had.
func saleOf(lines []state.HoldLine) *stock.Batch {
	confirmation := lines[0].Confirmation
	changes := make([]stock.Change, len(lines))
	for i, line := range lines {
		less := mapping.Quantity{}.Sub(line.Quantity)
		changes[i] = stock.Change{
			Address: mapping.Address{InventoryItemID: line.InventoryItemID}, LocationID: line.LocationID, Position: line.Number,
			Adjust: &less, Note: confirmation.Note,
		}
	}
	return &stock.Batch{
		ID: confirmation.AttemptID, Changes: changes, Atomic: true, Claim: confirmation.Claim(), Actor: confirmation.Actor, RequestID: confirmation.RequestID,
	}
}

// giveUpSale has the lines of an attempt that took nothing held again, and makes sure
// that nothing is taken under it any more.
func (g *Gateway) giveUpSale(ctx context.Context, holdID, attemptID string, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, undoTimeout)
	defer cancel()
	_, err := g.store.GiveUp(ctx, holdID, attemptID, func(hold *state.Hold) (*state.Answer, error) {
		for i := range hold.Lines {
			if line := &hold.Lines[i]; sells(*line, attemptID) {
				if isFor(hold, line.Confirmation.KeyBatch) {
					hold.Claim = nil
				}
				line.Stage, line.Since, line.Confirmation = state.Held, g.now(), nil
			}
		}
		hold.DueAt = dueAt(*hold)
		return nil, nil
	})
	if err != nil {
		g.log.WarnContext(ctx, "an attempt to confirm a hold is not given up yet", "holdId", holdID, "batchId", attemptID, "error", err)
		return outcomeUnknown(attemptID, stock.Outcome{Err: errors.Join(cause, err)})
	}
	return errorOf(cause, "")
}

// leaveUnknown leaves lines alone of which nobody can tell any more whether their
// stock was taken.
func (g *Gateway) leaveUnknown(ctx context.Context, holdID, attemptID string, outcome stock.Outcome) error {
	_, err := g.changeHold(ctx, holdID, func(hold *state.Hold) (*state.Answer, error) {
		for i := range hold.Lines {
			if line := &hold.Lines[i]; sells(*line, attemptID) {
				if isFor(hold, line.Confirmation.KeyBatch) {
					hold.Claim = nil
				}
				line.Stage, line.Since = state.Held, g.now()
			}
		}
		return nil, nil
	})
	if err != nil {
		return outcomeUnknown(attemptID, stock.Outcome{Err: err})
	}
	g.log.ErrorContext(ctx, "it is not known whether the stock of a hold was taken; count it, then release the hold",
		"holdId", holdID, "batchId", attemptID)
	return outcomeUnknown(attemptID, outcome)
}

// sold lets the reservations of lines go whose stock is taken. The sale is made
// already: what cannot be released now is released later.
func (g *Gateway) sold(ctx context.Context, hold state.Hold, lines []state.HoldLine, outcomes []stock.Outcome) (mapping.Sale, error) {
	ctx, cancel := context.WithTimeout(medusaclient.Ahead(ctx), undoTimeout)
	defer cancel()
	confirmation := lines[0].Confirmation
	sale := mapping.Sale{ID: confirmation.Asked, Confirmed: true, HoldID: hold.ID, Adjustments: make([]mapping.SaleRecord, len(lines))}
	for i, line := range lines {
		sale.Adjustments[i] = saleRecord(line, outcomes[i])
	}
	answer, err := newWriteAnswer(result{status: saleStatus, body: sale})
	if err != nil {
		return mapping.Sale{}, err
	}
	sold := 0
	left, err := g.changeHold(ctx, hold.ID, func(hold *state.Hold) (kept *state.Answer, err error) {
		sold = 0
		for i := range hold.Lines {
			if line := &hold.Lines[i]; sells(*line, confirmation.AttemptID) {
				line.Stage, line.Since, line.Confirmation = state.Releasing, g.now(), nil
				sold++
			}
		}
		if isFor(hold, confirmation.KeyBatch) {
			kept = keptWith(answer)
		}
		return kept, nil
	})
	if err == nil {
		g.holds.ended("confirmed", sold)
		_, err = g.releaseLines(ctx, left, g.account.Do)
	}
	if err != nil {
		g.log.WarnContext(ctx, "a hold whose stock is taken is not released yet", "holdId", hold.ID, "error", err)
	}
	return sale, nil
}

func saleRecord(line state.HoldLine, outcome stock.Outcome) mapping.SaleRecord {
	confirmation := line.Confirmation
	return mapping.SaleRecord{
		ReservationID: line.ReservationID, VariantID: given(line.VariantID), InventoryItemID: line.InventoryItemID, LocationID: line.LocationID,
		AdjustmentRecord: mapping.AdjustmentRecord{
			ID: outcome.EntryID, PreviousQuantity: outcome.Previous, NewQuantity: outcome.New, Adjustment: outcome.New.Sub(outcome.Previous),
			Reason: given(confirmation.Note.Reason), Reference: given(confirmation.Note.Reference), SourceHarvestID: given(confirmation.Note.SourceHarvestID),
			Actor: mapping.Actor(confirmation.Actor), CreatedAt: mapping.Timestamp(outcome.CreatedAt),
		},
	}
}

// abandoned are the attempts to confirm that their gateway did not end.
func (g *Gateway) abandoned(hold state.Hold) (attempts []string) {
	for _, line := range hold.Lines {
		if line.Stage == state.Confirming && !g.now().Before(line.Since.Add(holdLease)) && !slices.Contains(attempts, line.Confirmation.AttemptID) {
			attempts = append(attempts, line.Confirmation.AttemptID)
		}
	}
	return attempts
}
