package main

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/routes"
)

// document is an OpenAPI document, everything in the order in which it is written there.
type document struct{ gjson.Result }

func readDocument() (document, error) {
	text, err := routes.OpenAPI()
	return document{gjson.ParseBytes(text)}, err
}

// resolved is what a reference of the document stands for, or the value itself.
func (d document) resolved(value gjson.Result) gjson.Result {
	reference, is := strings.CutPrefix(value.Get("$ref").String(), "#/")
	if !is {
		return value
	}
	return d.resolved(d.Get(strings.ReplaceAll(reference, "/", ".")))
}

// operation is one method of one path.
type operation struct {
	doc        document
	method     string // in upper case
	path       string // as in the document, with {names}
	parameters []gjson.Result

	gjson.Result
}

func (o operation) id() string { return o.Get("operationId").String() }

// operations are those of the document that a tag names.
func (d document) operations(tag string) []operation {
	var all []operation
	d.Get("paths").ForEach(func(path, item gjson.Result) bool {
		item.ForEach(func(method, value gjson.Result) bool {
			if value.Get("tags.0").String() != tag {
				return true
			}
			o := operation{doc: d, method: strings.ToUpper(method.String()), path: path.String(), Result: value}
			for _, parameter := range append(value.Get("parameters").Array(), item.Get("parameters").Array()...) {
				o.parameters = append(o.parameters, d.resolved(parameter))
			}
			all = append(all, o)
			return true
		})
		return true
	})
	return all
}

// in are the parameters at one place: path, query or header.
func (o operation) in(place string) []gjson.Result {
	var found []gjson.Result
	for _, parameter := range o.parameters {
		if parameter.Get("in").String() == place {
			found = append(found, parameter)
		}
	}
	return found
}

// takes says with which of the document's credentials the operation is asked first, "" with none.
func (o operation) takes() string {
	security := o.Get("security")
	if !security.Exists() {
		security = o.doc.Get("security")
	}
	scheme := ""
	security.Get("0").ForEach(func(name, _ gjson.Result) bool {
		scheme = name.String()
		return false
	})
	return scheme
}

// success is the first answer of the document that is none of an error: its status, and its schema where it has a body.
func (o operation) success() (status int64, schema gjson.Result) {
	o.Get("responses").ForEach(func(code, response gjson.Result) bool {
		if code.Int() < 200 || code.Int() > 299 {
			return true
		}
		status, schema = code.Int(), o.doc.resolved(response).Get("content.application/json.schema")
		return false
	})
	return status, schema
}

// example is the body of a request as the document shows it: the one of that name, or else the first.
func (o operation) example(name string) (gjson.Result, error) {
	content := o.Get("requestBody.content.application/json")
	if alone := content.Get("example"); alone.Exists() && name == "" {
		return alone, nil
	}
	var found gjson.Result
	content.Get("examples").ForEach(func(key, example gjson.Result) bool {
		if name != "" && key.String() != name {
			return true
		}
		found = o.doc.resolved(example).Get("value")
		return false
	})
	if content.Exists() && !found.Exists() {
		return found, fmt.Errorf("%s has no example %q of a request's body", o.id(), name)
	}
	return found, nil
}
