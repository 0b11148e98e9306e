package bff

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// Write is who asks for a change, and how it can be told from others.
type Write struct {
	Caller
	Key       string // Idempotency-Key; empty: none
	Request   []byte // all that makes the request: method, path, body
	RequestID string
}

// WriteAnswer is the answer to a change.
type WriteAnswer struct {
	*Answer
	Status   int
	Replayed bool // it was given before, to the same Idempotency-Key
}

// attempt is one run of a change. With an Idempotency-Key it can be the second:
// when an earlier one ended without an answer, it goes on under its batch id.
type attempt struct {
	Write
	batchID string
	claim   *state.Claim
	told    []byte // the answer of the earlier one, when not all of it was known
	fresh   bool   // something was tried now
	again   bool   // an earlier one with the key ended without an answer
}

// result is what a use case answers.
type result struct {
	status int
	body   any
	// changed: something was written, or may have been.
	changed bool
	// kept: the answer is kept with the key already.
	kept bool
}

// errWaited: a change was withdrawn because its time was over before its turn.
var errWaited = errors.New("bff: the change waited too long")

// write makes a change, and at most once for its Idempotency-Key. Its time is
// bounded; when its caller goes away, what was begun goes on.
func (g *Gateway) write(ctx context.Context, w Write, run func(context.Context, *attempt) (result, error)) (*WriteAnswer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, g.timeout, errWaited)
	defer cancel()
	if err := g.rights.confirm(ctx, w.Credential, toWrite); err != nil {
		return nil, err
	}
	return g.writeOnce(ctx, w, run)
}

// writeAsCaller is write where every call is made with the caller's own
// credential, so that Medusa decides. Only who has a key must show who he is.
func (g *Gateway) writeAsCaller(ctx context.Context, w Write, run func(context.Context, *attempt) (result, error)) (*WriteAnswer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, g.timeout, errWaited)
	defer cancel()
	if w.Key != "" {
		if err := g.rights.confirm(ctx, w.Credential, toRead); err != nil {
			return nil, err
		}
	}
	return g.writeOnce(ctx, w, run)
}

// writeOnce makes a change, with a key at most once.
func (g *Gateway) writeOnce(ctx context.Context, w Write, run func(context.Context, *attempt) (result, error)) (*WriteAnswer, error) {
	if w.Key == "" {
		result, err := run(ctx, &attempt{Write: w, batchID: state.NewID("batch_")})
		if err != nil {
			return nil, errorOf(err, "")
		}
		return newWriteAnswer(result)
	}
	return g.writeByKey(ctx, w, run)
}

func newWriteAnswer(made result) (*WriteAnswer, error) {
	answer, err := NewAnswer(made.body)
	if err != nil {
		return nil, errorOf(err, "")
	}
	return &WriteAnswer{Answer: answer, Status: made.status}, nil
}

// writeByKey is writeOnce for a request with a key.
func (g *Gateway) writeByKey(ctx context.Context, w Write, run func(context.Context, *attempt) (result, error)) (*WriteAnswer, error) {
	hash := sha256.Sum256(w.Request)
	actor := actorOf(w.Credential)
	leave, err := g.running.enter(actor.Type+" "+actor.ID, w.Key, hash)
	if err != nil {
		return nil, err
	}
	defer leave()
	try, kept, err := g.begin(ctx, w, actor, hash)
	if kept != nil || err != nil {
		return kept, errorOf(err, "")
	}
	made, err := run(ctx, try)
	if errors.Is(err, stock.ErrClaimed) {
		return nil, inProgress() // at another gateway
	}
	return g.end(context.WithoutCancel(ctx), try, made, err)
}

// begin looks up what is known of a key: nothing, another request, an answer,
// or an attempt that ended without one.
func (g *Gateway) begin(ctx context.Context, w Write, actor state.Actor, hash [sha256.Size]byte) (*attempt, *WriteAnswer, error) {
	claim := &state.Claim{Actor: actor.Type + " " + actor.ID, Key: w.Key, RequestHash: hash[:], BatchID: state.NewID("batch_")}
	try := &attempt{Write: w, batchID: claim.BatchID, claim: claim}
	record, err := g.store.Record(ctx, claim.Actor, claim.Key)
	switch {
	case err != nil || record == nil:
		return try, nil, err
	case subtle.ConstantTimeCompare(record.RequestHash, hash[:]) == 0:
		return nil, nil, keyReused()
	case record.Answer != nil && !unsettled(record.Answer.Body):
		return nil, &WriteAnswer{Answer: NewJSONAnswer(record.Answer.Body), Status: record.Answer.Status, Replayed: true}, nil
	}
	try.batchID, claim.BatchID, try.again = record.BatchID, record.BatchID, true
	if record.Answer != nil {
		try.told = record.Answer.Body
	}
	return try, nil, nil
}

