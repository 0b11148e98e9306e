package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/mapping"
)

const interval = 2 * time.Second

// medusa is what there is at Medusa, and how often it was read.
type medusa struct {
	mu     sync.Mutex
	levels map[mapping.LevelID]mapping.LiveLevel
	clock  int
	calls  [][]string
	err    error
	during func() // while it is read, after it was looked at
}

// set changes a level in Medusa.
func (m *medusa) set(item, location string, stocked, reserved int64) mapping.LiveLevel {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := mapping.LevelID{InventoryItemID: item, LocationID: location}
	if is, there := m.levels[at]; there && is.Stocked == mapping.QuantityOf(stocked) && is.Reserved == mapping.QuantityOf(reserved) {
		return is // Medusa writes nothing then
	}
	m.clock++
	level := mapping.LiveLevel{
		ID: "ilev_" + item + location, At: at, Stocked: mapping.QuantityOf(stocked), Reserved: mapping.QuantityOf(reserved),
		UpdatedAt: fmt.Sprintf("2026-11-22T10:00:%06d", m.clock),
	}
	m.levels[at] = level
	return level
}

func (m *medusa) remove(item, location string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.levels, mapping.LevelID{InventoryItemID: item, LocationID: location})
}

func (m *medusa) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *medusa) read(_ context.Context, ids []string) ([]mapping.LiveLevel, error) {
	m.mu.Lock()
	m.calls = append(m.calls, ids)
	var levels []mapping.LiveLevel
	for at, level := range m.levels {
		if slices.Contains(ids, at.InventoryItemID) {
			levels = append(levels, level)
		}
	}
	err, during := m.err, m.during
	m.during = nil
	m.mu.Unlock()
	if during != nil {
		during()
	}
	return levels, err
}

func (m *medusa) called() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.calls)
}

// callsAfter are the items that were read after so many calls.
func (m *medusa) callsAfter(count int) [][]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.calls[count:])
}

// shop is a hub and its watcher, in a time that passes when all wait.
type shop struct {
	*testing.T
	*medusa
	hub     *Hub
	watcher *Watcher
	found   int // times that the watcher found changes
	log     bytes.Buffer
}

// inShop runs a test with a shop whose watcher runs.
func inShop(t *testing.T, test func(s *shop), change ...func(*Watcher)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &shop{T: t, medusa: &medusa{levels: map[mapping.LevelID]mapping.LiveLevel{}}, hub: NewHub()}
		s.watcher = &Watcher{Hub: s.hub, Read: s.read, Interval: interval, Changed: func() { s.found++ }, Log: slog.New(slog.NewTextHandler(&s.log, nil))}
		for _, change := range change {
			change(s.watcher)
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { s.watcher.Run(ctx) })
		running.Go(func() { s.hub.Run(ctx) })
		test(s)
		stop()
		running.Wait()
	})
}

// here makes a change through this gateway, of which all are told.
func (s *shop) here(item, location string, stocked int64) {
	s.publish(item, location, stocked)
	synctest.Wait()
}

// publish makes a change through this gateway.
func (s *shop) publish(item, location string, stocked int64) {
	s.hub.Publish([]mapping.LiveLevel{s.set(item, location, stocked, 0)})
}

// pass lets time pass, which it does at once: that of these tests is not the clock's.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // see above

// follower follows items from now on.
func (s *shop) follower(ids ...string) *Follower {
	s.Helper()
	f := s.hub.Follower("")
	s.follow(f, ids...)
	return f
}

// fill has as many items followed as can be, less some, from an address for each of
// them, and returns their ids and who follows them.
func (s *shop) fill(less int) (ids []string, followers []*Follower) {
	s.Helper()
	for i := range maxWatched - less {
		ids = append(ids, fmt.Sprintf("item_%d", i))
	}
	for part := range slices.Chunk(ids, maxBrought) {
		f := s.hub.Follower(part[0])
		s.follow(f, part...)
		followers = append(followers, f)
	}
	return ids, followers
}

