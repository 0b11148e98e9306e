package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// writesOfLevels is the call by which the right to write stock is tried.
var writesOfLevels = medusatest.Match{Method: http.MethodPost, Path: "/admin/inventory-items/location-levels/batch"}

func forbidden(policy string) medusatest.Failure {
	return medusatest.Answer(http.StatusForbidden, `{"type":"forbidden","message":"Insufficient permissions. Required policies: `+policy+`"}`)
}

// clockApart has Medusa's answers tell another time.
func clockApart(by time.Duration) medusatest.Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
		medusa.ServeHTTP(w, r)
	}
}

func TestCheckSaysThatAllIsWell(t *testing.T) {
	medusa := medusatest.New()
	environment := append(inFrontOf(t, medusa), "DEFAULT_PUBLISHABLE_KEY="+medusatest.PublishableToken("sc_cannahub"),
		"WEBHOOK_SECRET=whsec_c2VjcmV0", "CORS_ORIGINS=*", "RATE_LIMIT=50/s:100")
	before := medusa.Rows()
	code, stdout, stderr := runIn(t, environment, "check")
	require.Zero(t, code, stdout+stderr)
	require.Equal(t, before, medusa.Rows(), "it changes something")
	var said []string
	for line := range strings.Lines(stdout) {
		said = append(said, strings.TrimSpace(line))
	}
	require.Len(t, said, 9, stdout)
	require.Regexp(t, `[1-9][0-9.]* [KMGTP]iB free`, said[8])
	for i, begins := range []string{
		"ok    All settings can be read.", "ok    Medusa answers at http://127.0.0.1:", "ok    The clocks of Medusa and of this machine agree.",
		"ok    Medusa takes the gateway's user admin@cannahub.test.", "ok    It may do everything", "ok    Medusa is 2.21.1 or newer",
		"note  How many processes Medusa runs as", "ok    The default publishable key opens 2 stock locations, through Cannahub", "ok    The database data/gateway.db can be written",
	} {
		assert.True(t, strings.HasPrefix(said[i], begins), "%q does not begin with %q", said[i], begins)
	}
}

