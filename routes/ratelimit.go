package routes

import (
	"fmt"
	"math"
	"strconv"
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
	proven  *gocache.Cache // credentials that Medusa took lately
	policy  string
}

// limitRate holds each caller to a rate and tells the state in the RateLimit
// headers of the IETF draft. A caller is known by a credential that Medusa took,
// until then by his address, so that making up credentials helps nobody.
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
			fingerprint := fingerprintOf(c)
			if err := l.take(c, l.callerOf(c, fingerprint)); err != nil {
				return err
			}
			err := next(c)
			if err == nil && fingerprint != "" {
				l.proven.SetDefault(fingerprint, true)
			}
			return err
		}
	}
}

// take takes a token from a caller's bucket, or tells when there is one.
func (l *limiter) take(c echo.Context, caller string) error {
	bucket := l.bucketOf(caller)
	granted := bucket.Allow()
	tokens := bucket.Tokens()
	wait := time.Duration(max(0, 1-tokens) / l.rate.PerSecond * float64(time.Second))
	header := c.Response().Header()
	header.Set("RateLimit-Policy", l.policy)
	header.Set("RateLimit", fmt.Sprintf(`"caller";r=%d;t=%s`, max(0, int(tokens)), seconds(wait)))
	if granted {
		return nil
	}
	wait = max(wait, time.Second)
	limited := newError(bff.RateLimited, int(math.Ceil(wait.Seconds())))
	limited.RetryAfter = wait
	return limited
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

func (l *limiter) callerOf(c echo.Context, fingerprint string) string {
	if _, proven := l.proven.Get(fingerprint); proven {
		return fingerprint
	}
	return c.RealIP()
}

// fingerprintOf is empty where there is no credential, or none that Medusa is asked
// about.
func fingerprintOf(c echo.Context) string {
	if c.Request().Header.Get(bff.PublishableKey) != "" || c.QueryParam("publishableKey") != "" || isPassed(c.Request().URL.Path) {
		return ""
	}
	credential, err := medusaclient.ParseCredential(c.Request().Header.Get(echo.HeaderAuthorization))
	if err != nil {
		return ""
	}
	fingerprint := credential.Fingerprint()
	return string(fingerprint[:])
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
