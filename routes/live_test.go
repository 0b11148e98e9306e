package routes

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

const (
	// soon is when what is to be heard was heard.
	soon = 5 * time.Second

	followBD = `{"type":"subscribe","entity":"inventory_level","filters":{"inventory_item_id":["iitem_bd_14g"]}}`

	streamBD = "/api/inventory/stream?inventoryItemId=iitem_bd_14g"
)

// follower is a client at a WebSocket.
type follower struct {
	conn *websocket.Conn
}

// follow opens a WebSocket, which ends with the test.
func (s *shop) follow(t *testing.T, path string, changes ...with) *follower {
	t.Helper()
	conn, refused, err := s.tryFollow(t, path, changes...)
	require.NoError(t, err, "%s", refused.body)
	return &follower{conn}
}

func (s *shop) tryFollow(t *testing.T, path string, changes ...with) (*websocket.Conn, answer, error) {
	t.Helper()
	request := s.request(t.Context(), t, path)
	request.Header.Del("Authorization")
	for _, change := range changes {
		change(request)
	}
	conn, response, err := websocket.Dial(t.Context(), request.URL.String(), &websocket.DialOptions{HTTPHeader: request.Header}) //nolint:bodyclose // the library closes it
	if err == nil {
		conn.SetReadLimit(1 << 20)
		t.Cleanup(func() { _ = conn.CloseNow() })
		return conn, answer{}, nil
	}
	require.NotNil(t, response, "%v", err)
	body, readErr := io.ReadAll(response.Body)
	require.NoError(t, readErr)
	return nil, answer{status: response.StatusCode, header: response.Header, body: body}, err
}

func (f *follower) say(t *testing.T, message string) {
	t.Helper()
	require.NoError(t, f.conn.Write(t.Context(), websocket.MessageText, []byte(message)))
}

// hear waits for the next message.
func (f *follower) hear(t *testing.T) gjson.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	_, message, err := f.conn.Read(ctx)
	require.NoError(t, err, "nothing more was said")
	return gjson.ParseBytes(message)
}

// ask says something and returns the answer, of a type.
func (f *follower) ask(t *testing.T, message, answer string) gjson.Result {
	t.Helper()
	f.say(t, message)
	heard := f.hear(t)
	require.Equal(t, answer, heard.Get("type").String(), "%s", heard.Raw)
	return heard
}

// hearStock waits for a change, and returns what is stocked then.
func (f *follower) hearStock(t *testing.T) (stocked int64, sequence string) {
	t.Helper()
	heard := f.hear(t)
	require.Equal(t, "inventory_level.updated", heard.Get("type").String(), "%s", heard.Raw)
	return heard.Get("payload.stocked_quantity").Int(), heard.Get("sequence").String()
}

// end waits for the end of the connection.
func (f *follower) end(t *testing.T) websocket.CloseError {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*soon)
	defer cancel()
	for {
		if _, _, err := f.conn.Read(ctx); err != nil {
			var closed websocket.CloseError
			require.ErrorAs(t, err, &closed)
			return closed
		}
	}
}

// stock sets what is stocked of an item at a location, through the gateway.
func (s *shop) stock(t *testing.T, item, location string, quantity int) {
	t.Helper()
	body := fmt.Sprintf(`{"inventoryItemId":%q,"locationId":%q,"stockedQuantity":%d}`, item, location, quantity)
	got := s.change(t, http.MethodPatch, "/api/inventory/levels", body)
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
}

func resumeAfter(sequence string) string {
	return fmt.Sprintf(`{"type":"resume","after":%q}`, sequence)
}

func TestAChangeIsToldToWhoFollows(t *testing.T) {
	s := openBook(t)
	f := s.follow(t, "/ws", shopper("sc_cannahub"))
	sequence := f.ask(t, followBD, "subscribed").Get("sequence").String()
	epoch, number, _ := strings.Cut(sequence, "-")
	last, err := strconv.Atoi(number)
	require.NoError(t, err, sequence)

	s.stock(t, "iitem_bd_14g", "sloc_high_up", 7)

	told := f.hear(t)
	assert.JSONEq(t, fmt.Sprintf(`{"type":"inventory_level.updated","sequence":"%s-%d",`, epoch, last+1)+`"payload":{
		"id":"ilev_bd_14g_high_up","inventory_item_id":"iitem_bd_14g","location_id":"sloc_high_up","stocked_quantity":7,"reserved_quantity":0,
		"incoming_quantity":0,"available_quantity":7,"updated_at":"`+told.Get("payload.updated_at").String()+`"}}`, told.Raw)
	assert.NotEmpty(t, told.Get("payload.updated_at").String())

	// What is changed elsewhere is told too.
	s.medusa.SetLevel("iitem_bd_14g", "sloc_high_up", medusatest.Quantities{Stocked: 6, Reserved: 1})
	told = f.hear(t)
	assert.Equal(t, "6 1 5", fmt.Sprint(told.Get("payload.stocked_quantity"), told.Get("payload.reserved_quantity"), told.Get("payload.available_quantity")))

	f.ask(t, `{"type":"unsubscribe","filters":{"inventory_item_id":"iitem_bd_14g"}}`, "unsubscribed")
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 5)
	f.ask(t, `{"type":"ping"}`, "pong")
	f.ask(t, followBD, "subscribed")
	f.ask(t, `{"type":"unsubscribe"}`, "unsubscribed")
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 4)
	f.ask(t, `{"type":"ping"}`, "pong")
}

func TestEveryoneIsToldOfTheLocationsThatHeMaySee(t *testing.T) {
	s := openBook(t)
	retail := s.follow(t, "/ws", shopper("sc_cannahub"))
	wholesale := s.follow(t, "/ws?publishableKey="+medusatest.PublishableToken("sc_mayorista"))
	admin := s.follow(t, "/ws", authorization("Bearer "+s.token))
	here := s.follow(t, "/ws", authorization("Bearer "+s.token))
	for _, f := range []*follower{retail, wholesale, admin} {
		f.ask(t, followBD, "subscribed")
	}
	here.ask(t, `{"type":"subscribe","entity":"inventory_level","filters":{"inventory_item_id":"iitem_bd_14g","location_id":"sloc_deposito"}}`, "subscribed")
	for i, location := range []string{"sloc_mayorista", "sloc_high_up", "sloc_deposito"} {
		s.stock(t, "iitem_bd_14g", location, 100+i)
	}
	heard := func(f *follower) (stocked []int64) {
		f.say(t, `{"type":"ping"}`)
		for {
			message := f.hear(t)
			if message.Get("type").String() == "pong" {
				return stocked
			}
			stocked = append(stocked, message.Get("payload.stocked_quantity").Int())
		}
	}
	for f, expected := range map[*follower][]int64{retail: {101, 102}, wholesale: {100}, admin: {100, 101, 102}, here: {102}} {
		var all []int64
		require.Eventually(t, func() bool {
			all = append(all, heard(f)...)
			return len(all) >= len(expected)
		}, soon, tick)
		assert.Equal(t, expected, append(all, heard(f)...))
	}
}

func TestWhoCannotFollowIsToldSoBeforeTheUpgrade(t *testing.T) {
	s := open(t)
	for name, c := range map[string]struct {
		path   string
		who    with
		status int
		code   bff.Code
	}{
		"no key":               {"/ws", nil, 401, bff.Unauthorized},
		"an unknown key":       {"/ws", header("X-Publishable-Api-Key", "pk_nope"), 401, bff.Unauthorized},
		"an unknown query key": {"/ws?publishableKey=pk_nope", nil, 401, bff.Unauthorized},
		"another's token":      {"/ws", authorization("Bearer none"), 401, bff.Unauthorized},
		"no credential":        {"/ws", authorization("nonsense"), 401, bff.Unauthorized},
		"an unknown parameter": {"/ws?key=pk", shopper("sc_cannahub"), 422, bff.ValidationFailed},
		"a strange page":       {"/ws", func(r *http.Request) { shopper("sc_cannahub")(r); header("Origin", "https://evil.example")(r) }, 403, bff.Forbidden},
		"a page of no site":    {"/ws", func(r *http.Request) { shopper("sc_cannahub")(r); header("Origin", "null")(r) }, 403, bff.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []with
			if c.who != nil {
				changes = append(changes, c.who)
			}
			_, got, err := s.tryFollow(t, c.path, changes...)
			require.Error(t, err)
			require.Equal(t, c.status, got.status, "%s", got.body)
			assert.Equal(t, c.code, got.problem(t).Code)
		})
	}
	plain := s.get(t, "/ws")
	assert.Equal(t, http.StatusUpgradeRequired, plain.status)
	assert.Equal(t, upgradeRequired, plain.problem(t).Code)
	assert.Equal(t, "websocket", plain.header.Get("Upgrade"))
	old := s.get(t, "/ws", header("Connection", "Upgrade"), header("Upgrade", "websocket"), header("Sec-WebSocket-Version", "8"))
	assert.Equal(t, http.StatusUpgradeRequired, old.status, "of another version: %s", old.body)
	assert.Equal(t, upgradeRequired, old.problem(t).Code)
	assert.Equal(t, "13", old.header.Get("Sec-WebSocket-Version"))
}

