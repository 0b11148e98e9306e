package bff

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"golang.org/x/sync/semaphore"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	scarce                  = "variant_rareza_siete" // 10 on the shop floor
	scarceItem              = "iitem_rareza_siete"
	kit                     = "variant_kit_armado" // 3 on the shop floor: 2 of 11 papers and 3 of 9 filters each
	cartsLast               = 30 * time.Minute
	reservationsOfCatalogue = 9

	linesAdded = "/store/carts/*/line-items"
)

// holding gives a gateway carts that hold stock.
func holding(c *Config) { c.CartHoldTTL = cartsLast }

// carted is a shop whose carts hold stock, in a time of its own.
func carted(t testing.TB) (*shop, *clock) {
	t.Helper()
	s, clock := prepared(t, with(openStore(t, newDatabase(t))), holding), &clock{}
	s.now = clock.now
	return working(t, s), clock
}

// said is an answer to a shopper.
type said struct {
	status int
	text   string
}

// pass sends a shopper's request through the gateway.
func (s *shop) pass(ctx context.Context, method, path, body string) (said, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://gateway"+path, strings.NewReader(body))
	if err != nil {
		return said{}, err
	}
	request.Header.Set(PublishableKey, shopKey)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := s.Pass(request, "/store/*")
	if err != nil {
		return said{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return said{response.StatusCode, string(text)}, err
}

// must passes a request that succeeds.
func (s *shop) must(t testing.TB, method, path, body string) gjson.Result {
	t.Helper()
	answer, err := s.pass(t.Context(), method, path, body)
	require.NoError(t, err, "%s %s", method, path)
	require.Equal(t, http.StatusOK, answer.status, "%s %s: %s", method, path, answer.text)
	return gjson.Parse(answer.text)
}

func (s *shop) newCart(t testing.TB) string {
	t.Helper()
	id := s.must(t, http.MethodPost, "/store/carts", `{"email":"ana@cannahub.test"}`).Get("cart.id").String()
	s.medusa.ResetCalls()
	return id
}

func toAdd(variant string, quantity int) string {
	return fmt.Sprintf(`{"variant_id":%q,"quantity":%d}`, variant, quantity)
}

// add adds to a cart and returns the id of its last line.
func (s *shop) add(t testing.TB, cart, variant string, quantity int) (line string) {
	t.Helper()
	items := s.must(t, http.MethodPost, "/store/carts/"+cart+"/line-items", toAdd(variant, quantity)).Get("cart.items").Array()
	return items[len(items)-1].Get("id").String()
}

func (s *shop) changeCart(t testing.TB, cart, line string, quantity int) {
	t.Helper()
	s.must(t, http.MethodPost, "/store/carts/"+cart+"/line-items/"+line, fmt.Sprintf(`{"quantity":%d}`, quantity))
}

// requireRefused asserts that there is too little stock for a request, in Medusa's
// words.
func (s *shop) requireRefused(t testing.TB, path, body string) {
	t.Helper()
	answer, err := s.pass(t.Context(), http.MethodPost, path, body)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, answer.status, answer.text)
	require.JSONEq(t, `{"code":"insufficient_inventory","type":"not_allowed","message":"Some variant does not have the required inventory"}`, answer.text)
}

func (s *shop) requireLines(t testing.TB, cart string, lines map[string]float64) {
	t.Helper()
	require.Equal(t, lines, s.medusa.CartLines(cart), "what the cart has in Medusa")
}

// heldBy is what a cart holds, "item location quantity" of each line.
func (s *shop) heldBy(t testing.TB, cart string) []string {
	t.Helper()
	holds, err := s.store.HoldsOfCart(t.Context(), cart)
	require.NoError(t, err)
	lines := []string{}
	for _, hold := range holds {
		for _, line := range hold.Lines {
			if line.Stage == state.Held {
				lines = append(lines, fmt.Sprint(line.InventoryItemID, " ", line.LocationID, " ", line.Quantity))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func TestACartHoldsItsLines(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 2)
	s.requireReserved(t, scarceItem, shopFloor, 2)
	require.Equal(t, []string{"POST /store/carts/" + cart + "/line-items", "GET /admin/product-variants", "POST /admin/reservations"}, s.paths())
	require.Empty(t, s.medusa.Calls()[0].Header.Get("Accept-Encoding"), "the answer has to be read")

	s.medusa.ResetCalls()
	s.add(t, cart, scarce, 1)
	s.requireReserved(t, scarceItem, shopFloor, 3)
	require.Len(t, s.medusa.Calls(), 3, "%v", s.paths())

	s.medusa.ResetCalls()
	s.changeCart(t, cart, line, 5)
	s.requireReserved(t, scarceItem, shopFloor, 5)
	require.Len(t, s.medusa.Calls(), 4, "%v", s.paths())
	s.changeCart(t, cart, line, 1)
	s.requireReserved(t, scarceItem, shopFloor, 1)
	require.Equal(t, []string{"iitem_rareza_siete sloc_high_up 1"}, s.heldBy(t, cart))

	s.medusa.ResetCalls()
	removed := s.must(t, http.MethodDelete, "/store/carts/"+cart+"/line-items/"+line, "")
	require.True(t, removed.Get("deleted").Bool(), "Medusa's own answer: %s", removed)
	s.requireReserved(t, scarceItem, shopFloor, 0)
	require.Len(t, s.medusa.Calls(), 3, "%v", s.paths())
	require.Empty(t, s.heldBy(t, cart))
	require.Equal(t, reservationsOfCatalogue, s.medusa.Rows()["reservation_item"], "reservations that are left")

	line = s.add(t, cart, scarce, 2)
	s.changeCart(t, cart, line, 0)
	s.requireReserved(t, scarceItem, shopFloor, 0)
}

// What Medusa counts against a cart is what the cart holds itself.
func TestACartsOwnHoldIsNotInItsWay(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 6)
	s.changeCart(t, cart, line, 10)
	s.requireReserved(t, scarceItem, shopFloor, 10)
	s.changeCart(t, cart, line, 8)
	s.requireReserved(t, scarceItem, shopFloor, 8)
	s.add(t, cart, scarce, 2)
	s.requireReserved(t, scarceItem, shopFloor, 10)
	s.requireRefused(t, "/store/carts/"+cart+"/line-items", toAdd(scarce, 1))
	s.requireReserved(t, scarceItem, shopFloor, 10)
	s.requireRefused(t, "/store/carts/"+cart+"/line-items/"+line, `{"quantity":11}`)
	s.requireReserved(t, scarceItem, shopFloor, 10)
	s.requireLines(t, cart, map[string]float64{scarce: 10})

	query, faults := mapping.ParseCart([]byte(fmt.Sprintf(`{"items":[{"variantId":%q,"quantity":10}],"cartId":%q}`, scarce, cart)))
	require.Empty(t, faults)
	answer, err := s.ValidateCart(t.Context(), shopper(shopKey), query)
	require.NoError(t, err)
	require.True(t, gjson.GetBytes(answer.JSON, "isValid").Bool(), "%s", answer.JSON)
}

func TestTwoCartsAndTheLastUnit(t *testing.T) {
	s, _ := carted(t)
	s.medusa.SetLevel(scarceItem, shopFloor, medusatest.Quantities{Stocked: 1})
	first, second := s.newCart(t), s.newCart(t)
	s.add(t, first, scarce, 1)
	s.requireRefused(t, "/store/carts/"+second+"/line-items", toAdd(scarce, 1))
	s.requireLines(t, second, map[string]float64{})
	require.Equal(t, "order", s.must(t, http.MethodPost, "/store/carts/"+first+"/complete", "").Get("type").String())
	s.requireReserved(t, scarceItem, shopFloor, 1)
}

// Medusa takes the last unit for each of many carts, of which one gets it.
func TestManyCartsAndTheLastUnitAtOnce(t *testing.T) {
	s, _ := carted(t)
	s.medusa.SetLevel(scarceItem, shopFloor, medusatest.Quantities{Stocked: 1})
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses, carts := map[int]int{}, []string{}
	for range 8 {
		carts = append(carts, s.newCart(t))
	}
	for _, cart := range carts {
		all.Go(func() {
			answer, err := s.pass(context.Background(), http.MethodPost, "/store/carts/"+cart+"/line-items", toAdd(scarce, 1))
			if assert.NoError(t, err) {
				mu.Lock()
				defer mu.Unlock()
				statuses[answer.status]++
			}
		})
	}
	all.Wait()
	require.Equal(t, map[int]int{http.StatusOK: 1, http.StatusBadRequest: 7}, statuses)
	s.requireReserved(t, scarceItem, shopFloor, 1)
	units := 0.0
	for _, cart := range carts {
		units += s.medusa.CartLines(cart)[scarce]
	}
	require.InDelta(t, 1, units, 0, "units in carts")
}

func TestAKitInACartHoldsEachOfItsItems(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, kit, 2)
	require.Equal(t, []string{"iitem_kit_filtro sloc_high_up 6", "iitem_kit_papel sloc_high_up 4"}, s.heldBy(t, cart), "at one location, though the other has more papers")
	s.add(t, cart, kit, 1)
	s.requireReserved(t, "iitem_kit_filtro", shopFloor, 9)
	s.requireRefused(t, "/store/carts/"+cart+"/line-items/"+line, `{"quantity":4}`)
	require.Equal(t, []string{"iitem_kit_filtro sloc_high_up 9", "iitem_kit_papel sloc_high_up 6"}, s.heldBy(t, cart))
}

// A kit of which one item is gone holds nothing of the other.
func TestOfAKitAllOrNothingIsHeld(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: linesAdded, Times: 1}, quickerThan(s, "iitem_kit_filtro", 9))
	s.requireRefused(t, "/store/carts/"+cart+"/line-items", toAdd(kit, 1))
	require.Empty(t, s.heldBy(t, cart))
	s.requireReserved(t, "iitem_kit_papel", shopFloor, 0)
	s.requireLines(t, cart, map[string]float64{})
}

