package bff

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// Nobody tells the gateway of it: it is done at Medusa, and the stock stays as it is.
func TestAKeyThatIsRevokedElsewhereHoldsForItsTimeAtMost(t *testing.T) {
	t.Parallel()
	s := followed(t, time.Hour, func(c *Config) { c.AuthTTL = patience / 60 })
	key := medusatest.PublishableKey{ID: "apk_1", Token: "pk_moved", SalesChannelIDs: []string{"sc_cannahub"}}
	s.medusa.Put(key)
	question := itemsQuestion("iitem_bd_14g")
	s.mustAsk(t, shopper(key.Token), question)
	feed := s.feed(t, shopper(key.Token), "iitem_bd_14g")
	past := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339Nano)
	key.RevokedAt = &past
	s.medusa.Put(key)

	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	_, err := next(ctx, feed)
	requireCode(t, Unauthorized, err)
	require.Eventually(t, func() bool {
		_, err := s.ask(ctx, shopper(key.Token), question)
		return failedWith(err, Unauthorized)
	}, patience, 10*time.Millisecond, "what is held of keys outlives its time")
}
