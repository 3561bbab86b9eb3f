package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sendgate/sendgate/configs"
	"github.com/sendgate/sendgate/proxy"
	"github.com/sendgate/sendgate/proxy/authority"
)

type caCmd struct {
	Init  caInitCmd  `cmd:"" help:"Make the authority: a key that stays on this machine, and a certificate for the hosts of the routes alone."`
	Print caPrintCmd `cmd:"" help:"Print the certificate that senders have to trust, and how each of them is told to."`
	Renew caRenewCmd `cmd:"" help:"Make its certificate anew: when it ends, for the hosts of new routes, or with another key."`
}

// caConfig is where the authority belongs, and what it is for.
type caConfig struct {
	Config string `short:"c" type:"path" help:"Configuration file of the gate: its routes say for which hosts, and proxy.ca where it is kept."`
}

func (c caConfig) load() (dir string, hosts []string, err error) {
	cfg, err := configs.Load(c.Config)
	if err != nil {
		return "", nil, err
	}
	hosts, err = proxy.Hosts(cfg.Proxy)
	return cfg.Proxy.CA, hosts, cfg.Locate(c.Config, "proxy", err)
}

type caInitCmd struct{ caConfig }

// Run makes an authority where there is none.
func (c caInitCmd) Run(t terminal) error {
	dir, hosts, err := c.load()
	if err != nil {
		return err
	}
	a, err := authority.Init(dir, hosts, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "a local authority for %s, until %s, is in %s\n", strings.Join(a.Hosts(), ", "), a.Ends().Format(time.DateOnly), dir)
	fmt.Fprintln(t.err, "senders have to trust it: sendgate ca print > sendgate-ca.pem")
	return nil
}

type caPrintCmd struct{ caConfig }

// trust is how senders are told to trust the certificate, which is in a file.
const trust = `Node:    NODE_EXTRA_CA_CERTS=sendgate-ca.pem
Python:  cat "$(python3 -m certifi)" sendgate-ca.pem > ca-bundle.pem; REQUESTS_CA_BUNDLE=ca-bundle.pem SSL_CERT_FILE=ca-bundle.pem
Go:      cat /etc/ssl/certs/ca-certificates.crt sendgate-ca.pem > ca-bundle.pem; SSL_CERT_FILE=ca-bundle.pem
curl:    curl --cacert sendgate-ca.pem
Java:    keytool -importcert -noprompt -cacerts -storepass changeit -alias sendgate -file sendgate-ca.pem
`

// Run prints the certificate alone to standard output, so that it can be kept in a file.
func (c caPrintCmd) Run(t terminal) error {
	dir, _, err := c.load()
	if err != nil {
		return err
	}
	a, err := authority.Open(dir)
	if err != nil {
		return err
	}
	if _, err := t.out.Write(a.PEM()); err != nil {
		return err
	}
	fmt.Fprintf(t.err, "for %s alone, until %s; kept as sendgate-ca.pem, it is trusted by\n%s",
		strings.Join(a.Hosts(), ", "), a.Ends().Format(time.DateOnly), trust)
	return nil
}

type caRenewCmd struct {
	caConfig
	NewKey bool `help:"Make another key, too: where somebody else may have the present one, or it is lost."`
}

// Run makes the certificate anew, and says who has to trust it.
func (c caRenewCmd) Run(t terminal) error {
	dir, hosts, err := c.load()
	if err != nil {
		return err
	}
	before, _ := authority.Open(dir) // nil: there is none that anybody trusts
	a, err := authority.Renew(dir, hosts, c.NewKey, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "the local authority is for %s, until %s\n", strings.Join(a.Hosts(), ", "), a.Ends().Format(time.DateOnly))
	fmt.Fprintln(t.err, "a gate that runs uses it after a reload (SIGHUP)")
	if before == nil || c.NewKey {
		fmt.Fprintln(t.err, "before that, every sender has to trust it anew: sendgate ca print > sendgate-ca.pem")
		return nil
	}
	fmt.Fprintf(t.err, "senders that trust the certificate before it may go on with that until %s\n", before.Ends().Format(time.DateOnly))
	added := slices.DeleteFunc(a.Hosts(), func(host string) bool { return slices.Contains(before.Hosts(), host) })
	if len(added) > 0 {
		fmt.Fprintf(t.err, "for %s they have to trust this one: sendgate ca print > sendgate-ca.pem\n", strings.Join(added, ", "))
	}
	return nil
}
