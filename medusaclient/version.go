package medusaclient

import (
	"context"
	"errors"
	"net/http"
)

// Tested is the version of the Medusa that the gateway was tested with.
const Tested = "2.21.2"

// Version is what Medusa's routes tell of its version, which it tells nowhere: it
// is From or newer, and older than Below.
type Version struct {
	From    string // empty: older than all that is known
	Below   string // empty: not known
	Unasked string // whether it is this one or newer could not be asked; empty: it could
}

// milestone is a route that Medusa has since a version, and that changes nothing.
type milestone struct {
	version string
	call    call
}

// milestones are the versions that can be told, the oldest first.
var milestones = []milestone{
	{"2.10.0", call{method: http.MethodGet, route: "/admin/feature-flags", path: "/admin/feature-flags"}},
	{"2.15.3", call{method: http.MethodGet, route: "/auth/mfa/factors", path: "/auth/mfa/factors"}},
	{"2.16.0", call{method: http.MethodGet, route: "/admin/product-options", path: "/admin/product-options?fields=id&limit=1"}},
	{"2.17.2", call{method: http.MethodGet, route: "/admin/layouts/configurations", path: "/admin/layouts/configurations"}},
	{"2.20.0", call{method: http.MethodGet, route: "/admin/users/:id/auth-providers", path: "/admin/users/me/auth-providers"}},
	{"2.21.1", call{method: http.MethodPost, route: "/store/search", path: "/store/search", body: struct{}{}}}, // which asks for nothing and is refused
}

// Version tells Medusa's version by its routes, up to the first that is not there:
// a later one may be the project's own. Without a publishable key the newest cannot
// be asked for.
func (c *Client) Version(ctx context.Context, by Credential, publishableKey string) (Version, error) {
	var version Version
	for _, milestone := range milestones {
		k := milestone.call
		k.credential = by
		if k.method == http.MethodPost {
			if publishableKey == "" {
				version.Unasked = milestone.version
				break
			}
			k.credential, k.publishableKey = Credential{}, publishableKey
		}
		served, err := c.serves(ctx, k)
		if err != nil {
			return Version{}, err
		}
		if !served {
			version.Below = milestone.version
			break
		}
		version.From = milestone.version
	}
	return version, nil
}

// serves says whether Medusa has a route: of one that it has not it says so in HTML.
func (c *Client) serves(ctx context.Context, k call) (bool, error) {
	err := c.do(ctx, k, &anything{})
	var refused *Error
	switch {
	case err == nil:
		return true, nil
	case !errors.As(err, &refused):
		return false, err
	case !refused.Foreign:
		return true, nil
	case refused.Status == http.StatusNotFound:
		return false, nil
	}
	return false, err
}

// anything is an answer that need not hold anything.
type anything struct{}

func (a *anything) whole() bool { return true }

// testedFlags are the feature flags of the Medusa that the gateway was tested with.
var testedFlags = map[string]bool{
	"backend_hmr": true, "caching": true, "index_engine": true, "rbac_filter_fields": true, "rbac": true, "translation": true, "view_configurations": true,
}

// FeatureFlags are Medusa's, and those of its project.
type FeatureFlags map[string]bool

// Roles says whether Medusa gives rights by roles.
func (f FeatureFlags) Roles() bool { return f["rbac"] }

// Untested are the names of those that the Medusa did not have that the gateway was
// tested with.
func (f FeatureFlags) Untested() []string {
	var names []string
	for name := range f {
		if !testedFlags[name] {
			names = append(names, name)
		}
	}
	return names
}

type featureFlagsAnswer struct {
	FeatureFlags FeatureFlags `json:"feature_flags"`
}

func (a *featureFlagsAnswer) whole() bool { return a.FeatureFlags != nil }

// FeatureFlags reads which flags there are and which of them are on, whatever the
// credential. They are none where Medusa has no such
// route (before 2.10).
func (c *Client) FeatureFlags(ctx context.Context, by Credential) (FeatureFlags, error) {
	const path = "/admin/feature-flags"
	var answer featureFlagsAnswer
	err := c.do(ctx, call{method: http.MethodGet, route: path, path: path, credential: by}, &answer)
	var refused *Error
	if errors.As(err, &refused) && refused.Foreign && refused.Status == http.StatusNotFound {
		return nil, nil
	}
	return answer.FeatureFlags, err
}
