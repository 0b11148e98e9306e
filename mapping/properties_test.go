package mapping

import (
	stdjson "encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cannahub/gateway/medusaclient"
)

// stocks draws what a level can hold: mostly whole and positive.
func stocks() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`(0|[1-9][0-9]{0,3})`), decimals())
}

func drawLevel(t *rapid.T, locationID string) medusaclient.StockLevel {
	number := func(name string) medusaclient.Number { return medusaclient.Number(stocks().Draw(t, name)) }
	drawn := level(locationID, number("stocked"), number("reserved"), number("incoming"))
	if locationID == "sloc_gone" {
		drawn = deleted(drawn)
	}
	return drawn
}

// drawProduct draws a product whose variants hold, share and combine a few
// items at a few locations.
func drawProduct(t *rapid.T) medusaclient.Product {
	locations := []string{"sloc_a", "sloc_b", "sloc_c", "sloc_gone"}
	items := []string{"iitem_a", "iitem_b", "iitem_c"}
	levels := map[string][]medusaclient.StockLevel{}
	for _, itemID := range items {
		for _, locationID := range rapid.SliceOfDistinct(rapid.SampledFrom(locations), rapid.ID[string]).Draw(t, "locations of "+itemID) {
			levels[itemID] = append(levels[itemID], drawLevel(t, locationID))
		}
	}
	product := medusaclient.Product{ID: "prod_a", Title: "A"}
	for i := range rapid.IntRange(0, 5).Draw(t, "variants") {
		drawn := variant(fmt.Sprintf("variant_%d", i), rapid.SampledFrom([]string{
			``, `{}`, `{"weight":1}`, `{"weight":3.5}`, `{"weight":"7"}`, `{"quantity":0.1}`, `{"weight":"siete"}`, `{"weight":1e-7}`, `{"weight":123456.789}`,
		}).Draw(t, "metadata"))
		rank := rapid.IntRange(0, 2).Draw(t, "rank")
		drawn.VariantRank = &rank
		drawn.ManageInventory = rapid.IntRange(0, 9).Draw(t, "managed") > 0
		for _, itemID := range rapid.SliceOfNDistinct(rapid.SampledFrom(items), 0, 3, rapid.ID[string]).Draw(t, "items") {
			required := rapid.SampledFrom([]medusaclient.Number{"1", "1", "1", "1.0", "6", "0.5", "3", "1e-7", "0", "-1"}).Draw(t, "required")
			drawn.InventoryItems = append(drawn.InventoryItems, takes(required, itemID, slices.Clone(levels[itemID])...))
		}
		product.Variants = append(product.Variants, drawn)
	}
	return product
}

func number(t rapid.TB, n medusaclient.Number) *big.Rat {
	t.Helper()
	exactly, valid := new(big.Rat).SetString(string(n))
	require.True(t, valid, "%q", n)
	return exactly
}

func required(t rapid.TB, link medusaclient.VariantInventoryItem) *big.Rat {
	t.Helper()
	if r := number(t, link.RequiredQuantity); r.Sign() > 0 {
		return r
	}
	return big.NewRat(1, 1)
}

// unitsAt counts the plain way: at each location what each item makes, whole
// units unless it is one item of which each takes one, and for a kit the least
// of them, 0 for an item that is not there.
func unitsAt(t rapid.TB, variant medusaclient.ProductVariant, locationID string, of func(medusaclient.StockLevel) *big.Rat) *big.Rat {
	t.Helper()
	var least *big.Rat
	for _, link := range variant.InventoryItems {
		made := new(big.Rat)
		for _, level := range link.Inventory.LocationLevels {
			if level.LocationID == locationID {
				made = new(big.Rat).Quo(of(level), required(t, link))
				if required(t, link).Cmp(big.NewRat(1, 1)) != 0 || len(variant.InventoryItems) > 1 {
					made = floored(made)
				}
			}
		}
		if least == nil || made.Cmp(least) < 0 {
			least = made
		}
	}
	return least
}

func TestStockOfAnyProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		product := drawProduct(t)
		answer := NewProductWithInventory(product, "ars", English)
		stocked := func(level medusaclient.StockLevel) *big.Rat { return number(t, level.StockedQuantity) }
		available := func(level medusaclient.StockLevel) *big.Rat {
			return new(big.Rat).Sub(number(t, level.StockedQuantity), number(t, level.ReservedQuantity))
		}
		require.Len(t, answer.Inventory, len(product.Variants))
		for i, variant := range product.Variants {
			stock := answer.Inventory[variant.ID]
			quantity, free := new(big.Rat), new(big.Rat)
			for j, at := range stock.ByLocation {
				quantity.Add(quantity, rat(t, at.Quantity))
				free.Add(free, rat(t, at.Available))
				assert.Zero(t, unitsAt(t, variant, at.LocationID, stocked).Cmp(rat(t, at.Quantity)), "quantity of %s at %s: %s", variant.ID, at.LocationID, at.Quantity)
				assert.Zero(t, unitsAt(t, variant, at.LocationID, available).Cmp(rat(t, at.Available)), "available of %s at %s: %s", variant.ID, at.LocationID, at.Available)
				assert.True(t, j == 0 || stock.ByLocation[j-1].LocationID < at.LocationID, "locations are in the order of their ids, each once")
				assert.Equal(t, at.LocationID == "sloc_gone", at.LocationName == nil, "a deleted location has no name")
			}
			assert.Zero(t, quantity.Cmp(rat(t, stock.Quantity)), "byLocation of %s adds up to %s, not to %s", variant.ID, quantity, stock.Quantity)
			assert.Zero(t, free.Cmp(rat(t, stock.Available)), "byLocation of %s adds up to %s, not to %s", variant.ID, free, stock.Available)
			assert.Zero(t, new(big.Rat).Sub(quantity, free).Cmp(rat(t, stock.Reserved)), "reserved is quantity − available: %s", stock.Reserved)
			weight := rat(t, answer.Product.Variants[i].Weight)
			assert.Equal(t, variant.ID, answer.Product.Variants[i].ID)
			assert.Zero(t, new(big.Rat).Mul(quantity, weight).Cmp(rat(t, stock.TotalGrams)), "grams of %s are exactly quantity × weight: %s", variant.ID, stock.TotalGrams)
			held := map[string]bool{}
			for _, link := range variant.InventoryItems {
				for _, level := range link.Inventory.LocationLevels {
					held[level.LocationID] = true
				}
			}
			if variant.ManageInventory {
				assert.Len(t, stock.ByLocation, len(held), "every location is shown")
			} else {
				assert.Empty(t, stock.ByLocation)
				assert.False(t, stock.Managed)
			}
		}
	})
}

func TestGramsCountEachItemOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		product := drawProduct(t)
		answer := NewProductWithInventory(product, "ars", English)
		total := new(big.Rat)
		counted := map[string]bool{}
		for _, variant := range product.Variants {
			for _, link := range variant.InventoryItems {
				if !variant.ManageInventory || counted[link.InventoryItemID] {
					continue
				}
				counted[link.InventoryItemID] = true
				stocked := new(big.Rat)
				for _, level := range link.Inventory.LocationLevels {
					stocked.Add(stocked, number(t, level.StockedQuantity))
				}
				total.Add(total, gramsOf(t, product, answer, link.InventoryItemID, stocked))
			}
		}
		assert.Zero(t, total.Cmp(rat(t, answer.TotalInventoryGrams)), "%s is not %s", answer.TotalInventoryGrams, total.FloatString(12))
	})
}

// gramsOf weighs the stock of an item as the first plain variant that holds it
// does, to 9 decimals where that is a division.
func gramsOf(t rapid.TB, product medusaclient.Product, answer ProductWithInventory, itemID string, stocked *big.Rat) *big.Rat {
	t.Helper()
	for i, variant := range product.Variants {
		if variant.ManageInventory && len(variant.InventoryItems) == 1 && variant.InventoryItems[0].InventoryItemID == itemID {
			grams := new(big.Rat).Mul(stocked, rat(t, answer.Product.Variants[i].Weight))
			if takes := required(t, variant.InventoryItems[0]); takes.Cmp(big.NewRat(1, 1)) != 0 {
				return toNineDecimals(grams.Quo(grams, takes))
			}
			return grams
		}
	}
	assert.Contains(t, codes(answer.Warnings), Warning{Code: WeightUnknown, InventoryItemID: itemID}, "an item that only kits hold is named")
	return stocked
}

// shuffled is the same product as Medusa could send it the next time.
func shuffled(t rapid.TB, product medusaclient.Product, seed uint64) medusaclient.Product {
	t.Helper()
	sent, err := stdjson.Marshal(product)
	require.NoError(t, err)
	var again medusaclient.Product
	require.NoError(t, stdjson.Unmarshal(sent, &again))
	dice := rand.New(rand.NewPCG(seed, seed))
	dice.Shuffle(len(again.Variants), func(i, j int) { again.Variants[i], again.Variants[j] = again.Variants[j], again.Variants[i] })
	for _, variant := range again.Variants {
		for _, link := range variant.InventoryItems {
			levels := link.Inventory.LocationLevels
			dice.Shuffle(len(levels), func(i, j int) { levels[i], levels[j] = levels[j], levels[i] })
		}
	}
	return again
}

func TestOrderOfMedusaDoesNotShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		product := drawProduct(t)
		other := shuffled(t, product, rapid.Uint64().Draw(t, "seed"))
		var items, otherItems []medusaclient.ItemStock
		for _, variant := range product.Variants {
			for _, link := range variant.InventoryItems {
				items = append(items, *link.Inventory)
				again, err := stdjson.Marshal(link.Inventory)
				require.NoError(t, err)
				var otherItem medusaclient.ItemStock
				require.NoError(t, stdjson.Unmarshal(again, &otherItem))
				slices.Reverse(otherItem.LocationLevels)
				otherItems = append(otherItems, otherItem)
			}
		}
		same := func(what string, translate func(medusaclient.Product, []medusaclient.ItemStock) any) {
			first, err := stdjson.Marshal(translate(product, items))
			require.NoError(t, err)
			second, err := stdjson.Marshal(translate(other, otherItems))
			require.NoError(t, err)
			assert.Equal(t, string(first), string(second), "%s depends on the order in which Medusa lists", what)
		}
		page := Page{Limit: 20}
		same("with-inventory", func(product medusaclient.Product, _ []medusaclient.ItemStock) any {
			return NewProductWithInventory(product, "ars", English)
		})
		same("stock", func(product medusaclient.Product, _ []medusaclient.ItemStock) any {
			return NewProductStock(product, English)
		})
		same("inventory", func(_ medusaclient.Product, items []medusaclient.ItemStock) any {
			listed := medusaclient.Page[medusaclient.InventoryItem]{}
			for _, item := range items {
				listed.Rows = append(listed.Rows, whole(item))
			}
			return NewInventoryList(listed, "", page, English)
		})
		same("alerts", func(_ medusaclient.Product, items []medusaclient.ItemStock) any {
			return NewAlertList(items, QuantityOf(5), "", page, English)
		})
	})
}
