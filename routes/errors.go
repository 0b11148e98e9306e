package routes

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
)

// The codes of what is wrong with HTTP itself.
const (
	routeNotFound    bff.Code = "ROUTE_NOT_FOUND"
	methodNotAllowed bff.Code = "METHOD_NOT_ALLOWED"
	invalidJSON      bff.Code = "INVALID_JSON"
	unsupportedMedia bff.Code = "UNSUPPORTED_MEDIA_TYPE"
	upgradeRequired  bff.Code = "UPGRADE_REQUIRED"
	hookReplayed     bff.Code = "HOOK_REPLAYED"
)

// statusClientClosed is written to the logs for a caller that hung up.
const statusClientClosed = 499

var statuses = map[bff.Code]int{
	bff.Unauthorized:          http.StatusUnauthorized,
	bff.Forbidden:             http.StatusForbidden,
	bff.ProductNotFound:       http.StatusNotFound,
	bff.VariantNotFound:       http.StatusNotFound,
	bff.InventoryItemNotFound: http.StatusNotFound,
	bff.StockLocationNotFound: http.StatusNotFound,
	bff.SKUNotFound:           http.StatusNotFound,
	bff.LevelNotFound:         http.StatusNotFound,
	bff.InsufficientStock:     http.StatusBadRequest,
	bff.StockChanged:          http.StatusConflict,
	bff.LevelHasStock:         http.StatusConflict,
	bff.LevelHasReservations:  http.StatusConflict,
	bff.VariantIsKit:          http.StatusUnprocessableEntity,
	bff.VariantNotManaged:     http.StatusUnprocessableEntity,
	bff.InventoryItemMissing:  http.StatusUnprocessableEntity,
	bff.RequiredInvalid:       http.StatusUnprocessableEntity,
	bff.QuantityOutOfRange:    http.StatusUnprocessableEntity,
	bff.IdempotencyKeyReused:  http.StatusUnprocessableEntity,
	bff.IdempotencyInProgress: http.StatusConflict,
	bff.SalesChannelNotFound:  http.StatusNotFound,
	bff.NameTaken:             http.StatusConflict,
	bff.ReservationNotFound:   http.StatusNotFound,
	bff.ReservationNotOurs:    http.StatusConflict,
	bff.LocationNotEmpty:      http.StatusConflict,
	bff.UseGatewayRoute:       http.StatusConflict,
	bff.OutcomeUnknown:        http.StatusBadGateway,
	bff.ValidationFailed:      http.StatusUnprocessableEntity,
	bff.URITooLong:            http.StatusRequestURITooLong,
	bff.Internal:              http.StatusInternalServerError,
	bff.Canceled:              statusClientClosed,
	routeNotFound:             http.StatusNotFound,
	methodNotAllowed:          http.StatusMethodNotAllowed,
	bff.BodyTooLarge:          http.StatusRequestEntityTooLarge,
	bff.RateLimited:           http.StatusTooManyRequests,
	invalidJSON:               http.StatusBadRequest,
	unsupportedMedia:          http.StatusUnsupportedMediaType,
	upgradeRequired:           http.StatusUpgradeRequired,
	hookReplayed:              http.StatusConflict,
}

var outageStatuses = map[bff.Outage]int{
	bff.Broken:      http.StatusBadGateway,
	bff.Unreachable: http.StatusServiceUnavailable,
	bff.Slow:        http.StatusGatewayTimeout,
}

func statusOf(e *bff.Error) int {
	switch {
	case e.Cause != nil:
		return statusOf(e.Cause)
	case e.Code == bff.NetworkError:
		return outageStatuses[e.Outage]
	}
	return statuses[e.Code]
}

