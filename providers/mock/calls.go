package mock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Webhook is where a service calls, and what it signs with.
type Webhook struct {
	URL string // on loopback, as it is signed; empty: the service does not call
	// Secret is what the service signs with: Twilio's or Plivo's auth token, Meta's app secret, MessageBird's signing
	// key, Bird's whsec_…, the password of Postmark, Infobip and CM.com. Telnyx and SendGrid sign with a key that is made from it; see [PublicKey].
	Secret string
	// NoReceipts has the service not tell here what became of messages.
	NoReceipts bool
}

// Limits of calling.
const (
	callLimit   = 15 * time.Second // what Twilio waits for an answer
	maxCalling  = 16               // calls under way at once
	maxCalls    = 10_000           // calls that wait or are under way; what is beyond is not made
	answerShown = 1 << 10          // bytes of an answer that are kept
)

// tries is how often a service makes a call that is not answered with 2xx. Twilio calls a second time;
// Meta repeats for days, and here five times. The others call so often here.
var tries = map[string]int{"twilio": 2, "whatsapp": 6}

const otherTries = 3

// triesOf is how often a service makes a call; 0 for one that makes none.
func triesOf(service string) int {
	if callbacks[service] != nil {
		return otherTries
	}
	return tries[service]
}

// callers names the services that call.
func callers() string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(tries)), maps.Keys(callbacks))
	slices.Sort(names)
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// A Call is one call of a service, as far as it has come.
type Call struct {
	Seq      int64     `json:"seq"`
	Time     time.Time `json:"time"`
	Provider string    `json:"provider"`
	Kind     string    `json:"kind"`         // message, receipt, preference or quality
	To       string    `json:"to,omitempty"` // the person it is about, as the sender wrote them
	URL      string    `json:"url"`
	Tries    int       `json:"tries"`
	Done     bool      `json:"done"`             // it was answered with 2xx, or given up
	Status   int       `json:"status,omitempty"` // of the last answer
	Answer   string    `json:"answer,omitempty"` // the beginning of its body
	Error    string    `json:"error,omitempty"`  // of the last try

	request func(ctx context.Context) (*http.Request, error) // signed anew for each try
}

// A switchboard makes the calls of the services.
type switchboard struct {
	cfg    *Config
	client *http.Client
	ctx    context.Context
	end    context.CancelFunc
	lines  chan struct{} // one for each call under way

	mu    sync.Mutex
	calls []*Call // the latest, oldest first
	total int64
	open  int // calls that are not done
	busy  sync.WaitGroup
	over  bool
}

func newSwitchboard(cfg *Config) *switchboard {
	s := &switchboard{cfg: cfg, lines: make(chan struct{}, maxCalling)}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.client = &http.Client{
		Timeout:       callLimit,
		Transport:     &http.Transport{MaxIdleConnsPerHost: maxCalling, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// close gives up what is not done, and waits until nothing is under way.
func (s *switchboard) close() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.end()
	s.busy.Wait()
	s.client.CloseIdleConnections()
}

// place makes calls, each when its person or service has taken its time.
func (s *switchboard) place(calls []*Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range calls {
		if s.take(c) {
			go s.make(c, s.cfg.Reply)
		}
	}
}

// take notes that c is going to be made, unless there is no more room; the caller holds the lock.
func (s *switchboard) take(c *Call) bool {
	if s.over || s.open == maxCalls {
		c.Error = "there are too many calls, or the mock is closed"
		return false
	}
	s.total++
	s.open++
	c.Seq, c.Time = s.total, s.cfg.Now()
	if s.calls = append(s.calls, c); len(s.calls) > s.cfg.Keep {
		s.calls = slices.Delete(s.calls, 0, 1)
	}
	s.busy.Add(1)
	return true
}

// make makes one call, after a while, until it is answered with 2xx, or as often as the service would.
func (s *switchboard) make(c *Call, gap time.Duration) {
	defer s.busy.Done()
	for n := range triesOf(c.Provider) {
		wait(s.ctx, gap)
		select {
		case s.lines <- struct{}{}:
		case <-s.ctx.Done():
		}
		if s.ctx.Err() != nil {
			break
		}
		status, body, err := s.try(c)
		<-s.lines
		if s.tried(c, status, body, err) || errors.Is(err, errAway) {
			break
		}
		gap = s.cfg.Retry << n
	}
	s.mu.Lock()
	c.Done = true
	s.open--
	done := *c
	s.mu.Unlock()
	if s.cfg.OnCall != nil {
		s.cfg.OnCall(done)
	}
}

// try makes one call once.
func (s *switchboard) try(c *Call) (status int, body []byte, err error) {
	if err := onLoopback(c.URL); err != nil {
		return 0, nil, err
	}
	req, err := c.request(s.ctx)
	if err != nil {
		return 0, nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, answerShown))
	return resp.StatusCode, body, err
}

// tried notes what became of a try, and reports whether it was the last that is needed.
func (s *switchboard) tried(c *Call, status int, body []byte, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Tries++
	c.Status, c.Answer, c.Error = status, string(body), ""
	if err != nil {
		c.Error = err.Error()
	}
	return err == nil && status/100 == 2
}

// Calls are the latest calls of the services, oldest first.
func (m *Mock) Calls() []Call {
	s := m.board
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Call, len(s.calls))
	for i, c := range s.calls {
		all[i] = *c
	}
	return all
}

// onLoopback refuses to call anybody but this machine.
func onLoopback(to string) error {
	u, err := url.Parse(to)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: the address to call is no URL", errAway)
	case u.Hostname() == "localhost":
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%w: not %s", errAway, u.Hostname())
	}
	return nil
}

var errAway = errors.New("the mock calls on loopback only")

// posting is a call with a body.
func posting(ctx context.Context, to, contentType string, body []byte, header ...string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("calling: %w", err)
	}
	req.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return req, nil
}
