package stock

import (
	"slices"
	"time"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/medusaclient"
)

// plan is what a flush is going to do: its rows of the ledger, and what they
// come to on each level.
type plan struct {
	flush   state.Flush
	units   []*unit // that have rows
	leaning []*unit // that may be refused because of what the units before them do, or do not
	levels  []state.Level
	touched map[state.Level]*touch
	removes bool // the levels are deleted,
	force   bool // also those that have stock
}

// touch is what a flush does to one level.
type touch struct {
	before   *medusaclient.InventoryLevel // nil: it does not exist
	level    view                         // after the flush
	stocked  bool                         // the quantity is written
	incoming bool                         // the incoming quantity is
}

// planner decides the units of a flush, one after another.
type planner struct {
	sources
	held    holds
	plan    *plan
	claims  map[*state.Claim]bool
	now     time.Time
	leant   map[state.Level]bool // the levels of plan.leaning
	waiting []*unit              // that met a held level
}

// sources are what a flush is decided by.
type sources struct {
	book     *book                          // how Medusa has it
	known    map[state.Level]state.Known    // how the ledger has it
	standing map[string]map[int]state.Entry // what was done of the batches before
}

// planOf decides units in their order. Who meets a level that is held, or a
// level that somebody before him waits for, waits too.
func planOf(units []*unit, from sources, held holds, now time.Time) (p *plan, waiting []*unit) {
	planner := &planner{sources: from, held: held, now: now, claims: map[*state.Claim]bool{}, leant: map[state.Level]bool{}, plan: &plan{
		flush:   state.Flush{ID: state.NewID("flush_"), Until: now.Add(sendWindow + landing)},
		touched: map[state.Level]*touch{},
	}}
	if len(units) > 0 { // who are all alike in what is written together
		planner.plan.removes, planner.plan.force = units[0].removes(), units[0].forces()
	}
	planner.findOutside()
	for _, unit := range units {
		if planner.recall(unit) {
			continue
		}
		if unit.mustWait(held) {
			planner.waiting = append(planner.waiting, unit)
			continue
		}
		planner.decide(unit)
	}
	return planner.plan, planner.waiting
}

// decided is a change that can be made.
type decided struct {
	change   Change
	found    target
	level    state.Level
	at, next view
}

// decide decides the changes of a unit, each on what those before have left.
// When one is refused, none is made.
func (p *planner) decide(unit *unit) {
	views := map[state.Level]view{}
	changes := make([]decided, 0, len(unit.changes))
	for i, change := range unit.changes {
		made, refusal := p.try(change, views, &unit.outcomes[i])
		if refusal != nil {
			unit.outcomes[i].Status, unit.outcomes[i].Refusal = Refused, refusal
			continue
		}
		views[made.level] = made.next
		changes = append(changes, made)
	}
	if len(changes) < len(unit.changes) {
		unit.skipRest()
		p.lean(unit)
		return
	}
	for i, made := range changes {
		p.touch(made)
		entry := p.entry(unit, made)
		unit.outcomes[i].EntryID, unit.outcomes[i].CreatedAt = entry.ID, p.now
		p.plan.flush.Entries = append(p.plan.flush.Entries, entry)
	}
	p.plan.units = append(p.plan.units, unit)
	if claim := unit.batch.Claim; claim != nil && !p.claims[claim] {
		p.claims[claim] = true
		p.plan.flush.Claims = append(p.plan.flush.Claims, *claim)
	}
}

// lean notes a refused unit that might not be refused if the flush failed.
func (p *planner) lean(unit *unit) {
	if !slices.ContainsFunc(unit.levels, func(level state.Level) bool { return p.plan.touched[level] != nil || p.leant[level] }) {
		return
	}
	p.plan.leaning = append(p.plan.leaning, unit)
	for _, level := range unit.levels {
		p.leant[level] = true
	}
}

// try decides one change on top of the views of its unit.
func (p *planner) try(change Change, views map[state.Level]view, outcome *Outcome) (decided, *Refusal) {
	found := p.book.target(change.Address)
	*outcome = Outcome{Unit: found.unit}
	if found.refusal != nil {
		return decided{}, found.refusal
	}
	level := state.Level{InventoryItemID: found.itemID, LocationID: change.LocationID}
	if refusal := p.absent(change, level); refusal != nil {
		return decided{}, refusal
	}
	at, seen := views[level]
	if !seen {
		at = p.viewOf(level)
	}
	next, refusal := decide(change, found.unit, at)
	outcome.Level, outcome.Previous, outcome.New = p.shown(level, next), at.stocked, next.stocked
	outcome.BelowReserved = change.Set != nil && next.stocked.Cmp(next.reserved) < 0
	return decided{change: change, found: found, level: level, at: at, next: next}, refusal
}

