package routes

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	reservations = "/api/reservations"

	// cartLines is a hold of two reservations, one for each line.
	cartLines = `{"items":[{"variantId":"variant_bd_7g","quantity":2},{"sku":"PR-OGK","quantity":3,"locationId":"sloc_high_up"}],"cartId":"cart_1"}`

	// orderReservation is one that Medusa made for an order.
	orderReservation = "resitem_bd_7g_pedido"

	// Where Medusa has reservations.
	medusaReservations = "/admin/reservations"
	medusaReservation  = "/admin/reservations/*"
)

// reserve sends a hold as the admin user.
func (s *shop) reserve(t *testing.T, body string, changes ...with) answer {
	t.Helper()
	return s.change(t, http.MethodPost, reservations, body, changes...)
}

// held makes the hold of cartLines.
func (s *shop) held(t *testing.T) (holdID string, reservationIDs []string) {
	t.Helper()
	got := s.reserve(t, cartLines)
	require.Equal(t, http.StatusCreated, got.status, "%s", got.body)
	for _, id := range gjson.GetBytes(got.body, "reservations.#.id").Array() {
		reservationIDs = append(reservationIDs, id.String())
	}
	return gjson.GetBytes(got.body, "holdId").String(), reservationIDs
}

// bare sends a request of the admin user without a body.
func (s *shop) bare(t *testing.T, method, path string, changes ...with) answer {
	t.Helper()
	return s.ask(t, method, path, nil, append([]with{authorization("Bearer " + s.token)}, changes...)...)
}

// assertReserved fails when Medusa has another quantity reserved.
func (s *shop) assertReserved(t *testing.T, itemID, locationID string, reserved float64, why string) {
	t.Helper()
	level, _ := s.medusa.Level(itemID, locationID)
	assert.InDelta(t, reserved, level.Reserved, 0, "reserved of %s at %s: %s", itemID, locationID, why)
}

// ends are what ends a hold, each as "METHOD suffix", with the field of the answer
// that says so.
var ends = map[string]string{"DELETE ": "deleted", "POST /release": "released", "POST /confirm": "confirmed"}

// end does one of ends with what an id names.
func (s *shop) end(t *testing.T, how, id string, changes ...with) answer {
	t.Helper()
	method, suffix, _ := strings.Cut(how, " ")
	return s.bare(t, method, reservations+"/"+id+suffix, changes...)
}

func TestAHoldIsReadAsItWasMade(t *testing.T) {
	s := openBook(t)
	began := time.Now()
	made := s.reserve(t, cartLines)
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	hold := gjson.ParseBytes(made.body)
	expires, err := time.Parse(time.RFC3339, hold.Get("expiresAt").String())
	require.NoError(t, err)
	assert.WithinDuration(t, began.Add(15*time.Minute), expires, 10*time.Second, "a cart is held for 15 minutes")
	assert.Equal(t, "sloc_deposito", hold.Get("reservations.0.locationId").String(), "where there is most")
	assert.Equal(t, "sloc_high_up", hold.Get("reservations.1.locationId").String(), "where it was asked for")
	s.assertReserved(t, "iitem_preroll", "sloc_high_up", 8+3, "held")

	path := reservations + "/" + hold.Get("holdId").String()
	read := s.get(t, path)
	assert.JSONEq(t, string(made.body), string(read.body), "the hold as it is read")
	one := s.get(t, reservations+"/"+hold.Get("reservations.1.id").String())
	assert.JSONEq(t, `{"reservation":`+hold.Get("reservations.1").Raw+`}`, string(one.body), "a reservation of it")
	listed := gjson.ParseBytes(s.get(t, reservations+"?cartId=cart_1&locationId=sloc_high_up").body)
	assert.Equal(t, int64(1), listed.Get("count").Int())
	assert.JSONEq(t, hold.Get("reservations.1").Raw, listed.Get("reservations.0").Raw, "the same in a list")
	assert.Equal(t, http.StatusNotModified, s.get(t, path, header("If-None-Match", read.header.Get("ETag"))).status)
	assert.NotEqual(t, "0", s.get(t, path).header.Get("X-Medusa-Calls"), "it is never held in memory")
}