// Where the line cannot be put back either, a kit keeps what it had of each item.
func TestAKitOfWhichOneItemIsShortGrowsInNone(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	s.add(t, cart, kit, 1)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: linesAdded, Times: 1}, quickerThan(s, "iitem_kit_filtro", 6))
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: linesAdded + "/*"}, medusatest.Cut())
	s.add(t, cart, kit, 1)
	require.Equal(t, []string{"iitem_kit_filtro sloc_high_up 3", "iitem_kit_papel sloc_high_up 2"}, s.heldBy(t, cart))
	s.requireReserved(t, "iitem_kit_papel", shopFloor, 2)
}

// quickerThan reserves for somebody else just after Medusa took a line.
func quickerThan(s *shop, item string, quantity float64) medusatest.Failure {
	return func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		medusa.ServeHTTP(w, r)
		s.medusa.Reserve(item, shopFloor, quantity)
	}
}

// Medusa looks at each of them as if there were no other.
func TestVariantsThatShareAnItemAreAddedUp(t *testing.T) {
	s, _ := carted(t)
	s.medusa.SetLevel("iitem_preroll", shopFloor, medusatest.Quantities{Stocked: 20, Reserved: 8})
	s.medusa.SetLevel("iitem_preroll", warehouse, medusatest.Quantities{})
	cart := s.newCart(t)
	s.add(t, cart, "variant_preroll_1", 7)
	s.requireRefused(t, "/store/carts/"+cart+"/line-items", toAdd("variant_preroll_6", 1))
	s.requireReserved(t, preroll, shopFloor, 8+7)
	s.requireLines(t, cart, map[string]float64{"variant_preroll_1": 7})
	s.add(t, cart, "variant_preroll_1", 5)
	s.requireReserved(t, preroll, shopFloor, 20)
}

