package medusatest

import (
	"maps"
	"net/http"
)

// effect is what a write does when it is carried out, and its answer.
type effect func() (any, *problem)

// writes is the handler of a write. begin checks the request and reads what
// Medusa compares with; a test may come between it and the effect.
func (s *Server) writes(begin func(r *http.Request) (effect, *problem)) adminHandler {
	return func(w http.ResponseWriter, r *http.Request, _ caller) {
		carryOut, fault := begin(r)
		if fault != nil {
			writeJSON(w, r, fault.status, fault)
			return
		}
		var answer any
		momentsOf(r).effect(func() { answer, fault = carryOut() })
		if fault != nil {
			writeJSON(w, r, fault.status, fault)
			return
		}
		writeJSON(w, r, http.StatusOK, answer)
	}
}

// readWrite reads a strict body by its fields, then the query, which says what
// the answer is to show.
func readWrite(r *http.Request, read func(f *bodyFields)) (shown map[string]any, fault *problem) {
	f, fault := topFields(r)
	if fault != nil {
		return nil, fault
	}
	read(f)
	f.strict()
	if fault := f.refusal(); fault != nil {
		return nil, fault
	}
	if holdsNUL(f.values) {
		return nil, unknownError()
	}
	return readQuery(r, selectParams(), true)
}

// changing is an effect on the tables, which returns the id of the row to be
// answered as a query asks.
func (s *Server) changing(of resource, shown map[string]any, do func(t *tables) (string, *problem)) effect {
	return func() (any, *problem) {
		s.mu.Lock()
		id, fault := do(s.tables)
		s.mu.Unlock()
		if fault != nil {
			return nil, fault
		}
		return s.answer(of, id, shown), nil
	}
}

// answer is a row as the database holds it when a write is done, nothing where
// there is none.
func (s *Server) answer(of resource, id string, shown map[string]any) row {
	found := s.show(of, id, shown)
	if found == nil {
		return row{}
	}
	return row{of.singular: found}
}

// deletes is the route that deletes a row by its id and says that it did, also
// of one that is not there.
func (s *Server) deletes(object string, do func(t *tables, id string) *problem) func(*http.Request) (effect, *problem) {
	return func(r *http.Request) (effect, *problem) {
		id := r.PathValue("id")
		return func() (any, *problem) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if fault := do(s.tables, id); fault != nil {
				return nil, fault
			}
			return row{"id": id, "object": object, "deleted": true}, nil
		}, nil
	}
}

// merged is metadata with other metadata written over it: key by key, where an
// empty text deletes the key, or none when that is null.
func merged(metadata, over any) any {
	given, is := over.(row)
	if !is {
		return nil
	}
	held, _ := metadata.(row)
	next := row{}
	maps.Copy(next, held)
	maps.Copy(next, given)
	for key, value := range given {
		if value == "" {
			delete(next, key)
		}
	}
	return next
}

func notFound(message string) *problem {
	return &problem{status: http.StatusNotFound, Type: "not_found", Message: message}
}

func notAllowed(message string) *problem {
	return &problem{status: http.StatusBadRequest, Type: "not_allowed", Message: message}
}

func invalidData(message string) *problem {
	return &problem{status: http.StatusBadRequest, Type: "invalid_data", Message: message}
}

// alreadyExists is the refusal of a second row with a unique value.
func alreadyExists(kind, name string) *problem {
	return invalidData(kind + " with name: " + name + ", already exists.")
}

// noSuchRelation is the refusal of a row that would belong to one that never was.
func noSuchRelation(column, id string) *problem {
	return notFound("You tried to set relationship " + column + ": " + id + ", but such entity does not exist")
}
