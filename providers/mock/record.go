package mock

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Send is one request as a service received it, and what it answered. Requests that send
// nothing are recorded too; they are not Accepted.
type Send struct {
	Seq      int64     `json:"seq"` // 1 for the first since New or Reset
	Time     time.Time `json:"time"`
	Provider string    `json:"provider"` // the service it was taken for
	Method   string    `json:"method"`
	Path     string    `json:"path"` // Target without its query
	Host     string    `json:"host"`

	// Accepted says whether the service took the message: it would go out.
	Accepted bool   `json:"accepted"`
	ID       string `json:"id,omitempty"`     // the service's own id of an accepted message
	Status   int    `json:"status,omitempty"` // HTTP status of the answer; 0 where there was none
	Code     int    `json:"code,omitempty"`   // the service's error code; 0 for none
	Fault    string `json:"fault,omitempty"`  // why it was refused

	To         string   `json:"to,omitempty"`         // as the sender wrote it, as the fields below; of several the first
	Recipients []string `json:"recipients,omitempty"` // all of them, where there are several

	From     string    `json:"from,omitempty"`
	Type     string    `json:"type,omitempty"` // WhatsApp's message type
	Text     string    `json:"text,omitempty"`
	Footer   string    `json:"footer,omitempty"` // the footer of a WhatsApp interactive message
	Template string    `json:"template,omitempty"`
	SendAt   time.Time `json:"send_at,omitzero"`

	Target string      `json:"-"` // path and query as they stood in the request line
	Header http.Header `json:"-"` // names in canonical spelling, values of a name in their order
	Body   []byte      `json:"-"` // as received, compressed or not
	Answer []byte      `json:"-"` // the body of the answer

	message *twilioMessage // what Twilio keeps of an accepted message; never changed, only replaced
}

// take notes the answer a.
func (s *Send) take(a answer) {
	s.Path, _, _ = strings.Cut(s.Target, "?")
	s.Accepted, s.ID, s.Code, s.Fault, s.Answer = a.accepted, a.id, a.code, a.fault, a.body
	s.message = a.message
	if a.fate == answered {
		s.Status = a.status
	}
}

// Counts are the requests since New or Reset, also those that are no longer remembered.
type Counts struct {
	Total    int64 `json:"total"`
	Accepted int64 `json:"accepted"`
}

// Sends returns the remembered requests, oldest first. The caller owns the slice; headers and
// bodies are shared and not to be changed.
func (m *Mock) Sends() []Send { return m.kept.all() }

// Counts returns how many requests there were.
func (m *Mock) Counts() Counts {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	return m.kept.counts
}

// Reset forgets all requests and starts counting at zero.
func (m *Mock) Reset() {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	m.kept.sends, m.kept.counts = nil, Counts{}
}

// A ring holds the latest sends.
type ring struct {
	size int

	mu     sync.Mutex
	sends  []Send // grows to size, then wraps; the send with sequence number n is at (n-1) % size
	counts Counts
}

// add keeps s and returns its sequence number.
func (r *ring) add(s Send) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Total++
	if s.Accepted {
		r.counts.Accepted++
	}
	s.Seq = r.counts.Total
	if len(r.sends) < r.size {
		r.sends = append(r.sends, s)
	} else {
		r.sends[(s.Seq-1)%int64(r.size)] = s
	}
	return s.Seq
}

// update changes the send with number seq, if it is still remembered.
func (r *ring) update(seq int64, change func(*Send)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := int((seq - 1) % int64(r.size)); i < len(r.sends) && r.sends[i].Seq == seq {
		change(&r.sends[i])
	}
}

// all returns the sends, oldest first.
func (r *ring) all() []Send {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Clone(r.sends)
	slices.SortFunc(all, func(a, b Send) int { return int(a.Seq - b.Seq) })
	return all
}
