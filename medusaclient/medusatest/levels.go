package medusatest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// levelEntry is one level in the body of a write, with the quantities that it
// sets, by column.
type levelEntry struct {
	itemID, locationID string
	columns            map[string]float64
}

// quantities reads what every write of a level may set.
func (e *levelEntry) quantities(f *bodyFields) {
	e.columns = map[string]float64{}
	f.quantity("stocked_quantity", e.columns)
	f.quantity("incoming_quantity", e.columns)
}

// updateLevel is POST /admin/inventory-items/:id/location-levels/:location_id.
func (s *Server) updateLevel(r *http.Request) (effect, *problem) {
	entry := levelEntry{itemID: r.PathValue("id"), locationID: r.PathValue("location_id")}
	shown, fault := readWrite(r, entry.quantities)
	if fault != nil {
		return nil, fault
	}
	updates, fault := s.readUpdates([]levelEntry{entry})
	if fault != nil {
		return nil, fault
	}
	return func() (any, *problem) {
		s.mu.Lock()
		s.tables.updateLevel(updates[0])
		s.mu.Unlock()
		return s.answer(inventoryItems, entry.itemID, shown), nil
	}, nil
}

// createLevel is POST /admin/inventory-items/:id/location-levels.
func (s *Server) createLevel(r *http.Request) (effect, *problem) {
	entry := levelEntry{itemID: r.PathValue("id")}
	shown, fault := readWrite(r, func(f *bodyFields) {
		entry.locationID = f.text("location_id")
		entry.quantities(f)
	})
	if fault != nil {
		return nil, fault
	}
	s.mu.RLock()
	location := s.tables.get("stock_location", entry.locationID)
	s.mu.RUnlock()
	if location == nil {
		return nil, notFound("Stock locations with ids: " + entry.locationID + " was not found")
	}
	return func() (any, *problem) {
		s.mu.Lock()
		_, fault := s.tables.createLevels([]levelEntry{entry})
		s.mu.Unlock()
		if fault != nil {
			return nil, fault
		}
		return s.answer(inventoryItems, entry.itemID, shown), nil
	}, nil
}

// deleteLevel is DELETE /admin/inventory-items/:id/location-levels/:location_id.
func (s *Server) deleteLevel(r *http.Request) (effect, *problem) {
	itemID, locationID := r.PathValue("id"), r.PathValue("location_id")
	shown, fault := readQuery(r, selectParams(), true)
	if fault != nil {
		return nil, fault
	}
	s.mu.RLock()
	level := s.tables.levelAt(itemID, locationID)
	s.mu.RUnlock()
	if level == nil {
		return nil, notFound("Inventory Level for Item " + itemID + " at Location " + locationID + " not found")
	}
	if quantityOf(level, "reserved_quantity") > 0 {
		return nil, notAllowed("Cannot remove Inventory Level " + itemID + " at Location " + locationID +
			" because there are reservations at location")
	}
	return func() (any, *problem) {
		s.mu.Lock()
		fault := s.tables.deleteLevels([]string{idOf(level)}, false)
		s.mu.Unlock()
		if fault != nil {
			return nil, fault
		}
		answer := row{"id": level["id"], "object": "inventory-level", "deleted": true}
		if parent, there := s.answer(inventoryItems, itemID, shown)["inventory_item"]; there {
			answer["parent"] = parent
		}
		return answer, nil
	}, nil
}

// levelBatch is the body of a batch.
type levelBatch struct {
	create, update []levelEntry
	delete         []string
	deletes        bool // whether the body has the key
	force          bool
}

// batchLevels is POST /admin/inventory-items/location-levels/batch. Its top level
// is strict, its entries are not.
func (s *Server) batchLevels(r *http.Request) (effect, *problem) {
	f, fault := topFields(r)
	if fault != nil {
		return nil, fault
	}
	batch := readBatch(f, func(f *bodyFields) levelEntry {
		entry := levelEntry{itemID: f.text("inventory_item_id"), locationID: f.text("location_id")}
		entry.quantities(f)
		return entry
	})
	if fault := f.refusal(); fault != nil {
		return nil, fault
	}
	return s.batchEffect(r, batch)
}

