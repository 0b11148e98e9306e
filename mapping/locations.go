package mapping

import (
	"encoding/json"
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
		ID: location.ID, Name: location.Name, Address: newAddress(location.Address), Metadata: unmarked(location.Metadata),
		SalesChannels: newSalesChannels(location.SalesChannels),
		CreatedAt:     location.CreatedAt, UpdatedAt: location.UpdatedAt,
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

// LocationChange is what POST and PATCH /api/locations ask for. What is nil is
// not asked for.
type LocationChange struct {
	Name     *string
	Address  *medusaclient.AddressWrite
	Metadata medusaclient.Raw // an object, as Medusa merges it: "" deletes a key
}

var locationFields = []string{"name", "address", "metadata"}

// ParseNewLocation reads the body of POST /api/locations, which is ValidJSON.
func ParseNewLocation(body []byte) (LocationChange, []Fault) {
	return readBody(body, locationFields, func(o *object) LocationChange {
		o.need("name")
		name := o.name("name")
		location := LocationChange{Name: &name, Metadata: o.metadata("metadata")}
		if address := o.place("address"); address != nil {
			address.needPlace()
			location.Address = address.write()
		}
		return location
	})
}

// ParseLocationChange reads the body of PATCH /api/locations/:id, which is
// ValidJSON.
func ParseLocationChange(body []byte) (LocationChange, []Fault) {
	return readBody(body, locationFields, func(o *object) LocationChange {
		o.atLeastOne(locationFields...)
		var change LocationChange
		if name := o.name("name"); name != "" {
			change.Name = &name
		}
		if address := o.place("address"); address != nil {
			change.Address = address.write()
		}
		change.Metadata = merging(o.metadata("metadata"))
		return change
	})
}

// merging is metadata as Medusa merges it: where null deletes a key here, "" does
// there.
func merging(metadata medusaclient.Raw) medusaclient.Raw {
	if metadata == nil {
		return nil
	}
	fields := map[string]medusaclient.Raw{}
	if err := json.Unmarshal(metadata, &fields); err != nil {
		panic(err) // it was read before
	}
	for key, value := range fields {
		if string(value) == "null" {
			fields[key] = medusaclient.Raw(`""`)
		}
	}
	merged, err := json.Marshal(fields)
	if err != nil {
		panic(err) // texts and JSON are never at fault
	}
	return merged
}

// LocationRemoval is what DELETE /api/locations/:id asks for.
type LocationRemoval struct {
	Force      bool   // stock that is still there is let go
	TransferTo string // or moved to this location; empty: neither
}

// LocationRemoved names the location that was deleted.
type LocationRemoved struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`
}

// ParseLocationRemoval reads the query of DELETE /api/locations/:id.
func ParseLocationRemoval(rawQuery string) (LocationRemoval, []Fault) {
	r := newQueryReader(rawQuery)
	removal := LocationRemoval{Force: r.boolean("force"), TransferTo: r.id("transferTo")}
	if removal.Force && removal.TransferTo != "" {
		r.fault("force", "NOT_WITH_TRANSFER")
	}
	return removal, r.faults()
}

func newSalesChannels(channels []medusaclient.SalesChannel) []SalesChannel {
	translated := make([]SalesChannel, len(channels))
	for i, channel := range channels {
		translated[i] = SalesChannel(channel)
	}
	return translated
}
