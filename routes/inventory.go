package routes

import (
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/mapping"
)

func (s *server) serveInventory(api *echo.Group) {
	get(api, "/inventory", list(mapping.ParseInventoryQuery, s.gateway.Inventory))
	get(api, "/inventory/alerts", list(mapping.ParseAlertsQuery, s.gateway.Alerts))
	get(api, "/inventory/:id", one(mapping.ParseNoQuery, s.gateway.InventoryItem))
}
