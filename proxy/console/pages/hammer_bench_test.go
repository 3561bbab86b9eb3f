package pages

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console"
	"github.com/sendgate/sendgate/store"
)

// BenchmarkSendsBesideConsole measures how long sends take, from the moment each was due, while nobody looks at the
// console and while it is hammered: pages and filters over a long log asked for without a pause, and exports read by
// clients that hardly take them. Windows of both follow each other by turns in one run, so that what the machine does
// besides falls on both alike:
//
//	go test ./proxy/console/pages -run xxx -bench BenchmarkSendsBesideConsole -benchtime 16x
//
// An operation is one window of each kind, with a thousand sends in each.
func BenchmarkSendsBesideConsole(b *testing.B) {
	r := newRig(b)
	r.optIn("+12125550123")
	for i := range 300_000 {
		at := r.now.Add(time.Duration(i-300_000) * 100 * time.Millisecond)
		r.store.Log(store.Entry{ID: store.NewID(at), Time: at, To: filter.Recipient{Brand: "shop", Channel: filter.SMS,
			Address: fmt.Sprintf("+1212555%04d", i%10_000)}, Route: "twilio", Provider: "twilio", Mode: "enforce", Campaign: fmt.Sprint("campaign-", i%50),
			Action: filter.Action(i % 3), Enforced: true, Reason: filter.Reason(i % filter.Reasons), Text: "Sale: 20 % off until Sunday"})
		if i%10_000 == 0 {
			time.Sleep(20 * time.Millisecond) // the log takes what its writer keeps up with
		}
	}
	var quiet, hammered []time.Duration
	r.window() // connections, pools
	for b.Loop() {
		quiet = append(quiet, r.window()...)
		stop := r.hammer()
		hammered = append(hammered, r.window()...)
		stop()
	}
	for name, took := range map[string][]time.Duration{"quiet": quiet, "hammered": hammered} {
		slices.Sort(took)
		for _, p := range []int{50, 99} {
			b.ReportMetric(float64(took[len(took)*p/100].Microseconds()), fmt.Sprintf("p%d-%s-µs", p, name))
		}
	}
	b.ReportMetric(float64(hammered[len(hammered)*99/100])/float64(quiet[len(quiet)*99/100]), "p99-ratio")
}

// window sends a thousand messages, one every two milliseconds whether or not those before are answered, and tells how
// long after it was due each was.
func (r *rig) window() []time.Duration {
	const sends, pace = 1000, 2 * time.Millisecond
	took := make([]time.Duration, sends)
	var all sync.WaitGroup
	begin := time.Now()
	for i := range sends {
		due := begin.Add(time.Duration(i) * pace)
		time.Sleep(time.Until(due))
		all.Go(func() {
			r.send("+12125550123", "Sale: 20 % off until Sunday")
			took[i] = time.Since(due)
		})
	}
	all.Wait()
	return took
}

// hammer asks for pages from eight browsers without a pause, and has four begin exports that they hardly read. stop ends it.
func (r *rig) hammer() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	v := r.as(console.Admin)
	ask := func(path string, slow bool) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+path, nil)
		if err != nil {
			return
		}
		resp, err := v.http.Do(req)
		if err != nil {
			return
		}
		defer resp.Body.Close()
		if !slow {
			_, _ = io.Copy(io.Discard, resp.Body)
			return
		}
		for some := make([]byte, 512); err == nil; {
			_, err = resp.Body.Read(some)
			select {
			case <-ctx.Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	paths := []string{"/", "/?range=30d", "/messages?campaign=none", "/messages?reason=quiet-hours", "/messages?action=block&address=" + url.QueryEscape("+12125550007"), "/audit", "/people", "/switches"}
	for i := range 12 {
		all.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				if slow := i >= 8; slow {
					ask("/messages/export?format=csv", true)
				} else {
					ask(paths[n%len(paths)], false)
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }
}
