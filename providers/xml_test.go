package providers

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// xmlGateway describes a gateway whose sends are XML.
func xmlGateway() *Custom {
	return &Custom{
		XML: true, Paths: []string{"/sms"}, Recipients: []string{"messages.msg[].to[]", "messages.msg[].copy[].@number"}, Unseen: []string{"messages.list"},
		Text: []string{"messages.msg[].body", "messages.body"}, MaxText: 160, Sender: []string{"messages.@from"}, Template: []string{"messages.msg[].@template"},
		Category: []string{"messages.kind"}, Marketing: []string{"promo"}, Extra: []string{"messages.msg[].media"},
	}
}

// readXML has the gateway read body.
func readXML(t testing.TB, kind, body string) (custom, *fasthttp.Request, *Batch, error) {
	t.Helper()
	p, err := newCustom(Config{Custom: xmlGateway()})
	if err != nil {
		t.Fatal(err)
	}
	var req fasthttp.Request
	req.Header.SetMethod("POST")
	req.SetRequestURI("/sms")
	req.Header.SetContentType(kind)
	req.SetBodyString(body)
	b := &Batch{Extras: true}
	err = p.Parse(&req, b)
	return p.(custom), &req, b, err
}

const xmlSend = `<?xml version="1.0" encoding="UTF-8"?>
<messages from='Shop &amp; Co' xmlns="urn:x">
  <kind>promo</kind>
  <msg><to id="1">+4917 01234567</to><to><![CDATA[4917]]>01234568</to>
    <body>Sale <![CDATA[<5>]]> &#8364;</body><media>a.png</media></msg>
  <msg template="t"><copy number="491701234569"/></msg>
</messages>
`

func TestCustomXML(t *testing.T) {
	p, req, b, err := readXML(t, "text/xml; charset=utf-8", xmlSend)
	if err != nil {
		t.Fatal(err)
	}
	message := func(to, text, template, extra string, room int) filter.Message {
		return filter.Message{To: filter.Recipient{Channel: filter.SMS, Address: to}, From: "Shop & Co", Text: text, Template: template, Extra: extra, MarketingOnly: true, Room: room}
	}
	const text = "Sale <5> €"
	want := []filter.Message{message("+491701234567", text, "", "a.png\n", 150), message("+491701234568", text, "", "a.png\n", 150), message("+491701234569", "", "t", "", 0)}
	if !slices.Equal(b.Messages, want) {
		t.Fatalf("read\n%+v, want\n%+v", b.Messages, want)
	}
	for about, c := range map[string]struct {
		blocked []int
		line    bool
		was, is []string
	}{
		"one of two goes out of a list":                  {[]int{0}, false, []string{`<to id="1">+4917 01234567</to>`}, []string{""}},
		"the other goes, in the way it is written":       {[]int{1}, false, []string{`<to><![CDATA[4917]]>01234568</to>`}, []string{""}},
		"a message without anybody goes":                 {[]int{0, 1}, false, []string{xmlSend[strings.Index(xmlSend, "<msg>") : strings.Index(xmlSend, "</msg>")+6]}, []string{""}},
		"an attribute goes with its element and message": {[]int{2}, false, []string{`<msg template="t"><copy number="491701234569"/></msg>`}, []string{""}},
		"a text has its line":                            {[]int{2}, true, []string{`&#8364;</body>`, `<msg template="t"><copy number="491701234569"/></msg>`}, []string{"&#8364;&#xA;&#34;STOP&#34; &lt;5&gt;</body>", ""}},
	} {
		t.Run(about, func(t *testing.T) {
			_, req, b, err := readXML(t, "application/xml", xmlSend)
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Messages {
				d := filter.Decision{Action: filter.Forward}
				if slices.Contains(c.blocked, i) {
					d = filter.Decision{Action: filter.Block, Reason: filter.HasOptedOut}
				} else if c.line {
					d = filter.Decision{Action: filter.Rewrite, Edit: filter.Edit{Footer: `"STOP" <5>`}}
				}
				b.Decisions = append(b.Decisions, d)
			}
			if err := p.Rewrite(req, b); err != nil {
				t.Fatal(err)
			}
			want := xmlSend
			for i := range c.was {
				want = strings.Replace(want, c.was[i], c.is[i], 1)
			}
			if got := string(req.Body()); got != want {
				t.Errorf("it is\n%s\nwant\n%s", got, want)
			}
		})
	}
	b.Decisions = []filter.Decision{{Action: filter.Block}, {Action: filter.Block}, {Action: filter.Block, Reason: filter.HasOptedOut}}
	if err := p.Rewrite(req, b); err == nil {
		t.Error("nobody is left, and it is sent")
	}
	var resp fasthttp.Response
	p.Refuse(&resp, b)
	if got := string(resp.Body()); resp.StatusCode() != 400 || got != `<error reason="undecided">sendgate: `+filter.Undecided.Text()+`</error>` {
		t.Errorf("refused with %d %s", resp.StatusCode(), got)
	}
}

