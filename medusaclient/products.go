package medusaclient

import (
	"context"
	"net/http"
	"net/url"
)

// Product is a product with its variants and the stock of each.
type Product struct {
	ID        string           `json:"id"`
	Title     string           `json:"title"`
	Handle    *string          `json:"handle"`
	Status    string           `json:"status"`
	Thumbnail *string          `json:"thumbnail"`
	Metadata  Raw              `json:"metadata"`
	Variants  []ProductVariant `json:"variants"`
}

// ProductVariant is what is sold. It has no inventory items when its stock is
// not managed or its item was deleted, several when it is a kit.
type ProductVariant struct {
	ID              string                 `json:"id"`
	Title           *string                `json:"title"`
	SKU             *string                `json:"sku"`
	Metadata        Raw                    `json:"metadata"`
	VariantRank     *int                   `json:"variant_rank"` // the order of variants, which Medusa does not keep
	ManageInventory bool                   `json:"manage_inventory"`
	AllowBackorder  bool                   `json:"allow_backorder"`
	Prices          []Price                `json:"prices"`
	InventoryItems  []VariantInventoryItem `json:"inventory_items"`
}

// Price is an amount in a currency. Rules (a region, say) and quantities narrow
// when it holds.
type Price struct {
	Amount       Number            `json:"amount"`
	CurrencyCode string            `json:"currency_code"`
	MinQuantity  *Number           `json:"min_quantity"`
	MaxQuantity  *Number           `json:"max_quantity"`
	Rules        map[string]string `json:"rules"`
}

// VariantInventoryItem says how much of an item one unit of a variant takes.
type VariantInventoryItem struct {
	InventoryItemID  string     `json:"inventory_item_id"`
	RequiredQuantity Number     `json:"required_quantity"`
	Inventory        *ItemStock `json:"inventory"`
}

const (
	variantStockFields = "variants.id,variants.variant_rank,variants.title,variants.sku,variants.metadata," +
		"variants.manage_inventory,variants.allow_backorder," +
		"variants.inventory_items.inventory_item_id,variants.inventory_items.required_quantity," +
		"variants.inventory_items.inventory.location_levels.location_id," +
		"variants.inventory_items.inventory.location_levels.stocked_quantity," +
		"variants.inventory_items.inventory.location_levels.reserved_quantity," +
		"variants.inventory_items.inventory.location_levels.incoming_quantity," +
		"variants.inventory_items.inventory.location_levels.stock_locations.name"

	// Medusa fills a price's rules only when both parts of them are asked for.
	priceFields = "variants.prices.amount,variants.prices.currency_code," +
		"variants.prices.min_quantity,variants.prices.max_quantity," +
		"variants.prices.price_rules.attribute,variants.prices.price_rules.value"

	productStockFields = "id,title,handle,status,thumbnail,metadata," + variantStockFields + "," + priceFields
)

var variantItemFields = "id," +
	below("inventory_items.inventory.", inventoryItemFields)

var variantCountedFields = "id,sku,metadata,manage_inventory,allow_backorder," +
	"inventory_items.inventory_item_id,inventory_items.required_quantity," +
	below("inventory_items.inventory.", countedFields)

const variantLinkFields = "id,manage_inventory,allow_backorder,inventory_items.inventory_item_id,inventory_items.required_quantity"

// VariantIDPrefix begins the ids of variants.
const VariantIDPrefix = "variant_"

// Products are the calls below /admin/products and /admin/product-variants.
type Products struct{ client *Client }

// ProductFilter narrows a list of products.
type ProductFilter struct {
	IDs    []string
	Search string
}

type productAnswer struct {
	Product Product `json:"product"`
}

func (a *productAnswer) whole() bool { return a.Product.ID != "" }

type productsAnswer struct {
	Products []Product `json:"products"`
	Count    int       `json:"count"`
}

func (a *productsAnswer) whole() bool { return a.Products != nil }

// CountedVariant is a variant with the items it takes and their levels, as a
// change of stock needs them.
type CountedVariant struct {
	ID              string               `json:"id"`
	SKU             *string              `json:"sku"`
	Metadata        Raw                  `json:"metadata"`
	ManageInventory bool                 `json:"manage_inventory"`
	AllowBackorder  bool                 `json:"allow_backorder"`
	InventoryItems  []CountedVariantItem `json:"inventory_items"`
}

