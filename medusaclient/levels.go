package medusaclient

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Landing is how much later than it was sent a write may take effect.
const Landing = 30 * time.Second

// LevelKey names a level: an item at a location.
type LevelKey struct {
	InventoryItemID string `json:"inventory_item_id"`
	LocationID      string `json:"location_id"`
}

// Key names the level.
func (l InventoryLevel) Key() LevelKey { return LevelKey{l.InventoryItemID, l.LocationID} }

// LevelWrite is the quantities to be written to a level. Those that are nil stay
// as they are, which is 0 of a level that is made.
type LevelWrite struct {
	InventoryItemID  string  `json:"inventory_item_id"`
	LocationID       string  `json:"location_id"`
	StockedQuantity  *Number `json:"stocked_quantity,omitempty"`
	IncomingQuantity *Number `json:"incoming_quantity,omitempty"`
}

func (w LevelWrite) key() LevelKey { return LevelKey{w.InventoryItemID, w.LocationID} }

func keysOf(writes []LevelWrite) []LevelKey {
	keys := make([]LevelKey, len(writes))
	for i, write := range writes {
		keys[i] = write.key()
	}
	return keys
}

// levelsBatch is a batch of one kind of change. Medusa undoes a failed batch of
// several kinds by writing old values back, over whatever was written meanwhile.
type levelsBatch struct {
	Create []LevelWrite `json:"create,omitempty"`
	Update []LevelWrite `json:"update,omitempty"`
	Delete []string     `json:"delete,omitempty"`
	Force  bool         `json:"force,omitempty"`
}

const levelsBatchRoute = "/admin/inventory-items/location-levels/batch"

func (s *InventoryItems) batch(ctx context.Context, by Credential, sendBy time.Time, batch levelsBatch, into target) error {
	return s.client.do(ctx, call{
		method: http.MethodPost, route: levelsBatchRoute, path: levelsBatchRoute,
		body: batch, credential: by, sendBy: sendBy,
	}, into)
}

// holdsAll says whether each of the levels is among those answered, with its
// quantities.
func holdsAll(answered []InventoryLevel, keys []LevelKey) bool {
	counted := make(map[LevelKey]bool, len(answered))
	for _, level := range answered {
		counted[level.Key()] = level.ID != "" && level.StockedQuantity != "" && level.ReservedQuantity != ""
	}
	return !slices.ContainsFunc(keys, func(key LevelKey) bool { return !counted[key] })
}

type levelsUpdatedAnswer struct {
	Updated []InventoryLevel `json:"updated"`
	sent    []LevelKey
}

func (a *levelsUpdatedAnswer) whole() bool { return a.Updated != nil && holdsAll(a.Updated, a.sent) }

// UpdateLevels sets quantities of levels, all or none: when one does not exist,
// Medusa answers 404 and names every pair that is missing. The answer, in no
// promised order, shows what Medusa wrote; another's value that came at the same
// moment it does not show.
//
// A write whose connection is not there by sendBy is not sent. Whether one
// without an answer was, its OutageError says.
func (s *InventoryItems) UpdateLevels(ctx context.Context, by Credential, sendBy time.Time, updates []LevelWrite) ([]InventoryLevel, error) {
	answer := levelsUpdatedAnswer{sent: keysOf(updates)}
	err := s.batch(ctx, by, sendBy, levelsBatch{Update: updates}, &answer)
	return answer.Updated, err
}

type levelsCreatedAnswer struct {
	Created []InventoryLevel `json:"created"`
	sent    []LevelKey
}

func (a *levelsCreatedAnswer) whole() bool { return a.Created != nil && holdsAll(a.Created, a.sent) }

// CreateLevels makes levels with their quantities, all or none: Medusa answers 400 when one
// exists already and 404 for an unknown item. It does not ask whether the
// locations exist. For sendBy see UpdateLevels.
func (s *InventoryItems) CreateLevels(ctx context.Context, by Credential, sendBy time.Time, levels []LevelWrite) ([]InventoryLevel, error) {
	answer := levelsCreatedAnswer{sent: keysOf(levels)}
	err := s.batch(ctx, by, sendBy, levelsBatch{Create: levels}, &answer)
	return answer.Created, err
}

type levelsDeletedAnswer struct {
	Deleted []string `json:"deleted"`
}

func (a *levelsDeletedAnswer) whole() bool { return a.Deleted != nil }

// DeleteLevels deletes levels by their own ids, all or none; unknown ones are
// passed over. Medusa answers 400 when one has reservations or, without force,
// stock. For sendBy see UpdateLevels.
func (s *InventoryItems) DeleteLevels(ctx context.Context, by Credential, sendBy time.Time, levelIDs []string, force bool) error {
	return s.batch(ctx, by, sendBy, levelsBatch{Delete: levelIDs, Force: force}, &levelsDeletedAnswer{})
}

// ConfirmWrite asks Medusa whether the credential may write levels. It changes
// nothing. The error is Medusa's refusal, with status 401 or 403.
func (s *InventoryItems) ConfirmWrite(ctx context.Context, by Credential) error {
	return s.batch(ctx, by, time.Time{}, levelsBatch{}, &levelsUpdatedAnswer{})
}

// ConfirmRead asks Medusa whether the credential may read levels. The error is
// Medusa's refusal, with status 401 or 403.
func (s *InventoryItems) ConfirmRead(ctx context.Context, by Credential) error {
	q := newQuery("/admin/inventory-items", "id")
	q.page(1, 0)
	return s.client.do(ctx, call{method: http.MethodGet, route: "/admin/inventory-items", path: q.String(), credential: by},
		&inventoryItemsAnswer[ItemStock]{})
}
