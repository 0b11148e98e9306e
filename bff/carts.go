package bff

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

var (
	// cartWrites are the routes that write a shopper's cart.
	cartWrites = regexp.MustCompile(`^/store/carts(/|$)`)

	// cartRoute tells the parts of such a route: the cart, what of it, and which line.
	cartRoute = regexp.MustCompile(`(?i)^/store/carts(?:/([^/]+)(?:/([^/]+)(?:/([^/]+))?)?)?$`)
)

// cartWrite is a shopper's write of a cart, on its way through, and the hold of the
// cart that follows it. It is brought to its end also when the shopper goes away:
// what Medusa did would be known to nobody.
type cartWrite struct {
	g       *Gateway
	request *http.Request // without a body
	route   string
	body    []byte
	cartID  string // "" is one that is made
	lineID  string
}

// sendCart passes a write of a cart on to Medusa and has what is held for the cart
// follow it: the hold is renewed by every write that succeeds.
func (g *Gateway) sendCart(request *http.Request, route string) (*http.Response, error) {
	parts := cartRoute.FindStringSubmatch(path.Clean(request.URL.Path))
	if parts == nil {
		return g.medusa.PassThrough.Send(request, route)
	}
	cartID, what, lineID := parts[1], strings.ToLower(parts[2]), parts[3]
	if cartID != "" && !strings.HasPrefix(cartID, "cart_") { // as all of Medusa's; other holds have ids of their own
		return g.medusa.PassThrough.Send(request, route)
	}
	ofLines := cartID == "" || what == "line-items"
	completes := what == "complete" && lineID == "" && request.Method == http.MethodPost
	if !ofLines && !completes {
		response, err := g.medusa.PassThrough.Send(request, route)
		if err == nil && response.StatusCode < http.StatusMultipleChoices {
			g.renewCart(request.Context(), cartID)
		}
		return response, err
	}
	body, err := wholeBody(request)
	if err != nil {
		return nil, err
	}
	switch {
	case cartID != "":
		end, err := g.carts.take(request.Context(), cartID)
		if err != nil {
			return nil, err
		}
		defer end()
	case len(medusaclient.LinesAskedFor(body)) == 0:
		request.Body = io.NopCloser(bytes.NewReader(body))
		return g.medusa.PassThrough.Send(request, route)
	}
	w := &cartWrite{g: g, request: request.Clone(context.WithoutCancel(request.Context())), route: route, body: body, cartID: cartID, lineID: lineID}
	w.request.Header.Del("Accept-Encoding") // the answer is read here
	if completes {
		return w.sendCompletion()
	}
	return w.sendLines()
}

// wholeBody reads the body of a request that Medusa takes 100 KiB of.
func wholeBody(request *http.Request) ([]byte, error) {
	if request.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, maxOrderWrite+1))
	if err != nil {
		return nil, medusaclient.ErrSource
	}
	if len(body) > maxOrderWrite {
		return nil, &Error{Code: BodyTooLarge, Message: mapping.Message{Key: string(BodyTooLarge), Args: []any{maxOrderWrite}}}
	}
	return body, nil
}

// passed is an answer of Medusa's with its whole body.
type passed struct {
	*http.Response

	body []byte
}

// done says that Medusa has carried a write out.
func (p passed) done() bool { return p.Response != nil && p.StatusCode < http.StatusMultipleChoices }

// insufficient says that Medusa has refused to let a cart have so much.
func (p passed) insufficient() bool {
	if p.Response == nil {
		return false
	}
	refused := medusaclient.RefusalIn(p.StatusCode, p.body)
	return refused != nil && refused.InsufficientInventory()
}

// send sends the write as it came.
func (w *cartWrite) send() (passed, error) {
	request := w.request.Clone(w.request.Context())
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(w.body)), int64(len(w.body))
	response, err := w.g.medusa.PassThrough.Send(request, w.route) //nolint:bodyclose // readWhole closes it
	if err != nil {
		return passed{}, err
	}
	body, err := readWhole(response)
	if err != nil {
		return passed{}, hidden(err)
	}
	setBody(response, body)
	return passed{response, body}, nil
}

// sendLines passes a write of a cart's lines. The hold follows the lines that the
// cart has then. Medusa looks at what there is for the whole of a line, and counts
// what the cart itself holds against it: where it refuses, and there is enough but for
// that, the hold of the line's variant is let go and the write is sent once more. Where
// what Medusa took cannot be held, since somebody else was quicker, or no location has it
// all, the line is put back as it was, and the answer is Medusa's own for too little
// stock.
//
// Beside the write itself, which is one upstream call: one before it for a quantity
// that is changed, to know what it was; one after it to see what the variants of the
// cart take and where that is, unless the cart is empty; one where the shopper asks
// for fields of his choice, to see the cart; and one for each reservation that is
// made, or changed. One more, and one for each, where reservations are released.
func (w *cartWrite) sendLines() (*http.Response, error) {
	asked := w.asked()
	answer, err := w.send()
	refused := err == nil && answer.insufficient() && w.cartID != "" && len(asked.variants) > 0
	if err != nil || (!answer.done() && !refused) {
		return answer.Response, err
	}
	ctx, end, busy := turnOfCart(w.request.Context(), w.g.cartWork)
	switch {
	case busy != nil && refused: // that there is not enough is not known
		return nil, busy
	case busy != nil:
		w.g.cartFailed(w.request.Context(), w.cartID, busy)
		return answer.Response, nil
	}
	defer end() // what is let go in this turn is taken again in it
	w.request = w.request.WithContext(ctx)
	if refused {
		answer, err = w.sendFreed(answer, asked)
	}
	if err != nil || !answer.done() {
		return answer.Response, err
	}
	return w.holdLines(answer, asked), nil
}

