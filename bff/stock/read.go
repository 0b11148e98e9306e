package stock

import (
	"context"
	"maps"
	"slices"
	"time"

	gocache "github.com/patrickmn/go-cache"
	"golang.org/x/sync/errgroup"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// reader asks Medusa what changes are about: one call for the variants and one
// for the items that they name, side by side, each with all levels.
type reader struct {
	medusa *medusaclient.Client
	places *gocache.Cache // medusaclient.StockLocation by id, as answers show it
}

// placeLife is how long what a location is called is held. Reading it along with
// every level takes Medusa a third longer.
const placeLife = 30 * time.Second

func newReader(medusa *medusaclient.Client) reader {
	return reader{medusa: medusa, places: gocache.New(placeLife, gocache.NoExpiration)}
}

// place is the location with an id, if it is held.
func (r reader) place(id string) []medusaclient.StockLocation {
	held, _ := r.places.Get(id)
	place, _ := held.([]medusaclient.StockLocation)
	return place
}

// caller makes a call with a credential.
type caller func(ctx context.Context, do func(by medusaclient.Credential) error) error

// book is what was read for a flush.
type book struct {
	targets   map[mapping.Address]target
	levels    map[state.Level]*medusaclient.InventoryLevel // nil: there is none
	locations map[string]medusaclient.StockLocation        // those of the levels that are missing
}

// target is what an address leads to.
type target struct {
	refusal   *Refusal // when it leads to nothing
	itemID    string
	sku       string
	variantID string
	unit      mapping.Unit
}

// read reads what the units are about.
func (r reader) read(ctx context.Context, call caller, units []*unit) (*book, error) {
	b := &book{
		targets: map[mapping.Address]target{}, levels: map[state.Level]*medusaclient.InventoryLevel{},
		locations: map[string]medusaclient.StockLocation{},
	}
	asked := r.askedBy(units)
	var items []medusaclient.CountedItem
	var variants []medusaclient.CountedVariant
	group, groupCtx := errgroup.WithContext(ctx)
	if len(asked.items)+len(asked.skus) > 0 {
		group.Go(func() (err error) {
			items, err = r.items(groupCtx, call, asked)
			return err
		})
	}
	if len(asked.variants) > 0 {
		group.Go(func() (err error) {
			variants, err = r.variants(groupCtx, call, asked)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	b.enterItems(items)
	b.enterVariants(variants)
	r.fillPlaces(b)
	b.resolve(units)
	return b, r.readLocations(ctx, call, b, units)
}

// fillPlaces holds the locations that came along, and gives the levels those
// that did not.
func (r reader) fillPlaces(b *book) {
	for _, level := range b.levels {
		if len(level.StockLocations) > 0 {
			r.places.SetDefault(level.LocationID, level.StockLocations)
		} else {
			level.StockLocations = r.place(level.LocationID)
		}
	}
}

// asked is what has to be read.
type asked struct {
	items, skus, variants []string
	grams                 bool
	levels                medusaclient.CountedLevels
}

func (r reader) askedBy(units []*unit) asked {
	var a asked
	items, skus, variants := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, unit := range units {
		a.grams = a.grams || unit.batch.Grams
		a.levels.Shown = a.levels.Shown || unit.batch.Levels
		for _, change := range unit.changes {
			a.levels.Incoming = a.levels.Incoming || unit.batch.Levels || change.Incoming != nil
			a.levels.Locations = a.levels.Locations || (unit.batch.Levels && r.place(change.LocationID) == nil)
			switch address := change.Address; {
			case address.VariantID != "":
				variants[address.VariantID] = true
			case address.InventoryItemID != "":
				items[address.InventoryItemID] = true
			default:
				skus[address.SKU] = true
			}
		}
	}
	a.items, a.skus, a.variants = slices.Sorted(maps.Keys(items)), slices.Sorted(maps.Keys(skus)), slices.Sorted(maps.Keys(variants))
	return a
}

func (r reader) items(ctx context.Context, call caller, asked asked) (items []medusaclient.CountedItem, err error) {
	filter := medusaclient.CountedFilter{IDs: asked.items, SKUs: asked.skus, Variants: asked.grams, CountedLevels: asked.levels}
	err = call(ctx, func(by medusaclient.Credential) (err error) {
		items, err = r.medusa.InventoryItems.ListCounted(ctx, by, filter)
		return err
	})
	return items, err
}

func (r reader) variants(ctx context.Context, call caller, asked asked) (variants []medusaclient.CountedVariant, err error) {
	err = call(ctx, func(by medusaclient.Credential) (err error) {
		variants, err = r.medusa.Products.ListCounted(ctx, by, asked.variants, asked.levels)
		return err
	})
	return variants, err
}

func (b *book) enterItems(items []medusaclient.CountedItem) {
	for _, item := range items {
		found := target{itemID: item.ID, sku: text(item.SKU), unit: mapping.ItemUnit(item.ID, item.Variants)}
		b.targets[mapping.Address{InventoryItemID: item.ID}] = found
		if found.sku != "" {
			b.targets[mapping.Address{SKU: found.sku}] = found
		}
		b.enterLevels(item)
	}
}

func (b *book) enterLevels(item medusaclient.CountedItem) {
	for i := range item.LocationLevels {
		level := &item.LocationLevels[i]
		level.InventoryItemID = item.ID
		b.levels[state.Level{InventoryItemID: item.ID, LocationID: level.LocationID}] = level
	}
}

func (b *book) enterVariants(variants []medusaclient.CountedVariant) {
	for _, variant := range variants {
		found := targetOf(variant)
		b.targets[mapping.Address{VariantID: variant.ID}] = found
		if found.refusal == nil {
			b.enterLevels(*variant.InventoryItems[0].Inventory)
		}
	}
}

// targetOf is the item of a variant that has just one.
func targetOf(variant medusaclient.CountedVariant) target {
	refused := func(reason Reason) target {
		return target{variantID: variant.ID, refusal: &Refusal{Reason: reason, Args: []any{variant.ID}}}
	}
	switch {
	case !variant.ManageInventory:
		return refused(VariantNotManaged)
	case len(variant.InventoryItems) > 1:
		return refused(VariantIsKit)
	case len(variant.InventoryItems) == 0, variant.InventoryItems[0].Inventory == nil:
		return refused(InventoryItemMissing)
	}
	link := variant.InventoryItems[0]
	unit, valid := mapping.VariantUnit(variant.Metadata, link.RequiredQuantity)
	if !valid {
		return refused(RequiredQuantityInvalid)
	}
	return target{itemID: link.InventoryItemID, sku: text(link.Inventory.SKU), variantID: variant.ID, unit: unit}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// target is what an address leads to.
func (b *book) target(address mapping.Address) target {
	if found, ok := b.targets[address]; ok {
		return found
	}
	switch {
	case address.VariantID != "":
		return target{refusal: &Refusal{Reason: VariantNotFound, Args: []any{address.VariantID}}}
	case address.InventoryItemID != "":
		return target{refusal: &Refusal{Reason: InventoryItemNotFound, Args: []any{address.InventoryItemID}}}
	}
	return target{refusal: &Refusal{Reason: SKUNotFound, Args: []any{address.SKU}}}
}

// resolve tells each unit which levels it is about.
func (b *book) resolve(units []*unit) {
	for _, unit := range units {
		unit.levels = unit.levels[:0]
		for _, change := range unit.changes {
			if found := b.target(change.Address); found.refusal == nil {
				unit.levels = append(unit.levels, state.Level{InventoryItemID: found.itemID, LocationID: change.LocationID})
			}
		}
	}
}

// readLocations looks for the locations at which a level would have to be made.
// Medusa would make one at a location that does not exist. A batch asks once.
func (r reader) readLocations(ctx context.Context, call caller, b *book, units []*unit) error {
	unseen := map[string]bool{}
	b.eachMissing(units, func(batch *Batch, locationID string) {
		if place, seen := batch.places[locationID]; seen {
			b.locations[locationID] = place
		} else {
			unseen[locationID] = true
		}
	})
	if len(unseen) == 0 {
		return nil
	}
	var found []medusaclient.StockLocation
	err := call(ctx, func(by medusaclient.Credential) (err error) {
		found, err = r.medusa.StockLocations.ListByID(ctx, by, slices.Sorted(maps.Keys(unseen)))
		return err
	})
	for _, location := range found {
		b.locations[location.ID] = location
	}
	b.eachMissing(units, func(batch *Batch, locationID string) {
		if place, exists := b.locations[locationID]; exists {
			batch.see(place)
		}
	})
	return err
}

// eachMissing calls with the location of each level that would have to be made.
func (b *book) eachMissing(units []*unit, do func(batch *Batch, locationID string)) {
	for _, unit := range units {
		for _, level := range unit.levels {
			if b.levels[level] == nil && !unit.removes() {
				do(unit.batch, level.LocationID)
			}
		}
	}
}
