package mapping

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sources is what the sources of the program say: every text that is a constant,
// and of those that are put together at run time how they begin.
type sources struct {
	constants map[string]string         // by name, with its package where it is another's
	texts     map[string]bool           // every constant text
	begun     map[string]bool           // "KEY." + something
	appended  map[string]bool           // key += ".more"
	codes     map[string]bool           // the values of bff.Code
	keys      map[string]token.Position // where a message, a fault or an error is given its key
	positions *token.FileSet
}

// rooms are the folders whose sources speak to somebody.
var rooms = []string{".", "../bff", "../bff/*", "../routes", "../cmd/gateway", "../medusaclient"}

// readSources reads the sources. It does not import them: imports go down.
func readSources(t *testing.T) *sources {
	t.Helper()
	s := &sources{
		constants: map[string]string{}, texts: map[string]bool{}, begun: map[string]bool{}, appended: map[string]bool{}, codes: map[string]bool{},
		keys: map[string]token.Position{}, positions: token.NewFileSet(),
	}
	var files []*ast.File
	for _, room := range rooms {
		paths, err := filepath.Glob(room + "/*.go")
		require.NoError(t, err)
		for _, path := range paths {
			if name := filepath.Base(path); strings.HasSuffix(name, "_test.go") || slices.Contains([]string{"sentences.go", "operator_sentences.go", "page_texts.go"}, name) {
				continue
			}
			file, err := parser.ParseFile(s.positions, path, nil, 0)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	for _, file := range files {
		s.readConstants(file)
	}
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool { s.read(file.Name.Name, node); return true })
	}
	return s
}

func (s *sources) readConstants(file *ast.File) {
	for _, declaration := range file.Decls {
		constants, is := declaration.(*ast.GenDecl)
		if !is || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			values, _ := spec.(*ast.ValueSpec)
			for i, value := range values.Values {
				text, constant := s.text(file.Name.Name, value)
				if !constant {
					continue
				}
				s.constants[file.Name.Name+"."+values.Names[i].Name] = text
				if kind := spelled(values.Type); kind == "Code" || kind == "bff.Code" {
					s.codes[text] = true
				}
			}
		}
	}
}

// text is the value of a constant text.
func (s *sources) text(room string, expression ast.Expr) (text string, constant bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, e.Kind == token.STRING && err == nil
	case *ast.Ident:
		text, constant = s.constants[room+"."+e.Name]
	case *ast.SelectorExpr:
		text, constant = s.constants[spelled(e)]
	case *ast.CallExpr:
		if name := spelled(e.Fun); (name == "string" || strings.HasSuffix(name, "Code")) && len(e.Args) == 1 {
			return s.text(room, e.Args[0])
		}
	case *ast.BinaryExpr:
		left, isLeft := s.text(room, e.X)
		right, isRight := s.text(room, e.Y)
		return left + right, isLeft && isRight && e.Op == token.ADD
	}
	return text, constant
}

// spelled is a name as it is written, with its package.
func spelled(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return spelled(e.X) + "." + e.Sel.Name
	}
	return ""
}

// read notes the texts of one node, and the keys that it gives to something.
func (s *sources) read(room string, node ast.Node) {
	if expression, is := node.(ast.Expr); is {
		if text, constant := s.text(room, expression); constant {
			s.texts[text] = true
		}
	}
	switch n := node.(type) {
	case *ast.BinaryExpr:
		if text, constant := s.text(room, n.X); constant && strings.HasSuffix(text, ".") {
			s.begun[text] = true
		}
	case *ast.AssignStmt:
		if text, constant := s.text(room, n.Rhs[0]); constant && n.Tok == token.ADD_ASSIGN {
			s.appended[text] = true
		}
	case *ast.CompositeLit:
		s.readLiteral(room, n)
	case *ast.CallExpr:
		s.readCall(room, n)
	}
}

