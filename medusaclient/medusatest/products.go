package medusatest

import (
	"net/http"
	"slices"
)

var productDefaults = []string{
	"id", "title", "subtitle", "status", "external_id", "description", "handle", "is_giftcard", "discountable",
	"thumbnail", "collection_id", "type_id", "weight", "length", "height", "width", "hs_code", "origin_country",
	"mid_code", "material", "created_at", "updated_at", "deleted_at", "metadata", "*type", "*collection", "*options",
	"*options.values", "*tags", "*images", "*variants", "*variants.prices",
	"variants.prices.price_rules.value", "variants.prices.price_rules.attribute", "*variants.options", "*variants.images",
	"*sales_channels",
}

var productVariantDefaults = []string{
	"id", "title", "sku", "thumbnail", "barcode", "ean", "upc", "allow_backorder", "manage_inventory", "hs_code",
	"origin_country", "mid_code", "material", "weight", "length", "height", "width", "metadata", "variant_rank",
	"product_id", "created_at", "updated_at", "deleted_at", "*prices", "*options",
	"prices.price_rules.value", "prices.price_rules.attribute",
}

var variantDefaults = append([]string{"*product"}, productVariantDefaults...)

var timeParams = []param{
	{"created_at", operators(asText)}, {"updated_at", operators(asText)}, {"deleted_at", operators(asText)},
}

var variantFilters = append([]param{
	{"q", text},
	{"id", textOrList},
	{"manage_inventory", booleanText},
	{"allow_backorder", booleanText},
	{"sku", textOrList},
	{"ean", textOrList},
	{"upc", textOrList},
	{"barcode", textOrList},
}, timeParams...)

var productParams = listParams([]param{
	{"variants", object(variantFilters[1:]...)}, {"status", oneOf("draft", "proposed", "published", "rejected")},
}, append([]param{
	{"price_list_id", textOrList},
	{"sales_channel_id", textOrList},
	{"q", text},
	{"id", textOrList},
	{"title", textOrList},
	{"handle", textOrList},
	{"is_giftcard", booleanText},
	{"category_id", textOrList},
	{"external_id", textOrList},
	{"collection_id", textOrList},
	{"tag_id", textOrList},
	{"type_id", textOrList},
}, timeParams...)...)

var productEntity = &entity{
	searched:   []string{"title", "subtitle", "description"},
	searchedIn: []string{"variants"},
	relations: map[string]relation{
		"variants": {target: "product_variant", many: true, parentKey: "id", childKey: "id", back: "product", of: func(t *tables, r row) []row {
			return t.variantsOf[idOf(r)]
		}},
		"sales_channels": {target: "sales_channel", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			return t.all("sales_channel", t.channelsOf[idOf(r)])
		}},
		"options": none(""), "images": none(""), "tags": none(""), "categories": none(""),
		"type": none("type_id"), "collection": none("collection_id"),
	},
}

var variantEntity = &entity{
	searched:   []string{"title", "sku", "barcode", "ean", "upc"},
	searchedIn: []string{"product"},
	relations: map[string]relation{
		"product": {target: "product", parentKey: "product_id", childKey: "id", foreignKey: "product_id", of: func(t *tables, r row) []row { return one(t, "product", r["product_id"]) }},
		"inventory_items": {target: "variant_item", many: true, parentKey: "id", childKey: "variant_id", of: func(t *tables, r row) []row {
			return t.itemsOf[idOf(r)]
		}},
		"prices": {target: "price", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			return t.pricesOf[idOf(r)]
		}},
		"inventory": {target: "inventory_item", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			var items []row
			for _, link := range t.itemsOf[idOf(r)] {
				items = append(items, one(t, "inventory_item", link["inventory_item_id"])...)
			}
			return items
		}},
		"options": none(""), "images": none(""),
	},
}

var priceEntity = &entity{
	relations: map[string]relation{
		"price_list": none("price_list_id"),
		"price_rules": {target: "price_rule", many: true, of: func(t *tables, r row) []row {
			return t.rulesOf[idOf(r)]
		}},
	},
}

var variantItemEntity = &entity{
	relations: map[string]relation{
		"inventory": {target: "inventory_item", parentKey: "inventory_item_id", childKey: "id", of: func(t *tables, r row) []row {
			return one(t, "inventory_item", r["inventory_item_id"])
		}},
		"variant": {target: "product_variant", parentKey: "variant_id", childKey: "id", of: func(t *tables, r row) []row {
			return one(t, "product_variant", r["variant_id"])
		}},
	},
}

// shapeProduct and shapeVariant are the last touch that Medusa's product routes
// put to their answers: they build the prices anew.
func shapeProduct(product row) {
	variants, _ := product["variants"].([]any)
	for _, each := range variants {
		if variant, is := each.(row); is {
			shapeVariant(variant)
		}
	}
}

func shapeVariant(variant row) {
	prices, _ := variant["prices"].([]any)
	for i, each := range prices {
		if price, is := each.(row); is {
			prices[i] = shapePrice(variant["id"], price)
		}
	}
}

// shapePrice keeps the columns that Medusa passes on and adds two keys. The
// rules are empty, as if there were none, unless both attribute and value of
// price_rules were asked for.
func shapePrice(variantID any, price row) row {
	rules := row{}
	found, _ := price["price_rules"].([]any)
	for _, each := range found {
		rule, _ := each.(row)
		attribute, asked := rule["attribute"].(string)
		if value, both := rule["value"]; asked && both {
			rules[attribute] = value
		}
	}
	shaped := row{"variant_id": variantID, "rules": rules}
	for _, column := range []string{"id", "amount", "currency_code", "min_quantity", "max_quantity", "created_at", "updated_at"} {
		if value, asked := price[column]; asked {
			shaped[column] = value
		}
	}
	return shaped
}

var products = resource{
	entity: productEntity, table: "product", singular: "product", plural: "products",
	defaults: productDefaults, params: productParams, limit: 50,
	missing: func(string) string { return "Product not found" },
	shape:   shapeProduct,
	linked:  &linkFilter{param: "sales_channel_id", ids: func(t *tables, r row) []string { return t.channelsOf[idOf(r)] }},
}

var variants = resource{
	entity: variantEntity, table: "product_variant", plural: "variants",
	defaults: variantDefaults, params: listParams(variantFilters), strict: true, limit: 50,
	shape: shapeVariant,
}

// variantsOfProduct is GET /admin/products/:id/variants. An unknown product has
// an empty list.
func (s *Server) variantsOfProduct(w http.ResponseWriter, r *http.Request, who caller) {
	own := variants
	own.defaults = productVariantDefaults
	own.filter = map[string]any{"product_id": r.PathValue("id")}
	s.list(own)(w, r, who)
}

// storeProducts is GET /store/products: what is published in the sales channel
// of a key.
func (s *Server) storeProducts(w http.ResponseWriter, r *http.Request, channelID string) {
	sold := products
	sold.filter = map[string]any{"status": []any{"published"}, "sales_channel_id": []any{channelID}}
	s.list(sold)(w, r, caller{})
}

// storeProduct is GET /store/products/:id.
func (s *Server) storeProduct(w http.ResponseWriter, r *http.Request, channelID string) {
	id := r.PathValue("id")
	s.mu.RLock()
	product := s.tables.get("product", id)
	sold := product != nil && product["status"] == "published" && slices.Contains(s.tables.channelsOf[id], channelID)
	s.mu.RUnlock()
	if !sold {
		fault := notFound("Product with id: " + id + " was not found")
		writeJSON(w, r, fault.status, fault)
		return
	}
	s.detail(products)(w, r, caller{})
}
