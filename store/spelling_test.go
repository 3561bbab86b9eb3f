package store_test

import (
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/storetest"
)

const (
	american = "+14155550100"
	german   = "+4915112345678"
)

// spelled are texts in which a number stands, however it is written.
var spelled = map[string]string{
	"the E.164 digits":                               american + ": call " + american,
	"without the plus":                               american + ": 14155550100",
	"inside a label":                                 american + ": for-14155550100x",
	"inside a longer row of digits":                  american + ": ref 914155550100123",
	"with dashes":                                    american + ": +1-415-555-0100.",
	"as Americans write it":                          american + ": call (415) 555-0100 today",
	"without country code, in one piece":             american + ": call 4155550100, please",
	"with dots":                                      american + ": 415.555.0100",
	"with spaces, after another number":              american + ": 2 415 555 0100",
	"before another number":                          american + ": 415 555 0100 24h",
	"after an amount":                                american + ": 12.50, 415 555 0100",
	"with 011":                                       american + ": 011 1 415 555 0100",
	"with 00":                                        american + ": 0014155550100",
	"with slashes and unusual dashes":                american + ": 1/415 – 555‑0100",
	"in square brackets":                             american + ": [415][555][0100]",
	"with no-break spaces":                           american + ": 415\u00a0555\u202f0100",
	"with full-width digits":                         american + ": ＋１（４１５）５５５－０１００",
	"with Arabic digits":                             american + ": ٤١٥ ٥٥٥ ٠١٠٠",
	"with mathematical digits":                       american + ": 𝟒𝟏𝟓𝟓𝟓𝟓𝟎𝟏𝟎𝟎",
	"with keycaps":                                   american + ": 4\ufe0f\u20e31\ufe0f\u20e35\ufe0f\u20e3 5\ufe0f\u20e35\ufe0f\u20e35\ufe0f\u20e3 0\ufe0f\u20e31\ufe0f\u20e30\ufe0f\u20e30\ufe0f\u20e3",
	"at the very end":                                american + ": 4155550100",
	"between letters":                                american + ": x4155550100y",
	"with a national prefix":                         german + ": 0151 12345678",
	"with a national prefix and odd groups":          german + ": 0151/123 456 78",
	"with the national prefix in brackets":           german + ": +49 (0)151 1234-5678",
	"with 00 and the country code":                   german + ": 0049 151 12345678",
	"with 00 and the national prefix":                german + ": 0049 (0) 151 12345678",
	"a Russian one with its own national prefix":     "+79123456789: 8 (912) 345-67-89",
	"a Hungarian one":                                "+36201234567: 06 20 123 4567",
	"a Brazilian mobile in its old form":             "+5511987654321: (11) 8765-4321",
	"a Brazilian mobile in its new form":             "+5511987654321: 011 98765-4321",
	"a Mexican mobile with the 1 of old":             "+525512345678: +52 1 55 1234 5678",
	"an Argentine mobile dialled from abroad":        "+541123456789: +54 9 11 2345-6789",
	"a country code of three digits":                 "+351912345678: 912 345 678",
	"an id of digits alone":                          "1234567890: user 1234567890",
	"an e-mail address in other letters":             "ana@example.com: write to Ana@Example.COM",
	"a short national number with its country code":  "+29026123: call +290 26-123",
	"what was recorded in a form that is no address": "(+1) 415 555 0100: 1 415 555 0100",
}

// unspelled are texts in which it does not stand.
var unspelled = map[string]string{
	"part of a longer number in groups":            american + ": 415 555 01005",
	"part of a longer number in one piece":         american + ": 41555501001",
	"the end of a longer number":                   american + ": 94155550100",
	"the national number inside an id":             american + ": order 9-841555501007",
	"digits that letters stand between":            american + ": 415 apples and 555 pears, 0100",
	"digits far apart":                             american + ": 415 ..... 555 0100",
	"another number":                               american + ": +14155550101",
	"no number":                                    american + ": Hello",
	"nothing":                                      american + ": ",
	"six digits of a short national number":        "+290261234: call 12345",
	"a national number too short to be told apart": "+29026123: call 26123",
	"digits of an e-mail address":                  "ana1234567@example.com: order 1234567",
}

func TestSpellings(t *testing.T) {
	for want, cases := range map[bool]map[string]string{true: spelled, false: unspelled} {
		for name, c := range cases {
			address, text, _ := strings.Cut(c, ": ")
			if spelling.Of(address).In(text) != want {
				t.Errorf("%s: found in %q: %v, want %v", name, text, !want, want)
			}
		}
	}
}

// However a message to somebody else spells the number of the erased, it is in no block, no tail and
// no memory afterwards, and what only looks like it stays.
func TestEraseLogInEverySpelling(t *testing.T) {
	for name, cfg := range map[string]store.Config{"on disk": {Dir: t.TempDir()}, "in memory": {Memory: true}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, cfg)
			want, n := map[string]string{}, 0
			write := func(texts map[string]string, stay bool) {
				for _, c := range texts {
					address, text, _ := strings.Cut(c, ": ")
					if address != american {
						continue
					}
					e := decision(n)
					e.Text, e.Campaign = text, "about: "+text
					if want[e.ID] = ""; stay {
						want[e.ID] = text
					}
					s.Decisions().Add(e)
					n++
				}
			}
			for n < 2500 { // every block holds all of them, and the open chunk does
				write(spelled, false)
				write(unspelled, true)
			}
			store.FlushLog(s)
			gone := filter.Recipient{Channel: filter.SMS, Address: american}
			erased := erase(t, s, gone).Entries
			for again := range 2 {
				for e, err := range s.Decisions().Entries(decisions.Query{}) {
					if storetest.Must(t, err); e.Text != want[e.ID] {
						t.Fatalf("%q is left, want %q", e.Text, want[e.ID])
					}
					if label := e.Campaign; label != "" && want[e.ID] == "" && spelling.Of(american).In(label) || label == "" && want[e.ID] != "" {
						t.Fatalf("the label %q is left, want it to go with %q", label, want[e.ID])
					}
					if e.To.Address == "" {
						t.Fatalf("somebody else lost their address")
					}
				}
				if left := erase(t, s, gone).Entries; left > 0 {
					t.Errorf("%d of %d entries were left for another erasure", left, erased)
				}
				if cfg.Memory || again > 0 {
					return
				}
				closeStore(t, s)
				s = open(t, cfg)
			}
		})
	}
}
