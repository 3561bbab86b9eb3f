// Package audit keeps who did what: which person or token paused, granted, erased or read something, and what became
// of it.
//
// A [Trail] is a folder of files of lines of JSON, one or more a month, to which is only ever appended. An act that
// takes time has two lines, its beginning and its end; one that the end of the process cut short is [Unknown] from
// the next start on. Each line seals those before it, and [Trail.Verify] says where one was altered, removed or added.
// What may name a person is sealed by a salted digest alone, so that [Trail.Erase] can take it out, and leave the rest
// as it was sealed.
package audit
