package store

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
	Seq   uint64    `json:"seq"`            // its place in the audit, set by the store
	Time  time.Time `json:"time"`           // when it came to its outcome; while it is under way, when it was begun
	Begun time.Time `json:"begun,omitzero"` // zero where it came to its outcome at once

	Kind   ActKind `json:"act"`
	Actor  string  `json:"actor"`            // name of the token or of who is logged in; of a failed login, the user's, or unknown
	Role   string  `json:"role,omitempty"`   // viewer, reviewer or admin
	By     string  `json:"by,omitempty"`     // how the actor is known: token, console
	Remote string  `json:"remote,omitempty"` // the address that the call came from, without its port

	// To is the one recipient whom it is about. The store takes the address in full and keeps it masked.
	To     filter.Recipient `json:"to,omitzero"`
	Person string           `json:"person,omitempty"` // the keyed fingerprint of the address, set by the store

	// About are the other things it is about, by what they are: "switch" and its id, "filter" and the query.
	// No value may hold an address.
	About map[string]string `json:"about,omitempty"`
	Note  string            `json:"note,omitempty"` // the reason that was given

	Outcome ActOutcome `json:"outcome"`
	Status  int        `json:"status,omitempty"` // of HTTP, where it was answered with one
	Error   string     `json:"error,omitempty"`  // what it was refused with, or what failed

	Asked ActMark `json:"-"` // when it was asked for, of [audit.Asked]; of no act that was read
}

// An ActKind says what sort of act it is, in a word of a closed list.
type ActKind string

// The kinds of acts. What ends in Show, Read, History or Export hands out what is personal in full.
const (
	ActAuditExport       ActKind = "audit-export"
	ActBackup            ActKind = "backup"
	ActChangesRead       ActKind = "changes-read"
	ActConfigurationShow ActKind = "configuration-show"
	ActConsentErase      ActKind = "consent-erase"
	ActConsentExport     ActKind = "consent-export"
	ActConsentHistory    ActKind = "consent-history"
	ActConsentImport     ActKind = "consent-import"
	ActConsentProof      ActKind = "consent-proof"
	ActConsentRecord     ActKind = "consent-record"
	ActConsentRequest    ActKind = "consent-request" // a person is asked for consent
	ActConsentShow       ActKind = "consent-show"
	ActDecisionsExport   ActKind = "decisions-export"
	ActDecisionsShow     ActKind = "decisions-show"
	ActDialoguesShow     ActKind = "dialogues-show"
	ActErrandDrop        ActKind = "errand-drop"
	ActErrandRetry       ActKind = "errand-retry"
	ActErrandReview      ActKind = "errand-review"
	ActErrandsShow       ActKind = "errands-show"
	ActExplain           ActKind = "explain"
	ActLogin             ActKind = "login"
	ActLoginFail         ActKind = "login-fail"
	ActLoginLink         ActKind = "login-link"  // a link was made that logs in once
	ActLoginSetup        ActKind = "login-setup" // the one-time link of the first start was used
	ActLogout            ActKind = "logout"
	ActNotifyRetry       ActKind = "notify-retry"
	ActPassApprove       ActKind = "pass-approve"
	ActPassGrant         ActKind = "pass-grant"
	ActPassRevoke        ActKind = "pass-revoke"
	ActPassUse           ActKind = "pass-use" // the gate let a message through
	ActPassesShow        ActKind = "passes-show"
	ActPause             ActKind = "pause"
	ActPreflight         ActKind = "preflight"
	ActQuality           ActKind = "quality"
	ActReload            ActKind = "reload"
	ActReplay            ActKind = "replay"
	ActRestore           ActKind = "restore" // the folder was made of a backup
	ActResume            ActKind = "resume"
	ActScreenshotUpload  ActKind = "screenshot-upload"
	ActTokenMake         ActKind = "token-make"
	ActTokenRevoke       ActKind = "token-revoke"
)

// ActKinds lists all kinds, sorted.
func ActKinds() []ActKind {
	return []ActKind{ActAuditExport, ActBackup, ActChangesRead, ActConfigurationShow, ActConsentErase, ActConsentExport, ActConsentHistory,
		ActConsentImport, ActConsentProof, ActConsentRecord, ActConsentRequest, ActConsentShow, ActDecisionsExport, ActDecisionsShow,
		ActDialoguesShow, ActErrandDrop, ActErrandRetry, ActErrandReview, ActErrandsShow, ActExplain, ActLogin, ActLoginFail, ActLoginLink, ActLoginSetup,
		ActLogout, ActNotifyRetry, ActPassApprove, ActPassGrant, ActPassRevoke, ActPassUse, ActPassesShow, ActPause, ActPreflight, ActQuality, ActReload,
		ActReplay, ActRestore, ActResume, ActScreenshotUpload, ActTokenMake, ActTokenRevoke}
}

// An ActOutcome is what became of an act.
type ActOutcome string

// The outcomes of acts.
const (
	ActUnderWay ActOutcome = "under-way" // it was begun, and is not over
	ActDone     ActOutcome = "done"
	ActRefused  ActOutcome = "refused" // nothing was done
	ActFailed   ActOutcome = "failed"  // by no fault of the actor's; a part may be done
	ActUnknown  ActOutcome = "unknown" // the process ended meanwhile: it may be done, or a part of it
)

// ActOutcomes lists all outcomes.
func ActOutcomes() []ActOutcome {
	return []ActOutcome{ActUnderWay, ActDone, ActRefused, ActFailed, ActUnknown}
}

// Bounds of an act, in bytes: what is longer is cut off.
const (
	maxActName  = 256
	maxActText  = 1 << 10
	maxActAbout = 16 // how many things
)

// checkAct says what is wrong with an act that the audit is to keep.
func checkAct(a *Act) error {
	switch {
	case !slices.Contains(ActKinds(), a.Kind):
		return fmt.Errorf("the act %q is none of the audit's", a.Kind)
	case a.Actor == "":
		return fmt.Errorf("an act %s without an actor", a.Kind)
	case len(a.About) > maxActAbout:
		return fmt.Errorf("an act %s about %d things: want at most %d", a.Kind, len(a.About), maxActAbout)
	}
	return nil
}
