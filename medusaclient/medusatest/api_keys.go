package medusatest

import (
	"crypto/sha256"
	"encoding/hex"
)

// PublishableKey is a key that shoppers' programs carry. Every new Server has one
// for each sales channel.
type PublishableKey struct {
	ID, Title, Token string
	SalesChannelIDs  []string
	RevokedAt        *string // RFC 3339
}

// PublishableToken is the token of the key that every new Server has for a sales
// channel.
func PublishableToken(salesChannelID string) string {
	sum := sha256.Sum256([]byte(salesChannelID))
	return "pk_" + hex.EncodeToString(sum[:])
}

func (t *tables) putPublishableKey(key PublishableKey) {
	t.unlinkLeft(keyChannel, key.ID)
	for _, channel := range key.SalesChannelIDs {
		t.link(keyChannel, key.ID, channel)
	}
	t.put("api_key", row{
		"id": key.ID, "title": key.Title, "token": key.Token, "type": "publishable",
		"redacted":     key.Token[:6] + "***" + key.Token[len(key.Token)-3:],
		"last_used_at": nil, "created_by": "seed", "revoked_at": orNil(key.RevokedAt), "revoked_by": nil,
	})
}

var apiKeyEntity = &entity{
	searched: []string{"title", "redacted", "type"},
	relations: map[string]relation{
		"sales_channels": {target: "sales_channel", many: true, parentKey: "id", childKey: "id", of: func(t *tables, r row) []row {
			return t.all("sales_channel", t.rightOf(keyChannel, idOf(r)))
		}},
	},
}

var apiKeys = resource{
	entity: apiKeyEntity, table: "api_key", singular: "api_key", plural: "api_keys", strict: true, limit: 20,
	defaults: []string{
		"id", "title", "token", "redacted", "type", "last_used_at", "updated_at", "created_at", "created_by",
		"revoked_at", "revoked_by", "sales_channels.id", "sales_channels.name",
	},
	params: listParams(append([]param{
		{"q", text}, {"id", textOrList}, {"title", textOrList}, {"token", textOrList}, {"type", text},
	}, timeParams...)),
	missing: func(id string) string { return "API Key with id: " + id + " was not found" },
}
