package routes

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/bff/panics"
	"github.com/cannahub/gateway/mapping"
)

const (
	// maxMessage is the size of a message of a client's: 500 of Medusa's ids take 16 KiB.
	maxMessage = 64 << 10

	// messageRate is how many messages a client may send a second, and messageBurst at
	// once.
	messageRate  = 20
	messageBurst = 100

	// pingPause is how often it is asked whether a client is still there. Proxies cut
	// connections on which nothing was said for a minute.
	pingPause = 30 * time.Second

	// pongTime is how long his answer may take. It is not read while a message of his is
	// worked on, which waits for Medusa.
	pongTime = 30 * time.Second

	// readBuffer and writeBuffer hold what is usually said. A socket that is idle costs
	// little else.
	readBuffer  = 512
	writeBuffer = 512

	// maxReason is how many bytes WebSocket has for why it ends.
	maxReason = 123
)

// socket is a WebSocket over which somebody follows stock.
type socket struct {
	conn     *websocket.Conn
	feed     *bff.Feed
	language mapping.Language
	after    string // what was resumed after, empty: nothing
	ration   func() *bff.Error

	// telling keeps changes back until who subscribes is told that he does.
	telling sync.Mutex
}

// socket serves GET /ws. What is done over the WebSocket goes on when the request has
// been answered: so the server lets go of all that it keeps for a request.
func (s *server) socket(c echo.Context) error {
	if !strings.EqualFold(c.Request().Header.Get(echo.HeaderUpgrade), "websocket") {
		return notUpgraded(c, nil)
	}
	if err := fromPage(c); err != nil {
		return err
	}
	query, faults := mapping.ParseSocketQuery(c.Request().URL.RawQuery)
	if err := invalid(faults); err != nil {
		return err
	}
	visitor, err := followerOf(c, query.PublishableKey)
	if err != nil {
		return err
	}
	ctx := context.WithoutCancel(c.Request().Context())
	s.sockets.Add(1) // before the server forgets the connection
	feed, err := s.gateway.Follow(ctx, visitor)
	if err != nil {
		s.sockets.Done()
		return err
	}
	// Where it comes from is checked, and compression costs more memory than it saves.
	conn, err := websocket.Accept(handshake{c.Response()}, c.Request(), &websocket.AcceptOptions{
		InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		feed.Close()
		s.sockets.Done()
		return notUpgraded(c, err)
	}
	conn.SetReadLimit(-1) // the library would say in English alone that a message is too long
	id, opened := recordOf(c).medusa.ID, &socket{conn: conn, feed: feed, language: visitor.Language, ration: rationOf(c)}
	go func() {
		defer s.sockets.Done()
		s.ended(ctx, id, opened.serve(ctx))
	}()
	return nil
}

// ended writes a line into the log when a WebSocket has ended: that of its request
// was written when it was opened.
func (s *server) ended(ctx context.Context, requestID string, why error) {
	level := slog.LevelInfo
	attributes := []slog.Attr{slog.String("requestId", requestID)}
	if refused, _ := errors.AsType[*bff.Error](why); refused != nil {
		attributes = append(attributes, slog.String("code", string(refused.Code)))
	} else if why != nil {
		level = slog.LevelError
		attributes = append(attributes, slog.String("error", why.Error()))
	}
	s.log.LogAttrs(ctx, level, "websocket ended", attributes...)
}

// handshake keeps back what the library says to who cannot be upgraded, and gives it
// small buffers for who can.
type handshake struct{ *echo.Response }

func (h handshake) WriteHeader(status int) {
	if status == http.StatusSwitchingProtocols {
		h.Response.WriteHeader(status)
	}
}

func (h handshake) Write(p []byte) (int, error) { return len(p), nil }

func (h handshake) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := h.Response.Hijack()
	if err == nil && buffers.Reader.Buffered() == 0 { // or he has sent something already
		buffers = bufio.NewReadWriter(bufio.NewReaderSize(conn, readBuffer), bufio.NewWriterSize(conn, writeBuffer))
	}
	return conn, buffers, err
}

// notUpgraded is the error for who did not ask for a WebSocket as he should.
func notUpgraded(c echo.Context, err error) error {
	header := c.Response().Header()
	header.Del(echo.HeaderContentType) // of what the library would have said
	header.Set(echo.HeaderConnection, "Upgrade")
	header.Set(echo.HeaderUpgrade, "websocket")
	header.Set("Sec-Websocket-Version", "13")
	refused := newError(upgradeRequired)
	refused.Err = err
	return refused
}

// serve runs until the client leaves or there is nothing more to tell, and says why.
func (s *socket) serve(ctx context.Context) error {
	defer s.feed.Close()
	ctx, leave := context.WithCancel(ctx)
	var heard error
	listened := make(chan struct{})
	go func() {
		defer close(listened)
		defer leave()
		heard = s.listen(ctx)
	}()
	stop := repeat(pingPause, s.ping)
	why := guarded(func() error { return s.tell(ctx) })
	if ctx.Err() != nil {
		<-listened
		why = heard
	}
	s.close(why)
	leave()
	<-listened
	stop()
	return why
}

// guarded turns a panic into an error with its stack, since it would end the program
// in a goroutine of its own.
func guarded(do func() error) (err error) {
	defer panics.Recover(&err)
	return do()
}

