package providers

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// A shape describes the sends of a service whose requests are JSON or forms. Everything in it that is
// not marked so may be left out.
type shape struct {
	service string // its name, for sentences; needed
	// sends are the paths of sends, * for any one segment; needed. A path in which one of traces occurs,
	// in lower case, and that is none of these is refused, unless it reads or is one of others, which
	// send nothing. What is none of all that is an unknown path.
	sends, traces, others []string
	// wide are the paths of sends that reach people who cannot be seen here, whatever is in them.
	wide []string
	json string // the media type of a body; empty: application/json
	form bool   // a body may also be a form, of the same names
	xml  bool   // a body is XML, as the expressions are, and nothing else
	// multipart: it may also be one in parts, of the same names, besides which it may have files.
	multipart bool
	query     bool   // the parameters may also stand in the query, and then a GET sends
	override  string // a parameter of the query by which a call is one of another method
	put       bool   // a send may also be a PUT
	idle      bool   // a request that names nobody sends nothing
	members   int    // how many an object may have; 0: as many as any
	// folds: the case of the letters of JSON keys means nothing. Here all are in lower case then.
	folds bool
	// untyped: a body is JSON whatever its Content-Type says.
	untyped bool
	// typeless: a body without a Content-Type is JSON.
	typeless bool
	// recipients are where they may stand; needed. Those of one request are read in this order.
	recipients []reach
	most       int // how many a request may have
	// unseen are where something stands that reaches people who cannot be seen here.
	unseen []string
	// text is where the text may stand, of which the first that is there counts. In a list that the recipient
	// is not in, such as messages[].text, all of the list is the text, and a line goes below the last.
	text []bounded
	// pages are those of text that are in HTML. Where there are such, others that are there say the same, and have
	// the same line. Seldom is the one that few programs show, and they show no other: alone it has no room.
	pages                  []string
	seldom                 string
	sender, template, when []string // likewise
	// markup is where it may say in which markup the text is, and quote writes a line for one.
	markup []string
	quote  func(markup, line string) string
	// epoch reports that a time of delivery is a number of seconds since 1970, and not ISO 8601.
	epoch bool
	// extra is what else the recipient would see; see filter.Message.Extra.
	extra []string
	// kind is where it may say what a message is for, and promotional the words, in lower case, that mean
	// marketing: then no list and no claim says otherwise.
	kind        []string
	promotional []string
	// refused are further members that no request may have, such as would make another call of it.
	refused []string
	// own are further names that the provider itself reads.
	own     []string
	channel filter.Channel // what its messages go by; needed
	// medium is where a request may say what else it goes by, and media what the words mean.
	medium []string
	media  map[string]filter.Channel
	// national reports that numbers are national ones of the route's region unless they have a plus.
	// Otherwise they begin with a country code, and the plus may be left out.
	national bool
	// zeros: a number may begin with 00 instead of a plus.
	zeros bool
	// address reads a recipient on a channel without phone numbers, or that may be something else; ok is
	// false for what is no address. Nil: a phone number.
	address func(text, region string) (address string, ok bool)
	// ids are channels, of several, on which a recipient is an id and not a phone number.
	ids map[filter.Channel]bool
	// group reports whether what stands in a recipient's place reaches people who cannot be seen here.
	group func(text string) bool
}

// A reach is where recipients may stand.
type reach struct {
	at     string // an expression
	split  string // what joins several in one text; empty: one a text
	inside string // where a recipient is an object: the member that has the address
	bare   bool   // and it may be the address itself as well
	// quoted: what stands in double quotes, in which a backslash quotes any letter, is not split.
	quoted bool
	// optional: it may name nobody, and goes with its key when everybody in it does. Otherwise what holds it
	// goes with it.
	optional bool
	// together: those of one list are written to in one thread, and go all or none.
	together bool
	// fewest is how many of a list have to stay; 0: one. Where fewer would, what holds it goes with it.
	fewest int
	// also: what stands at at is no recipient, and has the service write to one who stands elsewhere by another
	// channel. It goes with its key.
	also *fallback
	// spare: the entries of the list it is in are messages of their own. Nothing outside of one belongs to it, and
	// without any the list goes with its key.
	spare bool
}

// A fallback is a message that a service sends where another does not arrive.
type fallback struct {
	to      string // an expression: where the other has its recipient
	channel filter.Channel
	sender  string // an expression, as is that of the text
	text    bounded
	extra   []string // what else is seen of it
}

// A bounded is where a text may stand, and how many characters it may have.
type bounded struct {
	at   string
	most int
}

// A compiled is a shape made ready.
type compiled struct {
	*shape
	keys    []string // all names that are read
	lists   []string // those of them that stand for lists
	told    int      // how many of keys, in front, stand for more than what else the recipient would see
	reaches []compiledReach
	unseen  []expression
}

