package mapping

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/medusaclient"
)

// one is the weight, in grams, of what names none.
var one = QuantityOf(1)

// weightOf returns how many grams one unit of a variant weighs: its
// metadata.weight, else metadata.quantity, else 1. Not valid is what is there
// but is no positive number; it counts as 1.
func weightOf(metadata medusaclient.Raw) (weight Quantity, valid bool) {
	if !gjson.ValidBytes(metadata) {
		return one, true
	}
	var named, quantity gjson.Result
	gjson.ParseBytes(metadata).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "weight":
			named = value
		case "quantity":
			quantity = value
		}
		return true
	})
	value := named
	if value.Type == gjson.Null {
		value = quantity
	}
	switch value.Type {
	case gjson.Null:
		return one, true
	case gjson.Number:
		weight, valid = ParseQuantity(value.Raw)
	case gjson.String:
		weight, valid = ParseQuantity(strings.TrimSpace(value.Str))
	default:
	}
	if !valid || weight.Sign() <= 0 {
		return one, false
	}
	return weight, true
}
