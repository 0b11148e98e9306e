package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/medusa"
)

// settleTime is how long it may take until it is known what became of a write
// without an answer: 30 s, in which it may still land, and a few to find out.
const settleTime = 40 * time.Second

// crash is a gateway on SQLite that is killed while a change is under way, and
// the one that is started in its place.
type crash struct {
	straight

	medusa   *medusa.Medusa
	gate     *gate
	database string // the setting
	file     string
	settings []string // further ones
	gateway  *program
}

func newCrash(t *testing.T, m *medusa.Medusa, token string, settings ...string) *crash {
	t.Helper()
	c := &crash{straight: straight{m.URL, token}, medusa: m, gate: newGate(t, m.URL), settings: settings}
	c.database, c.file = newSQLite(t)
	c.start(t)
	return c
}

func (c *crash) start(t *testing.T) {
	t.Helper()
	c.gateway = launch(t, nil, append(append(inFrontOfReal(c.medusa, c.gate.url), c.database), c.settings...)...)
}

// begin sends a change that never gets an answer, because the gateway is killed
// first.
func (c *crash) begin(t *testing.T, path, body, key string) {
	t.Helper()
	gateway := c.gateway
	var caller sync.WaitGroup
	caller.Go(func() {
		_, err := gateway.trySend(http.MethodPost, c.token, path, body, key)
		assert.Error(t, err, "the gateway answered before it was killed")
	})
	t.Cleanup(caller.Wait)
}

// adjust repeats an adjustment with its key.
func (c *crash) adjust(t *testing.T, where place) reply {
	t.Helper()
	return c.gateway.send(t, http.MethodPost, c.token, adjustments, adjustment(where, 5), "the key")
}

// requireOnce asserts that the adjustment was made once, that the ledger says
// so, and that its key gives the true answer and makes it no second time.
func (c *crash) requireOnce(t *testing.T, where place, replayed bool) {
	t.Helper()
	var first reply
	for i := range 2 {
		answer := c.adjust(t, where)
		require.Equal(t, http.StatusOK, answer.status, answer.text)
		require.Equal(t, replayed || i > 0, answer.header.Get("Idempotent-Replayed") == "true", "Idempotent-Replayed")
		said := answer.object(t)
		require.InDelta(t, 45, said["level"].(map[string]any)["stockedQuantity"], 0)
		require.InDelta(t, 40, said["adjustment"].(map[string]any)["previousQuantity"], 0)
		if i == 0 {
			first = answer
		} else {
			require.JSONEq(t, first.text, answer.text, "the same key, another answer")
		}
	}
	changes := c.gateway.requireSettled(t, c.token, patience)
	require.Len(t, changes, 1)
	requireChain(t, changes, "40", "45")
	require.Equal(t, json.Number("45"), c.stockedAt(t, where))
}

func TestRealMedusaAndAGatewayThatIsKilled(t *testing.T) {
	m := medusa.Start(t)
	token := m.Token(t)
	scenes := map[string]func(t *testing.T){}
	for name, scene := range map[string]func(t *testing.T, c *crash, where place){
		"before the change is written down": func(t *testing.T, c *crash, where place) {
			t.Helper()
			held := c.gate.hold(beforeMedusa, readsLevels)
			c.begin(t, adjustments, adjustment(where, 5), "the key")
			held.await(t)
			c.gateway.kill(t)
			held.drop()
			c.start(t)
			require.Empty(t, c.gateway.ledger(t, c.token))
			require.Equal(t, json.Number("40"), c.stockedAt(t, where))
			c.requireOnce(t, where, false)
		},
		"before the call": func(t *testing.T, c *crash, where place) {
			t.Helper()
			held := c.gate.hold(beforeMedusa, writesLevels)
			c.begin(t, adjustments, adjustment(where, 5), "the key")
			held.await(t)
			c.gateway.kill(t)
			held.drop()
			c.start(t)
			c.requireUnknown(t, where)
			require.Equal(t, json.Number("40"), c.stockedAt(t, where))
			c.gateway.requireSettled(t, c.token, settleTime)
			c.requireOnce(t, where, true)
		},
		"during the call, which lands later": func(t *testing.T, c *crash, where place) {
			t.Helper()
			held := c.gate.hold(beforeMedusa, writesLevels)
			c.begin(t, adjustments, adjustment(where, 5), "the key")
			held.await(t)
			c.gateway.kill(t)
			c.start(t)
			c.requireUnknown(t, where)
			held.pass()
			require.Eventually(t, func() bool {
				stocked, err := c.stocked(where.item)
				return err == nil && stocked[where] == "45"
			}, patience, 10*time.Millisecond, "the late write does not land")
			c.gateway.requireSettled(t, c.token, settleTime)
			c.requireOnce(t, where, true)
		},
		"after the call": func(t *testing.T, c *crash, where place) {
			t.Helper()
			held := c.gate.hold(afterMedusa, writesLevels)
			c.begin(t, adjustments, adjustment(where, 5), "the key")
			held.await(t)
			require.Eventually(t, func() bool {
				stocked, err := c.stocked(where.item)
				return err == nil && stocked[where] == "45"
			}, patience, 10*time.Millisecond, "Medusa has not got the call")
			c.gateway.kill(t)
			held.drop()
			c.start(t)
			c.requireUnknown(t, where)
			c.gateway.requireSettled(t, c.token, settleTime)
			c.requireOnce(t, where, true)
		},
		"after the answer, before the ledger is marked": func(t *testing.T, c *crash, where place) {
			t.Helper()
			held := c.gate.hold(afterMedusa, writesLevels)
			answered := make(chan reply, 1)
			go func() {
				answer, err := c.gateway.trySend(http.MethodPost, c.token, adjustments, adjustment(where, 5), "the key")
				assert.NoError(t, err)
				answered <- answer
			}()
			held.await(t)
			unlock := lockSQLite(t, c.file) // what was committed stays, nothing more is written
			held.pass()
			answer := <-answered
			require.Equal(t, http.StatusOK, answer.status, answer.text)
			c.gateway.kill(t)
			unlock()
			c.start(t)
			require.Equal(t, "pending", c.gateway.ledger(t, c.token)[0].State)
			c.gateway.requireSettled(t, c.token, settleTime)
			c.requireOnce(t, where, true)
		},
	} {
		scenes[name] = func(t *testing.T) {
			t.Helper()
			c := newCrash(t, m, token)
			scene(t, c, c.stockEverywhere(t, 1, 40)[0])
		}
	}
	scenes["in the middle of a long batch"] = func(t *testing.T) {
		t.Helper()
		killedInALongBatch(t, newCrash(t, m, token))
	}
	scenes["in an atomic batch"] = func(t *testing.T) {
		t.Helper()
		killedInAnAtomicBatch(t, newCrash(t, m, token))
	}
	scenes["while another gateway on the same PostgreSQL lives"] = func(t *testing.T) {
		t.Helper()
		killedBesideAnother(t, m, token)
	}
	allAtOnce(t, scenes)
}

