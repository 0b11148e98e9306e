package medusatest

import (
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// check reads a query value. It returns what the value means, or the sentence
// with which Medusa refuses it; path names the field in that sentence.
type check func(value any, path string) (any, string)

type param struct {
	name  string
	check check
}

// selectParams are the parameters of a route that shows one entity.
func selectParams() []param { return []param{{"fields", text}} }

// listParams are the parameters of a route that lists entities: those filters,
// which may stand in `$and` and `$or` too, and further ones.
func listParams(filters []param, further ...param) []param {
	return plainListParams(slices.Concat(
		filters,
		[]param{{"$and", alternatives(filters)}, {"$or", alternatives(filters)}},
		further,
	)...)
}

// plainListParams are those of a route that has no `$and` and `$or`.
func plainListParams(filters ...param) []param {
	return append([]param{
		{"fields", text}, {"offset", number}, {"limit", number}, {"order", text}, {"with_deleted", boolean},
	}, filters...)
}

// checkQuery reads a query against the parameters of a route. A strict route
// refuses others, one that is not ignores them.
func checkQuery(query *tree, params []param, strict bool) (map[string]any, *problem) {
	values, faults := checkParams(query, params, "")
	if strict {
		var unknown []string
		for _, key := range query.keys {
			if !slices.ContainsFunc(params, func(p param) bool { return p.name == key }) {
				unknown = append(unknown, key)
			}
		}
		if len(unknown) > 0 {
			faults = append(faults, "Unrecognized fields: '"+strings.Join(unknown, ", ")+"'")
		}
	}
	return values, invalidRequest(faults)
}

func checkParams(query *tree, params []param, path string) (map[string]any, []string) {
	values := map[string]any{}
	var faults []string
	for _, p := range params {
		raw, given := query.values[p.name]
		if !given {
			continue
		}
		value, fault := p.check(raw, joinPath(path, p.name))
		if fault != "" {
			faults = append(faults, fault)
			continue
		}
		values[p.name] = value
	}
	return values, faults
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + ", " + name
}

func wrongType(expected, path string, got any) string {
	return "Expected type: '" + expected + "' for field '" + path + "', got: '" + asJavaScript(got) + "'"
}

// inList is the sentence for any fault of a list's element: Medusa looks for
// the value that it is about, does not look into lists, and takes it as missing.
func inList(path string, index int) string {
	return "Field '" + joinPath(path, strconv.Itoa(index)) + "' is required"
}

// asJavaScript writes a value as a JavaScript template does.
func asJavaScript(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, each := range v {
			if each != nil { // which a list shows as nothing
				parts[i] = asJavaScript(each)
			}
		}
		return strings.Join(parts, ",")
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case infinite:
		return string(v)
	case float64:
		return string(appendJSON(nil, v))
	default:
		return "[object Object]"
	}
}

func text(value any, path string) (any, string) {
	if _, is := value.(string); !is {
		return nil, wrongType("string", path, value)
	}
	return value, ""
}

func textOrList(value any, path string) (any, string) {
	switch v := value.(type) {
	case string:
		return v, ""
	case []any:
		for _, each := range v {
			if _, is := each.(string); !is {
				return nil, wrongType("string, string", path, value)
			}
		}
		return v, ""
	default:
		return nil, wrongType("string, array", path, value)
	}
}

// oneOf is a list of given words.
func oneOf(words ...string) check {
	return func(value any, path string) (any, string) {
		list, is := value.([]any)
		if !is {
			return nil, wrongType("array", path, value)
		}
		for i, each := range list {
			if word, _ := each.(string); !slices.Contains(words, word) {
				return nil, inList(path, i)
			}
		}
		return list, ""
	}
}

var leadingInteger = regexp.MustCompile(`^\s*([+-]?(?:0[xX][0-9a-fA-F]+|\d+))`)

