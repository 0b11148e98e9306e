package mapping

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/cockroachdb/apd/v3"

	"github.com/cannahub/gateway/medusaclient"
)

// Quantity is an exact decimal number: units, grams or an amount of money. The
// zero value is 0. A Quantity is never changed, so it can be copied freely, and
// equal numbers are equal values.
type Quantity struct {
	// whole is the number, as almost always, when big is nil.
	whole int64
	// big is any other number, without zeros at the end of its digits. What it
	// points to is never changed.
	big *apd.Decimal
}

const (
	// maxExponent is beyond what a number of Medusa's (a double) can reach.
	maxExponent = 400

	// plainDigits is up to how many digits a number is written without an
	// exponent, as JavaScript does.
	plainDigits = 21

	// gramDecimals: a shared item's grams can be a fraction without end.
	gramDecimals = 9

	maxDigits   = 15 // beyond them Medusa's own JSON loses digits
	maxDecimals = 3  // Medusa reads 0.0001 back as 0
)

// exact computes without rounding and without a bound on the digits.
var exact = &apd.BaseContext

// QuantityOf is n as a quantity.
func QuantityOf(n int64) Quantity { return Quantity{whole: n} }

// quantityOf takes over d, which nobody else has.
func quantityOf(d *apd.Decimal) Quantity {
	d.Reduce(d)
	if d.Exponent >= 0 {
		if n, err := d.Int64(); err == nil {
			return Quantity{whole: n}
		}
	}
	return Quantity{big: d}
}

// decimal is q for the operations that whole numbers are not enough for.
func (q Quantity) decimal() *apd.Decimal {
	if q.big != nil {
		return q.big
	}
	return apd.New(q.whole, 0)
}

// ParseQuantity reads a decimal number with or without an exponent. It says no
// to anything else, and to what no double could hold.
func ParseQuantity(s string) (Quantity, bool) {
	if n, whole := wholeNumber(s); whole {
		return QuantityOf(n), true
	}
	if s == "" || !numeric(s) {
		return Quantity{}, false
	}
	d, _, err := new(apd.Decimal).SetString(s)
	if err != nil || d.Form != apd.Finite {
		return Quantity{}, false
	}
	if d.IsZero() {
		return Quantity{}, true // neither -0 nor 0e9
	}
	if size := int64(d.Exponent) + d.NumDigits(); size > maxExponent || d.Exponent < -maxExponent {
		return Quantity{}, false
	}
	return quantityOf(d), true
}

// wholeNumber reads what quantities almost always are, and quickly: a few
// digits.
func wholeNumber(s string) (n int64, whole bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// numeric keeps out what apd would take beyond numbers: Infinity, NaN, "_".
func numeric(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return false
		}
	}
	return true
}

// ReadQuantity is a number of Medusa's; null counts as 0.
func ReadQuantity(n medusaclient.Number) Quantity {
	q, _ := ParseQuantity(string(n))
	return q
}

// Add returns q + other.
func (q Quantity) Add(other Quantity) Quantity {
	sum := q.whole + other.whole
	overflows := (sum > q.whole) != (other.whole > 0)
	if q.big == nil && other.big == nil && (!overflows || other.whole == 0) {
		return Quantity{whole: sum}
	}
	d := new(apd.Decimal)
	_, _ = exact.Add(d, q.decimal(), other.decimal())
	return quantityOf(d)
}

// Sub returns q - other.
func (q Quantity) Sub(other Quantity) Quantity { return q.Add(other.negative()) }

func (q Quantity) negative() Quantity {
	if q.big == nil && q.whole != math.MinInt64 {
		return Quantity{whole: -q.whole}
	}
	return quantityOf(new(apd.Decimal).Neg(q.decimal()))
}

// Abs returns q without its sign.
func (q Quantity) Abs() Quantity {
	if q.Sign() < 0 {
		return q.negative()
	}
	return q
}

