package providers

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // Amazon SNS' first version signs by it
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/filter"
	"github.com/valyala/fasthttp"
)

// An awsNotifier knows the calls by which Amazon SNS tells what another service of AWS published to a topic. Everybody
// can have SNS sign for a topic of their own, so that the topic is what a call is known by.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
type awsNotifier struct{ asSigned }

// A notification is such a call.
type notification struct {
	Type, MessageID, TopicARN, Subject, Message, Timestamp string
	Token, SubscribeURL                                    string
	SignatureVersion, Signature, SigningCertURL            string
}

// read reads a call, whose keys are those of SNS in their letters.
func (n *notification) read(req *fasthttp.Request) error {
	body, err := calledWith(req)
	if err != nil {
		return err
	}
	nodes, err := scanJSON(body, nil) // which knows no key twice
	if err != nil || nodes[0].kind != '{' {
		return errNoCall
	}
	d := document{body, nodes}
	for key, to := range map[string]*string{"Type": &n.Type, "MessageId": &n.MessageID, "TopicArn": &n.TopicARN, "Subject": &n.Subject, "Message": &n.Message,
		"Timestamp": &n.Timestamp, "Token": &n.Token, "SubscribeURL": &n.SubscribeURL, "SignatureVersion": &n.SignatureVersion,
		"Signature": &n.Signature, "SigningCertURL": &n.SigningCertURL} {
		if at := d.member(0, key); at != 0 && nodes[at].kind == '"' {
			*to = string(unquote(nil, d.raw(at)))
		}
	}
	return nil
}

// signed is what is signed of a call.
func (n *notification) signed() []byte {
	parts := []string{"Message", n.Message, "MessageId", n.MessageID}
	if n.Type == "Notification" {
		if n.Subject != "" {
			parts = append(parts, "Subject", n.Subject)
		}
		parts = append(parts, "Timestamp", n.Timestamp)
	} else {
		parts = append(parts, "SubscribeURL", n.SubscribeURL, "Timestamp", n.Timestamp, "Token", n.Token)
	}
	return []byte(strings.Join(append(parts, "TopicArn", n.TopicARN, "Type", n.Type), "\n") + "\n")
}

// topicARN is the name of a topic, in which a region is.
var topicARN = regexp.MustCompile(`^arn:(aws|aws-cn|aws-eusc|aws-us-gov):sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_.-]+$`)

// topicHost is the address of SNS in a topic's region; empty for what is no topic.
func topicHost(topic string) string {
	m := topicARN.FindStringSubmatch(topic)
	switch {
	case m == nil:
		return ""
	case m[1] == "aws-cn":
		return "https://sns." + m[2] + ".amazonaws.com.cn/"
	case m[1] == "aws-eusc":
		return "https://sns." + m[2] + ".amazonaws.eu/"
	}
	return "https://sns." + m[2] + ".amazonaws.com/"
}

var certificateName = regexp.MustCompile(`^SimpleNotificationService-[0-9a-f]{1,64}\.pem$`)

// Wants asks for topics, and nothing else that a call could be known by but a header.
func (awsNotifier) Wants(w *Webhook) error {
	switch {
	case len(w.Secrets) > 0 || len(w.PublicKeys) > 0:
		return errors.New("topics: AWS tells by topics of Amazon SNS, which signs with keys that it publishes: want topics, and no keys")
	case len(w.Topics) == 0:
		return errors.New("topics: missing: the ARNs of the topics to which AWS publishes what it tells: everybody can have a call signed for another")
	}
	for _, topic := range w.Topics {
		if topicHost(topic) == "" {
			return errors.New("topics: want ARNs of topics of Amazon SNS, such as arn:aws:sns:eu-central-1:123456789012:sms")
		}
	}
	return nil
}

// Verify checks the topic and SNS' signature, by the certificate that SNS publishes in the topic's region.
func (awsNotifier) Verify(req *fasthttp.Request, w *Webhook, now time.Time) error {
	if err := w.posted(&req.Header); err != nil {
		return err
	}
	var n notification
	if err := n.read(req); err != nil {
		return unsigned("it is no notification of Amazon SNS")
	}
	host := topicHost(n.TopicARN)
	name, there := strings.CutPrefix(n.SigningCertURL, host)
	signature, err := base64.StdEncoding.DecodeString(n.Signature)
	switch {
	case !slices.Contains(w.Topics, n.TopicARN) || host == "":
		return unsigned("it is of another topic than those of the route")
	case !there || !certificateName.MatchString(name) || err != nil:
		return unsigned("its certificate is not one of Amazon SNS in the topic's region")
	case n.Type != "Notification" && n.Type != "SubscriptionConfirmation" && n.Type != "UnsubscribeConfirmation":
		return unsigned("it is of a type that is not known")
	case n.Type == "SubscriptionConfirmation" && !strings.HasPrefix(n.SubscribeURL, host+"?Action=ConfirmSubscription&"):
		return unsigned("it is to be confirmed at another address than that of the topic's region")
	case w.Fetch == nil:
		return errors.New("there is no way to get the certificate of Amazon SNS")
	}
	text, err := w.Fetch(n.SigningCertURL)
	if err != nil {
		return err
	}
	return n.verify(text, signature, now)
}

