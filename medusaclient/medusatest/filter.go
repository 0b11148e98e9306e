package medusatest

import (
	"errors"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
)

// errDatabase is what the real Medusa's database would refuse; Medusa answers
// 500.
var errDatabase = errors.New("the database refuses the query")

// matches tells whether a row passes all filters.
func (t *tables) matches(e *entity, r row, filters map[string]any) (bool, error) {
	for name, condition := range filters {
		passes, err := t.passes(e, r, name, condition)
		if err != nil || !passes {
			return false, err
		}
	}
	return true, nil
}

func (t *tables) passes(e *entity, r row, name string, condition any) (bool, error) {
	switch c := condition.(type) {
	case string:
		if name == "q" {
			return t.found(e, r, c), nil
		}
	case []any:
		if name == "$and" || name == "$or" {
			return t.passesEach(e, r, name == "$and", c)
		}
	case map[string]any:
		if rel, is := e.relations[name]; is {
			return t.passesRelated(rel, r, c)
		}
	}
	return passesColumn(r[name], condition)
}

func (t *tables) passesRelated(rel relation, r row, filters map[string]any) (bool, error) {
	if len(filters) == 0 {
		return true, nil
	}
	for _, related := range rel.of(t, r) {
		if passes, err := t.matches(entities[rel.target], related, filters); err != nil || passes {
			return passes, err
		}
	}
	return false, nil
}

func (t *tables) passesEach(e *entity, r row, all bool, conditions []any) (bool, error) {
	for _, condition := range conditions {
		filters, _ := condition.(map[string]any)
		passes, err := t.matches(e, r, filters)
		if err != nil || passes != all {
			return passes, err
		}
	}
	return all || len(conditions) == 0, nil
}

func passesColumn(value, condition any) (bool, error) {
	switch c := condition.(type) {
	case []any:
		return slices.ContainsFunc(c, func(each any) bool { return each == value }), nil
	case map[string]any:
		for operator, operand := range c {
			passes, err := compareColumn(value, operator, operand)
			if err != nil || !passes {
				return false, err
			}
		}
		return true, nil
	default:
		if err := readable(value, condition); err != nil {
			return false, err
		}
		return value == condition, nil
	}
}

func compareColumn(value any, operator string, operand any) (bool, error) {
	switch operator {
	case "$in", "$nin":
		list, _ := operand.([]any)
		return slices.Contains(list, value) == (operator == "$in"), nil
	case "$eq":
		return passesColumn(value, operand)
	case "$ne":
		same, err := passesColumn(value, operand)
		return !same, err
	case "$like", "$ilike":
		held, isText := value.(string)
		pattern, _ := operand.(string)
		return isText && like(held, pattern, operator == "$ilike"), nil
	}
	if err := readable(value, operand); err != nil {
		return false, err
	}
	if value == nil {
		return false, nil
	}
	order := compareTimes(value, operand)
	switch operator {
	case "$gt":
		return order > 0, nil
	case "$gte":
		return order >= 0, nil
	case "$lt":
		return order < 0, nil
	case "$lte":
		return order <= 0, nil
	}
	return false, errDatabase
}

// readable errs where a time column is compared with what is no time.
func readable(value, condition any) error {
	held, isText := value.(string)
	given, alsoText := condition.(string)
	if !isText || !alsoText || !isTime(held) {
		return nil
	}
	if !isTime(given) {
		return errDatabase
	}
	return nil
}

func isTime(text string) bool {
	_, is := asTime(text)
	return is
}

func asTime(value any) (time.Time, bool) {
	text, _ := value.(string)
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, time.DateTime} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// compareTimes orders two times however they are written, and other values as
// compare does.
func compareTimes(value, operand any) int {
	held, isTime := asTime(value)
	given, alsoTime := asTime(operand)
	if isTime && alsoTime {
		return held.Compare(given)
	}
	return compare(value, operand)
}

