package pages

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"
)

// downloadPatience is how long a browser may take nothing of a file.
const downloadPatience = 30 * time.Second

// download answers with a file that write makes while it is being taken, however long it is. What fails before
// the first byte is shown as any error; after that the connection is cut, so that the browser says that the file
// is not whole.
func (v *visit) download(name, extension, contentType string, write func(io.Writer) error) error {
	f := &file{w: v.w, control: http.NewResponseController(v.w), contentType: contentType,
		name: fmt.Sprintf("sendgate-%s-%s.%s", name, v.p.now().UTC().Format("20060102-150405"), extension)}
	if v.r.Method == http.MethodHead {
		f.begin()
		return nil
	}
	switch err := write(f); {
	case err == nil:
		f.begin() // an empty one, too
		return nil
	case !f.begun:
		return err
	default:
		v.p.log.Warn("a download was cut", zap.String("path", v.r.URL.Path), zap.String("actor", v.by.Name), zap.Error(err))
		panic(http.ErrAbortHandler)
	}
}

// A file is being taken by a browser.
type file struct {
	w                 http.ResponseWriter
	control           *http.ResponseController
	name, contentType string
	begun             bool
}

func (f *file) Write(b []byte) (int, error) {
	f.begin()
	// A test's recorder knows no deadlines, and has no slow peer.
	_ = f.control.SetWriteDeadline(time.Now().Add(downloadPatience))
	return f.w.Write(b)
}

// begin says what is coming.
func (f *file) begin() {
	if f.begun {
		return
	}
	f.begun = true
	h := f.w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	h.Set("Connection", "close") // its deadlines are not for a request that comes after
	f.w.WriteHeader(http.StatusOK)
}
