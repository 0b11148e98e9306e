package bff

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient/medusatest"
)

// setupBody is a set-up with everything.
const setupBody = `{"name":"Norte","address":{"address_1":"Calle 1","country_code":"AR"},"enableShipping":true,"enablePickup":true,
	"salesChannelId":"sc_cannahub","shippingAmount":1500.5,"metadata":{"club":"high-up"}}`

func (s *shop) setUp(ctx context.Context, w Write, body string) (*WriteAnswer, error) {
	return send(ctx, w, body, mapping.ParseSetup, s.SetUpLocation)
}

// setupWrites are the paths of the calls that wrote, in their order, with ids left out.
func (s *shop) setupWrites() []string {
	var writes []string
	for _, call := range s.medusa.Calls() {
		if call.Method == http.MethodGet {
			continue
		}
		segments := strings.Split(strings.TrimPrefix(call.Path, "/admin/"), "/")
		segments = slices.DeleteFunc(segments, func(segment string) bool { return strings.Contains(segment, "_") })
		writes = append(writes, call.Method+" "+strings.Join(segments, "/"))
	}
	return writes
}

// setupSteps are the writes of a set-up, by the path that the first one has.
var setupSteps = map[string]string{
	"location": "/admin/stock-locations", "provider": "/admin/stock-locations/*/fulfillment-providers",
	"fulfillmentSet": "/admin/stock-locations/*/fulfillment-sets", "serviceZone": "/admin/fulfillment-sets/*/service-zones",
	"shippingOption": "/admin/shipping-options", "salesChannel": "/admin/stock-locations/*/sales-channels",
}

func setupStep(step string) medusatest.Match {
	return medusatest.Match{Method: http.MethodPost, Path: setupSteps[step], Times: 1}
}

func TestASetUpTakesTheFewestCallsAndLinksTheChannelLast(t *testing.T) {
	s := stocked(t)
	answer, err := s.setUp(t.Context(), s.by(""), setupBody)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, answer.Status)
	require.LessOrEqual(t, len(s.medusa.Calls()), 13)
	writes := s.setupWrites()
	require.Len(t, writes, 9)
	require.Equal(t, "POST stock-locations", writes[0])
	require.Equal(t, "POST stock-locations/sales-channels", writes[8])

	rows := s.medusa.Rows()
	s.medusa.ResetCalls()
	_, err = s.setUp(t.Context(), s.by(""), strings.Replace(setupBody, "Norte", "Sur", 1))
	require.NoError(t, err)
	require.Equal(t, rows["shipping_option_type"], s.medusa.Rows()["shipping_option_type"], "types of options, which Medusa never deletes")
}

