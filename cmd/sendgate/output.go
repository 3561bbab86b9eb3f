package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// writeTo hands write a file, or the standard output where path is empty or -. A file appears under its name only when
// it is whole and on disk. What is there and no file, as a pipe or /dev/null, is written to as it is, and never replaced.
func writeTo(t terminal, path string, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		return hint(write(t.out))
	}
	there, err := os.Stat(path)
	switch {
	case err == nil && !there.Mode().IsRegular():
		return writeInto(path, write)
	case err == nil: // where a link leads
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	part, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = hint(write(part))
	if err == nil {
		err = part.Sync()
	}
	if err := errors.Join(err, part.Close()); err != nil {
		_ = os.Remove(part.Name())
		return err
	}
	return os.Rename(part.Name(), path)
}

// writeInto hands write what is at path, and is no file.
func writeInto(path string, write func(io.Writer) error) error {
	out, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(hint(write(out)), out.Close())
}
