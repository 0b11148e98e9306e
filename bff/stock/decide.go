package stock

import (
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// Reason says why a change is refused, in the words that clients see.
type Reason string

// The reasons.
const (
	VariantNotFound         Reason = "VARIANT_NOT_FOUND"
	InventoryItemNotFound   Reason = "INVENTORY_ITEM_NOT_FOUND"
	SKUNotFound             Reason = "SKU_NOT_FOUND"
	StockLocationNotFound   Reason = "STOCK_LOCATION_NOT_FOUND"
	InventoryLevelNotFound  Reason = "INVENTORY_LEVEL_NOT_FOUND"
	InsufficientStock       Reason = "INSUFFICIENT_STOCK"
	StockChanged            Reason = "STOCK_CHANGED"
	LevelHasStock           Reason = "LEVEL_HAS_STOCK"
	LevelHasReservations    Reason = "LEVEL_HAS_RESERVATIONS"
	VariantIsKit            Reason = "VARIANT_IS_KIT"
	VariantNotManaged       Reason = "VARIANT_NOT_MANAGED"
	InventoryItemMissing    Reason = "INVENTORY_ITEM_MISSING"
	RequiredQuantityInvalid Reason = "REQUIRED_QUANTITY_INVALID"
	// QuantityOutOfRange: the result has more digits than Medusa can hold.
	QuantityOutOfRange Reason = "QUANTITY_OUT_OF_RANGE"
)

// Refusal is why a change is not made. Args belong to its sentence.
type Refusal struct {
	Reason Reason
	// Reserved: what is missing is there, but reserved.
	Reserved bool
	Args     []any
}

// view is a level as the changes before have left it.
type view struct {
	exists   bool
	stocked  mapping.Quantity
	reserved mapping.Quantity
	incoming mapping.Quantity
}

func viewOf(level *medusaclient.InventoryLevel) view {
	if level == nil {
		return view{}
	}
	return view{
		exists:  true,
		stocked: mapping.ReadQuantity(level.StockedQuantity), reserved: mapping.ReadQuantity(level.ReservedQuantity),
		incoming: mapping.ReadQuantity(level.IncomingQuantity),
	}
}

// decide says what a change makes of a level, or why it is refused. unit is what
// the change counts in.
func decide(change Change, unit mapping.Unit, at view) (view, *Refusal) {
	if change.Expected != nil && unit.Units(at.stocked).Cmp(*change.Expected) != 0 {
		return at, &Refusal{Reason: StockChanged, Args: []any{*change.Expected, unit.Units(at.stocked)}}
	}
	if change.Remove {
		return remove(change, at)
	}
	next := at
	next.exists = true
	switch {
	case change.Set != nil:
		next.stocked = unit.Level(*change.Set)
	case change.Adjust != nil:
		next.stocked = at.stocked.Add(unit.Level(*change.Adjust))
		if refusal := insufficient(change, unit, at, next); refusal != nil {
			return at, refusal
		}
	}
	if change.Incoming != nil {
		next.incoming = unit.Level(*change.Incoming)
	}
	changesStock := change.Set != nil || change.Adjust != nil
	if (changesStock && !next.stocked.FitsMedusa()) || (change.Incoming != nil && !next.incoming.FitsMedusa()) {
		return at, &Refusal{Reason: QuantityOutOfRange}
	}
	return next, nil
}

func remove(change Change, at view) (view, *Refusal) {
	switch {
	case !at.exists:
		return at, &Refusal{Reason: InventoryLevelNotFound, Args: []any{change.Address.InventoryItemID, change.LocationID}}
	case at.reserved.Sign() > 0:
		return at, &Refusal{Reason: LevelHasReservations, Args: []any{at.reserved}}
	case at.stocked.Sign() != 0 && !change.Force:
		return at, &Refusal{Reason: LevelHasStock, Args: []any{at.stocked}}
	}
	return view{}, nil
}

// insufficient refuses to take what is not there, and what is reserved from
// whom asks for that. A level below zero can only be brought back above it:
// Medusa takes no negative quantity.
func insufficient(change Change, unit mapping.Unit, at, next view) *Refusal {
	takes, asked := change.Adjust.Sign() < 0, change.Adjust.Abs()
	switch {
	case next.stocked.Sign() < 0:
		return &Refusal{Reason: InsufficientStock, Args: []any{unit.Units(at.stocked), asked}}
	case takes && change.KeepReserved && next.stocked.Cmp(next.reserved) < 0:
		return &Refusal{Reason: InsufficientStock, Reserved: true, Args: []any{unit.Units(at.stocked.Sub(at.reserved)), asked}}
	}
	return nil
}
