package medusatest

import "net/http"

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
		"sales_channels":   {target: "sales_channel", many: true, parentKey: "id", childKey: "id", of: channelsOf},
		"fulfillment_sets": none(""), "fulfillment_providers": none(""),
	},
}

var addressEntity = &entity{
	searched: []string{"address_1", "address_2", "city", "country_code", "province", "postal_code"},
}

var salesChannelEntity = &entity{
	searched: []string{"name", "description"},
	relations: map[string]relation{
		"stock_locations": {target: "stock_location", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			var locations []row // null for one that is linked but gone
			for _, id := range t.locationsOf[idOf(r)] {
				locations = append(locations, t.get("stock_location", id))
			}
			return locations
		}},
	},
}

// channelIDsOf are the sales channels of a product or a stock location.
func channelIDsOf(t *tables, r row) []string { return t.channelsOf[idOf(r)] }

func channelsOf(t *tables, r row) []row {
	var channels []row
	for _, id := range channelIDsOf(t, r) {
		channels = append(channels, one(t, "sales_channel", id)...)
	}
	return channels
}

var stockLocations = resource{
	entity: stockLocationEntity, table: "stock_location", singular: "stock_location", plural: "stock_locations",
	defaults: stockLocationDefaults, strict: true, limit: 20,
	params: listParams(append([]param{
		{"q", text}, {"id", textOrList}, {"name", textOrList}, {"address_id", textOrList},
	}, timeParams...), param{"sales_channel_id", textOrList}),
	missing: func(id string) string { return "Stock location with id: " + id + " was not found" },
	link:    &link{param: "sales_channel_id", ids: channelIDsOf},
}

var salesChannels = resource{
	entity: salesChannelEntity, table: "sales_channel", singular: "sales_channel", plural: "sales_channels",
	defaults: salesChannelDefaults, strict: true, limit: 20,
	params: listParams(append([]param{
		{"q", text}, {"id", textOrList}, {"name", textOrList}, {"description", text}, {"is_disabled", booleanText},
	}, timeParams...), param{"location_id", textOrList}),
	missing: func(id string) string { return "Sales channel with id: " + id + " not found" },
}

// listSalesChannels is GET /admin/sales-channels, whose filter by location
// Medusa cannot carry out.
func (s *Server) listSalesChannels(w http.ResponseWriter, r *http.Request, who caller) {
	if r.URL.Query().Has("location_id") {
		writeJSON(w, r, http.StatusInternalServerError, unknownError())
		return
	}
	s.list(salesChannels)(w, r, who)
}
