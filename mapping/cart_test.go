package mapping

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCartsAreValidated(t *testing.T) {
	counted, scope := counted()
	type line = CartLine
	for name, test := range map[string]struct {
		lines []CartLine
		held  map[LevelID]Quantity
		wrong []string // "variant code available requested"
		from  []string
	}{
		"one line":                        {lines: []line{{"plain", q("15")}}, from: []string{"a", "b"}},
		"one too many":                    {lines: []line{{"plain", q("16")}}, wrong: []string{"plain INSUFFICIENT_STOCK 15 16"}},
		"what is hidden does not count":   {lines: []line{{"plain", q("1000")}}, wrong: []string{"plain INSUFFICIENT_STOCK 15 1000"}},
		"two lines of a variant":          {lines: []line{{"plain", q("8")}, {"plain", q("8")}}, wrong: []string{"plain INSUFFICIENT_STOCK 7 8", "plain INSUFFICIENT_STOCK 7 8"}},
		"two variants of an item":         {lines: []line{{"plain", q("10")}, {"six", q("1")}}, wrong: []string{"plain INSUFFICIENT_STOCK 9 10", "six INSUFFICIENT_STOCK 0 1"}},
		"two variants that fit":           {lines: []line{{"plain", q("9")}, {"six", q("1")}}, from: []string{"a", "b"}},
		"a kit":                           {lines: []line{{"kit", q("3")}}, from: []string{"a"}},
		"too many kits":                   {lines: []line{{"kit", q("4")}}, wrong: []string{"kit INSUFFICIENT_STOCK 3 4"}},
		"where one location has it all":   {lines: []line{{"plain", q("1")}, {"kit", q("1")}}, from: []string{"a"}},
		"unmanaged and backorder":         {lines: []line{{"advice", q("99")}, {"backorder", q("99")}, {"nowhere", q("1")}}, from: []string{"a", "b"}},
		"unknown":                         {lines: []line{{"nope", q("1")}, {"plain", q("1")}}, wrong: []string{"nope VARIANT_NOT_FOUND 0 1"}},
		"without its item":                {lines: []line{{"lost", q("1")}}, wrong: []string{"lost INVENTORY_ITEM_MISSING 0 1"}},
		"what is held for it":             {lines: []line{{"plain", q("20")}}, held: map[LevelID]Quantity{{"plain", "a"}: q("5")}, from: []string{"a"}},
		"what is held where it is hidden": {lines: []line{{"plain", q("16")}}, held: map[LevelID]Quantity{{"plain", "hidden"}: q("5")}, wrong: []string{"plain INSUFFICIENT_STOCK 15 16"}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := NewCartAnswer(CartQuery{Lines: test.lines}, counted, test.held, scope, English)
			wrong := []string{}
			for _, e := range answer.Errors {
				assert.NotEmpty(t, e.Message)
				wrong = append(wrong, e.VariantID+" "+e.Code+" "+e.AvailableQuantity.String()+" "+e.RequestedQuantity.String())
			}
			assert.Equal(t, append([]string{}, test.wrong...), wrong)
			assert.Equal(t, len(test.wrong) == 0, answer.IsValid)
			assert.Equal(t, append([]string{}, test.from...), answer.FulfillableFrom)
		})
	}
}

// A kit's items may come from different locations: Medusa reserves each at one.
func TestACartCanBeValidWithoutALocationThatHasItAll(t *testing.T) {
	counted := Counted{
		Items:    map[string]ItemCount{"x": countOf("x", "a 1 0"), "y": countOf("y", "b 1 0")},
		Variants: map[string]VariantLinks{"kit": {Managed: true, Links: linked("x 1", "y 1")}},
	}
	answer := NewCartAnswer(CartQuery{Lines: []CartLine{{"kit", q("1")}}}, counted, nil, Scope{"a": nil, "b": nil}, English)
	assert.Equal(t, CartAnswer{IsValid: true, Errors: []CartError{}, FulfillableFrom: []string{}}, answer)
}

// Of what Medusa cannot have made everybody can tell that there is none.
func TestAnImpossibleVariantIsUnknownAlsoWhileMedusaIsDown(t *testing.T) {
	counted := staleCount()
	counted.Impossible = map[string]bool{"no id": true}
	answer := NewCartAnswer(CartQuery{Lines: []CartLine{{"v", q("1")}, {"no id", q("1")}}}, counted, nil, Scope{"l": nil}, English)
	require.False(t, answer.IsValid)
	require.Len(t, answer.Errors, 1)
	require.Equal(t, "VARIANT_NOT_FOUND", answer.Errors[0].Code)
	require.Empty(t, answer.Message, "something nobody could tell")
}

// What a cart holds may be newer than what was counted.
func TestWhatACartHoldsCountsOnlyAsFarAsItWasCounted(t *testing.T) {
	counted := Counted{
		Items:    map[string]ItemCount{"x": countOf("x", "a 10 0")},
		Variants: map[string]VariantLinks{"plain": {Managed: true, Links: linked("x 1")}},
	}
	held := map[LevelID]Quantity{{"x", "a"}: q("6")}
	answer := NewCartAnswer(CartQuery{Lines: []CartLine{{"plain", q("12")}}}, counted, held, Scope{"a": nil}, English)
	require.False(t, answer.IsValid, "12 of 10 that there are")
	counted.Items["x"] = countOf("x", "a 10 8")
	answer = NewCartAnswer(CartQuery{Lines: []CartLine{{"plain", q("8")}}}, counted, held, Scope{"a": nil}, English)
	require.True(t, answer.IsValid, "its own 6 are in its way")
}

func TestCartErrorsSpeakLanguages(t *testing.T) {
	counted, scope := counted()
	answer := NewCartAnswer(CartQuery{Lines: []CartLine{{"plain", q("16")}, {"nope", q("1")}}}, counted, nil, scope, Spanish)
	require.Len(t, answer.Errors, 2)
	assert.Equal(t, "Stock insuficiente: 15 disponibles, 16 solicitadas", answer.Errors[0].Message)
	assert.Equal(t, "Variante no encontrada", answer.Errors[1].Message)
}
