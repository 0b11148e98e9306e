package medusaclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestBaseURLs(t *testing.T) {
	for _, wrong := range []string{"", "medusa", "medusa:9000", "/admin", "ftp://medusa", "http://", "http://a b", "://"} {
		_, err := New(Config{BaseURL: wrong, Timeout: time.Second, MaxConcurrency: 1, Metrics: prometheus.NewRegistry()})
		assert.Error(t, err, wrong)
	}
}

func TestCallsGoBelowTheBaseURL(t *testing.T) {
	server := medusatest.New()
	var paths []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.EscapedPath())
		http.StripPrefix("/shop", server).ServeHTTP(w, r)
	}))
	defer proxy.Close()
	by := Bearer(server.Token(medusatest.UserID))
	for _, base := range []string{"/shop", "/shop/", "/shop//"} {
		client := newClient(t, Config{BaseURL: proxy.URL + base})
		product, err := client.Products.Get(t.Context(), by, "prod_blue_dream")
		require.NoError(t, err, base)
		assert.Equal(t, "prod_blue_dream", product.ID)
		_, err = client.Auth.Login(t.Context(), medusatest.Email, medusatest.Password)
		require.NoError(t, err, base)
		assert.Equal(t, []string{"/shop/admin/products/prod_blue_dream", "/shop/auth/user/emailpass"}, paths)
		paths = nil
		client.Close()
	}
}

