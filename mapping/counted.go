package mapping

import (
	"slices"
	"strings"

	"github.com/cannahub/gateway/medusaclient"
)

// Scope is the locations whose stock is shown, each with the sales channels that it
// serves where those are known.
type Scope map[string][]SalesChannel

// NewScope is all locations with their sales channels.
func NewScope(locations []medusaclient.StockLocation) Scope {
	scope := make(Scope, len(locations))
	for _, location := range locations {
		scope[location.ID] = newSalesChannels(location.SalesChannels)
	}
	return scope
}

// Of is the scope of the locations that serve a sales channel.
func (s Scope) Of(salesChannelID string) Scope {
	serving := Scope{}
	for locationID, channels := range s {
		if slices.ContainsFunc(channels, func(channel SalesChannel) bool { return channel.ID == salesChannelID }) {
			serving[locationID] = channels
		}
	}
	return serving
}

// Shows says whether a location is in the scope; nil is the scope of all.
func (s Scope) Shows(locationID string) bool {
	_, shown := s[locationID]
	return shown || s == nil
}

// only is the scope without all locations but one.
func (s Scope) only(locationID string) Scope {
	channels, shown := s[locationID]
	if !shown {
		return nil
	}
	return Scope{locationID: channels}
}

// Counted is what was counted for a question. What is unknown is not in it: to Medusa
// or, where it is stale, to the gateway.
type Counted struct {
	Staleness

	Items    map[string]ItemCount // by id
	SKUs     map[string]ItemCount // by SKU
	Variants map[string]VariantLinks
	// Impossible are ids that Medusa cannot have made: they are unknown also where
	// not all is known.
	Impossible map[string]bool
}

// untold says of what is not among what was counted that nobody can tell.
func (c Counted) untold(id string) bool { return c.Stale && !c.Impossible[id] }

// ItemCount is what there is of an inventory item.
type ItemCount struct {
	ID     string
	Levels []LevelCount // by the ids of their locations
}

// LevelCount is what one location has of an inventory item.
type LevelCount struct {
	LocationID        string
	Stocked, Reserved Quantity
}

// VariantLinks is what a variant takes of which inventory items.
type VariantLinks struct {
	Managed   bool
	Backorder bool // it is sold whether there is any or not
	Links     []ItemLink
}

// ItemLink is how much one unit takes of an inventory item.
type ItemLink struct {
	InventoryItemID string
	Required        Quantity
}

// NewItemCount translates an inventory item.
func NewItemCount(item medusaclient.CountedItem) ItemCount {
	count := ItemCount{ID: item.ID, Levels: make([]LevelCount, len(item.LocationLevels))}
	for i, level := range item.LocationLevels {
		count.Levels[i] = LevelCount{LocationID: level.LocationID, Stocked: ReadQuantity(level.StockedQuantity), Reserved: ReadQuantity(level.ReservedQuantity)}
	}
	slices.SortFunc(count.Levels, func(a, b LevelCount) int { return strings.Compare(a.LocationID, b.LocationID) })
	return count
}

// level is what a location has, nothing where there is no level.
func (c ItemCount) level(locationID string) LevelCount {
	i, found := slices.BinarySearchFunc(c.Levels, locationID, func(level LevelCount, id string) int { return strings.Compare(level.LocationID, id) })
	if !found {
		return LevelCount{LocationID: locationID}
	}
	return c.Levels[i]
}

func (l LevelCount) available() Quantity { return l.Stocked.Sub(l.Reserved) }

// NewVariantLinks translates what a variant takes. An item that it takes twice is
// one link.
func NewVariantLinks(variant medusaclient.ProductVariant) VariantLinks {
	links := VariantLinks{Managed: variant.ManageInventory, Backorder: variant.AllowBackorder}
	for _, link := range variant.InventoryItems {
		required := ReadQuantity(link.RequiredQuantity)
		same := func(known ItemLink) bool { return known.InventoryItemID == link.InventoryItemID }
		if i := slices.IndexFunc(links.Links, same); i >= 0 {
			links.Links[i].Required = links.Links[i].Required.Add(required)
		} else {
			links.Links = append(links.Links, ItemLink{link.InventoryItemID, required})
		}
	}
	return links
}

// demand is what one unit of something takes of what was counted.
type demand struct {
	links     []ItemLink
	counts    []ItemCount // of the links
	unmanaged bool        // nothing is counted
	untold    bool        // nobody can tell what there is
	always    bool        // it is for sale whatever is counted
	code      string      // why it cannot be had at all
}

// demandOf is what one unit of what an address names takes.
func (c Counted) demandOf(address Address) demand {
	if address.VariantID != "" {
		return c.demandOfVariant(address.VariantID)
	}
	item, known := c.Items[address.InventoryItemID]
	code := "INVENTORY_ITEM_NOT_FOUND"
	if address.SKU != "" {
		item, known = c.SKUs[address.SKU]
		code = "SKU_NOT_FOUND"
	}
	switch {
	case !known && c.untold(address.InventoryItemID):
		return demand{untold: true, always: true}
	case !known:
		return demand{code: code}
	}
	return demand{links: []ItemLink{{item.ID, one}}, counts: []ItemCount{item}}
}

func (c Counted) demandOfVariant(id string) demand {
	variant, known := c.Variants[id]
	switch {
	case !known && c.untold(id):
		return demand{untold: true, always: true}
	case !known:
		return demand{code: "VARIANT_NOT_FOUND"}
	case !variant.Managed:
		return demand{unmanaged: true, always: true}
	case len(variant.Links) == 0:
		return demand{code: InventoryItemMissing}
	}
	d := demand{links: variant.Links, always: variant.Backorder, counts: make([]ItemCount, len(variant.Links))}
	for i, link := range variant.Links {
		if link.Required.Sign() <= 0 {
			return demand{code: RequiredQuantityInvalid}
		}
		count, counted := c.Items[link.InventoryItemID]
		if !counted && c.Stale {
			return demand{untold: true, always: true}
		}
		d.counts[i] = count
	}
	return d
}

// itemID is the item that is taken, "" where there are several or none.
func (d demand) itemID() string {
	if len(d.links) != 1 {
		return ""
	}
	return d.links[0].InventoryItemID
}

// units is how many units so much of the item of a link makes: whole ones, unless
// each takes one of it and of nothing else.
func (d demand) units(link int, quantity Quantity) Quantity {
	if len(d.links) == 1 && d.links[0].Required.Cmp(one) == 0 {
		return quantity
	}
	return quantity.Wholes(d.links[link].Required)
}

// shelf is what one location has of a demand, in its units, and the item that
// decides it.
type shelf struct {
	locationID string
	available  Quantity
	scarcest   ItemLink
	level      LevelCount
}

// at is what the locations of a scope have that hold any of the items, by their ids.
func (d demand) at(scope Scope) []shelf {
	var locations []string
	for _, count := range d.counts {
		for _, level := range count.Levels {
			if _, shown := scope[level.LocationID]; shown {
				locations = append(locations, level.LocationID)
			}
		}
	}
	slices.Sort(locations)
	locations = slices.Compact(locations)
	shelves := make([]shelf, len(locations))
	for i, location := range locations {
		shelves[i] = d.shelf(location)
	}
	return shelves
}

func (d demand) shelf(locationID string) shelf {
	var least shelf
	for i, link := range d.links {
		level := d.counts[i].level(locationID)
		if available := d.units(i, level.available()); i == 0 || available.Cmp(least.available) < 0 {
			least = shelf{locationID: locationID, available: available, scarcest: link, level: level}
		}
	}
	return least
}
