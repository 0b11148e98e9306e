package bff

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"io"
	"mime"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff/panics"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// maxCopied bounds an answer of which a copy is kept, so that few questions cannot
// crowd out the others: a page of 50 products with all that Medusa tells of them has
// some 400 kB.
const maxCopied = 512 << 10

// copiedRoutes are those of Medusa's store API of whose answers copies are kept.
var copiedRoutes = regexp.MustCompile(`^/store/products(/[^/]+)?$`)

// ownVariations are what the copies are kept apart by, or never kept with, and what the
// gateway answers itself.
var ownVariations = []string{
	"origin", "accept-encoding", "accept-language", "x-medusa-locale", "x-publishable-api-key", "authorization", "cookie",
}

// product is Medusa's answer to a question for products, as shoppers may see it.
type product struct {
	body   []byte
	packed bool // with gzip
}

func (p product) size() int { return len(p.body) }

// productQuestion is what a shopper asks of products, by which key. Who sends a
// credential or a cookie may be told what is for him alone.
type productQuestion struct {
	token, key string
	personal   bool
}

// lateCalls are how many calls are under way that shoppers gave up waiting for, by their
// question.
type lateCalls struct {
	mu sync.Mutex
	of map[string]int
}

func (l *lateCalls) add(key string, calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[key] += calls; l.of[key] == 0 {
		delete(l.of, key)
	}
}

func (l *lateCalls) any(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of[key] > 0
}

// Pass carries a client's request to Medusa and brings its answer back, whose body is
// to be closed, as pass does. A shopper who asks for products gets the last known
// answer while Medusa does not answer, if there is one and his publishable key was
// good: that which anybody gets, also where Medusa would show him prices of his own.
func (g *Gateway) Pass(request *http.Request, route string) (*http.Response, error) {
	question, copied := g.productQuestionOf(request)
	if !copied {
		return g.pass(request, route)
	}
	if g.late.any(question.key) { // a crowd that asks the same again would keep Medusa from ever being in time
		if last := g.lastProducts(request, question); last != nil {
			return last, nil
		}
	}
	ctx, end := context.WithCancel(context.WithoutCancel(request.Context()))
	stay := context.AfterFunc(request.Context(), end)
	answers := make(chan productsAnswer, 1)
	go func() { answers <- g.passProducts(whole(request).WithContext(ctx), route, question) }()

	waiting, leave := impatient(request.Context(), func() bool { return g.knowsProducts(question) })
	defer leave()
	var answer productsAnswer
	select {
	case answer = <-answers:
		if answer.err == nil && answer.response.StatusCode < http.StatusInternalServerError {
			return answer.response, nil
		}
	case <-waiting.Done():
		answer.err = errorOf(waiting.Err(), "")
		stay()
		if unanswered(waiting, answer.err) {
			g.late.add(question.key, 1)
			go func() { // to its end, so that the breaker hears of it, and a copy is kept
				defer g.late.add(question.key, -1)
				closeAnswer(answers, end)
			}()
		} else { // he left, which says nothing of Medusa
			end()
			go closeAnswer(answers, end)
		}
	}
	if answer.err != nil && !unanswered(waiting, answer.err) {
		return nil, answer.err
	}
	// A question that was answered before is not at fault when Medusa says 500.
	if last := g.lastProducts(request, question); last != nil {
		if answer.err == nil {
			_ = answer.response.Body.Close()
		}
		return last, nil
	}
	return answer.response, answer.err
}

// closeAnswer waits for an answer that nobody waits for, and closes it.
func closeAnswer(answers <-chan productsAnswer, end func()) {
	defer end()
	if late := <-answers; late.err == nil {
		_ = late.response.Body.Close()
	}
}

// productQuestionOf is the question that a request asks, if copies of its answer may be
// shown.
func (g *Gateway) productQuestionOf(request *http.Request) (question productQuestion, copied bool) {
	header := request.Header
	token := header.Get(PublishableKey)
	if token == "" {
		token = g.defaultKey
	}
	credential, _ := medusaclient.ParseCredential(header.Get("Authorization"))
	copied = g.products.cache != nil && token != "" && !Visitor{Caller: Caller{Credential: credential}}.admin() &&
		(request.Method == http.MethodGet || request.Method == http.MethodHead) &&
		copiedRoutes.MatchString(strings.ToLower(path.Clean(request.URL.Path)))
	key := strings.Join([]string{
		token, request.URL.EscapedPath(), request.URL.RawQuery, header.Get("Accept-Language"), header.Get("X-Medusa-Locale"),
	}, "\x00")
	return productQuestion{token, key, header.Get("Authorization") != "" || header.Get("Cookie") != ""}, copied
}

