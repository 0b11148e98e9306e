package medusaclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func bdHighUp(stocked Number) LevelWrite {
	return LevelWrite{InventoryItemID: "iitem_bd_1g", LocationID: "sloc_high_up", StockedQuantity: &stocked}
}

func setStock(ctx context.Context, client *Client, by Credential, sendBy time.Time, stocked Number) error {
	_, err := client.InventoryItems.UpdateLevels(ctx, by, sendBy, []LevelWrite{bdHighUp(stocked)})
	return err
}

func assertLate(t *testing.T, err error) {
	t.Helper()
	outage := assertOutage(t, TooSlow, err)
	require.ErrorIs(t, err, errLate)
	assert.False(t, outage.Sent(), "nothing can have happened")
}

func TestAWriteThatIsLateIsNotSent(t *testing.T) {
	t.Run("from the beginning", func(t *testing.T) {
		server, client, by := memoryClient(t, Config{})
		assertLate(t, setStock(t.Context(), client, by, time.Now().Add(-time.Millisecond), "7"))
		assert.Empty(t, server.Calls())
	})
	t.Run("while it waits for its turn", func(t *testing.T) {
		server, client, by := memoryClient(t, Config{MaxConcurrency: 1})
		holding := hold(t, server, medusatest.Match{})
		done := make(chan error, 1)
		go func() { _, err := client.Stores.List(t.Context(), by); done <- err }()
		<-holding.arrived
		sendBy := time.Now().Add(50 * time.Millisecond)
		assertLate(t, setStock(t.Context(), client, by, sendBy, "7"))
		assert.False(t, time.Now().Before(sendBy))
		holding.release()
		require.NoError(t, <-done)
		require.NoError(t, setStock(t.Context(), client, by, soon(), "8"), "and the next has its turn")
		assert.Len(t, server.Calls(), 2)
	})
	t.Run("while it is connected", func(t *testing.T) {
		server, client, by := memoryClient(t, Config{})
		connect := make(chan struct{})
		connected := make(chan struct{})
		transportOf(t, client).DialContext = func(_ context.Context, network, address string) (net.Conn, error) {
			<-connect // whoever waits for it may be gone
			defer close(connected)
			return new(net.Dialer).DialContext(context.Background(), network, address)
		}
		assertLate(t, setStock(t.Context(), client, by, time.Now().Add(50*time.Millisecond), "7"))
		close(connect)
		<-connected
		assert.Empty(t, server.Calls())
	})
	t.Run("between tries", func(t *testing.T) {
		server, client, by := memoryClient(t, Config{})
		server.Close()
		request := &Request{}
		assertLate(t, setStock(request.With(t.Context()), client, by, time.Now().Add(retryDelay/2), "7"))
		assert.Equal(t, 1, request.Calls())
	})
	t.Run("and what has passed the fence is", func(t *testing.T) {
		server, client, by := memoryClient(t, Config{})
		holding := hold(t, server, medusatest.Match{})
		sendBy := time.Now().Add(300 * time.Millisecond)
		done := make(chan error, 1)
		go func() { done <- setStock(t.Context(), client, by, sendBy, "7") }()
		<-holding.arrived
		late := time.NewTimer(time.Until(sendBy) + 50*time.Millisecond)
		defer late.Stop()
		<-late.C
		holding.release()
		require.NoError(t, <-done, "an answer may come after sendBy")
		level, _ := server.Level("iitem_bd_1g", "sloc_high_up")
		assert.InDelta(t, 7, level.Stocked, 0)
	})
	t.Run("a caller who leaves first is told so", func(t *testing.T) {
		_, client, by := memoryClient(t, Config{})
		ctx, leave := context.WithCancel(t.Context())
		leave()
		require.ErrorIs(t, setStock(ctx, client, by, soon(), "7"), context.Canceled)
	})
}

// TestTheFenceIsExact: of many writes at the edge of their time each is carried
// out or late, and never both.
func TestTheFenceIsExact(t *testing.T) {
	const writes = 300
	registry := prometheus.NewRegistry()
	server, client, by := memoryClient(t, Config{MaxConcurrency: 4, Metrics: registry})
	var group sync.WaitGroup
	lateOnes := make([]bool, writes)
	for i := range writes {
		group.Go(func() {
			sendBy := time.Now().Add(time.Duration(i) * 100 * time.Microsecond)
			err := setStock(t.Context(), client, by, sendBy, Number(fmt.Sprint(1000+i)))
			if err == nil {
				return
			}
			outage := assertOutage(t, TooSlow, err)
			lateOnes[i] = !outage.Sent()
		})
	}
	group.Wait()
	arrived := map[int]bool{}
	for _, call := range server.Calls() {
		var body levelsBatch
		require.NoError(t, json.Unmarshal(call.Body, &body))
		stocked, err := body.Update[0].StockedQuantity.Int64()
		require.NoError(t, err)
		arrived[int(stocked)-1000] = true
	}
	assert.Zero(t, breakerState(t, registry), "what is late says nothing of Medusa")
	for i, late := range lateOnes {
		assert.NotEqual(t, late, arrived[i], "write %d: late %v, arrived %v", i, late, arrived[i])
	}
}

