package main

import (
	"bytes"
	"fmt"
	"strings"
)

// A sendTemplate is a send as twilio-python writes it, of which only the recipient changes.
type sendTemplate struct {
	bytes []byte
	at    int // where the recipient's digits are
}

const (
	account  = "AC0123456789abcdef0123456789abcdef"
	sendPath = "/2010-04-01/Accounts/" + account + "/Messages.json"
	nobody   = "00000000000"
	message  = "To=%2B" + nobody + "&From=%2B15557122661&Body=Hello+there%2C+your+appointment+with+Dr.+Example+is+confirmed+for+4%2F12+at+3%3A30." +
		"+Reply+STOP+to+opt+out.&StatusCallback=https%3A%2F%2Fexample.com%2Fcb%2F123456"
)

// newTemplate is a send to path, which is sendPath behind the prefix of a route.
func newTemplate(prefix string) sendTemplate {
	text := "POST " + prefix + sendPath + " HTTP/1.1\r\n" +
		"Host: api.twilio.com\r\n" +
		"User-Agent: twilio-python/9.0.4 (Linux x86_64) Python/3.11.2\r\n" +
		"Accept: application/json\r\n" +
		"Accept-Encoding: gzip, deflate\r\n" +
		"Connection: keep-alive\r\n" +
		"X-Twilio-Client: python-9.0.4\r\n" +
		"Accept-Charset: utf-8\r\n" +
		"Content-Type: application/x-www-form-urlencoded\r\n" +
		"Authorization: Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==\r\n" +
		fmt.Sprintf("Content-Length: %d\r\n\r\n", len(message)) + message
	return sendTemplate{[]byte(text), strings.LastIndex(text, nobody)}
}

// to is the send to number n of the room. It is valid until the next call.
func (t sendTemplate) to(n uint64) []byte {
	putNumber(t.bytes[t.at:], n)
	return t.bytes
}

// created is what the upstream answers to every send, in the words of Twilio.
const created = `{"account_sid":"` + account + `","api_version":"2010-04-01","body":"Hello there, your appointment is confirmed",` +
	`"date_created":"Thu, 24 Aug 2023 05:01:45 +0000","date_sent":null,"direction":"outbound-api","error_code":null,"error_message":null,` +
	`"from":"+15557122661","num_media":"0","num_segments":"1","price":null,"price_unit":null,"messaging_service_sid":null,` +
	`"sid":"SM0123456789abcdef0123456789abcdef","status":"queued","to":"+15558675310","uri":"` + sendPath + `"}`

// createdAnswer is the whole answer, with the headers that Twilio's have.
var createdAnswer = []byte("HTTP/1.1 201 Created\r\n" +
	"Date: Thu, 24 Aug 2023 05:01:45 GMT\r\n" +
	"Content-Type: application/json\r\n" +
	fmt.Sprintf("Content-Length: %d\r\n", len(created)) +
	"Connection: keep-alive\r\n" +
	"Twilio-Concurrent-Requests: 1\r\n" +
	"Twilio-Request-Id: RQ0123456789abcdef0123456789abcdef\r\n" +
	"Twilio-Request-Duration: 0.041\r\n" +
	"X-API-Domain: api.twilio.com\r\n" +
	"X-Home-Region: us1\r\n" +
	"Strict-Transport-Security: max-age=31536000\r\n\r\n" + created)

// refused is how the peers that check answer a send to somebody who opted out: with the status and
// the code of Twilio, as the gate does.
const (
	refusedStatus = 400
	refused       = `{"code":21610,"message":"Attempt to send to unsubscribed recipient","more_info":"https://www.twilio.com/docs/errors/21610","status":400}`
)

// A frame is what is to be known of an HTTP/1.1 message to find its end and to judge it.
type frame struct {
	status int  // of an answer
	size   int  // of the whole message; 0: it is not complete
	closes bool // the connection ends with it
}

var (
	blankLine = []byte("\r\n\r\n")
	lastChunk = []byte("\r\n0\r\n\r\n")
)

// readFrame looks at the start of b. The peers' messages are known: their length is given, or they
// are chunked; any other has no end that could be seen, and an error says so.
func readFrame(b []byte) (f frame, err error) {
	end := bytes.Index(b, blankLine)
	if end < 0 {
		return f, nil
	}
	if end > 12 && b[0] == 'H' {
		f.status = int(b[9]-'0')*100 + int(b[10]-'0')*10 + int(b[11]-'0')
	}
	length, chunked := -1, false
	for line := range bytes.Lines(b[:end+2]) {
		switch {
		case named(line, "content-length:"):
			length = 0
			for _, c := range bytes.TrimSpace(line[len("content-length:"):]) {
				length = length*10 + int(c-'0')
			}
		case named(line, "transfer-encoding:"):
			chunked = true
		case named(line, "connection:"):
			f.closes = bytes.EqualFold(bytes.TrimSpace(line[len("connection:"):]), []byte("close"))
		}
	}
	body := end + len(blankLine)
	switch {
	case length >= 0 && len(b) >= body+length:
		f.size = body + length
	case length >= 0:
	case chunked:
		if last := bytes.Index(b[end+2:], lastChunk); last >= 0 {
			f.size = end + 2 + last + len(lastChunk)
		}
	default:
		return f, fmt.Errorf("a message without a length, with status %d", f.status)
	}
	return f, nil
}

// named reports whether line begins with name, which is in small letters and ends in a colon.
func named(line []byte, name string) bool {
	if len(line) < len(name) || line[0]|0x20 != name[0] || line[len(name)-1] != ':' {
		return false
	}
	return bytes.EqualFold(line[:len(name)], []byte(name))
}
