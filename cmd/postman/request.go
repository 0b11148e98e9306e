package main

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

type request struct {
	Method      string     `json:"method"`
	Description string     `json:"description,omitempty"`
	Auth        *auth      `json:"auth,omitempty"` // none: the collection's
	Header      []variable `json:"header"`
	Body        *body      `json:"body,omitempty"`
	URL         address    `json:"url"`
}

type body struct {
	Mode    string  `json:"mode"`
	Raw     string  `json:"raw"`
	Options options `json:"options"`
}

type options struct {
	Raw struct {
		Language string `json:"language"`
	} `json:"raw"`
}

type address struct {
	Raw      string     `json:"raw"`
	Host     []string   `json:"host"`
	Path     []string   `json:"path"`
	Query    []variable `json:"query,omitempty"`
	Variable []variable `json:"variable,omitempty"`
}

// newURL is the address of a path of the document; Postman writes :name for {name}.
func newURL(path string) address {
	path = strings.NewReplacer("{", ":", "}", "").Replace(path)
	return address{Raw: "{{baseUrl}}" + path, Host: []string{"{{baseUrl}}"}, Path: strings.Split(strings.TrimPrefix(path, "/"), "/")}
}

func (r *request) send(text string) {
	r.Header = append(r.Header, variable{Key: "Content-Type", Value: "application/json"})
	r.Body = &body{Mode: "raw", Raw: text}
	r.Body.Options.Raw.Language = "json"
}

func newRequest(o operation, how step) (*request, error) {
	r := &request{Method: o.method, Description: o.Get("description").String(), URL: newURL(o.path), Header: []variable{}}
	switch o.takes() {
	case "":
		r.Auth = &auth{Type: "noauth"}
	case "publishableKey":
		r.Auth = &auth{Type: "noauth"}
		r.Header = append(r.Header, variable{Key: "x-publishable-api-key", Value: "{{publishableKey}}"})
	}
	for _, parameter := range o.in("header") {
		r.Header = append(r.Header, header(parameter))
	}
	if err := r.address(o, how); err != nil {
		return nil, err
	}
	text := how.body
	if text == "" {
		example, err := o.example(how.example)
		if err != nil {
			return nil, err
		}
		text = withVariables(example.Get("@pretty").Raw)
	}
	if text != "" {
		r.send(strings.TrimSpace(text))
	}
	return r, nil
}

// header is there, turned off, where it need not be sent.
func header(parameter gjson.Result) variable {
	h := described(parameter)
	switch {
	case h.Key == "Idempotency-Key":
		h.Value = "{{$guid}}"
	case parameter.Get("required").Bool():
		h.Value = "{{" + h.Key + "}}"
	default:
		h.Disabled = true
	}
	return h
}

func (r *request) address(o operation, how step) error {
	for _, parameter := range o.in("path") {
		segment := described(parameter)
		if how.path != "" {
			segment.Value = how.path
		}
		if segment.Value == "" {
			return fmt.Errorf("%s: {%s} has no example", o.id(), segment.Key)
		}
		r.URL.Variable = append(r.URL.Variable, segment)
	}
	var sent []string
	for _, parameter := range o.in("query") {
		field := described(parameter)
		field.Disabled = !parameter.Get("required").Bool()
		for _, value := range values(parameter) {
			field.Value = value
			r.URL.Query = append(r.URL.Query, field)
			if !field.Disabled {
				sent = append(sent, field.Key+"="+value)
			}
		}
	}
	if len(sent) > 0 {
		r.URL.Raw += "?" + strings.Join(sent, "&")
	}
	return nil
}

// described is a parameter with its first example.
func described(parameter gjson.Result) variable {
	return variable{
		Key: parameter.Get("name").String(), Value: values(parameter)[0], Description: strings.TrimSpace(parameter.Get("description").String()),
	}
}

// values are the examples of a parameter, or its default: several of one that can be repeated, at least one.
func values(parameter gjson.Result) []string {
	example := parameter.Get("example")
	if !example.Exists() {
		example = parameter.Get("schema.default")
	}
	if !example.IsArray() {
		return []string{variableOf(example.String())}
	}
	var all []string
	for _, value := range example.Array() {
		all = append(all, variableOf(value.String()))
	}
	return all
}

// withVariables names variables in place of the demo's ids, in a text of JSON.
func withVariables(text string) string {
	for name, id := range ids {
		text = strings.ReplaceAll(text, `"`+id+`"`, `"{{`+name+`}}"`)
	}
	return text
}

// variableOf names a variable in place of one of the demo's ids.
func variableOf(value string) string {
	for name, id := range ids {
		if id == value {
			return "{{" + name + "}}"
		}
	}
	return value
}
