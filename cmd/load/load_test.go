package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/testdata/medusa"
)

// TestMain lets the program of the tests be the stub, too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == stubCommand {
		main()
	}
	os.Exit(m.Run())
}

func TestEveryScenarioGivesItsFigures(t *testing.T) {
	var stdout, stderr strings.Builder
	code := run(t.Context(), []string{"-requests", "40", "-connections", "2", "-rate", "200", "-duration", "200ms"}, nil, &stdout, &stderr)
	require.Zero(t, code, "exit code; standard error: %s", stderr.String())
	assert.Empty(t, stderr.String(), "standard error")
	for _, expected := range []string{
		"uncached: ", "40 over 2 connections", "goal: at most 0.20 ms", "held: ", "200 over 2 connections", "goal: at most 0.03 ms",
		"latency: ", "40 at 200 a second", "goal: at most 0.5 ms more", "goal: at most 2 ms more",
	} {
		assert.Contains(t, stdout.String(), expected)
	}
	if runtime.GOOS == "linux" {
		assert.NotContains(t, stdout.String(), "not measured")
		assert.NotContains(t, stdout.String(), " 0.0 MiB", "a running program has memory")
	}
}

func TestNothingIsMeasuredOfAGatewayThatDoesNotStart(t *testing.T) {
	var stdout, stderr strings.Builder
	code := run(t.Context(), []string{"-scenario", "held", "-gateway", filepath.Join(t.TempDir(), "none")}, nil, &stdout, &stderr)
	assert.Equal(t, 1, code, "exit code")
	assert.Contains(t, stderr.String(), "held: gateway: ")
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-scenario", "none"}, {"-requests", "0"}, {"-connections", "0"}, {"-sockets", "0"}, {"-rate", "0"}, {"-duration", "0s"}, {"-medusa", "http://127.0.0.1:1"}, {"more"}, {"-none"}} {
		var stdout, stderr strings.Builder
		assert.Equal(t, 2, run(t.Context(), args, nil, &stdout, &stderr), "exit code of %v", args)
		assert.NotEmpty(t, stderr.String(), "%v is not explained", args)
	}
}

func TestAFailedRequestEndsTheLoop(t *testing.T) {
	var asked atomic.Int64
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 5 {
			http.Error(w, "out of order", http.StatusServiceUnavailable)
		}
	})
	_, err := closedLoop(t.Context(), address, 1, 100, stubPath)
	require.ErrorContains(t, err, "GET /admin/products/prod_load_4: status 503: out of order")
	assert.EqualValues(t, 5, asked.Load(), "requests sent")
}

func TestALateRequestIsTimedFromWhenItWasDue(t *testing.T) {
	const stall = 50 * time.Millisecond
	var busy sync.WaitGroup
	busy.Add(openConnections)
	var asked atomic.Int64
	address := serve(t, func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) <= openConnections {
			busy.Done()
			busy.Wait() // until every connection is taken
			<-time.After(stall)
		}
	})
	took, err := openLoop(t.Context(), address, 1000, openConnections+1, stubPath)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, took[openConnections], stall-2*time.Millisecond, "the request that found no free connection")
}

func TestPercentileIsATimeThatSoManyKept(t *testing.T) {
	took := make([]time.Duration, 200)
	for i := range took {
		took[i] = time.Duration(200 - i)
	}
	assert.EqualValues(t, 100, percentile(took, 50))
	assert.EqualValues(t, 198, percentile(took, 99))
	assert.EqualValues(t, 7, percentile([]time.Duration{7}, 99), "of one")
}

func TestTheProductHas20Kilobytes(t *testing.T) {
	assert.InDelta(t, 20_000, len(productAnswer()), 500, "bytes")
}

func serve(t *testing.T, handler http.HandlerFunc) (address string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().(*net.TCPAddr).String()
}

func TestALoneChangeIsComparedWithItsTwoCalls(t *testing.T) {
	m := medusa.Start(t)
	var stdout, stderr strings.Builder
	args := []string{"-scenario", "lone", "-requests", "20", "-medusa", m.URL, "-email", m.Email, "-password", m.Password}
	require.Zero(t, run(t.Context(), args, nil, &stdout, &stderr), "exit code; standard error: %s", stderr.String())
	assert.Contains(t, stdout.String(), "20, and the two calls by turns")
	assert.Regexp(t, `ms straight, .* ms through the gateway: .* goal: at most 3 ms more`, stdout.String())
}

func TestARateCountsWhatIsAnswered(t *testing.T) {
	var answered atomic.Int64
	address := serve(t, func(http.ResponseWriter, *http.Request) { answered.Add(1) })
	var r rate
	started := time.Now()
	for range 2 {
		require.NoError(t, r.measure(t.Context(), address, "", 3, 50*time.Millisecond, func(int) (path, body string) { return "/", "{}" }))
	}
	assert.GreaterOrEqual(t, r.elapsed, 100*time.Millisecond)
	assert.LessOrEqual(t, r.elapsed, time.Since(started))
	assert.Equal(t, answered.Load(), r.requests)
	assert.InDelta(t, float64(answered.Load())/r.elapsed.Seconds(), r.perSecond(), 1e-6)
}

func TestABatchIsComparedWithItsRows(t *testing.T) {
	m := medusa.Start(t)
	shop, err := openShop(t.Context(), upstream{m.URL, m.Email, m.Password})
	require.NoError(t, err)
	t.Cleanup(shop.close)
	folder := t.TempDir()
	program, err := buildGateway(t.Context(), folder)
	require.NoError(t, err)
	gateway, err := bench{program: program, folder: folder, stdout: io.Discard}.startGateway(t.Context(), shop.upstream, "0")
	require.NoError(t, err)
	t.Cleanup(gateway.stop)
	places, err := shop.newLevels(t.Context(), 260)
	require.NoError(t, err)
	require.Len(t, places, 260)

	figure, err := batchFigure(t.Context(), gateway.address, shop, places[240:260])

	require.NoError(t, err)
	assert.Equal(t, "20 rows", figure.name)
	assert.Regexp(t, `ms in one batch, .* ms one by one: 0\.\d+$`, figure.value)
}

func TestADistanceTakesItsTimeThereAndBack(t *testing.T) {
	address := serve(t, func(http.ResponseWriter, *http.Request) {})
	far, err := newDistance(t.Context(), address, 40*time.Millisecond)
	require.NoError(t, err)
	connection, err := dial(t.Context(), far.address(), "")
	require.NoError(t, err)
	t.Cleanup(connection.close)
	for range 3 {
		started := time.Now()
		require.NoError(t, connection.get("/"))
		assert.GreaterOrEqual(t, time.Since(started), 40*time.Millisecond)
	}
}

func TestAChangeReachesEverybodyWhoFollows(t *testing.T) {
	m := medusa.Start(t)
	var stdout, stderr strings.Builder
	args := []string{"-scenario", "live", "-sockets", "5", "-requests", "3", "-medusa", m.URL, "-email", m.Email, "-password", m.Password}
	require.Zero(t, run(t.Context(), args, nil, &stdout, &stderr), "exit code; standard error: %s", stderr.String())
	assert.Contains(t, stdout.String(), "5 besides, each told of 3 changes")
	assert.Regexp(t, `from the answer +p50 .* ms, p99 .* ms, max .* ms +goal: p99 at most 100 ms`, stdout.String())
	assert.Regexp(t, `idle sockets +25: from .* MiB of resident memory to .* MiB`, stdout.String())
}
