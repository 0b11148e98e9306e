package bff

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff/live"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// followed is a shop whose watcher looks at once an interval.
func followed(t *testing.T, interval time.Duration, change ...func(*Config)) *shop {
	t.Helper()
	return stocked(t, append(change, func(c *Config) { c.LivePoll = interval })...)
}

// follow has a feed tell of items from now on.
func follow(t *testing.T, feed *Feed, following mapping.Following) (Followed, error) {
	t.Helper()
	subscription, err := feed.Subscribe(t.Context(), following)
	if err != nil {
		return Followed{}, err
	}
	return subscription.Begin(), nil
}

// feed follows items for a visitor until the test ends.
func (s *shop) feed(t *testing.T, v Visitor, ids ...string) *Feed {
	t.Helper()
	feed, err := s.Follow(t.Context(), v)
	require.NoError(t, err)
	t.Cleanup(feed.Close)
	followed, err := follow(t, feed, mapping.Following{InventoryItemIDs: ids})
	require.NoError(t, err)
	require.Empty(t, followed.Unknown)
	require.False(t, followed.Gap)
	return feed
}

// next waits for what a feed tells.
func next(ctx context.Context, feed *Feed) (events []*live.Event, err error) {
	for err == nil && len(events) == 0 {
		if err = feed.Wait(ctx); err == nil {
			events, err = feed.Take(ctx)
		}
	}
	return events, err
}

// hear is the next that a feed tells: "location available".
func hear(t *testing.T, feed *Feed) []string {
	t.Helper()
	return hearSome(t, feed, 1)
}

// hearSome is the next so many that a feed tells.
func hearSome(t *testing.T, feed *Feed, most int) (heard []string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	for len(heard) < most {
		events, err := next(ctx, feed)
		require.NoError(t, err)
		for _, event := range events {
			payload := gjson.GetBytes(event.JSON(), "payload")
			heard = append(heard, payload.Get("locationId").String()+" "+payload.Get("availableQuantity").Raw)
		}
	}
	return heard
}

// set sets a level through the gateway.
func (s *shop) set(t *testing.T, item, location string, quantity int) {
	t.Helper()
	_, err := s.update(t.Context(), s.by(""), fmt.Sprintf(`{"inventoryItemId":%q,"locationId":%q,"stockedQuantity":%d}`, item, location, quantity))
	require.NoError(t, err)
}

func TestAChangeIsToldToWhoMaySeeItAndCostsNoCall(t *testing.T) {
	s := followed(t, time.Hour)
	admin, retail, wholesale := s.feed(t, s.admin(), "iitem_bd_14g"), s.feed(t, shopper(shopKey), "iitem_bd_14g"), s.feed(t, shopper(wholesaleKey), "iitem_bd_14g")
	s.medusa.ResetCalls()
	s.set(t, "iitem_bd_14g", "sloc_deposito", 59)
	s.set(t, "iitem_bd_14g", "sloc_mayorista", 799)
	require.Len(t, s.medusa.Calls(), 4, "a reading and a writing of each: what is written needs no other reading to be told")
	require.Equal(t, []string{"sloc_deposito 59", "sloc_mayorista 599"}, hearSome(t, admin, 2))
	require.Equal(t, []string{"sloc_deposito 59"}, hear(t, retail))
	require.Equal(t, []string{"sloc_mayorista 599"}, hear(t, wholesale), "told of a location outside the key's channels")
}

func TestWhatIsReservedOrReleasedIsToldAtOnce(t *testing.T) {
	s := followed(t, time.Hour)
	feed := s.feed(t, shopper(shopKey), "iitem_bd_14g")
	answer, err := send(t.Context(), s.by(""), `{"items":[{"inventoryItemId":"iitem_bd_14g","locationId":"sloc_deposito","quantity":2}]}`, mapping.ParseHold, s.Reserve)
	require.NoError(t, err)
	require.Equal(t, []string{"sloc_deposito 58"}, hear(t, feed))
	_, err = s.ReleaseReservation(t.Context(), s.by(""), gjson.GetBytes(answer.JSON, "holdId").String(), mapping.NoBody{})
	require.NoError(t, err)
	require.Equal(t, []string{"sloc_deposito 60"}, hear(t, feed))
}

