package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/store"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestCallerThatDawdles: a connection on which a call does not arrive in time is ended, however it is fed.
func TestCallerThatDawdles(t *testing.T) {
	cfg := hooked(t, map[string]RouteConfig{"twilio": {}})
	cfg.Webhooks.Limits.Read = 200 * time.Millisecond
	_, _, addr := startHooked(t, cfg, memory(t))
	s := speak(t, addr)
	s.write("POST /twilio HTTP/1.1\r\nHost: x\r\n")
	stop := make(chan struct{})
	go func() {
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-tick.C:
				if _, err := io.WriteString(s.conn, "X-More: 1\r\n"); err != nil {
					return
				}
			case <-stop:
				return
			}
		}
	}()
	defer close(stop)
	began := time.Now()
	_, err := io.Copy(io.Discard, s.conn)
	if took := time.Since(began); took > patience/2 {
		t.Errorf("the connection was held for %s (%v)", took, err)
	}
}

// A slow caller is the provider's, and answers once it may.
type slow struct {
	providers.Caller
	at, may chan struct{}
}

func (s slow) Acknowledge(req *fasthttp.Request, resp *fasthttp.Response) {
	close(s.at)
	<-s.may
	s.Caller.Acknowledge(req, resp)
}

// TestShutdownFinishesWebhooks: a call that was accepted is answered, and none is accepted after.
func TestShutdownFinishesWebhooks(t *testing.T) {
	st := memory(t)
	g := newGate(t, hooked(t, map[string]RouteConfig{"twilio": {}}), st)
	w := g.table.Load().routes["twilio"].webhook
	s := slow{w.caller, make(chan struct{}), make(chan struct{})}
	w.caller = s
	ln := loopback(t)
	ended := make(chan error, 1)
	go func() { ended <- g.ServeWebhooks(ln) }()
	caller := speak(t, ln.Addr().String())
	caller.write(texted(t, "SM1", person.Address, "STOP"))
	<-s.at
	shut := make(chan error, 1)
	go func() { shut <- g.Shutdown(context.Background()) }()
	for {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			break
		}
		c.Close()
	}
	select {
	case err := <-shut:
		t.Fatalf("it did not wait for the call: %v", err)
	default:
	}
	close(s.may)
	if answer := caller.hear("POST"); answer.StatusCode != 200 {
		t.Errorf("answered %s %s", answer.Status, answer.body)
	}
	if err := errors.Join(<-shut, <-ended); err != nil {
		t.Error(err)
	}
	wants(t, st, person, "", "opted-out all")
}

