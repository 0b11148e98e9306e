package bff

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// wish is an item of a hold that is asked for: what it takes of which inventory
// items. A kit takes of several.
type wish struct {
	mapping.HoldItem

	parts []part
}

// part is so much of an inventory item, in its own units: required for each unit
// that is asked for.
type part struct {
	itemID             string
	required, quantity mapping.Quantity
}

// shelf is what there is to be reserved.
type shelf struct {
	variants  map[string]medusaclient.CountedVariant
	items     map[string]medusaclient.CountedItem
	bySKU     map[string]string // the id of the item
	available map[state.Level]mapping.Quantity
	faults    map[int]*Error // of the items that are asked for, by their place in the request
}

// linesOf finds a place for each item of a hold, and returns the reservations to
// be made. One or two upstream calls.
func (g *Gateway) linesOf(ctx context.Context, by medusaclient.Credential, asked []mapping.HoldItem) ([]state.HoldLine, error) {
	s, err := g.readShelf(ctx, by, asked)
	if err != nil {
		return nil, err
	}
	wishes := s.wishes(asked)
	s.place(wishes)
	if len(s.faults) > 0 {
		return nil, s.failure()
	}
	var lines []state.HoldLine
	for _, wish := range wishes {
		for _, part := range wish.parts {
			lines = append(lines, state.HoldLine{
				Number: len(lines) + 1, Level: state.Level{InventoryItemID: part.itemID, LocationID: wish.LocationID},
				VariantID: wish.VariantID, Quantity: part.quantity,
			})
		}
	}
	return lines, nil
}

