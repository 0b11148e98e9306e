package stock

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// unitOf is that of a variant that takes so much of its item.
func unitOf(t require.TestingT, required string) mapping.Unit {
	unit, valid := mapping.VariantUnit(nil, medusaclient.Number(required))
	require.True(t, valid)
	return unit
}

func TestDecide(t *testing.T) {
	stock := func(stocked, reserved string) view {
		return view{exists: true, stocked: quantity(stocked), reserved: quantity(reserved)}
	}
	adjustBy := func(by string) Change { return Change{Adjust: pointer(by)} }
	keeping := func(change Change) Change { change.KeepReserved = true; return change }
	expecting := func(change Change, quantity string) Change { change.Expected = pointer(quantity); return change }
	for name, c := range map[string]struct {
		change  Change
		unit    string
		at      view
		want    string // the new quantity
		refusal Reason
	}{
		"adds exactly":                          {adjustBy("0.2"), "1", stock("0.1", "0"), "0.3", ""},
		"takes all":                             {adjustBy("-5"), "1", stock("5", "0"), "0", ""},
		"takes more than there is":              {adjustBy("-5.001"), "1", stock("5", "0"), "5", InsufficientStock},
		"takes what is reserved when it may":    {adjustBy("-3"), "1", stock("5", "4"), "2", ""},
		"takes what is reserved when it mayn't": {keeping(adjustBy("-2")), "1", stock("5", "4"), "5", InsufficientStock},
		"takes what is not reserved":            {keeping(adjustBy("-1")), "1", stock("5", "4"), "4", ""},
		"adds below what is reserved":           {keeping(adjustBy("1")), "1", stock("1", "4"), "2", ""},
		"brings a level back above nothing":     {adjustBy("7"), "1", stock("-4", "0"), "3", ""},
		"leaves a level below nothing":          {adjustBy("3"), "1", stock("-4", "0"), "-4", InsufficientStock},
		"counts in units of a variant":          {adjustBy("-2"), "6", stock("13", "0"), "1", ""},
		"sets units of a variant":               {Change{Set: pointer("3")}, "2.5", stock("1", "0"), "7.5", ""},
		"sets below what is reserved":           {keeping(Change{Set: pointer("1")}), "1", stock("5", "4"), "1", ""},
		"finds what it expects":                 {expecting(adjustBy("1"), "5"), "1", stock("5", "0"), "6", ""},
		"expects whole units":                   {expecting(adjustBy("1"), "2"), "6", stock("13", "0"), "19", ""},
		"does not find what it expects":         {expecting(adjustBy("1"), "4"), "1", stock("5", "0"), "5", StockChanged},
		"makes a level":                         {adjustBy("2"), "1", view{}, "2", ""},
		"leaves the quantity alone":             {Change{Incoming: pointer("9")}, "1", stock("5", "0"), "5", ""},
		"has too many digits":                   {adjustBy("1"), "1", stock("999999999999999.5", "0"), "999999999999999.5", QuantityOutOfRange},
		"has too many decimals":                 {Change{Set: pointer("1")}, "0.0001", stock("5", "0"), "5", QuantityOutOfRange},
		"removes an empty level":                {Change{Remove: true}, "1", stock("0", "0"), "0", ""},
		"removes what is not there":             {Change{Remove: true}, "1", view{}, "0", InventoryLevelNotFound},
		"removes stock":                         {Change{Remove: true}, "1", stock("1", "0"), "1", LevelHasStock},
		"removes stock by force":                {Change{Remove: true, Force: true}, "1", stock("1", "0"), "0", ""},
		"removes reservations by force":         {Change{Remove: true, Force: true}, "1", stock("1", "1"), "1", LevelHasReservations},
		"removes debts":                         {Change{Remove: true}, "1", stock("-1", "0"), "-1", LevelHasStock},
	} {
		t.Run(name, func(t *testing.T) {
			next, refusal := decide(c.change, unitOf(t, c.unit), c.at)
			if c.refusal == "" {
				require.Nil(t, refusal)
				require.Equal(t, !c.change.Remove, next.exists)
			} else {
				require.NotNil(t, refusal)
				require.Equal(t, c.refusal, refusal.Reason)
				require.Equal(t, c.at, next, "a refused change changes nothing")
			}
			require.Equal(t, c.want, next.stocked.String())
		})
	}
}

// Whatever is asked for, a level is never taken below nothing, an adjustment is
// made in full or not at all, and what is reserved stays for who asks for that.
func TestDecideProperties(t *testing.T) {
	number := rapid.Custom(func(t *rapid.T) mapping.Quantity {
		return mapping.QuantityOf(rapid.Int64Range(-2000, 2000).Draw(t, "thousandths")).Mul(quantity("0.001"))
	})
	rapid.Check(t, func(t *rapid.T) {
		at := view{exists: true, stocked: number.Draw(t, "stocked"), reserved: number.Draw(t, "reserved").Abs()}
		by := number.Draw(t, "by")
		change := Change{Adjust: &by, KeepReserved: rapid.Bool().Draw(t, "keeps")}
		unit := unitOf(t, rapid.SampledFrom([]string{"1", "2", "6"}).Draw(t, "unit"))
		next, refusal := decide(change, unit, at)
		if refusal != nil {
			require.Equal(t, at, next)
			require.Equal(t, InsufficientStock, refusal.Reason)
			return
		}
		require.GreaterOrEqual(t, next.stocked.Sign(), 0)
		require.Zero(t, next.stocked.Cmp(at.stocked.Add(unit.Level(by))))
		if change.KeepReserved && by.Sign() < 0 {
			require.GreaterOrEqual(t, next.stocked.Cmp(at.reserved), 0)
		}
	})
}
