package bff

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// moment is for what is not to happen while it is waited for.
const moment = 200 * time.Millisecond

// passWith passes a request of JSON with headers of its caller's choice, names and values
// in turn.
func (s *shop) passWith(ctx context.Context, method, path, body string, headers ...string) (said, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://gateway"+path, strings.NewReader(body))
	if err != nil {
		return said{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.Pass(request, "/"+strings.Split(path, "/")[1]+"/*")
	if err != nil {
		return said{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return said{response.StatusCode, string(text)}, err
}

// administer passes a request of the shop's admin, which succeeds.
func (s *shop) administer(t testing.TB, method, path, body string) {
	t.Helper()
	answer, err := s.passWith(t.Context(), method, path, body, "Authorization", "Bearer "+s.medusa.Token(medusatest.UserID))
	require.NoError(t, err, "%s %s", method, path)
	require.Equal(t, http.StatusOK, answer.status, "%s %s: %s", method, path, answer.text)
}

// Medusa fulfils, cancels and receives by reading levels and writing them: while a change of
// stock is on its way nothing of that may begin.
func TestWhatAnOrderDoesToStockWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	release := s.hold(t)
	play := func(path string) { s.medusa.Fail(medusatest.Match{Path: path}, medusatest.Answer(http.StatusOK, `{}`)) }

	giveUp, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	var waiting sync.WaitGroup
	waits := []string{
		"/admin/orders/order_1/fulfillments", "/admin/orders/order_1/fulfillments/", "/admin/Orders/order_1/FULFILLMENTS",
		"/admin/orders/order_1/fulfillments/ful_1/cancel", "/admin/orders/order_1/fulfillments/ful_1/cancel/", "/admin/orders/order_1/Fulfillments/ful_1/Cancel",
		"/admin/returns/return_1/receive/confirm", "/admin/returns/return_1/receive/confirm/", "/admin/RETURNS/return_1/Receive/Confirm",
	}
	for _, path := range waits {
		play(path)
		waiting.Go(func() {
			answer, err := s.passWith(giveUp, http.MethodPost, path, `{}`)
			assert.Error(t, err, "POST %s is answered in the middle of a change of stock: %v", path, answer)
		})
	}
	for path, method := range map[string]string{
		"/admin/orders/order_2/fulfillments":                 http.MethodGet,
		"/admin/orders/order_2/archive":                      http.MethodPost,
		"/admin/orders/order_2/fulfillments/ful_1/shipments": http.MethodPost,
		"/admin/returns/return_2/receive":                    http.MethodPost,
	} {
		play(path)
		answer, err := s.passWith(t.Context(), method, path, ``)
		require.NoError(t, err, "%s %s waits for stock, which it does not change", method, path)
		require.Equal(t, http.StatusOK, answer.status)
	}
	waiting.Wait()
	for _, path := range waits {
		require.NotContains(t, s.paths(), "POST "+path, "Medusa has got it in the middle of a change of stock")
	}

	release()
	for _, path := range waits {
		answer, err := s.passWith(t.Context(), http.MethodPost, path, `{}`)
		require.NoError(t, err, path)
		require.Equal(t, said{http.StatusOK, `{}`}, answer, path)
	}
}

// Where nobody knows whether Medusa has done what an order does, it may be at it yet, and no stock
// changes until nothing of it can come any more.
func TestNoStockChangesWhileWhatAnOrderDoesMayStillCome(t *testing.T) {
	t.Parallel()
	const path = "/admin/orders/order_1/fulfillments"
	for name, test := range map[string]struct {
		failure medusatest.Failure
		shut    bool
	}{
		"no answer":                   {medusatest.Cut(), true},
		"a proxy's answer":            {medusatest.Answer(http.StatusGatewayTimeout, `<html>`), true},
		"done":                        {medusatest.Answer(http.StatusOK, `{}`), false},
		"refused":                     {medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"no"}`), false},
		"failed in Medusa and undone": {medusatest.Answer(http.StatusInternalServerError, `{"type":"unknown_error","message":"no"}`), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := timed(t)
			over := clock.now().Add(medusaclient.Landing)
			s.medusa.Fail(medusatest.Match{Path: path}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
				if test.shut {
					clock.forward.Add(int64(medusaclient.Landing - moment)) // and so the wait is soon over
				}
				test.failure(w, r, medusa)
			})
			_, _ = s.passWith(t.Context(), http.MethodPost, path, `{}`)
			waiting, stop := context.WithTimeout(t.Context(), medusaclient.Landing/2)
			defer stop()
			_, err := s.adjust(waiting, s.by(""), more("iitem_bd_1g", 5))
			require.NoError(t, err)
			require.Equal(t, test.shut, !clock.now().Before(over), "stock changed too early, or had to wait for nothing")
			s.requireStock(t, "iitem_bd_1g", 105)
		})
	}
}

// The watcher would look in an hour.
func TestAWriteThatPassesIsToldToWhoFollows(t *testing.T) {
	t.Parallel()
	s := followed(t, time.Hour)
	feed := s.feed(t, shopper(shopKey), "iitem_bd_14g")

	s.administer(t, http.MethodPost, "/admin/reservations", `{"inventory_item_id":"iitem_bd_14g","location_id":"sloc_deposito","quantity":2}`)
	require.Equal(t, []string{"sloc_deposito 58"}, hear(t, feed))

	cart := s.newCart(t) // which holds nothing: carts are Medusa's alone here
	s.add(t, cart, "variant_bd_14g", 20)
	s.must(t, http.MethodPost, "/store/carts/"+cart+"/complete", "")
	require.Equal(t, []string{"sloc_deposito 38"}, hear(t, feed))
}

// Keys are held for a minute here.
func TestWhatAKeyOpensFollowsWritesThatPass(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/admin/stock-locations/sloc_mayorista/sales-channels", "/admin/sales-channels/sc_mayorista", "/admin/api-keys/apk_sc_mayorista/sales-channels",
		"/admin/Api-Keys/apk_sc_mayorista/revoke/",
	} {
		t.Run(path, func(t *testing.T) {
			s := frequented(t)
			question := itemsQuestion("iitem_bd_14g")
			require.Equal(t, []string{"sloc_mayorista 800"}, shown(s.mustAsk(t, shopper(wholesaleKey), question)))
			s.medusa.Fail(medusatest.Match{Path: path}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
				s.closeWholesale()
				medusatest.Answer(http.StatusOK, `{}`)(w, r, medusa)
			})
			s.administer(t, http.MethodPost, path, `{}`)
			require.Equal(t, []string{" 0"}, shown(s.mustAsk(t, shopper(wholesaleKey), question)), "shown by what the key opened before")
		})
	}
}

// closeWholesale takes the wholesale location out of its sales channel, at Medusa.
func (s *shop) closeWholesale() {
	s.medusa.Put(medusatest.StockLocation{ID: wholesale, Name: "Depósito Mayorista"})
}

// A cart tells by which key it was made: it belongs to that key's sales channel.
func TestWhoPassesWithoutAKeyHasTheConfiguredOne(t *testing.T) {
	s := newShop(t, func(c *Config) { c.DefaultKey = wholesaleKey })
	for _, test := range []struct {
		headers []string
		channel string
	}{
		{nil, "sc_mayorista"},
		{[]string{PublishableKey, shopKey}, "sc_cannahub"},
	} {
		answer, err := s.passWith(t.Context(), http.MethodPost, "/store/carts", `{}`, test.headers...)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.status, "with %v: %s", test.headers, answer.text)
		require.Contains(t, answer.text, fmt.Sprintf(`"sales_channel_id":%q`, test.channel), "with %v", test.headers)
	}

	s = newShop(t)
	answer, err := s.passWith(t.Context(), http.MethodPost, "/store/carts", `{}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, answer.status, "where none is configured Medusa says that there must be one: %s", answer.text)
}

// Medusa takes these spellings too.
func TestACartHoldsItsLinesInEverySpellingOfItsRoutes(t *testing.T) {
	t.Parallel()
	s, _ := carted(t)
	s.medusa.Fail(medusatest.Match{Path: "/store/**"}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		r.URL.Path = strings.NewReplacer("/Carts", "/carts", "/Line-Items", "/line-items", "/COMPLETE/", "/complete").Replace(r.URL.Path)
		medusa.ServeHTTP(w, r)
	})
	cart := s.newCart(t)
	s.must(t, http.MethodPost, "/store/Carts/"+cart+"/Line-Items", toAdd(scarce, 2))
	require.Equal(t, []string{"iitem_rareza_siete sloc_high_up 2"}, s.heldBy(t, cart))
	s.must(t, http.MethodPost, "/store/Carts/"+cart+"/COMPLETE/", "")
	require.Empty(t, s.heldBy(t, cart))
	s.requireReserved(t, scarceItem, shopFloor, 2)
}

// What is added to a cart while it becomes an order would be held for nobody, or be in nobody's
// order.
func TestACartIsNotChangedWhileItIsCompleted(t *testing.T) {
	t.Parallel()
	s, _ := carted(t)
	cart := s.newCart(t)
	s.add(t, cart, scarce, 4)
	begun, released := make(chan struct{}), make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/store/carts/*/complete"}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		close(begun)
		medusatest.Hold(released)(w, r, medusa)
	})
	var both sync.WaitGroup
	both.Go(func() {
		answer, err := s.pass(context.Background(), http.MethodPost, "/store/carts/"+cart+"/complete", "")
		if assert.NoError(t, err) {
			assert.Equal(t, http.StatusOK, answer.status, answer.text)
		}
	})
	<-begun
	s.medusa.ResetCalls()
	both.Go(func() {
		answer, err := s.pass(context.Background(), http.MethodPost, "/store/carts/"+cart+"/line-items", toAdd(scarce, 1))
		if assert.NoError(t, err) {
			assert.Equal(t, http.StatusBadRequest, answer.status, "added to a cart that is an order: %s", answer.text)
		}
	})
	waits := func() bool {
		s.carts.mu.Lock()
		defer s.carts.mu.Unlock()
		its := s.carts.of[cart]
		return its != nil && its.users == 2
	}
	assert.Eventually(t, func() bool { return waits() || len(s.paths()) > 0 }, patience, time.Millisecond)
	assert.Empty(t, s.paths(), "Medusa is asked to change a cart that it completes")
	close(released)
	both.Wait()
	s.requireLines(t, cart, map[string]float64{scarce: 4})
	s.requireReserved(t, scarceItem, shopFloor, 4)
	require.Empty(t, s.heldBy(t, cart))
}
