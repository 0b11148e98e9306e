// Command gateway stands in front of a Medusa v2 shop and gives its clients one
// camelCase API for stock held at many locations.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// version is set when a release is built.
var version = "dev"

const usage = `gateway stands in front of a Medusa v2 shop: one camelCase API for stock at many locations.

Usage:
  gateway [serve]         serve, as configured
  gateway demo            serve an in-memory Medusa with a small catalogue, to try things out
  gateway check           try the configuration, Medusa, the credentials and the database; exit 1 when one fails
  gateway check --health  ask the gateway that runs on this machine whether it lives
  gateway --version
  gateway --help

Settings are environment variables; a .env file in the working directory is read too.
`

func main() {
	os.Exit(run(untilSignal(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// untilSignal is done when the program is told to stop. A second signal ends it
// at once: nobody listens for it by the time the first one shows.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		cancel()
	}()
	return ctx
}

// run is the program: its arguments and surroundings in, its exit code out.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	var err error
	switch command := strings.Join(args, " "); command {
	case "--help", "-h", "help":
		fmt.Fprint(stdout, usage+"\n"+settingsHelp())
	case "--version":
		fmt.Fprintln(stdout, version)
	case "", "serve":
		err = withSettings(environ, settings.complete, func(s settings) error { return serve(ctx, s, stderr) })
	case "demo":
		err = withSettings(environ, settings.valid, func(s settings) error { return demo(ctx, s, operatorLanguage(environ), stdout, stderr) })
	case "check":
		err = withSettings(environ, settings.complete, func(s settings) error { return check(ctx, s, operatorLanguage(environ), stdout) })
	case "check --health":
		err = withSettings(environ, settings.valid, func(s settings) error { return checkHealth(ctx, s) })
	default:
		fmt.Fprintf(stderr, "unknown command %q; see gateway --help\n", command)
		return 2
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// withSettings runs a command with a configuration that is good enough for it.
func withSettings(environ []string, good func(settings) []error, command func(settings) error) error {
	read, faults := readSettings(environ, ".env")
	if faults = append(faults, good(read)...); len(faults) > 0 {
		return fmt.Errorf("configuration:\n%w", errors.Join(onePerSetting(faults)...))
	}
	return command(read)
}
