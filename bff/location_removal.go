package bff

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

const (
	// transferAtOnce is how many items are moved in one atomic batch: two rows each.
	transferAtOnce = 500

	// readTries is how often the levels of a location are read anew because they change
	// while they are emptied and removed.
	readTries = 5

	// deleteTimeout bounds how long nobody's stock can change while a location goes.
	deleteTimeout = 10 * time.Second
)

// DeleteLocation deletes a location with its levels. Its stock is moved to another one
// first, or let go, as is asked for; the holds there are released. What was begun can be
// asked for again: stock is at one location or the other, never at both or at none. Five
// upstream calls to look, one to delete, two for each started 250 levels, two or three for
// each started 500 that are moved, and some for each hold.
func (g *Gateway) DeleteLocation(ctx context.Context, w Write, id string, asked mapping.LocationRemoval) (*WriteAnswer, error) {
	if !mapping.IsID(id) {
		return nil, notFound(StockLocationNotFound, id)
	}
	if id == asked.TransferTo {
		return nil, invalid(mapping.Fault{Pointer: "/transferTo", Code: "SAME_LOCATION"})
	}
	return g.write(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		removal := &locationRemoval{g: g, try: try, id: id, asked: asked}
		deleted := made(mapping.LocationRemoved{ID: id, Deleted: true})
		err := removal.check(ctx)
		if failedWith(err, StockLocationNotFound) && removal.missing == id && try.again {
			return deleted, nil // it was deleted before, and nobody was told
		}
		if err != nil {
			return result{}, err
		}
		if err := g.take(ctx, try); err != nil {
			return result{}, err
		}
		defer g.changed(ctx, locationsChanged)
		return deleted, removal.carryOut(ctx)
	})
}

// locationRemoval is the deleting of a location, under way.
type locationRemoval struct {
	g     *Gateway
	try   *attempt
	id    string
	asked mapping.LocationRemoval

	missing      string // the location that does not exist
	stock        []medusaclient.ItemStock
	reservations []medusaclient.Reservation
	holds        []state.Hold // that have any of the reservations
}

// check reads all that the deletion is about, side by side, and says whether it may be.
func (r *locationRemoval) check(ctx context.Context) error {
	medusa, by := r.g.medusa, r.try.Credential
	if err := r.mustExist(ctx, r.id); err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	if r.asked.TransferTo != "" {
		group.Go(func() error { return r.mustExist(groupCtx, r.asked.TransferTo) })
	}
	group.Go(func() error { return medusa.StockLocations.ConfirmDelete(groupCtx, by) })
	group.Go(func() (err error) {
		r.reservations, err = medusa.Reservations.ListAll(groupCtx, by, medusaclient.ReservationFilter{LocationID: r.id})
		return err
	})
	group.Go(func() error { return r.readStock(groupCtx) })
	if err := group.Wait(); err != nil {
		return err
	}
	var err error
	if r.holds, err = r.holdsHere(ctx); err != nil {
		return err
	}
	if len(r.holds) > 0 {
		if err := medusa.Reservations.ConfirmDelete(ctx, by); err != nil {
			return err
		}
	}
	if others := r.reservedByOthers(); others > 0 {
		return &Error{Code: LocationNotEmpty, Message: mapping.Message{Key: string(LocationNotEmpty) + ".reserved", Args: []any{others}}}
	}
	if stocked := len(r.stocked()); stocked > 0 && !r.asked.Force && r.asked.TransferTo == "" {
		return newFailure(LocationNotEmpty, stocked)
	}
	return nil
}

func (r *locationRemoval) mustExist(ctx context.Context, id string) error {
	_, err := r.g.medusa.StockLocations.Get(ctx, r.try.Credential, id)
	err = errorOf(err, StockLocationNotFound, id)
	if failedWith(err, StockLocationNotFound) {
		r.missing = id
	}
	return err
}

func (r *locationRemoval) readStock(ctx context.Context) (err error) {
	r.stock, err = r.g.medusa.InventoryItems.ListStock(ctx, r.try.Credential, medusaclient.InventoryItemFilter{LocationID: r.id})
	return err
}

