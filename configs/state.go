package configs

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/sendgate/sendgate/proxy/console"
)

// atStart are the settings that a reload does not change: what serves goes by them as they were when it began.
var atStart = []struct {
	path string
	of   func(c *Config) any
}{
	{"console", func(c *Config) any {
		k := c.Console
		k.Users, k.OIDC, k.Sessions = nil, nil, console.Sessions{}
		return k
	}},
	{"log", func(c *Config) any { return c.Log }},
	{"proxy.limits", func(c *Config) any { return c.Proxy.Limits }},
	{"proxy.listen", func(c *Config) any { return c.Proxy.Listen }},
	{"proxy.tls", func(c *Config) any { return c.Proxy.TLS }},
	{"proxy.webhooks.limits", func(c *Config) any { return c.Proxy.Webhooks.Limits }},
	{"proxy.webhooks.listen", func(c *Config) any { return c.Proxy.Webhooks.Listen }},
	{"store", func(c *Config) any { return c.Store }},
}

// notAtStart are those below them that a reload changes all the same in a program that began with c. A provider of
// logins sends people back to the URL that counted at the start.
func (c *Config) notAtStart() []string {
	if c.Console.URL == "" {
		return []string{"console.users", "console.sessions"}
	}
	return []string{"console.users", "console.sessions", "console.oidc"}
}

// Waiting names the settings in which next differs from started, the configuration that the program began with,
// and which a reload does not change, sorted.
func Waiting(started, next *Config) (paths []string) {
	for _, s := range atStart {
		if !reflect.DeepEqual(s.of(started), s.of(next)) {
			paths = append(paths, s.path)
		}
	}
	return paths
}

// needsRestart reports whether a reload does not change what stands at path in a program that began with c.
func (c *Config) needsRestart(path string) bool {
	if slices.ContainsFunc(c.notAtStart(), func(reloaded string) bool { return within(path, reloaded) }) {
		return false
	}
	for _, s := range atStart {
		if within(path, s.path) {
			return true
		}
	}
	return false
}

