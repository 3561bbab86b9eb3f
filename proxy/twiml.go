package proxy

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/sendgate/sendgate/proxy/head"
	"github.com/sendgate/sendgate/proxy/upstream"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/valyala/fasthttp"
	"go.uber.org/zap"
)

// replyRule is the rule that the decision log names with a message of an owner's answer that goes on. By it, the message is
// known for one when it is judged again.
const replyRule = "reply"

// mostTwiML is how much of an owner's answer Twilio reads, in bytes.
const mostTwiML = 64 << 10

// replied is the message among signals that the provider reads an answer to; nil where there is none. resp is how the
// call is acknowledged: with TwiML alone can something be said to the person.
func replied(signals []providers.Signal, resp *fasthttp.Response) *providers.Signal {
	if len(signals) != 1 || signals[0].Kind != providers.Message || !isXML(resp.Header.ContentType()) {
		return nil
	}
	return &signals[0]
}

// isXML reports whether a Content-Type is one of those that Twilio reads TwiML from.
func isXML(contentType []byte) bool {
	kind, _, _ := bytes.Cut(contentType, []byte(";"))
	kind = head.Trim(kind)
	return head.Fold(kind, "text/xml") || head.Fold(kind, "application/xml")
}

// twiml is body, where the header lines of its answer call it XML and it may be TwiML, or nil.
func twiml(lines, body []byte) []byte {
	kind, _ := head.ValueOf(lines, "content-type")
	if coding, _ := head.ValueOf(lines, "content-encoding"); coding != nil || !isXML(kind) || len(body) == 0 || len(body) > mostTwiML {
		return nil
	}
	return bytes.Clone(body)
}

// A verb is a Message of TwiML: its text with what its media are, and who it says it is from and to.
type verb struct {
	To   string   `xml:"to,attr"`
	From string   `xml:"from,attr"`
	Text string   `xml:",chardata"`
	Body []string `xml:"Body"`
}

var errTwiML = errors.New("it is no TwiML that the gate can read: want a Response of Message alone")

// readTwiML is the messages of a TwiML document. A Redirect has Twilio get others past the gate, and so is not read.
// Source: https://www.twilio.com/docs/messaging/twiml
func readTwiML(document []byte) (all []verb, err error) {
	d := xml.NewDecoder(bytes.NewReader(document))
	began := false
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) && began {
			return all, nil
		}
		if err != nil {
			return nil, errTwiML
		}
		start, ok := t.(xml.StartElement)
		switch {
		case !ok:
		case !began && start.Name.Local == "Response":
			began = true
		case began && start.Name.Local == "Message":
			var v verb
			if err := d.DecodeElement(&v, &start); err != nil {
				return nil, errTwiML
			}
			all = append(all, v)
		default:
			return nil, errTwiML
		}
	}
}

// mayReply reports whether the owner's answer to what a person wrote goes to the provider, which would send its
// messages. They are judged as any other that is sent on the route, and logged: as service, where the route does not
// say otherwise, since they answer. All go, or none does: one that would have to be changed, or goes to
// anybody else, does not.
func (g *Gate) mayReply(rt *route, to *providers.Signal, document []byte) bool {
	if rt.mode == Open {
		return true
	}
	verbs, err := readTwiML(document)
	for i := range verbs {
		if err == nil && !verbs[i].repliesTo(rt, to) {
			err = errors.New("a message of it is to somebody else than who wrote")
		}
	}
	if err != nil {
		g.log.Warn("the owner's answer to a message was not passed on", zap.String("route", rt.name), zap.Error(err))
		return rt.mode == Report
	}
	if len(verbs) == 0 {
		return true
	}
	w := g.works.Get().(*work)
	w.start, w.version = time.Now(), g.table.Load().version
	now := g.time(w)
	e := decisions.Entry{Time: now, Enforced: rt.mode == Enforce, Outcome: refused, Known: g.store.Seq()}
	for i := range verbs {
		w.batch.Messages = append(w.batch.Messages, verbs[i].message(rt, to))
		rt.label(&w.batch.Messages[i], filter.OfCategory(filter.Service), filter.All)
		w.batch.Decisions = append(w.batch.Decisions, asReply(g.weigh(rt, w, i, now)))
		w.ids = append(w.ids, w.names.next(now))
	}
	passes := rt.mode == Report || verdict(w.batch.Decisions) == filter.Forward
	if passes {
		e.Outcome = upstream.Unknown.String() // what the provider makes of it, it tells nobody here
	} else {
		g.uncount(w)
	}
	w.done = time.Now()
	g.keep(rt, w, e)
	g.release(w)
	return passes
}

// asReply is a decision about a message of an owner's answer.
func asReply(d filter.Decision) filter.Decision {
	if d.Action == filter.Forward && d.Rule == "" {
		d.Rule = replyRule
	}
	return d
}

// repliesTo reports whether v goes to who wrote.
func (v *verb) repliesTo(rt *route, to *providers.Signal) bool {
	if v.To == "" {
		return true
	}
	_, bare, prefixed := strings.Cut(v.To, ":")
	if !prefixed {
		bare = v.To
	}
	address, err := providers.Address(rt.speaks, to.From.Channel, bare, rt.region)
	return err == nil && address == to.From.Address
}

// message is v as the provider would send it.
func (v *verb) message(rt *route, to *providers.Signal) filter.Message {
	m := filter.Message{To: to.From, From: to.Sender, Service: to.Service, Text: strings.TrimSpace(v.Text + strings.Join(v.Body, "\n"))}
	if v.From != "" {
		m.From = v.From
	}
	providers.Complete(rt.speaks, &m)
	return m
}
