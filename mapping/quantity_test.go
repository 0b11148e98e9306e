package mapping

import (
	stdjson "encoding/json"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestQuantityIsWrittenAsItWasMeant(t *testing.T) {
	for sent, written := range map[string]string{
		"0": "0", "-0": "0", "0.0": "0", "-0.000": "0", "0e9": "0", "-0E-9": "0", "0e400": "0",
		"7": "7", "007": "7", "+7": "7", "-450": "-450", "7.0": "7", "7.50": "7.5", "100": "100", "1000000": "1000000",
		"3.5": "3.5", "-0.125": "-0.125", ".5": "0.5", "0.001": "0.001", "-0.001": "-0.001",
		"123456789012345": "123456789012345", "123456789012.345": "123456789012.345", "0.123456789012345": "0.123456789012345",
		"999999999999999999": "999999999999999999", "1000000000000000000": "1000000000000000000", "18446744073709551616": "18446744073709551616",
		"1e3": "1000", "1E3": "1000", "1e+3": "1000", "12.5e1": "125", "1.5e-3": "0.0015", "1e0": "1",
		"1e-7": "0.0000001", "1.5e-7": "0.00000015",
		"1e20": "100000000000000000000", "123456789012345678901": "123456789012345678901",
		"1e21": "1E+21", "1e22": "1E+22", "1234567890123456789012": "1.234567890123456789012E+21",
		"1.2345678901234568e+22": "1.2345678901234568E+22", "-1.5e300": "-1.5E+300", "5e-324": "5E-324", "1.7976931348623157e308": "1.7976931348623157E+308",
		"1e-21": "0.000000000000000000001", "1e-22": "1E-22",
	} {
		t.Run(sent, func(t *testing.T) {
			quantity, valid := ParseQuantity(sent)
			require.True(t, valid, "refused")
			assert.Equal(t, written, quantity.String())
			assert.Equal(t, []byte(written), marshal(t, quantity), "as JSON")
		})
	}
}

func TestNoQuantity(t *testing.T) {
	for _, text := range []string{
		"", " ", "1 ", " 1", "-", "+", ".", "e", "e5", "1e", "1e+", "--1", "+-1", "1-1", "1.2.3", "1e5e5", "1e1.5", "1,5",
		"NaN", "nan", "sNaN", "Infinity", "-Infinity", "inf", "1_000", "0x10", "0b1", "1f", "1/2", "½", "٣", "siete", "null", "true", `"1"`,
		"1e400", "-1e400", "1e-401", "1e999999999", "1e-999999999", "1e99999999999999999999", "1e-99999999999999999999",
		strings.Repeat("9", 401), "0." + strings.Repeat("0", 400) + "1",
	} {
		quantity, valid := ParseQuantity(text)
		assert.False(t, valid, "%q was read as %s", text, quantity)
		assert.Equal(t, "0", quantity.String(), "what is no quantity counts as 0: %q", text)
	}
}

func TestQuantityComputesWithoutRounding(t *testing.T) {
	assert.Equal(t, "0.3", q("0.1").Mul(q("3")).String())
	assert.Equal(t, "0.3", q("0.1").Add(q("0.2")).String())
	assert.Equal(t, "0", q("0.5").Sub(q("0.5")).String())
	assert.Equal(t, "0", q("-0.5").Add(q("0.5")).String())
	assert.Equal(t, "0", q("-3").Mul(q("0")).String())
	assert.Equal(t, "-1", q("3").Sub(q("4")).String())
	assert.Equal(t, "123456789012346.001", q("123456789012345").Add(q("1.001")).String())
	assert.Equal(t, "123458023580235.12345", q("123456789012.345").Mul(q("1000.01")).String())
	assert.Equal(t, "0", Quantity{}.String(), "the zero value")
	assert.Equal(t, "-9223372036854775808", QuantityOf(-9223372036854775808).String())
}

func TestQuantityDivides(t *testing.T) {
	for _, division := range []struct{ quantity, divisor, wholes, grams string }{
		{"50", "6", "8", "8.333333333"},
		{"48", "6", "8", "8"},
		{"5", "6", "0", "0.833333333"},
		{"0", "6", "0", "0"},
		{"-1", "6", "-1", "-0.166666667"},
		{"-12", "6", "-2", "-2"},
		{"2", "3", "0", "0.666666667"},
		{"1.2", "0.4", "3", "3"},
		{"1", "0.5", "2", "2"},
		{"-1", "0.4", "-3", "-2.5"},
		{"1e22", "3", "3.333333333333333333333E+21", "3.333333333333333333333333333333E+21"},
		{"1", "3e-7", "3333333", "3333333.333333333"},
		{"0.0000000005", "1", "0", "0.000000001"},
		{"-0.0000000005", "1", "-1", "-0.000000001"},
		{"0.00000000049", "1", "0", "0"},
		{"-0.00000000049", "1", "-1", "0"},
		{"1e300", "1e-100", "1E+400", "1E+400"},
	} {
		assert.Equal(t, division.wholes, q(division.quantity).Wholes(q(division.divisor)).String(), "whole times of %s in %s", division.divisor, division.quantity)
		assert.Equal(t, division.grams, q(division.quantity).grams(q(division.divisor)).String(), "%s ÷ %s", division.quantity, division.divisor)
	}
}

// Copies of a large number share its digits, so that working on one in place
// would change the others.
func TestQuantityIsNeverChanged(t *testing.T) {
	const digits = "1.234567890123456789012345678901234567890123456789012345E+90"
	large, divisor := q(digits), q(strings.Repeat("3", 50))
	for range 2 {
		_ = marshal(t, large)
		_ = large.FitsMedusa()
		for _, size := range []Quantity{large, large.Mul(q("-1")), large.Add(large), large.Sub(divisor)} {
			_, _ = size.Wholes(divisor), size.grams(divisor)
			_, _ = divisor.Wholes(large), divisor.grams(large)
			_ = size.Cmp(divisor)
		}
		assert.Equal(t, digits, large.String())
		assert.Equal(t, "3.3333333333333333333333333333333333333333333333333E+49", divisor.String())
	}
}

// decimals draws numbers as Medusa writes them, those of its largest and
// smallest doubles too.
func decimals() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,6})`),
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,8})\.[0-9]{1,6}`),
		rapid.StringMatching(`-?[1-9][0-9]{14,24}`),
		rapid.StringMatching(`-?[1-9](\.[0-9]{1,16})?e([+-]?[0-9]{1,2}|[+-][12][0-9]{2})`),
	)
}

