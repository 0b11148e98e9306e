package mapping

import (
	"strconv"

	"github.com/cockroachdb/apd/v3"

	"github.com/cannahub/gateway/medusaclient"
)

// Quantity is an exact decimal number: units, grams or an amount of money. The
// zero value is 0. A Quantity is never changed, so it can be copied freely.
type Quantity struct {
	d apd.Decimal
}

const (
	// maxExponent is beyond what a number of Medusa's (a double) can reach.
	maxExponent = 400

	// plainDigits is up to how many digits a number is written without an
	// exponent, as JavaScript does.
	plainDigits = 21

	// gramDecimals: a shared item's grams can be a fraction without end.
	gramDecimals = 9
)

// exact computes without rounding and without a bound on the digits.
var exact = &apd.BaseContext

// QuantityOf is n as a quantity.
func QuantityOf(n int64) Quantity {
	var q Quantity
	q.d.SetInt64(n)
	return q
}

// ParseQuantity reads a decimal number with or without an exponent. It says no
// to anything else, and to what no double could hold.
func ParseQuantity(s string) (Quantity, bool) {
	if n, whole := wholeNumber(s); whole {
		return QuantityOf(n), true
	}
	var q Quantity
	if s == "" || !numeric(s) {
		return Quantity{}, false
	}
	if _, _, err := q.d.SetString(s); err != nil || q.d.Form != apd.Finite {
		return Quantity{}, false
	}
	if q.d.IsZero() {
		return Quantity{}, true // neither -0 nor 0e9
	}
	if size := int64(q.d.Exponent) + q.d.NumDigits(); size > maxExponent || q.d.Exponent < -maxExponent {
		return Quantity{}, false
	}
	return q, true
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

// read is a number of Medusa's; null counts as 0.
func read(n medusaclient.Number) Quantity {
	q, _ := ParseQuantity(string(n))
	return q
}

// Add returns q + other.
func (q Quantity) Add(other Quantity) Quantity {
	var sum Quantity
	_, _ = exact.Add(&sum.d, &q.d, &other.d)
	return sum
}

// Sub returns q - other.
func (q Quantity) Sub(other Quantity) Quantity {
	var difference Quantity
	_, _ = exact.Sub(&difference.d, &q.d, &other.d)
	return difference
}

// Mul returns q × other.
func (q Quantity) Mul(other Quantity) Quantity {
	var product Quantity
	_, _ = exact.Mul(&product.d, &q.d, &other.d)
	return product
}

// Cmp is negative, 0 or positive as q is less than, equal to or more than other.
func (q Quantity) Cmp(other Quantity) int { return q.d.Cmp(&other.d) }

// Sign is -1, 0 or 1.
func (q Quantity) Sign() int { return q.d.Sign() }

// wholes returns how many whole times divisor, which is positive, goes into q,
// rounded down also below zero.
func (q Quantity) wholes(divisor Quantity) Quantity {
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
	var numerator, denominator apd.BigInt
	numerator.Set(&q.d.Coeff)
	denominator.Set(&divisor.d.Coeff)
	if q.d.Negative {
		numerator.Neg(&numerator)
	}
	shift := q.d.Exponent - divisor.d.Exponent + decimals
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
	var result Quantity
	result.d.Negative = quotient.Sign() < 0
	result.d.Coeff.Abs(&quotient)
	result.d.Exponent = -decimals
	return result
}

func powerOfTen(n int32) *apd.BigInt {
	return new(apd.BigInt).Exp(apd.NewBigInt(10), apd.NewBigInt(int64(n)), nil)
}

// String writes q as JSON does.
func (q Quantity) String() string {
	return string(q.append(nil))
}

// MarshalJSON writes q as a JSON number, without needless zeros.
func (q Quantity) MarshalJSON() ([]byte, error) {
	return q.append(make([]byte, 0, 16)), nil
}

func (q Quantity) append(to []byte) []byte {
	if q.d.Sign() == 0 {
		return append(to, '0')
	}
	if q.d.Exponent == 0 && q.d.Coeff.IsInt64() { // almost always, and quicker
		if q.d.Negative {
			to = append(to, '-')
		}
		return strconv.AppendInt(to, q.d.Coeff.Int64(), 10)
	}
	d := q.reduced()
	if size := d.NumDigits() + int64(max(d.Exponent, 0)); size > plainDigits || d.Exponent < -plainDigits {
		return d.Append(to, 'E')
	}
	return d.Append(to, 'f')
}

// reduced is q without zeros at the end of its digits. It never works on a
// copy of q.d: copies of large numbers share their digits.
func (q Quantity) reduced() *apd.Decimal {
	var d apd.Decimal
	d.Reduce(&q.d)
	return &d
}
