package mapping

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient"
)

// assertFaults checks the faults of bodies, and that each says what it wants to.
func assertFaults[Asked any](t *testing.T, parse func([]byte) (Asked, []Fault), wrong map[string][]string) {
	t.Helper()
	for body, faults := range wrong {
		require.True(t, ValidJSON([]byte(body)), "%.200s", body)
		_, found := parse([]byte(body))
		assert.Equal(t, faults, said(found), "%.200s", body)
		for _, fault := range found {
			assertSaid(t, fault)
		}
	}
}

func TestHold(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want HoldRequest
	}{
		"until it is released": {
			`{"items":[{"variantId":"variant_a","quantity":2}]}`,
			HoldRequest{Items: []HoldItem{{Address: Address{VariantID: "variant_a"}, Quantity: q("2")}}},
		},
		"a cart's lasts a quarter of an hour": {
			`{"items":[{"sku":"s","quantity":1}],"cartId":"cart_a"}`,
			HoldRequest{Items: []HoldItem{{Address: Address{SKU: "s"}, Quantity: q("1")}}, CartID: "cart_a", Lasts: 15 * time.Minute},
		},
		"null says nothing": {
			`{"items":[{"sku":"s","variantId":null,"inventoryItemId":null,"locationId":null,"quantity":1}],"cartId":null,"expiresInSeconds":null,"description":null}`,
			HoldRequest{Items: []HoldItem{{Address: Address{SKU: "s"}, Quantity: q("1")}}},
		},
		"a cart's as long as is said": {
			`{"items":[{"sku":"s","quantity":1}],"cartId":"cart_a","expiresInSeconds":1}`,
			HoldRequest{Items: []HoldItem{{Address: Address{SKU: "s"}, Quantity: q("1")}}, CartID: "cart_a", Lasts: time.Second},
		},
		"everything, in three ways to address": {
			`{"items":[
				{"variantId":"variant_a","quantity":0.001,"locationId":"sloc_a"},
				{"inventoryItemId":"iitem_a","quantity":1e3},
				{"sku":"a,b","quantity":123456789012.345}],
			"expiresInSeconds":31536000,"description":"für gw:hold_a:1"}`,
			HoldRequest{
				Items: []HoldItem{
					{Address: Address{VariantID: "variant_a"}, Quantity: q("0.001"), LocationID: "sloc_a"},
					{Address: Address{InventoryItemID: "iitem_a"}, Quantity: q("1000")},
					{Address: Address{SKU: "a,b"}, Quantity: q("123456789012.345")},
				},
				Lasts: 365 * 24 * time.Hour, Description: "für gw:hold_a:1",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			hold, faults := ParseHold([]byte(test.body))
			assert.Empty(t, said(faults))
			assert.Equal(t, test.want, hold)
		})
	}
}

// holdOf is the body of a hold with so many items.
func holdOf(items int) string {
	return `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"sku":"s","quantity":1},`, items), ",") + `]}`
}

