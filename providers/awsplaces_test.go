package providers

import (
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// TestAWSPlaces: in each of AWS' clouds, a request to a host is signed for the region in its name, which is known for one of
// the service's own; and a topic there can be heard.
func TestAWSPlaces(t *testing.T) {
	for _, c := range []struct{ name, host, region string }{
		{"a region", "sns.eu-central-1.amazonaws.com", "eu-central-1"},
		{"by both kinds of addresses", "sns.eu-central-1.api.aws", "eu-central-1"},
		{"by FIPS", "sns-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
		{"from a network of one's own", "vpce-0a1b-2c3d.sns.eu-central-1.vpce.amazonaws.com", "eu-central-1"},
		{"China", "sns.cn-north-1.amazonaws.com.cn", "cn-north-1"},
		{"China, by both kinds of addresses", "sns.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"},
		{"the European Sovereign Cloud", "sns.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
		{"the European Sovereign Cloud, by both kinds of addresses", "sns.eusc-de-east-1.api.amazonwebservices.eu", "eusc-de-east-1"},
		{"no host of AWS", "sns.eu-central-1.amazonaws.eu.example", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var req fasthttp.Request
			req.Header.SetMethod("POST")
			req.SetRequestURI("/")
			req.Header.SetHost(c.host)
			if err := (awsDoor{service: "sns"}).Authorize(&req, &Credentials{User: "AKIDGATE", Secret: "gate"}, vectorTime); err != nil {
				t.Fatal(err)
			}
			region, known := c.region, "https://"+c.host
			if region == "" {
				region, known = awsDefaultRegion, Host("aws-sns")
			}
			if got := string(req.Header.Peek("Authorization")); !strings.Contains(got, "/"+region+"/sns/aws4_request") {
				t.Errorf("it is signed by %s", got)
			}
			if got := HostAt("aws-sns", "https://"+c.host); got != known {
				t.Errorf("the service is at %s", got)
			}
		})
	}
	for topic, host := range map[string]string{
		"arn:aws:sns:eu-central-1:123456789012:sms":         "https://sns.eu-central-1.amazonaws.com/",
		"arn:aws-us-gov:sns:us-gov-west-1:123456789012:sms": "https://sns.us-gov-west-1.amazonaws.com/",
		"arn:aws-cn:sns:cn-north-1:123456789012:sms":        "https://sns.cn-north-1.amazonaws.com.cn/",
		"arn:aws-eusc:sns:eusc-de-east-1:123456789012:sms":  "https://sns.eusc-de-east-1.amazonaws.eu/",
		"arn:aws-eusc:sqs:eusc-de-east-1:123456789012:sms":  "",
	} {
		if got := topicHost(topic); got != host {
			t.Errorf("%s is published at %q, want %q", topic, got, host)
		}
	}
}
