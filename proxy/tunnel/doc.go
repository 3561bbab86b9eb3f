// Package tunnel leads the clients of a forward proxy to hosts outside: at public addresses alone, whatever a name leads to.
//
// A tunnel is counted in a [Set] from [Set.Begin] to [Set.Done]. In between [Set.Reach] connects to the host, and
// [Set.Carry] passes on what both sides say.
package tunnel
