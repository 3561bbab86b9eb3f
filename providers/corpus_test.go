package providers

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var keepCorpus = flag.Bool("keep-corpus", false, "add what go test -fuzz found so far to testdata/corpus")

// Fuzzed is the one provider to which FuzzShapes writes, for a long run on it alone; empty: all.
var Fuzzed = os.Getenv("SENDGATE_FUZZ")

// AddCorpus seeds f with what earlier runs found interesting, of testdata/corpus.
func AddCorpus(f *testing.F) {
	f.Helper()
	file := filepath.Join("testdata", "corpus", f.Name()+".txtar.gz")
	corpus, err := readCorpus(file)
	if err != nil {
		f.Fatal(err)
	}
	if *keepCorpus {
		if err := growCorpus(corpus, f.Name()); err != nil {
			f.Fatal(err)
		}
		if err := writeCorpus(file, corpus); err != nil {
			f.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(corpus)) {
		args, err := corpusArguments(corpus[name])
		if err != nil {
			f.Fatalf("%s: %s: %v", file, name, err)
		}
		f.Add(args...)
	}
}

// readCorpus is what a file has, by the name that go test gave it; nothing where there is no file.
func readCorpus(file string) (map[string][]byte, error) {
	corpus := map[string][]byte{}
	packed, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return corpus, nil
	}
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	for _, one := range txtar.Parse(text).Files {
		corpus[one.Name] = one.Data
	}
	return corpus, nil
}

// growCorpus adds what go test keeps of a fuzz target in its cache, except for what is large.
func growCorpus(corpus map[string][]byte, target string) error {
	const large = 16 << 10
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(cache)), "fuzz", "github.com", "sendgate", "sendgate", "providers", target, "*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if len(text) <= large {
			corpus[filepath.Base(file)] = text
		}
	}
	return nil
}

func writeCorpus(file string, corpus map[string][]byte) error {
	if len(corpus) == 0 {
		return nil
	}
	var a txtar.Archive
	for _, name := range slices.Sorted(maps.Keys(corpus)) {
		a.Files = append(a.Files, txtar.File{Name: name, Data: corpus[name]})
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(txtar.Format(&a)); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, packed.Bytes(), 0o644)
}

// corpusArguments are those of one file of go test's, which has a line with a conversion of a literal for each.
func corpusArguments(text []byte) (args []any, err error) {
	_, lines, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	for line := range strings.Lines(lines) {
		e, err := parser.ParseExpr(line)
		if err != nil {
			return nil, err
		}
		call, ok := e.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return nil, fmt.Errorf("no conversion: %s", line)
		}
		if value, ok := call.Args[0].(*ast.Ident); ok { // true or false
			args = append(args, value.Name == "true")
			continue
		}
		literal, ok := call.Args[0].(*ast.BasicLit)
		if !ok {
			return nil, fmt.Errorf("no literal: %s", line)
		}
		arg, err := corpusArgument(call.Fun, literal)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

// corpusArgument converts a literal to one of the types that the fuzz targets here have.
func corpusArgument(to ast.Expr, literal *ast.BasicLit) (any, error) {
	if literal.Kind == token.INT {
		return strconv.ParseUint(literal.Value, 10, 64)
	}
	s, err := strconv.Unquote(literal.Value)
	switch _, list := to.(*ast.ArrayType); {
	case err != nil:
		return nil, err
	case literal.Kind == token.CHAR:
		return byte([]rune(s)[0]), nil
	case list:
		return []byte(s), nil
	}
	return s, nil
}
