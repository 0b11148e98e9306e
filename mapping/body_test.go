package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidJSON(t *testing.T) {
	for _, body := range []string{`{}`, " \r\n\t{} \n", `[]`, `null`, `1e309`, `"ñ\ud83c\udf3f"`, `{"a":{"a":[1,-0.5e+3,true,false,null,""]}}`, strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)} {
		assert.True(t, ValidJSON([]byte(body)), "%.60s", body)
	}
	for _, body := range []string{
		``, ` `, `{`, `{}}`, `{} {}`, `{},`, `{"a":NaN}`, `{"a":Infinity}`, `{"a":+1}`, `{"a":01}`, `{"a":.5}`, `{"a":5.}`, `{"a":1e}`, `{"a":0x1}`,
		`{"a":1,}`, `[1,]`, `{'a':1}`, `{a:1}`, `{"a" 1}`, `{"a":tru}`, "{\"a\":\"\n\"}", `{"a":"\x"}`, `{"a":"\u12"}`, `{"a":"` + "\xff" + `"}`,
		"\ufeff{}", "{}\x00", "\x00", `{/**/}`, "{} // a", strings.Repeat("[", 1<<20), strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
	} {
		assert.False(t, ValidJSON([]byte(body)), "%.60s", body)
	}
}

// readAny reads a body that has one field of each kind.
func readAny(t *testing.T, body string) (read map[string]any, faults []string) {
	t.Helper()
	require.True(t, ValidJSON([]byte(body)), "%.200s", body)
	read, found := readBody([]byte(body), []string{"text", "id", "flag", "number", "quantity", "adjustment"}, func(o *object) map[string]any {
		return map[string]any{
			"text": o.text("text"), "id": o.id("id"), "flag": o.boolean("flag", true),
			"number": o.number("number"), "quantity": o.quantity("quantity"), "adjustment": o.adjustment("adjustment"),
		}
	})
	for _, fault := range found {
		assertSaid(t, fault)
	}
	return read, said(found)
}

// assertSaid checks that a fault says what it wants to in every language.
func assertSaid(t *testing.T, fault Fault) {
	t.Helper()
	sentence, known := sentences[fault.Code]
	require.True(t, known, "%s has no sentence", fault.Code)
	for language := range Language(languages) {
		assert.Len(t, verbs.FindAllString(sentence[language], -1), len(fault.Args), "the arguments of %s in %s", fault.Code, language)
		assert.NotContains(t, fault.Message().In(language), "%!", "the arguments of %s in %s", fault.Code, language)
	}
}

func TestBodyFields(t *testing.T) {
	absent := map[string]any{"text": "", "id": "", "flag": true, "number": (*Quantity)(nil), "quantity": (*Quantity)(nil), "adjustment": (*Quantity)(nil)}
	for _, body := range []string{`{}`, " {\n} ", `{"text":null,"id":null,"flag":null,"number":null,"quantity":null,"adjustment":null}`} {
		read, faults := readAny(t, body)
		assert.Empty(t, faults, body)
		assert.Equal(t, absent, read, "null says nothing: %s", body)
	}
	for body, want := range map[string]any{
		`{"text":"50% _\\ ,\u00f3 \ud83c\udf3f \"x\" \/"}`: `50% _\ ,ó 🌿 "x" /`,
		`{"text":" "}`: " ",
		`{"text":"` + strings.Repeat("ñ", 200) + `"}`:      strings.Repeat("ñ", 200),
		`{"text":"` + strings.Repeat(`\u00f1`, 200) + `"}`: strings.Repeat("ñ", 200),
		`{"id":"iitem_01HQ BD/7G"}`:                        "iitem_01HQ BD/7G",
		`{"\u0069d":"a"}`:                                  "a",
		`{"flag":false}`:                                   false,
		`{"flag":true}`:                                    true,
		`{"number":-5}`:                                    q("-5"),
		`{"number":0}`:                                     q("0"),
		`{"number":-0}`:                                    q("0"),
		`{"number":-0.125}`:                                q("-0.125"),
		`{"number":0.1}`:                                   q("0.1"),
		`{"number":1e3}`:                                   q("1000"),
		`{"number":1E+3}`:                                  q("1000"),
		`{"number":1.5e-2}`:                                q("0.015"),
		`{"number":1.000000000000000000000000}`:            q("1"),
		`{"number":123456789012345}`:                       q("123456789012345"),
		`{"number":-123456789012.345}`:                     q("-123456789012.345"),
		`{"number":1e14}`:                                  q("100000000000000"),
		`{"quantity":0}`:                                   q("0"),
		`{"quantity":-0.0}`:                                q("0"),
		`{"quantity":0.001}`:                               q("0.001"),
		`{"quantity":999999999999999}`:                     q("999999999999999"),
		`{"adjustment":-0.001}`:                            q("-0.001"),
		`{"adjustment":12.5}`:                              q("12.5"),
		`{"adjustment":  7  , "flag" : true }`:             q("7"),
	} {
		read, faults := readAny(t, body)
		assert.Empty(t, faults, "%.60s", body)
		name := strings.ReplaceAll(body[2:strings.Index(body, `":`)], `\u0069`, "i")
		if quantity, isQuantity := read[name].(*Quantity); isQuantity {
			require.NotNil(t, quantity, "%.60s", body)
			assert.Equal(t, want, *quantity, "%.60s", body)
			continue
		}
		assert.Equal(t, want, read[name], "%.60s", body)
	}
}

