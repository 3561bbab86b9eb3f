package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	sdkTableBegins = "<!-- TestSDKMatrix -update writes this -->\n"
	sdkTableEnds   = "<!-- until here -->\n"
)

func (row *sdkRow) isGo() bool { return strings.HasSuffix(row.program, ".go") }

func (row *sdkRow) language() string {
	if row.isGo() {
		return "go"
	}
	return "node"
}

func (row *sdkRow) name() string { return strings.TrimSpace(row.pkg + " " + row.also) }

// address is what the library is told, of a gate at an address.
func (row *sdkRow) address(gate string) string {
	base := row.base
	if base == "" {
		base = "http://ADDRESS/" + row.provider
	}
	return strings.ReplaceAll(base, "ADDRESS", gate)
}

// source is the program of the library.
func (row *sdkRow) source(t *testing.T) []byte {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(sdkFolder(row.language()), row.program))
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// checkLine holds the line that the README shows against the program that ran.
func (row *sdkRow) checkLine(t *testing.T) {
	t.Helper()
	if !bytes.Contains(row.source(t), []byte(row.line)) {
		t.Errorf("the program has no line %q, which is what the README tells people to write", row.line)
	}
}

var (
	sdkNodeVersion = `"node_modules/%s": \{\s+"version": "([^"]+)"`
	sdkGoVersion   = `%s v(\S+)`
	gateWord       = regexp.MustCompile(`\bgate\b`)
)

// version is that which the lock file pins.
func (row *sdkRow) version(t *testing.T) string {
	t.Helper()
	file, pattern := filepath.Join(sdkFolder("node"), "package-lock.json"), sdkNodeVersion
	if row.isGo() {
		file, pattern = filepath.Join(sdkFolder("go"), "go.mod"), sdkGoVersion
	}
	lock, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(fmt.Sprintf(pattern, regexp.QuoteMeta(row.pkg))).FindSubmatch(lock)
	if found == nil {
		t.Fatalf("%s pins no %s", file, row.pkg)
	}
	return string(found[1])
}

// cells is the row as the README has it.
func (row *sdkRow) cells(t *testing.T) string {
	t.Helper()
	line, asks, partly := "none: "+row.noLine, "no", "one person a call"
	if row.line != "" {
		line = code(gateWord.ReplaceAllLiteralString(row.line, `"`+row.address("127.0.0.1:8080")+`"`))
	}
	if row.asks != "" {
		asks = code(row.asks)
	}
	if row.partly != "" {
		partly = code(row.partly)
	}
	return fmt.Sprintf("| %s %s %s | %s | %s | %s | %s | %s |\n", map[bool]string{true: "Go", false: "Node"}[row.isGo()], code(strings.TrimPrefix(row.name(), "github.com/")), strings.TrimSuffix(row.version(t), "+incompatible"), line, asks, code(row.blocked), partly, code(row.failed))
}

func code(text string) string { return "`" + text + "`" }

// sdkTable is the table of the README.
func sdkTable(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| library | the line to type | proxy | blocked | Ann agreed, Bob opted out | refused by the provider |\n|---|---|---|---|---|---|\n")
	for i := range sdkRows {
		if !sdkRows[i].untold {
			b.WriteString(sdkRows[i].cells(t))
		}
	}
	return b.String()
}

// TestSDKLockFile: packages come from whatever registry the machine is set up with, and are those that were tried.
func TestSDKLockFile(t *testing.T) {
	lock, err := os.ReadFile(filepath.Join(sdkFolder("node"), "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(lock, []byte(`"resolved"`)) || !bytes.Contains(lock, []byte(`"integrity": "sha512-`)) {
		t.Error("package-lock.json holds download addresses, or no hashes: .npmrc has npm write it without the ones and with the others")
	}
}