// TestTheFenceShutsOrLetsThrough, whoever comes first, and stays so.
func TestTheFenceShutsOrLetsThrough(t *testing.T) {
	for range 1000 {
		f := &fence{by: soon()}
		var passed, shut atomic.Int64
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if f.pass() {
					passed.Add(1)
				}
			})
			group.Go(func() {
				if f.shut() {
					shut.Add(1)
				}
			})
		}
		group.Wait()
		assert.NotEqual(t, passed.Load() == 0, shut.Load() == 0, "passed %d, shut %d", passed.Load(), shut.Load())
		assert.Equal(t, passed.Load() > 0, f.sent())
	}
	late := &fence{by: time.Now()}
	assert.False(t, late.pass())
	assert.False(t, late.sent())
	assert.True(t, (&fence{}).pass(), "one without a time")
}

func TestAnOutageKnowsWhetherAWriteWasSent(t *testing.T) {
	for name, test := range map[string]struct {
		failure medusatest.Failure
		reason  Reason
		changed bool
	}{
		"cut before it happened":      {medusatest.Cut(), Unreachable, false},
		"cut after it happened":       {medusatest.CutAfter(), Unreachable, true},
		"no answer":                   {medusatest.Hang(), TooSlow, false},
		"half an answer":              {medusatest.Truncate(), Nonsense, true},
		"a page":                      {medusatest.HTML(), Nonsense, false},
		"an answer of nothing":        {medusatest.Answer(200, `{}`), Nonsense, false},
		"an answer without the level": {medusatest.Answer(200, `{"created":[],"updated":[]}`), Nonsense, false},
		"an answer of another level": {medusatest.Answer(200, `{"created":[],"updated":[{"id":"ilev_1","inventory_item_id":"iitem_bd_1g",`+
			`"location_id":"sloc_deposito","stocked_quantity":7,"reserved_quantity":0}]}`), Nonsense, false},
		"an answer without quantities": {medusatest.Answer(200, `{"created":[],"updated":[{"id":"ilev_1","inventory_item_id":"iitem_bd_1g",`+
			`"location_id":"sloc_high_up","stocked_quantity":null,"reserved_quantity":0}]}`), Nonsense, false},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, by := memoryClient(t, patience(name == "no answer"))
			server.Fail(medusatest.Match{Method: http.MethodPost}, test.failure)
			outage := assertOutage(t, test.reason, setStock(t.Context(), client, by, soon(), "7"))
			assert.True(t, outage.Sent())
			assert.Len(t, server.Calls(), 1, "and it is not sent again")
			level, _ := server.Level("iitem_bd_1g", "sloc_high_up")
			assert.Equal(t, test.changed, level.Stocked == 7)
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		server, client, by := memoryClient(t, Config{})
		server.Close()
		request := &Request{}
		outage := assertOutage(t, Unreachable, setStock(request.With(t.Context()), client, by, soon(), "7"))
		assert.False(t, outage.Sent())
		assert.Equal(t, 3, request.Calls(), "it is sent again as long as there is time")
	})
	t.Run("a breaker that is open", func(t *testing.T) {
		server, client, by := memoryClient(t, Config{})
		openBreaker(t, server, client, by)
		outage := assertOutage(t, Closed, setStock(t.Context(), client, by, soon(), "7"))
		assert.False(t, outage.Sent())
		assert.Empty(t, server.Calls())
	})
	t.Run("a level that was created is in the answer", func(t *testing.T) {
		server, client, by := memoryClient(t, Config{})
		server.Fail(medusatest.Match{Method: http.MethodPost}, medusatest.Answer(200, `{"created":[],"updated":[]}`))
		_, err := client.InventoryItems.CreateLevels(t.Context(), by, soon(), []LevelWrite{{InventoryItemID: "iitem_sin_nivel", LocationID: "sloc_high_up"}})
		assert.True(t, assertOutage(t, Nonsense, err).Sent())
		err = client.InventoryItems.DeleteLevels(t.Context(), by, soon(), []string{"ilev_1"}, false)
		assert.True(t, assertOutage(t, Nonsense, err).Sent())
	})
	t.Run("what Medusa refuses is an answer", func(t *testing.T) {
		server, client, _ := memoryClient(t, Config{})
		server.PutUser(medusatest.User{ID: "user_guest", Forbidden: true})
		err := client.InventoryItems.ConfirmWrite(t.Context(), Bearer(server.Token("user_guest")))
		assert.Equal(t, &Error{
			Endpoint: "POST /admin/inventory-items/location-levels/batch", Status: http.StatusForbidden, Type: "forbidden", Message: "Forbidden",
		}, err)
	})
}

