package bff

import (
	"context"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
)

// Availability says what there is of items at the locations that a visitor is shown.
// Of what is held no upstream call, else one for each 300 items and one for each 300
// variants; what others ask for at the same time goes together. To a shopper whom
// Medusa does not answer it says what was known last.
func (g *Gateway) Availability(ctx context.Context, v Visitor, query mapping.AvailabilityQuery) (*Answer, error) {
	answer, err := g.availability(ctx, v, query)
	if err != nil {
		return nil, errorOf(err, "")
	}
	return answerAsOf(answer.Staleness, answer)
}

// StoreAvailability is Availability for shoppers, as Medusa's storefront guide spells
// it.
func (g *Gateway) StoreAvailability(ctx context.Context, v Visitor, query mapping.AvailabilityQuery) (*Answer, error) {
	answer, err := g.availability(ctx, v, query)
	if err != nil {
		return nil, errorOf(err, "")
	}
	return answerAsOf(answer.Staleness, mapping.NewStoreAvailability(answer))
}

func (g *Gateway) availability(ctx context.Context, v Visitor, query mapping.AvailabilityQuery) (mapping.AvailabilityAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	addresses := make([]mapping.Address, len(query.Items))
	for i, item := range query.Items {
		addresses[i] = item.Address
	}
	scope, counted, err := g.countedFor(ctx, v, sight{query.SalesChannelID, query.Explain}, addresses)
	if err != nil {
		return mapping.AvailabilityAnswer{}, err
	}
	return mapping.NewAvailability(query, counted, scope, v.Language), nil
}

// ValidateCart says whether a cart can be bought from the locations that a visitor is
// shown. It costs what Availability does, and is answered as that is while Medusa does
// not answer.
func (g *Gateway) ValidateCart(ctx context.Context, v Visitor, query mapping.CartQuery) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	addresses := make([]mapping.Address, len(query.Lines))
	for i, line := range query.Lines {
		addresses[i].VariantID = line.VariantID
	}
	scope, counted, err := g.countedFor(ctx, v, sight{}, addresses)
	if err != nil {
		return nil, errorOf(err, "")
	}
	held, err := g.heldForCart(ctx, query.CartID)
	if err != nil {
		return nil, errorOf(err, "")
	}
	return answerAsOf(counted.Staleness, mapping.NewCartAnswer(query, counted, held, scope, v.Language))
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
