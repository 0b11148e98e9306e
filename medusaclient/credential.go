package medusaclient

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// maxCredentialLength bounds an Authorization header: Node refuses a request
// whose line and headers exceed 16 KiB together, and answers it with nothing.
const maxCredentialLength = 6 << 10

// ErrCredential says that an Authorization header has no form that Medusa's
// admin API accepts.
var ErrCredential = errors.New("not a credential of Medusa's admin API")

// Credential is what Medusa's admin API is asked with: a user's token or a
// secret API key. It never prints itself.
type Credential struct {
	header string
}

// ParseCredential reads an Authorization header: "Bearer <user token>" or
// "Basic <secret API key>". It checks the form only; Medusa decides the rest.
// It returns ErrCredential for any other form.
func ParseCredential(authorization string) (Credential, error) {
	scheme, value, found := strings.Cut(strings.TrimSpace(authorization), " ")
	value = strings.TrimSpace(value)
	if !found || value == "" || len(authorization) > maxCredentialLength || !printable(value) {
		return Credential{}, ErrCredential
	}
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return Bearer(value), nil
	case strings.EqualFold(scheme, "Basic"):
		return Credential{header: "Basic " + value}, nil
	}
	return Credential{}, ErrCredential
}

// Bearer is the credential of a user's token.
func Bearer(token string) Credential {
	return Credential{header: "Bearer " + token}
}

// SecretKey is the credential of a secret API key (sk_…).
func SecretKey(key string) Credential {
	return Credential{header: "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"))}
}

// Fingerprint identifies the credential without revealing it.
func (c Credential) Fingerprint() [sha256.Size]byte {
	return sha256.Sum256([]byte(c.header))
}

// claims are what a user's token says of itself.
type claims struct {
	ActorType string `json:"actor_type"`
	ActorID   string `json:"actor_id"`
	Exp       int64  `json:"exp"`
}

// claims reads a user's token, without verifying it. They are empty for a
// secret key.
func (c Credential) claims() claims {
	_, payload, _ := strings.Cut(c.header, ".")
	payload, _, signed := strings.Cut(payload, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	var said claims
	if !signed || err != nil || decode(raw, &said) != nil {
		return claims{}
	}
	return said
}

// Expires returns when a user's token ends by its own word, which is not
// verified here. It is zero for a secret key and for a token that names no end.
func (c Credential) Expires() time.Time {
	exp := c.claims().Exp
	if exp <= 0 {
		return time.Time{}
	}
	return time.Unix(exp, 0)
}

// Actor returns whose credential it is, by its own word, which is not verified
// here. A token names its user ("user" and an id), and stays that user's when it
// is renewed. A secret key is "api-key" and a hash of the key, however it is
// spelled; a token that names nobody is "token" and a hash of it.
func (c Credential) Actor() (kind, id string) {
	scheme, value, _ := strings.Cut(c.header, " ")
	switch said := c.claims(); {
	case c.header == "":
		return "", ""
	case scheme == "Basic":
		return "api-key", shortHash(plainKey(value))
	case said.ActorType != "" && said.ActorID != "":
		return said.ActorType, said.ActorID
	}
	return "token", shortHash(value)
}

func shortHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// plainKey is a secret key as it was issued. Medusa takes it plain and in
// base64, as the name of a user with an empty password or without the colon
// before that.
func plainKey(value string) string {
	if !strings.HasPrefix(value, "sk_") {
		if decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(nodeBase64.Replace(value), "=")); err == nil {
			value = string(decoded)
		}
	}
	return strings.TrimSuffix(value, ":")
}

// nodeBase64 brings the other alphabet that Node decodes into the usual one.
var nodeBase64 = strings.NewReplacer("-", "+", "_", "/")

// Format hides the credential from every format verb.
func (c Credential) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, "[credential]") }

// LogValue hides the credential from logs.
func (c Credential) LogValue() slog.Value { return slog.StringValue("[credential]") }

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
