package main

import (
	"cmp"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/cannahub/gateway/mapping"
)

// operatorLanguage is the language of who sits at the terminal, by the first of the
// usual variables that is set: es_AR.UTF-8, or for LANGUAGE a list like es:de.
func operatorLanguage(environ []string) mapping.Language {
	variables := env.ToMap(environ)
	locale := cmp.Or(variables["LC_ALL"], variables["LC_MESSAGES"], variables["LANG"])
	if name, _, _ := strings.Cut(locale, "."); name == "C" || name == "POSIX" {
		return mapping.English // where LANGUAGE does not count
	}
	for _, name := range []string{"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if wanted := variables[name]; wanted != "" {
			return mapping.MatchLanguage(languageTags(wanted))
		}
	}
	return mapping.English
}

// languageTags writes locales as Accept-Language would, by their order.
func languageTags(locales string) string {
	var tags []string
	for locale := range strings.SplitSeq(locales, ":") {
		locale, _, _ = strings.Cut(locale, ".") // the encoding
		locale, _, _ = strings.Cut(locale, "@") // a variant
		tags = append(tags, strings.ReplaceAll(locale, "_", "-"))
	}
	return strings.Join(tags, ",")
}
