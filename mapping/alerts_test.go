package mapping

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cannahub/gateway/medusaclient"
)

// alarmed are the alerts in short: item, status, available.
func alarmed(list AlertList) [][3]string {
	short := [][3]string{}
	for _, alert := range list.Alerts {
		short = append(short, [3]string{alert.InventoryItemID, alert.Status, alert.AvailableQuantity.String()})
	}
	return short
}

func TestAlertsListTheScarcestFirst(t *testing.T) {
	items := []medusaclient.ItemStock{
		item("iitem_plenty", level("sloc_a", "6", "0", "0")),
		item("iitem_just", level("sloc_a", "6", "1", "0")),
		item("iitem_z_none", level("sloc_a", "4", "4", "0")),
		item("iitem_a_none"),
		item("iitem_owed", level("sloc_a", "2", "3", "99")),
		item("iitem_fraction", level("sloc_a", "0.001", "0", "0")),
		item("iitem_sum", level("sloc_a", "3", "0", "0"), level("sloc_b", "3", "0", "0")),
	}
	list := NewAlertList(items, q("5"), "", Page{Limit: 20}, English)
	assert.Equal(t, [][3]string{
		{"iitem_owed", OutOfStock, "-1"},
		{"iitem_a_none", OutOfStock, "0"},
		{"iitem_z_none", OutOfStock, "0"},
		{"iitem_fraction", LowStock, "0.001"},
		{"iitem_just", LowStock, "5"},
	}, alarmed(list))
	assert.Equal(t, 5, list.Count)
	assert.Equal(t, "5", list.Alerts[0].Threshold.String())

	assert.Equal(t, 3, NewAlertList(items, q("0"), "", Page{Limit: 20}, English).Count, "with threshold 0 only what is out of stock")
	assert.Equal(t, 7, NewAlertList(items, q("6"), "", Page{Limit: 20}, English).Count)
}

func TestAlertsOfOneLocation(t *testing.T) {
	items := []medusaclient.ItemStock{
		item("iitem_elsewhere", level("sloc_a", "1", "0", "0"), level("sloc_b", "100", "0", "0")),
		item("iitem_here", level("sloc_a", "100", "0", "0"), deleted(level("sloc_b", "2", "0", "0"))),
	}
	list := NewAlertList(items, q("5"), "sloc_b", Page{Limit: 20}, English)
	assert.JSONEq(t, `[{"inventoryItemId":"iitem_here","sku":null,"title":null,"availableQuantity":2,"threshold":5,"status":"low_stock",
		"locations":[{"locationId":"sloc_b","locationName":null,"availableQuantity":2}]}]`, string(marshal(t, list.Alerts)))
	assert.Equal(t, []Warning{{Code: LocationDeleted, InventoryItemID: "iitem_here", LocationID: "sloc_b"}}, codes(list.Warnings))
}

func TestAlertsShowEachLocation(t *testing.T) {
	list := NewAlertList([]medusaclient.ItemStock{
		item("iitem_a", level("sloc_b", "2", "0", "0"), level("sloc_a", "3", "4", "0")),
	}, q("5"), "", Page{Limit: 20}, English)
	assert.JSONEq(t, `[{"inventoryItemId":"iitem_a","sku":null,"title":null,"availableQuantity":1,"threshold":5,"status":"low_stock","locations":[
		{"locationId":"sloc_a","locationName":"Name of sloc_a","availableQuantity":-1},
		{"locationId":"sloc_b","locationName":"Name of sloc_b","availableQuantity":2}]}]`, string(marshal(t, list.Alerts)))
}

func TestAlertsArePaged(t *testing.T) {
	items := []medusaclient.ItemStock{item("iitem_a"), item("iitem_b"), item("iitem_c")}
	for _, c := range []struct {
		page Page
		ids  []string
	}{
		{Page{Limit: 2}, []string{"iitem_a", "iitem_b"}},
		{Page{Limit: 2, Offset: 2}, []string{"iitem_c"}},
		{Page{Limit: 2, Offset: 3}, nil},
		{Page{Limit: 2, Offset: maxOffset}, nil},
		{Page{Limit: 100, Offset: 1}, []string{"iitem_b", "iitem_c"}},
	} {
		list := NewAlertList(items, q("5"), "", c.page, English)
		var ids []string
		for _, alert := range list.Alerts {
			ids = append(ids, alert.InventoryItemID)
		}
		assert.Equal(t, c.ids, ids, "limit %d from %d", c.page.Limit, c.page.Offset)
		assert.Equal(t, 3, list.Count, "the count is that of the whole list")
		assert.Equal(t, c.page.Limit, list.Limit)
		assert.Equal(t, c.page.Offset, list.Offset)
	}
	assert.JSONEq(t, `{"alerts":[],"count":0,"limit":20,"offset":0,"warnings":[]}`, string(marshal(t, NewAlertList(nil, q("5"), "", Page{Limit: 20}, English))))
}
