package medusaclient

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// once is a location as it is made.
func once() LocationWrite {
	return LocationWrite{
		Name: new(" Once "), Metadata: Raw(`{"club":"high-up","empty":"","deep":{"a":1,"b":2},"rent":1234567.125}`),
		Address: &AddressWrite{
			Address1: new("Rivadavia 2500"), Address2: new("2° B"), Company: new("High Up"), City: new("CABA"), Province: new("C"),
			PostalCode: new("C1025"), CountryCode: new("ar"), Phone: new("+54 11 5555"),
		},
	}
}

// makeLocation makes a location that is gone when the test ends.
func (c contract) makeLocation() StockLocation {
	c.Helper()
	c.writing()
	location, err := c.client.StockLocations.Create(c.Context(), c.by, soon(), once())
	require.NoError(c, err)
	return location
}

// assertRefused checks that Medusa itself refused a write, which has not happened.
func assertRefused(t testing.TB, status int, says string, err error) *Error {
	t.Helper()
	var refused *Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, status, refused.Status)
	assert.Contains(t, refused.Message, says)
	assert.True(t, NotDone(err))
	return refused
}

// assertTaken checks that Medusa refused a name that something has.
func assertTaken(t testing.TB, says string, err error) {
	t.Helper()
	assert.True(t, assertRefused(t, http.StatusBadRequest, says, err).Exists())
}

func locationMade(c contract) {
	first := c.makeLocation()
	assert.Equal(c, "Once", first.Name, "Medusa takes blanks off")
	assert.JSONEq(c, string(once().Metadata), string(first.Metadata))
	assert.Equal(c, &Address{
		Address1: new("Rivadavia 2500"), Address2: new("2° B"), Company: new("High Up"), City: new("CABA"), Province: new("C"),
		PostalCode: new("C1025"), CountryCode: new("ar"), Phone: new("+54 11 5555"),
	}, first.Address)
	assert.Empty(c, first.SalesChannels)
	assertTime(c.T, first.CreatedAt)
	read, err := c.client.StockLocations.Get(c.Context(), c.by, first.ID)
	require.NoError(c, err)
	assert.Equal(c, first, read, "the answer is the location as it is read")

	second, err := c.client.StockLocations.Create(c.Context(), c.by, soon(), LocationWrite{Name: new("Once")})
	require.NoError(c, err, "names are free")
	assert.NotEqual(c, first.ID, second.ID)
	assert.Nil(c, second.Address)
	assert.Equal(c, "null", string(second.Metadata))

	_, err = c.client.StockLocations.Create(c.Context(), c.by, soon(), LocationWrite{Name: new("Once"), Address: &AddressWrite{City: new("CABA")}})
	assertRefused(c, http.StatusBadRequest, "address_1", err)
	_, err = c.client.StockLocations.Create(c.Context(), c.by, time.Now().Add(-time.Millisecond), LocationWrite{Name: new("Late")})
	assertLate(c.T, err)
	page, err := c.client.StockLocations.List(c.Context(), c.by, StockLocationFilter{}, 50, 0)
	require.NoError(c, err)
	assert.Equal(c, 5, page.Count, "two more than the catalogue has")
}

func locationsMadeSince(c contract) {
	first := c.makeLocation()
	second, err := c.client.StockLocations.Create(c.Context(), c.by, soon(), LocationWrite{Name: new("Once")})
	require.NoError(c, err)
	madeAt, err := time.Parse(time.RFC3339Nano, *second.CreatedAt)
	require.NoError(c, err)
	since := func(at time.Time) map[string]string {
		c.Helper()
		locations, err := c.client.StockLocations.ListMadeSince(c.Context(), c.by, at)
		require.NoError(c, err)
		metadata := map[string]string{}
		for _, location := range locations {
			metadata[location.ID] = string(location.Metadata)
		}
		return metadata
	}
	all := since(madeAt.Add(-time.Hour))
	assert.JSONEq(c, string(once().Metadata), all[first.ID], "by its metadata it is known")
	assert.Equal(c, "null", all[second.ID])
	assert.Equal(c, map[string]string{}, since(madeAt.Add(time.Millisecond)), "it is later than all")

	elsewhere := time.FixedZone("UTC+5", 5*3600)
	assert.Contains(c, since(madeAt.In(elsewhere)), second.ID, "the moment itself counts, in any zone")
	_, found := since(madeAt)[first.ID]
	assert.Equal(c, *first.CreatedAt == *second.CreatedAt, found, "what is older is not there")

	require.NoError(c, c.client.StockLocations.Delete(c.Context(), c.by, first.ID))
	assert.NotContains(c, since(madeAt.Add(-time.Hour)), first.ID, "nor what is deleted")
}

