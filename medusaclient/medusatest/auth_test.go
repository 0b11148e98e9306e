package medusatest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func post(s *Server, path, contentType, body, authorization string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func tokenOf(t *testing.T, answer *httptest.ResponseRecorder) string {
	t.Helper()
	require.Equal(t, http.StatusOK, answer.Code, answer.Body)
	var body struct {
		Token string `json:"token"`
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &body))
	return body.Token
}

func TestLoginAndRefresh(t *testing.T) {
	s := New()
	s.SetTokenLife(20 * time.Second)
	credentials := `{"email":"` + Email + `","password":"` + Password + `"}`
	token := tokenOf(t, post(s, "/auth/user/emailpass", "application/json", credentials, ""))

	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(payload, &claims))
	assert.Equal(t, UserID, claims["actor_id"])
	assert.Equal(t, "user", claims["actor_type"])
	assert.Equal(t, map[string]any{"user_id": UserID}, claims["app_metadata"])
	assert.Equal(t, 20, int(claims["exp"].(float64)-claims["iat"].(float64)))

	refreshed := tokenOf(t, post(s, "/auth/token/refresh", "", "", "Bearer "+token))
	assert.Equal(t, http.StatusOK, ask(s, http.MethodGet, "/admin/users/me", "Bearer "+refreshed).Code)
	expired := post(s, "/auth/token/refresh", "", "", "Bearer "+s.ExpiredToken(UserID))
	assert.Equal(t, http.StatusUnauthorized, expired.Code)
	assert.JSONEq(t, `{"message":"Unauthorized"}`, expired.Body.String())
}

func TestLoginRefusals(t *testing.T) {
	s := New()
	for name, each := range map[string]struct{ contentType, body, message string }{
		"wrong password":          {"application/json", `{"email":"` + Email + `","password":"x"}`, "Invalid email or password"},
		"no password":             {"application/json", `{"email":"x"}`, "Password should be a string"},
		"body not declared JSON":  {"", `{"email":"` + Email + `","password":"` + Password + `"}`, "Password should be a string"},
		"e-mail that is a number": {"application/json", `{"email":1,"password":"x"}`, "Email should be a string"},
	} {
		answer := post(s, "/auth/user/emailpass", each.contentType, each.body, "")
		assert.Equal(t, http.StatusUnauthorized, answer.Code, name)
		assert.JSONEq(t, `{"type":"unauthorized","message":"`+each.message+`"}`, answer.Body.String(), name)
	}
}

func TestCredentials(t *testing.T) {
	s := New()
	token := s.Token(UserID)
	inBase64 := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for header, wanted := range map[string]int{
		"Bearer " + token:                                 200,
		"bearer " + token:                                 200,
		"Bearer  " + token:                                200,
		"Basic " + SecretKey:                              200,
		"basic " + SecretKey:                              200,
		"Basic " + inBase64(SecretKey):                    200,
		"Basic " + inBase64(SecretKey+":"):                200,
		"Basic " + inBase64(SecretKey+":x"):               401,
		"Basic sk_other":                                  401,
		"Bearer " + SecretKey:                             401,
		"Bearer " + s.ExpiredToken(UserID):                401,
		"Bearer " + token[:len(token)-3] + "AAA":          401,
		"Bearer garbage":                                  401,
		"Bearer " + strings.Join([]string{"a", "b"}, "."): 401,
		token:     401,
		SecretKey: 401,
		"":        401,
	} {
		answer := ask(s, http.MethodGet, "/admin/stores", header)
		assert.Equal(t, wanted, answer.Code, "Authorization: %s", header)
		if wanted == http.StatusUnauthorized && header != "Bearer "+SecretKey {
			assert.JSONEq(t, `{"message":"Unauthorized"}`, answer.Body.String(), "Authorization: %s", header)
		}
	}
}

func TestTokenWithoutSignatureIsRefused(t *testing.T) {
	s := New()
	parts := strings.Split(s.Token(UserID), ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	assert.Equal(t, http.StatusUnauthorized, ask(s, http.MethodGet, "/admin/stores", "Bearer "+none).Code)
}

func TestForbiddenUser(t *testing.T) {
	s := New()
	s.PutUser(User{ID: "user_nada", Email: "nada@cannahub.test", Forbidden: true})
	answer := ask(s, http.MethodGet, "/admin/products", "Bearer "+s.Token("user_nada"))
	assert.Equal(t, http.StatusForbidden, answer.Code)
	assert.JSONEq(t, `{"type":"forbidden","message":"Forbidden"}`, answer.Body.String())
}

func TestAuthComesBeforeRouting(t *testing.T) {
	s := New()
	assert.Equal(t, http.StatusUnauthorized, ask(s, http.MethodGet, "/admin/nope", "").Code)
	known := ask(s, http.MethodGet, "/admin/nope", "Bearer "+s.Token(UserID))
	assert.Equal(t, http.StatusNotFound, known.Code)
	assert.Contains(t, known.Body.String(), "<pre>Cannot GET /admin/nope</pre>")
	broken := post(s, "/admin/inventory-items", "application/json", `{"a":`, "")
	assert.Equal(t, http.StatusBadRequest, broken.Code, "bodies are read before anybody is asked who they are")
}

func TestSecretKeyIsNoUser(t *testing.T) {
	answer := ask(New(), http.MethodGet, "/admin/users/me", "Basic "+SecretKey)
	assert.Equal(t, http.StatusNotFound, answer.Code)
	assert.Contains(t, answer.Body.String(), "User with id: apk_")
}
