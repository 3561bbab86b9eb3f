package proxy

import (
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// While a provider is away, or the store, the log says so once in a while and how often, and not with each send: it
// would fill the disk that consent is kept on.
func TestBadTimesDoNotFloodTheLog(t *testing.T) {
	const sends = 200
	gone := loopback(t)
	away := "http://" + gone.Addr().String()
	gone.Close()
	for name, c := range map[string]struct {
		closed  bool // the store
		request string
		line    string
	}{
		"a provider that is away":              {false, sms(person.Address, "Sale"), "the upstream gave no answer"},
		"a store that cannot be asked":         {true, sms(person.Address, "Sale"), "the store could not be asked about a recipient"},
		"a store that cannot keep keys either": {true, sale("order-1"), "the key of a send could not be looked for, or kept"},
	} {
		t.Run(name, func(t *testing.T) {
			core, logs := observer.New(zap.WarnLevel)
			cfg, st := oneRoute(away, nil), memory(t)
			cfg.Logger = zap.New(core)
			_, addr := start(t, cfg, st)
			if c.closed {
				if err := st.Close(); err != nil {
					t.Fatal(err)
				}
			}
			s := speak(t, addr)
			for range sends {
				s.write(c.request)
				s.hear("POST")
			}
			lines := logs.FilterMessage(c.line).All()
			if len(lines) == 0 || len(lines) > sends/10 {
				t.Errorf("of %d sends the log has %d lines", sends, len(lines))
			}
			told := 0
			for _, l := range lines {
				n, _ := l.ContextMap()["since_last_told"].(int64)
				told += int(n)
			}
			if told < len(lines) || told > sends {
				t.Errorf("the lines tell of %d sends", told)
			}
		})
	}
}
