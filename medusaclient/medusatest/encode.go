package medusatest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
)

// appendJSON writes a value as JavaScript would, keys in order. Answers are
// trees of maps, on which encoding/json spends most of a call.
func appendJSON(out []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(out, "null"...)
	case bool:
		return strconv.AppendBool(out, v)
	case int:
		return strconv.AppendInt(out, int64(v), 10)
	case float64:
		if v == math.Trunc(v) && safeInteger(v) {
			return strconv.AppendInt(out, int64(v), 10)
		}
	case string:
		if plain(v) {
			return append(append(append(out, '"'), v...), '"')
		}
	case []any:
		out = append(out, '[')
		for i, each := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, each)
		}
		return append(out, ']')
	case map[string]any:
		out = append(out, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendJSON(out, key), ':')
			out = appendJSON(out, v[key])
		}
		return append(out, '}')
	}
	var raw bytes.Buffer
	encoder := json.NewEncoder(&raw)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("medusatest: an answer that is not JSON: %v", err))
	}
	return append(out, bytes.TrimSuffix(raw.Bytes(), []byte("\n"))...)
}

// plain tells whether a text stands in JSON as it is.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] == '"' || text[i] == '\\' {
			return false
		}
	}
	return true
}
