package routes

import (
	"context"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
)

// list is the handler of a GET that is narrowed by its query.
func list[Query any](
	parse func(rawQuery string) (Query, []mapping.Fault),
	answer func(ctx context.Context, caller bff.Caller, query Query) (*bff.Answer, error),
) echo.HandlerFunc {
	return one(parse, func(ctx context.Context, caller bff.Caller, _ string, query Query) (*bff.Answer, error) {
		return answer(ctx, caller, query)
	})
}

// one is the handler of a GET of the thing that :id names.
func one[Query any](
	parse func(rawQuery string) (Query, []mapping.Fault),
	answer func(ctx context.Context, caller bff.Caller, id string, query Query) (*bff.Answer, error),
) echo.HandlerFunc {
	return func(c echo.Context) error {
		caller, err := callerOf(c)
		if err != nil {
			return err
		}
		id, err := idOf(c)
		if err != nil {
			return err
		}
		query, faults := parse(c.Request().URL.RawQuery)
		if err := invalid(faults); err != nil {
			return err
		}
		found, err := answer(c.Request().Context(), caller, id, query)
		if err != nil {
			return err
		}
		return send(c, found)
	}
}

// idOf reads the id in the path. The router gives it all that is left of the
// path, and leaves it escaped where the caller escaped more, or otherwise, than
// Go would.
func idOf(c echo.Context) (string, error) {
	id := c.Param("id")
	if strings.Contains(id, "/") {
		return "", newError(routeNotFound, c.Request().URL.Path)
	}
	if c.Request().URL.RawPath == "" {
		return id, nil
	}
	return url.PathUnescape(id)
}
