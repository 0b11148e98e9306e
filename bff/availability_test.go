package bff

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

var (
	shopKey      = medusatest.PublishableToken("sc_cannahub")
	wholesaleKey = medusatest.PublishableToken("sc_mayorista")
)

// frequented is a shop whose keys are held, as they are in the program.
func frequented(t testing.TB, change ...func(*Config)) *shop {
	t.Helper()
	return prepared(t, append([]func(*Config){func(c *Config) { c.AuthTTL = time.Minute }}, change...)...)
}

// shopper is a visitor with a publishable key.
func shopper(key string) Visitor { return Visitor{PublishableKey: key} }

// admin is a visitor with the shop's caller's credential alone.
func (s *shop) admin() Visitor { return Visitor{Caller: s.caller} }

// ask asks for availability in the gateway's own spelling.
func (s *shop) ask(ctx context.Context, v Visitor, body string) ([]gjson.Result, error) {
	query, faults := mapping.ParseAvailability([]byte(body))
	if len(faults) > 0 {
		panic(fmt.Sprintf("%s: %v", body, faults))
	}
	answer, err := s.Availability(ctx, v, query)
	if err != nil {
		return nil, err
	}
	return gjson.GetBytes(answer.JSON, "availability").Array(), nil
}

func (s *shop) mustAsk(t testing.TB, v Visitor, body string) []gjson.Result {
	t.Helper()
	entries, err := s.ask(t.Context(), v, body)
	require.NoError(t, err)
	return entries
}

// itemsQuestion asks whether there is one of each item.
func itemsQuestion(ids ...string) string {
	rows := make([]string, len(ids))
	for i, id := range ids {
		rows[i] = fmt.Sprintf(`{"inventoryItemId":%q,"requiredQuantity":1}`, id)
	}
	return `{"items":[` + strings.Join(rows, ",") + `]}`
}

// collection is the ids of items of the catalogue, of which there are many alike.
func collection(from, to int) []string {
	var ids []string
	for i := from; i < to; i++ {
		ids = append(ids, fmt.Sprintf("iitem_h_%03d", i+1))
	}
	return ids
}

// reads are the calls that were made to Medusa, but for those for credentials.
func (s *shop) reads() []string {
	return slices.DeleteFunc(s.paths(), func(path string) bool { return strings.Contains(path, "/auth/") })
}

// Who asks while Medusa is being asked goes together with all others who do. Its
// answers come when all have asked.
func TestTwoHundredAtOnceCostFiveCallsAtMost(t *testing.T) {
	s := frequented(t)
	items, counts := collection(0, 100), s.counts.items
	questions := make([][]string, 200)
	for i := range questions {
		questions[i] = []string{items[i%100], items[(i+1+i/100)%100]}
	}
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/inventory-items"}, medusatest.Hold(released))
	var asking sync.WaitGroup
	for _, ids := range questions {
		asking.Go(func() {
			entries, err := s.ask(context.Background(), shopper(shopKey), itemsQuestion(ids...))
			if assert.NoError(t, err) {
				answered := []string{}
				for _, entry := range entries {
					answered = append(answered, entry.Get("inventoryItemId").String())
					assert.NotEmpty(t, entry.Get("locationId").String(), "nothing was counted: %s", entry.Raw)
				}
				assert.Equal(t, ids, slices.Compact(answered))
			}
		})
	}
	// Nobody's call is over, so each waits for those that read his items.
	assert.Eventually(t, func() bool {
		counts.mu.Lock()
		defer counts.mu.Unlock()
		expected, waiting := 0, map[*flight[mapping.ItemCount]]int{}
		for _, ids := range questions {
			one, other := counts.flights[ids[0]], counts.flights[ids[1]]
			if one == nil || other == nil {
				return false
			}
			waiting[one], waiting[other] = one.waiters, other.waiters
			if expected++; one != other {
				expected++
			}
		}
		for _, waiters := range waiting {
			expected -= waiters
		}
		return expected == 0
	}, patience, time.Millisecond, "not all wait for calls that they share")
	close(released)
	asking.Wait()
	require.LessOrEqual(t, len(s.medusa.Calls()), 5, "%v", s.paths())
}

