package routes

import (
	"net/http"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// cors lets pages of the given origins call the gateway from a browser.
func cors(origins []string) echo.MiddlewareFunc {
	if len(origins) == 0 {
		return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
	}
	return middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins: origins,
		AllowMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete},
		AllowHeaders: []string{"Authorization", "Content-Type", "Accept-Language", "If-None-Match", "Idempotency-Key", "X-Request-Id"},
		ExposeHeaders: []string{
			"ETag", "X-Request-Id", "X-Medusa-Calls", "Server-Timing", "Retry-After", "RateLimit", "RateLimit-Policy",
			"Idempotent-Replayed",
		},
		MaxAge: 600,
	})
}
