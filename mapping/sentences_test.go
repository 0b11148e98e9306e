package mapping

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// verbs are the places of a sentence where an argument goes.
var verbs = regexp.MustCompile(`%[a-z]`)

// catalogue is everything that is said in sentences, to clients and at a terminal.
func catalogue(t *testing.T) map[string][languages]string {
	t.Helper()
	all := maps.Clone(sentences)
	for key, sentence := range operatorSentences {
		require.NotContains(t, all, key, "said twice")
		all[key] = sentence
	}
	return all
}

func TestSentencesExistInEveryLanguage(t *testing.T) {
	for key, sentence := range catalogue(t) {
		for language := range Language(languages) {
			assert.NotEmpty(t, strings.TrimSpace(sentence[language]), "%s is not said in %s", key, language)
			assert.Equal(t, verbs.FindAllString(sentence[English], -1), verbs.FindAllString(sentence[language], -1), "the arguments of %s in %s", key, language)
			assert.Len(t, verbs.FindAllString(sentence[language], -1), strings.Count(sentence[language], "%"), "a stray %% in %s in %s", key, language)
			assert.Equal(t, isShort(key), !strings.HasSuffix(sentence[language], "."), "a sentence ends with a full stop, a few words do not: %s in %s", key, language)
		}
		if !isShort(key) { // a few words can be the same in two languages, a sentence cannot
			assert.NotEqual(t, sentence[English], sentence[Spanish], "%s is not translated", key)
			assert.NotEqual(t, sentence[English], sentence[German], "%s is not translated", key)
			assert.NotEqual(t, sentence[Spanish], sentence[German], "%s is not translated", key)
		}
	}
}

// isShort tells the few words of titles, rows, stock, leftovers, settings and headings from
// sentences.
func isShort(key string) bool {
	kind, _, _ := strings.Cut(key, ".")
	return strings.HasSuffix(key, ".title") || slices.Contains([]string{"row", "stock", "leftover", "demo", "setting"}, kind)
}

func TestEveryTitleHasItsSentence(t *testing.T) {
	for key := range sentences {
		code, isTitle := strings.CutSuffix(key, ".title")
		if !isTitle {
			continue
		}
		told := false
		for other := range sentences {
			told = told || other != key && (other == code || strings.HasPrefix(other, code+"."))
		}
		assert.True(t, told, "%s has a title, but nothing says it", code)
	}
}

// TestEveryCodeHasASentence reads the sources for codes, so that a new one
// cannot be forgotten.
func TestEveryCodeHasASentence(t *testing.T) {
	code := regexp.MustCompile(`^[A-Z]{3,}(_[A-Z]+)*(\.[a-z]+)?$`)
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || path == "sentences.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			literal, isLiteral := node.(*ast.BasicLit)
			if !isLiteral || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			if code.MatchString(text) {
				found[text] = true
				assert.NotEmpty(t, sentences[text][English]+sentences["warning."+text][English], "%s, a code of %s, has no sentence", text, path)
			}
			return true
		})
	}
	assert.True(t, found[WeightInvalid] && found["OUT_OF_RANGE"], "the sources were not read: %v", found)
}

func TestMessage(t *testing.T) {
	message := Message{Key: "VARIANT_NOT_FOUND", Args: []any{`variant_"%d`}}
	assert.Equal(t, `There is no variant with the id "variant_\"%d".`, message.In(English))
	assert.Equal(t, `No hay ninguna variante con el id "variant_\"%d".`, message.In(Spanish))
	assert.Equal(t, `Es gibt keine Variante mit der Id "variant_\"%d".`, message.In(German))
	assert.Equal(t, "Product not found", TitleOf("PRODUCT_NOT_FOUND").In(English))
	assert.Equal(t, "Produkt nicht gefunden", TitleOf("PRODUCT_NOT_FOUND").In(German))
	assert.Equal(t, "NO_SUCH_KEY", Message{Key: "NO_SUCH_KEY"}.In(English))
}

