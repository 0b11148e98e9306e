package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dashboard is what is looked at of testdata/grafana/cannahub-gateway.json.
type dashboard struct {
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Templating    struct {
		List []struct {
			Name, Type string
			Definition string
		}
	}
}

type panel struct {
	ID         int
	Title      string
	Type       string
	Datasource struct{ UID string }
	Targets    []struct {
		Expr       string
		Datasource struct{ UID string }
	}
}

func theDashboard(t *testing.T) dashboard {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "testdata", "grafana", "cannahub-gateway.json"))
	require.NoError(t, err)
	var board dashboard
	require.NoError(t, json.Unmarshal(content, &board))
	return board
}

var (
	queriedMetric = regexp.MustCompile(`\b((?:gateway|go|process)_[a-z_]+)\{`)
	servedMetric  = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{| )`)
	metricName    = regexp.MustCompile(`(?m)^# TYPE (gateway_[a-z_]+) `)
)

// TestTheDashboardShowsWhatIsServed: no panel stays empty because of a name, and
// what the gateway counts is on the board.
func TestTheDashboardShowsWhatIsServed(t *testing.T) {
	p := launch(t, []string{"demo"})
	require.Eventually(t, func() bool { return printedToken.MatchString(p.logs.String()) }, patience, 10*time.Millisecond)
	token := printedToken.FindStringSubmatch(p.logs.String())[1]
	require.Equal(t, http.StatusOK, p.get(t, token, "/api/locations").status)
	require.Equal(t, http.StatusOK, p.send(t, http.MethodPost, token, "/api/inventory/adjustments",
		`{"variantId":"variant_bd_7g","locationId":"sloc_high_up","adjustment":-2,"reason":"sale"}`).status)
	text := p.fromOps(t, "/metrics")
	served := map[string]bool{}
	for _, line := range servedMetric.FindAllStringSubmatch(text, -1) {
		served[line[1]] = true
	}
	// Counters with labels are served once something was counted.
	for _, named := range metricNames(t) {
		served[named] = true
	}

	shown := map[string]bool{}
	for _, panel := range theDashboard(t).Panels {
		for _, target := range panel.Targets {
			metrics := queriedMetric.FindAllStringSubmatch(target.Expr, -1)
			require.NotEmpty(t, metrics, "%s asks for nothing", panel.Title)
			for _, metric := range metrics {
				assert.True(t, served[metric[1]], "%s, of the panel %q, is not served", metric[1], panel.Title)
				shown[metric[1]] = true
			}
		}
	}
	for _, metric := range metricName.FindAllStringSubmatch(text, -1) {
		name := metric[1]
		assert.True(t, shown[name] || shown[name+"_count"] || shown[name+"_sum"], "%s is on no panel", name)
	}
	for _, name := range metricNames(t) {
		assert.True(t, shown[name] || shown[name+"_count"] || shown[name+"_sum"], "%s is on no panel", name)
	}
}

// metricNames are the metrics that the sources define.
func metricNames(t *testing.T) []string {
	t.Helper()
	defined := regexp.MustCompile(`Name: +"(gateway_[a-z_]+)"`)
	var names []string
	for _, room := range []string{"bff", filepath.Join("bff", "*"), "medusaclient", "routes"} {
		paths, err := filepath.Glob(filepath.Join("..", "..", room, "*.go"))
		require.NoError(t, err)
		for _, path := range paths {
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			for _, name := range defined.FindAllStringSubmatch(string(source), -1) {
				names = append(names, name[1])
			}
		}
	}
	require.Contains(t, names, "gateway_stale_answers_total", "the sources are not read")
	return names
}

func TestTheDashboardFitsAnyGrafana(t *testing.T) {
	board := theDashboard(t)
	require.GreaterOrEqual(t, board.SchemaVersion, 42)
	require.Equal(t, "datasource", board.Templating.List[0].Type)
	ids := map[int]bool{}
	for _, panel := range board.Panels {
		assert.False(t, ids[panel.ID], "the id of %q is taken", panel.Title)
		ids[panel.ID] = true
		if panel.Type == "row" {
			continue
		}
		assert.Equal(t, "${datasource}", panel.Datasource.UID, panel.Title)
		for _, target := range panel.Targets {
			assert.Equal(t, "${datasource}", target.Datasource.UID, panel.Title)
			assert.Equal(t, strings.Count(target.Expr, "("), strings.Count(target.Expr, ")"), "%s: %s", panel.Title, target.Expr)
		}
	}
}
