package providers

// instagramText is the longest text that Instagram takes, in bytes.
// Source: https://developers.facebook.com/docs/messenger-platform/instagram/features/send-message
const instagramText = 1000

// instagramService is the Messenger Platform where professional accounts log in with Instagram. A line of
// letters beyond ASCII has more bytes than characters, and may be too long.
// Source: https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
var instagramService = platformAt("instagram", "https://graph.instagram.com", instagramText, func(text string) int {
	return max(0, instagramText-len(text))
})
