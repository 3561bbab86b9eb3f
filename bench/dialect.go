package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/providers"
	"github.com/valyala/fasthttp"
)

// A Dialect writes requests to one provider as that provider's own libraries do: they are the
// requests of the samples, with another recipient in each. It is safe for concurrent use.
type Dialect struct {
	provider string
	shapes   map[string]*shape
	first    string
	refusals map[string][]refusal // by reason
	smiles   bool                 // some of these, or of the next, have a status of success

	departures map[refusal]bool
}

// A shape is the request of a sample with a gap where its recipient stood.
type shape struct {
	request       *fasthttp.Request // without body
	channels      map[string]string // of the route, by id
	target        string            // path and query
	before, after []byte            // the body around the gap
	escape        func(string) string
	becomes       Want
}

// authentication is the category of codes to log in with, which are no broadcast.
const authentication = "authentication"

// usual are the samples of a provider that are sent unless others are named: a text that needs an
// opt-out line, and a template, which cannot be given one; as a library writes them if there is such
// a sample, and as plain as there is.
func usual(provider string) (names []string) {
	var text, template providers.Sample
	for _, s := range providers.Samples() {
		if s.Provider != provider || s.Region != "" || s.Err != nil || len(s.Messages) != 1 {
			continue
		}
		sh, err := newShape(s)
		m := s.Messages[0]
		if err != nil || m.To.Channel != providers.Channel(provider) || !m.SendAt.IsZero() || m.Category.String() == authentication {
			continue
		}
		switch {
		case sh.becomes.Action == rewrite && m.Template == "":
			text = plainer(text, s)
		case sh.becomes.Action == forward && m.Template != "":
			template = plainer(template, s)
		}
	}
	for _, s := range []providers.Sample{text, template} {
		if s.Name != "" {
			names = append(names, s.Name)
		}
	}
	return names
}

// plainer is b where a is none, or where b comes before it: first what a library wrote, then what the
// sample tells most about, then what is shorter.
func plainer(a, b providers.Sample) providers.Sample {
	rank := func(s providers.Sample) [3]int {
		library := bytes.Count(s.Request, []byte("\nUser-Agent:"))
		return [3]int{-library, -len(s.Refusals), len(s.Request)}
	}
	x, y := rank(a), rank(b)
	if a.Name == "" || slices.Compare(y[:], x[:]) < 0 {
		return b
	}
	return a
}

// NewDialect is the dialect of a provider, with the samples of the given names, or the usual ones
// where none is named.
func NewDialect(provider string, samples ...string) (*Dialect, error) {
	if !slices.Contains(providers.Names(), provider) {
		return nil, fmt.Errorf("unknown provider %q: want one of %v", provider, providers.Names())
	}
	if p, err := providers.New(provider, providers.Config{}); err == nil {
		if _, signed := p.(providers.Notary); signed {
			return nil, fmt.Errorf("requests to %s are signed, each for its moment, and a load test signs none", provider)
		}
	}
	if len(samples) == 0 && providers.Category(provider).String() != authentication {
		samples = usual(provider)
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("%s has no request of a broadcast: one to one person, whose address stands in its body", provider)
	}
	d := &Dialect{provider: provider, shapes: map[string]*shape{}, first: samples[0], refusals: refusals(provider)}
	d.departures = departures(provider, d.refusals["opted-out"])
	for says := range d.departures {
		d.smiles = d.smiles || says.status/100 == 2
	}
	for _, list := range d.refusals {
		d.smiles = d.smiles || slices.ContainsFunc(list, func(r refusal) bool { return r.status/100 == 2 })
	}
	for _, s := range providers.Samples() {
		if s.Provider != provider || !slices.Contains(samples, s.Name) {
			continue
		}
		shape, err := newShape(s)
		if err != nil {
			return nil, fmt.Errorf("sample %s of %s: %w", s.Name, provider, err)
		}
		d.shapes[s.Name] = shape
	}
	for _, name := range samples {
		if d.shapes[name] == nil {
			return nil, fmt.Errorf("%s has no sample %q", provider, name)
		}
	}
	return d, nil
}

