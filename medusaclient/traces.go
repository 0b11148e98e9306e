package medusaclient

import (
	"context"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

// tracedWithoutQuery traces what callers ask for, but for its queries: a sign-in's
// callback has its code there.
func tracedWithoutQuery(next http.RoundTripper) http.RoundTripper {
	return queryHider{otelhttp.NewTransport(queryTeller{next})}
}

type queryKey struct{}

// queryHider keeps the query of a request from the next, up to a queryTeller.
type queryHider struct{ next http.RoundTripper }

func (h queryHider) RoundTrip(r *http.Request) (*http.Response, error) {
	return h.next.RoundTrip(withQuery(r.WithContext(context.WithValue(r.Context(), queryKey{}, r.URL.RawQuery)), ""))
}

// queryTeller gives a request its query back.
type queryTeller struct{ next http.RoundTripper }

func (t queryTeller) RoundTrip(r *http.Request) (*http.Response, error) {
	query, _ := r.Context().Value(queryKey{}).(string)
	return t.next.RoundTrip(withQuery(r.WithContext(r.Context()), query))
}

// withQuery sets the query of a request that is nobody else's, whose URL is.
func withQuery(r *http.Request, query string) *http.Request {
	address := *r.URL
	address.RawQuery = query
	r.URL = &address
	return r
}
