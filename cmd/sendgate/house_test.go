package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sendgate/sendgate"

// allowed is the import table of the house: each package, and the packages of ours it may
// import. A new package or a new arrow is a change to this table first.
var allowed = map[string][]string{
	"filter":                  {},
	"providers":               {"filter"},
	"providers/mock":          {"providers"},
	"store":                   {"filter", "store/audit", "store/badgerdb", "store/decisions", "store/disk", "store/errands", "store/fingerprint", "store/index", "store/spelling", "store/switches", "store/tally", "store/tokens", "store/ulid", "store/wire"},
	"store/audit":             {"filter", "store/disk", "store/spelling", "store/wire"},
	"store/badgerdb":          {"store/disk", "store/wire"},
	"store/decisions":         {"filter", "store/disk", "store/spelling", "store/ulid", "store/wire"},
	"store/disk":              {},
	"store/errands":           {"filter", "store/disk", "store/spelling", "store/ulid", "store/wire"},
	"store/fingerprint":       {},
	"store/index":             {"filter", "store/fingerprint", "store/wire"},
	"store/spelling":          {"filter", "store/wire"},
	"store/storetest":         {"filter", "store/tokens"},
	"store/switches":          {"filter", "store/disk", "store/spelling", "store/ulid"},
	"store/tally":             {"filter", "store/disk", "store/wire"},
	"store/tokens":            {"store/disk", "store/spelling", "store/wire"},
	"store/ulid":              {},
	"store/wire":              {"filter"},
	"proxy":                   {"filter", "providers", "store", "store/decisions", "store/errands", "store/tally", "store/ulid", "proxy/access", "proxy/authority", "proxy/dialogue", "proxy/head", "proxy/runner", "proxy/socket", "proxy/tunnel", "proxy/upstream"},
	"proxy/console":           {"filter", "store", "store/audit", "store/decisions", "store/disk", "store/errands", "store/spelling", "store/switches", "store/tally", "store/tokens", "store/ulid", "store/wire", "proxy/console/anchor", "proxy/console/input", "proxy/console/list", "proxy/console/notify"},
	"proxy/console/anchor":    {"store", "store/disk"},
	"proxy/console/input":     {"filter"},
	"proxy/console/list":      {"filter", "proxy/console/input"},
	"proxy/console/notify":    {"filter", "store", "store/disk", "store/wire"},
	"proxy/console/pages":     {"filter", "store", "store/audit", "store/decisions", "store/errands", "store/tally", "proxy/console", "proxy/console/input", "proxy/console/list", "proxy/console/notify"},
	"proxy/access":            {"proxy/head"},
	"proxy/authority":         {},
	"proxy/dialogue":          {"filter", "providers", "store", "store/errands", "store/ulid", "proxy/runner"},
	"proxy/head":              {},
	"proxy/runner":            {"store/errands"},
	"proxy/runner/runnertest": {"store/errands"},
	"proxy/socket":            {},
	"proxy/tunnel":            {},
	"proxy/upstream":          {"proxy/head", "proxy/socket"},
	"configs":                 {"filter", "providers", "store", "proxy", "proxy/console", "proxy/console/input"},
	"bench":                   {"providers"},
	"bench/guard":             {},
	"bench/peers":             {"bench"},
	"cmd/sendgate":            {"filter", "providers", "providers/mock", "store", "store/audit", "store/decisions", "store/errands", "proxy", "proxy/access", "proxy/authority", "proxy/console", "proxy/console/anchor", "proxy/console/input", "proxy/console/list", "proxy/console/notify", "proxy/console/pages", "configs", "bench"},
}

// outsideFilter is what the lowest floor may import from outside: the standard library, the
// phone-number metadata and, from the module that this brings along, Unicode's normal forms.
var outsideFilter = []string{"github.com/nyaruka/phonenumbers", "golang.org/x/text/unicode/norm"}

func TestHouse(t *testing.T) {
	root := filepath.Join("..", "..")

	t.Run("the top level holds what the design names and nothing else", func(t *testing.T) {
		want := []string{"LICENSE", "README.md", "bench", "cmd", "configs", "filter", "go.mod", "go.sum", "providers", "proxy", "store"}
		entries, err := os.ReadDir(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			// data is where `sendgate serve` keeps its files when run from here; git ignores it.
			if name := e.Name(); !strings.HasPrefix(name, ".") && name != "data" && !slices.Contains(want, name) {
				t.Errorf("%s does not belong at the top level: want only %v", name, want)
			}
		}
	})

	for dir, imports := range packages(t, root) {
		t.Run(dir+" imports only from the floors below it", func(t *testing.T) {
			may, known := allowed[dir]
			if !known {
				t.Fatalf("package %s is not in the import table", dir)
			}
			for file, paths := range imports {
				for _, imported := range paths {
					ours, isOurs := strings.CutPrefix(imported, module+"/")
					switch {
					case isOurs && !slices.Contains(may, ours):
						t.Errorf("%s imports %s; %s may import only %v", file, ours, dir, may)
					case dir == "filter" && !isOurs && strings.Contains(imported, ".") && !slices.Contains(outsideFilter, imported):
						t.Errorf("%s imports %s; filter stands on the standard library and %v", file, imported, outsideFilter)
					}
				}
			}
		})
	}

	t.Run("no package has a name that says nothing", func(t *testing.T) {
		for dir := range packages(t, root) {
			if slices.Contains([]string{"internal", "pkg", "util", "utils", "types", "common", "models", "helpers"}, path.Base(dir)) {
				t.Errorf("package %s is named after nothing of the field", dir)
			}
		}
	})
}

// packages reads the imports of every Go file that is not a test, by folder and file.
func packages(t *testing.T, root string) map[string]map[string][]string {
	t.Helper()
	found := map[string]map[string][]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() && (base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") && base != ".." && base != ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(rel))
		if found[dir] == nil {
			found[dir] = map[string][]string{}
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found[dir][rel] = append(found[dir][rel], imported)
		}
		if found[dir][rel] == nil {
			found[dir][rel] = []string{}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
