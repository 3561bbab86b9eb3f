package proxy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// TestSeveralOfWhomSomeWereTold: who has to be told how their data is handled is, beside others who were, below one text.
func TestSeveralOfWhomSomeWereTold(t *testing.T) {
	const told, fresh, later = "+31612345678", "+31612345679", "+31612345670"
	for _, people := range [][]string{{told, fresh, later}, {fresh, told, later}} {
		st := memory(t)
		learn(t, st, filter.Event{To: by(told), Kind: filter.Noticed, Scope: filter.OfTopic(filter.Privacy), Source: "test"})
		addr, got := toSeveral(t, st, func(rc *RouteConfig) {
			rc.Policy = footed
			rc.Policy.Notice = filter.Notice{Text: "Privacy: {policy_url}", PolicyURL: policyURL}
		}, nil)
		a := ask(t, addr, several(people...))
		if a.StatusCode != 201 || a.Header.Get("Sendgate-Blocked") != "" {
			t.Fatalf("%v: answered %s, %s", people, a.Status, a.Header.Get("Sendgate-Blocked"))
		}
		const line = "Reply STOP to opt out\nPrivacy: " + policyURL
		body, _ := json.Marshal("Sale today\n" + line)
		if w := <-got; !strings.Contains(w.body, `"body":`+string(body)) || strings.Count(w.body, "+316") != 3 {
			t.Errorf("%v: sent %s", people, w.body)
		}
		for to, e := range entriesOf(t, st, 3) {
			if e[0].Action != filter.Rewrite || e[0].Footer != line {
				t.Errorf("%s is logged as %s with the line %q", to, e[0].Action, e[0].Footer)
			}
		}
		for _, to := range []string{fresh, later} {
			if rec, err := st.Read(filter.Recipient{Brand: "default", Channel: filter.SMS, Address: to}, filter.NeedRecord); err != nil || rec.Noticed().IsZero() {
				t.Errorf("%s is not on record as told: %v", to, err)
			}
		}
	}
}

// TestSeveralHundredResults: clients find the result of an e-mail by its place, also in the longest answer that there is
// to a batch, and however it is compressed.
func TestSeveralHundredResults(t *testing.T) {
	for coding, c := range map[string]struct {
		pack   func(dst, src []byte) []byte
		unpack func(dst, src []byte) ([]byte, error)
	}{
		"identity": {func(dst, src []byte) []byte { return append(dst, src...) }, func(dst, src []byte) ([]byte, error) { return append(dst, src...), nil }},
		"gzip":     {fasthttp.AppendGzipBytes, fasthttp.AppendGunzipBytes},
		"deflate":  {fasthttp.AppendDeflateBytes, fasthttp.AppendInflateBytes},
		"br":       {fasthttp.AppendBrotliBytes, fasthttp.AppendUnbrotliBytes},
		"zstd":     {fasthttp.AppendZstdBytes, fasthttp.AppendUnzstdBytes},
	} {
		t.Run(coding, func(t *testing.T) {
			severalHundred(t, coding, func(text string) string { return string(c.pack(nil, []byte(text))) }, func(a told) string {
				text, err := c.unpack(nil, []byte(a.body))
				if err != nil || a.Header.Get("Content-Encoding") != coding {
					t.Errorf("the answer is no %s, as it came: %v", coding, err)
				}
				return string(text)
			})
		})
	}
}

func severalHundred(t *testing.T, coding string, pack func(string) string, unpack func(told) string) {
	const all, left = 500, 7
	to := func(n int) string { return fmt.Sprintf("somebody.number.%d@example.com", n) }
	result := func(n int) string {
		return fmt.Sprintf(`{"To":"%s","SubmittedAt":"2026-11-26T12:01:05.1794748-05:00","MessageID":"b7bc2f4a-e38e-4336-af7d-%012d","ErrorCode":0,"Message":"OK"}`, to(n), n)
	}
	st := memory(t)
	learn(t, st, filter.Event{To: filter.Recipient{Channel: filter.Email, Address: to(left)}, Kind: filter.OptedOut, Source: "test"})
	var batch, results []string
	for n := range all {
		if batch = append(batch, fmt.Sprintf(`{"From":"shop@example.com","To":"%s","TextBody":"Sale"}`, to(n))); n != left {
			results = append(results, result(n))
		}
	}
	answer := pack("[" + strings.Join(results, ",") + "]")
	base := play(t, loopback(t), echo(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", coding, len(answer), answer), func(wire) {}))
	_, addr := start(t, Config{Routes: map[string]RouteConfig{"postmark": {Policy: anyone, Upstream: base}}}, st)
	a := ask(t, addr, post("/postmark/email/batch", "application/json", "["+strings.Join(batch, ",")+"]"))
	var got []struct {
		To        string
		ErrorCode int
	}
	if err := json.Unmarshal([]byte(unpack(a)), &got); err != nil || len(got) != all {
		t.Fatalf("%d results for %d e-mails: %v", len(got), all, err)
	}
	for n, r := range got {
		if n == left && r.ErrorCode != 406 || n != left && r.To != to(n) {
			t.Fatalf("in place %d stands %+v", n, r)
		}
	}
}

// TestThousandsOfResults: who was left out of thousands is told of beside all the others.
func TestThousandsOfResults(t *testing.T) {
	const all = 5000
	st := memory(t)
	learn(t, st, filter.Event{To: by("+14155550107"), Kind: filter.OptedOut, Source: "test"})
	people, results := []string{`{"to":"14155550107"}`}, []string(nil)
	for n := range all {
		number := fmt.Sprintf("1415556%04d", n)
		people = append(people, `{"to":"`+number+`"}`)
		results = append(results, `{"to":"`+number+`","status":{"groupId":1,"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED","description":"Message sent to next instance"},"messageId":"`+number+`"}`)
	}
	answer := `{"bulkId":"1","messages":[` + strings.Join(results, ",") + "]}"
	base := play(t, loopback(t), echo(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer), func(wire) {}))
	_, addr := start(t, Config{Routes: map[string]RouteConfig{"infobip": {Policy: anyone, Upstream: base}}}, st)
	a := ask(t, addr, post("/infobip/sms/2/text/advanced", "application/json", `{"messages":[{"from":"Shop","text":"Sale","destinations":[`+strings.Join(people, ",")+`]}]}`))
	if n := strings.Count(a.body, `"to":`); n != all+1 || !strings.Contains(a.body, `{"to":"14155550107","status":{"groupId":5`) {
		t.Errorf("%d results for %d people", n, all+1)
	}
}
