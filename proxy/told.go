package proxy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// event is what sig tells of who it is from. The same signal gives the same event.
func (h *heard) event(sig *providers.Signal, kind filter.Kind) filter.Event {
	e := filter.Event{ID: h.id(sig, kind.String()), Time: sig.Time, To: sig.From, Kind: kind, Source: h.rt.speaks + " webhook"}
	if e.Time.IsZero() && kind != filter.OptedOut {
		e.Time = h.now // which an opt-out never ranks below, see [store.Store.Append]
	}
	return e
}

// spoken is event with the very words in evidence.
func (h *heard) spoken(sig *providers.Signal, kind filter.Kind, r filter.Reading) filter.Event {
	e := h.event(sig, kind)
	e.Scope = r.Scope
	e.Note = fmt.Sprintf("%s %s, to %s: read as %s (%s)", sig.Kind, sig.ID, sig.Sender, r.Keyword, r.Certainty)
	e.Proof = filter.Evidence{Method: string(sig.From.Channel), Action: "replied", Wording: words(sig), Language: r.Language, CapturedAt: h.now}
	if sig.From.Channel == filter.WhatsApp {
		e.Proof.Method = "whatsapp thread"
	}
	return e
}

// words are what a person wrote, or the button that they pressed, as far as it is kept.
func words(sig *providers.Signal) string {
	const most = 4 << 10
	text := strings.ToValidUTF8(sig.Text, "\uFFFD")
	if text == "" {
		text = strings.ToValidUTF8(sig.Payload, "\uFFFD")
	}
	if len(text) <= most {
		return text
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}

// id names what a signal gives: the ids of providers hold numbers of people, and may be long.
func (h *heard) id(sig *providers.Signal, what string) string {
	sum := sha256.Sum256([]byte(h.rt.speaks + "\x00" + sig.ID + "\x00" + what))
	return "webhook." + hex.EncodeToString(sum[:16])
}
