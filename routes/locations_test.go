package routes

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestALocationIsMadeAndChanged(t *testing.T) {
	s := openBook(t)
	made := s.change(t, http.MethodPost, "/api/locations", `{"name":"Sur","address":{"address1":"Ruta 2","countryCode":"AR"},"metadata":{"a":1,"b":2}}`)
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	id := gjson.GetBytes(made.body, "location.id").String()
	changed := s.change(t, http.MethodPatch, "/api/locations/"+id, `{"name":"Sur 2","address":{"city":"Dolores"},"metadata":{"a":null}}`)
	require.Equal(t, http.StatusOK, changed.status, "%s", changed.body)
	read := s.get(t, "/api/locations/"+id)
	assert.JSONEq(t, string(changed.body), string(read.body), "what is read then")
	location := gjson.GetBytes(read.body, "location")
	assert.Equal(t, "Sur 2", location.Get("name").String())
	assert.JSONEq(t, `{"b":2}`, location.Get("metadata").Raw)
	assert.Equal(t, "Ruta 2 Dolores AR", location.Get("address.address_1").String()+" "+location.Get("address.city").String()+" "+location.Get("address.country_code").String())
}

func TestOneKeyIsNotForTwoLocations(t *testing.T) {
	s := openBook(t)
	first := s.change(t, http.MethodPatch, "/api/locations/sloc_high_up", `{"name":"Uno"}`, key("k"))
	require.Equal(t, http.StatusOK, first.status, "%s", first.body)
	again := s.change(t, http.MethodPatch, "/api/locations/sloc_high_up", `{"name":"Uno"}`, key("k"))
	assert.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	other := s.change(t, http.MethodPatch, "/api/locations/sloc_deposito", `{"name":"Uno"}`, key("k"))
	assert.Equal(t, bff.IdempotencyKeyReused, other.problem(t).Code)
}

func TestLocationsThatAreNotThereAreNotChanged(t *testing.T) {
	s := openBook(t)
	for _, body := range []string{`{"name":"x"}`, `{"address":{"city":"x"}}`, `{"metadata":{"a":null}}`} {
		got := s.change(t, http.MethodPatch, "/api/locations/sloc_none", body)
		require.Equal(t, http.StatusNotFound, got.status, "%s", got.body)
		assert.Equal(t, bff.StockLocationNotFound, got.problem(t).Code)
	}
}

// medusaLocation is where Medusa deletes a location.
const medusaLocation = "/admin/stock-locations/*"

// stockedLocation is a new location with 7.5 of one item and 3 of another, which the
// warehouse does not keep.
func (s *shop) stockedLocation(t *testing.T) (id string) {
	t.Helper()
	made := s.change(t, http.MethodPost, "/api/locations", `{"name":"Sur"}`)
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	id = gjson.GetBytes(made.body, "location.id").String()
	stocked := s.batch(t, `{"sku":"BD-1G-001","locationId":"`+id+`","quantity":7.5},{"sku":"RAR-01","locationId":"`+id+`","quantity":3}`, "")
	require.Equal(t, http.StatusOK, stocked.status, "%s", stocked.body)
	s.settled(t)
	return id
}

func (s *shop) removeLocation(t *testing.T, idAndQuery string, changes ...with) answer {
	t.Helper()
	return s.bare(t, http.MethodDelete, "/api/locations/"+idAndQuery, changes...)
}

func TestTheStockOfALocationIsMovedBeforeItIsDeleted(t *testing.T) {
	s := openBook(t)
	id := s.stockedLocation(t)
	hold := s.reserve(t, `{"items":[{"sku":"BD-1G-001","quantity":2,"locationId":"`+id+`"}]}`)
	require.Equal(t, http.StatusCreated, hold.status, "%s", hold.body)
	require.Equal(t, http.StatusOK, s.get(t, "/api/locations/"+id).status) // and held in memory

	got := s.removeLocation(t, id+"?transferTo=sloc_deposito", key("k"))
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	assert.JSONEq(t, `{"id":"`+id+`","deleted":true}`, string(got.body))
	s.settled(t)
	s.assertStock(t, "iitem_bd_1g", "sloc_deposito", 407.5, "moved")
	s.assertStock(t, "iitem_rareza_siete", "sloc_deposito", 3, "moved to where there was no level")
	assert.Equal(t, bff.StockLocationNotFound, s.get(t, "/api/locations/"+id).problem(t).Code, "the location")
	assert.Equal(t, bff.ReservationNotFound, s.get(t, reservations+"/"+gjson.GetBytes(hold.body, "holdId").String()).problem(t).Code, "the hold there is released")
	entries := gjson.GetBytes(s.get(t, audit+"?reason=transfer&locationId=sloc_deposito").body, "entries")
	assert.JSONEq(t, `["`+id+`","`+id+`"]`, entries.Get("#.reference").Raw, "the audit tells where it came from")

	again := s.removeLocation(t, id+"?transferTo=sloc_deposito", key("k"))
	assert.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	assert.Equal(t, bff.StockLocationNotFound, s.removeLocation(t, id).problem(t).Code)
	s.assertStock(t, "iitem_bd_1g", "sloc_deposito", 407.5, "moved once")
}

func TestAKeyIsNotForTwoQueries(t *testing.T) {
	s := openBook(t)
	id := s.stockedLocation(t)
	require.Equal(t, http.StatusOK, s.removeLocation(t, id+"?force=true", key("k")).status)
	for _, other := range []string{"", "?force=false", "?transferTo=sloc_deposito"} {
		got := s.removeLocation(t, id+other, key("k"))
		require.Equal(t, http.StatusUnprocessableEntity, got.status, "%s: %s", other, got.body)
		assert.Equal(t, bff.IdempotencyKeyReused, got.problem(t).Code, other)
	}
}

