// Package console is the private side of the gate: the admin API, and the client that speaks it.
//
// It listens on its own address with net/http, so that a slow export never shares a server with
// the sends. Programs authenticate with a bearer token; each token has a name, which is written
// beside everything it changes, and a [Role]:
//
//	viewer    reads; recipients in the decision log are masked
//	reviewer  also reads them in full, records consent, imports and exports
//	admin     also reloads the configuration
//
// /healthz, /readyz and /metrics need no token. Everything else lies under /api/v1/ and is
// described by the OpenAPI document at /api/v1/openapi.json, which a test holds against the code.
//
// Answers are JSON. An error is
//
//	{"error": {"message": "unknown channel \"smss\": want one of …", "field": "to.channel"}}
//
// with a status of 4xx when the caller can mend it. Long answers (import, tail, export) are
// streams of lines that hold one row in memory at a time; an import takes the whole file first, into
// a temporary file, and looks at all of it before it keeps any; an export that fails half way ends by
// cutting the connection, so that a short file never looks like a whole one.
//
// What stands by itself is a package below this one: anchor writes the head of the chain to a file, input reads the
// fields of bodies and queries, list reads lists of people, notify tells other systems what was learnt, pages is the
// console for people.
package console
