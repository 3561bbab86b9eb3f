//go:build !linux || portable

package disk

import (
	"errors"
	"os"
)

// Map is for systems whose memory of a file is surely that of the others who read and sync it.
func Map(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

// Unmap has nothing to do.
func Unmap([]byte) error { return nil }
