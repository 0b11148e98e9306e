package routes

import (
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/mapping"
)

func (s *server) serveProducts(api *echo.Group) {
	api.GET("/products/with-inventory", list(mapping.ParseProductsQuery, s.gateway.ProductsWithInventory))
	api.GET("/products/:id/with-inventory", one(mapping.ParseProductQuery, s.gateway.ProductWithInventory))
	api.GET("/products/:id/stock", one(mapping.ParseNoQuery, s.gateway.ProductStock))
}