// TestCheckExplains plays what can be found, one by one.
func TestCheckExplains(t *testing.T) {
	ended := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	user := medusatest.Match{Method: http.MethodPost, Path: "/auth/user/emailpass"}
	flags := medusatest.Match{Path: "/admin/feature-flags"}
	me := medusatest.Match{Path: "/admin/users/me"}
	for name, c := range map[string]struct {
		happens     func(medusa *medusatest.Server)
		environment []string
		line        string // what is said
		fails       bool
	}{
		"wrong password":     {environment: []string{"MEDUSA_PASSWORD=hush"}, line: "FAIL  Medusa refuses admin@cannahub.test with this password.", fails: true},
		"MFA":                {happens: fail(me, medusatest.Answer(401, `{"message":"MFA verification is required to complete this request"}`)), line: "FAIL  Medusa wants a second factor (MFA) of admin@cannahub.test", fails: true},
		"token not taken":    {happens: fail(me, medusatest.Answer(401, `{"message":"Unauthorized"}`)), line: "FAIL  Medusa signs admin@cannahub.test in, but then refuses the token: 401 Unauthorized.", fails: true},
		"login breaks":       {happens: fail(user, medusatest.HTML()), line: "FAIL  Medusa at http://127.0.0.1:", fails: true},
		"secret key":         {environment: secretKey(medusatest.SecretKey), line: "warn  Medusa takes the secret API key. It costs Medusa some 40 ms"},
		"secret key revoked": {environment: secretKey("sk_hush"), line: "FAIL  Medusa refuses the secret API key: 401 Unauthorized.", fails: true},
		"secret key, roles":  {happens: fail(flags, medusatest.Answer(200, `{"feature_flags":{"rbac":true}}`)), environment: secretKey(medusatest.SecretKey), line: "FAIL  Medusa has roles, and refuses every secret API key.", fails: true},
		"no role": {happens: func(m *medusatest.Server) {
			m.PutUser(medusatest.User{ID: medusatest.UserID, Email: medusatest.Email, Password: medusatest.Password, Forbidden: true})
		}, line: "FAIL  Medusa has roles, and admin@cannahub.test has none that allows anything", fails: true},
		"no right to write":               {happens: fail(writesOfLevels, forbidden("inventory_item:*")), line: "FAIL  Medusa does not let it write stock (inventory_item:*)", fails: true},
		"no right to reserve":             {happens: fail(medusatest.Match{Method: http.MethodPost, Path: "/admin/reservations"}, forbidden("reservation_item:create")), line: "FAIL  Medusa does not let it make reservations (reservation_item:create)", fails: true},
		"no right to keys":                {happens: fail(medusatest.Match{Path: "/admin/api-keys"}, forbidden("api_key:read")), line: "FAIL  Medusa does not let it read API keys (api_key:read)", fails: true},
		"older":                           {happens: fail(medusatest.Match{Path: "/store/search"}, medusatest.Absent()), line: "warn  Medusa is 2.20.0 or newer but older than 2.21.1"},
		"older, with a search of its own": {happens: fail(medusatest.Match{Path: "/admin/layouts/**"}, medusatest.Absent()), line: "warn  Medusa is 2.16.0 or newer but older than 2.17.2"},
		"no publishable key":              {happens: fail(medusatest.Match{Path: "/admin/api-keys"}, medusatest.Answer(200, `{"api_keys":[],"count":0,"offset":0,"limit":1}`)), line: "note  Medusa is 2.20.0 or newer, as its routes show: it does not tell its version. Whether it is 2.21.1 could not be asked"},
		"breaks at the last right": {happens: func(m *medusatest.Server) {
			m.Fail(writesOfLevels, forbidden("inventory_item:*"))
			m.Fail(medusatest.Match{Method: http.MethodPost, Path: "/admin/stock-locations/**"}, medusatest.Answer(500, `{"message":"boom"}`))
		}, line: "FAIL  Medusa does not let it write stock (inventory_item:*)", fails: true},
		"much older": {happens: func(m *medusatest.Server) {
			for _, path := range []string{"/store/search", "/admin/users/me/auth-providers", "/admin/layouts/**", "/admin/product-options", "/auth/mfa/**", "/admin/feature-flags"} {
				m.Fail(medusatest.Match{Path: path}, medusatest.Absent())
			}
		}, line: "warn  Medusa is older than 2.10.0"},
		"maybe newer":        {happens: fail(flags, medusatest.Answer(200, `{"feature_flags":{"rbac":false,"warp":true,"beam":true}}`)), line: "warn  Medusa has feature flags (beam, warp) that 2.21.2"},
		"clock a bit ahead":  {happens: fail(medusatest.Match{}, clockApart(10*time.Second)), line: "warn  Medusa's clock is "},
		"clock far behind":   {happens: fail(medusatest.Match{}, clockApart(-time.Minute)), line: "FAIL  Medusa's clock is ", fails: true},
		"far away":           {happens: func(m *medusatest.Server) { m.SetLatency(slowEnough) }, line: "warn  Medusa at http://127.0.0.1:"},
		"no Medusa":          {happens: fail(medusatest.Match{}, medusatest.HTML()), line: "FAIL  Something answers at http://127.0.0.1:", fails: true},
		"only its proxy":     {happens: fail(medusatest.Match{}, medusatest.Answer(502, `<h1>Bad Gateway</h1>`)), line: "FAIL  Something in front of Medusa answers at http://127.0.0.1:", fails: true},
		"hangs":              {happens: fail(medusatest.Match{}, medusatest.Hang()), environment: []string{"MEDUSA_TIMEOUT=200ms"}, line: "does not answer in time (MEDUSA_TIMEOUT).", fails: true},
		"stopped":            {happens: (*medusatest.Server).Close, line: "FAIL  Nothing listens at http://127.0.0.1:", fails: true},
		"no such host":       {environment: []string{"MEDUSA_URL=http://medusa.invalid"}, line: "FAIL  The host of http://medusa.invalid is not known by that name.", fails: true},
		"key unknown":        {environment: []string{"DEFAULT_PUBLISHABLE_KEY=pk_nope"}, line: "FAIL  Medusa does not know the default publishable key", fails: true},
		"key revoked":        {happens: put(medusatest.PublishableKey{ID: "apk_1", Token: "pk_ended", SalesChannelIDs: []string{"sc_cannahub"}, RevokedAt: &ended}), environment: []string{"DEFAULT_PUBLISHABLE_KEY=pk_ended"}, line: "FAIL  The default publishable key is revoked", fails: true},
		"key of no channel":  {happens: put(medusatest.PublishableKey{ID: "apk_1", Token: "pk_bare"}), environment: []string{"DEFAULT_PUBLISHABLE_KEY=pk_bare"}, line: "warn  The default publishable key has no sales channel"},
		"no hooks":           {line: "note  WEBHOOK_SECRET is not set"},
		"no pages":           {line: "note  CORS_ORIGINS is not set"},
		"no limit":           {line: "note  RATE_LIMIT is off"},
		"no database":        {environment: []string{"STATE_DSN=sqlite:/proc/none/gateway.db"}, line: "FAIL  The database cannot be used: ", fails: true},
		"in Spanish":         {environment: []string{"LANG=es_AR.UTF-8", "MEDUSA_PASSWORD=hush"}, line: "FAIL  Medusa rechaza a admin@cannahub.test con esta contraseña.", fails: true},
		"in German":          {environment: []string{"LC_ALL=de_DE@euro", "LANG=es_AR"}, line: "ok    Die Uhren von Medusa und dieser Maschine stimmen überein."},
		"in the first of it": {environment: []string{"LANGUAGE=fr:de:en"}, line: "ok    Alle Einstellungen lassen sich lesen."},
	} {
		t.Run(name, func(t *testing.T) {
			medusa := medusatest.New()
			environment := append(inFrontOf(t, medusa), c.environment...)
			if strings.HasPrefix(strings.Join(c.environment, ""), "MEDUSA_SECRET_KEY") {
				environment = append([]string{environment[0]}, c.environment...)
			}
			if c.happens != nil {
				c.happens(medusa)
			}
			code, stdout, stderr := runIn(t, environment, "check")
			assert.Contains(t, stdout, c.line, stderr)
			assert.Equal(t, c.fails, code == 1, "it ends with %d: %s", code, stdout)
			assert.NotContains(t, stdout+stderr, "hush", "a secret is shown")
			assert.NotContains(t, stdout, "%!", "an argument is missing")
		})
	}
}

