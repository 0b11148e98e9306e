package medusaclient

import (
	"context"
	"net/http"
)

// Auth are the calls below /auth.
type Auth struct{ client *Client }

type tokenAnswer struct {
	Token string `json:"token"`
}

func (a *tokenAnswer) whole() bool { return a.Token != "" }

// Login signs a user in. It costs Medusa a tenth of a second of hashing.
func (s *Auth) Login(ctx context.Context, email, password string) (Credential, error) {
	var answer tokenAnswer
	err := s.client.do(ctx, call{
		method: http.MethodPost, route: "/auth/user/emailpass", path: "/auth/user/emailpass",
		body: map[string]string{"email": email, "password": password},
	}, &answer)
	return Bearer(answer.Token), err
}

// Refresh gives a new token for one that still holds, which is much cheaper
// than a login.
func (s *Auth) Refresh(ctx context.Context, by Credential) (Credential, error) {
	var answer tokenAnswer
	err := s.client.do(ctx, call{
		method: http.MethodPost, route: "/auth/token/refresh", path: "/auth/token/refresh", credential: by,
	}, &answer)
	return Bearer(answer.Token), err
}
