package medusaclient

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cannahub/gateway/medusaclient/medusatest"
	"github.com/cannahub/gateway/testdata/medusa"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop is a Medusa that holds the Cannahub catalogue, in memory or real.
type shop struct {
	url, email, password, secretKey string
	// publishableKey is of the channel sc_cannahub, wholesaleKey of sc_mayorista.
	publishableKey, wholesaleKey string
	// reprice gives the variant variant_bd_1g of prod_blue_dream these prices
	// for the rest of the test.
	reprice func(t testing.TB, prices []medusatest.Price)
	// reset brings the catalogue back.
	reset func(t testing.TB)
	// deleteItem deletes an inventory item.
	deleteItem func(t testing.TB, id string)
}

// shops are both, for what has to hold at both.
var shops = []struct {
	name string
	open func(t testing.TB) shop
}{
	{"in memory", func(tb testing.TB) shop {
		tb.Helper()
		server, url := startMemory(tb)
		return shop{
			url: url, email: medusatest.Email, password: medusatest.Password, secretKey: medusatest.SecretKey,
			publishableKey: medusatest.PublishableToken("sc_cannahub"), wholesaleKey: medusatest.PublishableToken("sc_mayorista"),
			reprice: func(tb testing.TB, prices []medusatest.Price) {
				tb.Helper()
				tb.Cleanup(server.Reset)
				reprice(tb, server, prices)
			},
			reset:      func(testing.TB) { server.Reset() },
			deleteItem: func(_ testing.TB, id string) { server.Delete(id) },
		}
	}},
	{"real", func(tb testing.TB) shop {
		tb.Helper()
		m := medusa.Start(tb)
		return shop{
			url: m.URL, email: m.Email, password: m.Password, secretKey: m.SecretKey,
			publishableKey: m.PublishableKey, wholesaleKey: m.WholesalePublishableKey,
			reprice: func(tb testing.TB, prices []medusatest.Price) {
				tb.Helper()
				tb.Cleanup(func() { m.Reset(tb) })
				write(tb, http.MethodPost, m.URL+"/admin/products/prod_blue_dream/variants/variant_bd_1g", m.Token(tb), map[string]any{"prices": prices})
			},
			reset: func(tb testing.TB) { tb.Helper(); m.Reset(tb) },
			deleteItem: func(tb testing.TB, id string) {
				tb.Helper()
				write(tb, http.MethodDelete, m.URL+"/admin/inventory-items/"+id, m.Token(tb), struct{}{})
			},
		}
	}},
}

func reprice(tb testing.TB, server *medusatest.Server, prices []medusatest.Price) {
	tb.Helper()
	content, err := os.ReadFile("medusatest/catalogue.json")
	require.NoError(tb, err)
	var catalogue medusatest.Catalogue
	require.NoError(tb, json.Unmarshal(content, &catalogue))
	for _, product := range catalogue.Products {
		for i, variant := range product.Variants {
			if variant.ID == "variant_bd_1g" {
				product.Variants[i].Prices = prices
				server.Put(product)
				return
			}
		}
	}
	tb.Fatal("the catalogue has no variant_bd_1g")
}

// write writes to a real Medusa past the client, which has no such call.
func write(tb testing.TB, method, url, token string, body any) {
	tb.Helper()
	content, err := json.Marshal(body)
	require.NoError(tb, err)
	request, err := http.NewRequestWithContext(tb.Context(), method, url, bytes.NewReader(content))
	require.NoError(tb, err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := plainHTTP(tb).Do(request)
	require.NoError(tb, err)
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	require.NoError(tb, err)
	require.Equal(tb, http.StatusOK, response.StatusCode, "%s", said)
}

func startMemory(tb testing.TB) (*medusatest.Server, string) {
	tb.Helper()
	server := medusatest.New()
	url, err := server.Start()
	require.NoError(tb, err)
	tb.Cleanup(server.Close)
	return server, url
}

// newClient returns a client of its own metrics that is closed with the test.
// What config leaves out is 20 s and 16 calls at once.
func newClient(tb testing.TB, config Config) *Client {
	tb.Helper()
	if config.Timeout == 0 {
		config.Timeout = 20 * time.Second
	}
	if config.MaxConcurrency == 0 {
		config.MaxConcurrency = 16
	}
	if config.Metrics == nil {
		config.Metrics = prometheus.NewRegistry()
	}
	c, err := New(config)
	require.NoError(tb, err)
	tb.Cleanup(c.Close)
	return c
}

// memoryClient returns an in-memory Medusa, a client of it and a token.
func memoryClient(tb testing.TB, config Config) (*medusatest.Server, *Client, Credential) {
	tb.Helper()
	server, url := startMemory(tb)
	config.BaseURL = url
	return server, newClient(tb, config), Bearer(server.Token(medusatest.UserID))
}

// plainHTTP is a client that does nothing of its own accord.
func plainHTTP(tb testing.TB) *http.Client {
	tb.Helper()
	transport := &http.Transport{DisableCompression: true}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
