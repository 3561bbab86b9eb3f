package store

import "context"

// RestoreMeeting is [Restore] where something comes to pass right before what was made is put into its place.
func RestoreMeeting(name, dir string, comes func()) error {
	_, err := Restore(context.Background(), name, dir, RestoreOptions{placing: comes})
	return err
}

// RestoreOnto is [Restore] onto a disk that has so many bytes left.
func RestoreOnto(name, dir string, free int64) error {
	o := RestoreOptions{free: func(string) (int64, error) { return free, nil }}
	_, err := Restore(context.Background(), name, dir, o)
	return err
}
