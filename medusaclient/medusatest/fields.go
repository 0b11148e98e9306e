package medusatest

import (
	"maps"
	"slices"
	"strings"
)

// selection is what of an entity to show: named columns, or all of them, and
// related entities.
type selection struct {
	all       bool
	names     []string
	relations map[string]*selection
}

// parseFields reads the `fields` parameter as Medusa does: names alone replace
// the defaults, `+name`, `-name`, `*relation` and `relation.*` amend them. The
// id is always there. given is false when the parameter is absent.
func parseFields(fields string, given bool, defaults []string) *selection {
	paths := slices.Clone(defaults)
	if given {
		paths = amend(paths, slices.DeleteFunc(strings.Split(fields, ","), func(f string) bool { return f == "" }))
		paths = append(paths, "id")
	}
	root := &selection{}
	for _, path := range paths {
		root.add(path)
	}
	return root
}

func amend(paths, custom []string) []string {
	if replaces(custom) {
		paths = nil
		for _, field := range custom {
			paths = append(paths, bare(field))
		}
		return paths
	}
	for _, field := range custom {
		switch field[0] {
		case '+', ' ':
			paths = append(paths, bare(field))
		case '-':
			gone := bare(field)
			paths = slices.DeleteFunc(paths, func(path string) bool {
				path = strings.TrimPrefix(path, "*")
				return path == gone || strings.HasPrefix(path, gone+".")
			})
		default:
			paths = append(paths, field)
		}
	}
	return paths
}

// replaces tells whether a list of fields stands in the place of the defaults:
// when any of them carries no sign.
func replaces(custom []string) bool {
	return len(custom) == 0 || slices.ContainsFunc(custom, func(field string) bool {
		return !strings.ContainsAny(field[:1], "-+ *") && !strings.HasSuffix(field, ".*")
	})
}

func bare(field string) string { return strings.TrimSpace(strings.TrimLeft(field, "+ \t-")) }

// add adds one path, such as `variants.prices.amount`, `*variants` or
// `variants.*`.
func (s *selection) add(path string) {
	star := strings.HasPrefix(path, "*") || strings.HasSuffix(path, ".*")
	if strings.HasPrefix(path, "*") {
		path = path[1:]
	} else {
		path = strings.TrimSuffix(path, ".*")
	}
	segments := strings.Split(path, ".")
	if star {
		s.descend(segments).all = true
		return
	}
	last := len(segments) - 1
	owner := s.descend(segments[:last])
	owner.names = append(owner.names, segments[last])
}

func (s *selection) descend(segments []string) *selection {
	for _, segment := range segments {
		if s.relations == nil {
			s.relations = map[string]*selection{}
		}
		if s.relations[segment] == nil {
			s.relations[segment] = &selection{}
		}
		s = s.relations[segment]
	}
	return s
}

// project shows a row as selected; nil when nothing of it is left. Names that
// the entity does not have are left out without a word. back is the relation
// that leads to the row it was reached from: Medusa does not show that again.
func (t *tables) project(e *entity, r row, sel *selection, back string) row {
	out := make(row, len(sel.names)+len(sel.relations)+2)
	if sel.all {
		e.showAll(r, back, out)
	}
	for _, name := range sel.names {
		t.show(e, r, sel, name, back, out)
	}
	for name, inner := range sel.relations {
		rel, known := e.relations[name]
		if !known {
			continue
		}
		if rel.parentKey != "" {
			out[rel.parentKey] = r[rel.parentKey]
		}
		if name != back {
			t.projectRelated(rel, r, name, inner, out)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// showAll is a star: the stored columns, the ids of the rows it belongs to, and
// nulls for what is only worked out when named.
func (e *entity) showAll(r row, back string, out row) {
	maps.Copy(out, r)
	for name := range e.derived {
		out[name] = nil
	}
	for name, rel := range e.relations {
		if rel.foreignKey != "" && name != back {
			out[name] = idOnly(r[rel.foreignKey])
		}
	}
}

func (t *tables) show(e *entity, r row, sel *selection, name, back string, out row) {
	if sel.all {
		return
	}
	if derive, is := e.derived[name]; is {
		out[name] = derive(t, r)
		return
	}
	if rel, is := e.relations[name]; is && rel.foreignKey != "" && name != back {
		out[name] = idOnly(r[rel.foreignKey])
		return
	}
	if value, known := r[name]; known && e.computable(r, sel, name) {
		out[name] = value
	}
}

// idOnly is a row that is named but of which nothing is asked for.
func idOnly(id any) any {
	if id == nil {
		return nil
	}
	return row{"id": id}
}

func (t *tables) projectRelated(rel relation, r row, name string, inner *selection, out row) {
	target := entities[rel.target]
	shown := []any{}
	for _, each := range rel.of(t, r) {
		if each == nil {
			shown = append(shown, nil)
			continue
		}
		one := t.project(target, each, inner, rel.back)
		if rel.childKey != "" {
			if one == nil {
				one = row{}
			}
			one[rel.childKey] = each[rel.childKey]
		}
		if one == nil {
			shown = append(shown, nil)
			continue
		}
		shown = append(shown, one)
	}
	switch {
	case rel.many:
		out[name] = shown
	case len(shown) > 0 && shown[0] != nil:
		out[name] = shown[0]
	case len(shown) == 0 && (!inner.all || !rel.hideNull):
		out[name] = nil
	}
}
