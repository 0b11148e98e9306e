package bff

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cannahub/gateway/bff/live"
	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// Code says what went wrong. Codes are stable: programs decide by them.
type Code string

// The codes.
const (
	Unauthorized          Code = "UNAUTHORIZED"
	Forbidden             Code = "FORBIDDEN"
	ProductNotFound       Code = "PRODUCT_NOT_FOUND"
	VariantNotFound       Code = "VARIANT_NOT_FOUND"
	InventoryItemNotFound Code = "INVENTORY_ITEM_NOT_FOUND"
	StockLocationNotFound Code = "STOCK_LOCATION_NOT_FOUND"
	SKUNotFound           Code = "SKU_NOT_FOUND"
	LevelNotFound         Code = "INVENTORY_LEVEL_NOT_FOUND"
	InsufficientStock     Code = "INSUFFICIENT_STOCK"
	StockChanged          Code = "STOCK_CHANGED"
	LevelHasStock         Code = "LEVEL_HAS_STOCK"
	LevelHasReservations  Code = "LEVEL_HAS_RESERVATIONS"
	VariantIsKit          Code = "VARIANT_IS_KIT"
	VariantNotManaged     Code = "VARIANT_NOT_MANAGED"
	InventoryItemMissing  Code = "INVENTORY_ITEM_MISSING"
	RequiredInvalid       Code = "REQUIRED_QUANTITY_INVALID"
	QuantityOutOfRange    Code = "QUANTITY_OUT_OF_RANGE"
	IdempotencyKeyReused  Code = "IDEMPOTENCY_KEY_REUSED"
	IdempotencyInProgress Code = "IDEMPOTENCY_IN_PROGRESS"
	SalesChannelNotFound  Code = "SALES_CHANNEL_NOT_FOUND"
	NameTaken             Code = "NAME_TAKEN"
	ReservationNotFound   Code = "RESERVATION_NOT_FOUND"
	// ReservationNotOurs: Medusa made it, for an order of its own.
	ReservationNotOurs Code = "RESERVATION_NOT_OURS"
	LocationNotEmpty   Code = "LOCATION_NOT_EMPTY"
	// SetupRolledBack: all that was made is removed again.
	SetupRolledBack Code = "SETUP_ROLLED_BACK"
	// RollbackIncomplete: what could not be removed yet will be.
	RollbackIncomplete Code = "ROLLBACK_INCOMPLETE"
	// UseGatewayRoute: Medusa would do it, but stock has one door.
	UseGatewayRoute Code = "USE_GATEWAY_ROUTE"
	// OutcomeUnknown: Medusa may or may not have done it; it is being settled.
	OutcomeUnknown   Code = "OUTCOME_UNKNOWN"
	ValidationFailed Code = "VALIDATION_FAILED"
	URITooLong       Code = "URI_TOO_LONG"
	BodyTooLarge     Code = "BODY_TOO_LARGE"
	// RateLimited: the caller, or all together, ask for too much.
	RateLimited  Code = "RATE_LIMITED"
	NetworkError Code = "NETWORK_ERROR"
	Internal     Code = "INTERNAL"
	// Canceled: the caller went away before there was an answer.
	Canceled Code = "CANCELED"
)

// Outage is how Medusa failed when the code is NetworkError.
type Outage int

// The outages.
const (
	Broken      Outage = iota + 1 // it answered nonsense or an error of its own
	Unreachable                   // no connection, or the breaker is open
	Slow                          // no answer in time
)

