package medusatest

import (
	"maps"
	"net/http"
	"strings"
)

var stockLocationDefaults = []string{
	"id", "name", "metadata", "created_at", "updated_at", "address.id", "address.address_1", "address.address_2",
	"address.city", "address.country_code", "address.phone", "address.province", "address.postal_code",
	"address.metadata",
}

var salesChannelDefaults = []string{
	"id", "name", "description", "is_disabled", "created_at", "updated_at", "deleted_at", "metadata",
}

var stockLocationEntity = &entity{
	searched:   []string{"name"},
	searchedIn: []string{"address"},
	relations: map[string]relation{
		"address": {target: "stock_location_address", foreignKey: "address_id", hideNull: true, of: func(t *tables, r row) []row {
			return one(t, "stock_location_address", r["address_id"])
		}},
		"sales_channels": {target: "sales_channel", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			return t.all("sales_channel", t.leftOf(channelLocation, idOf(r)))
		}},
		"fulfillment_sets": {target: "fulfillment_set", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			return t.all("fulfillment_set", t.rightOf(locationSet, idOf(r)))
		}},
		"fulfillment_providers": {target: "fulfillment_provider", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			return t.all("fulfillment_provider", t.rightOf(locationProvider, idOf(r)))
		}},
	},
}

var addressEntity = &entity{
	searched: []string{"address_1", "address_2", "city", "country_code", "province", "postal_code"},
}

var salesChannelEntity = &entity{
	searched: []string{"name", "description"},
	relations: map[string]relation{
		"stock_locations": {target: "stock_location", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			return t.all("stock_location", t.rightOf(channelLocation, idOf(r)))
		}},
	},
}

var stockLocations = resource{
	entity: stockLocationEntity, table: "stock_location", singular: "stock_location", plural: "stock_locations",
	defaults: stockLocationDefaults, strict: true, limit: 20,
	params: listParams(append([]param{
		{"q", text}, {"id", textOrList}, {"name", textOrList}, {"address_id", textOrList},
	}, timeParams...), param{"sales_channel_id", textOrList}),
	missing: func(id string) string { return "Stock location with id: " + id + " was not found" },
	linked: &linkFilter{param: "sales_channel_id", ids: func(t *tables, r row) []string {
		return t.leftOf(channelLocation, idOf(r))
	}},
}

var salesChannels = resource{
	entity: salesChannelEntity, table: "sales_channel", singular: "sales_channel", plural: "sales_channels",
	defaults: salesChannelDefaults, strict: true, limit: 20,
	params: listParams(append([]param{
		{"q", text}, {"id", textOrList}, {"name", textOrList}, {"description", text}, {"is_disabled", booleanText},
	}, timeParams...), param{"location_id", textOrList}),
	missing: func(id string) string { return "Sales channel with id: " + id + " not found" },
	broken:  []string{"location_id"},
}

// locationWrite is the body that makes or changes a stock location.
type locationWrite struct {
	columns row // name and metadata
	address row // nil when there is none
	// addressID is an address that is there already; Medusa takes it for a new
	// location alone.
	addressID any
}

// readLocation reads the body of a location. Medusa trims the name before it
// looks at its kind, and ends in a 500 where there is nothing to trim.
func readLocation(r *http.Request, named bool) (write locationWrite, shown map[string]any, fault *problem) {
	body := bodyOf(r)
	fields, isObject := body.(map[string]any)
	name, given := fields["name"]
	if _, isText := name.(string); (isObject || body == nil) && (given || named) && !isText {
		return write, nil, unknownError()
	}
	write.columns = row{}
	shown, fault = readWrite(r, func(f *bodyFields) {
		if name, given := field[string](f, "name", "string", named); given {
			write.columns["name"] = strings.TrimSpace(name)
		}
		f.nested("address", func(inner *bodyFields) { write.address = readAddress(inner) })
		other := row{}
		f.textOrNull("address_id", other)
		write.addressID = other["address_id"]
		f.metadata(write.columns)
	})
	return write, shown, fault
}

// readAddress reads an address. Other fields are dropped.
func readAddress(f *bodyFields) row {
	columns := row{"address_1": f.text("address_1")}
	for _, name := range []string{"address_2", "company", "city"} {
		f.textOrNull(name, columns)
	}
	columns["country_code"] = f.text("country_code")
	for _, name := range []string{"phone", "postal_code", "province"} {
		f.textOrNull(name, columns)
	}
	f.metadata(columns)
	return columns
}

