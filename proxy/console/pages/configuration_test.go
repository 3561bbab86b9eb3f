package pages

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
)

func TestTheConfigurationBesideItsFile(t *testing.T) {
	r := newRig(t)
	v := r.as(console.Admin)
	_, body := v.get("/configuration")
	v.said(body, "The file is in force as it is", "sendgate.yaml", "1a2b3c4d", "level: info")

	r.conf.Differences = []console.Difference{
		{Path: "proxy.routes.twilio.mode", InForce: "enforce", InFile: "report"},
		{Path: "proxy.routes.twilio.brand", InFile: "acme"},
		{Path: "console.listen", InForce: "127.0.0.1:8081", Restart: true},
		{Path: "console.notify.secret", InForce: "env:CRM", InFile: "env:CRM", Secret: true, Restart: true},
	}
	r.conf.Warnings = []string{"this warning"}
	_, body = v.get("/configuration")
	v.said(body, "4 settings of the file are not in force", "A reload takes over 2", "2 wait for a restart", "<del>enforce</del>", "<ins>report</ins>",
		"another secret behind", `badge edit">a restart`, `badge">a reload`, "this warning")
	_, body = v.post("/configuration/reload")
	v.said(body, "Reloaded. The next send")

	r.reload = errors.New("sendgate.yaml:3: proxy.rutes: unknown key")
	r.conf.Problem = "sendgate.yaml:3: proxy.rutes: unknown key"
	status, body := v.post("/configuration/reload")
	if status != http.StatusUnprocessableEntity {
		t.Errorf("a file that is refused: status %d", status)
	}
	v.said(body, "unknown key", "the last good configuration stays", "would refuse the file")
}

func TestTheConfigurationIsForAdmins(t *testing.T) {
	r := newRig(t)
	for _, role := range []console.Role{console.Viewer, console.Reviewer} {
		if status, body := r.as(role).get("/configuration"); status != http.StatusForbidden || strings.Contains(body, "1a2b3c4d") {
			t.Errorf("a %s sees it: status %d\n%s", role, status, body)
		}
		if status, _ := r.as(role).post("/configuration/reload"); status != http.StatusForbidden {
			t.Errorf("a %s reloads it: status %d", role, status)
		}
	}
}

func TestWhatAConfigurationSaysIsText(t *testing.T) {
	r := newRig(t)
	r.conf = console.Configuration{File: hostile, Version: hostile, InForce: hostile, InFile: hostile, Warnings: []string{hostile},
		Differences: []console.Difference{{Path: hostile, InForce: hostile, InFile: hostile}}}
	v := r.as(console.Admin)
	_, body := v.get("/configuration")
	v.safe("/configuration", body)
	v.said(body, "alert(&#39;x&#39;)")
	r.conf.Problem, r.reload = hostile, errors.New(hostile)
	_, body = v.post("/configuration/reload")
	v.safe("/configuration/reload", body)
}