// beginToFollow follows items, once it is known how they are.
func beginToFollow(ctx context.Context, f *Follower, ids, locations []string) (sequence string, whole bool, err error) {
	wanted, err := f.Want(ctx, ids)
	if err != nil {
		return "", false, err
	}
	sequence, whole = wanted.Follow(locations)
	return sequence, whole, nil
}

// next waits for changes and returns all that there are.
func next(ctx context.Context, f *Follower) (events []*Event, err error) {
	for err == nil && len(events) == 0 {
		if err = f.Wait(ctx); err == nil {
			events, err = f.Take()
		}
	}
	return events, err
}

func (s *shop) follow(f *Follower, ids ...string) (sequence string) {
	s.Helper()
	sequence, whole, err := beginToFollow(s.Context(), f, ids, nil)
	require.NoError(s, err)
	require.True(s, whole, "not all that was missed is known")
	return sequence
}

// told is what a follower has been told: "item location available", each.
func (s *shop) told(f *Follower) []string {
	s.Helper()
	synctest.Wait()
	told, _ := s.toldAndLast(f)
	return told
}

func (s *shop) toldAndLast(f *Follower) (told []string, last string) {
	s.Helper()
	events, err := f.Take()
	require.NoError(s, err)
	for _, event := range events {
		payload := gjson.GetBytes(event.StoreJSON(), "payload")
		told = append(told, fmt.Sprintf("%s %s %s", payload.Get("inventory_item_id"), payload.Get("location_id"), payload.Get("available_quantity")))
		last = event.Sequence
	}
	return told, last
}

func TestFollowersAreToldOfWhatTheyFollow(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		s.set("b", "north", 10, 0)
		all, some, other := s.follower("a"), s.hub.Follower(""), s.follower("b")
		_, _, err := beginToFollow(s.Context(), some, []string{"a"}, []string{"south"})
		require.NoError(s, err)

		s.here("a", "north", 9)
		s.here("a", "south", 5)
		require.Equal(s, []string{"a north 9", "a south 5"}, s.told(all))
		require.Equal(s, []string{"a south 5"}, s.told(some))
		require.Empty(s, s.told(other))

		_, _, err = beginToFollow(s.Context(), some, []string{"a"}, []string{"north"})
		require.NoError(s, err)
		s.here("a", "north", 8)
		s.here("a", "south", 4)
		require.Equal(s, []string{"a north 8"}, s.told(some), "another location was to take the place of the first")
		require.Len(s, s.told(all), 2)
		all.Unfollow([]string{"a"})
		s.here("a", "north", 7)
		require.Empty(s, s.told(all), "told after it was left")
	})
}

func TestWhatIsAsItWasIsNoChange(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		f := s.follower("a")
		s.found = 0
		s.here("a", "north", 10)
		pass(3 * interval)
		require.Empty(s, s.told(f))
		require.Zero(s, s.found)
	})
}

func TestChangesMadeElsewhereAreToldWithinAnInterval(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		s.set("a", "south", 1, 0)
		f := s.follower("a")
		s.found = 0
		pass(interval / 2)
		s.set("a", "north", 10, 3) // reserved
		s.set("a", "west", 2, 0)   // a new level
		s.remove("a", "south")
		pass(interval/2 + minPause)
		require.Equal(s, []string{"a north 7", "a south 0", "a west 2"}, s.told(f))
		require.Equal(s, 1, s.found, "what is held is not made stale")
		s.set("a", "south", 1, 0)
		s.hub.Wake()
		pass(2 * minPause)
		require.Equal(s, []string{"a south 1"}, s.told(f), "woken, and yet it waits for the interval")
	})
}

func TestWhatIsHeldIsDroppedWhenSomebodyBeginsToFollowWhatChangedOfLate(t *testing.T) {
	for text, found := range map[string]int{"1999-12-31T23:58:00.000Z": 0, "1999-12-31T23:59:00.000Z": 1} {
		inShop(t, func(s *shop) {
			s.watcher.HeldFor = 30 * time.Second
			level := s.set("a", "north", 10, 0)
			level.UpdatedAt = text
			s.mu.Lock()
			s.levels[level.At] = level
			s.mu.Unlock()
			s.follower("a")
			require.Equal(s, found, s.found, text)
		})
	}
}