func TestPagesThatMayFollow(t *testing.T) {
	s := open(t, func(b *setup) {
		b.routes.Origins = []string{"https://app.example.com"}
		b.defaultKey = medusatest.PublishableToken("sc_cannahub")
	})
	for _, origin := range []string{"", "https://app.example.com", s.server.URL} {
		f := s.follow(t, "/ws", header("Origin", origin))
		f.ask(t, `{"type":"ping"}`, "pong")
	}
	_, got, err := s.tryFollow(t, "/ws", header("Origin", "https://evil.example"))
	require.Error(t, err)
	assert.Equal(t, http.StatusForbidden, got.status)
}

func TestMessagesThatMakeNoSenseAreAnswered(t *testing.T) {
	s := openBook(t)
	f := s.follow(t, "/ws", shopper("sc_cannahub"), header("Accept-Language", "es"))
	for message, expected := range map[string]string{
		`hello`:          "INVALID_JSON ",
		"\xff":           "INVALID_JSON ",
		`[]`:             "VALIDATION_FAILED :NOT_AN_OBJECT",
		`{}`:             "VALIDATION_FAILED /type:MISSING",
		`{"type":"fly"}`: "VALIDATION_FAILED /type:UNKNOWN_MESSAGE",
		`{"type":"ping","entity":"inventory_level"}`:                          "VALIDATION_FAILED /entity:UNKNOWN_FIELD",
		`{"type":"resume"}`:                                                   "VALIDATION_FAILED /after:MISSING",
		`{"type":"subscribe"}`:                                                "VALIDATION_FAILED /entity:MISSING /filters:MISSING",
		strings.Replace(followBD, "inventory_level", "product", 1):            "VALIDATION_FAILED /entity:UNKNOWN_ENTITY",
		strings.Replace(followBD, `["iitem_bd_14g"]`, `[]`, 1):                "VALIDATION_FAILED /filters/inventory_item_id:EMPTY",
		strings.Replace(followBD, `["iitem_bd_14g"]`, `["a",7,null]`, 1):      "VALIDATION_FAILED /filters/inventory_item_id/1:NOT_TEXT /filters/inventory_item_id/2:MISSING",
		strings.Replace(followBD, `"iitem_bd_14g"`, ids(501), 1):              "VALIDATION_FAILED /filters/inventory_item_id:TOO_MANY_ROWS",
		strings.Replace(followBD, `"filters"`, `"filters":1,"filters"`, 1):    "VALIDATION_FAILED /filters:REPEATED /filters:NOT_AN_OBJECT",
		`{"type":"unsubscribe","filters":{"location_id":["sloc_high_up"]}}`:   "VALIDATION_FAILED /filters/location_id:UNKNOWN_FIELD /filters/inventory_item_id:MISSING",
		strings.Replace(followBD, "iitem_bd_14g", "iitem_nope", 1):            "INVENTORY_ITEM_NOT_FOUND ",
		strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000):             "INVALID_JSON ",
		strings.Replace(followBD, "iitem_bd_14g", strings.Repeat("x", 60), 1): "INVENTORY_ITEM_NOT_FOUND ",
	} {
		heard := f.ask(t, message, "error")
		said := heard.Get("code").String() + " "
		for i, fault := range heard.Get("errors").Array() {
			if i > 0 {
				said += " "
			}
			said += fault.Get("pointer").String() + ":" + fault.Get("code").String()
			assert.NotEmpty(t, fault.Get("detail").String())
		}
		assert.Equal(t, expected, said, "the answer to %.80s", message)
		assert.NotEmpty(t, heard.Get("message").String())
	}
	unknown := f.ask(t, `{"type":"resume"}`, "error")
	assert.Equal(t, "Es necesario.", unknown.Get("errors.0.detail").String(), "in the language of the handshake")

	some := strings.Replace(followBD, `"iitem_bd_14g"`, `"iitem_nope","iitem_bd_14g","iitem_nowhere"`, 1)
	f.ask(t, some, "subscribed")
	heard := f.hear(t)
	assert.Equal(t, `INVENTORY_ITEM_NOT_FOUND ["iitem_nope","iitem_nowhere"]`, heard.Get("code").String()+" "+heard.Get("inventory_item_id").Raw)
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 3)
	stocked, _ := f.hearStock(t)
	assert.EqualValues(t, 3, stocked, "the item that there is, is followed")
}

