package medusatest

import (
	"maps"
	"net/http"
	"strings"
)

// manualProvider is the one fulfilment provider.
const manualProvider = "manual_manual"

var fulfillmentSetEntity = &entity{
	relations: map[string]relation{
		"location": {target: "stock_location", parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			return t.all("stock_location", t.leftOf(locationSet, idOf(r)))
		}},
		"service_zones": {target: "service_zone", many: true, parentKey: "id", back: "fulfillment_set", of: func(t *tables, r row) []row {
			return t.having("service_zone", "fulfillment_set_id", r["id"])
		}},
	},
}

var serviceZoneEntity = &entity{
	relations: map[string]relation{
		"fulfillment_set": {target: "fulfillment_set", parentKey: "fulfillment_set_id", childKey: "id", foreignKey: "fulfillment_set_id", back: "service_zones", of: func(t *tables, r row) []row {
			return one(t, "fulfillment_set", r["fulfillment_set_id"])
		}},
		"geo_zones": {target: "geo_zone", many: true, parentKey: "id", childKey: "id", back: "service_zone", of: func(t *tables, r row) []row {
			return t.having("geo_zone", "service_zone_id", r["id"])
		}},
		"shipping_options": {target: "shipping_option", many: true, parentKey: "id", back: "service_zone", of: func(t *tables, r row) []row {
			return t.having("shipping_option", "service_zone_id", r["id"])
		}},
	},
}

var geoZoneEntity = &entity{
	relations: map[string]relation{
		"service_zone": {target: "service_zone", foreignKey: "service_zone_id", back: "geo_zones", of: func(t *tables, r row) []row {
			return one(t, "service_zone", r["service_zone_id"])
		}},
	},
}

var shippingOptionEntity = &entity{
	searched: []string{"name"},
	relations: map[string]relation{
		"service_zone": {target: "service_zone", parentKey: "service_zone_id", childKey: "id", foreignKey: "service_zone_id", back: "shipping_options", of: func(t *tables, r row) []row {
			return one(t, "service_zone", r["service_zone_id"])
		}},
		"shipping_profile": {target: "shipping_profile", parentKey: "shipping_profile_id", childKey: "id", foreignKey: "shipping_profile_id", of: func(t *tables, r row) []row {
			return one(t, "shipping_profile", r["shipping_profile_id"])
		}},
		"provider": {target: "fulfillment_provider", foreignKey: "provider_id", of: func(t *tables, r row) []row {
			return one(t, "fulfillment_provider", r["provider_id"])
		}},
		"type": {target: "shipping_option_type", foreignKey: "shipping_option_type_id", of: func(t *tables, r row) []row {
			return one(t, "shipping_option_type", r["shipping_option_type_id"])
		}},
		"rules": {target: "shipping_option_rule", many: true, of: func(t *tables, r row) []row {
			return t.having("shipping_option_rule", "shipping_option_id", r["id"])
		}},
		"prices": {target: "price", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			var prices []row
			for _, set := range t.rightOf(optionPriceSet, idOf(r)) {
				prices = append(prices, t.having("price", "price_set_id", set)...)
			}
			return prices
		}},
	},
}

var optionTypeEntity = &entity{searched: []string{"label", "description", "code"}}

var fulfillmentSets = resource{
	entity: fulfillmentSetEntity, table: "fulfillment_set", singular: "fulfillment_set",
	defaults: []string{"id", "name", "type", "created_at", "updated_at", "deleted_at", "*service_zones", "*service_zones.geo_zones"},
}

var shippingOptions = resource{
	entity: shippingOptionEntity, table: "shipping_option", singular: "shipping_option", plural: "shipping_options",
	defaults: []string{
		"id", "name", "price_type", "data", "provider_id", "metadata", "created_at", "updated_at", "*rules", "*type",
		"*prices", "*prices.price_rules", "*service_zone", "*shipping_profile", "*provider",
	},
	params: plainListParams(append([]param{
		{"id", textOrList},
		{"q", text},
		{"service_zone_id", textOrList},
		{"shipping_profile_id", textOrList},
		{"provider_id", textOrList},
		{"stock_location_id", textOrList},
		{"is_return", booleanText},
		{"admin_only", booleanText},
		{"shipping_option_type_id", textOrList},
	}, timeParams...)...),
	strict: true, limit: 20,
	missing: func(id string) string { return "Shipping Option with id: " + id + " not found" },
	linked: &linkFilter{param: "stock_location_id", ids: func(t *tables, r row) []string {
		zone := t.get("service_zone", textOf(r, "service_zone_id"))
		return t.leftOf(locationSet, textOf(zone, "fulfillment_set_id"))
	}},
	broken: []string{"is_return", "admin_only"},
}

