package mapping

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cannahub/gateway/medusaclient"
)

// ProductWithInventory is a product with all its stock. Inventory is keyed by
// variant id.
type ProductWithInventory struct {
	Product             Product                     `json:"product"`
	Inventory           map[string]VariantInventory `json:"inventory"`
	TotalInventoryGrams Quantity                    `json:"totalInventoryGrams"`
	Warnings            []Warning                   `json:"warnings"`
}

// Product is what a product is called and sold as.
type Product struct {
	ID        string           `json:"id"`
	Name      string           `json:"name"`
	Handle    *string          `json:"handle"`
	Status    string           `json:"status"`
	Thumbnail *string          `json:"thumbnail"`
	Metadata  medusaclient.Raw `json:"metadata"`
	Variants  []Variant        `json:"variants"`
}

// Variant is what is sold. Weight is in grams a unit; Price is in the currency
// asked for, nil where it has none.
type Variant struct {
	ID              string           `json:"id"`
	Name            *string          `json:"name"`
	SKU             *string          `json:"sku"`
	Weight          Quantity         `json:"weight"`
	Price           *Quantity        `json:"price"`
	ManageInventory bool             `json:"manageInventory"`
	AllowBackorder  bool             `json:"allowBackorder"`
	Metadata        medusaclient.Raw `json:"metadata"`
}

// VariantInventory is the stock of a variant, in units of the variant.
// Reserved is what is held back: quantity − available. InventoryItems are what
// the variant takes of which items, those whose changes change it.
type VariantInventory struct {
	Quantity   Quantity            `json:"quantity"`
	Available  Quantity            `json:"available"`
	Reserved   Quantity            `json:"reserved"`
	Incoming   Quantity            `json:"incoming"`
	TotalGrams Quantity            `json:"totalGrams"`
	Managed    bool                `json:"managed"`
	Kit        bool                `json:"kit"`
	ByLocation []LocationInventory `json:"byLocation"`

	InventoryItems []TakenItem `json:"inventoryItems"`
}

// TakenItem is how much of an inventory item one unit of a variant takes.
type TakenItem struct {
	InventoryItemID  string   `json:"inventoryItemId"`
	RequiredQuantity Quantity `json:"requiredQuantity"`
}

// LocationInventory is what one location has of a variant.
type LocationInventory struct {
	LocationID   string   `json:"locationId"`
	LocationName *string  `json:"locationName"`
	Quantity     Quantity `json:"quantity"`
	Available    Quantity `json:"available"`
}

// ProductList is one page of products with their stock.
type ProductList struct {
	Products []ProductListEntry `json:"products"`
	Count    int                `json:"count"`
	Limit    int                `json:"limit"`
	Offset   int                `json:"offset"`
	Warnings []Warning          `json:"warnings"`
}

// ProductListEntry is one product of a ProductList.
type ProductListEntry struct {
	Product             Product                     `json:"product"`
	Inventory           map[string]VariantInventory `json:"inventory"`
	TotalInventoryGrams Quantity                    `json:"totalInventoryGrams"`
}

// ProductStock is the stock of a product as flat rows.
type ProductStock struct {
	Stock    []ProductLocationStock `json:"stock"`
	Warnings []Warning              `json:"warnings"`
}

// ProductLocationStock is what one location has of the inventory item of a
// variant, in units of that item.
type ProductLocationStock struct {
	ProductID         string   `json:"productId"`
	VariantID         string   `json:"variantId"`
	InventoryItemID   string   `json:"inventoryItemId"`
	LocationID        string   `json:"locationId"`
	LocationName      *string  `json:"locationName"`
	Quantity          Quantity `json:"quantity"`
	ReservedQuantity  Quantity `json:"reservedQuantity"`
	AvailableQuantity Quantity `json:"availableQuantity"`
	IncomingQuantity  Quantity `json:"incomingQuantity"`
}

// NewProductWithInventory translates a product, with prices in a currency
// (ISO 4217, either case).
func NewProductWithInventory(product medusaclient.Product, currency string, language Language) ProductWithInventory {
	warned := newWarnings(language)
	entry := newProductListEntry(product, currency, warned)
	return ProductWithInventory{
		Product: entry.Product, Inventory: entry.Inventory,
		TotalInventoryGrams: entry.TotalInventoryGrams, Warnings: warned.list,
	}
}

