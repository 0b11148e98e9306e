package main

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/testdata/medusa"
)

func TestRealMedusaIsExplained(t *testing.T) {
	m := medusa.Start(t)
	environment := append(inFrontOfReal(m, m.URL), "DEFAULT_PUBLISHABLE_KEY="+m.PublishableKey)
	shop := straight{m.URL, m.Token(t)}
	all := func() [2]string {
		return [2]string{
			string(shop.must(t, http.MethodGet, "/admin/reservations?limit=1000", nil)),
			string(shop.must(t, http.MethodGet, "/admin/stock-locations?limit=1000&fields=*sales_channels", nil)),
		}
	}
	before := all()
	code, stdout, stderr := runIn(t, environment, "check")
	require.Zero(t, code, stdout+stderr)
	for _, line := range []string{
		"ok    Medusa answers at " + m.URL, "ok    The clocks", "ok    Medusa takes the gateway's user " + m.Email, "ok    It may do everything",
		"ok    Medusa is 2.21.1 or newer", "ok    The default publishable key opens 2 stock locations", "ok    The database",
	} {
		assert.Contains(t, stdout, line)
	}
	require.NotRegexp(t, `(?m)^warn  Medusa (takes|is)`, stdout)
	require.Equal(t, before, all(), "it changes something")

	code, stdout, _ = runIn(t, append(environment, "MEDUSA_PASSWORD=hush"), "check")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "FAIL  Medusa refuses "+m.Email+" with this password.")

	code, stdout, _ = runIn(t, []string{"MEDUSA_URL=" + m.URL, "MEDUSA_SECRET_KEY=" + m.SecretKey}, "check")
	require.Zero(t, code)
	require.Contains(t, stdout, "warn  Medusa takes the secret API key.")
	require.Contains(t, stdout, "ok    It may do everything")

	code, stdout, _ = runIn(t, []string{"MEDUSA_URL=" + m.URL, "MEDUSA_SECRET_KEY=sk_none"}, "check")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "FAIL  Medusa refuses the secret API key")
}

func TestRealMedusaStoppedIsExplained(t *testing.T) {
	m := medusa.Start(t)
	t.Cleanup(func() { m.Reset(t) })
	m.Stop(t)
	code, stdout, _ := runIn(t, inFrontOfReal(m, m.URL), "check")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "FAIL  Nothing listens at "+m.URL)
}

func TestRealMedusaOfAnotherTimeIsExplained(t *testing.T) {
	m := medusa.Start(t)
	shifted := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var answer reply
		if err == nil {
			answer, err = passOn(r, body, m.URL)
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		answer.header.Set("Date", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat))
		answer.give(w)
	}))
	t.Cleanup(shifted.Close)
	_, stdout, _ := runIn(t, inFrontOfReal(m, shifted.URL), "check")
	require.Regexp(t, `FAIL  Medusa's clock is (5[0-9]s|1m0s) or more behind this machine's`, stdout)
}

// TestRealMedusaWithRoles gives the gateway's user a role of exactly the policies that
// the README names: it is enough, and each of them is missed.
func TestRealMedusaWithRoles(t *testing.T) {
	m := medusa.Start(t)
	t.Cleanup(func() { m.Reset(t) })
	m.UseRoles(t)
	admin := straight{m.URL, m.Token(t)}
	policies := policiesOfTheReadme(t)
	ids := admin.policies(t, policies)
	role := admin.made(t, "role", "/admin/rbac/roles", map[string]any{"name": "Gateway", "policy_ids": slices.Collect(maps.Values(ids))})
	user := admin.invite(t, "shop@cannahub.test", "supersecret", role)
	environment := []string{"MEDUSA_URL=" + m.URL, "MEDUSA_EMAIL=shop@cannahub.test", "MEDUSA_PASSWORD=supersecret"}

	code, stdout, stderr := runIn(t, environment, "check")
	require.Zero(t, code, stdout+stderr)
	require.Contains(t, stdout, "ok    It may do everything")
	useEveryPolicy(t, &realShop{program: launch(t, nil, environment...), straight: admin, medusa: m})

	for name, id := range ids {
		admin.must(t, http.MethodDelete, "/admin/rbac/roles/"+role+"/policies/"+id, nil)
		code, stdout, _ := runIn(t, environment, "check")
		assert.Equal(t, 1, code, "without %s: %s", name, stdout)
		assert.Regexp(t, `(?m)^FAIL  Medusa does not let it .*\(`+regexp.QuoteMeta(name)+`\)`, stdout)
		admin.must(t, http.MethodPost, "/admin/rbac/roles/"+role+"/policies", map[string]any{"policies": []string{id}})
	}

	admin.must(t, http.MethodDelete, "/admin/rbac/roles/"+role+"/users", map[string]any{"users": []string{user}})
	code, stdout, _ = runIn(t, environment, "check")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "FAIL  Medusa has roles, and shop@cannahub.test has none that allows anything: give it one with "+strings.Join(policies, ", "))

	code, stdout, _ = runIn(t, []string{"MEDUSA_URL=" + m.URL, "MEDUSA_SECRET_KEY=" + m.SecretKey}, "check")
	require.Equal(t, 1, code)
	require.Contains(t, stdout, "FAIL  Medusa has roles, and refuses every secret API key.")
}