func TestFollowingMoreKeepsNothingBack(t *testing.T) {
	s := openBook(t)
	f := s.follow(t, "/ws", shopper("sc_cannahub"))
	f.ask(t, followBD, "subscribed")
	asked, answers := make(chan struct{}, 10), make(chan struct{})
	lift := s.medusa.Fail(medusatest.Match{Path: "/admin/inventory-items"}, func(w http.ResponseWriter, r *http.Request, medusa http.Handler) {
		if strings.Contains(r.URL.RawQuery, "iitem_bd_7g") {
			asked <- struct{}{}
			<-answers
		}
		medusa.ServeHTTP(w, r)
	})
	defer lift()
	f.say(t, strings.Replace(followBD, "iitem_bd_14g", "iitem_bd_7g", 1))
	<-asked
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 3)
	stocked, _ := f.hearStock(t)
	assert.EqualValues(t, 3, stocked)
	close(answers)
	assert.Equal(t, "subscribed", f.hear(t).Get("type").String())
}

// ids is a list of so many ids in JSON, without its brackets.
func ids(count int) string {
	return strings.TrimSuffix(strings.Repeat(`"iitem_bd_14g",`, count), ",")
}

func TestATooLongMessageEndsTheConnection(t *testing.T) {
	s := open(t)
	f := s.follow(t, "/ws", shopper("sc_cannahub"), header("Accept-Language", "es"))
	f.ask(t, strings.Repeat(" ", maxMessage-len(`{"type":"ping"}`))+`{"type":"ping"}`, "pong")
	_ = f.conn.Write(t.Context(), websocket.MessageText, []byte(strings.Repeat(" ", 1<<20))) // cut off on its way
	ended := f.end(t)
	assert.Equal(t, websocket.StatusMessageTooBig, ended.Code)
	assert.Equal(t, "Un mensaje puede tener como máximo 65536 bytes. Conéctese de nuevo y envíelos más cortos.", ended.Reason)
}

func TestTooManyMessagesEndTheConnection(t *testing.T) {
	s := openBook(t)
	f := s.follow(t, "/ws", shopper("sc_cannahub"))
	for range 10_000 {
		if f.conn.Write(t.Context(), websocket.MessageText, []byte(followBD)) != nil {
			break // it has ended
		}
	}
	answered := 0
	for {
		heard := f.hear(t)
		if heard.Get("type").String() == "error" {
			assert.Equal(t, string(bff.RateLimited), heard.Get("code").String())
			break
		}
		answered++
	}
	assert.GreaterOrEqual(t, answered, messageBurst)
	assert.Less(t, answered, 1000)
	closed := f.end(t)
	assert.Equal(t, websocket.StatusPolicyViolation, closed.Code)
	assert.Contains(t, closed.Reason, "20 messages a second")
}