func TestAChangeMadeElsewhereIsSeenAndMakesHeldAnswersStale(t *testing.T) {
	s := followed(t, 20*time.Millisecond)
	question := itemsQuestion("iitem_bd_14g")
	require.Equal(t, []string{"sloc_deposito 60", "sloc_high_up 12"}, shown(s.mustAsk(t, shopper(shopKey), question)))
	feed := s.feed(t, shopper(shopKey), "iitem_bd_14g")
	s.medusa.SetLevel("iitem_bd_14g", "sloc_high_up", medusatest.Quantities{Stocked: 3})
	require.Equal(t, []string{"sloc_high_up 3"}, hear(t, feed))
	require.Equal(t, []string{"sloc_deposito 60", "sloc_high_up 3"}, shown(s.mustAsk(t, shopper(shopKey), question)))
}

func TestWhatMayHaveChangedIsLookedAtAtOnce(t *testing.T) {
	s := followed(t, time.Hour)
	feed := s.feed(t, shopper(shopKey), "iitem_bd_14g")
	s.medusa.SetLevel("iitem_bd_14g", "sloc_high_up", medusatest.Quantities{Stocked: 3}) // as an order does that passes
	s.stockChanged()
	require.Equal(t, []string{"sloc_high_up 3"}, hear(t, feed))
}

func TestWhoMayFollow(t *testing.T) {
	past := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano)
	s := followed(t, time.Hour)
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_old", Token: "pk_revoked", SalesChannelIDs: []string{"sc_cannahub"}, RevokedAt: &past})
	for name, v := range map[string]Visitor{
		"no key": {}, "an unknown key": shopper("pk_unknown"), "a revoked key": shopper("pk_revoked"), "no key at all": shopper("nonsense"),
		"an unknown token": {Caller: Caller{Credential: bearer("user")}}, "a customer": {Caller: Caller{Credential: bearer("customer")}},
	} {
		_, err := s.Follow(t.Context(), v)
		require.Error(t, err, name)
		requireCode(t, Unauthorized, err)
	}
	require.Zero(t, s.feeds.count(), "who is refused takes room")
}

func TestAKeyThatIsRevokedOrChangedHoldsForFeedsToo(t *testing.T) {
	s := followed(t, time.Hour)
	feed := s.feed(t, shopper(shopKey), "iitem_bd_14g")
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_moved", Token: "pk_moved", SalesChannelIDs: []string{"sc_cannahub"}})
	moved := s.feed(t, shopper("pk_moved"), "iitem_bd_14g")
	past := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano)
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_moved", Token: "pk_moved", SalesChannelIDs: []string{"sc_cannahub"}, RevokedAt: &past})
	s.forget(locationsChanged, false)
	s.set(t, "iitem_bd_14g", "sloc_deposito", 59)
	require.Equal(t, []string{"sloc_deposito 59"}, hear(t, feed))
	_, err := next(t.Context(), moved)
	requireCode(t, Unauthorized, err)
}

func TestAFeedLivesOnWhileMedusaDoesNotSayWhatItMayShow(t *testing.T) {
	s := followed(t, time.Hour)
	feed := s.feed(t, shopper(shopKey), "iitem_bd_14g")
	s.keys.forget()
	s.medusa.Fail(medusatest.Match{Path: "/admin/api-keys"}, medusatest.Cut())
	s.set(t, "iitem_bd_14g", "sloc_mayorista", 1)
	s.set(t, "iitem_bd_14g", "sloc_deposito", 59)
	require.Equal(t, []string{"sloc_deposito 59"}, hear(t, feed))
}

