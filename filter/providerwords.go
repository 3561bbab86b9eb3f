package filter

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// A ProviderWords is what a provider itself takes messages for, and answers unless it was told otherwise:
// one row of a table that is data, with its source.
type ProviderWords struct {
	Provider string  `yaml:"provider"`
	Channel  Channel `yaml:"channel"`
	// TollFree says that the row is about toll-free numbers of North America, and about no other sender.
	TollFree bool `yaml:"toll_free"`
	// Countries are those of the senders that the row is about, by ISO 3166. Default: all, and senders without a number.
	Countries []string `yaml:"countries"`
	// Stop, Start and Help count as the whole message, in any case.
	Stop  []string `yaml:"stop"`
	Start []string `yaml:"start"`
	Help  []string `yaml:"help"`

	// Source, Reviewed and Confidence are as in [Expiry].
	Source     string `yaml:"source"`
	Reviewed   string `yaml:"reviewed"`
	Confidence string `yaml:"confidence"`
}

func (p *ProviderWords) check() error {
	switch {
	case p.Provider == "":
		return errors.New("provider: missing")
	case p.Channel == "":
		return errors.New("channel: missing")
	case p.Source == "" || p.Reviewed == "" || p.Confidence == "":
		return errors.New("source: want source, reviewed and confidence")
	}
	return cmp.Or(checkEach("stop", p.Stop), checkEach("start", p.Start), checkEach("help", p.Help), checkReview(p.Reviewed, p.Confidence))
}

// Answered is the keyword that a provider takes text for by itself, and answers, when a person sends it on
// a channel to sender, a number or service of the provider's. It holds for what providers do unless they
// were told otherwise: accounts may have words of their own. Short codes are left to their owners.
func (k *Keywords) Answered(provider string, on Channel, sender, text string) Keyword {
	if sender != "" && isShortCode(sender) {
		return NoKeyword
	}
	text = strings.TrimSpace(text)
	is := func(word string) bool { return strings.EqualFold(word, text) }
	for i := range k.providers {
		p := &k.providers[i]
		switch {
		case p.Provider != provider || p.Channel != on || p.TollFree != TollFree(sender):
		case len(p.Countries) > 0 && !slices.Contains(p.Countries, Country(sender)):
		case slices.ContainsFunc(p.Stop, is):
			return StopWord
		case slices.ContainsFunc(p.Start, is):
			return StartWord
		case slices.ContainsFunc(p.Help, is):
			return HelpWord
		}
	}
	return NoKeyword
}

// tollFreeCodes are the area codes of North America whose calls the called pay for:
// https://www.nanpa.com/numbering/area-codes
var tollFreeCodes = []string{"800", "833", "844", "855", "866", "877", "888"}

// TollFree reports whether sender is a number of North America that is free for who writes to it.
func TollFree(sender string) bool {
	return len(sender) == len("+18005550100") && strings.HasPrefix(sender, "+1") && slices.Contains(tollFreeCodes, sender[2:5])
}
