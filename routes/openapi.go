package routes

import (
	_ "embed"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
)

//go:embed openapi.yaml
var openAPISource []byte

// openAPIDocument is the document as it is served, made when first asked for.
var openAPIDocument = sync.OnceValues(func() (*bff.Answer, error) {
	document, err := OpenAPI()
	if err != nil {
		return nil, err
	}
	return bff.NewJSONAnswer(document), nil
})

// OpenAPI is the description of every route, as JSON, in the order in which it is written.
func OpenAPI() ([]byte, error) {
	var document any
	if err := yaml.UnmarshalWithOptions(openAPISource, &document, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	return yaml.MarshalWithOptions(unrepeated(document), yaml.JSON())
}

// unrepeated leaves of a key that YAML merged in (<<) and that is then written out the latter alone. Both would be in
// the JSON, which other programs refuse.
func unrepeated(value any) any {
	switch value := value.(type) {
	case yaml.MapSlice:
		var kept yaml.MapSlice
		places := map[any]int{}
		for _, entry := range value {
			entry.Value = unrepeated(entry.Value)
			if place, is := places[entry.Key]; is {
				kept[place] = entry
				continue
			}
			places[entry.Key] = len(kept)
			kept = append(kept, entry)
		}
		return kept
	case []any:
		for i := range value {
			value[i] = unrepeated(value[i])
		}
	}
	return value
}

// openAPI serves the description of every route.
func (s *server) openAPI(c echo.Context) error {
	document, err := openAPIDocument()
	if err != nil {
		return err
	}
	return send(c, document)
}
