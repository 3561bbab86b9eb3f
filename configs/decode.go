package configs

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/sendgate/sendgate/proxy/console/input"
)

// An Error is one thing wrong in a configuration file.
type Error struct {
	File         string
	Line, Column int    // counted from 1
	Key          string // the whole path, as in proxy.routes.twilio.mode; empty: the file itself
	Problem      string // a sentence: what is wrong, what was wanted
}

func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Problem)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", e.File, e.Line, e.Column, e.Key, e.Problem)
}

// places remembers where in the file the value of each key stands.
type places map[string]*token.Position

// A decoder reads one file into a Config. The YAML library parses; the values are set here, so
// that every refusal knows its key and its place, and all of them are found in one go.
type decoder struct {
	file  string
	where places
	errs  []error
}

func (d *decoder) fail(at *token.Position, key, format string, args ...any) {
	d.errs = append(d.errs, &Error{File: d.file, Line: at.Line, Column: at.Column, Key: key, Problem: fmt.Sprintf(format, args...)})
}

var start = &token.Position{Line: 1, Column: 1}

// document reads text into what v points to.
func (d *decoder) document(text []byte, v any) {
	if at, how := input.Endless(text); at != nil {
		d.fail(at, "", "%s, as in no configuration", how)
		return
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey()) // found here, with their key
	if err != nil {
		d.syntax(err)
		return
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType:
		case doc.Body.Type() == ast.DirectiveType:
			d.fail(place(doc.Body), "", "directives are not understood here: write plain YAML")
			return
		case body != nil:
			d.fail(place(doc.Body), "", "a second document begins here: want one")
			return
		default:
			body = doc.Body
		}
	}
	if body != nil {
		d.value("", body, reflect.ValueOf(v).Elem())
	}
}

func (d *decoder) syntax(err error) {
	at, problem := start, err.Error()
	if e, ok := errors.AsType[yaml.Error](err); ok {
		problem = e.GetMessage()
		if t := e.GetToken(); t != nil {
			at = t.Position
		}
	}
	first, _, _ := strings.Cut(problem, "\n")
	d.fail(at, "", "this is not YAML: %s", first)
}

// place is where n begins.
func place(n ast.Node) *token.Position {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return place(n.Values[0])
		}
	case *ast.MappingValueNode:
		return place(n.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position
	}
	return start
}

// value sets v, which stands at key, to what n says.
func (d *decoder) value(key string, n ast.Node, v reflect.Value) {
	if d.where[key] == nil || n.Type() != ast.NullType { // a value that is not there stands at its key
		d.where[key] = place(n)
	}
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode:
		d.fail(place(n), key, "anchors and aliases are not understood here: write the value out")
		return
	case *ast.TagNode:
		d.fail(place(n), key, "tags are not understood here: write the plain value")
		return
	}
	switch {
	case v.Kind() == reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		d.value(key, n, p.Elem())
		v.Set(p)
	case isScalar(v):
		d.scalar(key, n, v)
	case v.Kind() == reflect.Struct:
		d.structure(key, n, v)
	case v.Kind() == reflect.Map:
		d.mapping(key, n, v)
	case v.Kind() == reflect.Slice:
		d.sequence(key, n, v)
	default:
		panic(fmt.Sprintf("configs: %s is a %s, and nothing reads one", key, v.Type()))
	}
}

// pairs are the keys and values of n, each key once. An empty section is none. what says which keys are wanted.
func (d *decoder) pairs(key string, n ast.Node, what string) []*ast.MappingValueNode {
	var all []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.MappingNode:
		all = n.Values
	case *ast.MappingValueNode:
		all = []*ast.MappingValueNode{n}
	default:
		d.fail(place(n), key, "want a section %s, not %s", what, kindOf(n))
		return nil
	}
	seen := map[string]*token.Position{}
	return slices.DeleteFunc(slices.Clone(all), func(p *ast.MappingValueNode) bool {
		name, ok := d.name(key, p.Key)
		if !ok {
			return true
		}
		if first := seen[name]; first != nil {
			d.fail(place(p.Key), join(key, name), "given twice: the first is in line %d", first.Line)
			return true
		}
		seen[name] = place(p.Key)
		return false
	})
}

// name is the text of a key.
func (d *decoder) name(key string, n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.MergeKeyNode:
		d.fail(place(n), key, "merge keys (<<) are not understood here: write the values out")
	case ast.ScalarNode:
		return n.GetToken().Value, true
	default:
		d.fail(place(n), key, "a key must be plain text, not %s", kindOf(n))
	}
	return "", false
}

func (d *decoder) structure(key string, n ast.Node, v reflect.Value) {
	fields := map[string]int{}
	var names []string
	for i := range v.NumField() {
		if name := v.Type().Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			fields[name] = i
			names = append(names, name)
		}
	}
	for _, p := range d.pairs(key, n, "with any of "+strings.Join(names, ", ")) {
		name, _ := d.name(key, p.Key)
		i, ok := fields[name]
		if !ok {
			d.fail(place(p.Key), join(key, name), "unknown key: want one of %s", strings.Join(names, ", "))
			continue
		}
		d.where[join(key, name)] = place(p.Key)
		d.value(join(key, name), p.Value, v.Field(i))
	}
}

func (d *decoder) mapping(key string, n ast.Node, v reflect.Value) {
	pairs := d.pairs(key, n, "of keys and values")
	m := reflect.MakeMapWithSize(v.Type(), len(pairs))
	for _, p := range pairs {
		name, _ := d.name(key, p.Key)
		at := join(key, name)
		k := reflect.New(v.Type().Key()).Elem()
		if problem := setText(k, name); problem != "" {
			d.fail(place(p.Key), at, "%s", problem)
			continue
		}
		d.where[at] = place(p.Key)
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(at, p.Value, value)
		m.SetMapIndex(k, value)
	}
	v.Set(m)
}

func (d *decoder) sequence(key string, n ast.Node, v reflect.Value) {
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.SequenceNode:
		list := reflect.MakeSlice(v.Type(), len(n.Values), len(n.Values))
		for i, item := range n.Values {
			at := key + "[" + strconv.Itoa(i) + "]"
			if i < len(n.Entries) && n.Entries[i].Start != nil { // a flow list has none
				d.where[at] = n.Entries[i].Start.Position
			}
			if isScalar(list.Index(i)) {
				item = unparted(item)
			}
			d.value(at, item, list.Index(i))
		}
		v.Set(list)
	default:
		d.fail(place(n), key, "want a list, not %s", kindOf(n))
	}
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}