// batchLevelsOfItem is POST /admin/inventory-items/:id/location-levels/batch. Its
// entries are strict.
func (s *Server) batchLevelsOfItem(r *http.Request) (effect, *problem) {
	f, fault := topFields(r)
	if fault != nil {
		return nil, fault
	}
	batch := readBatch(f, func(f *bodyFields) levelEntry {
		entry := levelEntry{itemID: r.PathValue("id"), locationID: f.text("location_id")}
		entry.quantities(f)
		f.strict()
		return entry
	})
	if fault := f.refusal(); fault != nil {
		return nil, fault
	}
	if _, fault := readQuery(r, selectParams(), true); fault != nil {
		return nil, fault
	}
	batch.deletes = true
	return s.batchEffect(r, batch)
}

func readBatch(f *bodyFields, entry func(*bodyFields) levelEntry) levelBatch {
	var batch levelBatch
	f.objects("create", func(one *bodyFields) { batch.create = append(batch.create, entry(one)) })
	f.objects("update", func(one *bodyFields) { batch.update = append(batch.update, entry(one)) })
	batch.delete, batch.deletes = f.texts("delete")
	batch.force = f.flag("force")
	f.strict()
	return batch
}

// batchEffect carries out a batch. Its parts are not one transaction: when one
// fails, what the others did is undone by further writes, a moment later, over
// whatever was written in between. (Levels deleted beside a part that fails are
// restored by Medusa; here they stay from the first.)
func (s *Server) batchEffect(r *http.Request, batch levelBatch) (effect, *problem) {
	updates, missing := s.readUpdates(batch.update)
	if len(batch.create) == 0 && missing != nil {
		return nil, missing
	}
	return func() (any, *problem) {
		s.mu.Lock()
		created, fault := s.tables.createLevels(batch.create)
		if fault == nil {
			fault = missing
		}
		updated := s.tables.updateLevels(updates)
		if fault == nil {
			fault = s.tables.deleteLevels(batch.delete, batch.force)
		}
		s.mu.Unlock()
		if fault != nil {
			if len(created)+len(updated) > 0 {
				momentsOf(r).undo(func() { s.undo(created, updates) })
			}
			return nil, fault
		}
		answer := row{"created": created, "updated": updated}
		if batch.deletes {
			answer["deleted"] = texts(batch.delete)
		}
		return answer, nil
	}, nil
}

// undo writes back what the levels held before a batch, as another write.
func (s *Server) undo(created []any, updates []levelUpdate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, each := range created {
		level, _ := each.(row)
		s.tables.dropLevel(idOf(level))
	}
	for _, update := range updates {
		now := s.tables.get("inventory_level", idOf(update.before))
		if now == nil {
			continue
		}
		back := levelUpdate{before: now, columns: map[string]float64{}}
		for column := range update.columns {
			back.columns[column] = quantityOf(update.before, column)
		}
		s.tables.updateLevel(back)
	}
}

// levelUpdate is a write of a level: what it sets, and the level as the write
// read it when it began, which is what it compares with.
type levelUpdate struct {
	before  row
	columns map[string]float64
}

// readUpdates finds the levels to be updated, or else names every pair without
// one.
// Of several entries for one level the last is the only one. They come in
// another order than in the request.
func (s *Server) readUpdates(entries []levelEntry) ([]levelUpdate, *problem) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var missing []string
	var updates []levelUpdate
	seen := map[string]bool{}
	for _, entry := range slices.Backward(entries) {
		level := s.tables.levelAt(entry.itemID, entry.locationID)
		switch id := idOf(level); {
		case level == nil:
			missing = append(missing, notStocked(entry.itemID, entry.locationID))
		case !seen[id]:
			seen[id] = true
			updates = append(updates, levelUpdate{before: level, columns: entry.columns})
		}
	}
	if len(missing) > 0 {
		slices.Reverse(missing)
		return nil, notFound(strings.Join(missing, ", "))
	}
	return updates, nil
}

func (t *tables) levelAt(itemID, locationID string) row {
	for _, level := range t.levelsOf[itemID] {
		if level["location_id"] == locationID {
			return level
		}
	}
	return nil
}

// putLevel stores a level, as the last of its item's.
func (t *tables) putLevel(level row) row {
	t.forgetLevel(level)
	itemID := textOf(level, "inventory_item_id")
	t.levelsOf[itemID] = append(t.levelsOf[itemID], t.put("inventory_level", level))
	return level
}

func (t *tables) dropLevel(id string) {
	if level := t.get("inventory_level", id); level != nil {
		t.forgetLevel(level)
		delete(t.rows["inventory_level"], id)
	}
}

