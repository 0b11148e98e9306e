package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql" //nolint:depguard // a database locked as no gateway would
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"github.com/cannahub/gateway/testdata/medusa"
)

// realShop is the program as built in front of a real Medusa.
type realShop struct {
	*program
	straight

	medusa *medusa.Medusa
}

func newRealShop(t *testing.T, environment ...string) *realShop {
	t.Helper()
	m := medusa.Start(t)
	p := launch(t, nil, append(inFrontOfReal(m, m.URL), environment...)...)
	require.Equal(t, http.StatusOK, p.get(t, "", "/readyz").status)
	return &realShop{program: p, straight: straight{m.URL, m.Token(t)}, medusa: m}
}

// inFrontOfReal is the environment of a program in front of a real Medusa, which
// it reaches at an address.
func inFrontOfReal(m *medusa.Medusa, address string) []string {
	return []string{"MEDUSA_URL=" + address, "MEDUSA_EMAIL=" + m.Email, "MEDUSA_PASSWORD=" + m.Password}
}

// newSQLite is the setting of a database that does not exist yet, and its file.
func newSQLite(t *testing.T) (setting, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "data", "gateway.db")
	return "STATE_DSN=sqlite:" + file, file
}

// lockSQLite keeps everybody else from writing to a SQLite file until unlock.
func lockSQLite(t *testing.T, file string) (unlock func()) {
	t.Helper()
	database, err := sql.Open("sqlite", file+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, database.Close()) })
	transaction, err := database.BeginTx(context.WithoutCancel(t.Context()), nil)
	require.NoError(t, err)
	return func() { require.NoError(t, transaction.Rollback()) }
}

// straight is Medusa itself, past the gateway.
type straight struct {
	address string
	token   string
}

// place is where a level is.
type place struct{ item, location string }

// call sends a request to Medusa and returns the body of its answer.
func (m straight) call(method, path string, body any) ([]byte, error) {
	sent, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	if body == nil {
		sent = nil
	}
	request, err := http.NewRequestWithContext(context.Background(), method, m.address+path, bytes.NewReader(sent))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+m.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, answer)
	}
	return answer, err
}

func (m straight) must(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	answer, err := m.call(method, path, body)
	require.NoError(t, err)
	return answer
}

// made makes something and returns its id.
func (m straight) made(t *testing.T, kind, path string, body map[string]any) string {
	t.Helper()
	id := gjson.GetBytes(m.must(t, http.MethodPost, path, body), kind+".id").String()
	require.NotEmpty(t, id, "%s has no id", kind)
	return id
}

// stocked reads what is stocked of some items, at all their levels, in one call.
func (m straight) stocked(items ...string) (map[place]json.Number, error) {
	query := "?limit=1000&fields=id,location_levels.location_id,location_levels.stocked_quantity&id[]=" + strings.Join(items, ",")
	body, err := m.call(http.MethodGet, "/admin/inventory-items"+query, nil)
	if err != nil {
		return nil, err
	}
	stocked := map[place]json.Number{}
	for _, item := range gjson.GetBytes(body, "inventory_items").Array() {
		for _, level := range item.Get("location_levels").Array() {
			stocked[place{item.Get("id").String(), level.Get("location_id").String()}] = json.Number(level.Get("stocked_quantity").Raw)
		}
	}
	return stocked, nil
}

// stockedAt reads what is stocked at one place, nothing where there is no level.
func (m straight) stockedAt(t *testing.T, at place) json.Number {
	t.Helper()
	stocked, err := m.stocked(at.item)
	require.NoError(t, err)
	return stocked[at]
}

// stock sets what is stocked at places.
func (m straight) stock(t *testing.T, quantity int, places ...place) {
	t.Helper()
	m.batchOf(t, "update", quantity, places)
}

