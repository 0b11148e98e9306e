package bff

import (
	"context"
	"encoding/json"
	"errors"
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
	// setupPause is the longest pause between a step that is written down and
	// the sending of the next.
	setupPause = 5 * time.Second

	// setupLease is after how long without a step who runs a set-up has died.
	setupLease = setupPause + 10*time.Second

	// setupOver is after how long without a step nothing of it can come any more.
	// The last seconds are for clocks that differ.
	setupOver = setupPause + medusaclient.Landing + 5*time.Second

	// optionTypeCode names the one type that all options made here share:
	// Medusa never deletes a type with its options.
	optionTypeCode = "gateway"
)

// The steps of a set-up. Those of each kind of hand-over have it added.
const (
	stepLocation = "location"
	stepProvider = "provider"
	stepSet      = "fulfillmentSet"
	stepZone     = "serviceZone"
	stepOption   = "shippingOption"
	stepChannel  = "salesChannel"
)

// setupPlan is what a set-up is going to make, as it is written down.
type setupPlan struct {
	Name       string     `json:"name"`
	ProviderID string     `json:"providerId,omitempty"`
	ChannelID  string     `json:"channelId,omitempty"`
	HandOvers  []handOver `json:"handOvers"`
}

// handOver is a way in which goods are handed over, and what is made for it.
type handOver struct {
	Kind    string `json:"kind"` // pickup or shipping
	Set     string `json:"set"`
	Zone    string `json:"zone"`
	Option  string `json:"option"`
	Country string `json:"country"`
}

func (h handOver) step(step string) string { return step + "." + h.Kind }

func (h handOver) zone() medusaclient.ServiceZone {
	return medusaclient.ServiceZone{Name: h.Zone, GeoZones: []medusaclient.GeoZone{{Type: "country", CountryCode: h.Country}}}
}

func planOf(asked mapping.Setup, found foundations) setupPlan {
	plan := setupPlan{Name: asked.Name, ProviderID: found.providerID, ChannelID: asked.SalesChannelID}
	add := func(kind, option, suffix string) {
		plan.HandOvers = append(plan.HandOvers, handOver{
			Kind: kind, Set: asked.Name + " Fulfillment" + suffix, Zone: asked.Name + " Zone" + suffix, Option: option,
			Country: *asked.Address.CountryCode,
		})
	}
	suffix := ""
	if asked.Pickup {
		add("pickup", "Retiro en "+asked.Name, suffix)
		suffix = " Shipping"
	}
	if asked.Shipping {
		add("shipping", "Envío desde "+asked.Name, suffix)
	}
	return plan
}

// steps are all steps of the plan, in the order in which they are told.
func (p setupPlan) steps() []mapping.SetupStep {
	steps := []mapping.SetupStep{{Step: stepLocation, Name: p.Name}}
	if p.ProviderID != "" {
		steps = append(steps, mapping.SetupStep{Step: stepProvider, Name: p.ProviderID})
	}
	for _, each := range p.HandOvers {
		steps = append(steps,
			mapping.SetupStep{Step: each.step(stepSet), Name: each.Set}, mapping.SetupStep{Step: each.step(stepZone), Name: each.Zone},
			mapping.SetupStep{Step: each.step(stepOption), Name: each.Option})
	}
	if p.ChannelID != "" {
		steps = append(steps, mapping.SetupStep{Step: stepChannel, Name: p.ChannelID})
	}
	return steps
}

// SetUpLocation makes a location with all that it needs to hand goods over, or
// nothing. Up to four upstream calls to check, and six to make one way of handing
// over, nine to make both.
func (g *Gateway) SetUpLocation(ctx context.Context, w Write, asked mapping.Setup) (*WriteAnswer, error) {
	if asked.DryRun {
		w.Key = "" // nothing is made that could be made twice
	}
	started := time.Now()
	return g.writeAsCaller(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		found, err := g.foundationsOf(ctx, w.Credential, asked)
		if err != nil {
			return result{}, err
		}
		plan := planOf(asked, found)
		if asked.DryRun {
			return result{status: http.StatusOK, body: mapping.SetupPlan{DryRun: true, Checks: found.checks(asked), Steps: plan.steps()}}, nil
		}
		run, err := g.beginSetup(ctx, try, plan)
		if err != nil {
			return result{}, err
		}
		return run.carryOut(ctx, func(ctx context.Context) (any, error) {
			answer, err := run.makeAll(ctx, asked, found)
			calls := medusaclient.CallsOf(ctx)
			answer.Summary = mapping.SetupSummary{
				TotalAPICalls: calls, SavedCalls: max(calls-1, 0), ExecutionTimeMs: time.Since(started).Milliseconds(),
			}
			return answer, err
		})
	})
}