// What is not counted, and what is sold without any, is not held.
func TestWhatNeedsNoStockIsNotHeld(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	s.add(t, cart, "variant_consulta", 3)
	s.add(t, cart, "variant_backorder", 500)
	s.add(t, cart, "variant_preroll_12", 100)
	require.Empty(t, s.heldBy(t, cart))
	s.must(t, http.MethodPost, "/store/carts/"+cart+"/complete", "")
}

// 12 on the shop floor, 60 in the warehouse: Medusa takes 70 and would fail to
// complete it, since it reserves at one location.
func TestWhatNoLocationHasAllOfIsRefused(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	s.requireRefused(t, "/store/carts/"+cart+"/line-items", toAdd("variant_bd_14g", 70))
	s.requireLines(t, cart, map[string]float64{})
	line := s.add(t, cart, "variant_bd_14g", 40)
	s.requireRefused(t, "/store/carts/"+cart+"/line-items/"+line, `{"quantity":70}`)
	s.requireLines(t, cart, map[string]float64{"variant_bd_14g": 40})
	require.Equal(t, []string{"iitem_bd_14g sloc_deposito 40"}, s.heldBy(t, cart))
}

// Of one location before another, and never of one outside the cart's sales channel.
func TestWhereACartHolds(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 1)
	s.add(t, cart, "variant_bd_14g", 2)
	require.Equal(t, []string{"iitem_bd_14g sloc_high_up 2", "iitem_rareza_siete sloc_high_up 1"}, s.heldBy(t, cart), "where the cart holds already")
	other := s.add(t, cart, "variant_bd_14g", 20)
	require.Equal(t, []string{"iitem_bd_14g sloc_deposito 22", "iitem_rareza_siete sloc_high_up 1"}, s.heldBy(t, cart), "where there is so much")
	s.requireReserved(t, "iitem_bd_14g", shopFloor, 0)
	s.changeCart(t, cart, other, 60)
	s.requireReserved(t, "iitem_bd_14g", warehouse, 60)
	s.must(t, http.MethodDelete, "/store/carts/"+cart+"/line-items/"+line, "")
	require.Equal(t, []string{"iitem_bd_14g sloc_deposito 60"}, s.heldBy(t, cart))
}

// Lines of one variant differ by their metadata.
func TestTwoLinesOfOneVariant(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 4)
	s.must(t, http.MethodPost, "/store/carts/"+cart+"/line-items", `{"variant_id":"variant_rareza_siete","quantity":3,"metadata":{"regalo":true}}`)
	s.requireReserved(t, scarceItem, shopFloor, 7)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: linesAdded, Times: 1}, quickerThan(s, scarceItem, 3))
	s.requireRefused(t, "/store/carts/"+cart+"/line-items", `{"variant_id":"variant_rareza_siete","quantity":1,"metadata":{"regalo":true}}`)
	s.requireReserved(t, scarceItem, shopFloor, 10)
	s.requireLines(t, cart, map[string]float64{scarce: 7})
	s.must(t, http.MethodDelete, "/store/carts/"+cart+"/line-items/"+line, "")
	s.requireLines(t, cart, map[string]float64{scarce: 3})
	s.requireReserved(t, scarceItem, shopFloor, 6)
}

func TestACartThatIsMadeWithLinesHoldsThem(t *testing.T) {
	s, _ := carted(t)
	cart := s.must(t, http.MethodPost, "/store/carts", `{"items":[`+toAdd(scarce, 2)+`,`+toAdd(kit, 1)+`]}`).Get("cart.id").String()
	require.Equal(t, []string{"iitem_kit_filtro sloc_high_up 3", "iitem_kit_papel sloc_high_up 2", "iitem_rareza_siete sloc_high_up 2"}, s.heldBy(t, cart))
	reserved := s.medusa.Rows()["reservation_item"]
	s.requireRefused(t, "/store/carts", `{"items":[`+toAdd(kit, 1)+`,`+toAdd("variant_bd_14g", 70)+`]}`)
	require.Equal(t, reserved, s.medusa.Rows()["reservation_item"], "what is held for a cart that nobody knows of")
}

// A shopper's program that asks for fields of its choice is answered with those.
func TestAnAnswerThatShowsNoLines(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	answer := s.must(t, http.MethodPost, "/store/carts/"+cart+"/line-items?fields=email", toAdd(scarce, 2))
	require.JSONEq(t, fmt.Sprintf(`{"cart":{"id":%q,"email":"ana@cannahub.test"}}`, cart), answer.Raw)
	require.Len(t, s.medusa.Calls(), 4, "%v", s.paths())
	s.requireReserved(t, scarceItem, shopFloor, 2)
	s.must(t, http.MethodPost, "/store/carts?fields=id", `{"items":[`+toAdd(scarce, 3)+`]}`)
	s.requireReserved(t, scarceItem, shopFloor, 5)
}

