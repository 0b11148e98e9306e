package mapping

import (
	"bytes"
	stdjson "encoding/json"
	"slices"
	"strings"

	"github.com/goccy/go-json"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/medusaclient"
)

// Setup is what POST /api/stock-locations/setup asks for: a location with all
// that it needs to hand goods over.
type Setup struct {
	Name              string
	Address           medusaclient.AddressWrite
	Metadata          medusaclient.Raw // an object, or nil
	Pickup, Shipping  bool
	SalesChannelID    string // empty: no link
	ShippingAmount    Quantity
	CurrencyCode      string // lower case; empty: the store's default
	ShippingProfileID string // empty: the default profile
	ProviderID        string // empty: the gateway's choice
	DryRun            bool
}

// SetupAnswer is a location as it was set up.
type SetupAnswer struct {
	StockLocation   Location                      `json:"stockLocation"`
	FulfillmentSet  medusaclient.FulfillmentSet   `json:"fulfillmentSet"` // the pickup one, where there are two
	ServiceZone     medusaclient.ServiceZone      `json:"serviceZone"`    // of that set
	FulfillmentSets []medusaclient.FulfillmentSet `json:"fulfillmentSets"`
	ServiceZones    []medusaclient.ServiceZone    `json:"serviceZones"`
	ShippingOptions []SetupOption                 `json:"shippingOptions"`
	Summary         SetupSummary                  `json:"summary"`
}

// SetupOption is what shoppers are offered.
type SetupOption struct {
	ID        string              `json:"id"`
	Name      string              `json:"name"`
	PriceType string              `json:"price_type"` //nolint:tagliatelle // as its clients spell it
	Amount    medusaclient.Number `json:"amount"`
	IsReturn  bool                `json:"is_return"` //nolint:tagliatelle // as its clients spell it
	Metadata  OptionMetadata      `json:"metadata"`
}

// OptionMetadata is what an option says of itself.
type OptionMetadata struct {
	Type       string `json:"type"` // pickup or shipping
	LocationID string `json:"locationId"`
}

// SetupSummary counts the calls to Medusa. A client saved all but one.
type SetupSummary struct {
	TotalAPICalls   int   `json:"totalApiCalls"`
	SavedCalls      int   `json:"savedCalls"`
	ExecutionTimeMs int64 `json:"executionTimeMs"`
}

// SetupPlan is the answer to a dry run: what was checked, and what would be done.
type SetupPlan struct {
	DryRun bool         `json:"dryRun"`
	Checks []SetupCheck `json:"checks"`
	Steps  []SetupStep  `json:"steps"`
}

// SetupCheck is something that was found in Medusa.
type SetupCheck struct {
	Check string `json:"check"` // salesChannel, shippingProfile, provider or currency
	ID    string `json:"id"`
}

// SetupStep is something that would be made.
type SetupStep struct {
	Step string `json:"step"`
	Name string `json:"name"`
}

// Rollback is what became of the steps of a set-up that failed.
type Rollback struct {
	Complete  bool       `json:"complete"`
	Undone    []Undone   `json:"undone"`
	Leftovers []Leftover `json:"leftovers"`
}

// Undone is something that was made and removed again.
type Undone struct {
	Step string `json:"step"`
	ID   string `json:"id"`
}

// Leftover is something that may be left, for the time being.
type Leftover struct {
	Step  string  `json:"step"`
	ID    *string `json:"id"`
	Error string  `json:"error"` // a code, or what Message says

	Message Message `json:"-"` // the zero value: Error is a code
}

// In returns the rollback with what its leftovers say in a language.
func (r *Rollback) In(language Language) *Rollback {
	if r == nil {
		return nil
	}
	said := *r
	said.Leftovers = slices.Clone(r.Leftovers)
	for i, leftover := range said.Leftovers {
		if leftover.Message.Key != "" {
			said.Leftovers[i].Error = leftover.Message.In(language)
		}
	}
	return &said
}

var setupFields = []string{
	"name", "address", "enableShipping", "enablePickup", "salesChannelId", "metadata",
	"shippingAmount", "currencyCode", "shippingProfileId", "providerId", "dryRun",
}

