package bff

import (
	"cmp"
	"context"
	"net/http"

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

// CreateLocation makes a location, and not a second one when its answer is lost.
// One upstream call.
func (g *Gateway) CreateLocation(ctx context.Context, w Write, asked mapping.LocationChange) (*WriteAnswer, error) {
	return g.writeAsCaller(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		run, err := g.beginSetup(ctx, try, setupPlan{Name: *asked.Name})
		if err != nil {
			return result{}, err
		}
		return run.carryOut(ctx, func(ctx context.Context) (any, error) {
			location, err := run.makeLocation(ctx, medusaclient.LocationWrite(asked))
			return mapping.NewLocationDetail(location), err
		})
	})
}

// ChangeLocation changes what is asked of a location. One upstream call, and one
// to read the address that is changed.
func (g *Gateway) ChangeLocation(ctx context.Context, w Write, id string, asked mapping.LocationChange) (*WriteAnswer, error) {
	if !mapping.IsID(id) {
		return nil, notFound(StockLocationNotFound, id)
	}
	return g.writeAsCaller(ctx, w, func(ctx context.Context, try *attempt) (result, error) {
		if asked.Address != nil {
			if err := g.completeAddress(ctx, w.Credential, id, asked.Address); err != nil {
				return result{}, err
			}
		}
		if err := g.take(ctx, try); err != nil {
			return result{}, err
		}
		defer g.changed(ctx, answersChanged)
		location, err := g.medusa.StockLocations.Update(context.WithoutCancel(ctx), w.Credential, id, medusaclient.LocationWrite(asked))
		if err == nil && location.ID == "" {
			err = notFound(StockLocationNotFound, id)
		}
		if err != nil {
			return result{}, err
		}
		return result{status: http.StatusOK, body: mapping.NewLocationDetail(location), changed: true}, nil
	})
}

// completeAddress adds what Medusa wants to be sent with every change of an
// address. A location that was made without one can never get one: Medusa says
// 200 and loses it.
func (g *Gateway) completeAddress(ctx context.Context, by medusaclient.Credential, id string, address *medusaclient.AddressWrite) error {
	location, err := g.medusa.StockLocations.Get(ctx, by, id)
	if err != nil {
		return errorOf(err, StockLocationNotFound, id)
	}
	if location.Address == nil {
		return invalid(mapping.Fault{Pointer: "/address", Code: "ADDRESS_CANNOT_BE_ADDED"})
	}
	address.Address1 = cmp.Or(address.Address1, location.Address.Address1)
	address.CountryCode = cmp.Or(address.CountryCode, location.Address.CountryCode)
	return nil
}
