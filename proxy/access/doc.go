// Package access says who may come in by a route, and who may come through CONNECT.
//
// A [List] is made of the configuration. It knows clients by where they are ([List.Outside]), by a certificate that they
// showed ([List.ByCertificate]), and by a token ([List.ByToken]) of which it has the hash alone; who came through CONNECT
// is known by what was noted of that ([List.ByPassport]). Where these are found in a request is for the gate to know. Who
// may not come in is told by a [Refusal] why, and [Guesses] counts those who try.
package access
