package mapping

// Adjustment is what POST /api/inventory/adjustments asks for: so many units
// more, or fewer, of what the address names.
type Adjustment struct {
	Address
	LocationID       string
	Adjustment       Quantity
	ExpectedQuantity *Quantity // what must be stocked before; nil: whatever is
	ValidateStock    bool      // what is reserved must stay
	Note
}

// AdjustmentAnswer is the level after an adjustment, in units of the inventory
// item, and what was done, in units of what the request addressed.
type AdjustmentAnswer struct {
	Level      InventoryLevel   `json:"level"`
	Adjustment AdjustmentRecord `json:"adjustment"`
}

// AdjustmentRecord is an adjustment as the ledger has it.
type AdjustmentRecord struct {
	ID               string    `json:"id"`
	PreviousQuantity Quantity  `json:"previousQuantity"`
	NewQuantity      Quantity  `json:"newQuantity"`
	Adjustment       Quantity  `json:"adjustment"`
	Reason           *string   `json:"reason"`
	Reference        *string   `json:"reference"`
	SourceHarvestID  *string   `json:"sourceHarvestId"`
	Actor            Actor     `json:"actor"`
	CreatedAt        Timestamp `json:"createdAt"`
}

var adjustmentFields = []string{
	"inventoryItemId", "variantId", "sku", "locationId", "adjustment", "reason", "reference", "sourceHarvestId", "validateStock", "expectedQuantity",
}

// ParseAdjustment reads the body of POST /api/inventory/adjustments, which is
// ValidJSON. Stock is validated unless the body says otherwise.
func ParseAdjustment(body []byte) (Adjustment, []Fault) {
	return readBody(body, adjustmentFields, func(o *object) Adjustment {
		o.need("locationId", "adjustment", "reason")
		adjustment := Adjustment{
			Address: o.address(), LocationID: o.id("locationId"),
			ExpectedQuantity: o.number("expectedQuantity"), ValidateStock: o.boolean("validateStock", true), Note: o.note(),
		}
		if asked := o.adjustment("adjustment"); asked != nil {
			adjustment.Adjustment = *asked
		}
		return adjustment
	})
}
