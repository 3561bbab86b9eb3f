package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"slices"

	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// An Answer is what came back for a send.
type Answer struct {
	Decision string // as the gate's header says: forward, rewrite, block; empty: it did not say
	Reason   string // likewise
	Status   int    // HTTP status; 0: there was no answer
	Code     string // the provider's error code, of a refusal; empty for none
	Fault    string // why there was no answer: a few words, no address

	// Declined says that the provider did not take the message, although the status is one of success.
	Declined bool
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
	regexp.MustCompile(`"(?:status|smsStatus|groupName)":\s*"?([^",{}\[\s]{1,100})`),
	regexp.MustCompile(`"(?:messageId|type)":\s*"?([^",{}\[\s]{1,100})`),
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

// taken are the codes with which services that refuse with a status of success say that they took a message.
var taken = []string{"", "0", "PENDING", "MESSAGE_SENT", "accepted"}

// read reads resp; nothing of it is kept.
func (d *Dialect) read(resp *fasthttp.Response) Answer {
	a := Answer{Status: resp.StatusCode(),
		Decision: word(resp.Header.Peek("Sendgate-Decision")), Reason: word(resp.Header.Peek("Sendgate-Reason"))}
	if a.Status/100 == 2 && !d.smiles {
		return a
	}
	body, err := resp.BodyUncompressed()
	if err != nil {
		body = resp.Body()
	}
	a.Code = codeOf(body)
	a.Declined = a.Status/100 == 2 && !slices.Contains(taken, a.Code)
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

// departures are the answers of a provider from which the gate learns that the recipient left there, by the samples:
// false where it learns nothing from some that have the same status and code, or no sample tells and the provider would
// say it so.
func departures(provider string, words []refusal) map[refusal]bool {
	taught, seen := map[refusal]int{}, map[refusal]int{}
	for _, s := range providers.Samples() {
		var resp fasthttp.Response
		if s.Provider != provider || len(s.Messages) != 1 || s.Answer == nil || resp.Read(bufio.NewReader(bytes.NewReader(s.Answer))) != nil {
			continue
		}
		says := refusal{resp.StatusCode(), codeOf(resp.Body())}
		seen[says]++
		for _, e := range s.Learnt {
			if e.Kind.String() == "opted-out" {
				taught[says]++
				break
			}
		}
	}
	all := map[refusal]bool{}
	for _, says := range words {
		if seen[says] == 0 {
			all[says] = false
		}
	}
	for says, n := range taught {
		all[says] = n == seen[says]
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
