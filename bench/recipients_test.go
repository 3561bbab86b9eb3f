package bench

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

func TestCrowd(t *testing.T) {
	cases := []Case{{"twilio-node", Want{rewrite, "content"}}, {"content-template", Want{forward, "allowed"}}}
	c := Crowd{Size: 40_000, Seed: 1, OptedOut: 0.05, NoConsent: 0.1, Malformed: 0.01, Leaving: 0.02, Cases: cases}

	t.Run("numbers belong to nobody, and each is found again", func(t *testing.T) {
		nobodys := regexp.MustCompile(`^\+1([2-9][0-8]\d55501\d\d|[2-9]9\d[2-9]\d{6})$`)
		seen := map[string]uint64{}
		check := func(i uint64) {
			n := unitedStates.number(i)
			if before, twice := seen[n]; twice && before != i {
				t.Errorf("persons %d and %d have the number %s", before, i, n)
			}
			seen[n] = i
			if !nobodys.MatchString(n) {
				t.Errorf("person %d has the number %s, which may be somebody's", i, n)
			}
			for _, written := range []string{n, n[1:]} {
				if got, ok := unitedStates.index(written); !ok || got != i {
					t.Errorf("%s is person %d, %t; want %d", written, got, ok, i)
				}
			}
		}
		for i := range uint64(80_000) {
			check(i)
			check(MaxCrowd - 1 - i)
		}
	})
	t.Run("what is no number of the crowd is nobody", func(t *testing.T) {
		for _, n := range []string{"", "+", "+14155550001", "+14155560100", "+19155550100x", "+4915123456789", "+12905550100", "nobody-3", "+11155550100", "14155550100", "+129911100000"} {
			if _, _, found := (Crowd{Size: 1, Cases: cases}).Find(n); found {
				t.Errorf("%q is found", n)
			}
		}
	})
	t.Run("the shares are as asked, and each stands for what the gate must do", func(t *testing.T) {
		counts, samples := map[Stand]float64{}, map[string]float64{}
		for i := range c.Size {
			r, stand := c.Person(i)
			counts[stand]++
			want := map[Stand]string{OptedOut: "opted-out", Stranger: "no-consent", Malformed: "bad-address", Agreed: r.Want.String(), Leaving: r.Want.String()}[stand]
			if r.Want.String() != want || (stand == Agreed || stand == Leaving) && r.Want.Action == block {
				t.Fatalf("person %d stands at %d and wants %v", i, stand, r.Want)
			}
			samples[r.Sample]++
			if found, at, ok := c.Find(r.Address); ok != (stand != Malformed) || ok && (found != r || at != stand) {
				t.Fatalf("person %d is %v, and found as %v, %t", i, r, found, ok)
			}
		}
		for stand, share := range map[Stand]float64{OptedOut: 0.05, Stranger: 0.1, Malformed: 0.01, Leaving: 0.02, Agreed: 0.82} {
			if got := counts[stand] / float64(c.Size); math.Abs(got-share) > 0.01 {
				t.Errorf("a share of %.4f stands at %d, want %.2f", got, stand, share)
			}
		}
		if half := samples["twilio-node"] / float64(c.Size); math.Abs(half-0.5) > 0.02 {
			t.Errorf("a share of %.3f gets the first message, want half", half)
		}
	})
	t.Run("another seed is another crowd", func(t *testing.T) {
		other, differ := c, 0
		other.Seed = 2
		for i := range uint64(1000) {
			_, a := c.Person(i)
			if _, b := other.Person(i); a != b {
				differ++
			}
		}
		if differ < 100 {
			t.Errorf("only %d of 1000 stand elsewhere", differ)
		}
	})
	t.Run("a walk ends, or begins anew", func(t *testing.T) {
		small := Crowd{Size: 3, Cases: cases}
		for round, want := range map[bool]int64{false: 3, true: 10} {
			people, n := small.Walk(round), int64(0)
			for ; n < 10; n++ {
				r, err := people.Next()
				if err == io.EOF {
					break
				}
				if r.Row != n%3+1 {
					t.Errorf("row %d, want %d", r.Row, n%3+1)
				}
			}
			if n != want {
				t.Errorf("%d people, want %d", n, want)
			}
		}
	})
	t.Run("shares that cannot be are refused", func(t *testing.T) {
		for _, bad := range []Crowd{{}, {Size: 1}, {Size: MaxCrowd + 1, Cases: cases}, {Size: 1, Cases: cases, OptedOut: 0.6, NoConsent: 0.6},
			{Size: 1, Cases: cases, Malformed: -0.1}, {Size: 1, Cases: cases, Malformed: math.NaN()}, {Size: 1, Cases: cases, Leaving: 1.1}, {Size: 1, Cases: cases, Topics: []string{"offers", "offers"}}, {Size: 1, Cases: cases, Topics: []string{""}}, {Size: 1, Cases: cases, Countries: map[string]int{"XX": 5}},
			{Size: 1, Cases: cases, Countries: map[string]int{"GB": 60, "FR": 60}}, {Size: 1, Cases: cases, Countries: map[string]int{"GB": -1}}, {Size: 1_000_000, Cases: cases, Countries: map[string]int{"DE": 10}}} {
			if bad.Check() == nil {
				t.Errorf("%+v is taken", bad)
			}
		}
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	})
}

