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
	queriedSeries = regexp.MustCompile(`\b((?:gateway|go|process)_[a-z_]+)\{([^}]*)\}`)
	groupedLabels = regexp.MustCompile(`\bby \(([^)]*)\)`)
	servedSeries  = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{([^}]*)\})? `)
	servedMetric  = regexp.MustCompile(`(?m)^# TYPE (gateway_[a-z_]+) `)
	labelName     = regexp.MustCompile(`([a-z_]+)=~?"`)
)

// scraped are the labels that Prometheus itself gives to every series.
var scraped = []string{"job", "instance"}

// TestTheDashboardShowsWhatIsServed: no panel stays empty because of a name or a
// label, and what the gateway counts is on the board.
func TestTheDashboardShowsWhatIsServed(t *testing.T) {
	p := launch(t, []string{"demo"})
	require.Eventually(t, func() bool { return printedToken.MatchString(p.logs.String()) }, patience, 10*time.Millisecond)
	token := printedToken.FindStringSubmatch(p.logs.String())[1]
	require.Equal(t, http.StatusOK, p.get(t, token, "/api/locations").status)
	text := p.fromOps(t, "/metrics")
	served := map[string][]string{} // the labels of each series
	for _, series := range servedSeries.FindAllStringSubmatch(text, -1) {
		served[series[1]] = append(namesOf(labelName, series[2]), scraped...)
	}

	shown := map[string]bool{}
	for _, panel := range theDashboard(t).Panels {
		for _, target := range panel.Targets {
			asked := queriedSeries.FindAllStringSubmatch(target.Expr, -1)
			require.NotEmpty(t, asked, "%s asks for nothing", panel.Title)
			for _, series := range asked {
				name := series[1]
				shown[name] = true
				if !assert.Contains(t, served, name, "of the panel %q, is not served", panel.Title) {
					continue
				}
				labels := namesOf(labelName, series[2])
				for _, grouped := range groupedLabels.FindAllStringSubmatch(target.Expr, -1) {
					labels = append(labels, strings.Split(grouped[1], ", ")...)
				}
				assert.Subset(t, served[name], labels, "%s has not the labels that the panel %q asks for", name, panel.Title)
			}
		}
	}
	for _, name := range namesOf(servedMetric, text) { // every counter, since those with labels are made by counters.By
		assert.True(t, shown[name] || shown[name+"_count"] || shown[name+"_sum"], "%s is on no panel", name)
	}
}

func namesOf(pattern *regexp.Regexp, text string) (names []string) {
	for _, name := range pattern.FindAllStringSubmatch(text, -1) {
		names = append(names, name[1])
	}
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
