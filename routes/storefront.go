package routes

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
)

const (
	availabilityPath   = "/api/inventory/availability"
	cartValidationPath = "/api/cart/validate"
)

// serveStorefront serves what shoppers ask of the gateway itself.
func (s *server) serveStorefront(e *echo.Echo, limit ...echo.MiddlewareFunc) {
	e.POST(availabilityPath, question(visitorOf, mapping.ParseAvailability, s.gateway.Availability), limit...)
	e.POST(cartValidationPath, question(visitorOf, mapping.ParseCart, s.gateway.ValidateCart), limit...)
	e.POST("/store/inventory-items/availability", question(shopperOf, mapping.ParseStoreAvailability, s.gateway.StoreAvailability), limit...)
}

// question is the handler of what is asked in a body and changes nothing.
func question[Query any](
	who func(c echo.Context) (bff.Visitor, error),
	parse func(body []byte) (Query, []mapping.Fault),
	answer func(ctx context.Context, v bff.Visitor, query Query) (*bff.Answer, error),
) echo.HandlerFunc {
	return func(c echo.Context) error {
		visitor, err := who(c)
		if err != nil {
			return err
		}
		body, err := bodyOf(c)
		if err != nil {
			return err
		}
		_, faults := mapping.ParseNoQuery(c.Request().URL.RawQuery)
		query, bodyFaults := parse(body)
		if err := invalid(append(faults, bodyFaults...)); err != nil {
			return err
		}
		said, err := answer(c.Request().Context(), visitor, query)
		if err != nil {
			return err
		}
		header := c.Response().Header()
		header.Add("Vary", vary+", "+bff.PublishableKey)
		header.Set("Cache-Control", "no-store")
		if said.Age != nil {
			header.Set("Age", strconv.FormatInt(*said.Age, 10))
		}
		return sendBody(c, http.StatusOK, said)
	}
}

// visitorOf reads who asks: a shopper by his program's key, an admin by his
// credential.
func visitorOf(c echo.Context) (bff.Visitor, error) {
	visitor, _ := shopperOf(c)
	if c.Request().Header.Get(echo.HeaderAuthorization) == "" {
		return visitor, nil
	}
	caller, err := callerOf(c)
	visitor.Caller = caller
	return visitor, err
}

// shopperOf reads who asks where only shoppers do. Who signs in there is a customer,
// of whom nothing is asked.
func shopperOf(c echo.Context) (bff.Visitor, error) {
	return bff.Visitor{
		Caller: bff.Caller{Language: languageOf(c)}, PublishableKey: c.Request().Header.Get(bff.PublishableKey),
	}, nil
}
