package mapping

import (
	"strconv"

	"github.com/tidwall/gjson"
)

// maxRows is how many rows one batch may have.
const maxRows = 1000

// BatchUpdate is what POST /api/inventory/batch-update asks for, 1 to 1,000
// rows. What may stand once on the whole is on each row.
type BatchUpdate struct {
	Updates []StockUpdate
	Atomic  bool // all rows or none
	DryRun  bool // nothing is written
}

// StockUpdate is one row of a batch, in units of what it addresses. Either
// Quantity, what shall be stocked, or Adjustment, so much more or less, is set.
type StockUpdate struct {
	Address
	LocationID       string
	Quantity         *Quantity
	Adjustment       *Quantity
	ExpectedQuantity *Quantity // what must be stocked before; nil: whatever is
	ValidateStock    bool      // a decrement must leave what is reserved
	Note
}

// BatchAnswer says what became of each row of a batch, in the order of the
// rows. It has no BatchID when nothing was written.
type BatchAnswer struct {
	Success bool         `json:"success"`
	Updated int          `json:"updated"`
	Failed  int          `json:"failed"`
	Results []RowResult  `json:"results"`
	Summary BatchSummary `json:"summary"`
	BatchID string       `json:"batchId,omitempty"`
	DryRun  bool         `json:"dryRun,omitempty"`
}

// BatchSummary adds up by how much the successful rows changed the stock, up or
// down.
type BatchSummary struct {
	TotalUnitsUpdated Quantity `json:"totalUnitsUpdated"`
	TotalGramsUpdated Quantity `json:"totalGramsUpdated"`
}

// RowStatus is what became of a row.
type RowStatus string

// The statuses.
const (
	RowSuccess RowStatus = "success"
	RowError   RowStatus = "error"
	RowSkipped RowStatus = "skipped" // good, but another row of an atomic batch was not
	RowUnknown RowStatus = "unknown" // Medusa may or may not have done it
)

// RowResult is what became of one row, addressed as it was sent and in units of
// what it addresses. Error is a sentence; Code is for programs.
type RowResult struct {
	VariantID        string    `json:"variantId,omitempty"`
	InventoryItemID  string    `json:"inventoryItemId,omitempty"`
	SKU              string    `json:"sku,omitempty"`
	LocationID       string    `json:"locationId"`
	PreviousQuantity *Quantity `json:"previousQuantity,omitempty"`
	NewQuantity      *Quantity `json:"newQuantity,omitempty"`
	TotalGrams       *Quantity `json:"totalGrams,omitempty"`
	Status           RowStatus `json:"status"`
	Error            string    `json:"error,omitempty"`
	Code             string    `json:"code,omitempty"`
	Warning          string    `json:"warning,omitempty"`
}

var (
	batchFields = []string{"updates", "atomic", "dryRun", "validateStock", "reason", "reference", "sourceHarvestId"}
	rowFields   = []string{
		"variantId", "inventoryItemId", "sku", "locationId", "quantity", "adjustment", "expectedQuantity",
		"validateStock", "reason", "reference", "sourceHarvestId",
	}
)

// ParseBatchUpdate reads the body of POST /api/inventory/batch-update, which is
// ValidJSON.
func ParseBatchUpdate(body []byte) (BatchUpdate, []Fault) {
	return readBody(body, batchFields, func(o *object) BatchUpdate {
		o.need("updates")
		common := StockUpdate{ValidateStock: o.boolean("validateStock", false), Note: o.note()}
		return BatchUpdate{Updates: readRows(o, common), Atomic: o.boolean("atomic", false), DryRun: o.boolean("dryRun", false)}
	})
}

// readRows reads the rows of a batch. What a row does not say, common says.
func readRows(o *object, common StockUpdate) []StockUpdate {
	sent, count := o.list("updates", maxRows)
	rows := make([]StockUpdate, 0, count)
	row := o.reader.newObject(rowFields)
	sent.ForEach(func(_, value gjson.Result) bool {
		if row.read("/updates/"+strconv.Itoa(len(rows)), value) {
			rows = append(rows, readRow(row, common))
		} else {
			rows = append(rows, StockUpdate{})
		}
		return !o.reader.full()
	})
	return rows
}

func readRow(o *object, common StockUpdate) StockUpdate {
	o.need("locationId")
	o.exactlyOne("quantity", "adjustment")
	return StockUpdate{
		Address: o.address(), LocationID: o.id("locationId"),
		Quantity: o.quantity("quantity"), Adjustment: o.adjustment("adjustment"), ExpectedQuantity: o.number("expectedQuantity"),
		ValidateStock: o.boolean("validateStock", common.ValidateStock), Note: o.note().or(common.Note),
	}
}
