package store

import (
	"encoding/binary"
	"reflect"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/fingerprint"
	"github.com/sendgate/sendgate/store/wire"
)

// A record that was written before recipients could be noticed reads as it was, and one that is written
// now keeps that.
func TestRecordsOfAnOlderVersionAreRead(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC) }
	offers := filter.Consent{Scope: filter.OfTopic("offers"), OptedOut: at(1), Asked: at(2), Refused: at(3)}
	offers.Granted[filter.Express] = at(4)
	want := filter.Record{LastInbound: at(5), Consents: []filter.Consent{offers}}
	fp := fingerprint.Recipient{1, 2, 3}
	b := wire.AppendTime(wire.AppendTime([]byte{recordVersion}, want.LastInbound), want.Erased)
	b = wire.AppendScope(binary.AppendUvarint(b, 1), offers.Scope)
	for _, at := range []time.Time{offers.OptedOut, offers.Asked, offers.Refused, {}, {}, offers.Granted[filter.Express]} {
		b = wire.AppendTime(b, at)
	}
	var got filter.Record
	if _, err := decodeRecord(wire.AppendSum(b, 0, fp[:]...), fp, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the old record reads %+v, %v; want %+v", got, err, want)
	}
	want.Consents[0].Noticed = at(6)
	if _, err := decodeRecord(appendRecord(nil, fp, &want), fp, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the new record reads %+v, %v; want %+v", got, err, want)
	}
}
