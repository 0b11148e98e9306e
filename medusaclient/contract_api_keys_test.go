package medusaclient

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// locationsOf are a key's locations by sales channel.
func locationsOf(key PublishableKey) map[string][]string {
	found := map[string][]string{}
	for _, channel := range key.SalesChannels {
		found[channel.ID] = []string{}
		for _, location := range channel.StockLocations {
			found[channel.ID] = append(found[channel.ID], location.ID)
		}
		slices.Sort(found[channel.ID])
	}
	return found
}

func publishableKeys(c contract) {
	keys, err := c.client.APIKeys.ListByToken(c.Context(), c.by, []string{c.shop.publishableKey, "pk_nope", c.shop.wholesaleKey})
	require.NoError(c, err)
	byToken := map[string]map[string][]string{}
	for _, key := range keys {
		assert.True(c, strings.HasPrefix(key.ID, "apk_"), key.ID)
		assert.Nil(c, key.RevokedAt)
		byToken[key.Token] = locationsOf(key)
	}
	assert.Equal(c, map[string]map[string][]string{
		c.shop.publishableKey: {"sc_cannahub": {"sloc_deposito", "sloc_high_up"}},
		c.shop.wholesaleKey:   {"sc_mayorista": {"sloc_mayorista"}},
	}, byToken)

	for _, token := range []string{"pk_nope", c.shop.publishableKey[:20], "", "%", c.shop.secretKey} {
		keys, err := c.client.APIKeys.ListByToken(c.Context(), c.by, []string{token})
		require.NoError(c, err, token)
		assert.Empty(c, keys, "of the token %q", token)
	}
	_, err = c.client.APIKeys.ListByToken(c.Context(), Bearer("garbage"), []string{"pk_nope"})
	assertRefused(c.T, http.StatusUnauthorized, "Unauthorized", err)
}

// A location that was deleted has no id where its channel still leads to it.
func keyOfDeletedLocation(c contract) {
	c.Cleanup(func() { c.shop.reset(c.T) })
	location := "sloc_gone"
	require.NoError(c, c.client.StockLocations.LinkSalesChannels(c.Context(), c.by, time.Time{}, location, Links{Add: []string{"sc_mayorista"}}))
	keys, err := c.client.APIKeys.ListByToken(c.Context(), c.by, []string{c.shop.wholesaleKey})
	require.NoError(c, err)
	require.Len(c, keys, 1)
	assert.Equal(c, []string{"sloc_mayorista"}, slices.DeleteFunc(locationsOf(keys[0])["sc_mayorista"], func(id string) bool { return id == "" }))
}

func variantLinks(c contract) {
	variants, err := c.client.Products.ListLinks(c.Context(), c.by, []string{"variant_bd_1g", "variant_nope", "variant_kit_armado", "variant_backorder", "variant_consulta"})
	require.NoError(c, err)
	found := map[string]ProductVariant{}
	for _, variant := range variants {
		found[variant.ID] = variant
	}
	require.Contains(c, found, "variant_bd_1g")
	one := found["variant_bd_1g"]
	assert.True(c, one.ManageInventory)
	assert.False(c, one.AllowBackorder)
	require.Len(c, one.InventoryItems, 1)
	assert.Equal(c, "iitem_bd_1g", one.InventoryItems[0].InventoryItemID)
	assert.Equal(c, Number("1"), one.InventoryItems[0].RequiredQuantity)
	assert.Len(c, found["variant_kit_armado"].InventoryItems, 2)
	assert.True(c, found["variant_backorder"].AllowBackorder)
	assert.False(c, found["variant_consulta"].ManageInventory)
	assert.Len(c, found, 4, "an unknown id is left out")

	long := make([]string, 300)
	for i := range long {
		long[i] = fmt.Sprintf("variant_%056d", i)
	}
	long[0], long[299] = "variant_bd_1g", "variant_backorder"
	request := &Request{}
	variants, err = c.client.Products.ListLinks(request.With(c.Context()), c.by, long)
	require.NoError(c, err)
	assert.Len(c, variants, 2, "more than Node takes in one call")
	assert.Equal(c, 2, request.Calls())
}

func bareItems(c contract) {
	items, err := c.client.InventoryItems.ListCounted(c.Context(), c.by, CountedFilter{IDs: []string{"iitem_bd_1g", "iitem_nope"}, Bare: true})
	require.NoError(c, err)
	require.Len(c, items, 1)
	assert.Equal(c, new("BD-1G-001"), items[0].SKU)
	levels := map[string]string{}
	for _, level := range items[0].LocationLevels {
		levels[level.LocationID] = string(level.StockedQuantity) + " " + string(level.ReservedQuantity)
		assert.Nil(c, level.UpdatedAt)
	}
	assert.Equal(c, map[string]string{"sloc_high_up": "100 10", "sloc_deposito": "400 40"}, levels)
}

func channelsOfLocations(c contract) {
	locations, err := c.client.StockLocations.ListChannels(c.Context(), c.by)
	require.NoError(c, err)
	channels := map[string][]SalesChannel{}
	for _, location := range locations {
		channels[location.ID] = location.SalesChannels
	}
	assert.Equal(c, map[string][]SalesChannel{
		"sloc_high_up": {{ID: "sc_cannahub", Name: "Cannahub"}}, "sloc_deposito": {{ID: "sc_cannahub", Name: "Cannahub"}},
		"sloc_mayorista": {{ID: "sc_mayorista", Name: "Mayorista"}},
	}, channels)
}
