package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/medusaclient/medusatest"
	"github.com/cannahub/gateway/testdata/medusa"
)

// follower is a client who follows stock over a WebSocket.
type follower struct{ conn *websocket.Conn }

// connect opens a WebSocket with a publishable key.
func (p *program) connect(t *testing.T, key string) *follower {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), p.url+"/ws?publishableKey="+key, nil) //nolint:bodyclose // the library closes it
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &follower{conn}
}

// follow opens a WebSocket with a publishable key and follows items.
func (p *program) follow(t *testing.T, key string, items ...string) *follower {
	t.Helper()
	f := p.connect(t, key)
	f.say(t, subscription(items...))
	require.Equal(t, "subscribed", f.hear(t).Get("type").String())
	return f
}

// resume opens a WebSocket and follows items on from the last change that is known.
func (p *program) resume(t *testing.T, key, last string, items ...string) *follower {
	t.Helper()
	f := p.connect(t, key)
	f.say(t, fmt.Sprintf(`{"type":"resume","after":%q}`, last))
	f.say(t, subscription(items...))
	require.JSONEq(t, fmt.Sprintf(`{"type":"subscribed","sequence":%q}`, last), f.hear(t).Raw)
	return f
}

func subscription(items ...string) string {
	return `{"type":"subscribe","entity":"inventory_level","filters":{"inventory_item_id":["` + strings.Join(items, `","`) + `"]}}`
}

func (f *follower) say(t *testing.T, message string) {
	t.Helper()
	require.NoError(t, f.conn.Write(t.Context(), websocket.MessageText, []byte(message)))
}

// hear waits for the next message.
func (f *follower) hear(t *testing.T) gjson.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, message, err := f.conn.Read(ctx)
	require.NoError(t, err, "nothing more was said")
	return gjson.ParseBytes(message)
}

// cut ends the connection without a word.
func (f *follower) cut(t *testing.T) {
	t.Helper()
	require.NoError(t, f.conn.CloseNow())
}

// hearLevel waits for the next change, and returns what is stocked and reserved of
// which item then.
func (f *follower) hearLevel(t *testing.T) string {
	t.Helper()
	told := f.hear(t)
	require.Equal(t, "inventory_level.updated", told.Get("type").String(), told.Raw)
	level := told.Get("payload")
	return fmt.Sprintf("%s %v %v", level.Get("inventory_item_id"), level.Get("stocked_quantity"), level.Get("reserved_quantity"))
}

func TestRealMedusaIsFollowed(t *testing.T) {
	const interval = 500 * time.Millisecond
	s := newRealShop(t, "LIVE_POLL_INTERVAL="+interval.String())
	f := s.follow(t, s.medusa.PublishableKey, "iitem_bd_14g", "iitem_bd_3_5g")
	high := place{"iitem_bd_14g", "sloc_high_up"}

	changed := s.send(t, http.MethodPost, s.token, adjustments, adjustment(high, -2))
	require.Equal(t, http.StatusOK, changed.status, changed.text)
	require.Equal(t, "iitem_bd_14g 10 0", f.hearLevel(t), "a change through the gateway")

	best := time.Hour // of several, since the machine may be busy
	for quantity := 30; quantity <= 33; quantity++ {
		began := time.Now()
		s.stock(t, quantity, place{"iitem_bd_14g", "sloc_mayorista"}, high)
		require.Equal(t, fmt.Sprintf("iitem_bd_14g %d 0", quantity), f.hearLevel(t), "one made directly, and none at a location of other shoppers")
		if took := time.Since(began); quantity > 30 { // the others come just after a reading, and wait for the next as long as can be
			best = min(best, took)
		}
	}
	t.Logf("changes made directly in Medusa were told after %s", best)
	require.Less(t, best, interval+200*time.Millisecond, "until a change made directly in Medusa is told")

	s.made(t, "reservation", "/admin/reservations", map[string]any{"inventory_item_id": high.item, "location_id": high.location, "quantity": 4})
	require.Equal(t, "iitem_bd_14g 33 4", f.hearLevel(t), "a reservation")

	held := s.send(t, http.MethodPost, s.token, "/api/reservations", `{"items":[{"inventoryItemId":"iitem_bd_14g","locationId":"sloc_high_up","quantity":1}]}`)
	require.Equal(t, http.StatusCreated, held.status, held.text)
	require.Equal(t, "iitem_bd_14g 33 5", f.hearLevel(t), "a hold")

	gone := s.send(t, http.MethodDelete, s.token, "/api/inventory/levels", `{"inventoryItemId":"iitem_bd_3_5g","locationId":"sloc_high_up","force":true}`)
	require.Equal(t, http.StatusOK, gone.status, gone.text)
	told := f.hear(t)
	require.Equal(t, "iitem_bd_3_5g sloc_high_up true 0", fmt.Sprint(told.Get("payload.inventory_item_id"), " ", told.Get("payload.location_id"), " ",
		told.Get("payload.deleted"), " ", told.Get("payload.stocked_quantity")), told.Raw)
}

