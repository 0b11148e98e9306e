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
func NewAlertList(items []medusaclient.InventoryItem, threshold Quantity, locationID string, page Page, language Language) AlertList {
	warned := newWarnings(language)
	alerts := []Alert{}
	for _, item := range items {
		if alert := newAlert(item, threshold, locationID, warned); alert.AvailableQuantity.Cmp(threshold) <= 0 {
			alerts = append(alerts, alert)
		}
	}
	slices.SortStableFunc(alerts, func(a, b Alert) int {
		return cmp.Or(a.AvailableQuantity.Cmp(b.AvailableQuantity), cmp.Compare(a.InventoryItemID, b.InventoryItemID))
	})
	from := min(page.Offset, len(alerts))
	to := min(from+page.Limit, len(alerts))
	return AlertList{
		Alerts: alerts[from:to], Count: len(alerts), Limit: page.Limit, Offset: page.Offset, Warnings: warned.list,
	}
}

func newAlert(item medusaclient.InventoryItem, threshold Quantity, locationID string, warned *warnings) Alert {
	alert := Alert{
		InventoryItemID: item.ID, SKU: item.SKU, Title: item.Title,
		Threshold: threshold, Status: LowStock, Locations: []AlertLocation{},
	}
	for _, level := range levelsByLocation(item.LocationLevels) {
		if locationID != "" && level.LocationID != locationID {
			continue
		}
		available := read(level.StockedQuantity).Sub(read(level.ReservedQuantity))
		alert.AvailableQuantity = alert.AvailableQuantity.Add(available)
		alert.Locations = append(alert.Locations, AlertLocation{
			LocationID: level.LocationID, LocationName: locationName(level, item.ID, warned), AvailableQuantity: available,
		})
	}
	if alert.AvailableQuantity.Sign() <= 0 {
		alert.Status = OutOfStock
	}
	return alert
}