// createLocation is POST /admin/stock-locations.
func (s *Server) createLocation(r *http.Request) (effect, *problem) {
	write, shown, fault := readLocation(r, true)
	if fault != nil {
		return nil, fault
	}
	return s.changing(stockLocations, shown, func(t *tables) (string, *problem) {
		location := row{"metadata": nil}
		maps.Copy(location, write.columns)
		addressID, given := write.addressID.(string)
		switch {
		case write.address != nil:
			location["address_id"] = idOf(t.makeAddress(write.address))
		case given && !t.known("stock_location_address", addressID):
			return "", noSuchRelation("address_id", addressID)
		case given:
			location["address_id"] = addressID
		}
		return idOf(t.make("stock_location", "sloc", location)), nil
	}), nil
}

func (t *tables) makeAddress(columns row) row {
	address := row{
		"address_2": nil, "company": nil, "city": nil, "phone": nil, "postal_code": nil, "province": nil, "metadata": nil,
	}
	maps.Copy(address, columns)
	return t.make("stock_location_address", "laddr", address)
}

// updateLocation is POST /admin/stock-locations/:id. What the body leaves out
// stays, in the address too, whose write does not move the location's time. An
// address for a location that has none is made, and belongs to nothing.
func (s *Server) updateLocation(r *http.Request) (effect, *problem) {
	write, shown, fault := readLocation(r, false)
	if fault != nil {
		return nil, fault
	}
	id := r.PathValue("id")
	return s.changing(stockLocations, shown, func(t *tables) (string, *problem) {
		location := t.get("stock_location", id)
		if location == nil {
			return id, nil
		}
		if metadata, given := write.columns["metadata"]; given {
			write.columns["metadata"] = merged(location["metadata"], metadata)
		}
		t.change("stock_location", location, write.columns)
		address := t.get("stock_location_address", textOf(location, "address_id"))
		switch {
		case write.address == nil:
		case address == nil:
			t.makeAddress(write.address)
		default:
			t.change("stock_location_address", address, write.address)
		}
		return id, nil
	}), nil
}

// deleteStockLocation takes all along that was set up for the location, but
// neither levels nor reservations, nor links that are made later.
func (t *tables) deleteStockLocation(id string) *problem {
	location := t.get("stock_location", id)
	if location == nil {
		return nil
	}
	for _, set := range t.rightOf(locationSet, id) {
		for _, zone := range t.having("service_zone", "fulfillment_set_id", set) {
			for _, option := range t.having("shipping_option", "service_zone_id", idOf(zone)) {
				t.deleteShippingOption(idOf(option))
			}
		}
		t.deleteFulfillmentSet(set)
	}
	t.drop("stock_location_address", textOf(location, "address_id"))
	t.unlinkRight(channelLocation, id)
	t.unlinkLeft(locationSet, id)
	t.unlinkLeft(locationProvider, id)
	t.drop("stock_location", id)
	return nil
}

// relinkChannels is POST /admin/stock-locations/:id/sales-channels. Neither the
// location nor the channels need be there.
func (s *Server) relinkChannels(r *http.Request) (effect, *problem) {
	return s.relink(r, channelLocation, func(location, channel string) link { return link{channel, location} })
}

// relinkProviders is POST /admin/stock-locations/:id/fulfillment-providers.
// Neither the location nor the providers need be there.
func (s *Server) relinkProviders(r *http.Request) (effect, *problem) {
	return s.relink(r, locationProvider, func(location, provider string) link { return link{location, provider} })
}

func (s *Server) relink(r *http.Request, table string, to func(location, other string) link) (effect, *problem) {
	id := r.PathValue("id")
	var add, remove []link
	shown, fault := readWrite(r, func(f *bodyFields) {
		for _, each := range []struct {
			name  string
			links *[]link
		}{{"add", &add}, {"remove", &remove}} {
			others, _ := f.texts(each.name)
			for _, other := range others {
				*each.links = append(*each.links, to(id, other))
			}
		}
	})
	if fault != nil {
		return nil, fault
	}
	return s.changing(stockLocations, shown, func(t *tables) (string, *problem) {
		return id, t.relink(table, add, remove)
	}), nil
}

// createSetOfLocation is POST /admin/stock-locations/:id/fulfillment-sets. The
// location need not be there.
func (s *Server) createSetOfLocation(r *http.Request) (effect, *problem) {
	id := r.PathValue("id")
	set := row{"metadata": nil}
	shown, fault := readWrite(r, func(f *bodyFields) {
		set["name"] = f.text("name")
		set["type"] = f.text("type")
	})
	if fault != nil {
		return nil, fault
	}
	return s.changing(stockLocations, shown, func(t *tables) (string, *problem) {
		if name := textOf(set, "name"); len(t.having("fulfillment_set", "name", name)) > 0 {
			return "", alreadyExists("Fulfillment set", name)
		}
		t.link(locationSet, id, idOf(t.make("fulfillment_set", "fuset", set)))
		return id, nil
	}), nil
}