// compare orders two values of one column; null is greater than any value, as
// in PostgreSQL.
func compare(a, b any) int {
	switch x := a.(type) {
	case nil:
		if b == nil {
			return 0
		}
		return 1
	case float64:
		if y, is := b.(float64); is {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	case bool:
		if y, is := b.(bool); is && x != y {
			if y {
				return -1
			}
			return 1
		}
		if b != nil {
			return 0
		}
	case string:
		if y, is := b.(string); is {
			return strings.Compare(x, y)
		}
	}
	return -1
}

// found is the search by `q`: each word must be found in one of the searched
// columns, its own or those of relations. Where there are none it finds all.
func (t *tables) found(e *entity, r row, q string) bool {
	if len(e.searched)+len(e.searchedIn) == 0 {
		return true
	}
	for word := range strings.FieldsSeq(q) {
		if !t.holds(e, r, "%"+word+"%") {
			return false
		}
	}
	return true
}

func (t *tables) holds(e *entity, r row, pattern string) bool {
	for _, column := range e.searched {
		if held, isText := r[column].(string); isText && like(held, pattern, true) {
			return true
		}
	}
	for _, name := range e.searchedIn {
		for _, related := range e.relations[name].of(t, r) {
			for _, column := range entities[e.relations[name].target].searched {
				if held, isText := related[column].(string); isText && like(held, pattern, true) {
					return true
				}
			}
		}
	}
	return false
}

// like is PostgreSQL's LIKE, or ILIKE when the case is ignored: `%` stands for
// any text, `_` for any one character, and a backslash makes the next
// character mean itself.
func like(text, pattern string, ignoreCase bool) bool {
	if ignoreCase {
		text, pattern = strings.Map(unicode.ToLower, text), strings.Map(unicode.ToLower, pattern)
	}
	return likeRunes([]rune(text), []rune(pattern))
}

func likeRunes(text, pattern []rune) bool {
	for len(pattern) > 0 {
		if pattern[0] == '%' {
			return likeTail(text, pattern[1:])
		}
		anyRune := pattern[0] == '_'
		if pattern[0] == '\\' && len(pattern) > 1 {
			pattern = pattern[1:]
		}
		if len(text) == 0 || (!anyRune && text[0] != pattern[0]) {
			return false
		}
		text, pattern = text[1:], pattern[1:]
	}
	return len(text) == 0
}

// likeTail tells whether any end of the text is like the pattern.
func likeTail(text, pattern []rune) bool {
	for skip := range len(text) + 1 {
		if likeRunes(text[skip:], pattern) {
			return true
		}
	}
	return false
}

// ordered sorts rows by the `order` parameter, a column or a related one
// (`location_levels.stocked_quantity`), descending after a minus; by id where
// it does not decide. A column that is not there is refused by the database.
func (t *tables) ordered(e *entity, rows []row, order string, given bool) error {
	sort.Slice(rows, func(i, j int) bool { return idOf(rows[i]) < idOf(rows[j]) })
	if !given {
		return nil
	}
	column, descending := strings.CutPrefix(order, "-")
	path := strings.Split(column, ".")
	if !t.orderable(e, rows, path) {
		return errDatabase
	}
	sort.SliceStable(rows, func(i, j int) bool {
		sign := compare(t.sortKey(e, rows[i], path), t.sortKey(e, rows[j], path))
		if descending {
			return sign > 0
		}
		return sign < 0
	})
	return nil
}

func (t *tables) orderable(e *entity, rows []row, path []string) bool {
	rel, isRelation := e.relations[path[0]]
	if len(path) == 1 {
		_, isDerived := e.derived[path[0]]
		isColumn := slices.ContainsFunc(rows, func(r row) bool { _, has := r[path[0]]; return has })
		return isRelation || isDerived || isColumn || (len(rows) == 0 && path[0] != "")
	}
	if !isRelation {
		return false
	}
	for _, r := range rows {
		if related := rel.of(t, r); len(related) > 0 {
			return t.orderable(entities[rel.target], related, path[1:])
		}
	}
	return true
}

// sortKey is the value that a row is sorted by; of several related ones the
// least, whichever the direction.
func (t *tables) sortKey(e *entity, r row, path []string) any {
	if derive, is := e.derived[path[0]]; is {
		return derive(t, r)
	}
	if len(path) == 1 {
		return r[path[0]]
	}
	rel := e.relations[path[0]]
	var key any
	for _, related := range rel.of(t, r) {
		if each := t.sortKey(entities[rel.target], related, path[1:]); compare(each, key) < 0 {
			key = each
		}
	}
	return key
}
