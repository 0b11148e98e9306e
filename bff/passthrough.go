package bff

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cannahub/gateway/bff/stock"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

const (
	// maxReshaped bounds an answer that is changed on its way.
	maxReshaped = 32 << 20

	// maxOrderWrite bounds the body of a write that waits for its turn: Medusa
	// takes 100 KiB.
	maxOrderWrite = 1 << 20
)

// PublishableKey is the header in which shoppers' programs name their key.
const PublishableKey = "X-Publishable-Api-Key"

var (
	// orderStock are the routes of Medusa that change what is stocked by reading
	// and writing it.
	orderStock = regexp.MustCompile(`^/admin/(orders/.+/fulfillments(/.+/cancel)?|returns/.+/receive/confirm)$`)

	// noStock are the routes whose writes change nothing that answers are held of, but
	// for the completion of a cart. What is held for a cart says so itself.
	noStock = regexp.MustCompile(`^/(auth|store/(carts|customers|payment-collections))(/|$)`)

	// openings are the routes whose writes change which locations a publishable key
	// opens.
	openings = regexp.MustCompile(`^/admin/(stock-locations|sales-channels|api-keys)(/|$)`)

	storeProduct  = regexp.MustCompile(`^/store/products/[^/]+$`)
	inventoryItem = regexp.MustCompile(`^/admin/inventory-items(/[^/]+)?$`)
)

// pass carries a client's request to Medusa and brings its answer back, whose body
// is to be closed: as it is, but for what the gateway keeps back. Writes of levels
// are refused (USE_GATEWAY_ROUTE), and no answer below /store tells of stock
// outside the locations of the caller's publishable key. An error of a write that
// may have been made says no time to try again. route names the request in metrics.
func (g *Gateway) pass(request *http.Request, route string) (*http.Response, error) {
	plain := strings.ToLower(path.Clean(request.URL.Path))
	reads := request.Method == http.MethodGet || request.Method == http.MethodHead
	if !reads && writesLevels(plain) {
		return nil, &Error{Code: UseGatewayRoute, Message: mapping.Message{Key: string(UseGatewayRoute)}}
	}
	if strings.HasPrefix(plain, "/store/") && request.Header.Get(PublishableKey) == "" && g.defaultKey != "" {
		request.Header.Set(PublishableKey, g.defaultKey)
	}
	request, reshape, err := g.reshaping(request, plain, reads)
	if err != nil {
		return nil, passError(err, false)
	}
	send := g.medusa.PassThrough.Send
	switch {
	case reads || g.store == nil:
	case orderStock.MatchString(plain):
		send = g.sendAlone
	case g.cartTTL > 0 && cartWrites.MatchString(plain):
		send = g.sendCart
	}
	response, err := send(request, route)
	written := !reads && !undone(response, err)
	if written {
		g.written(request.Context(), plain)
	}
	if err != nil {
		return nil, passError(err, written)
	}
	if reshape == nil || response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices {
		return response, nil
	}
	switch err := remake(response, reshape); {
	case err == nil:
		return response, nil
	case written:
		return nil, hidden(err)
	default:
		return nil, passError(err, false)
	}
}

// undone says that a write has certainly not happened: Medusa refused it, or did
// not get it whole.
func undone(response *http.Response, err error) bool {
	if err == nil {
		return response.StatusCode >= http.StatusBadRequest && response.StatusCode < http.StatusInternalServerError &&
			response.StatusCode != http.StatusRequestTimeout
	}
	return errors.Is(err, medusaclient.ErrSource) || errors.Is(err, stock.ErrBusy) || failedWith(err, BodyTooLarge) || isBusy(err) || medusaclient.NotDone(err)
}

// written drops what is held and may have been changed by a write, also by one
// whose answer was lost.
func (g *Gateway) written(ctx context.Context, plain string) {
	switch {
	case openings.MatchString(plain):
		g.changed(ctx, locationsChanged)
	case !noStock.MatchString(plain), strings.HasSuffix(plain, "/complete"):
		g.changed(ctx, answersChanged)
	}
}

// writesLevels takes more for writes of levels than Medusa would, so that none
// passes in whatever spelling, also where something before Medusa tidies paths. To
// run a workflow by its name can be to write levels.
func writesLevels(plain string) bool {
	return (strings.Contains(plain, "inventory-items") && strings.Contains(plain, "location-levels")) ||
		(strings.Contains(plain, "workflows-executions") && strings.HasSuffix(plain, "/run"))
}

