package medusatest

var storeDefaults = []string{
	"id", "name", "*supported_currencies", "*supported_currencies.currency", "default_sales_channel_id",
	"default_region_id", "default_location_id", "metadata", "created_at", "updated_at",
}

var storeEntity = &entity{
	searched: []string{"name"},
	relations: map[string]relation{
		"supported_currencies": {target: "store_currency", many: true, of: func(t *tables, r row) []row {
			return t.currenciesOf[idOf(r)]
		}},
	},
}

var storeCurrencyEntity = &entity{
	relations: map[string]relation{
		"currency": {target: "currency", parentKey: "currency_code", childKey: "code", of: func(_ *tables, r row) []row {
			if known, is := currencies[textOf(r, "currency_code")]; is {
				return []row{known}
			}
			return nil
		}},
	},
}

// currencies are those of Medusa's fixed list that a Cannahub shop uses.
var currencies = map[string]row{
	"ars": currency("ars", "AR$", "$", "Argentine Peso"),
	"eur": currency("eur", "€", "€", "Euro"),
	"usd": currency("usd", "$", "$", "US Dollar"),
}

func currency(code, symbol, native, name string) row {
	return row{
		"code": code, "symbol": symbol, "symbol_native": native, "name": name, "decimal_digits": 2.0, "rounding": 0.0,
		"raw_rounding": row{"value": "0", "precision": 20},
		"created_at":   stamp(catalogueTime), "updated_at": stamp(catalogueTime), "deleted_at": nil,
	}
}

var stores = resource{
	entity: storeEntity, table: "store", singular: "store", plural: "stores", defaults: storeDefaults,
	params: listParams([]param{{"q", text}, {"id", textOrList}, {"name", textOrList}}), strict: true, limit: 50,
}
