package mapping

import "github.com/cannahub/gateway/medusaclient"

// LevelUpdate is what PATCH /api/inventory/levels asks for: what a location
// shall have of an item, in units of the item. A quantity that is nil stays as
// it is. ExpectedQuantity is what must be stocked there before.
type LevelUpdate struct {
	InventoryItemID  string
	LocationID       string
	StockedQuantity  *Quantity
	IncomingQuantity *Quantity
	ExpectedQuantity *Quantity
	Note
}

// LevelRemoval is what DELETE /api/inventory/levels asks for. Force lets go of
// what is still stocked there.
type LevelRemoval struct {
	InventoryItemID string
	LocationID      string
	Force           bool
	Note
}

// LevelAnswer is a level as it is after its change.
type LevelAnswer struct {
	Level InventoryLevel `json:"level"`
}

// RemovalAnswer names the level that was deleted.
type RemovalAnswer struct {
	ID              string `json:"id"`
	InventoryItemID string `json:"inventoryItemId"`
	LocationID      string `json:"locationId"`
	Deleted         bool   `json:"deleted"`
}

var (
	levelUpdateFields = []string{
		"inventoryItemId", "locationId", "stockedQuantity", "incomingQuantity", "expectedQuantity", "reason", "reference", "sourceHarvestId",
	}
	levelRemovalFields = []string{"inventoryItemId", "locationId", "force", "reason", "reference", "sourceHarvestId"}
)

// ParseLevelUpdate reads the body of PATCH /api/inventory/levels, which is
// ValidJSON.
func ParseLevelUpdate(body []byte) (LevelUpdate, []Fault) {
	return readBody(body, levelUpdateFields, func(o *object) LevelUpdate {
		o.need("inventoryItemId", "locationId")
		o.atLeastOne("stockedQuantity", "incomingQuantity")
		return LevelUpdate{
			InventoryItemID: o.id("inventoryItemId"), LocationID: o.id("locationId"),
			StockedQuantity: o.quantity("stockedQuantity"), IncomingQuantity: o.quantity("incomingQuantity"),
			ExpectedQuantity: o.number("expectedQuantity"), Note: o.note(),
		}
	})
}

// ParseLevelRemoval reads the body of DELETE /api/inventory/levels, which is
// ValidJSON.
func ParseLevelRemoval(body []byte) (LevelRemoval, []Fault) {
	return readBody(body, levelRemovalFields, func(o *object) LevelRemoval {
		o.need("inventoryItemId", "locationId")
		return LevelRemoval{
			InventoryItemID: o.id("inventoryItemId"), LocationID: o.id("locationId"), Force: o.boolean("force", false), Note: o.note(),
		}
	})
}

// NewInventoryLevel translates one level, with its location when that came
// along.
func NewInventoryLevel(level medusaclient.InventoryLevel, language Language) InventoryLevel {
	return newInventoryLevel(level, level.InventoryItemID, newWarnings(language))
}
