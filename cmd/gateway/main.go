// Command gateway stands in front of a Medusa v2 shop and gives its clients one
// camelCase API for stock held at many locations.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// version is set when a release is built.
var version = "dev"

const usage = `gateway stands in front of a Medusa v2 shop: one camelCase API for stock at many locations.

Usage:
  gateway [serve]         serve, as configured
  gateway demo            serve an in-memory Medusa with a small catalogue, to try things out
  gateway check           try the configuration, Medusa and the credentials; exit 1 when one fails
  gateway check --health  ask the gateway that runs on this machine whether it lives
  gateway --version
  gateway --help

Settings are environment variables; a .env file in the working directory is read too.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is the program: its arguments and surroundings in, its exit code out.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "--help", "-h", "help":
		fmt.Fprint(stdout, usage+"\n"+settingsHelp())
		return 0
	case "--version":
		fmt.Fprintln(stdout, version)
		return 0
	}

	settings, err := readSettings(environ, ".env")
	asksHealth := slices.Equal(args, []string{"check", "--health"})
	if err == nil && len(args) > 1 && !asksHealth {
		err = fmt.Errorf("unexpected argument %q; see gateway --help", args[1])
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	switch {
	case asksHealth:
		err = checkHealth(ctx, settings)
	case command == "demo":
		err = demo(ctx, settings, stdout, stderr)
	case command == "check":
		err = runValid(settings, func() error { return check(ctx, settings, stdout) })
	case command == "serve":
		err = runValid(settings, func() error { return serve(ctx, settings, stderr) })
	default:
		err = fmt.Errorf("unknown command %q; see gateway --help", command)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// runValid runs a command that needs a complete configuration.
func runValid(settings settings, command func() error) error {
	if err := settings.complete(); err != nil {
		return err
	}
	return command()
}
