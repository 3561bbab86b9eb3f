package configs

import (
	"crypto/sha256"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// largestSecret bounds a file that a secret is read from: what is larger is another file.
const largestSecret = 64 << 10

// secrets replaces the references in cfg by what they point to. A field that holds one, a string, or
// several, a list of strings, has the tag ref:"secret" in its type; one that holds the hash of a password,
// ref:"hash", and such a hash, which begins with a dollar sign, may stand in the file itself.
func (d *decoder) secrets(cfg *Config, resolve resolver) {
	cfg.secrets = map[string]string{}
	eachSecret("", reflect.ValueOf(cfg).Elem(), func(key string, secret *string) {
		if *secret == "" && d.where[key] == nil {
			return // left out; whether it may be is for the check to say
		}
		value, warning, problem := resolve(*secret)
		at := d.place(key)
		if problem != "" {
			d.fail(at, key, "%s", problem)
		}
		if warning != "" {
			cfg.Warnings = append(cfg.Warnings, (&Error{d.file, at.Line, at.Column, key, warning}).Error())
		}
		*secret = value
		cfg.secrets[key] = fmt.Sprintf("%x", sha256.Sum256([]byte(value)))
	})
}

// eachSecret calls f for every field below v, which stands at key, that is a reference to a secret.
func eachSecret(key string, v reflect.Value, f func(key string, secret *string)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachSecret(key, v.Elem(), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachSecret(key+"["+strconv.Itoa(i)+"]", v.Index(i), f)
		}
	case reflect.Map:
		names := v.MapKeys()
		slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, name := range names {
			value := reflect.New(v.Type().Elem()).Elem() // what is in a map cannot be changed there
			value.Set(v.MapIndex(name))
			eachSecret(join(key, fmt.Sprint(name)), value, f)
			v.SetMapIndex(name, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			name := field.Tag.Get("yaml")
			switch {
			case name == "" || name == "-":
			case field.Tag.Get("ref") == "hash" && strings.HasPrefix(v.Field(i).String(), "$"):
			case field.Tag.Get("ref") == "":
				eachSecret(join(key, name), v.Field(i), f)
			case v.Field(i).Kind() == reflect.Slice:
				for j := range v.Field(i).Len() {
					f(join(key, name)+"["+strconv.Itoa(j)+"]", v.Field(i).Index(j).Addr().Interface().(*string))
				}
			default:
				f(join(key, name), v.Field(i).Addr().Interface().(*string))
			}
		}
	}
}

// A resolver finds the secret that a reference points to, what is to be said about it, and what is wrong.
type resolver func(ref string) (secret, warning, problem string)

// pretended is what stands for every secret of a draft: long enough, and also the hash of a password.
var pretended = "$2b$10$" + strings.Repeat(".", 53)

// pretend is a resolver that looks at the form of a reference alone.
func pretend(ref string) (secret, warning, problem string) {
	if kind, where, ok := strings.Cut(ref, ":"); ok && where != "" && (kind == "env" || kind == "file") {
		return pretended, "", ""
	}
	return resolve(ref) // which has words for each form that is wrong
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