func TestReservationsOfTheWholeCatalogueAreDocumented(t *testing.T) {
	s := openBook(t)
	s.held(t)
	got := gjson.ParseBytes(s.get(t, reservations+"?limit=100").body)
	require.Equal(t, int64(9+2), got.Get("count").Int(), "those of Medusa, and ours")
	for _, id := range got.Get("reservations.#.id").Array() {
		assert.Equal(t, http.StatusOK, s.get(t, reservations+"/"+id.String()).status, "%s", id)
	}
	for query, ids := range map[string]string{
		"?lineItemId=ordli_1001":                             `["resitem_bd_1g_pedido","resitem_bd_7g_pedido"]`,
		"?inventoryItemId=iitem_bd_1g&limit=1&offset=1":      `["resitem_bd_1g_mostrador"]`,
		"?locationId=sloc_mayorista":                         `["resitem_bd_14g_mayorista"]`,
		"?cartId=cart_nope":                                  `[]`,
		"?inventoryItemId=iitem_bd_1g&lineItemId=ordli_nope": `[]`,
	} {
		assert.JSONEq(t, ids, gjson.GetBytes(s.get(t, reservations+query).body, "reservations.#.id").Raw, query)
	}
}

func TestReadsOfReservationsNeedTheRightTo(t *testing.T) {
	s := openBook(t)
	holdID, _ := s.held(t)
	s.medusa.PutUser(medusatest.User{ID: "user_guest", Email: "guest@cannahub.test", Forbidden: true})
	for _, path := range []string{reservations, reservations + "?cartId=cart_1", reservations + "/" + holdID, reservations + "/" + orderReservation} {
		s.medusa.ResetCalls()
		assert.Equal(t, bff.Unauthorized, s.anonymous(t, path).problem(t).Code, "%s without a credential", path)
		assert.Empty(t, s.medusa.Calls(), "Medusa is not asked without a credential")
		assert.Equal(t, bff.Forbidden, s.anonymous(t, path, authorization("Bearer "+s.medusa.Token("user_guest"))).problem(t).Code, path)
	}
}

func TestHoldsThatBreakARule(t *testing.T) {
	const item = `{"sku":"BD-7G-001","quantity":1}`
	s := openBook(t)
	for body, wanted := range map[string][]string{
		`[]`:                         {" NOT_AN_OBJECT"},
		`{}`:                         {"/items MISSING"},
		`{"items":{}}`:               {"/items NOT_A_LIST"},
		`{"items":[]}`:               {"/items EMPTY"},
		`{"items":[7]}`:              {"/items/0 NOT_AN_OBJECT"},
		`{"items":[{"quantity":1}]}`: {"/items/0 NOT_EXACTLY_ONE"},
		`{"items":[{"sku":"a"}]}`:    {"/items/0/quantity MISSING"},
		`{"items":[{"sku":"a","variantId":"b","quantity":1}]}`:                      {"/items/0 NOT_EXACTLY_ONE"},
		`{"items":[` + item + `,{"sku":"a","quantity":0}]}`:                         {"/items/1/quantity NOT_AN_AMOUNT"},
		`{"items":[{"sku":"a","quantity":-1}]}`:                                     {"/items/0/quantity NOT_AN_AMOUNT"},
		`{"items":[{"sku":"a","quantity":"1"}]}`:                                    {"/items/0/quantity NOT_AN_AMOUNT"},
		`{"items":[{"sku":"a","quantity":0.0001}]}`:                                 {"/items/0/quantity NOT_AN_AMOUNT"},
		`{"items":[{"sku":"a","quantity":1e309}]}`:                                  {"/items/0/quantity NOT_AN_AMOUNT"},
		`{"items":[{"sku":"a","quantity":1,"locationId":"b,c"}]}`:                   {"/items/0/locationId INVALID_CHARACTERS"},
		`{"items":[{"sku":"a","quantity":1,"location":"b"}]}`:                       {"/items/0/location UNKNOWN_FIELD"},
		`{"items":[` + item + `],"expiresInSeconds":0}`:                             {"/expiresInSeconds NOT_SECONDS"},
		`{"items":[` + item + `],"expiresInSeconds":1.5}`:                           {"/expiresInSeconds NOT_SECONDS"},
		`{"items":[` + item + `],"expiresInSeconds":31536001}`:                      {"/expiresInSeconds NOT_SECONDS"},
		`{"items":[` + item + `],"cartId":"","expiresIn":5}`:                        {"/cartId EMPTY", "/expiresIn UNKNOWN_FIELD"},
		`{"items":[` + item + `],"description":"` + strings.Repeat("ñ", 201) + `"}`: {"/description TOO_LONG"},
		`{"items":[` + strings.Repeat(item+",", 100) + item + `]}`:                  {"/items TOO_MANY_ROWS"},
	} {
		assert.ElementsMatch(t, wanted, faultsOf(t, s.reserve(t, body)), "%.120s", body)
	}
	assert.Equal(t, []string{"/force UNKNOWN_PARAMETER"}, faultsOf(t, s.change(t, http.MethodPost, reservations+"?force=true", cartLines)))
	assert.Equal(t, []string{"/Idempotency-Key IDEMPOTENCY_KEY_INVALID"}, faultsOf(t, s.reserve(t, cartLines, key(""))))
	assert.Equal(t, invalidJSON, s.reserve(t, cartLines[1:]).problem(t).Code)
	assert.Equal(t, unsupportedMedia, s.reserve(t, cartLines, header("Content-Type", "text/plain")).problem(t).Code)
	assert.Empty(t, s.medusa.Calls(), "Medusa was asked for requests that break a rule")
}

