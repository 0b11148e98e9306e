package routes

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	hookPath   = "/hooks/medusa"
	hookSecret = "whsec_Y2FubmFodWItc2VjcmV0LW9mLWhvb2tz"
	levelEvent = `{"event":"inventory.inventory-level.updated","data":{"id":"ilev_1"}}`
)

// signature is that of Standard Webhooks, made without the library that checks it.
func signature(secret []byte, id string, at time.Time, body string) string {
	sum := hmac.New(sha256.New, secret)
	fmt.Fprintf(sum, "%s.%d.%s", id, at.Unix(), body)
	return "v1," + base64.StdEncoding.EncodeToString(sum.Sum(nil))
}

// hook sends a hook as Medusa's side would, but for what is changed.
func (s *shop) hook(t *testing.T, id, body string, changes ...with) answer {
	t.Helper()
	secret, err := ParseWebhookSecret(hookSecret)
	require.NoError(t, err)
	now := time.Now()
	return s.ask(t, http.MethodPost, hookPath, strings.NewReader(body), append([]with{
		header("Content-Type", "application/json"), header("webhook-id", id), header("webhook-timestamp", strconv.FormatInt(now.Unix(), 10)),
		header("webhook-signature", signature(secret, id, now, body)),
	}, changes...)...)
}

// signedAt signs a hook at another time, or with another secret.
func signedAt(secret, id string, at time.Time, body string) with {
	return func(r *http.Request) {
		key, _ := ParseWebhookSecret(secret)
		r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
		r.Header.Set("webhook-signature", signature(key, id, at, body))
	}
}

func withSecret(b *setup) { b.routes.Secret, _ = ParseWebhookSecret(hookSecret) }

func TestAHookMakesChangesElsewhereKnownAtOnce(t *testing.T) {
	s := openBook(t, withSecret, func(b *setup) { b.livePoll = time.Hour })
	f := s.follow(t, "/ws", shopper("sc_cannahub"))
	f.ask(t, followBD, "subscribed")
	ask := func() string {
		return string(s.question(t, storeAvailability, guideRequest, shopper("sc_cannahub")).body)
	}
	held := ask()
	s.medusa.SetLevel("iitem_bd_14g", "sloc_high_up", medusatest.Quantities{Stocked: 2})
	require.Equal(t, held, ask(), "an answer that is held")

	got := s.hook(t, "msg_1", levelEvent)

	require.Equal(t, http.StatusNoContent, got.status, "%s", got.body)
	assert.Empty(t, got.body)
	stocked, _ := f.hearStock(t)
	assert.EqualValues(t, 2, stocked)
	assert.NotEqual(t, held, ask())

	for i, body := range []string{`{"event":"stock_location.stock-location.updated","data":{"id":["sloc_high_up","sloc_deposito"]}}`, `{"event":"product.product.updated","data":[{"id":"prod_1"}]}`, `{"event":"customer.created"}`} {
		assert.Equal(t, http.StatusNoContent, s.hook(t, fmt.Sprint("msg_more_", i), body).status, body)
	}
	assert.Equal(t, map[string]float64{"taken": 3, "ignored": 1}, s.counted(t, "gateway_hooks_total"))
}

// A link of a sales channel decides what a publishable key opens, which is held longer
// than answers.
func TestAHookMakesKeysOpenWhatTheyOpen(t *testing.T) {
	s := openBook(t, withSecret, func(b *setup) { b.authTTL = time.Hour })
	ask := func() string {
		return string(s.question(t, storeAvailability, guideRequest, shopper("sc_mayorista")).body)
	}
	assert.Contains(t, ask(), "sloc_mayorista")
	s.medusa.Put(medusatest.StockLocation{ID: "sloc_mayorista", Name: "Depósito Mayorista"})
	assert.Equal(t, http.StatusNoContent, s.hook(t, "a", levelEvent).status)
	assert.Contains(t, ask(), "sloc_mayorista", "an event of a level says nothing of links")
	assert.Equal(t, http.StatusNoContent, s.hook(t, "b", `{"event":"LinkSalesChannelStockLocation.detached","data":{"id":"x"}}`).status)
	assert.NotContains(t, ask(), "sloc_mayorista")
}

