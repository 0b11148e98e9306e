package routes

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
)

func theDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := document()
	require.NoError(t, err)
	return doc
}

func TestDocumentIsValid(t *testing.T) {
	doc := theDocument(t)
	require.Equal(t, "3.1.0", doc.OpenAPI)
	require.NoError(t, doc.Validate(t.Context(), openapi3.EnableExamplesValidation(), openapi3.EnableSchemaFormatValidation()))
}

// Front-end types are generated from the document: they need names.
func TestDocumentNamesItsOperations(t *testing.T) {
	seen := map[string]string{}
	for path, item := range theDocument(t).Paths.Map() {
		for method, operation := range item.Operations() {
			assert.NotEmpty(t, operation.OperationID, "%s %s", method, path)
			assert.Empty(t, seen[operation.OperationID], "operationId %s is also that of %s", operation.OperationID, path)
			seen[operation.OperationID] = path
			assert.NotEmpty(t, operation.Summary, "%s %s", method, path)
			assert.Len(t, operation.Tags, 1, "%s %s", method, path)
		}
	}
}

func TestDocumentHasTheRoutes(t *testing.T) {
	served := map[string]bool{}
	gateway := bff.New(bff.Config{Metrics: prometheus.NewRegistry()})
	t.Cleanup(gateway.Close)
	router := newRouter(Config{
		Gateway: gateway, Metrics: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler),
	})
	for _, route := range router.Routes() {
		// HEAD is a GET without a body; what is Medusa's, Medusa documents; pages are for people.
		if route.Method != http.MethodHead && !isPassedRoute(route.Path) && !isPageRoute(route.Path) {
			served[route.Method+" "+templateOf(route)] = true
		}
	}
	documented := map[string]bool{}
	for _, operation := range documentedOfMedusa {
		served[operation] = true
	}
	for path, item := range theDocument(t).Paths.Map() {
		for method := range item.Operations() {
			documented[method+" "+path] = true
		}
	}
	assert.Equal(t, served, documented, "the routes that are served, and those in the document")
}

// documentedOfMedusa are the operations of Medusa's own that the document tells of, for
// what the gateway adds to them.
var documentedOfMedusa = []string{"GET /store/products", "GET /store/products/{id}", "POST /store/carts/{id}/line-items"}

func isPageRoute(route string) bool {
	return route == "/" || route == "/docs" || route == "/board" || route == "/assets/*"
}

// templateOf writes the path of a route as OpenAPI does.
func templateOf(route *echo.Route) string {
	segments := strings.Split(route.Path, "/")
	for i, segment := range segments {
		if name, isParameter := strings.CutPrefix(segment, ":"); isParameter {
			segments[i] = "{" + name + "}"
		}
	}
	return strings.Join(segments, "/")
}

// documentedExample is an example of a response in the document.
type documentedExample struct {
	name      string
	status    string
	mediaType string
	schema    *openapi3.Schema
	summary   string
	value     any
}

// examples are those of every response, once each.
func examples(t *testing.T) []documentedExample {
	t.Helper()
	doc := theDocument(t)
	var found []documentedExample
	add := func(name, status string, response *openapi3.Response) {
		for mediaType, content := range response.Content {
			example := documentedExample{status: status, mediaType: mediaType, schema: content.Schema.Value}
			for label, labelled := range content.Examples {
				example.name, example.summary, example.value = name+" "+label, labelled.Value.Summary, labelled.Value.Value
				found = append(found, example)
			}
			if content.Example != nil {
				example.name, example.value = name, content.Example
				found = append(found, example)
			}
		}
	}
	add("404 RouteNotFound", "404", doc.Components.Responses["RouteNotFound"].Value)
	add("405 MethodNotAllowed", "405", doc.Components.Responses["MethodNotAllowed"].Value)
	seen := map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for status, response := range operation.Responses.Map() {
				name := status + " " + strings.TrimPrefix(cmp.Or(response.Ref, operation.OperationID), "#/components/responses/")
				if !seen[name] {
					seen[name] = true
					add(name, status, response.Value)
				}
			}
		}
	}
	return found
}

func TestExamplesFitTheirSchemas(t *testing.T) {
	all := examples(t)
	require.Greater(t, len(all), 25)
	for _, example := range all {
		assert.NoError(t, example.schema.VisitJSON(example.value, openapi3.EnableJSONSchema2020(), openapi3.VisitAsResponse()), example.name)
	}
}

// The schema validator must be one that can say no.
func TestSchemasRefuse(t *testing.T) {
	doc := theDocument(t)
	for name, broken := range map[string]string{
		"unknown field": `{"id":"sc_1","name":"Web","more":1}`,
		"missing field": `{"id":"sc_1"}`,
		"null":          `{"id":"sc_1","name":null}`,
	} {
		var value any
		require.NoError(t, json.Unmarshal([]byte(broken), &value))
		require.Error(t, doc.Components.Schemas["SalesChannel"].Value.VisitJSON(value, openapi3.EnableJSONSchema2020()), name)
	}
}

