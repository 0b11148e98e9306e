package routes

import (
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/mapping"
)

func (s *server) serveInventory(api *echo.Group) {
	api.GET("/inventory", list(mapping.ParseInventoryQuery, s.gateway.Inventory))
	api.GET("/inventory/alerts", list(mapping.ParseAlertsQuery, s.gateway.Alerts))
	api.GET("/inventory/:id", one(mapping.ParseNoQuery, s.gateway.InventoryItem))
}
