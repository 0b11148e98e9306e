package mapping

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// said are faults in short: pointer and code.
func said(faults []Fault) []string {
	short := []string{}
	for _, fault := range faults {
		short = append(short, fault.Pointer+" "+fault.Code)
	}
	return short
}

func TestInventoryQuery(t *testing.T) {
	query, faults := ParseInventoryQuery("")
	assert.Empty(t, faults)
	assert.Equal(t, InventoryQuery{Page: Page{Limit: 20}}, query, "what nothing is said of")

	query, faults = ParseInventoryQuery("locationId=sloc_a&search=50%25+_%5C%2C%C3%B3&id=iitem_a&id=iitem_b&sku=A%2CB&sku=C&limit=100&offset=2147483647")
	assert.Empty(t, faults)
	assert.Equal(t, InventoryQuery{
		LocationID: "sloc_a", Search: `50% _\,ó`, IDs: []string{"iitem_a", "iitem_b"}, SKUs: []string{"A,B", "C"},
		Page: Page{Limit: 100, Offset: 2147483647},
	}, query)

	longest := strings.Repeat("ñ", 200)
	query, faults = ParseInventoryQuery("search=&sku=" + longest)
	assert.Empty(t, faults, "an empty search asks for everything, 200 characters are not too many")
	assert.Equal(t, InventoryQuery{SKUs: []string{longest}, Page: Page{Limit: 20}}, query)
}

func TestInventoryQueryNamesEveryFault(t *testing.T) {
	for raw, faults := range map[string][]string{
		"limit=0":                             {"/limit OUT_OF_RANGE"},
		"limit=-1":                            {"/limit OUT_OF_RANGE"},
		"limit=101":                           {"/limit OUT_OF_RANGE"},
		"limit=99999999999999999999":          {"/limit OUT_OF_RANGE"},
		"limit=-99999999999999999999":         {"/limit OUT_OF_RANGE"},
		"limit=abc":                           {"/limit NOT_AN_INTEGER"},
		"limit=":                              {"/limit NOT_AN_INTEGER"},
		"limit=-":                             {"/limit NOT_AN_INTEGER"},
		"limit=1.5":                           {"/limit NOT_AN_INTEGER"},
		"limit=1e1":                           {"/limit NOT_AN_INTEGER"},
		"limit=0x10":                          {"/limit NOT_AN_INTEGER"},
		"limit=1_0":                           {"/limit NOT_AN_INTEGER"},
		"limit=%201":                          {"/limit NOT_AN_INTEGER"},
		"limit=%D9%A3":                        {"/limit NOT_AN_INTEGER"},
		"limit=1&limit=2":                     {"/limit REPEATED"},
		"limit=1&limit=1":                     {"/limit REPEATED"},
		"offset=-1":                           {"/offset OUT_OF_RANGE"},
		"offset=2147483648":                   {"/offset OUT_OF_RANGE"},
		"offset=9223372036854775808":          {"/offset OUT_OF_RANGE"},
		"offset=abc":                          {"/offset NOT_AN_INTEGER"},
		"offset=0&offset=0":                   {"/offset REPEATED"},
		"locationId=":                         {"/locationId EMPTY"},
		"locationId=a&locationId=b":           {"/locationId REPEATED"},
		"locationId=%00":                      {"/locationId INVALID_CHARACTERS"},
		"locationId=" + letters(201):          {"/locationId TOO_LONG"},
		"search=a%00b":                        {"/search INVALID_CHARACTERS"},
		"search=%FF%FE":                       {"/search INVALID_CHARACTERS"},
		"search=a%0Ab":                        {"/search INVALID_CHARACTERS"},
		"search=%C2%85":                       {"/search INVALID_CHARACTERS"},
		"search=" + letters(201):              {"/search TOO_LONG"},
		"search=" + letters(20_000):           {"/search TOO_LONG"},
		"search=a&search=b":                   {"/search REPEATED"},
		"id=":                                 {"/id EMPTY"},
		"id=iitem_a&id=":                      {"/id EMPTY"},
		"id=iitem_a,iitem_b":                  {"/id INVALID_CHARACTERS"},
		"id=a%2Cb&id=c%2Cd":                   {"/id INVALID_CHARACTERS"},
		"id=%00":                              {"/id INVALID_CHARACTERS"},
		"id=" + letters(201):                  {"/id TOO_LONG"},
		strings.Repeat("id=a&", 101):          {"/id TOO_MANY"},
		strings.Repeat("sku=a&", 101):         {"/sku TOO_MANY"},
		"sku=":                                {"/sku EMPTY"},
		"sku=%7F":                             {"/sku INVALID_CHARACTERS"},
		"Limit=5":                             {"/Limit UNKNOWN_PARAMETER"},
		"location_id=sloc_a":                  {"/location_id UNKNOWN_PARAMETER"},
		"=1":                                  {"/ UNKNOWN_PARAMETER"},
		"b=1&a=2&b=3":                         {"/a UNKNOWN_PARAMETER", "/b UNKNOWN_PARAMETER"},
		"search=%zz":                          {"/ NOT_URL_ENCODED"},
		"limit=5;offset=2":                    {"/ NOT_URL_ENCODED"},
		"search=%":                            {"/ NOT_URL_ENCODED"},
		"limit=abc&%zz=1":                     {"/ NOT_URL_ENCODED", "/limit NOT_AN_INTEGER"},
		"limit=0&offset=-1&id=&locationId=&x": {"/locationId EMPTY", "/id EMPTY", "/limit OUT_OF_RANGE", "/offset OUT_OF_RANGE", "/x UNKNOWN_PARAMETER"},
	} {
		_, found := ParseInventoryQuery(raw)
		if len(raw) > 60 {
			raw = raw[:60] + "…"
		}
		assert.Equal(t, faults, said(found), "in %s", raw)
	}
}

