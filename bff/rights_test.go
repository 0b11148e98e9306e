package bff

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// unconfirmed is a shop whose caller has not written yet.
func unconfirmed(t testing.TB, ttl time.Duration) *shop {
	t.Helper()
	s := prepared(t, with(openStore(t, newDatabase(t))), func(c *Config) { c.AuthTTL = ttl })
	require.NoError(t, s.Start(t.Context()))
	return s
}

// confirmations are the calls that asked Medusa for a right, with the credential
// of who wanted it.
func (s *shop) confirmations() (write, read []string) {
	for _, call := range s.medusa.Calls() {
		switch {
		case call.Method == http.MethodPost && call.Path == levelWrites.Path && string(call.Body) == "{}":
			write = append(write, call.Header.Get("Authorization"))
		case call.Method == http.MethodGet && call.Query.Get("fields") == "id":
			read = append(read, call.Header.Get("Authorization"))
		}
	}
	return write, read
}

func TestTheRightToWriteIsConfirmedOnceForEachCredential(t *testing.T) {
	t.Parallel()
	s := unconfirmed(t, time.Minute)
	for range 3 {
		_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 1))
		require.NoError(t, err)
	}
	write, read := s.confirmations()
	require.Len(t, write, 1)
	require.Empty(t, read)
	require.Equal(t, []string{
		"POST " + levelWrites.Path, "GET /admin/inventory-items", "POST " + levelWrites.Path,
	}, s.paths()[:3], "confirmed before anything else")

	other := s.by("")
	other.Caller = s.another("user_other")
	_, err := s.adjust(t.Context(), other, more("iitem_bd_1g", 1))
	require.NoError(t, err)
	write, _ = s.confirmations()
	require.Len(t, write, 2, "one caller's right served another")
	require.NotEqual(t, write[0], write[1], "not asked with the caller's own credential")
}

func TestAConfirmedRightEndsWithItsTime(t *testing.T) {
	t.Parallel()
	const ttl = 300 * time.Millisecond
	s := unconfirmed(t, ttl)
	asked := func() int { write, _ := s.confirmations(); return len(write) }
	began := time.Now()
	require.NoError(t, s.rights.confirm(t.Context(), s.caller.Credential, toWrite))
	require.Eventually(t, func() bool {
		return s.rights.confirm(context.Background(), s.caller.Credential, toWrite) == nil && asked() == 2
	}, patience, 5*time.Millisecond, "confirmed for ever")
	require.GreaterOrEqual(t, time.Since(began), ttl, "asked again too early")
}

func TestAConfirmedRightEndsWithItsToken(t *testing.T) {
	t.Parallel()
	s := unconfirmed(t, time.Hour)
	s.medusa.SetTokenLife(2 * time.Second)
	s.caller.Credential = medusaclient.Bearer(s.medusa.Token(medusatest.UserID))
	require.NoError(t, s.rights.confirm(t.Context(), s.caller.Credential, toWrite))
	require.Eventually(t, func() bool {
		_, err := s.adjust(context.Background(), s.by(""), more("iitem_bd_1g", 1))
		return err != nil
	}, 5*time.Second, 50*time.Millisecond, "a token that is over writes on")
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 1))
	requireCode(t, Unauthorized, err)
}

func TestEveryChangeIsConfirmedWithoutATimeForIt(t *testing.T) {
	t.Parallel()
	s := unconfirmed(t, 0)
	for range 2 {
		_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 1))
		require.NoError(t, err)
	}
	write, _ := s.confirmations()
	require.Len(t, write, 2)
}

func TestARefusedRightIsNotRemembered(t *testing.T) {
	t.Parallel()
	s := unconfirmed(t, time.Minute)
	s.medusa.PutUser(medusatest.User{ID: "user_guest", Forbidden: true})
	guest := s.by("k")
	guest.Credential = medusaclient.Bearer(s.medusa.Token("user_guest"))
	_, err := s.adjust(t.Context(), guest, more("iitem_bd_1g", 1))
	requireCode(t, Forbidden, err)

	s.medusa.PutUser(medusatest.User{ID: "user_guest"})
	_, err = s.adjust(t.Context(), guest, more("iitem_bd_1g", 1))
	require.NoError(t, err, "the refusal was remembered")
	s.requireStock(t, "iitem_bd_1g", 101)
}

func TestFirstChangesAtOnceAskForTheRightOnce(t *testing.T) {
	t.Parallel()
	s := unconfirmed(t, time.Minute)
	released := make(chan struct{})
	confirmation := levelWrites
	confirmation.Times = 1
	s.medusa.Fail(confirmation, medusatest.Hold(released))
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			_, err := s.adjust(context.Background(), s.by(""), more("iitem_bd_1g", 1))
			assert.NoError(t, err)
		})
	}
	s.awaitCall(t, http.MethodPost)
	close(released)
	wait.Wait()
	write, _ := s.confirmations()
	require.Len(t, write, 1)
	s.requireStock(t, "iitem_bd_1g", 120)
}

