package medusaclient

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func TestTracesOfWhatPassesHoldNoQueries(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans)))
	defer otel.SetTracerProvider(before)
	var asked string
	medusa := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.RequestURI }))
	t.Cleanup(medusa.Close)
	client, err := New(Config{BaseURL: medusa.URL, Timeout: 5 * time.Second, MaxConcurrency: 1, Metrics: prometheus.NewRegistry(), Tracing: true})
	require.NoError(t, err)
	t.Cleanup(client.Close)

	const callback = "/auth/customer/google/callback?code=s3cret&state=z"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://gateway"+callback, nil)
	require.NoError(t, err)
	response, err := client.PassThrough.Send(request, "/auth/*")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, callback, asked, "Medusa gets something else")
	require.Len(t, spans.Ended(), 1)
	told := ""
	for _, attribute := range spans.Ended()[0].Attributes() {
		require.NotContains(t, attribute.Value.String(), "s3cret", attribute.Key)
		told += attribute.Value.String() + " "
	}
	require.Contains(t, told, "/auth/customer/google/callback ")
}
