package stock

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// readAndWrite takes one from a level as Medusa does when an order is fulfilled.
func (s *shop) readAndWrite(ctx context.Context, level state.Level) error {
	return s.lane.account.Do(ctx, func(by medusaclient.Credential) error {
		item, err := s.client.InventoryItems.Get(ctx, by, level.InventoryItemID)
		if err != nil {
			return err
		}
		stocked, _ := mapping.ParseQuantity(string(item.LocationLevels[0].StockedQuantity))
		less := stocked.Sub(mapping.QuantityOf(1)).Number()
		_, err = s.client.InventoryItems.UpdateLevels(ctx, by, time.Time{}, []medusaclient.LevelWrite{
			{InventoryItemID: level.InventoryItemID, LocationID: level.LocationID, StockedQuantity: &less},
		})
		return err
	})
}

func TestWhatIsDoneAloneAndChangesLoseNothingOfEachOther(t *testing.T) {
	s := newShop(t)
	level := s.stocked("iitem_a", 100)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { assert.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "2")).Status) })
		all.Go(func() {
			assert.NoError(t, s.lane.Alone(t.Context(), func(ctx context.Context) (bool, error) { return false, s.readAndWrite(ctx, level) }))
		})
	}
	all.Wait()
	s.requireStock(level, 150)
}

func TestOneThingIsDoneAloneAtATime(t *testing.T) {
	s := newShop(t)
	var at, most atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			assert.NoError(t, s.lane.Alone(t.Context(), func(context.Context) (bool, error) {
				most.Store(max(most.Load(), at.Add(1)))
				defer at.Add(-1)
				return false, nil
			}))
		})
	}
	all.Wait()
	require.EqualValues(t, 1, most.Load())
}

func TestWhatIsDoneAloneOutlivesItsCallerButNotItsTime(t *testing.T) {
	s := newShop(t)
	ctx, leave := context.WithCancel(t.Context())
	require.NoError(t, s.lane.Alone(ctx, func(ctx context.Context) (bool, error) {
		leave()
		deadline, bounded := ctx.Deadline()
		require.True(t, bounded)
		require.WithinDuration(t, time.Now().Add(aloneTimeout), deadline, time.Second)
		return false, ctx.Err()
	}))
	require.ErrorIs(t, s.lane.Alone(ctx, func(context.Context) (bool, error) { return false, nil }), context.Canceled, "begun for a caller who had gone")
}

func TestTheTurnIsGivenBackWhateverHappens(t *testing.T) {
	s := newShop(t)
	failure := errors.New("no")
	require.ErrorIs(t, s.lane.Alone(t.Context(), func(context.Context) (bool, error) { return false, failure }), failure)
	require.Panics(t, func() { _ = s.lane.Alone(t.Context(), func(context.Context) (bool, error) { panic("!") }) })
	require.NoError(t, s.lane.Alone(t.Context(), func(context.Context) (bool, error) { return false, nil }))
	s.stocked("iitem_a", 1)
	require.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "2")).Status)
}

// losing is done alone, and its answer is lost. The time in which it may still come
// is over in a moment.
func (s *shop) losing() error {
	return s.lane.Alone(context.Background(), func(context.Context) (bool, error) {
		s.clock.advance(landing - 200*time.Millisecond)
		return true, io.ErrUnexpectedEOF
	})
}

func TestTheLaneIsShutWhileWhatWasDoneAloneMayStillCome(t *testing.T) {
	s := newShop(t).connected()
	s.stocked("iitem_a", 1)
	over := s.clock.now().Add(landing)
	require.ErrorIs(t, s.losing(), io.ErrUnexpectedEOF)
	require.Equal(t, Applied, s.one(adjust("iitem_a", highUp, "2")).Status)
	require.False(t, s.clock.now().Before(over), "stock changed while Medusa might still be at what was done alone")
}

func TestALaneThatStopsDoesNotWaitForWhatMayStillCome(t *testing.T) {
	s := newShop(t)
	require.ErrorIs(t, s.lane.Alone(t.Context(), func(context.Context) (bool, error) { return true, io.ErrUnexpectedEOF }), io.ErrUnexpectedEOF)
	started := time.Now()
	s.lane.Close()
	require.Less(t, time.Since(started), landing/2)
	s.rest()
}
