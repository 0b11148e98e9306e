package bff

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

const (
	// holdPause is how long after its line was written down a reservation may be
	// sent to be made.
	holdPause = 10 * time.Second

	// holdLease is after how long what somebody began with a hold is taken up by
	// whoever sees to it.
	holdLease = holdPause + 15*time.Second

	// holdOver is how long after its line was written down nothing of it can come any
	// more. The last seconds are for clocks that differ.
	holdOver = holdPause + medusaclient.Landing + 5*time.Second

	// placeTries is how often a hold looks for a place while others are quicker.
	placeTries = 3

	// reservationsAtOnce leaves room for other callers below the concurrency cap.
	reservationsAtOnce = 4

	tendTimeout = 40 * time.Second
)

// Reserve reserves all that is asked for, or nothing. One or two upstream calls to
// choose the locations, and one for each reservation: a kit needs one for each of
// its items.
func (g *Gateway) Reserve(ctx context.Context, w Write, asked mapping.HoldRequest) (*WriteAnswer, error) {
	return g.writeAsCaller(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		for tries := 1; ; tries++ {
			lines, err := g.linesOf(ctx, w.Credential, asked.Items)
			if err != nil {
				return result{}, err
			}
			made, again, err := g.makeHold(ctx, try, asked, lines)
			if !again || tries == placeTries {
				return made, err
			}
		}
	})
}

// holdRun is a hold under way.
type holdRun struct {
	g     *Gateway
	by    medusaclient.Credential
	asked mapping.HoldRequest
	hold  state.Hold

	mu    sync.Mutex
	made  map[int]medusaclient.Reservation // by line
	maybe map[int]bool                     // lines whose answer was lost
	cause error                            // of the first that failed
}

// makeHold makes a hold, or nothing, also when the caller goes away. Again says
// that somebody else was quicker, and that nothing is left of it.
func (g *Gateway) makeHold(ctx context.Context, try *attempt, asked mapping.HoldRequest, lines []state.HoldLine) (made result, again bool, err error) {
	run, err := g.beginHold(ctx, try, asked, lines)
	if err != nil {
		return result{}, false, err
	}
	detached := context.WithoutCancel(ctx)
	err = run.reserveAll(detached)
	if err == nil && try.claim == nil {
		err = context.Cause(ctx) // nobody would ever know of it
	}
	if err == nil {
		if made, err = run.finish(detached); err == nil {
			g.stockChanged(itemsOf(lines)...)
			return made, false, nil
		}
	}
	failure := failed(err)
	return result{}, run.giveUp(detached) && failure.Code == InsufficientStock, failure
}

// beginHold writes down what is about to be reserved.
func (g *Gateway) beginHold(ctx context.Context, try *attempt, asked mapping.HoldRequest, lines []state.HoldLine) (*holdRun, error) {
	try.fresh = true
	now := time.Now()
	hold := state.Hold{
		ID: state.NewID(mapping.HoldIDPrefix), CartID: asked.CartID, CreatedAt: now, Claim: try.claim, DueAt: now.Add(holdLease), Lines: lines,
	}
	for i := range lines {
		lines[i].Stage, lines[i].Since = state.Making, now
	}
	err := g.store.BeginHold(ctx, hold)
	if errors.Is(err, state.ErrRunning) {
		return nil, inProgress()
	}
	return &holdRun{
		g: g, by: try.Credential, asked: asked, hold: hold, made: map[int]medusaclient.Reservation{}, maybe: map[int]bool{},
	}, err
}

// reserveAll makes the reservations, a few side by side. After the first failure
// no more are begun.
func (r *holdRun) reserveAll(ctx context.Context) error {
	ctx, cancel := context.WithDeadline(ctx, r.hold.CreatedAt.Add(holdLease))
	defer cancel()
	var group errgroup.Group
	group.SetLimit(reservationsAtOnce)
	for _, line := range r.hold.Lines {
		group.Go(func() error {
			r.reserve(ctx, line)
			return nil
		})
	}
	_ = group.Wait() // each notes its own end
	return r.cause
}

