package medusatest

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// The account and the secret key that every new Server knows.
const (
	Email     = "admin@cannahub.test"
	Password  = "supersecret"
	UserID    = "user_admin"
	SecretKey = "sk_0000000000000000000000000000000000000000000000000000000000000000"
)

const (
	secretKeyID = "apk_gateway"
	jwtSecret   = "supersecret-of-the-in-memory-medusa"
	tokenLife   = 24 * time.Hour
)

// User is an admin user.
type User struct {
	ID, Email, Password string
	// Forbidden is set for a user whose roles allow nothing: every guarded
	// route refuses it with 403.
	Forbidden bool
}

// accounts are who may ask, and for how long a token serves.
type accounts struct {
	mu        sync.RWMutex
	users     map[string]User
	tokenLife time.Duration
}

func newAccounts() *accounts {
	a := &accounts{}
	a.reset()
	return a
}

func (a *accounts) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users = map[string]User{UserID: {ID: UserID, Email: Email, Password: Password}}
	a.tokenLife = tokenLife
}

// PutUser adds a user, or replaces the one with its id.
func (s *Server) PutUser(user User) {
	s.accounts.mu.Lock()
	defer s.accounts.mu.Unlock()
	s.accounts.users[user.ID] = user
}

// SetTokenLife sets how long tokens issued from now on serve; whole seconds.
func (s *Server) SetTokenLife(d time.Duration) {
	s.accounts.mu.Lock()
	defer s.accounts.mu.Unlock()
	s.accounts.tokenLife = d
}

// Token returns a token of the user, as a login would give it.
func (s *Server) Token(userID string) string {
	s.accounts.mu.RLock()
	defer s.accounts.mu.RUnlock()
	return signToken(userID, time.Now(), s.accounts.tokenLife)
}

// ExpiredToken returns a token of the user that ended a minute ago.
func (s *Server) ExpiredToken(userID string) string {
	return signToken(userID, time.Now().Add(-time.Hour), time.Hour-time.Minute)
}

type claims struct {
	ActorID                 string            `json:"actor_id"`
	ActorType               string            `json:"actor_type"`
	AuthIdentityID          string            `json:"auth_identity_id"`
	AuthProvider            string            `json:"auth_provider"`
	MFAEnabled              bool              `json:"mfa_enabled"`
	MFAChallengeCompletedAt *string           `json:"mfa_challenge_completed_at"`
	AppMetadata             map[string]string `json:"app_metadata"`
	UserMetadata            map[string]string `json:"user_metadata"`
	IssuedAt                int64             `json:"iat"`
	Expires                 int64             `json:"exp"`
}

func signToken(userID string, now time.Time, life time.Duration) string {
	payload, err := json.Marshal(claims{
		ActorID: userID, ActorType: "user",
		AuthIdentityID: "authid_" + strings.TrimPrefix(userID, "user_"), AuthProvider: "emailpass",
		AppMetadata: map[string]string{"user_id": userID}, UserMetadata: map[string]string{},
		IssuedAt: now.Unix(), Expires: now.Add(life).Unix(),
	})
	if err != nil {
		panic(err) // claims hold nothing that JSON cannot
	}
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	signed := head + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature(signed))
}

func signature(signed string) []byte {
	mac := hmac.New(sha256.New, []byte(jwtSecret))
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}

// verifyToken returns the claims of a token that is good now.
func verifyToken(token string) (claims, bool) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, false
	}
	var head struct {
		Alg string `json:"alg"`
	}
	if !decodePart(parts[0], &head) || head.Alg != "HS256" {
		return c, false
	}
	got, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(got, signature(parts[0]+"."+parts[1])) {
		return c, false
	}
	if !decodePart(parts[1], &c) || time.Now().Unix() >= c.Expires || c.ActorType != "user" {
		return c, false
	}
	return c, true
}

func decodePart(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}

const secretKeyAsBearer = "A secret API key was passed as a Bearer token. Secret API keys must be sent using HTTP Basic authentication instead (Authorization: Basic <secret-api-key>)."

var schemeAndToken = regexp.MustCompile(`(\S+)\s+(\S+)`)

// caller is who asks: a user, or the secret key.
type caller struct {
	id        string
	user      bool
	forbidden bool
}

