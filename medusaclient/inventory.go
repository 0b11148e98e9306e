package medusaclient

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// InventoryItem is a thing that is counted. Its levels come in no stable order.
type InventoryItem struct {
	ID               string           `json:"id"`
	SKU              *string          `json:"sku"`
	Title            *string          `json:"title"`
	Description      *string          `json:"description"`
	Thumbnail        *string          `json:"thumbnail"`
	OriginCountry    *string          `json:"origin_country"`
	HSCode           *string          `json:"hs_code"`
	MIDCode          *string          `json:"mid_code"`
	Material         *string          `json:"material"`
	RequiresShipping bool             `json:"requires_shipping"`
	Weight           *Number          `json:"weight"`
	Length           *Number          `json:"length"`
	Height           *Number          `json:"height"`
	Width            *Number          `json:"width"`
	Metadata         Raw              `json:"metadata"`
	CreatedAt        *string          `json:"created_at"`
	UpdatedAt        *string          `json:"updated_at"`
	LocationLevels   []InventoryLevel `json:"location_levels"`
}

// InventoryLevel is what one location has of an item. Quantities can be
// negative (backorders) and have fractions. StockLocations holds the location,
// and nothing when it was deleted.
type InventoryLevel struct {
	ID               string          `json:"id"`
	InventoryItemID  string          `json:"inventory_item_id"`
	LocationID       string          `json:"location_id"`
	StockedQuantity  Number          `json:"stocked_quantity"`
	ReservedQuantity Number          `json:"reserved_quantity"`
	IncomingQuantity Number          `json:"incoming_quantity"`
	Metadata         Raw             `json:"metadata"`
	CreatedAt        *string         `json:"created_at"`
	UpdatedAt        *string         `json:"updated_at"`
	StockLocations   []StockLocation `json:"stock_locations"`
}

// Location returns the id of the level's location and its name, nil when it was
// deleted.
func (l InventoryLevel) Location() (id string, name *string) {
	if len(l.StockLocations) == 0 {
		return l.LocationID, nil
	}
	return l.LocationID, &l.StockLocations[0].Name
}

// ItemStock is an inventory item with what there is of it alone.
type ItemStock struct {
	ID             string       `json:"id"`
	SKU            *string      `json:"sku"`
	Title          *string      `json:"title"`
	LocationLevels []StockLevel `json:"location_levels"`
}

// StockLevel is an InventoryLevel with its quantities alone.
type StockLevel struct {
	LocationID       string         `json:"location_id"`
	StockedQuantity  Number         `json:"stocked_quantity"`
	ReservedQuantity Number         `json:"reserved_quantity"`
	IncomingQuantity Number         `json:"incoming_quantity"`
	StockLocations   []LocationName `json:"stock_locations"`
}

// CountedItem is an inventory item with its levels, as a change of stock needs
// them. It has the variants that hold it, and its levels their locations, where
// they were asked for. The levels do not name their item.
type CountedItem struct {
	ID             string           `json:"id"`
	SKU            *string          `json:"sku"`
	LocationLevels []InventoryLevel `json:"location_levels"`
	Variants       []ProductVariant `json:"variants"`
}

// LocationName is what a stock location is called.
type LocationName struct {
	Name string `json:"name"`
}

// Location returns the id of the level's location and its name, nil when it was
// deleted.
func (l StockLevel) Location() (id string, name *string) {
	if len(l.StockLocations) == 0 {
		return l.LocationID, nil
	}
	return l.LocationID, &l.StockLocations[0].Name
}

