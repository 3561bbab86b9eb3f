package proxy

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/valyala/fasthttp"
)

// A way is how somebody hears of one business: their STOP goes to one provider, and the broadcast comes by
// another.
type way struct {
	channel filter.Channel
	text    func(t testing.TB, id, number, text string) string // to the one; number is without its plus
	send    func(number string) string
}

var ways = map[string]way{
	"STOP at Meta, broadcast through Twilio": {filter.WhatsApp,
		func(t testing.TB, id, number, text string) string { return chatted(t, id, number, text, time.Now()) },
		throughWhatsApp},
	"STOP at Twilio, broadcast through Meta": {filter.WhatsApp,
		func(t testing.TB, id, number, text string) string { return texted(t, id, "whatsapp:+"+number, text) },
		func(number string) string {
			return post("/whatsapp/v23.0/106/messages", "application/json",
				`{"messaging_product":"whatsapp","to":"`+number+`","type":"text","text":{"body":"Sale"}}`)
		}},
	"STOP in a conversation at Twilio, broadcast through Meta": {filter.WhatsApp,
		func(t testing.TB, id, number, text string) string {
			form := url.Values{"EventType": {"onMessageAdded"}, "Source": {"whatsapp"}, "MessageSid": {id}, "ConversationSid": {"CH1"}, "Author": {"whatsapp:+" + number}, "Body": {text}}
			return signed(t, "twilio-conversations", "/twilio-conversations", "application/x-www-form-urlencoded", form.Encode())
		},
		func(number string) string {
			return post("/whatsapp/v23.0/106/messages", "application/json",
				`{"messaging_product":"whatsapp","to":"`+number+`","type":"text","text":{"body":"Sale"}}`)
		}},
	"STOP at one account of Twilio, broadcast through the other": {filter.SMS,
		func(t testing.TB, id, number, text string) string { return texted(t, id, "+"+number, text) },
		func(number string) string { return strings.Replace(sms(number, "Sale"), "/twilio/", "/second/", 1) }},
	"STOP at Plivo, broadcast through Twilio": {filter.SMS,
		func(t testing.TB, id, number, text string) string {
			form := url.Values{"From": {number}, "To": {"15005550006"}, "Text": {text}, "Type": {"sms"}, "MessageUUID": {id}}
			return signed(t, "plivo", "/plivo", "application/x-www-form-urlencoded", form.Encode())
		},
		func(number string) string { return sms(number, "Sale") }},
	"STOP at MessageBird, broadcast through Plivo": {filter.SMS,
		func(t testing.TB, id, number, text string) string {
			form := url.Values{"originator": {number}, "recipient": {"15005550006"}, "body": {text}, "id": {id}}
			return signed(t, "messagebird", "/messagebird", "application/x-www-form-urlencoded", form.Encode())
		},
		func(number string) string {
			return post("/plivo/v1/Account/MA1/Message/", "application/json", `{"src":"15005550006","dst":"`+number+`","text":"Sale"}`)
		}},
	"STOP at Vonage, broadcast through Sinch": {filter.SMS,
		func(t testing.TB, id, number, text string) string {
			form := url.Values{"msisdn": {number}, "to": {"15005550006"}, "text": {text}, "messageId": {id}, "message-timestamp": {"2026-11-22 10:00:00"}}
			return signed(t, "vonage-sms", "/vonage-sms", "application/x-www-form-urlencoded", form.Encode())
		},
		func(number string) string {
			return post("/sinch-sms/xms/v1/p1/batches", "application/json", `{"from":"15005550006","to":["`+number+`"],"body":"Sale"}`)
		}},
	"STOP at Sinch's Conversation API, broadcast through Vonage's Messages API": {filter.SMS,
		func(t testing.TB, id, number, text string) string {
			return signed(t, "sinch-conversation", "/sinch-conversation", "application/json", fmt.Sprintf(`{"app_id":"a","message":{"id":%q,"direction":"TO_APP",`+
				`"channel_identity":{"channel":"SMS","identity":%q},"contact_message":{"text_message":{"text":%q}}}}`, id, number, text))
		},
		func(number string) string {
			return post("/vonage-messages/v1/messages", "application/json", `{"channel":"sms","message_type":"text","from":"15005550006","to":"`+number+`","text":"Sale"}`)
		}},
	"STOP at Telnyx, broadcast through MessageBird": {filter.SMS,
		func(_ testing.TB, id, number, text string) string {
			return telnyxCall(fmt.Sprintf(`{"data":{"event_type":"message.received","payload":{"id":%q,"from":{"phone_number":"+%s"},"to":[{"phone_number":"+15005550006"}],"text":%q}}}`, id, number, text))
		},
		func(number string) string {
			return post("/messagebird/messages", "application/json", `{"originator":"15005550006","recipients":["`+number+`"],"body":"Sale"}`)
		}},
}

