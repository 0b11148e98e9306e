package mapping

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPageTextsExistInEveryLanguage(t *testing.T) {
	place := regexp.MustCompile(`\{[a-z]+\}`)
	for key, text := range pageTexts {
		for language := range Language(languages) {
			assert.NotEmpty(t, strings.TrimSpace(text[language]), "%s is not said in %s", key, language)
			assert.ElementsMatch(t, place.FindAllString(text[English], -1), place.FindAllString(text[language], -1), "what is filled in, of %s in %s", key, language)
		}
	}
}

func TestPageTextsAreTranslated(t *testing.T) {
	var same []string
	for key, text := range pageTexts {
		if text[Spanish] == text[English] || text[German] == text[English] || text[Spanish] == text[German] {
			same = append(same, key)
		}
	}
	slices.Sort(same)
	assert.Equal(t, []string{"board.live"}, same, "these are the same in two languages")
}

// TestNoTextHidesAnother: a page is given its own texts and those of the session
// by their names alone.
func TestNoTextHidesAnother(t *testing.T) {
	session := PageTexts(English, "session")
	for _, page := range []string{"board", "docs"} {
		for name := range PageTexts(English, page) {
			assert.NotContains(t, session, name, "a text of %s, too", page)
		}
	}
}
