package audit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/spelling"
	"github.com/sendgate/sendgate/store/wire"
)

// saltSize is how long the salt of a text is, in bytes.
const saltSize = 16

// A link is one line of a file of the audit: an act that came to its outcome at once, the beginning of
// one, or the end of one that was begun before. Each line seals those before it:
//
//	Sum = SHA-256(Sum of the line before, Seq, Begun, Oldest, Digest, Fact)
//
// with the numbers as eight bytes, little-endian. Digest is the SHA-256 of Text, which has a salt, so that
// what an erasure takes out of Text cannot be guessed from it.
type link struct {
	Seq    uint64          `json:"seq"`
	Begun  uint64          `json:"begun"`  // of an end: the line of its beginning; of a beginning: its own Seq; else 0
	Oldest uint64          `json:"oldest"` // line of the oldest act that is under way with this one; 0: there is none
	Fact   json.RawMessage `json:"fact"`
	Text   json.RawMessage `json:"text"`
	Digest wire.Digest     `json:"digest"`
	Sum    wire.Digest     `json:"sum"`

	asked Mark // until it is written
}

// fact is what no erasure changes.
type fact struct {
	Time    time.Time `json:"time"`
	Begun   time.Time `json:"begun,omitzero"`
	Kind    Kind      `json:"act"`
	Role    string    `json:"role,omitempty"`
	By      string    `json:"by,omitempty"`
	Remote  string    `json:"remote,omitempty"`
	Person  string    `json:"person,omitempty"`
	Outcome Outcome   `json:"outcome"`
	Status  int       `json:"status,omitempty"`
}

// text is what may name a person.
type text struct {
	Actor  string            `json:"actor"`
	To     filter.Recipient  `json:"to,omitzero"`
	About  map[string]string `json:"about,omitempty"`
	Note   string            `json:"note,omitempty"`
	Error  string            `json:"error,omitempty"`
	Salt   string            `json:"salt,omitempty"`
	Erased bool              `json:"erased,omitempty"` // a part was taken out, and the salt with it
}

// pack makes a line of an act, but for its place in the chain.
func (t *Trail) pack(a *Act) (line link, err error) {
	if err := checkAct(a); err != nil {
		return line, err
	}
	own := *a
	own.Person, own.To.Address = "", ""
	if a.To.Address != "" {
		own.Person = t.cfg.Person(a.To.Address)
		if a.Kind != ConsentErase { // of whom nothing is to stay
			own.To.Address = filter.Mask(wire.Clip(a.To.Address, maxName))
		}
	}
	return packAs(&own)
}

// packAs is pack for an act whose address is masked already.
func packAs(a *Act) (line link, err error) {
	fact := fact{Time: a.Time, Begun: a.Begun, Kind: a.Kind, Role: wire.Clip(a.Role, maxName), By: wire.Clip(a.By, maxName),
		Remote: wire.Clip(a.Remote, maxName), Person: a.Person, Outcome: a.Outcome, Status: a.Status}
	text := text{Actor: wire.Clip(a.Actor, maxName), Note: wire.Clip(a.Note, maxText), Error: wire.Clip(a.Error, maxText),
		To: filter.Recipient{Brand: wire.Clip(a.To.Brand, maxName), Channel: filter.Channel(wire.Clip(string(a.To.Channel), maxName)), Address: a.To.Address}}
	if len(a.About) > 0 {
		text.About = make(map[string]string, len(a.About))
		for name, value := range a.About {
			text.About[wire.Clip(name, maxName)] = wire.Clip(value, maxText)
		}
	}
	var salt [saltSize]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return line, err
	}
	text.Salt = hex.EncodeToString(salt[:])
	if line.Fact, err = json.Marshal(&fact); err != nil {
		return line, err
	}
	if line.Text, err = json.Marshal(&text); err != nil {
		return line, err
	}
	line.Digest = sha256.Sum256(line.Text)
	return line, nil
}

// unpack reads the act of a line.
func (line *link) unpack() (Act, error) {
	var fact fact
	var text text
	if err := json.Unmarshal(line.Fact, &fact); err != nil {
		return Act{}, err
	}
	if err := json.Unmarshal(line.Text, &text); err != nil {
		return Act{}, err
	}
	return Act{Seq: line.Seq, Time: fact.Time, Begun: fact.Begun, Kind: fact.Kind, Actor: text.Actor, Role: fact.Role, By: fact.By,
		Remote: fact.Remote, To: text.To, Person: fact.Person, About: text.About, Note: text.Note, Outcome: fact.Outcome,
		Status: fact.Status, Error: text.Error}, nil
}

// sum seals the line behind one with the sum before.
func (line *link) sum(before wire.Digest) wire.Digest {
	b := append(make([]byte, 0, 512), before[:]...)
	for _, n := range [...]uint64{line.Seq, line.Begun, line.Oldest} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	b = append(append(b, line.Digest[:]...), line.Fact...)
	return sha256.Sum256(b)
}

// append writes the line behind b.
func (line *link) append(b []byte) []byte {
	return fmt.Appendf(b, `{"seq":%d,"begun":%d,"oldest":%d,"fact":%s,"text":%s,"digest":"%s","sum":"%s"}`+"\n",
		line.Seq, line.Begun, line.Oldest, line.Fact, line.Text, line.Digest, line.Sum)
}

// A Head is a place in the trail, behind a line. The first line of a file is one: what the line after it follows.
type Head struct {
	After uint64      `json:"after"` // number of the last line of the file before
	Sum   wire.Digest `json:"sum"`   // of that line
	Time  time.Time   `json:"time"`  // when the file was begun
}

func (h *Head) append(b []byte) ([]byte, error) {
	row, err := json.Marshal(h)
	return append(append(b, row...), '\n'), err
}

// erase takes somebody out of the line, whom the audit names as person, and reports whether they were in it. Its place
// in the chain, and its digest, stay.
func (line *link) erase(who *spelling.Person, person string) (bool, error) {
	var fact fact
	var text text
	if err := json.Unmarshal(line.Fact, &fact); err != nil {
		return false, err
	}
	if err := json.Unmarshal(line.Text, &text); err != nil {
		return false, err
	}
	found := false
	if fact.Person == person && who.At(text.To) && (text.To.Address != "" || text.Note+text.Error != "" && fact.Kind != ConsentErase) {
		text.To.Address, found = "", true
		if fact.Kind != ConsentErase {
			text.Note, text.Error = "", "" // they may speak of the person
		}
	}
	for _, field := range []*string{&text.Actor, &text.Note, &text.Error} {
		if who.In(*field) {
			*field, found = spelling.Erased, true
		}
	}
	for name, value := range text.About {
		if who.InQuery(value) { // one of them is the query of a call
			text.About[name], found = spelling.Erased, true
		}
	}
	if !found {
		return false, nil
	}
	text.Salt, text.Erased = "", true
	var err error
	line.Text, err = json.Marshal(&text)
	return true, err
}
