package routes

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/labstack/echo/v4"
	swaggerui "github.com/swaggest/swgui/v5/static"

	"github.com/cannahub/gateway/mapping"
)

// pageFiles are the pages, templates whose texts come from the catalogue, and
// what they load, which is served as it is.
//
//go:embed pages
var pageFiles embed.FS

// pagePolicy lets a page load and ask nothing but this gateway.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// swaggerUI are the files of Swagger UI that the API reference loads, which come
// gzipped.
var swaggerUI = []string{"swagger-ui.css", "swagger-ui-bundle.js"}

// file is something to load, ready to be sent.
type file struct {
	mediaType string
	plain     []byte // nil where it is kept gzipped alone
	gzipped   []byte // nil where that is no smaller
	etag      string
}

func newFile(mediaType string, plain []byte) *file {
	f := &file{mediaType: mediaType, plain: plain, etag: etagOf(plain)}
	var gzipped bytes.Buffer
	writer := gzip.NewWriter(&gzipped)
	_, _ = writer.Write(plain) // a bytes.Buffer takes everything
	_ = writer.Close()
	if gzipped.Len() < len(plain) {
		f.gzipped = gzipped.Bytes()
	}
	return f
}

// newGzippedFile is a file that is kept as it comes: nearly everybody takes it so.
func newGzippedFile(mediaType string, gzipped []byte) *file {
	return &file{mediaType: mediaType, gzipped: gzipped, etag: etagOf(gzipped)}
}

func etagOf(content []byte) string {
	return `W/"` + strconv.FormatUint(xxhash.Sum64(content), 36) + `"`
}

// servePages serves what people open in a browser.
func (s *server) servePages(e *echo.Echo) {
	for address, name := range map[string]string{"/": "home", "/docs": "docs", "/board": "board"} {
		get(e, address, func(c echo.Context) error { return sendPage(c, name) })
	}
	get(e, "/assets/*", sendAsset)
}

// assets are what the pages load, by name, made when first asked for.
var assets = sync.OnceValues(func() (map[string]*file, error) {
	made := map[string]*file{}
	err := fs.WalkDir(pageFiles, "pages", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".html" {
			return err
		}
		content, err := pageFiles.ReadFile(name)
		made[strings.TrimPrefix(name, "pages/")] = newFile(mediaTypes[path.Ext(name)], content)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, name := range swaggerUI {
		content, err := swaggerui.FS.ReadFile(name + ".gz")
		if err != nil {
			return nil, err
		}
		made["swagger-ui/"+name] = newGzippedFile(mediaTypes[path.Ext(name)], content)
	}
	return made, nil
})

// mediaTypes are those of the assets: the system's own table differs by machine.
var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func sendAsset(c echo.Context) error {
	all, err := assets()
	if err != nil {
		return err
	}
	asset, known := all[c.Param("*")]
	if !known {
		return echo.ErrNotFound
	}
	return sendFile(c, asset)
}

// pages are the pages in each language, by name, made when first asked for.
var pages = sync.OnceValues(func() (map[mapping.Language]map[string]*file, error) {
	made := map[mapping.Language]map[string]*file{}
	for _, language := range mapping.Languages() {
		templates, err := template.New("pages").Funcs(template.FuncMap{
			"language": language.String,
			"text": func(key string) (string, error) {
				text, known := mapping.PageText(key, language)
				if !known {
					return "", fmt.Errorf("no text %q", key)
				}
				return text, nil
			},
			"texts": func(pages ...string) map[string]string { return mapping.PageTexts(language, pages...) },
		}).ParseFS(pageFiles, "pages/*.html")
		if err != nil {
			return nil, err
		}
		made[language] = map[string]*file{}
		for _, page := range []string{"home", "docs", "board"} {
			var written bytes.Buffer
			if err := templates.ExecuteTemplate(&written, page+".html", page); err != nil {
				return nil, err
			}
			made[language][page] = newFile("text/html; charset=utf-8", written.Bytes())
		}
	}
	return made, nil
})

// sendPage sends a page in the language of who asks.
func sendPage(c echo.Context, name string) error {
	all, err := pages()
	if err != nil {
		return err
	}
	language := languageOf(c)
	header := c.Response().Header()
	header.Set("Content-Language", language.String())
	header.Add("Vary", "Accept-Language")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("Referrer-Policy", "no-referrer")
	return sendFile(c, all[language][name])
}

// sendFile sends a file, or 304 to who has it.
func sendFile(c echo.Context, f *file) error {
	header := c.Response().Header()
	header.Set("Etag", f.etag)
	header.Add("Vary", "Accept-Encoding")
	header.Set("Cache-Control", "no-cache")
	if hasAlready(c.Request().Header.Get("If-None-Match"), f.etag) {
		return c.NoContent(http.StatusNotModified)
	}
	body := f.plain
	if f.gzipped != nil && acceptsGzip(c.Request().Header.Get("Accept-Encoding")) {
		body = f.gzipped
		header.Set("Content-Encoding", "gzip")
	}
	if body == nil {
		unpacked, err := gzip.NewReader(bytes.NewReader(f.gzipped))
		if err != nil {
			return err
		}
		return c.Stream(http.StatusOK, f.mediaType, unpacked)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	return c.Blob(http.StatusOK, f.mediaType, body)
}
