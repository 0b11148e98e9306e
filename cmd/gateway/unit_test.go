package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// theUnit is the systemd unit that is handed out.
func theUnit(t *testing.T) string {
	t.Helper()
	unit, err := os.ReadFile(filepath.Join("..", "..", "testdata", "systemd", "cannahub-gateway.service"))
	require.NoError(t, err)
	return string(unit)
}

func TestTheUnitFitsTheSettings(t *testing.T) {
	unit := theUnit(t)
	stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(unit)
	require.NotNil(t, stop, unit)
	seconds, err := strconv.Atoi(stop[1])
	require.NoError(t, err)
	standard, faults := readSettings(nil, "none")
	require.Empty(t, faults)
	require.Greater(t, time.Duration(seconds)*time.Second, standard.ShutdownTimeout+drainTime, "it is killed while it stops")

	folder := regexp.MustCompile(`(?m)^StateDirectory=(\S+)$`).FindStringSubmatch(unit)
	require.NotNil(t, folder, unit)
	require.Contains(t, unit, "Environment=STATE_DSN=sqlite:/var/lib/"+folder[1]+"/", "it may not write its database")
}

func TestTheUnitIsOneOfSystemd(t *testing.T) {
	verifier, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("left out: systemd-analyze is not installed")
	}
	copied := filepath.Join(t.TempDir(), "cannahub-gateway.service") // whose program is there
	require.NoError(t, os.WriteFile(copied, []byte(strings.Replace(theUnit(t), "ExecStart=/usr/local/bin/gateway", "ExecStart=/bin/true", 1)), 0o600))
	said, err := exec.CommandContext(t.Context(), verifier, "verify", copied).CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.NotContains(t, string(said), "cannahub-gateway.service:", "it warns")
}