// listen does what the client asks for, until he leaves or asks for too much.
func (s *socket) listen(ctx context.Context) error {
	messages := rate.NewLimiter(messageRate, messageBurst)
	for {
		text, err := s.read()
		if err != nil {
			return nil //nolint:nilerr // he left, or was told by the library why not
		}
		if len(text) > maxMessage {
			tooLong := newError(bff.BodyTooLarge)
			tooLong.Message = mapping.Message{Key: string(bff.BodyTooLarge) + ".message", Args: []any{maxMessage}}
			return tooLong
		}
		if !messages.Allow() {
			tooMany := newError(bff.RateLimited)
			tooMany.Message = mapping.Message{Key: string(bff.RateLimited) + ".messages", Args: []any{messageRate}}
			_ = s.answer(liveError(tooMany, s.language)) // or he has left
			return tooMany
		}
		// In a goroutine of its own, since the stack that it takes would stay with this
		// one, which does nothing but wait for messages.
		done := make(chan error, 1)
		go func() { done <- guarded(func() error { return s.hear(ctx, text) }) }()
		if err := <-done; err != nil {
			return err
		}
	}
}

// read reads one message, of one that is too long no more than shows it.
func (s *socket) read() ([]byte, error) {
	_, message, err := s.conn.Reader(context.Background()) // to close the connection ends it
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(message, maxMessage+1))
}

// hear does what one message asks for. The error ends the connection.
func (s *socket) hear(ctx context.Context, text []byte) error {
	if !mapping.ValidJSON(text) {
		return s.answer(liveError(newError(invalidJSON), s.language))
	}
	request, faults := mapping.ParseLiveRequest(text)
	if len(faults) > 0 {
		return s.answer(mapping.NewLiveError(string(bff.ValidationFailed), mapping.Message{Key: string(bff.ValidationFailed)}, faults, s.language))
	}
	switch request.Type {
	case mapping.LiveSubscribe:
		return s.subscribe(ctx, request.Following)
	case mapping.LiveUnsubscribe:
		s.feed.Unsubscribe(request.Following)
		return s.answer(mapping.LiveAnswer{Type: mapping.LiveUnsubscribed})
	case mapping.LiveResume:
		if !s.feed.Resume(request.After) {
			return s.answer(mapping.LiveAnswer{Type: mapping.LiveGap})
		}
		s.after = request.After
		return nil
	default:
		return s.answer(mapping.LiveAnswer{Type: mapping.LivePong})
	}
}

// subscribe follows items, which counts as a request of the client's.
func (s *socket) subscribe(ctx context.Context, following mapping.Following) error {
	if limited := s.ration(); limited != nil {
		return s.answer(liveError(limited, s.language))
	}
	subscription, err := s.feed.Subscribe(ctx, following)
	if refused, _ := errors.AsType[*bff.Error](err); refused != nil {
		return s.answer(liveError(refused, s.language))
	}
	s.telling.Lock()
	defer s.telling.Unlock()
	followed, after := subscription.Begin(), s.after
	s.after = "" // what he was told again he is told once
	for _, answer := range followedAnswers(followed, following, after, s.language) {
		if err := s.answer(answer); err != nil {
			return err
		}
	}
	return nil
}

// tell tells of changes until there are no more, and says why not.
func (s *socket) tell(ctx context.Context) error {
	for {
		if err := s.feed.Wait(ctx); err != nil {
			return err
		}
		if err := s.tellAll(ctx); err != nil {
			return err
		}
	}
}

// tellAll tells of the changes that there are. Who subscribes meanwhile is told where he
// begins when he has heard of them.
func (s *socket) tellAll(ctx context.Context) error {
	s.telling.Lock()
	defer s.telling.Unlock()
	events, err := s.feed.Take(ctx)
	if err != nil {
		return err
	}
	for _, event := range events {
		if err := s.send(event.StoreJSON()); err != nil {
			return err
		}
	}
	return nil
}

func (s *socket) answer(answer mapping.LiveAnswer) error { return s.send(answer.StoreJSON()) }

// send sends a message. It is not cut off by another's end: half a message ends the
// connection without a word.
func (s *socket) send(message []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), sendTime)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, message); err != nil {
		return &bff.Error{Code: bff.Canceled, Err: err}
	}
	return nil
}

// ping asks whether the client is there, and ends the connection when he is not.
func (s *socket) ping() (there bool) {
	ctx, cancel := context.WithTimeout(context.Background(), pongTime)
	defer cancel()
	if s.conn.Ping(ctx) == nil {
		return true
	}
	_ = s.conn.CloseNow()
	return false
}

// close ends the connection and says why to a client who has not left.
func (s *socket) close(why error) {
	var refused *bff.Error
	switch {
	case why == nil:
		_ = s.conn.CloseNow()
		return
	case !errors.As(why, &refused):
		refused = newError(bff.Internal)
	case refused.Code == bff.Canceled:
		_ = s.conn.CloseNow()
		return
	}
	status := websocket.StatusInternalError
	switch refused.Code { //nolint:exhaustive // others have no place here
	case bff.RateLimited, bff.Unauthorized, bff.Forbidden:
		status = websocket.StatusPolicyViolation
	case bff.BodyTooLarge:
		status = websocket.StatusMessageTooBig
	case bff.NetworkError:
		status = websocket.StatusGoingAway
	}
	reason := refused.Message.In(s.language)
	if len(reason) > maxReason {
		reason = mapping.TitleOf(string(refused.Code)).In(s.language)
	}
	_ = s.conn.Close(status, reason) // who does not answer it is left
}
