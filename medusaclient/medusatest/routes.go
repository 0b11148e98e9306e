package medusatest

import (
	"crypto/sha1" // Express's ETag, not a secret
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// problem is Medusa's error body.
type problem struct {
	Code    string `json:"code,omitempty"`
	Type    string `json:"type,omitempty"`
	Message string `json:"message"`
	status  int
}

func unknownError() *problem {
	return &problem{
		status: http.StatusInternalServerError, Code: "unknown_error", Type: "unknown_error",
		Message: "An unknown error occurred.",
	}
}

// adminHandler answers a call whose caller is known.
type adminHandler func(w http.ResponseWriter, r *http.Request, who caller)

// route is a method and a path; segments that begin with a colon name a
// parameter.
type route struct {
	method, path string
	handler      http.HandlerFunc
}

func (s *Server) routes() []route {
	routes := []route{
		{http.MethodGet, "/health", health},
		{http.MethodPost, "/auth/user/emailpass", s.login},
		{http.MethodPost, "/auth/token/refresh", s.refresh},
		{http.MethodGet, "/admin/users", s.admin(s.listUsers)},
		{http.MethodGet, "/admin/users/me", s.admin(s.me)},
		{http.MethodGet, "/store/products", s.store(s.storeProducts)},
		{http.MethodGet, "/store/products/:id", s.store(s.storeProduct)},
		{http.MethodPost, "/store/carts", s.storeWrites(s.createCart)},
		{http.MethodGet, "/store/carts/:id", s.storeDetail(carts)},
		{http.MethodPost, "/store/carts/:id", s.storeWrites(s.updateCart)},
		{http.MethodPost, "/store/carts/:id/line-items", s.storeWrites(s.addToCart)},
		{http.MethodPost, "/store/carts/:id/line-items/:line_id", s.storeWrites(s.changeCartLine)},
		{http.MethodDelete, "/store/carts/:id/line-items/:line_id", s.storeWrites(s.removeCartLine)},
		{http.MethodPost, "/store/carts/:id/complete", s.storeWrites(s.completeCart)},
	}
	routes = append(routes, s.featureRoutes()...)
	for path, handler := range map[string]adminHandler{
		"/admin/inventory-items":                     s.list(inventoryItems),
		"/admin/inventory-items/:id":                 s.detail(inventoryItems),
		"/admin/inventory-items/:id/location-levels": s.levelsOfItem,
		"/admin/products":                            s.list(products),
		"/admin/products/:id":                        s.detail(products),
		"/admin/products/:id/variants":               s.variantsOfProduct,
		"/admin/product-variants":                    s.list(variants),
		"/admin/stock-locations":                     s.list(stockLocations),
		"/admin/stock-locations/:id":                 s.detail(stockLocations),
		"/admin/sales-channels":                      s.list(salesChannels),
		"/admin/sales-channels/:id":                  s.detail(salesChannels),
		"/admin/stores":                              s.list(stores),
		"/admin/shipping-profiles":                   s.list(shippingProfiles),
		"/admin/shipping-profiles/:id":               s.detail(shippingProfiles),
		"/admin/fulfillment-providers":               s.list(fulfillmentProviders),
		"/admin/shipping-option-types":               s.list(optionTypes),
		"/admin/shipping-option-types/:id":           s.detail(optionTypes),
		"/admin/shipping-options":                    s.list(shippingOptions),
		"/admin/shipping-options/:id":                s.detail(shippingOptions),
		"/admin/reservations":                        s.list(reservations),
		"/admin/reservations/:id":                    s.detail(reservations),
		"/admin/api-keys":                            s.list(apiKeys),
		"/admin/api-keys/:id":                        s.detail(apiKeys),
	} {
		routes = append(routes, route{http.MethodGet, path, s.admin(refuseForbidden(handler))})
	}
	const (
		level    = "/admin/inventory-items/:id/location-levels/:location_id"
		location = "/admin/stock-locations/:id"
	)
	for _, write := range []struct {
		method, path string
		begin        func(r *http.Request) (effect, *problem)
	}{
		{http.MethodPost, "/admin/inventory-items/location-levels/batch", s.batchLevels},
		{http.MethodPost, "/admin/inventory-items/:id/location-levels/batch", s.batchLevelsOfItem},
		{http.MethodPost, "/admin/inventory-items/:id/location-levels", s.createLevel},
		{http.MethodPost, level, s.updateLevel},
		{http.MethodDelete, level, s.deleteLevel},
		{http.MethodPost, "/admin/stock-locations", s.createLocation},
		{http.MethodPost, location, s.updateLocation},
		{http.MethodDelete, location, s.deletes("stock_location", (*tables).deleteStockLocation)},
		{http.MethodPost, location + "/fulfillment-sets", s.createSetOfLocation},
		{http.MethodPost, location + "/fulfillment-providers", s.relinkProviders},
		{http.MethodPost, location + "/sales-channels", s.relinkChannels},
		{http.MethodDelete, "/admin/fulfillment-sets/:id", s.deletes("fulfillment_set", (*tables).deleteFulfillmentSet)},
		{http.MethodPost, "/admin/fulfillment-sets/:id/service-zones", s.createZone},
		{http.MethodDelete, "/admin/fulfillment-sets/:id/service-zones/:zone_id", s.deleteZone},
		{http.MethodPost, "/admin/shipping-options", s.createOption},
		{http.MethodDelete, "/admin/shipping-options/:id", s.deletes("shipping_option", (*tables).deleteShippingOption)},
		{http.MethodPost, "/admin/shipping-option-types", s.createOptionType},
		{http.MethodDelete, "/admin/shipping-option-types/:id", s.deletes("shipping_option_type", (*tables).deleteOptionType)},
		{http.MethodPost, "/admin/reservations", s.createReservation},
		{http.MethodPost, "/admin/reservations/:id", s.updateReservation},
		{http.MethodDelete, "/admin/reservations/:id", s.deletes("reservation", (*tables).deleteReservation)},
	} {
		routes = append(routes, route{write.method, write.path, s.admin(refuseForbidden(s.writes(write.begin)))})
	}
	return routes
}

// route finds the handler of a request. As in Express the case of a path does
// not matter, nor does a slash at its end. Under /admin a stranger is refused
// before the path is looked at.
func (s *Server) route(r *http.Request) http.HandlerFunc {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	got := strings.Split(strings.TrimSuffix(r.URL.EscapedPath(), "/"), "/")
	for _, each := range s.table {
		if each.method == method && fits(strings.Split(each.path, "/"), got, r) {
			return each.handler
		}
	}
	if len(got) > 1 && strings.EqualFold(got[1], "admin") {
		return s.admin(func(w http.ResponseWriter, r *http.Request, _ caller) { noRoute(w, r) })
	}
	return noRoute
}

// fits compares the segments of a path and sets its parameters.
func fits(wanted, got []string, r *http.Request) bool {
	if len(wanted) != len(got) {
		return false
	}
	for i, segment := range wanted {
		name, isParam := strings.CutPrefix(segment, ":")
		switch {
		case isParam && got[i] != "":
			value, err := url.PathUnescape(got[i])
			if err != nil {
				return false
			}
			r.SetPathValue(name, value)
		case isParam || !strings.EqualFold(segment, got[i]):
			return false
		}
	}
	return true
}

// ServeHTTP answers as Medusa does, or fails as commanded.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	note, err := s.ledger.record(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away in the middle of its body
	}
	w = &statusWriter{ResponseWriter: w, note: note}
	fail, latency := s.failures.next(r)
	if !wait(r.Context(), latency) {
		panic(http.ErrAbortHandler)
	}
	if fail != nil {
		fail(w, r, http.HandlerFunc(s.serve))
		return
	}
	s.serve(w, r)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if headSize(r) >= maxHead {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
		return
	}
	w.Header().Set("X-Powered-By", "Express")
	w.Header().Set("Connection", "keep-alive")
	w.Header().Set("Keep-Alive", fmt.Sprintf("timeout=%d", int(keepAlive.Seconds())))
	// Bodies are read before anything else, so that broken JSON is 400 even
	// where nobody is logged in.
	r, fault := withBody(r)
	if fault != nil {
		writeJSON(w, r, fault.status, fault)
		return
	}
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		w.Header().Set("Vary", "Origin, Access-Control-Request-Headers")
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.route(r)(w, r)
}

