package routes

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
)

func TestQueriesThatBreakARule(t *testing.T) {
	s := open(t)
	long := strings.Repeat("a", 201)
	for path, wanted := range map[string][]string{
		"/api/inventory?limit=-1":                                    {"/limit OUT_OF_RANGE"},
		"/api/inventory?limit=0":                                     {"/limit OUT_OF_RANGE"},
		"/api/inventory?limit=101":                                   {"/limit OUT_OF_RANGE"},
		"/api/inventory?limit=99999999999999999999":                  {"/limit OUT_OF_RANGE"},
		"/api/inventory?limit=abc":                                   {"/limit NOT_AN_INTEGER"},
		"/api/inventory?limit=":                                      {"/limit NOT_AN_INTEGER"},
		"/api/inventory?limit=1.5":                                   {"/limit NOT_AN_INTEGER"},
		"/api/inventory?offset=-1":                                   {"/offset OUT_OF_RANGE"},
		"/api/inventory?offset=x&limit=0&lokationId=a":               {"/limit OUT_OF_RANGE", "/offset NOT_AN_INTEGER", "/lokationId UNKNOWN_PARAMETER"},
		"/api/inventory?limit=5&limit=6":                             {"/limit REPEATED"},
		"/api/inventory?search=a&search=b":                           {"/search REPEATED"},
		"/api/inventory?search=%00":                                  {"/search INVALID_CHARACTERS"},
		"/api/inventory?search=a%0Ab":                                {"/search INVALID_CHARACTERS"},
		"/api/inventory?search=%ff":                                  {"/search INVALID_CHARACTERS"},
		"/api/inventory?search=" + long:                              {"/search TOO_LONG"},
		"/api/inventory?search=%zz":                                  {"/ NOT_URL_ENCODED"},
		"/api/inventory?locationId=":                                 {"/locationId EMPTY"},
		"/api/inventory?id=a,b":                                      {"/id INVALID_CHARACTERS"},
		"/api/inventory?id=%00":                                      {"/id INVALID_CHARACTERS"},
		"/api/inventory?sku=":                                        {"/sku EMPTY"},
		"/api/inventory?" + strings.Repeat("id=a&", 101):             {"/id TOO_MANY"},
		"/api/inventory/iitem_bd_7g?limit=5":                         {"/limit UNKNOWN_PARAMETER"},
		"/api/inventory/alerts?threshold=-1":                         {"/threshold NOT_A_QUANTITY"},
		"/api/inventory/alerts?threshold=many":                       {"/threshold NOT_A_QUANTITY"},
		"/api/inventory/alerts?threshold=0.0001":                     {"/threshold NOT_A_QUANTITY"},
		"/api/inventory/alerts?search=a":                             {"/search UNKNOWN_PARAMETER"},
		"/api/products/with-inventory?currencyCode=peso":             {"/currencyCode NOT_A_CURRENCY"},
		"/api/products/prod_blue_dream/with-inventory?currencyCode=": {"/currencyCode NOT_A_CURRENCY"},
		"/api/products/prod_blue_dream/stock?locationId=sloc_1":      {"/locationId UNKNOWN_PARAMETER"},
		"/api/locations?salesChannelId=":                             {"/salesChannelId EMPTY"},
		"/api/locations/sloc_high_up?x":                              {"/x UNKNOWN_PARAMETER"},
	} {
		got := s.get(t, path)
		if !assert.Equal(t, http.StatusUnprocessableEntity, got.status, path) {
			continue
		}
		said := got.problem(t)
		assert.Equal(t, bff.ValidationFailed, said.Code, path)
		var faults []string
		for _, fault := range said.Errors {
			faults = append(faults, fault.Pointer+" "+fault.Code)
		}
		assert.Equal(t, wanted, faults, path)
	}
	assert.Empty(t, s.medusa.Calls(), "Medusa was asked for requests that break a rule")
}

