package bff

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// cartHoldID is the id of the hold that follows a cart. Holds that were made under
// the cart's id by who reserves are their makers' own.
func cartHoldID(cartID string) string { return mapping.HoldIDPrefix + cartID }

const (
	// cartTimeout bounds what is done for the hold of a cart at a time.
	cartTimeout = 30 * time.Second

	// cartsAtOnce are the carts for whose holds Medusa is asked at once. Anybody can
	// change carts, as many as he likes: the others wait, so that no crowd of theirs takes
	// all slots of those who have a credential.
	cartsAtOnce = 3

	// completionsAtOnce are the carts that are completed at once, which do not wait for
	// those: what each lets go, and takes again, goes ahead of all slots.
	completionsAtOnce = 12

	// renewals are how often at most a hold is renewed in its time.
	renewals = 30

	// cartPatience is how long a cart waits for its turn.
	cartPatience = 3 * time.Second
)

// cartNeed is so much of an inventory item, in its own units, that a variant of a
// cart takes.
type cartNeed struct {
	variantID, itemID string
	quantity          mapping.Quantity
}

// cartPlan is how the hold of a cart comes to be what the cart needs.
type cartPlan struct {
	seen    []state.HoldLine         // what it was made from
	making  []plannedLine            // reservations to be made
	resized map[int]mapping.Quantity // by the numbers of their lines
	dropped []int                    // the numbers of lines to be released
	short   []string                 // variants of which there is not enough
}

// plannedLine is a reservation that is to be made, in the place of another one
// unless replaces is 0.
type plannedLine struct {
	state.HoldLine

	replaces int
}

// errMoved says that a hold is no longer what was planned for.
var errMoved = errors.New("the hold has changed meanwhile")

