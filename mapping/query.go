package mapping

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	defaultLimit = 20
	maxLimit     = 100
	maxOffset    = 1<<31 - 1

	maxFaults = 20

	maxText = 200 // characters of a search or an id
	maxIDs  = 100 // ids or SKUs in one query

	defaultThreshold = 5
)

// Page is which part of a list is wanted.
type Page struct {
	Limit  int
	Offset int
}

// InventoryQuery is what GET /api/inventory asks for.
type InventoryQuery struct {
	LocationID string
	Search     string
	IDs        []string
	SKUs       []string
	Page       Page
}

// AlertsQuery is what GET /api/inventory/alerts asks for.
type AlertsQuery struct {
	Threshold  Quantity
	LocationID string
	Page       Page
}

// ProductQuery is what the routes of one product ask for. CurrencyCode is empty
// for the store's default.
type ProductQuery struct {
	CurrencyCode string
}

// ProductsQuery is what GET /api/products/with-inventory asks for.
type ProductsQuery struct {
	IDs          []string
	Search       string
	CurrencyCode string
	Page         Page
}

// LocationsQuery is what GET /api/locations asks for.
type LocationsQuery struct {
	Search         string
	SalesChannelID string
	Page           Page
}

// Key is the same for queries that ask for the same, and for no others.
func (q InventoryQuery) Key() string {
	return keyOf(q.LocationID, q.Search, keyOf(q.IDs...), keyOf(q.SKUs...), q.Page.key())
}

// Key is the same for queries that ask for the same, and for no others.
func (q AlertsQuery) Key() string {
	return keyOf(q.Threshold.String(), q.LocationID, q.Page.key())
}

// Key is the same for queries that ask for the same, and for no others.
func (q ProductsQuery) Key() string {
	return keyOf(keyOf(q.IDs...), q.Search, q.CurrencyCode, q.Page.key())
}

// Key is the same for queries that ask for the same, and for no others.
func (q LocationsQuery) Key() string {
	return keyOf(q.Search, q.SalesChannelID, q.Page.key())
}

func (p Page) key() string {
	return strconv.Itoa(p.Limit) + "+" + strconv.Itoa(p.Offset)
}

// keyOf joins parts so that no other parts give the same key.
func keyOf(parts ...string) string {
	var key strings.Builder
	for _, part := range parts {
		key.WriteString(strconv.Itoa(len(part)))
		key.WriteByte(':')
		key.WriteString(part)
	}
	return key.String()
}

// ParseInventoryQuery reads the query of GET /api/inventory.
func ParseInventoryQuery(rawQuery string) (InventoryQuery, []Fault) {
	r := newQueryReader(rawQuery)
	return InventoryQuery{
		LocationID: r.id("locationId"), Search: r.search("search"),
		IDs: r.ids("id"), SKUs: r.texts("sku"), Page: r.page(),
	}, r.faults()
}

// ParseAlertsQuery reads the query of GET /api/inventory/alerts.
func ParseAlertsQuery(rawQuery string) (AlertsQuery, []Fault) {
	r := newQueryReader(rawQuery)
	return AlertsQuery{
		Threshold: r.quantity("threshold", QuantityOf(defaultThreshold)), LocationID: r.id("locationId"), Page: r.page(),
	}, r.faults()
}

// ParseProductQuery reads the query of GET /api/products/:id/with-inventory.
func ParseProductQuery(rawQuery string) (ProductQuery, []Fault) {
	r := newQueryReader(rawQuery)
	return ProductQuery{CurrencyCode: r.currency("currencyCode")}, r.faults()
}

// ParseProductsQuery reads the query of GET /api/products/with-inventory.
func ParseProductsQuery(rawQuery string) (ProductsQuery, []Fault) {
	r := newQueryReader(rawQuery)
	return ProductsQuery{
		IDs: r.ids("id"), Search: r.search("search"), CurrencyCode: r.currency("currencyCode"), Page: r.page(),
	}, r.faults()
}

// ParseLocationsQuery reads the query of GET /api/locations.
func ParseLocationsQuery(rawQuery string) (LocationsQuery, []Fault) {
	r := newQueryReader(rawQuery)
	return LocationsQuery{
		Search: r.search("search"), SalesChannelID: r.id("salesChannelId"), Page: r.page(),
	}, r.faults()
}

// NoQuery is what a route without query parameters asks for.
type NoQuery struct{}

// ParseNoQuery refuses any query parameter.
func ParseNoQuery(rawQuery string) (NoQuery, []Fault) {
	return NoQuery{}, newQueryReader(rawQuery).faults()
}

// queryReader reads the parameters of a query and lists all that is wrong.
type queryReader struct {
	values url.Values
	known  []string
	wrong  []Fault
}