// ParseSetup reads the body of POST /api/stock-locations/setup, which is
// ValidJSON.
func ParseSetup(body []byte) (Setup, []Fault) {
	return readBody(body, setupFields, func(o *object) Setup {
		o.need("name", "address")
		setup := Setup{
			Name: o.name("name"), Metadata: o.metadata("metadata"),
			Pickup: o.boolean("enablePickup", true), Shipping: o.boolean("enableShipping", false),
			SalesChannelID: o.id("salesChannelId"), CurrencyCode: o.currency("currencyCode"),
			ShippingProfileID: o.id("shippingProfileId"), ProviderID: o.id("providerId"), DryRun: o.boolean("dryRun", false),
		}
		if address := o.place("address"); address != nil {
			address.needPlace()
			setup.Address = *address.write()
		}
		if amount := o.quantity("shippingAmount"); amount != nil {
			setup.ShippingAmount = *amount
		}
		if !setup.Pickup && !setup.Shipping {
			o.reader.fault(o.pointer, "NOTHING_ENABLED")
		}
		return setup
	})
}

// name is a text without blanks around it, which Medusa would take off.
func (o *object) name(field string) string {
	name := o.text(field)
	trimmed := strings.TrimSpace(name)
	if name != "" && trimmed == "" {
		o.fault(field, "EMPTY")
	}
	return trimmed
}