// skipRest tells the changes of a refused unit that are not at fault.
func (u *unit) skipRest() {
	for i := range u.outcomes {
		if u.outcomes[i].Status != Refused {
			u.outcomes[i] = Outcome{Status: Skipped, Unit: u.outcomes[i].Unit}
		}
	}
}

// absent refuses a change of a level that is not there and cannot be made.
func (p *planner) absent(change Change, level state.Level) *Refusal {
	if change.Remove || p.book.levels[level] != nil {
		return nil
	}
	if _, exists := p.book.locations[level.LocationID]; !exists {
		return &Refusal{Reason: StockLocationNotFound, Args: []any{level.LocationID}}
	}
	return nil
}

func (p *planner) viewOf(level state.Level) view {
	if touched := p.plan.touched[level]; touched != nil {
		return touched.level
	}
	return viewOf(p.book.levels[level])
}

// touch notes what a change does to its level.
func (p *planner) touch(made decided) {
	touched := p.plan.touched[made.level]
	if touched == nil {
		touched = &touch{before: p.book.levels[made.level]}
		p.plan.touched[made.level] = touched
		p.plan.levels = append(p.plan.levels, made.level)
	}
	touched.level = made.next
	touched.stocked = touched.stocked || made.change.Set != nil || made.change.Adjust != nil
	touched.incoming = touched.incoming || made.change.Incoming != nil
}

// shown is a level as its caller sees it.
func (p *planner) shown(level state.Level, at view) medusaclient.InventoryLevel {
	shown := medusaclient.InventoryLevel{InventoryItemID: level.InventoryItemID, LocationID: level.LocationID}
	if known := p.book.levels[level]; known != nil {
		shown = *known
	} else if location, exists := p.book.locations[level.LocationID]; exists {
		shown.StockLocations = []medusaclient.StockLocation{location}
	}
	shown.StockedQuantity, shown.IncomingQuantity = at.stocked.Number(), at.incoming.Number()
	return shown
}

func (p *planner) entry(unit *unit, made decided) state.Entry {
	change, at, next := made.change, made.at, made.next
	entry := state.Entry{
		ID: state.NewID("adj_"), BatchID: unit.batch.ID, Position: change.Position,
		Level: made.level, VariantID: made.found.variantID, SKU: made.found.sku,
		Kind: state.Update, Created: !at.exists, Atomic: unit.batch.Atomic,
		Previous: at.stocked, New: next.stocked, Reserved: at.reserved,
		Reason: change.Note.Reason, Reference: change.Note.Reference, SourceHarvestID: change.Note.SourceHarvestID,
		Actor: unit.batch.Actor, RequestID: unit.batch.RequestID,
		CreatedAt: p.now,
	}
	if change.Remove {
		entry.Kind, entry.Created = state.Remove, false
	}
	if change.Incoming != nil {
		entry.PreviousIncoming, entry.NewIncoming = &at.incoming, &next.incoming
	}
	if known := p.book.levels[made.level]; known != nil {
		entry.LevelID, entry.LevelUpdatedAt = known.ID, text(known.UpdatedAt)
	}
	return entry
}

// findOutside finds the levels that somebody else has changed since the ledger
// last saw them.
func (p *planner) findOutside() {
	for _, level := range p.seen() {
		last := p.known[level].Last
		is := viewOf(p.book.levels[level]).stocked
		if last == nil || last.Cmp(is) == 0 {
			continue
		}
		p.plan.flush.Outside = append(p.plan.flush.Outside, state.Entry{
			ID: state.NewID("adj_"), Level: level, Kind: state.Update, Previous: *last, New: is, CreatedAt: p.now,
		})
	}
}

// seen are the levels that were read and are not held, in a stable order.
func (p *planner) seen() []state.Level {
	seen := make([]state.Level, 0, len(p.known))
	for level := range p.known {
		if !p.held.before(level, 1) { // not held by an unsettled row
			seen = append(seen, level)
		}
	}
	slices.SortFunc(seen, state.Level.Compare)
	return seen
}

// idle says whether there is nothing to write down.
func (p *plan) idle() bool { return len(p.flush.Entries)+len(p.flush.Outside) == 0 }
