package wire

// E164 is the digits of an address in E.164 as a number, and 0 where it is anything else.
func E164(address string) (n uint64) {
	if len(address) < 2 || len(address) > 19 || address[0] != '+' || address[1] == '0' {
		return 0
	}
	for i := 1; i < len(address); i++ {
		digit := address[i] - '0'
		if digit > 9 {
			return 0
		}
		n = n*10 + uint64(digit)
	}
	return n
}
