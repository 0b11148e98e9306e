package medusaclient

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// FulfillmentSet is a way in which a location hands goods over.
type FulfillmentSet struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	Type string `json:"type"` // pickup or shipping
}

// ServiceZone is where the goods of a fulfillment set go.
type ServiceZone struct {
	ID       string    `json:"id,omitempty"`
	Name     string    `json:"name"`
	GeoZones []GeoZone `json:"geo_zones"`
}

// GeoZone is a part of a service zone. Medusa compares a country code with that
// of a cart's address letter by letter, and has those in lower case.
type GeoZone struct {
	ID          string `json:"id,omitempty"`
	Type        string `json:"type"`
	CountryCode string `json:"country_code"`
}

// ShippingOption is an offer to shoppers, at one price whatever they buy.
type ShippingOption struct {
	ID         string               `json:"id,omitempty"`
	Name       string               `json:"name"`
	ZoneID     string               `json:"service_zone_id"`
	ProfileID  string               `json:"shipping_profile_id"`
	ProviderID string               `json:"provider_id"`
	PriceType  string               `json:"price_type"`
	TypeID     string               `json:"type_id,omitempty"`
	Type       *ShippingOptionType  `json:"type,omitempty"` // made along, in place of TypeID
	Prices     []OptionPrice        `json:"prices"`
	Rules      []ShippingOptionRule `json:"rules"`
	Metadata   Raw                  `json:"metadata,omitempty"`
}

// ShippingOptionType is a kind of shipping option. Deleting an option leaves it.
type ShippingOptionType struct {
	ID          string `json:"id,omitempty"`
	Label       string `json:"label"`
	Description string `json:"description"`
	Code        string `json:"code"`
}

// OptionPrice is what an option costs in a currency.
type OptionPrice struct {
	CurrencyCode string `json:"currency_code"` // lower case
	Amount       Number `json:"amount"`
}

// ShippingOptionRule says when an option is offered.
type ShippingOptionRule struct {
	Attribute string `json:"attribute"`
	Operator  string `json:"operator"`
	Value     string `json:"value"`
}

// ShippingProfile is a kind of goods by how they are sent.
type ShippingProfile struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// FulfillmentProvider is who hands goods over.
type FulfillmentProvider struct {
	ID string `json:"id"`
}

const (
	fulfillmentSetsFields = "id,fulfillment_sets.id,fulfillment_sets.name,fulfillment_sets.type"

	serviceZonesFields = "id,service_zones.id,service_zones.name," +
		"service_zones.geo_zones.id,service_zones.geo_zones.type,service_zones.geo_zones.country_code"

	shippingOptionFields = "id,name,service_zone_id,shipping_profile_id,provider_id,price_type,metadata," +
		"type.id,type.label,type.description,type.code,prices.amount,prices.currency_code"
)

type fulfillmentSetsAnswer struct {
	StockLocation struct {
		FulfillmentSets []FulfillmentSet `json:"fulfillment_sets"`
	} `json:"stock_location"`
	name string
}

func (a *fulfillmentSetsAnswer) whole() bool { return a.made().ID != "" }

func (a *fulfillmentSetsAnswer) made() (set FulfillmentSet) {
	sets := a.StockLocation.FulfillmentSets
	if i := slices.IndexFunc(sets, func(set FulfillmentSet) bool { return set.Name == a.name }); i >= 0 {
		set = sets[i]
	}
	return set
}

// Fulfillment are the calls about how goods are handed over.
type Fulfillment struct{ client *Client }

type serviceZonesAnswer struct {
	FulfillmentSet struct {
		ServiceZones []ServiceZone `json:"service_zones"`
	} `json:"fulfillment_set"`
	name string
}

func (a *serviceZonesAnswer) whole() bool { return a.made().ID != "" }

func (a *serviceZonesAnswer) made() (zone ServiceZone) {
	zones := a.FulfillmentSet.ServiceZones
	if i := slices.IndexFunc(zones, func(zone ServiceZone) bool { return zone.Name == a.name }); i >= 0 {
		zone = zones[i]
	}
	return zone
}

