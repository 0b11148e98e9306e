package medusatest

import (
	"slices"
	"strings"
)

// link is a row of a table that links two modules. Medusa checks neither end.
type link struct{ left, right string }

// The tables of links, by what stands on their left and right.
const (
	channelLocation  = "sales_channel_stock_location"
	locationSet      = "location_fulfillment_set"
	locationProvider = "location_fulfillment_provider"
	optionPriceSet   = "shipping_option_price_set"
	keyChannel       = "publishable_api_key_sales_channel"
)

// link links two rows, once.
func (t *tables) link(table, left, right string) {
	t.unlink(table, left, right)
	t.links[table] = append(t.links[table], link{left, right})
}

func (t *tables) unlink(table, left, right string) {
	t.unlinkWhere(table, func(each link) bool { return each == link{left, right} })
}

func (t *tables) unlinkLeft(table, left string) {
	t.unlinkWhere(table, func(each link) bool { return each.left == left })
}

func (t *tables) unlinkRight(table, right string) {
	t.unlinkWhere(table, func(each link) bool { return each.right == right })
}

func (t *tables) unlinkWhere(table string, gone func(link) bool) {
	t.links[table] = slices.DeleteFunc(t.links[table], gone)
}

// rightOf are the ids that are linked to one on the left.
func (t *tables) rightOf(table, left string) []string {
	var ids []string
	for _, each := range t.links[table] {
		if each.left == left {
			ids = append(ids, each.right)
		}
	}
	return ids
}

// leftOf are the ids that are linked to one on the right.
func (t *tables) leftOf(table, right string) []string {
	var ids []string
	for _, each := range t.links[table] {
		if each.right == right {
			ids = append(ids, each.left)
		}
	}
	return ids
}

// all are the rows with the ids, null for each that is not there.
func (t *tables) all(entity string, ids []string) []row {
	rows := make([]row, len(ids))
	for i, id := range ids {
		rows[i] = t.get(entity, id)
	}
	return rows
}

// relink adds links and removes others. Medusa cannot add one twice
// in a call.
func (t *tables) relink(table string, add, remove []link) *problem {
	for i, each := range add {
		if slices.Contains(add[:i], each) {
			return unknownError()
		}
	}
	for _, each := range add {
		t.link(table, each.left, each.right)
	}
	for _, each := range remove {
		t.unlink(table, each.left, each.right)
	}
	return nil
}

// DeadLinks returns the links between a sales channel and a stock location that
// is not there, each as "sales channel, a space, location", sorted. One such link
// ends every checkout of the channel in a real Medusa.
func (s *Server) DeadLinks() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	dead := []string{}
	for _, each := range s.tables.links[channelLocation] {
		if s.tables.get("stock_location", each.right) == nil {
			dead = append(dead, each.left+" "+each.right)
		}
	}
	slices.SortFunc(dead, strings.Compare)
	return dead
}

// Rows counts the rows of what setting up a location and reserving writes, and
// the links, by Medusa's names of the tables. Of prices and price sets it counts
// those of shipping options.
func (s *Server) Rows() map[string]int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	counts := map[string]int{}
	for _, table := range []string{
		"stock_location", "stock_location_address", "fulfillment_set", "service_zone", "geo_zone", "shipping_option",
		"shipping_option_rule", "shipping_option_type", "price_set", "price", "reservation_item",
	} {
		counts[table] = len(s.tables.rows[table])
	}
	for _, table := range []string{channelLocation, locationSet, locationProvider, optionPriceSet} {
		counts[table] = len(s.tables.links[table])
	}
	return counts
}
