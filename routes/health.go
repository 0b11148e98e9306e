package routes

import (
	"context"
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
// user, the database answers, and the program is not about to stop.
func (s *server) ready(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	if s.draining() {
		return c.JSON(http.StatusServiceUnavailable, health{Status: "stopping"})
	}
	state := health{Status: "ok", Checks: map[string]string{}}
	status := http.StatusOK
	for name, check := range map[string]func(context.Context) error{"medusa": s.gateway.Ready, "database": s.gateway.Remembers} {
		state.Checks[name] = "ok"
		if err := check(c.Request().Context()); err != nil {
			recordOf(c).err = known(c, err)
			state.Status, state.Checks[name] = "unavailable", "unavailable"
			status = http.StatusServiceUnavailable
		}
	}
	return c.JSON(status, state)
}