func letters(n int) string { return strings.Repeat("a", n) }

func TestAlertsQuery(t *testing.T) {
	query, faults := ParseAlertsQuery("")
	assert.Empty(t, faults)
	assert.Equal(t, "5", query.Threshold.String(), "the threshold of those who name none")
	for raw, threshold := range map[string]string{
		"threshold=0": "0", "threshold=-0": "0", "threshold=0.5": "0.5", "threshold=12.345": "12.345", "threshold=1e3": "1000", "threshold=1.2300": "1.23",
		"threshold=123456789012345": "123456789012345", "threshold=123456789012.345": "123456789012.345", "threshold=100000000000000": "100000000000000",
	} {
		query, faults := ParseAlertsQuery(raw)
		assert.Empty(t, said(faults), "in %s", raw)
		assert.Equal(t, threshold, query.Threshold.String(), "in %s", raw)
	}
	for raw, faults := range map[string][]string{
		"threshold=":                      {"/threshold NOT_A_QUANTITY"},
		"threshold=-1":                    {"/threshold NOT_A_QUANTITY"},
		"threshold=cinco":                 {"/threshold NOT_A_QUANTITY"},
		"threshold=0.0001":                {"/threshold NOT_A_QUANTITY"},
		"threshold=1234567890123456":      {"/threshold NOT_A_QUANTITY"},
		"threshold=1234567890123.456":     {"/threshold NOT_A_QUANTITY"},
		"threshold=1e15":                  {"/threshold NOT_A_QUANTITY"},
		"threshold=1e400":                 {"/threshold NOT_A_QUANTITY"},
		"threshold=1e999999999":           {"/threshold NOT_A_QUANTITY"},
		"threshold=NaN":                   {"/threshold NOT_A_QUANTITY"},
		"threshold=Infinity":              {"/threshold NOT_A_QUANTITY"},
		"threshold=5&threshold=5":         {"/threshold REPEATED"},
		"threshold=x&locationId=&limit=0": {"/threshold NOT_A_QUANTITY", "/locationId EMPTY", "/limit OUT_OF_RANGE"},
		"search=a":                        {"/search UNKNOWN_PARAMETER"},
	} {
		_, found := ParseAlertsQuery(raw)
		assert.Equal(t, faults, said(found), "in %s", raw)
	}
}