// readLiteral notes the key of a message or a fault, or of each in a list of them.
func (s *sources) readLiteral(room string, literal *ast.CompositeLit) {
	kind := literal.Type
	list, isList := kind.(*ast.ArrayType)
	if isList {
		kind = list.Elt
	}
	if !slices.Contains([]string{"Message", "mapping.Message", "Fault", "mapping.Fault"}, spelled(kind)) {
		return
	}
	for _, element := range literal.Elts {
		switch e := element.(type) {
		case *ast.CompositeLit:
			if isList && e.Type == nil {
				s.readLiteral(room, &ast.CompositeLit{Type: kind, Elts: e.Elts})
			}
		case *ast.KeyValueExpr:
			if name := spelled(e.Key); name == "Key" || name == "Code" {
				s.key(room, "", e.Value)
			}
		}
	}
}

// readCall notes the key that is an argument.
func (s *sources) readCall(room string, call *ast.CallExpr) {
	switch name := spelled(call.Fun); {
	case name == "newError", name == "notFound":
		s.key(room, "", call.Args[0])
	case name == "networkError":
		s.key(room, "", call.Args[1])
	case name == "faultIn":
		s.key(room, "setting.", call.Args[1])
	case name == "must" && len(call.Args) > 2:
		s.key(room, "setting.", call.Args[2])
	case name == "Found", name == "bff.Found", strings.HasSuffix(name, ".found") && len(call.Args) > 1:
		s.key(room, "check.", call.Args[1])
	}
}

func (s *sources) key(room, before string, expression ast.Expr) {
	if key, constant := s.text(room, expression); constant {
		s.keys[before+key] = s.positions.Position(expression.Pos())
		s.texts[before+key] = true
	}
}

func TestEveryKeyOfTheSourcesIsInTheCatalogue(t *testing.T) {
	s := readSources(t)
	rowsOnly := []string{"SKIPPED", "BELOW_RESERVED"}
	for key, where := range s.keys {
		_, known := sentenceOf(key)
		assert.True(t, known || slices.Contains(rowsOnly, key), "%s, of %s, is not in the catalogue", key, where)
	}
	dotted := regexp.MustCompile(`^[A-Z]{3,}(_[A-Z]+)*\.[a-z]+$`)
	for text := range s.texts {
		if dotted.MatchString(text) {
			assert.Contains(t, sentences, text)
		}
	}
	for code := range s.codes {
		if code != "CANCELED" { // of who has gone
			assert.Contains(t, sentences, code+".title")
		}
	}
	for _, key := range []string{"UNAUTHORIZED.key", "METHOD_NOT_ALLOWED", "NETWORK_ERROR.busy", "UNKNOWN_PROFILE", "BODY_NOT_ALLOWED", "check.medusa.slow", "check.database.used", "setting.missing", "setting.publishable"} {
		assert.Contains(t, s.keys, key, "the sources are not read: %v", slices.Sorted(maps.Keys(s.keys)))
	}
}

func TestNoSentenceIsUnused(t *testing.T) {
	s := readSources(t)
	for key := range catalogue(t) {
		assert.True(t, s.says(key), "nothing says %s", key)
	}
}

// says says whether the sources name a key, or begin and end it.
func (s *sources) says(key string) bool {
	if code, isTitle := strings.CutSuffix(key, ".title"); isTitle {
		return s.codes[code]
	}
	if detail, isRow := strings.CutPrefix(key, "row."); isRow {
		return s.says(detail) || s.says(detail+".unreachable") // a row's few words serve every way
	}
	if s.texts[key] {
		return true
	}
	for i, sign := range key {
		if sign == '.' && ((s.begun[key[:i+1]] && s.texts[key[i+1:]]) || (s.texts[key[:i]] && s.appended[key[i:]])) {
			return true
		}
	}
	return false
}

// TestTheReadmeNamesEveryCode: who meets one finds there what to do.
func TestTheReadmeNamesEveryCode(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	code := regexp.MustCompile(`^(?:row\.|warning\.)?([A-Z]{3,}(?:_[A-Z]+)*)(?:\.[a-z]+)?$`)
	for key := range sentences {
		if found := code.FindStringSubmatch(key); found != nil {
			assert.Contains(t, string(readme), "`"+found[1]+"`", "the README does not say what to do about it")
		}
	}
}
