package providers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/providers"
)

// TestUnseen: what is refused because it reaches people who cannot be seen passes where the route says so, or is
// judged by those who can be.
func TestUnseen(t *testing.T) {
	passed := map[string]int{}
	for _, s := range providers.Samples() {
		if s.Err == nil || !strings.Contains(s.Err.Error(), "`unseen: pass` on the route") {
			continue
		}
		t.Run(s.Provider+"/"+s.Name, func(t *testing.T) {
			p, err := providers.New(s.Provider, providers.Config{Region: s.Region, Channels: s.Channels, Unseen: true})
			if err != nil {
				t.Fatal(err)
			}
			var b providers.Batch
			if err := p.Parse(read(t, s.Request), &b); !errors.Is(err, providers.ErrNotSend) && (err != nil || len(b.Messages) == 0) {
				t.Errorf("Parse answers %v and reads %+v", err, b.Messages)
			}
			passed[s.Provider]++
		})
	}
	for _, name := range []string{"360dialog", "whatsapp", "messenger", "line", "twilio-conversations", "twilio-notify"} {
		if passed[name] == 0 {
			t.Errorf("%s reaches nobody unseen", name)
		}
	}
	// A number that is said to be a group's id is no group's.
	body := `{"messaging_product":"whatsapp","recipient_type":"group","to":"16505551234","text":{"body":"x"}}`
	request := fmt.Sprintf("POST /v23.0/1/messages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	p, err := providers.New("whatsapp", providers.Config{Unseen: true})
	if err != nil {
		t.Fatal(err)
	}
	var b providers.Batch
	if err := p.Parse(read(t, []byte(request)), &b); err == nil || err.Error() != "a group is named by its id alone, in the member to" {
		t.Errorf("a number as a group: Parse answers %v", err)
	}
}
