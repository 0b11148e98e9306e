package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

const (
	// liveChanges are enough for a 99th percentile over all sockets that stays.
	liveChanges = 100

	// floodRows is how many levels each of floodTurns changes together, of all of which
	// who does not read is told: more than what his connection holds.
	floodRows  = 250
	floodTurns = 12

	// idleFactor: so many times as many sockets are opened that hear nothing.
	idleFactor = 5

	openAtOnce = 50

	// arriveTime is how long a change may take to everybody before it counts as lost.
	arriveTime = 30 * time.Second

	// restTime is how long idle sockets rest before what they cost is read.
	restTime = 3 * time.Second
)

// live measures how soon a change reaches everybody who follows the level, also
// while somebody does not read what he is told, and what idle sockets cost.
func live(ctx context.Context, bench bench, options options) ([]figure, error) {
	gateway, err := bench.startGateway(ctx, bench.shop.upstream, "30s")
	if err != nil {
		return nil, err
	}
	defer gateway.stop()
	places, err := bench.shop.newLevels(ctx, floodRows)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	crowd := &crowd{address: gateway.address, token: bench.shop.token, arrivals: make(chan time.Time, options.sockets)}
	idle, err := crowd.openIdle(ctx, gateway, options.sockets*idleFactor, places[1])
	if err != nil {
		return nil, err
	}
	if err := crowd.open(ctx, options.sockets, places[0]); err != nil {
		return nil, err
	}
	crowd.size = options.sockets
	changes, err := crowd.changes(ctx, min(options.requests, liveChanges), func(int) (path, body string) { return adjustLevel(places[0]) })
	if err != nil {
		return nil, err
	}
	if err := crowd.openDeaf(ctx, places); err != nil {
		return nil, err
	}
	flood, err := crowd.changes(ctx, floodTurns, func(turn int) (path, body string) { return batchPath, setLevels(places, turn) })
	if err != nil {
		return nil, err
	}
	return []figure{
		idle,
		{"sockets", fmt.Sprintf("%d besides, each told of %d changes one after another", options.sockets, len(changes.answered)/options.sockets), ""},
		{"from the request", spread(changes.sent), ""},
		{"from the answer", spread(changes.answered), "p99 at most 100 ms"},
		{"from the first to hear", spread(changes.first), ""},
		{"the same, one being deaf", spread(flood.first) + fmt.Sprintf(", %d times told of %d levels", floodTurns, floodRows), ""},
	}, nil
}

// subscribe is the message of who follows a level.
func subscribe(at place) string {
	return fmt.Sprintf(`{"type":"subscribe","entity":"inventory_level","filters":{"inventory_item_id":%q,"location_id":%q}}`, at.item, at.location)
}

// crowd are many who follow stock.
type crowd struct {
	address  string
	token    string
	size     int            // of those who are told of changes
	arrivals chan time.Time // of changes
}

// delays are how long a change took to each follower: after it was sent, after it was
// answered, and after the first of them had heard of it.
type delays struct{ sent, answered, first []time.Duration }

func spread(of []time.Duration) string {
	return fmt.Sprintf("p50 %s, p99 %s, max %s", milliseconds(percentile(of, 50)), milliseconds(percentile(of, 99)), milliseconds(percentile(of, 100)))
}

func (c *crowd) dial(ctx context.Context) (*websocket.Conn, error) {
	conn, _, err := websocket.Dial(ctx, "ws://"+c.address+"/ws", &websocket.DialOptions{ //nolint:bodyclose // the library has closed it
		HTTPHeader: http.Header{"Authorization": {"Bearer " + c.token}},
	})
	return conn, err
}

// openIdle opens sockets that hear nothing, and tells what they cost.
func (c *crowd) openIdle(ctx context.Context, gateway *process, count int, at place) (figure, error) {
	before, measured := usageOf(gateway)
	if err := c.open(ctx, count, at); err != nil {
		return figure{}, err
	}
	if err := wait(ctx, restTime); err != nil {
		return figure{}, err
	}
	after, _ := usageOf(gateway)
	idle := figure{
		"idle sockets", fmt.Sprintf("%d: from %s of resident memory to %s", count, mebibytes(before.resident), mebibytes(after.resident)),
		"at most 150 MiB more for 5000",
	}
	if !measured {
		idle.value = "not measured: only Linux tells it of another process"
	}
	return idle, nil
}

// open opens sockets that follow a level and take what they are told until ctx ends.
func (c *crowd) open(ctx context.Context, count int, at place) error {
	opening, openingCtx := errgroup.WithContext(ctx)
	opening.SetLimit(openAtOnce)
	for range count {
		opening.Go(func() error {
			conn, err := c.dial(openingCtx)
			if err != nil {
				return err
			}
			if err := conn.Write(openingCtx, websocket.MessageText, []byte(subscribe(at))); err != nil {
				return err
			}
			if _, _, err := conn.Read(openingCtx); err != nil {
				return err
			}
			go c.listen(ctx, conn)
			return nil
		})
	}
	return opening.Wait()
}

func (c *crowd) listen(ctx context.Context, conn *websocket.Conn) {
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			return
		}
		select {
		case c.arrivals <- time.Now():
		case <-ctx.Done():
		}
	}
}

// openDeaf opens a socket that follows the items of all places and never reads.
func (c *crowd) openDeaf(ctx context.Context, places []place) error {
	conn, err := dial(ctx, c.address, c.token)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, conn.close)
	if tcp, ok := conn.conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(1) // or it takes longer
	}
	var items []string
	known := map[string]bool{}
	for _, at := range places {
		if !known[at.item] {
			known[at.item] = true
			items = append(items, at.item)
		}
	}
	filter, err := json.Marshal(items)
	if err != nil {
		return err
	}
	message := fmt.Sprintf(`{"type":"subscribe","entity":"inventory_level","filters":{"inventory_item_id":%s}}`, filter)
	_, err = conn.conn.Write([]byte("GET /ws" + conn.headers + "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + masked(message)))
	return err
}

// masked is a message as a client sends it, masked with nothing.
func masked(message string) string {
	return string([]byte{0x81, 0x80 | 126, byte(len(message) >> 8), byte(len(message)), 0, 0, 0, 0}) + message
}

// changes makes changes one after another, each when everybody has heard of the one
// before it.
func (c *crowd) changes(ctx context.Context, count int, request func(turn int) (path, body string)) (d delays, err error) {
	connection, err := dial(ctx, c.address, c.token)
	if err != nil {
		return d, err
	}
	defer connection.close()
	for turn := range count {
		sent := time.Now()
		if err := connection.post(request(turn)); err != nil {
			return d, err
		}
		answered := time.Now()
		first := sent
		lost := time.After(arriveTime)
		for i := range c.size {
			select {
			case arrived := <-c.arrivals:
				if i == 0 {
					first = arrived
				}
				d.first = append(d.first, arrived.Sub(first))
				d.sent, d.answered = append(d.sent, arrived.Sub(sent)), append(d.answered, arrived.Sub(answered))
			case <-lost:
				return d, errors.New("a change did not come to everybody")
			case <-ctx.Done():
				return d, ctx.Err()
			}
		}
	}
	return d, nil
}