func TestHoldNamesEveryFault(t *testing.T) {
	one := `{"sku":"s","quantity":1}`
	wrong := map[string][]string{
		`[` + one + `]`:                      {" NOT_AN_OBJECT"},
		`null`:                               {" NOT_AN_OBJECT"},
		`{}`:                                 {"/items MISSING"},
		`{"items":null}`:                     {"/items MISSING"},
		`{"items":[]}`:                       {"/items EMPTY"},
		`{"items":` + one + `}`:              {"/items NOT_A_LIST"},
		`{"items":"x"}`:                      {"/items NOT_A_LIST"},
		holdOf(101):                          {"/items TOO_MANY_ROWS"},
		`{"item":[` + one + `]}`:             {"/item UNKNOWN_FIELD", "/items MISSING"},
		`{"items":[` + one + `],"items":[]}`: {"/items REPEATED"},
		`{"items":[` + one + `],"cart_id":"cart_a"}`: {"/cart_id UNKNOWN_FIELD"},
		`{"items":[` + one + `],"cartId":"a,b"}`:     {"/cartId INVALID_CHARACTERS"},
		`{"items":[` + one + `],"cartId":"","description":"","expiresInSeconds":""}`: {
			"/cartId EMPTY", "/description EMPTY", "/expiresInSeconds NOT_SECONDS",
		},
		`{"items":[` + one + `],"cartId":5,"description":[]}`: {"/cartId NOT_TEXT", "/description NOT_TEXT"},
		`{"items":[` + one + `],"description":"a\nb"}`:        {"/description INVALID_CHARACTERS"},
		`{"items":[` + one + `],"description":"gw:x"}`:        {"/description RESERVED"},
		`{"items":[null,5,` + one + `,{}]}`: {
			"/items/0 NOT_AN_OBJECT", "/items/1 NOT_AN_OBJECT", "/items/3/quantity MISSING", "/items/3 NOT_EXACTLY_ONE",
		},
		`{"items":[{"quantity":1}]}`:                                            {"/items/0 NOT_EXACTLY_ONE"},
		`{"items":[{"sku":"s","variantId":"v","quantity":1}]}`:                  {"/items/0 NOT_EXACTLY_ONE"},
		`{"items":[{"inventoryItemId":"i","variantId":"v","quantity":1}]}`:      {"/items/0 NOT_EXACTLY_ONE"},
		`{"items":[` + one + `,{"sku":"s","quantity":1,"location":"l"}]}`:       {"/items/1/location UNKNOWN_FIELD"},
		`{"items":[{"variantId":"a,b","quantity":1,"locationId":"a,b"}]}`:       {"/items/0/variantId INVALID_CHARACTERS", "/items/0/locationId INVALID_CHARACTERS"},
		`{"items":[{"sku":"s","qty":0,"quantity":0}]}`:                          {"/items/0/qty UNKNOWN_FIELD", "/items/0/quantity NOT_AN_AMOUNT"},
		`{"items":[{"sku":"s","quantity":1,"quantity":2}]}`:                     {"/items/0/quantity REPEATED"},
		`{"items":[{"sku":"","quantity":null,"locationId":""}],"cartId":false}`: {"/cartId NOT_TEXT", "/items/0/quantity MISSING", "/items/0/sku EMPTY", "/items/0/locationId EMPTY"},
	}
	for _, quantity := range noAmounts {
		wrong[`{"items":[{"sku":"s","quantity":`+quantity+`}]}`] = []string{"/items/0/quantity NOT_AN_AMOUNT"}
	}
	for _, seconds := range noSeconds {
		wrong[`{"items":[`+one+`],"cartId":"cart_a","expiresInSeconds":`+seconds+`}`] = []string{"/expiresInSeconds NOT_SECONDS"}
	}
	assertFaults(t, ParseHold, wrong)

	hold, faults := ParseHold([]byte(holdOf(100)))
	assert.Empty(t, said(faults))
	assert.Len(t, hold.Items, 100, "so many may be held at once")
	_, faults = ParseHold([]byte(holdOf(101)))
	require.Len(t, faults, 1)
	assert.Equal(t, "May have at most 100 rows.", faults[0].Message().In(English))
}

var (
	// noAmounts are what nobody can reserve.
	noAmounts = []string{`0`, `-0.0`, `0e5`, `-1`, `-0.001`, `"1"`, `""`, `true`, `[1]`, `{}`, `0.0001`, `1.2345`, `1234567890123456`, `1234567890123.456`, `1e15`, `1e309`}

	// noSeconds are what no hold can last.
	noSeconds = []string{`0`, `-1`, `-60`, `1.5`, `0.5`, `31536001`, `1e14`, `1e400`, `"60"`, `true`, `[60]`, `{}`}
)

func TestSecondsAreANumberHoweverItIsWritten(t *testing.T) {
	for written, lasts := range map[string]time.Duration{"1": time.Second, "60.0": time.Minute, "6e1": time.Minute, "31536000": 365 * 24 * time.Hour} {
		change, faults := ParseReservationChange([]byte(`{"expiresInSeconds":` + written + `}`))
		assert.Empty(t, said(faults), written)
		assert.Equal(t, &lasts, change.Lasts, written)
	}
}

