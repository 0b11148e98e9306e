package mapping

import (
	"bytes"
	stdjson "encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient"
)

// setupBody is the smallest body of a set-up, with more fields.
func setupBody(more string) string {
	return `{"name":"Once","address":{"address_1":"Rivadavia 2500","country_code":"ar"}` + more + `}`
}

// parseSetup reads a body that is nothing but right.
func parseSetup(t *testing.T, body string) Setup {
	t.Helper()
	setup, faults := ParseSetup([]byte(body))
	require.Empty(t, said(faults), body)
	return setup
}

func TestSetup(t *testing.T) {
	once := medusaclient.AddressWrite{Address1: new("Rivadavia 2500"), CountryCode: new("ar")}
	for name, test := range map[string]struct {
		body string
		want Setup
	}{
		"documented": {
			`{"name":"High Up - Dispensario Palermo","address":{"address_1":"Av. Santa Fe 3200","city":"Buenos Aires","province":"CABA",
			"postal_code":"C1425","country_code":"AR"},"enableShipping":false,"enablePickup":true,"salesChannelId":"sc_01KBCZXJCPVWX8REW8880R45SW",
			"metadata":{"club":"high-up"}}`,
			Setup{
				Name: "High Up - Dispensario Palermo", Pickup: true, SalesChannelID: "sc_01KBCZXJCPVWX8REW8880R45SW", Metadata: medusaclient.Raw(`{"club":"high-up"}`),
				Address: medusaclient.AddressWrite{
					Address1: new("Av. Santa Fe 3200"), City: new("Buenos Aires"), Province: new("CABA"), PostalCode: new("C1425"), CountryCode: new("ar"),
				},
			},
		},
		"an address in the spelling of the rest": {
			`{"name":"Once","address":{"address1":"Rivadavia 2500","address2":"2° B","postalCode":"C1025","countryCode":"AR"}}`,
			Setup{Name: "Once", Pickup: true, Address: medusaclient.AddressWrite{
				Address1: new("Rivadavia 2500"), Address2: new("2° B"), PostalCode: new("C1025"), CountryCode: new("ar"),
			}},
		},
		"pickup alone, unless more is said": {setupBody(""), Setup{Name: "Once", Address: once, Pickup: true}},
		"null says nothing": {
			setupBody(`,"enableShipping":null,"enablePickup":null,"salesChannelId":null,"metadata":null,"shippingAmount":null,"currencyCode":null,"shippingProfileId":null,"providerId":null,"dryRun":null`),
			Setup{Name: "Once", Address: once, Pickup: true},
		},
		"both":          {setupBody(`,"enableShipping":true`), Setup{Name: "Once", Address: once, Pickup: true, Shipping: true}},
		"shipping only": {setupBody(`,"enablePickup":false,"enableShipping":true`), Setup{Name: "Once", Address: once, Shipping: true}},
		"everything": {
			`{"name":"  Once\u00a0","address":{"address_1":"Rivadavia 2500","address_2":"2° B","company":"High Up","city":"CABA","province":"C","postal_code":"C1025",
			"country_code":"uY","phone":"+54 11"},"enableShipping":true,"enablePickup":true,"salesChannelId":"sc_a","metadata":{},"shippingAmount":1500.5,
			"currencyCode":"Usd","shippingProfileId":"sp_a","providerId":"manual_manual","dryRun":true}`,
			Setup{
				Name: "Once", Pickup: true, Shipping: true, SalesChannelID: "sc_a", Metadata: medusaclient.Raw(`{}`), ShippingAmount: q("1500.5"),
				CurrencyCode: "usd", ShippingProfileID: "sp_a", ProviderID: "manual_manual", DryRun: true,
				Address: medusaclient.AddressWrite{
					Address1: new("Rivadavia 2500"), Address2: new("2° B"), Company: new("High Up"), City: new("CABA"), Province: new("C"),
					PostalCode: new("C1025"), CountryCode: new("uy"), Phone: new("+54 11"),
				},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, parseSetup(t, test.body))
		})
	}
}

