package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/access"
)

// TestClientAdversary: what is written in odd ways lets nobody in, nothing of a caller's out, and no request profits
// from another on its connection.
func TestClientAdversary(t *testing.T) {
	for _, lane := range []string{"with the lane", withoutLane} {
		t.Run(lane, func(t *testing.T) {
			r := newAccessRig(t, nil)
			good := basicAuth(ownAccount, r.shop)
			for _, c := range []struct {
				name, request string
				want          int
			}{
				{"a blank before the colon", strings.Replace(withHeaders(sms("+14155550100", "Hi"), good), "Authorization:", "Authorization :", 1), 400},
				{"a folded line", withHeaders(sms("+14155550100", "Hi"), "Authorization: Basic", " "+good[len("Authorization: Basic "):]), 400},
				{"a line that ends in a bare LF", strings.Replace(withHeaders(sms("+14155550100", "Hi"), "X: y"), "X: y\r\n", "X: y\n"+good+"\r\n", 1), 400},
				{"a NUL within the name", withHeaders(sms("+14155550100", "Hi"), "Sendgate\x00-Token: "+r.shop), 400},
				{"a Connection header that names the credentials", withHeaders(sms("+14155550100", "Hi"), good, "Connection: Authorization"), 400},
				{"an underscore in the name", withHeaders(sms("+14155550100", "Hi"), "Sendgate_Token: "+r.shop), 401},
				{"a token in the query", strings.Replace(sms("+14155550100", "Hi"), ".json", ".json?Sendgate-Token="+r.shop, 1), 401},
				{"a token behind a comma", withHeaders(sms("+14155550100", "Hi"), "Sendgate-Token: x, "+r.shop), 401},
				{"a token in quotes", withHeaders(sms("+14155550100", "Hi"), `Sendgate-Token: "`+r.shop+`"`), 401},
				{"a token with a blank inside", withHeaders(sms("+14155550100", "Hi"), "Sendgate-Token: "+r.shop[:9]+" "+r.shop[9:]), 401},
				{"a chunked body", withHeaders("POST /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n" +
					"24\r\nTo=%2B14155550100&From=%2B1500555000\r\n0\r\n\r\n"), 401},
				{"a token that comes behind the body", "POST /twilio" + messages + " HTTP/1.1\r\nHost: gate\r\nTrailer: Sendgate-Token\r\nTransfer-Encoding: chunked\r\n\r\n" +
					"2\r\nTo\r\n0\r\nSendgate-Token: " + r.shop + "\r\n\r\n", 401},
				{"HTTP/1.0 without a Host", "GET /twilio" + messages + " HTTP/1.0\r\n\r\n", 401},
			} {
				t.Run(c.name, func(t *testing.T) {
					if got := ask(t, r.addr, c.request); got.StatusCode != c.want {
						t.Errorf("answered %d %s", got.StatusCode, got.body)
					}
					if w, sent := r.sent(); sent {
						t.Errorf("sent\n%s%s", w.head, w.body)
					}
				})
			}
			t.Run("the next on a connection, and those that come with it", func(t *testing.T) {
				s := speak(t, r.addr)
				known, unknown := withHeaders(sms("+14155550100", "Hi"), good), sms("+14155550100", "Hi")
				for i, request := range []string{known, unknown, known, known + unknown + known + unknown} {
					s.write(request)
					for j := range strings.Count(request, "POST ") {
						want := 200
						if i == 1 || j%2 == 1 {
							want = 401
						}
						if got := s.hear("POST"); got.StatusCode != want {
							t.Errorf("request %d.%d: answered %d, want %d", i, j, got.StatusCode, want)
						}
					}
				}
				for n := range 4 {
					if w := <-r.seen; w.header("Authorization") != ownBasic {
						t.Errorf("message %d went with\n%s", n, w.head)
					}
				}
			})
			r.quiet(t)
		})
	}
}

// TestClientsWithinATunnel: a CONNECT lets nobody in: each request within it is asked, and none profits from another.
func TestClientsWithinATunnel(t *testing.T) {
	token, entry := access.NewToken("shop")
	r := newWaysRig(t, func(cfg *Config) {
		rc := cfg.Routes["twilio"]
		rc.Clients, rc.Credentials, rc.Authorize = &access.Config{Tokens: []access.Token{entry}, Networks: []string{"127.0.0.1"}}, &ownKeys, "gate"
		cfg.Routes["twilio"] = rc
	})
	c, base := r.client(t, "CONNECT")
	for i := range 12 {
		req, err := http.NewRequest("POST", base+messages, strings.NewReader("To=%2B14155550100&From=%2B15005550006&Body=Hi"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		want := 401
		if i%3 == 2 {
			req.SetBasicAuth("x", token)
			want = 200
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("request %d: answered %d, want %d", i, resp.StatusCode, want)
		}
	}
	if n := len(r.seen); n != 4 {
		t.Errorf("%d were sent", n)
	}
	if n := r.g.counts["twilio"].strangers[access.NoToken].Load(); n != 8 {
		t.Errorf("%s strangers were counted", fmt.Sprint(n))
	}
}
