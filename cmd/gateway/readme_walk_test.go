package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/medusaclient/medusatest"
	"github.com/cannahub/gateway/testdata/clients"
)

// notWalked are the commands of the README that TestReadmeCommands leaves out, by how they begin, and why.
var notWalked = map[string]string{
	"go run ./cmd/gateway demo": "is what it walks against",
	"go test ./...":             "is what runs it",
	"export MEDUSA_URL=":        "is walked by TestRealMedusaReadmeCommands",
	"npx ":                      "is walked by TestReadmeCommandsOfClients",
	"npm install ":              "needs a registry",
	"docker build ":             "needs a container engine",
	"CGO_ENABLED=0 go build ":   "installs a service; TestTheUnitIsAsTheReadmeSays",
}

// TestReadmeCommands walks through the README as a newcomer does: every command as it is written and in its order,
// against the demo. Whatever asks something shows its answer, and that is what comes back.
func TestReadmeCommands(t *testing.T) {
	for _, program := range []string{"bash", "curl", "openssl", "base64"} {
		if _, err := exec.LookPath(program); err != nil {
			require.NotEqual(t, "required", os.Getenv("MEDUSA_E2E"), "%s is not installed", program)
			t.Skip("left out, " + program + " is not installed")
		}
	}
	walk := newWalk(t, launch(t, []string{"demo"}))
	blocks, _ := readReadme(t)
	left, answers := map[string]bool{}, map[*block]bool{}
	for _, block := range blocks {
		if block.language == "json" {
			assert.True(t, answers[block], "README.md:%d: nothing is asked that could answer this", block.line)
		}
		answers[block.answer] = true
		if begin, why := reasonNotToWalk(block); why != "" {
			t.Logf("README.md:%d is left out, it %s: %s", block.line, why, begin)
			assert.Nil(t, block.answer, "README.md:%d: its answer is not looked at", block.line)
			left[begin] = true
			continue
		}
		walk.pass(t, block)
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(notWalked)), slices.Collect(maps.Keys(left)), "what is left out is in the README")
	for _, follows := range walk.following {
		follows(t)
	}
}

// TestReadmeCommandsOfClients walks through what is run by npx.
func TestReadmeCommandsOfClients(t *testing.T) {
	tools := clients.Install(t)
	demo := launch(t, []string{"demo"})
	walk := newWalk(t, demo)
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(filepath.Join(root, "testdata"), filepath.Join(walk.folder, "testdata")))
	shim := fmt.Sprintf("#!/usr/bin/env bash\nprogram=$1\nshift\nexec %s/node_modules/.bin/\"$program\" \"${@//http:\\/\\/localhost:8080/%s}\"\n",
		tools.Folder(), strings.ReplaceAll(demo.url, "/", `\/`))
	require.NoError(t, os.WriteFile(filepath.Join(walk.folder, "npx"), []byte(shim), 0o755))
	for _, block := range readmeBlocks(t, "sh", "npx ") {
		walk.run(t, block)
	}
}

// TestReadmeFollowsByAWebSocket runs the README's program for a browser.
func TestReadmeFollowsByAWebSocket(t *testing.T) {
	clients.Install(t) // or it is left out
	demo := launch(t, []string{"demo"})
	const address = "wss://gateway.example/ws?publishableKey=pk_…"
	shown := readmeBlocks(t, "js", "const ws = ")[0].text
	require.Contains(t, shown, address)
	script := "const show = (level) => { console.log(level.stocked_quantity, 'are there'); ws.close(); };" +
		"const readEverythingAgain = () => console.log('a gap');" +
		strings.Replace(shown, address, "ws"+strings.TrimPrefix(demo.url, "http")+"/ws?publishableKey="+medusatest.PublishableToken("sc_cannahub"), 1)
	said := &buffer{}
	node := exec.CommandContext(t.Context(), "node", "--experimental-websocket", "--eval", script)
	node.Stdout, node.Stderr = said, said
	require.NoError(t, node.Start())
	ended := make(chan error, 1)
	go func() { ended <- node.Wait() }()
	require.Eventually(t, func() bool { return demo.metric(t, "gateway_live_items") == "1" || len(ended) > 0 }, patience, patience/1000)
	newWalk(t, demo).run(t, readmeBlocks(t, "sh", "curl -X PATCH localhost:8080/api/inventory/levels")[0]) // to 60
	require.Eventually(t, func() bool { return len(ended) > 0 }, patience, patience/1000, "it hears of no change: %s", said)
	require.NoError(t, <-ended, said)
	require.Contains(t, said.String(), "60 are there")
}

func reasonNotToWalk(block *block) (begin, why string) {
	for begin, why := range notWalked {
		if block.is("sh", begin) {
			return begin, why
		}
	}
	return "", ""
}

