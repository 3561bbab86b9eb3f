package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.uber.org/zap"
)

// findTemp has temporary files made in the folder of the store where the machine has none for them that this process
// can write to, as in a container with nothing but the program and its data.
func findTemp(dir string, log *zap.Logger) error {
	f, err := os.CreateTemp("", "sendgate-*")
	if err == nil {
		_ = f.Close() // nothing is in it
		return os.Remove(f.Name())
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("finding a folder for temporary files: %w", err)
	}
	log.Info("temporary files are made beside the store: there is no other folder for them", zap.String("folder", dir), zap.String("missing", os.TempDir()))
	return os.Setenv("TMPDIR", dir)
}