var optionTypes = resource{
	entity: optionTypeEntity, table: "shipping_option_type", singular: "shipping_option_type", plural: "shipping_option_types",
	defaults: []string{"id", "label", "code", "description", "created_at", "updated_at"},
	params: listParams(append([]param{
		{"q", text}, {"id", textOrList}, {"label", textOrList}, {"code", textOrList}, {"description", textOrList},
	}, timeParams...)),
	strict: true, limit: 10,
}

var shippingProfiles = resource{
	entity: &entity{}, table: "shipping_profile", singular: "shipping_profile", plural: "shipping_profiles",
	defaults: []string{"id", "name", "type", "metadata", "created_at", "updated_at"},
	params: listParams(append([]param{
		{"id", textOrList}, {"q", text}, {"type", text}, {"name", text},
	}, timeParams...)),
	strict: true, limit: 20,
}

var fulfillmentProviders = resource{
	entity: &entity{}, table: "fulfillment_provider", plural: "fulfillment_providers",
	defaults: []string{"id", "is_enabled"},
	params: plainListParams(
		param{"id", textOrList}, param{"stock_location_id", textOrList}, param{"is_enabled", booleanText}, param{"q", text},
	),
	strict: true, limit: 50,
	linked: &linkFilter{param: "stock_location_id", ids: func(t *tables, r row) []string {
		return t.leftOf(locationProvider, idOf(r))
	}},
}

func (t *tables) putShippingProfile(profile ShippingProfile) {
	t.put("shipping_profile", row{"id": profile.ID, "name": profile.Name, "type": profile.Type, "metadata": nil})
}

// deleteFulfillmentSet takes its zones and their options along, but leaves the
// options' prices.
func (t *tables) deleteFulfillmentSet(id string) *problem {
	if t.get("fulfillment_set", id) == nil {
		return nil
	}
	for _, zone := range t.having("service_zone", "fulfillment_set_id", id) {
		t.deleteServiceZone(idOf(zone))
	}
	t.unlinkRight(locationSet, id)
	t.drop("fulfillment_set", id)
	return nil
}

// deleteServiceZone takes its options along, but leaves their prices.
func (t *tables) deleteServiceZone(id string) {
	for _, geoZone := range t.having("geo_zone", "service_zone_id", id) {
		t.drop("geo_zone", idOf(geoZone))
	}
	for _, option := range t.having("shipping_option", "service_zone_id", id) {
		t.dropShippingOption(idOf(option))
	}
	t.drop("service_zone", id)
}

func (t *tables) dropShippingOption(id string) {
	for _, rule := range t.having("shipping_option_rule", "shipping_option_id", id) {
		t.drop("shipping_option_rule", idOf(rule))
	}
	t.drop("shipping_option", id)
}

// deleteShippingOption takes its prices along, but leaves its type.
func (t *tables) deleteShippingOption(id string) *problem {
	if t.get("shipping_option", id) == nil {
		return nil
	}
	for _, set := range t.rightOf(optionPriceSet, id) {
		for _, price := range t.having("price", "price_set_id", set) {
			t.drop("price", idOf(price))
		}
		t.drop("price_set", set)
	}
	t.unlinkLeft(optionPriceSet, id)
	t.dropShippingOption(id)
	return nil
}

// deleteOptionType refuses while an option is of the type.
func (t *tables) deleteOptionType(id string) *problem {
	if len(t.having("shipping_option", "shipping_option_type_id", id)) > 0 {
		return invalidData("Cannot delete shipping option type because some shipping options are using it.")
	}
	t.drop("shipping_option_type", id)
	return nil
}

// createZone is POST /admin/fulfillment-sets/:id/service-zones. The set must
// have been there once.
func (s *Server) createZone(r *http.Request) (effect, *problem) {
	id := r.PathValue("id")
	zone := row{"fulfillment_set_id": id, "metadata": nil}
	var geoZones []row
	shown, fault := readWrite(r, func(f *bodyFields) {
		zone["name"] = f.text("name")
		f.objects("geo_zones", func(one *bodyFields) { geoZones = append(geoZones, readGeoZone(one)) })
	})
	if fault != nil {
		return nil, fault
	}
	return s.changing(fulfillmentSets, shown, func(t *tables) (string, *problem) {
		if name := textOf(zone, "name"); len(t.having("service_zone", "name", name)) > 0 {
			return "", alreadyExists("Service zone", name)
		}
		if !t.known("fulfillment_set", id) {
			return "", noSuchRelation("fulfillment_set_id", id)
		}
		zoneID := idOf(t.make("service_zone", "serzo", zone))
		for _, geoZone := range geoZones {
			geoZone["service_zone_id"] = zoneID
			t.make("geo_zone", "fgz", geoZone)
		}
		return id, nil
	}), nil
}