func TestWhatCannotBeReserved(t *testing.T) {
	s := openBook(t)
	putNothing(s)
	before := s.medusa.Levels()
	for item, wanted := range map[string]struct {
		status int
		code   bff.Code
	}{
		`"variantId":"variant_nope","quantity":1`:                     {http.StatusNotFound, bff.VariantNotFound},
		`"inventoryItemId":"iitem_nope","quantity":1`:                 {http.StatusNotFound, bff.InventoryItemNotFound},
		`"sku":"NOPE-1","quantity":1`:                                 {http.StatusNotFound, bff.SKUNotFound},
		`"sku":"BD-7G-001","quantity":1,"locationId":"sloc_nope"`:     {http.StatusNotFound, bff.LevelNotFound},
		`"sku":"CERRADO-1","quantity":1,"locationId":"sloc_cerrado"`:  {http.StatusNotFound, bff.LevelNotFound}, // deleted
		`"sku":"BD-1G-001","quantity":91,"locationId":"sloc_high_up"`: {http.StatusBadRequest, bff.InsufficientStock},
		`"sku":"BD-1G-001","quantity":361`:                            {http.StatusBadRequest, bff.InsufficientStock},
		`"sku":"SINNIVEL-1","quantity":1`:                             {http.StatusBadRequest, bff.InsufficientStock},
		`"variantId":"variant_kit_armado","quantity":4`:               {http.StatusBadRequest, bff.InsufficientStock},
		`"variantId":"variant_consulta","quantity":1`:                 {http.StatusUnprocessableEntity, bff.VariantNotManaged},
		`"variantId":"variant_sin_item","quantity":1`:                 {http.StatusUnprocessableEntity, bff.InventoryItemMissing},
		`"variantId":"variant_nada","quantity":1`:                     {http.StatusUnprocessableEntity, bff.RequiredInvalid},
		`"variantId":"variant_preroll_medio","quantity":0.001`:        {http.StatusUnprocessableEntity, bff.QuantityOutOfRange},
	} {
		got := s.reserve(t, `{"items":[{"sku":"PR-OGK","quantity":1},{`+item+`}]}`, key("k"))
		require.Equal(t, wanted.status, got.status, "%s: %s", item, got.body)
		said := got.problem(t)
		assert.Equal(t, wanted.code, said.Code, item)
		require.Len(t, said.Errors, 1, "the items at fault of %s", item)
		assert.Equal(t, problemField{Pointer: "/items/1", Code: string(wanted.code), Detail: said.Detail}, said.Errors[0], item)
		assert.NotContains(t, string(got.body), "%!", "the sentences of %s", item)
	}
	assert.Equal(t, before, s.medusa.Levels(), "what is reserved after refusals alone")
	assert.Equal(t, http.StatusCreated, s.reserve(t, cartLines, key("k")).status, "refusals are not kept with their key")
}

