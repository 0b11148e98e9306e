package mapping

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAnAnswerOfMedusasTellsItsAge(t *testing.T) {
	now := time.Now()
	old, unknown := LastKnown(now.Add(-61900*time.Millisecond), now), LastKnown(time.Time{}, now)
	for body, want := range map[string]string{
		`{"product":{"id":"p"}}`: `{"stale":true,"age":61,"product":{"id":"p"}}`,
		" {\n \"count\": 0 }":    `{"stale":true,"age":61,"count": 0 }`,
		`{ }`:                    `{"stale":true,"age":61}`,
	} {
		said, ok := WithStaleness([]byte(body), old)
		require.True(t, ok, body)
		require.Equal(t, want, string(said))
	}
	said, ok := WithStaleness([]byte(`{"a":1}`), unknown)
	require.True(t, ok)
	require.Equal(t, `{"stale":true,"a":1}`, string(said))
	for _, body := range []string{"", "[]", "null", `"{"`, "<html>"} {
		_, ok := WithStaleness([]byte(body), old)
		require.False(t, ok, body)
	}
	require.Zero(t, *LastKnown(now.Add(time.Minute), now).Age, "a clock that was set back")
}

// staleCount is what is known of two variants, of one of which the item is not.
func staleCount() Counted {
	asked := time.Now().Add(-time.Minute)
	return Counted{
		Staleness: LastKnown(asked, asked.Add(time.Minute)),
		Items:     map[string]ItemCount{"i": {ID: "i", Levels: []LevelCount{{LocationID: "l", Stocked: QuantityOf(5)}}}},
		Variants: map[string]VariantLinks{
			"v": {Managed: true, Links: []ItemLink{{"i", one}}}, "half": {Managed: true, Links: []ItemLink{{"i", one}, {"j", one}}},
			"free": {},
		},
	}
}

func TestWhatIsNotKnownIsNotTakenForNothing(t *testing.T) {
	ask := func(address Address) AvailabilityItem {
		return AvailabilityItem{Address: address, Requested: one, LocationID: "l"}
	}
	query := AvailabilityQuery{Items: []AvailabilityItem{
		ask(Address{VariantID: "v"}), ask(Address{VariantID: "half"}), ask(Address{VariantID: "w"}), ask(Address{SKU: "s"}), ask(Address{InventoryItemID: "j"}),
		ask(Address{VariantID: "free"}),
	}}
	answer := NewAvailability(query, staleCount(), Scope{"l": nil}, English)
	require.True(t, answer.Stale)
	require.EqualValues(t, 60, *answer.Age)
	var statuses []string
	for _, entry := range answer.Availability {
		statuses = append(statuses, entry.Status)
		require.True(t, entry.IsAvailable)
		require.Empty(t, entry.Code)
		require.Equal(t, entry.Status == Untold, entry.ShowAsInStock != nil && !*entry.ShowAsInStock)
	}
	require.Equal(t, []string{LowStock, Untold, Untold, Untold, Untold, InStock}, statuses)
}

func TestACartIsValidAsFarAsIsKnown(t *testing.T) {
	cart := func(lines ...CartLine) CartAnswer {
		return NewCartAnswer(CartQuery{Lines: lines}, staleCount(), nil, Scope{"l": nil}, German)
	}
	known := cart(CartLine{"v", QuantityOf(5)})
	require.Equal(t, []string{"l"}, known.FulfillableFrom)
	require.True(t, known.IsValid)
	require.Empty(t, known.Message)

	unknown := cart(CartLine{"v", QuantityOf(5)}, CartLine{"w", QuantityOf(1000)}, CartLine{"half", QuantityOf(1)})
	require.True(t, unknown.IsValid)
	require.Equal(t, "Angaben zum Bestand vorübergehend nicht verfügbar", unknown.Message)
	require.Empty(t, unknown.FulfillableFrom, "nobody knows where all of it is")

	short := cart(CartLine{"v", QuantityOf(6)}, CartLine{"w", QuantityOf(1)})
	require.False(t, short.IsValid, "what is known to be too little")
	require.Len(t, short.Errors, 1)
	require.NotEmpty(t, short.Message)
}
