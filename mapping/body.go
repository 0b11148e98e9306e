package mapping

import (
	"cmp"
	stdjson "encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// ValidJSON says whether a body is JSON in UTF-8. It bounds how deep the JSON
// is nested, which gjson's own check does not.
func ValidJSON(body []byte) bool {
	return utf8.Valid(body) && stdjson.Valid(body)
}

// bodyReader reads the body of a request and lists all that is wrong.
type bodyReader struct {
	wrong []Fault
}

// readBody reads a body that is an object with no other fields than the known.
func readBody[Body any](body []byte, known []string, read func(*object) Body) (parsed Body, faults []Fault) {
	r := &bodyReader{}
	if o := r.newObject(known); o.read("", gjson.ParseBytes(body)) {
		parsed = read(o)
	}
	return parsed, r.wrong
}

// fault lists a fault. Beyond some nobody reads them, and a body can hold
// thousands.
func (r *bodyReader) fault(pointer, code string, args ...any) {
	if !r.full() {
		r.wrong = append(r.wrong, Fault{Pointer: pointer, Code: code, Args: args})
	}
}

func (r *bodyReader) full() bool { return len(r.wrong) >= maxFaults }

// object is a JSON object of a body.
type object struct {
	reader  *bodyReader
	pointer string // into the body
	known   []string
	values  []gjson.Result // of the known fields
}

func (r *bodyReader) newObject(known []string) *object {
	return &object{reader: r, known: known, values: make([]gjson.Result, len(known))}
}

// read takes the fields of a value in place of those read before. A field that
// nobody knows is a fault: a misspelt quantity must not change nothing. It
// returns false for what is no object.
func (o *object) read(pointer string, value gjson.Result) bool {
	o.pointer = pointer
	clear(o.values)
	if !value.IsObject() {
		o.reader.fault(pointer, "NOT_AN_OBJECT")
		return false
	}
	value.ForEach(func(key, value gjson.Result) bool {
		i := slices.Index(o.known, key.Str)
		switch {
		case i < 0:
			name := shortened(key.Str)
			o.fault(name, "UNKNOWN_FIELD", name, cmp.Or(strings.Join(o.known, ", "), "–"))
		case o.values[i].Exists():
			o.fault(key.Str, "REPEATED")
		default:
			o.values[i] = value
		}
		return !o.reader.full()
	})
	return true
}

// shortened is a field's name as long as anybody reads it.
func shortened(name string) string {
	if utf8.RuneCountInString(name) <= maxText {
		return name
	}
	return string([]rune(name)[:maxText]) + "…"
}

// escapePointer writes a name as a part of a JSON pointer (RFC 6901).
var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")

func (o *object) fault(name, code string, args ...any) {
	o.reader.fault(o.pointer+"/"+escapePointer.Replace(name), code, args...)
}

// field returns the value of a known field, and whether there is one: null is
// none.
func (o *object) field(name string) (value gjson.Result, given bool) {
	value = o.values[slices.Index(o.known, name)]
	return value, value.Type != gjson.Null
}

// need lists the fields that are missing.
func (o *object) need(names ...string) {
	for _, name := range names {
		if _, given := o.field(name); !given {
			o.fault(name, "MISSING")
		}
	}
}

func (o *object) exactlyOne(names ...string) {
	if o.count(names) != 1 {
		o.reader.fault(o.pointer, "NOT_EXACTLY_ONE", strings.Join(names, ", "))
	}
}

func (o *object) atLeastOne(names ...string) {
	if o.count(names) == 0 {
		o.reader.fault(o.pointer, "NOT_AT_LEAST_ONE", strings.Join(names, ", "))
	}
}

// count returns how many of the fields are given.
func (o *object) count(names []string) int {
	count := 0
	for _, name := range names {
		if _, given := o.field(name); given {
			count++
		}
	}
	return count
}

// text is 1 to 200 characters, or "" where nothing is said.
func (o *object) text(name string) string {
	value, given := o.field(name)
	switch {
	case !given:
		return ""
	case value.Type != gjson.String:
		o.fault(name, "NOT_TEXT")
		return ""
	case value.Str == "":
		o.fault(name, "EMPTY")
		return ""
	}
	code, args := textFault(value.Str)
	if code == "" && strings.ContainsRune(value.Str, utf8.RuneError) {
		code = "INVALID_CHARACTERS" // it stands for what could not be read, such as half of a surrogate pair
	}
	if code != "" {
		o.fault(name, code, args...)
		return ""
	}
	return strings.Clone(value.Str) // a piece of the body, which must not live as long as an id may
}

// id is a text that Medusa takes for one id: it splits ids at commas.
func (o *object) id(name string) string {
	id := o.text(name)
	if strings.Contains(id, ",") {
		o.fault(name, "INVALID_CHARACTERS")
		return ""
	}
	return id
}

func (o *object) boolean(name string, otherwise bool) bool {
	value, given := o.field(name)
	switch {
	case !given:
		return otherwise
	case !value.IsBool():
		o.fault(name, "NOT_A_BOOLEAN")
		return otherwise
	}
	return value.Bool()
}

// number is any number that Medusa keeps, nil where there is none.
func (o *object) number(name string) *Quantity {
	return o.numberThat(name, "NOT_A_NUMBER", func(Quantity) bool { return true })
}

// quantity is a number ≥ 0.
func (o *object) quantity(name string) *Quantity {
	return o.numberThat(name, "NOT_A_QUANTITY", func(q Quantity) bool { return q.Sign() >= 0 })
}

// adjustment is a number that is not 0.
func (o *object) adjustment(name string) *Quantity {
	return o.numberThat(name, "NOT_AN_ADJUSTMENT", func(q Quantity) bool { return q.Sign() != 0 })
}

func (o *object) numberThat(name, otherwise string, fits func(Quantity) bool) *Quantity {
	value, given := o.field(name)
	if !given {
		return nil
	}
	number, valid := ParseQuantity(value.Raw) // a text has its quotes there
	if !valid || !number.FitsMedusa() || !fits(number) {
		o.fault(name, otherwise)
		return nil
	}
	return &number
}

// list is an array of 1 to most elements, and how many there are.
func (o *object) list(name string, most int) (elements gjson.Result, count int) {
	elements, given := o.field(name)
	if !given {
		return gjson.Result{}, 0
	}
	if !elements.IsArray() {
		o.fault(name, "NOT_A_LIST")
		return gjson.Result{}, 0
	}
	elements.ForEach(func(_, _ gjson.Result) bool {
		count++
		return count <= most
	})
	switch {
	case count == 0:
		o.fault(name, "EMPTY")
	case count > most:
		o.fault(name, "TOO_MANY_ROWS", most)
		return gjson.Result{}, 0
	}
	return elements, count
}

func (o *object) note() Note {
	return Note{Reason: o.text("reason"), Reference: o.text("reference"), SourceHarvestID: o.text("sourceHarvestId")}
}

func (o *object) address() Address {
	o.exactlyOne("variantId", "inventoryItemId", "sku")
	return Address{VariantID: o.id("variantId"), InventoryItemID: o.id("inventoryItemId"), SKU: o.text("sku")}
}
