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
