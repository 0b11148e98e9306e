package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// built is the folder of the program, once a test has needed it.
var built string

// sources is the folder of the package, from which some tests go away.
var sources, _ = os.Getwd()

// build builds the program once for all tests, as a release is built.
var build = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "gateway")
	if err != nil {
		return "", err
	}
	built = folder
	binary := filepath.Join(folder, "gateway")
	command := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", binary, ".")
	command.Dir = sources
	output, err := command.CombinedOutput()
	if err != nil {
		return "", &exec.Error{Name: string(output), Err: err}
	}
	return binary, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// program is the gateway as built, running.
type program struct {
	url, ops string
	client   *http.Client // keeps the connections of many callers
	command  *exec.Cmd
	logs     *buffer
	ended    chan struct{} // closed when it has ended, with
	status   error         // what it ended with
}

// buffer is a bytes.Buffer for a process and a test at once.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// listens finds where the program says that it listens.
var listens = regexp.MustCompile(`"msg":"listening","clients":"([^"]+)","ops":"([^"]+)"`)

// launch starts the program and waits until it lives.
func launch(t testing.TB, arguments []string, environment ...string) *program {
	t.Helper()
	binary, err := build()
	require.NoError(t, err)
	p := &program{logs: &buffer{}, ended: make(chan struct{})}
	transport := &http.Transport{MaxIdleConnsPerHost: 1000}
	p.client = &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	p.command = exec.CommandContext(context.Background(), binary, arguments...)
	p.command.Dir = t.TempDir()
	p.command.Env = append([]string{"LISTEN_ADDR=127.0.0.1:0", "OPS_ADDR=127.0.0.1:0"}, environment...)
	p.command.Stdout, p.command.Stderr = p.logs, p.logs
	require.NoError(t, p.command.Start())
	go func() {
		p.status = p.command.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("the program's own words:\n%s", p.logs)
		}
	})
	require.Eventually(t, func() bool { return listens.MatchString(p.logs.String()) }, 20*time.Second, 5*time.Millisecond,
		"the program does not listen: %s", p.logs)
	addresses := listens.FindStringSubmatch(p.logs.String())
	p.url, p.ops = "http://"+addresses[1], "http://"+addresses[2]
	return p
}

// stop asks the program to stop and returns how it ended.
func (p *program) stop(t testing.TB) error {
	t.Helper()
	p.terminate(t)
	return p.end(t)
}

func (p *program) terminate(t testing.TB) {
	t.Helper()
	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
}

// kill ends the program as kill -9 does.
func (p *program) kill(t testing.TB) {
	t.Helper()
	require.NoError(t, p.command.Process.Kill())
	require.Error(t, p.end(t))
}

// end waits for the program's end and returns how it ended.
func (p *program) end(t testing.TB) error {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		t.Fatalf("the program does not stop: %s", p.logs)
	}
	return p.status
}

// reply is an answer of the program.
type reply struct {
	status int
	header http.Header
	text   string
	took   time.Duration
}

// get asks the program with a token, where there is one.
func (p *program) get(t testing.TB, token, path string) reply {
	t.Helper()
	r, err := p.tryGet(token, path)
	require.NoError(t, err)
	return r
}

func (p *program) tryGet(token, path string) (reply, error) {
	return p.trySend(http.MethodGet, token, path, "")
}

// send makes a request with a body of JSON, and an Idempotency-Key where there
// is one.
func (p *program) send(t testing.TB, method, token, path, body string, key ...string) reply {
	t.Helper()
	r, err := p.trySend(method, token, path, body, key...)
	require.NoError(t, err)
	return r
}

func (p *program) trySend(method, token, path, body string, key ...string) (reply, error) {
	return p.trySendAs("", method, token, path, body, key...)
}

// trySendAs sends a request with an id of its own.
func (p *program) trySendAs(requestID, method, token, path, body string, key ...string) (reply, error) {
	request, err := http.NewRequestWithContext(context.Background(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for _, key := range key {
		request.Header.Set("Idempotency-Key", key)
	}
	if requestID != "" {
		request.Header.Set("X-Request-Id", requestID)
	}
	return p.tryRead(request)
}

// read sends a request of a test's own making.
func (p *program) read(t testing.TB, request *http.Request) reply {
	t.Helper()
	r, err := p.tryRead(request)
	require.NoError(t, err)
	return r
}

func (p *program) tryRead(request *http.Request) (reply, error) {
	started := time.Now()
	response, err := p.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return reply{status: response.StatusCode, header: response.Header, text: string(answer), took: time.Since(started)}, err
}

// object decodes an answer's body.
func (r reply) object(t testing.TB) map[string]any {
	t.Helper()
	var decoded map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.text), &decoded), r.text)
	return decoded
}

// metric is the value of a metric, 0 when it has none yet.
func (p *program) metric(t testing.TB, name string) string {
	t.Helper()
	for line := range strings.Lines(p.fromOps(t, "/metrics")) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return "0"
}

// medusaCalls is how many calls to Medusa the program has made.
func (p *program) medusaCalls(t testing.TB) int {
	t.Helper()
	calls := 0
	for line := range strings.Lines(p.fromOps(t, "/metrics")) {
		if !strings.HasPrefix(line, "gateway_medusa_call_seconds_count{") {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]))
		require.NoError(t, err, line)
		calls += n
	}
	return calls
}

// fromOps reads what operators see.
func (p *program) fromOps(t testing.TB, path string) string {
	t.Helper()
	response, err := http.Get(p.ops + path) //nolint:noctx // loopback
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}
