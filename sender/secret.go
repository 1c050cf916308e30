package sender

import (
	"fmt"
	"log/slog"
)

// Secret is a password or a token that does not show itself: every way of printing, logging or
// encoding it gives "[secret]". There are two exceptions: %p, which go vet refuses, and an
// unexported field of a struct, about which fmt asks nobody (keep it behind a pointer there).
// string(s) gives the text.
type Secret string

const redacted = "[secret]"

// String returns "[secret]".
func (Secret) String() string { return redacted }

// GoString returns "[secret]".
func (Secret) GoString() string { return redacted }

// Format writes "[secret]" for every verb, %x and %q too.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns "[secret]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[secret]", for JSON, XML and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
