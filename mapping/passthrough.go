package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// stockFields are what Medusa tells of stock, of a level or of all levels of an
// item together.
var stockFields = []string{
	"stocked_quantity", "reserved_quantity", "incoming_quantity", "available_quantity",
	"raw_stocked_quantity", "raw_reserved_quantity", "raw_incoming_quantity", "raw_available_quantity",
}

// ReachesInventory says whether a query of Medusa's store API can ask for
// inventory: no path of fields leads there but by that word, in small letters,
// however it is escaped. A query that cannot be read may.
func ReachesInventory(rawQuery string) bool {
	plain, err := url.QueryUnescape(rawQuery)
	return err != nil || strings.Contains(strings.ToLower(plain), "inventory")
}

// LevelsAt takes out of an answer of Medusa's store API, which is JSON, all that
// it tells of stock, but for levels at the given locations.
func LevelsAt(body []byte, locations []string) ([]byte, error) {
	answer, err := decodeAny(body)
	if err != nil {
		return nil, err
	}
	shown, keep := levelsAt(answer, locations)
	if !keep {
		shown = nil
	}
	return encodeAny(shown)
}

// levelsAt is a value as it may be shown, if it may be shown at all.
func levelsAt(value any, locations []string) (shown any, keep bool) {
	switch value := value.(type) {
	case []any:
		kept := make([]any, 0, len(value))
		for _, element := range value {
			if element, keep := levelsAt(element, locations); keep {
				kept = append(kept, element)
			}
		}
		return kept, true
	case map[string]any:
		return value, objectAt(value, locations)
	}
	return value, true
}

func objectAt(object map[string]any, locations []string) (keep bool) {
	_, placed := object["location_id"]
	_, ofItem := object["inventory_item_id"]
	if placed && (ofItem || tellsStock(object)) && !isAt(object, locations) {
		return false
	}
	if !placed {
		for _, field := range stockFields {
			delete(object, field)
		}
	}
	if levels, told := object["location_levels"]; told {
		object["location_levels"] = onlyAt(levels, locations)
	}
	for name, value := range object {
		shown, keep := levelsAt(value, locations)
		if !keep {
			delete(object, name)
			continue
		}
		object[name] = shown
	}
	return true
}

// onlyAt are those levels that are at the given locations, whatever is told of them.
func onlyAt(levels any, locations []string) []any {
	all, _ := levels.([]any)
	return slices.DeleteFunc(all, func(level any) bool { return !isAt(level, locations) })
}

// isAt says whether something is certainly at one of the given locations.
func isAt(something any, locations []string) bool {
	object, _ := something.(map[string]any)
	location, named := object["location_id"].(string)
	return named && slices.Contains(locations, location)
}

func tellsStock(object map[string]any) bool {
	return slices.ContainsFunc(stockFields, func(field string) bool {
		_, told := object[field]
		return told
	})
}

const variantLevels = "*variants.inventory_items,*variants.inventory_items.inventory.location_levels"

// WithVariantLevels asks, in a query for a product of Medusa's store API, also for
// the levels of its variants, unless the fields asked for leave the variants out.
func WithVariantLevels(rawQuery string) string {
	values, err := url.ParseQuery(rawQuery)
	if err != nil || len(values["fields"]) > 1 {
		return rawQuery // which Medusa refuses
	}
	fields := values.Get("fields")
	if !values.Has("fields") {
		return joinQuery(rawQuery, "fields="+url.QueryEscape(variantLevels))
	}
	if !selectsVariants(fields) {
		return rawQuery
	}
	return replaceParameter(rawQuery, "fields", fields+","+variantLevels)
}

// selectsVariants reads fields as Medusa does: one without a sign replaces what is
// sent by default, which the variants are part of.
func selectsVariants(fields string) bool {
	names := strings.Split(fields, ",")
	replaces := slices.ContainsFunc(names, func(name string) bool {
		return name != "" && !strings.ContainsAny(name[:1], "+-* ") && !strings.HasSuffix(name, ".*")
	})
	if !replaces {
		return strings.Trim(fields, ",") != "" && !slices.Contains(names, "-variants")
	}
	return slices.ContainsFunc(names, func(name string) bool {
		relation, _, _ := strings.Cut(strings.TrimLeft(name, "+* "), ".")
		return relation == "variants"
	})
}

