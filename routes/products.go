package routes

import (
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/mapping"
)

func (s *server) serveProducts(api *echo.Group) {
	get(api, "/products/with-inventory", list(mapping.ParseProductsQuery, s.gateway.ProductsWithInventory))
	get(api, "/products/:id/with-inventory", one(mapping.ParseProductQuery, s.gateway.ProductWithInventory))
	get(api, "/products/:id/stock", one(mapping.ParseNoQuery, s.gateway.ProductStock))
}
