package mapping

import (
	stdjson "encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient"
)

// The samples are the answers that Cannahub's API documentation shows. An
// answer may say more than its sample, and nothing else.

func at(locationID, name string, stocked, reserved, incoming medusaclient.Number) medusaclient.StockLevel {
	named := level(locationID, stocked, reserved, incoming)
	named.StockLocations[0].Name = name
	return named
}

func TestDocumentedAnswers(t *testing.T) {
	sku, title := "BD-7G-001", "Blue Dream 7g"
	highUp := at("sloc_high_up", "High Up - Dispensario", "50", "5", "0")
	blueDream := whole(item("iitem_01HQ_BD_7G", highUp, at("sloc_deposito", "Depósito", "200", "0", "50")))
	blueDream.SKU, blueDream.Title, blueDream.RequiresShipping = &sku, &title, true
	blueDream.LocationLevels[0].ID, blueDream.LocationLevels[1].ID = "ilevel_01HQ", "ilevel_02HQ"
	sold := func(id, name, metadata string, price, stocked medusaclient.Number) medusaclient.ProductVariant {
		sold := variant(id, metadata, takes("1", "iitem_"+id, at("sloc_high_up", "High Up", stocked, "5", "0")))
		sold.Title = &name
		sold.Prices = []medusaclient.Price{{Amount: price, CurrencyCode: "ars"}}
		return sold
	}
	changed := wholeLevel(at("sloc_high_up", "High Up - Dispensario", "60", "5", "0"))
	changed.ID, changed.InventoryItemID = "ilevel_01HQ", "iitem_01HQ_BD_7G"
	first := RowResult{
		VariantID: "variant_bd_1g", LocationID: "sloc_high_up", Status: RowSuccess,
		PreviousQuantity: new(q("100")), NewQuantity: new(q("150")), TotalGrams: new(q("150")),
	}
	second := RowResult{
		VariantID: "variant_bd_7g", LocationID: "sloc_high_up", Status: RowSuccess,
		PreviousQuantity: new(q("50")), NewQuantity: new(q("75")), TotalGrams: new(q("525")),
	}
	unknown := RowResult{
		VariantID: "variant_invalid", LocationID: "sloc_high_up", Status: RowError, Code: "VARIANT_NOT_FOUND",
		Error: Message{Key: "VARIANT_NOT_FOUND", Args: []any{"variant_invalid"}}.InShort().In(English),
	}
	for sample, answer := range map[string]any{
		"level": LevelAnswer{Level: NewInventoryLevel(changed, Spanish)},
		"batch-update": BatchAnswer{
			Success: true, Updated: 2, Results: []RowResult{first, second},
			Summary: BatchSummary{TotalUnitsUpdated: q("75"), TotalGramsUpdated: q("525")}, BatchID: "batch_a",
		},
		"batch-update-partial": BatchAnswer{Updated: 1, Failed: 1, Results: []RowResult{first, unknown}, BatchID: "batch_a"},
		"with-inventory": NewProductWithInventory(medusaclient.Product{ID: "prod_01HQ8BD5G", Title: "Blue Dream Indoor", Variants: []medusaclient.ProductVariant{
			sold("variant_bd_7g", "Blue Dream 7g", `{"weight":7}`, "2100", "50"),
			sold("variant_bd_1g", "Blue Dream 1g", `{"weight":1}`, "350", "100"),
		}}, "ars", Spanish),
		"inventory": NewInventoryList(medusaclient.Page[medusaclient.InventoryItem]{
			Rows: []medusaclient.InventoryItem{blueDream}, Count: 45,
		}, "sloc_high_up", Page{Limit: 20}, Spanish),
		"item": NewInventoryDetail(blueDream, Spanish),
		"stock": NewProductStock(medusaclient.Product{ID: "prod_01HQ8BD5G", Variants: []medusaclient.ProductVariant{
			variant("variant_01HQ_BD_7G", ``, takes("1", "iitem_01HQ_BD_7G", highUp)),
		}}, Spanish),
	} {
		t.Run(sample, func(t *testing.T) {
			documented, err := os.ReadFile(filepath.Join("testdata", "samples", sample+".json"))
			require.NoError(t, err)
			var want, got any
			require.NoError(t, stdjson.Unmarshal(documented, &want))
			require.NoError(t, stdjson.Unmarshal(marshal(t, answer), &got))
			assertHolds(t, want, got, "")
		})
	}
}

// assertHolds checks that all of want is in got.
func assertHolds(t *testing.T, want, got any, path string) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for key, value := range want {
			if assert.Contains(t, object, key, "at %s", path) {
				assertHolds(t, value, object[key], path+"/"+key)
			}
		}
	case []any:
		array, _ := got.([]any)
		if assert.Len(t, array, len(want), "at %s", path) {
			for i, value := range want {
				assertHolds(t, value, array[i], path+"/"+strconv.Itoa(i))
			}
		}
	default:
		assert.Equal(t, want, got, "at %s", path)
	}
}

// TestDocumentedGrams is the documentation's table of the multiplier.
func TestDocumentedGrams(t *testing.T) {
	flower := func(id, metadata string, stocked medusaclient.Number) medusaclient.ProductVariant {
		return variant(id, metadata, takes("1", "iitem_"+id, level("sloc_high_up", stocked, "0", "0")))
	}
	answer := translate(flower("variant_1g", `{"weight":1}`, "100"), flower("variant_3_5g", `{"weight":3.5}`, "50"), flower("variant_7g", `{"weight":7}`, "20"))
	assert.Equal(t, "100", answer.Inventory["variant_1g"].TotalGrams.String())
	assert.Equal(t, "175", answer.Inventory["variant_3_5g"].TotalGrams.String())
	assert.Equal(t, "140", answer.Inventory["variant_7g"].TotalGrams.String())
	assert.Equal(t, "415", answer.TotalInventoryGrams.String())
}
