package routes

import (
	"net/http"
	"regexp"
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
			assert.Contains(t, answer.header.Get("Content-Security-Policy"), "default-src 'none'")
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
