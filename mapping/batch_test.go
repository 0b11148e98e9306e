package mapping

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keysOf are the keys of a JSON object in their order.
func keysOf(tb testing.TB, object []byte) []string {
	tb.Helper()
	decoder := stdjson.NewDecoder(bytes.NewReader(object))
	_, err := decoder.Token()
	require.NoError(tb, err)
	var keys []string
	for decoder.More() {
		key, err := decoder.Token()
		require.NoError(tb, err)
		keys = append(keys, key.(string))
		var value stdjson.RawMessage
		require.NoError(tb, decoder.Decode(&value))
	}
	return keys
}

// batchOf is the body of a batch with so many rows.
func batchOf(rows int) []byte {
	var body strings.Builder
	body.WriteString(`{"updates":[`)
	for i := range rows {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"variantId":"variant_01KBCZXJCPVWX8REW8880R%04d","locationId":"sloc_01KBCZXJCPVWX8REW8880R45SW","quantity":%d}`, i, i)
	}
	body.WriteString(`]}`)
	return []byte(body.String())
}

func TestBatchUpdate(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want BatchUpdate
	}{
		"documented": {
			`{"updates": [
				{"variantId": "variant_bd_1g", "locationId": "sloc_high_up", "quantity": 150},
				{"variantId": "variant_bd_7g", "locationId": "sloc_high_up", "quantity": 75}
			]}`,
			BatchUpdate{Updates: []StockUpdate{
				{Address: Address{VariantID: "variant_bd_1g"}, LocationID: "sloc_high_up", Quantity: new(q("150"))},
				{Address: Address{VariantID: "variant_bd_7g"}, LocationID: "sloc_high_up", Quantity: new(q("75"))},
			}},
		},
		"three ways to address a row": {
			`{"updates":[{"variantId":"v","locationId":"l","adjustment":-1},{"inventoryItemId":"i","locationId":"l","quantity":0},{"sku":"a,b","locationId":"l","adjustment":0.5}],"atomic":true,"dryRun":true}`,
			BatchUpdate{Atomic: true, DryRun: true, Updates: []StockUpdate{
				{Address: Address{VariantID: "v"}, LocationID: "l", Adjustment: new(q("-1"))},
				{Address: Address{InventoryItemID: "i"}, LocationID: "l", Quantity: new(q("0"))},
				{Address: Address{SKU: "a,b"}, LocationID: "l", Adjustment: new(q("0.5"))},
			}},
		},
		"what is said once holds for rows that say nothing": {
			`{"validateStock":true,"reason":"received","reference":"order 1","sourceHarvestId":"harvest_a","updates":[
				{"sku":"s","locationId":"l","quantity":1},
				{"sku":"s","locationId":"l","quantity":2,"reason":null,"reference":null,"sourceHarvestId":null,"validateStock":null},
				{"sku":"s","locationId":"l","quantity":3,"reason":"damaged"},
				{"sku":"s","locationId":"l","quantity":4,"reference":"order 2","validateStock":false,"expectedQuantity":-3},
				{"sku":"s","locationId":"l","quantity":5,"sourceHarvestId":"harvest_b","validateStock":true}]}`,
			BatchUpdate{Updates: []StockUpdate{
				{Address: Address{SKU: "s"}, LocationID: "l", Quantity: new(q("1")), ValidateStock: true, Note: Note{"received", "order 1", "harvest_a"}},
				{Address: Address{SKU: "s"}, LocationID: "l", Quantity: new(q("2")), ValidateStock: true, Note: Note{"received", "order 1", "harvest_a"}},
				{Address: Address{SKU: "s"}, LocationID: "l", Quantity: new(q("3")), ValidateStock: true, Note: Note{"damaged", "order 1", "harvest_a"}},
				{Address: Address{SKU: "s"}, LocationID: "l", Quantity: new(q("4")), ExpectedQuantity: new(q("-3")), Note: Note{"received", "order 2", "harvest_a"}},
				{Address: Address{SKU: "s"}, LocationID: "l", Quantity: new(q("5")), ValidateStock: true, Note: Note{"received", "order 1", "harvest_b"}},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			batch, faults := ParseBatchUpdate([]byte(test.body))
			assert.Empty(t, said(faults))
			assert.Equal(t, test.want, batch)
		})
	}
}

func TestBatchUpdateNamesEveryFault(t *testing.T) {
	row := `{"sku":"s","locationId":"l","quantity":1}`
	for body, faults := range map[string][]string{
		`[` + row + `]`:                          {" NOT_AN_OBJECT"},
		`{}`:                                     {"/updates MISSING"},
		`{"updates":null}`:                       {"/updates MISSING"},
		`{"updates":[]}`:                         {"/updates EMPTY"},
		`{"updates":` + row + `}`:                {"/updates NOT_A_LIST"},
		`{"updates":"x"}`:                        {"/updates NOT_A_LIST"},
		`{"update":[` + row + `]}`:               {"/update UNKNOWN_FIELD", "/updates MISSING"},
		`{"updates":[` + row + `],"updates":[]}`: {"/updates REPEATED"},
		`{"updates":[` + row + `],"expectedQuantity":1}`: {"/expectedQuantity UNKNOWN_FIELD"},
		`{"updates":[` + row + `],"atomic":"yes","dryRun":1,"validateStock":"","reason":"","reference":1,"sourceHarvestId":[]}`: {
			"/validateStock NOT_A_BOOLEAN", "/reason EMPTY", "/reference NOT_TEXT", "/sourceHarvestId NOT_TEXT", "/atomic NOT_A_BOOLEAN", "/dryRun NOT_A_BOOLEAN",
		},
		`{"updates":[` + row + `,null,5,[],"x",` + row + `,{}]}`: {
			"/updates/1 NOT_AN_OBJECT", "/updates/2 NOT_AN_OBJECT", "/updates/3 NOT_AN_OBJECT", "/updates/4 NOT_AN_OBJECT",
			"/updates/6/locationId MISSING", "/updates/6 NOT_EXACTLY_ONE", "/updates/6 NOT_EXACTLY_ONE",
		},
		`{"updates":[{"sku":"s","locationId":"l","quantity":1,"adjustment":1}]}`:  {"/updates/0 NOT_EXACTLY_ONE"},
		`{"updates":[{"sku":"s","locationId":"l","quantity":null}]}`:              {"/updates/0 NOT_EXACTLY_ONE"},
		`{"updates":[{"sku":"s","variantId":"v","locationId":"l","quantity":1}]}`: {"/updates/0 NOT_EXACTLY_ONE"},
		`{"updates":[{"sku":"s","locationId":"l","qty":1}]}`:                      {"/updates/0/qty UNKNOWN_FIELD", "/updates/0 NOT_EXACTLY_ONE"},
		`{"updates":[` + row + `,{"sku":"s","locationId":"l","quantity":-1}]}`:    {"/updates/1/quantity NOT_A_QUANTITY"},
		`{"updates":[{"sku":"s","locationId":"l","adjustment":0}]}`:               {"/updates/0/adjustment NOT_AN_ADJUSTMENT"},
		`{"updates":[{"sku":"s","locationId":"l","quantity":1,"a/b":1}]}`:         {"/updates/0/a~1b UNKNOWN_FIELD"},
		`{"updates":[{"sku":"s","locationId":"l","quantity":1,"quantity":2}]}`:    {"/updates/0/quantity REPEATED"},
		`{"updates":[{"sku":"","locationId":"l,l","quantity":"1","reason":5,"expectedQuantity":1e309,"validateStock":"x"}]}`: {
			"/updates/0/sku EMPTY", "/updates/0/locationId INVALID_CHARACTERS", "/updates/0/quantity NOT_A_QUANTITY",
			"/updates/0/expectedQuantity NOT_A_NUMBER", "/updates/0/validateStock NOT_A_BOOLEAN", "/updates/0/reason NOT_TEXT",
		},
	} {
		_, found := ParseBatchUpdate([]byte(body))
		assert.Equal(t, faults, said(found), body)
	}
	_, faults := ParseBatchUpdate([]byte(`{"updates":[{}]}`))
	require.Len(t, faults, 3)
	assert.Equal(t, "Exactly one of these is needed: quantity, adjustment.", faults[1].Message().In(English))
	assert.Equal(t, "Exactly one of these is needed: variantId, inventoryItemId, sku.", faults[2].Message().In(English))
}

func TestBatchUpdateHasAThousandRows(t *testing.T) {
	batch, faults := ParseBatchUpdate(batchOf(1000))
	assert.Empty(t, said(faults))
	require.Len(t, batch.Updates, 1000)
	assert.Equal(t, "999", batch.Updates[999].Quantity.String())

	_, faults = ParseBatchUpdate(batchOf(1001))
	require.Equal(t, []string{"/updates TOO_MANY_ROWS"}, said(faults))
	assert.Equal(t, "May have at most 1000 rows.", faults[0].Message().In(English))

	_, faults = ParseBatchUpdate([]byte(`{"updates":[` + strings.Repeat(`{},`, 1000) + `{}]}`))
	assert.Equal(t, []string{"/updates TOO_MANY_ROWS"}, said(faults), "nobody reads the faults of rows that are too many")

	_, faults = ParseBatchUpdate([]byte(`{"updates":[` + strings.Repeat(`{},`, 999) + `{}]}`))
	require.Len(t, faults, 20)
	assert.Equal(t, "/updates/6 NOT_EXACTLY_ONE", said(faults)[19])
}

func TestBatchAnswer(t *testing.T) {
	answer := BatchAnswer{
		Updated: 1, Failed: 3,
		Results: []RowResult{
			{SKU: "s", LocationID: "l", PreviousQuantity: new(q("0")), NewQuantity: new(q("1.5")), TotalGrams: new(q("0")), Status: RowSuccess, Warning: "w"},
			{InventoryItemID: "i", LocationID: "l", Status: RowError, Error: "e", Code: "C"},
			{VariantID: "v", LocationID: "l", Status: RowSkipped},
			{VariantID: "v", LocationID: "l", Status: RowUnknown},
		},
		Summary: BatchSummary{TotalUnitsUpdated: q("1.5"), TotalGramsUpdated: q("0")},
		DryRun:  true,
	}
	assertWritten(t, `{"success":false,"updated":1,"failed":3,"results":[`+
		`{"sku":"s","locationId":"l","previousQuantity":0,"newQuantity":1.5,"totalGrams":0,"status":"success","warning":"w"},`+
		`{"inventoryItemId":"i","locationId":"l","status":"error","error":"e","code":"C"},`+
		`{"variantId":"v","locationId":"l","status":"skipped"},`+
		`{"variantId":"v","locationId":"l","status":"unknown"}],`+
		`"summary":{"totalUnitsUpdated":1.5,"totalGramsUpdated":0},"dryRun":true}`, answer)

	answer = BatchAnswer{Success: true, Results: []RowResult{}, BatchID: "batch_a"}
	assert.Equal(t, []string{"success", "updated", "failed", "results", "summary", "batchId"}, keysOf(t, marshal(t, answer)))
}

// written is a batch as a body that says everything on every row.
func written(tb testing.TB, batch BatchUpdate) []byte {
	tb.Helper()
	rows := make([]map[string]any, len(batch.Updates))
	for i, update := range batch.Updates {
		rows[i] = map[string]any{"locationId": update.LocationID, "validateStock": update.ValidateStock}
		for name, text := range map[string]string{
			"variantId": update.VariantID, "inventoryItemId": update.InventoryItemID, "sku": update.SKU,
			"reason": update.Reason, "reference": update.Reference, "sourceHarvestId": update.SourceHarvestID,
		} {
			if text != "" {
				rows[i][name] = text
			}
		}
		for name, number := range map[string]*Quantity{"quantity": update.Quantity, "adjustment": update.Adjustment, "expectedQuantity": update.ExpectedQuantity} {
			if number != nil {
				rows[i][name] = *number
			}
		}
	}
	return marshal(tb, map[string]any{"updates": rows, "atomic": batch.Atomic, "dryRun": batch.DryRun})
}

func FuzzParseBatchUpdate(f *testing.F) {
	f.Add(batchOf(3))
	for _, body := range []string{
		``, `{}`, `{"updates":[]}`, `{"updates":[{}]}`, `{"updates":[null,[],{"updates":[{}]}]}`, `[[[[`, `{"updates":[{"a/~b":1,"a/~b":1}]}`,
		`{"updates":[{"sku":"\ud800\"\\","locationId":"l","quantity":1.50e1,"reason":" "}],"reason":"r","validateStock":true,"atomic":true}`,
		`{"updates":[{"sku":"s","locationId":"l","adjustment":-0.001,"expectedQuantity":-0}],"dryRun":true,"reference":"ñ","sourceHarvestId":"h"}`,
		`{"updates":[{"inventoryItemId":"i","locationId":"l","quantity":1e14,"validateStock":false}],"validateStock":null}`,
		"{\"updates\"\n:\t[ { } ] } ", `{"updates":[{"quantity":NaN}]}`, "\xff", `{"updates":[{"variantId":"v","locationId":"\u0000","quantity":00}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		batch, faults := ParseBatchUpdate(body) // whatever it is, there is no panic
		if !ValidJSON(body) {
			return
		}
		require.LessOrEqual(t, len(faults), 20)
		for _, fault := range faults {
			assertSaid(t, fault)
		}
		if len(faults) > 0 {
			return
		}
		require.NotEmpty(t, batch.Updates)
		for _, update := range batch.Updates {
			assert.NotEmpty(t, update.LocationID)
			named := []string{update.VariantID, update.InventoryItemID, update.SKU}
			assert.Len(t, slices.DeleteFunc(named, func(part string) bool { return part == "" }), 1, "exactly one is set")
			assert.NotEqual(t, update.Quantity == nil, update.Adjustment == nil, "either is set")
			for _, number := range []*Quantity{update.Quantity, update.Adjustment, update.ExpectedQuantity} {
				assert.True(t, number == nil || number.FitsMedusa(), "%s went through", number)
			}
		}
		again, faults := ParseBatchUpdate(written(t, batch))
		assert.Empty(t, said(faults), "%s, written anew, is refused", body)
		assert.Equal(t, batch, again, "%s, written anew, asks for something else", body)
	})
}
