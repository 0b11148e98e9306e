package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/medusaclient"
	"github.com/cannahub/gateway/routes"
)

const (
	// drainTime is what a load balancer that asks every second or two needs to
	// see that the gateway is no longer ready.
	drainTime = 3 * time.Second

	// prepareTimeout bounds the reads made before the first request.
	prepareTimeout = 5 * time.Second

	// changeTime is what a change takes at most that was begun when the time of
	// its request was over.
	changeTime = time.Minute

	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 256 << 10
)

// serve runs the gateway until ctx ends. Then it says that it is not ready,
// goes on for a moment, so that who sends requests here can see it, and lets
// the requests under way finish.
func serve(ctx context.Context, settings settings, stderr io.Writer) error {
	return start(ctx, settings, stderr, drainTime, func(net.Addr) {})
}

// start is serve with another time to drain, and tells when it listens.
func start(ctx context.Context, settings settings, stderr io.Writer, drain time.Duration, listening func(net.Addr)) error {
	log := newLogger(settings, stderr)
	slog.SetDefault(log)
	stopTracing, err := startTracing(ctx, settings)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	medusa, account, err := newMedusa(settings, registry)
	if err != nil {
		return err
	}
	store, err := state.Open(ctx, settings.StateDSN, log)
	if err != nil {
		return faultIn("STATE_DSN", "unusable", err.Error())
	}
	gateway := bff.New(bff.Config{
		Medusa: medusa, Account: account, Store: store,
		CacheTTL: settings.CacheTTL, MaxBytes: int64(settings.CacheMaxBytes), Timeout: settings.RequestTimeout, AuthTTL: settings.AuthCacheTTL,
		LivePoll: settings.LivePollInterval, CartHoldTTL: time.Duration(settings.CartHoldTTL), StaleAge: settings.StaleMaxAge,
		FeedsPerAddress: settings.LiveFeedsPerAddress, DefaultKey: settings.DefaultPublishableKey, Log: log, Metrics: registry,
	})
	var draining atomic.Bool
	var sockets sync.WaitGroup
	clients := &http.Server{
		Handler: routes.New(routes.Config{
			Gateway: gateway, Log: log, Metrics: registry,
			MaxBodyBytes: int64(settings.MaxBodyBytes), Rate: settings.RateLimit.Rate, Secret: settings.WebhookSecret.WebhookSecret, Sockets: &sockets,
			Origins: settings.CORSOrigins, Proxies: settings.proxies(), Tracing: settings.tracing(), Draining: draining.Load,
		}),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       settings.RequestTimeout,
		WriteTimeout:      settings.RequestTimeout + changeTime,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ops := &http.Server{Handler: opsHandler(registry), ReadHeaderTimeout: readHeaderTimeout}

	clientsListener, err := new(net.ListenConfig).Listen(ctx, "tcp", settings.ListenAddr)
	if err != nil {
		return errors.Join(faultIn("LISTEN_ADDR", "unusable", err.Error()), store.Close())
	}
	opsListener, err := new(net.ListenConfig).Listen(ctx, "tcp", settings.OpsAddr)
	if err != nil {
		return errors.Join(faultIn("OPS_ADDR", "unusable", err.Error()), clientsListener.Close(), store.Close())
	}
	if err := gateway.Start(ctx); err != nil {
		return errors.Join(faultIn("STATE_DSN", "unusable", err.Error()), clientsListener.Close(), opsListener.Close(), store.Close())
	}
	prepare(ctx, gateway, log)
	log.InfoContext(ctx, "listening", "clients", clientsListener.Addr().String(), "ops", opsListener.Addr().String(),
		"medusa", settings.MedusaURL, "version", version)
	listening(clientsListener.Addr())

	group, groupCtx := errgroup.WithContext(ctx)
	go tuneMemory(groupCtx, settings)
	group.Go(func() error { return ignoreClosed(clients.Serve(clientsListener)) })
	group.Go(func() error { return ignoreClosed(ops.Serve(opsListener)) })
	group.Go(func() error {
		<-groupCtx.Done()
		draining.Store(true)
		log.InfoContext(ctx, "stopping")
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settings.ShutdownTimeout)
		defer cancel()
		drained, drainedCancel := context.WithTimeout(stopCtx, drain)
		defer drainedCancel()
		<-drained.Done()
		gateway.Drain()
		err := clients.Shutdown(stopCtx)
		waitFor(stopCtx, &sockets)
		gateway.Close()
		err = errors.Join(err, store.Close())
		medusa.Close()
		return errors.Join(err, ops.Close(), stopTracing(stopCtx))
	})
	err = group.Wait()
	log.InfoContext(ctx, "stopped")
	return err
}

// waitFor waits until all are done, or ctx ends.
func waitFor(ctx context.Context, all *sync.WaitGroup) {
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// newMedusa makes the client and the gateway's own account.
func newMedusa(settings settings, registry prometheus.Registerer) (*medusaclient.Client, *medusaclient.Account, error) {
	client, err := medusaclient.New(medusaclient.Config{
		BaseURL: settings.MedusaURL, Timeout: settings.MedusaTimeout, MaxConcurrency: settings.MedusaMaxConcurrency,
		Metrics: registry, Tracing: settings.tracing(),
	})
	if err != nil {
		return nil, nil, err
	}
	if settings.MedusaSecretKey != "" {
		return client, client.KeyAccount(settings.MedusaSecretKey), nil
	}
	return client, client.UserAccount(settings.MedusaEmail, settings.MedusaPassword), nil
}

// prepare reads what every request needs. A Medusa that does not answer yet is
// no reason not to start: /readyz tells when it does.
func prepare(ctx context.Context, gateway *bff.Gateway, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	if err := gateway.Prepare(ctx); err != nil {
		log.WarnContext(ctx, "medusa is not ready for the gateway yet", "error", err)
	}
}

func newLogger(settings settings, to io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: settings.LogLevel}
	if settings.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(to, options))
	}
	return slog.New(slog.NewJSONHandler(to, options))
}

func opsHandler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
