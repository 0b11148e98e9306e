package medusaclient

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// PublishableKey is a key that shoppers' programs carry, and what it opens: its
// sales channels with the stock locations that serve them. Rows that are linked
// but were deleted have no id.
type PublishableKey struct {
	ID            string             `json:"id"`
	Token         string             `json:"token"`
	RevokedAt     *string            `json:"revoked_at"` // can lie ahead; nil: not at all
	SalesChannels []ChannelLocations `json:"sales_channels"`
}

// ChannelLocations is a sales channel with the stock locations that serve it.
type ChannelLocations struct {
	ID             string       `json:"id"`
	Name           string       `json:"name"`
	StockLocations []LocationID `json:"stock_locations"`
}

// LocationID names a stock location.
type LocationID struct {
	ID string `json:"id"`
}

const publishableKeyFields = "id,token,revoked_at,sales_channels.id,sales_channels.name,sales_channels.stock_locations.id"

// MaxTokens is how many keys can be looked up in one call: each takes 70 of Node's
// 16 KiB.
const MaxTokens = 150

// APIKeys are the calls below /admin/api-keys.
type APIKeys struct{ client *Client }

type apiKeysAnswer struct {
	APIKeys []PublishableKey `json:"api_keys"`
}

func (a *apiKeysAnswer) whole() bool { return a.APIKeys != nil }

// AnyToken returns the token of a publishable key that is not revoked, empty where
// there is none among the latest.
func (s *APIKeys) AnyToken(ctx context.Context, by Credential) (string, error) {
	q := newQuery("/admin/api-keys", "id,token,revoked_at")
	q.raw("type", "publishable")
	q.raw("order", "-id")
	q.raw("limit", "50")
	var answer apiKeysAnswer
	err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/api-keys", path: q.String(), credential: by}, &answer)
	for _, key := range answer.APIKeys {
		if key.RevokedAt == nil {
			return key.Token, err
		}
	}
	return "", err
}

// ListByToken reads the publishable keys of up to MaxTokens tokens, none of which
// holds a comma, in no promised order; unknown ones are left out, revoked ones
// are not.
func (s *APIKeys) ListByToken(ctx context.Context, by Credential, tokens []string) ([]PublishableKey, error) {
	escaped := make([]string, len(tokens))
	for i, token := range tokens {
		escaped[i] = url.QueryEscape(token)
	}
	q := newQuery("/admin/api-keys", publishableKeyFields)
	q.raw("limit", strconv.Itoa(len(tokens)))
	q.raw("type", "publishable")
	q.raw("token[]", strings.Join(escaped, ","))
	var answer apiKeysAnswer
	err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/api-keys", path: q.String(), credential: by}, &answer)
	return answer.APIKeys, err
}
