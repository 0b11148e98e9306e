package medusaclient

import (
	"crypto/sha256"
	"encoding/base64"
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

// Expires returns when a user's token ends by its own word, which is not
// verified here. It is zero for a secret key and for a token that names no end.
func (c Credential) Expires() time.Time {
	var claims struct {
		Exp int64 `json:"exp"`
	}
	_, payload, _ := strings.Cut(c.header, ".")
	payload, _, signed := strings.Cut(payload, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if !signed || err != nil || decode(raw, &claims) != nil || claims.Exp <= 0 {
		return time.Time{}
	}
	return time.Unix(claims.Exp, 0)
}

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
