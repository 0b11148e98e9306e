package bff

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// Visitor is who asks what shoppers may ask: somebody with a publishable key, with
// a credential of Medusa's admin API, with both or with neither.
type Visitor struct {
	Caller

	PublishableKey string
	Address        string // where he asks from, of who follows
}

// admin says whether there is a credential of Medusa's admin API, which the token of
// a customer who is signed in is not. Whether it is good, Medusa says.
func (v Visitor) admin() bool {
	kind, _ := v.Credential.Actor()
	return kind != "" && kind != "customer"
}

const (
	// unknownKey is how long it is remembered that there is no such key.
	unknownKey = 10 * time.Second

	// maxKeys bounds the memory for keys, of which anybody can make up any number.
	maxKeys = 4 << 20

	maxKeyLength = 200

	// goodKeyKept is how long it is remembered at least that a key was good, for the time
	// when Medusa does not answer.
	goodKeyKept = 24 * time.Hour
)

// keys are the publishable keys that were asked with, and what each opens.
type keys struct {
	*reads[openedKey]

	generation *atomic.Uint64
	good       copies[struct{}] // those that Medusa took last
}

// openedKey is the locations that a publishable key opens, by its sales channels.
type openedKey struct {
	channels  map[string][]string
	revokedAt time.Time // zero: never
}

func newKeys(config Config) *keys {
	generation := &atomic.Uint64{}
	k := &keys{generation: generation, good: newCopies(max(config.StaleAge, goodKeyKept), maxKeys/4, func(struct{}) int { return 0 })}
	look := ownRead(config.Account,
		func(ctx context.Context, by medusaclient.Credential, tokens []string) ([]medusaclient.PublishableKey, error) {
			return config.Medusa.APIKeys.ListByToken(ctx, by, tokens)
		},
		func(key medusaclient.PublishableKey) (string, openedKey) { return key.Token, opened(key) },
	)
	k.reads = newReads(readsConfig[openedKey]{
		most: medusaclient.MaxTokens, ttl: config.AuthTTL, unknown: unknownKey, generation: generation,
		stale: config.StaleAge, maxBytes: maxKeys, maxCopies: maxKeys / 4, timeout: config.Timeout,
		size: func(key openedKey) int {
			size := 0
			for _, locations := range key.channels {
				size += 64 * (1 + len(locations))
			}
			return size
		},
		fetch: func(ctx context.Context, tokens []string) (map[string]openedKey, error) {
			asked := time.Now()
			found, err := look(ctx, tokens)
			if err == nil {
				k.judge(tokens, found, asked)
			}
			return found, err
		},
	})
	return k
}

func (k *keys) close() {
	k.reads.close()
	k.good.close()
}

// judge remembers which keys Medusa took.
func (k *keys) judge(tokens []string, found map[string]openedKey, asked time.Time) {
	for _, token := range tokens {
		if key, known := found[token]; known && !key.revoked() {
			k.took(token, asked)
		} else {
			k.good.drop(token)
		}
	}
}

// took remembers that Medusa took a key.
func (k *keys) took(token string, asked time.Time) { k.good.keep(token, struct{}{}, asked) }

// refused has a key be looked up again, and be worth nothing until then, since Medusa
// refused it.
func (k *keys) refused(token string) {
	k.good.drop(token)
	if k.held != nil {
		k.held.Invalidate(token)
	}
}

// wasGood says whether Medusa took a key when it answered last, as far as is known.
func (k *keys) wasGood(token string) bool {
	_, good := k.good.find(token)
	last, _ := k.copies.find(token)
	return good && !last.value.revoked()
}

// lastOpened is what a key opened that was good.
func (k *keys) lastOpened(token string) (openedKey, bool) {
	last, known := k.copies.find(token)
	return last.value, known && k.wasGood(token)
}

func (o openedKey) revoked() bool {
	return !o.revokedAt.IsZero() && !time.Now().Before(o.revokedAt)
}

