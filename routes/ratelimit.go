package routes

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	gocache "github.com/patrickmn/go-cache"
	"golang.org/x/time/rate"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/medusaclient"
)

// Rate is how often one caller may ask: PerSecond on the long run, Burst at once.
type Rate struct {
	PerSecond float64
	Burst     int
}

// limiter holds each caller to a rate.
type limiter struct {
	rate    Rate
	buckets *gocache.Cache // *rate.Limiter by caller
	proven  *gocache.Cache // callers whose credential or publishable key Medusa took lately
	policy  string
}

// limitRate holds each caller to a rate and tells the state in the RateLimit
// headers of the IETF draft. A caller is known by a credential that Medusa took, or
// by his address and a publishable key that it took: a key is shared by all shoppers
// of a shop, none of whom can use up the others' requests. Until then he is known by
// his address, so that making up credentials and keys helps nobody.
func limitRate(allowed Rate) echo.MiddlewareFunc {
	// A bucket that had time to fill is as good as a new one.
	refill := time.Duration(float64(allowed.Burst) / allowed.PerSecond * float64(time.Second))
	keep := max(refill, time.Second)
	l := &limiter{
		rate: allowed, buckets: gocache.New(keep, keep), proven: gocache.New(keep, keep),
		policy: fmt.Sprintf(`"caller";q=%d;w=%d`, allowed.Burst, int(math.Ceil(refill.Seconds()))),
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			named := namedCaller(c)
			caller := l.callerOf(c, named)
			if err := l.take(c, caller); err != nil {
				return err
			}
			c.Set(rationKey, func() *bff.Error { limited, _, _ := l.spend(caller); return limited })
			err := next(c)
			if err == nil && named != "" && c.Response().Status < http.StatusBadRequest {
				l.proven.SetDefault(named, true)
			}
			return err
		}
	}
}

// rationKey names in a request's context what takes another token from its caller's
// bucket.
const rationKey = "ration"

// rationOf is what takes a token for more than the one thing that a request asks for,
// and says when there is none.
func rationOf(c echo.Context) func() *bff.Error {
	if ration, limited := c.Get(rationKey).(func() *bff.Error); limited {
		return ration
	}
	return func() *bff.Error { return nil }
}

// take takes a token from a caller's bucket for a request, or tells when there is one.
func (l *limiter) take(c echo.Context, caller string) error {
	limited, left, wait := l.spend(caller)
	header := c.Response().Header()
	header.Set("RateLimit-Policy", l.policy)
	header.Set("RateLimit", fmt.Sprintf(`"caller";r=%d;t=%s`, left, seconds(wait)))
	if limited != nil {
		return limited
	}
	return nil
}

// spend takes a token from a caller's bucket and says how many are left, and when there
// is one.
func (l *limiter) spend(caller string) (limited *bff.Error, left int, wait time.Duration) {
	bucket := l.bucketOf(caller)
	granted := bucket.Allow()
	tokens := bucket.Tokens()
	wait = time.Duration(max(0, 1-tokens) / l.rate.PerSecond * float64(time.Second))
	if !granted {
		until := max(wait, time.Second)
		limited = newError(bff.RateLimited, int(math.Ceil(until.Seconds())))
		limited.RetryAfter = until
	}
	return limited, max(0, int(tokens)), wait
}

func (l *limiter) bucketOf(caller string) *rate.Limiter {
	for {
		found, _ := l.buckets.Get(caller)
		if bucket, known := found.(*rate.Limiter); known {
			l.buckets.SetDefault(caller, bucket) // in use: keep it longer
			return bucket
		}
		// Add fails when another request was first.
		_ = l.buckets.Add(caller, rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst), gocache.DefaultExpiration)
	}
}

func (l *limiter) callerOf(c echo.Context, named string) string {
	if _, proven := l.proven.Get(named); proven {
		return named
	}
	return addressOf(c)
}

// namedCaller is who asks by what he sends along, empty where Medusa is not asked about
// that.
func namedCaller(c echo.Context) string {
	key, path := c.Request().Header.Get(bff.PublishableKey), c.Request().URL.Path
	switch {
	case key != "" && len(key) <= maxLimitedKey && asksByKey(path):
		return addressOf(c) + " " + key
	case key != "", c.QueryParam("publishableKey") != "", isPassed(path):
		return ""
	}
	credential, err := medusaclient.ParseCredential(c.Request().Header.Get(echo.HeaderAuthorization))
	if kind, _ := credential.Actor(); err != nil || kind == "customer" { // of which Medusa is asked nothing here
		return ""
	}
	fingerprint := credential.Fingerprint()
	return string(fingerprint[:])
}

// maxLimitedKey bounds what is remembered of a caller: Medusa's keys have 67.
const maxLimitedKey = 200

// asksByKey says whether a publishable key is looked at, so that an answer proves it.
func asksByKey(path string) bool {
	return strings.HasPrefix(path, "/store/") || path == availabilityPath || path == cartValidationPath
}

// ParseRate reads "50/s:100": 50 a second, bursts of 100. Units are s, m and h;
// "off" is no limit.
func ParseRate(text string) (Rate, error) {
	if text == "off" {
		return Rate{}, nil
	}
	var count, burst int
	var unit string
	if n, err := fmt.Sscanf(text, "%d/%1s:%d", &count, &unit, &burst); n != 3 || err != nil || text != strconv.Itoa(count)+"/"+unit+":"+strconv.Itoa(burst) {
		return Rate{}, fmt.Errorf(`%q is neither "off" nor like "50/s:100"`, text)
	}
	per, known := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if !known || count < 1 || burst < 1 {
		return Rate{}, fmt.Errorf(`%q: the unit is s, m or h, both numbers are at least 1`, text)
	}
	return Rate{PerSecond: float64(count) / per, Burst: burst}, nil
}
