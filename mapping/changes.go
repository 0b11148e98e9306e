package mapping

import (
	"cmp"
	"time"
)

// Note is why a change is made: a few words, the order or document it belongs
// to, the harvest it was taken from. What is empty was not said.
type Note struct {
	Reason          string
	Reference       string
	SourceHarvestID string
}

// or fills in from another note what is not said.
func (n Note) or(other Note) Note {
	return Note{
		Reason: cmp.Or(n.Reason, other.Reason), Reference: cmp.Or(n.Reference, other.Reference),
		SourceHarvestID: cmp.Or(n.SourceHarvestID, other.SourceHarvestID),
	}
}

// Address names whose stock is meant. Exactly one of its parts is set.
type Address struct {
	VariantID       string
	InventoryItemID string
	SKU             string // of the inventory item
}

// Actor is who made a change, as Medusa names them.
type Actor struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Timestamp is a moment, written in UTC to the millisecond, as Medusa does.
type Timestamp time.Time

// MarshalJSON writes t by RFC 3339.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(make([]byte, 0, 26), `"2006-01-02T15:04:05.000Z"`), nil
}
