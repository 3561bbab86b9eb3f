package filter

import (
	"testing"
	"time"
)

func TestDeliveryTime(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ sendAt, want time.Time }{
		"a message without a time goes out now":             {time.Time{}, now},
		"a scheduled message goes out when it asks to":      {now.Add(time.Hour), now.Add(time.Hour)},
		"a message scheduled for the past goes out now too": {now.Add(-time.Hour), now},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (&Message{SendAt: c.sendAt}).at(now); !got.Equal(c.want) {
				t.Errorf("it is judged at %v, want %v", got, c.want)
			}
		})
	}
}