func TestSetupNamesEveryFault(t *testing.T) {
	place := func(more string) string {
		return `{"name":"Once","address":{"address_1":"a","country_code":"AR"` + more + `}}`
	}
	for body, want := range map[string][]string{
		`[]`:                                                            {" NOT_AN_OBJECT"},
		`null`:                                                          {" NOT_AN_OBJECT"},
		`{}`:                                                            {"/name MISSING", "/address MISSING"},
		`{"name":" "}`:                                                  {"/address MISSING", "/name EMPTY"},
		`{"name":null,"address":null}`:                                  {"/name MISSING", "/address MISSING"},
		`{"name":"","address":{}}`:                                      {"/name EMPTY", "/address/address_1 MISSING", "/address/country_code MISSING"},
		`{"name":" \u00a0\u3000","address":[]}`:                         {"/name EMPTY", "/address NOT_AN_OBJECT"},
		`{"name":5,"address":"Once"}`:                                   {"/name NOT_TEXT", "/address NOT_AN_OBJECT"},
		`{"name":"a\u0000b","address":7}`:                               {"/name INVALID_CHARACTERS", "/address NOT_AN_OBJECT"},
		setupBody(`,"enablePickup":false`):                              {" NOTHING_ENABLED"},
		setupBody(`,"enablePickup":"no"`):                               {"/enablePickup NOT_A_BOOLEAN"},
		setupBody(`,"enableShipping":1`):                                {"/enableShipping NOT_A_BOOLEAN"},
		setupBody(`,"dryRun":0`):                                        {"/dryRun NOT_A_BOOLEAN"},
		setupBody(`,"salesChannelId":""`):                               {"/salesChannelId EMPTY"},
		setupBody(`,"salesChannelId":"sc_a,sc_b"`):                      {"/salesChannelId INVALID_CHARACTERS"},
		setupBody(`,"shippingProfileId":5,"providerId":[]`):             {"/shippingProfileId NOT_TEXT", "/providerId NOT_TEXT"},
		setupBody(`,"shippingAmount":-0.01`):                            {"/shippingAmount NOT_A_QUANTITY"},
		setupBody(`,"shippingAmount":"5"`):                              {"/shippingAmount NOT_A_QUANTITY"},
		setupBody(`,"currencyCode":"PESO"`):                             {"/currencyCode NOT_A_CURRENCY"},
		setupBody(`,"currencyCode":"a1s"`):                              {"/currencyCode NOT_A_CURRENCY"},
		setupBody(`,"currencyCode":"ñs"`):                               {"/currencyCode NOT_A_CURRENCY"},
		setupBody(`,"currencyCode":"$"`):                                {"/currencyCode NOT_A_CURRENCY"},
		setupBody(`,"currencyCode":32`):                                 {"/currencyCode NOT_TEXT"},
		setupBody(`,"metadata":[]`):                                     {"/metadata NOT_AN_OBJECT"},
		setupBody(`,"metadata":"{}"`):                                   {"/metadata NOT_AN_OBJECT"},
		setupBody(`,"name":"Once"`):                                     {"/name REPEATED"},
		setupBody(`,"enable_pickup":true`):                              {"/enable_pickup UNKNOWN_FIELD"},
		place(`,"address_1":"b"`):                                       {"/address/address_1 REPEATED"},
		place(`,"countryCode":"AR"`):                                    {"/address/countryCode REPEATED"},
		place(`,"country":"AR","zip/code":1`):                           {"/address/country UNKNOWN_FIELD", "/address/zip~1code UNKNOWN_FIELD"},
		`{"name":"Once","address":{"address1":"","countryCode":"ZZZ"}}`: {"/address/address1 EMPTY", "/address/countryCode NOT_A_COUNTRY"},
		place(`,"city":5,"phone":"","address_2":"\u0007","company":{},"province":true,"postal_code":[]`): {
			"/address/address_2 INVALID_CHARACTERS", "/address/company NOT_TEXT", "/address/city NOT_TEXT", "/address/province NOT_TEXT",
			"/address/postal_code NOT_TEXT", "/address/phone EMPTY",
		},
		`{"name":"Once","address":{"address_1":"","country_code":""}}`: {"/address/address_1 EMPTY", "/address/country_code EMPTY"},
		`{"name":"Once","address":{"address_1":1,"country_code":2}}`:   {"/address/address_1 NOT_TEXT", "/address/country_code NOT_TEXT"},
	} {
		_, faults := ParseSetup([]byte(body))
		assert.ElementsMatch(t, want, said(faults), body)
		for _, fault := range faults {
			assertSaid(t, fault)
		}
	}
	_, faults := ParseSetup([]byte(place(`,"pais":"AR"`)))
	require.Len(t, faults, 1)
	assert.Contains(t, faults[0].Message().In(English), "country_code", "it says which fields an address has")
}