// holdsHere are the holds that have reservations at the location.
func (r *locationRemoval) holdsHere(ctx context.Context) ([]state.Hold, error) {
	ids := make([]string, len(r.reservations))
	for i, reservation := range r.reservations {
		ids[i] = reservation.ID
	}
	return r.g.store.HoldsOf(ctx, ids)
}

// reservedByOthers counts the reservations that were not made here, and the levels of
// which more is reserved than all reservations come to: Medusa forgets to let go of one
// that was moved.
func (r *locationRemoval) reservedByOthers() (count int) {
	ours := map[string]bool{}
	for _, hold := range r.holds {
		for _, line := range hold.Lines {
			ours[line.ReservationID] = true
		}
	}
	reserved := map[string]mapping.Quantity{}
	for _, reservation := range r.reservations {
		reserved[reservation.InventoryItemID] = reserved[reservation.InventoryItemID].Add(mapping.ReadQuantity(reservation.Quantity))
		if !ours[reservation.ID] {
			count++
		}
	}
	for _, item := range r.stock {
		if level := r.levelOf(item); mapping.ReadQuantity(level.ReservedQuantity).Cmp(reserved[item.ID]) > 0 {
			count++
		}
	}
	return count
}

// levelOf is the level of an item at the location.
func (r *locationRemoval) levelOf(item medusaclient.ItemStock) medusaclient.StockLevel {
	at := slices.IndexFunc(item.LocationLevels, func(level medusaclient.StockLevel) bool { return level.LocationID == r.id })
	if at < 0 {
		return medusaclient.StockLevel{}
	}
	return item.LocationLevels[at]
}

// stocked are the items that the location has stock of, or less than nothing.
func (r *locationRemoval) stocked() []medusaclient.ItemStock {
	return slices.DeleteFunc(slices.Clone(r.stock), func(item medusaclient.ItemStock) bool {
		return mapping.ReadQuantity(r.levelOf(item).StockedQuantity).Sign() == 0
	})
}

// carryOut releases, empties, removes and deletes, in this order.
func (r *locationRemoval) carryOut(ctx context.Context) error {
	for _, hold := range r.holds {
		if err := r.releaseHere(ctx, hold); err != nil {
			return err
		}
	}
	if r.asked.TransferTo != "" {
		if err := r.transfer(ctx); err != nil {
			return err
		}
	}
	for range readTries {
		if err := r.removeLevels(ctx); err != nil {
			return err
		}
		if deleted, err := r.deleteEmpty(context.WithoutCancel(ctx)); deleted || err != nil {
			return err
		}
	}
	return newFailure(LocationNotEmpty, len(r.stock))
}

// deleteEmpty deletes the location, unless a level was made there meanwhile or may yet
// come. While this has the turn, nobody makes one.
func (r *locationRemoval) deleteEmpty(ctx context.Context) (deleted bool, err error) {
	ctx, cancel := context.WithTimeout(medusaclient.Ahead(ctx), deleteTimeout)
	defer cancel()
	turn, err := r.g.store.Turn(ctx)
	if err != nil {
		return false, err
	}
	defer turn.End()
	unsettled, err := r.g.store.Unsettled(ctx)
	if err != nil {
		return false, err
	}
	for _, entry := range unsettled {
		if entry.LocationID == r.id && entry.Kind == state.Update { // a removal that comes late does no harm
			return false, outcomeUnknown(entry.BatchID, stock.Outcome{})
		}
	}
	if err := r.readStock(ctx); err != nil || len(r.stock) > 0 {
		return false, err
	}
	return true, r.deleteLocation(ctx)
}

// releaseHere releases the reservations of a hold that are at the location.
func (r *locationRemoval) releaseHere(ctx context.Context, hold state.Hold) error {
	here := found{id: hold.ID, hold: &hold, reservations: map[int]medusaclient.Reservation{}}
	for _, line := range hold.Lines {
		at := slices.IndexFunc(r.reservations, func(reservation medusaclient.Reservation) bool { return reservation.ID == line.ReservationID })
		if at >= 0 {
			here.reservations[line.Number] = r.reservations[at]
		}
	}
	return r.g.releaseFound(context.WithoutCancel(ctx), r.try.Credential, here)
}