// ItemQuery is a query for inventory items in the words of Medusa 1, which Medusa
// 2 refuses.
type ItemQuery struct {
	Raw        string // in Medusa 2's words
	Expand     bool   // expand was sent
	LocationID string // whose levels alone are shown
}

// ReadItemsQuery reads a query for a list of inventory items.
func ReadItemsQuery(rawQuery string) ItemQuery {
	q := ReadItemQuery(rawQuery)
	if q.LocationID != "" {
		q.Raw = joinQuery(q.Raw, url.QueryEscape("location_levels[location_id]")+"="+url.QueryEscape(q.LocationID))
	}
	return q
}

// ReadItemQuery reads a query for one inventory item.
func ReadItemQuery(rawQuery string) ItemQuery {
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return ItemQuery{Raw: rawQuery}
	}
	q := ItemQuery{
		Raw: withoutParameter(withoutParameter(rawQuery, "expand"), "location_id"), Expand: values.Has("expand"),
		LocationID: values.Get("location_id"),
	}
	fields := values.Get("fields")
	if relations := expanded(values.Get("expand"), fields != ""); len(relations) > 0 && len(values["fields"]) < 2 {
		q.Raw = replaceParameter(q.Raw, "fields", strings.Trim(fields+","+strings.Join(relations, ","), ","))
	}
	return q
}

// expanded are the relations that expand names. The levels are sent anyway, unless
// fields are asked for by name.
func expanded(expand string, byName bool) []string {
	var relations []string
	for name := range strings.SplitSeq(expand, ",") {
		switch strings.TrimSpace(name) {
		case "levels", "location_levels":
			if byName {
				relations = append(relations, "*location_levels")
			}
		case "locations", "stock_locations", "location_levels.stock_locations", "location_levels.location":
			relations = append(relations, "*location_levels", "*location_levels.stock_locations")
		}
	}
	return relations
}

var errNoItem = errors.New("an answer without an inventory item")

// Item is Medusa's answer with one inventory item as the query wants it: with the
// levels at its location alone, where it names one, and with what is available
// there; expanded, the item is not wrapped, as in Medusa 1.
func (q ItemQuery) Item(body []byte) ([]byte, error) {
	answer, err := decodeAny(body)
	if err != nil {
		return nil, err
	}
	wrapped, _ := answer.(map[string]any)
	item, found := wrapped["inventory_item"].(map[string]any)
	if !found {
		return nil, errNoItem
	}
	levels, _ := item["location_levels"].([]any)
	shown := make([]any, 0, len(levels))
	for _, each := range levels {
		level, _ := each.(map[string]any)
		if q.LocationID != "" && level["location_id"] != q.LocationID {
			continue
		}
		stocked, ok := quantityIn(level, "stocked_quantity")
		if reserved, reservedToo := quantityIn(level, "reserved_quantity"); ok && reservedToo {
			level["available_quantity"] = stocked.Sub(reserved)
		}
		shown = append(shown, level)
	}
	item["location_levels"] = shown
	if !q.Expand {
		return encodeAny(wrapped)
	}
	return encodeAny(item)
}

func quantityIn(object map[string]any, field string) (Quantity, bool) {
	number, isNumber := object[field].(json.Number)
	if !isNumber {
		return Quantity{}, false
	}
	return ParseQuantity(number.String())
}

func decodeAny(body []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func encodeAny(value any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), err
}

// joinQuery adds a parameter to a query.
func joinQuery(rawQuery, parameter string) string {
	if rawQuery == "" {
		return parameter
	}
	return rawQuery + "&" + parameter
}

// withoutParameter leaves a parameter out of a query, and the others as they are.
func withoutParameter(rawQuery, name string) string {
	parameters := slices.DeleteFunc(strings.Split(rawQuery, "&"), func(parameter string) bool {
		key, _, _ := strings.Cut(parameter, "=")
		plain, err := url.QueryUnescape(key)
		return err == nil && plain == name
	})
	return strings.Join(parameters, "&")
}

// replaceParameter gives a parameter another value.
func replaceParameter(rawQuery, name, value string) string {
	return joinQuery(withoutParameter(rawQuery, name), name+"="+url.QueryEscape(value))
}