func TestLocationsThatAreNotDeleted(t *testing.T) {
	s := openBook(t)
	id := s.stockedLocation(t)
	s.medusa.PutUser(medusatest.User{ID: "user_guest", Email: "guest@cannahub.test", Forbidden: true})
	before := s.medusa.Levels()
	for target, wanted := range map[string]struct {
		status int
		code   bff.Code
	}{
		id:                                      {http.StatusConflict, bff.LocationNotEmpty},
		id + "?force=false":                     {http.StatusConflict, bff.LocationNotEmpty},
		id + "?transferTo=sloc_nope":            {http.StatusNotFound, bff.StockLocationNotFound},
		id + "?transferTo=sloc_cerrado":         {http.StatusNotFound, bff.StockLocationNotFound}, // deleted
		"sloc_nope":                             {http.StatusNotFound, bff.StockLocationNotFound},
		"a%2Cb":                                 {http.StatusNotFound, bff.StockLocationNotFound},
		"sloc_high_up?force=true":               {http.StatusConflict, bff.LocationNotEmpty}, // reserved for orders
		"sloc_high_up?transferTo=sloc_deposito": {http.StatusConflict, bff.LocationNotEmpty},
	} {
		got := s.removeLocation(t, target)
		require.Equal(t, wanted.status, got.status, "%s: %s", target, got.body)
		assert.Equal(t, wanted.code, got.problem(t).Code, target)
	}
	for target, wanted := range map[string]string{
		id + "?transferTo=" + id:                    "/transferTo SAME_LOCATION",
		id + "?transferTo=":                         "/transferTo EMPTY",
		id + "?force=1":                             "/force NOT_A_BOOLEAN",
		id + "?force=true&transferTo=sloc_deposito": "/force NOT_WITH_TRANSFER",
		id + "?transfer=sloc_deposito":              "/transfer UNKNOWN_PARAMETER",
		id + "?force=true&force=true":               "/force REPEATED",
	} {
		assert.Equal(t, []string{wanted}, faultsOf(t, s.removeLocation(t, target)), target)
	}
	forced := s.change(t, http.MethodDelete, "/api/locations/"+id, `{"force":true}`)
	assert.Equal(t, []string{"/force UNKNOWN_FIELD"}, faultsOf(t, forced), "what is asked for is in the query")
	assert.Equal(t, invalidJSON, s.change(t, http.MethodDelete, "/api/locations/"+id, `{`).problem(t).Code)
	assert.Equal(t, bff.Unauthorized, s.ask(t, http.MethodDelete, "/api/locations/"+id, nil).problem(t).Code)
	assert.Equal(t, bff.Forbidden, s.removeLocation(t, id+"?force=true", authorization("Bearer "+s.medusa.Token("user_guest"))).problem(t).Code)
	assert.Equal(t, before, s.medusa.Levels(), "stock after refusals alone")
	assert.Equal(t, http.StatusOK, s.get(t, "/api/locations/"+id).status)
}

func TestALocationWithStockInThreeLanguages(t *testing.T) {
	s := openBook(t)
	id := s.stockedLocation(t)
	for language, wanted := range map[string]struct{ title, stocked, reserved string }{
		"en": {"Location not empty", "still has stock (inventory items: 2)", "reservations that were not made here, such as those of orders (2)"},
		"es": {"Ubicación no vacía", "aún tiene stock (artículos de", "reservas que no se hicieron aquí, como las de pedidos (2)"},
		"de": {"Lagerort nicht leer", "noch Bestand (Artikel: 2)", "Reservierungen, die nicht hier gemacht wurden, etwa von Bestellungen (2)"},
	} {
		said := s.removeLocation(t, id, header("Accept-Language", language)).problem(t)
		assert.Equal(t, wanted.title, said.Title)
		assert.Contains(t, said.Detail, wanted.stocked)
		s.medusa.Put(medusatest.Reservation{ID: "resitem_otra", InventoryItemID: "iitem_bd_14g", LocationID: "sloc_mayorista", Quantity: 1})
		assert.Contains(t, s.removeLocation(t, "sloc_mayorista", header("Accept-Language", language)).problem(t).Detail, wanted.reserved)
	}
}

func TestLessThanNothingIsNotMovedToWhereThereIsNotEnough(t *testing.T) {
	s := openBook(t)
	id := s.stockedLocation(t)
	s.medusa.SetLevel("iitem_rareza_siete", id, medusatest.Quantities{Stocked: -450})
	got := s.removeLocation(t, id+"?transferTo=sloc_deposito")
	require.Equal(t, http.StatusBadRequest, got.status, "%s", got.body)
	assert.Equal(t, bff.InsufficientStock, got.problem(t).Code)
	s.assertStock(t, "iitem_bd_1g", id, 7.5, "nothing is moved")
}

func TestADeletionThatMedusaDoesNotAnswerIsGoneOnWith(t *testing.T) {
	s := openBook(t)
	id := s.stockedLocation(t)
	s.medusa.Fail(medusatest.Match{Method: http.MethodDelete, Path: medusaLocation, After: 1, Times: 2}, medusatest.Cut())
	got := s.removeLocation(t, id+"?transferTo=sloc_deposito", key("k"))
	require.Equal(t, http.StatusBadGateway, got.status, "%s", got.body)
	assert.Equal(t, bff.OutcomeUnknown, got.problem(t).Code)
	assert.Equal(t, http.StatusOK, s.removeLocation(t, id+"?transferTo=sloc_deposito", key("k")).status, "the same request")
	s.assertStock(t, "iitem_bd_1g", "sloc_deposito", 407.5, "moved once")
}
