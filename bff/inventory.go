package bff

import (
	"context"
	"strings"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// Inventory lists inventory items with their levels. One upstream call.
func (g *Gateway) Inventory(ctx context.Context, caller Caller, query mapping.InventoryQuery) (*Answer, error) {
	return g.held.answer(ctx, caller, caller.key("inventory", query.Key()), func(ctx context.Context) (any, error) {
		items, err := g.medusa.InventoryItems.List(ctx, caller.Credential, medusaclient.InventoryItemFilter{
			IDs: query.IDs, SKUs: query.SKUs, LocationID: query.LocationID, Search: query.Search,
		}, query.Page.Limit, query.Page.Offset)
		if err != nil {
			return nil, err
		}
		return mapping.NewInventoryList(items, query.LocationID, query.Page, caller.Language), nil
	})
}

// InventoryItem reads one inventory item by its own id or by the id of the
// variant that holds it. One upstream call.
func (g *Gateway) InventoryItem(ctx context.Context, caller Caller, id string, _ mapping.NoQuery) (*Answer, error) {
	if !mapping.IsID(id) {
		return nil, notFound(InventoryItemNotFound, id)
	}
	return g.held.answer(ctx, caller, caller.key("inventory item", id), func(ctx context.Context) (any, error) {
		item, err := g.inventoryItem(ctx, caller, id)
		if err != nil {
			return nil, err
		}
		return mapping.NewInventoryDetail(item, caller.Language), nil
	})
}

func (g *Gateway) inventoryItem(ctx context.Context, caller Caller, id string) (medusaclient.InventoryItem, error) {
	if !strings.HasPrefix(id, medusaclient.VariantIDPrefix) {
		item, err := g.medusa.InventoryItems.Get(ctx, caller.Credential, id)
		return item, errorOf(err, InventoryItemNotFound, id)
	}
	items, found, err := g.medusa.Products.VariantItems(ctx, caller.Credential, id)
	if err != nil {
		return medusaclient.InventoryItem{}, err
	}
	if !found {
		return medusaclient.InventoryItem{}, notFound(VariantNotFound, id)
	}
	return soleItem(id, items)
}

// soleItem is the inventory item of a variant that has just one.
func soleItem(variantID string, items []medusaclient.InventoryItem) (medusaclient.InventoryItem, error) {
	if len(items) == 1 {
		return items[0], nil
	}
	missing := notFound(InventoryItemNotFound, variantID)
	missing.Message.Key = "INVENTORY_ITEM_NOT_FOUND.none"
	if len(items) > 1 {
		ids := make([]string, len(items))
		for i, item := range items {
			ids[i] = item.ID
		}
		missing.Message = mapping.Message{Key: "INVENTORY_ITEM_NOT_FOUND.kit", Args: []any{variantID, strings.Join(ids, ", ")}}
	}
	return medusaclient.InventoryItem{}, missing
}

// Alerts lists the items that are running out. One upstream call for each 250
// items.
func (g *Gateway) Alerts(ctx context.Context, caller Caller, query mapping.AlertsQuery) (*Answer, error) {
	return g.held.answer(ctx, caller, caller.key("alerts", query.Key()), func(ctx context.Context) (any, error) {
		items, err := g.medusa.InventoryItems.ListStock(ctx, caller.Credential, medusaclient.InventoryItemFilter{LocationID: query.LocationID})
		if err != nil {
			return nil, err
		}
		return mapping.NewAlertList(items, query.Threshold, query.LocationID, query.Page, caller.Language), nil
	})
}