// shown are the entries in short: "location available".
func shown(entries []gjson.Result) []string {
	short := []string{}
	for _, entry := range entries {
		short = append(short, entry.Get("locationId").String()+" "+entry.Get("availableQuantity").Raw)
	}
	return short
}

func TestAShopperSeesTheLocationsOfTheKeyAlone(t *testing.T) {
	s := frequented(t)
	half := itemsQuestion("iitem_bd_14g")
	require.Equal(t, []string{"sloc_deposito 60", "sloc_high_up 12"}, shown(s.mustAsk(t, shopper(shopKey), half)))
	require.Equal(t, []string{"sloc_mayorista 800"}, shown(s.mustAsk(t, shopper(wholesaleKey), half)))
	require.Equal(t, []string{"sloc_mayorista 800", "sloc_deposito 60", "sloc_high_up 12"}, shown(s.mustAsk(t, s.admin(), half)))
	require.Equal(t, []string{" 0"}, shown(s.mustAsk(t, shopper(wholesaleKey), itemsQuestion("iitem_bd_1g"))))
}

// Whatever is asked for, and however: no location outside the key's channels.
func TestNoNumberOfAnotherChannelsLocationIsEverShown(t *testing.T) {
	s := frequented(t)
	var rows []string
	allowed := map[string]map[string]bool{
		shopKey:      {"sloc_high_up": true, "sloc_deposito": true, "": true},
		wholesaleKey: {"sloc_mayorista": true, "": true},
	}
	for level := range s.medusa.Levels() {
		row := fmt.Sprintf(`{"inventoryItemId":%q,"requiredQuantity":1`, level.InventoryItemID)
		rows = append(rows, row+"}", row+fmt.Sprintf(`,"locationId":%q}`, level.LocationID))
	}
	for chunk := range slices.Chunk(rows, 500) {
		body := `{"items":[` + strings.Join(chunk, ",") + `]}`
		for key, locations := range allowed {
			for _, entry := range s.mustAsk(t, shopper(key), body) {
				require.True(t, locations[entry.Get("locationId").String()], "%s is shown", entry.Raw)
				if entry.Get("locationId").String() == "" {
					require.Equal(t, "0", entry.Get("availableQuantity").Raw, entry.Raw)
				}
			}
		}
	}
	require.Greater(t, len(rows), 500)
}

func TestWhoMayAskForAvailability(t *testing.T) {
	past, ahead := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano), time.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano)
	s := frequented(t)
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_old", Token: "pk_revoked", SalesChannelIDs: []string{"sc_cannahub"}, RevokedAt: &past})
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_ends", Token: "pk_ends", SalesChannelIDs: []string{"sc_cannahub"}, RevokedAt: &ahead})
	s.medusa.PutUser(medusatest.User{ID: "user_guest", Forbidden: true})
	guest := Visitor{Caller: Caller{Credential: medusaclient.Bearer(s.medusa.Token("user_guest"))}}
	stranger := Visitor{Caller: Caller{Credential: medusaclient.Bearer("garbage")}}
	both := s.admin()
	both.PublishableKey = shopKey
	item := `"items":[{"inventoryItemId":"iitem_bd_1g","requiredQuantity":1}]`
	for name, test := range map[string]struct {
		visitor Visitor
		body    string
		code    Code
		unasked bool // Medusa need not be
	}{
		"nobody":                        {Visitor{}, "", Unauthorized, true},
		"a key that is none":            {shopper("pk_nope"), "", Unauthorized, false},
		"not even like a key":           {shopper("sk_" + shopKey), "", Unauthorized, true},
		"two keys in one":               {shopper(shopKey + ",pk_1"), "", Unauthorized, true},
		"a very long key":               {shopper("pk_" + strings.Repeat("a", 300)), "", Unauthorized, true},
		"a revoked key":                 {shopper("pk_revoked"), "", Unauthorized, false},
		"a key that will be revoked":    {shopper("pk_ends"), "", "", false},
		"a channel of the key":          {shopper(shopKey), `,"salesChannelId":"sc_cannahub"`, "", false},
		"another's channel":             {shopper(shopKey), `,"salesChannelId":"sc_mayorista"`, Forbidden, true},
		"no channel at all":             {shopper(shopKey), `,"salesChannelId":"sc_nope"`, Forbidden, true},
		"a shopper who wants to know":   {shopper(shopKey), `,"explain":true`, Forbidden, true},
		"an admin":                      {s.admin(), "", "", false},
		"an admin, of a channel":        {s.admin(), `,"salesChannelId":"sc_mayorista"`, "", false},
		"an admin, of no channel":       {s.admin(), `,"salesChannelId":"sc_nope"`, SalesChannelNotFound, false},
		"an admin with a key":           {both, `,"explain":true`, "", false},
		"who may not":                   {guest, "", Forbidden, false},
		"who is no admin":               {stranger, "", Unauthorized, false},
		"who is none, but has a key":    {Visitor{Caller: stranger.Caller, PublishableKey: shopKey}, "", "", false},
		"who is none and wants to know": {Visitor{Caller: stranger.Caller, PublishableKey: shopKey}, `,"explain":true`, Unauthorized, false},
	} {
		t.Run(name, func(t *testing.T) {
			s.mustAsk(t, shopper(shopKey), "{"+item+"}")
			s.medusa.ResetCalls()
			_, err := s.ask(t.Context(), test.visitor, "{"+item+test.body+"}")
			if test.code == "" {
				require.NoError(t, err)
				return
			}
			requireCode(t, test.code, err)
			if test.unasked {
				require.Empty(t, s.reads(), "Medusa is asked in vain")
			}
		})
	}
}

func TestVisitorsWithoutAKeyHaveTheConfiguredOne(t *testing.T) {
	s := frequented(t, func(c *Config) { c.DefaultKey = wholesaleKey })
	half := itemsQuestion("iitem_bd_14g")
	require.Equal(t, []string{"sloc_mayorista 800"}, shown(s.mustAsk(t, Visitor{}, half)))
	require.Len(t, s.mustAsk(t, shopper(shopKey), half), 2, "who has a key keeps it")
	require.Len(t, s.mustAsk(t, s.admin(), half), 3, "an admin is no shopper")
}

func TestAKeyOfSeveralChannelsOpensThemAll(t *testing.T) {
	s := frequented(t)
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_both", Token: "pk_both", SalesChannelIDs: []string{"sc_mayorista", "sc_cannahub", "sc_deleted"}})
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_none", Token: "pk_none"})
	half := `{"items":[{"inventoryItemId":"iitem_bd_14g","requiredQuantity":1}]`
	require.Len(t, s.mustAsk(t, shopper("pk_both"), half+"}"), 3)
	require.Equal(t, []string{"sloc_mayorista 800"}, shown(s.mustAsk(t, shopper("pk_both"), half+`,"salesChannelId":"sc_mayorista"}`)))
	require.Equal(t, []string{" 0"}, shown(s.mustAsk(t, shopper("pk_none"), half+"}")))
}

func TestAnAdminIsToldWhatAnAnswerWasMadeOf(t *testing.T) {
	s := frequented(t)
	body := `{"items":[{"inventoryItemId":"iitem_bd_1g","requiredQuantity":1}],"explain":true}`
	require.JSONEq(t, `{"inventoryItemId":"iitem_bd_1g","stocked":400,"reserved":40,"requiredQuantity":1,"linkedChannels":[{"id":"sc_cannahub","name":"Cannahub"}]}`,
		s.mustAsk(t, s.admin(), body)[0].Get("explain").Raw)
	both := s.admin()
	both.PublishableKey = shopKey
	entries := s.mustAsk(t, both, strings.Replace(body, "bd_1g", "bd_14g", 1))
	require.Len(t, entries, 2, "with a key its locations alone, for an admin too")
	require.Equal(t, "sc_cannahub", entries[0].Get("explain.linkedChannels.0.id").String())
}

