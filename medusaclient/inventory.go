package medusaclient

import (
	"context"
	"net/http"
	"net/url"
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
		"location_levels.reserved_quantity,location_levels.incoming_quantity,location_levels.stock_locations.name"

	levelFields = "location_levels.id,location_levels.inventory_item_id,location_levels.metadata," +
		"location_levels.created_at,location_levels.updated_at," + levelQuantityFields

	levelLocationFields = "location_levels.stock_locations.id,location_levels.stock_locations.metadata," +
		"location_levels.stock_locations.address.*"

	inventoryItemFields = "id,sku,title,description,thumbnail,origin_country,hs_code,mid_code,material," +
		"requires_shipping,weight,length,height,width,metadata,created_at,updated_at," + levelFields + "," + levelLocationFields

	inventoryStockFields = "id,sku,title," + levelQuantityFields
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

type inventoryItemsAnswer[Item InventoryItem | ItemStock] struct {
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