// CreateServiceZone makes a service zone of a fulfillment set and returns it.
// Medusa answers 400 when a zone of that name exists, in whatever set, and makes
// one that nobody can find when the set is deleted. For sendBy see UpdateLevels.
func (f *Fulfillment) CreateServiceZone(ctx context.Context, by Credential, sendBy time.Time, setID string, zone ServiceZone) (ServiceZone, error) {
	answer := serviceZonesAnswer{name: zone.Name}
	err := f.client.do(ctx, call{
		method: http.MethodPost, route: "/admin/fulfillment-sets/:id/service-zones", credential: by, sendBy: sendBy, body: zone,
		path: newQuery("/admin/fulfillment-sets/"+url.PathEscape(setID)+"/service-zones", serviceZonesFields).String(),
	}, &answer)
	return answer.made(), err
}

type shippingOptionAnswer struct {
	ShippingOption ShippingOption `json:"shipping_option"`
}

func (a *shippingOptionAnswer) whole() bool { return a.ShippingOption.ID != "" }

// CreateShippingOption makes a shipping option and returns it without its rules.
// Medusa answers 400 when the provider is not linked with the zone's location,
// also when there is no such zone. For sendBy see UpdateLevels.
func (f *Fulfillment) CreateShippingOption(ctx context.Context, by Credential, sendBy time.Time, option ShippingOption) (ShippingOption, error) {
	var answer shippingOptionAnswer
	err := f.client.do(ctx, call{
		method: http.MethodPost, route: "/admin/shipping-options", credential: by, sendBy: sendBy, body: option,
		path: newQuery("/admin/shipping-options", shippingOptionFields).String(),
	}, &answer)
	return answer.ShippingOption, err
}

type shippingOptionTypesAnswer struct {
	ShippingOptionTypes []ShippingOptionType `json:"shipping_option_types"`
}

func (a *shippingOptionTypesAnswer) whole() bool { return a.ShippingOptionTypes != nil }

// ListOptionTypes reads the types of shipping options with a code, the oldest
// first.
func (f *Fulfillment) ListOptionTypes(ctx context.Context, by Credential, code string) ([]ShippingOptionType, error) {
	q := newQuery("/admin/shipping-option-types", "id,label,description,code")
	q.page(pageSize, 0)
	q.add("code", code)
	var answer shippingOptionTypesAnswer
	err := f.client.do(ctx, call{method: http.MethodGet, route: "/admin/shipping-option-types", path: q.String(), credential: by}, &answer)
	return answer.ShippingOptionTypes, err
}

type shippingProfilesAnswer struct {
	ShippingProfiles []ShippingProfile `json:"shipping_profiles"`
}

func (a *shippingProfilesAnswer) whole() bool { return a.ShippingProfiles != nil }

// FindProfile reads the shipping profile with an id, or without one the default
// one. It returns nil where there is none.
func (f *Fulfillment) FindProfile(ctx context.Context, by Credential, id string) (*ShippingProfile, error) {
	q := newQuery("/admin/shipping-profiles", "id,type")
	q.page(1, 0)
	if id == "" {
		q.add("type", "default")
	} else {
		q.addIDs([]string{id})
	}
	var answer shippingProfilesAnswer
	err := f.client.do(ctx, call{method: http.MethodGet, route: "/admin/shipping-profiles", path: q.String(), credential: by}, &answer)
	if err != nil || len(answer.ShippingProfiles) == 0 {
		return nil, err
	}
	return &answer.ShippingProfiles[0], nil
}

type fulfillmentProvidersAnswer struct {
	FulfillmentProviders []FulfillmentProvider `json:"fulfillment_providers"`
}

func (a *fulfillmentProvidersAnswer) whole() bool { return a.FulfillmentProviders != nil }

// ListProviders reads the fulfillment providers that are enabled.
func (f *Fulfillment) ListProviders(ctx context.Context, by Credential) ([]FulfillmentProvider, error) {
	q := newQuery("/admin/fulfillment-providers", "id")
	q.page(pageSize, 0)
	q.add("is_enabled", "true")
	var answer fulfillmentProvidersAnswer
	err := f.client.do(ctx, call{method: http.MethodGet, route: "/admin/fulfillment-providers", path: q.String(), credential: by}, &answer)
	return answer.FulfillmentProviders, err
}
