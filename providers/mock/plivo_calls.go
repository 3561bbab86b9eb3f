package mock

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// https://docs.plivo.com/docs/messaging/xml/request
func plivoInbound(t *talk) string {
	return url.Values{"From": {t.person}, "To": {t.us}, "Type": {"sms"}, "Text": {t.text}, "MessageUUID": {randomHex(16)}, "Units": {"1"}}.Encode()
}

// https://docs.plivo.com/docs/messaging/api/message/message-status-callback
func plivoReceipt(t *talk) string {
	form := url.Values{"From": {t.us}, "To": {t.person}, "Status": {"delivered"}, "ErrorCode": {"000"}, "MessageUUID": {t.id}, "ParentMessageUUID": {t.id}}
	if t.leaves {
		form.Set("Status", "failed")
		form.Set("ErrorCode", "200")
	}
	return form.Encode()
}

// https://docs.plivo.com/docs/messaging/concepts/signature-validation
func plivoSign(secret, to, _ string, now time.Time) []string {
	base, _, _ := strings.Cut(to, "?")
	nonce := strconv.FormatInt(now.UnixNano(), 10)
	signature := base64.StdEncoding.EncodeToString(mac(secret, base+nonce))
	return []string{"X-Plivo-Signature-V2", signature, "X-Plivo-Signature-Ma-V2", signature, "X-Plivo-Signature-V2-Nonce", nonce}
}
