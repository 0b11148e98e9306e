package routes

import (
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/mapping"
)

func (s *server) serveReservations(api *echo.Group) {
	get(api, "/reservations", list(mapping.ParseReservationsQuery, s.gateway.Reservations))
	get(api, "/reservations/:id", one(mapping.ParseNoQuery, s.gateway.Reservation))
	api.POST("/reservations", change(mapping.ParseHold, s.gateway.Reserve))
	api.PATCH("/reservations/:id", changeOne(mapping.ParseReservationChange, s.gateway.ChangeReservation))
	api.DELETE("/reservations/:id", act(mapping.ParseNoBody, s.gateway.DeleteReservation))
	api.POST("/reservations/:id/confirm", act(mapping.ParseConfirmation, s.gateway.ConfirmReservation))
	api.POST("/reservations/:id/release", act(mapping.ParseNoBody, s.gateway.ReleaseReservation))
}