// Provider is the name of the provider.
func (d *Dialect) Provider() string { return d.provider }

// Cases are the messages of d, and what becomes of each when its recipient agreed to marketing and
// the gate's policy adds [providers.SampleFooter]: a text that does not say how to leave gets that
// line, and what has no text of its own passes as it is.
func (d *Dialect) Cases() []Case {
	var cases []Case
	for _, name := range slices.Sorted(maps.Keys(d.shapes)) {
		cases = append(cases, Case{name, d.shapes[name].becomes})
	}
	return cases
}

// Channels are what the requests of d leave to be said of a route: which channel goes by which id.
func (d *Dialect) Channels() map[string]string {
	all := map[string]string{}
	for _, s := range d.shapes {
		maps.Copy(all, s.channels)
	}
	return all
}

// newShape cuts the recipient out of the request of s.
func newShape(s providers.Sample) (*shape, error) {
	if s.Err != nil || len(s.Messages) != 1 {
		return nil, errors.New("it is not a send to one person")
	}
	to := s.Messages[0].To
	if _, named := idsOf[string(to.Channel)]; !named && !strings.HasPrefix(to.Address, "+") {
		return nil, errors.New("it is not a send to an address that others have alike")
	}
	req := new(fasthttp.Request)
	req.Header.DisableNormalizing()
	in := bufio.NewReaderSize(bytes.NewReader(s.Request), 64<<10)
	if err := req.Header.Read(in); err != nil {
		return nil, err
	}
	if err := req.ContinueReadBody(in, 0, false); err != nil { // Read writes forms in parts anew, in any order
		return nil, err
	}
	sh := &shape{request: req, target: string(req.RequestURI()), channels: map[string]string{}, becomes: Want{forward, "allowed"}}
	for id, channel := range s.Channels {
		sh.channels[id] = string(channel)
	}
	if s.Rewritten != "" {
		sh.becomes = Want{rewrite, "content"}
	}
	body := bytes.Clone(req.Body())
	if bytes.Contains(body, []byte("\r\nContent-Length: ")) {
		return nil, errors.New("its parts say how long they are, for one recipient")
	}
	ways := []func(string) string{formEscape, jsonEscape}
	if s.Region == "" { // else a number without its plus is one of that country
		ways = append(ways, bare)
	}
	for _, escape := range ways {
		written := []byte(escape(to.Address))
		if bytes.Count(body, written) != 1 {
			continue
		}
		before, after, _ := bytes.Cut(body, written)
		sh.before, sh.after, sh.escape = before, after, escape
		req.ResetBody()
		req.Header.Del("Content-Length")
		return sh, nil
	}
	return nil, errors.New("its recipient stands nowhere in the body, or more than once")
}

// formEscape writes text into a form.
func formEscape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// jsonEscape writes text into a JSON string.
func jsonEscape(text string) string {
	quoted, _ := json.Marshal(text) // no string fails
	return string(quoted[1 : len(quoted)-1])
}

// bare writes numbers without their plus, as WhatsApp's libraries do, and anything else into a JSON
// string.
func bare(text string) string { return jsonEscape(strings.TrimPrefix(text, "+")) }

// write makes req a request to r at the base URL.
func (d *Dialect) write(req *fasthttp.Request, base string, r *Recipient) error {
	s := d.shapes[cmp.Or(r.Sample, d.first)]
	if s == nil {
		return fmt.Errorf("recipient %d: sample %q is not among those of this run", r.Row, r.Sample)
	}
	s.request.CopyTo(req)
	req.SetRequestURI(base + s.target)
	req.Header.SetHostBytes(req.URI().Host())
	req.AppendBody(s.before)
	req.AppendBodyString(s.escape(r.Address))
	req.AppendBody(s.after)
	return nil
}