// A compiledReach is a reach, and what else belongs to a recipient there.
type compiledReach struct {
	reach
	expression
	text                         []locatedText
	sender, template, when, kind []located
	medium, markup, extra        []located
	deep                         int     // how many lists a recipient shares with others who have all of that alike
	to                           located // of also
}

type locatedText struct {
	located
	most         int
	page, seldom bool
	// below is, where the text stands in a list, its key in each element.
	below string
}

// compile makes s ready. Errors are sentences that name the expression.
func (s *shape) compile() (*compiled, error) {
	if s.json == "" {
		s.json = "application/json"
	}
	c := &compiled{shape: s}
	known := map[string]bool{}
	learn := func(e expression) {
		for _, st := range e {
			if st.kind == '[' && !slices.Contains(c.lists, st.key) {
				c.lists = append(c.lists, st.key)
			}
			if st.key != "" && !known[st.key] {
				known[st.key] = true
				c.keys = append(c.keys, st.key)
			}
		}
	}
	for _, text := range s.expressions() {
		e, err := parseExpression(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		learn(e)
	}
	c.told = len(c.keys)
	for _, text := range s.unseen {
		e, _ := parseExpression(text) // it was read above
		c.unseen = append(c.unseen, e)
	}
	for _, r := range s.recipients {
		cr, err := s.reached(r, learn)
		if err != nil {
			return nil, err
		}
		c.reaches = append(c.reaches, cr)
	}
	return c, nil
}

// expressions are those of s but for what else the recipient would see.
func (s *shape) expressions() []string {
	all := slices.Concat(s.unseen, s.refused, s.own, s.sender, s.template, s.when, s.kind, s.medium, s.markup)
	for _, t := range s.text {
		all = append(all, t.at)
	}
	for _, r := range s.recipients {
		if all = append(all, r.at); r.inside != "" {
			all = append(all, r.inside)
		}
		if r.also != nil {
			all = append(all, r.also.to, r.also.sender, r.also.text.at)
		}
	}
	return all
}

// reached makes one of the reaches of s ready.
func (s *shape) reached(r reach, learn func(expression)) (cr compiledReach, err error) {
	e, err := parseExpression(r.at)
	if err != nil {
		return cr, fmt.Errorf("%q: %w", r.at, err)
	}
	learn(e)
	if r.inside != "" {
		learn(expression{{key: r.inside}})
	}
	cr = compiledReach{reach: r, expression: e}
	of := s
	if r.also != nil {
		if cr.to, _, err = locate(r.also.to, e, learn); err != nil {
			return cr, err
		}
		of = &shape{text: []bounded{r.also.text}, sender: []string{r.also.sender}, when: s.when, kind: s.kind, extra: r.also.extra}
	}
	for _, t := range of.text {
		if s.spared(t.at, r.at) {
			continue
		}
		l, ok, err := locate(t.at, e, learn)
		if err != nil {
			return cr, err
		}
		below := ""
		if !ok {
			l, below, ok = listed(t.at, e)
		}
		if ok = ok && (!r.spare || l.depth > 0); ok {
			page, seldom := slices.Contains(of.pages, t.at), of.seldom != "" && t.at == of.seldom
			cr.text = append(cr.text, locatedText{l, t.most, page, seldom, below})
			cr.deep = max(cr.deep, l.depth)
		}
	}
	for _, f := range []struct {
		from []string
		to   *[]located
	}{{of.sender, &cr.sender}, {of.template, &cr.template}, {of.when, &cr.when}, {of.kind, &cr.kind}, {of.medium, &cr.medium},
		{of.markup, &cr.markup}, {of.extra, &cr.extra}} {
		for _, text := range f.from {
			l, ok, err := locate(text, e, learn)
			if err != nil {
				return cr, err
			}
			if ok && (!r.spare || l.depth > 0) {
				*f.to = append(*f.to, l)
				cr.deep = max(cr.deep, l.depth)
			}
		}
	}
	return cr, nil
}

// spared reports whether what stands at text belongs to a message in a list of further ones, and not to a recipient
// elsewhere.
func (s *shape) spared(text, recipient string) bool {
	for _, r := range s.recipients {
		list, _, _ := strings.Cut(r.at, "[].")
		if r.spare && r.at != recipient && strings.HasPrefix(text, list+"[].") {
			return true
		}
	}
	return false
}

// locate is where the expression text stands for a recipient at r, if it belongs to one there.
func locate(text string, r expression, learn func(expression)) (l located, ok bool, err error) {
	e, err := parseExpression(text)
	if err != nil {
		return l, false, fmt.Errorf("%q: %w", text, err)
	}
	learn(e)
	l, ok = e.from(r)
	return l, ok, nil
}

// mustCompile is compile for the shapes of this package.
func (s *shape) mustCompile() *compiled {
	c, err := s.compile()
	if err != nil {
		panic("providers: " + s.service + ": " + err.Error())
	}
	return c
}