// number is a whole number as JavaScript's parseInt reads it: what follows the
// digits is dropped.
func number(value any, path string) (any, string) {
	raw, is := value.(string)
	found := leadingInteger.FindStringSubmatch(raw)
	if !is || found == nil {
		return nil, wrongType("number", path, value)
	}
	n, ok := new(big.Int).SetString(strings.TrimLeft(found[1], "+"), integerBase(found[1]))
	if !ok {
		return nil, wrongType("number", path, value)
	}
	whole, _ := new(big.Float).SetInt(n).Float64()
	return whole, ""
}

// integerBase is 0 for hexadecimal digits, which says so themselves.
func integerBase(digits string) int {
	if strings.ContainsAny(digits, "xX") {
		return 0
	}
	return 10
}

func boolean(value any, path string) (any, string) {
	switch value {
	case "true":
		return true, ""
	case "false":
		return false, ""
	}
	return nil, wrongType("boolean", path, value)
}

// booleanText is true or false in any case.
func booleanText(value any, path string) (any, string) {
	word, is := value.(string)
	if !is {
		return nil, wrongType("boolean, string", path, value)
	}
	switch strings.ToLower(word) {
	case "true":
		return true, ""
	case "false":
		return false, ""
	}
	return nil, "Invalid input"
}

// object is a nested set of parameters; others in it are ignored.
func object(params ...param) check {
	return func(value any, path string) (any, string) {
		inner, is := value.(*tree)
		if !is {
			return nil, wrongType("object", path, value)
		}
		values, faults := checkParams(inner, params, path)
		if len(faults) > 0 {
			return nil, faults[0]
		}
		return values, ""
	}
}

// alternatives is a list of nested sets of parameters, for `$and` and `$or`.
func alternatives(params []param) check {
	each := object(params...)
	return func(value any, path string) (any, string) {
		list, is := value.([]any)
		if !is {
			return nil, wrongType("array", path, value)
		}
		out := make([]any, len(list))
		for i, one := range list {
			if _, is := one.(*tree); !is {
				return nil, inList(path, i)
			}
			inner, fault := each(one, joinPath(path, strconv.Itoa(i)))
			if fault != "" {
				return nil, fault
			}
			out[i] = inner
		}
		return out, ""
	}
}

// operators is a value, a list of values, or comparisons such as `[$gt]`; other
// words in their place are ignored. convert turns a text into the kind of the
// column.
func operators(convert func(string) (any, bool)) check {
	return func(value any, path string) (any, string) {
		switch v := value.(type) {
		case string:
			if converted, ok := convert(v); ok {
				return converted, ""
			}
			return nil, wrongType("object", path, value)
		case *tree:
			return comparisons(v, path, convert)
		default:
			return v, ""
		}
	}
}

func comparisons(value *tree, path string, convert func(string) (any, bool)) (any, string) {
	out := map[string]any{}
	for _, operator := range value.keys {
		operand := value.values[operator]
		if !slices.Contains(comparing, operator) {
			continue
		}
		if raw, is := operand.(string); is {
			converted, ok := convert(raw)
			if !ok {
				return nil, wrongType("number", joinPath(path, operator), operand)
			}
			operand = converted
		}
		out[operator] = operand
	}
	return out, ""
}

var comparing = []string{"$eq", "$ne", "$in", "$nin", "$like", "$ilike", "$gt", "$gte", "$lt", "$lte"}

func asText(raw string) (any, bool) { return raw, true }

var leadingDecimal = regexp.MustCompile(`^\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)`)

func asNumber(raw string) (any, bool) {
	found := leadingDecimal.FindStringSubmatch(raw)
	if found == nil {
		return nil, false
	}
	n, err := strconv.ParseFloat(found[1], 64)
	return n, err == nil
}

// safeInteger is JavaScript's bound on whole numbers; Medusa ignores a limit
// or offset beyond it.
func safeInteger(n float64) bool { return math.Abs(n) <= 1<<53-1 }
