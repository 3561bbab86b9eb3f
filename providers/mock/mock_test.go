package mock

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

const hello = "To=%2B14155550100&From=%2B15005550006&Body=Hi"

func TestWhatMustNeverReachAProvider(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Request)
		want   string
	}{
		{"a header of the gate", func(r *http.Request) { r.Header.Set("Sendgate-Campaign", "x") }, "the gate's own header Sendgate-Campaign reached the provider"},
		{"a hop-by-hop header", func(r *http.Request) { r.Header.Set("Proxy-Authorization", "x") }, "the hop-by-hop header Proxy-Authorization reached the provider"},
		{"a header named by Connection", func(r *http.Request) { r.Header.Set("Connection", "keep-alive, X-Trace") }, `the Connection option "X-Trace" reached the provider`},
		{"another host", func(r *http.Request) { r.Host = "gate.local" }, `the Host header is "gate.local", not "api.example"`},
		{"two credentials", func(r *http.Request) { r.Header.Add("Authorization", "Bearer x") }, "the header Authorization comes 2 times"},
		{"an encoding nobody knows", func(r *http.Request) { r.Header.Set("Content-Encoding", "br") }, `the Content-Encoding "br" is not understood`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := post(messages, hello)
			r.Host = "api.example"
			tt.change(r)
			w, s := serve(t, New(Config{Now: still, Host: "api.example"}), r)
			var body struct{ Mock string }
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != 400 || body.Mock != tt.want || s.Fault != tt.want || s.Accepted {
				t.Errorf("answered %d %s; want 400 and %q", w.Code, w.Body, tt.want)
			}
		})
	}
	r := post(messages, hello)
	r.Header.Set("Connection", "Keep-Alive")
	r.Host = "API.example"
	if w, s := serve(t, New(Config{Now: still, Host: "api.example"}), r); w.Code != 201 {
		t.Errorf("a client's own keep-alive is answered %d: %s", w.Code, s.Fault)
	}
}

func TestCompressedBodyIsRead(t *testing.T) {
	var z bytes.Buffer
	gz := gzip.NewWriter(&z)
	_, _ = io.WriteString(gz, hello) // a bytes.Buffer takes everything
	_ = gz.Close()
	r := post(messages, z.String())
	r.Header.Set("Content-Encoding", "gzip")
	if w, s := serve(t, New(Config{Now: still}), r); w.Code != 201 || s.To != "+14155550100" || !bytes.Equal(s.Body, z.Bytes()) {
		t.Errorf("answered %d, recorded %+v", w.Code, s)
	}
	r = post(messages, z.String()[:z.Len()-9])
	r.Header.Set("Content-Encoding", "gzip")
	if w, _ := serve(t, New(Config{Now: still}), r); w.Code != 400 {
		t.Errorf("half a body is answered %d", w.Code)
	}
}

// TestDocumentedRecipients: the table of the package documentation is the table of the code.
func TestDocumentedRecipients(t *testing.T) {
	src, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(src)
	for _, r := range Recipients() {
		i := strings.Index(doc, "//\t"+r.Number)
		if i < 0 {
			t.Errorf("%s is not documented", r.Number)
			continue
		}
		line, _, _ := strings.Cut(doc[i:], "\n")
		if r.Twilio != 0 && !strings.Contains(line, fmt.Sprintf("%d %d", twilioErrors[r.Twilio].status, r.Twilio)) ||
			r.WhatsApp != 0 && !strings.Contains(line, fmt.Sprintf("%d %d", graphErrors[r.WhatsApp].status, r.WhatsApp)) {
			t.Errorf("%s is documented as %q", r.Number, line)
		}
	}
	if n := strings.Count(doc, "//\t+1500555"); n != len(magic) {
		t.Errorf("%d recipients are documented, %d exist", n, len(magic))
	}
}

// start serves a mock for the length of a test.
func start(t *testing.T, cfg Config) (*Mock, string) {
	t.Helper()
	m := New(cfg)
	base, stop, err := m.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return m, base
}

// raw sends a request as bytes, and reads until the connection ends.
func raw(t *testing.T, base, request string) (string, error) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second)) // only so that a broken mock ends the test
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	return string(b), err
}

// message is a whole Twilio send as bytes.
func message(to string) string {
	form := "To=" + to + "&From=%2B15005550006&Body=Hi"
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer x\r\nConnection: close\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", messages, len(form), form)
}

