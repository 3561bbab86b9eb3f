// Package head reads the heads of HTTP requests and answers more strictly than HTTP asks, and writes them on as they
// came: what belongs to one connection stays behind, and so does what belongs to the gate.
//
// A [Request] is a client's. What two readers could take for two different requests is refused, and what is not of the
// common form ([Request.Common], [CutRequest]) is left to fasthttp. An [Answer] is an upstream's: from it the gate knows
// where the answer ends, and whether another may follow on its connection.
package head
