package proxy

import (
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store"
)

// TestPiecesOfMessages: Vonage tells of an SMS that is too long for one piece by piece. What somebody says across two pieces is
// heard as they said it, and a piece that says START by chance takes back nothing.
func TestPiecesOfMessages(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	call := func(id int, text, ref string, number, of int) string {
		at := noon.Add(time.Duration(id)*time.Minute - time.Hour)
		form := url.Values{"msisdn": {"14155550100"}, "to": {"15005550006"}, "text": {text}, "messageId": {fmt.Sprint(id)}, "message-timestamp": {at.Format(time.DateTime)}}
		if of > 0 {
			form.Set("concat", "true")
			form.Set("concat-ref", ref)
			form.Set("concat-part", fmt.Sprint(number))
			form.Set("concat-total", fmt.Sprint(of))
		}
		return signed(t, "vonage-sms", "/vonage-sms", "application/x-www-form-urlencoded", form.Encode())
	}
	first, second := call(1, "Thank you for all of it. Please take m", "7", 1, 2), call(2, "e off your list", "7", 2, 2)
	stop := call(0, "STOP", "", 0, 0)
	for _, c := range []struct {
		name  string
		calls []string
		after time.Duration // between two of them
		want  []string
	}{
		{"an opt-out across two pieces", []string{first, second}, 0, []string{"", "opted-out all", ""}},
		{"that come the other way round", []string{second, first}, 0, []string{"", "opted-out all", ""}},
		{"and once more", []string{first, first, second, second}, 0, []string{"", "opted-out all", ""}},
		{"across three", []string{call(1, "I am not here. Please tak", "7", 1, 3), call(3, "f your list", "7", 3, 3), call(2, "e me of", "7", 2, 3)}, 0, []string{"", "", "opted-out all", ""}},
		{"pieces of two messages are none of one", []string{first, call(2, "e off your list", "8", 2, 2)}, 0, []string{"", ""}},
		{"nor are those of the next message, where it has the same number", []string{first, second, call(4, "e off work", "7", 2, 2), call(3, "They gave m", "7", 1, 2)}, 0,
			[]string{"", "opted-out all", "", "", ""}},
		{"nor what comes much later", []string{first, second}, time.Hour, []string{"", ""}},
		{"who says not to stop is not heard to say STOP", []string{call(1, "I like them all. Please don't ", "7", 1, 2), call(2, "stop", "7", 2, 2)}, 0, []string{"", ""}},
		{"START in a piece takes back nothing", []string{stop, call(1, "I will tell you when you may ", "7", 1, 2), call(2, "START", "7", 2, 2)}, 0, []string{"opted-out all", "", "", ""}},
		{"also where the other never comes", []string{stop, call(2, "START", "7", 2, 2)}, 0, []string{"opted-out all", "", ""}},
		{"START by itself does", []string{stop, call(5, "START", "", 0, 0)}, time.Minute, []string{"opted-out all", "", "opted-in all", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var now atomic.Pointer[time.Time]
			now.Store(&noon)
			clock := func() time.Time { return *now.Load() }
			st, err := store.Open(store.Config{Memory: true, Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = st.Close() })
			cfg := hooked(t, map[string]RouteConfig{"vonage-sms": {}})
			cfg.Now = clock
			_, _, calls := startHooked(t, cfg, st)
			for _, one := range c.calls {
				callBack(t, calls, one, 200)
				next := now.Load().Add(c.after)
				now.Store(&next)
			}
			got := learnt(t, st, filter.Recipient{Brand: "default", Channel: filter.SMS, Address: "+14155550100"})
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("known is %q, want %q", got, c.want)
			}
		})
	}
}
