// Package clients gives tests the programs with which the gateway's clients are made: a browser, Next.js, Postman's newman, the
// TypeScript compiler, linters of OpenAPI documents and of JavaScript.
//
// They come from npm, as package-lock.json names them, and are kept in the user's cache folder; the browser is the system's
// chromium. Tests are skipped with -short, and where a program is missing unless MEDUSA_E2E=required.
package clients

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

const installLimit = 9 * time.Minute // over a slow line

// Clients is where the programs are.
type Clients struct {
	folder string // with node_modules
}

// Install returns the programs, installed when they are not there yet.
func Install(t testing.TB) *Clients {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: this test runs programs of the gateway's clients")
	}
	need(t, "node", "npm")
	folder, err := install(t.Context())
	if err != nil {
		t.Fatalf("the clients' programs are not installed: %v", err)
	}
	return &Clients{folder: folder}
}

// Browser is the path of chromium.
func (c *Clients) Browser(t testing.TB) string {
	t.Helper()
	need(t, "chromium")
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Folder is where node finds the programs: a script that imports them must be in it or below, or be linked to from there.
func (c *Clients) Folder() string { return c.folder }

// Run runs one of the programs, by its name in node_modules/.bin, in a folder, with more environment, and returns what it
// said; the test fails with that when the program does.
func (c *Clients) Run(t testing.TB, in string, environment []string, program string, arguments ...string) string {
	t.Helper()
	return c.run(t, in, environment, filepath.Join(c.folder, "node_modules", ".bin", program), arguments)
}

// Node runs a script of this package's folder, by its name there. It finds the packages by createRequire of the folder
// in CLIENTS.
func (c *Clients) Node(t testing.TB, environment []string, script string, arguments ...string) string {
	t.Helper()
	return c.run(t, Here(), append(environment, "CLIENTS="+c.folder), "node", append([]string{filepath.Join(Here(), script)}, arguments...))
}

func (c *Clients) run(t testing.TB, in string, environment []string, program string, arguments []string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir, command.Env = in, append(os.Environ(), environment...)
	// With all that it starts, so that no browser outlives a test that is cut off.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", filepath.Base(program), arguments, err, said)
	}
	return string(said)
}

// Here is the folder of this package.
func Here() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		message := program + " is not installed: this test runs programs of the gateway's clients"
		if os.Getenv("MEDUSA_E2E") == "required" {
			t.Fatal(message)
		}
		t.Skip("left out, " + message)
	}
}

// install makes the folder once for everybody: beside it, under a lock, and renamed when it is whole.
func install(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "cannahub-gateway")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	list, err := os.ReadFile(filepath.Join(Here(), "package-lock.json"))
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, fmt.Sprintf("clients-%x", sha256.Sum256(list))[:24])
	lock, err := os.OpenFile(folder+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close() // and with it the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	draft := folder + ".draft"
	if err := os.RemoveAll(draft); err != nil {
		return "", err
	}
	if err := os.Mkdir(draft, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		content, err := os.ReadFile(filepath.Join(Here(), name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(draft, name), content, 0o644); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, installLimit)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	npm.Dir = draft
	var said bytes.Buffer
	npm.Stdout, npm.Stderr = &said, &said
	if err := npm.Run(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, said.String())
	}
	return folder, os.Rename(draft, folder)
}
