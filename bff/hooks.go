package bff

import (
	"context"
	"regexp"
)

var (
	// stockEvents are Medusa's events, of its modules and of its workflows, after
	// which answers may be others.
	stockEvents = regexp.MustCompile(`^(inventory|inventory-(item|level)|reservation-item|product|product-variant|LinkProductVariantInventoryItem)\.`)

	// openingEvents are those after which publishable keys may open other locations.
	openingEvents = regexp.MustCompile(`^(stock_location|sales[_-]channel|api[_-]key|LinkSalesChannelStockLocation|LinkPublishableApiKeySalesChannel)\.`)
)

// Hook acts on an event that happened in Medusa: what is held and may have changed is
// dropped, here and at the other gateways, and what somebody follows is read at once.
// It says whether there was anything to do.
func (g *Gateway) Hook(ctx context.Context, event string) (acted bool) {
	switch {
	case openingEvents.MatchString(event):
		g.changed(ctx, locationsChanged)
	case stockEvents.MatchString(event):
		g.changed(ctx, answersChanged)
	default:
		return false
	}
	return true
}