func TestACompletedCartHoldsNothingMore(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	s.add(t, cart, scarce, 10)
	s.add(t, cart, kit, 3)
	s.medusa.ResetCalls()
	order := s.must(t, http.MethodPost, "/store/carts/"+cart+"/complete", "").Get("order.id").String()
	require.Len(t, s.medusa.Calls(), 1+1+3, "%v", s.paths())
	s.requireReserved(t, scarceItem, shopFloor, 10)
	s.requireReserved(t, "iitem_kit_filtro", shopFloor, 9)
	require.Empty(t, s.heldBy(t, cart))
	require.InDelta(t, 3, s.ended(t, "ordered"), 0)
	s.medusa.ResetCalls()
	require.Equal(t, order, s.must(t, http.MethodPost, "/store/carts/"+cart+"/complete", "").Get("order.id").String())
	require.Len(t, s.medusa.Calls(), 1, "%v", s.paths())
	s.requireReserved(t, scarceItem, shopFloor, 10)
	require.Len(t, s.medusa.Orders(), 1)
}

func TestACartCompletedSixTimesAtOnceIsOneOrder(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	s.add(t, cart, scarce, 10)
	var all sync.WaitGroup
	orders := make([]string, 6)
	for i := range orders {
		all.Go(func() {
			answer, err := s.pass(context.Background(), http.MethodPost, "/store/carts/"+cart+"/complete", "")
			if assert.NoError(t, err) && assert.Equal(t, http.StatusOK, answer.status, answer.text) {
				orders[i] = gjson.Get(answer.text, "order.id").String()
			}
		})
	}
	all.Wait()
	require.Equal(t, s.medusa.Orders(), slices.Compact(orders))
	s.requireReserved(t, scarceItem, shopFloor, 10)
	require.Empty(t, s.heldBy(t, cart))
	require.Empty(t, s.carts.of, "turns that nobody has")
}

// Whoever is not served keeps what is held for him.
func TestACartThatIsNotCompletedHoldsAgain(t *testing.T) {
	completions := medusatest.Match{Method: http.MethodPost, Path: "/store/carts/*/complete", Times: 1}
	for name, test := range map[string]struct {
		failure medusatest.Failure
		status  int // 0: no answer
	}{
		"refused":          {medusatest.Answer(http.StatusBadRequest, `{"type":"not_allowed","message":"Not enough stock"}`), http.StatusBadRequest},
		"payment needed":   {medusatest.Answer(http.StatusOK, `{"type":"cart","cart":{"id":"x"},"error":{"message":"pay"}}`), http.StatusOK},
		"failing":          {medusatest.Answer(http.StatusInternalServerError, `{"type":"unknown_error","message":"..."}`), http.StatusInternalServerError},
		"never reached it": {medusatest.Cut(), 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := carted(t)
			cart := s.newCart(t)
			s.add(t, cart, scarce, 10)
			s.medusa.Fail(completions, test.failure)
			answer, err := s.pass(t.Context(), http.MethodPost, "/store/carts/"+cart+"/complete", "")
			if test.status == 0 {
				requireCode(t, NetworkError, err)
			} else {
				require.NoError(t, err)
				require.Equal(t, test.status, answer.status)
			}
			require.Equal(t, []string{"iitem_rareza_siete sloc_high_up 10"}, s.heldBy(t, cart))
			s.requireReserved(t, scarceItem, shopFloor, 10)
			s.must(t, http.MethodPost, "/store/carts/"+cart+"/complete", "")
			s.requireReserved(t, scarceItem, shopFloor, 10)
			require.Empty(t, s.heldBy(t, cart))
		})
	}
}

// What is held again would be in the way of a completion that waits in Medusa.
func TestACartWhoseCompletionIsUnderWayIsNotHeldAgain(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	s.add(t, cart, scarce, 10)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: "/store/carts/*/complete", Times: 1},
		medusatest.Answer(http.StatusConflict, `{"type":"conflict","message":"..."}`))
	answer, err := s.pass(t.Context(), http.MethodPost, "/store/carts/"+cart+"/complete", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusConflict, answer.status)
	require.Empty(t, s.heldBy(t, cart))
	s.requireReserved(t, scarceItem, shopFloor, 0)
}

func TestALineThatGrewWhileSomebodyElseWasQuickerIsRefused(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 6)
	again := medusatest.Match{Method: http.MethodPost, Path: linesAdded + "/*", After: 1, Times: 1} // once the hold is let go
	s.medusa.Fail(again, quickerThan(s, scarceItem, 10))
	s.requireRefused(t, "/store/carts/"+cart+"/line-items/"+line, `{"quantity":10}`)
}

func TestWhoAsksForMoreThanThereIsKeepsWhatHeHas(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 6)
	s.medusa.ResetCalls()
	s.requireRefused(t, "/store/carts/"+cart+"/line-items/"+line, `{"quantity":11}`)
	require.Equal(t, []string{"iitem_rareza_siete sloc_high_up 6"}, s.heldBy(t, cart))
	for _, call := range s.medusa.Calls() {
		require.NotEqual(t, http.MethodDelete, call.Method, "what he has could have been somebody else's in between")
	}
}

func TestOtherHoldsAreNoCarts(t *testing.T) {
	s, _ := carted(t)
	id, _ := s.reserved(t, `{"items":[{"inventoryItemId":"`+scarceItem+`","locationId":"`+shopFloor+`","quantity":10}]}`)
	_, _ = s.pass(t.Context(), http.MethodPost, "/store/carts/"+strings.TrimPrefix(id, mapping.HoldIDPrefix)+"/complete", "")
	hold, err := s.store.Hold(t.Context(), id)
	require.NoError(t, err, "anybody lets go what somebody else holds")
	require.Equal(t, state.Held, hold.Lines[0].Stage)
}

