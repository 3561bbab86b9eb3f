package providers

import (
	"slices"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// infobipFailover adds a message for each other channel that one of the Messages API may go by. They stand where the
// first does: who may not be written to by one of the channels is written to by none.
func (s shaped) infobipFailover(req *fasthttp.Request, b *Batch) error {
	d := document{b.source(req, nil), b.parsed.nodes}
	of, _ := b.parsed.spread.elements()
	element := -1
	for m := d.child(d.member(0, "messages")); m != 0; m = int(d.nodes[m].next) {
		element++
		near := d.nearly(m, []string{"failover"})
		for to := d.child(d.member(m, "destinations")); to != 0; to = int(d.nodes[to].next) {
			if d.any(to, []string{"byChannel"}) || d.nearly(to, []string{"byChannel"}) {
				return b.unreadable(0, "a destination has an address for each channel, which is not read here")
			}
		}
		list := d.member(m, "failover")
		if near || list != 0 && d.nodes[list].kind != '[' && d.nodes[list].kind != 'n' {
			return b.unreadable(0, "failover is no list, or differs from it by letter case alone")
		}
		at := slices.Index(of, element)
		if at < 0 || list == 0 || d.child(list) == 0 {
			continue
		}
		n := at
		for n < len(of) && of[n] == element {
			n++
		}
		if err := s.infobipWays(d, list, b, at, n); err != nil {
			return err
		}
	}
	return nil
}

// infobipWays adds the messages of a failover for messages at up to n, which all go by one channel.
func (s shaped) infobipWays(d document, list int, b *Batch, at, n int) error {
	starts := map[filter.Channel]int{b.Messages[at].To.Channel: at} // where the first messages by each begin
	for other := d.child(list); other != 0; other = int(d.nodes[other].next) {
		o, wording, err := s.infobipOther(d, other, b)
		if err != nil {
			return err
		}
		start, tried := starts[o.To.Channel]
		if !tried {
			starts[o.To.Channel] = len(b.Messages)
		}
		for i := at; i < n; i++ {
			if len(b.Messages) == maxRecipients {
				return b.unreadable(0, "it has more recipients than a request to Infobip may have")
			}
			b.beside(i, o.To.Channel, wording)
			last := &b.Messages[len(b.Messages)-1]
			if last.From, last.Template = o.From, o.Template; o.Template != "" {
				last.Room = 0
			}
			if tried {
				last.Instead = 1 + start + i - at
			}
		}
	}
	return nil
}

// infobipOther is what an entry of a failover has of its own: its channel, sender, template and wording.
func (s shaped) infobipOther(d document, other int, b *Batch) (m filter.Message, wording int32, err error) {
	medium, sender := d.member(other, "channel"), d.member(other, "sender")
	wording = -1
	channel, ok := infobipMedia[string(d.raw(medium))]
	switch {
	case medium == 0 || !ok:
		return m, wording, b.unreadable(0, "it goes by a channel that this gate does not know of Infobip")
	case d.nearly(other, []string{"channel", "sender", "template", "content"}):
		return m, wording, b.unreadable(0, "a key of the JSON body differs from a known one by letter case alone")
	case sender != 0 && d.nodes[sender].kind == '"':
		r := shapeReader{shaped: s, b: b}
		m.From = r.abroad(b.parsed.unquoted(d, sender))
	}
	m.To.Channel = channel
	if name := d.within(other, "template", "templateName"); name != 0 && d.nodes[name].kind == '"' {
		m.Template = b.parsed.unquoted(d, name)
	}
	if text := d.within(other, "content", "body", "text"); text != 0 && d.nodes[text].kind == '"' {
		wording = b.parsed.spread.word(wordingOf(text, b.parsed.unquoted(d, text), 1000, inBody, int(d.nodes[text].end)))
	}
	return m, wording, nil
}
