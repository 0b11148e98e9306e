package mapping

import "github.com/cannahub/gateway/medusaclient"

// unitWeight is what one unit of an inventory item weighs, in grams, as a
// fraction: a variant's weight over how much of the item the variant takes.
type unitWeight struct {
	weight   Quantity
	required Quantity
}

func (w unitWeight) equals(other unitWeight) bool {
	return w.weight.Mul(other.required).Cmp(other.weight.Mul(w.required)) == 0
}

// grams returns what so many units of the item weigh.
func (w unitWeight) grams(units Quantity) Quantity {
	if w.required.Cmp(one) == 0 {
		return units.Mul(w.weight)
	}
	return units.Mul(w.weight).grams(w.required)
}

// itemGrams knows the unit weight of the items that plain variants hold.
type itemGrams map[string]unitWeight

// add takes the weight of a variant's item from a plain variant. The first to
// name an item counts; who disagrees is warned of.
func (g itemGrams) add(variant medusaclient.ProductVariant, weight Quantity, warned *warnings) {
	if !variant.ManageInventory || len(variant.InventoryItems) != 1 {
		return
	}
	link := variant.InventoryItems[0]
	unit := unitWeight{weight: weight, required: requiredQuantity(link, variant, warned)}
	first, known := g[link.InventoryItemID]
	switch {
	case !known:
		g[link.InventoryItemID] = unit
	case !first.equals(unit):
		warned.add(Warning{Code: WeightConflict, VariantID: variant.ID, InventoryItemID: link.InventoryItemID}, variant.ID, link.InventoryItemID)
	}
}

// total adds up the grams of each item once, however many variants hold it.
func (g itemGrams) total(variants []medusaclient.ProductVariant, warned *warnings) Quantity {
	var total Quantity
	counted := make(map[string]bool, len(variants))
	for _, variant := range variants {
		if !variant.ManageInventory {
			continue
		}
		for _, link := range variant.InventoryItems {
			if counted[link.InventoryItemID] {
				continue
			}
			counted[link.InventoryItemID] = true
			total = total.Add(g.of(link, warned))
		}
	}
	return total
}

func (g itemGrams) of(link medusaclient.VariantInventoryItem, warned *warnings) Quantity {
	var stocked Quantity
	for _, level := range levelsOf(link) {
		stocked = stocked.Add(ReadQuantity(level.StockedQuantity))
	}
	unit, known := g[link.InventoryItemID]
	if !known {
		warned.add(Warning{Code: WeightUnknown, InventoryItemID: link.InventoryItemID}, link.InventoryItemID)
		return stocked
	}
	return unit.grams(stocked)
}
