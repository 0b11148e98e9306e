package stock

import (
	"cmp"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
)

// recall tells a unit what an earlier attempt at its batch did, if the ledger
// has rows of it: a request can be sent again after its gateway died, and can
// reach two gateways at once.
func (p *planner) recall(unit *unit) bool {
	rows := p.standing[unit.batch.ID]
	if _, known := rows[unit.changes[0].Position]; !known {
		return false
	}
	for i, change := range unit.changes {
		unit.outcomes[i] = p.recalled(change, rows[change.Position])
	}
	return true
}

// recalled is the outcome that a row tells of, with the rest of the level as it
// is now.
func (p *planner) recalled(change Change, row state.Entry) Outcome {
	found := p.book.target(change.Address)
	if found.refusal != nil { // gone since
		found.unit = mapping.ItemUnit("", nil)
	}
	level := p.shown(row.Level, p.viewOf(row.Level))
	level.ID = cmp.Or(row.LevelID, level.ID)
	level.StockedQuantity, level.ReservedQuantity = row.New.Number(), row.Reserved.Number()
	if row.NewIncoming != nil {
		level.IncomingQuantity = row.NewIncoming.Number()
	}
	outcome := Outcome{
		Status: Unknown, Recalled: true, Unit: found.unit, Previous: row.Previous, New: row.New,
		BelowReserved: change.Set != nil && row.New.Cmp(row.Reserved) < 0,
		Level:         level, EntryID: row.ID, CreatedAt: row.CreatedAt,
	}
	switch row.State {
	case state.Applied:
		outcome.Status = Applied
	case state.Unknown:
		outcome.Final = true
	case state.Pending, state.Failed, state.Outside:
	}
	return outcome
}