func TestResumedChangesAreToldOnceAndInOrder(t *testing.T) {
	s := openBook(t)
	first := s.follow(t, "/ws", shopper("sc_cannahub"))
	start := first.ask(t, followBD, "subscribed").Get("sequence").String()
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 1)
	_, known := first.hearStock(t)
	require.NoError(t, first.conn.CloseNow())
	for quantity := 2; quantity <= 4; quantity++ {
		s.stock(t, "iitem_bd_14g", "sloc_high_up", quantity)
	}

	for name, c := range map[string]struct {
		after string
		from  int64
	}{"after the last that was heard": {known, 2}, "from the start": {start, 1}} {
		t.Run(name, func(t *testing.T) {
			f := s.follow(t, "/ws", shopper("sc_cannahub"))
			f.say(t, resumeAfter(c.after))
			assert.Equal(t, c.after, f.ask(t, followBD, "subscribed").Get("sequence").String(), "after which all is told")
			for quantity := c.from; quantity <= 4; quantity++ {
				stocked, _ := f.hearStock(t)
				assert.Equal(t, quantity, stocked)
			}
			f.ask(t, `{"type":"ping"}`, "pong")

			f = s.follow(t, "/ws", shopper("sc_cannahub"))
			f.ask(t, followBD, "subscribed")
			f.say(t, resumeAfter(c.after))
			for quantity := c.from; quantity <= 4; quantity++ {
				stocked, _ := f.hearStock(t)
				assert.Equal(t, quantity, stocked, "subscribed before")
			}
			f.ask(t, `{"type":"ping"}`, "pong")
		})
	}

	for _, unknown := range []string{"1-2", "nonsense", start + "9"} {
		f := s.follow(t, "/ws", shopper("sc_cannahub"))
		f.ask(t, resumeAfter(unknown), "gap")
		f.ask(t, followBD, "subscribed")
		f.ask(t, `{"type":"ping"}`, "pong")
	}
	// Nobody followed this item when it was changed.
	f := s.follow(t, "/ws", shopper("sc_cannahub"))
	f.say(t, resumeAfter(start))
	f.ask(t, strings.Replace(followBD, "bd_14g", "bd_1g", 1), "gap")
	assert.Equal(t, "subscribed", f.hear(t).Get("type").String(), "who knows the sequence must know of the gap")
}

func TestAFollowerWhoDoesNotReadHarmsNobody(t *testing.T) {
	t.Parallel() // it takes as long as he is waited for
	s := openBook(t)
	narrow := httptest.NewUnstartedServer(s.server.Config.Handler)
	narrow.Listener = narrowListener{narrow.Listener}
	narrow.Start()
	t.Cleanup(narrow.Close)
	deaf, err := new(net.Dialer).DialContext(t.Context(), "tcp", narrow.Listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = deaf.Close() })
	require.NoError(t, deaf.(*net.TCPConn).SetReadBuffer(1))
	_, err = io.WriteString(deaf, "GET /ws?publishableKey="+medusatest.PublishableToken("sc_cannahub")+" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	require.NoError(t, err)
	_, err = deaf.Write(append([]byte{0x81, 0x80 | byte(len(followBD)), 0, 0, 0, 0}, followBD...)) // a text, masked with nothing
	require.NoError(t, err)
	f := s.follow(t, "/ws", shopper("sc_cannahub"))
	f.ask(t, followBD, "subscribed")
	require.Eventually(t, func() bool { return s.metric(t, "gateway_live_feeds") == 2 }, soon, tick)

	for quantity := range 100 {
		started := time.Now()
		s.stock(t, "iitem_bd_14g", "sloc_high_up", 1000+quantity)
		stocked, _ := f.hearStock(t)
		require.EqualValues(t, 1000+quantity, stocked)
		require.Less(t, time.Since(started), soon)
	}
	require.Eventually(t, func() bool { return s.metric(t, "gateway_live_feeds") == 1 }, 2*sendTime, tick, "who does not read is still followed after")
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 1)
	stocked, _ := f.hearStock(t)
	assert.EqualValues(t, 1, stocked)
}

// narrowListener gives each connection as little room for what is sent as there can be.
type narrowListener struct{ net.Listener }

func (l narrowListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(1)
	}
	return conn, err
}

// metric is the value of a gauge or a counter without labels.
func (s *shop) metric(t *testing.T, name string) float64 {
	t.Helper()
	families, err := s.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == name {
			metric := family.GetMetric()[0]
			return metric.GetGauge().GetValue() + metric.GetCounter().GetValue()
		}
	}
	return 0
}