const (
	levelQuantityFields = "location_levels.location_id,location_levels.stocked_quantity," +
		"location_levels.reserved_quantity,location_levels.incoming_quantity"

	levelFields = "location_levels.id,location_levels.inventory_item_id,location_levels.metadata," +
		"location_levels.created_at,location_levels.updated_at," + levelQuantityFields

	levelNameFields = "location_levels.stock_locations.name"

	levelChannelFields = "location_levels.stock_locations.sales_channels.id"

	levelLocationFields = levelNameFields + ",location_levels.stock_locations.id,location_levels.stock_locations.metadata," +
		"location_levels.stock_locations.address.*"

	inventoryItemFields = "id,sku,title,description,thumbnail,origin_country,hs_code,mid_code,material," +
		"requires_shipping,weight,length,height,width,metadata,created_at,updated_at," + levelFields + "," + levelLocationFields

	inventoryStockFields = "id,sku,title," + levelQuantityFields + "," + levelNameFields

	countedFields = "id,sku,location_levels.id,location_levels.updated_at,location_levels.location_id," +
		"location_levels.stocked_quantity,location_levels.reserved_quantity"

	bareFields = "id,sku,location_levels.location_id,location_levels.stocked_quantity,location_levels.reserved_quantity"

	levelIncomingFields = "location_levels.incoming_quantity"

	levelShownFields = "location_levels.metadata,location_levels.created_at"

	countedVariantFields = "variants.id,variants.metadata,variants.manage_inventory,variants.variant_rank," +
		"variants.inventory_items.inventory_item_id,variants.inventory_items.required_quantity"
)

// InventoryItems are the calls below /admin/inventory-items.
type InventoryItems struct{ client *Client }

// InventoryItemFilter narrows a list of inventory items. An item matches when
// it meets every part that is set.
type InventoryItemFilter struct {
	IDs        []string
	SKUs       []string
	LocationID string // items with a level there; their other levels come too
	Search     string // in SKU, title, description and customs codes
}

// CountedFilter names the items to be counted, by id or SKU, and what comes with
// each.
type CountedFilter struct {
	IDs, SKUs []string
	Variants  bool // id, metadata, manage_inventory, variant_rank and items of each
	Bare      bool // the levels without their own id and the time of their last change
	CountedLevels
}

// CountedLevels says what comes with each level beside its id, location, stocked
// and reserved quantity and the time of its last change. Each field of each
// level takes Medusa its time.
type CountedLevels struct {
	Incoming  bool // incoming quantity
	Shown     bool // metadata and the time of its making
	Locations bool // name, address and metadata of its location
	Names     bool // the name of its location alone
	Channels  bool // the ids of the sales channels of its location alone
}

// fields are those of the levels, below a prefix.
func (c CountedLevels) fields(prefix string) string {
	fields := ""
	if c.Incoming {
		fields += "," + below(prefix, levelIncomingFields)
	}
	if c.Shown {
		fields += "," + below(prefix, levelShownFields)
	}
	switch {
	case c.Locations:
		fields += "," + below(prefix, levelLocationFields)
	case c.Names:
		fields += "," + below(prefix, levelNameFields)
	case c.Channels:
		fields += "," + below(prefix, levelChannelFields)
	}
	return fields
}

type inventoryItemsAnswer[Item InventoryItem | ItemStock | CountedItem] struct {
	InventoryItems []Item `json:"inventory_items"`
	Count          int    `json:"count"`
}

func (a *inventoryItemsAnswer[Item]) whole() bool { return a.InventoryItems != nil }

type inventoryItemAnswer struct {
	InventoryItem InventoryItem `json:"inventory_item"`
}

func (a *inventoryItemAnswer) whole() bool { return a.InventoryItem.ID != "" }

// List reads one page of the inventory items, with all their levels.
func (s *InventoryItems) List(ctx context.Context, by Credential, filter InventoryItemFilter, limit, offset int) (Page[InventoryItem], error) {
	return listItems[InventoryItem](ctx, s.client, by, inventoryItemFields, filter, limit, offset)
}

// ListByID reads the items of many ids, with all their levels, in no promised
// order; unknown ids are left out.
func (s *InventoryItems) ListByID(ctx context.Context, by Credential, ids []string) ([]InventoryItem, error) {
	return byID(ctx, ids, func(ctx context.Context, ids []string) ([]InventoryItem, error) {
		page, err := s.List(ctx, by, InventoryItemFilter{IDs: ids}, len(ids), 0)
		return page.Rows, err
	})
}

