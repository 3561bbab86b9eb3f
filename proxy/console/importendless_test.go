package console

import (
	"io"
	"strings"
	"testing"
)

// A row without end, as after a quote that is never closed, is given up and not kept in memory.
func TestImportGivesUpAnEndlessRow(t *testing.T) {
	b := newBench(t)
	file := io.MultiReader(strings.NewReader("address,state,note\n+4915123456789,opted-out,ok\n+4915123456780,opted-out,\""), endless{})
	last, _, err := runImport(t, b, file, "channel=sms")
	if err == nil || last.Taken != 0 ||
		err.Error() != "the file broke off after line 2: a row is longer than 1048576 bytes: a quote is probably not closed" {
		t.Errorf("got %+v, %v", last, err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
