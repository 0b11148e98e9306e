package mapping

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAdjustment(t *testing.T) {
	for body, want := range map[string]Adjustment{
		`{"variantId":"variant_a","locationId":"sloc_a","adjustment":-5,"reason":"sale"}`: {
			Address: Address{VariantID: "variant_a"}, LocationID: "sloc_a", Adjustment: q("-5"), ValidateStock: true, Note: Note{Reason: "sale"},
		},
		`{"inventoryItemId":"iitem_a","locationId":"sloc_a","adjustment":0.001,"validateStock":null,` + wholeNoteJSON + `}`: {
			Address: Address{InventoryItemID: "iitem_a"}, LocationID: "sloc_a", Adjustment: q("0.001"), ValidateStock: true, Note: wholeNote,
		},
		`{"sku":"A,B","variantId":null,"locationId":"sloc_a","adjustment":1e3,"validateStock":false,"expectedQuantity":-2.5,"reason":"return"}`: {
			Address: Address{SKU: "A,B"}, LocationID: "sloc_a", Adjustment: q("1000"), ExpectedQuantity: new(q("-2.5")), Note: Note{Reason: "return"},
		},
	} {
		adjustment, faults := ParseAdjustment([]byte(body))
		assert.Empty(t, said(faults), body)
		assert.Equal(t, want, adjustment, body)
	}
	for body, faults := range map[string][]string{
		`{}`: {"/locationId MISSING", "/adjustment MISSING", "/reason MISSING", " NOT_EXACTLY_ONE"},
		`{"sku":"s","locationId":"l","adjustment":0,"reason":"sale"}`:                                         {"/adjustment NOT_AN_ADJUSTMENT"},
		`{"sku":"s","locationId":"l","adjustment":5,"reason":null}`:                                           {"/reason MISSING"},
		`{"sku":"s","locationId":"l","adjustment":5,"reason":""}`:                                             {"/reason EMPTY"},
		`{"sku":"s","locationId":"l","quantity":5,"reason":"sale"}`:                                           {"/quantity UNKNOWN_FIELD", "/adjustment MISSING"},
		`{"sku":"s","variantId":"v","locationId":"l","adjustment":5,"reason":"sale"}`:                         {" NOT_EXACTLY_ONE"},
		`{"sku":"s","inventoryItemId":7,"locationId":"l","adjustment":5,"reason":"sale"}`:                     {" NOT_EXACTLY_ONE", "/inventoryItemId NOT_TEXT"},
		`{"variantId":7,"locationId":"l","adjustment":5,"reason":"sale"}`:                                     {"/variantId NOT_TEXT"},
		`{"variantId":"a,b","locationId":"l","adjustment":5,"reason":"sale"}`:                                 {"/variantId INVALID_CHARACTERS"},
		`{"sku":"s","locationId":"l","adjustment":5,"reason":"sale","expectedQuantity":[],"validateStock":1}`: {"/expectedQuantity NOT_A_NUMBER", "/validateStock NOT_A_BOOLEAN"},
	} {
		_, found := ParseAdjustment([]byte(body))
		assert.Equal(t, faults, said(found), body)
	}
}

func TestAdjustmentAnswer(t *testing.T) {
	record := AdjustmentRecord{
		ID: "adj_a", PreviousQuantity: q("10"), NewQuantity: q("9.5"), Adjustment: q("-0.5"), Reason: new("sale"),
		Actor: Actor{Type: "user", ID: "user_a"}, CreatedAt: Timestamp(time.Date(2026, 11, 22, 2, 30, 1, 7_999_999, time.FixedZone("ART", -3*3600))),
	}
	assertWritten(t, `{"id":"adj_a","previousQuantity":10,"newQuantity":9.5,"adjustment":-0.5,"reason":"sale","reference":null,"sourceHarvestId":null,`+
		`"actor":{"type":"user","id":"user_a"},"createdAt":"2026-11-22T05:30:01.007Z"}`, record)
	answer := marshal(t, AdjustmentAnswer{Adjustment: record})
	assert.Equal(t, []string{"level", "adjustment"}, keysOf(t, answer))
}
