package providers

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/valyala/fasthttp"
)

// maxPlain is how large a compressed body may become, in bytes: as much as the gate takes
// uncompressed by default. No send of these services comes near it.
const maxPlain = 4 << 20

// A head is what the parsers must know of a request's header. Names are compared without regard
// to case, since the gate keeps them as the client spelled them, and counted, since fasthttp shows
// only one of two.
type head struct {
	contentType, encoding []byte
	types, encodings      int
	override              []byte // the method that a header asks for instead of the real one
	overrides             int
	validated             bool // Twilio's public key client validation signs the body
	folded                bool // a value runs over two lines: read in two ways by two readers
}

func (b *Batch) readHead(h *fasthttp.RequestHeader) (out head) {
	raw := b.Head
	if raw == nil {
		raw = h.RawHeaders()
	}
	if len(raw) == 0 { // a request that was composed, not read
		for name, value := range h.All() {
			out.note(name, value)
		}
		return out
	}
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			out.folded = true
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			out.note(name, bytes.TrimSpace(value))
		}
	}
	return out
}

func (h *head) note(name, value []byte) {
	switch len(name) {
	case len("Content-Type"):
		if fold(name, "content-type") {
			h.contentType, h.types = value, h.types+1
		}
	case len("Content-Encoding"):
		if fold(name, "content-encoding") {
			h.encoding, h.encodings = value, h.encodings+1
		}
	case len("X-HTTP-Method"), len("X-Method-Override"), len("X-HTTP-Method-Override"):
		if fold(name, "x-http-method") || fold(name, "x-method-override") || fold(name, "x-http-method-override") {
			h.override, h.overrides = value, h.overrides+1
		}
	case len("Twilio-Client-Validation"):
		h.validated = h.validated || fold(name, "twilio-client-validation")
	}
}

// overridden reports whether a header asks for another method than the request has.
func (h *head) overridden(method []byte) bool {
	return h.overrides > 1 || h.overrides == 1 && !bytes.Equal(h.override, method)
}

// reads reports whether method can change nothing at the service. DELETE is among them: it
// takes away, it does not send.
func reads(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "DELETE":
		return true
	}
	return false
}

// fold reports whether b is lower without regard to ASCII case; lower is lower-case ASCII.
func fold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range b {
		if lowered(b[i]) != lower[i] {
			return false
		}
	}
	return true
}

func lowered(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// mediaType is the type and the charset of a Content-Type value; charset is nil where none is
// said. A value that says anything twice is not ok.
func mediaType(v []byte) (kind, charset []byte, ok bool) {
	kind, rest, _ := bytes.Cut(v, []byte(";"))
	for len(rest) > 0 {
		var part []byte
		part, rest, _ = bytes.Cut(rest, []byte(";"))
		name, value, _ := bytes.Cut(bytes.TrimSpace(part), []byte("="))
		if !fold(bytes.TrimSpace(name), "charset") {
			continue
		}
		if charset != nil {
			return nil, nil, false
		}
		charset = bytes.Trim(bytes.TrimSpace(value), `"`)
	}
	kind = bytes.TrimSpace(kind)
	return kind, charset, bytes.IndexByte(kind, ',') < 0 && bytes.IndexByte(charset, ',') < 0
}

// inUTF8 reports whether charset, of a media type, is UTF-8, which it is where none is said. The
// name without its hyphen is none by the standard, and means nothing else.
func inUTF8(charset []byte) bool {
	return charset == nil || fold(charset, "utf-8") || fold(charset, "utf8")
}

// errBomb and its neighbours are sentences for the sender.
var (
	errFolded   = errors.New("a header runs over two lines, which is read in different ways")
	errTypes    = errors.New("the Content-Type header is there more than once")
	errEncoding = errors.New("the body is compressed in a way other than gzip")
	errGzip     = errors.New("the body is not the one gzip stream that Content-Encoding promises")
	errBomb     = errors.New("the body grows beyond 4 MiB when it is unpacked")
)

// body is the readable body of req: as it is, or unpacked into b's own memory.
func (b *Batch) body(req *fasthttp.Request, h *head) ([]byte, error) {
	switch {
	case h.folded:
		return nil, errFolded
	case h.types > 1:
		return nil, errTypes
	case h.encodings == 0 || h.encodings == 1 && fold(h.encoding, "identity"):
		return req.Body(), nil
	case h.encodings > 1 || !fold(h.encoding, "gzip") && !fold(h.encoding, "x-gzip"):
		return nil, errEncoding
	}
	plain, err := unpack(b.parsed.plain[:0], req.Body())
	b.parsed.plain, b.parsed.gzipped = plain, true
	return plain, err
}

// unpack appends the content of one gzip stream to dst. A second stream behind the first is
// refused: some readers see it and some do not.
func unpack(dst, packed []byte) ([]byte, error) {
	src := bytes.NewReader(packed)
	z, err := gzip.NewReader(src)
	if err != nil {
		return dst, errGzip
	}
	z.Multistream(false)
	buf := bytes.NewBuffer(dst)
	n, err := io.Copy(buf, io.LimitReader(z, maxPlain+1))
	switch {
	case n > maxPlain:
		return buf.Bytes(), errBomb
	case err != nil || src.Len() > 0:
		return buf.Bytes(), errGzip
	}
	return buf.Bytes(), nil
}

// compress is plain as one gzip stream.
func compress(plain []byte) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	z.Write(plain) // a bytes.Buffer takes everything
	z.Close()
	return buf.Bytes()
}