// unsettled says whether an answer has rows of which it was not known what
// became of them. In a text of a row the quotes would be escaped.
func unsettled(answer []byte) bool {
	return bytes.Contains(answer, []byte(`"status":"unknown"`))
}

// end keeps the answer of an attempt that changed something, and forgets the key
// of one that changed nothing. When that fails, the rows of the ledger still
// tell what happened.
func (g *Gateway) end(ctx context.Context, try *attempt, made result, failure error) (*WriteAnswer, error) {
	if failure != nil {
		if failed(failure).Code != OutcomeUnknown {
			g.forgetKey(ctx, try)
		}
		return nil, errorOf(failure, "")
	}
	answer, err := newWriteAnswer(made)
	if err != nil {
		return nil, err
	}
	answer.Replayed = !try.fresh
	if made.kept {
		return answer, nil
	}
	if !made.changed {
		g.forgetKey(ctx, try)
		return answer, nil
	}
	err = g.store.Keep(ctx, try.claim.Actor, try.claim.Key, try.batchID, state.Answer{Status: answer.Status, Body: answer.JSON})
	if err != nil {
		g.log.ErrorContext(ctx, "the answer to an Idempotency-Key could not be kept", "error", err)
	}
	return answer, nil
}

// forgetKey lets a key be used anew, unless something was done for it.
func (g *Gateway) forgetKey(ctx context.Context, try *attempt) {
	if err := g.store.Drop(ctx, try.claim.Actor, try.claim.Key, try.batchID); err != nil {
		g.log.ErrorContext(ctx, "an Idempotency-Key of a refused request could not be dropped", "error", err)
	}
}

// change makes the changes of a batch that no earlier attempt has made.
func (g *Gateway) change(ctx context.Context, try *attempt, batch *stock.Batch) ([]stock.Outcome, error) {
	batch.ID, batch.Claim = try.batchID, try.claim
	batch.Actor, batch.RequestID = actorOf(try.Credential), try.RequestID
	outcomes, err := g.stock.Do(ctx, batch)
	try.fresh = slices.ContainsFunc(outcomes, func(outcome stock.Outcome) bool { return !outcome.Recalled })
	return outcomes, err
}

// take takes the key of an attempt that does not take it with what it writes.
func (g *Gateway) take(ctx context.Context, try *attempt) error {
	try.fresh = true
	if try.claim == nil {
		return nil
	}
	err := g.store.Take(ctx, *try.claim)
	if errors.Is(err, state.ErrClaimed) {
		return inProgress()
	}
	return err
}

// running are the keys whose requests are being worked on here.
type running struct {
	mu   sync.Mutex
	keys map[string][sha256.Size]byte
}

// enter takes a key until leave is called.
func (r *running) enter(actor, key string, hash [sha256.Size]byte) (leave func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := actor + "\x00" + key
	if other, taken := r.keys[name]; taken {
		if other != hash {
			return nil, keyReused()
		}
		return nil, inProgress()
	}
	r.keys[name] = hash
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.keys, name)
	}, nil
}

func keyReused() error {
	return &Error{Code: IdempotencyKeyReused, Message: mapping.Message{Key: string(IdempotencyKeyReused)}}
}

func inProgress() error {
	return &Error{Code: IdempotencyInProgress, Message: mapping.Message{Key: string(IdempotencyInProgress)}, RetryAfter: time.Second}
}

// busy is the error where another request does something with a hold.
func busy() *Error {
	return &Error{Code: IdempotencyInProgress, Message: mapping.Message{Key: string(IdempotencyInProgress) + ".hold"}, RetryAfter: time.Second}
}

func actorOf(by medusaclient.Credential) state.Actor {
	kind, id := by.Actor()
	return state.Actor{Type: kind, ID: id}
}
