package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
)

// recorder is a way to Medusa that writes down what is asked.
type recorder struct {
	url   string
	close func()

	mu    sync.Mutex
	calls []call
}

// call is a request: its path with the query, and its body.
type call struct{ path, body string }

func newRecorder(ctx context.Context, medusa string) (*recorder, error) {
	to, err := url.Parse(medusa)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &recorder{url: "http://" + listener.Addr().String()}
	proxy := &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) { request.SetURL(to) }}
	server := &http.Server{ReadHeaderTimeout: startTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return // the gateway has gone
		}
		r.add(call{request.URL.RequestURI(), string(body)})
		request.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, request)
	})}
	go func() { _ = server.Serve(listener) }() // ends with close
	r.close = func() { _ = server.Close() }
	return r, nil
}

func (r *recorder) add(call call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
}

func (r *recorder) recorded() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = nil
}
