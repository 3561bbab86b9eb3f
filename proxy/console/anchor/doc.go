// Package anchor writes the head of the chain of events to a file now and then, signed, and reads such files: what tells
// that the chain was cut off or written anew.
package anchor
