package routes

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzRequest asks a gateway in front of a healthy Medusa for anything: it
// never fails, and says what is wrong as a problem. "$TOKEN" in the
// Authorization header is a token that Medusa takes.
func FuzzRequest(f *testing.F) {
	for _, path := range apiPaths {
		f.Add(http.MethodGet, path, "Bearer $TOKEN", "es", "gzip", `W/"a"`, "r-1")
		f.Add(http.MethodHead, path+"?limit=1&offset=2&search=a%25&id=a&sku=b", "Bearer $TOKEN", "de;q=0.1", "*", "*", "")
	}
	f.Add(http.MethodGet, "/api/inventory?search=%00&limit=-1&limit=abc", "Bearer $TOKEN", "", "", "", "")
	f.Add(http.MethodGet, "/api/inventory?search=%5C%25_&locationId=%2C", "Bearer $TOKEN", "x;q=9", "gzip;q=0", "", "")
	f.Add(http.MethodGet, "/api/inventory/alerts?threshold=1e3&locationId=a", "Bearer $TOKEN", "", "", "", "")
	f.Add(http.MethodGet, "/api/products/%2e%2e%2f/with-inventory?currencyCode=USD", "basic $TOKEN", "", "", "", "\xff")
	f.Add(http.MethodGet, "/api/inventory/variant_%C3%B1/", "Bearer $TOKEN", "", "", "", "")
	f.Add(http.MethodGet, "/api/reservations?cartId=%F0%9F%8C%BF&lineItemId=a&limit=2", "Bearer $TOKEN", "", "", "", "")
	f.Add(http.MethodPost, "/api/reservations/hold_%2F/confirm", "Bearer $TOKEN", "", "", "", "")
	f.Add(http.MethodDelete, "/api/locations/sloc_mayorista?force=1&transferTo=%00", "Bearer $TOKEN", "", "", "", "")
	f.Add(http.MethodPost, "//api/locations/;a=b?;", "Bearer sk_a", "", "", "", "")
	f.Add(http.MethodOptions, "/healthz", "", "", "", "", "")
	f.Add(http.MethodGet, "/readyz?x", "", "", "", "", "")
	f.Add(http.MethodGet, "/openapi.json", "", "", "gzip", `"a", W/"`, "")

	s := openBook(f)
	handler := s.server.Config.Handler
	f.Fuzz(func(t *testing.T, method, target, authorization, language, encoding, ifNoneMatch, requestID string) {
		request := request(method, target, map[string]string{
			"Authorization": strings.ReplaceAll(authorization, "$TOKEN", s.token), "Accept-Language": language,
			"Accept-Encoding": encoding, "If-None-Match": ifNoneMatch, "X-Request-Id": requestID,
		})
		if request == nil {
			return
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, request.WithContext(t.Context()))
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%s %s answered %d %s", method, target, w.Code, w.Body)
		}
		if w.Header().Get("X-Request-Id") == "" {
			t.Fatalf("%s %s was answered without a request id", method, target)
		}
		if w.Code < http.StatusBadRequest {
			return
		}
		var said problem
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Fatalf("%s %s answered %d, %s: %s", method, target, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		if said.Status != w.Code || said.Code == "" || said.Title == "" || said.Detail == "" || said.RequestID != w.Header().Get("X-Request-Id") {
			t.Fatalf("%s %s answered %d with the problem %s", method, target, w.Code, w.Body)
		}
	})
}

// request is what net/http would hand to the routes, nil for what it refuses
// itself.
func request(method, target string, headers map[string]string) *http.Request {
	address, err := url.ParseRequestURI(target)
	if err != nil || !strings.HasPrefix(target, "/") || strings.ContainsAny(target, " \r\n\x00") || method == "" {
		return nil
	}
	header := http.Header{}
	for name, value := range headers {
		if strings.ContainsAny(value, "\r\n\x00") {
			return nil
		}
		header.Set(name, strings.Trim(value, " \t"))
	}
	return &http.Request{
		Method: method, URL: address, RequestURI: target, Header: header, Host: "gateway.test",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, RemoteAddr: "127.0.0.1:1",
	}
}