func TestItemsAreFoundByVariantAndSKU(t *testing.T) {
	s := frequented(t)
	entries := s.mustAsk(t, shopper(shopKey), `{"items":[
		{"variantId":"variant_preroll_6","requiredQuantity":7},{"sku":"BD-1G-001","requiredQuantity":360},{"variantId":"variant_kit_armado","requiredQuantity":3},
		{"variantId":"variant_consulta","requiredQuantity":1},{"variantId":"variant_backorder","requiredQuantity":5},{"variantId":"variant_nope","requiredQuantity":1}]}`)
	var got []string
	for _, entry := range entries {
		got = append(got, strings.Join([]string{
			entry.Get("variantId").String() + entry.Get("sku").String(), entry.Get("inventoryItemId").String(), entry.Get("locationId").String(),
			entry.Get("availableQuantity").Raw, entry.Get("status").String(), entry.Get("code").String(),
		}, " "))
	}
	require.Equal(t, []string{
		"variant_preroll_6 iitem_preroll sloc_deposito 50 in_stock ",
		"variant_preroll_6 iitem_preroll sloc_high_up 7 low_stock ",
		"BD-1G-001 iitem_bd_1g sloc_deposito 360 in_stock ",
		"BD-1G-001 iitem_bd_1g sloc_high_up 90 out_of_stock ",
		"variant_kit_armado  sloc_high_up 3 low_stock ",
		"variant_kit_armado  sloc_deposito 0 out_of_stock ",
		"variant_consulta   null in_stock ",
		"variant_backorder iitem_backorder sloc_deposito 0 in_stock ",
		"variant_backorder iitem_backorder sloc_high_up -450 in_stock ",
		"variant_nope   0 out_of_stock VARIANT_NOT_FOUND",
	}, got)
	require.ElementsMatch(t, []string{
		"GET /admin/api-keys", "GET /admin/inventory-items", "GET /admin/product-variants", "GET /admin/inventory-items",
	}, s.reads())
}

func TestAHundredItemsCostOneCallAndHeldOnesNone(t *testing.T) {
	s := frequented(t)
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g"))
	s.medusa.ResetCalls()
	entries := s.mustAsk(t, shopper(shopKey), itemsQuestion(collection(0, 100)...))
	require.Len(t, s.reads(), 1)
	require.GreaterOrEqual(t, len(entries), 100)

	s.medusa.ResetCalls()
	s.mustAsk(t, shopper(shopKey), itemsQuestion(collection(20, 70)...))
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g", "iitem_h_003"))
	require.Empty(t, s.reads(), "what is held is asked for again")

	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_nope"))
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_nope"))
	require.Len(t, s.reads(), 1, "that there is none is held, too")
}

func TestFiveHundredItemsCostTwoCalls(t *testing.T) {
	s := frequented(t)
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g"))
	s.medusa.ResetCalls()
	var ids []string
	for i := range 500 {
		ids = append(ids, fmt.Sprintf("iitem_01KBCZXJCPVWX8REW8880R%04d", i))
	}
	require.Len(t, s.mustAsk(t, shopper(shopKey), itemsQuestion(ids...)), 500)
	require.Len(t, s.reads(), 2)
}

