package providers_test

import (
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// typical is the sample of a provider that has what its official library writes.
func typical(name string) string {
	switch name {
	case "twilio":
		return "twilio-node"
	case "whatsapp":
		return "node-sdk"
	}
	return "typical"
}

func typicalRequest(tb testing.TB, name string) (providers.Provider, *fasthttp.Request) {
	for _, s := range providers.Samples() {
		if s.Provider == name && s.Name == typical(name) {
			return provider(tb, name, s.Region), read(tb, s.Request)
		}
	}
	tb.Fatalf("%s has no sample %q", name, typical(name))
	return nil, nil
}

func BenchmarkParse(b *testing.B) {
	for _, name := range providers.Names() {
		b.Run(name, func(b *testing.B) {
			p, req := typicalRequest(b, name)
			var batch providers.Batch
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Parse(req, &batch); err != nil {
					b.Fatal(err)
				}
				batch.Reset()
			}
		})
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	for _, name := range providers.Names() {
		t.Run(name+": a batch that is reused needs no new memory", func(t *testing.T) {
			p, req := typicalRequest(t, name)
			var batch providers.Batch
			if n := testing.AllocsPerRun(100, func() {
				if err := p.Parse(req, &batch); err != nil {
					t.Fatal(err)
				}
				batch.Reset()
			}); n != 0 {
				t.Errorf("Parse allocates %v times", n)
			}
		})
	}
}

func TestExtrasAreReadWhereAskedFor(t *testing.T) {
	for _, s := range providers.Samples() {
		if s.Err != nil || s.Messages[0].Extra == "" {
			continue
		}
		t.Run(s.Provider+"/"+s.Name, func(t *testing.T) {
			p, want := provider(t, s.Provider, s.Region), s.Messages[0]
			want.Extra = ""
			var b providers.Batch
			if err := p.Parse(read(t, s.Request), &b); err != nil || b.Messages[0] != want {
				t.Errorf("Parse answers %v and reads\n%+v, want\n%+v", err, b.Messages, want)
			}
		})
	}
}

func BenchmarkRefuse(b *testing.B) {
	for _, name := range providers.Names() {
		b.Run(name, func(b *testing.B) {
			p, req := typicalRequest(b, name)
			var batch providers.Batch
			if err := p.Parse(req, &batch); err != nil {
				b.Fatal(err)
			}
			decide(&batch, filter.Decision{Action: filter.Block, Reason: filter.HasOptedOut})
			var resp fasthttp.Response
			b.ReportAllocs()
			for b.Loop() {
				p.Refuse(&resp, &batch)
			}
		})
	}
}
