package pages

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

const (
	// tailEvery is how often a tail hands over what came, and tailRows how much of it at most: the newest.
	tailEvery = time.Second
	tailRows  = 50
	// tailBeat is how often a tail looks whether the session still holds.
	tailBeat = 15
	// tailTime is how long one goes on before the browser has to ask again.
	tailTime = time.Hour
	// maxTails is how many there are at a time.
	maxTails = 64
)

// wantsTail reports whether a script asks for what comes, at the address of the page that shows what came.
func wantsTail(v *visit) bool { return v.r.Header.Get("Accept") == "text/event-stream" }

// tailMessages sends the rows of decisions as they are taken, as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), until the browser leaves or nobody is
// logged in there any more.
func (p *Pages) tailMessages(v *visit) error {
	f, err := parseFilters(v.r.URL.Query(), p.now())
	if err != nil {
		return err
	}
	select {
	case p.tails <- struct{}{}:
		defer func() { <-p.tails }()
	default:
		return &console.Error{Status: http.StatusServiceUnavailable, Message: v.t("messages.many-tails")}
	}
	ctx, cancel := context.WithTimeout(v.ctx(), tailTime)
	defer cancel()
	fresh := make(chan console.Decision, tailRows)
	go func() {
		defer close(fresh)
		for d, err := range v.api.Tail(ctx, f.query) {
			if err != nil {
				return // the browser asks again
			}
			select {
			case fresh <- d:
			case <-ctx.Done():
				return
			}
		}
	}()
	return p.tail(v, fresh)
}

// tail hands over what comes, a bunch at a time.
func (p *Pages) tail(v *visit, fresh <-chan console.Decision) error {
	control := http.NewResponseController(v.w)
	v.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	v.w.Header().Set("Connection", "close")
	send := func(text string) error {
		_ = control.SetWriteDeadline(time.Now().Add(downloadPatience)) // a test's recorder knows none
		if _, err := v.w.Write([]byte(text)); err != nil {
			return err
		}
		return control.Flush()
	}
	if send(": the tail begins\n\n") != nil {
		return nil
	}
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	var rows []console.Decision
	left := 0 // rows that were too many
	for beat := 1; ; {
		select {
		case d, on := <-fresh:
			if !on {
				return nil
			}
			if rows = append([]console.Decision{d}, rows...); len(rows) > tailRows {
				rows = rows[:tailRows]
				left++
			}
		case <-tick.C:
			if beat++; beat%tailBeat == 0 && !p.stillIn(v) {
				_ = send("event: end\ndata:\n\n") // nobody looks any more
				return nil
			}
			text, err := p.bunch(v, rows, left, beat)
			if err != nil {
				return err
			}
			rows, left = nil, 0
			if text != "" && send(text) != nil {
				return nil
			}
		}
	}
}

// stillIn reports whether who asked is logged in, as who they were.
func (p *Pages) stillIn(v *visit) bool {
	w := p.inForce.Load()
	s, known := p.peek(p.now(), w.sessions, p.jar(v.r).get(v.r, sessionCookie), w.hold)
	return known && s.Account == v.by
}

// bunch is an event with rows, and how many more there were.
func (p *Pages) bunch(v *visit, rows []console.Decision, left, beat int) (string, error) {
	if len(rows) == 0 {
		if beat%tailBeat == 0 {
			return ": nothing new\n\n", nil
		}
		return "", nil
	}
	var out bytes.Buffer
	frame := v.frame("messages", nil)
	if err := p.views.pages["messages"].ExecuteTemplate(&out, "decision-rows", map[string]any{"Frame": frame, "Decisions": rows, "Left": left}); err != nil {
		return "", fmt.Errorf("making the rows: %w", err)
	}
	lines := strings.FieldsFunc(out.String(), func(r rune) bool { return r == '\n' || r == '\r' })
	return "data: " + strings.Join(lines, "\ndata: ") + "\n\n", nil
}
