package stock

import (
	"context"

	"github.com/cannahub/gateway/medusaclient"
)

// Preview returns the outcomes that Do would have now, and changes nothing. It
// asks Medusa with the caller's own credential.
func (l *Lane) Preview(ctx context.Context, by medusaclient.Credential, batch *Batch) ([]Outcome, error) {
	own := func(_ context.Context, do func(medusaclient.Credential) error) error { return do(by) }
	units := unitsOf(ctx, batch, batch.Changes)
	book, err := l.reader.read(ctx, own, units)
	if err != nil {
		return nil, err
	}
	plan, _ := planOf(units, sources{book: book}, holds{}, l.now())
	outcomes := make([]Outcome, 0, len(batch.Changes))
	for _, unit := range plan.units {
		for i := range unit.outcomes {
			unit.outcomes[i].Status = Applied
		}
	}
	for _, unit := range units {
		outcomes = append(outcomes, unit.outcomes...)
	}
	return outcomes, nil
}