func (t *tables) forgetLevel(level row) {
	itemID := textOf(level, "inventory_item_id")
	t.levelsOf[itemID] = slices.DeleteFunc(t.levelsOf[itemID], func(each row) bool { return each["id"] == level["id"] })
}

func (t *tables) updateLevels(updates []levelUpdate) []any {
	answered := make([]any, len(updates))
	for i, update := range updates {
		answered[i] = t.updateLevel(update)
	}
	return answered
}

// updateLevel writes the columns that differ from what the write read when it
// began, and only those: a value that was written since stays where this write
// sets the one that it read. It returns the level as a batch answers it, which
// is what the write read and what it set, whatever the database holds: its
// available_quantity is the one from before.
func (t *tables) updateLevel(update levelUpdate) row {
	answered := maps.Clone(update.before)
	answered["inventory_item"] = row{
		"id": update.before["inventory_item_id"], "reserved_quantity": nil, "stocked_quantity": nil,
	}
	written := row{}
	for column, value := range update.columns {
		setQuantity(answered, column, value)
		if rawValue(value) != rawOf(update.before, column) {
			setQuantity(written, column, value)
		}
	}
	current := t.get("inventory_level", idOf(update.before))
	if len(written) == 0 || current == nil {
		return answered
	}
	next := changed(current, written)
	next["available_quantity"] = available(next)
	t.putLevel(next)
	answered["updated_at"] = next["updated_at"]
	return answered
}

// createLevels makes all the levels or none. Whether a location exists is not
// its business, and a deleted item will do.
func (t *tables) createLevels(entries []levelEntry) ([]any, *problem) {
	taken := map[[2]string]bool{}
	for _, entry := range entries {
		key := [2]string{entry.itemID, entry.locationID}
		if taken[key] || t.levelAt(entry.itemID, entry.locationID) != nil {
			return nil, invalidData(fmt.Sprintf("Inventory level with inventory_item_id: %s, location_id: %s, already exists.",
				entry.itemID, entry.locationID))
		}
		taken[key] = true
	}
	for _, entry := range entries {
		if !t.known("inventory_item", entry.itemID) {
			return nil, noSuchRelation("inventory_item_id", entry.itemID)
		}
	}
	created := make([]any, len(entries))
	for i, entry := range entries {
		level := t.putLevel(t.newLevel(entry.itemID, entry.locationID, Quantities{
			Stocked: entry.columns["stocked_quantity"], Incoming: entry.columns["incoming_quantity"],
		}))
		answered := maps.Clone(level)
		delete(answered, "available_quantity")
		created[i] = answered
	}
	return created, nil
}

func (t *tables) newLevel(itemID, locationID string, q Quantities) row {
	level := row{"id": t.newID("ilev"), "location_id": locationID, "inventory_item_id": itemID, "metadata": nil}
	setQuantities(level, q)
	level["created_at"] = nextStamp("")
	level["updated_at"] = level["created_at"]
	return level
}

// deleteLevels deletes all the levels or none; unknown ids are none.
func (t *tables) deleteLevels(ids []string, force bool) *problem {
	var reserved, stocked []string
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		level := t.get("inventory_level", id)
		if quantityOf(level, "reserved_quantity") > 0 {
			reserved = append(reserved, textOf(level, "location_id"))
		}
		if quantityOf(level, "stocked_quantity") > 0 && !force {
			stocked = append(stocked, textOf(level, "location_id"))
		}
	}
	if len(reserved) > 0 {
		return notAllowed("Cannot remove Inventory Levels for " + deduplicated(reserved) +
			" because there are reserved or incoming items at the locations")
	}
	if len(stocked) > 0 {
		return notAllowed("Cannot remove Inventory Levels for " + deduplicated(stocked) +
			" because there are stocked items at the locations. Use force flag to delete anyway.")
	}
	for _, id := range ids {
		t.dropLevel(id)
	}
	return nil
}

// notStocked is the sentence for a level that is not there.
func notStocked(itemID, locationID string) string {
	return "Item " + itemID + " is not stocked at location " + locationID
}

func deduplicated(words []string) string {
	seen := map[string]bool{}
	return strings.Join(slices.DeleteFunc(words, func(word string) bool {
		before := seen[word]
		seen[word] = true
		return before
	}), ", ")
}
