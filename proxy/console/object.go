package console

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// object reads a JSON body into dst, a pointer to a struct. It is stricter than encoding/json: unknown and
// repeated fields are refused, names match exactly, and every error names its field.
func object(body []byte, dst any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return fieldErrorf("", "the body is empty: want a JSON object")
	}
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return fieldErrorf("", "the body is not JSON: %v", err)
	}
	return readObject("", body, reflect.ValueOf(dst).Elem())
}

// readObject reads the valid JSON raw into the struct v. path is where it stands.
func readObject(path string, raw []byte, v reflect.Value) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, _ := dec.Token(); t != json.Delim('{') {
		return fieldErrorf(path, "want a JSON object")
	}
	fields := jsonFields(v.Type())
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return fieldErrorf(path, "%v", err)
		}
		name, _ := key.(string)
		at := strings.TrimPrefix(path+"."+name, ".")
		i, known := fields.index[name]
		switch {
		case !known:
			return fieldErrorf(at, "unknown field: want one of %s", strings.Join(fields.names, ", "))
		case seen[name]:
			return fieldErrorf(at, "given twice")
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return fieldErrorf(at, "%v", err)
		}
		if err := readValue(at, value, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func readValue(at string, raw []byte, v reflect.Value) error {
	_, isText := v.Addr().Interface().(encoding.TextUnmarshaler)
	if v.Kind() == reflect.Struct && !isText {
		return readObject(at, raw, v)
	}
	if v.Kind() == reflect.String || isText {
		var text *string
		if err := json.Unmarshal(raw, &text); err != nil || text == nil {
			return fieldErrorf(at, "want a string")
		}
		return readText(at, *text, v)
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil || string(raw) == "null" {
		return fieldErrorf(at, "want a %s", v.Type())
	}
	return nil
}

// readText sets v, a string or a TextUnmarshaler, to text.
func readText(at, text string, v reflect.Value) error {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		t, err := parseTime(text)
		if err != nil {
			return fieldErrorf(at, "%v", err)
		}
		*p = t
	case encoding.TextUnmarshaler:
		if err := p.UnmarshalText([]byte(text)); err != nil {
			return fieldErrorf(at, "%v", err)
		}
	default:
		v.SetString(text)
	}
	return nil
}

// fieldIndex knows the fields of a struct by their JSON names.
type fieldIndex struct {
	names []string       // in their order
	index map[string]int // as reflect counts them
}

func jsonFields(t reflect.Type) fieldIndex {
	f := fieldIndex{index: map[string]int{}}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			f.names = append(f.names, name)
			f.index[name] = i
		}
	}
	return f
}