func TestBodyNamesEveryFault(t *testing.T) {
	for body, faults := range map[string][]string{
		`[]`:             {" NOT_AN_OBJECT"},
		`null`:           {" NOT_AN_OBJECT"},
		`"{}"`:           {" NOT_AN_OBJECT"},
		`5`:              {" NOT_AN_OBJECT"},
		` true `:         {" NOT_AN_OBJECT"},
		`[{"text":"a"}]`: {" NOT_AN_OBJECT"},

		`{"txt":"a"}`:                            {"/txt UNKNOWN_FIELD"},
		`{"Text":"a"}`:                           {"/Text UNKNOWN_FIELD"},
		`{"":null}`:                              {"/ UNKNOWN_FIELD"},
		`{"a/b~c":{"text":"a"}}`:                 {"/a~1b~0c UNKNOWN_FIELD"},
		`{"~1":[]}`:                              {"/~01 UNKNOWN_FIELD"},
		`{"b":1,"a":2,"b":3}`:                    {"/b UNKNOWN_FIELD", "/a UNKNOWN_FIELD", "/b UNKNOWN_FIELD"},
		`{"text":"a","text":"a"}`:                {"/text REPEATED"},
		`{"text":null,"text":"a"}`:               {"/text REPEATED"},
		`{"flag":true,"fl\u0061g":false}`:        {"/flag REPEATED"},
		`{"` + strings.Repeat("ñ", 201) + `":1}`: {"/" + strings.Repeat("ñ", 200) + "… UNKNOWN_FIELD"},
		`{"` + strings.Repeat("ñ", 200) + `":1}`: {"/" + strings.Repeat("ñ", 200) + " UNKNOWN_FIELD"},

		`{"text":5}`:                         {"/text NOT_TEXT"},
		`{"text":true}`:                      {"/text NOT_TEXT"},
		`{"text":["a"]}`:                     {"/text NOT_TEXT"},
		`{"text":{"text":"a"}}`:              {"/text NOT_TEXT"},
		`{"text":""}`:                        {"/text EMPTY"},
		`{"text":"` + letters(201) + `"}`:    {"/text TOO_LONG"},
		`{"text":"` + letters(20_000) + `"}`: {"/text TOO_LONG"},
		`{"text":"a\u0000b"}`:                {"/text INVALID_CHARACTERS"},
		`{"text":"a\nb"}`:                    {"/text INVALID_CHARACTERS"},
		`{"text":"\u007f"}`:                  {"/text INVALID_CHARACTERS"},
		`{"text":"\u0085"}`:                  {"/text INVALID_CHARACTERS"},
		`{"text":"\ud83c"}`:                  {"/text INVALID_CHARACTERS"},
		`{"text":"\udf3f\ud83c"}`:            {"/text INVALID_CHARACTERS"},
		`{"text":"\ufffd"}`:                  {"/text INVALID_CHARACTERS"},
		`{"id":"a,b"}`:                       {"/id INVALID_CHARACTERS"},
		`{"id":"a\u002cb"}`:                  {"/id INVALID_CHARACTERS"},
		`{"id":7}`:                           {"/id NOT_TEXT"},
		`{"id":""}`:                          {"/id EMPTY"},
		`{"flag":"true"}`:                    {"/flag NOT_A_BOOLEAN"},
		`{"flag":1}`:                         {"/flag NOT_A_BOOLEAN"},
		`{"flag":0}`:                         {"/flag NOT_A_BOOLEAN"},
		`{"flag":{}}`:                        {"/flag NOT_A_BOOLEAN"},
		`{"number":"5"}`:                     {"/number NOT_A_NUMBER"},
		`{"number":true}`:                    {"/number NOT_A_NUMBER"},
		`{"number":[5]}`:                     {"/number NOT_A_NUMBER"},
		`{"number":{"value":"5"}}`:           {"/number NOT_A_NUMBER"},
		`{"number":1e309}`:                   {"/number NOT_A_NUMBER"},
		`{"number":-1e309}`:                  {"/number NOT_A_NUMBER"},
		`{"number":1e99999999999999999999}`:  {"/number NOT_A_NUMBER"},
		`{"number":1e-99999999999999999999}`: {"/number NOT_A_NUMBER"},
		`{"number":0.0001}`:                  {"/number NOT_A_NUMBER"},
		`{"number":1e-4}`:                    {"/number NOT_A_NUMBER"},
		`{"number":1234567890123456}`:        {"/number NOT_A_NUMBER"},
		`{"number":-1234567890123.456}`:      {"/number NOT_A_NUMBER"},
		`{"number":1e15}`:                    {"/number NOT_A_NUMBER"},
		`{"number":1` + strings.Repeat("0", 1<<20) + `}`: {"/number NOT_A_NUMBER"},
		`{"quantity":"5"}`:                {"/quantity NOT_A_QUANTITY"},
		`{"quantity":-1}`:                 {"/quantity NOT_A_QUANTITY"},
		`{"quantity":-0.001}`:             {"/quantity NOT_A_QUANTITY"},
		`{"quantity":0.0001}`:             {"/quantity NOT_A_QUANTITY"},
		`{"adjustment":0}`:                {"/adjustment NOT_AN_ADJUSTMENT"},
		`{"adjustment":-0.0}`:             {"/adjustment NOT_AN_ADJUSTMENT"},
		`{"adjustment":0e5}`:              {"/adjustment NOT_AN_ADJUSTMENT"},
		`{"adjustment":"-5"}`:             {"/adjustment NOT_AN_ADJUSTMENT"},
		`{"adjustment":1234567890123456}`: {"/adjustment NOT_AN_ADJUSTMENT"},

		`{"x":1,"text":5,"id":"","flag":"","number":"","quantity":-1,"adjustment":0}`: {
			"/x UNKNOWN_FIELD", "/text NOT_TEXT", "/id EMPTY", "/flag NOT_A_BOOLEAN", "/number NOT_A_NUMBER", "/quantity NOT_A_QUANTITY", "/adjustment NOT_AN_ADJUSTMENT",
		},
	} {
		_, found := readAny(t, body)
		assert.Equal(t, faults, found, "in %.80s", body)
	}
}

func TestBodyStopsAtTwentyFaults(t *testing.T) {
	var body strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&body, `"%d":0,`, i)
	}
	_, faults := readAny(t, `{`+strings.TrimSuffix(body.String(), ",")+`}`)
	require.Len(t, faults, 20)
	assert.Equal(t, "/19 UNKNOWN_FIELD", faults[19])
}

func TestBodyFaultsSayWhatWouldDo(t *testing.T) {
	_, faults := ParseLevelUpdate([]byte(`{"inventoryItemId":"iitem_a","quantity":5}`))
	var told []string
	for _, fault := range faults {
		assertSaid(t, fault)
		told = append(told, fault.Message().In(English))
	}
	assert.Equal(t, []string{
		`There is no field "quantity" here; known are inventoryItemId, locationId, stockedQuantity, incomingQuantity, expectedQuantity, reason, reference, sourceHarvestId.`,
		"Is needed.",
		"At least one of these is needed: stockedQuantity, incomingQuantity.",
	}, told)
}