// problem is the body of an error (RFC 9457).
type problem struct {
	Type     string   `json:"type"`
	Title    string   `json:"title"`
	Status   int      `json:"status"`
	Detail   string   `json:"detail"`
	Instance string   `json:"instance"`
	Code     bff.Code `json:"code"`
	// Message is the detail again, where Medusa's own clients look for it.
	Message   string         `json:"message,omitempty"`
	RequestID string         `json:"requestId"`
	Errors    []problemField `json:"errors,omitempty"`
	// Level is the level as it is, with STOCK_CHANGED.
	Level *mapping.InventoryLevel `json:"level,omitempty"`
	// BatchID is under which the audit has the change, with OUTCOME_UNKNOWN.
	BatchID string `json:"batchId,omitempty"`
	// Cause, FailedStep and Rollback are why a set-up was undone, and what became
	// of it.
	Cause      bff.Code          `json:"cause,omitempty"`
	FailedStep string            `json:"failedStep,omitempty"`
	Rollback   *mapping.Rollback `json:"rollback,omitempty"`
}

type problemField struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// problemType begins the names of the errors, which are no addresses.
const problemType = "urn:cannahub:error:"

func newError(code bff.Code, args ...any) *bff.Error {
	return &bff.Error{Code: code, Message: mapping.Message{Key: string(code), Args: args}}
}

// invalid is the error for a request with faults, nil when there are none.
func invalid(faults []mapping.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	e := newError(bff.ValidationFailed)
	e.Fields = faults
	return e
}

// known turns the router's own errors, and what nobody foresaw, into ours.
func known(c echo.Context, err error) *bff.Error {
	var ours *bff.Error
	var router *echo.HTTPError
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.Is(err, http.ErrAbortHandler):
		return &bff.Error{Code: bff.Canceled, Err: err}
	case errors.As(err, &router) && router.Code == http.StatusNotFound:
		return newError(routeNotFound, c.Request().URL.Path)
	case errors.As(err, &router) && router.Code == http.StatusMethodNotAllowed:
		return newError(methodNotAllowed, c.Request().Method)
	}
	internal := newError(bff.Internal)
	internal.Err = err
	return internal
}

// refuse writes an error as a problem.
func (s *server) refuse(c echo.Context, err error) {
	e := known(c, err)
	if record := recordOf(c); record != nil {
		record.err = e
	}
	if c.Response().Committed {
		return
	}
	language := languageOf(c)
	status := statusOf(e)
	said := problem{
		Type: problemType + string(e.Code), Title: mapping.TitleOf(string(e.Code)).In(language), Status: status,
		Detail: e.Message.In(language), Instance: c.Request().URL.EscapedPath(), Code: e.Code,
		RequestID: c.Response().Header().Get(echo.HeaderXRequestID),
		Level:     e.Level, BatchID: e.BatchID, FailedStep: e.FailedStep, Rollback: e.Rollback.In(language),
	}
	if e.Cause != nil {
		said.Cause, said.Detail = e.Cause.Code, e.Cause.Message.In(language)+" "+said.Detail
	}
	if isPassed(c.Request().URL.Path) {
		said.Message = said.Detail
	}
	for _, fault := range e.Fields {
		said.Errors = append(said.Errors, problemField{Pointer: fault.Pointer, Code: fault.Code, Detail: fault.Message().In(language)})
	}
	body, err := json.Marshal(said)
	if err != nil {
		body = nil // a problem holds nothing but strings and a number
	}
	header := c.Response().Header()
	header.Set("Content-Language", language.String())
	header.Set("Cache-Control", "no-store")
	header.Add("Vary", vary)
	if e.RetryAfter > 0 {
		header.Set("Retry-After", seconds(e.RetryAfter))
	}
	if status == http.StatusUnauthorized {
		// Basic is taken too, but its challenge makes browsers ask for a password.
		header.Set("WWW-Authenticate", `Bearer realm="Medusa"`)
	}
	_ = c.Blob(status, "application/problem+json", body) // who hung up cannot be told
}

// seconds writes a duration in whole seconds, rounded up.
func seconds(d time.Duration) string {
	return strconv.Itoa(int(math.Ceil(d.Seconds())))
}
