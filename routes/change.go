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
	return changing(bodyOf, withoutQuery(parse), make)
}

// withoutQuery parses a body, and refuses query parameters.
func withoutQuery[Body any](parse func(body []byte) (Body, []mapping.Fault)) func(body []byte, rawQuery string) (Body, []mapping.Fault) {
	return func(body []byte, rawQuery string) (Body, []mapping.Fault) {
		_, queryFaults := mapping.ParseNoQuery(rawQuery)
		parsed, faults := parse(body)
		return parsed, append(queryFaults, faults...)
	}
}

// act is the handler of what is done with the thing that :id names, about which there
// need not be more to say.
func act[Body any](
	parse func(body []byte) (Body, []mapping.Fault),
	make func(ctx context.Context, w bff.Write, id string, body Body) (*bff.WriteAnswer, error),
) echo.HandlerFunc {
	return changing(bodyOrNone, withoutQuery(parse), make)
}

// remove is the handler of a DELETE of the thing that :id names, as its query says.
func remove[Query any](
	parse func(rawQuery string) (Query, []mapping.Fault),
	make func(ctx context.Context, w bff.Write, id string, query Query) (*bff.WriteAnswer, error),
) echo.HandlerFunc {
	return changing(bodyOrNone, func(body []byte, rawQuery string) (Query, []mapping.Fault) {
		_, bodyFaults := mapping.ParseNoBody(body)
		parsed, faults := parse(rawQuery)
		return parsed, append(faults, bodyFaults...)
	}, make)
}

// changing is the handler of a write of what its body and its query ask for.
func changing[Asked any](
	read func(c echo.Context) (body []byte, err error),
	parse func(body []byte, rawQuery string) (Asked, []mapping.Fault),
	make func(ctx context.Context, w bff.Write, id string, asked Asked) (*bff.WriteAnswer, error),
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
		body, err := read(c)
		if err != nil {
			return err
		}
		key, faults := keyOf(c)
		asked, otherFaults := parse(body, c.Request().URL.RawQuery)
		if err := invalid(append(faults, otherFaults...)); err != nil {
			return err
		}
		answer, err := make(c.Request().Context(), bff.Write{
			Caller: caller, Key: key, RequestID: c.Response().Header().Get(echo.HeaderXRequestID),
			Request: append([]byte(c.Request().Method+" "+c.Request().URL.RequestURI()+"\n"), body...),
		}, id, asked)
		if err != nil {
			return err
		}
		return sendChange(c, answer)
	}
}

// bodyOrNone reads a body of JSON, which may be missing.
func bodyOrNone(c echo.Context) ([]byte, error) {
	if c.Request().ContentLength == 0 {
		return []byte("{}"), nil
	}
	return bodyOf(c)
}

// bodyOf reads a body of JSON.
func bodyOf(c echo.Context) ([]byte, error) {
	header := c.Request().Header
	mediaType, parameters, err := mime.ParseMediaType(header.Get(echo.HeaderContentType))
	charset := parameters["charset"]
	if err != nil || mediaType != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) || header.Get("Content-Encoding") != "" {
		return nil, newError(unsupportedMedia)
	}
	body, err := rawBodyOf(c)
	if err == nil && !mapping.ValidJSON(body) {
		return nil, newError(invalidJSON)
	}
	return body, err
}

// rawBodyOf reads a body as it was sent.
func rawBodyOf(c echo.Context) ([]byte, error) {
	body, err := io.ReadAll(c.Request().Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, newError(bff.BodyTooLarge, large.Limit)
	case err != nil:
		return nil, &bff.Error{Code: bff.Canceled, Err: err} // the body broke off
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
