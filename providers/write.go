package providers

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// A Writer is a Provider that can write requests of its own. The methods of [Provider] bind it, too.
type Writer interface {
	// Admits says what c lacks as credentials for this service, or has too much of. An error names the key.
	Admits(c *Credentials) error
	// Compose writes o into req, which is empty, as a request that this service takes and that Parse
	// reads as the same message. What an [Authorizer] puts in need not be there.
	Compose(req *fasthttp.Request, o *Outgoing, c *Credentials) error
	// Cancel writes into req, which is empty, that the message with this id, which the service is to
	// deliver later, is not to be delivered. It is no send. ErrNoSchedule, whatever is asked for: the service delivers
	// nothing later, or nothing that could be cancelled. An empty id is another error, also without c.
	Cancel(req *fasthttp.Request, id string, c *Credentials) error
	// Accepted reads the service's answer to a send that it took: its id of the message, and whether
	// it is to deliver that later. The id is empty where the answer tells none.
	Accepted(resp *fasthttp.Response) (id string, scheduled bool)
}

// ErrNoSchedule is what Cancel answers for a service that delivers nothing later, or nothing that could be cancelled.
var ErrNoSchedule = errors.New("this service delivers nothing later")

// An Outgoing is a free-form message that the gate writes itself.
type Outgoing struct {
	To filter.Recipient // its address is canonical; the brand says nothing here
	// From is the sender that the answer to somebody's message comes from, as [filter.Sender] writes it: a
	// number, or a phone-number id. Service is the messaging service it belongs to; empty for none.
	From, Service string
	Name          string // of the business, for services that ask for one
	Text          string
	// Buttons stand below the text where the service has them for a free-form message: at most
	// three. What it says must be understood without them.
	Buttons []Button
}

// A Button is a reply that somebody may tap: ID comes back, and up to 20 characters of Title are read.
type Button struct{ ID, Title string }

// Credentials are what a service knows a customer by: the `credentials` of a route. The gate writes its own
// messages and cancellations with them, and puts them into the calls of others where the route has it do that. It
// uses them for nothing else. They never print.
type Credentials struct {
	// Account is what the service calls the customer, and no secret: Twilio's account SID, AC…, Plivo's auth id,
	// Vonage's API key.
	Account string `yaml:"account"`
	// User is who acts for the account: the SID of one of its API keys at Twilio, SK…, or that of the account that
	// it is a subaccount of; the access key id at AWS. Default: Account.
	User string `yaml:"user"`
	// Secret is the secret of that key, or the auth token, where User is the account; for services that have
	// neither, the token or the key, and all there is.
	Secret string `yaml:"secret" ref:"secret"`
	// Session is the session token beside a temporary secret at AWS.
	Session string `yaml:"session" ref:"secret"`
	// Signature is the signature secret by which calls to Vonage's SMS API are signed, in the place of Secret, and
	// Method how: md5hash, or by an HMAC md5, sha1, sha256 or sha512. Default: md5hash, as that of accounts.
	Signature string `yaml:"signature" ref:"secret"`
	Method    string `yaml:"method"`
}

// String tells nothing.
func (c Credentials) String() string { return "credentials" }

// GoString tells nothing.
func (c Credentials) GoString() string { return "credentials" }

// check wants the keys that are listed, all others not to be set, and nothing that could not stand in a header. What
// may be left out has a ? behind it.
func (c *Credentials) check(service string, takes ...string) error {
	for _, part := range []struct{ key, value string }{
		{"account", c.Account}, {"user", c.User}, {"secret", c.Secret}, {"session", c.Session},
		{"signature", c.Signature}, {"method", c.Method},
	} {
		wanted := slices.Contains(takes, part.key)
		switch {
		case !wanted && !slices.Contains(takes, part.key+"?") && part.value != "":
			return fmt.Errorf("%s: %s knows none", part.key, service)
		case wanted && part.value == "":
			return fmt.Errorf("%s: missing: %s asks for it", part.key, service)
		case strings.ContainsFunc(part.value, func(r rune) bool { return r <= ' ' || r > '~' }):
			return fmt.Errorf("%s: it holds a blank, or a character that no credential has", part.key)
		}
	}
	return nil
}

// posting makes req a POST of a body of this type to a path.
func posting(req *fasthttp.Request, path, contentType string, body []byte) {
	req.Header.SetMethod(fasthttp.MethodPost)
	req.SetRequestURI(path)
	req.Header.SetContentType(contentType)
	req.SetBody(body)
}

// postingJSON makes req a POST of v, which has a JSON form, to a path.
func postingJSON(req *fasthttp.Request, path string, v any) {
	body, _ := json.Marshal(v) // texts, numbers and lists of them: it cannot fail
	posting(req, path, "application/json", body)
}

// deleting makes req a DELETE of a path.
func deleting(req *fasthttp.Request, path string) {
	req.Header.SetMethod(fasthttp.MethodDelete)
	req.SetRequestURI(path)
}

// errNoSender is why a message is not written that has no sender.
var errNoSender = errors.New("nobody is named that the message could come from")

// basic adds the credentials of HTTP Basic authentication.
func basic(req *fasthttp.Request, user, password string) {
	req.Header.Set(fasthttp.HeaderAuthorization, "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}
