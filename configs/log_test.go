package configs

import (
	"bytes"
	"strings"
	"testing"
)

func TestLogger(t *testing.T) {
	for name, c := range map[string]struct {
		log  Log
		want string
	}{
		"by default it writes info as JSON":  {Log{}, `{"level":"info"`},
		"at level warn it leaves out info":   {Log{Level: "warn"}, ""},
		"for people it writes plain columns": {Log{Format: "console"}, "\tINFO\thello"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			c.log.Logger(&out).Info("hello")
			if got := out.String(); !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
}