// An example whose summary is a request is what that request is answered:
// "GET /path", "GET /path without a credential", "POST /path {…}" with that
// body, and any of them "after" another. {holdId} and {reservationId} in a path
// are those of the hold that was made before.
func TestExamplesAreRealAnswers(t *testing.T) {
	unchanged := openBook(t)
	compared := 0
	for _, example := range examples(t) {
		summary, before, follows := strings.Cut(example.summary, " after ")
		if !strings.Contains(summary, " /") {
			continue
		}
		compared++
		t.Run(example.name, func(t *testing.T) {
			s := unchanged
			if follows || (!strings.HasPrefix(summary, http.MethodGet) && example.status < "300") {
				s = openBook(t)
			}
			if follows {
				first := s.askAs(t, before)
				require.Less(t, first.status, http.StatusBadRequest, "the request before")
				s.settled(t)
				summary = strings.NewReplacer(
					"{holdId}", gjson.GetBytes(first.body, "holdId").String(),
					"{reservationId}", gjson.GetBytes(first.body, "reservations.0.id").String(),
				).Replace(summary)
			}
			got := s.askAs(t, summary)
			wanted, err := json.Marshal(example.value)
			require.NoError(t, err)
			assert.Equal(t, example.status, strconv.Itoa(got.status))
			assert.JSONEq(t, timeless(wanted), timeless(got.body))
		})
	}
	require.GreaterOrEqual(t, compared, 40)
}

// askAs sends the request that a summary tells of.
func (s *shop) askAs(t *testing.T, summary string) answer {
	t.Helper()
	method, rest, _ := strings.Cut(summary, " ")
	path, more, _ := strings.Cut(rest, " ")
	changes := []with{header("X-Request-Id", "4cb6e9d2")}
	if !strings.HasPrefix(more, "without") {
		changes = append(changes, authorization("Bearer "+s.token))
	}
	if !strings.HasPrefix(more, "{") {
		return s.ask(t, method, path, nil, changes...)
	}
	return s.ask(t, method, path, strings.NewReader(more), append(changes, header("Content-Type", "application/json"))...)
}

// settled waits until every row of the ledger is marked, which is done after
// its caller is answered.
func (s *shop) settled(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		unsettled, err := s.store.Unsettled(t.Context())
		return assert.NoError(t, err) && len(unsettled) == 0
	}, waitFor, tick, "rows of the ledger that are not marked")
}

var (
	made = regexp.MustCompile(`(adj|batch|hold|resitem|sloc|fuset|serzo|fgz|so)_[0-9A-Z]{26}|20\d\d-[-0-9T:.]+Z`)
	took = regexp.MustCompile(`"executionTimeMs":[0-9]+`)
)

// timeless takes the ids and the times from an answer that are new each time.
func timeless(body []byte) string {
	text := made.ReplaceAllStringFunc(string(body), func(value string) string {
		if value == catalogueTime {
			return value
		}
		return "…"
	})
	return took.ReplaceAllString(text, `"executionTimeMs":0`)
}

// catalogueTime is when everything was made that no test made.
const catalogueTime = "2025-11-03T14:05:06.789Z"

func TestErrorExamplesSayWhatTheGatewaySays(t *testing.T) {
	for _, example := range examples(t) {
		if example.mediaType != "application/problem+json" {
			continue
		}
		said, ok := example.value.(map[string]any)
		require.True(t, ok)
		code := fmt.Sprint(said["code"])
		assert.Equal(t, problemType+code, said["type"], example.name)
		assert.Equal(t, mapping.TitleOf(code).In(mapping.English), said["title"], example.name)
		assert.Equal(t, example.status, fmt.Sprint(said["status"]), example.name)
	}
}

func TestDocumentHasEveryErrorCode(t *testing.T) {
	codes := []string{string(bff.NetworkError), string(bff.SetupRolledBack), string(bff.RollbackIncomplete)}
	for code := range statuses {
		if code != bff.Canceled { // whom nobody hears
			codes = append(codes, string(code))
		}
	}
	var documented []string
	for _, code := range theDocument(t).Components.Schemas["ErrorCode"].Value.Enum {
		name, ok := code.(string)
		require.True(t, ok)
		documented = append(documented, name)
	}
	slices.Sort(codes)
	slices.Sort(documented)
	assert.Equal(t, codes, documented)
}

func TestOpenAPIJSON(t *testing.T) {
	s := open(t)
	got := s.anonymous(t, "/openapi.json")
	require.Equal(t, http.StatusOK, got.status)
	loaded, err := openapi3.NewLoader().LoadFromData(got.body)
	require.NoError(t, err, "what is served is a document")
	require.NoError(t, loaded.Validate(t.Context()))
	again := s.anonymous(t, "/openapi.json", header("If-None-Match", got.header.Get("ETag")))
	assert.Equal(t, http.StatusNotModified, again.status)
	assert.Empty(t, s.medusa.Calls(), "the document costs Medusa nothing")
}

// Programs that read JSON strictly refuse an object that has a key twice.
func TestServedDocumentHasNoKeyTwice(t *testing.T) {
	document, err := OpenAPI()
	require.NoError(t, err)
	var look func(path string, value gjson.Result)
	look = func(path string, value gjson.Result) {
		if !value.IsObject() && !value.IsArray() {
			return
		}
		seen := map[string]bool{}
		value.ForEach(func(key, element gjson.Result) bool {
			at := path + "/" + key.String()
			assert.False(t, value.IsObject() && seen[key.String()], "%s is there twice", at)
			seen[key.String()] = true
			look(at, element)
			return true
		})
	}
	look("", gjson.ParseBytes(document))
}
