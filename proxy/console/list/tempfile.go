package list

import "os"

// tempFile makes a file without a name in the folder for temporary files, which is gone with the
// process.
func tempFile(pattern string) (*os.File, error) {
	f, err := os.CreateTemp("", pattern) // made with mode 0600
	if err == nil {
		_ = os.Remove(f.Name()) // where an open file cannot be removed, dropFile does it
	}
	return f, err
}

// dropFile ends a file of tempFile.
func dropFile(f *os.File) {
	_ = f.Close() // nothing in it is needed any more
	_ = os.Remove(f.Name())
}
