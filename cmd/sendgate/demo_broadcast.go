package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// The demo's cast. 555-01XX numbers belong to nobody.
const (
	demoBrand   = "acme"
	demoFooter  = "Reply STOP to opt out"
	demoAccount = "AC00000000000000000000000000000001"
	demoSender  = "+14155550199"

	agreed   = "+14155550100" // said yes to marketing
	optedOut = "+14155550101" // said yes, then STOP
	stranger = "+14155550102" // never heard of
	orderer  = "+14155550103" // ordered something
	inquirer = "+14155550104" // asked something three days ago
	chatting = "+14155550105" // wrote on WhatsApp an hour ago
	left     = "+15005550004" // opted out at Twilio; the gate does not know yet
	leaving  = "+15005550710" // said yes to offers on WhatsApp, and answers the next with STOP
)

// people is what the demo's store knows at the start.
func people(now time.Time) []filter.Event {
	event := func(channel filter.Channel, address string, kind filter.Kind, scope filter.Scope, basis filter.Basis, ago time.Duration) filter.Event {
		e := filter.Event{Time: now.Add(-ago), Kind: kind, Scope: scope, Basis: basis, Source: "demo",
			To: filter.Recipient{Brand: demoBrand, Channel: channel, Address: address}}
		if kind == filter.OptedIn && basis == filter.Express {
			e.Proof = filter.Evidence{Method: "web form", Action: "ticked box", BusinessName: "Acme",
				Wording: "Yes, send me offers by message. I can leave at any time.", CapturedAt: e.Time}
		}
		return e
	}
	const day = 24 * time.Hour
	marketing := filter.OfCategory(filter.Marketing)
	return []filter.Event{
		event(filter.SMS, agreed, filter.OptedIn, marketing, filter.Express, 30*day),
		event(filter.WhatsApp, agreed, filter.OptedIn, marketing, filter.Express, 30*day),
		event(filter.SMS, optedOut, filter.OptedIn, marketing, filter.Express, 60*day),
		event(filter.SMS, optedOut, filter.OptedOut, filter.All, filter.NoBasis, 2*day),
		event(filter.WhatsApp, orderer, filter.OptedIn, filter.OfCategory(filter.Utility), filter.ByTransaction, day),
		event(filter.SMS, inquirer, filter.OptedIn, filter.OfCategory(filter.Service), filter.ByInquiry, 3*day),
		event(filter.WhatsApp, chatting, filter.Wrote, filter.All, filter.NoBasis, time.Hour),
		event(filter.SMS, left, filter.OptedIn, marketing, filter.Express, 90*day),
		event(filter.WhatsApp, leaving, filter.OptedIn, marketing, filter.Express, 10*day),
	}
}

// A dispatch is one message of the demo's broadcast, as a sender would write it.
type dispatch struct {
	what      string
	to        string
	shown     string // how the recipient is printed; empty: as it is
	category  string // claimed in Sendgate-Category; empty: none
	whatsapp  string // the JSON of a WhatsApp send, with %s for the recipient; empty: an SMS through Twilio
	body      string // text of the SMS
	twice     bool   // name the recipient twice, which nobody can read
	storeGone bool   // through the gate whose store cannot be asked
}

const (
	demoTemplate = `{"messaging_product":"whatsapp","to":"%%s","type":"template","template":{"name":"%s","language":{"code":"en_US"}}}`
	demoText     = `{"messaging_product":"whatsapp","to":"%s","type":"text","text":{"body":"Your parcel is at the corner shop."}}`
)

// broadcast has every outcome in it. The order matters once: Twilio's own refusal of left is
// learnt from its answer, so the second message to them is blocked here.
var broadcast = []dispatch{
	{what: "offer that says how to leave", to: agreed, body: "Spring sale! Reply STOP to opt out"},
	{what: "offer without opt-out line", to: agreed, body: "Spring sale: 20% off until Sunday"},
	{what: "offer as WhatsApp template", to: agreed, whatsapp: fmt.Sprintf(demoTemplate, "spring_sale")},
	{what: "order update to a customer", to: orderer, category: "utility", whatsapp: fmt.Sprintf(demoTemplate, "order_shipped")},
	{what: "answer in an open chat", to: chatting, category: "service", whatsapp: demoText},
	{what: "one-time code", to: stranger, category: "authentication", body: "Your code is 271828"},
	{what: "offer after STOP", to: optedOut, body: "We miss you!"},
	{what: "offer to a stranger", to: stranger, body: "Spring sale!"},
	{what: "offer to a customer who only ordered", to: orderer, whatsapp: fmt.Sprintf(demoTemplate, "spring_sale")},
	{what: "answer three days late", to: inquirer, category: "service", body: "About your question: yes, we do"},
	{what: "WhatsApp text, window closed", to: agreed, whatsapp: demoText},
	{what: "offer to no number", to: "ask Bob", body: "Spring sale!"},
	{what: "request with two recipients", to: agreed, shown: agreed + ", again", body: "Spring sale!", twice: true},
	{what: "offer without room for the line", to: agreed, body: strings.Repeat("Sale! ", 266)},
	{what: "opt-out only Twilio knows of", to: left, body: "Spring sale! STOP to leave"},
	{what: "the same person, once more", to: left, body: "Spring sale! STOP to leave"},
	{what: "consent store out of reach", to: agreed, body: "Spring sale!", storeGone: true},
}

// seen is what became of a dispatch.
type seen struct {
	decision, reason string // the gate's headers
	seen             string // status and code, as the sender's library reads them
}

// send sends d through the gate at base.
func (d dispatch) send(ctx context.Context, base string) (seen, error) {
	req, err := d.request(ctx, base)
	if err != nil {
		return seen{}, err
	}
	req.Header.Set("Sendgate-Campaign", "spring")
	if d.category != "" {
		req.Header.Set("Sendgate-Category", d.category)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return seen{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return seen{}, err
	}
	var answer struct {
		Code  int
		Error struct{ Code int }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return seen{}, fmt.Errorf("answer %d is not JSON: %w", resp.StatusCode, err)
	}
	said := fmt.Sprintf("%d", resp.StatusCode)
	if code := answer.Code + answer.Error.Code; code != 0 {
		said += fmt.Sprintf(", error %d", code)
	}
	return seen{resp.Header.Get("Sendgate-Decision"), resp.Header.Get("Sendgate-Reason"), said}, nil
}

// show sends d through the gate at base and prints a line about what became of it.
func (d dispatch) show(ctx context.Context, w io.Writer, base string) (decision string, err error) {
	answer, err := d.send(ctx, base)
	if err != nil {
		return "", fmt.Errorf("sending %q: %w", d.what, err)
	}
	_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", d.what, cmp.Or(d.shown, d.to), answer.decision, answer.reason, answer.seen)
	return answer.decision, err
}

// request writes d as Twilio's or Meta's own clients would.
func (d dispatch) request(ctx context.Context, base string) (*http.Request, error) {
	if d.whatsapp != "" {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/whatsapp/v23.0/106540352242922/messages",
			strings.NewReader(fmt.Sprintf(d.whatsapp, d.to)))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer demo")
		return req, nil
	}
	from := demoSender
	if channel, _, found := strings.Cut(d.to, ":"); found {
		from = channel + ":" + from
	}
	form := url.Values{"To": {d.to}, "From": {from}, "Body": {d.body}}
	if d.twice {
		form.Add("To", optedOut)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/twilio/2010-04-01/Accounts/"+demoAccount+"/Messages.json",
		strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(demoAccount, "secret")
	return req, nil
}
