package sender

import (
	"fmt"
	"log/slog"
)

// Secret is a password or a token. It does not show itself: every way of printing,
// logging or encoding it gives "[secret]" (but for %p, which go vet refuses, and
// for an unexported field of a struct, about which fmt asks nobody: keep it behind a pointer there).
// string(s) is the way to its text.
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