func TestWhatCanBeFollowed(t *testing.T) {
	s := followed(t, time.Hour)
	feed, err := s.Follow(t.Context(), shopper(shopKey))
	require.NoError(t, err)
	defer feed.Close()
	s.medusa.ResetCalls()
	told, err := follow(t, feed, mapping.Following{InventoryItemIDs: []string{"iitem_bd_14g", "iitem_none", strings.Repeat("x", 100)}})
	require.NoError(t, err)
	require.Equal(t, []string{"iitem_none", strings.Repeat("x", 100)}, told.Unknown)
	require.Len(t, s.reads(), 2, "one for what there is, one for how it is")
	require.Equal(t, 1, s.feeds.hub.Watched(), "what there is not is read again and again")

	all := make([]string, mapping.MaxFollowed)
	for i := range all {
		all[i] = fmt.Sprintf("iitem_more_%d", i)
		s.medusa.Put(medusatest.InventoryItem{ID: all[i]})
	}
	_, err = follow(t, feed, mapping.Following{InventoryItemIDs: all})
	refused := requireCode(t, ValidationFailed, err)
	require.Equal(t, "TOO_MANY_FOLLOWED", refused.Fields[0].Code)
	feed.Unsubscribe(mapping.Following{})
	_, err = follow(t, feed, mapping.Following{InventoryItemIDs: all})
	require.NoError(t, err)
}

func TestWhatIsFollowedAlreadyIsNotCountedTwice(t *testing.T) {
	s := followed(t, time.Hour)
	all := make([]string, 300)
	for i := range all {
		all[i] = fmt.Sprintf("iitem_more_%d", i)
		s.medusa.Put(medusatest.InventoryItem{ID: all[i]})
	}
	feed := s.feed(t, shopper(shopKey), all...)
	_, err := follow(t, feed, mapping.Following{InventoryItemIDs: all})
	require.NoError(t, err, "300 of 500 are followed")
}

func TestAnUpdateWaitsForNoKey(t *testing.T) {
	s := followed(t, time.Hour)
	feed := s.feed(t, shopper(shopKey), "iitem_bd_14g")
	s.keys.forget()
	s.medusa.Fail(medusatest.Match{Path: "/admin/api-keys"}, medusatest.Hang())
	s.set(t, "iitem_bd_14g", "sloc_deposito", 59)
	began := time.Now()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	_, err := next(ctx, feed)
	require.NoError(t, err)
	require.Less(t, time.Since(began), 2*time.Second)
}

func TestWhoFollowsAndThenAsksIsNotGivenWhatIsOlder(t *testing.T) {
	s := followed(t, time.Hour)
	question := itemsQuestion("iitem_bd_14g")
	require.Equal(t, []string{"sloc_deposito 60", "sloc_high_up 12"}, shown(s.mustAsk(t, shopper(shopKey), question))) // and held
	s.medusa.SetLevel("iitem_bd_14g", "sloc_high_up", medusatest.Quantities{Stocked: 3})
	s.feed(t, shopper(shopKey), "iitem_bd_14g")
	require.Equal(t, []string{"sloc_deposito 60", "sloc_high_up 3"}, shown(s.mustAsk(t, shopper(shopKey), question)),
		"and no change will ever be told that puts it right")
}

func TestMadeUpItemsAreNotFollowedWhileMedusaDoesNotSay(t *testing.T) {
	s := followed(t, time.Hour)
	s.feed(t, shopper(shopKey), "iitem_bd_14g")
	other, err := s.Follow(t.Context(), shopper(shopKey))
	require.NoError(t, err)
	t.Cleanup(other.Close)
	s.medusa.Fail(medusatest.Match{Path: "/admin/inventory-items"}, medusatest.Cut())
	_, err = follow(t, other, mapping.Following{InventoryItemIDs: []string{"iitem_made_up"}})
	requireCode(t, NetworkError, err)
	_, err = follow(t, other, mapping.Following{InventoryItemIDs: []string{"iitem_bd_14g"}})
	require.NoError(t, err, "what somebody follows already is known")
	require.Equal(t, 1, s.feeds.hub.Watched())
}

func TestWhoIsRefusedHasNotLeft(t *testing.T) {
	s := followed(t, time.Hour)
	_, err := s.Follow(t.Context(), shopper("pk_unknown"))
	requireCode(t, Unauthorized, err)
	require.Zero(t, s.counted(t, "gateway_live_feeds_ended_total", "left"), "a feed that never was has left")
}

