//go:build linux || darwin

package disk

import "golang.org/x/sys/unix"

// Free is how much an ordinary process may still write to the disk of dir.
func Free(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}
