package providers

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
)

// A metaMessage is a message from a person, or from WhatsApp about one.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
type metaMessage struct {
	ID               loose `json:"id"`
	From             loose `json:"from"`
	FromUserID       loose `json:"from_user_id"`
	FromParentUserID loose `json:"from_parent_user_id"`
	To               loose `json:"to"` // only echoes of the business's own messages have it
	GroupID          loose `json:"group_id"`
	Timestamp        loose `json:"timestamp"`
	metaContent
	System *struct {
		Type string `json:"type"`
		metaPerson
		NewWaID              loose `json:"new_wa_id"`
		PreviousUserID       loose `json:"previous_user_id"`
		PreviousParentUserID loose `json:"previous_parent_user_id"`
	} `json:"system"`
	Edit *struct {
		Message metaContent `json:"message"`
	} `json:"edit"`
}

// A metaContent is what a message says, in the member that its type names.
type metaContent struct {
	Type string `json:"type"`
	Text struct {
		Body string `json:"body"`
	} `json:"text"`
	Button struct {
		Text    string `json:"text"`
		Payload loose  `json:"payload"`
	} `json:"button"`
	Interactive struct {
		Button metaChoice `json:"button_reply"`
		List   metaChoice `json:"list_reply"`
		Flow   struct {
			Response string `json:"response_json"`
		} `json:"nfm_reply"`
	} `json:"interactive"`
	Image    metaFile `json:"image"`
	Video    metaFile `json:"video"`
	Document metaFile `json:"document"`
	Context  struct {
		ID loose `json:"id"`
	} `json:"context"`
}

type metaChoice struct {
	ID    loose  `json:"id"`
	Title string `json:"title"`
}

type metaFile struct {
	Caption string `json:"caption"`
}

// choice is what somebody pressed of what a message offered: a button, or a row of a list.
func (c *metaContent) choice() metaChoice {
	return cmp.Or(c.Interactive.Button, c.Interactive.List, metaChoice{c.Button.Payload, c.Button.Text})
}

// say has s say what is in c. A reaction, a place, a sticker say no words.
func (c *metaContent) say(s *Signal) {
	s.ReplyTo = string(c.Context.ID)
	switch c.Type {
	case "text":
		s.Text = c.Text.Body
	case "button", "interactive":
		choice := c.choice()
		s.Text, s.Payload = choice.Title, string(choice.ID)
		if choice == (metaChoice{}) {
			s.Payload = c.Interactive.Flow.Response
		}
	case "image", "video", "document", "audio", "voice", "sticker":
		s.Media = 1
		s.Text = c.Image.Caption + c.Video.Caption + c.Document.Caption // of which there is one at most
	}
}

// conversation reads messages and receipts. One that cannot be read takes no other with it.
func (c *metaChange) conversation() (all []Signal, fault error) {
	var v struct {
		Metadata metaSender        `json:"metadata"`
		Contacts []metaPerson      `json:"contacts"`
		Messages []json.RawMessage `json:"messages"`
		Statuses []json.RawMessage `json:"statuses"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil {
		return nil, err
	}
	read := func(from []json.RawMessage, reader func(json.RawMessage, []metaPerson) (Signal, bool, error)) {
		for _, raw := range from {
			s, ok, err := reader(raw, v.Contacts)
			fault = errors.Join(fault, err)
			if ok {
				v.Metadata.name(&s)
				all = append(all, s)
			}
		}
	}
	read(v.Messages, metaMessageSignal)
	read(v.Statuses, metaStatusSignal)
	return all, fault
}

// withContacts adds to the addresses of a person those that contacts have for one of them.
func withContacts(contacts []metaPerson, written ...loose) (all []string) {
	for _, w := range written {
		all = append(all, string(w))
	}
	for _, p := range contacts {
		ids := []loose{p.WaID, p.UserID, p.ParentUserID}
		for _, w := range written {
			if w != "" && (w == ids[0] || w == ids[1] || w == ids[2]) {
				all = append(all, string(ids[0]), string(ids[1]), string(ids[2]))
				break
			}
		}
	}
	return all
}

func metaMessageSignal(raw json.RawMessage, contacts []metaPerson) (s Signal, ok bool, err error) {
	var m metaMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return s, false, err
	}
	if m.ID == "" || m.GroupID != "" || m.To != "" {
		return s, false, nil
	}
	s = Signal{Kind: Message, ID: string(m.ID), Time: unixTime(m.Timestamp)}
	switch {
	case m.Type == "system":
		return s, s.moved(&m), nil
	case m.Type == "request_welcome" || m.Type == "revoke": // a chat that was only opened; a message taken back
		return s, false, nil
	case m.Type == "edit" && m.Edit != nil:
		m.Edit.Message.say(&s)
		s.Edited = true
	default:
		m.say(&s)
	}
	return s, s.about(withContacts(contacts, m.From, m.FromUserID, m.FromParentUserID)...), nil
}

// moved has s say that a person changed their number, or that their id changed without one.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
func (s *Signal) moved(m *metaMessage) bool {
	if m.System == nil || m.System.Type != "user_changed_number" && m.System.Type != "user_changed_user_id" {
		return false
	}
	sys := m.System
	s.Kind = PersonMoved
	return s.about(string(m.From), string(sys.PreviousUserID), string(sys.PreviousParentUserID), string(m.FromUserID),
		string(sys.WaID), string(sys.NewWaID), string(sys.UserID), string(sys.ParentUserID)) && len(s.Aliases) > 0
}

func metaStatusSignal(raw json.RawMessage, contacts []metaPerson) (s Signal, ok bool, err error) {
	var m struct {
		ID           loose  `json:"id"`
		Status       string `json:"status"`
		Timestamp    loose  `json:"timestamp"`
		Recipient    loose  `json:"recipient_id"`
		UserID       loose  `json:"recipient_user_id"`
		ParentUserID loose  `json:"recipient_parent_user_id"`
		To           string `json:"recipient_type"`
		Errors       []struct {
			Code loose `json:"code"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return s, false, err
	}
	if m.ID == "" || m.Status == "" || m.To == "group" {
		return s, false, nil
	}
	status := strings.ToLower(short(m.Status))
	s = Signal{Kind: Receipt, ID: string(m.ID) + ":" + status, MessageID: string(m.ID), Status: status, Time: unixTime(m.Timestamp)}
	if len(m.Errors) > 0 {
		s.Code = count(string(m.Errors[0].Code))
	}
	return s, s.about(withContacts(contacts, m.Recipient, m.UserID, m.ParentUserID)...), nil
}
