package console

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
)

func TestInProcess(t *testing.T) {
	b := newBench(t)
	ana, viewer := b.server.As("ana", Admin), b.server.As("vic", Viewer)
	to := filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+12125550123"}

	t.Run("what is done is done under the name of who is logged in", func(t *testing.T) {
		if _, err := ana.Record(t.Context(), Notice{To: to, Kind: filter.OptedOut}); err != nil {
			t.Fatal(err)
		}
		events, err := ana.History(t.Context(), to, "")
		if err != nil || len(events) != 1 || events[0].Source != "api: ana" {
			t.Errorf("history %+v, %v: want one event by ana", events, err)
		}
	})
	t.Run("a role is asked as that of a token is", func(t *testing.T) {
		_, err := viewer.Record(t.Context(), Notice{To: to, Kind: filter.OptedOut})
		if refused, ok := errors.AsType[*Error](err); !ok || refused.Status != http.StatusForbidden {
			t.Errorf("%v: want a refusal", err)
		}
	})
	t.Run("what is written behind an answer arrives", func(t *testing.T) {
		var out bytes.Buffer
		next, err := ana.ExportConsent(t.Context(), &out, "csv", Export{Brand: "shop"})
		if err != nil || next == 0 || !strings.Contains(out.String(), to.Address) {
			t.Errorf("next %d, %v, %q", next, err, out.String())
		}
	})
	t.Run("an answer that breaks off is no whole one", func(t *testing.T) {
		tripper := inProcess{b.server, actor{name: "ana", role: Admin}}
		b.server.mux.HandleFunc("GET /api/v1/half", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		})
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://console/api/v1/half", nil)
		resp, err := tripper.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("%q is taken for the whole", body)
		}
	})
	t.Run("a long answer is read while it is written, and ends with its reader", func(t *testing.T) {
		ended := make(chan struct{})
		b.server.mux.HandleFunc("GET /api/v1/slow", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "one line")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			close(ended)
		})
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://console/api/v1/slow", nil)
		resp, err := inProcess{b.server, actor{name: "ana", role: Admin}}.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, len("one line"))
		if _, err := io.ReadFull(resp.Body, line); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		<-ended // who reads no more ends it
	})
}
