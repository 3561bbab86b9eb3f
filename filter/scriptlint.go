package filter

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// lint refuses texts that would not make the consent that they ask for, by what the brand demands of
// evidence on every channel.
func (s *Script) lint(topic string, b Brand) error {
	for _, language := range slices.Sorted(maps.Keys(s.purposes)) {
		if s.texts[language] == nil {
			return fmt.Errorf("purposes: %s: there are no words and texts in this language", language)
		}
	}
	if s.text(s.fallback).Language != s.fallback {
		return fmt.Errorf("language: %s: it needs texts, and %s a purpose", s.fallback, topic)
	}
	for _, language := range slices.Sorted(maps.Keys(s.texts)) {
		for _, w := range s.yes[language] {
			if slices.Contains(s.no[language], w) {
				return fmt.Errorf("texts: %s: %q cannot be yes and no", language, w)
			}
		}
		t := s.text(language)
		if t.Language != language {
			continue
		}
		if err := s.lintTexts(t, topic, b); err != nil {
			return fmt.Errorf("texts: %s: %w", language, err)
		}
	}
	return nil
}

func (s *Script) lintTexts(t *DialogueText, topic string, b Brand) error {
	for _, one := range []struct{ key, text, needs string }{
		{"policy", t.Policy, "{policy_url}"}, {"question", t.Question, "{business}"}, {"question", t.Question, "{purpose}"}, {"question", t.Question, "{agree}"},
		{"again", t.Again, ""}, {"granted", t.Granted, ""}, {"refused", t.Refused, ""}, {"unanswered", t.Unanswered, ""}, {"failed", t.Failed, ""},
	} {
		values := s.values(&Dialogue{To: Recipient{Channel: SMS}, Language: t.Language})
		if _, err := expand(one.text, values); err != nil {
			return fmt.Errorf("%s: %w", one.key, err)
		}
		if strings.TrimSpace(one.text) == "" || !strings.Contains(one.text, one.needs) {
			return fmt.Errorf("%s: %q does not say %s", one.key, one.text, cmp.Or(one.needs, "anything"))
		}
	}
	for _, channel := range []Channel{SMS, WhatsApp, Messenger, Telegram, LINE, Viber} {
		d, _ := s.Begin(Dialogue{To: Recipient{Channel: channel}, Topic: topic, Language: t.Language}, dawn)
		yes := s.event(&d, OptedIn, dawn)
		yes.Basis = Express
		for _, f := range b.Lint(yes) {
			if f.Severity == Refuse {
				return fmt.Errorf("what is asked by %s would be no evidence of consent: %s: %s", channel, f.Field, f.Problem)
			}
		}
	}
	return nil
}