// currency is a code of ISO 4217 in lower case, as Medusa has them.
func (o *object) currency(field string) string {
	code := o.text(field)
	letter := func(r rune) bool { return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') }
	if code != "" && (len(code) != 3 || strings.ContainsFunc(code, func(r rune) bool { return !letter(r) })) {
		o.fault(field, "NOT_A_CURRENCY")
		return ""
	}
	return strings.ToLower(code)
}

// metadata is an object as Medusa keeps it, nil where there is none. What the
// gateway itself notes there is nobody else's.
func (o *object) metadata(field string) medusaclient.Raw {
	value, given := o.field(field)
	switch {
	case !given:
		return nil
	case !value.IsObject():
		o.fault(field, "NOT_AN_OBJECT")
		return nil
	case value.Get(gjson.Escape(MarkerKey)).Exists():
		o.reader.fault(o.pointer+"/"+field+"/"+MarkerKey, "RESERVED")
		return nil
	case holdsNUL(value):
		o.fault(field, "INVALID_CHARACTERS")
		return nil
	}
	return medusaclient.Raw(value.Raw)
}

// holdsNUL says whether a text anywhere in a value has a NUL, which PostgreSQL
// cannot hold.
func holdsNUL(value gjson.Result) (found bool) {
	if value.Type == gjson.String {
		return strings.ContainsRune(value.Str, 0)
	}
	if value.IsObject() || value.IsArray() {
		value.ForEach(func(key, value gjson.Result) bool {
			found = strings.ContainsRune(key.Str, 0) || holdsNUL(value)
			return !found
		})
	}
	return found
}

// placeFields are those of an address, as Medusa and as the rest of the API spells
// them.
var placeFields = []string{
	"address_1", "address_2", "company", "city", "province", "postal_code", "country_code", "phone",
	"address1", "address2", "postalCode", "countryCode",
}

// place is the address of a location, in Medusa's spelling, nil where there is
// none.
func (o *object) place(field string) *object {
	value, given := o.field(field)
	if !given {
		return nil
	}
	p := o.reader.newObject(placeFields)
	if !p.read(o.pointer+"/"+field, value) {
		return nil
	}
	return p
}

// write is a place as it is written.
func (o *object) write() *medusaclient.AddressWrite {
	return &medusaclient.AddressWrite{
		Address1: o.optional(o.spelled("address_1", "address1")), Address2: o.optional(o.spelled("address_2", "address2")),
		Company: o.optional("company"), City: o.optional("city"), Province: o.optional("province"),
		PostalCode:  o.optional(o.spelled("postal_code", "postalCode")),
		CountryCode: o.country(o.spelled("country_code", "countryCode")), Phone: o.optional("phone"),
	}
}

// needPlace lists what an address cannot do without.
func (o *object) needPlace() {
	o.need(o.used("address_1", "address1"), o.used("country_code", "countryCode"))
}

// used is the one of two spellings of a field that is used.
func (o *object) used(name, other string) string {
	if _, given := o.field(other); given {
		return other
	}
	return name
}

// spelled is used where only one of the spellings may be.
func (o *object) spelled(name, other string) string {
	if o.count([]string{name, other}) > 1 {
		o.fault(other, "REPEATED")
	}
	return o.used(name, other)
}

// optional is a text, nil where there is none.
func (o *object) optional(field string) *string {
	if text := o.text(field); text != "" {
		return &text
	}
	return nil
}

// country is a code of ISO 3166-1 alpha-2, in lower case, as Medusa has them.
func (o *object) country(field string) *string {
	code := o.optional(field)
	if code == nil {
		return nil
	}
	lower := strings.ToLower(*code)
	if len(*code) != 2 || !isCountry(strings.ToUpper(*code)) {
		o.fault(field, "NOT_A_COUNTRY")
		return nil
	}
	return &lower
}

// MarkerKey is where the gateway notes in a location's metadata which set-up
// made it. Nobody else sees it.
const MarkerKey = "_gateway_setup"

// Marked is metadata with a marker.
func Marked(metadata medusaclient.Raw, marker string) medusaclient.Raw {
	fields := map[string]stdjson.RawMessage{}
	if len(metadata) > 0 {
		if err := stdjson.Unmarshal(metadata, &fields); err != nil {
			panic(err) // it was read before
		}
	}
	fields[MarkerKey], _ = stdjson.Marshal(marker) // a text is never at fault
	marked, _ := stdjson.Marshal(fields)
	return marked
}

// MarkerOf is the marker in metadata, empty where there is none.
func MarkerOf(metadata medusaclient.Raw) string {
	return gjson.GetBytes(metadata, gjson.Escape(MarkerKey)).String()
}

// unmarked is metadata as clients see it.
func unmarked(metadata medusaclient.Raw) medusaclient.Raw {
	if !bytes.Contains(metadata, []byte(MarkerKey)) {
		return metadata
	}
	var fields map[string]stdjson.RawMessage
	if err := json.Unmarshal(metadata, &fields); err != nil {
		return metadata
	}
	delete(fields, MarkerKey)
	shown, err := stdjson.Marshal(fields)
	if err != nil {
		return metadata
	}
	return shown
}

// newServiceZone shows country codes in upper case, as people write them.
func newServiceZone(zone medusaclient.ServiceZone) medusaclient.ServiceZone {
	shown := zone
	shown.GeoZones = make([]medusaclient.GeoZone, len(zone.GeoZones))
	for i, geo := range zone.GeoZones {
		geo.CountryCode = strings.ToUpper(geo.CountryCode)
		shown.GeoZones[i] = geo
	}
	return shown
}

// NewSetupAnswer shows a location that was set up, without the summary.
func NewSetupAnswer(
	location medusaclient.StockLocation, sets []medusaclient.FulfillmentSet, zones []medusaclient.ServiceZone, options []SetupOption,
) SetupAnswer {
	answer := SetupAnswer{
		StockLocation: newLocation(location), FulfillmentSets: sets, ServiceZones: make([]medusaclient.ServiceZone, len(zones)), ShippingOptions: options,
	}
	for i, zone := range zones {
		answer.ServiceZones[i] = newServiceZone(zone)
	}
	answer.FulfillmentSet, answer.ServiceZone = answer.FulfillmentSets[0], answer.ServiceZones[0]
	return answer
}

// NewSetupOption shows an option that was made.
func NewSetupOption(option medusaclient.ShippingOption, kind, locationID string) SetupOption {
	shown := SetupOption{
		ID: option.ID, Name: option.Name, PriceType: option.PriceType, Amount: "0", Metadata: OptionMetadata{Type: kind, LocationID: locationID},
	}
	if len(option.Prices) > 0 {
		shown.Amount = option.Prices[0].Amount
	}
	return shown
}
