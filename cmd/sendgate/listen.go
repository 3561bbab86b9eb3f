package main

import (
	"fmt"
	"net"

	"github.com/sendgate/sendgate/configs"
)

// listeners are what a server hears at.
type listeners struct {
	sends, admin net.Listener
	calls        net.Listener // of providers; nil where no route takes webhooks
	secure       net.Listener // for the hosts of providers; nil where they are not answered for
}

// takeAddresses listens at those of cfg, or none of them, by [net.Listen] or as [tryAddress] does.
func takeAddresses(cfg *configs.Config, webhooks bool, listen func(network, addr string) (net.Listener, error)) (l listeners, err error) {
	take := func(ln *net.Listener, key, addr string) {
		if err != nil {
			return
		}
		if *ln, err = listen("tcp", addr); err != nil {
			err = fmt.Errorf("%s: %w", key, err)
		}
	}
	take(&l.sends, "proxy.listen", cfg.Proxy.Listen)
	take(&l.admin, "console.listen", cfg.Console.Listen)
	if cfg.Proxy.TLS != nil {
		take(&l.secure, "proxy.tls.listen", cfg.Proxy.TLS.Listen)
	}
	if webhooks {
		take(&l.calls, "proxy.webhooks.listen", cfg.Proxy.Webhooks.Listen)
	}
	if err != nil {
		l.close()
	}
	return l, err
}

// close gives back what takeAddresses took.
func (l *listeners) close() {
	for _, ln := range []net.Listener{l.sends, l.admin, l.calls, l.secure} {
		if ln != nil {
			ln.Close()
		}
	}
}
