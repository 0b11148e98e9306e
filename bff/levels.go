package bff

import (
	"context"
	"net/http"

	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
)

// UpdateLevel sets quantities of one level, and makes the level where there is
// none yet. Two upstream calls, shared with others at the same time; two more
// for a level that is made.
func (g *Gateway) UpdateLevel(ctx context.Context, w Write, update mapping.LevelUpdate) (*WriteAnswer, error) {
	return g.write(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		outcome, err := g.changeOne(ctx, try, stock.Change{
			Address: mapping.Address{InventoryItemID: update.InventoryItemID}, LocationID: update.LocationID,
			Set: update.StockedQuantity, Incoming: update.IncomingQuantity, Expected: update.ExpectedQuantity, Note: update.Note,
		})
		if err != nil {
			return result{}, err
		}
		return made(mapping.LevelAnswer{Level: mapping.NewInventoryLevel(outcome.Level, w.Language)}), nil
	})
}

// RemoveLevel deletes a level. Two upstream calls.
func (g *Gateway) RemoveLevel(ctx context.Context, w Write, removal mapping.LevelRemoval) (*WriteAnswer, error) {
	return g.write(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		outcome, err := g.changeOne(ctx, try, stock.Change{
			Address: mapping.Address{InventoryItemID: removal.InventoryItemID}, LocationID: removal.LocationID,
			Remove: true, Force: removal.Force, Note: removal.Note,
		})
		if err != nil {
			return result{}, err
		}
		return made(mapping.RemovalAnswer{
			ID: outcome.Level.ID, InventoryItemID: removal.InventoryItemID, LocationID: removal.LocationID, Deleted: true,
		}), nil
	})
}

// Adjust adds to a level or takes from it. Two upstream calls, shared with
// others at the same time; two more for a level that is made.
func (g *Gateway) Adjust(ctx context.Context, w Write, adjustment mapping.Adjustment) (*WriteAnswer, error) {
	return g.write(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		outcome, err := g.changeOne(ctx, try, stock.Change{
			Address: adjustment.Address, LocationID: adjustment.LocationID,
			Adjust: &adjustment.Adjustment, Expected: adjustment.ExpectedQuantity, KeepReserved: adjustment.ValidateStock, Note: adjustment.Note,
		})
		if err != nil {
			return result{}, err
		}
		return made(mapping.AdjustmentAnswer{
			Level: mapping.NewInventoryLevel(outcome.Level, w.Language),
			Adjustment: mapping.AdjustmentRecord{
				ID:               outcome.EntryID,
				PreviousQuantity: outcome.Unit.Units(outcome.Previous), NewQuantity: outcome.Unit.Units(outcome.New), Adjustment: adjustment.Adjustment,
				Reason: given(adjustment.Reason), Reference: given(adjustment.Reference), SourceHarvestID: given(adjustment.SourceHarvestID),
				Actor: mapping.Actor(actorOf(w.Credential)), CreatedAt: mapping.Timestamp(outcome.CreatedAt),
			},
		}), nil
	})
}

// made is the answer to a change that was made.
func made(body any) result {
	return result{status: http.StatusOK, body: body, changed: true}
}

// changeOne makes a single change.
func (g *Gateway) changeOne(ctx context.Context, try *attempt, change stock.Change) (stock.Outcome, error) {
	outcomes, err := g.change(ctx, try, &stock.Batch{Changes: []stock.Change{change}, Levels: true})
	if err != nil {
		return stock.Outcome{}, err
	}
	return outcomes[0], failureOf(outcomes[0], try)
}

// failureOf is the error of a change that was not made, or not as far as known.
func failureOf(outcome stock.Outcome, try *attempt) error {
	switch outcome.Status {
	case stock.Applied:
		return nil
	case stock.Refused:
		return refused(outcome, try.Language)
	case stock.Unknown:
		return outcomeUnknown(try.batchID, outcome)
	case stock.Failed, stock.Skipped:
	}
	return errorOf(outcome.Err, "")
}

// outcomeUnknown is the error of a change that Medusa may or may not have made:
// for the time being, or for good.
func outcomeUnknown(batchID string, outcome stock.Outcome) error {
	e := &Error{Code: OutcomeUnknown, Message: unknownSentence(outcome), BatchID: batchID, Err: outcome.Err}
	if !outcome.Final {
		e.RetryAfter = stock.SettledAfter
	}
	return e
}

func unknownSentence(outcome stock.Outcome) mapping.Message {
	if outcome.Final {
		return mapping.Message{Key: string(OutcomeUnknown) + ".final"}
	}
	return mapping.Message{Key: string(OutcomeUnknown)}
}

// refused is the error of a change that was refused.
func refused(outcome stock.Outcome, language mapping.Language) error {
	refusal := outcome.Refusal
	e := &Error{Code: Code(refusal.Reason), Message: sentence(refusal)}
	if refusal.Reason == stock.StockChanged && outcome.Level.ID != "" {
		level := mapping.NewInventoryLevel(outcome.Level, language)
		e.Level = &level
	}
	return e
}

// sentence is why a change was refused.
func sentence(refusal *stock.Refusal) mapping.Message {
	message := mapping.Message{Key: string(refusal.Reason), Args: refusal.Args}
	if refusal.Reserved {
		message.Key += ".reserved"
	}
	return message
}
