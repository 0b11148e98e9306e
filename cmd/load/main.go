// Command load measures what the gateway costs: its CPU for each request, its
// memory, and the time that it adds to Medusa's. The generator (this program),
// a stub of Medusa and the gateway, built as for a release, are three processes
// on the loopback interface. The scenarios in which stock changes need a real
// Medusa, whose stock they change: one that is given, or one for tests, which
// is started where the working directory is the top of the repository.
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
	sockets     int
	gateway     string // path of a program; empty: one is built
	medusa      upstream
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
	flags.StringVar(&o.scenario, "scenario", readScenarios, readScenarios+" ("+names(withStub)+") or one of them, "+
		stockScenarios+" ("+names(withMedusa)+") or one of them, or "+names(withItsOwn))
	flags.IntVar(&o.requests, "requests", 20_000, fmt.Sprintf("requests of uncached; held makes five times as many, lone at most %d and live %d", maxLone, liveChanges))
	flags.IntVar(&o.connections, "connections", 8, "connections of uncached and held, each with one request at a time")
	flags.Float64Var(&o.rate, "rate", 500, "requests a second of latency")
	flags.DurationVar(&o.duration, "duration", 20*time.Second, "how long latency and sustained ask Medusa, and as long the gateway")
	flags.IntVar(&o.sockets, "sockets", 1000, fmt.Sprintf("sockets of live that hear of changes; idle ones are %d times as many", idleFactor))
	flags.StringVar(&o.gateway, "gateway", "", "path of a gateway to measure; by default one is built")
	flags.StringVar(&o.medusa.url, "medusa", "", "URL of a real Medusa whose stock may be changed; by default one for tests is started")
	flags.StringVar(&o.medusa.email, "email", "", "e-mail of a user of that Medusa")
	flags.StringVar(&o.medusa.password, "password", "", "password of that user")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.requests < 1 || o.connections < 1 || o.sockets < 1 || o.rate <= 0 || o.rate*o.duration.Seconds() < 1:
		return o, errors.New("-requests, -connections, -sockets, -rate and -duration: there must be something to send")
	case (o.medusa.url == "") != (o.medusa.email == "" || o.medusa.password == ""):
		return o, errors.New("-medusa, -email and -password: all of them or none")
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
	bench := bench{program: program, folder: folder, stdout: stdout}
	for _, scenario := range scenariosOf(options.scenario) {
		if scenario.real && bench.shop == nil {
			if bench.shop, err = openShop(ctx, options.medusa); err != nil {
				return fmt.Errorf("the real Medusa: %w", err)
			}
			defer bench.shop.close()
		}
		fmt.Fprintf(stdout, "\n%s: %s\n", scenario.name, scenario.about)
		figures, err := scenario.run(ctx, bench, options)
		if err != nil {
			return fmt.Errorf("%s: %w", scenario.name, err)
		}
		printFigures(stdout, figures)
	}
	return nil
}
