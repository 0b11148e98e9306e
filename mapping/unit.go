package mapping

import "github.com/cannahub/gateway/medusaclient"

// Unit is what a change of stock counts in: units of a variant, or those of an
// inventory item.
type Unit struct {
	required Quantity // how much of the item one unit takes
	weight   unitWeight
}

// VariantUnit is the unit of a variant with such metadata that takes so much of
// its only inventory item; not valid is one that takes nothing.
func VariantUnit(metadata medusaclient.Raw, required medusaclient.Number) (unit Unit, valid bool) {
	weight, _ := weightOf(metadata)
	unit = Unit{required: ReadQuantity(required), weight: unitWeight{weight: weight, required: one}}
	return unit, unit.required.Sign() > 0
}

// ItemUnit is the unit of an inventory item. It weighs what the first plain
// managed variant that holds the item says, 1 gram where there is none.
func ItemUnit(itemID string, variants []medusaclient.ProductVariant) Unit {
	var holder *medusaclient.ProductVariant
	for i, variant := range variants {
		if holdsAlone(variant, itemID) && (holder == nil || byRank(variant, *holder) < 0) {
			holder = &variants[i]
		}
	}
	if holder == nil {
		return Unit{required: one, weight: unitWeight{weight: one, required: one}}
	}
	weight, _ := weightOf(holder.Metadata)
	required := ReadQuantity(holder.InventoryItems[0].RequiredQuantity)
	if required.Sign() <= 0 {
		required = one
	}
	return Unit{required: one, weight: unitWeight{weight: weight, required: required}}
}

func holdsAlone(variant medusaclient.ProductVariant, itemID string) bool {
	return variant.ManageInventory && len(variant.InventoryItems) == 1 && variant.InventoryItems[0].InventoryItemID == itemID
}

// Units returns how many units a level makes: exactly so when each takes one of
// the item, else whole ones.
func (u Unit) Units(level Quantity) Quantity {
	if u.required.Cmp(one) == 0 {
		return level
	}
	return level.Wholes(u.required)
}

// Level returns how much of the inventory item so many units take.
func (u Unit) Level(units Quantity) Quantity { return units.Mul(u.required) }

// Grams returns what so many units weigh.
func (u Unit) Grams(units Quantity) Quantity { return u.weight.grams(units) }