// TestRowsSayWhatDetailsSay: the same arguments serve for both.
func TestRowsSayWhatDetailsSay(t *testing.T) {
	rowsOnly := map[string]bool{"SKIPPED": true, "BELOW_RESERVED": true}
	neverRows := map[string]bool{"INSUFFICIENT_STOCK.taken": true} // a reservation is no row
	for key, sentence := range sentences {
		detail, isRow := strings.CutPrefix(key, "row.")
		if !isRow || rowsOnly[detail] {
			continue
		}
		said := false
		for other, long := range sentences {
			if !isShort(other) && !neverRows[other] && (other == detail || strings.HasPrefix(other, detail+".")) {
				said = true
				if taken := verbs.FindAllString(sentence[English], -1); len(taken) > 0 {
					assert.Equal(t, strings.ReplaceAll(strings.Join(verbs.FindAllString(long[English], -1), ""), "%q", "%s"), strings.Join(taken, ""), "the arguments of %s and %s", key, other)
				}
			}
		}
		assert.True(t, said, "nothing says at length what %s says", key)
	}
}

func TestMessageInShort(t *testing.T) {
	for _, test := range []struct {
		message Message
		short   string
	}{
		{Message{Key: "VARIANT_NOT_FOUND", Args: []any{"variant_invalid"}}, "Variant not found"},
		{Message{Key: "INSUFFICIENT_STOCK", Args: []any{q("3"), q("5")}}, "Insufficient stock: 3 available, 5 asked for"},
		{Message{Key: "INSUFFICIENT_STOCK.reserved", Args: []any{q("0.5"), q("1")}}, "Insufficient unreserved stock: 0.5 available, 1 asked for"},
		{Message{Key: "STOCK_CHANGED", Args: []any{q("4"), q("-5")}}, "Stock has changed: 4 expected, -5 found"},
		{Message{Key: "REQUIRED_QUANTITY_INVALID", Args: []any{"variant_a"}}, "Variant takes no positive quantity of its inventory item"},
		{Message{Key: "NETWORK_ERROR.unreachable"}, "Medusa does not answer"},
		{Message{Key: "NETWORK_ERROR.busy"}, "Too many changes are waiting"},
		{Message{Key: "LEVEL_HAS_STOCK", Args: []any{q("7")}}, "There are still 7 in stock; with force: true the level is deleted all the same."},
	} {
		assert.Equal(t, test.short, test.message.InShort().In(English))
	}
	assert.Equal(t, "Variante no encontrada", Message{Key: "VARIANT_NOT_FOUND", Args: []any{"v"}}.InShort().In(Spanish))
}

func TestMatchLanguage(t *testing.T) {
	for header, want := range map[string]string{
		"":                              "en",
		"en":                            "en",
		"es":                            "es",
		"de":                            "de",
		"ES":                            "es",
		"es-AR":                         "es",
		"es-AR,es;q=0.9,en;q=0.8":       "es",
		"de-CH":                         "de",
		"de-AT, en;q=0.5":               "de",
		"en-GB,en;q=0.9,es;q=0.8":       "en",
		"en;q=0.1,es;q=0.9":             "es",
		"fr-FR,es;q=0.5":                "es",
		"fr":                            "en",
		"zh-Hans-CN, ja":                "en",
		"*":                             "en",
		"es;q=0, de":                    "de",
		"; nonsense ;;; q=":             "en",
		"es;q=abc":                      "en",
		"\x00\xff":                      "en",
		strings.Repeat("es,", 5_000):    "es",
		strings.Repeat("es-", 2_000):    "en",
		"es-419":                        "es",
		"gl":                            "es",
		"  es  ":                        "es",
		"x-klingon, de;q=0.3, es;q=0.2": "de",
	} {
		shown := header
		if len(shown) > 40 {
			shown = shown[:40] + "…"
		}
		assert.Equal(t, want, MatchLanguage(header).String(), "Accept-Language: %q", shown)
	}
}