// transfer moves all stock to the other location, each item's in one piece. What
// changes meanwhile is looked at again.
func (r *locationRemoval) transfer(ctx context.Context) error {
	for tries := 1; ; tries++ {
		changed := false
		for items := range slices.Chunk(r.stocked(), transferAtOnce) {
			err := r.do(ctx, &stock.Batch{Atomic: true, Changes: r.moves(items)})
			switch {
			case (failedWith(err, StockChanged) || failedWith(err, InventoryItemNotFound)) && tries < readTries:
				changed = true
			case err != nil:
				return err
			}
		}
		if !changed {
			return nil
		}
		if err := r.readStock(ctx); err != nil {
			return err
		}
	}
}

// moves are the changes that move items.
func (r *locationRemoval) moves(items []medusaclient.ItemStock) []stock.Change {
	note := mapping.Note{Reason: "transfer", Reference: r.id}
	changes := make([]stock.Change, 0, 2*len(items))
	for _, item := range items {
		stocked := mapping.ReadQuantity(r.levelOf(item).StockedQuantity)
		less := mapping.Quantity{}.Sub(stocked)
		address := mapping.Address{InventoryItemID: item.ID}
		changes = append(changes,
			stock.Change{Address: address, LocationID: r.id, Position: len(changes), Adjust: &less, KeepReserved: true, Expected: &stocked, Note: note},
			stock.Change{Address: address, LocationID: r.asked.TransferTo, Position: len(changes) + 1, Adjust: &stocked, Note: note})
	}
	return changes
}

// removeLevels deletes the levels at the location.
func (r *locationRemoval) removeLevels(ctx context.Context) error {
	changes := make([]stock.Change, len(r.stock))
	for i, item := range r.stock {
		changes[i] = stock.Change{
			Address: mapping.Address{InventoryItemID: item.ID}, LocationID: r.id, Position: i, Remove: true, Force: r.asked.Force,
			Note: mapping.Note{Reason: "location deleted", Reference: r.id},
		}
	}
	return r.do(ctx, &stock.Batch{Changes: changes})
}

// do makes changes of stock. Each run has a batch of its own: it is decided on what is
// there by then, not on what an earlier one did.
func (r *locationRemoval) do(ctx context.Context, batch *stock.Batch) error {
	if len(batch.Changes) == 0 {
		return nil
	}
	batch.ID, batch.Actor, batch.RequestID = state.NewID("batch_"), actorOf(r.try.Credential), r.try.RequestID
	outcomes, err := r.g.stock.Do(ctx, batch)
	if err != nil {
		return err
	}
	stocked, reserved := 0, 0
	for _, outcome := range outcomes {
		switch {
		case outcome.Status == stock.Applied, outcome.Status == stock.Skipped: // for the sake of another, which is told
		case outcome.Status == stock.Unknown:
			return outcomeUnknown(batch.ID, outcome)
		case outcome.Status == stock.Failed:
			return errorOf(outcome.Err, "")
		case outcome.Refusal.Reserved:
			reserved++
		case batch.Atomic:
			return refused(outcome, r.try.Language)
		case outcome.Refusal.Reason == stock.InventoryLevelNotFound, outcome.Refusal.Reason == stock.InventoryItemNotFound: // gone already
		case outcome.Refusal.Reason == stock.LevelHasStock:
			stocked++
		case outcome.Refusal.Reason == stock.LevelHasReservations:
			reserved++
		default:
			return refused(outcome, r.try.Language)
		}
	}
	switch {
	case reserved > 0:
		return &Error{Code: LocationNotEmpty, Message: mapping.Message{Key: string(LocationNotEmpty) + ".reserved", Args: []any{reserved}}}
	case stocked > 0:
		return newFailure(LocationNotEmpty, stocked)
	}
	return nil
}

// deleteLocation deletes the location itself. Twice is as good as once, so a lost
// answer is asked for again.
func (r *locationRemoval) deleteLocation(ctx context.Context) error {
	err := r.g.medusa.StockLocations.Delete(ctx, r.try.Credential, r.id)
	if err != nil && !medusaclient.NotDone(err) {
		err = r.g.medusa.StockLocations.Delete(ctx, r.try.Credential, r.id)
	}
	return unlessDone(err, "location")
}