func TestSetupNamesAreAsLongAsAText(t *testing.T) {
	named := func(name string) string {
		return `{"name":"` + name + `","address":{"address_1":"a","country_code":"AR"}}`
	}
	long := strings.Repeat("ñ", maxText)
	assert.Equal(t, long, parseSetup(t, named(long)).Name)
	_, faults := ParseSetup([]byte(named(long + "ñ")))
	assert.Equal(t, []string{"/name TOO_LONG"}, said(faults))
	assert.Equal(t, "High  Up", parseSetup(t, named(" High  Up ")).Name, "blanks within it are the name's own")

	_, faults = ParseSetup([]byte(`{"name":"Once","address":{"address_1":"` + long + `ñ","country_code":"AR"}}`))
	assert.Equal(t, []string{"/address/address_1 TOO_LONG"}, said(faults))
}

func TestSetupCountries(t *testing.T) {
	in := func(code string) string {
		written, err := stdjson.Marshal(code)
		require.NoError(t, err)
		return `{"name":"Once","address":{"address_1":"a","country_code":` + string(written) + `}}`
	}
	codes := strings.Fields(countries)
	require.Len(t, codes, 249)
	for _, code := range codes {
		lower := strings.ToLower(code)
		for _, spelled := range []string{code, lower, code[:1] + lower[1:]} {
			assert.Equal(t, &lower, parseSetup(t, in(spelled)).Address.CountryCode, "of %s", spelled)
		}
	}
	for _, wrong := range []string{"ZZZ", "ZZ", "XX", "UK", "UN", "AN", "CS", "DD", "FX", "SU", "TP", "YU", "ZR", "XK", "IC", "EA", "U", "ARG", "032", "QQ", "XA", "EU", "001", "ñ", "a\u0301", "A R", " AR", "AR ", "A_", "--", "Argentina", "es-AR", "A1"} {
		_, faults := ParseSetup([]byte(in(wrong)))
		assert.Equal(t, []string{"/address/country_code NOT_A_COUNTRY"}, said(faults), "%q", wrong)
	}
}

func TestSetupMetadata(t *testing.T) {
	for _, metadata := range []string{
		`{}`, `{"_gateway_setups":1,"_gateway_setup.x":2,"_gateway":{"setup":3}}`, `{"deep":{"_gateway_setup":"theirs"}}`, `{"a":"_gateway_setup"}`,
		`{"rent":12345678901234567890.1234567890e-400}`,
	} {
		assert.Equal(t, metadata, string(parseSetup(t, setupBody(`,"metadata":`+metadata)).Metadata))
	}
	for _, metadata := range []string{`{"_gateway_setup":"x"}`, `{"a":1,"_gateway_setup":null}`, `{"\u005fgateway_setup":{}}`} {
		_, faults := ParseSetup([]byte(setupBody(`,"metadata":` + metadata)))
		assert.Equal(t, []string{"/metadata/_gateway_setup RESERVED"}, said(faults), metadata)
		assertSaid(t, faults[0])
	}
}

// shownMetadata is metadata as a client sees it.
func shownMetadata(metadata medusaclient.Raw) string {
	return string(NewLocationDetail(medusaclient.StockLocation{Metadata: metadata}).Location.Metadata)
}

