package main

import (
	"context"
	"io"
	"net"
	"time"
)

// distance is a way to a server on which everything takes its time, in each
// direction.
type distance struct {
	listener net.Listener
	to       string
	oneWay   time.Duration
}

// newDistance returns a way to an address that ends with ctx.
func newDistance(ctx context.Context, to string, roundTrip time.Duration) (*distance, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &distance{listener: listener, to: to, oneWay: roundTrip / 2}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	go d.serve(ctx)
	return d, nil
}

// distant is a gateway and the shop behind it for a client who is farAway from
// both, until ctx ends.
func distant(ctx context.Context, gateway string, near *shop) (address string, far *shop, err error) {
	toGateway, err := newDistance(ctx, gateway, farAway)
	if err != nil {
		return "", nil, err
	}
	toMedusa, err := newDistance(ctx, near.host(), farAway)
	if err != nil {
		return "", nil, err
	}
	there := *near
	there.url = "http://" + toMedusa.address()
	return toGateway.address(), &there, nil
}

func (d *distance) address() string { return d.listener.Addr().String() }

func (d *distance) serve(ctx context.Context) {
	for {
		near, err := d.listener.Accept()
		if err != nil {
			return
		}
		go d.join(ctx, near)
	}
}

func (d *distance) join(ctx context.Context, near net.Conn) {
	far, err := new(net.Dialer).DialContext(ctx, "tcp", d.to)
	if err != nil {
		_ = near.Close()
		return
	}
	over := func() {
		_ = near.Close()
		_ = far.Close()
	}
	defer context.AfterFunc(ctx, over)()
	go d.carry(far, near, over)
	d.carry(near, far, over)
}

// parcel is what was sent at once, and when it arrives.
type parcel struct {
	bytes []byte
	due   time.Time
}

// carry brings what is read from one end to the other, each piece as long after
// it was sent, until one end is closed.
func (d *distance) carry(from io.Reader, to io.Writer, over func()) {
	defer over()
	way := make(chan parcel, 1024)
	defer close(way)
	go func() {
		for sent := range way {
			<-time.After(time.Until(sent.due))
			if _, err := to.Write(sent.bytes); err != nil {
				over()
			}
		}
	}()
	for {
		buffer := make([]byte, 32<<10)
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		way <- parcel{buffer[:n], time.Now().Add(d.oneWay)}
	}
}
