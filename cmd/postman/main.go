// Command postman writes the Postman collection and environment of the gateway, made of its OpenAPI document. Run it in
// the repository's root, whenever the document has changed:
//
//	go run ./cmd/postman
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

const (
	collectionFile  = "testdata/postman/cannahub-gateway.postman_collection.json"
	environmentFile = "testdata/postman/cannahub-gateway.postman_environment.json"
)

func main() {
	if err := write(); err != nil {
		fmt.Fprintln(os.Stderr, "postman:", err)
		os.Exit(1)
	}
}

func write() error {
	files, err := made()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// made is what the files hold, by their names.
func made() (map[string][]byte, error) {
	doc, err := readDocument()
	if err != nil {
		return nil, err
	}
	collection, err := newCollection(doc)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, content := range map[string]any{collectionFile: collection, environmentFile: environment()} {
		if files[name], err = indented(content); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// indented is JSON for people: Postman shows texts as they are in the file.
func indented(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return text.Bytes(), err
}
