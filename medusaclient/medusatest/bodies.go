package medusatest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// How much of a request Medusa reads, in bytes.
const (
	maxBody      = 100 << 10
	maxBatchBody = 2 << 20
)

func maxBodyOf(r *http.Request) int {
	if strings.HasSuffix(strings.TrimSuffix(strings.ToLower(r.URL.Path), "/"), "/location-levels/batch") {
		return maxBatchBody
	}
	return maxBody
}

type bodyKey struct{}

// withBody reads the body of a request for bodyOf.
func withBody(r *http.Request) (*http.Request, *problem) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return r, unknownError()
	}
	body, fault := parseBody(raw, r)
	if fault != nil {
		return r, fault
	}
	return r.WithContext(context.WithValue(r.Context(), bodyKey{}, body)), nil
}

// bodyOf is what Medusa makes of a body: nil when there is none, or none of a
// type that it reads. Numbers are float64, or infinite.
func bodyOf(r *http.Request) any { return r.Context().Value(bodyKey{}) }

func parseBody(raw []byte, r *http.Request) (any, *problem) {
	if len(raw) == 0 {
		return nil, nil
	}
	if len(raw) > maxBodyOf(r) {
		return nil, &problem{status: http.StatusRequestEntityTooLarge, Type: "unknown_error", Message: "request entity too large"}
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		if charset := params["charset"]; charset != "" && !strings.HasPrefix(strings.ToLower(charset), "utf-") {
			return nil, &problem{
				status: http.StatusUnsupportedMediaType, Type: "unknown_error",
				Message: `unsupported charset "` + strings.ToUpper(charset) + `"`,
			}
		}
		return parseJSON(raw)
	case "text/plain":
		return string(raw), nil
	case "application/x-www-form-urlencoded":
		return formFields(string(raw)), nil
	}
	return nil, nil
}

func formFields(raw string) map[string]any {
	fields := map[string]any{}
	values, _ := url.ParseQuery(raw)
	for name := range values {
		fields[name] = values.Get(name)
	}
	return fields
}

// parseJSON takes objects and lists alone, as Express does.
func parseJSON(raw []byte) (any, *problem) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var body any
	err := decoder.Decode(&body)
	if err == nil && decoder.More() {
		err = errors.New("unexpected token after JSON")
	}
	switch body.(type) {
	case map[string]any, []any:
	default:
		if err == nil {
			err = errors.New("unexpected token in JSON")
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("Unexpected end of JSON input") //nolint:staticcheck // V8's words
	}
	if err != nil {
		return nil, &problem{status: http.StatusBadRequest, Type: "invalid_data", Message: err.Error()}
	}
	return asFloats(body), nil
}

// infinite is a number too large for JavaScript, which no check takes for one.
type infinite string

// asFloats makes of the numbers in a JSON value what JavaScript does.
func asFloats(value any) any {
	switch v := value.(type) {
	case json.Number:
		n, _ := strconv.ParseFloat(v.String(), 64) // the decoder saw that it is a number
		switch {
		case math.IsInf(n, 1):
			return infinite("Infinity")
		case math.IsInf(n, -1):
			return infinite("-Infinity")
		}
		return n
	case []any:
		for i, each := range v {
			v[i] = asFloats(each)
		}
	case map[string]any:
		for name, each := range v {
			v[name] = asFloats(each)
		}
	}
	return value
}

// bodyFields reads the fields of an object in a body and gathers the sentences
// with which Medusa refuses them.
type bodyFields struct {
	values map[string]any
	path   string // of the object itself, empty at the top
	listed bool   // whether the object stands in a list
	known  []string
	faults *[]string
}

// topFields are the fields of a whole body; no body is one without fields.
func topFields(r *http.Request) (*bodyFields, *problem) {
	body := bodyOf(r)
	values, is := body.(map[string]any)
	if body != nil && !is {
		return nil, invalidRequest([]string{"Field '' is required"})
	}
	return &bodyFields{values: values, faults: &[]string{}}, nil
}

func (f *bodyFields) fault(sentence string) { *f.faults = append(*f.faults, sentence) }

// field looks a field up. In lists Medusa does not find the value that a fault
// is about, and takes it as missing.
func field[T any](f *bodyFields, name, kind string, required bool) (value T, given bool) {
	f.known = append(f.known, name)
	raw, there := f.values[name]
	value, given = raw.(T)
	switch {
	case given || (!there && !required):
	case !there || f.listed:
		f.fault("Field '" + joinPath(f.path, name) + "' is required")
	default:
		f.fault(wrongType(kind, joinPath(f.path, name), raw))
	}
	return value, given
}

