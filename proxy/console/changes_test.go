package console

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/notify"
)

// seqsOf are the numbers of the changes of a page.
func seqsOf(p *notify.Changes) (all []uint64) {
	for _, c := range p.Changes {
		all = append(all, c.Link.Seq)
	}
	return all
}

func TestChangesComeInTheOrderOfTheChain(t *testing.T) {
	b := newBench(t)
	b.learn(optIn(carol, noon))
	b.learn(optOut(berta, noon.Add(-time.Hour))) // happened before, learnt after
	b.learn(optOut(carol.Everywhere(), noon))
	c := b.client(Reviewer)
	for _, step := range []struct {
		since      uint64
		limit      int
		want       []uint64
		next, head uint64
	}{{0, 2, []uint64{1, 2}, 2, 3}, {2, 2, []uint64{3}, 3, 3}, {3, 0, nil, 3, 3}, {0, 0, []uint64{1, 2, 3}, 3, 3}} {
		page, err := c.Changes(t.Context(), step.since, step.limit)
		if err != nil || !reflect.DeepEqual(seqsOf(&page), step.want) || page.Next != step.next || page.Head != step.head {
			t.Errorf("since %d, at most %d: got %v, next %d of %d, %v; want %v, %d of %d", step.since, step.limit,
				seqsOf(&page), page.Next, page.Head, err, step.want, step.next, step.head)
		}
	}
	_, err := c.Changes(t.Context(), 4, 0)
	wantError(t, err, 400, "since", "4: the last event is number 3: this cursor is from another store, or from before it was restored")
	_, err = b.client(Viewer).Changes(t.Context(), 0, 0)
	wantError(t, err, 403, "", `GET /api/v1/changes needs the role reviewer; token "vera" is a viewer`)
	status, body, _ := b.ask(Reviewer, "GET", "/api/v1/changes?since=-1", "", "")
	if want := errorJSON(t, "since", `"-1": want the number of an event, as in next of an earlier answer`); status != 400 || body != want {
		t.Errorf("got %d %s, want %s", status, body, want)
	}
}

// Whoever learnt of a recipient before can tell from the fingerprint whom to erase.
func TestChangesShowWhatIsLeftOfTheErased(t *testing.T) {
	b := newBench(t)
	grant := optIn(carol, noon)
	grant.Note, grant.Proof = "told us", filter.Evidence{Method: "paper", FullName: "Carol"}
	b.learn(grant)
	before, err := b.client(Reviewer).Changes(t.Context(), 0, 0)
	if err != nil || len(before.Changes) != 1 || before.Changes[0].Event.Proof.FullName != "Carol" {
		t.Fatalf("got %+v, %v", before, err)
	}
	if _, err := b.client(Admin).Erase(t.Context(), Removal{To: carol, Reason: "asked"}); err != nil {
		t.Fatal(err)
	}
	status, body, _ := b.ask(Reviewer, "GET", "/api/v1/changes", "", "")
	if status != 200 || strings.Contains(body, "4155550100") || strings.Contains(body, "Carol") || strings.Contains(body, "told us") {
		t.Errorf("got %d %s, want nothing personal", status, body)
	}
	after, err := b.client(Reviewer).Changes(t.Context(), 1, 0)
	if err != nil || len(after.Changes) != 1 || after.Changes[0].Event.Kind != filter.Erased ||
		after.Changes[0].Link.Fingerprint != before.Changes[0].Link.Fingerprint {
		t.Errorf("got %+v, %v, want the erasure of the same recipient", after, err)
	}
}

func TestAPageOfChangesIsBounded(t *testing.T) {
	b := newBench(t)
	for range 100 {
		e := optOut(carol, noon)
		e.Note = strings.Repeat("x", 16<<10)
		b.learn(e)
	}
	page, err := b.client(Reviewer).Changes(t.Context(), 0, 1000)
	if err != nil || len(page.Changes) < 50 || len(page.Changes) == 100 || page.Next != uint64(len(page.Changes)) {
		t.Fatalf("got %d changes, next %d, %v: want a page of about a megabyte", len(page.Changes), page.Next, err)
	}
	rest, err := b.client(Reviewer).Changes(t.Context(), page.Next, 1000)
	if err != nil || len(rest.Changes)+len(page.Changes) != 100 || rest.Next != 100 {
		t.Errorf("then %d changes, next %d, %v: want the rest", len(rest.Changes), rest.Next, err)
	}
}

// addresses are those in a CSV export, in its order, each row once.
func addresses(t *testing.T, b *bench, x Export) (all []string, next uint64) {
	t.Helper()
	var file bytes.Buffer
	next, err := b.client(Reviewer).ExportConsent(t.Context(), &file, "csv", x)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(file.String()), "\n") {
		if i > 0 {
			all = append(all, strings.Split(line, ",")[2])
		}
	}
	return all, next
}

