package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// Folders in which backups are checked, and what is in them and nothing else.
var (
	checkingName = regexp.MustCompile(`^checking-\d+$`)
	workingName  = regexp.MustCompile(`^restoring-\d+$`)
)

// checkingRoom makes a folder beside a backup to check it in, and removes those of checks that were killed. It is
// held until leave removes it.
func checkingRoom(backup string) (dir string, leave func() error, err error) {
	beside := filepath.Dir(backup)
	if err := removeChecked(beside); err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp(beside, "checking-"); err != nil {
		return "", nil, err
	}
	held, err := os.Open(dir)
	if err != nil {
		return "", nil, errors.Join(err, os.Remove(dir))
	}
	hold(held) // or nobody can tell, and nobody removes it
	return dir, func() error { return errors.Join(held.Close(), os.RemoveAll(dir)) }, nil
}

// removeChecked removes what checks left in a folder that were killed there.
func removeChecked(beside string) error {
	entries, err := os.ReadDir(beside)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() && checkingName.MatchString(e.Name()) {
			err = errors.Join(err, removeLeft(filepath.Join(beside, e.Name())))
		}
	}
	return err
}

// removeLeft removes dir unless a check is under way in it, or it is somebody else's or holds something else.
func removeLeft(dir string) error {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() // it was only read
	if !hold(f) {
		return nil
	}
	entries, err := f.ReadDir(-1)
	for _, e := range entries {
		if !e.IsDir() || !workingName.MatchString(e.Name()) {
			return err
		}
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}
