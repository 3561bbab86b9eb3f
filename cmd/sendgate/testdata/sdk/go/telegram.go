package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-telegram/bot"
)

func telegramBot(gate string) sender {
	options := []bot.Option{bot.WithSkipGetMe()}
	if gate != "" {
		options = append(options, bot.WithServerURL(gate))
	}
	client, err := bot.New("123456:token", options...)
	return func(to []string) (o outcome, _ error) {
		if err != nil {
			return o, err
		}
		sent, err := client.SendMessage(context.Background(), &bot.SendMessageParams{ChatID: to[0], Text: "Your table is ready."})
		switch {
		case err == nil:
			o.ID = strconv.Itoa(sent.ID)
		case errors.Is(err, bot.ErrorForbidden):
			o.Name = "bot.ErrorForbidden"
		case errors.Is(err, bot.ErrorBadRequest):
			o.Name = "bot.ErrorBadRequest"
		}
		return o, err
	}
}