// partsOf are the texts that a geo zone of a type has beside its country.
var partsOf = map[string][]string{
	"country": nil, "province": {"province_code"}, "city": {"province_code", "city"}, "zip": {"province_code", "city"},
}

// readGeoZone reads a geo zone, and drops what its type does not have. What is
// wrong with it Medusa tells of a country, whatever its type.
func readGeoZone(f *bodyFields) row {
	zone := row{"province_code": nil, "city": nil, "postal_expression": nil, "metadata": nil}
	before := len(*f.faults)
	zone["country_code"] = f.text("country_code")
	f.metadata(zone)
	if len(*f.faults) > before {
		*f.faults = (*f.faults)[:before+1]
		return zone
	}
	kind, _ := f.values["type"].(string)
	parts, known := partsOf[kind]
	for _, name := range parts {
		part, isText := f.values[name].(string)
		zone[name] = part
		known = known && isText
	}
	if kind == "zip" {
		expression, is := f.values["postal_expression"].(map[string]any)
		zone["postal_expression"] = expression
		known = known && is
	}
	if !known {
		f.fault("Field '" + joinPath(f.path, "type") + "' is required")
	}
	zone["type"] = kind
	return zone
}

// deleteZone is DELETE /admin/fulfillment-sets/:id/service-zones/:zone_id, which
// answers the set as it was.
func (s *Server) deleteZone(r *http.Request) (effect, *problem) {
	if _, fault := readQuery(r, selectParams(), true); fault != nil {
		return nil, fault
	}
	id, zoneID := r.PathValue("id"), r.PathValue("zone_id")
	set := s.show(fulfillmentSets, id, map[string]any{"fields": "+metadata,-service_zones.geo_zones"})
	if set == nil {
		return nil, notFound("FulfillmentSet with id: " + id + " was not found")
	}
	s.mu.RLock()
	zone := s.tables.get("service_zone", zoneID)
	s.mu.RUnlock()
	if zone == nil || zone["fulfillment_set_id"] != id {
		return nil, notFound("Service zone with id: " + zoneID + " not found on fulfillment set")
	}
	return func() (any, *problem) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tables.deleteServiceZone(zoneID)
		return row{"id": zoneID, "object": "service_zone", "deleted": true, "parent": set}, nil
	}, nil
}

// createOptionType is POST /admin/shipping-option-types.
func (s *Server) createOptionType(r *http.Request) (effect, *problem) {
	var kind row
	shown, fault := readWrite(r, func(f *bodyFields) {
		kind = row{"label": f.text("label"), "code": f.text("code"), "description": nil}
		if description, given := f.optionalText("description"); given {
			kind["description"] = description
		}
	})
	if fault != nil {
		return nil, fault
	}
	return s.changing(optionTypes, shown, func(t *tables) (string, *problem) {
		return idOf(t.make("shipping_option_type", "sotype", kind)), nil
	}), nil
}

// optionWrite is the body that makes a shipping option.
type optionWrite struct {
	columns       row
	kind          row // nil when typeID names one
	typeID        string
	prices, rules []row
	regions       []string
}

func (o *optionWrite) read(f *bodyFields) {
	o.columns = row{"data": nil, "metadata": nil}
	for _, name := range []string{"name", "service_zone_id", "shipping_profile_id"} {
		o.columns[name] = f.text(name)
	}
	f.object("data", o.columns)
	o.columns["price_type"] = f.word("price_type", "calculated", "flat")
	o.columns["provider_id"] = f.text("provider_id")
	hasType := f.nested("type", func(inner *bodyFields) {
		o.kind = row{"label": inner.text("label"), "description": nil}
		if description, given := inner.optionalText("description"); given {
			o.kind["description"] = description
		}
		o.kind["code"] = inner.text("code")
		inner.strict()
	})
	typeID, hasID := f.optionalText("type_id")
	o.typeID = typeID
	f.listOf("prices", true, o.readPrice)
	f.objects("rules", o.readRule)
	f.object("metadata", o.columns)
	if len(*f.faults) == 0 && len(f.unknown()) == 0 && hasType == hasID {
		f.fault("Exactly one of 'type' or 'type_id' must be provided, but not both")
	}
}