// readShelf reads what a hold is about, variants and items side by side.
func (g *Gateway) readShelf(ctx context.Context, by medusaclient.Credential, asked []mapping.HoldItem) (*shelf, error) {
	filter := medusaclient.CountedFilter{CountedLevels: medusaclient.CountedLevels{Names: true}}
	var variantIDs []string
	for _, item := range asked {
		switch {
		case item.VariantID != "":
			variantIDs = append(variantIDs, item.VariantID)
		case item.InventoryItemID != "":
			filter.IDs = append(filter.IDs, item.InventoryItemID)
		default:
			filter.SKUs = append(filter.SKUs, item.SKU)
		}
	}
	filter.IDs, filter.SKUs, variantIDs = unique(filter.IDs), unique(filter.SKUs), unique(variantIDs)
	var items []medusaclient.CountedItem
	var variants []medusaclient.CountedVariant
	group, ctx := errgroup.WithContext(ctx)
	if len(filter.IDs)+len(filter.SKUs) > 0 {
		group.Go(func() (err error) {
			items, err = g.medusa.InventoryItems.ListCounted(ctx, by, filter)
			return err
		})
	}
	if len(variantIDs) > 0 {
		group.Go(func() (err error) {
			variants, err = g.medusa.Products.ListCounted(ctx, by, variantIDs, filter.CountedLevels)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return newShelf(items, variants), nil
}

func unique(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}

func newShelf(items []medusaclient.CountedItem, variants []medusaclient.CountedVariant) *shelf {
	s := &shelf{
		variants: map[string]medusaclient.CountedVariant{}, items: map[string]medusaclient.CountedItem{}, bySKU: map[string]string{},
		available: map[state.Level]mapping.Quantity{}, faults: map[int]*Error{},
	}
	for _, item := range items {
		s.enter(item)
	}
	for _, variant := range variants {
		s.variants[variant.ID] = variant
		for _, link := range variant.InventoryItems {
			if link.Inventory != nil {
				s.enter(*link.Inventory)
			}
		}
	}
	return s
}

// enter enters an item with its levels, but for those at locations that were
// deleted: nothing can be fetched there.
func (s *shelf) enter(item medusaclient.CountedItem) {
	s.items[item.ID] = item
	if item.SKU != nil {
		s.bySKU[*item.SKU] = item.ID
	}
	for _, level := range item.LocationLevels {
		if len(level.StockLocations) > 0 {
			s.available[state.Level{InventoryItemID: item.ID, LocationID: level.LocationID}] = mapping.ReadQuantity(level.StockedQuantity).Sub(mapping.ReadQuantity(level.ReservedQuantity))
		}
	}
}

// wishes are the items that are asked for, less those at fault.
func (s *shelf) wishes(asked []mapping.HoldItem) []*wish {
	wishes := make([]*wish, len(asked))
	for i, item := range asked {
		parts, fault := s.partsOf(item)
		for _, part := range parts {
			if !part.quantity.FitsMedusa() {
				fault = newFailure(QuantityOutOfRange)
			}
		}
		wishes[i] = &wish{HoldItem: item, parts: parts}
		s.blame(i, fault)
	}
	return wishes
}

func (s *shelf) blame(at int, fault *Error) {
	if fault != nil && s.faults[at] == nil {
		s.faults[at] = fault
	}
}

func newFailure(code Code, args ...any) *Error {
	return &Error{Code: code, Message: mapping.Message{Key: string(code), Args: args}}
}

// partsOf is what an item that is asked for takes.
func (s *shelf) partsOf(asked mapping.HoldItem) ([]part, *Error) {
	if asked.VariantID != "" {
		return s.partsOfVariant(asked)
	}
	id := cmp.Or(asked.InventoryItemID, s.bySKU[asked.SKU])
	if _, known := s.items[id]; known {
		return []part{{id, mapping.QuantityOf(1), asked.Quantity}}, nil
	}
	if asked.SKU != "" {
		return nil, newFailure(SKUNotFound, asked.SKU)
	}
	return nil, newFailure(InventoryItemNotFound, id)
}

func (s *shelf) partsOfVariant(asked mapping.HoldItem) ([]part, *Error) {
	variant, known := s.variants[asked.VariantID]
	switch {
	case !known:
		return nil, newFailure(VariantNotFound, asked.VariantID)
	case !variant.ManageInventory:
		return nil, newFailure(VariantNotManaged, asked.VariantID)
	case len(variant.InventoryItems) == 0:
		return nil, newFailure(InventoryItemMissing, asked.VariantID)
	}
	parts := make([]part, len(variant.InventoryItems))
	for i, link := range variant.InventoryItems {
		required := mapping.ReadQuantity(link.RequiredQuantity)
		switch {
		case link.Inventory == nil:
			return nil, newFailure(InventoryItemMissing, asked.VariantID)
		case required.Sign() <= 0:
			return nil, newFailure(RequiredInvalid, asked.VariantID)
		}
		parts[i] = part{link.InventoryItemID, required, asked.Quantity.Mul(required)}
	}
	return parts, nil
}

// place gives each wish a location: what is asked for somewhere first, the rest
// together where one location can serve it all, and else one by one, the largest
// first.
func (s *shelf) place(wishes []*wish) {
	var free []int
	for i, wish := range wishes {
		switch {
		case s.faults[i] != nil:
		case wish.LocationID == "":
			free = append(free, i)
		default:
			s.blame(i, s.takeAt(wish))
		}
	}
	together := &wish{}
	for _, i := range free {
		together.parts = append(together.parts, wishes[i].parts...)
	}
	if location := s.best(together); location != "" {
		for _, i := range free {
			wishes[i].LocationID = location
		}
		s.take(together, location)
		return
	}
	slices.SortStableFunc(free, func(i, j int) int { return wishes[j].Quantity.Cmp(wishes[i].Quantity) })
	for _, i := range free {
		if wishes[i].LocationID = s.best(wishes[i]); wishes[i].LocationID == "" {
			s.blame(i, s.insufficient(wishes[i]))
			continue
		}
		s.take(wishes[i], wishes[i].LocationID)
	}
}

// takeAt takes a wish where it is asked for.
func (s *shelf) takeAt(wish *wish) *Error {
	for _, part := range wish.parts {
		if _, kept := s.available[state.Level{InventoryItemID: part.itemID, LocationID: wish.LocationID}]; !kept {
			return newFailure(LevelNotFound, part.itemID, wish.LocationID)
		}
	}
	if !s.serves(wish, wish.LocationID) {
		return s.insufficient(wish)
	}
	s.take(wish, wish.LocationID)
	return nil
}

// serves says whether a location has all that a wish takes.
func (s *shelf) serves(wish *wish, location string) bool {
	for level, needed := range needsOf(wish, location) {
		available, kept := s.available[level]
		if !kept || available.Cmp(needed) < 0 {
			return false
		}
	}
	return true
}

// needsOf adds up what a wish takes of each level of a location: a kit can hold an
// item twice, and so can several wishes together.
func needsOf(wish *wish, location string) map[state.Level]mapping.Quantity {
	needs := map[state.Level]mapping.Quantity{}
	for _, part := range wish.parts {
		level := state.Level{InventoryItemID: part.itemID, LocationID: location}
		needs[level] = needs[level].Add(part.quantity)
	}
	return needs
}

func (s *shelf) take(wish *wish, location string) {
	for level, needed := range needsOf(wish, location) {
		s.available[level] = s.available[level].Sub(needed)
	}
}

// best is the location that can serve a wish and has most of its first item, "" when
// none can.
func (s *shelf) best(wish *wish) (best string) {
	if len(wish.parts) == 0 {
		return ""
	}
	at := func(location string) mapping.Quantity {
		return s.available[state.Level{InventoryItemID: wish.parts[0].itemID, LocationID: location}]
	}
	for _, location := range s.locations(wish) {
		if s.serves(wish, location) && (best == "" || at(location).Cmp(at(best)) > 0) {
			best = location
		}
	}
	return best
}

// locations are those with a level of the first item of a wish, by their ids.
func (s *shelf) locations(wish *wish) []string {
	locations := map[string]bool{}
	for level := range s.available {
		if level.InventoryItemID == wish.parts[0].itemID {
			locations[level.LocationID] = true
		}
	}
	return slices.Sorted(maps.Keys(locations))
}

// insufficient is the fault of a wish that cannot be served: how much of what it
// lacks there is, at its location or at any one.
func (s *shelf) insufficient(wish *wish) *Error {
	locations := []string{wish.LocationID}
	if wish.LocationID == "" {
		locations = s.locations(wish)
	}
	var most mapping.Quantity
	for i, location := range locations {
		if units := s.units(wish, location); i == 0 || units.Cmp(most) > 0 {
			most = units
		}
	}
	return newFailure(InsufficientStock, most, wish.Quantity)
}

// units is how many units of a wish a location could serve: whole ones, unless each
// takes one of its item.
func (s *shelf) units(wish *wish, location string) (units mapping.Quantity) {
	takes := map[string]mapping.Quantity{}
	for _, part := range wish.parts {
		takes[part.itemID] = takes[part.itemID].Add(part.required)
	}
	first := true
	for itemID, required := range takes {
		served := s.available[state.Level{InventoryItemID: itemID, LocationID: location}]
		if required.Cmp(mapping.QuantityOf(1)) != 0 {
			served = served.Wholes(required)
		}
		if first || served.Cmp(units) < 0 {
			units, first = served, false
		}
	}
	return units
}

// failure is the first fault, with all of them by field.
func (s *shelf) failure() *Error {
	at := slices.Sorted(maps.Keys(s.faults))
	failure := *s.faults[at[0]]
	for _, i := range at {
		message := s.faults[i].Message
		failure.Fields = append(failure.Fields, mapping.Fault{Pointer: "/items/" + strconv.Itoa(i), Code: message.Key, Args: message.Args})
	}
	return &failure
}