// A line's number is given again; what was seen of the line before must not end the
// reservation of the one after it.
func TestALateReleaseLeavesAloneWhatHasItsNumberNow(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	s.add(t, cart, scarce, 3)
	late, err := s.changeHold(t.Context(), cartHoldID(cart), func(hold *state.Hold) (*state.Answer, error) {
		hold.Lines[0].Stage, hold.Lines[0].Since = state.Releasing, s.now()
		return nil, nil
	})
	require.NoError(t, err)
	_, err = s.releaseLines(t.Context(), late, s.account.Do)
	require.NoError(t, err)
	s.add(t, cart, scarce, 1)
	s.requireReserved(t, scarceItem, shopFloor, 4)
	_, err = s.releaseLines(t.Context(), late, s.account.Do)
	require.NoError(t, err)
	s.requireReserved(t, scarceItem, shopFloor, 4)
}

// The order is made and its answer is lost.
func TestACompletionWhoseAnswerIsLostIsNotHeldAgain(t *testing.T) {
	completions := medusatest.Match{Method: http.MethodPost, Path: "/store/carts/*/complete", Times: 1}
	for name, look := range map[string]medusatest.Failure{"and Medusa is asked": nil, "and Medusa cannot be asked": medusatest.Cut()} {
		t.Run(name, func(t *testing.T) {
			s, _ := carted(t)
			cart := s.newCart(t)
			s.add(t, cart, scarce, 4)
			s.medusa.Fail(completions, silently)
			if look != nil {
				s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Path: "/store/carts/*"}, look)
			}
			_, err := s.pass(t.Context(), http.MethodPost, "/store/carts/"+cart+"/complete", "")
			requireCode(t, NetworkError, err)
			require.Len(t, s.medusa.Orders(), 1)
			s.requireReserved(t, scarceItem, shopFloor, 4)
			require.Empty(t, s.heldBy(t, cart))
		})
	}
}

// discarded takes an answer that nobody gets.
type discarded struct{}

func (discarded) Header() http.Header         { return http.Header{} }
func (discarded) WriteHeader(int)             {}
func (discarded) Write(p []byte) (int, error) { return len(p), nil }

func TestAHoldOfACartLastsFromItsLastChange(t *testing.T) {
	s, clock := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 3)
	tend := func() { require.NoError(t, s.tendHold(t.Context(), cartHoldID(cart))) }
	for _, change := range []func(){
		func() { s.changeCart(t, cart, line, 4) },
		func() { s.must(t, http.MethodPost, "/store/carts/"+cart, `{"email":"otra@cannahub.test"}`) },
		func() { s.add(t, cart, "variant_consulta", 1) },
	} {
		clock.forward.Add(int64(cartsLast - time.Minute))
		tend()
		change()
	}
	clock.forward.Add(int64(cartsLast - time.Minute))
	tend()
	s.requireReserved(t, scarceItem, shopFloor, 4)
	clock.forward.Add(int64(2 * time.Minute))
	tend()
	s.requireReserved(t, scarceItem, shopFloor, 0)
	require.InDelta(t, 1, s.ended(t, "expired"), 0)

	// The cart is there yet. Its next change holds all of it again, as far as it is there.
	s.add(t, cart, kit, 1)
	require.Equal(t, []string{"iitem_kit_filtro sloc_high_up 3", "iitem_kit_papel sloc_high_up 2", "iitem_rareza_siete sloc_high_up 4"}, s.heldBy(t, cart))
	s.must(t, http.MethodPost, "/store/carts/"+cart+"/complete", "")
	s.requireReserved(t, scarceItem, shopFloor, 4)
}

// What an abandoned cart had is somebody else's by now. Its other lines can be changed.
func TestACartWhoseStockIsGoneCanBeChanged(t *testing.T) {
	s, clock := carted(t)
	cart, other := s.newCart(t), s.newCart(t)
	line := s.add(t, cart, scarce, 3)
	clock.forward.Add(int64(cartsLast + time.Minute))
	require.NoError(t, s.tendHold(t.Context(), cartHoldID(cart)))
	s.add(t, other, scarce, 10)
	consulting := s.add(t, cart, "variant_bd_14g", 1)
	require.Equal(t, []string{"iitem_bd_14g sloc_deposito 1"}, s.heldBy(t, cart))
	require.InDelta(t, 1, s.cartChanges(t, "failed"), 0, "it does not hold all that it has")
	require.InDelta(t, 2, s.cartChanges(t, "held"), 0)
	s.must(t, http.MethodDelete, "/store/carts/"+cart+"/line-items/"+consulting, "")
	s.requireRefused(t, "/store/carts/"+cart+"/line-items/"+line, `{"quantity":4}`)
	s.requireLines(t, cart, map[string]float64{scarce: 3})
	answer, err := s.pass(t.Context(), http.MethodPost, "/store/carts/"+cart+"/complete", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, answer.status, "sold twice: %s", answer.text)
	s.requireReserved(t, scarceItem, shopFloor, 10)
}

// Holds that somebody made under the id of the cart stay that one's own.
func TestAHoldMadeUnderACartsIDIsNotTheCarts(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	id, _ := s.reserved(t, fmt.Sprintf(`{"items":[{"variantId":%q,"quantity":2}],"cartId":%q}`, scarce, cart))
	line := s.add(t, cart, scarce, 5)
	s.requireReserved(t, scarceItem, shopFloor, 7)
	s.must(t, http.MethodDelete, "/store/carts/"+cart+"/line-items/"+line, "")
	s.requireReserved(t, scarceItem, shopFloor, 2)
	require.InDelta(t, 2, s.reservation(t, id).Get("reservations.0.quantity").Float(), 0)
}

