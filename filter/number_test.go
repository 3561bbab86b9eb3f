package filter

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestNumber(t *testing.T) {
	for _, c := range numberCases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Number(c.text, c.region)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Fatalf("Number(%q, %q) = %q, %v; want %q", c.text, c.region, got, err, c.want)
			}
			if err != nil {
				checkSentence(t, c.text, err)
			}
		})
	}
}

// checkSentence fails unless err is one short sentence without the digits it is about.
func checkSentence(t *testing.T, text string, err error) {
	t.Helper()
	s := err.Error()
	if s == "" || len(s) > 120 || strings.ContainsAny(s, "\n") {
		t.Errorf("the error for %q is no short sentence: %q", text, s)
	}
	for i := 0; i+7 <= len(text); i++ {
		if run := text[i : i+7]; strings.Trim(run, "0123456789") == "" && strings.Contains(s, run) {
			t.Errorf("the error for %q shows its digits: %q", text, s)
		}
	}
}

func TestNumberToldApart(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"three digits", "999", ErrShortCode},
		{"five digits", "12345", ErrShortCode},
		{"six digits in a region whose numbers are longer", "312345", ErrShortCode},
		{"six digits with a dash", "123-456", ErrShortCode},
		{"a space before a short code", " 12345", ErrShortCode},
		{"an alphanumeric sender", "ACME", ErrName},
		{"a sender name with digits", "Acme24", ErrName},
		{"a vanity number", "1-800-FLOWERS", ErrName},
		{"a platform's user id with a country in front", "US.13491208655302741918", ErrName},
		{"an e-mail address", "ana@example.com", ErrName},
		{"a chat client", "client:alice", ErrPrefixed},
		{"a SIM", "sim:DE0123456789abcdef0123456789abcdef", ErrPrefixed},
		{"a channel prefix that nobody took off", "whatsapp:+14155550100", ErrPrefixed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := Number(c.text, "US"); !errors.Is(err, c.want) {
				t.Errorf("Number(%q) = %q, %v; want %v", c.text, got, err, c.want)
			}
		})
	}
}

// formats are the ways phonenumbers writes a number. The national ones need the region.
var formats = []phonenumbers.PhoneNumberFormat{
	phonenumbers.E164, phonenumbers.INTERNATIONAL, phonenumbers.NATIONAL, phonenumbers.RFC3966,
}

// examples calls yield with every example number of every region and type, and its region.
func examples(yield func(*phonenumbers.PhoneNumber, string)) {
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			if n := phonenumbers.GetExampleNumberForType(region, kind); n != nil {
				yield(n, region)
			}
		}
	}
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		yield(phonenumbers.GetExampleNumberForNonGeoEntity(code), "")
	}
}

func TestEveryExampleNumberHasOneIdentity(t *testing.T) {
	count, lossy := 0, 0
	examples(func(n *phonenumbers.PhoneNumber, region string) {
		e164 := phonenumbers.Format(n, phonenumbers.E164)
		want := identity(e164)
		for _, format := range formats {
			if format == phonenumbers.NATIONAL && region == "" {
				continue // no country, so no national way of writing
			}
			text := phonenumbers.Format(n, format)
			if back, err := phonenumbers.Parse(text, region); err != nil || phonenumbers.Format(back, phonenumbers.E164) != e164 {
				lossy++ // the library's own way of writing it has lost digits
				continue
			}
			count++
			got, err := Number(text, region)
			switch {
			case phonenumbers.IsPossibleNumberWithReason(n) != phonenumbers.IS_POSSIBLE:
				if err == nil {
					t.Errorf("Number(%q, %q) = %q, but can only be dialled within its area", text, region, got)
				}
			case err != nil || got != want:
				t.Errorf("Number(%q, %q) = %q, %v; want %q", text, region, got, err, want)
			case format == phonenumbers.E164:
				checkStable(t, got)
			}
		}
	})
	if count < 4000 || lossy > 5 {
		t.Errorf("%d spellings tried, and %d that the library itself cannot read", count, lossy)
	}
}

