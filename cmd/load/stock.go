package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// levelStock is what a level has at first.
	levelStock = 1000

	// batchRows: a batch is measured until so many rows went in each way, at
	// least batchTurns times. The median is told.
	batchRows  = 1000
	batchTurns = 3
	maxTurns   = 11

	// farAway is the round trip of the client who is not near.
	farAway = 180 * time.Millisecond

	sustainedCallers = 256
	sustainedLevels  = 200

	// maxLone changes are enough for a median that stays.
	maxLone = 300

	batchPath  = "/api/inventory/batch-update"
	adjustPath = "/api/inventory/adjustments"
)

// batch compares one batch-update with its rows sent one by one straight to
// Medusa, by a client nearby and by one far away.
func batch(ctx context.Context, bench bench, _ options) ([]figure, error) {
	gateway, err := bench.startGateway(ctx, bench.shop.upstream, "30s")
	if err != nil {
		return nil, err
	}
	defer gateway.stop()
	places, err := bench.shop.newLevels(ctx, 1000)
	if err != nil {
		return nil, err
	}
	var figures []figure
	for _, size := range []struct {
		rows int
		goal string
	}{{10, "at most 0.30"}, {100, "at most 0.08"}, {1000, "at most 0.07"}} {
		figure, err := batchFigure(ctx, gateway.address, bench.shop, places[:size.rows])
		if err != nil {
			return nil, err
		}
		figure.goal = size.goal
		figures = append(figures, figure)
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	farGateway, farShop, err := distant(ctx, gateway.address, bench.shop)
	if err != nil {
		return nil, err
	}
	figure, err := batchFigure(ctx, farGateway, farShop, places[:10])
	figure.name += ", " + farAway.String() + " away"
	figure.goal = "at most 0.15"
	return append(figures, figure), err
}

// batchFigure measures the rows of one batch in both ways, by turns.
func batchFigure(ctx context.Context, gateway string, shop *shop, places []place) (figure, error) {
	var through, straight []time.Duration
	for turn := range min(max(batchTurns, batchRows/len(places)), maxTurns) {
		took, err := batchOnce(ctx, gateway, shop, places, 2*turn)
		if err != nil {
			return figure{}, err
		}
		through, straight = append(through, took[0]), append(straight, took[1])
	}
	one, rows := percentile(through, 50), percentile(straight, 50)
	return figure{
		name:  fmt.Sprintf("%d rows", len(places)),
		value: fmt.Sprintf("%s in one batch, %s one by one: %.3f", milliseconds(one), milliseconds(rows), float64(one)/float64(rows)),
	}, nil
}

// batchOnce measures one turn. Each write brings another quantity: Medusa saves
// itself the others.
func batchOnce(ctx context.Context, gateway string, shop *shop, places []place, quantity int) (took [2]time.Duration, err error) {
	took[1], err = warmAndTimed(ctx, shop.host(), shop.token, func(medusa *connection) error {
		return medusa.post(setLevel(places[0], quantity))
	}, func(medusa *connection) error {
		for _, at := range places {
			if err := medusa.post(setLevel(at, quantity+1)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return took, err
	}
	warm, body := setLevels(places[:1], quantity), setLevels(places, quantity+2)
	took[0], err = warmAndTimed(ctx, gateway, shop.token, func(gateway *connection) error {
		return gateway.post(batchPath, warm)
	}, func(gateway *connection) error {
		return gateway.post(batchPath, body)
	})
	return took, err
}

// warmAndTimed opens a connection, has something done over it that also confirms
// the right to do it, and measures what is done then.
func warmAndTimed(ctx context.Context, address, token string, warm, timed func(*connection) error) (time.Duration, error) {
	connection, err := dial(ctx, address, token)
	if err != nil {
		return 0, err
	}
	defer connection.close()
	if err := warm(connection); err != nil {
		return 0, err
	}
	started := time.Now()
	err = timed(connection)
	return time.Since(started), err
}

// setLevel is a single write of Medusa's.
func setLevel(at place, quantity int) (path, body string) {
	return "/admin/inventory-items/" + at.item + "/location-levels/" + at.location, fmt.Sprintf(`{"stocked_quantity":%d}`, quantity)
}

// setLevels is the body of a batch-update.
func setLevels(places []place, quantity int) string {
	rows := make([]string, len(places))
	for i, at := range places {
		rows[i] = fmt.Sprintf(`{"inventoryItemId":%q,"locationId":%q,"quantity":%d}`, at.item, at.location, quantity)
	}
	return `{"reason":"cycleCount","updates":[` + strings.Join(rows, ",") + `]}`
}

// adjustLevel is a single change through the gateway.
func adjustLevel(at place) (path, body string) {
	return adjustPath, fmt.Sprintf(`{"inventoryItemId":%q,"locationId":%q,"adjustment":1,"reason":"correction"}`, at.item, at.location)
}

// sustained compares how many single changes a second the same callers make
// through the gateway, and straight at Medusa.
func sustained(ctx context.Context, bench bench, options options) ([]figure, error) {
	gateway, err := bench.startGateway(ctx, bench.shop.upstream, "30s")
	if err != nil {
		return nil, err
	}
	defer gateway.stop()
	places, err := bench.shop.newLevels(ctx, sustainedLevels)
	if err != nil {
		return nil, err
	}
	var through, straight rate
	for range turns {
		turn := options.duration / turns
		if err := straight.measure(ctx, bench.shop.host(), bench.shop.token, sustainedCallers, turn, func(i int) (path, body string) {
			return setLevel(places[i%len(places)], i)
		}); err != nil {
			return nil, err
		}
		if err := through.measure(ctx, gateway.address, bench.shop.token, sustainedCallers, turn, func(i int) (path, body string) {
			return adjustLevel(places[i%len(places)])
		}); err != nil {
			return nil, err
		}
	}
	return []figure{
		{"straight to Medusa", straight.String(), ""},
		{"through the gateway", through.String(), ""},
		{"ratio", fmt.Sprintf("%.1f", through.perSecond()/straight.perSecond()), "at least 12"},
	}, nil
}

// rate is how many requests were made in which time.
type rate struct {
	requests int64
	elapsed  time.Duration
}

func (r *rate) perSecond() float64 { return float64(r.requests) / r.elapsed.Seconds() }

func (r *rate) String() string {
	return fmt.Sprintf("%.0f a second (%d in %.1f s)", r.perSecond(), r.requests, r.elapsed.Seconds())
}

// measure adds what some callers get done in some time, each with the next
// request as soon as the last is answered.
func (r *rate) measure(
	ctx context.Context, address, token string, callers int, duration time.Duration, request func(i int) (path, body string),
) error {
	var made atomic.Int64
	connections := make([]*connection, callers)
	for i := range connections {
		connection, err := dial(ctx, address, token)
		if err != nil {
			return err
		}
		defer connection.close()
		connections[i] = connection
	}
	started := time.Now()
	var group errgroup.Group
	for _, connection := range connections {
		group.Go(func() error {
			for time.Since(started) < duration {
				if err := connection.post(request(int(made.Add(1)))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	r.requests += made.Load()
	r.elapsed += time.Since(started)
	return err
}

// lone compares a single change, for which nobody else waits, with the calls to
// Medusa of which it consists.
func lone(ctx context.Context, bench bench, options options) ([]figure, error) {
	places, err := bench.shop.newLevels(ctx, 1)
	if err != nil {
		return nil, err
	}
	read, write, err := callsOfAChange(ctx, bench, places[0])
	if err != nil {
		return nil, err
	}
	gateway, err := bench.startGateway(ctx, bench.shop.upstream, "30s")
	if err != nil {
		return nil, err
	}
	defer gateway.stop()
	toGateway, err := dial(ctx, gateway.address, bench.shop.token)
	if err != nil {
		return nil, err
	}
	defer toGateway.close()
	toMedusa, err := dial(ctx, bench.shop.host(), bench.shop.token)
	if err != nil {
		return nil, err
	}
	defer toMedusa.close()
	var through, straight []time.Duration
	count := min(options.requests, maxLone)
	warm := max(count/warmFactor, 1)
	for i := range warm + count {
		started := time.Now()
		if err := toMedusa.get(read); err != nil {
			return nil, err
		}
		if err := toMedusa.post(write(i)); err != nil {
			return nil, err
		}
		bare := time.Since(started)
		started = time.Now()
		if err := toGateway.post(adjustLevel(places[0])); err != nil {
			return nil, err
		}
		if i >= warm {
			straight, through = append(straight, bare), append(through, time.Since(started))
		}
	}
	bare, change := percentile(straight, 50), percentile(through, 50)
	return []figure{
		{"changes", fmt.Sprintf("%d, and the two calls by turns", count), ""},
		{"median", fmt.Sprintf("%s straight, %s through the gateway: %s more", milliseconds(bare), milliseconds(change), milliseconds(change-bare)), "at most 3 ms more"},
	}, nil
}

// callsOfAChange are the calls that the gateway makes for a change: the path it
// reads, and what it writes, with a quantity of one's own.
func callsOfAChange(ctx context.Context, bench bench, at place) (read string, write func(quantity int) (path, body string), err error) {
	recorder, err := newRecorder(ctx, bench.shop.url)
	if err != nil {
		return "", nil, err
	}
	defer recorder.close()
	recorded := bench.shop.upstream
	recorded.url = recorder.url
	gateway, err := bench.startGateway(ctx, recorded, "30s")
	if err != nil {
		return "", nil, err
	}
	defer gateway.stop()
	connection, err := dial(ctx, gateway.address, bench.shop.token)
	if err != nil {
		return "", nil, err
	}
	defer connection.close()
	if err := connection.post(adjustLevel(at)); err != nil { // which also confirms the right
		return "", nil, err
	}
	recorder.forget()
	if err := connection.post(adjustLevel(at)); err != nil {
		return "", nil, err
	}
	calls := recorder.recorded()
	if len(calls) != 2 {
		return "", nil, fmt.Errorf("a change takes %d calls to Medusa, not 2", len(calls))
	}
	sent := fmt.Sprintf(`"stocked_quantity":%d`, levelStock+2)
	if !strings.Contains(calls[1].body, sent) {
		return "", nil, fmt.Errorf("%s is not in what is written: %s", sent, calls[1].body)
	}
	return calls[0].path, func(quantity int) (path, body string) {
		return calls[1].path, strings.Replace(calls[1].body, sent, fmt.Sprintf(`"stocked_quantity":%d`, quantity), 1)
	}, nil
}
