package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// refuses has the gateway refuse a WebSocket, and returns what it says in the headers.
func (p *program) refuses(t *testing.T, status int, key string) http.Header {
	t.Helper()
	conn, answer, err := websocket.Dial(t.Context(), p.url+"/ws"+with(key), nil) //nolint:bodyclose // the library closes it
	if err == nil {
		_ = conn.CloseNow()
	}
	require.Error(t, err, "a WebSocket is opened with key %q", key)
	require.NotNil(t, answer, "%v", err)
	require.Equal(t, status, answer.StatusCode, "a WebSocket with key %q", key)
	return answer.Header
}

// with is a query that names a key, where there is one.
func with(key string) string {
	if key == "" {
		return ""
	}
	return "?publishableKey=" + key
}

// closed reads on until the gateway ends the connection, and returns why and how
// many answers came before. It is not waited for more than most.
func (f *follower) closed(t *testing.T, most int) (why websocket.StatusCode, answers int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ; answers <= most; answers++ {
		if _, _, err := f.conn.Read(ctx); err != nil {
			return websocket.CloseStatus(err), answers
		}
	}
	require.FailNow(t, "the connection is not ended")
	return 0, 0
}

func TestRealMedusaBadInputOfShoppersHasAClearAnswer(t *testing.T) {
	s := newRealShop(t, "LIVE_FEEDS_PER_ADDRESS=5", "LIVE_POLL_INTERVAL=1h", "WEBHOOK_SECRET="+hookSecret)
	witness := s.follow(t, s.medusa.PublishableKey, "iitem_bd_14g")
	t.Run("keys", func(t *testing.T) { sendBadKeys(t, s) })
	t.Run("questions", func(t *testing.T) { askBadQuestions(t, s) })
	t.Run("lines of a cart", func(t *testing.T) { addBadLines(t, s) })
	t.Run("messages", func(t *testing.T) { sendBadMessages(t, s) })
	t.Run("ten thousand subscriptions", func(t *testing.T) { subscribeTooMuch(t, s) })
	t.Run("hooks", func(t *testing.T) { sendBadHooks(t, s, witness) })

	answer := s.sendAsShopper(t, s.medusa.PublishableKey, storeAvailability, guideRows("iitem_bd_7g"))
	require.Equal(t, http.StatusOK, answer.status, "a good question after all the bad ones: %s", answer.text)
	require.Len(t, gjson.Get(answer.text, "availability").Array(), 2)
	require.Equal(t, http.StatusOK, s.get(t, "", "/readyz").status)
}

func sendBadKeys(t *testing.T, s *realShop) {
	t.Helper()
	for _, key := range []string{"", "pk_nope", "pk_" + strings.Repeat("0", 64), s.medusa.SecretKey} {
		for path, body := range map[string]string{
			storeAvailability:             guideRows("iitem_bd_7g"),
			"/api/inventory/availability": `{"items":[{"sku":"BD-7G-001","requiredQuantity":1}]}`,
			"/api/cart/validate":          `{"items":[{"variantId":"variant_bd_7g","quantity":1}]}`,
		} {
			answer := s.sendAsShopper(t, key, path, body)
			require.Equal(t, http.StatusUnauthorized, answer.status, "%s with key %q: %s", path, key, answer.text)
			require.Equal(t, "UNAUTHORIZED", gjson.Get(answer.text, "code").String(), path)
		}
		streamed := s.sendWithKey(t, s.url, key, http.MethodGet, "/api/inventory/stream?inventoryItemId=iitem_bd_7g", "")
		require.Equal(t, http.StatusUnauthorized, streamed.status, "a stream with key %q: %s", key, streamed.text)
		s.refuses(t, http.StatusUnauthorized, key)
		for _, path := range []string{"/store/products", "/store/products/prod_blue_dream"} {
			passed, straight := s.sendWithKey(t, s.url, key, http.MethodGet, path, ""), s.sendWithKey(t, s.medusa.URL, key, http.MethodGet, path, "")
			require.Equal(t, http.StatusBadRequest, passed.status, "%s with key %q: %s", path, key, passed.text)
			require.Equal(t, straight.text, passed.text, "Medusa's own words")
		}
	}
}