// slowEnough is how far away a Medusa is that everybody notices.
const slowEnough = 400 * time.Millisecond

func fail(match medusatest.Match, failure medusatest.Failure) func(*medusatest.Server) {
	return func(medusa *medusatest.Server) { medusa.Fail(match, failure) }
}

func put(key medusatest.PublishableKey) func(*medusatest.Server) {
	return func(medusa *medusatest.Server) { medusa.Put(key) }
}

func secretKey(key string) []string { return []string{"MEDUSA_SECRET_KEY=" + key} }

func TestCheckSaysWhyThereIsNoSecureConnection(t *testing.T) {
	self := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(self.Close)
	plain := inFrontOf(t, medusatest.New())
	for name, address := range map[string]string{"a certificate of nobody": self.URL, "no TLS at all": "https" + strings.TrimPrefix(plain[0], "MEDUSA_URL=http")} {
		code, stdout, _ := runIn(t, append(plain, "MEDUSA_URL="+address), "check")
		assert.Equal(t, 1, code, name)
		assert.Contains(t, stdout, "FAIL  No secure connection (TLS) with "+address, name)
	}
}

func TestCheckWarnsOfADiskThatIsNearlyFull(t *testing.T) {
	require.Empty(t, roomFinding(littleRoom))
	require.Equal(t, []bff.Finding{bff.Found(bff.Dubious, "database.full", "511 MiB")}, roomFinding(511<<20))
}

func TestTheLanguageOfTheTerminal(t *testing.T) {
	for _, c := range []struct {
		environment []string
		want        mapping.Language
	}{
		{nil, mapping.English},
		{[]string{"LANG=C.UTF-8"}, mapping.English},
		{[]string{"LANG=de_AT.UTF-8"}, mapping.German},
		{[]string{"LC_MESSAGES=es_ES", "LANG=de_AT"}, mapping.Spanish},
		{[]string{"LC_ALL=POSIX", "LANG=de_AT"}, mapping.English},
		{[]string{"LANGUAGE=", "LANG=es"}, mapping.Spanish},
		{[]string{"LANGUAGE=de:en", "LC_ALL=es_AR"}, mapping.German},
		{[]string{"LANG=fr_FR"}, mapping.English},
	} {
		require.Equal(t, c.want, operatorLanguage(c.environment), "%v", c.environment)
	}
}

func TestTheDemoSpeaksTheLanguageOfTheTerminal(t *testing.T) {
	listening := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}
	require.Contains(t, demoText(listening, "token", "key", mapping.Spanish), "El gateway de Cannahub corre en http://127.0.0.1:8080")
	require.Contains(t, demoText(listening, "token", "key", mapping.German), "Drei Anfragen zum Ausprobieren:")
}
