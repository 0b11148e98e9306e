package mapping

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient"
)

func TestItemSumsTheLevelsItShows(t *testing.T) {
	page := medusaclient.Page[medusaclient.InventoryItem]{Count: 45, Rows: []medusaclient.InventoryItem{
		whole(item("iitem_a", level("sloc_b", "200", "0", "50"), level("sloc_a", "50", "55", "0"), deleted(level("sloc_c", "0.5", "0.25", "0")))),
	}}
	for locationID, want := range map[string]struct {
		stocked, reserved, available string
		levels                       []string
	}{
		"":       {"250.5", "55.25", "195.25", []string{"sloc_a", "sloc_b", "sloc_c"}},
		"sloc_a": {"50", "55", "-5", []string{"sloc_a"}},
		"sloc_c": {"0.5", "0.25", "0.25", []string{"sloc_c"}},
		"sloc_d": {"0", "0", "0", nil},
	} {
		t.Run("at "+locationID, func(t *testing.T) {
			list := NewInventoryList(page, locationID, Page{Limit: 20, Offset: 40}, English)
			assert.Equal(t, [3]int{45, 20, 40}, [3]int{list.Count, list.Limit, list.Offset})
			require.Len(t, list.Items, 1)
			shown := list.Items[0]
			assert.Equal(t, want.stocked, shown.StockedQuantity.String(), "stocked")
			assert.Equal(t, want.reserved, shown.ReservedQuantity.String(), "reserved")
			assert.Equal(t, want.available, shown.AvailableQuantity.String(), "available")
			var levels []string
			for _, level := range shown.LocationLevels {
				levels = append(levels, level.LocationID)
				assert.Equal(t, "iitem_a", level.InventoryItemID, "a level says whose it is")
			}
			assert.Equal(t, want.levels, levels)
			named := []Warning{}
			if locationID == "" || locationID == "sloc_c" {
				named = append(named, Warning{Code: LocationDeleted, InventoryItemID: "iitem_a", LocationID: "sloc_c"})
			}
			assert.Equal(t, named, codes(list.Warnings), "a deleted location is named where it is shown")
		})
	}
}

func TestLevelOfADeletedLocation(t *testing.T) {
	detail := NewInventoryDetail(whole(item("iitem_a", deleted(level("sloc_gone", "6", "1", "2")))), Spanish)
	assert.JSONEq(t, `[{"id":"ilev_sloc_gone","inventoryItemId":"iitem_a","locationId":"sloc_gone","locationName":null,"stockedQuantity":6,"reservedQuantity":1,
		"incomingQuantity":2,"availableQuantity":5,"location":null,"metadata":null,"createdAt":null,"updatedAt":null}]`,
		string(marshal(t, detail.Item.LocationLevels)))
	assert.Equal(t, []Warning{{
		Code: LocationDeleted, InventoryItemID: "iitem_a", LocationID: "sloc_gone",
		Detail: "Hay stock en la ubicación sloc_gone, que fue eliminada; se cuenta de todos modos.",
	}}, detail.Warnings)
}

func TestItemWithoutAnything(t *testing.T) {
	assert.JSONEq(t, `{"item":{"id":"iitem_a","sku":null,"title":null,"description":null,"thumbnail":null,"originCountry":null,"hsCode":null,"midCode":null,
		"material":null,"requiresShipping":false,"weight":null,"length":null,"height":null,"width":null,
		"stockedQuantity":0,"reservedQuantity":0,"availableQuantity":0,"locationLevels":[],"metadata":null,"createdAt":null,"updatedAt":null},"warnings":[]}`,
		string(marshal(t, NewInventoryDetail(whole(item("iitem_a")), English))))
	assert.JSONEq(t, `{"items":[],"count":0,"offset":0,"limit":20,"warnings":[]}`,
		string(marshal(t, NewInventoryList(medusaclient.Page[medusaclient.InventoryItem]{}, "", Page{Limit: 20}, English))))
}

func TestCountryCodesAreShownInCapitals(t *testing.T) {
	lower := "ar"
	location := medusaclient.StockLocation{ID: "sloc_a", Name: "A", Address: &medusaclient.Address{CountryCode: &lower}}
	assert.Equal(t, "AR", *NewLocationDetail(location).Location.Address.CountryCode)
	listed := whole(item("iitem_a", level("sloc_a", "1", "0", "0")))
	listed.LocationLevels[0].StockLocations[0] = location
	assert.Equal(t, "AR", *NewInventoryDetail(listed, English).Item.LocationLevels[0].Location.Address.CountryCode)
	assert.Equal(t, "ar", *location.Address.CountryCode, "Medusa's own answer stays as it is")
}

func TestLocationWithoutAnything(t *testing.T) {
	assert.JSONEq(t, `{"location":{"id":"sloc_a","name":"A","address":null,"metadata":null,"salesChannels":[],"createdAt":null,"updatedAt":null}}`,
		string(marshal(t, NewLocationDetail(medusaclient.StockLocation{ID: "sloc_a", Name: "A"}))))
	assert.JSONEq(t, `{"locations":[],"count":3,"limit":20,"offset":5}`,
		string(marshal(t, NewLocationList(medusaclient.Page[medusaclient.StockLocation]{Count: 3}, Page{Limit: 20, Offset: 5}))))
}