// A step is refused, or its answer is lost: with time nothing is left, and the
// same request can be made.
func TestASetUpThatFailsLeavesNothing(t *testing.T) {
	for name, failure := range map[string]medusatest.Failure{
		"refused":     medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"no"}`),
		"a fault":     medusatest.Answer(http.StatusInternalServerError, `{"code":"unknown_error","type":"unknown_error","message":"An unknown error occurred."}`),
		"cut before":  medusatest.Cut(),
		"cut after":   medusatest.CutAfter(),
		"not as told": medusatest.Truncate(),
	} {
		for step := range setupSteps {
			t.Run(name+" "+step, func(t *testing.T) {
				s, clock := stocked(t), &clock{}
				s.now = clock.now
				_, err := s.setUp(t.Context(), s.by(""), setupBody) // with which the type of options comes
				require.NoError(t, err)
				before := s.medusa.Rows()
				body := strings.Replace(setupBody, "Norte", "Sur", 1)
				s.medusa.Fail(setupStep(step), failure)
				_, err = s.setUp(t.Context(), s.by("the key"), body)
				e, _ := err.(*Error) //nolint:errorlint // bff returns no other
				require.NotNil(t, e)
				if e.Code == RollbackIncomplete {
					require.NotEmpty(t, e.Rollback.Leftovers)
					requireCode(t, IdempotencyInProgress, second(s.setUp(t.Context(), s.by("the key"), body)))
					clock.forward.Add(int64(time.Minute))
					s.undoAll(t)
				} else if name == "refused" && step == "location" {
					require.Equal(t, NetworkError, e.Code, "there is nothing to undo")
				} else {
					require.Equal(t, SetupRolledBack, e.Code)
					require.True(t, e.Rollback.Complete)
					require.True(t, strings.HasPrefix(e.FailedStep, step), e.FailedStep)
				}
				require.Equal(t, before, s.medusa.Rows())
				require.Empty(t, s.medusa.DeadLinks())
				_, err = s.setUp(t.Context(), s.by("the key"), body)
				require.NoError(t, err, "the same request with the same key")
			})
		}
	}
}

func second(_ *WriteAnswer, err error) error { return err }

// undoAll does what is left to undo, as the queue would.
func (s *shop) undoAll(t testing.TB) {
	t.Helper()
	for _, id := range s.undoingIDs(t) {
		require.NoError(t, s.undoSetup(t.Context(), id))
	}
}

func (s *shop) undoingIDs(t testing.TB) []string {
	t.Helper()
	ids, err := s.store.Undoing(t.Context())
	require.NoError(t, err)
	return ids
}

// What comes after everything was removed finds nothing to hold on to.
func TestWhatComesLateIsRemovedToo(t *testing.T) {
	for step := range setupSteps {
		t.Run(step, func(t *testing.T) {
			s, clock := stocked(t), &clock{}
			s.now = clock.now
			_, err := s.setUp(t.Context(), s.by(""), setupBody)
			require.NoError(t, err)
			before := s.medusa.Rows()
			var late medusatest.Late
			s.medusa.Fail(setupStep(step), late.Cut)
			_, err = s.setUp(t.Context(), s.by(""), strings.Replace(setupBody, "Norte", "Sur", 1))
			require.Error(t, err)
			for _, id := range s.undoingIDs(t) {
				require.Error(t, s.undoSetup(t.Context(), id), "it can still come")
			}
			for late.Land() {
				continue
			}
			clock.forward.Add(int64(setupOver))
			s.undoAll(t)
			require.Equal(t, before, s.medusa.Rows())
			require.Empty(t, s.medusa.DeadLinks())
		})
	}
}

func TestAnUndoThatFailsIsTakenUpAgain(t *testing.T) {
	s, clock := stocked(t), &clock{}
	s.now = clock.now
	before := s.medusa.Rows()
	s.medusa.Fail(setupStep("shippingOption"), medusatest.Answer(http.StatusBadRequest, `{"type":"invalid_data","message":"no"}`))
	lift := s.medusa.Fail(medusatest.Match{Method: http.MethodDelete, Path: "/admin/stock-locations/*"}, medusatest.Cut())
	_, err := s.setUp(t.Context(), s.by("the key"), setupBody)
	e := requireCode(t, RollbackIncomplete, err)
	require.False(t, e.Rollback.Complete)
	require.Len(t, e.Rollback.Leftovers, 6, "the location, its provider, two sets and two zones: %v", e.Rollback.Leftovers)
	for _, leftover := range e.Rollback.Leftovers {
		require.NotNil(t, leftover.ID)
		require.Equal(t, string(NetworkError), leftover.Error)
	}
	require.InDelta(t, 1, s.gauge(t, "gateway_setup_leftovers"), 0)
	ids := s.undoingIDs(t)
	require.Len(t, ids, 1)
	require.ErrorIs(t, s.undoSetup(t.Context(), ids[0]), errLeft)
	lift()
	clock.forward.Add(int64(setupOver)) // who takes it up does not know what was never sent
	require.NoError(t, s.undoSetup(t.Context(), ids[0]))
	require.NoError(t, s.undoSetup(t.Context(), ids[0]), "once more")
	require.InDelta(t, 0, s.gauge(t, "gateway_setup_leftovers"), 0)
	require.Equal(t, before, s.medusa.Rows())
	_, err = s.setUp(t.Context(), s.by("the key"), setupBody)
	require.NoError(t, err)
}

// gauge is the value of a gauge.
func (s *shop) gauge(t testing.TB, name string) float64 {
	t.Helper()
	families, err := s.metrics.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no %s", name)
	return 0
}

func TestASetUpWhoseCallerLeavesIsMade(t *testing.T) {
	s := stocked(t)
	ctx, leave := context.WithCancel(t.Context())
	s.medusa.Fail(setupStep("serviceZone"), medusatest.Between(leave))
	answer, err := s.setUp(ctx, s.by("the key"), setupBody)
	require.NoError(t, err)
	again, err := s.setUp(t.Context(), s.by("the key"), setupBody)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, answer.JSON, again.JSON)
}

func TestTwoSetUpsOfOneNameAreOneAndARefusal(t *testing.T) {
	s := stocked(t)
	_, err := s.setUp(t.Context(), s.by(""), setupBody)
	require.NoError(t, err)
	before := s.medusa.Rows()
	_, err = s.setUp(t.Context(), s.by(""), setupBody)
	e := requireCode(t, SetupRolledBack, err)
	require.Equal(t, NameTaken, e.Cause.Code)
	require.Equal(t, before, s.medusa.Rows())
}

func TestADryRunOfASetUpChangesNothing(t *testing.T) {
	s := stocked(t)
	before := s.medusa.Rows()
	answer, err := s.setUp(t.Context(), s.by("the key"), strings.Replace(setupBody, "{", `{"dryRun":true,`, 1))
	require.NoError(t, err)
	require.Equal(t, before, s.medusa.Rows())
	require.Empty(t, s.setupWrites())
	for _, step := range []string{"location", "provider", "fulfillmentSet.pickup", "serviceZone.shipping", "shippingOption.shipping", "salesChannel"} {
		require.Contains(t, string(answer.JSON), fmt.Sprintf(`{"step":%q`, step))
	}
}

func TestWhatASetUpRestsOnIsLookedUpFirst(t *testing.T) {
	s := stocked(t)
	for body, code := range map[string]Code{
		strings.Replace(setupBody, "sc_cannahub", "sc_none", 1):               SalesChannelNotFound,
		strings.Replace(setupBody, "{", `{"shippingProfileId":"sp_none",`, 1): ValidationFailed,
		strings.Replace(setupBody, "{", `{"providerId":"none_none",`, 1):      ValidationFailed,
	} {
		_, err := s.setUp(t.Context(), s.by(""), body)
		requireCode(t, code, err)
	}
	require.Empty(t, s.setupWrites())
}

// The second try of a request, at another gateway, comes while the first is under
// way and goes on when that is finished.
func TestASetUpThatIsFinishedMeanwhileIsNotMadeAgain(t *testing.T) {
	s := stocked(t)
	other := s.beside(t, s.store)
	before := s.medusa.Rows()["stock_location"]
	finish, goOn := make(chan struct{}), make(chan struct{})
	s.medusa.Fail(setupStep("salesChannel"), medusatest.Hold(finish))
	first := make(chan *WriteAnswer, 1)
	go func() {
		answer, err := s.setUp(context.Background(), s.by("the key"), setupBody)
		assert.NoError(t, err)
		first <- answer
	}()
	s.awaitHeld(t, "/sales-channels")
	s.medusa.Fail(medusatest.Match{Method: http.MethodGet, Path: "/admin/shipping-profiles", Times: 1}, medusatest.Hold(goOn))
	again := make(chan error, 1)
	go func() { again <- second(other.setUp(context.Background(), other.by("the key"), setupBody)) }()
	s.awaitHeld(t, "/admin/shipping-profiles")
	close(finish)
	made := <-first
	close(goOn)
	requireCode(t, IdempotencyInProgress, <-again)

	replayed, err := other.setUp(t.Context(), other.by("the key"), setupBody)
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, made.JSON, replayed.JSON)
	require.Equal(t, before+1, s.medusa.Rows()["stock_location"])
}

// awaitHeld waits until Medusa has a call that it has not answered.
func (s *shop) awaitHeld(t testing.TB, path string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(s.medusa.Calls(), func(call medusatest.Call) bool { return strings.HasSuffix(call.Path, path) && call.Status == 0 })
	}, patience, time.Millisecond, "nobody asks for %s", path)
}