func TestFollowersAreToldThatTheGatewayStops(t *testing.T) {
	s := openBook(t)
	f := s.follow(t, "/ws", shopper("sc_cannahub"))
	f.ask(t, followBD, "subscribed")
	stream := s.stream(t, streamBD, shopper("sc_cannahub"))
	stream.hear(t)
	s.gateway.Drain()
	closed := f.end(t)
	assert.Equal(t, websocket.StatusGoingAway, closed.Code)
	assert.Equal(t, "The gateway is stopping; connect again shortly.", closed.Reason)
	assert.Equal(t, string(bff.NetworkError), stream.hear(t).data.Get("code").String())
	_, err := stream.reader.ReadByte()
	require.ErrorIs(t, err, io.EOF, "the stream does not end as an answer ends")
}

func TestWhoseKeyIsRevokedIsToldNoMore(t *testing.T) {
	longAgo := "2020-01-01T00:00:00Z"
	s := openBook(t, func(b *setup) { b.authTTL = 0 })
	f := s.follow(t, "/ws", shopper("sc_cannahub"))
	f.ask(t, followBD, "subscribed")
	s.medusa.Put(medusatest.PublishableKey{
		ID: "apk_sc_cannahub", Title: "Web", Token: medusatest.PublishableToken("sc_cannahub"), SalesChannelIDs: []string{"sc_cannahub"}, RevokedAt: &longAgo,
	})
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 3)
	closed := f.end(t)
	assert.Equal(t, websocket.StatusPolicyViolation, closed.Code)
	assert.Contains(t, closed.Reason, "publishable API key")
}

// stream is a client of server-sent events.
type eventStream struct {
	reader *bufio.Reader
	header http.Header
}

// event is one of them.
type event struct {
	id    string
	retry string
	data  gjson.Result
}

// stream opens a stream of events, which ends with the test.
func (s *shop) stream(t *testing.T, path string, changes ...with) *eventStream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	request := s.request(ctx, t, path)
	request.Header.Del("Authorization")
	for _, change := range changes {
		change(request)
	}
	transport := &http.Transport{}
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	t.Cleanup(func() {
		cancel()
		_ = response.Body.Close()
	})
	require.Equal(t, http.StatusOK, response.StatusCode)
	return &eventStream{bufio.NewReader(response.Body), response.Header}
}

// hear waits for the next event that is none of the comments.
func (s *eventStream) hear(t *testing.T) (e event) {
	t.Helper()
	for {
		line, err := s.reader.ReadString('\n')
		require.NoError(t, err, "nothing more was said")
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			e.id = value
		case "retry":
			e.retry = value
		case "data":
			e.data = gjson.Parse(value)
		case "":
			if e.data.Exists() {
				return e
			}
		default:
			require.Fail(t, "an unexpected line", line)
		}
	}
}

func (s *eventStream) hearStock(t *testing.T) (stocked int64, id string) {
	t.Helper()
	e := s.hear(t)
	require.Equal(t, "inventory_level.updated", e.data.Get("type").String(), "%s", e.data.Raw)
	return e.data.Get("payload.stockedQuantity").Int(), e.id
}

func TestAStreamTellsOfChanges(t *testing.T) {
	s := openBook(t)
	all := s.stream(t, streamBD+",iitem_nope", authorization("Bearer "+s.token))
	retail := s.stream(t, streamBD+"&locationId=sloc_high_up,sloc_mayorista&publishableKey="+medusatest.PublishableToken("sc_cannahub"))
	for name, expected := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": ""} {
		assert.Equal(t, expected, all.header.Get(name), name)
	}
	first := all.hear(t)
	assert.Equal(t, "subscribed", first.data.Get("type").String())
	assert.Equal(t, first.data.Get("sequence").String(), first.id)
	assert.Equal(t, "2000", first.retry)
	unknown := all.hear(t)
	assert.Equal(t, `INVENTORY_ITEM_NOT_FOUND ["iitem_nope"]`, unknown.data.Get("code").String()+" "+unknown.data.Get("inventoryItemId").Raw)
	assert.Empty(t, unknown.id)
	retail.hear(t)

	for i, location := range []string{"sloc_deposito", "sloc_mayorista", "sloc_high_up"} {
		s.stock(t, "iitem_bd_14g", location, 100+i)
	}
	told := retail.hear(t)
	assert.JSONEq(t, `{"type":"inventory_level.updated","sequence":"`+told.id+`","payload":{
		"id":"ilev_bd_14g_high_up","inventoryItemId":"iitem_bd_14g","locationId":"sloc_high_up","stockedQuantity":102,"reservedQuantity":0,
		"incomingQuantity":0,"availableQuantity":102,"updatedAt":"`+told.data.Get("payload.updatedAt").String()+`"}}`, told.data.Raw)
	for i := range 3 {
		stocked, _ := all.hearStock(t)
		assert.EqualValues(t, 100+i, stocked)
	}
}