func TestXMLRefused(t *testing.T) {
	const head, to, tail = `<messages><msg>`, `<to>491701234567</to><body>Hi</body>`, `</msg></messages>`
	for about, body := range map[string]string{
		"a document type":                             `<!DOCTYPE messages [<!ENTITY a "491701234568">]>` + head + to + tail,
		"an entity of one's own":                      head + `<to>&a;</to>` + tail,
		"an entity of no letter":                      head + `<to>&#0;</to>` + tail,
		"a number of an entity with a sign":           head + `<to>&#+65;</to>` + tail,
		"an ampersand alone":                          head + `<to>1 & 2</to>` + tail,
		"a comment within a recipient":                head + `<to>4917<!-- -->01234567</to>` + tail,
		"an instruction":                              head + to + `<?php ?>` + tail,
		"an instruction in front":                     `<?xml-stylesheet href="a"?>` + head + to + tail,
		"another version":                             `<?xml version="1.1"?>` + head + to + tail,
		"another charset":                             `<?xml version="1.0" encoding="utf-16"?>` + head + to + tail,
		"a declaration behind something":              ` <?xml version="1.0"?>` + head + to + tail,
		"a declaration twice":                         `<?xml version="1.0"?><?xml version="1.0"?>` + head + to + tail,
		"something behind the root":                   head + to + tail + head + to + tail,
		"something in front of the root":              "a" + head + to + tail,
		"text beside elements":                        head + to + "a" + tail,
		"an element that does not end":                head + to,
		"an element that another ends":                `<messages><msg>` + to + `</messages></msg>`,
		"an attribute twice":                          `<messages from="a" from="b"><msg>` + to + tail,
		"an attribute without quotes":                 `<messages from=a><msg>` + to + tail,
		"an attribute with a sign of tags":            `<messages from="<"><msg>` + to + tail,
		"an attribute on two lines":                   "<messages from=\"a\nb\"><msg>" + to + tail,
		"attributes with nothing between them":        `<messages from="a"x="b"><msg>` + to + tail,
		"an end of CDATA in a text":                   head + `<to>491701234567</to><body>]]></body>` + tail,
		"CDATA that does not end":                     head + `<to><![CDATA[491701234567</to>` + tail,
		"a text twice":                                head + to + `<body>Ho</body>` + tail,
		"a list in two places":                        head + to + `<to>491701234568</to>` + tail,
		"a recipient with a prefix":                   head + to + `<x:to xmlns:x="a">491701234568</x:to>` + tail,
		"a recipient in another case":                 head + to + `<TO>491701234568</TO>` + tail,
		"an attribute in another case":                head + `<copy Number="491701234568"/>` + to + tail,
		"another root":                                `<Messages><msg>` + to + `</msg></Messages>`,
		"a message without a recipient":               head + `<body>Hi</body>` + tail,
		"a message beside it without a recipient":     head + to + `</msg><msg>` + tail,
		"a recipient with elements in it":             head + `<to><b>491701234567</b></to>` + tail,
		"a list of people whom nobody sees":           `<messages><list>all</list><msg>` + to + tail,
		"a letter that is none of UTF-8":              head + to + "\xff" + tail,
		"a control character":                         head + to + "\x01" + tail,
		"nothing":                                     "",
		"JSON":                                        `{"messages":{"msg":[{"to":["491701234567"]}]}}`,
		"elements that lie too deep":                  strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40),
		"a name with two prefixes":                    head + to + `<a:b:c/>` + tail,
		"a name that is a number":                     head + to + `<1/>` + tail,
		"a space in front of a name":                  head + to + `< a/>` + tail,
		"an end of a tag that is broken":              head + to + `<a / >` + tail,
		"a long list of nothing":                      `<messages/>`,
		"a slash within a tag":                        head + to + `<a b="c"/ >` + tail,
		"one who is written to by an empty element":   head + `<to/>` + tail,
		"one who is written to by an empty attribute": head + `<copy/>` + tail,
	} {
		t.Run(about, func(t *testing.T) {
			if _, _, b, err := readXML(t, "application/xml", body); err == nil && !(len(b.Messages) == 1 && b.Messages[0].To.Address == "") {
				t.Errorf("it is read as %+v", b.Messages)
			}
		})
	}
	for _, kind := range []string{"application/json", "text/plain", "application/xml; charset=utf-16", "application/xml; charset=utf-8; charset=utf-16", "application/x-www-form-urlencoded"} {
		if _, _, _, err := readXML(t, kind, head+to+tail); err == nil {
			t.Errorf("XML of the type %s is read", kind)
		}
	}
}

