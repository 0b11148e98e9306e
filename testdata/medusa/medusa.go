// Package medusa gives tests a real Medusa, filled with the Cannahub catalogue (medusaclient/medusatest/catalogue.json).
//
// All packages of one `go test` run share one Medusa: the first test that asks starts it, it ends with `go test`. A test
// binary that is run by itself has its own. The tests need Node and npm; the packages are installed on first use and kept
// in the user's cache folder. Tests are skipped with -short, and where Node is missing unless MEDUSA_E2E=required.
package medusa

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Medusa says where the real Medusa is and who may speak to it.
type Medusa struct {
	URL      string `json:"url"` // without a slash at its end
	Email    string `json:"email"`
	Password string `json:"password"`

	SecretKey               string `json:"secretKey"`
	PublishableKey          string `json:"publishableKey"`          // of the sales channel sc_cannahub
	WholesalePublishableKey string `json:"wholesalePublishableKey"` // of the sales channel sc_mayorista

	DatabaseURL string `json:"databaseUrl"`
	Control     string `json:"control"` // where medusa.mjs is told to reset, stop and pause
	Log         string `json:"log"`     // the file with the logs of medusa.mjs, PostgreSQL and Medusa
}

const (
	startLimit   = 9 * time.Minute // an installation of the packages over a slow line is in it
	controlLimit = 3 * time.Minute
)

// One process uses Medusa at a time, by a lock on a file; within it all tests that run side by side share its turn.
var (
	mu      sync.Mutex
	users   int // tests that have Medusa now
	turn    *os.File
	current *Medusa
	failure error // of the first start that failed: the next would fail too, and slowly
)

var parent = os.Getppid() // as it was at the start: a process whose parent dies gets another

// Start returns the real Medusa as freshly filled and keeps other packages from it until the test ends.
// Within a test that has it already it returns the same Medusa as it is.
func Start(t testing.TB) *Medusa {
	t.Helper()
	skipWithout(t)

	mu.Lock()
	defer mu.Unlock()
	if users == 0 {
		takeTurn(t)
	}
	users++
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		if users--; users == 0 {
			turn.Close()
		}
	})
	return current
}

// Reset brings the database back to what it was when it had just been filled. Medusa goes on running; after Stop or Pause
// it answers again.
func (m *Medusa) Reset(t testing.TB) { t.Helper(); m.mustControl(t, "reset") }

// Stop kills Medusa: connections to it are refused.
func (m *Medusa) Stop(t testing.TB) { t.Helper(); m.mustControl(t, "stop") }

// Restart starts Medusa after Stop, at the same URL, and returns when it answers.
func (m *Medusa) Restart(t testing.TB) { t.Helper(); m.mustControl(t, "start") }

// Pause makes Medusa hang: it accepts connections and says nothing.
func (m *Medusa) Pause(t testing.TB) { t.Helper(); m.mustControl(t, "pause") }

// Resume ends Pause and returns when Medusa answers.
func (m *Medusa) Resume(t testing.TB) { t.Helper(); m.mustControl(t, "resume") }

// UseRoles starts Medusa anew with rights by roles, until Reset. Its admin user is a Super Admin.
func (m *Medusa) UseRoles(t testing.TB) { t.Helper(); m.mustControl(t, "roles") }

// Token returns a new token of Medusa's admin user, good for a day.
func (m *Medusa) Token(t testing.TB) string {
	t.Helper()
	credentials, err := json.Marshal(map[string]string{"email": m.Email, "password": m.Password})
	if err != nil {
		t.Fatal(err)
	}
	body, err := post(m.URL+"/auth/user/emailpass", credentials)
	if err != nil {
		t.Fatalf("Medusa refuses its admin user: %v", err)
	}
	var answer struct{ Token string }
	if err := json.Unmarshal(body, &answer); err != nil || answer.Token == "" {
		t.Fatalf("Medusa sent no token: %s", body)
	}
	return answer.Token
}

func skipWithout(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: this test runs against the real Medusa")
	}
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		message := fmt.Sprintf("%s is not installed: this test runs against the real Medusa", program)
		if os.Getenv("MEDUSA_E2E") == "required" {
			t.Fatal(message)
		}
		t.Skip("left out, " + message)
	}
}

