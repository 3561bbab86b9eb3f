package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/providers"
)

// unloadable are the services that no broadcast can be rehearsed for, and what whoever tries is told.
var unloadable = map[string]string{
	"aws-pinpoint":         "are signed, each for its moment",
	"aws-ses":              "are signed, each for its moment",
	"aws-sms":              "are signed, each for its moment",
	"aws-sns":              "are signed, each for its moment",
	"twilio-conversations": "has no request of a broadcast", // to a conversation
	"twilio-verify":        "has no request of a broadcast", // codes
}

// TestBenchSpeaksToEveryService rehearses a small broadcast for each service, with people who left, never agreed, and
// leave while it runs, and a service that fails at times: the gate's answers are right, and the tester takes them and the
// service's for what they are.
func TestBenchSpeaksToEveryService(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range providers.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), exe, "bench", "--provider", name, "--count", "150", "--rate", "150", "--size", "100",
				"--opted-out", "10%", "--no-consent", "10%", "--malformed", "5%", "--stops", "10%", "--mock-errors", "500:4%,opted-out:6%,429:2%")
			cmd.Args[0] = "sendgate"
			out, err := cmd.CombinedOutput()
			if why := unloadable[name]; why != "" {
				if err == nil || !strings.Contains(string(out), why) {
					t.Errorf("got %v, want %q in\n%s", err, why, out)
				}
				return
			}
			text := string(out)
			if err != nil || !strings.Contains(text, "150 sends in") || !strings.Contains(text, "block opted-out") {
				t.Fatalf("%v\n%s", err, text)
			}
			counts := regexp.MustCompile(`; (\d+) failed, 0 never sent, 0 wrong`).FindStringSubmatch(text)
			if len(counts) == 0 {
				t.Fatal(text)
			}
			if n, _ := strconv.Atoi(counts[1]); n > 50 { // about 13 are to be expected
				t.Errorf("%d sends failed\n%s", n, text)
			}
		})
	}
}