func TestExportOfWhatChangedSince(t *testing.T) {
	b := newBench(t)
	b.learn(optIn(berta, noon))
	all, next := addresses(t, b, Export{})
	if len(all) != 1 || next != 1 {
		t.Fatalf("got %v, next %d", all, next)
	}
	b.learn(optOut(carol.Everywhere(), noon))
	b.learn(optIn(carol, noon.Add(-time.Hour)))
	b.learn(optIn(carol, noon.Add(-2*time.Hour)))
	all, last := addresses(t, b, Export{Since: &next})
	if want := []string{carol.Address, carol.Address}; !reflect.DeepEqual(all, want) || last != 4 {
		t.Errorf("got %v, next %d, want carol's opt-in once, then their opt-out, and 4", all, last)
	}
	if all, again := addresses(t, b, Export{Since: &last}); all != nil || again != 4 {
		t.Errorf("got %v, next %d, want nothing new", all, again)
	}
	if all, _ := addresses(t, b, Export{Since: new(uint64)}); len(all) != 3 {
		t.Errorf("from the beginning: got %v, want all three", all)
	}
	for _, who := range []filter.Recipient{carol, berta} {
		if _, err := b.client(Admin).Erase(t.Context(), Removal{To: who, Reason: "asked"}); err != nil {
			t.Fatal(err)
		}
	}
	b.learn(optIn(berta, noon.Add(48*time.Hour))) // came back
	if all, _ = addresses(t, b, Export{Since: &last, Brand: "shop"}); !reflect.DeepEqual(all, []string{"", "", berta.Address, berta.Address}) {
		t.Errorf("got %q, want two without a name, and who came back", all)
	}
	_, err := b.client(Reviewer).ExportConsent(t.Context(), new(bytes.Buffer), "csv", Export{Since: new(uint64(99))})
	wantError(t, err, 400, "since", "99: the last event is number 7: this cursor is from another store, or from before it was restored")
}

func TestExportByTopicAndState(t *testing.T) {
	b := newBench(t)
	b.server.SetBrands(map[string]filter.Brand{"shop": {Topics: map[string]filter.Category{"offers": filter.Marketing, "orders": filter.Utility}}})
	who := func(last string) filter.Recipient {
		return filter.Recipient{Brand: "shop", Channel: filter.SMS, Address: "+141555501" + last}
	}
	say := func(to filter.Recipient, k filter.Kind, s filter.Scope, basis filter.Basis) {
		b.learn(filter.Event{To: to, Kind: k, Scope: s, Basis: basis, Time: b.now()})
	}
	offers, orders := filter.OfTopic("offers"), filter.OfTopic("orders")
	say(who("01"), filter.OptedIn, offers, filter.Express)
	say(who("02"), filter.OptedIn, offers, filter.Express)
	say(who("02"), filter.OptedOut, filter.OfCategory(filter.Marketing), 0)
	say(who("03"), filter.Asked, offers, 0)
	say(who("04"), filter.Refused, offers, 0)
	say(who("05"), filter.OptedIn, orders, filter.ByTransaction)
	say(who("06"), filter.OptedIn, offers, filter.Express)
	say(who("06").Everywhere(), filter.OptedOut, filter.All, 0)
	say(who("07"), filter.OptedIn, offers, filter.Express)
	say(who("08"), filter.OptedOut, filter.OfSender("MG01"), 0)
	say(who("09"), filter.OptedIn, filter.OfCategory(filter.Utility), filter.ByTransaction)
	say(who("10"), filter.OptedIn, filter.All, filter.ByInquiry)
	if _, err := b.client(Admin).Erase(t.Context(), Removal{To: who("07"), Reason: "asked"}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		x    Export
		want string // ends of the addresses, one each
	}{
		"granted, of one topic":     {Export{Topic: "offers", State: StateGranted}, "01"},
		"granted, of anything":      {Export{State: StateGranted}, "01 05 09 10"},
		"granted, of another topic": {Export{Topic: "orders", State: StateGranted}, "05 09 10"},
		"granted, of privacy":       {Export{Topic: filter.Privacy, State: StateGranted}, ""},
		"opted out of the category": {Export{Topic: "offers", State: StateOptedOut}, "02 06"},
		"opted out, from a sender":  {Export{State: StateOptedOut}, "02 06 08"},
		"pending":                   {Export{State: StatePending}, "03"},
		"refused":                   {Export{Topic: "offers", State: StateRefused}, "04"},
		"erased":                    {Export{State: StateErased}, "nobody"},
		"all that a topic concerns": {Export{Topic: "orders"}, "05 06 09 10 nobody"},
	} {
		for _, since := range []*uint64{nil, new(uint64)} {
			c.x.Since = since
			got := map[string]bool{}
			all, _ := addresses(t, b, c.x)
			for _, a := range all {
				if a == "" {
					a = "nobody"
				}
				got[strings.TrimPrefix(a, "+141555501")] = true
			}
			want := map[string]bool{}
			for _, a := range strings.Fields(c.want) {
				want[a] = true
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, since the beginning %t: got %v, want %v", name, since != nil, got, want)
			}
		}
	}
	_, err := b.client(Reviewer).ExportConsent(t.Context(), new(bytes.Buffer), "csv", Export{State: "gone"})
	wantError(t, err, 400, "state", `unknown state "gone": want one of granted, opted-out, pending, refused, erased`)
}