// CountedVariantItem says how much of an item one unit of a variant takes.
// Inventory is nil when the item was deleted.
type CountedVariantItem struct {
	InventoryItemID  string       `json:"inventory_item_id"`
	RequiredQuantity Number       `json:"required_quantity"`
	Inventory        *CountedItem `json:"inventory"`
}

type variantsAnswer[Variant any] struct {
	Variants []Variant `json:"variants"`
}

func (a *variantsAnswer[Variant]) whole() bool { return a.Variants != nil }

type variantWithItems struct {
	InventoryItems []struct {
		Inventory *InventoryItem `json:"inventory"`
	} `json:"inventory_items"`
}

// Get reads one product with variants, prices and stock, in one call however
// many variants it has.
func (s *Products) Get(ctx context.Context, by Credential, id string) (Product, error) {
	q := newQuery("/admin/products/"+url.PathEscape(id), productStockFields)
	var answer productAnswer
	err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/products/:id", path: q.String(), credential: by}, &answer)
	return answer.Product, err
}

// List reads one page of products with variants, prices and stock.
func (s *Products) List(ctx context.Context, by Credential, filter ProductFilter, limit, offset int) (Page[Product], error) {
	q := newQuery("/admin/products", productStockFields)
	q.page(limit, offset)
	q.addIDs(filter.IDs)
	q.search(filter.Search)
	var answer productsAnswer
	err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/products", path: q.String(), credential: by}, &answer)
	return Page[Product]{Rows: answer.Products, Count: answer.Count}, err
}

// VariantItems reads the inventory items of one variant with all their levels,
// whatever its product is. Found is false for an unknown id.
func (s *Products) VariantItems(ctx context.Context, by Credential, id string) (items []InventoryItem, found bool, err error) {
	q := newQuery("/admin/product-variants", variantItemFields)
	q.page(1, 0)
	q.addEach("id", []string{id})
	var answer variantsAnswer[variantWithItems]
	err = s.client.do(ctx, call{method: http.MethodGet, route: "/admin/product-variants", path: q.String(), credential: by}, &answer)
	if err != nil || len(answer.Variants) == 0 {
		return nil, false, err
	}
	for _, link := range answer.Variants[0].InventoryItems {
		if link.Inventory != nil {
			items = append(items, *link.Inventory)
		}
	}
	return items, true, nil
}

// ListCounted reads the variants of many ids with the items each takes and their
// levels, in no promised order; unknown ids are left out.
func (s *Products) ListCounted(ctx context.Context, by Credential, ids []string, levels CountedLevels) ([]CountedVariant, error) {
	fields := variantCountedFields + levels.fields("inventory_items.inventory.")
	return byID(ctx, ids, func(ctx context.Context, ids []string) ([]CountedVariant, error) {
		q := newQuery("/admin/product-variants", fields)
		q.page(len(ids), 0)
		q.addIDs(ids)
		var answer variantsAnswer[CountedVariant]
		err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/product-variants", path: q.String(), credential: by}, &answer)
		return answer.Variants, err
	})
}

// ListLinks reads of the variants of many ids whether their stock is managed,
// whether they are sold on backorder, and how much they take of which items, in no
// promised order; unknown ids are left out. It is one call as long as Node takes it,
// and else a few side by side.
func (s *Products) ListLinks(ctx context.Context, by Credential, ids []string) ([]ProductVariant, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	path := func(ids []string) string {
		q := newQuery("/admin/product-variants", variantLinkFields)
		q.page(len(ids), 0)
		q.addIDs(ids)
		return q.String()
	}
	fits := func(ids []string) bool { return len(ids) == 1 || len(path(ids)) <= maxHead-len(by.header) }
	parts := inParts(ids, fits, func(ids []string) (first, second []string) { return ids[:len(ids)/2], ids[len(ids)/2:] })
	return sideBySide(ctx, len(parts), func(ctx context.Context, i int) ([]ProductVariant, error) {
		var answer variantsAnswer[ProductVariant]
		err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/product-variants", path: path(parts[i]), credential: by}, &answer)
		return answer.Variants, err
	})
}
