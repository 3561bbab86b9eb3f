package mock

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// birdChannelsFail is an error of Bird's Channels API.
func birdChannelsFail(status int, code, message string) answer {
	a := jsonAnswer(status, map[string]string{"code": code, "message": message})
	a.fault = code + ": " + message
	return a
}

// birdChannels plays one call of Bird's Channels API.
// https://docs.bird.com/api/channels-api/api-reference/messaging
func (m *Mock) birdChannels(r *http.Request, body []byte, s *Send) answer {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != "AccessKey" && scheme != "Bearer" || key == "" {
		return birdChannelsFail(http.StatusUnauthorized, "Unauthorized", "there is no key")
	}
	if r.Method != http.MethodPost {
		return birdChannelsFail(http.StatusNotFound, "NotFound", "there is no such resource")
	}
	o, err := fields(r, body, false)
	if err != nil {
		return birdChannelsFail(http.StatusBadRequest, "InvalidPayload", err.Error())
	}
	all, batch := []any{o}, strings.HasSuffix(r.URL.Path, "/batch/messages")
	if batch {
		if all, _ = o["messageRequests"].([]any); len(all) == 0 || len(all) > 100 {
			return birdChannelsFail(http.StatusUnprocessableEntity, "UnprocessableEntity", "a batch has 1 to 100 messages")
		}
	}
	channel := strings.Split(r.URL.Path, "/")[4]
	id, how, everybody := randomHex(16), answered, []string{}
	for n, v := range all {
		message, _ := v.(object)
		to, f, bad := m.birdContacts(message)
		if bad != nil {
			return *bad
		}
		if n == 0 {
			s.From, s.Text, s.Template = channel, birdBody(message.object("body")), message.object("template").text("projectId")
		}
		everybody, how = append(everybody, to...), max(how, f)
	}
	s.to(everybody)
	now := m.cfg.Now().UTC().Format(time.RFC3339)
	a := jsonAnswer(http.StatusAccepted, map[string]any{"id": id, "channelId": channel, "status": "accepted", "reason": "", "direction": "outgoing",
		"receiver": o["receiver"], "reference": o["reference"], "createdAt": now, "updatedAt": now})
	if batch {
		a = jsonAnswer(http.StatusAccepted, map[string]string{"id": id})
	}
	a.accepted, a.id, a.fate = true, id, how
	return a
}

// birdBody is the text of a message.
func birdBody(body object) string {
	if html := body.object("html").text("html"); html != "" {
		return html
	}
	return body.object("html").text("text") + body.object("text").text("text")
}

// birdContacts are whom one message is to; bad is why the whole call is refused.
func (m *Mock) birdContacts(message object) (to []string, how fate, bad *answer) {
	refuse := func(text string) ([]string, fate, *answer) {
		a := birdChannelsFail(http.StatusUnprocessableEntity, "UnprocessableEntity", text)
		return nil, how, &a
	}
	contacts, _ := message.object("receiver")["contacts"].([]any)
	switch body, template := birdBody(message.object("body")), message.object("template").text("projectId"); {
	case len(contacts) == 0:
		return refuse("receiver.contacts is required")
	case (body == "") == (template == ""):
		return refuse("a message has a body or a template")
	}
	for _, v := range contacts {
		contact, _ := v.(object)
		address := contact.text("identifierValue")
		out, f := m.outcome(address)
		if key := contact.text("identifierKey"); key == "emailaddress" {
			out, f = m.mailed(address)
		} else if key != "" && key != "phonenumber" {
			out, f = m.called(address)
		}
		switch how = max(how, f); out {
		case undialable:
			return refuse("identifierValue is no address of the channel")
		case limited:
			a := birdChannelsFail(http.StatusTooManyRequests, "TooManyRequests", "slow down")
			return nil, how, &a
		case failed, absent:
			a := birdChannelsFail(http.StatusInternalServerError, "InternalServerError", "try again")
			return nil, how, &a
		}
		to = append(to, address)
	}
	return to, how, nil
}

// https://docs.bird.com/api/channels-api/message-status-and-interactions
func birdChannelsCall(t *talk, event string, payload map[string]any) string {
	at := t.now.UTC().Format(time.RFC3339Nano)
	payload["channelId"], payload["createdAt"], payload["lastStatusAt"] = t.us, at, at
	return asJSON(map[string]any{"service": "channels", "event": "sms." + event, "payload": payload})
}

func birdChannelsInbound(t *talk) string {
	return birdChannelsCall(t, "inbound", map[string]any{"id": randomHex(16), "status": "delivered", "direction": "incoming",
		"sender": map[string]any{"contact": birdNumber(t)}, "receiver": map[string]any{"connector": map[string]string{"id": randomHex(16)}},
		"body": map[string]any{"type": "text", "text": map[string]string{"text": t.text}}})
}

func birdChannelsReceipt(t *talk) string {
	status := "delivered"
	if t.leaves {
		status = "delivery_failed"
	}
	return birdChannelsCall(t, "outbound", map[string]any{"id": t.id, "status": status, "direction": "outgoing", "receiver": map[string]any{"contacts": []any{birdNumber(t)}}})
}

func birdNumber(t *talk) map[string]string {
	return map[string]string{"id": randomHex(16), "identifierKey": "phonenumber", "identifierValue": "+" + t.person}
}

// https://docs.bird.com/api/notifications-api/api-reference/webhooks/verifying-a-webhook
func birdChannelsSign(secret, to, body string, now time.Time) []string {
	at := strconv.FormatInt(now.Unix(), 10)
	return []string{"Messagebird-Signature", base64.StdEncoding.EncodeToString(mac(secret, at+"\n"+to+"\n"+string(sum(body)))), "Messagebird-Request-Timestamp", at}
}