// verify checks the signature by a certificate in PEM.
func (n *notification) verify(text, signature []byte, now time.Time) error {
	block, _ := pem.Decode(text)
	if block == nil {
		return errors.New("what Amazon SNS publishes is no certificate")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return errors.New("what Amazon SNS publishes is no certificate")
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok || now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return unsigned("the certificate of Amazon SNS is not of RSA, or not good now")
	}
	switch n.SignatureVersion {
	case "1":
		sum := sha1.Sum(n.signed()) //nolint:gosec // see above
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256(n.signed())
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	default:
		return unsigned("its signature is of a version that is not known")
	}
	if err != nil {
		return unsigned("its signature is not that of Amazon SNS")
	}
	return nil
}

// Confirmation is the address that confirms a subscription.
func (awsNotifier) Confirmation(req *fasthttp.Request) string {
	var n notification
	if n.read(req) != nil || n.Type != "SubscriptionConfirmation" {
		return ""
	}
	return n.SubscribeURL
}

// errUnsubscribed is for a call that is the last one: nobody who opts out is heard of from then on. Whoever unsubscribed the
// address may have meant to, so that the gate does not subscribe it again; but somebody has to know.
var errUnsubscribed = errors.New("the address was unsubscribed from the topic: what people write comes here no more until it is subscribed again")

// told reads what is published in a call into v. ok is false for a call that publishes nothing.
func (n *notification) told(req *fasthttp.Request, v any) (ok bool, err error) {
	switch err := n.read(req); {
	case err != nil:
		return false, err
	case n.Type == "SubscriptionConfirmation":
		return false, ErrHandshake
	case n.Type == "UnsubscribeConfirmation":
		return false, errUnsubscribed
	case json.Unmarshal([]byte(n.Message), v) != nil:
		return false, errNoCall
	}
	return true, nil
}

// An awsText is a text that somebody wrote, or what became of one that was sent to them.
type awsText struct {
	OriginationNumber, DestinationNumber, MessageBody, InboundMessageID, PreviousPublishedMessageID string

	EventType, OriginationPhoneNumber, DestinationPhoneNumber, MessageID, MessageStatus string
	EventTimestamp                                                                      int64
}

// An awsRich is what stands in place of a text where RCS has something else.
type awsRich struct{ Type, Text, PostbackData string }

// rich reads the body of t into s, and reports whether the person did anything at all.
func (t *awsText) rich(s *Signal) bool {
	var r awsRich
	if !strings.HasPrefix(t.MessageBody, "{") || json.Unmarshal([]byte(t.MessageBody), &r) != nil {
		return true
	}
	switch r.Type {
	case "RCS_TYPING", "CONVERSATION_STARTED":
		return false
	case "": // somebody wrote just that
	case "SUGGESTION":
		s.Text, s.Payload = r.Text, r.PostbackData
	case "UNSUBSCRIBE":
		*s = Signal{Kind: Preference, ID: s.ID, Sender: s.Sender, Stop: true, Scope: filter.All, Detail: "unsubscribed"}
	default: // a place or a file
		s.Text, s.Media = r.Text, 1
	}
	return true
}

// awsTextSignals reads what AWS tells of texts, and of what people pressed in RCS, where their numbers have no plus: messages
// that it answers itself do not come here, unless the number's opt-outs are managed by its owner.
// Sources: https://docs.aws.amazon.com/sms-voice/latest/userguide/two-way-sms-payload.html,
// https://docs.aws.amazon.com/sms-voice/latest/userguide/rcs-events.html and
// https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html
func awsTextSignals(req *fasthttp.Request) ([]Signal, error) {
	var n notification
	var t awsText
	if ok, err := n.told(req, &t); !ok {
		return nil, err
	}
	s := Signal{Kind: Message, ID: t.InboundMessageID, Sender: filter.Sender(t.DestinationNumber, ""), Text: t.MessageBody, ReplyTo: t.PreviousPublishedMessageID}
	person := t.OriginationNumber
	at, _ := readTime(n.Timestamp)
	switch {
	case t.EventType != "":
		person = t.DestinationPhoneNumber
		s = Signal{Kind: Receipt, ID: t.MessageID + ":" + strings.ToLower(t.MessageStatus), Sender: filter.Sender(t.OriginationPhoneNumber, ""),
			Status: strings.ToLower(t.MessageStatus), MessageID: t.MessageID}
		at = time.UnixMilli(t.EventTimestamp)
	case !t.rich(&s):
		return nil, nil
	case s.ID == "":
		s.ID = n.MessageID
	}
	address, err := filter.Number(withPlus(person), "")
	if err != nil || s.ID == "" {
		return nil, nil
	}
	if s.From = (filter.Recipient{Channel: filter.SMS, Address: address}); !at.IsZero() {
		s.Time = at.UTC()
	}
	return []Signal{s}, nil
}
