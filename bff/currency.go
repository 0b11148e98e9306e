package bff

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/cannahub/gateway/medusaclient"
)

const (
	// currencyMaxAge is after how long the store is asked again. Nobody waits
	// for it: the known currency serves meanwhile.
	currencyMaxAge = 10 * time.Minute

	// currencyRetry is after how long it is asked again when that failed.
	currencyRetry = 30 * time.Second
)

// currency holds the store's default currency.
type currency struct {
	medusa  *medusaclient.Client
	account *medusaclient.Account
	reads   singleflight.Group

	mu    sync.Mutex
	held  bool
	known string
	askAt time.Time // when to ask again
}

// or returns the currency that was asked for, else the store's default.
func (c *currency) or(ctx context.Context, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	return c.code(ctx)
}

// code returns the store's default currency (ISO 4217, lower case), empty when
// it has none: then nothing has a price.
func (c *currency) code(ctx context.Context) (string, error) {
	c.mu.Lock()
	held, known, due := c.held, c.known, time.Now().After(c.askAt)
	c.mu.Unlock()
	if !held {
		return c.read(ctx)
	}
	if due {
		c.refresh(ctx)
	}
	return known, nil
}

// refresh asks again, in the background and at nobody's expense.
func (c *currency) refresh(ctx context.Context) {
	ctx = new(medusaclient.Request).With(context.WithoutCancel(ctx))
	c.reads.DoChan("", func() (any, error) {
		code, err := c.fetch(ctx)
		if err != nil {
			slog.WarnContext(ctx, "store currency not refreshed", "error", err)
			c.askAgain(currencyRetry)
		}
		return code, err
	})
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
	code := defaultCurrency(stores)
	c.hold(code)
	return code, nil
}

func defaultCurrency(stores []medusaclient.Store) string {
	for _, store := range stores {
		for _, supported := range store.SupportedCurrencies {
			if supported.IsDefault {
				return supported.CurrencyCode
			}
		}
	}
	return ""
}

func (c *currency) hold(code string) {
	c.askAgain(currencyMaxAge)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.known = true, code
}

func (c *currency) askAgain(after time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.askAt = time.Now().Add(after)
}