func TestMarkersAreNotShown(t *testing.T) {
	for name, test := range map[string]struct{ metadata, marked string }{
		"none":        {``, `{"_gateway_setup":"set_1"}`},
		"empty":       {`{}`, `{"_gateway_setup":"set_1"}`},
		"some":        {`{"z":[1,{"a":null}],"b":"ñ\u0000"}`, `{"_gateway_setup":"set_1","z":[1,{"a":null}],"b":"ñ\u0000"}`},
		"like a mark": {`{"_gateway_setup.x":"set_2","deep":{"_gateway_setup":"set_3"}}`, `{"_gateway_setup":"set_1","_gateway_setup.x":"set_2","deep":{"_gateway_setup":"set_3"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			marked := Marked(medusaclient.Raw(test.metadata), "set_1")
			assert.JSONEq(t, test.marked, string(marked))
			assert.Equal(t, "set_1", MarkerOf(marked))
			shown := test.metadata
			if shown == "" {
				shown = `{}`
			}
			assert.JSONEq(t, shown, shownMetadata(marked))
			assert.Empty(t, MarkerOf(medusaclient.Raw(test.metadata)))
		})
	}
	for _, metadata := range []string{`null`, `{}`, `{"b":1,"a":2}`, `{"a":"_gateway_setup"}`, `{"a":{"_gateway_setup":"set_1"}}`} {
		assert.JSONEq(t, metadata, shownMetadata(medusaclient.Raw(metadata)), "what has no marker is shown as it is")
		assert.Empty(t, MarkerOf(medusaclient.Raw(metadata)), metadata)
	}
	list := NewLocationList(medusaclient.Page[medusaclient.StockLocation]{
		Rows: []medusaclient.StockLocation{{ID: "sloc_a", Metadata: Marked(nil, "set_1")}}, Count: 1,
	}, Page{Limit: 20})
	assert.NotContains(t, string(marshal(t, list)), MarkerKey)
}

// literal is JSON with its numbers as they are written.
func literal(tb testing.TB, text []byte) map[string]any {
	tb.Helper()
	decoder := stdjson.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	require.NoError(tb, decoder.Decode(&object), "%s", text)
	return object
}

// FuzzMarked: whatever somebody keeps in a location's metadata is there when
// the marker has come and gone.
func FuzzMarked(f *testing.F) {
	for _, metadata := range []string{
		`{}`, `{"a":1,"a":2}`, `{"":"","_gateway_setup":1}`, `{"\u005fgateway_setup":"x"}`, `{"n":[1e400,-0,0.10,123456789012345678901234567890]}`,
		`{"\ud800":"\ud83c\udf3f","<&>":"\u2028</script>","\"\\":{"_gateway_setup":[true,null]}}`, " { \"a\\\"b\" :\n[ ] } ", `{"_gateway_setup*":1,"_gateway_setup|@this":2}`,
	} {
		f.Add([]byte(metadata), "stp_01K9PD4GHJ0000000000000001")
	}
	f.Add([]byte(`{"a":1}`), "\" \\ ñ \u2028 </")
	f.Fuzz(func(t *testing.T, metadata []byte, marker string) {
		body := []byte(setupBody(`,"metadata":` + string(metadata)))
		if !ValidJSON(metadata) || !utf8.ValidString(marker) {
			return
		}
		setup, faults := ParseSetup(body)
		if len(faults) > 0 || setup.Metadata == nil {
			return
		}
		given := literal(t, metadata)
		require.NotContains(t, given, MarkerKey, "the marker's name went through")
		marked := Marked(setup.Metadata, marker)
		require.True(t, ValidJSON(marked), "%s", marked)
		assert.Equal(t, marker, MarkerOf(marked))
		all := literal(t, marked)
		assert.Equal(t, marker, all[MarkerKey])
		delete(all, MarkerKey)
		assert.Equal(t, given, all, "what Medusa is sent")
		assert.Equal(t, given, literal(t, []byte(shownMetadata(marked))), "what is shown")
	})
}

func TestSetupAnswer(t *testing.T) {
	location := medusaclient.StockLocation{
		ID: "sloc_a", Name: "Once", Address: &medusaclient.Address{Address1: new("Rivadavia 2500"), CountryCode: new("ar")}, Metadata: Marked(medusaclient.Raw(`{"club":"high-up"}`), "stp_1"),
		SalesChannels: []medusaclient.SalesChannel{{ID: "sc_a", Name: "Web"}}, CreatedAt: new("2026-11-22T10:20:00.000Z"), UpdatedAt: new("2026-11-22T10:20:00.000Z"),
	}
	sets := []medusaclient.FulfillmentSet{{ID: "fuset_a", Name: "Once Fulfillment", Type: "pickup"}, {ID: "fuset_b", Name: "Once Fulfillment Shipping", Type: "shipping"}}
	zones := []medusaclient.ServiceZone{
		{ID: "serzo_a", Name: "Once Zone", GeoZones: []medusaclient.GeoZone{{ID: "fgz_a", Type: "country", CountryCode: "ar"}, {ID: "fgz_b", Type: "country", CountryCode: "uy"}}},
		{ID: "serzo_b", Name: "Once Zone Shipping"},
	}
	option := medusaclient.ShippingOption{
		ID: "so_a", Name: "Retiro en Once", PriceType: "flat", ZoneID: "serzo_a", ProviderID: "manual_manual", Metadata: medusaclient.Raw(`{"type":"other"}`),
		Prices: []medusaclient.OptionPrice{{CurrencyCode: "ars", Amount: "1500.50"}, {CurrencyCode: "usd", Amount: "2"}},
	}
	free := medusaclient.ShippingOption{ID: "so_b", Name: "Envío desde Once", PriceType: "flat"}
	answer := NewSetupAnswer(location, sets, zones, []SetupOption{NewSetupOption(option, "pickup", "sloc_a"), NewSetupOption(free, "shipping", "sloc_a")})
	answer.Summary = SetupSummary{TotalAPICalls: 12, SavedCalls: 11, ExecutionTimeMs: 450}

	const (
		pickupZone   = `{"id":"serzo_a","name":"Once Zone","geo_zones":[{"id":"fgz_a","type":"country","country_code":"AR"},{"id":"fgz_b","type":"country","country_code":"UY"}]}`
		pickupSet    = `{"id":"fuset_a","name":"Once Fulfillment","type":"pickup"}`
		noMoreOfIt   = `"address_2":null,"company":null,"city":null,"province":null,"postal_code":null,"country_code":"AR","phone":null`
		shippingPart = `{"id":"fuset_b","name":"Once Fulfillment Shipping","type":"shipping"}`
	)
	assertWritten(t, `{"stockLocation":{"id":"sloc_a","name":"Once","address":{"address_1":"Rivadavia 2500",`+noMoreOfIt+`},"metadata":{"club":"high-up"},`+
		`"salesChannels":[{"id":"sc_a","name":"Web"}],"createdAt":"2026-11-22T10:20:00.000Z","updatedAt":"2026-11-22T10:20:00.000Z"},`+
		`"fulfillmentSet":`+pickupSet+`,"serviceZone":`+pickupZone+`,"fulfillmentSets":[`+pickupSet+`,`+shippingPart+`],`+
		`"serviceZones":[`+pickupZone+`,{"id":"serzo_b","name":"Once Zone Shipping","geo_zones":[]}],"shippingOptions":[`+
		`{"id":"so_a","name":"Retiro en Once","price_type":"flat","amount":1500.50,"is_return":false,"metadata":{"type":"pickup","locationId":"sloc_a"}},`+
		`{"id":"so_b","name":"Envío desde Once","price_type":"flat","amount":0,"is_return":false,"metadata":{"type":"shipping","locationId":"sloc_a"}}],`+
		`"summary":{"totalApiCalls":12,"savedCalls":11,"executionTimeMs":450}}`, answer)
	assert.Equal(t, "ar", zones[0].GeoZones[0].CountryCode, "what was made is left as it is")
	assert.Equal(t, "ar", *location.Address.CountryCode)
}

// What Medusa's database cannot hold is a fault of the request, not of Medusa's.
func TestSetupMetadataWithoutNUL(t *testing.T) {
	for _, wrong := range []string{`{"a":"\u0000"}`, `{"a":[{"b":"x\u0000"}]}`, `{"\u0000":1}`} {
		_, faults := ParseSetup([]byte(setupBody(`,"metadata":` + wrong)))
		assert.Equal(t, []string{"/metadata INVALID_CHARACTERS"}, said(faults), wrong)
	}
	_, faults := ParseSetup([]byte(setupBody(`,"metadata":{"a":"\\u0000"}`)))
	assert.Empty(t, faults, "a backslash of its own")
}

func TestSetupCurrencyIsASCII(t *testing.T) {
	_, faults := ParseSetup([]byte(setupBody(`,"currencyCode":"\u212aWD"`)))
	assert.Equal(t, []string{"/currencyCode NOT_A_CURRENCY"}, said(faults), "the Kelvin sign is lowered to k")
}
