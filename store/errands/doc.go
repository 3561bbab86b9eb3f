// Package errands keeps what the gate still has to do after it acknowledged something: a webhook that goes on to its
// owner, an answer that the gate writes itself, a scheduled message that an opt-out cancels, a dialogue about
// consent, a reply that a person should look at.
//
// A [Journal] is a folder of files to which is only ever appended. What was added, changed or ended is on disk,
// synced, before the call returns; those who come while a sync is under way share the next. In memory there is a row
// of each errand, which says where in the files the rest is, and whose turn it is in each lane. What is needed of the
// oldest file is written again behind all others once that is little, and the file removed.
//
// No errand that was acknowledged is lost with the process, and none is done twice for that: whoever does one notes
// before what must not happen twice that it was [Begun], and finds it as it was left. Where the disk lost what became
// of errands they are [Dead], and up to a person.
package errands