// TestWebhookThatCannotBeKept is answered so that the provider repeats it.
func TestWebhookThatCannotBeKept(t *testing.T) {
	st, err := store.Open(store.Config{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	g, _, addr := startHooked(t, hooked(t, map[string]RouteConfig{"twilio": {}}), st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	callBack(t, addr, texted(t, "SM1", person.Address, "STOP"), 503)
	if n := g.table.Load().routes["twilio"].count.calls[callUnkept].Load(); n != 1 {
		t.Errorf("%d calls are counted as not kept", n)
	}
}

// TestWebhookHalfUnderstood: what can be read of a signed call is kept, and the provider is asked to repeat it.
func TestWebhookHalfUnderstood(t *testing.T) {
	st := memory(t)
	_, _, addr := startHooked(t, hooked(t, map[string]RouteConfig{"whatsapp": {}}), st)
	half := metaCall(t, "messages", `{"messages":[{"from":"14155550100","id":"wamid.1","timestamp":"1795340000","type":"text","text":{"body":"STOP"}},17]}`)
	callBack(t, addr, half, 422)
	callBack(t, addr, metaCall(t, "messages", `"nothing of the kind"`), 422)
	to := person
	to.Channel = filter.WhatsApp
	wants(t, st, to, "", "opted-out all")
}

// TestCrossChannel: where the brand says so, an opt-out binds the number on its other channels, and a
// START there or here lifts what was said on its own channel alone.
func TestCrossChannel(t *testing.T) {
	chat := person
	chat.Channel = filter.WhatsApp
	for name, c := range map[string]struct {
		brand filter.Brand
		stop  string
		there []string
	}{
		"as the brand says":               {filter.Brand{CrossChannel: true}, "STOP", []string{"opted-out all"}},
		"unless it does not":              {filter.Brand{}, "STOP", nil},
		"what the STOP names":             {filter.Brand{CrossChannel: true}, "STOP offers", []string{"opted-out topic:offers"}},
		"not what one sender sends":       {filter.Brand{CrossChannel: true, Stop: filter.StopSender}, "STOP", nil},
		"for each brand, where STOP does": {filter.Brand{CrossChannel: true, Stop: filter.StopEverything}, "STOP", []string{"opted-out all"}},
	} {
		t.Run(name, func(t *testing.T) {
			st := memory(t)
			c.brand.Topics = map[string]filter.Category{"offers": filter.Marketing}
			cfg := hooked(t, map[string]RouteConfig{"twilio": {}, "whatsapp": {}})
			cfg.Brands = map[string]filter.Brand{"default": c.brand}
			_, _, addr := startHooked(t, cfg, st)
			callBack(t, addr, texted(t, "SM1", person.Address, c.stop), 200)
			where := chat
			if c.brand.Stop == filter.StopEverything {
				where = chat.Everywhere()
			}
			wants(t, st, where, c.there...)
			callBack(t, addr, texted(t, "SM2", person.Address, "START"), 200)
			wants(t, st, where, c.there...)
		})
	}
}

// TestCrossChannelByID: an opt-out under the id that WhatsApp has for somebody binds their number on the other channels,
// too, whether that comes along or is known from before.
func TestCrossChannelByID(t *testing.T) {
	both := func(id, from, text string) string {
		return metaCall(t, "messages", fmt.Sprintf(`{"contacts":[{"wa_id":"14155550100","user_id":"US.1"}],"messages":[{"from":%q,"id":%q,"timestamp":"1795340000","type":"text","text":{"body":%q}}]}`, from, id, text))
	}
	for name, calls := range map[string][]string{
		"the number comes along":   {both("wamid.1", "US.1", "STOP")},
		"it is known from before":  {both("wamid.1", "14155550100", "Hi"), chatted(t, "wamid.2", "US.1", "STOP", time.Now())},
		"it comes to be known now": {chatted(t, "wamid.2", "US.1", "STOP", time.Now()), both("wamid.1", "14155550100", "Hi")},
	} {
		t.Run(name, func(t *testing.T) {
			st := memory(t)
			cfg := hooked(t, map[string]RouteConfig{"whatsapp": {}})
			cfg.Brands = map[string]filter.Brand{"default": {CrossChannel: true}}
			_, _, addr := startHooked(t, cfg, st)
			for range 2 {
				for _, call := range calls {
					callBack(t, addr, call, 200)
				}
				rec, err := st.Read(person, filter.NeedOptOut)
				if out, _ := rec.OptedOut(&filter.Message{To: person, Category: filter.Service}); err != nil || out.IsZero() {
					t.Fatalf("by SMS is known %q, %v", learnt(t, st, person), err)
				}
			}
		})
	}
}

// TestCrossChannelByAnswer: what a provider answers to a send binds the number on the other channels, too.
func TestCrossChannelByAnswer(t *testing.T) {
	st := memory(t)
	cfg := hooked(t, map[string]RouteConfig{"twilio": {Upstream: play(t, loopback(t), echo(unsubscribed, func(wire) {}))}})
	cfg.Brands = map[string]filter.Brand{"default": {CrossChannel: true}}
	_, addr := start(t, cfg, st)
	ask(t, addr, sms(person.Address, "Sale"))
	chat := person
	chat.Channel = filter.WhatsApp
	wants(t, st, person, "opted-out all")
	wants(t, st, chat, "opted-out all")
}

// TestForgedCallsInTheLog: many of them make one line, which shows nothing of what they say.
func TestForgedCallsInTheLog(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	cfg := hooked(t, map[string]RouteConfig{"twilio": {}})
	cfg.Logger = zap.New(core)
	_, _, addr := startHooked(t, cfg, memory(t))
	for range 5 {
		callBack(t, addr, strings.Replace(texted(t, "SM1", person.Address, "secret words"), "Body=", "Body=more+", 1), 403)
	}
	if logs.Len() != 1 {
		t.Fatalf("the log has %d lines", logs.Len())
	}
	line := fmt.Sprint(logs.All()[0].Message, logs.All()[0].ContextMap())
	if !strings.Contains(line, "twilio") || strings.Contains(line, person.Address[1:]) || strings.Contains(line, "secret") || strings.Contains(line, hookSecret) {
		t.Errorf("the line is %s", line)
	}
}

// TestWebhooksWhileReloading: routes are put in place of routes, and no call is lost over it.
func TestWebhooksWhileReloading(t *testing.T) {
	st := memory(t)
	cfg := hooked(t, map[string]RouteConfig{"twilio": {}})
	g, _, addr := startHooked(t, cfg, st)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
				if err := g.Reload(cfg); err != nil {
					done <- err
					return
				}
			}
		}
	}()
	for i := range 50 {
		to := filter.Recipient{Brand: "default", Channel: filter.SMS, Address: fmt.Sprintf("+1415555%04d", i)}
		callBack(t, addr, texted(t, fmt.Sprint("SM", i), to.Address, "STOP"), 200)
		wants(t, st, to, "", "opted-out all")
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestOneUnfitSignal: of a call in which one thing can never be kept the rest is, and whoever calls is told so.
func TestOneUnfitSignal(t *testing.T) {
	st := memory(t)
	g := newGate(t, hooked(t, map[string]RouteConfig{"twilio": {}}), st)
	endless := filter.Recipient{Channel: filter.SMS, Address: "+1" + strings.Repeat("5", 2000)}
	signal := func(id string, from filter.Recipient) providers.Signal {
		return providers.Signal{Kind: providers.Message, ID: id, From: from, Sender: "+15005550006", Text: "STOP"}
	}
	_, unfit, err := g.hear(g.table.Load().routes["twilio"], []providers.Signal{signal("SM1", endless), signal("SM2", person)}, time.Now())
	var problem *store.EventError
	if err != nil || !errors.As(unfit, &problem) {
		t.Errorf("unfit: %v, err: %v", unfit, err)
	}
	wants(t, st, person, "", "opted-out all")
}

// FuzzWebhookUnsigned: whatever comes unsigned, nothing of it is kept, and nothing panics.
func FuzzWebhookUnsigned(f *testing.F) {
	f.Add("POST", "/twilio", "X-Twilio-Signature", "MAAMi8OuJQ2NWH5U8KKqJ5MXRXo=", "From=%2B14155550100&Body=STOP&MessageSid=SM1")
	f.Add("GET", "/twilio?From=%2B14155550100&Body=START&MessageSid=SM1", "x-twilio-signature", "", "")
	f.Add("POST", "/whatsapp/%2e%2e/twilio", "X-Hub-Signature-256", "sha256=", `{"object":"whatsapp_business_account","entry":[]}`)
	f.Add("POST", "//whatsapp", "X-Hub-Signature", "sha1=0", "\x1f\x8b")
	f.Add("GET", "/whatsapp?hub.mode=subscribe&hub.verify_token=&hub.challenge=1", "Host", "", "")
	st := memory(f)
	g := newGate(f, hooked(f, map[string]RouteConfig{"twilio": {}, "whatsapp": {Webhook: &WebhookConfig{Secrets: []string{hookSecret}, VerifyToken: "agreed on by both"}}}), st)
	f.Fuzz(func(t *testing.T, method, target, name, value, body string) {
		before := st.Seq()
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod(method)
		ctx.Request.SetRequestURI(target)
		ctx.Request.Header.Set(name, value)
		ctx.Request.SetBodyString(body)
		g.callback(&ctx)
		if status := ctx.Response.StatusCode(); status/100 != 4 || st.Seq() != before || g.panics.Load() > 0 {
			t.Errorf("answered %d, %d events, %d panics", status, st.Seq()-before, g.panics.Load())
		}
	})
}

// FuzzWebhookSigned: whatever is signed is answered, and makes no opt-in for people of whom nothing was known.
func FuzzWebhookSigned(f *testing.F) {
	f.Add(true, "From=%2B14155550100&To=%2B15005550006&Body=START&MessageSid=SM1&OptOutType=START")
	f.Add(true, "From=whatsapp%3AUS.1&To=MG1&Body=\xff&MessageSid=SM1&ButtonPayload=STOP")
	f.Add(true, "From=%2")
	f.Add(false, `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"messages":[{"from":"14155550100","id":"w","timestamp":"1","type":"text","text":{"body":"start"}}]}}]}]}`)
	f.Add(false, `{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"user_preferences","value":{"user_preferences":[{"wa_id":"14155550100","category":"marketing_messages","value":"resume","timestamp":1}]}}]}]}`)
	f.Fuzz(func(t *testing.T, twilio bool, body string) {
		st, err := store.Open(store.Config{Memory: true})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		g := newGate(t, hooked(t, map[string]RouteConfig{"twilio": {}, "whatsapp": {}}), st)
		name, kind := "whatsapp", "application/json"
		if twilio {
			name, kind = "twilio", "application/x-www-form-urlencoded"
		}
		var ctx fasthttp.RequestCtx
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.Header.SetContentType(kind)
		ctx.Request.SetBodyString(body)
		w := g.table.Load().routes[name].webhook
		w.caller.Sign(&ctx.Request, w.at([]byte("/"+name)))
		ctx.Request.SetRequestURI("/" + name)
		g.callback(&ctx)
		switch status := ctx.Response.StatusCode(); {
		case g.panics.Load() > 0:
			t.Error("it panicked")
		case twilio && status == 403 && st.Seq() == 0: // a form that does not decode has no signature
		case status != 200 && status != 204 && status != 422:
			t.Errorf("answered %d %s", status, ctx.Response.Body())
		}
		if n := g.table.Load().routes[name].count.heard[filter.OptedIn].Load(); n > 0 && !strings.Contains(strings.ToLower(body), "stop") {
			t.Errorf("%d opt-ins", n)
		}
	})
}