// Who is known by no number has an address that belongs to nobody, as the gate reads it, and is found again by it.
func TestCrowdOfOtherChannels(t *testing.T) {
	cases := []Case{{"", Want{forward, "allowed"}}}
	for _, channel := range []filter.Channel{filter.Email, filter.Telegram, filter.LINE, filter.Viber, filter.WeChat, filter.Messenger} {
		t.Run(string(channel), func(t *testing.T) {
			c := Crowd{Size: 2000, Seed: 1, Malformed: 0.1, Channel: string(channel), Cases: cases}
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			seen, bad := map[string]bool{}, 0
			for i := range c.Size {
				r, stand := c.Person(i)
				read, err := filter.Address(channel, r.Address, "US")
				if stand == Malformed {
					if bad++; err == nil {
						t.Fatalf("%q is an address", r.Address)
					}
					continue
				}
				if found, _, ok := c.Find(r.Address); err != nil || read != r.Address || seen[read] || !ok || found != r {
					t.Fatalf("%v is read as %q, %v, and found as %v, %t", r, read, err, found, ok)
				}
				seen[read] = true
			}
			if want := channel != filter.Viber; bad > 0 != want { // which takes any text
				t.Errorf("%d are malformed", bad)
			}
			if _, _, ok := c.Find(c.addresses().number(c.Size)); ok {
				t.Error("somebody beyond the crowd is found")
			}
			c = Crowd{Size: 1, Channel: string(channel), Cases: cases, Countries: map[string]int{"GB": 10}}
			if err := c.Check(); err == nil || !strings.Contains(err.Error(), "no countries") {
				t.Errorf("countries: %v", err)
			}
		})
	}
}

