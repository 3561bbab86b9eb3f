//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func say(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

// What is at a name and no file stays what it is: to root, /dev/null is a name like any other.
func TestOutputIntoWhatIsNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
		}
		got <- string(text)
	}()
	if err := writeTo(terminal{}, path, say("a list")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Fatalf("the pipe became %v, %v", info.Mode(), err)
	}
	if text := <-got; text != "a list" {
		t.Errorf("the pipe was told %q", text)
	}
}

func TestOutput(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if err := writeTo(terminal{}, file, say("first")); err != nil || read(file) != "first" {
		t.Errorf("got %q, %v", read(file), err)
	}
	failed := errors.New("broke off")
	if err := writeTo(terminal{}, file, func(w io.Writer) error { return errors.Join(say("half")(w), failed) }); !errors.Is(err, failed) || read(file) != "first" {
		t.Errorf("after one that broke off: got %q, %v", read(file), err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := writeTo(terminal{}, link, say("second")); err != nil || read(file) != "second" {
		t.Errorf("through a link: got %q, %v", read(file), err)
	}
	if to, err := os.Readlink(link); err != nil || to != file {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	for _, path := range []string{"", "-"} {
		var out bytes.Buffer
		if err := writeTo(terminal{out: &out}, path, say("here")); err != nil || out.String() != "here" {
			t.Errorf("to the standard output: got %q, %v", out.String(), err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.part")); err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}