// walk is a shell in which localhost:8080 is a program on another port.
type walk struct {
	program     *program
	folder      string
	environment []string
	following   []func(t *testing.T) // wait until what was begun has said what is shown of it
}

var exports = regexp.MustCompile(`(?m)^ *export (\w+)=(\S+)$`)

func newWalk(t *testing.T, p *program) *walk {
	t.Helper()
	folder := t.TempDir()
	curl, err := exec.LookPath("curl")
	require.NoError(t, err)
	shim := fmt.Sprintf("#!/bin/sh\nexec %s -sS --fail-with-body --connect-to localhost:8080:%s \"$@\"\n", curl, strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "curl"), []byte(shim), 0o755))
	require.Eventually(t, func() bool { return len(exports.FindAllString(p.logs.String(), -1)) == 2 }, patience, patience/1000,
		"the demo does not say what to export: %s", p.logs)
	w := &walk{program: p, folder: folder, environment: append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"))}
	for _, export := range exports.FindAllStringSubmatch(p.logs.String(), -1) {
		w.environment = append(w.environment, export[1]+"="+export[2])
	}
	return w
}

// pass does what a block says.
func (w *walk) pass(t *testing.T, block *block) {
	t.Helper()
	switch {
	case block.is("js", "") && block.answer != nil:
		w.followBySocket(t, block)
	case !block.is("sh", ""):
	case block.is("sh", "curl -N "):
		w.follow(t, block)
	case len(block.requests()) > 0:
		require.NotNil(t, block.answer, "README.md:%d shows no answer: %s", block.line, block.text)
		assertShown(t, block.answer, w.run(t, block))
	default:
		w.run(t, block)
	}
}

func (w *walk) command(t *testing.T, block *block) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-euc", block.text)
	command.Dir, command.Env = w.folder, w.environment
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	return command
}

var isRefusal = regexp.MustCompile(`"status": [45]\d\d`)

// run runs the commands of a block, and remembers what the README calls $CART, $HOLD, $RESERVATION and $LOCATION from then
// on. They succeed, but for one that shows a refusal.
func (w *walk) run(t *testing.T, block *block) string {
	t.Helper()
	command := w.command(t, block)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	ended := 0
	if block.answer != nil && isRefusal.MatchString(block.answer.text) {
		ended = 22 // by which curl tells a refusal
	}
	err := command.Run()
	require.Equal(t, ended, command.ProcessState.ExitCode(), "README.md:%d: %v: %s\n%s%s", block.line, err, block.text, stdout.String(), stderr.String())
	for variable, path := range map[string]string{
		"CART": "cart.id", "HOLD": "holdId", "RESERVATION": "reservations.0.id", "LOCATION": "location.id",
	} {
		if value := gjson.Get(stdout.String(), path).String(); value != "" && strings.Contains(block.text, "-X POST") {
			w.environment = append(w.environment, variable+"="+value)
		}
	}
	return stdout.String()
}

// follow begins commands that have no end.
func (w *walk) follow(t *testing.T, block *block) {
	t.Helper()
	require.NotNil(t, block.answer, "README.md:%d does not show what is told: %s", block.line, block.text)
	said := &buffer{}
	command := w.command(t, block)
	command.Stdout, command.Stderr = said, said
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Wait() })
	require.Eventually(t, func() bool { return strings.Contains(said.String(), "subscribed") }, patience, patience/1000, "README.md:%d: %s", block.line, said)
	shown := block.answer.text + "\n…" // a stream has no end
	w.following = append(w.following, func(t *testing.T) {
		t.Helper()
		told := func() string { return strings.ReplaceAll(said.String(), ": still here\n\n", "") }
		require.Eventually(t, func() bool { return differsInLines(shown, told()) == "" }, patience, patience/1000,
			"README.md:%d shows what is not told:\n%s\n%s", block.line, block.answer.text, said)
	})
}

// followBySocket follows what the README follows by a WebSocket.
func (w *walk) followBySocket(t *testing.T, block *block) {
	t.Helper()
	follower := w.program.connect(t, medusatest.PublishableToken("sc_cannahub"))
	follower.say(t, subscription("iitem_bd_7g"))
	shown := json.NewDecoder(strings.NewReader(block.answer.text))
	hear := func(t *testing.T) {
		t.Helper()
		var next any
		require.NoError(t, shown.Decode(&next), "README.md:%d", block.answer.line)
		for differs("", next, follower.hear(t).Value()) != "" {
		}
	}
	hear(t) // that it follows
	w.following = append(w.following, func(t *testing.T) {
		t.Helper()
		for shown.More() {
			hear(t)
		}
	})
}

// assertShown asserts that what is said is what the README shows of it.
func assertShown(t *testing.T, answer *block, said string) {
	t.Helper()
	var where string
	if answer.language == "json" {
		var shown, real any
		require.NoError(t, json.Unmarshal([]byte(answer.text), &shown), "README.md:%d", answer.line)
		require.NoError(t, json.Unmarshal([]byte(said), &real), "README.md:%d: %s", answer.line, said)
		where = differs("", shown, real)
	} else {
		where = differsInLines(answer.text, said)
	}
	assert.Empty(t, where, "README.md:%d shows another answer\nshown: %s\n real: %s", answer.line, answer.text, said)
}

// TestAShownTextLeavesOutWhatItMarks holds the samples' reader: a line that a program says more is not passed over.
func TestAShownTextLeavesOutWhatItMarks(t *testing.T) {
	const said = "ok    a\nFAIL  b: 1\nok    a\nid: TOUVG7QADA-41\n\nok    d\n"
	for shown, is := range map[string]bool{
		"ok    a\nFAIL  b: 1\nok    a\nid: TOUVG7QADA-7\n\nok    d": true,
		"ok    a\n…\nok    d":              true,
		"…\nok    a\nid: TOUVG7QADA-41\n…": true, // not the first of two alike
		"…":                                true,
		"ok    a\nok    a\n…":              false, // leaves out one between
		"FAIL  b: 1\n…":                    false, // one before
		"…\nok    a\nid: …":                false, // some at the end
		"ok    a\n…\nok    e":              false,
		"ok    a\n…\nok    d\nok    d":     false,
		"ok    a\nFAIL  b: 2\n…":           false,
	} {
		assert.Equal(t, is, differsInLines(shown, said) == "", shown)
	}
}

// differsInLines is where a text is not what is shown of it, line by line; a line "…" stands for any lines.
func differsInLines(shown, real string) string {
	return differsInList("", linesOf(shown), linesOf(real))
}

// linesOf are a text's lines, each cut at its colon, since what follows that can be JSON.
func linesOf(text string) (lines []any) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		field, rest, isField := strings.Cut(strings.TrimSpace(line), ": ")
		if !isField {
			lines = append(lines, field)
			continue
		}
		var value any
		if json.Unmarshal([]byte(rest), &value) != nil {
			value = rest
		}
		lines = append(lines, []any{field, value})
	}
	return lines
}

// differs is where an answer is not what is shown of it, "" where it is. "…" stands for what is not shown, of which there
// is something; a time for any time, the name of a change for that of any.
func differs(at string, shown, real any) string {
	switch shown := shown.(type) {
	case map[string]any:
		object, isObject := real.(map[string]any)
		if !isObject {
			return at + " (is no object)"
		}
		return differsInObject(at, shown, object)
	case []any:
		list, isList := real.([]any)
		if !isList {
			return at + " (is no list)"
		}
		return differsInList(at, shown, list)
	case string:
		text, isText := real.(string)
		begin, open := strings.CutSuffix(shown, "…")
		switch {
		case open && begin == "":
			return ""
		case isText && (open && strings.HasPrefix(text, begin) || text == shown || areAlike(text, shown)):
			return ""
		}
	default:
		if shown == real {
			return ""
		}
	}
	return fmt.Sprintf("%s (is %v)", at, real)
}

func differsInObject(at string, shown, real map[string]any) string {
	_, open := shown["…"]
	for key, value := range shown {
		if key == "…" {
			continue
		}
		field, there := real[key]
		if !there {
			return at + "/" + key + " (is not there)"
		}
		if where := differs(at+"/"+key, value, field); where != "" {
			return where
		}
	}
	switch {
	case !open && len(real) > len(shown):
		return at + " (has more)"
	case open && len(real) < len(shown):
		return at + " (has no more)"
	}
	return ""
}

// differsInList is the same of a list, in which "…" stands for any elements.
func differsInList(at string, shown, real []any) string {
	if len(shown) == 0 {
		if len(real) > 0 {
			return at + " (has more)"
		}
		return ""
	}
	if shown[0] == "…" {
		for skipped := range len(real) + 1 {
			if differsInList(at, shown[1:], real[skipped:]) == "" {
				return ""
			}
		}
		return at + " (nowhere after …)"
	}
	if len(real) == 0 {
		return at + " (has less)"
	}
	if where := differs(at+"/", shown[0], real[0]); where != "" {
		return where
	}
	return differsInList(at, shown[1:], real[1:])
}

var ofAChange = regexp.MustCompile(`^[0-9A-Z]{10}-\d+$`)

// areAlike says whether two texts are both times, or both names of changes.
func areAlike(one, other string) bool {
	isTime := func(text string) bool {
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	}
	return isTime(one) && isTime(other) || ofAChange.MatchString(one) && ofAChange.MatchString(other)
}
