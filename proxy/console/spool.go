package console

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/sendgate/sendgate/proxy/console/input"
)

const (
	longestRow  = 1 << 20 // bytes; more means a quote that is never closed
	largestFile = 4 << 30 // bytes
)

// A spool is a consent file as it was received: UTF-8 without a byte order mark, in a temporary
// file without a name, so that it can be read twice and is gone with the process. Nothing of it is
// applied before all of it is there and weighed.
type spool struct {
	file  *os.File
	size  int64             // bytes in file
	raw   int64             // bytes received
	sum   [sha256.Size]byte // of what was received
	comma rune
	skip  int // lines before the header
}

// newSpool makes an empty spool in the folder for temporary files.
func newSpool() (*spool, error) {
	f, err := tempFile("sendgate-import-*")
	if err != nil {
		return nil, fmt.Errorf("keeping the upload until it is read: %w", err)
	}
	return &spool{file: f, comma: ','}, nil
}

func (s *spool) close() { dropFile(s.file) }

// receive takes all of it. Its error is an *[input.Error] where what is sent is at fault.
func (s *spool) receive(body io.Reader) error {
	sum := sha256.New()
	counted := &countingReader{r: body, sum: sum}
	in := bufio.NewReaderSize(counted, 64<<10)
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return input.Errorf("", "the file broke off at its start: %v", err)
	}
	text, err := decoded(in, head)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(s.file, 64<<10)
	lines := &lineCounter{w: out}
	if s.size, err = io.Copy(lines, text); err == nil {
		err = out.Flush()
	}
	s.raw = counted.n
	sum.Sum(s.sum[:0])
	if e := asColumnError(err); e != nil {
		return e
	}
	if err != nil {
		return input.Errorf("", "the file broke off after line %d: %v", lines.n, err)
	}
	return s.findSeparator()
}

// decoded is the text of a file in UTF-8, without its byte order mark. head are its first bytes.
func decoded(in *bufio.Reader, head []byte) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		_, _ = in.Discard(2) // peeked just now
		return &utf16Reader{r: in, order: binary.LittleEndian}, nil
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		_, _ = in.Discard(2)
		return &utf16Reader{r: in, order: binary.BigEndian}, nil
	case bytes.HasPrefix(head, utf8BOM):
		_, _ = in.Discard(len(utf8BOM))
		head = head[len(utf8BOM):]
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, input.Errorf("", "line 1: the file is a workbook or an archive: save the sheet as CSV UTF-8")
	case bytes.IndexByte(head, 0) >= 0:
		return nil, input.Errorf("", "line 1: the file is not text: save it as CSV UTF-8")
	}
	return in, nil
}

var utf8BOM = []byte("\xef\xbb\xbf")

// separators are what may stand between two fields.
var separators = []rune{',', ';', '\t', '|'}

// findSeparator looks which separator the first line has most of, outside quotes. A first line
// "sep=;", which Excel understands, says it.
func (s *spool) findSeparator() error {
	head := make([]byte, min(s.size, 64<<10))
	if _, err := s.file.ReadAt(head, 0); err != nil {
		return fmt.Errorf("reading the upload again: %w", err)
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return input.Errorf("", "line 1: the file is empty: want a header row with the columns address and state")
	}
	line, _, _ := strings.Cut(string(head), "\n")
	line = strings.TrimRight(line, "\r")
	if sep, ok := strings.CutPrefix(strings.ToLower(line), "sep="); ok && len(sep) == 1 {
		s.comma, s.skip = rune(sep[0]), 1
		return nil
	}
	var count [128]int
	quoted := false
	for _, r := range line {
		if r == '"' {
			quoted = !quoted
		} else if r < 128 && !quoted {
			count[r]++
		}
	}
	for _, sep := range separators {
		if count[sep] > count[s.comma] {
			s.comma = sep
		}
	}
	return nil
}