func TestReservationChange(t *testing.T) {
	for body, want := range map[string]ReservationChange{
		`{"quantity":0.5}`:         {Quantity: new(q("0.5"))},
		`{"locationId":"sloc_a"}`:  {LocationID: "sloc_a"},
		`{"description":" Ana 🌿"}`: {Description: new(" Ana 🌿")},
		`{"expiresInSeconds":60}`:  {Lasts: new(time.Minute)},
		`{"quantity":3,"expiresInSeconds":1,"description":"d","locationId":"sloc_a"}`: {
			Quantity: new(q("3")), LocationID: "sloc_a", Description: new("d"), Lasts: new(time.Second),
		},
		`{"quantity":3,"expiresInSeconds":null,"description":null,"locationId":null}`: {Quantity: new(q("3"))},
	} {
		change, faults := ParseReservationChange([]byte(body))
		assert.Empty(t, said(faults), body)
		assert.Equal(t, want, change, body)
	}

	wrong := map[string][]string{
		`[]`:                             {" NOT_AN_OBJECT"},
		`{}`:                             {" NOT_AT_LEAST_ONE"},
		`{"quantity":null}`:              {" NOT_AT_LEAST_ONE"},
		`{"quantity":1,"cartId":"c"}`:    {"/cartId UNKNOWN_FIELD"},
		`{"quantity":1,"variantId":"v"}`: {"/variantId UNKNOWN_FIELD"},
		`{"qty":1}`:                      {"/qty UNKNOWN_FIELD", " NOT_AT_LEAST_ONE"},
		`{"quantity":0,"locationId":"a,b","description":"","expiresInSeconds":0}`: {
			"/quantity NOT_AN_AMOUNT", "/locationId INVALID_CHARACTERS", "/description EMPTY", "/expiresInSeconds NOT_SECONDS",
		},
		`{"locationId":"","description":7}`:                  {"/locationId EMPTY", "/description NOT_TEXT"},
		`{"description":"gw:hold_a:1"}`:                      {"/description RESERVED"},
		`{"description":"` + strings.Repeat("ñ", 201) + `"}`: {"/description TOO_LONG"},
	}
	for _, quantity := range noAmounts {
		wrong[`{"quantity":`+quantity+`}`] = []string{"/quantity NOT_AN_AMOUNT"}
	}
	for _, seconds := range noSeconds {
		wrong[`{"expiresInSeconds":`+seconds+`}`] = []string{"/expiresInSeconds NOT_SECONDS"}
	}
	assertFaults(t, ParseReservationChange, wrong)
}

func TestConfirmation(t *testing.T) {
	for body, want := range map[string]Note{
		`{}`:                       {},
		`{"reason":null}`:          {},
		`{"reference":"ticket 7"}`: {Reference: "ticket 7"},
		`{` + wholeNoteJSON + `}`:  wholeNote,
	} {
		note, faults := ParseConfirmation([]byte(body))
		assert.Empty(t, said(faults), body)
		assert.Equal(t, want, note, body)
	}
	assertFaults(t, ParseConfirmation, map[string][]string{
		`[]`:             {" NOT_AN_OBJECT"},
		`{"quantity":1}`: {"/quantity UNKNOWN_FIELD"},
		`{"reason":"","reference":5,"sourceHarvestId":"` + strings.Repeat("a", 201) + `"}`: {
			"/reason EMPTY", "/reference NOT_TEXT", "/sourceHarvestId TOO_LONG",
		},
	})
}

func TestNoBody(t *testing.T) {
	_, faults := ParseNoBody([]byte(" {\n} "))
	assert.Empty(t, said(faults))
	assertFaults(t, ParseNoBody, map[string][]string{
		`[]`:                {" NOT_AN_OBJECT"},
		`null`:              {" NOT_AN_OBJECT"},
		`""`:                {" NOT_AN_OBJECT"},
		`{"force":true}`:    {"/force UNKNOWN_FIELD"},
		`{"":1,"a/b":null}`: {"/ UNKNOWN_FIELD", "/a~1b UNKNOWN_FIELD"},
	})
}

func TestReservationsQuery(t *testing.T) {
	query, faults := ParseReservationsQuery("")
	assert.Empty(t, said(faults))
	assert.Equal(t, ReservationsQuery{Page: Page{Limit: 20}}, query, "what nothing is said of")

	query, faults = ParseReservationsQuery("cartId=cart_a&lineItemId=ordli_a&locationId=sloc_a&inventoryItemId=iitem_a&limit=5&offset=7")
	assert.Empty(t, said(faults))
	assert.Equal(t, ReservationsQuery{
		InventoryItemID: "iitem_a", LocationID: "sloc_a", LineItemID: "ordli_a", CartID: "cart_a", Page: Page{Limit: 5, Offset: 7},
	}, query)

	for raw, faults := range map[string][]string{
		"inventoryItemId=&locationId=&lineItemId=&cartId=&limit=101&offset=-1&holdId=hold_a": {
			"/inventoryItemId EMPTY", "/locationId EMPTY", "/lineItemId EMPTY", "/cartId EMPTY", "/limit OUT_OF_RANGE", "/offset OUT_OF_RANGE",
			"/holdId UNKNOWN_PARAMETER",
		},
		"cartId=a&cartId=b":   {"/cartId REPEATED"},
		"lineItemId=%00":      {"/lineItemId INVALID_CHARACTERS"},
		"cart_id=cart_a":      {"/cart_id UNKNOWN_PARAMETER"},
		"description=gw:hold": {"/description UNKNOWN_PARAMETER"},
	} {
		_, found := ParseReservationsQuery(raw)
		assert.Equal(t, faults, said(found), raw)
		for _, fault := range found {
			assertSaid(t, fault)
		}
	}
}

