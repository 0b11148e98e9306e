package routes

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// health is the state of the gateway and of what it needs.
type health struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks,omitempty"`
}

// health says that the process lives.
func (s *server) health(c echo.Context) error {
	return c.JSON(http.StatusOK, health{Status: "ok"})
}

// ready says whether requests can be answered: Medusa takes the gateway's own
// user, and the program is not about to stop.
func (s *server) ready(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	if s.draining() {
		return c.JSON(http.StatusServiceUnavailable, health{Status: "stopping"})
	}
	if err := s.gateway.Ready(c.Request().Context()); err != nil {
		recordOf(c).err = known(c, err)
		return c.JSON(http.StatusServiceUnavailable, health{Status: "unavailable", Checks: map[string]string{"medusa": "does not answer"}})
	}
	return c.JSON(http.StatusOK, health{Status: "ok", Checks: map[string]string{"medusa": "ok"}})
}
