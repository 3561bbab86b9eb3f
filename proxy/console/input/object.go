package input

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// Object reads a JSON body into dst, a pointer to a struct. It is stricter than encoding/json: unknown and
// repeated fields are refused, names match exactly, and every error names its field.
func Object(body []byte, dst any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return Errorf("", "the body is empty: want a JSON object")
	}
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return Errorf("", "the body is not JSON: %v", err)
	}
	return readObject("", body, reflect.ValueOf(dst).Elem())
}

// readObject reads the valid JSON raw into the struct v. path is where it stands.
func readObject(path string, raw []byte, v reflect.Value) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, _ := dec.Token(); t != json.Delim('{') {
		return Errorf(path, "want a JSON object")
	}
	fields := FieldsOf(v.Type())
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return Errorf(path, "%v", err)
		}
		name, _ := key.(string)
		at := strings.TrimPrefix(path+"."+name, ".")
		i, known := fields.Index[name]
		switch {
		case !known:
			return Errorf(at, "unknown field: want one of %s", strings.Join(fields.Names, ", "))
		case seen[name]:
			return Errorf(at, "given twice")
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return Errorf(at, "%v", err)
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
			return Errorf(at, "want a string")
		}
		return readText(at, *text, v)
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil || string(raw) == "null" {
		return Errorf(at, "want a %s", v.Type())
	}
	return nil
}

// readText sets v, a string or a TextUnmarshaler, to text.
func readText(at, text string, v reflect.Value) error {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		t, err := Time(text)
		if err != nil {
			return Errorf(at, "%v", err)
		}
		*p = t
	case encoding.TextUnmarshaler:
		if err := p.UnmarshalText([]byte(text)); err != nil {
			return Errorf(at, "%v", err)
		}
	default:
		v.SetString(text)
	}
	return nil
}

// Fields are those of a struct, by their JSON names.
type Fields struct {
	Names []string       // in their order
	Index map[string]int // as reflect counts them
}

// FieldsOf are the fields of t, a struct, that have a JSON name.
func FieldsOf(t reflect.Type) Fields {
	f := Fields{Index: map[string]int{}}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			f.Names = append(f.Names, name)
			f.Index[name] = i
		}
	}
	return f
}
