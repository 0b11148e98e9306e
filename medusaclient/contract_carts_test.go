package medusaclient

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// passed sends a shopper's request through and returns what Medusa says.
func (c contract) passed(method, path, body string) (status int, said []byte) {
	c.Helper()
	request, err := http.NewRequestWithContext(c.Context(), method, path, strings.NewReader(body))
	require.NoError(c, err)
	request.Header.Set("X-Publishable-Api-Key", c.shop.publishableKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.PassThrough.Send(request, "/store/*")
	require.NoError(c, err)
	defer func() { _ = response.Body.Close() }()
	said, err = io.ReadAll(response.Body)
	require.NoError(c, err)
	return response.StatusCode, said
}

// taken sends a write of a cart that Medusa takes.
func (c contract) taken(method, path, body string) Cart {
	c.Helper()
	status, said := c.passed(method, path, body)
	require.Equal(c, http.StatusOK, status, "%s", said)
	cart, whole := CartIn(said)
	require.True(c, whole, "%s", said)
	return cart
}

func (c contract) requireTooMuch(path, body string) {
	c.Helper()
	status, said := c.passed(http.MethodPost, path, body)
	require.Equal(c, http.StatusBadRequest, status, "%s", said)
	assert.JSONEq(c, InsufficientInventory, string(said))
	assert.True(c, RefusalIn(status, said).InsufficientInventory())
}

// inCart are the quantities of the lines of a cart by their variants.
func inCart(cart Cart) map[string]Number {
	lines := map[string]Number{}
	for _, line := range cart.Items {
		lines[line.VariantID] = line.Quantity
	}
	return lines
}

func carts(c contract) {
	c.Cleanup(func() { c.shop.reset(c.T) })
	toAdd := func(variant string, quantity Number) string {
		return fmt.Sprintf(`{"variant_id":%q,"quantity":%s}`, variant, quantity)
	}
	shopper := http.Header{"X-Publishable-Api-Key": {c.shop.publishableKey}}
	cart := c.taken(http.MethodPost, "/store/carts", `{"region_id":"reg_argentina"}`)
	assert.Equal(c, "sc_cannahub", cart.SalesChannelID)
	assert.Nil(c, cart.CompletedAt)
	assert.Empty(c, cart.Items)

	lines := "/store/carts/" + cart.ID + "/line-items"
	c.taken(http.MethodPost, lines, toAdd("variant_bd_3_5g", "2"))
	cart = c.taken(http.MethodPost, lines, toAdd("variant_bd_3_5g", "1"))
	assert.Equal(c, map[string]Number{"variant_bd_3_5g": "3"}, inCart(cart), "added to the line that is there")
	line := cart.Items[0]
	assert.NotEmpty(c, line.UpdatedAt)
	assert.Equal(c, map[string]Number{"variant_bd_3_5g": "3", "variant_bd_1g": "2"}, inCart(c.taken(http.MethodPost, lines, toAdd("variant_bd_1g", "1.5"))), "whole units")
	c.assertShelf("50", "0", "a cart reserves nothing by itself")

	counted, err := c.client.Products.ListCounted(c.Context(), c.by, []string{"variant_bd_3_5g", "variant_preroll_12"}, CountedLevels{Channels: true})
	require.NoError(c, err)
	for _, variant := range counted {
		assert.Equal(c, variant.ID == "variant_preroll_12", variant.AllowBackorder)
		for _, level := range variant.InventoryItems[0].Inventory.LocationLevels {
			assert.Equal(c, "sc_cannahub", level.StockLocations[0].SalesChannels[0].ID)
		}
	}

	// 50 on the shelf and 150 in the warehouse are looked at together, for the whole line.
	c.requireTooMuch(lines, toAdd("variant_bd_3_5g", "198"))
	c.taken(http.MethodPost, lines, toAdd("variant_bd_3_5g", "197"))
	c.reserve("1", "somebody else's")
	c.requireTooMuch(lines+"/"+line.ID, `{"quantity":200}`)
	cart, err = c.client.Carts.SetQuantity(c.Context(), shopper, cart.ID, line.ID, "199")
	require.NoError(c, err)
	assert.Equal(c, Number("199"), inCart(cart)["variant_bd_3_5g"])
	_, err = c.client.Carts.SetQuantity(c.Context(), shopper, cart.ID, line.ID, "200")
	assert.True(c, assertRefused(c.T, http.StatusBadRequest, "", err).InsufficientInventory())

	// Variants of one item are looked at as if there were no other.
	c.taken(http.MethodPost, lines, toAdd("variant_preroll_1", "300"))
	cart = c.taken(http.MethodPost, lines, toAdd("variant_preroll_6", "50"))
	read, err := c.client.Carts.Get(c.Context(), shopper, cart.ID)
	require.NoError(c, err)
	assert.Equal(c, cart, read)

	read, err = c.client.Carts.SetQuantity(c.Context(), shopper, cart.ID, line.ID, "0")
	require.NoError(c, err)
	assert.NotContains(c, inCart(read), "variant_bd_3_5g", "0 removes a line")
	cart = c.taken(http.MethodDelete, lines+"/"+read.Items[0].ID, "")
	assert.Len(c, cart.Items, 2)
	assert.Len(c, c.taken(http.MethodDelete, lines+"/cali_nope", "").Items, 2, "a line that is not there")
	_, err = c.client.Carts.SetQuantity(c.Context(), shopper, cart.ID, "cali_nope", "1")
	assertRefused(c.T, http.StatusNotFound, "Line item with id: cali_nope was not found", err)
	_, err = c.client.Carts.Get(c.Context(), shopper, "cart_nope")
	assertRefused(c.T, http.StatusNotFound, "Cart with id 'cart_nope' not found", err)
	_, err = c.client.Carts.Get(c.Context(), http.Header{}, cart.ID)
	assertRefused(c.T, http.StatusBadRequest, "Publishable API key required", err)
}
