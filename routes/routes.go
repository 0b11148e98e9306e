// Package routes turns HTTP into one call of package bff, and its answer or
// error into HTTP. It holds the OpenAPI document.
package routes

import (
	"log/slog"
	"net"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/cannahub/gateway/bff"
)

// Config says how the gateway is served.
type Config struct {
	Gateway      *bff.Gateway
	Log          *slog.Logger
	Metrics      prometheus.Registerer
	MaxBodyBytes int64
	Rate         Rate     // the zero value: no limit
	Origins      []string // that browsers may call from; "*" for all
	Proxies      []*net.IPNet
	Tracing      bool          // record a span for each request
	Draining     func() bool   // says that the program is about to stop
	Secret       WebhookSecret // of hooks; empty: none are taken
	// Sockets counts the WebSockets that are open, for which the server does not wait
	// when it stops.
	Sockets *sync.WaitGroup
}

type server struct {
	gateway  *bff.Gateway
	log      *slog.Logger
	metrics  *metrics
	draining func() bool
	sockets  *sync.WaitGroup
}

// New returns the handler of every route.
func New(config Config) http.Handler {
	e := newRouter(config)
	if config.Tracing {
		return otelhttp.NewHandler(e, "gateway")
	}
	return e
}

func newRouter(config Config) *echo.Echo {
	s := &server{
		gateway: config.Gateway, log: config.Log, metrics: newMetrics(config.Metrics), draining: config.Draining, sockets: config.Sockets,
	}

	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) { s.refuse(c, err) }
	e.IPExtractor = clientIP(config.Proxies)
	e.Use(s.observe, cors(config.Origins), limitRequest(config.MaxBodyBytes))

	get(e, "/healthz", s.health)
	get(e, "/readyz", s.ready)
	get(e, "/openapi.json", s.openAPI)
	s.servePages(e)

	var limit []echo.MiddlewareFunc
	if config.Rate.Burst > 0 {
		limit = append(limit, limitRate(config.Rate))
	}
	api := e.Group("/api", limit...)
	s.serveInventory(api)
	s.serveProducts(api)
	s.serveReservations(api)
	s.serveLocations(api)
	s.serveStorefront(e, limit...)
	s.serveLive(e, api, limit...)
	s.serveHooks(e, config.Secret)
	s.servePassThrough(e, config.Proxies, limit...)

	return e
}

// router is where routes are registered.
type router interface {
	Match(methods []string, path string, handler echo.HandlerFunc, middleware ...echo.MiddlewareFunc) []*echo.Route
}

// get serves a path for GET, and for HEAD: the server sends no body for it.
func get(r router, path string, handler echo.HandlerFunc) {
	r.Match([]string{http.MethodGet, http.MethodHead}, path, handler)
}