// telnyxKey is the key of a Telnyx of our own.
var telnyxKey = ed25519.NewKeyFromSeed([]byte("a seed of thirty-two bytes, once"))

// telnyxHook is how it is known.
func telnyxHook() *WebhookConfig {
	return &WebhookConfig{PublicKeys: []string{base64.StdEncoding.EncodeToString(telnyxKey.Public().(ed25519.PublicKey))}}
}

// telnyxCall is a call of it.
func telnyxCall(body string) string {
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(telnyxKey, []byte("1795340000|"+body)))
	return fmt.Sprintf("POST /telnyx HTTP/1.1\r\nHost: 10.0.0.7:8082\r\nContent-Type: application/json\r\nTelnyx-Timestamp: 1795340000\r\n"+
		"Telnyx-Signature-Ed25519: %s\r\nContent-Length: %d\r\n\r\n%s", signature, len(body), body)
}

// throughWhatsApp is a send to a WhatsApp user through Twilio.
func throughWhatsApp(number string) string {
	return post("/twilio"+messages, "application/x-www-form-urlencoded", "To=whatsapp%3A%2B"+number+"&From=whatsapp%3A%2B15005550006&Body=Sale")
}

// openly is a configuration under which people get everything until they opt out.
func openly(t testing.TB, upstream string) Config {
	rc := RouteConfig{Upstream: upstream, Policy: filter.Config{Require: anyone.Require, Window: 1000 * time.Hour}}
	second := rc
	second.Provider = "twilio"
	telnyx := rc
	telnyx.Webhook = telnyxHook()
	return hooked(t, map[string]RouteConfig{"twilio": rc, "whatsapp": rc, "second": second, "plivo": rc, "messagebird": rc, "telnyx": telnyx,
		"vonage-sms": rc, "vonage-messages": rc, "twilio-conversations": rc, "sinch-sms": rc, "sinch-conversation": rc})
}

// TestStopRace has many senders write to one person through one provider while the person answers STOP by
// another. No send that began after the webhook was answered is forwarded, also where the gate was
// killed over the webhook and its provider called again.
func TestStopRace(t *testing.T) {
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			const rounds, senders = 15, 8
			st := memory(t)
			_, addr, calls := startHooked(t, openly(t, play(t, loopback(t), echo(okAnswer, func(wire) {}))), st)
			connections := make([]*speaker, senders)
			for i := range connections {
				connections[i] = speak(t, addr)
			}
			hook := speak(t, calls)
			var forwarded atomic.Int64
			for round := range rounds {
				number := fmt.Sprintf("1415555%04d", round)
				learn(t, st, filter.Event{To: filter.Recipient{Brand: "default", Channel: w.channel, Address: "+" + number}, Kind: filter.Wrote, Source: "test"})
				var acknowledged atomic.Bool
				var group, warm sync.WaitGroup
				warm.Add(senders)
				for _, s := range connections {
					group.Go(func() { forwarded.Add(insist(s, w.send(number), &acknowledged, warm.Done)) })
				}
				warm.Wait()
				hook.write(w.text(t, fmt.Sprint("wamid.", round), number, "STOP"))
				if answer := hook.hear("POST"); answer.StatusCode != 200 {
					t.Errorf("the webhook was answered %s %s", answer.Status, answer.body)
				}
				acknowledged.Store(true)
				group.Wait()
			}
			if n := forwarded.Load(); n < rounds {
				t.Errorf("only %d sends were forwarded before the opt-outs: the test showed nothing", n)
			}
			for moment := range moments {
				t.Run("killed "+moment, func(t *testing.T) { stopAfterKill(t, w, moment) })
			}
		})
	}
}

