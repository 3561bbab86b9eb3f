package main

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/pinpoint"
	pinpointtypes "github.com/aws/aws-sdk-go-v2/service/pinpoint/types"
	"github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2"
	smstypes "github.com/aws/aws-sdk-go-v2/service/pinpointsmsvoicev2/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"
)

// awsConfig leads to a gate, if its address is told. The library has a transport of its own, which obeys the
// variables of proxies; it is asked to dial as the others do.
func awsConfig(gate string) aws.Config {
	own := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		as := http.DefaultTransport.(*http.Transport)
		tr.DialContext, tr.Proxy = as.DialContext, as.Proxy
	})
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(os.Getenv("ACCESS_KEY"), os.Getenv("SECRET_KEY"), ""), HTTPClient: own}
	if gate != "" {
		cfg.BaseEndpoint = aws.String(gate)
	}
	return cfg
}

// awsTold is what there is to see of an error.
func awsTold(o outcome, err error) (outcome, error) {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		o.Name = refused.ErrorCode()
	}
	var resp *awshttp.ResponseError
	if errors.As(err, &resp) {
		o.Status = resp.HTTPStatusCode()
	}
	return o, err
}

func awsSMS(gate string) sender {
	client := pinpointsmsvoicev2.NewFromConfig(awsConfig(gate))
	return func(to []string) (o outcome, _ error) {
		sent, err := client.SendTextMessage(context.Background(), &pinpointsmsvoicev2.SendTextMessageInput{
			DestinationPhoneNumber: &to[0], OriginationIdentity: aws.String("+15005550006"), MessageBody: aws.String("Your table is ready.")})
		var conflict *smstypes.ConflictException
		switch {
		case err == nil:
			o.ID = *sent.MessageId
		case errors.As(err, &conflict):
			o.Code = conflict.Reason
		}
		return awsTold(o, err)
	}
}

func awsSNS(gate string) sender {
	client := sns.NewFromConfig(awsConfig(gate))
	return func(to []string) (o outcome, _ error) {
		sent, err := client.Publish(context.Background(), &sns.PublishInput{PhoneNumber: &to[0], Message: aws.String("Your table is ready.")})
		if err == nil {
			o.ID = *sent.MessageId
		}
		return awsTold(o, err)
	}
}

func awsSES(gate string) sender {
	client := sesv2.NewFromConfig(awsConfig(gate))
	text := func(s string) *sestypes.Content { return &sestypes.Content{Data: &s} }
	return func(to []string) (o outcome, _ error) {
		sent, err := client.SendEmail(context.Background(), &sesv2.SendEmailInput{FromEmailAddress: aws.String("table@example.com"),
			Destination: &sestypes.Destination{ToAddresses: to},
			Content:     &sestypes.EmailContent{Simple: &sestypes.Message{Subject: text("Your table"), Body: &sestypes.Body{Text: text("It is ready.")}}}})
		if err == nil {
			o.ID, o.Shows = *sent.MessageId, "nothing"
		}
		return awsTold(o, err)
	}
}

// awsPinpoint takes the status of a recipient who is refused for an error, where there is nobody else.
func awsPinpoint(gate string) sender {
	client := pinpoint.NewFromConfig(awsConfig(gate))
	return func(to []string) (o outcome, _ error) {
		addresses := map[string]pinpointtypes.AddressConfiguration{}
		for _, one := range to {
			addresses[one] = pinpointtypes.AddressConfiguration{ChannelType: pinpointtypes.ChannelTypeSms}
		}
		sent, err := client.SendMessages(context.Background(), &pinpoint.SendMessagesInput{ApplicationId: aws.String("0123456789abcdef0123456789abcdef"),
			MessageRequest: &pinpointtypes.MessageRequest{Addresses: addresses, MessageConfiguration: &pinpointtypes.DirectMessageConfiguration{
				SMSMessage: &pinpointtypes.SMSMessage{Body: aws.String("Your table is ready."), OriginationNumber: aws.String("+15005550006")}}}})
		if err != nil {
			return awsTold(o, err)
		}
		var all []string
		for _, one := range slices.Sorted(maps.Keys(sent.MessageResponse.Result)) {
			r := sent.MessageResponse.Result[one]
			if len(to) == 1 && r.DeliveryStatus != pinpointtypes.DeliveryStatusSuccessful {
				o.Name, o.Code = string(r.DeliveryStatus), *r.StatusCode
				return o, errors.New(aws.ToString(r.StatusMessage))
			}
			o.ID = aws.ToString(r.MessageId)
			all = append(all, one+" "+string(r.DeliveryStatus))
		}
		o.Shows = strings.Join(all, ", ")
		return o, nil
	}
}
