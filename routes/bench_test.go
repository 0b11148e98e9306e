package routes

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// BenchmarkHeldAnswer is a product answer of 20 kB from memory, with logs,
// metrics and credential.
func BenchmarkHeldAnswer(b *testing.B) { benchmarkProduct(b, time.Hour) }

// BenchmarkUncachedAnswer is the same answer made anew each time, with an
// upstream on loopback that answers at once.
func BenchmarkUncachedAnswer(b *testing.B) { benchmarkProduct(b, 0) }

func benchmarkProduct(b *testing.B, cacheTTL time.Duration) {
	b.Helper()
	medusa := medusatest.New()
	medusa.Put(wideProduct())
	upstream := httptest.NewServer(&replay{medusa: medusa})
	defer upstream.Close()
	client, err := medusaclient.New(medusaclient.Config{
		BaseURL: upstream.URL, Timeout: time.Minute, MaxConcurrency: 16, Metrics: prometheus.NewRegistry(),
	})
	require.NoError(b, err)
	defer client.Close()
	gateway := bff.New(bff.Config{
		Medusa: client, Account: client.UserAccount(medusatest.Email, medusatest.Password),
		CacheTTL: cacheTTL, MaxBytes: 64 << 20, Timeout: time.Minute, Metrics: prometheus.NewRegistry(),
	})
	defer gateway.Close()
	handler := New(Config{
		Gateway: gateway, Log: slog.New(slog.NewJSONHandler(&discarded{}, nil)), Metrics: prometheus.NewRegistry(),
		MaxBodyBytes: 1 << 20, Draining: func() bool { return false },
	})
	request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/api/products/prod_wide/with-inventory", http.NoBody)
	request.Header.Set("Authorization", "Bearer "+medusa.Token(medusatest.UserID))

	var bytes int
	b.ReportAllocs()
	for b.Loop() {
		w := discarded{header: http.Header{}}
		handler.ServeHTTP(&w, request)
		require.Equal(b, http.StatusOK, w.status)
		bytes = w.bytes
	}
	b.ReportMetric(float64(bytes), "answer-bytes")
}

// wideProduct makes an answer of about 20 kB.
func wideProduct() medusatest.Product {
	product := medusatest.Product{ID: "prod_wide", Title: "Colección ancha", Handle: "ancha", Status: "published"}
	for i := range 24 {
		id := fmt.Sprintf("variant_wide_%02d", i)
		product.Variants = append(product.Variants, medusatest.Variant{
			ID: id, Title: id, SKU: &id, ManageInventory: true,
			Metadata:       map[string]any{"weight": 3.5, "lote": "L-2026-04", "genetics": strings.Repeat("Blue Dream × Haze ", 10)},
			Prices:         []medusatest.Price{{CurrencyCode: "ars", Amount: 11500.5}, {CurrencyCode: "usd", Amount: 12}},
			InventoryItems: []medusatest.VariantItem{{InventoryItemID: "iitem_bd_14g", RequiredQuantity: 1}},
		})
	}
	return product
}

// replay answers at once what it was asked before.
type replay struct {
	medusa  http.Handler
	answers sync.Map // of *httptest.ResponseRecorder, by target
}

func (r *replay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	known, ok := r.answers.Load(request.RequestURI)
	if !ok {
		recorder := httptest.NewRecorder()
		r.medusa.ServeHTTP(recorder, request)
		known, _ = r.answers.LoadOrStore(request.RequestURI, recorder)
	}
	recorder, _ := known.(*httptest.ResponseRecorder)
	w.Header().Set("Content-Type", recorder.Header().Get("Content-Type"))
	w.WriteHeader(recorder.Code)
	_, _ = w.Write(recorder.Body.Bytes())
}

// discarded is an answer of which only status and size are kept.
type discarded struct {
	header http.Header
	status int
	bytes  int
}

func (d *discarded) Header() http.Header { return d.header }

func (d *discarded) WriteHeader(status int) { d.status = status }

func (d *discarded) Write(p []byte) (int, error) {
	d.bytes += len(p)
	return len(p), nil
}