// whole is a request whose answer comes whole, and packed as it can be unpacked here if
// at all.
func whole(request *http.Request) *http.Request {
	asked := request.Clone(request.Context())
	packs := asked.Header.Get("Accept-Encoding")
	forgetWhatIsThere(asked.Header)
	if strings.Contains(packs, "gzip") && !strings.Contains(strings.ReplaceAll(packs, " ", ""), "gzip;q=0") {
		asked.Header.Set("Accept-Encoding", "gzip")
	}
	return asked
}

// productsAnswer is what became of a request.
type productsAnswer struct {
	response *http.Response
	err      error
}

// passProducts asks for products and keeps a copy of the answer. A panic is an error
// here, since it would end the program.
func (g *Gateway) passProducts(request *http.Request, route string, question productQuestion) (answer productsAnswer) {
	defer func() { answer.err = errorOf(answer.err, "") }()
	defer panics.Recover(&answer.err)
	asked, method := time.Now(), request.Method
	response, err := g.pass(request, route)
	if err != nil {
		return productsAnswer{err: err}
	}
	body, complete, err := readStart(response)
	if err != nil {
		return productsAnswer{err: passError(err, false)}
	}
	switch status := response.StatusCode; {
	case status == http.StatusNotFound:
		g.products.drop(question.key)
	case status == http.StatusOK && complete && method == http.MethodGet:
		g.keys.took(question.token, asked)
		last := product{body, response.Header.Get("Content-Encoding") != ""}
		if !question.personal && forEverybody(response.Header) && last.plainSize() <= maxReshaped {
			g.products.keep(question.key, last, asked)
		}
	case status == http.StatusBadRequest && gjson.GetBytes(body, "type").String() == "not_allowed":
		g.keys.refused(question.token)
	}
	return productsAnswer{response: response}
}

// readStart reads an answer to its end, if it is not too long to be kept. Its body can
// be read all the same.
func readStart(response *http.Response) (body []byte, complete bool, err error) {
	rest := response.Body
	body, err = io.ReadAll(io.LimitReader(rest, maxCopied+1))
	if err == nil && len(body) > maxCopied {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), rest), rest}
		return body, false, nil
	}
	_ = rest.Close()
	if err != nil {
		return nil, false, unusable(err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return body, true, nil
}

// forEverybody says whether an answer is what anybody gets who asks the same by the
// same key.
func forEverybody(header http.Header) bool {
	mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	control, packed := strings.ToLower(header.Get("Cache-Control")), header.Get("Content-Encoding")
	if mediaType != "application/json" || (packed != "" && packed != "gzip") || header.Get("Set-Cookie") != "" ||
		strings.Contains(control, "no-store") || strings.Contains(control, "private") {
		return false
	}
	for name := range strings.SplitSeq(strings.Join(header.Values("Vary"), ","), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" && !slices.Contains(ownVariations, name) {
			return false
		}
	}
	return true
}

// knowsProducts says whether there is an answer to a question by a key that was good.
func (g *Gateway) knowsProducts(question productQuestion) bool {
	_, known := g.products.find(question.key)
	return known && g.keys.wasGood(question.token)
}

// lastProducts is the last known answer to a question, nil when there is none or the
// key is not known to be good.
func (g *Gateway) lastProducts(request *http.Request, question productQuestion) *http.Response {
	last, known := g.products.find(question.key)
	if !known || !g.keys.wasGood(question.token) {
		return nil
	}
	staleness := mapping.LastKnown(last.asked, time.Now())
	body, ok := mapping.WithStaleness(last.value.plain(), staleness)
	if !ok {
		return nil
	}
	response := &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{
			"Content-Type": {"application/json; charset=utf-8"}, "Cache-Control": {"no-store"}, "Age": {strconv.FormatInt(*staleness.Age, 10)},
		},
	}
	setBody(response, body)
	g.stale.WithLabelValues("products").Inc()
	return response
}

// plainSize is how long the body is when it is not packed, which one packed with gzip
// says in its last four bytes.
func (p product) plainSize() int {
	if !p.packed || len(p.body) < 4 {
		return len(p.body)
	}
	return int(binary.LittleEndian.Uint32(p.body[len(p.body)-4:]))
}

// plain is the body as it is not packed, empty where that cannot be had.
func (p product) plain() []byte {
	if !p.packed {
		return p.body
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(p.body))
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(unpacked, maxReshaped+1))
	if err != nil || len(body) > maxReshaped {
		return nil
	}
	return body
}
