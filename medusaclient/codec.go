package medusaclient

import (
	"bytes"
	"errors"

	json "github.com/goccy/go-json"
)

// Number is a JSON number as Medusa sent it, to the digit; empty where Medusa
// sent null.
type Number = json.Number

// Raw is JSON as Medusa sent it.
type Raw = json.RawMessage

var errNotAnObject = errors.New("not a JSON object")

// decode reads one JSON object of Medusa's. A fuzz test holds this codec to
// the answers of encoding/json.
func decode(body []byte, into any) error {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 || body[0] != '{' {
		return errNotAnObject
	}
	return json.Unmarshal(body, into)
}
