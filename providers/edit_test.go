package providers_test

import (
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
)

// TestLineBesideWhatGoes: a text gets its line where it ends, also where the recipient who is taken out stood next to it.
func TestLineBesideWhatGoes(t *testing.T) {
	const form = "originator=Shop&body=Sale+today&recipients[]=31612345678&recipients[]=31612345679"
	p := provider(t, "messagebird", "")
	req := compose("POST", "/messages", "application/x-www-form-urlencoded", "", []byte(form))
	var b providers.Batch
	if err := p.Parse(req, &b); err != nil {
		t.Fatal(err)
	}
	decide(&b, addFooter)
	b.Decisions[0] = filter.Decision{Action: filter.Block, Reason: filter.HasOptedOut}
	const want = "originator=Shop&body=Sale+today%0AReply%20STOP%20to%20opt%20out&recipients[]=31612345679"
	if err := p.Rewrite(req, &b); err != nil || string(req.Body()) != want {
		t.Errorf("Rewrite answers %v and leaves %s, want %s", err, req.Body(), want)
	}
}
