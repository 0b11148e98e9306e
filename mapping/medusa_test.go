package mapping

import (
	stdjson "encoding/json"
	"testing"

	"github.com/goccy/go-json"
	"github.com/stretchr/testify/assert"
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
func level(locationID string, stocked, reserved, incoming medusaclient.Number) medusaclient.StockLevel {
	return medusaclient.StockLevel{
		LocationID:      locationID,
		StockedQuantity: stocked, ReservedQuantity: reserved, IncomingQuantity: incoming,
		StockLocations: []medusaclient.LocationName{{Name: "Name of " + locationID}},
	}
}

// item is an item with its stock alone, whole the same as Medusa lists it.
func item(id string, levels ...medusaclient.StockLevel) medusaclient.ItemStock {
	return medusaclient.ItemStock{ID: id, LocationLevels: levels}
}

func whole(item medusaclient.ItemStock) medusaclient.InventoryItem {
	listed := medusaclient.InventoryItem{ID: item.ID, SKU: item.SKU, Title: item.Title}
	for _, level := range item.LocationLevels {
		listed.LocationLevels = append(listed.LocationLevels, wholeLevel(level))
	}
	return listed
}

func wholeLevel(level medusaclient.StockLevel) medusaclient.InventoryLevel {
	listed := medusaclient.InventoryLevel{
		ID: "ilev_" + level.LocationID, LocationID: level.LocationID, StockedQuantity: level.StockedQuantity,
		ReservedQuantity: level.ReservedQuantity, IncomingQuantity: level.IncomingQuantity,
		StockLocations: []medusaclient.StockLocation{},
	}
	for _, location := range level.StockLocations {
		listed.StockLocations = append(listed.StockLocations, medusaclient.StockLocation{ID: level.LocationID, Name: location.Name})
	}
	return listed
}

// deleted takes away the location of a level.
func deleted(level medusaclient.StockLevel) medusaclient.StockLevel {
	level.StockLocations = []medusaclient.LocationName{}
	return level
}

// takes links a variant to an item.
func takes(required medusaclient.Number, itemID string, levels ...medusaclient.StockLevel) medusaclient.VariantInventoryItem {
	return medusaclient.VariantInventoryItem{
		InventoryItemID: itemID, RequiredQuantity: required,
		Inventory: &medusaclient.ItemStock{ID: itemID, LocationLevels: levels},
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

// assertWritten checks an answer to the letter, the order of its keys included.
func assertWritten(t *testing.T, want string, answer any) {
	t.Helper()
	assert.Equal(t, want, string(marshal(t, answer)))
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
