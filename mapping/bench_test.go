package mapping

import (
	stdjson "encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/goccy/go-json"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient"
)

// largeProduct is what an answer of 20 kB holds: a product with 20 variants,
// two prices and two locations each.
func largeProduct(b *testing.B) medusaclient.Product {
	b.Helper()
	product := recordedAnswer(b, "blue-dream").Product
	var variants []medusaclient.ProductVariant
	for i := range 5 {
		for _, variant := range recordedAnswer(b, "blue-dream").Product.Variants {
			variant.ID += fmt.Sprint("_", i)
			for j := range variant.InventoryItems {
				variant.InventoryItems[j].InventoryItemID += fmt.Sprint("_", i)
			}
			variants = append(variants, variant)
		}
	}
	product.Variants = variants
	return product
}

func BenchmarkProductWithInventory(b *testing.B) {
	product := largeProduct(b)
	sent := slices.Clone(product.Variants)
	b.ReportAllocs()
	for b.Loop() {
		copy(product.Variants, sent) // in Medusa's order, not in that of the last round
		NewProductWithInventory(product, "ars", Spanish)
	}
}

func BenchmarkMarshalProductWithInventory(b *testing.B) {
	answer := NewProductWithInventory(largeProduct(b), "ars", Spanish)
	written, err := json.MarshalWithOption(answer, json.DisableHTMLEscape())
	require.NoError(b, err)
	require.True(b, stdjson.Valid(written))
	b.SetBytes(int64(len(written)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.MarshalWithOption(answer, json.DisableHTMLEscape()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseBatchUpdate(b *testing.B) {
	for _, rows := range []int{10, 1000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			body := batchOf(rows)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if batch, faults := ParseBatchUpdate(body); len(batch.Updates) != rows || len(faults) > 0 {
					b.Fatal(faults)
				}
			}
		})
	}
}

func BenchmarkValidJSON(b *testing.B) {
	body := batchOf(1000)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if !ValidJSON(body) {
			b.Fatal("not JSON")
		}
	}
}