func TestRefusedHoldsInThreeLanguages(t *testing.T) {
	s := openBook(t)
	const body = `{"items":[{"sku":"BD-1G-001","quantity":91,"locationId":"sloc_high_up"},{"variantId":"variant_nope","quantity":1}]}`
	for language, wanted := range map[string]struct{ title, first, second string }{
		"en": {"Insufficient stock", "Not enough stock: 90 available, 91 asked for.", `There is no variant with the id "variant_nope".`},
		"es": {"Stock insuficiente", "No hay stock suficiente: 90 disponibles, 91 solicitadas.", `No hay ninguna variante con el id "variant_nope".`},
		"de": {"Zu wenig Bestand", "Der Bestand reicht nicht: 90 verfügbar, 91 verlangt.", `Es gibt keine Variante mit der Id "variant_nope".`},
	} {
		got := s.reserve(t, body, header("Accept-Language", language))
		require.Equal(t, http.StatusBadRequest, got.status, "the status of the first item at fault")
		said := got.problem(t)
		assert.Equal(t, wanted.title, said.Title)
		assert.Equal(t, wanted.first, said.Detail)
		assert.Equal(t, []problemField{
			{Pointer: "/items/0", Code: "INSUFFICIENT_STOCK", Detail: wanted.first}, {Pointer: "/items/1", Code: "VARIANT_NOT_FOUND", Detail: wanted.second},
		}, said.Errors, "every item at fault")
	}
}

func TestAHoldByKeyIsMadeOnce(t *testing.T) {
	s := openBook(t)
	first := s.reserve(t, cartLines, key("k"))
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	assert.Empty(t, first.header.Get("Idempotent-Replayed"))
	again := s.reserve(t, cartLines, key("k"))
	assert.Equal(t, http.StatusCreated, again.status)
	assert.Equal(t, string(first.body), string(again.body))
	assert.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
	s.assertReserved(t, "iitem_preroll", "sloc_high_up", 8+3, "reserved once")
	other := s.reserve(t, strings.Replace(cartLines, "3", "4", 1), key("k"))
	assert.Equal(t, bff.IdempotencyKeyReused, other.problem(t).Code)
}

func TestAHoldThatMedusaDoesNotAnswer(t *testing.T) {
	s := openBook(t)
	before := s.medusa.Levels()
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: medusaReservations, Times: 1}, medusatest.Cut())
	got := s.reserve(t, cartLines, key("k"))
	require.Equal(t, http.StatusServiceUnavailable, got.status, "%s", got.body)
	assert.Equal(t, bff.NetworkError, got.problem(t).Code)
	assert.Equal(t, before, s.medusa.Levels(), "nothing stays reserved")
	same := s.reserve(t, cartLines, key("k"))
	require.Equal(t, http.StatusConflict, same.status, "so long as something of it can come: %s", same.body)
	assert.Equal(t, bff.IdempotencyInProgress, same.problem(t).Code)
	assert.Equal(t, "1", same.header.Get("Retry-After"))
}

