package bff

import (
	"context"
	"time"

	gocache "github.com/patrickmn/go-cache"
	"golang.org/x/sync/singleflight"

	"github.com/cannahub/gateway/medusaclient"
)

// right is what Medusa is asked to confirm of a credential.
type right byte

const (
	toRead  right = 'r' // levels, and with them their history
	toWrite right = 'w'
)

// rights remembers which credentials Medusa lets read and write levels. A
// change joins calls that the gateway's own user makes, and the audit needs no
// call at all, so the caller's own right is confirmed before.
type rights struct {
	medusa    *medusaclient.Client
	ttl       time.Duration
	confirmed *gocache.Cache
	asking    singleflight.Group
}

func newRights(medusa *medusaclient.Client, ttl time.Duration) *rights {
	return &rights{medusa: medusa, ttl: ttl, confirmed: gocache.New(ttl, 0)}
}

// confirm returns nil when Medusa gives the credential the right, or did so a
// short while ago. Refusals are not remembered.
func (r *rights) confirm(ctx context.Context, by medusaclient.Credential, right right) error {
	fingerprint := by.Fingerprint()
	key := string(right) + string(fingerprint[:])
	if _, known := r.confirmed.Get(key); known {
		return nil
	}
	answer := r.asking.DoChan(key, func() (any, error) {
		if _, known := r.confirmed.Get(key); known { // since a moment ago
			return nil, nil
		}
		err := r.ask(context.WithoutCancel(ctx), by, right)
		if err == nil {
			r.remember(key, by.Expires())
		}
		return nil, err
	})
	select {
	case result := <-answer:
		return errorOf(result.Err, "")
	case <-ctx.Done():
		return errorOf(ctx.Err(), "")
	}
}

func (r *rights) ask(ctx context.Context, by medusaclient.Credential, right right) error {
	if right == toRead {
		return r.medusa.InventoryItems.ConfirmRead(ctx, by)
	}
	return r.medusa.InventoryItems.ConfirmWrite(ctx, by)
}

// remember keeps a confirmed right for a while, and never beyond the end of the
// token. What is over is thrown out here, since go-cache's own cleaner cannot
// be stopped.
func (r *rights) remember(key string, ends time.Time) {
	r.confirmed.DeleteExpired()
	keep := r.ttl
	if !ends.IsZero() {
		keep = min(keep, time.Until(ends))
	}
	if keep > 0 {
		r.confirmed.Set(key, true, keep)
	}
}