// useEveryPolicy has the gateway's own user do what it has policies for.
func useEveryPolicy(t *testing.T, s *realShop) {
	t.Helper()
	require.Equal(t, http.StatusOK, s.get(t, "", "/readyz").status, "it reads the store")
	changed := s.send(t, http.MethodPost, s.token, "/api/inventory/adjustments",
		`{"variantId":"variant_bd_7g","locationId":"sloc_high_up","adjustment":1,"reason":"received"}`)
	require.Equal(t, http.StatusOK, changed.status, changed.text)

	who := shopper{s.program, s.medusa.PublishableKey}
	cart := who.cart(t)
	held := func() string {
		answer := s.get(t, s.token, "/api/reservations?cartId="+strings.TrimPrefix(cart, "/store/carts/"))
		require.Equal(t, http.StatusOK, answer.status, answer.text)
		return gjson.Get(answer.text, "reservations.#.quantity").Raw
	}
	line := who.must(t, http.MethodPost, cart+"/line-items", toAdd("variant_bd_7g", 1), "cart.items.0.id")
	require.Equal(t, "[1]", held(), "a cart holds")
	who.must(t, http.MethodPost, cart+"/line-items/"+line, `{"quantity":2}`, "cart.id")
	require.Equal(t, "[2]", held(), "its hold follows it")
	who.must(t, http.MethodDelete, cart+"/line-items/"+line, "", "parent.id")
	require.Equal(t, "[]", held(), "and ends with it")

	for _, want := range []int{http.StatusCreated, http.StatusConflict} {
		answer := s.send(t, http.MethodPost, s.token, "/api/stock-locations/setup", setupOf("Once", true, false))
		require.Equal(t, want, answer.status, answer.text)
		require.Equal(t, want == http.StatusConflict, gjson.Get(answer.text, "rollback.complete").Bool(), "what was made is removed: %s", answer.text)
	}
}

// policiesOfTheReadme are those that the gateway's user needs.
func policiesOfTheReadme(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	var policies []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+:[a-z*]+)` \\|").FindAllStringSubmatch(string(readme), -1) {
		policies = append(policies, row[1])
	}
	require.NotEmpty(t, policies)
	return policies
}

// policies are the ids of policies by their names.
func (m straight) policies(t *testing.T, names []string) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, policy := range gjson.GetBytes(m.must(t, http.MethodGet, "/admin/rbac/policies?limit=1000", nil), "policies").Array() {
		if name := policy.Get("key").String(); slices.Contains(names, name) {
			ids[name] = policy.Get("id").String()
		}
	}
	require.Len(t, ids, len(names))
	return ids
}

// invite makes a user with a role and returns the user's id.
func (m straight) invite(t *testing.T, email, password, role string) string {
	t.Helper()
	invitation := m.must(t, http.MethodPost, "/admin/invites", map[string]any{"email": email, "roles": []string{role}})
	registered := straight{address: m.address}.must(t, http.MethodPost, "/auth/user/emailpass/register", map[string]any{"email": email, "password": password})
	guest := straight{m.address, gjson.GetBytes(registered, "token").String()}
	return guest.made(t, "user", "/admin/invites/accept?token="+gjson.GetBytes(invitation, "invite.token").String(), map[string]any{"email": email})
}
