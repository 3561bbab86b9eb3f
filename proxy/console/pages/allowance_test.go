package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/proxy/console"
)

func TestWhoWaitsInVainLosesNoAllowance(t *testing.T) {
	r := newLoginRig(t, people())
	v := r.as(0)
	v.login("ana")
	v.post("/logout")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = hashing.begin(t.Context()) // the login of somebody else, which takes long
	for range 2 * perDevice.burst {
		q := httptest.NewRequest(http.MethodPost, r.url+"/login", strings.NewReader(url.Values{"name": {"ana"}, "password": {password}}.Encode())).WithContext(ctx)
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.AddCookie(&http.Cookie{Name: "sendgate-device", Value: v.cookie("sendgate-device")})
		r.pages.ServeHTTP(httptest.NewRecorder(), q)
	}
	hashing.end()
	v.login("ana")
}

func TestConsoleSecurityOneNameHasOneCount(t *testing.T) {
	r := newLoginRig(t, console.Config{Users: []console.User{{Name: "sas", Role: console.Viewer, Password: hashed}}})
	try := func(i int, name, password string) int {
		return r.from(fmt.Sprintf("203.0.113.%d", i), "/login", nil, "name", name, "password", password).StatusCode
	}
	for i, name := range []string{"ſas", "saſ", "ſaſ", "ſAſ"} { // a long s, which Unicode folds into s
		if status := try(i, name, password); status != http.StatusForbidden {
			t.Errorf("%s is sas: status %d", name, status)
		}
	}
	for i, variants := 0, []string{"sas", "Sas", "SAS", "sAs"}; i < perName.burst; i++ {
		if status := try(100+i, variants[i%len(variants)], "guess"); status != http.StatusForbidden {
			t.Fatalf("guess %d: status %d", i, status)
		}
	}
	if status := try(200, "saS", password); status != http.StatusTooManyRequests {
		t.Errorf("guess %d at one name, in whatever letters, does not wait: status %d", perName.burst+1, status)
	}
}

func TestConsoleSecurityDevicesOutliveARestart(t *testing.T) {
	r := newLoginRig(t, people())
	again := func(key string) *Pages {
		p, err := New(Config{API: r.pages.api, Login: people(), DeviceKey: key, Now: r.clock})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	r.pages = again("kept in the folder of the store")
	device := r.from("127.0.0.1", "/login", nil, "name", "ana", "password", password).Cookies()
	drain := func() {
		for i := range inTotal.burst {
			r.from(fmt.Sprintf("203.0.113.%d", i), "/login", nil, "name", fmt.Sprint("user", i), "password", "guess")
		}
	}
	r.pages = again("kept in the folder of the store")
	drain()
	if status := r.from("127.0.0.1", "/login", nil, "name", "ana", "password", password).StatusCode; status != http.StatusTooManyRequests {
		t.Fatalf("the allowance of strangers is not empty: status %d", status)
	}
	if status := r.from("127.0.0.1", "/login", device, "name", "ana", "password", password).StatusCode; status != http.StatusSeeOther {
		t.Errorf("a browser that was in before the restart waits for others: status %d", status)
	}
	r.pages = again("another key")
	drain()
	if status := r.from("127.0.0.1", "/login", device, "name", "ana", "password", password).StatusCode; status != http.StatusTooManyRequests {
		t.Errorf("a cookie that this console did not issue counts: status %d", status)
	}
}
