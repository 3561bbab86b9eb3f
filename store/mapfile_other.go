//go:build !linux || portable

package store

import (
	"errors"
	"os"
)

// mapFile is for systems whose memory of a file is surely that of the others who read and sync it.
func mapFile(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }
