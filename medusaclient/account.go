package medusaclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// AccountError is Medusa's refusal of the gateway's own user or secret key.
type AccountError struct{ Err error }

func (e *AccountError) Error() string {
	return fmt.Sprintf("medusa refuses the gateway's own credential: %v", e.Err)
}

func (e *AccountError) Unwrap() error { return e.Err }

// Account is the gateway's own user in Medusa. Its token is renewed before it
// ends, by whoever needs it then. It is safe for concurrent use.
type Account struct {
	auth     *Auth
	email    string
	password string
	fixed    bool // a secret key, which needs no renewal

	renewals singleflight.Group

	mu      sync.Mutex
	current Credential
	renewAt time.Time
}

// UserAccount is an account that signs in with e-mail and password.
func (c *Client) UserAccount(email, password string) *Account {
	return &Account{auth: c.Auth, email: email, password: password}
}

// KeyAccount is an account that uses a secret API key. Each call with it costs
// Medusa 40 ms of hashing.
func (c *Client) KeyAccount(key string) *Account {
	return &Account{auth: c.Auth, fixed: true, current: SecretKey(key)}
}

// Email is the e-mail of the user, empty of a secret key.
func (a *Account) Email() string { return a.email }

// Format hides the account's password and token from every format verb.
func (a *Account) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, "[account]") }

// Do makes a call with the account's credential; if Medusa no longer takes the
// token (its user changed, its secret was rotated), once more with a new one.
// A refusal of the account is an AccountError.
func (a *Account) Do(ctx context.Context, do func(by Credential) error) error {
	by, err := a.credential(ctx)
	if err == nil {
		err = do(by)
		if refusedWith(err, http.StatusUnauthorized) && a.forget(by) {
			if by, err = a.credential(ctx); err == nil {
				err = do(by)
			}
		}
	}
	if refusedWith(err, http.StatusUnauthorized) || refusedWith(err, http.StatusForbidden) {
		return &AccountError{Err: err}
	}
	return err
}

// credential returns a token that holds, renewing it where needed. All who need
// a new one at once wait for the same renewal.
func (a *Account) credential(ctx context.Context) (Credential, error) {
	current, fresh := a.held()
	if fresh {
		return current, nil
	}
	renewal := a.renewals.DoChan("", func() (any, error) {
		return a.renew(context.WithoutCancel(ctx))
	})
	select {
	case result := <-renewal:
		if result.Err != nil && time.Now().Before(current.Expires()) {
			return current, nil // it holds yet, and the next call tries again
		}
		renewed, _ := result.Val.(Credential)
		return renewed, result.Err
	case <-ctx.Done():
		return Credential{}, ctx.Err()
	}
}

func (a *Account) held() (current Credential, fresh bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current, a.fixed || time.Now().Before(a.renewAt)
}

// renew gets a new token and keeps it until four fifths of its life are over,
// so that the last fifth is left for renewing it again.
func (a *Account) renew(ctx context.Context) (Credential, error) {
	current, fresh := a.held()
	if fresh {
		return current, nil
	}
	renewed, err := a.next(ctx, current)
	if err != nil {
		return Credential{}, err
	}
	life := 24 * time.Hour // without a known end it is used until Medusa refuses it
	if ends := renewed.Expires(); !ends.IsZero() {
		life = time.Until(ends)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.current, a.renewAt = renewed, time.Now().Add(life*4/5)
	return renewed, nil
}

func (a *Account) next(ctx context.Context, current Credential) (Credential, error) {
	if time.Now().Before(current.Expires()) {
		if renewed, err := a.auth.Refresh(ctx, current); err == nil {
			return renewed, nil
		}
	}
	return a.auth.Login(ctx, a.email, a.password)
}

// forget drops a refused token, and says whether a new one can be had.
func (a *Account) forget(refused Credential) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fixed {
		return false
	}
	if a.current == refused {
		a.current, a.renewAt = Credential{}, time.Time{}
	}
	return true
}

func refusedWith(err error, status int) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Status == status
}