func (r *holdRun) reserve(ctx context.Context, line state.HoldLine) {
	r.mu.Lock()
	failed := r.cause != nil
	r.mu.Unlock()
	if failed {
		return
	}
	made, err := r.g.reserveLine(ctx, r.by, r.hold.ID, line, r.asked.Description)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.made[line.Number] = made
		return
	case !medusaclient.NotDone(err):
		r.maybe[line.Number] = true
	}
	if r.cause == nil {
		r.cause = refusedReservation(err, line)
	}
}

// reserveLine makes the reservation of a line.
func (g *Gateway) reserveLine(
	ctx context.Context, by medusaclient.Credential, holdID string, line state.HoldLine, description string,
) (medusaclient.Reservation, error) {
	quantity, mark := line.Quantity.Number(), mapping.Mark(holdID, line.Number, description)
	return g.medusa.Reservations.Create(ctx, by, line.Since.Add(holdPause), medusaclient.ReservationWrite{
		InventoryItemID: line.InventoryItemID, LocationID: line.LocationID, Quantity: &quantity, Description: &mark,
	})
}

// refusedReservation says why so much cannot be reserved.
func refusedReservation(err error, line state.HoldLine) error {
	if refused, ok := errors.AsType[*medusaclient.Error](err); ok && refused.Insufficient() {
		return &Error{Code: InsufficientStock, Message: mapping.Message{Key: string(InsufficientStock) + ".taken", Args: []any{line.Quantity}}, Err: err}
	}
	return errorOf(err, LevelNotFound, line.InventoryItemID, line.LocationID)
}

// finish writes down that all is reserved, and with its key what is answered.
func (r *holdRun) finish(ctx context.Context) (result, error) {
	var expires time.Time
	if r.asked.Lasts > 0 {
		expires = r.g.now().Add(r.asked.Lasts)
	}
	hold := r.hold
	hold.ExpiresAt = expires
	made := result{status: http.StatusCreated, body: holdDetail(hold, r.made), changed: true, kept: true}
	answer, err := newWriteAnswer(made)
	if err != nil {
		return result{}, err
	}
	_, err = r.g.changeHold(ctx, r.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		for i := range hold.Lines {
			line := &hold.Lines[i]
			if line.Stage != state.Making {
				return nil, networkError(Slow, "NETWORK_ERROR.slow", 0, errTaken)
			}
			line.Stage, line.Since, line.ReservationID = state.Held, r.g.now(), r.made[line.Number].ID
		}
		hold.ExpiresAt = expires
		return keptWith(answer), nil
	})
	if errors.Is(err, state.ErrUncertain) && r.isFinished(ctx) {
		err = nil
	}
	return made, err
}

// errTaken: whoever sees to the hold takes what was begun with it for abandoned.
var errTaken = errors.New("bff: the hold was taken over")

func keptWith(answer *WriteAnswer) *state.Answer {
	return &state.Answer{Status: answer.Status, Body: answer.JSON}
}

// isFinished finds out whether a hold is made when the database did not say.
func (r *holdRun) isFinished(ctx context.Context) bool {
	hold, err := r.g.store.Hold(ctx, r.hold.ID)
	return err == nil && !slices.ContainsFunc(hold.Lines, func(line state.HoldLine) bool { return line.Stage != state.Held })
}

// giveUp releases what was made, and says whether nothing is left. What may be left
// is released by whoever sees to the hold.
func (r *holdRun) giveUp(ctx context.Context) (gone bool) {
	ctx, cancel := context.WithTimeout(ctx, undoTimeout)
	defer cancel()
	hold, err := r.g.changeHold(ctx, r.hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		hold.Lines = slices.DeleteFunc(hold.Lines, func(line state.HoldLine) bool {
			return r.made[line.Number].ID == "" && !r.maybe[line.Number]
		})
		for i := range hold.Lines {
			line := &hold.Lines[i]
			line.Stage, line.ReservationID = state.Releasing, r.made[line.Number].ID
		}
		return nil, nil
	})
	if err == nil && len(hold.Lines) > 0 {
		hold, err = r.g.releaseLines(medusaclient.Ahead(ctx), hold, r.g.account.Do)
	}
	if err != nil {
		r.g.log.WarnContext(ctx, "a hold that failed is not released yet", "holdId", r.hold.ID, "error", err)
	}
	return err == nil && len(hold.Lines) == 0
}

