package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient/medusatest"
	"github.com/cannahub/gateway/testdata/clients"
)

// block is a fenced block of the README.
type block struct {
	line     int // of its first line of text
	language string
	text     string
	answer   *block // the block that follows commands or a program at once: what is answered
}

// is says whether a block is of a language and begins with a text.
func (b block) is(language, begin string) bool {
	return b.language == language && strings.HasPrefix(b.text, begin)
}

// readReadme returns the README's blocks, and its lines with those of the blocks left empty.
func readReadme(t *testing.T) (blocks []*block, lines []string) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	lines = strings.Split(string(readme), "\n")
	ended := -2
	for i := 0; i < len(lines); i++ {
		language, begins := strings.CutPrefix(lines[i], "```")
		if !begins {
			continue
		}
		begin := i + 1
		for i++; lines[i] != "```"; i++ {
		}
		found := &block{line: begin + 1, language: language, text: strings.Join(lines[begin:i], "\n")}
		if isAnswer := language == "json" || language == ""; isAnswer && ended == begin-3 {
			blocks[len(blocks)-1].answer = found
		}
		blocks, ended = append(blocks, found), i
		clear(lines[begin-1 : i+1])
	}
	return blocks, lines
}

// readmeBlocks are the README's blocks that are of a language and begin with a text; there is one at least.
func readmeBlocks(t *testing.T, language, begin string) []*block {
	t.Helper()
	all, _ := readReadme(t)
	var found []*block
	for _, block := range all {
		if block.is(language, begin) {
			found = append(found, block)
		}
	}
	require.NotEmpty(t, found, "the README has no %s that begins with %q", language, begin)
	return found
}

var (
	heading      = regexp.MustCompile(`^(#+) (.*)$`)
	notInAddress = regexp.MustCompile(`[^\p{L}\p{N} _-]`) // what a heading's address lacks of the heading
	link         = regexp.MustCompile(`\]\(([^)]+)\)`)
)

// TestReadmeLinksLead holds every link to a heading or a file, and the table of contents to the sections.
func TestReadmeLinksLead(t *testing.T) {
	_, lines := readReadme(t)
	addresses, sections := map[string]bool{}, map[string]bool{}
	for _, line := range lines {
		if found := heading.FindStringSubmatch(line); found != nil {
			address := "#" + strings.ReplaceAll(notInAddress.ReplaceAllString(strings.ToLower(found[2]), ""), " ", "-")
			assert.False(t, addresses[address], "two headings are %s", address)
			addresses[address] = true
			sections[address] = found[1] == "##"
		}
	}
	contents := true
	for i, line := range lines {
		contents = contents && !strings.HasPrefix(line, "## ")
		for _, found := range link.FindAllStringSubmatch(line, -1) {
			switch to := found[1]; {
			case strings.HasPrefix(to, "#"):
				assert.True(t, addresses[to], "README.md:%d: %s leads nowhere", i+1, to)
				if contents {
					delete(sections, to)
				}
			case !strings.HasPrefix(to, "https://"):
				_, err := os.Stat(filepath.Join("../..", to))
				require.NoError(t, err, "README.md:%d", i+1)
			}
		}
	}
	for section, isOne := range sections {
		assert.False(t, isOne, "the table of contents lacks %s", section)
	}
}

var (
	curlMethod    = regexp.MustCompile(`-X (\w+)`)
	curlPath      = regexp.MustCompile(`localhost:8080(/[^\s"?]*)`)
	pathParameter = regexp.MustCompile(`\\\{\w+\\\}`)
)

// requests are what the curls of a block ask, such as "GET /api/inventory/alerts".
func (b block) requests() []string {
	var requests []string
	for _, curl := range strings.Split(b.text, "curl ")[1:] {
		method := "GET"
		if found := curlMethod.FindStringSubmatch(curl); found != nil {
			method = found[1]
		}
		if path := curlPath.FindStringSubmatch(curl); path != nil {
			requests = append(requests, method+" "+path[1])
		}
	}
	return requests
}

// TestReadmeAsksEveryRoute holds the README to the OpenAPI document: each of its operations is shown as a curl, whose answer
// TestReadmeCommands holds, the WebSocket as a program.
func TestReadmeAsksEveryRoute(t *testing.T) {
	operations := operationsOf(t, launch(t, []string{"demo"}))
	asked := map[string]bool{}
	blocks, _ := readReadme(t)
	for _, block := range blocks {
		for _, request := range block.requests() {
			asked[operationAsked(operations, request)] = true
		}
		asked["GET /ws"] = asked["GET /ws"] || block.language == "js" && strings.Contains(block.text, "/ws?") && block.answer != nil
	}
	for _, operation := range operations {
		assert.True(t, asked[operation], "the README does not show %s", operation)
	}
}