func TestADeletedLevelSaysSo(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		f := s.follower("a")
		s.remove("a", "north")
		pass(2 * interval)
		events, err := f.Take()
		require.NoError(s, err)
		require.Len(s, events, 1)
		require.JSONEq(s, `{"type":"inventory_level.updated","sequence":"`+events[0].Sequence+`","payload":{
			"id":"ilev_anorth","inventoryItemId":"a","locationId":"north","stockedQuantity":0,"reservedQuantity":0,"incomingQuantity":0,
			"availableQuantity":0,"updatedAt":null,"deleted":true}}`, string(events[0].JSON()))
	})
}

func TestWhatWasReadBeforeAChangeIsNotTakenForNewer(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		s.set("a", "south", 10, 0)
		f := s.follower("a")
		s.mu.Lock()
		s.during = func() { s.publish("a", "north", 9) }
		s.mu.Unlock()
		s.set("a", "south", 5, 0)
		pass(interval + time.Millisecond)
		require.Equal(s, []string{"a north 9", "a south 5"}, s.told(f))
		pass(interval)
		require.Empty(s, s.told(f))
	})
}

func TestAnOlderChangeThatIsToldLateIsLookedAtAgain(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		f := s.follower("a")
		late := s.set("a", "north", 9, 0)
		s.set("a", "north", 3, 0) // by somebody else, and read
		s.hub.Wake()
		pass(2 * minPause)
		s.hub.Publish([]mapping.LiveLevel{late})
		pass(interval)
		require.Equal(s, []string{"a north 3"}, s.told(f))
	})
}

func TestNothingIsReadWhileNobodyFollowsAnything(t *testing.T) {
	inShop(t, func(s *shop) {
		s.hub.Wake()
		pass(time.Hour)
		require.Zero(s, s.called())
		ids := make([]string, 100)
		for i := range ids {
			ids[i] = fmt.Sprintf("item_%d", i)
		}
		first, second := s.follower(ids...), s.follower(ids[:50]...)
		require.Equal(s, 1, s.called(), "what is known is read again for who follows it too")
		pass(10*interval + time.Millisecond)
		require.Equal(s, 11, s.called(), "one call an interval")
		first.Close()
		pass(interval)
		s.mu.Lock()
		require.Len(s, s.calls[len(s.calls)-1], 50)
		s.mu.Unlock()
		second.Close()
		read := s.called()
		pass(time.Hour)
		require.Equal(s, read, s.called(), "read though nobody follows it any more")
	})
}

func TestAWatcherThatIsWokenAllTheTimeKeepsAPause(t *testing.T) {
	inShop(t, func(s *shop) {
		s.follower("a")
		before := s.called()
		for range 1000 {
			s.hub.Wake()
			pass(time.Millisecond)
		}
		require.InDelta(s, time.Second/minPause, s.called()-before, 2)
	})
}

func TestWhatMayHaveChangedIsReadAloneAndAtOnce(t *testing.T) {
	inShop(t, func(s *shop) {
		f := s.follower("a", "b")
		pass(minPause)
		before := s.called()
		s.set("a", "north", 7, 0)
		s.set("b", "north", 9, 0)
		s.hub.Wake("a", "nobody follows it")
		pass(minPause)
		require.Equal(s, []string{"a north 7"}, s.told(f))
		require.Equal(s, [][]string{{"a"}}, s.callsAfter(before))
		pass(interval)
		require.Equal(s, []string{"b north 9"}, s.told(f), "the rest in its turn")
	})
}

