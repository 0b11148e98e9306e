package medusaclient

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	loginPath   = "/auth/user/emailpass"
	refreshPath = "/auth/token/refresh"
	stores      = "/admin/stores"
)

// received counts the calls of a server by path.
func received(server *medusatest.Server) map[string]int {
	count := map[string]int{}
	for _, call := range server.Calls() {
		count[call.Path]++
	}
	return count
}

// listStores is what the accounts here do.
func listStores(ctx context.Context, account *Account, client *Client) error {
	return account.Do(ctx, func(by Credential) error {
		_, err := client.Stores.List(ctx, by)
		return err
	})
}

func memoryAccount(t *testing.T) (*medusatest.Server, *Client, *Account) {
	t.Helper()
	server, client, _ := memoryClient(t, Config{})
	return server, client, client.UserAccount(medusatest.Email, medusatest.Password)
}

// together does the same n times at once and returns the first error.
func together(n int, do func() error) (failed error) {
	errs := make(chan error, n)
	for range n {
		go func() { errs <- do() }()
	}
	for range n {
		if err := <-errs; err != nil && failed == nil {
			failed = err
		}
	}
	return failed
}

func TestAccountSignsInOnce(t *testing.T) {
	server, client, account := memoryAccount(t)
	assert.Empty(t, server.Calls(), "not before it is needed")
	require.NoError(t, together(100, func() error { return listStores(t.Context(), account, client) }))
	require.NoError(t, listStores(t.Context(), account, client))
	assert.Equal(t, map[string]int{loginPath: 1, stores: 101}, received(server))
}

func TestAccountRenewsItsTokenBeforeItEnds(t *testing.T) {
	server, client, account := memoryAccount(t)
	server.SetTokenLife(100 * time.Second)
	require.NoError(t, listStores(t.Context(), account, client))
	assert.WithinDuration(t, time.Now().Add(80*time.Second), account.renewAt, 5*time.Second)
	first := account.current

	account.renewAt = time.Now()
	server.SetTokenLife(200 * time.Second)
	require.NoError(t, together(50, func() error { return listStores(t.Context(), account, client) }))
	assert.Equal(t, map[string]int{loginPath: 1, refreshPath: 1, stores: 51}, received(server), "one cheap renewal for all")
	assert.NotEqual(t, first, account.current)
	assert.WithinDuration(t, time.Now().Add(160*time.Second), account.renewAt, 5*time.Second)
	for _, call := range server.Calls() {
		if call.Path == refreshPath {
			assert.Equal(t, first.header, call.Header.Get("Authorization"))
		}
	}
}

func TestAccountSignsInWhereATokenCannotBeRenewed(t *testing.T) {
	t.Run("it has ended", func(t *testing.T) {
		server, client, account := memoryAccount(t)
		account.current = Bearer(server.ExpiredToken(medusatest.UserID))
		require.NoError(t, listStores(t.Context(), account, client))
		assert.Equal(t, map[string]int{loginPath: 1, stores: 1}, received(server))
	})
	t.Run("its renewal is refused", func(t *testing.T) {
		server, client, account := memoryAccount(t)
		account.current = Bearer(server.Token(medusatest.UserID))
		server.Fail(medusatest.Match{Path: refreshPath}, medusatest.Answer(401, `{"message":"Unauthorized"}`))
		require.NoError(t, listStores(t.Context(), account, client))
		assert.Equal(t, map[string]int{refreshPath: 1, loginPath: 1, stores: 1}, received(server))
	})
}

// TestAccountSignsInAgainWhenItsTokenIsRefused, as after a change of Medusa's
// secret.
func TestAccountSignsInAgainWhenItsTokenIsRefused(t *testing.T) {
	server, client, account := memoryAccount(t)
	token := server.Token(medusatest.UserID)
	account.current = Bearer(token[:strings.LastIndex(token, ".")] + ".AAAA")
	account.renewAt = time.Now().Add(time.Hour)
	require.NoError(t, together(20, func() error { return listStores(t.Context(), account, client) }))
	assert.Equal(t, 1, received(server)[loginPath])
	require.NoError(t, listStores(t.Context(), account, client))
	assert.Equal(t, 1, received(server)[loginPath], "the new one is kept")
}

func TestAnExpiredTokenIsRefused(t *testing.T) {
	server, client, _ := memoryClient(t, Config{})
	expired := Bearer(server.ExpiredToken(medusatest.UserID))
	assert.True(t, expired.Expires().Before(time.Now()))
	_, err := client.Stores.List(t.Context(), expired)
	assert.Equal(t, &Error{Endpoint: "GET /admin/stores", Status: http.StatusUnauthorized, Message: "Unauthorized"}, err)
	_, err = client.Auth.Refresh(t.Context(), expired)
	assert.Equal(t, &Error{Endpoint: "POST /auth/token/refresh", Status: http.StatusUnauthorized, Message: "Unauthorized"}, err)
}