func TestAShopperIsToldThatWhatHeMaySeeHasChanged(t *testing.T) {
	s := followed(t, time.Hour)
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_moved", Token: "pk_moved", SalesChannelIDs: []string{"sc_cannahub"}})
	feed, stays := s.feed(t, shopper("pk_moved"), "iitem_bd_14g"), s.feed(t, shopper(shopKey), "iitem_bd_14g")
	s.medusa.Put(medusatest.PublishableKey{ID: "apk_moved", Token: "pk_moved", SalesChannelIDs: []string{"sc_mayorista"}})
	s.forget(locationsChanged, false)
	events, err := next(t.Context(), feed)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.JSONEq(t, `{"type":"gap"}`, string(events[0].JSON()))
	s.set(t, "iitem_bd_14g", "sloc_mayorista", 700)
	s.set(t, "iitem_bd_14g", "sloc_deposito", 59)
	require.Equal(t, []string{"sloc_mayorista 500"}, hear(t, feed))
	require.Equal(t, []string{"sloc_deposito 59"}, hear(t, stays))
}

func TestLocationsOfAFeedAreBounded(t *testing.T) {
	s := followed(t, time.Hour)
	feed := s.feed(t, shopper(shopKey))
	places := make([]string, mapping.MaxFollowed)
	for i := range places {
		places[i] = fmt.Sprintf("sloc_%d", i)
	}
	_, err := follow(t, feed, mapping.Following{InventoryItemIDs: []string{"iitem_bd_14g"}, LocationIDs: places})
	require.NoError(t, err)
	_, err = follow(t, feed, mapping.Following{InventoryItemIDs: []string{"iitem_bd_7g"}, LocationIDs: places})
	requireCode(t, ValidationFailed, err)
	feed.Unsubscribe(mapping.Following{})
	_, err = follow(t, feed, mapping.Following{InventoryItemIDs: []string{"iitem_bd_7g"}, LocationIDs: places})
	require.NoError(t, err)
}

func TestFeedsAreBoundedAndEndWithTheGateway(t *testing.T) {
	s := followed(t, time.Hour)
	feed := s.feed(t, shopper(shopKey), "iitem_bd_14g")
	s.feeds.open += MaxFeeds - 1
	_, err := s.Follow(t.Context(), shopper(shopKey))
	refused := requireCode(t, RateLimited, err)
	require.Equal(t, fullFor, refused.RetryAfter)
	s.feeds.open -= MaxFeeds - 1
	s.Drain()
	_, err = next(t.Context(), feed)
	ended := requireCode(t, NetworkError, err)
	require.Equal(t, "NETWORK_ERROR.stopping", ended.Message.Key)
}

func TestOneAddressDoesNotTakeTheRoomOfAll(t *testing.T) {
	s := followed(t, time.Hour, func(c *Config) { c.FeedsPerAddress = 2 })
	greedy := shopper(shopKey)
	greedy.Address = "203.0.113.1"
	first, err := s.Follow(t.Context(), greedy)
	require.NoError(t, err)
	s.feed(t, greedy, "iitem_bd_14g")
	_, err = s.Follow(t.Context(), greedy)
	refused := requireCode(t, RateLimited, err)
	require.Equal(t, "RATE_LIMITED.address", refused.Message.Key)
	require.Equal(t, fullFor, refused.RetryAfter)
	s.feed(t, shopper(shopKey), "iitem_bd_14g")
	first.Close()
	s.feed(t, greedy, "iitem_bd_14g")
}

func TestWhatIsNotConcernedIsNotRead(t *testing.T) {
	s := followed(t, time.Hour)
	feed := s.feed(t, shopper(shopKey), "iitem_bd_14g", "iitem_bd_7g", "iitem_bd_1g")
	s.medusa.ResetCalls()
	_, err := send(t.Context(), s.by(""), `{"items":[{"inventoryItemId":"iitem_bd_14g","locationId":"sloc_deposito","quantity":2}]}`, mapping.ParseHold, s.Reserve)
	require.NoError(t, err)
	require.Equal(t, []string{"sloc_deposito 58"}, hear(t, feed))
	for _, call := range s.medusa.Calls() {
		require.NotContains(t, call.Query.Encode(), "iitem_bd_7g", "read though nothing of it was held")
	}
}

