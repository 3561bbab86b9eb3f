package providers

import "unicode/utf8"

// messengerText is the longest text that Messenger takes, in characters.
// Source: https://developers.facebook.com/docs/messenger-platform/reference/send-api
const messengerText = 2000

// messengerService is the Messenger Platform for pages. Accounts of Instagram that are linked to a page write there, too.
var messengerService = platformAt("messenger", "https://graph.facebook.com", messengerText, func(text string) int {
	return max(0, messengerText-utf8.RuneCountInString(text))
})
