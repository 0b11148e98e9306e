package bff

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/medusaclient"
)

func TestErrorsOfLowerRoomsAreTranslated(t *testing.T) {
	refusal := func(status int) error {
		return fmt.Errorf("wrapped: %w", &medusaclient.Error{Status: status, Type: "not_found", Message: "Medusa's own words"})
	}
	outage := func(reason medusaclient.Reason) error {
		return &medusaclient.OutageError{Reason: reason, Err: errOther}
	}
	for name, c := range map[string]struct {
		err    error
		code   Code
		outage Outage
		retry  time.Duration
	}{
		"refused credential":           {err: refusal(401), code: Unauthorized},
		"roles":                        {err: refusal(403), code: Forbidden},
		"missing":                      {err: refusal(404), code: ProductNotFound},
		"another 404 than Medusa's":    {err: &medusaclient.Error{Status: 404}, code: NetworkError, outage: Broken},
		"a refusal before Medusa":      {err: &medusaclient.Error{Status: 403, Foreign: true}, code: NetworkError, outage: Broken},
		"too long a call":              {err: medusaclient.ErrTooLong, code: URITooLong},
		"a mistake of ours":            {err: refusal(400), code: NetworkError, outage: Broken},
		"Medusa's own failure":         {err: refusal(500), code: NetworkError, outage: Broken},
		"the gateway's own credential": {err: &medusaclient.AccountError{Err: refusal(401)}, code: NetworkError, outage: Broken},
		"nonsense":                     {err: outage(medusaclient.Nonsense), code: NetworkError, outage: Broken},
		"unreachable":                  {err: outage(medusaclient.Unreachable), code: NetworkError, outage: Unreachable, retry: time.Second},
		"breaker open":                 {err: &medusaclient.OutageError{Reason: medusaclient.Closed, RetryAfter: 3 * time.Second}, code: NetworkError, outage: Unreachable, retry: 3 * time.Second},
		"saturated":                    {err: outage(medusaclient.Saturated), code: NetworkError, outage: Unreachable, retry: time.Second},
		"too slow":                     {err: outage(medusaclient.TooSlow), code: NetworkError, outage: Slow},
		"out of time":                  {err: context.DeadlineExceeded, code: NetworkError, outage: Slow},
		"the caller left":              {err: context.Canceled, code: Canceled},
		"anything else":                {err: errOther, code: Internal},
		"ours already":                 {err: fmt.Errorf("wrapped: %w", notFound(VariantNotFound, "v")), code: VariantNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			e := requireCode(t, c.code, errorOf(c.err, ProductNotFound, "prod_x"))
			require.Equal(t, c.outage, e.Outage)
			require.Equal(t, c.retry, e.RetryAfter)
			require.NotContains(t, e.Message.In(0), "own words", "Medusa's words reach the client")
		})
	}
	require.NoError(t, errorOf(nil, ProductNotFound))
}

func TestAMissingRouteOfMedusasIsNoMissingThing(t *testing.T) {
	requireCode(t, NetworkError, errorOf(&medusaclient.Error{Status: 404}, ""))
}