func TestHooksThatAreRefused(t *testing.T) {
	s := openBook(t, withSecret)
	now := time.Now()
	unsigned := func(name string) with { return func(r *http.Request) { r.Header.Del(name) } }
	for name, c := range map[string]struct {
		body   string
		change with
		status int
		code   bff.Code
	}{
		"forged":               {levelEvent, header("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32))), 401, bff.Unauthorized},
		"another body":         {levelEvent + " ", signedAt(hookSecret, "msg", now, levelEvent), 401, bff.Unauthorized},
		"another id":           {levelEvent, signedAt(hookSecret, "other", now, levelEvent), 401, bff.Unauthorized},
		"another secret":       {levelEvent, signedAt("plain", "msg", now, levelEvent), 401, bff.Unauthorized},
		"too old":              {levelEvent, signedAt(hookSecret, "msg", now.Add(-6*time.Minute), levelEvent), 401, bff.Unauthorized},
		"of the future":        {levelEvent, signedAt(hookSecret, "msg", now.Add(6*time.Minute), levelEvent), 401, bff.Unauthorized},
		"another time":         {levelEvent, header("webhook-timestamp", strconv.FormatInt(now.Unix()-60, 10)), 401, bff.Unauthorized},
		"no time":              {levelEvent, header("webhook-timestamp", "yesterday"), 401, bff.Unauthorized},
		"another version":      {levelEvent, header("webhook-signature", "v2,xyz"), 401, bff.Unauthorized},
		"no id":                {levelEvent, unsigned("webhook-id"), 401, bff.Unauthorized},
		"no signature":         {levelEvent, unsigned("webhook-signature"), 401, bff.Unauthorized},
		"no JSON":              {"event", nil, 400, invalidJSON},
		"nothing":              {"", nil, 400, invalidJSON},
		"no event":             {`{"data":{"id":"x"}}`, nil, 422, bff.ValidationFailed},
		"a list":               {`[]`, nil, 422, bff.ValidationFailed},
		"something else's too": {`{"event":"order.placed","more":1}`, nil, 422, bff.ValidationFailed},
		"too long":             {`{"event":"order.placed","data":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, bff.BodyTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []with
			if c.change != nil {
				changes = append(changes, c.change)
			}
			got := s.hook(t, "msg", c.body, changes...)
			require.Equal(t, c.status, got.status, "%s", got.body)
			assert.Equal(t, c.code, got.problem(t).Code)
		})
	}
	assert.Equal(t, http.StatusNoContent, s.hook(t, "msg", levelEvent).status, "a hook with the id of those that were refused")
	again := s.hook(t, "msg", levelEvent)
	require.Equal(t, http.StatusConflict, again.status)
	assert.Equal(t, hookReplayed, again.problem(t).Code)
	many := s.hook(t, "msg_2", levelEvent, func(r *http.Request) {
		r.Header.Set("webhook-signature", "v1,bm90aGluZw== v1a,x "+r.Header.Get("webhook-signature"))
	})
	assert.Equal(t, http.StatusNoContent, many.status, "one of several signatures")
	assert.Equal(t, map[string]float64{"taken": 2, "refused": 11, "invalid": 5, "replayed": 1}, s.counted(t, "gateway_hooks_total"))
	assert.NotContains(t, s.log.String(), "Y2FubmFodWIt", "the secret is in the log")

	without := open(t)
	got := without.hook(t, "msg", levelEvent)
	assert.Equal(t, http.StatusNotFound, got.status)
	assert.Equal(t, routeNotFound, got.problem(t).Code)
}

func TestSecretsOfHooks(t *testing.T) {
	secret, err := ParseWebhookSecret(hookSecret)
	require.NoError(t, err)
	assert.Equal(t, "cannahub-secret-of-hooks", string(secret))
	assert.Equal(t, "[secret]", fmt.Sprintf("%v", secret))
	secret, err = ParseWebhookSecret("any text")
	require.NoError(t, err)
	assert.Equal(t, "any text", string(secret))
	for _, text := range []string{"whsec_", "whsec_not base64!"} {
		_, err := ParseWebhookSecret(text)
		require.Error(t, err, text)
		assert.NotContains(t, err.Error(), "not base64!", "the secret is told")
	}
}

func TestHooksThatWereTakenAreForgottenInTheEnd(t *testing.T) {
	var r replays
	for i := range 2 * maxReplays {
		require.True(t, r.add(strconv.Itoa(i)))
	}
	assert.False(t, r.add(strconv.Itoa(maxReplays)), "one of the latest")
	assert.LessOrEqual(t, len(r.recent)+len(r.before), 2*maxReplays)

	r = replays{}
	require.True(t, r.add("first"))
	r.since = r.since.Add(-replayTime - time.Second)
	require.True(t, r.add("second"))
	assert.False(t, r.add("first"), "it could have come a moment ago")
	r.since = r.since.Add(-replayTime - time.Second)
	require.True(t, r.add("third"))
	assert.False(t, r.add("second"))
	assert.True(t, r.add("first"), "it is remembered for ever")
}