func TestAccountIsRefused(t *testing.T) {
	t.Run("wrong password", func(t *testing.T) {
		server, client, _ := memoryClient(t, Config{})
		err := listStores(t.Context(), client.UserAccount(medusatest.Email, "wrong-secret"), client)
		var account *AccountError
		require.ErrorAs(t, err, &account)
		assert.Contains(t, err.Error(), "Invalid email or password")
		assert.NotContains(t, err.Error(), "wrong-secret")
		assert.Equal(t, map[string]int{loginPath: 1}, received(server), "once: it costs Medusa a tenth of a second")
	})
	t.Run("a user who may nothing", func(t *testing.T) {
		server, client, _ := memoryClient(t, Config{})
		server.PutUser(medusatest.User{ID: "user_nobody", Email: "nobody@cannahub.test", Password: "nothing", Forbidden: true})
		err := listStores(t.Context(), client.UserAccount("nobody@cannahub.test", "nothing"), client)
		var account *AccountError
		require.ErrorAs(t, err, &account)
		var refused *Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusForbidden, refused.Status)
		assert.Equal(t, map[string]int{loginPath: 1, stores: 1}, received(server))
	})
	t.Run("each token anew", func(t *testing.T) {
		server, client, account := memoryAccount(t)
		server.Fail(medusatest.Match{Path: stores}, medusatest.Answer(401, `{"message":"Unauthorized"}`))
		var refused *AccountError
		require.ErrorAs(t, listStores(t.Context(), account, client), &refused)
		assert.Equal(t, map[string]int{loginPath: 2, stores: 2}, received(server), "two tries are enough")
	})
	t.Run("a wrong key", func(t *testing.T) {
		server, client, _ := memoryClient(t, Config{})
		var account *AccountError
		require.ErrorAs(t, listStores(t.Context(), client.KeyAccount("sk_wrong"), client), &account)
		assert.Equal(t, map[string]int{stores: 1}, received(server), "there is no other key to try")
	})
}

func TestWhatIsNotTheAccountsFault(t *testing.T) {
	server, client, account := memoryAccount(t)
	err := account.Do(t.Context(), func(by Credential) error {
		_, err := client.Products.Get(t.Context(), by, "prod_nope")
		return err
	})
	var refused *Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusNotFound, refused.Status)
	var accountError *AccountError
	assert.NotErrorAs(t, err, &accountError)

	account = client.UserAccount(medusatest.Email, medusatest.Password)
	lift := server.Fail(medusatest.Match{Path: loginPath}, medusatest.Cut())
	err = listStores(t.Context(), account, client)
	assertOutage(t, Unreachable, err)
	assert.NotErrorAs(t, err, &accountError)
	lift()
	assert.NoError(t, listStores(t.Context(), account, client), "a failed login is not kept")
}

func TestAHangingLoginHoldsNobodyForLongerThanTheyWait(t *testing.T) {
	server, client, account := memoryAccount(t)
	holding := hold(t, server, medusatest.Match{Path: loginPath})
	first, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- listStores(first, account, client) }()
	<-holding.arrived
	leave()
	require.ErrorIs(t, <-left, context.Canceled)

	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, listStores(short, account, client), context.DeadlineExceeded)

	var group sync.WaitGroup
	group.Go(func() { assert.NoError(t, listStores(t.Context(), account, client)) })
	holding.release()
	group.Wait()
	assert.Equal(t, map[string]int{loginPath: 1, stores: 1}, received(server), "who left first did not end it for the others")
}

func TestAccountByKeyNeverSignsIn(t *testing.T) {
	server, client, _ := memoryClient(t, Config{})
	account := client.KeyAccount(medusatest.SecretKey)
	require.NoError(t, together(20, func() error { return listStores(t.Context(), account, client) }))
	assert.Equal(t, map[string]int{stores: 20}, received(server))
	assert.Equal(t, SecretKey(medusatest.SecretKey).header, server.Calls()[0].Header.Get("Authorization"))
}

func TestATokenThatHoldsIsUsedWhenRenewingFails(t *testing.T) {
	server, client, account := memoryAccount(t)
	require.NoError(t, listStores(t.Context(), account, client))
	account.mu.Lock()
	account.renewAt = time.Now() // its last fifth begins
	account.mu.Unlock()
	server.Fail(medusatest.Match{Path: "/auth/**"}, medusatest.Answer(500, `{"type":"unknown_error","message":"no"}`))
	require.NoError(t, listStores(t.Context(), account, client), "a good token was dropped")
}