// foundations are what a set-up rests on.
type foundations struct {
	channel    *medusaclient.SalesChannel // nil: none is asked for
	profileID  string
	providerID string
	currency   string
	typeID     string // of the options; empty: there is none yet
}

func (f foundations) checks(asked mapping.Setup) []mapping.SetupCheck {
	checks := []mapping.SetupCheck{
		{Check: "shippingProfile", ID: f.profileID}, {Check: "provider", ID: f.providerID}, {Check: "currency", ID: f.currency},
	}
	if asked.SalesChannelID != "" {
		checks = append(checks, mapping.SetupCheck{Check: "salesChannel", ID: f.channel.ID})
	}
	return checks
}

// foundationsOf looks up what a set-up rests on, side by side. What is missing
// is a fault of the request.
func (g *Gateway) foundationsOf(ctx context.Context, by medusaclient.Credential, asked mapping.Setup) (foundations, error) {
	var found foundations
	var profile *medusaclient.ShippingProfile
	var providers []medusaclient.FulfillmentProvider
	var types []medusaclient.ShippingOptionType
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		profile, err = g.medusa.Fulfillment.FindProfile(ctx, by, asked.ShippingProfileID)
		return err
	})
	group.Go(func() (err error) {
		providers, err = g.medusa.Fulfillment.ListProviders(ctx, by)
		return err
	})
	group.Go(func() (err error) {
		types, err = g.medusa.Fulfillment.ListOptionTypes(ctx, by, optionTypeCode)
		return err
	})
	group.Go(func() (err error) {
		found.currency, err = g.currency.or(ctx, asked.CurrencyCode)
		return err
	})
	if asked.SalesChannelID != "" {
		group.Go(func() error {
			channel, err := g.medusa.SalesChannels.Get(ctx, by, asked.SalesChannelID)
			found.channel = &channel
			return errorOf(err, SalesChannelNotFound, asked.SalesChannelID)
		})
	}
	if err := group.Wait(); err != nil {
		return foundations{}, err
	}
	if len(types) > 0 {
		found.typeID = types[0].ID
	}
	return found, found.choose(asked, profile, providers)
}

// choose takes the profile and the provider that are asked for, or those that
// serve where none is.
func (f *foundations) choose(asked mapping.Setup, profile *medusaclient.ShippingProfile, providers []medusaclient.FulfillmentProvider) error {
	var faults []mapping.Fault
	if profile != nil {
		f.profileID = profile.ID
	} else {
		faults = append(faults, mapping.Fault{Pointer: "/shippingProfileId", Code: "UNKNOWN_PROFILE"})
	}
	wanted := asked.ProviderID
	switch {
	case wanted != "":
	case len(providers) == 1:
		wanted = providers[0].ID
	default:
		wanted = "manual_manual"
	}
	if slices.ContainsFunc(providers, func(provider medusaclient.FulfillmentProvider) bool { return provider.ID == wanted }) {
		f.providerID = wanted
	} else {
		faults = append(faults, mapping.Fault{Pointer: "/providerId", Code: "UNKNOWN_PROVIDER"})
	}
	if f.currency == "" {
		faults = append(faults, mapping.Fault{Pointer: "/currencyCode", Code: "NO_CURRENCY"})
	}
	if len(faults) > 0 {
		return invalid(faults...)
	}
	return nil
}

// setupRun is a set-up under way.
type setupRun struct {
	g     *Gateway
	by    medusaclient.Credential
	setup state.Setup
	plan  setupPlan

	mu      sync.Mutex
	touched time.Time
	made    map[string]string
	maybe   map[string]bool // steps whose answer was lost
	failed  string          // the first step that failed,
	cause   error           // and why
}

// beginSetup writes down that the set-up begins. From then on it is made, or
// undone by whoever finds it left behind.
func (g *Gateway) beginSetup(ctx context.Context, try *attempt, plan setupPlan) (*setupRun, error) {
	text, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	try.fresh = true
	now := time.Now()
	run := &setupRun{
		g: g, by: try.Credential, plan: plan, made: map[string]string{}, maybe: map[string]bool{}, touched: now,
		setup: state.Setup{ID: state.NewID("setup_"), Plan: text, Claim: try.claim, StartedAt: now},
	}
	err = g.store.BeginSetup(ctx, run.setup, now.Add(setupLease))
	if errors.Is(err, state.ErrRunning) {
		return nil, inProgress() // or it has just been answered
	}
	return run, err
}

// carryOut makes everything, or nothing, also when the caller goes away.
func (r *setupRun) carryOut(ctx context.Context, makeAll func(ctx context.Context) (body any, err error)) (result, error) {
	ctx = context.WithoutCancel(ctx)
	body, err := makeAll(ctx)
	if err == nil {
		made := result{status: http.StatusCreated, body: body, changed: true, kept: true}
		if err = r.finish(ctx, made); err == nil || r.isFinished(ctx, err) {
			r.g.setups.done("done")
			r.g.stockChanged()
			r.g.keys.forget()
			return made, nil
		}
	}
	return result{}, r.rollBack(ctx, r.whyOf(err))
}