// changeHold changes a hold and has it seen to in time.
func (g *Gateway) changeHold(ctx context.Context, id string, change func(hold *state.Hold) (*state.Answer, error)) (state.Hold, error) {
	return g.store.ChangeHold(ctx, id, func(hold *state.Hold) (*state.Answer, error) {
		answer, err := change(hold)
		hold.DueAt = dueAt(*hold)
		return answer, err
	})
}

// dueAt is when a hold has to be seen to: when it expires, or when somebody ought to
// have ended what was begun with it.
func dueAt(hold state.Hold) (due time.Time) {
	for _, line := range hold.Lines {
		at := line.Since.Add(holdLease)
		switch {
		case doubtful(line):
			continue
		case line.Stage == state.Held:
			at = hold.ExpiresAt
		}
		if !at.IsZero() && (due.IsZero() || at.Before(due)) {
			due = at
		}
	}
	return due
}

// doubtful says of a line that nobody can tell any more whether it was sold. It stays
// until somebody has counted and releases it.
func doubtful(line state.HoldLine) bool { return line.Stage == state.Held && line.Confirmation != nil }

// errNotYet says that a hold has to be seen to again.
var errNotYet = errors.New("something is left of the hold, or may yet come")

// tendHold is the duty to see to a hold: it is released when it expires, and what
// its gateway did not end is ended.
func (g *Gateway) tendHold(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout((&medusaclient.Request{ID: id}).With(medusaclient.Ahead(ctx)), tendTimeout)
	defer cancel()
	var expired int
	hold, err := g.changeHold(ctx, id, func(hold *state.Hold) (*state.Answer, error) {
		expired = g.ripen(hold)
		return nil, nil
	})
	if errors.Is(err, state.ErrNoHold) {
		return nil
	}
	if err != nil {
		return err
	}
	if expired > 0 {
		g.holds.ended("expired", expired)
		g.log.InfoContext(ctx, "a hold has expired", "holdId", id, "reservations", expired)
	}
	for _, attempt := range g.abandoned(hold) {
		if _, err := g.sell(ctx, id, attempt); err != nil {
			g.log.WarnContext(ctx, "a confirmation is not ended yet", "holdId", id, "batchId", attempt, "error", err)
		}
		if hold, err = g.store.Hold(ctx, id); errors.Is(err, state.ErrNoHold) {
			return nil
		} else if err != nil {
			return err
		}
	}
	hold, err = g.releaseLines(ctx, hold, g.account.Do)
	if err == nil && !hold.DueAt.IsZero() && !hold.DueAt.After(g.now()) {
		err = errNotYet
	}
	return err
}

// ripen releases the lines of a hold whose time is over: held ones that expire, and
// those whose maker has died. It returns how many expire.
func (g *Gateway) ripen(hold *state.Hold) (expired int) {
	now := g.now()
	allMaking := !slices.ContainsFunc(hold.Lines, func(line state.HoldLine) bool { return line.Stage != state.Making })
	for i := range hold.Lines {
		line := &hold.Lines[i]
		switch {
		case doubtful(*line):
		case line.Stage == state.Held && !hold.ExpiresAt.IsZero() && !now.Before(hold.ExpiresAt):
			line.Stage, line.Since = state.Releasing, now
			expired++
		case line.Stage == state.Making && !now.Before(line.Since.Add(holdLease)):
			line.Stage = state.Releasing
			if !allMaking {
				hold.Claim = nil // of a move, which can be asked for again; that of a hold stays until nothing can come of it
			}
		}
	}
	return expired
}

// calling makes a call with somebody's credential.
type calling func(ctx context.Context, do func(by medusaclient.Credential) error) error

// itemsOf are the inventory items of lines.
func itemsOf(lines []state.HoldLine) []string {
	ids := make([]string, len(lines))
	for i, line := range lines {
		ids[i] = line.InventoryItemID
	}
	return ids
}

