package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/sendgate/sendgate/proxy/console/notify"
)

// receiver is a program of the scripts that takes the webhook's POSTs, as another system would:
// `receiver ADDRESS FILE`. It appends one line for each change whose signature is right, checked
// against the variable SENDGATE_NOTIFY_SECRET, and refuses everything while FILE.down exists. It takes relayed
// calls, too, and wants none while FILE.gone exists.
func receiver() {
	secret := os.Getenv("SENDGATE_NOTIFY_SECRET")
	file, err := os.OpenFile(os.Args[2], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	http.HandleFunc("GET /", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("POST /hook", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var page notify.Changes
		var unix int64
		if err == nil {
			err = json.Unmarshal(body, &page)
		}
		signature := r.Header.Get(notify.SignatureHeader)
		_, scanErr := fmt.Sscanf(signature, "t=%d,", &unix)
		_, down := os.Stat(os.Args[2] + ".down")
		switch {
		case down == nil:
			w.WriteHeader(http.StatusServiceUnavailable)
		case err != nil || scanErr != nil || signature != notify.Signature(secret, time.Unix(unix, 0), body):
			w.WriteHeader(http.StatusForbidden)
		default:
			for _, c := range page.Changes {
				fmt.Fprintf(file, "%d %s %s %s\n", c.Link.Seq, c.Event.Kind, c.Event.To.Address, c.Event.Proof.FullName)
			}
		}
	})
	http.HandleFunc("POST /owner", func(w http.ResponseWriter, r *http.Request) {
		if _, gone := os.Stat(os.Args[2] + ".gone"); gone == nil {
			w.WriteHeader(http.StatusGone)
			return
		}
		fmt.Fprintf(file, "relayed to %s\n", r.URL.Path)
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
	os.Exit(1)
}

// keypair writes an Ed25519 key pair as openssl would: `keypair PRIVATE PUBLIC`.
func keypair(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: keypair PRIVATE PUBLIC")
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	der, err = x509.MarshalPKIXPublicKey(public)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600))
}

// among waits until a line of a file begins so: `among FILE BEGINNING`.
func among(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: among FILE BEGINNING")
	}
	var text string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text = ts.ReadFile(args[0])
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, args[1]) {
				return
			}
		}
	}
	ts.Fatalf("gave up waiting for %q in:\n%s", args[1], text)
}