func TestRealMedusaAndTheGuidesHooks(t *testing.T) {
	m := medusa.Start(t)
	p := launch(t, nil, append(inFrontOfReal(m, m.URL), "DEFAULT_PUBLISHABLE_KEY="+m.PublishableKey)...)
	script, err := filepath.Abs(filepath.Join("testdata", "guide.cjs"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "node", "--no-warnings", "--experimental-websocket", script, p.url, m.Token(t))
	said, err := command.CombinedOutput()
	require.NoError(t, err, "%s", said)
	seen := gjson.ParseBytes(said)
	require.Equal(t, "false null", fmt.Sprint(seen.Get("isLoading"), " ", seen.Get("error").Raw), "%s", said)
	require.JSONEq(t, `[60,12]`, seen.Get("availability.availability.#.available_quantity").Raw)
	require.JSONEq(t, `{"isValid":false,"errors":[
		{"variant_id":"variant_bd_14g","message":"Insufficient stock for this item","available_quantity":60,"requested_quantity":5000}]}`, seen.Get("cart").Raw)
	require.JSONEq(t, `[2,2,1]`, fmt.Sprintf("[%d,%d,%d]", len(seen.Get("batch.iitem_bd_14g").Array()), len(seen.Get("batch.iitem_bd_7g").Array()), len(seen.Get("batch.iitem_nope").Array())))
	require.Equal(t, "iitem_bd_14g sloc_high_up 3", fmt.Sprint(seen.Get("update.inventory_item_id"), " ", seen.Get("update.location_id"), " ", seen.Get("update.stocked_quantity")), "%s", said)
}

const hookSecret = "a secret of the two"

// hook tells the gateway, as Medusa's side does, that a level has changed.
func (p *program) hook(t *testing.T, secret, id string) reply {
	t.Helper()
	const body = `{"event":"inventory.inventory-level.updated","data":{"id":"ilev_1"}}`
	at := fmt.Sprint(time.Now().Unix())
	sum := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(sum, "%s.%s.%s", id, at, body)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/hooks/medusa", strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("webhook-id", id)
	request.Header.Set("webhook-timestamp", at)
	request.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	return p.read(t, request)
}

func TestRealMedusasHookMakesAChangeKnownAtOnce(t *testing.T) {
	s := newRealShop(t, "LIVE_POLL_INTERVAL=1h", "WEBHOOK_SECRET="+hookSecret)
	f := s.follow(t, s.medusa.PublishableKey, "iitem_bd_14g")
	s.stock(t, 21, place{"iitem_bd_14g", "sloc_high_up"})
	began := time.Now()
	require.Equal(t, http.StatusNoContent, s.hook(t, hookSecret, "msg_1").status)
	require.Equal(t, "iitem_bd_14g 21 0", f.hearLevel(t))
	t.Logf("the change was told %s after the hook", time.Since(began))
	require.NotContains(t, s.logs.String(), hookSecret)
	require.Equal(t, "1", s.metric(t, `gateway_hooks_total{result="taken"}`))
}

func TestTwoGatewaysTellEachOther(t *testing.T) {
	m := medusa.Start(t)
	environment := append(inFrontOfReal(m, m.URL), "LIVE_POLL_INTERVAL=1h", "STATE_DSN="+medusa.NewDatabase(t, m.DatabaseURL))
	one, other := launch(t, nil, environment...), launch(t, nil, environment...)
	f := other.follow(t, m.PublishableKey, "iitem_bd_14g")
	began := time.Now()
	changed := one.send(t, http.MethodPost, m.Token(t), adjustments, adjustment(place{"iitem_bd_14g", "sloc_high_up"}, 1))
	require.Equal(t, http.StatusOK, changed.status, changed.text)
	require.Equal(t, "iitem_bd_14g 13 0", f.hearLevel(t))
	t.Logf("told at the other gateway %s after the request was sent", time.Since(began))
}

func TestWebSocketsEndWithTheGateway(t *testing.T) {
	fake := medusatest.New()
	p := launch(t, nil, append(inFrontOf(t, fake), "SHUTDOWN_TIMEOUT=10s")...)
	f := p.follow(t, medusatest.PublishableToken("sc_cannahub"), "iitem_bd_14g")
	p.terminate(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, _, err := f.conn.Read(ctx)
	require.Equal(t, websocket.StatusGoingAway, websocket.CloseStatus(err), "%v", err)
	require.NoError(t, p.end(t))
}
