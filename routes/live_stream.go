package routes

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
)

const (
	// commentPause is how often a stream shows that it is still there.
	commentPause = 15 * time.Second

	// reconnectAfter is the field that says to browsers when to connect again, in
	// milliseconds.
	reconnectAfter = "retry: 2000\n"
)

// stream is an answer of server-sent events.
type stream struct {
	response *echo.Response
	control  *http.ResponseController

	mu sync.Mutex // of what is written
}

// stream serves GET /api/inventory/stream.
func (s *server) stream(c echo.Context) error {
	query, faults := mapping.ParseStreamQuery(c.Request().URL.RawQuery)
	if err := invalid(faults); err != nil {
		return err
	}
	visitor, err := followerOf(c, query.PublishableKey)
	if err != nil {
		return err
	}
	ctx, leave := context.WithCancel(c.Request().Context())
	defer leave()
	feed, err := s.gateway.Follow(ctx, visitor)
	if err != nil {
		return err
	}
	defer feed.Close()
	after := cmp.Or(c.Request().Header.Get("Last-Event-Id"), query.After)
	gap := after != "" && !feed.Resume(after)
	subscription, err := feed.Subscribe(ctx, query.Following)
	if err != nil {
		return err
	}
	followed := subscription.Begin()
	if len(followed.Unknown) == len(query.Following.InventoryItemIDs) {
		return newError(bff.InventoryItemNotFound, followed.Unknown[0])
	}
	followed.Gap = followed.Gap || gap

	stream := &stream{response: c.Response(), control: http.NewResponseController(c.Response())}
	if err := stream.begin(followedAnswers(followed, query.Following, after, visitor.Language)); err != nil {
		return err
	}
	stop := repeat(commentPause, func() bool {
		err := stream.write(": still here\n\n")
		if err != nil {
			leave()
		}
		return err == nil
	})
	defer stop()
	why := stream.tell(ctx, feed)
	var refused *bff.Error
	if errors.As(why, &refused) && refused.Code != bff.Canceled {
		_ = stream.send("", liveError(refused, visitor.Language).JSON()) // or he has left
	}
	return why
}

// begin lets the answer take its time, and writes what is said first.
func (s *stream) begin(answers []mapping.LiveAnswer) error {
	header := s.response.Header()
	header.Set(echo.HeaderContentType, "text/event-stream")
	header.Set(echo.HeaderCacheControl, "no-store")
	header.Set("X-Accel-Buffering", "no")
	_ = s.control.SetReadDeadline(time.Time{}) // a connection without deadlines needs none
	s.response.WriteHeader(http.StatusOK)
	if err := s.write(reconnectAfter); err != nil {
		return err
	}
	for _, answer := range answers {
		if err := s.send(answer.Sequence, answer.JSON()); err != nil {
			return err
		}
	}
	return nil
}

// tell tells of changes until there are no more, and says why not.
func (s *stream) tell(ctx context.Context, feed *bff.Feed) error {
	for {
		if err := feed.Wait(ctx); err != nil {
			return err
		}
		events, err := feed.Take(ctx)
		if err != nil {
			return err
		}
		for _, event := range events {
			if err := s.send(event.Sequence, event.JSON()); err != nil {
				return err
			}
		}
	}
}

// send sends a message, with the id after which it can be resumed, if it has one.
func (s *stream) send(id string, message []byte) error {
	text := "data: " + string(message) + "\n\n" // JSON has no line breaks
	if id != "" {
		text = "id: " + id + "\n" + text
	}
	return s.write(text)
}

func (s *stream) write(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.control.SetWriteDeadline(time.Now().Add(sendTime)) // as with the other
	_, err := s.response.Write([]byte(text))
	if err == nil {
		err = s.control.Flush()
	}
	if err != nil {
		return &bff.Error{Code: bff.Canceled, Err: err}
	}
	return nil
}