// turnOfCart waits for one of the turns of carts, for a while, and bounds how long what
// is done in it takes. Who has one must not ask for another before end: where all did,
// none would go on.
func turnOfCart(ctx context.Context, turns *semaphore.Weighted) (bounded context.Context, end func(), err error) {
	waiting, leave := context.WithTimeout(ctx, cartPatience)
	defer leave()
	if turns.Acquire(waiting, 1) != nil {
		return nil, nil, networkError(Unreachable, "NETWORK_ERROR.busy", time.Second, waiting.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, cartTimeout)
	return ctx, func() { turns.Release(1); cancel() }, nil
}

// followCart holds what the lines of a cart need, and nothing else. It returns the
// variants of which there is not enough: of those is held what was held before.
func (g *Gateway) followCart(ctx context.Context, cart medusaclient.Cart) (short []string, err error) {
	for tries := 1; ; tries++ {
		plan, err := g.planFor(ctx, cart)
		if err != nil {
			return nil, err
		}
		refused, err := g.carryOut(ctx, cart.ID, plan)
		if tries == placeTries || (err != nil && !errors.Is(err, errMoved)) || (err == nil && len(refused) == 0) {
			return append(plan.short, refused...), err
		}
	}
}

// planFor plans how what is held for a cart becomes what its lines need.
func (g *Gateway) planFor(ctx context.Context, cart medusaclient.Cart) (cartPlan, error) {
	s, err := g.readCartShelf(ctx, cart)
	if err != nil {
		return cartPlan{}, err
	}
	hold, err := g.store.Hold(ctx, cartHoldID(cart.ID))
	if err != nil && !errors.Is(err, state.ErrNoHold) {
		return cartPlan{}, err
	}
	return planCart(hold.Lines, s.cartNeeds(cart), s), nil
}

// readCartShelf reads what there is of what a cart has, at the locations of its sales
// channel.
func (g *Gateway) readCartShelf(ctx context.Context, cart medusaclient.Cart) (*shelf, error) {
	var ids []string
	for _, line := range cart.Items {
		if line.VariantID != "" {
			ids = append(ids, line.VariantID)
		}
	}
	var variants []medusaclient.CountedVariant
	if len(ids) > 0 {
		err := g.account.Do(ctx, func(by medusaclient.Credential) (err error) {
			variants, err = g.medusa.Products.ListCounted(ctx, by, unique(ids), medusaclient.CountedLevels{Channels: true})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	s := newShelf(nil, variants)
	for _, item := range s.items {
		for _, level := range item.LocationLevels {
			if !serves(level, cart.SalesChannelID) {
				delete(s.available, state.Level{InventoryItemID: item.ID, LocationID: level.LocationID})
			}
		}
	}
	return s, nil
}

// serves says whether a level is at a location of a sales channel.
func serves(level medusaclient.InventoryLevel, channelID string) bool {
	return slices.ContainsFunc(level.StockLocations, func(location medusaclient.StockLocation) bool {
		return slices.ContainsFunc(location.SalesChannels, func(channel medusaclient.SalesChannel) bool { return channel.ID == channelID })
	})
}

// cartNeeds is what the lines of a cart take, those of one variant together. What is
// not counted, or sold whether there is any or not, takes nothing.
func (s *shelf) cartNeeds(cart medusaclient.Cart) []cartNeed {
	var needs []cartNeed
	for _, line := range cart.Items {
		variant := s.variants[line.VariantID]
		parts, fault := s.partsOfVariant(mapping.HoldItem{
			Address: mapping.Address{VariantID: line.VariantID}, Quantity: mapping.ReadQuantity(line.Quantity),
		})
		if fault != nil || variant.AllowBackorder {
			continue
		}
		for _, part := range parts {
			same := func(need cartNeed) bool { return need.variantID == line.VariantID && need.itemID == part.itemID }
			if i := slices.IndexFunc(needs, same); i >= 0 {
				needs[i].quantity = needs[i].quantity.Add(part.quantity)
			} else {
				needs = append(needs, cartNeed{line.VariantID, part.itemID, part.quantity})
			}
		}
	}
	return slices.DeleteFunc(needs, func(need cartNeed) bool { return !need.quantity.FitsMedusa() || need.quantity.Sign() <= 0 })
}

// planCart plans how lines come to hold what a cart needs. What is held stays where
// it is, as long as what it grows by is there. The rest goes to one location together
// where one can serve it, before all where the cart holds already.
func planCart(lines []state.HoldLine, needs []cartNeed, s *shelf) cartPlan {
	plan := cartPlan{seen: lines, resized: map[int]mapping.Quantity{}}
	rest := slices.DeleteFunc(slices.Clone(lines), func(line state.HoldLine) bool { return !isFree(line) })
	home := mostFrequented(rest)
	var free []plannedLine
	for _, need := range needs {
		anew := plannedLine{HoldLine: state.HoldLine{
			Level: state.Level{InventoryItemID: need.itemID}, VariantID: need.variantID, Quantity: need.quantity,
		}}
		at := slices.IndexFunc(rest, func(line state.HoldLine) bool {
			return line.VariantID == need.variantID && line.InventoryItemID == need.itemID
		})
		if at < 0 {
			free = append(free, anew)
			continue
		}
		line := rest[at]
		rest = slices.Delete(rest, at, at+1)
		growth := need.quantity.Sub(line.Quantity)
		switch {
		case growth.Sign() > 0 && s.available[line.Level].Cmp(growth) < 0:
			anew.replaces = line.Number
			free = append(free, anew)
		case growth.Sign() != 0 || !line.ChangingTill.IsZero():
			plan.resized[line.Number] = need.quantity
			s.available[line.Level] = s.available[line.Level].Sub(growth)
		}
	}
	for _, line := range rest {
		plan.dropped = append(plan.dropped, line.Number)
	}
	plan.place(free, home, s)
	for _, line := range lines { // nor does another item of a kit grow of which one is short
		if grown, resized := plan.resized[line.Number]; resized && grown.Cmp(line.Quantity) > 0 && slices.Contains(plan.short, line.VariantID) {
			delete(plan.resized, line.Number)
		}
	}
	return plan
}

// isFree says of a line that it is held, and nothing else is done with it.
func isFree(line state.HoldLine) bool { return line.Stage == state.Held && !doubtful(line) }

// mostFrequented is the location with the most lines, "" where there are none.
func mostFrequented(lines []state.HoldLine) (most string) {
	at := map[string]int{}
	for _, line := range lines {
		at[line.LocationID]++
	}
	for _, location := range slices.Sorted(maps.Keys(at)) {
		if at[location] > at[most] {
			most = location
		}
	}
	return most
}

// place gives each of the lines that need one a location. Of a variant that lacks
// some of its items nothing more is held.
func (p *cartPlan) place(lines []plannedLine, home string, s *shelf) {
	choose := func(lines ...plannedLine) string {
		w := &wish{}
		for _, line := range lines {
			w.parts = append(w.parts, part{itemID: line.InventoryItemID, quantity: line.Quantity})
		}
		location := home
		if home == "" || !s.serves(w, home) {
			location = s.best(w)
		}
		if location != "" {
			s.take(w, location)
		}
		return location
	}
	together := choose(lines...)
	for _, line := range lines {
		line.LocationID = together
		if together == "" {
			line.LocationID = choose(line)
		}
		if line.LocationID == "" {
			p.short = append(p.short, line.VariantID)
			continue
		}
		p.making = append(p.making, line)
	}
	p.making = slices.DeleteFunc(p.making, func(line plannedLine) bool { return slices.Contains(p.short, line.VariantID) })
}

// carryOut carries a plan out, and renews the hold. It returns the variants of which
// Medusa refused to reserve so much: somebody else was quicker. The error says that
// it is not known, or not written down, what is held: what was begun and not ended is
// released, or changed once more, by whoever sees to the hold.
func (g *Gateway) carryOut(ctx context.Context, cartID string, plan cartPlan) (refused []string, err error) {
	run := &cartRun{g: g, plan: plan, holdID: cartHoldID(cartID), begun: time.Now(), ends: map[int]lineEnd{}}
	hold, err := run.begin(ctx, cartID)
	if err != nil || len(hold.Lines) == 0 {
		return nil, err
	}
	run.reserve(ctx, hold)
	if len(run.ends)+len(plan.dropped) == 0 {
		return nil, nil
	}
	defer g.stockChanged(itemsOf(hold.Lines)...)
	if hold, err = run.end(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	g.holds.ended("released", run.released)
	if _, err := g.releaseLines(ctx, hold, g.account.Do); err != nil {
		g.log.WarnContext(ctx, "what a cart no longer holds is not released yet", "cartId", cartID, "error", err)
	}
	return run.refused, run.cause
}

// cartRun is a plan being carried out.
type cartRun struct {
	g      *Gateway
	plan   cartPlan
	holdID string
	begun  time.Time
	first  int // the number of the first line that is made

	mu      sync.Mutex
	ends    map[int]lineEnd // by the numbers of lines
	refused []string
	cause   error // of the first whose answer was lost

	released int // lines that the cart no longer needs
}

// lineEnd is what became of a line that was made or changed.
type lineEnd struct {
	reservationID string // of one that was made
	err           error
}

// begin writes down what is about to be done, and renews the hold.
func (r *cartRun) begin(ctx context.Context, cartID string) (state.Hold, error) {
	r.first = 1
	for _, line := range r.plan.seen {
		r.first = max(r.first, line.Number+1)
	}
	made := make([]state.HoldLine, len(r.plan.making))
	for i, line := range r.plan.making {
		made[i] = line.HoldLine
		made[i].Number, made[i].Stage, made[i].Since = r.first+i, state.Making, r.begun
	}
	if len(r.plan.seen) == 0 {
		if len(made) == 0 {
			return state.Hold{}, nil
		}
		hold := state.Hold{ID: r.holdID, CartID: cartID, CreatedAt: r.begun, ExpiresAt: r.g.now().Add(r.g.cartTTL), Lines: made}
		hold.DueAt = dueAt(hold)
		err := r.g.store.BeginHold(ctx, hold)
		if err != nil {
			if _, other := r.g.store.Hold(ctx, r.holdID); other == nil {
				err = errMoved // another gateway began it
			}
		}
		return hold, err
	}
	hold, err := r.g.changeHold(ctx, r.holdID, func(hold *state.Hold) (*state.Answer, error) {
		if !slices.EqualFunc(hold.Lines, r.plan.seen, sameLine) {
			return nil, errMoved
		}
		for number := range r.plan.resized {
			lineOf(hold, number).ChangingTill = r.g.now().Add(holdOver)
		}
		hold.Lines = append(hold.Lines, made...)
		hold.ExpiresAt = r.g.now().Add(r.g.cartTTL)
		return nil, nil
	})
	if errors.Is(err, state.ErrNoHold) {
		err = errMoved
	}
	return hold, err
}

// sameLine says whether nothing was done with a line since it was seen.
func sameLine(line, seen state.HoldLine) bool {
	return line.Number == seen.Number && line.Stage == seen.Stage && line.Since.Equal(seen.Since) && line.ReservationID == seen.ReservationID
}

// reserve makes and changes the reservations, a few side by side.
func (r *cartRun) reserve(ctx context.Context, hold state.Hold) {
	var group errgroup.Group
	group.SetLimit(reservationsAtOnce)
	for _, line := range hold.Lines {
		quantity, resized := r.plan.resized[line.Number]
		if !resized && line.Number < r.first {
			continue
		}
		group.Go(func() error {
			var reservation medusaclient.Reservation
			err := r.g.account.Do(ctx, func(by medusaclient.Credential) (err error) {
				if resized {
					number := quantity.Number()
					reservation, err = r.g.medusa.Reservations.Update(ctx, by, r.begun.Add(holdPause), line.ReservationID,
						medusaclient.ReservationWrite{Quantity: &number})
				} else {
					reservation, err = r.g.reserveLine(ctx, by, r.holdID, line, "")
				}
				return err
			})
			r.note(line, lineEnd{reservation.ID, err}, !resized || quantity.Cmp(line.Quantity) > 0)
			return nil
		})
	}
	_ = group.Wait() // each notes its own end
}

// note notes what became of a line. That less cannot be reserved, at a level of which
// more is reserved than there is, leaves more reserved, which is no refusal.
func (r *cartRun) note(line state.HoldLine, end lineEnd, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends[line.Number] = end
	switch {
	case end.err == nil:
	case !medusaclient.NotDone(end.err), r.unasked(end.err):
		if r.cause == nil {
			r.cause = end.err
		}
	case more || isGone(end.err):
		r.refused = append(r.refused, line.VariantID)
	}
}

// unasked says of an error that Medusa has not refused anything: it was not asked, or
// takes the gateway for nobody.
func (r *cartRun) unasked(err error) bool {
	refused, answered := errors.AsType[*medusaclient.Error](err)
	return !answered || refused.Status == http.StatusUnauthorized || refused.Status == http.StatusForbidden
}

// isGone says that Medusa has no such reservation to change.
func isGone(err error) bool {
	refused, answered := errors.AsType[*medusaclient.Error](err)
	return answered && refused.Status == http.StatusBadRequest && !refused.Insufficient()
}

// end writes down what became of the lines. One that took too long was taken over by
// whoever sees to the hold, and is released.
func (r *cartRun) end(ctx context.Context) (state.Hold, error) {
	hold, err := r.writeEnd(ctx)
	for number, end := range r.ends {
		line := lineOf(&hold, number)
		if err == nil && end.err == nil && number >= r.first && (line == nil || line.Stage != state.Held) {
			err = errTaken
		}
	}
	return hold, err
}

func (r *cartRun) writeEnd(ctx context.Context) (state.Hold, error) {
	return r.g.changeHold(ctx, r.holdID, func(hold *state.Hold) (*state.Answer, error) {
		now := r.g.now()
		r.released = 0
		dropped := slices.Clone(r.plan.dropped)
		for i := range hold.Lines {
			line := &hold.Lines[i]
			end, ended := r.ends[line.Number]
			switch {
			case !ended:
			case line.Stage == state.Making && end.err == nil:
				line.Stage, line.Since, line.ReservationID = state.Held, now, end.reservationID
				dropped = append(dropped, r.plan.making[line.Number-r.first].replaces)
			case line.Stage == state.Making && !medusaclient.NotDone(end.err):
				line.Stage = state.Releasing
			case line.Stage == state.Held:
				r.endResize(line, end.err)
			}
		}
		hold.Lines = slices.DeleteFunc(hold.Lines, func(line state.HoldLine) bool {
			end, ended := r.ends[line.Number]
			return ended && line.Stage == state.Making && end.err != nil
		})
		for i := range hold.Lines {
			if line := &hold.Lines[i]; isFree(*line) && slices.Contains(dropped, line.Number) {
				line.Stage, line.Since = state.Releasing, now
				r.released++
			}
		}
		return nil, nil
	})
}

// endResize writes down what became of a line that was changed. An earlier change of
// it that was not answered may still land.
func (r *cartRun) endResize(line *state.HoldLine, err error) {
	if err != nil && !medusaclient.NotDone(err) {
		return
	}
	if err == nil {
		line.Quantity = r.plan.resized[line.Number]
	}
	line.ChangingTill = time.Time{}
	for _, seen := range r.plan.seen {
		if seen.Number == line.Number && r.g.now().Before(seen.ChangingTill) {
			line.ChangingTill = seen.ChangingTill
		}
	}
	line.Since = r.g.now()
	if err != nil && isGone(err) {
		line.Stage = state.Releasing
	}
}

// freeCart lets go what is held for a cart of some variants, of all where there are
// none, and returns it. What Medusa does not release now is released by whoever sees
// to the hold.
func (g *Gateway) freeCart(ctx context.Context, cartID string, variants []string) (freed []state.HoldLine) {
	ctx, cancel := context.WithTimeout(ctx, cartTimeout)
	defer cancel()
	goes := func(line state.HoldLine) bool {
		return isFree(line) && (len(variants) == 0 || slices.Contains(variants, line.VariantID))
	}
	hold, err := g.store.Hold(ctx, cartHoldID(cartID))
	if err == nil && slices.ContainsFunc(hold.Lines, goes) {
		hold, err = g.changeHold(ctx, hold.ID, func(hold *state.Hold) (*state.Answer, error) {
			freed = nil
			for i := range hold.Lines {
				if line := &hold.Lines[i]; goes(*line) {
					freed = append(freed, *line)
					line.Stage, line.Since = state.Releasing, g.now()
				}
			}
			return nil, nil
		})
	}
	if err == nil && len(freed) > 0 {
		_, err = g.releaseLines(ctx, hold, g.account.Do)
	}
	if err != nil && !errors.Is(err, state.ErrNoHold) {
		g.cartFailed(ctx, cartID, err)
	}
	return freed
}

// holdAgain holds for a cart what was let go, where it was, unless another gateway has
// held it by then.
func (g *Gateway) holdAgain(ctx context.Context, cartID string, freed []state.HoldLine) {
	if len(freed) == 0 {
		return
	}
	err := errMoved
	for tries := 0; tries < placeTries && errors.Is(err, errMoved); tries++ {
		err = g.remake(ctx, cartID, freed)
	}
	if err != nil {
		g.cartFailed(ctx, cartID, err)
	}
}

// remake makes anew those of the lines of a cart that its hold has no longer.
func (g *Gateway) remake(ctx context.Context, cartID string, lines []state.HoldLine) error {
	hold, err := g.store.Hold(ctx, cartHoldID(cartID))
	if err != nil && !errors.Is(err, state.ErrNoHold) {
		return err
	}
	plan := cartPlan{seen: hold.Lines}
	for _, line := range lines {
		if !slices.ContainsFunc(hold.Lines, func(there state.HoldLine) bool {
			return (isFree(there) || there.Stage == state.Making) && there.VariantID == line.VariantID && there.InventoryItemID == line.InventoryItemID
		}) {
			plan.making = append(plan.making, plannedLine{HoldLine: state.HoldLine{Level: line.Level, VariantID: line.VariantID, Quantity: line.Quantity}})
		}
	}
	refused, err := g.carryOut(ctx, cartID, plan)
	if err == nil && len(refused) > 0 {
		err = newFailure(InsufficientStock)
	}
	return err
}

// renewCart has what is held for a cart last as long as after a change of its lines.
func (g *Gateway) renewCart(ctx context.Context, cartID string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cartTimeout)
	defer cancel()
	hold, err := g.store.Hold(ctx, cartHoldID(cartID))
	soon := g.now().Add(g.cartTTL - g.cartTTL/renewals) // other gateways are told of each, and read what is followed
	if err == nil && slices.ContainsFunc(hold.Lines, isFree) && hold.ExpiresAt.Before(soon) {
		_, err = g.changeHold(ctx, hold.ID, func(hold *state.Hold) (*state.Answer, error) {
			hold.ExpiresAt = g.now().Add(g.cartTTL)
			return nil, nil
		})
	}
	if err != nil && !errors.Is(err, state.ErrNoHold) {
		g.cartFailed(ctx, cartID, err)
	}
}

func isInsufficientInventory(err error) bool {
	refused, answered := errors.AsType[*medusaclient.Error](err)
	return answered && refused.InsufficientInventory()
}