// At each call that a change makes Medusa fails, by an error and by silence: the
// line stays, as Medusa says. What is held is never more than the stock, and not for
// longer than the hold lasts.
func TestMedusaFailsAtEachCallOfAChange(t *testing.T) {
	for name, failure := range map[string]medusatest.Failure{
		"by an error": medusatest.Answer(http.StatusInternalServerError, `{"type":"unknown_error","message":"..."}`), "in silence": silently, "without doing it": medusatest.Cut(),
	} {
		for _, match := range []medusatest.Match{
			{Method: http.MethodGet, Path: "/store/carts/*"},
			{Method: http.MethodGet, Path: "/admin/product-variants"},
			reservationsMade, reservationsChanged, reservationsDeleted,
			{Method: http.MethodGet, Path: "/admin/reservations"},
		} {
			t.Run(match.Method+" "+match.Path+" fails "+name, func(t *testing.T) {
				s, clock := carted(t)
				cart := s.newCart(t)
				first := s.add(t, cart, "variant_bd_14g", 1)
				line := s.add(t, cart, scarce, 3)
				lift := s.medusa.Fail(match, failure)
				s.add(t, cart, kit, 1)
				s.changeCart(t, cart, line, 4)
				s.must(t, http.MethodDelete, "/store/carts/"+cart+"/line-items/"+first, "")
				s.requireLines(t, cart, map[string]float64{scarce: 4, kit: 1})
				lift()
				require.Eventually(t, func() bool { // once the breaker lets it through
					s.must(t, http.MethodPost, "/store/carts/"+cart+"/line-items/"+line, `{"quantity":5}`)
					return slices.Equal(s.heldBy(t, cart), []string{"iitem_kit_filtro sloc_high_up 3", "iitem_kit_papel sloc_high_up 2", "iitem_rareza_siete sloc_high_up 5"})
				}, patience, 50*time.Millisecond, "the next change does not mend it")
				clock.forward.Add(int64(2 * time.Minute)) // nothing can land any more
				require.NoError(t, s.tendHold(t.Context(), cartHoldID(cart)))
				s.requireReserved(t, scarceItem, shopFloor, 5)
				s.requireReserved(t, "iitem_kit_filtro", shopFloor, 3)
				s.requireReserved(t, "iitem_bd_14g", warehouse, 0)
				s.must(t, http.MethodPost, "/store/carts/"+cart+"/complete", "")
				s.requireReserved(t, scarceItem, shopFloor, 5)
				require.Empty(t, s.heldBy(t, cart))
			})
		}
	}
}

// silently does what it is asked, and does not answer.
func silently(_ http.ResponseWriter, r *http.Request, medusa http.Handler) {
	medusa.ServeHTTP(discarded{}, r)
	panic(http.ErrAbortHandler)
}

// What Medusa changed without an answer is set right by the next change, also where
// the cart is by then as it was before.
func TestAReservationWhoseChangeWasNotAnsweredIsSetRight(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 3)
	changed := reservationsChanged
	changed.Times = 1
	s.medusa.Fail(changed, silently)
	s.changeCart(t, cart, line, 4)
	s.requireReserved(t, scarceItem, shopFloor, 4)
	s.changeCart(t, cart, line, 3)
	s.requireReserved(t, scarceItem, shopFloor, 3)
}

// Medusa takes so long that the reservation is taken for abandoned.
func TestALineThatIsReservedTooLateIsNotHeld(t *testing.T) {
	s, clock := carted(t)
	cart := s.newCart(t)
	made := reservationsMade
	made.Times = 1
	var tended error
	s.medusa.Fail(made, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		clock.forward.Add(int64(holdLease))
		tended = s.tendHold(context.Background(), cartHoldID(cart))
		medusa.ServeHTTP(w, r)
	})
	s.add(t, cart, scarce, 1)
	require.ErrorIs(t, tended, errNotYet)
	require.Empty(t, s.heldBy(t, cart))
	require.InDelta(t, 1, s.cartChanges(t, "failed"), 0)
	clock.forward.Add(int64(holdOver))
	require.NoError(t, s.tendHold(t.Context(), cartHoldID(cart)))
	s.requireReserved(t, scarceItem, shopFloor, 0)
}

// Somebody else is quicker, and then Medusa does not answer: the line stays without a
// hold, as the shopper is told.
func TestALineThatCannotBePutBackStays(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: linesAdded, Times: 1}, quickerThan(s, scarceItem, 10))
	lift := s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: linesAdded + "/*"}, medusatest.Cut())
	line := s.add(t, cart, scarce, 1)
	lift()
	s.requireLines(t, cart, map[string]float64{scarce: 1})
	require.Empty(t, s.heldBy(t, cart))
	require.InDelta(t, 1, s.cartChanges(t, "failed"), 0)
	s.medusa.SetLevel(scarceItem, shopFloor, medusatest.Quantities{Stocked: 11, Reserved: 10})
	s.changeCart(t, cart, line, 1)
	require.Equal(t, []string{"iitem_rareza_siete sloc_high_up 1"}, s.heldBy(t, cart), "the next change holds it")
	require.InDelta(t, 1, s.cartChanges(t, "held"), 0)
	s.requireRefused(t, "/store/carts/"+cart+"/line-items", toAdd(scarce, 1))
}

// cartChanges is how many changes of carts went so.
func (s *shop) cartChanges(t testing.TB, stock string) float64 {
	t.Helper()
	return s.counted(t, "gateway_cart_changes_total", stock)
}

