package routes

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// exposed are the headers that a page may read of an answer.
var exposed = []string{
	"ETag", "X-Request-Id", "X-Medusa-Calls", "Server-Timing", "Retry-After", "RateLimit", "RateLimit-Policy",
	"Idempotent-Replayed", "Age",
}

// cors lets pages of the given origins call the gateway from a browser.
func cors(origins []string) echo.MiddlewareFunc {
	if len(origins) == 0 {
		return func(next echo.HandlerFunc) echo.HandlerFunc { return next }
	}
	own := middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins: origins,
		AllowMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodDelete},
		AllowHeaders: []string{
			"Authorization", "Content-Type", "Accept-Language", "If-None-Match", "Idempotency-Key", "Last-Event-ID", "X-Request-Id", "X-Publishable-Api-Key",
		},
		ExposeHeaders: exposed,
		MaxAge:        600,
	})
	// Medusa's clients send headers of their own, and its sessions are cookies,
	// which no page may use that is not known by name.
	medusas := middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins:     origins,
		AllowMethods:     []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowCredentials: !slices.ContainsFunc(origins, isAnyPage),
		ExposeHeaders:    exposed,
		MaxAge:           600,
	})
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		gateway, medusa := own(next), medusas(next)
		return func(c echo.Context) error {
			if isPassed(c.Request().URL.Path) {
				return medusa(c)
			}
			return gateway(c)
		}
	}
}

// isAnyPage says whether a configured origin stands for more than one site, or the
// sites below a name.
func isAnyPage(origin string) bool {
	scheme, host, _ := strings.Cut(origin, "://")
	below := strings.TrimPrefix(host, "*.")
	return below == "" || strings.ContainsAny(scheme+below, "*?")
}
