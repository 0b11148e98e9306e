package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"
)

const (
	outageRate = 200
	outageTime = time.Minute

	// outageHold is short, so that copies are needed soon after Medusa is gone.
	outageHold = "5s"

	// popular is how many products, variants and items are asked for.
	popular = 50

	// openAfter is how long after Medusa's death its breaker is open for certain.
	openAfter = time.Second

	answerTimeout = 30 * time.Second
)

// kinds are who asks what in an outage.
var kinds = []string{"availability", "cart validation", "products", "admin"}

const admins = "admin"

// outcome is what became of a request.
type outcome struct {
	kind    string
	sent    time.Time
	took    time.Duration
	status  int // 0: no answer
	stale   bool
	network bool // NETWORK_ERROR
}

func (o outcome) failed() bool { return o.status == 0 || o.status >= http.StatusInternalServerError }

func (o outcome) normal() bool { return o.status == http.StatusOK && !o.stale }

// outage kills Medusa in the middle of a load and starts it again.
func outage(ctx context.Context, bench bench, _ options) ([]figure, error) {
	return outageOf(ctx, bench, outageTime)
}

func outageOf(ctx context.Context, bench bench, duration time.Duration) ([]figure, error) {
	if bench.shop.control == "" {
		return nil, errors.New("it stops Medusa, and so starts its own: leave out -medusa")
	}
	gateway, err := bench.startGateway(ctx, bench.shop.upstream, outageHold)
	if err != nil {
		return nil, err
	}
	defer gateway.stop()
	visitors, err := newVisitors(ctx, bench.shop, "http://"+gateway.address)
	if err != nil {
		return nil, err
	}
	defer visitors.client.CloseIdleConnections()

	var down, up time.Time
	ending := make(chan error, 1)
	go func() {
		ending <- func() (err error) {
			if err = wait(ctx, duration/3); err != nil {
				return err
			}
			if down, err = time.Now(), bench.shop.tell(ctx, "stop"); err != nil {
				return err
			}
			if err = wait(ctx, duration/3); err != nil {
				return err
			}
			up, err = bench.shop.restart(ctx)
			return err
		}()
	}()
	outcomes, err := visitors.ask(ctx, duration)
	if err := errors.Join(err, <-ending); err != nil {
		return nil, err
	}
	return outageFigures(outcomes, down, up), nil
}

// restart starts Medusa and returns when its /health answered first.
func (s *shop) restart(ctx context.Context) (healthy time.Time, err error) {
	started := make(chan error, 1)
	go func() { started <- s.tell(ctx, "start") }()
	for {
		if _, err := s.call(ctx, http.MethodGet, "/health", nil); err == nil {
			return time.Now(), <-started
		}
		if err := wait(ctx, pollInterval); err != nil {
			return time.Time{}, err
		}
	}
}

// visitors are the shoppers and admins of a shop.
type visitors struct {
	client   *http.Client
	gateway  string
	key      string
	token    string
	items    []string
	variants []string
	products []string
}

func newVisitors(ctx context.Context, shop *shop, gateway string) (*visitors, error) {
	all, err := shop.call(ctx, http.MethodGet, "/admin/products?limit=100&fields=id,variants.id,variants.inventory_items.inventory_item_id&status[]=published", nil)
	if err != nil {
		return nil, err
	}
	c := &visitors{
		client:  &http.Client{Timeout: answerTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 1000}},
		gateway: gateway, key: shop.publishableKey, token: shop.token,
	}
	for _, product := range all.Get("products").Array() {
		c.products = append(c.products, product.Get("id").String())
		for _, variant := range product.Get("variants").Array() {
			c.variants = append(c.variants, variant.Get("id").String())
			for _, item := range variant.Get("inventory_items.#.inventory_item_id").Array() {
				c.items = append(c.items, item.String())
			}
		}
	}
	if len(c.products) == 0 || len(c.variants) == 0 || len(c.items) == 0 {
		return nil, errors.New("it has no products with stock")
	}
	c.items, c.variants, c.products = c.items[:min(popular, len(c.items))], c.variants[:min(popular, len(c.variants))], c.products[:min(popular, len(c.products))]
	return c, c.warm(ctx)
}

const productList = "/store/products?limit=10&fields=id,title,handle,thumbnail"

// warm asks for each product once, since of one that was never asked for nothing is
// known, and leaves out those that shoppers are not shown.
func (c *visitors) warm(ctx context.Context) error {
	browse := func(path string) bool {
		return c.request(ctx, question{kind: kinds[2], method: http.MethodGet, path: path}).normal()
	}
	c.products = slices.DeleteFunc(c.products, func(id string) bool { return !browse("/store/products/" + id) })
	if !browse(productList) || len(c.products) == 0 {
		return errors.New("the gateway shows no products")
	}
	return nil
}

// ask sends requests when they are due, however slow the answers are.
func (c *visitors) ask(ctx context.Context, duration time.Duration) ([]outcome, error) {
	outcomes := make([]outcome, int(duration.Seconds()*outageRate))
	var asking sync.WaitGroup
	started := time.Now()
	for i := range outcomes {
		due := started.Add(time.Duration(i) * time.Second / outageRate)
		if err := wait(ctx, time.Until(due)); err != nil {
			return nil, err
		}
		asking.Go(func() { outcomes[i] = c.request(ctx, c.question(i)) })
	}
	asking.Wait()
	return outcomes, ctx.Err()
}

