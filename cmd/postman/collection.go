package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// collection is a Postman collection, format v2.1.
type collection struct {
	Info     info       `json:"info"`
	Auth     *auth      `json:"auth"`
	Event    []event    `json:"event"`
	Variable []variable `json:"variable"`
	Item     []item     `json:"item"`
}

type info struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Schema      string `json:"schema"`
}

// item is a folder, which has items, or a request.
type item struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Event       []event  `json:"event,omitempty"`
	Request     *request `json:"request,omitempty"`
	Item        []item   `json:"item,omitempty"`
}

type auth struct {
	Type   string     `json:"type"`
	Bearer []variable `json:"bearer,omitempty"`
}

type variable struct {
	Key         string `json:"key"`
	Value       string `json:"value"`
	Type        string `json:"type,omitempty"`
	Description string `json:"description,omitempty"`
	Disabled    bool   `json:"disabled,omitempty"`
}

// event is a script, of its lines.
type event struct {
	Listen string `json:"listen"`
	Script script `json:"script"`
}

type script struct {
	Type string   `json:"type"`
	Exec []string `json:"exec"`
}

func newEvent(listen, text string) event {
	return event{Listen: listen, Script: script{Type: "text/javascript", Exec: strings.Split(text, "\n")}}
}

const (
	format = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

	about = `Every route of the gateway, one folder for each kind of them. Choose the environment, run *Sign in* once, and send what you like;
or run the whole collection: what a request needs that was made before, an earlier one keeps in a variable of the collection.
Run all of it only in a shop to try things in: it overwrites counts, sells, and deletes the level of *itemWithoutLevelsId*.
Each request tests the status and the shape of its answer.

It is made of the OpenAPI document by ` + "`go run ./cmd/postman`" + `, so change that, not this.

Not here:
`

	// ofEveryAnswer is tested after each request.
	ofEveryAnswer = `pm.test("X-Request-Id names the request", () => pm.expect(pm.response.headers.get("X-Request-Id")).to.be.a("string").and.not.empty);
pm.test("Browsers take the answer for what it says", () => pm.response.to.have.header("X-Content-Type-Options", "nosniff"));`

	signIn = `pm.test("Status is 200", () => pm.response.to.have.status(200));
pm.test("There is a token", () => pm.expect(pm.response.json().token).to.be.a("string").and.not.empty);
pm.collectionVariables.set("token", pm.response.json().token);`
)

func newCollection(doc document) (collection, error) {
	c := collection{
		Info:     info{Name: doc.Get("info.title").String(), Description: about + absent(doc), Schema: format},
		Auth:     &auth{Type: "bearer", Bearer: []variable{{Key: "token", Value: "{{token}}", Type: "string"}}},
		Event:    []event{newEvent("test", ofEveryAnswer)},
		Variable: []variable{{Key: "schemas", Value: compact(each(doc.Get("components.schemas"))), Type: "string"}},
		Item:     []item{signingIn()},
	}
	for _, tag := range doc.Get("tags").Array() {
		folder, err := newFolder(doc, tag)
		if err != nil {
			return c, err
		}
		c.Item = append(c.Item, folder)
	}
	return c, nil
}

// absent lists what is left out, and why.
func absent(doc document) string {
	var list strings.Builder
	for _, tag := range doc.Get("tags").Array() {
		for _, o := range doc.operations(tag.Get("name").String()) {
			if why, is := leftOut[o.id()]; is {
				fmt.Fprintf(&list, "\n- `%s %s`: %s.", o.method, o.path, why)
			}
		}
	}
	return list.String()
}

func signingIn() item {
	r := &request{
		Method:      "POST",
		Auth:        &auth{Type: "noauth"},
		URL:         newURL("/auth/user/emailpass"),
		Description: "Medusa's own route, through the gateway. The token is kept for the other requests; it is good for a day.",
	}
	r.send(`{"email": "{{email}}", "password": "{{password}}"}`)
	return item{Name: "Sign in", Event: []event{newEvent("test", signIn)}, Request: r}
}

func newFolder(doc document, tag gjson.Result) (item, error) {
	folder := item{Name: tag.Get("name").String(), Description: tag.Get("description").String()}
	all := map[string]operation{}
	for _, o := range doc.operations(folder.Name) {
		all[o.id()] = o
		if _, is := leftOut[o.id()]; is {
			continue
		}
		asked, err := newItem(o, o.Get("summary").String(), steps[o.id()])
		if err != nil {
			return folder, err
		}
		folder.Item = append(folder.Item, asked)
		for _, more := range steps[o.id()].then {
			once, err := newItem(all[more.operation], more.name, more.step)
			if err != nil {
				return folder, err
			}
			folder.Item = append(folder.Item, once)
		}
	}
	return folder, nil
}

// newItem is a request with its tests.
func newItem(o operation, name string, how step) (item, error) {
	r, err := newRequest(o, how)
	if err != nil {
		return item{}, err
	}
	asked := item{Name: name, Request: r}
	if how.before != "" {
		asked.Event = append(asked.Event, newEvent("prerequest", how.before))
	}
	asked.Event = append(asked.Event, newEvent("test", tests(o, how)))
	return asked, nil
}

// tests look at the answer's status and shape, and keep of it what later requests need.
func tests(o operation, how step) string {
	status, schema := o.success()
	lines := []string{fmt.Sprintf(`pm.test("Status is %d", () => pm.response.to.have.status(%[1]d));`, status)}
	if schema.Exists() {
		lines = append(lines,
			`const definitions = JSON.parse(pm.collectionVariables.get("schemas"));`,
			fmt.Sprintf(`pm.test("The body has its documented shape", () => pm.response.to.have.jsonSchema({ definitions, allOf: [%s] }));`, compact(rules(schema))))
	} else {
		lines = append(lines, `pm.test("There is no body", () => pm.expect(pm.response.text()).to.equal(""));`)
	}
	for _, name := range slices.Sorted(maps.Keys(how.keep)) {
		lines = append(lines, fmt.Sprintf(`pm.collectionVariables.set(%q, pm.response.json().%s);`, name, how.keep[name]))
	}
	return strings.Join(lines, "\n")
}
