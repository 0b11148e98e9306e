package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"
)

const (
	setupPath = "/api/stock-locations/setup"

	// setupTurns: of so many set-ups in each way the median is told.
	setupTurns = 15
)

// setup compares a location that is set up in one call with the same made by
// single steps straight at Medusa, by a client nearby and by one far away.
func setup(ctx context.Context, bench bench, _ options) ([]figure, error) {
	gateway, err := bench.startGateway(ctx, bench.shop.upstream, "30s")
	if err != nil {
		return nil, err
	}
	defer gateway.stop()
	through := *bench.shop
	through.url = "http://" + gateway.address
	near, err := setupFigure(ctx, &through, bench.shop)
	if err != nil {
		return nil, err
	}
	near.name, near.goal = "a location", "at most 1.4"

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	farGateway, farShop, err := distant(ctx, gateway.address, bench.shop)
	if err != nil {
		return nil, err
	}
	through.url = "http://" + farGateway
	far, err := setupFigure(ctx, &through, farShop)
	far.name, far.goal = "a location, "+farAway.String()+" away", "at most 0.32"
	return []figure{near, far}, err
}

// setupFigure measures both ways, by turns. The first turn warms them up.
func setupFigure(ctx context.Context, through, straight *shop) (figure, error) {
	channel, profile, err := straight.foundations(ctx)
	if err != nil {
		return figure{}, err
	}
	var one, steps []time.Duration
	for turn := range setupTurns + 1 {
		started := time.Now()
		_, err := through.call(ctx, http.MethodPost, setupPath, map[string]any{
			"name": "Load " + rand.Text(), "address": loadAddress, "salesChannelId": channel,
		})
		if err != nil {
			return figure{}, err
		}
		whole := time.Since(started)
		started = time.Now()
		if err := straight.setUp(ctx, channel, profile); err != nil {
			return figure{}, err
		}
		if turn > 0 {
			one, steps = append(one, whole), append(steps, time.Since(started))
		}
	}
	a, b := percentile(one, 50), percentile(steps, 50)
	return figure{value: fmt.Sprintf("%s in one call, %s by its steps: %.2f", milliseconds(a), milliseconds(b), float64(a)/float64(b))}, nil
}

var loadAddress = map[string]string{"address_1": "Av. Santa Fe 3200", "city": "Buenos Aires", "country_code": "ar"}

// foundations are a sales channel and a shipping profile.
func (s *shop) foundations(ctx context.Context) (channel, profile string, err error) {
	channels, err := s.call(ctx, http.MethodGet, "/admin/sales-channels?limit=1&fields=id", nil)
	if err != nil {
		return "", "", err
	}
	profiles, err := s.call(ctx, http.MethodGet, "/admin/shipping-profiles?limit=1&fields=id", nil)
	return channels.Get("sales_channels.0.id").String(), profiles.Get("shipping_profiles.0.id").String(), err
}

// setUp makes what a set-up makes by the fewest calls, one after another.
func (s *shop) setUp(ctx context.Context, channel, profile string) error {
	name := "Load " + rand.Text()
	location, err := s.call(ctx, http.MethodPost, "/admin/stock-locations?fields=id", map[string]any{"name": name, "address": loadAddress})
	if err != nil {
		return err
	}
	at := "/admin/stock-locations/" + location.Get("stock_location.id").String()
	set, err := s.call(ctx, http.MethodPost, at+"/fulfillment-sets?fields=id,fulfillment_sets.id", map[string]string{"name": name, "type": "pickup"})
	if err != nil {
		return err
	}
	if _, err := s.call(ctx, http.MethodPost, at+"/fulfillment-providers?fields=id", map[string]any{"add": []string{"manual_manual"}}); err != nil {
		return err
	}
	zone, err := s.call(ctx, http.MethodPost,
		"/admin/fulfillment-sets/"+set.Get("stock_location.fulfillment_sets.0.id").String()+"/service-zones?fields=id,service_zones.id",
		map[string]any{"name": name, "geo_zones": []map[string]string{{"type": "country", "country_code": "ar"}}})
	if err != nil {
		return err
	}
	_, err = s.call(ctx, http.MethodPost, "/admin/shipping-options?fields=id", map[string]any{
		"name": name, "service_zone_id": zone.Get("fulfillment_set.service_zones.0.id").String(), "shipping_profile_id": profile,
		"provider_id": "manual_manual", "price_type": "flat", "type": map[string]string{"label": "Load", "description": "Load", "code": "load"},
		"prices": []map[string]any{{"currency_code": "ars", "amount": 0}},
		"rules": []map[string]string{
			{"attribute": "enabled_in_store", "operator": "eq", "value": "true"}, {"attribute": "is_return", "operator": "eq", "value": "false"},
		},
	})
	if err != nil {
		return err
	}
	_, err = s.call(ctx, http.MethodPost, at+"/sales-channels?fields=id", map[string]any{"add": []string{channel}})
	return err
}
