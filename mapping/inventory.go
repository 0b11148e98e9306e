package mapping

import (
	"cmp"
	"slices"

	"github.com/cannahub/gateway/medusaclient"
)

// InventoryItem is an item of the inventory with its levels. Its quantities, in
// units of the item, are the sums over the levels shown.
type InventoryItem struct {
	ID                string               `json:"id"`
	SKU               *string              `json:"sku"`
	Title             *string              `json:"title"`
	Description       *string              `json:"description"`
	Thumbnail         *string              `json:"thumbnail"`
	OriginCountry     *string              `json:"originCountry"`
	HSCode            *string              `json:"hsCode"`
	MIDCode           *string              `json:"midCode"`
	Material          *string              `json:"material"`
	RequiresShipping  bool                 `json:"requiresShipping"`
	Weight            *medusaclient.Number `json:"weight"`
	Length            *medusaclient.Number `json:"length"`
	Height            *medusaclient.Number `json:"height"`
	Width             *medusaclient.Number `json:"width"`
	StockedQuantity   Quantity             `json:"stockedQuantity"`
	ReservedQuantity  Quantity             `json:"reservedQuantity"`
	AvailableQuantity Quantity             `json:"availableQuantity"`
	LocationLevels    []InventoryLevel     `json:"locationLevels"`
	Metadata          medusaclient.Raw     `json:"metadata"`
	CreatedAt         *string              `json:"createdAt"`
	UpdatedAt         *string              `json:"updatedAt"`
}

// InventoryLevel is what one location has of an item. AvailableQuantity is
// always stocked − reserved, and can be negative.
type InventoryLevel struct {
	ID                string           `json:"id"`
	InventoryItemID   string           `json:"inventoryItemId"`
	LocationID        string           `json:"locationId"`
	LocationName      *string          `json:"locationName"`
	StockedQuantity   Quantity         `json:"stockedQuantity"`
	ReservedQuantity  Quantity         `json:"reservedQuantity"`
	IncomingQuantity  Quantity         `json:"incomingQuantity"`
	AvailableQuantity Quantity         `json:"availableQuantity"`
	Location          *LevelLocation   `json:"location"` // nil when it was deleted
	Metadata          medusaclient.Raw `json:"metadata"`
	CreatedAt         *string          `json:"createdAt"`
	UpdatedAt         *string          `json:"updatedAt"`
}

// LevelLocation is the location of a level.
type LevelLocation struct {
	ID       string                `json:"id"`
	Name     string                `json:"name"`
	Address  *medusaclient.Address `json:"address"`
	Metadata medusaclient.Raw      `json:"metadata"`
}

// InventoryList is one page of the inventory.
type InventoryList struct {
	Items    []InventoryItem `json:"items"`
	Count    int             `json:"count"`
	Offset   int             `json:"offset"`
	Limit    int             `json:"limit"`
	Warnings []Warning       `json:"warnings"`
}

// InventoryDetail is one item of the inventory.
type InventoryDetail struct {
	Item     InventoryItem `json:"item"`
	Warnings []Warning     `json:"warnings"`
}

// NewInventoryList translates a page of items. With a locationID only the
// levels there are shown and counted.
func NewInventoryList(items medusaclient.Page[medusaclient.InventoryItem], locationID string, page Page, language Language) InventoryList {
	warned := newWarnings(language)
	list := InventoryList{Items: make([]InventoryItem, len(items.Rows)), Count: items.Count, Offset: page.Offset, Limit: page.Limit}
	for i, item := range items.Rows {
		list.Items[i] = newInventoryItem(item, locationID, warned)
	}
	list.Warnings = warned.list
	return list
}

// NewInventoryDetail translates one item with all its levels.
func NewInventoryDetail(item medusaclient.InventoryItem, language Language) InventoryDetail {
	warned := newWarnings(language)
	return InventoryDetail{Item: newInventoryItem(item, "", warned), Warnings: warned.list}
}

func newInventoryItem(item medusaclient.InventoryItem, locationID string, warned *warnings) InventoryItem {
	translated := InventoryItem{
		ID: item.ID, SKU: item.SKU, Title: item.Title, Description: item.Description, Thumbnail: item.Thumbnail,
		OriginCountry: item.OriginCountry, HSCode: item.HSCode, MIDCode: item.MIDCode, Material: item.Material,
		RequiresShipping: item.RequiresShipping,
		Weight:           item.Weight, Length: item.Length, Height: item.Height, Width: item.Width,
		LocationLevels: []InventoryLevel{},
		Metadata:       item.Metadata, CreatedAt: item.CreatedAt, UpdatedAt: item.UpdatedAt,
	}
	for _, level := range levelsByLocation(item.LocationLevels) {
		if locationID != "" && level.LocationID != locationID {
			continue
		}
		shown := newInventoryLevel(level, item.ID, warned)
		translated.LocationLevels = append(translated.LocationLevels, shown)
		translated.StockedQuantity = translated.StockedQuantity.Add(shown.StockedQuantity)
		translated.ReservedQuantity = translated.ReservedQuantity.Add(shown.ReservedQuantity)
	}
	translated.AvailableQuantity = translated.StockedQuantity.Sub(translated.ReservedQuantity)
	return translated
}

func newInventoryLevel(level medusaclient.InventoryLevel, itemID string, warned *warnings) InventoryLevel {
	stocked, reserved := ReadQuantity(level.StockedQuantity), ReadQuantity(level.ReservedQuantity)
	translated := InventoryLevel{
		ID: level.ID, InventoryItemID: itemID, LocationID: level.LocationID,
		LocationName:    locationName(level, itemID, warned),
		StockedQuantity: stocked, ReservedQuantity: reserved,
		IncomingQuantity: ReadQuantity(level.IncomingQuantity), AvailableQuantity: stocked.Sub(reserved),
		Metadata: level.Metadata, CreatedAt: level.CreatedAt, UpdatedAt: level.UpdatedAt,
	}
	if len(level.StockLocations) > 0 {
		location := level.StockLocations[0]
		translated.Location = &LevelLocation{
			ID: level.LocationID, Name: location.Name, Address: newAddress(location.Address), Metadata: unmarked(location.Metadata),
		}
	}
	return translated
}

// located is a level of either kind.
type located interface {
	Location() (id string, name *string)
}

// locationName is nil, with a warning, for a location that was deleted.
func locationName(level located, itemID string, warned *warnings) *string {
	id, name := level.Location()
	if name == nil {
		warned.add(Warning{Code: LocationDeleted, InventoryItemID: itemID, LocationID: id}, id)
	}
	return name
}

// levelsByLocation gives levels, which Medusa sends in no stable order, the
// order of their locations' ids, which is about that of their making.
func levelsByLocation[Level located](levels []Level) []Level {
	slices.SortFunc(levels, func(a, b Level) int {
		return cmp.Compare(locationID(a), locationID(b))
	})
	return levels
}

func locationID(level located) string {
	id, _ := level.Location()
	return id
}
