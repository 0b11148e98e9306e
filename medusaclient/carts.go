package medusaclient

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Cart is a shopper's cart. CompletedAt is nil as long as there is no order of it.
type Cart struct {
	ID             string     `json:"id"`
	SalesChannelID string     `json:"sales_channel_id"`
	CompletedAt    *string    `json:"completed_at"`
	Items          []CartLine `json:"items"`
}

// CartLine is so many units of a variant in a cart, whole ones: Medusa rounds.
// VariantID is empty where the line is of none.
type CartLine struct {
	ID        string `json:"id"`
	VariantID string `json:"variant_id"`
	Quantity  Number `json:"quantity"`
	UpdatedAt string `json:"updated_at"`
}

const cartFields = "id,sales_channel_id,completed_at,items.id,items.variant_id,items.quantity,items.updated_at"

// InsufficientInventory is what Medusa answers, with status 400, when a cart is to
// have more than there is.
const InsufficientInventory = `{"code":"insufficient_inventory","type":"not_allowed","message":"Some variant does not have the required inventory"}`

// InsufficientInventory says that Medusa refused to let a cart have so much.
func (e *Error) InsufficientInventory() bool {
	return e.Status == http.StatusBadRequest && e.Code == "insufficient_inventory"
}

// RefusalIn is the refusal in an answer that was passed through, nil where it is
// none.
func RefusalIn(status int, body []byte) *Error {
	if status < http.StatusBadRequest {
		return nil
	}
	return refusal("", status, body)
}

type cartAnswer struct {
	Cart   Cart `json:"cart"`
	Parent Cart `json:"parent"` // of a line that was removed
}

// CartIn is the cart in an answer of a route below /store/carts that was asked for
// no fields by name. It is not whole where the answer is another one.
func CartIn(body []byte) (cart Cart, whole bool) {
	var answer cartAnswer
	if decode(body, &answer) != nil {
		return Cart{}, false
	}
	cart = answer.Cart
	if cart.ID == "" {
		cart = answer.Parent
	}
	return cart, cart.ID != "" && cart.SalesChannelID != "" && cart.Items != nil
}

// LinesAskedFor are the lines that the body of a write below /store/carts asks
// for: those of a new cart, or the one that is added or changed.
func LinesAskedFor(body []byte) []CartLine {
	var asked struct {
		CartLine
		Items []CartLine `json:"items"`
	}
	switch {
	case decode(body, &asked) != nil:
		return nil
	case len(asked.Items) > 0:
		return asked.Items
	case asked.Quantity == "":
		return nil
	}
	return []CartLine{asked.CartLine}
}

// CompletedIn says whether an answer that was passed through tells of the order
// that a cart has become.
func CompletedIn(body []byte) bool {
	var answer struct {
		Type string `json:"type"`
	}
	return decode(body, &answer) == nil && answer.Type == "order"
}

// Carts are the calls below /store/carts that are made for a shopper. They go as
// the shopper's own requests do, with what the headers of one of them say of who he
// is.
type Carts struct{ through *PassThrough }

// shopperHeaders say who a shopper is.
var shopperHeaders = []string{
	"X-Publishable-Api-Key", "Authorization", "Cookie", "X-Request-Id", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
}

// Get reads a cart.
func (c *Carts) Get(ctx context.Context, shopper http.Header, id string) (Cart, error) {
	return c.ask(ctx, shopper, http.MethodGet, "/store/carts/:id", "/store/carts/"+url.PathEscape(id), nil)
}

// SetQuantity gives a line of a cart another quantity, 0 to remove it, and returns
// the cart as it is then. The error is InsufficientInventory when there is not so
// much.
func (c *Carts) SetQuantity(ctx context.Context, shopper http.Header, id, lineID string, quantity Number) (Cart, error) {
	body, err := json.Marshal(map[string]Number{"quantity": quantity})
	if err != nil {
		return Cart{}, err
	}
	return c.ask(ctx, shopper, http.MethodPost, "/store/carts/:id/line-items/:line_id",
		"/store/carts/"+url.PathEscape(id)+"/line-items/"+url.PathEscape(lineID), body)
}

func (c *Carts) ask(ctx context.Context, shopper http.Header, method, route, path string, body []byte) (Cart, error) {
	k := call{method: method, route: route, path: newQuery(path, cartFields).String()}
	request, err := http.NewRequestWithContext(ctx, method, k.path, bytes.NewReader(body))
	if err != nil {
		return Cart{}, err
	}
	for _, name := range shopperHeaders {
		if values, sent := shopper[name]; sent {
			request.Header[name] = values
		}
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.through.Send(request, route)
	if err != nil {
		return Cart{}, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer bytes.Buffer
	if err := readBounded(&answer, response.Body, response.ContentLength); err != nil {
		return Cart{}, outageOf(k, err, false)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return Cart{}, refusal(k.endpoint(), response.StatusCode, answer.Bytes())
	}
	cart, whole := CartIn(answer.Bytes())
	if !whole {
		return Cart{}, &OutageError{Endpoint: k.endpoint(), Reason: Nonsense, Err: errNotWhole}
	}
	return cart, nil
}
