package audit

import (
	"fmt"
	"slices"
	"time"

	"github.com/sendgate/sendgate/filter"
)

// An Act is what a person or a token did, or was refused: one entry of the audit. It holds no address:
// of the recipient whom it is about it keeps the masked one, until they are erased, and their keyed
// fingerprint.
type Act struct {
	Seq   uint64    `json:"seq"`            // its place in the audit, set by the trail
	Time  time.Time `json:"time"`           // when it came to its outcome; while it is under way, when it was begun
	Begun time.Time `json:"begun,omitzero"` // zero where it came to its outcome at once

	Kind   Kind   `json:"act"`
	Actor  string `json:"actor"`            // name of the token or of who is logged in; of a failed login, the user's, or unknown
	Role   string `json:"role,omitempty"`   // viewer, reviewer or admin
	By     string `json:"by,omitempty"`     // how the actor is known: token, console
	Remote string `json:"remote,omitempty"` // the address that the call came from, without its port

	// To is the one recipient whom it is about. The trail takes the address in full and keeps it masked.
	To     filter.Recipient `json:"to,omitzero"`
	Person string           `json:"person,omitempty"` // the keyed fingerprint of the address, set by the trail

	// About are the other things it is about, by what they are: "switch" and its id, "filter" and the query.
	// No value may hold an address.
	About map[string]string `json:"about,omitempty"`
	Note  string            `json:"note,omitempty"` // the reason that was given

	Outcome Outcome `json:"outcome"`
	Status  int     `json:"status,omitempty"` // of HTTP, where it was answered with one
	Error   string  `json:"error,omitempty"`  // what it was refused with, or what failed

	Asked Mark `json:"-"` // when it was asked for, of [Trail.Asked]; of no act that was read
}

// A Kind says what sort of act it is, in a word of a closed list.
type Kind string

// The kinds of acts. What ends in Show, Read, History or Export hands out what is personal in full.
const (
	TrailExport       Kind = "audit-export"
	Backup            Kind = "backup"
	ChangesRead       Kind = "changes-read"
	ConfigurationShow Kind = "configuration-show"
	ConsentErase      Kind = "consent-erase"
	ConsentExport     Kind = "consent-export"
	ConsentHistory    Kind = "consent-history"
	ConsentImport     Kind = "consent-import"
	ConsentProof      Kind = "consent-proof"
	ConsentRecord     Kind = "consent-record"
	ConsentRequest    Kind = "consent-request" // a person is asked for consent
	ConsentShow       Kind = "consent-show"
	DecisionsExport   Kind = "decisions-export"
	DecisionsShow     Kind = "decisions-show"
	DialoguesShow     Kind = "dialogues-show"
	ErrandDrop        Kind = "errand-drop"
	ErrandRetry       Kind = "errand-retry"
	ErrandReview      Kind = "errand-review"
	ErrandsShow       Kind = "errands-show"
	Explain           Kind = "explain"
	Login             Kind = "login"
	LoginFail         Kind = "login-fail"
	LoginLink         Kind = "login-link"  // a link was made that logs in once
	LoginSetup        Kind = "login-setup" // the one-time link of the first start was used
	Logout            Kind = "logout"
	NotifyRetry       Kind = "notify-retry"
	PassApprove       Kind = "pass-approve"
	PassGrant         Kind = "pass-grant"
	PassRevoke        Kind = "pass-revoke"
	PassUse           Kind = "pass-use" // the gate let a message through
	PassesShow        Kind = "passes-show"
	Pause             Kind = "pause"
	Preflight         Kind = "preflight"
	Quality           Kind = "quality"
	Reload            Kind = "reload"
	Replay            Kind = "replay"
	Restore           Kind = "restore" // the folder was made of a backup
	Resume            Kind = "resume"
	ScreenshotUpload  Kind = "screenshot-upload"
	TokenMake         Kind = "token-make"
	TokenRevoke       Kind = "token-revoke"
)

// Kinds lists all kinds, sorted.
func Kinds() []Kind {
	return []Kind{TrailExport, Backup, ChangesRead, ConfigurationShow, ConsentErase, ConsentExport, ConsentHistory,
		ConsentImport, ConsentProof, ConsentRecord, ConsentRequest, ConsentShow, DecisionsExport, DecisionsShow,
		DialoguesShow, ErrandDrop, ErrandRetry, ErrandReview, ErrandsShow, Explain, Login, LoginFail, LoginLink, LoginSetup,
		Logout, NotifyRetry, PassApprove, PassGrant, PassRevoke, PassUse, PassesShow, Pause, Preflight, Quality, Reload,
		Replay, Restore, Resume, ScreenshotUpload, TokenMake, TokenRevoke}
}

// An Outcome is what became of an act.
type Outcome string

// The outcomes of acts.
const (
	UnderWay Outcome = "under-way" // it was begun, and is not over
	Done     Outcome = "done"
	Refused  Outcome = "refused" // nothing was done
	Failed   Outcome = "failed"  // by no fault of the actor's; a part may be done
	Unknown  Outcome = "unknown" // the process ended meanwhile: it may be done, or a part of it
)

// Outcomes lists all outcomes.
func Outcomes() []Outcome {
	return []Outcome{UnderWay, Done, Refused, Failed, Unknown}
}

// Bounds of an act, in bytes: what is longer is cut off.
const (
	maxName  = 256
	maxText  = 1 << 10
	maxAbout = 16 // how many things
)

// checkAct says what is wrong with an act that the audit is to keep.
func checkAct(a *Act) error {
	switch {
	case !slices.Contains(Kinds(), a.Kind):
		return fmt.Errorf("the act %q is none of the audit's", a.Kind)
	case a.Actor == "":
		return fmt.Errorf("an act %s without an actor", a.Kind)
	case len(a.About) > maxAbout:
		return fmt.Errorf("an act %s about %d things: want at most %d", a.Kind, len(a.About), maxAbout)
	}
	return nil
}