func TestMark(t *testing.T) {
	assert.Equal(t, "gw:hold_a:1", Mark("hold_a", 1, ""))
	assert.Equal(t, "gw:hold_a:12 für Ana", Mark("hold_a", 12, "für Ana"))
	assert.Equal(t, "gw:hold_a:", MarkOf("hold_a"))

	for _, description := range []string{
		"", "gw", "gw:", "gw:hold_", "gw:hold_a", "gw:hold_a:", "gw:hold_a: 1", "gw:hold_a:x", "gw:hold_a:1x", "gw:hold_a:1:2", "gw:hold_a:1\tAna", "gw:hold_:1",
		"gw:1", "gw:a:1", "GW:hold_a:1", "gw:HOLD_a:1", " gw:hold_a:1", "see gw:hold_a:1", "hold_a:1", "gw:hold_a:1.5", "gw:hold_a:99999999999999999999",
		"pedido 1001", "gw gw:hold_a:1",
	} {
		holdID, line, own, marked := ReadMark(description)
		assert.False(t, marked, "%q is nobody's mark", description)
		assert.Equal(t, description, own, "it is shown as it is")
		assert.Empty(t, holdID)
		assert.Zero(t, line)
	}
}

// FuzzMark: whatever its maker says of a reservation comes back, and its mark is
// found by how the marks of its hold begin.
func FuzzMark(f *testing.F) {
	for _, own := range []string{"", " ", "  a  ", "Ana", "gw:hold_b:2", "gw:hold_b:2 Ana", ":7", "\x00", "\xff", "a\nb", "🌿", "\u00a0"} {
		f.Add("01KBCZXJCPVWX8REW8880R45SW", 1, own)
		f.Add("a", 0, own)
	}
	f.Fuzz(func(t *testing.T, hold string, line int, own string) {
		if hold == "" || strings.ContainsAny(hold, " :") {
			return // no hold has such an id
		}
		hold = HoldIDPrefix + hold
		mark := Mark(hold, line, own)
		readHold, readLine, readOwn, marked := ReadMark(mark)
		assert.True(t, marked, "%q", mark)
		assert.Equal(t, hold, readHold)
		assert.Equal(t, line, readLine)
		assert.Equal(t, own, readOwn)
		assert.True(t, strings.HasPrefix(mark, MarkOf(hold)), "%q", mark)
	})
}

func TestNewReservation(t *testing.T) {
	raw := func(quantity medusaclient.Number, description *string) medusaclient.Reservation {
		return medusaclient.Reservation{ID: "resitem_a", InventoryItemID: "iitem_a", LocationID: "sloc_a", Quantity: quantity, Description: description}
	}
	for description, shown := range map[string]*string{
		"gw:hold_a:1":             nil,
		"gw:hold_a:1 ":            nil,
		"gw:hold_a:1 für Ana":     new("für Ana"),
		"gw:hold_a:1  ":           new(" "),
		"gw:hold_a:1 gw:hold_b:2": new("gw:hold_b:2"),
		"gw:hold_a:x für Ana":     new("gw:hold_a:x für Ana"),
		"pedido 1001":             new("pedido 1001"),
		"":                        new(""),
	} {
		assert.Equal(t, shown, NewReservation(raw("1", &description), HoldPart{HoldID: "hold_a"}).Description, "%q", description)
	}
	assert.Nil(t, NewReservation(raw("1", nil), HoldPart{}).Description)

	for sent, shown := range map[medusaclient.Number]string{
		"5": "5", "0": "0", "-2": "-2", "-0.125": "-0.125", "0.001": "0.001", "123456789012.345": "123456789012.345", "1.2345678901234568e+22": "1.2345678901234568E+22",
	} {
		assert.Equal(t, shown, NewReservation(raw(sent, nil), HoldPart{}).Quantity.String(), "%s of Medusa's", sent)
	}
}

// The reservations of the answers below: one of a hold, one of an order.
var (
	held = NewReservation(medusaclient.Reservation{
		ID: "resitem_b", InventoryItemID: "iitem_a", LocationID: "sloc_a", Quantity: "2.5", Description: new("gw:hold_a:1 für <Ana>"),
		CreatedAt: new("2026-11-22T05:00:00.123Z"), UpdatedAt: new("2026-11-22T05:00:01.000Z"),
	}, HoldPart{
		HoldID: "hold_a", VariantID: "variant_a", CartID: "cart_a", ExpiresAt: time.Date(2026, 11, 22, 2, 15, 0, 123_999_999, time.FixedZone("ART", -3*3600)),
	})
	ordered = NewReservation(medusaclient.Reservation{
		ID: "resitem_a", InventoryItemID: "iitem_a", LocationID: "sloc_b", Quantity: "-1", LineItemID: new("ordli_a"), Description: new("pedido 1001"),
	}, HoldPart{})
)

const (
	heldJSON = `{"id":"resitem_b","holdId":"hold_a","inventoryItemId":"iitem_a","variantId":"variant_a","locationId":"sloc_a","quantity":2.5,"lineItemId":null,` +
		`"cartId":"cart_a","description":"für <Ana>","expiresAt":"2026-11-22T05:15:00.123Z","createdAt":"2026-11-22T05:00:00.123Z","updatedAt":"2026-11-22T05:00:01.000Z"}`
	orderedJSON = `{"id":"resitem_a","holdId":null,"inventoryItemId":"iitem_a","variantId":null,"locationId":"sloc_b","quantity":-1,"lineItemId":"ordli_a",` +
		`"cartId":null,"description":"pedido 1001","expiresAt":null,"createdAt":null,"updatedAt":null}`
)

func TestReservationAnswers(t *testing.T) {
	assertWritten(t, `{"reservations":[`+heldJSON+`,`+orderedJSON+`],"count":7,"limit":2,"offset":4}`,
		ReservationList{Reservations: []Reservation{held, ordered}, Count: 7, Limit: 2, Offset: 4})
	assertWritten(t, `{"reservations":[],"count":0,"limit":20,"offset":0}`, ReservationList{Reservations: []Reservation{}, Limit: 20})
	assertWritten(t, `{"reservation":`+orderedJSON+`}`, ReservationDetail{Reservation: ordered})
	assertWritten(t, `{"holdId":"hold_a","reservations":[`+heldJSON+`],"expiresAt":"2026-11-22T05:15:00.123Z"}`,
		HoldDetail{HoldID: "hold_a", Reservations: []Reservation{held}, ExpiresAt: held.ExpiresAt})
	assertWritten(t, `{"holdId":"hold_a","reservations":[],"expiresAt":null}`,
		HoldDetail{HoldID: "hold_a", Reservations: []Reservation{}, ExpiresAt: Expiry(time.Time{})})
	assertWritten(t, `{"id":"resitem_b","deleted":true}`, ReservationDeleted{ID: "resitem_b", Deleted: true})
	assertWritten(t, `{"id":"hold_a","released":true}`, ReservationReleased{ID: "hold_a", Released: true})
}

func TestSale(t *testing.T) {
	sold := SaleRecord{
		ReservationID: "resitem_b", InventoryItemID: "iitem_a", LocationID: "sloc_a",
		AdjustmentRecord: AdjustmentRecord{
			ID: "adj_a", PreviousQuantity: q("10"), NewQuantity: q("7.5"), Adjustment: q("-2.5"), Reason: new("sale"),
			Actor: Actor{Type: "user", ID: "user_a"}, CreatedAt: Timestamp(time.Date(2026, 11, 22, 5, 30, 0, 0, time.UTC)),
		},
	}
	soldJSON := `{"reservationId":"resitem_b","variantId":%s,"inventoryItemId":"iitem_a","locationId":"sloc_a",` +
		`"id":"adj_a","previousQuantity":10,"newQuantity":7.5,"adjustment":-2.5,"reason":"sale","reference":null,"sourceHarvestId":null,` +
		`"actor":{"type":"user","id":"user_a"},"createdAt":"2026-11-22T05:30:00.000Z"}`
	named := sold
	named.VariantID = new("variant_a")
	assertWritten(t, `{"id":"resitem_b","confirmed":true,"holdId":"hold_a","adjustments":[`+fmt.Sprintf(soldJSON, "null")+`,`+fmt.Sprintf(soldJSON, `"variant_a"`)+`]}`,
		Sale{ID: "resitem_b", Confirmed: true, HoldID: "hold_a", Adjustments: []SaleRecord{sold, named}})
}