// checkStable fails unless id is an identity: what it reads as, anywhere, with or without the
// short cut for what is settled.
func checkStable(t *testing.T, id string) {
	t.Helper()
	for _, region := range []string{"", "US", "IT"} {
		if again, err := Number(id, region); again != id || err != nil {
			t.Errorf("Number(%q, %q) = %q, %v; want what went in", id, region, again, err)
		}
	}
	if slow, err := parse(id, ""); slow.id != id || err != nil {
		t.Errorf("parse(%q) = %q, %v; want what went in", id, slow.id, err)
	}
}

func TestTheShortCutAgreesWithTheLongWay(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	cut := 0
	for code := range phonenumbers.GetSupportedCallingCodes() {
		for range 60 {
			text := fmt.Sprintf("+%d", code)
			for range 4 + random.IntN(12) {
				text += string('0' + rune(random.IntN(10)))
			}
			id := identity(text)
			if !settled(id) {
				continue
			}
			cut++
			if slow, err := parse(text, ""); slow.id != id || err != nil {
				t.Fatalf("seed %d: Number(%q) is %q by the short cut, and %q, %v by the long way", seed, text, id, slow.id, err)
			}
		}
	}
	if cut < 1000 {
		t.Errorf("only %d numbers took the short cut", cut)
	}
}

func TestNumberAllocatesNothingForE164(t *testing.T) {
	for _, text := range []string{"+14155550100", "+5511987654321", "+541123456789", "+525512345678", "+4915112345678", "+447911123456", "+8613812345678"} {
		if n := testing.AllocsPerRun(100, func() {
			if id, err := Number(text, "US"); id != text || err != nil {
				t.Fatal(id, err)
			}
		}); n != 0 {
			t.Errorf("Number(%q) allocates %v times", text, n)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, c := range numberCases {
		f.Add(c.text, c.region)
	}
	f.Fuzz(func(t *testing.T, text, region string) {
		id, err := Number(text, region)
		if err != nil {
			checkSentence(t, text, err)
			if id != "" {
				t.Errorf("Number(%q, %q) = %q and an error", text, region, id)
			}
			return
		}
		if id[0] != '+' || strings.Trim(id[1:], "0123456789") != "" || len(id) < 5 || len(id) > 21 {
			t.Errorf("Number(%q, %q) = %q, which is no E.164", text, region, id)
		}
		checkStable(t, id)
	})
}

func BenchmarkNumber(b *testing.B) {
	for _, c := range []struct{ name, text, region string }{
		{"US E.164", "+14155550100", ""},
		{"German E.164", "+4915112345678", ""},
		{"Chinese E.164", "+8613812345678", ""},
		{"Brazilian without ninth digit", "+551187654321", ""},
		{"US national", "(415) 555-0100", "US"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Number(c.text, c.region); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct{ name, address, want string }{
		{"a number keeps its country and two digits", "+14155550100", "+1415•••••00"},
		{"a long number hides what is between", "+4915112345678", "+4915•••••••78"},
		{"a short number hides five digits", "+2901234", "+•••••34"},
		{"a very short one is hidden whole", "1234567", "•••••••"},
		{"a short code is hidden whole", "12345", "•••••"},
		{"a user id is masked as a number is", "US.13491208655302741918", "US.13••••••••••••••••18"},
		{"characters are counted, not bytes", "жжжжжжжжжжжж", "жжжжж•••••жж"},
		{"an e-mail address keeps one letter in front", "ana@example.com", "a••••••••••••om"},
		{"nothing stays nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Mask(c.address); got != c.want {
				t.Errorf("Mask(%q) = %q, want %q", c.address, got, c.want)
			}
		})
	}
}

func TestKnownRegion(t *testing.T) {
	for region, want := range map[string]bool{"US": true, "us": true, "BR": true, "": false, "XX": false, "001": false, "USA": false} {
		if got := KnownRegion(region); got != want {
			t.Errorf("KnownRegion(%q) = %t", region, got)
		}
	}
}
