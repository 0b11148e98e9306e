package mapping

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"
)

// Language is a language in which the gateway speaks.
type Language int

// The languages; English is spoken to whoever asks for none of them.
const (
	English Language = iota
	Spanish
	German
	languages int = iota
)

var (
	languageTags    = [languages]language.Tag{English: language.English, Spanish: language.Spanish, German: language.German}
	languageMatcher = language.NewMatcher(languageTags[:])
)

// MatchLanguage picks the language that suits an Accept-Language header best.
func MatchLanguage(acceptLanguage string) Language {
	if acceptLanguage == "" {
		return English
	}
	_, index := language.MatchStrings(languageMatcher, acceptLanguage)
	return Language(index)
}

// Languages are all of them.
func Languages() []Language { return []Language{English, Spanish, German} }

// String is the language's tag: en, es or de.
func (l Language) String() string { return languageTags[l].String() }

// Message is a sentence for a person, in any of the languages.
type Message struct {
	Key  string
	Args []any
}

// In returns the sentence in a language.
func (m Message) In(l Language) string {
	sentence, known := sentenceOf(m.Key)
	if !known {
		return m.Key
	}
	if len(m.Args) == 0 {
		return sentence[l]
	}
	return fmt.Sprintf(sentence[l], m.Args...)
}

// sentenceOf is what the catalogue has under a key.
func sentenceOf(key string) (sentence [languages]string, known bool) {
	if sentence, known = sentences[key]; !known {
		sentence, known = operatorSentences[key]
	}
	return sentence, known
}

// InShort is the same in the few words that a row of a batch has for it, which
// need not be different for each way in which a code can happen.
func (m Message) InShort() Message {
	code, _, _ := strings.Cut(m.Key, ".")
	for _, key := range []string{"row." + m.Key, "row." + code} {
		sentence, known := sentences[key]
		switch {
		case !known:
		case strings.Contains(sentence[English], "%"):
			return Message{Key: key, Args: m.Args}
		default:
			return Message{Key: key}
		}
	}
	return m
}

// TitleOf is what an error code means, in a few words.
func TitleOf(code string) Message { return Message{Key: code + ".title"} }
