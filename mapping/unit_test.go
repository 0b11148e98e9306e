package mapping

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cannahub/gateway/medusaclient"
)

func TestVariantUnit(t *testing.T) {
	for name, test := range map[string]struct {
		metadata            medusaclient.Raw
		required            medusaclient.Number
		level, units, grams string
	}{
		"flower":                     {medusaclient.Raw(`{"weight":7}`), "1", "75", "75", "525"},
		"without a weight":           {nil, "1", "75", "75", "75"},
		"a weight that is none":      {medusaclient.Raw(`{"weight":"siete"}`), "1", "75", "75", "75"},
		"a fraction, each takes one": {medusaclient.Raw(`{"weight":3.5}`), "1.0", "12.5", "12.5", "43.75"},
		"a six-pack":                 {medusaclient.Raw(`{"weight":21}`), "6", "20", "3", "63"},
		"a six-pack, below zero":     {medusaclient.Raw(`{"weight":21}`), "6", "-20", "-4", "-84"},
		"a six-pack, none":           {medusaclient.Raw(`{"weight":21}`), "6", "5.999", "0", "0"},
		"half of an item":            {medusaclient.Raw(`{"weight":0.1}`), "0.5", "1.75", "3", "0.3"},
	} {
		t.Run(name, func(t *testing.T) {
			unit, valid := VariantUnit(test.metadata, test.required)
			require.True(t, valid)
			units := unit.Units(q(test.level))
			assert.Equal(t, test.units, units.String())
			assert.Equal(t, test.grams, unit.Grams(units).String())
			assert.Equal(t, q(string(test.required)).Mul(units), unit.Level(units))
		})
	}
	for _, required := range []medusaclient.Number{"0", "-1", "", "-0.0"} {
		_, valid := VariantUnit(nil, required)
		assert.False(t, valid, "takes %q of its item", required)
	}
	_, valid := VariantUnit(nil, "0.001")
	assert.True(t, valid)
}

func TestItemUnit(t *testing.T) {
	ranked := func(rank int, variant medusaclient.ProductVariant) medusaclient.ProductVariant {
		variant.VariantRank = &rank
		return variant
	}
	plain := func(id, metadata string, required medusaclient.Number) medusaclient.ProductVariant {
		return variant(id, metadata, takes(required, "iitem_a"))
	}
	unmanaged := plain("variant_u", `{"weight":9}`, "1")
	unmanaged.ManageInventory = false
	kit := variant("variant_k", `{"weight":9}`, takes("1", "iitem_a"), takes("1", "iitem_b"))
	other := variant("variant_o", `{"weight":9}`, takes("1", "iitem_b"))
	empty := variant("variant_e", `{"weight":9}`)
	for name, test := range map[string]struct {
		variants []medusaclient.ProductVariant
		grams    string // of 10 units of the item
	}{
		"no variant":               {nil, "10"},
		"one variant":              {[]medusaclient.ProductVariant{plain("variant_a", `{"weight":7}`, "1")}, "70"},
		"a six-pack":               {[]medusaclient.ProductVariant{plain("variant_a", `{"weight":21}`, "6")}, "35"},
		"a weight without end":     {[]medusaclient.ProductVariant{plain("variant_a", `{"weight":1}`, "3")}, "3.333333333"},
		"takes nothing, counts 1":  {[]medusaclient.ProductVariant{plain("variant_a", `{"weight":7}`, "0")}, "70"},
		"a weight that is none":    {[]medusaclient.ProductVariant{plain("variant_a", `{"weight":-7}`, "1")}, "10"},
		"who does not hold it":     {[]medusaclient.ProductVariant{unmanaged, kit, other, empty}, "10"},
		"whoever else holds it":    {[]medusaclient.ProductVariant{unmanaged, kit, other, empty, plain("variant_z", `{"weight":7}`, "1")}, "70"},
		"the first by rank":        {[]medusaclient.ProductVariant{ranked(2, plain("variant_a", `{"weight":2}`, "1")), ranked(1, plain("variant_b", `{"weight":7}`, "1"))}, "70"},
		"the first by id":          {[]medusaclient.ProductVariant{plain("variant_b", `{"weight":2}`, "1"), ranked(0, plain("variant_a", `{"weight":7}`, "1"))}, "70"},
		"the first in any order":   {[]medusaclient.ProductVariant{ranked(1, plain("variant_a", `{"weight":7}`, "1")), ranked(2, plain("variant_b", `{"weight":2}`, "1"))}, "70"},
		"rank before what is none": {[]medusaclient.ProductVariant{ranked(1, plain("variant_a", `{"weight":2}`, "1")), ranked(0, kit), ranked(3, plain("variant_c", ``, "1"))}, "20"},
	} {
		t.Run(name, func(t *testing.T) {
			unit := ItemUnit("iitem_a", test.variants)
			assert.Equal(t, test.grams, unit.Grams(q("10")).String())
			assert.Equal(t, "12.5", unit.Units(q("12.5")).String(), "an item counts in its own units")
			assert.Equal(t, "12.5", unit.Level(q("12.5")).String())
		})
	}
}

// TestItemWeighsAsInItsProduct holds a row's grams to those of the product's
// own answer.
func TestItemWeighsAsInItsProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		product := drawProduct(t)
		itemIDs := map[string]Quantity{}
		for _, variant := range product.Variants {
			for _, link := range variant.InventoryItems {
				if variant.ManageInventory {
					itemIDs[link.InventoryItemID] = Quantity{}
					var stocked Quantity
					for _, level := range levelsOf(link) {
						stocked = stocked.Add(ReadQuantity(level.StockedQuantity))
					}
					itemIDs[link.InventoryItemID] = stocked
				}
			}
		}
		var total Quantity
		for itemID, stocked := range itemIDs {
			total = total.Add(ItemUnit(itemID, product.Variants).Grams(stocked))
		}
		assert.Equal(t, NewProductWithInventory(product, "ars", English).TotalInventoryGrams.String(), total.String())
	})
}

// TestUnitsOfALevel holds units to plain fractions: whole ones that fit, and
// not one more would.
func TestUnitsOfALevel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		required := rapid.SampledFrom([]medusaclient.Number{"1", "1.0", "6", "0.5", "3", "0.001", "1e2"}).Draw(t, "required")
		level := stocks().Draw(t, "level")
		unit, valid := VariantUnit(nil, required)
		require.True(t, valid)
		units := unit.Units(q(level))
		if number(t, required).Cmp(big.NewRat(1, 1)) == 0 {
			assert.Equal(t, q(level), units)
			return
		}
		assert.True(t, number(t, units.Number()).IsInt(), "%s units", units)
		assert.LessOrEqual(t, unit.Level(units).Cmp(q(level)), 0, "%s units of %s do not fit in %s", units, required, level)
		assert.Positive(t, unit.Level(units.Add(one)).Cmp(q(level)), "more than %s units of %s fit in %s", units, required, level)
	})
}
