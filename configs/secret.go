package configs

import (
	"fmt"
	"os"
	"strings"
)

// largestSecret bounds a file that a secret is read from: what is larger is another file.
const largestSecret = 64 << 10

// secrets replaces the references in cfg by what they point to.
func (d *decoder) secrets(cfg *Config) {
	for i := range cfg.Console.Tokens {
		key := fmt.Sprintf("console.tokens[%d].secret", i)
		t := &cfg.Console.Tokens[i]
		if t.Secret == "" && d.where[key] == nil {
			continue // the check says that it is missing
		}
		secret, warning, problem := resolve(t.Secret)
		if problem != "" {
			d.fail(d.place(key), key, "%s", problem)
		}
		if warning != "" {
			at := d.place(key)
			cfg.Warnings = append(cfg.Warnings, (&Error{d.file, at.Line, at.Column, key, warning}).Error())
		}
		t.Secret = secret
	}
}

// resolve reads the secret that ref points to. It never repeats a literal one in what it says.
func resolve(ref string) (secret, warning, problem string) {
	kind, where, ok := strings.Cut(ref, ":")
	switch {
	case ok && where == "" && (kind == "env" || kind == "file"):
		return "", "", kind + ": names nothing: want env:NAME or file:PATH"
	case ok && kind == "env":
		value, set := os.LookupEnv(where)
		if !set {
			return "", "", fmt.Sprintf("the environment variable %s is not set", where)
		}
		if secret = strings.TrimSpace(value); secret == "" {
			return "", "", fmt.Sprintf("the environment variable %s is empty", where)
		}
		return secret, "", ""
	case ok && kind == "file":
		return secretFile(where)
	}
	return "", "", "a secret does not belong into this file: want env:NAME or file:PATH"
}

// secretFile reads the secret in a file. One that everybody on the machine may read is a warning
// and not a refusal: container platforms mount secrets that way.
func secretFile(path string) (secret, warning, problem string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", "", fmt.Sprintf("reading the secret: %v", err)
	case !info.Mode().IsRegular():
		return "", "", fmt.Sprintf("reading the secret: %s is no regular file", path)
	case info.Size() > largestSecret:
		return "", "", fmt.Sprintf("reading the secret: %s is larger than %d bytes", path, largestSecret)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Sprintf("reading the secret: %v", err)
	}
	if secret = strings.TrimSpace(string(text)); secret == "" {
		return "", "", fmt.Sprintf("the file %s is empty", path)
	}
	if mode := info.Mode().Perm(); mode&0o004 != 0 {
		warning = fmt.Sprintf("everybody on this machine may read %s (mode %04o): chmod o-r", path, mode)
	}
	return secret, warning, ""
}