func locationUpdated(c contract) {
	made := c.makeLocation()
	update := func(write LocationWrite) StockLocation {
		c.Helper()
		changed, err := c.client.StockLocations.Update(c.Context(), c.by, made.ID, write)
		require.NoError(c, err)
		read, err := c.client.StockLocations.Get(c.Context(), c.by, made.ID)
		require.NoError(c, err)
		assert.Equal(c, read, changed, "the answer is the location as it is read")
		return changed
	}
	renamed := update(LocationWrite{Name: new("Balvanera")})
	assert.Equal(c, "Balvanera", renamed.Name)
	assert.Equal(c, made.Address, renamed.Address, "what is not named stays")
	assert.JSONEq(c, string(made.Metadata), string(renamed.Metadata))

	merged := update(LocationWrite{Metadata: Raw(`{"club":"","deep":{"c":3},"new":[1],"nothing":null}`)})
	assert.JSONEq(c, `{"deep":{"c":3},"empty":"","new":[1],"nothing":null,"rent":1234567.125}`, string(merged.Metadata))
	assert.JSONEq(c, string(merged.Metadata), string(update(LocationWrite{Metadata: Raw(`{}`)}).Metadata))

	moved := update(LocationWrite{Address: &AddressWrite{Address1: new("Corrientes 1"), CountryCode: new("AR"), City: new("Rosario")}})
	assert.Equal(c, &Address{
		Address1: new("Corrientes 1"), Address2: new("2° B"), Company: new("High Up"), City: new("Rosario"), Province: new("C"),
		PostalCode: new("C1025"), CountryCode: new("AR"), Phone: new("+54 11 5555"),
	}, moved.Address, "the rest of the address stays, and letters as they are sent")
	assert.Equal(c, "Balvanera", moved.Name)

	_, err := c.client.StockLocations.Update(c.Context(), c.by, made.ID, LocationWrite{Address: &AddressWrite{City: new("Rosario")}})
	assertRefused(c, http.StatusBadRequest, "address_1", err)
	for _, id := range []string{"sloc_nope", "sloc_cerrado"} {
		nothing, err := c.client.StockLocations.Update(c.Context(), c.by, id, LocationWrite{Name: new("a")})
		require.NoError(c, err)
		assert.Equal(c, StockLocation{}, nothing, "there is no %s", id)
	}
}

// handedOver is a location with all that it needs to hand goods over.
type handedOver struct {
	location StockLocation
	set      FulfillmentSet
	zone     ServiceZone
	option   ShippingOption
}

// optionOf is an option of a zone, with the type that is made along.
func optionOf(zoneID string) ShippingOption {
	return ShippingOption{
		Name: "Retiro en Once", ZoneID: zoneID, ProfileID: "sp_cannahub", ProviderID: "manual_manual", PriceType: "flat",
		Type:     &ShippingOptionType{Label: "Retiro", Description: "Retiro en el local", Code: "gateway-test"},
		Prices:   []OptionPrice{{CurrencyCode: "ars", Amount: "1500.5"}},
		Rules:    []ShippingOptionRule{{Attribute: "enabled_in_store", Operator: "eq", Value: "true"}, {Attribute: "is_return", Operator: "eq", Value: "false"}},
		Metadata: Raw(`{"kind":"pickup"}`),
	}
}

// setUp makes a location and all that belongs to it.
func (c contract) setUp() (made handedOver) {
	c.Helper()
	made.location = c.makeLocation()
	locations, id := c.client.StockLocations, made.location.ID
	var err error
	require.NoError(c, locations.LinkProviders(c.Context(), c.by, soon(), id, Links{Add: []string{"manual_manual"}}))
	made.set, err = locations.CreateFulfillmentSet(c.Context(), c.by, soon(), id, "Once Fulfillment", "pickup")
	require.NoError(c, err)
	made.zone, err = c.client.Fulfillment.CreateServiceZone(c.Context(), c.by, soon(), made.set.ID,
		ServiceZone{Name: "Once Zone", GeoZones: []GeoZone{{Type: "country", CountryCode: "ar"}, {Type: "country", CountryCode: "uy"}}})
	require.NoError(c, err)
	made.option, err = c.client.Fulfillment.CreateShippingOption(c.Context(), c.by, soon(), optionOf(made.zone.ID))
	require.NoError(c, err)
	require.NoError(c, locations.LinkSalesChannels(c.Context(), c.by, soon(), id, Links{Add: []string{"sc_mayorista"}}))
	return made
}

