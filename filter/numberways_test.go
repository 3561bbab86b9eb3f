package filter

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// mobiles calls yield with up to n random valid mobiles of every region, in national digits and in
// E.164. Each is an example with its last digits drawn anew, at times all but the first.
func mobiles(random *rand.Rand, n int, yield func(region, national, e164 string)) {
	for region := range phonenumbers.GetSupportedRegions() {
		example := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
		if example == nil {
			continue
		}
		code := fmt.Sprintf("+%d", example.GetCountryCode())
		national := phonenumbers.GetNationalSignificantNumber(example)
		for range n {
			digits := []byte(national)
			for i := 1 + random.IntN(len(digits)-1); i < len(digits); i++ {
				digits[i] = '0' + byte(random.IntN(10))
			}
			number, err := phonenumbers.Parse(code+string(digits), "")
			if err != nil || phonenumbers.Format(number, phonenumbers.E164) != code+string(digits) {
				continue
			}
			switch phonenumbers.GetNumberType(number) {
			case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
				yield(region, string(digits), code+string(digits))
			}
		}
	}
}

func TestAMobileWithoutItsPlusIsNeverSomebodyElse(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	count, refused := 0, 0
	mobiles(random, 10, func(region, national, e164 string) {
		want, err := Number(e164, "")
		if err != nil {
			t.Fatalf("seed %d: Number(%q) answers %v", seed, e164, err)
		}
		for _, read := range []func(text, region string) (string, error){Number, NumberWithoutPlus} {
			for _, text := range []string{e164[1:], " " + e164[1:]} {
				count++
				switch got, err := read(text, region); {
				case err != nil:
					refused++
				case got != want:
					t.Errorf("seed %d: %q in %s is read as %s, want %s", seed, text, region, got, want)
				}
			}
		}
	})
	t.Logf("%d numbers read, %d refused", count, refused)
	if count < 4_000 || refused*50 > count {
		t.Errorf("seed %d: of %d numbers %d were refused as ambiguous", seed, count, refused)
	}
}

func TestANationalMobileStaysOneAtHome(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	count, refused := 0, 0
	mobiles(random, 10, func(region, national, e164 string) {
		number, err := phonenumbers.Parse(national, region)
		if err != nil || phonenumbers.Format(number, phonenumbers.E164) != e164 {
			return // only its national prefix makes it one
		}
		count++
		want := identity(e164)
		switch got, err := Number(national, region); {
		case err != nil:
			refused++
			if !ownCode(national, region) {
				t.Errorf("seed %d: %q in %s is refused: %v", seed, national, region, err)
			}
		case got != want:
			t.Errorf("seed %d: %q in %s is read as %s, want %s", seed, national, region, got, want)
		}
	})
	t.Logf("%d numbers read, %d refused", count, refused)
	if count < 900 || refused*100 > count {
		t.Errorf("seed %d: of %d numbers %d were refused", seed, count, refused)
	}
}

func TestNumberWithoutPlus(t *testing.T) {
	for _, c := range []struct{ name, text, region, want string }{
		{"without a region the country code comes first", "16505551234", "", "+16505551234"},
		{"a plus says so itself", "+16505551234", "DE", "+16505551234"},
		{"a plus without a region", "+1 650 555 1234", "", "+16505551234"},
		{"a number of the region with its country code", "16505551234", "US", "+16505551234"},
		{"a number of the region with its country code, where both readings are valid", "491701234567", "DE", "+491701234567"},
		{"a number of the region without it", "6505551234", "US", "+16505551234"},
		{"a number of the region with its national prefix", "0170 1234567", "DE", "+491701234567"},
		{"a foreign number that is valid only abroad", "447911123456", "US", "+447911123456"},
		{"a foreign number that is valid at home too, where one of the two is a mobile", "4755551234", "US", "+14755551234"},
		{"two valid mobiles are refused", "4792345678", "US", ""},
		{"the region is read in either case", "491701234567", "de", "+491701234567"},
		{"an unknown region is none", "491701234567", "XX", "+491701234567"},
		{"six digits that are a number of the region", "312345", "AD", "+376312345"},
		{"six digits that are none", "123456", "US", ""},
		{"a short code without a region", "12345", "", ""},
		{"a name", "ana", "US", ""},
		{"nothing", "", "US", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := NumberWithoutPlus(c.text, c.region)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Fatalf("NumberWithoutPlus(%q, %q) = %q, %v; want %q", c.text, c.region, got, err, c.want)
			}
			if err != nil {
				checkSentence(t, c.text, err)
			}
		})
	}
}

func TestAnAmbiguousNumberIsRefusedWithAWayOut(t *testing.T) {
	_, err := Number("4921 12345", "DE")
	if err == nil || !strings.Contains(err.Error(), "write it with its plus") {
		t.Errorf("the error is %v", err)
	}
}