func TestWhatIsMissedIsToldOnceAndInOrder(t *testing.T) {
	for _, resumesFirst := range []bool{true, false} {
		t.Run(fmt.Sprintf("resumes first: %t", resumesFirst), func(t *testing.T) {
			inShop(t, func(s *shop) {
				s.set("a", "north", 10, 0)
				s.set("b", "north", 10, 0)
				first := s.follower("a", "b")
				s.here("a", "north", 9)
				s.here("a", "north", 8)
				told, last := s.toldAndLast(first)
				require.Len(s, told, 2)
				first.Close()

				s.here("a", "north", 7)
				s.here("c", "north", 1)
				s.here("b", "north", 1)
				s.set("a", "north", 6, 0) // elsewhere, while nobody looks

				second := s.hub.Follower("")
				if resumesFirst {
					require.True(s, second.Resume(last))
					s.follow(second, "a", "b")
				} else {
					s.follow(second, "a", "b")
					require.True(s, second.Resume(last))
				}
				s.here("a", "north", 5)
				require.Equal(s, []string{"a north 7", "b north 1", "a north 6", "a north 5"}, s.told(second))
				require.False(s, second.Resume(last), "what was told once would be told again")
			})
		})
	}
}

// Whoever is cut off, comes back and resumes, hears what somebody hears who stays.
func TestWhoResumesHearsWhatWhoStaysHears(t *testing.T) {
	for seed := range uint64(200) {
		inShop(t, func(s *shop) {
			random := rand.New(rand.NewPCG(seed, 0))
			stays, comes := s.follower("a", "b"), s.follower("a", "b")
			last := s.hub.name(s.hub.last)
			var heard, all []string
			for range 40 {
				switch random.IntN(5) {
				case 0:
					s.here("a", "north", random.Int64N(100))
				case 1:
					s.here("b", "south", random.Int64N(100))
				case 2:
					s.set("a", "south", random.Int64N(100), 0)
					s.hub.Wake()
					pass(2 * minPause)
				case 3:
					all = append(all, s.told(stays)...)
				case 4:
					told, newest := s.toldAndLast(comes)
					heard = append(heard, told...)
					if newest != "" {
						last = newest
					}
					comes.Close() // cut off
					comes = s.hub.Follower("")
					if random.IntN(2) == 0 {
						require.True(s, comes.Resume(last), "seed %d", seed)
						s.follow(comes, "a", "b")
					} else {
						s.follow(comes, "b")
						s.follow(comes, "a")
						require.True(s, comes.Resume(last), "seed %d", seed)
					}
				}
			}
			all, heard = append(all, s.told(stays)...), append(heard, s.told(comes)...)
			require.Equal(s, all, heard, "seed %d", seed)
		})
	}
}

func TestAResumptionDoesNotMakeAGapOfWhatWasNotFollowed(t *testing.T) {
	inShop(t, func(s *shop) {
		begun := s.follow(s.hub.Follower(""), "a")
		f := s.hub.Follower("")
		require.True(s, f.Resume(begun))
		s.follow(f, "a")
		s.here("a", "north", 1)
		s.told(f)
		_, whole, err := beginToFollow(s.Context(), f, []string{"never followed"}, nil)
		require.NoError(s, err)
		require.True(s, whole, "there is nothing that he missed")
		for i := range int64(maxReplayed + 1) {
			s.here("a", "north", i+2)
			s.told(f)
		}
		gaps := 0
		for i := range 5 {
			_, whole, err := beginToFollow(s.Context(), f, []string{fmt.Sprintf("opened_%d", i)}, nil)
			require.NoError(s, err)
			if !whole {
				gaps++
			}
		}
		require.LessOrEqual(s, gaps, 1, "each product that is opened is a gap, for good")
	})
}

func TestASlowMedusaIsStillRead(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		var slow atomic.Bool
		s.watcher.Read = func(ctx context.Context, ids []string) ([]mapping.LiveLevel, error) {
			if slow.Load() {
				select {
				case <-time.After(interval + 2*lateBy):
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			return s.read(ctx, ids)
		}
		f := s.follower("a")
		slow.Store(true)
		s.set("a", "north", 9, 0)
		pass(time.Minute)
		require.Equal(s, []string{"a north 9"}, s.told(f))
	})
}