func TestAStreamIsResumed(t *testing.T) {
	s := openBook(t)
	first := s.stream(t, streamBD, shopper("sc_cannahub"))
	start := first.hear(t).id
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 1)
	_, known := first.hearStock(t)
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 2)
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 3)
	for name, stream := range map[string]*eventStream{
		"by the browser": s.stream(t, streamBD+"&lastEventId="+start, shopper("sc_cannahub"), header("Last-Event-ID", known)),
		"by the query":   s.stream(t, streamBD+"&lastEventId="+known, shopper("sc_cannahub")),
	} {
		assert.Equal(t, known, stream.hear(t).id, name)
		for quantity := range 2 {
			stocked, _ := stream.hearStock(t)
			assert.EqualValues(t, 2+quantity, stocked, name)
		}
	}
	lost := s.stream(t, streamBD, shopper("sc_cannahub"), header("Last-Event-ID", "1-2"))
	assert.Equal(t, "gap", lost.hear(t).data.Get("type").String(), "who knows the sequence must know of the gap")
	assert.Equal(t, "subscribed", lost.hear(t).data.Get("type").String())
}

func TestStreamsThatAreRefused(t *testing.T) {
	s := openBook(t)
	for path, status := range map[string]int{
		"/api/inventory/stream":                                                    422,
		"/api/inventory/stream?inventoryItemId=":                                   422,
		"/api/inventory/stream?inventoryItemId=a,,b":                               422,
		"/api/inventory/stream?inventoryItemId=a&more=1":                           422,
		"/api/inventory/stream?inventoryItemId=" + strings.Repeat("a,", 500) + "a": 422,
		"/api/inventory/stream?inventoryItemId=iitem_nope":                         404,
		"/api/inventory/stream?inventoryItemId=iitem_bd_1g&publishableKey=pk_nope": 401,
	} {
		got := s.get(t, path)
		require.Equal(t, status, got.status, "%s: %s", path, got.body)
		got.problem(t)
	}
	assert.Equal(t, http.StatusUnauthorized, s.anonymous(t, streamBD).status)
}

// A stream outlives the times that other requests have.
func TestAStreamOutlivesTheServersTimes(t *testing.T) {
	s := openBook(t)
	short := httptest.NewUnstartedServer(s.server.Config.Handler)
	short.Config.ReadTimeout, short.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	short.Start()
	t.Cleanup(short.Close)
	hasty := *s
	hasty.server = short
	stream := hasty.stream(t, streamBD, shopper("sc_cannahub"))
	stream.hear(t)
	f := hasty.follow(t, "/ws", shopper("sc_cannahub"))
	f.ask(t, followBD, "subscribed")
	<-time.After(300 * time.Millisecond)
	s.stock(t, "iitem_bd_14g", "sloc_high_up", 3)
	stocked, _ := stream.hearStock(t)
	assert.EqualValues(t, 3, stocked)
	stocked, _ = f.hearStock(t)
	assert.EqualValues(t, 3, stocked)
}

// A made-up credential beside a good key does not make another caller.
func TestOpeningIsLimited(t *testing.T) {
	s := open(t, func(b *setup) { b.routes.Rate = Rate{PerSecond: 1e-3, Burst: 3} })
	limited := 0
	for i := range 6 {
		conn, got, err := s.tryFollow(t, "/ws?publishableKey="+medusatest.PublishableToken("sc_cannahub"), authorization(fmt.Sprint("Bearer made-up-", i%2)))
		if err == nil {
			require.NoError(t, conn.CloseNow())
			continue
		}
		require.Equal(t, http.StatusTooManyRequests, got.status)
		limited++
	}
	assert.Equal(t, 3, limited, "of 6 with bursts of 3")
}

