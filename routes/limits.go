package routes

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
)

// maxURI is the length of path and query that leaves room below the 16 KiB that
// Medusa's server allows for a request's line and headers.
const maxURI = 8 << 10

// limitRequest bounds a request's address and body. Its time is bounded below,
// by the use case. What is passed through has Medusa's own bounds.
func limitRequest(maxBody int64) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			request := c.Request()
			switch {
			case isPassedRoute(c.Path()):
				return next(c)
			case len(request.RequestURI) > maxURI:
				return newError(bff.URITooLong, maxURI)
			case request.ContentLength > maxBody:
				return newError(bff.BodyTooLarge, maxBody)
			case takesNoBody(request.Method) && request.ContentLength != 0:
				return invalid([]mapping.Fault{{Code: "BODY_NOT_ALLOWED"}})
			}
			request.Body = http.MaxBytesReader(c.Response(), request.Body, maxBody)
			return next(c)
		}
	}
}

func takesNoBody(method string) bool {
	return method == http.MethodGet || method == http.MethodHead
}
