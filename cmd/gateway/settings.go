package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/dustin/go-humanize"
	"github.com/joho/godotenv"

	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/routes"
)

// minLivePoll keeps the watching of stock from being all that Medusa does.
const minLivePoll = 100 * time.Millisecond

// settings is the configuration. The tags name the environment variable, its
// default and, for --help, its meaning.
type settings struct {
	MedusaURL       string `env:"MEDUSA_URL" help:"base URL of Medusa"`
	MedusaEmail     string `env:"MEDUSA_EMAIL" help:"e-mail of the gateway's own Medusa user"`
	MedusaPassword  string `env:"MEDUSA_PASSWORD" help:"password of that user"`
	MedusaSecretKey string `env:"MEDUSA_SECRET_KEY" help:"secret API key, instead of a user: slower, and refused once Medusa has roles"`

	ListenAddr string `env:"LISTEN_ADDR" envDefault:":8080" help:"address for clients"`
	OpsAddr    string `env:"OPS_ADDR" envDefault:"127.0.0.1:8081" help:"address for /metrics and /debug/pprof"`

	CacheTTL      time.Duration `env:"CACHE_TTL" envDefault:"30s" help:"how long answers are held in memory; 0: not at all"`
	StaleMaxAge   time.Duration `env:"STALE_MAX_AGE" envDefault:"1h" help:"how old an answer gets that shoppers are given while Medusa does not answer; 0: only that nothing is known"`
	CacheMaxBytes byteSize      `env:"CACHE_MAX_BYTES" envDefault:"64 MiB" help:"memory for held answers"`

	StateDSN     string        `env:"STATE_DSN" envDefault:"sqlite:data/gateway.db" help:"database of the ledger and the idempotency keys: sqlite:<path>, or postgres://… for several gateways"`
	AuthCacheTTL time.Duration `env:"AUTH_CACHE_TTL" envDefault:"60s" help:"how long a right that Medusa confirmed, or a publishable key, holds; 0: ask each time"`

	CartHoldTTL switchable `env:"CART_HOLD_TTL" envDefault:"30m" help:"how long stock is held for a cart after its last change; off: it is not"`

	DefaultPublishableKey string `env:"DEFAULT_PUBLISHABLE_KEY" help:"publishable API key of shoppers who send none"`

	LivePollInterval time.Duration `env:"LIVE_POLL_INTERVAL" envDefault:"2s" help:"how often items that somebody follows live are read, to see changes made elsewhere"`

	LiveFeedsPerAddress int `env:"LIVE_FEEDS_PER_ADDRESS" envDefault:"1000" help:"WebSockets and streams that may be open at once from one address"`

	WebhookSecret webhookSecret `env:"WEBHOOK_SECRET" help:"what POST /hooks/medusa is signed with: whsec_<base64>, or any text; none: it is not served"`

	MedusaTimeout        time.Duration `env:"MEDUSA_TIMEOUT" envDefault:"10s" help:"how long one call to Medusa may take"`
	MedusaMaxConcurrency int           `env:"MEDUSA_MAX_CONCURRENCY" envDefault:"16" help:"calls to Medusa at once"`

	RequestTimeout  time.Duration `env:"REQUEST_TIMEOUT" envDefault:"30s" help:"how long one request may take"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"30s" help:"how long requests under way may take when the gateway stops"`
	MaxBodyBytes    byteSize      `env:"MAX_BODY_BYTES" envDefault:"1 MiB" help:"size of a request's body"`
	RateLimit       rateLimit     `env:"RATE_LIMIT" envDefault:"off" help:"per caller: 50/s:100 is 50 a second, bursts of 100 (units s, m, h)"`

	CORSOrigins    []string  `env:"CORS_ORIGINS" help:"origins whose pages may call the gateway, comma-separated; * for all"`
	TrustedProxies []network `env:"TRUSTED_PROXIES" help:"addresses or networks whose X-Forwarded-For is believed, comma-separated"`

	LogLevel  slog.Level `env:"LOG_LEVEL" envDefault:"info" help:"debug, info, warn or error"`
	LogFormat string     `env:"LOG_FORMAT" envDefault:"json" help:"json or text"`

	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT" help:"URL of an OpenTelemetry collector (OTLP over HTTP); none: no tracing"`
}

// errUnreadable is said to nobody: see unreadable.
var errUnreadable = errors.New("cannot be read")

// byteSize is a number of bytes, written like 64 MiB or 1048576.
type byteSize int64

// UnmarshalText reads a size.
func (b *byteSize) UnmarshalText(text []byte) error {
	size, err := humanize.ParseBytes(string(text))
	if err != nil || size > 1<<40 {
		return errUnreadable
	}
	*b = byteSize(size)
	return nil
}

type rateLimit struct{ routes.Rate }

// UnmarshalText reads a rate.
func (r *rateLimit) UnmarshalText(text []byte) (err error) {
	r.Rate, err = routes.ParseRate(string(text))
	return err
}

// switchable is a time that can be off, which is 0.
type switchable time.Duration

// UnmarshalText reads a time like 30m, or off.
func (s *switchable) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*s = 0
		return nil
	}
	duration, err := time.ParseDuration(string(text))
	if err != nil || duration <= 0 {
		return errUnreadable
	}
	*s = switchable(duration)
	return nil
}

type webhookSecret struct{ routes.WebhookSecret }

// UnmarshalText reads a secret.
func (s *webhookSecret) UnmarshalText(text []byte) (err error) {
	s.WebhookSecret, err = routes.ParseWebhookSecret(string(text))
	return err
}

type network struct{ *net.IPNet }

// UnmarshalText reads a network or a single address.
func (n *network) UnmarshalText(text []byte) error {
	if _, parsed, err := net.ParseCIDR(string(text)); err == nil {
		n.IPNet = parsed
		return nil
	}
	ip := net.ParseIP(string(text))
	if ip == nil {
		return errUnreadable
	}
	bits := 8 * len(ip)
	n.IPNet = &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)}
	return nil
}

// settingError is what is wrong with a setting, or with two that belong together.
type settingError struct {
	setting string
	message mapping.Message
}

// In is the fault in a language.
func (f settingError) In(language mapping.Language) string {
	return f.setting + ": " + f.message.In(language)
}

// Error is the fault in English.
func (f settingError) Error() string { return f.In(mapping.English) }

// faultIn is a fault with what is said of it in the catalogue, under "setting." and
// the key.
func faultIn(setting, key string, args ...any) settingError {
	return settingError{setting, mapping.Message{Key: "setting." + key, Args: args}}
}

// unreadable is what is said of a setting of a type that cannot be read.
var unreadable = map[reflect.Type]string{
	reflect.TypeFor[time.Duration](): "duration",
	reflect.TypeFor[switchable]():    "switchable",
	reflect.TypeFor[int]():           "integer",
	reflect.TypeFor[byteSize]():      "size",
	reflect.TypeFor[rateLimit]():     "rate",
	reflect.TypeFor[[]network]():     "networks",
	reflect.TypeFor[slog.Level]():    "level",
}

// readVariables reads the environment and, for what is not set there, the file.
// What stands in a file that cannot be read is not told: it has secrets.
func readVariables(environ []string, file string) (map[string]string, []settingError) {
	variables, err := godotenv.Read(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if unopened, ok := errors.AsType[*fs.PathError](err); ok {
			return nil, []settingError{faultIn(file, "unusable", unopened.Err.Error())}
		}
		return nil, []settingError{faultIn(file, "file")}
	}
	if variables == nil {
		variables = map[string]string{}
	}
	maps.Copy(variables, env.ToMap(environ))
	maps.DeleteFunc(variables, func(_, value string) bool { return value == "" })
	return variables, nil
}

// readSettings makes settings of variables and lists what cannot be read.
func readSettings(variables map[string]string) (settings, []settingError) {
	var s settings
	var faults []settingError
	err := env.ParseWithOptions(&s, env.Options{Environment: variables})
	several, _ := errors.AsType[env.AggregateError](err)
	for _, err := range several.Errors {
		if fault, ok := errors.AsType[env.ParseError](err); ok {
			faults = append(faults, unread(fault, variables))
		}
	}
	if err != nil && len(faults) != len(several.Errors) {
		panic(err) // of a field that no variable can be read into
	}
	return s, faults
}

// unread says of which variable a field cannot be read, and what it should be. A
// secret is not repeated.
func unread(fault env.ParseError, variables map[string]string) settingError {
	field, _ := reflect.TypeFor[settings]().FieldByName(fault.Name)
	setting := field.Tag.Get("env")
	if field.Type == reflect.TypeFor[webhookSecret]() {
		return faultIn(setting, "secret")
	}
	return faultIn(setting, unreadable[field.Type], variables[setting])
}

