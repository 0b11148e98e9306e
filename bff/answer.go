package bff

import (
	"bytes"
	"strconv"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/goccy/go-json"
	"github.com/klauspost/compress/gzip"

	"github.com/cannahub/gateway/mapping"
)

// Answer is an answer as ready bytes. It is shared between callers and never
// changed.
type Answer struct {
	// JSON is the body.
	JSON []byte
	// ETag names the body (RFC 9110, weak: the same for every encoding of it).
	ETag string
	// Staleness is that of an answer of what was known last.
	mapping.Staleness

	compressOnce sync.Once
	compressed   []byte
}

// NewAnswer writes value as JSON.
func NewAnswer(value any) (*Answer, error) {
	body, err := json.MarshalWithOption(value, json.DisableHTMLEscape())
	if err != nil {
		return nil, err
	}
	return NewJSONAnswer(body), nil
}

// NewJSONAnswer is an answer of a body that is JSON already.
func NewJSONAnswer(body []byte) *Answer {
	return &Answer{JSON: body, ETag: `W/"` + strconv.FormatUint(xxhash.Sum64(body), 36) + `"`}
}

// Gzip returns the body compressed, made at the first call and kept.
func (a *Answer) Gzip() []byte {
	a.compressOnce.Do(func() {
		var buffer bytes.Buffer
		writer := gzip.NewWriter(&buffer)
		_, _ = writer.Write(a.JSON) // a bytes.Buffer takes everything
		_ = writer.Close()
		a.compressed = buffer.Bytes()
	})
	return a.compressed
}

// size is how many bytes of memory the answer can come to take.
func (a *Answer) size() int {
	return 2*len(a.JSON) + len(a.ETag)
}
