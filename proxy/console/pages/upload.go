package pages

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

const (
	// uploadPatience is how long a browser may send nothing of a file.
	uploadPatience = time.Minute
	// largestField bounds a field beside the file, and fieldsBefore how many there are.
	largestField = 64 << 10
	fieldsBefore = 50
)

// An upload is a form with a file, which is read as it arrives and never held in memory.
type upload struct {
	fields url.Values // of the form, before the file
	name   string     // of the file, as the browser calls it
	file   io.Reader
}

// upload begins to read a form whose last field is a file.
func (v *visit) upload() (*upload, error) {
	kind, params, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, &console.Error{Status: http.StatusUnsupportedMediaType, Message: v.t("upload.form")}
	}
	control := http.NewResponseController(v.w)
	parts := multipart.NewReader(readFunc(func(p []byte) (int, error) {
		_ = control.SetReadDeadline(time.Now().Add(uploadPatience)) // a recorder knows none
		return v.body.Read(p)
	}), params["boundary"])
	u := &upload{fields: url.Values{}}
	for range fieldsBefore {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, v.broken(err)
		}
		if name := part.FileName(); name != "" || part.FormName() == "file" {
			if name == "" {
				break // nothing was chosen
			}
			u.name, u.file = name, part
			return u, nil
		}
		text, err := io.ReadAll(io.LimitReader(part, largestField+1))
		if err != nil {
			return nil, v.broken(err)
		}
		if len(text) > largestField {
			return nil, &console.Error{Status: http.StatusRequestEntityTooLarge, Field: part.FormName(), Message: v.t("error.large")}
		}
		u.fields.Add(part.FormName(), strings.TrimSpace(string(text)))
	}
	return u, &console.Error{Status: http.StatusBadRequest, Field: "file", Message: v.t("upload.none")}
}

// drainTime is how long the rest of a request is still taken that was answered before all of it arrived.
const drainTime = 5 * time.Second

// drain hands over what was answered, unless an error is still to be, and takes what is left of the form: a browser
// reads no answer before it has sent all, and a closed connection would cost it that.
func (v *visit) drain(err *error) {
	if *err != nil {
		return
	}
	control := http.NewResponseController(v.w)
	_ = control.Flush() // who is gone needs no answer
	_ = control.SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.Copy(io.Discard, v.body)
}

// broken is the error for a form that ended too early.
func (v *visit) broken(err error) error {
	return &console.Error{Status: http.StatusBadRequest, Message: v.t("upload.broken", "Why", err.Error())}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// A kept file is an upload that may be read again for a while: a temporary file without a name, which is gone
// with the process.
type kept struct {
	file *os.File
	size int64
}

// keep makes a file for what is read through the reader that it returns, which never asks from again once that
// has ended: a request's body ends with its handler. ended is closed then.
func keep(from io.Reader) (k *kept, through io.Reader, ended <-chan struct{}, err error) {
	f, err := os.CreateTemp("", "sendgate-upload-*") // made with mode 0600
	if err != nil {
		return nil, nil, nil, fmt.Errorf("keeping the upload until it is used: %w", err)
	}
	_ = os.Remove(f.Name()) // where an open file cannot be removed, drop does it
	k = &kept{file: f}
	end := make(chan struct{})
	var last error
	return k, readFunc(func(p []byte) (n int, err error) {
		if last != nil {
			return 0, last
		}
		n, err = from.Read(p)
		if n > 0 {
			if _, wrong := f.WriteAt(p[:n], k.size); wrong != nil {
				err = fmt.Errorf("keeping the upload: %w", wrong)
			}
			k.size += int64(n)
		}
		if err != nil {
			last = err
			close(end)
		}
		return n, err
	}), end, nil
}

// again reads the file from its beginning.
func (k *kept) again() io.Reader { return io.NewSectionReader(k.file, 0, k.size) }

// drop ends the file. Who still reads it gets an error.
func (k *kept) drop() {
	_ = k.file.Close() // nothing in it is needed any more
	_ = os.Remove(k.file.Name())
}
