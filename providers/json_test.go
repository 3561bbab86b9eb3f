package providers

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// FuzzScanJSON compares the scanner with encoding/json: what it accepts is valid there and means
// the same, and what it refuses beyond that, it refuses for one of its own reasons.
func FuzzScanJSON(f *testing.F) {
	AddCorpus(f)
	for _, text := range []string{
		`{}`, `[]`, `null`, `-0.5e+3`, `"é\n🎁"`, `{"a":[1,{"b":"c"},[]],"d":{"e":{}}}`, "\uFEFF[true, false]",
		`{"a":1,"\u0061":2}`, `"\ud800"`, `"\ufffd"`, `01`, `1.`, `{"a":1,}`, `[1 2]`, "\"\x01\"", "\"\xff\"", `{"":{"":0}}`, `[`, ``,
	} {
		f.Add([]byte(text))
	}
	for _, s := range Samples() {
		if _, body, ok := bytes.Cut(s.Request, []byte("\r\n\r\n")); ok && s.Provider == "whatsapp" {
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		nodes, err := scanJSON(src, nil)
		plain := bytes.TrimPrefix(src, []byte("\uFEFF"))
		if err != nil {
			if json.Valid(plain) && strings.HasPrefix(err.Error(), "the body is not valid JSON") {
				t.Fatalf("%q is valid and refused: %v", src, err)
			}
			return
		}
		if !json.Valid(plain) {
			t.Fatalf("%q is accepted and not valid", src)
		}
		d := document{src, nodes}
		for i, n := range nodes {
			if n.kind != '"' {
				continue
			}
			var want string
			if err := json.Unmarshal(src[n.start-1:n.end+1], &want); err != nil {
				t.Fatalf("node %d: %v", i, err)
			}
			if got := string(unquote(nil, d.raw(i))); got != want {
				t.Fatalf("node %d means %q, not %q", i, want, got)
			}
			if again := string(unquote(nil, escapeJSON(nil, want))); again != want {
				t.Fatalf("%q comes back as %q", want, again)
			}
		}
		checkMembers(t, d, plain)
	})
}

// checkMembers looks every member of the top object up.
func checkMembers(t *testing.T, d document, plain []byte) {
	var members map[string]json.RawMessage
	if d.nodes[0].kind != '{' {
		return
	}
	if err := json.Unmarshal(plain, &members); err != nil {
		t.Fatal(err)
	}
	found := 0
	for i := d.first(0); i != 0; i = int(d.nodes[i].next) {
		found++
	}
	if found != len(members) {
		t.Fatalf("%d members are found of %d", found, len(members))
	}
	for name, value := range members {
		i := d.member(0, name)
		if i == 0 {
			t.Fatalf("member %q is not found", name)
		}
		if raw := bytes.Trim(d.raw(i), `"`); !bytes.Contains(value, raw) {
			t.Fatalf("member %q is %q, want %q", name, raw, value)
		}
	}
}
