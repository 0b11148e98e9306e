// Package routes turns HTTP into one call of package bff, and its answer or
// error into HTTP. It holds the OpenAPI document.
package routes

import (
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/cannahub/gateway/bff"
)

// Config says how the gateway is served.
type Config struct {
	Gateway        *bff.Gateway
	Log            *slog.Logger
	Metrics        prometheus.Registerer
	RequestTimeout time.Duration
	MaxBodyBytes   int64
	Rate           Rate     // the zero value: no limit
	Origins        []string // that browsers may call from; "*" for all
	Proxies        []*net.IPNet
	Tracing        bool        // record a span for each request
	Draining       func() bool // says that the program is about to stop
}

type server struct {
	gateway  *bff.Gateway
	log      *slog.Logger
	metrics  *metrics
	draining func() bool
}

// New returns the handler of every route.
func New(config Config) http.Handler {
	s := &server{gateway: config.Gateway, log: config.Log, metrics: newMetrics(config.Metrics), draining: config.Draining}

	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) { s.refuse(c, err) }
	e.IPExtractor = clientIP(config.Proxies)
	e.Pre(headAsGet)
	e.Use(s.observe, cors(config.Origins), limitRequest(config.MaxBodyBytes, config.RequestTimeout))
	if config.Rate.Burst > 0 {
		e.Use(limitRate(config.Rate))
	}

	e.GET("/healthz", s.health)
	e.GET("/readyz", s.ready)
	e.GET("/openapi.json", s.openAPI)

	api := e.Group("/api")
	s.serveInventory(api)
	s.serveProducts(api)
	s.serveLocations(api)

	if config.Tracing {
		return otelhttp.NewHandler(e, "gateway")
	}
	return e
}

// headAsGet lets a HEAD take the way of a GET; the server sends no body for it.
func headAsGet(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().Method == http.MethodHead {
			asGet := c.Request().WithContext(c.Request().Context())
			asGet.Method = http.MethodGet
			c.SetRequest(asGet)
		}
		return next(c)
	}
}
