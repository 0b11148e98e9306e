package routes

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestLevelUpdatesThatBreakARule(t *testing.T) {
	const ids = `"inventoryItemId":"iitem_bd_7g","locationId":"sloc_high_up"`
	s := openBook(t)
	for body, wanted := range map[string][]string{
		`null`:                                  {" NOT_AN_OBJECT"},
		`[]`:                                    {" NOT_AN_OBJECT"},
		`"60"`:                                  {" NOT_AN_OBJECT"},
		`{}`:                                    {"/inventoryItemId MISSING", "/locationId MISSING", " NOT_AT_LEAST_ONE"},
		`{` + ids + `}`:                         {" NOT_AT_LEAST_ONE"},
		`{` + ids + `,"stockedQuantity":null}`:  {" NOT_AT_LEAST_ONE"},
		`{` + ids + `,"stockedQuantity":-1}`:    {"/stockedQuantity NOT_A_QUANTITY"},
		`{` + ids + `,"stockedQuantity":"60"}`:  {"/stockedQuantity NOT_A_QUANTITY"},
		`{` + ids + `,"stockedQuantity":true}`:  {"/stockedQuantity NOT_A_QUANTITY"},
		`{` + ids + `,"stockedQuantity":[60]}`:  {"/stockedQuantity NOT_A_QUANTITY"},
		`{` + ids + `,"stockedQuantity":1e309}`: {"/stockedQuantity NOT_A_QUANTITY"},
		`{` + ids + `,"stockedQuantity":1e999999999}`:                                   {"/stockedQuantity NOT_A_QUANTITY"},
		`{` + ids + `,"stockedQuantity":0.0001}`:                                        {"/stockedQuantity NOT_A_QUANTITY"},
		`{` + ids + `,"incomingQuantity":-0.5}`:                                         {"/incomingQuantity NOT_A_QUANTITY"},
		`{` + ids + `,"stockedQuantity":1234567890123456}`:                              {"/stockedQuantity NOT_A_QUANTITY"},
		`{` + ids + `,"stockedQuantity":6,"expectedQuantity":"5"}`:                      {"/expectedQuantity NOT_A_NUMBER"},
		`{` + ids + `,"stockedQuantity":6,"stockedQuantity":7}`:                         {"/stockedQuantity REPEATED"},
		`{` + ids + `,"stokedQuantity":6}`:                                              {"/stokedQuantity UNKNOWN_FIELD", " NOT_AT_LEAST_ONE"},
		`{` + ids + `,"stockedQuantity":6,"variantId":"variant_bd_7g"}`:                 {"/variantId UNKNOWN_FIELD"},
		`{` + ids + `,"stockedQuantity":6,"reason":""}`:                                 {"/reason EMPTY"},
		`{` + ids + `,"stockedQuantity":6,"reason":5}`:                                  {"/reason NOT_TEXT"},
		`{` + ids + `,"stockedQuantity":6,"reason":"a\u0000b"}`:                         {"/reason INVALID_CHARACTERS"},
		`{"inventoryItemId":"a,b","locationId":"","stockedQuantity":6}`:                 {"/inventoryItemId INVALID_CHARACTERS", "/locationId EMPTY"},
		`{` + ids + `,"stockedQuantity":6,"reason":"` + strings.Repeat("ñ", 201) + `"}`: {"/reason TOO_LONG"},
	} {
		assert.ElementsMatch(t, wanted, faultsOf(t, s.change(t, http.MethodPatch, levels, body)), "%s", body)
	}
	got := s.change(t, http.MethodPatch, levels+"?force=true", `{`+ids+`,"stockedQuantity":6}`)
	assert.Equal(t, []string{"/force UNKNOWN_PARAMETER"}, faultsOf(t, got))
	assert.Empty(t, s.medusa.Calls(), "Medusa was asked for requests that break a rule")
}

func TestLevelRemovalsThatBreakARule(t *testing.T) {
	s := openBook(t)
	for body, wanted := range map[string][]string{
		`{}`: {"/inventoryItemId MISSING", "/locationId MISSING"},
		`{"inventoryItemId":"a","locationId":"b","force":"true"}`:      {"/force NOT_A_BOOLEAN"},
		`{"inventoryItemId":"a","locationId":"b","stockedQuantity":0}`: {"/stockedQuantity UNKNOWN_FIELD"},
		`{"inventoryItemId":["a"],"locationId":{"id":"b"}}`:            {"/inventoryItemId NOT_TEXT", "/locationId NOT_TEXT"},
	} {
		assert.ElementsMatch(t, wanted, faultsOf(t, s.change(t, http.MethodDelete, levels, body)), "%s", body)
	}
	assert.Empty(t, s.medusa.Calls())
}