func TestAReservationIsChanged(t *testing.T) {
	s := openBook(t)
	holdID, ids := s.held(t)
	path := reservations + "/" + ids[1]
	got := s.change(t, http.MethodPatch, path, `{"quantity":2.5,"description":"Mostrador 2"}`)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	assert.Equal(t, `2.5 "Mostrador 2"`, gjson.GetBytes(got.body, "reservation.quantity").Raw+" "+gjson.GetBytes(got.body, "reservation.description").Raw)
	assert.JSONEq(t, string(got.body), string(s.get(t, path).body), "as it is read")
	s.assertReserved(t, "iitem_preroll", "sloc_high_up", 8+2.5, "changed")

	moved := s.change(t, http.MethodPatch, path, `{"locationId":"sloc_deposito"}`)
	require.Equal(t, http.StatusOK, moved.status, "%s", moved.body)
	assert.NotEqual(t, ids[1], gjson.GetBytes(moved.body, "reservation.id").String(), "one that moves is a new one")
	assert.Equal(t, "Mostrador 2", gjson.GetBytes(moved.body, "reservation.description").String())
	assert.Equal(t, bff.ReservationNotFound, s.get(t, path).problem(t).Code, "the old one")
	s.assertReserved(t, "iitem_preroll", "sloc_high_up", 8, "moved away")
	s.assertReserved(t, "iitem_preroll", "sloc_deposito", 2.5, "moved here")

	began := time.Now()
	held := s.change(t, http.MethodPatch, reservations+"/"+holdID, `{"expiresInSeconds":3600,"description":"Ana"}`)
	require.Equal(t, http.StatusOK, held.status, "%s", held.body)
	assert.JSONEq(t, `["Ana","Ana"]`, gjson.GetBytes(held.body, "reservations.#.description").Raw, "a hold shows all that is left of it")
	expires, err := time.Parse(time.RFC3339, gjson.GetBytes(held.body, "expiresAt").String())
	require.NoError(t, err)
	assert.WithinDuration(t, began.Add(time.Hour), expires, 10*time.Second)
}

func TestChangesOfReservationsThatBreakARule(t *testing.T) {
	s := openBook(t)
	holdID, _ := s.held(t)
	s.medusa.ResetCalls()
	for body, wanted := range map[string][]string{
		`null`:                        {" NOT_AN_OBJECT"},
		`{}`:                          {" NOT_AT_LEAST_ONE"},
		`{"quantity":null}`:           {" NOT_AT_LEAST_ONE"},
		`{"quantity":0}`:              {"/quantity NOT_AN_AMOUNT"},
		`{"expiresInSeconds":-5}`:     {"/expiresInSeconds NOT_SECONDS"},
		`{"description":""}`:          {"/description EMPTY"},
		`{"locationId":5}`:            {"/locationId NOT_TEXT"},
		`{"quantity":1,"cartId":"c"}`: {"/cartId UNKNOWN_FIELD"},
	} {
		assert.ElementsMatch(t, wanted, faultsOf(t, s.change(t, http.MethodPatch, reservations+"/"+holdID, body)), "%s", body)
	}
	assert.Empty(t, s.medusa.Calls(), "Medusa was asked for requests that break a rule")
	both := s.change(t, http.MethodPatch, reservations+"/"+holdID, `{"quantity":1,"locationId":"sloc_deposito"}`)
	assert.Equal(t, []string{"/quantity NOT_OF_A_HOLD", "/locationId NOT_OF_A_HOLD"}, faultsOf(t, both))
	for query, wanted := range map[string]string{"?limit=101": "/limit OUT_OF_RANGE", "?cart=a": "/cart UNKNOWN_PARAMETER", "?cartId=a&cartId=b": "/cartId REPEATED"} {
		assert.Equal(t, []string{wanted}, faultsOf(t, s.get(t, reservations+query)), query)
	}
	assert.Equal(t, []string{"/expand UNKNOWN_PARAMETER"}, faultsOf(t, s.get(t, reservations+"/"+holdID+"?expand=all")))
}

// What is done with a hold needs nothing more to be said: a client need not send a
// body, nor say of what type it is.
func TestAHoldIsEndedWithoutABody(t *testing.T) {
	for how, done := range ends {
		t.Run(how, func(t *testing.T) {
			s := openBook(t)
			holdID, ids := s.held(t)
			one := s.end(t, how, ids[0])
			require.Equal(t, http.StatusOK, one.status, "%s", one.body)
			assert.Equal(t, ids[0], gjson.GetBytes(one.body, "id").String())
			assert.True(t, gjson.GetBytes(one.body, done).Bool(), "%s", one.body)
			rest := s.end(t, how, holdID, key("k"), header("Content-Type", "application/json"))
			require.Equal(t, http.StatusOK, rest.status, "what is left of the hold: %s", rest.body)
			assert.Equal(t, holdID, gjson.GetBytes(rest.body, "id").String())
			again := s.end(t, how, holdID, key("k"))
			assert.Equal(t, string(rest.body), string(again.body))
			assert.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
			assert.Equal(t, bff.ReservationNotFound, s.end(t, how, holdID).problem(t).Code, "once it has ended")
			s.assertReserved(t, "iitem_bd_7g", "sloc_deposito", 0, how)
			s.assertReserved(t, "iitem_preroll", "sloc_high_up", 8, how)
			sold := 0.0
			if done == "confirmed" {
				sold = 3
			}
			s.assertStock(t, "iitem_preroll", "sloc_high_up", 50-sold, how)
		})
	}
}

