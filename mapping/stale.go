package mapping

import (
	"bytes"
	"strconv"
	"time"
)

// Staleness tells of an answer that is made of what was known last, since Medusa does
// not answer. The zero value is that of any other.
type Staleness struct {
	Stale bool `json:"stale,omitempty"`
	// Age is how many seconds ago Medusa was asked for the oldest of it; nil: nothing
	// of it was known.
	Age *int64 `json:"age,omitempty"`
}

// LastKnown is the staleness of what Medusa was asked for at a time; zero: nothing was
// known.
func LastKnown(asked, now time.Time) Staleness {
	if asked.IsZero() {
		return Staleness{Stale: true}
	}
	age := max(0, int64(now.Sub(asked)/time.Second))
	return Staleness{Stale: true, Age: &age}
}

// WithStaleness says in an answer of Medusa's how stale it is. It says no to one that
// is no JSON object.
func WithStaleness(body []byte, staleness Staleness) ([]byte, bool) {
	rest, isObject := bytes.CutPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
	if !isObject {
		return nil, false
	}
	said := append(make([]byte, 0, len(body)+40), `{"stale":true`...)
	if staleness.Age != nil {
		said = strconv.AppendInt(append(said, `,"age":`...), *staleness.Age, 10)
	}
	if rest = bytes.TrimLeft(rest, " \t\r\n"); !bytes.HasPrefix(rest, []byte("}")) {
		said = append(said, ',')
	}
	return append(said, rest...), true
}