// moments are when a gate is killed that was told STOP, and whether it knows of it then.
var moments = map[string]bool{"before it is kept": false, "once it is kept, before the answer": true}

// stopAfterKill has a gate be killed over a webhook, which its provider repeats.
func stopAfterKill(t *testing.T, w way, moment string) {
	dir := t.TempDir()
	var arrived atomic.Int64
	base := play(t, loopback(t), echo(okAnswer, func(wire) { arrived.Add(1) }))
	child, addrs := spawn(t, dir, upstreamVariable+"="+base, momentVariable+"="+moment)
	addr, calls := addrs[0], addrs[1]
	const number = "14155550123"
	stop := w.text(t, "wamid.1", number, "Stop.")
	callBack(t, calls, w.text(t, "wamid.0", number, "Hello"), 200)
	if a := ask(t, addr, w.send(number)); a.Header.Get("Sendgate-Decision") != "forward" {
		t.Fatalf("before STOP: %s %s", a.Status, a.body)
	}
	s := speak(t, calls)
	s.write(stop)
	if _, err := s.br.ReadByte(); err == nil {
		t.Fatal("the gate answered, and was to be killed")
	}
	_ = child.Wait() // it was killed

	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	_, addr, calls = startHooked(t, openly(t, base), st)
	before, sent := st.Seq(), arrived.Load()
	callBack(t, calls, stop, 200)
	callBack(t, calls, stop, 200)
	if a := ask(t, addr, w.send(number)); a.Header.Get("Sendgate-Reason") != "opted-out" || arrived.Load() != sent {
		t.Errorf("after STOP: %s %s", a.Status, a.body)
	}
	if kept := st.Seq() - before; (kept == 0) != moments[moment] || kept > 2 {
		t.Errorf("the repeats kept %d events", kept)
	}
	wants(t, st, filter.Recipient{Brand: "default", Channel: w.channel, Address: "+" + number}, "", "", "opted-out all")
}

// A deadly caller is the provider's, and kills the gate at a moment of a call that says stop.
type deadly struct {
	providers.Caller
	moment string
}

func (d deadly) Signals(req *fasthttp.Request) ([]providers.Signal, error) {
	all, err := d.Caller.Signals(req)
	for _, s := range all {
		if d.moment == "before it is kept" && strings.HasPrefix(strings.ToLower(s.Text), "stop") {
			die()
		}
	}
	return all, err
}

func (d deadly) Acknowledge(req *fasthttp.Request, resp *fasthttp.Response) {
	all, _ := d.Caller.Signals(req)
	for _, s := range all {
		if strings.HasPrefix(strings.ToLower(s.Text), "stop") {
			die()
		}
	}
	d.Caller.Acknowledge(req, resp)
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// serveUntilTold serves a gate that dies at a moment of its first STOP, and says at which addresses.
func serveUntilTold(dir, upstream, moment string) error {
	st, err := store.Open(store.Config{Dir: dir})
	if err != nil {
		return err
	}
	g, err := New(openly(new(testing.T), upstream), st)
	if err != nil {
		return err
	}
	for _, rt := range g.table.Load().routes {
		rt.webhook.caller = deadly{rt.webhook.caller, moment}
	}
	sends, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	calls, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = g.ServeWebhooks(calls) }()
	fmt.Println(sends.Addr(), calls.Addr())
	return g.Serve(sends)
}