func TestWhatCannotBeToldAgainIsAGap(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		begun := s.follow(s.hub.Follower(""), "a")
		for name, after := range map[string]string{
			"of another gateway": "other-1", "nonsense": "1", "to come": s.hub.name(99), "nothing": "", "negative": s.hub.epoch + "--1",
		} {
			require.False(s, s.hub.Follower("").Resume(after), name)
		}
		require.True(s, s.hub.Follower("").Resume(begun))

		for i := range int64(maxReplayed + 1) {
			s.here("a", "north", i)
		}
		f := s.hub.Follower("")
		s.follow(f, "a")
		require.False(s, f.Resume(begun), "older than what is kept")
		require.Empty(s, s.told(f))
		recent := s.hub.name(s.hub.last - maxReplayed)
		f = s.hub.Follower("")
		s.follow(f, "a")
		require.True(s, f.Resume(recent))
		require.Len(s, s.told(f), maxReplayed)

		// Of an item that nobody followed then it is not known what was missed.
		f = s.hub.Follower("")
		require.True(s, f.Resume(recent))
		_, whole, err := beginToFollow(s.Context(), f, []string{"new"}, nil)
		require.NoError(s, err)
		require.False(s, whole)
	})
}

func TestItemsThatNobodyComesBackToAreForgotten(t *testing.T) {
	inShop(t, func(s *shop) {
		f := s.hub.Follower("")
		begun := s.follow(f, "a")
		f.Close()
		pass(keptUnwatched + time.Second)
		s.follower("b")
		require.NotContains(s, s.hub.items, "a")
		back := s.hub.Follower("")
		s.follow(back, "a")
		require.False(s, back.Resume(begun), "nobody looked meanwhile")
	})
}

func TestWhoDoesNotReadHarmsNobody(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 0, 0)
		slow, quick := s.follower("a"), s.follower("a")
		heard := 0
		for i := range int64(maxPending + 10) {
			s.here("a", "north", i+1)
			told, _ := s.toldAndLast(quick)
			heard += len(told)
		}
		require.Equal(s, maxPending+10, heard)
		_, err := next(s.Context(), slow)
		require.ErrorIs(s, err, ErrSlow)
		_, err = slow.Take()
		require.ErrorIs(s, err, ErrSlow, "told on, with a hole")
		require.Empty(s, slow.pending)
	})
}

func TestWhenMedusaIsDownItIsToldWhenItIsBack(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		s.fail(errors.New("down"))
		began := time.Now()
		f := s.follower("a")
		require.Equal(s, firstReading, time.Since(began))
		pass(10 * interval)
		require.Empty(s, s.told(f))
		require.Equal(s, 1, bytes.Count(s.log.Bytes(), []byte("level=WARN")), "said at every try: %s", &s.log)
		s.here("a", "south", 4)
		require.Equal(s, []string{"a south 4"}, s.told(f))
		s.fail(nil)
		pass(2 * interval)
		require.Equal(s, []string{"a north 10"}, s.told(f), "how it is was not known when he began")
	})
}

func TestWhatMayHaveChangedIsReadThoughMedusaFailsOnce(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		f := s.follower("a")
		pass(time.Minute)
		s.fail(errors.New("a 500"))
		s.set("a", "north", 9, 0)
		s.hub.Wake("a")
		pass(time.Second)
		s.fail(nil)
		pass(againAfter)
		require.Equal(s, []string{"a north 9"}, s.told(f))
	}, func(w *Watcher) { w.Interval = time.Hour })
}

func TestWhoLeavesBeforeItIsKnownIsForgotten(t *testing.T) {
	inShop(t, func(s *shop) {
		s.fail(errors.New("down"))
		ctx, leave := context.WithTimeout(s.Context(), time.Second)
		defer leave()
		f := s.hub.Follower("")
		_, _, err := beginToFollow(ctx, f, []string{"a"}, nil)
		require.ErrorIs(s, err, context.DeadlineExceeded)
		require.Zero(s, s.hub.Watched())
		require.Empty(s, s.hub.items)
		f.Close()
	})
}

func TestWhatIsFollowedIsBounded(t *testing.T) {
	inShop(t, func(s *shop) {
		ids, followers := s.fill(0)
		before := s.called()
		pass(interval)
		require.Equal(s, maxWatched/readAtOnce, s.called()-before, "calls for all of them in an interval")
		_, _, err := beginToFollow(s.Context(), s.hub.Follower(""), []string{"more"}, nil)
		require.ErrorIs(s, err, ErrFull)
		s.follower(ids[:10]...)
		for _, f := range followers {
			f.Close()
		}
		s.follower("more")
		require.Equal(s, 11, s.hub.Watched())
	})
}

