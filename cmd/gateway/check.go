package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/medusaclient"
)

var errCheckFailed = errors.New("check failed")

// check tries what the gateway needs, one line each.
func check(ctx context.Context, settings settings, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, settings.RequestTimeout)
	defer cancel()
	fmt.Fprintln(stdout, "ok    configuration")
	medusa, account, err := newMedusa(settings, prometheus.NewRegistry())
	if err != nil {
		return err
	}
	defer medusa.Close()
	gateway := bff.New(bff.Config{
		Medusa: medusa, Account: account, Metrics: prometheus.NewRegistry(), Timeout: settings.RequestTimeout, DefaultKey: settings.DefaultPublishableKey,
	})
	defer gateway.Close()

	medusaGood := checkMedusa(settings, gateway.Ready(ctx), stdout)
	keyGood := !medusaGood || checkKey(ctx, settings, gateway, stdout)
	databaseGood := checkDatabase(ctx, settings, stdout)
	if !medusaGood || !keyGood || !databaseGood {
		return errCheckFailed
	}
	return nil
}

// checkMedusa tells how Medusa answered the gateway's own user.
func checkMedusa(settings settings, err error, stdout io.Writer) bool {
	var refused *medusaclient.AccountError
	switch {
	case err == nil:
		fmt.Fprintf(stdout, "ok    Medusa answers at %s\n", settings.MedusaURL)
		fmt.Fprintln(stdout, "ok    the gateway's own credential is accepted")
	case errors.As(err, &refused):
		fmt.Fprintf(stdout, "ok    Medusa answers at %s\n", settings.MedusaURL)
		fmt.Fprintf(stdout, "FAIL  the gateway's own credential: %v\n", refused.Err)
	default:
		fmt.Fprintf(stdout, "FAIL  Medusa at %s: %v\n", settings.MedusaURL, errors.Unwrap(err))
	}
	return err == nil
}

// checkKey tells what the publishable key opens for shoppers who send none.
func checkKey(ctx context.Context, settings settings, gateway *bff.Gateway, stdout io.Writer) bool {
	if settings.DefaultPublishableKey == "" {
		return true
	}
	locations, err := gateway.OpenedByDefault(ctx)
	if err != nil {
		fmt.Fprintf(stdout, "FAIL  the default publishable key: %v\n", err)
		return false
	}
	fmt.Fprintf(stdout, "ok    the default publishable key opens %d stock locations\n", locations)
	return true
}

// checkDatabase opens the database as serving would. One that a gateway is
// serving with at the moment is as good as can be.
func checkDatabase(ctx context.Context, settings settings, stdout io.Writer) bool {
	store, err := state.Open(ctx, settings.StateDSN, slog.New(slog.DiscardHandler))
	switch {
	case errors.Is(err, state.ErrInUse):
		fmt.Fprintln(stdout, "ok    the database is in use by a gateway that runs")
		return true
	case err != nil:
		fmt.Fprintf(stdout, "FAIL  the database: %v\n", err)
		return false
	}
	fmt.Fprintln(stdout, "ok    the database can be written")
	return store.Close() == nil
}

// checkHealth asks the gateway on this machine whether it lives.
func checkHealth(ctx context.Context, settings settings) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(settings.ListenAddr, "127.0.0.1")+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz answers %d", response.StatusCode)
	}
	return nil
}

// reachable is where a listener at an address is reached from this machine:
// loopback, when it listens at every address.
func reachable(address, loopback string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || (host != "" && (ip == nil || !ip.IsUnspecified())) {
		return address
	}
	return net.JoinHostPort(loopback, port)
}
