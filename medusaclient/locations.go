package medusaclient

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// StockLocation is a place that holds stock.
type StockLocation struct {
	ID            string         `json:"id"`
	Name          string         `json:"name"`
	Address       *Address       `json:"address"`
	Metadata      Raw            `json:"metadata"`
	SalesChannels []SalesChannel `json:"sales_channels"`
	CreatedAt     *string        `json:"created_at"`
	UpdatedAt     *string        `json:"updated_at"`
}

// Address is where a stock location is.
type Address struct {
	Address1    *string `json:"address_1"`
	Address2    *string `json:"address_2"`
	Company     *string `json:"company"`
	City        *string `json:"city"`
	Province    *string `json:"province"`
	PostalCode  *string `json:"postal_code"`
	CountryCode *string `json:"country_code"`
	Phone       *string `json:"phone"`
}

// SalesChannel is a channel that a location serves.
type SalesChannel struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Medusa's default fields leave out address.company.
const stockLocationFields = "id,name,metadata,created_at,updated_at,*address,sales_channels.id,sales_channels.name"

// What a level shows of its location.
const levelStockLocationFields = "id,name,metadata,*address"

// StockLocations are the calls below /admin/stock-locations.
type StockLocations struct{ client *Client }

// StockLocationFilter narrows a list of stock locations.
type StockLocationFilter struct {
	Search         string // in name and address
	SalesChannelID string
}

type stockLocationsAnswer struct {
	StockLocations []StockLocation `json:"stock_locations"`
	Count          int             `json:"count"`
}

func (a *stockLocationsAnswer) whole() bool { return a.StockLocations != nil }

type stockLocationAnswer struct {
	StockLocation StockLocation `json:"stock_location"`
}

func (a *stockLocationAnswer) whole() bool { return a.StockLocation.ID != "" }

// List reads one page of the stock locations.
func (s *StockLocations) List(ctx context.Context, by Credential, filter StockLocationFilter, limit, offset int) (Page[StockLocation], error) {
	q := newQuery("/admin/stock-locations", stockLocationFields)
	q.page(limit, offset)
	q.search(filter.Search)
	q.add("sales_channel_id", filter.SalesChannelID)
	var answer stockLocationsAnswer
	err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/stock-locations", path: q.String(), credential: by}, &answer)
	return Page[StockLocation]{Rows: answer.StockLocations, Count: answer.Count}, err
}

// Get reads one stock location.
func (s *StockLocations) Get(ctx context.Context, by Credential, id string) (StockLocation, error) {
	q := newQuery("/admin/stock-locations/"+url.PathEscape(id), stockLocationFields)
	var answer stockLocationAnswer
	err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/stock-locations/:id", path: q.String(), credential: by}, &answer)
	return answer.StockLocation, err
}

// ListChannels reads id and sales channels of every location.
func (s *StockLocations) ListChannels(ctx context.Context, by Credential) ([]StockLocation, error) {
	return allPages(ctx, func(ctx context.Context, limit, offset int) (Page[StockLocation], error) {
		q := newQuery("/admin/stock-locations", "id,sales_channels.id,sales_channels.name")
		q.page(limit, offset)
		var answer stockLocationsAnswer
		err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/stock-locations", path: q.String(), credential: by}, &answer)
		return Page[StockLocation]{Rows: answer.StockLocations, Count: answer.Count}, err
	})
}

// ListByID reads id, name, address and metadata of many locations, in no promised
// order; unknown ids are left out.
func (s *StockLocations) ListByID(ctx context.Context, by Credential, ids []string) ([]StockLocation, error) {
	return byID(ctx, ids, func(ctx context.Context, ids []string) ([]StockLocation, error) {
		q := newQuery("/admin/stock-locations", levelStockLocationFields)
		q.page(len(ids), 0)
		q.addIDs(ids)
		var answer stockLocationsAnswer
		err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/stock-locations", path: q.String(), credential: by}, &answer)
		return answer.StockLocations, err
	})
}

// ListMadeSince reads id and metadata of the locations that were made since a
// time, which is the only way to find one by its metadata.
func (s *StockLocations) ListMadeSince(ctx context.Context, by Credential, since time.Time) ([]StockLocation, error) {
	return allPages(ctx, func(ctx context.Context, limit, offset int) (Page[StockLocation], error) {
		q := newQuery("/admin/stock-locations", "id,metadata")
		q.page(limit, offset)
		q.add("created_at[$gte]", since.UTC().Format(time.RFC3339Nano))
		var answer stockLocationsAnswer
		err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/stock-locations", path: q.String(), credential: by}, &answer)
		return Page[StockLocation]{Rows: answer.StockLocations, Count: answer.Count}, err
	})
}

// LocationWrite is what is written of a location; what is nil stays as it is. An
// address needs address_1 and country_code each time.
type LocationWrite struct {
	Name     *string       `json:"name,omitempty"`
	Address  *AddressWrite `json:"address,omitempty"`
	Metadata Raw           `json:"metadata,omitempty"`
}

