package store

import "context"

// RestoreMeeting is [Restore] where something comes to pass right before what was made is put into its place.
func RestoreMeeting(name, dir string, comes func()) error {
	_, err := Restore(context.Background(), name, dir, RestoreOptions{placing: comes})
	return err
}