func TestUnknownIDs(t *testing.T) {
	s := open(t)
	veryLong := strings.Repeat("x", 4000)
	for path, code := range map[string]bff.Code{
		"/api/products/prod_nope/with-inventory":    bff.ProductNotFound,
		"/api/products/prod_nope/stock":             bff.ProductNotFound,
		"/api/inventory/iitem_nope":                 bff.InventoryItemNotFound,
		"/api/inventory/variant_nope":               bff.VariantNotFound,
		"/api/inventory/variant_sin_item":           bff.InventoryItemNotFound,
		"/api/inventory/variant_kit_armado":         bff.InventoryItemNotFound,
		"/api/locations/sloc_nope":                  bff.StockLocationNotFound,
		"/api/locations/sloc_cerrado":               bff.StockLocationNotFound,
		"/api/locations/a%2Fb":                      bff.StockLocationNotFound,
		"/api/products/..%2F..%2Fstores/stock":      bff.ProductNotFound,
		"/api/locations/%00":                        bff.StockLocationNotFound,
		"/api/inventory/a%00b":                      bff.InventoryItemNotFound,
		"/api/products/%0A/with-inventory":          bff.ProductNotFound,
		"/api/locations/%ff":                        bff.StockLocationNotFound,
		"/api/locations/%C3%B1%20%3F%23":            bff.StockLocationNotFound,
		"/api/locations/" + veryLong:                bff.StockLocationNotFound,
		"/api/products/" + veryLong + "/stock":      bff.ProductNotFound,
		"/api/inventory/variant_" + veryLong[:190]:  bff.VariantNotFound,
		"/api/inventory/" + strings.Repeat("ñ", 90): bff.InventoryItemNotFound,
		"/api/nope":                     routeNotFound,
		"/api/products":                 routeNotFound,
		"/api/products/prod_blue_dream": routeNotFound,
		"/api/locations/a/b":            routeNotFound,
		"/API/locations":                routeNotFound,
	} {
		got := s.get(t, path)
		if assert.Equal(t, http.StatusNotFound, got.status, path) {
			assert.Equal(t, code, got.problem(t).Code, path)
		}
	}
}

func TestAnEscapedIDIsTheSameID(t *testing.T) {
	s := open(t)
	plain := s.get(t, "/api/inventory/iitem_bd_7g")
	escaped := s.get(t, "/api/inventory/iitem%5Fbd%5f7g")
	require.Equal(t, http.StatusOK, escaped.status)
	assert.Equal(t, plain.body, escaped.body)
	assert.Contains(t, s.get(t, "/api/locations/a%2Fb").problem(t).Detail, `"a/b"`)
}

func TestAVariantsIDStandsForItsItem(t *testing.T) {
	s := open(t)
	assert.Equal(t, s.get(t, "/api/inventory/iitem_bd_7g").body, s.get(t, "/api/inventory/variant_bd_7g").body)
	kit := s.get(t, "/api/inventory/variant_kit_armado").problem(t)
	assert.Contains(t, kit.Detail, "iitem_kit_papel", "who asks for a kit is told its items")
	assert.Contains(t, kit.Detail, "iitem_kit_filtro", "who asks for a kit is told its items")
}

func TestOffsetPastTheEnd(t *testing.T) {
	s := open(t)
	for path, list := range map[string]string{
		"/api/inventory": "items", "/api/inventory/alerts": "alerts", "/api/products/with-inventory": "products", "/api/locations": "locations",
	} {
		all := decodeObject(t, s.get(t, path+"?limit=1").body)
		page := decodeObject(t, s.get(t, path+"?offset=100000&limit=7").body)
		assert.Equal(t, []any{}, page[list], "%s past its end", path)
		assert.Equal(t, all["count"], page["count"], "the count of %s past its end", path)
		assert.InDelta(t, 100000, page["offset"], 0)
		assert.InDelta(t, 7, page["limit"], 0)
	}
}

