package mapping

import (
	stdjson "encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// countOf is what there is of an item, each level as "location stocked reserved".
func countOf(id string, levels ...string) ItemCount {
	count := ItemCount{ID: id}
	for _, level := range levels {
		parts := strings.Fields(level)
		count.Levels = append(count.Levels, LevelCount{parts[0], q(parts[1]), q(parts[2])})
	}
	return count
}

func linked(items ...string) (links []ItemLink) {
	for _, item := range items {
		id, required, _ := strings.Cut(item, " ")
		links = append(links, ItemLink{id, q(required)})
	}
	return links
}

// counted is a small shop: two shops that are shown, and a warehouse that is not.
func counted() (Counted, Scope) {
	items := map[string]ItemCount{
		"plain":   countOf("plain", "a 20 5", "b 15 0", "hidden 1000 0"),
		"scarce":  countOf("scarce", "a 3 0"),
		"border":  countOf("border", "a 10 0", "b 12 1"),
		"owed":    countOf("owed", "a 2 5"),
		"paper":   countOf("paper", "a 11 0", "b 100 0"),
		"filter":  countOf("filter", "a 9 0"),
		"hidden":  countOf("hidden", "hidden 7 0"),
		"weighed": countOf("weighed", "a 0.3 0.1"),
	}
	return Counted{
		Items: items, SKUs: map[string]ItemCount{"PLAIN": items["plain"]},
		Variants: map[string]VariantLinks{
			"six":       {Managed: true, Links: linked("plain 6")},
			"plain":     {Managed: true, Links: linked("plain 1")},
			"kit":       {Managed: true, Links: linked("paper 2", "filter 3")},
			"backorder": {Managed: true, Backorder: true, Links: linked("owed 1")},
			"nowhere":   {Managed: true, Backorder: true, Links: linked("hidden 1")},
			"advice":    {},
			"lost":      {Managed: true},
			"nothing":   {Managed: true, Links: linked("plain 0")},
		},
	}, Scope{"a": {{ID: "sc_1", Name: "Web"}}, "b": nil}
}

// entriesOf are the entries of an answer, each as "location available of requested status
// code".
func entriesOf(entries []Availability) []string {
	var all []string
	for _, entry := range entries {
		location, available := "-", "?"
		if entry.LocationID != nil {
			location = *entry.LocationID
		}
		if entry.AvailableQuantity != nil {
			available = entry.AvailableQuantity.String()
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s of %s %v %s %s", location, available, entry.RequestedQuantity, entry.IsAvailable, entry.Status, entry.Code)))
	}
	return all
}

func TestAvailabilityOfEachKind(t *testing.T) {
	counted, scope := counted()
	for name, test := range map[string]struct {
		item AvailabilityItem
		want []string
	}{
		"the best location first": {
			AvailabilityItem{Address: Address{InventoryItemID: "plain"}, Requested: q("15")},
			[]string{"a 15 of 15 true in_stock", "b 15 of 15 true in_stock"},
		},
		"of a SKU":                {AvailabilityItem{Address: Address{SKU: "PLAIN"}, Requested: q("16")}, []string{"a 15 of 16 false out_of_stock", "b 15 of 16 false out_of_stock"}},
		"few":                     {AvailabilityItem{Address: Address{InventoryItemID: "scarce"}, Requested: q("1")}, []string{"a 3 of 1 true low_stock"}},
		"no more than ten":        {AvailabilityItem{Address: Address{InventoryItemID: "border"}, Requested: q("1")}, []string{"b 11 of 1 true in_stock", "a 10 of 1 true low_stock"}},
		"negative":                {AvailabilityItem{Address: Address{InventoryItemID: "owed"}, Requested: q("1")}, []string{"a -3 of 1 false out_of_stock"}},
		"a fraction":              {AvailabilityItem{Address: Address{InventoryItemID: "weighed"}, Requested: q("0.2")}, []string{"a 0.2 of 0.2 true low_stock"}},
		"at one location":         {AvailabilityItem{Address: Address{InventoryItemID: "plain"}, Requested: q("1"), LocationID: "b"}, []string{"b 15 of 1 true in_stock"}},
		"at one that has none":    {AvailabilityItem{Address: Address{InventoryItemID: "scarce"}, Requested: q("1"), LocationID: "b"}, []string{"- 0 of 1 false out_of_stock"}},
		"at one that is hidden":   {AvailabilityItem{Address: Address{InventoryItemID: "plain"}, Requested: q("1"), LocationID: "hidden"}, []string{"- 0 of 1 false out_of_stock STOCK_LOCATION_NOT_FOUND"}},
		"only where it is hidden": {AvailabilityItem{Address: Address{InventoryItemID: "hidden"}, Requested: q("1")}, []string{"- 0 of 1 false out_of_stock"}},
		"unknown item":            {AvailabilityItem{Address: Address{InventoryItemID: "nope"}, Requested: q("1")}, []string{"- 0 of 1 false out_of_stock INVENTORY_ITEM_NOT_FOUND"}},
		"unknown SKU":             {AvailabilityItem{Address: Address{SKU: "nope"}, Requested: q("1")}, []string{"- 0 of 1 false out_of_stock SKU_NOT_FOUND"}},
		"unknown variant":         {AvailabilityItem{Address: Address{VariantID: "nope"}, Requested: q("1")}, []string{"- 0 of 1 false out_of_stock VARIANT_NOT_FOUND"}},
		"units of a variant":      {AvailabilityItem{Address: Address{VariantID: "six"}, Requested: q("2")}, []string{"a 2 of 2 true low_stock", "b 2 of 2 true low_stock"}},
		"a kit": {
			AvailabilityItem{Address: Address{VariantID: "kit"}, Requested: q("3")},
			[]string{"a 3 of 3 true low_stock", "b 0 of 3 false out_of_stock"},
		},
		"on backorder":               {AvailabilityItem{Address: Address{VariantID: "backorder"}, Requested: q("9")}, []string{"a -3 of 9 true in_stock"}},
		"on backorder, and nowhere":  {AvailabilityItem{Address: Address{VariantID: "nowhere"}, Requested: q("9")}, []string{"- 0 of 9 true in_stock"}},
		"on backorder, but hidden":   {AvailabilityItem{Address: Address{VariantID: "backorder"}, Requested: q("9"), LocationID: "hidden"}, []string{"- 0 of 9 false out_of_stock STOCK_LOCATION_NOT_FOUND"}},
		"unmanaged":                  {AvailabilityItem{Address: Address{VariantID: "advice"}, Requested: q("9")}, []string{"- ? of 9 true in_stock"}},
		"unmanaged, at any location": {AvailabilityItem{Address: Address{VariantID: "advice"}, Requested: q("9"), LocationID: "hidden"}, []string{"- ? of 9 true in_stock"}},
		"without its item":           {AvailabilityItem{Address: Address{VariantID: "lost"}, Requested: q("1")}, []string{"- 0 of 1 false out_of_stock INVENTORY_ITEM_MISSING"}},
		"that takes nothing":         {AvailabilityItem{Address: Address{VariantID: "nothing"}, Requested: q("1")}, []string{"- 0 of 1 false out_of_stock REQUIRED_QUANTITY_INVALID"}},
	} {
		t.Run(name, func(t *testing.T) {
			answer := NewAvailability(AvailabilityQuery{Items: []AvailabilityItem{test.item}}, counted, scope, English)
			assert.Equal(t, test.want, entriesOf(answer.Availability))
		})
	}
}

func TestAvailabilityKeepsTheOrderOfTheQuestion(t *testing.T) {
	counted, scope := counted()
	answer := NewAvailability(AvailabilityQuery{Items: []AvailabilityItem{
		{Address: Address{InventoryItemID: "scarce"}, Requested: q("1")},
		{Address: Address{InventoryItemID: "plain"}, Requested: q("1")},
		{Address: Address{InventoryItemID: "scarce"}, Requested: q("5")},
	}}, counted, scope, English)
	var items []string
	for _, entry := range answer.Availability {
		items = append(items, *entry.InventoryItemID+" "+entry.RequestedQuantity.String())
	}
	assert.Equal(t, []string{"scarce 1", "plain 1", "plain 1", "scarce 5"}, items)
}

func TestAvailabilitySpeaksLanguages(t *testing.T) {
	counted, scope := counted()
	ask := func(quantity string, language Language) string {
		return NewAvailability(AvailabilityQuery{Items: []AvailabilityItem{{Address: Address{InventoryItemID: "scarce"}, Requested: q(quantity)}}},
			counted, scope, language).Availability[0].Message
	}
	assert.Equal(t, "Only 3 left", ask("3", English))
	assert.Equal(t, "Solo 3 en stock", ask("1", Spanish))
	assert.Equal(t, "Nur noch 3 auf Lager", ask("1", German))
	assert.Equal(t, "Out of stock", ask("3.5", English))
	assert.Equal(t, "Sin stock", ask("4", Spanish))
}

func TestAvailabilityIsExplained(t *testing.T) {
	counted, scope := counted()
	body, err := stdjson.Marshal(NewAvailability(AvailabilityQuery{Explain: true, Items: []AvailabilityItem{
		{Address: Address{VariantID: "kit"}, Requested: q("1")}, {Address: Address{VariantID: "advice"}, Requested: q("1")},
	}}, counted, scope, English))
	require.NoError(t, err)
	assert.JSONEq(t, `{"inventoryItemId":"filter","stocked":9,"reserved":0,"requiredQuantity":3,"linkedChannels":[{"id":"sc_1","name":"Web"}]}`,
		gjson.GetBytes(body, "availability.0.explain").Raw, "the scarcest item of the kit decides")
	assert.Equal(t, "[]", gjson.GetBytes(body, "availability.1.explain.linkedChannels").Raw)
	assert.False(t, gjson.GetBytes(body, "availability.2.explain").Exists(), "nothing is counted of what is not managed")

	body, err = stdjson.Marshal(NewAvailability(AvailabilityQuery{Items: []AvailabilityItem{{Address: Address{VariantID: "kit"}, Requested: q("1")}}}, counted, scope, English))
	require.NoError(t, err)
	for _, hidden := range []string{"explain", "stocked", "reserved", "sc_1", "Web"} {
		assert.NotContains(t, string(body), hidden, "to who does not ask for it")
	}
}

func TestStoreAvailabilityIsSpelledAsTheGuideDoes(t *testing.T) {
	counted, scope := counted()
	query, faults := ParseStoreAvailability([]byte(`{"items":[
		{"inventory_item_id":"plain","required_quantity":2,"location_id":"a"},{"inventory_item_id":"nope","required_quantity":1}],"sales_channel_id":"sc_1"}`))
	require.Empty(t, faults)
	assert.Equal(t, "sc_1", query.SalesChannelID)
	body, err := stdjson.Marshal(NewStoreAvailability(NewAvailability(query, counted, scope, English)))
	require.NoError(t, err)
	assert.JSONEq(t, `{"availability":[
		{"inventory_item_id":"plain","location_id":"a","is_available":true,"available_quantity":15,"requested_quantity":2,"status":"in_stock","message":"In stock"},
		{"inventory_item_id":"nope","location_id":null,"is_available":false,"available_quantity":0,"requested_quantity":1,"status":"out_of_stock","message":"Out of stock","code":"INVENTORY_ITEM_NOT_FOUND"}
	]}`, string(body))
}

func TestParseAvailability(t *testing.T) {
	query, faults := ParseAvailability([]byte(`{"items":[
		{"variantId":"v","requiredQuantity":1},{"sku":"S,1","requiredQuantity":0.5},{"inventoryItemId":"i","requiredQuantity":2,"locationId":"l"}
	],"salesChannelId":"sc","explain":true}`))
	require.Empty(t, faults)
	assert.Equal(t, AvailabilityQuery{SalesChannelID: "sc", Explain: true, Items: []AvailabilityItem{
		{Address: Address{VariantID: "v"}, Requested: q("1")},
		{Address: Address{SKU: "S,1"}, Requested: q("0.5")},
		{Address: Address{InventoryItemID: "i"}, Requested: q("2"), LocationID: "l"},
	}}, query)
}

func TestQuestionsThatAreWrong(t *testing.T) {
	many := `{"items":[` + strings.Repeat(`{"inventory_item_id":"i","required_quantity":1},`, 500) + `{"inventory_item_id":"i","required_quantity":1}]}`
	skus := func(rows int, sku string) string {
		row := `{"sku":"` + sku + `","requiredQuantity":1}`
		return `{"items":[` + strings.Repeat(row+",", rows-1) + row + `]}`
	}
	store := func(body []byte) []Fault { _, faults := ParseStoreAvailability(body); return faults }
	own := func(body []byte) []Fault { _, faults := ParseAvailability(body); return faults }
	cart := func(body []byte) []Fault { _, faults := ParseCart(body); return faults }
	for _, test := range []struct {
		parse func([]byte) []Fault
		body  string
		want  []string
	}{
		{store, `[]`, []string{" NOT_AN_OBJECT"}},
		{store, `{}`, []string{"/items MISSING"}},
		{store, `{"items":[]}`, []string{"/items EMPTY"}},
		{store, many, []string{"/items TOO_MANY_ROWS"}},
		{store, strings.Replace(many, `{"inventory_item_id":"i","required_quantity":1},`, "", 1), nil},
		{store, `{"items":[{"required_quantity":1}]}`, []string{"/items/0/inventory_item_id MISSING"}},
		{store, `{"items":[{"inventory_item_id":"i"}]}`, []string{"/items/0/required_quantity MISSING"}},
		{
			store, `{"items":[{"inventory_item_id":"i","required_quantity":0},{"inventory_item_id":"i","required_quantity":-1},{"inventory_item_id":"i","required_quantity":"1"}]}`,
			[]string{"/items/0/required_quantity NOT_AN_AMOUNT", "/items/1/required_quantity NOT_AN_AMOUNT", "/items/2/required_quantity NOT_AN_AMOUNT"},
		},
		{store, `{"items":[{"inventory_item_id":"i","requiredQuantity":1,"required_quantity":1}]}`, []string{"/items/0/requiredQuantity UNKNOWN_FIELD"}},
		{store, `{"items":["i",{"inventory_item_id":"i,j","required_quantity":1}]}`, []string{"/items/0 NOT_AN_OBJECT", "/items/1/inventory_item_id INVALID_CHARACTERS"}},
		{store, `{"items":[{"inventory_item_id":"i","required_quantity":1}],"explain":true}`, []string{"/explain UNKNOWN_FIELD"}},
		{own, `{"items":[{"requiredQuantity":1},{"variantId":"v","sku":"s","requiredQuantity":1}]}`, []string{"/items/0 NOT_EXACTLY_ONE", "/items/1 NOT_EXACTLY_ONE"}},
		{own, skus(500, strings.Repeat("a", 32)), nil},
		{own, skus(500, strings.Repeat("a", 33)), []string{"/items SKUS_TOO_LONG"}},
		{own, skus(14, strings.Repeat("€", 128)), []string{"/items SKUS_TOO_LONG"}},
		{
			cart, `{"items":[{"quantity":1},{"variantId":"v"},{"variantId":"v","quantity":0,"inventoryItemId":3}]}`,
			[]string{"/items/0/variantId MISSING", "/items/1/quantity MISSING", "/items/2/inventoryItemId NOT_TEXT", "/items/2/quantity NOT_AN_AMOUNT"},
		},
	} {
		var got []string
		for _, fault := range test.parse([]byte(test.body)) {
			got = append(got, fault.Pointer+" "+fault.Code)
			assert.NotEqual(t, fault.Code, fault.Message().In(Spanish), "without a sentence")
		}
		assert.ElementsMatch(t, test.want, got, "%.200s", test.body)
	}
}

func BenchmarkAvailability100Items(b *testing.B) {
	counts := Counted{Items: map[string]ItemCount{}}
	var query AvailabilityQuery
	for i := range 100 {
		id := fmt.Sprintf("iitem_%03d", i)
		counts.Items[id] = countOf(id, "a 20 5", "b 15 0", "hidden 1000 0")
		query.Items = append(query.Items, AvailabilityItem{Address: Address{InventoryItemID: id}, Requested: one})
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(NewAvailability(query, counts, Scope{"a": nil, "b": nil}, English).Availability) != 200 {
			b.Fatal("entries are missing")
		}
	}
}