// everyCall makes each call below /admin.
func everyCall(ctx context.Context, c *Client, by Credential) error {
	for _, call := range []func() error{
		func() error { _, err := c.InventoryItems.List(ctx, by, InventoryItemFilter{}, 1, 0); return err },
		func() error { _, err := c.InventoryItems.ListByID(ctx, by, []string{"iitem_bd_1g"}); return err },
		func() error { _, err := c.InventoryItems.ListStock(ctx, by, InventoryItemFilter{}); return err },
		func() error { _, err := c.InventoryItems.Get(ctx, by, "iitem_bd_1g"); return err },
		func() error { _, err := c.Products.Get(ctx, by, "prod_durban"); return err },
		func() error { _, err := c.Products.List(ctx, by, ProductFilter{}, 1, 0); return err },
		func() error { _, _, err := c.Products.VariantItems(ctx, by, "variant_bd_1g"); return err },
		func() error { _, err := c.StockLocations.List(ctx, by, StockLocationFilter{}, 1, 0); return err },
		func() error { _, err := c.StockLocations.Get(ctx, by, "sloc_high_up"); return err },
		func() error { _, err := c.Stores.List(ctx, by); return err },
		func() error {
			_, err := c.InventoryItems.ListCounted(ctx, by, CountedFilter{SKUs: []string{"H-001"}})
			return err
		},
		func() error {
			_, err := c.Products.ListCounted(ctx, by, []string{"variant_bd_1g"}, CountedLevels{Shown: true, Locations: true})
			return err
		},
		func() error { _, err := c.StockLocations.ListByID(ctx, by, []string{"sloc_high_up"}); return err },
		func() error { return c.InventoryItems.ConfirmRead(ctx, by) },
		func() error { return c.InventoryItems.ConfirmWrite(ctx, by) },
		func() error {
			_, err := c.InventoryItems.CreateLevels(ctx, by, soon(), []LevelWrite{{InventoryItemID: "iitem_sin_nivel", LocationID: "sloc_high_up"}})
			return err
		},
		func() error {
			_, err := c.InventoryItems.UpdateLevels(ctx, by, soon(), []LevelWrite{bdHighUp("3")})
			return err
		},
		func() error { return c.InventoryItems.DeleteLevels(ctx, by, soon(), []string{"ilev_nope"}, false) },
		func() error { return setUpOnce(ctx, c, by) },
	} {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}

// setUpOnce makes each call that sets a location up, and takes it down again.
func setUpOnce(ctx context.Context, c *Client, by Credential) error {
	var location StockLocation
	var set FulfillmentSet
	var zone ServiceZone
	for _, call := range []func() error{
		func() error { _, err := c.SalesChannels.Get(ctx, by, "sc_cannahub"); return err },
		func() error { _, err := c.Fulfillment.FindProfile(ctx, by, ""); return err },
		func() error { _, err := c.Fulfillment.ListProviders(ctx, by); return err },
		func() error { _, err := c.Fulfillment.ListOptionTypes(ctx, by, "pickup"); return err },
		func() error { _, err := c.StockLocations.ListMadeSince(ctx, by, time.Now()); return err },
		func() (err error) {
			location, err = c.StockLocations.Create(ctx, by, soon(), LocationWrite{Name: new("Once")})
			return err
		},
		func() error {
			_, err := c.StockLocations.Update(ctx, by, location.ID, LocationWrite{Metadata: Raw(`{"a":""}`)})
			return err
		},
		func() error {
			return c.StockLocations.LinkProviders(ctx, by, soon(), location.ID, Links{Add: []string{"manual_manual"}})
		},
		func() error {
			return c.StockLocations.LinkSalesChannels(ctx, by, soon(), location.ID, Links{Add: []string{"sc_a"}, Remove: []string{"sc_b"}})
		},
		func() (err error) {
			set, err = c.StockLocations.CreateFulfillmentSet(ctx, by, soon(), location.ID, "Set", "pickup")
			return err
		},
		func() (err error) {
			zone, err = c.Fulfillment.CreateServiceZone(ctx, by, soon(), set.ID, ServiceZone{Name: "Zone", GeoZones: []GeoZone{{Type: "country", CountryCode: "ar"}}})
			return err
		},
		func() error {
			_, err := c.Fulfillment.CreateShippingOption(ctx, by, soon(), ShippingOption{
				Name: "Option", ZoneID: zone.ID, ProfileID: "sp_cannahub", ProviderID: "manual_manual", PriceType: "flat",
				Type: &ShippingOptionType{Label: "Label", Code: "pickup"}, Prices: []OptionPrice{{CurrencyCode: "ars", Amount: "0.10"}},
				Rules: []ShippingOptionRule{{Attribute: "is_return", Operator: "eq", Value: "false"}},
			})
			return err
		},
		func() error { return c.StockLocations.Delete(ctx, by, location.ID) },
	} {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}

// newID is an id of what Medusa made in a test.
var newID = regexp.MustCompile(`_[0-9A-HJKMNP-TV-Z]{26}`)

func TestEveryCallSaysWhoAndWhat(t *testing.T) {
	server, client, by := memoryClient(t, Config{})
	request := &Request{ID: "req-1"}
	require.NoError(t, everyCall(request.With(t.Context()), client, by))
	_, err := client.Auth.Refresh(request.With(t.Context()), by)
	require.NoError(t, err)
	_, err = client.Auth.Login(request.With(t.Context()), medusatest.Email, medusatest.Password)
	require.NoError(t, err)

	calls := server.Calls()
	require.Len(t, calls, 34)
	assert.Equal(t, 34, request.Calls())
	bodies := map[string]string{}
	for _, call := range calls {
		if len(call.Body) > 0 {
			bodies[newID.ReplaceAllString(string(call.Body), "_new")] = call.Method + " " + newID.ReplaceAllString(call.Path, "_new")
		}
		assert.Equal(t, []string{"application/json"}, call.Header["Content-Type"], call.Target)
		assert.Equal(t, []string{"req-1"}, call.Header["X-Request-Id"], call.Target)
		if call.Path == "/auth/user/emailpass" {
			assert.NotContains(t, call.Header, "Authorization")
		} else {
			assert.Equal(t, []string{by.header}, call.Header["Authorization"], call.Target)
		}
		assert.NotContains(t, call.Header, "Traceparent")
		assert.NotContains(t, call.Header, "Accept-Encoding", "the answer comes as it is, and its length with it")
	}

	const batch = "POST /admin/inventory-items/location-levels/batch"
	assert.Equal(t, map[string]string{
		`{"email":"admin@cannahub.test","password":"supersecret"}`: "POST /auth/user/emailpass",
		`{}`: batch,
		`{"create":[{"inventory_item_id":"iitem_sin_nivel","location_id":"sloc_high_up"}]}`:                  batch,
		`{"update":[{"inventory_item_id":"iitem_bd_1g","location_id":"sloc_high_up","stocked_quantity":3}]}`: batch,
		`{"delete":["ilev_nope"]}`:           batch,
		`{"name":"Once"}`:                    "POST /admin/stock-locations",
		`{"metadata":{"a":""}}`:              "POST /admin/stock-locations/sloc_new",
		`{"add":["manual_manual"]}`:          "POST /admin/stock-locations/sloc_new/fulfillment-providers",
		`{"add":["sc_a"],"remove":["sc_b"]}`: "POST /admin/stock-locations/sloc_new/sales-channels",
		`{"name":"Set","type":"pickup"}`:     "POST /admin/stock-locations/sloc_new/fulfillment-sets",
		`{"name":"Zone","geo_zones":[{"type":"country","country_code":"ar"}]}`: "POST /admin/fulfillment-sets/fuset_new/service-zones",
		`{"name":"Option","service_zone_id":"serzo_new","shipping_profile_id":"sp_cannahub","provider_id":"manual_manual","price_type":"flat",` +
			`"type":{"label":"Label","description":"","code":"pickup"},"prices":[{"currency_code":"ars","amount":0.10}],` +
			`"rules":[{"attribute":"is_return","operator":"eq","value":"false"}]}`: "POST /admin/shipping-options",
	}, bodies, "and no kinds of change in one batch")

	server.Reset()
	require.NoError(t, everyCall(t.Context(), client, SecretKey(medusatest.SecretKey)), "a call without a request")
	for _, call := range server.Calls() {
		assert.NotContains(t, call.Header, "X-Request-Id")
		assert.Equal(t, []string{SecretKey(medusatest.SecretKey).header}, call.Header["Authorization"], "each call has its own credential")
	}
}

func TestTracesGoOn(t *testing.T) {
	before := otel.GetTextMapPropagator()
	otel.SetTextMapPropagator(propagation.TraceContext{})
	defer otel.SetTextMapPropagator(before)
	server, client, by := memoryClient(t, Config{Tracing: true})
	traceID := trace.TraceID{1, 2, 3}
	ctx := trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: trace.SpanID{4}, TraceFlags: trace.FlagsSampled,
	}))
	_, err := client.Stores.List(ctx, by)
	require.NoError(t, err)
	assert.Contains(t, server.Calls()[0].Header.Get("Traceparent"), traceID.String())
}

