package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

// Secret says where a secret is. Exactly one of the fields but Dir is set. A Secret does not hold the secret and may be
// printed.
type Secret struct {
	Env     string   // environment variable
	File    string   // file, relative to the campaign's folder; ~/ is the user's home
	Command []string // program and arguments, run in the campaign's folder; it prints the secret
	Keyring string   // name in the system's keyring, where mailshot keeps passwords
	Dir     string   // of the campaign that names it, where another one is sent through its server; "" = the campaign's folder
}

// Place names where the secret is, for messages.
func (s *Secret) Place() string {
	switch {
	case s.Env != "":
		return "environment variable " + s.Env
	case s.File != "":
		return "file " + s.File
	case s.Keyring != "":
		return "keyring " + s.Keyring
	case len(s.Command) > 0:
		return "command " + s.Command[0]
	}
	return "no place"
}

// Path is the path of File. dir is the campaign's folder.
func (s *Secret) Path(dir string) (string, error) { return Path(s.File, cmp.Or(s.Dir, dir)) }

// Read fetches the secret, of one line. dir is the campaign's folder. A command has two minutes, because it may ask a
// person, and its first line is the secret; it ends earlier when ctx ends. The value is never part of an error.
func (s *Secret) Read(ctx context.Context, dir string) (string, error) {
	value, err := s.Text(ctx, dir)
	if err != nil {
		return "", err
	}
	if len(s.Command) > 0 {
		value, _, _ = strings.Cut(value, "\n")
		value = strings.TrimSuffix(value, "\r")
	}
	if value == "" {
		return "", fmt.Errorf("%s is empty", s.Place())
	}
	if strings.ContainsAny(value, "\x00\r\n") {
		return "", fmt.Errorf("%s holds more than one line", s.Place())
	}
	return value, nil
}

// Text is Read for a secret of any number of lines, without the end of its last line.
func (s *Secret) Text(ctx context.Context, dir string) (value string, err error) {
	dir = cmp.Or(s.Dir, dir)
	switch {
	case s.Env != "":
		var ok bool
		if value, ok = os.LookupEnv(s.Env); !ok {
			return "", fmt.Errorf("%s is not set", s.Place())
		}
	case s.File != "":
		value, err = File(s.File, dir)
	case s.Keyring != "":
		value, err = Kept(s.Keyring)
	case len(s.Command) > 0:
		value, err = Command(ctx, s.Command, dir)
	default:
		return "", errors.New("no env, file, command or keyring is named")
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.Place(), err)
	}
	if value == "" {
		return "", fmt.Errorf("%s is empty", s.Place())
	}
	return value, nil
}

// Lacks says why Read cannot succeed here, as far as that is known without running a program; nil = it may.
func (s *Secret) Lacks(ctx context.Context, dir string) error {
	if len(s.Command) == 0 {
		_, err := s.Read(ctx, dir)
		return err
	}
	if err := Runs(s.Command[0], cmp.Or(s.Dir, dir)); err != nil {
		return fmt.Errorf("command %s: %w", s.Command[0], err)
	}
	return nil
}

// In is the same secret as a campaign in another folder names it; nil of nil.
func (s *Secret) In(dir string) *Secret {
	if s == nil {
		return nil
	}
	c := *s
	c.Dir = dir
	return &c
}

// Reader reads a reference to a secret of a kind ("a password"). Its messages show nothing of what is written
// there, because that may be the secret.
func Reader(into **Secret, kind, hint string) schema.Reader {
	return schema.Known(places, func(dec *schema.Decoder, n *yaml.Node) {
		if n.Kind != yaml.MappingNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
			dec.Report(n, "literal-password", kind+" does not belong in the campaign file", hint)
			return
		}
		if len(n.Content) != 2 || n.Content[0].Kind != yaml.ScalarNode {
			dec.Report(n, "bad-password", fmt.Sprintf("%q must name one place where the secret is", dec.Name()), hint)
			return
		}
		name, value := n.Content[0], n.Content[1]
		s := &Secret{}
		ok := false
		switch name.Value {
		case "env":
			if ok = value.Kind == yaml.ScalarNode && Variable(value.Value); ok {
				s.Env = value.Value
			}
		case "file":
			if ok = line(value); ok {
				s.File = value.Value
			}
		case "keyring":
			if ok = line(value); ok {
				s.Keyring = value.Value
			}
		case "command":
			ok = value.Kind == yaml.SequenceNode && len(value.Content) > 0
			for _, word := range value.Content {
				ok = ok && word.Kind == yaml.ScalarNode && !strings.ContainsRune(word.Value, 0)
				s.Command = append(s.Command, word.Value)
			}
			ok = ok && s.Command[0] != ""
		}
		if !ok {
			what := map[string]string{
				"env":     "env must be the name of an environment variable",
				"file":    "file must be a path",
				"keyring": "keyring must be the name of a password that the system's keyring keeps",
				"command": "command must be a list: the program and its arguments",
			}[name.Value]
			if what == "" {
				what = kind + " is named by env, file, command or keyring"
			}
			dec.Report(value, "bad-password", what, hint)
			return
		}
		*into = s
	})
}

// places is a reference: one of the four, and nothing else.
var places = schema.Shape{"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
	"properties": schema.Shape{
		"env": schema.Shape{"type": "string"}, "file": schema.Shape{"type": "string"}, "keyring": schema.Shape{"type": "string"},
		"command": schema.Shape{"type": "array", "items": schema.Shape{"type": "string"}, "minItems": 1},
	}}

// line reports whether a value is a text of one line that is not empty.
func line(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value != "" && !strings.ContainsAny(n.Value, "\x00\n")
}
