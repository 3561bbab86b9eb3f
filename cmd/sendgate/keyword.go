package main

import (
	"fmt"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/filter"
)

type keywordCmd struct {
	Text     string `arg:"" help:"What a person wrote."`
	Country  string `placeholder:"CC" help:"Country of their number, such as MX: some words count only where their language is spoken. Default: nobody knows."`
	Brand    string `help:"Brand that they wrote to, with words and topics of its own; needs --config."`
	Question bool   `help:"They were asked something that a word such as CANCEL or NO answers."`
	Config   string `type:"path" help:"Configuration file with the brand."`
	JSON     bool   `name:"json" help:"Print JSON, for programs."`
}

// Run prints what the text would be taken for if it came in by a webhook. It needs no server.
func (c keywordCmd) Run(t terminal) error {
	if c.Country != "" && !filter.KnownRegion(c.Country) {
		return fmt.Errorf("--country: unknown country %q: want ISO 3166, such as MX", c.Country)
	}
	cfg, err := configs.Load(c.Config)
	if err != nil {
		return err
	}
	brand, known := cfg.Brands[c.Brand]
	if c.Brand != "" && !known {
		if c.Config == "" {
			return fmt.Errorf("--brand: the brand %q is in no file: name the configuration with --config", c.Brand)
		}
		return fmt.Errorf("--brand: there is no brand %q in %s", c.Brand, c.Config)
	}
	r := configs.Keywords().Read(c.Text, filter.Hearing{Country: c.Country, Brand: &brand, Question: c.Question})
	switch {
	case c.JSON:
		return printJSON(t.out, keywordResult{r.Keyword, r.Certainty, r.Scope, r.Language, r.Match})
	case r.Keyword == filter.NoKeyword:
		fmt.Fprintln(t.out, "no keyword")
	case r.Keyword == filter.StopWord:
		fmt.Fprintf(t.out, "%s, %s: covers %s, by %q%s%s\n", r.Keyword, r.Certainty, r.Scope, r.Match, language(r), doubt(r.Certainty))
	default:
		fmt.Fprintf(t.out, "%s, %s: by %q%s\n", r.Keyword, r.Certainty, r.Match, language(r))
	}
	return nil
}

type keywordResult struct {
	Keyword   filter.Keyword   `json:"keyword"`
	Certainty filter.Certainty `json:"certainty"`
	Scope     filter.Scope     `json:"scope"`
	Language  string           `json:"language,omitempty"`
	Match     string           `json:"match,omitempty"`
}

// doubt is what becomes of an opt-out that is not sure to be one.
func doubt(c filter.Certainty) string {
	switch c {
	case filter.Hint:
		return "; it opts nobody out, and waits in sendgate inbox"
	case filter.Ambiguous:
		return "; it opts out unless the route says uncertain: review, and waits in sendgate inbox"
	}
	return ""
}

// language is the one of a reading's word, where that has one.
func language(r filter.Reading) string {
	switch r.Language {
	case "":
		return ", a word of the brand's"
	case "any":
		return ""
	}
	return " (" + r.Language + ")"
}
