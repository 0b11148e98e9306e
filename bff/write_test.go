package bff

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	shopFloor = "sloc_high_up"
	warehouse = "sloc_deposito"
	wholesale = "sloc_mayorista"
)

// levelWrites are the calls that write levels, and those that confirm the right to.
var levelWrites = medusatest.Match{Method: http.MethodPost, Path: "/admin/inventory-items/location-levels/batch"}

// clock is the time that a lane lives in: the real one, put forward.
type clock struct{ forward atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.forward.Load())) }

// afterLanding puts the clock to where no write sent until now can land any more.
func (c *clock) afterLanding() { c.forward.Add(int64(stock.SettledAfter)) }

// emptyDatabase is a database as it is made, which takes longer than to copy it.
var emptyDatabase = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "gateway")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "gateway.db")
	store, err := state.Open(context.Background(), "sqlite:"+path, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func newDatabase(t testing.TB) string {
	t.Helper()
	empty, err := emptyDatabase()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "gateway.db")
	require.NoError(t, os.WriteFile(path, empty, 0o600))
	return "sqlite:" + path
}

func openStore(t testing.TB, dsn string) *state.Store {
	t.Helper()
	store, err := state.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() }) // which a test may have done before
	return store
}

// with gives a gateway a database, in which it can change stock.
func with(store *state.Store) func(*Config) {
	return func(c *Config) { c.Store, c.AuthTTL, c.Timeout = store, time.Minute, patience }
}

// stocked is a shop in which stock can be changed, by a caller whose right to do
// so is confirmed.
func stocked(t testing.TB, change ...func(*Config)) *shop {
	t.Helper()
	return working(t, prepared(t, append([]func(*Config){with(openStore(t, newDatabase(t)))}, change...)...))
}

func working(t testing.TB, s *shop) *shop {
	t.Helper()
	require.NoError(t, s.Start(t.Context()))
	require.NoError(t, s.rights.confirm(t.Context(), s.caller.Credential, toWrite))
	s.medusa.ResetCalls()
	return s
}

// timed is stocked with a lane that lives in a time of its own.
func timed(t testing.TB) (*shop, *clock) {
	t.Helper()
	s, clock := prepared(t, with(openStore(t, newDatabase(t)))), &clock{}
	s.liveIn(clock)
	return working(t, s), clock
}

// unhurried is stocked with a lane whose time is ahead: it gives up no write that
// a slow machine is late with.
func unhurried(t testing.TB) *shop {
	t.Helper()
	s, clock := timed(t)
	clock.afterLanding()
	return s
}

func (s *shop) liveIn(clock *clock) {
	s.stock = stock.New(stock.Config{
		Medusa: s.config.Medusa, Account: s.config.Account, Store: s.store,
		Changed: s.levelsChanged, Log: s.log, Metrics: prometheus.NewRegistry(), Now: clock.now,
	})
}

// beside is another gateway in front of the same Medusa.
func (s *shop) beside(t testing.TB, store *state.Store) *shop {
	t.Helper()
	other := inFrontOf(t, s.medusa, with(store))
	other.caller = s.caller
	require.NoError(t, other.Prepare(t.Context()))
	return working(t, other)
}

// by is a request of the shop's caller.
func (s *shop) by(key string) Write {
	return Write{Caller: s.caller, Key: key, RequestID: "req_" + key}
}

// send sends a request body.
func send[Body any](
	ctx context.Context, w Write, body string, parse func([]byte) (Body, []mapping.Fault),
	do func(context.Context, Write, Body) (*WriteAnswer, error),
) (*WriteAnswer, error) {
	parsed, faults := parse([]byte(body))
	if len(faults) > 0 {
		panic(fmt.Sprintf("%s: %v", body, faults))
	}
	w.Request = []byte(body)
	return do(ctx, w, parsed)
}

func (s *shop) adjust(ctx context.Context, w Write, body string) (*WriteAnswer, error) {
	return send(ctx, w, body, mapping.ParseAdjustment, s.Adjust)
}

func (s *shop) update(ctx context.Context, w Write, body string) (*WriteAnswer, error) {
	return send(ctx, w, body, mapping.ParseLevelUpdate, s.UpdateLevel)
}

func (s *shop) remove(ctx context.Context, w Write, body string) (*WriteAnswer, error) {
	return send(ctx, w, body, mapping.ParseLevelRemoval, s.RemoveLevel)
}

func (s *shop) batch(ctx context.Context, w Write, body string) (*WriteAnswer, error) {
	return send(ctx, w, body, mapping.ParseBatchUpdate, s.BatchUpdate)
}

// more is an adjustment by n of what the shop floor has of an item.
func more(item string, n int) string {
	return fmt.Sprintf(`{"inventoryItemId":%q,"locationId":%q,"adjustment":%d,"reason":"correction"}`, item, shopFloor, n)
}

// rows is a batch of rows, and more members of the whole.
func rows(whole string, rows ...string) string {
	return `{"updates":[` + strings.Join(rows, ",") + `]` + whole + `}`
}

