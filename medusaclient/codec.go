package medusaclient

import (
	"bytes"
	"errors"
	"sync"

	json "github.com/goccy/go-json"
)

// Number is a JSON number as Medusa sent it, to the digit; empty where Medusa
// sent null.
type Number = json.Number

// Raw is JSON as Medusa sent it.
type Raw = json.RawMessage

var errNotAnObject = errors.New("not a JSON object")

// bodies are the buffers of answers, which are read and done with: what is
// decoded from them shares nothing with them.
var bodies = bodyPool{sync.Pool{New: func() any { return new(bytes.Buffer) }}}

// maxKeptBody keeps the rare large answer from holding its memory for ever.
const maxKeptBody = 1 << 20

type bodyPool struct{ pool sync.Pool }

func (p *bodyPool) borrow() *bytes.Buffer {
	body, _ := p.pool.Get().(*bytes.Buffer)
	return body
}

func (p *bodyPool) giveBack(body *bytes.Buffer) {
	if body.Cap() <= maxKeptBody {
		body.Reset()
		p.pool.Put(body)
	}
}

// decode reads one JSON object of Medusa's. A fuzz test holds this codec to
// the answers of encoding/json.
func decode(body []byte, into any) error {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 || body[0] != '{' {
		return errNotAnObject
	}
	return json.Unmarshal(body, into)
}
