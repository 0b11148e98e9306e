package medusaclient

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"
)

// Greeting is how Medusa answers somebody whom it does not know.
type Greeting struct {
	Took  time.Duration // there and back at the quickest, over a connection that was open
	Clock *Clock        // nil: the answer tells no time
}

// Clock compares the clock of what answers with this machine's.
type Clock struct {
	Ahead time.Duration // at least, of this machine's; negative: behind; 0: no difference can be seen
}

// greetings are how often Medusa is asked: the first time opens the connection, and
// what takes long only once is not far away.
const greetings = 4

// ErrNoMedusa says that something answers at the address, and that it is no Medusa 2.
var ErrNoMedusa = errors.New("medusa: what answers is no Medusa 2")

// Greet asks without a credential. The error is an OutageError when nothing
// answers, ErrNoMedusa when something else does, and an Error when something
// before Medusa says that Medusa does not (a status of 500 or more).
func (c *Client) Greet(ctx context.Context) (Greeting, error) {
	var quickest Greeting
	for i := range greetings {
		greeting, err := c.greet(ctx)
		if err != nil {
			return Greeting{}, err
		}
		if i == 0 || greeting.Took < quickest.Took {
			quickest = greeting
		}
	}
	return quickest, nil
}

func (c *Client) greet(ctx context.Context) (Greeting, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	const path = "/admin/users/me" // which Medusa tells nobody
	k := call{method: http.MethodGet, route: path, path: path}
	sent := time.Now()
	response, err := c.http.R().SetContext(ctx).SetDoNotParseResponse(true).SetHeader("Accept", "application/json").Get(c.base + path)
	if err != nil {
		return Greeting{}, outageOf(k, err, true)
	}
	took := time.Since(sent)
	defer func() { _ = response.RawBody().Close() }()
	var body bytes.Buffer
	if err := readBounded(&body, response.RawBody(), response.RawResponse.ContentLength); err != nil {
		return Greeting{}, outageOf(k, err, true)
	}
	refused := refusal(k.endpoint(), response.StatusCode(), body.Bytes())
	switch {
	case refused.Status >= http.StatusInternalServerError:
		return Greeting{}, refused
	case refused.Status != http.StatusUnauthorized || refused.Foreign:
		return Greeting{}, ErrNoMedusa
	}
	return Greeting{Took: took, Clock: clockOf(response.Header().Get("Date"), sent, took)}, nil
}

// Identify asks Medusa whether it takes a credential, whatever that may do. The
// error is Medusa's refusal, with status 401.
func (c *Client) Identify(ctx context.Context, by Credential) error {
	const path = "/admin/users/me"
	err := c.do(ctx, call{method: http.MethodGet, route: path, path: path + "?fields=id", credential: by}, &anything{})
	var refused *Error
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound && !refused.Foreign {
		return nil // a secret key is taken, but is no user
	}
	return err
}

// clockOf reads the time at which an answer was made, somewhere on its way there
// and back. It is told in whole seconds, so it may have been up to one later.
func clockOf(date string, sent time.Time, took time.Duration) *Clock {
	told, err := http.ParseTime(date)
	if err != nil {
		return nil
	}
	earliest, latest := told.Sub(sent.Add(took)), told.Add(time.Second).Sub(sent)
	switch {
	case earliest > 0:
		return &Clock{Ahead: earliest}
	case latest < 0:
		return &Clock{Ahead: latest}
	}
	return &Clock{}
}