func row(address, location, change string) string {
	kind := "variantId"
	if strings.HasPrefix(address, "iitem_") {
		kind = "inventoryItemId"
	}
	return fmt.Sprintf(`{%q:%q,"locationId":%q,%s}`, kind, address, location, change)
}

// requireStock says what the shop floor must have of an item.
func (s *shop) requireStock(t testing.TB, item string, quantity float64) {
	t.Helper()
	level, _ := s.medusa.Level(item, shopFloor)
	require.InDelta(t, quantity, level.Stocked, 1e-9, "the stock of %s", item)
}

// ledger is all its rows, oldest first. A flush marks its rows after it has
// answered, before it gives back its turn.
func (s *shop) ledger(t testing.TB) []state.Entry {
	t.Helper()
	turn, err := s.store.Turn(t.Context())
	require.NoError(t, err)
	turn.End()
	entries, _, err := s.store.Audit(t.Context(), state.AuditFilter{}, 10_000, 0)
	require.NoError(t, err)
	slices.Reverse(entries)
	return entries
}

func (s *shop) applied(t testing.TB) []state.Entry {
	t.Helper()
	return slices.DeleteFunc(s.ledger(t), func(entry state.Entry) bool { return entry.State != state.Applied })
}

// writes are the calls that wrote, or tried to.
func (s *shop) writes() int {
	n := 0
	for _, call := range s.medusa.Calls() {
		if call.Method == http.MethodPost && call.Path == levelWrites.Path && string(call.Body) != "{}" {
			n++
		}
	}
	return n
}

// awaitCall returns when Medusa has received a call of a method.
func (s *shop) awaitCall(t testing.TB, method string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(s.medusa.Calls(), func(call medusatest.Call) bool { return call.Method == method })
	}, patience, time.Millisecond, "no %s arrived", method)
}

// settle finds out what became of all rows that are pending.
func (s *shop) settle(t testing.TB) {
	t.Helper()
	entries, err := s.store.Unsettled(t.Context())
	require.NoError(t, err)
	for _, entry := range entries {
		require.NoError(t, s.stock.Settle(t.Context(), entry.FlushID))
	}
}

// begun is an attempt at a request that some lane made changes for, and whose
// gateway died before it answered.
func (s *shop) begun(t testing.TB, w Write, body string, batch *stock.Batch) *attempt {
	t.Helper()
	w.Request = []byte(body)
	try, kept, err := s.begin(t.Context(), w, actorOf(w.Credential), sha256.Sum256(w.Request))
	require.NoError(t, err)
	require.Nil(t, kept)
	if len(batch.Changes) > 0 {
		_, err = s.change(t.Context(), try, batch)
		require.NoError(t, err)
	}
	return try
}

// begunRows is begun for a batch of which so many rows were made.
func (s *shop) begunRows(t testing.TB, w Write, body string, made int) *attempt {
	t.Helper()
	update, faults := mapping.ParseBatchUpdate([]byte(body))
	require.Empty(t, faults)
	return s.begun(t, w, body, &stock.Batch{Changes: changesOf(update.Updates)[:made], Atomic: update.Atomic, Grams: true})
}

// left is a row of the ledger that an earlier run left behind.
type left struct {
	position  int
	item      string
	from, to  int64
	state     state.State
	atomic    bool
	variantID string
}

// leave writes down rows of an attempt whose gateway died, which may still land
// until a time.
func (s *shop) leave(t testing.TB, try *attempt, until time.Time, rows ...left) {
	t.Helper()
	turn, err := s.store.Turn(t.Context())
	require.NoError(t, err)
	defer turn.End()
	flush := state.Flush{ID: state.NewID("flush_"), Claims: []state.Claim{*try.claim}, Until: until}
	marks := map[string]state.State{}
	for _, row := range rows {
		entry := state.Entry{
			ID: state.NewID("adj_"), BatchID: try.batchID, Position: row.position, VariantID: row.variantID,
			Level: state.Level{InventoryItemID: row.item, LocationID: shopFloor}, Kind: state.Update, Atomic: row.atomic,
			Previous: mapping.QuantityOf(row.from), New: mapping.QuantityOf(row.to), Actor: actorOf(try.Credential),
		}
		flush.Entries = append(flush.Entries, entry)
		if row.state != state.Pending {
			marks[entry.ID] = row.state
		}
	}
	require.NoError(t, turn.Commit(t.Context(), flush))
	if len(marks) > 0 {
		require.NoError(t, turn.Mark(t.Context(), flush.ID, marks))
	}
}

// told is an answer with those of its members that are not the same twice left out.
func told(t testing.TB, answer *WriteAnswer) map[string]any {
	t.Helper()
	said := read(t, answer.Answer, nil)
	delete(said, "batchId")
	delete(said, "dryRun")
	return said
}

func TestAKeyGivesTheFirstAnswerAgain(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*shop) (*WriteAnswer, error){
		"an update": func(s *shop) (*WriteAnswer, error) {
			return s.update(t.Context(), s.by("k"), `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","stockedQuantity":90.5}`)
		},
		"a removal": func(s *shop) (*WriteAnswer, error) {
			return s.remove(t.Context(), s.by("k"), `{"inventoryItemId":"iitem_rareza_siete","locationId":"sloc_high_up","force":true}`)
		},
		"an adjustment": func(s *shop) (*WriteAnswer, error) {
			return s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
		},
		"a batch": func(s *shop) (*WriteAnswer, error) {
			return s.batch(t.Context(), s.by("k"), rows("", row("variant_bd_1g", shopFloor, `"quantity":150`)))
		},
		"a batch with a bad row": func(s *shop) (*WriteAnswer, error) {
			return s.batch(t.Context(), s.by("k"), rows("", row("variant_bd_1g", shopFloor, `"adjustment":5`), row("variant_nope", shopFloor, `"quantity":1`)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := stocked(t)
			first, err := ask(s)
			require.NoError(t, err)
			require.False(t, first.Replayed, "the first answer calls itself a repetition")
			before := s.medusa.Levels()
			s.medusa.ResetCalls()

			second, err := ask(s)
			require.NoError(t, err)
			require.Empty(t, s.paths(), "a repetition cost calls")
			require.True(t, second.Replayed)
			require.Equal(t, first.Status, second.Status)
			require.Equal(t, string(first.JSON), string(second.JSON))
			require.Equal(t, first.ETag, second.ETag)
			require.Equal(t, before, s.medusa.Levels(), "made twice")
			require.Len(t, s.ledger(t), 1)
		})
	}
}

func TestAKeyStaysWithItsAnswerAcrossRestarts(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	store := openStore(t, dsn)
	s := working(t, prepared(t, with(store)))
	first, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	s.close()
	require.NoError(t, store.Close())

	again := s.beside(t, openStore(t, dsn))
	second, err := again.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.True(t, second.Replayed)
	require.Equal(t, string(first.JSON), string(second.JSON))
	s.requireStock(t, "iitem_bd_1g", 105)
}

func TestAKeyOfAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	_, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	_, err = s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 6))
	requireCode(t, IdempotencyKeyReused, err)
	s.requireStock(t, "iitem_bd_1g", 105)
}

func TestAKeyInUseIsTakenForNobodyElse(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	released := make(chan struct{})
	s.medusa.Fail(levelWrites, medusatest.Hold(released))
	first := make(chan *WriteAnswer, 1)
	go func() {
		answer, err := s.adjust(context.Background(), s.by("k"), more("iitem_bd_1g", 5))
		assert.NoError(t, err)
		first <- answer
	}()
	s.awaitCall(t, http.MethodPost)

	_, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.NotZero(t, requireCode(t, IdempotencyInProgress, err).RetryAfter)
	_, err = s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 6))
	requireCode(t, IdempotencyKeyReused, err)

	close(released)
	answer := <-first
	again, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.Equal(t, string(answer.JSON), string(again.JSON))
	s.requireStock(t, "iitem_bd_1g", 105)
}

func TestOneOfManyEqualRequestsAtOnceIsMade(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	var wait sync.WaitGroup
	var answers, busy atomic.Int64
	for range 20 {
		wait.Go(func() {
			answer, err := s.adjust(context.Background(), s.by("k"), more("iitem_bd_1g", 5))
			if err == nil {
				answers.Add(1)
				assert.Contains(t, string(answer.JSON), `"newQuantity":105`)
				return
			}
			busy.Add(1)
			assert.Equal(t, IdempotencyInProgress, failed(err).Code)
		})
	}
	wait.Wait()
	require.Positive(t, answers.Load())
	require.EqualValues(t, 20, answers.Load()+busy.Load())
	s.requireStock(t, "iitem_bd_1g", 105)
	require.Len(t, s.ledger(t), 1)
}

