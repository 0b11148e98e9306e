package bff

import (
	"context"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
)

// Availability says what there is of items at the locations that a visitor is shown.
// Of what is held no upstream call, else one for each 300 items and one for each 300
// variants; what others ask for at the same time goes together.
func (g *Gateway) Availability(ctx context.Context, v Visitor, query mapping.AvailabilityQuery) (*Answer, error) {
	answer, err := g.availability(ctx, v, query)
	if err != nil {
		return nil, errorOf(err, "")
	}
	return freshAnswer(answer)
}

// StoreAvailability is Availability for shoppers, as Medusa's storefront guide spells
// it.
func (g *Gateway) StoreAvailability(ctx context.Context, v Visitor, query mapping.AvailabilityQuery) (*Answer, error) {
	answer, err := g.availability(ctx, v, query)
	if err != nil {
		return nil, errorOf(err, "")
	}
	return freshAnswer(mapping.NewStoreAvailability(answer))
}

func (g *Gateway) availability(ctx context.Context, v Visitor, query mapping.AvailabilityQuery) (mapping.AvailabilityAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	scope, err := g.scopeOf(ctx, v, query.SalesChannelID, query.Explain)
	if err != nil {
		return mapping.AvailabilityAnswer{}, err
	}
	addresses := make([]mapping.Address, len(query.Items))
	for i, item := range query.Items {
		addresses[i] = item.Address
	}
	counted, err := g.counts.of(ctx, addresses)
	if err != nil {
		return mapping.AvailabilityAnswer{}, err
	}
	return mapping.NewAvailability(query, counted, scope, v.Language), nil
}

// ValidateCart says whether a cart can be bought from the locations that a visitor is
// shown. It costs what Availability does.
func (g *Gateway) ValidateCart(ctx context.Context, v Visitor, query mapping.CartQuery) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	scope, err := g.scopeOf(ctx, v, "", false)
	if err != nil {
		return nil, errorOf(err, "")
	}
	addresses := make([]mapping.Address, len(query.Lines))
	for i, line := range query.Lines {
		addresses[i].VariantID = line.VariantID
	}
	held, err := g.heldForCart(ctx, query.CartID)
	if err != nil {
		return nil, errorOf(err, "")
	}
	counted, err := g.counts.of(ctx, addresses)
	if err != nil {
		return nil, errorOf(err, "")
	}
	return freshAnswer(mapping.NewCartAnswer(query, counted, held, scope, v.Language))
}

// heldForCart is what is reserved for a cart, which is no obstacle to it.
func (g *Gateway) heldForCart(ctx context.Context, cartID string) (map[mapping.LevelID]mapping.Quantity, error) {
	held := map[mapping.LevelID]mapping.Quantity{}
	if cartID == "" {
		return held, nil
	}
	holds, err := g.store.HoldsOfCart(ctx, cartID)
	for _, hold := range holds {
		for _, line := range hold.Lines {
			if line.Stage == state.Held {
				level := mapping.LevelID{InventoryItemID: line.InventoryItemID, LocationID: line.LocationID}
				held[level] = held[level].Add(line.Quantity)
			}
		}
	}
	return held, err
}
