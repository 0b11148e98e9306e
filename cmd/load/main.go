// Command load measures what the gateway costs: its CPU for each request, its
// memory, and the time that it adds to Medusa's. The generator (this program),
// a stub of Medusa and the gateway, built as for a release, are three processes
// on the loopback interface.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// options is what is measured and how hard.
type options struct {
	scenario    string
	requests    int
	connections int
	rate        float64 // requests a second
	duration    time.Duration
	gateway     string // path of a program; empty: one is built
}

var errInterrupted = errors.New("interrupted")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program. Its exit code is 1 when a request failed, never because
// of a figure.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == stubCommand {
		return exitCode(serveStub(ctx, args[1:], stdin, stdout), stderr)
	}
	options, err := readOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, err)
		return 2
	}
	err = measure(ctx, options, stdout)
	if ctx.Err() != nil {
		err = errInterrupted // what it broke off says nothing
	}
	return exitCode(err, stderr)
}

func exitCode(err error, stderr io.Writer) int {
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func readOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.scenario, "scenario", "all", "all, "+strings.Join(scenarioNames(), ", "))
	flags.IntVar(&o.requests, "requests", 20_000, "requests of the scenario uncached; held makes five times as many")
	flags.IntVar(&o.connections, "connections", 8, "connections of uncached and held, each with one request at a time")
	flags.Float64Var(&o.rate, "rate", 500, "requests a second of latency")
	flags.DurationVar(&o.duration, "duration", 20*time.Second, "how long latency asks Medusa, and as long the gateway")
	flags.StringVar(&o.gateway, "gateway", "", "path of a gateway to measure; by default one is built")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.requests < 1 || o.connections < 1 || o.rate <= 0 || o.rate*o.duration.Seconds() < 1:
		return o, errors.New("-requests, -connections, -rate and -duration: there must be something to send")
	case len(scenariosOf(o.scenario)) == 0:
		return o, fmt.Errorf("-scenario: there is no %q", o.scenario)
	}
	return o, nil
}

// measure runs the chosen scenarios and prints their figures.
func measure(ctx context.Context, options options, stdout io.Writer) error {
	folder, err := os.MkdirTemp("", "gateway-load-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	program := options.gateway
	if program == "" {
		if program, err = buildGateway(ctx, folder); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "gateway   %s, on %s/%s with %d CPUs\n", program, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Fprintf(stdout, "logs      every request as JSON, level info, into a file in %s\n", folder)
	fmt.Fprintf(stdout, "upstream  a product of %d variants at %d locations, %d bytes\n", variants, len(locations), len(productAnswer()))
	for _, scenario := range scenariosOf(options.scenario) {
		fmt.Fprintf(stdout, "\n%s: %s\n", scenario.name, scenario.about)
		figures, err := scenario.run(ctx, bench{program: program, folder: folder, stdout: stdout}, options)
		if err != nil {
			return fmt.Errorf("%s: %w", scenario.name, err)
		}
		printFigures(stdout, figures)
	}
	return nil
}