func TestAKeyBelongsToItsActor(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	first, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.NoError(t, err)

	others := s.by("k")
	others.Caller = s.another("user_other")
	answer, err := s.adjust(t.Context(), others, more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.False(t, answer.Replayed, "somebody else's key counted")
	others.Credential = medusaclient.SecretKey(medusatest.SecretKey)
	answer, err = s.adjust(t.Context(), others, more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.False(t, answer.Replayed, "somebody else's key counted")
	s.requireStock(t, "iitem_bd_1g", 115)

	s.medusa.SetTokenLife(time.Hour)
	renewed := s.by("k")
	renewed.Credential = medusaclient.Bearer(s.medusa.Token(medusatest.UserID))
	require.NotEqual(t, s.caller.Credential.Fingerprint(), renewed.Credential.Fingerprint(), "the same token")
	answer, err = s.adjust(t.Context(), renewed, more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.True(t, answer.Replayed, "a renewed token is taken for another caller")
	require.Equal(t, string(first.JSON), string(answer.JSON))
}

func TestARefusalIsNotKept(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*shop) (*WriteAnswer, error){
		"of an adjustment": func(s *shop) (*WriteAnswer, error) {
			return s.adjust(t.Context(), s.by("k"), more("iitem_alerta_uno", -3))
		},
		"of a batch": func(s *shop) (*WriteAnswer, error) {
			return s.batch(t.Context(), s.by("k"), rows("", row("iitem_alerta_uno", shopFloor, `"adjustment":-3`)))
		},
		"of an atomic batch": func(s *shop) (*WriteAnswer, error) {
			return s.batch(t.Context(), s.by("k"), rows(`,"atomic":true`,
				row("iitem_alerta_agotado", shopFloor, `"quantity":0`), row("iitem_alerta_uno", shopFloor, `"adjustment":-3`)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := stocked(t)
			refused, err := ask(s)
			if err == nil {
				require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
			} else {
				requireCode(t, InsufficientStock, err)
			}
			s.medusa.SetLevel("iitem_alerta_uno", shopFloor, medusatest.Quantities{Stocked: 10})
			answer, err := ask(s)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, answer.Status, "the refusal was kept")
			require.False(t, answer.Replayed)
			s.requireStock(t, "iitem_alerta_uno", 7)
		})
	}
}

func TestARefusalAfterAnAttemptThatFailedIsNotKept(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	body := rows("", row("iitem_alerta_uno", shopFloor, `"adjustment":-3`))
	s.leave(t, s.begun(t, s.by("k"), body, &stock.Batch{}), time.Now().Add(time.Minute),
		left{item: "iitem_alerta_uno", from: 5, to: 2, state: state.Failed})
	refused, err := s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
	s.medusa.SetLevel("iitem_alerta_uno", shopFloor, medusatest.Quantities{Stocked: 10})
	answer, err := s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.Status, "the refusal was kept")
}

func TestWhatCouldNotBeTriedIsNotKept(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	s.medusa.Close()
	for _, ask := range []func() (*WriteAnswer, error){
		func() (*WriteAnswer, error) { return s.adjust(t.Context(), s.by("a"), more("iitem_bd_1g", 5)) },
		func() (*WriteAnswer, error) {
			return s.batch(t.Context(), s.by("b"), rows("", row("variant_bd_7g", shopFloor, `"quantity":1`)))
		},
	} {
		_, err := ask()
		require.Equal(t, Unreachable, requireCode(t, NetworkError, err).Outage)
	}
	s.restart(t)
	_, err := s.adjust(t.Context(), s.by("a"), more("iitem_bd_1g", 6)) // another body: nothing is known of the key
	require.NoError(t, err)
	_, err = s.batch(t.Context(), s.by("b"), rows("", row("variant_bd_7g", shopFloor, `"quantity":2`)))
	require.NoError(t, err)
	s.requireStock(t, "iitem_bd_1g", 106)
	s.requireStock(t, "iitem_bd_7g", 2)
}

// restart brings Medusa back and waits until the gateway has noticed.
func (s *shop) restart(t testing.TB) {
	t.Helper()
	_, err := s.medusa.Start()
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Ready(context.Background()) == nil }, patience, 20*time.Millisecond)
	s.medusa.ResetCalls()
}