// allAtOnce runs tests side by side, however few processors there are: they do
// little but wait.
func allAtOnce(t *testing.T, scenes map[string]func(t *testing.T)) {
	t.Helper()
	var all sync.WaitGroup
	for name, scene := range scenes {
		all.Go(func() { t.Run(name, scene) })
	}
	all.Wait()
}

// requireUnknown asserts that nothing is claimed of a change of which nothing is
// known yet.
func (c *crash) requireUnknown(t *testing.T, where place) {
	t.Helper()
	require.Equal(t, "pending", c.gateway.ledger(t, c.token)[0].State)
	answer := c.adjust(t, where)
	require.Equal(t, http.StatusBadGateway, answer.status, answer.text)
	require.Equal(t, "OUTCOME_UNKNOWN", answer.object(t)["code"])
	require.NotEmpty(t, answer.object(t)["batchId"])
}

// killedInALongBatch: 250 rows are made, the next 250 are on their way, and the
// rest has not begun.
func killedInALongBatch(t *testing.T, c *crash) {
	t.Helper()
	places := c.stockEverywhere(t, 600, 40)
	body := fmt.Sprintf(`{"reason":"received","updates":[%s]}`, rows(places, `"adjustment":5`))
	var writes atomic.Int32
	held := c.gate.hold(afterMedusa, func(method, path, body string) bool {
		return writesLevels(method, path, body) && writes.Add(1) == 2
	})
	c.begin(t, batchUpdate, body, "the key")
	held.await(t)
	c.gateway.kill(t)
	held.drop()
	c.start(t)
	c.gateway.requireSettled(t, c.token, settleTime)

	for range 2 {
		answer := c.gateway.send(t, http.MethodPost, c.token, batchUpdate, body, "the key")
		require.Equal(t, http.StatusOK, answer.status, answer.text)
		require.InDelta(t, 600, answer.object(t)["updated"], 0)
		require.InDelta(t, 3000, answer.object(t)["summary"].(map[string]any)["totalUnitsUpdated"], 0)
	}
	requireAll(t, c.straight, places, "45")
	entries := c.gateway.requireSettled(t, c.token, patience)
	require.Len(t, entries, 600)
	for _, where := range places {
		requireChain(t, at(where, entries), "40", "45")
	}
}