func TestWhatIsSaidOfAnEndIsHeldToItsRules(t *testing.T) {
	s := openBook(t)
	holdID, _ := s.held(t)
	s.medusa.ResetCalls()
	for how := range ends {
		method, suffix, _ := strings.Cut(how, " ")
		path := reservations + "/" + holdID + suffix
		for _, body := range []string{"{", "sale", `{"reason":"sale"}{}`} {
			assert.Equal(t, invalidJSON, s.change(t, method, path, body).problem(t).Code, "%s with %s", how, body)
		}
		assert.Equal(t, unsupportedMedia, s.change(t, method, path, `{}`, header("Content-Type", "text/plain")).problem(t).Code, how)
		assert.Equal(t, []string{" NOT_AN_OBJECT"}, faultsOf(t, s.change(t, method, path, `[]`)), how)
		assert.Equal(t, []string{"/quantity UNKNOWN_FIELD"}, faultsOf(t, s.change(t, method, path, `{"quantity":1}`)), how)
		assert.Equal(t, []string{"/force UNKNOWN_PARAMETER"}, faultsOf(t, s.bare(t, method, path+"?force=true")), how)
		assert.Equal(t, bff.Unauthorized, s.ask(t, method, path, nil).problem(t).Code, how)
	}
	confirm := reservations + "/" + holdID + "/confirm"
	assert.Equal(t, []string{"/reason EMPTY", "/reference NOT_TEXT"}, faultsOf(t, s.change(t, http.MethodPost, confirm, `{"reason":"","reference":7}`)))
	assert.Empty(t, s.medusa.Calls(), "Medusa was asked for requests that break a rule")
}

func TestASaleOfAHold(t *testing.T) {
	s := openBook(t)
	holdID, ids := s.held(t)
	got := s.change(t, http.MethodPost, reservations+"/"+holdID+"/confirm", `{"reason":"mostrador","reference":"ticket 7","sourceHarvestId":"harvest_9"}`)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	s.settled(t)
	sale := gjson.ParseBytes(got.body)
	assert.Equal(t, holdID, sale.Get("holdId").String())
	for i, wanted := range []struct {
		item     string
		by       float64
		location string
	}{{"iitem_bd_7g", -2, "sloc_deposito"}, {"iitem_preroll", -3, "sloc_high_up"}} {
		taken := sale.Get(fmt.Sprintf("adjustments.%d", i))
		assert.Equal(t, ids[i], taken.Get("reservationId").String())
		assert.InDelta(t, wanted.by, taken.Get("adjustment").Float(), 0, wanted.item)
		entries := gjson.GetBytes(s.get(t, audit+"?reason=mostrador&inventoryItemId="+wanted.item).body, "entries")
		require.Len(t, entries.Array(), 1, "entries of %s", wanted.item)
		for _, field := range []string{"id", "inventoryItemId", "locationId", "previousQuantity", "newQuantity", "adjustment", "reason", "reference", "sourceHarvestId", "actor"} {
			assert.JSONEq(t, taken.Get(field).Raw, entries.Get("0."+field).Raw, "%s of %s in the audit", field, wanted.item)
		}
	}
}

func TestWhatIsNotThereIsNotSold(t *testing.T) {
	s := openBook(t)
	holdID, _ := s.held(t)
	s.medusa.SetLevel("iitem_preroll", "sloc_high_up", medusatest.Quantities{Stocked: 2, Reserved: 8 + 3}) // somebody has taken stock
	got := s.end(t, "POST /confirm", holdID)
	require.Equal(t, http.StatusBadRequest, got.status, "%s", got.body)
	assert.Equal(t, bff.InsufficientStock, got.problem(t).Code)
	s.assertStock(t, "iitem_bd_7g", "sloc_deposito", 200, "all of a hold is sold or nothing")
	assert.Len(t, gjson.GetBytes(s.get(t, reservations+"/"+holdID).body, "reservations").Array(), 2, "it stays held")
}