func TestARefusedFlushIsNotKept(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	lift := s.medusa.Fail(levelWrites, medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"no"}`))
	_, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.Equal(t, Broken, requireCode(t, NetworkError, err).Outage)
	lift()
	answer, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.False(t, answer.Replayed)
	s.requireStock(t, "iitem_bd_1g", 105)
	for _, entry := range s.ledger(t) {
		require.Contains(t, []state.State{state.Failed, state.Applied}, entry.State)
	}
}

func TestAnUnknownOutcomeBecomesTheTruth(t *testing.T) {
	t.Parallel()
	var late medusatest.Late
	for name, cut := range map[string]medusatest.Failure{
		"when the write landed":      medusatest.CutAfter(),
		"when it did not":            medusatest.Cut(),
		"when it has not landed yet": late.Cut,
	} {
		t.Run(name, func(t *testing.T) {
			s, clock := timed(t)
			lift := s.medusa.Fail(levelWrites, cut)
			_, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
			unknown := requireCode(t, OutcomeUnknown, err)
			require.NotEmpty(t, unknown.BatchID)
			require.NotZero(t, unknown.RetryAfter)
			lift()
			s.medusa.ResetCalls()

			_, err = s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
			require.Equal(t, unknown.BatchID, requireCode(t, OutcomeUnknown, err).BatchID)
			require.Zero(t, s.writes(), "sent again while the first may still land")
			late.Land()

			clock.afterLanding()
			s.settle(t)
			answer, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
			require.NoError(t, err)
			require.True(t, answer.Replayed, "made by the first attempt")
			adjustment, _ := read(t, answer.Answer, nil)["adjustment"].(map[string]any)
			require.EqualValues(t, 100, adjustment["previousQuantity"])
			require.EqualValues(t, 105, adjustment["newQuantity"])
			s.requireStock(t, "iitem_bd_1g", 105)

			s.medusa.ResetCalls()
			kept, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
			require.NoError(t, err)
			require.Equal(t, string(answer.JSON), string(kept.JSON))
			require.Empty(t, s.paths(), "the settled answer was not kept")
			require.Len(t, s.ledger(t), 1)
		})
	}
}

func TestAnOutcomeThatNobodyCanTellStaysUnknown(t *testing.T) {
	t.Parallel()
	s, clock := timed(t)
	s.medusa.Fail(levelWrites, medusatest.Cut())
	_, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
	first := requireCode(t, OutcomeUnknown, err)
	s.medusa.SetLevel("iitem_bd_1g", shopFloor, medusatest.Quantities{Stocked: 77})
	s.medusa.LiftFailures()
	clock.afterLanding()
	s.settle(t)
	require.Equal(t, state.Unknown, s.ledger(t)[0].State)
	for range 2 {
		_, err = s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 5))
		told := requireCode(t, OutcomeUnknown, err)
		require.Equal(t, first.BatchID, told.BatchID)
		require.Zero(t, told.RetryAfter, "waiting does not help")
		require.Contains(t, told.Message.In(mapping.English), "Count the stock there")
	}
	s.requireStock(t, "iitem_bd_1g", 77)
}

// The same key asks after the unknown row; it does not try the others anew.
func TestAnAnswerWithAnUnknownRowStaysAsItWasForTheOthers(t *testing.T) {
	t.Parallel()
	s, clock := timed(t)
	body := rows("", row("iitem_bd_1g", shopFloor, `"adjustment":5`), row("iitem_alerta_uno", shopFloor, `"adjustment":-9`))
	s.medusa.Fail(levelWrites, medusatest.CutAfter())
	first, err := s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusMultiStatus, first.Status)
	refused := "error: Insufficient stock: 1 available, 9 asked for"
	require.Equal(t, []string{"unknown: Outcome unknown, being settled", refused}, results(t, first))
	s.medusa.LiftFailures()
	s.medusa.SetLevel("iitem_alerta_uno", shopFloor, medusatest.Quantities{Stocked: 50})

	again, err := s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.Equal(t, string(first.JSON), string(again.JSON), "it is not settled yet")
	clock.afterLanding()
	s.settle(t)
	again, err = s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, http.StatusMultiStatus, again.Status)
	require.Equal(t, []string{"success 100 105", refused}, results(t, again))
	said := read(t, again.Answer, nil)
	require.Equal(t, []any{1.0, 1.0}, []any{said["updated"], said["failed"]})
	require.EqualValues(t, 5, said["summary"].(map[string]any)["totalUnitsUpdated"])
	s.requireStock(t, "iitem_alerta_uno", 50)
	s.medusa.ResetCalls()
	kept, err := s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.Equal(t, string(again.JSON), string(kept.JSON))
	require.Empty(t, s.paths(), "the settled answer was not kept")
}

// mixedBatch has a row in packs of six, one in fractions, one below what is
// reserved and one that is refused.
var mixedBatch = rows(`,"reason":"cycleCount"`,
	row("variant_preroll_6", shopFloor, `"adjustment":-2`),
	row("iitem_fraccion_g", shopFloor, `"quantity":12.625`),
	row("variant_bd_7g", shopFloor, `"quantity":3`),
	row("variant_bd_1g", shopFloor, `"adjustment":-1000`),
)

func TestRowsMadeByAnAttemptThatDiedAreRecalled(t *testing.T) {
	t.Parallel()
	undisturbed, s := stocked(t), stocked(t)
	expected, err := undisturbed.batch(t.Context(), undisturbed.by("k"), mixedBatch)
	require.NoError(t, err)

	died := s.begunRows(t, s.by("k"), mixedBatch, 4)
	before := s.medusa.Levels()
	s.medusa.ResetCalls()
	answer, err := s.batch(t.Context(), s.by("k"), mixedBatch)
	require.NoError(t, err)
	require.Zero(t, s.writes(), "written again")
	require.Equal(t, before, s.medusa.Levels())
	require.Equal(t, expected.Status, answer.Status)
	require.Equal(t, told(t, expected), told(t, answer))
	require.Equal(t, died.batchID, read(t, answer.Answer, nil)["batchId"])
	require.Len(t, s.applied(t), 3)

	kept, err := s.batch(t.Context(), s.by("k"), mixedBatch)
	require.NoError(t, err)
	require.True(t, kept.Replayed)
	require.Equal(t, string(answer.JSON), string(kept.JSON))
}

func TestSingleChangesOfAnAttemptThatDiedAreRecalled(t *testing.T) {
	t.Parallel()
	item := mapping.Address{InventoryItemID: "iitem_bd_7g"}
	five, incoming := mapping.QuantityOf(5), mapping.QuantityOf(9)
	for name, c := range map[string]struct {
		body   string
		ask    func(*shop, context.Context, Write, string) (*WriteAnswer, error)
		change stock.Change
	}{
		"an adjustment": {
			`{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_high_up","adjustment":5,"reason":"return"}`, (*shop).adjust,
			stock.Change{Address: item, LocationID: shopFloor, Adjust: &five, Note: mapping.Note{Reason: "return"}},
		},
		"an update": {
			`{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_high_up","stockedQuantity":5,"incomingQuantity":9}`, (*shop).update,
			stock.Change{Address: item, LocationID: shopFloor, Set: &five, Incoming: &incoming},
		},
		"a new level": {
			`{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_mayorista","stockedQuantity":5}`, (*shop).update,
			stock.Change{Address: item, LocationID: wholesale, Set: &five},
		},
		"a removal": {
			`{"inventoryItemId":"iitem_bd_7g","locationId":"sloc_deposito","force":true}`, (*shop).remove,
			stock.Change{Address: item, LocationID: warehouse, Remove: true, Force: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			undisturbed, s := stocked(t), stocked(t)
			expected, err := c.ask(undisturbed, t.Context(), undisturbed.by("k"), c.body)
			require.NoError(t, err)

			s.begun(t, s.by("k"), c.body, &stock.Batch{Changes: []stock.Change{c.change}, Levels: true})
			before := s.medusa.Levels()
			s.medusa.ResetCalls()
			answer, err := c.ask(s, t.Context(), s.by("k"), c.body)
			require.NoError(t, err)
			require.True(t, answer.Replayed)
			require.Zero(t, s.writes(), "written again")
			require.Equal(t, before, s.medusa.Levels())
			require.Equal(t, timeless(t, expected), timeless(t, answer))
			require.Len(t, s.applied(t), 1)
		})
	}
}