// holdLines has the hold follow the lines that Medusa took, and returns what the shopper
// is told.
func (w *cartWrite) holdLines(answer passed, asked askedLines) *http.Response {
	ctx := w.request.Context()
	cart, err := w.cartIn(answer)
	var short []string
	if err == nil {
		if short, err = w.g.followCart(ctx, cart); err == nil && slices.ContainsFunc(short, asked.grows) {
			err = w.putBack(cart, asked)
			if err == nil || isInsufficientInventory(err) { // not even what it was is there any more
				w.g.holds.ofCart("refused")
				return insufficientInventory(answer)
			}
		}
	}
	switch {
	case err != nil:
		w.g.cartFailed(ctx, cart.ID, err)
	case len(short) > 0: // of what the cart had before, whose hold was over
		w.g.holds.ofCart("failed")
	default:
		w.g.holds.ofCart("held")
	}
	return answer.Response
}

// sendFreed sends a write that Medusa has refused for too little stock once more without
// what the cart itself holds, where that helps. What it holds is not put at risk for
// what there is not.
func (w *cartWrite) sendFreed(refused passed, asked askedLines) (passed, error) {
	ctx := w.request.Context()
	short, err := w.shortOf(asked)
	if err != nil || slices.ContainsFunc(short, asked.grows) {
		return refused, nil //nolint:nilerr // Medusa has answered
	}
	freed := w.g.freeCart(ctx, w.cartID, asked.variants)
	if len(freed) == 0 {
		return refused, nil
	}
	answer, err := w.send()
	if !answer.done() {
		w.g.holdAgain(ctx, w.cartID, freed)
	}
	return answer, err
}

// shortOf is the variants of which there would not be enough, beside what is held for
// the cart, if it had what is asked for.
func (w *cartWrite) shortOf(asked askedLines) ([]string, error) {
	ctx := w.request.Context()
	cart, err := w.g.medusa.Carts.Get(ctx, w.request.Header, w.cartID)
	if err != nil {
		return nil, err
	}
	lines := medusaclient.LinesAskedFor(w.body)
	if at := slices.IndexFunc(cart.Items, func(line medusaclient.CartLine) bool { return line.ID == asked.line.ID }); at >= 0 {
		cart.Items[at].Quantity = lines[0].Quantity
	} else {
		cart.Items = append(cart.Items, lines...)
	}
	plan, err := w.g.planFor(ctx, cart)
	return plan.short, err
}

// askedLines is what a write of lines asks for.
type askedLines struct {
	variants []string
	added    mapping.Quantity      // to the line of the one variant
	line     medusaclient.CartLine // that is changed, as it was; no ID: there is none, or it is not known
	grown    bool                  // whether there is to be more of it
}

// grows says whether there is to be more of a variant.
func (a askedLines) grows(variantID string) bool {
	return a.grown && slices.Contains(a.variants, variantID)
}

// asked is what the write asks for. What a line was before it is changed, Medusa is
// asked.
func (w *cartWrite) asked() askedLines {
	lines := medusaclient.LinesAskedFor(w.body)
	if w.request.Method != http.MethodPost || len(lines) == 0 {
		return askedLines{}
	}
	if w.lineID == "" {
		asked := askedLines{grown: true, added: mapping.ReadQuantity(lines[0].Quantity)}
		for _, line := range lines {
			asked.variants = append(asked.variants, line.VariantID)
		}
		return asked
	}
	cart, err := w.g.medusa.Carts.Get(w.request.Context(), w.request.Header, w.cartID)
	at := slices.IndexFunc(cart.Items, func(line medusaclient.CartLine) bool { return line.ID == w.lineID })
	if err != nil || at < 0 {
		return askedLines{}
	}
	was := cart.Items[at]
	return askedLines{
		variants: []string{was.VariantID}, line: was,
		grown: mapping.ReadQuantity(lines[0].Quantity).Cmp(mapping.ReadQuantity(was.Quantity)) > 0,
	}
}

// cartIn is the cart in an answer, which is asked for where the answer need not show
// all of it.
func (w *cartWrite) cartIn(answer passed) (medusaclient.Cart, error) {
	cart, whole := medusaclient.CartIn(answer.body)
	if whole && !w.request.URL.Query().Has("fields") {
		return cart, nil
	}
	id := w.cartID
	if id == "" {
		id = cart.ID
	}
	found, err := w.g.medusa.Carts.Get(w.request.Context(), w.request.Header, id)
	if err != nil {
		return medusaclient.Cart{ID: id}, err
	}
	return found, nil
}

