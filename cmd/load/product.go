package main

import (
	"encoding/json"
	"fmt"
)

// variants make an answer of 20 kB.
const variants = 20

var locations = []string{"High Up - Dispensario Palermo", "Depósito Central"}

type object = map[string]any

// productAnswer is Medusa's answer to what the gateway asks of a product.
func productAnswer() []byte {
	list := make([]object, variants)
	for i := range list {
		list[i] = productVariant(i)
	}
	body, err := json.Marshal(object{"product": object{
		"id": id("prod", 0), "title": "Blue Dream Indoor", "handle": "blue-dream-indoor", "status": "published",
		"thumbnail": "https://img.cannahub.test/blue-dream.jpg",
		"metadata":  object{"cepa": "híbrida", "thc": 21.5},
		"variants":  list,
	}})
	if err != nil {
		panic(err) // strings, numbers and maps of them
	}
	return body
}

func productVariant(i int) object {
	levels := make([]object, len(locations))
	for j, name := range locations {
		levels[j] = object{
			"location_id": id("sloc", j), "stocked_quantity": 100*(j+1) + i, "reserved_quantity": i % 7, "incoming_quantity": 0,
			"stock_locations": []object{{"id": id("sloc", j), "name": name}},
		}
	}
	return object{
		"id": id("variant", i), "title": fmt.Sprintf("%dg", i+1), "sku": fmt.Sprintf("BD-%dG-001", i+1), "variant_rank": i,
		"manage_inventory": true, "allow_backorder": false, "metadata": object{"weight": float64(i) + 0.5},
		"prices": []object{{
			"id": id("price", i), "variant_id": id("variant", i), "amount": 3500.5 * float64(i+1), "currency_code": "ars",
			"min_quantity": nil, "max_quantity": nil, "rules": object{},
		}},
		"inventory_items": []object{{
			"inventory_item_id": id("iitem", i), "variant_id": id("variant", i), "required_quantity": 1,
			"inventory": object{"id": id("iitem", i), "location_levels": levels},
		}},
	}
}

// id is as long as Medusa's.
func id(prefix string, i int) string { return fmt.Sprintf("%s_01M80ABJ%018d", prefix, i) }
