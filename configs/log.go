package configs

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Log is the `log` section: the program's own log on standard error. It is not the decision log.
type Log struct {
	// Level is the least that is written: debug, info, warn or error. Default info.
	Level Level `yaml:"level"`
	// Format is json, one object a line for programs, or console, for people. Default json.
	Format Format `yaml:"format"`
}

// A Level is debug, info, warn or error; empty is info.
type Level string

var levels = []string{"debug", "info", "warn", "error"}

// UnmarshalText reads a level.
func (l *Level) UnmarshalText(text []byte) error { return oneOf((*string)(l), "level", levels, text) }

// A Format is json or console; empty is json.
type Format string

var formats = []string{"json", "console"}

// UnmarshalText reads a format.
func (f *Format) UnmarshalText(text []byte) error {
	return oneOf((*string)(f), "format", formats, text)
}

func oneOf(dst *string, what string, words []string, text []byte) error {
	if !slices.Contains(words, string(text)) {
		return fmt.Errorf("unknown %s %q: want one of %s", what, text, strings.Join(words, ", "))
	}
	*dst = string(text)
	return nil
}

// Logger makes the logger that l describes. It writes to out, one write an entry, and is safe for
// concurrent use.
func (l Log) Logger(out io.Writer) *zap.Logger {
	level := zapcore.InfoLevel
	if l.Level != "" {
		_ = level.Set(string(l.Level)) // each of our words is one of zap's
	}
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	encoder := zapcore.NewJSONEncoder(enc)
	if l.Format == "console" {
		enc.EncodeLevel = zapcore.CapitalLevelEncoder
		encoder = zapcore.NewConsoleEncoder(enc)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), level))
}
