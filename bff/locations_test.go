package bff

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const locationBody = `{"name":" Sur ","address":{"address_1":"Calle 2","city":"Rosario","country_code":"AR"},"metadata":{"club":"sur"}}`

func (s *shop) createLocation(ctx context.Context, w Write, body string) (*WriteAnswer, error) {
	return send(ctx, w, body, mapping.ParseNewLocation, s.CreateLocation)
}

func (s *shop) changeLocation(ctx context.Context, w Write, id, body string) (*WriteAnswer, error) {
	return send(ctx, w, body, mapping.ParseLocationChange, func(ctx context.Context, w Write, change mapping.LocationChange) (*WriteAnswer, error) {
		return s.ChangeLocation(ctx, w, id, change)
	})
}

// location is a location that was just made.
func (s *shop) location(t testing.TB, body string) (id string) {
	t.Helper()
	made, err := s.createLocation(t.Context(), s.by(""), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, made.Status)
	return gjson.GetBytes(made.JSON, "location.id").String()
}

// shown is a field of a location as clients read it.
func (s *shop) shown(t testing.TB, id, field string) string {
	t.Helper()
	answer, err := s.Location(t.Context(), s.caller, id, mapping.NoQuery{})
	require.NoError(t, err)
	return gjson.GetBytes(answer.JSON, "location."+field).String()
}

func TestALocationIsMadeAndChanged(t *testing.T) {
	s := stocked(t)
	id := s.location(t, locationBody)
	require.Len(t, s.medusa.Calls(), 1)
	require.Equal(t, "Sur", s.shown(t, id, "name"))
	require.JSONEq(t, `{"club":"sur"}`, s.shown(t, id, "metadata"), "the marker is the gateway's own")

	changed, err := s.changeLocation(t.Context(), s.by(""), id, `{"name":"Sur 2","address":{"city":"Funes"},"metadata":{"club":null,"type":"depot"}}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, changed.Status)
	require.Equal(t, "Sur 2", s.shown(t, id, "name"), "what was held before")
	require.JSONEq(t, `{"type":"depot"}`, s.shown(t, id, "metadata"))
	require.Equal(t, "Funes", s.shown(t, id, "address.city"))
	require.Equal(t, "Calle 2", s.shown(t, id, "address.address_1"))
	require.Equal(t, "AR", s.shown(t, id, "address.country_code"))
}

func TestWhatCannotBeChangedOfALocationIsRefused(t *testing.T) {
	s := stocked(t)
	_, err := s.changeLocation(t.Context(), s.by(""), "sloc_none", `{"name":"x"}`)
	requireCode(t, StockLocationNotFound, err)
	_, err = s.changeLocation(t.Context(), s.by(""), "sloc_none", `{"address":{"city":"x"}}`)
	requireCode(t, StockLocationNotFound, err)
	id := s.location(t, `{"name":"Sin dirección"}`)
	_, err = s.changeLocation(t.Context(), s.by(""), id, `{"address":{"address_1":"x","country_code":"ar"}}`)
	require.Equal(t, "ADDRESS_CANNOT_BE_ADDED", requireCode(t, ValidationFailed, err).Fields[0].Code)
}

func TestALocationWithAKeyIsMadeOnce(t *testing.T) {
	s := stocked(t)
	before := s.medusa.Rows()["stock_location"]
	for i := range 2 {
		made, err := s.createLocation(t.Context(), s.by("the key"), locationBody)
		require.NoError(t, err)
		require.Equal(t, i > 0, made.Replayed)
	}
	require.Equal(t, before+1, s.medusa.Rows()["stock_location"])

	id := s.location(t, locationBody)
	for i := range 2 {
		changed, err := s.changeLocation(t.Context(), s.by("another key"), id, `{"name":"Otro"}`)
		require.NoError(t, err)
		require.Equal(t, i > 0, changed.Replayed)
	}
}

// A location whose answer was lost is removed: two may have the same name, and a
// second try would make a second one.
func TestALocationWhoseAnswerIsLostIsRemoved(t *testing.T) {
	s, clock := stocked(t), &clock{}
	s.now = clock.now
	before := s.medusa.Rows()
	for _, failure := range []medusatest.Failure{medusatest.Cut(), medusatest.CutAfter()} {
		s.medusa.Fail(setupStep("location"), failure)
		_, err := s.createLocation(t.Context(), s.by(""), locationBody)
		require.Error(t, err)
		clock.forward.Add(int64(time.Minute))
		s.undoAll(t)
		require.Equal(t, before, s.medusa.Rows())
	}
}