func killedInAnAtomicBatch(t *testing.T, c *crash) {
	t.Helper()
	places := c.stockEverywhere(t, 300, 40)
	body := fmt.Sprintf(`{"atomic":true,"reason":"received","updates":[%s]}`, rows(places, `"adjustment":5`))
	held := c.gate.hold(beforeMedusa, writesLevels)
	c.begin(t, batchUpdate, body, "the key")
	held.await(t)
	c.gateway.kill(t)
	held.drop()
	c.start(t)
	requireAll(t, c.straight, places, "40")
	unknown := c.gateway.send(t, http.MethodPost, c.token, batchUpdate, body, "the key")
	require.Equal(t, http.StatusBadGateway, unknown.status, unknown.text)
	require.Equal(t, "OUTCOME_UNKNOWN", unknown.object(t)["code"])
	entries := c.gateway.requireSettled(t, c.token, settleTime)
	require.Len(t, entries, 300)
	require.Equal(t, unknown.object(t)["batchId"], entries[0].BatchID)

	for range 2 {
		answer := c.gateway.send(t, http.MethodPost, c.token, batchUpdate, body, "the key")
		require.Equal(t, http.StatusOK, answer.status, answer.text)
		require.InDelta(t, 300, answer.object(t)["updated"], 0)
	}
	requireAll(t, c.straight, places, "45")
}

func killedBesideAnother(t *testing.T, m *medusa.Medusa, token string) {
	t.Helper()
	c := &crash{straight: straight{m.URL, token}, medusa: m, gate: newGate(t, m.URL), database: "STATE_DSN=" + medusa.NewDatabase(t, m.DatabaseURL)}
	c.start(t)
	other := launch(t, nil, append(inFrontOfReal(m, m.URL), c.database)...)
	where := c.stockEverywhere(t, 1, 40)[0]
	held := c.gate.hold(beforeMedusa, writesLevels)
	c.begin(t, adjustments, adjustment(where, 5), "the key")
	held.await(t)
	c.gateway.kill(t)
	held.drop()
	require.Equal(t, "pending", other.ledger(t, token)[0].State)
	c.gateway = other
	other.requireSettled(t, token, settleTime)
	c.requireOnce(t, where, true)
}

func TestRealMedusaStoppedInTheMiddle(t *testing.T) {
	s := newRealShop(t)
	rows := liveRows(t, s.medusa)
	gate := newGate(t, s.address)
	gateway := launch(t, nil, append(inFrontOfReal(s.medusa, gate.url), "REQUEST_TIMEOUT=5s")...)
	places := s.stockEverywhere(t, 10, 40)
	var made, unknown atomic.Int64
	over := make(chan struct{})
	var callers sync.WaitGroup
	for i := range 20 {
		callers.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				answer, err := gateway.trySend(http.MethodPost, s.token, adjustments, adjustment(places[i%len(places)], 1))
				switch {
				case err != nil:
					assert.Fail(t, "the gateway does not answer", err)
					return
				case answer.status == http.StatusOK:
					made.Add(1)
				case answer.status == http.StatusBadGateway && answer.object(t)["code"] == "OUTCOME_UNKNOWN":
					unknown.Add(1)
				default:
					assert.Contains(t, []int{http.StatusServiceUnavailable, http.StatusGatewayTimeout}, answer.status, answer.text)
				}
			}
		})
	}
	require.Eventually(t, func() bool { return made.Load() >= 100 }, patience, 10*time.Millisecond, "no changes are made")
	held := gate.hold(afterMedusa, writesLevels) // Medusa dies when it has written and not yet said so
	held.await(t)
	setUp := beginSetUp(t, gateway, s.token, gate)
	s.medusa.Stop(t)
	held.drop()
	setUp.requireLeftovers(t)
	require.Equal(t, "1", gateway.metric(t, "gateway_setup_leftovers"))
	require.Eventually(t, func() bool {
		ready, err := gateway.tryGet("", "/readyz")
		return err == nil && ready.status == http.StatusServiceUnavailable
	}, patience, 10*time.Millisecond)
	stopped := made.Load()
	s.medusa.Restart(t)
	// Levels whose write was not answered wait until it is settled, and their
	// callers with them.
	require.Eventually(t, func() bool { return made.Load() >= stopped+100 }, settleTime+patience, 10*time.Millisecond, "no changes are made any more")
	close(over)
	callers.Wait()

	entries := gateway.requireSettled(t, s.token, settleTime)
	stocked, err := s.stocked(itemsOf(places)...)
	require.NoError(t, err)
	applied := 0
	for _, where := range places {
		changes := slices.DeleteFunc(at(where, entries), func(e entry) bool { return e.State == "failed" })
		requireChain(t, changes, "40", stocked[where])
		applied += len(changes)
	}
	require.Positive(t, unknown.Load(), "the write whose answer was lost is nobody's")
	require.Eventually(t, func() bool { return gateway.metric(t, "gateway_setup_leftovers") == "0" }, undoneTime, 100*time.Millisecond, "the set-up is not undone")
	require.Equal(t, rows["stock_location"]+1, liveRows(t, s.medusa)["stock_location"], "the one of the levels")
	t.Logf("%d made, %d unknown, %d applied", made.Load(), unknown.Load(), applied)
	require.GreaterOrEqual(t, applied, int(made.Load()), "an answer was not true")
	require.LessOrEqual(t, applied, int(made.Load()+unknown.Load()), "changes were made of which nobody was told")
}
