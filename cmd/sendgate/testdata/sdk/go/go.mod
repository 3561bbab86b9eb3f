module github.com/sendgate/sendgate/cmd/sendgate/testdata/sdk/go

go 1.26.0

require (
	github.com/go-telegram/bot v1.19.0
	github.com/line/line-bot-sdk-go/v8 v8.14.0
	github.com/mrz1836/postmark v1.7.4
	github.com/sendgrid/sendgrid-go v3.16.1+incompatible
	github.com/twilio/twilio-go v1.31.0
)

require (
	github.com/golang-jwt/jwt/v5 v5.2.2 // indirect
	github.com/golang/mock v1.6.0 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/sendgrid/rest v2.6.9+incompatible // indirect
	github.com/stretchr/testify v1.10.0 // indirect
)
