package proxy

import (
	"net"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/providers"
)

// TestAWSIsConfessedToInItsOwnForm: where no answer came, libraries of AWS read why, as an error of the service's.
func TestAWSIsConfessedToInItsOwnForm(t *testing.T) {
	shapes := map[string]string{
		"aws-sns":      `<ErrorResponse><Error><Type>Sender</Type><Code>CODE</Code>`,
		"aws-pinpoint": `{"message":"`,
		"aws-sms":      `{"__type":"CODE","Message":"`,
	}
	for _, s := range providers.Samples() {
		want, ok := shapes[s.Provider]
		if !ok || s.Name != "typical" {
			continue
		}
		for name, upstream := range map[string]func(net.Conn){"it hangs up": func(c net.Conn) { c.Read(make([]byte, 1<<16)); c.Close() }, "nobody is there": nil} {
			t.Run(s.Provider+", "+name, func(t *testing.T) {
				ln := loopback(t)
				status, code, base := 424, "SendgateOutcomeUnknown", "http://"+ln.Addr().String()
				if upstream == nil {
					ln.Close()
					status, code = 503, "ServiceUnavailable"
				} else {
					base = play(t, ln, upstream)
				}
				rc := RouteConfig{Provider: s.Provider, Upstream: base, Policy: anyone, Credentials: &providers.Credentials{User: gateKey, Secret: gateSecret}}
				_, addr := start(t, Config{Routes: map[string]RouteConfig{"r": rc}}, memory(t))
				method, rest, _ := strings.Cut(string(s.Request), " ")
				service := map[string]string{"aws-sns": "sns", "aws-pinpoint": "mobiletargeting", "aws-sms": "sms-voice"}[s.Provider]
				d := differential{addr: addr}
				got := ask(t, addr, d.signed(t, method+" /r"+rest, []string{"", "", "us-east-1", service}))
				if got.StatusCode != status || !strings.Contains(got.body, strings.Replace(want, "CODE", code, 1)) || !strings.Contains(got.body, "sendgate: ") {
					t.Errorf("answered %d %v %s", got.StatusCode, got.Header, got.body)
				}
				if s.Provider == "aws-pinpoint" && got.Header.Get("X-Amzn-Errortype") != code {
					t.Errorf("its header says %q", got.Header.Get("X-Amzn-Errortype"))
				}
			})
		}
	}
}