// servedBy are the ids of the locations of a channel.
func (c contract) servedBy(channelID string) []string {
	c.Helper()
	page, err := c.client.StockLocations.List(c.Context(), c.by, StockLocationFilter{SalesChannelID: channelID}, 50, 0)
	require.NoError(c, err)
	return idsOf(page.Rows, func(location StockLocation) string { return location.ID })
}

func locationSetUp(c contract) {
	made := c.setUp()
	fulfillment := c.client.Fulfillment

	assert.Equal(c, FulfillmentSet{ID: made.set.ID, Name: "Once Fulfillment", Type: "pickup"}, made.set)
	require.NotEmpty(c, made.set.ID)
	assert.Equal(c, "Once Zone", made.zone.Name)
	countries := idsOf(made.zone.GeoZones, func(zone GeoZone) string { return zone.Type + " " + zone.CountryCode })
	assert.ElementsMatch(c, []string{"country ar", "country uy"}, countries)
	assert.NotEmpty(c, made.zone.GeoZones[0].ID)

	option, kind := made.option, made.option.Type
	require.NotNil(c, kind)
	require.NotEmpty(c, kind.ID)
	assert.Equal(c, ShippingOptionType{ID: kind.ID, Label: "Retiro", Description: "Retiro en el local", Code: "gateway-test"}, *kind)
	want := optionOf(made.zone.ID)
	want.ID, want.Type, want.Rules, want.Metadata, option.Type, option.Metadata = option.ID, nil, nil, nil, nil, nil
	assert.Equal(c, want, option, "the answer is what was asked for, but for the rules")
	assert.JSONEq(c, `{"kind":"pickup"}`, string(made.option.Metadata))

	second := optionOf(made.zone.ID)
	second.Type, second.TypeID, second.Metadata = nil, kind.ID, nil
	shared, err := fulfillment.CreateShippingOption(c.Context(), c.by, soon(), second)
	require.NoError(c, err, "names of options are free")
	assert.NotEqual(c, option.ID, shared.ID)
	assert.Equal(c, kind, shared.Type, "the two share a type")
	types, err := fulfillment.ListOptionTypes(c.Context(), c.by, "gateway-test")
	require.NoError(c, err)
	assert.Equal(c, []ShippingOptionType{*kind}, types)
	types, err = fulfillment.ListOptionTypes(c.Context(), c.by, "gateway")
	require.NoError(c, err)
	assert.Empty(c, types, "a code is the whole of it")

	// Another set of the location, and another zone of the set, come back themselves.
	shipping, err := c.client.StockLocations.CreateFulfillmentSet(c.Context(), c.by, soon(), made.location.ID, "Once Fulfillment Shipping", "shipping")
	require.NoError(c, err)
	assert.Equal(c, FulfillmentSet{ID: shipping.ID, Name: "Once Fulfillment Shipping", Type: "shipping"}, shipping)
	assert.NotEqual(c, made.set.ID, shipping.ID)
	nowhere, err := fulfillment.CreateServiceZone(c.Context(), c.by, soon(), made.set.ID, ServiceZone{Name: "Once Zone Shipping", GeoZones: []GeoZone{}})
	require.NoError(c, err)
	assert.NotEqual(c, made.zone.ID, nowhere.ID)
	assert.Empty(c, nowhere.GeoZones)
}

func locationLinked(c contract) {
	made := c.setUp()
	locations, id := c.client.StockLocations, made.location.ID
	relink := func(links Links) []SalesChannel {
		c.Helper()
		require.NoError(c, locations.LinkSalesChannels(c.Context(), c.by, soon(), id, links))
		location, err := locations.Get(c.Context(), c.by, id)
		require.NoError(c, err)
		return location.SalesChannels
	}
	wholesale := []SalesChannel{{ID: "sc_mayorista", Name: "Mayorista"}}
	assert.Equal(c, wholesale, relink(Links{Add: []string{"sc_mayorista"}}), "a link is there once")
	assert.ElementsMatch(c, []string{"sloc_mayorista", id}, c.servedBy("sc_mayorista"))
	assert.Len(c, relink(Links{Add: []string{"sc_cannahub"}}), 2)
	assert.Equal(c, wholesale, relink(Links{Remove: []string{"sc_cannahub", "sc_nope"}}))
	assert.Empty(c, relink(Links{Remove: []string{"sc_mayorista"}}))

	require.NoError(c, locations.LinkProviders(c.Context(), c.by, soon(), id, Links{Remove: []string{"manual_manual"}}))
	_, err := c.client.Fulfillment.CreateShippingOption(c.Context(), c.by, soon(), optionOf(made.zone.ID))
	assertRefused(c, http.StatusBadRequest, "are not enabled for the service location", err)
	require.NoError(c, locations.LinkProviders(c.Context(), c.by, soon(), id, Links{Add: []string{"nope_nope"}}), "nobody asks whether it exists")
}