// timeless is an answer without what two runs have of their own: the times, and
// the ids that are made on the way.
func timeless(t testing.TB, answer *WriteAnswer) map[string]any {
	t.Helper()
	said := told(t, answer)
	for _, member := range said {
		if part, is := member.(map[string]any); is {
			for _, key := range []string{"createdAt", "updatedAt"} {
				delete(part, key)
			}
			if id, _ := part["id"].(string); strings.HasPrefix(id, "adj_") {
				part["id"] = "adj_"
			}
		}
	}
	return said
}

func TestRowsThatAnAttemptThatDiedDidNotMakeAreMade(t *testing.T) {
	t.Parallel()
	body := rows("",
		row("iitem_bd_1g", shopFloor, `"adjustment":5`),
		row("iitem_bd_7g", shopFloor, `"adjustment":5`),
		row("iitem_bd_14g", shopFloor, `"adjustment":5`),
		row("iitem_bd_3_5g", shopFloor, `"adjustment":5`),
	)
	s, clock := timed(t)
	try := s.begunRows(t, s.by("k"), body, 1)
	s.leave(t, try, clock.now().Add(stock.SettledAfter),
		left{position: 1, item: "iitem_bd_7g", from: 50, to: 55, state: state.Failed},
		left{position: 3, item: "iitem_bd_3_5g", from: 50, to: 55, state: state.Pending})

	answer, err := s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusMultiStatus, answer.Status)
	require.False(t, answer.Replayed, "rows were made now")
	require.Equal(t, []string{"success 100 105", "success 50 55", "success 12 17", "unknown: Outcome unknown, being settled"}, results(t, answer))
	s.requireStock(t, "iitem_bd_3_5g", 50)

	clock.afterLanding()
	s.settle(t)
	answer, err = s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.Status, "the answer with an unknown row was kept")
	require.True(t, answer.Replayed)
	require.Equal(t, []string{"success 100 105", "success 50 55", "success 12 17", "success 50 55"}, results(t, answer))
	for item, quantity := range map[string]float64{"iitem_bd_1g": 105, "iitem_bd_7g": 55, "iitem_bd_14g": 17, "iitem_bd_3_5g": 55} {
		s.requireStock(t, item, quantity)
	}
	require.Len(t, s.applied(t), 4)
	for _, entry := range s.ledger(t) {
		require.Equal(t, try.batchID, entry.BatchID, "one batch is one batch id")
	}
}

// results are the rows of a batch's answer: status, quantity before and after.
func results(t testing.TB, answer *WriteAnswer) []string {
	t.Helper()
	var body struct{ Results []map[string]any }
	require.NoError(t, json.Unmarshal(answer.JSON, &body))
	said := make([]string, len(body.Results))
	for i, row := range body.Results {
		said[i] = fmt.Sprint(row["status"], " ", row["previousQuantity"], " ", row["newQuantity"])
		if reason, failed := row["error"]; failed {
			said[i] = fmt.Sprint(row["status"], ": ", reason)
		}
	}
	return said
}