func TestAdjustmentsThatBreakARule(t *testing.T) {
	const good = `"sku":"BD-7G-001","locationId":"sloc_high_up","reason":"sale"`
	s := openBook(t)
	for body, wanted := range map[string][]string{
		`{}`: {"/locationId MISSING", "/adjustment MISSING", "/reason MISSING", " NOT_EXACTLY_ONE"},
		`{` + good + `,"adjustment":1,"variantId":"variant_bd_7g"}`: {" NOT_EXACTLY_ONE"},
		`{` + good + `,"adjustment":0}`:                             {"/adjustment NOT_AN_ADJUSTMENT"},
		`{` + good + `,"adjustment":-0}`:                            {"/adjustment NOT_AN_ADJUSTMENT"},
		`{` + good + `,"adjustment":"1"}`:                           {"/adjustment NOT_AN_ADJUSTMENT"},
		`{` + good + `,"adjustment":1e309}`:                         {"/adjustment NOT_AN_ADJUSTMENT"},
		`{` + good + `,"adjustment":0.0001}`:                        {"/adjustment NOT_AN_ADJUSTMENT"},
		`{` + good + `,"adjustment":-1234567890.123456}`:            {"/adjustment NOT_AN_ADJUSTMENT"},
		`{` + good + `,"adjustment":null}`:                          {"/adjustment MISSING"},
		`{` + good + `,"adjustment":1,"quantity":5}`:                {"/quantity UNKNOWN_FIELD"},
		`{` + good + `,"ajustment":1}`:                              {"/ajustment UNKNOWN_FIELD", "/adjustment MISSING"},
		`{` + good + `,"adjustment":1,"validateStock":1}`:           {"/validateStock NOT_A_BOOLEAN"},
		`{` + good + `,"adjustment":1,"a/b~c":1}`:                   {"/a~1b~0c UNKNOWN_FIELD"},
	} {
		assert.ElementsMatch(t, wanted, faultsOf(t, s.change(t, http.MethodPost, adjustments, body)), "%s", body)
	}
	assert.Empty(t, s.medusa.Calls())
}

func TestBatchesThatBreakARule(t *testing.T) {
	const row = `{"sku":"BD-7G-001","locationId":"sloc_high_up","quantity":1}`
	s := openBook(t)
	for body, wanted := range map[string][]string{
		`{}`:               {"/updates MISSING"},
		`{"updates":null}`: {"/updates MISSING"},
		`{"updates":{}}`:   {"/updates NOT_A_LIST"},
		`{"updates":[]}`:   {"/updates EMPTY"},
		`{"updates":[` + strings.Repeat(row+",", 1000) + row + `]}`:               {"/updates TOO_MANY_ROWS"},
		`{"updates":[` + row + `,5]}`:                                             {"/updates/1 NOT_AN_OBJECT"},
		`{"updates":[` + row + `,{"sku":"a","locationId":"b"}]}`:                  {"/updates/1 NOT_EXACTLY_ONE"},
		`{"updates":[{"sku":"a","locationId":"b","quantity":1,"adjustment":2}]}`:  {"/updates/0 NOT_EXACTLY_ONE"},
		`{"updates":[{"sku":"a","variantId":"c","locationId":"b","quantity":1}]}`: {"/updates/0 NOT_EXACTLY_ONE"},
		`{"updates":[{"locationId":"b","quantity":1}]}`:                           {"/updates/0 NOT_EXACTLY_ONE"},
		`{"updates":[{"sku":"a","locationId":"b","quantity":-1}]}`:                {"/updates/0/quantity NOT_A_QUANTITY"},
		`{"updates":[{"sku":"a","locationId":"b","quantity":"1"}]}`:               {"/updates/0/quantity NOT_A_QUANTITY"},
		`{"updates":[{"sku":"a","locationId":"b","quantity":null}]}`:              {"/updates/0 NOT_EXACTLY_ONE"},
		`{"updates":[{"sku":"a","locationId":"b","quantity":1e309}]}`:             {"/updates/0/quantity NOT_A_QUANTITY"},
		`{"updates":[{"sku":"a","locationId":"b","quantity":0.0001}]}`:            {"/updates/0/quantity NOT_A_QUANTITY"},
		`{"updates":[{"sku":"a","locationId":"b","quantity":123456789012.3456}]}`: {"/updates/0/quantity NOT_A_QUANTITY"},
		`{"updates":[{"sku":"a","locationId":"b","adjustment":0}]}`:               {"/updates/0/adjustment NOT_AN_ADJUSTMENT"},
		`{"updates":[{"sku":"a","locationId":"b","quantiy":1}]}`:                  {"/updates/0/quantiy UNKNOWN_FIELD", "/updates/0 NOT_EXACTLY_ONE"},
		`{"updates":[` + row + `],"atomic":"yes","dryRun":1,"rows":[]}`:           {"/atomic NOT_A_BOOLEAN", "/dryRun NOT_A_BOOLEAN", "/rows UNKNOWN_FIELD"},
	} {
		assert.ElementsMatch(t, wanted, faultsOf(t, s.change(t, http.MethodPost, batchUpdate, body)), "%.200s", body)
	}
	assert.Empty(t, s.medusa.Calls())
}

