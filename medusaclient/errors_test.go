package medusaclient

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The files in testdata/recorded hold refusals of a real Medusa 2.21.2.
func TestRefusalsAsRecorded(t *testing.T) {
	want := map[string]Error{
		"400-batch-validation":             {Status: 400, Type: "invalid_data", Message: "Invalid request: Value for field 'update, 1, stocked_quantity' too small, expected at least: '0'"},
		"400-malformed-json":               {Status: 400, Type: "invalid_data", Message: "Unexpected end of JSON input"},
		"400-query-limit-type":             {Status: 400, Type: "invalid_data", Message: "Invalid request: Expected type: 'number' for field 'limit', got: 'abc'"},
		"400-store-cart-bad-sales-channel": {Status: 400, Message: "Sales channel ID in payload sc_nope is not associated with the Publishable API Key in the header."},
		"400-store-insufficient-inventory": {Status: 400, Type: "not_allowed", Code: "insufficient_inventory", Message: "Some variant does not have the required inventory"},
		"400-unknown-query-param":          {Status: 400, Type: "invalid_data", Message: "Invalid request: Unrecognized fields: 'foo'"},
		"401-admin-no-token":               {Status: 401, Message: "Unauthorized"},
		"401-login-bad-password":           {Status: 401, Type: "unauthorized", Message: "Invalid email or password"},
		"401-secret-key-as-bearer":         {Status: 401, Message: "A secret API key was passed as a Bearer token. Secret API keys must be sent using HTTP Basic authentication instead (Authorization: Basic <secret-api-key>)."},
		"403-rbac-insufficient":            {Status: 403, Type: "forbidden", Message: "Insufficient permissions. Required policies: stock_location:create"},
		"403-rbac-secret-key":              {Status: 403, Type: "forbidden", Message: "Forbidden"},
		"404-inventory-item":               {Status: 404, Type: "not_found", Message: "Inventory item with id: iitem_nope was not found"},
		"404-product":                      {Status: 404, Type: "not_found", Message: "Product not found"},
		"404-stock-location":               {Status: 404, Type: "not_found", Message: "Stock location with id: sloc_nope was not found"},
		"404-unknown-route-html":           {Status: 404, Message: "Not Found", Foreign: true},
		"413-body-too-large":               {Status: 413, Type: "unknown_error", Message: "request entity too large"},
		"500-unknown":                      {Status: 500, Type: "unknown_error", Code: "unknown_error", Message: "An unknown error occurred."},
	}
	files, err := filepath.Glob("testdata/recorded/error-*.json")
	require.NoError(t, err)
	require.Len(t, files, len(want), "each recorded refusal is expected here")
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "error-"), ".json")
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			var recorded struct {
				Status   int             `json:"status"`
				Response json.RawMessage `json:"response"`
			}
			require.NoError(t, json.Unmarshal(content, &recorded))
			body := []byte(recorded.Response)
			var page string
			if json.Unmarshal(body, &page) == nil {
				body = []byte(page)
			}
			require.Contains(t, want, name)
			expected := want[name]
			expected.Endpoint = "GET /x"
			assert.Equal(t, &expected, refusal("GET /x", recorded.Status, body))
		})
	}
}

func TestRefusalsWithoutMedusasWords(t *testing.T) {
	for name, body := range map[string]string{
		"nothing, as for an over-long request": "",
		"blanks":                               " \n",
		"half of it":                           `{"type":"invalid_data","mess`,
		"not an object":                        `["no"]`,
		"words of another type":                `{"message":{"text":"no"}}`,
		"a proxy's page":                       "<html><body>Bad Gateway</body></html>",
		"null":                                 "null",
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, &Error{Endpoint: "GET /x", Status: 431, Message: "Request Header Fields Too Large", Foreign: true},
				refusal("GET /x", http.StatusRequestHeaderFieldsTooLarge, []byte(body)))
		})
	}
}