func namesTaken(c contract) {
	made := c.setUp()
	set := func(name string) error {
		_, err := c.client.StockLocations.CreateFulfillmentSet(c.Context(), c.by, soon(), "sloc_high_up", name, "pickup")
		return err
	}
	zone := func(setID, name string) error {
		_, err := c.client.Fulfillment.CreateServiceZone(c.Context(), c.by, soon(), setID, ServiceZone{Name: name, GeoZones: []GeoZone{}})
		return err
	}
	assertTaken(c, "Fulfillment set with name: Once Fulfillment, already exists", set("Once Fulfillment"))
	require.NoError(c, set("once fulfillment"), "letters are compared as they are")
	assertTaken(c, "Service zone with name: Once Zone, already exists", zone(made.set.ID, "Once Zone"))
	other, err := c.client.StockLocations.CreateFulfillmentSet(c.Context(), c.by, soon(), made.location.ID, "Another", "pickup")
	require.NoError(c, err)
	assertTaken(c, "Once Zone", zone(other.ID, "Once Zone"))
	require.NoError(c, zone(other.ID, "once zone"))

	require.NoError(c, c.client.StockLocations.Delete(c.Context(), c.by, made.location.ID))
	require.NoError(c, set("Once Fulfillment"), "what is deleted has no name")
}

func optionsRefused(c contract) {
	made := c.setUp()
	for name, test := range map[string]struct {
		edit   func(option *ShippingOption)
		status int
		says   string
	}{
		"an unknown zone":     {func(o *ShippingOption) { o.ZoneID = "serzo_nope" }, 400, "are not enabled for the service location"},
		"an unknown provider": {func(o *ShippingOption) { o.ProviderID = "nope_nope" }, 400, "are not enabled for the service location"},
		"an unknown profile":  {func(o *ShippingOption) { o.ProfileID = "sp_nope" }, 404, "shipping_profile_id"},
		"an unknown type":     {func(o *ShippingOption) { o.Type, o.TypeID = nil, "sotype_nope" }, 404, "shipping_option_type_id"},
		"no type":             {func(o *ShippingOption) { o.Type = nil }, 400, "Exactly one of"},
		"two types":           {func(o *ShippingOption) { o.TypeID = made.option.Type.ID }, 400, "Exactly one of"},
	} {
		c.Run(name, func(t *testing.T) {
			option := optionOf(made.zone.ID)
			test.edit(&option)
			_, err := c.client.Fulfillment.CreateShippingOption(t.Context(), c.by, soon(), option)
			assert.False(t, assertRefused(t, test.status, test.says, err).Exists())
		})
	}
	types, err := c.client.Fulfillment.ListOptionTypes(c.Context(), c.by, "gateway-test")
	require.NoError(c, err)
	assert.Len(c, types, 1, "not even a type is made")
}

func locationDeleted(c contract) {
	made := c.setUp()
	require.NoError(c, c.client.StockLocations.Delete(c.Context(), c.by, made.location.ID))
	for _, id := range []string{made.location.ID, "sloc_cerrado", "sloc_nope"} {
		require.NoError(c, c.client.StockLocations.Delete(c.Context(), c.by, id), "and once more")
		_, err := c.client.StockLocations.Get(c.Context(), c.by, id)
		assertRefused(c, http.StatusNotFound, "was not found", err)
	}
	assert.Equal(c, []string{"sloc_mayorista"}, c.servedBy("sc_mayorista"))

	// The same can be made again: neither set nor zone is left.
	again := c.setUp()
	assert.NotEqual(c, made.location.ID, again.location.ID)
	types, err := c.client.Fulfillment.ListOptionTypes(c.Context(), c.by, "gateway-test")
	require.NoError(c, err)
	ids := idsOf(types, func(kind ShippingOptionType) string { return kind.ID })
	assert.Equal(c, []string{made.option.Type.ID, again.option.Type.ID}, ids, "types stay, the oldest first")

	require.NoError(c, c.client.StockLocations.Delete(c.Context(), c.by, "sloc_deposito"))
	level := c.levelsOf("iitem_bd_1g")["sloc_deposito"]
	assert.Equal(c, Number("400"), level.StockedQuantity, "levels stay")
	assert.Equal(c, Number("40"), level.ReservedQuantity)
}