// putBack undoes what Medusa took, and has the hold follow that. Of a cart that was
// made the hold is let go: nobody is told of it.
func (w *cartWrite) putBack(cart medusaclient.Cart, asked askedLines) error {
	ctx := w.request.Context()
	if w.cartID == "" {
		w.g.freeCart(ctx, cart.ID, nil)
		return nil
	}
	line, was := asked.line.ID, mapping.ReadQuantity(asked.line.Quantity)
	if line == "" {
		added := lastChanged(cart, asked.variants[0])
		line, was = added.ID, mapping.ReadQuantity(added.Quantity).Sub(asked.added)
	}
	if was.Sign() < 0 {
		was = mapping.Quantity{}
	}
	put := func() (medusaclient.Cart, error) {
		return w.g.medusa.Carts.SetQuantity(ctx, w.request.Header, cart.ID, line, was.Number())
	}
	back, err := put()
	if isInsufficientInventory(err) && len(w.g.freeCart(ctx, cart.ID, asked.variants)) > 0 {
		back, err = put()
	}
	if err != nil {
		return err
	}
	_, err = w.g.followCart(ctx, back)
	return err
}

// lastChanged is the line of a variant that was changed last: lines of one variant
// differ by their metadata.
func lastChanged(cart medusaclient.Cart, variantID string) (last medusaclient.CartLine) {
	for _, line := range cart.Items {
		if line.VariantID == variantID && line.UpdatedAt >= last.UpdatedAt {
			last = line
		}
	}
	return last
}

// insufficientInventory makes of Medusa's answer the one for too little stock.
func insufficientInventory(answer passed) *http.Response {
	answer.StatusCode, answer.Status = http.StatusBadRequest, ""
	answer.Header.Set("Content-Type", "application/json; charset=utf-8")
	answer.Header.Del("Etag")
	setBody(answer.Response, []byte(medusaclient.InsufficientInventory))
	return answer.Response
}

// sendCompletion passes the completion of a cart, and lets its hold go just before:
// Medusa reserves for the order itself, and who pays does not wait for other carts. If
// there is no order after that the hold is taken again; where that is not known, Medusa
// is asked for the cart.
//
// Beside the completion itself one upstream call to find what is held and one for
// each reservation, where there is any; if it fails, one for each again.
func (w *cartWrite) sendCompletion() (*http.Response, error) {
	ctx, end, err := turnOfCart(medusaclient.Ahead(w.request.Context()), w.g.cartPays)
	if err != nil {
		return nil, err // and nothing is let go
	}
	defer end()
	freed := w.g.freeCart(ctx, w.cartID, nil)
	answer, err := w.send()
	switch {
	case len(freed) == 0:
	case answer.done() && medusaclient.CompletedIn(answer.body):
		w.g.holds.ended("ordered", len(freed))
	case !w.completed(answer, err):
		w.g.holdAgain(ctx, w.cartID, freed)
	}
	return answer.Response, err
}

// completed says whether a cart may have become an order though its completion was
// not answered so, or may yet: what is held again would be in the way of one that still
// waits in Medusa for the cart.
func (w *cartWrite) completed(answer passed, err error) bool {
	outage, lost := errors.AsType[*medusaclient.OutageError](err)
	if (lost && outage.Reason == medusaclient.TooSlow) || (err == nil && answer.StatusCode == http.StatusConflict) {
		return true
	}
	if answer.done() || undone(answer.Response, err) {
		return false
	}
	cart, err := w.g.medusa.Carts.Get(w.request.Context(), w.request.Header, w.cartID)
	if err != nil {
		w.g.cartFailed(w.request.Context(), w.cartID, err)
	}
	return err != nil || cart.CompletedAt != nil
}

// cartFailed tells that the hold of a cart is not what the cart has. The next change
// of the cart mends it.
func (g *Gateway) cartFailed(ctx context.Context, cartID string, err error) {
	g.holds.ofCart("failed")
	g.log.WarnContext(ctx, "the stock of a cart is not held as it should be", "cartId", cartID, "error", err)
}

// turns lets what is done with one cart go one after another.
type turns struct {
	mu sync.Mutex
	of map[string]*turn // carts with which something is done
}

type turn struct {
	taken chan struct{}
	users int // who has it, or waits for it
}

func newTurns() *turns { return &turns{of: map[string]*turn{}} }

// take waits until nothing else is done with a cart.
func (t *turns) take(ctx context.Context, cartID string) (end func(), err error) {
	t.mu.Lock()
	its := t.of[cartID]
	if its == nil {
		its = &turn{taken: make(chan struct{}, 1)}
		t.of[cartID] = its
	}
	its.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if its.users--; its.users == 0 {
			delete(t.of, cartID)
		}
	}
	select {
	case its.taken <- struct{}{}:
		return func() { <-its.taken; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
