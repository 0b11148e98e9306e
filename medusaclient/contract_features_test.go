package medusaclient

import (
	"net/http"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// features is what Medusa shows of itself without being asked who is asking, and of
// its version.
func features(c contract) {
	greeting, err := c.client.Greet(c.Context())
	require.NoError(c, err)
	assert.Positive(c, greeting.Took)
	require.NotNil(c, greeting.Clock, "it tells the time")
	assert.Less(c, greeting.Clock.Ahead.Abs(), 2*time.Second)

	version, err := c.client.Version(c.Context(), c.by, c.shop.publishableKey)
	require.NoError(c, err)
	assert.Equal(c, Version{From: "2.21.1"}, version)
	version, err = c.client.Version(c.Context(), c.by, "")
	require.NoError(c, err)
	assert.Equal(c, Version{From: "2.20.0", Unasked: "2.21.1"}, version, "without a key the newest cannot be told")

	flags, err := c.client.FeatureFlags(c.Context(), c.by)
	require.NoError(c, err)
	assert.False(c, flags.Roles())
	assert.Len(c, flags, len(testedFlags))
	assert.Empty(c, flags.Untested())

	require.NoError(c, c.client.Identify(c.Context(), c.by))
	require.NoError(c, c.client.Identify(c.Context(), SecretKey(c.shop.secretKey)), "a secret key is taken, too")
	for _, by := range []Credential{Bearer("garbage"), SecretKey("sk_none")} {
		assertRefused(c.T, http.StatusUnauthorized, "Unauthorized", c.client.Identify(c.Context(), by))
	}

	token, err := c.client.APIKeys.AnyToken(c.Context(), c.by)
	require.NoError(c, err)
	assert.Contains(c, token, "pk_")
}
