// Package upstream hands a request to an upstream at most once, on a connection that was seen alive, and says what became
// of it.
//
// An [Endpoint] has the connections to one base URL: as few as possible in use (pool.go), so many set up at a time
// (dial.go). [Endpoint.Exchange] tries a second one only where the first was found dead with nothing of the request gone
// (conn.go). Its [Outcome] is known for certain, also where the exchange fails: what the system took is counted.
package upstream
