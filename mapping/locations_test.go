package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewLocation(t *testing.T) {
	location, faults := ParseNewLocation([]byte(`{"name":" Sur ","address":{"address_1":"Calle 2","city":"Rosario","country_code":"AR"},"metadata":{"club":"sur"}}`))
	require.Empty(t, faults)
	require.Equal(t, "Sur", *location.Name, "Medusa would take the blanks off")
	require.Equal(t, "ar", *location.Address.CountryCode)
	require.Equal(t, "Rosario", *location.Address.City)
	require.Nil(t, location.Address.Phone)
	require.JSONEq(t, `{"club":"sur"}`, string(location.Metadata))

	for body, want := range map[string]string{
		`{}`:            "/name MISSING",
		`{"name":"  "}`: "/name EMPTY",
		`{"name":5}`:    "/name NOT_TEXT",
		`{"name":"` + strings.Repeat("x", 300) + `"}`:                            "/name TOO_LONG",
		`{"name":"x","address":"y"}`:                                             "/address NOT_AN_OBJECT",
		`{"name":"x","address":{"country_code":"AR"}}`:                           "/address/address_1 MISSING",
		`{"name":"x","address":{"address_1":"y","country_code":"ZZZ"}}`:          "/address/country_code NOT_A_COUNTRY",
		`{"name":"x","address":{"address_1":"y","country_code":"AR","zip":"1"}}`: "/address/zip UNKNOWN_FIELD",
		`{"name":"x","metadata":[]}`:                                             "/metadata NOT_AN_OBJECT",
		`{"name":"x","nombre":"y"}`:                                              "/nombre UNKNOWN_FIELD",
	} {
		_, faults := ParseNewLocation([]byte(body))
		require.Len(t, faults, 1, body)
		assert.Equal(t, want, faults[0].Pointer+" "+faults[0].Code, body)
	}
}

func TestLocationChange(t *testing.T) {
	change, faults := ParseLocationChange([]byte(`{"address":{"city":"Funes"},"metadata":{"club":null,"n":12345678901234567890.5,"in":{"deep":null}}}`))
	require.Empty(t, faults)
	require.Nil(t, change.Name)
	require.Nil(t, change.Address.CountryCode)
	require.Equal(t, "Funes", *change.Address.City)
	require.JSONEq(t, `{"club":"","n":12345678901234567890.5,"in":{"deep":null}}`, string(change.Metadata), "null deletes a key, which Medusa wants an empty text for")
	require.Contains(t, string(change.Metadata), "12345678901234567890.5", "digits")

	for body, want := range map[string]string{
		`{}`:                                " NOT_AT_LEAST_ONE",
		`{"name":null}`:                     " NOT_AT_LEAST_ONE",
		`{"name":" "}`:                      "/name EMPTY",
		`{"address":{"country_code":"ZZ"}}`: "/address/country_code NOT_A_COUNTRY",
		`{"metadata":{"_gateway_setup":"batch_1"}}`: "/metadata/_gateway_setup RESERVED",
	} {
		_, faults := ParseLocationChange([]byte(body))
		require.Len(t, faults, 1, body)
		assert.Equal(t, want, faults[0].Pointer+" "+faults[0].Code, body)
	}
}
