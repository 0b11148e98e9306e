package medusatest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// resource is what a list route and a detail route of one entity share.
type resource struct {
	entity           *entity
	table            string
	singular, plural string
	defaults         []string
	params           []param
	// strict refuses unknown query parameters; Medusa's products ignore them.
	strict bool
	limit  float64
	// missing is the sentence for an unknown id; without one Medusa answers 200
	// and nothing.
	missing func(id string) string
	// filter is what the path asks for.
	filter map[string]any
	// linked filters by the ids of rows of another module.
	linked *linkFilter
	// broken are the filters that Medusa takes and cannot carry out.
	broken []string
	// shape has the last word on each row of an answer.
	shape func(row)
}

// linkFilter is a filter by the ids of linked rows.
type linkFilter struct {
	param string
	ids   func(t *tables, r row) []string
}

// page is a part of a list.
type page struct {
	rows          []any
	count         int
	offset, limit float64
}

// list is the handler of a list route.
func (s *Server) list(of resource) adminHandler {
	return func(w http.ResponseWriter, r *http.Request, _ caller) {
		values, fault := readQuery(r, of.params, of.strict)
		if fault != nil {
			writeJSON(w, r, fault.status, fault)
			return
		}
		found, fault := s.page(of, values)
		if fault != nil {
			writeJSON(w, r, fault.status, fault)
			return
		}
		writeJSON(w, r, http.StatusOK, map[string]any{
			of.plural: found.rows, "count": found.count, "offset": found.offset, "limit": found.limit,
		})
	}
}

// readQuery reads and checks the query of a request.
func readQuery(r *http.Request, params []param, strict bool) (map[string]any, *problem) {
	query, fault := normalised(parseQuery(r.URL.RawQuery))
	if fault != nil {
		return nil, fault
	}
	return checkQuery(query, params, strict)
}

// page finds, sorts, cuts and shows what a checked query asks for.
func (s *Server) page(of resource, values map[string]any) (page, *problem) {
	cut := page{rows: []any{}, limit: of.limit}
	if limit, given := values["limit"].(float64); given {
		cut.limit = limit
	}
	cut.offset, _ = values["offset"].(float64)
	order, sorted := values["order"].(string)
	fields, given := values["fields"].(string)
	filters := maps.Clone(values)
	for _, name := range []string{"limit", "offset", "order", "fields", "with_deleted"} {
		delete(filters, name)
	}
	maps.Copy(filters, of.filter)

	s.mu.RLock()
	defer s.mu.RUnlock()
	rows, err := s.tables.find(of, filters)
	if err == nil {
		err = s.tables.ordered(of.entity, rows, order, sorted)
	}
	if err != nil || cut.limit < 0 || cut.offset < 0 {
		return cut, unknownError()
	}
	cut.count = len(rows)
	if safeInteger(cut.offset) {
		rows = rows[min(int(cut.offset), len(rows)):]
	}
	if safeInteger(cut.limit) {
		rows = rows[:min(int(cut.limit), len(rows))]
	}
	selected := parseFields(fields, given, of.defaults)
	for _, r := range rows {
		cut.rows = append(cut.rows, s.tables.shown(of, r, selected))
	}
	return cut, nil
}

// shown is a row as a route answers it.
func (t *tables) shown(of resource, r row, selected *selection) row {
	out := t.project(of.entity, r, selected, "")
	if of.shape != nil {
		of.shape(out)
	}
	return out
}

// find returns the rows that pass the filters.
func (t *tables) find(of resource, filters map[string]any) ([]row, error) {
	if holdsNUL(filters) || slices.ContainsFunc(of.broken, func(name string) bool { _, given := filters[name]; return given }) {
		return nil, errDatabase
	}
	linked, byLink := any(nil), false
	if of.linked != nil {
		linked, byLink = filters[of.linked.param]
		if linked == "" {
			return nil, errDatabase // Medusa takes it for a column then
		}
		filters = maps.Clone(filters)
		delete(filters, of.linked.param)
	}
	var rows []row
	for _, r := range t.rows[of.table] {
		if byLink && !slices.ContainsFunc(of.linked.ids(t, r), func(id string) bool {
			ok, _ := passesColumn(id, linked)
			return ok
		}) {
			continue
		}
		passes, err := t.matches(of.entity, r, filters)
		if err != nil {
			return nil, err
		}
		if passes {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// detail is the handler of a route that shows one entity.
func (s *Server) detail(of resource) adminHandler {
	return func(w http.ResponseWriter, r *http.Request, _ caller) {
		values, fault := readQuery(r, selectParams(), true)
		if fault != nil {
			writeJSON(w, r, fault.status, fault)
			return
		}
		id := r.PathValue("id")
		if strings.ContainsRune(id, 0) {
			writeJSON(w, r, http.StatusInternalServerError, unknownError())
			return
		}
		answer := s.answer(of, id, values)
		if len(answer) == 0 && of.missing != nil {
			writeJSON(w, r, http.StatusNotFound, problem{Type: "not_found", Message: of.missing(id)})
			return
		}
		writeJSON(w, r, http.StatusOK, answer)
	}
}

// show is one row as a checked query asks for it, nil when there is none.
func (s *Server) show(of resource, id string, values map[string]any) row {
	fields, given := values["fields"].(string)
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := s.tables.get(of.table, id)
	if found == nil {
		return nil
	}
	return s.tables.shown(of, found, parseFields(fields, given, of.defaults))
}