// NewProductList translates a page of products.
func NewProductList(products medusaclient.Page[medusaclient.Product], currency string, page Page, language Language) ProductList {
	warned := newWarnings(language)
	list := ProductList{Products: make([]ProductListEntry, len(products.Rows)), Count: products.Count, Limit: page.Limit, Offset: page.Offset}
	for i, product := range products.Rows {
		list.Products[i] = newProductListEntry(product, currency, warned)
	}
	list.Warnings = warned.list
	return list
}

func newProductListEntry(product medusaclient.Product, currency string, warned *warnings) ProductListEntry {
	entry := ProductListEntry{
		Product: Product{
			ID: product.ID, Name: product.Title, Handle: product.Handle, Status: product.Status,
			Thumbnail: product.Thumbnail, Metadata: product.Metadata,
			Variants: make([]Variant, len(product.Variants)),
		},
		Inventory: make(map[string]VariantInventory, len(product.Variants)),
	}
	inRankOrder(product.Variants)
	grams := make(itemGrams, len(product.Variants))
	for i, variant := range product.Variants {
		weight, valid := weightOf(variant.Metadata)
		if !valid {
			warned.add(Warning{Code: WeightInvalid, VariantID: variant.ID}, variant.ID)
		}
		entry.Product.Variants[i] = newVariant(variant, weight, currency)
		entry.Inventory[variant.ID] = newVariantInventory(variant, weight, warned)
		grams.add(variant, weight, warned)
	}
	entry.TotalInventoryGrams = grams.total(product.Variants, warned)
	return entry
}

// inRankOrder gives variants, which Medusa sends in no stable order, the one of
// the admin screens.
func inRankOrder(variants []medusaclient.ProductVariant) {
	if !slices.IsSortedFunc(variants, byRank) {
		slices.SortFunc(variants, byRank)
	}
}

func byRank(a, b medusaclient.ProductVariant) int {
	return cmp.Or(cmp.Compare(rankOf(a), rankOf(b)), cmp.Compare(a.ID, b.ID))
}

func rankOf(variant medusaclient.ProductVariant) int {
	if variant.VariantRank == nil {
		return 0
	}
	return *variant.VariantRank
}

func newVariant(variant medusaclient.ProductVariant, weight Quantity, currency string) Variant {
	return Variant{
		ID: variant.ID, Name: variant.Title, SKU: variant.SKU, Weight: weight,
		Price:           priceIn(variant.Prices, currency),
		ManageInventory: variant.ManageInventory, AllowBackorder: variant.AllowBackorder, Metadata: variant.Metadata,
	}
}

// priceIn is the price that holds for anybody and any quantity.
func priceIn(prices []medusaclient.Price, currency string) *Quantity {
	for _, price := range prices {
		if strings.EqualFold(price.CurrencyCode, currency) && len(price.Rules) == 0 && price.MinQuantity == nil && price.MaxQuantity == nil {
			amount := ReadQuantity(price.Amount)
			return &amount
		}
	}
	return nil
}

func newVariantInventory(variant medusaclient.ProductVariant, weight Quantity, warned *warnings) VariantInventory {
	inventory := VariantInventory{
		Managed: variant.ManageInventory, Kit: isKit(variant), ByLocation: []LocationInventory{},
		InventoryItems: []TakenItem{},
	}
	if !variant.ManageInventory {
		return inventory
	}
	if len(variant.InventoryItems) == 0 {
		warned.add(Warning{Code: InventoryItemMissing, VariantID: variant.ID}, variant.ID)
	}
	for _, link := range variant.InventoryItems {
		inventory.InventoryItems = append(inventory.InventoryItems, TakenItem{
			InventoryItemID: link.InventoryItemID, RequiredQuantity: ReadQuantity(link.RequiredQuantity),
		})
	}
	known := unitsByLocation(variant, warned)
	inventory.ByLocation = make([]LocationInventory, len(known))
	for i, at := range known {
		inventory.Quantity = inventory.Quantity.Add(at.quantity)
		inventory.Available = inventory.Available.Add(at.available)
		inventory.Incoming = inventory.Incoming.Add(at.incoming)
		inventory.ByLocation[i] = LocationInventory{
			LocationID: at.locationID, LocationName: at.locationName, Quantity: at.quantity, Available: at.available,
		}
	}
	inventory.Reserved = inventory.Quantity.Sub(inventory.Available)
	inventory.TotalGrams = inventory.Quantity.Mul(weight)
	return inventory
}