func TestAPendingChangeOfAnAttemptThatDiedIsUnknownUntilSettled(t *testing.T) {
	t.Parallel()
	for name, landed := range map[string]bool{"that landed": true, "that did not land": false} {
		t.Run(name, func(t *testing.T) {
			s, clock := timed(t)
			body := more("iitem_bd_1g", 5)
			try := s.begun(t, s.by("k"), body, &stock.Batch{})
			s.leave(t, try, clock.now().Add(stock.SettledAfter), left{item: "iitem_bd_1g", from: 100, to: 105, state: state.Pending})
			if landed {
				s.medusa.SetLevel("iitem_bd_1g", shopFloor, medusatest.Quantities{Stocked: 105, Reserved: 10})
			}
			for range 2 {
				_, err := s.adjust(t.Context(), s.by("k"), body)
				require.Equal(t, try.batchID, requireCode(t, OutcomeUnknown, err).BatchID)
			}
			require.Zero(t, s.writes())
			clock.afterLanding()
			s.settle(t)
			answer, err := s.adjust(t.Context(), s.by("k"), body)
			require.NoError(t, err)
			require.Contains(t, string(answer.JSON), `"previousQuantity":100,"newQuantity":105`)
			s.requireStock(t, "iitem_bd_1g", 105)
		})
	}
}

func TestAnAtomicBatchOfAnAttemptThatDiedIsWhole(t *testing.T) {
	t.Parallel()
	body := rows(`,"atomic":true`, row("iitem_bd_1g", shopFloor, `"adjustment":5`), row("iitem_bd_7g", shopFloor, `"adjustment":-5`))
	rowsLeft := func(of state.State) []left {
		return []left{
			{position: 0, item: "iitem_bd_1g", from: 100, to: 105, state: of, atomic: true},
			{position: 1, item: "iitem_bd_7g", from: 50, to: 45, state: of, atomic: true},
		}
	}
	requireMade := func(t *testing.T, s *shop) *WriteAnswer {
		t.Helper()
		answer, err := s.batch(t.Context(), s.by("k"), body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.Status)
		require.Equal(t, []string{"success 100 105", "success 50 45"}, results(t, answer))
		s.requireStock(t, "iitem_bd_1g", 105)
		s.requireStock(t, "iitem_bd_7g", 45)
		require.Len(t, s.applied(t), 2)
		return answer
	}
	t.Run("made", func(t *testing.T) {
		s := stocked(t)
		s.begunRows(t, s.by("k"), body, 2)
		s.medusa.ResetCalls()
		require.True(t, requireMade(t, s).Replayed)
		require.Zero(t, s.writes())
	})
	t.Run("failed", func(t *testing.T) {
		s := stocked(t)
		s.leave(t, s.begun(t, s.by("k"), body, &stock.Batch{}), time.Now().Add(time.Minute), rowsLeft(state.Failed)...)
		require.False(t, requireMade(t, s).Replayed)
		require.Equal(t, 1, s.writes())
	})
	t.Run("pending", func(t *testing.T) {
		s, clock := timed(t)
		try := s.begun(t, s.by("k"), body, &stock.Batch{})
		s.leave(t, try, clock.now().Add(stock.SettledAfter), rowsLeft(state.Pending)...)
		_, err := s.batch(t.Context(), s.by("k"), body)
		require.Equal(t, try.batchID, requireCode(t, OutcomeUnknown, err).BatchID)
		clock.afterLanding()
		s.settle(t)
		require.True(t, requireMade(t, s).Replayed)
	})
	t.Run("pending, and overtaken by somebody else", func(t *testing.T) {
		s, clock := timed(t)
		try := s.begun(t, s.by("k"), body, &stock.Batch{})
		s.leave(t, try, clock.now().Add(stock.SettledAfter), rowsLeft(state.Pending)...)
		s.medusa.SetLevel("iitem_bd_7g", shopFloor, medusatest.Quantities{Stocked: 9})
		_, err := s.batch(t.Context(), s.by("k"), body)
		requireCode(t, OutcomeUnknown, err)
		clock.afterLanding()
		s.settle(t)
		_, err = s.batch(t.Context(), s.by("k"), body)
		requireCode(t, OutcomeUnknown, err)
		s.requireStock(t, "iitem_bd_1g", 100)
		s.requireStock(t, "iitem_bd_7g", 9)
	})
}

// manyItems gives the shop n items with a level of 10 each.
func (s *shop) manyItems(n int) []string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf("iitem_many_%04d", i)
		s.medusa.Put(medusatest.InventoryItem{ID: items[i], LocationLevels: []medusatest.Level{
			{ID: "ilev_" + items[i], LocationID: shopFloor, StockedQuantity: 10},
		}})
	}
	return items
}

func TestALongBatchCutInTheMiddleIsCompleted(t *testing.T) {
	t.Parallel()
	s := unhurried(t)
	items := s.manyItems(600)
	each := make([]string, len(items))
	for i, item := range items {
		each[i] = row(item, shopFloor, `"adjustment":1`)
	}
	body := rows("", each...)
	s.begunRows(t, s.by("k"), body, 250)
	s.medusa.ResetCalls()

	answer, err := s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.Equal(t, slices.Repeat([]string{"success 10 11"}, 600), results(t, answer))
	require.Equal(t, http.StatusOK, answer.Status)
	require.False(t, answer.Replayed)
	require.Equal(t, 2, s.writes(), "350 rows are left to write")
	require.EqualValues(t, 600, read(t, answer.Answer, nil)["updated"])
	for _, item := range items {
		s.requireStock(t, item, 11)
	}
	positions := map[int]int{}
	for _, entry := range s.applied(t) {
		positions[entry.Position]++
	}
	require.Len(t, positions, 600)
	require.Equal(t, 1, slices.Max(slices.Collect(maps.Values(positions))), "a row was made twice")
}

