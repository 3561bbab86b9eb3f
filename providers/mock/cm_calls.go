package mock

// cmInbound writes numbers with noughts in front, as CM.com does. What signs is postmarkSign: a name and a password.
// https://developers.cm.com/messaging/docs/incoming-messages
func cmInbound(t *talk) string {
	return asJSON(map[string]any{"reference": "", "messageContext": "", "from": map[string]string{"number": "00" + t.person}, "to": map[string]string{"number": "00" + t.us},
		"message": map[string]any{"text": t.text, "media": map[string]string{"mediaUri": ""}, "custom": map[string]any{}}, "groupings": []string{"", "", ""},
		"timeUtc": t.now.UTC().Format("2006-01-02T15:04:05"), "channel": "SMS"})
}

// https://developers.cm.com/messaging/docs/incoming-status-report
func cmReceipt(t *talk) string {
	status := map[string]string{"code": "2", "errorCode": "", "errorDescription": "Delivered"}
	if t.leaves {
		status = map[string]string{"code": "3", "errorCode": "402", "errorDescription": "Blacklisted"}
	}
	return asJSON(map[string]any{"messages": map[string]any{"msg": map[string]any{"received": t.now.UTC().Format("2006-01-02T15:04:05"), "to": "00" + t.person,
		"reference": t.id, "status": status, "operator": "20408"}}})
}