func TestProductQueries(t *testing.T) {
	query, faults := ParseProductQuery("currencyCode=ARS")
	assert.Empty(t, faults)
	assert.Equal(t, ProductQuery{CurrencyCode: "ars"}, query)
	query, faults = ParseProductQuery("")
	assert.Empty(t, faults)
	assert.Empty(t, query.CurrencyCode, "the store's default")

	for raw, faults := range map[string][]string{
		"currencyCode=":                     {"/currencyCode NOT_A_CURRENCY"},
		"currencyCode=pesos":                {"/currencyCode NOT_A_CURRENCY"},
		"currencyCode=a1s":                  {"/currencyCode NOT_A_CURRENCY"},
		"currencyCode=%C3%B1a":              {"/currencyCode NOT_A_CURRENCY"},
		"currencyCode=%E2%84%AA":            {"/currencyCode NOT_A_CURRENCY"},
		"currencyCode=ars&currencyCode=ars": {"/currencyCode REPEATED"},
		"limit=5":                           {"/limit UNKNOWN_PARAMETER"},
	} {
		_, found := ParseProductQuery(raw)
		assert.Equal(t, faults, said(found), "in %s", raw)
	}

	products, faults := ParseProductsQuery("id=prod_a&id=prod_b&search=blue&currencyCode=usd&limit=1&offset=3")
	assert.Empty(t, faults)
	assert.Equal(t, ProductsQuery{IDs: []string{"prod_a", "prod_b"}, Search: "blue", CurrencyCode: "usd", Page: Page{Limit: 1, Offset: 3}}, products)
	_, faults = ParseProductsQuery("id=a,b&search=%00&currencyCode=x&limit=x&sku=a")
	assert.Equal(t, []string{
		"/id INVALID_CHARACTERS", "/search INVALID_CHARACTERS", "/currencyCode NOT_A_CURRENCY", "/limit NOT_AN_INTEGER", "/sku UNKNOWN_PARAMETER",
	}, said(faults))
}

func TestLocationsQuery(t *testing.T) {
	query, faults := ParseLocationsQuery("search=Palermo&salesChannelId=sc_a&limit=5")
	assert.Empty(t, faults)
	assert.Equal(t, LocationsQuery{Search: "Palermo", SalesChannelID: "sc_a", Page: Page{Limit: 5}}, query)
	_, faults = ParseLocationsQuery("salesChannelId=&offset=x&locationId=sloc_a")
	assert.Equal(t, []string{"/salesChannelId EMPTY", "/offset NOT_AN_INTEGER", "/locationId UNKNOWN_PARAMETER"}, said(faults))
}

func TestNoQuery(t *testing.T) {
	_, faults := ParseNoQuery("")
	assert.Empty(t, faults)
	_, faults = ParseNoQuery("limit=5&expand=x")
	assert.Equal(t, []string{"/expand UNKNOWN_PARAMETER", "/limit UNKNOWN_PARAMETER"}, said(faults))
}

func TestFaultsSayWhatWouldDo(t *testing.T) {
	_, faults := ParseInventoryQuery("limit=101&Search=x")
	require.Len(t, faults, 2)
	assert.Equal(t, "Must be between 1 and 100.", faults[0].Message().In(English))
	assert.Equal(t, "Muss zwischen 1 und 100 liegen.", faults[0].Message().In(German))
	assert.Equal(t, `No existe aquí el parámetro "Search"; los conocidos son locationId, search, id, sku, limit, offset.`, faults[1].Message().In(Spanish))
}

func TestID(t *testing.T) {
	for _, id := range []string{"iitem_a", "ñ", " ", "a,b", letters(200)} {
		assert.True(t, IsID(id), "%q", id)
	}
	for _, id := range []string{"", "\x00", "a\nb", "\xff", "\u0085", letters(201)} {
		assert.False(t, IsID(id), "%q", id)
	}
}