// question is one request.
type question struct{ kind, method, path, body string }

// question is one of the requests: of forty one is for products, of which Medusa can
// answer the fewest, and four are an admin's.
func (c *visitors) question(i int) question {
	n := i / 40
	switch i % 40 {
	case 1, 4, 7, 11, 14, 17, 21, 24, 27, 31, 34, 37:
		return question{kinds[1], http.MethodPost, "/api/cart/validate", rows(c.variants, `"variantId":%q,"quantity":1`, n)}
	case 8:
		if n%2 == 0 {
			return question{kinds[2], http.MethodGet, productList, ""}
		}
		return question{kinds[2], http.MethodGet, "/store/products/" + c.products[n/2%len(c.products)], ""}
	case 9, 19, 29, 39:
		return question{admins, http.MethodGet, "/api/inventory/" + c.items[n%len(c.items)], ""}
	}
	return question{kinds[0], http.MethodPost, "/store/inventory-items/availability", rows(c.items, `"inventory_item_id":%q,"required_quantity":1`, n)}
}

func (c *visitors) request(ctx context.Context, q question) outcome {
	o := outcome{kind: q.kind, sent: time.Now()}
	request, err := http.NewRequestWithContext(ctx, q.method, c.gateway+q.path, strings.NewReader(q.body))
	if err != nil {
		return o
	}
	request.Header.Set("Content-Type", "application/json")
	if q.kind == admins {
		request.Header.Set("Authorization", "Bearer "+c.token)
	} else {
		request.Header.Set("X-Publishable-Api-Key", c.key)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return o
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if o.took = time.Since(o.sent); err != nil {
		return o
	}
	o.status, o.stale = response.StatusCode, gjson.GetBytes(answer, "stale").Bool()
	o.network = gjson.GetBytes(answer, "code").String() == "NETWORK_ERROR"
	return o
}

// rows asks for three of some ids.
func rows(ids []string, row string, n int) string {
	list := make([]string, 3)
	for i := range list {
		list[i] = "{" + fmt.Sprintf(row, ids[(n+i)%len(ids)]) + "}"
	}
	return `{"items":[` + strings.Join(list, ",") + `]}`
}

// outageFigures tells what became of the requests around an outage from one time to
// another.
func outageFigures(outcomes []outcome, down, up time.Time) []figure {
	figures := []figure{{"requests", fmt.Sprintf("%d at %d a second, Medusa down for %.1f s of them", len(outcomes), outageRate, up.Sub(down).Seconds()), ""}}
	var refused []time.Duration
	failed, stale, shoppers, early, before := 0, 0, 0, 0, 0
	var slowest time.Duration
	for _, kind := range kinds {
		of := slices.DeleteFunc(slices.Clone(outcomes), func(o outcome) bool { return o.kind != kind })
		figures = append(figures, figure{kind, statuses(of), ""})
		for _, o := range of {
			during := o.sent.After(down.Add(openAfter)) && o.sent.Before(up)
			switch {
			case kind == admins && o.network && during:
				refused = append(refused, o.took)
			case kind != admins && o.failed():
				failed++
			}
			if kind == admins {
				continue
			}
			slowest = max(slowest, o.took)
			switch {
			case during && o.stale:
				stale++
				fallthrough
			case during:
				shoppers++
			case o.sent.Before(down) && o.stale:
				early++
				fallthrough
			case o.sent.Before(down):
				before++
			}
		}
	}
	figures = append(figures,
		figure{"shoppers without an answer, or with 5xx", fmt.Sprint(failed), "0"},
		figure{"the slowest answer to a shopper", milliseconds(slowest), ""},
		figure{"stale answers to shoppers", fmt.Sprintf("%s in the outage, %s before it", percent(stale, shoppers), percent(early, before)), ""},
	)
	if len(refused) > 0 {
		figures = append(figures, figure{
			"p50, p99 of NETWORK_ERROR to admins", fmt.Sprintf("%s, %s of %d", milliseconds(percentile(refused, 50)), milliseconds(percentile(refused, 99)), len(refused)),
			"p99 less than 50 ms",
		})
	}
	return append(figures, recovery(outcomes, up)...)
}

func percent(part, whole int) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(max(whole, 1)))
}

// statuses counts answers by their status, the stale ones apart.
func statuses(of []outcome) string {
	counts := map[string]int{}
	for _, o := range of {
		status := fmt.Sprint(o.status)
		switch {
		case o.status == 0:
			status = "no answer"
		case o.stale:
			status += " stale"
		}
		counts[status]++
	}
	said := make([]string, 0, len(counts))
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		said = append(said, fmt.Sprintf("%s: %d", status, counts[status]))
	}
	return strings.Join(said, ", ")
}

// recovery tells how long after /health answered each kind was answered normally, for
// the first time and from when on always.
func recovery(outcomes []outcome, up time.Time) []figure {
	var figures []figure
	for _, kind := range kinds {
		var first, last time.Duration
		for _, o := range outcomes {
			after := o.sent.Add(o.took).Sub(up)
			switch {
			case o.kind != kind || after < 0:
			case !o.normal():
				last = max(last, after)
			case first == 0 || after < first:
				first = after
			}
		}
		figures = append(figures, figure{
			"from /health to normal, " + kind, fmt.Sprintf("%.2f s the first, %.2f s the last that was not", first.Seconds(), last.Seconds()), "within 10 s",
		})
	}
	return figures
}
