package bff

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is for what must happen, on a machine that may be busy.
const patience = 30 * time.Second

// shop is a gateway in front of an in-memory Medusa.
type shop struct {
	*Gateway

	medusa  *medusatest.Server
	caller  Caller
	metrics *prometheus.Registry
	config  Config
	close   func() // the gateway, before the end of the test
}

func newShop(t testing.TB, change ...func(*Config)) *shop {
	t.Helper()
	medusa := medusatest.New()
	_, err := medusa.Start()
	require.NoError(t, err)
	t.Cleanup(medusa.Close)
	return inFrontOf(t, medusa, change...)
}

// inFrontOf is a gateway in front of a Medusa that may have others.
func inFrontOf(t testing.TB, medusa *medusatest.Server, change ...func(*Config)) *shop {
	t.Helper()
	address, err := medusa.Start()
	require.NoError(t, err)
	client, err := medusaclient.New(medusaclient.Config{
		BaseURL: address, Timeout: 5 * time.Second, MaxConcurrency: 16, Metrics: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	metrics := prometheus.NewRegistry()
	config := Config{
		Medusa: client, Account: client.UserAccount(medusatest.Email, medusatest.Password),
		CacheTTL: time.Minute, MaxBytes: 1 << 20, Timeout: 10 * time.Second,
		Log: slog.New(slog.DiscardHandler), Metrics: metrics,
	}
	for _, c := range change {
		c(&config)
	}
	gateway := New(config)
	closeOnce := sync.OnceFunc(gateway.Close)
	t.Cleanup(closeOnce)
	return &shop{
		Gateway: gateway, medusa: medusa, metrics: metrics, config: config, close: closeOnce,
		caller: Caller{Credential: medusaclient.Bearer(medusa.Token(medusatest.UserID))},
	}
}

// prepared is a shop that has read what it holds from the start.
func prepared(t testing.TB, change ...func(*Config)) *shop {
	t.Helper()
	s := newShop(t, change...)
	require.NoError(t, s.Prepare(t.Context()))
	s.medusa.ResetCalls()
	return s
}

// another is a caller with a user of his own.
func (s *shop) another(id string) Caller {
	s.medusa.PutUser(medusatest.User{ID: id, Email: id + "@cannahub.test", Password: id})
	return Caller{Credential: medusaclient.Bearer(s.medusa.Token(id))}
}

func (s *shop) paths() []string {
	var paths []string
	for _, call := range s.medusa.Calls() {
		paths = append(paths, call.Method+" "+call.Path)
	}
	return paths
}

// read decodes an answer.
func read(t testing.TB, answer *Answer, err error) map[string]any {
	t.Helper()
	require.NoError(t, err)
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(answer.JSON, &decoded))
	return decoded
}

func requireCode(t testing.TB, code Code, err error) *Error {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code, "%v", err)
	return e
}

func TestReadySaysWhetherMedusaTakesTheGatewaysUser(t *testing.T) {
	s := newShop(t)
	require.NoError(t, s.Ready(t.Context()))

	s.medusa.Close()
	e := requireCode(t, NetworkError, s.Ready(t.Context()))
	require.Equal(t, Unreachable, e.Outage)

	_, err := s.medusa.Start()
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Ready(context.Background()) == nil }, 5*time.Second, 50*time.Millisecond,
		"not ready within 5 s of Medusa's return")
}
