package main

import (
	"maps"
	"slices"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// ids are those of the demo's catalogue that requests name, by their variables.
var ids = map[string]string{
	"inventoryItemId":     "iitem_bd_7g",
	"itemWithoutLevelsId": "iitem_sin_nivel",
	"kitVariantId":        "variant_kit_armado",
	"locationId":          "sloc_high_up",
	"otherLocationId":     "sloc_deposito",
	"otherVariantId":      "variant_bd_1g",
	"productId":           "prod_blue_dream",
	"regionId":            "reg_argentina",
	"salesChannelId":      "sc_cannahub",
	"sku":                 "PR-OGK",
	"variantId":           "variant_bd_7g",
}

// environment is a Postman environment for the demo.
func environment() any {
	values := []any{
		setting("baseUrl", "http://localhost:8080"),
		setting("email", medusatest.Email),
		secret("password", medusatest.Password),
		setting("publishableKey", medusatest.PublishableToken(ids["salesChannelId"])),
		secret("webhookSecret", ""),
	}
	for _, name := range slices.Sorted(maps.Keys(ids)) {
		values = append(values, setting(name, ids[name]))
	}
	return map[string]any{"name": "Cannahub gateway (demo)", "values": values, "_postman_variable_scope": "environment"}
}

func setting(key, value string) any {
	return map[string]any{"key": key, "value": value, "type": "default", "enabled": true}
}

func secret(key, value string) any {
	return map[string]any{"key": key, "value": value, "type": "secret", "enabled": true}
}