func TestOneAddressDoesNotTakeTheRoomOfAll(t *testing.T) {
	inShop(t, func(s *shop) {
		many := func(from string) error {
			for n := range 2 * maxWatched / maxBrought {
				ids := make([]string, maxBrought)
				for i := range ids {
					ids[i] = fmt.Sprintf("%s %d %d", from, n, i)
				}
				if _, _, err := beginToFollow(s.Context(), s.hub.Follower(from), ids, nil); err != nil {
					return err
				}
			}
			return nil
		}
		require.ErrorIs(s, many("greedy"), ErrFull)
		require.ErrorIs(s, many("greedier"), ErrFull)
		_, _, err := beginToFollow(s.Context(), s.hub.Follower("honest"), []string{"a"}, nil)
		require.NoError(s, err)
	})
}

func TestAHubThatClosesTellsAll(t *testing.T) {
	inShop(t, func(s *shop) {
		follows, idles := s.follower("a"), s.hub.Follower("")
		s.fail(errors.New("down"))
		var waiting sync.WaitGroup
		waiting.Go(func() { _, _, _ = beginToFollow(s.Context(), s.hub.Follower(""), []string{"b"}, nil) })
		synctest.Wait()
		began := time.Now()
		s.hub.Close()
		waiting.Wait()
		require.Zero(s, time.Since(began), "who waits for a first reading goes on waiting")
		for _, f := range []*Follower{follows, idles, s.hub.Follower("")} {
			_, err := next(s.Context(), f)
			require.ErrorIs(s, err, ErrClosed)
			f.Close()
		}
		_, _, err := beginToFollow(s.Context(), s.hub.Follower(""), []string{"a"}, nil)
		require.ErrorIs(s, err, ErrClosed)
	})
}

func TestNextWaits(t *testing.T) {
	inShop(t, func(s *shop) {
		f := s.follower("a")
		var heard []*Event
		var listening sync.WaitGroup
		listening.Go(func() { heard, _ = next(s.Context(), f) })
		synctest.Wait()
		s.here("a", "north", 1)
		listening.Wait()
		require.Len(s, heard, 1)
		ctx, leave := context.WithCancel(s.Context())
		leave()
		_, err := next(ctx, f)
		require.ErrorIs(s, err, context.Canceled)
	})
}

func TestWhatIsToldAgainNeverComesAfterWhatIsNewer(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		begun := s.follow(s.hub.Follower(""), "a")
		s.here("a", "north", 7) // missed
		f := s.follower("a")
		s.here("a", "north", 5)
		told := s.told(f) // the socket's writer is quick
		if f.Resume(begun) {
			told = append(told, s.told(f)...)
		}
		require.Equal(s, "a north 5", told[len(told)-1], "what he believes last is not how it is: %v", told)
	})
}

func TestWhoIsCutOffAmidWhatIsToldAgainMissesNothing(t *testing.T) {
	inShop(t, func(s *shop) {
		begun := s.follow(s.hub.Follower(""), "a", "b")
		s.here("b", "north", 1)
		s.here("a", "north", 1)
		f := s.hub.Follower("")
		require.True(s, f.Resume(begun))
		s.follow(f, "a")
		told, last := s.toldAndLast(f)
		require.Equal(s, []string{"a north 1"}, told)
		_, whole, err := beginToFollow(s.Context(), f, []string{"b"}, nil)
		require.NoError(s, err)
		f.Close() // cut off before b was sent
		if !whole {
			return // he was told to read anew
		}
		f = s.hub.Follower("")
		resumed := f.Resume(last)
		_, whole, err = beginToFollow(s.Context(), f, []string{"a", "b"}, nil)
		require.NoError(s, err)
		if resumed && whole {
			require.Equal(s, []string{"b north 1"}, s.told(f), "lost, and no gap was told")
		}
	})
}