func askBadQuestions(t *testing.T, s *realShop) {
	t.Helper()
	const row, line = `{"inventoryItemId":"iitem_bd_7g","requiredQuantity":1}`, `{"variantId":"variant_bd_7g","quantity":1}`
	items := func(count int, row string) string {
		return `{"items":[` + strings.Join(slices.Repeat([]string{row}, count), ",") + `]}`
	}
	guides := func(quantity string) string {
		return items(1, `{"inventory_item_id":"iitem_bd_7g","required_quantity":`+quantity+`}`)
	}
	padded := func(body string, size int) string { return body + strings.Repeat(" ", size-len(body)) }
	const ours, cart = "/api/inventory/availability", "/api/cart/validate"
	for _, asked := range []struct {
		name, path, body string
		status           int
		code, pointer    string
	}{
		{"501 items, as the guide spells them", storeAvailability, guideRows(slices.Repeat([]string{"iitem_bd_7g"}, 501)...), 422, "VALIDATION_FAILED", "/items"},
		{"501 items", ours, items(501, row), 422, "VALIDATION_FAILED", "/items"},
		{"501 lines", cart, items(501, line), 422, "VALIDATION_FAILED", "/items"},
		{"500 items", ours, items(500, row), 200, "", ""},
		{"no items", ours, items(0, ""), 422, "VALIDATION_FAILED", "/items"},
		{"quantity 0, as the guide spells it", storeAvailability, guides("0"), 422, "VALIDATION_FAILED", "/items/0/required_quantity"},
		{"quantity -1, as the guide spells it", storeAvailability, guides("-1"), 422, "VALIDATION_FAILED", "/items/0/required_quantity"},
		{"quantity 0", ours, strings.Replace(items(1, row), ":1}", ":0}", 1), 422, "VALIDATION_FAILED", "/items/0/requiredQuantity"},
		{"quantity -1", ours, strings.Replace(items(1, row), ":1}", ":-1}", 1), 422, "VALIDATION_FAILED", "/items/0/requiredQuantity"},
		{"quantity 0 of a line", cart, strings.Replace(items(1, line), ":1}", ":0}", 1), 422, "VALIDATION_FAILED", "/items/0/quantity"},
		{"quantity -1 of a line", cart, strings.Replace(items(1, line), ":1}", ":-1}", 1), 422, "VALIDATION_FAILED", "/items/0/quantity"},
		{"no JSON", ours, `{"items":[`, 400, "INVALID_JSON", ""},
		{"1 MiB", storeAvailability, padded(guideRows("iitem_bd_7g"), 1<<20), 200, "", ""},
		{"1 MiB and a byte", storeAvailability, padded(guideRows("iitem_bd_7g"), 1<<20+1), 413, "BODY_TOO_LARGE", ""},
		{"1 MiB and a byte of lines", cart, padded(items(1, line), 1<<20+1), 413, "BODY_TOO_LARGE", ""},
		{"1 MiB and a byte of a cart", "/store/carts", padded(`{"region_id":"reg_argentina","items":[]}`, 1<<20+1), 413, "BODY_TOO_LARGE", ""},
	} {
		answer := s.sendAsShopper(t, s.medusa.PublishableKey, asked.path, asked.body)
		require.Equal(t, asked.status, answer.status, "%s: %s", asked.name, answer.text)
		require.Equal(t, asked.code, gjson.Get(answer.text, "code").String(), asked.name)
		require.Equal(t, asked.pointer, gjson.Get(answer.text, "errors.0.pointer").String(), asked.name)
	}

	unknown := s.sendAsShopper(t, s.medusa.PublishableKey, ours,
		`{"items":[{"inventoryItemId":"iitem_nope","requiredQuantity":1},{"variantId":"variant_nope","requiredQuantity":1},{"sku":"NOPE","requiredQuantity":1},`+row+`]}`)
	require.Equal(t, http.StatusOK, unknown.status, unknown.text)
	require.Equal(t, `["INVENTORY_ITEM_NOT_FOUND","VARIANT_NOT_FOUND","SKU_NOT_FOUND"]`, gjson.Get(unknown.text, "availability.#.code").Raw, unknown.text)
	require.Equal(t, `[false,false,false,true,true]`, gjson.Get(unknown.text, "availability.#.isAvailable").Raw, "the good row beside the unknown ones")
	guide := s.sendAsShopper(t, s.medusa.PublishableKey, storeAvailability, guideRows("iitem_nope"))
	require.Equal(t, `["INVENTORY_ITEM_NOT_FOUND"]`, gjson.Get(guide.text, "availability.#.code").Raw, guide.text)
	lines := s.sendAsShopper(t, s.medusa.PublishableKey, cart, strings.Replace(items(1, line), "variant_bd_7g", "variant_nope", 1))
	require.Equal(t, `false ["VARIANT_NOT_FOUND"]`, fmt.Sprint(gjson.Get(lines.text, "isValid"), " ", gjson.Get(lines.text, "errors.#.code").Raw), lines.text)
}

