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
