package medusaclient

import (
	"context"
	"net/http"
	"net/url"
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
