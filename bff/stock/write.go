package stock

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
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

// fateOf tells a refusal from silence.
func fateOf(err error) fate {
	switch {
	case errors.Is(err, errMaybeMade):
		return lost
	case errors.Is(err, errUnsent), medusaclient.NotDone(err):
		return undone
	}
	return lost
}

var (
	// errUnsent: the gateway itself held a write back.
	errUnsent = errors.New("stock: the write was not sent")

	// errMaybeMade: levels exist that were to be made. A proxy that delivers a
	// call twice returns what Medusa says to the second.
	errMaybeMade = errors.New("stock: the levels were made meanwhile, by this write or by somebody else")
)

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

// live is what may be told of a write, if it can be believed.
func (w written) live() []mapping.LiveLevel {
	if len(w.differs) > 0 {
		return nil
	}
	live := make([]mapping.LiveLevel, 0, len(w.levels))
	for _, level := range w.levels {
		live = append(live, mapping.NewLiveLevel(level.InventoryItemID, level))
	}
	return live
}

// write carries out a plan, in one call where it only changes levels, only makes
// them, or removes them.
func (l *Lane) write(ctx context.Context, turn *state.Turn, plan *plan) (written, error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	sendBy := plan.flush.Until.Add(-landing)
	if plan.removes {
		return written{}, l.removeLevels(ctx, plan, sendBy)
	}
	switch missing := plan.missing(); len(missing) {
	case 0:
		levels, err := l.updateLevels(ctx, plan.writes(), sendBy)
		return plan.written(levels), err
	case len(plan.levels):
		levels, err := l.createLevels(ctx, plan.writes(), sendBy)
		if refused, ok := errors.AsType[*medusaclient.Error](err); ok && refused.Status == http.StatusBadRequest {
			err = errors.Join(errMaybeMade, err)
		}
		return plan.written(levels), err
	default:
		return l.createAndUpdate(ctx, turn, plan, missing, sendBy)
	}
}

// createAndUpdate carries out a plan of which some levels are missing. They are
// made first, empty and in a call of their own: Medusa undoes a batch that mixes
// creating and updating by writing old values back, also over other people's.
// When their changes are then not made, they are removed again.
func (l *Lane) createAndUpdate(ctx context.Context, turn *state.Turn, plan *plan, missing []medusaclient.LevelWrite, sendBy time.Time) (written, error) {
	created, err := l.createLevels(ctx, missing, sendBy)
	if err != nil {
		return written{}, err
	}
	l.pass(beforeUpdate)
	sendBy = l.now().Add(sendWindow)
	if err := turn.Postpone(ctx, plan.flush.ID, sendBy.Add(landing)); err != nil {
		l.uncreate(ctx, created)
		return written{}, errors.Join(errUnsent, err)
	}
	levels, err := l.updateLevels(ctx, plan.writes(), sendBy)
	if err != nil && fateOf(err) == undone {
		l.uncreate(ctx, created)
	}
	return plan.written(levels), err
}

// missing are the levels of a plan that do not exist, empty.
func (p *plan) missing() []medusaclient.LevelWrite {
	var missing []medusaclient.LevelWrite
	for _, level := range p.levels {
		if p.touched[level].before == nil {
			missing = append(missing, medusaclient.LevelWrite{InventoryItemID: level.InventoryItemID, LocationID: level.LocationID})
		}
	}
	return missing
}

// writes are the levels of a plan with what is written to them.
func (p *plan) writes() []medusaclient.LevelWrite {
	writes := make([]medusaclient.LevelWrite, len(p.levels))
	for i, level := range p.levels {
		writes[i] = p.touched[level].write(level)
	}
	return writes
}

// written is what Medusa shows of the levels of a plan.
func (p *plan) written(levels []medusaclient.InventoryLevel) written {
	shown := written{levels: make(map[state.Level]medusaclient.InventoryLevel, len(levels)), differs: map[state.Level]bool{}}
	for _, level := range levels {
		key := state.Level(level.Key())
		shown.levels[key] = level
		if touched := p.touched[key]; touched != nil && !touched.isShownBy(viewOf(&level)) {
			shown.differs[key] = true
		}
	}
	return shown
}

// createLevels makes levels, all or none.
func (l *Lane) createLevels(ctx context.Context, levels []medusaclient.LevelWrite, sendBy time.Time) (created []medusaclient.InventoryLevel, err error) {
	err = l.send(ctx, func(by medusaclient.Credential) (err error) {
		created, err = l.reader.medusa.InventoryItems.CreateLevels(ctx, by, sendBy, levels)
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

// updateLevels writes quantities, all or none.
func (l *Lane) updateLevels(ctx context.Context, levels []medusaclient.LevelWrite, sendBy time.Time) (updated []medusaclient.InventoryLevel, err error) {
	err = l.send(ctx, func(by medusaclient.Credential) (err error) {
		updated, err = l.reader.medusa.InventoryItems.UpdateLevels(ctx, by, sendBy, levels)
		return err
	})
	return updated, err
}

// removeLevels deletes the levels of a plan, all or none.
func (l *Lane) removeLevels(ctx context.Context, plan *plan, sendBy time.Time) error {
	ids := make([]string, len(plan.levels))
	for i, level := range plan.levels {
		ids[i] = plan.touched[level].before.ID
	}
	return l.send(ctx, func(by medusaclient.Credential) error {
		return l.reader.medusa.InventoryItems.DeleteLevels(ctx, by, sendBy, ids, plan.force)
	})
}

// write is what is sent of a touched level.
func (t *touch) write(level state.Level) medusaclient.LevelWrite {
	write := medusaclient.LevelWrite{InventoryItemID: level.InventoryItemID, LocationID: level.LocationID}
	if t.stocked {
		stocked := t.level.stocked.Number()
		write.StockedQuantity = &stocked
	}
	if t.incoming {
		incoming := t.level.incoming.Number()
		write.IncomingQuantity = &incoming
	}
	return write
}

// isShownBy says whether a level has what was sent. Medusa's answer to a batch
// tells what it wrote, so one that shows anything else is looked into before
// anything is believed.
func (t *touch) isShownBy(is view) bool {
	return (!t.stocked || is.stocked.Cmp(t.level.stocked) == 0) && (!t.incoming || is.incoming.Cmp(t.level.incoming) == 0)
}
