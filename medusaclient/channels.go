package medusaclient

import (
	"context"
	"net/http"
	"net/url"
)

// SalesChannels are the calls below /admin/sales-channels.
type SalesChannels struct{ client *Client }

type salesChannelAnswer struct {
	SalesChannel SalesChannel `json:"sales_channel"`
}

func (a *salesChannelAnswer) whole() bool { return a.SalesChannel.ID != "" }

// Get reads one sales channel. Medusa answers 404 for an unknown one.
func (s *SalesChannels) Get(ctx context.Context, by Credential, id string) (SalesChannel, error) {
	q := newQuery("/admin/sales-channels/"+url.PathEscape(id), "id,name")
	var answer salesChannelAnswer
	err := s.client.do(ctx, call{method: http.MethodGet, route: "/admin/sales-channels/:id", path: q.String(), credential: by}, &answer)
	return answer.SalesChannel, err
}
