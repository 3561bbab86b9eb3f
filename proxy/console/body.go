package console

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"
)

// maxBody bounds a JSON body: one notice of consent with all its evidence is a few kilobytes.
const maxBody = 256 << 10

// readBody reads the JSON body of c into dst, a pointer to a struct. It is stricter than
// encoding/json: unknown and repeated fields are refused, names match exactly, and every error
// names its field.
func readBody(c *call, dst any) error { return readBodyOf(c, dst, maxBody) }

// readBodyOf is readBody for a body of at most so many bytes.
func readBodyOf(c *call, dst any, most int64) error {
	if err := wantType(c.r, "application/json"); err != nil {
		return err
	}
	arrive := http.NewResponseController(c.w)
	_ = arrive.SetReadDeadline(time.Now().Add(streamPatience)) // servers that know no deadlines have none
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, most))
	_ = arrive.SetReadDeadline(time.Time{})
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return err
		}
		return bad("", "the body broke off: %v", err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return bad("", "the body is empty: want a JSON object")
	}
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return bad("", "the body is not JSON: %v", err)
	}
	return readObject("", body, reflect.ValueOf(dst).Elem())
}

// wantType refuses a body that says it is something else than want.
func wantType(r *http.Request, want string) error {
	if enc := r.Header.Get("Content-Encoding"); enc != "" {
		return errorf(http.StatusUnsupportedMediaType, "Content-Encoding", "%q is not understood: send the body as it is", enc)
	}
	header := r.Header.Get("Content-Type")
	if got, _, err := mime.ParseMediaType(header); err != nil || got != want {
		return errorf(http.StatusUnsupportedMediaType, "Content-Type", "%q: want %s", header, want)
	}
	return nil
}

// readObject reads the valid JSON raw into the struct v. path is where it stands.
func readObject(path string, raw []byte, v reflect.Value) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, _ := dec.Token(); t != json.Delim('{') {
		return bad(path, "want a JSON object")
	}
	fields := jsonFields(v.Type())
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return bad(path, "%v", err)
		}
		name, _ := key.(string)
		at := strings.TrimPrefix(path+"."+name, ".")
		i, known := fields.index[name]
		switch {
		case !known:
			return bad(at, "unknown field: want one of %s", strings.Join(fields.names, ", "))
		case seen[name]:
			return bad(at, "given twice")
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return bad(at, "%v", err)
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
			return bad(at, "want a string")
		}
		return readText(at, *text, v)
	}
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil || string(raw) == "null" {
		return bad(at, "want a %s", v.Type())
	}
	return nil
}

// readText sets v, a string or a TextUnmarshaler, to text.
func readText(at, text string, v reflect.Value) error {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		t, err := parseTime(text)
		if err != nil {
			return bad(at, "%v", err)
		}
		*p = t
	case *bool:
		yes, known := boolWords[strings.ToLower(text)]
		if !known {
			return bad(at, "unknown word %q: want true or false", text)
		}
		*p = yes
	case encoding.TextUnmarshaler:
		if err := p.UnmarshalText([]byte(text)); err != nil {
			return bad(at, "%v", err)
		}
	default:
		v.SetString(text)
	}
	return nil
}

var boolWords = map[string]bool{"true": true, "yes": true, "1": true, "false": false, "no": false, "0": false}

// fieldIndex knows the fields of a struct by their JSON names.
type fieldIndex struct {
	names []string
	index map[string]int
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