func TestLongRefusalsAreCut(t *testing.T) {
	for _, letter := range []string{"a", "ñ", "🎁"} {
		body, err := json.Marshal(map[string]string{"type": "not_found", "message": "x" + strings.Repeat(letter, 100_000)})
		require.NoError(t, err)
		message := refusal("GET /x", 404, body).Message
		assert.LessOrEqual(t, len(message), maxMessage+len("…"))
		assert.Greater(t, len(message), maxMessage-utf8.UTFMax)
		assert.True(t, strings.HasSuffix(message, "…"))
		assert.True(t, utf8.ValidString(message), "cut between letters")
		assert.NotContains(t, message, "\uFFFD")
	}
	assert.Equal(t, "a; b", refusal("GET /x", 400, []byte(`{"errors":["a","b"],"message":"no"}`)).Message)
}

func TestErrorsSayWhatFailed(t *testing.T) {
	refused := &Error{Endpoint: "GET /admin/stores", Status: 404, Type: "not_found", Message: "no"}
	assert.Equal(t, "medusa: GET /admin/stores: 404 not_found no", refused.Error())
	outage := &OutageError{Endpoint: "GET /admin/stores", Reason: TooSlow, Err: os.ErrDeadlineExceeded}
	assert.Equal(t, "medusa: GET /admin/stores: too slow: i/o timeout", outage.Error())
	require.ErrorIs(t, outage, os.ErrDeadlineExceeded)
	assert.ErrorIs(t, &AccountError{Err: refused}, error(refused))
}

// TestNotDone: what may have happened must not be taken for what has not.
func TestNotDone(t *testing.T) {
	medusas := func(status int) error { return &Error{Status: status, Type: "invalid_data", Message: "no"} }
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"no error":                        {nil, false},
		"any error":                       {os.ErrInvalid, false},
		"a caller who left":               {context.Canceled, false},
		"a time that is over":             {context.DeadlineExceeded, false},
		"too long":                        {ErrTooLong, true},
		"a refusal":                       {medusas(400), true},
		"no right":                        {medusas(401), true},
		"not found":                       {medusas(404), true},
		"a conflict":                      {medusas(409), true},
		"a refusal within another error":  {fmt.Errorf("making a zone: %w", medusas(400)), true},
		"a refusal of the own account":    {&AccountError{Err: medusas(401)}, true},
		"a time that is over for Medusa":  {medusas(408), false},
		"a fault of Medusa's":             {medusas(500), false},
		"a bad gateway":                   {medusas(502), false},
		"a proxy's refusal":               {&Error{Status: 413, Foreign: true}, false},
		"a page":                          {&Error{Status: 404, Foreign: true}, false},
		"never sent":                      {&OutageError{Reason: Unreachable, Err: os.ErrInvalid, unsent: true}, true},
		"never sent, the breaker is open": {&OutageError{Reason: Closed, Err: os.ErrInvalid, unsent: true}, true},
		"never sent, in another error":    {fmt.Errorf("making a zone: %w", &OutageError{Err: os.ErrInvalid, unsent: true}), true},
		"no answer":                       {&OutageError{Reason: TooSlow, Err: context.DeadlineExceeded}, false},
		"nonsense":                        {&OutageError{Reason: Nonsense, Err: errNotWhole}, false},
		"cut":                             {&OutageError{Reason: Unreachable, Err: io.ErrUnexpectedEOF}, false},
	} {
		assert.Equal(t, test.want, NotDone(test.err), name)
	}
}

func TestExists(t *testing.T) {
	for message, want := range map[string]bool{
		"Fulfillment set with name: Once, already exists.":        true,
		"Service zone with name: already, already exists.":        true,
		"Inventory item with sku: X, already exists.":             true,
		"Invalid request: Field 'name' is required":               false,
		"Providers (x) are not enabled for the service location.": false,
		"": false,
	} {
		assert.Equal(t, want, (&Error{Status: 400, Message: message}).Exists(), message)
	}
	assert.False(t, (&Error{Status: 500, Message: "already exists"}).Exists(), "a refusal has a status of its own")
}
