package routes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// tried is an operation of the document with one of its examples.
type tried struct {
	operation *openapi3.Operation
	method    string
	path      string
	given     openapi3.Parameters
	body      []byte // nil where there is none
}

// preparations are what an operation needs to be there before its example is sent, and
// return what stands for the id in the example's path.
var preparations = map[string]func(t *testing.T, s *shop) (id string){
	"getReservation": aHold, "updateReservation": aReservation, "deleteReservation": aHold, "confirmReservation": aHold, "releaseReservation": aHold,
	"deleteLocation": func(t *testing.T, s *shop) string {
		t.Helper()
		s.askAs(t, "DELETE /api/reservations/resitem_bd_14g_mayorista")
		return ""
	},
	"addToStoreCart": func(t *testing.T, s *shop) string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/store/carts", strings.NewReader(`{}`))
		require.NoError(t, err)
		shopper("sc_cannahub")(request)
		request.Header.Set("Content-Type", "application/json")
		made, err := s.send(request)
		require.NoError(t, err)
		return gjson.GetBytes(made.body, "cart.id").String()
	},
}

func aHold(t *testing.T, s *shop) string {
	t.Helper()
	return gjson.GetBytes(s.made(t).body, "holdId").String()
}

func aReservation(t *testing.T, s *shop) string {
	t.Helper()
	return gjson.GetBytes(s.made(t).body, "reservations.0.id").String()
}

func (s *shop) made(t *testing.T) answer {
	t.Helper()
	got := s.change(t, http.MethodPost, "/api/reservations", `{"items":[{"variantId":"variant_bd_7g","quantity":2,"locationId":"sloc_deposito"}]}`)
	require.Equal(t, http.StatusCreated, got.status, "%s", got.body)
	return got
}

// operations are all of the document, with each example of their bodies.
func operations(t *testing.T) (all []tried) {
	t.Helper()
	for path, item := range theDocument(t).Paths.Map() {
		for method, operation := range item.Operations() {
			each := tried{operation: operation, method: method, path: path, given: append(item.Parameters, operation.Parameters...)}
			if operation.RequestBody == nil {
				all = append(all, each)
				continue
			}
			content := operation.RequestBody.Value.Content.Get("application/json")
			bodies := map[string]any{}
			for name, example := range content.Examples {
				bodies[name] = example.Value.Value
			}
			if content.Example != nil {
				bodies[""] = content.Example
			}
			assert.NotEmpty(t, bodies, "%s %s has no example of its body", method, path)
			for _, body := range bodies {
				written, err := json.Marshal(body)
				require.NoError(t, err)
				each.body = written
				all = append(all, each)
			}
		}
	}
	return all
}

// exampleOf is an example of an answer, nil where there is none.
func exampleOf(response *openapi3.Response) any {
	for _, content := range response.Content {
		for _, example := range content.Examples {
			return example.Value.Value
		}
		return content.Example
	}
	return nil
}

// TestEveryOperationIsTried sends every example of every operation to a shop; ask
// holds each answer to the document.
func TestEveryOperationIsTried(t *testing.T) {
	s := openBook(t, withSecret)
	all := operations(t)
	order := []string{http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodDelete} // what is deleted is needed by none
	slices.SortFunc(all, func(a, b tried) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.method), slices.Index(order, b.method)),
			cmp.Compare(a.operation.OperationID, b.operation.OperationID), bytes.Compare(a.body, b.body))
	})
	succeeded := map[string]bool{}
	for i, each := range all {
		id := each.operation.OperationID
		status := each.try(t, s, header("Idempotency-Key", fmt.Sprint("example-", i)))
		succeeded[id] = succeeded[id] || status < http.StatusMultipleChoices
		for status, response := range each.operation.Responses.Map() {
			if status < "300" && len(response.Value.Content) > 0 {
				assert.NotNil(t, exampleOf(response.Value), "%s has no example of its %s", id, status)
			}
		}
	}
	for id, ok := range succeeded {
		assert.True(t, ok, "no example of %s was answered with success", id)
	}
}

// try sends the example, as others want it, to a shop and returns the status of its
// answer.
func (e tried) try(t *testing.T, s *shop, others ...with) int {
	t.Helper()
	id := ""
	if prepare := preparations[e.operation.OperationID]; prepare != nil {
		id = prepare(t, s)
		s.settled(t)
	}
	address, headers := e.request(t, id)
	headers = append(append(headers, s.credentialFor(e)...), others...)
	switch e.operation.OperationID {
	case "followStoreInventory":
		s.follow(t, address, headers...).ask(t, followBD, "subscribed")
		return http.StatusSwitchingProtocols
	case "followInventory":
		assert.Equal(t, "subscribed", s.stream(t, address, headers...).hear(t).data.Get("type").String())
		return http.StatusOK
	case "takeHook": // its signature is that of a moment
		return s.hook(t, "msg_1", string(e.body)).status
	}
	if e.body != nil {
		headers = append(headers, header("Content-Type", "application/json"))
	}
	got := s.ask(t, e.method, address, bytes.NewReader(e.body), headers...)
	return got.status
}

// request is the address and the headers that the examples of the parameters make.
func (e tried) request(t *testing.T, id string) (address string, headers []with) {
	t.Helper()
	query := url.Values{}
	address = e.path
	for _, reference := range e.given {
		parameter := reference.Value
		if parameter.Example == nil {
			assert.False(t, parameter.Required, "%s %s: the parameter %s has no example", e.method, e.path, parameter.Name)
			continue
		}
		values, several := parameter.Example.([]any)
		if !several {
			values = []any{parameter.Example}
		}
		for _, value := range values {
			switch text := fmt.Sprint(value); parameter.In {
			case openapi3.ParameterInPath:
				if id != "" && parameter.Name == "id" {
					text = id
				}
				address = strings.ReplaceAll(address, "{"+parameter.Name+"}", url.PathEscape(text))
			case openapi3.ParameterInQuery:
				query.Add(parameter.Name, text)
			default:
				headers = append(headers, header(parameter.Name, text))
			}
		}
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address, headers
}

// credentialFor is a credential of the first kind that an operation takes.
func (s *shop) credentialFor(e tried) []with {
	security := e.operation.Security
	if security == nil {
		return []with{authorization("Bearer " + s.token)}
	}
	for _, requirement := range *security {
		if _, byKey := requirement["publishableKey"]; byKey {
			return []with{shopper("sc_cannahub")}
		}
		if _, byToken := requirement["token"]; byToken {
			return []with{authorization("Bearer " + s.token)}
		}
	}
	return nil
}
