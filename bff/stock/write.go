package stock

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/medusaclient"
)

// fate is what is known of a write that did not succeed.
type fate int

const (
	// undone: Medusa refused it, or it was never sent.
	undone fate = iota
	// lost: it may have happened, or may yet.
	lost
)

// fateOf tells a refusal from silence. Only Medusa's own refusal counts: a proxy
// before it, or a 500 half way through, proves nothing.
func fateOf(err error) fate {
	var refused *medusaclient.Error
	var outage *medusaclient.OutageError
	switch {
	case errors.Is(err, errUnsent), errors.Is(err, medusaclient.ErrTooLong):
		return undone
	case errors.As(err, &refused):
		if refused.Foreign || refused.Status == http.StatusRequestTimeout || refused.Status >= http.StatusInternalServerError {
			return lost
		}
		return undone
	case errors.As(err, &outage):
		if outage.Sent() {
			return lost
		}
		return undone
	}
	return lost
}

// errUnsent: the gateway itself held a write back.
var errUnsent = errors.New("stock: the write was not sent")

// send makes a write with the gateway's own user. What Medusa leaves unanswered
// before it, a new login, is not the write.
func (l *Lane) send(ctx context.Context, do func(by medusaclient.Credential) error) error {
	last := errUnsent
	err := l.own(ctx, func(by medusaclient.Credential) error {
		last = do(by)
		return last
	})
	if err != nil && fateOf(last) == undone {
		return errors.Join(errUnsent, err)
	}
	return err
}

// written is what Medusa shows after a write.
type written struct {
	levels  map[state.Level]medusaclient.InventoryLevel
	differs map[state.Level]bool // levels that do not show what was written
}

// write carries out a plan. Levels that do not exist are made first, empty and
// in a call of their own: Medusa undoes a batch that mixes creating and
// updating by writing old values back, also over other people's. When their
// changes are then not made, they are removed again.
func (l *Lane) write(ctx context.Context, turn *state.Turn, plan *plan) (written, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	sendBy := plan.flush.Until.Add(-landing)
	if plan.removes {
		return written{}, l.removeLevels(ctx, plan, sendBy)
	}
	created, err := l.createLevels(ctx, plan, sendBy)
	if err != nil {
		return written{}, err
	}
	if len(created) > 0 {
		l.pass(beforeUpdate)
		sendBy = l.now().Add(sendWindow)
		if err := turn.Postpone(ctx, plan.flush.ID, sendBy.Add(landing)); err != nil {
			l.uncreate(ctx, created)
			return written{}, errors.Join(errUnsent, err)
		}
	}
	shown, err := l.updateLevels(ctx, plan, sendBy)
	if err != nil && fateOf(err) == undone {
		l.uncreate(ctx, created)
	}
	return shown, err
}

// createLevels makes the levels of a plan that do not exist.
func (l *Lane) createLevels(ctx context.Context, plan *plan, sendBy time.Time) ([]medusaclient.InventoryLevel, error) {
	var missing []medusaclient.LevelKey
	for _, level := range plan.levels {
		if plan.touched[level].before == nil {
			missing = append(missing, medusaclient.LevelKey(level))
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	var created []medusaclient.InventoryLevel
	err := l.send(ctx, func(by medusaclient.Credential) (err error) {
		created, err = l.reader.medusa.InventoryItems.CreateLevels(ctx, by, sendBy, missing)
		return err
	})
	return created, err
}

// uncreate removes empty levels again. One that is in use meanwhile stays: it
// is no longer ours alone.
func (l *Lane) uncreate(ctx context.Context, created []medusaclient.InventoryLevel) {
	if len(created) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	ids := make([]string, len(created))
	for i, level := range created {
		ids[i] = level.ID
	}
	err := l.own(ctx, func(by medusaclient.Credential) error {
		return l.reader.medusa.InventoryItems.DeleteLevels(ctx, by, l.now().Add(sendWindow), ids, false)
	})
	if err != nil {
		l.log.WarnContext(ctx, "empty levels made for a change that failed could not be removed", "levels", ids, "error", err)
	}
}

// updateLevels writes the quantities of a plan, all or none.
func (l *Lane) updateLevels(ctx context.Context, plan *plan, sendBy time.Time) (written, error) {
	updates := make([]medusaclient.LevelUpdate, len(plan.levels))
	for i, level := range plan.levels {
		updates[i] = plan.touched[level].update(level)
	}
	var levels []medusaclient.InventoryLevel
	err := l.send(ctx, func(by medusaclient.Credential) (err error) {
		levels, err = l.reader.medusa.InventoryItems.UpdateLevels(ctx, by, sendBy, updates)
		return err
	})
	if err != nil {
		return written{}, err
	}
	shown := written{levels: make(map[state.Level]medusaclient.InventoryLevel, len(levels)), differs: map[state.Level]bool{}}
	for _, level := range levels {
		key := state.Level{InventoryItemID: level.InventoryItemID, LocationID: level.LocationID}
		shown.levels[key] = level
		if touched := plan.touched[key]; touched != nil && !touched.isShownBy(viewOf(&level)) {
			shown.differs[key] = true
		}
	}
	return shown, nil
}

// removeLevels deletes the one level of a plan.
func (l *Lane) removeLevels(ctx context.Context, plan *plan, sendBy time.Time) error {
	return l.send(ctx, func(by medusaclient.Credential) error {
		for _, level := range plan.levels {
			touched := plan.touched[level]
			if err := l.reader.medusa.InventoryItems.DeleteLevels(ctx, by, sendBy, []string{touched.before.ID}, touched.force); err != nil {
				return err
			}
		}
		return nil
	})
}

// update is what is sent of a touched level.
func (t *touch) update(level state.Level) medusaclient.LevelUpdate {
	update := medusaclient.LevelUpdate{InventoryItemID: level.InventoryItemID, LocationID: level.LocationID}
	if t.stocked {
		stocked := t.level.stocked.Number()
		update.StockedQuantity = &stocked
	}
	if t.incoming {
		incoming := t.level.incoming.Number()
		update.IncomingQuantity = &incoming
	}
	return update
}

// isShownBy says whether a level has what was sent. Medusa's answer to a batch
// tells what it wrote, so one that shows anything else is looked into before
// anything is believed.
func (t *touch) isShownBy(is view) bool {
	return (!t.stocked || is.stocked.Cmp(t.level.stocked) == 0) && (!t.incoming || is.incoming.Cmp(t.level.incoming) == 0)
}
