package mock

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Limits of the Cloud API in characters,
// https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages.
const (
	graphText     = 4096 // text.body, and interactive.body.text of a list
	graphCaption  = 1024 // captions, interactive.body.text
	graphFooter   = 60   // interactive.footer.text and header.text
	graphOpaque   = 512  // biz_opaque_callback_data
	graphTemplate = 512  // template.name
)

// A fault is why the Cloud API refuses a message.
type fault struct {
	code    int
	details string
}

func (f *fault) answer() answer { return graphFail(f.code, f.details) }

func missing(param string) *fault {
	return &fault{131008, fmt.Sprintf("The parameter %s is required.", param)}
}
func invalid(format string, args ...any) *fault { return &fault{131009, fmt.Sprintf(format, args...)} }
func bad(format string, args ...any) *fault     { return &fault{100, fmt.Sprintf(format, args...)} }

// product checks messaging_product.
func (o object) product() *fault {
	switch v, ok := o["messaging_product"]; {
	case !ok:
		return bad("The parameter messaging_product is required.")
	case v != "whatsapp":
		return bad("Param messaging_product must be one of {WHATSAPP} - got %q.", o.text("messaging_product"))
	}
	return nil
}

// recipient finds whom the message is for: as written, also where that is no address, and the
// digits of a phone number.
func (o object) recipient() (input, number string, f *fault) {
	kind, given := o["recipient_type"]
	if given && kind != "individual" && kind != "group" {
		return "", "", bad("Param recipient_type must be one of {INDIVIDUAL, GROUP}.")
	}
	input = o.text("to")
	if input == "" {
		if _, given := o["to"]; given {
			return "", "", invalid("Param to is no phone number.")
		}
		if _, given := o["recipient"]; !given {
			return "", "", bad("The parameter to is required.")
		}
		if input = o.text("recipient"); !userID.MatchString(input) {
			return input, "", invalid("Param recipient is no user id.")
		}
		return input, "", nil
	}
	if kind == "group" {
		return input, "", nil
	}
	number, ok := digits(input)
	if !ok {
		return input, "", invalid("Param to is no phone number: %q.", input)
	}
	return input, number, nil
}

// graphTypes are the message types, and what the object of each must hold.
var graphTypes = map[string]func(o object, s *Send) *fault{
	"text":        graphTextRules,
	"image":       func(o object, s *Send) *fault { return graphMedia(o, s, true) },
	"video":       func(o object, s *Send) *fault { return graphMedia(o, s, true) },
	"document":    func(o object, s *Send) *fault { return graphMedia(o, s, true) },
	"audio":       func(o object, s *Send) *fault { return graphMedia(o, s, false) },
	"sticker":     func(o object, s *Send) *fault { return graphMedia(o, s, false) },
	"location":    func(o object, _ *Send) *fault { return o.need("location", "latitude", "longitude") },
	"reaction":    func(o object, _ *Send) *fault { return o.need("reaction", "message_id") },
	"interactive": graphInteractive,
	"template":    graphTemplateRules,
}

// message checks what is sent.
func (o object) message(marketing bool, s *Send) *fault {
	s.Type = "text"
	if kind, given := o["type"]; given {
		s.Type, _ = kind.(string)
	}
	if marketing && s.Type != "template" {
		return bad("Only template messages are supported at this endpoint.")
	}
	if utf8.RuneCountInString(o.text("biz_opaque_callback_data")) > graphOpaque {
		return bad("Param biz_opaque_callback_data must be at most %d characters long.", graphOpaque)
	}
	if _, given := o["context"]; given && o.object("context").text("message_id") == "" {
		return missing("context['message_id']")
	}
	if s.Type == "contacts" {
		return o.contacts()
	}
	rules, known := graphTypes[s.Type]
	if !known {
		return bad("Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, LOCATION, REACTION, STICKER, TEMPLATE, TEXT, VIDEO} - got %q.", s.Type)
	}
	for other := range graphTypes {
		if _, given := o[other]; given && other != s.Type {
			return bad("Unexpected key %q in a message of type %s.", other, s.Type)
		}
	}
	body := o.object(s.Type)
	if body == nil {
		return missing(s.Type)
	}
	return rules(body, s)
}

// need faults the first of keys that is missing or empty in the object called name.
func (o object) need(name string, keys ...string) *fault {
	for _, key := range keys {
		if o.text(key) == "" {
			return missing(name + "['" + key + "']")
		}
	}
	return nil
}

