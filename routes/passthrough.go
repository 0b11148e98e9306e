package routes

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
)

// passed are the prefixes of Medusa's own API: what the gateway does not serve
// below them is Medusa's.
var passed = []string{"/store", "/auth", "/admin"}

const (
	xForwardedFor   = "X-Forwarded-For"
	xForwardedHost  = "X-Forwarded-Host"
	xForwardedProto = "X-Forwarded-Proto"
)

const (
	// patience is how long a caller may take for each stride of a body that he sends,
	// and may pause while he takes one.
	patience = 30 * time.Second

	// stride is how much of a body must come in that time.
	stride = 64 << 10
)

// isPassed says whether a path is below one of Medusa's prefixes.
func isPassed(path string) bool {
	return slices.ContainsFunc(passed, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	})
}

// isPassedRoute says whether a route is Medusa's.
func isPassedRoute(route string) bool {
	prefix, below := strings.CutSuffix(route, "/*")
	return below && slices.Contains(passed, prefix)
}

// passage is one request on its way through.
type passage struct {
	echo  echo.Context
	err   error // why there is no answer of Medusa's
	trust bool  // that the connection's other end tells who is behind it
}

type passageKey struct{}

func passageOf(r *http.Request) *passage {
	p, _ := r.Context().Value(passageKey{}).(*passage)
	return p
}

// servePassThrough serves what is Medusa's.
func (s *server) servePassThrough(e *echo.Echo, proxies []*net.IPNet, limit ...echo.MiddlewareFunc) {
	proxy := &httputil.ReverseProxy{
		Rewrite:        forward,
		Transport:      carrier{s.gateway},
		ModifyResponse: tidy,
		ErrorHandler:   func(_ http.ResponseWriter, r *http.Request, err error) { passageOf(r).err = err },
		FlushInterval:  -1, // what streams must not wait for more
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	pass := func(c echo.Context) error {
		p := &passage{echo: c, trust: trusts(proxies, c.Request().RemoteAddr)}
		request := c.Request().WithContext(context.WithValue(c.Request().Context(), passageKey{}, p))
		moving := newMoving(c.Response(), request)
		proxy.ServeHTTP(moving, request)
		return p.err
	}
	for _, prefix := range passed {
		e.Match([]string{
			http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		}, prefix+"/*", pass, limit...)
	}
}

// carrier has requests carried to Medusa by the use case.
type carrier struct{ gateway *bff.Gateway }

func (t carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.gateway.Pass(r, passageOf(r).echo.Path())
}

// forward makes the request that Medusa gets: the caller's, with who he is. Medusa
// takes the gateway for its one proxy, and so reads one address, host and scheme.
func forward(r *httputil.ProxyRequest) {
	p := passageOf(r.In)
	r.Out.URL.RawQuery = r.In.URL.RawQuery // as it was sent, also where Go would not read it
	header := r.Out.Header
	header.Set(echo.HeaderXRequestID, recordOf(p.echo).medusa.ID)
	header.Set(xForwardedFor, p.echo.RealIP())
	host, scheme := r.In.Host, "http"
	if r.In.TLS != nil {
		scheme = "https"
	}
	if p.trust {
		host = firstOf(r.In.Header.Get(xForwardedHost), host)
		scheme = firstOf(r.In.Header.Get(xForwardedProto), scheme)
	}
	header.Set(xForwardedHost, host)
	header.Set(xForwardedProto, scheme)
	// The server has answered it, or will when the body is read.
	header.Del("Expect")
	// Medusa speaks nothing else than HTTP.
	header.Del("Connection")
	header.Del("Upgrade")
}

// firstOf is the first of the values that proxies have strung together.
func firstOf(list, otherwise string) string {
	first, _, _ := strings.Cut(list, ",")
	if first = strings.TrimSpace(first); first != "" {
		return first
	}
	return otherwise
}

// trusts says whether an address is that of a trusted proxy.
func trusts(proxies []*net.IPNet, address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && slices.ContainsFunc(proxies, func(proxy *net.IPNet) bool { return proxy.Contains(ip) })
}

// tidy takes from Medusa's answer what the gateway says itself, and answers a
// caller who has it already.
func tidy(response *http.Response) error {
	header := response.Header
	for name := range header {
		if strings.HasPrefix(name, "Access-Control-") {
			header.Del(name)
		}
	}
	header.Del(echo.HeaderXRequestID)
	header.Del("X-Content-Type-Options")
	in := passageOf(response.Request).echo.Request()
	if response.StatusCode == http.StatusOK && takesNoBody(in.Method) && hasAlready(in.Header.Get("If-None-Match"), header.Get("Etag")) {
		_ = response.Body.Close()
		response.StatusCode, response.Body = http.StatusNotModified, http.NoBody
		header.Del("Content-Length")
		header.Del("Content-Type")
	}
	return nil
}

// moving is both ways of a connection, with the time that the caller has for each
// step in place of the time that he has for the whole.
type moving struct {
	*echo.Response
	control *http.ResponseController
}

// newMoving lets a request and its answer take their time.
func newMoving(response *echo.Response, request *http.Request) *moving {
	m := &moving{Response: response, control: http.NewResponseController(response)}
	if request.Body != nil && request.Body != http.NoBody {
		request.Body = &movingBody{ReadCloser: request.Body, control: m.control}
	}
	return m
}

// step gives the caller time for what is written next. A connection without
// deadlines needs none.
func (m *moving) step() { _ = m.control.SetWriteDeadline(time.Now().Add(patience)) }

// WriteHeader writes the head of the answer. What Medusa says before it is for the
// gateway.
func (m *moving) WriteHeader(status int) {
	if status >= http.StatusOK {
		m.step()
		m.Response.WriteHeader(status)
	}
}

func (m *moving) Write(p []byte) (int, error) {
	m.step()
	return m.Response.Write(p)
}

// movingBody is a caller's body that may take its time, as long as it moves.
type movingBody struct {
	io.ReadCloser
	control *http.ResponseController
	left    int // of the stride
	ended   bool
}

func (b *movingBody) Read(p []byte) (int, error) {
	if b.left <= 0 && !b.ended { // after its end the server waits for the caller to hang up
		b.left = stride
		_ = b.control.SetReadDeadline(time.Now().Add(patience))
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= n
	b.ended = err != nil
	return n, err
}
