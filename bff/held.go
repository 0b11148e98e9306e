package bff

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"github.com/cannahub/gateway/bff/counters"
	"github.com/cannahub/gateway/bff/panics"
)

// held keeps answers in memory and makes equal ones only once at a time. A key
// holds the credential that an answer was made with, so nobody is shown what
// Medusa would not show him.
type held struct {
	answers    *otter.Cache[string, heldAnswer] // nil: nothing is kept
	flights    singleflight.Group
	generation atomic.Uint64
	ttl        time.Duration
	timeout    time.Duration
	reads      *prometheus.CounterVec
}

type heldAnswer struct {
	answer     *Answer
	generation uint64
	until      time.Time
}

// entryOverhead is about what an entry takes beside its key and answer.
const entryOverhead = 256

func newHeld(config Config) *held {
	h := &held{
		ttl:     config.CacheTTL,
		timeout: config.Timeout,
		reads: counters.By(config.Metrics, "gateway_held_answers_total",
			"Reads by where their answer came from: hit (held in memory), shared (made by another caller at the same time), miss (made).",
			"result", "hit", "shared", "miss"),
	}
	if config.CacheTTL > 0 && config.MaxBytes > 0 {
		h.answers = otter.Must(&otter.Options[string, heldAnswer]{
			MaximumWeight: uint64(config.MaxBytes),
			Weigher: func(key string, value heldAnswer) uint32 {
				return uint32(len(key) + value.answer.size() + entryOverhead)
			},
			ExpiryCalculator: otter.ExpiryWriting[string, heldAnswer](config.CacheTTL),
		})
	}
	return h
}

func (h *held) close() {
	if h.answers != nil {
		h.answers.InvalidateAll()
		h.answers.StopAllGoroutines()
	}
}

// forget makes every answer begun before now stale: what is held, and what is
// being made.
func (h *held) forget() { h.generation.Add(1) }

// key names what is asked and by whom.
func (c Caller) key(what string, parts ...string) string {
	fingerprint := c.Credential.Fingerprint()
	key := make([]byte, 0, 128)
	key = append(key, fingerprint[:]...)
	key = append(key, what...)
	key = strconv.AppendInt(append(key, 0), int64(c.Language), 10)
	for _, part := range parts {
		key = append(append(key, 0), part...) // no part holds a control character
	}
	return string(key)
}

// answer returns the held answer for a key, or has it made. Callers who ask for
// the same at the same time share one making; who leaves does not end it for
// the others. Errors are not kept.
func (h *held) answer(ctx context.Context, caller Caller, key string, make func(ctx context.Context) (any, error)) (*Answer, error) {
	generation := h.generation.Load()
	if answer := h.find(key, generation); answer != nil {
		h.reads.WithLabelValues("hit").Inc()
		return answer, nil
	}
	leads := false
	flight := h.flights.DoChan(key+"\x00"+strconv.FormatUint(generation, 36), func() (any, error) {
		if answer := h.find(key, generation); answer != nil { // made since a moment ago
			return answer, nil
		}
		leads = true
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.timeout)
		defer cancel()
		return h.make(ctx, caller, key, generation, make)
	})
	select {
	case result := <-flight:
		h.count(leads)
		answer, _ := result.Val.(*Answer)
		return answer, result.Err
	case <-ctx.Done():
		return nil, errorOf(ctx.Err(), "")
	}
}

func (h *held) count(leads bool) {
	if leads {
		h.reads.WithLabelValues("miss").Inc()
	} else {
		h.reads.WithLabelValues("shared").Inc()
	}
}

func (h *held) find(key string, generation uint64) *Answer {
	if h.answers == nil {
		return nil
	}
	found, ok := h.answers.GetIfPresent(key)
	if !ok || found.generation != generation || !time.Now().Before(found.until) {
		return nil
	}
	return found.answer
}

// make has an answer made and keeps it: not beyond the end of the token it was
// made with, and not when the stock changed meanwhile. A panic is an error
// here, since it would end the program in a goroutine of its own.
func (h *held) make(ctx context.Context, caller Caller, key string, generation uint64, make func(ctx context.Context) (any, error)) (answer *Answer, err error) {
	defer func() { err = errorOf(err, "") }()
	defer panics.Recover(&err)
	value, err := make(ctx)
	if err != nil {
		return nil, err
	}
	if answer, err = NewAnswer(value); err != nil {
		return nil, err
	}
	until := time.Now().Add(h.ttl)
	if ends := caller.Credential.Expires(); !ends.IsZero() && ends.Before(until) {
		until = ends
	}
	if h.answers != nil && h.generation.Load() == generation {
		h.answers.Set(key, heldAnswer{answer: answer, generation: generation, until: until})
	}
	return answer, nil
}