func TestFollowingMoreIsLimited(t *testing.T) {
	s := openBook(t, func(b *setup) { b.routes.Rate = Rate{PerSecond: 1e-3, Burst: 3} })
	f := s.follow(t, "/ws", shopper("sc_cannahub"))
	f.ask(t, followBD, "subscribed")
	f.ask(t, followBD, "subscribed")
	assert.Equal(t, string(bff.RateLimited), f.ask(t, followBD, "error").Get("code").String())
	f.ask(t, `{"type":"ping"}`, "pong")
}

func TestWhatIsRepeatedEnds(t *testing.T) {
	done := make(chan int, 10)
	times := 0
	stop := repeat(time.Millisecond, func() bool {
		times++
		done <- times
		return times < 3
	})
	for i := range 3 {
		assert.Equal(t, i+1, <-done)
	}
	stop()
	assert.Equal(t, 3, times)

	busy, release, stopped := make(chan bool), make(chan bool), make(chan bool)
	stop = repeat(time.Millisecond, func() bool {
		busy <- true
		<-release
		return true
	})
	<-busy
	go func() {
		stop()
		close(stopped)
	}()
	select {
	case <-stopped:
		assert.Fail(t, "it does not wait for what is being done")
	case <-time.After(20 * time.Millisecond):
	}
	release <- true
	<-stopped
}

// inMemory is a connection for an answer of which a test keeps the other end, in a time of its own.
type inMemory struct {
	net.Conn

	header http.Header
}

func (m *inMemory) Header() http.Header { return m.header }
func (m *inMemory) WriteHeader(int)     {}
func (m *inMemory) Flush()              {}

func (m *inMemory) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return m.Conn, bufio.NewReadWriter(bufio.NewReader(m.Conn), bufio.NewWriter(m.Conn)), nil
}

// connect has a shopper's request served, and returns his end of the connection.
func (s *shop) connect(t *testing.T, path string, changes ...with) net.Conn {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	for _, change := range append(changes, shopper("sc_cannahub")) {
		change(request)
	}
	client, server := net.Pipe()
	require.NoError(t, client.SetDeadline(time.Now().Add(time.Hour)))
	t.Cleanup(func() {
		leave()
		_ = client.Close()
	})
	go s.server.Config.Handler.ServeHTTP(&inMemory{server, http.Header{}}, request)
	return client
}

// Proxies cut connections on which nothing is said for a minute, and a client who is gone without a
// word takes the room of others.
func TestAConnectionOnWhichNothingHappens(t *testing.T) {
	s := openBook(t, func(b *setup) { b.livePoll = time.Hour })
	s.stream(t, streamBD, shopper("sc_cannahub")) // by whom it is known what the next ones ask
	upgrade := []with{
		header("Connection", "Upgrade"), header("Upgrade", "websocket"), header("Sec-WebSocket-Version", "13"), header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
	}
	// ping waits for what a WebSocket says next: the number of a ping, with how long it takes.
	ping := func(t *testing.T, conn net.Conn) (number byte) {
		t.Helper()
		var frame [3]byte
		_, err := io.ReadFull(conn, frame[:])
		require.NoError(t, err)
		require.Equal(t, [2]byte{0x89, 1}, [2]byte(frame[:2]), "not a ping of one byte")
		return frame[2]
	}

	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(s.sockets.Wait) // in the time in which they are opened
		conn := s.connect(t, "/ws", upgrade...)
		for range 3 {
			began := time.Now()
			number := ping(t, conn)
			assert.Equal(t, 30*time.Second, time.Since(began))
			_, err := conn.Write([]byte{0x8a, 0x81, 0, 0, 0, 0, number}) // a pong, masked with nothing
			require.NoError(t, err)
		}
		ping(t, conn)
		began := time.Now()
		_, err := conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF, "who answers no ping is there for ever")
		assert.Equal(t, 30*time.Second, time.Since(began))

		began = time.Now()
		stream := bufio.NewReader(s.connect(t, streamBD))
		for comments := 0; comments < 3; {
			line, err := stream.ReadString('\n')
			require.NoError(t, err)
			if strings.HasPrefix(line, ":") {
				comments++
				assert.Equal(t, time.Duration(comments)*15*time.Second, time.Since(began))
			}
		}
	})
}