// adrift are the things that no change can be made of, as Medusa has them, with
// the row that says so.
var adrift = []struct {
	row    string // without its quantity
	status int    // of a single adjustment
	code   bff.Code
}{
	{`"variantId":"variant_nope","locationId":"sloc_high_up"`, http.StatusNotFound, bff.VariantNotFound},
	{`"inventoryItemId":"iitem_nope","locationId":"sloc_high_up"`, http.StatusNotFound, bff.InventoryItemNotFound},
	{`"sku":"NOPE","locationId":"sloc_high_up"`, http.StatusNotFound, bff.SKUNotFound},
	{`"sku":"bd-7g-001","locationId":"sloc_high_up"`, http.StatusNotFound, bff.SKUNotFound},
	{`"sku":"BD-7G-001","locationId":"sloc_nope"`, http.StatusNotFound, bff.StockLocationNotFound},
	{`"sku":"BD-7G-001","locationId":"sloc_cerrado"`, http.StatusNotFound, bff.StockLocationNotFound}, // deleted
	{`"variantId":"variant_kit_armado","locationId":"sloc_high_up"`, http.StatusUnprocessableEntity, bff.VariantIsKit},
	{`"variantId":"variant_consulta","locationId":"sloc_high_up"`, http.StatusUnprocessableEntity, bff.VariantNotManaged},
	{`"variantId":"variant_sin_item","locationId":"sloc_high_up"`, http.StatusUnprocessableEntity, bff.InventoryItemMissing},
	{`"variantId":"variant_nada","locationId":"sloc_high_up"`, http.StatusUnprocessableEntity, bff.RequiredInvalid},
	{`"variantId":"variant_preroll_medio","expectedQuantity":7,"locationId":"sloc_high_up"`, http.StatusConflict, bff.StockChanged},
	{`"sku":"GRANDE-1","locationId":"sloc_high_up"`, http.StatusUnprocessableEntity, bff.QuantityOutOfRange}, // 16 digits are there
}

// putNothing adds a variant that takes nothing of its item.
func putNothing(s *shop) {
	s.medusa.Put(medusatest.Product{ID: "prod_nada", Title: "Nada", Handle: "nada", Status: "published", Variants: []medusatest.Variant{{
		ID: "variant_nada", Title: "Nada", ManageInventory: true, InventoryItems: []medusatest.VariantItem{{InventoryItemID: "iitem_bd_14g"}},
	}}})
}