func newQueryReader(rawQuery string) *queryReader {
	values, err := url.ParseQuery(rawQuery)
	r := &queryReader{values: values}
	if err != nil {
		r.fault("", "NOT_URL_ENCODED")
	}
	return r
}

// faults returns what was wrong, parameters that nobody asked for included: a
// misspelt filter must not show everything.
func (r *queryReader) faults() []Fault {
	for _, name := range slices.Sorted(maps.Keys(r.values)) {
		if !slices.Contains(r.known, name) {
			r.fault(name, "UNKNOWN_PARAMETER", name, cmp.Or(strings.Join(r.known, ", "), "–"))
		}
	}
	return r.wrong
}

// fault lists a fault. Beyond some nobody reads them, and a query can hold
// thousands of unknown parameters.
func (r *queryReader) fault(name, code string, args ...any) {
	if len(r.wrong) < maxFaults {
		r.wrong = append(r.wrong, Fault{Pointer: "/" + name, Code: code, Args: args})
	}
}

// one returns the value of a parameter, and whether there is a usable one.
func (r *queryReader) one(name string) (string, bool) {
	r.known = append(r.known, name)
	values := r.values[name]
	if len(values) > 1 {
		r.fault(name, "REPEATED")
		return "", false
	}
	return r.values.Get(name), len(values) == 1
}

func (r *queryReader) integer(name string, otherwise, least, most int) int {
	text, given := r.one(name)
	if !given {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil && !isInteger(text):
		r.fault(name, "NOT_AN_INTEGER")
	case err != nil, n < least, n > most:
		r.fault(name, "OUT_OF_RANGE", least, most)
	}
	return n
}

// isInteger tells a number that is merely too long from what is none.
func isInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// boolean is false unless it is said to be true.
func (r *queryReader) boolean(name string) bool {
	text, given := r.one(name)
	if given && text != "true" && text != "false" {
		r.fault(name, "NOT_A_BOOLEAN")
	}
	return text == "true"
}

func (r *queryReader) page() Page {
	return Page{
		Limit:  r.integer("limit", defaultLimit, 1, maxLimit),
		Offset: r.integer("offset", 0, 0, maxOffset),
	}
}

func (r *queryReader) quantity(name string, otherwise Quantity) Quantity {
	text, given := r.one(name)
	if !given {
		return otherwise
	}
	quantity, valid := ParseQuantity(text)
	if !valid || quantity.Sign() < 0 || !quantity.FitsMedusa() {
		r.fault(name, "NOT_A_QUANTITY")
		return otherwise
	}
	return quantity
}

func (r *queryReader) currency(name string) string {
	text, given := r.one(name)
	if !given {
		return ""
	}
	code := strings.ToLower(text)
	if len(code) != 3 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" {
		r.fault(name, "NOT_A_CURRENCY")
	}
	return code
}

// search is free text; an empty one asks for everything.
func (r *queryReader) search(name string) string {
	text, _ := r.one(name)
	r.checkText(name, text)
	return text
}

func (r *queryReader) id(name string) string {
	text, given := r.one(name)
	if given {
		r.checkID(name, text)
	}
	return text
}

func (r *queryReader) ids(name string) []string {
	ids := r.texts(name)
	for _, id := range ids {
		if strings.Contains(id, ",") {
			r.fault(name, "INVALID_CHARACTERS")
			break
		}
	}
	return ids
}

func (r *queryReader) texts(name string) []string {
	r.known = append(r.known, name)
	texts := r.values[name]
	if len(texts) > maxIDs {
		r.fault(name, "TOO_MANY", maxIDs)
		return nil
	}
	for _, text := range texts {
		if !r.checkID(name, text) {
			break
		}
	}
	return texts
}

func (r *queryReader) checkID(name, text string) bool {
	if text == "" {
		r.fault(name, "EMPTY")
		return false
	}
	return r.checkText(name, text)
}

func (r *queryReader) checkText(name, text string) bool {
	code, args := textFault(text)
	if code != "" {
		r.fault(name, code, args...)
	}
	return code == ""
}

// textFault keeps out what Medusa answers with an error of its own: control
// characters, of which NUL is one, and what is not text at all. The code is
// empty when there is nothing wrong.
func textFault(text string) (code string, args []any) {
	switch {
	case utf8.RuneCountInString(text) > maxText:
		return "TOO_LONG", []any{maxText}
	case !utf8.ValidString(text), strings.ContainsFunc(text, unicode.IsControl):
		return "INVALID_CHARACTERS", nil
	}
	return "", nil
}

// time reads a moment by RFC 3339.
func (r *queryReader) time(name string) time.Time {
	text, given := r.one(name)
	if !given {
		return time.Time{}
	}
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		r.fault(name, "NOT_A_TIME")
	}
	return moment.UTC()
}

// IsID says whether a text can be an id of Medusa's at all.
func IsID(text string) bool {
	return text != "" && len(text) <= maxText && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
