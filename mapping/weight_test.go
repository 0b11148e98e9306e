package mapping

import (
	stdjson "encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cannahub/gateway/medusaclient"
)

func TestWeightOfAVariant(t *testing.T) {
	for _, c := range []struct {
		metadata string
		weight   string
		valid    bool
	}{
		{``, "1", true},
		{`null`, "1", true},
		{`{}`, "1", true},
		{`[]`, "1", true},
		{`{"cepa":"híbrida"}`, "1", true},
		{`{"weight":7}`, "7", true},
		{`{"weight":3.5}`, "3.5", true},
		{`{"weight":1e-3}`, "0.001", true},
		{`{"weight":"7"}`, "7", true},
		{`{"weight":" 7 "}`, "7", true},
		{`{"weight":"\t3.5\n"}`, "3.5", true},
		{`{"weight":"1e1"}`, "10", true},
		{`{"weight":"1.0"}`, "1", true},
		{`{"weight":"\u0037"}`, "7", true},
		{`{"quantity":14}`, "14", true},
		{`{"quantity":"14"}`, "14", true},
		{`{"weight":null,"quantity":14}`, "14", true},
		{`{"weight":7,"quantity":14}`, "7", true},
		{`{"quantity":14,"weight":7}`, "7", true},
		{`{"weight":null,"quantity":null}`, "1", true},
		{`{"Weight":7,"WEIGHT":9,"Quantity":14}`, "1", true}, // names are matched as JavaScript does
		{`{"weight":7,"Weight":9}`, "7", true},
		{`{"nested":{"weight":7}}`, "1", true},

		{`{"weight":"siete"}`, "1", false},
		{`{"weight":""}`, "1", false},
		{`{"weight":" "}`, "1", false},
		{`{"weight":"7g"}`, "1", false},
		{`{"weight":"7,5"}`, "1", false},
		{`{"weight":"Infinity"}`, "1", false},
		{`{"weight":"NaN"}`, "1", false},
		{`{"weight":"0x10"}`, "1", false},
		{`{"weight":"1_0"}`, "1", false},
		{`{"weight":0}`, "1", false},
		{`{"weight":"0"}`, "1", false},
		{`{"weight":-2}`, "1", false},
		{`{"weight":true}`, "1", false},
		{`{"weight":{}}`, "1", false},
		{`{"weight":{"value":7}}`, "1", false},
		{`{"weight":[7]}`, "1", false},
		{`{"weight":"null"}`, "1", false},
		{`{"weight":1e999999999}`, "1", false},
		{`{"weight":0,"quantity":14}`, "1", false}, // what is there counts, whatever it is
		{`{"quantity":-14}`, "1", false},
	} {
		weight, valid := weightOf(medusaclient.Raw(c.metadata))
		assert.Equal(t, c.weight, weight.String(), "weight in %s", c.metadata)
		assert.Equal(t, c.valid, valid, "whether %s names a weight", c.metadata)
	}
}

func TestInvalidWeightIsNamed(t *testing.T) {
	answer := translate(
		variant("variant_a", `{"weight":"siete"}`, takes("1", "iitem_a", level("sloc_a", "3", "0", "0"))),
		variant("variant_b", `{"weight":2}`, takes("1", "iitem_b", level("sloc_a", "4", "0", "0"))),
	)
	assert.Equal(t, []Warning{{
		Code: WeightInvalid, VariantID: "variant_a",
		Detail: "The weight in the metadata of the variant variant_a is no positive number; it counts as 1 g.",
	}}, answer.Warnings)
	assert.Equal(t, "1", answer.Product.Variants[0].Weight.String())
	assert.Equal(t, "11", answer.TotalInventoryGrams.String())
}

func FuzzWeight(f *testing.F) {
	for _, metadata := range []string{
		`{"weight":7}`, `{"weight":" 7 "}`, `{"weight":"siete"}`, `{"quantity":"1e1"}`, `{"weight":null,"quantity":3.5}`, `{"weight":{}}`,
		`null`, `[]`, `""`, `{"weight":1e400}`, `{"weight":"\ud800"}`, `{"weight":01}`, `{`, `{"weight"0`, `{"weight":1,"weight":2}`,
	} {
		f.Add([]byte(metadata))
	}
	f.Fuzz(func(t *testing.T, metadata []byte) {
		weight, valid := weightOf(metadata)
		assert.Positive(t, weight.Sign(), "a weight is more than nothing")
		if !valid {
			assert.Equal(t, "1", weight.String(), "what is no weight counts as 1 g")
		}
		var named map[string]any
		decoder := stdjson.NewDecoder(strings.NewReader(string(metadata)))
		decoder.UseNumber()
		if !stdjson.Valid(metadata) || decoder.Decode(&named) != nil {
			assert.True(t, valid, "metadata that is no object names no weight")
			return
		}
		value := named["weight"]
		if value == nil {
			value = named["quantity"]
		}
		want, isWeight := q("1"), value == nil
		switch value := value.(type) {
		case stdjson.Number:
			want, isWeight = ParseQuantity(value.String())
		case string:
			want, isWeight = ParseQuantity(strings.TrimSpace(value))
		}
		if !isWeight || want.Sign() <= 0 {
			want, isWeight = q("1"), false
		}
		assert.Equal(t, isWeight, valid, "whether %s names a weight", metadata)
		assert.Zero(t, want.Cmp(weight), "weight in %s", metadata)
	})
}
