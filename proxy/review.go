package proxy

import (
	"encoding/json"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store/errands"
)

// reviewFor is how long somebody has to look at what a person wrote.
const reviewFor = 30 * 24 * time.Hour

// repeats is for how long providers repeat a call: Meta does for seven days.
const repeats = 8 * 24 * time.Hour

// A Review is the body, in JSON, of an errand of the kind review: what a person wrote that may be an
// opt-out, and what was made of it.
type Review struct {
	Text      string           `json:"text"`
	Message   string           `json:"message"`           // the provider's id
	Sender    string           `json:"sender"`            // whom they wrote to
	Service   string           `json:"service,omitempty"` // the messaging service that this is a number of
	Time      time.Time        `json:"time"`
	Keyword   filter.Keyword   `json:"keyword"`
	Certainty filter.Certainty `json:"certainty"`
	Match     string           `json:"match,omitempty"`
	Language  string           `json:"language,omitempty"`
	OptedOut  bool             `json:"opted_out"` // whether it was taken for one
}

// review has somebody look at a message.
func (h *heard) review(sig *providers.Signal, r filter.Reading, out bool) {
	body, _ := json.Marshal(Review{words(sig), sig.ID, sig.Sender, sig.Service, h.now, r.Keyword, r.Certainty, r.Match, r.Language, out}) // it always can
	h.reviews = append(h.reviews, errands.Errand{ID: h.id(sig, "review"), Kind: errands.Review, Route: h.rt.name,
		People: []filter.Recipient{sig.From}, Until: h.now.Add(reviewFor), Remember: repeats, Body: body})
}