func takeTurn(t testing.TB) {
	t.Helper()
	if failure != nil {
		t.Fatal(failure)
	}
	lock, err := waitTurn()
	if err != nil {
		t.Fatal(err)
	}
	medusa, err := find()
	if err != nil {
		medusa, err = launch()
	}
	if err != nil {
		lock.Close()
		failure = fmt.Errorf("the real Medusa does not work: %w", err)
		t.Fatal(failure)
	}
	turn, current = lock, medusa
}

// folder is where all processes with the same owner find Medusa.
func folder() string {
	return filepath.Join(os.TempDir(), "cannahub-medusa-"+strconv.Itoa(owner()))
}

// owner is the process with which Medusa ends: `go test`, which alone sets this flag, or else this test binary.
func owner() int {
	if byGoTest := flag.Lookup("test.paniconexit0"); byGoTest != nil && byGoTest.Value.String() == "true" {
		return parent
	}
	return os.Getpid()
}

func waitTurn() (*os.File, error) {
	if err := os.MkdirAll(folder(), 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(folder(), "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return lock, err
		}
	}
}

func addressFile() string { return filepath.Join(folder(), "medusa.json") }

// find returns the Medusa that runs already, reset, and well whatever the test before did to it.
func find() (*Medusa, error) {
	address, err := os.ReadFile(addressFile())
	if err != nil {
		return nil, err
	}
	medusa := new(Medusa)
	if err := json.Unmarshal(address, medusa); err != nil {
		return nil, err
	}
	return medusa, medusa.control("reset")
}

// launch starts a Medusa that outlives this process and waits until it answers.
func launch() (*Medusa, error) {
	script, err := scriptPath()
	if err != nil {
		return nil, err
	}
	logPath := filepath.Join(folder(), "medusa.log")
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	said, says, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer said.Close()

	// None of this process's own streams: `go test` would wait for Medusa to close them.
	node := exec.Command("node", script, "--parent", strconv.Itoa(owner()), "--folder", folder())
	node.Stdout, node.Stderr = says, log
	node.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = node.Start()
	says.Close()
	if err != nil {
		return nil, err
	}

	if err := said.SetReadDeadline(time.Now().Add(startLimit)); err != nil {
		return nil, err
	}
	address, err := bufio.NewReader(said).ReadBytes('\n')
	if err != nil {
		end := tail(logPath)
		_ = node.Process.Signal(syscall.SIGTERM) // so that it takes PostgreSQL along
		_ = node.Wait()
		return nil, fmt.Errorf("it did not start: %w; its log ends with\n%s", err, end)
	}
	medusa := new(Medusa)
	if err := json.Unmarshal(address, medusa); err != nil {
		return nil, fmt.Errorf("medusa.mjs said %q: %w", address, err)
	}
	if err := node.Process.Release(); err != nil {
		return nil, err
	}
	return medusa, os.WriteFile(addressFile(), address, 0o644)
}

// scriptPath also looks at the files that Medusa is made from, so that `go test` does not repeat an old result after a
// change to one of them.
func scriptPath() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	here := filepath.Dir(file)
	for _, name := range []string{
		"package-lock.json", "medusa-config.js", "seed.js", "../../medusaclient/medusatest/catalogue.json", "medusa.mjs",
	} {
		if _, err := os.Stat(filepath.Join(here, name)); err != nil {
			return "", err
		}
	}
	return filepath.Join(here, "medusa.mjs"), nil
}

func tail(path string) string {
	const lines = 40
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func (m *Medusa) mustControl(t testing.TB, action string) {
	t.Helper()
	if err := m.control(action); err != nil {
		t.Fatalf("the real Medusa: %s: %v; its log ends with\n%s", action, err, tail(m.Log))
	}
}

func (m *Medusa) control(action string) error {
	_, err := post(m.Control+"/"+action, nil)
	return err
}

func post(url string, body []byte) ([]byte, error) {
	// A connection of its own for each call: none is left for a test that looks for leaks.
	client := http.Client{Timeout: controlLimit, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	return answer, err
}