func TestQuestionsAtOnceShareTheirCalls(t *testing.T) {
	s := frequented(t)
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g"))
	s.medusa.ResetCalls()
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/inventory-items", Times: readsAtOnce}, medusatest.Hold(released))
	var wait sync.WaitGroup
	arrived := sync.WaitGroup{}
	arrived.Add(200)
	for i := range 200 {
		wait.Go(func() {
			ids := []string{collection(0, 100)[i%100], collection(0, 100)[(i*7+3)%100]}
			request := &medusaclient.Request{ID: fmt.Sprint(i)}
			arrived.Done()
			entries, err := s.ask(request.With(context.Background()), shopper(shopKey), itemsQuestion(ids...))
			if assert.NoError(t, err) {
				assert.Equal(t, ids[0], entries[0].Get("inventoryItemId").String())
				assert.Equal(t, ids[1], entries[len(entries)-1].Get("inventoryItemId").String())
				assert.Contains(t, []int{0, 1, 2}, request.Calls(), "each has had the calls that it waited for")
			}
		})
	}
	arrived.Wait()
	require.Eventually(t, func() bool { return len(s.reads()) == readsAtOnce }, patience, time.Millisecond)
	close(released)
	wait.Wait()
	require.LessOrEqual(t, len(s.reads()), 5)
}

func TestAWriteMakesWhatIsHeldVoid(t *testing.T) {
	s := stocked(t)
	question := fmt.Sprintf(`{"items":[{"variantId":"variant_bd_1g","requiredQuantity":1,"locationId":%q}]}`, shopFloor)
	require.Equal(t, []string{shopFloor + " 90"}, shown(s.mustAsk(t, shopper(shopKey), question)))
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.Equal(t, []string{shopFloor + " 95"}, shown(s.mustAsk(t, shopper(shopKey), question)))
}

// late is an answer that was made in time and comes when it is released.
func late(made chan<- struct{}, released <-chan struct{}) medusatest.Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		answer := httptest.NewRecorder()
		medusa.ServeHTTP(answer, r)
		close(made)
		<-released
		maps.Copy(w.Header(), answer.Header())
		_, _ = w.Write(answer.Body.Bytes())
	}
}

// A call that was sent before a write shows nobody anything who asks after it.
func TestWhoAsksAfterAWriteIsNotAnsweredFromBefore(t *testing.T) {
	s := stocked(t)
	question := fmt.Sprintf(`{"items":[{"inventoryItemId":"iitem_bd_1g","requiredQuantity":1,"locationId":%q}]}`, shopFloor)
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_preroll"))
	s.medusa.ResetCalls()
	reads := medusatest.Match{Path: "/admin/inventory-items", Times: 1}
	answered, released := make(chan struct{}), make(chan struct{})
	s.medusa.Fail(reads, late(answered, released))
	early := make(chan []gjson.Result)
	go func() {
		entries, err := s.ask(context.Background(), shopper(shopKey), question)
		assert.NoError(t, err)
		early <- entries
	}()
	<-answered
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 5))
	require.NoError(t, err)
	require.Equal(t, []string{shopFloor + " 95"}, shown(s.mustAsk(t, shopper(shopKey), question)), "it is answered from before")
	close(released)
	require.Equal(t, []string{shopFloor + " 90"}, shown(<-early))
	require.Equal(t, []string{shopFloor + " 95"}, shown(s.mustAsk(t, shopper(shopKey), question)), "what was read before is held")
}

func TestAFailedReadIsNotHeld(t *testing.T) {
	s := frequented(t)
	s.medusa.Fail(medusatest.Match{Path: "/admin/inventory-items", Times: 1}, medusatest.Answer(500, `{"type":"unknown_error","message":"no"}`))
	_, err := s.ask(t.Context(), s.admin(), itemsQuestion("iitem_bd_1g"))
	requireCode(t, NetworkError, err)
	require.Len(t, s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g")), 2)
}

func TestWhoLeavesDoesNotEndTheReadForTheOthers(t *testing.T) {
	s := frequented(t)
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_preroll"))
	s.medusa.ResetCalls()
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/inventory-items"}, medusatest.Hold(released))
	impatient, leave := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.ask(impatient, shopper(shopKey), itemsQuestion("iitem_bd_1g"))
		first <- err
	}()
	require.Eventually(t, func() bool { return len(s.reads()) == 1 }, patience, time.Millisecond)
	go func() {
		_, err := s.ask(context.Background(), shopper(shopKey), itemsQuestion("iitem_bd_1g"))
		second <- err
	}()
	leave()
	requireCode(t, Canceled, <-first)
	close(released)
	require.NoError(t, <-second)
	require.Len(t, s.reads(), 1)
}

