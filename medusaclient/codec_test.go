package medusaclient

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type productsSent struct {
	Product  Product   `json:"product"`
	Products []Product `json:"products"`
	Count    int       `json:"count"`
}

type itemsSent struct {
	InventoryItem  InventoryItem   `json:"inventory_item"`
	InventoryItems []InventoryItem `json:"inventory_items"`
	Count          int             `json:"count"`
}

// recorded are answers of a real Medusa 2.21.2.
func recorded(tb testing.TB, pattern string) [][]byte {
	tb.Helper()
	paths, err := filepath.Glob("../mapping/testdata/recorded/" + pattern)
	require.NoError(tb, err)
	require.NotEmpty(tb, paths)
	bodies := make([][]byte, len(paths))
	for i, path := range paths {
		file, err := os.ReadFile(path)
		require.NoError(tb, err)
		var exchange struct {
			Response stdjson.RawMessage `json:"response"`
		}
		require.NoError(tb, stdjson.Unmarshal(file, &exchange))
		var body bytes.Buffer
		require.NoError(tb, stdjson.Compact(&body, exchange.Response))
		bodies[i] = body.Bytes()
	}
	return bodies
}

// reference is what decode promises, by encoding/json.
func reference(body []byte, into any) error {
	var object stdjson.RawMessage
	if err := stdjson.Unmarshal(body, &object); err != nil {
		return err
	}
	if bytes.TrimLeft(body, " \t\r\n")[0] != '{' {
		return errNotAnObject
	}
	return stdjson.Unmarshal(body, into)
}

func assertAsReference[Answer any](t *testing.T, body []byte) {
	t.Helper()
	var got, want Answer
	gotErr, wantErr := decode(body, &got), reference(body, &want)
	if wantErr != nil {
		assert.Error(t, gotErr, "%q was read, which encoding/json refuses: %v", body, wantErr)
		return
	}
	if assert.NoError(t, gotErr, "%q was refused, which encoding/json reads", body) {
		assert.Equal(t, want, got, "%q was read otherwise than by encoding/json", body)
	}
}