// whyOf is why the first step failed. Those beside it may be told first.
func (r *setupRun) whyOf(err error) error {
	if r.cause != nil {
		return r.cause
	}
	return err
}

// finish writes down that all is made, and with its key what is answered.
func (r *setupRun) finish(ctx context.Context, made result) error {
	answer, err := newWriteAnswer(made)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(ctx, r.touched.Add(setupPause)) // long before anybody undoes it
	defer cancel()
	return r.g.store.FinishSetup(ctx, r.setup, state.Answer{Status: answer.Status, Body: answer.JSON})
}

// isFinished finds out whether a set-up is finished when the database did not
// say. If it is not, it is being undone from now on.
func (r *setupRun) isFinished(ctx context.Context, err error) bool {
	if !errors.Is(err, state.ErrUncertain) {
		return false
	}
	ctx, cancel := context.WithDeadline(ctx, r.touched.Add(setupLease-time.Second))
	defer cancel()
	setup, err := r.g.store.UndoSetup(ctx, r.setup.ID, 0)
	return err == nil && setup == nil
}

// makeAll makes what is planned: side by side what does not rest on each other,
// and the link with the sales channel last, so that no shopper sees half a
// location.
func (r *setupRun) makeAll(ctx context.Context, asked mapping.Setup, found foundations) (answer mapping.SetupAnswer, err error) {
	location, err := r.makeLocation(ctx, medusaclient.LocationWrite{Name: &asked.Name, Address: &asked.Address, Metadata: asked.Metadata})
	if err != nil {
		return answer, err
	}
	var group errgroup.Group // a step that fails cancels none: what became of the others is then known
	group.Go(func() error { return r.linkProvider(ctx, location) })
	sets := make([]medusaclient.FulfillmentSet, len(r.plan.HandOvers))
	zones := make([]medusaclient.ServiceZone, len(r.plan.HandOvers))
	for i, each := range r.plan.HandOvers {
		group.Go(func() (err error) {
			if sets[i], err = r.makeSet(ctx, location, each); err == nil {
				zones[i], err = r.makeZone(ctx, sets[i], each)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return answer, err
	}
	options, err := r.makeOptions(ctx, asked, found, location, zones)
	if err != nil {
		return answer, err
	}
	if found.channel != nil {
		if err := r.linkChannel(ctx, location, *found.channel); err != nil {
			return answer, err
		}
		location.SalesChannels = []medusaclient.SalesChannel{*found.channel}
	}
	return mapping.NewSetupAnswer(location, sets, zones, options), nil
}

// step makes one thing and writes it down before the next is made. The call is
// not sent when it is too late, nor when the set-up is being undone.
func (r *setupRun) step(ctx context.Context, step string, make func(ctx context.Context, sendBy time.Time) (id string, err error)) error {
	r.mu.Lock()
	failed, touched := r.failed, r.touched
	r.mu.Unlock()
	if failed != "" {
		return errStepSkipped
	}
	ctx, cancel := context.WithDeadline(ctx, touched.Add(setupLease))
	defer cancel()
	made, err := make(ctx, touched.Add(setupPause))
	now := time.Now()
	r.note(step, made, err)
	if err == nil {
		err = r.g.store.RecordStep(ctx, r.setup.ID, step, made, now)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		if r.failed == "" {
			r.failed, r.cause = step, err
		}
		return err
	}
	if now.After(r.touched) {
		r.touched = now
	}
	return nil
}

// note keeps what a step made, or may have made.
func (r *setupRun) note(step, made string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.made[step] = made
	case !medusaclient.NotDone(err):
		r.maybe[step] = true
	}
}

// errStepSkipped: another step has failed.
var errStepSkipped = errors.New("bff: another step of the set-up has failed")

// makeLocation makes the location, with a marker by which it is found when the
// answer is lost.
func (r *setupRun) makeLocation(ctx context.Context, asked medusaclient.LocationWrite) (location medusaclient.StockLocation, err error) {
	asked.Metadata = mapping.Marked(asked.Metadata, r.setup.ID)
	err = r.step(ctx, stepLocation, func(ctx context.Context, sendBy time.Time) (_ string, err error) {
		location, err = r.g.medusa.StockLocations.Create(ctx, r.by, sendBy, asked)
		return location.ID, err
	})
	return location, err
}

func (r *setupRun) linkProvider(ctx context.Context, location medusaclient.StockLocation) error {
	return r.step(ctx, stepProvider, func(ctx context.Context, sendBy time.Time) (string, error) {
		return r.plan.ProviderID, r.g.medusa.StockLocations.LinkProviders(ctx, r.by, sendBy, location.ID, medusaclient.Links{Add: []string{r.plan.ProviderID}})
	})
}

func (r *setupRun) makeSet(ctx context.Context, location medusaclient.StockLocation, each handOver) (set medusaclient.FulfillmentSet, err error) {
	err = r.step(ctx, each.step(stepSet), func(ctx context.Context, sendBy time.Time) (_ string, err error) {
		set, err = r.g.medusa.StockLocations.CreateFulfillmentSet(ctx, r.by, sendBy, location.ID, each.Set, each.Kind)
		return set.ID, taken(err, each.Set)
	})
	return set, err
}

func (r *setupRun) makeZone(ctx context.Context, set medusaclient.FulfillmentSet, each handOver) (zone medusaclient.ServiceZone, err error) {
	err = r.step(ctx, each.step(stepZone), func(ctx context.Context, sendBy time.Time) (_ string, err error) {
		zone, err = r.g.medusa.Fulfillment.CreateServiceZone(ctx, r.by, sendBy, set.ID, each.zone())
		return zone.ID, taken(err, each.Zone)
	})
	return zone, err
}

// makeOptions makes what shoppers are offered. The first option ever made brings
// their common type along, which the second one then shares.
func (r *setupRun) makeOptions(
	ctx context.Context, asked mapping.Setup, found foundations, location medusaclient.StockLocation, zones []medusaclient.ServiceZone,
) ([]mapping.SetupOption, error) {
	options := make([]mapping.SetupOption, len(zones))
	makeOne := func(i int, typeID string) (string, error) {
		option, err := r.makeOption(ctx, asked, found, location, r.plan.HandOvers[i], zones[i], typeID)
		options[i] = mapping.NewSetupOption(option, r.plan.HandOvers[i].Kind, location.ID)
		if option.Type != nil {
			typeID = option.Type.ID
		}
		return typeID, err
	}
	if found.typeID == "" {
		typeID := ""
		for i := range options {
			var err error
			if typeID, err = makeOne(i, typeID); err != nil {
				return nil, err
			}
		}
		return options, nil
	}
	var group errgroup.Group
	for i := range options {
		group.Go(func() error {
			_, err := makeOne(i, found.typeID)
			return err
		})
	}
	return options, group.Wait()
}

func (r *setupRun) makeOption(
	ctx context.Context, asked mapping.Setup, found foundations, location medusaclient.StockLocation, each handOver,
	zone medusaclient.ServiceZone, typeID string,
) (option medusaclient.ShippingOption, err error) {
	metadata, err := json.Marshal(mapping.OptionMetadata{Type: each.Kind, LocationID: location.ID})
	if err != nil {
		return option, err
	}
	amount := mapping.Quantity{}
	if each.Kind == "shipping" {
		amount = asked.ShippingAmount
	}
	wanted := medusaclient.ShippingOption{
		Name: each.Option, ZoneID: zone.ID, ProfileID: found.profileID, ProviderID: found.providerID, PriceType: "flat", TypeID: typeID,
		Prices: []medusaclient.OptionPrice{{CurrencyCode: found.currency, Amount: amount.Number()}}, Metadata: metadata,
		Rules: []medusaclient.ShippingOptionRule{
			{Attribute: "enabled_in_store", Operator: "eq", Value: "true"}, {Attribute: "is_return", Operator: "eq", Value: "false"},
		},
	}
	if typeID == "" {
		wanted.Type = &medusaclient.ShippingOptionType{Label: "Standard", Description: "Made by the gateway", Code: optionTypeCode}
	}
	err = r.step(ctx, each.step(stepOption), func(ctx context.Context, sendBy time.Time) (_ string, err error) {
		option, err = r.g.medusa.Fulfillment.CreateShippingOption(ctx, r.by, sendBy, wanted)
		return option.ID, err
	})
	return option, err
}

func (r *setupRun) linkChannel(ctx context.Context, location medusaclient.StockLocation, channel medusaclient.SalesChannel) error {
	return r.step(ctx, stepChannel, func(ctx context.Context, sendBy time.Time) (string, error) {
		return channel.ID, r.g.medusa.StockLocations.LinkSalesChannels(ctx, r.by, sendBy, location.ID, medusaclient.Links{Add: []string{channel.ID}})
	})
}

// taken says in our words that a name is taken.
func taken(err error, name string) error {
	if refused, ok := errors.AsType[*medusaclient.Error](err); ok && refused.Exists() {
		return errors.Join(&Error{Code: NameTaken, Message: mapping.Message{Key: string(NameTaken), Args: []any{name}}}, err)
	}
	return err
}
