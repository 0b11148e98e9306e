package medusatest

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fetch asks over the network for an item and returns status, body and the
// error of either.
func fetch(ctx context.Context, s *Server, client *http.Client, url string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/admin/inventory-items/iitem_bd_1g", nil)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+s.Token(UserID))
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

func TestFailuresOnCommand(t *testing.T) {
	s := New()
	url, client := start(t, s)
	_, whole, err := fetch(t.Context(), s, client, url)
	require.NoError(t, err)

	for _, each := range []struct {
		name   string
		do     Failure
		status int
		body   string
		broken bool
	}{
		{"answer", Answer(http.StatusBadGateway, `{"message":"x"}`), http.StatusBadGateway, `{"message":"x"}`, false},
		{"page", HTML(), http.StatusOK, "<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>", false},
		{"cut", Cut(), 0, "", true},
		{"cut in the body", CutBody(), http.StatusOK, whole[:len(whole)/2], true},
		{"truncated", Truncate(), http.StatusOK, whole[:len(whole)/2], false},
		{"slow body", SlowBody(100, time.Millisecond), http.StatusOK, whole, false},
		{"delay", Delay(time.Millisecond), http.StatusOK, whole, false},
	} {
		t.Run(each.name, func(t *testing.T) {
			lift := s.Fail(Match{Path: "/admin/inventory-items/*"}, each.do)
			status, body, err := fetch(t.Context(), s, client, url)
			assert.Equal(t, each.status, status)
			assert.Equal(t, each.body, body)
			assert.Equal(t, each.broken, err != nil, "error: %v", err)
			lift()
			status, body, err = fetch(t.Context(), s, client, url)
			require.NoError(t, err, "the failure was lifted")
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, whole, body)
		})
	}
}

func TestHangEndsWithTheServer(t *testing.T) {
	s := New()
	url, client := start(t, s)
	s.Fail(Match{}, Hang())
	failed := make(chan error, 1)
	go func() {
		_, _, err := fetch(t.Context(), s, client, url)
		failed <- err
	}()
	require.Eventually(t, func() bool { return len(s.Calls()) == 1 }, 5*time.Second, time.Millisecond, "the call did not arrive")
	s.Close()
	select {
	case err := <-failed:
		require.Error(t, err)
	case <-time.After(5 * time.Second):
		t.Fatal("the call hangs on after the server closed")
	}
	assert.Equal(t, 0, s.Calls()[0].Status, "no answer was begun")
}

func TestHoldUntilReleased(t *testing.T) {
	s := New()
	url, client := start(t, s)
	release := make(chan struct{})
	s.Fail(Match{Times: 1}, Hold(release))
	answered := make(chan int, 1)
	go func() {
		status, _, _ := fetch(t.Context(), s, client, url)
		answered <- status
	}()
	require.Eventually(t, func() bool { return len(s.Calls()) == 1 }, 5*time.Second, time.Millisecond, "the call did not arrive")
	select {
	case status := <-answered:
		t.Fatalf("answered %d before it was released", status)
	default:
	}
	close(release)
	assert.Equal(t, http.StatusOK, <-answered)
}

func TestLatencyEndsWithTheCaller(t *testing.T) {
	s := New()
	url, client := start(t, s)
	s.SetLatency(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/health", nil)
	require.NoError(t, err)
	answer, err := client.Do(request)
	if err == nil {
		require.NoError(t, answer.Body.Close())
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestMatch(t *testing.T) {
	s := New()
	status := func(method, path string) int { return ask(s, method, path, "Bearer "+s.Token(UserID)).Code }
	s.Fail(Match{Method: http.MethodGet, Path: "/admin/products/**", After: 1, Times: 2}, Answer(http.StatusTeapot, "{}"))

	assert.Equal(t, http.StatusOK, status(http.MethodGet, "/admin/products/prod_weights"), "the first passes")
	assert.Equal(t, http.StatusOK, status(http.MethodGet, "/admin/stock-locations"), "another path")
	assert.Equal(t, http.StatusNotFound, status(http.MethodPut, "/admin/products/prod_weights"), "another method")
	assert.Equal(t, http.StatusTeapot, status(http.MethodGet, "/admin/products/prod_weights"))
	assert.Equal(t, http.StatusTeapot, status(http.MethodGet, "/admin/products/prod_weights/variants"))
	assert.Equal(t, http.StatusOK, status(http.MethodGet, "/admin/products/prod_weights"), "it is used up")

	s.Fail(Match{Path: "/admin/*/sloc_high_up"}, Answer(http.StatusTeapot, "{}"))
	assert.Equal(t, http.StatusTeapot, status(http.MethodGet, "/admin/stock-locations/sloc_high_up"))
	assert.Equal(t, http.StatusOK, status(http.MethodGet, "/admin/stock-locations/sloc_deposito"))
	s.LiftFailures()
	assert.Equal(t, http.StatusOK, status(http.MethodGet, "/admin/stock-locations/sloc_high_up"))

	s.Fail(Match{Times: 1}, Answer(http.StatusTeapot, "{}"))
	s.Fail(Match{Times: 1}, Answer(http.StatusBadGateway, "{}"))
	assert.Equal(t, http.StatusTeapot, status(http.MethodGet, "/health"))
	assert.Equal(t, http.StatusBadGateway, status(http.MethodGet, "/health"), "the second failure waits for the first")
	assert.Equal(t, http.StatusOK, status(http.MethodGet, "/health"))
}
