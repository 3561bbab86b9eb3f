package mock

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// awsFail is an error of a service of AWS that speaks JSON: by the awsJson1_0 protocol, or in restJson1 with the code in a
// header. https://smithy.io/2.0/aws/protocols/index.html
func awsFail(rest bool, status int, code, message string, more ...[2]string) answer {
	said := map[string]string{"message": message}
	if !rest {
		said = map[string]string{"__type": code, "Message": message}
	}
	for _, kv := range more {
		said[kv[0]] = kv[1]
	}
	a := jsonAnswer(status, said)
	a.header = [][2]string{{"X-Amzn-Requestid", randomHex(16)}, {"X-Amzn-Errortype", code}}
	if a.fault = code + ": " + message; !rest {
		a.mime, a.header = "application/x-amz-json-1.0", a.header[:1]
	}
	return a
}

// awsUnsigned says why the signature of a call is not that of one of the mock's keys, as AWS' own signer makes it;
// empty where it is, or where the mock has no keys and it is one at all.
func (m *Mock) awsUnsigned(r *http.Request, body []byte, service string) string {
	parts := map[string]string{}
	list, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	for part := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		parts[name] = value
	}
	scope := strings.Split(parts["Credential"], "/")
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	switch {
	case !ok || len(scope) != 5 || err != nil || parts["SignedHeaders"] == "" || parts["Signature"] == "":
		return "the request is not signed by SigV4"
	case scope[3] != service:
		return "the request is signed for the service " + scope[3]
	case m.cfg.Keys == nil:
		return ""
	}
	secret, known := m.cfg.Keys[scope[0]]
	if late := m.cfg.Now().Sub(at).Abs(); !known || late > 15*time.Minute {
		return "the request is signed by a key that is not known, or at another time"
	}
	judge := &http.Request{Method: r.Method, URL: r.URL, Host: r.Host, Header: http.Header{}}
	for name := range strings.SplitSeq(parts["SignedHeaders"], ";") {
		switch name {
		case "host":
		case "content-length":
			judge.ContentLength = r.ContentLength
		default:
			judge.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	sum := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: scope[0], SecretAccessKey: secret, SessionToken: r.Header.Get("X-Amz-Security-Token")}
	if err := v4.NewSigner().SignHTTP(context.Background(), credentials, judge, hex.EncodeToString(sum[:]), service, scope[2], at); err != nil {
		return err.Error()
	}
	_, proof, _ := strings.Cut(judge.Header.Get("Authorization"), "Signature=")
	if subtle.ConstantTimeCompare([]byte(proof), []byte(parts["Signature"])) == 0 {
		return "the signature is not that of the request"
	}
	return ""
}
