package main

import (
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"
)

// annotations say something to people and are no rules.
var annotations = []string{"description", "example", "examples", "title", "default"}

// rules are the rules of a schema as draft 07 of JSON Schema writes them, which Postman knows: there a reference stands
// alone, and what it refers to is among the definitions.
func rules(schema gjson.Result) any {
	switch {
	case schema.IsArray():
		list := []any{}
		for _, element := range schema.Array() {
			list = append(list, rules(element))
		}
		return list
	case !schema.IsObject():
		return schema.Value()
	}
	kept := map[string]any{}
	schema.ForEach(func(key, value gjson.Result) bool {
		switch name := key.String(); {
		case name == "$ref":
			kept[name] = "#/definitions/" + definition(value)
		case name == "const", name == "enum":
			kept[name] = value.Value()
		case name == "properties":
			kept[name] = each(value)
		case !slices.Contains(annotations, name):
			kept[name] = rules(value)
		}
		return true
	})
	if reference, is := kept["$ref"]; is && len(kept) > 1 {
		delete(kept, "$ref")
		return map[string]any{"allOf": []any{map[string]any{"$ref": reference}, kept}}
	}
	return kept
}

// each are the rules of named schemas.
func each(schemas gjson.Result) map[string]any {
	all := map[string]any{}
	schemas.ForEach(func(name, schema gjson.Result) bool {
		all[name.String()] = rules(schema)
		return true
	})
	return all
}

// definition is the name of the schema that a reference is to.
func definition(reference gjson.Result) string {
	const folder = len("#/components/schemas/")
	return reference.String()[folder:]
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it came out of JSON
	}
	return string(text)
}
