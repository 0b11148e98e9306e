package medusaclient

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseCredential(t *testing.T) {
	for authorization, want := range map[string]Credential{
		"Bearer a.b.c":                  Bearer("a.b.c"),
		"bearer a.b.c":                  Bearer("a.b.c"),
		"  Bearer   a.b.c  ":            Bearer("a.b.c"),
		"Basic c2tfMTIzOg==":            SecretKey("sk_123"),
		"BASIC sk_123":                  {header: "Basic sk_123"},
		"Bearer sk_123":                 Bearer("sk_123"), // Medusa explains
		"Basic " + longest(t, "Basic "): {header: "Basic " + longest(t, "Basic ")},
	} {
		got, err := ParseCredential(authorization)
		require.NoError(t, err, authorization)
		assert.Equal(t, want, got, authorization)
	}
	for name, authorization := range map[string]string{
		"nothing":           "",
		"no scheme":         "a.b.c",
		"no token":          "Bearer",
		"blanks":            "Bearer    ",
		"another scheme":    "Digest abc",
		"two tokens":        "Bearer a.b.c d.e.f",
		"a line break":      "Bearer a.b.c\r\nX-Evil: 1",
		"NUL":               "Bearer a\x00b",
		"letters of no key": "Bearer ñandú",
		"too long":          "Bearer " + longest(t, "Bearer ") + "a",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseCredential(authorization)
			require.ErrorIs(t, err, ErrCredential)
			assert.Zero(t, got)
			assert.NotContains(t, fmt.Sprint(err), "a.b.c")
		})
	}
}

func longest(t *testing.T, scheme string) string {
	t.Helper()
	return strings.Repeat("a", maxCredentialLength-len(scheme))
}

func TestCredentialExpires(t *testing.T) {
	token := func(payload string) Credential {
		return Bearer("head." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".signature")
	}
	assert.Equal(t, time.Unix(1_800_000_000, 0), token(`{"actor_id":"user_1","exp":1800000000}`).Expires())
	for name, c := range map[string]Credential{
		"a secret key":       SecretKey("sk_123"),
		"nothing":            {},
		"no end":             token(`{"actor_id":"user_1"}`),
		"an end that is not": token(`{"exp":"tomorrow"}`),
		"an end before time": token(`{"exp":-5}`),
		"no signature":       Bearer("head.eyJleHAiOjE4MDAwMDAwMDB9"),
		"no base64":          Bearer("head.***.signature"),
		"no JSON":            Bearer("head.YWJj.signature"),
	} {
		assert.True(t, c.Expires().IsZero(), name)
	}
}

func TestActorIsTheSameHoweverItIsSpelled(t *testing.T) {
	key := "sk_" + strings.Repeat("1c3f", 16)
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	kind, id := SecretKey(key).Actor()
	assert.Equal(t, "api-key", kind)
	assert.Regexp(t, "^[0-9a-f]{32}$", id)
	assert.NotContains(t, key, id)
	for name, authorization := range map[string]string{
		"plain":                 "Basic " + key,
		"encoded":               "basic " + encode(key),
		"with a colon":          "Basic " + encode(key+":"),
		"plain with a colon":    "Basic " + key + ":",
		"without its end":       "Basic " + strings.TrimRight(encode(key+":"), "="),
		"without the other end": "Basic " + strings.TrimRight(encode(key), "="),
	} {
		c, err := ParseCredential(authorization)
		require.NoError(t, err, name)
		gotKind, got := c.Actor()
		assert.Equal(t, kind, gotKind, name)
		assert.Equal(t, id, got, name)
	}
	for name, other := range map[string]Credential{
		"another key": SecretKey(key + "1"), "no key": {header: "Basic ***"}, "a password": {header: "Basic " + encode(key+":x")},
	} {
		kind, got := other.Actor()
		assert.Equal(t, "api-key", kind, name)
		assert.NotEqual(t, id, got, name)
	}
	inUnicode, err := ParseCredential("Basic " + base64.URLEncoding.EncodeToString([]byte("sk_ÿþ?>")))
	require.NoError(t, err)
	_, id = SecretKey("sk_ÿþ?>").Actor()
	_, got := inUnicode.Actor()
	assert.Equal(t, id, got, "Node takes the other alphabet too")
}

func TestActorOfAToken(t *testing.T) {
	token := func(payload, signature string) Credential {
		return Bearer("head." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + "." + signature)
	}
	for _, c := range []Credential{
		token(`{"actor_type":"user","actor_id":"user_1","exp":1}`, "a"), token(`{"actor_type":"user","actor_id":"user_1","exp":2}`, "b"),
	} {
		kind, id := c.Actor()
		assert.Equal(t, "user", kind)
		assert.Equal(t, "user_1", id)
	}
	seen := map[string]string{}
	for name, c := range map[string]Credential{
		"no token":           Bearer("garbage"),
		"no actor":           token(`{"exp":1}`, "a"),
		"an actor of null":   token(`{"actor_type":"user","actor_id":null}`, "a"),
		"an empty actor":     token(`{"actor_type":"user","actor_id":""}`, "a"),
		"an actor of a kind": token(`{"actor_type":"","actor_id":"user_1"}`, "a"),
		"a number":           token(`{"actor_type":"user","actor_id":5}`, "a"),
	} {
		kind, id := c.Actor()
		assert.Equal(t, "token", kind, name)
		assert.Regexp(t, "^[0-9a-f]{32}$", id, name)
		assert.Empty(t, seen[id], "%s is not %s", name, seen[id])
		seen[id] = name
	}
	kind, id := Credential{}.Actor()
	assert.Empty(t, kind+id)
}

func TestFingerprintTellsCredentialsApart(t *testing.T) {
	parsed, err := ParseCredential("bearer a")
	require.NoError(t, err)
	assert.Equal(t, Bearer("a").Fingerprint(), parsed.Fingerprint())
	assert.NotEqual(t, Bearer("a").Fingerprint(), Bearer("b").Fingerprint())
	assert.NotEqual(t, Bearer("c2tfMTIzOg==").Fingerprint(), SecretKey("sk_123").Fingerprint())
}

func TestCredentialsAreNeverPrinted(t *testing.T) {
	const secret = "hunter2-secret"
	client := newClient(t, Config{BaseURL: "http://127.0.0.1:1"})
	encoded := base64.StdEncoding.EncodeToString([]byte(secret + ":"))
	held := struct{ By Credential }{Bearer(secret)}
	for name, value := range map[string]any{
		"a token":             Bearer(secret),
		"a secret key":        SecretKey(secret),
		"a pointer to one":    new(Bearer(secret)),
		"one in a struct":     held,
		"one in a list":       []Credential{Bearer(secret)},
		"an account":          client.UserAccount("admin@cannahub.test", secret),
		"an account by key":   client.KeyAccount(secret),
		"an account by value": struct{ Account *Account }{client.KeyAccount(secret)},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("said", "value", value)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("said", "value", value)
			asJSON, err := json.Marshal(value)
			require.NoError(t, err)
			said := log.String() + string(asJSON)
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				said += fmt.Sprintf(verb, value)
			}
			assert.NotContains(t, said, secret)
			assert.NotContains(t, said, encoded)
			assert.NotContains(t, said, fmt.Sprintf("%x", secret))
		})
	}
}
