package bff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

const (
	// undoTimeout bounds one pass of undoing, forgetTimeout what is written of it.
	undoTimeout   = 20 * time.Second
	forgetTimeout = 5 * time.Second
)

// markerSlack is how much the clocks of the gateway and of Medusa's database may
// differ.
const markerSlack = 10 * time.Minute

// errLeft says that something of a set-up may be left, or may yet come.
var errLeft = errors.New("something of the set-up may be left")

// rollBack undoes a set-up that failed and says what became of it.
func (r *setupRun) rollBack(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(ctx, undoTimeout)
	defer cancel()
	failure := &Error{
		Code: RollbackIncomplete, Message: mapping.Message{Key: string(RollbackIncomplete)}, Cause: failed(cause), FailedStep: r.failed, Err: cause,
	}
	if failure.Cause.RetryAfter > 0 {
		failure.RetryAfter = setupOver
	}
	setup, err := r.g.store.UndoSetup(ctx, r.setup.ID, 0)
	if err != nil || setup == nil {
		// The database fails, or another gateway undoes it already.
		failure.Rollback = r.unknownRollback()
		r.g.setups.done("incomplete")
		return failure
	}
	maps.Copy(setup.Made, r.made) // also what could not be written down
	rollback, err := r.g.undo(ctx, setup, r.plan, func(step string) bool { return r.maybe[step] })
	failure.Rollback = &rollback
	if err != nil {
		r.g.setups.done("incomplete")
		return failure
	}
	r.g.setups.done("rolled_back")
	if len(r.made)+len(r.maybe) == 0 {
		return failure.Cause // there was nothing to undo
	}
	failure.Code, failure.Message.Key, failure.RetryAfter = SetupRolledBack, string(SetupRolledBack), failure.Cause.RetryAfter
	return failure
}

// undoSetup is the duty to undo a set-up whose gateway has died, or what could
// not be undone before.
func (g *Gateway) undoSetup(ctx context.Context, setupID string) error {
	setup, err := g.store.UndoSetup(ctx, setupID, setupLease)
	if err != nil || setup == nil {
		return err
	}
	var plan setupPlan
	if err := json.Unmarshal(setup.Plan, &plan); err != nil {
		return fmt.Errorf("bff: the plan of a set-up: %w", err)
	}
	ctx, cancel := context.WithTimeout((&medusaclient.Request{ID: setupID}).With(ctx), undoTimeout)
	defer cancel()
	rollback, err := g.undo(ctx, setup, plan, func(step string) bool { return setup.Made[step] == "" })
	if err != nil {
		return err
	}
	g.log.InfoContext(ctx, "a set-up that was left behind is undone", "setupId", setupID, "undone", rollback.Undone)
	return nil
}

// undo removes all that a set-up has made, or may have made, with the gateway's
// own user. When nothing can be left, and nothing can come any more, the set-up
// is forgotten; until then there is an error.
func (g *Gateway) undo(ctx context.Context, setup *state.Setup, plan setupPlan, maybe func(step string) bool) (mapping.Rollback, error) {
	u := &undoing{
		g: g, setup: setup, plan: plan, maybe: maybe, over: !g.now().Before(setup.TouchedAt.Add(setupOver)),
		undone: []mapping.Undone{}, left: []mapping.Leftover{},
	}
	u.run(medusaclient.Ahead(ctx)) // many may wait for a slot, this must not
	g.stockChanged()
	g.keys.forget()
	rollback := mapping.Rollback{Complete: len(u.left) == 0, Undone: u.undone, Leftovers: u.left}
	if !rollback.Complete {
		return rollback, fmt.Errorf("%w: %s", errLeft, steps(u.left))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTimeout)
	defer cancel()
	err := g.store.ForgetSetup(ctx, *setup)
	rollback.Complete = err == nil // or else it is gone through once more
	return rollback, err
}

// steps names what is left.
func steps(left []mapping.Leftover) string {
	names := make([]string, len(left))
	for i, leftover := range left {
		names[i] = leftover.Step + " (" + leftover.Error + leftover.Message.In(mapping.English) + ")"
	}
	return strings.Join(names, ", ")
}

// undoing is one pass of undoing.
type undoing struct {
	g      *Gateway
	setup  *state.Setup
	plan   setupPlan
	maybe  func(step string) bool // its answer was lost
	over   bool                   // what was sent has landed by now, or never will
	undone []mapping.Undone
	left   []mapping.Leftover
}

