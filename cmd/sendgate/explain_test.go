package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/console"
)

// samplePolicies are what the samples are judged by, each on routes of its own.
var samplePolicies = map[string]string{
	"consent": `policy: {}`,
	"night": `policy: {require: {marketing: none, utility: none, service: none},
        quiet_hours: {reschedule: true, zone: UTC, rows: [{place: "*", weekdays: "03:00-04:00"}]}}`,
	"content": `policy: {require: {marketing: none, utility: none, service: none}, footer: {line: Reply STOP to opt out},
        notice: {replies: true, text: "Privacy: {policy_url}", policy_url: https://acme.example/p}}`,
	"caps": `policy: {require: {marketing: none, utility: none, service: none}, caps: {rows: [{most: 3, within: 24h}]}}
      budgets: {portfolio: acme, unique: 1, pair: {every: 10m, burst: 2}}`,
	"twice": `policy: {require: {marketing: none, utility: none, service: none}, duplicates: {within: 1h, categories: [marketing, service]}}`,
}

// sampleConfig has a route for each provider, region of its samples and policy.
func sampleConfig(samples []providers.Sample) string {
	var text strings.Builder
	text.WriteString("store: {dir: %s}\nproxy:\n  listen: 127.0.0.1:0\n  routes:\n")
	var made []string
	for _, s := range samples {
		for policy, yaml := range samplePolicies {
			name := sampleRoute(&s, policy)
			if slices.Contains(made, name) {
				continue
			}
			made = append(made, name)
			var channels strings.Builder
			if len(s.Channels) > 0 {
				channels.WriteString("      channels:\n")
			}
			for id, channel := range s.Channels {
				fmt.Fprintf(&channels, "        %s: %s\n", id, channel)
			}
			fmt.Fprintf(&text, "    %s:\n      provider: %s\n      region: %q\n%s      brand: %s\n      upstream: %%[2]s\n      %s\n", name, s.Provider, s.Region, channels.String(), policy, yaml)
		}
	}
	text.WriteString("console: {listen: 127.0.0.1:0}\n")
	return text.String()
}

func sampleRoute(s *providers.Sample, policy string) string {
	return strings.ToLower(s.Provider + "-" + policy + s.Region)
}

// odd are the samples that are more than a text or a template: signed, with half of a schedule, a caption, HTML, or
// on an endpoint of its own.
var odd = []string{"signed", "signed-service", "half-a-schedule", "document", "image-with-caption", "interactive", "video", "marketing-messages",
	"html", "gzip", "mime-signed", "voice", "rcs", "structure", "amp-alone", "charset", "comment", "custom-buttons", "text-for-sms", "explicit", "omni", "rich", "rich-form"}

// writtenTo is a recipient as a request to the Cloud API has it.
var writtenTo = regexp.MustCompile(`"to": *"([^"\\]+)"`)

// TestExplainIsWhatTheGateDoes: what is said of a message that is asked about is what then becomes of it, when
// it is sent alone: for every sample of every provider.
func TestExplainIsWhatTheGateDoes(t *testing.T) {
	now := time.Date(2026, 11, 24, 18, 0, 0, 0, time.UTC)
	samples := slices.DeleteFunc(providers.Samples(), func(s providers.Sample) bool { return len(s.Messages) != 1 })
	s, text := playedGate(t, sampleConfig(samples), func() time.Time { return now })
	client := s.client(t, text)
	for _, sample := range samples {
		to := sample.Messages[0].To
		for policy := range samplePolicies {
			if to.Brand = policy; policy == "consent" || policy == "caps" || to.Address == "" {
				continue
			}
			if err := s.store.Append(t.Context(), filter.Event{To: to, Kind: filter.Wrote, Time: now.Add(-time.Hour), Source: "test"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	did := map[string]int{}
	for _, policy := range []string{"consent", "night", "content", "caps", "twice"} {
		for _, sample := range samples {
			m := &sample.Messages[0]
			q := console.Question{Route: sampleRoute(&sample, policy), To: m.To, From: m.From, Service: m.Service, Template: m.Template, Text: m.Text, SendAt: m.SendAt}
			if written := writtenTo.FindSubmatch(sample.Request); written != nil && sample.Provider == "whatsapp" {
				q.To.Address = string(written[1])
			}
			if slices.Contains(odd, sample.Name) {
				q.Room, q.Movable, q.MarketingOnly = &m.Room, &m.Movable, m.MarketingOnly
			}
			said, err := client.Ask(t.Context(), q)
			got := sendSample(t, s, client, &sample, q.Route)
			did[fmt.Sprint(got.Action, " ", got.Reason)]++
			if refusal, refused := errors.AsType[*console.Error](err); refused && refusal.Field == "to.address" && got.Reason == filter.BadAddress {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if policy == "twice" && m.Extra != "" {
				continue // what else a message shows cannot be asked about
			}
			if now := said.Now; now.Action != got.Action || now.Reason != got.Reason || now.Rule != got.Rule || !now.Until.Equal(got.Until) {
				t.Errorf("%s, %s %s: said %s %s by %q until %s, did %s %s by %q until %s", policy, sample.Provider, sample.Name,
					now.Action, now.Reason, now.Rule, now.Until, got.Action, got.Reason, got.Rule, got.Until)
			}
		}
	}
	for _, want := range []string{"forward allowed", "block bad-address", "block no-consent", "block window-closed", "block quiet-hours", "rewrite quiet-hours",
		"block content", "rewrite content", "block cap-reached", "block over-budget", "block duplicate"} {
		if did[want] == 0 {
			t.Errorf("nothing was %s, so nothing is shown about it: %v", want, did)
		}
	}
}

// sendSample sends the request of a sample on a route, and returns what was decided.
func sendSample(t *testing.T, s *server, client *console.Client, sample *providers.Sample, route string) console.Decision {
	t.Helper()
	conn, err := net.Dial("tcp", s.sends.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(bytes.Replace(sample.Request, []byte(" /"), []byte(" /"+route+"/"), 1)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	d, err := client.Decision(t.Context(), resp.Header.Get("Sendgate-Id"), false)
	if err != nil {
		t.Fatalf("%s: answered %s, %v", sample.Name, resp.Status, err)
	}
	return d
}
