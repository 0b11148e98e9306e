package medusatest

import "net/http"

// featureRoutes are routes by which callers tell Medusa's version and what it has
// switched on. They answer as of a shop that makes no use of them.
func (s *Server) featureRoutes() []route {
	empty := func(answer map[string]any) adminHandler {
		return func(w http.ResponseWriter, r *http.Request, _ caller) { writeJSON(w, r, http.StatusOK, answer) }
	}
	return []route{
		// which anybody may read
		{http.MethodGet, "/admin/feature-flags", func(w http.ResponseWriter, r *http.Request) {
			writeJSON(w, r, http.StatusOK, map[string]any{"feature_flags": map[string]any{
				"backend_hmr": false, "caching": false, "index_engine": false, "rbac_filter_fields": false, "rbac": false, "translation": false,
				"view_configurations": false,
			}})
		}},
		{http.MethodGet, "/admin/users/:id/auth-providers", s.admin(refuseForbidden(empty(map[string]any{"providers": []any{}})))},
		{http.MethodGet, "/admin/layouts/configurations", s.admin(empty(map[string]any{"layout_configurations": []any{}, "count": 0, "offset": 0, "limit": 20}))},
		{http.MethodGet, "/admin/product-options", s.admin(refuseForbidden(empty(map[string]any{"product_options": []any{}, "count": 0, "offset": 0, "limit": 50})))},
		{http.MethodGet, "/auth/mfa/factors", s.admin(empty(map[string]any{"mfa_factors": []any{}}))},
		{http.MethodPost, "/store/search", s.store(func(w http.ResponseWriter, r *http.Request, _ string) {
			writeJSON(w, r, http.StatusBadRequest, problem{Type: "invalid_data", Message: "Invalid request: Field 'queries' is required"})
		})},
	}
}