// Error is why there is no answer. Message is for the caller; Err, the cause,
// is for the logs alone. Level and BatchID belong to some codes.
type Error struct {
	Code       Code
	Message    mapping.Message
	Fields     []mapping.Fault
	Outage     Outage
	RetryAfter time.Duration           // 0: not known
	Level      *mapping.InventoryLevel // as it is, with STOCK_CHANGED; nil: there is none
	BatchID    string                  // in the audit, with OUTCOME_UNKNOWN
	Cause      *Error                  // of what is undone, with SETUP_ROLLED_BACK and ROLLBACK_INCOMPLETE; so are
	FailedStep string
	Rollback   *mapping.Rollback
	Err        error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Code)
	}
	return fmt.Sprintf("%s: %v", e.Code, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// failed is the error that errorOf returns for a failure.
func failed(err error) *Error {
	failure, _ := errors.AsType[*Error](errorOf(err, ""))
	return failure
}

// invalid is the error for a request with faults.
func invalid(faults ...mapping.Fault) *Error {
	return &Error{Code: ValidationFailed, Message: mapping.Message{Key: string(ValidationFailed)}, Fields: faults}
}

// failedWith says whether a failure has a code.
func failedWith(err error, code Code) bool { return err != nil && failed(err).Code == code }

// notFound is the error for an id that Medusa does not know.
func notFound(code Code, id string) *Error {
	return &Error{Code: code, Message: mapping.Message{Key: string(code), Args: []any{id}}}
}

// errorOf turns an error of a lower room into an *Error. An upstream 404 means
// that the thing called id is missing, in the words of missing.
func errorOf(err error, missing Code, id ...any) error {
	var already *Error
	var account *medusaclient.AccountError
	var refused *medusaclient.Error
	var outage *medusaclient.OutageError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &already):
		return already
	case errors.As(err, &account):
		return networkError(Broken, "NETWORK_ERROR.broken", 0, err)
	case errors.As(err, &refused):
		return refusalOf(refused, missing, id)
	case errors.As(err, &outage):
		return outageOf(outage)
	case errors.Is(err, stock.ErrBusy):
		return networkError(Unreachable, "NETWORK_ERROR.busy", time.Second, err)
	case errors.Is(err, live.ErrSlow):
		return &Error{Code: RateLimited, Message: mapping.Message{Key: string(RateLimited) + ".slow"}, Err: err}
	case errors.Is(err, live.ErrFull):
		return full(err)
	case errors.Is(err, live.ErrClosed):
		return networkError(Unreachable, "NETWORK_ERROR.stopping", time.Second, err)
	case errors.Is(err, stock.ErrClosed):
		return networkError(Unreachable, "NETWORK_ERROR.unreachable", time.Second, err)
	case errors.Is(err, stock.ErrNotShown):
		return networkError(Broken, "NETWORK_ERROR.broken", 0, err)
	case errors.Is(err, errWaited):
		return networkError(Slow, "NETWORK_ERROR.waited", 0, err)
	case errors.Is(err, medusaclient.ErrTooLong):
		return &Error{Code: URITooLong, Message: mapping.Message{Key: "URI_TOO_LONG.upstream"}, Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return networkError(Slow, "NETWORK_ERROR.slow", 0, err)
	case errors.Is(err, context.Canceled):
		return &Error{Code: Canceled, Err: err}
	}
	return &Error{Code: Internal, Message: mapping.Message{Key: string(Internal)}, Err: err}
}

func refusalOf(refused *medusaclient.Error, missing Code, id []any) *Error {
	switch {
	case refused.Foreign:
	case refused.Status == http.StatusUnauthorized:
		return &Error{Code: Unauthorized, Message: mapping.Message{Key: string(Unauthorized)}, Err: refused}
	case refused.Status == http.StatusForbidden:
		return &Error{Code: Forbidden, Message: mapping.Message{Key: string(Forbidden)}, Err: refused}
	case refused.Status == http.StatusNotFound && refused.Type == "not_found" && missing != "":
		return &Error{Code: missing, Message: mapping.Message{Key: string(missing), Args: id}, Err: refused}
	}
	return networkError(Broken, "NETWORK_ERROR.broken", 0, refused)
}

func outageOf(outage *medusaclient.OutageError) *Error {
	switch outage.Reason {
	case medusaclient.TooSlow:
		return networkError(Slow, "NETWORK_ERROR.slow", 0, outage)
	case medusaclient.Nonsense:
		return networkError(Broken, "NETWORK_ERROR.broken", 0, outage)
	case medusaclient.Unreachable, medusaclient.Closed, medusaclient.Saturated:
	}
	return networkError(Unreachable, "NETWORK_ERROR.unreachable", max(outage.RetryAfter, time.Second), outage)
}

func networkError(outage Outage, key string, retryAfter time.Duration, err error) *Error {
	return &Error{Code: NetworkError, Message: mapping.Message{Key: key}, Outage: outage, RetryAfter: retryAfter, Err: err}
}
