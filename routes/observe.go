package routes

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/bff/panics"
	"github.com/cannahub/gateway/medusaclient"
)

// record is what is known of a request when it ends.
type record struct {
	medusa  medusaclient.Request
	started time.Time
	err     *bff.Error
}

const recordKey = "record"

func recordOf(c echo.Context) *record {
	r, _ := c.Get(recordKey).(*record)
	return r
}

// observe gives each request its id, counts and times what it costs, and writes
// its line into the log.
func (s *server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := &record{started: time.Now()}
		r.medusa.ID = requestID(c.Request().Header.Get(echo.HeaderXRequestID))
		c.Set(recordKey, r)
		c.SetRequest(c.Request().WithContext(r.medusa.With(c.Request().Context())))
		c.Response().Header().Set(echo.HeaderXRequestID, r.medusa.ID)
		c.Response().Header().Set("X-Content-Type-Options", "nosniff")
		c.Response().Before(func() { r.announce(c.Response().Header()) })
		s.metrics.inFlight.Inc()
		defer s.metrics.inFlight.Dec()

		err := recovering(next, c)
		if err != nil {
			s.refuse(c, err)
		}
		s.metrics.observe(c, time.Since(r.started))
		s.write(c, r)
		if errors.Is(err, http.ErrAbortHandler) {
			panic(http.ErrAbortHandler) // or half an answer would look like a whole one
		}
		return nil
	}
}

// recovering turns a panic into an error with its stack, but for the one that
// says that an answer broke off.
func recovering(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		if cause := recover(); cause == http.ErrAbortHandler { //nolint:errorlint // a panic's value, not wrapped
			err = http.ErrAbortHandler
		} else if cause != nil {
			err = panics.Error(cause)
		}
	}()
	return next(c)
}

// requestID keeps a caller's id if it is 1 to 128 printable characters.
func requestID(given string) string {
	if len(given) < 1 || len(given) > 128 {
		return rand.Text()
	}
	for i := range len(given) {
		if given[i] < ' ' || given[i] > '~' {
			return rand.Text()
		}
	}
	return given
}

// announce tells the caller what the answer cost.
func (r *record) announce(header http.Header) {
	header.Set("X-Medusa-Calls", strconv.Itoa(r.medusa.Calls()))
	timing := make([]byte, 0, 48)
	timing = strconv.AppendFloat(append(timing, "medusa;dur="...), milliseconds(r.medusa.Waited()), 'f', 2, 64)
	timing = strconv.AppendFloat(append(timing, ", total;dur="...), milliseconds(time.Since(r.started)), 'f', 2, 64)
	header.Set("Server-Timing", string(timing))
}

// write writes the request's line: a failure of ours or of Medusa's with its
// cause.
func (s *server) write(c echo.Context, r *record) {
	level := slog.LevelInfo
	attributes := make([]slog.Attr, 0, 12)
	attributes = append(attributes,
		slog.String("requestId", r.medusa.ID),
		slog.String("method", c.Request().Method),
		slog.String("route", c.Path()),
		slog.String("path", c.Request().URL.Path),
		slog.Int("status", c.Response().Status),
		slog.Int64("bytes", c.Response().Size),
		slog.Float64("ms", milliseconds(time.Since(r.started))),
		slog.Float64("medusaMs", milliseconds(r.medusa.Waited())),
		slog.Int("medusaCalls", r.medusa.Calls()),
		slog.String("ip", c.RealIP()),
	)
	if r.err != nil {
		attributes = append(attributes, slog.String("code", string(r.err.Code)))
		if r.err.Err != nil {
			attributes = append(attributes, slog.String("error", r.err.Err.Error()))
		}
		if c.Response().Status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
	}
	s.log.LogAttrs(c.Request().Context(), level, "request", attributes...)
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
