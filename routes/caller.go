package routes

import (
	"net"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
	"github.com/cannahub/gateway/mapping"
	"github.com/cannahub/gateway/medusaclient"
)

// callerOf reads who asks and in which language. Without a credential Medusa
// need not be asked.
func callerOf(c echo.Context) (bff.Caller, error) {
	credential, err := medusaclient.ParseCredential(c.Request().Header.Get(echo.HeaderAuthorization))
	if err != nil {
		return bff.Caller{}, newError(bff.Unauthorized)
	}
	return bff.Caller{Credential: credential, Language: languageOf(c)}, nil
}

func languageOf(c echo.Context) mapping.Language {
	return mapping.MatchLanguage(c.Request().Header.Get("Accept-Language"))
}

// clientIP finds the caller's address: the connection's, unless that is a
// trusted proxy, whose word is taken.
func clientIP(proxies []*net.IPNet) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, proxy := range proxies {
		options = append(options, echo.TrustIPRange(proxy))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// homeBits is how much of an IPv6 address tells whose it is: a provider gives a home as
// many addresses below it as it likes.
const homeBits = 64

// addressOf is the address by which callers are told apart: of IPv6 the network. It is a
// text of its own, since it is kept, and a header that is long must not be kept with it.
func addressOf(c echo.Context) string {
	address, err := netip.ParseAddr(c.RealIP())
	if err != nil || address.Unmap().Is4() {
		return strings.Clone(c.RealIP())
	}
	home, _ := address.Prefix(homeBits) // an IPv6 address has more
	return home.String()
}
