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

	"github.com/cannahub/gateway/mapping"
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
	language := operatorLanguage(environ)
	var err error
	switch command := strings.Join(args, " "); command {
	case "--help", "-h", "help":
		fmt.Fprint(stdout, usage+"\n"+settingsHelp())
	case "--version":
		fmt.Fprintln(stdout, version)
	case "", "serve":
		err = withSettings(environ, language, settings.complete, func(s settings) error { return serve(ctx, s, stderr) })
	case "demo":
		err = withSettings(environ, language, settings.valid, func(s settings) error { return demo(ctx, s, language, stdout, stderr) })
	case "check":
		err = withSettings(environ, language, settings.complete, func(s settings) error { return check(ctx, s, language, stdout) })
	case "check --health":
		err = withSettings(environ, language, settings.valid, func(s settings) error { return checkHealth(ctx, s) })
	default:
		fmt.Fprintln(stderr, mapping.Message{Key: "command.unknown", Args: []any{command}}.In(language))
		return 2
	}
	if fault, ok := errors.AsType[settingError](err); ok {
		err = faultsIn(language, fault)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// withSettings runs a command with a configuration that is good enough for it, or
// says in a language what is wrong with it.
func withSettings(environ []string, language mapping.Language, good func(settings) []settingError, command func(settings) error) error {
	variables, faults := readVariables(environ, ".env")
	if len(faults) > 0 {
		return faultsIn(language, faults...)
	}
	read, faults := readSettings(variables)
	if faults = onePerSetting(append(faults, good(read)...)); len(faults) > 0 {
		return faultsIn(language, faults...)
	}
	return command(read)
}

// faultsIn says in a language what is wrong with settings.
func faultsIn(language mapping.Language, faults ...settingError) error {
	lines := []string{mapping.Message{Key: "setting.faults"}.In(language)}
	for _, fault := range faults {
		lines = append(lines, "  "+fault.In(language))
	}
	return errors.New(strings.Join(lines, "\n"))
}
