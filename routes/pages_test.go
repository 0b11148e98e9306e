package routes

import (
	"io/fs"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/mapping"
)

// TestPagesAreWhole: a page that names a text which is not in the catalogue is
// not made, and all that a page loads is there.
func TestPagesAreWhole(t *testing.T) {
	s := open(t)
	loads := regexp.MustCompile(`(?:src|href)="(assets/[^"]+)"`)
	for _, page := range []string{"/", "/docs", "/board"} {
		for _, language := range mapping.Languages() {
			answer := s.open(t, page, header("Accept-Language", language.String()))
			require.Equal(t, http.StatusOK, answer.status, page)
			assert.Equal(t, "text/html; charset=utf-8", answer.header.Get("Content-Type"))
			assert.Equal(t, language.String(), answer.header.Get("Content-Language"))
			assert.Contains(t, string(answer.body), `<html lang="`+language.String()+`">`)
			requireClosed(t, answer.header.Get("Content-Security-Policy"))
			assets := loads.FindAllStringSubmatch(string(answer.body), -1)
			require.NotEmpty(t, assets, "%s loads nothing", page)
			for _, asset := range assets {
				loaded := s.open(t, "/"+asset[1])
				assert.Equal(t, http.StatusOK, loaded.status, asset[1])
				assert.NotEmpty(t, loaded.header.Get("Content-Type"), asset[1])
				assert.NotEmpty(t, loaded.body, asset[1])
			}
		}
	}
}

// requireClosed asserts that a policy lets a page load nothing but what the
// gateway sends and what is in the page.
func requireClosed(t *testing.T, policy string) {
	t.Helper()
	assert.Contains(t, policy, "default-src 'none'")
	for directive := range strings.SplitSeq(policy, ";") {
		sources := strings.Fields(directive)
		require.NotEmpty(t, sources, policy)
		for _, source := range sources[1:] {
			assert.Contains(t, []string{"'none'", "'self'", "data:"}, source, directive)
		}
		assert.False(t, sources[0] == "script-src" && slices.Contains(sources, "data:"), directive)
	}
}

func TestPagesAreSentOnce(t *testing.T) {
	s := open(t)
	first := s.open(t, "/assets/style.css")
	require.Equal(t, http.StatusOK, first.status)
	again := s.open(t, "/assets/style.css", header("If-None-Match", first.header.Get("Etag")))
	assert.Equal(t, http.StatusNotModified, again.status)
	assert.Empty(t, again.body)
}

func TestAssetsAreNoFolder(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/assets/", "/assets/home.html", "/assets/../routes.go", "/assets/%2e%2e/routes.go", "/assets/none.js"} {
		assert.Equal(t, http.StatusNotFound, s.open(t, path).status, path)
	}
}

// TestPagesSayWhatTheCatalogueHas: a script names each text where it says it,
// each is one of its page, and each text is said by a script or the page. (A page
// that names one which is not there is not made.)
func TestPagesSayWhatTheCatalogueHas(t *testing.T) {
	pages := read(t, "*.html")
	scripts := map[string]string{"home": "", "board": read(t, "board/*.js"), "docs": read(t, "docs/*.js"), "session": read(t, "*.js")}
	for page, script := range scripts {
		usable := mapping.PageTexts(mapping.English, page, "session")
		names, _, others := said(script)
		assert.Subset(t, slices.Collect(maps.Keys(usable)), names, "what a script of %s names", page)
		assert.Empty(t, others, "a script of %s says texts that it does not name there", page)

		if page == "session" { // is said by all
			script += scripts["board"] + scripts["docs"]
		}
		names, stems, _ := said(script)
		texts := mapping.PageTexts(mapping.English, page)
		require.NotEmpty(t, texts, page)
		for key := range texts {
			isSaid := strings.Contains(pages, `{{text "`+page+"."+key+`"}}`) || slices.Contains(names, key) ||
				slices.ContainsFunc(stems, func(stem string) bool { return strings.HasPrefix(key, stem) })
			assert.True(t, isSaid, "nothing says the text %s.%s", page, key)
		}
	}
}

// said are the texts that a script says, as t("name") or t(`stem_${rest}`), and
// what else it gives to t.
func said(script string) (names, stems, others []string) {
	call := regexp.MustCompile(`\bt\((?:"(\w+)"[,)]|` + "`(\\w+_)\\$\\{" + `|(.{0,40}))`)
	script = strings.ReplaceAll(script, "function t(", "")
	for _, found := range call.FindAllStringSubmatch(script, -1) {
		switch {
		case found[1] != "":
			names = append(names, found[1])
		case found[2] != "":
			stems = append(stems, found[2])
		default:
			others = append(others, found[0])
		}
	}
	return names, stems, others
}

// read reads the files of the pages whose names match, as one.
func read(t *testing.T, pattern string) string {
	t.Helper()
	names, err := fs.Glob(pageFiles, "pages/"+pattern)
	require.NoError(t, err)
	require.NotEmpty(t, names, pattern)
	var all strings.Builder
	for _, name := range names {
		content, err := pageFiles.ReadFile(name)
		require.NoError(t, err)
		all.Write(content)
	}
	return all.String()
}

// open opens what is for people and not in the OpenAPI document.
func (s *shop) open(t *testing.T, path string, changes ...with) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+path, http.NoBody)
	require.NoError(t, err)
	for _, change := range changes {
		change(request)
	}
	got, err := s.send(request)
	require.NoError(t, err)
	return got
}
