package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
	pollInterval = 20 * time.Millisecond
)

// bench is what is needed to set a gateway in front of Medusa, or a stub of it.
type bench struct {
	program string // the gateway
	folder  string // for logs and the gateway's database
	stdout  io.Writer
	shop    *shop // the real Medusa, for the scenarios that need one
}

// upstream is a Medusa, and the user with whom the gateway signs in there.
type upstream struct{ url, email, password string }

// running is a gateway in front of a stub of Medusa.
type running struct {
	stub    *process
	gateway *process
}

// process is a program that was started and the address it listens on.
type process struct {
	command *exec.Cmd
	address string
	cancel  context.CancelFunc
	ended   chan struct{}
}

// buildGateway builds the gateway as a release is built.
func buildGateway(ctx context.Context, folder string) (string, error) {
	program := filepath.Join(folder, "gateway")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "github.com/cannahub/gateway/cmd/gateway")
	if said, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, said)
	}
	return program, nil
}

// start starts both programs and returns when the gateway is ready.
func (b bench) start(ctx context.Context, latency time.Duration, cacheTTL string) (*running, error) {
	stub, err := startStub(ctx, latency)
	if err != nil {
		return nil, fmt.Errorf("stub: %w", err)
	}
	gateway, err := b.startGateway(ctx, upstream{"http://" + stub.address, "load@cannahub.test", "load"}, cacheTTL)
	if err != nil {
		stub.stop()
		return nil, fmt.Errorf("gateway: %w", err)
	}
	return &running{stub: stub, gateway: gateway}, nil
}

func (r *running) stop() {
	r.gateway.stop()
	r.stub.stop()
}

func startStub(ctx context.Context, latency time.Duration) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := newProcess(ctx, self, stubCommand, "-latency", latency.String())
	p.address, err = p.startAndTell()
	return p, err
}

// startAndTell starts a program that ends with its standard input, and returns
// the line that it prints when it is ready.
func (p *process) startAndTell() (string, error) {
	if _, err := p.command.StdinPipe(); err != nil { // kept open
		return "", err
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return "", err
	}
	p.command.Stderr = os.Stderr
	if err := p.command.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	p.await()
	if err != nil {
		p.stop()
		return "", fmt.Errorf("it does not tell where it is: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// startGateway starts a gateway with its default settings but for what is
// needed here, whatever the surroundings say.
func (b bench) startGateway(ctx context.Context, medusa upstream, cacheTTL string) (*process, error) {
	log, err := os.CreateTemp(b.folder, "gateway-*.log")
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	program, err := filepath.Abs(b.program)
	if err != nil {
		return nil, err
	}
	p := newProcess(ctx, program)
	p.command.Dir = b.folder // where there is no .env
	p.command.Env = []string{
		"MEDUSA_URL=" + medusa.url, "MEDUSA_EMAIL=" + medusa.email, "MEDUSA_PASSWORD=" + medusa.password,
		"LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0",
		"LOG_LEVEL=info", "LOG_FORMAT=json", "CACHE_TTL=" + cacheTTL, "LIVE_FEEDS_PER_ADDRESS=10000",
	}
	p.command.Stderr = log
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	p.await()
	ops, err := p.ready(ctx, log.Name())
	if err != nil {
		p.stop()
		return nil, err
	}
	fmt.Fprintf(b.stdout, "  profiles meanwhile at http://%s/debug/pprof/\n", ops)
	return p, nil
}

// newProcess prepares a program that is interrupted when ctx ends.
func newProcess(ctx context.Context, program string, args ...string) *process {
	ctx, cancel := context.WithCancel(ctx)
	command := exec.CommandContext(ctx, program, args...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = stopTimeout
	return &process{command: command, cancel: cancel, ended: make(chan struct{})}
}

// await notices when the program ends.
func (p *process) await() {
	go func() {
		_ = p.command.Wait() // an interrupted program ends with an error
		close(p.ended)
	}()
}

func (p *process) stop() {
	p.cancel()
	<-p.ended
}

// ready waits until the gateway's log names its addresses and /readyz is well.
// It returns the address for operators.
func (p *process) ready(ctx context.Context, log string) (ops string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		select {
		case <-p.ended:
			said, _ := os.ReadFile(log) // its end is the fault to tell
			return "", fmt.Errorf("it ended: %s", said)
		default:
		}
		if p.address, ops, err = addressesIn(log); err != nil {
			return "", err
		}
		if p.address != "" && isReady(ctx, p.address) {
			return ops, nil
		}
		if err := wait(ctx, pollInterval); err != nil {
			return "", fmt.Errorf("it is not ready: %w", err)
		}
	}
}

func isReady(ctx context.Context, address string) bool {
	connection, err := dial(ctx, address, token())
	if err != nil {
		return false
	}
	defer connection.close()
	return connection.get("/readyz") == nil
}

// addressesIn finds the line of the log that names the addresses. Both are
// empty while it is not written.
func addressesIn(log string) (clients, ops string, err error) {
	said, err := os.ReadFile(log)
	if err != nil {
		return "", "", err
	}
	for line := range bytes.Lines(said) {
		var entry struct{ Msg, Clients, Ops string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" {
			return entry.Clients, entry.Ops, nil
		}
	}
	return "", "", nil
}