func (f *bodyFields) text(name string) string {
	value, _ := field[string](f, name, "string", true)
	return value
}

// optionalText is a text that may be left out, but not be null.
func (f *bodyFields) optionalText(name string) (string, bool) {
	return field[string](f, name, "string", false)
}

// textOrNull reads an optional text, which may be null, into columns.
func (f *bodyFields) textOrNull(name string, columns row) {
	if f.null(name) {
		columns[name] = nil
	} else if value, given := f.optionalText(name); given {
		columns[name] = value
	}
}

// object reads an optional free object into columns.
func (f *bodyFields) object(name string, columns row) {
	if value, given := field[map[string]any](f, name, "record", false); given {
		columns[name] = value
	}
}

// metadata reads what most rows have, which may be null, into columns.
func (f *bodyFields) metadata(columns row) {
	if f.null("metadata") {
		columns["metadata"] = nil
	} else {
		f.object("metadata", columns)
	}
}

// null tells whether an optional field is null, which makes it known.
func (f *bodyFields) null(name string) bool {
	value, there := f.values[name]
	if there && value == nil {
		f.known = append(f.known, name)
	}
	return there && value == nil
}

// nested reads an optional object by its fields, and tells whether it was given.
func (f *bodyFields) nested(name string, read func(inner *bodyFields)) bool {
	values, given := field[map[string]any](f, name, "object", false)
	if given {
		read(&bodyFields{values: values, path: joinPath(f.path, name), faults: f.faults})
	}
	return given
}

// word reads one of several words.
func (f *bodyFields) word(name string, words ...string) string {
	f.known = append(f.known, name)
	raw, there := f.values[name]
	value, _ := raw.(string)
	switch {
	case slices.Contains(words, value):
	case !there || f.listed:
		f.fault("Field '" + joinPath(f.path, name) + "' is required")
	default:
		f.fault("Expected: '" + strings.Join(words, ", ") + "' for field '" + joinPath(f.path, name) + "', but got: '" + asJavaScript(raw) + "'")
	}
	return value
}

func (f *bodyFields) flag(name string) bool {
	value, _ := field[bool](f, name, "boolean", false)
	return value
}

// quantity reads an optional quantity into columns.
func (f *bodyFields) quantity(name string, columns map[string]float64) {
	value, given := field[float64](f, name, "number", false)
	switch {
	case given && value < 0:
		f.fault("Value for field '" + joinPath(f.path, name) + "' too small, expected at least: '0'")
	case given:
		columns[name] = value
	}
}

// objects reads an optional list of objects.
func (f *bodyFields) objects(name string, each func(one *bodyFields)) { f.listOf(name, false, each) }

func (f *bodyFields) listOf(name string, required bool, each func(one *bodyFields)) {
	list, _ := field[[]any](f, name, "array", required)
	for i, element := range list {
		values, is := element.(map[string]any)
		if !is {
			f.fault(inList(joinPath(f.path, name), i))
			continue
		}
		each(&bodyFields{values: values, path: joinPath(name, strconv.Itoa(i)), listed: true, faults: f.faults})
	}
}

// texts reads an optional list of texts.
func (f *bodyFields) texts(name string) (texts []string, given bool) {
	list, given := field[[]any](f, name, "array", false)
	for i, element := range list {
		word, is := element.(string)
		if !is {
			f.fault(inList(joinPath(f.path, name), i))
		}
		texts = append(texts, word)
	}
	return texts, given
}

// strict refuses fields that were not asked for.
func (f *bodyFields) strict() {
	if unknown := f.unknown(); len(unknown) > 0 {
		f.fault("Unrecognized fields: '" + strings.Join(unknown, ", ") + "'")
	}
}

func (f *bodyFields) unknown() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f.values)), func(name string) bool { return slices.Contains(f.known, name) })
}

// refusal is the answer to a body with faults, nil to one without.
func (f *bodyFields) refusal() *problem { return invalidRequest(*f.faults) }

// invalidRequest names the first faults of a query or a body.
func invalidRequest(faults []string) *problem {
	if len(faults) == 0 {
		return nil
	}
	return &problem{
		status: http.StatusBadRequest, Type: "invalid_data",
		Message: "Invalid request: " + strings.Join(faults[:min(len(faults), 3)], "; "),
	}
}