func TestMedusaDownAtTheSecondAttemptDoesNotLoseTheKey(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	body := rows("", row("iitem_bd_1g", shopFloor, `"adjustment":5`), row("iitem_bd_7g", shopFloor, `"adjustment":5`))
	try := s.begunRows(t, s.by("k"), body, 1)
	s.medusa.Close()
	_, err := s.batch(t.Context(), s.by("k"), body)
	require.Equal(t, Unreachable, requireCode(t, NetworkError, err).Outage)
	s.restart(t)

	answer, err := s.batch(t.Context(), s.by("k"), body)
	require.NoError(t, err)
	require.Equal(t, []string{"success 100 105", "success 50 55"}, results(t, answer))
	require.Equal(t, try.batchID, read(t, answer.Answer, nil)["batchId"])
	s.requireStock(t, "iitem_bd_1g", 105)
	s.requireStock(t, "iitem_bd_7g", 55)
	_, err = s.batch(t.Context(), s.by("k"), rows("", row("iitem_bd_1g", shopFloor, `"adjustment":5`)))
	requireCode(t, IdempotencyKeyReused, err)
}

// A gateway that dies in the middle of a write, with its database.
func TestAfterACrashInTheMiddleOfAWriteTheKeyTellsTheTruth(t *testing.T) {
	t.Parallel()
	body := rows("", row("iitem_bd_1g", shopFloor, `"adjustment":5`), row("variant_preroll_6", shopFloor, `"adjustment":1`))
	for name, hold := range map[string]func(<-chan struct{}) medusatest.Failure{
		"before Medusa has it":   medusatest.Hold,
		"before Medusa's answer": medusatest.HoldAnswer,
	} {
		t.Run(name, func(t *testing.T) {
			dsn := newDatabase(t)
			store := openStore(t, dsn)
			s := working(t, prepared(t, with(store)))
			released := make(chan struct{})
			lift := s.medusa.Fail(levelWrites, hold(released))
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = s.batch(context.Background(), s.by("k"), body) // nobody hears it
			}()
			s.awaitCall(t, http.MethodPost)
			require.NoError(t, store.Close())

			clock := &clock{}
			second := inFrontOf(t, s.medusa, with(openStore(t, dsn)))
			second.liveIn(clock)
			lift()
			working(t, second)
			answer, err := second.batch(t.Context(), s.by("k"), body)
			require.NoError(t, err)
			require.Equal(t, []string{"unknown: Outcome unknown, being settled", "unknown: Outcome unknown, being settled"}, results(t, answer))
			close(released)
			<-ended
			clock.afterLanding()
			second.settle(t)
			answer, err = second.batch(t.Context(), s.by("k"), body)
			require.NoError(t, err)
			require.True(t, answer.Replayed)
			require.Equal(t, []string{"success 100 105", "success 8 9"}, results(t, answer))
			s.requireStock(t, "iitem_bd_1g", 105)
			s.requireStock(t, "iitem_preroll", 56)
			require.Len(t, second.ledger(t), 2)
		})
	}
}

// A key's time is that of the clock, which the bubble has to itself; what is
// done for the key is counted, and asks nobody.
func TestAKeyIsForgottenAfterADayOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := state.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "gateway.db"), slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		defer store.Close()
		g := &Gateway{store: store, log: slog.New(slog.DiscardHandler), running: &running{keys: map[string][sha256.Size]byte{}}}
		w := Write{Caller: token(time.Now().Add(time.Hour)), Key: "k", Request: []byte("{}")}
		made := 0
		ask := func() *WriteAnswer {
			answer, err := g.writeOnce(t.Context(), w, func(ctx context.Context, try *attempt) (result, error) {
				made++
				turn, err := store.Turn(ctx)
				require.NoError(t, err)
				defer turn.End()
				require.NoError(t, turn.Commit(ctx, state.Flush{ID: state.NewID("flush_"), Claims: []state.Claim{*try.claim}}))
				try.fresh = true
				return result{status: http.StatusOK, body: made, changed: true}, nil
			})
			require.NoError(t, err)
			return answer
		}
		require.JSONEq(t, "1", string(ask().JSON))
		time.Sleep(24*time.Hour - time.Second) //nolint:forbidigo // the clock of the bubble
		require.JSONEq(t, "1", string(ask().JSON), "forgotten too early")
		time.Sleep(2 * time.Second) //nolint:forbidigo // the clock of the bubble
		require.JSONEq(t, "2", string(ask().JSON), "kept for more than a day")
		require.True(t, ask().Replayed, "the key does not serve again")
	})
}
