package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// figure is one line of the result.
type figure struct {
	name  string
	value string
	goal  string // empty: there is none
}

func printFigures(to io.Writer, figures []figure) {
	table := tabwriter.NewWriter(to, 0, 0, 3, ' ', 0)
	for _, figure := range figures {
		goal := ""
		if figure.goal != "" {
			goal = "goal: " + figure.goal
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", figure.name, figure.value, goal)
	}
	_ = table.Flush() // standard output takes it or nothing does
}

// percentile is the time that p percent of the requests took at most.
func percentile(took []time.Duration, p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[max(0, int(math.Ceil(float64(len(sorted))*p/100))-1)]
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond))
}

func mebibytes(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }
