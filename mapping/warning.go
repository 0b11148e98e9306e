package mapping

import "slices"

// Warning names something in Medusa's data that an answer had to decide about.
type Warning struct {
	Code            string `json:"code"`
	Detail          string `json:"detail"`
	VariantID       string `json:"variantId,omitempty"`
	InventoryItemID string `json:"inventoryItemId,omitempty"`
	LocationID      string `json:"locationId,omitempty"`
}

// The codes of warnings.
const (
	// WeightInvalid: metadata.weight (or quantity) is no positive number; counted as 1.
	WeightInvalid = "WEIGHT_INVALID"
	// WeightConflict: variants that share an item give it different weights; the first counts.
	WeightConflict = "WEIGHT_CONFLICT"
	// WeightUnknown: only kits hold the item; its units count as 1 gram.
	WeightUnknown = "WEIGHT_UNKNOWN"
	// LocationDeleted: a level is at a location that no longer exists.
	LocationDeleted = "LOCATION_DELETED"
	// InventoryItemMissing: the variant is managed but has no inventory item.
	InventoryItemMissing = "INVENTORY_ITEM_MISSING"
	// RequiredQuantityInvalid: a variant takes no positive quantity of its item; counted as 1.
	RequiredQuantityInvalid = "REQUIRED_QUANTITY_INVALID"
)

// warnings collects each warning once.
type warnings struct {
	language Language
	list     []Warning
}

func newWarnings(language Language) *warnings {
	return &warnings{language: language, list: []Warning{}}
}

func (w *warnings) add(warning Warning, args ...any) {
	warning.Detail = Message{Key: "warning." + warning.Code, Args: args}.In(w.language)
	if !slices.Contains(w.list, warning) {
		w.list = append(w.list, warning)
	}
}
