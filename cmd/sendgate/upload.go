package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// An upload is a file on its way to the gate. It draws a bar for each phase, with its rate and the time left:
// sending, which it sees as it is read, and what the gate tells of.
type upload struct {
	file  *os.File
	to    io.Writer
	size  int64
	mu    sync.Mutex // one that was refused may still be read from
	phase string
	bar   *progressbar.ProgressBar
}

// openUpload opens a file that is read next, and draws to to.
func openUpload(path string, to io.Writer) (*upload, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	u := &upload{file: file, to: to, size: info.Size()}
	u.begin("sending")
	return u, nil
}

func (u *upload) close() { _ = u.file.Close() } // it was only read

func (u *upload) begin(phase string) {
	u.end()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.phase = phase
	u.bar = progressbar.NewOptions64(u.size, progressbar.OptionSetWriter(u.to), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription(phase), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionSetVisibility(isTerminal(u.to)))
}

// Read counts what is sent.
func (u *upload) Read(b []byte) (int, error) {
	n, err := u.file.Read(b)
	u.mu.Lock()
	defer u.mu.Unlock()
	_ = u.bar.Add(n) // a bar that cannot be drawn is no reason to stop
	return n, err
}

// at says how far the gate is in a phase.
func (u *upload) at(phase string, bytes int64) {
	if phase != "" && phase != u.phase {
		u.begin(phase)
	}
	_ = u.bar.Set64(bytes)
}

func (u *upload) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bar != nil {
		_ = u.bar.Finish()
	}
}

// isTerminal reports whether w is a terminal, where a progress bar makes sense.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
