package routes

import (
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/mapping"
)

func (s *server) serveInventory(api *echo.Group) {
	get(api, "/inventory", list(mapping.ParseInventoryQuery, s.gateway.Inventory))
	get(api, "/inventory/alerts", list(mapping.ParseAlertsQuery, s.gateway.Alerts))
	get(api, "/inventory/audit", list(mapping.ParseAuditQuery, s.gateway.Audit))
	get(api, "/inventory/:id", one(mapping.ParseNoQuery, s.gateway.InventoryItem))

	api.PATCH("/inventory/levels", change(mapping.ParseLevelUpdate, s.gateway.UpdateLevel))
	api.DELETE("/inventory/levels", change(mapping.ParseLevelRemoval, s.gateway.RemoveLevel))
	api.POST("/inventory/adjustments", change(mapping.ParseAdjustment, s.gateway.Adjust))
	api.POST("/inventory/batch-update", change(mapping.ParseBatchUpdate, s.gateway.BatchUpdate))
}
