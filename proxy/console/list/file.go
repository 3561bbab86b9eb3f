package list

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

// A File is a list as it was received: UTF-8 without a byte order mark, in a temporary
// file without a name, so that it can be read twice and is gone with the process. Nothing of it is
// applied before all of it is there and weighed.
type File struct {
	Bytes int64             // bytes received
	Sum   [sha256.Size]byte // of what was received

	file  *os.File
	size  int64 // bytes in file
	comma rune
	skip  int // lines before the header
}

// NewFile makes an empty file in the folder for temporary files.
func NewFile() (*File, error) {
	file, err := tempFile("sendgate-import-*")
	if err != nil {
		return nil, fmt.Errorf("keeping the upload until it is read: %w", err)
	}
	return &File{file: file, comma: ','}, nil
}

// Close ends f, of which nothing is left.
func (f *File) Close() { dropFile(f.file) }

// Receive takes all of it. Its error is an *[input.Error] where what is sent is at fault.
func (f *File) Receive(body io.Reader) error {
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
	out := bufio.NewWriterSize(f.file, 64<<10)
	lines := &lineCounter{w: out}
	if f.size, err = io.Copy(lines, text); err == nil {
		err = out.Flush()
	}
	f.Bytes = counted.n
	sum.Sum(f.Sum[:0])
	if e := asColumnError(err); e != nil {
		return e
	}
	if err != nil {
		return input.Errorf("", "the file broke off after line %d: %v", lines.n, err)
	}
	return f.findSeparator()
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
func (f *File) findSeparator() error {
	head := make([]byte, min(f.size, 64<<10))
	if _, err := f.file.ReadAt(head, 0); err != nil {
		return fmt.Errorf("reading the upload again: %w", err)
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return input.Errorf("", "line 1: the file is empty: want a header row with the columns address and state")
	}
	line, _, _ := strings.Cut(string(head), "\n")
	line = strings.TrimRight(line, "\r")
	if sep, ok := strings.CutPrefix(strings.ToLower(line), "sep="); ok && len(sep) == 1 {
		f.comma, f.skip = rune(sep[0]), 1
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
		if count[sep] > count[f.comma] {
			f.comma = sep
		}
	}
	return nil
}

// Rows reads f from its beginning, and its first row, which holds until the next is read.
func (f *File) Rows() (rows *Rows, header []string, err error) {
	if rows, err = f.read(); err != nil {
		return nil, nil, err
	}
	if header, err = rows.Read(); err != nil {
		return nil, nil, input.Errorf("", "line 1: the header row cannot be read: %s", Problem(err))
	}
	return rows, header, nil
}

// read reads f from its beginning. The header, if there is one, comes first.
func (f *File) read() (*Rows, error) {
	file := &boundReader{r: io.NewSectionReader(f.file, 0, f.size)}
	rows := &Rows{csv.NewReader(bufio.NewReaderSize(file, 64<<10)), file}
	rows.ReuseRecord = true
	rows.Comma = f.comma
	if f.skip > 0 {
		rows.FieldsPerRecord = -1
		if _, err := rows.Read(); err != nil {
			return nil, fmt.Errorf("reading the upload again: %w", err)
		}
		rows.FieldsPerRecord = 0
	}
	return rows, nil
}

// Rows reads rows of a bounded size.
type Rows struct {
	*csv.Reader
	file *boundReader
}

// Read reads one row, which holds until the next call.
func (r *Rows) Read() ([]string, error) {
	r.file.since = 0
	return r.Reader.Read()
}

var errLongRow = fmt.Errorf("a row is longer than %d bytes: a quote is probably not closed", longestRow)

// A boundReader fails when a single row takes too much.
type boundReader struct {
	r     io.Reader
	since int // bytes since the last whole row
}

func (b *boundReader) Read(p []byte) (int, error) {
	if b.since > longestRow {
		return 0, errLongRow
	}
	n, err := b.r.Read(p)
	b.since += n
	return n, err
}

// Received is how many bytes of what was received the first n bytes of f were.
func (f *File) Received(n int64) int64 { return int64(float64(n) / float64(f.size) * float64(f.Bytes)) }

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
		return 0, errLongRow
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