// opened leaves out what was deleted.
func opened(key medusaclient.PublishableKey) openedKey {
	o := openedKey{channels: make(map[string][]string, len(key.SalesChannels))}
	if key.RevokedAt != nil {
		o.revokedAt, _ = time.Parse(time.RFC3339, *key.RevokedAt) // what cannot be read was revoked long ago
		if o.revokedAt.IsZero() {
			o.revokedAt = time.Unix(0, 0)
		}
	}
	for _, channel := range key.SalesChannels {
		if channel.ID == "" {
			continue
		}
		o.channels[channel.ID] = nil
		for _, location := range channel.StockLocations {
			if location.ID != "" {
				o.channels[channel.ID] = append(o.channels[channel.ID], location.ID)
			}
		}
	}
	return o
}

// forget makes what is held of keys stale, after links of channels changed.
func (k *keys) forget() { k.generation.Add(1) }

// open returns what a key opens. Keys that Medusa does not know, or has revoked, are
// Unauthorized.
func (k *keys) open(ctx context.Context, token string) (openedKey, error) {
	if !maybeKey(token) {
		return openedKey{}, errKey()
	}
	found, err := k.get(ctx, []string{token})
	if err != nil {
		return openedKey{}, err
	}
	key, known := found[token]
	if !known || key.revoked() {
		return openedKey{}, errKey()
	}
	return key, nil
}

// maybeKey says whether a text has the form of a key, so that Medusa need be asked.
func maybeKey(token string) bool {
	return strings.HasPrefix(token, "pk_") && len(token) <= maxKeyLength && plain(token, "_")
}

func errKey() *Error {
	return &Error{Code: Unauthorized, Message: mapping.Message{Key: "UNAUTHORIZED.key"}}
}

// locationsOf is the ids of the stock locations that a publishable key opens, or,
// where that is empty, the one for visitors who send none.
func (g *Gateway) locationsOf(ctx context.Context, token string) ([]string, error) {
	key, err := g.keys.open(ctx, cmp.Or(token, g.defaultKey))
	if err != nil {
		return nil, errorOf(err, "")
	}
	return slices.Sorted(maps.Keys(key.scope(""))), nil
}

// shows is the scope of a channel, which must be one of the key's.
func (o openedKey) shows(channelID string) (mapping.Scope, error) {
	if _, own := o.channels[channelID]; channelID != "" && !own {
		return nil, &Error{Code: Forbidden, Message: mapping.Message{Key: "FORBIDDEN.channel", Args: []any{channelID}}}
	}
	return o.scope(channelID), nil
}

// scope is the locations of the key's channels, or of one of them.
func (o openedKey) scope(channelID string) mapping.Scope {
	scope := mapping.Scope{}
	for id, locations := range o.channels {
		if channelID == "" || channelID == id {
			for _, location := range locations {
				scope[location] = nil
			}
		}
	}
	return scope
}

// scopeOf is the locations that a visitor is shown: those of his publishable key's
// channels, or all with an admin's credential alone; narrowed to a sales channel
// where there is one. Where the answer is to be explained they come with their
// channels.
func (g *Gateway) scopeOf(ctx context.Context, v Visitor, channelID string, explain bool) (mapping.Scope, error) {
	token := v.PublishableKey
	if token == "" && !v.admin() {
		token = g.defaultKey
	}
	if explain && !v.admin() {
		return nil, &Error{Code: Forbidden, Message: mapping.Message{Key: "FORBIDDEN.explain"}}
	}
	var all mapping.Scope
	if explain || token == "" {
		if !v.admin() {
			return nil, errKey()
		}
		if err := g.rights.confirm(ctx, v.Credential, toRead); err != nil {
			return nil, err
		}
		places, err := g.counts.places.get(ctx, []string{allPlaces})
		if err != nil {
			return nil, err
		}
		all = places[allPlaces]
	}
	if token == "" {
		return g.scopeOfAdmin(ctx, v, all, channelID)
	}
	key, err := g.keys.open(ctx, token)
	if err != nil {
		return nil, err
	}
	scope, err := key.shows(channelID)
	for location := range scope {
		scope[location] = all[location]
	}
	return scope, err
}

// scopeOfAdmin is all locations, or those of a sales channel.
func (g *Gateway) scopeOfAdmin(ctx context.Context, v Visitor, all mapping.Scope, channelID string) (mapping.Scope, error) {
	if channelID == "" {
		return all, nil
	}
	scope := all.Of(channelID)
	if len(scope) > 0 {
		return scope, nil
	}
	_, err := g.medusa.SalesChannels.Get(ctx, v.Credential, channelID)
	return scope, errorOf(err, SalesChannelNotFound, channelID)
}