// addBadLines adds to a cart what cannot be, of which nothing is to be held.
func addBadLines(t *testing.T, s *realShop) {
	t.Helper()
	ana := shopper{s.program, s.medusa.PublishableKey}
	cart := ana.cart(t)
	for _, quantity := range []int{0, -1} {
		answer := ana.try(t, http.MethodPost, cart+"/line-items", toAdd("variant_bd_7g", quantity))
		straight := s.sendWithKey(t, s.medusa.URL, s.medusa.PublishableKey, http.MethodPost, cart+"/line-items", toAdd("variant_bd_7g", quantity))
		require.Equal(t, http.StatusBadRequest, answer.status, "quantity %d: %s", quantity, answer.text)
		require.Equal(t, straight.text, answer.text, "Medusa's own words")
	}
	require.Equal(t, http.StatusNotFound, ana.try(t, http.MethodPost, "/store/carts/cart_nope/line-items", toAdd("variant_bd_7g", 1)).status)
	s.requireLevel(t, place{"iitem_bd_7g", "sloc_high_up"}, 50, 5)
	s.requireLevel(t, place{"iitem_bd_7g", "sloc_deposito"}, 200, 0)
}

func sendBadMessages(t *testing.T, s *realShop) {
	t.Helper()
	many := make([]string, 501)
	for i := range many {
		many[i] = fmt.Sprintf("iitem_%d", i)
	}
	f := s.connect(t, s.medusa.PublishableKey)
	for message, want := range map[string]string{
		"no JSON":                     `error INVALID_JSON`,
		"":                            `error INVALID_JSON`,
		`[]`:                          `error VALIDATION_FAILED`,
		`{"type":"nope"}`:             `error VALIDATION_FAILED /type`,
		`{"type":"subscribe"}`:        `error VALIDATION_FAILED /entity`,
		subscription("iitem_nope"):    `error INVENTORY_ITEM_NOT_FOUND`,
		subscription(many...):         `error VALIDATION_FAILED /filters/inventory_item_id`,
		subscription(many[:500]...):   `error INVENTORY_ITEM_NOT_FOUND`,
		`{"type":"resume","after":0}`: `error VALIDATION_FAILED /after`,
		`{"type":"ping"}`:             `pong`,
	} {
		f.say(t, message)
		told := f.hear(t)
		require.Equal(t, want, strings.Join(strings.Fields(fmt.Sprint(told.Get("type"), " ", told.Get("code"), " ", told.Get("errors.0.pointer"))), " "), "%.60s: %s", message, told.Raw)
	}
	f.say(t, subscription("iitem_bd_7g"))
	require.Equal(t, "subscribed", f.hear(t).Get("type").String(), "who has sent nonsense is served no more")

	long := strings.Replace(subscription("iitem_bd_7g"), "{", "{"+strings.Repeat(" ", 1<<20), 1)
	go func() { _ = f.conn.Write(context.WithoutCancel(t.Context()), websocket.MessageText, []byte(long)) }() // it is not taken to its end
	why, _ := f.closed(t, 0)
	require.Equal(t, websocket.StatusMessageTooBig, why, "a message of 1 MiB")
}

