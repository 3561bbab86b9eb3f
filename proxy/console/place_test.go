package console

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// Letters that a state shares with a country are read as both for numbers of +1, and as the country for its own.
func TestImportedLocations(t *testing.T) {
	b := newBench(t)
	file, err := os.Open("testdata/import/locations.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, _, err := runImport(t, b, file, "preset=salesforce&channel=sms&brand=shop&scope=topic:journey&region=US"); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"+14155550101": "CA|US-CA", "+13175550102": "IN|US-IN", "+13025550103": "DE|US-DE", "+14165550104": "CA", "+12145550105": "US-TX",
		"+4915123456789": "DE", "+12145550107": "", "+12145550108": "US 752", "+14155550109": "CA|US-CA 940", "+13025550110": "DE|US-DE",
		"+4915123456780": "DE", "+12145550112": "US-TX", "+14155550113": "CA-ON", "+393331234567": "",
		"+919812345678": "IN", "+4915123456781": "DE", "+573001234567": "CO", "+4915123456782": "DE", "+13025550120": "DE|US-DE",
	} {
		r, err := b.store.Read(filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: address}, filter.NeedRecord)
		if err != nil || len(r.Consents) == 0 || r.Place != want {
			t.Errorf("%s is at %q, %v, want %q", filter.Mask(address), r.Place, err, want)
		}
	}
}

// What the columns of an import say of where somebody is reaches their record, in its canonical form.
func TestImportedPlaces(t *testing.T) {
	b := newBench(t)
	file, err := os.Open("testdata/import/places.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, _, err := runImport(t, b, file, "channel=sms&brand=shop"); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"+13055550123": "US-NY 100", "+14155550123": "US 799", "+4915123456789": "DE-BE Europe/Berlin",
		"+33612345678": "", "+12125550123": "US-TX", "+12125550124": "",
	} {
		r, err := b.store.Read(filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: address}, filter.NeedRecord)
		if err != nil || r.Place != want {
			t.Errorf("%s is at %q, %v, want %q", filter.Mask(address), r.Place, err, want)
		}
	}
}

// placed plays a gate that goes by where recipients are.
type placed struct{ oneRoute }

func (p placed) Judge(route string, m filter.Message, at time.Time) (filter.Decision, filter.Record, error) {
	d, rec, err := p.oneRoute.Judge(route, m, at)
	d.Why = "the clock in " + rec.Place
	return d, rec, err
}

// Where somebody stated to be is told to those who see what else they stated: to reviewers.
func TestPlaceIsForReviewers(t *testing.T) {
	b := newBench(t)
	b.server.gate = placed{oneRoute{b}}
	e := optIn(carol, noon.Add(-time.Hour))
	e.Proof.Place = "US-NY 100"
	b.learn(e)
	b.at(noon.Add(time.Minute))
	id := b.log(1, nil)[0]
	to := "channel=sms&brand=shop&address=" + url.QueryEscape(carol.Address)
	for name, ask := range map[string][4]string{
		"the record":                    {"GET", "/api/v1/consent?" + to},
		"the record of a past moment":   {"GET", "/api/v1/consent?at=1s&" + to},
		"the history":                   {"GET", "/api/v1/consent/history?" + to},
		"a decision":                    {"GET", "/api/v1/explain?decision=" + id},
		"a message that was not sent":   {"POST", "/api/v1/explain", "application/json", `{"route":"twilio","to":{"brand":"shop","channel":"sms","address":"+14155550100"}}`},
		"a message of a moment gone by": {"POST", "/api/v1/explain", "application/json", `{"route":"twilio","to":{"brand":"shop","channel":"sms","address":"+14155550100"},"at":"2026-03-10T12:00:30Z"}`},
	} {
		for role, sees := range map[Role]bool{Viewer: false, Reviewer: true, Admin: true} {
			status, body, _ := b.ask(role, ask[0], ask[1], ask[2], ask[3])
			if status != 200 || strings.Contains(body, "US-NY") != sees {
				t.Errorf("%s, asked for by a %s: %d %s", name, role, status, body)
			}
			if strings.Contains(ask[1], "explain") && strings.Contains(body, veiledWhy) == sees {
				t.Errorf("%s, asked for by a %s: %s", name, role, body)
			}
		}
	}
}

// Where the country that the request names is another one's, that shows: no number of the United States begins with 0.
func TestNumberOfAnotherCountry(t *testing.T) {
	b := newBench(t)
	last, problems, err := runImport(t, b, strings.NewReader("phone,state\n030 1234567,opted-out\n(415) 555-0100,opted-out\n+10301234567,opted-out\n"), "brand=shop&channel=sms&region=us")
	if err != nil || last.Taken != 3 || last.Warnings != 2 || len(problems) != 2 || problems[0].Column != "address" ||
		problems[0].Warning != "read as one of US, where no such number is known to be in use: does it belong to another country?" {
		t.Errorf("got %+v, %+v, %v, want a warning of the first row, and that the last says the same", last, problems, err)
	}
}

// A number without a country code is of the country in its own row: of another it would be somebody else's.
func TestCountryOfANumberInItsRow(t *testing.T) {
	const header = "phone,country,state\n"
	for name, c := range map[string]struct{ row, want, problem string }{
		"of the row's country":       {"030 1234567,DE,opted-out", "+49301234567", ""},
		"in small letters":           {"0151 23456789,de,opted-out", "+4915123456789", ""},
		"of the request's":           {"(415) 555-0100,,opted-out", "+14155550100", ""},
		"with its country code":      {"+14155550100,DE,opted-out", "+14155550100", ""},
		"that, and another word":     {"+14155550100,Vereinigte Staaten,opted-out", "+14155550100", ""},
		"of a country in its words":  {"030 1234567,Deutschland,opted-out", "", `"Deutschland" is no country as ISO 3166 writes it, such as DE, by which the number could be read`},
		"that is none, nor a number": {"nobody,Deutschland,opted-out", "", "a name in letters is no phone number"},
		"that is none, and missing":  {",Deutschland,opted-out", "", "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			last, problems, err := runImport(t, b, strings.NewReader(header+c.row+"\n"), "brand=shop&channel=sms&region=US")
			if err != nil || last.Taken+last.Refused != 1 || last.Taken == 1 && c.problem != "" || c.problem != "" && problems[0].Problem != c.problem {
				t.Fatalf("got %+v, %+v, %v", last, problems, err)
			}
			if c.want == "" {
				return
			}
			rec := b.record(filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: c.want})
			if at, _ := rec.OptedOut(&filter.Message{}); at.IsZero() {
				t.Errorf("%s is not opted out", c.want)
			}
		})
	}
}