// run deletes the location, and everything with it that is there by then. What
// came later would be where nobody finds it, and what comes at the same moment
// can be half deleted. So while something can come the location stays.
func (u *undoing) run(ctx context.Context) {
	locationID, err := u.location(ctx)
	switch {
	case err != nil:
		u.leave(stepLocation, "", err)
		return
	case locationID == "":
		if u.maybe(stepLocation) && !u.over {
			u.leave(stepLocation, "", errLate)
		}
		return
	}
	if lost := u.lost(); len(lost) > 0 && !u.over {
		u.leaveAll(errLate)
		for _, step := range lost {
			u.leave(step, "", errLate)
		}
		_ = u.unlinkChannel(ctx, locationID) // that shoppers see it no longer than they must; it is done again
		return
	}
	err = u.own(ctx, func(by medusaclient.Credential) error { return u.g.medusa.StockLocations.Delete(ctx, by, locationID) })
	if err == nil {
		err = u.unlinkChannel(ctx, locationID) // a link with a dead location ends every checkout of the channel
	}
	if err != nil {
		u.leaveAll(err)
		return
	}
	u.undone = u.made()
}

// lost are the steps that may have made something of which nothing is known.
func (u *undoing) lost() (lost []string) {
	for _, step := range u.plan.steps() {
		if u.setup.Made[step.Step] == "" && u.maybe(step.Step) {
			lost = append(lost, step.Step)
		}
	}
	return lost
}

// unlinkChannel removes the link of the location with its channel, where there
// may be one.
func (u *undoing) unlinkChannel(ctx context.Context, locationID string) error {
	if u.plan.ChannelID == "" || (u.setup.Made[stepChannel] == "" && !u.maybe(stepChannel)) {
		return nil
	}
	return u.own(ctx, func(by medusaclient.Credential) error {
		return u.g.medusa.StockLocations.LinkSalesChannels(ctx, by, time.Time{}, locationID, medusaclient.Links{Remove: []string{u.plan.ChannelID}})
	})
}

// made is all that is known to have been made, in the order of its making.
func (u *undoing) made() []mapping.Undone { return stepsMade(u.plan, u.setup.Made) }

func stepsMade(plan setupPlan, made map[string]string) []mapping.Undone {
	all := []mapping.Undone{}
	for _, step := range plan.steps() {
		if id := made[step.Step]; id != "" {
			all = append(all, mapping.Undone{Step: step.Step, ID: id})
		}
	}
	return all
}

// errLate says that something may have been made that has not come yet.
var errLate = errors.New("something may come late")

// location is the id of the location that the set-up made, empty when there is
// none. One whose answer was lost is found by its marker.
func (u *undoing) location(ctx context.Context) (string, error) {
	if made := u.setup.Made[stepLocation]; made != "" || !u.maybe(stepLocation) {
		return made, nil
	}
	var locations []medusaclient.StockLocation
	err := u.own(ctx, func(by medusaclient.Credential) (err error) {
		locations, err = u.g.medusa.StockLocations.ListMadeSince(ctx, by, u.setup.StartedAt.Add(-markerSlack))
		return err
	})
	if err != nil {
		return "", err
	}
	for _, location := range locations {
		if mapping.MarkerOf(location.Metadata) == u.setup.ID {
			u.setup.Made[stepLocation] = location.ID
			return location.ID, u.g.store.RecordFound(ctx, u.setup.ID, stepLocation, location.ID)
		}
	}
	return "", nil
}

func (u *undoing) own(ctx context.Context, do func(by medusaclient.Credential) error) error {
	return u.g.account.Do(ctx, do)
}

func (u *undoing) leave(step, made string, err error) {
	leftover := mapping.Leftover{Step: step}
	if errors.Is(err, errLate) {
		leftover.Message = mapping.Message{Key: "leftover.late"}
	} else {
		leftover.Error = string(failed(err).Code)
	}
	if made != "" {
		leftover.ID = &made
	}
	u.left = append(u.left, leftover)
}

// leaveAll leaves all that was made as it is for now.
func (u *undoing) leaveAll(err error) {
	for _, each := range u.made() {
		u.leave(each.Step, each.ID, err)
	}
}

// unknownRollback tells what was made when it is not known what became of it.
func (r *setupRun) unknownRollback() *mapping.Rollback {
	rollback := &mapping.Rollback{Undone: []mapping.Undone{}, Leftovers: []mapping.Leftover{}}
	for _, made := range stepsMade(r.plan, r.made) {
		rollback.Leftovers = append(rollback.Leftovers, mapping.Leftover{Step: made.Step, ID: &made.ID, Message: mapping.Message{Key: "leftover.unknown"}})
	}
	return rollback
}
