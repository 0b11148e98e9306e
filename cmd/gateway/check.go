package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/shirou/gopsutil/v4/disk"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/mapping"
)

// littleRoom is what the disk of the database should have left: half a million changes.
const littleRoom = 512 << 20

// verdicts are how a line begins.
var verdicts = map[bff.Verdict]string{bff.Good: "ok  ", bff.Notable: "note", bff.Dubious: "warn", bff.Bad: "FAIL"}

// check tries what the gateway needs and says what it finds, a line each.
func check(ctx context.Context, settings settings, language mapping.Language, stdout io.Writer) error {
	good := true
	tell := func(findings ...bff.Finding) {
		for _, finding := range findings {
			fmt.Fprintf(stdout, "%s  %s\n", verdicts[finding.Verdict], finding.Message.In(language))
			good = good && finding.Verdict != bff.Bad
		}
	}
	tell(bff.Found(bff.Good, "configuration"))
	medusa, account, err := newMedusa(settings, prometheus.NewRegistry())
	if err != nil {
		return err
	}
	defer medusa.Close()
	gateway := bff.New(bff.Config{
		Medusa: medusa, Account: account, Metrics: prometheus.NewRegistry(), Timeout: settings.RequestTimeout, DefaultKey: settings.DefaultPublishableKey,
	})
	defer gateway.Close()
	tell(gateway.Check(ctx, settings.MedusaURL)...)
	tell(checkDatabase(ctx, settings)...)
	tell(leftOut(settings)...)
	if !good {
		return errors.New(mapping.Message{Key: "check.failed"}.In(language))
	}
	return nil
}

// checkDatabase opens the database as serving would. One that a gateway is
// serving with at the moment is as good as can be.
func checkDatabase(ctx context.Context, settings settings) (findings []bff.Finding) {
	ctx, cancel := context.WithTimeout(ctx, settings.RequestTimeout)
	defer cancel()
	store, err := state.Open(ctx, settings.StateDSN, slog.New(slog.DiscardHandler))
	if errors.Is(err, state.ErrInUse) {
		return []bff.Finding{bff.Found(bff.Good, "database.used")}
	}
	var version int64
	if err == nil {
		version, err = store.Version(ctx)
		err = errors.Join(err, store.Close())
	}
	if err != nil {
		return []bff.Finding{bff.Found(bff.Bad, "database.bad", err.Error())}
	}
	tables := strconv.FormatInt(version, 10)
	file, isFile := strings.CutPrefix(settings.StateDSN, "sqlite:")
	if !isFile {
		return []bff.Finding{bff.Found(bff.Good, "database.postgres", tables)}
	}
	room, err := disk.UsageWithContext(ctx, filepath.Dir(file))
	if err != nil {
		return []bff.Finding{bff.Found(bff.Bad, "database.bad", err.Error())}
	}
	findings = append(findings, bff.Found(bff.Good, "database.sqlite", file, tables, humanize.IBytes(room.Free)))
	return append(findings, roomFinding(room.Free)...)
}

// roomFinding warns of a disk that is nearly full.
func roomFinding(left uint64) []bff.Finding {
	if left >= littleRoom {
		return nil
	}
	return []bff.Finding{bff.Found(bff.Dubious, "database.full", humanize.IBytes(left))}
}

// leftOut says what is not so without settings that most gateways have.
func leftOut(settings settings) (findings []bff.Finding) {
	if len(settings.WebhookSecret.WebhookSecret) == 0 {
		findings = append(findings, bff.Found(bff.Notable, "webhook", settings.LivePollInterval.String()))
	}
	if len(settings.CORSOrigins) == 0 {
		findings = append(findings, bff.Found(bff.Notable, "cors"))
	}
	if settings.RateLimit.Burst == 0 {
		findings = append(findings, bff.Found(bff.Notable, "rate"))
	}
	return findings
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