// readPrice reads a price in a currency or for a region. What is wrong with it
// Medusa tells of one in a currency first.
func (o *optionWrite) readPrice(f *bodyFields) {
	currency, inCurrency := f.values["currency_code"].(string)
	region, inRegion := f.values["region_id"].(string)
	amount, given := f.values["amount"].(float64)
	missing := func(name string) { f.fault("Field '" + joinPath(f.path, name) + "' is required") }
	switch {
	case given && inCurrency != inRegion && len(f.values) == 2:
	case !inCurrency:
		missing("currency_code")
	case !given:
		missing("amount")
	case !inRegion:
		missing("region_id")
	default:
		f.fault("Invalid input")
	}
	if inRegion {
		o.regions = append(o.regions, region)
	}
	price := row{
		"title": nil, "currency_code": strings.ToLower(currency), "rules_count": 0.0, "price_list_id": nil,
		"raw_min_quantity": nil, "raw_max_quantity": nil, "min_quantity": nil, "max_quantity": nil,
	}
	setQuantity(price, "amount", amount)
	o.prices = append(o.prices, price)
}

func (o *optionWrite) readRule(f *bodyFields) {
	rule := row{"operator": f.word("operator", "in", "eq", "ne", "gt", "gte", "lt", "lte", "nin"), "attribute": f.text("attribute")}
	if _, isList := f.values["value"].([]any); isList {
		words, _ := f.texts("value")
		rule["value"] = texts(words)
	} else {
		rule["value"] = f.text("value")
	}
	f.strict()
	o.rules = append(o.rules, rule)
}

// createOption is POST /admin/shipping-options. The provider must be linked to
// the location of the zone; profile and type must have been there once.
func (s *Server) createOption(r *http.Request) (effect, *problem) {
	var option optionWrite
	shown, fault := readWrite(r, option.read)
	if fault != nil {
		return nil, fault
	}
	return s.changing(shippingOptions, shown, func(t *tables) (string, *problem) {
		if fault := t.refuseOption(option); fault != nil {
			return "", fault
		}
		return t.makeOption(option), nil
	}), nil
}

func (t *tables) refuseOption(option optionWrite) *problem {
	provider, profile := textOf(option.columns, "provider_id"), textOf(option.columns, "shipping_profile_id")
	switch {
	case !t.serves(provider, textOf(option.columns, "service_zone_id")):
		return notAllowed("Providers (" + provider + ") are not enabled for the service location")
	case option.columns["price_type"] == "calculated":
		return invalidData("Cannot calcuate pricing for: [" + textOf(option.columns, "name") + "] shipping option(s).")
	case len(option.regions) > 0:
		return invalidData("Cannot create prices for non-existent regions. Region with ids [" + strings.Join(option.regions, ", ") + "] were not found.")
	case !t.known("shipping_profile", profile):
		return noSuchRelation("shipping_profile_id", profile)
	case option.kind == nil && !t.known("shipping_option_type", option.typeID):
		return noSuchRelation("shipping_option_type_id", option.typeID)
	}
	return nil
}

// serves tells whether a provider that is there is linked to the location of a
// zone.
func (t *tables) serves(provider, zoneID string) bool {
	set := textOf(t.get("service_zone", zoneID), "fulfillment_set_id")
	for _, location := range t.leftOf(locationSet, set) {
		for _, each := range t.rightOf(locationProvider, location) {
			if each == provider && t.get("stock_location", location) != nil && t.get("fulfillment_provider", each) != nil {
				return true
			}
		}
	}
	return false
}

func (t *tables) makeOption(write optionWrite) string {
	option := maps.Clone(write.columns)
	option["shipping_option_type_id"] = write.typeID
	if write.kind != nil {
		option["shipping_option_type_id"] = idOf(t.make("shipping_option_type", "sotype", write.kind))
	}
	id := idOf(t.make("shipping_option", "so", option))
	for _, rule := range write.rules {
		rule["shipping_option_id"] = id
		t.make("shipping_option_rule", "sorul", rule)
	}
	priceSet := idOf(t.make("price_set", "pset", row{}))
	t.link(optionPriceSet, id, priceSet)
	for _, price := range write.prices {
		price["price_set_id"] = priceSet
		t.make("price", "price", price)
	}
	return id
}