func TestChangesOfWhatCannotBeChanged(t *testing.T) {
	s := openBook(t)
	putNothing(s)
	before := s.medusa.Levels()
	rows := make([]string, len(adrift))
	for i, c := range adrift {
		got := s.change(t, http.MethodPost, adjustments, `{`+c.row+`,"adjustment":1,"reason":"received"}`)
		require.Equal(t, c.status, got.status, "%s: %s", c.row, got.body)
		said := got.problem(t)
		assert.Equal(t, c.code, said.Code, c.row)
		assert.NotContains(t, said.Detail, "%!", "the sentence of %s", c.row)
		rows[i] = `{` + c.row + `,"adjustment":1}`
	}
	got := s.batch(t, strings.Join(rows, ","), "")
	require.Equal(t, http.StatusUnprocessableEntity, got.status, "no row of the batch can be made")
	said := decodeObject(t, got.body)
	for i, code := range column(t, said["results"], "code") {
		assert.Equal(t, string(adrift[i].code), code, "row %d: %s", i, adrift[i].row)
	}
	assert.NotContains(t, string(got.body), "%!", "the sentences of the rows")
	assert.Equal(t, before, s.medusa.Levels(), "stock after refusals alone")
	assert.Zero(t, s.writes(), "calls that wrote")
}

func TestLevelsThatCannotBeChanged(t *testing.T) {
	s := openBook(t)
	for _, c := range []struct {
		method, body string
		status       int
		code         bff.Code
	}{
		{http.MethodPatch, `{"inventoryItemId":"iitem_nope","locationId":"sloc_high_up","stockedQuantity":1}`, http.StatusNotFound, bff.InventoryItemNotFound},
		{http.MethodPatch, `{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_nope","stockedQuantity":1}`, http.StatusNotFound, bff.StockLocationNotFound},
		{http.MethodPatch, `{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_high_up","stockedQuantity":1,"expectedQuantity":49}`, http.StatusConflict, bff.StockChanged},
		{http.MethodDelete, `{"inventoryItemId":"iitem_nope","locationId":"sloc_high_up"}`, http.StatusNotFound, bff.InventoryItemNotFound},
		{http.MethodDelete, `{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_nope"}`, http.StatusNotFound, bff.LevelNotFound},
		{http.MethodDelete, `{"inventoryItemId":"iitem_bd_3_5g","locationId":"sloc_high_up"}`, http.StatusConflict, bff.LevelHasStock},
		{http.MethodDelete, `{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_high_up","force":true}`, http.StatusConflict, bff.LevelHasReservations},
	} {
		got := s.change(t, c.method, levels, c.body)
		require.Equal(t, c.status, got.status, "%s %s: %s", c.method, c.body, got.body)
		assert.Equal(t, c.code, got.problem(t).Code, "%s %s", c.method, c.body)
	}
	assert.Zero(t, s.writes(), "calls that wrote")
}

func TestDecrements(t *testing.T) {
	for name, c := range map[string]struct {
		by, more string
		status   int
		detail   string
	}{
		"below zero":                          {"-51", ``, http.StatusBadRequest, "50 available, 51 asked for"},
		"below zero, unvalidated":             {"-51", `,"validateStock":false`, http.StatusBadRequest, "50 available, 51 asked for"},
		"below what is reserved":              {"-46", ``, http.StatusBadRequest, "45 available, 46 asked for"},
		"below what is reserved, unvalidated": {"-46", `,"validateStock":false`, http.StatusOK, ""},
		"to what is reserved":                 {"-45", ``, http.StatusOK, ""},
		"to zero, unvalidated":                {"-50", `,"validateStock":false`, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := openBook(t) // 50 in stock, 5 of them reserved
			got := s.adjust(t, `"sku":"BD-7G-001"`+c.more, c.by)
			require.Equal(t, c.status, got.status, "%s", got.body)
			if c.status != http.StatusOK {
				assert.Equal(t, bff.InsufficientStock, got.problem(t).Code)
				assert.Contains(t, got.problem(t).Detail, c.detail)
				s.assertStock(t, "iitem_bd_7g", "sloc_high_up", 50, "refused")
			}
		})
	}
}

func TestStockChangedCarriesTheLevel(t *testing.T) {
	s := openBook(t)
	got := s.adjust(t, `"variantId":"variant_bd_7g","expectedQuantity":48`, "1")
	require.Equal(t, http.StatusConflict, got.status)
	level, ok := decodeObject(t, got.body)["level"].(map[string]any)
	require.True(t, ok, "%s", got.body)
	assert.InDelta(t, 50, level["stockedQuantity"], 0)
	assert.InDelta(t, 45, level["availableQuantity"], 0)
	assert.Equal(t, http.StatusOK, s.adjust(t, `"variantId":"variant_bd_7g","expectedQuantity":50`, "1").status)
}