// TestALateTryProvesNothing: the breaker stays open after it.
// The caller's time can end before the call's: what was sent is not unsent then.
func TestAWriteWhoseCallerStopsWaitingWasSent(t *testing.T) {
	server, client, by := memoryClient(t, Config{Timeout: time.Minute})
	release := make(chan struct{})
	defer close(release)
	server.Fail(medusatest.Match{Method: http.MethodPost}, medusatest.HoldAnswer(release))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	outage := assertOutage(t, TooSlow, setStock(ctx, client, by, soon(), "7"))
	assert.True(t, outage.Sent(), "Medusa has it")
	level, _ := server.Level("iitem_bd_1g", "sloc_high_up")
	assert.InDelta(t, 7, level.Stocked, 0)
}

func TestACallThatManyWaitForNeedsNoSlot(t *testing.T) {
	server, client, by := memoryClient(t, Config{MaxConcurrency: 1})
	holding := hold(t, server, medusatest.Match{Method: http.MethodGet})
	done := make(chan error, 1)
	go func() { _, err := client.Stores.List(t.Context(), by); done <- err }()
	<-holding.arrived
	require.NoError(t, setStock(Ahead(t.Context()), client, by, soon(), "7"))
	holding.release()
	require.NoError(t, <-done)
}

func TestALateTryProvesNothing(t *testing.T) {
	registry := prometheus.NewRegistry()
	server, client, by := memoryClient(t, Config{Metrics: registry})
	openBreaker(t, server, client, by)
	afterDelay(t, client)
	client.Close() // so that it has to connect
	connect := make(chan struct{})
	transportOf(t, client).DialContext = func(context.Context, string, string) (net.Conn, error) {
		<-connect
		return nil, net.ErrClosed
	}
	assertLate(t, setStock(t.Context(), client, by, time.Now().Add(50*time.Millisecond), "7"))
	close(connect)
	assert.NotZero(t, breakerState(t, registry))
	assert.Empty(t, server.Calls())
}

// BenchmarkUpdateLevels reads the answer to a batch of 250 levels, 150 kB.
func BenchmarkUpdateLevels(b *testing.B) {
	answer := levelsUpdatedAnswer{}
	entry := `{"id":"ilev_01M80AMHP023KCTZ10NY5V%04d","location_id":"sloc_01M80ABJCR9DYKER0HP69EK4BA","metadata":null,` +
		`"inventory_item_id":"iitem_01M80AKKAMW7YRJHBMZPQN%04d","inventory_item":{"id":"iitem_01M80AKKAMW7YRJHBMZPQN%04d",` +
		`"reserved_quantity":null,"stocked_quantity":null},"raw_stocked_quantity":{"value":"21","precision":20},` +
		`"raw_reserved_quantity":{"value":"0","precision":20},"raw_incoming_quantity":{"value":"0","precision":20},` +
		`"created_at":"2026-11-22T00:31:28.970Z","updated_at":"2026-11-22T00:34:30.173Z","deleted_at":null,` +
		`"available_quantity":10,"stocked_quantity":21,"reserved_quantity":0,"incoming_quantity":0}`
	body := []byte(`{"created":[],"updated":[`)
	for i := range 250 {
		body = fmt.Appendf(body, entry+",", i, i, i)
		answer.sent = append(answer.sent, LevelKey{fmt.Sprintf("iitem_01M80AKKAMW7YRJHBMZPQN%04d", i), "sloc_01M80ABJCR9DYKER0HP69EK4BA"})
	}
	body = append(body[:len(body)-1], "]}"...)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		answer.Updated = nil
		if err := (call{}).read(body, &answer); err != nil {
			b.Fatal(err)
		}
	}
}
