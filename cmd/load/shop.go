package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/tidwall/gjson"
)

// testMedusa is the program that starts a real Medusa for tests.
const testMedusa = "testdata/medusa/medusa.mjs"

// shop is a real Medusa whose stock may be changed.
type shop struct {
	upstream
	publishableKey, control string // empty of one that was there before
	token                   string
	process                 *process // nil: it was there before
}

// place is where a level is.
type place struct{ item, location string }

// openShop signs in to a real Medusa. Without one it starts one for tests.
func openShop(ctx context.Context, at upstream) (*shop, error) {
	s := &shop{upstream: at}
	if s.url == "" {
		if err := s.start(ctx); err != nil {
			return nil, err
		}
	}
	answer, err := s.call(ctx, http.MethodPost, "/auth/user/emailpass", map[string]string{"email": s.email, "password": s.password})
	if err != nil {
		s.close()
		return nil, err
	}
	s.token = answer.Get("token").String()
	return s, nil
}

func (s *shop) start(ctx context.Context) error {
	if _, err := os.Stat(testMedusa); err != nil {
		return fmt.Errorf("give -medusa, or work at the top of the repository: %w", err)
	}
	s.process = newProcess(ctx, "node", testMedusa)
	line, err := s.process.startAndTell()
	if err != nil {
		return err
	}
	var told struct{ URL, Email, Password, PublishableKey, Control string }
	if err := json.Unmarshal([]byte(line), &told); err != nil {
		s.close()
		return err
	}
	s.upstream = upstream{told.URL, told.Email, told.Password}
	s.publishableKey, s.control = told.PublishableKey, told.Control
	return nil
}

func (s *shop) close() {
	if s.process != nil {
		s.process.stop()
	}
}

// tell has a Medusa that was started here stop or start.
func (s *shop) tell(ctx context.Context, action string) error {
	at := shop{upstream: upstream{url: s.control}}
	_, err := at.call(ctx, http.MethodPost, "/"+action, nil)
	return err
}

// host is the address of Medusa.
func (s *shop) host() string { return strings.TrimPrefix(s.url, "http://") }

// newLevels makes levels at new locations, with a stock of levelStock.
func (s *shop) newLevels(ctx context.Context, count int) ([]place, error) {
	answer, err := s.call(ctx, http.MethodGet, "/admin/inventory-items?limit=250&fields=id", nil)
	if err != nil {
		return nil, err
	}
	items := answer.Get("inventory_items.#.id").Array()
	if len(items) == 0 {
		return nil, errors.New("it has no inventory items")
	}
	var places []place
	var levels []map[string]any
	for len(places) < count {
		made, err := s.call(ctx, http.MethodPost, "/admin/stock-locations", map[string]string{"name": "Load " + rand.Text()})
		if err != nil {
			return nil, err
		}
		location := made.Get("stock_location.id").String()
		for _, item := range items[:min(len(items), count-len(places))] {
			places = append(places, place{item.String(), location})
			levels = append(levels, map[string]any{"inventory_item_id": item.String(), "location_id": location, "stocked_quantity": levelStock})
		}
	}
	_, err = s.call(ctx, http.MethodPost, "/admin/inventory-items/location-levels/batch", map[string]any{"create": levels})
	return places, err
}

// call asks Medusa for what is not measured.
func (s *shop) call(ctx context.Context, method, path string, body any) (gjson.Result, error) {
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return gjson.Result{}, err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, sent)
	if err != nil {
		return gjson.Result{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return gjson.Result{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return gjson.ParseBytes(text), err
}
