package mock

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// maxBody is the largest request body taken, in bytes; it lies above the gate's own default.
const maxBody = 16 << 20

// defaultKeep is how many requests are remembered unless Config.Keep says otherwise.
const defaultKeep = 1000

// Config is what a mock may be told. The zero Config is a mock that answers at once.
type Config struct {
	// Now is the clock for answers and for the rules of scheduled sends; nil means time.Now.
	Now func() time.Time
	// Latency is how long the next answer takes; nil means no time at all. It is called once a
	// request, by many goroutines.
	Latency func() time.Duration
	// Failures are the shares of messages that meet a failure.
	Failures Failures
	// Hold ends all silence when it is closed: that of the silent recipient, and of messages that
	// stall. Nil: silence ends when the client leaves.
	Hold <-chan struct{}
	// OnSend is called with every request once it is recorded and before it is answered, by many
	// goroutines; the answer waits for it. Nil: nobody is told.
	OnSend func(Send)
	// Keys are the secrets of AWS' access keys by their ids. Nil: a signature of any key is good.
	Keys map[string]string
	// Host is the Host header that requests must carry; empty means any.
	Host string
	// Keep is how many requests are remembered, the latest, and as many calls; 0 means 1000.
	Keep int
	// Webhooks are where the services call, by the name of the provider. Reply is how long people take to
	// answer, and services to tell what became of a message. Retry is how long a service waits until it
	// calls again after an answer other than 2xx, and twice as long each further time; 0 means a second.
	// OnCall is called with every call once it is done, by many goroutines; nil: nobody is told.
	Webhooks     map[string]Webhook
	Reply, Retry time.Duration
	OnCall       func(Call)
}

// A Mock is the messaging services, played. It is safe for concurrent use.
type Mock struct {
	cfg      Config
	kept     ring
	board    *switchboard
	departed departed
}

// New makes a mock.
func New(cfg Config) *Mock {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Keep <= 0 {
		cfg.Keep = defaultKeep
	}
	cfg.Retry = cmp.Or(cfg.Retry, time.Second)
	m := &Mock{cfg: cfg, kept: ring{size: cfg.Keep}}
	m.board = newSwitchboard(&m.cfg)
	return m
}

// Close gives up calls that are not done, and waits for those under way.
func (m *Mock) Close() { m.board.close() }

// Start serves the mock on addr, which must be a loopback address such as "127.0.0.1:0". It
// returns the base URL, and a function that closes m, stops serving, closes all connections and waits
// until the last request was left.
func (m *Mock) Start(addr string) (base string, stop func(), err error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", nil, fmt.Errorf("mock address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", nil, fmt.Errorf("mock address %q: the mock listens on loopback only", addr)
	}
	for name, hook := range m.cfg.Webhooks {
		if triesOf(name) == 0 {
			return "", nil, fmt.Errorf("mock webhook %s: there is no such service: want %s", name, callers())
		}
		if err := onLoopback(hook.URL); err != nil {
			return "", nil, fmt.Errorf("mock webhook %s: %w", name, err)
		}
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, fmt.Errorf("starting the mock: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	srv := &http.Server{
		Handler:           m,
		ReadHeaderTimeout: 30 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln) // it always ends with an error: the listener was closed
	}()
	stop = func() {
		cancel()
		m.Close()
		_ = srv.Close() // connections that break while closing are closed all the same
		<-done
	}
	return "http://" + ln.Addr().String(), stop, nil
}

// ServeHTTP plays one request.
func (m *Mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/mock/sends":
		m.serveSends(w, r)
		return
	case "/mock/calls":
		serveJSON(w, r, struct {
			Calls []Call `json:"calls"`
		}{m.Calls()})
		return
	}
	s := Send{Time: m.cfg.Now(), Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header.Clone()}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	s.Body = body
	var a answer
	if err != nil {
		a = refusal("the body ends before its declared length, or is too long: " + err.Error())
	} else {
		a = m.play(r, &s)
	}
	s.take(a)
	s.Seq = m.kept.add(s)
	if m.cfg.OnSend != nil {
		m.cfg.OnSend(s)
	}
	if m.cfg.Latency != nil {
		wait(r.Context(), m.cfg.Latency())
	}
	m.board.place(a.follows)
	m.deliver(w, r, a, s.Seq)
}

// play finds the service a request is for and lets it answer.
func (m *Mock) play(r *http.Request, s *Send) answer {
	if fault := m.leak(r); fault != "" {
		return refusal(fault)
	}
	body, err := decoded(r.Header, s.Body)
	if err != nil {
		return refusal(err.Error())
	}
	for _, one := range services {
		if one.path.MatchString(r.URL.EscapedPath()) && (one.header == "" || r.Header.Get(one.header) != "") {
			s.Provider = one.provider
			a := one.play(m, r, body, s)
			if a.accepted && a.follows == nil {
				a.follows = m.follows(one.provider, s, a.id)
			}
			return a
		}
	}
	s.Provider = "whatsapp"
	a := m.graph(r, body, s)
	if a.accepted && a.follows == nil {
		a.follows = m.follows(s.Provider, s, a.id)
	}
	return a
}

// hopByHop are the headers that end at the first hop (RFC 9110, section 7.6.1). Connection itself
// is judged by its options, and Transfer-Encoding is framing, which net/http has dealt with.
var hopByHop = []string{"Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Upgrade"}

// leak says what in a request should never have reached a provider; empty for nothing.
func (m *Mock) leak(r *http.Request) string {
	if m.cfg.Host != "" && !strings.EqualFold(r.Host, m.cfg.Host) {
		return fmt.Sprintf("the Host header is %q, not %q", r.Host, m.cfg.Host)
	}
	for name := range r.Header {
		if strings.HasPrefix(strings.ToLower(name), "sendgate-") {
			return fmt.Sprintf("the gate's own header %s reached the provider", name)
		}
	}
	for _, name := range hopByHop {
		if _, ok := r.Header[name]; ok {
			return fmt.Sprintf("the hop-by-hop header %s reached the provider", name)
		}
	}
	if len(r.Trailer) > 0 {
		return "the body has trailers"
	}
	for option := range strings.SplitSeq(strings.Join(r.Header["Connection"], ","), ",") {
		switch strings.ToLower(strings.TrimSpace(option)) {
		case "", "keep-alive", "close": // each hop may say these for itself
		default:
			return fmt.Sprintf("the Connection option %q reached the provider", strings.TrimSpace(option))
		}
	}
	for _, name := range []string{"Content-Type", "Authorization", "Content-Encoding"} {
		if len(r.Header[name]) > 1 {
			return fmt.Sprintf("the header %s comes %d times", name, len(r.Header[name]))
		}
	}
	return ""
}

// wait returns after d, or earlier when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// serveSends shows or forgets what was received.
func (m *Mock) serveSends(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		serveJSON(w, r, struct {
			Counts Counts `json:"counts"`
			Sends  []Send `json:"sends"`
		}{m.Counts(), m.Sends()})
	case http.MethodDelete:
		m.Reset()
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, DELETE")
		http.Error(w, "want GET or DELETE", http.StatusMethodNotAllowed)
	}
}

// serveJSON shows v to who reads.
func serveJSON(w http.ResponseWriter, r *http.Request, v any) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		http.Error(w, "want GET", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may leave
}