// Who begins to follow more may have been told of changes that are on their way to him.
func TestWhoFollowsMoreCanResumeBeforeWhatHeHasNotTaken(t *testing.T) {
	inShop(t, func(s *shop) {
		s.follower("b") // whose state is known
		f := s.follower("a")
		s.here("a", "north", 9)
		begun := s.follow(f, "b")
		require.Equal(s, []string{"a north 9"}, s.told(f))
		back := s.hub.Follower("")
		require.True(s, back.Resume(begun))
		s.follow(back, "a", "b")
		require.Equal(s, []string{"a north 9"}, s.told(back), "what was on its way when the connection was cut")
	})
}

func TestNothingIsToldTwice(t *testing.T) {
	inShop(t, func(s *shop) {
		begun := s.follow(s.hub.Follower(""), "a")
		for i := range int64(3) {
			s.here("a", "north", i+1)
		}
		f := s.hub.Follower("")
		require.True(s, f.Resume(begun))
		s.follow(f, "a")
		for range 3 {
			f.Unfollow(nil)
			_, _, err := beginToFollow(s.Context(), f, []string{"a"}, nil)
			require.NoError(s, err)
		}
		require.LessOrEqual(s, len(f.pending), 3, "the same again and again")
	})
}

func TestWhatIsLeftIsNotTold(t *testing.T) {
	inShop(t, func(s *shop) {
		f := s.follower("a")
		s.here("a", "north", 1)
		f.Unfollow([]string{"a"})
		require.Empty(s, s.told(f), "told after it was left")
	})
}

func TestALevelThatIsAsItWasButChangedMeanwhileIsTold(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		f := s.follower("a")
		s.set("a", "north", 10, 5) // reserved; whoever reads now sees 5
		s.set("a", "north", 10, 0) // and let go
		pass(2 * interval)
		require.Equal(s, []string{"a north 10"}, s.told(f), "who has read 5 meanwhile believes it for good")
	})
}

func TestWhatIsHeldIsDroppedBeforeAnybodyIsTold(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		var listens atomic.Pointer[Follower]
		var dropped atomic.Int32
		s.watcher.Changed = func() {
			f := listens.Load()
			if f == nil {
				return
			}
			dropped.Add(1)
			if s.hub.mu.TryLock() { // then he can take what he is told
				defer s.hub.mu.Unlock()
				assert.Empty(s, f.pending, "he is told, asks, and is given what is held from before")
			}
		}
		listens.Store(s.follower("a"))
		s.set("a", "north", 9, 0)
		pass(2 * interval)
		require.EqualValues(s, 1, dropped.Load())
	})
}

func TestADeletionIsToldHoweverOftenAnotherLevelOfTheItemChanges(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		s.set("a", "south", 10, 0)
		f := s.follower("a")
		s.remove("a", "south")
		n := int64(0)
		var again func()
		again = func() { // a sale at each reading
			n++
			s.publish("a", "north", n)
			s.mu.Lock()
			s.during = again
			s.mu.Unlock()
		}
		s.mu.Lock()
		s.during = again
		s.mu.Unlock()
		pass(time.Minute)
		require.Contains(s, s.told(f), "a south 0", "after 30 readings")
	})
}

func TestADeletedLevelIsNotBroughtBackByWhatIsToldLate(t *testing.T) {
	inShop(t, func(s *shop) {
		s.set("a", "north", 10, 0)
		f := s.follower("a")
		late := s.set("a", "north", 9, 0)
		s.hub.Wake()
		pass(2 * minPause)
		s.remove("a", "north")
		s.hub.Wake()
		pass(2 * minPause)
		s.hub.Publish([]mapping.LiveLevel{late})
		told := s.told(f)
		require.Equal(s, "a north 0", told[len(told)-1], "%v", told)
	})
}

func TestGatewaysThatStartAtTheSameMomentAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := NewHub(), NewHub()
		require.NotEqual(t, one.epoch, other.epoch, "each takes the other's sequence for its own")
	})
}

