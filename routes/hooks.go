package routes

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
)

const (
	// replayTime is how long a hook could be sent again: its time may be five minutes
	// from now in either direction.
	replayTime = 10 * time.Minute

	// maxReplays bounds the memory for hooks that were taken.
	maxReplays = 100_000
)

// WebhookSecret is what hooks are signed with. Empty: none are taken.
type WebhookSecret []byte

// ParseWebhookSecret reads a secret: "whsec_" and the secret in base64, or any other
// text. The error does not tell it.
func ParseWebhookSecret(text string) (WebhookSecret, error) {
	encoded, isEncoded := strings.CutPrefix(text, "whsec_")
	if !isEncoded {
		return WebhookSecret(text), nil
	}
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(secret) == 0 {
		return nil, errors.New("what follows whsec_ must be base64")
	}
	return secret, nil
}

// Format hides the secret from every format verb.
func (WebhookSecret) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, "[secret]") }

// hooks takes what Medusa's side tells of.
type hooks struct {
	*server

	webhook *standardwebhooks.Webhook // nil: there is no secret
	taken   replays
}

func (s *server) serveHooks(e *echo.Echo, secret WebhookSecret) {
	h := &hooks{server: s}
	if len(secret) > 0 {
		h.webhook, _ = standardwebhooks.NewWebhookRaw(secret) // which has no errors
	}
	e.POST("/hooks/medusa", h.take)
}

// take serves POST /hooks/medusa.
func (h *hooks) take(c echo.Context) error {
	if h.webhook == nil {
		return newError(routeNotFound, c.Request().URL.Path)
	}
	result, err := h.judge(c)
	h.metrics.hooks.WithLabelValues(result).Inc()
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// judge does what a hook asks for, if it is good, and says what it was.
func (h *hooks) judge(c echo.Context) (result string, err error) {
	request := c.Request()
	body, err := rawBodyOf(c)
	if err != nil {
		return "invalid", err
	}
	if err := h.webhook.Verify(body, request.Header); err != nil {
		forged := newError(bff.Unauthorized)
		forged.Message, forged.Err = mapping.Message{Key: string(bff.Unauthorized) + ".hook"}, err
		return "refused", forged
	}
	if !mapping.ValidJSON(body) {
		return "invalid", newError(invalidJSON)
	}
	_, queryFaults := mapping.ParseNoQuery(request.URL.RawQuery)
	hook, faults := mapping.ParseHook(body)
	if err := invalid(append(queryFaults, faults...)); err != nil {
		return "invalid", err
	}
	if !h.taken.add(request.Header.Get(standardwebhooks.HeaderWebhookID)) {
		return "replayed", newError(hookReplayed)
	}
	acted := h.gateway.Hook(request.Context(), hook.Event)
	h.log.LogAttrs(request.Context(), slog.LevelDebug, "hook", slog.String("event", hook.Event), slog.Bool("acted", acted))
	if !acted {
		return "ignored", nil
	}
	return "taken", nil
}

// replays remembers the ids of hooks for replayTime at least, so long as they are not
// too many.
type replays struct {
	mu             sync.Mutex
	recent, before map[string]bool
	since          time.Time // when recent began
}

// add remembers an id, unless it is remembered.
func (r *replays) add(id string) (isNew bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.recent == nil || time.Since(r.since) > replayTime || len(r.recent) >= maxReplays {
		r.recent, r.before, r.since = map[string]bool{}, r.recent, time.Now()
	}
	if r.recent[id] || r.before[id] {
		return false
	}
	r.recent[id] = true
	return true
}
