package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/testdata/clients"
)

// block is a fenced block of the README.
type block struct {
	line     int
	language string
	text     string
	answer   string // the block of JSON that follows at once: what the commands answer
}

// readmeBlocks reads the blocks of the README in their order.
func readmeBlocks(t *testing.T) []block {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	var blocks []block
	lines := strings.Split(string(readme), "\n")
	ended := -2
	for i := 0; i < len(lines); i++ {
		language, begins := strings.CutPrefix(lines[i], "```")
		if !begins {
			continue
		}
		begin := i + 1
		for i++; lines[i] != "```"; i++ {
		}
		found := block{line: begin + 1, language: language, text: strings.Join(lines[begin:i], "\n")}
		if language == "json" && ended == begin-3 && blocks[len(blocks)-1].language == "sh" {
			blocks[len(blocks)-1].answer = found.text
		}
		blocks, ended = append(blocks, found), i
	}
	return blocks
}

// notWalked are commands of the README that cannot be run here, and why.
var notWalked = map[string]string{
	"go test ./...": "is what runs this",
	"docker ":       "needs a container engine",
	"sudo ":         "needs an init system",
	"npm install ":  "needs a registry",
}

// TestReadmeCommands walks through the README as a newcomer does: every command
// as it is written, against the demo, and every answer that is shown.
func TestReadmeCommands(t *testing.T) {
	for _, program := range []string{"bash", "curl", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			require.NotEqual(t, "required", os.Getenv("MEDUSA_E2E"), "%s is not installed", program)
			t.Skip("left out, " + program + " is not installed")
		}
	}
	demo := launch(t, []string{"demo"}, "WEBHOOK_SECRET="+readmeSecret)
	walk := newWalk(t, demo)
	walked := 0
	for _, block := range readmeBlocks(t) {
		if block.language != "sh" || strings.Contains(block.text, "MEDUSA_URL=") {
			continue // TestRealMedusaReadmeCommands has those
		}
		if why := reasonNotToWalk(block.text); why != "" {
			t.Logf("line %d is left out, it %s: %s", block.line, why, block.text)
			continue
		}
		if block.text == "go run ./cmd/gateway demo" || strings.HasPrefix(block.text, "npx ") {
			continue // it runs; TestReadmeCommandsOfClients
		}
		walked++
		said := walk.run(t, block)
		if block.answer != "" {
			assertShown(t, block, said)
		}
	}
	assert.Greater(t, walked, 20, "the README's commands were not found")
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
	walked := 0
	for _, block := range readmeBlocks(t) {
		if block.language == "sh" && strings.HasPrefix(block.text, "npx ") {
			walked++
			walk.run(t, block)
		}
	}
	assert.GreaterOrEqual(t, walked, 2, "the README's commands were not found")
}

func reasonNotToWalk(commands string) string {
	for part, why := range notWalked {
		if strings.Contains(commands, part) {
			return why
		}
	}
	return ""
}

// readmeSecret signs the hook of the README's example.
const readmeSecret = "whsec_Y2FubmFodWItZ2F0ZXdheQ=="

// walk is a shell in which localhost:8080 is a program on another port.
type walk struct {
	folder      string
	environment []string
}

var exports = regexp.MustCompile(`(?m)^ *export (\w+)=(\S+)$`)

func newWalk(t *testing.T, p *program) *walk {
	t.Helper()
	folder := t.TempDir()
	curl, err := exec.LookPath("curl")
	require.NoError(t, err)
	// A stream has no end of its own.
	shim := fmt.Sprintf("#!/bin/sh\ncase \" $* \" in *\" -N \"*) set -- --max-time 2 \"$@\";; esac\nexec %s -sS --fail-with-body --connect-to localhost:8080:%s \"$@\"\n",
		curl, strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "curl"), []byte(shim), 0o755))
	require.Eventually(t, func() bool { return len(exports.FindAllString(p.logs.String(), -1)) == 2 }, patience, patience/1000,
		"the demo does not say what to export: %s", p.logs)
	w := &walk{folder: folder, environment: append(os.Environ(), "PATH="+folder+":"+os.Getenv("PATH"))}
	for _, export := range exports.FindAllStringSubmatch(p.logs.String(), -1) {
		w.environment = append(w.environment, export[1]+"="+export[2])
	}
	return w
}

// run runs the commands of a block, and remembers what the README calls $HOLD,
// $RESERVATION and $LOCATION from then on.
func (w *walk) run(t *testing.T, block block) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-euc", block.text)
	command.Dir, command.Env = w.folder, w.environment
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	const refused, timeIsOver = 22, 28 // curl's own
	switch {
	case command.ProcessState.ExitCode() == refused && strings.Contains(block.answer, `"status": 4`): // as is shown
	case command.ProcessState.ExitCode() == timeIsOver && strings.Contains(block.text, "curl -N"):
	default:
		require.NoError(t, err, "README.md:%d: %s\n%s%s", block.line, block.text, stdout.String(), stderr.String())
	}
	for variable, path := range map[string]string{
		"HOLD": "holdId", "RESERVATION": "reservations.0.id", "LOCATION": "location.id",
	} {
		if value := gjson.Get(stdout.String(), path).String(); value != "" && strings.Contains(block.text, "-X POST") {
			w.environment = append(w.environment, variable+"="+value)
		}
	}
	return stdout.String()
}

// assertShown asserts that an answer is what the README shows of it.
func assertShown(t *testing.T, block block, said string) {
	t.Helper()
	var shown, real any
	require.NoError(t, json.Unmarshal([]byte(block.answer), &shown), "README.md:%d", block.line)
	require.NoError(t, json.Unmarshal([]byte(said), &real), "README.md:%d answers %s", block.line, said)
	if where := differs("", shown, real); where != "" {
		assert.Fail(t, "the README shows another answer", "README.md:%d: at %s\nshown: %s\n real: %s", block.line, where, block.answer, said)
	}
}

// differs is where an answer is not what is shown of it; "…" stands for anything
// that is not shown, a time for any time.
func differs(at string, shown, real any) string {
	switch shown := shown.(type) {
	case map[string]any:
		object, isObject := real.(map[string]any)
		if !isObject {
			return at
		}
		for key, value := range shown {
			if key == "…" {
				continue
			}
			field, there := object[key]
			if !there {
				return at + "/" + key
			}
			if where := differs(at+"/"+key, value, field); where != "" {
				return where
			}
		}
		if _, more := shown["…"]; !more && len(object) > len(shown) {
			return at + " (has more)"
		}
		return ""
	case []any:
		list, isList := real.([]any)
		if !isList {
			return at
		}
		return differsInList(at, shown, list)
	case string:
		text, isText := real.(string)
		begin, open := strings.CutSuffix(shown, "…")
		switch {
		case open && begin == "":
			return ""
		case !isText:
			return at
		case open && strings.HasPrefix(text, begin), text == shown, isTime(text) && isTime(shown):
			return ""
		}
		return at
	default:
		if shown == real {
			return ""
		}
		return at
	}
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

func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}