func TestReservationsThatAreNotThere(t *testing.T) {
	s := openBook(t)
	for language, wanted := range map[string]struct{ title, detail string }{
		"en": {"Reservation not found", `There is no reservation or hold with the id "hold_nope", or no longer.`},
		"es": {"Reserva no encontrada", `No hay ninguna reserva ni retención con el id "hold_nope", o ya no.`},
		"de": {"Reservierung nicht gefunden", `Es gibt keine Reservierung mit der Id "hold_nope", oder nicht mehr.`},
	} {
		said := s.get(t, reservations+"/hold_nope", header("Accept-Language", language)).problem(t)
		assert.Equal(t, wanted.title, said.Title)
		assert.Equal(t, wanted.detail, said.Detail)
	}
	for _, id := range []string{"hold_nope", "resitem_nope", "a%2Cb", "%00"} {
		assert.Equal(t, bff.ReservationNotFound, s.get(t, reservations+"/"+id).problem(t).Code, id)
		assert.Equal(t, bff.ReservationNotFound, s.change(t, http.MethodPatch, reservations+"/"+id, `{"quantity":1}`).problem(t).Code, id)
		for how := range ends {
			assert.Equal(t, bff.ReservationNotFound, s.end(t, how, id).problem(t).Code, "%s %s", how, id)
		}
	}
}

func TestReservationsThatWereNotMadeHere(t *testing.T) {
	s := openBook(t)
	path := reservations + "/" + orderReservation
	for language, wanted := range map[string]struct{ title, detail string }{
		"en": {"Reservation made elsewhere", "was not made here"}, "es": {"Reserva hecha en otro lugar", "no se hizo aquí"}, "de": {"Reservierung anderswo gemacht", "wurde nicht hier gemacht"},
	} {
		got := s.end(t, "POST /confirm", orderReservation, header("Accept-Language", language))
		require.Equal(t, http.StatusConflict, got.status, "%s", got.body)
		said := got.problem(t)
		assert.Equal(t, bff.ReservationNotOurs, said.Code)
		assert.Equal(t, wanted.title, said.Title)
		assert.Contains(t, said.Detail, wanted.detail)
	}
	for _, body := range []string{`{"locationId":"sloc_deposito"}`, `{"expiresInSeconds":60}`, `{"quantity":1,"expiresInSeconds":60}`} {
		assert.Equal(t, bff.ReservationNotOurs, s.change(t, http.MethodPatch, path, body).problem(t).Code, body)
	}
	s.assertStock(t, "iitem_bd_7g", "sloc_high_up", 50, "nothing was sold")

	changed := s.change(t, http.MethodPatch, path, `{"quantity":4,"description":"pedido 1001 bis"}`)
	require.Equal(t, http.StatusOK, changed.status, "%s", changed.body)
	assert.JSONEq(t, string(changed.body), string(s.get(t, path).body))
	s.assertReserved(t, "iitem_bd_7g", "sloc_high_up", 4, "changed")
	require.Equal(t, http.StatusOK, s.end(t, "DELETE ", orderReservation).status)
	s.assertReserved(t, "iitem_bd_7g", "sloc_high_up", 0, "released")
}

func TestMedusaDecidesWhatIsDoneWithReservations(t *testing.T) {
	const refusal = `{"type":"forbidden","message":"Insufficient permissions. Required policies: inventory_level:update"}`
	s := openBook(t, func(b *setup) { b.authTTL = 0 })
	holdID, _ := s.held(t)
	before := s.medusa.Levels()
	lift := s.medusa.Fail(medusatest.Match{Path: medusaBatch}, medusatest.Answer(http.StatusForbidden, refusal))
	assert.Equal(t, bff.Forbidden, s.end(t, "POST /confirm", holdID).problem(t).Code, "a sale changes levels")
	lift()
	s.medusa.Fail(medusatest.Match{Path: medusaReservation, Method: http.MethodDelete}, medusatest.Answer(http.StatusForbidden, refusal))
	for _, how := range []string{"DELETE ", "POST /release"} {
		assert.Equal(t, bff.Forbidden, s.end(t, how, holdID).problem(t).Code, how)
	}
	assert.Equal(t, bff.Forbidden, s.change(t, http.MethodPatch, reservations+"/"+holdID, `{"expiresInSeconds":60}`).problem(t).Code)
	s.medusa.Fail(medusatest.Match{Path: medusaReservations, Method: http.MethodPost}, medusatest.Answer(http.StatusForbidden, refusal))
	assert.Equal(t, bff.Forbidden, s.reserve(t, cartLines).problem(t).Code)
	assert.Equal(t, before, s.medusa.Levels(), "nothing was reserved, released or sold")
}

