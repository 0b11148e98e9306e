package mapping

import (
	"encoding/json"

	"github.com/cannahub/gateway/medusaclient"
)

// MaxFollowed is how many items one feed follows at most.
const MaxFollowed = 500

// Following names the items whose changes somebody wants to be told of, and the
// locations; no locations: all.
type Following struct {
	InventoryItemIDs []string
	LocationIDs      []string
}

// LiveLevel is what there is of an item at a location at some moment.
type LiveLevel struct {
	ID        string
	At        LevelID
	Stocked   Quantity
	Reserved  Quantity
	Incoming  Quantity
	UpdatedAt string // RFC 3339; empty where Medusa did not say
	Deleted   bool   // the level is no more; its quantities are zero
}

// NewLiveLevel is a level as Medusa shows it, of an item that it may not name.
func NewLiveLevel(itemID string, level medusaclient.InventoryLevel) LiveLevel {
	live := LiveLevel{
		ID: level.ID, At: LevelID{InventoryItemID: itemID, LocationID: level.LocationID},
		Stocked: ReadQuantity(level.StockedQuantity), Reserved: ReadQuantity(level.ReservedQuantity), Incoming: ReadQuantity(level.IncomingQuantity),
	}
	if level.UpdatedAt != nil {
		live.UpdatedAt = *level.UpdatedAt
	}
	return live
}

// Gone is the level after it was deleted.
func (l LiveLevel) Gone() LiveLevel { return LiveLevel{ID: l.ID, At: l.At, Deleted: true} }

// Differs says whether there is more, less or something else to tell of a level
// than of an earlier one, or was meanwhile: who looked then must be put right.
func (l LiveLevel) Differs(earlier LiveLevel) bool {
	return l.ID != earlier.ID || l.Deleted != earlier.Deleted || l.UpdatedAt != earlier.UpdatedAt ||
		l.Stocked.Cmp(earlier.Stocked) != 0 || l.Reserved.Cmp(earlier.Reserved) != 0 || l.Incoming.Cmp(earlier.Incoming) != 0
}

// Gap is the message that says that there were changes that are not told, so that how
// things are is to be read anew.
const Gap = `{"type":"gap"}`

// LevelUpdated is the type of the message that tells of a change of a level.
const LevelUpdated = "inventory_level.updated"

// The level in Medusa's spelling, and in ours.
type (
	storeLiveLevel struct {
		ID        string   `json:"id"`
		Item      string   `json:"inventory_item_id"`  //nolint:tagliatelle // as Medusa spells it
		Location  string   `json:"location_id"`        //nolint:tagliatelle // as Medusa spells it
		Stocked   Quantity `json:"stocked_quantity"`   //nolint:tagliatelle // as Medusa spells it
		Reserved  Quantity `json:"reserved_quantity"`  //nolint:tagliatelle // as Medusa spells it
		Incoming  Quantity `json:"incoming_quantity"`  //nolint:tagliatelle // as Medusa spells it
		Available Quantity `json:"available_quantity"` //nolint:tagliatelle // as Medusa spells it
		UpdatedAt *string  `json:"updated_at"`         //nolint:tagliatelle // as Medusa spells it
		Deleted   bool     `json:"deleted,omitempty"`
	}

	liveLevel struct {
		ID        string   `json:"id"`
		Item      string   `json:"inventoryItemId"`
		Location  string   `json:"locationId"`
		Stocked   Quantity `json:"stockedQuantity"`
		Reserved  Quantity `json:"reservedQuantity"`
		Incoming  Quantity `json:"incomingQuantity"`
		Available Quantity `json:"availableQuantity"`
		UpdatedAt *string  `json:"updatedAt"`
		Deleted   bool     `json:"deleted,omitempty"`
	}

	liveUpdate[Payload storeLiveLevel | liveLevel] struct {
		Type     string  `json:"type"`
		Sequence string  `json:"sequence"`
		Payload  Payload `json:"payload"`
	}
)

// Update is the message that tells of the level, in our spelling.
func (l LiveLevel) Update(sequence string) []byte { return updateOf(sequence, liveLevel(l.store())) }

// StoreUpdate is the message that tells of the level, in Medusa's spelling.
func (l LiveLevel) StoreUpdate(sequence string) []byte { return updateOf(sequence, l.store()) }

func (l LiveLevel) store() storeLiveLevel {
	shown := storeLiveLevel{
		ID: l.ID, Item: l.At.InventoryItemID, Location: l.At.LocationID,
		Stocked: l.Stocked, Reserved: l.Reserved, Incoming: l.Incoming, Available: l.Stocked.Sub(l.Reserved), Deleted: l.Deleted,
	}
	if l.UpdatedAt != "" {
		shown.UpdatedAt = &l.UpdatedAt
	}
	return shown
}

func updateOf[Payload storeLiveLevel | liveLevel](sequence string, payload Payload) []byte {
	text, err := json.Marshal(liveUpdate[Payload]{Type: LevelUpdated, Sequence: sequence, Payload: payload})
	if err != nil {
		panic(err) // texts and quantities, which have a form always
	}
	return text
}