// headSize is about what Node counts of a request against its bound.
func headSize(r *http.Request) int {
	size := len(r.RequestURI) + len("Host") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	return size
}

// admin lets only callers through that are logged in. Unknown routes come
// after it: they are 401 for strangers and 404 for others.
func (s *Server) admin(next adminHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, refusal := s.authenticate(r)
		if refusal != "" {
			writeJSON(w, r, http.StatusUnauthorized, problem{Message: refusal})
			return
		}
		next(w, r, who)
	}
}

func refuseForbidden(next adminHandler) adminHandler {
	return func(w http.ResponseWriter, r *http.Request, who caller) {
		if who.forbidden {
			writeJSON(w, r, http.StatusForbidden, problem{Type: "forbidden", Message: "Forbidden"})
			return
		}
		next(w, r, who)
	}
}

func health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	send(w, r, http.StatusOK, []byte("OK"))
}

// noRoute is Express's page for a method or path that has no route.
func noRoute(w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot %s %s</pre>\n</body>\n</html>\n",
		r.Method, html.EscapeString(path))
}

func writeJSON(w http.ResponseWriter, r *http.Request, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Vary", "Origin")
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	send(w, r, status, appendJSON(nil, value))
}

// send sends a body with Express's weak ETag, or 304 where the caller has it.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	sum := sha1.Sum(body)
	etag := fmt.Sprintf(`W/"%x-%s"`, len(body), base64.StdEncoding.EncodeToString(sum[:])[:27])
	w.Header().Set("ETag", etag)
	if status == http.StatusOK && r.Method == http.MethodGet && strings.Contains(r.Header.Get("If-None-Match"), etag) {
		w.Header().Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