// releaseLines deletes the reservations of the lines that are being released, and
// returns the hold without the lines of which nothing can come any more.
func (g *Gateway) releaseLines(
	ctx context.Context, hold state.Hold, call calling,
) (state.Hold, error) {
	leaving := slices.DeleteFunc(slices.Clone(hold.Lines), func(line state.HoldLine) bool { return line.Stage != state.Releasing })
	if len(leaving) == 0 {
		return hold, nil
	}
	defer g.stockChanged(itemsOf(leaving)...)
	marked, err := g.marked(ctx, hold.ID, call)
	if err != nil {
		return hold, err
	}
	now, err := g.store.Hold(ctx, hold.ID) // a number can have been given again before what was found now
	if err != nil && !errors.Is(err, state.ErrNoHold) {
		return hold, err
	}
	leaving = slices.DeleteFunc(leaving, func(line state.HoldLine) bool {
		is := lineOf(&now, line.Number)
		return is != nil && !is.Since.Equal(line.Since)
	})
	gone := make([]bool, len(leaving))
	var group errgroup.Group
	group.SetLimit(reservationsAtOnce)
	for i, line := range leaving {
		group.Go(func() error {
			ids := marked[line.Number]
			if line.ReservationID != "" && !slices.Contains(ids, line.ReservationID) {
				ids = append(ids, line.ReservationID)
			}
			err := g.deleteReservations(ctx, ids, call)
			gone[i] = err == nil && (line.ReservationID != "" || !g.now().Before(line.Since.Add(holdOver)))
			return err
		})
	}
	err = group.Wait()
	if !slices.Contains(gone, true) {
		return hold, err
	}
	since := map[int]time.Time{} // a number can be given again
	for i, line := range leaving {
		if gone[i] {
			since[line.Number] = line.Since
		}
	}
	left, changeErr := g.changeHold(context.WithoutCancel(ctx), hold.ID, func(hold *state.Hold) (*state.Answer, error) {
		hold.Lines = slices.DeleteFunc(hold.Lines, func(line state.HoldLine) bool {
			began, isGone := since[line.Number]
			return line.Stage == state.Releasing && isGone && line.Since.Equal(began)
		})
		return nil, nil
	})
	if errors.Is(changeErr, state.ErrNoHold) {
		return state.Hold{}, err
	}
	return left, errors.Join(err, changeErr)
}

// marked are the reservations of a hold that Medusa has, by their lines. A proxy that
// delivers a call twice makes two of one.
func (g *Gateway) marked(
	ctx context.Context, holdID string, call calling,
) (map[int][]string, error) {
	var found []medusaclient.Reservation
	err := call(ctx, func(by medusaclient.Credential) (err error) {
		found, err = g.medusa.Reservations.ListAll(ctx, by, medusaclient.ReservationFilter{Described: mapping.MarkOf(holdID)})
		return err
	})
	marked := map[int][]string{}
	for _, reservation := range found {
		if _, line, _, ours := mapping.ReadMark(*reservation.Description); ours {
			marked[line] = append(marked[line], reservation.ID)
		}
	}
	return marked, err
}

// deleteReservations deletes reservations. Where the level is gone, so is what was
// reserved there.
func (g *Gateway) deleteReservations(
	ctx context.Context, ids []string, call calling,
) error {
	for _, id := range ids {
		err := call(ctx, func(by medusaclient.Credential) error { return g.medusa.Reservations.Delete(ctx, by, id) })
		if refused, ok := errors.AsType[*medusaclient.Error](err); ok && !refused.Foreign && refused.Status == http.StatusNotFound {
			g.log.WarnContext(ctx, "a reservation whose level is gone cannot be deleted and stays without effect", "reservationId", id)
			continue
		}
		if err != nil {
			return fmt.Errorf("releasing %s: %w", id, err)
		}
	}
	return nil
}

// holdDetail shows the reservations of a hold, in the order of its lines.
func holdDetail(hold state.Hold, reservations map[int]medusaclient.Reservation) mapping.HoldDetail {
	detail := mapping.HoldDetail{HoldID: hold.ID, Reservations: []mapping.Reservation{}, ExpiresAt: mapping.Expiry(hold.ExpiresAt)}
	for _, number := range slices.Sorted(maps.Keys(reservations)) {
		detail.Reservations = append(detail.Reservations, mapping.NewReservation(reservations[number], partOf(hold, number)))
	}
	return detail
}

// partOf is what is known here of the reservation of a line.
func partOf(hold state.Hold, number int) mapping.HoldPart {
	part := mapping.HoldPart{HoldID: hold.ID, CartID: hold.CartID, ExpiresAt: hold.ExpiresAt}
	for _, line := range hold.Lines {
		if line.Number == number {
			part.VariantID = line.VariantID
		}
	}
	return part
}