// operationAsked is which operation a request asks, "" when it is none of them.
func operationAsked(operations []string, request string) (asked string) {
	for _, operation := range operations {
		pattern := "^" + pathParameter.ReplaceAllString(regexp.QuoteMeta(operation), "[^/]+") + "$"
		isNearer := asked == "" || strings.Count(operation, "{") < strings.Count(asked, "{")
		if isNearer && regexp.MustCompile(pattern).MatchString(request) {
			asked = operation
		}
	}
	return asked
}

var (
	tableRow = regexp.MustCompile(`^\| (.*?) \|(.*?)\|`)
	inCode   = regexp.MustCompile("`([^`]*)`")
)

// TestReadmeListsEverySettingWithItsDefault holds the README's table to the settings, both ways.
func TestReadmeListsEverySettingWithItsDefault(t *testing.T) {
	_, lines := readReadme(t)
	listed := map[string]string{}
	within := false
	for i, line := range lines {
		if found := heading.FindStringSubmatch(line); found != nil {
			within = found[2] == "Settings"
		}
		cells := tableRow.FindStringSubmatch(line)
		if !within || cells == nil {
			continue
		}
		defaults := inCode.FindAllStringSubmatch(cells[2], -1)
		for at, name := range inCode.FindAllStringSubmatch(cells[1], -1) {
			assert.NotContains(t, listed, name[1], "README.md:%d: it is listed twice", i+1)
			listed[name[1]] = ""
			if len(defaults) > 0 {
				require.Greater(t, len(defaults), at, "README.md:%d: %s has no default", i+1, name[1])
				listed[name[1]] = defaults[at][1]
			} else {
				assert.Contains(t, []string{"(none)", "(needed)"}, strings.TrimSpace(cells[2]), "README.md:%d: the default of %s", i+1, name[1])
			}
		}
	}
	known := map[string]string{}
	for field := range reflect.TypeFor[settings]().Fields() {
		known[field.Tag.Get("env")] = field.Tag.Get("envDefault")
	}
	assert.Equal(t, known, listed, "settings and their defaults")
}

// TestReadmeShowsTypeScriptThatCompiles holds the README's TypeScript to the program and the site that are compiled, as
// strictly as can be, and run by TestRealMedusaServesATypeScriptProgram and TestRealMedusaFeedsANextSite.
func TestReadmeShowsTypeScriptThatCompiles(t *testing.T) {
	files := map[string]bool{} // what is in them, after their endings
	for _, folder := range []string{"program", "site"} {
		compiled := os.DirFS(filepath.Join(clients.Here(), folder))
		require.NoError(t, fs.WalkDir(compiled, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(compiled, path)
			files[filepath.Ext(path)+strings.TrimSpace(string(content))] = true
			return err
		}))
		requireStrict(t, compiled)
	}
	blocks, _ := readReadme(t)
	shown := 0
	for _, block := range blocks {
		if block.language == "ts" || block.language == "tsx" {
			shown++
			assert.True(t, files["."+block.language+block.text], "README.md:%d is no file of testdata/clients/program or site", block.line)
		}
	}
	assert.Positive(t, shown, "the README shows no TypeScript")
}

// requireStrict asserts that every file of a folder is compiled, as strictly as can be.
func requireStrict(t *testing.T, folder fs.FS) {
	t.Helper()
	var compiled struct {
		CompilerOptions map[string]any

		Extends, Files any
		Include        []string
		Exclude        []string
	}
	options, err := fs.ReadFile(folder, "tsconfig.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(options, &compiled))
	assert.Equal(t, true, compiled.CompilerOptions["strict"], "it is not compiled with strict")
	for option, value := range compiled.CompilerOptions {
		assert.NotEqual(t, false, value, "less is held by strict: %s", option)
	}
	assert.Nil(t, compiled.Extends)
	assert.Nil(t, compiled.Files, "not every file is compiled")
	assert.Subset(t, []string{"node_modules"}, compiled.Exclude, "not every file is compiled")
	if compiled.Include != nil {
		assert.Subset(t, compiled.Include, []string{"**/*.ts", "**/*.tsx"}, "not every file is compiled")
	}
}

// TestReadmeShowsWhatCheckSays holds what the README shows of the check to what it says of a user who may not write stock.
func TestReadmeShowsWhatCheckSays(t *testing.T) {
	shown := readmeBlocks(t, "", "ok ")[0]
	medusa := medusatest.New()
	medusa.Fail(writesOfLevels, forbidden("inventory_item:*"))
	environment := inFrontOf(t, medusa)
	_, stdout, _ := runIn(t, environment, "check")
	said := strings.NewReplacer(
		strings.TrimPrefix(environment[0], "MEDUSA_URL="), "http://localhost:9000", medusatest.Email, "gateway@example.com",
	).Replace(stdout)
	measured := regexp.MustCompile(`within \S+|\S+ \S+ free`)
	assert.Empty(t, differsInLines(measured.ReplaceAllString(shown.text, ""), measured.ReplaceAllString(said, "")), "README.md:%d, of\n%s", shown.line, said)
}
