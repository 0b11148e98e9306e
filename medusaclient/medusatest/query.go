package medusatest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxParameters is how many query parameters Medusa reads; the rest it drops
// without a word.
const maxParameters = 1000

// maxDepth is how many brackets of a key are read as nesting.
const maxDepth = 5

// tree is a parsed query: values are string, []any or *tree. Keys keep the
// order of their first appearance, since messages name them in it.
type tree struct {
	keys   []string
	values map[string]any
}

func newTree() *tree { return &tree{values: map[string]any{}} }

func (t *tree) set(key string, value any) {
	if _, there := t.values[key]; !there {
		t.keys = append(t.keys, key)
	}
	t.values[key] = value
}

// parseQuery reads a raw query with Express's rules: `a[b]=`, `a[]=`, `a[0]=`
// and repeated keys nest and gather.
func parseQuery(raw string) *tree {
	root := newTree()
	parts := strings.Split(raw, "&")
	for _, part := range parts[:min(len(parts), maxParameters)] {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		segments := keySegments(unescape(key))
		if segments[0] != "" {
			assign(root, segments, unescape(value))
		}
	}
	return root
}

func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return strings.ReplaceAll(text, "+", " ")
}

// keySegments splits `a[b][]` into a, b and the empty segment.
func keySegments(key string) []string {
	open := strings.IndexByte(key, '[')
	if open <= 0 {
		return []string{key}
	}
	segments := []string{key[:open]}
	rest := key[open:]
	for strings.HasPrefix(rest, "[") && len(segments) <= maxDepth {
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			break
		}
		segments = append(segments, rest[1:end])
		rest = rest[end+1:]
	}
	return segments
}

func assign(t *tree, segments []string, value string) {
	key := segments[0]
	existing := t.values[key]
	if len(segments) == 1 {
		t.set(key, gathered(existing, value))
		return
	}
	if isIndex(segments[1]) {
		list, _ := existing.([]any)
		if text, is := existing.(string); is {
			list = []any{text}
		}
		t.set(key, assignInList(list, segments[1], segments[2:], value))
		return
	}
	inner, is := existing.(*tree)
	if !is {
		inner = newTree()
		t.set(key, inner)
	}
	assign(inner, segments[1:], value)
}

func isIndex(segment string) bool {
	if segment == "" {
		return true
	}
	n, err := strconv.Atoi(segment)
	return err == nil && n >= 0 && strconv.Itoa(n) == segment
}

func assignInList(list []any, index string, rest []string, value string) []any {
	if len(rest) == 0 {
		return append(list, value)
	}
	at := len(list)
	if n, err := strconv.Atoi(index); err == nil && n < len(list) {
		at = n
	}
	if at == len(list) {
		list = append(list, newTree())
	}
	if inner, is := list[at].(*tree); is {
		assign(inner, rest, value)
	}
	return list
}

// gathered is what a key holds after one more value.
func gathered(existing any, value string) any {
	switch e := existing.(type) {
	case nil:
		return value
	case []any:
		return append(e, value)
	case *tree:
		e.set(value, "true")
		return e
	default:
		return []any{e, value}
	}
}

// normalised is a query as Medusa's validators see it: a list of one text is
// split at commas, and `a.b` is `a[b]`. It errs for deeper dots.
func normalised(query *tree) (*tree, *problem) {
	out := newTree()
	for _, key := range query.keys {
		value := query.values[key]
		if list, is := value.([]any); is && len(list) == 1 {
			if text, is := list[0].(string); is {
				value = texts(strings.Split(text, ","))
			}
		}
		parent, child, dotted := strings.Cut(key, ".")
		if !dotted {
			out.set(key, value)
			continue
		}
		if strings.Contains(child, ".") {
			return nil, &problem{status: 500, Type: "invalid_argument", Message: "Key accessor more than 2 levels deep: " + key}
		}
		inner, is := out.values[parent].(*tree)
		if !is {
			inner = newTree()
			out.set(parent, inner)
		}
		inner.set(child, value)
	}
	return out, nil
}

func texts(values []string) []any {
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = value
	}
	return list
}

// holdsNUL tells whether any value holds the character that PostgreSQL cannot
// store, which ends in a 500.
func holdsNUL(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		return slices.ContainsFunc(v, holdsNUL)
	case map[string]any:
		for _, each := range v {
			if holdsNUL(each) {
				return true
			}
		}
	}
	return false
}
