package configs

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

var durationType = reflect.TypeFor[time.Duration]()

// isScalar reports whether v is read from one word of the file.
func isScalar(v reflect.Value) bool {
	if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return true
	}
	switch v.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64:
		return true
	}
	return false
}

// unparted is the text that n is, where the parser took it for a key and its value: inside {…} it parts the texts of
// a list at a colon, as in {secrets: [env:NAME]}. In YAML a colon parts only what has white space behind it
// (https://yaml.org/spec/1.2.2/#733-plain-style, https://github.com/goccy/go-yaml/issues/832).
func unparted(n ast.Node) ast.Node {
	m, ok := n.(*ast.MappingNode)
	if !ok || m.IsFlowStyle || len(m.Values) != 1 {
		return n
	}
	p := m.Values[0]
	key, value, colon := p.Key.GetToken(), p.Value.GetToken(), p.Start
	if !plain(key) || !plain(value) || key.Position.Offset+len(key.Value) != colon.Position.Offset || colon.Position.Offset+1 != value.Position.Offset {
		return n
	}
	return ast.String(token.String(key.Value+":"+value.Value, key.Value+":"+value.Value, key.Position))
}

// plain reports whether t is a word as it stands, without quotes.
func plain(t *token.Token) bool { return strings.TrimSpace(t.Origin) == t.Value }

// scalar sets v to the one word that n is.
func (d *decoder) scalar(key string, n ast.Node, v reflect.Value) {
	if n.Type() == ast.NullType {
		d.fail(d.where[key], key, "has no value: give it one, or leave the key out")
		return
	}
	var problem string
	_, isText := v.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case isText || v.Kind() == reflect.String:
		problem = setString(v, n)
	case v.Type() == durationType:
		problem = setDuration(v, n)
	case v.Kind() == reflect.Bool:
		b, ok := n.(*ast.BoolNode)
		if !ok {
			problem = "want true or false, not " + told(n)
			break
		}
		v.SetBool(b.Value)
	default:
		problem = setNumber(v, n)
	}
	if problem != "" {
		d.fail(place(n), key, "%s", problem)
	}
}

func setString(v reflect.Value, n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return setText(v, n.Value)
	case *ast.LiteralNode:
		return setText(v, n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return "want text: put it in quotes"
	default:
		return "want text, not " + kindOf(n)
	}
}

// setText sets v, a string or a TextUnmarshaler, to text.
func setText(v reflect.Value, text string) string {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return err.Error()
		}
		return ""
	}
	v.SetString(text)
	return ""
}

func setDuration(v reflect.Value, n ast.Node) string {
	s, ok := n.(*ast.StringNode)
	if !ok {
		return "want a duration with its unit, such as 30s, 15m or 24h, not " + told(n)
	}
	length, err := time.ParseDuration(s.Value)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is no duration: want a number with its unit, such as 30s, 15m or 24h", s.Value)
	case length <= 0:
		return fmt.Sprintf("%s: want more than nothing; leave the key out for the default", s.Value)
	}
	v.SetInt(int64(length))
	return ""
}

// unlimited is a number that may be -1, for any number.
type unlimited interface{ Unlimited() bool }

func setNumber(v reflect.Value, n ast.Node) string {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		return "want a whole number, not " + told(n)
	}
	var number uint64
	switch value := i.Value.(type) {
	case int64:
		_, may := v.Addr().Interface().(unlimited)
		switch {
		case may && value == -1:
			v.SetInt(-1)
			return ""
		case may && value <= 0:
			return fmt.Sprintf("%d: want more than 0, or -1 for any number; leave the key out for the default", value)
		case value <= 0:
			return fmt.Sprintf("%d: want more than 0; leave the key out for the default", value)
		}
		number = uint64(value)
	case uint64:
		number = value
	}
	if number == 0 || number > math.MaxInt64 || v.OverflowInt(int64(number)) {
		return fmt.Sprintf("%s: want a whole number from 1 to %d", n.GetToken().Value, math.MaxInt)
	}
	v.SetInt(int64(number))
	return ""
}

// told is kindOf with the value, for a setting that never holds a secret.
func told(n ast.Node) string {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + n.GetToken().Value
	case *ast.StringNode:
		return fmt.Sprintf("the text %q", n.Value)
	}
	return kindOf(n)
}

// kindOf names what n is for people, but not its value, which may be a secret in a wrong place.
func kindOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a section of keys"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return n.GetToken().Value
	case *ast.StringNode:
		return "text"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias"
	}
	return "this"
}
