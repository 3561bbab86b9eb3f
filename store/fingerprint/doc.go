// Package fingerprint makes what stands for people on disk: of an address a [Person], and with the place in which they
// are met a [Recipient], by keys that are made from the secret of the store. Without it nobody can tell whether a
// number is known.
package fingerprint
