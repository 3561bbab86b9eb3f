package configs

import (
	"fmt"
	"strings"
	"testing"
)

// What a program listens at stays until a restart, and so does what has to be known of those who reach it: a file that
// takes back both is refused until then.
func TestReloadError(t *testing.T) {
	t.Setenv("TOKEN", "0123456789abcdef-token")
	const known = "proxy:\n  listen: ADDRESS\n  routes:\n    whatsapp:\n      authorize: gate\n      credentials: {secret: env:TOKEN}\n      clients: {networks: [10.0.0.0/8]}\n"
	unknown := strings.Replace(known, "      clients: {networks: [10.0.0.0/8]}\n", "", 1)
	wide, narrow := strings.NewReplacer("ADDRESS", "0.0.0.0:8080"), strings.NewReplacer("ADDRESS", "127.0.0.1:8080")
	const want = "f.yaml:5:18: proxy.routes.whatsapp.authorize: until a restart 0.0.0.0:8080 can be reached from other machines, and all of them would send by these credentials: restart, or say who may in clients"
	for name, c := range map[string]struct{ began, next, want string }{
		"both are taken back":                {wide.Replace(known), narrow.Replace(unknown), want},
		"the address is":                     {wide.Replace(known), narrow.Replace(known), ""},
		"nobody else could reach it anyhow":  {narrow.Replace(known), narrow.Replace(unknown), ""},
		"senders bring credentials then":     {wide.Replace(known), "proxy: {routes: {whatsapp: {}}}\n", ""},
		"the gate answers for hosts instead": {narrow.Replace("proxy:\n  tls: {listen: 0.0.0.0:8443}" + known[len("proxy:"):]), narrow.Replace(unknown), strings.Replace(want, ":8080", ":8443", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			err := write(t, c.next).ReloadError(write(t, c.began), "f.yaml")
			if got := fmt.Sprint(err); c.want != got && (c.want != "" || err != nil) {
				t.Errorf("got %s", got)
			}
		})
	}
}