func FuzzDecode(f *testing.F) {
	for _, body := range recorded(f, "*.json") {
		if len(body) > 5_000 { // small inputs are changed in more ways a second
			continue
		}
		f.Add(body)
		for _, part := range []int{len(body) - 1, len(body) / 2, len(body) / 3} {
			f.Add(body[:part])
		}
	}
	for _, body := range wholeBodies {
		f.Add([]byte(body))
	}
	for _, value := range values {
		f.Add([]byte(`{"product":{"metadata":` + value + `}}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		assertAsReference[productsSent](t, body)
		assertAsReference[itemsSent](t, body)
	})
}

func TestDecodeReadsAsEncodingJSON(t *testing.T) {
	for _, body := range slices.Concat(wholeBodies, deepBodies) {
		assertAsReference[productsSent](t, []byte(body))
		assertAsReference[itemsSent](t, []byte(body))
	}
	// As a whole field, as one that nobody reads, within one that is kept as it is, and where each kind of field is.
	for _, value := range values {
		for _, body := range []string{
			`{"product":%s}`, `{"count":%s}`, `{"unknown":%s}`, `{"unknown":{"a":[%s]}}`, `{"products":[%s]}`,
			`{"product":{"id":%s}}`, `{"product":{"handle":%s}}`, `{"product":{"metadata":%s}}`, `{"product":{"metadata":{"a":[%s]}}}`,
			`{"product":{"variants":[{"manage_inventory":%s}]}}`, `{"product":{"variants":[{"variant_rank":%s}]}}`,
			`{"product":{"variants":[{"prices":[{"amount":%[1]s,"min_quantity":%[1]s}]}]}}`, `{"product":{"variants":[{"prices":[{"rules":%s}]}]}}`,
			`{"product":{"variants":[{"inventory_items":[{"inventory":%s}]}]}}`, `{"inventory_items":[{"location_levels":[{"stocked_quantity":%s}]}]}`,
		} {
			sent := fmt.Appendf(nil, body, value)
			assertAsReference[productsSent](t, sent)
			assertAsReference[itemsSent](t, sent)
		}
	}
}

// wholeBodies are wrong, or odd, as a whole.
var wholeBodies = []string{
	``, ` `, `null`, `true`, `1`, `""`, `[]`, `{`, `}`, `{}`, " \t\r\n{} \t\r\n", `{}{}`, `{} x`, `{},`, `[{}]`, "{}\x00", "\x00{}",
	"\ufeff{}", "\u00a0{}", "{}\u00a0", "\f{}", "{}\v", "\u0085{}", "{\u2028}", `<html></html>`, `// {}`, `{"count":1/**/}`,
	`{"count" : 1 , "count" : 2}`, `{"COUNT":1}`, `{"Count":1,"count":2,"cOUNT":3}`, `{"coun\u0074":1}`, `{"co\unt":1}`, `{"count\u0000":1}`, `{"":1}`,
	"{\"product\u017f\":[]}", "{\"PRODUCT\u017f\":[]}", "{\"product\":{\"handle\":\"a\",\"\u212a\":1}}", "{\"\xff\":1}", "{\"a\nb\":1}",
	`{"product":{"id":"a","title":"b"},"product":{"id":"c"}}`, `{"product":{"id":"a"},"product":null}`,
	`{"products":[{"id":"a"},{"id":"b","title":"c"}],"products":[{"title":"d"}]}`, `{"products":[{"id":"a"}],"products":null}`, `{"products":[{"id":"a"}],"products":[]}`,
	`{"product":{"handle":"a","handle":null}}`, `{"product":{"metadata":{"a":1},"metadata":{"b":2}}}`,
	`{"product":{"variants":[{"prices":[{"rules":{"a":"b","a":"c"}}]}]}}`, `{"product":{"variants":[{"prices":[{"rules":{"a":"b"},"rules":{"c":"d"}}]}]}}`,
	`{"product":{"variants":[{"prices":[{"min_quantity":1,"min_quantity":null}]}]}}`,
	`{"product":{"variants":[{"inventory_items":[{"inventory":{"id":"a"},"inventory":{"sku":"b"}}]}]}}`,
	`{,}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,"a":1}`, `{"a":1 "b":2}`, `{"a":1;"b":2}`, `{a:1}`, `{'a':1}`, `{"a" 1}`, `{"a"::1}`, `{1:1}`, `{null:1}`, `{"a":1]`, `{"a":[1}`,
}

// deepBodies are at the depth that is still read, and beyond it.
var deepBodies = []string{
	`{"unknown":` + strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999) + `}`,
	`{"unknown":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
	`{"product":{"metadata":` + strings.Repeat(`{"a":`, 9_998) + `1` + strings.Repeat("}", 9_998) + `}}`,
	`{"product":{"metadata":` + strings.Repeat(`{"a":`, 9_999) + `1` + strings.Repeat("}", 9_999) + `}}`,
	`{"unknown":` + strings.Repeat("[", 100_000),
}

// values are wrong, or odd, where they stand.
var values = []string{
	`null`, `true`, `false`, `nul`, `nulll`, `nil`, `tru`, `truee`, `True`, `fals`, `falsy`, `undefined`, `NaN`, `Infinity`, `-Infinity`,
	`0`, `-0`, `1`, `-1`, `01`, `-01`, `00`, `1.`, `.5`, `-.5`, `-`, `+1`, `--1`, `1-1`, `1e`, `1e+`, `1e5`, `1E+5`, `1e-7`, `1e05`, `1e5e5`, `1e1.5`, `1.5.5`, `1.0`, `0x10`, `1_000`, `1,5`, `1n`,
	`1.2345678901234568e+22`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `-9223372036854775809`, `1e400`, `1e999999999`, `12345678901234567890.12345`,
	`""`, `"1"`, `"01"`, `" 1"`, `"1e5"`, `"-0"`, `"abc"`, `"null"`, `"true"`, `"\u0031"`, `"\"`, `"`, `"a`, `'a'`, `"a""b"`,
	`"\u00e9\/\b\f\n\r\t\"\\"`, `"\u00E9"`, `"\u00G9"`, `"\u00"`, `"\u"`, `"\x41"`, `"\a"`, `"\'"`, `"\0"`, `"\U0041"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ude00\ud83d"`, `"\ud83dx"`, `"\ud83d\n"`, `"\ud83d\u0041"`, `"\ud83d\ud83d\ude00"`, `"\u0000"`,
	"\"\x00\"", "\"\n\"", "\"\t\"", "\"\x1f\"", "\"\x7f\"", "\"\u2028\"", "\"\u0085\"", "\"\xff\"", "\"\xc3\"", "\"a\xc3\x28\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "\"\xc0\x80\"", "\"\ufffd\"", "\"🎁ñ\"",
	`{}`, `{ }`, `{"a":"b"}`, `{ "a" : "b" , "c" : null }`, `{"a":1}`, `{"a":"b",}`, `{"a"}`, `{a:"b"}`, `{"a":"\ud800"}`, "{\"\xff\":\"b\"}", `{"\ud800":"b"}`, `{1:"b"}`, `{`, `}`, `{]`, `{"id":"x"}`, `{"ID":"x"}`, `{"iD":1}`,
	`[]`, `[ ]`, `[null]`, `[1]`, `[1,2]`, `[1,]`, `[,1]`, `[1 2]`, `[[]`, `[}`, `]`, `[{}]`, `[{},{}]`, `[{}{}]`, `[""]`, `[01]`, `[nul]`, ``, ` `, `,`, `:`, `/**/1`, `1//`,
}

func TestDecodedAnswerStandsAlone(t *testing.T) {
	for _, body := range recorded(t, "*.json") {
		var want, got productsSent
		require.NoError(t, stdjson.Unmarshal(body, &want))
		sent := slices.Clone(body)
		require.NoError(t, decode(sent, &got))
		clear(sent)
		for range 3 { // what was read must not live in a buffer that the next answer is read with
			require.NoError(t, decode(bytes.ReplaceAll(body, []byte(`"`), []byte(` "`)), &productsSent{}))
		}
		require.Equal(t, want, got)
	}
}

func TestDecodeRefusesWhatIsNoObject(t *testing.T) {
	for _, body := range []string{``, ` `, `null`, `[]`, `"{}"`, `<html></html>`, "\ufeff{}"} {
		require.ErrorIs(t, decode([]byte(body), &productsSent{}), errNotAnObject, "%q", body)
	}
}

// BenchmarkDecode reads an answer of 20 kB: a product with 20 variants, two
// prices and two locations each.
func BenchmarkDecode(b *testing.B) {
	body := largeProduct(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var answer productsSent
		if err := decode(body, &answer); err != nil {
			b.Fatal(err)
		}
	}
}

func largeProduct(b *testing.B) []byte {
	b.Helper()
	blueDream := recorded(b, "blue-dream.json")[0]
	from, to := bytes.IndexByte(blueDream, '['), bytes.LastIndexByte(blueDream, ']')
	variants := bytes.Repeat(append(slices.Clone(blueDream[from+1:to]), ','), 5)
	return slices.Concat(blueDream[:from+1], bytes.TrimSuffix(variants, []byte(",")), blueDream[to:])
}
