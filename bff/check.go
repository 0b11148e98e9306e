package bff

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// Verdict says how good or bad something is that was found.
type Verdict int

// The verdicts.
const (
	Good    Verdict = iota
	Notable         // good to know
	Dubious         // it works, but not as well as it should
	Bad             // it does not work
)

// Finding is something that was found about Medusa and what it lets the gateway do.
type Finding struct {
	Verdict Verdict
	Message mapping.Message
}

// Found is a finding with what is said of it in the catalogue, under "check." and
// the key.
func Found(verdict Verdict, key string, args ...any) Finding {
	return Finding{Verdict: verdict, Message: mapping.Message{Key: "check." + key, Args: args}}
}

const (
	// slowMedusa is how long an answer takes that costs Medusa nothing, where it is so
	// far away that everybody notices.
	slowMedusa = 300 * time.Millisecond

	// dubiousClock and badClock are by how much Medusa's clock may differ from this
	// machine's. Within the latter a lost write is taken for one that can still land.
	dubiousClock = 2 * time.Second
	badClock     = medusaclient.Landing
)

// Check tries what the gateway needs of the Medusa at an address, and changes
// nothing there. What cannot be tried, since something before it is bad, is left
// out.
func (g *Gateway) Check(ctx context.Context, address string) []Finding {
	c := &checking{g: g, address: address}
	if c.medusa(ctx) && c.credential(ctx) {
		c.rights(ctx)
		c.version(ctx)
		c.found(Notable, "processes")
		c.defaultKey(ctx)
	}
	return c.findings
}

// checking is one check.
type checking struct {
	g        *Gateway
	address  string
	flags    medusaclient.FeatureFlags
	findings []Finding
}

func (c *checking) found(verdict Verdict, key string, args ...any) {
	c.findings = append(c.findings, Found(verdict, key, args...))
}

// own makes a call with the gateway's own credential.
func (c *checking) own(ctx context.Context, do func(by medusaclient.Credential) error) error {
	return c.g.account.Do(ctx, do)
}

// medusa says whether a Medusa answers, how fast, and what time it is there.
func (c *checking) medusa(ctx context.Context) (answers bool) {
	greeting, err := c.g.medusa.Greet(ctx)
	if err != nil {
		c.findings = append(c.findings, unreachable(c.address, err))
		return false
	}
	took := greeting.Took.Round(time.Millisecond).String()
	if greeting.Took > slowMedusa {
		c.found(Dubious, "medusa.slow", c.address, took)
	} else {
		c.found(Good, "medusa", c.address, took)
	}
	c.clock(greeting.Clock)
	return true
}

// unreachable says why there is no Medusa.
func unreachable(address string, err error) Finding {
	var refused *medusaclient.Error
	var outage *medusaclient.OutageError
	var noSuchHost *net.DNSError
	var certificate *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.Is(err, medusaclient.ErrNoMedusa):
		return Found(Bad, "medusa.other", address)
	case errors.As(err, &refused):
		return Found(Bad, "medusa.before", address, plainly(err))
	case errors.As(err, &noSuchHost) && !noSuchHost.IsTimeout:
		return Found(Bad, "medusa.host", address)
	case isRefused(err):
		return Found(Bad, "medusa.refused", address)
	case errors.As(err, &certificate), errors.As(err, &noTLS), errors.As(err, &alert), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return Found(Bad, "medusa.tls", address, plainly(err))
	case errors.As(err, &outage) && outage.Reason == medusaclient.TooSlow:
		return Found(Bad, "medusa.timeout", address)
	}
	return Found(Bad, "medusa.broken", address, plainly(err))
}

// isRefused says that nobody took the connection, or was about to and has just ended.
func isRefused(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial" && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET))
}

// plainly is the innermost cause that says something, without the address.
func plainly(err error) string {
	var request *url.Error
	var refused *medusaclient.Error
	var outage *medusaclient.OutageError
	switch {
	case errors.As(err, &request):
		return request.Err.Error()
	case errors.As(err, &refused):
		return strings.TrimSpace(strconv.Itoa(refused.Status) + " " + refused.Message)
	case errors.As(err, &outage):
		return outage.Err.Error()
	}
	return err.Error()
}

