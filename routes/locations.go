package routes

import (
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/mapping"
)

func (s *server) serveLocations(api *echo.Group) {
	api.GET("/locations", list(mapping.ParseLocationsQuery, s.gateway.Locations))
	api.GET("/locations/:id", one(mapping.ParseNoQuery, s.gateway.Location))
}
