package medusatest

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// made is the newest id of a kind in an answer.
func made(t *testing.T, s *Server, method, target, body, kind string) string {
	t.Helper()
	answer := sendJSON(s, method, target, body)
	require.Equal(t, http.StatusOK, answer.Code, "%s: %s", target, answer.Body)
	ids := regexp.MustCompile(kind+`_\w{26}`).FindAllString(answer.Body.String(), -1)
	require.NotEmpty(t, ids, answer.Body)
	return slices.Max(ids)
}

// point is a place set up for customers to fetch what they bought.
type point struct{ location, set, zone, option string }

const pointName = "Retiro"

func (p point) route() string { return "/admin/stock-locations/" + p.location }

func optionBody(zone string) string {
	return `{"name":"Retiro","service_zone_id":"` + zone + `","shipping_profile_id":"sp_cannahub","provider_id":"manual_manual",` +
		`"price_type":"flat","type":{"label":"Retiro","code":"pickup"},"prices":[{"currency_code":"ars","amount":0}],` +
		`"rules":[{"attribute":"is_return","operator":"eq","value":"false"}]}`
}

func setUp(t *testing.T, s *Server) (p point) {
	t.Helper()
	p.location = made(t, s, http.MethodPost, "/admin/stock-locations", `{"name":"Once","address":{"address_1":"Rivadavia 2500","country_code":"ar"}}`, "sloc")
	p.set = made(t, s, http.MethodPost, p.route()+"/fulfillment-sets?fields=fulfillment_sets.id", `{"name":"`+pointName+`","type":"pickup"}`, "fuset")
	made(t, s, http.MethodPost, p.route()+"/fulfillment-providers", `{"add":["manual_manual"]}`, "sloc")
	p.zone = made(t, s, http.MethodPost, "/admin/fulfillment-sets/"+p.set+"/service-zones", `{"name":"`+pointName+`","geo_zones":[{"type":"country","country_code":"ar"}]}`, "serzo")
	p.option = made(t, s, http.MethodPost, "/admin/shipping-options", optionBody(p.zone), "so")
	made(t, s, http.MethodPost, p.route()+"/sales-channels", `{"add":["sc_cannahub"]}`, "sloc")
	return p
}

// more are the tables that have more rows than before, and how many.
func more(s *Server, before map[string]int) map[string]int {
	counts := s.Rows()
	for table := range counts {
		counts[table] -= before[table]
	}
	maps.DeleteFunc(counts, func(_ string, n int) bool { return n == 0 })
	return counts
}

func TestALocationGoesWithAllThatWasSetUpForIt(t *testing.T) {
	s := New()
	before := s.Rows()
	p := setUp(t, s)
	assert.Equal(t, map[string]int{
		"stock_location": 1, "stock_location_address": 1, "fulfillment_set": 1, "service_zone": 1, "geo_zone": 1,
		"shipping_option": 1, "shipping_option_rule": 1, "shipping_option_type": 1, "price_set": 1, "price": 1,
		"sales_channel_stock_location": 1, "location_fulfillment_set": 1, "location_fulfillment_provider": 1,
		"shipping_option_price_set": 1,
	}, more(s, before))

	assert.Equal(t, http.StatusOK, sendJSON(s, http.MethodDelete, p.route(), "").Code)
	assert.Equal(t, map[string]int{"shipping_option_type": 1}, more(s, before), "only the type stays")
	assert.Empty(t, s.DeadLinks())
}

func TestWhatIsDeletedInTheWrongOrderLeavesPricesBehind(t *testing.T) {
	orphans := map[string]int{"shipping_option_type": 1, "price_set": 1, "price": 1, "shipping_option_price_set": 1}
	for name, first := range map[string]func(p point) string{
		"set first":  func(p point) string { return "/admin/fulfillment-sets/" + p.set },
		"zone first": func(p point) string { return "/admin/fulfillment-sets/" + p.set + "/service-zones/" + p.zone },
	} {
		t.Run(name, func(t *testing.T) {
			s := New()
			before := s.Rows()
			p := setUp(t, s)
			require.Equal(t, http.StatusOK, sendJSON(s, http.MethodDelete, first(p), "").Code)
			require.Equal(t, http.StatusOK, sendJSON(s, http.MethodDelete, p.route(), "").Code)
			assert.Equal(t, orphans, more(s, before))
		})
	}
	t.Run("option first", func(t *testing.T) {
		s := New()
		before := s.Rows()
		p := setUp(t, s)
		require.Equal(t, http.StatusOK, sendJSON(s, http.MethodDelete, "/admin/shipping-options/"+p.option, "").Code)
		require.Equal(t, http.StatusOK, sendJSON(s, http.MethodDelete, p.route(), "").Code)
		assert.Equal(t, map[string]int{"shipping_option_type": 1}, more(s, before), "no prices are left")
	})
}

