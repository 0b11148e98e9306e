package mapping

import (
	"strings"

	"github.com/goccy/go-json"

	"github.com/cannahub/gateway/medusaclient"
)

// one is the weight, in grams, of what names none.
var one = QuantityOf(1)

// weightOf returns how many grams one unit of a variant weighs: its
// metadata.weight, else metadata.quantity, else 1. Not valid is what is there
// but is no positive number; it counts as 1.
func weightOf(metadata medusaclient.Raw) (weight Quantity, valid bool) {
	var named map[string]json.RawMessage
	if len(metadata) == 0 || json.Unmarshal(metadata, &named) != nil {
		return one, true
	}
	value := named["weight"]
	if isNull(value) {
		value = named["quantity"]
	}
	if isNull(value) {
		return one, true
	}
	weight, valid = numberOrNumericString(value)
	if !valid || weight.Sign() <= 0 {
		return one, false
	}
	return weight, true
}

func isNull(value json.RawMessage) bool {
	return len(value) == 0 || string(value) == "null"
}

func numberOrNumericString(value json.RawMessage) (Quantity, bool) {
	if value[0] != '"' {
		return ParseQuantity(string(value))
	}
	var text string
	if json.Unmarshal(value, &text) != nil {
		return Quantity{}, false
	}
	return ParseQuantity(strings.TrimSpace(text))
}
