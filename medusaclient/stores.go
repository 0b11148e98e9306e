package medusaclient

import (
	"context"
	"net/http"
)

// Store is the shop.
type Store struct {
	ID                  string              `json:"id"`
	Name                string              `json:"name"`
	SupportedCurrencies []SupportedCurrency `json:"supported_currencies"`
}

// SupportedCurrency is a currency that the shop sells in.
type SupportedCurrency struct {
	CurrencyCode string `json:"currency_code"`
	IsDefault    bool   `json:"is_default"`
}

const storeFields = "id,name,supported_currencies.currency_code,supported_currencies.is_default"

// Stores are the calls below /admin/stores.
type Stores struct{ client *Client }

type storesAnswer struct {
	Stores []Store `json:"stores"`
}

func (a *storesAnswer) whole() bool { return a.Stores != nil }

// List reads the stores; a shop has one.
func (s *Stores) List(ctx context.Context, by Credential) ([]Store, error) {
	q := newQuery("/admin/stores", storeFields)
	var answer storesAnswer
	err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/stores", path: q.String(), credential: by}, &answer)
	return answer.Stores, err
}