// TestWritesThatLandOnADeadLocationStay: each is answered 200, and nothing but
// its own opposite takes it away.
func TestWritesThatLandOnADeadLocationStay(t *testing.T) {
	s := New()
	before := s.Rows()
	p := setUp(t, s)
	var late Late
	for _, path := range []string{"/sales-channels", "/fulfillment-providers", "/fulfillment-sets"} {
		s.Fail(Match{Method: http.MethodPost, Path: p.route() + path}, late.CutBegun)
	}
	s.Fail(Match{Method: http.MethodPost, Path: "/admin/fulfillment-sets/*/service-zones"}, late.CutBegun)
	for path, body := range map[string]string{
		p.route() + "/sales-channels":                         `{"add":["sc_mayorista"]}`,
		p.route() + "/fulfillment-providers":                  `{"add":["manual_manual"]}`,
		p.route() + "/fulfillment-sets":                       `{"name":"Late","type":"pickup"}`,
		"/admin/fulfillment-sets/" + p.set + "/service-zones": `{"name":"Late"}`,
	} {
		assert.Panics(t, func() { sendJSON(s, http.MethodPost, path, body) }, "the caller is cut off")
	}
	require.Equal(t, 4, late.Waiting())
	require.Equal(t, http.StatusOK, sendJSON(s, http.MethodDelete, p.route(), "").Code)
	for late.Land() {
	}

	orphans := map[string]int{
		"shipping_option_type": 1, "fulfillment_set": 1, "service_zone": 1, "sales_channel_stock_location": 1,
		"location_fulfillment_set": 1, "location_fulfillment_provider": 1,
	}
	assert.Equal(t, orphans, more(s, before))
	assert.Equal(t, []string{"sc_mayorista " + p.location}, s.DeadLinks())
	s.LiftFailures()
	require.Equal(t, http.StatusOK, sendJSON(s, http.MethodDelete, p.route(), "").Code)
	assert.Equal(t, orphans, more(s, before), "another DELETE does nothing")
	require.Equal(t, http.StatusOK, sendJSON(s, http.MethodPost, p.route()+"/sales-channels", `{"remove":["sc_mayorista"]}`).Code)
	assert.Empty(t, s.DeadLinks())
}

func TestOneOfManyEqualSetsIsMade(t *testing.T) {
	s := New()
	before := s.Rows()
	statuses := make(chan int)
	for range 6 {
		go func() {
			statuses <- sendJSON(s, http.MethodPost, "/admin/stock-locations/sloc_high_up/fulfillment-sets", `{"name":"Retiro","type":"pickup"}`).Code
		}()
	}
	counts := map[int]int{}
	for range 6 {
		counts[<-statuses]++
	}
	assert.Equal(t, map[int]int{http.StatusOK: 1, http.StatusBadRequest: 5}, counts)
	assert.Equal(t, map[string]int{"fulfillment_set": 1, "location_fulfillment_set": 1}, more(s, before))
}

// TestAWriteThatIsCutMayHaveHappened holds the failures to the writes of a set
// up too.
func TestAWriteThatIsCutMayHaveHappened(t *testing.T) {
	s := New()
	before := s.Rows()
	create := func() { sendJSON(s, http.MethodPost, "/admin/stock-locations", `{"name":"Once"}`) }

	s.Fail(Match{Times: 1}, Cut())
	assert.Panics(t, create)
	assert.Empty(t, more(s, before), "cut before Medusa saw it")

	s.Fail(Match{Times: 1}, CutAfter())
	assert.Panics(t, create)
	assert.Equal(t, map[string]int{"stock_location": 1}, more(s, before), "cut after it happened")

	var late Late
	s.Fail(Match{Times: 1}, late.Cut)
	assert.Panics(t, create)
	assert.Equal(t, map[string]int{"stock_location": 1}, more(s, before), "not yet")
	require.True(t, late.Land())
	assert.Equal(t, map[string]int{"stock_location": 2}, more(s, before))
}
