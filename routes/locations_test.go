package routes

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff"
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
