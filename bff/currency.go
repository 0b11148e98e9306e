package bff

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/cannahub/gateway/medusaclient"
)

// currencyMaxAge is after how long the store is asked again. Nobody waits for
// it: the known currency serves meanwhile.
const currencyMaxAge = 10 * time.Minute

var errNoStore = errors.New("medusa has no store with a default currency")

// currency holds the store's default currency.
type currency struct {
	medusa  *medusaclient.Client
	account *medusaclient.Account
	reads   singleflight.Group

	mu     sync.Mutex
	known  string
	readAt time.Time
}

// or returns the currency that was asked for, else the store's default.
func (c *currency) or(ctx context.Context, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	return c.code(ctx)
}

// code returns the store's default currency (ISO 4217, lower case).
func (c *currency) code(ctx context.Context) (string, error) {
	c.mu.Lock()
	known, age := c.known, time.Since(c.readAt)
	c.mu.Unlock()
	if known == "" {
		return c.read(ctx)
	}
	if age > currencyMaxAge {
		// No request pays for it.
		ctx := new(medusaclient.Request).With(context.WithoutCancel(ctx))
		c.reads.DoChan("", func() (any, error) {
			code, err := c.fetch(ctx)
			if err != nil {
				slog.WarnContext(ctx, "store currency not refreshed", "error", err)
			}
			return code, err
		})
	}
	return known, nil
}

// read asks Medusa; callers at the same time share the call.
func (c *currency) read(ctx context.Context) (string, error) {
	reading := c.reads.DoChan("", func() (any, error) { return c.fetch(context.WithoutCancel(ctx)) })
	select {
	case result := <-reading:
		code, _ := result.Val.(string)
		return code, result.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (c *currency) fetch(ctx context.Context) (string, error) {
	var stores []medusaclient.Store
	err := c.account.Do(ctx, func(by medusaclient.Credential) (err error) {
		stores, err = c.medusa.Stores.List(ctx, by)
		return err
	})
	if err != nil {
		return "", err
	}
	for _, store := range stores {
		for _, supported := range store.SupportedCurrencies {
			if supported.IsDefault {
				c.hold(supported.CurrencyCode)
				return supported.CurrencyCode, nil
			}
		}
	}
	return "", errNoStore
}

func (c *currency) hold(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known, c.readAt = code, time.Now()
}
