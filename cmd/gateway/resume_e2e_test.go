package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// stream is a client who follows stock by server-sent events.
type stream struct {
	leave context.CancelFunc
	lines *bufio.Scanner
	last  string // the id of the last event, after which he goes on
}

// stream opens a stream as a browser does, which goes on after the last event it knows.
func (p *program) stream(t *testing.T, key, last string, items ...string) *stream {
	t.Helper()
	ctx, leave := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(leave)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/inventory/stream?inventoryItemId="+strings.Join(items, ",")+"&publishableKey="+key, nil)
	require.NoError(t, err)
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	response, err := p.client.Do(request) //nolint:bodyclose // to leave closes it
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	s := &stream{leave: leave, lines: bufio.NewScanner(response.Body)}
	require.Equal(t, "subscribed", s.hear(t).Get("type").String())
	return s
}

// hear waits for the next event.
func (s *stream) hear(t *testing.T) (told gjson.Result) {
	t.Helper()
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch field {
		case "id":
			s.last = value
		case "data":
			told = gjson.Parse(value)
		case "":
			if told.Exists() {
				return told
			}
		}
	}
	require.NoError(t, s.lines.Err(), "nothing more was said")
	require.FailNow(t, "the stream has ended")
	return told
}

// change is a change that somebody was told of, in whichever spelling.
func change(told gjson.Result) string {
	payload := told.Get("payload")
	either := func(ours, medusas string) string {
		return cmp.Or(payload.Get(ours).String(), payload.Get(medusas).String())
	}
	return fmt.Sprint(told.Get("sequence"), ": ", either("inventoryItemId", "inventory_item_id"), " at ", either("locationId", "location_id"), " ",
		either("stockedQuantity", "stocked_quantity"), " ", either("reservedQuantity", "reserved_quantity"))
}

// quantities is what is stocked and reserved after a change.
func quantities(change string) string { return change[strings.Index(change, ": ")+2:] }

// TestRealMedusaIsFollowedOnAfterACut compares who is cut off, and follows on when he
// is back, with who stays.
func TestRealMedusaIsFollowedOnAfterACut(t *testing.T) {
	s := newRealShop(t, "LIVE_POLL_INTERVAL=200ms")
	key, items := s.medusa.PublishableKey, []string{"iitem_bd_14g", "iitem_bd_3_5g"}
	high, store, foreign := place{items[0], "sloc_high_up"}, place{items[1], "sloc_deposito"}, place{items[0], "sloc_mayorista"}
	adjust := func(where place, by int) {
		changed := s.send(t, http.MethodPost, s.token, adjustments, adjustment(where, by))
		require.Equal(t, http.StatusOK, changed.status, changed.text)
	}
	stays, leaves, browser := s.follow(t, key, items...), s.follow(t, key, items...), s.stream(t, key, "", items...)
	adjust(high, -2)
	known := change(stays.hear(t))
	require.Equal(t, known, change(leaves.hear(t)))
	require.Equal(t, known, change(browser.hear(t)))
	last, _, _ := strings.Cut(known, ":")
	leaves.cut(t)
	browser.leave()

	var missed []string
	for _, does := range []func(){
		func() { adjust(high, 3) },
		func() { s.stock(t, 41, foreign, store) },
		func() { adjust(foreign, 7); adjust(store, 1) },
		func() {
			s.made(t, "reservation", "/admin/reservations", map[string]any{"inventory_item_id": high.item, "location_id": high.location, "quantity": 4})
		},
		func() { s.stock(t, 17, high) },
	} {
		does()
		missed = append(missed, change(stays.hear(t)))
	}
	for i, want := range []string{
		"iitem_bd_14g at sloc_high_up 13 0", "iitem_bd_3_5g at sloc_deposito 41 0", "iitem_bd_3_5g at sloc_deposito 42 0",
		"iitem_bd_14g at sloc_high_up 13 4", "iitem_bd_14g at sloc_high_up 17 4",
	} {
		require.Equal(t, want, quantities(missed[i]), "what he who stayed was told")
	}

	leaves, browser = s.resume(t, key, last, items...), s.stream(t, key, browser.last, items...)
	adjust(high, 1)
	for i, want := range append(missed, change(stays.hear(t))) {
		require.Equal(t, want, change(leaves.hear(t)), "change %d after the cut, over the WebSocket", i+1)
		require.Equal(t, want, change(browser.hear(t)), "change %d after the cut, by server-sent events", i+1)
	}

	// And when nobody looked meanwhile.
	last = browser.last
	stays.cut(t)
	leaves.cut(t)
	browser.leave()
	require.Eventually(t, func() bool { return s.metric(t, "gateway_live_feeds") == "0" }, patience, 20*time.Millisecond)
	adjust(high, -8)
	s.stock(t, 77, store)
	adjust(high, -1)
	leaves, browser = s.resume(t, key, last, items...), s.stream(t, key, last, items...)
	for _, want := range []string{"iitem_bd_14g at sloc_high_up 10 4", "iitem_bd_14g at sloc_high_up 9 4", "iitem_bd_3_5g at sloc_deposito 77 0"} {
		told := change(leaves.hear(t))
		require.Equal(t, want, quantities(told))
		require.Equal(t, told, change(browser.hear(t)))
	}
	adjust(high, 1)
	require.Equal(t, "iitem_bd_14g at sloc_high_up 10 4", quantities(change(leaves.hear(t))), "something is told twice")
	require.Equal(t, "iitem_bd_14g at sloc_high_up 10 4", quantities(change(browser.hear(t))), "something is told twice")
}
