// Package tally counts what is sent against caps, duplicates and budgets, before it is sent.
//
// A message has its turn, see [Book.Turn]: no other to the same recipient is decided meanwhile. What the
// recipient got lately is read, the message judged by it, and what it takes up is taken, all or nothing: a place
// among what its recipient got, one among the people whom a [Portfolio] may write to, and one in what a sender
// may send to one person. It is given back, see [Book.GiveBack], where the message surely was not sent.
//
// All of it is in memory, by keyed fingerprints alone, and in files of small entries, which are written before
// the message is sent. An entry is gone once nothing looks back so far.
package tally
