package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
)

var preflightRows = flag.Int("preflight-rows", 100_000, "how many rows the list of BenchmarkPreflight has")

// client is one of s, which has the configuration text of playedGate, in the role of an admin.
func (s *server) client(t testing.TB, text string) *console.Client {
	t.Helper()
	_, dir, _ := strings.Cut(text, "store: {dir: ")
	dir, _, _ = strings.Cut(dir, "}")
	token, err := keptSecret(filepath.Join(dir, tokenFile))
	if err != nil {
		t.Fatal(err)
	}
	return console.NewClient("http://"+s.admin.Addr().String(), token)
}

// TestPreflightIsWhatTheGateDoes: what is said of each row of a list is what then becomes of it, when
// the list is sent.
func TestPreflightIsWhatTheGateDoes(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	s, text := mixedGate(t, func() time.Time { return now })
	people := &crowd{rand.New(rand.NewPCG(7, 7))}
	people.speak(t, s)
	client := s.client(t, text)
	reasons := map[string]int{}
	for _, like := range []console.PreflightOptions{
		{Route: "twilio", Topic: "offers", Text: "Sale"},
		{Route: "twilio", Topic: "orders", Category: new(filter.Utility), Text: "Your order", From: "+14155550196"},
		{Route: "twilio", Text: strings.Repeat("long ", 318), From: "+15005550009"},
		{Route: "twilio", Topic: "offers", Text: "Sale tonight", From: "MG00000000000000000000000000000001"},
		{Route: "twilio", Topic: "offers", Text: "Sale again", From: "+14155550196", Service: "MG00000000000000000000000000000001"},
		{Route: "report", Topic: "offers", Text: "Sale"},
		{Route: "whatsapp", Text: "Hello", From: "106540352242922"},
		{Route: "whatsapp", Template: "spring_sale", From: "106540352242922"},
	} {
		var list strings.Builder
		list.WriteString("to\n")
		var rows []string
		for range 250 {
			to := people.number() // some of them several times
			if like.Route != "whatsapp" {
				to = people.pick(to, to, to, "12", "(212) 555-0033")
			} else {
				to = people.pick(to, to[1:], "("+to[1:4]+") "+to[4:], "12.12")
			}
			rows = append(rows, to)
			fmt.Fprintf(&list, "%q\n", to)
		}
		var said []console.PreflightRow
		like.Rows = true
		if _, err := client.Preflight(t.Context(), strings.NewReader(list.String()), like, func(l console.PreflightLine) error {
			if l.Row != nil {
				said = append(said, *l.Row)
			}
			return nil
		}); err != nil || len(said) != len(rows) {
			t.Fatalf("%d rows of %d, %v", len(said), len(rows), err)
		}
		for i, to := range rows {
			resp, err := http.DefaultClient.Do(alike(&like, "http://"+s.sends.Addr().String(), to))
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			did := console.PreflightRow{Action: resp.Header.Get("Sendgate-Decision"), Reason: resp.Header.Get("Sendgate-Reason")}
			if like.Route == "report" {
				did.Action = said[i].Action // it forwards all
			}
			did.Until, _ = time.Parse(time.RFC3339, resp.Header.Get("Sendgate-Until"))
			if said[i].Action != did.Action || said[i].Reason != did.Reason || !said[i].Until.Equal(did.Until) {
				t.Errorf("%s: said %+v, did %+v", to, said[i], did)
			}
			if reasons[did.Reason]++; did.Action != "block" && resp.StatusCode/100 != 2 {
				t.Errorf("%s: the provider that is played answers %s", to, resp.Status)
			}
		}
	}
	for _, r := range []string{"allowed", "opted-out", "no-consent", "bad-address", "content", "cap-reached", "duplicate", "over-budget"} {
		if reasons[r] == 0 {
			t.Errorf("nothing was %s, so nothing is shown about it: %v", r, reasons)
		}
	}
}

// alike is the request that a row is about.
func alike(like *console.PreflightOptions, base, to string) *http.Request {
	if like.Route == "whatsapp" {
		what := `"type":"text","text":{"body":"` + like.Text + `"}`
		if like.Template != "" {
			what = `"type":"template","template":{"name":"` + like.Template + `","language":{"code":"en"}}`
		}
		req, _ := http.NewRequest("POST", base+"/whatsapp/v23.0/106540352242922/messages", strings.NewReader(`{"messaging_product":"whatsapp","to":"`+to+`",`+what+`}`))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer secret")
		return req
	}
	form := url.Values{"To": {to}, "From": {cmp.Or(like.From, "+14155550199")}, "Body": {like.Text}}
	if like.Service != "" {
		form.Set("MessagingServiceSid", like.Service)
	}
	req, _ := http.NewRequest("POST", base+"/"+like.Route+"/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("AC00000000000000000000000000000001", "secret")
	if like.Topic != "" {
		req.Header.Set("Sendgate-Topic", like.Topic)
	}
	if like.Category != nil {
		req.Header.Set("Sendgate-Category", like.Category.String())
	}
	return req
}

// BenchmarkPreflight judges a list through the admin API of a gate that knows one in two people on it,
// and takes the answer for each row. For a million rows:
//
//	go test ./cmd/sendgate -run '^$' -bench Preflight -benchtime 1x -preflight-rows 1000000
func BenchmarkPreflight(b *testing.B) {
	s, text := mixedGate(b, nil)
	client := s.client(b, text)
	number := func(i int) string { return fmt.Sprintf("+1%03d%07d", 201+i%700, 2000000+i) }
	var events []filter.Event
	for i := 0; i < *preflightRows; i += 2 {
		e := filter.Event{To: filter.Recipient{Brand: "acme", Channel: filter.SMS, Address: number(i)}, Source: "test", Kind: filter.OptedIn, Basis: filter.Express,
			Scope: filter.OfTopic("offers"), Time: time.Now().Add(-time.Hour)}
		if i%10 == 0 {
			e.Kind, e.Basis = filter.OptedOut, filter.NoBasis
		}
		events = append(events, e)
	}
	if err := s.store.Append(b.Context(), events...); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime(b)
	for range b.N {
		list, w := io.Pipe()
		go func() {
			out := bufio.NewWriter(w)
			fmt.Fprintln(out, "phone,name")
			for i := range *preflightRows {
				fmt.Fprintf(out, "%s,Somebody\n", number(i))
			}
			w.CloseWithError(out.Flush())
		}()
		rows := 0
		f, err := client.Preflight(b.Context(), list, console.PreflightOptions{Route: "twilio", Topic: "offers", Text: "Sale", Rows: true}, func(l console.PreflightLine) error {
			if l.Row != nil {
				rows++
			}
			return nil
		})
		if err != nil || rows != *preflightRows || f.Block < rows/2 {
			b.Fatalf("%d rows, %+v, %v", rows, f, err)
		}
	}
	all := float64(*preflightRows) * float64(b.N)
	b.ReportMetric(all/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/all, "cpu-µs/row")
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
