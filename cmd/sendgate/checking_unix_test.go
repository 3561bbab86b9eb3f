//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A check removes what earlier ones left that were killed, and nothing of those that are under way beside it.
func TestRoomToCheckIn(t *testing.T) {
	beside := t.TempDir()
	left := filepath.Join(beside, "checking-17", "restoring-4", "consent")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	first, leaveFirst, err := checkingRoom(filepath.Join(beside, "one.zip"))
	if err != nil {
		t.Fatal(err)
	}
	second, leaveSecond, err := checkingRoom(filepath.Join(beside, "two.zip"))
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []string{first, second} {
		if _, err := os.Stat(room); err != nil {
			t.Errorf("a check under way: %v", err)
		}
	}
	for _, leave := range []func() error{leaveFirst, leaveSecond} {
		if err := leave(); err != nil {
			t.Error(err)
		}
	}
	entries, err := os.ReadDir(beside)
	if err != nil || len(entries) != 0 {
		t.Errorf("there is left %v, %v", entries, err)
	}
}
