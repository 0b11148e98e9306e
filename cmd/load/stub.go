package main

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// stubCommand, as the first argument, makes this program the stub of Medusa.
const stubCommand = "stub"

// serveStub answers like Medusa what the gateway asks, after a fixed time. It
// prints its address, and ends with its standard input.
func serveStub(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet(stubCommand, flag.ContinueOnError)
	latency := flags.Duration("latency", 0, "how long an answer takes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: stubHandler(*latency), ReadHeaderTimeout: 10 * time.Second}
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	go func() {
		_, _ = io.Copy(io.Discard, stdin) // ends when the one who started the stub does
		cancel()
	}()
	fmt.Fprintln(stdout, listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func stubHandler(latency time.Duration) http.Handler {
	mux := http.NewServeMux()
	answer := func(pattern string, body []byte) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if wait(r.Context(), latency) != nil {
				return
			}
			header := w.Header()
			header.Set("X-Powered-By", "Express")
			header.Set("Vary", "Origin")
			header.Set("Access-Control-Allow-Credentials", "true")
			header.Set("Content-Type", "application/json; charset=utf-8")
			header.Set("Content-Length", strconv.Itoa(len(body)))
			header.Set("Etag", `W/"4e20-KWuXdRSpFnWmVXQWVFzP1ZBhTPo"`)
			header.Set("Keep-Alive", "timeout=5")
			_, _ = w.Write(body) // who hung up cannot be told
		})
	}
	answer("POST /auth/user/emailpass", []byte(`{"token":"`+token()+`"}`))
	answer("GET /admin/stores", []byte(`{"stores":[{"id":"store_01","name":"Load","supported_currencies":[{"currency_code":"ars","is_default":true}]}],"count":1,"offset":0,"limit":50}`))
	answer("GET /admin/products/{id}", productAnswer())
	return mux
}

// token has the form and the length of a token of Medusa's, good for a day.
func token() string {
	claims := fmt.Sprintf(`{"actor_id":"user_01M80ABJGPB3WWTJ69GVQVBV08","actor_type":"user",`+
		`"auth_identity_id":"authid_01M80ABJGPB3WWTJ69GVQVBV09","auth_provider":"emailpass","app_metadata":`+
		`{"user_id":"user_01M80ABJGPB3WWTJ69GVQVBV08"},"user_metadata":{},"iat":%d,"exp":%d}`,
		time.Now().Unix(), time.Now().Add(24*time.Hour).Unix())
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(claims)) + "." + encode(make([]byte, 32))
}
