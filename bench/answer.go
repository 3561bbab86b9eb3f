package bench

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/sendgate/sendgate/providers"
)

// An Answer is what came back for a send.
type Answer struct {
	Decision string // as the gate's header says: forward, rewrite, block; empty: it did not say
	Reason   string // likewise
	Status   int    // HTTP status; 0: there was no answer
	Code     int    // the provider's error code; 0 for none
	Fault    string // why there was no answer: a few words, no address
}

// code finds the error code in the body of a refusal: JSON as Twilio and Meta write it, or
// Twilio's XML.
var code = regexp.MustCompile(`"code":\s*(\d{1,9})\b|<Code>(\d{1,9})</Code>`)

// readAnswer reads resp; nothing of it is kept.
func readAnswer(resp *fasthttp.Response) Answer {
	a := Answer{Status: resp.StatusCode(),
		Decision: word(resp.Header.Peek("Sendgate-Decision")), Reason: word(resp.Header.Peek("Sendgate-Reason"))}
	if a.Status/100 == 2 {
		return a
	}
	body, err := resp.BodyUncompressed()
	if err != nil {
		body = resp.Body()
	}
	if m := code.FindSubmatch(body); m != nil {
		a.Code, _ = strconv.Atoi(string(m[1]) + string(m[2])) // one of them is empty, the other digits
	}
	return a
}

// word is a header's value, without an allocation for the usual ones, and cut where it is too long
// to be a word of the gate's.
func word(value []byte) string {
	for _, w := range []string{forward, rewrite, block, "allowed", "content"} {
		if string(value) == w {
			return w
		}
	}
	return string(value[:min(len(value), 40)])
}

// A refusal is how a provider says no.
type refusal struct{ status, code int }

// refusals are the refusals in the samples of a provider, by reason.
func refusals(provider string) map[string][]refusal {
	all := map[string][]refusal{}
	for _, s := range providers.Samples() {
		if s.Provider != provider {
			continue
		}
		for reason, r := range s.Refusals {
			found := refusal{status: r.Status}
			if m := code.FindStringSubmatch(r.Body); m != nil {
				found.code, _ = strconv.Atoi(m[1] + m[2])
			}
			if !slices.Contains(all[reason.String()], found) {
				all[reason.String()] = append(all[reason.String()], found)
			}
		}
	}
	return all
}

// knownReason reports whether text is a reason to block.
func knownReason(text string) bool {
	reason := keyOf(providers.Sample{}.Refusals)
	return reason.UnmarshalText([]byte(text)) == nil && text != "allowed"
}

// keyOf is the zero value of the keys of m.
func keyOf[K comparable, V any](map[K]V) (zero K) { return zero }
