package console

import (
	"unicode/utf8"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/store/decisions"
)

// A Decision is one entry of the decision log as the API shows it.
type Decision struct {
	decisions.Entry
	// Masked says that the recipient's address is shown in part and Text is left out.
	Masked bool `json:"masked"`
	// TextLength is how many characters Text has, shown or not.
	TextLength int `json:"text_length"`
}

// show is e as an asker sees it, in full or masked.
func show(e decisions.Entry, full bool) Decision {
	d := Decision{Entry: e, Masked: !full, TextLength: utf8.RuneCountInString(e.Text)}
	if !full {
		d.To.Address = filter.Mask(d.To.Address)
		d.Text = ""
	}
	return d
}

// veilRecord is r without where the recipient stated to be; that they did, and when, stays.
func veilRecord(r filter.Record) filter.Record {
	r.Place = ""
	return r
}

// veil is e without what is personal in its evidence: enough to see that there is proof, and of
// which kind.
func veil(e filter.Event) filter.Event {
	e.Note = ""
	e.Proof.FullName, e.Proof.Email, e.Proof.Postal, e.Proof.Place, e.Proof.IP, e.Proof.UserAgent = "", "", "", "", "", ""
	return e
}