// FuzzXML reads XML. What is read encoding/xml reads, too, as the same texts; and what is left once some are taken out
// and a line was added is read as the others.
func FuzzXML(f *testing.F) {
	AddCorpus(f)
	f.Add([]byte(xmlSend), uint8(1))
	f.Add([]byte(`<messages><body>Hi</body><msg><to>491701234567</to></msg><msg><to>491701234568</to><copy number='491701234569' /></msg></messages>`), uint8(6))
	f.Fuzz(func(t *testing.T, body []byte, blocked uint8) {
		nodes, err := scanXML(body, nil, []string{"to", "body"}, []string{"to"})
		if err != nil {
			return
		}
		d := document{body, nodes}
		var mine, others []string
		for i := range nodes[1:] {
			if n := &nodes[i+1]; n.kind == '"' && n.start < n.end {
				mine = append(mine, string(d.text(nil, i+1)))
			}
		}
		var text strings.Builder
		for x := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF")))); ; {
			token, err := x.RawToken()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%q: encoding/xml answers %v", body, err)
			}
			switch token := token.(type) {
			case xml.StartElement:
				text.Reset()
				for _, a := range token.Attr {
					if a.Value != "" {
						others = append(others, a.Value)
					}
				}
			case xml.CharData:
				text.Write(token)
			case xml.EndElement:
				if text.Len() > 0 {
					others = append(others, text.String())
				}
				text.Reset()
			}
		}
		others = slices.DeleteFunc(others, func(s string) bool { return strings.TrimSpace(s) == "" })
		mine = slices.DeleteFunc(mine, func(s string) bool { return strings.TrimSpace(s) == "" })
		if !slices.Equal(mine, others) {
			t.Fatalf("%q: read %q, and encoding/xml %q", body, mine, others)
		}
		p, req, b, err := readXML(t, "application/xml", string(body))
		if err != nil {
			return
		}
		for i, m := range b.Messages {
			d := filter.Decision{Action: filter.Forward}
			if blocked>>(i%8)&1 == 1 {
				d = filter.Decision{Action: filter.Block, Reason: filter.HasOptedOut}
			} else if m.Room > 10 {
				d = filter.Decision{Action: filter.Rewrite, Edit: filter.Edit{Footer: "<STOP>"}}
			}
			b.Decisions = append(b.Decisions, d)
		}
		if p.Rewrite(req, b) != nil {
			return
		}
		_, _, again, err := readXML(t, "application/xml", string(req.Body()))
		left := 0
		for i, m := range b.Messages {
			if b.Decisions[i].Action == filter.Block {
				continue
			}
			if err != nil || left == len(again.Messages) || again.Messages[left].To != m.To || b.Decisions[i].Action == filter.Rewrite && again.Messages[left].Text != m.Text+"\n<STOP>" {
				t.Fatalf("%q becomes %q, which reads %v %+v", body, req.Body(), err, again.Messages)
			}
			left++
		}
		if left != len(again.Messages) {
			t.Fatalf("%q becomes %q, which reads %+v", body, req.Body(), again.Messages)
		}
	})
}
