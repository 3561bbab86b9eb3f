package fingerprint

// CMAC is what the fingerprints are made with.
func CMAC(key []byte, message string) []byte {
	sum := newCMAC(key).sum(message)
	return sum[:]
}