func TestAFeedTellsAgainWhatWasMissed(t *testing.T) {
	s := followed(t, time.Hour)
	feed, err := s.Follow(t.Context(), shopper(shopKey))
	require.NoError(t, err)
	_, err = follow(t, feed, mapping.Following{InventoryItemIDs: []string{"iitem_bd_14g"}})
	require.NoError(t, err)
	s.set(t, "iitem_bd_14g", "sloc_deposito", 59)
	events, err := next(t.Context(), feed)
	require.NoError(t, err)
	feed.Close()
	s.set(t, "iitem_bd_14g", "sloc_deposito", 58)
	s.set(t, "iitem_bd_14g", "sloc_mayorista", 1)

	back, err := s.Follow(t.Context(), shopper(shopKey))
	require.NoError(t, err)
	t.Cleanup(back.Close)
	require.True(t, back.Resume(events[0].Sequence))
	_, err = follow(t, back, mapping.Following{InventoryItemIDs: []string{"iitem_bd_14g"}})
	require.NoError(t, err)
	require.Equal(t, []string{"sloc_deposito 58"}, hear(t, back))
}

func TestWhyAFeedEndsIsToldAndCounted(t *testing.T) {
	s := followed(t, time.Hour)
	key := medusatest.PublishableKey{ID: "apk_1", Token: "pk_moved", SalesChannelIDs: []string{"sc_cannahub"}}
	s.medusa.Put(key)
	open := func(token string) *Feed {
		feed, err := s.Follow(t.Context(), shopper(token))
		require.NoError(t, err)
		_, err = follow(t, feed, mapping.Following{InventoryItemIDs: []string{"iitem_bd_14g"}})
		require.NoError(t, err)
		return feed
	}
	requireEnd := func(feed *Feed, code Code, why string) (told *Error) {
		_, err := next(t.Context(), feed)
		told = requireCode(t, code, err)
		feed.Close()
		require.InDelta(t, 1, s.counted(t, "gateway_live_feeds_ended_total", why), 0, why)
		return told
	}
	open(shopKey).Close()
	require.InDelta(t, 1, s.counted(t, "gateway_live_feeds_ended_total", "left"), 0)

	revoked := open(key.Token)
	past := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano)
	key.RevokedAt = &past
	s.medusa.Put(key)
	s.forget(locationsChanged, false)
	requireEnd(revoked, Unauthorized, "refused")

	slow, other := open(shopKey), s.feed(t, shopper(shopKey), "iitem_bd_7g")
	changes := make([]mapping.LiveLevel, 10_000)
	for i := range changes {
		changes[i] = onTheShopFloor("iitem_bd_14g", i)
	}
	s.feeds.hub.Publish(append(changes, onTheShopFloor("iitem_bd_7g", 1)))
	require.Equal(t, []string{"sloc_high_up 1"}, hear(t, other)) // by when the rest is told
	told := requireEnd(slow, RateLimited, "slow")
	require.Equal(t, "RATE_LIMITED.slow", told.Message.Key, "the reason that he is given")
	require.Zero(t, told.RetryAfter, "it is not that there is no room for him")

	stopped := open(shopKey)
	s.Drain()
	requireEnd(stopped, NetworkError, "stopping")
}

// onTheShopFloor is how the level of an item is after a change.
func onTheShopFloor(item string, stocked int) mapping.LiveLevel {
	return mapping.LiveLevel{
		At: mapping.LevelID{InventoryItemID: item, LocationID: shopFloor}, Stocked: mapping.QuantityOf(int64(stocked)),
		UpdatedAt: time.Now().Add(time.Minute).UTC().Format(time.RFC3339Nano),
	}
}