func TestKeysThatAreMadeUpDoNotFloodMedusa(t *testing.T) {
	s := frequented(t)
	_, err := s.locationsOf(t.Context(), "")
	requireCode(t, Unauthorized, err)
	released := make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: "/admin/api-keys", Times: readsAtOnce}, medusatest.Hold(released))
	var wait sync.WaitGroup
	for i := range 300 {
		wait.Go(func() {
			for range 2 {
				_, err := s.ask(context.Background(), shopper(fmt.Sprintf("pk_made_up_%d", i)), itemsQuestion("iitem_bd_1g"))
				var refused *Error
				if assert.ErrorAs(t, err, &refused) {
					assert.Equal(t, Unauthorized, refused.Code)
				}
			}
		})
	}
	boards(t, s.keys.reads, 300)
	close(released)
	wait.Wait()
	require.Len(t, s.reads(), readsAtOnce+2, "one for each of the first, and two for the 298 that came meanwhile; then it is held that there is none")
}

// boards waits until so many ids are on a flight.
func boards[V any](t *testing.T, r *reads[V], ids int) {
	t.Helper()
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.flights) == ids
	}, patience, time.Millisecond, "not all are asked for")
}

// occupied has all calls of a kind be under way until they are released.
func occupied[V any](t *testing.T, s *shop, path string, r *reads[V]) (release func()) {
	t.Helper()
	before, released := len(s.reads()), make(chan struct{})
	s.medusa.Fail(medusatest.Match{Path: path, Times: readsAtOnce}, medusatest.Hold(released))
	var asking sync.WaitGroup
	for i := range readsAtOnce {
		asking.Go(func() {
			_, err := r.get(context.Background(), []string{fmt.Sprintf("pk_occupies_%d", i)})
			assert.NoError(t, err)
		})
	}
	boards(t, r, readsAtOnce)
	require.Eventually(t, func() bool { return len(s.reads()) == before+readsAtOnce }, patience, time.Millisecond, "Medusa is not asked")
	return func() {
		close(released)
		asking.Wait()
	}
}

// longIDs are ids as long as Medusa might make them.
func longIDs(n, length int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("pk_%0*d", length-len("pk_"), i)
	}
	return ids
}

// What is asked for together with others' questions must not spoil those.
func TestLongIDsSpoilNobodysAnswer(t *testing.T) {
	s := frequented(t)
	for name, test := range map[string]struct {
		ask   func(ids []string) error
		boxed func(ids int)
		hold  func() (release func())
		long  []string
		plain string
	}{
		"variants": {
			ask:   func(ids []string) error { _, err := s.counts.variants.get(context.Background(), ids); return err },
			boxed: func(ids int) { boards(t, s.counts.variants, ids) },
			hold:  func() func() { return occupied(t, s, "/admin/product-variants", s.counts.variants) },
			long:  longIDs(299, maxIDLength), plain: "variant_bd_1g",
		},
		"items": {
			ask:   func(ids []string) error { _, err := s.counts.items.get(context.Background(), ids); return err },
			boxed: func(ids int) { boards(t, s.counts.items, ids) },
			hold:  func() func() { return occupied(t, s, "/admin/inventory-items", s.counts.items) },
			long:  longIDs(299, maxIDLength), plain: "iitem_bd_1g",
		},
		"keys": {
			ask:   func(keys []string) error { _, err := s.keys.get(context.Background(), keys); return err },
			boxed: func(keys int) { boards(t, s.keys.reads, keys) },
			hold:  func() func() { return occupied(t, s, "/admin/api-keys", s.keys.reads) },
			long:  longIDs(149, maxKeyLength), plain: wholesaleKey,
		},
	} {
		t.Run(name, func(t *testing.T) {
			release := test.hold()
			s.medusa.ResetCalls()
			var asking sync.WaitGroup
			asking.Go(func() { assert.NoError(t, test.ask(test.long)) })
			test.boxed(readsAtOnce + len(test.long))
			asking.Go(func() { assert.NoError(t, test.ask([]string{test.plain}), "others' long ids are in its way") })
			test.boxed(readsAtOnce + len(test.long) + 1)
			release()
			asking.Wait()
			require.LessOrEqual(t, len(s.reads()), 3, "more calls than their ids fill")
		})
	}
}