// authenticate returns the caller of an admin request, or the sentence with
// which Medusa refuses it.
func (s *Server) authenticate(r *http.Request) (caller, string) {
	header := r.Header.Get("Authorization")
	if isSecretKey(header) {
		return caller{id: secretKeyID}, ""
	}
	if c, ok := bearer(header); ok {
		s.accounts.mu.RLock()
		defer s.accounts.mu.RUnlock()
		return caller{id: c.ActorID, user: true, forbidden: s.accounts.users[c.ActorID].Forbidden}, ""
	}
	scheme, token, _ := strings.Cut(header, " ")
	if strings.EqualFold(scheme, "bearer") && strings.HasPrefix(token, "sk_") {
		return caller{}, secretKeyAsBearer
	}
	return caller{}, "Unauthorized"
}

func bearer(header string) (claims, bool) {
	found := schemeAndToken.FindStringSubmatch(header)
	if found == nil || !strings.EqualFold(found[1], "bearer") {
		return claims{}, false
	}
	return verifyToken(found[2])
}

// isSecretKey tells whether the header carries the secret key, plain or in
// base64, with or without the colon of an empty password.
func isSecretKey(header string) bool {
	scheme, rest, _ := strings.Cut(header, " ")
	token, _, _ := strings.Cut(rest, " ")
	if !strings.EqualFold(scheme, "basic") || token == "" {
		return false
	}
	if !strings.HasPrefix(token, "sk_") {
		decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(token, "="))
		if err != nil {
			return false
		}
		token = string(decoded)
	}
	return strings.TrimSuffix(token, ":") == SecretKey
}

// login is POST /auth/user/emailpass.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	body, _ := bodyOf(r).(map[string]any)
	password, isText := body["password"].(string)
	if !isText {
		refuseLogin(w, r, "Password should be a string")
		return
	}
	email, isText := body["email"].(string)
	if !isText {
		refuseLogin(w, r, "Email should be a string")
		return
	}
	s.accounts.mu.RLock()
	defer s.accounts.mu.RUnlock()
	for _, user := range s.accounts.users {
		if strings.EqualFold(user.Email, email) && user.Password == password {
			writeJSON(w, r, http.StatusOK, map[string]string{"token": signToken(user.ID, time.Now(), s.accounts.tokenLife)})
			return
		}
	}
	refuseLogin(w, r, "Invalid email or password")
}

func refuseLogin(w http.ResponseWriter, r *http.Request, message string) {
	writeJSON(w, r, http.StatusUnauthorized, problem{Type: "unauthorized", Message: message})
}

// refresh is POST /auth/token/refresh.
func (s *Server) refresh(w http.ResponseWriter, r *http.Request) {
	c, ok := bearer(r.Header.Get("Authorization"))
	if !ok {
		writeJSON(w, r, http.StatusUnauthorized, problem{Message: "Unauthorized"})
		return
	}
	writeJSON(w, r, http.StatusOK, map[string]string{"token": s.Token(c.ActorID)})
}

// me is GET /admin/users/me.
func (s *Server) me(w http.ResponseWriter, r *http.Request, who caller) {
	s.accounts.mu.RLock()
	user, known := s.accounts.users[who.id]
	s.accounts.mu.RUnlock()
	if !known {
		writeJSON(w, r, http.StatusNotFound, problem{Type: "not_found", Message: "User with id: " + who.id + " was not found"})
		return
	}
	writeJSON(w, r, http.StatusOK, map[string]any{"user": shownUser(user)})
}

// listUsers is GET /admin/users, of which a page has all.
func (s *Server) listUsers(w http.ResponseWriter, r *http.Request, _ caller) {
	s.accounts.mu.RLock()
	users := slices.SortedFunc(maps.Values(s.accounts.users), func(a, b User) int { return cmp.Compare(a.ID, b.ID) })
	s.accounts.mu.RUnlock()
	shown := make([]map[string]any, len(users))
	for i, user := range users {
		shown[i] = shownUser(user)
	}
	writeJSON(w, r, http.StatusOK, map[string]any{"users": shown, "count": len(shown), "offset": 0, "limit": len(shown)})
}

func shownUser(user User) map[string]any {
	return map[string]any{
		"id": user.ID, "first_name": nil, "last_name": nil, "email": user.Email, "avatar_url": nil, "metadata": nil,
		"created_at": stamp(catalogueTime), "updated_at": stamp(catalogueTime), "deleted_at": nil,
	}
}
