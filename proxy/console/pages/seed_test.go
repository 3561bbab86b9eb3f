package pages

// seed makes some history, so that no page of the console is empty: each page's maker adds what it needs.
func (r *rig) seed() {
	r.Helper()
	r.optIn("+12125550123")
	r.optOut("+12125550124")
	r.send("+12125550123", "Sale: 20 % off until Sunday", "Sendgate-Campaign", "autumn")
	r.send("+12125550124", "Sale: 20 % off until Sunday", "Sendgate-Campaign", "autumn")
	r.send("+12125550125", "Sale: 20 % off until Sunday", "Sendgate-Campaign", "autumn")
	r.send("+12125550126", "<script>alert(1)</script>", "Sendgate-Campaign", `"><img src=x onerror=alert(1)>`)
}