func TestIDsStayOneSegmentOfThePath(t *testing.T) {
	server, client, by := memoryClient(t, Config{})
	for id, target := range map[string]string{
		"a/b":          "/admin/products/a%2Fb?",
		"a?b=c":        "/admin/products/a%3Fb=c?",
		"a#b":          "/admin/products/a%23b?",
		"a b%2e":       "/admin/products/a%20b%252e?",
		"../users/me":  "/admin/products/..%2Fusers%2Fme?",
		"ñ\x00\n":      "/admin/products/%C3%B1%00%0A?",
		"prod_1;x=1,2": "/admin/products/prod_1%3Bx=1%2C2?",
	} {
		server.ResetCalls()
		_, err := client.Products.Get(t.Context(), by, id)
		require.Error(t, err)
		require.Len(t, server.Calls(), 1)
		assert.Contains(t, server.Calls()[0].Target, target)
	}
}

func TestNoCookiesAreKept(t *testing.T) {
	server, client, by := memoryClient(t, Config{})
	server.Fail(medusatest.Match{}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		http.SetCookie(w, &http.Cookie{Name: "connect.sid", Value: "another caller's session", Path: "/"})
		medusa.ServeHTTP(w, r)
	})
	for range 2 {
		_, err := client.Stores.List(t.Context(), by)
		require.NoError(t, err)
	}
	for _, call := range server.Calls() {
		assert.NotContains(t, call.Header, "Cookie")
	}
}