func TestACallerWhoLeavesDoesNotEndTheConfirmationForTheOthers(t *testing.T) {
	t.Parallel()
	s := unconfirmed(t, time.Minute)
	released := make(chan struct{})
	s.medusa.Fail(levelWrites, medusatest.Hold(released))
	impatient, leave := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { first <- s.rights.confirm(impatient, s.caller.Credential, toWrite) }()
	s.awaitCall(t, http.MethodPost)
	go func() { second <- s.rights.confirm(context.Background(), s.caller.Credential, toWrite) }()
	leave()
	requireCode(t, Canceled, <-first)
	close(released)
	require.NoError(t, <-second)
}

func TestWithoutTheRightNothingIsDone(t *testing.T) {
	t.Parallel()
	s := unconfirmed(t, time.Minute)
	s.medusa.PutUser(medusatest.User{ID: "user_guest", Forbidden: true})
	for name, c := range map[string]struct {
		credential medusaclient.Credential
		code       Code
	}{
		"a role that does not allow it": {medusaclient.Bearer(s.medusa.Token("user_guest")), Forbidden},
		"a token that is over":          {medusaclient.Bearer(s.medusa.ExpiredToken(medusatest.UserID)), Unauthorized},
		"no token of Medusa's":          {medusaclient.Bearer("none"), Unauthorized},
		"a secret key that is none":     {medusaclient.SecretKey("sk_other"), Unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			s.medusa.ResetCalls()
			w := s.by("k")
			w.Credential = c.credential
			asked := 0
			for _, ask := range []func() (*WriteAnswer, error){
				func() (*WriteAnswer, error) { return s.adjust(t.Context(), w, more("iitem_bd_1g", 1)) },
				func() (*WriteAnswer, error) {
					return s.update(t.Context(), w, `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","stockedQuantity":1}`)
				},
				func() (*WriteAnswer, error) {
					return s.remove(t.Context(), w, `{"inventoryItemId":"iitem_bd_1g","locationId":"sloc_high_up","force":true}`)
				},
				func() (*WriteAnswer, error) {
					return s.batch(t.Context(), w, rows("", row("variant_bd_1g", shopFloor, `"quantity":1`)))
				},
				func() (*WriteAnswer, error) {
					return s.batch(t.Context(), w, rows(`,"dryRun":true`, row("variant_bd_1g", shopFloor, `"quantity":1`)))
				},
			} {
				_, err := ask()
				requireCode(t, c.code, err)
				asked++
			}
			write, _ := s.confirmations()
			require.Len(t, write, asked)
			require.Len(t, s.paths(), asked, "more was asked than for the right")
			require.Empty(t, s.ledger(t))
			_, err := s.Audit(t.Context(), w.Caller, mapping.AuditQuery{Page: firstPage})
			requireCode(t, c.code, err)
		})
	}
}

// A key's answer is shown to nobody whose right has ended.
func TestWithoutTheRightAKeyTellsNothing(t *testing.T) {
	t.Parallel()
	s := stocked(t)
	_, err := s.adjust(t.Context(), s.by("k"), more("iitem_bd_1g", 1))
	require.NoError(t, err)
	ended := s.by("k")
	ended.Credential = medusaclient.Bearer(s.medusa.ExpiredToken(medusatest.UserID))
	_, err = s.adjust(t.Context(), ended, more("iitem_bd_1g", 1))
	requireCode(t, Unauthorized, err)
}

func TestTheAuditNeedsTheRightToReadAlone(t *testing.T) {
	t.Parallel()
	s := unconfirmed(t, time.Minute)
	s.medusa.Fail(levelWrites, medusatest.Answer(http.StatusForbidden, `{"type":"forbidden","message":"Insufficient permissions. Required policies: inventory_level:update"}`))
	for range 2 {
		_, err := s.Audit(t.Context(), s.caller, mapping.AuditQuery{Page: firstPage})
		require.NoError(t, err)
	}
	write, read := s.confirmations()
	require.Empty(t, write)
	require.Len(t, read, 1, "confirmed once")
	require.Len(t, s.paths(), 1)

	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 1))
	requireCode(t, Forbidden, err)
	s.requireStock(t, "iitem_bd_1g", 100)
}

func TestRightsOfTheSameCredentialAreTwo(t *testing.T) {
	t.Parallel()
	s := unconfirmed(t, time.Minute)
	_, err := s.adjust(t.Context(), s.by(""), more("iitem_bd_1g", 1))
	require.NoError(t, err)
	s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Path: "/admin/inventory-items"},
		medusatest.Answer(http.StatusForbidden, `{"type":"forbidden","message":"Forbidden"}`))
	_, err = s.Audit(t.Context(), s.caller, mapping.AuditQuery{Page: firstPage})
	requireCode(t, Forbidden, err)
}