func TestWhatCannotBeAnIDCostsNoCall(t *testing.T) {
	s := frequented(t)
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g"))
	s.medusa.ResetCalls()
	for _, id := range []string{strings.Repeat("a", maxIDLength+1), "iitem é", "iitem%", "a.b", strings.Repeat("€", 200)} {
		entries := s.mustAsk(t, shopper(shopKey), fmt.Sprintf(`{"items":[{"inventoryItemId":%q,"requiredQuantity":1},{"variantId":%q,"requiredQuantity":1}]}`, id, id))
		require.Len(t, entries, 2)
		require.Equal(t, "INVENTORY_ITEM_NOT_FOUND", entries[0].Get("code").String(), id)
		require.Equal(t, id, entries[0].Get("inventoryItemId").String())
		require.Equal(t, "VARIANT_NOT_FOUND", entries[1].Get("code").String(), id)
	}
	require.Empty(t, s.reads(), "Medusa is asked in vain")
	s.mustAsk(t, shopper(shopKey), itemsQuestion(strings.Repeat("a", maxIDLength), "A-z_09"))
	require.Len(t, s.reads(), 1, "what may be an id is not asked for")
}

func TestLongSKUsCostThreeCallsAtMost(t *testing.T) {
	s := frequented(t)
	s.mustAsk(t, shopper(shopKey), itemsQuestion("iitem_bd_1g"))
	s.medusa.ResetCalls()
	var rows []string
	for i := range 500 {
		sku := fmt.Sprintf("%04d", i)
		if i < 6 {
			sku += strings.Repeat("€", 196) // 1,768 bytes in a URL
		}
		rows = append(rows, fmt.Sprintf(`{"sku":%q,"requiredQuantity":1}`, sku))
	}
	require.Len(t, s.mustAsk(t, shopper(shopKey), `{"items":[`+strings.Join(rows, ",")+`]}`), 500)
	require.LessOrEqual(t, len(s.reads()), 3)
}

func TestWhatNobodyWaitsForIsNotAskedAndTheQueueHasAnEnd(t *testing.T) {
	s := frequented(t)
	items := s.counts.items
	release := occupied(t, s, "/admin/inventory-items", items)
	s.medusa.ResetCalls()
	flood, stop := context.WithCancel(t.Context())
	flooded := make(chan error)
	go func() {
		_, err := items.get(flood, longIDs(maxWaiting*maxReads, 20))
		flooded <- err
	}()
	boards(t, items, readsAtOnce+maxWaiting*maxReads)

	busy := requireCode(t, NetworkError, func() error { _, err := items.get(t.Context(), []string{"iitem_bd_1g"}); return err }())
	require.Equal(t, "NETWORK_ERROR.busy", busy.Message.Key)
	require.Equal(t, Unreachable, busy.Outage)
	require.NotZero(t, busy.RetryAfter)
	joining, leave := context.WithCancel(t.Context())
	joined := make(chan error)
	go func() {
		_, err := items.get(joining, longIDs(1, 20))
		joined <- err
	}()
	require.Eventually(t, func() bool {
		items.mu.Lock()
		defer items.mu.Unlock()
		return items.waiting[0].waiters == 2
	}, patience, time.Millisecond, "what waits already is refused")

	stop()
	require.ErrorIs(t, <-flooded, context.Canceled)
	boards(t, items, readsAtOnce+maxReads) // for who joined
	leave()
	require.ErrorIs(t, <-joined, context.Canceled)
	boards(t, items, readsAtOnce)
	release()
	found, err := items.get(t.Context(), []string{"iitem_bd_1g"})
	require.NoError(t, err)
	require.Contains(t, found, "iitem_bd_1g")
	require.Len(t, s.reads(), 1, "what nobody waits for is asked all the same")
}

