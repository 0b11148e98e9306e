package mapping

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var wholeNote = Note{Reason: "cycleCount", Reference: "recount 7", SourceHarvestID: "harvest_a"}

const wholeNoteJSON = `"reason":"cycleCount","reference":"recount 7","sourceHarvestId":"harvest_a"`

func TestLevelUpdate(t *testing.T) {
	for body, want := range map[string]LevelUpdate{
		`{"inventoryItemId":"iitem_01HQ_BD_7G","locationId":"sloc_high_up","stockedQuantity":60}`: {
			InventoryItemID: "iitem_01HQ_BD_7G", LocationID: "sloc_high_up", StockedQuantity: new(q("60")),
		},
		`{"inventoryItemId":"iitem_a","locationId":"sloc_a","stockedQuantity":null,"incomingQuantity":0}`: {
			InventoryItemID: "iitem_a", LocationID: "sloc_a", IncomingQuantity: new(q("0")),
		},
		`{"inventoryItemId":"iitem_a","locationId":"sloc_a","stockedQuantity":1.5,"incomingQuantity":2.25,"expectedQuantity":-450,` + wholeNoteJSON + `}`: {
			InventoryItemID: "iitem_a", LocationID: "sloc_a", StockedQuantity: new(q("1.5")), IncomingQuantity: new(q("2.25")),
			ExpectedQuantity: new(q("-450")), Note: wholeNote,
		},
	} {
		update, faults := ParseLevelUpdate([]byte(body))
		assert.Empty(t, said(faults), body)
		assert.Equal(t, want, update, body)
	}
	for body, faults := range map[string][]string{
		`{}`: {"/inventoryItemId MISSING", "/locationId MISSING", " NOT_AT_LEAST_ONE"},
		`{"inventoryItemId":null,"locationId":null,"stockedQuantity":null,"incomingQuantity":null}`:                     {"/inventoryItemId MISSING", "/locationId MISSING", " NOT_AT_LEAST_ONE"},
		`{"inventoryItemId":"a","locationId":"b","expectedQuantity":5}`:                                                 {" NOT_AT_LEAST_ONE"},
		`{"inventoryItemId":"a","locationId":"b","stockedQuantity":-1,"incomingQuantity":-1}`:                           {"/stockedQuantity NOT_A_QUANTITY", "/incomingQuantity NOT_A_QUANTITY"},
		`{"inventoryItemId":"a","locationId":"b","stockedQuantity":1,"expectedQuantity":"5"}`:                           {"/expectedQuantity NOT_A_NUMBER"},
		`{"inventoryItemId":"a,b","locationId":"c,d","stockedQuantity":1}`:                                              {"/inventoryItemId INVALID_CHARACTERS", "/locationId INVALID_CHARACTERS"},
		`{"variantId":"v","inventoryItemId":"a","locationId":"b","stockedQuantity":1}`:                                  {"/variantId UNKNOWN_FIELD"},
		`{"inventoryItemId":"a","locationId":"b","stockedQuantity":1,"reason":"","reference":5,"sourceHarvestId":"\n"}`: {"/reason EMPTY", "/reference NOT_TEXT", "/sourceHarvestId INVALID_CHARACTERS"},
	} {
		_, found := ParseLevelUpdate([]byte(body))
		assert.Equal(t, faults, said(found), body)
	}
}

func TestLevelRemoval(t *testing.T) {
	removal, faults := ParseLevelRemoval([]byte(`{"inventoryItemId":"iitem_a","locationId":"sloc_a"}`))
	assert.Empty(t, said(faults))
	assert.Equal(t, LevelRemoval{InventoryItemID: "iitem_a", LocationID: "sloc_a"}, removal, "nothing is forced by itself")

	removal, faults = ParseLevelRemoval([]byte(`{"inventoryItemId":"iitem_a","locationId":"sloc_a","force":true,` + wholeNoteJSON + `}`))
	assert.Empty(t, said(faults))
	assert.Equal(t, LevelRemoval{InventoryItemID: "iitem_a", LocationID: "sloc_a", Force: true, Note: wholeNote}, removal)

	for body, faults := range map[string][]string{
		`{}`: {"/inventoryItemId MISSING", "/locationId MISSING"},
		`{"inventoryItemId":"a","locationId":"b","force":"true"}`: {"/force NOT_A_BOOLEAN"},
		`{"inventoryItemId":"a","locationId":"b","froce":true}`:   {"/froce UNKNOWN_FIELD"},
	} {
		_, found := ParseLevelRemoval([]byte(body))
		assert.Equal(t, faults, said(found), body)
	}
}

func TestInventoryLevelAlone(t *testing.T) {
	listed := wholeLevel(at("sloc_high_up", "High Up", "3", "4.5", "2"))
	listed.InventoryItemID = "iitem_a"
	listed.StockLocations[0].Metadata = []byte(`{"club":"high-up"}`)
	shown := NewInventoryLevel(listed, English)
	assert.JSONEq(t, `{
		"id":"ilev_sloc_high_up","inventoryItemId":"iitem_a","locationId":"sloc_high_up","locationName":"High Up",
		"stockedQuantity":3,"reservedQuantity":4.5,"incomingQuantity":2,"availableQuantity":-1.5,
		"location":{"id":"sloc_high_up","name":"High Up","address":null,"metadata":{"club":"high-up"}},
		"metadata":null,"createdAt":null,"updatedAt":null}`, string(marshal(t, shown)))

	listed.StockLocations = nil
	shown = NewInventoryLevel(listed, English)
	assert.Nil(t, shown.LocationName, "its location was deleted")
	assert.Nil(t, shown.Location)
	require.Equal(t, "iitem_a", shown.InventoryItemID)
}

func TestRemovalAnswer(t *testing.T) {
	assertWritten(t, `{"id":"ilev_a","inventoryItemId":"iitem_a","locationId":"sloc_a","deleted":true}`,
		RemovalAnswer{ID: "ilev_a", InventoryItemID: "iitem_a", LocationID: "sloc_a", Deleted: true})
}