func TestPagesFitTogether(t *testing.T) {
	s := open(t)
	for path, list := range map[string]string{"/api/inventory": "items", "/api/inventory/alerts": "alerts"} {
		id := map[string]string{"items": "id", "alerts": "inventoryItemId"}[list]
		whole := column(t, decodeObject(t, s.get(t, path+"?limit=8").body)[list], id)
		require.Len(t, whole, 8)
		var parts []string
		for _, page := range []string{"?limit=3", "?limit=3&offset=3", "?limit=2&offset=6"} {
			parts = append(parts, column(t, decodeObject(t, s.get(t, path+page).body)[list], id)...)
		}
		assert.Equal(t, whole, parts, "the pages of %s", path)
	}
}

// In Medusa's search %, _ and \ stand for other characters; here they do not.
func TestSearchedCharactersMeanThemselves(t *testing.T) {
	s := open(t)
	for search, skus := range map[string][]string{
		"50%":          {"ACEITE-50%"},
		"FLOR_A":       {"FLOR_A"},
		`RUTA\B`:       {`RUTA\B`},
		`CBD_100%\MAX`: {`CBD_100%\MAX`},
		`\`:            {`RUTA\B`, `CBD_100%\MAX`},
	} {
		got := s.get(t, "/api/inventory?search="+url.QueryEscape(search))
		require.Equal(t, http.StatusOK, got.status)
		assert.ElementsMatch(t, skus, column(t, decodeObject(t, got.body)["items"], "sku"), "search for %s", search)
	}
	assert.Equal(t, []string{}, column(t, decodeObject(t, s.get(t, "/api/locations?search=%25").body)["locations"], "id"),
		"no location has a percent sign")
}

func TestABodyOnAGet(t *testing.T) {
	s := open(t)
	for name, body := range map[string]func() io.Reader{
		"with a length": func() io.Reader { return strings.NewReader(`{}`) },
		"chunked":       func() io.Reader { return io.MultiReader(strings.NewReader(`{}`)) }, // the client does not know its length
	} {
		got := s.ask(t, http.MethodGet, "/api/locations", body(), authorization("Bearer "+s.token))
		require.Equal(t, http.StatusUnprocessableEntity, got.status, name)
		said := got.problem(t)
		require.Len(t, said.Errors, 1)
		assert.Equal(t, "BODY_NOT_ALLOWED", said.Errors[0].Code)

		got = s.ask(t, http.MethodHead, "/api/locations", body(), authorization("Bearer "+s.token))
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, name)
	}
	assert.Empty(t, s.medusa.Calls())
}

func TestTooMuch(t *testing.T) {
	s := open(t, func(b *setup) { b.routes.MaxBodyBytes = 100 })
	got := s.get(t, "/api/inventory?search="+strings.Repeat("a", 20_000))
	require.Equal(t, http.StatusRequestURITooLong, got.status)
	assert.Equal(t, bff.URITooLong, got.problem(t).Code)

	got = s.ask(t, http.MethodPost, "/api/inventory", strings.NewReader(strings.Repeat("a", 101)))
	require.Equal(t, http.StatusRequestEntityTooLarge, got.status)
	assert.Equal(t, bff.BodyTooLarge, got.problem(t).Code)
	assert.Contains(t, got.problem(t).Detail, "100 bytes")
	assert.Empty(t, s.medusa.Calls())
}

func TestWrongMethod(t *testing.T) {
	s := open(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, "PURGE"} {
		got := s.ask(t, method, "/api/inventory", nil, authorization("Bearer "+s.token))
		require.Equal(t, http.StatusMethodNotAllowed, got.status, method)
		assert.Equal(t, methodNotAllowed, got.problem(t).Code)
		assert.Contains(t, got.header.Get("Allow"), http.MethodGet)
		assert.Contains(t, got.header.Get("Allow"), http.MethodHead)
	}
}

func TestHead(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/api/products/prod_blue_dream/with-inventory", "/api/locations/sloc_nope", "/healthz", "/openapi.json"} {
		get := s.get(t, path)
		head := s.ask(t, http.MethodHead, path, nil, authorization("Bearer "+s.token))
		assert.Equal(t, get.status, head.status, path)
		for _, name := range []string{"ETag", "Content-Type", "Content-Length", "Vary", "Cache-Control"} {
			assert.Equal(t, get.header.Get(name), head.header.Get(name), "%s of %s", name, path)
		}
	}
}