// bearer is a token that says whose it is, as Medusa's do.
func bearer(actorType string) medusaclient.Credential { return medusaclient.Bearer(tokenOf(actorType)) }

// tokenOf is a token that looks like Medusa's.
func tokenOf(actorType string) string {
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"actor_id":"cus_1","actor_type":"` + actorType + `"}`))
	return "e30." + payload + ".c2ln"
}

func TestACustomerIsAShopper(t *testing.T) {
	s := frequented(t, func(c *Config) { c.DefaultKey = wholesaleKey })
	customer := Visitor{Caller: Caller{Credential: bearer("customer")}}
	half := itemsQuestion("iitem_bd_14g")
	require.Equal(t, []string{"sloc_mayorista 800"}, shown(s.mustAsk(t, customer, half)))
	_, err := s.ask(t.Context(), customer, strings.Replace(half, `{"items"`, `{"explain":true,"items"`, 1))
	requireCode(t, Forbidden, err)
	_, err = s.ask(t.Context(), Visitor{Caller: Caller{Credential: bearer("user")}}, half)
	requireCode(t, Unauthorized, err) // an admin whose token has ended is told so, and shown no shopper's locations

	_, err = frequented(t).ask(t.Context(), customer, half)
	requireCode(t, Unauthorized, err)
}

func TestALocationThatIsSetUpIsOpenAtOnce(t *testing.T) {
	s := stocked(t)
	opened := func() int {
		locations, err := s.locationsOf(t.Context(), shopKey)
		require.NoError(t, err)
		return len(locations)
	}
	require.Equal(t, 2, opened())
	made, err := s.setUp(t.Context(), s.by(""), setupBody)
	require.NoError(t, err)
	require.Equal(t, 3, opened())
	_, err = send(t.Context(), s.by(""), `{}`, mapping.ParseNoBody, func(ctx context.Context, w Write, _ mapping.NoBody) (*WriteAnswer, error) {
		return s.DeleteLocation(ctx, w, gjson.GetBytes(made.JSON, "stockLocation.id").String(), mapping.LocationRemoval{})
	})
	require.NoError(t, err)
	require.Equal(t, 2, opened())
}

func TestACartsOwnHoldIsNoObstacleToIt(t *testing.T) {
	s := stocked(t)
	cart := func(id string) mapping.CartAnswer {
		query, faults := mapping.ParseCart([]byte(`{"items":[{"variantId":"variant_bd_1g","quantity":360}],"cartId":"` + id + `"}`))
		require.Empty(t, faults)
		answer, err := s.ValidateCart(t.Context(), shopper(shopKey), query)
		require.NoError(t, err)
		var said mapping.CartAnswer
		require.NoError(t, json.Unmarshal(answer.JSON, &said))
		return said
	}
	require.Equal(t, mapping.CartAnswer{IsValid: true, Errors: []mapping.CartError{}, FulfillableFrom: []string{"sloc_deposito"}}, cart("c"))
	s.reserved(t, `{"items":[{"variantId":"variant_bd_1g","quantity":300}],"cartId":"c"}`)
	require.True(t, cart("c").IsValid, "its own hold stands in its way")
	other := cart("other")
	require.False(t, other.IsValid)
	require.Equal(t, "90", other.Errors[0].AvailableQuantity.String(), "where there is most")
}

func BenchmarkHeldAvailability(b *testing.B) {
	s := frequented(b)
	query, _ := mapping.ParseStoreAvailability([]byte(strings.ReplaceAll(strings.ReplaceAll(
		itemsQuestion(collection(0, 100)...), "inventoryItemId", "inventory_item_id"), "requiredQuantity", "required_quantity")))
	b.ReportAllocs()
	for b.Loop() {
		answer, err := s.StoreAvailability(context.Background(), shopper(shopKey), query)
		if err != nil || len(answer.JSON) < 10_000 {
			b.Fatal(err)
		}
	}
}