// within reports whether path is section, or below it.
func within(path, section string) bool {
	rest, ok := strings.CutPrefix(path, section)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Compare tells what is in force in a program that began with started and last took over reloaded, and in what
// file, as it is now, differs from that. Secrets are what refers to them; the hash of a password, what a custom API
// is given as it stands, and of a URL that requests go to all behind the host, are left out.
func Compare(started, reloaded, file *Config) (console.Configuration, error) {
	var c console.Configuration
	force, err := reloaded.tree()
	if err != nil {
		return c, err
	}
	began, err := started.tree()
	if err != nil {
		return c, err
	}
	there, err := file.tree()
	if err != nil {
		return c, err
	}
	took := force
	for _, s := range atStart {
		value, ok := lookUp(began, s.path)
		force = put(force, s.path, value, ok)
	}
	for _, path := range started.notAtStart() {
		value, ok := lookUp(took, path)
		force = put(force, path, value, ok)
	}
	if c.InForce, err = text(force); err != nil {
		return c, err
	}
	if c.InFile, err = text(there); err != nil {
		return c, err
	}
	secret := func(path string) (now, then string) {
		if started.needsRestart(path) {
			return file.secrets[path], started.secrets[path]
		}
		return file.secrets[path], reloaded.secrets[path]
	}
	c.Differences = differences(force, there, started.needsRestart, secret)
	return c, nil
}

// tree is what the file said, in its order.
func (c *Config) tree() (yaml.MapSlice, error) {
	var tree yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(c.text, &tree, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("reading the configuration %s: %w", c.Version, err)
	}
	return tree, nil
}

// lookUp is the value at a path of names in tree.
func lookUp(tree yaml.MapSlice, path string) (any, bool) {
	name, rest, deeper := strings.Cut(path, ".")
	for _, item := range tree {
		if fmt.Sprint(item.Key) != name {
			continue
		}
		if !deeper {
			return item.Value, true
		}
		below, _ := item.Value.(yaml.MapSlice)
		return lookUp(below, rest)
	}
	return nil, false
}

// put is tree with another value at a path of names, or none there.
func put(tree yaml.MapSlice, path string, value any, there bool) yaml.MapSlice {
	name, rest, deeper := strings.Cut(path, ".")
	tree = slices.Clone(tree)
	i := slices.IndexFunc(tree, func(item yaml.MapItem) bool { return fmt.Sprint(item.Key) == name })
	switch {
	case i < 0 && !there:
		return tree
	case i < 0:
		tree = append(tree, yaml.MapItem{Key: name})
		i = len(tree) - 1
	case !deeper && !there:
		return slices.Delete(tree, i, i+1)
	}
	if deeper {
		below, _ := tree[i].Value.(yaml.MapSlice)
		tree[i].Value = put(below, rest, value, there)
	} else {
		tree[i].Value = value
	}
	return tree
}

// text is tree as it may be shown.
func text(tree yaml.MapSlice) (string, error) {
	if len(tree) == 0 {
		return "", nil // all defaults
	}
	b, err := yaml.Marshal(veil("", tree))
	return string(b), err
}

// veil is value, which stands at path, as it may be shown.
func veil(path string, value any) any {
	switch v := value.(type) {
	case yaml.MapSlice:
		out := make(yaml.MapSlice, len(v))
		for i, item := range v {
			out[i] = yaml.MapItem{Key: item.Key, Value: veil(join(path, fmt.Sprint(item.Key)), item.Value)}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = veil(path+"["+strconv.Itoa(i)+"]", item)
		}
		return out
	case string:
		return veilText(path, v)
	}
	return value
}

// credential is where a custom API is given something, and harmless what is known to be no key there.
var (
	credential = regexp.MustCompile(`\.credentials\[\d+\]\.value$`)
	harmless   = regexp.MustCompile(`^((?i:basic|bearer|token|key|apikey|app|accesskey) )?(\{(account|user|secret)\}[:;,.]?)*$`)
)

// veilText is a text as it may be shown: a hash of a password gives something to try passwords on, what a custom API is
// given may be the key itself, and a URL that somebody else serves often has a secret in it.
func veilText(path, text string) string {
	switch {
	case strings.HasSuffix(path, ".password"):
		return "(its hash)"
	case credential.MatchString(path) && !harmless.MatchString(text):
		return "(its text)"
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return text
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if (strings.HasSuffix(path, ".url") || strings.HasSuffix(path, ".upstream")) && strings.Trim(u.Path, "/") != "" {
		return shown.Scheme + "://" + shown.Host + "/…"
	}
	return shown.String()
}

// differences are the leaves in which two trees differ, in the order of force, then what only there has.
func differences(force, there yaml.MapSlice, needsRestart func(path string) bool, secret func(path string) (now, then string)) []console.Difference {
	all := []console.Difference{}
	was, is := leaves("", force), leaves("", there)
	for _, l := range was {
		i := slices.IndexFunc(is, func(k leaf) bool { return k.path == l.path })
		d := console.Difference{Path: l.path, InForce: l.shown(), Restart: needsRestart(l.path)}
		switch now, then := secret(l.path); {
		case i < 0:
		case !reflect.DeepEqual(is[i].value, l.value):
			d.InFile = is[i].shown()
		case now != then:
			d.InFile, d.Secret = d.InForce, true
		default:
			continue
		}
		all = append(all, d)
	}
	for _, l := range is {
		if !slices.ContainsFunc(was, func(k leaf) bool { return k.path == l.path }) {
			all = append(all, console.Difference{Path: l.path, InFile: l.shown(), Restart: needsRestart(l.path)})
		}
	}
	return all
}

// A leaf is one value that a configuration sets.
type leaf struct {
	path  string
	value any
}

// leaves are the values at and below path.
func leaves(path string, value any) (all []leaf) {
	switch v := value.(type) {
	case yaml.MapSlice:
		for _, item := range v {
			all = append(all, leaves(join(path, fmt.Sprint(item.Key)), item.Value)...)
		}
	case []any:
		for i, item := range v {
			all = append(all, leaves(path+"["+strconv.Itoa(i)+"]", item)...)
		}
	default:
		return []leaf{{path, value}}
	}
	if _, section := value.(yaml.MapSlice); section && len(all) == 0 {
		value = nil // as one whose keys are all commented out
	}
	if len(all) == 0 && path != "" {
		return []leaf{{path, value}}
	}
	return all
}

// shown is the value in one line.
func (l leaf) shown() string {
	switch v := veil(l.path, l.value).(type) {
	case nil:
		return "{}"
	case []any:
		return "[]"
	default:
		return fmt.Sprint(v)
	}
}