func (c *checking) clock(clock *medusaclient.Clock) {
	if clock == nil {
		c.found(Notable, "clock.untold")
		return
	}
	verdict := Good
	switch apart := clock.Ahead.Abs(); {
	case apart > badClock:
		verdict = Bad
	case apart > dubiousClock:
		verdict = Dubious
	}
	apart := clock.Ahead.Abs().Round(time.Second).String()
	switch {
	case verdict == Good:
		c.found(verdict, "clock")
	case clock.Ahead > 0:
		c.found(verdict, "clock.ahead", apart)
	default:
		c.found(verdict, "clock.behind", apart)
	}
}

// credential says whether Medusa takes the gateway's own user or secret key, and
// learns whether it gives rights by roles.
func (c *checking) credential(ctx context.Context) (taken bool) {
	err := c.own(ctx, func(by medusaclient.Credential) (err error) {
		if err = c.g.medusa.Identify(ctx, by); err == nil {
			c.flags, err = c.g.medusa.FeatureFlags(ctx, by)
		}
		return err
	})
	email := c.g.account.Email()
	var account *medusaclient.AccountError
	switch {
	case err != nil && !errors.As(err, &account):
		c.found(Bad, "medusa.broken", c.address, plainly(err))
	case err != nil && email == "":
		c.found(Bad, "secret.refused", plainly(err))
	case err != nil:
		c.findings = append(c.findings, userRefused(email, account))
	case email == "" && c.flags.Roles():
		c.found(Bad, "secret.roles")
	case email == "":
		c.found(Dubious, "secret")
		return true
	default:
		c.found(Good, "user", email)
		return true
	}
	return false
}

// userRefused says why Medusa does not take the gateway's own user.
func userRefused(email string, account *medusaclient.AccountError) Finding {
	var refused *medusaclient.Error
	switch {
	case !errors.As(account, &refused):
	case refused.Endpoint == http.MethodPost+" /auth/user/emailpass":
		return Found(Bad, "user.password", email)
	case strings.Contains(refused.Message, "MFA"):
		return Found(Bad, "user.mfa", email)
	}
	return Found(Bad, "user.refused", email, plainly(account))
}

// version says which version Medusa may be.
func (c *checking) version(ctx context.Context) {
	var version medusaclient.Version
	err := c.own(ctx, func(by medusaclient.Credential) error {
		key, err := c.g.medusa.APIKeys.AnyToken(ctx, by)
		if err != nil {
			key = "" // the right to it is missing, which is said elsewhere
		}
		version, err = c.g.medusa.Version(ctx, by, key)
		return err
	})
	switch {
	case err != nil:
		c.found(Notable, "version.untold", plainly(err))
	case version.From == "":
		c.found(Dubious, "version.ancient", version.Below, medusaclient.Tested)
	case version.Below != "":
		c.found(Dubious, "version.old", version.From, version.Below, medusaclient.Tested)
	case version.Unasked != "":
		c.found(Notable, "version.unasked", version.From, version.Unasked, medusaclient.Tested)
	default:
		c.found(Good, "version", version.From, medusaclient.Tested)
	}
	if untested := c.flags.Untested(); len(untested) > 0 {
		slices.Sort(untested)
		c.found(Dubious, "version.new", strings.Join(untested, ", "), medusaclient.Tested)
	}
}

// neededRight is a right that the gateway needs of its own user: what Medusa calls
// it, and what it is tried with: ids that Medusa never gives, so that nothing changes.
type neededRight struct {
	key    string
	policy string
	try    func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error
}

