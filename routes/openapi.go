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

// OpenAPI is the description of every route, as JSON, in the order in which it is written. A key that is merged in (<<)
// must not be written out beside it: it would be in the JSON twice, which other programs refuse.
func OpenAPI() ([]byte, error) {
	var document any
	if err := yaml.UnmarshalWithOptions(openAPISource, &document, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	return yaml.MarshalWithOptions(document, yaml.JSON())
}

// openAPI serves the description of every route.
func (s *server) openAPI(c echo.Context) error {
	document, err := openAPIDocument()
	if err != nil {
		return err
	}
	return send(c, document)
}
