package bff

import (
	"context"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// Locations lists the stock locations. One upstream call.
func (g *Gateway) Locations(ctx context.Context, caller Caller, query mapping.LocationsQuery) (*Answer, error) {
	return g.held.answer(ctx, caller, caller.key("locations", query.Key()), func(ctx context.Context) (any, error) {
		locations, err := g.medusa.StockLocations.List(ctx, caller.Credential, medusaclient.StockLocationFilter{
			Search: query.Search, SalesChannelID: query.SalesChannelID,
		}, query.Page.Limit, query.Page.Offset)
		if err != nil {
			return nil, err
		}
		return mapping.NewLocationList(locations, query.Page), nil
	})
}

// Location reads one stock location. One upstream call.
func (g *Gateway) Location(ctx context.Context, caller Caller, id string, _ mapping.NoQuery) (*Answer, error) {
	if !mapping.IsID(id) {
		return nil, notFound(StockLocationNotFound, id)
	}
	return g.held.answer(ctx, caller, caller.key("location", id), func(ctx context.Context) (any, error) {
		location, err := g.medusa.StockLocations.Get(ctx, caller.Credential, id)
		if err != nil {
			return nil, errorOf(err, StockLocationNotFound, id)
		}
		return mapping.NewLocationDetail(location), nil
	})
}