func TestBrokenAnswers(t *testing.T) {
	m, base := start(t, Config{Now: still})
	if got, err := raw(t, base, message("%2B15005550901")); got != "" || err != nil {
		t.Errorf("closed first: read %q, %v", got, err)
	}
	got, err := raw(t, base, message("%2B15005550902"))
	head, body, _ := strings.Cut(got, "\r\n\r\n")
	if err != nil || !strings.HasPrefix(head, "HTTP/1.1 201 Created\r\n") || json.Valid([]byte(body)) || body == "" {
		t.Errorf("closed amid: read %q, %v", got, err)
	}
	if got, err := raw(t, base, message("%2B15005550903")); got != "" || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset: read %q, %v", got, err)
	}
	for _, s := range m.Sends() {
		if !s.Accepted || s.Status != 0 || s.ID == "" {
			t.Errorf("%s is recorded as %+v", s.To, s)
		}
	}
	if c := m.Counts(); c != (Counts{3, 3}) {
		t.Errorf("counted %+v", c)
	}
}

func TestSilence(t *testing.T) {
	hold, arrived := make(chan struct{}), make(chan Send, 2)
	m, base := start(t, Config{Now: still, Hold: hold, OnSend: func(s Send) { arrived <- s }})
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, message("%2B15005550900")); err != nil {
		t.Fatal(err)
	}
	if s := <-arrived; !s.Accepted || s.Status != 0 {
		t.Errorf("silent: recorded %+v", s)
	}
	close(hold)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || resp.StatusCode != 201 {
		t.Fatalf("after the silence: %v, %v", resp, err)
	}
	if s := m.Sends()[0]; s.Status != 201 {
		t.Errorf("after the silence: recorded %+v", s)
	}
}

func TestSilenceEndsWithTheMock(t *testing.T) {
	arrived := make(chan Send, 1)
	m := New(Config{Now: still, OnSend: func(s Send) { arrived <- s }})
	base, stop, err := m.Start("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := raw(t, base, message("%2B15005550900"))
		done <- err
	}()
	<-arrived
	stop()
	<-done
}

func TestBodyShorterThanItsLength(t *testing.T) {
	arrived := make(chan Send, 1)
	_, base := start(t, Config{Now: still, OnSend: func(s Send) { arrived <- s }})
	c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	request := message("%2B14155550100")
	if _, err := io.WriteString(c, request[:len(request)-3]); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if s := <-arrived; s.Accepted || !strings.Contains(s.Fault, "before its declared length") {
		t.Errorf("recorded %+v", s)
	}
}

func TestStartRefusesOtherInterfaces(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "192.0.2.1:0", ":0", "127.0.0.1", "example.com:80"} {
		if _, _, err := New(Config{}).Start(addr); err == nil {
			t.Errorf("%q was taken", addr)
		}
	}
}

func TestSendsAreShownWithoutSecretsAndForgotten(t *testing.T) {
	m, base := start(t, Config{Now: still})
	r := call(base+graphMessages+"?access_token=topsecret", `{"messaging_product":"whatsapp","to":"+14155550100","text":{"body":"Hi"}}`)
	r.RequestURI = ""
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	resp, err = http.Get(base + "/mock/sends")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	var got struct {
		Counts Counts
		Sends  []Send
	}
	if err != nil || json.Unmarshal(b, &got) != nil || got.Counts != (Counts{1, 1}) || len(got.Sends) != 1 {
		t.Fatalf("shown: %s, %v", b, err)
	}
	s := got.Sends[0]
	if s.To != "+14155550100" || s.Text != "Hi" || s.Path != graphMessages || !s.Accepted || strings.Contains(string(b), "secret") || strings.Contains(string(b), "token") {
		t.Errorf("shown: %s", b)
	}
	if s := m.Sends()[0]; s.Header.Get("Authorization") != "Bearer token" || !strings.HasSuffix(s.Target, "topsecret") {
		t.Errorf("kept: %+v", s)
	}
	r, _ = http.NewRequest(http.MethodDelete, base+"/mock/sends", nil) // a constant request is well formed
	if resp, err = http.DefaultClient.Do(r); err != nil || resp.StatusCode != 204 {
		t.Fatal(resp, err)
	}
	_ = resp.Body.Close()
	if len(m.Sends()) != 0 || m.Counts() != (Counts{}) {
		t.Error("nothing was forgotten")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := New(Config{Now: still, Keep: 3})
	for i := range 5 {
		_, s := serve(t, m, post(messages, fmt.Sprintf("To=%%2B1415555010%d&From=%%2B15005550006&Body=Hi", i)))
		if s.Seq != int64(i+1) {
			t.Errorf("send %d has number %d", i+1, s.Seq)
		}
	}
	var kept []string
	for _, s := range m.Sends() {
		kept = append(kept, s.To)
	}
	if fmt.Sprint(kept) != "[+14155550102 +14155550103 +14155550104]" || m.Counts() != (Counts{5, 5}) {
		t.Errorf("kept %v, counted %+v", kept, m.Counts())
	}
}

func TestLatency(t *testing.T) {
	asked := 0
	m := New(Config{Now: still, Latency: func() time.Duration { asked++; return time.Millisecond }})
	if w, _ := serve(t, m, post(messages, hello)); w.Code != 201 || asked != 1 {
		t.Errorf("answered %d after asking %d times", w.Code, asked)
	}
}
