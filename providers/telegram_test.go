package providers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

func TestTelegramMarkup(t *testing.T) {
	const line = `Stop? Write STOP. (a_b*c) <1 & 2> \`
	for _, c := range []struct{ about, markup, want string }{
		{"without a markup a line stays as it is", "", line},
		{"HTML has three characters of its own", "HTML", `Stop? Write STOP. (a_b*c) &lt;1 &amp; 2&gt; \`},
		{"the name of a markup is in any case", "html", `Stop? Write STOP. (a_b*c) &lt;1 &amp; 2&gt; \`},
		{"the old Markdown has four", "Markdown", `Stop? Write STOP. (a\_b\*c) <1 & 2> \`},
		{"the new one has those that end a sentence, too", "MarkdownV2", `Stop? Write STOP\. \(a\_b\*c\) <1 & 2\> \\`},
	} {
		t.Run(c.about, func(t *testing.T) {
			body := fmt.Sprintf(`{"chat_id":1,"text":"Sale","parse_mode":%q}`, c.markup)
			req := read(t, []byte(fmt.Sprintf("POST /bot1:a/sendMessage HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)))
			var b providers.Batch
			p := provider(t, "telegram", "")
			if err := p.Parse(req, &b); err != nil {
				t.Fatal(err)
			}
			decide(&b, filter.Decision{Action: filter.Rewrite, Reason: filter.Content, Edit: filter.Edit{Footer: line}})
			if err := p.Rewrite(req, &b); err != nil {
				t.Fatal(err)
			}
			var again providers.Batch
			if err := p.Parse(req, &again); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimPrefix(again.Messages[0].Text, "Sale\n"); got != c.want {
				t.Errorf("the line is written %s, want %s", got, c.want)
			}
		})
	}
}

// TestTelegramEphemeral: in a group whose people may be unseen, whoever alone sees a message is asked all the same, and the
// group never has it in their place.
func TestTelegramEphemeral(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct{ about, kind, body string }{
		{"the receiver stands beside the chat", "application/json", `{"chat_id":-1001234567890,"receiver_user_id":77,"text":"Sale"}`},
		{"the receiver stands in an object", "application/json", `{"chat_id":-1001234567890,"ephemeral_message_parameters":{"receiver_user_id":77,"callback_query_id":"q"},"text":"Sale"}`},
		{"a form has the receiver beside the chat", form, "chat_id=-1001234567890&receiver_user_id=77&text=Sale"},
		{"a form has the object in JSON", form, "chat_id=-1001234567890&ephemeral_message_parameters=%7B%22receiver_user_id%22%3A77%7D&text=Sale"},
		{"the JSON in a form says the number as text", form, "chat_id=-1001234567890&text=Sale&ephemeral_message_parameters=%7B%22receiver_user_id%22%3A%2277%22%7D"},
	} {
		t.Run(c.about, func(t *testing.T) {
			request := fmt.Appendf(nil, "POST /bot1:a/sendMessage HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", c.kind, len(c.body), c.body)
			var b providers.Batch
			if err := provider(t, "telegram", "").Parse(read(t, request), &b); err == nil {
				t.Errorf("a group passes that may not be unseen")
			}
			b.Reset()
			p, err := providers.New("telegram", providers.Config{Unseen: true})
			if err != nil {
				t.Fatal(err)
			}
			req := read(t, request)
			if err := p.Parse(req, &b); err != nil || len(b.Messages) != 1 || b.Messages[0].To.Address != "77" || b.Messages[0].Text != "Sale" {
				t.Fatalf("Parse answers %v and reads %+v", err, b.Messages)
			}
			decide(&b, addFooter)
			if err := p.Rewrite(req, &b); err != nil || !strings.Contains(string(req.Body()), "STOP") {
				t.Errorf("Rewrite answers %v and writes %s", err, req.Body())
			}
			decide(&b, filter.Decision{Action: filter.Block, Reason: filter.HasOptedOut})
			if err := p.Rewrite(read(t, request), &b); err == nil {
				t.Error("the group has what was blocked")
			}
		})
	}
}