var neededRights = []neededRight{
	{"right.stores", "store:read", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		_, err := m.Stores.List(ctx, by)
		return err
	}},
	{"right.items", "inventory_item:read", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		return m.InventoryItems.ConfirmRead(ctx, by)
	}},
	{"right.levels", "inventory_item:*", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		return m.InventoryItems.ConfirmWrite(ctx, by)
	}},
	{"right.variants", "product_variant:read", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		_, err := m.Products.ListLinks(ctx, by, []string{"variant_none"})
		return err
	}},
	{"right.keys", "api_key:read", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		_, err := m.APIKeys.AnyToken(ctx, by)
		return err
	}},
	{"right.locations", "stock_location:read", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		_, err := m.StockLocations.List(ctx, by, medusaclient.StockLocationFilter{}, 1, 0)
		return err
	}},
	{"right.reservations", "reservation_item:read", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		_, err := m.Reservations.List(ctx, by, medusaclient.ReservationFilter{}, 1, 0)
		return err
	}},
	{"right.reserve", "reservation_item:create", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		one := medusaclient.Number("1")
		_, err := m.Reservations.Create(ctx, by, time.Time{}, medusaclient.ReservationWrite{InventoryItemID: "iitem_none", LocationID: "sloc_none", Quantity: &one})
		return err
	}},
	{"right.rereserve", "reservation_item:update", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		_, err := m.Reservations.Update(ctx, by, time.Time{}, "resitem_none", medusaclient.ReservationWrite{})
		return err
	}},
	{"right.release", "reservation_item:delete", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		return m.Reservations.ConfirmDelete(ctx, by)
	}},
	{"right.relink", "stock_location:update", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		_, err := m.StockLocations.Update(ctx, by, "sloc_none", medusaclient.LocationWrite{})
		return err
	}},
	{"right.undo", "stock_location:delete", func(ctx context.Context, m *medusaclient.Client, by medusaclient.Credential) error {
		return m.StockLocations.ConfirmDelete(ctx, by)
	}},
}

// rights says what the gateway's own user may not do, and what does not work for it.
func (c *checking) rights(ctx context.Context) {
	var missing []Finding
	for _, right := range neededRights {
		err := c.own(ctx, func(by medusaclient.Credential) error { return right.try(ctx, c.g.medusa, by) })
		var account *medusaclient.AccountError
		var refused *medusaclient.Error // of what there is not, by who may do it
		switch {
		case errors.As(err, &account):
			missing = append(missing, Found(Bad, right.key, right.policy))
		case err != nil && (!errors.As(err, &refused) || refused.Status >= http.StatusInternalServerError):
			c.findings = append(c.findings, missing...)
			c.found(Bad, "medusa.broken", c.address, plainly(err))
			return
		}
	}
	switch len(missing) {
	case 0:
		c.found(Good, "rights")
	case len(neededRights):
		c.found(Bad, "rights.none", c.g.account.Email(), strings.Join(neededPolicies(), ", "))
	default:
		c.findings = append(c.findings, missing...)
	}
}

// neededPolicies are the policies of a role that is enough, by their names.
func neededPolicies() []string {
	var policies []string
	for _, right := range neededRights {
		policies = append(policies, right.policy)
	}
	policies = slices.DeleteFunc(policies, func(policy string) bool {
		resource, operation, _ := strings.Cut(policy, ":")
		return operation != "*" && slices.Contains(policies, resource+":*")
	})
	slices.Sort(policies)
	return policies
}

// defaultKey says what the publishable key opens for shoppers who send none.
func (c *checking) defaultKey(ctx context.Context) {
	if c.g.defaultKey == "" {
		return
	}
	var keys []medusaclient.PublishableKey
	err := c.own(ctx, func(by medusaclient.Credential) (err error) {
		keys, err = c.g.medusa.APIKeys.ListByToken(ctx, by, []string{c.g.defaultKey})
		return err
	})
	switch {
	case err != nil: // which was said of the right to it
	case len(keys) == 0:
		c.found(Bad, "key.unknown")
	case opened(keys[0]).revoked():
		c.found(Bad, "key.revoked")
	default:
		c.opened(keys[0])
	}
}

// opened says which channels and how many locations a key opens.
func (c *checking) opened(key medusaclient.PublishableKey) {
	var names []string
	for _, channel := range key.SalesChannels {
		if channel.ID != "" {
			names = append(names, cmp.Or(channel.Name, channel.ID))
		}
	}
	channels := strings.Join(names, ", ")
	switch locations := len(opened(key).scope("")); {
	case len(names) == 0:
		c.found(Dubious, "key.channelless")
	case locations == 0:
		c.found(Dubious, "key.nothing", channels)
	default:
		c.found(Good, "key", strconv.Itoa(locations), channels)
	}
}
