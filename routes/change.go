package routes

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
)

// maxKeyLength bounds an Idempotency-Key.
const maxKeyLength = 255

// change is the handler of a write.
func change[Body any](
	parse func(body []byte) (Body, []mapping.Fault),
	make func(ctx context.Context, w bff.Write, body Body) (*bff.WriteAnswer, error),
) echo.HandlerFunc {
	return changeOne(parse, func(ctx context.Context, w bff.Write, _ string, body Body) (*bff.WriteAnswer, error) {
		return make(ctx, w, body)
	})
}

// changeOne is the handler of a write of the thing that :id names.
func changeOne[Body any](
	parse func(body []byte) (Body, []mapping.Fault),
	make func(ctx context.Context, w bff.Write, id string, body Body) (*bff.WriteAnswer, error),
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
		body, err := bodyOf(c)
		if err != nil {
			return err
		}
		key, faults := keyOf(c)
		_, queryFaults := mapping.ParseNoQuery(c.Request().URL.RawQuery)
		parsed, bodyFaults := parse(body)
		if err := invalid(append(append(faults, queryFaults...), bodyFaults...)); err != nil {
			return err
		}
		answer, err := make(c.Request().Context(), bff.Write{
			Caller: caller, Key: key, RequestID: c.Response().Header().Get(echo.HeaderXRequestID),
			Request: append([]byte(c.Request().Method+" "+c.Request().URL.EscapedPath()+"\n"), body...),
		}, id, parsed)
		if err != nil {
			return err
		}
		return sendChange(c, answer)
	}
}

// bodyOf reads a body of JSON.
func bodyOf(c echo.Context) ([]byte, error) {
	header := c.Request().Header
	mediaType, parameters, err := mime.ParseMediaType(header.Get(echo.HeaderContentType))
	charset := parameters["charset"]
	if err != nil || mediaType != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) || header.Get("Content-Encoding") != "" {
		return nil, newError(unsupportedMedia)
	}
	body, err := io.ReadAll(c.Request().Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, newError(bodyTooLarge, large.Limit)
	case err != nil:
		return nil, &bff.Error{Code: bff.Canceled, Err: err} // the body broke off
	case !mapping.ValidJSON(body):
		return nil, newError(invalidJSON)
	}
	return body, nil
}

// keyOf reads the Idempotency-Key, empty where there is none.
func keyOf(c echo.Context) (string, []mapping.Fault) {
	keys := c.Request().Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return "", nil
	}
	if len(keys) > 1 || keys[0] == "" || len(keys[0]) > maxKeyLength || strings.ContainsFunc(keys[0], notPrintable) {
		return "", []mapping.Fault{{Pointer: "/Idempotency-Key", Code: "IDEMPOTENCY_KEY_INVALID"}}
	}
	return keys[0], nil
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }

// sendChange writes what became of a change.
func sendChange(c echo.Context, answer *bff.WriteAnswer) error {
	header := c.Response().Header()
	header.Add("Vary", vary)
	header.Set("Cache-Control", "no-store")
	if answer.Replayed {
		header.Set("Idempotent-Replayed", "true")
	}
	return sendBody(c, answer.Status, answer.Answer)
}