func TestCrowdOfMany(t *testing.T) {
	cases := []Case{{"twilio-node", Want{rewrite, "content"}}, {"content-template", Want{forward, "allowed"}}}

	t.Run("countries have their shares, numbers that belong to nobody, and each is found again", func(t *testing.T) {
		c := Crowd{Size: 10_000, Seed: 1, Countries: map[string]int{"GB": 25, "DE": 10, "FR": 15, "AU": 5, "IE": 3}, Cases: cases}
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		codes := map[string]string{"US": "+1", "GB": "+44", "DE": "+49", "FR": "+33", "AU": "+61", "IE": "+353"}
		counts, seen := map[string]int{}, map[string]bool{}
		for i := range c.Size {
			r, _ := c.Person(i)
			if found, _, ok := c.Find(strings.TrimPrefix(r.Address, "+")); !ok || found != r {
				t.Fatalf("%v is found as %v, %t", r, found, ok)
			}
			if seen[r.Address] {
				t.Fatalf("two people have the number %s", r.Address)
			}
			seen[r.Address] = true
			for country, code := range codes {
				if strings.HasPrefix(r.Address, code) {
					counts[country]++
				}
			}
			if _, err := filter.Number(r.Address, ""); err != nil {
				t.Errorf("%s is no number: %v", r.Address, err)
			}
		}
		for country, want := range map[string]int{"GB": 2500, "DE": 1000, "FR": 1500, "AU": 500, "IE": 300, "US": 4200} {
			if counts[country] != want {
				t.Errorf("%d people of %s, want %d", counts[country], country, want)
			}
		}
		for country, s := range supplies {
			for _, i := range []uint64{0, 1, s.size() / 2, s.size() - 1} {
				if got, ok := s.index(s.number(i)); !ok || got != i {
					t.Errorf("%s: number %d is %s, and found as %d, %t", country, i, s.number(i), got, ok)
				}
			}
		}
	})
	t.Run("with topics, some agreed to their own, some to another, some left theirs", func(t *testing.T) {
		c := Crowd{Size: 40_000, Seed: 1, OptedOut: 0.5, Topics: []string{"offers", "news"}, Cases: cases}
		counts, topics := map[Stand]float64{}, map[string]float64{}
		for i := range c.Size {
			r, stand := c.Person(i)
			counts[stand]++
			topics[r.Topic]++
			want := map[Stand]string{LeftTopic: "opted-out", OtherTopic: "no-consent", OptedOut: "opted-out"}[stand]
			if want != "" && r.Want.String() != want || want == "" && r.Want.Action == block {
				t.Fatalf("person %d stands at %d and wants %v", i, stand, r.Want)
			}
		}
		for stand, share := range map[Stand]float64{OptedOut: 0.5, Agreed: 0.25, AgreedTopic: 0.15, LeftTopic: 0.05, OtherTopic: 0.05} {
			if got := counts[stand] / float64(c.Size); math.Abs(got-share) > 0.01 {
				t.Errorf("a share of %.4f stands at %d, want %.2f", got, stand, share)
			}
		}
		if half := topics["news"] / float64(c.Size); math.Abs(half-0.5) > 0.02 || c.OtherTopic("news") != "offers" {
			t.Errorf("a share of %.3f is about news, want half", half)
		}
		c.Topics = c.Topics[:1]
		for i := range c.Size {
			if _, stand := c.Person(i); stand == OtherTopic {
				t.Fatal("somebody agreed to another topic where there is none")
			}
		}
	})
}

func TestFile(t *testing.T) {
	write := func(t *testing.T, text string) string {
		name := filepath.Join(t.TempDir(), "people.csv")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for _, c := range []struct {
		name, text string
		round      bool
		want       []Recipient
		err        string
	}{
		{"addresses, expectations, samples and topics", "name,To,Expect,sample,topic\nAna,+14155550100,forward,,\n,+14155550101,No-Consent,twilio-go,news\n,\"Bob, no number\",bad-address,,\n", false,
			[]Recipient{{"+14155550100", "", "", Want{forward, ""}, 1}, {"+14155550101", "twilio-go", "news", Want{block, "no-consent"}, 2}, {"Bob, no number", "", "", Want{block, "bad-address"}, 3}}, ""},
		{"only addresses, behind a byte order mark", "\ufeffaddress\n+14155550100\n", false, []Recipient{{Address: "+14155550100", Row: 1}}, ""},
		{"round and round", "to\n+14155550100\n+14155550101\n", true,
			[]Recipient{{Address: "+14155550100", Row: 1}, {Address: "+14155550101", Row: 2}, {Address: "+14155550100", Row: 1}, {Address: "+14155550101", Row: 2}}, ""},
		{"no rows, round and round", "to\n", true, nil, ""},
		{"no column with addresses", "phone\n+14155550100\n", false, nil, "no column is called to or address"},
		{"nothing", "", false, nil, "names of the columns"},
		{"an expectation nobody knows", "to,expect\n+14155550100,forward\n+14155550101,maybe\n", false, []Recipient{{"+14155550100", "", "", Want{forward, ""}, 1}}, `people.csv:3: "maybe" is neither`},
		{"what is no reason to block", "to,expect\n+14155550100,allowed\n", false, nil, `people.csv:2: "allowed" is neither`},
		{"a row with too many fields", "to\n+14155550100,x\n", false, nil, "wrong number of fields"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := OpenFile(write(t, c.text), "expect", c.round)
			var got []Recipient
			if err == nil {
				defer f.Close()
				for len(got) < 4 && err == nil {
					var r Recipient
					if r, err = f.Next(); err == nil {
						got = append(got, r)
					}
				}
			}
			if c.err == "" && err != nil && !errors.Is(err, io.EOF) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("ended with %v, want %q", err, c.err)
			}
			if len(got) != len(c.want) {
				t.Fatalf("read %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("recipient %d is %+v, want %+v", i, got[i], c.want[i])
				}
			}
		})
	}
}
