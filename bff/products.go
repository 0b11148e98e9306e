package bff

import (
	"context"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// ProductWithInventory reads a product with all its stock. One upstream call,
// however many variants and locations there are.
func (g *Gateway) ProductWithInventory(ctx context.Context, caller Caller, id string, query mapping.ProductQuery) (*Answer, error) {
	if !mapping.IsID(id) {
		return nil, notFound(ProductNotFound, id)
	}
	return g.held.answer(ctx, caller, caller.key("product", id, query.CurrencyCode), func(ctx context.Context) (any, error) {
		currency, err := g.currency.or(ctx, query.CurrencyCode)
		if err != nil {
			return nil, err
		}
		product, err := g.medusa.Products.Get(ctx, caller.Credential, id)
		if err != nil {
			return nil, errorOf(err, ProductNotFound, id)
		}
		return mapping.NewProductWithInventory(product, currency, caller.Language), nil
	})
}

// ProductsWithInventory lists products with all their stock. One upstream call.
func (g *Gateway) ProductsWithInventory(ctx context.Context, caller Caller, query mapping.ProductsQuery) (*Answer, error) {
	return g.held.answer(ctx, caller, caller.key("products", query.Key()), func(ctx context.Context) (any, error) {
		currency, err := g.currency.or(ctx, query.CurrencyCode)
		if err != nil {
			return nil, err
		}
		products, err := g.medusa.Products.List(ctx, caller.Credential, medusaclient.ProductFilter{
			IDs: query.IDs, Search: query.Search,
		}, query.Page.Limit, query.Page.Offset)
		if err != nil {
			return nil, err
		}
		return mapping.NewProductList(products, currency, query.Page, caller.Language), nil
	})
}

// ProductStock reads the stock of a product as flat rows. One upstream call.
func (g *Gateway) ProductStock(ctx context.Context, caller Caller, id string, _ mapping.NoQuery) (*Answer, error) {
	if !mapping.IsID(id) {
		return nil, notFound(ProductNotFound, id)
	}
	return g.held.answer(ctx, caller, caller.key("product stock", id), func(ctx context.Context) (any, error) {
		product, err := g.medusa.Products.Get(ctx, caller.Credential, id)
		if err != nil {
			return nil, errorOf(err, ProductNotFound, id)
		}
		return mapping.NewProductStock(product, caller.Language), nil
	})
}
