package medusaclient

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Error is a refusal: an answer with a status of 400 or more. Type, Code and
// Message are Medusa's own words, empty where it sent none.
type Error struct {
	Endpoint string
	Status   int
	Type     string
	Code     string
	Message  string
	Foreign  bool // not in Medusa's form: something before it, or no route of its
}

func (e *Error) Error() string {
	return fmt.Sprintf("medusa: %s: %d %s %s", e.Endpoint, e.Status, e.Type, e.Message)
}

// Reason says why there is no usable answer.
type Reason string

// The reasons of an OutageError.
const (
	// Unreachable: no connection, or it broke before an answer came.
	Unreachable Reason = "unreachable"
	// TooSlow: no answer within the time allowed for one call.
	TooSlow Reason = "too slow"
	// Nonsense: an answer that is not Medusa's: no JSON, half a body, too large.
	Nonsense Reason = "nonsense"
	// Closed: not asked, because the last calls failed; see RetryAfter.
	Closed Reason = "breaker open"
	// Saturated: not asked, because too many calls were waiting.
	Saturated Reason = "saturated"
)

// OutageError is a call without a usable answer from Medusa.
type OutageError struct {
	Endpoint   string
	Reason     Reason
	RetryAfter time.Duration // when the breaker lets a call through again
	Err        error
	unsent     bool // Medusa never got it, so nothing can have happened
}

// ErrTooLong says that a call would be longer than what Node takes.
var ErrTooLong = errors.New("medusa: the call is longer than Node takes")

func (e *OutageError) Error() string {
	return fmt.Sprintf("medusa: %s: %s: %v", e.Endpoint, e.Reason, e.Err)
}

func (e *OutageError) Unwrap() error { return e.Err }

// Sent says whether Medusa may have got the call, so that a write may have
// happened, or may yet.
func (e *OutageError) Sent() bool { return !e.unsent }

// NotDone says of the error of a write that it has certainly not happened: Medusa
// itself refused it, or it was never sent. A proxy before it, or a 500 half way
// through, proves nothing.
func NotDone(err error) bool {
	var refused *Error
	var outage *OutageError
	switch {
	case errors.Is(err, ErrTooLong):
		return true
	case errors.As(err, &refused):
		return !refused.Foreign && refused.Status != http.StatusRequestTimeout && refused.Status < http.StatusInternalServerError
	case errors.As(err, &outage):
		return !outage.Sent()
	}
	return false
}

// Exists says that Medusa refused to make something because there is one.
func (e *Error) Exists() bool {
	return e.Status == http.StatusBadRequest && strings.Contains(e.Message, "already exists")
}

// maxMessage bounds how much of Medusa's words an Error carries: a refused
// batch can name thousands of pairs in 150 kB.
const maxMessage = 500

// refusal reads the shapes that Medusa's errors come in: {type, message},
// {code, type, message}, {message}, {errors, message}, HTML, nothing at all.
func refusal(endpoint string, status int, body []byte) *Error {
	e := &Error{Endpoint: endpoint, Status: status}
	var said struct {
		Type    string   `json:"type"`
		Code    string   `json:"code"`
		Message string   `json:"message"`
		Errors  []string `json:"errors"`
	}
	if decode(body, &said) != nil {
		e.Message, e.Foreign = http.StatusText(status), true
		return e
	}
	e.Type, e.Code, e.Message = said.Type, said.Code, said.Message
	e.Foreign = said.Type == "" && said.Message == ""
	if len(said.Errors) > 0 {
		e.Message = strings.Join(said.Errors, "; ")
	}
	if len(e.Message) > maxMessage {
		e.Message = strings.ToValidUTF8(e.Message[:maxMessage], "") + "…"
	}
	return e
}