// sendAlone sends a write of an order while no other stock changes. The caller's
// body is read and Medusa's answer too, so that nobody's slowness holds the turn.
func (g *Gateway) sendAlone(request *http.Request, route string) (response *http.Response, err error) {
	body, err := wholeBody(request)
	if err != nil {
		return nil, err
	}
	err = g.stock.Alone(request.Context(), func(ctx context.Context) (lost bool, err error) {
		alone := request.WithContext(medusaclient.Ahead(ctx)) // all changes of stock wait for it
		alone.Body, alone.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		if response, err = g.medusa.PassThrough.Send(alone, route); err != nil { //nolint:bodyclose // readWhole closes it
			return !medusaclient.NotDone(err), err
		}
		lost = response.StatusCode > http.StatusInternalServerError // said by something before Medusa
		whole, err := readWhole(response)
		if err != nil {
			return lost, hidden(err)
		}
		setBody(response, whole)
		return lost, nil
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

// reshape changes the body of an answer of Medusa's.
type reshape func(body []byte) ([]byte, error)

// reshaping is how the answer to a request is to be changed, nil when it is not,
// and what Medusa is asked for it. What that takes is asked for here, so that no
// failure of it comes after a write was made.
func (g *Gateway) reshaping(request *http.Request, plain string, reads bool) (*http.Request, reshape, error) {
	query := request.URL.RawQuery
	store := strings.HasPrefix(plain, "/store/")
	if store && reads && storeProduct.MatchString(plain) {
		query = mapping.WithVariantLevels(query)
	}
	switch {
	case store && mapping.ReachesInventory(query):
		locations, err := g.locationsOf(request.Context(), request.Header.Get(PublishableKey))
		if err != nil && !failedWith(err, Unauthorized) { // which Medusa is to say, in its own words
			return nil, nil, err
		}
		return remakeable(request, query), func(body []byte) ([]byte, error) {
			return mapping.LevelsAt(body, locations)
		}, nil
	case reads && inventoryItem.MatchString(plain):
		asked, reshape := itemReshaping(request, query, strings.Count(plain, "/") == 2)
		return asked, reshape, nil
	}
	return request, nil, nil
}

// itemReshaping translates what Medusa 1 takes in a query for inventory items.
func itemReshaping(request *http.Request, query string, list bool) (*http.Request, reshape) {
	if list {
		asked := request.Clone(request.Context())
		asked.URL.RawQuery = mapping.ReadItemsQuery(query).Raw
		return asked, nil
	}
	q := mapping.ReadItemQuery(query)
	if !q.Expand && q.LocationID == "" {
		return request, nil
	}
	return remakeable(request, q.Raw), q.Item
}

// remakeable is a request whose answer comes whole and plain: what a caller has of
// an earlier one, or how long and how it is packed, is said of what he was sent.
func remakeable(request *http.Request, query string) *http.Request {
	asked := request.Clone(request.Context())
	asked.URL.RawQuery = query
	if asked.Method == http.MethodHead {
		asked.Method = http.MethodGet
	}
	forgetWhatIsThere(asked.Header)
	return asked
}

// forgetWhatIsThere takes out of a request what would have its answer not come whole and
// plain.
func forgetWhatIsThere(header http.Header) {
	for _, name := range []string{"Accept-Encoding", "If-None-Match", "If-Modified-Since", "Range", "If-Range"} {
		header.Del(name)
	}
}

var errNotJSON = errors.New("an answer that is not JSON")

// remake changes the body of an answer, and its headers with it. An answer that
// cannot be changed is not shown.
func remake(response *http.Response, reshape reshape) error {
	body, err := readWhole(response)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		response.Body = http.NoBody
		return nil
	}
	if mediaType, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return unusable(errNotJSON)
	}
	if body, err = reshape(body); err != nil {
		return unusable(err)
	}
	setBody(response, body)
	response.Header.Set("Etag", NewJSONAnswer(body).ETag)
	response.Header.Del("Last-Modified")
	response.Header.Add("Vary", PublishableKey)
	return nil
}

// readWhole reads the body of an answer to its end and closes it.
func readWhole(response *http.Response) ([]byte, error) {
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReshaped+1))
	switch {
	case err != nil:
		return nil, unusable(err)
	case len(body) > maxReshaped:
		return nil, unusable(io.ErrShortBuffer)
	}
	return body, nil
}

func setBody(response *http.Response, body []byte) {
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	response.TransferEncoding = nil
}

// unusable is the error for an answer of Medusa's that is not what it should be.
func unusable(err error) *Error { return networkError(Broken, "NETWORK_ERROR.broken", 0, err) }

// hidden is the error for a write whose answer came and cannot be shown.
func hidden(err error) *Error {
	return &Error{Code: OutcomeUnknown, Message: mapping.Message{Key: string(OutcomeUnknown) + ".passed"}, Err: err}
}

// passError is the error for a request that could not be passed through. One that
// may have been a write is not to be sent again blindly.
func passError(err error, written bool) error {
	if errors.Is(err, medusaclient.ErrSource) {
		return &Error{Code: Canceled, Err: err}
	}
	failure := failed(err)
	switch {
	case failure.Code != NetworkError:
	case written:
		failure.RetryAfter = 0
	case failure.RetryAfter == 0:
		failure.RetryAfter = time.Second
	}
	return failure
}
