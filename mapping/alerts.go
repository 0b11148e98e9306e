package mapping

import (
	"cmp"
	"slices"

	"github.com/cannahub/gateway/medusaclient"
)

// The states of an item that is running out.
const (
	OutOfStock = "out_of_stock"
	LowStock   = "low_stock"
)

// Alert is an item whose available quantity is at or below the threshold.
type Alert struct {
	InventoryItemID   string          `json:"inventoryItemId"`
	SKU               *string         `json:"sku"`
	Title             *string         `json:"title"`
	AvailableQuantity Quantity        `json:"availableQuantity"`
	Threshold         Quantity        `json:"threshold"`
	Status            string          `json:"status"`
	Locations         []AlertLocation `json:"locations"`
}

// AlertLocation is what one location has available of an item.
type AlertLocation struct {
	LocationID        string   `json:"locationId"`
	LocationName      *string  `json:"locationName"`
	AvailableQuantity Quantity `json:"availableQuantity"`
}

// AlertList is one page of the alerts, the scarcest first.
type AlertList struct {
	Alerts   []Alert   `json:"alerts"`
	Count    int       `json:"count"`
	Limit    int       `json:"limit"`
	Offset   int       `json:"offset"`
	Warnings []Warning `json:"warnings"`
}

// NewAlertList finds the items at or below the threshold. With a locationID
// only the stock there counts.
func NewAlertList(items []medusaclient.ItemStock, threshold Quantity, locationID string, page Page, language Language) AlertList {
	warned := newWarnings(language)
	list := AlertList{Alerts: []Alert{}, Limit: page.Limit, Offset: page.Offset}
	scarce := scarceItems(items, threshold, locationID)
	list.Count = len(scarce)
	for i := page.Offset; i < min(page.Offset+page.Limit, len(scarce)); i++ {
		list.Alerts = append(list.Alerts, newAlert(scarce[i], threshold, warned))
	}
	list.Warnings = warned.list
	return list
}

// scarceItem is an item that is running out, with the levels that count.
type scarceItem struct {
	item      medusaclient.ItemStock
	levels    []medusaclient.StockLevel
	available Quantity
}

// scarceItems returns the items at or below the threshold, the scarcest first.
func scarceItems(items []medusaclient.ItemStock, threshold Quantity, locationID string) []scarceItem {
	var scarce []scarceItem
	for _, item := range items {
		found := scarceItem{item: item}
		for _, level := range levelsByLocation(item.LocationLevels) {
			if locationID == "" || level.LocationID == locationID {
				found.levels = append(found.levels, level)
				found.available = found.available.Add(availableOf(level))
			}
		}
		if found.available.Cmp(threshold) <= 0 {
			scarce = append(scarce, found)
		}
	}
	slices.SortFunc(scarce, func(a, b scarceItem) int {
		return cmp.Or(a.available.Cmp(b.available), cmp.Compare(a.item.ID, b.item.ID))
	})
	return scarce
}

func availableOf(level medusaclient.StockLevel) Quantity {
	return ReadQuantity(level.StockedQuantity).Sub(ReadQuantity(level.ReservedQuantity))
}

func newAlert(scarce scarceItem, threshold Quantity, warned *warnings) Alert {
	alert := Alert{
		InventoryItemID: scarce.item.ID, SKU: scarce.item.SKU, Title: scarce.item.Title,
		AvailableQuantity: scarce.available, Threshold: threshold, Status: LowStock,
		Locations: make([]AlertLocation, len(scarce.levels)),
	}
	if scarce.available.Sign() <= 0 {
		alert.Status = OutOfStock
	}
	for i, level := range scarce.levels {
		alert.Locations[i] = AlertLocation{
			LocationID: level.LocationID, LocationName: locationName(level, scarce.item.ID, warned), AvailableQuantity: availableOf(level),
		}
	}
	return alert
}