// headed reads the file from its beginning, and its first row, which holds until the next is read.
func (s *spool) headed() (rows *rowReader, header []string, err error) {
	if rows, err = s.rows(); err != nil {
		return nil, nil, err
	}
	if header, err = rows.Read(); err != nil {
		return nil, nil, input.Errorf("", "line 1: the header row cannot be read: %s", csvProblem(err))
	}
	return rows, header, nil
}

// rows reads the file from its beginning. The header, if there is one, comes first.
func (s *spool) rows() (*rowReader, error) {
	file := &boundReader{r: io.NewSectionReader(s.file, 0, s.size)}
	rows := &rowReader{csv.NewReader(bufio.NewReaderSize(file, 64<<10)), file}
	rows.ReuseRecord = true
	rows.Comma = s.comma
	if s.skip > 0 {
		rows.FieldsPerRecord = -1
		if _, err := rows.Read(); err != nil {
			return nil, fmt.Errorf("reading the upload again: %w", err)
		}
		rows.FieldsPerRecord = 0
	}
	return rows, nil
}

// A rowReader reads rows of a bounded size.
type rowReader struct {
	*csv.Reader
	file *boundReader
}

// Read reads one row, which holds until the next call.
func (r *rowReader) Read() ([]string, error) {
	r.file.since = 0
	return r.Reader.Read()
}

// A boundReader fails when a single row takes too much.
type boundReader struct {
	r     io.Reader
	since int // bytes since the last whole row
}

func (b *boundReader) Read(p []byte) (int, error) {
	if b.since > longestRow {
		return 0, fmt.Errorf("a row is longer than %d bytes: a quote is probably not closed", longestRow)
	}
	n, err := b.r.Read(p)
	b.since += n
	return n, err
}

// received is how many bytes of the upload the first n bytes of the file were.
func (s *spool) received(n int64) int64 { return int64(float64(n) / float64(s.size) * float64(s.raw)) }

// A countingReader counts and hashes what is received.
type countingReader struct {
	r   io.Reader
	sum hash.Hash
	n   int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.sum.Write(p[:n])
	return n, err
}

// A lineCounter counts lines and bounds a single one.
type lineCounter struct {
	w     io.Writer
	n     int
	since int // bytes since the last line ended
	all   int64
}

func (l *lineCounter) Write(p []byte) (int, error) {
	l.n += bytes.Count(p, []byte{'\n'})
	if i := bytes.LastIndexByte(p, '\n'); i >= 0 {
		l.since = len(p) - i - 1
	} else {
		l.since += len(p)
	}
	if l.since > longestRow {
		return 0, fmt.Errorf("a row is longer than %d bytes: a quote is probably not closed", longestRow)
	}
	if l.all += int64(len(p)); l.all > largestFile {
		return 0, fmt.Errorf("the file is larger than %d bytes: split it", int64(largestFile))
	}
	return l.w.Write(p)
}

// A utf16Reader reads UTF-16 as UTF-8. A surrogate without its other half becomes U+FFFD, which no
// address may contain.
type utf16Reader struct {
	r     io.Reader
	order binary.ByteOrder
	out   []byte // decoded and not yet read
	half  rune   // a first surrogate that waits for its second, or 0
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) fill() {
	var pair [2]byte
	for u.out = u.out[:0]; len(u.out) < 4096; {
		if _, err := io.ReadFull(u.r, pair[:]); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = input.Errorf("", "the file is UTF-16 and ends in the middle of a character: save it as CSV UTF-8")
			}
			u.err = err
			if u.half != 0 {
				u.out = utf8.AppendRune(u.out, utf8.RuneError)
			}
			return
		}
		r := rune(u.order.Uint16(pair[:]))
		switch {
		case u.half != 0:
			r = utf16.DecodeRune(u.half, r)
			u.half = 0
		case utf16.IsSurrogate(r) && r < 0xdc00:
			u.half = r
			continue
		}
		u.out = utf8.AppendRune(u.out, r)
	}
}
