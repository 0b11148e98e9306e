package medusatest

import (
	"fmt"
	"strings"
)

// Put stores a Store, SalesChannel, ShippingProfile, StockLocation, InventoryItem (with its
// levels), Reservation or Product (with its variants), in the place of the one
// with its id if there is one. It panics for any other type.
func (s *Server) Put(entity any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := entity.(type) {
	case Store:
		var defaultSalesChannel any
		if before := s.tables.get("store", e.ID); before != nil {
			defaultSalesChannel = before["default_sales_channel_id"]
		}
		s.tables.putStore(e, defaultSalesChannel)
	case SalesChannel:
		s.tables.putSalesChannel(e)
	case PublishableKey:
		s.tables.putPublishableKey(e)
	case ShippingProfile:
		s.tables.putShippingProfile(e)
	case StockLocation:
		s.tables.putStockLocation(e)
	case InventoryItem:
		s.tables.putInventoryItem(e)
	case Reservation:
		s.tables.putReservation(e)
	case Product:
		s.tables.putProduct(e)
	default:
		panic(fmt.Sprintf("medusatest: cannot put a %T", entity))
	}
}

// SetLevel sets the quantities of an item at a location and makes the level if
// there is none. As in Medusa, the level is then the last of the item's, and
// its updated_at moves only when a quantity changed. It panics for an unknown
// item.
func (s *Server) SetLevel(itemID, locationID string, q Quantities) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables.get("inventory_item", itemID) == nil {
		panic("medusatest: no inventory item " + itemID)
	}
	level := s.tables.levelAt(itemID, locationID)
	if level == nil {
		level = row{
			"id":          "ilev_" + strings.TrimPrefix(itemID, "iitem_") + "_" + strings.TrimPrefix(locationID, "sloc_"),
			"location_id": locationID, "inventory_item_id": itemID, "metadata": nil,
		}
	} else if quantitiesOf(level) == q {
		return
	} else {
		level = changed(level, nil)
	}
	setQuantities(level, q)
	s.tables.putLevel(level)
}

// LevelKey names a level.
type LevelKey struct{ InventoryItemID, LocationID string }

// Level returns the quantities of an item at a location, and whether there is
// such a level.
func (s *Server) Level(itemID, locationID string) (Quantities, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	level := s.tables.levelAt(itemID, locationID)
	return quantitiesOf(level), level != nil
}

// Levels returns the quantities of every level.
func (s *Server) Levels() map[LevelKey]Quantities {
	s.mu.RLock()
	defer s.mu.RUnlock()
	levels := map[LevelKey]Quantities{}
	for _, level := range s.tables.rows["inventory_level"] {
		levels[LevelKey{textOf(level, "inventory_item_id"), textOf(level, "location_id")}] = quantitiesOf(level)
	}
	return levels
}

// Reserve reserves a quantity of an item at a location, as an order does, whether
// it is available or not; a negative one is given back. It panics where there is
// no level.
func (s *Server) Reserve(itemID, locationID string, quantity float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	level := s.tables.levelAt(itemID, locationID)
	if level == nil {
		panic("medusatest: no level of " + itemID + " at " + locationID)
	}
	s.tables.reserve(level, quantity)
}

// RenameLocation gives a stock location another name. It panics for an unknown
// location.
func (s *Server) RenameLocation(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	location := s.tables.get("stock_location", id)
	if location == nil {
		panic("medusatest: no stock location " + id)
	}
	s.tables.put("stock_location", changed(location, row{"name": name}))
}

// Delete deletes the stock location, inventory item or product with the id, as
// Medusa does: levels and reservations at a deleted location stay, those of a
// deleted item go.
func (s *Server) Delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch prefix, _, _ := strings.Cut(id, "_"); prefix {
	case "sloc":
		s.tables.deleteStockLocation(id)
	case "iitem":
		s.tables.deleteInventoryItem(id)
	case "prod":
		s.tables.deleteProduct(id)
	default:
		panic("medusatest: cannot delete " + id)
	}
}