// The shopper hangs up when Medusa has taken the line.
func TestALineOfAShopperWhoHangsUpIsHeld(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	ctx, hangUp := context.WithCancel(t.Context())
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: linesAdded, Times: 1}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		hangUp()
		medusa.ServeHTTP(w, r)
	})
	_, err := s.pass(ctx, http.MethodPost, "/store/carts/"+cart+"/line-items", toAdd(scarce, 2))
	require.NoError(t, err)
	s.requireReserved(t, scarceItem, shopFloor, 2)
}

// Two gateways change one cart at once.
func TestACartAtTwoGateways(t *testing.T) {
	t.Parallel()
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			one, other := pair(t)
			one.cartTTL, other.cartTTL = cartsLast, cartsLast
			cart := one.newCart(t)
			var all sync.WaitGroup
			for i, variant := range []string{scarce, kit, "variant_bd_14g", "variant_preroll_6"} {
				all.Go(func() {
					at := []*shop{one, other}[i%2]
					answer, err := at.pass(context.Background(), http.MethodPost, "/store/carts/"+cart+"/line-items", toAdd(variant, 1))
					if assert.NoError(t, err) {
						assert.Equal(t, http.StatusOK, answer.status, answer.text)
					}
				})
			}
			all.Wait()
			other.add(t, cart, scarce, 1)
			require.Len(t, one.heldBy(t, cart), 5)
			require.Contains(t, one.heldBy(t, cart), "iitem_rareza_siete sloc_high_up 2")
			one.requireReserved(t, scarceItem, shopFloor, 2)
			one.must(t, http.MethodPost, "/store/carts/"+cart+"/complete", "")
			require.Empty(t, other.heldBy(t, cart))
			reservations := one.medusa.Rows()["reservation_item"]
			require.Equal(t, reservationsOfCatalogue+5, reservations, "of the order alone")
		})
	}
}

// Anybody can change as many carts as he likes. The calls of the staff must not be
// behind all of those, nor who pays.
func TestCartsTakeTurnsAtMedusa(t *testing.T) {
	s, _ := carted(t)
	paid := s.newCart(t)
	s.add(t, paid, scarce, 10)
	carts := []string{}
	for range 4 * cartsAtOnce {
		carts = append(carts, s.newCart(t))
	}
	arrived, release := s.holdBack("/admin/product-variants")
	var all sync.WaitGroup
	defer all.Wait()
	defer release()
	for _, cart := range carts {
		all.Go(func() {
			_, err := s.pass(context.Background(), http.MethodPost, "/store/carts/"+cart+"/line-items", toAdd("variant_bd_14g", 1))
			assert.NoError(t, err)
		})
	}
	requireAllTurns(t, s.cartWork, cartsAtOnce, arrived)

	started := time.Now()
	require.Equal(t, "order", s.must(t, http.MethodPost, "/store/carts/"+paid+"/complete", "").Get("type").String())
	require.Less(t, time.Since(started), cartTimeout/2, "who pays waits for the others")
	s.requireReserved(t, scarceItem, shopFloor, 10)

	release()
	all.Wait()
	s.add(t, carts[0], "variant_bd_14g", 1)
	require.Len(t, s.heldBy(t, carts[0]), 1, "a turn that was taken is given back")
}

// holdBack keeps the answers to a question back until they are released, and tells of
// each that is asked.
func (s *shop) holdBack(path string) (arrived <-chan struct{}, release func()) {
	asked, released := make(chan struct{}, 100), make(chan struct{})
	s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Path: path}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		asked <- struct{}{}
		medusatest.Hold(released)(w, r, medusa)
	})
	return asked, sync.OnceFunc(func() { close(released) })
}

// requireAllTurns requires that so many turns are taken, and that one more has to wait.
func requireAllTurns(t *testing.T, turns *semaphore.Weighted, count int, arrived <-chan struct{}) {
	t.Helper()
	for range count {
		select {
		case <-arrived:
		case <-time.After(patience):
			require.FailNow(t, "Medusa is not asked for the carts")
		}
	}
	hurried, leave := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer leave()
	_, _, err := turnOfCart(hurried, turns)
	requireCode(t, NetworkError, err)
	require.Empty(t, arrived, "Medusa is asked for more carts at once")
}

func TestCompletionsTakeTurnsAtMedusa(t *testing.T) {
	s, _ := carted(t)
	var carts []string
	for range completionsAtOnce + 3 {
		cart := s.newCart(t)
		s.add(t, cart, "variant_bd_14g", 1)
		carts = append(carts, cart)
	}
	arrived, release := s.holdBack("/admin/reservations")
	var all sync.WaitGroup
	defer all.Wait()
	defer release()
	for _, cart := range carts {
		all.Go(func() { _, _ = s.pass(context.Background(), http.MethodPost, "/store/carts/"+cart+"/complete", "") })
	}
	requireAllTurns(t, s.cartPays, completionsAtOnce, arrived)
}

// Neither the units of a cart nor its shopper wait for strangers' carts.
func TestACartWithoutATurnLosesNothing(t *testing.T) {
	s, _ := carted(t)
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 6)
	require.NoError(t, s.cartWork.Acquire(t.Context(), cartsAtOnce))
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: "/store/carts/*/complete", Times: 1},
		medusatest.Answer(http.StatusBadRequest, `{"type":"not_allowed","message":"..."}`))
	answer, err := s.pass(t.Context(), http.MethodPost, "/store/carts/"+cart+"/complete", "")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, answer.status)
	require.Equal(t, []string{"iitem_rareza_siete sloc_high_up 6"}, s.heldBy(t, cart), "no order, and what it held is anybody's")

	require.NoError(t, s.cartPays.Acquire(t.Context(), completionsAtOnce))
	for path, body := range map[string]string{"line-items/" + line: `{"quantity":10}`, "complete": ""} {
		_, err = s.pass(t.Context(), http.MethodPost, "/store/carts/"+cart+"/"+path, body)
		busy := requireCode(t, NetworkError, err)
		require.Equal(t, "NETWORK_ERROR.busy", busy.Message.Key, "%s: 10 are there, 6 of them his own", path)
		require.NotZero(t, busy.RetryAfter)
	}
	require.Equal(t, []string{"iitem_rareza_siete sloc_high_up 6"}, s.heldBy(t, cart))
}

