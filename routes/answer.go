package routes

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/cannahub/gateway/bff"
)

const (
	// vary names what an answer depends on beside its address.
	vary = "Authorization, Accept-Encoding, Accept-Language"

	// minGzip is the size below which compression costs more than it saves.
	minGzip = 1024
)

// send writes an answer, or 304 to a caller who has it.
func send(c echo.Context, answer *bff.Answer) error {
	header := c.Response().Header()
	header.Set("Etag", answer.ETag)
	header.Add("Vary", vary)
	header.Set("Cache-Control", "private, no-cache")
	if hasAlready(c.Request().Header.Get("If-None-Match"), answer.ETag) {
		return c.NoContent(http.StatusNotModified)
	}
	return sendBody(c, http.StatusOK, answer)
}

// sendBody writes the body of an answer, compressed for who takes that.
func sendBody(c echo.Context, status int, answer *bff.Answer) error {
	header := c.Response().Header()
	body := answer.JSON
	if len(body) >= minGzip && acceptsGzip(c.Request().Header.Get("Accept-Encoding")) {
		body = answer.Gzip()
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	return c.Blob(status, "application/json", body)
}

// hasAlready compares weakly, as RFC 9110 asks for If-None-Match.
func hasAlready(ifNoneMatch, etag string) bool {
	if ifNoneMatch == "" {
		return false
	}
	opaque := strings.TrimPrefix(etag, "W/")
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == opaque {
			return true
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding: gzip by name, else by "*", unless refused
// with a weight of 0.
func acceptsGzip(acceptEncoding string) bool {
	anything := false
	for part := range strings.SplitSeq(acceptEncoding, ",") {
		coding, weight, _ := strings.Cut(part, ";")
		accepted := !refusedWeight(weight)
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return accepted
		case "*":
			anything = accepted
		}
	}
	return anything
}

// refusedWeight says whether a weight is 0, in any of its spellings.
func refusedWeight(weight string) bool {
	name, value, found := strings.Cut(strings.ReplaceAll(weight, " ", ""), "=")
	return found && strings.EqualFold(name, "q") && strings.HasPrefix(value, "0") && strings.Trim(value, "0.") == ""
}