func isKit(variant medusaclient.ProductVariant) bool { return len(variant.InventoryItems) > 1 }

// units is what one location has of a variant, in units of the variant.
type units struct {
	locationID   string
	locationName *string
	quantity     Quantity
	available    Quantity
	incoming     Quantity
	items        int // how many of the variant's items the location knows
}

// least keeps of each number the smaller: a kit is as many as its scarcest item
// allows.
func (u units) least(other units) units {
	u.quantity = smaller(u.quantity, other.quantity)
	u.available = smaller(u.available, other.available)
	u.incoming = smaller(u.incoming, other.incoming)
	u.items += other.items
	return u
}

// unitsByLocation returns the units that each location has of a variant, by
// location id. Where a kit's item has no level, there is no kit.
func unitsByLocation(variant medusaclient.ProductVariant, warned *warnings) []units {
	var known []units
	for _, link := range variant.InventoryItems {
		required, levels := requiredQuantity(link, variant, warned), levelsOf(link)
		known = slices.Grow(known, len(levels))
		for _, level := range levels {
			at := newUnits(level, link.InventoryItemID, unitsOf(variant, required), warned)
			i, found := slices.BinarySearchFunc(known, at.locationID, func(u units, id string) int { return cmp.Compare(u.locationID, id) })
			if found {
				known[i] = known[i].least(at)
			} else {
				known = slices.Insert(known, i, at)
			}
		}
	}
	for i, at := range known {
		if at.items < len(variant.InventoryItems) {
			known[i] = at.least(units{})
		}
	}
	return known
}

func newUnits(level medusaclient.StockLevel, itemID string, makes func(Quantity) Quantity, warned *warnings) units {
	stocked, reserved, incoming := ReadQuantity(level.StockedQuantity), ReadQuantity(level.ReservedQuantity), ReadQuantity(level.IncomingQuantity)
	return units{
		locationID: level.LocationID, locationName: locationName(level, itemID, warned),
		quantity: makes(stocked), available: makes(stocked.Sub(reserved)),
		incoming: makes(incoming), items: 1,
	}
}

// unitsOf says how many units of a variant a quantity of its item makes: exactly
// so when each takes one, else whole ones, as kits always are.
func unitsOf(variant medusaclient.ProductVariant, required Quantity) func(Quantity) Quantity {
	if required.Cmp(one) == 0 && !isKit(variant) {
		return func(quantity Quantity) Quantity { return quantity }
	}
	return func(quantity Quantity) Quantity { return quantity.Wholes(required) }
}

func smaller(a, b Quantity) Quantity {
	if b.Cmp(a) < 0 {
		return b
	}
	return a
}

func requiredQuantity(link medusaclient.VariantInventoryItem, variant medusaclient.ProductVariant, warned *warnings) Quantity {
	required := ReadQuantity(link.RequiredQuantity)
	if required.Sign() <= 0 {
		warned.add(Warning{Code: RequiredQuantityInvalid, VariantID: variant.ID, InventoryItemID: link.InventoryItemID}, variant.ID, link.InventoryItemID)
		return one
	}
	return required
}

func levelsOf(link medusaclient.VariantInventoryItem) []medusaclient.StockLevel {
	if link.Inventory == nil {
		return nil
	}
	return levelsByLocation(link.Inventory.LocationLevels)
}

// NewProductStock translates the stock of a product into flat rows, one for
// each managed variant, item and location.
func NewProductStock(product medusaclient.Product, language Language) ProductStock {
	warned := newWarnings(language)
	rows := []ProductLocationStock{}
	inRankOrder(product.Variants)
	for _, variant := range product.Variants {
		if !variant.ManageInventory {
			continue
		}
		for _, link := range variant.InventoryItems {
			for _, level := range levelsOf(link) {
				stocked, reserved := ReadQuantity(level.StockedQuantity), ReadQuantity(level.ReservedQuantity)
				rows = append(rows, ProductLocationStock{
					ProductID: product.ID, VariantID: variant.ID, InventoryItemID: link.InventoryItemID,
					LocationID: level.LocationID, LocationName: locationName(level, link.InventoryItemID, warned),
					Quantity: stocked, ReservedQuantity: reserved,
					AvailableQuantity: stocked.Sub(reserved), IncomingQuantity: ReadQuantity(level.IncomingQuantity),
				})
			}
		}
	}
	return ProductStock{Stock: rows, Warnings: warned.list}
}
