package bff

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhichEventsMakeWhatIsHeldStale(t *testing.T) {
	const nothing, answers, keys = 0, 1, 2 // keys, and answers with them
	s := newShop(t)
	for event, stale := range map[string]int{
		"inventory.inventory-level.created":          answers,
		"inventory.inventory-level.updated":          answers,
		"inventory.inventory-level.deleted":          answers,
		"inventory.inventory-item.updated":           answers,
		"inventory.reservation-item.created":         answers,
		"inventory-level.updated":                    answers,
		"inventory-item.deleted":                     answers,
		"reservation-item.updated":                   answers,
		"product.product.updated":                    answers,
		"product.product-variant.updated":            answers,
		"product.updated":                            answers,
		"product-variant.updated":                    answers,
		"LinkProductVariantInventoryItem.attached":   answers,
		"stock_location.stock-location.deleted":      keys,
		"sales_channel.sales-channel.updated":        keys,
		"sales-channel.deleted":                      keys,
		"api_key.api-key.updated":                    keys,
		"api-key.revoked":                            keys,
		"LinkSalesChannelStockLocation.detached":     keys,
		"LinkPublishableApiKeySalesChannel.detached": keys,
		"order.placed":                               nothing,
		"customer.created":                           nothing,
		"product-category.updated":                   nothing,
		"inventory":                                  nothing,
		"my.inventory.updated":                       nothing,
	} {
		answersBefore, keysBefore := s.held.generation.Load(), s.keys.generation.Load()
		acted := s.Hook(t.Context(), event)
		require.Equal(t, stale >= answers, acted, event)
		require.Equal(t, stale >= answers, s.held.generation.Load() > answersBefore, "%s: held answers", event)
		require.Equal(t, stale >= keys, s.keys.generation.Load() > keysBefore, "%s: what keys open", event)
	}
}