func TestWhoBeginsToFollowCostsOneCall(t *testing.T) {
	inShop(t, func(s *shop) {
		s.fill(1)
		before := s.called()
		f := s.follower("new")
		require.Equal(s, 1, s.called()-before, "all that anybody follows is read again for one item")
		before = s.called()
		for range 20 { // one visitor, one second
			f.Unfollow(nil)
			s.follow(f, "new")
			pass(minPause)
		}
		require.LessOrEqual(s, s.called()-before, 20+10, "calls in a second, by one visitor")
	})
}

func TestOneSlowCallKeepsNobodyElseWaiting(t *testing.T) {
	inShop(t, func(s *shop) {
		ids := make([]string, 2*readAtOnce)
		for i := range ids {
			ids[i] = fmt.Sprintf("item_%03d", i)
		}
		s.set("item_000", "north", 10, 0)
		var slow atomic.Bool
		s.watcher.Read = func(ctx context.Context, ids []string) ([]mapping.LiveLevel, error) {
			if ids[len(ids)-1] == fmt.Sprintf("item_%03d", 2*readAtOnce-1) && slow.Swap(false) {
				select { // Medusa hangs over one call
				case <-time.After(30 * time.Second):
				case <-ctx.Done():
				}
			}
			return s.read(ctx, ids)
		}
		f := s.follower(ids...)
		slow.Store(true)
		pass(interval + time.Millisecond)
		s.set("item_000", "north", 9, 0)
		pass(3 * interval)
		require.Equal(s, []string{"item_000 north 9"}, s.told(f))
	})
}

func BenchmarkPublishToAThousand(b *testing.B) {
	hub := NewHub()
	watcher := &Watcher{
		Hub: hub, Interval: time.Hour, Changed: func() {}, Log: slog.New(slog.DiscardHandler),
		Read: func(context.Context, []string) ([]mapping.LiveLevel, error) { return nil, nil },
	}
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { watcher.Run(ctx) })
	followers := make([]*Follower, 1000)
	for i := range followers {
		followers[i] = hub.Follower("")
		_, _, err := beginToFollow(b.Context(), followers[i], []string{"a"}, nil)
		require.NoError(b, err)
	}
	stop()
	running.Wait()
	b.ReportAllocs()
	var n int64
	for b.Loop() {
		n++
		hub.Publish([]mapping.LiveLevel{{At: mapping.LevelID{InventoryItemID: "a", LocationID: "north"}, Stocked: mapping.QuantityOf(n)}})
		hub.tellPosted()
		for _, f := range followers {
			if events, err := f.Take(); err != nil || len(events) != 1 {
				b.Fatal(events, err)
			}
		}
	}
}

func BenchmarkPublishABatchToTenThousand(b *testing.B) {
	hub := NewHub()
	ids := make([]string, 250)
	for i := range ids {
		ids[i] = fmt.Sprintf("item_%d", i)
	}
	for range 10_000 {
		f := hub.Follower("")
		_, _ = hub.want(ids, "")
		hub.mu.Lock()
		for _, id := range ids {
			f.follows[id] = 0
			hub.items[id].known = true
			hub.items[id].followers[f] = nil
		}
		hub.mu.Unlock()
	}
	var n int64
	levels := make([]mapping.LiveLevel, len(ids))
	for b.Loop() {
		n++
		for i, id := range ids {
			levels[i] = mapping.LiveLevel{At: mapping.LevelID{InventoryItemID: id, LocationID: "north"}, Stocked: mapping.QuantityOf(n)}
		}
		hub.Publish(levels)
		hub.tellPosted()
		b.StopTimer()
		for f := range hub.all {
			_, _ = f.Take()
		}
		b.StartTimer()
	}
}

func BenchmarkFollowManyLocations(b *testing.B) {
	hub := NewHub()
	ids, locations := make([]string, 500), make([]string, 500)
	for i := range ids {
		ids[i] = fmt.Sprintf("item_%d", i)
	}
	for i := range locations {
		locations[i] = fmt.Sprintf("%d", i)
	}
	_, _ = hub.want(ids, "")
	for _, id := range ids {
		hub.items[id].known = true
		hub.items[id].refreshed()
	}
	b.ReportAllocs()
	for b.Loop() {
		f := hub.Follower("")
		_, _, _ = beginToFollow(context.Background(), f, ids, locations)
		f.Close()
	}
}
