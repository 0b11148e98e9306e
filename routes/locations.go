package routes

import (
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/mapping"
)

func (s *server) serveLocations(api *echo.Group) {
	get(api, "/locations", list(mapping.ParseLocationsQuery, s.gateway.Locations))
	get(api, "/locations/:id", one(mapping.ParseNoQuery, s.gateway.Location))
	api.POST("/stock-locations/setup", change(mapping.ParseSetup, s.gateway.SetUpLocation))
}
