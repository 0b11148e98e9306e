package mapping

import (
	stdjson "encoding/json"
	"testing"

	"github.com/goccy/go-json"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient"
)

// q is a quantity that a test is sure of.
func q(text string) Quantity {
	quantity, valid := ParseQuantity(text)
	if !valid {
		panic("no quantity: " + text)
	}
	return quantity
}

// level is stock at a location whose name is its id in capitals.
func level(locationID string, stocked, reserved, incoming medusaclient.Number) medusaclient.InventoryLevel {
	return medusaclient.InventoryLevel{
		ID: "ilev_" + locationID, LocationID: locationID,
		StockedQuantity: stocked, ReservedQuantity: reserved, IncomingQuantity: incoming,
		StockLocations: []medusaclient.StockLocation{{ID: locationID, Name: "Name of " + locationID}},
	}
}

// deleted takes away the location of a level.
func deleted(level medusaclient.InventoryLevel) medusaclient.InventoryLevel {
	level.StockLocations = []medusaclient.StockLocation{}
	return level
}

// takes links a variant to an item.
func takes(required medusaclient.Number, itemID string, levels ...medusaclient.InventoryLevel) medusaclient.VariantInventoryItem {
	return medusaclient.VariantInventoryItem{
		InventoryItemID: itemID, RequiredQuantity: required,
		Inventory: &medusaclient.InventoryItem{ID: itemID, LocationLevels: levels},
	}
}

// variant is managed; its metadata may be left out.
func variant(id, metadata string, links ...medusaclient.VariantInventoryItem) medusaclient.ProductVariant {
	managed := medusaclient.ProductVariant{ID: id, ManageInventory: true, InventoryItems: links}
	if metadata != "" {
		managed.Metadata = medusaclient.Raw(metadata)
	}
	return managed
}

func translate(variants ...medusaclient.ProductVariant) ProductWithInventory {
	return NewProductWithInventory(medusaclient.Product{ID: "prod_a", Variants: variants}, "ars", English)
}

// marshal writes an answer as it is sent.
func marshal(tb testing.TB, answer any) []byte {
	tb.Helper()
	written, err := json.MarshalWithOption(answer, json.DisableHTMLEscape())
	require.NoError(tb, err)
	require.True(tb, stdjson.Valid(written), "not JSON: %s", written)
	return written
}

// codes are the warnings without their words.
func codes(warnings []Warning) []Warning {
	bare := make([]Warning, len(warnings))
	for i, warning := range warnings {
		warning.Detail = ""
		bare[i] = warning
	}
	return bare
}
