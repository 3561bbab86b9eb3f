package mock

// The webhooks of https://github.com/api-evangelist/infobip/blob/main/openapi/infobip-sms-openapi.json. What signs is
// postmarkSign: a name and a password.
func infobipInbound(t *talk) string {
	return asJSON(map[string]any{"results": []map[string]any{{"messageId": randomHex(10), "from": t.person, "to": t.us, "text": t.text, "cleanText": t.text, "keyword": "",
		"receivedAt": infobipTime(t), "smsCount": 1}}, "messageCount": 1, "pendingMessageCount": 0})
}

func infobipReceipt(t *talk) string {
	status := map[string]any{"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}
	fault := map[string]any{"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "permanent": false}
	if t.leaves {
		status = map[string]any{"groupId": 5, "groupName": "REJECTED", "id": 14, "name": "REJECTED_DESTINATION_BLOCKLISTED"}
		fault = map[string]any{"groupId": 2, "groupName": "USER_ERRORS", "id": 603, "name": "EC_CONTENT_BLOCKED", "permanent": true}
	}
	return asJSON(map[string]any{"results": []map[string]any{{"messageId": t.id, "to": t.person, "sender": t.us, "status": status, "error": fault, "doneAt": infobipTime(t), "messageCount": 1}}})
}

func infobipTime(t *talk) string { return t.now.UTC().Format("2006-01-02T15:04:05.000-0700") }