// valid lists the settings that can be read but make no sense.
func (s settings) valid() []settingError {
	var faults []settingError
	must := func(holds bool, setting, key string, args ...any) {
		if !holds {
			faults = append(faults, faultIn(setting, key, args...))
		}
	}
	must(s.CacheTTL >= 0, "CACHE_TTL", "negative")
	must(s.StaleMaxAge >= 0, "STALE_MAX_AGE", "negative")
	must(s.AuthCacheTTL >= 0, "AUTH_CACHE_TTL", "negative")
	must(s.LivePollInterval >= minLivePoll, "LIVE_POLL_INTERVAL", "least", minLivePoll.String())
	must(s.LiveFeedsPerAddress > 0, "LIVE_FEEDS_PER_ADDRESS", "least", "1")
	must(s.MedusaTimeout > 0, "MEDUSA_TIMEOUT", "positive")
	must(s.MedusaMaxConcurrency > 0, "MEDUSA_MAX_CONCURRENCY", "least", "1")
	must(s.RequestTimeout > 0, "REQUEST_TIMEOUT", "positive")
	must(s.ShutdownTimeout > 0, "SHUTDOWN_TIMEOUT", "positive")
	must(s.MaxBodyBytes > 0, "MAX_BODY_BYTES", "positive")
	must(s.DefaultPublishableKey == "" || strings.HasPrefix(s.DefaultPublishableKey, "pk_"), "DEFAULT_PUBLISHABLE_KEY", "publishable")
	must(s.LogFormat == "json" || s.LogFormat == "text", "LOG_FORMAT", "format", s.LogFormat)
	must(s.TracesEndpoint == "" || isHTTP(s.TracesEndpoint), "OTEL_EXPORTER_OTLP_ENDPOINT", "url")
	for _, origin := range s.CORSOrigins {
		parsed, err := url.Parse(origin)
		isOrigin := err == nil && parsed.Host != "" && origin == parsed.Scheme+"://"+parsed.Host
		must(origin == "*" || isOrigin, "CORS_ORIGINS", "origin", origin)
	}
	return faults
}

// complete lists also what is missing to stand in front of a Medusa.
func (s settings) complete() []settingError {
	faults := s.valid()
	switch {
	case s.MedusaURL == "":
		faults = append(faults, faultIn("MEDUSA_URL", "missing"))
	case !isHTTP(s.MedusaURL):
		faults = append(faults, faultIn("MEDUSA_URL", "url"))
	}
	switch user := s.MedusaEmail != "" || s.MedusaPassword != ""; {
	case user && s.MedusaSecretKey != "":
		faults = append(faults, faultIn("MEDUSA_SECRET_KEY", "exclusive", "MEDUSA_EMAIL, MEDUSA_PASSWORD"))
	case user && (s.MedusaEmail == "" || s.MedusaPassword == ""):
		faults = append(faults, faultIn("MEDUSA_EMAIL, MEDUSA_PASSWORD", "both"))
	case !user && s.MedusaSecretKey == "":
		faults = append(faults, faultIn("MEDUSA_EMAIL, MEDUSA_PASSWORD", "user", "MEDUSA_SECRET_KEY"))
	}
	return faults
}

// onePerSetting keeps the first fault of each setting: what cannot be read is
// out of range, too.
func onePerSetting(faults []settingError) []settingError {
	told := map[string]bool{}
	return slices.DeleteFunc(faults, func(fault settingError) bool {
		known := told[fault.setting]
		told[fault.setting] = true
		return known
	})
}

func isHTTP(text string) bool {
	address, err := url.Parse(text)
	return err == nil && (address.Scheme == "http" || address.Scheme == "https") && address.Host != "" &&
		address.User == nil && address.RawQuery == "" && address.Fragment == ""
}

// tracing says whether traces are asked for.
func (s settings) tracing() bool { return s.TracesEndpoint != "" }

func (s settings) proxies() []*net.IPNet {
	proxies := make([]*net.IPNet, len(s.TrustedProxies))
	for i, proxy := range s.TrustedProxies {
		proxies[i] = proxy.IPNet
	}
	return proxies
}

// settingsHelp lists every setting with its default and meaning.
func settingsHelp() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tDEFAULT\tMEANING")
	for field := range reflect.TypeFor[settings]().Fields() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", field.Tag.Get("env"), field.Tag.Get("envDefault"), field.Tag.Get("help"))
	}
	_ = table.Flush() // a strings.Builder takes everything
	return text.String()
}