func TestTheAnswerToWhatIsDoneWithAReservationIsLost(t *testing.T) {
	s := openBook(t)
	_, ids := s.held(t)
	s.medusa.Fail(medusatest.Match{Path: medusaReservation, Method: http.MethodPost, Times: 1}, medusatest.CutAfter())
	changed := s.change(t, http.MethodPatch, reservations+"/"+ids[0], `{"quantity":1}`)
	require.Equal(t, http.StatusBadGateway, changed.status, "%s", changed.body)
	assert.Equal(t, bff.OutcomeUnknown, changed.problem(t).Code)
	assert.NotEmpty(t, changed.header.Get("Retry-After"))
	assert.Equal(t, bff.IdempotencyInProgress, s.end(t, "POST /confirm", ids[0]).problem(t).Code, "a quantity that may change is not sold")

	s.medusa.Fail(medusatest.Match{Path: medusaReservation, Method: http.MethodDelete, After: 1, Times: 1}, medusatest.Cut())
	assert.Equal(t, bff.OutcomeUnknown, s.end(t, "POST /release", ids[0]).problem(t).Code)

	s.medusa.Fail(medusatest.Match{Path: medusaBatch, Times: 1}, medusatest.CutAfter())
	sale := s.end(t, "POST /confirm", ids[1], key("k"))
	require.Equal(t, http.StatusBadGateway, sale.status, "%s", sale.body)
	said := sale.problem(t)
	assert.Equal(t, bff.OutcomeUnknown, said.Code)
	entries := decodeObject(t, s.get(t, audit+"?batchId="+said.BatchID).body)["entries"]
	assert.Equal(t, []string{"pending"}, column(t, entries, "state"), "the audit has it under the batchId")
	assert.Equal(t, bff.IdempotencyInProgress, s.end(t, "POST /confirm", ids[1]).problem(t).Code, "until it is settled")
}

func TestReservationsAreServedForTheirMethods(t *testing.T) {
	s := openBook(t)
	for path, allow := range map[string]string{
		reservations: "OPTIONS, GET, HEAD, POST", reservations + "/a": "OPTIONS, DELETE, GET, HEAD, PATCH",
		reservations + "/a/confirm": "OPTIONS, POST", reservations + "/a/release": "OPTIONS, POST",
	} {
		got := s.ask(t, http.MethodPut, path, nil, authorization("Bearer "+s.token))
		assert.Equal(t, http.StatusMethodNotAllowed, got.status, path)
		assert.ElementsMatch(t, strings.Split(allow, ", "), strings.Split(got.header.Get("Allow"), ", "), path)
	}
	assert.Equal(t, http.StatusNotFound, s.ask(t, http.MethodPost, reservations+"/a/b/confirm", nil, authorization("Bearer "+s.token)).status)
	assert.Empty(t, s.medusa.Calls())
}

func TestHoldsAreCounted(t *testing.T) {
	s := openBook(t)
	released, _ := s.held(t)
	sold, _ := s.held(t)
	s.held(t)
	assert.InDelta(t, 3, s.gauge(t, "gateway_holds"), 0)
	require.Equal(t, http.StatusOK, s.end(t, "POST /release", released).status)
	require.Equal(t, http.StatusOK, s.end(t, "POST /confirm", sold).status)
	assert.InDelta(t, 1, s.gauge(t, "gateway_holds"), 0)
	assert.Equal(t, map[string]float64{"released": 2, "confirmed": 2}, s.counted(t, "gateway_reservations_ended_total"))
}
