// Package authority is the certificate authority of a gate, by which it answers for the hosts of providers where it is
// reached by their names.
//
// It can sign for the hosts that its own certificate lists, and for nothing else: whoever trusts it trusts it for these
// alone. Its key and its certificate are two files in a folder, which [Init] makes, [Renew] makes anew and [Open] reads.
// What a [CA] signs lasts a week, and is made when a client asks for it.
package authority
