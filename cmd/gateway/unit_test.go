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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const unitFile = "testdata/systemd/cannahub-gateway.service" // as the README names it

// theUnit is the systemd unit that is handed out, and what its lines set.
func theUnit(t *testing.T) (text string, set map[string][]string) {
	t.Helper()
	unit, err := os.ReadFile(filepath.Join("..", "..", unitFile))
	require.NoError(t, err)
	set = map[string][]string{}
	section := regexp.MustCompile(`^\[\w+\]$`)
	for line := range strings.Lines(string(unit)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || section.MatchString(line) {
			continue
		}
		name, value, is := strings.Cut(line, "=")
		require.True(t, is, "%q sets nothing", line)
		set[name] = append(set[name], value)
	}
	return string(unit), set
}

func TestTheUnitFitsTheSettings(t *testing.T) {
	_, unit := theUnit(t)
	seconds, err := strconv.Atoi(strings.Join(unit["TimeoutStopSec"], ""))
	require.NoError(t, err)
	standard := settingsOf(t, nil, "none")
	require.Greater(t, time.Duration(seconds)*time.Second, standard.ShutdownTimeout+drainTime, "it is killed while it stops")
	require.Len(t, unit["StateDirectory"], 1)
	require.Equal(t, []string{"STATE_DSN=sqlite:/var/lib/" + unit["StateDirectory"][0] + "/gateway.db"}, unit["Environment"], "it may not write its database")
}

// TestTheUnitIsAsTheReadmeSays needs no systemd, unlike what it holds.
func TestTheUnitIsAsTheReadmeSays(t *testing.T) {
	_, unit := theUnit(t)
	installs := readmeBlocks(t, "sh", "CGO_ENABLED=0 go build ")[0].text
	name := strings.TrimSuffix(filepath.Base(unitFile), ".service")
	for _, command := range []string{
		unitFile + " /etc/systemd/system/",
		"/dev/stdin " + strings.Join(unit["EnvironmentFile"], " ") + " <<",
		"gateway " + strings.TrimSuffix(strings.Join(unit["ExecStart"], " "), " serve") + "\n",
		"systemctl enable --now " + name + "\n",
	} {
		assert.Contains(t, installs, command)
	}
	assert.NotEmpty(t, unit["WantedBy"], "nothing is enabled")

	_, file, _ := strings.Cut(installs, "<<'END'\n")
	file, _, _ = strings.Cut(file, "END\n")
	given := settingsOf(t, strings.Split(strings.TrimSpace(file), "\n"), "none")
	assert.Empty(t, given.complete(), "it does not start with the settings that the README has")

	for directive, value := range map[string]string{
		"DynamicUser": "yes", "Restart": "always", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
		"StateDirectory": "cannahub-gateway", "TimeoutStopSec": "60",
	} {
		assert.Equal(t, []string{value}, unit[directive], directive)
	}
}

// TestTheUnitIsOneOfSystemd is left out where there is no systemd-analyze, as in most containers.
func TestTheUnitIsOneOfSystemd(t *testing.T) {
	verifier, err := exec.LookPath("systemd-analyze")
	if err != nil {
		_, err := os.Stat("/run/systemd/system") // sd_booted(3)
		require.False(t, err == nil && os.Getenv("MEDUSA_E2E") == "required", "systemd runs here, and has no systemd-analyze")
		t.Skip("left out: systemd-analyze is not installed")
	}
	unit, _ := theUnit(t)
	copied := filepath.Join(t.TempDir(), filepath.Base(unitFile)) // whose program is there
	require.NoError(t, os.WriteFile(copied, []byte(strings.Replace(unit, "ExecStart=/usr/local/bin/gateway", "ExecStart=/bin/true", 1)), 0o600))
	said, err := exec.CommandContext(t.Context(), verifier, "verify", copied).CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.NotContains(t, string(said), "cannahub-gateway.service:", "it warns")
}
