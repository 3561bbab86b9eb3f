package filter

import "time"

// Evidence is what proves an event: how it was given and what was shown. All fields are as the
// sender of the event stated them, and personal: they are kept apart from what a send reads.
// What is demanded of them is for [Brand.Lint] to say.
type Evidence struct {
	Method       string `json:"method,omitempty"`        // how it reached the business: web form, paper, ivr, …
	Action       string `json:"action,omitempty"`        // what the person did: ticked box, replied, signed, …
	Wording      string `json:"wording,omitempty"`       // the very text that was agreed to
	PolicyURL    string `json:"policy_url,omitempty"`    // the privacy policy shown with it
	BusinessName string `json:"business_name,omitempty"` // who was named in it
	Purpose      string `json:"purpose,omitempty"`       // what kind of messages was promised
	Language     string `json:"language,omitempty"`
	FullName     string `json:"full_name,omitempty"`
	Email        string `json:"email,omitempty"`
	Postal       string `json:"postal,omitempty"`
	Place        string `json:"place,omitempty"` // where the person is, as they stated it; see [ParsePlace]
	IP           string `json:"ip,omitempty"`
	UserAgent    string `json:"user_agent,omitempty"`

	// Reference and ReferenceDate name the order or appointment that consent is implied by.
	Reference     string    `json:"reference,omitempty"`
	ReferenceDate time.Time `json:"reference_date,omitzero"`
	// ScreenshotURL and ScreenshotSHA256, in lower-case hex, are of a picture of what was shown.
	ScreenshotURL    string `json:"screenshot_url,omitempty"`
	ScreenshotSHA256 string `json:"screenshot_sha256,omitempty"`
	// PreTicked says that the box was ticked before the person came: then nobody agreed.
	PreTicked bool `json:"pre_ticked,omitempty"`
	// NumberEnteredByUser says that the person typed the number, or could change it.
	NumberEnteredByUser bool `json:"number_entered_by_user,omitempty"`

	CapturedAt time.Time `json:"captured_at,omitzero"`
}
