// Package socket reads and writes connections, on both sides of the gate, for as little as it can, and bounds how many
// of them have a file descriptor.
//
// On Linux what need not wait goes to the system by the shortest way (raw_linux.go); the build tag portable leaves that
// out. Whoever reads for long gives itself to [Conn.ReadAll]; whoever asks and waits for an answer sets [Conn.Hold], and
// what it writes leaves with the read. A [Pulse] tells of a connection that was quiet whether it is still one.
package socket
