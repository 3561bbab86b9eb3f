package main

import "github.com/line/line-bot-sdk-go/v8/linebot/messaging_api"

func lineBot(gate string) sender {
	var options []messaging_api.MessagingApiAPIOption
	if gate != "" {
		options = append(options, messaging_api.WithEndpoint(gate))
	}
	client, err := messaging_api.NewMessagingApiAPI("token", options...)
	messages := []messaging_api.MessageInterface{messaging_api.TextMessage{Text: "Your table is ready."}}
	return func(to []string) (o outcome, _ error) {
		if err != nil {
			return o, err
		}
		if len(to) > 1 {
			resp, _, err := client.MulticastWithHttpInfo(&messaging_api.MulticastRequest{To: to, Messages: messages}, "")
			if err == nil {
				o.Shows = "Sendgate-Blocked: " + resp.Header.Get("Sendgate-Blocked")
			}
			return o, err
		}
		resp, sent, err := client.PushMessageWithHttpInfo(&messaging_api.PushMessageRequest{To: to[0], Messages: messages}, "")
		if err == nil {
			o.ID = sent.SentMessages[0].Id
		} else if resp != nil {
			o.Status = resp.StatusCode
		}
		return o, err
	}
}
