package bench

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/valyala/fasthttp"

	"github.com/sendgate/sendgate/providers"
)

// An Answer is what came back for a send.
type Answer struct {
	Decision string // as the gate's header says: forward, rewrite, block; empty: it did not say
	Reason   string // likewise
	Status   int    // HTTP status; 0: there was no answer
	Code     string // the provider's error code, of a refusal; empty for none
	Fault    string // why there was no answer: a few words, no address
}

// status is a's status, with its code if there is one.
func (a Answer) status() string {
	if a.Code == "" {
		return fmt.Sprintf("status %d", a.Status)
	}
	return fmt.Sprintf("status %d, code %s", a.Status, a.Code)
}

// codes find what a library of some service goes by in the body of a refusal, the first that finds anything: what is
// called a code, and else what says the same by another name, as Vonage, Viber and Infobip do.
var codes = []*regexp.Regexp{
	regexp.MustCompile(`"(?:code|errcode|error_code|(?i:errorCode)|__type|DeliveryStatus)":\s*"?([^",{}\[\s]{1,60})|<(?:Code|status)>([^<]{1,60})<`),
	regexp.MustCompile(`"(?:status|groupName|messageId|type)":\s*"?([^",{}\[\s]{1,100})`),
}

// codeOf is the error code in the body of a refusal; empty where there is none.
func codeOf(body []byte) string {
	for _, r := range codes {
		if m := r.FindSubmatch(body); m != nil {
			return string(slices.Concat(m[1:]...)) // one of them matched
		}
	}
	return ""
}

// readAnswer reads resp; nothing of it is kept.
func readAnswer(resp *fasthttp.Response) Answer {
	a := Answer{Status: resp.StatusCode(),
		Decision: word(resp.Header.Peek("Sendgate-Decision")), Reason: word(resp.Header.Peek("Sendgate-Reason"))}
	if a.Status/100 == 2 && a.Decision != block { // some refuse with a status of success
		return a
	}
	body, err := resp.BodyUncompressed()
	if err != nil {
		body = resp.Body()
	}
	a.Code = codeOf(body)
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
type refusal struct {
	status int
	code   string
}

// refusals are the refusals in the samples of a provider, by reason.
func refusals(provider string) map[string][]refusal {
	all := map[string][]refusal{}
	for _, s := range providers.Samples() {
		if s.Provider != provider {
			continue
		}
		for reason, r := range s.Refusals {
			found := refusal{r.Status, codeOf([]byte(r.Body))}
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
