package medusatest

import "slices"

// entity is what Medusa's modules say about one kind of row.
type entity struct {
	// searched are the columns that `q` looks at, searchedIn the relations
	// whose searched columns it looks at too.
	searched   []string
	searchedIn []string
	relations  map[string]relation
	// derived columns are worked out when they are named; a star does not
	// bring them.
	derived map[string]func(t *tables, r row) any
	// computed columns are worked out when the row is loaded, from others that
	// must be loaded with it.
	computed map[string][]string
}

// relation leads from a row to rows of another entity.
type relation struct {
	target string
	many   bool
	of     func(t *tables, r row) []row
	// parentKey and childKey are the columns it joins by, where Medusa shows
	// them on either side, asked for or not.
	parentKey, childKey string
	// foreignKey is the column that holds the id of the one row it leads to.
	foreignKey string
	// back is the relation of the target that leads here again.
	back string
	// hideNull leaves out a row that is not there, instead of showing null,
	// when all its columns are asked for.
	hideNull bool
}

// computable tells whether a column has a value among those selected. A
// computed column that is selected beside stored ones, but without those it is
// made of, is silently missing.
func (e *entity) computable(r row, sel *selection, name string) bool {
	sources, computed := e.computed[name]
	if !computed {
		return true
	}
	others := 0
	found := 0
	for _, other := range sel.names {
		_, alsoComputed := e.computed[other]
		if _, known := r[other]; known && !alsoComputed {
			others++
		}
		if slices.Contains(sources, other) {
			found++
		}
	}
	for relationName := range sel.relations {
		if e.relations[relationName].parentKey != "" {
			others++
		}
	}
	return others == 0 || found == len(sources)
}

// none is a relation to rows that no catalogue has; foreignKey is empty where
// there could be many.
func none(foreignKey string) relation {
	return relation{
		target: "nothing", many: foreignKey == "", foreignKey: foreignKey,
		of: func(*tables, row) []row { return nil },
	}
}

// one is the related row with the id, if it is there.
func one(t *tables, entity string, id any) []row {
	text, _ := id.(string)
	if found := t.get(entity, text); found != nil {
		return []row{found}
	}
	return nil
}

// entities are the kinds of rows by name.
var entities = map[string]*entity{
	"nothing":                {},
	"inventory_item":         inventoryItemEntity,
	"inventory_level":        inventoryLevelEntity,
	"reservation_item":       reservationEntity,
	"product":                productEntity,
	"product_variant":        variantEntity,
	"variant_item":           variantItemEntity,
	"price":                  priceEntity,
	"price_rule":             {},
	"stock_location":         stockLocationEntity,
	"stock_location_address": addressEntity,
	"sales_channel":          salesChannelEntity,
	"fulfillment_set":        fulfillmentSetEntity,
	"fulfillment_provider":   {},
	"service_zone":           serviceZoneEntity,
	"geo_zone":               geoZoneEntity,
	"shipping_profile":       {},
	"shipping_option":        shippingOptionEntity,
	"shipping_option_type":   optionTypeEntity,
	"shipping_option_rule":   {},
	"store":                  storeEntity,
	"api_key":                apiKeyEntity,
	"cart":                   cartEntity,
	"cart_line_item":         {},
	"store_currency":         storeCurrencyEntity,
	"currency":               {},
}
