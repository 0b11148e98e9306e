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
	document, err := yaml.YAMLToJSON(openAPISource)
	if err != nil {
		return nil, err
	}
	return bff.NewJSONAnswer(document), nil
})

// openAPI serves the description of every route.
func (s *server) openAPI(c echo.Context) error {
	document, err := openAPIDocument()
	if err != nil {
		return err
	}
	return send(c, document)
}
