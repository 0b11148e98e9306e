package medusaclient

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// BenchmarkProductsGet reads a product of 20 kB from an upstream that answers
// at once; the upstream's own work is in it.
func BenchmarkProductsGet(b *testing.B) {
	body := productOf20kB(b)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/json; charset=utf-8"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
		_, _ = w.Write(body)
	}))
	defer upstream.Close()
	client := newClient(b, Config{BaseURL: upstream.URL})
	by := Bearer("a.b.c")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		product, err := client.Products.Get(b.Context(), by, "prod_hundred")
		if err != nil || product.ID != "prod_hundred" {
			b.Fatal(product.ID, err)
		}
	}
	b.StopTimer()
	client.Close()
}

func productOf20kB(b *testing.B) []byte {
	b.Helper()
	server := medusatest.New()
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/admin/products/prod_hundred?fields="+productStockFields, nil)
	request.Header.Set("Authorization", "Bearer "+server.Token(medusatest.UserID))
	server.ServeHTTP(answer, request)
	var whole map[string]map[string]any
	require.NoError(b, json.Unmarshal(answer.Body.Bytes(), &whole))
	product := whole["product"]
	product["variants"] = product["variants"].([]any)[:21]
	body, err := json.Marshal(whole)
	require.NoError(b, err)
	require.InDelta(b, 20_000, len(body), 1_000)
	return body
}
