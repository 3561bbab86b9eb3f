package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

func TestTailSeesWhatIsDecidedFromNowOn(t *testing.T) {
	b := newBench(t)
	b.log(2, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	reason := filter.NoConsent
	resp, err := b.client(Viewer).do(ctx, "GET", "/api/v1/decisions/tail", (&DecisionQuery{Query: decisions.Query{Reason: &reason}}).values(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	ids := b.log(6, func(i int, e *decisions.Entry) {
		if i%2 == 1 {
			e.Reason = filter.NoConsent
		}
	})
	var got []string
	err = eachLine(resp.Body, func(line []byte) (bool, error) {
		var d Decision
		if err := json.Unmarshal(line, &d); err != nil {
			return false, err
		}
		got = append(got, d.ID)
		return len(got) < 3, nil
	})
	if want := []string{ids[1], ids[3], ids[5]}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestTailOfTheClientEndsWithItsContext(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	begun := make(chan struct{})
	client := b.client(Viewer)
	client.http.Transport = signal{begun}
	go func() {
		<-begun
		b.log(1, nil)
	}()
	seen := 0
	for d, err := range client.Tail(ctx, DecisionQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if d.Reason != filter.HasOptedOut || !d.Masked {
			t.Errorf("got %+v", d)
		}
		seen++
		cancel()
	}
	if seen != 1 {
		t.Errorf("%d decisions were seen, want the one before the context ended", seen)
	}
}

// A signal closes begun when the first answer begins.
type signal struct{ begun chan struct{} }

func (s signal) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	close(s.begun)
	return resp, err
}

// A client that asks for the tail and never reads it does not hold up the log.
func TestSlowTailHoldsUpNobody(t *testing.T) {
	b := newBench(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET /api/v1/decisions/tail HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer %s\r\n\r\n", secrets[Viewer]); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil { // it has begun
		t.Fatal(err)
	}
	start := time.Now()
	b.log(50_000, func(i int, e *decisions.Entry) { e.Fault = strings.Repeat("x", 500) }) // far more than sockets buffer
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("logging took %s", took)
	}
	page, err := b.client(Viewer).Decisions(t.Context(), DecisionQuery{Query: decisions.Query{Limit: 1}})
	if err != nil || len(page.Decisions) != 1 {
		t.Errorf("the log beside it answers %v, %v", page, err)
	}
}

func TestTailEndsWhenTheServerCloses(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	begun := make(chan struct{})
	client := b.client(Viewer)
	client.http.Transport = signal{begun}
	go func() {
		<-begun
		b.server.Close()
	}()
	for d, err := range client.Tail(ctx, DecisionQuery{}) {
		t.Errorf("got %+v, %v", d, err)
	}
	if ctx.Err() != nil {
		t.Error("the tail went on")
	}
}