func rat(t rapid.TB, q Quantity) *big.Rat {
	t.Helper()
	exactly, valid := new(big.Rat).SetString(q.String())
	require.True(t, valid, "%s is no number", q)
	return exactly
}

func TestQuantityIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := [2]string{decimals().Draw(t, "a"), decimals().Draw(t, "b")}
		var quantities [2]Quantity
		var exactly [2]*big.Rat
		for i, text := range texts {
			quantity, valid := ParseQuantity(text)
			require.True(t, valid, "%s was refused", text)
			quantities[i], exactly[i] = quantity, rat(t, quantity)
			want, _ := new(big.Rat).SetString(text)
			require.Zero(t, want.Cmp(exactly[i]), "%s was read as %s", text, quantity)
		}
		a, b := quantities[0], quantities[1]
		x, y := exactly[0], exactly[1]
		assert.Zero(t, new(big.Rat).Add(x, y).Cmp(rat(t, a.Add(b))), "%s + %s = %s", a, b, a.Add(b))
		assert.Zero(t, new(big.Rat).Sub(x, y).Cmp(rat(t, a.Sub(b))), "%s - %s = %s", a, b, a.Sub(b))
		assert.Zero(t, new(big.Rat).Mul(x, y).Cmp(rat(t, a.Mul(b))), "%s × %s = %s", a, b, a.Mul(b))
		assert.Equal(t, x.Cmp(y), a.Cmp(b), "%s compared to %s", a, b)
		assert.Equal(t, x.Sign(), a.Sign(), "sign of %s", a)
		if y.Sign() > 0 {
			assert.Zero(t, floored(new(big.Rat).Quo(x, y)).Cmp(rat(t, a.Wholes(b))), "whole times of %s in %s: %s", b, a, a.Wholes(b))
			assert.Zero(t, toNineDecimals(new(big.Rat).Quo(x, y)).Cmp(rat(t, a.grams(b))), "%s ÷ %s = %s", a, b, a.grams(b))
		}
		assert.Zero(t, x.Cmp(rat(t, a)), "%s was changed by computing with it", texts[0])
		assert.Zero(t, y.Cmp(rat(t, b)), "%s was changed by computing with it", texts[1])
	})
}

func TestQuantitySurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := q(decimals().Draw(t, "a")), q(decimals().Draw(t, "b"))
		for _, quantity := range []Quantity{a, b, a.Add(b), a.Sub(b), a.Mul(b)} {
			written, err := quantity.MarshalJSON()
			require.NoError(t, err)
			require.True(t, stdjson.Valid(written), "%s is not JSON", written)
			again, valid := new(big.Rat).SetString(string(written))
			require.True(t, valid)
			assert.Zero(t, rat(t, quantity).Cmp(again), "%s became %s", quantity, again)
			assert.False(t, len(written) > 1 && strings.HasPrefix(string(written), "-0") && quantity.Sign() == 0, "0 has no sign")
			mantissa, _, exponent := strings.Cut(string(written), "E")
			if strings.Contains(mantissa, ".") {
				assert.NotEqual(t, "0", mantissa[len(mantissa)-1:], "needless zeros in %s", written)
			}
			if size := rat(t, quantity); size.IsInt() && size.Num().BitLen() <= 69 {
				assert.False(t, exponent, "%s has at most 21 digits and is written plainly", written)
			}
		}
	})
}

// floored is the largest whole number that is not above r.
func floored(r *big.Rat) *big.Rat {
	whole := new(big.Int).Div(r.Num(), r.Denom())
	return new(big.Rat).SetInt(whole)
}

// toNineDecimals rounds half away from zero.
func toNineDecimals(r *big.Rat) *big.Rat {
	billion := big.NewRat(1_000_000_000, 1)
	scaled := new(big.Rat).Mul(new(big.Rat).Abs(r), billion)
	rounded := floored(scaled.Add(scaled, big.NewRat(1, 2)))
	if r.Sign() < 0 {
		rounded.Neg(rounded)
	}
	return rounded.Quo(rounded, billion)
}

func FuzzParseQuantity(f *testing.F) {
	for _, text := range []string{"0", "-0", "12.50", "1e-7", "1.2345678901234568e+22", "1e400", "1e999999999", "NaN", "_", "0x1p-2", "+.5", "5."} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quantity, valid := ParseQuantity(text)
		if !valid {
			size, err := strconv.ParseFloat(text, 64)
			sendable := err == nil && size != 0 && len(text) <= 30 && stdjson.Valid([]byte(text)) && !strings.ContainsAny(text, " \t\r\n")
			assert.False(t, sendable, "%q, which Medusa could send, was refused", text)
			return
		}
		exactly, known := new(big.Rat).SetString(text)
		require.True(t, known, "%q was read as %s", text, quantity)
		written := marshal(t, quantity)
		again, valid := ParseQuantity(string(written))
		require.True(t, valid, "%q was written as %s, which is refused", text, written)
		assert.Zero(t, exactly.Cmp(rat(t, quantity)), "%q was read as %s", text, quantity)
		assert.Zero(t, again.Cmp(quantity), "%q was written as %s", text, written)
	})
}

func TestQuantityForMedusa(t *testing.T) {
	for text, fits := range map[string]bool{
		"0": true, "-450": true, "0.001": true, "-0.001": true, "0.0010": true, "999999999999999": true, "-999999999999.999": true, "1e14": true,
		"0.0001": false, "1e15": false, "1000000000000000": false, "123456789012.3456": false, "1234567890123.456": false, "1e22": false, "1e-4": false,
	} {
		assert.Equal(t, fits, q(text).FitsMedusa(), text)
		assert.Equal(t, q(text), ReadQuantity(q(text).Number()), "%s is sent and read", text)
	}
	assert.Equal(t, "1000", string(q("1e3").Number()))
	assert.Equal(t, "-0.125", string(q("-0.1250").Number()))
	assert.Equal(t, QuantityOf(0), ReadQuantity(""), "null counts as 0")
	assert.Equal(t, "0.3", string(q("0.1").Add(q("0.2")).Number()))
}
