package routes

import (
	"cmp"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
)

// sendTime is how long a client may take to take a message. Who takes longer has gone,
// or cannot keep up.
const sendTime = 10 * time.Second

// serveLive serves stock as it changes.
func (s *server) serveLive(e *echo.Echo, api *echo.Group, limit ...echo.MiddlewareFunc) {
	e.GET("/ws", s.socket, limit...)
	api.GET("/inventory/stream", s.stream)
}

// followerOf reads who wants to be told of changes. A browser can name the key of its
// shop in the query alone.
func followerOf(c echo.Context, key string) (bff.Visitor, error) {
	visitor, err := visitorOf(c)
	visitor.PublishableKey = cmp.Or(visitor.PublishableKey, key)
	visitor.Address = addressOf(c)
	return visitor, err
}

// fromPage refuses pages of other sites than this one and those that CORS allows,
// which it has said in the answer by now. A browser lets any page open a WebSocket.
func fromPage(c echo.Context) error {
	origin := c.Request().Header.Get(echo.HeaderOrigin)
	if origin == "" || c.Response().Header().Get(echo.HeaderAccessControlAllowOrigin) != "" {
		return nil
	}
	page, err := url.Parse(origin)
	if err != nil || page.Host == "" || !strings.EqualFold(page.Host, c.Request().Host) {
		refused := newError(bff.Forbidden)
		refused.Message = mapping.Message{Key: "FORBIDDEN.origin", Args: []any{origin}}
		return refused
	}
	return nil
}

// liveError is the message that says an error to who follows.
func liveError(e *bff.Error, language mapping.Language) mapping.LiveAnswer {
	return mapping.NewLiveError(string(e.Code), e.Message, e.Fields, language)
}

// repeat does something again and again, after a pause each time, until it wants no
// more or is stopped. To stop waits for what is being done. While it pauses there is no
// goroutine, of which there would be thousands.
func repeat(pause time.Duration, do func() (more bool)) (stop func()) {
	var mu sync.Mutex
	var timer *time.Timer
	stopped := false
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(pause, func() {
		mu.Lock()
		defer mu.Unlock()
		if !stopped && do() {
			timer.Reset(pause)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		timer.Stop()
	}
}

// followedAnswers are what is said to who has begun to follow items: from which change
// on he is told of all, or that there are some between of which he is not, and which
// items there are not.
func followedAnswers(followed bff.Followed, following mapping.Following, after string, language mapping.Language) []mapping.LiveAnswer {
	var answers []mapping.LiveAnswer
	if followed.Gap { // first: who knows the sequence must know of the gap
		answers = append(answers, mapping.LiveAnswer{Type: mapping.LiveGap})
	}
	if len(followed.Unknown) < len(following.InventoryItemIDs) {
		from := followed.Sequence
		if after != "" && !followed.Gap {
			from = after
		}
		answers = append(answers, mapping.LiveAnswer{Type: mapping.LiveSubscribed, Sequence: from})
	}
	if len(followed.Unknown) > 0 {
		answers = append(answers, mapping.NewUnknownItems(followed.Unknown, language))
	}
	return answers
}