func TestNoRedirectsAreFollowed(t *testing.T) {
	server, client, by := memoryClient(t, Config{})
	server.Fail(medusatest.Match{}, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	_, err := client.Stores.List(t.Context(), by)
	assertOutage(t, Nonsense, err)
	for _, call := range server.Calls() {
		assert.Equal(t, "/admin/stores", call.Path, "the credential goes nowhere else")
	}
}

func assertOutage(t *testing.T, reason Reason, err error) *OutageError {
	t.Helper()
	var outage *OutageError
	require.ErrorAs(t, err, &outage)
	assert.Equal(t, reason, outage.Reason, "%v", err)
	return outage
}

func TestAnswersAreBounded(t *testing.T) {
	for name, answer := range map[string]medusatest.Failure{
		"announced": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Length", fmt.Sprint(maxAnswer+1))
			_, _ = io.WriteString(w, `{"stores":[`)
			_ = http.NewResponseController(w).Flush()
		},
		"unannounced": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			_, _ = io.WriteString(w, `{"stores":[]`)
			blanks := make([]byte, 1<<20)
			for i := range blanks {
				blanks[i] = ' '
			}
			for range maxAnswer>>20 + 1 {
				if _, err := w.Write(blanks); err != nil {
					return
				}
			}
			_, _ = io.WriteString(w, `}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, by := memoryClient(t, Config{})
			server.Fail(medusatest.Match{}, answer)
			_, err := client.Stores.List(t.Context(), by)
			assertOutage(t, Nonsense, err)
			assert.ErrorIs(t, err, errTooLarge)
		})
	}
	t.Run("a large one within the bound is read", func(t *testing.T) {
		server, client, by := memoryClient(t, Config{})
		server.Fail(medusatest.Match{}, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			body := make([]byte, 2<<20)
			for i := range body {
				body[i] = ' '
			}
			copy(body, `{"stores":[{"id":"store_1"}]`)
			body[len(body)-1] = '}'
			_, _ = w.Write(body)
		})
		stores, err := client.Stores.List(t.Context(), by)
		require.NoError(t, err)
		assert.Equal(t, "store_1", stores[0].ID)
	})
}

func TestNonsense(t *testing.T) {
	for name, answer := range map[string]medusatest.Failure{
		"a page":                  medusatest.HTML(),
		"nothing":                 medusatest.Answer(200, ""),
		"null":                    medusatest.Answer(200, "null"),
		"a list":                  medusatest.Answer(200, "[]"),
		"an object of nothing":    medusatest.Answer(200, "{}"),
		"half an object":          medusatest.Truncate(),
		"half a body":             medusatest.CutBody(),
		"one of another type":     medusatest.Answer(200, `{"stores":"none"}`),
		"more than one object":    medusatest.Answer(200, `{"stores":[]} {}`),
		"JSON and then something": medusatest.Answer(200, `{"stores":[]}x}`),
	} {
		t.Run(name, func(t *testing.T) {
			server, client, by := memoryClient(t, Config{})
			server.Fail(medusatest.Match{}, answer)
			_, err := client.Stores.List(t.Context(), by)
			assertOutage(t, Nonsense, err)
		})
	}
	t.Run("where one thing is asked for", func(t *testing.T) {
		for name, get := range map[string]func(c *Client, by Credential) error{
			"product":      func(c *Client, by Credential) error { _, err := c.Products.Get(t.Context(), by, "a"); return err },
			"item":         func(c *Client, by Credential) error { _, err := c.InventoryItems.Get(t.Context(), by, "a"); return err },
			"location":     func(c *Client, by Credential) error { _, err := c.StockLocations.Get(t.Context(), by, "a"); return err },
			"the empty id": func(c *Client, by Credential) error { _, err := c.StockLocations.Get(t.Context(), by, ""); return err },
			"list of items": func(c *Client, by Credential) error {
				_, err := c.InventoryItems.ListByID(t.Context(), by, []string{"a"})
				return err
			},
			"variant": func(c *Client, by Credential) error {
				_, _, err := c.Products.VariantItems(t.Context(), by, "a")
				return err
			},
			"sales channel": func(c *Client, by Credential) error { _, err := c.SalesChannels.Get(t.Context(), by, "a"); return err },
			"profile": func(c *Client, by Credential) error {
				_, err := c.Fulfillment.FindProfile(t.Context(), by, "a")
				return err
			},
			"providers": func(c *Client, by Credential) error {
				_, err := c.Fulfillment.ListProviders(t.Context(), by)
				return err
			},
			"option types": func(c *Client, by Credential) error {
				_, err := c.Fulfillment.ListOptionTypes(t.Context(), by, "a")
				return err
			},
		} {
			server, client, by := memoryClient(t, Config{})
			if name != "the empty id" { // of which Medusa makes a list
				server.Fail(medusatest.Match{}, medusatest.Answer(200, "{}"))
			}
			assertOutage(t, Nonsense, get(client, by))
		}
	})
	t.Run("where something is made or deleted", func(t *testing.T) {
		for name, write := range locationWrites {
			server, client, by := memoryClient(t, Config{})
			server.Fail(medusatest.Match{}, medusatest.Answer(200, "{}"))
			err := write.send(t.Context(), client, by, soon())
			if write.orNothing {
				require.NoError(t, err, "%s: nothing is said of a location that is not there", name)
				continue
			}
			assertOutage(t, Nonsense, err)
			assert.False(t, NotDone(err), "%s: it may have happened", name)
		}
	})
	t.Run("a login without a token", func(t *testing.T) {
		server, client, _ := memoryClient(t, Config{})
		server.Fail(medusatest.Match{}, medusatest.Answer(200, "{}"))
		_, err := client.Auth.Login(t.Context(), medusatest.Email, medusatest.Password)
		assertOutage(t, Nonsense, err)
	})
}

func TestACallIsAsLongAsNodeTakesAndNoLonger(t *testing.T) {
	server, client, by := memoryClient(t, Config{})
	search := func(length int) error {
		_, err := client.InventoryItems.List(t.Context(), by, InventoryItemFilter{Search: strings.Repeat("x", length)}, 1, 0)
		return err
	}
	longest := sort.Search(maxHead, func(length int) bool { return errors.Is(search(length), ErrTooLong) }) - 1
	require.NoError(t, search(longest), "the longest call that is made is too long")
	assert.Greater(t, longest, 12_000)
	server.ResetCalls()
	require.ErrorIs(t, search(longest+1), ErrTooLong)
	assert.Empty(t, server.Calls())
}

func TestPagesAreReadToTheEndOrNotAtAll(t *testing.T) {
	server, client, by := memoryClient(t, Config{})
	server.Fail(medusatest.Match{After: 1}, medusatest.Answer(500, `{"type":"unknown_error","message":"An unknown error occurred."}`))
	items, err := client.InventoryItems.ListStock(t.Context(), by, InventoryItemFilter{})
	var refused *Error
	require.ErrorAs(t, err, &refused)
	assert.Empty(t, items, "a part of a list is not the list")
}

// gauge counts what is under way.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) enter() {
	now := g.now.Add(1)
	for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
	}
}

func TestCallsAtOnceAreCappedAndConnectionsReused(t *testing.T) {
	const limit, callers = 8, 200
	server := medusatest.New()
	var connections atomic.Int64
	listening := httptest.NewUnstartedServer(server)
	listening.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	listening.Start()
	defer listening.Close()
	client := newClient(t, Config{BaseURL: listening.URL, MaxConcurrency: limit, Timeout: 20 * time.Second})
	by := Bearer(server.Token(medusatest.UserID))

	underWay, full, released := &gauge{}, make(chan struct{}), make(chan struct{})
	server.Fail(medusatest.Match{}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		underWay.enter()
		defer underWay.now.Add(-1)
		if underWay.now.Load() == limit {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		select {
		case <-released:
		case <-r.Context().Done():
		}
		medusa.ServeHTTP(w, r)
	})

	var group sync.WaitGroup
	var failed atomic.Int64
	for range callers {
		group.Go(func() {
			if _, err := client.Stores.List(t.Context(), by); err != nil {
				failed.Add(1)
			}
		})
	}
	<-full
	assert.Len(t, server.Calls(), limit, "no more are sent while these are under way")
	close(released)
	group.Wait()
	assert.Zero(t, failed.Load(), "all who waited were served")
	assert.Len(t, server.Calls(), callers)
	assert.EqualValues(t, limit, underWay.most.Load())
	assert.LessOrEqual(t, connections.Load(), int64(limit))
}

// TestWaitingForATurnIsBounded: of ten callers one is sent at a time, and each
// hangs as long as the others may wait.
func TestWaitingForATurnIsBounded(t *testing.T) {
	const callers = 10
	server, client, by := memoryClient(t, Config{MaxConcurrency: 1, Timeout: 150 * time.Millisecond})
	server.Fail(medusatest.Match{}, medusatest.Hang())
	reasons := make(chan Reason, callers)
	started := time.Now()
	for range callers {
		go func() {
			_, err := client.Stores.List(t.Context(), by)
			var outage *OutageError
			switch {
			case !errors.As(err, &outage):
				reasons <- "no outage"
			case outage.Reason == Saturated && outage.RetryAfter <= 0:
				reasons <- "no word of when to come again"
			default:
				reasons <- outage.Reason
			}
		}()
	}
	count := map[Reason]int{}
	for range callers {
		count[<-reasons]++
	}
	assert.Less(t, time.Since(started), 5*time.Second)
	assert.Equal(t, callers, count[Saturated]+count[TooSlow], "%v", count)
	assert.GreaterOrEqual(t, count[TooSlow], 1)
	assert.GreaterOrEqual(t, count[Saturated], callers/2)
	assert.LessOrEqual(t, len(server.Calls()), count[TooSlow], "who was turned away was not sent")
}

func TestACallerWhoLeavesTheQueueIsLetGo(t *testing.T) {
	server, client, by := memoryClient(t, Config{MaxConcurrency: 1})
	holding := hold(t, server, medusatest.Match{})
	done := make(chan error, 1)
	go func() { _, err := client.Stores.List(t.Context(), by); done <- err }()
	<-holding.arrived
	ctx, leave := context.WithCancel(t.Context())
	waiting := make(chan error, 1)
	go func() { _, err := client.Stores.List(ctx, by); waiting <- err }()
	leave()
	require.ErrorIs(t, <-waiting, context.Canceled)
	holding.release()
	require.NoError(t, <-done)
	assert.Len(t, server.Calls(), 1)
}

// held are the calls that a server keeps waiting.
type held struct {
	arrived chan struct{} // one for each call
	release func()
}

// hold keeps the calls that match waiting until they are released.
func hold(t *testing.T, server *medusatest.Server, match medusatest.Match) held {
	t.Helper()
	arrived, released := make(chan struct{}, 1000), make(chan struct{})
	lift := server.Fail(match, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		arrived <- struct{}{}
		medusatest.Hold(released)(w, r, medusa)
	})
	release := sync.OnceFunc(func() {
		lift()
		close(released)
	})
	t.Cleanup(release)
	return held{arrived, release}
}

// transportOf is what a client keeps its connections in.
func transportOf(t *testing.T, client *Client) *http.Transport {
	t.Helper()
	guarded, is := client.http.GetClient().Transport.(fenced)
	require.True(t, is)
	transport, is := guarded.RoundTripper.(*http.Transport)
	require.True(t, is)
	return transport
}

// TestIdleConnectionsEndBeforeMedusaEndsThem: it does after 5 s, and a write on
// a connection that it is closing is lost without a word.
func TestIdleConnectionsEndBeforeMedusaEndsThem(t *testing.T) {
	client := newClient(t, Config{BaseURL: "http://127.0.0.1:1", MaxConcurrency: 12})
	transport := transportOf(t, client)
	assert.Positive(t, transport.IdleConnTimeout)
	assert.Less(t, transport.IdleConnTimeout, 5*time.Second)
	assert.Equal(t, 12, transport.MaxIdleConnsPerHost)
}

func TestCloseEndsIdleConnections(t *testing.T) {
	var open atomic.Int64
	server := medusatest.New()
	listening := httptest.NewUnstartedServer(server)
	closed := make(chan struct{}, 10)
	listening.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
			closed <- struct{}{}
		}
	}
	listening.Start()
	defer listening.Close()
	client := newClient(t, Config{BaseURL: listening.URL})
	_, err := client.Stores.List(t.Context(), Bearer(server.Token(medusatest.UserID)))
	require.NoError(t, err)
	assert.EqualValues(t, 1, open.Load(), "kept for the next call")
	client.Close()
	<-closed
	assert.Zero(t, open.Load())
}

func TestTally(t *testing.T) {
	const calls, each = 5, 100 * time.Millisecond
	server, client, by := memoryClient(t, Config{})
	server.SetLatency(each)
	request := &Request{}
	assert.Zero(t, request.Waited())
	started := time.Now()
	var group sync.WaitGroup
	for range calls {
		group.Go(func() { _, _ = client.Stores.List(request.With(t.Context()), by) })
	}
	group.Wait()
	overlapping := time.Since(started)
	assert.Equal(t, calls, request.Calls())
	assert.Equal(t, calls, CallsOf(request.With(t.Context())))
	assert.Zero(t, CallsOf(t.Context()), "no request, no calls of it")
	assert.GreaterOrEqual(t, request.Waited(), each)
	assert.LessOrEqual(t, request.Waited(), overlapping, "calls side by side are waited for once")

	before := request.Waited()
	_, err := client.Stores.List(request.With(t.Context()), by)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, request.Waited()-before, each, "one after the other adds up")
	assert.Equal(t, calls+1, request.Calls())

	server.SetLatency(0)
	holding := hold(t, server, medusatest.Match{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = client.Stores.List(request.With(t.Context()), by)
	}()
	<-holding.arrived
	before = request.Waited()
	assert.Eventually(t, func() bool { return request.Waited() > before }, 5*time.Second, time.Millisecond, "it grows while a call is under way")
	holding.release()
	<-done
	after := request.Waited()
	assert.Equal(t, after, request.Waited(), "and stands still afterwards")

	other := &Request{}
	server.Fail(medusatest.Match{Times: 2}, medusatest.Truncate())
	_, err = client.Stores.List(other.With(t.Context()), by)
	require.NoError(t, err)
	assert.Equal(t, 3, other.Calls(), "what was repeated counts again")
	assert.Equal(t, calls+2, request.Calls(), "and each request has its own tally")
}

// outcomes are the calls counted, by endpoint and status.
func outcomes(t *testing.T, registry *prometheus.Registry) map[string]uint64 {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	found := map[string]uint64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() != "gateway_medusa_call_seconds" {
				continue
			}
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			require.Len(t, labels, 2)
			found[labels["endpoint"]+" "+labels["status"]] = metric.GetHistogram().GetSampleCount()
		}
	}
	return found
}

func TestMetricsCountCallsByEndpointAndStatus(t *testing.T) {
	registry := prometheus.NewRegistry()
	server, client, by := memoryClient(t, Config{Metrics: registry, Timeout: time.Second})
	ctx := t.Context()
	_, _ = client.Products.Get(ctx, by, "prod_durban")
	_, _ = client.Products.Get(ctx, by, "prod_runtz")
	_, _ = client.Products.Get(ctx, by, "prod_secret_id")
	_, _ = client.Stores.List(ctx, Bearer("secret-token"))
	_, _ = client.Auth.Login(ctx, "secret@cannahub.test", "secret-password")

	server.Fail(medusatest.Match{Times: 1}, medusatest.Hang())
	_, _ = client.StockLocations.List(ctx, by, StockLocationFilter{Search: "secret-text"}, 1, 0)
	server.Fail(medusatest.Match{Times: 3}, medusatest.HTML())
	_, _ = client.InventoryItems.List(ctx, by, InventoryItemFilter{}, 1, 0)
	holding := hold(t, server, medusatest.Match{})
	left, leave := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = client.InventoryItems.Get(left, by, "iitem_bd_1g")
	}()
	<-holding.arrived
	leave()
	<-done

	assert.Equal(t, map[string]uint64{
		"GET /admin/products/:id 200":             2,
		"GET /admin/products/:id 404":             1,
		"GET /admin/stores 401":                   1,
		"POST /auth/user/emailpass 401":           1,
		"GET /admin/stock-locations too slow":     1,
		"GET /admin/inventory-items nonsense":     3,
		"GET /admin/inventory-items/:id canceled": 1,
	}, outcomes(t, registry))
}

func breakerState(t *testing.T, registry *prometheus.Registry) int {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == "gateway_medusa_breaker_state" {
			return int(family.GetMetric()[0].GetGauge().GetValue())
		}
	}
	require.Fail(t, "the breaker has no metric")
	return 0
}

// TestAPeerThatSaysNothingIsTooSlow, as a machine is whose process hangs.
func TestAPeerThatSaysNothingIsTooSlow(t *testing.T) {
	peer := httptest.NewUnstartedServer(nil) // listens already
	defer peer.Listener.Close()
	client := newClient(t, Config{BaseURL: "http://" + peer.Listener.Addr().String(), Timeout: 100 * time.Millisecond})
	request := &Request{}
	_, err := client.Stores.List(request.With(t.Context()), Bearer("a"))
	assertOutage(t, TooSlow, err)
	assert.Equal(t, 1, request.Calls())
}
