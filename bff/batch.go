package bff

import (
	"context"
	"net/http"
	"slices"

	"github.com/goccy/go-json"

	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
)

// BatchUpdate changes many levels, those rows that are on one level in their
// order. Two upstream calls for each started 250 rows; one more where they are
// addressed both by variant and by item, one where some levels have to be made
// and others not, and one for the locations of those. An atomic batch is written
// in one call, however many rows it has.
func (g *Gateway) BatchUpdate(ctx context.Context, w Write, update mapping.BatchUpdate) (*WriteAnswer, error) {
	if update.DryRun {
		w.Key = "" // nothing is written that could be written twice
	}
	return g.write(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		batch := &stock.Batch{Changes: changesOf(update.Updates), Atomic: update.Atomic, Grams: true}
		if update.DryRun {
			outcomes, err := g.stock.Preview(ctx, w.Credential, batch)
			if err != nil {
				return result{}, err
			}
			return batchResult(update, outcomes, try)
		}
		if try.told != nil {
			return g.refresh(ctx, try, update)
		}
		outcomes, err := g.change(ctx, try, batch)
		if err != nil {
			return result{}, err
		}
		return batchResult(update, outcomes, try)
	})
}

func changesOf(rows []mapping.StockUpdate) []stock.Change {
	changes := make([]stock.Change, len(rows))
	for i, row := range rows {
		changes[i] = stock.Change{
			Address: row.Address, LocationID: row.LocationID, Position: i,
			Set: row.Quantity, Adjust: row.Adjustment, Expected: row.ExpectedQuantity, KeepReserved: row.ValidateStock, Note: row.Note,
		}
	}
	return changes
}

// addUp adds what a row that was made changed, up or down.
func addUp(summary *mapping.BatchSummary, outcome stock.Outcome) {
	units := outcome.Unit.Units(outcome.New).Sub(outcome.Unit.Units(outcome.Previous)).Abs()
	summary.TotalUnitsUpdated = summary.TotalUnitsUpdated.Add(units)
	summary.TotalGramsUpdated = summary.TotalGramsUpdated.Add(outcome.Unit.Grams(units))
}

// tally counts the rows of a batch by what became of them.
type tally struct{ applied, refused, failed, unknown int }

func tallyOf(outcomes []stock.Outcome) (t tally) {
	for _, outcome := range outcomes {
		switch outcome.Status {
		case stock.Applied:
			t.applied++
		case stock.Refused:
			t.refused++
		case stock.Failed:
			t.failed++
		case stock.Unknown:
			t.unknown++
		case stock.Skipped:
		}
	}
	return t
}

// batchResult answers a batch row by row: 200 when all rows were made, 207 when
// some were or may have been, 422 when none was. When none could be tried, or
// when what became of an atomic one is not known, that is the answer.
func batchResult(update mapping.BatchUpdate, outcomes []stock.Outcome, try *attempt) (result, error) {
	t := tallyOf(outcomes)
	switch {
	case t.failed == len(outcomes):
		return result{}, outcomes[0].Err
	case update.Atomic && t.unknown > 0:
		return result{}, outcomeUnknown(try.batchID, firstUnknown(outcomes))
	}
	answer := mapping.BatchAnswer{
		Success: t.applied == len(outcomes), Updated: t.applied, Failed: len(outcomes) - t.applied,
		Results: make([]mapping.RowResult, len(outcomes)), DryRun: update.DryRun,
	}
	for i, outcome := range outcomes {
		row := rowResult(update.Updates[i], outcome, try.Language)
		answer.Results[i] = row
		if row.Status == mapping.RowSuccess {
			addUp(&answer.Summary, outcome)
		}
	}
	made := result{status: http.StatusMultiStatus, changed: t.applied+t.unknown > 0}
	switch {
	case answer.Success:
		made.status = http.StatusOK
	case !made.changed:
		made.status = http.StatusUnprocessableEntity
	}
	made.changed = made.changed && !update.DryRun
	if made.changed {
		answer.BatchID = try.batchID
	}
	made.body = answer
	return made, nil
}

func firstUnknown(outcomes []stock.Outcome) stock.Outcome {
	return outcomes[slices.IndexFunc(outcomes, func(outcome stock.Outcome) bool { return outcome.Status == stock.Unknown })]
}

// refresh asks after the rows of a batch of which it was not known what became
// of them when it was answered. The others stay as they were told.
func (g *Gateway) refresh(ctx context.Context, try *attempt, update mapping.BatchUpdate) (result, error) {
	var answer mapping.BatchAnswer
	if err := json.Unmarshal(try.told, &answer); err != nil {
		return result{}, err
	}
	changes := changesOf(update.Updates)
	batch := &stock.Batch{Grams: true}
	for i, row := range answer.Results {
		if row.Status == mapping.RowUnknown {
			batch.Changes = append(batch.Changes, changes[i])
		}
	}
	outcomes, err := g.change(ctx, try, batch)
	if err != nil {
		return result{}, err
	}
	try.fresh = false
	again := made(&answer)
	for i, outcome := range outcomes {
		if outcome.Status == stock.Failed || (outcome.Status == stock.Unknown && !outcome.Final) {
			continue // not yet
		}
		position := batch.Changes[i].Position
		answer.Results[position] = rowResult(update.Updates[position], outcome, try.Language)
		if outcome.Status == stock.Applied {
			answer.Updated, answer.Failed = answer.Updated+1, answer.Failed-1
			addUp(&answer.Summary, outcome)
		}
	}
	if answer.Success = answer.Failed == 0; !answer.Success {
		again.status = http.StatusMultiStatus
	}
	return again, nil
}

// rowResult says what became of a row.
func rowResult(row mapping.StockUpdate, outcome stock.Outcome, language mapping.Language) mapping.RowResult {
	said := mapping.RowResult{
		VariantID: row.VariantID, InventoryItemID: row.InventoryItemID, SKU: row.SKU, LocationID: row.LocationID,
	}
	refuse := func(status mapping.RowStatus, code Code, message mapping.Message) mapping.RowResult {
		said.Status, said.Code, said.Error = status, string(code), message.InShort().In(language)
		return said
	}
	switch outcome.Status {
	case stock.Refused:
		return refuse(mapping.RowError, Code(outcome.Refusal.Reason), sentence(outcome.Refusal))
	case stock.Failed:
		failure := failed(outcome.Err)
		return refuse(mapping.RowError, failure.Code, failure.Message)
	case stock.Unknown:
		return refuse(mapping.RowUnknown, OutcomeUnknown, unknownSentence(outcome))
	case stock.Skipped:
		said.Status, said.Error = mapping.RowSkipped, mapping.Message{Key: "SKIPPED"}.InShort().In(language)
		return said
	case stock.Applied:
	}
	previous, quantity := outcome.Unit.Units(outcome.Previous), outcome.Unit.Units(outcome.New)
	grams := outcome.Unit.Grams(quantity)
	said.Status = mapping.RowSuccess
	said.PreviousQuantity, said.NewQuantity, said.TotalGrams = &previous, &quantity, &grams
	if outcome.BelowReserved {
		reserved := outcome.Unit.Units(mapping.ReadQuantity(outcome.Level.ReservedQuantity))
		said.Warning = mapping.Message{Key: "BELOW_RESERVED", Args: []any{reserved}}.InShort().In(language)
	}
	return said
}
