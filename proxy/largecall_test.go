package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sendgate/sendgate/filter"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestLargestCall: Meta tells of up to 3 MB at a time, after an outage above all, and each of it counts. What is larger is told in
// the log.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
func TestLargestCall(t *testing.T) {
	const three = 3_000_000
	st := memory(t)
	core, logs := observer.New(zap.WarnLevel)
	cfg := hooked(t, map[string]RouteConfig{"whatsapp": {}})
	cfg.Logger = zap.New(core)
	_, _, addr := startHooked(t, cfg, st)
	at := time.Now().Add(-time.Hour).Unix()
	call := func(size int) string {
		var value strings.Builder
		value.WriteString(`{"metadata":{"phone_number_id":"106"},"statuses":[`)
		for n := 0; value.Len() < size-1000; n++ {
			fmt.Fprintf(&value, `{"id":"wamid.%d","status":"delivered","timestamp":"%d","recipient_id":"14155550101","pricing":{"category":"marketing"}},`, n, at)
		}
		fmt.Fprintf(&value, `{"id":"wamid.x","status":"read","timestamp":"%d","recipient_id":"14155550101"}],"messages":[{"from":"14155550100","id":"wamid.stop","timestamp":"%d","type":"text","text":{"body":"STOP"}}]}`, at, at)
		return metaCall(t, "messages", value.String())
	}
	callBack(t, addr, call(three), 200)
	to := person
	to.Channel = filter.WhatsApp
	wants(t, st, to, "opted-out all", "")
	callBack(t, addr, call(three+three/5), 413)
	if told := logs.FilterMessageSnippet("larger than proxy.webhooks.limits.body allows").Len(); told != 1 {
		t.Errorf("the log tells %d times of the call that is lost", told)
	}
}
