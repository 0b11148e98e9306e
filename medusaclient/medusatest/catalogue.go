package medusatest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"time"
)

//go:embed catalogue.json
var catalogueJSON []byte

// catalogueTime is when everything in a catalogue was created. It is fixed so
// that answers can be compared with recorded ones.
var catalogueTime = time.Date(2025, time.November, 3, 14, 5, 6, 789e6, time.UTC)

// Catalogue is what a shop holds, in Medusa's own terms.
type Catalogue struct {
	Store            Store             `json:"store"`
	SalesChannels    []SalesChannel    `json:"sales_channels"`
	ShippingProfiles []ShippingProfile `json:"shipping_profiles"`
	StockLocations   []StockLocation   `json:"stock_locations"`
	InventoryItems   []InventoryItem   `json:"inventory_items"`
	Reservations     []Reservation     `json:"reservations"`
	Products         []Product         `json:"products"`
}

// Store is the shop itself.
type Store struct {
	ID                  string     `json:"id"`
	Name                string     `json:"name"`
	SupportedCurrencies []Currency `json:"supported_currencies"`
}

// Currency is a currency that the store sells in.
type Currency struct {
	CurrencyCode string `json:"currency_code"`
	IsDefault    bool   `json:"is_default"`
}

// SalesChannel is a way to sell.
type SalesChannel struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	IsDisabled  bool    `json:"is_disabled"`
}

// ShippingProfile is a kind of goods as far as sending them goes.
type ShippingProfile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// Address is where a stock location is. A nil field is null.
type Address struct {
	Address1    string  `json:"address_1"`
	Address2    *string `json:"address_2"`
	Company     *string `json:"company"`
	City        *string `json:"city"`
	CountryCode string  `json:"country_code"`
	Phone       *string `json:"phone"`
	Province    *string `json:"province"`
	PostalCode  *string `json:"postal_code"`
}

// StockLocation is a place that holds stock. One marked Deleted is not there,
// but levels, and the sales channels that it names, still refer to it.
type StockLocation struct {
	ID              string         `json:"id"`
	Name            string         `json:"name"`
	Address         *Address       `json:"address"`
	Metadata        map[string]any `json:"metadata"`
	SalesChannelIDs []string       `json:"sales_channel_ids"`
	Deleted         bool           `json:"deleted"`
}

// InventoryItem is a thing that is stocked. A nil field is null, except that
// RequiresShipping is true when nil.
type InventoryItem struct {
	ID               string         `json:"id"`
	SKU              *string        `json:"sku"`
	Title            *string        `json:"title"`
	Description      *string        `json:"description"`
	OriginCountry    *string        `json:"origin_country"`
	HSCode           *string        `json:"hs_code"`
	MIDCode          *string        `json:"mid_code"`
	Material         *string        `json:"material"`
	Weight           *float64       `json:"weight"`
	Length           *float64       `json:"length"`
	Height           *float64       `json:"height"`
	Width            *float64       `json:"width"`
	RequiresShipping *bool          `json:"requires_shipping"`
	Thumbnail        *string        `json:"thumbnail"`
	Metadata         map[string]any `json:"metadata"`
	LocationLevels   []Level        `json:"location_levels"`
}

// Level is the stock of an item at a location. What is reserved of it is the
// sum of its reservations.
type Level struct {
	ID               string  `json:"id"`
	LocationID       string  `json:"location_id"`
	StockedQuantity  float64 `json:"stocked_quantity"`
	IncomingQuantity float64 `json:"incoming_quantity"`
}

// Reservation holds stock for an order or by hand, be there enough or not.
type Reservation struct {
	ID              string  `json:"id"`
	InventoryItemID string  `json:"inventory_item_id"`
	LocationID      string  `json:"location_id"`
	Quantity        float64 `json:"quantity"`
	LineItemID      *string `json:"line_item_id"`
	Description     *string `json:"description"`
}

// Product is what customers see.
type Product struct {
	ID              string         `json:"id"`
	Title           string         `json:"title"`
	Handle          string         `json:"handle"`
	Status          string         `json:"status"`
	Thumbnail       *string        `json:"thumbnail"`
	Metadata        map[string]any `json:"metadata"`
	Description     *string        `json:"description"`
	SalesChannelIDs []string       `json:"sales_channel_ids"`
	Variants        []Variant      `json:"variants"`
}

// Variant is what customers buy.
type Variant struct {
	ID              string         `json:"id"`
	Title           string         `json:"title"`
	SKU             *string        `json:"sku"`
	Metadata        map[string]any `json:"metadata"`
	ManageInventory bool           `json:"manage_inventory"`
	AllowBackorder  bool           `json:"allow_backorder"`
	Prices          []Price        `json:"prices"`
	InventoryItems  []VariantItem  `json:"inventory_items"`
}

// Price is a variant's price in one currency, in that currency's units. One
// with quantities or rules holds only where they do.
type Price struct {
	CurrencyCode string            `json:"currency_code"`
	Amount       float64           `json:"amount"`
	MinQuantity  *float64          `json:"min_quantity"`
	MaxQuantity  *float64          `json:"max_quantity"`
	Rules        map[string]string `json:"rules"`
}

// VariantItem says how much of an item one variant takes.
type VariantItem struct {
	InventoryItemID  string  `json:"inventory_item_id"`
	RequiredQuantity float64 `json:"required_quantity"`
}

// loadTables reads a catalogue into new tables.
func loadTables(raw []byte) (*tables, error) {
	var c Catalogue
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	t := newTables(catalogueTime)
	var defaultSalesChannel any
	if len(c.SalesChannels) > 0 {
		defaultSalesChannel = c.SalesChannels[0].ID
	}
	t.putStore(c.Store, defaultSalesChannel)
	for _, channel := range c.SalesChannels {
		t.putSalesChannel(channel)
		t.putPublishableKey(PublishableKey{
			ID: "apk_" + channel.ID, Title: channel.Name, Token: PublishableToken(channel.ID), SalesChannelIDs: []string{channel.ID},
		})
	}
	for _, profile := range c.ShippingProfiles {
		t.putShippingProfile(profile)
	}
	t.put("fulfillment_provider", row{"id": manualProvider, "is_enabled": true})
	for _, location := range c.StockLocations {
		t.putStockLocation(location)
	}
	for _, item := range c.InventoryItems {
		t.putInventoryItem(item)
	}
	for _, reservation := range c.Reservations {
		t.putReservation(reservation)
	}
	for _, product := range c.Products {
		t.putProduct(product)
	}
	return t, nil
}
