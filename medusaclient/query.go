package medusaclient

import (
	"net/url"
	"strconv"
	"strings"
)

// query builds the path and query of a call. Brackets and commas stay as they
// are, since each escaped one costs two bytes of the 16 KiB that Node allows
// for a request, and the long lists of fields are constants.
type query struct {
	strings.Builder
	started bool
}

func newQuery(path, fields string) *query {
	q := &query{}
	q.WriteString(path)
	if fields != "" {
		q.raw("fields", fields)
	}
	return q
}

func (q *query) raw(key, value string) {
	if q.started {
		q.WriteByte('&')
	} else {
		q.WriteByte('?')
		q.started = true
	}
	q.WriteString(key)
	q.WriteByte('=')
	q.WriteString(value)
}

// add writes a parameter, unless its value is empty.
func (q *query) add(key, value string) {
	if value != "" {
		q.raw(key, url.QueryEscape(value))
	}
}

// addEach writes a parameter once for each value: the form in which a comma
// in a value means itself.
func (q *query) addEach(key string, values []string) {
	for _, value := range values {
		q.raw(key, url.QueryEscape(value))
	}
}

// addIDs writes ids as one parameter: Medusa splits it at its commas, and cuts
// off silently after 1,000 parameters.
func (q *query) addIDs(ids []string) {
	if len(ids) == 0 {
		return
	}
	escaped := make([]string, len(ids))
	for i, id := range ids {
		escaped[i] = url.QueryEscape(id)
	}
	q.raw("id[]", strings.Join(escaped, ","))
}

// page writes which part of a list is wanted. The order makes pages fit.
func (q *query) page(limit, offset int) {
	q.raw("order", "id")
	q.raw("limit", strconv.Itoa(limit))
	q.raw("offset", strconv.Itoa(offset))
}

// search writes a search for text as it stands: Medusa hands it to ILIKE,
// where these three characters have a meaning of their own.
func (q *query) search(text string) {
	q.add("q", likeLiteral.Replace(text))
}

var likeLiteral = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// below puts a list of fields under a relation.
func below(relation, fields string) string {
	return relation + strings.ReplaceAll(fields, ",", ","+relation)
}