func subscribeTooMuch(t *testing.T, s *realShop) {
	t.Helper()
	key := s.medusa.PublishableKey
	alone := func() bool { return s.metric(t, "gateway_live_feeds") == "1" } // but for the witness
	require.Eventually(t, alone, patience, 20*time.Millisecond, "feeds that have ended are counted")
	var feeds []*follower
	for range 4 {
		feeds = append(feeds, s.follow(t, key, "iitem_bd_7g"))
	}
	require.NotEmpty(t, s.refuses(t, http.StatusTooManyRequests, key).Get("Retry-After"), "a sixth connection")
	streamed := s.get(t, "", "/api/inventory/stream?inventoryItemId=iitem_bd_7g&publishableKey="+key)
	require.Equal(t, "429 RATE_LIMITED", fmt.Sprint(streamed.status, " ", gjson.Get(streamed.text, "code")), streamed.text)

	const subscriptions = 10_000
	go func() {
		for range subscriptions {
			if feeds[0].conn.Write(context.WithoutCancel(t.Context()), websocket.MessageText, []byte(subscription("iitem_bd_14g"))) != nil {
				return
			}
		}
	}()
	why, answers := feeds[0].closed(t, subscriptions)
	require.Equal(t, websocket.StatusPolicyViolation, why, "after %d answers", answers)
	require.Less(t, answers, subscriptions/10, "answers until he is cut off")
	for _, feed := range feeds[1:] {
		feed.say(t, `{"type":"ping"}`)
		require.Equal(t, "pong", feed.hear(t).Get("type").String(), "another's flood ends him")
		feed.cut(t)
	}
	require.Eventually(t, alone, patience, 20*time.Millisecond, "feeds that have ended are counted")
	s.follow(t, key, "iitem_bd_7g").cut(t)
}

// sendBadHooks sends hooks among which one is good. Who follows hears of what that one
// tells of, and has heard of nothing before.
func sendBadHooks(t *testing.T, s *realShop, witness *follower) {
	t.Helper()
	high := place{"iitem_bd_14g", "sloc_high_up"}
	s.stock(t, 21, high)
	forged := s.hook(t, "another secret", "msg_1")
	require.Equal(t, "401 UNAUTHORIZED", fmt.Sprint(forged.status, " ", gjson.Get(forged.text, "code")), forged.text)
	require.Equal(t, "0", s.metric(t, `gateway_hooks_total{result="taken"}`))
	s.stock(t, 22, high)
	require.Equal(t, http.StatusNoContent, s.hook(t, hookSecret, "msg_1").status, "one with the id of a forged one")
	require.Equal(t, "iitem_bd_14g 22 0", witness.hearLevel(t), "a forged hook has it read")
	s.stock(t, 23, high)
	replayed := s.hook(t, hookSecret, "msg_1")
	require.Equal(t, "409 HOOK_REPLAYED", fmt.Sprint(replayed.status, " ", gjson.Get(replayed.text, "code")), replayed.text)
	require.Equal(t, "1", s.metric(t, `gateway_hooks_total{result="taken"}`))
	s.stock(t, 24, high)
	require.Equal(t, http.StatusNoContent, s.hook(t, hookSecret, "msg_2").status)
	require.Equal(t, "iitem_bd_14g 24 0", witness.hearLevel(t), "a replayed hook has it read")
}