// With one turn for all, what would wait for a second one while it has the first would
// not end.
func TestWhoHasATurnAtMedusaWaitsForNoOther(t *testing.T) {
	s, _ := carted(t)
	s.cartWork = semaphore.NewWeighted(1)
	ctx, end := context.WithTimeout(t.Context(), cartTimeout/2)
	defer end()
	pass := func(path, body string) said {
		t.Helper()
		answer, err := s.pass(ctx, http.MethodPost, path, body)
		require.NoError(t, err)
		return answer
	}
	started := time.Now()
	cart := s.newCart(t)
	line := s.add(t, cart, scarce, 6)
	s.changeCart(t, cart, line, 10) // of which some are let go first
	s.changeCart(t, cart, line, 6)
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: linesAdded, Times: 1}, quickerThan(s, scarceItem, 4))
	require.Equal(t, http.StatusBadRequest, pass("/store/carts/"+cart+"/line-items", toAdd(scarce, 1)).status, "which is put back")
	again := medusatest.Match{Method: http.MethodPost, Path: linesAdded + "/*", After: 1, Times: 1}
	s.medusa.Fail(again, medusatest.Answer(http.StatusInternalServerError, `{"type":"unknown_error","message":"..."}`))
	s.medusa.SetLevel(scarceItem, shopFloor, medusatest.Quantities{Stocked: 20, Reserved: 16})
	require.Equal(t, http.StatusInternalServerError, pass("/store/carts/"+cart+"/line-items/"+line, `{"quantity":8}`).status, "after what was held is let go")
	require.Equal(t, []string{"iitem_rareza_siete sloc_high_up 6"}, s.heldBy(t, cart))
	s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: "/store/carts/*/complete", Times: 1},
		medusatest.Answer(http.StatusBadRequest, `{"type":"not_allowed","message":"..."}`))
	require.Equal(t, http.StatusBadRequest, pass("/store/carts/"+cart+"/complete", "").status)
	require.Equal(t, []string{"iitem_rareza_siete sloc_high_up 6"}, s.heldBy(t, cart))
	require.Less(t, time.Since(started), cartTimeout/2)
	require.Zero(t, s.cartChanges(t, "failed"))
}

// Another gateway begins the hold of a cart anew while this one takes again what it
// had let go.
func TestWhatIsHeldAgainIsHeldBesideWhatAnotherGatewayHolds(t *testing.T) {
	for name, test := range map[string]struct {
		theirs state.HoldLine
		held   []string
	}{
		"of something else": {
			state.HoldLine{Level: state.Level{InventoryItemID: "iitem_bd_14g", LocationID: warehouse}, VariantID: "variant_bd_14g", Quantity: mapping.QuantityOf(2)},
			[]string{"iitem_bd_14g sloc_deposito 2", "iitem_rareza_siete sloc_high_up 10"},
		},
		"of the same": {
			state.HoldLine{Level: state.Level{InventoryItemID: scarceItem, LocationID: shopFloor}, VariantID: scarce, Quantity: mapping.QuantityOf(10)},
			[]string{"iitem_rareza_siete sloc_high_up 10"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := prepared(t, with(openStore(t, newDatabase(t))), holding)
			var meanwhile atomic.Pointer[func()]
			s.now = func() time.Time {
				if do := meanwhile.Swap(nil); do != nil {
					(*do)()
				}
				return time.Now()
			}
			working(t, s)
			cart := s.newCart(t)
			s.add(t, cart, scarce, 10)
			begin := func() {
				now := time.Now()
				theirs := test.theirs
				theirs.Number, theirs.Stage, theirs.Since, theirs.ReservationID = 1, state.Held, now, "resitem_theirs"
				assert.NoError(t, s.store.BeginHold(context.Background(), state.Hold{
					ID: cartHoldID(cart), CartID: cart, CreatedAt: now, ExpiresAt: now.Add(cartsLast), DueAt: now.Add(cartsLast), Lines: []state.HoldLine{theirs},
				}))
			}
			s.medusa.Fail(medusatest.Match{Method: http.MethodPost, Path: "/store/carts/*/complete", Times: 1}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
				meanwhile.Store(&begin)
				medusatest.Answer(http.StatusBadRequest, `{"type":"not_allowed","message":"..."}`)(w, r, medusa)
			})
			_, err := s.pass(t.Context(), http.MethodPost, "/store/carts/"+cart+"/complete", "")
			require.NoError(t, err)
			require.Nil(t, meanwhile.Load(), "nothing came between")
			require.Equal(t, test.held, s.heldBy(t, cart))
			require.Zero(t, s.cartChanges(t, "failed"))
		})
	}
}

// Without a time carts are Medusa's alone.
func TestCartsThatHoldNothing(t *testing.T) {
	s := stocked(t)
	cart := s.newCart(t)
	s.add(t, cart, scarce, 10)
	s.requireReserved(t, scarceItem, shopFloor, 0)
	require.Len(t, s.medusa.Calls(), 1, "%v", s.paths())
}
