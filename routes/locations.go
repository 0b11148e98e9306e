package routes

import (
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/mapping"
)

func (s *server) serveLocations(api *echo.Group) {
	get(api, "/locations", list(mapping.ParseLocationsQuery, s.gateway.Locations))
	get(api, "/locations/:id", one(mapping.ParseNoQuery, s.gateway.Location))
	api.POST("/locations", change(mapping.ParseNewLocation, s.gateway.CreateLocation))
	api.PATCH("/locations/:id", changeOne(mapping.ParseLocationChange, s.gateway.ChangeLocation))
	api.DELETE("/locations/:id", remove(mapping.ParseLocationRemoval, s.gateway.DeleteLocation))
	api.POST("/stock-locations/setup", change(mapping.ParseSetup, s.gateway.SetUpLocation))
}
