package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

func TestFilesAreThoseOfTheDocument(t *testing.T) {
	t.Chdir("../..")
	files, err := made()
	require.NoError(t, err)
	for name, content := range files {
		committed, err := os.ReadFile(name)
		require.NoError(t, err)
		// Not assert.Equal, which would print the whole of both.
		assert.True(t, bytes.Equal(committed, content), "%s is not of this document: go run ./cmd/postman", name)
	}
}

func TestEveryOperationIsARequestOrLeftOut(t *testing.T) {
	doc, err := readDocument()
	require.NoError(t, err)
	whole, err := newCollection(doc)
	require.NoError(t, err)
	asked := map[string]bool{}
	for _, folder := range whole.Item {
		for _, asks := range folder.Item {
			asked[asks.Request.Method+" "+asks.Request.URL.Raw] = true
		}
	}
	count := 0
	for _, tag := range doc.Get("tags").Array() {
		for _, o := range doc.operations(tag.Get("name").String()) {
			count++
			_, out := leftOut[o.id()]
			assert.Equal(t, !out, asked[o.method+" "+newURL(o.path).Raw], "%s %s", o.method, o.path)
			if out {
				assert.Contains(t, whole.Info.Description, "`"+o.method+" "+o.path+"`", "nobody is told that it is left out")
			}
		}
	}
	documented := 0
	doc.Get("paths").ForEach(func(_, item gjson.Result) bool {
		item.ForEach(func(_, o gjson.Result) bool {
			if o.Get("operationId").Exists() {
				documented++
			}
			return true
		})
		return true
	})
	assert.Equal(t, documented, count, "an operation has a tag that is not in the document's list of tags")
}

// A misspelt id would leave an operation unplanned, and only a run would tell.
func TestPlanNamesOperations(t *testing.T) {
	doc, err := readDocument()
	require.NoError(t, err)
	for id := range steps {
		assert.Contains(t, doc.Raw, `"operationId": "`+id+`"`)
	}
	for id := range leftOut {
		assert.Contains(t, doc.Raw, `"operationId": "`+id+`"`)
	}
}

func TestSchemasAreOfDraft07(t *testing.T) {
	for name, c := range map[string]struct{ schema, want string }{
		"a reference alone": {`{"$ref":"#/components/schemas/A"}`, `{"$ref":"#/definitions/A"}`},
		"a described one":   {`{"$ref":"#/components/schemas/A","description":"of a"}`, `{"$ref":"#/definitions/A"}`},
		"one with rules beside it": {
			`{"$ref":"#/components/schemas/A","maxLength":2}`, `{"allOf":[{"$ref":"#/definitions/A"},{"maxLength":2}]}`,
		},
		"a property named as an annotation": {
			`{"properties":{"description":{"type":["string","null"],"description":"of it"}}}`, `{"properties":{"description":{"type":["string","null"]}}}`,
		},
		"one of several": {`{"oneOf":[{"$ref":"#/components/schemas/A"},{"type":"null"}]}`, `{"oneOf":[{"$ref":"#/definitions/A"},{"type":"null"}]}`},
		"a value":        {`{"const":{"description":1}}`, `{"const":{"description":1}}`},
	} {
		assert.JSONEq(t, c.want, compact(rules(gjson.Parse(c.schema))), name)
	}
}

func TestDemoIdsAreVariables(t *testing.T) {
	doc, err := readDocument()
	require.NoError(t, err)
	whole, err := newCollection(doc)
	require.NoError(t, err)
	for _, folder := range whole.Item {
		for _, asks := range folder.Item {
			sent := compact(asks.Request.URL)
			if asks.Request.Body != nil {
				sent += asks.Request.Body.Raw
			}
			for _, id := range ids {
				assert.NotContains(t, sent, `"`+id+`"`, "%s names %s, which is another one in another shop", asks.Name, id)
			}
		}
	}
}