// within faults a text that is longer than limit characters.
func (o object) within(name, key string, limit int) *fault {
	if v, given := o[key]; given {
		if _, ok := v.(string); !ok {
			return invalid("Param %s['%s'] must be a string.", name, key)
		}
	}
	if utf8.RuneCountInString(o.text(key)) > limit {
		return bad("Param %s['%s'] must be at most %d characters long.", name, key, limit)
	}
	return nil
}

func graphTextRules(o object, s *Send) *fault {
	s.Text = o.text("body")
	if f := o.need("text", "body"); f != nil {
		return f
	}
	return o.within("text", "body", graphText)
}

func graphMedia(o object, s *Send, captioned bool) *fault {
	id, link := o.text("id"), o.text("link")
	if (id == "") == (link == "") {
		return invalid("A %s has either an id or a link.", s.Type)
	}
	if u, err := url.Parse(link); link != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return invalid("Param %s['link'] is not a valid URI.", s.Type)
	}
	s.Text = o.text("caption")
	if _, given := o["caption"]; given && !captioned {
		return bad("Unexpected key \"caption\" on param %q.", s.Type)
	}
	return o.within(s.Type, "caption", graphCaption)
}

func (o object) contacts() *fault {
	list, _ := o["contacts"].([]any)
	if len(list) == 0 {
		return missing("contacts")
	}
	for _, c := range list {
		person, _ := c.(object)
		if person.object("name").text("formatted_name") == "" {
			return missing("contacts[]['name']['formatted_name']")
		}
	}
	return nil
}

// graphBodyless are the interactive messages that need no body text.
var graphBodyless = map[string]bool{"product": true}

var graphInteractiveTypes = map[string]bool{"button": true, "list": true, "cta_url": true, "product": true,
	"product_list": true, "catalog_message": true, "flow": true, "location_request_message": true, "address_message": true,
	"call_permission_request": true, "voice_call": true, "carousel": true}

func graphInteractive(o object, s *Send) *fault {
	kind := o.text("type")
	if !graphInteractiveTypes[kind] {
		return bad("Param interactive['type'] is unknown: %q.", kind)
	}
	if o.object("action") == nil {
		return missing("interactive['action']")
	}
	body, footer, header := o.object("body"), o.object("footer"), o.object("header")
	s.Text, s.Footer = body.text("text"), footer.text("text")
	if s.Text == "" && !graphBodyless[kind] {
		return missing("interactive['body']['text']")
	}
	limit := graphCaption
	if kind == "list" {
		limit = graphText
	}
	if f := body.within("interactive['body']", "text", limit); f != nil {
		return f
	}
	if _, given := o["footer"]; given && s.Footer == "" {
		return missing("interactive['footer']['text']")
	}
	if f := footer.within("interactive['footer']", "text", graphFooter); f != nil {
		return f
	}
	return header.within("interactive['header']", "text", graphFooter)
}

var (
	templateName = regexp.MustCompile(`^[a-z0-9_]+$`)
	templateKeys = map[string]bool{"name": true, "language": true, "components": true, "namespace": true}
	components   = map[string]bool{"header": true, "body": true, "button": true, "carousel": true, "limited_time_offer": true,
		"order_status": true, "tap_target_configuration": true}
)

// graphTemplateRules checks the shape of a template message. A template is approved as it is: its
// text and its footer cannot be changed while sending.
func graphTemplateRules(o object, s *Send) *fault {
	s.Template = o.text("name")
	for key := range o {
		if !templateKeys[key] {
			return bad("Unexpected key %q on param \"template\".", key)
		}
	}
	if f := o.need("template", "name"); f != nil {
		return f
	}
	if !templateName.MatchString(s.Template) || len(s.Template) > graphTemplate {
		return &fault{132001, fmt.Sprintf("template name (%s) does not exist", s.Template)}
	}
	if o.object("language").text("code") == "" {
		return missing("template['language']['code']")
	}
	list, ok := o["components"].([]any)
	if _, given := o["components"]; given && !ok {
		return invalid("Param template['components'] must be an array.")
	}
	for _, c := range list {
		part, _ := c.(object)
		kind := strings.ToLower(part.text("type"))
		if !components[kind] {
			return bad("Param template['components'][]['type'] is unknown: %q.", kind)
		}
		if _, text := part["text"]; text {
			return bad("Unexpected key \"text\" on param \"template['components'][]\".")
		}
	}
	return nil
}
