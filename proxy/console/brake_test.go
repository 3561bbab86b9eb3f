package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"go.uber.org/zap"
)

// brakeBench is a bench whose brake holds more than 10 opt-outs, or 5 opt-ins, that are more than
// half of the known recipients.
func brakeBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	cfg := b.config(zap.NewNop())
	cfg.Brake = Brake{OptOuts: 10, OptIns: 5, Share: 50, Window: time.Hour}
	brake, err := newBrake(cfg.Brake, b.store, b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.server.brake = brake
	return b
}

func (b *bench) records() (n int) {
	for _, err := range b.store.Records() {
		if err != nil {
			b.t.Fatal(err)
		}
		n++
	}
	return n
}

func TestImportBrake(t *testing.T) {
	bring := func(b *bench, n int, opt ImportOptions) (ImportLine, error) {
		opt.Channel = filter.SMS
		return b.client(Reviewer).Import(t.Context(), optOuts(n), opt, nil)
	}
	t.Run("holds a file that opts out too many, and keeps nothing of it", func(t *testing.T) {
		b := brakeBench(t)
		last, err := bring(b, 11, ImportOptions{})
		want := "the brake holds: this file would opt out 11 and opt in 0: 11 opt-outs within 1h0m0s are more than 10 and more than 50% of the 0 known recipients; nothing was written. If that is right, import it again with confirm=" + last.Confirm
		if err == nil || err.Error() != want || last.Confirm == "" || b.records() != 0 {
			t.Fatalf("got %+v, %v, %d records", last, err, b.records())
		}
	})
	t.Run("goes on with its token, for that file and those options alone", func(t *testing.T) {
		b := brakeBench(t)
		held, _ := bring(b, 11, ImportOptions{})
		for name, c := range map[string]struct {
			rows int
			opt  ImportOptions
		}{"another file": {12, ImportOptions{}}, "other options": {11, ImportOptions{Scope: "marketing"}}} {
			c.opt.Confirm = held.Confirm
			if _, err := bring(b, c.rows, c.opt); err == nil || !strings.Contains(err.Error(), "the token given was for another file, other options, or fewer rows") {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if b.records() != 0 {
			t.Fatalf("%d records are kept", b.records())
		}
		if last, err := bring(b, 11, ImportOptions{Confirm: held.Confirm}); err != nil || last.OptOuts != 11 {
			t.Errorf("got %+v, %v", last, err)
		}
	})
	t.Run("a token goes on where the import broke off", func(t *testing.T) {
		b := brakeBench(t)
		held, _ := bring(b, 14, ImportOptions{})
		b.learn(optOut(filter.Recipient{Channel: filter.SMS, Address: "+4915100000003"}, noon))
		if last, err := bring(b, 14, ImportOptions{Confirm: held.Confirm}); err != nil || last.OptOuts != 13 || last.Known != 1 {
			t.Errorf("got %+v, %v", last, err)
		}
	})
	t.Run("a dry run prints the token and the counts", func(t *testing.T) {
		b := brakeBench(t)
		dry, err := bring(b, 11, ImportOptions{DryRun: true})
		if err != nil || dry.OptOuts != 11 || dry.Taken != 0 || dry.Confirm == "" || b.records() != 0 {
			t.Fatalf("got %+v, %v", dry, err)
		}
		if last, err := bring(b, 11, ImportOptions{Confirm: dry.Confirm}); err != nil || last.Taken != 11 {
			t.Errorf("got %+v, %v", last, err)
		}
	})
	t.Run("what is known already is not counted", func(t *testing.T) {
		b := brakeBench(t)
		for _, n := range []int{10, 15, 20} {
			b.at(b.now().Add(2 * time.Hour))
			if last, err := bring(b, n, ImportOptions{}); err != nil || last.Taken != n {
				t.Errorf("%d: got %+v, %v", n, last, err)
			}
		}
	})
	t.Run("several imports within the window count together", func(t *testing.T) {
		b := brakeBench(t)
		if _, err := bring(b, 10, ImportOptions{}); err != nil {
			t.Fatal(err)
		}
		if last, err := bring(b, 18, ImportOptions{}); err == nil || !strings.Contains(err.Error(), "18 opt-outs within 1h0m0s are more than 10") {
			t.Errorf("got %+v, %v", last, err)
		}
		b.at(b.now().Add(time.Hour))
		if last, err := bring(b, 18, ImportOptions{}); err != nil || last.OptOuts != 8 {
			t.Errorf("an hour later: got %+v, %v", last, err)
		}
	})
	t.Run("opt-ins have a limit of their own", func(t *testing.T) {
		b := brakeBench(t)
		file := "address,state,basis,time\n"
		for i := range 6 {
			file += fmt.Sprintf("+49151%08d,opted-in,express,2026-01-31\n", i)
		}
		last, err := b.client(Reviewer).Import(t.Context(), strings.NewReader(file), ImportOptions{Brand: "shop", Channel: filter.SMS}, nil)
		if err == nil || last.OptIns != 6 || b.records() != 0 {
			t.Errorf("got %+v, %v", last, err)
		}
	})
	t.Run("a client of the API is held, and goes on once", func(t *testing.T) {
		b := brakeBench(t)
		record := func(i int, query string) (int, string) {
			body := fmt.Sprintf(`{"to":{"channel":"sms","address":"+49151%08d"},"kind":"opted-out"}`, i)
			status, text, _ := b.ask(Reviewer, "POST", "/api/v1/consent"+query, "application/json", body)
			return status, text
		}
		for i := range 10 {
			if status, text := record(i, ""); status != http.StatusCreated {
				t.Fatalf("%d: got %d %s", i, status, text)
			}
		}
		status, text := record(10, "")
		_, token, found := strings.Cut(text, "go on with confirm=")
		if status != http.StatusConflict || !found || b.records() != 10 {
			t.Fatalf("got %d %s, %d records", status, text, b.records())
		}
		token, _, _ = strings.Cut(token, `"`)
		if status, text := record(9, ""); status != http.StatusCreated {
			t.Errorf("a repetition: got %d %s", status, text)
		}
		if status, text := record(10, "?confirm="+token); status != http.StatusCreated {
			t.Errorf("confirmed: got %d %s", status, text)
		}
		for i := 11; i < 20; i++ {
			if status, text := record(i, ""); status != http.StatusCreated {
				t.Errorf("%d after that: got %d %s", i, status, text)
			}
		}
		if status, _ := record(20, "?confirm="+token); status != http.StatusConflict {
			t.Errorf("the same token once more: got %d", status)
		}
	})
}

func TestBrakeSettings(t *testing.T) {
	for want, cfg := range map[string]Brake{
		"opt_outs: -2: want a number of opt-outs, or -1 for no limit": {OptOuts: -2},
		"opt_ins: -2: want a number of opt-ins, or -1 for no limit":   {OptIns: -2},
		"window: 1s: want at least a minute":                          {Window: time.Second},
	} {
		if err := cfg.Check(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for text, want := range map[string]filter.Share{"20%": 20, "0.5%": 0.5, "100%": 100, "20": 0, "0%": 0, "101%": 0, "NaN%": 0, "": 0} {
		var got filter.Share
		if err := got.UnmarshalText([]byte(text)); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: got %s, %v", text, got, err)
		}
	}
}