// lateCalls are on a location that is dead, and on what was dead with it: Medusa
// says 200 and nothing.
func lateCalls(c contract) {
	made := c.setUp()
	locations, id := c.client.StockLocations, made.location.ID
	require.NoError(c, locations.Delete(c.Context(), c.by, id))

	nothing, err := locations.Update(c.Context(), c.by, id, LocationWrite{Name: new("late")})
	require.NoError(c, err)
	assert.Equal(c, StockLocation{}, nothing)
	require.NoError(c, locations.LinkProviders(c.Context(), c.by, soon(), id, Links{Add: []string{"manual_manual"}}))
	require.NoError(c, locations.LinkSalesChannels(c.Context(), c.by, soon(), id, Links{Add: []string{"sc_mayorista"}}))
	assert.Equal(c, []string{"sloc_mayorista"}, c.servedBy("sc_mayorista"))
	require.NoError(c, locations.LinkSalesChannels(c.Context(), c.by, soon(), id, Links{Remove: []string{"sc_mayorista", "sc_nope"}}))
	require.NoError(c, locations.LinkProviders(c.Context(), c.by, soon(), "sloc_nope", Links{Remove: []string{"manual_manual"}}))

	_, err = locations.CreateFulfillmentSet(c.Context(), c.by, soon(), id, "Once Fulfillment", "pickup")
	assertOutage(c.T, Nonsense, err)
	assert.False(c, NotDone(err), "it is made, where nobody finds it")
	_, err = locations.CreateFulfillmentSet(c.Context(), c.by, soon(), "sloc_high_up", "Once Fulfillment", "pickup")
	assertTaken(c, "Once Fulfillment", err)

	zone := ServiceZone{Name: "Once Zone", GeoZones: []GeoZone{{Type: "country", CountryCode: "ar"}}}
	_, err = c.client.Fulfillment.CreateServiceZone(c.Context(), c.by, soon(), made.set.ID, zone)
	assertOutage(c.T, Nonsense, err)
	assert.False(c, NotDone(err), "it is made, where nobody finds it")
	set, err := locations.CreateFulfillmentSet(c.Context(), c.by, soon(), "sloc_high_up", "Another", "pickup")
	require.NoError(c, err)
	_, err = c.client.Fulfillment.CreateServiceZone(c.Context(), c.by, soon(), set.ID, zone)
	assertTaken(c, "Once Zone", err)
	_, err = c.client.Fulfillment.CreateServiceZone(c.Context(), c.by, soon(), "fuset_nope", ServiceZone{Name: "Nowhere", GeoZones: []GeoZone{}})
	assertRefused(c, http.StatusNotFound, "fulfillment_set_id", err)

	_, err = c.client.Fulfillment.CreateShippingOption(c.Context(), c.by, soon(), optionOf(made.zone.ID))
	assertRefused(c, http.StatusBadRequest, "are not enabled for the service location", err)
}

func profilesAndProviders(c contract) {
	for id, want := range map[string]*ShippingProfile{
		"":            {ID: "sp_cannahub", Type: "default"},
		"sp_cannahub": {ID: "sp_cannahub", Type: "default"},
		"sp_nope":     nil,
		"%":           nil,
	} {
		profile, err := c.client.Fulfillment.FindProfile(c.Context(), c.by, id)
		require.NoError(c, err, "%q", id)
		assert.Equal(c, want, profile, "%q", id)
	}
	providers, err := c.client.Fulfillment.ListProviders(c.Context(), c.by)
	require.NoError(c, err)
	assert.True(c, slices.Contains(providers, FulfillmentProvider{ID: "manual_manual"}), "%v", providers)

	types, err := c.client.Fulfillment.ListOptionTypes(c.Context(), c.by, "nope")
	require.NoError(c, err)
	assert.Empty(c, types)
	channel, err := c.client.SalesChannels.Get(c.Context(), c.by, "sc_mayorista")
	require.NoError(c, err)
	assert.Equal(c, SalesChannel{ID: "sc_mayorista", Name: "Mayorista"}, channel)
}
