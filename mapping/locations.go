package mapping

import (
	"strings"

	"github.com/cannahub/gateway/medusaclient"
)

// Location is a place that holds stock. Its address keeps Medusa's spelling,
// with the country code in upper case.
type Location struct {
	ID            string                `json:"id"`
	Name          string                `json:"name"`
	Address       *medusaclient.Address `json:"address"`
	Metadata      medusaclient.Raw      `json:"metadata"`
	SalesChannels []SalesChannel        `json:"salesChannels"`
	CreatedAt     *string               `json:"createdAt"`
	UpdatedAt     *string               `json:"updatedAt"`
}

// SalesChannel is a channel that a location serves.
type SalesChannel struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// LocationList is one page of the locations.
type LocationList struct {
	Locations []Location `json:"locations"`
	Count     int        `json:"count"`
	Limit     int        `json:"limit"`
	Offset    int        `json:"offset"`
}

// LocationDetail is one location.
type LocationDetail struct {
	Location Location `json:"location"`
}

// NewLocationList translates a page of locations.
func NewLocationList(locations medusaclient.Page[medusaclient.StockLocation], page Page) LocationList {
	list := LocationList{Locations: make([]Location, len(locations.Rows)), Count: locations.Count, Limit: page.Limit, Offset: page.Offset}
	for i, location := range locations.Rows {
		list.Locations[i] = newLocation(location)
	}
	return list
}

// NewLocationDetail translates one location.
func NewLocationDetail(location medusaclient.StockLocation) LocationDetail {
	return LocationDetail{Location: newLocation(location)}
}

func newLocation(location medusaclient.StockLocation) Location {
	translated := Location{
		ID: location.ID, Name: location.Name, Address: newAddress(location.Address), Metadata: location.Metadata,
		SalesChannels: make([]SalesChannel, len(location.SalesChannels)),
		CreatedAt:     location.CreatedAt, UpdatedAt: location.UpdatedAt,
	}
	for i, channel := range location.SalesChannels {
		translated.SalesChannels[i] = SalesChannel(channel)
	}
	return translated
}

// newAddress shows a country code in upper case, as people write it.
func newAddress(address *medusaclient.Address) *medusaclient.Address {
	if address == nil || address.CountryCode == nil {
		return address
	}
	shown := *address
	code := strings.ToUpper(*address.CountryCode)
	shown.CountryCode = &code
	return &shown
}
