package configs

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

func TestEveryDialogueHasItsSource(t *testing.T) {
	var known, spoken []string
	for _, row := range Dialogues() {
		u, err := url.Parse(row.Source)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s has the source %q, which is no address", row.Language, row.Source)
		}
		if _, err := time.Parse(time.DateOnly, row.Reviewed); err != nil || !slices.Contains([]string{"high", "medium", "low"}, row.Confidence) {
			t.Errorf("%s was reviewed %q and is of confidence %q", row.Language, row.Reviewed, row.Confidence)
		}
		if len(row.Agree) == 0 || len(row.Refuse) == 0 || slices.Contains(known, row.Language) {
			t.Errorf("%s: a language has one row, with words for yes and no", row.Language)
		}
		known = append(known, row.Language)
		if row.Question != "" {
			spoken = append(spoken, row.Language)
		}
	}
	for _, language := range strings.Fields("en es fr de it pt nl sv da nb fi pl cs hu ro el tr ru uk ar fa he hi bn ur id ms vi th zh ja ko sw tl ca") {
		if !slices.Contains(known, language) {
			t.Errorf("nobody can answer in %s", language)
		}
	}
	if got := strings.Join(spoken, " "); got != "en es fr de it pt nl" {
		t.Errorf("there are texts in %s", got)
	}
}

// Whoever is asked in their language can answer with every word of it, and what evidence is demanded, it is there.
func TestDialoguesMakeConsent(t *testing.T) {
	for _, preset := range []filter.Preset{filter.Strict, filter.Meta2024} {
		brand := filter.Brand{Business: "Acme", PolicyURL: "https://acme.example/privacy", Topics: map[string]filter.Category{filter.Privacy: filter.Service}, Evidence: preset,
			Dialogues: map[string]filter.DialogueConfig{filter.Privacy: {}}}
		scripts, err := filter.NewScripts(brand, Dialogues(), OptOutLines()[byLanguage])
		if err != nil {
			t.Fatal(err)
		}
		s := scripts[filter.Privacy]
		for _, row := range Dialogues() {
			for _, word := range slices.Concat(row.Agree, row.Refuse) {
				if r := Keywords().Read(word, filter.Hearing{Question: true}); r.Keyword == filter.StopWord && r.Certainty > filter.Ambiguous {
					t.Errorf("%s: %q answers the question, and opts out (%s)", row.Language, word, r.Certainty)
				}
			}
			for _, yes := range row.Agree {
				d, turn := askedAndTold(s, row.Language, yes)
				if d.State != filter.Agreed || len(turn.Events) != 1 {
					t.Errorf("%s: %q leaves it %s", row.Language, yes, d.State)
					continue
				}
				if found := brand.Lint(turn.Events[0]); found != nil {
					t.Errorf("%s, evidence %s: %+v", row.Language, preset, found)
				}
			}
			for _, no := range row.Refuse {
				if d, _ := askedAndTold(s, row.Language, no); d.State != filter.Declined {
					t.Errorf("%s: %q leaves it %s", row.Language, no, d.State)
				}
			}
		}
	}
}

// askedAndTold is a dialogue with somebody of a language, and what followed from their answer.
func askedAndTold(s *filter.Script, language, text string) (filter.Dialogue, filter.Turn) {
	d, _ := s.Begin(filter.Dialogue{ID: "d", To: filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: "+4915123456789"}, Topic: filter.Privacy, Language: language}, noon)
	return s.Hear(d, filter.Answer{ID: "1", Text: text}, noon.Add(time.Minute))
}

func TestDialoguesKnowTheLanguage(t *testing.T) {
	scripts, err := filter.NewScripts(filter.Brand{Business: "Acme", PolicyURL: "https://acme.example/privacy", Topics: map[string]filter.Category{filter.Privacy: filter.Service},
		Dialogues: map[string]filter.DialogueConfig{filter.Privacy: {}}}, Dialogues(), OptOutLines()[byLanguage])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ address, text, want string }{
		{"+4915123456789", "", "de"},
		{"+4915123456789", "Bonjour, je voudrais savoir pour vous et votre offre", "fr"},
		{"+14155550100", "hello", "en"},
		{"+34612345678", "", "es"},
		{"+48512345678", "", "pl"},
		{"+81312345678", "こんにちは", "ja"},
	} {
		if got := scripts[filter.Privacy].Language(filter.Recipient{Channel: filter.SMS, Address: c.address}, c.text); got != c.want {
			t.Errorf("%s, %q: got %q, want %q", c.address, c.text, got, c.want)
		}
	}
}