// ListStock reads id, SKU, title and quantities of every item that matches, to
// the end of the list.
func (s *InventoryItems) ListStock(ctx context.Context, by Credential, filter InventoryItemFilter) ([]ItemStock, error) {
	return allPages(ctx, func(ctx context.Context, limit, offset int) (Page[ItemStock], error) {
		return listItems[ItemStock](ctx, s.client, by, inventoryStockFields, filter, limit, offset)
	})
}

// ListCounted reads the items of the filter's ids and of its SKUs, in no promised
// order; unknown ones are left out. It is one call as long as Node takes it, and
// else a few side by side.
func (s *InventoryItems) ListCounted(ctx context.Context, by Credential, filter CountedFilter) ([]CountedItem, error) {
	parts := filter.parts(maxHead - len(by.header))
	items, err := sideBySide(ctx, len(parts), func(ctx context.Context, i int) ([]CountedItem, error) {
		var answer inventoryItemsAnswer[CountedItem]
		err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/inventory-items", path: parts[i].path(), credential: by}, &answer)
		return answer.InventoryItems, err
	})
	if len(parts) > 1 { // where one part may name an item by its id, another by its SKU
		slices.SortFunc(items, func(a, b CountedItem) int { return strings.Compare(a.ID, b.ID) })
		items = slices.CompactFunc(items, func(a, b CountedItem) bool { return a.ID == b.ID })
	}
	return items, err
}

// parts are filters of the same items whose calls are no longer than that.
func (f CountedFilter) parts(longest int) []CountedFilter {
	if len(f.IDs)+len(f.SKUs) == 0 {
		return nil
	}
	fits := func(f CountedFilter) bool {
		rows := len(f.IDs) + len(f.SKUs)
		return rows == 1 || ((rows <= maxRepeated || len(f.SKUs) == 0) && len(f.path()) <= longest)
	}
	return inParts(f, fits, func(f CountedFilter) (first, second CountedFilter) {
		first, second = f, f
		ids, skus := len(f.IDs)/2, (len(f.SKUs)+1)/2
		first.IDs, second.IDs = f.IDs[:ids], f.IDs[ids:]
		first.SKUs, second.SKUs = f.SKUs[:skus], f.SKUs[skus:]
		return first, second
	})
}

// path is the call for the filter's items. Where there are ids and SKUs, Medusa
// takes no commas.
func (f CountedFilter) path() string {
	fields := countedFields
	if f.Bare {
		fields = bareFields
	}
	if f.Variants {
		fields += "," + countedVariantFields
	}
	q := newQuery("/admin/inventory-items", fields+f.fields(""))
	q.page(len(f.IDs)+len(f.SKUs), 0)
	switch {
	case len(f.SKUs) == 0:
		q.addIDs(f.IDs)
	case len(f.IDs) == 0:
		q.addEach("sku", f.SKUs)
	default:
		q.addEach("$or[0][id]", f.IDs)
		q.addEach("$or[1][sku]", f.SKUs)
	}
	return q.String()
}

func listItems[Item InventoryItem | ItemStock](
	ctx context.Context, client *Client, by Credential, fields string, filter InventoryItemFilter, limit, offset int,
) (Page[Item], error) {
	q := newQuery("/admin/inventory-items", fields)
	q.page(limit, offset)
	q.addIDs(filter.IDs)
	q.addEach("sku", filter.SKUs)
	q.add("location_levels[location_id]", filter.LocationID)
	q.search(filter.Search)
	var answer inventoryItemsAnswer[Item]
	err := client.do(ctx, call{method: http.MethodGet, route: "/admin/inventory-items", path: q.String(), credential: by}, &answer)
	return Page[Item]{Rows: answer.InventoryItems, Count: answer.Count}, err
}

// Get reads one inventory item with all its levels.
func (s *InventoryItems) Get(ctx context.Context, by Credential, id string) (InventoryItem, error) {
	q := newQuery("/admin/inventory-items/"+url.PathEscape(id), inventoryItemFields)
	var answer inventoryItemAnswer
	err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/inventory-items/:id", path: q.String(), credential: by}, &answer)
	return answer.InventoryItem, err
}
