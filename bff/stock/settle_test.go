package stock

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/bff/state"
	"github.com/cannahub/gateway/medusaclient"
)

// row is one of a level, from one quantity to another.
func row(id, from, to string) state.Entry {
	return state.Entry{ID: id + from + to, Level: levelOf(id, "sloc"), Kind: state.Update, Previous: quantity(from), New: quantity(to)}
}

func incoming(entry state.Entry, from, to string) state.Entry {
	entry.PreviousIncoming, entry.NewIncoming = pointer(from), pointer(to)
	return entry
}

func createdRow(entry state.Entry) state.Entry { entry.Created = true; return entry }
func removal(entry state.Entry) state.Entry    { entry.Kind = state.Remove; return entry }

func TestStanding(t *testing.T) {
	at := func(stocked, reserved, incoming string) *medusaclient.InventoryLevel {
		return &medusaclient.InventoryLevel{
			StockedQuantity: medusaclient.Number(stocked), ReservedQuantity: medusaclient.Number(reserved), IncomingQuantity: medusaclient.Number(incoming),
		}
	}
	for name, c := range map[string]struct {
		rows       []state.Entry
		level      *medusaclient.InventoryLevel
		noLocation bool
		want       standing
	}{
		"as before":                       {[]state.Entry{row("a", "10", "12")}, at("10", "0", "0"), false, before},
		"as after":                        {[]state.Entry{row("a", "10", "12")}, at("12", "3", "9"), false, after},
		"elsewhere":                       {[]state.Entry{row("a", "10", "12")}, at("11", "0", "0"), false, elsewhere},
		"as before the first of two rows": {[]state.Entry{row("a", "10", "12"), row("a", "12", "15")}, at("10", "0", "0"), false, before},
		"as between two rows":             {[]state.Entry{row("a", "10", "12"), row("a", "12", "15")}, at("12", "0", "0"), false, elsewhere},
		"as after the last of two rows":   {[]state.Entry{row("a", "10", "12"), row("a", "12", "15")}, at("15", "0", "0"), false, after},
		"a write that changes nothing":    {[]state.Entry{row("a", "10", "10")}, at("10", "0", "0"), false, same},
		"there and back again":            {[]state.Entry{row("a", "10", "12"), row("a", "12", "10")}, at("10", "0", "0"), false, same},
		"incoming as before":              {[]state.Entry{incoming(row("a", "10", "10"), "0", "4")}, at("10", "0", "0"), false, before},
		"incoming as after":               {[]state.Entry{incoming(row("a", "10", "10"), "0", "4")}, at("10", "0", "4"), false, after},
		"incoming as after, stock sold":   {[]state.Entry{incoming(row("a", "10", "10"), "0", "4")}, at("9", "0", "4"), false, after},
		"incoming elsewhere":              {[]state.Entry{incoming(row("a", "10", "10"), "0", "4")}, at("10", "0", "3"), false, elsewhere},
		"half of it":                      {[]state.Entry{incoming(row("a", "10", "12"), "0", "4")}, at("12", "0", "0"), false, elsewhere},
		"not made yet":                    {[]state.Entry{createdRow(row("a", "0", "5"))}, nil, false, before},
		"made and empty":                  {[]state.Entry{createdRow(row("a", "0", "5"))}, at("0", "0", "0"), false, before},
		"made, and to be empty":           {[]state.Entry{createdRow(row("a", "0", "0"))}, at("0", "0", "0"), false, same},
		"not made, and to be empty":       {[]state.Entry{createdRow(row("a", "0", "0"))}, nil, false, before},
		"not made, location gone":         {[]state.Entry{createdRow(row("a", "0", "5"))}, nil, true, elsewhere},
		"vanished":                        {[]state.Entry{row("a", "10", "12")}, nil, false, elsewhere},
		"removed":                         {[]state.Entry{removal(row("a", "2", "0"))}, nil, false, done},
		"not removed yet":                 {[]state.Entry{removal(row("a", "2", "0"))}, at("2", "0", "0"), false, before},
		"not removed, changed":            {[]state.Entry{removal(row("a", "2", "0"))}, at("3", "0", "0"), false, elsewhere},
		"not removed, reserved":           {[]state.Entry{removal(row("a", "2", "0"))}, at("2", "1", "0"), false, elsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			traces := tracesOf(c.rows)
			require.Len(t, traces, 1)
			traces[0].touch.before = c.level
			require.Equal(t, c.want, traces[0].standing(!c.noLocation))
		})
	}
}

func TestWhatIsNotChangedIsNotWrittenAgain(t *testing.T) {
	trace := tracesOf([]state.Entry{incoming(row("a", "10", "10"), "0", "4")})[0]
	update := trace.touch.write(trace.level)
	require.Nil(t, update.StockedQuantity, "an order may have changed it since")
	require.Equal(t, medusaclient.Number("4"), *update.IncomingQuantity)

	trace = tracesOf([]state.Entry{row("a", "10", "10")})[0]
	update = trace.touch.write(trace.level)
	require.Equal(t, medusaclient.Number("10"), *update.StockedQuantity)
	require.Nil(t, update.IncomingQuantity)
}

// Each case is levels, each with how it stands and the atomic batches that
// change it: "=" as before, "+" as after, "~" as both, "?" elsewhere.
func TestAtomicBatchesAreNotHalfRepeated(t *testing.T) {
	for name, c := range map[string]struct{ levels, want string }{
		"nothing lost":                        {"=A =A", "= ="},
		"one lost, nothing landed":            {"?A =A =B", "? ? ="},
		"one lost since it landed":            {"?A +A ~A", "? + ~"},
		"one lost, one as if it had landed":   {"?A +A =A", "? ? ?"},
		"others of the write did not land":    {"?A +A =B =", "? ? = ="},
		"nothing tells that it landed":        {"?A ~A", "? ?"},
		"not atomic":                          {"? = =", "? = ="},
		"lost through a level of two batches": {"?A =AB =B =C", "? ? ? ="},
		"against the order of the levels":     {"=C =BC =AB ?A =D", "? ? ? ? ="},
		"around a circle":                     {"?A =AB =BC =CA", "? ? ? ?"},
	} {
		t.Run(name, func(t *testing.T) {
			stands := map[byte]standing{'=': before, '+': after, '~': same, '?': elsewhere}
			var traces []*trace
			for level := range strings.FieldsSeq(c.levels) {
				made := &trace{stands: stands[level[0]]}
				for _, batch := range level[1:] {
					made.entries = append(made.entries, state.Entry{Atomic: true, BatchID: string(batch)})
				}
				traces = append(traces, made)
			}
			keepAtomic(traces)
			var got []string
			for _, trace := range traces {
				for sign, stands := range stands {
					if trace.stands == stands {
						got = append(got, string(sign))
					}
				}
			}
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}