// AddressWrite is what is written of an address; what is nil stays as it is.
type AddressWrite struct {
	Address1    *string `json:"address_1,omitempty"`
	Address2    *string `json:"address_2,omitempty"`
	Company     *string `json:"company,omitempty"`
	City        *string `json:"city,omitempty"`
	Province    *string `json:"province,omitempty"`
	PostalCode  *string `json:"postal_code,omitempty"`
	CountryCode *string `json:"country_code,omitempty"`
	Phone       *string `json:"phone,omitempty"`
}

// Create makes a location. Two may have the same name. For sendBy see
// UpdateLevels.
func (s *StockLocations) Create(ctx context.Context, by Credential, sendBy time.Time, location LocationWrite) (StockLocation, error) {
	q := newQuery("/admin/stock-locations", stockLocationFields)
	var answer stockLocationAnswer
	err := s.client.do(ctx, call{
		method: http.MethodPost, route: "/admin/stock-locations", path: q.String(), body: location, credential: by, sendBy: sendBy,
	}, &answer)
	return answer.StockLocation, err
}

// Update changes a location. Metadata is merged: a key with "" is deleted.
// Unknown ids are no error: Medusa's answer is empty, and so is the location.
func (s *StockLocations) Update(ctx context.Context, by Credential, id string, location LocationWrite) (StockLocation, error) {
	var answer stockLocationOrNothing
	err := s.client.do(ctx, s.post(id, "", stockLocationFields, by, time.Time{}, location), &answer)
	return answer.StockLocation, err
}

// Delete deletes a location with its address, fulfillment sets, service zones,
// shipping options and prices, but not with its levels and reservations. It
// succeeds also when there is none.
func (s *StockLocations) Delete(ctx context.Context, by Credential, id string) error {
	return s.client.do(ctx, call{
		method: http.MethodDelete, route: "/admin/stock-locations/:id", path: "/admin/stock-locations/" + url.PathEscape(id), credential: by,
	}, &deletedAnswer{})
}

// noLocation is an id that Medusa never gives.
const noLocation = "sloc_none"

// ConfirmDelete asks Medusa whether the credential may delete stock locations, by
// deleting one that cannot be. The error is Medusa's refusal, with status 401 or
// 403.
func (s *StockLocations) ConfirmDelete(ctx context.Context, by Credential) error {
	return s.Delete(ctx, by, noLocation)
}

// Links are the ids of things to be linked with a location, or no longer.
type Links struct {
	Add    []string `json:"add,omitempty"`
	Remove []string `json:"remove,omitempty"`
}

// LinkSalesChannels links a location with sales channels. Medusa asks neither
// whether the channels exist nor whether the location does. With a link to a
// location that does not, every cart of the channel fails.
func (s *StockLocations) LinkSalesChannels(ctx context.Context, by Credential, sendBy time.Time, id string, links Links) error {
	return s.client.do(ctx, s.post(id, "/sales-channels", "id", by, sendBy, links), &stockLocationOrNothing{})
}

// LinkProviders links a location with fulfillment providers. Medusa asks neither
// whether those exist nor whether the location does.
func (s *StockLocations) LinkProviders(ctx context.Context, by Credential, sendBy time.Time, id string, links Links) error {
	return s.client.do(ctx, s.post(id, "/fulfillment-providers", "id", by, sendBy, links), &stockLocationOrNothing{})
}

// CreateFulfillmentSet makes a fulfillment set of a location and returns it.
// Medusa answers 400 when a set of that name exists, at whatever location, and
// makes one that nobody can find when the location does not. For sendBy see
// UpdateLevels.
func (s *StockLocations) CreateFulfillmentSet(ctx context.Context, by Credential, sendBy time.Time, id, name, kind string) (FulfillmentSet, error) {
	answer := fulfillmentSetsAnswer{name: name}
	body := FulfillmentSet{Name: name, Type: kind}
	err := s.client.do(ctx, s.post(id, "/fulfillment-sets", fulfillmentSetsFields, by, sendBy, body), &answer)
	return answer.made(), err
}

func (s *StockLocations) post(id, below, fields string, by Credential, sendBy time.Time, body any) call {
	return call{
		method: http.MethodPost, route: "/admin/stock-locations/:id" + below, credential: by, sendBy: sendBy, body: body,
		path: newQuery("/admin/stock-locations/"+url.PathEscape(id)+below, fields).String(),
	}
}

// stockLocationOrNothing: Medusa answers 200 {} for a location that is not there.
type stockLocationOrNothing struct {
	StockLocation StockLocation `json:"stock_location"`
}

func (a *stockLocationOrNothing) whole() bool { return true }

type deletedAnswer struct {
	Deleted bool `json:"deleted"`
}

func (a *deletedAnswer) whole() bool { return a.Deleted }