func TestKeysDifferWhenQueriesDo(t *testing.T) {
	page := Page{Limit: 20}
	inventory := []InventoryQuery{
		{Page: page},
		{Page: Page{Limit: 2}},
		{Page: Page{Limit: 20, Offset: 1}},
		{Page: Page{Limit: 2, Offset: 1}},
		{Page: Page{Limit: 1, Offset: 2}},
		{LocationID: "a", Page: page},
		{Search: "a", Page: page},
		{IDs: []string{"a"}, Page: page},
		{SKUs: []string{"a"}, Page: page},
		{IDs: []string{"a", "b"}, Page: page},
		{IDs: []string{"b", "a"}, Page: page},
		{IDs: []string{"a"}, SKUs: []string{"b"}, Page: page},
		{SKUs: []string{"a", "b"}, Page: page},
		{SKUs: []string{"ab"}, Page: page},
		{SKUs: []string{"a,b"}, Page: page},
		{SKUs: []string{"1:a"}, Page: page},
		{SKUs: []string{"a:b"}, Page: page},
		{SKUs: []string{"1:a1:b"}, Page: page},
		{LocationID: "a", Search: "b", Page: page},
		{LocationID: "ab", Page: page},
		{Search: "1:b", Page: page},
		{LocationID: "a1:b", Page: page},
	}
	assertKeys(t, inventory, InventoryQuery.Key)
	assertKeys(t, []AlertsQuery{
		{Threshold: q("5"), Page: page},
		{Threshold: q("5.1"), Page: page},
		{Threshold: q("51"), Page: page},
		{Threshold: q("5"), LocationID: "a", Page: page},
		{Threshold: q("5"), LocationID: "1", Page: page},
		{Threshold: q("5"), Page: Page{Limit: 20, Offset: 5}},
	}, AlertsQuery.Key)
	assertKeys(t, []ProductsQuery{
		{Page: page},
		{IDs: []string{"a"}, Page: page},
		{IDs: []string{"a", "b"}, Page: page},
		{Search: "a", Page: page},
		{CurrencyCode: "ars", Page: page},
		{CurrencyCode: "usd", Page: page},
		{Search: "ars", Page: page},
		{Page: Page{Limit: 1}},
	}, ProductsQuery.Key)
	assertKeys(t, []LocationsQuery{
		{Page: page},
		{Search: "a", Page: page},
		{SalesChannelID: "a", Page: page},
		{Search: "a", SalesChannelID: "a", Page: page},
		{Page: Page{Limit: 1}},
	}, LocationsQuery.Key)

	assert.Equal(t, AlertsQuery{Threshold: q("5")}.Key(), AlertsQuery{Threshold: q("5.0")}.Key(), "the same threshold")
	given, _ := ParseInventoryQuery("limit=20&offset=0")
	left, _ := ParseInventoryQuery("")
	assert.Equal(t, left.Key(), given.Key(), "what is left out is the same as what it stands for")
}

func assertKeys[Query any](t *testing.T, queries []Query, key func(Query) string) {
	t.Helper()
	keys := map[string]Query{}
	for _, query := range queries {
		other, taken := keys[key(query)]
		assert.False(t, taken, "%+v has the key of %+v", query, other)
		keys[key(query)] = query
	}
}

func FuzzParseInventoryQuery(f *testing.F) {
	for _, raw := range []string{
		"", "limit=5&offset=2", "id=a&id=b&sku=c", "search=%25_%5C", "search=%00", "search=%zz", "limit=-1&limit=2", "a;b", "&&==", "locationId=%FF", "id=a,b",
		"LIMIT=1", "limit=99999999999999999999", "%6cimit=7", "search=+", "sku=" + letters(201),
	} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		query, faults := ParseInventoryQuery(raw)
		for _, fault := range faults {
			sentence, known := sentences[fault.Code]
			require.True(t, known, "%s has no sentence", fault.Code)
			for language := range Language(languages) {
				assert.NotEmpty(t, fault.Message().In(language))
				assert.Len(t, verbs.FindAllString(sentence[language], -1), len(fault.Args), "%s in %s", fault.Code, language)
			}
		}
		if len(faults) > 0 {
			return
		}
		assert.True(t, 1 <= query.Page.Limit && query.Page.Limit <= 100, "limit %d", query.Page.Limit)
		assert.GreaterOrEqual(t, query.Page.Offset, 0)
		assert.LessOrEqual(t, max(len(query.IDs), len(query.SKUs)), 100)
		for _, id := range query.IDs {
			assert.NotContains(t, id, ",", "Medusa would read two ids")
		}
		for _, text := range slices.Concat(query.IDs, query.SKUs) {
			assert.NotEmpty(t, text)
		}
		for _, text := range slices.Concat(query.IDs, query.SKUs, []string{query.Search, query.LocationID}) {
			assert.True(t, utf8.ValidString(text) && utf8.RuneCountInString(text) <= 200 && !strings.ContainsFunc(text, unicode.IsControl), "%q went through", text)
		}
		values := url.Values{"id": query.IDs, "sku": query.SKUs, "limit": {strconv.Itoa(query.Page.Limit)}, "offset": {strconv.Itoa(query.Page.Offset)}, "search": {query.Search}}
		if query.LocationID != "" {
			values.Set("locationId", query.LocationID)
		}
		again, faults := ParseInventoryQuery(values.Encode())
		assert.Empty(t, faults, "%s, written anew, is refused", raw)
		assert.Equal(t, query.Key(), again.Key(), "%s, written anew, asks for something else", raw)
	})
}