// Mul returns q × other.
func (q Quantity) Mul(other Quantity) Quantity {
	if q.small() && other.small() {
		return Quantity{whole: q.whole * other.whole}
	}
	d := new(apd.Decimal)
	_, _ = exact.Mul(d, q.decimal(), other.decimal())
	return quantityOf(d)
}

// small says whether q times another small number is a whole number that fits.
func (q Quantity) small() bool {
	return q.big == nil && q.whole == int64(int32(q.whole))
}

// Cmp is negative, 0 or positive as q is less than, equal to or more than other.
func (q Quantity) Cmp(other Quantity) int {
	if q.big == nil && other.big == nil {
		return cmp.Compare(q.whole, other.whole)
	}
	return q.decimal().Cmp(other.decimal())
}

// Sign is -1, 0 or 1.
func (q Quantity) Sign() int {
	if q.big == nil {
		return cmp.Compare(q.whole, 0)
	}
	return q.big.Sign()
}

// Wholes returns how many whole times divisor, which is positive, goes into q,
// rounded down also below zero.
func (q Quantity) Wholes(divisor Quantity) Quantity {
	return q.divide(divisor, 0, false)
}

// grams returns q ÷ divisor, which is positive, to 9 decimals, half away from
// zero.
func (q Quantity) grams(divisor Quantity) Quantity {
	return q.divide(divisor, gramDecimals, true)
}

// divide returns q ÷ divisor with so many decimals. Both are brought to whole
// numbers first, so nothing is lost before the one division.
func (q Quantity) divide(divisor Quantity, decimals int32, round bool) Quantity {
	from, by := q.decimal(), divisor.decimal()
	var numerator, denominator apd.BigInt
	numerator.Set(&from.Coeff)
	denominator.Set(&by.Coeff)
	if from.Negative {
		numerator.Neg(&numerator)
	}
	shift := from.Exponent - by.Exponent + decimals
	if shift >= 0 {
		numerator.Mul(&numerator, powerOfTen(shift))
	} else {
		denominator.Mul(&denominator, powerOfTen(-shift))
	}
	if round {
		half := new(apd.BigInt).Quo(&denominator, apd.NewBigInt(2))
		if numerator.Sign() < 0 {
			half.Neg(half)
		}
		numerator.Add(&numerator, half)
	}
	var quotient apd.BigInt
	if round {
		quotient.Quo(&numerator, &denominator)
	} else {
		quotient.Div(&numerator, &denominator)
	}
	result := &apd.Decimal{Negative: quotient.Sign() < 0, Exponent: -decimals}
	result.Coeff.Abs(&quotient)
	return quantityOf(result)
}

func powerOfTen(n int32) *apd.BigInt {
	return new(apd.BigInt).Exp(apd.NewBigInt(10), apd.NewBigInt(int64(n)), nil)
}

// FitsMedusa says whether Medusa keeps every digit of q.
func (q Quantity) FitsMedusa() bool {
	d := q.decimal()
	return -d.Exponent <= maxDecimals && d.NumDigits()+int64(max(d.Exponent, 0)) <= maxDigits
}

// Number is q as Medusa reads it, exactly so when it FitsMedusa.
func (q Quantity) Number() medusaclient.Number { return medusaclient.Number(q.String()) }

// String writes q as JSON does.
func (q Quantity) String() string {
	return string(q.append(nil))
}

// MarshalJSON writes q as a JSON number, without needless zeros.
func (q Quantity) MarshalJSON() ([]byte, error) {
	return q.append(make([]byte, 0, 16)), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (q *Quantity) UnmarshalJSON(text []byte) error {
	read, ok := ParseQuantity(string(text))
	if !ok {
		return fmt.Errorf("%q is no quantity", text)
	}
	*q = read
	return nil
}

func (q Quantity) append(to []byte) []byte {
	if q.big == nil {
		return strconv.AppendInt(to, q.whole, 10)
	}
	if size := q.big.NumDigits() + int64(max(q.big.Exponent, 0)); size > plainDigits || q.big.Exponent < -plainDigits {
		return q.big.Append(to, 'E')
	}
	return q.big.Append(to, 'f')
}
