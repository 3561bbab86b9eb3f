// Package switches keeps what pauses sending, for whom, since when and why, in a file of its own of which every
// line is synced before it binds.
package switches
