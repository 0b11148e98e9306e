package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// heldFactor: a held answer is so cheap that more are needed to measure it.
	heldFactor = 5

	// warmFactor: one request in ten is made before measuring.
	warmFactor = 10

	upstreamLatency = 20 * time.Millisecond

	// turns: Medusa and the gateway are asked by turns, so that what else the
	// machine does meets both.
	turns = 4
)

type scenario struct {
	name  string
	about string
	real  bool // it needs a real Medusa
	run   func(ctx context.Context, bench bench, options options) ([]figure, error)
}

// The names of all scenarios of a kind.
const (
	readScenarios  = "all"
	stockScenarios = "stock"
)

var upstreamAbout = fmt.Sprintf("a product of %d variants at %d locations, %d bytes", variants, len(locations), len(productAnswer()))

var withStub = []scenario{
	{"uncached", "every request for another product (" + upstreamAbout + "), Medusa answers at once", false, uncached},
	{"held", "every request for the same product, whose answer is held in memory", false, held},
	{"latency", "every request for another product, Medusa answers after " + upstreamLatency.String(), false, latency},
}

var withMedusa = []scenario{
	{"batch", "rows in one batch-update, and one by one straight to Medusa", true, batch},
	{"sustained", fmt.Sprintf("single changes by %d callers at once, of %d levels", sustainedCallers, sustainedLevels), true, sustained},
	{"setup", "a location set up in one call, and by its single steps straight at Medusa", true, setup},
	{"live", "a change told to many who follow the level over WebSocket, and what idle sockets cost", true, live},
	{"lone", "a single change, and the same read and write straight to Medusa", true, lone},
}

// withItsOwn stop their Medusa.
var withItsOwn = []scenario{
	{"outage", fmt.Sprintf("%d requests of shoppers and admins a second for %s, and Medusa killed and started again", outageRate, outageTime), true, outage},
}

func names(of []scenario) string {
	names := make([]string, len(of))
	for i, known := range of {
		names[i] = known.name
	}
	return strings.Join(names, ", ")
}

// scenariosOf are the scenarios of a kind, or the one of a name.
func scenariosOf(name string) []scenario {
	switch name {
	case readScenarios:
		return withStub
	case stockScenarios:
		return withMedusa
	}
	for _, known := range slices.Concat(withStub, withMedusa, withItsOwn) {
		if known.name == name {
			return []scenario{known}
		}
	}
	return nil
}

func uncached(ctx context.Context, bench bench, options options) ([]figure, error) {
	return cost(ctx, bench, options, costOf{requests: options.requests, cacheTTL: "0", goal: "at most 0.20 ms", path: gatewayPath})
}

func held(ctx context.Context, bench bench, options options) ([]figure, error) {
	same := func(int) string { return gatewayPath(0) }
	return cost(ctx, bench, options, costOf{requests: options.requests * heldFactor, cacheTTL: "1h", goal: "at most 0.03 ms", path: same})
}

// costOf is what is asked of the gateway, and of how much CPU a request is to
// cost.
type costOf struct {
	requests int
	cacheTTL string
	goal     string
	path     func(i int) string
}

// cost measures CPU and memory of the gateway under as many requests as it can
// take.
func cost(ctx context.Context, bench bench, options options, of costOf) ([]figure, error) {
	running, err := bench.start(ctx, 0, of.cacheTTL)
	if err != nil {
		return nil, err
	}
	defer running.stop()
	address := running.gateway.address

	warm := max(of.requests/warmFactor, options.connections)
	if _, err := closedLoop(ctx, address, options.connections, warm, of.path); err != nil {
		return nil, err
	}
	before, _ := usageOf(running.gateway)
	started := time.Now()
	took, err := closedLoop(ctx, address, options.connections, of.requests, func(i int) string { return of.path(warm + i) })
	if err != nil {
		return nil, err
	}
	elapsed := time.Since(started)
	after, measured := usageOf(running.gateway)

	figures := []figure{
		{"requests", fmt.Sprintf("%d over %d connections", of.requests, options.connections), ""},
		{"CPU a request", cpuPerRequest(before, after, of.requests), of.goal},
		{"resident memory", fmt.Sprintf("%s at the end, %s at most", mebibytes(after.resident), mebibytes(after.peak)), "at most 50 MiB"},
		{"requests a second", fmt.Sprintf("%.0f", float64(of.requests)/elapsed.Seconds()), ""},
		{"p50, p99", fmt.Sprintf("%s, %s", milliseconds(percentile(took, 50)), milliseconds(percentile(took, 99))), ""},
	}
	if !measured {
		figures[1].value, figures[2].value = "not measured: only Linux tells it of another process", "not measured either"
	}
	return figures, nil
}

func cpuPerRequest(before, after usage, requests int) string {
	user := (after.user - before.user) / time.Duration(requests)
	system := (after.system - before.system) / time.Duration(requests)
	return fmt.Sprintf("%s (user %s, system %s)", milliseconds(user+system), milliseconds(user), milliseconds(system))
}

// latency compares the time of answers through the gateway with that of the
// same answers straight from Medusa.
func latency(ctx context.Context, bench bench, options options) ([]figure, error) {
	running, err := bench.start(ctx, upstreamLatency, "0")
	if err != nil {
		return nil, err
	}
	defer running.stop()

	var direct, through []time.Duration
	for range turns {
		took, err := steady(ctx, running.stub.address, options, stubPath)
		if err != nil {
			return nil, err
		}
		direct = append(direct, took...)
		if took, err = steady(ctx, running.gateway.address, options, gatewayPath); err != nil {
			return nil, err
		}
		through = append(through, took...)
	}
	row := func(p float64, goal string) figure {
		straight, gateway := percentile(direct, p), percentile(through, p)
		return figure{
			fmt.Sprintf("p%g", p),
			fmt.Sprintf("%s straight, %s through the gateway: %s more", milliseconds(straight), milliseconds(gateway), milliseconds(gateway-straight)),
			goal,
		}
	}
	return []figure{
		{"requests", fmt.Sprintf("%d at %g a second, timed from when each was due", len(direct), options.rate), ""},
		row(50, "at most 0.5 ms more"),
		row(99, "at most 2 ms more"),
	}, nil
}

// steady warms up and then asks at the given rate for one turn.
func steady(ctx context.Context, address string, options options, path func(i int) string) ([]time.Duration, error) {
	requests := max(int(options.rate*options.duration.Seconds())/turns, 1)
	warm := max(requests/warmFactor, 1)
	if _, err := openLoop(ctx, address, options.rate, warm, path); err != nil {
		return nil, err
	}
	return openLoop(ctx, address, options.rate, requests, func(i int) string { return path(warm + i) })
}

func gatewayPath(i int) string { return fmt.Sprintf("/api/products/prod_load_%d/with-inventory", i) }

func stubPath(i int) string { return fmt.Sprintf("/admin/products/prod_load_%d", i) }
