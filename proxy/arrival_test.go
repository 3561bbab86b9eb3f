package proxy

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
)

// An arrival is a request as its service receives it.
type arrival struct {
	path   string
	fields url.Values // of the query and, where it is one, of a form
	files  map[string]string
	kind   string // of the body, without parameters
	body   []byte
}

// arrivalOf reads what arrived.
func arrivalOf(w wire) (arrival, error) {
	_, target, _ := strings.Cut(w.head, " ")
	target, _, _ = strings.Cut(target, " ")
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return arrival{}, err
	}
	kind, params, _ := mime.ParseMediaType(w.header("Content-Type"))
	c := arrival{u.Path, u.Query(), map[string]string{}, kind, []byte(w.body)}
	if w.header("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(c.body))
		if err != nil {
			return c, err
		}
		if c.body, err = io.ReadAll(z); err != nil {
			return c, err
		}
	}
	c.body = bytes.TrimPrefix(c.body, []byte("\uFEFF"))
	if c.kind == "application/x-www-form-urlencoded" {
		form, _ := url.ParseQuery(string(c.body)) // what cannot be unescaped is no parameter
		for key, values := range form {
			c.fields[key] = append(c.fields[key], values...)
		}
	}
	if c.kind == "multipart/form-data" {
		return c, c.parts(params["boundary"])
	}
	return c, nil
}

// parts reads a form in parts.
func (c arrival) parts(boundary string) error {
	form, err := multipart.NewReader(bytes.NewReader(c.body), boundary).ReadForm(1 << 20)
	if err != nil {
		return err
	}
	for key, values := range form.Value {
		c.fields[key] = append(c.fields[key], values...)
	}
	for key, files := range form.File {
		f, err := files[0].Open()
		if err != nil {
			return err
		}
		text, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		c.files[key] = string(text)
	}
	return nil
}

// json reads a body into v; one that is a form has been read, and one of no type is JSON where that is documented.
func (c arrival) json(v any) error {
	if c.kind != "" && !strings.Contains(c.kind, "json") {
		return fmt.Errorf("a body of type %q", c.kind)
	}
	return json.Unmarshal(c.body, v)
}

// exact is json with numbers as they are written.
func (c arrival) exact(v any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.UseNumber()
	return d.Decode(v)
}