// stockEverywhere makes levels with a stock at new locations.
func (m straight) stockEverywhere(t *testing.T, count, quantity int) []place {
	t.Helper()
	items := gjson.GetBytes(m.must(t, http.MethodGet, "/admin/inventory-items?limit=250&fields=id", nil), "inventory_items.#.id").Array()
	var places []place
	for len(places) < count {
		location := m.made(t, "stock_location", "/admin/stock-locations", map[string]any{"name": "Store " + rand.Text()})
		for _, item := range items[:min(len(items), count-len(places))] {
			places = append(places, place{item.String(), location})
		}
	}
	m.batchOf(t, "create", quantity, places)
	return places
}

func (m straight) batchOf(t *testing.T, operation string, quantity int, places []place) {
	t.Helper()
	levels := make([]map[string]any, len(places))
	for i, at := range places {
		levels[i] = map[string]any{"inventory_item_id": at.item, "location_id": at.location, "stocked_quantity": quantity}
	}
	m.must(t, http.MethodPost, "/admin/inventory-items/location-levels/batch", map[string]any{operation: levels})
}

// entry is a row of the ledger.
type entry struct {
	BatchID  string      `json:"batchId"`
	Item     string      `json:"inventoryItemId"`
	Location string      `json:"locationId"`
	Previous json.Number `json:"previousQuantity"`
	New      json.Number `json:"newQuantity"`
	Reason   string      `json:"reason"`
	State    string      `json:"state"`
}

// ledger reads the whole ledger, the oldest row first.
func (p *program) ledger(t *testing.T, token string) []entry {
	t.Helper()
	var entries []entry
	for {
		var page struct {
			Entries []entry
			Count   int
		}
		answer := p.get(t, token, fmt.Sprintf("/api/inventory/audit?limit=100&offset=%d", len(entries)))
		require.Equal(t, http.StatusOK, answer.status, answer.text)
		require.NoError(t, json.Unmarshal([]byte(answer.text), &page))
		entries = append(entries, page.Entries...)
		if len(entries) >= page.Count {
			slices.Reverse(entries)
			return entries
		}
	}
}

// at are the rows of one level.
func at(where place, entries []entry) []entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.Item != where.item || e.Location != where.location })
}

// requireChain asserts that applied rows lead from one quantity to another, each
// from where the one before it ended.
func requireChain(t *testing.T, entries []entry, from, to json.Number) {
	t.Helper()
	for i, e := range entries {
		require.Equal(t, "applied", e.State, "row %d of %d", i, len(entries))
		require.Equal(t, from, e.Previous, "row %d of %d does not begin where the one before it ended", i, len(entries))
		from = e.New
	}
	require.Equal(t, to, from, "the ledger ends elsewhere")
}

// requireSettled asserts that no row of the ledger stays pending, and returns
// the ledger.
func (p *program) requireSettled(t *testing.T, token string, within time.Duration) []entry {
	t.Helper()
	var entries []entry
	require.Eventually(t, func() bool {
		entries = p.ledger(t, token)
		return !slices.ContainsFunc(entries, func(e entry) bool { return e.State == "pending" })
	}, within, 200*time.Millisecond, "rows stay pending")
	return entries
}

// adjustment is the body of POST /api/inventory/adjustments.
func adjustment(where place, by int) string {
	return fmt.Sprintf(`{"inventoryItemId":%q,"locationId":%q,"adjustment":%d,"reason":"correction"}`, where.item, where.location, by)
}

const adjustments = "/api/inventory/adjustments"

// rows is the rows of a batch, one for each place, each with what is to be done.
func rows(places []place, do string) string {
	list := make([]string, len(places))
	for i, at := range places {
		list[i] = fmt.Sprintf(`{"inventoryItemId":%q,"locationId":%q,%s}`, at.item, at.location, do)
	}
	return strings.Join(list, ",")
}

const batchUpdate = "/api/inventory/batch-update"

// together makes requests at once and counts their answers by status.
func together(t *testing.T, count int, request func(i int) (reply, error)) map[int]int {
	t.Helper()
	var mu sync.Mutex
	statuses := map[int]int{}
	var callers sync.WaitGroup
	for i := range count {
		callers.Go(func() {
			answer, err := request(i)
			if assert.NoError(t, err) {
				mu.Lock()
				defer mu.Unlock()
				statuses[answer.status]++
			}
		})
	}
	callers.Wait()
	return statuses
}
